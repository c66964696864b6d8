//! The host's one reading of the system clock.

use jiff::{SignedDuration, Timestamp};

/// The real time. Queues, deadlines and tokens go by it, as they do in AWS.
#[expect(
    clippy::disallowed_methods,
    reason = "this is the clock's one home in the host"
)]
pub(crate) fn now() -> Timestamp {
    Timestamp::now()
}

/// The clock that `--now` sets: the real one, moved by a fixed distance.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DeskClock {
    offset: SignedDuration,
}

impl DeskClock {
    /// A clock that shows `start` at this moment, or the real time.
    pub(crate) fn starting_at(start: Option<Timestamp>) -> Self {
        let offset = start.map_or(SignedDuration::ZERO, |start| start.duration_since(now()));
        // Functions are told whole seconds, and the host must agree with them: the
        // next one, so that it is never before `start`.
        let seconds = offset.as_secs() + i64::from(offset.subsec_nanos() > 0);
        Self {
            offset: SignedDuration::from_secs(seconds),
        }
    }

    /// The time that this clock shows.
    pub(crate) fn now(self) -> Timestamp {
        now() + self.offset
    }

    /// Seconds from the real time to the shown one; `None` where they agree.
    pub(crate) fn offset_seconds(self) -> Option<i64> {
        Some(self.offset.as_secs()).filter(|seconds| *seconds != 0)
    }
}
