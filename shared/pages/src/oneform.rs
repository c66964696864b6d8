//! A form by itself: where what was sent could not be taken as it is. Whatever
//! was typed is still there.

use askama::Template;
use types::problem::Problem;

use crate::forms::Form;
use crate::shell::Shell;
use crate::talk::Entry;

/// A form that comes back.
#[derive(Template)]
#[template(path = "oneform.html")]
pub struct Page<'a> {
    pub shell: Shell<'a>,
    pub form: Form,
    pub problem: &'a Problem,
    /// The ticket that it is about: number and title.
    pub ticket: Option<(String, &'a str)>,
    /// Where whoever gives up goes.
    pub back: String,
    /// What happened to the ticket while it was written.
    pub meanwhile: Vec<Entry<'a>>,
}

impl Page<'_> {
    /// As markup.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn written(&self) -> Result<String, askama::Error> {
        self.render()
    }

    fn sentence(&self) -> String {
        match self.problem {
            Problem::VersionConflict { .. } => {
                "Alguien la cambió mientras usted escribía: abajo está lo que \
                pasó. Si lo suyo sigue valiendo, envíelo otra vez."
                    .to_owned()
            }
            Problem::IdempotencyMismatch => {
                "Esto ya se guardó antes con otro texto. Revise la solicitud; si \
                falta algo, envíelo otra vez."
                    .to_owned()
            }
            problem => problem.body().detail,
        }
    }

    fn title(&self) -> &'static str {
        self.problem.body().title
    }

    fn signed_out(&self) -> bool {
        *self.problem == Problem::SignedOut
    }
}
