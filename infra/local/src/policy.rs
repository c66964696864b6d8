//! Resource policies: whether one lets an AWS service do something.
//!
//! In AWS, a mail or a message that a policy is missing for is dropped without
//! a word. Here it is said at the start.

use serde_json::Value;

use crate::intrinsics::ACCOUNT;

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
}

/// Whether a policy allows it. Only `Allow` is looked at, and only conditions
/// on the source: one on anything else does not hold.
pub(crate) fn allows(policy: &Value, intent: &Intent<'_>) -> bool {
    one_or_many(&policy["Statement"]).any(|statement| {
        let any = |value: &Value, wanted: &str| {
            one_or_many(value)
                .filter_map(Value::as_str)
                .any(|pattern| matches(pattern, wanted))
        };
        statement["Effect"] == "Allow"
            && (any(&statement["Principal"]["Service"], intent.service)
                || statement["Principal"] == "*")
            && any(&statement["Action"], intent.action)
            && any(&statement["Resource"], intent.resource)
            && conditions_hold(&statement["Condition"], intent)
    })
}

fn conditions_hold(conditions: &Value, intent: &Intent<'_>) -> bool {
    let operators = conditions.as_object().into_iter().flatten();
    operators
        .flat_map(|(operator, keys)| {
            let keys = keys.as_object().into_iter().flatten();
            keys.map(move |(key, values)| (operator.as_str(), key, values))
        })
        .all(|(operator, key, values)| {
            let actual = match key.to_ascii_lowercase().as_str() {
                "aws:sourcearn" => intent.source,
                "aws:sourceaccount" | "aws:sourceowner" => ACCOUNT,
                _ => return false,
            };
            let mut values = one_or_many(values).filter_map(Value::as_str);
            match operator {
                "StringEquals" => values.any(|value| value == actual),
                "StringLike" | "ArnEquals" | "ArnLike" => {
                    values.any(|value| matches(value, actual))
                }
                _ => false,
            }
        })
}

fn one_or_many(value: &Value) -> impl Iterator<Item = &Value> {
    match value {
        Value::Array(all) => all.as_slice(),
        Value::Null => &[],
        one => std::slice::from_ref(one),
    }
    .iter()
}

/// Whether a text matches a pattern in which `*` stands for anything. Case
/// matters nowhere in what is compared here.
pub(crate) fn matches(pattern: &str, text: &str) -> bool {
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
                "StringEquals": { "AWS:SourceAccount": ACCOUNT },
                "ArnLike": { "aws:SourceArn": "arn:aws:ses:us-east-1:*:receipt-rule-set/*" },
            },
        });
        let intent = Intent {
            service: "ses.amazonaws.com",
            action: "s3:PutObject",
            resource: "arn:aws:s3:::mail/x",
            source: "arn:aws:ses:us-east-1:000000000000:receipt-rule-set/a:receipt-rule/b",
        };
        let check = |statement: Value| allows(&json!({ "Statement": statement }), &intent);
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
}
