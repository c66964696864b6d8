use std::convert::Infallible;

use cloud::clock;
use cloud::desk::{
    Desk, Halt, claimant, fingerprint, new_ticket_id, problem_of, problem_of_commit,
};
use cloud::http::{Answer, Call};
use cloud::page::Sent;
use cloud::store::{Claim, Guards, IdempotencyGuard, Outcome, RequestKey, StoredCatalogue};
use pages::new;
use pages::shell::{Section, Shell};
use types::api::intake::Route;
use types::api::{NewTicket, Takes};
use types::command::{Admission, Application, Setting, admit};
use types::permission::{Actor, Caller};
use types::problem::Problem;
use types::ticket::{Person, Request, Requester, Ticket, WebRequest};
use types::view::{Reader, TicketView};

/// Registers a request that came over HTTP: from a form, or by phone through
/// somebody of the desk.
pub async fn register(desk: &Desk, call: &Call) -> Result<Answer, Problem> {
    let Route::Register(takes) = call.route()?;
    if takes.row().is_form(&call.route) {
        return Ok(by_form(desk, call, takes).await);
    }
    let stored = desk.catalogue().await?;
    let caller = desk.caller(call, &stored.catalogue)?;
    let body = takes.body(&call.body)?;
    let ticket = registered(desk, call, &stored, &caller, body).await?;
    let answer = answer(&ticket, &caller)?;
    Ok(answer.located(&format!("/tickets/{}", ticket.number.0)))
}

/// The same, from the page's form.
async fn by_form(desk: &Desk, call: &Call, takes: Takes<NewTicket>) -> Answer {
    let sent = Sent::of(call);
    let tried = async {
        let stored = desk.catalogue().await?;
        let caller = desk.sender(call, &stored.catalogue).await?;
        let mut fields = sent.fields();
        let body = takes.read(&mut fields);
        let body = fields.finish(body)?;
        let ticket = registered(desk, call, &stored, &caller, body).await?;
        let page = format!("/solicitudes/{}?hecho=registrada", ticket.number.0);
        match call.wants_json() {
            true => Ok(answer(&ticket, &caller)?.located(&page)),
            false => Ok(Answer::see_other(&page)),
        }
    };
    match tried.await {
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
    let body = problem.body();
    page.signed_out = problem == Problem::SignedOut;
    page.errors = body.errors;
    page.problem = Some(body.detail);
    Answer::page(call, problem.status(), page.written())
}

/// What is answered to whoever registered.
fn answer(ticket: &Ticket, caller: &Caller) -> Result<Answer, Problem> {
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
) -> Result<Ticket, Problem> {
    let application = application(body, caller);
    let scope = caller.email.as_str().to_owned();
    let setting = Setting {
        now: clock::now(),
        catalogue: &stored.catalogue,
    };
    let actor = Actor::Person(caller.clone());
    let admission = admit(application, &actor, setting)?;

    match call.idempotency_key()? {
        None => write(desk, &admission, None).await,
        Some(key) => {
            let key = RequestKey {
                scope: &scope,
                key: &key,
                fingerprint: &fingerprint(call),
            };
            let claimed = desk.store.claim_key(key, &claimant()).await;
            match claimed.map_err(|e| problem_of(&e))? {
                Ok(claim) => claimed_write(desk, &admission, &claim).await,
                Err(Outcome::Done(replay)) => desk.replayed(replay).await,
                Err(Outcome::Mismatch) => Err(Problem::IdempotencyMismatch),
                Err(Outcome::InProgress | Outcome::Fresh) => {
                    let replay = desk.await_key(key).await?;
                    desk.replayed(replay).await
                }
            }
        }
    }
}

async fn claimed_write(
    desk: &Desk,
    admission: &Admission,
    claim: &Claim,
) -> Result<Ticket, Problem> {
    let written = write(desk, admission, Some(claim)).await;
    if let Err(Problem::Unavailable | Problem::Internal) = &written
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
    admission: &Admission,
    claim: Option<&Claim>,
) -> Result<Ticket, Problem> {
    let id = new_ticket_id();
    let open = |number| -> Result<_, Infallible> {
        let guards = Guards {
            idempotency: claim.map(IdempotencyGuard::Claimed),
            ..Guards::default()
        };
        Ok((admission.register(id, number), guards))
    };
    match desk.register(open).await {
        Ok(ticket) => Ok(ticket),
        Err(Halt::Commit(error)) => Err(problem_of_commit(&error)),
        Err(Halt::Key(_)) => Err(Problem::Unavailable),
        Err(Halt::Decision(never)) => match never {},
    }
}

fn application(body: NewTicket, caller: &Caller) -> Application {
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
    Application {
        request: Request {
            extension: body.extension,
            web_request: body.web_request.map(|asked| WebRequest {
                action: asked.action,
            }),
            ..Request::new(body.title, body.description, body.channel, requester)
        },
        category: body.category,
        links: vec![],
    }
}
