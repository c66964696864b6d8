//! How accounts end and are reviewed: the days that a coordinator may change.

use serde::{Deserialize, Serialize};

use crate::problem::FieldError;

/// Most working days of either: a quarter has some sixty.
const MAX_DAYS: u16 = 40;

/// The days around accounts, all of them working days of the default calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct AccountRules {
    /// Working days before accounts end at which the request to disable them is opened.
    pub notice_days: u16,
    /// Working days that a chief has for the review, from the first of the quarter.
    pub review_days: u16,
}

impl Default for AccountRules {
    fn default() -> Self {
        AccountRules {
            notice_days: 5,
            review_days: 15,
        }
    }
}

impl AccountRules {
    /// What is wrong with it, under `path`.
    pub(crate) fn check(&self, path: &str, errors: &mut Vec<FieldError>) {
        for (name, days) in [
            ("notice_days", self.notice_days),
            ("review_days", self.review_days),
        ] {
            if !(1..=MAX_DAYS).contains(&days) {
                let detail = format!("Debe estar entre 1 y {MAX_DAYS} días hábiles.");
                let field = format!("{path}.{name}");
                errors.push(FieldError::new(&field, "out_of_range", detail));
            }
        }
    }
}
