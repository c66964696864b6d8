//! SNS, as far as it stands between SES and a queue.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use ulid::Ulid;

use crate::arn::REGION;
use crate::clock::Clock;
use crate::sqs::{QueueError, Queues};

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

/// All topics, by who has subscribed to them.
pub struct Topics {
    queues: Arc<Queues>,
    subscriptions: Vec<Subscription>,
    clock: Clock,
}

impl Topics {
    /// Topics that tell these queues, and write times as `clock` shows them.
    pub fn new(queues: Arc<Queues>, subscriptions: Vec<Subscription>, clock: Clock) -> Self {
        Self {
            queues,
            subscriptions,
            clock,
        }
    }

    /// Puts a message on every queue that has subscribed to the topic.
    pub fn publish(
        &self,
        topic_arn: &str,
        subject: &str,
        message: &str,
        delay: Option<Duration>,
    ) -> Result<(), QueueError> {
        let subscribed = self
            .subscriptions
            .iter()
            .filter(|subscription| subscription.topic_arn == topic_arn);
        for subscription in subscribed {
            match subscription.delivery {
                Delivery::Raw => self.queues.send(&subscription.queue, &[(message, delay)])?,
                Delivery::Enveloped => {
                    let envelope = self.envelope(topic_arn, subject, message);
                    self.queues
                        .send(&subscription.queue, &[(&envelope, delay)])?
                }
            };
        }
        Ok(())
    }

    fn envelope(&self, topic_arn: &str, subject: &str, message: &str) -> String {
        let host = format!("https://sns.{REGION}.amazonaws.com");
        json!({
            "Type": "Notification",
            "MessageId": uuid(),
            "TopicArn": topic_arn,
            "Subject": subject,
            "Message": message,
            "Timestamp": timestamp(self.clock.now()),
            "SignatureVersion": "1",
            // Queues do not check it.
            "Signature": "bG9jYWw=",
            "SigningCertURL": format!("{host}/SimpleNotificationService-local.pem"),
            "UnsubscribeURL": format!("{host}/?Action=Unsubscribe&SubscriptionArn={topic_arn}:{}", uuid()),
        })
        .to_string()
    }
}

/// A time as SNS and SES write it: to the millisecond.
pub(crate) fn timestamp(time: jiff::Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}

fn uuid() -> String {
    let digits = format!("{:032x}", u128::from(Ulid::generate()));
    let parts = [
        &digits[..8],
        &digits[8..12],
        &digits[12..16],
        &digits[16..20],
        &digits[20..],
    ];
    parts.join("-")
}
