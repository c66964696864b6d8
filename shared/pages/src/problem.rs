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
}

/// The page of a problem. Where it is ours, it has what the request is found by in
/// the logs.
///
/// # Errors
/// When it cannot be written.
pub fn page(
    shell: Shell<'_>,
    problem: &Problem,
    request: Option<&str>,
) -> Result<String, askama::Error> {
    let body = problem.body();
    Page {
        shell,
        title: body.title,
        detail: &body.detail,
        reference: request.filter(|_| body.status >= 500),
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
    }
    .render()
}
