//! The clocks of a ticket as `GET /tickets/{ref}/clocks` answers them: the
//! figures, and a text in Spanish with which a coordinator can defend a due time
//! before somebody who doubts it.
//!
//! Nothing is worked out a second time. What a clock has used comes from
//! [`types::clock::Clock::used_at`], which the rules use as well, and what is told day by day
//! are the stretches that [`types::calendar::Calendar::between`] adds up.
//!
//! # Whole seconds
//!
//! Each segment that counts is rounded down to whole seconds by itself, as the
//! rules do when it ends, so that the `working_seconds` of the segments that
//! count always add up to `used_seconds`. What is left is the limit less that.
//! In the text, the parts of a segment share its rounding: what is printed adds
//! up to what is printed.
//!
//! # Hours that have changed
//!
//! A coordinator may change a calendar's hours. What a segment that has ended
//! added, and the due time of a clock that runs, were worked out with the hours
//! of their time and stay as they are. Where those of today would give something
//! else, the text says so instead of telling days that do not add up.

#[cfg(test)]
mod histories;
mod lines;
mod run;
#[cfg(test)]
mod tests;
// The tickets that the rules are tested with.
#[cfg(test)]
#[path = "../../../../shared/types/tests/rules/world.rs"]
#[allow(dead_code, reason = "the rules' tests use more of it")]
mod world;

use types::account::{ClockExplained, ClocksExplained, StepExplained};
use types::clock::{ClockKind, ClockState, ClockStep};
use types::command::Setting;
use types::spanish as words;
use types::ticket::{Status, Ticket};
use types::view::Reader;

pub use run::UnknownCalendar;
use run::{Run, course};

/// The clocks of `ticket` for `reader`, as of the setting's time.
///
/// # Errors
/// [`UnknownCalendar`] where the catalogue lacks one that a clock ran by.
pub fn account<'a>(
    ticket: &'a Ticket,
    reader: Reader,
    setting: Setting<'a>,
) -> Result<ClocksExplained<'a>, UnknownCalendar> {
    let explain = |kind| explain(kind, ticket, reader, setting);
    let wait = |kind, least: Reader| {
        let known = !ticket.clocks.get(kind).is_idle();
        let may = reader == Reader::Staff || least == Reader::Requester;
        (known && may).then(|| explain(kind)).transpose()
    };
    Ok(ClocksExplained {
        number: ticket.number.0,
        attention: explain(ClockKind::Attention)?,
        solution: explain(ClockKind::Solution)?,
        waiting: wait(ClockKind::Waiting, Reader::Requester)?,
        provider: wait(ClockKind::Provider, Reader::Staff)?,
        validation: explain(ClockKind::Validation)?,
        csirt_report: wait(ClockKind::CsirtReport, Reader::Staff)?,
        sic_report: wait(ClockKind::SicReport, Reader::Staff)?,
        forwarding: wait(ClockKind::Forwarding, Reader::Staff)?,
    })
}

fn explain<'a>(
    kind: ClockKind,
    ticket: &'a Ticket,
    reader: Reader,
    setting: Setting<'a>,
) -> Result<ClockExplained<'a>, UnknownCalendar> {
    let clock = ticket.clocks.get(kind);
    let mut explained = match Run::of(kind, ticket, setting)? {
        None => idle(kind, ticket),
        Some(run) => run.explained()?,
    };
    let running = clock.running_since().is_some();
    explained.steps = match reader {
        Reader::Staff => Some(
            clock
                .steps
                .iter()
                .map(|step| explain_step(step, running))
                .collect(),
        ),
        Reader::Requester => None,
    };
    Ok(explained)
}

fn idle<'a>(kind: ClockKind, ticket: &Ticket) -> ClockExplained<'a> {
    let policy = &ticket.policy;
    let limit_seconds = policy.limit_seconds(kind);
    let sentence = match ticket.status() {
        Status::New | Status::Assigned | Status::OnHold | Status::Solved => {
            "Todavía no ha empezado."
        }
        Status::Closed => "No llegó a empezar.",
    };
    let explanation = format!(
        "El {} va {}; su límite es de {}.\n{sentence}",
        kind.label(),
        course(kind),
        words::limit(limit_seconds),
    );
    ClockExplained {
        state: ClockState::Idle,
        calendar: None,
        limit_seconds,
        segments: Vec::new(),
        used_seconds: 0,
        left_seconds: limit_seconds,
        due_at: None,
        met_at: None,
        breached: false,
        steps: None,
        explanation,
    }
}

fn explain_step(step: &ClockStep, running: bool) -> StepExplained {
    StepExplained {
        percent: step.percent,
        tells: step.tells,
        at: (running || !step.is_armed()).then_some(step.at),
        fired_at: step.fired_at,
    }
}
