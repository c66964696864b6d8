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
}

/// The page of a problem.
///
/// # Errors
/// When it cannot be written.
pub fn page(shell: Shell<'_>, problem: &Problem) -> Result<String, askama::Error> {
    let body = problem.body();
    Page {
        shell,
        title: body.title,
        detail: &body.detail,
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
    }
    .render()
}
