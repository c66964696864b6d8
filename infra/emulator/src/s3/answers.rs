//! What S3 answers with: XML, headers, errors.

use std::io;

use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use ulid::Ulid;

use crate::s3::objects::ObjectError;
use crate::wire::{self, escaped};

/// An error as the SDKs know it.
#[derive(Debug)]
pub(super) struct S3Error {
    pub(super) status: StatusCode,
    pub(super) code: &'static str,
    message: String,
}

impl S3Error {
    pub(super) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
        }
    }

    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "InvalidArgument", message)
    }

    pub(super) fn not_implemented(what: &str) -> Self {
        let message = format!("the emulator does not know {what}");
        Self::new(StatusCode::NOT_IMPLEMENTED, "NotImplemented", message)
    }

    pub(super) fn response(self, parts: &Parts) -> Response {
        if self.status.is_server_error() {
            tracing::warn!(method = %parts.method, path = parts.uri.path(), code = self.code, problem = self.message, "an S3 request failed");
        }
        let inner = format!(
            "<Code>{}</Code><Message>{}</Message><Resource>{}</Resource><RequestId>{}</RequestId>",
            self.code,
            escaped(&self.message),
            escaped(parts.uri.path()),
            Ulid::generate(),
        );
        xml(self.status, "Error", &inner)
    }
}

impl From<ObjectError> for S3Error {
    fn from(error: ObjectError) -> Self {
        let (status, code) = match error {
            ObjectError::NoSuchBucket => (StatusCode::NOT_FOUND, "NoSuchBucket"),
            ObjectError::NoSuchKey => (StatusCode::NOT_FOUND, "NoSuchKey"),
            ObjectError::AlreadyExists | ObjectError::AnotherTag => {
                (StatusCode::PRECONDITION_FAILED, "PreconditionFailed")
            }
            ObjectError::Store(_) | ObjectError::Io(_) => {
                (StatusCode::INTERNAL_SERVER_ERROR, "InternalError")
            }
        };
        Self::new(status, code, error.to_string())
    }
}

impl From<io::Error> for S3Error {
    fn from(error: io::Error) -> Self {
        ObjectError::Io(error).into()
    }
}

/// Sets a header; one that HTTP cannot carry is left out.
pub(super) fn insert(headers: &mut HeaderMap, name: &str, value: &str) {
    if let (Ok(name), Ok(value)) = (
        HeaderName::try_from(name),
        HeaderValue::from_bytes(value.as_bytes()),
    ) {
        headers.insert(name, value);
    }
}

pub(super) fn xml(status: StatusCode, root: &str, inner: &str) -> Response {
    let namespace = match root {
        "Error" => "",
        _ => " xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"",
    };
    let body =
        format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<{root}{namespace}>{inner}</{root}>");
    wire::xml(status, "application/xml", body)
}
