use cloud::desk::{Desk, Given};
use cloud::http::{Answer, Call};
use types::api::pages::formats::Page as Form;
use types::api::resolution::Route;
use types::api::{Attaching, ObserverRemoval, Routes, Takes};
use types::command::Command;
use types::ids::{EmailAddress, FormatCode, SectionId};
use types::incident::Incident;
use types::person::Person;
use types::problem::Problem;
use types::ticket::Visibility;

use crate::formats;

/// Answers the routes of work on a ticket.
pub async fn answer(desk: &Desk, call: &Call) -> Result<Answer, Problem> {
    if let Some(Form::Fill) = Form::of(&call.route) {
        return Ok(formats::fill(desk, call).await);
    }
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
        Route::DraftSection(takes) => {
            let code = FormatCode::from(call.parameter("code"));
            desk.format_command(call, takes, |body| Command::DraftSection {
                code,
                section: body.section,
                fields: body.fields,
            })
            .await
        }
        Route::SignSection(takes) => {
            let (code, section) = section_of(call);
            desk.format_command(call, takes, |body| Command::SignSection {
                code,
                section,
                fields: body.fields,
                on_paper: body.on_paper,
                holder: None,
            })
            .await
        }
        Route::CorrectSection(takes) => {
            let (code, section) = section_of(call);
            desk.format_command(call, takes, |body| Command::CorrectSection {
                code,
                section,
                reason: body.reason,
            })
            .await
        }
        Route::DescribeIncident(takes) => {
            desk.command(call, takes, |body| Command::DescribeIncident {
                incident: Box::new(Incident {
                    kind: body.kind,
                    asset: body.asset,
                    personal_data: body.personal_data,
                    people: body.people,
                    containment: body.containment,
                    severity: body.severity,
                }),
            })
            .await
        }
        Route::RecordReport(takes) => {
            desk.command(call, takes, |body| Command::RecordReport {
                authority: body.authority,
                outcome: body.outcome,
                note: body.note,
            })
            .await
        }
        Route::MarkPetition(takes) => {
            desk.command(call, takes, |body| match body.petition {
                true => Command::MarkPetition { note: body.note },
                false => Command::UnmarkPetition { reason: body.note },
            })
            .await
        }
        Route::Forward(takes) => {
            desk.command(call, takes, |body| Command::Forward {
                to: Person {
                    email: body.email,
                    name: body.name,
                },
                message: body.message,
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

/// The section of a format that a call is about.
fn section_of(call: &Call) -> (FormatCode, SectionId) {
    let (code, section) = (call.parameter("code"), call.parameter("section"));
    (FormatCode::from(code), SectionId::from(section))
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
