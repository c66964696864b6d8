use cloud::desk::Desk;
use cloud::http::{Answer, Call};
use types::command::Command;
use types::input::MAX_TEXT;
use types::problem::Problem;
use types::ticket::Visibility;

const VISIBILITIES: [(Visibility, &str); 2] = [
    (Visibility::Public, "public"),
    (Visibility::Internal, "internal"),
];

/// Answers the routes of work on a ticket.
pub async fn answer(desk: &Desk, call: &Call) -> Result<Answer, Problem> {
    match call.route.as_str() {
        "POST /tickets/{ref}/followups" => {
            desk.command(call, |fields| {
                let body = fields.text("body", MAX_TEXT);
                let visibility = fields.word("visibility", &VISIBILITIES);
                Some(Command::FollowUp {
                    body: body?,
                    visibility: visibility?,
                })
            })
            .await
        }
        "POST /tickets/{ref}/solution-report" => {
            desk.command(call, |fields| {
                Some(Command::ReportSolution {
                    body: fields.text("body", MAX_TEXT)?,
                })
            })
            .await
        }
        "POST /tickets/{ref}/resolution" => {
            desk.command(call, |fields| {
                Some(Command::Resolve {
                    solution: fields.text("solution", MAX_TEXT)?,
                })
            })
            .await
        }
        "POST /tickets/{ref}/decline" => {
            desk.command(call, |fields| {
                Some(Command::Decline {
                    reason: fields.text("reason", MAX_TEXT)?,
                })
            })
            .await
        }
        _ => Err(Problem::NotFound("Esta dirección no existe.")),
    }
}
