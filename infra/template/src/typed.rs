//! From resolved values to types. What a type has no place for is said, and so is
//! where it stands.

use serde::de::{DeserializeOwned, Error};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use crate::error::TemplateError;

/// Reads a value into a type; nothing at all stands for an empty object. An error
/// names the property.
pub(crate) fn typed<T: DeserializeOwned>(at: &str, value: Value) -> Result<T, TemplateError> {
    let value = match value {
        Value::Null => Value::Object(Map::new()),
        value => value,
    };
    serde_path_to_error::deserialize(value).map_err(|error| {
        let path = error.path().to_string();
        let problem = error.inner().to_string();
        match unknown_field(&problem) {
            // The path ends in the field itself.
            Some(field) => TemplateError::unknown(within(at, path.trim_end_matches(field)), field),
            None => TemplateError::new(within(at, &path), problem),
        }
    })
}

/// A place below `at`. serde calls the place itself `.`.
fn within(at: &str, path: &str) -> String {
    match path.trim_matches('.') {
        "" => at.to_owned(),
        path => format!("{at}.{path}"),
    }
}

/// The field that a type has no place for, where that is what serde says. Its list
/// of all those that it has is long.
fn unknown_field(problem: &str) -> Option<&str> {
    let (field, _) = problem.strip_prefix("unknown field `")?.split_once('`')?;
    Some(field)
}

/// A whole number, or a text that is one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Whole(pub(crate) u64);

impl<'de> Deserialize<'de> for Whole {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = scalar_text(&Value::deserialize(deserializer)?);
        let number = text.and_then(|text| text.parse().ok()).map(Whole);
        number.ok_or_else(|| D::Error::custom("not a whole number"))
    }
}

/// `true` or `false`, or a text that is one of them.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Flag(pub(crate) bool);

impl<'de> Deserialize<'de> for Flag {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = scalar_text(&Value::deserialize(deserializer)?);
        let flag = text.and_then(|text| text.parse().ok()).map(Flag);
        flag.ok_or_else(|| D::Error::custom("true or false is expected here"))
    }
}

/// A list of texts.
#[derive(Clone, Debug, Default)]
pub(crate) struct Texts(pub(crate) Vec<String>);

impl<'de> Deserialize<'de> for Texts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        let texts = value.as_array().and_then(|all| {
            let texts = all.iter().map(|text| text.as_str().map(str::to_owned));
            texts.collect()
        });
        let texts = texts.map(Texts);
        texts.ok_or_else(|| D::Error::custom("a list of texts is expected here"))
    }
}

/// A scalar as CloudFormation writes it into a string.
pub(crate) fn scalar_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "PascalCase", deny_unknown_fields)]
    struct Outer {
        #[expect(dead_code, reason = "only whether it can be read is looked at")]
        inner: Option<Vec<Inner>>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "PascalCase", deny_unknown_fields)]
    struct Inner {
        #[expect(dead_code, reason = "only whether it can be read is looked at")]
        count: Whole,
    }

    #[test]
    fn an_error_says_where_it_is() {
        #[track_caller]
        fn check(value: Value, expected: &str) {
            let error = typed::<Outer>("R", value).unwrap_err();
            assert_eq!(error.to_string(), expected);
        }
        assert!(typed::<Outer>("R", Value::Null).is_ok());
        assert!(typed::<Outer>("R", json!({ "Inner": [{ "Count": "7" }] })).is_ok());
        let wrong = json!({ "Inner": [{ "Count": 1 }, { "Count": "soon" }] });
        check(wrong, "R.Inner[1].Count: not a whole number");
        check(
            json!({ "Other": 1 }),
            "R: the local host does not know Other",
        );
        let deep = json!({ "Inner": [{ "Count": 1, "Colour": 2 }] });
        check(deep, "R.Inner[0]: the local host does not know Colour");
        check(
            json!({ "Inner": [{}] }),
            "R.Inner[0]: missing field `Count`",
        );
    }
}
