//! The AWS APIs of the services that the template uses, on one port.

use std::sync::Arc;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::dynamodb::Tables;
use crate::faults::{Faults, Service, Unprotected};
use crate::gateway::is_for_this_machine;
use crate::mail::Mailbox;
use crate::objects::Objects;
use crate::queues::Queues;
use crate::runtime::{InvokeError, Runtime};
use crate::{s3, ses, sqs};

/// DynamoDB's limit, the largest of the services but S3.
const BODY_LIMIT: usize = 16 * 1024 * 1024;
const AMZ_JSON: &str = "application/x-amz-json-1.0";

/// The services.
pub(crate) struct Aws {
    pub(crate) tables: Tables,
    pub(crate) queues: Arc<Queues>,
    pub(crate) objects: Arc<Objects>,
    pub(crate) mailbox: Arc<Mailbox>,
    pub(crate) runtime: Arc<Runtime>,
    pub(crate) faults: Arc<Faults>,
    pub(crate) port: u16,
}

/// Answers every request to the port of the AWS APIs. Signatures are not
/// looked at: whoever is on this machine is its operator.
pub(crate) async fn aws(State(aws): State<Arc<Aws>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    if !is_for_this_machine(&parts.headers) {
        return StatusCode::FORBIDDEN.into_response();
    }
    if s3::is_for_s3(&parts) {
        let call = s3::answer(&aws.objects, &parts, body);
        return aws
            .befall(Service::S3, parts.method.as_str(), &[], call)
            .await;
    }
    // No SDK sends it: this is a page of some site, which has no business here.
    if parts.headers.contains_key(header::ORIGIN) {
        return StatusCode::FORBIDDEN.into_response();
    }
    let Ok(body) = to_bytes(body, BODY_LIMIT).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let path = parts.uri.path();
    let target = parts
        .headers
        .get("x-amz-target")
        .and_then(|target| target.to_str().ok());
    match (
        &parts.method,
        target.and_then(|target| target.split_once('.')),
    ) {
        (&Method::POST, Some(("DynamoDB_20120810", operation))) => {
            let body = match aws.faults.unprotected(operation, &body) {
                Unprotected::AsItIs => body,
                Unprotected::Changed(body) => body,
                Unprotected::Answered(answer) => return amz_json(StatusCode::OK, answer),
            };
            let call = async {
                let (status, body) = aws.tables.call(operation, &body);
                amz_json(status, body)
            };
            aws.befall(Service::DynamoDb, operation, &body, call).await
        }
        (&Method::POST, Some(("AmazonSQS", operation))) => {
            let call = async {
                match sqs::call(&aws.queues, aws.port, operation, &body).await {
                    Ok(answer) => amz_json(StatusCode::OK, answer),
                    Err(error) => error.into_response(),
                }
            };
            aws.befall(Service::Sqs, operation, &body, call).await
        }
        (&Method::POST, None) if path.starts_with("/2015-03-31/functions/") => {
            let name = path
                .trim_start_matches("/2015-03-31/functions/")
                .strip_suffix("/invocations");
            match name {
                Some(name) => invoke(&aws.runtime, name, &parts.headers, body).await,
                None => StatusCode::NOT_FOUND.into_response(),
            }
        }
        (&Method::POST, None) if is_form(&parts.headers) => {
            let call = async { ses::call(&aws.mailbox, &body) };
            aws.befall(Service::Ses, "", &body, call).await
        }
        (_, target) => {
            tracing::warn!(method = %parts.method, path, ?target, "a call of an API that the local host does not know");
            let error = json!({
                "__type": "com.amazon.coral.service#UnknownOperationException",
                "message": "the local host does not know this operation",
            });
            amz_json(StatusCode::BAD_REQUEST, error.to_string())
        }
    }
}

impl Aws {
    /// Carries out a call, or has it fail where it is to.
    async fn befall(
        &self,
        service: Service,
        operation: &str,
        request: &[u8],
        call: impl Future<Output = Response>,
    ) -> Response {
        match self.faults.next(service, operation) {
            None => call.await,
            Some(fault) => fault.befall(service, operation, request, call).await,
        }
    }
}

fn is_form(headers: &HeaderMap) -> bool {
    headers.get(header::CONTENT_TYPE).is_some_and(|value| {
        value
            .as_bytes()
            .starts_with(b"application/x-www-form-urlencoded")
    })
}

/// An answer of the JSON protocols of DynamoDB and SQS.
pub(crate) fn amz_json(status: StatusCode, body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static(AMZ_JSON));
    response
}

/// Lambda's `Invoke`.
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
