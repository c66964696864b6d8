//! A page that could not be shown, and why.

use askama::Template;
use types::problem::Problem;

use crate::shell::Shell;

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
