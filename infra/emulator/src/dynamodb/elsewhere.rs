//! Another DynamoDB, asked over HTTP: for whoever wants to know how AWS's API is
//! understood by somebody else.

use std::time::Duration;

use axum::http::StatusCode;
use serde_json::json;
use ureq::Agent;

/// Longer than the SDK waits for an answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// A DynamoDB that answers elsewhere.
pub(super) struct Elsewhere {
    agent: Agent,
    url: String,
    /// Whose signature a request has there. It is none: what counts is the region that
    /// it names, which has tables of its own.
    authorization: String,
}

impl Elsewhere {
    pub(super) fn new(url: &str, region: &str) -> Self {
        let agent = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(PATIENCE))
            .build();
        Self {
            agent: agent.into(),
            url: url.to_owned(),
            authorization: format!(
                "AWS4-HMAC-SHA256 Credential=emulator/20260101/{region}/dynamodb/aws4_request, \
                 SignedHeaders=host, Signature=none"
            ),
        }
    }

    /// Carries out one request there, and gives the answer as it came.
    pub(super) fn call(&self, operation: &str, body: &[u8]) -> (StatusCode, String) {
        let asked = self
            .agent
            .post(&self.url)
            .header("content-type", "application/x-amz-json-1.0")
            .header("x-amz-target", format!("DynamoDB_20120810.{operation}"))
            .header("authorization", &self.authorization)
            .send(body);
        let answered = asked.and_then(|mut answer| {
            let status = answer.status().as_u16();
            Ok((status, answer.body_mut().read_to_string()?))
        });
        match answered {
            Ok((status, answer)) => (
                StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
                answer,
            ),
            Err(error) => {
                tracing::warn!(url = self.url, operation, %error, "the other DynamoDB does not answer");
                broken(&error.to_string())
            }
        }
    }
}

/// What DynamoDB answers where something is wrong with it.
pub(super) fn broken(message: &str) -> (StatusCode, String) {
    let body = json!({
        "__type": "com.amazonaws.dynamodb.v20120810#InternalServerError",
        "message": message,
    });
    (StatusCode::INTERNAL_SERVER_ERROR, body.to_string())
}
