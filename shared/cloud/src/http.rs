//! HTTP at the edge: what the API gateway hands over, and what it gets back.

use std::borrow::Cow;
use std::collections::HashMap;
use std::time::Duration;

use aws_lambda_events::apigw::ApiGatewayV2httpResponse;
use lambda_http::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, COOKIE, HeaderName, LOCATION,
};
use lambda_http::http::{HeaderMap, HeaderValue};
use lambda_http::request::RequestContext;
use lambda_http::{Body, Request, RequestExt};
use serde::Serialize;
use types::api::Routes;
use types::ids::TicketRef;
use types::input::Fields;
use types::problem::{FieldError, Problem};

use crate::identity::{Claims, Identity, Unknown};
use crate::page::FORM_KEY;
use crate::trace;

/// A request, as a function's routes see it.
#[derive(Debug)]
pub struct Call {
    /// `POST /tickets/{ref}/contact`, as the template writes it; `$default` for
    /// what no route takes.
    pub route: String,
    pub method: String,
    pub path: String,
    parameters: HashMap<String, String>,
    query: Vec<(String, String)>,
    headers: HeaderMap,
    /// The name that the caller reached us by, with a port where it is not the
    /// scheme's own.
    host: String,
    pub body: Vec<u8>,
    /// What the token says that the authorizer took.
    claims: HashMap<String, String>,
}

/// An answer.
#[derive(Debug)]
pub struct Answer {
    status: u16,
    headers: HeaderMap,
    cookies: Vec<String>,
    body: Payload,
}

/// What an answer carries.
#[derive(Debug)]
enum Payload {
    Text(String),
    /// Compressed, for one.
    Bytes(Vec<u8>),
}

impl Call {
    /// Reads what the gateway handed over.
    pub fn read(request: Request) -> Self {
        let parameters = request.path_parameters();
        let parameters: HashMap<_, _> = parameters
            .iter()
            .map(|(k, v)| (k.to_owned(), v.to_owned()))
            .collect();
        let query = request.query_string_parameters();
        let query = query
            .iter()
            .map(|(k, v)| (k.to_owned(), v.to_owned()))
            .collect();
        let (route, host, claims) = match request.request_context_ref() {
            Some(RequestContext::ApiGatewayV2(context)) => {
                let authorizer = context.authorizer.as_ref();
                let claims = authorizer.and_then(|a| a.jwt.as_ref());
                (
                    context.route_key.clone().unwrap_or_default(),
                    context.domain_name.clone().unwrap_or_default(),
                    claims.map(|jwt| jwt.claims.clone()).unwrap_or_default(),
                )
            }
            Some(_) | None => (String::new(), String::new(), HashMap::new()),
        };
        let method = request.method().to_string();
        let path = request.uri().path().to_owned();
        let headers = request.headers().clone();
        let body = match request.into_body() {
            Body::Empty => Vec::new(),
            Body::Text(text) => text.into_bytes(),
            Body::Binary(bytes) => bytes,
            _ => Vec::new(),
        };
        Call {
            route,
            method,
            path,
            parameters,
            query,
            headers,
            host,
            body,
            claims,
        }
    }

    /// The caller, to an entity that has these domains.
    ///
    /// # Errors
    /// When the token has no verified e-mail address, or is about an account that is
    /// none of the entity's: nobody is known by less.
    pub fn identity(&self, domains: &[String]) -> Result<Identity, Problem> {
        let claim = |name: &str| self.claims.get(name).map(String::as_str);
        let claims = Claims {
            issuer: claim("iss").unwrap_or_default(),
            email: claim("email"),
            // The gateway hands booleans over as words.
            is_verified: claim("email_verified") == Some("true"),
            workspace: claim("hd"),
            name: claim("name"),
        };
        claims.identity(domains).map_err(|unknown| {
            Problem::Forbidden(match unknown {
                Unknown::Unverified => "La credencial no trae una dirección de correo verificada.",
                Unknown::Foreign => "La credencial es de una cuenta que no es de la entidad.",
            })
        })
    }

    /// The route, if it is one of the function's.
    ///
    /// # Errors
    /// When it is not: whoever wired the template gave it to another function.
    pub fn route<R: Routes>(&self) -> Result<R, Problem> {
        R::of(&self.route).ok_or(Problem::NotFound("Esta dirección no existe."))
    }

    /// A path parameter.
    pub fn parameter(&self, name: &str) -> &str {
        self.parameters.get(name).map_or("", String::as_str)
    }

    /// The ticket that the path names.
    ///
    /// # Errors
    /// What is no reference at all is answered like one that leads nowhere.
    pub fn ticket_ref(&self) -> Result<TicketRef, Problem> {
        self.parameter("ref")
            .parse()
            .map_err(|_| Problem::NotFound("No existe esa solicitud."))
    }

    /// The query parameters.
    pub fn query(&self) -> &[(String, String)] {
        &self.query
    }

    /// A header, when it is there once and is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The value of a cookie; of several with one name, the first.
    pub fn cookie(&self, name: &str) -> Option<&str> {
        // Of bytes: what another cookie of this host has in it hides none of ours.
        let headers = self.headers.get_all(COOKIE).iter();
        let mut pairs = headers.flat_map(|header| header.as_bytes().split(|byte| *byte == b';'));
        pairs.find_map(|pair| {
            let pair = std::str::from_utf8(pair.trim_ascii()).ok()?;
            let (found, value) = pair.split_once('=')?;
            (found == name).then_some(value)
        })
    }

    /// The origin that the caller reached us by: `https://mesa.example`. API Gateway
    /// speaks nothing but TLS; the local host says that it does not.
    pub fn origin(&self) -> String {
        let scheme = match self.header("x-forwarded-proto") {
            Some("http") => "http",
            Some(_) | None => "https",
        };
        format!("{scheme}://{}", self.host)
    }

    /// Whether a page of this origin sent the request, as far as the browser says:
    /// a form of another site may post here with our cookies, and must not count.
    /// A browser too old to say it has to name the page's origin.
    pub fn is_from_own_page(&self) -> bool {
        match self.header("sec-fetch-site") {
            Some(site) => site == "same-origin",
            None => self
                .header("origin")
                .is_some_and(|origin| origin.eq_ignore_ascii_case(&self.origin())),
        }
    }

    /// The body's fields.
    ///
    /// # Errors
    /// When the body is no JSON object.
    pub fn fields(&self) -> Result<Fields, Problem> {
        Fields::parse(&self.body)
    }

    /// Whether the caller is a browser that wants a page.
    pub fn wants_html(&self) -> bool {
        self.header("accept")
            .is_some_and(|accept| accept.contains("text/html"))
    }

    /// Whether the body is what an HTML form sends. `curl -d` claims so of
    /// anything: a JSON object is taken as one all the same.
    pub fn is_form(&self) -> bool {
        let claimed = self
            .header("content-type")
            .is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
        claimed && self.body.trim_ascii_start().first() != Some(&b'{')
    }

    /// The fields of an HTML form.
    pub fn form(&self) -> Vec<(String, String)> {
        form_urlencoded::parse(&self.body)
            .map(|(name, value)| (name.into_owned(), value.into_owned()))
            .collect()
    }

    /// The key that stands in a form: nobody presses a header.
    pub(crate) fn form_key(&self) -> Option<String> {
        let form = self.is_form().then(|| self.form())?;
        let mut fields = form.into_iter();
        let key = fields.find(|(name, _)| name == FORM_KEY)?;
        Some(key.1).filter(|key| !key.is_empty())
    }

    /// The key under which the caller may repeat this request: its header, or a
    /// form's field.
    ///
    /// # Errors
    /// When it is empty, too long, or not printable ASCII.
    pub fn idempotency_key(&self) -> Result<Option<Cow<'_, str>>, Problem> {
        let key = match self.headers.get("idempotency-key") {
            None => match self.form_key() {
                None => return Ok(None),
                Some(key) => Some(Cow::Owned(key)),
            },
            Some(value) => value.to_str().ok().map(Cow::Borrowed),
        };
        match key {
            Some(key)
                if !key.is_empty()
                    && key.len() <= 128
                    && key.bytes().all(|b| b.is_ascii_graphic()) =>
            {
                Ok(Some(key))
            }
            Some(_) | None => Err(Problem::Validation(vec![FieldError::new(
                "Idempotency-Key",
                "malformed",
                "Debe tener entre 1 y 128 caracteres ASCII visibles, sin espacios.",
            )])),
        }
    }
}

impl Answer {
    /// A JSON answer.
    pub fn json<T: Serialize>(status: u16, body: &T) -> Result<Self, Problem> {
        let body = serde_json::to_string(body).map_err(|_| Problem::Internal)?;
        Ok(Answer::of(status, "application/json; charset=utf-8", body))
    }

    /// JSON that is there already and the same for everybody, for so many seconds.
    pub fn fixed(body: &str, seconds: u32) -> Self {
        let kept = format!("public, max-age={seconds}");
        Answer::of(200, "application/json; charset=utf-8", body.to_owned())
            .with(CACHE_CONTROL, &kept)
    }

    pub(crate) fn of(status: u16, content_type: &'static str, body: String) -> Self {
        let headers = HeaderMap::from_iter([
            (CONTENT_TYPE, HeaderValue::from_static(content_type)),
            (CACHE_CONTROL, HeaderValue::from_static("no-store")),
            (
                HeaderName::from_static("x-content-type-options"),
                HeaderValue::from_static("nosniff"),
            ),
        ]);
        Answer {
            status,
            headers,
            cookies: Vec::new(),
            body: Payload::Text(body),
        }
    }

    /// The same answer with these bytes, whatever they are.
    pub(crate) fn carrying(mut self, bytes: Vec<u8>) -> Self {
        self.body = Payload::Bytes(bytes);
        self
    }

    /// The same answer with this text.
    pub(crate) fn saying(mut self, text: String) -> Self {
        self.body = Payload::Text(text);
        self
    }

    pub(crate) fn with(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.insert(name, value);
        }
        self
    }

    /// The same answer with a `Location`.
    pub fn located(self, at: &str) -> Self {
        self.with(LOCATION, at)
    }

    /// Where what was asked for lies, for a short while.
    pub fn redirect(to: &str) -> Self {
        Answer::of(302, "text/plain; charset=utf-8", String::new()).with(LOCATION, to)
    }

    /// What was posted is done, and this is where to look now: at a path of this
    /// host, or at another one's address.
    pub fn is_see_other(&self) -> bool {
        self.status == 303
    }

    /// Leads to another page.
    pub fn see_other(at: &str) -> Self {
        Answer::of(303, "text/plain; charset=utf-8", String::new()).with(LOCATION, at)
    }

    /// The same answer with a cookie that the browser keeps for a while, for this
    /// host alone (`name` begins with `__Host-`), out of reach of any script, and
    /// sends along when a link leads here, but not with another site's form.
    #[must_use]
    pub fn keeping(self, name: &str, value: &str, lasting: Duration) -> Self {
        let seconds = lasting.as_secs();
        self.cookie(format!(
            "{name}={value}; Path=/; Max-Age={seconds}; Secure; HttpOnly; SameSite=Lax"
        ))
    }

    /// The same answer, on which the browser forgets a cookie.
    #[must_use]
    pub fn forgetting(self, name: &str) -> Self {
        self.keeping(name, "", Duration::ZERO)
    }

    fn cookie(mut self, cookie: String) -> Self {
        self.cookies.push(cookie);
        self
    }

    /// The same page, whose forms may lead to these sources as well, whatever
    /// answers them: Chromium holds `form-action` against redirects, too.
    #[must_use]
    pub fn leading_to(self, sources: &str) -> Self {
        self.widened("form-action 'self'", sources)
    }

    /// The same page, whose scripts may send something there as well.
    #[must_use]
    pub(crate) fn sending_to(self, sources: &str) -> Self {
        self.widened("connect-src 'self'", sources)
    }

    fn widened(self, own: &str, sources: &str) -> Self {
        let policy = self.headers.get(CONTENT_SECURITY_POLICY);
        let policy = policy.and_then(|policy| policy.to_str().ok());
        let widened = policy.map(|policy| policy.replace(own, &format!("{own} {sources}")));
        match widened {
            Some(widened) => self.with(CONTENT_SECURITY_POLICY, &widened),
            None => self,
        }
    }

    /// A problem's answer (RFC 9457).
    pub fn problem(problem: &Problem) -> Self {
        let mut body = problem.body();
        body.instance = trace::origin().map(|id| format!("urn:uspec:request:{id}"));
        let body = serde_json::to_string(&body).unwrap_or_default();
        let answer = Answer::of(
            problem.status(),
            "application/problem+json; charset=utf-8",
            body,
        );
        match problem {
            Problem::Unavailable => answer.with(HeaderName::from_static("retry-after"), "2"),
            Problem::MethodNotAllowed(allowed) => {
                answer.with(HeaderName::from_static("allow"), allowed)
            }
            Problem::MalformedBody(_)
            | Problem::Validation(_)
            | Problem::SignedOut
            | Problem::Forbidden(_)
            | Problem::NotYours(_)
            | Problem::VoidNumber(_)
            | Problem::LinkEnded(_)
            | Problem::NotFound(_)
            | Problem::InvalidTransition(_)
            | Problem::VersionConflict { .. }
            | Problem::IdempotencyMismatch
            | Problem::Internal => answer,
        }
    }

    /// Its status.
    pub(crate) fn status(&self) -> u16 {
        self.status
    }

    /// The answer as the gateway takes it.
    pub(crate) fn into_response(self) -> ApiGatewayV2httpResponse {
        let mut response = ApiGatewayV2httpResponse::default();
        response.status_code = i64::from(self.status);
        response.headers = self.headers;
        // Among the headers there is room for one of them.
        response.cookies = self.cookies;
        (response.body, response.is_base64_encoded) = match self.body {
            Payload::Text(text) => (Some(Body::Text(text)), false),
            Payload::Bytes(bytes) => (Some(Body::Binary(bytes)), true),
        };
        response
    }
}
