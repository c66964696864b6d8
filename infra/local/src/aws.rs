//! The AWS APIs on one port: Lambda's `Invoke`, and the emulator's services.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use emulator::Services;
use emulator::wire::is_for_this_machine;

use crate::lambda::{Runtime, invoke};

/// What the port of the AWS APIs needs to answer.
pub(crate) struct Aws {
    pub(crate) services: Services,
    pub(crate) runtime: Arc<Runtime>,
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
    aws.services.answer(&parts, body).await
}
