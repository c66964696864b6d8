//! What goes wrong, in the words of the API: RFC 9457 problems in Spanish.

use serde::Serialize;

/// One field of a request that cannot be taken as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
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
}

/// Why a request is not carried out. Each variant is one HTTP answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// 400: the body is not JSON, or not an object.
    MalformedBody(String),
    /// 422: fields that cannot be taken as they are.
    Validation(Vec<FieldError>),
    /// 403: the caller may see this but not do it.
    Forbidden(&'static str),
    /// 404: there is nothing here, or nothing that the caller may know of.
    NotFound(&'static str),
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
pub struct ProblemBody {
    #[serde(rename = "type")]
    pub kind: String,
    pub title: &'static str,
    pub status: u16,
    pub code: &'static str,
    pub detail: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
}

impl Problem {
    /// HTTP status of the answer.
    pub fn status(&self) -> u16 {
        match self {
            Problem::MalformedBody(_) => 400,
            Problem::Forbidden(_) => 403,
            Problem::NotFound(_) => 404,
            Problem::MethodNotAllowed(_) => 405,
            Problem::InvalidTransition(_) | Problem::VersionConflict { .. } => 409,
            Problem::Validation(_) | Problem::IdempotencyMismatch => 422,
            Problem::Internal => 500,
            Problem::Unavailable => 503,
        }
    }

    /// The answer's body.
    pub fn body(&self) -> ProblemBody {
        let (code, title, detail) = match self {
            Problem::MalformedBody(detail) => (
                "malformed_body",
                "El cuerpo de la petición no se puede leer",
                detail.clone(),
            ),
            Problem::Validation(errors) => (
                "validation_failed",
                "Hay campos que corregir",
                match errors.as_slice() {
                    [one] => format!("Revise el campo «{}»: {}", one.field, one.detail),
                    many => format!(
                        "Revise los campos: {}.",
                        many.iter()
                            .map(|e| e.field.as_str())
                            .collect::<Vec<_>>()
                            .join(", ")
                    ),
                },
            ),
            Problem::Forbidden(detail) => (
                "forbidden",
                "No tiene permiso para hacer esto",
                (*detail).to_owned(),
            ),
            Problem::NotFound(detail) => ("not_found", "No se encontró", (*detail).to_owned()),
            Problem::MethodNotAllowed(allowed) => (
                "method_not_allowed",
                "Método no permitido",
                format!("Esta dirección admite: {allowed}."),
            ),
            Problem::InvalidTransition(detail) => (
                "invalid_transition",
                "El estado de la solicitud no lo permite",
                detail.clone(),
            ),
            Problem::VersionConflict { expected, actual } => (
                "version_conflict",
                "La solicitud cambió entretanto",
                format!(
                    "Usted partió de la versión {expected} y la actual es la {actual}. \
                     Consulte la solicitud de nuevo y repita la operación."
                ),
            ),
            Problem::IdempotencyMismatch => (
                "idempotency_mismatch",
                "Clave de idempotencia ya usada",
                "La misma Idempotency-Key llegó antes con otro contenido.".to_owned(),
            ),
            Problem::Unavailable => (
                "unavailable",
                "Servicio no disponible por el momento",
                "No se guardó ningún cambio. Intente de nuevo en unos segundos.".to_owned(),
            ),
            Problem::Internal => (
                "internal",
                "Error interno",
                "La operación no se completó. Si el problema continúa, avise a la Mesa de Ayuda."
                    .to_owned(),
            ),
        };
        let errors = match self {
            Problem::Validation(errors) => errors.clone(),
            _ => Vec::new(),
        };
        ProblemBody {
            kind: format!("urn:uspec:problem:{code}"),
            title,
            status: self.status(),
            code,
            detail,
            errors,
        }
    }
}
