//! People, a catalogue and tickets in every state, to test with.

use std::sync::LazyLock;

use serde_json::json;

use types::catalogue::Catalogue;
use types::command::{
    Application, Command, NewTicket, Rejection, Setting, WhenAway, admit, decide,
};
use types::format::record::Values;
use types::ids::{CategoryId, EmailAddress, ProviderId, TicketId, TicketNumber};
use types::incident::{Incident, IncidentKind, PersonalData};
use types::legal::{Authority, ReportOutcome};
use types::permission::{Actor, Caller};
use types::ticket::{
    Attachment, BounceKind, Channel, Event, HoldReason, Link, Person, Request, State, Ticket,
    Visibility, WebAction, WebRequest, apply,
};
use types::{SignedDuration, Timestamp};

/// The catalogue that ships.
pub static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(|| Catalogue::shipped().unwrap());

/// A Monday, 08:00 in Bogotá.
pub fn monday() -> Timestamp {
    "2026-11-23T13:00:00Z".parse().unwrap()
}

/// The same with everybody away whom it names.
pub fn without(people: &[&str]) -> Catalogue {
    let mut document = CATALOGUE.document().clone();
    for entry in &mut document.directory {
        let local = entry.email.as_str().split('@').next().unwrap_or_default();
        entry.available &= !people.contains(&local);
    }
    Catalogue::new(document).unwrap()
}

pub fn at(now: Timestamp) -> Setting<'static> {
    Setting {
        now,
        catalogue: &CATALOGUE,
    }
}

pub fn address(text: &str) -> EmailAddress {
    EmailAddress::parse(&format!("{text}@uspec.gov.co")).unwrap()
}

/// Somebody, by the local part of his address.
pub fn caller(local: &str) -> Caller {
    Caller::identify(
        address(local),
        None,
        &CATALOGUE,
        &["uspec.gov.co".to_owned()],
    )
}

pub fn person(local: &str) -> Actor {
    Actor::Person(caller(local))
}

/// An outside provider who signed in: he is in no directory.
pub fn provider() -> Caller {
    let email = CATALOGUE.document().providers[0].email.clone();
    Caller::identify(email, None, &CATALOGUE, &["uspec.gov.co".to_owned()])
}

/// The same, as his mail comes in.
pub fn provider_mail() -> Actor {
    let provider = &CATALOGUE.document().providers[0];
    Actor::Provider {
        id: provider.id.clone(),
        email: provider.email.clone(),
    }
}

pub const REQUESTER: &str = "funcionaria";
pub const AGENT: &str = "agente1.soporte";
pub const OFFICER: &str = "oficial1.tecnologia";
pub const COORDINATOR: &str = "coordinador.mesa";
pub const COPIED: &str = "copiado";

pub fn id() -> TicketId {
    TicketId::new(monday(), 7)
}

pub fn application(category: &str) -> Application {
    let requester = Person {
        email: address(REQUESTER),
        name: "Funcionaria".to_owned(),
    };
    let mut request = Request::new(
        "No abre el correo".to_owned(),
        "Desde hoy no abre el correo.".to_owned(),
        Channel::Web,
        requester,
    );
    request.web_request = (category == "publicacion_web").then_some(WebRequest {
        action: WebAction::Publish,
    });
    request.incident = (category == "incidente_seguridad").then(known_incident);
    Application {
        request,
        category: CategoryId::from(category),
        links: vec![],
    }
}

/// An incident of which it is not known whether personal data are touched.
pub fn known_incident() -> Incident {
    Incident {
        kind: IncidentKind::Phishing,
        asset: "Buzón de la dependencia".to_owned(),
        personal_data: PersonalData::Unknown,
        people: None,
        containment: None,
        severity: None,
    }
}

fn application_copying(category: &str) -> Application {
    let mut application = application(category);
    application.request.observers = vec![caller(COPIED).person()];
    application
}

/// A ticket and all that happened to it.
#[derive(Clone)]
pub struct Story {
    pub ticket: Ticket,
    pub events: Vec<Event>,
    pub now: Timestamp,
}

impl Story {
    /// Registered on Monday at 08:00.
    pub fn registered(category: &str) -> Self {
        Self::registered_at(category, monday())
    }

    pub fn registered_at(category: &str, now: Timestamp) -> Self {
        let admission = admit(application(category), &person(REQUESTER), at(now)).unwrap();
        let NewTicket { ticket, events } = admission.register(id(), TicketNumber(1));
        Story {
            ticket,
            events,
            now,
        }
    }

    /// Registered with somebody copied, by a mail to two teams' mailboxes.
    pub fn written_to_two_teams(category: &str) -> Self {
        let mut application = application_copying(category);
        application.request.other_teams = vec!["impresion".into()];
        Self::admitted(application)
    }

    /// With somebody copied, and declined by the coordinator.
    pub fn observed_and_declined() -> Self {
        let decline = Command::Decline {
            reason: "Nota".to_owned(),
        };
        Self::written_to_two_teams("plataforma").when(&person(COORDINATOR), decline)
    }

    fn admitted(application: Application) -> Self {
        let admission = admit(application, &person(REQUESTER), at(monday())).unwrap();
        let NewTicket { ticket, events } = admission.register(id(), TicketNumber(1));
        Story {
            ticket,
            events,
            now: monday(),
        }
    }

    /// Lets working or other time pass.
    pub fn after_minutes(mut self, minutes: i64) -> Self {
        self.now += SignedDuration::from_mins(minutes);
        self
    }

    pub fn attempt(&mut self, who: &Actor, command: &Command) -> Result<Vec<Event>, Rejection> {
        self.attempt_under(&CATALOGUE, who, command)
    }

    /// The same, under another catalogue than the one that ships.
    pub fn attempt_under(
        &mut self,
        catalogue: &Catalogue,
        who: &Actor,
        command: &Command,
    ) -> Result<Vec<Event>, Rejection> {
        let setting = Setting {
            now: self.now,
            catalogue,
        };
        let events = decide(&self.ticket, command, who, setting)?;
        for event in &events {
            apply(&mut self.ticket, event);
        }
        self.events.extend(events.clone());
        Ok(events)
    }

    /// Carries out a command that must succeed.
    pub fn when(mut self, who: &Actor, command: Command) -> Self {
        self.attempt(who, &command)
            .unwrap_or_else(|e| panic!("{command:?}: {e:?}"));
        self
    }

    /// Carries out a command that must succeed under another catalogue.
    pub fn when_under(mut self, catalogue: &Catalogue, who: &Actor, command: Command) -> Self {
        self.attempt_under(catalogue, who, &command)
            .unwrap_or_else(|e| panic!("{command:?}: {e:?}"));
        self
    }

    /// Says why a command is refused.
    pub fn refuses(&self, who: &Actor, command: Command) -> Rejection {
        decide(&self.ticket, &command, who, at(self.now)).expect_err(&format!("{command:?}"))
    }

    pub fn assigned(category: &str) -> Self {
        let agent = caller(AGENT);
        let agent = Person {
            email: agent.email,
            name: agent.name,
        };
        Story::registered(category).when(
            &Actor::System,
            Command::AssignAutomatically {
                agent,
                away: vec![],
            },
        )
    }

    pub fn escalated(category: &str) -> Self {
        Story::assigned(category).when(
            &person(AGENT),
            Command::Escalate {
                officer: address(OFFICER),
                justification: "Servidor caído".to_owned(),
                away: WhenAway::Ask,
            },
        )
    }

    pub fn solved(category: &str) -> Self {
        Story::assigned(category).when(
            &person(AGENT),
            Command::Resolve {
                solution: "Se reinició".to_owned(),
            },
        )
    }

    /// A ticket of a category that asks for the survey, in a state.
    pub fn in_state(state: State) -> Self {
        match state {
            State::New => Story::registered("plataforma"),
            State::Assigned => Story::assigned("plataforma"),
            State::OnHold(HoldReason::Requester) => Story::assigned("plataforma").when(
                &person(AGENT),
                Command::Hold {
                    note: "Se espera un dato".to_owned(),
                },
            ),
            State::OnHold(HoldReason::Technology) => Story::escalated("plataforma"),
            State::OnHold(HoldReason::Provider) => Story::escalated("plataforma").when(
                &person(OFFICER),
                Command::RequestProvider {
                    provider: ProviderId::from("redes_externo"),
                    message: "Favor revisar".to_owned(),
                },
            ),
            State::Solved => Story::solved("plataforma"),
            State::Closed => Story::solved("plataforma").when(
                &Actor::SurveyHolder,
                Command::AnswerSurvey {
                    round: 0,
                    solved: true,
                    rating: 5,
                    comment: None,
                },
            ),
        }
    }
}

/// An object's members.
pub fn fields(value: serde_json::Value) -> Values {
    match value {
        serde_json::Value::Object(fields) => fields,
        other => panic!("no fields: {other}"),
    }
}

/// Section 1 of A3-S1-FO-01, for a contractor.
pub fn first_section() -> Values {
    fields(json!({
        "novelty": "entry", "kind": "contractor",
        "document_type": "CC", "document_number": "52345618",
        "first_names": "Ricardo", "last_names": "Pérez",
        "unit": "Supervisión de Contratos", "position": "Apoyo jurídico",
        "contract_number": "318 de 2026",
        "contract_start": "2026-12-01", "contract_end": "2027-05-31",
        "supervisor": address(COORDINATOR), "boss": address("jefa.juridica"),
        "personal_email": "ricardo@example.com", "phone": "3001234567"
    }))
}

/// One of each command, with somebody who may give it where the ticket allows.
pub fn commands() -> Vec<(&'static str, Actor, Command)> {
    let note = || "Nota".to_owned();
    let agent = caller("agente2.soporte");
    let agent = Person {
        email: agent.email,
        name: agent.name,
    };
    let attachment = Attachment {
        id: "1".to_owned(),
        name: "pantalla.png".to_owned(),
        content_type: "image/png".to_owned(),
        size: 10,
        visibility: Visibility::Public,
        digest: None,
    };
    let provider = ProviderId::from("redes_externo");
    let link = Link {
        id: TicketId::new(monday(), 8),
        number: TicketNumber(2),
        visibility: Visibility::Public,
    };
    let coordinator = || person(COORDINATOR);
    let officer = || person(OFFICER);
    vec![
        (
            "assign automatically",
            Actor::System,
            Command::AssignAutomatically {
                agent,
                away: vec![],
            },
        ),
        ("defer assignment", Actor::System, Command::DeferAssignment),
        ("take", coordinator(), Command::Take),
        (
            "assign to",
            coordinator(),
            Command::AssignTo {
                agent: address("agente2.soporte"),
                away: WhenAway::Ask,
            },
        ),
        ("hand over", Actor::System, Command::HandOver),
        ("contact", coordinator(), Command::Contact { note: note() }),
        (
            "follow up",
            coordinator(),
            Command::FollowUp {
                body: note(),
                visibility: Visibility::Public,
            },
        ),
        (
            "follow up internally",
            coordinator(),
            Command::FollowUp {
                body: note(),
                visibility: Visibility::Internal,
            },
        ),
        (
            "add attachment",
            coordinator(),
            Command::AddAttachments {
                attachments: vec![attachment],
                left_out: 0,
            },
        ),
        (
            "recategorise",
            coordinator(),
            Command::Recategorise {
                category: CategoryId::from("redes"),
            },
        ),
        (
            "draft section",
            person("personal"),
            Command::DraftSection {
                code: "A3-S1-FO-01".into(),
                section: "user".into(),
                fields: fields(json!({ "kind": "official" })),
            },
        ),
        (
            "sign section",
            person("personal"),
            Command::SignSection {
                code: "A3-S1-FO-01".into(),
                section: "user".into(),
                fields: Some(first_section()),
                on_paper: None,
                holder: None,
            },
        ),
        (
            "correct section",
            coordinator(),
            Command::CorrectSection {
                code: "A3-S1-FO-01".into(),
                section: "user".into(),
                reason: note(),
            },
        ),
        ("hold", coordinator(), Command::Hold { note: note() }),
        ("resume", coordinator(), Command::Resume { note: None }),
        (
            "escalate",
            coordinator(),
            Command::Escalate {
                officer: address(OFFICER),
                justification: note(),
                away: WhenAway::Ask,
            },
        ),
        ("return", officer(), Command::Return { note: note() }),
        (
            "request provider",
            officer(),
            Command::RequestProvider {
                provider,
                message: note(),
            },
        ),
        (
            "record provider reply",
            officer(),
            Command::RecordProviderReply { body: note() },
        ),
        (
            "report solution",
            officer(),
            Command::ReportSolution { body: note() },
        ),
        (
            "resolve",
            coordinator(),
            Command::Resolve { solution: note() },
        ),
        (
            "decline",
            coordinator(),
            Command::Decline { reason: note() },
        ),
        (
            "describe incident",
            coordinator(),
            Command::DescribeIncident {
                incident: Box::new(known_incident()),
            },
        ),
        (
            "record report",
            coordinator(),
            Command::RecordReport {
                authority: Authority::Csirt,
                outcome: ReportOutcome::Reported,
                note: note(),
            },
        ),
        (
            "mark petition",
            coordinator(),
            Command::MarkPetition { note: note() },
        ),
        (
            "unmark petition",
            coordinator(),
            Command::UnmarkPetition { reason: note() },
        ),
        (
            "forward",
            coordinator(),
            Command::Forward {
                to: Person {
                    email: address("atencion.ciudadano"),
                    name: "Atención al Ciudadano".to_owned(),
                },
                message: note(),
            },
        ),
        (
            "answer survey: solved",
            Actor::SurveyHolder,
            Command::AnswerSurvey {
                round: 0,
                solved: true,
                rating: 4,
                comment: None,
            },
        ),
        (
            "answer survey: not solved",
            Actor::SurveyHolder,
            Command::AnswerSurvey {
                round: 0,
                solved: false,
                rating: 1,
                comment: None,
            },
        ),
        (
            "reject",
            person(REQUESTER),
            Command::Reject { reason: note() },
        ),
        ("close", coordinator(), Command::Close),
        ("revoke link", coordinator(), Command::RevokeLink),
        (
            "remove observer",
            coordinator(),
            Command::RemoveObserver {
                email: address(COPIED),
            },
        ),
        ("stop observing", person(COPIED), Command::StopObserving),
        (
            "expire validation",
            Actor::System,
            Command::ExpireValidation,
        ),
        ("fire steps", Actor::System, Command::FireSteps),
        (
            "file mail",
            Actor::System,
            Command::FileMail {
                what: "auto_replied".to_owned(),
                text: note(),
            },
        ),
        (
            "record bounce",
            Actor::System,
            Command::RecordBounce {
                recipient: address(REQUESTER),
                why: BounceKind::Permanent,
                detail: note(),
            },
        ),
        (
            "change requester",
            coordinator(),
            Command::ChangeRequester {
                email: address("rosa.diaz"),
                name: Some("Rosa Díaz".to_owned()),
            },
        ),
        ("link", Actor::System, Command::Link { link: link.clone() }),
        (
            "link apart",
            Actor::System,
            Command::Link {
                link: Link {
                    visibility: Visibility::Internal,
                    ..link
                },
            },
        ),
    ]
}

/// A role as the tables head their columns, with somebody who has it.
pub fn roles() -> Vec<(&'static str, Actor)> {
    vec![
        ("requester", person(REQUESTER)),
        ("other req.", person("otro")),
        ("copied", person(COPIED)),
        ("responsible", person(AGENT)),
        ("teammate", person("agente2.soporte")),
        ("other team", person("agente1.impresion")),
        ("officer", person(OFFICER)),
        ("other off.", person("oficial2.tecnologia")),
        ("coordinator", person(COORDINATOR)),
        ("head", person("jefe.tecnologia")),
        ("personnel", person("personal")),
        ("auditor", person("auditor.interno")),
        ("provider", Actor::Person(provider())),
        ("his mail", provider_mail()),
        ("survey link", Actor::SurveyHolder),
        ("system", Actor::System),
    ]
}
