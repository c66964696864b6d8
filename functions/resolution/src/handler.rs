use cloud::desk::Desk;
use cloud::http::{Answer, Call};
use types::api::resolution::Route;
use types::command::Command;
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
        Route::Decline(takes) => {
            desk.command(call, takes, |body| Command::Decline {
                reason: body.reason,
            })
            .await
        }
    }
}
