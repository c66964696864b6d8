use cloud::desk::Desk;
use cloud::http::{Answer, Call};
use types::api::assignment::Route;
use types::command::Command;
use types::problem::Problem;

/// Answers the routes of an agent's first steps.
pub async fn answer(desk: &Desk, call: &Call) -> Result<Answer, Problem> {
    match call.route()? {
        Route::Assign(takes) => {
            desk.command(call, takes, |body| match body.agent {
                Some(agent) => Command::AssignTo {
                    agent,
                    away: body.confirm_away.into(),
                },
                None => Command::Take,
            })
            .await
        }
        Route::Contact(takes) => {
            desk.command(call, takes, |body| Command::Contact { note: body.note })
                .await
        }
        Route::ChangeRequester(takes) => {
            desk.command(call, takes, |body| Command::ChangeRequester {
                email: body.email,
                name: body.name,
            })
            .await
        }
        Route::Recategorise(takes) => {
            desk.command(call, takes, |body| Command::Recategorise {
                category: body.category,
            })
            .await
        }
    }
}
