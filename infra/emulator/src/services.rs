//! All services, on one port.

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::dynamodb::{Reduced, Tables};
use crate::faults::{Faults, Service};
use crate::roles::{Need, Roles, SECRET, access_key, denied};
use crate::s3::Objects;
use crate::ses::Mailbox;
use crate::sqs::Queues;
use crate::wire::amz_json;
use crate::{s3, ses, sqs};

/// DynamoDB's limit, the largest of the services but S3.
const BODY_LIMIT: usize = 16 * 1024 * 1024;

/// What answers the SDKs of DynamoDB, SQS, S3 and SES.
pub struct Services {
    /// DynamoDB's.
    pub tables: Tables,
    /// SQS's.
    pub queues: Arc<Queues>,
    /// S3's.
    pub objects: Arc<Objects>,
    /// SES's.
    pub mailbox: Arc<Mailbox>,
    /// What goes wrong.
    pub faults: Arc<Faults>,
    /// Who may do what.
    pub roles: Roles,
    /// The port that they are served on; the URLs of queues lead to it.
    pub port: u16,
}

impl Services {
    /// Answers a request. Signatures are not looked at, but for those that S3's callers
    /// hand on to others: whoever is on this machine is its operator. Whether it comes from there is for the caller to see to
    /// ([`crate::wire::is_for_this_machine`]).
    pub async fn answer(&self, parts: &Parts, body: Body) -> Response {
        if s3::is_for_s3(parts) {
            if let Some(denied) = self.denied(parts, Service::S3, || s3::needs(parts)) {
                return denied;
            }
            let caller = access_key(parts);
            let known = caller.filter(|caller| self.roles.contains_key(caller));
            let call = s3::answer(&self.objects, parts, body, known.map(|_| SECRET));
            return self
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
        let target = parts
            .headers
            .get("x-amz-target")
            .and_then(|target| target.to_str().ok());
        match (
            &parts.method,
            target.and_then(|target| target.split_once('.')),
        ) {
            (&Method::POST, Some(("DynamoDB_20120810", operation))) => {
                let needs = || self.tables.needs(operation, &body);
                if let Some(denied) = self.denied(parts, Service::DynamoDb, needs) {
                    return denied;
                }
                let body = match self.faults.reduce(operation, &body) {
                    Reduced::AsItIs => body,
                    Reduced::Changed(body) => body,
                    Reduced::Answered(answer) => return amz_json(StatusCode::OK, answer),
                };
                let call = self.call_table(operation, &body);
                self.befall(Service::DynamoDb, operation, &body, call).await
            }
            (&Method::POST, Some(("AmazonSQS", operation))) => {
                let needs = || sqs::needs(operation, &body);
                if let Some(denied) = self.denied(parts, Service::Sqs, needs) {
                    return denied;
                }
                let call = async {
                    match sqs::call(&self.queues, self.port, operation, &body).await {
                        Ok(answer) => amz_json(StatusCode::OK, answer),
                        Err(error) => error.into_response(),
                    }
                };
                self.befall(Service::Sqs, operation, &body, call).await
            }
            (&Method::POST, None) if is_form(&parts.headers) => {
                if let Some(denied) = self.denied(parts, Service::Ses, || ses::needs(&body)) {
                    return denied;
                }
                let call = async { ses::call(&self.mailbox, &body) };
                self.befall(Service::Ses, "", &body, call).await
            }
            (_, target) => {
                let path = parts.uri.path();
                tracing::warn!(method = %parts.method, path, ?target, "a call of an API that the emulator does not know");
                let error = json!({
                    "__type": "com.amazon.coral.service#UnknownOperationException",
                    "message": "the emulator does not know this operation",
                });
                amz_json(StatusCode::BAD_REQUEST, error.to_string())
            }
        }
    }

    /// The answer to a call whose caller has a role that does not allow it.
    fn denied(
        &self,
        parts: &Parts,
        service: Service,
        needs: impl FnOnce() -> Vec<Need>,
    ) -> Option<Response> {
        let caller = access_key(parts)?;
        let role = self.roles.get(&caller)?;
        let needs = needs();
        let forbidden = needs.iter().find(|need| !role(need))?;
        Some(denied(service, &caller, forbidden))
    }

    /// Calls DynamoDB, whose transactions take the time that the plan says.
    async fn call_table(&self, operation: &str, body: &[u8]) -> Response {
        let Some(time) = self.faults.transactions_take() else {
            let (status, body) = self.tables.answer(operation, body).await;
            return amz_json(status, body);
        };
        let under_way = match self.tables.begin(operation, body) {
            Ok(under_way) => under_way,
            Err((status, body)) => {
                self.faults.count_refused();
                return amz_json(status, body);
            }
        };
        let (status, body) = self.tables.answer(operation, body).await;
        // It is done, and its items are its own until it is answered. One that was
        // cancelled is over.
        if under_way.is_some() && status == StatusCode::OK {
            tokio::time::sleep(time).await;
        }
        drop(under_way);
        amz_json(status, body)
    }

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
