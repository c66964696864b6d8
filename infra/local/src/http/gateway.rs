//! The API Gateway HTTP API: routes to invocations.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes, to_bytes};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use emulator::clock;
use template::{Cors, Route};

use crate::http::access::{AccessLines, Seen};
use crate::http::answers::{busy, message};
use crate::http::cors;
use crate::http::event::{event, request_time};
use crate::http::jwt::{Claims, Jwt};
use crate::http::response::response;
use crate::http::routes::find;
use crate::http::throttle::Throttle;
use crate::lambda::{InvokeError, Runtime};
use crate::watch::Metrics;

/// The HTTP API's limit for a request.
const BODY_LIMIT: usize = 10 * 1024 * 1024;
/// The HTTP API's limit for an integration.
const INTEGRATION_LIMIT: Duration = Duration::from_secs(30);

/// The API.
pub(crate) struct Gateway {
    /// In the order in which they are tried.
    pub(crate) routes: Vec<Route>,
    pub(crate) throttle: Throttle,
    pub(crate) runtime: Arc<Runtime>,
    pub(crate) jwt: Arc<Jwt>,
    pub(crate) log: AccessLines,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) port: u16,
    /// What pages of other origins may do.
    pub(crate) cors: Option<Cors>,
}

impl Gateway {
    /// Answers a request, and takes down what it came to.
    pub(super) async fn answer(&self, parts: Parts, body: Body) -> Response {
        let began = Instant::now();
        let mut seen = Seen::new(request_time(clock::now()));
        let shared = self.cors.as_ref();
        let shared = shared.and_then(|cors| cors::headers(cors, &parts));
        let mut answer = match &shared {
            Some(_) if cors::is_preflight(&parts) => StatusCode::NO_CONTENT.into_response(),
            Some(_) | None => self.respond(&parts, body, &mut seen).await,
        };
        answer.headers_mut().extend(shared.unwrap_or_default());
        if let Ok(id) = HeaderValue::try_from(seen.request_id.as_str()) {
            answer.headers_mut().insert("apigw-requestid", id);
        }
        let (status, took) = (answer.status(), began.elapsed());
        self.log.write(&seen, status, took);
        let is = |class: bool| f64::from(u8::from(class));
        let values = [
            ("Count", 1.0),
            ("4xx", is(status.is_client_error())),
            ("5xx", is(status.is_server_error())),
            ("Latency", took.as_secs_f64() * 1_000.0),
        ];
        for (name, value) in values {
            // The one API's name is its place in the template.
            let of = [("ApiId", "Api")];
            self.metrics.record("AWS/ApiGateway", name, &of, value);
        }
        answer
    }

    async fn respond(&self, parts: &Parts, body: Body, seen: &mut Seen) -> Response {
        // Before any refusal: a body that nobody reads ends the connection, and
        // fails the next request on it.
        let body = to_bytes(body, BODY_LIMIT).await;
        let Some((route, parameters)) = find(&self.routes, &parts.method, parts.uri.path()) else {
            return message(StatusCode::NOT_FOUND, "Not Found");
        };
        seen.route = Some(route.key.clone());
        if !self.throttle.admits(&route.key, Instant::now()) {
            return busy(StatusCode::TOO_MANY_REQUESTS, "Too Many Requests");
        }
        let claims = match self.authorize(route, &parts.headers) {
            Ok(claims) => claims,
            Err(Unauthorized) => {
                seen.error = Some("Unauthorized");
                let mut response = message(StatusCode::UNAUTHORIZED, "Unauthorized");
                let bearer = HeaderValue::from_static("Bearer");
                response
                    .headers_mut()
                    .insert(header::WWW_AUTHENTICATE, bearer);
                return response;
            }
        };
        let Ok(body) = body else {
            return message(StatusCode::PAYLOAD_TOO_LARGE, "Request Entity Too Large");
        };
        let subject = claims.as_ref().and_then(|claims| claims.get("sub"));
        seen.subject = subject
            .and_then(|subject| subject.as_str())
            .map(str::to_owned);
        let payload = match serde_json::to_vec(&event(
            parts,
            &seen.request_id,
            route,
            &parameters,
            claims.as_deref(),
            &body,
            self.port,
        )) {
            Ok(payload) => Bytes::from(payload),
            Err(error) => {
                tracing::error!(%error, route = route.key, "an event could not be written");
                return message(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error");
            }
        };
        let invocation = self.runtime.invoke_if_room(&route.function, payload);
        let began = Instant::now();
        let invoked = tokio::time::timeout(INTEGRATION_LIMIT, invocation).await;
        seen.integration = Some((None, began.elapsed()));
        match invoked {
            Ok(Ok(answer)) => match response(&answer) {
                Ok(response) => {
                    seen.integration = Some((Some(response.status()), began.elapsed()));
                    response
                }
                Err(problem) => {
                    tracing::error!(
                        problem,
                        route = route.key,
                        "a function's answer is not a response"
                    );
                    message(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error")
                }
            },
            Ok(Err(InvokeError::Stopping | InvokeError::TooManyRequests)) | Err(_) => {
                busy(StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable")
            }
            Ok(Err(error)) => {
                tracing::error!(%error, route = route.key, function = route.function, "an invocation failed");
                message(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error")
            }
        }
    }

    fn authorize(
        &self,
        route: &Route,
        headers: &HeaderMap,
    ) -> Result<Option<Claims>, Unauthorized> {
        if !route.authorized {
            return Ok(None);
        }
        let value = headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok());
        let value = value.ok_or(Unauthorized)?.trim();
        let token = match value.split_once(' ') {
            Some((scheme, token)) if scheme.eq_ignore_ascii_case("Bearer") => token.trim(),
            Some(_) | None => value,
        };
        self.jwt.accept(token).map(Some).ok_or(Unauthorized)
    }
}

/// The request has no token that is good.
struct Unauthorized;
