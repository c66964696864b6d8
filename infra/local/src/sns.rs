//! SNS, as far as it stands between SES and a queue.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use ulid::Ulid;

use crate::clock::DeskClock;
use crate::intrinsics::REGION;
use crate::queues::{QueueError, Queues};
use crate::template::{Delivery, Subscription};

/// The topics of the template.
pub(crate) struct Topics {
    queues: Arc<Queues>,
    subscriptions: Vec<Subscription>,
    clock: DeskClock,
}

impl Topics {
    pub(crate) fn new(
        queues: Arc<Queues>,
        subscriptions: Vec<Subscription>,
        clock: DeskClock,
    ) -> Self {
        Self {
            queues,
            subscriptions,
            clock,
        }
    }

    /// Puts a message on every queue that has subscribed to the topic.
    pub(crate) fn publish(
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
