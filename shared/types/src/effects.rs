//! What an event owes: the work that a commit leaves in the outbox, in the same
//! transaction as the event, and that stays there until it is done.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::catalogue::Role;
use crate::ticket::{ActorRole, Event, EventKind, State, Ticket, Visibility};
use crate::token::Audience;

/// One piece of work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Effect {
    /// Find somebody of the team (activity 2).
    Assign,
    /// Send a mail.
    Mail(MailKind),
}

/// The mails that the product sends: one template and one audience each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum MailKind {
    /// To the requester: the request is registered, under this number.
    Registered,
    /// To the agent: a ticket is yours.
    Assigned,
    /// To the coordinators: nobody of the team is available.
    Unassigned,
    /// To the requester: somebody who works on it wrote.
    FollowUpToRequester,
    /// To the agent: the requester wrote.
    FollowUpToAgent,
    /// To the requester: it is solved, with the survey where it is asked for
    /// (activity 13).
    Solved,
    /// To the requester: it is out of scope.
    Declined,
    /// To the desk: the survey was answered (control C2).
    SurveyAnswered,
    /// To the requester: it is open again.
    ReopenedToRequester,
    /// To the agent: the solution did not hold.
    ReopenedToAgent,
    /// To the requester: it is closed (activity 15).
    Closed,
}

/// The queue whose consumer carries an effect out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum QueueName {
    Assignment,
    Notification,
    Closure,
}

impl Effect {
    /// Every effect.
    pub const ALL: [Effect; 12] = [
        Effect::Assign,
        Effect::Mail(MailKind::Registered),
        Effect::Mail(MailKind::Assigned),
        Effect::Mail(MailKind::Unassigned),
        Effect::Mail(MailKind::FollowUpToRequester),
        Effect::Mail(MailKind::FollowUpToAgent),
        Effect::Mail(MailKind::Solved),
        Effect::Mail(MailKind::Declined),
        Effect::Mail(MailKind::SurveyAnswered),
        Effect::Mail(MailKind::ReopenedToRequester),
        Effect::Mail(MailKind::ReopenedToAgent),
        Effect::Mail(MailKind::Closed),
    ];

    /// The effect in keys and messages.
    pub fn as_str(self) -> &'static str {
        match self {
            Effect::Assign => "assign",
            Effect::Mail(kind) => match kind {
                MailKind::Registered => "mail_registered",
                MailKind::Assigned => "mail_assigned",
                MailKind::Unassigned => "mail_unassigned",
                MailKind::FollowUpToRequester => "mail_follow_up_to_requester",
                MailKind::FollowUpToAgent => "mail_follow_up_to_agent",
                MailKind::Solved => "mail_solved",
                MailKind::Declined => "mail_declined",
                MailKind::SurveyAnswered => "mail_survey_answered",
                MailKind::ReopenedToRequester => "mail_reopened_to_requester",
                MailKind::ReopenedToAgent => "mail_reopened_to_agent",
                MailKind::Closed => "mail_closed",
            },
        }
    }

    /// The queue that it is rung on.
    pub fn queue(self) -> QueueName {
        match self {
            Effect::Assign => QueueName::Assignment,
            Effect::Mail(_) => QueueName::Notification,
        }
    }
}

impl MailKind {
    /// Whom the mail is written for.
    pub fn audience(self) -> Audience {
        match self {
            MailKind::Registered
            | MailKind::FollowUpToRequester
            | MailKind::Solved
            | MailKind::Declined
            | MailKind::ReopenedToRequester
            | MailKind::Closed => Audience::Requester,
            MailKind::Assigned
            | MailKind::Unassigned
            | MailKind::FollowUpToAgent
            | MailKind::SurveyAnswered
            | MailKind::ReopenedToAgent => Audience::Desk,
        }
    }
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A word that no effect has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no effect")]
pub struct UnknownEffect(String);

impl TryFrom<String> for Effect {
    type Error = UnknownEffect;

    fn try_from(text: String) -> Result<Self, UnknownEffect> {
        Effect::ALL
            .into_iter()
            .find(|e| e.as_str() == text)
            .ok_or(UnknownEffect(text))
    }
}

impl From<Effect> for String {
    fn from(effect: Effect) -> String {
        effect.as_str().to_owned()
    }
}

/// What an event owes; `ticket` is the ticket after it.
pub fn effects(event: &Event, ticket: &Ticket) -> Vec<Effect> {
    let by_requester = event.actor.role == ActorRole::Person(Role::Requester);
    let to_agent = |kind: MailKind| ticket.assignee.is_some().then_some(Effect::Mail(kind));
    match &event.kind {
        EventKind::Registered(_) => vec![Effect::Assign, Effect::Mail(MailKind::Registered)],
        EventKind::Assigned { .. } => vec![Effect::Mail(MailKind::Assigned)],
        EventKind::AssignmentDeferred {} => vec![Effect::Mail(MailKind::Unassigned)],
        EventKind::FollowedUp {
            visibility: Visibility::Public,
            ..
        } => {
            if by_requester {
                to_agent(MailKind::FollowUpToAgent).into_iter().collect()
            } else {
                vec![Effect::Mail(MailKind::FollowUpToRequester)]
            }
        }
        EventKind::Resolved { .. } => vec![Effect::Mail(MailKind::Solved)],
        EventKind::Declined { .. } => vec![Effect::Mail(MailKind::Declined)],
        // Control C2.
        EventKind::SurveyAnswered { .. } => vec![Effect::Mail(MailKind::SurveyAnswered)],
        EventKind::Reopened { .. } => {
            let mut owed = vec![Effect::Mail(MailKind::ReopenedToRequester)];
            owed.extend(to_agent(MailKind::ReopenedToAgent));
            if ticket.state == State::New {
                owed.push(Effect::Assign);
            }
            owed
        }
        EventKind::Closed { .. } => vec![Effect::Mail(MailKind::Closed)],
        EventKind::FollowedUp {
            visibility: Visibility::Internal,
            ..
        }
        | EventKind::Contacted { .. }
        | EventKind::AttachmentAdded { .. }
        | EventKind::FormatSaved { .. }
        | EventKind::Held { .. }
        | EventKind::Resumed { .. }
        | EventKind::Escalated { .. }
        | EventKind::Returned { .. }
        | EventKind::ProviderRequested { .. }
        | EventKind::ProviderReplied { .. }
        | EventKind::SolutionReported { .. }
        | EventKind::Recategorised { .. }
        | EventKind::Linked { .. } => vec![],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_unique_and_come_back() {
        for effect in Effect::ALL {
            assert_eq!(Effect::try_from(effect.as_str().to_owned()), Ok(effect));
        }
        assert!(Effect::try_from("mail_".to_owned()).is_err());
    }
}
