//! SQS queues.

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use crate::error::TemplateError;
use crate::intrinsics::Scope;
use crate::typed::{Flag, Whole};

/// About encryption, and who may use it as what.
const WITHOUT_MEANING: [&str; 5] = [
    "KmsDataKeyReusePeriodSeconds",
    "KmsMasterKeyId",
    "RedriveAllowPolicy",
    "SqsManagedSseEnabled",
    "Tags",
];

/// An SQS queue.
#[derive(Clone, Debug)]
pub struct Queue {
    /// Its name.
    pub name: String,
    /// How long a message that was received stays hidden.
    pub visibility_timeout: Duration,
    /// How long a message is kept.
    pub retention: Duration,
    /// How long a message is hidden once it was sent.
    pub delay: Duration,
    /// Where messages go that nobody deals with.
    pub redrive: Option<Redrive>,
}

/// Where a queue's messages go after too many receives.
#[derive(Clone, Debug)]
pub struct Redrive {
    /// The name of that queue.
    pub dead_letter_queue: String,
    /// How often a message is received before.
    pub max_receive_count: u32,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Properties {
    // What it is called, the names of things are asked for.
    #[serde(rename = "QueueName")]
    _queue_name: Option<String>,
    visibility_timeout: Option<Whole>,
    message_retention_period: Option<Whole>,
    delay_seconds: Option<Whole>,
    redrive_policy: Option<RedrivePolicy>,
    #[serde(default)]
    fifo_queue: Flag,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RedrivePolicy {
    dead_letter_target_arn: String,
    max_receive_count: Option<Whole>,
}

pub(crate) fn queue(
    scope: &Scope<'_>,
    id: &str,
    properties: &Value,
) -> Result<Queue, TemplateError> {
    let properties: Properties = scope.read(id, properties, &WITHOUT_MEANING)?;
    if properties.fifo_queue.0 {
        return Err(TemplateError::unknown(id, "FIFO queues"));
    }
    let seconds = |given: Option<Whole>, default| {
        Duration::from_secs(given.map_or(default, |Whole(seconds)| seconds))
    };
    let redrive = properties.redrive_policy.map(|policy| {
        let arn = policy.dead_letter_target_arn;
        let count = policy.max_receive_count.map_or(10, |Whole(count)| count);
        Redrive {
            dead_letter_queue: arn.rsplit(':').next().unwrap_or_default().to_owned(),
            max_receive_count: u32::try_from(count).unwrap_or(u32::MAX),
        }
    });
    Ok(Queue {
        name: scope.queue_name(id)?,
        visibility_timeout: seconds(properties.visibility_timeout, 30),
        retention: seconds(properties.message_retention_period, 345_600),
        delay: seconds(properties.delay_seconds, 0),
        redrive,
    })
}
