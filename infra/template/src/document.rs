//! The sections of a template, before anything in them is worked out.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Map, Value};

/// A template as it is written.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct Document {
    #[serde(rename = "AWSTemplateFormatVersion", default)]
    _version: IgnoredAny,
    #[serde(rename = "Transform", default)]
    _transform: IgnoredAny,
    #[serde(rename = "Description", default)]
    _description: IgnoredAny,
    #[serde(rename = "Outputs", default)]
    _outputs: IgnoredAny,
    #[serde(default)]
    pub(crate) parameters: BTreeMap<String, Parameter>,
    #[serde(default)]
    pub(crate) conditions: Map<String, Value>,
    #[serde(default)]
    pub(crate) globals: Globals,
    #[serde(default)]
    pub(crate) resources: BTreeMap<String, Resource>,
}

/// What a parameter may be is for the deployment to check: here are only its type
/// and what it is where nobody says.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Parameter {
    #[serde(rename = "Type")]
    pub(crate) kind: Option<String>,
    pub(crate) default: Option<Value>,
}

/// What holds for every resource of a kind.
#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct Globals {
    #[serde(default)]
    pub(crate) function: Value,
}

/// A resource.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct Resource {
    #[serde(rename = "Type")]
    pub(crate) kind: String,
    pub(crate) condition: Option<String>,
    #[serde(default)]
    pub(crate) properties: Value,
    #[serde(default)]
    pub(crate) metadata: Value,
    // Everything is there at once, and nothing is ever taken away.
    #[serde(rename = "DependsOn", default)]
    _depends_on: IgnoredAny,
    #[serde(rename = "DeletionPolicy", default)]
    _deletion_policy: IgnoredAny,
    #[serde(rename = "UpdateReplacePolicy", default)]
    _update_replace_policy: IgnoredAny,
}
