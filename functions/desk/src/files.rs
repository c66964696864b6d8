//! The files of a ticket: a link under which S3 gives one to whoever may read
//! the ticket.

use cloud::desk::Desk;
use cloud::files::{Bucket, attachment_key};
use cloud::http::{Answer, Call};
use cloud::log::chain;
use types::permission::Caller;
use types::problem::Problem;
use types::ticket::Ticket;
use types::view::{LinkView, Reader};

/// Answers with a redirection to the file, or with where it would lead.
pub async fn download(desk: &Desk, files: &Bucket, call: &Call) -> Result<Answer, Problem> {
    let stored = desk.catalogue().await?;
    let caller = desk.caller(call, &stored.catalogue)?;
    let ticket = desk.readable(call.ticket_ref()?, &caller).await?;
    give(files, call, &caller, &ticket).await
}

/// A file of a ticket that somebody may read.
pub async fn give(
    files: &Bucket,
    call: &Call,
    caller: &Caller,
    ticket: &Ticket,
) -> Result<Answer, Problem> {
    let id = call.parameter("id");
    let reader = Reader::of(caller, ticket);
    let mut attachments = ticket.attachments.iter();
    let attachment = attachments.find(|a| a.id == id && reader.may_have(a));
    let attachment = attachment.ok_or(Problem::NotFound("No existe ese archivo."))?;
    let key = attachment_key(ticket.id, &attachment.id);
    let link = files.link(&key, &attachment.name, &attachment.content_type);
    match link.await {
        // A script follows no redirection to where its token is not for.
        Ok(link) if call.wants_json() => Answer::json(200, &LinkView { url: &link }),
        Ok(link) => Ok(Answer::redirect(&link)),
        Err(error) => {
            tracing::error!(ticket.id = %ticket.id, error = chain(&error), "no link to the file");
            Err(Problem::Unavailable)
        }
    }
}
