//! The survey as a page: plain HTML, no script.

use askama::Template;
use cloud::http::Answer;
use types::problem::Problem;
use types::view::SurveyView;

#[derive(Template)]
#[template(path = "survey.html")]
struct Page<'a> {
    survey: &'a SurveyView<'a>,
    message: Option<String>,
}

/// The survey, to be filled in.
pub fn survey(survey: &SurveyView<'_>) -> Answer {
    page(200, survey, None)
}

/// The survey after it was answered.
pub fn thanks(survey: &SurveyView<'_>) -> Answer {
    page(
        200,
        survey,
        Some("Gracias: su respuesta quedó registrada.".to_owned()),
    )
}

/// The survey after an answer that could not be taken.
pub fn problem(problem: &Problem, survey: &SurveyView<'_>) -> Answer {
    page(problem.status(), survey, Some(problem.body().detail))
}

fn page(status: u16, survey: &SurveyView<'_>, message: Option<String>) -> Answer {
    match (Page { survey, message }).render() {
        Ok(html) => Answer::html(status, html),
        Err(_) => Answer::problem(&Problem::Internal),
    }
}
