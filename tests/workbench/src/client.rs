//! HTTP, as a person of the entity, or nobody, would speak it.

use std::collections::HashMap;
use std::fmt::Display;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};
use types::api;
use ureq::http::{self, HeaderMap};

/// Longer than the host lets any request take.
const TIMEOUT: Duration = Duration::from_secs(60);

/// The list of all mails has no pages.
const MAX_BODY: u64 = 1 << 30;

/// Why a request came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// No whole answer came; the host may have done what was asked all the same.
    #[error("{what} got no answer: {cause}")]
    NoAnswer {
        what: String,
        cause: Box<ureq::Error>,
    },
    /// The host gave no development token.
    #[error("no token for {email}: {status} {body}")]
    NoToken {
        email: String,
        status: u16,
        body: String,
    },
}

/// Speaks to one host as one person, or as nobody. Clones share connections and
/// tokens, and may be used by many threads at once.
///
/// What begins with `try_` gives an error to whoever can do something about it.
/// Everything else is written for tests: it panics where it fails.
#[derive(Clone)]
pub struct Client {
    shared: Arc<Shared>,
    authorization: Option<String>,
}

struct Shared {
    base: String,
    agent: ureq::Agent,
    /// Tokens by e-mail address.
    tokens: Mutex<HashMap<String, String>>,
}

/// A request that needs more than [`Client::get`] and [`Client::post`] give.
#[must_use = "it is not sent yet"]
pub struct Request<'a> {
    client: &'a Client,
    method: String,
    path: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

/// What came back.
#[derive(Clone, Debug)]
pub struct Answer {
    /// What was asked: method and path.
    asked: (String, String),
    pub status: u16,
    pub headers: HeaderMap,
    pub body: String,
}

impl Client {
    /// Nobody, at `base` (`http://127.0.0.1:8080`).
    pub fn new(base: &str) -> Self {
        Client {
            shared: Arc::new(Shared {
                base: base.to_owned(),
                agent: agent(),
                tokens: Mutex::default(),
            }),
            authorization: None,
        }
    }

    /// Nobody, at this port of this machine.
    pub fn of_port(port: u16) -> Self {
        Self::new(&format!("http://127.0.0.1:{port}"))
    }

    /// Nobody, at the same host, with connections that nobody else uses.
    #[must_use]
    pub fn with_own_connections(&self) -> Self {
        Self::new(&self.shared.base)
    }

    /// The same person with the connections of `other`.
    #[must_use]
    pub fn by_way_of(&self, other: &Client) -> Self {
        Client {
            shared: Arc::clone(&other.shared),
            authorization: self.authorization.clone(),
        }
    }

    /// The person with this address, with a development token. It is asked for
    /// once for each address.
    ///
    /// # Errors
    /// When the host gives no token.
    pub fn try_signed_in(&self, email: &str) -> Result<Client, ClientError> {
        let tokens = self.shared.tokens.lock();
        let mut tokens = tokens.unwrap_or_else(PoisonError::into_inner);
        let token = match tokens.get(email) {
            Some(token) => token.clone(),
            None => {
                let token = self.try_token(&json!({ "email": email }))?;
                tokens.insert(email.to_owned(), token.clone());
                token
            }
        };
        Ok(self.authorized(&format!("Bearer {token}")))
    }

    /// A development token: `email`, and optionally `expires_in` in seconds and
    /// `audience`.
    fn try_token(&self, wanted: &Value) -> Result<String, ClientError> {
        let request = self.request("POST", "/_local/token").json(wanted);
        let answer = request.try_send()?;
        match answer.value()["token"].as_str() {
            Some(token) if answer.status == 200 => Ok(token.to_owned()),
            _ => Err(ClientError::NoToken {
                email: wanted["email"].to_string(),
                status: answer.status,
                body: answer.body,
            }),
        }
    }

    /// Somebody with this `Authorization`.
    #[must_use]
    pub fn authorized(&self, authorization: &str) -> Client {
        Client {
            shared: Arc::clone(&self.shared),
            authorization: Some(authorization.to_owned()),
        }
    }

    /// Where it speaks to.
    pub fn base(&self) -> &str {
        &self.shared.base
    }

    /// A request, to be [sent](Request::try_send).
    pub fn request(&self, method: &str, path: &str) -> Request<'_> {
        Request {
            client: self,
            method: method.to_owned(),
            path: path.to_owned(),
            headers: Vec::new(),
            body: Vec::new(),
        }
    }
}

/// Connections of one's own.
fn agent() -> ureq::Agent {
    let configuration = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .max_idle_connections(256)
        .max_idle_connections_per_host(256)
        .proxy(None)
        .timeout_global(Some(TIMEOUT))
        .build();
    configuration.into()
}

/// What tests ask for.
#[expect(
    clippy::unwrap_used,
    reason = "an answer of another shape fails the test that got it"
)]
impl Client {
    /// [`Self::try_signed_in`] where there has to be a token.
    #[track_caller]
    pub fn signed_in(&self, email: &str) -> Client {
        match self.try_signed_in(email) {
            Ok(client) => client,
            Err(error) => panic!("{error}"),
        }
    }

    /// A development token: `email`, and optionally `expires_in` in seconds and
    /// `audience`.
    #[track_caller]
    pub fn token(&self, wanted: &Value) -> String {
        match self.try_token(wanted) {
            Ok(token) => token,
            Err(error) => panic!("{error}"),
        }
    }

    /// GET.
    #[track_caller]
    pub fn get(&self, path: &str) -> Answer {
        self.request("GET", path).send()
    }

    /// POST of JSON.
    #[track_caller]
    pub fn post(&self, path: &str, body: &Value) -> Answer {
        self.request("POST", path).json(body).send()
    }

    /// PUT of JSON.
    #[track_caller]
    pub fn put(&self, path: &str, body: &Value) -> Answer {
        self.request("PUT", path).json(body).send()
    }

    /// Registers a request of one's own, and gives the ticket.
    #[track_caller]
    pub fn register(&self, category: &str, title: &str) -> Value {
        let body = json!({
            "title": title,
            "description": "Descripción del problema.",
            "category": category,
        });
        self.post("/tickets", &body).must_be(201).json()
    }

    /// The ticket that a number or an id names, as this person sees it.
    #[track_caller]
    pub fn ticket(&self, reference: &Value) -> Value {
        let path = format!("/tickets/{}", word(reference));
        self.get(&path).must_be(200).json()
    }

    /// The ticket's events that this person may see.
    #[track_caller]
    pub fn events(&self, reference: &Value) -> Vec<Value> {
        self.list(&format!("/tickets/{}/events?limit=100", word(reference)))
    }

    /// The kinds of the ticket's events that this person may see.
    #[track_caller]
    pub fn event_kinds(&self, reference: &Value) -> Vec<String> {
        let kind = |event: &Value| event["kind"].as_str().unwrap().to_owned();
        self.events(reference).iter().map(kind).collect()
    }

    /// Gives a command on a ticket: `command(&number, "contact", …)`.
    #[track_caller]
    pub fn command(&self, reference: &Value, name: &str, body: &Value) -> Answer {
        self.post(&format!("/tickets/{}/{name}", word(reference)), body)
    }

    /// All items of a list, page after page. `path` has a query already.
    #[track_caller]
    pub fn list(&self, path: &str) -> Vec<Value> {
        let mut items = Vec::new();
        let mut cursor = String::new();
        loop {
            let page = self.get(&format!("{path}{cursor}")).must_be(200).json();
            items.extend(page["items"].as_array().unwrap().iter().cloned());
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return items,
            }
        }
    }
}

/// A number or an id as it stands in a path.
fn word(reference: &Value) -> &dyn Display {
    match reference {
        Value::String(id) => id,
        other => other,
    }
}

impl Request<'_> {
    /// Adds a header.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Adds a JSON body.
    pub fn json(self, body: &Value) -> Self {
        self.body("application/json", body.to_string().as_bytes())
    }

    /// Adds a body of any type.
    pub fn body(mut self, content_type: &str, body: &[u8]) -> Self {
        self.body = body.to_vec();
        self.header("content-type", content_type)
    }

    /// Sends it to a host that may be gone.
    ///
    /// # Errors
    /// When no whole answer came.
    pub fn try_send(self) -> Result<Answer, ClientError> {
        let asked = (self.method.clone(), self.path.clone());
        self.answered(|response| response.read_to_string())
            .map(|(status, headers, body)| Answer {
                asked,
                status,
                headers,
                body,
            })
    }

    /// Sends it.
    ///
    /// # Panics
    /// When no answer came.
    #[track_caller]
    pub fn send(self) -> Answer {
        match self.try_send() {
            Ok(answer) => answer,
            Err(error) => panic!("{error}"),
        }
    }

    /// Sends it, and gives the headers and the bytes of what is there.
    ///
    /// # Panics
    /// When nothing came.
    #[track_caller]
    pub fn download(self) -> (HeaderMap, Vec<u8>) {
        match self.answered(|response| response.read_to_vec()) {
            Ok((200, headers, bytes)) => (headers, bytes),
            Ok((status, _, bytes)) => panic!("{status} {}", String::from_utf8_lossy(&bytes)),
            Err(error) => panic!("{error}"),
        }
    }

    fn answered<T>(
        self,
        read: impl FnOnce(ureq::BodyWithConfig<'_>) -> Result<T, ureq::Error>,
    ) -> Result<(u16, HeaderMap, T), ClientError> {
        let Shared { base, agent, .. } = &*self.client.shared;
        let url = format!("{base}{}", self.path);
        let no_answer = |cause: ureq::Error| ClientError::NoAnswer {
            what: format!("{} {url}", self.method),
            cause: Box::new(cause),
        };
        let mut request = http::Request::builder()
            .method(self.method.as_str())
            .uri(&url);
        let authorization = self.client.authorization.iter();
        let authorization = authorization.map(|value| ("authorization", value.as_str()));
        let headers = self.headers.iter();
        for (name, value) in headers
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .chain(authorization)
        {
            request = request.header(name, value);
        }
        let request = request.body(self.body.as_slice());
        let request = request.map_err(|cause| no_answer(cause.into()))?;
        let mut response = agent.run(request).map_err(no_answer)?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = response.body_mut().with_config().limit(MAX_BODY);
        Ok((status, headers, read(body).map_err(no_answer)?))
    }
}

impl Answer {
    /// Itself, if it has this status.
    #[track_caller]
    pub fn must_be(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.body);
        self
    }

    /// The body as JSON; `null` where it is none.
    pub fn value(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }

    /// The body, which is JSON.
    ///
    /// # Panics
    /// When it is not.
    #[track_caller]
    pub fn json(&self) -> Value {
        match serde_json::from_str(&self.body) {
            Ok(value) => value,
            Err(error) => panic!("{error}: {}", self.body),
        }
    }

    /// A header; empty where it is missing.
    pub fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }

    /// The problem that this answer is (RFC 9457), once it is known to be one
    /// with this status and code, and one that the API's document has at its route.
    #[track_caller]
    pub fn problem(&self, status: u16, code: &str) -> Value {
        assert_eq!(self.status, status, "{}", self.body);
        let content_type = self.header("content-type");
        assert!(
            content_type.starts_with("application/problem+json"),
            "{content_type}: {}",
            self.body
        );
        let problem = self.json();
        assert_eq!(problem["code"], code, "{problem}");
        assert_eq!(problem["status"], status, "{problem}");
        for text in ["type", "title", "detail"] {
            assert_ne!(problem[text].as_str().unwrap_or_default(), "", "{problem}");
        }
        let (method, path) = &self.asked;
        let path = path.split('?').next().unwrap_or_default();
        if let Some(row) = api::routes_of(path).find(|row| row.method == method) {
            let documented = row.problems.iter().any(|problem| problem.word() == code);
            assert!(documented, "{}: {code} is not in its row", row.name);
        }
        problem
    }
}
