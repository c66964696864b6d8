use cloud::clock;
use cloud::desk::{Desk, claimant, fingerprint, new_ticket_id, problem_of};
use cloud::http::{Answer, Call};
use cloud::store::{Claim, CommitError, IdempotencyGuard, Outcome};
use types::command::{Admission, Application, Setting, admit};
use types::ids::{CategoryId, EmailAddress};
use types::input::{Fields, MAX_NAME, MAX_TEXT, MAX_TITLE};
use types::permission::{Actor, Caller};
use types::problem::{FieldError, Problem};
use types::ticket::{
    Channel, EventKind, Person, Requester, RequesterKind, Ticket, WebAction, WebRequest, found,
};
use types::view::{Reader, TicketView};

/// How often another number is taken because the sweep voided the one at hand.
const ATTEMPTS: u32 = 3;

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

    let ticket = match call.idempotency_key()? {
        None => write(desk, &admission, None).await?,
        Some(key) => {
            let fingerprint = fingerprint(call);
            let claimed = desk
                .store
                .claim_key(&scope, key, &fingerprint, &claimant())
                .await;
            match claimed.map_err(|e| problem_of(&e))? {
                Ok(claim) => claimed_write(desk, &admission, &claim).await?,
                Err(Outcome::Done(replay)) => desk.replayed(replay).await?,
                Err(Outcome::Mismatch) => return Err(Problem::IdempotencyMismatch),
                Err(Outcome::InProgress | Outcome::Fresh) => {
                    let replay = desk.await_key(&scope, key, &fingerprint).await?;
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
    for _ in 0..ATTEMPTS {
        let number = desk.store.take_number().await.map_err(|e| problem_of(&e))?;
        let event = admission.register(new_ticket_id(), number);
        let EventKind::Registered(registration) = &event.kind else {
            return Err(Problem::Internal);
        };
        let ticket = found(registration, &event);
        let idempotency = claim.map(IdempotencyGuard::Claimed);
        match desk.found(&ticket, &[event], idempotency, None).await {
            Ok(()) => return Ok(ticket),
            Err(CommitError::Store(e)) => return Err(problem_of(&e)),
            Err(CommitError::KeyUsed) => return Err(Problem::Unavailable),
            // The number is void: another one.
            Err(_) => {}
        }
    }
    Err(Problem::Unavailable)
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
    let requester = other.unwrap_or_else(|| Requester {
        person: Person {
            email: caller.email.clone(),
            name: caller.name.clone(),
        },
        unit: None,
        kind: None,
    });
    Some(Application {
        title: title?,
        description: description?,
        category: category?,
        channel,
        extension,
        web_request,
        requester,
        links: vec![],
        observers: vec![],
        message_id: None,
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
