//! Canned texts: what the desk writes again and again, kept in the catalogue. A
//! text has places for what differs from one ticket to the next.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use strum::VariantArray;

use crate::clock::Clocks;
use crate::ids::{CannedTextId, CategoryId, TicketNumber, parse_line, parse_text};
use crate::problem::FieldError;
use crate::spanish;

/// Most texts of a catalogue: all that are for a ticket's category stand on its
/// page.
pub const MAX_TEXTS: usize = 100;
/// Longest name of a text, in characters.
pub const MAX_TEXT_NAME: usize = 80;
/// Longest text, in characters.
pub const MAX_TEXT_LENGTH: usize = 2_000;

/// What `{vence}` reads as where no clock runs, or where its time has passed: a
/// text that is sent unread promises nothing then, and is still true.
const UNKNOWN_DUE: &str = "una hora que le confirmaremos";

/// The zone that people of the entity read times in.
const ZONE: &str = "America/Bogota";

/// A text of the desk's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct CannedText {
    pub id: CannedTextId,
    /// What it is found by, in Spanish.
    pub name: String,
    /// The text, with its places: `{solicitante}`, `{ticket}`, `{vence}`.
    pub text: String,
    /// The categories that it is for: every one, where none is named.
    #[serde(default)]
    pub categories: BTreeSet<CategoryId>,
}

/// A place in a text that a ticket fills in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, VariantArray)]
enum Place {
    /// The requester's name.
    Requester,
    /// The ticket's number.
    Ticket,
    /// When what is promised runs out.
    Due,
}

impl Place {
    /// The place as it stands in a text.
    fn written(self) -> &'static str {
        match self {
            Place::Requester => "{solicitante}",
            Place::Ticket => "{ticket}",
            Place::Due => "{vence}",
        }
    }
}

/// A stretch of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stretch<'a> {
    Words(&'a str),
    Place(Place),
    /// What begins like a place and is none.
    Unknown(&'a str),
}

/// The stretches of a text, in their order.
fn stretches(text: &str) -> Vec<Stretch<'_>> {
    let mut stretches = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find('{') {
        let (words, from) = rest.split_at(at);
        stretches.push(Stretch::Words(words));
        let mut places = Place::VARIANTS.iter().copied();
        rest = if let Some(place) = places.find(|place| from.starts_with(place.written())) {
            stretches.push(Stretch::Place(place));
            from.strip_prefix(place.written()).unwrap_or_default()
        } else {
            let (unknown, after) = from.split_at(from.find('}').map_or(from.len(), |end| end + 1));
            stretches.push(Stretch::Unknown(unknown));
            after
        };
    }
    stretches.push(Stretch::Words(rest));
    stretches
}

/// What a ticket fills in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facts<'a> {
    requester: &'a str,
    ticket: TicketNumber,
    due: Option<Timestamp>,
    now: Timestamp,
}

impl<'a> Facts<'a> {
    /// The facts of a ticket. Who wrote without a name is called by his address, as
    /// everywhere else.
    ///
    /// What is promised to a requester is the solution, and once there is one, the
    /// time that he has to say whether it holds. The attention time is not: by the
    /// time he reads this, he was attended to.
    pub fn new(requester: &'a str, ticket: TicketNumber, clocks: &Clocks, now: Timestamp) -> Self {
        let promised = [&clocks.solution, &clocks.validation].into_iter();
        let mut running = promised.filter(|clock| clock.running_since().is_some());
        Facts {
            requester,
            ticket,
            due: running.find_map(|clock| clock.due_at.filter(|due| *due > now)),
            now,
        }
    }

    fn of(&self, place: Place) -> String {
        match place {
            Place::Requester => self.requester.to_owned(),
            Place::Ticket => self.ticket.to_string(),
            Place::Due => self.due().unwrap_or_else(|| UNKNOWN_DUE.to_owned()),
        }
    }

    /// `el jueves 26 de noviembre a las 10:30`: the day is named, since nobody knows
    /// on which day a mail is read.
    fn due(&self) -> Option<String> {
        let due = self.due?.in_tz(ZONE).ok()?;
        let today = self.now.in_tz(ZONE).ok()?;
        let day = spanish::day(due.date(), Some(today.year()));
        Some(format!("el {day} a las {}:{:02}", due.hour(), due.minute()))
    }
}

impl CannedText {
    /// Whether it is for a ticket of this category.
    pub fn is_for(&self, category: &CategoryId) -> bool {
        self.categories.is_empty() || self.categories.contains(category)
    }

    /// The text with its places filled in.
    pub fn filled(&self, facts: &Facts<'_>) -> String {
        let stretches = stretches(&self.text).into_iter();
        stretches
            .map(|stretch| match stretch {
                Stretch::Words(words) | Stretch::Unknown(words) => words.to_owned(),
                Stretch::Place(place) => facts.of(place),
            })
            .collect()
    }

    /// What is wrong with it by itself, under `path`.
    pub(crate) fn check(&self, path: &str, errors: &mut Vec<FieldError>) {
        let name = parse_line(&format!("{path}.name"), &self.name, MAX_TEXT_NAME);
        errors.extend(name.err());
        let field = format!("{path}.text");
        let text = parse_text(&field, &self.text, MAX_TEXT_LENGTH);
        errors.extend(text.err());
        let known: Vec<_> = Place::VARIANTS
            .iter()
            .map(|place| place.written().to_owned())
            .collect();
        errors.extend(stretches(&self.text).iter().filter_map(|stretch| {
            let unknown = match stretch {
                Stretch::Unknown(unknown) => unknown,
                Stretch::Words(_) | Stretch::Place(_) => return None,
            };
            let begins: String = unknown.chars().take(30).collect();
            let known = spanish::list(&known);
            let detail = format!("«{begins}» no se puede llenar. Se llenan {known}.");
            Some(FieldError::new(&field, "unknown_placeholder", detail))
        }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{Clock, ClockState, Segment};

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn running(due: &str) -> Clock {
        Clock {
            state: ClockState::Running,
            due_at: Some(at(due)),
            segments: vec![Segment {
                from: at("2026-11-26T14:00:00Z"),
                to: None,
                counted: true,
                calendar: None,
                used_seconds: None,
            }],
            ..Clock::default()
        }
    }

    fn text(text: &str) -> CannedText {
        CannedText {
            id: CannedTextId::from("uno"),
            name: "Uno".to_owned(),
            text: text.to_owned(),
            categories: BTreeSet::new(),
        }
    }

    /// What a text comes to on a ticket with these clocks, on a Thursday at 10:00.
    fn filled(written: &str, clocks: &Clocks) -> String {
        let now = at("2026-11-26T15:00:00Z");
        let facts = Facts::new("Ana Pérez", TicketNumber(12), clocks, now);
        text(written).filled(&facts)
    }

    #[test]
    fn places_are_filled_in_wherever_they_stand() {
        let clocks = Clocks::default();
        for (written, expected) in [
            ("Sin nada", "Sin nada"),
            ("{solicitante}", "Ana Pérez"),
            (
                "Hola, {solicitante}: la {ticket} es {ticket}.",
                "Hola, Ana Pérez: la #000012 es #000012.",
            ),
            ("{ticket}{solicitante}\n\nñ", "#000012Ana Pérez\n\nñ"),
            ("una } sola", "una } sola"),
        ] {
            assert_eq!(filled(written, &clocks), expected);
        }
    }

    #[test]
    fn what_was_filled_in_is_not_looked_at_again() {
        let now = at("2026-11-26T15:00:00Z");
        let facts = Facts::new("{ticket}", TicketNumber(12), &Clocks::default(), now);
        assert_eq!(text("{solicitante}").filled(&facts), "{ticket}");
    }

    #[test]
    fn what_is_promised_is_the_solution_and_then_the_time_to_validate() {
        let today = running("2026-11-26T15:30:00Z");
        let other = running("2027-01-04T13:05:00Z");
        let passed = running("2026-11-26T14:59:00Z");
        let paused = Clock {
            state: ClockState::Paused,
            ..today.clone()
        };
        let clocks = |attention: &Clock, solution: &Clock, validation: &Clock| Clocks {
            attention: attention.clone(),
            solution: solution.clone(),
            validation: validation.clone(),
            ..Clocks::default()
        };
        let idle = Clock::default();
        let unknown = "una hora que le confirmaremos";
        for (clocks, expected) in [
            (
                clocks(&other, &today, &idle),
                "el jueves 26 de noviembre a las 10:30",
            ),
            (
                clocks(&idle, &idle, &other),
                "el lunes 4 de enero de 2027 a las 8:05",
            ),
            (clocks(&today, &idle, &idle), unknown),
            (clocks(&idle, &paused, &idle), unknown),
            (clocks(&idle, &passed, &idle), unknown),
            (Clocks::default(), unknown),
        ] {
            assert_eq!(filled("{vence}", &clocks), expected);
        }
    }

    #[test]
    fn a_text_that_cannot_be_filled_in_is_refused() {
        let refused = |written: &str| {
            let mut errors = Vec::new();
            text(written).check("texts[0]", &mut errors);
            let errors = errors.into_iter();
            errors.map(|e| (e.code, e.detail)).collect::<Vec<_>>()
        };
        let known = "Se llenan {solicitante}, {ticket} y {vence}.";
        assert_eq!(refused("Hola, {solicitante} de {ticket} y {vence}."), []);
        for (written, unknown) in [
            ("Hola, {nombre}.", "{nombre}"),
            ("Hola, {Solicitante}.", "{Solicitante}"),
            ("Hola, {}.", "{}"),
            ("Hola, {ticket", "{ticket"),
        ] {
            let detail = format!("«{unknown}» no se puede llenar. {known}");
            assert_eq!(refused(written), [("unknown_placeholder", detail)]);
        }
        assert_eq!(refused(" \n ")[0].0, "required");
        assert_eq!(refused(&"a".repeat(MAX_TEXT_LENGTH + 1))[0].0, "too_long");
    }
}
