use cloud::desk::Desk;
use cloud::http::{Answer, Call};
use types::command::Command;
use types::ids::CategoryId;
use types::input::MAX_TEXT;
use types::problem::Problem;

/// Answers the routes of an agent's first steps.
pub async fn answer(desk: &Desk, call: &Call) -> Result<Answer, Problem> {
    match call.route.as_str() {
        "POST /tickets/{ref}/assignment" => {
            desk.command(call, |fields| {
                // Nobody named: the caller takes it.
                Some(match fields.optional_email("agent") {
                    Some(agent) => Command::AssignTo { agent },
                    None => Command::Take,
                })
            })
            .await
        }
        "POST /tickets/{ref}/contact" => {
            desk.command(call, |fields| {
                Some(Command::Contact {
                    note: fields.text("note", MAX_TEXT)?,
                })
            })
            .await
        }
        "POST /tickets/{ref}/category" => {
            desk.command(call, |fields| {
                let category = CategoryId::from(fields.line("category", 64)?.as_str());
                Some(Command::Recategorise { category })
            })
            .await
        }
        _ => Err(Problem::NotFound("Esta dirección no existe.")),
    }
}
