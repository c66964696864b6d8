use std::convert::Infallible;

use cloud::clock;
use cloud::desk::{
    Desk, Halt, claimant, fingerprint, new_ticket_id, problem_of, problem_of_commit,
};
use cloud::http::{Answer, Call};
use cloud::store::{Claim, Guards, IdempotencyGuard, Outcome, RequestKey};
use types::api::NewTicket;
use types::api::intake::Route;
use types::command::{Admission, Application, Setting, admit};
use types::permission::{Actor, Caller};
use types::problem::Problem;
use types::ticket::{Person, Request, Requester, Ticket, WebRequest};
use types::view::{Reader, TicketView};

/// Registers a request that came over HTTP: from a form, or by phone through
/// somebody of the desk.
pub async fn register(desk: &Desk, call: &Call) -> Result<Answer, Problem> {
    let stored = desk.catalogue().await?;
    let caller = desk.caller(call, &stored.catalogue)?;
    let Route::Register(takes) = call.route()?;
    let application = application(takes.body(&call.body)?, &caller);
    let scope = caller.email.as_str().to_owned();
    let setting = Setting {
        now: clock::now(),
        catalogue: &stored.catalogue,
    };
    let actor = Actor::Person(caller.clone());
    let admission = admit(application, &actor, setting)?;

    let ticket = match call.idempotency_key()? {
        None => write(desk, &admission, None).await?,
        Some(key) => {
            let key = RequestKey {
                scope: &scope,
                key,
                fingerprint: &fingerprint(call),
            };
            let claimed = desk.store.claim_key(key, &claimant()).await;
            match claimed.map_err(|e| problem_of(&e))? {
                Ok(claim) => claimed_write(desk, &admission, &claim).await?,
                Err(Outcome::Done(replay)) => desk.replayed(replay).await?,
                Err(Outcome::Mismatch) => return Err(Problem::IdempotencyMismatch),
                Err(Outcome::InProgress | Outcome::Fresh) => {
                    let replay = desk.await_key(key).await?;
                    desk.replayed(replay).await?
                }
            }
        }
    };
    let reader = Reader::of(&caller, &ticket);
    // As it was registered: the same request, sent again, gets the same answer.
    let view = TicketView::of(&ticket, reader, ticket.created_at);
    Ok(Answer::json(201, &view)?.located(&format!("/tickets/{}", ticket.number.0)))
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
