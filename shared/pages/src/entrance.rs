//! The way in and out: one sentence and one button.

use askama::Template;

use crate::shell::Shell;

/// A page on the way in or out.
#[derive(Template)]
#[template(path = "entrance.html")]
pub struct Page<'a> {
    pub shell: Shell<'a>,
    pub title: &'a str,
    /// What happened; more to a reader who did not expect it.
    pub said: &'a str,
    /// Where it leads after.
    pub to: &'a str,
    pub offer: Offer<'a>,
}

/// What the page offers.
#[derive(Clone, Copy)]
pub enum Offer<'a> {
    /// To sign in.
    Enter { label: &'a str, account: &'a str },
    /// To go on as somebody, or to sign out.
    Leave { name: &'a str, email: &'a str },
    /// To sign out.
    LeaveAgain,
}

impl Page<'_> {
    /// As markup.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn written(&self) -> Result<String, askama::Error> {
        self.render()
    }
}
