//! Requests as the API gateway hands them over, and the answers of functions.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use cloud::session::COOKIE;
use serde_json::{Map, Value, json};
use template::{Route, Segment};

/// A request of somebody.
#[derive(Clone, Debug)]
pub struct Request {
    method: &'static str,
    path: String,
    claims: Option<Value>,
    headers: Map<String, Value>,
    cookies: Vec<String>,
    body: Option<Vec<u8>>,
}

/// `GET path`, with its query.
pub fn get(path: impl Into<String>) -> Request {
    Request::new("GET", path.into())
}

/// `POST path`, without a body so far.
pub fn post(path: impl Into<String>) -> Request {
    Request::new("POST", path.into())
}

/// `PUT path`, without a body so far.
pub fn put(path: impl Into<String>) -> Request {
    Request::new("PUT", path.into())
}

/// `DELETE path`.
pub fn delete(path: impl Into<String>) -> Request {
    Request::new("DELETE", path.into())
}

impl Request {
    fn new(method: &'static str, path: String) -> Self {
        Request {
            method,
            path,
            claims: None,
            headers: Map::new(),
            cookies: Vec::new(),
            body: None,
        }
    }

    /// Signed in, with a verified address.
    #[must_use]
    pub fn by(self, email: &str) -> Self {
        self.claiming(json!({ "email": email, "email_verified": "true" }))
    }

    /// Signed in, with these claims.
    #[must_use]
    pub fn claiming(mut self, claims: Value) -> Self {
        self.claims = Some(claims);
        self
    }

    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.insert(name.to_owned(), json!(value));
        self
    }

    /// With a cookie, as the gateway hands it over: apart from the headers.
    #[must_use]
    pub fn cookie(mut self, name: &str, value: &str) -> Self {
        self.cookies.push(format!("{name}={value}"));
        self
    }

    /// A browser's, of somebody who signed in to the pages.
    #[must_use]
    pub fn seen_by(self, session: &str) -> Self {
        self.cookie(COOKIE, session).header("accept", "text/html")
    }

    /// Sent by a page of this host, as browsers say.
    #[must_use]
    pub fn from_own_page(self) -> Self {
        self.header("sec-fetch-site", "same-origin")
    }

    /// Under an idempotency key.
    #[must_use]
    pub fn key(self, key: &str) -> Self {
        self.header("idempotency-key", key)
    }

    #[must_use]
    pub fn json(self, body: Value) -> Self {
        self.body("application/json", &body.to_string())
    }

    /// What an HTML form sends.
    #[must_use]
    pub fn form(self, fields: &[(&str, &str)]) -> Self {
        let body = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish();
        self.body("application/x-www-form-urlencoded", &body)
    }

    #[must_use]
    pub fn body(self, content_type: &str, body: &str) -> Self {
        self.bytes(content_type, body.as_bytes())
    }

    /// Whatever it is, a file for one.
    #[must_use]
    pub fn bytes(mut self, content_type: &str, body: &[u8]) -> Self {
        self.body = Some(body.to_owned());
        self.header("content-type", content_type)
    }

    /// The event of it, for a function with these routes.
    ///
    /// # Panics
    /// When none of the routes takes it.
    pub(crate) fn event(&self, routes: impl Iterator<Item = &'static Route>) -> Value {
        let (path, query) = self.path.split_once('?').unwrap_or((&self.path, ""));
        let found = routes
            .filter(|route| route.method.as_ref().is_none_or(|m| m == self.method))
            .find_map(|route| Some((route.key.as_str(), matching(route, path)?)));
        let Some((key, parameters)) = found else {
            panic!("{} {path} is no route of this function", self.method)
        };
        // A form counts as binary, and so does what is no text.
        let kind = self.headers.get("content-type").and_then(Value::as_str);
        let forms = ["application/x-www-form", "multipart/form-data"];
        let is_form = kind.is_some_and(|kind| forms.iter().any(|form| kind.starts_with(form)));
        let text = |body: &[u8]| std::str::from_utf8(body).ok().map(str::to_owned);
        let text = self.body.as_deref().map(text).filter(|_| !is_form);
        let is_binary = self.body.is_some() && text.as_ref().is_none_or(Option::is_none);
        let body = match text.flatten() {
            Some(text) => Some(text),
            None => self.body.as_ref().map(|body| BASE64_STANDARD.encode(body)),
        };
        let mut parameters_of_query = Map::new();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            parameters_of_query.insert(name.into_owned(), json!(value));
        }
        let authorizer = self.claims.as_ref();
        let authorizer =
            authorizer.map(|claims| json!({ "jwt": { "claims": claims, "scopes": null } }));
        let mut event = json!({
            "version": "2.0",
            "routeKey": key,
            "rawPath": path,
            "rawQueryString": query,
            "headers": self.headers,
            "requestContext": {
                "accountId": "000000000000",
                "apiId": "in-process",
                "authorizer": authorizer,
                "domainName": "mesa.example",
                "domainPrefix": "mesa",
                "http": {
                    "method": self.method,
                    "path": path,
                    "protocol": "HTTP/1.1",
                    "sourceIp": "127.0.0.1",
                    "userAgent": "in-process",
                },
                "requestId": "in-process",
                "routeKey": key,
                "stage": "$default",
                "time": "23/Nov/2026:13:00:00 +0000",
                "timeEpoch": 1_795_438_800_000_i64,
            },
            "body": body,
            "isBase64Encoded": is_binary,
        });
        if !self.cookies.is_empty() {
            event["cookies"] = json!(self.cookies);
        }
        if !parameters_of_query.is_empty() {
            event["queryStringParameters"] = parameters_of_query.into();
        }
        if !parameters.is_empty() {
            event["pathParameters"] = parameters.into();
        }
        event
    }
}

/// The parameters of a path that a route takes.
fn matching(route: &Route, path: &str) -> Option<Map<String, Value>> {
    let mut parameters = Map::new();
    let Some(pattern) = &route.path else {
        return Some(parameters);
    };
    let parts: Vec<_> = path.trim_start_matches('/').split('/').collect();
    if parts.len() != pattern.len() {
        return None;
    }
    for (wanted, found) in pattern.iter().zip(parts) {
        match wanted {
            Segment::Literal(text) if text == found => {}
            Segment::Parameter(name) if !found.is_empty() => {
                parameters.insert(name.clone(), json!(found));
            }
            Segment::Literal(_) | Segment::Parameter(_) => return None,
        }
    }
    Some(parameters)
}

/// A function's answer to a request.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u64,
    headers: Map<String, Value>,
    /// As each stands behind `Set-Cookie`.
    pub cookies: Vec<String>,
    pub body: String,
}

impl Answer {
    pub(crate) fn read(answer: &str) -> Self {
        let answer: Value = serde_json::from_str(answer).unwrap();
        Answer {
            status: answer["statusCode"].as_u64().unwrap(),
            headers: answer["headers"].as_object().cloned().unwrap_or_default(),
            cookies: serde_json::from_value(answer["cookies"].clone()).unwrap_or_default(),
            body: answer["body"].as_str().unwrap_or_default().to_owned(),
        }
    }

    /// A header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(Value::as_str)
    }

    /// The value that a cookie is set to.
    pub fn cookie(&self, name: &str) -> Option<&str> {
        let mut pairs = self
            .cookies
            .iter()
            .filter_map(|cookie| cookie.split_once('='));
        let (_, rest) = pairs.find(|(found, _)| *found == name)?;
        rest.split(';').next()
    }

    /// The body.
    ///
    /// # Panics
    /// When it is not JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|e| panic!("{e}: {}", self.body))
    }

    /// The body of an answer with this status.
    ///
    /// # Panics
    /// When it has another one.
    #[track_caller]
    pub fn must_be(&self, status: u64) -> Value {
        assert_eq!(self.status, status, "{}", self.body);
        self.json()
    }

    /// A problem with this status and code (RFC 9457).
    ///
    /// # Panics
    /// When it is none, or another one.
    #[track_caller]
    pub fn must_refuse(&self, status: u64, code: &str) -> Value {
        let problem = self.must_be(status);
        assert_eq!(problem["code"], code, "{problem}");
        let kind = self.header("content-type").unwrap_or_default();
        assert!(kind.starts_with("application/problem+json"), "{kind}");
        problem
    }
}
