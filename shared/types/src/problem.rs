//! What goes wrong, in the words of the API: RFC 9457 problems in Spanish.

use serde::Serialize;

use crate::ids::TicketNumber;

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $status:literal $word:literal $title:literal,)+) => {
        /// The stable word of a problem. Each has one status and one title.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum ProblemCode {
            $($(#[$doc])* $name,)+
        }

        impl ProblemCode {
            /// Every code.
            pub const ALL: &[ProblemCode] = &[$(ProblemCode::$name),+];

            /// The word, for programs.
            pub fn word(self) -> &'static str {
                match self {
                    $(ProblemCode::$name => $word,)+
                }
            }

            /// HTTP status of the answer.
            pub fn status(self) -> u16 {
                match self {
                    $(ProblemCode::$name => $status,)+
                }
            }

            /// The title, for people, in Spanish.
            pub fn title(self) -> &'static str {
                match self {
                    $(ProblemCode::$name => $title,)+
                }
            }
        }
    };
}

codes! {
    /// The body is not JSON, or not an object.
    MalformedBody = 400 "malformed_body" "El cuerpo de la petición no se puede leer",
    /// Nobody is signed in, or not any more. Pages alone say so: before the rest of
    /// the API stands the authorizer.
    SignedOut = 401 "signed_out" "Su sesión terminó",
    /// The caller may see this but not do it.
    Forbidden = 403 "forbidden" "No tiene permiso para hacer esto",
    /// There is nothing here, or nothing that the caller may know of.
    NotFound = 404 "not_found" "No se encontró",
    /// The number was taken, and nothing was registered with it.
    VoidNumber = 410 "void_number" "Ese número quedó sin solicitud",
    /// A link that has served its time.
    LinkEnded = 410 "link_ended" "Este enlace ya no sirve",
    /// The path exists, the method does not.
    MethodNotAllowed = 405 "method_not_allowed" "Método no permitido",
    /// The state of the ticket forbids the command.
    InvalidTransition = 409 "invalid_transition" "El estado de la solicitud no lo permite",
    /// The caller decided on an older version than the stored one.
    VersionConflict = 409 "version_conflict" "Cambió entretanto",
    /// Fields that cannot be taken as they are.
    Validation = 422 "validation_failed" "Hay campos que corregir",
    /// An idempotency key that came with another body before.
    IdempotencyMismatch = 422 "idempotency_mismatch" "Clave de idempotencia ya usada",
    /// A defect or a lasting fault; its cause is in the log alone.
    Internal = 500 "internal" "Error interno",
    /// A passing fault; the same request may go through later.
    Unavailable = 503 "unavailable" "Servicio no disponible por el momento",
}

/// One field of a request that cannot be taken as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct FieldError {
    /// Path of the field in the body, `requester.email` for one.
    pub field: String,
    /// Stable word for programs.
    pub code: &'static str,
    /// Sentence for people, in Spanish.
    pub detail: String,
}

impl FieldError {
    /// An error of `field`.
    pub fn new(field: &str, code: &'static str, detail: impl Into<String>) -> Self {
        FieldError {
            field: field.to_owned(),
            code,
            detail: detail.into(),
        }
    }

    /// A field that is missing or blank.
    pub fn required(field: &str) -> Self {
        FieldError::new(field, "required", "Es obligatorio y no puede estar vacío.")
    }

    /// A text over its limit.
    pub fn too_long(field: &str, max: usize) -> Self {
        FieldError::new(
            field,
            "too_long",
            format!("No puede tener más de {max} caracteres."),
        )
    }

    /// The text takes more bytes than there is room for, with fewer characters.
    pub fn too_many_bytes(field: &str, max: usize) -> Self {
        FieldError::new(
            field,
            "too_long",
            format!(
                "El texto ocupa demasiado: no puede pasar de {max} bytes. Los emojis y otros \
                 signos ocupan cuatro cada uno; quite algunos o acórtelo."
            ),
        )
    }
}

/// Why a request is not carried out. Each variant is one HTTP answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// 400: the body is not JSON, or not an object.
    MalformedBody(String),
    /// 422: fields that cannot be taken as they are.
    Validation(Vec<FieldError>),
    /// 401: nobody is signed in, or not any more.
    SignedOut,
    /// 403: the caller may see this but not do it.
    Forbidden(&'static str),
    /// 403: the caller could do it if it were his.
    NotYours(String),
    /// 404: there is nothing here, or nothing that the caller may know of.
    NotFound(&'static str),
    /// 410: the number was taken, and nothing was registered with it.
    VoidNumber(TicketNumber),
    /// 410: a link that has served its time.
    LinkEnded(&'static str),
    /// 405: the path exists, the method does not; the methods that do.
    MethodNotAllowed(String),
    /// 409: the state of the ticket forbids the command.
    InvalidTransition(String),
    /// 409: the caller decided on an older version than the stored one.
    VersionConflict { expected: u64, actual: u64 },
    /// 422: an idempotency key that came with another body before.
    IdempotencyMismatch,
    /// 503: a passing fault; the same request may go through later.
    Unavailable,
    /// 500: a defect or a lasting fault; its cause is in the log alone.
    Internal,
}

/// The body of a problem answer (RFC 9457).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Problem"))]
pub struct ProblemBody {
    #[serde(rename = "type")]
    pub kind: String,
    pub title: &'static str,
    pub status: u16,
    pub code: &'static str,
    pub detail: String,
    /// The request that it is the answer to, as the logs have it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
}

impl Problem {
    /// The stable word of the answer.
    pub fn code(&self) -> ProblemCode {
        match self {
            Problem::MalformedBody(_) => ProblemCode::MalformedBody,
            Problem::Validation(_) => ProblemCode::Validation,
            Problem::SignedOut => ProblemCode::SignedOut,
            Problem::Forbidden(_) | Problem::NotYours(_) => ProblemCode::Forbidden,
            Problem::NotFound(_) => ProblemCode::NotFound,
            Problem::VoidNumber(_) => ProblemCode::VoidNumber,
            Problem::LinkEnded(_) => ProblemCode::LinkEnded,
            Problem::MethodNotAllowed(_) => ProblemCode::MethodNotAllowed,
            Problem::InvalidTransition(_) => ProblemCode::InvalidTransition,
            Problem::VersionConflict { .. } => ProblemCode::VersionConflict,
            Problem::IdempotencyMismatch => ProblemCode::IdempotencyMismatch,
            Problem::Unavailable => ProblemCode::Unavailable,
            Problem::Internal => ProblemCode::Internal,
        }
    }

    /// HTTP status of the answer.
    pub fn status(&self) -> u16 {
        self.code().status()
    }

    /// The sentence for people.
    fn detail(&self) -> String {
        match self {
            Problem::MalformedBody(detail)
            | Problem::InvalidTransition(detail)
            | Problem::NotYours(detail) => detail.clone(),
            Problem::Validation(errors) => match errors.as_slice() {
                [one] => format!("Revise el campo «{}»: {}", one.field, one.detail),
                many => {
                    let fields: Vec<_> = many.iter().map(|e| e.field.as_str()).collect();
                    format!("Revise los campos: {}.", fields.join(", "))
                }
            },
            Problem::Forbidden(detail) | Problem::NotFound(detail) | Problem::LinkEnded(detail) => {
                (*detail).to_owned()
            }
            Problem::VoidNumber(number) => format!(
                "El número {number} se tomó y no se registró ninguna solicitud con él: quedó \
                 anulado. No falta ninguna solicitud."
            ),
            Problem::MethodNotAllowed(allowed) => format!("Esta dirección admite: {allowed}."),
            Problem::VersionConflict { expected, actual } => format!(
                "Usted partió de la versión {expected} y la actual es la {actual}. \
                 Consulte de nuevo lo que hay y repita la operación."
            ),
            Problem::SignedOut => "Entre de nuevo; lo que escribió no se ha perdido.".to_owned(),
            Problem::IdempotencyMismatch => {
                "La misma Idempotency-Key llegó antes con otro contenido.".to_owned()
            }
            Problem::Unavailable => {
                "No se guardó ningún cambio. Intente de nuevo en unos segundos.".to_owned()
            }
            Problem::Internal => {
                "La operación no se completó. Si el problema continúa, avise a la Mesa de Ayuda."
                    .to_owned()
            }
        }
    }

    /// The answer's body.
    pub fn body(&self) -> ProblemBody {
        let code = self.code();
        let errors = match self {
            Problem::Validation(errors) => errors.clone(),
            Problem::MalformedBody(_)
            | Problem::SignedOut
            | Problem::Forbidden(_)
            | Problem::NotYours(_)
            | Problem::NotFound(_)
            | Problem::VoidNumber(_)
            | Problem::LinkEnded(_)
            | Problem::MethodNotAllowed(_)
            | Problem::InvalidTransition(_)
            | Problem::VersionConflict { .. }
            | Problem::IdempotencyMismatch
            | Problem::Unavailable
            | Problem::Internal => Vec::new(),
        };
        ProblemBody {
            kind: format!("urn:uspec:problem:{}", code.word()),
            title: code.title(),
            status: code.status(),
            code: code.word(),
            detail: self.detail(),
            instance: None,
            errors,
        }
    }
}
