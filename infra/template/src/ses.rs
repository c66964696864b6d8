//! SES: rules for mail that comes in, and what is told of mail that went out.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;

use crate::error::TemplateError;
use crate::intrinsics::Scope;
use crate::typed::{Flag, Texts, typed};

/// A rule of SES for mail that comes in.
#[derive(Clone, Debug)]
pub struct ReceiptRule {
    /// Its name.
    pub name: String,
    /// The set that it belongs to.
    pub rule_set: String,
    /// None matches every recipient.
    pub recipients: Vec<String>,
    /// Whether mail is looked at for spam and viruses.
    pub scan: Scan,
    /// What is done with a mail.
    pub actions: Vec<S3Action>,
}

/// Whether mail is looked at for spam and viruses.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Scan {
    /// It is.
    Enabled,
    /// It is not.
    Disabled,
}

/// A rule's order to keep a mail.
#[derive(Clone, Debug)]
pub struct S3Action {
    /// The bucket that it is kept in.
    pub bucket: String,
    /// The folder in it.
    pub prefix: String,
    /// Who is told of it.
    pub topic_arn: Option<String>,
}

/// Where a configuration set's events go.
#[derive(Clone, Debug)]
pub struct EventDestination {
    /// The set.
    pub configuration_set: String,
    /// In lower case: `bounce`, `complaint`.
    pub events: Vec<String>,
    /// Who is told.
    pub topic_arn: String,
}

/// A domain or address that mail is sent from.
#[derive(Clone, Debug)]
pub struct Identity {
    /// The domain or address.
    pub name: String,
    /// What mail goes by that names no configuration set itself.
    pub configuration_set: Option<String>,
}

// Of some there is only a name, which the names of things are asked for.

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleSetProperties {
    #[serde(rename = "RuleSetName")]
    _name: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SetProperties {
    #[serde(rename = "Name")]
    _name: Option<String>,
}

pub(crate) fn rule_set(
    scope: &Scope<'_>,
    id: &str,
    properties: &Value,
) -> Result<String, TemplateError> {
    let RuleSetProperties { .. } = scope.read(id, properties, &[])?;
    scope.named(id, "RuleSetName")
}

pub(crate) fn configuration_set(
    scope: &Scope<'_>,
    id: &str,
    properties: &Value,
) -> Result<String, TemplateError> {
    // About what reaches AWS's own mail servers and reports.
    let without_meaning = ["DeliveryOptions", "ReputationOptions", "Tags"];
    let SetProperties { .. } = scope.read(id, properties, &without_meaning)?;
    scope.named(id, "Name")
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct RuleProperties {
    rule_set_name: String,
    rule: Rule,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Rule {
    // What it is called, the names of things are asked for.
    #[serde(rename = "Name")]
    _name: Option<String>,
    // SES takes a rule that does not say for disabled.
    #[serde(default)]
    enabled: Flag,
    #[serde(default)]
    scan_enabled: Flag,
    #[serde(rename = "TlsPolicy")]
    _tls_policy: Option<TlsPolicy>,
    #[serde(default)]
    recipients: Texts,
    #[serde(default)]
    actions: Vec<BTreeMap<String, Value>>,
}

#[derive(Deserialize)]
enum TlsPolicy {
    Optional,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Action {
    bucket_name: String,
    #[serde(default)]
    object_key_prefix: String,
    topic_arn: Option<String>,
}

/// A receipt rule, where it is enabled.
pub(crate) fn receipt_rule(
    scope: &Scope<'_>,
    id: &str,
    properties: &Value,
) -> Result<Option<ReceiptRule>, TemplateError> {
    // Where it stands among others matters to nobody who keeps mails alone.
    let RuleProperties {
        rule_set_name,
        rule,
    } = scope.read(id, properties, &["After"])?;
    if !rule.enabled.0 {
        return Ok(None);
    }
    let actions = rule.actions.into_iter().map(|mut action| {
        match (action.remove("S3Action"), action.into_iter().next()) {
            (Some(action), None) => s3_action(id, action),
            (_, other) => {
                let (other, _) = other.unwrap_or_default();
                let problem = format!("the local host knows S3 actions only, not {other}");
                Err(TemplateError::new(id, problem))
            }
        }
    });
    Ok(Some(ReceiptRule {
        name: scope.rule_name(id)?,
        rule_set: rule_set_name,
        recipients: rule.recipients.0,
        scan: match rule.scan_enabled {
            Flag(true) => Scan::Enabled,
            Flag(false) => Scan::Disabled,
        },
        actions: actions.collect::<Result<_, _>>()?,
    }))
}

fn s3_action(id: &str, action: Value) -> Result<S3Action, TemplateError> {
    let action: Action = typed(&format!("{id}.Rule.Actions.S3Action"), action)?;
    Ok(S3Action {
        bucket: action.bucket_name,
        prefix: action.object_key_prefix,
        topic_arn: action.topic_arn,
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct DestinationProperties {
    configuration_set_name: String,
    event_destination: Destination,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Destination {
    #[serde(rename = "Name", default)]
    _name: IgnoredAny,
    // Nothing is published where a destination does not say that it is enabled.
    #[serde(default)]
    enabled: Flag,
    #[serde(default)]
    matching_event_types: Texts,
    sns_destination: Option<SnsDestination>,
    // Nobody here looks at metrics.
    #[serde(rename = "CloudWatchDestination", default)]
    _cloud_watch: IgnoredAny,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SnsDestination {
    #[serde(rename = "TopicARN")]
    topic_arn: String,
}

/// An event destination, where it is enabled and leads to a topic.
pub(crate) fn event_destination(
    scope: &Scope<'_>,
    id: &str,
    properties: &Value,
) -> Result<Option<EventDestination>, TemplateError> {
    let DestinationProperties {
        configuration_set_name,
        event_destination,
    } = scope.read(id, properties, &[])?;
    let (Flag(true), Some(topic)) = (event_destination.enabled, event_destination.sns_destination)
    else {
        return Ok(None);
    };
    let events = event_destination.matching_event_types.0;
    let events: Vec<_> = events.iter().map(|event| event.to_lowercase()).collect();
    // The last three never happen here.
    let known = [
        "bounce",
        "complaint",
        "reject",
        "renderingfailure",
        "deliverydelay",
    ];
    if let Some(unknown) = events.iter().find(|event| !known.contains(&event.as_str())) {
        return Err(TemplateError::unknown(
            id,
            format_args!("the event {unknown:?}"),
        ));
    }
    Ok(Some(EventDestination {
        configuration_set: configuration_set_name,
        events,
        topic_arn: topic.topic_arn,
    }))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct IdentityProperties {
    email_identity: String,
    #[serde(default)]
    configuration_set_attributes: ConfigurationSetAttributes,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct ConfigurationSetAttributes {
    configuration_set_name: Option<String>,
}

pub(crate) fn identity(
    scope: &Scope<'_>,
    id: &str,
    properties: &Value,
) -> Result<Identity, TemplateError> {
    // About what reaches other mail servers.
    let without_meaning = [
        "DkimAttributes",
        "DkimSigningAttributes",
        "FeedbackAttributes",
        "MailFromAttributes",
        "Tags",
    ];
    let properties: IdentityProperties = scope.read(id, properties, &without_meaning)?;
    Ok(Identity {
        name: properties.email_identity,
        configuration_set: properties
            .configuration_set_attributes
            .configuration_set_name,
    })
}
