//! Dates, durations and hours as people of the entity write them (es-CO).

use jiff::civil::{Date, DateTime, Weekday};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::calendar::{
    self, Calendar, CalendarError, Closed, ClosedDays, Closure, ClosureDefinition, Interval, Week,
};
use crate::holidays::{HolidayKind, HolidayRule, MonthDay, parse_month_day};

const DAYS: [&str; 7] = [
    "lunes",
    "martes",
    "miércoles",
    "jueves",
    "viernes",
    "sábado",
    "domingo",
];

const MONTHS: [&str; 12] = [
    "enero",
    "febrero",
    "marzo",
    "abril",
    "mayo",
    "junio",
    "julio",
    "agosto",
    "septiembre",
    "octubre",
    "noviembre",
    "diciembre",
];

/// Closures that a calendar's hours name; the others are counted.
const CLOSURES: usize = 5;

const NANOSECOND: SignedDuration = SignedDuration::from_nanos(1);

/// A time of the entity's own zone: "lunes 23 de noviembre de 2026 a las 08:15".
pub fn in_words(time: Timestamp) -> String {
    let Ok(local) = time.in_tz("America/Bogota") else {
        return time.to_string();
    };
    let date = day(local.date(), None);
    format!("{date} a las {:02}:{:02}", local.hour(), local.minute())
}

/// `1 h 30 min`, `4 min 47 s`, `0 min`.
pub fn duration(seconds: u64) -> String {
    let units = [
        (seconds / 3600, "h"),
        (seconds / 60 % 60, "min"),
        (seconds % 60, "s"),
    ];
    let parts: Vec<_> = units
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, unit)| format!("{count} {unit}"))
        .collect();
    if parts.is_empty() {
        "0 min".to_owned()
    } else {
        parts.join(" ")
    }
}

/// `15 minutos`, `1 hora y 30 minutos`.
pub fn limit(seconds: u64) -> String {
    let units = [
        (seconds / 3600, "hora", "horas"),
        (seconds / 60 % 60, "minuto", "minutos"),
        (seconds % 60, "segundo", "segundos"),
    ];
    let parts: Vec<_> = units
        .iter()
        .filter(|(count, _, _)| *count > 0)
        .map(|(count, one, many)| format!("{count} {}", if *count == 1 { one } else { many }))
        .collect();
    if parts.is_empty() {
        "0 minutos".to_owned()
    } else {
        list(&parts)
    }
}

/// `una`, `una y otra`, `una, otra y otra`; `e` before the sound of an i.
pub fn list(parts: &[String]) -> String {
    match parts {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => {
            let sound = last.to_lowercase();
            let and = if sound.starts_with('i') || sound.starts_with("hi") {
                "e"
            } else {
                "y"
            };
            format!("{} {and} {last}", first.join(", "))
        }
    }
}

/// `una`, `una u otra`, `una, otra o la tercera`: one of them. `u` before the sound of an o.
pub fn either(parts: &[String]) -> String {
    match parts {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => {
            let sound = last.to_lowercase();
            let or = if sound.starts_with('o') || sound.starts_with("ho") {
                "u"
            } else {
                "o"
            };
            format!("{} {or} {last}", first.join(", "))
        }
    }
}

fn weekday(date: Date) -> &'static str {
    usize::try_from(date.weekday().to_monday_zero_offset())
        .ok()
        .and_then(|day| DAYS.get(day))
        .unwrap_or(&"")
}

fn month(month: i8) -> &'static str {
    usize::try_from(month - 1)
        .ok()
        .and_then(|month| MONTHS.get(month))
        .unwrap_or(&"")
}

/// `de noviembre`, and of which year unless that is `year`, which goes without
/// saying.
fn month_of(date: Date, year: Option<i16>) -> String {
    if year == Some(date.year()) {
        format!("de {}", month(date.month()))
    } else {
        format!("de {} de {}", month(date.month()), date.year())
    }
}

/// `viernes 20 de noviembre`, with its year unless that is `year`.
pub fn day(date: Date, year: Option<i16>) -> String {
    let (name, number) = (weekday(date), date.day());
    format!("{name} {number} {}", month_of(date, year))
}

/// `20 nov 2026`, where there is little room.
pub fn short_date(date: Date) -> String {
    let month: String = month(date.month()).chars().take(3).collect();
    format!("{} {month} {}", date.day(), date.year())
}

/// `viernes 20`.
fn short_day(date: Date) -> String {
    format!("{} {}", weekday(date), date.day())
}

/// The days from one to another: `sábado 21 y domingo 22 de noviembre`, `del
/// jueves 24 de diciembre al sábado 2 de enero de 2027`.
pub fn days(first: Date, last: Date, year: Option<i16>) -> String {
    if first == last {
        day(first, year)
    } else if first.tomorrow().is_ok_and(|next| next == last) {
        let first = if first.first_of_month() == last.first_of_month() {
            short_day(first)
        } else {
            day(first, year)
        };
        format!("{first} y {}", day(last, year))
    } else {
        format!("del {} al {}", day(first, year), day(last, year))
    }
}

/// What the wall clock reads: `16:55`, with seconds where it is not a whole
/// minute. A part of a second is left out.
fn wall(time: DateTime) -> String {
    let minutes = format!("{:02}:{:02}", time.hour(), time.minute());
    if time.second() == 0 && time.subsec_nanosecond() == 0 {
        minutes
    } else {
        format!("{minutes}:{:02}", time.second())
    }
}

/// `16:55 a 17:00`, on the wall clock of a zone; midnight at the end is 24:00.
pub fn from_to(from: Timestamp, to: Timestamp, zone: &TimeZone) -> String {
    let start = zone.to_datetime(from);
    // The end is exclusive: what the clock reads there is told by the last
    // moment before it, lest it be the other side of a change.
    let before = to.checked_sub(NANOSECOND).unwrap_or(to);
    let last = zone.to_datetime(before);
    let end = last.checked_add(NANOSECOND).unwrap_or(last);
    let end = if end.date() == last.date() {
        wall(end)
    } else {
        "24:00".to_owned()
    };
    let change = if zone.to_offset(from) == zone.to_offset(before) {
        ""
    } else {
        ", con cambio de hora"
    };
    format!("{} a {end}{change}", wall(start))
}

/// `viernes 20 de noviembre de 2026 a las 16:55`, without the year where that is
/// `year`.
pub fn moment(at: Timestamp, zone: &TimeZone, year: Option<i16>) -> String {
    let local = zone.to_datetime(at);
    format!("{} a las {}", day(local.date(), year), wall(local))
}

/// Why the days from one to another are closed.
pub fn reason(closed: &Closed<'_>, first: Date, last: Date) -> String {
    match closed {
        Closed::Closure(name) => format!("cierre: {name}"),
        Closed::Holiday(names) => {
            let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
            format!("festivo: {}", list(&names))
        }
        Closed::NoHours if is_weekend(first, last) => "fin de semana".to_owned(),
        Closed::NoHours => "no hay horario".to_owned(),
    }
}

/// Whether the days from one to another are a Saturday, a Sunday, or both.
fn is_weekend(first: Date, last: Date) -> bool {
    let weekend = |date: Date| matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday);
    let few = first == last || first.tomorrow().is_ok_and(|next| next == last);
    few && weekend(first) && weekend(last)
}

/// The zone, as `America/Bogota`.
pub fn zone(zone: &TimeZone) -> &str {
    zone.iana_name().unwrap_or("UTC")
}

/// A calendar's hours: `lunes a viernes de 08:00 a 17:00, hora de
/// America/Bogota, sin los festivos de Colombia`. Closures that were over before
/// `since` are not told of.
pub fn schedule(calendar: &Calendar, since: Date) -> String {
    let Some(week) = calendar.week() else {
        let zone = calendar.time_zone();
        let zone = self::zone(&zone);
        return format!("todos los días, las 24 horas (aquí, en hora de {zone})");
    };
    let holidays = match week.holidays.is_empty() {
        true => "",
        false => ", sin los festivos de Colombia",
    };
    format!(
        "{}, hora de {}{holidays}{}",
        hours(week),
        zone(&week.time_zone),
        closures(&week.closures, since)
    )
}

/// `lunes a jueves de 08:00 a 12:00 y de 13:00 a 17:00; viernes de 08:00 a 16:00`.
fn hours(week: &Week) -> String {
    let mut groups: Vec<(&[Interval], Vec<usize>)> = Vec::new();
    for (day, intervals) in week.intervals.iter().enumerate() {
        if intervals.is_empty() {
            continue;
        }
        match groups.iter_mut().find(|(hours, _)| hours == intervals) {
            Some((_, days)) => days.push(day),
            None => groups.push((intervals, vec![day])),
        }
    }
    let groups: Vec<_> = groups
        .iter()
        .map(|(intervals, days)| {
            let intervals: Vec<_> = intervals.iter().map(interval).collect();
            format!("{} {}", weekdays(days), list(&intervals))
        })
        .collect();
    groups.join("; ")
}

fn interval(interval: &Interval) -> String {
    let time = |minutes: u16| format!("{:02}:{:02}", minutes / 60, minutes % 60);
    format!("de {} a {}", time(interval.opens), time(interval.closes))
}

/// Days of the week, in order: `lunes a viernes`, `martes y jueves`.
fn weekdays(days: &[usize]) -> String {
    if days.len() == DAYS.len() {
        return "todos los días".to_owned();
    }
    let name = |day: usize| DAYS.get(day).copied().unwrap_or_default().to_owned();
    let mut runs: Vec<(usize, usize)> = Vec::new();
    for &day in days {
        match runs.last_mut() {
            Some((_, last)) if *last + 1 == day => *last = day,
            Some(_) | None => runs.push((day, day)),
        }
    }
    let mut parts = Vec::new();
    for (first, last) in runs {
        match last - first {
            0 => parts.push(name(first)),
            1 => parts.extend([name(first), name(last)]),
            _ => parts.push(format!("{} a {}", name(first), name(last))),
        }
    }
    list(&parts)
}

/// `; cierres: Receso (24 de diciembre a 2 de enero, cada año), …`.
fn closures(closures: &[Closure], since: Date) -> String {
    let ahead = closures.iter().filter(|closure| match closure.days {
        ClosedDays::Once { from: _, to } => since <= to,
        ClosedDays::Yearly { .. } => true,
    });
    let mut told: Vec<_> = ahead.map(closure).collect();
    if told.is_empty() {
        return String::new();
    }
    let more = told.len().saturating_sub(CLOSURES);
    if more > 0 {
        told.truncate(CLOSURES);
        told.push(format!("{more} más"));
    }
    format!("; cierres: {}", list(&told))
}

fn closure(closure: &Closure) -> String {
    let range = |from: String, to: String| {
        if from == to {
            from
        } else {
            format!("{from} a {to}")
        }
    };
    let days = match closure.days {
        ClosedDays::Once { from, to } => {
            let date = |date: Date| {
                let (number, name) = (date.day(), month(date.month()));
                format!("{number} de {name} de {}", date.year())
            };
            range(date(from), date(to))
        }
        ClosedDays::Yearly { from, to } => {
            let date = |(number, day): MonthDay| format!("{day} de {}", month(number));
            format!("{}, cada año", range(date(from), date(to)))
        }
    };
    format!("{} ({days})", closure.name)
}

/// A closure as the catalogue writes it: `Receso (24 de diciembre a 2 de enero, cada
/// año)`. Dates that are none are given as they are.
pub fn closure_of(definition: &ClosureDefinition) -> String {
    match Closure::parse(definition) {
        Ok(parsed) => closure(&parsed),
        Err(_) => {
            let ClosureDefinition { name, from, .. } = definition;
            format!("{name} ({from})")
        }
    }
}

/// The day of a holiday: `1 de enero`, `9 de julio, o el lunes que sigue`, `43 días
/// después del Domingo de Pascua`. A day that is none is given as it is.
pub fn holiday_day(rule: &HolidayRule) -> String {
    let day = match parse_month_day(&rule.day) {
        Some((number, day)) => format!("{day} de {}", month(number)),
        None => rule.day.clone(),
    };
    match rule.kind {
        HolidayKind::Fixed => day,
        HolidayKind::Monday => format!("{day}, o el lunes que sigue"),
        HolidayKind::Easter => match rule.day.strip_prefix('-') {
            Some(days) => format!("{days} días antes del Domingo de Pascua"),
            None => format!("{} días después del Domingo de Pascua", rule.day),
        },
    }
}

/// The years of a holiday: `desde 2026`, `de 1984 a 2030`.
pub fn holiday_years(rule: &HolidayRule) -> String {
    match rule.last_year {
        None => format!("desde {}", rule.first_year),
        Some(last) => format!("de {} a {last}", rule.first_year),
    }
}

/// A day of the week that the catalogue names.
pub fn weekday_of(day: &str) -> &'static str {
    let mut names = calendar::DAYS.iter().zip(DAYS);
    let found = names.find(|(english, _)| **english == day);
    found.map_or("", |(_, spanish)| spanish)
}

/// Why a definition is no calendar, in a sentence; [`CalendarError::day`] says on
/// which day.
pub fn calendar_error(error: &CalendarError) -> String {
    match error {
        CalendarError::AlwaysAndHours => {
            "Uno que siempre está abierto no lleva zona horaria, horas, festivos ni cierres."
                .to_owned()
        }
        CalendarError::NoTimeZone => {
            "Falta la zona horaria, por ejemplo America/Bogota.".to_owned()
        }
        CalendarError::UnknownTimeZone { name } => {
            format!("No existe la zona horaria «{name}»; por ejemplo, America/Bogota.")
        }
        CalendarError::InvalidInterval { interval, .. } => {
            format!("«{interval}» no es un horario; se escribe, por ejemplo, 08:00-12:00.")
        }
        CalendarError::EmptyInterval { interval, .. } => format!(
            "«{interval}» termina antes de empezar; lo que pasa de medianoche se parte en 24:00."
        ),
        CalendarError::OverlappingIntervals { first, second, .. } => {
            format!("«{first}» y «{second}» se cruzan.")
        }
        CalendarError::NoHours => "No abre a ninguna hora de la semana.".to_owned(),
        CalendarError::InvalidDate {
            name,
            date,
            expected,
        } => format!("Cierre «{name}»: «{date}» no es una fecha; se escribe {expected}."),
        CalendarError::ClosureEndsBeforeItStarts { name, from, to } => {
            format!("Cierre «{name}»: termina el {to}, antes de empezar el {from}.")
        }
        CalendarError::NeverOpen { .. } => {
            "Casi nunca está abierto: en diez años no alcanza el tiempo.".to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn times_of_the_entity() {
        let time = "2026-11-23T13:15:00Z".parse().unwrap();
        assert_eq!(in_words(time), "lunes 23 de noviembre de 2026 a las 08:15");
    }

    #[test]
    fn durations() {
        for (seconds, short, long) in [
            (0, "0 min", "0 minutos"),
            (1, "1 s", "1 segundo"),
            (60, "1 min", "1 minuto"),
            (287, "4 min 47 s", "4 minutos y 47 segundos"),
            (900, "15 min", "15 minutos"),
            (3600, "1 h", "1 hora"),
            (5400, "1 h 30 min", "1 hora y 30 minutos"),
            (32_400, "9 h", "9 horas"),
            (
                363_661,
                "101 h 1 min 1 s",
                "101 horas, 1 minuto y 1 segundo",
            ),
        ] {
            assert_eq!(duration(seconds), short);
            assert_eq!(limit(seconds), long);
        }
    }

    #[test]
    fn lists() {
        for (parts, text) in [
            (&[][..], ""),
            (&["uno"], "uno"),
            (&["uno", "dos"], "uno y dos"),
            (&["uno", "dos", "tres"], "uno, dos y tres"),
            (&["Receso", "Inventario"], "Receso e Inventario"),
        ] {
            let parts: Vec<_> = parts.iter().map(|part| (*part).to_owned()).collect();
            assert_eq!(list(&parts), text);
        }
    }

    #[test]
    fn days_in_words() {
        let year = Some(2026);
        for (first, last, text) in [
            (
                date(2026, 11, 20),
                date(2026, 11, 20),
                "viernes 20 de noviembre",
            ),
            (
                date(2027, 1, 4),
                date(2027, 1, 4),
                "lunes 4 de enero de 2027",
            ),
            (
                date(2026, 11, 21),
                date(2026, 11, 22),
                "sábado 21 y domingo 22 de noviembre",
            ),
            (
                date(2026, 10, 31),
                date(2026, 11, 1),
                "sábado 31 de octubre y domingo 1 de noviembre",
            ),
            (
                date(2026, 12, 24),
                date(2027, 1, 2),
                "del jueves 24 de diciembre al sábado 2 de enero de 2027",
            ),
        ] {
            assert_eq!(days(first, last, year), text);
        }
    }

    #[test]
    fn times_on_the_wall() {
        for (from, to, zone, text) in [
            (
                "2026-11-20T21:55:00Z",
                "2026-11-20T22:00:00Z",
                "America/Bogota",
                "16:55 a 17:00",
            ),
            (
                "2026-11-20T21:55:07Z",
                "2026-11-20T22:00:00.5Z",
                "America/Bogota",
                "16:55:07 a 17:00:00",
            ),
            (
                "2026-11-20T05:00:00Z",
                "2026-11-21T05:00:00Z",
                "America/Bogota",
                "00:00 a 24:00",
            ),
            // The change itself is an end like any other.
            (
                "2026-03-08T05:00:00Z",
                "2026-03-08T07:00:00Z",
                "America/New_York",
                "00:00 a 02:00",
            ),
            (
                "2026-03-08T07:00:00Z",
                "2026-03-08T08:00:00Z",
                "America/New_York",
                "03:00 a 04:00",
            ),
            (
                "2026-03-08T05:00:00Z",
                "2026-03-08T10:00:00Z",
                "America/New_York",
                "00:00 a 06:00, con cambio de hora",
            ),
        ] {
            let zone = TimeZone::get(zone).unwrap();
            let [from, to] = [from, to].map(|at| at.parse().unwrap());
            assert_eq!(from_to(from, to, &zone), text);
        }
    }

    #[track_caller]
    fn check_schedule(definition: Value, text: &str) {
        let definition = serde_json::from_value(definition).unwrap();
        let rules = crate::holidays::shipped();
        let holidays = crate::holidays::PublicHolidays::parse("holidays", &rules).unwrap();
        let calendar = Calendar::parse(&definition, &holidays).unwrap();
        assert_eq!(schedule(&calendar, date(2026, 11, 20)), text);
    }

    #[test]
    fn schedules() {
        let office = ["08:00-17:00"];
        let lunch = ["13:00-17:00", "08:00-12:00"];
        check_schedule(
            json!({"always": true}),
            "todos los días, las 24 horas (aquí, en hora de America/Bogota)",
        );
        check_schedule(
            json!({
                "time_zone": "America/Bogota", "holidays": "colombia",
                "hours": {
                    "monday": office, "tuesday": office, "wednesday": office,
                    "thursday": office, "friday": office,
                },
            }),
            "lunes a viernes de 08:00 a 17:00, hora de America/Bogota, sin los festivos de Colombia",
        );
        check_schedule(
            json!({
                "time_zone": "Europe/Madrid",
                "hours": {
                    "monday": lunch, "tuesday": lunch, "wednesday": office, "thursday": lunch,
                    "sunday": ["22:00-24:00"],
                },
            }),
            "lunes, martes y jueves de 08:00 a 12:00 y de 13:00 a 17:00; \
             miércoles de 08:00 a 17:00; domingo de 22:00 a 24:00, hora de Europe/Madrid",
        );
        let everyday = json!({
            "monday": office, "tuesday": office, "wednesday": office, "thursday": office,
            "friday": office, "saturday": office, "sunday": office,
        });
        check_schedule(
            json!({
                "time_zone": "America/Bogota", "hours": everyday,
                "closures": [
                    {"name": "Inventario", "from": "2026-12-14"},
                    {"name": "Mudanza", "from": "2026-11-18", "to": "2026-11-20"},
                    {"name": "Pasada", "from": "2026-11-18", "to": "2026-11-19"},
                    {"name": "Receso", "from": "12-24", "to": "01-02", "yearly": true},
                ],
            }),
            "todos los días de 08:00 a 17:00, hora de America/Bogota; cierres: Inventario (14 de \
             diciembre de 2026), Mudanza (18 de noviembre de 2026 a 20 de noviembre de 2026) y \
             Receso (24 de diciembre a 2 de enero, cada año)",
        );
        let closures: Vec<_> = (1..=7)
            .map(|day| json!({"name": format!("C{day}"), "from": format!("2027-02-0{day}")}))
            .collect();
        check_schedule(
            json!({"time_zone": "America/Bogota", "hours": everyday, "closures": closures}),
            "todos los días de 08:00 a 17:00, hora de America/Bogota; cierres: C1 (1 de febrero \
             de 2027), C2 (2 de febrero de 2027), C3 (3 de febrero de 2027), C4 (4 de febrero de \
             2027), C5 (5 de febrero de 2027) y 2 más",
        );
    }

    #[test]
    fn reasons() {
        let saturday = date(2026, 11, 21);
        let sunday = date(2026, 11, 22);
        let monday = date(2026, 11, 23);
        let both = Closed::Holiday(vec!["Sagrado Corazón de Jesús", "San Pedro y San Pablo"]);
        for (closed, first, last, text) in [
            (Closed::NoHours, saturday, sunday, "fin de semana"),
            (Closed::NoHours, sunday, sunday, "fin de semana"),
            (Closed::NoHours, sunday, monday, "no hay horario"),
            (Closed::NoHours, monday, monday, "no hay horario"),
            (
                Closed::Closure("Inventario"),
                monday,
                monday,
                "cierre: Inventario",
            ),
            (
                both,
                monday,
                monday,
                "festivo: Sagrado Corazón de Jesús y San Pedro y San Pablo",
            ),
        ] {
            assert_eq!(reason(&closed, first, last), text);
        }
    }
}
