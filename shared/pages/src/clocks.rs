//! A ticket's clocks, as a page shows them: what runs out, in words, and a shape.

use jiff::Timestamp;
use types::clock::{Clock, ClockKind, ClockState};
use types::command::Setting;
use types::ticket::{CloseReason, HoldReason, State, Ticket};

use crate::words;

/// From here on a clock is said to run out soon, in seconds.
const SOON: i64 = 600;

/// What stands on a badge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Badge {
    /// `Atención`, `Solución`, `Validación`.
    pub label: &'static str,
    pub state: BadgeState,
    pub words: String,
    /// Seconds left, where they are counted down on the page; fewer than none
    /// once it is too late.
    pub left: Option<i64>,
    /// Whether they are counted down now: the calendar is open.
    pub running: bool,
    pub due_at: Option<Timestamp>,
}

/// What a badge looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum BadgeState {
    Overdue,
    Soon,
    Run,
    Paused,
    /// Kept, and too late.
    Late,
    Met,
    Idle,
}

impl BadgeState {
    /// The word of the styles and of the scripts.
    pub fn word(self) -> &'static str {
        match self {
            BadgeState::Overdue => "overdue",
            BadgeState::Soon => "soon",
            BadgeState::Run => "run",
            BadgeState::Paused => "paused",
            BadgeState::Late => "late",
            BadgeState::Met => "met",
            BadgeState::Idle => "idle",
        }
    }

    /// Its drawing.
    pub fn icon(self) -> &'static str {
        match self {
            BadgeState::Overdue => "i-overdue",
            BadgeState::Soon => "i-soon",
            BadgeState::Run => "i-run",
            BadgeState::Paused => "i-paused",
            BadgeState::Late => "i-late",
            BadgeState::Met => "i-met",
            BadgeState::Idle => "i-idle",
        }
    }
}

fn label(kind: ClockKind) -> &'static str {
    match kind {
        ClockKind::Attention => "Atención",
        ClockKind::Solution => "Solución",
        ClockKind::Waiting => "Espera del solicitante",
        ClockKind::Provider => "Espera del proveedor",
        ClockKind::Validation => "Validación",
        ClockKind::CsirtReport => "Reporte al CSIRT",
        ClockKind::SicReport => "Reporte a la SIC",
        ClockKind::Forwarding => "Traslado (PQRSD)",
    }
}

/// A clock's badge.
pub fn badge(kind: ClockKind, ticket: &Ticket, setting: Setting<'_>) -> Badge {
    let clock = ticket.clocks.get(kind);
    let still = |state, words| Badge {
        label: label(kind),
        state,
        words,
        left: None,
        running: false,
        due_at: None,
    };
    match clock.state {
        ClockState::Idle => still(BadgeState::Idle, idle(kind).to_owned()),
        ClockState::Running => running(kind, clock, setting),
        ClockState::Paused => {
            let since = clock.segments.last().map(|segment| segment.from);
            let since = since.map_or_else(String::new, |since| {
                format!(" desde {}", words::stamp(since, setting.now))
            });
            let whom = match ticket.state {
                State::OnHold(HoldReason::Requester) => " (solicitante)",
                State::OnHold(HoldReason::Provider) => " (proveedor)",
                State::OnHold(HoldReason::Technology) => " (Tecnología)",
                State::New | State::Assigned | State::Solved | State::Closed => "",
            };
            still(BadgeState::Paused, format!("en pausa{whom}{since}"))
        }
        ClockState::Met => {
            let used = words::amount(clock.used_seconds);
            match clock.is_breached(setting.now) {
                true => still(BadgeState::Late, format!("cumplida tarde, en {used}")),
                false => still(BadgeState::Met, format!("cumplida en {used}")),
            }
        }
        ClockState::Stopped => still(
            BadgeState::Idle,
            stopped(kind, ticket.close_reason).to_owned(),
        ),
    }
}

fn idle(kind: ClockKind) -> &'static str {
    match kind {
        ClockKind::Attention => "empieza al registrar",
        ClockKind::Solution => "empieza al asignar",
        ClockKind::Waiting => "empieza al preguntar",
        ClockKind::Provider => "empieza al consultar",
        ClockKind::Validation => "empieza al resolver",
        ClockKind::CsirtReport | ClockKind::SicReport => "empieza con el incidente",
        ClockKind::Forwarding => "empieza al recibir la petición",
    }
}

/// What ended a clock otherwise than by what it is for.
fn stopped(kind: ClockKind, closed: Option<CloseReason>) -> &'static str {
    match kind {
        ClockKind::Validation if closed == Some(CloseReason::ValidationExpired) => {
            "venció sin respuesta"
        }
        // The solution did not hold, or the reason was objected to.
        ClockKind::Validation => "se reabrió",
        ClockKind::Attention | ClockKind::Solution | ClockKind::Waiting | ClockKind::Provider => {
            "no se cumplió"
        }
        // It was said why not.
        ClockKind::CsirtReport | ClockKind::SicReport => "no procede",
        ClockKind::Forwarding => "no es una petición",
    }
}

fn running(kind: ClockKind, clock: &Clock, setting: Setting<'_>) -> Badge {
    let now = setting.now;
    let calendar = clock.calendar.as_ref();
    let calendar = calendar.and_then(|id| setting.catalogue.calendar(id));
    let due = clock.due_at.unwrap_or(now);
    let worked = |from, to| {
        let seconds = calendar.map_or(0, |calendar| calendar.between(from, to).as_secs());
        i64::try_from(seconds).unwrap_or(i64::MAX)
    };
    let late = now > due;
    let left = match late {
        true => -worked(due, now),
        false => worked(now, due),
    };
    let open = calendar.is_some_and(|calendar| calendar.is_open(now));
    let today = words::same_day(due, now);
    let state = match (late, left) {
        (true, _) => BadgeState::Overdue,
        (false, ..=SOON) if today => BadgeState::Soon,
        (false, _) => BadgeState::Run,
    };
    let amount = words::amount(left.unsigned_abs());
    let counted = late || today;
    let words = match (late, today) {
        (true, _) if left == 0 => "vencida".to_owned(),
        (true, _) => format!("vencida hace {amount}"),
        (false, true) => format!("faltan {amount}"),
        (false, false) => format!("vence {}", words::when(due, now)),
    };
    Badge {
        label: label(kind),
        state,
        words,
        left: counted.then_some(left),
        running: counted && open,
        due_at: Some(due),
    }
}

/// The badges that a list shows: what runs, and where nothing does, what waits or
/// was last met. The most urgent first.
pub fn of_list(ticket: &Ticket, setting: Setting<'_>) -> Vec<Badge> {
    let legal = ClockKind::LEGAL.into_iter();
    let legal = legal.filter(|kind| ticket.clocks.get(*kind).running_since().is_some());
    let all = ClockKind::AGREED.into_iter().chain(legal);
    let all: Vec<_> = all.map(|kind| badge(kind, ticket, setting)).collect();
    let is_running = |badge: &&Badge| badge.state <= BadgeState::Run;
    let mut shown: Vec<_> = all.iter().filter(is_running).cloned().collect();
    shown.sort_by_key(|badge| badge.due_at);
    if shown.is_empty() {
        let rest = all
            .into_iter()
            .filter(|badge| badge.state != BadgeState::Idle);
        shown.extend(rest.min_by_key(|badge| badge.state));
    }
    shown
}
