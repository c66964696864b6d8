//! DynamoDB tables.

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::TemplateError;
use crate::intrinsics::Scope;
use crate::typed::Flag;

/// About backups, encryption and cost.
const WITHOUT_MEANING: [&str; 8] = [
    "BillingMode",
    "ContributorInsightsSpecification",
    "DeletionProtectionEnabled",
    "OnDemandThroughput",
    "PointInTimeRecoverySpecification",
    "SSESpecification",
    "TableClass",
    "Tags",
];

/// A DynamoDB table.
#[derive(Clone, Debug)]
pub struct Table {
    /// Its name, which is its logical id.
    pub name: String,
    /// The `CreateTable` request.
    pub create: Value,
    /// The attribute that says when an item expires.
    pub expires_by: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Properties {
    attribute_definitions: Vec<Attribute>,
    key_schema: Vec<Key>,
    #[serde(default)]
    global_secondary_indexes: Vec<Index>,
    #[serde(default)]
    local_secondary_indexes: Vec<Index>,
    time_to_live_specification: Option<TimeToLive>,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Attribute {
    attribute_name: String,
    attribute_type: String,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Key {
    attribute_name: String,
    key_type: String,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Index {
    index_name: String,
    key_schema: Vec<Key>,
    projection: Projection,
    // About cost.
    #[serde(rename = "OnDemandThroughput", default, skip_serializing)]
    _on_demand_throughput: IgnoredAny,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Projection {
    projection_type: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    non_key_attributes: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct TimeToLive {
    attribute_name: String,
    enabled: Flag,
}

/// The request that makes a table: CloudFormation has its words from there.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct CreateTable<'a> {
    table_name: &'a str,
    billing_mode: &'a str,
    attribute_definitions: Vec<Attribute>,
    key_schema: Vec<Key>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    global_secondary_indexes: Vec<Index>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    local_secondary_indexes: Vec<Index>,
}

pub(crate) fn table(
    scope: &Scope<'_>,
    id: &str,
    properties: &Value,
) -> Result<Table, TemplateError> {
    let properties: Properties = scope.read(id, properties, &WITHOUT_MEANING)?;
    let create = CreateTable {
        table_name: id,
        billing_mode: "PAY_PER_REQUEST",
        attribute_definitions: properties.attribute_definitions,
        key_schema: properties.key_schema,
        global_secondary_indexes: properties.global_secondary_indexes,
        local_secondary_indexes: properties.local_secondary_indexes,
    };
    let expiry = properties.time_to_live_specification;
    let expires_by = expiry.filter(|expiry| expiry.enabled.0);
    Ok(Table {
        name: id.to_owned(),
        create: serde_json::to_value(create)
            .map_err(|error| TemplateError::new(id, error.to_string()))?,
        expires_by: expires_by.map(|expiry| expiry.attribute_name),
    })
}
