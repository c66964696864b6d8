//! The clocks of a ticket as `GET /tickets/{ref}/clocks` answers them: the
//! figures, and a text in Spanish with which a coordinator can defend a due time
//! before somebody who doubts it.
//!
//! Nothing is worked out a second time. What a clock has used comes from
//! [`Clock::used_at`], which the rules use as well, and what is told day by day
//! are the stretches that [`Calendar::between`] adds up.
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

use std::collections::BTreeMap;
use std::iter;
use std::time::Duration;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::calendar::{Calendar, Closed, Stretch};
use crate::catalogue::Catalogue;
use crate::clock::{Clock, ClockKind, ClockState, ClockStep, Segment, Tells};
use crate::command::Setting;
use crate::ids::CalendarId;
use crate::problem::Problem;
use crate::ticket::{CloseReason, HoldReason, State, Status, Ticket};
use crate::view::Reader;

mod words;

/// A day as people of the entity write it: `viernes 20 de noviembre de 2026`.
pub fn date_in_words(date: jiff::civil::Date) -> String {
    words::day(date, None)
}

/// Lines of days and pauses that an explanation spells out; those in the middle
/// of a longer account are summed up in one.
const SPELLED_OUT: usize = 15;
/// The same for what is still to come, which then takes of the others'.
const SPELLED_OUT_AHEAD: usize = 7;

/// A clock's calendar is not in the catalogue. The catalogue's checks keep this
/// from happening.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("calendar {0} is not in the catalogue")]
pub struct UnknownCalendar(pub CalendarId);

impl From<UnknownCalendar> for Problem {
    fn from(_: UnknownCalendar) -> Self {
        Problem::Internal
    }
}

/// The three clocks of a ticket.
#[derive(Debug, Serialize)]
pub struct ClocksExplained<'a> {
    pub number: u64,
    pub attention: ClockExplained<'a>,
    pub solution: ClockExplained<'a>,
    pub validation: ClockExplained<'a>,
}

/// A clock as of now, and how it came to stand where it does.
#[derive(Debug, Serialize)]
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
pub struct StepExplained {
    pub percent: u32,
    pub tells: Tells,
    /// When it is due, or was. None where it has not fired and the clock does
    /// not run: it is not known then when it would be.
    pub at: Option<Timestamp>,
    pub fired_at: Option<Timestamp>,
}

impl<'a> ClocksExplained<'a> {
    /// The clocks of `ticket` for `reader`, as of the setting's time.
    ///
    /// # Errors
    /// [`UnknownCalendar`] where the catalogue lacks one that a clock ran by.
    pub fn of(
        ticket: &'a Ticket,
        reader: Reader,
        setting: Setting<'a>,
    ) -> Result<Self, UnknownCalendar> {
        let explain = |kind| ClockExplained::of(kind, ticket, reader, setting);
        Ok(ClocksExplained {
            number: ticket.number.0,
            attention: explain(ClockKind::Attention)?,
            solution: explain(ClockKind::Solution)?,
            validation: explain(ClockKind::Validation)?,
        })
    }
}

impl<'a> ClockExplained<'a> {
    fn of(
        kind: ClockKind,
        ticket: &'a Ticket,
        reader: Reader,
        setting: Setting<'a>,
    ) -> Result<Self, UnknownCalendar> {
        let clock = ticket.clocks.get(kind);
        let mut explained = match Run::of(kind, ticket, setting)? {
            None => Self::idle(kind, ticket),
            Some(run) => run.explained()?,
        };
        let running = clock.running_since().is_some();
        explained.steps = match reader {
            Reader::Staff => Some(
                clock
                    .steps
                    .iter()
                    .map(|step| StepExplained::of(step, running))
                    .collect(),
            ),
            Reader::Requester => None,
        };
        Ok(explained)
    }

    fn idle(kind: ClockKind, ticket: &Ticket) -> Self {
        let policy = &ticket.policy;
        let limit_seconds = match kind {
            ClockKind::Attention => policy.attention_seconds,
            ClockKind::Solution => policy.solution_seconds,
            ClockKind::Validation => policy.validation_seconds,
        };
        let sentence = match ticket.status() {
            Status::New | Status::Assigned | Status::OnHold | Status::Solved => {
                "Todavía no ha empezado."
            }
            Status::Closed => "No llegó a empezar.",
        };
        let explanation = format!(
            "El {} va {}; su límite es de {}, según el calendario «{}».\n{sentence}",
            kind.label(),
            course(kind),
            words::limit(limit_seconds),
            policy.calendar,
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
}

impl StepExplained {
    fn of(step: &ClockStep, running: bool) -> Self {
        StepExplained {
            percent: step.percent,
            tells: step.tells,
            at: (running || !step.is_armed()).then_some(step.at),
            fired_at: step.fired_at,
        }
    }
}

/// From what to what a clock runs (section 5 of the procedure).
fn course(kind: ClockKind) -> &'static str {
    match kind {
        ClockKind::Attention => "del registro al primer contacto de la Mesa de Ayuda",
        ClockKind::Solution => "de la asignación de quien está a cargo a la solución",
        ClockKind::Validation => "de la solución a la respuesta del solicitante",
    }
}

/// The present run of a clock, with all that explains it.
struct Run<'a> {
    kind: ClockKind,
    ticket: &'a Ticket,
    clock: &'a Clock,
    now: Timestamp,
    catalogue: &'a Catalogue,
    id: &'a CalendarId,
    calendar: &'a Calendar,
    /// What a new start has set aside.
    earlier: &'a [Segment],
    first: &'a Segment,
    last: &'a Segment,
    segments: &'a [Segment],
    /// The zone on whose wall clock the text tells the time.
    zone: TimeZone,
    /// The year in which it started, which days are told without.
    year: Option<i16>,
    used_seconds: u64,
    left_seconds: u64,
}

/// What a run has counted, and what it will up to its due time.
struct Account {
    past: Vec<Line>,
    ahead: Vec<Line>,
    /// Working time of the segments so far, in seconds.
    seconds: u64,
    /// When that came to the limit; none where it has not, or where the hours in
    /// which it did have changed since.
    reached: Option<Timestamp>,
    /// Whether no part of a second was dropped.
    whole_seconds: bool,
}

/// A line of the account.
struct Line {
    text: String,
    tally: Tally,
}

/// What lines come to, for those that are not spelled out.
#[derive(Clone, Copy, Default)]
struct Tally {
    /// Lines of hours that count.
    counted: u64,
    /// Working time in them, in seconds.
    seconds: u64,
    /// Days that do not count.
    closed_days: u64,
    /// Pauses, and times in which the ticket was solved.
    breaks: u64,
    /// Times that other rules came into force.
    changes: u64,
    /// Whatever else there is a line about.
    others: u64,
}

/// A day of an account, or as much of it as lies within.
struct Day {
    date: Date,
    from: Timestamp,
    to: Timestamp,
    /// What of it is open.
    stretches: Vec<Stretch>,
}

/// Days one after the other that are closed for the same reason.
struct Shut<'a> {
    first: Date,
    last: Date,
    days: u64,
    why: Closed<'a>,
}

/// Which way the parts of a second go.
#[derive(Clone, Copy)]
enum Rounding {
    /// For what was used.
    Down,
    /// For what is left: it is the limit less what was used.
    Up,
}

impl Rounding {
    fn seconds(self, time: Duration) -> u64 {
        match self {
            Rounding::Down => time.as_secs(),
            Rounding::Up => time.as_secs() + u64::from(time.subsec_nanos() > 0),
        }
    }
}

impl<'a> Run<'a> {
    /// None where the clock was not started.
    fn of(
        kind: ClockKind,
        ticket: &'a Ticket,
        Setting { now, catalogue }: Setting<'a>,
    ) -> Result<Option<Self>, UnknownCalendar> {
        let clock = ticket.clocks.get(kind);
        let (earlier, segments) = clock.runs();
        let (Some(id), [first, ..], [.., last]) = (&clock.calendar, segments, segments) else {
            return Ok(None);
        };
        let calendar = find(catalogue, id)?;
        let zone = calendar.time_zone();
        let used_seconds = clock.used_at(calendar, now);
        Ok(Some(Run {
            kind,
            ticket,
            clock,
            now,
            catalogue,
            id,
            calendar,
            earlier,
            first,
            last,
            segments,
            year: Some(zone.to_datetime(first.from).year()),
            zone,
            used_seconds,
            left_seconds: clock.limit_seconds.saturating_sub(used_seconds),
        }))
    }

    fn explained(&self) -> Result<ClockExplained<'a>, UnknownCalendar> {
        let clock = self.clock;
        let segments = clock.segments.iter();
        Ok(ClockExplained {
            state: clock.state,
            calendar: Some(self.id),
            limit_seconds: clock.limit_seconds,
            segments: segments
                .map(|segment| {
                    Ok(SegmentExplained {
                        from: segment.from,
                        to: segment.to,
                        counted: segment.counted,
                        working_seconds: self.working_seconds(segment)?,
                    })
                })
                .collect::<Result<_, _>>()?,
            used_seconds: self.used_seconds,
            left_seconds: self.left_seconds,
            due_at: clock.due_at,
            met_at: clock.met_at,
            breached: clock.is_breached(self.now),
            steps: None,
            explanation: self.explanation()?,
        })
    }

    /// The calendar that a segment ran by.
    fn calendar_of(
        &self,
        segment: &'a Segment,
    ) -> Result<(&'a CalendarId, &'a Calendar), UnknownCalendar> {
        let id = segment.calendar.as_ref().unwrap_or(self.id);
        Ok((id, find(self.catalogue, id)?))
    }

    /// Up to when a segment goes so far.
    fn end(&self, segment: &Segment) -> Timestamp {
        segment.to.unwrap_or(self.now)
    }

    fn working_seconds(&self, segment: &'a Segment) -> Result<u64, UnknownCalendar> {
        if let Some(seconds) = segment.used_seconds {
            return Ok(seconds);
        }
        let (_, calendar) = self.calendar_of(segment)?;
        Ok(calendar.between(segment.from, self.end(segment)).as_secs())
    }

    fn explanation(&self) -> Result<String, UnknownCalendar> {
        let account = self.account()?;
        let room = if account.ahead.is_empty() {
            SPELLED_OUT
        } else {
            SPELLED_OUT - SPELLED_OUT_AHEAD
        };
        let mut text = vec![self.rule(), self.start()];
        text.push(match self.clock.state {
            ClockState::Idle | ClockState::Running | ClockState::Paused => {
                "La cuenta hasta ahora:".to_owned()
            }
            ClockState::Met | ClockState::Stopped => "La cuenta:".to_owned(),
        });
        if account.past.is_empty() {
            text.push("- nada todavía".to_owned());
        }
        text.extend(folded(account.past, room));
        text.push(self.sum());
        if !account.ahead.is_empty() {
            text.push("Lo que falta para el vencimiento:".to_owned());
            text.extend(folded(account.ahead, SPELLED_OUT_AHEAD));
        }
        text.push(self.outcome(account.reached));
        if !account.whole_seconds {
            text.push(
                "Cada tramo se cuenta en segundos enteros; la fracción que sobra no se cuenta."
                    .to_owned(),
            );
        }
        Ok(text.join("\n"))
    }

    /// What is measured, how much of it there is, and in which hours.
    fn rule(&self) -> String {
        let since = self.zone.to_datetime(self.first.from).date();
        format!(
            "El {} va {}; su límite es de {}{}.\nCorre según el calendario «{}»: {}.",
            self.kind.label(),
            course(self.kind),
            words::limit(self.clock.limit_seconds),
            self.working(),
            self.id,
            words::schedule(self.calendar, since),
        )
    }

    /// What a duration is of.
    fn working(&self) -> &'static str {
        if self.calendar.week().is_some() {
            " de tiempo hábil"
        } else {
            ""
        }
    }

    fn start(&self) -> String {
        let start = self.moment(self.first.from);
        let (Some(first), Some(last)) = (self.earlier.first(), self.earlier.last()) else {
            return format!("Empezó el {start}.");
        };
        // What starts the solution time afresh (activities 2, 3 and 7).
        let why = match (self.kind, self.ticket.state) {
            (ClockKind::Solution, State::OnHold(HoldReason::Technology | HoldReason::Provider)) => {
                ", al escalarse a la Oficina de Tecnología"
            }
            (
                ClockKind::Solution,
                State::New
                | State::Assigned
                | State::OnHold(HoldReason::Requester)
                | State::Solved
                | State::Closed,
            ) => ", con una asignación, un escalamiento o una devolución",
            (ClockKind::Validation, _) => ", con una nueva solución",
            (ClockKind::Attention, _) => "",
        };
        format!(
            "Empezó de nuevo el {start}{why}. Lo que corrió del {} al {} ya no cuenta.",
            self.moment(first.from),
            self.moment(self.end(last)),
        )
    }

    /// What counted and what did not, in order.
    fn account(&self) -> Result<Account, UnknownCalendar> {
        let mut account = Account {
            past: Vec::new(),
            ahead: Vec::new(),
            seconds: 0,
            reached: None,
            whole_seconds: true,
        };
        let mut in_force = self.id;
        let mut previous: Option<&Segment> = None;
        for segment in self.segments {
            let before = previous.replace(segment);
            let since = before.and_then(|before| before.to);
            if let Some(since) = since.filter(|since| *since < segment.from) {
                let span = self.span(since, Some(segment.from));
                let text = format!("{span} (resuelta, en validación: no cuenta)");
                account.past.push(Line::rest(text));
            }
            if !segment.counted {
                let span = self.span(segment.from, segment.to);
                let text = format!("{span} (en pausa: no cuenta)");
                account.past.push(Line::rest(text));
                continue;
            }
            if since == Some(segment.from) && before.is_some_and(|before| before.counted) {
                let at = words::moment(segment.from, &self.zone, self.year);
                let text = format!("{at} cambió la categoría; lo usado sigue contando");
                account.past.push(Line::change(text));
            }
            let (id, calendar) = self.calendar_of(segment)?;
            if id != in_force {
                in_force = id;
                let since = self.zone.to_datetime(segment.from).date();
                let hours = words::schedule(calendar, since);
                let text = format!("según el calendario «{id}»: {hours}");
                account.past.push(Line::other(text));
            }
            self.count(segment, calendar, &mut account);
        }
        Ok(account)
    }

    /// What a segment counted, and what it will up to the due time.
    fn count(&self, segment: &Segment, calendar: &Calendar, account: &mut Account) {
        let end = self.end(segment);
        let time = calendar.between(segment.from, end);
        account.whole_seconds &= time.subsec_nanos() == 0;
        let seconds = segment.used_seconds.unwrap_or(time.as_secs());
        let left = self.clock.limit_seconds.saturating_sub(account.seconds);
        account.seconds += seconds;
        if seconds != time.as_secs() {
            let span = self.span(segment.from, segment.to);
            let duration = words::duration(seconds);
            let text = format!("{span} ({duration}, con el horario vigente entonces)");
            account.past.push(Line::counted(text, seconds));
            return;
        }
        if (1..=seconds).contains(&left) {
            let limit = calendar.add(segment.from, Duration::from_secs(left));
            account.reached = limit.ok();
        }
        let mut past = days(calendar, segment.from, end);
        if segment.to.is_none()
            && let Some(due) = self.clock.due_at.filter(|due| *due > end)
            && self.hours_are_the_same()
        {
            let ahead = days(calendar, end.max(segment.from), due);
            let ahead = closed_days_to_come(&mut past, ahead);
            account.ahead = self.lines(calendar, ahead, Rounding::Up);
        }
        let lines = self.lines(calendar, past, Rounding::Down);
        account.past.extend(lines);
    }

    /// Whether the hours of today still give the due time of a clock that runs.
    fn hours_are_the_same(&self) -> bool {
        let (Some(since), Some(due)) = (self.clock.running_since(), self.clock.due_at) else {
            return true;
        };
        let left = Duration::from_secs(self.clock.left_seconds());
        self.calendar.add(since, left) == Ok(due)
    }

    /// Days as they are told. Those that are closed, one after the other and for
    /// the same reason, share a line.
    fn lines(&self, calendar: &Calendar, days: Vec<Day>, rounding: Rounding) -> Vec<Line> {
        let zone = calendar.time_zone();
        let mut lines = Vec::new();
        let mut passed = Duration::ZERO;
        let mut shut: Option<Shut<'_>> = None;
        for day in days {
            if day.stretches.is_empty()
                && let Some(why) = calendar.closed(day.date)
            {
                match &mut shut {
                    Some(shut) if shut.why == why => {
                        shut.last = day.date;
                        shut.days += 1;
                    }
                    Some(_) | None => {
                        let next = Shut {
                            first: day.date,
                            last: day.date,
                            days: 1,
                            why,
                        };
                        let before = shut.replace(next);
                        lines.extend(before.map(|shut| shut.line(self.year)));
                    }
                }
                continue;
            }
            lines.extend(shut.take().map(|shut| shut.line(self.year)));
            let name = words::days(day.date, day.date, self.year);
            if day.stretches.is_empty() {
                let hours = words::from_to(day.from, day.to, &zone);
                let text = format!("{name}: {hours} (fuera del horario: no cuenta)");
                lines.push(Line::other(text));
                continue;
            }
            let told = rounding.seconds(passed);
            passed += day.stretches.iter().map(Stretch::length).sum::<Duration>();
            let seconds = rounding.seconds(passed) - told;
            let hours: Vec<_> = day
                .stretches
                .iter()
                .map(|stretch| words::from_to(stretch.from, stretch.to, &zone))
                .collect();
            let (hours, duration) = (words::list(&hours), words::duration(seconds));
            let text = format!("{name}: {hours} ({duration})");
            lines.push(Line::counted(text, seconds));
        }
        lines.extend(shut.map(|shut| shut.line(self.year)));
        lines
    }

    fn sum(&self) -> String {
        let used = words::duration(self.used_seconds);
        let over = self.over_seconds();
        if over > 0 {
            return format!(
                "Usado: {used}, {} más que el límite.",
                words::duration(over)
            );
        }
        let left = words::duration(self.left_seconds);
        format!("Usado: {used}; restante: {left}.")
    }

    fn over_seconds(&self) -> u64 {
        self.used_seconds.saturating_sub(self.clock.limit_seconds)
    }

    /// How it ended, or when it is due. `reached` is when the limit was.
    fn outcome(&self, reached: Option<Timestamp>) -> String {
        let end = self.moment(self.end(self.last));
        match (self.clock.state, self.kind, self.ticket.close_reason) {
            (ClockState::Idle, _, _) => String::new(),
            (ClockState::Running, _, _) => self.due(reached),
            (ClockState::Paused, _, _) if self.left_seconds > 0 => format!(
                "En pausa no vence: cuando se reanude, quedarán {}.",
                words::duration(self.left_seconds)
            ),
            (ClockState::Paused, _, _) => match reached {
                Some(at) => {
                    format!(
                        "Lo usado llegó al límite el {}; ahora está en pausa.",
                        self.moment(at)
                    )
                }
                None => "El límite ya estaba agotado cuando entró en pausa.".to_owned(),
            },
            (ClockState::Met, _, _) => {
                let how = match self.over_seconds() {
                    0 => "a tiempo".to_owned(),
                    over => {
                        let late = words::duration(over);
                        format!("con {late}{} de retraso", self.working())
                    }
                };
                format!("Se cumplió el {end}, {how}. {}", self.was_due(reached))
            }
            (ClockState::Stopped, ClockKind::Validation, Some(CloseReason::ValidationExpired)) => {
                match reached {
                    Some(at) => format!(
                        "Venció sin respuesta el {}, y la solicitud se cerró el {end}.",
                        self.moment(at)
                    ),
                    None => format!("Venció sin respuesta, y la solicitud se cerró el {end}."),
                }
            }
            (ClockState::Stopped, ClockKind::Validation, None) => {
                format!("Se detuvo el {end}, porque la solicitud se reabrió: ya no vence.")
            }
            (
                ClockState::Stopped,
                ClockKind::Attention | ClockKind::Solution | ClockKind::Validation,
                _,
            ) => format!("Se detuvo el {end}: ya no vence."),
        }
    }

    /// When a clock that runs is due.
    fn due(&self, reached: Option<Timestamp>) -> String {
        let Some(at) = self.clock.due_at else {
            return String::new();
        };
        let due = self.moment(at);
        let changed = if self.hours_are_the_same() {
            ""
        } else {
            " Se fijó con el horario que el calendario tenía entonces, que después cambió."
        };
        if self.was_spent(at) {
            self.spent(at, reached)
        } else if self.clock.is_breached(self.now) {
            format!("Venció el {due}.{changed}")
        } else {
            format!("Vence el {due}.{changed}")
        }
    }

    /// When a clock that was met was due.
    fn was_due(&self, reached: Option<Timestamp>) -> String {
        match (self.clock.due_at, reached) {
            (None, None) => "Estaba en pausa, y no corría ningún vencimiento.".to_owned(),
            (None, Some(at)) => {
                format!("Lo usado había llegado al límite el {}.", self.moment(at))
            }
            (Some(at), _) => {
                let due = self.moment(at);
                if self.was_spent(at) {
                    self.spent(at, reached)
                } else if self.over_seconds() > 0 {
                    format!("Había vencido el {due}.")
                } else {
                    format!("Vencía el {due}.")
                }
            }
        }
    }

    /// Whether nothing was left when it last went on: it was due at once then.
    fn was_spent(&self, due: Timestamp) -> bool {
        due == self.last.from
    }

    /// That there was nothing left when it went on, and since when.
    fn spent(&self, since: Timestamp, reached: Option<Timestamp>) -> String {
        let since = self.moment(since);
        let nothing = format!("cuando siguió contando, el {since}, ya no quedaba nada.");
        match reached {
            Some(at) => format!("Lo usado llegó al límite el {}; {nothing}", self.moment(at)),
            None => format!("El límite ya estaba agotado: {nothing}"),
        }
    }

    fn moment(&self, at: Timestamp) -> String {
        words::moment(at, &self.zone, None)
    }

    /// A time that does not count, as it is told.
    fn span(&self, from: Timestamp, to: Option<Timestamp>) -> String {
        let date = self.zone.to_datetime(from).date();
        let start = words::moment(from, &self.zone, self.year);
        match to {
            None => format!("desde el {start}"),
            Some(to) if self.zone.to_datetime(to).date() == date => {
                let day = words::days(date, date, self.year);
                format!("{day}: {}", words::from_to(from, to, &self.zone))
            }
            Some(to) => {
                let end = words::moment(to, &self.zone, self.year);
                format!("del {start} al {end}")
            }
        }
    }
}

impl Line {
    fn counted(text: String, seconds: u64) -> Self {
        let tally = Tally {
            counted: 1,
            seconds,
            ..Tally::default()
        };
        Line { text, tally }
    }

    fn rest(text: String) -> Self {
        let tally = Tally {
            breaks: 1,
            ..Tally::default()
        };
        Line { text, tally }
    }

    fn other(text: String) -> Self {
        let tally = Tally {
            others: 1,
            ..Tally::default()
        };
        Line { text, tally }
    }

    fn change(text: String) -> Self {
        let tally = Tally {
            changes: 1,
            ..Tally::default()
        };
        Line { text, tally }
    }
}

impl Shut<'_> {
    fn line(&self, year: Option<i16>) -> Line {
        let days = words::days(self.first, self.last, year);
        let verb = if self.days == 1 { "cuenta" } else { "cuentan" };
        let why = words::reason(&self.why, self.first, self.last);
        Line {
            text: format!("{days}: no {verb} ({why})"),
            tally: Tally {
                closed_days: self.days,
                ..Tally::default()
            },
        }
    }
}

/// The days from one instant to another, in a calendar's zone, with what of each
/// is open.
fn days(calendar: &Calendar, from: Timestamp, to: Timestamp) -> Vec<Day> {
    if to <= from {
        return Vec::new();
    }
    let zone = calendar.time_zone();
    let date = |at: Timestamp| zone.to_datetime(at).date();
    // The end is exclusive: midnight belongs to the day before it.
    let last = date(to.checked_sub(SignedDuration::from_nanos(1)).unwrap_or(to));
    let dates = iter::successors(Some(date(from)), |date| date.tomorrow().ok());
    let mut open: BTreeMap<Date, Vec<Stretch>> = dates
        .take_while(|date| *date <= last)
        .map(|date| (date, Vec::new()))
        .collect();
    for stretch in calendar.stretches(from, to) {
        open.entry(stretch.date).or_default().push(stretch);
    }
    let midnight = |date: Date| {
        let start = date.to_zoned(zone.clone());
        start.map(|start| start.timestamp()).ok()
    };
    open.into_iter()
        .map(|(date, stretches)| Day {
            date,
            from: midnight(date).map_or(from, |start| start.max(from)),
            to: date
                .tomorrow()
                .ok()
                .and_then(midnight)
                .map_or(to, |end| end.min(to)),
            stretches,
        })
        .collect()
}

/// What is to come, with the days at the end of what has passed on which nothing
/// has counted: why they do not is part of why it takes so long. What is left of
/// a day after its hours is not worth a line.
fn closed_days_to_come(past: &mut Vec<Day>, ahead: Vec<Day>) -> Vec<Day> {
    let counted = past.iter().rposition(|day| !day.stretches.is_empty());
    let waited = past.split_off(counted.map_or(0, |last| last + 1));
    let begun = past.last().map(|day| day.date);
    let today = ahead.first().map(|day| day.date);
    let waited = waited.into_iter().filter(|day| Some(day.date) != today);
    let ahead = ahead
        .into_iter()
        .filter(|day| !day.stretches.is_empty() || Some(day.date) != begun);
    waited.chain(ahead).collect()
}

/// Lines as they are printed: at most so many, the first and the last of them,
/// and what those between come to.
fn folded(lines: Vec<Line>, most: usize) -> Vec<String> {
    let between = if lines.len() > most {
        most / 2..lines.len() - (most - most / 2 - 1)
    } else {
        0..0
    };
    let mut tally = Tally::default();
    for line in &lines[between.clone()] {
        tally.counted += line.tally.counted;
        tally.seconds += line.tally.seconds;
        tally.closed_days += line.tally.closed_days;
        tally.breaks += line.tally.breaks;
        tally.changes += line.tally.changes;
        tally.others += line.tally.others;
    }
    let mut printed = Vec::new();
    for (i, line) in lines.into_iter().enumerate() {
        if !between.contains(&i) {
            printed.push(format!("- {}", line.text));
        } else if i == between.start {
            printed.push(format!("- entre tanto, en resumen: {}", tally.in_words()));
        }
    }
    printed
}

impl Tally {
    fn in_words(self) -> String {
        let duration = words::duration(self.seconds);
        let count = |count: u64, one: &str, many: &str| match count {
            0 => None,
            1 => Some(format!("1 {one}")),
            _ => Some(format!("{count} {many}")),
        };
        let parts = [
            count(self.counted, "tramo", "tramos").map(|text| format!("{text} ({duration})")),
            count(self.closed_days, "día que no cuenta", "días que no cuentan"),
            count(self.breaks, "pausa", "pausas"),
            count(self.changes, "cambio de categoría", "cambios de categoría"),
            count(self.others, "renglón más", "renglones más"),
        ];
        words::list(&parts.into_iter().flatten().collect::<Vec<_>>())
    }
}

fn find<'a>(catalogue: &'a Catalogue, id: &CalendarId) -> Result<&'a Calendar, UnknownCalendar> {
    catalogue
        .calendar(id)
        .ok_or_else(|| UnknownCalendar(id.clone()))
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use serde_json::json;

    use super::*;
    use crate::catalogue::CatalogueDocument;
    use crate::command::{Application, Command, admit, decide};
    use crate::ids::{CategoryId, EmailAddress, TicketId, TicketNumber};
    use crate::permission::{Actor, Caller};
    use crate::ticket::{Channel, Person, Request, apply};

    /// The shipped catalogue with more calendars, and a category for each.
    static CATALOGUE: LazyLock<Catalogue> =
        LazyLock::new(|| Catalogue::new(document("08:00-12:00")).unwrap());

    /// The same once a coordinator has changed the hours of one.
    static CHANGED: LazyLock<Catalogue> =
        LazyLock::new(|| Catalogue::new(document("09:00-12:00")).unwrap());

    fn document(morning: &str) -> CatalogueDocument {
        let mut document = Catalogue::from_toml(include_str!("../../../infra/catalog.toml"))
            .unwrap()
            .document()
            .clone();
        let day = [morning, "14:00-18:00"];
        let calendars = json!({
            "almuerzo": {
                "time_zone": "America/Bogota",
                "holidays": "colombia",
                "hours": {
                    "monday": day, "tuesday": day, "wednesday": day, "thursday": day,
                    "friday": [morning, "13:00-15:00"], "saturday": [morning],
                },
                "closures": [
                    {"name": "Inventario", "from": "2026-12-14"},
                    {"name": "Receso de fin de año", "from": "12-24", "to": "01-02", "yearly": true},
                    {"name": "Mudanza", "from": "2025-01-07", "to": "2025-01-09"},
                ],
            },
            "noche": {
                "time_zone": "America/New_York",
                "hours": {"sunday": ["00:00-06:00"], "saturday": ["22:00-24:00"]},
            },
        });
        document
            .calendars
            .append(&mut serde_json::from_value(calendars).unwrap());
        for (category, calendar, minutes) in [
            ("redes", "habil", 30),
            ("plataforma", "habil", 240),
            ("aplicaciones", "almuerzo", 600),
            ("ofimatica", "24x7", 30),
            ("desarrollo_software", "noche", 540),
        ] {
            let found = document.categories.iter_mut();
            let mut found = found.filter(|c| c.id == CategoryId::from(category));
            let category = found.next().unwrap();
            category.calendar = CalendarId::from(calendar);
            category.solution_minutes = minutes;
        }
        document
    }

    fn caller(local: &str) -> Caller {
        let email = EmailAddress::parse(&format!("{local}@uspec.gov.co")).unwrap();
        Caller::identify(email, None, &CATALOGUE, &["uspec.gov.co".to_owned()])
    }

    fn agent() -> Person {
        let Caller { email, name, .. } = caller("agente1.soporte");
        Person { email, name }
    }

    /// A time; one without an offset is Bogotá's.
    fn time(text: &str) -> Timestamp {
        text.parse()
            .or_else(|_| format!("{text}-05:00").parse())
            .unwrap()
    }

    fn setting(now: Timestamp) -> Setting<'static> {
        Setting {
            now,
            catalogue: &CATALOGUE,
        }
    }

    fn registered(category: &str, now: Timestamp) -> Ticket {
        let requester = caller("ana.perez");
        let application = Application {
            request: Request::new(
                "Sin red".to_owned(),
                "No hay red.".to_owned(),
                Channel::Web,
                requester.person(),
            ),
            category: CategoryId::from(category),
            links: vec![],
        };
        let admission = admit(application, &Actor::Person(requester), setting(now)).unwrap();
        admission
            .register(TicketId::new(now, 1), TicketNumber(7))
            .ticket
    }

    fn command(word: &str) -> (Actor, Command) {
        let coordinator = || Actor::Person(caller("coordinador.mesa"));
        let officer = || Actor::Person(caller("oficial1.tecnologia"));
        let text = || "Nota".to_owned();
        match word {
            "assign" => (
                Actor::System,
                Command::AssignAutomatically {
                    agent: agent(),
                    away: vec![],
                },
            ),
            "contact" => (coordinator(), Command::Contact { note: text() }),
            "hold" => (coordinator(), Command::Hold { note: text() }),
            "resume" => (coordinator(), Command::Resume { note: None }),
            "escalate" => (
                coordinator(),
                Command::Escalate {
                    officer: caller("oficial1.tecnologia").email,
                    justification: text(),
                },
            ),
            "return" => (officer(), Command::Return { note: text() }),
            "provider" => (
                officer(),
                Command::RequestProvider {
                    provider: "redes_externo".into(),
                    message: text(),
                },
            ),
            "resolve" => (coordinator(), Command::Resolve { solution: text() }),
            "reject" => (
                Actor::Person(caller("ana.perez")),
                Command::Reject { reason: text() },
            ),
            "expire" => (Actor::System, Command::ExpireValidation),
            "steps" => (Actor::System, Command::FireSteps),
            category => (
                coordinator(),
                Command::Recategorise {
                    category: CategoryId::from(category),
                },
            ),
        }
    }

    /// A ticket of a category, registered when the first thing happened to it.
    /// One thing a line: a time and a command, or another category.
    fn ticket(category: &str, story: &str) -> Ticket {
        let mut lines = story.trim().lines().map(str::trim).peekable();
        let (start, _) = lines.peek().unwrap().split_once(' ').unwrap();
        let mut ticket = registered(category, time(start));
        for line in lines {
            let (at, words) = line.split_once(' ').unwrap();
            for word in words.split_whitespace() {
                let (actor, command) = command(word);
                for event in decide(&ticket, &command, &actor, setting(time(at))).unwrap() {
                    apply(&mut ticket, &event);
                }
            }
        }
        ticket
    }

    fn explained<'a>(
        ticket: &'a Ticket,
        now: &str,
        catalogue: &'a Catalogue,
    ) -> ClocksExplained<'a> {
        let setting = Setting {
            now: time(now),
            catalogue,
        };
        ClocksExplained::of(ticket, Reader::Staff, setting).unwrap()
    }

    fn of<'a, 'b>(clocks: &'b ClocksExplained<'a>, kind: ClockKind) -> &'b ClockExplained<'a> {
        match kind {
            ClockKind::Attention => &clocks.attention,
            ClockKind::Solution => &clocks.solution,
            ClockKind::Validation => &clocks.validation,
        }
    }

    /// What the text says after the rule, which is the same for every ticket of a
    /// category; and that the figures add up.
    #[track_caller]
    fn check_in(catalogue: &Catalogue, ticket: &Ticket, kind: ClockKind, now: &str, account: &str) {
        let clocks = explained(ticket, now, catalogue);
        let clock = of(&clocks, kind);
        let told: Vec<_> = clock.explanation.lines().skip(2).collect();
        let expected: Vec<_> = account.trim().lines().map(str::trim).collect();
        assert_eq!(told, expected, "{}", told.join("\n"));
        let counted = clock.segments.iter().filter(|s| s.counted);
        let counted: u64 = counted.map(|s| s.working_seconds).sum();
        assert_eq!(clock.used_seconds, counted);
        assert_eq!(
            clock.left_seconds,
            clock.limit_seconds.saturating_sub(counted)
        );
    }

    #[track_caller]
    fn check(ticket: &Ticket, kind: ClockKind, now: &str, account: &str) {
        check_in(&CATALOGUE, ticket, kind, now, account);
    }

    #[test]
    fn a_friday_afternoon() {
        let ticket = ticket("redes", "2026-11-20T16:55 assign");
        let clocks = explained(&ticket, "2026-11-20T16:57", &CATALOGUE);
        assert_eq!(
            serde_json::to_value(&clocks.attention).unwrap(),
            json!({
                "state": "running",
                "calendar": "habil",
                "limit_seconds": 900,
                "segments": [
                    {
                        "from": "2026-11-20T21:55:00Z", "to": null, "counted": true,
                        "working_seconds": 120,
                    },
                ],
                "used_seconds": 120,
                "left_seconds": 780,
                "due_at": "2026-11-23T13:10:00Z",
                "met_at": null,
                "breached": false,
                "steps": [
                    {
                        "percent": 80, "tells": "responsible",
                        "at": "2026-11-23T13:07:00Z", "fired_at": null,
                    },
                    {
                        "percent": 100, "tells": "coordinator",
                        "at": "2026-11-23T13:10:00Z", "fired_at": null,
                    },
                    {
                        "percent": 200, "tells": "head",
                        "at": "2026-11-23T13:25:00Z", "fired_at": null,
                    },
                ],
                "explanation": "\
            El tiempo de atención va del registro al primer contacto de la Mesa de Ayuda; \
su límite es de 15 minutos de tiempo hábil.
Corre según el calendario «habil»: lunes a viernes de 08:00 a 17:00, \
hora de America/Bogota, sin los festivos de Colombia.
Empezó el viernes 20 de noviembre de 2026 a las 16:55.
La cuenta hasta ahora:
- viernes 20 de noviembre: 16:55 a 16:57 (2 min)
Usado: 2 min; restante: 13 min.
Lo que falta para el vencimiento:
- viernes 20 de noviembre: 16:57 a 17:00 (3 min)
- sábado 21 y domingo 22 de noviembre: no cuentan (fin de semana)
- lunes 23 de noviembre: 08:00 a 08:10 (10 min)
Vence el lunes 23 de noviembre de 2026 a las 08:10.",
            })
        );
        // Nothing counts on Sunday, whenever one asks.
        check(
            &ticket,
            ClockKind::Attention,
            "2026-11-22T12:00",
            "Empezó el viernes 20 de noviembre de 2026 a las 16:55.
            La cuenta hasta ahora:
            - viernes 20 de noviembre: 16:55 a 17:00 (5 min)
            Usado: 5 min; restante: 10 min.
            Lo que falta para el vencimiento:
            - sábado 21 y domingo 22 de noviembre: no cuentan (fin de semana)
            - lunes 23 de noviembre: 08:00 a 08:10 (10 min)
            Vence el lunes 23 de noviembre de 2026 a las 08:10.",
        );
    }

    #[test]
    fn late() {
        let open = ticket("redes", "2026-11-20T16:55 assign");
        check(
            &open,
            ClockKind::Attention,
            "2026-11-23T08:22",
            "Empezó el viernes 20 de noviembre de 2026 a las 16:55.
            La cuenta hasta ahora:
            - viernes 20 de noviembre: 16:55 a 17:00 (5 min)
            - sábado 21 y domingo 22 de noviembre: no cuentan (fin de semana)
            - lunes 23 de noviembre: 08:00 a 08:22 (22 min)
            Usado: 27 min, 12 min más que el límite.
            Venció el lunes 23 de noviembre de 2026 a las 08:10.",
        );
        let met = ticket(
            "redes",
            "2026-11-20T16:55 assign
            2026-11-23T08:22 contact",
        );
        check(
            &met,
            ClockKind::Attention,
            "2026-12-23T12:00",
            "Empezó el viernes 20 de noviembre de 2026 a las 16:55.
            La cuenta:
            - viernes 20 de noviembre: 16:55 a 17:00 (5 min)
            - sábado 21 y domingo 22 de noviembre: no cuentan (fin de semana)
            - lunes 23 de noviembre: 08:00 a 08:22 (22 min)
            Usado: 27 min, 12 min más que el límite.
            Se cumplió el lunes 23 de noviembre de 2026 a las 08:22, con 12 min de tiempo hábil de retraso. Había vencido el lunes 23 de noviembre de 2026 a las 08:10.",
        );
        let clocks = explained(&met, "2026-12-23T12:00", &CATALOGUE);
        assert!(clocks.attention.breached);
    }

    #[test]
    fn in_time() {
        let met = ticket(
            "ofimatica",
            "2026-11-20T23:55:30 assign
            2026-11-21T00:05 contact",
        );
        check(
            &met,
            ClockKind::Attention,
            "2026-11-25T12:00",
            "Empezó el viernes 20 de noviembre de 2026 a las 23:55:30.
            La cuenta:
            - viernes 20 de noviembre: 23:55:30 a 24:00 (4 min 30 s)
            - sábado 21 de noviembre: 00:00 a 00:05 (5 min)
            Usado: 9 min 30 s; restante: 5 min 30 s.
            Se cumplió el sábado 21 de noviembre de 2026 a las 00:05, a tiempo. Vencía el sábado 21 de noviembre de 2026 a las 00:10:30.",
        );
    }

    /// All Saints' 2026 is kept on Monday, 2 November.
    #[test]
    fn a_long_weekend() {
        let running = ticket("redes", "2026-10-30T16:40 assign");
        check(
            &running,
            ClockKind::Solution,
            "2026-10-30T18:00",
            "Empezó el viernes 30 de octubre de 2026 a las 16:40.
            La cuenta hasta ahora:
            - viernes 30 de octubre: 16:40 a 17:00 (20 min)
            Usado: 20 min; restante: 10 min.
            Lo que falta para el vencimiento:
            - sábado 31 de octubre y domingo 1 de noviembre: no cuentan (fin de semana)
            - lunes 2 de noviembre: no cuenta (festivo: Día de Todos los Santos)
            - martes 3 de noviembre: 08:00 a 08:10 (10 min)
            Vence el martes 3 de noviembre de 2026 a las 08:10.",
        );
        let story = "2026-10-30T16:40 assign contact
            2026-10-30T16:47 hold";
        check(
            &ticket("redes", story),
            ClockKind::Solution,
            "2026-11-01T12:00",
            "Empezó el viernes 30 de octubre de 2026 a las 16:40.
            La cuenta hasta ahora:
            - viernes 30 de octubre: 16:40 a 16:47 (7 min)
            - desde el viernes 30 de octubre a las 16:47 (en pausa: no cuenta)
            Usado: 7 min; restante: 23 min.
            En pausa no vence: cuando se reanude, quedarán 23 min.",
        );
        let story = format!("{story}\n2026-11-03T16:50 resume");
        check(
            &ticket("redes", &story),
            ClockKind::Solution,
            "2026-11-03T16:50",
            "Empezó el viernes 30 de octubre de 2026 a las 16:40.
            La cuenta hasta ahora:
            - viernes 30 de octubre: 16:40 a 16:47 (7 min)
            - del viernes 30 de octubre a las 16:47 al martes 3 de noviembre a las 16:50 (en pausa: no cuenta)
            Usado: 7 min; restante: 23 min.
            Lo que falta para el vencimiento:
            - martes 3 de noviembre: 16:50 a 17:00 (10 min)
            - miércoles 4 de noviembre: 08:00 a 08:13 (13 min)
            Vence el miércoles 4 de noviembre de 2026 a las 08:13.",
        );
    }

    #[test]
    fn lunch_closures_and_the_turn_of_the_year() {
        let ticket = ticket("aplicaciones", "2026-12-23T11:00 assign");
        let clocks = explained(&ticket, "2026-12-23T11:00", &CATALOGUE);
        let hours = clocks.solution.explanation.lines().nth(1).unwrap();
        assert_eq!(
            hours,
            "Corre según el calendario «almuerzo»: lunes a jueves de 08:00 a 12:00 y de 14:00 a \
             18:00; viernes de 08:00 a 12:00 y de 13:00 a 15:00; sábado de 08:00 a 12:00, hora de \
             America/Bogota, sin los festivos de Colombia; cierres: Receso de fin de año (24 de \
             diciembre a 2 de enero, cada año)."
        );
        check(
            &ticket,
            ClockKind::Solution,
            "2026-12-23T11:00",
            "Empezó el miércoles 23 de diciembre de 2026 a las 11:00.
            La cuenta hasta ahora:
            - nada todavía
            Usado: 0 min; restante: 10 h.
            Lo que falta para el vencimiento:
            - miércoles 23 de diciembre: 11:00 a 12:00 y 14:00 a 18:00 (5 h)
            - del jueves 24 de diciembre al sábado 2 de enero de 2027: no cuentan (cierre: Receso de fin de año)
            - domingo 3 de enero de 2027: no cuenta (fin de semana)
            - lunes 4 de enero de 2027: 08:00 a 12:00 y 14:00 a 15:00 (5 h)
            Vence el lunes 4 de enero de 2027 a las 15:00.",
        );
        // Registered after hours: that is said for as long as it explains something.
        let evening = self::ticket("aplicaciones", "2026-12-11T19:00 assign");
        check(
            &evening,
            ClockKind::Attention,
            "2026-12-12T07:00",
            "Empezó el viernes 11 de diciembre de 2026 a las 19:00.
            La cuenta hasta ahora:
            - nada todavía
            Usado: 0 min; restante: 15 min.
            Lo que falta para el vencimiento:
            - viernes 11 de diciembre: 19:00 a 24:00 (fuera del horario: no cuenta)
            - sábado 12 de diciembre: 08:00 a 08:15 (15 min)
            Vence el sábado 12 de diciembre de 2026 a las 08:15.",
        );
    }

    /// New York's night of 1 November 2026 has the hour from one to two twice.
    #[test]
    fn a_night_with_an_hour_more() {
        let ticket = ticket("desarrollo_software", "2026-10-31T22:30-04:00 assign");
        check(
            &ticket,
            ClockKind::Solution,
            "2026-11-01T01:30-05:00",
            "Empezó el sábado 31 de octubre de 2026 a las 22:30.
            La cuenta hasta ahora:
            - sábado 31 de octubre: 22:30 a 24:00 (1 h 30 min)
            - domingo 1 de noviembre: 00:00 a 01:30, con cambio de hora (2 h 30 min)
            Usado: 4 h; restante: 5 h.
            Lo que falta para el vencimiento:
            - domingo 1 de noviembre: 01:30 a 06:00 (4 h 30 min)
            - del lunes 2 de noviembre al viernes 6 de noviembre: no cuentan (no hay horario)
            - sábado 7 de noviembre: 22:00 a 22:30 (30 min)
            Vence el sábado 7 de noviembre de 2026 a las 22:30.",
        );
    }

    #[test]
    fn an_officer_starts_afresh() {
        let story = "2026-11-23T08:00 assign
            2026-11-23T08:10 hold
            2026-11-23T08:20 resume
            2026-11-23T08:25 escalate";
        let account = "Empezó de nuevo el lunes 23 de noviembre de 2026 a las 08:25, al escalarse a la Oficina de Tecnología. Lo que corrió del lunes 23 de noviembre de 2026 a las 08:00 al lunes 23 de noviembre de 2026 a las 08:25 ya no cuenta.
            La cuenta hasta ahora:
            - lunes 23 de noviembre: 08:25 a 08:30 (5 min)
            Usado: 5 min; restante: 25 min.
            Lo que falta para el vencimiento:
            - lunes 23 de noviembre: 08:30 a 08:55 (25 min)
            Vence el lunes 23 de noviembre de 2026 a las 08:55.";
        let escalated = ticket("redes", story);
        check(&escalated, ClockKind::Solution, "2026-11-23T08:30", account);
        let clocks = explained(&escalated, "2026-11-23T08:30", &CATALOGUE);
        let segments = clocks.solution.segments.iter();
        let segments: Vec<_> = segments.map(|s| (s.counted, s.working_seconds)).collect();
        assert_eq!(
            segments,
            [(false, 600), (false, 600), (false, 300), (true, 300)]
        );
        // A pause of the officer's leaves the warnings without a time.
        let waiting = ticket("redes", &format!("{story}\n2026-11-23T08:30 provider"));
        let clocks = explained(&waiting, "2026-11-23T09:00", &CATALOGUE);
        let steps = clocks.solution.steps.unwrap();
        assert_eq!(steps.len(), 3);
        assert!(steps.iter().all(|step| step.at.is_none()), "{steps:?}");
    }

    #[test]
    fn another_category() {
        let story = "2026-11-23T08:00 assign
            2026-11-23T08:31 steps plataforma";
        check(
            &ticket("redes", story),
            ClockKind::Solution,
            "2026-11-23T12:00",
            "Empezó el lunes 23 de noviembre de 2026 a las 08:00.
            La cuenta hasta ahora:
            - lunes 23 de noviembre: 08:00 a 08:31 (31 min)
            - lunes 23 de noviembre a las 08:31 cambió la categoría; lo usado sigue contando
            - lunes 23 de noviembre: 08:31 a 12:00 (3 h 29 min)
            Usado: 4 h; restante: 0 min.
            Vence el lunes 23 de noviembre de 2026 a las 12:00.",
        );
        // By another calendar, and to a limit that is spent already.
        let story = "2026-11-20T16:00 assign
            2026-11-20T18:00 ofimatica";
        check(
            &ticket("redes", story),
            ClockKind::Solution,
            "2026-11-20T18:30",
            "Empezó el viernes 20 de noviembre de 2026 a las 16:00.
            La cuenta hasta ahora:
            - según el calendario «habil»: lunes a viernes de 08:00 a 17:00, hora de America/Bogota, sin los festivos de Colombia
            - viernes 20 de noviembre: 16:00 a 17:00 (1 h)
            - viernes 20 de noviembre a las 18:00 cambió la categoría; lo usado sigue contando
            - según el calendario «24x7»: todos los días, las 24 horas (aquí, en hora de America/Bogota)
            - viernes 20 de noviembre: 18:00 a 18:30 (30 min)
            Usado: 1 h 30 min, 1 h más que el límite.
            Lo usado llegó al límite el viernes 20 de noviembre de 2026 a las 16:30; cuando siguió contando, el viernes 20 de noviembre de 2026 a las 18:00, ya no quedaba nada.",
        );
    }

    #[test]
    fn reopened() {
        let story = "2026-11-23T08:00 assign
            2026-11-23T08:25 resolve
            2026-11-23T10:00 reject";
        let reopened = ticket("redes", story);
        check(
            &reopened,
            ClockKind::Solution,
            "2026-11-23T10:01",
            "Empezó el lunes 23 de noviembre de 2026 a las 08:00.
            La cuenta hasta ahora:
            - lunes 23 de noviembre: 08:00 a 08:25 (25 min)
            - lunes 23 de noviembre: 08:25 a 10:00 (resuelta, en validación: no cuenta)
            - lunes 23 de noviembre: 10:00 a 10:01 (1 min)
            Usado: 26 min; restante: 4 min.
            Lo que falta para el vencimiento:
            - lunes 23 de noviembre: 10:01 a 10:05 (4 min)
            Vence el lunes 23 de noviembre de 2026 a las 10:05.",
        );
        check(
            &reopened,
            ClockKind::Validation,
            "2026-11-23T10:01",
            "Empezó el lunes 23 de noviembre de 2026 a las 08:25.
            La cuenta:
            - lunes 23 de noviembre: 08:25 a 10:00 (1 h 35 min)
            Usado: 1 h 35 min; restante: 7 h 25 min.
            Se detuvo el lunes 23 de noviembre de 2026 a las 10:00, porque la solicitud se reabrió: ya no vence.",
        );
        let story = format!("{story}\n2026-11-23T10:02 resolve\n2026-11-24T10:05 expire");
        check(
            &ticket("redes", &story),
            ClockKind::Validation,
            "2026-12-01T08:00",
            "Empezó de nuevo el lunes 23 de noviembre de 2026 a las 10:02, con una nueva solución. Lo que corrió del lunes 23 de noviembre de 2026 a las 08:25 al lunes 23 de noviembre de 2026 a las 10:00 ya no cuenta.
            La cuenta:
            - lunes 23 de noviembre: 10:02 a 17:00 (6 h 58 min)
            - martes 24 de noviembre: 08:00 a 10:05 (2 h 5 min)
            Usado: 9 h 3 min, 3 min más que el límite.
            Venció sin respuesta el martes 24 de noviembre de 2026 a las 10:02, y la solicitud se cerró el martes 24 de noviembre de 2026 a las 10:05.",
        );
    }

    #[test]
    fn what_has_not_begun() {
        let ticket = registered("redes", time("2026-11-20T16:55"));
        let clocks = explained(&ticket, "2026-11-20T16:56", &CATALOGUE);
        let solution = &clocks.solution;
        assert_eq!(
            solution.explanation,
            "El tiempo de solución va de la asignación de quien está a cargo a la solución; su \
             límite es de 30 minutos, según el calendario «habil».\nTodavía no ha empezado."
        );
        assert_eq!(
            (
                solution.calendar,
                solution.limit_seconds,
                solution.left_seconds
            ),
            (None, 1800, 1800)
        );
        assert!(solution.segments.is_empty() && solution.used_seconds == 0);
    }

    #[test]
    fn a_limit_spent_before_a_pause() {
        let story = "2026-11-23T08:00 assign
            2026-11-23T08:40 hold";
        check(
            &ticket("redes", story),
            ClockKind::Solution,
            "2026-11-23T09:00",
            "Empezó el lunes 23 de noviembre de 2026 a las 08:00.
            La cuenta hasta ahora:
            - lunes 23 de noviembre: 08:00 a 08:40 (40 min)
            - desde el lunes 23 de noviembre a las 08:40 (en pausa: no cuenta)
            Usado: 40 min, 10 min más que el límite.
            Lo usado llegó al límite el lunes 23 de noviembre de 2026 a las 08:30; ahora está en pausa.",
        );
    }

    #[test]
    fn long_accounts_are_folded() {
        let ticket = ticket("plataforma", "2026-10-01T12:00 assign");
        check(
            &ticket,
            ClockKind::Solution,
            "2026-11-20T12:00",
            "Empezó el jueves 1 de octubre de 2026 a las 12:00.
            La cuenta hasta ahora:
            - jueves 1 de octubre: 12:00 a 17:00 (5 h)
            - viernes 2 de octubre: 08:00 a 17:00 (9 h)
            - sábado 3 y domingo 4 de octubre: no cuentan (fin de semana)
            - lunes 5 de octubre: 08:00 a 17:00 (9 h)
            - martes 6 de octubre: 08:00 a 17:00 (9 h)
            - miércoles 7 de octubre: 08:00 a 17:00 (9 h)
            - jueves 8 de octubre: 08:00 a 17:00 (9 h)
            - entre tanto, en resumen: 23 tramos (207 h) y 12 días que no cuentan
            - viernes 13 de noviembre: 08:00 a 17:00 (9 h)
            - sábado 14 y domingo 15 de noviembre: no cuentan (fin de semana)
            - lunes 16 de noviembre: no cuenta (festivo: Independencia de Cartagena)
            - martes 17 de noviembre: 08:00 a 17:00 (9 h)
            - miércoles 18 de noviembre: 08:00 a 17:00 (9 h)
            - jueves 19 de noviembre: 08:00 a 17:00 (9 h)
            - viernes 20 de noviembre: 08:00 a 12:00 (4 h)
            Usado: 297 h, 293 h más que el límite.
            Venció el jueves 1 de octubre de 2026 a las 16:00.",
        );
    }

    #[test]
    fn parts_of_a_second() {
        let ticket = ticket(
            "redes",
            "2026-11-20T16:55:12.345 assign
            2026-11-20T16:58:00.5 hold
            2026-11-20T16:59:00.75 resume",
        );
        check(
            &ticket,
            ClockKind::Solution,
            "2026-11-23T08:00:01.5",
            "Empezó el viernes 20 de noviembre de 2026 a las 16:55:12.
            La cuenta hasta ahora:
            - viernes 20 de noviembre: 16:55:12 a 16:58:00 (2 min 48 s)
            - viernes 20 de noviembre: 16:58:00 a 16:59:00 (en pausa: no cuenta)
            - viernes 20 de noviembre: 16:59:00 a 17:00 (59 s)
            - sábado 21 y domingo 22 de noviembre: no cuentan (fin de semana)
            - lunes 23 de noviembre: 08:00 a 08:00:01 (1 s)
            Usado: 3 min 48 s; restante: 26 min 12 s.
            Lo que falta para el vencimiento:
            - lunes 23 de noviembre: 08:00:01 a 08:26:12 (26 min 12 s)
            Vence el lunes 23 de noviembre de 2026 a las 08:26:12.
            Cada tramo se cuenta en segundos enteros; la fracción que sobra no se cuenta.",
        );
    }

    #[test]
    fn hours_that_have_changed_since() {
        let story = "2026-11-23T10:00 assign
            2026-11-24T10:00 hold
            2026-11-24T11:00 resume";
        let ticket = ticket("aplicaciones", story);
        check_in(
            &CHANGED,
            &ticket,
            ClockKind::Solution,
            "2026-11-24T11:30",
            "Empezó el lunes 23 de noviembre de 2026 a las 10:00.
            La cuenta hasta ahora:
            - del lunes 23 de noviembre a las 10:00 al martes 24 de noviembre a las 10:00 (8 h, con el horario vigente entonces)
            - martes 24 de noviembre: 10:00 a 11:00 (en pausa: no cuenta)
            - martes 24 de noviembre: 11:00 a 11:30 (30 min)
            Usado: 8 h 30 min; restante: 1 h 30 min.
            Lo que falta para el vencimiento:
            - martes 24 de noviembre: 11:30 a 12:00 y 14:00 a 15:00 (1 h 30 min)
            Vence el martes 24 de noviembre de 2026 a las 15:00.",
        );
        let overnight = self::ticket("aplicaciones", "2026-11-23T14:00 assign");
        check_in(
            &CHANGED,
            &overnight,
            ClockKind::Solution,
            "2026-11-23T15:00",
            "Empezó el lunes 23 de noviembre de 2026 a las 14:00.
            La cuenta hasta ahora:
            - lunes 23 de noviembre: 14:00 a 15:00 (1 h)
            Usado: 1 h; restante: 9 h.
            Vence el martes 24 de noviembre de 2026 a las 16:00. Se fijó con el horario que el calendario tenía entonces, que después cambió.",
        );
    }

    #[test]
    fn steps_are_the_desks_business() {
        let ticket = ticket(
            "redes",
            "2026-11-23T08:00 assign\n2026-11-23T08:13 steps contact",
        );
        let setting = setting(time("2026-11-23T08:20"));
        let staff = ClocksExplained::of(&ticket, Reader::Staff, setting).unwrap();
        // Met: what has fired keeps its time, and the rest has none.
        let times = staff.attention.steps.iter().flatten();
        let times: Vec<_> = times.map(|s| (s.percent, s.at, s.fired_at)).collect();
        let (at, fired) = (time("2026-11-23T08:12"), time("2026-11-23T08:13"));
        assert_eq!(
            times,
            [
                (80, Some(at), Some(fired)),
                (100, None, None),
                (200, None, None)
            ]
        );
        let requester = ClocksExplained::of(&ticket, Reader::Requester, setting).unwrap();
        assert_eq!(requester.attention.steps, None);
        assert_eq!(requester.attention.explanation, staff.attention.explanation);
    }

    #[test]
    fn a_calendar_that_is_gone() {
        let ticket = ticket("aplicaciones", "2026-11-23T08:00 assign");
        let shipped = Catalogue::from_toml(include_str!("../../../infra/catalog.toml")).unwrap();
        let setting = Setting {
            now: time("2026-11-23T09:00"),
            catalogue: &shipped,
        };
        let error = ClocksExplained::of(&ticket, Reader::Staff, setting).unwrap_err();
        assert_eq!(error, UnknownCalendar(CalendarId::from("almuerzo")));
        assert_eq!(
            error.to_string(),
            "calendar almuerzo is not in the catalogue"
        );
        assert_eq!(Problem::from(error), Problem::Internal);
    }
}
