use cloud::desk::{Desk, Given};
use cloud::http::{Answer, Call};
use types::api::resolution::Route;
use types::api::{Attaching, ObserverRemoval, Takes};
use types::command::Command;
use types::ids::EmailAddress;
use types::problem::Problem;
use types::ticket::Visibility;

/// Answers the routes of work on a ticket.
pub async fn answer(desk: &Desk, call: &Call) -> Result<Answer, Problem> {
    match call.route()? {
        Route::FollowUp(takes) => {
            desk.command(call, takes, |body| {
                let said = Command::FollowUp {
                    body: body.body,
                    visibility: body.visibility,
                };
                Given::with_files(said, body.attachments, body.visibility)
            })
            .await
        }
        Route::AnnounceAttachment(takes) => desk.announce(call, takes).await,
        Route::Attach(takes) => attach(desk, call, takes).await,
        Route::ReportSolution(takes) => {
            desk.command(call, takes, |body| {
                let report = Command::ReportSolution { body: body.body };
                // As what it says: the desk writes to the requester.
                Given::with_files(report, body.attachments, Visibility::Internal)
            })
            .await
        }
        Route::Resolve(takes) => {
            desk.command(call, takes, |body| {
                let solved = Command::Resolve {
                    solution: body.solution,
                };
                Given::with_files(solved, body.attachments, Visibility::Public)
            })
            .await
        }
        Route::RemoveObserver(takes) => remove_observer(desk, call, takes).await,
        Route::Decline(takes) => {
            desk.command(call, takes, |body| Command::Decline {
                reason: body.reason,
            })
            .await
        }
    }
}

/// A file that was uploaded is the ticket's.
async fn attach(desk: &Desk, call: &Call, takes: Takes<Attaching>) -> Result<Answer, Problem> {
    const NONE: Problem = Problem::NotFound("No existe ese archivo.");
    let file = call.parameter("id").parse().map_err(|_| NONE)?;
    let given = |body: Attaching| Given::file(file, body.visibility);
    desk.command(call, takes, given).await
}

/// Somebody who was copied is taken off, or leaves by himself.
async fn remove_observer(
    desk: &Desk,
    call: &Call,
    takes: Takes<ObserverRemoval>,
) -> Result<Answer, Problem> {
    const NOBODY: Problem = Problem::NotFound("Nadie con esa dirección está en copia.");
    let email = EmailAddress::parse(call.parameter("email")).map_err(|_| NOBODY)?;
    if !desk.is_called_by(call, &email).await? {
        let command = |_| Command::RemoveObserver { email };
        return desk.command(call, takes, command).await;
    }
    let left = desk
        .command(call, takes, |_| Command::StopObserving)
        .await?;
    // The page that he was on is not for him any more.
    Ok(match left.is_see_other() {
        true => Answer::see_other("/solicitudes?hecho=sin-copia"),
        false => left,
    })
}
