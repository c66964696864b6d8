//! Why a template cannot be run.

/// What is wrong with a template, and where.
#[derive(Debug, thiserror::Error)]
#[error("{at}: {problem}")]
pub struct TemplateError {
    at: String,
    problem: String,
}

impl TemplateError {
    pub(crate) fn new(at: impl Into<String>, problem: impl Into<String>) -> Self {
        Self {
            at: at.into(),
            problem: problem.into(),
        }
    }

    /// What the template asks for and nobody here can do.
    pub(crate) fn unknown(at: impl Into<String>, what: impl std::fmt::Display) -> Self {
        Self::new(at, format!("the local host does not know {what}"))
    }
}
