//! What an event owes: the work that a commit leaves in the outbox, in the same
//! transaction as the event, and that stays there until it is done.

use std::fmt;

use serde::{Deserialize, Serialize};
use strum::{EnumDiscriminants, VariantArray};

use crate::catalogue::Role;
use crate::clock::{ClockKind, Tells};
use crate::format::turn::{Party, awaited_since, parties};
pub use crate::queue::QueueName;
use crate::ticket::{
    ActorRole, Event, EventKind, HoldReason, Person, ReleaseReason, State, StepReached, Ticket,
    Visibility,
};
use crate::token::Audience;

/// One piece of work.
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
    EnumDiscriminants,
)]
#[serde(try_from = "String", into = "String")]
#[strum_discriminants(name(EffectKind), derive(VariantArray), vis(pub(self)))]
pub enum Effect {
    /// Find somebody of the team (activity 2).
    Assign,
    /// Send a mail.
    Mail(MailKind),
}

/// The mails that the product sends: one template and one audience each. A new one
/// is a variant here, its line in [`MailKind::line`], an event that owes it in
/// [`effects`], and a letter of the notifier's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, VariantArray)]
pub enum MailKind {
    /// To the requester: the request is registered, under this number.
    Registered,
    /// To those who were copied: whose request it is, and what they will hear of it.
    RegisteredToObservers,
    /// To the mailboxes of the other teams that the request was written to: whose it is.
    RegisteredToOtherTeams,
    /// To the agent: a ticket is yours.
    Assigned,
    /// To whoever had it: somebody else is responsible now.
    Reassigned,
    /// To the coordinators: nobody of the team is available.
    Unassigned,
    /// To whoever had it: it was given to somebody else.
    Released,
    /// To the coordinators: whoever had it is not there.
    ReleasedToCoordinator,
    /// To the coordinators: the officer who has it is not there.
    OfficerAbsent,
    /// The same to the head of the Technology Office.
    OfficerAbsentToHead,
    /// To the coordinators: it was rejected again and again.
    ReopenedToCoordinator,
    /// To the requester: it waits for his answer.
    WaitingReminder,
    /// To the requester: somebody else wrote.
    FollowUpToRequester,
    /// To those who were copied: somebody wrote for everybody.
    FollowUpToObservers,
    /// To the agent: somebody else wrote.
    FollowUpToAgent,
    /// To the agent: somebody else of the desk did something with his ticket.
    ChangedToAgent,
    /// To the requester: it is solved, with the survey where it is asked for
    /// (activity 13).
    Solved,
    /// To those who were copied: it is solved, or out of scope.
    SolvedToObservers,
    /// To the requester: it is out of scope.
    Declined,
    /// To the requester: it was passed on to whoever answers it.
    Forwarded,
    /// To whoever answers it: a petition that is his.
    ForwardedToAddressee,
    /// To the desk: the survey was answered (control C2).
    SurveyAnswered,
    /// To the requester: it is open again.
    ReopenedToRequester,
    /// To the agent: the solution did not hold.
    ReopenedToAgent,
    /// To the requester: it is closed (activity 15).
    Closed,
    /// To those who were copied: it is closed.
    ClosedToObservers,
    /// To the requester: it goes on once he has done or said something.
    Held,
    /// To the officer: a ticket was escalated to you (activity 7).
    Escalated,
    /// To the officer who had it: another officer has it now.
    EscalatedElsewhere,
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
    /// To the agent: somebody else answered a mail of this ticket.
    AnsweredByAnother,
    /// To the coordinators: the requester does not agree that it was declined.
    DeclineObjectedTo,
    /// To the requester: the desk says that the request is his.
    RequestIsYours,
    /// To whoever was taken for the requester: it is somebody else's.
    RequestIsAnothers,
    /// To those whose turn it is: a section of a format waits for them (section 5.1).
    SectionAwaits,
    /// To the agent: a section of a format was signed.
    SectionSignedToAgent,
}

/// What is fixed of a kind of mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MailLine {
    /// The mail in keys, messages and records; it never changes.
    pub word: &'static str,
    /// Whom it is written for.
    pub audience: Audience,
    /// Whom it goes to.
    pub to: Recipients,
    /// The queue that it is rung on.
    pub queue: QueueName,
}

/// Whom a mail goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recipients {
    /// The requester alone.
    Requester,
    /// Those who were copied.
    Observers,
    /// The mailboxes of the other teams that it was written to.
    OtherTeams,
    /// The agent that the event made responsible, whoever is so now.
    NewAgent,
    /// The agent whom the event relieved.
    FormerAgent,
    /// The agent who is responsible.
    Agent,
    /// The officer that the event escalated to, whoever has it now.
    NewOfficer,
    /// The officer whom the event relieved.
    FormerOfficer,
    /// The officer who has it.
    Officer,
    /// The provider that the event asks.
    Provider,
    /// Whoever was in charge when the step of a clock was reached.
    InCharge,
    /// The coordinators of the team.
    Coordinators,
    /// The heads of the Technology Office; where there is none, the coordinators.
    Heads,
    /// The agent who is responsible, and the team's mailbox.
    Desk,
    /// Whoever was the requester until the event.
    FormerRequester,
    /// Those whose turn it is to sign a format.
    Signers,
    /// Whom the event passed it on to.
    Addressee,
}

impl MailKind {
    /// What is fixed of it.
    pub const fn line(self) -> MailLine {
        use MailKind as M;
        use QueueName::{Notification, Reminder};
        use Recipients as To;
        const fn line(
            word: &'static str,
            audience: Audience,
            to: Recipients,
            queue: QueueName,
        ) -> MailLine {
            MailLine {
                word,
                audience,
                to,
                queue,
            }
        }
        const REQUESTER: Audience = Audience::Requester;
        const DESK: Audience = Audience::Desk;
        const OFFICER: Audience = Audience::Officer;
        const PROVIDER: Audience = Audience::Provider;
        match self {
            M::Registered => line("mail_registered", REQUESTER, To::Requester, Notification),
            M::RegisteredToObservers => line(
                "mail_registered_to_observers",
                REQUESTER,
                To::Observers,
                Notification,
            ),
            M::RegisteredToOtherTeams => line(
                "mail_registered_to_other_teams",
                DESK,
                To::OtherTeams,
                Notification,
            ),
            M::Assigned => line("mail_assigned", DESK, To::NewAgent, Notification),
            M::Reassigned => line("mail_reassigned", DESK, To::FormerAgent, Notification),
            M::Released => line("mail_released", DESK, To::FormerAgent, Notification),
            M::ReleasedToCoordinator => line(
                "mail_released_to_coordinator",
                DESK,
                To::Coordinators,
                Notification,
            ),
            M::OfficerAbsent => line("mail_officer_absent", DESK, To::Coordinators, Notification),
            M::OfficerAbsentToHead => line(
                "mail_officer_absent_to_head",
                OFFICER,
                To::Heads,
                Notification,
            ),
            M::ReopenedToCoordinator => line(
                "mail_reopened_to_coordinator",
                DESK,
                To::Coordinators,
                Notification,
            ),
            M::WaitingReminder => line("mail_waiting_reminder", REQUESTER, To::Requester, Reminder),
            M::Unassigned => line("mail_unassigned", DESK, To::Coordinators, Notification),
            M::FollowUpToRequester => line(
                "mail_follow_up_to_requester",
                REQUESTER,
                To::Requester,
                Notification,
            ),
            M::FollowUpToObservers => line(
                "mail_follow_up_to_observers",
                REQUESTER,
                To::Observers,
                Notification,
            ),
            M::FollowUpToAgent => line("mail_follow_up_to_agent", DESK, To::Agent, Notification),
            M::ChangedToAgent => line("mail_changed_to_agent", DESK, To::Agent, Notification),
            // The survey's link is the requester's alone.
            M::Solved => line("mail_solved", REQUESTER, To::Requester, Notification),
            M::SolvedToObservers => line(
                "mail_solved_to_observers",
                REQUESTER,
                To::Observers,
                Notification,
            ),
            M::Declined => line("mail_declined", REQUESTER, To::Requester, Notification),
            M::Forwarded => line("mail_forwarded", REQUESTER, To::Requester, Notification),
            M::ForwardedToAddressee => line(
                "mail_forwarded_to_addressee",
                PROVIDER,
                To::Addressee,
                Notification,
            ),
            // Control C2 and activity 11: the desk is told, in its mailbox; and whoever
            // goes on with it.
            M::SurveyAnswered => line("mail_survey_answered", DESK, To::Desk, Notification),
            M::ReopenedToRequester => line(
                "mail_reopened_to_requester",
                REQUESTER,
                To::Requester,
                Notification,
            ),
            M::ReopenedToAgent => line("mail_reopened_to_agent", DESK, To::Agent, Notification),
            M::Closed => line("mail_closed", REQUESTER, To::Requester, Notification),
            M::ClosedToObservers => line(
                "mail_closed_to_observers",
                REQUESTER,
                To::Observers,
                Notification,
            ),
            // What is asked of the requester is nobody else's to answer.
            M::Held => line("mail_held", REQUESTER, To::Requester, Notification),
            M::Escalated => line("mail_escalated", OFFICER, To::NewOfficer, Notification),
            M::EscalatedElsewhere => line(
                "mail_escalated_elsewhere",
                OFFICER,
                To::FormerOfficer,
                Notification,
            ),
            M::Returned => line("mail_returned", DESK, To::Agent, Notification),
            M::ProviderRequested => line(
                "mail_provider_requested",
                PROVIDER,
                To::Provider,
                Notification,
            ),
            M::SolutionReported => line("mail_solution_reported", DESK, To::Desk, Notification),
            M::FollowUpToOfficer => line(
                "mail_follow_up_to_officer",
                OFFICER,
                To::Officer,
                Notification,
            ),
            M::StepToAgent => line("mail_step_to_agent", DESK, To::InCharge, Reminder),
            M::StepToOfficer => line("mail_step_to_officer", OFFICER, To::InCharge, Reminder),
            M::StepToCoordinator => {
                line("mail_step_to_coordinator", DESK, To::Coordinators, Reminder)
            }
            M::StepToHead => line("mail_step_to_head", OFFICER, To::Heads, Reminder),
            M::ValidationReminder => line(
                "mail_validation_reminder",
                REQUESTER,
                To::Requester,
                Reminder,
            ),
            M::ProviderReplied => line("mail_provider_replied", OFFICER, To::Officer, Notification),
            M::Undeliverable => line("mail_undeliverable", DESK, To::Desk, Notification),
            M::DeclineObjectedTo => line(
                "mail_decline_objected_to",
                DESK,
                To::Coordinators,
                Notification,
            ),
            M::RequestIsYours => line(
                "mail_request_is_yours",
                REQUESTER,
                To::Requester,
                Notification,
            ),
            M::RequestIsAnothers => line(
                "mail_request_is_anothers",
                REQUESTER,
                To::FormerRequester,
                Notification,
            ),
            M::SectionAwaits => line("mail_section_awaits", DESK, To::Signers, Notification),
            M::SectionSignedToAgent => line(
                "mail_section_signed_to_agent",
                DESK,
                To::Agent,
                Notification,
            ),
            M::AnsweredByAnother => line("mail_answered_by_another", DESK, To::Agent, Notification),
        }
    }

    /// Whom the mail is written for.
    pub const fn audience(self) -> Audience {
        self.line().audience
    }
}

impl Effect {
    /// Every effect.
    pub fn all() -> impl Iterator<Item = Effect> {
        let kinds = EffectKind::VARIANTS.iter();
        kinds.flat_map(|kind| match kind {
            EffectKind::Assign => vec![Effect::Assign],
            EffectKind::Mail => MailKind::VARIANTS
                .iter()
                .copied()
                .map(Effect::Mail)
                .collect(),
        })
    }

    /// The effect in keys and messages.
    pub const fn as_str(self) -> &'static str {
        match self {
            Effect::Assign => "assign",
            Effect::Mail(kind) => kind.line().word,
        }
    }

    /// The queue that it is rung on.
    pub const fn queue(self) -> QueueName {
        match self {
            Effect::Assign => QueueName::Assignment,
            Effect::Mail(kind) => kind.line().queue,
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
        Effect::all()
            .find(|effect| effect.as_str() == text)
            .ok_or(UnknownEffect(text))
    }
}

impl From<Effect> for String {
    fn from(effect: Effect) -> String {
        effect.as_str().to_owned()
    }
}

/// Rejections from which on the coordinators look after it themselves.
const MANY_REJECTIONS: u32 = 3;

/// What an event owes; `ticket` is the ticket after it. One event is one mail to each
/// who is told of it, and none to whoever brought it about: the table that this comes to
/// is a snapshot (`who_is_told`). What the requester's own act leads to (a number, whoever
/// takes it up again, the end) is no echo of it, and told.
pub fn effects(event: &Event, ticket: &Ticket) -> Vec<Effect> {
    use MailKind as M;
    let to_agent = |kind: MailKind| ticket.assignee.is_some().then_some(Effect::Mail(kind));
    let with_observers = |kind: MailKind, to_observers: MailKind| {
        let observed = observers(event, ticket).next().is_some();
        let observed = observed.then_some(Effect::Mail(to_observers));
        [Effect::Mail(kind)].into_iter().chain(observed)
    };
    match &event.kind {
        EventKind::Registered(registration) => {
            let mut owed = vec![Effect::Assign];
            owed.extend(with_observers(M::Registered, M::RegisteredToObservers));
            owed.extend(to_signers(event, ticket));
            if !registration.request.other_teams.is_empty() {
                owed.push(Effect::Mail(M::RegisteredToOtherTeams));
            }
            owed
        }
        // Nobody is written to about what he did himself.
        EventKind::RequesterChanged { requester, from } => {
            let by = event.actor.email.as_ref();
            let told = [
                (requester, MailKind::RequestIsYours),
                (from, MailKind::RequestIsAnothers),
            ];
            let told = told.into_iter().filter(|(who, _)| by != Some(&who.email));
            told.map(|(_, kind)| Effect::Mail(kind)).collect()
        }
        EventKind::Assigned { agent, from, .. } => {
            let mut owed = Vec::new();
            if !is_by(event, agent) {
                owed.push(Effect::Mail(M::Assigned));
            }
            if from.as_ref().is_some_and(|from| !is_by(event, from)) {
                owed.push(Effect::Mail(M::Reassigned));
            }
            owed
        }
        EventKind::AssignmentDeferred {} => vec![Effect::Mail(M::Unassigned)],
        EventKind::Released { from, why } => {
            let mut owed = vec![Effect::Assign];
            if !is_by(event, from) {
                owed.push(Effect::Mail(M::Released));
            }
            match why {
                ReleaseReason::Away | ReleaseReason::Left => {
                    owed.push(Effect::Mail(M::ReleasedToCoordinator));
                }
                // Whoever moved it knows, and its new agent is told.
                ReleaseReason::OtherTeam => {}
            }
            owed
        }
        EventKind::OfficerAbsent { .. } => vec![
            Effect::Mail(M::OfficerAbsent),
            Effect::Mail(M::OfficerAbsentToHead),
        ],
        EventKind::FollowedUp { visibility, .. } => follow_up(*visibility, event, ticket),
        EventKind::Held { .. } => {
            let mut owed = vec![Effect::Mail(M::Held)];
            owed.extend(changed(event, ticket));
            owed
        }
        EventKind::Escalated { from, .. } => {
            let mut owed = vec![Effect::Mail(M::Escalated)];
            if from.as_ref().is_some_and(|from| !is_by(event, from)) {
                owed.push(Effect::Mail(M::EscalatedElsewhere));
            }
            owed.extend(changed(event, ticket));
            owed
        }
        EventKind::Returned { .. } => to_agent(M::Returned).into_iter().collect(),
        EventKind::ProviderRequested { .. } => vec![Effect::Mail(M::ProviderRequested)],
        EventKind::SolutionReported { .. } => vec![Effect::Mail(M::SolutionReported)],
        EventKind::Resolved { .. } => {
            let mut owed: Vec<_> = with_observers(M::Solved, M::SolvedToObservers).collect();
            owed.extend(changed(event, ticket));
            owed
        }
        EventKind::Declined { .. } => {
            let mut owed: Vec<_> = with_observers(M::Declined, M::SolvedToObservers).collect();
            owed.extend(changed(event, ticket));
            owed
        }
        // Ley 1437 de 2011, art. 21: it is sent on, and whoever made it gets a copy.
        EventKind::Forwarded { .. } => {
            let mut owed = vec![Effect::Mail(M::ForwardedToAddressee)];
            owed.extend(with_observers(M::Forwarded, M::SolvedToObservers));
            owed.extend(changed(event, ticket));
            owed
        }
        // Control C2. That it is open again stands in it.
        EventKind::SurveyAnswered { .. } => vec![Effect::Mail(M::SurveyAnswered)],
        EventKind::Reopened { objects_to, .. } => {
            let mut owed = vec![Effect::Mail(M::ReopenedToRequester)];
            if !follows_survey(event, ticket) {
                owed.extend(to_agent(M::ReopenedToAgent));
            }
            // Where it was taken off somebody, that owes it already.
            if ticket.assignee.is_none() && ticket.former.is_none() {
                owed.push(Effect::Assign);
            }
            // Whether it is within the scope is not for the agent alone to say.
            if objects_to.is_some() {
                owed.push(Effect::Mail(M::DeclineObjectedTo));
            } else if ticket.reopened >= MANY_REJECTIONS {
                owed.push(Effect::Mail(MailKind::ReopenedToCoordinator));
            }
            owed
        }
        EventKind::Closed { .. } => {
            let mut owed: Vec<_> = with_observers(M::Closed, M::ClosedToObservers).collect();
            owed.extend(changed(event, ticket));
            owed
        }
        EventKind::AttentionWarned(step)
        | EventKind::AttentionBreached(step)
        | EventKind::AttentionOverrun(step)
        | EventKind::SolutionWarned(step)
        | EventKind::SolutionBreached(step)
        | EventKind::SolutionOverrun(step)
        | EventKind::WaitingReminded(step)
        | EventKind::ProviderOverdue(step)
        | EventKind::ValidationReminded(step)
        | EventKind::CsirtReportDue(step)
        | EventKind::SicReportDue(step)
        | EventKind::ForwardingDue(step) => told(event, step, ticket)
            .into_iter()
            .map(Effect::Mail)
            .collect(),
        // Recorded by the officer himself: he knows.
        EventKind::ProviderReplied { .. } => match event.actor.role {
            ActorRole::Provider(_) => vec![Effect::Mail(M::ProviderReplied)],
            ActorRole::Person(_) | ActorRole::System(_) => vec![],
        },
        EventKind::MailBounced { .. } => vec![Effect::Mail(M::Undeliverable)],
        // Two people are not to work on one matter unknowingly.
        EventKind::Linked { link } => match link.visibility {
            Visibility::Internal => to_agent(M::AnsweredByAnother).into_iter().collect(),
            Visibility::Public => vec![],
        },
        EventKind::Contacted { .. }
        | EventKind::Resumed { .. }
        | EventKind::IncidentDescribed { .. }
        | EventKind::AuthorityReported { .. }
        | EventKind::PetitionMarked { .. }
        | EventKind::PetitionUnmarked { .. } => changed(event, ticket).into_iter().collect(),
        EventKind::Recategorised { .. } | EventKind::SectionReopened { .. } => {
            to_signers(event, ticket).into_iter().collect()
        }
        // The desk hears how far it has come, unless it is its turn.
        EventKind::SectionSigned { .. } => {
            let agent = ticket
                .assignee
                .as_ref()
                .filter(|agent| !is_by(event, agent));
            let signs =
                |agent: &&Person| parties(ticket).contains(&Party::Person(agent.email.clone()));
            let hears = agent.filter(|agent| !signs(agent));
            let to_agent = hears.map(|_| Effect::Mail(M::SectionSignedToAgent));
            to_signers(event, ticket)
                .into_iter()
                .chain(to_agent)
                .collect()
        }
        EventKind::AttachmentsAdded { .. }
        | EventKind::MailFiled { .. }
        | EventKind::FormatSaved { .. }
        | EventKind::SectionDrafted { .. }
        | EventKind::HoursChanged { .. }
        | EventKind::ObserverRemoved { .. }
        | EventKind::LinkRevoked {} => vec![],
    }
}

/// Those whose turn it is to fill in and sign a format, unless that is whoever brought it
/// about himself.
fn to_signers(event: &Event, ticket: &Ticket) -> Option<Effect> {
    let others = |party: &Party| match party {
        Party::Office(_) => true,
        Party::Person(email) => event.actor.email.as_ref() != Some(email),
    };
    let awaited = awaited_since(&event.kind, ticket);
    let told = awaited
        .iter()
        .flat_map(|awaited| &awaited.parties)
        .any(others);
    told.then_some(Effect::Mail(MailKind::SectionAwaits))
}

/// Whether somebody brought the event about himself.
pub fn is_by(event: &Event, person: &Person) -> bool {
    event.actor.email.as_ref() == Some(&person.email)
}

/// Those who were copied and are told of the event as such: whoever asks or works on it
/// is told of it as who he is.
pub fn observers<'a>(event: &'a Event, ticket: &'a Ticket) -> impl Iterator<Item = &'a Person> {
    let Ticket {
        request,
        assignee,
        officer,
        ..
    } = ticket;
    let told = [
        Some(&request.requester.person),
        assignee.as_ref(),
        officer.as_ref(),
    ];
    request.observers.iter().filter(move |person| {
        let mut told = told.iter().flatten();
        // What its group alone sees nobody reads along.
        !ticket.policy.restricted
            && !is_by(event, person)
            && told.all(|other| other.email != person.email)
    })
}

/// Whoever is responsible hears of what a colleague or the coordinator did with it.
fn changed(event: &Event, ticket: &Ticket) -> Option<Effect> {
    let by_colleague = match event.actor.role {
        ActorRole::Person(Role::Agent | Role::Coordinator) => true,
        ActorRole::Person(
            Role::Requester
            | Role::Officer
            | Role::Head
            | Role::Personnel
            | Role::Contracting
            | Role::Administrative
            | Role::Auditor,
        )
        | ActorRole::System(_)
        | ActorRole::Provider(_) => false,
    };
    let agent = ticket.assignee.as_ref()?;
    (by_colleague && !is_by(event, agent)).then_some(Effect::Mail(MailKind::ChangedToAgent))
}

/// Whether it is open again because of a survey, which told the desk already.
fn follows_survey(event: &Event, ticket: &Ticket) -> bool {
    let survey = ticket.survey.as_ref();
    survey.is_some_and(|survey| !survey.solved && survey.answered_at == event.at)
}

/// Whether a note answers what the requester was asked: that is between him and who
/// asked. His answer ends the wait in the same moment.
fn answers_question(event: &Event, ticket: &Ticket) -> bool {
    let resumed = || ticket.clocks.solution.running_since() == Some(event.at);
    let asked = match ticket.state {
        State::OnHold(HoldReason::Requester) => true,
        State::Assigned => resumed(),
        State::New
        | State::OnHold(HoldReason::Technology | HoldReason::Provider)
        | State::Solved
        | State::Closed => false,
    };
    asked && is_by(event, &ticket.request.requester.person)
}

/// Whoever works on the ticket, asked for it or was copied is told of a note that he did
/// not write himself, as far as he may read it.
fn follow_up(visibility: Visibility, event: &Event, ticket: &Ticket) -> Vec<Effect> {
    let others = |person: &&Person| !is_by(event, person);
    let escalated = match ticket.state {
        State::OnHold(HoldReason::Technology | HoldReason::Provider) => true,
        State::New
        | State::Assigned
        | State::OnHold(HoldReason::Requester)
        | State::Solved
        | State::Closed => false,
    };
    let agent = ticket.assignee.as_ref().filter(others);
    let officer = ticket.officer.as_ref().filter(|_| escalated);
    let officer = officer.filter(others);
    let (asks, mut owed) = (&ticket.request.requester.person, Vec::new());
    if visibility == Visibility::Public {
        if others(&asks) {
            owed.push(Effect::Mail(MailKind::FollowUpToRequester));
        }
        if observers(event, ticket).next().is_some() && !answers_question(event, ticket) {
            owed.push(Effect::Mail(MailKind::FollowUpToObservers));
        }
    }
    if agent.is_some() {
        owed.push(Effect::Mail(MailKind::FollowUpToAgent));
    }
    if officer.is_some() {
        owed.push(Effect::Mail(MailKind::FollowUpToOfficer));
    }
    owed
}

/// The mail of a step. Where nobody is in charge yet, the coordinators are told
/// what the responsible would be.
fn told(event: &Event, step: &StepReached, ticket: &Ticket) -> Option<MailKind> {
    let kind = event.kind.step().map(|(clock, _)| clock);
    match (step.tells, &step.responsible) {
        (Tells::Responsible, Some(person)) if ticket.officer.as_ref() != Some(person) => {
            Some(MailKind::StepToAgent)
        }
        (Tells::Responsible, Some(_)) => Some(MailKind::StepToOfficer),
        (Tells::Responsible, None) | (Tells::Coordinator, _) => Some(MailKind::StepToCoordinator),
        (Tells::Head, _) => Some(MailKind::StepToHead),
        (Tells::Requester, _) => match kind? {
            ClockKind::Waiting => Some(MailKind::WaitingReminder),
            ClockKind::Validation => Some(MailKind::ValidationReminder),
            // The catalogue has no such steps.
            ClockKind::Attention
            | ClockKind::Solution
            | ClockKind::Provider
            | ClockKind::CsirtReport
            | ClockKind::SicReport
            | ClockKind::Forwarding => None,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_unique_and_come_back() {
        for effect in Effect::all() {
            assert_eq!(Effect::try_from(effect.as_str().to_owned()), Ok(effect));
        }
        assert!(Effect::try_from("mail_".to_owned()).is_err());
    }
}
