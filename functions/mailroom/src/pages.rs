//! The pages of refused mail.

use ::pages::mailroom::{self, Accept, Mail, Text, may_look};
use ::pages::shell::{Notice, Section, Shell};
use cloud::clock;
use cloud::desk::problem_of;
use cloud::files::FileError;
use cloud::http::{Answer, Call};
use cloud::page::{Sent, page_key};
use cloud::store::StoredCatalogue;
use data_encoding::BASE64URL_NOPAD;
use jiff::civil::Date;
use mailreader::read;
use types::api::pages::mailroom::Page;
use types::api::{self, Discarded, Takes, invalid_cursor};
use types::ids::MailId;
use types::mail::{MailOutcome, MailRecord, RefusalReason, day};
use types::permission::{Caller, may_read};
use types::problem::Problem;
use types::ticket::Ticket;
use types::view::{Reader, TicketView};

use crate::handler::{UNKNOWN, accepted, place};
use crate::inbox::Inbox;

/// Mails of a page of a day's list.
const ROWS: usize = 50;

/// Answers a page. What goes wrong is a page, too.
pub async fn answer(inbox: &Inbox, call: &Call, page: Page) -> Answer {
    match show(inbox, call, page).await {
        Ok(answer) => answer,
        Err(problem) => inbox.desk.page_of_problem(call, problem).await,
    }
}

/// Somebody who looks through refused mail.
struct Visit<'a> {
    inbox: &'a Inbox,
    call: &'a Call,
    stored: &'a StoredCatalogue,
    caller: &'a Caller,
}

async fn show(inbox: &Inbox, call: &Call, page: Page) -> Result<Answer, Problem> {
    let stored = inbox.desk.catalogue().await?;
    let caller = inbox.desk.visitor(call, &stored.catalogue).await?;
    if !may_look(&caller) {
        return Err(Problem::Forbidden(
            "Su función no le permite ver los correos recibidos.",
        ));
    }
    let visit = Visit {
        inbox,
        call,
        stored: &stored,
        caller: &caller,
    };
    match page {
        Page::Refused => visit.day().await,
        Page::Mail => {
            let record = visit.record().await?;
            let form = |record| Accept::of(record, &stored.catalogue, &[], page_key());
            visit.mail(200, &record, form).await
        }
    }
}

impl Visit<'_> {
    fn shell(&self, title: &str) -> Shell<'_> {
        let mut shell = Shell::new(title, Section::Mail, clock::now());
        shell.notice = self.call.asked("hecho").and_then(Notice::of);
        shell.seen_by(self.caller)
    }

    /// What came to nothing on a day.
    async fn day(&self) -> Result<Answer, Problem> {
        let asked = self.call.asked("dia").and_then(|day| day.parse().ok());
        let shown = asked.unwrap_or_else(|| day(clock::now()));
        let class = self.call.asked("clase").and_then(Discarded::of);
        let class = class.unwrap_or(Discarded::Refused);
        let (records, next) = self.list(shown, class).await?;
        let shell = self.shell(mailroom::TITLE);
        let mut page = mailroom::Page::of(shell, (shown, class), &records, None);
        page.next = next;
        Ok(Answer::page(self.call, 200, page.written()))
    }

    async fn list(
        &self,
        shown: Date,
        class: Discarded,
    ) -> Result<(Vec<MailRecord>, Option<String>), Problem> {
        let word = class.into();
        let after = match self.call.asked("cursor") {
            None => None,
            Some(cursor) => Some(place(cursor, word).ok_or_else(invalid_cursor)?),
        };
        let store = &self.inbox.desk.store;
        let listed = store.mails_of_day(shown, word, after.as_deref(), ROWS);
        let (records, next) = listed.await.map_err(|e| problem_of(&e))?;
        let next = next.map(|next| {
            let cursor = BASE64URL_NOPAD.encode(next.as_bytes());
            format!("/correo?dia={shown}&clase={word}&cursor={cursor}")
        });
        Ok((records, next))
    }

    /// The refused mail that the address names. What is on a ticket is read there.
    async fn record(&self) -> Result<MailRecord, Problem> {
        let id = MailId::parse(self.call.parameter("id")).ok_or(UNKNOWN)?;
        let record = self.inbox.desk.store.mail_record(&id).await;
        let record = record.map_err(|e| problem_of(&e))?.ok_or(UNKNOWN)?;
        match record.outcome {
            MailOutcome::Refused { .. }
            | MailOutcome::Filed { ticket: None, .. }
            | MailOutcome::Duplicate { .. } => Ok(record),
            MailOutcome::Ticket { .. }
            | MailOutcome::FollowUp { .. }
            | MailOutcome::Filed { .. } => Err(UNKNOWN),
        }
    }

    /// One mail as text, beside the list of its day.
    async fn mail<'r>(
        &self,
        status: u16,
        record: &'r MailRecord,
        form: impl FnOnce(&'r MailRecord) -> Accept<'r>,
    ) -> Result<Answer, Problem> {
        let shown = day(record.received_at);
        let class = match record.outcome {
            MailOutcome::Filed { .. } => Discarded::Filed,
            MailOutcome::Duplicate { .. } => Discarded::Duplicate,
            MailOutcome::Refused { .. }
            | MailOutcome::Ticket { .. }
            | MailOutcome::FollowUp { .. } => Discarded::Refused,
        };
        let (records, next) = self.list(shown, class).await?;
        let (text, files) = self.text(record).await?;
        let acceptable =
            self.caller.is_desk() && text != Text::Virus && class != Discarded::Duplicate;
        let mut mail = Mail::of(record, text, files);
        mail.form = acceptable.then(|| form(record));
        let title = match status {
            200 => mailroom::TITLE.to_owned(),
            _ => format!("Error: {}", mailroom::TITLE),
        };
        let shell = self.shell(&title);
        let mut page = mailroom::Page::of(shell, (shown, class), &records, Some(mail));
        page.next = next;
        Ok(Answer::page(self.call, status, page.written()))
    }

    /// What a mail says, and the names of its files: nothing else of it is shown.
    async fn text(&self, record: &MailRecord) -> Result<(Text, Vec<String>), Problem> {
        match record.outcome {
            MailOutcome::Refused {
                reason: RefusalReason::Virus,
                ..
            } => return Ok((Text::Virus, vec![])),
            MailOutcome::Refused { .. }
            | MailOutcome::Ticket { .. }
            | MailOutcome::FollowUp { .. }
            | MailOutcome::Filed { .. }
            | MailOutcome::Duplicate { .. } => {}
        }
        let raw = match self.inbox.raw_of(record).await {
            Ok(raw) => raw,
            Err(FileError::TooLarge { .. } | FileError::Missing { .. }) => {
                return Ok((Text::Away, vec![]));
            }
            Err(FileError::Retryable { .. }) => return Err(Problem::Unavailable),
            Err(FileError::Unexpected { .. }) => return Err(Problem::Internal),
        };
        let Ok(reading) = read(&raw, record.envelope_from.as_deref()) else {
            return Ok((Text::Unreadable, vec![]));
        };
        let files = reading.attachments.iter().map(|file| file.name.clone());
        let files = files.collect();
        Ok(match reading.is_cut {
            true => (Text::Begins(reading.text), files),
            false => (Text::Is(reading.text), files),
        })
    }
}

/// Makes a request of a refused mail, from its page. Pressed twice, it is one: the
/// mail is accepted once, whoever does it.
pub async fn accept(inbox: &Inbox, call: &Call, takes: Takes<api::Acceptance>) -> Answer {
    let sent = Sent::of(call);
    let tried = async {
        let stored = inbox.desk.catalogue().await?;
        let caller = inbox.desk.sender(call, &stored.catalogue).await?;
        if !takes.row().access.admits(&caller) {
            return Err(Problem::Forbidden(
                "Su función no le permite aceptar correos rechazados.",
            ));
        }
        let mut fields = sent.fields();
        let wishes = takes.read(&mut fields);
        let wishes = fields.finish(wishes)?;
        let ticket = match accepted(inbox, &caller, call.parameter("id"), wishes, None).await {
            Ok(ticket) => ticket,
            Err(problem) => match accepted_before(inbox, call, &caller).await {
                Some(ticket) => ticket,
                None => return Err(problem),
            },
        };
        let page = match may_read(&caller, &ticket) {
            true => format!("/solicitudes/{}?hecho=aceptada", ticket.number.0),
            // Another team's: he sees what became of the mail.
            false => format!("/correo/{}?hecho=aceptada", call.parameter("id")),
        };
        if call.wants_json() {
            let view = TicketView::of(&ticket, Reader::Staff, ticket.created_at);
            return Ok(Answer::json(201, &view)?.located(&page));
        }
        Ok(Answer::see_other(&page))
    };
    match tried.await {
        Ok(answer) => answer,
        Err(problem) if call.wants_json() => Answer::problem(&problem),
        Err(problem) => match again(inbox, call, &sent, &problem).await {
            Ok(answer) => answer,
            Err(problem) => inbox.desk.page_of_problem(call, problem).await,
        },
    }
}

/// The ticket that the same person made of it a moment ago.
async fn accepted_before(inbox: &Inbox, call: &Call, caller: &Caller) -> Option<Ticket> {
    let store = &inbox.desk.store;
    let id = MailId::parse(call.parameter("id"))?;
    let record = store.mail_record(&id).await.ok()??;
    let accepted = record.accepted.filter(|a| a.by.email == caller.email)?;
    store.ticket(accepted.ticket.id).await.ok()?
}

/// The mail with its form, as it was filled in.
async fn again(
    inbox: &Inbox,
    call: &Call,
    sent: &Sent,
    problem: &Problem,
) -> Result<Answer, Problem> {
    let stored = inbox.desk.catalogue().await?;
    let caller = inbox.desk.sender(call, &stored.catalogue).await?;
    if !may_look(&caller) {
        return Err(problem.clone());
    }
    let visit = Visit {
        inbox,
        call,
        stored: &stored,
        caller: &caller,
    };
    let record = visit.record().await?;
    let key = sent.key_again(call, problem);
    let form = |record| {
        let form = Accept::of(record, &visit.stored.catalogue, sent.typed(), key);
        form.refused(problem)
    };
    visit.mail(problem.status(), &record, form).await
}
