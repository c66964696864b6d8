//! Who is at a ticket: so that two people of the desk do not write the same answer
//! at once. It is told by signs, each of which says what somebody is doing there;
//! nobody has to take anything back who goes away without a word.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantArray};

use crate::command::CommandKind;
use crate::ids::EmailAddress;
use crate::permission::{Actor, Caller, authorise};
use crate::person::Person;
use crate::ticket::Ticket;

/// How long a sign holds.
pub const LASTS: SignedDuration = SignedDuration::from_secs(60);

/// What somebody does at a ticket.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr, VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Doing {
    /// Has it open.
    Viewing,
    /// Writes to the requester.
    Answering,
    /// Writes a note.
    Noting,
    /// Writes the solution.
    Solving,
    /// Is about to do something else.
    Acting,
}

impl Doing {
    /// What a word stands for.
    pub fn of(word: &str) -> Option<Self> {
        let mut all = Doing::VARIANTS.iter().copied();
        all.find(|doing| <&str>::from(*doing) == word)
    }
}

/// That somebody was there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sign {
    pub person: Person,
    pub doing: Doing,
    pub at: Timestamp,
}

impl Sign {
    /// When nobody goes by it any more.
    pub fn ends_at(&self) -> Timestamp {
        self.at + LASTS
    }
}

/// Whether others are told that a caller is at a ticket: those are who may write
/// among the people that work on it. A requester is not, on his own ticket, whatever
/// else he is here; nor is whoever only checks on it.
pub fn counts(caller: &Caller, ticket: &Ticket) -> bool {
    let own = ticket.is_of(&caller.email);
    let actor = Actor::Person(caller.clone());
    !own && authorise(CommandKind::FollowUpInternally, &actor, ticket).is_ok()
}

/// The others that are there now: who writes comes before who reads, and who gave
/// the latest sign before the rest.
pub fn others(signs: Vec<Sign>, me: &EmailAddress, now: Timestamp) -> Vec<Sign> {
    let mut others: Vec<_> = signs
        .into_iter()
        .filter(|sign| sign.person.email != *me && now < sign.ends_at())
        .collect();
    others.sort_by_key(|sign| (sign.doing == Doing::Viewing, now.duration_since(sign.at)));
    others
}

#[cfg(test)]
mod tests {
    use super::*;

    fn email(name: &str) -> EmailAddress {
        EmailAddress::parse(&format!("{name}@uspec.gov.co")).unwrap()
    }

    #[test]
    fn whoever_gives_no_sign_for_a_minute_is_gone() {
        let now: Timestamp = "2026-11-26T15:00:00Z".parse().unwrap();
        let sign = |name: &str, doing, ago| Sign {
            person: Person {
                email: email(name),
                name: name.to_owned(),
            },
            doing,
            at: now - SignedDuration::from_millis(ago),
        };
        let signs = vec![
            sign("lee", Doing::Viewing, 1_000),
            sign("yo", Doing::Answering, 0),
            sign("se-fue", Doing::Answering, 60_000),
            sign("sigue", Doing::Noting, 59_999),
            sign("responde", Doing::Answering, 8_000),
        ];
        let there = others(signs, &email("yo"), now).into_iter();
        let there: Vec<_> = there.map(|sign| sign.person.name).collect();
        assert_eq!(there, ["responde", "sigue", "lee"]);
    }

    #[test]
    fn words_come_back() {
        for doing in Doing::VARIANTS {
            assert_eq!(Doing::of(doing.into()), Some(*doing));
        }
        assert_eq!(Doing::of("gone"), None);
    }
}
