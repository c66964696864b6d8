//! Registration: whether a request may become a ticket, and the ticket that it
//! becomes.

use jiff::Timestamp;

use super::clockwork::{begin_incident, calendar, due, start_steps};
use super::decide::decide;
use super::kind::{Command, CommandKind};
use super::rejection::Rejection;
use super::setting::Setting;
use crate::catalogue::{Category, Role};
use crate::clock::{ClockChange, ClockKind};
use crate::format::record::Values;
use crate::ids::{CategoryId, FormatCode, MailId, SectionId, TicketId, TicketNumber};
use crate::permission::{Actor, Denial, authorise};
use crate::problem::FieldError;
use crate::ticket::{
    ActorRole, Attachment, Channel, Event, EventActor, EventKind, Link, Policy, Registration,
    Request, SystemRole, Ticket, apply_all,
};

/// A request that is about to be registered: checked, and still without number.
#[derive(Clone, Debug, PartialEq)]
pub struct Application {
    pub request: Request,
    pub category: CategoryId,
    /// Tickets that it continues.
    pub links: Vec<Link>,
}

/// An application that may be registered: all that is missing is an identity.
#[derive(Clone, Debug)]
pub struct Admission {
    application: Application,
    policy: Policy,
    actor: EventActor,
    at: Timestamp,
    clocks: Vec<ClockChange>,
}

/// Decides whether an application may be registered (activities 1 and 2). It
/// comes before a number is taken, so that no refusal costs a number.
///
/// # Errors
/// When the category is unknown, what it asks for is missing, or the actor may
/// not register this.
pub fn admit(
    mut application: Application,
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
            let own = application.request.requester.person.email == caller.email
                && application.request.channel != Channel::Phone;
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
    let category = setting.catalogue.offered_category(&application.category);
    let category = category.map_err(Rejection::Validation)?;
    if category.web_request && application.request.web_request.is_none() {
        return Err(Rejection::Validation(FieldError::required("web_request")));
    }
    if !category.web_request && application.request.web_request.is_some() {
        return Err(Rejection::Validation(FieldError::new(
            "web_request",
            "not_allowed",
            "Solo se usa en las categorías de publicación en la página web.",
        )));
    }
    check_incident(&mut application.request, category)?;
    complete(&mut application.request, setting);
    let policy = Policy::from(category);
    let calendar = calendar(&policy.calendar, setting)?;
    // Section 5: the attention time runs from registration.
    let attention = ClockChange::Start {
        clock: ClockKind::Attention,
        calendar: policy.calendar.clone(),
        limit_seconds: policy.attention_seconds,
        since: None,
        due_at: due(calendar, setting.now, policy.attention_seconds)?,
        steps: start_steps(
            &policy,
            ClockKind::Attention,
            policy.attention_seconds,
            calendar,
            setting.now,
        )?,
    };
    let legal = begin_incident(&policy, application.request.incident.as_ref(), setting)?;
    Ok(Admission {
        application,
        policy,
        actor: by,
        at: setting.now,
        clocks: [attention].into_iter().chain(legal).collect(),
    })
}

/// What is known of an incident comes with it, but where it came by mail; and what its
/// group alone sees is copied to nobody.
fn check_incident(request: &mut Request, category: &Category) -> Result<(), Rejection> {
    let by_form = match request.channel {
        Channel::Web | Channel::Phone => true,
        Channel::Email => false,
    };
    let refuse = |field: &str, code, detail: &str| {
        Err(Rejection::Validation(FieldError::new(field, code, detail)))
    };
    if category.incident && request.incident.is_none() && by_form {
        return Err(Rejection::Validation(FieldError::required("incident")));
    }
    if !category.incident && request.incident.is_some() {
        return refuse(
            "incident",
            "not_allowed",
            "Solo se usa en las categorías de incidentes de seguridad.",
        );
    }
    if category.restricted && by_form && !request.observers.is_empty() {
        return refuse(
            "observers",
            "not_allowed",
            "Esta solicitud la ve solo el grupo que la atiende: no se copia a nadie.",
        );
    }
    if category.restricted {
        request.observers.clear();
        request.other_teams.clear();
    }
    Ok(())
}

/// What the directory knows of whoever asks, nobody has to say: it stands in for what was
/// not said, however the request came in.
fn complete(request: &mut Request, setting: Setting<'_>) {
    let requester = &mut request.requester;
    let Some(known) = setting.catalogue.person(&requester.person.email) else {
        return;
    };
    let missing = |said: &mut Option<String>, known: &Option<String>| {
        if said.is_none() {
            said.clone_from(known);
        }
    };
    missing(&mut requester.unit, &known.unit);
    missing(&mut request.extension, &known.extension);
    requester.kind = requester.kind.or(known.kind);
}

impl Admission {
    /// The ticket and its first event, once it has an identity.
    pub fn register(&self, id: TicketId, number: TicketNumber) -> NewTicket {
        let application = self.application.clone();
        let registration = Registration {
            id,
            number,
            request: application.request,
            policy: self.policy.clone(),
            links: application.links,
        };
        let clocks = self.clocks.clone();
        NewTicket {
            ticket: Ticket::registered(&registration, &clocks, self.at),
            events: vec![Event {
                seq: 1,
                at: self.at,
                actor: self.actor.clone(),
                kind: EventKind::Registered(Box::new(registration)),
                clocks,
                mail: None,
                whole: None,
            }],
        }
    }
}

/// A ticket that is about to be written for the first time.
#[derive(Clone, Debug)]
pub struct NewTicket {
    /// The ticket after its events.
    pub ticket: Ticket,
    pub events: Vec<Event>,
}

impl NewTicket {
    /// The same with files that belong to it. Whoever registers it says which, whoever's
    /// it will be to work on.
    pub fn with(self, attachments: Vec<Attachment>) -> Self {
        match attachments.is_empty() {
            true => self,
            false => self.also(EventKind::AttachmentsAdded {
                attachments,
                left_out: 0,
            }),
        }
    }

    /// The same, with a section of a format that is filled in as far as it is known.
    /// Nobody's signature stands under it.
    pub fn drafted(
        self,
        code: &FormatCode,
        version: u32,
        section: &SectionId,
        fields: Values,
    ) -> Self {
        self.also(EventKind::SectionDrafted {
            code: code.clone(),
            version,
            section: section.clone(),
            fields,
        })
    }

    /// The same, and in the same moment, by whoever registers it, this.
    fn also(mut self, kind: EventKind) -> Self {
        if let Some(registered) = self.events.first() {
            let event = Event {
                seq: self.ticket.version + 1,
                at: registered.at,
                actor: registered.actor.clone(),
                kind,
                clocks: vec![],
                mail: None,
                whole: None,
            };
            apply_all(&mut self.ticket, std::slice::from_ref(&event));
            self.events.push(event);
        }
        self
    }

    /// The same, with a command carried out on it before anybody sees it: the
    /// files that came with a mail.
    ///
    /// # Errors
    /// See [`decide`].
    pub fn then(
        mut self,
        command: &Command,
        actor: &Actor,
        setting: Setting<'_>,
    ) -> Result<Self, Rejection> {
        let events = decide(&self.ticket, command, actor, setting)?;
        apply_all(&mut self.ticket, &events);
        self.events.extend(events);
        Ok(self)
    }

    /// The same, registered while its requester is on the line: whoever registers it
    /// takes it and has been in touch, which meets the attention time at its very
    /// beginning. What another team works on he may not take: it waits for them,
    /// with its clock running, as it would without this.
    ///
    /// # Errors
    /// See [`decide`].
    pub fn attended(
        self,
        note: &str,
        actor: &Actor,
        setting: Setting<'_>,
    ) -> Result<Self, Rejection> {
        match authorise(CommandKind::Take, actor, &self.ticket) {
            // Who phones in for himself does not attend to it.
            Ok(by)
                if by
                    .email
                    .as_ref()
                    .is_some_and(|email| self.ticket.is_of(email)) =>
            {
                Ok(self)
            }
            Ok(_) => {
                let note = note.to_owned();
                self.then(&Command::Take, actor, setting)?.then(
                    &Command::Contact { note },
                    actor,
                    setting,
                )
            }
            Err(
                Denial::Hidden
                | Denial::Forbidden
                | Denial::Held(_)
                | Denial::Free
                | Denial::Asked(_)
                | Denial::OthersToSign(_),
            ) => Ok(self),
        }
    }

    /// The same, brought about by a mail.
    pub fn by_mail(mut self, mail: &MailId) -> Self {
        for event in &mut self.events {
            event.mail = Some(mail.clone());
        }
        self
    }
}
