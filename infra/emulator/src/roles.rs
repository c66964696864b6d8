//! Who may do what. Each caller is told from the others by the access key that he signs
//! with, and a call is what its services' permissions are named after: [`Need`]s, in the
//! words of IAM. Whether his role allows them, whoever set it up says.

use std::collections::HashMap;

use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::response::Response;
use percent_encoding::percent_decode_str;
use serde_json::json;

use crate::faults::Service;
use crate::wire::{amz_json, xml};

/// What has to be allowed for a call to be carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Need {
    /// As in `dynamodb:GetItem`.
    pub action: String,
    /// The ARN of what it is done to.
    pub resource: String,
    /// What conditions may be about: values by their key, as in `dynamodb:LeadingKeys`.
    pub context: Vec<(&'static str, Vec<String>)>,
}

impl Need {
    pub(crate) fn new(action: impl Into<String>, resource: impl Into<String>) -> Self {
        Self {
            action: action.into(),
            resource: resource.into(),
            context: Vec::new(),
        }
    }
}

/// What whoever has a role signs with, beside his access key: that is no secret from
/// anybody on this machine.
pub const SECRET: &str = "local";

/// Whether a role allows what is needed.
pub type Role = Box<dyn Fn(&Need) -> bool + Send + Sync>;

/// The roles of those who have one, by their access keys. Whoever has none is the
/// operator, who may do everything.
pub type Roles = HashMap<String, Role>;

/// The access key that a request is signed with: in its header, or in its query where
/// it is presigned.
pub(crate) fn access_key(parts: &Parts) -> Option<String> {
    let signed = parts.headers.get(header::AUTHORIZATION);
    let signed = signed.and_then(|value| value.to_str().ok());
    let credential = match signed.and_then(|value| value.split_once("Credential=")) {
        Some((_, credential)) => credential.to_owned(),
        None => {
            let query = parts.uri.query()?;
            let (_, credential) = query.split_once("X-Amz-Credential=")?;
            percent_decode_str(credential)
                .decode_utf8_lossy()
                .into_owned()
        }
    };
    credential.split_once('/').map(|(key, _)| key.to_owned())
}

/// The answer to a call that a role does not allow.
pub(crate) fn denied(service: Service, caller: &str, need: &Need) -> Response {
    let Need {
        action, resource, ..
    } = need;
    tracing::error!(caller, action, resource, "its role does not allow it");
    let message = format!("{caller} is not authorized to perform {action} on {resource}");
    match service {
        Service::DynamoDb | Service::Sqs => {
            let error =
                json!({ "__type": "com.amazonaws#AccessDeniedException", "message": message });
            amz_json(StatusCode::BAD_REQUEST, error.to_string())
        }
        Service::Ses => xml(
            StatusCode::FORBIDDEN,
            "text/xml",
            format!(
                "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code>\
                 <Message>{message}</Message></Error></ErrorResponse>"
            ),
        ),
        Service::S3 => xml(
            StatusCode::FORBIDDEN,
            "text/xml",
            format!("<Error><Code>AccessDenied</Code><Message>{message}</Message></Error>"),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::Request;

    #[test]
    fn a_caller_is_known_by_his_key() {
        let parts = |header: Option<&str>, path: &str| {
            let request = Request::builder().uri(path);
            let request = match header {
                Some(value) => request.header("authorization", value),
                None => request,
            };
            request.body(()).unwrap().into_parts().0
        };
        let signed =
            "AWS4-HMAC-SHA256 Credential=one/20260101/us-east-1/s3/aws4_request, Signature=0";
        let key = |header, path| access_key(&parts(header, path));
        assert_eq!(key(Some(signed), "/").as_deref(), Some("one"));
        let presigned = "/b/k?X-Amz-Date=1&X-Amz-Credential=other%2F20260101%2Fus-east-1&x=1";
        assert_eq!(key(None, presigned).as_deref(), Some("other"));
        assert_eq!(key(None, "/b/k?prefix=a"), None);
        assert_eq!(key(Some("Bearer x"), "/"), None);
    }
}
