//! How long a closed request is kept, and what becomes of it then: the line of the
//! entity's table of retention (TRD) that a category comes under (Ley 594 de 2000).
//! The entity's archive decides it, so it is data of the catalogue.

use serde::{Deserialize, Serialize};
use strum::VariantArray;

use crate::ids::parse_line;
use crate::problem::FieldError;

/// Longest code of a series, in characters.
pub const MAX_SERIES: usize = 40;

/// Most years that one of the archives keeps something.
const MAX_YEARS: u16 = 100;

/// The line of the table that a category's requests come under.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Retention {
    /// Code of the series and subseries; none until the archive has given one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub series: Option<String>,
    /// Years in the office's own archive, from the closing on (archivo de gestión).
    pub office_years: u16,
    /// Years in the entity's archive after those (archivo central).
    pub central_years: u16,
    /// What becomes of it after both.
    pub disposition: Disposition,
}

/// What becomes of records when nobody has to keep them any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, VariantArray)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Disposition {
    /// Kept for ever (conservación total).
    Permanent,
    /// A part of them is kept for ever (selección).
    Selection,
    /// They are destroyed, on record (eliminación).
    Elimination,
}

impl Default for Retention {
    /// Until the entity's own table says otherwise. It errs on the side of keeping.
    fn default() -> Self {
        Retention {
            series: None,
            office_years: 2,
            central_years: 8,
            disposition: Disposition::Selection,
        }
    }
}

impl Retention {
    /// Whether nobody has said anything else.
    pub(crate) fn is_default(&self) -> bool {
        *self == Retention::default()
    }

    /// What is wrong with it, under `path`.
    pub(crate) fn check(&self, path: &str, errors: &mut Vec<FieldError>) {
        if let Some(series) = &self.series {
            let series = parse_line(&format!("{path}.series"), series, MAX_SERIES);
            errors.extend(series.err());
        }
        for (name, years) in [
            ("office_years", self.office_years),
            ("central_years", self.central_years),
        ] {
            if years > MAX_YEARS {
                let detail = format!("Debe estar entre 0 y {MAX_YEARS} años.");
                errors.push(FieldError::new(
                    &format!("{path}.{name}"),
                    "out_of_range",
                    detail,
                ));
            }
        }
    }
}
