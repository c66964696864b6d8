//! The formats of the procedure, those of a ticket, and the matrix of accounts.

use cloud::clock;
use cloud::desk::{Desk, problem_of};
use cloud::http::{Answer, Call};
use types::api::{AccountsQuery, Page, Takes, invalid_cursor};
use types::folding::folded;
use types::format::accounts::{Holder, HolderId, HolderView};
use types::format::document;
use types::format::schema::newest;
use types::format::view::FormatView;
use types::ids::FormatCode;
use types::mail;
use types::permission::{Caller, may_read_format};
use types::problem::Problem;
use types::ticket::Ticket;

/// What whoever does not oversee the desk is told.
pub const NOT_FOR_YOU: Problem =
    Problem::Forbidden("La matriz de usuarios es de la coordinación, la jefatura y la auditoría.");

const UNKNOWN: Problem = Problem::NotFound("No existe ese formato.");

/// All formats.
pub async fn all(desk: &Desk, call: &Call) -> Result<Answer, Problem> {
    let stored = desk.catalogue().await?;
    desk.caller(call, &stored.catalogue)?;
    let page = Page {
        items: document::all(),
        next_cursor: None,
    };
    Answer::json(200, &page)
}

/// One of them, as JSON Schema.
pub async fn schema(desk: &Desk, call: &Call) -> Result<Answer, Problem> {
    let stored = desk.catalogue().await?;
    desk.caller(call, &stored.catalogue)?;
    let schema = newest(&FormatCode::from(call.parameter("code"))).ok_or(UNKNOWN)?;
    Answer::json(200, &document::json_schema(schema))
}

/// A format of a ticket.
pub async fn show(desk: &Desk, call: &Call) -> Result<Answer, Problem> {
    let stored = desk.catalogue().await?;
    let caller = desk.caller(call, &stored.catalogue)?;
    let (ticket, code) = readable(desk, call, &caller).await?;
    let view = FormatView::of(&ticket, &code, &caller).ok_or(UNKNOWN)?;
    Answer::json(200, &view)
}

/// The ticket and the format that a call is about, for somebody who may read that.
pub async fn readable(
    desk: &Desk,
    call: &Call,
    caller: &Caller,
) -> Result<(Ticket, FormatCode), Problem> {
    let code = FormatCode::from(call.parameter("code"));
    let sees = |ticket: &Ticket| may_read_format(caller, ticket, &code);
    let ticket = desk.readable_to(call.ticket_ref()?, caller, sees).await?;
    Ok((ticket, code))
}

/// People of the matrix, with their accounts.
pub async fn accounts(
    desk: &Desk,
    call: &Call,
    takes: Takes<AccountsQuery>,
) -> Result<Answer, Problem> {
    let stored = desk.catalogue().await?;
    let caller = desk.caller(call, &stored.catalogue)?;
    if !takes.row().access.admits(&caller) {
        return Err(NOT_FOR_YOU);
    }
    let query = takes.query(call.query())?;
    let begins = match &query.cursor {
        None => None,
        Some(id) => Some(after(id)?),
    };
    let found = desk.store.holders(begins.as_ref(), query.limit).await;
    let found = found.map_err(|e| problem_of(&e))?;
    let words = query.q.as_deref().map(|q| folded(q.trim()));
    let today = mail::day(clock::now());
    let items = found.holders.into_iter();
    let items = items.filter(|holder| words.as_ref().is_none_or(|words| says(holder, words)));
    let page = Page {
        items: items.map(|holder| HolderView::of(holder, today)).collect(),
        next_cursor: found.next.map(|id| id.to_string()),
    };
    Answer::json(200, &page)
}

/// The person after whom a page of the matrix begins.
pub fn after(cursor: &str) -> Result<HolderId, Problem> {
    let is_id = cursor.len() == 32 && cursor.bytes().all(|b| b.is_ascii_hexdigit());
    match is_id {
        true => Ok(HolderId(cursor.to_owned())),
        false => Err(invalid_cursor()),
    }
}

fn says(holder: &Holder, words: &str) -> bool {
    let said = [
        Some(&holder.name),
        holder.unit.as_ref(),
        holder.email.as_ref(),
    ];
    said.into_iter()
        .flatten()
        .any(|text| folded(text).contains(words))
}
