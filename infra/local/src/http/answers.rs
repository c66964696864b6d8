//! Answers of API Gateway's own, and of the host's pages.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use pages::shell::POLICY;
use serde_json::{Value, json};

/// An answer of API Gateway's own.
pub(super) fn message(status: StatusCode, text: &str) -> Response {
    json_response(status, &json!({ "message": text }))
}

/// The same where the caller is to come back. API Gateway's own answers leave it
/// to the caller when.
pub(super) fn busy(status: StatusCode, text: &str) -> Response {
    let mut response = message(status, text);
    let soon = HeaderValue::from_static("1");
    response.headers_mut().insert(header::RETRY_AFTER, soon);
    response
}

/// A page of the host's own. Its forms may lead to whoever sent somebody here.
pub(super) fn markup(status: StatusCode, page: Result<String, pages::Error>) -> Response {
    match page {
        Ok(page) => {
            let policy = POLICY.replace("form-action 'self'; ", "");
            let headers = [
                (header::CONTENT_SECURITY_POLICY, policy.as_str()),
                (header::CACHE_CONTROL, "no-store"),
                (header::REFERRER_POLICY, "no-referrer"),
            ];
            (status, headers, Html(page)).into_response()
        }
        Err(error) => {
            tracing::error!(%error, "a page cannot be written");
            message(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error")
        }
    }
}

/// JSON with its content type.
pub(super) fn json_response(status: StatusCode, body: &Value) -> Response {
    let content_type = [(header::CONTENT_TYPE, "application/json")];
    (status, content_type, body.to_string()).into_response()
}
