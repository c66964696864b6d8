//! Lambda's `Invoke`, as its SDKs ask for it.

use std::sync::Arc;

use axum::body::{Body, Bytes, to_bytes};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::lambda::error::InvokeError;
use crate::lambda::runtime::Runtime;

/// As much as any other request to this port may have, which is more than Lambda takes.
const PAYLOAD_LIMIT: usize = 16 * 1024 * 1024;

/// What its paths begin with.
const PATH: &str = "/2015-03-31/functions/";

/// Whether a request is Lambda's.
pub(crate) fn is_for_lambda(parts: &Parts) -> bool {
    parts.method == Method::POST
        && parts.uri.path().starts_with(PATH)
        && !parts.headers.contains_key("x-amz-target")
}

/// Answers a request that is Lambda's.
pub(crate) async fn answer(runtime: &Arc<Runtime>, parts: &Parts, body: Body) -> Response {
    // No SDK sends it: this is a page of some site, which has no business here.
    if parts.headers.contains_key(header::ORIGIN) {
        return StatusCode::FORBIDDEN.into_response();
    }
    let Ok(body) = to_bytes(body, PAYLOAD_LIMIT).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let path = parts.uri.path();
    let name = path.trim_start_matches(PATH).strip_suffix("/invocations");
    match name {
        Some(name) => invoke(runtime, name, &parts.headers, body).await,
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// Answers `Invoke`.
async fn invoke(
    runtime: &Arc<Runtime>,
    function: &str,
    headers: &HeaderMap,
    payload: Bytes,
) -> Response {
    // A function may be named by its ARN.
    let function = percent_encoding::percent_decode_str(function).decode_utf8_lossy();
    let function = function.rsplit(':').next().unwrap_or_default().to_owned();
    let kind = headers
        .get("x-amz-invocation-type")
        .map(HeaderValue::as_bytes);
    let payload = if payload.is_empty() {
        Bytes::from_static(b"{}")
    } else {
        payload
    };
    if kind == Some(b"Event") && runtime.knows(&function) {
        let runtime = Arc::clone(runtime);
        tokio::spawn(async move {
            // Lambda tries an asynchronous invocation three times in all.
            for attempt in 1..=3 {
                match runtime.invoke(&function, payload.clone()).await {
                    Ok(_) => break,
                    Err(error) => {
                        tracing::error!(%error, function, attempt, "an asynchronous invocation failed")
                    }
                }
            }
        });
        return StatusCode::ACCEPTED.into_response();
    }
    match runtime.invoke(&function, payload).await {
        Ok(answer) => ([("x-amz-executed-version", "$LATEST")], answer).into_response(),
        Err(error @ InvokeError::NoSuchFunction(_)) => {
            let body = json!({ "Type": "User", "Message": error.to_string() }).to_string();
            let kind = [("x-amzn-errortype", "ResourceNotFoundException")];
            (StatusCode::NOT_FOUND, kind, body).into_response()
        }
        Err(InvokeError::Stopping) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
        Err(error) => ([("x-amz-function-error", "Unhandled")], error.to_json()).into_response(),
    }
}
