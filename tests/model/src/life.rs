//! A ticket's life as far as the model follows it. A test holds both tables
//! against `types::command::decide`, `types::ticket::apply` and
//! `types::effects::effects`.

use types::effects::{Effect, MailKind};
use types::ticket::State;

/// The events that the model knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    Registered,
    Assigned,
    /// An internal note of the agent: it changes no state and owes nothing.
    FollowedUp,
    Resolved,
    Reopened,
    Closed,
    /// Whoever had it is not there.
    Released,
}

impl Kind {
    /// Every event.
    pub const ALL: [Kind; 7] = [
        Kind::Registered,
        Kind::Assigned,
        Kind::FollowedUp,
        Kind::Resolved,
        Kind::Reopened,
        Kind::Closed,
        Kind::Released,
    ];

    /// The state after this event; `None` where the rules forbid it.
    pub fn after(self, before: Option<State>) -> Option<State> {
        use State::{Assigned, Closed, New, OnHold, Solved};
        match self {
            Kind::Registered => match before {
                None => Some(New),
                Some(New | Assigned | OnHold(_) | Solved | Closed) => None,
            },
            Kind::Assigned => match before {
                Some(New) => Some(Assigned),
                None | Some(Assigned | OnHold(_) | Solved | Closed) => None,
            },
            Kind::FollowedUp => match before {
                Some(New | Assigned | OnHold(_) | Solved) => before,
                None | Some(Closed) => None,
            },
            Kind::Resolved => match before {
                Some(Assigned) => Some(Solved),
                None | Some(New | OnHold(_) | Solved | Closed) => None,
            },
            Kind::Reopened => match before {
                Some(Solved) => Some(Assigned),
                None | Some(New | Assigned | OnHold(_) | Closed) => None,
            },
            // Whether the deadline has passed is asked before.
            Kind::Closed => match before {
                Some(Solved) => Some(Closed),
                None | Some(New | Assigned | OnHold(_) | Closed) => None,
            },
            // Whether he is there is asked before.
            Kind::Released => match before {
                Some(Assigned) => Some(New),
                None | Some(New | OnHold(_) | Solved | Closed) => None,
            },
        }
    }

    /// What this event owes: an outbox row for each.
    pub fn owes(self) -> &'static [Effect] {
        match self {
            Kind::Registered => &[Effect::Assign, Effect::Mail(MailKind::Registered)],
            Kind::Assigned => &[Effect::Mail(MailKind::Assigned)],
            Kind::FollowedUp => &[],
            Kind::Resolved => &[Effect::Mail(MailKind::Solved)],
            Kind::Reopened => &[
                Effect::Mail(MailKind::ReopenedToRequester),
                Effect::Mail(MailKind::ReopenedToAgent),
            ],
            Kind::Closed => &[Effect::Mail(MailKind::Closed)],
            Kind::Released => &[
                Effect::Assign,
                Effect::Mail(MailKind::Released),
                Effect::Mail(MailKind::ReleasedToCoordinator),
            ],
        }
    }
}
