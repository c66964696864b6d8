//! What the host offers under `/_local/`: tokens, mail, queues, processes.

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::http::request::Parts;
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use emulator::clock;
use emulator::faults::Faults;
use emulator::ses::{self, Mail};
use emulator::sqs::{QueueError, Queues};
use pages::local::{Mail as Read, MailLine, Mailbox, TextLine};
use serde::Deserialize;
use serde_json::json;

use crate::http::answers::{json_response, markup, message};
use crate::http::jwt::Jwt;
use crate::lambda::Runtime;
use crate::sample::{Sample, SampleError};
use crate::watch::Watch;

/// What the pages show.
pub(crate) struct Console {
    pub(crate) jwt: Arc<Jwt>,
    pub(crate) runtime: Arc<Runtime>,
    pub(crate) queues: Arc<Queues>,
    pub(crate) mailbox: Arc<ses::Mailbox>,
    pub(crate) faults: Arc<Faults>,
    pub(crate) sample: Option<Arc<Sample>>,
    pub(crate) watch: Arc<Watch>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TokenRequest {
    email: String,
    /// Seconds; a token that has expired already is good for tests.
    expires_in: Option<i64>,
    audience: Option<String>,
}

/// Answers requests under `/_local/`.
pub(super) async fn answer(console: &Console, page: &str, parts: &Parts, body: Body) -> Response {
    match (&parts.method, page) {
        (&Method::POST, "token") => token(console, body).await,
        (&Method::GET, ".well-known/openid-configuration") => {
            json_response(StatusCode::OK, &console.jwt.discovery())
        }
        (&Method::GET, "jwks.json") => json_response(StatusCode::OK, &console.jwt.key_set()),
        (&Method::GET, "mail") => mail(console, parts),
        (&Method::GET, "queues") if !console.runtime.is_up() => {
            message(StatusCode::SERVICE_UNAVAILABLE, "functions are starting")
        }
        (&Method::GET, "queues") => queues(console).unwrap_or_else(|error| failure(&error)),
        (&Method::GET, "alarms") => json_response(StatusCode::OK, &console.watch.report()),
        (&Method::GET, "faults") => json_response(StatusCode::OK, &console.faults.report()),
        (&Method::POST, "sample") => sample(console, parts).await,
        (&Method::PUT, "faults") => faults(console, body).await,
        (&Method::GET, "processes") => json_response(StatusCode::OK, &console.runtime.report()),
        _ => message(StatusCode::NOT_FOUND, "Not Found"),
    }
}

async fn token(console: &Console, body: Body) -> Response {
    let body = to_bytes(body, 64 * 1024).await.unwrap_or_default();
    let request: TokenRequest = match serde_json::from_slice(&body) {
        Ok(request) => request,
        Err(error) => return message(StatusCode::BAD_REQUEST, &error.to_string()),
    };
    let expires_in = request.expires_in.unwrap_or(24 * 60 * 60);
    match console
        .jwt
        .token(&request.email, expires_in, request.audience.as_deref())
    {
        Ok(token) => json_response(StatusCode::OK, &json!({ "token": token })),
        Err(error) => failure(&error),
    }
}

impl Console {
    /// Whether the desk is empty, and may be filled.
    pub(crate) async fn is_empty(&self) -> bool {
        match &self.sample {
            Some(sample) => sample.is_wanted().await,
            None => false,
        }
    }
}

/// Fills an empty desk, and goes back to where that was offered.
async fn sample(console: &Console, parts: &Parts) -> Response {
    let from = |name| {
        parts
            .headers
            .get(name)
            .and_then(|value| value.to_str().ok())
    };
    // A page of another site has no business with it.
    if from("sec-fetch-site").is_some_and(|site| site != "same-origin") {
        return message(StatusCode::FORBIDDEN, "Forbidden");
    }
    let Some(sample) = &console.sample else {
        return message(StatusCode::NOT_FOUND, "Not Found");
    };
    match sample.fill().await {
        Ok(_) | Err(SampleError::NotEmpty) => {
            let back = [(header::LOCATION, "/entrar")];
            (StatusCode::SEE_OTHER, back).into_response()
        }
        Err(error) => failure(&error),
    }
}

/// Puts a plan of faults in force.
async fn faults(console: &Console, body: Body) -> Response {
    let body = to_bytes(body, 64 * 1024).await.unwrap_or_default();
    match serde_json::from_slice(&body) {
        Ok(plan) => {
            console.faults.set(plan);
            json_response(StatusCode::OK, &console.faults.report())
        }
        Err(error) => message(StatusCode::BAD_REQUEST, &error.to_string()),
    }
}

fn queues(console: &Console) -> Result<Response, QueueError> {
    let queues = &console.queues;
    let depths = queues
        .names()
        .into_iter()
        .map(|name| queues.depth(name))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(json_response(StatusCode::OK, &json!({ "items": depths })))
}

fn mail(console: &Console, parts: &Parts) -> Response {
    let query = parts.uri.query().unwrap_or_default();
    let to = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "to");
    let to = to.as_ref().map(|(_, to)| to.as_ref());
    let mails = match console.mailbox.all(to) {
        Ok(mails) => mails,
        Err(error) => return failure(&error),
    };
    let accept = parts
        .headers
        .get(header::ACCEPT)
        .and_then(|value| value.to_str().ok());
    if prefers_html(accept.unwrap_or_default()) {
        let mut chosen = form_urlencoded::parse(query.as_bytes());
        let chosen = chosen.find(|(name, _)| name == "correo");
        markup(
            StatusCode::OK,
            page(&mails, chosen.as_ref().map(|(_, id)| id.as_ref())),
        )
    } else {
        json_response(StatusCode::OK, &json!({ "items": mails }))
    }
}

fn failure(error: &dyn std::error::Error) -> Response {
    tracing::error!(%error, "a page of the local host failed");
    message(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string())
}

/// Browsers name HTML first; API clients name JSON or nothing.
fn prefers_html(accept: &str) -> bool {
    match (accept.find("text/html"), accept.find("application/json")) {
        (Some(html), Some(json)) => html < json,
        (Some(_), None) => true,
        (None, _) => false,
    }
}

/// The mails, the latest first, and one of them: the latest where none is chosen.
fn page(mails: &[Mail], chosen: Option<&str>) -> Result<String, pages::Error> {
    let now = clock::now();
    let latest = mails.last();
    let mail = mails
        .iter()
        .find(|mail| Some(mail.id.as_str()) == chosen)
        .or(latest);
    let lines = mails.iter().rev().map(|other| MailLine {
        current: mail.is_some_and(|mail| mail.id == other.id),
        ..MailLine::of(&other.id, &other.subject, &other.to, other.sent_at, now)
    });
    let read = mail.map(|mail| Read {
        subject: &mail.subject,
        from: &mail.from,
        to: mail.to.join(", "),
        at: mail.sent_at,
        when: pages::words::when(mail.sent_at, now),
        lines: TextLine::all(&mail.text),
        html: &mail.html,
        headers: mail.headers.iter().map(|h| (&*h.name, &*h.value)).collect(),
    });
    Mailbox::of(lines.collect(), read, now).written()
}
