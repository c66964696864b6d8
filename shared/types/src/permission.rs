//! Who may do what: the one place that HTTP, mail and queue commands ask.

use std::collections::BTreeSet;

use crate::catalogue::{Catalogue, Role};
use crate::command::CommandKind;
use crate::ids::{EmailAddress, ProviderId, TeamId};
use crate::ticket::{ActorRole, EventActor, ProviderRole, SystemRole, Ticket};

/// Somebody whose identity is verified, with the roles that the directory gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    pub email: EmailAddress,
    pub name: String,
    pub roles: BTreeSet<Role>,
    pub teams: BTreeSet<TeamId>,
}

impl Caller {
    /// Looks a verified address up in the directory. An address of the entity's
    /// domains is a requester besides; any other address that the directory
    /// does not know has no role at all.
    pub fn identify(
        email: EmailAddress,
        claimed_name: Option<String>,
        catalogue: &Catalogue,
        entity_domains: &[String],
    ) -> Self {
        let entry = catalogue.person(&email);
        let mut roles = entry.map(|e| e.roles.clone()).unwrap_or_default();
        if entry.is_some() || entity_domains.iter().any(|d| d == email.domain()) {
            roles.insert(Role::Requester);
        }
        Caller {
            name: entry
                .map(|e| e.name.clone())
                .or(claimed_name)
                .unwrap_or_else(|| email.as_str().to_owned()),
            teams: entry.map(|e| e.teams.clone()).unwrap_or_default(),
            roles,
            email,
        }
    }

    /// Whether the caller has a role.
    pub fn is(&self, role: Role) -> bool {
        self.roles.contains(&role)
    }

    /// Whether the caller works the desk: an agent or a coordinator.
    pub fn is_desk(&self) -> bool {
        self.is(Role::Agent) || self.is(Role::Coordinator)
    }
}

/// Who gives a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor {
    /// The product itself: a queue's consumer or the sweep.
    System,
    /// Somebody who signed in.
    Person(Caller),
    /// Whoever holds the survey's link, which was mailed to the requester alone.
    SurveyHolder,
    /// An outside provider who answered by mail, from his own address and with
    /// the ticket's reply token.
    Provider { id: ProviderId, email: EmailAddress },
}

/// Why a command is refused to an actor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denial {
    /// He may not even know that the ticket exists.
    Hidden,
    /// He may see it, and not do this.
    Forbidden,
}

/// Whether a person may read a ticket.
pub fn may_read(caller: &Caller, ticket: &Ticket) -> bool {
    Role::ALL
        .into_iter()
        .any(|role| caller.is(role) && reads(role, caller, ticket))
}

/// Whether the caller reads the ticket as one of those who work on it. Someone
/// who reads it just as its requester does not get what is internal.
pub fn reads_internal(caller: &Caller, ticket: &Ticket) -> bool {
    Role::ALL
        .into_iter()
        .any(|role| role != Role::Requester && caller.is(role) && reads(role, caller, ticket))
}

fn reads(role: Role, caller: &Caller, ticket: &Ticket) -> bool {
    match role {
        Role::Requester => {
            ticket.requester.person.email == caller.email
                || ticket.observers.iter().any(|o| o.email == caller.email)
        }
        // A ticket that went to another team's category stays with whoever is
        // responsible until somebody of that team is.
        Role::Agent => {
            caller.teams.contains(&ticket.policy.team)
                || ticket
                    .assignee
                    .as_ref()
                    .is_some_and(|a| a.email == caller.email)
        }
        Role::Officer => ticket
            .officer
            .as_ref()
            .is_some_and(|o| o.email == caller.email),
        Role::Coordinator | Role::Auditor | Role::Head => true,
        Role::Personnel | Role::Contracting | Role::Administrative => fills_formats(ticket),
    }
}

// Section 5.1 of the procedure: the form on accounts and equipment is filled in
// by several offices.
fn fills_formats(ticket: &Ticket) -> bool {
    ticket.policy.formats.iter().any(|f| f.0 == "A3-S1-FO-01")
}

/// Checks that `actor` may give `command` on `ticket`, and says in which
/// capacity he does.
///
/// # Errors
/// [`Denial::Hidden`] when he may not read the ticket, [`Denial::Forbidden`]
/// when none of his roles allows the command.
pub fn authorise(
    command: CommandKind,
    actor: &Actor,
    ticket: &Ticket,
) -> Result<EventActor, Denial> {
    match actor {
        Actor::System => match command {
            CommandKind::AssignAutomatically
            | CommandKind::DeferAssignment
            | CommandKind::ExpireValidation
            | CommandKind::FireSteps
            | CommandKind::FileMail
            | CommandKind::RecordBounce
            | CommandKind::AddAttachments
            | CommandKind::Link => Ok(EventActor {
                email: None,
                role: ActorRole::System(SystemRole::System),
            }),
            _ => Err(Denial::Forbidden),
        },
        Actor::SurveyHolder => match command {
            CommandKind::AnswerSurvey => Ok(EventActor {
                email: Some(ticket.requester.person.email.clone()),
                role: ActorRole::Person(Role::Requester),
            }),
            _ => Err(Denial::Forbidden),
        },
        Actor::Provider { id, email } => match command {
            CommandKind::RecordProviderReply
            | CommandKind::FollowUpInternally
            | CommandKind::AddAttachments
                if ticket.provider.as_ref() == Some(id) =>
            {
                Ok(EventActor {
                    email: Some(email.clone()),
                    role: ActorRole::Provider(ProviderRole::Provider),
                })
            }
            _ => Err(Denial::Forbidden),
        },
        Actor::Person(caller) => {
            if !may_read(caller, ticket) {
                return Err(Denial::Hidden);
            }
            // The strongest capacity first, so that the record of a coordinator
            // who also sits in the desk says what let him do it.
            const BY_STRENGTH: [Role; 9] = [
                Role::Agent,
                Role::Coordinator,
                Role::Officer,
                Role::Head,
                Role::Personnel,
                Role::Contracting,
                Role::Administrative,
                Role::Requester,
                Role::Auditor,
            ];
            // His own request he speaks of as its requester, whatever else he is.
            let own = ticket.requester.person.email == caller.email
                && may(Role::Requester, command, caller, ticket);
            own.then_some(Role::Requester)
                .into_iter()
                .chain(BY_STRENGTH)
                .find(|role| caller.is(*role) && may(*role, command, caller, ticket))
                .map(|role| EventActor {
                    email: Some(caller.email.clone()),
                    role: ActorRole::Person(role),
                })
                .ok_or(Denial::Forbidden)
        }
    }
}

fn may(role: Role, command: CommandKind, caller: &Caller, ticket: &Ticket) -> bool {
    use CommandKind as C;
    if !reads(role, caller, ticket) {
        return false;
    }
    let responsible = ticket
        .assignee
        .as_ref()
        .is_some_and(|a| a.email == caller.email);
    let escalated_to_him = ticket
        .officer
        .as_ref()
        .is_some_and(|o| o.email == caller.email);
    match role {
        // Who was copied has no say in whether it is solved.
        Role::Requester => match command {
            C::FollowUp | C::AddAttachments => true,
            C::Reject => ticket.requester.person.email == caller.email,
            _ => false,
        },
        Role::Agent => match command {
            C::Take | C::FollowUp | C::FollowUpInternally | C::AddAttachments | C::Recategorise => {
                true
            }
            C::Contact
            | C::Hold
            | C::Resume
            | C::Escalate
            | C::Resolve
            | C::Close
            | C::SaveFormat => responsible,
            // What nobody has taken yet, any agent of the team may decline.
            C::Decline => responsible || ticket.assignee.is_none(),
            _ => false,
        },
        Role::Coordinator => matches!(
            command,
            C::Take
                | C::AssignTo
                | C::FollowUp
                | C::FollowUpInternally
                | C::AddAttachments
                | C::Recategorise
                | C::Contact
                | C::Hold
                | C::Resume
                | C::Escalate
                | C::Resolve
                | C::Decline
                | C::Close
                | C::SaveFormat
        ),
        Role::Officer | Role::Head => {
            let theirs = matches!(
                command,
                C::FollowUp
                    | C::FollowUpInternally
                    | C::AddAttachments
                    | C::SaveFormat
                    | C::Return
                    | C::RequestProvider
                    | C::RecordProviderReply
                    | C::ReportSolution
            );
            theirs && escalated_to_him
        }
        Role::Personnel | Role::Contracting | Role::Administrative => command == C::SaveFormat,
        Role::Auditor => false,
    }
}
