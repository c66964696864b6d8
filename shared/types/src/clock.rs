//! The clocks of a ticket: those of section 5 of the procedure, and those of the law. A clock keeps its
//! segments, so that its due time can be explained and defended.
//!
//! A clock is changed by [`ClockChange`]s alone. The command that makes a change
//! works out the due time and the working time used, with the calendar at hand;
//! applying a change later needs no calendar and no arithmetic, so that a
//! history read years from now gives the same due times.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use strum::VariantArray;

use crate::calendar::Calendar;
use crate::ids::CalendarId;

/// Which clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ClockKind {
    /// From registration to the desk's first contact.
    Attention,
    /// From the assignment of whoever is responsible now to the solution.
    Solution,
    /// While it waits for the requester.
    Waiting,
    /// While it waits for an outside provider.
    Provider,
    /// From the solution to the requester's word on it.
    Validation,
    /// From the knowledge of a security incident to its report to the government's CSIRT.
    CsirtReport,
    /// The same to the authority for personal data.
    SicReport,
    /// From the arrival of a petition to its being passed on.
    Forwarding,
}

impl ClockKind {
    /// Every clock, in the order of a ticket's life.
    pub const ALL: [ClockKind; 8] = [
        ClockKind::Attention,
        ClockKind::Solution,
        ClockKind::Waiting,
        ClockKind::Provider,
        ClockKind::Validation,
        ClockKind::CsirtReport,
        ClockKind::SicReport,
        ClockKind::Forwarding,
    ];

    /// The clocks of what was agreed with the requester (section 5).
    pub const AGREED: [ClockKind; 3] = [
        ClockKind::Attention,
        ClockKind::Solution,
        ClockKind::Validation,
    ];

    /// The clocks of a wait for others: what is late then is theirs, and still
    /// nobody may forget it.
    pub const WAITS: [ClockKind; 2] = [ClockKind::Waiting, ClockKind::Provider];

    /// The clocks of the law: their limits are the law's, whatever was agreed.
    pub const LEGAL: [ClockKind; 3] = [
        ClockKind::CsirtReport,
        ClockKind::SicReport,
        ClockKind::Forwarding,
    ];

    /// Whether its limit is the law's.
    pub fn is_legal(self) -> bool {
        ClockKind::LEGAL.contains(&self)
    }

    /// The clock as people call it: "tiempo de …".
    pub fn label(self) -> &'static str {
        match self {
            ClockKind::Attention => "tiempo de atención",
            ClockKind::Solution => "tiempo de solución",
            ClockKind::Waiting => "espera del solicitante",
            ClockKind::Provider => "espera del proveedor",
            ClockKind::Validation => "tiempo de validación",
            ClockKind::CsirtReport => "plazo para reportar al CSIRT Gobierno",
            ClockKind::SicReport => "plazo para reportar a la SIC",
            ClockKind::Forwarding => "plazo para trasladar la petición",
        }
    }
}

/// What a clock is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
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
    /// The calendar in whose hours it counts, or would count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calendar: Option<CalendarId>,
    /// Working time that it added to what the clock has used, in whole seconds,
    /// as worked out when it ended: the hours of a calendar may change later.
    /// None while it is open, and where a new start ended it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub used_seconds: Option<u64>,
}

/// Whom a step tells that time runs out, or has run out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, VariantArray)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Tells {
    /// Whoever is in charge now: the agent, or the officer after an escalation.
    Responsible,
    /// The coordinators of the desk.
    Coordinator,
    /// The head of the Technology Office.
    Head,
    /// The requester: a reminder to validate, or to answer.
    Requester,
}

/// A step on a clock's way, as the catalogue rules it: at `percent` of the limit
/// somebody is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Step {
    pub clock: ClockKind,
    /// Of the limit, in working time: 80 is before the due time, 200 is when the
    /// limit has passed a second time.
    pub percent: u32,
    pub tells: Tells,
}

impl Step {
    /// The steps where a category says nothing: attention and solution warn the
    /// responsible at 80 %, tell the coordinator at 100 % and the head at 200 %;
    /// half-way through validation the requester is reminded. Whoever is waited for
    /// has a working day: then the requester is reminded, the agent is told after two
    /// and the coordinator after five; of a provider the officer is told after one
    /// and the head after three.
    pub const DEFAULT: [Step; 12] = {
        const fn step(clock: ClockKind, percent: u32, tells: Tells) -> Step {
            Step {
                clock,
                percent,
                tells,
            }
        }
        [
            step(ClockKind::Attention, 80, Tells::Responsible),
            step(ClockKind::Attention, 100, Tells::Coordinator),
            step(ClockKind::Attention, 200, Tells::Head),
            step(ClockKind::Solution, 80, Tells::Responsible),
            step(ClockKind::Solution, 100, Tells::Coordinator),
            step(ClockKind::Solution, 200, Tells::Head),
            step(ClockKind::Waiting, 100, Tells::Requester),
            step(ClockKind::Waiting, 200, Tells::Responsible),
            step(ClockKind::Waiting, 500, Tells::Coordinator),
            step(ClockKind::Provider, 100, Tells::Responsible),
            step(ClockKind::Provider, 300, Tells::Head),
            step(ClockKind::Validation, 50, Tells::Requester),
        ]
    };

    /// The steps of a clock of the law: half-way its responsible is told, with a fifth of it
    /// left the coordinators, and the head where it has passed.
    pub(crate) fn of_the_law(clock: ClockKind) -> [Step; 4] {
        let step = |percent, tells| Step {
            clock,
            percent,
            tells,
        };
        [
            step(50, Tells::Responsible),
            step(80, Tells::Coordinator),
            step(100, Tells::Coordinator),
            step(100, Tells::Head),
        ]
    }

    /// Working time from the clock's start to this step, in seconds.
    pub fn seconds(&self, limit_seconds: u64) -> u64 {
        limit_seconds.saturating_mul(u64::from(self.percent)) / 100
    }
}

/// A step of a clock that was started.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClockStep {
    pub percent: u32,
    pub tells: Tells,
    /// When it is due, as long as the clock runs.
    pub at: Timestamp,
    /// When it fired; it does so once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fired_at: Option<Timestamp>,
}

impl ClockStep {
    /// Whether it still is to fire.
    pub fn is_armed(&self) -> bool {
        self.fired_at.is_none()
    }
}

/// Steps of a run that a ticket keeps, the latest of them.
const MAX_STEPS: usize = 30;

/// Segments of a clock that a ticket keeps.
const MAX_SEGMENTS: usize = 30;

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
    /// The steps of this run, by the time they are due.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<ClockStep>,
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
        /// When what it measures began, where that was before it was known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        since: Option<Timestamp>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        steps: Vec<ClockStep>,
    },
    /// Stands still until it is resumed.
    Pause { clock: ClockKind, used_seconds: u64 },
    /// Goes on with what was left.
    Resume {
        clock: ClockKind,
        due_at: Timestamp,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        steps: Vec<ClockStep>,
    },
    /// Goes on, or stands still, under another limit; time used stays used.
    Reschedule {
        clock: ClockKind,
        calendar: CalendarId,
        limit_seconds: u64,
        used_seconds: u64,
        due_at: Option<Timestamp>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        steps: Vec<ClockStep>,
    },
    /// Its calendar has other hours than before: the same stretch ends at another
    /// time.
    Rearm {
        clock: ClockKind,
        due_at: Timestamp,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        steps: Vec<ClockStep>,
    },
    /// Steps are put after those that there are.
    Extend {
        clock: ClockKind,
        steps: Vec<ClockStep>,
    },
    /// A step is reached: whom it tells is told.
    Fire {
        clock: ClockKind,
        percent: u32,
        tells: Tells,
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
            | ClockChange::Rearm { clock, .. }
            | ClockChange::Extend { clock, .. }
            | ClockChange::Fire { clock, .. }
            | ClockChange::Meet { clock, .. }
            | ClockChange::Stop { clock, .. } => *clock,
        }
    }
}

impl Clock {
    /// Whether it never started.
    pub fn is_idle(&self) -> bool {
        self.state == ClockState::Idle
    }

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

    /// Working time used at `now`, in whole seconds: what was used up to the last
    /// pause or end and, while running, what has passed since. A part of a
    /// second is not held against anybody: each stretch is rounded down by
    /// itself. `calendar` is the clock's own.
    pub fn used_at(&self, calendar: &Calendar, now: Timestamp) -> u64 {
        let since = self
            .running_since()
            .map_or(0, |since| calendar.between(since, now).as_secs());
        self.used_seconds + since
    }

    /// The segments that a later start has set aside, and those of the present
    /// run, which begins with the first that counts.
    pub fn runs(&self) -> (&[Segment], &[Segment]) {
        let present = self.segments.iter().position(|segment| segment.counted);
        self.segments
            .split_at(present.unwrap_or(self.segments.len()))
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

    /// The step that comes next, while it is running.
    pub fn next_step(&self) -> Option<&ClockStep> {
        self.running_since()?;
        let armed = self.steps.iter().filter(|step| step.is_armed());
        armed.min_by_key(|step| step.at)
    }

    /// Applies a change that happened at `at`.
    pub fn apply(&mut self, change: &ClockChange, at: Timestamp) {
        match change {
            ClockChange::Start {
                calendar,
                limit_seconds,
                due_at,
                since,
                steps,
                clock: _,
            } => {
                self.close_segment(at, None);
                for segment in &mut self.segments {
                    segment.counted = false;
                }
                self.calendar = Some(calendar.clone());
                self.open_segment(since.unwrap_or(at), Counting::Counted);
                self.state = ClockState::Running;
                self.limit_seconds = *limit_seconds;
                self.used_seconds = 0;
                self.due_at = Some(*due_at);
                self.met_at = None;
                self.steps.clone_from(steps);
            }
            ClockChange::Pause {
                used_seconds,
                clock: _,
            } => {
                self.close_segment(at, Some(*used_seconds));
                self.open_segment(at, Counting::NotCounted);
                self.state = ClockState::Paused;
                self.used_seconds = *used_seconds;
                self.due_at = None;
            }
            ClockChange::Resume {
                due_at,
                steps,
                clock: _,
            } => {
                self.close_segment(at, None);
                self.open_segment(at, Counting::Counted);
                self.state = ClockState::Running;
                self.due_at = Some(*due_at);
                self.met_at = None;
                self.steps.clone_from(steps);
            }
            ClockChange::Reschedule {
                calendar,
                limit_seconds,
                used_seconds,
                due_at,
                steps,
                clock: _,
            } => {
                self.calendar = Some(calendar.clone());
                if self.state == ClockState::Running {
                    self.close_segment(at, Some(*used_seconds));
                    self.open_segment(at, Counting::Counted);
                }
                self.limit_seconds = *limit_seconds;
                self.used_seconds = *used_seconds;
                self.due_at = *due_at;
                self.steps.clone_from(steps);
            }
            ClockChange::Rearm {
                due_at,
                steps,
                clock: _,
            } => {
                self.due_at = Some(*due_at);
                self.steps.clone_from(steps);
            }
            ClockChange::Extend { steps, clock: _ } => {
                self.steps.extend(steps.iter().cloned());
                // The history has them all.
                while self.steps.len() > MAX_STEPS
                    && let Some(fired) = self.steps.iter().position(|step| !step.is_armed())
                {
                    self.steps.remove(fired);
                }
            }
            ClockChange::Fire {
                percent,
                tells,
                clock: _,
            } => {
                let steps = self.steps.iter_mut();
                for step in steps.filter(|s| s.percent == *percent && s.tells == *tells) {
                    step.fired_at = Some(at);
                }
            }
            ClockChange::Meet {
                used_seconds,
                clock: _,
            } => {
                self.close_segment(at, Some(*used_seconds));
                self.state = ClockState::Met;
                self.used_seconds = *used_seconds;
                self.met_at = Some(at);
            }
            ClockChange::Stop {
                used_seconds,
                clock: _,
            } => {
                self.close_segment(at, Some(*used_seconds));
                self.state = ClockState::Stopped;
                self.used_seconds = *used_seconds;
                self.due_at = None;
            }
        }
    }

    /// Ends the open segment; `used_seconds` is what the clock has used by then,
    /// where somebody has worked it out.
    fn close_segment(&mut self, at: Timestamp, used_seconds: Option<u64>) {
        if let Some(last) = self.segments.last_mut()
            && last.to.is_none()
        {
            last.to = Some(at);
            last.used_seconds = used_seconds
                .filter(|_| last.counted)
                .map(|used| used.saturating_sub(self.used_seconds));
        }
    }

    fn open_segment(&mut self, at: Timestamp, counting: Counting) {
        let counted = counting == Counting::Counted;
        self.segments.push(Segment {
            from: at,
            to: None,
            counted,
            calendar: self.calendar.clone(),
            used_seconds: None,
        });
        while self.segments.len() > MAX_SEGMENTS {
            self.shorten();
        }
    }

    /// One segment less; the history has them all. What a later start has set aside goes;
    /// of the present run the first two become one, which has used what they used.
    fn shorten(&mut self) {
        let first = self.segments.remove(0);
        if let Some(second) = self.segments.first_mut().filter(|_| first.counted) {
            let used = first.used_seconds.into_iter().chain(second.used_seconds);
            second.used_seconds = Some(used.sum());
            second.from = first.from;
            second.counted = true;
        }
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
    #[serde(default, skip_serializing_if = "Clock::is_idle")]
    pub waiting: Clock,
    #[serde(default, skip_serializing_if = "Clock::is_idle")]
    pub provider: Clock,
    pub validation: Clock,
    #[serde(default, skip_serializing_if = "Clock::is_idle")]
    pub csirt_report: Clock,
    #[serde(default, skip_serializing_if = "Clock::is_idle")]
    pub sic_report: Clock,
    #[serde(default, skip_serializing_if = "Clock::is_idle")]
    pub forwarding: Clock,
}

impl Clocks {
    /// All of them, in the order of a ticket's life.
    pub fn all(&self) -> [(ClockKind, &Clock); 8] {
        ClockKind::ALL.map(|kind| (kind, self.get(kind)))
    }

    /// One of them.
    pub fn get(&self, kind: ClockKind) -> &Clock {
        match kind {
            ClockKind::Attention => &self.attention,
            ClockKind::Solution => &self.solution,
            ClockKind::Waiting => &self.waiting,
            ClockKind::Provider => &self.provider,
            ClockKind::Validation => &self.validation,
            ClockKind::CsirtReport => &self.csirt_report,
            ClockKind::SicReport => &self.sic_report,
            ClockKind::Forwarding => &self.forwarding,
        }
    }

    /// Makes changes that an event recorded `at` then.
    pub fn apply(&mut self, changes: &[ClockChange], at: Timestamp) {
        for change in changes {
            self.get_mut(change.clock()).apply(change, at);
        }
    }

    fn get_mut(&mut self, kind: ClockKind) -> &mut Clock {
        match kind {
            ClockKind::Attention => &mut self.attention,
            ClockKind::Solution => &mut self.solution,
            ClockKind::Waiting => &mut self.waiting,
            ClockKind::Provider => &mut self.provider,
            ClockKind::Validation => &mut self.validation,
            ClockKind::CsirtReport => &mut self.csirt_report,
            ClockKind::SicReport => &mut self.sic_report,
            ClockKind::Forwarding => &mut self.forwarding,
        }
    }
}
