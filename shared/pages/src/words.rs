//! Times and amounts as a page says them, seen from now.

use jiff::civil::Date;
use jiff::{Timestamp, Zoned};
use types::catalogue::Catalogue;
use types::ids::EmailAddress;
use types::spanish;
use types::ticket::{HoldReason, State, Ticket};

/// The zone that people of the entity read clocks in.
const ZONE: &str = "America/Bogota";

const MONTHS: [&str; 12] = [
    "ene", "feb", "mar", "abr", "may", "jun", "jul", "ago", "sep", "oct", "nov", "dic",
];

fn local(at: Timestamp) -> Option<Zoned> {
    at.in_tz(ZONE).ok()
}

/// Where a ticket stands, and for whom it waits.
pub fn standing(ticket: &Ticket) -> &'static str {
    match ticket.state {
        State::OnHold(HoldReason::Requester) => "En espera del solicitante",
        State::OnHold(HoldReason::Technology) => "En espera de Tecnología",
        State::OnHold(HoldReason::Provider) => "En espera de un proveedor",
        State::New | State::Assigned | State::Solved | State::Closed => ticket.status_label(),
    }
}

/// Where a ticket is while its responsible waits for it, or works on it without the desk:
/// nothing, where it is at the desk.
pub fn whereabouts(
    ticket: &Ticket,
    catalogue: &Catalogue,
    me: Option<&EmailAddress>,
) -> Option<String> {
    let officer = ticket.officer.as_ref().map(|officer| match me {
        Some(me) if *me == officer.email => "usted",
        _ => &*officer.name,
    });
    let technology = |officer: Option<&str>| {
        officer.map_or_else(
            || "en Tecnología".to_owned(),
            |name| format!("en Tecnología: {name}"),
        )
    };
    match ticket.state {
        State::OnHold(HoldReason::Requester) => {
            Some(format!("espera a {}", ticket.request.requester.person.name))
        }
        State::OnHold(_) if !ticket.is_with_officer() => None,
        State::OnHold(HoldReason::Technology) => Some(technology(officer)),
        State::OnHold(HoldReason::Provider) => {
            let id = ticket.provider.as_ref();
            let name = id.map(|id| catalogue.provider(id).map_or(&*id.0, |of| &*of.name));
            let provider = name.map_or_else(|| "un proveedor".to_owned(), str::to_owned);
            Some(format!("{} · espera a {provider}", technology(officer)))
        }
        State::New | State::Assigned | State::Solved | State::Closed => None,
    }
}

/// Whose a ticket is, and where it is, in one line.
pub fn whose(ticket: &Ticket, catalogue: &Catalogue) -> Option<String> {
    let name = &ticket.assignee.as_ref()?.name;
    Some(match whereabouts(ticket, catalogue, None) {
        Some(place) => format!("{name} · {place}"),
        None => name.clone(),
    })
}

/// `a las 9:05`, `mañana a las 9:05`.
pub fn preposed(when: &str) -> String {
    match when.starts_with("las ") {
        true => format!("a {when}"),
        false => when.to_owned(),
    }
}

/// `9:05`.
pub fn hour(at: Timestamp) -> String {
    local(at).map_or_else(String::new, |at| {
        format!("{}:{:02}", at.hour(), at.minute())
    })
}

/// `3 feb 2026`.
pub fn date(date: Date) -> String {
    let month = usize::try_from(date.month() - 1).ok();
    let month = month.and_then(|place| MONTHS.get(place));
    format!("{} {} {}", date.day(), month.unwrap_or(&""), date.year())
}

/// Where a day lies, seen from another.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Day {
    Yesterday,
    Today,
    Tomorrow,
    Other,
}

fn day(date: Date, today: Date) -> Day {
    if date == today {
        Day::Today
    } else if date.tomorrow().is_ok_and(|next| next == today) {
        Day::Yesterday
    } else if today.tomorrow().is_ok_and(|next| next == date) {
        Day::Tomorrow
    } else {
        Day::Other
    }
}

/// Whether two times are of one day of the entity's.
pub fn same_day(one: Timestamp, other: Timestamp) -> bool {
    match (local(one), local(other)) {
        (Some(one), Some(other)) => one.date() == other.date(),
        (_, _) => false,
    }
}

/// `hoy a las 9:05`, `mañana a las 9:05`, `el lunes 23 de noviembre a las 9:05`.
pub fn when(at: Timestamp, now: Timestamp) -> String {
    let (Some(time), Some(today)) = (local(at), local(now)) else {
        return at.to_string();
    };
    let hour = hour(at);
    match day(time.date(), today.date()) {
        Day::Yesterday => format!("ayer a las {hour}"),
        Day::Today => format!("hoy a las {hour}"),
        Day::Tomorrow => format!("mañana a las {hour}"),
        Day::Other => {
            let day = spanish::day(time.date(), Some(today.year()));
            format!("el {day} a las {hour}")
        }
    }
}

/// [`when`], where today goes without saying: `las 9:05`, `mañana a las 9:05`.
pub fn by(at: Timestamp, now: Timestamp) -> String {
    match same_day(at, now) {
        true => format!("las {}", hour(at)),
        false => when(at, now),
    }
}

/// [`by`], as a limit: `antes de las 9:05`, `antes del lunes 23 de noviembre a las 9:05`.
pub fn before(at: Timestamp, now: Timestamp) -> String {
    let when = by(at, now);
    match (when.strip_prefix("el "), when.strip_prefix("ayer a ")) {
        (Some(day), _) => format!("antes del {day}"),
        (None, Some(hour)) => format!("ayer antes de {hour}"),
        (None, None) => format!("antes de {when}"),
    }
}

/// In a narrow column: `9:05`, `ayer`, `19 nov`, `19 nov 2025`.
pub fn short(at: Timestamp, now: Timestamp) -> String {
    let (Some(time), Some(today)) = (local(at), local(now)) else {
        return at.to_string();
    };
    match day(time.date(), today.date()) {
        Day::Today => hour(at),
        Day::Yesterday => "ayer".to_owned(),
        Day::Tomorrow | Day::Other => {
            let month = usize::try_from(time.month() - 1).unwrap_or_default();
            let month = MONTHS.get(month).copied().unwrap_or_default();
            match time.year() == today.year() {
                true => format!("{} {month}", time.day()),
                false => format!("{} {month} {}", time.day(), time.year()),
            }
        }
    }
}

/// In a conversation: `9:05`, `ayer, 9:05`, `19 nov, 9:05`.
pub fn stamp(at: Timestamp, now: Timestamp) -> String {
    match same_day(at, now) {
        true => hour(at),
        false => format!("{}, {}", short(at, now), hour(at)),
    }
}

/// What a glance has to tell: `40 s`, `6 min`, `2 h 5 min`, `3 días`.
pub fn amount(seconds: u64) -> String {
    const DAY: u64 = 24 * 3_600;
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3_600 => format!("{} min", seconds / 60),
        3_600..DAY => match (seconds / 3_600, seconds / 60 % 60) {
            (hours, 0) => format!("{hours} h"),
            (hours, minutes) => format!("{hours} h {minutes} min"),
        },
        _ => match seconds / DAY {
            1 => "1 día".to_owned(),
            days => format!("{days} días"),
        },
    }
}

/// `96 kB`, `3,1 MB`.
pub fn size(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{} kB", bytes / 1_000),
        _ => format!("{},{} MB", bytes / 1_000_000, bytes / 100_000 % 10),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn seen_from_now() {
        let now = at("2026-11-26T15:24:00Z");
        for (time, long, narrow) in [
            ("2026-11-26T14:05:00Z", "hoy a las 9:05", "9:05"),
            // The day is the entity's: it begins at five in UTC.
            ("2026-11-27T04:59:00Z", "hoy a las 23:59", "23:59"),
            ("2026-11-27T05:00:00Z", "mañana a las 0:00", "27 nov"),
            ("2026-11-25T21:05:00Z", "ayer a las 16:05", "ayer"),
            (
                "2026-11-23T15:02:00Z",
                "el lunes 23 de noviembre a las 10:02",
                "23 nov",
            ),
            (
                "2025-12-31T15:02:00Z",
                "el miércoles 31 de diciembre de 2025 a las 10:02",
                "31 dic 2025",
            ),
        ] {
            assert_eq!(when(at(time), now), long);
            assert_eq!(short(at(time), now), narrow);
        }
        for (time, limit) in [
            ("2026-11-26T16:05:00Z", "antes de las 11:05"),
            ("2026-11-27T14:05:00Z", "antes de mañana a las 9:05"),
            ("2026-11-25T21:05:00Z", "ayer antes de las 16:05"),
            (
                "2026-11-30T15:02:00Z",
                "antes del lunes 30 de noviembre a las 10:02",
            ),
        ] {
            assert_eq!(before(at(time), now), limit);
        }
    }

    #[test]
    fn amounts() {
        for (seconds, words) in [
            (0, "0 s"),
            (59, "59 s"),
            (60, "1 min"),
            (3_599, "59 min"),
            (3_600, "1 h"),
            (7_500, "2 h 5 min"),
            (86_400, "1 día"),
            (200_000, "2 días"),
        ] {
            assert_eq!(amount(seconds), words);
        }
        assert_eq!(size(999), "999 B");
        assert_eq!(size(96_400), "96 kB");
        assert_eq!(size(3_149_000), "3,1 MB");
    }
}
