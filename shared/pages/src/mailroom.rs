//! Mail that was refused: a day's list, one of them as text, and the form that
//! makes a request of it after all.

use askama::Template;
use jiff::Timestamp;
use jiff::civil::Date;
use types::api::Discarded;
use types::catalogue::{Catalogue, Role};
use types::ids::EmailAddress;
use types::input::MAX_NAME;
use types::mail::{MailOutcome, MailRecord, RefusalReason, day};
use types::permission::Caller;
use types::problem::Problem;
use types::spanish;

use crate::forms::sent;
use crate::shell::Shell;
use crate::talk::paragraphs;
use crate::words;
use crate::wrong::Wrong;

/// What the page is called, here and in the rail.
pub const TITLE: &str = "Correo por revisar";

/// What came to nothing on a day, and one of it.
#[derive(Template)]
#[template(path = "mailroom.html")]
pub struct Page<'a> {
    pub shell: Shell<'a>,
    day: Date,
    today: Date,
    class: Discarded,
    pub mails: Vec<Line<'a>>,
    /// Where the day's list goes on.
    pub next: Option<String>,
    /// The one that is looked at.
    pub mail: Option<Mail<'a>>,
}

/// A mail in the list.
pub struct Line<'a> {
    href: String,
    subject: &'a str,
    sender: &'a str,
    reason: &'static str,
    at: Timestamp,
    hour: String,
    accepted: bool,
    current: bool,
}

/// One mail.
pub struct Mail<'a> {
    record: &'a MailRecord,
    text: Text,
    /// The names of its files.
    files: Vec<String>,
    /// Where whoever looks may accept it.
    pub form: Option<Accept<'a>>,
}

/// What there is to read of a mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Text {
    Is(String),
    /// It goes on, and this is as much as is read of any.
    Begins(String),
    /// What brings a virus is not opened.
    Virus,
    /// No reader makes anything of it.
    Unreadable,
    /// It is too large to hold, or is not kept any more.
    Away,
}

/// The form that accepts a mail, by the names of the API's body.
pub struct Accept<'a> {
    key: String,
    categories: Vec<Choice<'a>>,
    /// The mail does not say who wrote it: whoever accepts it does.
    asks_who: bool,
    email: String,
    name: String,
    /// The number of the ticket that it belongs to.
    ticket: String,
    wrong: Wrong,
}

/// A category to be chosen.
pub struct Choice<'a> {
    id: &'a str,
    name: &'a str,
    chosen: bool,
}

/// Whether somebody looks through what was refused.
pub fn may_look(caller: &Caller) -> bool {
    let roles = [Role::Agent, Role::Coordinator, Role::Auditor, Role::Head];
    roles.into_iter().any(|role| caller.is(role))
}

/// Whom a mail says that it is from: in its header, or on its envelope.
fn sender(record: &MailRecord) -> Option<&str> {
    let from = record.from.as_ref().map(EmailAddress::as_str);
    from.or(record.envelope_from.as_deref())
        .filter(|sender| !sender.is_empty())
}

/// Why a mail came to nothing, in some words.
fn reason(record: &MailRecord) -> &'static str {
    let reason = match &record.outcome {
        MailOutcome::Refused { reason, .. } => reason,
        MailOutcome::Duplicate { .. } => return "Ya había llegado",
        MailOutcome::Filed { .. } | MailOutcome::Ticket { .. } | MailOutcome::FollowUp { .. } => {
            return "Nadie lo escribió";
        }
    };
    match reason {
        RefusalReason::Virus => "Trae un virus",
        RefusalReason::Spam => "No deseado",
        RefusalReason::Unauthenticated => "No se probó quién lo envía",
        RefusalReason::OutsideSender => "No es de la entidad",
        RefusalReason::NoSender => "No dice de quién es",
        RefusalReason::Flood => "Demasiados en una hora",
        RefusalReason::Unreadable => "No se puede leer",
        RefusalReason::NotAllowed => "No puede hacer lo que pide",
    }
}

fn subject(record: &MailRecord) -> &str {
    let subject = record.subject.as_deref().unwrap_or_default();
    match subject.trim() {
        "" => "(sin asunto)",
        subject => subject,
    }
}

/// Where a mail is read: one that is on file with a ticket, there.
fn href(record: &MailRecord) -> String {
    match &record.outcome {
        MailOutcome::Filed {
            ticket: Some(ticket),
            ..
        } => format!("/solicitudes/{}", ticket.number.0),
        MailOutcome::Filed { ticket: None, .. }
        | MailOutcome::Refused { .. }
        | MailOutcome::Ticket { .. }
        | MailOutcome::FollowUp { .. }
        | MailOutcome::Duplicate { .. } => format!("/correo/{}", record.id),
    }
}

impl<'a> Page<'a> {
    /// As markup.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn written(&self) -> Result<String, askama::Error> {
        self.render()
    }

    /// The list of a day, with the mail that is looked at, if one is.
    pub fn of(
        shell: Shell<'a>,
        (shown, class): (Date, Discarded),
        records: &'a [MailRecord],
        mail: Option<Mail<'a>>,
    ) -> Self {
        let current = mail.as_ref().map(|mail| &mail.record.id);
        let mails = records.iter();
        let mails = mails.map(|record| Line {
            href: href(record),
            subject: subject(record),
            sender: sender(record).unwrap_or("Sin remitente"),
            reason: reason(record),
            at: record.received_at,
            hour: words::hour(record.received_at),
            accepted: record.accepted.is_some(),
            current: current == Some(&record.id),
        });
        Page {
            class,
            day: shown,
            today: day(shell.now),
            mails: mails.collect(),
            next: None,
            mail,
            shell,
        }
    }

    /// The lists of a day, each with its words, and which of them is shown.
    fn classes(&self) -> [(&'static str, &'static str, bool); 3] {
        [
            (Discarded::Refused, "Rechazados"),
            (Discarded::Filed, "Automáticos"),
            (Discarded::Duplicate, "Repetidos"),
        ]
        .map(|(class, name)| (class.into(), name, class == self.class))
    }

    fn class_word(&self) -> &'static str {
        self.class.into()
    }

    fn class_name(&self) -> &'static str {
        let shown = self.classes().into_iter().find(|(_, _, shown)| *shown);
        shown.map_or("Rechazados", |(_, name, _)| name)
    }

    /// Whether what is listed waits for somebody's look.
    fn waits(&self) -> bool {
        self.class == Discarded::Refused
    }

    /// What there is to say where the list is empty.
    fn empty(&self) -> &'static str {
        match self.class {
            Discarded::Refused => "Ningún correo fue rechazado ese día.",
            Discarded::Filed => "Ningún correo automático llegó ese día.",
            Discarded::Duplicate => "Ningún correo llegó repetido ese día.",
        }
    }

    fn day_name(&self) -> String {
        spanish::day(self.day, Some(self.today.year()))
    }

    fn before(&self) -> Option<Date> {
        self.day.yesterday().ok()
    }

    fn after(&self) -> Option<Date> {
        let after = self.day.tomorrow().ok()?;
        (after <= self.today).then_some(after)
    }
}

impl<'a> Mail<'a> {
    /// A mail, with what there is to read of it.
    pub fn of(record: &'a MailRecord, text: Text, files: Vec<String>) -> Self {
        Mail {
            record,
            text,
            files,
            form: None,
        }
    }

    fn subject(&self) -> &str {
        subject(self.record)
    }

    fn sender(&self) -> &str {
        sender(self.record).unwrap_or("No dice de quién es")
    }

    fn arrived(&self, now: &Timestamp) -> String {
        words::when(self.record.received_at, *now)
    }

    /// Why it was refused, in whole sentences.
    fn why(&self) -> String {
        match &self.record.outcome {
            MailOutcome::Refused { reason, detail } if detail == reason.sentence() => {
                detail.clone()
            }
            MailOutcome::Refused { reason, detail } => format!("{} {detail}", reason.sentence()),
            MailOutcome::Filed { what, .. } => what.clone(),
            MailOutcome::Duplicate { .. } => {
                "El mismo correo, palabra por palabra, ya había llegado.".to_owned()
            }
            MailOutcome::Ticket { .. } | MailOutcome::FollowUp { .. } => String::new(),
        }
    }

    /// What there is to read, by paragraphs.
    fn paragraphs(&self) -> Vec<&str> {
        match &self.text {
            Text::Is(text) | Text::Begins(text) => paragraphs(text),
            Text::Virus | Text::Unreadable | Text::Away => vec![],
        }
    }

    /// What there is to say of what cannot be read.
    fn remark(&self) -> Option<&'static str> {
        match &self.text {
            Text::Is(text) if text.trim().is_empty() => Some("El correo no trae texto."),
            Text::Is(_) => None,
            Text::Begins(_) => Some("El texto sigue; el correo completo se conserva."),
            Text::Virus => Some("Un correo con virus no se abre."),
            Text::Unreadable => Some("No se puede leer; el original se conserva como evidencia."),
            Text::Away => Some("Es demasiado grande para mostrarlo aquí, o ya no se conserva."),
        }
    }
}

impl<'a> Accept<'a> {
    /// The form, with what was typed.
    pub fn of(
        record: &MailRecord,
        catalogue: &'a Catalogue,
        typed: &[(String, String)],
        key: String,
    ) -> Self {
        let value = |name| sent(typed, name).unwrap_or_default();
        let chosen = value("category");
        // What is asked of the web page no mail says in the words of the form.
        let categories = catalogue.offered_categories();
        let categories = categories.filter(|category| !category.web_request);
        let categories = categories.map(|category| Choice {
            id: &category.id.0,
            name: &category.name,
            chosen: category.id.0 == chosen,
        });
        let named = sender(record).is_some_and(|sender| EmailAddress::parse(sender).is_ok());
        Accept {
            key,
            categories: categories.collect(),
            asks_who: !named,
            email: value("requester.email").to_owned(),
            name: value("requester.name").to_owned(),
            ticket: value("ticket").to_owned(),
            wrong: Wrong::default(),
        }
    }

    /// The form with what is wrong with it.
    #[must_use]
    pub fn refused(mut self, problem: &Problem) -> Self {
        let errors = problem.body().errors;
        self.asks_who |= errors.iter().any(|e| e.field.starts_with("requester"));
        self.wrong = Wrong::of(problem, id_of);
        self
    }

    fn max_name(&self) -> usize {
        MAX_NAME
    }
}

/// The id of a field of the API's body.
fn id_of(field: &str) -> &'static str {
    match field {
        "requester.name" => "nombre",
        "requester" | "requester.email" => "correo-de",
        "ticket" => "solicitud",
        _ => "categoria",
    }
}
