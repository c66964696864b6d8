//! How many kept the times of section 5 of the procedure.

use jiff::Timestamp;

use crate::clock::{Clock, ClockState};
use crate::ticket::Ticket;

/// What a stretch of time has to show: of the requests that were attended and
/// solved in it, and of those that should have been by now, how many were in time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Compliance {
    pub attention: Share,
    pub solution: Share,
}

/// So many of so many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Share {
    pub in_time: usize,
    pub of: usize,
}

impl Compliance {
    /// What has happened from `since` until `now`. What still runs and is over its
    /// limit counts as missed: it would be hidden until somebody ended it otherwise.
    pub fn between<'a>(
        tickets: impl IntoIterator<Item = &'a Ticket>,
        since: Timestamp,
        now: Timestamp,
    ) -> Self {
        let mut all = Compliance::default();
        for ticket in tickets {
            all.attention.add(&ticket.clocks.attention, since, now);
            all.solution.add(&ticket.clocks.solution, since, now);
        }
        all
    }
}

impl Share {
    /// In hundredths, rounded down; none where there are too few to speak of a share.
    pub fn percent(self) -> Option<usize> {
        (self.of >= 10).then(|| self.in_time * 100 / self.of)
    }

    fn add(&mut self, clock: &Clock, since: Timestamp, now: Timestamp) {
        let counts = match clock.state {
            ClockState::Met => clock.met_at.is_some_and(|at| (since..=now).contains(&at)),
            ClockState::Running => clock.is_breached(now),
            ClockState::Idle | ClockState::Paused | ClockState::Stopped => false,
        };
        if counts {
            self.of += 1;
            self.in_time += usize::from(!clock.is_breached(now));
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;

    fn at(minute: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_mins(minute)
    }

    fn met(minute: i64, used_seconds: u64) -> Clock {
        Clock {
            state: ClockState::Met,
            limit_seconds: 900,
            used_seconds,
            met_at: Some(at(minute)),
            ..Clock::default()
        }
    }

    #[test]
    fn what_ended_in_it_counts_and_what_should_have() {
        let running = |due| Clock {
            state: ClockState::Running,
            limit_seconds: 900,
            due_at: Some(at(due)),
            ..Clock::default()
        };
        for (clock, expected) in [
            (met(70, 900), (1, 1)),
            (met(70, 901), (0, 1)),
            // Yesterday's.
            (met(59, 10), (0, 0)),
            (running(99), (0, 1)),
            (running(101), (0, 0)),
            (Clock::default(), (0, 0)),
        ] {
            let mut share = Share::default();
            share.add(&clock, at(60), at(100));
            assert_eq!((share.in_time, share.of), expected, "{clock:?}");
        }
    }

    #[test]
    fn a_few_have_no_percentage() {
        let share = |in_time, of| Share { in_time, of }.percent();
        assert_eq!(share(9, 9), None);
        assert_eq!(share(29, 30), Some(96));
    }
}
