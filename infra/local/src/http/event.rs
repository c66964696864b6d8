//! A request as a function is told of it: payload format 2.0.

use std::borrow::Cow;
use std::collections::BTreeMap;

use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, header};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use emulator::arn::ACCOUNT;
use emulator::clock;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value, json};
use template::Route;

/// Payload format 2.0.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Event<'a> {
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
    body: Option<Cow<'a, str>>,
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
    request_id: &'a str,
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

/// What a function is told of a request.
pub(super) fn event<'a>(
    parts: &'a Parts,
    request_id: &'a str,
    route: &'a Route,
    parameters: &'a BTreeMap<&'a str, String>,
    claims: Option<&Map<String, Value>>,
    body: &'a [u8],
    port: u16,
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
    let cookies = text(header::COOKIE).map(|cookies| cookies.split(';').map(str::trim).collect());
    Event {
        version: "2.0",
        route_key: &route.key,
        raw_path: parts.uri.path(),
        raw_query_string: query,
        cookies,
        headers: event_headers(&parts.headers, port),
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
            request_id,
            route_key: &route.key,
            stage: "$default",
            time: request_time(now),
            time_epoch: now.as_millisecond(),
        },
        body,
        is_base64_encoded,
    }
}

fn event_headers(headers: &HeaderMap, port: u16) -> BTreeMap<String, String> {
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
    forward("x-forwarded-port", port.to_string());
    forward("x-forwarded-proto", "http".to_owned());
    result
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
fn event_body<'a>(headers: &HeaderMap, body: &'a [u8]) -> (Option<Cow<'a, str>>, bool) {
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
pub(super) fn request_time(now: Timestamp) -> String {
    now.strftime("%d/%b/%Y:%H:%M:%S +0000").to_string()
}
