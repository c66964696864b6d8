//! Queues: ringing doorbells on them.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sqs::types::{QueueAttributeName, SendMessageBatchRequestEntry};
use futures_util::future::join_all;
use types::effects::QueueName;
use types::message::Doorbell;

use crate::config::{ConfigError, Environment};
use crate::log::chain;
use crate::trace;

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
        QueueName::Intake => "INTAKE_QUEUE_URL",
    }
}

impl Queues {
    /// The queues that a function needs.
    ///
    /// # Errors
    /// When the environment lacks the URL of one.
    pub fn new(environment: &Environment, needed: &[QueueName]) -> Result<Self, ConfigError> {
        let mut urls = BTreeMap::new();
        for queue in needed {
            urls.insert(*queue, environment.required(variable(*queue))?);
        }
        Ok(Queues {
            client: Client::new(environment.sdk()),
            urls,
        })
    }

    /// Rings. A doorbell that cannot be rung is logged and left to the sweep:
    /// its row stays in the table. Says how many rang.
    pub async fn ring(&self, doorbells: &[Doorbell]) -> usize {
        let origin = trace::origin();
        let origin = origin.as_deref();
        self.ring_for(doorbells.iter().map(|doorbell| (doorbell, origin)))
            .await
    }

    /// Rings for several requests at once: each doorbell says for which one.
    pub(crate) async fn ring_for(
        &self,
        doorbells: impl Iterator<Item = (&Doorbell, Option<&str>)>,
    ) -> usize {
        let mut by_queue: BTreeMap<QueueName, Vec<(&Doorbell, Option<&str>)>> = BTreeMap::new();
        for (doorbell, origin) in doorbells {
            let queue = by_queue.entry(doorbell.queue()).or_default();
            queue.push((doorbell, origin));
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

    /// How many messages a queue holds, about, those that are being worked on
    /// among them; `None` where it does not say.
    pub async fn backlog(&self, queue: QueueName) -> Option<u64> {
        backlog(&self.client, self.urls.get(&queue)?).await
    }

    async fn send(&self, queue: QueueName, doorbells: &[(&Doorbell, Option<&str>)]) -> usize {
        let Some(url) = self.urls.get(&queue) else {
            // What another function left behind, as after a crash.
            tracing::info!(
                ?queue,
                "not a queue of this function's; the sweep will ring"
            );
            return 0;
        };
        let bodies = doorbells
            .iter()
            .filter_map(|(doorbell, origin)| doorbell.to_body_for(*origin).ok());
        let bodies: Vec<String> = bodies.collect();
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

/// A queue that is looked at, and not rung.
#[derive(Clone)]
pub struct Watched {
    client: Client,
    url: String,
}

impl Watched {
    /// The queue whose URL an environment variable has.
    ///
    /// # Errors
    /// When it is missing.
    pub fn new(environment: &Environment, variable: &'static str) -> Result<Self, ConfigError> {
        Ok(Watched {
            client: Client::new(environment.sdk()),
            url: environment.required(variable)?,
        })
    }

    /// How many messages it holds, about, those that are being worked on among
    /// them; `None` where it does not say.
    pub async fn backlog(&self) -> Option<u64> {
        backlog(&self.client, &self.url).await
    }
}

async fn backlog(client: &Client, url: &str) -> Option<u64> {
    use QueueAttributeName as Name;
    const COUNTS: [QueueAttributeName; 3] = [
        Name::ApproximateNumberOfMessages,
        Name::ApproximateNumberOfMessagesNotVisible,
        Name::ApproximateNumberOfMessagesDelayed,
    ];
    let answer = client
        .get_queue_attributes()
        .queue_url(url)
        .set_attribute_names(Some(COUNTS.to_vec()))
        .send()
        .await
        .inspect_err(|e| tracing::warn!(error = chain(e), "a queue's depth is not known"))
        .ok()?;
    let attributes = answer.attributes.unwrap_or_default();
    let counts = COUNTS.iter().filter_map(|name| attributes.get(name));
    Some(counts.filter_map(|count| count.parse::<u64>().ok()).sum())
}

/// A queue of dead letters.
#[derive(Clone, Debug)]
pub struct DeadLetters {
    pub name: String,
    arn: String,
    /// How many messages wait in it, about.
    pub waiting: u64,
}

impl DeadLetters {
    /// Whether this queue is meant by a word: its name, or a part of it in
    /// whatever case.
    pub fn answers_to(&self, word: &str) -> bool {
        self.name.to_lowercase().contains(&word.to_lowercase())
    }
}

/// Why dead letters could not be looked at or sent back.
#[derive(Debug, thiserror::Error)]
#[error("{operation}: SQS refused or did not answer")]
pub struct RedriveError {
    operation: &'static str,
    #[source]
    source: Box<dyn std::error::Error + Send + Sync>,
}

impl RedriveError {
    fn of<E, R>(operation: &'static str) -> impl FnOnce(SdkError<E, R>) -> Self
    where
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
        R: std::fmt::Debug + Send + Sync + 'static,
    {
        move |error| RedriveError {
            operation,
            source: Box::new(error),
        }
    }
}

/// The part of a name that says that a queue holds dead letters.
const DEAD_LETTERS: &str = "DeadLetters";

/// All queues of dead letters that the account has.
///
/// # Errors
/// See [`RedriveError`].
pub async fn dead_letters(sdk: &aws_types::SdkConfig) -> Result<Vec<DeadLetters>, RedriveError> {
    let client = Client::new(sdk);
    let mut urls = Vec::new();
    let mut next = None;
    loop {
        let page = client
            .list_queues()
            .max_results(1_000)
            .set_next_token(next)
            .send()
            .await
            .map_err(RedriveError::of("list the queues"))?;
        urls.extend(page.queue_urls.unwrap_or_default());
        next = page.next_token;
        if next.is_none() {
            break;
        }
    }
    urls.retain(|url| url.contains(DEAD_LETTERS));
    let mut found = Vec::with_capacity(urls.len());
    for url in urls {
        let answer = client
            .get_queue_attributes()
            .queue_url(&url)
            .attribute_names(QueueAttributeName::All)
            .send()
            .await
            .map_err(RedriveError::of("look at a queue"))?;
        let attributes = answer.attributes.unwrap_or_default();
        let attribute = |name| attributes.get(&name).cloned().unwrap_or_default();
        let waiting = attribute(QueueAttributeName::ApproximateNumberOfMessages);
        found.push(DeadLetters {
            name: url.rsplit('/').next().unwrap_or_default().to_owned(),
            arn: attribute(QueueAttributeName::QueueArn),
            waiting: waiting.parse().unwrap_or(0),
        });
    }
    Ok(found)
}

/// Sends the messages of a queue of dead letters back to where they came from:
/// SQS's own redrive, which goes on by itself.
///
/// # Errors
/// See [`RedriveError`].
pub async fn redrive(sdk: &aws_types::SdkConfig, queue: &DeadLetters) -> Result<(), RedriveError> {
    Client::new(sdk)
        .start_message_move_task()
        .source_arn(&queue.arn)
        .send()
        .await
        .map_err(RedriveError::of("send dead letters back"))?;
    Ok(())
}
