//! The satisfaction survey (activity 14 of the procedure): whether it is solved,
//! and how it was attended. Nothing counts before the button.

use askama::Template;
use jiff::Timestamp;
use types::api::MAX_COMMENT;
use types::problem::Problem;
use types::ticket::{State, Status};
use types::view::SurveyView;

use crate::forms::sent;
use crate::shell::Shell;
use crate::wrong::Wrong;

/// What each number means.
const RATINGS: [(u8, &str); 5] = [
    (1, "Malo"),
    (2, "Deficiente"),
    (3, "Aceptable"),
    (4, "Bueno"),
    (5, "Excelente"),
];

/// The survey of a solution.
#[derive(Template)]
#[template(path = "survey.html")]
pub struct Page<'a> {
    pub shell: Shell<'a>,
    pub survey: &'a SurveyView<'a>,
    pub typed: Typed,
    /// What could not be taken.
    pub wrong: Wrong,
    pub key: String,
    /// Whether the answer was just taken.
    pub thanks: bool,
}

/// What was chosen and written so far.
#[derive(Clone, Debug, Default)]
pub struct Typed {
    pub solved: String,
    pub rating: String,
    pub comment: String,
}

impl Typed {
    /// What a form sent.
    pub fn of(form: &[(String, String)]) -> Self {
        let value = |name| sent(form, name).unwrap_or_default().to_owned();
        Typed {
            solved: value("solved"),
            rating: value("rating"),
            comment: value("comment"),
        }
    }

    /// What a star of the mail chose: nothing is sent by that.
    pub fn starred(star: Option<&str>) -> Self {
        let known = star.filter(|star| RATINGS.iter().any(|(n, _)| n.to_string() == **star));
        let Some(star) = known else {
            return Typed::default();
        };
        Typed {
            solved: match star {
                "1" | "2" => String::new(),
                _ => "true".to_owned(),
            },
            rating: star.to_owned(),
            comment: String::new(),
        }
    }
}

/// A number to rate by.
struct Star {
    value: u8,
    word: &'static str,
    chosen: bool,
}

impl<'a> Page<'a> {
    /// The survey, to be filled in.
    pub fn of(survey: &'a SurveyView<'a>, typed: Typed, key: String, now: Timestamp) -> Self {
        Page {
            shell: Shell::new(
                format!("Satisfacción {}", survey.number_label),
                crate::shell::Section::Nowhere,
                now,
            ),
            survey,
            typed,
            wrong: Wrong::default(),
            key,
            thanks: false,
        }
    }

    /// As markup.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn written(&self) -> Result<String, askama::Error> {
        self.render()
    }

    /// The same, as it could not be taken.
    pub fn refused(&mut self, problem: &Problem) {
        self.wrong = Wrong::said(problem, |error| match error.field.as_str() {
            "solved" => ("solved", "Diga si se solucionó".to_owned()),
            "rating" => ("rating", "Elija una calificación".to_owned()),
            _ => ("comment", error.detail.clone()),
        });
    }

    fn stars(&self) -> [Star; 5] {
        RATINGS.map(|(value, word)| Star {
            value,
            word,
            chosen: self.typed.rating == value.to_string(),
        })
    }

    fn says_solved(&self) -> bool {
        matches!(self.typed.solved.as_str(), "true" | "yes")
    }

    fn says_unsolved(&self) -> bool {
        matches!(self.typed.solved.as_str(), "false" | "no")
    }

    fn max_comment(&self) -> usize {
        MAX_COMMENT
    }

    /// Where the request stands, whose survey is not open.
    fn stands(&self) -> &'static str {
        match (self.survey.status, self.survey.declined) {
            (Status::New | Status::Assigned | Status::OnHold, _) => {
                "La solicitud está abierta: la Mesa de Ayuda sigue con ella."
            }
            (Status::Solved, _) if self.survey.forwarded => {
                "La solicitud se trasladó a quien debe responderla."
            }
            (Status::Solved, true) => "La solicitud fue declinada.",
            (Status::Solved, false) => {
                "La solicitud tiene otra solución: vale lo que dice el último correo."
            }
            (Status::Closed, true) => "La solicitud fue declinada y está cerrada.",
            (Status::Closed, false) => "La solicitud ya está cerrada.",
        }
    }

    /// What became of the request with the answer.
    fn after(&self) -> &'static str {
        match State::Closed.status() == self.survey.status {
            true => "La solicitud quedó cerrada.",
            false => "La Mesa de Ayuda la retoma y le escribirá.",
        }
    }
}
