//! Who may do what: the one place that HTTP, mail and queue commands ask.

use std::collections::BTreeSet;

use strum::VariantArray;

use crate::catalogue::{Catalogue, Role};
use crate::command::CommandKind;
use crate::format::turn::{self, Signatory};
use crate::ids::{EmailAddress, FormatCode, ProviderId, TeamId};
use crate::ticket::{ActorRole, EventActor, Person, ProviderRole, SystemRole, Ticket};

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

    /// The caller, as the record names him.
    pub fn person(&self) -> Person {
        Person {
            email: self.email.clone(),
            name: self.name.clone(),
        }
    }

    /// Whether the caller has a role.
    pub fn is(&self, role: Role) -> bool {
        self.roles.contains(&role)
    }

    /// The caller, as far as signing goes.
    pub fn signatory(&self) -> Signatory<'_> {
        Signatory {
            email: &self.email,
            roles: &self.roles,
        }
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
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Denial {
    /// He may not even know that the ticket exists.
    #[error("the actor may not know of the ticket")]
    Hidden,
    /// He may see it, and not do this.
    #[error("the actor may see the ticket, and not do this")]
    Forbidden,
    /// He could if it were his: somebody else has it, and who that is is told.
    #[error("somebody else has the ticket")]
    Held(Person),
    /// He could if it were his: nobody has it yet.
    #[error("nobody has the ticket yet")]
    Free,
    /// It is somebody else's to sign; the sentence is for people.
    #[error("{0}")]
    OthersToSign(String),
    /// He reads along, and whoever asked has a say.
    #[error("somebody else asked for it")]
    Asked(Person),
}

/// Whether a person may read a ticket.
pub fn may_read(caller: &Caller, ticket: &Ticket) -> bool {
    let mut roles = Role::VARIANTS.iter().copied();
    roles.any(|role| caller.is(role) && reads(role, caller, ticket))
}

/// Whether the caller reads the ticket as one of those who work on it. Someone
/// who reads it just as its requester does not get what is internal.
pub fn reads_internal(caller: &Caller, ticket: &Ticket) -> bool {
    let mut roles = Role::VARIANTS.iter().copied();
    roles.any(|role| role != Role::Requester && caller.is(role) && reads(role, caller, ticket))
}

fn reads(role: Role, caller: &Caller, ticket: &Ticket) -> bool {
    match role {
        Role::Requester if ticket.policy.restricted => ticket.is_of(&caller.email),
        Role::Requester => ticket.is_of(&caller.email) || ticket.observer(&caller.email).is_some(),
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
        // What its group alone sees they see as members of it.
        Role::Coordinator | Role::Head => {
            !ticket.policy.restricted || caller.teams.contains(&ticket.policy.team)
        }
        Role::Auditor => true,
        // They see the forms that they sign, and nothing else of the ticket.
        Role::Personnel | Role::Contracting | Role::Administrative => false,
    }
}

/// Whether a person may read a format of a ticket: who reads the ticket does, and who
/// signs a section of it (section 5.1 of the procedure).
pub fn may_read_format(caller: &Caller, ticket: &Ticket, code: &FormatCode) -> bool {
    may_read(caller, ticket) || turn::is_party(code, caller.signatory(), ticket)
}

/// Checks that `actor` may give `command` on `ticket`, and says in which
/// capacity he does.
///
/// # Errors
/// [`Denial::Hidden`] when he may not read the ticket; otherwise why none of his roles
/// allows the command.
pub fn authorise(
    command: CommandKind,
    actor: &Actor,
    ticket: &Ticket,
) -> Result<EventActor, Denial> {
    let line = line(command);
    match actor {
        Actor::System => match line.system {
            Given::Yes => Ok(EventActor {
                email: None,
                role: ActorRole::System(SystemRole::System),
            }),
            Given::No => Err(Denial::Forbidden),
        },
        Actor::SurveyHolder => match line.survey {
            Given::Yes => Ok(EventActor {
                email: Some(ticket.request.requester.person.email.clone()),
                role: ActorRole::Person(Role::Requester),
            }),
            Given::No => Err(Denial::Forbidden),
        },
        Actor::Provider { id, email } => match line.provider {
            Given::Yes if ticket.provider.as_ref() == Some(id) => Ok(EventActor {
                email: Some(email.clone()),
                role: ActorRole::Provider(ProviderRole::Provider),
            }),
            Given::Yes | Given::No => Err(Denial::Forbidden),
        },
        Actor::Person(caller) => {
            let sees = may_read(caller, ticket)
                || (command.is_of_formats() && turn::is_party_of_any(caller.signatory(), ticket));
            if !sees {
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
            let own = ticket.is_of(&caller.email) && may(Role::Requester, command, caller, ticket);
            own.then_some(Role::Requester)
                .into_iter()
                .chain(BY_STRENGTH)
                .find(|role| caller.is(*role) && may(*role, command, caller, ticket))
                .map(|role| EventActor {
                    email: Some(caller.email.clone()),
                    role: ActorRole::Person(role),
                })
                .ok_or_else(|| reason(command, caller, ticket))
        }
    }
}

/// Why somebody who reads a ticket may not give a command on it. Where it is not what he
/// is but whose the ticket is, he is told whose.
fn reason(command: CommandKind, caller: &Caller, ticket: &Ticket) -> Denial {
    let mut roles = Role::VARIANTS.iter().copied();
    let found = roles.find_map(|role| {
        if !caller.is(role) || !reads(role, caller, ticket) {
            return None;
        }
        match on(role, line(command)) {
            On::Responsible | On::ResponsibleOrFree => {
                let assignee = ticket.assignee.clone();
                Some(assignee.map_or(Denial::Free, Denial::Held))
            }
            On::Escalated => ticket.officer.clone().map(Denial::Held),
            On::Own => Some(Denial::Asked(ticket.request.requester.person.clone())),
            On::None | On::All | On::Observed | On::Signs => None,
        }
    });
    found.unwrap_or(Denial::Forbidden)
}

/// Whether somebody has a command at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Given {
    Yes,
    No,
}

/// On which of the tickets that he reads a role may give a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum On {
    None,
    All,
    /// Those that he asked for himself. Who was copied has no say in whether it is
    /// solved.
    Own,
    /// Those that he was copied on.
    Observed,
    /// Those that he is responsible for.
    Responsible,
    /// The same, and those that nobody has taken yet.
    ResponsibleOrFree,
    /// Those that were escalated to him.
    Escalated,
    /// Those with a format that he signs: whose turn it is, the format says.
    Signs,
}

/// Who may give a command.
#[derive(Clone, Copy, Debug)]
struct Line {
    requester: On,
    agent: On,
    coordinator: On,
    /// Officers, and the head of their office.
    technology: On,
    /// The head, besides what he does as one of his office.
    head: On,
    /// The offices that fill in forms (section 5.1).
    offices: On,
    provider: Given,
    survey: Given,
    system: Given,
}

/// The table of commands and of those who may give them. An auditor changes
/// nothing.
const fn line(command: CommandKind) -> Line {
    use CommandKind as C;
    const NOBODY: Line = Line {
        requester: On::None,
        agent: On::None,
        coordinator: On::None,
        technology: On::None,
        head: On::None,
        offices: On::None,
        provider: Given::No,
        survey: Given::No,
        system: Given::No,
    };
    /// What the desk does with a ticket: whoever is responsible, or a coordinator.
    const DESK: Line = Line {
        agent: On::Responsible,
        coordinator: On::All,
        ..NOBODY
    };
    const TEAM: Line = Line {
        agent: On::All,
        ..DESK
    };
    const TECHNOLOGY: Line = Line {
        technology: On::Escalated,
        ..NOBODY
    };
    const SYSTEM: Line = Line {
        system: Given::Yes,
        ..NOBODY
    };
    match command {
        C::AssignAutomatically
        | C::DeferAssignment
        | C::HandOver
        | C::ExpireValidation
        | C::FireSteps
        | C::FileMail
        | C::RecordBounce
        | C::Link => SYSTEM,
        C::Take | C::Recategorise | C::ChangeRequester => TEAM,
        C::AssignTo | C::RevokeLink => Line {
            agent: On::None,
            ..DESK
        },
        C::Contact | C::Hold | C::Resume | C::Resolve | C::Close => DESK,
        // The head, too, where his officer is not there.
        C::Escalate => Line {
            head: On::All,
            ..DESK
        },
        C::Decline | C::Forward => Line {
            agent: On::ResponsibleOrFree,
            ..DESK
        },
        C::MarkPetition | C::UnmarkPetition => TEAM,
        // Whoever works on an incident knows what it is, and reports it.
        C::DescribeIncident | C::RecordReport => Line {
            technology: On::Escalated,
            ..TEAM
        },
        C::FollowUp => Line {
            requester: On::All,
            technology: On::Escalated,
            ..TEAM
        },
        C::FollowUpInternally => Line {
            technology: On::Escalated,
            provider: Given::Yes,
            ..TEAM
        },
        C::AddAttachments => Line {
            requester: On::All,
            technology: On::Escalated,
            provider: Given::Yes,
            system: Given::Yes,
            ..TEAM
        },
        C::DraftSection | C::SignSection | C::CorrectSection => Line {
            requester: On::Signs,
            agent: On::Responsible,
            coordinator: On::All,
            technology: On::Signs,
            offices: On::Signs,
            ..NOBODY
        },
        C::Return | C::RequestProvider | C::ReportSolution => TECHNOLOGY,
        C::RecordProviderReply => Line {
            provider: Given::Yes,
            ..TECHNOLOGY
        },
        C::AnswerSurvey => Line {
            survey: Given::Yes,
            ..NOBODY
        },
        C::Reject => Line {
            requester: On::Own,
            ..NOBODY
        },
        C::RemoveObserver => Line {
            requester: On::Own,
            ..TEAM
        },
        C::StopObserving => Line {
            requester: On::Observed,
            ..NOBODY
        },
    }
}

const fn on(role: Role, line: Line) -> On {
    match role {
        Role::Requester => line.requester,
        Role::Agent => line.agent,
        Role::Coordinator => line.coordinator,
        Role::Officer => line.technology,
        Role::Head => match line.head {
            On::None => line.technology,
            more => more,
        },
        Role::Personnel | Role::Contracting | Role::Administrative => line.offices,
        Role::Auditor => On::None,
    }
}

/// The roles that may give a command on some ticket, in the order of the
/// documentation. Routes are described with it.
pub fn roles(command: CommandKind) -> impl Iterator<Item = Role> {
    let line = line(command);
    let roles = Role::VARIANTS.iter().copied();
    roles.filter(move |role| on(*role, line) != On::None)
}

fn may(role: Role, command: CommandKind, caller: &Caller, ticket: &Ticket) -> bool {
    let is_his = |person: &Option<Person>| {
        let person = person.as_ref();
        person.is_some_and(|person| person.email == caller.email)
    };
    let on_this = match on(role, line(command)) {
        On::None => false,
        On::All => true,
        On::Own => ticket.is_of(&caller.email),
        On::Observed => ticket.observer(&caller.email).is_some(),
        On::Responsible => is_his(&ticket.assignee),
        On::ResponsibleOrFree => is_his(&ticket.assignee) || ticket.assignee.is_none(),
        On::Escalated => is_his(&ticket.officer),
        // He need not read the ticket.
        On::Signs => {
            let roles = BTreeSet::from([role]);
            let email = &caller.email;
            let who = Signatory {
                email,
                roles: &roles,
            };
            return turn::is_party_of_any(who, ticket);
        }
    };
    on_this && reads(role, caller, ticket)
}
