//! The lines of an account: days that count and days that do not, and what those
//! come to that are not spelled out.

use std::collections::BTreeMap;
use std::iter;
use std::time::Duration;

use types::calendar::{Calendar, Closed, Stretch};
use types::spanish as words;
use types::{Date, SignedDuration, Timestamp};

/// A line of the account.
pub struct Line {
    pub text: String,
    pub tally: Tally,
}

/// What lines come to, for those that are not spelled out.
#[derive(Clone, Copy, Default)]
pub struct Tally {
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
pub struct Day {
    pub date: Date,
    pub from: Timestamp,
    pub to: Timestamp,
    /// What of it is open.
    pub stretches: Vec<Stretch>,
}

/// Days one after the other that are closed for the same reason.
pub struct Shut<'a> {
    pub first: Date,
    pub last: Date,
    pub days: u64,
    pub why: Closed<'a>,
}

/// Which way the parts of a second go.
#[derive(Clone, Copy)]
pub enum Rounding {
    /// For what was used.
    Down,
    /// For what is left: it is the limit less what was used.
    Up,
}

impl Rounding {
    pub fn seconds(self, time: Duration) -> u64 {
        match self {
            Rounding::Down => time.as_secs(),
            Rounding::Up => time.as_secs() + u64::from(time.subsec_nanos() > 0),
        }
    }
}

impl Line {
    pub fn counted(text: String, seconds: u64) -> Self {
        let tally = Tally {
            counted: 1,
            seconds,
            ..Tally::default()
        };
        Line { text, tally }
    }

    pub fn rest(text: String) -> Self {
        let tally = Tally {
            breaks: 1,
            ..Tally::default()
        };
        Line { text, tally }
    }

    pub fn other(text: String) -> Self {
        let tally = Tally {
            others: 1,
            ..Tally::default()
        };
        Line { text, tally }
    }

    pub fn change(text: String) -> Self {
        let tally = Tally {
            changes: 1,
            ..Tally::default()
        };
        Line { text, tally }
    }
}

impl Shut<'_> {
    pub fn line(&self, year: Option<i16>) -> Line {
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
pub fn days(calendar: &Calendar, from: Timestamp, to: Timestamp) -> Vec<Day> {
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
pub fn closed_days_to_come(past: &mut Vec<Day>, ahead: Vec<Day>) -> Vec<Day> {
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
pub fn folded(lines: Vec<Line>, most: usize) -> Vec<String> {
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
