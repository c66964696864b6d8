//! The API Gateway HTTP API: routes to invocations, with payload format 2.0.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use jiff::Timestamp;
use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use ulid::Ulid;

use crate::clock;
use crate::console::{self, Console};
use crate::intrinsics::ACCOUNT;
use crate::jwt::{Claims, Jwt};
use crate::runtime::{InvokeError, Runtime};
use crate::template::{Route, Segment};
use crate::throttle::Throttle;

/// The HTTP API's limit for a request.
const BODY_LIMIT: usize = 10 * 1024 * 1024;
/// The HTTP API's limit for an integration.
const INTEGRATION_LIMIT: Duration = Duration::from_secs(30);

/// What the API's port needs to answer.
pub(crate) struct Gateway {
    /// In the order in which they are tried.
    pub(crate) routes: Vec<Route>,
    pub(crate) throttle: Throttle,
    pub(crate) runtime: Arc<Runtime>,
    pub(crate) jwt: Jwt,
    pub(crate) console: Console,
    pub(crate) port: u16,
}

/// Answers every request to the API's port.
pub(crate) async fn gateway(State(gateway): State<Arc<Gateway>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    if !is_for_this_machine(&parts.headers) {
        return message(StatusCode::FORBIDDEN, "Forbidden");
    }
    if let Some(page) = parts.uri.path().strip_prefix("/_local/") {
        return console::answer(&gateway, page, &parts, body).await;
    }
    gateway.answer(parts, body).await
}

/// Whether a request names this machine as its host. A page of a foreign site
/// whose name was made to lead here (DNS rebinding) does not.
pub(crate) fn is_for_this_machine(headers: &HeaderMap) -> bool {
    let Some(host) = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok())
    else {
        return false;
    };
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.parse::<u16>().is_ok() => name,
        Some(_) | None => host,
    };
    matches!(name, "127.0.0.1" | "localhost" | "[::1]")
}

/// An answer of API Gateway's own.
pub(crate) fn message(status: StatusCode, text: &str) -> Response {
    json_response(status, &json!({ "message": text }))
}

/// The same where the caller is to come back. API Gateway's own answers leave it
/// to the caller when.
fn busy(status: StatusCode, text: &str) -> Response {
    let mut response = message(status, text);
    let soon = HeaderValue::from_static("1");
    response.headers_mut().insert(header::RETRY_AFTER, soon);
    response
}

/// JSON with its content type.
pub(crate) fn json_response(status: StatusCode, body: &Value) -> Response {
    let content_type = [(header::CONTENT_TYPE, "application/json")];
    (status, content_type, body.to_string()).into_response()
}

impl Gateway {
    async fn answer(&self, parts: Parts, body: Body) -> Response {
        // Before any refusal: a body that nobody reads ends the connection, and
        // fails the next request on it.
        let body = to_bytes(body, BODY_LIMIT).await;
        let Some((route, parameters)) = find(&self.routes, &parts.method, parts.uri.path()) else {
            return message(StatusCode::NOT_FOUND, "Not Found");
        };
        if !self.throttle.admits(&route.key, Instant::now()) {
            return busy(StatusCode::TOO_MANY_REQUESTS, "Too Many Requests");
        }
        let claims = match self.authorize(route, &parts.headers) {
            Ok(claims) => claims,
            Err(Unauthorized) => {
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
        let payload = match serde_json::to_vec(&self.event(
            &parts,
            route,
            &parameters,
            claims.as_deref(),
            &body,
        )) {
            Ok(payload) => Bytes::from(payload),
            Err(error) => {
                tracing::error!(%error, route = route.key, "an event could not be written");
                return message(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error");
            }
        };
        let invocation = self.runtime.invoke_if_room(&route.function, payload);
        match tokio::time::timeout(INTEGRATION_LIMIT, invocation).await {
            Ok(Ok(answer)) => response(&answer).unwrap_or_else(|problem| {
                tracing::error!(
                    problem,
                    route = route.key,
                    "a function's answer is not a response"
                );
                message(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error")
            }),
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

    fn event<'a>(
        &self,
        parts: &'a Parts,
        route: &'a Route,
        parameters: &'a BTreeMap<&'a str, String>,
        claims: Option<&Map<String, Value>>,
        body: &'a [u8],
    ) -> Event<'a> {
        let query = parts.uri.query().unwrap_or_default();
        let now = clock::now();
        let (body, is_base64_encoded) = event_body(&parts.headers, body);
        let text = |name| {
            parts
                .headers
                .get(name)
                .and_then(|value: &HeaderValue| value.to_str().ok())
        };
        let cookies =
            text(header::COOKIE).map(|cookies| cookies.split(';').map(str::trim).collect());
        Event {
            version: "2.0",
            route_key: &route.key,
            raw_path: parts.uri.path(),
            raw_query_string: query,
            cookies,
            headers: self.event_headers(&parts.headers),
            query_string_parameters: query_parameters(query),
            path_parameters: Some(parameters).filter(|all| !all.is_empty()),
            request_context: RequestContext {
                account_id: ACCOUNT,
                api_id: "local",
                authorizer: claims.map(|claims| {
                    let claims: Map<_, _> = claims
                        .iter()
                        .map(|(name, value)| (name.clone(), claim_text(value).into()))
                        .collect();
                    json!({ "jwt": { "claims": claims, "scopes": null } })
                }),
                domain_name: text(header::HOST).unwrap_or_default(),
                domain_prefix: "local",
                http: Http {
                    method: parts.method.as_str(),
                    path: parts.uri.path(),
                    protocol: "HTTP/1.1",
                    source_ip: "127.0.0.1",
                    user_agent: text(header::USER_AGENT).unwrap_or_default(),
                },
                request_id: Ulid::generate().to_string(),
                route_key: &route.key,
                stage: "$default",
                time: request_time(now),
                time_epoch: now.as_millisecond(),
            },
            body,
            is_base64_encoded,
        }
    }

    fn event_headers(&self, headers: &HeaderMap) -> BTreeMap<String, String> {
        let mut result: BTreeMap<String, String> = BTreeMap::new();
        for (name, value) in headers.iter().filter(|(name, _)| *name != header::COOKIE) {
            let value = String::from_utf8_lossy(value.as_bytes());
            result
                .entry(name.as_str().to_owned())
                .and_modify(|joined| {
                    joined.push(',');
                    joined.push_str(&value);
                })
                .or_insert_with(|| value.into_owned());
        }
        // As AWS, what a client claims of its way here is added to.
        let mut forward = |name: &str, value: String| match result.get_mut(name) {
            Some(claimed) if name == "x-forwarded-for" => *claimed = format!("{claimed}, {value}"),
            Some(claimed) => *claimed = value,
            None => drop(result.insert(name.to_owned(), value)),
        };
        forward("x-forwarded-for", "127.0.0.1".to_owned());
        forward("x-forwarded-port", self.port.to_string());
        forward("x-forwarded-proto", "http".to_owned());
        result
    }
}

struct Unauthorized;

/// The first route that takes a request, and the parameters of its path.
fn find<'a>(
    routes: &'a [Route],
    method: &Method,
    path: &str,
) -> Option<(&'a Route, BTreeMap<&'a str, String>)> {
    let segments: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    routes.iter().find_map(|route| {
        if route.method.as_ref().is_some_and(|wanted| wanted != method) {
            return None;
        }
        let Some(pattern) = &route.path else {
            return Some((route, BTreeMap::new()));
        };
        if pattern.len() != segments.len() {
            return None;
        }
        let mut parameters = BTreeMap::new();
        for (pattern, segment) in pattern.iter().zip(&segments) {
            match pattern {
                Segment::Literal(literal) if literal == segment => {}
                Segment::Parameter(name) if !segment.is_empty() => {
                    let value = percent_decode_str(segment).decode_utf8_lossy().into_owned();
                    parameters.insert(name.as_str(), value);
                }
                Segment::Literal(_) | Segment::Parameter(_) => return None,
            }
        }
        Some((route, parameters))
    })
}

/// The parameters of a query; values of the same name are joined by commas.
fn query_parameters(query: &str) -> Option<BTreeMap<String, String>> {
    let mut result: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        result
            .entry(name.into_owned())
            .and_modify(|joined| {
                joined.push(',');
                joined.push_str(&value);
            })
            .or_insert_with(|| value.into_owned());
    }
    Some(result).filter(|all| !all.is_empty())
}

/// A claim as the authorizer hands it on: everything is a string.
fn claim_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => {
            let items: Vec<_> = items.iter().map(claim_text).collect();
            format!("[{}]", items.join(" "))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => value.to_string(),
    }
}

/// A body as text where its type says so, and in base64 otherwise; a form
/// counts as binary there, too.
fn event_body<'a>(
    headers: &HeaderMap,
    body: &'a [u8],
) -> (Option<std::borrow::Cow<'a, str>>, bool) {
    if body.is_empty() {
        return (None, false);
    }
    let content_type = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let content_type = content_type.unwrap_or("text/plain").to_ascii_lowercase();
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    let is_text = essence.starts_with("text/")
        || essence.ends_with("json")
        || essence.ends_with("xml")
        || essence.ends_with("javascript");
    match std::str::from_utf8(body) {
        Ok(text) if is_text => (Some(text.into()), false),
        Ok(_) | Err(_) => (Some(BASE64_STANDARD.encode(body).into()), true),
    }
}

/// The time as in the Common Log Format, which API Gateway uses.
fn request_time(now: Timestamp) -> String {
    now.strftime("%d/%b/%Y:%H:%M:%S +0000").to_string()
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Event<'a> {
    version: &'a str,
    route_key: &'a str,
    raw_path: &'a str,
    raw_query_string: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    cookies: Option<Vec<&'a str>>,
    headers: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    query_string_parameters: Option<BTreeMap<String, String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path_parameters: Option<&'a BTreeMap<&'a str, String>>,
    request_context: RequestContext<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<std::borrow::Cow<'a, str>>,
    is_base64_encoded: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RequestContext<'a> {
    account_id: &'a str,
    api_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    authorizer: Option<Value>,
    domain_name: &'a str,
    domain_prefix: &'a str,
    http: Http<'a>,
    request_id: String,
    route_key: &'a str,
    stage: &'a str,
    time: String,
    time_epoch: i64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Http<'a> {
    method: &'a str,
    path: &'a str,
    protocol: &'a str,
    source_ip: &'a str,
    user_agent: &'a str,
}

/// A function's answer in payload format 2.0.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    status_code: u16,
    #[serde(default)]
    headers: Option<BTreeMap<String, Value>>,
    #[serde(default)]
    multi_value_headers: Option<BTreeMap<String, Vec<Value>>>,
    #[serde(default)]
    cookies: Option<Vec<String>>,
    #[serde(default)]
    body: Option<String>,
    #[serde(default)]
    is_base64_encoded: bool,
}

/// Turns a function's answer into a response, or says why it is none.
fn response(answer: &[u8]) -> Result<Response, String> {
    let answer: Answer = match serde_json::from_slice(answer) {
        Ok(answer) => answer,
        // Without a status code, the answer as a whole is the body.
        Err(_) => {
            let value: Value = serde_json::from_slice(answer).map_err(|error| error.to_string())?;
            if value.get("statusCode").is_some() {
                return Err("its fields are not those of a response".to_owned());
            }
            return Ok(json_response(StatusCode::OK, &value));
        }
    };
    let body = match answer.body {
        Some(body) if answer.is_base64_encoded => BASE64_STANDARD
            .decode(body)
            .map_err(|error| format!("its body: {error}"))?
            .into(),
        Some(body) => Body::from(body),
        None => Body::empty(),
    };
    let mut response = Response::new(body);
    *response.status_mut() =
        StatusCode::from_u16(answer.status_code).map_err(|error| error.to_string())?;
    let single = answer
        .headers
        .into_iter()
        .flatten()
        .map(|(name, value)| (name, vec![value]));
    let several = answer.multi_value_headers.into_iter().flatten();
    let cookies = answer
        .cookies
        .into_iter()
        .flatten()
        .map(|cookie| ("set-cookie".to_owned(), vec![cookie.into()]));
    for (name, values) in several.chain(single).chain(cookies) {
        let name = HeaderName::try_from(name).map_err(|error| error.to_string())?;
        // The server counts the body itself.
        if name == header::CONTENT_LENGTH || name == header::TRANSFER_ENCODING {
            continue;
        }
        // A name that is in both maps counts once, with the single value.
        let replace = name != header::SET_COOKIE;
        for (index, value) in values.iter().enumerate() {
            let text = value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned);
            let value = HeaderValue::try_from(text).map_err(|error| error.to_string())?;
            if replace && index == 0 {
                response.headers_mut().insert(name.clone(), value);
            } else {
                response.headers_mut().append(name.clone(), value);
            }
        }
    }
    if !response.headers().contains_key(header::CONTENT_TYPE) && answer.status_code != 204 {
        let json = HeaderValue::from_static("application/json");
        response.headers_mut().insert(header::CONTENT_TYPE, json);
    }
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literal_paths_come_before_parameters_and_the_default_last() {
        let text = "
Resources:
  F:
    Type: AWS::Serverless::Function
    Metadata: { BuildProperties: { Binary: f } }
    Properties:
      Events:
        A: { Type: HttpApi, Properties: {} }
        B: { Type: HttpApi, Properties: { Path: '/tickets/{ref}' } }
        C: { Type: HttpApi, Properties: { Method: GET, Path: '/tickets/{ref}' } }
        D: { Type: HttpApi, Properties: { Method: GET, Path: /tickets/mine } }";
        let template = crate::template::Template::parse(text, &[], &[], 1).unwrap();
        let found = |method: Method, path: &str| {
            find(&template.routes, &method, path).unwrap().0.key.clone()
        };
        assert_eq!(found(Method::GET, "/tickets/mine"), "GET /tickets/mine");
        assert_eq!(found(Method::GET, "/tickets/7"), "GET /tickets/{ref}");
        assert_eq!(found(Method::PUT, "/tickets/7"), "ANY /tickets/{ref}");
        assert_eq!(found(Method::GET, "/tickets/"), "$default");
        assert_eq!(found(Method::GET, "/tickets/7/events"), "$default");
    }

    #[test]
    fn only_names_of_this_machine_are_its_hosts() {
        for (host, expected) in [
            ("127.0.0.1:8080", true),
            ("localhost", true),
            ("[::1]:8080", true),
            ("evil.example:8080", false),
            ("localhost.evil.example", false),
            ("127.0.0.1.evil.example:1", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, HeaderValue::from_static(host));
            assert_eq!(is_for_this_machine(&headers), expected, "{host}");
        }
        assert!(!is_for_this_machine(&HeaderMap::new()));
    }
}
