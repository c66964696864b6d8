use cloud::desk::Desk;
use cloud::http::{Answer, Call};
use types::api::resolution::Route;
use types::api::{ObserverRemoval, Takes};
use types::command::Command;
use types::ids::EmailAddress;
use types::problem::Problem;

/// Answers the routes of work on a ticket.
pub async fn answer(desk: &Desk, call: &Call) -> Result<Answer, Problem> {
    match call.route()? {
        Route::FollowUp(takes) => {
            desk.command(call, takes, |body| Command::FollowUp {
                body: body.body,
                visibility: body.visibility,
            })
            .await
        }
        Route::ReportSolution(takes) => {
            desk.command(call, takes, |body| Command::ReportSolution {
                body: body.body,
            })
            .await
        }
        Route::Resolve(takes) => {
            desk.command(call, takes, |body| Command::Resolve {
                solution: body.solution,
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
