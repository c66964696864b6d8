//! What an audit goes by.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// What to go by.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The time.
    pub now: Timestamp,
    /// For how long anything may be under way.
    pub grace: SignedDuration,
    /// The pause between two passes.
    pub pause: Duration,
}

impl Settings {
    /// Whether something of this time should be over and done with.
    pub(crate) fn is_old(&self, at: Timestamp) -> bool {
        at < self.now - self.grace
    }
}
