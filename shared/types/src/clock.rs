//! The three clocks of a ticket (section 5 of the procedure). A clock keeps its
//! segments, so that its due time can be explained and defended.
//!
//! A clock is changed by [`ClockChange`]s alone. The command that makes a change
//! works out the due time and the working time used, with the calendar at hand;
//! applying a change later needs no calendar and no arithmetic, so that a
//! history read years from now gives the same due times.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ids::CalendarId;

/// Which clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClockKind {
    /// From registration to the desk's first contact.
    Attention,
    /// From the assignment of whoever is responsible now to the solution.
    Solution,
    /// From the solution to the requester's word on it.
    Validation,
}

/// What a clock is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClockState {
    /// Not started yet.
    #[default]
    Idle,
    Running,
    Paused,
    /// Ended by what it waited for.
    Met,
    /// Ended without it: a reopening ends the validation.
    Stopped,
}

/// A stretch of time, and whether it counts towards the limit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Segment {
    pub from: Timestamp,
    pub to: Option<Timestamp>,
    pub counted: bool,
}

/// One clock of one ticket.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clock {
    pub state: ClockState,
    pub calendar: Option<CalendarId>,
    /// Working time allowed, in seconds.
    pub limit_seconds: u64,
    /// Working time used up to the last pause or end, in seconds.
    pub used_seconds: u64,
    /// When the limit is reached; only while running, and kept once ended.
    pub due_at: Option<Timestamp>,
    pub met_at: Option<Timestamp>,
    pub segments: Vec<Segment>,
}

/// Something that happens to a clock, at the time of the event that carries it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "snake_case")]
pub enum ClockChange {
    /// Begins, or begins afresh: what was used before no longer counts.
    Start {
        clock: ClockKind,
        calendar: CalendarId,
        limit_seconds: u64,
        due_at: Timestamp,
    },
    /// Stands still until it is resumed.
    Pause { clock: ClockKind, used_seconds: u64 },
    /// Goes on with what was left.
    Resume { clock: ClockKind, due_at: Timestamp },
    /// Goes on, or stands still, under another limit; time used stays used.
    Reschedule {
        clock: ClockKind,
        calendar: CalendarId,
        limit_seconds: u64,
        used_seconds: u64,
        due_at: Option<Timestamp>,
    },
    /// What it waited for has come.
    Meet { clock: ClockKind, used_seconds: u64 },
    /// It ends without that.
    Stop { clock: ClockKind, used_seconds: u64 },
}

impl ClockChange {
    /// The clock that changes.
    pub fn clock(&self) -> ClockKind {
        match self {
            ClockChange::Start { clock, .. }
            | ClockChange::Pause { clock, .. }
            | ClockChange::Resume { clock, .. }
            | ClockChange::Reschedule { clock, .. }
            | ClockChange::Meet { clock, .. }
            | ClockChange::Stop { clock, .. } => *clock,
        }
    }
}

impl Clock {
    /// Whether the limit has been passed at `now`.
    pub fn is_breached(&self, now: Timestamp) -> bool {
        match self.state {
            ClockState::Idle => false,
            ClockState::Running => self.due_at.is_some_and(|due| now > due),
            ClockState::Paused | ClockState::Met | ClockState::Stopped => {
                self.used_seconds > self.limit_seconds
            }
        }
    }

    /// Working time left, in seconds; nothing once the limit is passed.
    pub fn left_seconds(&self) -> u64 {
        self.limit_seconds.saturating_sub(self.used_seconds)
    }

    /// Since when it has been running, if it is.
    pub fn running_since(&self) -> Option<Timestamp> {
        match self.state {
            ClockState::Running => self.segments.last().map(|s| s.from),
            ClockState::Idle | ClockState::Paused | ClockState::Met | ClockState::Stopped => None,
        }
    }

    /// Applies a change that happened at `at`.
    pub fn apply(&mut self, change: &ClockChange, at: Timestamp) {
        match change {
            ClockChange::Start {
                calendar,
                limit_seconds,
                due_at,
                clock: _,
            } => {
                self.close_segment(at);
                for segment in &mut self.segments {
                    segment.counted = false;
                }
                self.open_segment(at, Counting::Counted);
                self.state = ClockState::Running;
                self.calendar = Some(calendar.clone());
                self.limit_seconds = *limit_seconds;
                self.used_seconds = 0;
                self.due_at = Some(*due_at);
                self.met_at = None;
            }
            ClockChange::Pause {
                used_seconds,
                clock: _,
            } => {
                self.close_segment(at);
                self.open_segment(at, Counting::NotCounted);
                self.state = ClockState::Paused;
                self.used_seconds = *used_seconds;
                self.due_at = None;
            }
            ClockChange::Resume { due_at, clock: _ } => {
                self.close_segment(at);
                self.open_segment(at, Counting::Counted);
                self.state = ClockState::Running;
                self.due_at = Some(*due_at);
                self.met_at = None;
            }
            ClockChange::Reschedule {
                calendar,
                limit_seconds,
                used_seconds,
                due_at,
                clock: _,
            } => {
                if self.state == ClockState::Running {
                    self.close_segment(at);
                    self.open_segment(at, Counting::Counted);
                }
                self.calendar = Some(calendar.clone());
                self.limit_seconds = *limit_seconds;
                self.used_seconds = *used_seconds;
                self.due_at = *due_at;
            }
            ClockChange::Meet {
                used_seconds,
                clock: _,
            } => {
                self.close_segment(at);
                self.state = ClockState::Met;
                self.used_seconds = *used_seconds;
                self.met_at = Some(at);
            }
            ClockChange::Stop {
                used_seconds,
                clock: _,
            } => {
                self.close_segment(at);
                self.state = ClockState::Stopped;
                self.used_seconds = *used_seconds;
                self.due_at = None;
            }
        }
    }

    fn close_segment(&mut self, at: Timestamp) {
        if let Some(last) = self.segments.last_mut()
            && last.to.is_none()
        {
            last.to = Some(at);
        }
    }

    fn open_segment(&mut self, at: Timestamp, counting: Counting) {
        let counted = counting == Counting::Counted;
        self.segments.push(Segment {
            from: at,
            to: None,
            counted,
        });
    }
}

#[derive(PartialEq)]
enum Counting {
    Counted,
    NotCounted,
}

/// The clocks of a ticket.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clocks {
    pub attention: Clock,
    pub solution: Clock,
    pub validation: Clock,
}

impl Clocks {
    /// One of them.
    pub fn get(&self, kind: ClockKind) -> &Clock {
        match kind {
            ClockKind::Attention => &self.attention,
            ClockKind::Solution => &self.solution,
            ClockKind::Validation => &self.validation,
        }
    }

    /// One of them, to change it.
    pub fn get_mut(&mut self, kind: ClockKind) -> &mut Clock {
        match kind {
            ClockKind::Attention => &mut self.attention,
            ClockKind::Solution => &mut self.solution,
            ClockKind::Validation => &mut self.validation,
        }
    }
}
