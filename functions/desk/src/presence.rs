//! Who is at a ticket: what a page says while somebody of the desk looks at it.

use ::pages::presence::Line;
use cloud::clock;
use cloud::desk::{Desk, problem_of};
use cloud::http::{Answer, Call};
use cloud::page::Sent;
use futures_util::future::try_join;
use serde_json::json;
use types::Timestamp;
use types::permission::Caller;
use types::presence::{Doing, Sign, counts, others};
use types::problem::{FieldError, Problem};
use types::ticket::Ticket;
use types::view::Reader;

/// What a sign says.
enum Said {
    Here(Doing),
    /// The page is being left.
    Gone,
}

impl Said {
    fn of(sent: &Sent) -> Result<Self, Problem> {
        let word = ::pages::forms::sent(sent.typed(), "doing").unwrap_or_default();
        match (word, Doing::of(word)) {
            ("gone", _) => Ok(Said::Gone),
            (_, Some(doing)) => Ok(Said::Here(doing)),
            (_, None) => Err(Problem::Validation(vec![FieldError::new(
                "doing",
                "unknown_value",
                "No se sabe qué hace.",
            )])),
        }
    }
}

/// Takes a sign, and answers who else is there and how far the ticket has come.
pub async fn sign(desk: &Desk, call: &Call) -> Result<Answer, Problem> {
    let stored = desk.catalogue().await?;
    let caller = desk.sender(call, &stored.catalogue).await?;
    let said = Said::of(&Sent::of(call))?;
    let ticket = desk.readable(call.ticket_ref()?, &caller).await?;
    if !counts(&caller, &ticket) {
        return Err(match Reader::of(&caller, &ticket) {
            Reader::Staff => Problem::Forbidden("Su función no trabaja en esta solicitud."),
            // A requester is not told that there is such a thing.
            Reader::Requester => Problem::NotFound("Esta dirección no existe."),
        });
    }
    let store = &desk.store;
    match said {
        Said::Gone => {
            let ended = store.end_presence(ticket.id, &caller.email).await;
            ended.map_err(|e| problem_of(&e))?;
            Answer::json(200, &json!({}))
        }
        Said::Here(doing) => {
            let now = clock::now();
            let sign = Sign {
                person: caller.person(),
                doing,
                at: now,
            };
            let written = store.put_sign(ticket.id, &sign);
            let ((), signs) = try_join(written, store.signs(ticket.id))
                .await
                .map_err(|e| problem_of(&e))?;
            let lines = lines(signs, &caller, now);
            let others: Vec<_> = lines
                .into_iter()
                .map(|Line { text, ago }| json!({ "text": text, "ago": ago }))
                .collect();
            Answer::json(200, &json!({ "others": others, "version": ticket.version }))
        }
    }
}

/// Who else is at a ticket, for whoever reads its page as one of those who work on
/// it.
pub async fn at(
    desk: &Desk,
    ticket: &Ticket,
    caller: &Caller,
    now: Timestamp,
) -> Result<Vec<Line>, Problem> {
    let signs = desk.store.signs(ticket.id).await;
    Ok(lines(signs.map_err(|e| problem_of(&e))?, caller, now))
}

fn lines(signs: Vec<Sign>, caller: &Caller, now: Timestamp) -> Vec<Line> {
    let others = others(signs, &caller.email, now);
    others.iter().map(|sign| Line::of(sign, now)).collect()
}
