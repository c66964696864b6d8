//! A function that is started, and the events that it is given.

use std::time::Duration;

use cloud::entry::{self, FunctionError, handle};
use emulator::arn::{REGION, queue_arn};
use serde_json::{Value, json};
use template::Function;
use types::Timestamp;
use types::effects::QueueName;
use types::message::Doorbell;

use crate::http::{Answer, Request};
use crate::template::{feeds, routes};
use crate::world::queue_name;

/// A function that is started.
pub struct Started<F> {
    pub function: F,
    pub(crate) template: &'static Function,
}

/// A message of a queue.
#[derive(Clone, Debug)]
pub struct Message {
    pub body: String,
    /// How often it has been received, this time counted.
    pub receive_count: u32,
}

impl Message {
    /// A message that comes for the first time.
    pub fn of(body: impl Into<String>) -> Self {
        Message {
            body: body.into(),
            receive_count: 1,
        }
    }

    /// The same for the fifth time, which is the last.
    #[must_use]
    pub fn for_the_last_time(self) -> Self {
        Message {
            receive_count: 5,
            ..self
        }
    }
}

impl From<&Doorbell> for Message {
    fn from(doorbell: &Doorbell) -> Self {
        Message::of(doorbell.to_body().unwrap())
    }
}

/// What a function said of a batch.
#[derive(Debug)]
pub struct Worked {
    /// The messages that come back, by their place in the batch.
    pub failed: Vec<usize>,
}

impl Worked {
    /// Every message is done.
    ///
    /// # Panics
    /// When one is not.
    #[track_caller]
    pub fn must_be_done(&self) {
        assert_eq!(self.failed, [] as [usize; 0], "messages come back");
    }
}

impl<F: entry::Function> Started<F> {
    /// The answer to a request.
    ///
    /// # Panics
    /// When the template gives the function no such route.
    pub async fn answers(&self, request: &Request) -> Answer {
        let event = request.event(routes(&self.template.name));
        let answer = self.handles(&event, self.template.timeout).await;
        Answer::read(answer.unwrap().get())
    }

    /// Works off one batch of doorbells.
    ///
    /// # Panics
    /// When the batch fails as a whole.
    pub async fn works(&self, queue: QueueName, doorbells: &[Doorbell]) -> Worked {
        let messages: Vec<_> = doorbells.iter().map(Message::from).collect();
        self.receives(queue, &messages).await
    }

    /// The same with other messages.
    ///
    /// # Panics
    /// When the batch fails as a whole.
    pub async fn receives(&self, queue: QueueName, messages: &[Message]) -> Worked {
        let queue = queue_name(&self.template.environment, queue);
        self.receives_from(&queue, messages).await
    }

    /// The same from a queue by its name in the template.
    ///
    /// # Panics
    /// When the batch fails as a whole, or the template does not feed the
    /// function from this queue.
    pub async fn receives_from(&self, queue: &str, messages: &[Message]) -> Worked {
        self.receives_within(self.template.timeout, queue, messages)
            .await
    }

    /// The same with so much time left.
    ///
    /// # Panics
    /// When the batch fails as a whole, or the template does not feed the
    /// function from this queue.
    pub async fn receives_within(
        &self,
        time: Duration,
        queue: &str,
        messages: &[Message],
    ) -> Worked {
        let name = &self.template.name;
        assert!(feeds(queue, name), "{queue} does not feed {name}");
        let record = |(i, message): (usize, &Message)| {
            json!({
                "messageId": format!("message-{i}"),
                "receiptHandle": format!("receipt-{i}"),
                "body": message.body,
                "attributes": { "ApproximateReceiveCount": message.receive_count.to_string() },
                "messageAttributes": {},
                "eventSource": "aws:sqs",
                "eventSourceARN": queue_arn(queue),
                "awsRegion": REGION,
            })
        };
        let records: Vec<_> = messages.iter().enumerate().map(record).collect();
        let answer = self.handles(&json!({ "Records": records }), time).await;
        let answer: Value = serde_json::from_str(answer.unwrap().get()).unwrap();
        let failures = answer["batchItemFailures"].as_array().unwrap();
        let place = |failure: &Value| {
            let id = failure["itemIdentifier"].as_str()?;
            id.strip_prefix("message-")?.parse().ok()
        };
        let mut failed: Vec<usize> = failures.iter().map(|f| place(f).unwrap()).collect();
        failed.sort_unstable();
        Worked { failed }
    }

    /// What it says when the schedule wakes it at `time`.
    ///
    /// # Errors
    /// When the invocation fails.
    pub async fn ticks(&self, time: Timestamp) -> Result<Value, FunctionError> {
        let event = json!({ "detail-type": "Scheduled Event", "time": time.to_string() });
        let answer = self.handles(&event, self.template.timeout).await?;
        Ok(serde_json::from_str(answer.get()).unwrap())
    }

    /// Whatever it says to an event.
    ///
    /// # Errors
    /// When the invocation fails.
    pub async fn handles(
        &self,
        event: &Value,
        time: Duration,
    ) -> Result<Box<cloud::RawValue>, FunctionError> {
        handle(&self.function, &event.to_string(), "invocation", time).await
    }
}
