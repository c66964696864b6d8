//! The API's port: the HTTP API itself, and what the host offers beside it.

mod access;
mod answers;
mod console;
mod cors;
mod directory;
mod event;
mod gateway;
mod issuer;
mod jwt;
mod response;
mod routes;
mod sign_in;
mod throttle;

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use emulator::wire::is_for_this_machine;

pub(crate) use crate::http::access::AccessLines;
pub(crate) use crate::http::console::Console;
pub(crate) use crate::http::gateway::Gateway;
pub(crate) use crate::http::issuer::{Client, Issuer};
pub use crate::http::jwt::KeyError;
pub(crate) use crate::http::jwt::{Jwt, kept_secret};
pub(crate) use crate::http::throttle::Throttle;

/// What the API's port needs to answer.
pub(crate) struct Api {
    pub(crate) gateway: Gateway,
    pub(crate) console: Console,
    pub(crate) issuer: Issuer,
}

/// Answers every request to the API's port.
pub(crate) async fn api(State(api): State<Arc<Api>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    if !is_for_this_machine(&parts.headers) {
        return answers::message(StatusCode::FORBIDDEN, "Forbidden");
    }
    if let Some(endpoint) = parts.uri.path().strip_prefix("/_local/oidc/") {
        return issuer::answer(&api, endpoint, &parts, body).await;
    }
    if let Some(page) = parts.uri.path().strip_prefix("/_local/") {
        return console::answer(&api.console, page, &parts, body).await;
    }
    api.gateway.answer(parts, body).await
}
