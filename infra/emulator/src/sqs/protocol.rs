//! The SQS API, in its JSON protocol, over the queue store.

use std::time::Duration;

use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use data_encoding::HEXLOWER;
use md5::{Digest, Md5};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::arn::{queue_arn, queue_url};
use crate::roles::Need;
use crate::sqs::queues::{QueueError, Queues, Received};
use crate::wire::amz_json;

/// SQS's limit for a message.
const BODY_LIMIT: usize = 1024 * 1024;

/// An error as the SDKs know it.
#[derive(Debug)]
pub(crate) struct SqsError {
    kind: &'static str,
    message: String,
}

impl SqsError {
    fn new(kind: &'static str, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
        }
    }
}

impl From<QueueError> for SqsError {
    fn from(error: QueueError) -> Self {
        let kind = match error {
            QueueError::DoesNotExist => "QueueDoesNotExist",
            QueueError::ReceiptHandleIsInvalid => "ReceiptHandleIsInvalid",
            QueueError::NoSource => "UnsupportedOperation",
            QueueError::Store(_) => "InternalFailure",
        };
        Self::new(kind, error.to_string())
    }
}

impl IntoResponse for SqsError {
    fn into_response(self) -> Response {
        let status = match self.kind {
            "InternalFailure" => StatusCode::INTERNAL_SERVER_ERROR,
            _ => StatusCode::BAD_REQUEST,
        };
        // Older SDKs know errors by the codes of the query protocol.
        let query_code = match self.kind {
            "QueueDoesNotExist" => "AWS.SimpleQueueService.NonExistentQueue;Sender",
            "EmptyBatchRequest" => "AWS.SimpleQueueService.EmptyBatchRequest;Sender",
            "UnsupportedOperation" => "AWS.SimpleQueueService.UnsupportedOperation;Sender",
            "InternalFailure" => "InternalFailure;Receiver",
            _ => "InvalidParameterValue;Sender",
        };
        let body = json!({ "__type": format!("com.amazonaws.sqs#{}", self.kind), "message": self.message });
        let mut response = amz_json(status, body.to_string());
        response.headers_mut().insert(
            HeaderName::from_static("x-amzn-query-error"),
            HeaderValue::from_static(query_code),
        );
        response
    }
}

/// What a call needs to be allowed: the action without its `Batch`, on its queue.
pub(crate) fn needs(operation: &str, body: &[u8]) -> Vec<Need> {
    let action = format!("sqs:{}", operation.trim_end_matches("Batch"));
    let of_queue = serde_json::from_slice::<OfQueue>(body).ok();
    let queue = of_queue.map(|of| queue_arn(of.queue_url.rsplit('/').next().unwrap_or_default()));
    vec![Need::new(action, queue.unwrap_or_else(|| "*".to_owned()))]
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct OfQueue {
    queue_url: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Batch<T> {
    queue_url: String,
    entries: Vec<T>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Send {
    /// Only in a batch.
    #[serde(default)]
    id: String,
    /// Only outside of one.
    #[serde(default)]
    queue_url: String,
    message_body: String,
    delay_seconds: Option<u64>,
    message_attributes: Option<Value>,
    message_system_attributes: Option<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Receive {
    queue_url: String,
    max_number_of_messages: Option<u32>,
    visibility_timeout: Option<u64>,
    wait_time_seconds: Option<u64>,
    attribute_names: Option<Vec<String>>,
    message_system_attribute_names: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct OfMessage {
    #[serde(default)]
    id: String,
    #[serde(default)]
    queue_url: String,
    receipt_handle: String,
    visibility_timeout: Option<u64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct OfArn {
    source_arn: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ByName {
    queue_name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct List {
    queue_name_prefix: Option<String>,
}

/// Carries out an operation and answers with its JSON.
pub(crate) async fn call(
    queues: &Queues,
    port: u16,
    operation: &str,
    body: &[u8],
) -> Result<String, SqsError> {
    let answer = match operation {
        "SendMessage" => {
            let message: Send = read(body)?;
            let ids = send(queues, &message.queue_url, std::slice::from_ref(&message))?;
            json!({ "MessageId": ids.first(), "MD5OfMessageBody": md5_hex(&message.message_body) })
        }
        "SendMessageBatch" => {
            let batch: Batch<Send> = read(body)?;
            check_batch(batch.entries.iter().map(|entry| entry.id.as_str()))?;
            let ids = send(queues, &batch.queue_url, &batch.entries)?;
            let successful = batch.entries.iter().zip(ids).map(|(entry, id)| {
                json!({ "Id": entry.id, "MessageId": id, "MD5OfMessageBody": md5_hex(&entry.message_body) })
            });
            json!({ "Successful": successful.collect::<Vec<_>>(), "Failed": [] })
        }
        "ReceiveMessage" => receive(queues, &read(body)?).await?,
        "DeleteMessage" => {
            let message: OfMessage = read(body)?;
            queues.delete(name(&message.queue_url), &[&message.receipt_handle])?;
            json!({})
        }
        "DeleteMessageBatch" => each(&read(body)?, |queue, message| {
            queues.delete(queue, &[&message.receipt_handle])
        })?,
        "ChangeMessageVisibility" => {
            let message: OfMessage = read(body)?;
            change_visibility(queues, name(&message.queue_url), &message)?;
            json!({})
        }
        "ChangeMessageVisibilityBatch" => each(&read(body)?, |queue, message| {
            change_visibility(queues, queue, message)
        })?,
        "GetQueueUrl" => {
            let ByName { queue_name } = read(body)?;
            queues.settings(&queue_name)?;
            json!({ "QueueUrl": queue_url(port, &queue_name) })
        }
        "GetQueueAttributes" => {
            let OfQueue { queue_url } = read(body)?;
            attributes(queues, name(&queue_url))?
        }
        "ListQueues" => {
            let prefix = read::<List>(body)?.queue_name_prefix.unwrap_or_default();
            let names = queues
                .names()
                .into_iter()
                .filter(|name| name.starts_with(&prefix));
            json!({ "QueueUrls": names.map(|name| queue_url(port, name)).collect::<Vec<_>>() })
        }
        "StartMessageMoveTask" => {
            let OfArn { source_arn } = read(body)?;
            let name = source_arn.rsplit(':').next().unwrap_or_default();
            let moved = queues.redrive(name)?;
            tracing::info!(queue = name, moved, "dead letters were sent back");
            json!({ "TaskHandle": format!("{source_arn}/{moved}") })
        }
        "PurgeQueue" => {
            let OfQueue { queue_url } = read(body)?;
            queues.purge(name(&queue_url))?;
            json!({})
        }
        operation => {
            let problem = format!("the emulator does not know {operation}");
            return Err(SqsError::new("UnsupportedOperation", problem));
        }
    };
    Ok(answer.to_string())
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, SqsError> {
    serde_json::from_slice(body)
        .map_err(|error| SqsError::new("InvalidParameterValue", error.to_string()))
}

/// The queue that a URL leads to, or a name given in its place.
fn name(url: &str) -> &str {
    url.rsplit('/').next().unwrap_or(url)
}

fn send(queues: &Queues, url: &str, messages: &[Send]) -> Result<Vec<String>, SqsError> {
    for message in messages {
        let is_given = |attributes: &Option<Value>| {
            attributes
                .as_ref()
                .and_then(Value::as_object)
                .is_some_and(|all| !all.is_empty())
        };
        if is_given(&message.message_attributes) || is_given(&message.message_system_attributes) {
            return Err(SqsError::new(
                "UnsupportedOperation",
                "the emulator does not keep message attributes",
            ));
        }
        if message.message_body.is_empty() || message.message_body.len() > BODY_LIMIT {
            return Err(SqsError::new(
                "InvalidParameterValue",
                "One or more parameters are invalid. Reason: Message must be between 1 and 1048576 bytes.",
            ));
        }
        if message.delay_seconds.is_some_and(|delay| delay > 900) {
            return Err(SqsError::new(
                "InvalidParameterValue",
                "DelaySeconds must be >= 0 and <= 900.",
            ));
        }
    }
    let messages: Vec<_> = messages
        .iter()
        .map(|message| {
            (
                message.message_body.as_str(),
                message.delay_seconds.map(Duration::from_secs),
            )
        })
        .collect();
    Ok(queues.send(name(url), &messages)?)
}

async fn receive(queues: &Queues, request: &Receive) -> Result<Value, SqsError> {
    let limit = request.max_number_of_messages.unwrap_or(1);
    let wait = request.wait_time_seconds.unwrap_or(0);
    if !(1..=10).contains(&limit) || wait > 20 {
        return Err(SqsError::new(
            "InvalidParameterValue",
            "MaxNumberOfMessages must be from 1 to 10, and WaitTimeSeconds at most 20.",
        ));
    }
    let visibility = request.visibility_timeout.map(Duration::from_secs);
    let wait = Duration::from_secs(wait);
    let messages = queues
        .receive_within(name(&request.queue_url), limit, visibility, wait)
        .await?;
    if messages.is_empty() {
        return Ok(json!({}));
    }
    let wanted = [
        &request.attribute_names,
        &request.message_system_attribute_names,
    ];
    let with_attributes = wanted.into_iter().flatten().any(|names| !names.is_empty());
    let messages = messages.iter().map(|message| {
        let mut shown = json!({
            "MessageId": message.message_id,
            "ReceiptHandle": message.receipt_handle,
            "MD5OfBody": md5_hex(&message.body),
            "Body": message.body,
        });
        if with_attributes {
            shown["Attributes"] = message_attributes(message);
        }
        shown
    });
    Ok(json!({ "Messages": messages.collect::<Vec<_>>() }))
}

/// The attributes that SQS itself gives a message. All values are strings.
pub fn message_attributes(message: &Received) -> Value {
    json!({
        "ApproximateReceiveCount": message.receive_count.to_string(),
        "SentTimestamp": message.sent_at.to_string(),
        "SenderId": "local",
        "ApproximateFirstReceiveTimestamp": message.first_received_at.to_string(),
    })
}

fn change_visibility(queues: &Queues, queue: &str, message: &OfMessage) -> Result<(), QueueError> {
    let visibility = Duration::from_secs(message.visibility_timeout.unwrap_or(0));
    queues.change_visibility(queue, &message.receipt_handle, visibility)
}

/// Does something with each message of a batch, and reports on each.
fn each(
    batch: &Batch<OfMessage>,
    act: impl Fn(&str, &OfMessage) -> Result<(), QueueError>,
) -> Result<Value, SqsError> {
    check_batch(batch.entries.iter().map(|entry| entry.id.as_str()))?;
    let (mut successful, mut failed) = (Vec::new(), Vec::new());
    for entry in &batch.entries {
        match act(name(&batch.queue_url), entry) {
            Ok(()) => successful.push(json!({ "Id": entry.id })),
            Err(error @ QueueError::DoesNotExist) => return Err(error.into()),
            Err(error) => {
                let SqsError { kind, message } = error.into();
                failed.push(json!({ "Id": entry.id, "SenderFault": true, "Code": kind, "Message": message }));
            }
        }
    }
    Ok(json!({ "Successful": successful, "Failed": failed }))
}

fn check_batch<'a>(ids: impl Iterator<Item = &'a str>) -> Result<(), SqsError> {
    let mut ids: Vec<_> = ids.collect();
    let count = ids.len();
    ids.sort_unstable();
    ids.dedup();
    match count {
        0 => Err(SqsError::new(
            "EmptyBatchRequest",
            "There should be at least one entry in the request.",
        )),
        count if count > 10 => Err(SqsError::new(
            "TooManyEntriesInBatchRequest",
            "Maximum number of entries per request are 10.",
        )),
        count if ids.len() < count => Err(SqsError::new(
            "BatchEntryIdsNotDistinct",
            "Two or more batch entries have the same Id.",
        )),
        _ => Ok(()),
    }
}

fn attributes(queues: &Queues, queue: &str) -> Result<Value, SqsError> {
    let settings = queues.settings(queue)?;
    let depth = queues.depth(queue)?;
    let mut attributes = json!({
        "QueueArn": queue_arn(queue),
        "ApproximateNumberOfMessages": depth.visible.to_string(),
        "ApproximateNumberOfMessagesNotVisible": depth.in_flight.to_string(),
        "ApproximateNumberOfMessagesDelayed": depth.delayed.to_string(),
        "VisibilityTimeout": settings.visibility_timeout.as_secs().to_string(),
        "MessageRetentionPeriod": settings.retention.as_secs().to_string(),
        "DelaySeconds": settings.delay.as_secs().to_string(),
    });
    if let Some(redrive) = &settings.redrive {
        let policy = json!({
            "deadLetterTargetArn": queue_arn(&redrive.dead_letter_queue),
            "maxReceiveCount": redrive.max_receive_count,
        });
        attributes["RedrivePolicy"] = policy.to_string().into();
    }
    Ok(json!({ "Attributes": attributes }))
}

/// The digest that SQS gives with a body.
pub fn md5_hex(body: &str) -> String {
    HEXLOWER.encode(&Md5::digest(body.as_bytes()))
}
