//! The queues of the desk.

use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantArray};

/// A queue, by the function that works it off.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    IntoStaticStr,
    VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum QueueName {
    Assignment,
    Escalation,
    Notification,
    /// Mails that time brings about: a thousand of them at once keep no other
    /// mail waiting.
    Reminder,
    Closure,
    /// What registers itself: accounts that end, and what a review takes away.
    Intake,
}

impl QueueName {
    /// Every queue.
    pub const ALL: &'static [QueueName] = QueueName::VARIANTS;

    /// The queue in keys and messages.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// The queue that `as_str` gives this word.
    pub fn parse(text: &str) -> Option<Self> {
        let mut all = QueueName::VARIANTS.iter().copied();
        all.find(|queue| queue.as_str() == text)
    }
}
