//! A format as JSON Schema (draft 2020-12), for programs that draw or fill it in.

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::fill::MAX_SECTION_BYTES;
use super::schema::{Field, Kind, Schema, Section, formats, systems};
use super::turn::signers;
use crate::ids::{FormatCode, SectionId};

/// A format in the list of all of them.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct FormatSummary {
    pub code: &'static FormatCode,
    pub name: &'static str,
    /// The newest version: what a ticket that has not begun with it takes.
    pub version: u32,
    /// In the order in which they are signed; none, where nobody fills it in.
    pub sections: Vec<SectionSummary>,
}

/// A section in that list.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct SectionSummary {
    pub id: &'static SectionId,
    pub title: &'static str,
    /// Who signs it, in words, one after the other.
    pub signers: Vec<String>,
}

/// All formats.
pub fn all() -> Vec<FormatSummary> {
    let section = |section: &'static Section| SectionSummary {
        id: &section.id,
        title: &section.title,
        signers: section
            .signings
            .iter()
            .map(|of| signers(of, None))
            .collect(),
    };
    let all = formats().into_iter();
    all.map(|schema| FormatSummary {
        code: &schema.code,
        name: &schema.name,
        version: schema.version,
        sections: schema.sections.iter().map(section).collect(),
    })
    .collect()
}

/// The document of a format: an object of sections, each an object of fields. What is
/// asked for only sometimes is optional here, and says when in `x-when`.
pub fn json_schema(schema: &Schema) -> Value {
    let sections = schema.sections.iter();
    let properties: Map<String, Value> = sections
        .map(|section| (section.id.0.clone(), section_schema(section)))
        .collect();
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": format!("{} {}", schema.code, schema.name),
        "type": "object",
        "additionalProperties": false,
        "x-code": schema.code,
        "x-version": schema.version,
        "x-order": schema.sections.iter().map(|section| &section.id).collect::<Vec<_>>(),
        "x-generated-from": schema.generated_from,
        "properties": properties,
    })
}

fn section_schema(section: &Section) -> Value {
    let signers: Vec<_> = section
        .signings
        .iter()
        .map(|signing| json!({ "id": signing.id, "who": signers(signing, None), "title": signing.title }))
        .collect();
    let mut document = object(&section.fields);
    document["title"] = json!(section.title);
    document["x-signers"] = json!(signers);
    document["x-max-bytes"] = json!(MAX_SECTION_BYTES);
    document
}

fn object(fields: &[Field]) -> Value {
    let required: Vec<_> = fields
        .iter()
        .filter(|field| field.required && field.when.is_none())
        .map(|field| &field.id)
        .collect();
    let properties: Map<String, Value> = fields
        .iter()
        .map(|field| (field.id.0.clone(), field_schema(field)))
        .collect();
    json!({
        "type": "object",
        "additionalProperties": false,
        "properties": properties,
        "required": required,
        "x-order": fields.iter().map(|field| &field.id).collect::<Vec<_>>(),
    })
}

fn field_schema(field: &Field) -> Value {
    let mut schema = match &field.kind {
        Kind::Line { most } => json!({ "type": "string", "minLength": 1, "maxLength": most }),
        Kind::Text { most } => {
            json!({ "type": "string", "minLength": 1, "maxLength": most, "x-lines": true })
        }
        Kind::Choice { options, .. } => {
            let one = options.iter();
            let one: Vec<_> = one
                .map(|option| json!({ "const": option.value, "title": option.label }))
                .collect();
            json!({ "oneOf": one })
        }
        Kind::YesNo => json!({ "enum": ["yes", "no"] }),
        Kind::Accepted => json!({ "const": true }),
        Kind::Date => json!({ "type": "string", "format": "date" }),
        Kind::Moment => json!({ "type": "string", "format": "date-time" }),
        Kind::Count { least, most } => {
            json!({ "type": "integer", "minimum": least, "maximum": most })
        }
        Kind::Email => json!({ "type": "string", "format": "email" }),
        Kind::Url => json!({ "type": "string", "format": "uri", "pattern": "^https://" }),
        Kind::System => {
            let known = systems().systems.iter();
            let known: Vec<_> = known
                .map(|system| json!({ "const": system.id, "title": system.name }))
                .collect();
            json!({ "oneOf": known })
        }
        Kind::Profile => {
            let known = systems().systems.iter();
            let known: Map<String, Value> = known
                .map(|system| (system.id.0.clone(), json!(system.profiles)))
                .collect();
            json!({ "type": "string", "x-profiles": known })
        }
        Kind::List { most, columns, .. } => {
            json!({ "type": "array", "maxItems": most, "items": object(columns) })
        }
    };
    schema["title"] = json!(field.label);
    if let Some(hint) = &field.hint {
        schema["description"] = json!(hint);
    }
    if let Some(when) = &field.when {
        schema["x-when"] = json!({ "field": when.field, "is": when.is });
        schema["x-required"] = json!(field.required);
    }
    if let Some(by) = &field.by {
        schema["x-signing"] = json!(by);
    }
    schema
}
