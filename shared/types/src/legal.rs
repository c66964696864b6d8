//! What the law gives the entity time for, besides what the desk agreed with people: to
//! pass a petition on to whoever has to answer it (Ley 1437 de 2011, art. 21, as Ley 1755
//! de 2015 has it), and to report a security incident (Decreto 338 de 2022; for personal
//! data, the Superintendencia de Industria y Comercio). The terms stand in the catalogue:
//! the entity's lawyer confirms them.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantArray};

use crate::calendar::{Calendar, CalendarError};
use crate::clock::ClockKind;
use crate::ids::{CalendarId, EmailAddress, parse_line};
use crate::input::MAX_NAME;
use crate::person::Person;
use crate::problem::FieldError;

/// Most days of a term: more than any of them has.
const MAX_DAYS: u32 = 90;

/// Most hours: a month.
const MAX_HOURS: u32 = 720;

/// The terms, as the catalogue has them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct LegalTerms {
    /// Working days after it came in within which a petition is passed on.
    pub petition_days: u32,
    /// Working days within which an incident that touches personal data is reported to the
    /// Superintendencia de Industria y Comercio.
    pub sic_days: u32,
    /// Hours within which an incident is reported to the government's CSIRT.
    pub csirt_hours: u32,
    /// The calendar that says which days are working days; the category's, where none is
    /// named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub calendar: Option<CalendarId>,
    /// The calendar whose hours count for the CSIRT; the category's, where none is named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub csirt_calendar: Option<CalendarId>,
    /// Where petitions are passed on to, unless somebody says better.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub petition_office: Option<Person>,
}

impl Default for LegalTerms {
    fn default() -> Self {
        LegalTerms {
            petition_days: 5,
            sic_days: 15,
            csirt_hours: 24,
            calendar: None,
            csirt_calendar: None,
            petition_office: None,
        }
    }
}

impl LegalTerms {
    /// Whether nothing was said.
    pub fn is_default(&self) -> bool {
        *self == LegalTerms::default()
    }

    /// What is wrong with them, under `path`.
    pub(crate) fn check(&self, path: &str, errors: &mut Vec<FieldError>) {
        for (name, value, most, unit) in [
            ("petition_days", self.petition_days, MAX_DAYS, "días"),
            ("sic_days", self.sic_days, MAX_DAYS, "días"),
            ("csirt_hours", self.csirt_hours, MAX_HOURS, "horas"),
        ] {
            if value == 0 || value > most {
                let detail = format!("Debe estar entre 1 y {most} {unit}.");
                let field = format!("{path}.{name}");
                errors.push(FieldError::new(&field, "out_of_range", detail));
            }
        }
        if let Some(office) = &self.petition_office {
            let field = format!("{path}.petition_office.name");
            errors.extend(parse_line(&field, &office.name, MAX_NAME).err());
        }
    }

    /// The calendar of a clock of the law, where one is named.
    pub(crate) fn calendar(&self, clock: ClockKind) -> Option<&CalendarId> {
        match clock {
            ClockKind::CsirtReport => self.csirt_calendar.as_ref(),
            ClockKind::SicReport
            | ClockKind::Forwarding
            | ClockKind::Attention
            | ClockKind::Solution
            | ClockKind::Waiting
            | ClockKind::Provider
            | ClockKind::Validation => self.calendar.as_ref(),
        }
    }

    /// When the term of a clock ends that began at `from`; none, where the clock is none of
    /// the law's. Days are whole: they are counted from the day after, and the last one
    /// counts to its end.
    pub(crate) fn ends(
        &self,
        clock: ClockKind,
        calendar: &Calendar,
        from: Timestamp,
    ) -> Result<Option<Timestamp>, CalendarError> {
        let days = match clock {
            ClockKind::Forwarding => self.petition_days,
            ClockKind::SicReport => self.sic_days,
            ClockKind::CsirtReport => {
                let hours = SignedDuration::from_hours(i64::from(self.csirt_hours));
                return calendar.add(from, hours.unsigned_abs()).map(Some);
            }
            ClockKind::Attention
            | ClockKind::Solution
            | ClockKind::Waiting
            | ClockKind::Provider
            | ClockKind::Validation => return Ok(None),
        };
        calendar.end_of_working_day(from, days).map(Some)
    }
}

/// Whom an incident is reported to.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    IntoStaticStr,
    VariantArray,
)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Authority {
    /// The government's computer security incident response team (Decreto 338 de 2022).
    Csirt,
    /// The Superintendencia de Industria y Comercio, for personal data (Ley 1581 de 2012,
    /// art. 17, lit. n).
    Sic,
}

impl Authority {
    /// Every one.
    pub const ALL: &'static [Authority] = Authority::VARIANTS;

    /// The clock that its report is measured with.
    pub fn clock(self) -> ClockKind {
        match self {
            Authority::Csirt => ClockKind::CsirtReport,
            Authority::Sic => ClockKind::SicReport,
        }
    }

    /// What people call it in two words.
    pub fn short(self) -> &'static str {
        match self {
            Authority::Csirt => "CSIRT",
            Authority::Sic => "SIC",
        }
    }

    /// What people call it.
    pub fn label(self) -> &'static str {
        match self {
            Authority::Csirt => "CSIRT Gobierno",
            Authority::Sic => "Superintendencia de Industria y Comercio",
        }
    }

    /// To whom, in a sentence.
    pub fn addressed(self) -> &'static str {
        match self {
            Authority::Csirt => "al CSIRT Gobierno",
            Authority::Sic => "a la Superintendencia de Industria y Comercio",
        }
    }
}

/// What came of a report that was owed.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr, VariantArray,
)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ReportOutcome {
    /// It was made.
    Reported,
    /// It need not be made, for a reason.
    NotRequired,
}

impl ReportOutcome {
    /// Every one.
    pub const ALL: &'static [ReportOutcome] = ReportOutcome::VARIANTS;
}

/// A report of an incident, on record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct AuthorityReport {
    pub authority: Authority,
    pub outcome: ReportOutcome,
    /// The number that it got there, or why it need not be made.
    pub note: String,
    pub at: Timestamp,
}

/// That a request is a petition that is none of the desk's: a citizen's petition, complaint
/// or claim (PQRSD), which is somebody else's to answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Petition {
    /// Why it is one.
    pub note: String,
    pub at: Timestamp,
}

/// To whom a petition was passed on, and with what words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Forwarding {
    /// The office, or the other entity.
    pub to: Person,
    /// Why it is theirs to answer.
    pub message: String,
    pub at: Timestamp,
}

impl Forwarding {
    /// To whom, in words.
    pub fn addressee(&self) -> String {
        addressee(&self.to.name, &self.to.email)
    }
}

fn addressee(name: &str, email: &EmailAddress) -> String {
    format!("{name} ({email})")
}
