//! SNS topics, and who has subscribed to them.

use serde::Deserialize;
use serde_json::Value;

use crate::error::TemplateError;
use crate::intrinsics::Scope;
use crate::typed::Flag;

/// About encryption and display.
const WITHOUT_MEANING: [&str; 3] = ["DisplayName", "KmsMasterKeyId", "Tags"];

/// A queue that gets what is published to a topic.
#[derive(Clone, Debug)]
pub struct Subscription {
    /// The topic.
    pub topic_arn: String,
    /// The queue's name.
    pub queue: String,
    /// How messages arrive there.
    pub delivery: Delivery,
}

/// How a message of a topic arrives.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Delivery {
    /// As it was published.
    Raw,
    /// In an envelope that says where it comes from.
    Enveloped,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Topic {
    // What it is called, the names of things are asked for.
    #[serde(rename = "TopicName")]
    _topic_name: Option<String>,
    #[serde(default)]
    subscription: Vec<Inline>,
}

/// A subscription that stands within its topic.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Inline {
    protocol: String,
    endpoint: String,
}

/// One that stands by itself.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Separate {
    topic_arn: String,
    protocol: String,
    endpoint: String,
    #[serde(default)]
    raw_message_delivery: Flag,
}

/// A topic's ARN, and the subscriptions within it.
pub(crate) fn topic(
    scope: &Scope<'_>,
    id: &str,
    properties: &Value,
) -> Result<(String, Vec<Subscription>), TemplateError> {
    let properties: Topic = scope.read(id, properties, &WITHOUT_MEANING)?;
    let arn = scope.topic_arn(id)?;
    let inline = properties.subscription.into_iter();
    let inline = inline.map(|inline| {
        let separate = Separate {
            topic_arn: arn.clone(),
            protocol: inline.protocol,
            endpoint: inline.endpoint,
            raw_message_delivery: Flag(false),
        };
        of_a_queue(id, separate)
    });
    let inline = inline.collect::<Result<_, _>>()?;
    Ok((arn, inline))
}

/// A subscription; nothing where a person is subscribed, who hears of things
/// elsewhere.
pub(crate) fn subscription(
    scope: &Scope<'_>,
    id: &str,
    properties: &Value,
) -> Result<Option<Subscription>, TemplateError> {
    let subscription: Separate = scope.read(id, properties, &[])?;
    match subscription.protocol.as_str() {
        "email" => Ok(None),
        _ => of_a_queue(id, subscription).map(Some),
    }
}

fn of_a_queue(id: &str, subscription: Separate) -> Result<Subscription, TemplateError> {
    if subscription.protocol != "sqs" {
        let known = "the local host knows subscriptions of queues only (sqs)";
        return Err(TemplateError::new(id, known));
    }
    let endpoint = subscription.endpoint;
    Ok(Subscription {
        topic_arn: subscription.topic_arn,
        queue: endpoint.rsplit(':').next().unwrap_or_default().to_owned(),
        delivery: match subscription.raw_message_delivery {
            Flag(true) => Delivery::Raw,
            Flag(false) => Delivery::Enveloped,
        },
    })
}
