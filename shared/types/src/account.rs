//! The account of a ticket's clocks, as `GET /tickets/{ref}/clocks` answers it.

use jiff::Timestamp;
use serde::Serialize;

use crate::clock::{ClockState, Tells};
use crate::ids::CalendarId;

/// The clocks of a ticket.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ClocksExplained<'a> {
    pub number: u64,
    pub attention: ClockExplained<'a>,
    pub solution: ClockExplained<'a>,
    /// Of the wait for the requester, where there was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waiting: Option<ClockExplained<'a>>,
    /// Of the wait for a provider, where there was one and the reader may know.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider: Option<ClockExplained<'a>>,
    pub validation: ClockExplained<'a>,
    /// Of the report to the government's CSIRT, for those who work on it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub csirt_report: Option<ClockExplained<'a>>,
    /// Of the report to the authority for personal data, for those who work on it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sic_report: Option<ClockExplained<'a>>,
    /// Of passing a petition on, for those who work on it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub forwarding: Option<ClockExplained<'a>>,
}

/// A clock as of now, and how it came to stand where it does.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ClockExplained<'a> {
    pub state: ClockState,
    /// Whose hours count now; none until it starts.
    pub calendar: Option<&'a CalendarId>,
    /// Working time allowed, in seconds. Until it starts, what it would get.
    pub limit_seconds: u64,
    pub segments: Vec<SegmentExplained>,
    /// Working time used up to now, in seconds.
    pub used_seconds: u64,
    /// Working time left, in seconds; nothing once the limit is passed.
    pub left_seconds: u64,
    /// When the limit is reached; none while it is paused.
    pub due_at: Option<Timestamp>,
    pub met_at: Option<Timestamp>,
    pub breached: bool,
    /// None for a requester: whom the desk tells is its own business.
    pub steps: Option<Vec<StepExplained>>,
    /// The account in Spanish, in lines.
    pub explanation: String,
}

/// A stretch of time of a clock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct SegmentExplained {
    pub from: Timestamp,
    /// None while it is open.
    pub to: Option<Timestamp>,
    /// Whether it counts towards the limit: a pause does not, nor does what ran
    /// before a new start.
    pub counted: bool,
    /// Working time from its beginning to its end, or to now, in seconds,
    /// whether or not it counts.
    pub working_seconds: u64,
}

/// A step on a clock's way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct StepExplained {
    pub percent: u32,
    pub tells: Tells,
    /// When it is due, or was. None where it has not fired and the clock does
    /// not run: it is not known then when it would be.
    pub at: Option<Timestamp>,
    pub fired_at: Option<Timestamp>,
}
