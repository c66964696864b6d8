//! What an event owes: the work that a commit leaves in the outbox, in the same
//! transaction as the event, and that stays there until it is done.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::catalogue::Role;
use crate::clock::Tells;
use crate::ticket::{
    ActorRole, Event, EventKind, HoldReason, Person, State, StepReached, Ticket, Visibility,
};
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
    /// To those who were copied: it is solved.
    SolvedToObservers,
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
    /// To the requester: it goes on once he has done or said something.
    Held,
    /// To the officer: a ticket was escalated to you (activity 7).
    Escalated,
    /// To the agent: the officer gave it back.
    Returned,
    /// To the outside provider: the officer asks for support (activity 10).
    ProviderRequested,
    /// To the desk: the officer's solution (activity 11).
    SolutionReported,
    /// To the officer: somebody else wrote.
    FollowUpToOfficer,
    /// To the agent: time runs out for what he is responsible for.
    StepToAgent,
    /// The same to the officer.
    StepToOfficer,
    /// To the coordinators: time has run out.
    StepToCoordinator,
    /// To the head of the Technology Office: time ran out long ago.
    StepToHead,
    /// To the requester: the validation time is half over.
    ValidationReminder,
    /// To the officer: the provider answered.
    ProviderReplied,
    /// To the desk: a mail of ours did not reach somebody.
    Undeliverable,
}

/// A queue, by the function that works it off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QueueName {
    Assignment,
    Escalation,
    Notification,
    /// Mails that time brings about: a thousand of them at once keep no other
    /// mail waiting.
    Reminder,
    Closure,
}

impl QueueName {
    /// Every queue.
    pub const ALL: [QueueName; 5] = [
        QueueName::Assignment,
        QueueName::Escalation,
        QueueName::Notification,
        QueueName::Reminder,
        QueueName::Closure,
    ];

    /// The queue in keys and messages.
    pub fn as_str(self) -> &'static str {
        match self {
            QueueName::Assignment => "assignment",
            QueueName::Escalation => "escalation",
            QueueName::Notification => "notification",
            QueueName::Reminder => "reminder",
            QueueName::Closure => "closure",
        }
    }

    /// The queue that `as_str` gives this word.
    pub fn parse(text: &str) -> Option<Self> {
        QueueName::ALL.into_iter().find(|q| q.as_str() == text)
    }
}

impl Effect {
    /// Every effect.
    pub const ALL: [Effect; 26] = [
        Effect::Assign,
        Effect::Mail(MailKind::Registered),
        Effect::Mail(MailKind::Assigned),
        Effect::Mail(MailKind::Unassigned),
        Effect::Mail(MailKind::FollowUpToRequester),
        Effect::Mail(MailKind::FollowUpToAgent),
        Effect::Mail(MailKind::Solved),
        Effect::Mail(MailKind::SolvedToObservers),
        Effect::Mail(MailKind::Declined),
        Effect::Mail(MailKind::SurveyAnswered),
        Effect::Mail(MailKind::ReopenedToRequester),
        Effect::Mail(MailKind::ReopenedToAgent),
        Effect::Mail(MailKind::Closed),
        Effect::Mail(MailKind::Held),
        Effect::Mail(MailKind::Escalated),
        Effect::Mail(MailKind::Returned),
        Effect::Mail(MailKind::ProviderRequested),
        Effect::Mail(MailKind::SolutionReported),
        Effect::Mail(MailKind::FollowUpToOfficer),
        Effect::Mail(MailKind::StepToAgent),
        Effect::Mail(MailKind::StepToOfficer),
        Effect::Mail(MailKind::StepToCoordinator),
        Effect::Mail(MailKind::StepToHead),
        Effect::Mail(MailKind::ValidationReminder),
        Effect::Mail(MailKind::ProviderReplied),
        Effect::Mail(MailKind::Undeliverable),
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
                MailKind::SolvedToObservers => "mail_solved_to_observers",
                MailKind::Declined => "mail_declined",
                MailKind::SurveyAnswered => "mail_survey_answered",
                MailKind::ReopenedToRequester => "mail_reopened_to_requester",
                MailKind::ReopenedToAgent => "mail_reopened_to_agent",
                MailKind::Closed => "mail_closed",
                MailKind::Held => "mail_held",
                MailKind::Escalated => "mail_escalated",
                MailKind::Returned => "mail_returned",
                MailKind::ProviderRequested => "mail_provider_requested",
                MailKind::SolutionReported => "mail_solution_reported",
                MailKind::FollowUpToOfficer => "mail_follow_up_to_officer",
                MailKind::StepToAgent => "mail_step_to_agent",
                MailKind::StepToOfficer => "mail_step_to_officer",
                MailKind::StepToCoordinator => "mail_step_to_coordinator",
                MailKind::StepToHead => "mail_step_to_head",
                MailKind::ValidationReminder => "mail_validation_reminder",
                MailKind::ProviderReplied => "mail_provider_replied",
                MailKind::Undeliverable => "mail_undeliverable",
            },
        }
    }

    /// The queue that it is rung on.
    pub fn queue(self) -> QueueName {
        match self {
            Effect::Assign => QueueName::Assignment,
            Effect::Mail(kind) => match kind {
                MailKind::StepToAgent
                | MailKind::StepToOfficer
                | MailKind::StepToCoordinator
                | MailKind::StepToHead
                | MailKind::ValidationReminder => QueueName::Reminder,
                MailKind::Registered
                | MailKind::Assigned
                | MailKind::Unassigned
                | MailKind::FollowUpToRequester
                | MailKind::FollowUpToAgent
                | MailKind::FollowUpToOfficer
                | MailKind::Solved
                | MailKind::SolvedToObservers
                | MailKind::Declined
                | MailKind::SurveyAnswered
                | MailKind::ReopenedToRequester
                | MailKind::ReopenedToAgent
                | MailKind::Closed
                | MailKind::Held
                | MailKind::Escalated
                | MailKind::Returned
                | MailKind::ProviderRequested
                | MailKind::ProviderReplied
                | MailKind::SolutionReported
                | MailKind::Undeliverable => QueueName::Notification,
            },
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
            | MailKind::SolvedToObservers
            | MailKind::Declined
            | MailKind::ReopenedToRequester
            | MailKind::Closed
            | MailKind::Held
            | MailKind::ValidationReminder => Audience::Requester,
            MailKind::Assigned
            | MailKind::Unassigned
            | MailKind::FollowUpToAgent
            | MailKind::SurveyAnswered
            | MailKind::ReopenedToAgent
            | MailKind::Returned
            | MailKind::SolutionReported
            | MailKind::StepToAgent
            | MailKind::StepToCoordinator
            | MailKind::Undeliverable => Audience::Desk,
            MailKind::Escalated
            | MailKind::FollowUpToOfficer
            | MailKind::StepToOfficer
            | MailKind::StepToHead
            | MailKind::ProviderReplied => Audience::Officer,
            MailKind::ProviderRequested => Audience::Provider,
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
    let to_agent = |kind: MailKind| ticket.assignee.is_some().then_some(Effect::Mail(kind));
    match &event.kind {
        EventKind::Registered(_) => vec![Effect::Assign, Effect::Mail(MailKind::Registered)],
        EventKind::Assigned { .. } => vec![Effect::Mail(MailKind::Assigned)],
        EventKind::AssignmentDeferred {} => vec![Effect::Mail(MailKind::Unassigned)],
        EventKind::FollowedUp { visibility, .. } => follow_up(*visibility, event, ticket),
        EventKind::Held { .. } => vec![Effect::Mail(MailKind::Held)],
        EventKind::Escalated { .. } => vec![Effect::Mail(MailKind::Escalated)],
        EventKind::Returned { .. } => to_agent(MailKind::Returned).into_iter().collect(),
        EventKind::ProviderRequested { .. } => vec![Effect::Mail(MailKind::ProviderRequested)],
        EventKind::SolutionReported { .. } => vec![Effect::Mail(MailKind::SolutionReported)],
        EventKind::Resolved { .. } => {
            let mut owed = vec![Effect::Mail(MailKind::Solved)];
            if !ticket.observers.is_empty() {
                owed.push(Effect::Mail(MailKind::SolvedToObservers));
            }
            owed
        }
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
        EventKind::AttentionWarned(step)
        | EventKind::AttentionBreached(step)
        | EventKind::AttentionOverrun(step)
        | EventKind::SolutionWarned(step)
        | EventKind::SolutionBreached(step)
        | EventKind::SolutionOverrun(step)
        | EventKind::ValidationReminded(step) => vec![Effect::Mail(told(step, ticket))],
        // Recorded by the officer himself: he knows.
        EventKind::ProviderReplied { .. } => match event.actor.role {
            ActorRole::Provider(_) => vec![Effect::Mail(MailKind::ProviderReplied)],
            ActorRole::Person(_) | ActorRole::System(_) => vec![],
        },
        EventKind::MailBounced { .. } => vec![Effect::Mail(MailKind::Undeliverable)],
        EventKind::Contacted { .. }
        | EventKind::AttachmentsAdded { .. }
        | EventKind::MailFiled { .. }
        | EventKind::FormatSaved { .. }
        | EventKind::Resumed { .. }
        | EventKind::Recategorised { .. }
        | EventKind::Linked { .. } => vec![],
    }
}

/// Whoever works on the ticket and did not write it himself is told; so is the
/// requester of what is public.
fn follow_up(visibility: Visibility, event: &Event, ticket: &Ticket) -> Vec<Effect> {
    let by_requester = event.actor.role == ActorRole::Person(Role::Requester);
    let by = |person: &Person| event.actor.email.as_ref() == Some(&person.email);
    let escalated = match ticket.state {
        State::OnHold(HoldReason::Technology | HoldReason::Provider) => true,
        State::New
        | State::Assigned
        | State::OnHold(HoldReason::Requester)
        | State::Solved
        | State::Closed => false,
    };
    let mut owed = Vec::new();
    if !by_requester && visibility == Visibility::Public {
        owed.push(Effect::Mail(MailKind::FollowUpToRequester));
    }
    // An agent's own team reads along without being written to.
    let by_officer = ticket.officer.as_ref().is_some_and(by);
    let by_provider = match event.actor.role {
        ActorRole::Provider(_) => true,
        ActorRole::Person(_) | ActorRole::System(_) => false,
    };
    let by_agent = ticket.assignee.as_ref().is_some_and(by);
    let concerns_agent = by_requester || by_officer || by_provider;
    if ticket.assignee.is_some() && concerns_agent && !by_agent {
        owed.push(Effect::Mail(MailKind::FollowUpToAgent));
    }
    if escalated && ticket.officer.is_some() && !by_officer {
        owed.push(Effect::Mail(MailKind::FollowUpToOfficer));
    }
    owed
}

/// The mail of a step. Where nobody is in charge yet, the coordinators are told
/// what the responsible would be.
fn told(step: &StepReached, ticket: &Ticket) -> MailKind {
    match (step.tells, &step.responsible) {
        (Tells::Responsible, Some(person)) if ticket.assignee.as_ref() == Some(person) => {
            MailKind::StepToAgent
        }
        (Tells::Responsible, Some(_)) => MailKind::StepToOfficer,
        (Tells::Responsible, None) | (Tells::Coordinator, _) => MailKind::StepToCoordinator,
        (Tells::Head, _) => MailKind::StepToHead,
        (Tells::Requester, _) => MailKind::ValidationReminder,
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
