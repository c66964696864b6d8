//! The AWS APIs on one port: Lambda's `Invoke`, and the emulator's services.

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use emulator::Services;
use emulator::wire::is_for_this_machine;

use crate::lambda::{Runtime, invoke};
use crate::watch::Metrics;

/// What the port of the AWS APIs needs to answer.
pub(crate) struct Aws {
    pub(crate) services: Services,
    pub(crate) runtime: Arc<Runtime>,
    pub(crate) metrics: Arc<Metrics>,
    /// What its errors are counted for.
    pub(crate) table: Option<String>,
}

/// Answers every request to the port of the AWS APIs.
pub(crate) async fn aws(State(aws): State<Arc<Aws>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    if !is_for_this_machine(&parts.headers) {
        return StatusCode::FORBIDDEN.into_response();
    }
    if invoke::is_for_lambda(&parts) {
        return invoke::answer(&aws.runtime, &parts, body).await;
    }
    let answer = aws.services.answer(&parts, body).await;
    aws.count(&parts, answer).await
}

/// More than any of DynamoDB's errors has.
const ERROR_LIMIT: usize = 1024 * 1024;

impl Aws {
    /// Counts an answer of DynamoDB's that is an error of its own, as CloudWatch does.
    async fn count(&self, parts: &Parts, answer: Response) -> Response {
        let target = parts.headers.get("x-amz-target");
        let target = target.and_then(|target| target.to_str().ok());
        let operation = target.and_then(|target| target.strip_prefix("DynamoDB_20120810."));
        let (Some(operation), Some(table)) = (operation, &self.table) else {
            return answer;
        };
        let of = [("TableName", table.as_str()), ("Operation", operation)];
        if answer.status().is_server_error() {
            self.metrics
                .record("AWS/DynamoDB", "SystemErrors", &of, 1.0);
            return answer;
        }
        if !answer.status().is_client_error() {
            return answer;
        }
        let (head, body) = answer.into_parts();
        let body = to_bytes(body, ERROR_LIMIT).await.unwrap_or_default();
        let says = |code: &[u8]| body.windows(code.len()).any(|part| part == code);
        if says(b"ThrottlingException") || says(b"ProvisionedThroughputExceededException") {
            let metric = "ThrottledRequests";
            self.metrics.record("AWS/DynamoDB", metric, &of, 1.0);
        }
        Response::from_parts(head, Body::from(body))
    }
}
