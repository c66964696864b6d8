use cloud::clock;
use cloud::desk::{Desk, problem_of};
use cloud::http::{Answer, Call};
use cloud::page::{LINK_OUTLIVES, Sent, page_key};
use pages::survey::{self, Typed};
use types::api::closure::Route;
use types::api::{SurveyAnswer, Takes};
use types::command::Command;
use types::permission::Actor;
use types::problem::Problem;
use types::ticket::{State, Ticket};
use types::token::{TokenSecret, TokenUse};
use types::view::SurveyView;

/// Answers the routes of validation and closing.
pub async fn answer(desk: &Desk, secret: &TokenSecret, call: &Call) -> Result<Answer, Problem> {
    match call.route()? {
        Route::ShowSurvey => readable(desk, call, show_survey(desk, secret, call).await).await,
        Route::AnswerSurvey(takes) => {
            let answered = answer_survey(desk, secret, call, takes).await;
            readable(desk, call, answered).await
        }
        Route::Reject(takes) => {
            desk.command(call, takes, |body| Command::Reject {
                reason: body.reason,
            })
            .await
        }
        Route::Close(takes) => desk.command(call, takes, |_| Command::Close).await,
        Route::RevokeLink(takes) => desk.command(call, takes, |_| Command::RevokeLink).await,
    }
}

/// What a browser can show of it, whoever follows the link of an old mail.
async fn readable(
    desk: &Desk,
    call: &Call,
    answered: Result<Answer, Problem>,
) -> Result<Answer, Problem> {
    match answered {
        Err(problem) if call.wants_html() => Ok(desk.page_of_problem(call, problem).await),
        answered => answered,
    }
}

/// Shows what is rated. It changes nothing: mail readers and virus scanners
/// follow links by themselves.
async fn show_survey(desk: &Desk, secret: &TokenSecret, call: &Call) -> Result<Answer, Problem> {
    let (ticket, round) = surveyed(desk, secret, call).await?;
    let view = SurveyView::of(&ticket, is_open(&ticket, round));
    if call.wants_html() {
        let typed = Typed::starred(call.asked("estrella"));
        let page = survey::Page::of(&view, typed, page_key(), clock::now());
        Ok(Answer::page(call, 200, page.written()))
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
    let sent = Sent::of(call);
    let body = if by_form {
        let mut fields = sent.fields();
        let body = takes.read(&mut fields);
        fields.finish(body)
    } else {
        takes.body(&call.body)
    };
    let command = body.map(|body| Command::AnswerSurvey {
        round,
        solved: body.solved,
        rating: body.rating,
        comment: body.comment,
    });
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
        Ok(after) if by_form => {
            let view = SurveyView::of(&after, false);
            let now = clock::now();
            let mut page = survey::Page::of(&view, Typed::default(), String::new(), now);
            page.thanks = true;
            Ok(Answer::page(call, 200, page.written()))
        }
        // Whoever holds a link is told no more than it shows.
        Ok(after) => Answer::json(200, &SurveyView::of(&after, false)),
        Err(problem) if by_form => {
            let view = SurveyView::of(&ticket, is_open(&ticket, round));
            let typed = Typed::of(sent.typed());
            let key = sent.key_again(call, &problem);
            let mut page = survey::Page::of(&view, typed, key, clock::now());
            page.refused(&problem);
            Ok(Answer::page(call, problem.status(), page.written()))
        }
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
    let ticket = ticket.ok_or(UNKNOWN)?;
    if ticket.state == State::Closed && clock::now() > ticket.updated_at + LINK_OUTLIVES {
        return Err(Problem::LinkEnded(
            "La solicitud se cerró hace más de siete días y su encuesta ya no se muestra.",
        ));
    }
    Ok((ticket, round))
}

fn is_open(ticket: &Ticket, round: u8) -> bool {
    ticket.state == State::Solved && ticket.asks_survey() && ticket.reopened == u32::from(round)
}
