//! Which agent gets the next ticket (activity 2).

use crate::ids::EmailAddress;
use crate::ticket::{Person, Ticket};

/// An agent who may get tickets, with what he has now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    pub agent: Person,
    /// Open tickets that he is responsible for.
    pub load: i64,
    /// When he last got one automatically, in milliseconds; 0 for never.
    pub last_assigned: i64,
}

/// The least loaded candidate; among equals, the one who has waited longest, and
/// then the first of the list.
pub fn choose(candidates: &[Candidate]) -> Option<&Candidate> {
    candidates.iter().min_by_key(|c| (c.load, c.last_assigned))
}

/// How a commit changes the loads of agents: whose falls and whose grows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LoadChange {
    pub less: Option<EmailAddress>,
    pub more: Option<EmailAddress>,
}

impl LoadChange {
    /// The change between two versions of a ticket; `before` is `None` for a
    /// registration.
    pub fn between(before: Option<&Ticket>, after: &Ticket) -> Self {
        let old = before.and_then(Ticket::loads);
        let new = after.loads();
        if old == new {
            LoadChange::default()
        } else {
            LoadChange {
                less: old.cloned(),
                more: new.cloned(),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(candidates: &[(&str, i64, i64)], expected: Option<&str>) {
        let candidates: Vec<_> = candidates
            .iter()
            .map(|(name, load, last_assigned)| Candidate {
                agent: Person {
                    email: EmailAddress::parse(&format!("{name}@uspec.gov.co")).unwrap(),
                    name: (*name).to_owned(),
                },
                load: *load,
                last_assigned: *last_assigned,
            })
            .collect();
        assert_eq!(choose(&candidates).map(|c| c.agent.name.as_str()), expected);
    }

    #[test]
    fn least_loaded_then_longest_waiting() {
        check(&[], None);
        check(&[("a", 2, 1), ("b", 1, 9), ("c", 3, 0)], Some("b"));
        check(&[("a", 1, 5), ("b", 1, 3), ("c", 1, 4)], Some("b"));
        check(&[("a", 0, 0), ("b", 0, 0)], Some("a"));
    }
}
