//! Public holidays: rules of the catalogue, since a law makes and moves them. A rule
//! says which day of a year it is, from which year to which, and by which law.
//!
//! ```toml
//! [[holidays]]
//! id = "reyes_magos"
//! name = "Día de los Reyes Magos"
//! kind = "monday"
//! day = "01-06"
//! first_year = 1984
//! law = "Ley 51 de 1983"
//!
//! [[holidays]]
//! id = "ascension"
//! name = "Ascensión del Señor"
//! kind = "easter"
//! day = "43"
//! first_year = 1984
//! law = "Ley 51 de 1983"
//! ```

use std::sync::LazyLock;

use jiff::ToSpan;
use jiff::civil::{Date, Weekday};
use serde::{Deserialize, Serialize};
use strum::VariantArray;

use crate::ids::HolidayId;
use crate::problem::FieldError;
use crate::shipped;

/// Most rules of a catalogue.
const MAX_RULES: usize = 100;

/// Years that a rule may name.
const YEARS: std::ops::RangeInclusive<i16> = 1900..=9999;

/// Farthest day from Easter Sunday.
const FROM_EASTER: i16 = 100;

/// A month and a day in it; ordered as in a year.
pub(crate) type MonthDay = (i8, i8);

/// A public holiday, as the catalogue writes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct HolidayRule {
    pub id: HolidayId,
    /// Name in Spanish.
    pub name: String,
    pub kind: HolidayKind,
    /// `07-09`; of one that goes by Easter, how many days after Easter Sunday it
    /// comes: `43`, or `-3` before it.
    pub day: String,
    /// The first year in which it is one.
    pub first_year: i16,
    /// The last year in which it is one; none as long as nobody has put an end to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_year: Option<i16>,
    /// What makes it a holiday.
    pub law: String,
}

/// How the day of a holiday is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, VariantArray)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum HolidayKind {
    /// The same day every year.
    Fixed,
    /// That day if it is a Monday, otherwise the Monday after it.
    Monday,
    /// So many days after Easter Sunday.
    Easter,
}

/// The rules where a catalogue says nothing of them: one that was stored before
/// they were in it goes by those that ship.
pub(crate) fn shipped() -> Vec<HolidayRule> {
    #[derive(Deserialize)]
    struct Shipped {
        holidays: Vec<HolidayRule>,
    }
    static RULES: LazyLock<Vec<HolidayRule>> = LazyLock::new(|| {
        let shipped: Result<Shipped, _> = serde_json::from_str(shipped::CATALOGUE);
        shipped.map_or_else(|_| Vec::new(), |shipped| shipped.holidays)
    });
    RULES.clone()
}

/// Rules that hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PublicHolidays(Vec<PublicHoliday>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct PublicHoliday {
    name: String,
    day: Day,
    first_year: i16,
    last_year: i16,
}

/// The day of a year, before it is moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Day {
    Fixed(MonthDay),
    Monday(MonthDay),
    Easter(i16),
}

impl PublicHolidays {
    /// Reads rules; `path` is the list that they stand in.
    ///
    /// # Errors
    /// Every mistake, at its field.
    pub fn parse(path: &str, rules: &[HolidayRule]) -> Result<Self, Vec<FieldError>> {
        let mut errors = Vec::new();
        if rules.len() > MAX_RULES {
            let detail = format!("No puede haber más de {MAX_RULES} festivos.");
            errors.push(FieldError::new(path, "too_many", detail));
        }
        let mut read = Vec::new();
        for (i, rule) in rules.iter().enumerate() {
            match PublicHoliday::parse(rule) {
                Ok(holiday) => read.push(holiday),
                Err(Wrong { field, detail }) => {
                    let field = format!("{path}[{i}].{field}");
                    errors.push(FieldError::new(&field, "invalid_holiday", detail));
                }
            }
        }
        match errors.is_empty() {
            true => Ok(PublicHolidays(read)),
            false => Err(errors),
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The holidays of a year with their names, oldest first. Two may fall on one day,
    /// as on 30 June 2025, and then both are listed.
    pub fn of_year(&self, year: i16) -> Vec<(Date, &str)> {
        let holidays = self.0.iter();
        let dated = holidays.filter_map(|holiday| Some((holiday.of_year(year)?, &*holiday.name)));
        let mut dated: Vec<_> = dated.collect();
        dated.sort_by_key(|(date, _)| *date);
        dated
    }

    /// The first holiday from a day on, if any comes in the next ten years.
    pub fn next(&self, from: Date) -> Option<Date> {
        let mut years = from.year()..=from.year().saturating_add(10);
        years.find_map(|year| {
            let mut dated = self.of_year(year).into_iter().map(|(date, _)| date);
            dated.find(|date| *date >= from)
        })
    }
}

/// What is wrong with a rule, and where.
struct Wrong {
    field: &'static str,
    detail: &'static str,
}

impl PublicHoliday {
    fn parse(rule: &HolidayRule) -> Result<Self, Wrong> {
        let wrong = |field, detail| Wrong { field, detail };
        let month_day = || {
            let detail = "Debe ser un día del año, por ejemplo 07-09.";
            parse_month_day(&rule.day).ok_or(wrong("day", detail))
        };
        let day = match rule.kind {
            HolidayKind::Fixed => Day::Fixed(month_day()?),
            HolidayKind::Monday => Day::Monday(month_day()?),
            HolidayKind::Easter => {
                let days = rule.day.parse().ok();
                let days = days.filter(|days: &i16| (-FROM_EASTER..=FROM_EASTER).contains(days));
                let detail = "Debe ser cuántos días después del Domingo de Pascua, por ejemplo 43, \
                              o -3 si es antes.";
                Day::Easter(days.ok_or(wrong("day", detail))?)
            }
        };
        let last_year = rule.last_year.unwrap_or(*YEARS.end());
        if !YEARS.contains(&rule.first_year) {
            return Err(wrong("first_year", "Debe ser un año, por ejemplo 2026."));
        }
        if !YEARS.contains(&last_year) || last_year < rule.first_year {
            return Err(wrong(
                "last_year",
                "Debe ser el primer año o uno posterior.",
            ));
        }
        if rule.law.trim().is_empty() {
            let detail = "Es obligatorio: la norma por la que es festivo.";
            return Err(wrong("law", detail));
        }
        Ok(PublicHoliday {
            name: rule.name.clone(),
            day,
            first_year: rule.first_year,
            last_year,
        })
    }

    /// None in a year in which it is none, or which has no such day.
    fn of_year(&self, year: i16) -> Option<Date> {
        if !(self.first_year..=self.last_year).contains(&year) {
            return None;
        }
        match self.day {
            Day::Fixed((month, day)) => Date::new(year, month, day).ok(),
            Day::Monday((month, day)) => monday_from(Date::new(year, month, day).ok()?),
            Day::Easter(days) => easter(year)?.checked_add(days.days()).ok(),
        }
    }
}

/// `YYYY-MM-DD` and none of the other forms that jiff reads.
pub(crate) fn parse_date(written: &str) -> Option<Date> {
    written
        .parse()
        .ok()
        .filter(|date: &Date| date.to_string() == written)
}

/// `MM-DD`; 29 February is a day that only leap years have.
pub(crate) fn parse_month_day(written: &str) -> Option<MonthDay> {
    let in_a_leap_year = parse_date(&format!("2000-{written}"))?;
    Some((in_a_leap_year.month(), in_a_leap_year.day()))
}

/// The date itself if it is a Monday, otherwise the Monday after it.
fn monday_from(date: Date) -> Option<Date> {
    let days = date.weekday().until(Weekday::Monday);
    date.checked_add(days.days()).ok()
}

/// Easter Sunday in the Gregorian calendar (Meeus, Jones and Butcher).
fn easter(year: i16) -> Option<Date> {
    let year_number = i32::from(year);
    let golden = year_number.rem_euclid(19);
    let century = year_number.div_euclid(100);
    let year_of_century = year_number.rem_euclid(100);
    let skipped_leap_days = century - century.div_euclid(4);
    let moon_correction = (century - (century + 8).div_euclid(25) + 1).div_euclid(3);
    let epact = (19 * golden + skipped_leap_days - moon_correction + 15).rem_euclid(30);
    let to_sunday =
        (32 + 2 * century.rem_euclid(4) + 2 * (year_of_century / 4) - epact - year_of_century % 4)
            .rem_euclid(7);
    let late = (golden + 11 * epact + 22 * to_sunday) / 451;
    let days_after_22_march = epact + to_sunday - 7 * late;
    Date::new(year, 3, 22)
        .ok()?
        .checked_add(days_after_22_march.days())
        .ok()
}

#[cfg(test)]
mod tests;
