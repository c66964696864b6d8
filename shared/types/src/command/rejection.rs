//! Why a command is not carried out.

use crate::permission::Denial;
use crate::problem::{FieldError, Problem};

/// Why a command is not carried out. Nothing has changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    #[error("{0}")]
    Denied(Denial),
    /// The state forbids it; the sentence is for people.
    #[error("{0}")]
    InvalidTransition(String),
    /// It is so already, by the same person's doing or not; the sentence is for people.
    /// Whoever pressed a button has what he wanted.
    #[error("{0}")]
    AlreadySo(String),
    /// A field names something that the catalogue does not have.
    #[error("{}: {}", .0.field, .0.detail)]
    Validation(FieldError),
    /// Several fields cannot be taken as they are.
    #[error("{} fields cannot be taken", .0.len())]
    Fields(Vec<FieldError>),
    /// The ticket's calendar is gone from the catalogue, or has no open hour in
    /// reach. The catalogue's checks keep this from happening.
    #[error("{0}")]
    Calendar(String),
}

impl From<Rejection> for Problem {
    fn from(rejection: Rejection) -> Problem {
        match rejection {
            Rejection::Denied(Denial::Hidden) => Problem::NotFound("No existe esa solicitud."),
            Rejection::Denied(Denial::Forbidden) => {
                Problem::Forbidden("Su función no le permite esta operación sobre la solicitud.")
            }
            Rejection::Denied(Denial::Held(person)) => Problem::NotYours(format!(
                "La tiene {}. Tómela usted, o pida a la coordinación que se la asigne.",
                person.name
            )),
            Rejection::Denied(Denial::Free) => {
                Problem::NotYours("Nadie la tiene todavía: tómela primero.".to_owned())
            }
            Rejection::Denied(Denial::Asked(person)) => Problem::NotYours(format!(
                "La pidió {}: solo esa persona dice si quedó resuelta.",
                person.name
            )),
            Rejection::InvalidTransition(detail) | Rejection::AlreadySo(detail) => {
                Problem::InvalidTransition(detail)
            }
            Rejection::Denied(Denial::OthersToSign(detail)) => Problem::NotYours(detail),
            Rejection::Validation(error) => Problem::Validation(vec![error]),
            Rejection::Fields(errors) => Problem::Validation(errors),
            Rejection::Calendar(_) => Problem::Internal,
        }
    }
}
