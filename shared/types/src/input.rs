//! Reading what a caller sends, a JSON body or a query: every field is asked for
//! by name and kind, every mistake is reported at once, and what nobody asked for
//! is refused.
//!
//! A [`Kind`] says what a value may be, reads it, and tells the API's document
//! the same; [`input!`](crate::api) puts them together to a struct.

use std::collections::BTreeSet;
use std::marker::PhantomData;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::file::{self, MAX_FILE};
use crate::file_name::safe;
use crate::ids::{EmailAddress, TicketRef, UnknownRef, UploadId, parse_line, parse_text};
use crate::problem::{FieldError, Problem};

/// Longest title, in characters.
pub const MAX_TITLE: usize = 200;
/// Longest description, note or solution, in characters.
pub const MAX_TEXT: usize = 20_000;
/// Longest name of a person or unit, in characters.
pub const MAX_NAME: usize = 120;
/// Longest extension of a phone, in characters.
pub const MAX_EXTENSION: usize = 20;

/// The fields of an object, or the parameters of a query, that have not been
/// asked for yet.
pub struct Fields {
    source: Source,
    prefix: String,
    rest: Map<String, Value>,
    errors: Vec<FieldError>,
}

/// Where fields come from.
#[derive(Clone, Copy)]
enum Source {
    Body,
    /// Everything is a text there.
    Query,
    /// Everything is a text there, too, and what was left blank is there.
    Form,
}

impl Fields {
    /// Reads a body as a JSON object. An empty body is an empty object: some
    /// commands need no field.
    ///
    /// # Errors
    /// [`Problem::MalformedBody`] when it is no JSON, or not an object.
    pub fn parse(body: &[u8]) -> Result<Self, Problem> {
        if body.is_empty() {
            return Ok(Fields::of(String::new(), Map::new()));
        }
        match serde_json::from_slice(body) {
            Ok(Value::Object(map)) => Ok(Fields::of(String::new(), map)),
            Ok(_) => Err(Problem::MalformedBody(
                "El cuerpo debe ser un objeto JSON.".to_owned(),
            )),
            Err(e) => Err(Problem::MalformedBody(format!(
                "El cuerpo no es JSON válido (línea {}, columna {}).",
                e.line(),
                e.column()
            ))),
        }
    }

    /// The parameters of a query.
    pub fn query(parameters: &[(String, String)]) -> Self {
        let mut fields = Fields {
            source: Source::Query,
            ..Fields::of(String::new(), Map::new())
        };
        let mut seen = BTreeSet::new();
        for (name, value) in parameters {
            if seen.insert(name) {
                fields
                    .rest
                    .insert(name.clone(), Value::from(value.as_str()));
            } else {
                fields.errors.push(FieldError::new(
                    name,
                    "repeated_parameter",
                    "Este parámetro va una sola vez.",
                ));
            }
        }
        fields
    }

    /// The fields of an HTML form: a dot in a name leads into an object, as in
    /// `requester.email`. What was left blank counts as missing.
    pub fn form(fields: &[(String, String)]) -> Self {
        let mut read = Fields {
            source: Source::Form,
            ..Fields::of(String::new(), Map::new())
        };
        for (name, value) in fields {
            if value.trim().is_empty() {
                continue;
            }
            // Browsers end lines as mails do.
            let value = Value::from(value.replace("\r\n", "\n"));
            let taken = match name.split_once('.') {
                None => read.rest.insert(name.clone(), value).is_some(),
                Some((object, member)) => {
                    let object = read.rest.entry(object).or_insert_with(|| Map::new().into());
                    let members = object.as_object_mut();
                    members.is_none_or(|members| members.insert(member.to_owned(), value).is_some())
                }
            };
            if taken {
                let error = FieldError::new(name, "repeated_field", "Este campo va una sola vez.");
                read.errors.push(error);
            }
        }
        read
    }

    fn of(prefix: String, rest: Map<String, Value>) -> Self {
        Fields {
            source: Source::Body,
            prefix,
            rest,
            errors: Vec::new(),
        }
    }

    fn path(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    /// Notes a mistake that the caller found.
    pub fn refuse(&mut self, error: FieldError) {
        self.errors.push(error);
    }

    /// A field that has to be there; `null` is the same as missing.
    pub fn required<K: Kind>(&mut self, name: &str, kind: &K) -> Option<K::Value> {
        if self.rest.get(name).is_none_or(Value::is_null) {
            let error = kind.missing(&self.path(name));
            self.errors.push(error);
        }
        self.optional(name, kind)
    }

    /// A field that may be left out.
    pub fn optional<K: Kind>(&mut self, name: &str, kind: &K) -> Option<K::Value> {
        let value = self.rest.remove(name).filter(|value| !value.is_null())?;
        let value = match (self.source, value) {
            (Source::Query | Source::Form, Value::String(text)) => kind.of_text(text),
            (Source::Query | Source::Form | Source::Body, value) => value,
        };
        let parsed = kind.parse(&self.path(name), value);
        parsed.map_err(|mut e| self.errors.append(&mut e)).ok()
    }

    fn refuse_rest(&mut self) {
        let (code, detail) = match self.source {
            Source::Body | Source::Form => ("unknown_field", "Este campo no existe."),
            Source::Query => ("unknown_parameter", "Este parámetro no existe."),
        };
        for name in self.rest.keys() {
            let path = format!("{}{name}", self.prefix);
            self.errors.push(FieldError::new(&path, code, detail));
        }
    }

    /// Ends the reading; `value` is what was put together from the fields, and
    /// is `None` only when one of them was refused.
    ///
    /// # Errors
    /// [`Problem::Validation`] with every mistake that was found.
    pub fn finish<T>(mut self, value: Option<T>) -> Result<T, Problem> {
        self.refuse_rest();
        match value {
            Some(value) if self.errors.is_empty() => Ok(value),
            Some(_) | None => Err(Problem::Validation(self.errors)),
        }
    }
}

/// What a caller sends with a request: the fields of a body or the parameters of
/// a query.
pub trait Input: Sized {
    /// Asks for every field; `None` only where one of them was refused.
    fn read(fields: &mut Fields) -> Option<Self>;

    /// What it asks for, in that order, for the API's document.
    #[cfg(test)]
    fn members() -> Vec<crate::api::document::Member>;
}

/// What a value may be.
pub trait Kind {
    type Value;

    /// The value as it came, read.
    ///
    /// # Errors
    /// Every mistake, under `path`.
    fn parse(&self, path: &str, value: Value) -> Result<Self::Value, Vec<FieldError>>;

    /// What a text of a query or a form stands for.
    fn of_text(&self, text: String) -> Value {
        Value::String(text)
    }

    /// What is said where it is missing.
    fn missing(&self, path: &str) -> FieldError {
        FieldError::required(path)
    }

    /// The same as JSON Schema.
    #[cfg(test)]
    fn schema(&self) -> Value;
}

/// A field of an [`Input`]: a kind that has to be there, [`Optional`], or with a
/// default ([`Or`]).
pub trait Asked {
    type Value;

    /// Asks for it.
    fn ask(&self, fields: &mut Fields, name: &str) -> Option<Self::Value>;

    /// How the API's document says it.
    #[cfg(test)]
    fn describe(&self) -> crate::api::document::Asked;
}

impl<K: Kind> Asked for K {
    type Value = K::Value;

    fn ask(&self, fields: &mut Fields, name: &str) -> Option<K::Value> {
        fields.required(name, self)
    }

    #[cfg(test)]
    fn describe(&self) -> crate::api::document::Asked {
        crate::api::document::Asked::required(self.schema())
    }
}

/// A field that may be left out.
pub struct Optional<K>(pub K);

impl<K: Kind> Asked for Optional<K> {
    type Value = Option<K::Value>;

    // A mistake is noted, and ends the reading later.
    fn ask(&self, fields: &mut Fields, name: &str) -> Option<Option<K::Value>> {
        Some(fields.optional(name, &self.0))
    }

    #[cfg(test)]
    fn describe(&self) -> crate::api::document::Asked {
        crate::api::document::Asked::optional(self.0.schema())
    }
}

/// A field that may be left out, and what it is then.
pub struct Or<K: Kind>(pub K, pub K::Value);

impl<K: Kind<Value: Clone + Serialize>> Asked for Or<K> {
    type Value = K::Value;

    fn ask(&self, fields: &mut Fields, name: &str) -> Option<K::Value> {
        let given = fields.optional(name, &self.0);
        Some(given.unwrap_or_else(|| self.1.clone()))
    }

    #[cfg(test)]
    fn describe(&self) -> crate::api::document::Asked {
        crate::api::document::Asked::with_default(self.0.schema(), &self.1)
    }
}

fn text(path: &str, value: Value) -> Result<String, Vec<FieldError>> {
    match value {
        Value::String(text) => Ok(text),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            let error = FieldError::new(path, "wrong_type", "Debe ser un texto.");
            Err(vec![error])
        }
    }
}

/// A text on one line, of at most so many characters.
pub struct Line(pub usize);

impl Kind for Line {
    type Value = String;

    fn parse(&self, path: &str, value: Value) -> Result<String, Vec<FieldError>> {
        parse_line(path, &text(path, value)?, self.0).map_err(|e| vec![e])
    }

    #[cfg(test)]
    fn schema(&self) -> Value {
        crate::api::document::line(self.0)
    }
}

/// A text of several lines, of at most so many characters.
pub struct Text(pub usize);

impl Kind for Text {
    type Value = String;

    fn parse(&self, path: &str, value: Value) -> Result<String, Vec<FieldError>> {
        parse_text(path, &text(path, value)?, self.0).map_err(|e| vec![e])
    }

    #[cfg(test)]
    fn schema(&self) -> Value {
        crate::api::document::text(self.0)
    }
}

/// A key of the catalogue.
pub struct Key<T>(PhantomData<fn() -> T>);

impl<T> Key<T> {
    /// Longest key, in characters.
    const MAX: usize = 64;

    /// A key of whatever `T` names.
    pub const fn new() -> Self {
        Key(PhantomData)
    }
}

impl<T> Default for Key<T> {
    fn default() -> Self {
        Key::new()
    }
}

impl<T: for<'a> From<&'a str>> Kind for Key<T> {
    type Value = T;

    fn parse(&self, path: &str, value: Value) -> Result<T, Vec<FieldError>> {
        let line = Line(Self::MAX).parse(path, value)?;
        Ok(T::from(line.as_str()))
    }

    #[cfg(test)]
    fn schema(&self) -> Value {
        Line(Self::MAX).schema()
    }
}

/// A ticket, by its number, with or without its sign, or by its id.
pub struct Reference;

impl Kind for Reference {
    type Value = TicketRef;

    fn parse(&self, path: &str, value: Value) -> Result<TicketRef, Vec<FieldError>> {
        let text = text(path, value)?;
        let text = text.trim();
        let parsed = text.strip_prefix('#').unwrap_or(text).parse();
        parsed.map_err(|UnknownRef| {
            vec![FieldError::new(
                path,
                "invalid_reference",
                "Debe ser el número de una solicitud.",
            )]
        })
    }

    #[cfg(test)]
    fn schema(&self) -> Value {
        serde_json::json!({
            "type": "string",
            "pattern": "^(#?0{0,5}[1-9][0-9]{0,8}|[0-7][0-9A-HJKMNP-TV-Z]{25})$",
            "maxLength": 26
        })
    }
}

/// An e-mail address.
pub struct Email;

impl Kind for Email {
    type Value = EmailAddress;

    fn parse(&self, path: &str, value: Value) -> Result<EmailAddress, Vec<FieldError>> {
        EmailAddress::parse(&text(path, value)?).map_err(|_| {
            vec![FieldError::new(
                path,
                "invalid_email",
                "No es una dirección de correo válida.",
            )]
        })
    }

    #[cfg(test)]
    fn schema(&self) -> Value {
        crate::api::document::email()
    }
}

/// E-mail addresses, at most so many; one that comes twice counts once. A form sends
/// them as people write them: one after the other, with commas or without.
pub struct Emails(pub usize);

impl Kind for Emails {
    type Value = Vec<EmailAddress>;

    fn parse(&self, path: &str, value: Value) -> Result<Vec<EmailAddress>, Vec<FieldError>> {
        let Value::Array(values) = value else {
            let error = FieldError::new(path, "wrong_type", "Debe ser una lista de correos.");
            return Err(vec![error]);
        };
        let (mut addresses, mut errors) = (Vec::new(), Vec::new());
        for (i, value) in values.into_iter().enumerate() {
            match Email.parse(&format!("{path}[{i}]"), value) {
                Ok(address) if addresses.contains(&address) => {}
                Ok(address) => addresses.push(address),
                Err(mut refused) => errors.append(&mut refused),
            }
        }
        if addresses.len() > self.0 {
            let detail = format!("Son a lo sumo {} correos.", self.0);
            errors.push(FieldError::new(path, "too_many", detail));
        }
        if errors.is_empty() {
            Ok(addresses)
        } else {
            Err(errors)
        }
    }

    fn of_text(&self, text: String) -> Value {
        let parts = text.split(|c: char| c.is_whitespace() || [',', ';'].contains(&c));
        parts.filter(|part| !part.is_empty()).collect()
    }

    #[cfg(test)]
    fn schema(&self) -> Value {
        serde_json::json!({ "type": "array", "items": Email.schema(), "maxItems": self.0 })
    }
}

/// Uploads by their ids, at most so many; one that comes twice counts once. A form
/// sends them one after the other.
pub struct Uploads(pub usize);

impl Kind for Uploads {
    type Value = Vec<UploadId>;

    fn parse(&self, path: &str, value: Value) -> Result<Vec<UploadId>, Vec<FieldError>> {
        let Value::Array(values) = value else {
            let error = FieldError::new(path, "wrong_type", "Debe ser una lista de archivos.");
            return Err(vec![error]);
        };
        let (mut ids, mut errors) = (Vec::new(), Vec::new());
        for (i, value) in values.into_iter().enumerate() {
            let path = format!("{path}[{i}]");
            match text(&path, value).map(|text| text.parse()) {
                Ok(Ok(id)) if ids.contains(&id) => {}
                Ok(Ok(id)) => ids.push(id),
                Ok(Err(_)) => errors.push(file::unknown(&path)),
                Err(mut refused) => errors.append(&mut refused),
            }
        }
        if ids.len() > self.0 {
            let detail = format!("Van a lo sumo {} archivos a la vez.", self.0);
            errors.push(FieldError::new(path, "too_many", detail));
        }
        if errors.is_empty() {
            Ok(ids)
        } else {
            Err(errors)
        }
    }

    fn of_text(&self, text: String) -> Value {
        text.split_whitespace().collect()
    }

    #[cfg(test)]
    fn schema(&self) -> Value {
        let id =
            serde_json::json!({ "type": "string", "pattern": "^[0-7][0-9A-HJKMNP-TV-Z]{25}$" });
        serde_json::json!({ "type": "array", "items": id, "maxItems": self.0 })
    }
}

/// What a file is called: a name for any system comes of it.
pub struct FileName;

impl FileName {
    /// Longest name that is looked at, in characters. What is kept of it is shorter.
    const MAX: usize = 1_000;
}

impl Kind for FileName {
    type Value = String;

    fn parse(&self, path: &str, value: Value) -> Result<String, Vec<FieldError>> {
        let written = text(path, value)?;
        if written.chars().count() > Self::MAX {
            return Err(vec![FieldError::too_long(path, Self::MAX)]);
        }
        let named = safe(&written).ok_or_else(|| {
            let detail = "No es el nombre de un archivo.";
            FieldError::new(path, "no_file_name", detail)
        });
        let named = named.and_then(|name| match file::is_named_as_program(&name) {
            true => Err(file::program(path)),
            false => Ok(name),
        });
        named.map_err(|error| vec![error])
    }

    #[cfg(test)]
    fn schema(&self) -> Value {
        serde_json::json!({ "type": "string", "minLength": 1, "maxLength": Self::MAX })
    }
}

/// What a file is said to be: `type/subtype`, perhaps with parameters (RFC 9110).
pub struct MediaType;

impl MediaType {
    /// Longest one, in characters.
    const MAX: usize = 120;
}

impl Kind for MediaType {
    type Value = String;

    fn parse(&self, path: &str, value: Value) -> Result<String, Vec<FieldError>> {
        let written = text(path, value)?;
        let written = written.trim();
        let token = |part: &str| {
            let is_sign = |b: u8| b.is_ascii_alphanumeric() || b"!#$&^_.+-".contains(&b);
            !part.is_empty() && part.bytes().all(is_sign)
        };
        let essence = written.split(';').next().unwrap_or_default().trim_end();
        let is_one = essence
            .split_once('/')
            .is_some_and(|(kind, subtype)| token(kind) && token(subtype));
        // It goes into a header.
        let fits =
            written.len() <= Self::MAX && written.bytes().all(|b| (b' '..=b'~').contains(&b));
        match is_one && fits {
            true => Ok(written.to_owned()),
            false => Err(vec![FieldError::new(
                path,
                "invalid_media_type",
                "Debe ser un tipo de archivo, por ejemplo application/pdf.",
            )]),
        }
    }

    #[cfg(test)]
    fn schema(&self) -> Value {
        serde_json::json!({
            "type": "string",
            "pattern": "^[!#$&^_.+A-Za-z0-9-]+/[!#$&^_.+A-Za-z0-9-]+( *;[ -~]*)?$",
            "maxLength": Self::MAX
        })
    }
}

/// How many bytes a file has.
pub struct FileSize;

impl Kind for FileSize {
    type Value = u64;

    fn parse(&self, path: &str, value: Value) -> Result<u64, Vec<FieldError>> {
        match Whole(0, u64::MAX).parse(path, value)? {
            0 => Err(vec![file::empty(path)]),
            size if size > MAX_FILE => Err(vec![file::too_large(path)]),
            size => Ok(size),
        }
    }

    fn of_text(&self, text: String) -> Value {
        Whole(0, u64::MAX).of_text(text)
    }

    #[cfg(test)]
    fn schema(&self) -> Value {
        Whole(1, MAX_FILE).schema()
    }
}

/// The SHA-256 of a file's bytes in hexadecimal.
pub struct Sha256Sum;

impl Kind for Sha256Sum {
    type Value = String;

    fn parse(&self, path: &str, value: Value) -> Result<String, Vec<FieldError>> {
        let sum = text(path, value)?.to_ascii_lowercase();
        match sum.len() == 64 && sum.bytes().all(|b| b.is_ascii_hexdigit()) {
            true => Ok(sum),
            false => Err(vec![FieldError::new(
                path,
                "invalid_digest",
                "Debe ser el SHA-256 de los bytes: 64 cifras hexadecimales.",
            )]),
        }
    }

    #[cfg(test)]
    fn schema(&self) -> Value {
        serde_json::json!({ "type": "string", "pattern": "^[0-9A-Fa-f]{64}$", "maxLength": 64 })
    }
}

/// One of a few words: those of these values.
pub struct Word<T: 'static>(pub &'static [T]);

impl<T: Copy + Into<&'static str>> Word<T> {
    fn words(&self) -> impl Iterator<Item = &'static str> {
        self.0.iter().map(|value| (*value).into())
    }
}

impl<T: Copy + Into<&'static str>> Kind for Word<T> {
    type Value = T;

    fn parse(&self, path: &str, value: Value) -> Result<T, Vec<FieldError>> {
        let text = text(path, value)?;
        match self.words().position(|word| word == text) {
            Some(found) => Ok(self.0[found]),
            None => {
                let known: Vec<_> = self.words().map(|word| format!("«{word}»")).collect();
                Err(vec![FieldError::new(
                    path,
                    "unknown_value",
                    format!("Debe ser uno de: {}.", known.join(", ")),
                )])
            }
        }
    }

    #[cfg(test)]
    fn schema(&self) -> Value {
        let words: Vec<_> = self.words().collect();
        serde_json::json!({ "type": "string", "enum": words })
    }
}

/// Yes or no.
pub struct Flag;

impl Kind for Flag {
    type Value = bool;

    fn parse(&self, path: &str, value: Value) -> Result<bool, Vec<FieldError>> {
        value.as_bool().ok_or_else(|| {
            vec![FieldError::new(
                path,
                "wrong_type",
                "Debe ser verdadero o falso.",
            )]
        })
    }

    fn of_text(&self, text: String) -> Value {
        match text.as_str() {
            "true" | "yes" => true.into(),
            "false" | "no" => false.into(),
            _ => text.into(),
        }
    }

    #[cfg(test)]
    fn schema(&self) -> Value {
        serde_json::json!({ "type": "boolean" })
    }
}

/// A whole number from the first to the second.
pub struct Whole<T>(pub T, pub T);

impl<T: Copy + TryFrom<u64> + PartialOrd + std::fmt::Display> Kind for Whole<T> {
    type Value = T;

    fn parse(&self, path: &str, value: Value) -> Result<T, Vec<FieldError>> {
        let Whole(min, max) = self;
        // JSON knows no whole numbers: 5.0 is 5, and some programs write it so.
        let whole = || value.as_f64()?.to_string().parse().ok();
        let number = value.as_u64().or_else(whole);
        let number = number.and_then(|number| T::try_from(number).ok());
        number
            .filter(|number| (min..=max).contains(&number))
            .ok_or_else(|| {
                vec![FieldError::new(
                    path,
                    "out_of_range",
                    format!("Debe ser un número entero entre {min} y {max}."),
                )]
            })
    }

    fn of_text(&self, text: String) -> Value {
        let number: Result<u64, _> = text.parse();
        number.map_or(Value::String(text), Value::from)
    }

    #[cfg(test)]
    fn schema(&self) -> Value {
        let number = |n: T| -> Value { n.to_string().parse().unwrap() };
        serde_json::json!({ "type": "integer", "minimum": number(self.0), "maximum": number(self.1) })
    }
}

/// A date and time (RFC 3339).
pub struct Instant;

impl Kind for Instant {
    type Value = Timestamp;

    fn parse(&self, path: &str, value: Value) -> Result<Timestamp, Vec<FieldError>> {
        text(path, value)?.parse().map_err(|_| {
            vec![FieldError::new(
                path,
                "invalid_time",
                "Debe ser una fecha y hora RFC 3339, por ejemplo 2026-11-23T13:00:00Z.",
            )]
        })
    }

    #[cfg(test)]
    fn schema(&self) -> Value {
        serde_json::json!({ "type": "string", "format": "date-time" })
    }
}

/// An object whose members are read later, by what they belong to.
pub struct Members;

impl Kind for Members {
    type Value = Map<String, Value>;

    fn parse(&self, path: &str, value: Value) -> Result<Self::Value, Vec<FieldError>> {
        match value {
            Value::Object(members) => Ok(members),
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Array(_) => Err(vec![FieldError::new(
                path,
                "wrong_type",
                "Debe ser un objeto.",
            )]),
        }
    }

    #[cfg(test)]
    fn schema(&self) -> Value {
        serde_json::json!({ "type": "object" })
    }
}

/// An object whose members are each one of these words, or null; what they are called is looked
/// at later.
pub struct Words(pub &'static [&'static str]);

impl Kind for Words {
    type Value = Map<String, Value>;

    fn parse(&self, path: &str, value: Value) -> Result<Self::Value, Vec<FieldError>> {
        let members = Members.parse(path, value)?;
        let wrong = members.iter().filter_map(|(name, value)| {
            let (code, detail) = match value {
                Value::Null => return None,
                Value::String(word) if self.0.contains(&word.as_str()) => return None,
                Value::String(_) => {
                    let words: Vec<_> = self.0.iter().map(|word| format!("«{word}»")).collect();
                    let words = crate::spanish::either(&words);
                    ("unknown_value", format!("Debe ser {words}."))
                }
                Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
                    ("wrong_type", "Debe ser un texto.".to_owned())
                }
            };
            Some(FieldError::new(&format!("{path}.{name}"), code, detail))
        });
        let wrong: Vec<_> = wrong.collect();
        match wrong.is_empty() {
            true => Ok(members),
            false => Err(wrong),
        }
    }

    #[cfg(test)]
    fn schema(&self) -> Value {
        let words = self.0.iter().map(|word| Value::from(*word));
        let words: Vec<_> = words.chain([Value::Null]).collect();
        serde_json::json!({ "type": "object", "additionalProperties": { "enum": words } })
    }
}

/// A date.
pub struct Day;

impl Kind for Day {
    type Value = Date;

    fn parse(&self, path: &str, value: Value) -> Result<Date, Vec<FieldError>> {
        let day = text(path, value)?.parse();
        day.map_err(|_| vec![self.missing(path)])
    }

    fn missing(&self, path: &str) -> FieldError {
        FieldError::new(
            path,
            "invalid_date",
            "Debe ser una fecha, por ejemplo 2026-11-23.",
        )
    }

    #[cfg(test)]
    fn schema(&self) -> Value {
        serde_json::json!({ "type": "string", "format": "date" })
    }
}

/// Any text at all: what it is worth is found out later.
pub struct Anything;

impl Kind for Anything {
    type Value = String;

    fn parse(&self, path: &str, value: Value) -> Result<String, Vec<FieldError>> {
        text(path, value)
    }

    #[cfg(test)]
    fn schema(&self) -> Value {
        serde_json::json!({ "type": "string" })
    }
}

/// What a list is narrowed by. Whatever is wrong with it, it is no value that
/// the list knows.
pub struct Filter<K>(pub K, pub &'static str);

impl<K: Kind> Kind for Filter<K> {
    type Value = K::Value;

    fn parse(&self, path: &str, value: Value) -> Result<K::Value, Vec<FieldError>> {
        let parsed = self.0.parse(path, value);
        parsed.map_err(|_| vec![FieldError::new(path, "unknown_value", self.1)])
    }

    fn of_text(&self, text: String) -> Value {
        self.0.of_text(text)
    }

    #[cfg(test)]
    fn schema(&self) -> Value {
        self.0.schema()
    }
}

/// An object of its own.
pub struct Object<T>(PhantomData<fn() -> T>);

impl<T> Object<T> {
    /// An object that is read as `T`.
    pub const fn new() -> Self {
        Object(PhantomData)
    }
}

impl<T> Default for Object<T> {
    fn default() -> Self {
        Object::new()
    }
}

impl<T: Input> Kind for Object<T> {
    type Value = T;

    fn parse(&self, path: &str, value: Value) -> Result<T, Vec<FieldError>> {
        let Value::Object(map) = value else {
            let error = FieldError::new(path, "wrong_type", "Debe ser un objeto.");
            return Err(vec![error]);
        };
        let mut inner = Fields::of(format!("{path}."), map);
        let value = T::read(&mut inner);
        inner.refuse_rest();
        value
            .filter(|_| inner.errors.is_empty())
            .ok_or(inner.errors)
    }

    #[cfg(test)]
    fn schema(&self) -> Value {
        crate::api::document::object(&T::members())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    crate::api::input! {
        /// Somebody.
        struct Who {
            /// His address.
            email: EmailAddress = Email,
        }
    }

    fn check(body: &str, expected: &[(&str, &str)]) {
        let mut fields = Fields::parse(body.as_bytes()).unwrap();
        let title = fields.required("title", &Line(5));
        let who = fields.optional("who", &Object::<Who>::new());
        let solved = fields.required("solved", &Flag);
        let value = title.zip(solved).map(|_| who);
        let found = match fields.finish(value) {
            Ok(_) => vec![],
            Err(Problem::Validation(errors)) => {
                errors.into_iter().map(|e| (e.field, e.code)).collect()
            }
            Err(other) => panic!("{other:?}"),
        };
        let found: Vec<_> = found
            .iter()
            .map(|(field, code)| (field.as_str(), *code))
            .collect();
        assert_eq!(found, expected, "{body}");
    }

    #[test]
    fn every_mistake_is_named() {
        check(r#"{"title":"a","solved":true}"#, &[]);
        check(
            r#"{"title":"a","solved":true,"who":{"email":"a@b.co"}}"#,
            &[],
        );
        check("{}", &[("title", "required"), ("solved", "required")]);
        check(
            r#"{"title":null,"solved":1}"#,
            &[("title", "required"), ("solved", "wrong_type")],
        );
        check(
            r#"{"title":"demasiado","solved":true,"who":{"email":"x","y":1},"z":0}"#,
            &[
                ("title", "too_long"),
                ("who.email", "invalid_email"),
                ("who.y", "unknown_field"),
                ("z", "unknown_field"),
            ],
        );
    }

    #[test]
    fn whole_numbers() {
        let read = |text: &str| Whole(1, u64::MAX).parse("n", serde_json::from_str(text).unwrap());
        for (text, number) in [("1", 1), ("854.0", 854), ("1e3", 1000)] {
            assert_eq!(read(text), Ok(number), "{text}");
        }
        assert_eq!(read(&u64::MAX.to_string()), Ok(u64::MAX));
        for text in [
            "0",
            "0.0",
            "-1",
            "-1.0",
            "1.5",
            "1e300",
            "18446744073709551616",
            "\"1\"",
            "true",
        ] {
            let errors = read(text).unwrap_err();
            assert_eq!(errors[0].code, "out_of_range", "{text}");
        }
    }

    #[test]
    fn bodies_that_are_no_objects() {
        for body in ["[]", "1", "null", "{", "\u{0}"] {
            assert!(
                matches!(
                    Fields::parse(body.as_bytes()),
                    Err(Problem::MalformedBody(_))
                ),
                "{body}"
            );
        }
    }
}
