//! Identifiers, each with one way in: [`std::str::FromStr`] or `parse`.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use icu_normalizer::ComposingNormalizerBorrowed;
use serde::{Deserialize, Serialize};
use ulid::Ulid;

use crate::problem::FieldError;

/// Identity of a ticket: a ULID, so that ids sort by the time they were made.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TicketId(pub Ulid);

impl TicketId {
    /// The id of a ticket made at `now`; 80 bits of `random` make it unique.
    pub fn new(now: jiff::Timestamp, random: u128) -> Self {
        let millis = u64::try_from(now.as_millisecond()).unwrap_or_default();
        TicketId(Ulid::from_parts(millis, random))
    }
}

impl fmt::Display for TicketId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for TicketId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TicketId({})", self.0)
    }
}

impl FromStr for TicketId {
    type Err = UnknownRef;

    fn from_str(text: &str) -> Result<Self, UnknownRef> {
        Ulid::from_string(text)
            .map(TicketId)
            .map_err(|_| UnknownRef)
    }
}

/// Identity of a file that is on its way, and of the attachment that it becomes: a
/// ULID.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct UploadId(#[cfg_attr(test, schemars(with = "String"))] pub Ulid);

impl fmt::Display for UploadId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for UploadId {
    type Err = UnknownUpload;

    fn from_str(text: &str) -> Result<Self, UnknownUpload> {
        let id = Ulid::from_string(text).map_err(|_| UnknownUpload)?;
        // Objects and attachments are found by the one way in which it is written.
        match id.to_string() == text {
            true => Ok(UploadId(id)),
            false => Err(UnknownUpload),
        }
    }
}

/// A text that is no upload's id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no upload's id")]
pub struct UnknownUpload;

/// Identity of a mail that came in: the id that SES gave it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct MailId(pub String);

impl MailId {
    /// An id as SES makes them: letters, digits, `-`, `.` and `_`.
    pub fn parse(text: &str) -> Option<Self> {
        let known = |b: u8| b.is_ascii_alphanumeric() || b"-._".contains(&b);
        let fits = (1..=128).contains(&text.len()) && text.bytes().all(known);
        fits.then(|| MailId(text.to_owned()))
    }
}

impl fmt::Display for MailId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The consecutive number that people call a ticket by (activity 2): 1 and up,
/// shown as `#000123`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct TicketNumber(pub u64);

impl fmt::Display for TicketNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{:06}", self.0)
    }
}

/// What an API path calls a ticket: its number or its id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TicketRef {
    Number(TicketNumber),
    Id(TicketId),
}

/// A text that is neither a ticket's number nor an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("neither a ticket number nor a ticket id")]
pub struct UnknownRef;

impl FromStr for TicketRef {
    type Err = UnknownRef;

    /// A ULID has 26 characters and a number at most 15, so no text is both. A number
    /// may be written as it is shown: `#000123`.
    fn from_str(text: &str) -> Result<Self, UnknownRef> {
        let text = text.strip_prefix('#').unwrap_or(text);
        if text.len() <= 15 && !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
            match text.parse() {
                Ok(number) if number > 0 => Ok(TicketRef::Number(TicketNumber(number))),
                Ok(_) | Err(_) => Err(UnknownRef),
            }
        } else {
            text.parse().map(TicketRef::Id)
        }
    }
}

/// An e-mail address, in lower case: the identity of a person here.
///
/// The grammar is narrower than RFC 5321's: a dot-atom, an `@` and a domain of
/// at least two labels. Quoted local parts and address literals have no use in
/// the entity and are the classic way to smuggle something into a header.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EmailAddress(String);

impl EmailAddress {
    /// Longest address in bytes (RFC 5321, 4.5.3.1.3, less the brackets).
    pub const MAX_LEN: usize = 254;

    /// The only way in.
    ///
    /// # Errors
    /// When the text is not an address of the form described on the type.
    pub fn parse(text: &str) -> Result<Self, InvalidEmail> {
        let text = text.trim();
        let (local, domain) = text.rsplit_once('@').ok_or(InvalidEmail)?;
        let atom = |part: &str| {
            !part.is_empty()
                && part
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+/=?^_`{|}~-".contains(&b))
        };
        let label = |part: &str| {
            !part.is_empty()
                && part.len() <= 63
                && !part.starts_with('-')
                && !part.ends_with('-')
                && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        };
        let fits = text.len() <= Self::MAX_LEN && local.len() <= 64;
        if fits
            && local.split('.').all(atom)
            && domain.contains('.')
            && domain.split('.').all(label)
        {
            Ok(EmailAddress(text.to_ascii_lowercase()))
        } else {
            Err(InvalidEmail)
        }
    }

    /// The address as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether nobody reads what is sent there (`noreply@`, `no-responder@`, …): nothing
    /// is written to such an address.
    pub fn is_unread(&self) -> bool {
        let local = self.0.split(['@', '+']).next().unwrap_or_default();
        let plain: String = local.chars().filter(char::is_ascii_alphanumeric).collect();
        let said = |word: &&str| plain.starts_with(*word) || plain.ends_with(*word);
        UNREAD.iter().any(said) || plain == "mailerdaemon"
    }

    /// What stands after the `@`.
    pub fn domain(&self) -> &str {
        self.0.rsplit_once('@').map_or("", |(_, domain)| domain)
    }
}

/// How addresses that nobody reads begin or end, without the signs between the words.
const UNREAD: &[&str] = &[
    "noreply",
    "noresponder",
    "noresponda",
    "donotreply",
    "nocontestar",
    "naoresponda",
    "noresponse",
];

impl fmt::Display for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for EmailAddress {
    type Err = InvalidEmail;

    fn from_str(text: &str) -> Result<Self, InvalidEmail> {
        EmailAddress::parse(text)
    }
}

impl TryFrom<String> for EmailAddress {
    type Error = InvalidEmail;

    fn try_from(text: String) -> Result<Self, InvalidEmail> {
        EmailAddress::parse(&text)
    }
}

impl From<EmailAddress> for String {
    fn from(address: EmailAddress) -> String {
        address.0
    }
}

/// A text that is not an e-mail address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an e-mail address")]
pub struct InvalidEmail;

macro_rules! names {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[cfg_attr(test, derive(schemars::JsonSchema))]
        #[serde(transparent)]
        pub struct $name(pub String);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                $name(text.to_owned())
            }
        }
    )+};
}

names! {
    /// Key of a category in the catalogue, `plataforma` for one.
    CategoryId,
    /// Key of a team in the catalogue, `soporte` for one.
    TeamId,
    /// Key of an outside provider in the catalogue.
    ProviderId,
    /// Key of a calendar in the catalogue, `habil` or `24x7`.
    CalendarId,
    /// Key of a public holiday in the catalogue, `navidad` for one.
    HolidayId,
    /// Code of a format of the procedure, `A3-S1-FO-01` for one.
    FormatCode,
    /// Key of a section of a format, `user` for one.
    SectionId,
    /// Key of one of the signatures that a section takes.
    SigningId,
    /// Key of a field of a format; `accounts.system` is a column of a list.
    FieldId,
    /// Key of an information system that accounts are given in, `orfeo` for one.
    SystemId,
    /// Key of a canned text in the catalogue, `saludo` for one.
    CannedTextId,
}

/// A short text on one line: a title or the name of a person.
///
/// # Errors
/// When it is empty, longer than `max` characters, or has a control character:
/// a line break in a title is how headers are injected into mail.
pub fn parse_line(field: &str, text: &str, max: usize) -> Result<String, FieldError> {
    let text = composed(text);
    let text = text.trim();
    if !text.chars().any(is_visible) {
        return Err(FieldError::required(field));
    }
    if text.chars().count() > max {
        return Err(FieldError::too_long(field, max));
    }
    if text.chars().any(is_unprintable) {
        return Err(FieldError::new(
            field,
            "control_character",
            "No puede contener saltos de línea ni caracteres de control.",
        ));
    }
    Ok(text.to_owned())
}

/// Most bytes of a text of at most `max` characters. In Spanish hardly one of them takes
/// two; a row has room for what is written, not for four bytes a character.
pub const fn most_bytes(max: usize) -> usize {
    (max / 2).saturating_mul(5)
}

/// The beginning of a text that is neither longer than `max` characters nor than
/// [`most_bytes`] of them.
pub fn beginning(text: &str, max: usize) -> &str {
    let end = text
        .char_indices()
        .take(max)
        .map(|(at, c)| at + c.len_utf8())
        .take_while(|end| *end <= most_bytes(max))
        .last();
    text.get(..end.unwrap_or(0)).unwrap_or_default()
}

/// A text of several lines: a description, a note, a solution.
///
/// # Errors
/// When it is blank, longer than `max` characters or [`most_bytes`] of them, or has a
/// control character other than a line break or a tabulator.
pub fn parse_text(field: &str, text: &str, max: usize) -> Result<String, FieldError> {
    let text = composed(text);
    if !text.chars().any(is_visible) {
        return Err(FieldError::required(field));
    }
    if text.chars().count() > max {
        return Err(FieldError::too_long(field, max));
    }
    if text.len() > most_bytes(max) {
        return Err(FieldError::too_many_bytes(field, most_bytes(max)));
    }
    if text
        .chars()
        .any(|c| is_unprintable(c) && !matches!(c, '\n' | '\r' | '\t'))
    {
        return Err(FieldError::new(
            field,
            "control_character",
            "No puede contener caracteres de control.",
        ));
    }
    Ok(text.into_owned())
}

/// A text as it is stored: in Unicode's normalization form C, in which each letter is
/// one sign however it was typed, and without signs of no width, which nobody sees
/// and every search stumbles over. Emoji and scripts that join their letters by such
/// a sign keep it.
pub fn composed(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return Cow::Borrowed(text);
    }
    let text = match text.contains(has_no_width) {
        true => Cow::Owned(without_zero_width(text)),
        false => Cow::Borrowed(text),
    };
    let form = ComposingNormalizerBorrowed::new_nfc();
    match text {
        Cow::Borrowed(text) => form.normalize(text),
        Cow::Owned(text) => Cow::Owned(form.normalize(&text).into_owned()),
    }
}

fn has_no_width(c: char) -> bool {
    matches!(c, '\u{AD}' | '\u{200B}'..='\u{200D}' | '\u{2060}'..='\u{2064}' | '\u{FEFF}')
}

fn without_zero_width(text: &str) -> String {
    // Where letters are joined, or emoji: beyond Latin, Greek and Cyrillic.
    let joins = |c: Option<&char>| c.is_some_and(|c| *c >= '\u{590}' && !has_no_width(*c));
    let mut out = String::with_capacity(text.len());
    let mut before = None;
    let mut signs = text.chars().peekable();
    while let Some(c) = signs.next() {
        let is_joiner = matches!(c, '\u{200C}' | '\u{200D}');
        if !has_no_width(c) || (is_joiner && joins(before.as_ref()) && joins(signs.peek())) {
            out.push(c);
        }
        before = Some(c);
    }
    out
}

/// A text without what does not read as it is stored: what comes from outside
/// is cleaned rather than refused.
pub fn printable(text: &str) -> String {
    let text = composed(text);
    let kept = |c: &char| !is_unprintable(*c) || matches!(c, '\n' | '\r' | '\t');
    let text: String = text.chars().filter(kept).collect();
    if text.chars().any(is_visible) {
        text
    } else {
        String::new()
    }
}

/// Whether a reader sees anything of it: no space, no control character, and none
/// of Unicode's default-ignorable code points.
fn is_visible(c: char) -> bool {
    let ignorable = matches!(c,
        '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}'..='\u{1160}' | '\u{17B4}'..='\u{17B5}'
        | '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}'
        | '\u{2060}'..='\u{206F}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFA0}'
        | '\u{FFF0}'..='\u{FFF8}' | '\u{E0000}'..='\u{E0FFF}');
    !ignorable && !c.is_whitespace() && !c.is_control()
}

/// Control characters, line and paragraph separators, and the marks that
/// reorder the text around them: a title with one of them does not read as it
/// is stored.
pub(crate) fn is_unprintable(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_reads_what_goes_to_a_program() {
        for address in [
            "noreply@x.co",
            "no-reply@x.co",
            "No_Reply@x.co",
            "do-not-reply@x.co",
            "no.responder@x.co",
            "jira-noreply@x.co",
            "noreply-alertas@x.co",
            "mailer-daemon@x.co",
        ] {
            assert!(
                EmailAddress::parse(address).unwrap().is_unread(),
                "{address}"
            );
        }
        for address in [
            "ana@noreply.co",
            "noel@x.co",
            "reply@x.co",
            "soporte+noreply@x.co",
        ] {
            assert!(
                !EmailAddress::parse(address).unwrap().is_unread(),
                "{address}"
            );
        }
    }

    #[test]
    fn texts_are_stored_composed_and_without_what_has_no_width() {
        for (written, stored) in [
            ("Sesio\u{301}n cerrada", "Sesión cerrada"),
            ("N\u{303}andu\u{301} an\u{303}o", "Ñandú año"),
            ("impre\u{ad}sora\u{200b} 1\u{feff}", "impresora 1"),
            ("a\u{2060}b\u{200d}c\u{200c}", "abc"),
            ("\u{1f469}\u{200d}\u{1f4bb}", "\u{1f469}\u{200d}\u{1f4bb}"),
            (
                "\u{645}\u{6cc}\u{200c}\u{62e}\u{648}",
                "\u{645}\u{6cc}\u{200c}\u{62e}\u{648}",
            ),
            ("sin nada", "sin nada"),
        ] {
            assert_eq!(parse_line("title", written, 99).as_deref(), Ok(stored));
            assert_eq!(parse_text("body", written, 99).as_deref(), Ok(stored));
            assert_eq!(printable(written), stored);
            assert_eq!(composed(stored), stored);
        }
    }

    #[test]
    fn addresses() {
        for (text, expected) in [
            ("Ana.Perez@USPEC.gov.co", Some("ana.perez@uspec.gov.co")),
            ("a+b@x.co", Some("a+b@x.co")),
            ("sin-arroba", None),
            ("@x.co", None),
            ("a@x", None),
            ("a@-x.co", None),
            ("a b@x.co", None),
            ("a..b@x.co", None),
            ("a@x.co\r\nBcc: b@x.co", None),
            ("\"a\"@x.co", None),
        ] {
            let parsed = EmailAddress::parse(text).ok();
            assert_eq!(
                parsed.as_ref().map(EmailAddress::as_str),
                expected,
                "{text}"
            );
        }
    }

    #[test]
    fn refs() {
        for (text, known) in [
            ("1", true),
            ("000123", true),
            ("#000123", true),
            ("#12", true),
            ("##12", false),
            ("#", false),
            ("0", false),
            ("-1", false),
            ("", false),
            ("1e3", false),
            ("01ARZ3NDEKTSV4RRFFQ69G5FAV", true),
            ("01ARZ3NDEKTSV4RRFFQ69G5FA", false),
            ("999999999999999999999", false),
        ] {
            assert_eq!(text.parse::<TicketRef>().is_ok(), known, "{text}");
        }
    }

    #[test]
    fn lines_and_texts() {
        assert_eq!(
            parse_line("title", "  No imprime ñ 🖨 <b>  ", 40).unwrap(),
            "No imprime ñ 🖨 <b>"
        );
        assert_eq!(
            parse_line("title", "a\r\nBcc: x", 40).unwrap_err().code,
            "control_character"
        );
        assert_eq!(
            parse_line("title", " \t ", 40).unwrap_err().code,
            "required"
        );
        assert_eq!(parse_line("title", "ñññ", 2).unwrap_err().code, "too_long");
        assert_eq!(parse_text("body", "a\r\n\tb", 9).unwrap(), "a\r\n\tb");
        // Ten characters are at most twenty-five bytes.
        assert!(parse_text("body", &"🖨".repeat(6), 10).is_ok());
        let large = parse_text("body", &"🖨".repeat(7), 10).unwrap_err();
        assert_eq!(large.code, "too_long");
        assert!(large.detail.contains("25 bytes"), "{}", large.detail);
        assert_eq!(beginning(&"🖨".repeat(7), 10), "🖨".repeat(6));
        assert_eq!(beginning("ñandú", 3), "ñan");
        assert_eq!(beginning("ñandú", 9), "ñandú");
        assert_eq!(
            parse_text("body", "a\0", 9).unwrap_err().code,
            "control_character"
        );
    }
}
