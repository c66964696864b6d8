//! A page that could not be shown, and why.

use askama::Template;
use jiff::Timestamp;
use types::problem::Problem;

use crate::shell::{Section, Shell};

#[derive(Template)]
#[template(path = "problem.html")]
struct Page<'a> {
    shell: Shell<'a>,
    title: &'a str,
    detail: &'a str,
    /// What the logs know the request by.
    reference: Option<&'a str>,
    /// Where the same is asked for again, if that may help.
    again: Option<&'a str>,
    /// Whether somebody is signed in to whom another account may show it.
    other_account: bool,
    /// Whether nobody is signed in, and may want to.
    stranger: bool,
}

/// The page of a problem. Where it is ours, it has what the request is found by in
/// the logs, and leads back to the page at `again` that was asked for.
///
/// # Errors
/// When it cannot be written.
pub fn page(
    shell: Shell<'_>,
    problem: &Problem,
    request: Option<&str>,
    again: Option<&str>,
) -> Result<String, askama::Error> {
    let body = problem.body();
    let again = again.filter(|_| *problem == Problem::Unavailable);
    Page {
        title: body.title,
        // Whoever only looks has nothing that could be saved.
        detail: match again {
            Some(_) => "La página no se pudo mostrar. Intente de nuevo en unos segundos.",
            None => &body.detail,
        },
        reference: request.filter(|_| body.status >= 500),
        again,
        other_account: shell.who.is_some()
            && matches!(problem, Problem::Forbidden(_) | Problem::NotFound(_)),
        stranger: shell.who.is_none() && (400..500).contains(&body.status),
        shell,
    }
    .render()
}

/// A page that says something, for somebody of whom nothing is known.
///
/// # Errors
/// When it cannot be written.
pub fn said(title: &str, detail: &str, now: Timestamp) -> Result<String, askama::Error> {
    Page {
        shell: Shell::new(title, Section::Nowhere, now),
        title,
        detail,
        reference: None,
        again: None,
        other_account: false,
        stranger: false,
    }
    .render()
}
