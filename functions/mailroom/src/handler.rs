//! What was refused, what became of every mail, and making a ticket of a refused
//! one after all.

use std::collections::BTreeMap;

use cloud::clock;
use cloud::desk::{Halt, fingerprint, problem_of, problem_of_commit};
use cloud::files::{FileError, RAW_MAILS, kept_mails_of, mail_of_object};
use cloud::http::{Answer, Call};
use cloud::log::chain;
use cloud::store::{CommitError, Guards, IdempotencyGuard, MailGuard, Outcome, RequestKey};
use cloud::uploads::Series;
use data_encoding::BASE64URL_NOPAD;
use mailreader::{Reading, read};
use types::api::mailroom::Route;
use types::api::pages::mailroom::Page as Shown;
use types::api::{
    self, AcceptedRequester, MailReportQuery, Page, RefusedQuery, Routes, Row, Takes,
    invalid_cursor,
};
use types::command::{Application, Command, Setting, admit, decide};
use types::ids::{CategoryId, EmailAddress, MailId, TicketRef};
use types::input::{Day, Kind, MAX_TITLE};
use types::mail::{Acceptance, MailOutcome, MailRecord, MailReport, RefusalReason, bounds};
use types::permission::{Actor, Caller};
use types::problem::{FieldError, Problem};
use types::ticket::{Channel, Event, Link, Person, Request, Ticket, Visibility, apply_all};
use types::view::{Reader, TicketView};

use crate::decision::{Case, Sender, application, bounded, whole};
use crate::inbox::{Inbox, bases, ticket_id_of, with_files};
use crate::pages;

/// How far a mail and its object may lie apart.
const SLACK: types::SignedDuration = types::SignedDuration::from_hours(1);

/// A mail that is not on record, or that whoever asks may not know of.
pub(crate) const UNKNOWN: Problem = Problem::NotFound("No existe ese correo.");

/// Answers the routes of mail.
pub async fn answer(inbox: &Inbox, call: &Call) -> Result<Answer, Problem> {
    if let Some(page) = Shown::of(&call.route) {
        return Ok(pages::answer(inbox, call, page).await);
    }
    match call.route()? {
        Route::Refused(takes) => refused(inbox, call, takes).await,
        Route::Accept(takes) if takes.row().is_form(&call.route) => {
            Ok(pages::accept(inbox, call, takes).await)
        }
        Route::Accept(takes) => accept(inbox, call, takes).await,
        Route::Report(takes) => report(inbox, call, takes).await,
    }
}

async fn caller(inbox: &Inbox, call: &Call, row: &Row) -> Result<Caller, Problem> {
    let stored = inbox.desk.catalogue().await?;
    let caller = inbox.desk.caller(call, &stored.catalogue)?;
    if row.access.admits(&caller) {
        Ok(caller)
    } else {
        Err(Problem::Forbidden(
            "Su función no le permite ver los correos recibidos.",
        ))
    }
}

/// The mails of a day that were refused, each with its reason; or, with
/// `outcome=filed`, those that nobody wrote.
async fn refused(
    inbox: &Inbox,
    call: &Call,
    takes: Takes<RefusedQuery>,
) -> Result<Answer, Problem> {
    caller(inbox, call, takes.row()).await?;
    let query = takes.query(call.query())?;
    let outcome = query.outcome.into();
    let after = match &query.cursor {
        None => None,
        Some(cursor) => Some(place(cursor, outcome).ok_or_else(invalid_cursor)?),
    };
    let (items, next) = inbox
        .desk
        .store
        .mails_of_day(query.day, outcome, after.as_deref(), query.limit)
        .await
        .map_err(|e| problem_of(&e))?;
    let page = Page {
        items,
        next_cursor: next.map(|next| BASE64URL_NOPAD.encode(next.as_bytes())),
    };
    Answer::json(200, &page)
}

/// The place in a day's list that a cursor names, if it is one of ours.
pub(crate) fn place(cursor: &str, outcome: &str) -> Option<String> {
    let bytes = BASE64URL_NOPAD.decode(cursor.as_bytes()).ok()?;
    let place = String::from_utf8(bytes).ok()?;
    let (at, id) = place
        .strip_prefix(outcome)?
        .strip_prefix('#')?
        .split_once('#')?;
    let known = at.parse::<types::Timestamp>().is_ok() && MailId::parse(id).is_some();
    known.then_some(place)
}

/// The account of a day: every mail in the bucket has its one outcome. It reads what
/// came on that day, and what nobody put on record yet.
async fn report(
    inbox: &Inbox,
    call: &Call,
    takes: Takes<MailReportQuery>,
) -> Result<Answer, Problem> {
    caller(inbox, call, takes.row()).await?;
    let query = takes.query(call.query())?;
    let (from, to) =
        bounds(query.day).ok_or_else(|| Problem::Validation(vec![Day.missing("day")]))?;
    // In the order in which mails move: what moves in between is seen at least once.
    let listed = |prefix| async move {
        let listed = inbox.raw.list(prefix).await;
        listed.map_err(|e| file_problem(&e))
    };
    let raw = listed(RAW_MAILS).await?;
    let kept = listed(&kept_mails_of(query.day)).await?;
    // A mail's day is when SES took it, and its object is written a moment later.
    let near = |at: types::Timestamp| from - SLACK <= at && at < to + SLACK;
    let raw = raw.iter().filter(|object| near(object.written_at));
    let raw = raw.map(|object| (&object.key, object.written_at));
    // When it was moved says nothing of when it came.
    let kept = kept.iter().map(|object| (&object.key, from));
    let mails: BTreeMap<MailId, types::Timestamp> = raw
        .chain(kept)
        .filter_map(|(key, at)| Some((mail_of_object(key)?, at)))
        .collect();
    let records = inbox.desk.store.mail_records(mails.keys()).await;
    let records = records.map_err(|e| problem_of(&e))?;
    let mut report = MailReport::of(query.day);
    for (id, written_at) in mails {
        let record = records.get(&id);
        let at = record.map_or(written_at, |record| record.received_at);
        if types::mail::day(at) != query.day {
            continue;
        }
        report.received += 1;
        if record.is_none() {
            report.unaccounted.push(id);
        }
    }
    for &outcome in MailOutcome::WORDS {
        let count = inbox.desk.store.count_mails(query.day, outcome).await;
        let count = count.map_err(|e| problem_of(&e))?;
        report.recorded += count;
        report.outcomes.insert(outcome, count);
    }
    report.balanced = report.received == report.recorded && report.unaccounted.is_empty();
    Answer::json(200, &report)
}

/// Makes a ticket of a refused mail after all.
async fn accept(
    inbox: &Inbox,
    call: &Call,
    takes: Takes<api::Acceptance>,
) -> Result<Answer, Problem> {
    let caller = caller(inbox, call, takes.row()).await?;
    let id = MailId::parse(call.parameter("id")).ok_or(UNKNOWN)?;
    let wishes = takes.body(&call.body)?;
    let scope = caller.email.as_str();
    let key = call.idempotency_key()?.map(|key| (key, fingerprint(call)));
    let key = key.as_ref().map(|(key, fingerprint)| RequestKey {
        scope,
        key,
        fingerprint,
    });
    let ticket = match before(inbox, key).await? {
        Some(ticket) => ticket,
        None => match accepted(inbox, &caller, &id.0, wishes, key).await {
            Ok(ticket) => ticket,
            // The same request at the same time: it has been done, or it is refused.
            Err(problem) => before(inbox, key).await?.ok_or(problem)?,
        },
    };
    let view = TicketView::of(&ticket, Reader::Staff, ticket.created_at);
    Ok(Answer::json(201, &view)?.located(&format!("/tickets/{}", ticket.number.0)))
}

/// What was answered under a key, if it was used.
async fn before(inbox: &Inbox, key: Option<RequestKey<'_>>) -> Result<Option<Ticket>, Problem> {
    let Some(key) = key else {
        return Ok(None);
    };
    let known = inbox.desk.store.look_up_key(key).await;
    match known.map_err(|e| problem_of(&e))? {
        Outcome::Done(replay) => inbox.desk.replayed(replay).await.map(Some),
        Outcome::Mismatch => Err(Problem::IdempotencyMismatch),
        Outcome::Fresh | Outcome::InProgress => Ok(None),
    }
}

/// The ticket that somebody makes of a refused mail, unless it was made before.
pub(crate) async fn accepted(
    inbox: &Inbox,
    caller: &Caller,
    id: &str,
    wishes: api::Acceptance,
    key: Option<RequestKey<'_>>,
) -> Result<Ticket, Problem> {
    let id = MailId::parse(id).ok_or(UNKNOWN)?;
    let record = inbox.desk.store.mail_record(&id).await;
    let record = record.map_err(|e| problem_of(&e))?.ok_or(UNKNOWN)?;
    let reason = match (&record.outcome, &record.accepted) {
        (MailOutcome::Refused { reason, .. }, None) => Some(*reason),
        // What looked as if nobody had written it.
        (MailOutcome::Filed { ticket: None, .. }, None) => None,
        (MailOutcome::Refused { .. } | MailOutcome::Filed { .. }, Some(acceptance)) => {
            return Err(Problem::InvalidTransition(format!(
                "El correo ya fue aceptado: es la solicitud {}.",
                acceptance.ticket.number
            )));
        }
        (
            MailOutcome::Ticket { .. }
            | MailOutcome::FollowUp { .. }
            | MailOutcome::Filed { .. }
            | MailOutcome::Duplicate { .. },
            _,
        ) => {
            return Err(Problem::InvalidTransition(
                "Ese correo ya está en una solicitud.".to_owned(),
            ));
        }
    };
    if reason == Some(RefusalReason::Virus) {
        return Err(Problem::InvalidTransition(
            "Un correo con virus no se abre.".to_owned(),
        ));
    }
    let raw = reopen(inbox, &record).await?;
    let reading = raw
        .as_deref()
        .and_then(|raw| read(raw, record.envelope_from.as_deref()).ok())
        .map(|reading| inbox.labels.fold(reading, &inbox.desk.entity_domains));
    let acceptance = Acceptable {
        caller,
        record: &record,
        reading: reading.as_ref(),
        key,
    };
    match wishes.ticket {
        Some(ticket) => add(inbox, acceptance, ticket).await,
        None => write(inbox, acceptance, wishes).await,
    }
}

/// A refused mail, and who accepts it.
struct Acceptable<'a> {
    caller: &'a Caller,
    record: &'a MailRecord,
    /// Nothing where nobody can read it.
    reading: Option<&'a Reading<'a>>,
    key: Option<RequestKey<'a>>,
}

impl<'a> Acceptable<'a> {
    /// What the commit that accepts it depends on.
    fn guards(&self, ticket: Link, at: types::Timestamp) -> Guards<'a> {
        let accepted = MailRecord {
            accepted: Some(Acceptance {
                by: self.caller.person(),
                at,
                ticket,
            }),
            ..self.record.clone()
        };
        Guards {
            idempotency: self.key.map(IdempotencyGuard::Unused),
            mail: Some(MailGuard::Accepted(accepted)),
            ..Guards::default()
        }
    }
}

/// Puts a refused mail on the ticket that it belongs to. Whoever asked and whoever is
/// copied on it wrote for all who read it; anybody else for those who work on it.
async fn add(
    inbox: &Inbox,
    acceptable: Acceptable<'_>,
    ticket: TicketRef,
) -> Result<Ticket, Problem> {
    let Acceptable {
        caller,
        record,
        reading,
        ..
    } = acceptable;
    let ticket = inbox.desk.readable(ticket, caller).await?;
    let from = reading.and_then(|reading| reading.from.as_ref());
    let is_theirs = from.is_some_and(|from| {
        ticket.is_of(&from.address) || ticket.observer(&from.address).is_some()
    });
    let visibility = match is_theirs {
        true => Visibility::Public,
        false => Visibility::Internal,
    };
    let files = match reading {
        Some(reading) => {
            let there = &ticket.attachments;
            let files = inbox.store_files(Series::begin(), reading, ticket.id, there, visibility);
            files.await.map_err(|_| Problem::Unavailable)?
        }
        None => None,
    };
    let body = accepted_text(record, reading);
    let command = Command::FollowUp { body, visibility };
    let link = ticket.link();
    let rules = |ticket: &Ticket, setting: Setting<'_>| -> Result<Vec<Event>, Problem> {
        let actor = Actor::Person(caller.clone());
        let mut events = decide(ticket, &command, &actor, setting)?;
        if let Some(first) = events.first_mut() {
            first.whole = reading.and_then(whole);
        }
        if let Some(files) = &files {
            let mut so_far = ticket.clone();
            apply_all(&mut so_far, &events);
            events.extend(decide(&so_far, files, &actor, setting)?);
        }
        for event in &mut events {
            event.mail = Some(record.id.clone());
        }
        Ok(events)
    };
    let guards = acceptable.guards(link, clock::now());
    match inbox.desk.carry_out(ticket, guards, None, rules).await {
        Ok(carried) => {
            inbox.desk.queues.ring(&carried.doorbells).await;
            Ok(carried.ticket)
        }
        Err(Halt::Decision(problem)) => Err(problem),
        Err(Halt::Commit(CommitError::MailKnown)) => Err(accepted_already()),
        Err(Halt::Commit(error)) => Err(problem_of_commit(&error)),
        Err(Halt::Key(_)) => Err(Problem::Unavailable),
    }
}

/// What an accepted mail says on a ticket that was there, and who wrote it: the record
/// names who accepted it.
fn accepted_text(record: &MailRecord, reading: Option<&Reading<'_>>) -> String {
    let from = reading.and_then(|reading| reading.from.as_ref());
    let from = from.map(|from| from.address.as_str());
    let from = from.or(record.envelope_from.as_deref());
    let from = from.unwrap_or("alguien que no dice quién es");
    let said = match reading {
        Some(reading) => reading.shown.clone(),
        None => format!(
            "El correo {} no se pudo leer; el original se conserva como evidencia.",
            record.id
        ),
    };
    bounded(&format!("Correo de {from}:\n\n{said}"), "")
}

fn accepted_already() -> Problem {
    Problem::InvalidTransition("El correo ya fue aceptado.".to_owned())
}

/// The raw mail, unless it is too large to hold.
async fn reopen(inbox: &Inbox, record: &MailRecord) -> Result<Option<Vec<u8>>, Problem> {
    match inbox.raw_of(record).await {
        Ok(raw) => Ok(Some(raw)),
        Err(FileError::TooLarge { .. }) => Ok(None),
        Err(error) => Err(file_problem(&error)),
    }
}

async fn write(
    inbox: &Inbox,
    acceptable: Acceptable<'_>,
    wishes: api::Acceptance,
) -> Result<Ticket, Problem> {
    let Acceptable {
        caller,
        record,
        reading,
        ..
    } = acceptable;
    let desk = &inbox.desk;
    let stored = desk.catalogue().await?;
    let setting = Setting {
        now: clock::now(),
        catalogue: &stored.catalogue,
    };
    let requester = requester(record, reading, wishes.requester)?;
    let recipients = bases(&record.recipients);
    let application = match reading {
        Some(reading) => application(
            &Case {
                reading,
                sender: Sender::Unproven,
                recipients: &recipients,
                candidates: &[],
                catalogue: &stored.catalogue,
                entity_domains: &desk.entity_domains,
                outsiders: inbox.outsiders,
                own: &inbox.own,
            },
            requester,
            vec![],
        ),
        None => unread(record, requester, &wishes.category),
    };
    let mut application =
        application.ok_or_else(|| Problem::Validation(vec![FieldError::required("category")]))?;
    if let Some(category) = wishes.category {
        application.category = category;
    }
    let actor = Actor::Person(caller.clone());
    let admission = admit(application, &actor, setting)?;
    let id = ticket_id_of(&record.id, record.received_at);
    let files = match reading {
        Some(reading) => {
            let files = inbox.store_files(Series::begin(), reading, id, &[], Visibility::Public);
            files.await.map_err(|_| Problem::Unavailable)?
        }
        None => None,
    };
    let written = desk.register(|number| -> Result<_, Problem> {
        let new = admission.register(id, number);
        let new = with_files(new, files.as_ref(), &Actor::System, setting)?;
        let guards = acceptable.guards(new.ticket.link(), setting.now);
        Ok((new.by_mail(&record.id), guards))
    });
    match written.await {
        Ok(ticket) => Ok(ticket),
        Err(Halt::Commit(CommitError::MailKnown)) => Err(accepted_already()),
        Err(Halt::Commit(error)) => Err(problem_of_commit(&error)),
        Err(Halt::Decision(problem)) => Err(problem),
        Err(Halt::Key(_)) => Err(Problem::Unavailable),
    }
}

fn requester(
    record: &MailRecord,
    reading: Option<&Reading<'_>>,
    wished: Option<AcceptedRequester>,
) -> Result<Person, Problem> {
    if let Some(AcceptedRequester { email, name }) = wished {
        return Ok(Person { email, name });
    }
    let envelope = || EmailAddress::parse(record.envelope_from.as_deref()?).ok();
    let from = reading.and_then(|r| r.from.as_ref());
    let email = from
        .map(|from| from.address.clone())
        .or_else(|| record.from.clone())
        .or_else(envelope);
    let Some(email) = email else {
        return Err(Problem::Validation(vec![FieldError::required("requester")]));
    };
    let name = from.and_then(|from| from.name.clone());
    let name = name.unwrap_or_else(|| email.as_str().to_owned());
    Ok(Person { email, name })
}

/// A request whose mail nobody can read: what is known of it, and where it lies.
fn unread(
    record: &MailRecord,
    requester: Person,
    category: &Option<CategoryId>,
) -> Option<Application> {
    let title = record.subject.as_deref().unwrap_or("Correo ilegible");
    let title = title.chars().take(MAX_TITLE).collect();
    let description = format!(
        "El correo {} no se pudo leer; el original se conserva como evidencia.",
        record.id
    );
    Some(Application {
        request: Request {
            message_id: record.message_id.clone(),
            ..Request::new(title, description, Channel::Email, requester)
        },
        category: category.clone()?,
        links: vec![],
    })
}

fn file_problem(error: &FileError) -> Problem {
    tracing::warn!(error = chain(error), "the bucket did not answer");
    match error {
        FileError::Missing { .. } => Problem::NotFound("El correo original ya no está."),
        FileError::Retryable { .. } => Problem::Unavailable,
        FileError::TooLarge { .. } | FileError::Unexpected { .. } => Problem::Internal,
    }
}
