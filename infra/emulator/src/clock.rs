//! The one reading of the system clock here.

use jiff::{SignedDuration, Timestamp};

/// The real time. Queues, deadlines and tokens go by it, as they do in AWS.
#[expect(
    clippy::disallowed_methods,
    reason = "this is the clock's one home in the emulator and the host"
)]
pub fn now() -> Timestamp {
    Timestamp::now()
}

/// A clock that may be set: the real one, moved by a fixed distance.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    offset: SignedDuration,
}

impl Clock {
    /// A clock that shows `start` at this moment, or the real time.
    pub fn starting_at(start: Option<Timestamp>) -> Self {
        let offset = start.map_or(SignedDuration::ZERO, |start| start.duration_since(now()));
        // Functions are told whole seconds, and this clock must agree with them: the
        // next one, so that it is never before `start`.
        let seconds = offset.as_secs() + i64::from(offset.subsec_nanos() > 0);
        Self {
            offset: SignedDuration::from_secs(seconds),
        }
    }

    /// The time that this clock shows.
    pub fn now(self) -> Timestamp {
        now() + self.offset
    }

    /// Seconds from the real time to the shown one; `None` where they agree.
    pub fn offset_seconds(self) -> Option<i64> {
        Some(self.offset.as_secs()).filter(|seconds| *seconds != 0)
    }
}
