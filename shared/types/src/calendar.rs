//! Calendars: the hours in which a clock runs, and arithmetic on them.
//!
//! The catalogue describes a calendar with a [`CalendarDefinition`];
//! [`Calendar::parse`] checks it, and the [`Calendar`] that comes out answers
//! three questions: is this instant open ([`Calendar::is_open`]), how much
//! working time lies between two instants ([`Calendar::between`]), and when has
//! so much of it passed ([`Calendar::add`]). So that such an answer can be
//! defended, it also says which hours it counted ([`Calendar::stretches`]) and
//! why a day has none ([`Calendar::closed`]).
//!
//! Two of them in TOML, one with office hours and one that never closes:
//!
//! ```toml
//! [calendars.oficina]
//! time_zone = "America/Bogota"
//! holidays = "colombia"
//!
//! [calendars.oficina.hours]
//! monday = ["08:00-17:00"]
//! tuesday = ["08:00-17:00"]
//! wednesday = ["08:00-17:00"]
//! thursday = ["08:00-17:00"]
//! friday = ["08:00-17:00"]
//!
//! [[calendars.oficina.closures]]
//! name = "Receso de fin de año"
//! from = "12-24"
//! to = "01-02"
//! yearly = true
//!
//! [calendars.24x7]
//! always = true
//! ```
//!
//! # Daylight saving
//!
//! Hours are wall-clock times of the calendar's zone. A boundary takes effect
//! at the first instant at which the wall clock reads its time or a later one:
//!
//! - where clocks go forward over it, that is the instant of the change;
//! - where clocks go back and show it twice, that is the first showing.
//!
//! This keeps boundaries in order, so that intervals never overlap in real
//! time and those that touch go on touching. What is counted is the time that
//! really elapses: `00:00-06:00` is five hours long in the night in which an
//! hour is skipped, and seven in the night in which one is repeated.
//!
//! # Precision
//!
//! Everything is integer arithmetic on nanoseconds, so instants with fractions
//! of a second lose nothing. Round only what is shown: sum the durations first,
//! then take [`Duration::as_secs`].

use std::iter;
use std::time::Duration;

use jiff::civil::{Date, DateTime, Time, Weekday};
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use strum::VariantArray;

use crate::holidays::{MonthDay, PublicHolidays, parse_date, parse_month_day};

/// How far ahead [`Calendar::add`] looks for working time: ten years.
const SEARCH: Duration = Duration::from_secs(10 * 365 * 24 * 60 * 60);

/// How far working days are counted.
const YEAR: SignedDuration = SignedDuration::from_hours(366 * 24);

/// The zone on whose clock a calendar that is always open is shown: the entity's.
const OFFICE: &str = "America/Bogota";

/// The days of a week, in the order of [`Weekday::to_monday_zero_offset`].
pub(crate) const DAYS: [&str; 7] = [
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
];

/// A calendar as the catalogue writes it; [`Calendar::parse`] gives it meaning.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct CalendarDefinition {
    /// Open at every instant, as `24x7` is. Nothing else is written then.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub always: bool,
    /// The IANA name of the zone whose wall clock the hours are read on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<String>,
    /// The hours of a normal week.
    #[serde(default, skip_serializing_if = "WeekDefinition::is_empty")]
    pub hours: WeekDefinition,
    /// Whose public holidays are closed.
    #[serde(default, skip_serializing_if = "Holidays::is_none")]
    pub holidays: Holidays,
    /// Further days that are closed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub closures: Vec<ClosureDefinition>,
    /// Nothing new goes there any more; what is open stays as it is.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub retired: bool,
}

/// The open intervals of each day of a week, written `08:00-12:00`.
///
/// A day may have several, in any order, and none if it is closed. The end is
/// exclusive, and may be `24:00`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct WeekDefinition {
    /// The intervals of Monday.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub monday: Vec<String>,
    /// The intervals of Tuesday.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tuesday: Vec<String>,
    /// The intervals of Wednesday.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub wednesday: Vec<String>,
    /// The intervals of Thursday.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub thursday: Vec<String>,
    /// The intervals of Friday.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub friday: Vec<String>,
    /// The intervals of Saturday.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub saturday: Vec<String>,
    /// The intervals of Sunday.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sunday: Vec<String>,
}

impl WeekDefinition {
    /// Whether no day has an interval.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.days().iter().all(|day| day.is_empty())
    }

    /// The intervals in the order of [`DAYS`].
    fn days(&self) -> [&[String]; 7] {
        let Self {
            monday,
            tuesday,
            wednesday,
            thursday,
            friday,
            saturday,
            sunday,
        } = self;
        [
            monday, tuesday, wednesday, thursday, friday, saturday, sunday,
        ]
    }
}

/// The public holidays that a calendar keeps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, VariantArray)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Holidays {
    /// None at all.
    #[default]
    None,
    /// Those of the catalogue's rules, which are Colombia's.
    Colombia,
}

impl Holidays {
    fn is_none(&self) -> bool {
        matches!(self, Self::None)
    }
}

/// A day or a range of days on which a calendar is closed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ClosureDefinition {
    /// What the closure is, for people.
    pub name: String,
    /// The first day: `2026-12-24`, or `12-24` if it is yearly.
    pub from: String,
    /// The last day, closed too; none for a single day. A yearly closure whose
    /// last day comes before its first spans New Year.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// Whether it comes round every year.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub yearly: bool,
}

/// Why a definition is not a calendar, or why a calendar has no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CalendarError {
    /// `always` stands next to a zone, hours, holidays or closures.
    #[error("a calendar that is always open takes no time zone, hours, holidays or closures")]
    AlwaysAndHours,
    /// Hours without the zone that they are to be read in.
    #[error("the calendar has no time zone; give the IANA name of one, as in America/Bogota")]
    NoTimeZone,
    /// The zone is not in the IANA database.
    #[error("there is no time zone {name:?}; give an IANA name, as in America/Bogota")]
    UnknownTimeZone {
        /// The name as written.
        name: String,
    },
    /// Something that is not `HH:MM-HH:MM`.
    #[error("{day}: {interval:?} is not an interval of a day, as in 08:00-12:00")]
    InvalidInterval {
        /// The day of the week.
        day: &'static str,
        /// The interval as written.
        interval: String,
    },
    /// An interval that ends where it starts, or before.
    #[error(
        "{day}: {interval:?} ends before it has begun; split hours that pass midnight at 24:00"
    )]
    EmptyInterval {
        /// The day of the week.
        day: &'static str,
        /// The interval as written.
        interval: String,
    },
    /// Two intervals of a day that share time.
    #[error("{day}: {first:?} and {second:?} overlap")]
    OverlappingIntervals {
        /// The day of the week.
        day: &'static str,
        /// The one that starts first.
        first: String,
        /// The other one.
        second: String,
    },
    /// Not one open interval in the week.
    #[error("the calendar is not open at any hour of a normal week")]
    NoHours,
    /// A date that does not exist, or is in the other form.
    #[error("closure {name:?}: {date:?} is not a date; write {expected}")]
    InvalidDate {
        /// The closure's name.
        name: String,
        /// The date as written.
        date: String,
        /// An example of the form that the closure takes.
        expected: &'static str,
    },
    /// A closure that is not yearly and ends before it starts.
    #[error("closure {name:?} ends on {to}, before it starts on {from}")]
    ClosureEndsBeforeItStarts {
        /// The closure's name.
        name: String,
        /// The first day.
        from: Date,
        /// The last day.
        to: Date,
    },
    /// The search for working time was given up.
    #[error(
        "the calendar has less than {seconds} s of working time in the ten years after {start}",
        seconds = working.as_secs()
    )]
    NeverOpen {
        /// Where the search began.
        start: Timestamp,
        /// The working time that was looked for.
        working: Duration,
    },
}

impl CalendarError {
    /// The day of the week whose hours it is about.
    #[must_use]
    pub fn day(&self) -> Option<&'static str> {
        match self {
            Self::InvalidInterval { day, .. }
            | Self::EmptyInterval { day, .. }
            | Self::OverlappingIntervals { day, .. } => Some(day),
            Self::AlwaysAndHours
            | Self::NoTimeZone
            | Self::UnknownTimeZone { .. }
            | Self::NoHours
            | Self::InvalidDate { .. }
            | Self::ClosureEndsBeforeItStarts { .. }
            | Self::NeverOpen { .. } => None,
        }
    }

    /// The field of the definition that it is about; none of them where it is about the
    /// whole.
    #[must_use]
    pub fn field(&self, definition: &CalendarDefinition) -> String {
        if let Some(day) = self.day() {
            return format!("hours.{day}");
        }
        match self {
            Self::AlwaysAndHours => "always".to_owned(),
            Self::NoTimeZone | Self::UnknownTimeZone { .. } => "time_zone".to_owned(),
            Self::NoHours
            | Self::InvalidInterval { .. }
            | Self::EmptyInterval { .. }
            | Self::OverlappingIntervals { .. } => "hours.monday".to_owned(),
            Self::InvalidDate { name, .. } | Self::ClosureEndsBeforeItStarts { name, .. } => {
                let mut closures = definition.closures.iter();
                let at = closures.position(|closure| closure.name == *name);
                format!("closures[{}]", at.unwrap_or_default())
            }
            Self::NeverOpen { .. } => String::new(),
        }
    }
}

/// The instants at which work is done: what a clock of a ticket counts.
///
/// For a `start`, an `end` after it and any working time `w`:
///
/// - `between(start, add(start, w)) == w`;
/// - `add(start, between(start, end)) <= end`, and no earlier instant has as
///   much working time behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Calendar(Hours);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Hours {
    Always,
    Weekly(Box<Week>),
}

/// The hours of a calendar that is not always open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Week {
    pub(crate) time_zone: TimeZone,
    /// In the order of [`DAYS`]; each day's are sorted and do not overlap.
    pub(crate) intervals: [Vec<Interval>; 7],
    /// None, where it keeps none.
    pub(crate) holidays: PublicHolidays,
    pub(crate) closures: Vec<Closure>,
}

/// Part of a day, in minutes of the wall clock since midnight; the end is
/// exclusive, and at most 24:00.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Interval {
    pub(crate) opens: u16,
    pub(crate) closes: u16,
}

/// Days that are closed besides holidays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Closure {
    pub(crate) name: String,
    pub(crate) days: ClosedDays,
}

/// From the first day to the last one, closed too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ClosedDays {
    Once { from: Date, to: Date },
    Yearly { from: MonthDay, to: MonthDay },
}

/// Real time during which a calendar is open; the end is exclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// The day, in the calendar's zone, to whose hours it belongs.
    pub date: Date,
    /// When it is open from.
    pub from: Timestamp,
    /// When it is open no longer.
    pub to: Timestamp,
}

impl Stretch {
    /// How long it really lasts.
    #[must_use]
    pub fn length(&self) -> Duration {
        elapsed(self.from, self.to)
    }

    /// What of it lies between two instants, if anything does.
    fn within(self, from: Timestamp, to: Timestamp) -> Option<Self> {
        let clipped = Self {
            date: self.date,
            from: self.from.max(from),
            to: self.to.min(to),
        };
        (clipped.from < clipped.to).then_some(clipped)
    }
}

/// Why a calendar has no open hour on a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Closed<'a> {
    /// A closure of the catalogue, by its name.
    Closure(&'a str),
    /// A public holiday; several may fall on one day.
    Holiday(Vec<&'a str>),
    /// A normal week has no hours on that day.
    NoHours,
}

impl Calendar {
    /// Checks a definition; `holidays` are those of the catalogue.
    ///
    /// # Errors
    ///
    /// Everything in [`CalendarError`] but [`CalendarError::NeverOpen`].
    pub fn parse(
        definition: &CalendarDefinition,
        holidays: &PublicHolidays,
    ) -> Result<Self, CalendarError> {
        if definition.always {
            let nothing_else = CalendarDefinition {
                always: true,
                retired: definition.retired,
                ..CalendarDefinition::default()
            };
            return if *definition == nothing_else {
                Ok(Self(Hours::Always))
            } else {
                Err(CalendarError::AlwaysAndHours)
            };
        }
        let mut intervals = <[Vec<Interval>; 7]>::default();
        for ((day, written), parsed) in DAYS
            .into_iter()
            .zip(definition.hours.days())
            .zip(&mut intervals)
        {
            *parsed = parse_day(day, written)?;
        }
        if intervals.iter().all(Vec::is_empty) {
            return Err(CalendarError::NoHours);
        }
        Ok(Self(Hours::Weekly(Box::new(Week {
            time_zone: parse_time_zone(definition.time_zone.as_deref())?,
            intervals,
            holidays: match definition.holidays {
                Holidays::None => PublicHolidays::default(),
                Holidays::Colombia => holidays.clone(),
            },
            closures: definition
                .closures
                .iter()
                .map(Closure::parse)
                .collect::<Result<_, _>>()?,
        }))))
    }

    /// Whether the calendar is open at an instant. It is at the one at which an
    /// interval begins, and no longer at the one at which it ends.
    #[must_use]
    pub fn is_open(&self, at: Timestamp) -> bool {
        match &self.0 {
            Hours::Always => true,
            Hours::Weekly(week) => week
                .spans(at, at)
                .any(|span| span.from <= at && at < span.to),
        }
    }

    /// The first instant at which `working` has passed since `start`.
    ///
    /// Where `start` is closed, counting begins at the next opening. Working
    /// time that is used up as an interval ends is due at that end, not at the
    /// next opening; and no working time at all is due at `start` itself, open
    /// or not.
    ///
    /// # Errors
    ///
    /// [`CalendarError::NeverOpen`] where the ten years after `start` do not
    /// hold that much, or where a calendar that is always open would leave the
    /// range of [`Timestamp`].
    pub fn add(&self, start: Timestamp, working: Duration) -> Result<Timestamp, CalendarError> {
        let due = match &self.0 {
            Hours::Always => later(start, working),
            Hours::Weekly(week) => week.add(start, working),
        };
        due.ok_or(CalendarError::NeverOpen { start, working })
    }

    /// The end of the working day that comes so many after the day of an instant, which
    /// does not count itself: how the law counts days (Ley 4 de 1913, art. 62; Ley 1437 de
    /// 2011). A working day is one with an open hour.
    ///
    /// # Errors
    ///
    /// [`CalendarError::NeverOpen`] where the ten years after `from` do not hold that many.
    pub fn end_of_working_day(
        &self,
        from: Timestamp,
        days: u32,
    ) -> Result<Timestamp, CalendarError> {
        let found = match &self.0 {
            Hours::Always => Week::around_the_clock().end_of_working_day(from, days),
            Hours::Weekly(week) => week.end_of_working_day(from, days),
        };
        found.ok_or_else(|| {
            let day = Duration::from_secs(24 * 60 * 60);
            CalendarError::NeverOpen {
                start: from,
                working: day.saturating_mul(days),
            }
        })
    }

    /// The working time from one instant to another; zero where `to` is not
    /// after `from`.
    #[must_use]
    pub fn between(&self, from: Timestamp, to: Timestamp) -> Duration {
        match &self.0 {
            Hours::Always => elapsed(from, to),
            Hours::Weekly(week) => week
                .stretches(from, to)
                .map(|stretch| stretch.length())
                .sum(),
        }
    }

    /// The open hours from one instant to another, in order and day by day: what
    /// [`Calendar::between`] adds up. None of them is empty.
    #[must_use]
    pub fn stretches(&self, from: Timestamp, to: Timestamp) -> Vec<Stretch> {
        match &self.0 {
            Hours::Always => Week::around_the_clock().stretches(from, to).collect(),
            Hours::Weekly(week) => week.stretches(from, to).collect(),
        }
    }

    /// The days with hours from one to another, both counted, each from its first opening to
    /// its last closing.
    #[must_use]
    pub fn working_days(&self, first: Date, last: Date) -> Vec<Stretch> {
        let zone = self.time_zone();
        let midnight = |day: Date| Some(day.to_zoned(zone.clone()).ok()?.timestamp());
        let after = last.tomorrow().ok().and_then(midnight);
        let Some((from, to)) = midnight(first).zip(after).filter(|(from, to)| from < to) else {
            return vec![];
        };
        let mut days: Vec<Stretch> = Vec::new();
        for open in self.stretches(from, to) {
            match days.last_mut().filter(|day| day.date == open.date) {
                Some(day) => day.to = open.to,
                None => days.push(open),
            }
        }
        days
    }

    /// The working day that is so many before a day; where the year before it has fewer, the
    /// first of them.
    #[must_use]
    pub fn days_before(&self, day: Date, count: usize) -> Option<Stretch> {
        let last = day.yesterday().ok()?;
        let first = day.checked_sub(YEAR).ok()?;
        let days = self.working_days(first, last);
        days.get(days.len().saturating_sub(count.max(1))).copied()
    }

    /// The so-manieth working day from a day on; where the year that follows has fewer, the
    /// last of them.
    #[must_use]
    pub fn days_from(&self, day: Date, count: usize) -> Option<Stretch> {
        let last = day.checked_add(YEAR).ok()?;
        let days = self.working_days(day, last);
        let place = count.max(1).min(days.len());
        days.get(place.checked_sub(1)?).copied()
    }

    /// Why no hour of a day counts, where none does.
    #[must_use]
    pub fn closed(&self, date: Date) -> Option<Closed<'_>> {
        match &self.0 {
            Hours::Always => None,
            Hours::Weekly(week) => week.closed(date, &week.holidays.of_year(date.year())),
        }
    }

    /// The zone on whose wall clock the calendar is read. One that is always
    /// open needs none, and is read on the entity's.
    #[must_use]
    pub fn time_zone(&self) -> TimeZone {
        match &self.0 {
            Hours::Always => Week::around_the_clock().time_zone,
            Hours::Weekly(week) => week.time_zone.clone(),
        }
    }

    /// Whether it never closes.
    pub fn is_always_open(&self) -> bool {
        self.week().is_none()
    }

    /// Its hours; none where it is always open.
    pub(crate) fn week(&self) -> Option<&Week> {
        match &self.0 {
            Hours::Always => None,
            Hours::Weekly(week) => Some(week),
        }
    }
}

impl Week {
    /// Every hour of every day, on the entity's clock.
    fn around_the_clock() -> Self {
        let whole_day = Interval {
            opens: 0,
            closes: 24 * 60,
        };
        Self {
            time_zone: TimeZone::get(OFFICE).unwrap_or(TimeZone::UTC),
            intervals: std::array::from_fn(|_| vec![whole_day]),
            holidays: PublicHolidays::default(),
            closures: Vec::new(),
        }
    }

    fn add(&self, start: Timestamp, working: Duration) -> Option<Timestamp> {
        if working.is_zero() {
            return Some(start);
        }
        let end = later(start, SEARCH).unwrap_or(Timestamp::MAX);
        let mut left = working;
        for span in self.spans(start, end) {
            let from = span.from.max(start);
            let open = elapsed(from, span.to);
            if left <= open {
                return later(from, left);
            }
            left -= open;
        }
        None
    }

    fn end_of_working_day(&self, from: Timestamp, days: u32) -> Option<Timestamp> {
        let today = self.time_zone.to_datetime(from).date();
        let end = later(from, SEARCH).unwrap_or(Timestamp::MAX);
        let (mut counted, mut last) = (0, None);
        for span in self.spans(from, end).filter(|span| span.date > today) {
            if last.is_none_or(|last: Stretch| last.date != span.date) {
                if counted == days {
                    break;
                }
                counted += 1;
            }
            last = Some(span);
        }
        last.filter(|_| counted == days).map(|last| last.to)
    }

    /// The open spans of the days from one instant to another, in order. The
    /// first and the last may lie outside.
    ///
    /// A clock that is set back past midnight shows the end of a day again when
    /// the hours of the next have begun, so that one is looked at as well.
    fn spans(&self, from: Timestamp, to: Timestamp) -> impl Iterator<Item = Stretch> {
        let first = self.time_zone.to_datetime(from).date();
        let last = self.time_zone.to_datetime(to).date();
        let last = last.tomorrow().unwrap_or(last);
        let mut holidays = (None, Vec::new());
        iter::successors(Some(first), |date| date.tomorrow().ok())
            .take_while(move |date| *date <= last)
            .filter(move |date| {
                if holidays.0 != Some(date.year()) {
                    holidays = (Some(date.year()), self.holidays.of_year(date.year()));
                }
                self.closed(*date, &holidays.1).is_none()
            })
            .flat_map(move |date| {
                self.intervals_of(date.weekday())
                    .iter()
                    .filter_map(move |interval| self.span(date, interval))
            })
    }

    /// The open spans from one instant to another, and nothing outside.
    fn stretches(&self, from: Timestamp, to: Timestamp) -> impl Iterator<Item = Stretch> {
        self.spans(from, to)
            .filter_map(move |span| span.within(from, to))
    }

    /// Why a day is closed, if it is; `holidays` are those of its year.
    fn closed<'a>(&'a self, date: Date, holidays: &[(Date, &'a str)]) -> Option<Closed<'a>> {
        if let Some(closure) = self.closures.iter().find(|c| c.days.contain(date)) {
            return Some(Closed::Closure(&closure.name));
        }
        let mut names = holidays.iter().filter(|(day, _)| *day == date).peekable();
        if names.peek().is_some() {
            return Some(Closed::Holiday(names.map(|(_, name)| *name).collect()));
        }
        let intervals = self.intervals_of(date.weekday());
        intervals.is_empty().then_some(Closed::NoHours)
    }

    fn intervals_of(&self, day: Weekday) -> &[Interval] {
        usize::try_from(day.to_monday_zero_offset())
            .ok()
            .and_then(|day| self.intervals.get(day))
            .map_or(&[], Vec::as_slice)
    }

    /// None where nothing is left of it, because clocks went forward over it.
    fn span(&self, date: Date, interval: &Interval) -> Option<Stretch> {
        let instant = |minute: u16| {
            let midnight = date.to_datetime(Time::midnight());
            self.first_instant(
                midnight
                    .checked_add(SignedDuration::from_mins(minute.into()))
                    .ok()?,
            )
        };
        let span = Stretch {
            date,
            from: instant(interval.opens)?,
            to: instant(interval.closes)?,
        };
        (span.from < span.to).then_some(span)
    }

    /// The first instant at which the wall clock reads a time or a later one;
    /// none outside the range of [`Timestamp`].
    fn first_instant(&self, wall: DateTime) -> Option<Timestamp> {
        match self.time_zone.to_ambiguous_timestamp(wall).offset() {
            AmbiguousOffset::Unambiguous { offset }
            | AmbiguousOffset::Fold { before: offset, .. } => offset.to_timestamp(wall).ok(),
            // Read with the offset that comes after it, a skipped time lies
            // just before the change.
            AmbiguousOffset::Gap { after, .. } => {
                let before_the_change = after.to_timestamp(wall).ok()?;
                let change = self.time_zone.following(before_the_change).next()?;
                Some(change.timestamp())
            }
        }
    }
}

impl Interval {
    fn parse(day: &'static str, written: &str) -> Result<Self, CalendarError> {
        let invalid = || CalendarError::InvalidInterval {
            day,
            interval: written.to_owned(),
        };
        let (opens, closes) = written.split_once('-').ok_or_else(invalid)?;
        let opens = parse_minute(opens).ok_or_else(invalid)?;
        let closes = parse_minute(closes).ok_or_else(invalid)?;
        if opens < closes {
            Ok(Self { opens, closes })
        } else {
            Err(CalendarError::EmptyInterval {
                day,
                interval: written.to_owned(),
            })
        }
    }
}

impl Closure {
    pub(crate) fn parse(definition: &ClosureDefinition) -> Result<Self, CalendarError> {
        let ClosureDefinition {
            name,
            from,
            to,
            yearly,
        } = definition;
        let to = to.as_ref().unwrap_or(from);
        let invalid = |date: &str, expected| CalendarError::InvalidDate {
            name: name.clone(),
            date: date.to_owned(),
            expected,
        };
        if *yearly {
            let parse = |date: &str| parse_month_day(date).ok_or_else(|| invalid(date, "12-24"));
            let (from, to) = (parse(from)?, parse(to)?);
            Ok(Self {
                name: name.clone(),
                days: ClosedDays::Yearly { from, to },
            })
        } else {
            let parse = |date: &str| parse_date(date).ok_or_else(|| invalid(date, "2026-12-24"));
            let (from, to) = (parse(from)?, parse(to)?);
            if from <= to {
                Ok(Self {
                    name: name.clone(),
                    days: ClosedDays::Once { from, to },
                })
            } else {
                Err(CalendarError::ClosureEndsBeforeItStarts {
                    name: name.clone(),
                    from,
                    to,
                })
            }
        }
    }
}

impl ClosedDays {
    fn contain(self, date: Date) -> bool {
        match self {
            Self::Once { from, to } => from <= date && date <= to,
            Self::Yearly { from, to } => {
                let day = (date.month(), date.day());
                if from <= to {
                    from <= day && day <= to
                } else {
                    from <= day || day <= to
                }
            }
        }
    }
}

fn parse_time_zone(name: Option<&str>) -> Result<TimeZone, CalendarError> {
    let name = name.ok_or(CalendarError::NoTimeZone)?;
    match TimeZone::get(name) {
        Ok(zone) if !zone.is_unknown() => Ok(zone),
        _ => Err(CalendarError::UnknownTimeZone {
            name: name.to_owned(),
        }),
    }
}

fn parse_day(day: &'static str, written: &[String]) -> Result<Vec<Interval>, CalendarError> {
    let mut parsed = written
        .iter()
        .map(|written| Ok((Interval::parse(day, written)?, written)))
        .collect::<Result<Vec<_>, _>>()?;
    parsed.sort();
    for ((first, first_written), (second, second_written)) in
        parsed.iter().zip(parsed.iter().skip(1))
    {
        if second.opens < first.closes {
            return Err(CalendarError::OverlappingIntervals {
                day,
                first: first_written.to_string(),
                second: second_written.to_string(),
            });
        }
    }
    Ok(parsed.into_iter().map(|(interval, _)| interval).collect())
}

/// `HH:MM`, up to 24:00, in minutes since midnight.
fn parse_minute(written: &str) -> Option<u16> {
    let (hour, minute) = written.split_once(':')?;
    let (hour, minute) = (parse_two_digits(hour)?, parse_two_digits(minute)?);
    let minutes = hour * 60 + minute;
    (minute < 60 && minutes <= 24 * 60).then_some(minutes)
}

fn parse_two_digits(written: &str) -> Option<u16> {
    let two_digits = written.len() == 2 && written.bytes().all(|byte| byte.is_ascii_digit());
    two_digits.then(|| written.parse().ok())?
}

/// Zero where `to` is not after `from`.
fn elapsed(from: Timestamp, to: Timestamp) -> Duration {
    to.duration_since(from).try_into().unwrap_or(Duration::ZERO)
}

fn later(start: Timestamp, elapsed: Duration) -> Option<Timestamp> {
    start
        .checked_add(SignedDuration::try_from(elapsed).ok()?)
        .ok()
}

#[cfg(test)]
mod tests;
