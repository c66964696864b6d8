//! A view of the queue that is to get a name: by itself, where the name could not be
//! taken.

use askama::Template;
use types::preferences::MAX_VIEW_NAME;
use types::problem::Problem;

use crate::shell::Shell;
use crate::wrong::Wrong;

/// The form, with what was typed.
#[derive(Template)]
#[template(path = "saveview.html")]
pub struct Page<'a> {
    pub shell: Shell<'a>,
    pub name: &'a str,
    /// What the view is narrowed by, as the form sent it.
    pub pairs: Vec<(&'a str, &'a str)>,
    pub wrong: Wrong,
}

impl<'a> Page<'a> {
    /// The form that came back. `sent` is what it held.
    pub fn refused(shell: Shell<'a>, sent: &'a [(String, String)], problem: &Problem) -> Self {
        let pairs = sent
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()));
        let (name, pairs): (Vec<_>, Vec<_>) = pairs.partition(|(name, _)| *name == "nombre");
        Page {
            shell,
            name: name.first().map_or("", |(_, value)| value),
            pairs,
            // All of it is mended here, or by choosing another filter.
            wrong: Wrong::of(problem, |_| "nombre"),
        }
    }

    /// As markup.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn written(&self) -> Result<String, askama::Error> {
        self.render()
    }

    fn max_name(&self) -> usize {
        MAX_VIEW_NAME
    }
}
