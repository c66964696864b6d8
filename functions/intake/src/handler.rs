use cloud::clock;
use cloud::desk::{
    Desk, Halt, claimant, fingerprint, new_ticket_id, problem_of, problem_of_commit,
};
use cloud::http::{Answer, Call};
use cloud::page::Sent;
use cloud::store::{Claim, Guards, IdempotencyGuard, Outcome, RequestKey, StoredCatalogue};
use cloud::uploads::Checked;
use pages::call::{self, Known};
use pages::forms::sent;
use pages::new;
use pages::shell::{Section, Shell};
use types::api::intake::Route;
use types::api::pages::intake::Page;
use types::api::{NewTicket, Routes, Takes, reviews, uploads};
use types::catalogue::Catalogue;
use types::command::{Application, NewTicket as NewRegistration, Setting, admit};
use types::ids::{CategoryId, EmailAddress, TicketId, TicketNumber, UploadId};
use types::incident::Incident;
use types::input::{Fields, Input};
use types::permission::{Actor, Caller};
use types::problem::{FieldError, Problem};
use types::ticket::{Person, Request, Requester, Ticket, WebRequest};
use types::view::{Reader, TicketView};

use crate::review;

/// What the record says of the contact of whoever calls: the call is it.
const ON_THE_LINE: &str = "Se atendió por teléfono al registrarla.";

/// Characters of a title that is taken from the text.
const LONGEST_TITLE: usize = 80;

/// What becomes of a request beside being registered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Then {
    /// It waits for somebody to take it.
    Waits,
    /// Whoever registers it has the requester on the line.
    Attended,
}

/// Answers the routes of registering.
pub async fn answer(desk: &Desk, call: &Call) -> Result<Answer, Problem> {
    match Page::of(&call.route) {
        Some(Page::Call) => Ok(by_phone(desk, call).await),
        Some(Page::Review) => Ok(review::by_form(desk, call).await),
        None => match uploads::Route::of(&call.route) {
            Some(uploads::Route::AnnounceUpload(takes)) => desk.announce_for_new(call, takes).await,
            None => match reviews::Route::of(&call.route) {
                Some(reviews::Route::DecideReview(takes)) => {
                    review::decide(desk, call, takes).await
                }
                None => register(desk, call).await,
            },
        },
    }
}

/// Registers a request that came over HTTP: from a form, or by phone through
/// somebody of the desk.
async fn register(desk: &Desk, call: &Call) -> Result<Answer, Problem> {
    let Route::Register(takes) = call.route()?;
    if takes.row().is_form(&call.route) {
        return Ok(by_form(desk, call, takes).await);
    }
    let stored = desk.catalogue().await?;
    let caller = desk.caller(call, &stored.catalogue)?;
    let body = takes.body(&call.body)?;
    let ticket = registered(desk, call, &stored, &caller, body, Then::Waits).await?;
    let answer = view(&ticket, &caller)?;
    Ok(answer.located(&format!("/tickets/{}", ticket.number.0)))
}

/// The same, from the page's form.
async fn by_form(desk: &Desk, call: &Call, takes: Takes<NewTicket>) -> Answer {
    let sent = Sent::of(call);
    let tried = async {
        let stored = desk.catalogue().await?;
        let caller = desk.sender(call, &stored.catalogue).await?;
        let typed = of_category(sent.typed().to_vec(), &stored.catalogue);
        let mut fields = Fields::form(&titled(typed));
        let body = takes.read(&mut fields);
        let body = fields.finish(body)?;
        let ticket = registered(desk, call, &stored, &caller, body, Then::Waits).await?;
        let page = format!("/solicitudes/{}?hecho=registrada", ticket.number.0);
        sent_on(call, &ticket, &caller, &page)
    };
    match tried.await.map_err(in_questions) {
        Ok(answer) => answer,
        Err(problem) if call.wants_json() => Answer::problem(&problem),
        Err(problem) => again(desk, call, &sent, problem).await,
    }
}

/// The form that could not be taken, with what was typed.
async fn again(desk: &Desk, call: &Call, sent: &Sent, problem: Problem) -> Answer {
    let Ok(stored) = desk.catalogue().await else {
        return desk.page_of_problem(call, problem).await;
    };
    let caller = match desk.sender(call, &stored.catalogue).await {
        Ok(caller) => Some(caller),
        Err(Problem::SignedOut) => None,
        Err(refused) => return desk.page_of_problem(call, refused).await,
    };
    let mut shell = Shell::new("Error: Nueva solicitud", Section::New, clock::now());
    shell = shell.with_phones(&stored.catalogue);
    if let Some(caller) = &caller {
        shell = shell.seen_by(caller);
    }
    let key = sent.key_again(call, &problem);
    let mut page = new::Page::of(shell, &stored.catalogue, new::Typed::of(sent.typed()), key);
    page.refused(&problem);
    desk.with_files(Answer::page(call, problem.status(), page.written()))
}

/// Registers what somebody says on the phone, from the page for it: whoever took
/// the call takes the request with it and has been in touch, all in one commit.
/// Sent twice it is registered once, as any registration, and there is no moment
/// at which it is registered and the contact is not.
async fn by_phone(desk: &Desk, call: &Call) -> Answer {
    let sent = Sent::of(call);
    let tried = async {
        let stored = desk.catalogue().await?;
        let caller = desk.sender(call, &stored.catalogue).await?;
        let mut fields = Fields::form(&of_a_call(&sent, &stored.catalogue));
        let body = NewTicket::read(&mut fields);
        let body = fields.finish(body)?;
        let ticket = registered(desk, call, &stored, &caller, body, Then::Attended).await?;
        let own = ticket.responsible() == Some(&caller.person());
        let page = match own {
            true => format!("/solicitudes/{}?hecho=atendida", ticket.number.0),
            // He may not even read what another team does.
            false => format!(
                "/llamada?registrada={}&equipo={}",
                ticket.number.0, ticket.policy.team.0
            ),
        };
        sent_on(call, &ticket, &caller, &page)
    };
    match tried.await.map_err(in_questions) {
        Ok(answer) => answer,
        Err(problem) if call.wants_json() => Answer::problem(&problem),
        Err(problem) => called_again(desk, call, &sent, problem).await,
    }
}

/// What the page of a call sent, with what goes without saying: that it came by
/// phone, and the name that the directory has. Who has none is called by his address.
fn of_a_call(sent: &Sent, catalogue: &Catalogue) -> Vec<(String, String)> {
    let mut fields = sent.typed().to_vec();
    fields.retain(|(name, _)| name != "channel");
    fields.push(("channel".to_owned(), "phone".to_owned()));
    let typed = call::Typed::of(sent.typed());
    if let Ok(email) = EmailAddress::parse(&typed.email)
        && typed.name.trim().is_empty()
    {
        let known = catalogue.person(&email).map(|entry| entry.name.clone());
        let name = known.unwrap_or_else(|| email.to_string());
        fields.retain(|(name, _)| name != "requester.name");
        fields.push(("requester.name".to_owned(), name));
    }
    titled(of_category(fields, catalogue))
}

/// What a form sent, without the answers to what its category does not ask: whoever chose
/// another one before may have given some, which the page no longer shows.
fn of_category(mut fields: Vec<(String, String)>, catalogue: &Catalogue) -> Vec<(String, String)> {
    let category = sent(&fields, "category").map(CategoryId::from);
    let category = category.and_then(|id| catalogue.category(&id));
    if let Some(category) = category {
        let asks = (category.web_request, category.incident);
        fields.retain(|(name, _)| match name.split('.').next() {
            Some("web_request") => asks.0,
            Some("incident") => asks.1,
            _ => true,
        });
    }
    fields
}

/// What a form does not say of an incident, question by question: who left all of them
/// blank sent nothing of it.
fn in_questions(problem: Problem) -> Problem {
    const QUESTIONS: [(&str, &str); 3] = [
        ("incident.kind", "Diga qué es."),
        ("incident.asset", "Diga qué afecta."),
        (
            "incident.personal_data",
            "Diga si hay datos personales en riesgo; si no lo sabe, elija «No se sabe todavía».",
        ),
    ];
    let Problem::Validation(errors) = problem else {
        return problem;
    };
    let asked = errors
        .into_iter()
        .flat_map(|error| match error.field.as_str() {
            "incident" => QUESTIONS
                .map(|(field, detail)| FieldError::new(field, error.code, detail))
                .to_vec(),
            _ => vec![error],
        });
    Problem::Validation(asked.collect())
}

/// What a form sent, with a title: whoever left it blank has said it in the text. Where
/// there is no text either, that is what is missing.
fn titled(mut fields: Vec<(String, String)>) -> Vec<(String, String)> {
    let said = |name| sent(&fields, name).unwrap_or_default().trim().to_owned();
    let (title, text) = (said("title"), said("description"));
    if title.is_empty() {
        let title = match Request::title_of(&text, LONGEST_TITLE) {
            title if title.is_empty() => "Sin título".to_owned(),
            title => title,
        };
        fields.retain(|(name, _)| name != "title");
        fields.push(("title".to_owned(), title));
    }
    fields
}

/// The form of a call that could not be taken, with what was typed, and with what
/// whoever calls has open.
async fn called_again(desk: &Desk, call: &Call, sent: &Sent, problem: Problem) -> Answer {
    let Ok(stored) = desk.catalogue().await else {
        return desk.page_of_problem(call, problem).await;
    };
    let catalogue = &*stored.catalogue;
    let now = clock::now();
    let shell = Shell::new("Error: Registrar llamada", Section::Call, now);
    let key = sent.key_again(call, &problem);
    let typed = call::Typed::of(sent.typed());
    let tickets;
    let caller;
    let mut page = match desk.sender(call, catalogue).await {
        // Who he is, and what he may see, is not known: his own words are all there is.
        Err(Problem::SignedOut) => call::Page::of(shell, catalogue, typed, key),
        Err(refused) => return desk.page_of_problem(call, refused).await,
        Ok(sender) if !sender.is_desk() => return desk.page_of_problem(call, problem).await,
        Ok(sender) => {
            caller = sender;
            let email = EmailAddress::parse(&typed.email).ok();
            tickets = match &email {
                Some(email) => desk.asked_by(email).await.unwrap_or_default(),
                None => vec![],
            };
            let known = match email {
                Some(_) => Known::Address,
                None => Known::Nobody,
            };
            let open = call::open(&tickets, &caller, Setting { now, catalogue });
            let shell = shell.seen_by(&caller);
            call::Page::of(shell, catalogue, typed, key)
                .called_by(known, open)
                .taken_by(&caller, catalogue)
        }
    };
    page.refused(&problem);
    Answer::page(call, problem.status(), page.written())
}

/// Whoever sent a form goes on to a page; to a script it is told beside the ticket.
fn sent_on(call: &Call, ticket: &Ticket, caller: &Caller, page: &str) -> Result<Answer, Problem> {
    match call.wants_json() {
        true => Ok(view(ticket, caller)?.located(page)),
        false => Ok(Answer::see_other(page)),
    }
}

/// What is answered to whoever registered.
fn view(ticket: &Ticket, caller: &Caller) -> Result<Answer, Problem> {
    let reader = Reader::of(caller, ticket);
    // As it was registered: the same request, sent again, gets the same answer.
    let view = TicketView::of(ticket, reader, ticket.created_at);
    Answer::json(201, &view)
}

/// The ticket of a request: registered now, or before with the same key.
async fn registered(
    desk: &Desk,
    call: &Call,
    stored: &StoredCatalogue,
    caller: &Caller,
    body: NewTicket,
    then: Then,
) -> Result<Ticket, Problem> {
    let scope = caller.email.as_str();
    let key = call.idempotency_key()?;
    let key = key.map(|key| (key, fingerprint(call)));
    let key = key.as_ref().map(|(key, fingerprint)| RequestKey {
        scope,
        key,
        fingerprint,
    });
    let setting = Setting {
        now: clock::now(),
        catalogue: &stored.catalogue,
    };
    let actor = Actor::Person(caller.clone());
    let ids = body.attachments.clone();
    let application = application(desk, stored, body, caller);
    let admitted = application.and_then(|application| Ok(admit(application, &actor, setting)?));
    let admission = match (admitted, key) {
        (Ok(admission), _) => admission,
        (Err(refused), None) => return Err(refused),
        // It may have been registered under its key before the catalogue changed: then
        // that is its answer, and nobody registers it once more in another way.
        (Err(refused), Some(key)) => {
            let known = desk
                .store
                .look_up_key(key)
                .await
                .map_err(|e| problem_of(&e))?;
            return match known {
                Outcome::Fresh => Err(refused),
                known => answered(desk, key, known).await,
            };
        }
    };
    // Of an admission alone: which number it gets changes nothing of what follows.
    let open = |id, number, files: &[Checked]| -> Result<NewRegistration, Problem> {
        let files = files.iter().map(|file| file.attachment.clone());
        let new = admission.register(id, number).with(files.collect());
        Ok(match then {
            Then::Waits => new,
            Then::Attended => new.attended(ON_THE_LINE, &actor, setting)?,
        })
    };

    let along = Along {
        ids: &ids,
        by: &caller.email,
    };
    match key {
        None => write(desk, along, open, None).await,
        Some(key) => {
            let claimed = desk.store.claim_key(key, &claimant()).await;
            match claimed.map_err(|e| problem_of(&e))? {
                Ok(claim) => claimed_write(desk, along, open, &claim).await,
                Err(known) => answered(desk, key, known).await,
            }
        }
    }
}

/// The uploads that a registration takes along.
#[derive(Clone, Copy)]
struct Along<'a> {
    ids: &'a [UploadId],
    by: &'a EmailAddress,
}

/// The ticket that is registered under a key of which somebody else knows.
async fn answered(desk: &Desk, key: RequestKey<'_>, known: Outcome) -> Result<Ticket, Problem> {
    let replay = match known {
        Outcome::Done(replay) => replay,
        Outcome::Mismatch => return Err(Problem::IdempotencyMismatch),
        Outcome::InProgress | Outcome::Fresh => desk.await_key(key).await?,
    };
    desk.replayed(replay).await
}

async fn claimed_write(
    desk: &Desk,
    along: Along<'_>,
    open: impl Fn(TicketId, TicketNumber, &[Checked]) -> Result<NewRegistration, Problem> + Send + Sync,
    claim: &Claim,
) -> Result<Ticket, Problem> {
    let written = write(desk, along, open, Some(claim)).await;
    // Whoever is told what is wrong with a file sends the same form without it.
    if written.is_err()
        && let Err(e) = desk.store.release_key(claim).await
    {
        // The claim ends by itself; until then the caller is told to wait.
        tracing::warn!(
            error = cloud::log::chain(&e),
            "the idempotency key stays claimed for a while"
        );
    }
    written
}

/// Takes a number and writes the ticket under it.
async fn write(
    desk: &Desk,
    along: Along<'_>,
    open: impl Fn(TicketId, TicketNumber, &[Checked]) -> Result<NewRegistration, Problem> + Send + Sync,
    claim: Option<&Claim>,
) -> Result<Ticket, Problem> {
    let id = new_ticket_id();
    let files = desk.take_along(along.ids, along.by, id).await?;
    let opened = |number| -> Result<_, Problem> {
        let guards = Guards {
            idempotency: claim.map(IdempotencyGuard::Claimed),
            ..Guards::default()
        };
        Ok((open(id, number, &files)?, guards))
    };
    match desk.register(opened).await {
        Ok(ticket) => {
            if !files.is_empty() {
                desk.uploads()?.forget(id, &files).await;
            }
            Ok(ticket)
        }
        Err(Halt::Commit(error)) => Err(problem_of_commit(&error)),
        Err(Halt::Key(_)) => Err(Problem::Unavailable),
        Err(Halt::Decision(problem)) => Err(problem),
    }
}

fn application(
    desk: &Desk,
    stored: &StoredCatalogue,
    body: NewTicket,
    caller: &Caller,
) -> Result<Application, Problem> {
    // Who does not say who asks, asks himself.
    let requester = match body.requester {
        None => caller.person().into(),
        Some(other) => Requester {
            person: Person {
                email: other.email,
                name: other.name,
            },
            unit: other.unit,
            kind: other.kind,
        },
    };
    let observers = observers(desk, stored, body.observers, &requester.person)?;
    Ok(Application {
        request: Request {
            observers,
            extension: body.extension,
            incident: body.incident.map(|known| Incident {
                kind: known.kind,
                asset: known.asset,
                personal_data: known.personal_data,
                people: None,
                containment: known.containment,
                severity: None,
            }),
            web_request: body.web_request.map(|asked| WebRequest {
                action: asked.action,
            }),
            ..Request::new(body.title, body.description, body.channel, requester)
        },
        category: body.category,
        links: vec![],
    })
}

/// Who is to know of it besides. What the desk answers is for the entity's people
/// alone; whoever asks knows of it, and so do those who read a team's mailbox, which
/// would take our own mails in.
fn observers(
    desk: &Desk,
    stored: &StoredCatalogue,
    addresses: Vec<EmailAddress>,
    requester: &Person,
) -> Result<Vec<Person>, Problem> {
    let catalogue = &*stored.catalogue;
    let others = addresses
        .into_iter()
        .filter(|address| *address != requester.email && !catalogue.is_mailbox(address));
    let callers =
        others.map(|address| Caller::identify(address, None, catalogue, &desk.entity_domains));
    let (strangers, known): (Vec<_>, Vec<_>) =
        callers.partition(|caller: &Caller| caller.roles.is_empty());
    if strangers.is_empty() {
        return Ok(known.iter().map(Caller::person).collect());
    }
    let errors = strangers.iter().map(|caller| {
        let detail = format!("{} no es un correo de la entidad.", caller.email);
        FieldError::new("observers", "not_of_entity", detail)
    });
    Err(Problem::Validation(errors.collect()))
}
