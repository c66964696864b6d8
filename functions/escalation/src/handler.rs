use cloud::desk::Desk;
use cloud::http::{Answer, Call};
use types::command::Command;
use types::ids::ProviderId;
use types::input::MAX_TEXT;
use types::problem::Problem;

/// Answers the routes of what the desk cannot solve by itself.
pub async fn answer(desk: &Desk, call: &Call) -> Result<Answer, Problem> {
    match call.route.as_str() {
        "POST /tickets/{ref}/hold" => {
            desk.command(call, |fields| {
                Some(Command::Hold {
                    note: fields.text("note", MAX_TEXT)?,
                })
            })
            .await
        }
        "POST /tickets/{ref}/resume" => {
            desk.command(call, |fields| {
                Some(Command::Resume {
                    note: fields.optional_text("note", MAX_TEXT),
                })
            })
            .await
        }
        "POST /tickets/{ref}/escalation" => {
            desk.command(call, |fields| {
                let officer = fields.email("officer");
                let justification = fields.text("justification", MAX_TEXT);
                Some(Command::Escalate {
                    officer: officer?,
                    justification: justification?,
                })
            })
            .await
        }
        "POST /tickets/{ref}/return" => {
            desk.command(call, |fields| {
                Some(Command::Return {
                    note: fields.text("note", MAX_TEXT)?,
                })
            })
            .await
        }
        "POST /tickets/{ref}/provider" => {
            desk.command(call, |fields| {
                let provider = fields.line("provider", 64);
                let message = fields.text("message", MAX_TEXT);
                Some(Command::RequestProvider {
                    provider: ProviderId::from(provider?.as_str()),
                    message: message?,
                })
            })
            .await
        }
        "POST /tickets/{ref}/provider-reply" => {
            desk.command(call, |fields| {
                Some(Command::RecordProviderReply {
                    body: fields.text("body", MAX_TEXT)?,
                })
            })
            .await
        }
        _ => Err(Problem::NotFound("Esta dirección no existe.")),
    }
}
