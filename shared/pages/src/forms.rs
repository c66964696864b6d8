//! The forms of commands: drawn on a ticket's page, and by themselves where what
//! was sent cannot be taken as it is. A form's fields have the names of the API's
//! body, so that both are read by the same lines.

use std::borrow::Cow;

use strum::VariantArray;
use types::Timestamp;
use types::catalogue::{Catalogue, DirectoryEntry, Role};
use types::clock::ClockKind;
use types::command::{Command, CommandKind, Setting, WhenAway, decide};
use types::ids::{CategoryId, EmailAddress, ProviderId, TicketNumber};
use types::incident::{Incident, IncidentKind, PersonalData, Severity};
use types::legal::{Authority, ReportOutcome};
use types::permission::{self, Actor, Caller};
use types::problem::FieldError;
use types::reply;
use types::ticket::{HoldReason, Person, State, Ticket, Visibility};

use crate::wrong::chosen;

/// The field of this name of what a form sent.
pub fn sent<'a>(form: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let mut fields = form.iter();
    let found = fields.find(|(other, _)| other == name);
    found.map(|(_, value)| value.as_str())
}

/// A form that gives a command on a ticket, in the order of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, VariantArray)]
pub enum Act {
    Reply,
    Note,
    Take,
    Resolve,
    Contact,
    Hold,
    Resume,
    Escalate,
    Report,
    AskProvider,
    ProviderReplied,
    Return,
    Assign,
    Recategorise,
    ChangeRequester,
    Reject,
    Close,
    Decline,
    DescribeIncident,
    RecordReport,
    MarkPetition,
    UnmarkPetition,
    Forward,
    RevokeLink,
    /// Takes somebody off who was copied.
    RemoveObserver,
    /// The reader, who was copied, wants no more of it.
    StopObserving,
}

impl Act {
    /// The last part of the address, as the table of routes has it.
    pub fn word(self) -> &'static str {
        match self {
            Act::Reply | Act::Note => "seguimientos",
            Act::Take | Act::Assign => "responsable",
            Act::Contact => "contacto",
            Act::Recategorise => "categoria",
            Act::ChangeRequester => "solicitante",
            Act::Hold => "espera",
            Act::Resume => "reanudacion",
            Act::Escalate => "escalamiento",
            Act::Return => "devolucion",
            Act::AskProvider => "proveedor",
            Act::ProviderReplied => "respuesta-proveedor",
            Act::Report => "informe",
            Act::Resolve => "solucion",
            Act::Decline => "fuera-de-alcance",
            Act::DescribeIncident => "incidente",
            Act::RecordReport => "reportes",
            Act::MarkPetition | Act::UnmarkPetition => "peticion",
            Act::Forward => "traslado",
            Act::Reject => "rechazo",
            Act::Close => "cierre",
            Act::RevokeLink => "enlace",
            Act::RemoveObserver | Act::StopObserving => "copias",
        }
    }

    /// The form that was sent to this address, by what it says.
    pub fn sent(word: &str, typed: &[(String, String)]) -> Option<Self> {
        match word {
            "seguimientos" if sent(typed, "visibility") == Some("internal") => Some(Act::Note),
            "peticion" if sent(typed, "petition") == Some("false") => Some(Act::UnmarkPetition),
            "responsable" if sent(typed, "agent").is_some() => Some(Act::Assign),
            word => Act::VARIANTS.iter().copied().find(|act| act.word() == word),
        }
    }

    /// What the page after it says.
    pub fn done(self) -> &'static str {
        match self {
            Act::Reply => "enviado",
            Act::Note => "nota",
            Act::Take => "tomada",
            Act::Assign => "asignada",
            Act::Resolve => "resuelta",
            Act::Decline => "declinada",
            Act::Forward => "trasladada",
            Act::Reject => "rechazada",
            Act::Close => "cerrada",
            Act::StopObserving => "sin-copia",
            Act::RemoveObserver => "copia",
            Act::Contact => "contacto",
            Act::Recategorise => "categoria",
            Act::ChangeRequester => "solicitante",
            Act::Hold => "espera",
            Act::Resume => "reanudada",
            Act::Escalate => "escalada",
            Act::Return => "devuelta",
            Act::AskProvider => "consultada",
            Act::ProviderReplied => "respondida",
            Act::Report => "informada",
            Act::DescribeIncident => "incidente",
            Act::RecordReport => "reportada",
            Act::MarkPetition => "peticion",
            Act::UnmarkPetition => "sin-peticion",
            Act::RevokeLink => "enlace",
        }
    }

    /// Whether it is what work at a request leads to: it stands above it, too.
    pub(crate) fn is_main(self) -> bool {
        match self {
            Act::Resolve
            | Act::Hold
            | Act::Escalate
            | Act::Report
            | Act::RecordReport
            | Act::Forward => true,
            Act::Reply
            | Act::Note
            | Act::Take
            | Act::Assign
            | Act::Contact
            | Act::Recategorise
            | Act::ChangeRequester
            | Act::Resume
            | Act::Return
            | Act::AskProvider
            | Act::ProviderReplied
            | Act::Decline
            | Act::DescribeIncident
            | Act::MarkPetition
            | Act::UnmarkPetition
            | Act::Reject
            | Act::Close
            | Act::RevokeLink
            | Act::RemoveObserver
            | Act::StopObserving => false,
        }
    }

    /// The key that opens it.
    pub fn key(self) -> Option<&'static str> {
        match self {
            Act::Reply => Some("r"),
            Act::Note => Some("n"),
            Act::Take => Some("a"),
            Act::Assign => Some("Shift+A"),
            Act::Resolve => Some("e"),
            Act::Hold => Some("h"),
            Act::Escalate => Some("l"),
            Act::Contact
            | Act::Recategorise
            | Act::ChangeRequester
            | Act::Resume
            | Act::Return
            | Act::AskProvider
            | Act::ProviderReplied
            | Act::Report
            | Act::Decline
            | Act::DescribeIncident
            | Act::RecordReport
            | Act::MarkPetition
            | Act::UnmarkPetition
            | Act::Forward
            | Act::Reject
            | Act::Close
            | Act::RemoveObserver
            | Act::StopObserving
            | Act::RevokeLink => None,
        }
    }

    /// Whether whoever did it has no more to do there now, and goes on to another.
    pub fn leads_on(self) -> bool {
        match self {
            Act::Resolve
            | Act::Hold
            | Act::Escalate
            | Act::Report
            | Act::AskProvider
            | Act::Return
            | Act::Decline
            | Act::Forward
            | Act::Close => true,
            Act::Reply
            | Act::Note
            | Act::Take
            | Act::Contact
            | Act::Resume
            | Act::ProviderReplied
            | Act::Assign
            | Act::Recategorise
            | Act::ChangeRequester
            | Act::Reject
            | Act::DescribeIncident
            | Act::RecordReport
            | Act::MarkPetition
            | Act::UnmarkPetition
            | Act::RevokeLink
            | Act::RemoveObserver
            | Act::StopObserving => false,
        }
    }

    /// The id of its form on a page.
    pub(crate) fn id(self) -> String {
        format!("{self:?}").to_lowercase()
    }

    /// Whether canned texts belong into it: what the requester reads, and notes. A
    /// provider is not told who asks.
    pub(crate) fn takes_texts(self) -> bool {
        match self {
            Act::Reply
            | Act::Note
            | Act::Resolve
            | Act::Contact
            | Act::Hold
            | Act::Decline
            | Act::Return
            | Act::Report => true,
            Act::Take
            | Act::Resume
            | Act::Escalate
            | Act::AskProvider
            | Act::ProviderReplied
            | Act::Assign
            | Act::Recategorise
            | Act::ChangeRequester
            | Act::Reject
            | Act::DescribeIncident
            | Act::RecordReport
            | Act::MarkPetition
            | Act::UnmarkPetition
            | Act::Forward
            | Act::RevokeLink
            | Act::RemoveObserver
            | Act::StopObserving
            | Act::Close => false,
        }
    }

    fn title(self) -> &'static str {
        match self {
            Act::Reply => "Responder",
            Act::Note => "Nota interna",
            Act::Take => "Tomar",
            Act::Assign => "Asignar",
            Act::Contact => "Registrar contacto",
            Act::Recategorise => "Cambiar categoría",
            Act::ChangeRequester => "Cambiar solicitante",
            Act::Hold => "En espera",
            Act::Resume => "Reanudar",
            Act::Escalate => "Escalar",
            Act::Return => "Devolver a la Mesa de Ayuda",
            Act::AskProvider => "Consultar a un proveedor",
            Act::ProviderReplied => "Registrar respuesta del proveedor",
            Act::Report => "Informar la solución",
            Act::Resolve => "Resolver",
            Act::Decline => "Fuera del alcance",
            Act::DescribeIncident => "Describir el incidente",
            Act::RecordReport => "Registrar un reporte",
            Act::MarkPetition => "Es una petición (PQRSD)",
            Act::UnmarkPetition => "No es una petición",
            Act::Forward => "Trasladar la petición",
            Act::Reject => "No quedó resuelta",
            Act::Close => "Cerrar",
            Act::RevokeLink => "Anular el enlace del correo",
            Act::RemoveObserver => "Quitar de las copias",
            Act::StopObserving => "Dejar de recibir copia",
        }
    }

    fn submit(self) -> &'static str {
        match self {
            Act::Reply => "Enviar",
            Act::Note => "Guardar nota",
            Act::Hold => "Preguntar y poner en espera",
            Act::Decline => "Responder que no procede",
            Act::Reject => "Reabrir la solicitud",
            Act::AskProvider => "Enviar al proveedor",
            Act::Report => "Enviar a la Mesa de Ayuda",
            Act::DescribeIncident => "Guardar",
            Act::RecordReport => "Registrar el reporte",
            Act::MarkPetition => "Marcar como petición",
            Act::UnmarkPetition => "Quitar la marca",
            Act::Forward => "Trasladar y avisar",
            Act::Take
            | Act::Assign
            | Act::Contact
            | Act::Recategorise
            | Act::ChangeRequester
            | Act::Resume
            | Act::Escalate
            | Act::Return
            | Act::ProviderReplied
            | Act::Resolve
            | Act::Close
            | Act::RemoveObserver
            | Act::StopObserving
            | Act::RevokeLink => self.title(),
        }
    }

    /// Whether one press does it: nothing is asked, and nothing is lost by it.
    pub(crate) fn is_at_once(self) -> bool {
        match self {
            Act::Take | Act::Close | Act::RemoveObserver | Act::StopObserving => true,
            Act::Reply
            | Act::Note
            | Act::Resolve
            | Act::Contact
            | Act::Hold
            | Act::Resume
            | Act::Escalate
            | Act::Report
            | Act::AskProvider
            | Act::ProviderReplied
            | Act::Return
            | Act::Assign
            | Act::Recategorise
            | Act::ChangeRequester
            | Act::Reject
            | Act::Decline
            | Act::DescribeIncident
            | Act::RecordReport
            | Act::MarkPetition
            | Act::UnmarkPetition
            | Act::Forward
            | Act::RevokeLink => false,
        }
    }

    /// What it does, said before it is done.
    fn hint(self) -> &'static str {
        match self {
            Act::Reply => "La recibe por correo quien pidió y quien observa.",
            Act::Note => "Quien pidió no la ve ni sabe que existe.",
            Act::Take => "Usted queda como responsable; se avisa a quien la tenía.",
            Act::Assign => "Se le avisa por correo.",
            Act::Contact => "Detiene el tiempo de atención.",
            Act::Recategorise => "Puede pasar a otro equipo.",
            Act::ChangeRequester => "Si la pidió otra persona. Se avisa a las dos.",
            Act::Hold => "El solicitante recibe la pregunta y el tiempo de solución se detiene.",
            Act::Resume => "El tiempo de solución sigue corriendo.",
            Act::Escalate => {
                "Pasa a la Oficina de Tecnología; usted sigue a cargo del solicitante."
            }
            Act::Return => "La Mesa de Ayuda sigue desde donde iba.",
            Act::AskProvider => {
                "Sale por correo sin el nombre del solicitante; el tiempo se detiene."
            }
            Act::ProviderReplied => "Si respondió por otro medio que el correo.",
            Act::Report => "La Mesa de Ayuda la revisa y responde al solicitante.",
            Act::Resolve => "El solicitante la recibe por correo y dice si le sirvió.",
            Act::Decline => {
                "Diseño y corrección de estilo de la página web (numeral 5 del procedimiento)."
            }
            Act::DescribeIncident => {
                "Si puede afectar datos personales, corre también el plazo para reportar a la SIC."
            }
            Act::RecordReport => "Detiene el plazo de ley de ese reporte.",
            Act::MarkPetition => {
                "La responde otra dependencia u otra entidad: corre el plazo de ley para trasladarla, y el de solución se detiene."
            }
            Act::UnmarkPetition => "El plazo de ley se detiene y el de solución corre otra vez.",
            Act::Forward => {
                "Sale por correo a quien debe responderla, con sus archivos; quien la hizo recibe copia. Solo se atiende aquí si no está de acuerdo."
            }
            Act::Reject => "La Mesa de Ayuda la retoma y el tiempo vuelve a correr.",
            Act::Close => "Ya no admite cambios; una respuesta abre otra.",
            Act::RemoveObserver => "Deja de recibir los correos de la solicitud y de verla.",
            Act::StopObserving => "No recibe más correos de esta solicitud.",
            Act::RevokeLink => {
                "Los correos que ya recibió el solicitante dejan de abrirla; el próximo trae un enlace nuevo."
            }
        }
    }

    fn fields(self, choices: &Choices<'_>) -> Vec<Field> {
        let text = |name, label: &'static str, rows| vec![Field::text(name, label, rows)];
        match self {
            Act::Reply => vec![
                Field::hidden("visibility", "public"),
                Field::text("body", "Respuesta", 4),
                Field::files(),
            ],
            Act::Note => vec![
                Field::hidden("visibility", "internal"),
                Field::text("body", "Nota interna", 2),
                Field::files(),
            ],
            Act::Take | Act::Close | Act::RemoveObserver | Act::StopObserving | Act::RevokeLink => {
                vec![]
            }
            Act::Assign => {
                let agents = Field::choice("agent", "Responsable", choices.agents());
                [agents].into_iter().chain(choices.confirm_away()).collect()
            }
            Act::Contact => text("note", "Qué se habló", 3),
            Act::ChangeRequester => vec![
                Field::text("email", "Correo de quien la pidió", 1),
                Field::text("name", "Nombre", 1).optional(),
            ],
            Act::Recategorise => vec![Field::choice("category", "Categoría", choices.categories())],
            Act::Hold => text("note", "Qué se le pregunta", 3),
            Act::Resume => vec![Field::text("note", "Por qué", 2).optional()],
            Act::Escalate => {
                let officers = Field::choice("officer", "A quién", choices.officers());
                let why = Field::text("justification", "Por qué la Mesa de Ayuda no puede", 3);
                [officers, why]
                    .into_iter()
                    .chain(choices.confirm_away())
                    .collect()
            }
            Act::Return => text("note", "Para la Mesa de Ayuda", 3),
            Act::AskProvider => vec![
                Field::choice("provider", "Proveedor", choices.providers()),
                Field::text("message", "Mensaje", 4),
            ],
            Act::ProviderReplied => text("body", "Qué respondió", 3),
            Act::Report => vec![
                Field::text("body", "Qué se hizo, con la evidencia", 5),
                Field::files(),
            ],
            Act::Resolve => vec![Field::text("solution", "Solución", 4), Field::files()],
            Act::Decline => text("reason", "Motivo, para el solicitante", 3),
            Act::DescribeIncident => choices.incident(),
            Act::RecordReport => vec![
                Field::choice("authority", "A quién", choices.reports()),
                Field::choice("outcome", "Qué pasó", report_outcomes()),
                Field::text("note", "Número o radicado, o por qué no procede", 2),
            ],
            Act::MarkPetition => vec![
                Field::hidden("petition", "true"),
                Field::text("note", "Por qué lo es", 2),
            ],
            Act::UnmarkPetition => vec![
                Field::hidden("petition", "false"),
                Field::text("note", "Por qué no lo es", 2),
            ],
            Act::Forward => choices.forwarding(),
            Act::Reject => match choices.ticket.is_some_and(Ticket::is_turned_away) {
                true => text("reason", "Por qué no está de acuerdo", 3),
                false => text("reason", "Qué falta", 3),
            },
        }
    }

    /// A command of this kind, with whatever content: the rules say whether there
    /// may be one now.
    fn sample(self, choices: &Choices<'_>) -> Option<Command> {
        let text = || "·".to_owned();
        let address = |choices: Vec<Choice>| {
            let first = choices.into_iter().next()?;
            EmailAddress::parse(&first.value).ok()
        };
        Some(match self {
            Act::Reply => Command::FollowUp {
                body: text(),
                visibility: Visibility::Public,
            },
            Act::Note => Command::FollowUp {
                body: text(),
                visibility: Visibility::Internal,
            },
            Act::Take => Command::Take,
            Act::Assign => Command::AssignTo {
                agent: address(choices.agents())?,
                away: WhenAway::Confirmed,
            },
            Act::Contact => Command::Contact { note: text() },
            Act::Recategorise => Command::Recategorise {
                category: CategoryId::from(choices.categories().into_iter().next()?.value.as_str()),
            },
            Act::ChangeRequester => Command::ChangeRequester {
                email: EmailAddress::parse("nadie@example.com").ok()?,
                name: None,
            },
            Act::Hold => Command::Hold { note: text() },
            Act::Resume => Command::Resume { note: None },
            Act::Escalate => Command::Escalate {
                officer: address(choices.officers())?,
                justification: text(),
                away: WhenAway::Confirmed,
            },
            Act::Return => Command::Return { note: text() },
            Act::AskProvider => Command::RequestProvider {
                provider: ProviderId::from(choices.providers().into_iter().next()?.value.as_str()),
                message: text(),
            },
            Act::ProviderReplied => Command::RecordProviderReply { body: text() },
            Act::Report => Command::ReportSolution { body: text() },
            Act::Resolve => Command::Resolve { solution: text() },
            Act::Decline => Command::Decline { reason: text() },
            Act::DescribeIncident => Command::DescribeIncident {
                incident: Box::new(Incident {
                    kind: IncidentKind::Other,
                    asset: text(),
                    personal_data: PersonalData::Unknown,
                    people: None,
                    containment: None,
                    severity: None,
                }),
            },
            Act::RecordReport => Command::RecordReport {
                authority: choices.pending().next()?,
                outcome: ReportOutcome::Reported,
                note: text(),
            },
            Act::MarkPetition => Command::MarkPetition { note: text() },
            Act::UnmarkPetition => Command::UnmarkPetition { reason: text() },
            Act::Forward => Command::Forward {
                to: Person {
                    email: EmailAddress::parse("nadie@example.com").ok()?,
                    name: text(),
                },
                message: text(),
            },
            Act::Reject => Command::Reject { reason: text() },
            Act::Close => Command::Close,
            Act::RevokeLink => Command::RevokeLink,
            Act::RemoveObserver => Command::RemoveObserver {
                email: choices.ticket?.request.observers.first()?.email.clone(),
            },
            Act::StopObserving => Command::StopObserving,
        })
    }
}

/// A form, to be drawn.
#[derive(Clone, Debug)]
pub struct Form {
    pub act: Act,
    pub action: String,
    pub title: Cow<'static, str>,
    pub hint: &'static str,
    /// What is to be known before it is filled in.
    pub asides: Vec<&'static str>,
    pub submit: Cow<'static, str>,
    pub fields: Vec<Field>,
    pub version: Option<u64>,
    pub key: String,
    /// Where whoever wants the next one goes, once this one is done.
    pub next: Option<String>,
    /// Where its files are announced; nowhere, where it is not known whose it is.
    pub files: String,
}

/// A field of a form.
#[derive(Clone, Debug)]
pub struct Field {
    pub name: &'static str,
    pub label: Cow<'static, str>,
    pub control: Control,
    pub value: String,
    pub required: bool,
    pub error: Option<String>,
}

/// How a field is filled in.
#[derive(Clone, Debug)]
pub enum Control {
    Hidden,
    /// By a script, which uploads files and says which.
    Files,
    /// Of so many lines.
    Text(u8),
    Choice(Vec<Choice>),
}

/// One of several values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    pub value: String,
    pub label: String,
}

impl Field {
    fn new(name: &'static str, label: impl Into<Cow<'static, str>>, control: Control) -> Self {
        Field {
            name,
            label: label.into(),
            control,
            value: String::new(),
            required: true,
            error: None,
        }
    }

    fn hidden(name: &'static str, value: &str) -> Self {
        Field {
            value: value.to_owned(),
            ..Field::new(name, "", Control::Hidden)
        }
    }

    fn text(name: &'static str, label: &'static str, rows: u8) -> Self {
        Field::new(name, label, Control::Text(rows))
    }

    fn files() -> Self {
        Field::new("attachments", "Archivos", Control::Files).optional()
    }

    fn choice(name: &'static str, label: &'static str, choices: Vec<Choice>) -> Self {
        Field::new(name, label, Control::Choice(choices))
    }

    pub(crate) fn is_hidden(&self) -> bool {
        match self.control {
            Control::Hidden => true,
            Control::Files | Control::Text(_) | Control::Choice(_) => false,
        }
    }

    pub(crate) fn rows(&self) -> Option<u8> {
        match self.control {
            Control::Text(rows) => Some(rows),
            Control::Hidden | Control::Files | Control::Choice(_) => None,
        }
    }

    pub(crate) fn is_one_line(&self) -> bool {
        self.rows() == Some(1)
    }

    pub(crate) fn choices(&self) -> Option<&[Choice]> {
        match &self.control {
            Control::Choice(choices) => Some(choices),
            Control::Hidden | Control::Files | Control::Text(_) => None,
        }
    }

    pub(crate) fn takes_files(&self) -> bool {
        match self.control {
            Control::Files => true,
            Control::Hidden | Control::Text(_) | Control::Choice(_) => false,
        }
    }

    /// Whether an error is this field's, or that of a part of it.
    fn has(&self, error: &FieldError) -> bool {
        let rest = error.field.strip_prefix(self.name);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('['))
    }

    fn holding(self, value: &str) -> Self {
        Field {
            value: value.to_owned(),
            ..self
        }
    }

    fn optional(self) -> Self {
        Field {
            required: false,
            ..self
        }
    }
}

impl Form {
    /// The form of somebody of whom nothing is known: his own words, and nothing of
    /// the ticket.
    pub fn blind(act: Act, action: &str, typed: &[(String, String)], key: &str) -> Self {
        let nothing = Choices {
            ticket: None,
            catalogue: None,
            now: Timestamp::MIN,
        };
        let mut fields = act.fields(&nothing);
        for field in &mut fields {
            let value = sent(typed, field.name).unwrap_or_default();
            value.clone_into(&mut field.value);
            if let Control::Choice(choices) = &mut field.control {
                *choices = vec![Choice {
                    value: value.to_owned(),
                    label: value.to_owned(),
                }];
            }
        }
        Form {
            act,
            action: action.to_owned(),
            title: act.title().into(),
            hint: act.hint(),
            asides: vec![],
            submit: act.submit().into(),
            fields,
            version: sent(typed, "expected_version").and_then(|version| version.parse().ok()),
            key: key.to_owned(),
            next: None,
            files: String::new(),
        }
    }

    /// The same form in the words of whoever asked, or was copied, with what an answer
    /// of his does: it goes to the desk.
    #[must_use]
    pub fn of_requester(mut self, ticket: &Ticket, who: &EmailAddress) -> Self {
        self.hint = match ticket.state {
            _ if !ticket.is_of(who) => "La leen quien pidió la solicitud y quien la atiende.",
            State::OnHold(HoldReason::Requester) => reply::ENDS_WAIT,
            State::Solved if ticket.is_turned_away() => reply::OBJECTS,
            State::Solved if ticket.asks_survey() => reply::RATES_OR_REOPENS,
            State::Solved => reply::REOPENS,
            State::New
            | State::Assigned
            | State::OnHold(HoldReason::Technology | HoldReason::Provider)
            | State::Closed => {
                "La lee quien atiende su solicitud. Si ya no la necesita, o ya se arregló, escríbalo aquí: esa persona la da por resuelta."
            }
        };
        // What he adds holds whatever the desk did meanwhile.
        self.version = None;
        for field in &mut self.fields {
            if field.name == "body" {
                field.label = "Escribir a la Mesa de Ayuda".into();
            }
        }
        self
    }

    /// Whether it is about the reader himself.
    pub(crate) fn is_own(&self) -> bool {
        self.act == Act::StopObserving
    }

    /// The id of the form, and what the ids of its fields begin with.
    pub fn id(&self) -> String {
        self.act.id()
    }

    /// The id of a field of it.
    pub fn field_id(&self, field: &Field) -> String {
        format!("{}-{}", self.id(), field.name)
    }

    /// The same form with what was typed, and what is wrong with it.
    #[must_use]
    pub fn again(mut self, typed: &[(String, String)], errors: &[FieldError]) -> Self {
        for field in &mut self.fields {
            if let Some(value) = sent(typed, field.name) {
                value.clone_into(&mut field.value);
            }
            let mut errors = errors.iter();
            field.error =
                errors
                    .find(|error| field.has(error))
                    .map(|error| match field.choices() {
                        Some(_) => chosen(error).to_owned(),
                        None => error.detail.clone(),
                    });
            // Nobody can take one of them back where no script runs: he chooses anew.
            if field.takes_files() && field.error.is_some() {
                field.value.clear();
            }
        }
        self
    }

    /// The fields that cannot be taken as they are.
    pub fn wrong(&self) -> Vec<&Field> {
        self.fields
            .iter()
            .filter(|field| field.error.is_some())
            .collect()
    }
}

/// Whom and what a form lets choose.
struct Choices<'a> {
    ticket: Option<&'a Ticket>,
    catalogue: Option<&'a Catalogue>,
    now: Timestamp,
}

impl Choices<'_> {
    fn of(&self, entry: &DirectoryEntry) -> Choice {
        Choice {
            value: entry.email.as_str().to_owned(),
            label: entry.listed(self.now).into_owned(),
        }
    }

    /// Asked where somebody whom it could go to is not there.
    fn confirm_away(&self) -> Option<Field> {
        let everybody = self.catalogue?.document().directory.iter();
        let mut staff = everybody.filter(|entry| {
            entry.is_technology() || self.ticket.is_some_and(|t| entry.works_for(&t.policy.team))
        });
        staff.find(|entry| !entry.is_here(self.now))?;
        let answers = vec![
            labelled("false", "No la dejo a su cargo"),
            labelled("true", "Queda a su cargo de todos modos"),
        ];
        let field = Field::choice("confirm_away", "Si esa persona está ausente", answers);
        Some(field.optional())
    }

    /// The reports that are still owed.
    fn pending(&self) -> impl Iterator<Item = Authority> {
        let clocks = self.ticket.map(|ticket| &ticket.clocks);
        Authority::ALL.iter().copied().filter(move |authority| {
            clocks.is_some_and(|of| of.get(authority.clock()).running_since().is_some())
        })
    }

    fn reports(&self) -> Vec<Choice> {
        let choice = |of: Authority| labelled(of.into(), of.label());
        self.pending().map(choice).collect()
    }

    /// What is known of an incident, as it stands.
    fn incident(&self) -> Vec<Field> {
        let known = self.ticket.and_then(|of| of.request.incident.as_ref());
        let kinds = IncidentKind::ALL.iter();
        let kinds = kinds.map(|of| labelled(of.as_str(), of.label())).collect();
        let severities = Severity::ALL.iter();
        let severities = severities.map(|of| labelled(of.as_str(), of.label()));
        let data = PersonalData::ALL.iter();
        let data = data.map(|of| labelled(of.as_str(), of.label())).collect();
        let said = |value: Option<&str>| value.unwrap_or_default().to_owned();
        let people = known.and_then(|known| known.people);
        let severity = known.and_then(|known| known.severity);
        vec![
            Field::choice("kind", "Qué es", kinds).holding(&said(known.map(|of| of.kind.as_str()))),
            Field::text("asset", "Qué afecta", 1).holding(&said(known.map(|of| &*of.asset))),
            Field::choice("personal_data", "Afecta datos personales", data)
                .holding(&said(known.map(|of| of.personal_data.as_str()))),
            Field::text("people", "De cuántas personas", 1)
                .holding(&people.map_or_else(String::new, |people| people.to_string()))
                .optional(),
            Field::choice("severity", "Gravedad", severities.collect())
                .holding(&said(severity.map(Severity::as_str)))
                .optional(),
            Field::text("containment", "Qué se hizo para contenerlo", 3)
                .holding(&said(known.and_then(|of| of.containment.as_deref())))
                .optional(),
        ]
    }

    /// Where petitions go to, unless somebody says better.
    fn forwarding(&self) -> Vec<Field> {
        let terms = self.catalogue.map(|of| &of.document().legal_terms);
        let office = terms.and_then(|terms| terms.petition_office.as_ref());
        let (name, email) = office.map_or(("", ""), |of| (&*of.name, of.email.as_str()));
        vec![
            Field::text("name", "A quién", 1).holding(name),
            Field::text("email", "Su correo", 1).holding(email),
            Field::text("message", "Por qué le corresponde", 3),
        ]
    }

    fn agents(&self) -> Vec<Choice> {
        let (Some(ticket), Some(catalogue)) = (self.ticket, self.catalogue) else {
            return vec![];
        };
        let now = ticket.assignee.as_ref().map(|person| &person.email);
        let agents = catalogue.agents(&ticket.policy.team);
        agents
            .filter(|agent| Some(&agent.email) != now)
            .map(|agent| self.of(agent))
            .collect()
    }

    fn officers(&self) -> Vec<Choice> {
        let officers = self.catalogue.into_iter();
        officers
            .flat_map(|catalogue| catalogue.with_role(Role::Officer))
            .map(|officer| self.of(officer))
            .collect()
    }

    fn providers(&self) -> Vec<Choice> {
        let catalogues = self.catalogue.into_iter();
        catalogues
            .flat_map(Catalogue::offered_providers)
            .map(|provider| labelled(&provider.id.0, &provider.name))
            .collect()
    }

    fn categories(&self) -> Vec<Choice> {
        let now = self.ticket.map(|ticket| &ticket.policy.category);
        let catalogues = self.catalogue.into_iter();
        catalogues
            .flat_map(Catalogue::offered_categories)
            .filter(|category| Some(&category.id) != now)
            .map(|category| labelled(&category.id.0, &category.name))
            .collect()
    }
}

fn labelled(value: &str, label: &str) -> Choice {
    Choice {
        value: value.to_owned(),
        label: label.to_owned(),
    }
}

fn report_outcomes() -> Vec<Choice> {
    let outcomes = ReportOutcome::ALL.iter().map(|outcome| match outcome {
        ReportOutcome::Reported => labelled(outcome.into(), "Se reportó"),
        ReportOutcome::NotRequired => labelled(outcome.into(), "No procede"),
    });
    outcomes.collect()
}

/// What of a form is to be known before it is filled in: who can be called, and what
/// becomes of the solution time.
fn asides(act: Act, ticket: &Ticket) -> Vec<&'static str> {
    const ANEW: &str = "El tiempo de solución empieza de nuevo para quien la recibe; lo que ya se usó queda en la cuenta de los relojes.";
    match (act, ticket.state) {
        (Act::Escalate, _) => vec![
            "Al proveedor lo llama la Oficina de Tecnología: escálela y dígalo en el motivo.",
            ANEW,
        ],
        (Act::Assign, State::OnHold(_)) => {
            vec!["Sigue en espera: sus tiempos quedan como están."]
        }
        // What is to be passed on has no solution time.
        (Act::Assign, _) if ticket.is_petition() => vec![],
        (Act::Assign, _) if ticket.clocks.get(ClockKind::Solution).is_idle() => {
            vec!["El tiempo de solución empieza para quien la recibe."]
        }
        (Act::Assign, _) => vec![ANEW],
        (_, _) => vec![],
    }
}

/// The keys of what somebody may do to some request.
pub(crate) fn keys(caller: &Caller) -> String {
    const KEYED: [(Act, CommandKind); 7] = [
        (Act::Take, CommandKind::Take),
        (Act::Assign, CommandKind::AssignTo),
        (Act::Reply, CommandKind::FollowUp),
        (Act::Note, CommandKind::FollowUpInternally),
        (Act::Hold, CommandKind::Hold),
        (Act::Escalate, CommandKind::Escalate),
        (Act::Resolve, CommandKind::Resolve),
    ];
    // What he asked for himself he reads on another page.
    let may = |command| {
        let mut roles = permission::roles(command).filter(|role| *role != Role::Requester);
        roles.any(|role| caller.is(role))
    };
    let acts = KEYED.into_iter().filter(|(_, command)| may(*command));
    let mut keys: Vec<_> = acts.filter_map(|(act, _)| act.key()).collect();
    if may(CommandKind::Resolve) {
        keys.push("Shift+E");
    }
    keys.join(" ")
}

/// What is said of a command of which there is nothing more to say.
pub const DONE: &str = "hecho";

/// Whether a command is one of those after which whoever gave it goes on, by what is said of
/// it.
pub fn leads_on(word: &str) -> bool {
    let mut acts = Act::VARIANTS.iter().filter(|act| act.leads_on());
    acts.any(|act| act.done() == word)
}

/// Where whoever is done with a ticket gets his next one.
pub fn next_after(number: TicketNumber) -> String {
    format!("/cola/siguiente?tras={}", number.0)
}

/// The same, where the next page is to say what came of this act.
pub fn next_after_act(number: TicketNumber, act: Option<Act>) -> String {
    let done = act.map_or(DONE, Act::done);
    format!("{}&hecho={done}", next_after(number))
}

/// A ticket's form for an act, on the page at this address. `key` is unique to the
/// page.
pub fn form(act: Act, ticket: &Ticket, setting: Setting<'_>, at: &str, key: &str) -> Form {
    let choices = Choices {
        ticket: Some(ticket),
        catalogue: Some(setting.catalogue),
        now: setting.now,
    };
    Form {
        act,
        action: format!("{at}/{}", act.word()),
        title: match (act, &ticket.assignee) {
            (Act::Take, Some(colleague)) => format!("Tomar de {}", colleague.name).into(),
            (Act::Reject, _) if ticket.is_turned_away() => "No estoy de acuerdo".into(),
            (_, _) => act.title().into(),
        },
        hint: act.hint(),
        asides: asides(act, ticket),
        submit: act.submit().into(),
        fields: act.fields(&choices),
        version: Some(ticket.version),
        next: (act == Act::Resolve).then(|| next_after_act(ticket.number, Some(act))),
        key: format!("{key}-{}", act.id()),
        files: format!("{at}/archivos"),
    }
}

/// The form that takes somebody off a ticket who was copied, or lets him leave.
pub fn off(act: Act, person: &Person, ticket: &Ticket, at: &str, key: &str) -> Form {
    let address = person.email.as_str();
    Form {
        act,
        action: format!("{at}/{}/{address}", act.word()),
        title: act.title().into(),
        hint: act.hint(),
        asides: vec![],
        submit: act.submit().into(),
        fields: vec![],
        version: Some(ticket.version),
        next: None,
        files: String::new(),
        key: format!("{key}-{}-{address}", act.id()),
    }
}

/// The acts that the rules let somebody do now: they are asked, so that no page
/// offers what would be refused.
pub fn offered(ticket: &Ticket, caller: &Caller, setting: Setting<'_>) -> Vec<Act> {
    offered_of(Act::VARIANTS, ticket, caller, setting)
}

/// Those of some acts.
pub(crate) fn offered_of(
    acts: &[Act],
    ticket: &Ticket,
    caller: &Caller,
    setting: Setting<'_>,
) -> Vec<Act> {
    let choices = Choices {
        ticket: Some(ticket),
        catalogue: Some(setting.catalogue),
        now: setting.now,
    };
    let actor = Actor::Person(caller.clone());
    let may = |act: &Act| {
        // First somebody says that it is a petition.
        if *act == Act::Forward && !ticket.is_petition() {
            return false;
        }
        let sample = act.sample(&choices);
        sample.is_some_and(|command| decide(ticket, &command, &actor, setting).is_ok())
    };
    acts.iter().copied().filter(may).collect()
}
