//! A ticket's history as a conversation: what people wrote, and between it, in
//! thin lines, what happened.

use std::borrow::Cow;

use jiff::Timestamp;
use types::catalogue::Catalogue;
use types::clock::Tells;
use types::format::schema::newest;
use types::ids::{EmailAddress, FormatCode, SectionId};
use types::legal::ReportOutcome;
use types::ticket::{
    ActorRole, Attachment, BounceKind, Channel, CloseReason, Event, EventKind, Outcome, Person,
    ReleaseReason, Request, StepReached, Survey, Ticket, Visibility,
};
use types::view::{Reader, whole};

use crate::words;

/// Somebody's words, or something that happened.
#[derive(Debug)]
pub enum Entry<'a> {
    Message(Message<'a>),
    Event(Happened<'a>),
}

/// What somebody wrote.
#[derive(Debug)]
pub struct Message<'a> {
    pub seq: u64,
    pub kind: MessageKind,
    pub who: Cow<'a, str>,
    /// How it came, or to whom it went.
    pub way: Cow<'static, str>,
    pub at: Timestamp,
    pub stamp: String,
    /// Its paragraphs.
    pub body: Vec<&'a str>,
    /// All that the mail says, where some of it was folded.
    pub whole: Option<&'a str>,
    /// What it is, where it is more than words.
    pub tag: Option<&'static str>,
    pub files: Vec<File<'a>>,
}

impl Entry<'_> {
    pub(crate) fn message(&self) -> Option<&Message<'_>> {
        match self {
            Entry::Message(message) => Some(message),
            Entry::Event(_) => None,
        }
    }

    pub(crate) fn happened(&self) -> Option<&Happened<'_>> {
        match self {
            Entry::Event(happened) => Some(happened),
            Entry::Message(_) => None,
        }
    }
}

impl Message<'_> {
    pub(crate) fn class(&self) -> &'static str {
        match self.kind {
            MessageKind::Mine => "msg msg--mine",
            MessageKind::Desk => "msg msg--desk",
            MessageKind::Other => "msg",
            MessageKind::Note => "msg msg--note",
        }
    }

    pub(crate) fn is_note(&self) -> bool {
        self.kind == MessageKind::Note
    }
}

/// Who speaks, and to whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessageKind {
    /// The reader himself.
    Mine,
    /// The desk, to the requester.
    Desk,
    /// The requester, or whoever was copied.
    Other,
    /// Of those who work on it, among themselves.
    Note,
}

/// A thin line.
#[derive(Debug)]
pub struct Happened<'a> {
    /// In bold.
    pub what: Cow<'static, str>,
    pub rest: Cow<'a, str>,
    /// Who did it, where that is for the reader to know and not said otherwise.
    pub by: Option<Cow<'a, str>>,
    pub at: Timestamp,
    pub stamp: String,
    pub files: Vec<File<'a>>,
}

/// A file to be had.
#[derive(Debug)]
pub struct File<'a> {
    pub id: &'a str,
    pub name: &'a str,
    pub size: String,
}

impl<'a> File<'a> {
    /// A file as a page names it.
    pub fn of(attachment: &'a Attachment) -> Self {
        File {
            id: &attachment.id,
            name: &attachment.name,
            size: words::size(attachment.size),
        }
    }
}

/// Who reads, and when.
#[derive(Clone, Copy)]
pub struct Reading<'a> {
    pub ticket: &'a Ticket,
    pub catalogue: &'a Catalogue,
    pub reader: Reader,
    /// The reader's own address.
    pub me: Option<&'a EmailAddress>,
    pub now: Timestamp,
}

/// The conversation, as far as the reader may know of it.
pub fn conversation<'a>(events: &'a [Event], reading: Reading<'a>) -> Vec<Entry<'a>> {
    let mut entries: Vec<Entry<'a>> = Vec::new();
    // What was said last, and where it stands: files that came with it are shown there.
    let mut said: Option<(usize, &Event)> = None;
    for event in events {
        let Some(mut entry) = entry(event, reading) else {
            continue;
        };
        if let (Entry::Event(Happened { files, .. }), Some((at, before))) = (&mut entry, said)
            && event.came_with(before)
            && !files.is_empty()
            && left_none_out(event)
            && let Some(Entry::Message(message)) = entries.get_mut(at)
        {
            message.files.append(files);
            continue;
        }
        if entry.message().is_some() {
            said = Some((entries.len(), event));
        }
        entries.push(entry);
    }
    if reading.reader == Reader::Requester {
        // What is not for him leaves no gap in what he may count.
        let messages = entries.iter_mut().filter_map(|entry| match entry {
            Entry::Message(message) => Some(message),
            Entry::Event(_) => None,
        });
        for (message, seq) in messages.zip(1..) {
            message.seq = seq;
        }
    }
    entries
}

/// Whether all files of a step are on the ticket: where some are not, that is said.
fn left_none_out(event: &Event) -> bool {
    match event.kind {
        EventKind::AttachmentsAdded { left_out, .. } => left_out == 0,
        _ => true,
    }
}

/// The text's paragraphs: what blank lines part.
pub fn paragraphs(text: &str) -> Vec<&str> {
    let parts = text.split("\n\n");
    let parts = parts.map(|part| part.trim_start_matches('\n').trim_end());
    parts.filter(|part| !part.is_empty()).collect()
}

impl<'a> Reading<'a> {
    /// What somebody is called.
    pub fn name(&self, email: &'a EmailAddress) -> &'a str {
        let Ticket {
            request,
            assignee,
            officer,
            ..
        } = self.ticket;
        let known = [
            Some(&request.requester.person),
            assignee.as_ref(),
            officer.as_ref(),
        ];
        let mut known = known.into_iter().flatten().chain(&request.observers);
        let listed = self
            .catalogue
            .person(email)
            .map(|entry| entry.name.as_str());
        let mut met = || known.find(|person| person.email == *email);
        listed
            .or_else(|| met().map(|person| person.name.as_str()))
            .unwrap_or(email.as_str())
    }

    fn actor(&self, event: &'a Event) -> Cow<'a, str> {
        match (&event.actor.email, &event.actor.role) {
            // Who of a provider's answered is between him and the entity.
            (Some(_), ActorRole::Provider(_)) if self.reader == Reader::Requester => {
                "Proveedor".into()
            }
            (Some(email), _) => self.name(email).into(),
            (None, ActorRole::Provider(_)) => "Proveedor".into(),
            (None, ActorRole::Person(_) | ActorRole::System(_)) => "Mesa de Ayuda".into(),
        }
    }

    fn is_requesters(&self, event: &Event) -> bool {
        let request = &self.ticket.request;
        event.actor.email.as_ref().is_some_and(|email| {
            request.requester.person.email == *email
                || request
                    .observers
                    .iter()
                    .any(|person| person.email == *email)
        })
    }

    fn kind(&self, event: &Event) -> MessageKind {
        let actor = event.actor.email.as_ref();
        if actor.is_some() && actor == self.me {
            MessageKind::Mine
        } else if self.is_requesters(event) {
            MessageKind::Other
        } else {
            MessageKind::Desk
        }
    }

    fn message(&self, event: &'a Event, body: &'a str) -> Message<'a> {
        let way = match event.mail.is_some() {
            true => "por correo",
            false => "",
        };
        Message {
            seq: event.seq,
            kind: self.kind(event),
            who: self.actor(event),
            way: way.into(),
            at: event.at,
            stamp: words::stamp(event.at, self.now),
            body: paragraphs(body),
            whole: whole(event, self.reader),
            tag: None,
            files: vec![],
        }
    }

    /// What somebody asked for: told by telephone, they are his words, whoever wrote them.
    fn request(&self, event: &'a Event, request: &'a Request) -> Message<'a> {
        let message = self.message(event, &request.description);
        let asker = &request.requester.person;
        if request.channel != Channel::Phone || event.actor.email.as_ref() == Some(&asker.email) {
            return message;
        }
        let kind = match Some(&asker.email) == self.me {
            true => MessageKind::Mine,
            false => MessageKind::Other,
        };
        Message {
            kind,
            way: format!("por teléfono; la registró {}", message.who).into(),
            who: asker.name.as_str().into(),
            ..message
        }
    }

    fn note(&self, event: &'a Event, body: &'a str, tag: Option<&'static str>) -> Entry<'a> {
        Entry::Message(Message {
            kind: MessageKind::Note,
            tag,
            ..self.message(event, body)
        })
    }

    fn happened(
        &self,
        event: &'a Event,
        what: impl Into<Cow<'static, str>>,
        rest: impl Into<Cow<'a, str>>,
    ) -> Entry<'a> {
        let by = event.actor.email.as_ref();
        // Whoever takes a request gives it to himself.
        let by = by.filter(|by| match &event.kind {
            EventKind::Assigned { agent, .. } => agent.email != **by,
            _ => true,
        });
        let is_said = self.is_staff() && by.is_some();
        Entry::Event(Happened {
            what: what.into(),
            rest: rest.into(),
            by: is_said.then(|| self.actor(event)),
            at: event.at,
            stamp: words::stamp(event.at, self.now),
            files: vec![],
        })
    }

    fn is_staff(&self) -> bool {
        match self.reader {
            Reader::Staff => true,
            Reader::Requester => false,
        }
    }
}

fn tagged<'a>(message: Message<'a>, tag: &'static str) -> Entry<'a> {
    Entry::Message(Message {
        tag: Some(tag),
        ..message
    })
}

fn entry<'a>(event: &'a Event, reading: Reading<'a>) -> Option<Entry<'a>> {
    let staff = reading.is_staff();
    let happened =
        |what: &'static str, rest: Cow<'a, str>| Some(reading.happened(event, what, rest));
    match &event.kind {
        EventKind::Registered(registration) => Some(Entry::Message(
            reading.request(event, &registration.request),
        )),
        EventKind::Assigned {
            agent, away, from, ..
        } => {
            let from = match (staff, from) {
                (true, Some(from)) => format!("; la tenía {}", from.name),
                (_, _) => String::new(),
            };
            let away = match (staff, away.is_empty()) {
                (true, false) => format!("; ausentes: {}", names(away, reading)),
                (_, _) => String::new(),
            };
            happened("Asignada", format!("a {}{from}{away}", agent.name).into())
        }
        EventKind::AssignmentDeferred {} => staff.then(|| {
            happened(
                "Sin asignar",
                "nadie del equipo está disponible; se intenta de nuevo".into(),
            )
        })?,
        EventKind::Released { from, why } => staff.then(|| {
            let why = match why {
                ReleaseReason::Away => "que no está",
                ReleaseReason::Left => "que ya no es del equipo",
                ReleaseReason::OtherTeam => "pues pasa a otro equipo",
            };
            let rest = format!("la tenía {}, {why}; se busca a alguien", from.name);
            happened("Sin responsable", rest.into())
        })?,
        EventKind::OfficerAbsent { officer } => staff.then(|| {
            let rest = format!("{}; hay que escalarla de nuevo", officer.name);
            happened("Ausente", rest.into())
        })?,
        EventKind::HoursChanged { clock, to, .. } => staff.then(|| {
            let until = words::when(*to, reading.now);
            let rest = format!("el {} vence {until}", clock.label());
            happened("Cambió el horario", rest.into())
        })?,
        EventKind::Contacted { note } => Some(tagged(reading.message(event, note), "Contacto")),
        EventKind::FollowedUp { body, visibility } => match (visibility, staff) {
            (Visibility::Public, _) => Some(Entry::Message(reading.message(event, body))),
            (Visibility::Internal, true) => Some(reading.note(event, body, None)),
            (Visibility::Internal, false) => None,
        },
        EventKind::AttachmentsAdded {
            attachments,
            left_out,
        } => {
            let seen = attachments
                .iter()
                .filter(|file| reading.reader.may_have(file));
            let files: Vec<_> = seen.map(File::of).collect();
            let left_out = match left_out {
                0 => String::new(),
                count => format!("; {count} no cupieron"),
            };
            (!files.is_empty()).then(|| {
                let who = reading.actor(event);
                Entry::Event(Happened {
                    what: "Archivos".into(),
                    rest: format!("de {who}{left_out}").into(),
                    by: None,
                    at: event.at,
                    stamp: words::stamp(event.at, reading.now),
                    files,
                })
            })
        }
        EventKind::LinkRevoked {} => staff.then(|| {
            happened(
                "Enlace anulado",
                "los correos que ya salieron no abren la solicitud".into(),
            )
        })?,
        EventKind::ObserverRemoved { person } => happened(
            "En copia",
            format!("{} ya no recibe sus correos", person.name).into(),
        ),
        EventKind::Recategorised { policy } => {
            let category = reading.catalogue.category(&policy.category);
            let name = category.map_or(policy.category.0.as_str(), |category| &category.name);
            happened("Categoría", name.into())
        }
        EventKind::SectionDrafted { code, section, .. } => staff.then(|| {
            happened(
                "Formato",
                format!("{}, borrador", section_of(code, section)).into(),
            )
        })?,
        EventKind::SectionSigned {
            code,
            section,
            complete,
            reopens,
            ..
        } => {
            let and = match (complete, reopens.is_empty()) {
                (true, _) => "firmada; el formato quedó completo",
                (false, true) => "firmada",
                (false, false) => "firmada, y devuelto para corregir",
            };
            happened(
                "Formato",
                format!("{} {and}", section_of(code, section)).into(),
            )
        }
        EventKind::SectionReopened {
            code,
            sections,
            reason,
        } => {
            let first = sections.first()?;
            let said = match staff {
                true => format!("{} en corrección: {reason}", section_of(code, first)),
                false => format!("{} en corrección", section_of(code, first)),
            };
            happened("Formato", said.into())
        }
        EventKind::FormatSaved { code, complete, .. } => {
            let state = match complete {
                true => "completo",
                false => "guardado",
            };
            staff.then(|| happened("Formato", format!("{} {state}", code.0).into()))?
        }
        EventKind::Held { note } => {
            Some(tagged(reading.message(event, note), "Espera su respuesta"))
        }
        EventKind::Resumed { note } => {
            let rest = note
                .as_deref()
                .map_or("otra vez; el reloj sigue", |note| note);
            happened("En curso", rest.into())
        }
        EventKind::Escalated {
            officer,
            justification,
            from,
            absent: _,
        } => match staff {
            true => Some(Entry::Message(Message {
                kind: MessageKind::Note,
                way: match from {
                    Some(from) => format!("a {}; la tenía {}", officer.name, from.name).into(),
                    None => format!("a {}", officer.name).into(),
                },
                tag: Some("Escalada a Tecnología"),
                ..reading.message(event, justification)
            })),
            false => happened("Oficina de Tecnología", "la revisa desde ahora".into()),
        },
        EventKind::Returned { note } => match staff {
            true => Some(reading.note(event, note, Some("Devuelta a la Mesa de Ayuda"))),
            false => happened("En curso", "otra vez con la Mesa de Ayuda".into()),
        },
        EventKind::ProviderRequested { provider, message } => match staff {
            true => {
                let known = reading.catalogue.provider(provider);
                let name = known.map_or(provider.0.as_str(), |provider| &provider.name);
                Some(Entry::Message(Message {
                    kind: MessageKind::Note,
                    way: format!("a {name}").into(),
                    tag: Some("Consulta a un proveedor"),
                    ..reading.message(event, message)
                }))
            }
            false => happened("Proveedor", "la revisa desde ahora".into()),
        },
        EventKind::ProviderReplied { body } => match staff {
            true => Some(reading.note(event, body, Some("Respuesta del proveedor"))),
            false => happened("Proveedor", "respondió".into()),
        },
        EventKind::SolutionReported { report } => {
            staff.then(|| reading.note(event, &report.body, Some("Solución de Tecnología")))
        }
        EventKind::Resolved { solution, .. } => {
            Some(tagged(reading.message(event, solution), "Solución"))
        }
        EventKind::Declined { reason } => Some(tagged(reading.message(event, reason), "Declinada")),
        EventKind::IncidentDescribed { incident } => staff.then(|| {
            let data = incident.personal_data.label().to_lowercase();
            let rest = format!(
                "{}; {}; datos personales: {data}",
                incident.kind.label(),
                incident.asset
            );
            happened("Incidente", rest.into())
        })?,
        EventKind::AuthorityReported { report } => staff.then(|| {
            let tag = match report.outcome {
                ReportOutcome::Reported => "Reporte",
                ReportOutcome::NotRequired => "Reporte que no procede",
            };
            Entry::Message(Message {
                kind: MessageKind::Note,
                way: report.authority.addressed().into(),
                tag: Some(tag),
                ..reading.message(event, &report.note)
            })
        }),
        EventKind::PetitionMarked { petition } => {
            staff.then(|| reading.note(event, &petition.note, Some("Es una petición (PQRSD)")))
        }
        EventKind::PetitionUnmarked { reason } => {
            staff.then(|| reading.note(event, reason, Some("No es una petición")))
        }
        EventKind::Forwarded { forwarding } => Some(Entry::Message(Message {
            way: format!("a {}", forwarding.addressee()).into(),
            tag: Some("Trasladada"),
            ..reading.message(event, &forwarding.message)
        })),
        EventKind::CsirtReportDue(step) => {
            staff.then(|| stepped(event, "Reporte al CSIRT", step, reading))
        }
        EventKind::SicReportDue(step) => {
            staff.then(|| stepped(event, "Reporte a la SIC", step, reading))
        }
        EventKind::ForwardingDue(step) => {
            staff.then(|| stepped(event, "Traslado de la petición", step, reading))
        }
        EventKind::SurveyAnswered { survey } => Some(rated(event, survey, reading)),
        EventKind::Reopened { reason, objects_to } => {
            let why = match objects_to {
                Some(Outcome::Declined | Outcome::Forwarded) => "No está de acuerdo",
                Some(Outcome::Solved) | None => "No quedó resuelta",
            };
            match reason {
                Some(reason) => Some(tagged(reading.message(event, reason), why)),
                None => happened("Reabierta", why.to_lowercase().into()),
            }
        }
        EventKind::Closed { reason } => happened("Cerrada", closed(*reason, reading.ticket).into()),
        EventKind::RequesterChanged { requester, from } => happened(
            "Solicitante",
            format!("{}, en lugar de {}", requester.name, from.name).into(),
        ),
        EventKind::Linked { link } => match (link.visibility, staff) {
            (Visibility::Public, _) => happened("Continúa", format!("en {}", link.number).into()),
            (Visibility::Internal, true) => happened(
                "Otra persona escribió",
                format!("en {}", link.number).into(),
            ),
            (Visibility::Internal, false) => None,
        },
        EventKind::MailFiled { what, .. } => {
            staff.then(|| happened("Correo automático", format!("archivado ({what})").into()))?
        }
        EventKind::MailBounced { recipient, why, .. } => staff.then(|| {
            let why = match why {
                BounceKind::Permanent => "la dirección no recibe",
                BounceKind::Complaint => "lo marcó como no deseado",
                BounceKind::Refused => "no se pudo enviar",
                BounceKind::GivenUp => "no se pudo entregar",
            };
            happened(
                "Correo devuelto",
                format!("de {}: {why}", recipient.as_str()).into(),
            )
        })?,
        EventKind::AttentionWarned(step)
        | EventKind::AttentionBreached(step)
        | EventKind::AttentionOverrun(step) => {
            staff.then(|| stepped(event, "Atención", step, reading))
        }
        EventKind::SolutionWarned(step)
        | EventKind::SolutionBreached(step)
        | EventKind::SolutionOverrun(step) => {
            staff.then(|| stepped(event, "Solución", step, reading))
        }
        EventKind::WaitingReminded(step) => {
            staff.then(|| stepped(event, "Espera del solicitante", step, reading))
        }
        EventKind::ProviderOverdue(step) => {
            staff.then(|| stepped(event, "Espera del proveedor", step, reading))
        }
        EventKind::ValidationReminded(step) => {
            staff.then(|| stepped(event, "Validación", step, reading))
        }
    }
}

fn names(emails: &[EmailAddress], reading: Reading<'_>) -> String {
    let names: Vec<_> = emails
        .iter()
        .map(|email| {
            let entry = reading.catalogue.person(email);
            entry.map_or(email.as_str(), |entry| &entry.name).to_owned()
        })
        .collect();
    types::spanish::list(&names)
}

fn rated<'a>(event: &'a Event, survey: &'a Survey, reading: Reading<'a>) -> Entry<'a> {
    let word = match survey.solved {
        true => "quedó resuelta",
        false => "no quedó resuelta",
    };
    match &survey.comment {
        Some(comment) => Entry::Message(Message {
            way: format!("calificó con {} de 5", survey.rating).into(),
            tag: Some("Encuesta"),
            ..reading.message(event, comment)
        }),
        None => reading.happened(event, "Encuesta", format!("{} de 5: {word}", survey.rating)),
    }
}

fn closed(reason: CloseReason, ticket: &Ticket) -> &'static str {
    match reason {
        CloseReason::ValidationExpired if ticket.is_declined() => {
            "declinada, sin objeción en el plazo"
        }
        CloseReason::ValidationExpired if ticket.is_forwarded() => {
            "trasladada, sin objeción en el plazo"
        }
        CloseReason::Satisfied => "a satisfacción del solicitante",
        CloseReason::Desk => "por la Mesa de Ayuda",
        CloseReason::ValidationExpired => "sin respuesta en el tiempo de validación",
    }
}

fn stepped<'a>(
    event: &'a Event,
    clock: &'static str,
    step: &'a StepReached,
    reading: Reading<'a>,
) -> Entry<'a> {
    let whom = match step.tells {
        Tells::Responsible => responsible(step.responsible.as_ref()),
        Tells::Coordinator => "a la coordinación",
        Tells::Head => "a la jefatura de Tecnología",
        Tells::Requester => "al solicitante",
    };
    reading.happened(
        event,
        clock,
        format!("al {} %; se avisó {whom}", step.percent),
    )
}

fn responsible(person: Option<&Person>) -> &'static str {
    match person {
        Some(_) => "al responsable",
        None => "al equipo",
    }
}
/// A section of a format, as people call it.
fn section_of(code: &FormatCode, section: &SectionId) -> String {
    let found = newest(code).and_then(|schema| schema.section(section));
    match found {
        Some((place, section)) => format!("{code}, sección {} ({})", place + 1, section.title),
        None => format!("{code}, sección {section}"),
    }
}
