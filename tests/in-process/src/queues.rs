//! SQS, as far as it is rung: what was sent is on record, and comes to nobody by
//! itself.

use std::collections::BTreeMap;

use serde_json::{Value, json};

/// The queues.
#[derive(Default)]
pub(crate) struct Queues {
    /// Queues and bodies, in the order of ringing.
    pub(crate) sent: Vec<(String, String)>,
    /// How many messages wait in a queue, where a test says so.
    pub(crate) backlog: BTreeMap<String, u64>,
    /// Messages that were hidden for some seconds: queue, receipt, seconds.
    pub(crate) hidden: Vec<(String, String, u64)>,
}

impl Queues {
    pub(crate) fn call(&mut self, operation: &str, request: &Value) -> (u16, Value) {
        let queue = request["QueueUrl"].as_str().unwrap_or_default();
        let queue = queue.rsplit('/').next().unwrap_or_default().to_owned();
        let answer = match operation {
            "SendMessage" => self.send(&queue, request),
            "SendMessageBatch" => {
                let entries = request["Entries"].as_array().unwrap();
                let sent: Vec<_> = entries
                    .iter()
                    .map(|entry| {
                        let mut answer = self.send(&queue, entry);
                        answer["Id"] = entry["Id"].clone();
                        answer
                    })
                    .collect();
                json!({ "Successful": sent, "Failed": [] })
            }
            "GetQueueAttributes" => {
                let waiting = self.backlog.get(&queue).copied().unwrap_or(0);
                json!({ "Attributes": {
                    "ApproximateNumberOfMessages": waiting.to_string(),
                    "ApproximateNumberOfMessagesNotVisible": "0",
                    "ApproximateNumberOfMessagesDelayed": "0",
                } })
            }
            "ChangeMessageVisibility" => {
                let receipt = request["ReceiptHandle"].as_str().unwrap_or_default();
                let seconds = request["VisibilityTimeout"].as_u64().unwrap();
                self.hidden.push((queue, receipt.to_owned(), seconds));
                json!({})
            }
            other => panic!("no function calls SQS's {other}"),
        };
        (200, answer)
    }

    fn send(&mut self, queue: &str, message: &Value) -> Value {
        let body = message["MessageBody"].as_str().unwrap().to_owned();
        self.sent.push((queue.to_owned(), body));
        json!({ "MessageId": format!("sent-{}", self.sent.len()), "MD5OfMessageBody": "" })
    }
}
