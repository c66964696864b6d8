use cloud::clock;
use cloud::desk::{Desk, problem_of};
use cloud::http::{Answer, Call};
use types::api::closure::Route;
use types::api::{MAX_COMMENT, SurveyAnswer, Takes};
use types::command::Command;
use types::ids::parse_text;
use types::permission::Actor;
use types::problem::{FieldError, Problem};
use types::ticket::{State, Ticket};
use types::token::{TokenSecret, TokenUse};
use types::view::{Reader, SurveyView, TicketView};

use crate::page;

/// Answers the routes of validation and closing.
pub async fn answer(desk: &Desk, secret: &TokenSecret, call: &Call) -> Result<Answer, Problem> {
    match call.route()? {
        Route::ShowSurvey => show_survey(desk, secret, call).await,
        Route::AnswerSurvey(takes) => answer_survey(desk, secret, call, takes).await,
        Route::Reject(takes) => {
            desk.command(call, takes, |body| Command::Reject {
                reason: body.reason,
            })
            .await
        }
        Route::Close(takes) => desk.command(call, takes, |_| Command::Close).await,
    }
}

/// Shows what is rated. It changes nothing: mail readers and virus scanners
/// follow links by themselves.
async fn show_survey(desk: &Desk, secret: &TokenSecret, call: &Call) -> Result<Answer, Problem> {
    let (ticket, round) = surveyed(desk, secret, call).await?;
    let view = SurveyView::of(&ticket, is_open(&ticket, round));
    if call.wants_html() {
        Ok(page::survey(&view))
    } else {
        Answer::json(200, &view)
    }
}

/// Takes the requester's word (activity 14). The link is the credential: it was
/// mailed to the requester alone.
async fn answer_survey(
    desk: &Desk,
    secret: &TokenSecret,
    call: &Call,
    takes: Takes<SurveyAnswer>,
) -> Result<Answer, Problem> {
    let (ticket, round) = surveyed(desk, secret, call).await?;
    let by_form = call.is_form();
    let command = if by_form {
        form(call, round)
    } else {
        takes.body(&call.body).map(|body| Command::AnswerSurvey {
            round,
            solved: body.solved,
            rating: body.rating,
            comment: body.comment,
        })
    };
    let scope = format!("survey:{}", ticket.id);
    let answered = match command {
        Ok(command) => {
            desk.execute(
                call,
                &scope,
                ticket.clone(),
                command,
                &Actor::SurveyHolder,
                None,
            )
            .await
        }
        Err(problem) => Err(problem),
    };
    match answered {
        Ok(after) if by_form => Ok(page::thanks(&SurveyView::of(&after, false))),
        Ok(after) => Answer::json(
            200,
            &TicketView::of(&after, Reader::Requester, clock::now()),
        ),
        Err(problem) if by_form => Ok(page::problem(
            &problem,
            &SurveyView::of(&ticket, is_open(&ticket, round)),
        )),
        Err(problem) => Err(problem),
    }
}

/// The ticket that a survey's link is about.
async fn surveyed(desk: &Desk, secret: &TokenSecret, call: &Call) -> Result<(Ticket, u8), Problem> {
    const UNKNOWN: Problem = Problem::NotFound("Esta encuesta no existe.");
    let Some((TokenUse::Survey { round }, id)) = secret.verify(call.parameter("token")) else {
        return Err(UNKNOWN);
    };
    let ticket = desk.store.ticket(id).await.map_err(|e| problem_of(&e))?;
    ticket.map(|ticket| (ticket, round)).ok_or(UNKNOWN)
}

fn is_open(ticket: &Ticket, round: u8) -> bool {
    ticket.state == State::Solved && ticket.asks_survey() && ticket.reopened == u32::from(round)
}

/// The same answer, from the page's form: a browser needs no script for it.
fn form(call: &Call, round: u8) -> Result<Command, Problem> {
    let fields = call.form();
    let value = |name: &str| {
        fields
            .iter()
            .find(|(k, _)| k == name)
            .map_or("", |(_, v)| v.as_str())
    };
    let solved = match value("solved") {
        "yes" => Some(true),
        "no" => Some(false),
        _ => None,
    };
    let rating = value("rating")
        .parse()
        .ok()
        .filter(|rating| (1..=5).contains(rating));
    let comment = Some(value("comment")).filter(|text| !text.trim().is_empty());
    let comment = comment
        .map(|text| parse_text("comment", text, MAX_COMMENT))
        .transpose();
    match (solved, rating, comment) {
        (Some(solved), Some(rating), Ok(comment)) => Ok(Command::AnswerSurvey {
            round,
            solved,
            rating,
            comment,
        }),
        (_, _, Err(error)) => Err(Problem::Validation(vec![error])),
        (None, _, _) => Err(Problem::Validation(vec![FieldError::required("solved")])),
        (_, None, _) => Err(Problem::Validation(vec![FieldError::required("rating")])),
    }
}
