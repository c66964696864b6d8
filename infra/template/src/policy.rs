//! Policies: whether one lets an AWS service do something, or a function.
//!
//! In AWS, a mail or a message that a resource's policy is missing for is dropped
//! without a word. Here it is said at the start. What a function's role lacks it is
//! refused, as there.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;

use crate::error::TemplateError;
use crate::intrinsics::Scope;
use crate::place::bucket_arn;
use crate::typed::Texts;

/// A policy, and the ARN of what it is about.
#[derive(Clone, Debug)]
pub(crate) struct Policy {
    pub(crate) resource: String,
    pub(crate) document: Document,
}

/// A policy as it is written.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct Document {
    #[serde(rename = "Version", default)]
    _version: IgnoredAny,
    #[serde(rename = "Id", default)]
    _id: IgnoredAny,
    statement: OneOrMany<Statement>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Statement {
    #[serde(rename = "Sid", default)]
    _id: IgnoredAny,
    effect: String,
    principal: Option<Principal>,
    #[serde(default)]
    action: OneOrMany<String>,
    #[serde(default)]
    resource: OneOrMany<String>,
    /// Values by key by operator.
    #[serde(default)]
    condition: BTreeMap<String, BTreeMap<String, OneOrMany<String>>>,
}

/// Who a statement is about: services by name, or anybody.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
enum Principal {
    Anybody(String),
    Named(BTreeMap<String, OneOrMany<String>>),
}

/// What stands alone or in a list.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
enum OneOrMany<T> {
    Many(Vec<T>),
    One(T),
}

impl<T> Default for OneOrMany<T> {
    fn default() -> Self {
        Self::Many(Vec::new())
    }
}

impl<T> OneOrMany<T> {
    fn iter(&self) -> std::slice::Iter<'_, T> {
        match self {
            Self::Many(all) => all.iter(),
            Self::One(one) => std::slice::from_ref(one).iter(),
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct BucketPolicy {
    bucket: String,
    policy_document: Document,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct TopicPolicy {
    topics: Texts,
    policy_document: Document,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct QueuePolicy {
    queues: Texts,
    policy_document: Document,
}

/// A bucket's policy.
pub(crate) fn of_a_bucket(
    scope: &Scope<'_>,
    id: &str,
    properties: &Value,
) -> Result<Policy, TemplateError> {
    let properties: BucketPolicy = scope.read(id, properties, &[])?;
    Ok(Policy {
        resource: bucket_arn(&properties.bucket),
        document: properties.policy_document,
    })
}

/// A policy for each of its topics.
pub(crate) fn of_topics(
    scope: &Scope<'_>,
    id: &str,
    properties: &Value,
) -> Result<Vec<Policy>, TemplateError> {
    let properties: TopicPolicy = scope.read(id, properties, &[])?;
    let topics = properties.topics.0.into_iter();
    let policies = topics.map(|resource| Policy {
        resource,
        document: properties.policy_document.clone(),
    });
    Ok(policies.collect())
}

/// A policy for each of its queues, which it names by their URLs.
pub(crate) fn of_queues(
    scope: &Scope<'_>,
    id: &str,
    properties: &Value,
) -> Result<Vec<Policy>, TemplateError> {
    let properties: QueuePolicy = scope.read(id, properties, &[])?;
    let queues = properties.queues.0.iter();
    let policies = queues.map(|url| Policy {
        resource: scope
            .place
            .queue_arn(url.rsplit('/').next().unwrap_or_default()),
        document: properties.policy_document.clone(),
    });
    Ok(policies.collect())
}

/// What a service wants to do.
#[derive(Debug)]
pub(crate) struct Intent<'a> {
    /// As in `ses.amazonaws.com`.
    pub(crate) service: &'a str,
    /// As in `s3:PutObject`.
    pub(crate) action: &'a str,
    pub(crate) resource: &'a str,
    /// The ARN of that on whose behalf it acts.
    pub(crate) source: &'a str,
    /// The account that it acts in.
    pub(crate) account: &'a str,
}

impl Policy {
    /// Whether it is about a resource, or what that is in.
    pub(crate) fn is_about(&self, resource: &str) -> bool {
        let rest = resource.strip_prefix(&self.resource);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

/// What a function may do: the policies of its role.
#[derive(Clone, Debug, Default)]
pub struct Permissions(Vec<Document>);

/// Something that is to be done, in the words of IAM.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// As in `s3:PutObject`.
    pub action: &'a str,
    /// The ARN of what it is done to.
    pub resource: &'a str,
    /// What conditions may be about: values by their key.
    pub context: &'a [(&'a str, Vec<String>)],
}

impl Permissions {
    pub(crate) fn of(documents: Vec<Document>) -> Self {
        Permissions(documents)
    }

    /// What SAM adds for a function that is fed from queues: the managed policy
    /// `AWSLambdaSQSQueueExecutionRole`.
    pub(crate) fn and_of_a_consumer(&mut self) {
        let may = [
            "sqs:ReceiveMessage",
            "sqs:DeleteMessage",
            "sqs:GetQueueAttributes",
        ];
        self.0.push(Document {
            _version: IgnoredAny,
            _id: IgnoredAny,
            statement: OneOrMany::One(Statement {
                _id: IgnoredAny,
                effect: "Allow".to_owned(),
                principal: None,
                action: OneOrMany::Many(may.map(str::to_owned).into()),
                resource: OneOrMany::One("*".to_owned()),
                condition: BTreeMap::new(),
            }),
        });
    }

    /// Whether they allow something. Only `Allow` is looked at.
    pub fn allow(&self, wanted: &Wanted<'_>) -> bool {
        let mut statements = self.0.iter().flat_map(|document| document.statement.iter());
        statements.any(|statement| statement.principal.is_none() && statement.allows(wanted))
    }
}

impl Document {
    /// Whether it allows a service something. Only `Allow` is looked at, and only
    /// conditions on the source: one on anything else does not hold.
    pub(crate) fn allows(&self, intent: &Intent<'_>) -> bool {
        let account = vec![intent.account.to_owned()];
        let wanted = Wanted {
            action: intent.action,
            resource: intent.resource,
            context: &[
                ("aws:SourceArn", vec![intent.source.to_owned()]),
                ("aws:SourceAccount", account.clone()),
                ("aws:SourceOwner", account),
            ],
        };
        self.statement
            .iter()
            .any(|statement| statement.means(intent.service) && statement.allows(&wanted))
    }
}

impl Statement {
    fn means(&self, service: &str) -> bool {
        match &self.principal {
            None => false,
            Some(Principal::Anybody(word)) => word == "*",
            Some(Principal::Named(by_kind)) => by_kind
                .get("Service")
                .is_some_and(|services| any(services, service)),
        }
    }

    fn allows(&self, wanted: &Wanted<'_>) -> bool {
        let mut conditions = self.condition.iter().flat_map(|(operator, keys)| {
            keys.iter()
                .map(move |(key, values)| (operator.as_str(), key, values))
        });
        self.effect == "Allow"
            && any(&self.action, wanted.action)
            && any(&self.resource, wanted.resource)
            && conditions.all(|(operator, key, values)| {
                let mut context = wanted.context.iter();
                let actual = context.find(|(name, _)| name.eq_ignore_ascii_case(key));
                holds(operator, values, actual.map_or(&[], |(_, values)| values))
            })
    }
}

/// Whether a condition holds of the values that a key has.
fn holds(operator: &str, values: &OneOrMany<String>, actual: &[String]) -> bool {
    match operator {
        "Null" => any(values, if actual.is_empty() { "true" } else { "false" }),
        "StringEquals" => actual
            .iter()
            .any(|actual| values.iter().any(|value| value == actual)),
        "StringLike" | "ArnEquals" | "ArnLike" => actual.iter().any(|actual| any(values, actual)),
        // Of no values at all it is true.
        "ForAllValues:StringLike" => actual.iter().all(|actual| any(values, actual)),
        "ForAllValues:StringEquals" => actual
            .iter()
            .all(|actual| values.iter().any(|value| value == actual)),
        _ => false,
    }
}

fn any(patterns: &OneOrMany<String>, wanted: &str) -> bool {
    patterns.iter().any(|pattern| matches(pattern, wanted))
}

/// Whether a text matches a pattern in which `*` stands for anything. Case
/// matters nowhere in what is compared here.
fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.to_lowercase(), text.to_lowercase());
    let Some((head, rest)) = pattern.split_once('*') else {
        return pattern == text;
    };
    let Some(mut text) = text.strip_prefix(head) else {
        return false;
    };
    let mut parts: Vec<_> = rest.split('*').collect();
    let tail = parts.pop().unwrap_or_default();
    for part in parts {
        let Some((_, after)) = text.split_once(part) else {
            return false;
        };
        text = after;
    }
    text.ends_with(tail)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn patterns_match() {
        for (pattern, text, expected) in [
            ("a", "a", true),
            ("a", "ab", false),
            ("*", "", true),
            ("s3:*", "s3:PutObject", true),
            ("s3:put*", "s3:PutObject", true),
            ("arn:*:b/*", "arn:aws:s3:::b/c", true),
            ("arn:*:b/*", "arn:aws:s3:::c/b", false),
            ("*.co", "a.co", true),
            ("a*a", "a", false),
            ("*a*b*", "xaybz", true),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn a_policy_allows_what_its_statement_says() {
        let good = json!({
            "Effect": "Allow",
            "Principal": { "Service": "ses.amazonaws.com" },
            "Action": ["s3:PutObject"],
            "Resource": "arn:aws:s3:::mail/*",
            "Condition": {
                "StringEquals": { "AWS:SourceAccount": "000000000000" },
                "ArnLike": { "aws:SourceArn": "arn:aws:ses:us-east-1:*:receipt-rule-set/*" },
            },
        });
        let intent = Intent {
            service: "ses.amazonaws.com",
            action: "s3:PutObject",
            resource: "arn:aws:s3:::mail/x",
            source: "arn:aws:ses:us-east-1:000000000000:receipt-rule-set/a:receipt-rule/b",
            account: "000000000000",
        };
        let check = |statement: Value| {
            let document = json!({ "Statement": statement });
            let document: Document = serde_json::from_value(document).unwrap();
            document.allows(&intent)
        };
        assert!(check(good.clone()));
        assert!(check(json!([{ "Effect": "Deny" }, good])));
        for (pointer, value) in [
            ("/Effect", json!("Deny")),
            ("/Principal/Service", json!("sns.amazonaws.com")),
            ("/Action", json!("s3:GetObject")),
            ("/Resource", json!("arn:aws:s3:::mail")),
            ("/Condition/StringEquals/AWS:SourceAccount", json!("1")),
            (
                "/Condition/ArnLike/aws:SourceArn",
                json!("arn:aws:ses:eu-*"),
            ),
            ("/Condition/ArnLike", json!({ "aws:PrincipalOrgId": "o" })),
        ] {
            let mut bad = good.clone();
            *bad.pointer_mut(pointer).unwrap() = value;
            assert!(!check(bad), "{pointer}");
        }
    }

    #[test]
    fn a_role_allows_what_its_policies_say() {
        let document = json!({ "Statement": [
            { "Effect": "Allow", "Action": ["dynamodb:GetItem"], "Resource": "arn:t" },
            {
                "Effect": "Allow",
                "Action": "dynamodb:PutItem",
                "Resource": "arn:t",
                "Condition": {
                    "ForAllValues:StringLike": { "dynamodb:LeadingKeys": ["COUNTER", "NUMBER#*"] },
                    "Null": { "dynamodb:LeadingKeys": "false" },
                },
            },
        ] });
        let mut role = Permissions::of(vec![serde_json::from_value(document).unwrap()]);
        let may = |role: &Permissions, action, resource, keys: &[&str]| {
            let keys: Vec<_> = keys.iter().map(|key| (*key).to_owned()).collect();
            let context = [("dynamodb:LeadingKeys", keys)];
            let context = &context[..usize::from(!context[0].1.is_empty())];
            role.allow(&Wanted {
                action,
                resource,
                context,
            })
        };
        assert!(may(&role, "dynamodb:GetItem", "arn:t", &["TICKET#1"]));
        assert!(!may(&role, "dynamodb:GetItem", "arn:t/index/due", &[]));
        assert!(!may(&role, "dynamodb:Query", "arn:t", &["TICKET#1"]));
        assert!(may(
            &role,
            "dynamodb:PutItem",
            "arn:t",
            &["COUNTER", "NUMBER#7"]
        ));
        assert!(!may(
            &role,
            "dynamodb:PutItem",
            "arn:t",
            &["NUMBER#7", "TICKET#1"]
        ));
        // Of no keys, any condition on all of them would hold.
        assert!(!may(&role, "dynamodb:PutItem", "arn:t", &[]));
        assert!(!may(&role, "sqs:GetQueueAttributes", "arn:q", &[]));
        role.and_of_a_consumer();
        assert!(may(&role, "sqs:GetQueueAttributes", "arn:q", &[]));
        assert!(!may(&role, "sqs:SendMessage", "arn:q", &[]));
    }
}
