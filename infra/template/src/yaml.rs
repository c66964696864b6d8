//! A template's text: YAML with CloudFormation's short tags.

use saphyr::{LoadableYamlNode, Scalar, Yaml};
use serde_json::{Value, json};

use crate::error::TemplateError;

/// Reads YAML into JSON, with `!Ref` and its like in their long form.
pub(crate) fn load(text: &str) -> Result<Value, TemplateError> {
    let documents = Yaml::load_from_str(text)
        .map_err(|error| TemplateError::new("template", error.to_string()))?;
    match documents.as_slice() {
        [document] => to_json(document),
        documents => Err(TemplateError::new(
            "template",
            format!("one YAML document expected, found {}", documents.len()),
        )),
    }
}

fn to_json(node: &Yaml<'_>) -> Result<Value, TemplateError> {
    match node {
        Yaml::Value(scalar) => Ok(match scalar {
            Scalar::Null => Value::Null,
            Scalar::Boolean(value) => json!(value),
            Scalar::Integer(value) => json!(value),
            Scalar::FloatingPoint(value) => json!(value.into_inner()),
            Scalar::String(value) => json!(value),
        }),
        Yaml::Sequence(items) => items.iter().map(to_json).collect(),
        Yaml::Mapping(entries) => entries
            .iter()
            .map(|(key, value)| match to_json(key)? {
                Value::String(key) => Ok((key, to_json(value)?)),
                key => Err(TemplateError::new(
                    key.to_string(),
                    "a key must be a string",
                )),
            })
            .collect(),
        Yaml::Tagged(tag, inner) => {
            let argument = to_json(inner)?;
            let (name, argument) = match (tag.suffix.as_str(), argument) {
                (name @ ("Ref" | "Condition"), argument) => (name.to_owned(), argument),
                ("GetAtt", Value::String(path)) => {
                    let (resource, attribute) = path.split_once('.').unwrap_or((&path, ""));
                    ("Fn::GetAtt".to_owned(), json!([resource, attribute]))
                }
                (name, argument) => (format!("Fn::{name}"), argument),
            };
            Ok(json!({ name: argument }))
        }
        Yaml::Representation(..) | Yaml::Alias(_) | Yaml::BadValue => Err(TemplateError::new(
            "template",
            format!("YAML that templates do not use: {node:?}"),
        )),
    }
}
