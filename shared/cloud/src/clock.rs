//! The one home of the system clock.

use std::sync::OnceLock;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp, Unit};

use ulid::Ulid;

use crate::config;

/// Seconds that this process's clock runs ahead of the machine's. The local
/// host sets it for `--now`; nothing in AWS does.
pub const OFFSET: &str = "DESK_CLOCK_OFFSET_SECONDS";

/// Whether a sweep may be woken at a time that is far ahead of this process's clock.
/// The local host says so, where people look at what a timer does; nothing in AWS does.
pub const SWEEPS_AHEAD: &str = "DESK_SWEEPS_AHEAD";

/// How far this process's clock runs ahead.
static AHEAD: OnceLock<SignedDuration> = OnceLock::new();

/// Sets how far this process's clock runs ahead, before anybody has read it: the
/// local host writes to the table itself, at the time of its functions.
pub fn run_ahead(by: SignedDuration) {
    // Once it was read, it stays.
    let _ = AHEAD.set(by);
}

/// The time, in whole milliseconds: that is what the table stores, so that what
/// is answered now and what is read later are the same.
#[allow(clippy::disallowed_methods)] // This is the clock's one home.
pub fn now() -> Timestamp {
    let ahead = *AHEAD.get_or_init(|| {
        config::optional(OFFSET)
            .and_then(|seconds| seconds.parse().ok())
            .map(SignedDuration::from_secs)
            .unwrap_or_default()
    });
    let time = Timestamp::now() + ahead;
    time.round(Unit::Millisecond).unwrap_or(time)
}

/// How long until a moment of the machine's clock, in epoch milliseconds: the end
/// of an invocation, by which the offset does not go.
#[allow(clippy::disallowed_methods)] // This is the clock's one home.
pub fn until(epoch_millis: u64) -> Duration {
    let now = u64::try_from(Timestamp::now().as_millisecond()).unwrap_or_default();
    Duration::from_millis(epoch_millis.saturating_sub(now))
}

/// Some time up to `most`: what keeps two that collided from colliding again.
pub fn jitter(most: Duration) -> Duration {
    let random = u32::try_from(Ulid::generate().random() & 0xFFFF).unwrap_or_default();
    most * random / 0x1_0000
}
