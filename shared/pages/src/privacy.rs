//! The privacy notice, to whoever comes.

use askama::Template;
use types::privacy::{PrivacyNotice, Stretch};

use crate::shell::Shell;

/// The notice in force.
#[derive(Template)]
#[template(path = "privacy.html")]
pub struct Page<'a> {
    pub shell: Shell<'a>,
    pub notice: &'a PrivacyNotice,
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
