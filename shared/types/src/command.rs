//! The commands of a ticket's life and [`decide`], the one place where the
//! procedure's rules stand.

use std::time::Duration;

use jiff::Timestamp;

use crate::calendar::{Calendar, CalendarError};
use crate::catalogue::{Catalogue, Role};
use crate::clock::{ClockChange, ClockKind, ClockState, ClockStep, Step};
use crate::ids::{
    CalendarId, CategoryId, EmailAddress, FormatCode, ProviderId, TicketId, TicketNumber,
};
use crate::permission::{Actor, Denial, authorise};
use crate::problem::{FieldError, Problem};
use crate::ticket::{
    ActorRole, Attachment, BounceKind, Channel, CloseReason, Event, EventActor, EventKind,
    HoldReason, Link, MAX_ATTACHMENTS, Person, Policy, Registration, Requester, SolutionReport,
    State, StepReached, Survey, SystemRole, Ticket, Visibility, WebRequest,
};

/// What [`decide`] may look at besides the ticket.
#[derive(Clone, Copy)]
pub struct Setting<'a> {
    pub now: Timestamp,
    pub catalogue: &'a Catalogue,
}

/// A command on a ticket that exists.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    AssignAutomatically {
        agent: Person,
        /// Agents of the team who are away.
        away: Vec<EmailAddress>,
    },
    DeferAssignment,
    Take,
    AssignTo {
        agent: EmailAddress,
    },
    Contact {
        note: String,
    },
    FollowUp {
        body: String,
        visibility: Visibility,
    },
    AddAttachments {
        attachments: Vec<Attachment>,
        /// Files that there was no room for.
        left_out: usize,
    },
    Recategorise {
        category: CategoryId,
    },
    SaveFormat {
        code: FormatCode,
        complete: bool,
        fields: serde_json::Map<String, serde_json::Value>,
    },
    Hold {
        note: String,
    },
    Resume {
        note: Option<String>,
    },
    Escalate {
        officer: EmailAddress,
        justification: String,
    },
    Return {
        note: String,
    },
    RequestProvider {
        provider: ProviderId,
        message: String,
    },
    RecordProviderReply {
        body: String,
    },
    ReportSolution {
        body: String,
    },
    Resolve {
        solution: String,
    },
    Decline {
        reason: String,
    },
    AnswerSurvey {
        round: u8,
        solved: bool,
        rating: u8,
        comment: Option<String>,
    },
    Reject {
        reason: String,
    },
    Close,
    ExpireValidation,
    /// Fires the steps of the clocks that are due.
    FireSteps,
    /// Puts a mail that nobody wrote on file.
    FileMail {
        what: String,
        text: String,
    },
    /// Records that a mail of ours did not reach somebody.
    RecordBounce {
        recipient: EmailAddress,
        why: BounceKind,
        detail: String,
    },
    Link {
        link: Link,
    },
}

/// A command without its content: what permissions and tables are about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CommandKind {
    AssignAutomatically,
    DeferAssignment,
    Take,
    AssignTo,
    Contact,
    FollowUp,
    FollowUpInternally,
    AddAttachments,
    Recategorise,
    SaveFormat,
    Hold,
    Resume,
    Escalate,
    Return,
    RequestProvider,
    RecordProviderReply,
    ReportSolution,
    Resolve,
    Decline,
    AnswerSurvey,
    Reject,
    Close,
    ExpireValidation,
    FireSteps,
    FileMail,
    RecordBounce,
    Link,
}

impl Command {
    /// The command without its content.
    pub fn kind(&self) -> CommandKind {
        use CommandKind as K;
        match self {
            Command::AssignAutomatically { .. } => K::AssignAutomatically,
            Command::DeferAssignment => K::DeferAssignment,
            Command::Take => K::Take,
            Command::AssignTo { .. } => K::AssignTo,
            Command::Contact { .. } => K::Contact,
            Command::FollowUp {
                visibility: Visibility::Public,
                ..
            } => K::FollowUp,
            Command::FollowUp {
                visibility: Visibility::Internal,
                ..
            } => K::FollowUpInternally,
            Command::AddAttachments { .. } => K::AddAttachments,
            Command::Recategorise { .. } => K::Recategorise,
            Command::SaveFormat { .. } => K::SaveFormat,
            Command::Hold { .. } => K::Hold,
            Command::Resume { .. } => K::Resume,
            Command::Escalate { .. } => K::Escalate,
            Command::Return { .. } => K::Return,
            Command::RequestProvider { .. } => K::RequestProvider,
            Command::RecordProviderReply { .. } => K::RecordProviderReply,
            Command::ReportSolution { .. } => K::ReportSolution,
            Command::Resolve { .. } => K::Resolve,
            Command::Decline { .. } => K::Decline,
            Command::AnswerSurvey { .. } => K::AnswerSurvey,
            Command::Reject { .. } => K::Reject,
            Command::Close => K::Close,
            Command::ExpireValidation => K::ExpireValidation,
            Command::FireSteps => K::FireSteps,
            Command::FileMail { .. } => K::FileMail,
            Command::RecordBounce { .. } => K::RecordBounce,
            Command::Link { .. } => K::Link,
        }
    }
}

impl CommandKind {
    /// The command in a Spanish sentence: "No se puede … en este estado".
    fn verb(self) -> &'static str {
        use CommandKind as K;
        match self {
            K::AssignAutomatically | K::AssignTo | K::DeferAssignment => "asignar",
            K::Take => "tomar",
            K::Contact => "registrar el contacto de",
            K::FollowUp | K::FollowUpInternally => "añadir un seguimiento a",
            K::AddAttachments => "adjuntar archivos a",
            K::FileMail | K::RecordBounce => "archivar correos en",
            K::Recategorise => "cambiar la categoría de",
            K::SaveFormat => "diligenciar formatos de",
            K::Hold => "poner en espera",
            K::Resume => "reanudar",
            K::Escalate => "escalar",
            K::Return => "devolver",
            K::RequestProvider => "remitir a un proveedor",
            K::RecordProviderReply => "registrar la respuesta del proveedor de",
            K::ReportSolution => "reportar la solución de",
            K::Resolve => "resolver",
            K::Decline => "declinar",
            K::AnswerSurvey => "evaluar",
            K::Reject => "rechazar la solución de",
            K::Close | K::ExpireValidation => "cerrar",
            K::FireSteps => "avisar de los plazos de",
            K::Link => "vincular",
        }
    }
}

/// Why a command is not carried out. Nothing has changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rejection {
    Denied(Denial),
    /// The state forbids it; the sentence is for people.
    InvalidTransition(String),
    /// A field names something that the catalogue does not have.
    Validation(FieldError),
    /// The ticket's calendar is gone from the catalogue, or has no open hour in
    /// reach. The catalogue's checks keep this from happening.
    Calendar(String),
}

impl From<Rejection> for Problem {
    fn from(rejection: Rejection) -> Problem {
        match rejection {
            Rejection::Denied(Denial::Hidden) => Problem::NotFound("No existe esa solicitud."),
            Rejection::Denied(Denial::Forbidden) => {
                Problem::Forbidden("Su función no le permite esta operación sobre la solicitud.")
            }
            Rejection::InvalidTransition(detail) => Problem::InvalidTransition(detail),
            Rejection::Validation(error) => Problem::Validation(vec![error]),
            Rejection::Calendar(_) => Problem::Internal,
        }
    }
}

/// A request that is about to be registered: checked, and still without number.
#[derive(Clone, Debug, PartialEq)]
pub struct Application {
    pub title: String,
    pub description: String,
    pub category: CategoryId,
    pub channel: Channel,
    pub extension: Option<String>,
    pub web_request: Option<WebRequest>,
    pub requester: Requester,
    pub links: Vec<Link>,
    pub observers: Vec<Person>,
    /// Of the mail that it came in by.
    pub message_id: Option<String>,
}

/// An application that may be registered: all that is missing is an identity.
#[derive(Clone, Debug)]
pub struct Admission {
    application: Application,
    policy: Policy,
    actor: EventActor,
    at: Timestamp,
    attention: ClockChange,
}

/// Decides whether an application may be registered (activities 1 and 2). It
/// comes before a number is taken, so that no refusal costs a number.
///
/// # Errors
/// When the category is unknown, what it asks for is missing, or the actor may
/// not register this.
pub fn admit(
    application: Application,
    actor: &Actor,
    setting: Setting<'_>,
) -> Result<Admission, Rejection> {
    let by = match actor {
        Actor::System => EventActor {
            email: None,
            role: ActorRole::System(SystemRole::System),
        },
        Actor::SurveyHolder | Actor::Provider { .. } => {
            return Err(Rejection::Denied(Denial::Forbidden));
        }
        Actor::Person(caller) => {
            // The desk registers what comes by phone; everybody else, the own.
            let own = application.requester.person.email == caller.email
                && application.channel != Channel::Phone;
            let role = if caller.is_desk() && !own {
                if caller.is(Role::Agent) {
                    Role::Agent
                } else {
                    Role::Coordinator
                }
            } else if own && caller.is(Role::Requester) {
                Role::Requester
            } else {
                return Err(Rejection::Denied(Denial::Forbidden));
            };
            EventActor {
                email: Some(caller.email.clone()),
                role: ActorRole::Person(role),
            }
        }
    };
    let category = setting
        .catalogue
        .category(&application.category)
        .ok_or_else(|| {
            Rejection::Validation(FieldError::new(
                "category",
                "unknown_category",
                format!("La categoría «{}» no existe.", application.category),
            ))
        })?;
    if category.web_request && application.web_request.is_none() {
        return Err(Rejection::Validation(FieldError::required("web_request")));
    }
    if !category.web_request && application.web_request.is_some() {
        return Err(Rejection::Validation(FieldError::new(
            "web_request",
            "not_allowed",
            "Solo se usa en las categorías de publicación en la página web.",
        )));
    }
    let policy = Policy::from(category);
    let calendar = calendar(&policy.calendar, setting)?;
    // Section 5: the attention time runs from registration.
    let attention = ClockChange::Start {
        clock: ClockKind::Attention,
        calendar: policy.calendar.clone(),
        limit_seconds: policy.attention_seconds,
        due_at: due(calendar, setting.now, policy.attention_seconds)?,
        steps: start_steps(
            &policy,
            ClockKind::Attention,
            policy.attention_seconds,
            calendar,
            setting.now,
        )?,
    };
    Ok(Admission {
        application,
        policy,
        actor: by,
        at: setting.now,
        attention,
    })
}

impl Admission {
    /// The first event of the ticket, once it has an identity.
    pub fn register(&self, id: TicketId, number: TicketNumber) -> Event {
        let application = self.application.clone();
        Event {
            seq: 1,
            at: self.at,
            actor: self.actor.clone(),
            kind: EventKind::Registered(Box::new(Registration {
                id,
                number,
                title: application.title,
                description: application.description,
                policy: self.policy.clone(),
                channel: application.channel,
                extension: application.extension,
                web_request: application.web_request,
                requester: application.requester,
                links: application.links,
                observers: application.observers,
                message_id: application.message_id,
            })),
            clocks: vec![self.attention.clone()],
            mail: None,
        }
    }
}

/// Decides what a command on a ticket does: the events to record, or why not.
///
/// # Errors
/// When the actor may not, the state forbids it, or the command names something
/// that is not in the catalogue.
pub fn decide(
    ticket: &Ticket,
    command: &Command,
    actor: &Actor,
    setting: Setting<'_>,
) -> Result<Vec<Event>, Rejection> {
    let by = authorise(command.kind(), actor, ticket).map_err(Rejection::Denied)?;
    let steps = steps(ticket, command, &by, actor, setting)?;
    Ok(steps
        .into_iter()
        .zip(ticket.version + 1..)
        .map(|((kind, clocks), seq)| Event {
            seq,
            at: setting.now,
            actor: by.clone(),
            kind,
            clocks,
            mail: None,
        })
        .collect())
}

/// An event to be, with what it does to the clocks.
type Draft = (EventKind, Vec<ClockChange>);

fn steps(
    ticket: &Ticket,
    command: &Command,
    by: &EventActor,
    actor: &Actor,
    setting: Setting<'_>,
) -> Result<Vec<Draft>, Rejection> {
    use State::{Assigned, Closed, New, OnHold, Solved};
    let clocks = Clockwork { ticket, setting };
    let illegal = || {
        Rejection::InvalidTransition(format!(
            "No se puede {} una solicitud en estado «{}».",
            command.kind().verb(),
            ticket.status().label()
        ))
    };
    match command {
        // Activity 2.
        Command::AssignAutomatically { agent, away } => match ticket.state {
            New => Ok(vec![(
                EventKind::Assigned {
                    agent: agent.clone(),
                    automatic: true,
                    away: away.clone(),
                },
                vec![clocks.start_solution()?],
            )]),
            Assigned | OnHold(_) | Solved | Closed => Err(illegal()),
        },
        Command::DeferAssignment => match ticket.state {
            New => Ok(vec![(EventKind::AssignmentDeferred {}, vec![])]),
            Assigned | OnHold(_) | Solved | Closed => Err(illegal()),
        },
        Command::Take => match ticket.state {
            New => match actor {
                Actor::Person(caller) => {
                    let agent = Person {
                        email: caller.email.clone(),
                        name: caller.name.clone(),
                    };
                    Ok(vec![(
                        EventKind::Assigned {
                            agent,
                            automatic: false,
                            away: vec![],
                        },
                        vec![clocks.start_solution()?],
                    )])
                }
                Actor::System | Actor::SurveyHolder | Actor::Provider { .. } => {
                    Err(Rejection::Denied(Denial::Forbidden))
                }
            },
            Assigned | OnHold(_) | Solved | Closed => Err(illegal()),
        },
        Command::AssignTo { agent } => match ticket.state {
            // Whoever is responsible now gets the whole solution time.
            New | Assigned => Ok(vec![(
                EventKind::Assigned {
                    agent: clocks.agent(agent)?,
                    automatic: false,
                    away: vec![],
                },
                vec![clocks.start_solution()?],
            )]),
            // What waits for others goes on waiting; its clock is not touched.
            OnHold(_) => Ok(vec![(
                EventKind::Assigned {
                    agent: clocks.agent(agent)?,
                    automatic: false,
                    away: vec![],
                },
                vec![],
            )]),
            Solved | Closed => Err(illegal()),
        },
        Command::Contact { note } => match ticket.state {
            Assigned => Ok(vec![(
                EventKind::Contacted { note: note.clone() },
                clocks.meet(ClockKind::Attention)?,
            )]),
            New | OnHold(_) | Solved | Closed => Err(illegal()),
        },
        Command::FollowUp { body, visibility } => match ticket.state {
            New | Assigned | OnHold(_) | Solved => {
                // A public note of whoever works on the ticket reaches the
                // requester by mail: that is contact.
                let changes = match (visibility, by.role) {
                    (Visibility::Public, ActorRole::Person(role)) if role != Role::Requester => {
                        clocks.meet(ClockKind::Attention)?
                    }
                    (Visibility::Public | Visibility::Internal, _) => vec![],
                };
                Ok(vec![(
                    EventKind::FollowedUp {
                        body: body.clone(),
                        visibility: *visibility,
                    },
                    changes,
                )])
            }
            Closed => Err(illegal()),
        },
        Command::AddAttachments {
            attachments,
            left_out,
        } => match ticket.state {
            New | Assigned | OnHold(_) | Solved
                if ticket.attachments.len() + attachments.len() > MAX_ATTACHMENTS =>
            {
                Err(Rejection::InvalidTransition(format!(
                    "Una solicitud tiene a lo sumo {MAX_ATTACHMENTS} archivos."
                )))
            }
            New | Assigned | OnHold(_) | Solved => Ok(vec![(
                EventKind::AttachmentsAdded {
                    attachments: attachments.clone(),
                    left_out: *left_out,
                },
                vec![],
            )]),
            Closed => Err(illegal()),
        },
        Command::Recategorise { category } => match ticket.state {
            New | Assigned | OnHold(_) | Solved => {
                let category = setting.catalogue.category(category).ok_or_else(|| {
                    Rejection::Validation(FieldError::new(
                        "category",
                        "unknown_category",
                        format!("La categoría «{category}» no existe."),
                    ))
                })?;
                if category.id == ticket.policy.category {
                    return Err(Rejection::InvalidTransition(
                        "La solicitud ya está en esa categoría.".to_owned(),
                    ));
                }
                let policy = Policy::from(category);
                let changes = clocks.reschedule(&policy)?;
                Ok(vec![(EventKind::Recategorised { policy }, changes)])
            }
            Closed => Err(illegal()),
        },
        Command::SaveFormat {
            code,
            complete,
            fields,
        } => match ticket.state {
            New | Assigned | OnHold(_) | Solved => Ok(vec![(
                EventKind::FormatSaved {
                    code: code.clone(),
                    complete: *complete,
                    fields: fields.clone(),
                },
                vec![],
            )]),
            Closed => Err(illegal()),
        },
        // Activity 6.
        Command::Hold { note } => match ticket.state {
            Assigned => Ok(vec![(
                EventKind::Held { note: note.clone() },
                clocks.pause(ClockKind::Solution)?,
            )]),
            New | OnHold(_) | Solved | Closed => Err(illegal()),
        },
        Command::Resume { note } => match ticket.state {
            OnHold(HoldReason::Requester) => Ok(vec![(
                EventKind::Resumed { note: note.clone() },
                clocks.resume(ClockKind::Solution)?,
            )]),
            New
            | Assigned
            | OnHold(HoldReason::Technology | HoldReason::Provider)
            | Solved
            | Closed => Err(illegal()),
        },
        // Activities 3 and 7. The officer's solution time starts afresh.
        Command::Escalate {
            officer,
            justification,
        } => match ticket.state {
            Assigned | OnHold(_) => Ok(vec![(
                EventKind::Escalated {
                    officer: clocks.officer(officer)?,
                    justification: justification.clone(),
                },
                vec![clocks.start_solution()?],
            )]),
            New | Solved | Closed => Err(illegal()),
        },
        // The desk is responsible again, with a solution time of its own.
        Command::Return { note } => match ticket.state {
            OnHold(HoldReason::Technology) => Ok(vec![(
                EventKind::Returned { note: note.clone() },
                vec![clocks.start_solution()?],
            )]),
            New
            | Assigned
            | OnHold(HoldReason::Provider | HoldReason::Requester)
            | Solved
            | Closed => Err(illegal()),
        },
        // Activity 10.
        Command::RequestProvider { provider, message } => match ticket.state {
            OnHold(HoldReason::Technology) => {
                if setting.catalogue.provider(provider).is_none() {
                    return Err(Rejection::Validation(FieldError::new(
                        "provider",
                        "unknown_provider",
                        format!("El proveedor «{provider}» no existe."),
                    )));
                }
                Ok(vec![(
                    EventKind::ProviderRequested {
                        provider: provider.clone(),
                        message: message.clone(),
                    },
                    clocks.pause(ClockKind::Solution)?,
                )])
            }
            New
            | Assigned
            | OnHold(HoldReason::Provider | HoldReason::Requester)
            | Solved
            | Closed => Err(illegal()),
        },
        Command::RecordProviderReply { body } => match ticket.state {
            OnHold(HoldReason::Provider) => Ok(vec![(
                EventKind::ProviderReplied { body: body.clone() },
                clocks.resume(ClockKind::Solution)?,
            )]),
            New
            | Assigned
            | OnHold(HoldReason::Technology | HoldReason::Requester)
            | Solved
            | Closed => Err(illegal()),
        },
        // Activities 9 and 11.
        Command::ReportSolution { body } => match (ticket.state, actor) {
            (OnHold(HoldReason::Technology), Actor::Person(caller)) => {
                let report = SolutionReport {
                    body: body.clone(),
                    by: Person {
                        email: caller.email.clone(),
                        name: caller.name.clone(),
                    },
                    at: setting.now,
                };
                Ok(vec![(EventKind::SolutionReported { report }, vec![])])
            }
            (
                OnHold(HoldReason::Technology),
                Actor::System | Actor::SurveyHolder | Actor::Provider { .. },
            ) => Err(Rejection::Denied(Denial::Forbidden)),
            (
                New
                | Assigned
                | OnHold(HoldReason::Provider | HoldReason::Requester)
                | Solved
                | Closed,
                _,
            ) => Err(illegal()),
        },
        // Activities 4, 12 and 13.
        Command::Resolve { solution } => match ticket.state {
            Assigned => clocks.resolve(solution),
            OnHold(HoldReason::Technology) if ticket.solution_reported.is_some() => {
                clocks.resolve(solution)
            }
            OnHold(HoldReason::Technology) => Err(Rejection::InvalidTransition(
                "La Oficina de Tecnología aún no ha reportado la solución.".to_owned(),
            )),
            New | OnHold(HoldReason::Provider | HoldReason::Requester) | Solved | Closed => {
                Err(illegal())
            }
        },
        // Section 5: what is out of scope is answered, not forgotten.
        Command::Decline { reason } => match ticket.state {
            New | Assigned => Ok(vec![(
                EventKind::Declined {
                    reason: reason.clone(),
                },
                clocks.answered()?,
            )]),
            OnHold(_) | Solved | Closed => Err(illegal()),
        },
        // Activity 14.
        Command::AnswerSurvey {
            round,
            solved,
            rating,
            comment,
        } => match ticket.state {
            Solved if ticket.asks_survey() && u32::from(*round) == ticket.reopened => {
                let survey = Survey {
                    solved: *solved,
                    rating: *rating,
                    comment: comment.clone(),
                    answered_at: setting.now,
                };
                let answered = (EventKind::SurveyAnswered { survey }, vec![]);
                let then = if *solved {
                    (
                        EventKind::Closed {
                            reason: CloseReason::Satisfied,
                        },
                        clocks.meet(ClockKind::Validation)?,
                    )
                } else {
                    clocks.reopen(comment.clone())?
                };
                Ok(vec![answered, then])
            }
            Solved => Err(Rejection::InvalidTransition(
                "Esta encuesta ya no corresponde a la solución vigente.".to_owned(),
            )),
            New | Assigned | OnHold(_) | Closed => Err(Rejection::InvalidTransition(
                "Esta encuesta ya fue respondida o la solicitud ya no espera evaluación."
                    .to_owned(),
            )),
        },
        Command::Reject { reason } => match ticket.state {
            Solved => Ok(vec![clocks.reopen(Some(reason.clone()))?]),
            New | Assigned | OnHold(_) | Closed => Err(illegal()),
        },
        // Activity 15: an evaluated request is closed by its evaluation; the
        // desk does not close what the requester still may evaluate.
        Command::Close => match ticket.state {
            Solved if ticket.asks_survey() && !clocks.validation_is_over() => {
                Err(Rejection::InvalidTransition(
                    "La encuesta de satisfacción está pendiente: la solicitud se cierra con la \
                     respuesta o al vencer el tiempo de validación."
                        .to_owned(),
                ))
            }
            Solved => Ok(vec![(
                EventKind::Closed {
                    reason: CloseReason::Desk,
                },
                clocks.meet(ClockKind::Validation)?,
            )]),
            New | Assigned | OnHold(_) | Closed => Err(illegal()),
        },
        Command::ExpireValidation => match ticket.state {
            Solved if clocks.validation_is_over() => Ok(vec![(
                EventKind::Closed {
                    reason: CloseReason::ValidationExpired,
                },
                clocks.stop(ClockKind::Validation)?,
            )]),
            Solved => Err(Rejection::InvalidTransition(
                "El tiempo de validación aún no vence.".to_owned(),
            )),
            New | Assigned | OnHold(_) | Closed => Err(illegal()),
        },
        Command::FireSteps => match ticket.state {
            New | Assigned | OnHold(_) | Solved => {
                let due = clocks.fire_steps();
                if due.is_empty() {
                    return Err(Rejection::InvalidTransition(
                        "Ningún plazo está por avisar.".to_owned(),
                    ));
                }
                Ok(due)
            }
            Closed => Err(illegal()),
        },
        Command::FileMail { what, text } => match ticket.state {
            New | Assigned | OnHold(_) | Solved => Ok(vec![(
                EventKind::MailFiled {
                    what: what.clone(),
                    text: text.clone(),
                },
                vec![],
            )]),
            Closed => Err(illegal()),
        },
        Command::RecordBounce {
            recipient,
            why,
            detail,
        } => match ticket.state {
            // The desk is told once for each address.
            New | Assigned | OnHold(_) | Solved if ticket.unreachable.contains(recipient) => {
                Err(Rejection::InvalidTransition(
                    "Ya consta que esa dirección no recibe correo.".to_owned(),
                ))
            }
            New | Assigned | OnHold(_) | Solved => Ok(vec![(
                EventKind::MailBounced {
                    recipient: recipient.clone(),
                    why: *why,
                    detail: detail.clone(),
                },
                vec![],
            )]),
            Closed => Err(illegal()),
        },
        Command::Link { link } => match ticket.state {
            New | Assigned | OnHold(_) | Solved | Closed => {
                Ok(vec![(EventKind::Linked { link: link.clone() }, vec![])])
            }
        },
    }
}

/// What commands do to the clocks of a ticket.
struct Clockwork<'a> {
    ticket: &'a Ticket,
    setting: Setting<'a>,
}

impl Clockwork<'_> {
    fn start(&self, clock: ClockKind, limit_seconds: u64) -> Result<ClockChange, Rejection> {
        let policy = &self.ticket.policy;
        let calendar = calendar(&policy.calendar, self.setting)?;
        Ok(ClockChange::Start {
            clock,
            calendar: policy.calendar.clone(),
            limit_seconds,
            due_at: due(calendar, self.setting.now, limit_seconds)?,
            steps: start_steps(policy, clock, limit_seconds, calendar, self.setting.now)?,
        })
    }

    /// Section 5: the solution time runs for whoever is in charge.
    fn start_solution(&self) -> Result<ClockChange, Rejection> {
        self.start(ClockKind::Solution, self.ticket.policy.solution_seconds)
    }

    /// Working time that a clock has used up to now, in seconds.
    fn used(&self, kind: ClockKind) -> Result<u64, Rejection> {
        let clock = self.ticket.clocks.get(kind);
        let (Some(_), Some(id)) = (clock.running_since(), &clock.calendar) else {
            return Ok(clock.used_seconds);
        };
        Ok(clock.used_at(calendar(id, self.setting)?, self.setting.now))
    }

    fn pause(&self, clock: ClockKind) -> Result<Vec<ClockChange>, Rejection> {
        match self.ticket.clocks.get(clock).state {
            ClockState::Running => Ok(vec![ClockChange::Pause {
                clock,
                used_seconds: self.used(clock)?,
            }]),
            ClockState::Idle | ClockState::Paused | ClockState::Met | ClockState::Stopped => {
                Ok(vec![])
            }
        }
    }

    fn resume(&self, clock: ClockKind) -> Result<Vec<ClockChange>, Rejection> {
        let stored = self.ticket.clocks.get(clock);
        match (stored.state, &stored.calendar) {
            (ClockState::Paused | ClockState::Met, Some(id)) => {
                let calendar = calendar(id, self.setting)?;
                let due_at = due(calendar, self.setting.now, stored.left_seconds())?;
                let mut steps = stored.steps.clone();
                for step in steps.iter_mut().filter(|step| step.is_armed()) {
                    let rule = Step {
                        clock,
                        percent: step.percent,
                        tells: step.tells,
                    };
                    let left = rule
                        .seconds(stored.limit_seconds)
                        .saturating_sub(stored.used_seconds);
                    step.at = due(calendar, self.setting.now, left)?;
                }
                Ok(vec![ClockChange::Resume {
                    clock,
                    due_at,
                    steps,
                }])
            }
            (ClockState::Idle | ClockState::Running | ClockState::Stopped, _)
            | (ClockState::Paused | ClockState::Met, None) => Ok(vec![]),
        }
    }

    fn meet(&self, clock: ClockKind) -> Result<Vec<ClockChange>, Rejection> {
        match self.ticket.clocks.get(clock).state {
            ClockState::Running | ClockState::Paused => Ok(vec![ClockChange::Meet {
                clock,
                used_seconds: self.used(clock)?,
            }]),
            ClockState::Idle | ClockState::Met | ClockState::Stopped => Ok(vec![]),
        }
    }

    fn stop(&self, clock: ClockKind) -> Result<Vec<ClockChange>, Rejection> {
        match self.ticket.clocks.get(clock).state {
            ClockState::Running | ClockState::Paused => Ok(vec![ClockChange::Stop {
                clock,
                used_seconds: self.used(clock)?,
            }]),
            ClockState::Idle | ClockState::Met | ClockState::Stopped => Ok(vec![]),
        }
    }

    /// Time used stays used under the new limits. A step that has fired fires
    /// again only where the new limit puts it back into the future.
    fn reschedule(&self, policy: &Policy) -> Result<Vec<ClockChange>, Rejection> {
        let limits = [
            (ClockKind::Attention, policy.attention_seconds),
            (ClockKind::Solution, policy.solution_seconds),
            (ClockKind::Validation, policy.validation_seconds),
        ];
        let mut changes = Vec::new();
        for (clock, limit_seconds) in limits {
            let used_seconds = self.used(clock)?;
            let left = limit_seconds.saturating_sub(used_seconds);
            let due_at = match self.ticket.clocks.get(clock).state {
                ClockState::Running => Some(due(
                    calendar(&policy.calendar, self.setting)?,
                    self.setting.now,
                    left,
                )?),
                ClockState::Paused => None,
                // What has ended was measured against the limits of its time.
                ClockState::Idle | ClockState::Met | ClockState::Stopped => continue,
            };
            let hours = calendar(&policy.calendar, self.setting)?;
            let stored = self.ticket.clocks.get(clock);
            let mut steps = Vec::new();
            for rule in policy.steps.iter().filter(|rule| rule.clock == clock) {
                let seconds = rule.seconds(limit_seconds);
                let fired = stored
                    .steps
                    .iter()
                    .find(|s| s.percent == rule.percent && s.tells == rule.tells)
                    .filter(|_| seconds <= used_seconds);
                steps.push(ClockStep {
                    percent: rule.percent,
                    tells: rule.tells,
                    at: due(
                        hours,
                        self.setting.now,
                        seconds.saturating_sub(used_seconds),
                    )?,
                    fired_at: fired.and_then(|step| step.fired_at),
                });
            }
            changes.push(ClockChange::Reschedule {
                clock,
                calendar: policy.calendar.clone(),
                limit_seconds,
                used_seconds,
                due_at,
                steps,
            });
        }
        Ok(changes)
    }

    /// The request has its answer: attention and solution are met, and the
    /// requester's time to validate begins.
    fn answered(&self) -> Result<Vec<ClockChange>, Rejection> {
        let mut changes = self.meet(ClockKind::Attention)?;
        changes.extend(self.meet(ClockKind::Solution)?);
        changes.push(self.start(ClockKind::Validation, self.ticket.policy.validation_seconds)?);
        Ok(changes)
    }

    fn resolve(&self, solution: &str) -> Result<Vec<Draft>, Rejection> {
        let missing = self.ticket.missing_formats();
        if !missing.is_empty() {
            let codes: Vec<_> = missing.iter().map(|code| code.0.as_str()).collect();
            return Err(Rejection::InvalidTransition(format!(
                "Faltan por diligenciar los formatos: {}.",
                codes.join(", ")
            )));
        }
        Ok(vec![(
            EventKind::Resolved {
                solution: solution.to_owned(),
                round: self.ticket.reopened,
            },
            self.answered()?,
        )])
    }

    /// The solution did not hold: its clock goes on with what was left, and the
    /// time in between counts neither as worked nor as paused.
    fn reopen(&self, reason: Option<String>) -> Result<Draft, Rejection> {
        let mut changes = self.stop(ClockKind::Validation)?;
        changes.extend(self.resume(ClockKind::Solution)?);
        Ok((EventKind::Reopened { reason }, changes))
    }

    /// The steps that are due, the earliest first. Once the validation time is
    /// over there is nothing to be reminded of.
    fn fire_steps(&self) -> Vec<Draft> {
        let now = self.setting.now;
        let mut due = Vec::new();
        for (kind, clock) in self.ticket.clocks.all() {
            let (Some(_), Some(due_at)) = (clock.running_since(), clock.due_at) else {
                continue;
            };
            if kind == ClockKind::Validation && self.validation_is_over() {
                continue;
            }
            let steps = clock.steps.iter();
            for step in steps.filter(|step| step.is_armed() && step.at <= now) {
                due.push((kind, due_at, step));
            }
        }
        due.sort_by_key(|(_, _, step)| step.at);
        due.into_iter()
            .map(|(clock, due_at, step)| {
                let late = now.duration_since(step.at).as_secs();
                let reached = StepReached {
                    percent: step.percent,
                    tells: step.tells,
                    due_at,
                    reached_at: step.at,
                    late_seconds: u64::try_from(late).unwrap_or_default(),
                    responsible: match clock {
                        // To get in touch is the desk's.
                        ClockKind::Attention => self.ticket.assignee.clone(),
                        ClockKind::Solution => self.ticket.responsible().cloned(),
                        ClockKind::Validation => None,
                    },
                };
                let fire = ClockChange::Fire {
                    clock,
                    percent: step.percent,
                    tells: step.tells,
                };
                (EventKind::reached(clock, reached), vec![fire])
            })
            .collect()
    }

    fn validation_is_over(&self) -> bool {
        self.ticket
            .clocks
            .validation
            .due_at
            .is_some_and(|due| due <= self.setting.now)
    }

    fn agent(&self, email: &EmailAddress) -> Result<Person, Rejection> {
        self.setting
            .catalogue
            .agents(&self.ticket.policy.team)
            .find(|agent| agent.email == *email)
            .map(|agent| Person {
                email: agent.email.clone(),
                name: agent.name.clone(),
            })
            .ok_or_else(|| {
                Rejection::Validation(FieldError::new(
                    "agent",
                    "unknown_agent",
                    format!("«{email}» no es agente del equipo de esta solicitud."),
                ))
            })
    }

    fn officer(&self, email: &EmailAddress) -> Result<Person, Rejection> {
        self.setting
            .catalogue
            .person(email)
            .filter(|entry| {
                entry.roles.contains(&Role::Officer) || entry.roles.contains(&Role::Head)
            })
            .map(|entry| Person {
                email: entry.email.clone(),
                name: entry.name.clone(),
            })
            .ok_or_else(|| {
                Rejection::Validation(FieldError::new(
                    "officer",
                    "unknown_officer",
                    format!("«{email}» no es funcionario de la Oficina de Tecnología."),
                ))
            })
    }
}

/// The steps of a clock that begins at `now`.
fn start_steps(
    policy: &Policy,
    clock: ClockKind,
    limit_seconds: u64,
    calendar: &Calendar,
    now: Timestamp,
) -> Result<Vec<ClockStep>, Rejection> {
    let rules = policy.steps.iter().filter(|rule| rule.clock == clock);
    rules
        .map(|rule| {
            Ok(ClockStep {
                percent: rule.percent,
                tells: rule.tells,
                at: due(calendar, now, rule.seconds(limit_seconds))?,
                fired_at: None,
            })
        })
        .collect()
}

fn calendar<'a>(id: &CalendarId, setting: Setting<'a>) -> Result<&'a Calendar, Rejection> {
    setting
        .catalogue
        .calendar(id)
        .ok_or_else(|| Rejection::Calendar(format!("calendar {id} is not in the catalogue")))
}

fn due(calendar: &Calendar, from: Timestamp, seconds: u64) -> Result<Timestamp, Rejection> {
    calendar
        .add(from, Duration::from_secs(seconds))
        .map_err(in_calendar)
}

fn in_calendar(error: CalendarError) -> Rejection {
    Rejection::Calendar(error.to_string())
}
