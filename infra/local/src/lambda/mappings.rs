//! Event source mappings: functions that are fed from queues.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use emulator::arn::{REGION, queue_arn};
use emulator::faults::Faults;
use emulator::sqs::{QueueError, Queues, Received, md5_hex, message_attributes};
use serde_json::{Value, json};
use template::{FailureReport, Mapping};
use tokio::sync::Semaphore;

use crate::lambda::runtime::Runtime;

/// How long a poller waits before it tries a store again that has failed.
const RETRY: Duration = Duration::from_secs(1);
/// How long one poll waits for messages.
const WAIT: Duration = Duration::from_secs(20);
/// After how long a batch that comes once more does so.
const AGAIN: Duration = Duration::from_secs(2);

/// Feeds a function from its queue, for as long as the host runs.
pub(crate) async fn feed(
    mapping: Mapping,
    queues: Arc<Queues>,
    runtime: Arc<Runtime>,
    faults: Arc<Faults>,
) {
    let mapping = Arc::new(mapping);
    let slots = Arc::new(Semaphore::new(mapping.maximum_concurrency));
    loop {
        // A batch is taken only when there is room for it, so that its
        // visibility timeout starts with its invocation.
        let Ok(slot) = Arc::clone(&slots).acquire_owned().await else {
            return;
        };
        let mut batch = match queues
            .receive_within(&mapping.queue, mapping.batch_size, None, WAIT)
            .await
        {
            Ok(batch) if batch.is_empty() => continue,
            Ok(batch) => batch,
            Err(error) => {
                tracing::error!(%error, queue = mapping.queue, "a queue could not be polled");
                tokio::time::sleep(RETRY).await;
                continue;
            }
        };
        let (mapping, queues, runtime) = (
            Arc::clone(&mapping),
            Arc::clone(&queues),
            Arc::clone(&runtime),
        );
        let delivery = faults.next_delivery();
        if let Some(seed) = delivery.shuffled {
            batch.sort_by_cached_key(|message| seed ^ digest(&message.message_id));
        }
        if delivery.twice {
            let (mapping, runtime) = (Arc::clone(&mapping), Arc::clone(&runtime));
            let event = queue_event(&mapping.queue, &batch);
            tokio::spawn(async move {
                // What it says of the messages is the other one's business.
                let _ = runtime.invoke(&mapping.function, event).await;
            });
        }
        if delivery.again {
            let later = Some(AGAIN);
            let copies: Vec<_> = batch.iter().map(|m| (m.body.as_str(), later)).collect();
            if let Err(error) = queues.send(&mapping.queue, &copies) {
                tracing::error!(%error, queue = mapping.queue, "a batch could not be copied");
            }
        }
        tokio::spawn(async move {
            if let Err(error) = deliver(&mapping, &queues, &runtime, batch).await {
                tracing::error!(%error, queue = mapping.queue, "a batch could not be deleted");
            }
            drop(slot);
        });
    }
}

/// A number that stands for a message: any order will do.
fn digest(id: &str) -> u64 {
    id.bytes().fold(0xCBF2_9CE4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3)
    })
}

/// Invokes the function with a batch and deletes what it has dealt with. The
/// rest comes back when its visibility timeout is over.
async fn deliver(
    mapping: &Mapping,
    queues: &Queues,
    runtime: &Arc<Runtime>,
    batch: Vec<Received>,
) -> Result<(), QueueError> {
    let event = queue_event(&mapping.queue, &batch);
    let failed = match runtime.invoke(&mapping.function, event).await {
        Ok(answer) => match mapping.failures {
            FailureReport::PerItem => failures(&answer, &batch),
            FailureReport::WholeBatch => Some(HashSet::new()),
        },
        Err(error) => {
            tracing::warn!(%error, function = mapping.function, messages = batch.len(), "a batch failed");
            None
        }
    };
    let Some(failed) = failed else {
        return Ok(());
    };
    if !failed.is_empty() {
        tracing::warn!(
            function = mapping.function,
            messages = failed.len(),
            "messages of a batch failed"
        );
    }
    let done = batch
        .iter()
        .filter(|message| !failed.contains(&message.message_id));
    let receipts: Vec<_> = done
        .map(|message| message.receipt_handle.as_str())
        .collect();
    queues.delete(&mapping.queue, &receipts)
}

fn queue_event(queue: &str, batch: &[Received]) -> Bytes {
    let arn = queue_arn(queue);
    let records = batch.iter().map(|message| {
        json!({
            "messageId": message.message_id,
            "receiptHandle": message.receipt_handle,
            "body": message.body,
            "attributes": message_attributes(message),
            "messageAttributes": {},
            "md5OfBody": md5_hex(&message.body),
            "eventSource": "aws:sqs",
            "eventSourceARN": arn,
            "awsRegion": REGION,
        })
    });
    json!({ "Records": records.collect::<Vec<_>>() })
        .to_string()
        .into()
}

/// Which messages a function reports as failed; `None` where all count as
/// failed, which Lambda does with any report that it cannot make sense of.
fn failures(answer: &[u8], batch: &[Received]) -> Option<HashSet<String>> {
    let answer: Value = match answer {
        b"" => Value::Null,
        answer => serde_json::from_slice(answer).ok()?,
    };
    let reported = match answer.get("batchItemFailures") {
        None | Some(Value::Null) => return Some(HashSet::new()),
        Some(reported) => reported.as_array()?,
    };
    let identifiers = reported.iter().map(|failure| {
        let identifier = failure["itemIdentifier"].as_str()?;
        batch
            .iter()
            .any(|message| message.message_id == identifier)
            .then(|| identifier.to_owned())
    });
    identifiers.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch(ids: &[&str]) -> Vec<Received> {
        let message = |id: &&str| Received {
            message_id: (*id).to_owned(),
            receipt_handle: String::new(),
            body: String::new(),
            sent_at: 0,
            first_received_at: 0,
            receive_count: 1,
        };
        ids.iter().map(message).collect()
    }

    #[test]
    fn a_report_of_failures_is_read_as_lambda_reads_it() {
        #[track_caller]
        fn check(answer: &str, expected: Option<&[&str]>) {
            let failed = failures(answer.as_bytes(), &batch(&["a", "b"]));
            let expected = expected.map(|ids| ids.iter().map(|id| (*id).to_owned()).collect());
            assert_eq!(failed, expected, "{answer}");
        }
        check("", Some(&[]));
        check("null", Some(&[]));
        check("{}", Some(&[]));
        check(r#"{"batchItemFailures":null}"#, Some(&[]));
        check(r#"{"batchItemFailures":[]}"#, Some(&[]));
        check(
            r#"{"batchItemFailures":[{"itemIdentifier":"b"}]}"#,
            Some(&["b"]),
        );
        check(r#"{"batchItemFailures":[{"itemIdentifier":""}]}"#, None);
        check(r#"{"batchItemFailures":[{"itemIdentifier":null}]}"#, None);
        check(
            r#"{"batchItemFailures":[{"itemIdentifier":"a"},{"itemIdentifier":"c"}]}"#,
            None,
        );
        check(r#"{"batchItemFailures":"a"}"#, None);
        check("not JSON", None);
    }
}
