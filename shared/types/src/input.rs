//! Reading the body of a request: every field is asked for by name, every
//! mistake is reported at once, and what nobody asked for is refused.

use serde_json::{Map, Value};

use crate::ids::{EmailAddress, parse_line, parse_text};
use crate::problem::{FieldError, Problem};

/// Longest title, in characters.
pub const MAX_TITLE: usize = 200;
/// Longest description, note or solution, in characters.
pub const MAX_TEXT: usize = 20_000;
/// Longest name of a person or unit, in characters.
pub const MAX_NAME: usize = 120;

/// The fields of a JSON object that have not been asked for yet.
pub struct Fields {
    prefix: String,
    rest: Map<String, Value>,
    errors: Vec<FieldError>,
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

    fn of(prefix: String, rest: Map<String, Value>) -> Self {
        Fields {
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

    /// A value as it came; `null` is the same as missing.
    fn take(&mut self, name: &str) -> Option<Value> {
        self.rest.remove(name).filter(|value| !value.is_null())
    }

    fn take_str(&mut self, name: &str) -> Option<String> {
        match self.take(name)? {
            Value::String(text) => Some(text),
            _ => {
                let error = FieldError::new(&self.path(name), "wrong_type", "Debe ser un texto.");
                self.errors.push(error);
                None
            }
        }
    }

    fn keep<T>(&mut self, result: Result<T, FieldError>) -> Option<T> {
        result.map_err(|e| self.errors.push(e)).ok()
    }

    fn require(&mut self, name: &str) {
        if self.rest.get(name).is_none_or(Value::is_null) {
            let error = FieldError::required(&self.path(name));
            self.errors.push(error);
        }
    }

    /// A text on one line.
    pub fn line(&mut self, name: &str, max: usize) -> Option<String> {
        self.require(name);
        self.optional_line(name, max)
    }

    /// A text on one line that may be left out.
    pub fn optional_line(&mut self, name: &str, max: usize) -> Option<String> {
        let text = self.take_str(name)?;
        let parsed = parse_line(&self.path(name), &text, max);
        self.keep(parsed)
    }

    /// A text of several lines.
    pub fn text(&mut self, name: &str, max: usize) -> Option<String> {
        self.require(name);
        self.optional_text(name, max)
    }

    /// A text of several lines that may be left out.
    pub fn optional_text(&mut self, name: &str, max: usize) -> Option<String> {
        let text = self.take_str(name)?;
        let parsed = parse_text(&self.path(name), &text, max);
        self.keep(parsed)
    }

    /// An e-mail address.
    pub fn email(&mut self, name: &str) -> Option<EmailAddress> {
        self.require(name);
        self.optional_email(name)
    }

    /// An e-mail address that may be left out.
    pub fn optional_email(&mut self, name: &str) -> Option<EmailAddress> {
        let text = self.take_str(name)?;
        let path = self.path(name);
        let parsed = EmailAddress::parse(&text).map_err(|_| {
            FieldError::new(
                &path,
                "invalid_email",
                "No es una dirección de correo válida.",
            )
        });
        self.keep(parsed)
    }

    /// One of a few words that may be left out.
    pub fn optional_word<T: Copy>(&mut self, name: &str, words: &[(T, &str)]) -> Option<T> {
        let text = self.take_str(name)?;
        let found = words
            .iter()
            .find(|(_, word)| *word == text)
            .map(|(value, _)| *value);
        if found.is_none() {
            let known: Vec<_> = words.iter().map(|(_, word)| format!("«{word}»")).collect();
            let error = FieldError::new(
                &self.path(name),
                "unknown_value",
                format!("Debe ser uno de: {}.", known.join(", ")),
            );
            self.errors.push(error);
        }
        found
    }

    /// One of a few words.
    pub fn word<T: Copy>(&mut self, name: &str, words: &[(T, &str)]) -> Option<T> {
        self.require(name);
        self.optional_word(name, words)
    }

    /// Yes or no.
    pub fn flag(&mut self, name: &str) -> Option<bool> {
        self.require(name);
        match self.take(name)? {
            Value::Bool(value) => Some(value),
            _ => {
                let error = FieldError::new(
                    &self.path(name),
                    "wrong_type",
                    "Debe ser verdadero o falso.",
                );
                self.errors.push(error);
                None
            }
        }
    }

    /// A whole number within bounds that may be left out.
    pub fn optional_whole(&mut self, name: &str, min: u64, max: u64) -> Option<u64> {
        let value = self.take(name)?;
        match value.as_u64() {
            Some(number) if (min..=max).contains(&number) => Some(number),
            Some(_) | None => {
                let error = FieldError::new(
                    &self.path(name),
                    "out_of_range",
                    format!("Debe ser un número entero entre {min} y {max}."),
                );
                self.errors.push(error);
                None
            }
        }
    }

    /// A whole number within bounds.
    pub fn whole(&mut self, name: &str, min: u64, max: u64) -> Option<u64> {
        self.require(name);
        self.optional_whole(name, min, max)
    }

    /// An object of its own that may be left out, read by `read`.
    pub fn optional_object<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(&mut Fields) -> Option<T>,
    ) -> Option<T> {
        match self.take(name)? {
            Value::Object(map) => {
                let mut inner = Fields::of(format!("{}.", self.path(name)), map);
                let value = read(&mut inner);
                inner.refuse_rest();
                self.errors.append(&mut inner.errors);
                value
            }
            _ => {
                let error = FieldError::new(&self.path(name), "wrong_type", "Debe ser un objeto.");
                self.errors.push(error);
                None
            }
        }
    }

    fn refuse_rest(&mut self) {
        for name in self.rest.keys() {
            self.errors.push(FieldError::new(
                &format!("{}{name}", self.prefix),
                "unknown_field",
                "Este campo no existe.",
            ));
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

#[cfg(test)]
mod tests {
    use super::*;

    fn check(body: &str, expected: &[(&str, &str)]) {
        let mut fields = Fields::parse(body.as_bytes()).unwrap();
        let title = fields.line("title", 5);
        let who = fields.optional_object("who", |who| who.email("email"));
        let solved = fields.flag("solved");
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
