//! Queues: ringing doorbells on them.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::SendMessageBatchRequestEntry;
use futures_util::future::join_all;
use types::effects::QueueName;
use types::message::Doorbell;

use crate::config::{self, ConfigError};
use crate::log::chain;

/// The queues that a function may ring.
#[derive(Clone)]
pub struct Queues {
    client: Client,
    urls: BTreeMap<QueueName, String>,
}

fn variable(queue: QueueName) -> &'static str {
    match queue {
        QueueName::Assignment => "ASSIGNMENT_QUEUE_URL",
        QueueName::Escalation => "ESCALATION_QUEUE_URL",
        QueueName::Notification => "NOTIFICATION_QUEUE_URL",
        QueueName::Reminder => "REMINDER_QUEUE_URL",
        QueueName::Closure => "CLOSURE_QUEUE_URL",
    }
}

impl Queues {
    /// The queues that a function needs.
    ///
    /// # Errors
    /// When the environment lacks the URL of one.
    pub fn new(sdk: &aws_types::SdkConfig, needed: &[QueueName]) -> Result<Self, ConfigError> {
        let mut urls = BTreeMap::new();
        for queue in needed {
            urls.insert(*queue, config::required(variable(*queue))?);
        }
        Ok(Queues {
            client: Client::new(sdk),
            urls,
        })
    }

    /// Rings. A doorbell that cannot be rung is logged and left to the sweep:
    /// its row stays in the table. Says how many rang.
    pub async fn ring(&self, doorbells: &[Doorbell]) -> usize {
        let mut by_queue: BTreeMap<QueueName, Vec<&Doorbell>> = BTreeMap::new();
        for doorbell in doorbells {
            by_queue.entry(doorbell.queue()).or_default().push(doorbell);
        }
        // One queue's messages one after the other: who asked for the oldest first
        // gets it so, as far as SQS goes.
        let sends = by_queue.iter().map(|(queue, doorbells)| async move {
            let mut rung = 0;
            for chunk in doorbells.chunks(10) {
                rung += self.send(*queue, chunk).await;
            }
            rung
        });
        join_all(sends).await.into_iter().sum()
    }

    async fn send(&self, queue: QueueName, doorbells: &[&Doorbell]) -> usize {
        let Some(url) = self.urls.get(&queue) else {
            // What another function left behind, as after a crash.
            tracing::info!(
                ?queue,
                "not a queue of this function's; the sweep will ring"
            );
            return 0;
        };
        let bodies: Vec<String> = doorbells.iter().filter_map(|d| d.to_body().ok()).collect();
        if let [body] = bodies.as_slice() {
            return match self
                .client
                .send_message()
                .queue_url(url)
                .message_body(body)
                .send()
                .await
            {
                Ok(_) => 1,
                Err(e) => {
                    tracing::warn!(?queue, error = chain(&e), "not rung; the sweep will ring");
                    0
                }
            };
        }
        let entries = bodies.into_iter().enumerate().map(|(i, body)| {
            SendMessageBatchRequestEntry::builder()
                .id(i.to_string())
                .message_body(body)
                .build()
        });
        let entries: Vec<_> = entries.filter_map(Result::ok).collect();
        let count = entries.len();
        let sent = self
            .client
            .send_message_batch()
            .queue_url(url)
            .set_entries(Some(entries))
            .send()
            .await;
        match sent {
            Ok(answer) => {
                let failed = answer.failed().len();
                if failed > 0 {
                    tracing::warn!(?queue, failed, "not all rung; the sweep will ring");
                }
                count - failed
            }
            Err(e) => {
                tracing::warn!(?queue, error = chain(&e), "not rung; the sweep will ring");
                0
            }
        }
    }

    /// Hides a message that is being worked on until it is worth another try.
    pub async fn retry_after(&self, queue: QueueName, receipt_handle: &str, after: Duration) {
        let Some(url) = self.urls.get(&queue) else {
            return;
        };
        // Rounded up: a try that comes too early costs one of the message's five.
        let seconds = i32::try_from(after.as_secs() + 1)
            .unwrap_or(i32::MAX)
            .min(43_200);
        let changed = self
            .client
            .change_message_visibility()
            .queue_url(url)
            .receipt_handle(receipt_handle)
            .visibility_timeout(seconds)
            .send()
            .await;
        if let Err(e) = changed {
            tracing::warn!(
                ?queue,
                error = chain(&e),
                "the message comes back after its visibility timeout"
            );
        }
    }
}
