//! Who else is at a ticket, in words.

use jiff::Timestamp;
use types::presence::{Doing, Sign};

use crate::words;

/// Seconds between two signs of a page, at least.
pub(crate) const EVERY: u8 = 15;

/// Somebody else who is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// `Marta está escribiendo una nota interna`.
    pub text: String,
    /// Seconds since he said so.
    pub ago: u64,
}

impl Line {
    /// Somebody, as a page says it.
    pub fn of(sign: &Sign, now: Timestamp) -> Self {
        let doing = match sign.doing {
            Doing::Viewing => "tiene abierta esta solicitud",
            Doing::Answering => "está escribiendo una respuesta pública",
            Doing::Noting => "está escribiendo una nota interna",
            Doing::Solving => "está escribiendo la solución",
            Doing::Acting => "está preparando otra acción",
        };
        Line {
            text: format!("{} {doing}", sign.person.name),
            ago: u64::try_from(now.duration_since(sign.at).as_secs()).unwrap_or_default(),
        }
    }

    pub(crate) fn ago_words(&self) -> String {
        words::amount(self.ago)
    }
}

/// The others at a ticket, and how a page says that it is there itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Presence {
    pub lines: Vec<Line>,
    /// Where signs go, where somebody is to give any.
    pub signs: Option<String>,
}

impl Presence {
    pub(crate) fn every(&self) -> u8 {
        EVERY
    }
}
