//! What goes wrong with a call, as AWS says it.

use serde_json::json;

/// What becomes of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The service says that there were too many calls, and does nothing.
    Throttled,
    /// The service says that something is wrong with it, and does nothing.
    Failed,
    /// Another transaction is in the way; nothing is done. DynamoDB alone.
    Conflict,
    /// It is carried out, and its answer never arrives.
    Lost,
    /// It is not carried out, and nothing is ever answered.
    Hung,
    /// The service refuses with this code and text, and does nothing.
    Refused(&'static str, &'static str),
}

/// A service, as far as its errors differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Service {
    DynamoDb,
    Sqs,
    Ses,
    S3,
    /// What is not AWS.
    Web,
}

impl Service {
    /// An error: its status, type and text.
    pub(crate) fn error(self, fault: &Fault, parts: usize) -> (u16, String) {
        let (status, code, text) = match (self, fault) {
            (Service::DynamoDb, Fault::Conflict) => return conflict(parts),
            (_, Fault::Refused(code, text)) => (400, *code, *text),
            (Service::DynamoDb, Fault::Throttled) => (400, "ThrottlingException", "slow down"),
            (Service::DynamoDb, _) => (500, "InternalServerError", "broken"),
            (Service::Sqs, Fault::Throttled) => (400, "RequestThrottled", "slow down"),
            (Service::Sqs, _) => (500, "InternalFailure", "broken"),
            (Service::Ses, Fault::Throttled) => {
                (400, "Throttling", "Maximum sending rate exceeded.")
            }
            (Service::Ses, _) => (500, "InternalFailure", "broken"),
            (Service::S3, Fault::Throttled) => (503, "SlowDown", "slow down"),
            (Service::S3, _) => (500, "InternalError", "broken"),
            (Service::Web, Fault::Throttled) => (429, "slow_down", "slow down"),
            (Service::Web, _) => (500, "server_error", "broken"),
        };
        let body = match self {
            Service::DynamoDb | Service::Sqs => {
                json!({ "__type": format!("com.amazonaws#{code}"), "message": text }).to_string()
            }
            Service::Ses => format!(
                "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{text}</Message></Error></ErrorResponse>"
            ),
            Service::Web => json!({ "error": code, "error_description": text }).to_string(),
            Service::S3 => format!("<Error><Code>{code}</Code><Message>{text}</Message></Error>"),
        };
        (status, body)
    }
}

/// Another transaction is in the way of the first of `parts`, or of a write by
/// itself where there are none.
fn conflict(parts: usize) -> (u16, String) {
    let text = "Transaction is ongoing for the item";
    let body = if parts == 0 {
        json!({
            "__type": "com.amazonaws.dynamodb.v20120810#TransactionConflictException",
            "message": text,
        })
    } else {
        let reason = |part| match part {
            0 => json!({ "Code": "TransactionConflict", "Message": text }),
            _ => json!({ "Code": "None" }),
        };
        json!({
            "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
            "message": "Transaction cancelled, please refer cancellation reasons for specific reasons [TransactionConflict]",
            "CancellationReasons": (0..parts).map(reason).collect::<Vec<_>>(),
        })
    };
    (400, body.to_string())
}
