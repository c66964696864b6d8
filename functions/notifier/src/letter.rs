//! What the mails say: one letter for each kind of mail. They are read by people
//! of the entity, in Spanish, and say what their audience may know.

use askama::Template;
use types::Timestamp;
use types::catalogue::Catalogue;
use types::clock::{Clock, ClockKind, ClockState, ClockStep};
use types::effects::MailKind;
use types::format::record::Values;
use types::format::schema::{Rule, Who};
use types::format::turn::{
    Turn, awaited, awaited_since, name_of as name_of_format, schema_of, signers,
};
use types::ids::EmailAddress;
use types::legal::{Forwarding, ReportOutcome};
use types::spanish::{duration, in_words};
use types::ticket::{
    Attachment, BounceKind, Event, EventKind, Outcome, ReleaseReason, State, StepReached, Ticket,
    Visibility,
};
use types::token::{Audience, TokenUse};
use types::verbs::Verb;

use crate::asks;
use crate::office::Office;

/// Bytes of the files that go along with a mail, all together: SES takes ten megabytes of
/// what they are in base64
/// (<https://docs.aws.amazon.com/ses/latest/dg/quotas.html>).
pub const MAX_ANNEXES: u64 = 6_000_000;

/// A file that goes along with a mail.
pub struct Annex {
    pub name: String,
    pub content_type: String,
    pub bytes: Vec<u8>,
}

/// A letter, before it becomes text and HTML.
#[derive(Default)]
pub struct Letter {
    /// What follows the tag in the subject, before the title.
    pub subject: &'static str,
    pub greeting: String,
    pub paragraphs: Vec<String>,
    /// What somebody wrote, shown as his.
    pub quote: Option<String>,
    /// What was asked for, where whoever gets it has not read it yet.
    pub request: Option<String>,
    /// The names of the files that belong to it.
    pub files: Vec<String>,
    /// Those that go along with it.
    pub annexes: Vec<Annex>,
    /// What follows from it.
    pub closing: Vec<String>,
    /// The one thing to do, under the sentence that asks for it.
    pub button: Option<(&'static str, String)>,
    /// Where the service is rated: a star of the mail is chosen there, and not sent yet.
    pub survey: Option<String>,
    /// What an answer to the mail does.
    pub answer: Vec<String>,
    /// The words that an answer may begin a line with, and what each does.
    pub verbs: Vec<(&'static str, &'static str)>,
    /// Names and values of the ticket.
    pub facts: Vec<(&'static str, String)>,
    /// Links to follow.
    pub links: Vec<(&'static str, String)>,
}

#[derive(Template)]
#[template(path = "mail.txt", escape = "none")]
struct Text<'a> {
    letter: &'a Letter,
}

impl Text<'_> {
    fn files(&self) -> &'static str {
        self.letter.files()
    }
}

#[derive(Template)]
#[template(path = "mail.html")]
struct Html<'a> {
    letter: &'a Letter,
    title: &'a str,
}

impl Html<'_> {
    fn files(&self) -> &'static str {
        self.letter.files()
    }
}

impl Letter {
    fn files(&self) -> &'static str {
        match self.files.len() {
            1 => "Tiene un archivo:",
            _ => "Tiene archivos:",
        }
    }

    /// The letter as plain text.
    ///
    /// # Errors
    /// Never in practice: writing into memory does not fail.
    pub fn text(&self) -> Result<String, askama::Error> {
        Text { letter: self }.render()
    }

    /// The letter as HTML, everything escaped.
    ///
    /// # Errors
    /// Never in practice: writing into memory does not fail.
    pub fn html(&self, title: &str) -> Result<String, askama::Error> {
        Html {
            letter: self,
            title,
        }
        .render()
    }
}

/// The page that a mail leads to. What goes to the requester alone carries a link
/// of its own, which needs no signing in; whoever else gets a mail signs in.
fn way(kind: MailKind, about: &About<'_>) -> String {
    let About {
        event,
        ticket,
        office,
        to,
        ..
    } = *about;
    if kind == MailKind::SectionAwaits
        && let Some(awaited) = awaited_since(&event.kind, ticket).first()
    {
        return format!("/solicitudes/{}/formatos/{}", ticket.number.0, awaited.code);
    }
    let alone = *to == [ticket.request.requester.person.email.clone()];
    match kind.audience() {
        Audience::Requester if alone => {
            format!(
                "/s/{}",
                office.secret.issue(
                    TokenUse::Link {
                        edition: ticket.link_edition,
                    },
                    ticket.id
                )
            )
        }
        Audience::Requester | Audience::Desk | Audience::Officer | Audience::Provider => {
            format!("/solicitudes/{}", ticket.number.0)
        }
    }
}

/// What a letter is about, for whom, and when it is written.
#[derive(Clone, Copy)]
pub struct About<'a> {
    pub event: &'a Event,
    pub ticket: &'a Ticket,
    pub catalogue: &'a Catalogue,
    pub office: &'a Office,
    pub to: &'a [EmailAddress],
    /// The names of the files that belong to what it says.
    pub files: &'a [String],
    /// Those that there was no room for.
    pub left_out: &'a [String],
    /// What the requester was asked, where he is reminded of it.
    pub question: Option<&'a str>,
    pub now: Timestamp,
}

/// An event that has no such mail: a row of the outbox that no commit writes.
#[derive(Debug, thiserror::Error)]
#[error("this event has no such mail")]
pub struct NoSuchMail;

/// Writes the letter of `kind` about `event`.
///
/// # Errors
/// When the event is none that this mail is about.
pub fn letter(kind: MailKind, about: &About<'_>) -> Result<Letter, NoSuchMail> {
    let About { ticket, office, .. } = *about;
    let page = format!("{}{}", office.base_url, way(kind, about));
    Ok(Letter {
        button: asks::button(kind, ticket, office, &page),
        survey: asks::survey(kind, ticket, office),
        answer: asks::answer(kind, ticket),
        verbs: asks::verbs(kind),
        files: about.files.to_vec(),
        ..written(kind, about, page)?
    })
}

/// What the letter says by itself.
fn written(kind: MailKind, about: &About<'_>, page: String) -> Result<Letter, NoSuchMail> {
    let About {
        event,
        ticket,
        catalogue,
        office,
        to,
        files: _,
        left_out,
        question,
        now: _,
    } = *about;
    // A sweep may have seen it at a time that this clock has not reached.
    let now = about.now.max(event.at);
    let number = ticket.number;
    let requester = greeting_of(
        std::slice::from_ref(&ticket.request.requester.person.email),
        ticket,
        catalogue,
    );
    let assignee = ticket
        .assignee
        .as_ref()
        .map_or("la Mesa de Ayuda", |p| p.name.as_str());
    let by_requester = event.actor.email.as_ref() == Some(&ticket.request.requester.person.email);
    let officer = ticket
        .officer
        .as_ref()
        .map_or("Oficina de Tecnología", |p| p.name.as_str());
    let category = catalogue
        .category(&ticket.policy.category)
        .map_or(ticket.policy.category.0.as_str(), |c| &c.name);
    let team = catalogue
        .team(&ticket.policy.team)
        .map_or(ticket.policy.team.0.as_str(), |team| &team.name);
    let asker = ticket.request.requester.person.email.clone();
    let asker = called(&asker, ticket, catalogue);
    let writer = match &event.actor.email {
        Some(email) => called(email, ticket, catalogue),
        None => "El sistema".to_owned(),
    };
    let ticket_link = ("Ver la solicitud", page);
    let desk_facts = || {
        vec![
            ("Ticket", number.to_string()),
            ("Título", ticket.request.title.clone()),
            ("Categoría", category.to_owned()),
            (
                "Solicitante",
                match asker == ticket.request.requester.person.email.as_str() {
                    true => asker.clone(),
                    false => format!("{asker} <{}>", ticket.request.requester.person.email),
                },
            ),
        ]
    };
    let facts = || {
        vec![
            ("Ticket", number.to_string()),
            ("Título", ticket.request.title.clone()),
            ("Categoría", category.to_owned()),
        ]
    };
    // What every letter has: what the ticket is to its audience, and where it is.
    let plain = Letter {
        facts: match kind.audience() {
            Audience::Requester | Audience::Provider => facts(),
            Audience::Desk | Audience::Officer => desk_facts(),
        },
        links: vec![ticket_link],
        ..Letter::default()
    };
    Ok(match kind {
        MailKind::Registered => match &event.kind {
            EventKind::Registered(registration) => {
            let mut paragraphs = vec![format!(
                "Su solicitud quedó registrada en la Mesa de Ayuda con el número {number}."
            )];
            if let Some(due) = due_at(event) {
                paragraphs.push(format!(
                    "Una persona de la Mesa de Ayuda se pondrá en contacto con usted a más tardar el {}.",
                    in_words(due)
                ));
            }
            paragraphs.push(
                "Conserve este número: con él puede consultar en qué va su solicitud.".to_owned(),
            );
            Letter {
                subject: "Solicitud registrada",
                greeting: requester,
                paragraphs,
                quote: Some(registration.request.description.clone()),
                ..plain
            }
        }
            _ => return Err(NoSuchMail),
        },
        MailKind::RegisteredToObservers => match &event.kind {
            EventKind::Registered(registration) => Letter {
                subject: "En copia de una solicitud",
                greeting: greeting_of(to, ticket, catalogue),
                paragraphs: vec![
                    format!(
                        "{} registró la solicitud {number} en la Mesa de Ayuda y puso a usted en copia:",
                        asker
                    ),
                ],
                quote: Some(registration.request.description.clone()),
                closing: vec![observed()],
                ..plain
            },
            _ => return Err(NoSuchMail),
        },
        MailKind::RegisteredToOtherTeams => match &event.kind {
            EventKind::Registered(registration) => Letter {
                subject: "También llegó a su buzón",
                greeting: "Cordial saludo:".to_owned(),
                paragraphs: vec![
                    format!(
                        "{} escribió a varios buzones de la Mesa de Ayuda, también al de ustedes. Quedó una sola solicitud, la {number}, a cargo de {team}.",
                        asker
                    ),
                ],
                quote: Some(registration.request.description.clone()),
                closing: vec![
                    format!("Si una parte les corresponde, acuérdenlo con {team}."),
                ],
                ..plain
            },
            _ => return Err(NoSuchMail),
        },
        MailKind::Assigned => match &event.kind {
            EventKind::Assigned { agent, .. } => Letter {
            subject: "Solicitud asignada a usted",
            greeting: format!("Hola, {}:", agent.name),
            paragraphs: {
                let mut paragraphs =
                    vec![format!("Usted es responsable de la solicitud {number}.")];
                if let Some(due) = ticket
                    .clocks
                    .attention
                    .running_since()
                    .and(ticket.clocks.attention.due_at)
                {
                    paragraphs.push(format!(
                        "Póngase en contacto con el solicitante antes del {}.",
                        in_words(due)
                    ));
                }
                if let Some(due) = due_at(event) {
                    paragraphs.push(format!("La solución vence el {}.", in_words(due)));
                }
                if ticket
                    .request
                    .web_request
                    .as_ref()
                    .is_some_and(|w| !w.action.is_in_scope())
                {
                    paragraphs.push(
                        "Lo que se pide (diseño o corrección de estilo) está fuera del alcance del procedimiento."
                            .to_owned(),
                    );
                }
                paragraphs
            },
            quote: Some(ticket.request.description.clone()),
            ..plain
        },
            _ => return Err(NoSuchMail),
        },
        MailKind::Reassigned => match &event.kind {
            EventKind::Assigned { agent, from: Some(from), .. } => Letter {
            subject: "Ya no está a su cargo",
            greeting: format!("Hola, {}:", from.name),
            paragraphs: vec![match event.actor.email.as_ref() == Some(&agent.email) {
                true => format!("{} tomó la solicitud {number}, que usted tenía.", agent.name),
                false => format!(
                    "La solicitud {number}, que usted tenía, quedó a cargo de {}.",
                    agent.name
                ),
            }, "Usted no tiene que hacer nada más con ella.".to_owned()],
            ..plain
        },
            _ => return Err(NoSuchMail),
        },
        MailKind::Released => match &event.kind {
            EventKind::Released { from, why } => Letter {
                subject: "Ya no está a su cargo",
                greeting: format!("Hola, {}:", from.name),
                paragraphs: vec![
                    format!(
                        "La solicitud {number}, que usted tenía, queda a cargo de otra persona: {}.",
                        match why {
                            ReleaseReason::Away => "usted figura como ausente",
                            ReleaseReason::Left => "usted ya no es del equipo que la atiende",
                            ReleaseReason::OtherTeam => "pasó a una categoría de otro equipo",
                        }
                    ),
                    "Usted no tiene que hacer nada más con ella.".to_owned(),
                ],
                ..plain
            },
            _ => return Err(NoSuchMail),
        },
        MailKind::ReleasedToCoordinator => match &event.kind {
            EventKind::Released { from, why } => Letter {
                subject: "Cambia de responsable",
                greeting: "A la coordinación de la Mesa de Ayuda:".to_owned(),
                paragraphs: vec![
                    format!(
                        "{} tenía la solicitud {number} y {}.",
                        from.name,
                        match why {
                            ReleaseReason::Away => "figura como ausente",
                            ReleaseReason::Left | ReleaseReason::OtherTeam => {
                                "ya no es del equipo que la atiende"
                            }
                        }
                    ),
                    "Se asigna a quien esté presente y tenga menos; sus tiempos siguen corriendo."
                        .to_owned(),
                ],
                ..plain
            },
            _ => return Err(NoSuchMail),
        },
        MailKind::OfficerAbsent | MailKind::OfficerAbsentToHead => match &event.kind {
            EventKind::OfficerAbsent { officer } => Letter {
                subject: "Escalada a quien no está",
                greeting: match kind {
                    MailKind::OfficerAbsent => "A la coordinación de la Mesa de Ayuda:",
                    _ => "A la jefatura de la Oficina de Tecnología:",
                }
                .to_owned(),
                paragraphs: vec![
                    format!(
                        "La solicitud {number} está escalada a {}, que no está.",
                        officer.name
                    ),
                    "Alguien de ustedes debe escalarla a otra persona: abra la solicitud y elija «Escalar»."
                        .to_owned(),
                ],
                ..plain
            },
            _ => return Err(NoSuchMail),
        },
        MailKind::DeclineObjectedTo => match &event.kind {
            EventKind::Reopened { reason, objects_to: Some(Outcome::Forwarded) } => Letter {
                subject: "No está de acuerdo con el traslado",
                greeting: "A la coordinación de la Mesa de Ayuda:".to_owned(),
                paragraphs: vec![
                    format!("El solicitante no está de acuerdo con que {number} se trasladara, y está abierta de nuevo."),
                    "Decida si es una petición que responde otra dependencia o entidad. Esto dice:".to_owned(),
                ],
                quote: reason.clone(),
                ..plain
            },
            EventKind::Reopened { reason, .. } => Letter {
                subject: "No está de acuerdo con que se declinara",
                greeting: "A la coordinación de la Mesa de Ayuda:".to_owned(),
                paragraphs: vec![
                    format!("El solicitante no está de acuerdo con que se declinara {number}, que está abierta de nuevo."),
                    "Decida si está dentro del alcance del procedimiento. Esto dice:".to_owned(),
                ],
                quote: reason.clone(),
            ..plain
            },
            _ => return Err(NoSuchMail),
        },
        MailKind::ReopenedToCoordinator => match &event.kind {
            EventKind::Reopened { reason, .. } => Letter {
                subject: "Rechazada varias veces",
                greeting: "A la coordinación de la Mesa de Ayuda:".to_owned(),
                paragraphs: vec![format!(
                    "El solicitante ha rechazado {} veces la solución de {number}. La tiene {assignee}.",
                    ticket.reopened
                )],
                quote: reason.clone(),
                ..plain
            },
            _ => return Err(NoSuchMail),
        },
        MailKind::WaitingReminder => match &event.kind {
            EventKind::WaitingReminded(_) => Letter {
                subject: "Recordatorio: esperamos su respuesta",
                greeting: requester,
                paragraphs: vec![
                    format!("La Mesa de Ayuda le preguntó algo sobre su solicitud {number} y sigue esperando su respuesta."),
                ],
                quote: question.map(str::to_owned),
                closing: vec![
                    "Por favor responda: hasta entonces la solicitud espera.".to_owned(),
                ],
                ..plain
            },
            _ => return Err(NoSuchMail),
        },
        MailKind::Unassigned => match &event.kind {
            EventKind::AssignmentDeferred {} => Letter {
            subject: "Sin agente disponible",
            greeting: "A la coordinación de la Mesa de Ayuda:".to_owned(),
            paragraphs: vec![
                format!("Nadie del equipo está disponible para la solicitud {number}."),
                "Se intentará de nuevo cada minuto; también puede asignarla usted.".to_owned(),
            ],
            ..plain
        },
            _ => return Err(NoSuchMail),
        },
        MailKind::FollowUpToRequester => match &event.kind {
            EventKind::FollowedUp { body, .. } => Letter {
            subject: "Nuevo seguimiento",
            greeting: requester,
            paragraphs: vec![format!(
                "{writer} escribió en su solicitud {number}:"
            )],
            quote: Some(body.clone()),
            ..plain
        },
            _ => return Err(NoSuchMail),
        },
        MailKind::FollowUpToObservers => match &event.kind {
            EventKind::FollowedUp { body, .. } => Letter {
                subject: "Nuevo seguimiento",
                greeting: greeting_of(to, ticket, catalogue),
                paragraphs: vec![format!(
                    "{writer} escribió en la solicitud {number} de {asker}, en la que usted está en copia:"
                )],
                quote: Some(body.clone()),
                closing: vec![observed()],
                ..plain
            },
            _ => return Err(NoSuchMail),
        },
        MailKind::ChangedToAgent => Letter {
            subject: "Cambió una solicitud a su cargo",
            greeting: format!("Hola, {assignee}:"),
            paragraphs: vec![format!(
                "{writer} {} la solicitud {number}, que usted tiene a su cargo.",
                did(&event.kind).ok_or(NoSuchMail)?
            )],
            quote: said(&event.kind).map(str::to_owned),
            ..plain
        },
        MailKind::FollowUpToAgent => match &event.kind {
            EventKind::FollowedUp { body, .. } => Letter {
            subject: if by_requester {
                "El solicitante escribió"
            } else {
                "Nuevo seguimiento en su solicitud"
            },
            greeting: format!("Hola, {assignee}:"),
            paragraphs: vec![format!(
                "{writer}{} escribió en la solicitud {number}:",
                if by_requester { ", que la pidió," } else { "" }
            )],
            quote: Some(body.clone()),
            ..plain
        },
            _ => return Err(NoSuchMail),
        },
        // Activity 13: the solution, and the survey where the category asks for it.
        MailKind::Solved => match &event.kind {
            EventKind::Resolved { solution, .. } => {
            let until = due_at(event).map(in_words);
            let closing = match (ticket.policy.survey, until) {
                (true, Some(until)) => format!(
                    "Por favor evalúe el servicio antes del {until}. Si no responde, la solicitud se cerrará en ese momento."
                ),
                (true, None) => "Por favor evalúe el servicio.".to_owned(),
                (false, Some(until)) => format!(
                    "Si el problema continúa, dígalo antes del {until}; después la solicitud se cerrará."
                ),
                (false, None) => "Si el problema continúa, dígalo.".to_owned(),
            };
            Letter {
                subject: "Solicitud resuelta",
                greeting: requester,
                paragraphs: vec![format!(
                    "Su solicitud {number} fue resuelta. Esta es la solución:"
                )],
                quote: Some(solution.clone()),
                closing: vec![closing],
                ..plain
            }
        }
            _ => return Err(NoSuchMail),
        },
        MailKind::SolvedToObservers => match &event.kind {
            EventKind::Resolved { solution, .. } => Letter {
                subject: "Solicitud resuelta",
                greeting: greeting_of(to, ticket, catalogue),
                paragraphs: vec![format!(
                    "La solicitud {number} de {asker}, en la que usted está en copia, fue resuelta. Esta es la solución:"
                )],
                quote: Some(solution.clone()),
                ..plain
            },
            EventKind::Declined { reason } => Letter {
                subject: "Solicitud fuera del alcance",
                greeting: greeting_of(to, ticket, catalogue),
                paragraphs: vec![format!(
                    "La solicitud {number} de {asker}, en la que usted está en copia, fue declinada: la Mesa de Ayuda no puede atenderla. Este es el motivo:"
                )],
                quote: Some(reason.clone()),
                ..plain
            },
            EventKind::Forwarded { forwarding } => Letter {
                subject: "Petición trasladada",
                greeting: greeting_of(to, ticket, catalogue),
                paragraphs: vec![format!(
                    "La solicitud {number} de {asker}, en la que usted está en copia, se trasladó a {}, que la responde. Esto se les escribió:",
                    forwarding.addressee()
                )],
                quote: Some(forwarding.message.clone()),
                ..plain
            },
            _ => return Err(NoSuchMail),
        },
        MailKind::Declined => match &event.kind {
            EventKind::Declined { reason } => Letter {
            subject: "Solicitud fuera del alcance",
            greeting: requester,
            paragraphs: vec![format!(
                "Su solicitud {number} fue declinada: no puede atenderse en la Mesa de Ayuda. Este es el motivo:"
            )],
            quote: Some(reason.clone()),
            closing: vec![match due_at(event).map(in_words) {
                Some(until) => format!(
                    "Si no está de acuerdo, dígalo antes del {until}; después la solicitud se cerrará."
                ),
                None => "Si no está de acuerdo, dígalo.".to_owned(),
            }],
            ..plain
        },
            _ => return Err(NoSuchMail),
        },
        // Ley 1437 de 2011, art. 21.
        MailKind::Forwarded => match &event.kind {
            EventKind::Forwarded { forwarding } => Letter {
                subject: "Su petición se trasladó",
                greeting: requester,
                paragraphs: vec![
                    format!(
                        "Su solicitud {number} es una petición que no le corresponde responder a la Mesa de Ayuda. Hoy la trasladamos a {}{}: desde allí le responden directamente, en los términos de la ley.",
                        forwarding.addressee(),
                        match going_along(ticket) {
                            (going, left_out) if !going.is_empty() && left_out.is_empty() => {
                                ", con sus archivos"
                            }
                            _ => "",
                        }
                    ),
                    "Esto les escribimos:".to_owned(),
                ],
                quote: Some(forwarding.message.clone()),
                closing: vec![match due_at(event).map(in_words) {
                    Some(until) => format!(
                        "Si no está de acuerdo, dígalo antes del {until}; después la solicitud se cerrará aquí."
                    ),
                    None => "Si no está de acuerdo, dígalo.".to_owned(),
                }],
                ..plain
            },
            _ => return Err(NoSuchMail),
        },
        MailKind::ForwardedToAddressee => match &event.kind {
            EventKind::Forwarded { forwarding } => {
                let mut closing = vec![format!(
                    "Por favor respondan directamente a {asker}: lo que contesten a este correo le llega a esa persona. A ella le avisamos hoy de este traslado."
                )];
                if !left_out.is_empty() {
                    closing.push(format!(
                        "No cupieron en este correo, y se los entregamos si los piden a {}: {}.",
                        office.reply_address,
                        left_out.join(", ")
                    ));
                }
                Letter {
                    subject: "Traslado de una petición por competencia",
                    greeting: format!("Señores {}:", forwarding.to.name),
                    paragraphs: vec![
                        "La Mesa de Ayuda de la USPEC recibió una petición que no le corresponde responder y, según el artículo 21 de la Ley 1437 de 2011, la traslada a ustedes:".to_owned(),
                    ],
                    quote: Some(forwarding.message.clone()),
                    request: Some(format!(
                        "{}\n\n{}",
                        ticket.request.title, ticket.request.description
                    )),
                    closing,
                    facts: vec![
                        ("Petición", number.to_string()),
                        ("La hizo", match asker == ticket.request.requester.person.email.as_str() {
                            true => asker.clone(),
                            false => format!("{asker} <{}>", ticket.request.requester.person.email),
                        }),
                        ("Se recibió", in_words(ticket.created_at)),
                    ],
                    links: vec![],
                    ..plain
                }
            }
            _ => return Err(NoSuchMail),
        },
        // Control C2.
        MailKind::SurveyAnswered => match &event.kind {
            EventKind::SurveyAnswered { survey } => {
            let mut facts = desk_facts();
            facts.push((
                "¿Solucionada?",
                if survey.solved { "Sí" } else { "No" }.to_owned(),
            ));
            facts.push(("Calificación", format!("{} de 5", survey.rating)));
            let mut paragraphs = vec![format!(
                "{asker} diligenció el Formulario Virtual de Satisfacción de Soporte Técnico de la solicitud {number}."
            )];
            if !survey.solved {
                paragraphs.push(format!(
                    "No quedó resuelta: la solicitud está abierta de nuevo y la tiene {assignee}."
                ));
                let due = ticket.clocks.solution.running_since();
                if let Some(due) = due.and(ticket.clocks.solution.due_at) {
                    paragraphs.push(format!("La solución vence el {}.", in_words(due)));
                }
            }
            Letter {
                subject: "El usuario respondió la encuesta",
                greeting: "A la Mesa de Ayuda:".to_owned(),
                paragraphs,
                quote: survey.comment.clone(),
                facts,
                ..plain
            }
        }
            _ => return Err(NoSuchMail),
        },
        MailKind::ReopenedToRequester => match &event.kind {
            EventKind::Reopened { reason, .. } => Letter {
            subject: "Solicitud reabierta",
            greeting: requester,
            paragraphs: vec![format!(
                "Su solicitud {number} está abierta de nuevo: la retoma {assignee}."
            )],
            quote: reason.clone(),
            ..plain
        },
            _ => return Err(NoSuchMail),
        },
        MailKind::ReopenedToAgent => match &event.kind {
            EventKind::Reopened { reason, objects_to } => {
            let (subject, what) = match objects_to {
                Some(Outcome::Declined) => (
                    "No está de acuerdo con que se declinara",
                    "no está de acuerdo con que se declinara",
                ),
                Some(Outcome::Forwarded) => (
                    "No está de acuerdo con el traslado",
                    "no está de acuerdo con el traslado de",
                ),
                Some(Outcome::Solved) | None => ("Solución rechazada", "no aceptó la solución de"),
            };
            let mut paragraphs = vec![format!(
                "{asker} {what} {number}: la solicitud está abierta de nuevo."
            )];
            if let Some(due) = due_at(event) {
                paragraphs.push(format!("La solución vence el {}.", in_words(due)));
            }
            Letter {
                subject,
                greeting: format!("Hola, {assignee}:"),
                paragraphs,
                quote: reason.clone(),
                ..plain
            }
        }
            _ => return Err(NoSuchMail),
        },
        MailKind::Closed => match &event.kind {
            EventKind::Closed { reason } => {
            use types::ticket::CloseReason as R;
            let why = match reason {
                R::ValidationExpired if ticket.is_declined() => {
                    "Había sido declinada, y nadie objetó en el plazo."
                }
                R::Desk if ticket.is_declined() => "Había sido declinada.",
                R::ValidationExpired if ticket.is_forwarded() => {
                    "Se había trasladado a quien la responde, y nadie objetó en el plazo."
                }
                R::Desk if ticket.is_forwarded() => "Se había trasladado a quien la responde.",
                R::Satisfied => "Gracias por evaluar el servicio.",
                R::Desk => "La Mesa de Ayuda dio por terminada la atención.",
                R::ValidationExpired => "El tiempo de validación venció sin respuesta.",
            };
            Letter {
                subject: "Solicitud cerrada",
                greeting: requester,
                paragraphs: vec![
                    format!("Su solicitud {number} quedó cerrada. {why}"),
                    match ticket.outcome {
                        Some(Outcome::Declined | Outcome::Forwarded) => "Si necesita algo más, registre una solicitud nueva.",
                        Some(Outcome::Solved) | None => {
                            "Si el problema vuelve, registre una solicitud nueva."
                        }
                    }
                    .to_owned(),
                ],
                ..plain
            }
        }
            _ => return Err(NoSuchMail),
        },
        MailKind::ClosedToObservers => match &event.kind {
            EventKind::Closed { .. } => Letter {
                subject: "Solicitud cerrada",
                greeting: greeting_of(to, ticket, catalogue),
                paragraphs: vec![format!(
                    "La solicitud {number} de {asker}, en la que usted está en copia, quedó cerrada{}. No recibirá más correos de ella.",
                    match ticket.outcome {
                        Some(Outcome::Declined) => "; había sido declinada",
                        Some(Outcome::Forwarded) => "; se había trasladado a quien la responde",
                        Some(Outcome::Solved) | None => "",
                    }
                )],
                ..plain
            },
            _ => return Err(NoSuchMail),
        },
        MailKind::Held => match &event.kind {
            EventKind::Held { note } => Letter {
            subject: "Necesitamos algo de usted",
            greeting: requester,
            paragraphs: vec![format!(
                "Su solicitud {number} está en espera: para continuar, {assignee} necesita esto de usted:"
            )],
            quote: Some(note.clone()),
            closing: vec![
                "Por favor responda: hasta entonces la solicitud espera.".to_owned(),
            ],
            ..plain
        },
            _ => return Err(NoSuchMail),
        },
        // Activity 7.
        MailKind::Escalated => match &event.kind {
            EventKind::Escalated {
                officer,
                justification,
                ..
            } => {
            let mut paragraphs = vec![format!("{writer} le escala la solicitud {number}.")];
            if let Some(agent) = &ticket.assignee {
                paragraphs.push(format!("Responsable en la Mesa de Ayuda: {}.", agent.name));
            }
            paragraphs.push("Esta es la justificación:".to_owned());
            let mut closing = vec![];
            if let Some(due) = due_at(event) {
                closing.push(format!("La solución vence el {}.", in_words(due)));
            }
            closing.push(
                "Reporte la solución a la Mesa de Ayuda, pida apoyo a un proveedor o devuelva la solicitud."
                    .to_owned(),
            );
            Letter {
                subject: "Solicitud escalada a usted",
                greeting: format!("Hola, {}:", officer.name),
                paragraphs,
                quote: Some(justification.clone()),
                request: Some(ticket.request.description.clone()),
                closing,
                ..plain
            }
        }
            _ => return Err(NoSuchMail),
        },
        MailKind::EscalatedElsewhere => match &event.kind {
            EventKind::Escalated {
                officer,
                from: Some(from),
                ..
            } => Letter {
                subject: "Ya no está a su cargo",
                greeting: format!("Hola, {}:", from.name),
                paragraphs: vec![
                    format!(
                        "La solicitud {number}, que estaba escalada a usted, quedó a cargo de {}.",
                        officer.name
                    ),
                    "Usted no tiene que hacer nada más con ella.".to_owned(),
                ],
                ..plain
            },
            _ => return Err(NoSuchMail),
        },
        MailKind::Returned => match &event.kind {
            EventKind::Returned { note } => {
            let mut closing = vec![];
            if let Some(due) = due_at(event) {
                closing.push(format!("La solución vence el {}.", in_words(due)));
            }
            Letter {
                subject: "Solicitud devuelta a la Mesa de Ayuda",
                greeting: format!("Hola, {assignee}:"),
                paragraphs: vec![format!(
                    "La Oficina de Tecnología devolvió la solicitud {number}:"
                )],
                quote: Some(note.clone()),
                closing,
                ..plain
            }
        }
            _ => return Err(NoSuchMail),
        },
        // Activity 10. The provider has no login: what he needs is in the mail,
        // and the requester's name and address are not his business.
        MailKind::ProviderRequested => match &event.kind {
            EventKind::ProviderRequested { provider, message } => {
            let name = catalogue
                .provider(provider)
                .map_or(provider.0.as_str(), |p| &p.name);
            Letter {
                subject: "Solicitud de soporte externo",
                greeting: format!("Señores {name}:"),
                paragraphs: vec![format!(
                    "La Oficina de Tecnología de la USPEC pide su apoyo para la solicitud {number}:"
                )],
                quote: Some(message.clone()),
                closing: vec![
                    "Por favor responda a este correo con la solución, sin cambiar el destinatario: así su respuesta llega a la solicitud."
                        .to_owned(),
                ],
                links: vec![],
                ..plain
            }
        }
            _ => return Err(NoSuchMail),
        },
        // Activity 11.
        MailKind::SolutionReported => match &event.kind {
            EventKind::SolutionReported { report } => Letter {
            subject: "La Oficina de Tecnología reporta la solución",
            greeting: "A la Mesa de Ayuda:".to_owned(),
            paragraphs: vec![format!(
                "{} reporta la solución de la solicitud {number}:",
                report.by.name
            )],
            quote: Some(report.body.clone()),
            closing: vec![
                "Actualice el seguimiento, resuelva la solicitud e informe al usuario.".to_owned(),
            ],
            ..plain
        },
            _ => return Err(NoSuchMail),
        },
        MailKind::ProviderReplied => match &event.kind {
            EventKind::ProviderReplied { body } => Letter {
            subject: "El proveedor respondió",
            greeting: format!("Hola, {officer}:"),
            paragraphs: vec![format!(
                "El proveedor respondió sobre la solicitud {number}, y el tiempo de solución corre de nuevo:"
            )],
            quote: Some(body.clone()),
            closing: vec![
                "Los archivos que haya enviado están en la solicitud, como evidencia.".to_owned(),
            ],
            ..plain
        },
            _ => return Err(NoSuchMail),
        },
        MailKind::Undeliverable => match &event.kind {
            EventKind::MailBounced {
                recipient,
                why,
                detail,
            } => Letter {
            subject: "Un correo no llegó",
            greeting: "A la Mesa de Ayuda:".to_owned(),
            paragraphs: vec![
                match why {
                    BounceKind::Complaint => format!(
                        "{recipient} marcó como no deseado un correo de la solicitud {number}."
                    ),
                    BounceKind::Permanent => format!(
                        "Un correo de la solicitud {number} no llegó a {recipient}: la dirección no recibe correo."
                    ),
                    BounceKind::Refused => format!(
                        "Un correo de la solicitud {number} no se pudo enviar a {recipient}: el servicio de correo lo rechazó."
                    ),
                    BounceKind::GivenUp => format!(
                        "Un correo de la solicitud {number} no llegó a {recipient}: su servidor no lo recibió, por ejemplo porque el buzón está lleno, y ya no se intenta más."
                    ),
                },
                match why {
                    BounceKind::Complaint | BounceKind::Permanent =>
                        "Durante siete días no se le escribe a esa dirección. Busque otra manera de contactar a la persona.",
                    BounceKind::Refused | BounceKind::GivenUp =>
                        "Con cada correo se intenta de nuevo. Busque otra manera de contactar a la persona.",
                }
                .to_owned(),
            ],
            quote: Some(detail.clone()),
            ..plain
        },
            _ => return Err(NoSuchMail),
        },
        MailKind::RequestIsYours => match &event.kind {
            EventKind::RequesterChanged { requester, .. } => Letter {
            subject: "Solicitud a su nombre",
            greeting: format!("Estimado(a) {}:", requester.name),
            paragraphs: vec![
                format!("La Mesa de Ayuda puso a su nombre la solicitud {number}. Esto es lo que se pidió:"),
            ],
            quote: Some(ticket.request.description.clone()),
            closing: vec!["Si no es suya, responda a este correo.".to_owned()],
            ..plain
        },
            _ => return Err(NoSuchMail),
        },
        MailKind::RequestIsAnothers => match &event.kind {
            EventKind::RequesterChanged { from, .. } => Letter {
            subject: "Ya no está a su nombre",
            greeting: format!("Estimado(a) {}:", from.name),
            paragraphs: vec![
                format!("La solicitud {number} quedó a nombre de quien la pidió; usted ya no recibe sus correos."),
            ],
            links: vec![],
            ..plain
        },
            _ => return Err(NoSuchMail),
        },
        MailKind::SectionAwaits => {
            let awaited = awaited_since(&event.kind, ticket);
            let Some(first) = awaited.first() else {
                return Err(NoSuchMail);
            };
            let mut paragraphs: Vec<_> = awaited
                .iter()
                .map(|awaited| {
                    let format = ticket.formats.get(&awaited.code);
                    let what = awaited.turn.line().title.as_ref();
                    let what = what.map_or(String::new(), |what| format!(" {what}."));
                    format!(
                        "En la solicitud {number}, el formato {} espera la {}. La firma {}.{what}",
                        name_of_format(&awaited.code),
                        awaited.turn.name(),
                        signers(awaited.turn.line(), format),
                    )
                })
                .collect();
            let returned = match &event.kind {
                EventKind::SectionReopened { reason, .. } => Some(reason.clone()),
                EventKind::SectionSigned { fields, reopens, .. } if !reopens.is_empty() => {
                    returned(&first.turn, fields)
                }
                _ => None,
            };
            if returned.is_some() {
                paragraphs.push("Se devolvió para corregir, por este motivo:".to_owned());
            }
            Letter {
                subject: "Le toca firmar un formato",
                greeting: greeting_of(to, ticket, catalogue),
                paragraphs,
                quote: returned,
                closing: vec![
                    "Entre con su cuenta de la entidad. Lo que ya está firmado no se vuelve a pedir."
                        .to_owned(),
                ],
                // He need not read the request.
                facts: facts(),
                links: vec![],
                ..plain
            }
        }
        MailKind::SectionSignedToAgent => match &event.kind {
            EventKind::SectionSigned { code, section, .. } => {
                let section = schema_of(ticket, code).and_then(|schema| schema.section(section));
                let section = section.map_or(String::new(), |(place, section)| {
                    format!("la sección {}, {},", place + 1, section.title)
                });
                let next = awaited(ticket).into_iter().find(|next| next.turn.schema.code == *code);
                let then = match &next {
                    Some(next) => format!(
                        "Ahora espera la {}, que firma {}.",
                        next.turn.name(),
                        signers(next.turn.line(), ticket.formats.get(code))
                    ),
                    None => "El formato quedó completo.".to_owned(),
                };
                let asks = next.is_some_and(|next| next.turn.line().by.iter().any(|by| by.who == Who::Technology))
                    && ticket.state == State::Assigned;
                Letter {
                    subject: "Avanzó un formato",
                    greeting: format!("Hola, {assignee}:"),
                    paragraphs: vec![
                        format!("{writer} firmó {section} del formato {}.", name_of_format(code)),
                        then,
                    ],
                    closing: match asks {
                        true => vec![
                            "Escale la solicitud a quien la va a atender en la Oficina de Tecnología."
                                .to_owned(),
                        ],
                        false => vec![],
                    },
                    ..plain
                }
            }
            _ => return Err(NoSuchMail),
        },
        MailKind::AnsweredByAnother => match &event.kind {
            EventKind::Linked { link } => Letter {
            subject: "Otra persona respondió un correo",
            greeting: format!("Hola, {assignee}:"),
            paragraphs: vec![format!(
                "Alguien que no participa en la solicitud {number} respondió uno de sus correos. Lo que escribió quedó en una solicitud suya, la {}.",
                link.number
            ), "Mírelas juntas, para que no se atienda dos veces el mismo asunto.".to_owned()],
            links: [plain.links, vec![(
                "Ver la otra solicitud",
                format!("{}/solicitudes/{}", office.base_url, link.number.0),
            )]].concat(),
            ..plain
        },
            _ => return Err(NoSuchMail),
        },
        MailKind::FollowUpToOfficer => match &event.kind {
            EventKind::FollowedUp { body, .. } => Letter {
            subject: "Nuevo seguimiento en una solicitud escalada",
            greeting: format!("Hola, {officer}:"),
            paragraphs: vec![format!(
                "{writer} escribió en la solicitud {number}, escalada a usted:"
            )],
            quote: Some(body.clone()),
            ..plain
        },
            _ => return Err(NoSuchMail),
        },
        MailKind::StepToAgent
            | MailKind::StepToOfficer
            | MailKind::StepToCoordinator
            | MailKind::StepToHead => {
            let Some((clock, step)) = event.kind.step() else {
                return Err(NoSuchMail);
            };
            let mut facts = desk_facts();
            let responsible = step.responsible.as_ref();
            facts.push((
                "Responsable",
                responsible.map_or("nadie todavía".to_owned(), |p| {
                    format!("{} <{}>", p.name, p.email)
                }),
            ));
            facts.push(("Estado", ticket.status_label().to_owned()));
            let greeting = match kind {
                MailKind::StepToCoordinator => "A la coordinación de la Mesa de Ayuda:".to_owned(),
                MailKind::StepToHead => "A la jefatura de la Oficina de Tecnología:".to_owned(),
                _ => format!("Hola, {}:", responsible.map_or("equipo", |p| &p.name)),
            };
            Letter {
                subject: step_subject(clock, step, now),
                greeting,
                paragraphs: step_paragraphs(clock, step, about),
                facts,
                ..plain
            }
        }
        MailKind::ValidationReminder => match &event.kind {
            EventKind::ValidationReminded(step) => {
            let until = in_words(step.due_at);
            match ticket.outcome {
                // It is never said to be solved.
                Some(Outcome::Declined) => Letter {
                    subject: "Aún puede objetar",
                    greeting: requester,
                    paragraphs: vec![format!(
                        "Su solicitud {number} fue declinada por este motivo:"
                    )],
                    quote: ticket.solution.clone(),
                    closing: vec![format!(
                        "Si no está de acuerdo, dígalo antes del {until}; después la solicitud se cerrará."
                    )],
                    ..plain
                },
                Some(Outcome::Forwarded) => Letter {
                    subject: "Aún puede objetar",
                    greeting: requester,
                    paragraphs: vec![format!(
                        "Su solicitud {number} se trasladó a {}, que la responde. Esto se les escribió:",
                        ticket.forwarding.as_ref().map_or_else(
                            || "quien debe responderla".to_owned(),
                            Forwarding::addressee
                        )
                    )],
                    quote: ticket.solution.clone(),
                    closing: vec![format!(
                        "Si no está de acuerdo, dígalo antes del {until}; después la solicitud se cerrará aquí."
                    )],
                    ..plain
                },
                Some(Outcome::Solved) | None => Letter {
                    subject: "Recordatorio: valide la solución",
                    greeting: requester,
                    paragraphs: vec![format!(
                        "Su solicitud {number} está resuelta y espera su validación. Esta es la solución:"
                    )],
                    quote: ticket.solution.clone(),
                    closing: vec![match ticket.asks_survey() {
                        true => format!(
                            "Por favor evalúe el servicio antes del {until}; después la solicitud se cerrará."
                        ),
                        false => format!(
                            "Si el problema continúa, dígalo antes del {until}; después la solicitud se cerrará."
                        ),
                    }],
                    ..plain
                },
            }
        }
            _ => return Err(NoSuchMail),
        },
    })
}

/// The files of a ticket that others may have: those that go along with a mail, and those
/// that there is no room for.
pub fn going_along(ticket: &Ticket) -> (Vec<&Attachment>, Vec<&Attachment>) {
    let mut room = MAX_ANNEXES;
    let public = |file: &&Attachment| file.visibility == Visibility::Public;
    let files = ticket.attachments.iter().filter(public);
    files.partition(|file| {
        let left = room.checked_sub(file.size);
        room = left.unwrap_or(room);
        left.is_some()
    })
}

/// What somebody is called: as the directory has it, where it knows him, and otherwise
/// as he stands on the ticket. His address is nobody's name.
fn name_of<'a>(
    email: &EmailAddress,
    ticket: &'a Ticket,
    catalogue: &'a Catalogue,
) -> Option<&'a str> {
    let Ticket {
        request,
        assignee,
        officer,
        ..
    } = ticket;
    let met = [
        Some(&request.requester.person),
        assignee.as_ref(),
        officer.as_ref(),
    ];
    let mut met = met.into_iter().flatten().chain(&request.observers);
    let listed = catalogue.person(email).map(|entry| entry.name.as_str());
    let name = listed.or_else(|| Some(met.find(|person| person.email == *email)?.name.as_str()));
    name.filter(|name| *name != email.as_str())
}

fn called(email: &EmailAddress, ticket: &Ticket, catalogue: &Catalogue) -> String {
    name_of(email, ticket, catalogue)
        .unwrap_or(email.as_str())
        .to_owned()
}

/// How those who get it are greeted: by name, where it is one.
fn greeting_of(to: &[EmailAddress], ticket: &Ticket, catalogue: &Catalogue) -> String {
    let name = match to {
        [one] => name_of(one, ticket, catalogue),
        [] | [_, ..] => None,
    };
    name.map_or("Cordial saludo:".to_owned(), |name| {
        format!("Estimado(a) {name}:")
    })
}

/// Why a signature took a format back: what its section says, where that is a reason.
fn returned(turn: &Turn, fields: &Values) -> Option<String> {
    let rules = turn
        .schema
        .sections
        .iter()
        .flat_map(|section| &section.rules);
    let reasons = rules.filter_map(|rule| match rule {
        Rule::Returns { reason, .. } => fields.get(&reason.0)?.as_str(),
        _ => None,
    });
    reasons.map(str::to_owned).next()
}

/// What whoever was copied hears, and how he gets rid of it.
fn observed() -> String {
    format!(
        "Usted está en copia: recibe lo que se escribe para todos y el final. Para no recibir más correos de esta solicitud, responda con {} o elija «{LEAVE}» en su página.",
        Verb::Leave.word()
    )
}

/// What the page calls it.
const LEAVE: &str = "Dejar de recibir copia";

/// What somebody did with a ticket, before "la solicitud".
fn did(kind: &EventKind) -> Option<String> {
    Some(match kind {
        EventKind::Contacted { .. } => "registró un contacto con el solicitante en".to_owned(),
        EventKind::Held { .. } => "puso en espera, con una pregunta al solicitante,".to_owned(),
        EventKind::Resumed { .. } => "reanudó".to_owned(),
        EventKind::Escalated { officer, .. } => format!("escaló a {}", officer.name),
        EventKind::Resolved { .. } => "resolvió".to_owned(),
        EventKind::Declined { .. } => "declinó, por estar fuera del alcance,".to_owned(),
        EventKind::Forwarded { forwarding } => format!("trasladó a {}", forwarding.addressee()),
        EventKind::IncidentDescribed { .. } => "describió el incidente de".to_owned(),
        EventKind::AuthorityReported { report } => match report.outcome {
            ReportOutcome::Reported => {
                format!("registró el reporte {} de", report.authority.addressed())
            }
            ReportOutcome::NotRequired => {
                format!(
                    "registró que no procede el reporte {} de",
                    report.authority.addressed()
                )
            }
        },
        EventKind::PetitionMarked { .. } => "marcó como petición (PQRSD)".to_owned(),
        EventKind::PetitionUnmarked { .. } => "quitó la marca de petición de".to_owned(),
        EventKind::Closed { .. } => "cerró".to_owned(),
        _ => return None,
    })
}

/// What he wrote with it.
fn said(kind: &EventKind) -> Option<&str> {
    match kind {
        EventKind::Contacted { note } | EventKind::Held { note } => Some(note),
        EventKind::Resumed { note } => note.as_deref(),
        EventKind::Escalated { justification, .. } => Some(justification),
        EventKind::Resolved { solution, .. } => Some(solution),
        EventKind::Declined { reason } => Some(reason),
        EventKind::Forwarded { forwarding } => Some(&forwarding.message),
        EventKind::AuthorityReported { report } => Some(&report.note),
        EventKind::PetitionMarked { petition } => Some(&petition.note),
        EventKind::PetitionUnmarked { reason } => Some(reason),
        _ => None,
    }
}

/// Lateness that is worth a word: two sweeps were missed.
const LATE_SECONDS: u64 = 120;

/// What is true at `now`: a warning that comes too late is none.
fn step_subject(clock: ClockKind, step: &StepReached, now: Timestamp) -> &'static str {
    let percent = if step.due_at > now {
        step.percent
    } else {
        step.percent.max(100)
    };
    match (clock, percent) {
        (ClockKind::Attention, ..100) => "El tiempo de atención está por vencer",
        (ClockKind::Attention, 100) => "El tiempo de atención venció",
        (ClockKind::Attention, _) => "El tiempo de atención venció hace mucho",
        (ClockKind::Waiting, _) => "El solicitante no responde",
        (ClockKind::Provider, _) => "El proveedor no responde",
        (ClockKind::Validation, _) => "La solución no le llegó a quien la pidió",
        (ClockKind::CsirtReport, ..100) => "Falta reportar el incidente al CSIRT Gobierno",
        (ClockKind::CsirtReport, _) => "Venció el plazo para reportar al CSIRT Gobierno",
        (ClockKind::SicReport, ..100) => "Falta reportar el incidente a la SIC",
        (ClockKind::SicReport, _) => "Venció el plazo para reportar a la SIC",
        (ClockKind::Forwarding, ..100) => "Falta trasladar la petición",
        (ClockKind::Forwarding, _) => "Venció el plazo para trasladar la petición",
        (_, ..100) => "El tiempo de solución está por vencer",
        (_, 100) => "El tiempo de solución venció",
        (_, _) => "El tiempo de solución venció hace mucho",
    }
}

/// What is true at `now`, when the step was seen: a late warning does not say
/// that there is time left where there is none.
fn step_paragraphs(kind: ClockKind, step: &StepReached, about: &About<'_>) -> Vec<String> {
    let (ticket, number) = (about.ticket, about.ticket.number);
    let now = about.now.max(about.event.at);
    let (due, label) = (in_words(step.due_at), kind.label());
    let awaited = match kind {
        ClockKind::Waiting => Some("al solicitante"),
        ClockKind::Provider => Some("al proveedor"),
        ClockKind::Attention
        | ClockKind::Solution
        | ClockKind::Validation
        | ClockKind::CsirtReport
        | ClockKind::SicReport
        | ClockKind::Forwarding => None,
    };
    if kind.is_legal() {
        return legal_paragraphs(kind, step, about);
    }
    if let Some(awaited) = awaited {
        return vec![format!(
            "La solicitud {number} espera {awaited} y no hay respuesta: lo previsto era el {due}."
        )];
    }
    if kind == ClockKind::Validation {
        let requester = &ticket.request.requester.person;
        return vec![
            format!(
                "El tiempo para validar la solicitud {number} venció el {due}, pero consta que nuestros correos no le llegan a {} <{}>: puede que no sepa de la solución.",
                requester.name, requester.email
            ),
            "Por eso no se cierra sola. Búsquele de otra manera: si está conforme, ciérrela; si no, regístrele una solicitud nueva que mencione esta. Cada día hábil se avisa otra vez."
                .to_owned(),
        ];
    }
    let clock = ticket.clocks.get(kind);
    let goes_on = match clock.state {
        ClockState::Running => "y sigue corriendo",
        ClockState::Paused => "y está detenido",
        ClockState::Idle | ClockState::Met | ClockState::Stopped => "y ya se cumplió",
    };
    let calendar = clock.calendar.as_ref();
    let calendar = calendar.and_then(|id| about.catalogue.calendar(id));
    let used = calendar.map(|calendar| clock.used_at(calendar, now));
    let used = used.filter(|_| is_of_this_run(clock, step, about.event));
    let used = used.unwrap_or(clock.limit_seconds * u64::from(step.percent) / 100);
    let mut paragraphs = vec![
        if step.due_at > now {
            format!("El {label} de la solicitud {number} vence el {due}.")
        } else {
            format!("El {label} de la solicitud {number} venció el {due} {goes_on}.")
        },
        of_agreed(used, clock.limit_seconds),
    ];
    if step.late_seconds >= LATE_SECONDS {
        paragraphs.push(format!(
            "Este aviso sale con {} minutos de retraso: correspondía al {}.",
            step.late_seconds / 60,
            in_words(step.reached_at)
        ));
    }
    paragraphs
}

/// What the law still asks for, and until when.
fn legal_paragraphs(kind: ClockKind, step: &StepReached, about: &About<'_>) -> Vec<String> {
    let (number, due) = (about.ticket.number, in_words(step.due_at));
    let (owed, way) = match kind {
        ClockKind::CsirtReport => (
            format!("El incidente de la solicitud {number} debe reportarse al CSIRT Gobierno"),
            "Regístrelo con «Registrar un reporte»; si no procede, diga allí por qué.",
        ),
        ClockKind::SicReport => (
            format!(
                "El incidente de la solicitud {number} puede afectar datos personales y debe reportarse a la Superintendencia de Industria y Comercio"
            ),
            "Regístrelo con «Registrar un reporte»; si no procede, diga allí por qué. Si se confirma que no afecta datos personales, corríjalo en «Describir el incidente».",
        ),
        ClockKind::Forwarding
        | ClockKind::Attention
        | ClockKind::Solution
        | ClockKind::Waiting
        | ClockKind::Provider
        | ClockKind::Validation => (
            format!("La petición de la solicitud {number} debe trasladarse a quien la responde"),
            "Hágalo con «Trasladar la petición»: quien la hizo recibe copia.",
        ),
    };
    let now = about.now.max(about.event.at);
    vec![
        match step.due_at > now {
            true => format!("{owed} a más tardar el {due}."),
            false => format!("{owed}: el plazo de ley venció el {due}."),
        },
        way.to_owned(),
    ]
}

/// Longest limit that is told in minutes, in seconds.
const IN_MINUTES: u64 = 3 * 60 * 60;

/// How much of what was agreed is used.
fn of_agreed(used: u64, limit: u64) -> String {
    if limit <= IN_MINUTES {
        format!("Lleva {} min de los {} acordados.", used / 60, limit / 60)
    } else {
        let (used, limit) = (duration(used), duration(limit));
        format!("Lleva {used}; lo acordado es {limit}.")
    }
}

/// Whether a mail still says what is so when it is written. A warning to hurry
/// and a reminder are pointless once what they ask for was done.
pub fn is_still_true(kind: MailKind, event: &Event, ticket: &Ticket) -> bool {
    if kind == MailKind::SectionAwaits {
        return !awaited_since(&event.kind, ticket).is_empty();
    }
    let Some((clock, step)) = event.kind.step() else {
        return true;
    };
    if clock == ClockKind::Validation && kind != MailKind::ValidationReminder {
        return ticket.state == State::Solved;
    }
    let asks = step.percent < 100
        || kind == MailKind::ValidationReminder
        || ClockKind::WAITS.contains(&clock)
        || clock.is_legal();
    let goes_on = |clock: &Clock| match clock.state {
        // What rests will go on, and nobody will say it again.
        ClockState::Running | ClockState::Paused => true,
        ClockState::Idle | ClockState::Met | ClockState::Stopped => false,
    };
    let clock = ticket.clocks.get(clock);
    !asks || (goes_on(clock) && is_of_this_run(clock, step, event))
}

/// Whether it is the very run of the clock that the step belongs to.
fn is_of_this_run(clock: &Clock, step: &StepReached, event: &Event) -> bool {
    let fired = |s: &ClockStep| {
        s.percent == step.percent && s.tells == step.tells && s.fired_at == Some(event.at)
    };
    clock.steps.iter().any(fired)
}

/// The due time that an event gave to the clock that it set going.
fn due_at(event: &Event) -> Option<Timestamp> {
    use types::clock::ClockChange as C;
    event.clocks.iter().rev().find_map(|change| match change {
        C::Start { due_at, .. } | C::Resume { due_at, .. } => Some(*due_at),
        C::Pause { .. }
        | C::Reschedule { .. }
        | C::Rearm { .. }
        | C::Extend { .. }
        | C::Fire { .. }
        | C::Meet { .. }
        | C::Stop { .. } => None,
    })
}
