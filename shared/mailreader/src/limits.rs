//! How much of a mail is read, and why mail is refused. Every step over the raw
//! mail takes time in proportion to its length and memory of at most a small
//! multiple of it; these bounds keep the constants small.

/// Longest mail in bytes: what SES receives, headers included, read generously
/// as mebibytes.
pub const MAIL_BYTES: usize = 40 * 1024 * 1024;

/// Most MIME parts, multiparts included. A mail with some hundred photographs
/// has some hundred parts; 500 are read with room to spare.
pub const PARTS: usize = 1_000;

/// Deepest nesting of multiparts. A mail that was forwarded inline by a dozen
/// people nests two dozen deep; 30 are read. Attached mails are not opened and
/// do not count.
pub const DEPTH: usize = 50;

/// Most header fields, those of all parts together. A long way through relays
/// adds some hundred; a thousand parts have some thousand.
pub const HEADER_FIELDS: usize = 10_000;

/// Most bytes in headers, those of all parts together. A thousand recipients
/// take some 50 KB.
pub const HEADER_BYTES: usize = 2 * 1024 * 1024;

/// Longest text in bytes that [`crate::Reading::text`] holds. A row of the table
/// holds 400 KB; what goes beyond is in the mail itself, which is kept.
pub const TEXT_BYTES: usize = 1024 * 1024;

/// Longest subject in characters: RFC 5322's longest line.
pub const SUBJECT_CHARS: usize = 998;

/// Longest name of a person in characters.
pub const PERSON_CHARS: usize = 200;

/// Most people that `To` and `Cc` name, each.
pub const MAILBOXES: usize = 500;

/// Longest message id in characters: RFC 5322's longest line.
pub const MESSAGE_ID_CHARS: usize = 998;

/// Most ids that a mail answers. `References` grows with a thread; the last ones
/// matter.
pub const ANSWERS: usize = 100;

/// Why a mail was not read. The mail is kept and put on record with this reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// More than [`MAIL_BYTES`].
    #[error("the mail is larger than {MAIL_BYTES} bytes")]
    TooLarge,
    /// More than [`PARTS`].
    #[error("the mail has more than {PARTS} parts")]
    TooManyParts,
    /// More than [`DEPTH`].
    #[error("the mail nests its parts more than {DEPTH} levels deep")]
    TooDeep,
    /// More than [`HEADER_FIELDS`].
    #[error("the mail has more than {HEADER_FIELDS} header fields")]
    TooManyHeaders,
    /// More than [`HEADER_BYTES`].
    #[error("the mail has more than {HEADER_BYTES} bytes in its headers")]
    HeadersTooLarge,
    /// Not one header field: no mail arrives like that.
    #[error("what was received has no header field")]
    NotAMail,
    /// A defect of ours. It is caught, so that the mail is on record instead of
    /// coming back for ever.
    #[error("the mail could not be read because of a defect in the reader")]
    Defect,
}

impl Unreadable {
    /// A stable word for records and metrics.
    pub fn code(self) -> &'static str {
        match self {
            Unreadable::TooLarge => "too_large",
            Unreadable::TooManyParts => "too_many_parts",
            Unreadable::TooDeep => "too_deep",
            Unreadable::TooManyHeaders => "too_many_headers",
            Unreadable::HeadersTooLarge => "headers_too_large",
            Unreadable::NotAMail => "not_a_mail",
            Unreadable::Defect => "defect",
        }
    }

    /// The reason for people, in Spanish.
    pub fn sentence(self) -> &'static str {
        match self {
            Unreadable::TooLarge => "El correo pesa más de 40 MB.",
            Unreadable::TooManyParts => "El correo tiene más de 1.000 partes o archivos adjuntos.",
            Unreadable::TooDeep => {
                "El correo tiene mensajes dentro de mensajes en más de 50 niveles."
            }
            Unreadable::TooManyHeaders => "El correo tiene más de 10.000 líneas de encabezado.",
            Unreadable::HeadersTooLarge => "Los encabezados del correo ocupan más de 2 MB.",
            Unreadable::NotAMail => {
                "Lo recibido no es un correo: no tiene remitente, asunto ni ningún otro encabezado."
            }
            Unreadable::Defect => {
                "El correo no se pudo leer por una falla del sistema; el original se conserva."
            }
        }
    }
}
