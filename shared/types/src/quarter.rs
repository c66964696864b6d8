//! Quarters of the year: in each of them a chief says anew who needs what.

use std::fmt;
use std::str::FromStr;

use jiff::civil::{Date, date};
use serde::{Deserialize, Serialize};

/// A quarter of a year, written `2026-Q4`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(with = "String"))]
#[serde(try_from = "String", into = "String")]
pub struct Quarter {
    year: i16,
    /// From 1 to 4.
    number: i8,
}

/// A text that names no quarter.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no quarter, as 2026-Q4 is one")]
pub struct NoQuarter(String);

impl Quarter {
    /// The quarter that a day is in.
    pub fn of(day: Date) -> Self {
        Quarter {
            year: day.year(),
            number: (day.month() - 1) / 3 + 1,
        }
    }

    /// Its first day.
    pub fn begins(self) -> Date {
        date(self.year, (self.number - 1) * 3 + 1, 1)
    }

    /// The one after it.
    #[must_use]
    pub fn next(self) -> Self {
        match self.number {
            4 => Quarter {
                year: self.year + 1,
                number: 1,
            },
            number => Quarter {
                number: number + 1,
                ..self
            },
        }
    }

    /// The quarter in Spanish words: `cuarto trimestre de 2026`.
    pub fn words(self) -> String {
        let which = match self.number {
            1 => "primer",
            2 => "segundo",
            3 => "tercer",
            _ => "cuarto",
        };
        format!("{which} trimestre de {}", self.year)
    }
}

impl fmt::Display for Quarter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-Q{}", self.year, self.number)
    }
}

impl FromStr for Quarter {
    type Err = NoQuarter;

    fn from_str(text: &str) -> Result<Self, NoQuarter> {
        let read = || {
            let (year, number) = text.split_once("-Q")?;
            let quarter = Quarter {
                year: year.parse().ok()?,
                number: number.parse().ok()?,
            };
            let is_one = (1..=4).contains(&quarter.number) && (1900..=9000).contains(&quarter.year);
            (is_one && quarter.to_string() == text).then_some(quarter)
        };
        read().ok_or_else(|| NoQuarter(text.to_owned()))
    }
}

impl TryFrom<String> for Quarter {
    type Error = NoQuarter;

    fn try_from(text: String) -> Result<Self, NoQuarter> {
        text.parse()
    }
}

impl From<Quarter> for String {
    fn from(quarter: Quarter) -> String {
        quarter.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_has_its_quarter_and_it_comes_back() {
        for (day, quarter, begins, next, words) in [
            (
                date(2026, 1, 1),
                "2026-Q1",
                date(2026, 1, 1),
                "2026-Q2",
                "primer trimestre de 2026",
            ),
            (
                date(2026, 6, 30),
                "2026-Q2",
                date(2026, 4, 1),
                "2026-Q3",
                "segundo trimestre de 2026",
            ),
            (
                date(2026, 9, 30),
                "2026-Q3",
                date(2026, 7, 1),
                "2026-Q4",
                "tercer trimestre de 2026",
            ),
            (
                date(2026, 12, 31),
                "2026-Q4",
                date(2026, 10, 1),
                "2027-Q1",
                "cuarto trimestre de 2026",
            ),
        ] {
            let of = Quarter::of(day);
            assert_eq!(of.to_string(), quarter);
            assert_eq!(quarter.parse(), Ok(of));
            assert_eq!((of.begins(), of.words().as_str()), (begins, words));
            assert_eq!(of.next().to_string(), next);
        }
        for wrong in [
            "", "2026", "2026-Q0", "2026-Q5", "2026-Q04", "x-Q1", "26-Q1",
        ] {
            assert!(wrong.parse::<Quarter>().is_err(), "{wrong}");
        }
    }
}
