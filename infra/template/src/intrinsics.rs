//! CloudFormation's functions: `Ref`, `Fn::Sub`, `Fn::If` and their like.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use crate::document::Resource;
use crate::error::TemplateError;
use crate::place::{Place, bucket_arn};
use crate::typed::{scalar_text, typed};

/// What names in a template stand for.
pub(crate) struct Scope<'a> {
    /// Values of the parameters: the caller's, or their defaults.
    pub(crate) parameters: BTreeMap<String, Value>,
    pub(crate) conditions: &'a Map<String, Value>,
    pub(crate) resources: &'a BTreeMap<String, Resource>,
    pub(crate) place: &'a Place<'a>,
}

impl Scope<'_> {
    /// Works a value out and reads it into a type, but for its properties that
    /// mean nothing on one machine.
    pub(crate) fn read<T: DeserializeOwned>(
        &self,
        at: &str,
        value: &Value,
        without_meaning: &[&str],
    ) -> Result<T, TemplateError> {
        let mut value = value.clone();
        if let Value::Object(properties) = &mut value {
            properties.retain(|name, _| !without_meaning.contains(&name.as_str()));
        }
        typed(at, self.resolve(at, &value)?.unwrap_or_default())
    }

    /// `value` with every intrinsic function in it worked out, `None` where
    /// that comes to `AWS::NoValue`. `at` says where it stands, for errors.
    pub(crate) fn resolve(&self, at: &str, value: &Value) -> Result<Option<Value>, TemplateError> {
        match value {
            Value::Array(items) => {
                let mut resolved = Vec::with_capacity(items.len());
                for item in items {
                    resolved.extend(self.resolve(at, item)?);
                }
                Ok(Some(Value::Array(resolved)))
            }
            Value::Object(entries) => match single(entries) {
                Some((name, argument)) if name == "Ref" || name.starts_with("Fn::") => {
                    self.call(at, name, argument)
                }
                Some(_) | None => {
                    let mut resolved = Map::new();
                    for (key, value) in entries {
                        if let Some(value) = self.resolve(&format!("{at}.{key}"), value)? {
                            resolved.insert(key.clone(), value);
                        }
                    }
                    Ok(Some(Value::Object(resolved)))
                }
            },
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
                Ok(Some(value.clone()))
            }
        }
    }

    fn call(&self, at: &str, name: &str, argument: &Value) -> Result<Option<Value>, TemplateError> {
        let wrong = || TemplateError::new(at, format!("{name} does not take {argument}"));
        match (name, argument) {
            ("Ref", Value::String(target)) => self.reference(at, target),
            ("Fn::GetAtt", Value::Array(path)) => match path.as_slice() {
                [Value::String(resource), Value::String(attribute)] => {
                    self.attribute(at, resource, attribute).map(Some)
                }
                _ => Err(wrong()),
            },
            ("Fn::Sub", Value::String(text)) => self.substitute(at, text).map(Some),
            ("Fn::If", Value::Array(arguments)) => match arguments.as_slice() {
                [Value::String(condition), then, otherwise] => {
                    let chosen = if self.condition(at, condition)? {
                        then
                    } else {
                        otherwise
                    };
                    self.resolve(at, chosen)
                }
                _ => Err(wrong()),
            },
            ("Fn::Join", Value::Array(arguments)) => match arguments.as_slice() {
                [Value::String(separator), items] => match self.resolve(at, items)? {
                    Some(Value::Array(items)) => {
                        let texts: Vec<_> = items.iter().filter_map(scalar_text).collect();
                        Ok(Some(json!(texts.join(separator))))
                    }
                    Some(_) | None => Err(wrong()),
                },
                _ => Err(wrong()),
            },
            (name, _) => Err(TemplateError::unknown(
                at,
                format_args!("{name} of {argument}"),
            )),
        }
    }

    fn reference(&self, at: &str, target: &str) -> Result<Option<Value>, TemplateError> {
        if target == "AWS::NoValue" {
            return Ok(None);
        }
        if let Some(value) = self
            .place
            .pseudo(target)
            .map(Value::from)
            .or_else(|| self.parameters.get(target).cloned())
        {
            return Ok(Some(value));
        }
        let text = match self.kind(at, target)? {
            "AWS::SQS::Queue" => self.queue_url(target)?,
            "AWS::Serverless::Function" => self.function_name(target)?,
            "AWS::S3::Bucket" => self.bucket_name(target)?,
            "AWS::SNS::Topic" => self.topic_arn(target)?,
            "AWS::SES::ReceiptRuleSet" => self.named(target, "RuleSetName")?,
            "AWS::SES::ReceiptRule" => self.rule_name(target)?,
            "AWS::SES::ConfigurationSet" => self.named(target, "Name")?,
            "AWS::SES::EmailIdentity" => self.named(target, "EmailIdentity")?,
            // A table's name is its logical id, and so is everything else's
            // that is only pointed at.
            _ => target.to_owned(),
        };
        Ok(Some(text.into()))
    }

    fn attribute(&self, at: &str, resource: &str, attribute: &str) -> Result<Value, TemplateError> {
        let text = match (self.kind(at, resource)?, attribute) {
            ("AWS::DynamoDB::Table", "Arn") => self.place.table_arn(resource),
            ("AWS::Logs::LogGroup", "Arn") => self.place.log_group_arn(resource),
            ("AWS::SQS::Queue", "Arn") => self.place.queue_arn(&self.queue_name(resource)?),
            ("AWS::SQS::Queue", "QueueName") => self.queue_name(resource)?,
            ("AWS::SQS::Queue", "QueueUrl") => self.queue_url(resource)?,
            ("AWS::Serverless::Function", "Arn") => {
                self.place.function_arn(&self.function_name(resource)?)
            }
            ("AWS::KMS::Key", "Arn") => self.place.key_arn(resource),
            ("AWS::S3::Bucket", "Arn") => bucket_arn(&self.bucket_name(resource)?),
            ("AWS::SNS::Topic", "TopicArn") => self.topic_arn(resource)?,
            ("AWS::SNS::Topic", "TopicName") => self.named(resource, "TopicName")?,
            ("AWS::SSM::Parameter", "Value") => self.named(resource, "Value")?,
            (kind, attribute) => {
                let what = format_args!("{attribute} of {resource}, a {kind}");
                return Err(TemplateError::unknown(at, what));
            }
        };
        Ok(text.into())
    }

    fn substitute(&self, at: &str, text: &str) -> Result<Value, TemplateError> {
        let mut result = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            let (name, after) = after.split_once('}').ok_or_else(|| {
                TemplateError::new(at, format!("a `${{` is not closed in {text}"))
            })?;
            result.push_str(before);
            if let Some(literal) = name.strip_prefix('!') {
                result.push_str(&format!("${{{literal}}}"));
            } else {
                let value = match name.split_once('.') {
                    Some((resource, attribute)) => Some(self.attribute(at, resource, attribute)?),
                    None => self.reference(at, name)?,
                };
                result.push_str(&value.as_ref().and_then(scalar_text).unwrap_or_default());
            }
            rest = after;
        }
        result.push_str(rest);
        Ok(result.into())
    }

    /// Whether a named condition holds.
    pub(crate) fn condition(&self, at: &str, name: &str) -> Result<bool, TemplateError> {
        let formula = self
            .conditions
            .get(name)
            .ok_or_else(|| TemplateError::new(at, format!("there is no condition {name}")))?;
        self.holds(&format!("Conditions.{name}"), formula)
    }

    fn holds(&self, at: &str, formula: &Value) -> Result<bool, TemplateError> {
        let wrong = || TemplateError::new(at, format!("not a condition: {formula}"));
        let (name, argument) = formula.as_object().and_then(single).ok_or_else(wrong)?;
        match (name, argument) {
            ("Condition", Value::String(name)) => self.condition(at, name),
            ("Fn::Equals", Value::Array(sides)) => match sides.as_slice() {
                [left, right] => {
                    let text = |side| Ok(self.resolve(at, side)?.as_ref().and_then(scalar_text));
                    Ok(text(left)? == text(right)?)
                }
                _ => Err(wrong()),
            },
            ("Fn::Not", Value::Array(inner)) => match inner.as_slice() {
                [inner] => Ok(!self.holds(at, inner)?),
                _ => Err(wrong()),
            },
            ("Fn::And", Value::Array(all)) => all
                .iter()
                .try_fold(true, |so_far, each| Ok(so_far & self.holds(at, each)?)),
            ("Fn::Or", Value::Array(any)) => any
                .iter()
                .try_fold(false, |so_far, each| Ok(so_far | self.holds(at, each)?)),
            _ => Err(wrong()),
        }
    }

    fn kind(&self, at: &str, resource: &str) -> Result<&str, TemplateError> {
        self.resources
            .get(resource)
            .map(|resource| resource.kind.as_str())
            .ok_or_else(|| TemplateError::new(at, format!("there is nothing called {resource}")))
    }

    /// What a resource is called, or stands for: what a property of it says, or its
    /// logical id.
    pub(crate) fn named(&self, resource: &str, property: &str) -> Result<String, TemplateError> {
        self.named_by(resource, property, &format!("/{property}"))
    }

    fn named_by(
        &self,
        resource: &str,
        property: &str,
        pointer: &str,
    ) -> Result<String, TemplateError> {
        let declared = self.resources.get(resource);
        let name = match declared.and_then(|declared| declared.properties.pointer(pointer)) {
            Some(value) => self.resolve(&format!("{resource}.{property}"), value)?,
            None => None,
        };
        Ok(name
            .as_ref()
            .and_then(scalar_text)
            .unwrap_or_else(|| resource.to_owned()))
    }

    /// What a queue is called.
    pub(crate) fn queue_name(&self, resource: &str) -> Result<String, TemplateError> {
        self.named(resource, "QueueName")
    }

    /// What a bucket is called. S3 knows no capitals.
    pub(crate) fn bucket_name(&self, resource: &str) -> Result<String, TemplateError> {
        Ok(self.named(resource, "BucketName")?.to_lowercase())
    }

    /// What a receipt rule is called.
    pub(crate) fn rule_name(&self, resource: &str) -> Result<String, TemplateError> {
        self.named_by(resource, "Rule.Name", "/Rule/Name")
    }

    /// The ARN of a topic.
    pub(crate) fn topic_arn(&self, resource: &str) -> Result<String, TemplateError> {
        Ok(self.place.topic_arn(&self.named(resource, "TopicName")?))
    }

    fn queue_url(&self, resource: &str) -> Result<String, TemplateError> {
        Ok(self.place.queue_url(&self.queue_name(resource)?))
    }

    /// What a function is called: the binary that it is built from.
    pub(crate) fn function_name(&self, resource: &str) -> Result<String, TemplateError> {
        let declared = self.resources.get(resource);
        declared
            .and_then(|declared| declared.metadata["BuildProperties"]["Binary"].as_str())
            .map(str::to_owned)
            .ok_or_else(|| {
                TemplateError::new(resource, "a function needs Metadata.BuildProperties.Binary")
            })
    }
}

fn single(entries: &Map<String, Value>) -> Option<(&str, &Value)> {
    let mut all = entries.iter();
    let (name, value) = all.next()?;
    all.next().is_none().then_some((name.as_str(), value))
}
