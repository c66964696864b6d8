//! S3 buckets.

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;

use crate::error::TemplateError;
use crate::intrinsics::Scope;
use crate::typed::Texts;

/// About encryption, cost, and who outside may see it.
const WITHOUT_MEANING: [&str; 7] = [
    "BucketEncryption",
    "IntelligentTieringConfigurations",
    "LifecycleConfiguration",
    "OwnershipControls",
    "PublicAccessBlockConfiguration",
    "Tags",
    "VersioningConfiguration",
];

/// An S3 bucket.
#[derive(Clone, Debug)]
pub struct Bucket {
    /// Its name.
    pub name: String,
    /// What pages of other origins may do with it.
    pub cors: Vec<CorsRule>,
}

/// What pages of other origins may do with a bucket.
#[derive(Clone, Debug)]
pub struct CorsRule {
    /// Where they may come from.
    pub origins: Vec<String>,
    /// What they may do.
    pub methods: Vec<String>,
    /// Headers that they may send.
    pub headers: Vec<String>,
    /// Headers that they may read.
    pub exposed: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Properties {
    // What it is called, the names of things are asked for.
    #[serde(rename = "BucketName")]
    _bucket_name: Option<String>,
    #[serde(default)]
    cors_configuration: CorsConfiguration,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct CorsConfiguration {
    cors_rules: Vec<Rule>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Rule {
    #[serde(default)]
    allowed_origins: Texts,
    #[serde(default)]
    allowed_methods: Texts,
    #[serde(default)]
    allowed_headers: Texts,
    #[serde(default)]
    exposed_headers: Texts,
    #[serde(rename = "Id", default)]
    _id: IgnoredAny,
    // A browser that asks again gets the same answer.
    #[serde(rename = "MaxAge", default)]
    _max_age: IgnoredAny,
}

pub(crate) fn bucket(
    scope: &Scope<'_>,
    id: &str,
    properties: &Value,
) -> Result<Bucket, TemplateError> {
    let properties: Properties = scope.read(id, properties, &WITHOUT_MEANING)?;
    let rules = properties.cors_configuration.cors_rules.into_iter();
    let rules = rules.map(|rule| CorsRule {
        origins: rule.allowed_origins.0,
        methods: rule.allowed_methods.0,
        headers: rule.allowed_headers.0,
        exposed: rule.exposed_headers.0,
    });
    Ok(Bucket {
        name: scope.bucket_name(id)?,
        cors: rules.collect(),
    })
}
