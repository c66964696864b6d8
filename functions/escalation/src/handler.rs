use cloud::desk::Desk;
use cloud::http::{Answer, Call};
use types::api::escalation::Route;
use types::command::Command;
use types::problem::Problem;

/// Answers the routes of what the desk cannot solve by itself.
pub async fn answer(desk: &Desk, call: &Call) -> Result<Answer, Problem> {
    match call.route()? {
        Route::Hold(takes) => {
            desk.command(call, takes, |body| Command::Hold { note: body.note })
                .await
        }
        Route::Resume(takes) => {
            desk.command(call, takes, |body| Command::Resume { note: body.note })
                .await
        }
        Route::Escalate(takes) => {
            desk.command(call, takes, |body| Command::Escalate {
                officer: body.officer,
                justification: body.justification,
                away: body.confirm_away.into(),
            })
            .await
        }
        Route::Return(takes) => {
            desk.command(call, takes, |body| Command::Return { note: body.note })
                .await
        }
        Route::RequestProvider(takes) => {
            desk.command(call, takes, |body| Command::RequestProvider {
                provider: body.provider,
                message: body.message,
            })
            .await
        }
        Route::RecordProviderReply(takes) => {
            desk.command(call, takes, |body| Command::RecordProviderReply {
                body: body.body,
            })
            .await
        }
    }
}
