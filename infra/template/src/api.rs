//! The HTTP API: routes, who may take them, and how often.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;

use crate::error::TemplateError;
use crate::intrinsics::Scope;
use crate::typed::{Texts, scalar_text, typed};

/// About display and deployment.
const WITHOUT_MEANING: [&str; 4] = ["Description", "FailOnWarnings", "Name", "Tags"];

/// The methods that a route may be for.
const METHODS: [&str; 7] = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"];

/// A route of the HTTP API.
#[derive(Clone, Debug, PartialEq)]
pub struct Route {
    /// In capitals; `None` takes every method.
    pub method: Option<String>,
    /// `None` is the `$default` route.
    pub path: Option<Vec<Segment>>,
    /// As API Gateway writes it, such as `POST /tickets`.
    pub key: String,
    /// The function that answers.
    pub function: String,
    /// Whether it needs a token.
    pub authorized: bool,
}

/// A part of a route's path. The order is that of preference.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Segment {
    /// This text.
    Literal(String),
    /// Any text, which is handed on by this name.
    Parameter(String),
}

/// A JWT authorizer.
#[derive(Clone, Debug, PartialEq)]
pub struct Authorizer {
    /// Who signs the tokens.
    pub issuer: String,
    /// Whom they are for; any of these.
    pub audiences: Vec<String>,
}

/// How many requests each route takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    /// Requests a second, over time.
    pub rate: f64,
    /// Requests at once.
    pub burst: f64,
}

/// What pages of other origins may do with the API.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Cors {
    /// Where they may come from; `*` is anywhere.
    pub origins: Vec<String>,
    /// What they may do.
    pub methods: Vec<String>,
    /// Headers that they may send.
    pub headers: Vec<String>,
    /// Headers that they may read.
    pub exposed: Vec<String>,
}

/// The line that is written of each request.
#[derive(Clone, Debug, PartialEq)]
pub struct AccessLog {
    /// What it is made of.
    pub pieces: Vec<Piece>,
}

/// A piece of the line of a request.
#[derive(Clone, Debug, PartialEq)]
pub enum Piece {
    /// This text.
    Text(String),
    /// What is known of the request by this name, such as `requestId`.
    Variable(String),
}

/// What may stand in the line of a request.
const VARIABLES: [&str; 10] = [
    "authorizer.claims.sub",
    "error.message",
    "identity.sourceIp",
    "integration.latency",
    "integration.status",
    "requestId",
    "requestTime",
    "responseLatency",
    "routeKey",
    "status",
];

impl AccessLog {
    fn parse(id: &str, format: &str) -> Result<Self, TemplateError> {
        let mut pieces = Vec::new();
        let mut parts = format.split("$context.");
        pieces.extend(parts.next().map(|text| Piece::Text(text.to_owned())));
        for part in parts {
            let is_part = |c: char| c.is_ascii_alphanumeric() || c == '.' || c == '_';
            let end = part.find(|c| !is_part(c)).unwrap_or(part.len());
            let (name, text) = part.split_at(end);
            if !VARIABLES.contains(&name) {
                return Err(TemplateError::unknown(id, format_args!("$context.{name}")));
            }
            pieces.push(Piece::Variable(name.to_owned()));
            pieces.push(Piece::Text(text.to_owned()));
        }
        Ok(AccessLog { pieces })
    }
}

/// What the API says of all its routes.
#[derive(Debug, Default)]
pub(crate) struct Api {
    /// The name of the authorizer of routes that name none.
    pub(crate) default_authorizer: Option<String>,
    pub(crate) authorizer: Option<Authorizer>,
    pub(crate) limits: Option<Limits>,
    /// Of routes that have their own, by their keys.
    pub(crate) limits_of_routes: BTreeMap<String, Limits>,
    /// What is written of each request.
    pub(crate) access_log: Option<AccessLog>,
    pub(crate) cors: Option<Cors>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct CorsConfiguration {
    #[serde(default)]
    allow_origins: Texts,
    #[serde(default)]
    allow_methods: Texts,
    #[serde(default)]
    allow_headers: Texts,
    #[serde(default)]
    expose_headers: Texts,
    // A browser that asks again gets the same answer.
    #[serde(rename = "MaxAge", default)]
    _max_age: IgnoredAny,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct AccessLogSettings {
    // Here it is a file.
    #[serde(rename = "DestinationArn", default)]
    _destination_arn: IgnoredAny,
    format: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Properties {
    #[serde(default)]
    auth: Auth,
    default_route_settings: Option<RouteSettings>,
    #[serde(default)]
    route_settings: BTreeMap<String, RouteSettings>,
    access_log_settings: Option<AccessLogSettings>,
    cors_configuration: Option<CorsConfiguration>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Auth {
    default_authorizer: Option<String>,
    #[serde(default)]
    authorizers: BTreeMap<String, JwtAuthorizer>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct JwtAuthorizer {
    jwt_configuration: JwtConfiguration,
    #[serde(rename = "IdentitySource")]
    _identity_source: Option<IdentitySource>,
}

/// Where the token is.
#[derive(Deserialize)]
enum IdentitySource {
    #[serde(rename = "$request.header.Authorization")]
    Authorization,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct JwtConfiguration {
    issuer: String,
    #[serde(default)]
    audience: Texts,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct RouteSettings {
    throttling_rate_limit: Value,
    throttling_burst_limit: Value,
    #[serde(rename = "DetailedMetricsEnabled", default)]
    _detailed_metrics: IgnoredAny,
}

pub(crate) fn api(scope: &Scope<'_>, id: &str, properties: &Value) -> Result<Api, TemplateError> {
    let properties: Properties = scope.read(id, properties, &WITHOUT_MEANING)?;
    let mut declared = properties.auth.authorizers.into_values();
    let authorizer = declared.next().map(|authorizer| Authorizer {
        issuer: authorizer.jwt_configuration.issuer,
        audiences: authorizer.jwt_configuration.audience.0,
    });
    if declared.next().is_some() {
        return Err(TemplateError::unknown(id, "more than one authorizer"));
    }
    let limits = properties.default_route_settings;
    let of_routes = properties.route_settings.iter();
    let of_routes = of_routes.map(|(key, settings)| {
        let at = format!("RouteSettings.{key}");
        Ok((key.clone(), limits_of(id, &at, settings)?))
    });
    let access_log = properties.access_log_settings;
    Ok(Api {
        default_authorizer: properties.auth.default_authorizer,
        authorizer,
        limits: limits
            .map(|settings| limits_of(id, "DefaultRouteSettings", &settings))
            .transpose()?,
        limits_of_routes: of_routes.collect::<Result<_, _>>()?,
        access_log: access_log
            .map(|settings| AccessLog::parse(id, &settings.format))
            .transpose()?,
        cors: properties.cors_configuration.map(|cors| Cors {
            origins: cors.allow_origins.0,
            methods: cors.allow_methods.0,
            headers: cors.allow_headers.0,
            exposed: cors.expose_headers.0,
        }),
    })
}

fn limits_of(id: &str, at: &str, settings: &RouteSettings) -> Result<Limits, TemplateError> {
    let read = |name: &str, value: &Value| {
        let text = scalar_text(value);
        let number = text.and_then(|text| text.parse::<f64>().ok());
        number
            .filter(|number| *number >= 1.0)
            .ok_or_else(|| TemplateError::new(id, format!("{at}.{name} is no number")))
    };
    Ok(Limits {
        rate: read("ThrottlingRateLimit", &settings.throttling_rate_limit)?,
        burst: read("ThrottlingBurstLimit", &settings.throttling_burst_limit)?,
    })
}

/// An event of a function that a route stands for.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Event {
    // There is one API.
    #[serde(rename = "ApiId", default)]
    _api_id: IgnoredAny,
    method: Option<String>,
    path: Option<String>,
    #[serde(default)]
    auth: RouteAuth,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct RouteAuth {
    authorizer: Option<String>,
}

/// The route of an event. `authorizer` is that of routes that name none.
pub(crate) fn route(
    at: &str,
    event: Value,
    function: &str,
    authorizer: Option<&str>,
) -> Result<Route, TemplateError> {
    let event: Event = typed(at, event)?;
    let authorizer = event.auth.authorizer.as_deref().or(authorizer);
    let authorized = authorizer.is_some_and(|name| name != "NONE");
    let Some(path) = event.path.as_deref() else {
        return Ok(Route {
            method: None,
            path: None,
            key: "$default".to_owned(),
            function: function.to_owned(),
            authorized,
        });
    };
    let segments = path.trim_start_matches('/').split('/').map(|segment| {
        match segment
            .strip_prefix('{')
            .and_then(|name| name.strip_suffix('}'))
        {
            Some(name) if name.ends_with('+') => {
                Err(TemplateError::unknown(at, "greedy path parameters"))
            }
            Some(name) => Ok(Segment::Parameter(name.to_owned())),
            None => Ok(Segment::Literal(segment.to_owned())),
        }
    });
    let word = event.method.as_deref().unwrap_or("ANY").to_uppercase();
    let method = match word.as_str() {
        "ANY" => None,
        word if METHODS.contains(&word) => Some(word.to_owned()),
        word => {
            return Err(TemplateError::unknown(
                at,
                format_args!("the method {word}"),
            ));
        }
    };
    Ok(Route {
        method,
        path: Some(segments.collect::<Result<_, _>>()?),
        key: format!("{word} {path}"),
        function: function.to_owned(),
        authorized,
    })
}

/// Sorts routes as API Gateway chooses among them: literal paths before
/// parameters, a method before any, and `$default` last.
pub(crate) fn precedence(route: &Route) -> (bool, Option<&[Segment]>, bool) {
    (
        route.path.is_none(),
        route.path.as_deref(),
        route.method.is_none(),
    )
}
