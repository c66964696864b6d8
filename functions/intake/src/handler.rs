use std::convert::Infallible;

use cloud::clock;
use cloud::desk::{
    Desk, Halt, claimant, fingerprint, new_ticket_id, problem_of, problem_of_commit,
};
use cloud::http::{Answer, Call};
use cloud::store::{Claim, Guards, IdempotencyGuard, Outcome, RequestKey};
use types::command::{Admission, Application, Setting, admit};
use types::ids::{CategoryId, EmailAddress};
use types::input::{Fields, MAX_NAME, MAX_TEXT, MAX_TITLE};
use types::permission::{Actor, Caller};
use types::problem::{FieldError, Problem};
use types::ticket::{
    Channel, Person, Request, Requester, RequesterKind, Ticket, WebAction, WebRequest,
};
use types::view::{Reader, TicketView};

/// Registers a request that came over HTTP: from a form, or by phone through
/// somebody of the desk.
pub async fn register(desk: &Desk, call: &Call) -> Result<Answer, Problem> {
    let stored = desk.catalogue().await?;
    let caller = desk.caller(call, &stored.catalogue)?;
    let mut fields = call.fields()?;
    let application = application(&mut fields, &caller);
    let application = fields.finish(application)?;
    let scope = caller.email.as_str().to_owned();
    let setting = Setting {
        now: clock::now(),
        catalogue: &stored.catalogue,
    };
    let actor = Actor::Person(caller.clone());
    let admission = admit(application, &actor, setting)?;

    let fingerprint = fingerprint(call);
    let ticket = match call.idempotency_key()? {
        None => write(desk, &admission, None).await?,
        Some(key) => {
            let key = RequestKey {
                scope: &scope,
                key,
                fingerprint: &fingerprint,
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

fn application(fields: &mut Fields, caller: &Caller) -> Option<Application> {
    let title = fields.line("title", MAX_TITLE);
    let description = fields.text("description", MAX_TEXT);
    let category = fields
        .line("category", 64)
        .map(|id| CategoryId::from(id.as_str()));
    let channel = fields
        .optional_word(
            "channel",
            &[(Channel::Web, "web"), (Channel::Phone, "phone")],
        )
        .unwrap_or(Channel::Web);
    let extension = fields.optional_line("extension", 20);
    let web_request = fields.optional_object("web_request", |fields| {
        Some(WebRequest {
            action: fields.word("action", &WebAction::ALL)?,
        })
    });
    let other = fields.optional_object("requester", requester);
    if channel == Channel::Phone && other.is_none() {
        fields.refuse(FieldError::new(
            "requester",
            "required",
            "Quien registra una llamada indica quién la hizo.",
        ));
    }
    let requester = other.unwrap_or_else(|| caller.person().into());
    Some(Application {
        request: Request {
            extension,
            web_request,
            ..Request::new(title?, description?, channel, requester)
        },
        category: category?,
        links: vec![],
    })
}

fn requester(fields: &mut Fields) -> Option<Requester> {
    const KINDS: [(RequesterKind, &str); 2] = [
        (RequesterKind::Official, "official"),
        (RequesterKind::Contractor, "contractor"),
    ];
    let email: Option<EmailAddress> = fields.email("email");
    let name = fields.line("name", MAX_NAME);
    let unit = fields.optional_line("unit", MAX_NAME);
    let kind = fields.optional_word("kind", &KINDS);
    Some(Requester {
        person: Person {
            email: email?,
            name: name?,
        },
        unit,
        kind,
    })
}
