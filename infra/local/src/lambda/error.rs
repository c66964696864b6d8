//! Why a function has no answer, and what it is then.

use std::time::Duration;

use axum::body::Bytes;
use serde_json::json;

/// Why a function has no answer.
#[derive(Debug, thiserror::Error)]
pub enum InvokeError {
    /// The template has no function of this name.
    #[error("Function not found: {0}")]
    NoSuchFunction(String),
    /// The function said that it failed. This is its error object.
    #[error("the function failed")]
    Failed(Bytes),
    /// The function took longer than its timeout, and was killed.
    #[error("Task timed out after {:.2} seconds", .0.as_secs_f64())]
    TimedOut(Duration),
    /// The function's process ended before it answered.
    #[error("Runtime exited with error: {0}")]
    Exited(String),
    /// As many invocations wait as may.
    #[error("Rate Exceeded.")]
    TooManyRequests,
    /// The host is about to end.
    #[error("the host is stopping")]
    Stopping,
}

impl InvokeError {
    /// The error as Lambda reports it.
    pub fn to_json(&self) -> Bytes {
        let kind = match self {
            Self::Failed(object) => return object.clone(),
            Self::NoSuchFunction(_) => "ResourceNotFoundException",
            Self::TimedOut(_) => "Sandbox.Timedout",
            Self::Exited(_) => "Runtime.ExitError",
            Self::TooManyRequests => "TooManyRequestsException",
            Self::Stopping => "ServiceException",
        };
        json!({ "errorType": kind, "errorMessage": self.to_string() })
            .to_string()
            .into()
    }
}

/// What an invocation comes to.
pub(super) type Answer = Result<Bytes, InvokeError>;
