//! The Runtime API, which processes ask for work and give their answers to.

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use emulator::wire::is_for_this_machine;
use serde_json::json;

use crate::lambda::error::InvokeError;
use crate::lambda::pool::{Function, Job};
use crate::lambda::runtime::Runtime;

/// Lambda's limit for the answer of a function.
const ANSWER_LIMIT: usize = 6 * 1024 * 1024;

/// The Runtime API, for paths `/{function}/{instance}/2018-06-01/runtime/…`.
pub(crate) async fn runtime_api(State(runtime): State<Arc<Runtime>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    if !is_for_this_machine(&parts.headers) {
        return StatusCode::FORBIDDEN.into_response();
    }
    let path: Vec<&str> = parts.uri.path().split('/').skip(1).collect();
    let [name, instance, "2018-06-01", "runtime", action @ ..] = path.as_slice() else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let (Some(function), Ok(instance)) = (runtime.function(name), instance.parse()) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    match (&parts.method, action) {
        (&Method::GET, ["invocation", "next"]) => match function.next(instance).await {
            Some(job) => job_response(function, job),
            None => StatusCode::GONE.into_response(),
        },
        (&Method::POST, ["invocation", id, "response"]) => match to_bytes(body, ANSWER_LIMIT).await
        {
            Ok(body) => accepted(function.answer(instance, id, Ok(body))),
            Err(_) => {
                let error = json!({
                    "errorType": "Function.ResponseSizeTooLarge",
                    "errorMessage": "Response payload size exceeded maximum allowed payload size (6291556 bytes).",
                });
                function.answer(
                    instance,
                    id,
                    Err(InvokeError::Failed(error.to_string().into())),
                );
                StatusCode::PAYLOAD_TOO_LARGE.into_response()
            }
        },
        (&Method::POST, ["invocation", id, "error"]) => {
            let error = to_bytes(body, ANSWER_LIMIT).await.unwrap_or_default();
            accepted(function.answer(instance, id, Err(InvokeError::Failed(error))))
        }
        (&Method::POST, ["init", "error"]) => {
            let error = to_bytes(body, ANSWER_LIMIT).await.unwrap_or_default();
            let error = String::from_utf8_lossy(&error).into_owned();
            tracing::error!(function = name, error, "a function could not initialise");
            accepted(true)
        }
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}

fn job_response(function: &Function, job: Job) -> Response {
    let mut response = Response::new(Body::from(job.payload));
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    if let Ok(id) = HeaderValue::try_from(job.request_id) {
        headers.insert(HeaderName::from_static("lambda-runtime-aws-request-id"), id);
    }
    headers.insert(
        HeaderName::from_static("lambda-runtime-deadline-ms"),
        job.deadline_ms.into(),
    );
    headers.insert(
        HeaderName::from_static("lambda-runtime-invoked-function-arn"),
        function.arn.clone(),
    );
    response
}

fn accepted(expected: bool) -> Response {
    let status = if expected {
        StatusCode::ACCEPTED
    } else {
        StatusCode::GONE
    };
    status.into_response()
}
