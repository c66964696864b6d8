//! The present run of a clock, and its account line by line.

use std::time::Duration;

use jiff::tz::TimeZone;
use types::Timestamp;
use types::account::{ClockExplained, SegmentExplained};
use types::calendar::{Calendar, Stretch};
use types::catalogue::Catalogue;
use types::clock::{Clock, ClockKind, ClockState, Segment};
use types::command::Setting;
use types::ids::CalendarId;
use types::problem::Problem;
use types::spanish as words;
use types::ticket::{CloseReason, HoldReason, State, Ticket};

use super::lines::{Day, Line, Rounding, Shut, closed_days_to_come, days, folded};

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

/// From what to what a clock runs (section 5 of the procedure).
pub fn course(kind: ClockKind) -> &'static str {
    match kind {
        ClockKind::Attention => "del registro al primer contacto de la Mesa de Ayuda",
        ClockKind::Solution => "de la asignación de quien está a cargo a la solución",
        ClockKind::Waiting => "mientras se espera una respuesta del solicitante",
        ClockKind::Provider => "mientras se espera una respuesta del proveedor",
        ClockKind::Validation => "de la solución a la respuesta del solicitante",
        ClockKind::CsirtReport | ClockKind::SicReport => {
            "desde que se conoce el incidente hasta que se reporta"
        }
        ClockKind::Forwarding => "desde que llega la petición hasta que se traslada",
    }
}

/// The present run of a clock, with all that explains it.
pub struct Run<'a> {
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

impl<'a> Run<'a> {
    /// None where the clock was not started.
    pub fn of(
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

    pub fn explained(&self) -> Result<ClockExplained<'a>, UnknownCalendar> {
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
            "El {} va {}; su límite es de {}{}.\nCorre en este horario: {}.",
            self.kind.label(),
            course(self.kind),
            words::limit(self.clock.limit_seconds),
            self.working(),
            words::schedule(self.calendar, since),
        )
    }

    /// What a duration is of.
    fn working(&self) -> &'static str {
        if self.calendar.is_always_open() {
            ""
        } else {
            " de tiempo hábil"
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
            ) => ", con una asignación, un escalamiento, una devolución o una reapertura",
            (ClockKind::Waiting | ClockKind::Provider, _) => ", con una nueva pregunta",
            (ClockKind::Validation, _) => ", con una nueva solución",
            (
                ClockKind::Attention
                | ClockKind::CsirtReport
                | ClockKind::SicReport
                | ClockKind::Forwarding,
                _,
            ) => "",
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
                let text = format!("{span} (respondida, en validación: no cuenta)");
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
                let text = format!("en este horario: {hours}");
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
                ClockKind::Attention
                | ClockKind::Solution
                | ClockKind::Waiting
                | ClockKind::Provider
                | ClockKind::Validation
                | ClockKind::CsirtReport
                | ClockKind::SicReport
                | ClockKind::Forwarding,
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

fn find<'a>(catalogue: &'a Catalogue, id: &CalendarId) -> Result<&'a Calendar, UnknownCalendar> {
    catalogue
        .calendar(id)
        .ok_or_else(|| UnknownCalendar(id.clone()))
}
