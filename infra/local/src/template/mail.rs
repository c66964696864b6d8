//! What mail needs of a template: buckets, topics, receipt rules, configuration
//! sets, and the policies that let SES and SNS at them.

use serde_json::Value;

use super::Template;
use crate::intrinsics::{Scope, TemplateError, configuration_set_arn, queue_arn, receipt_rule_arn};
use crate::policy::{self, Intent};

/// An S3 bucket.
#[derive(Clone, Debug)]
pub(crate) struct Bucket {
    pub(crate) name: String,
    pub(crate) cors: Vec<CorsRule>,
}

/// What pages of other origins may do with a bucket.
#[derive(Clone, Debug)]
pub(crate) struct CorsRule {
    pub(crate) origins: Vec<String>,
    pub(crate) methods: Vec<String>,
    pub(crate) headers: Vec<String>,
    pub(crate) exposed: Vec<String>,
}

impl CorsRule {
    /// Whether it lets a request pass that has these headers, separated by
    /// commas.
    pub(crate) fn allows(&self, origin: &str, method: &str, headers: &str) -> bool {
        let allowed =
            |patterns: &[String], text: &str| patterns.iter().any(|p| policy::matches(p, text));
        let mut headers = headers
            .split(',')
            .map(str::trim)
            .filter(|name| !name.is_empty());
        allowed(&self.origins, origin)
            && allowed(&self.methods, method)
            && headers.all(|name| allowed(&self.headers, name))
    }
}

/// A queue that gets what is published to a topic.
#[derive(Clone, Debug)]
pub(crate) struct Subscription {
    pub(crate) topic_arn: String,
    pub(crate) queue: String,
    pub(crate) delivery: Delivery,
}

/// How a message of a topic arrives.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Delivery {
    /// As it was published.
    Raw,
    /// In an envelope that says where it comes from.
    Enveloped,
}

/// A rule of SES for mail that comes in. Only enabled ones are kept.
#[derive(Clone, Debug)]
pub(crate) struct ReceiptRule {
    pub(crate) name: String,
    pub(crate) rule_set: String,
    /// None matches every recipient.
    pub(crate) recipients: Vec<String>,
    pub(crate) scan: Scan,
    pub(crate) actions: Vec<S3Action>,
}

/// Whether mail is looked at for spam and viruses.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Scan {
    Enabled,
    Disabled,
}

/// A rule's order to keep a mail.
#[derive(Clone, Debug)]
pub(crate) struct S3Action {
    pub(crate) bucket: String,
    pub(crate) prefix: String,
    pub(crate) topic_arn: Option<String>,
}

impl ReceiptRule {
    /// Whether it applies to a recipient. A condition is an address, with or
    /// without a label (without one it matches every label), a domain, or a dot
    /// and a domain, which matches the domain's subdomains.
    pub(crate) fn applies_to(&self, recipient: &str) -> bool {
        let recipient = recipient.to_lowercase();
        let (local, domain) = recipient.rsplit_once('@').unwrap_or((&recipient, ""));
        let unlabelled = local.split_once('+').map_or(local, |(local, _)| local);
        let matches = |condition: &String| {
            let condition = condition.to_lowercase();
            match condition.rsplit_once('@') {
                Some((wanted, host)) => host == domain && (wanted == local || wanted == unlabelled),
                None if condition.starts_with('.') => domain.ends_with(&condition),
                None => domain == condition,
            }
        };
        self.recipients.is_empty() || self.recipients.iter().any(matches)
    }
}

/// Where a configuration set's events go.
#[derive(Clone, Debug)]
pub(crate) struct EventDestination {
    pub(crate) configuration_set: String,
    /// In lower case: `bounce`, `complaint`.
    pub(crate) events: Vec<String>,
    pub(crate) topic_arn: String,
}

/// A domain or address that mail is sent from.
#[derive(Clone, Debug)]
pub(crate) struct Identity {
    pub(crate) name: String,
    /// What mail goes by that names no configuration set itself.
    pub(crate) configuration_set: Option<String>,
}

/// A policy, and the ARN of what it is about.
#[derive(Debug)]
pub(crate) struct Policy {
    pub(crate) resource: String,
    pub(crate) document: Value,
}

/// The mail side of a template.
#[derive(Debug, Default)]
pub(crate) struct Mail {
    pub(crate) buckets: Vec<Bucket>,
    pub(crate) topics: Vec<String>,
    pub(crate) subscriptions: Vec<Subscription>,
    pub(crate) rule_sets: Vec<String>,
    pub(crate) receipt_rules: Vec<ReceiptRule>,
    pub(crate) configuration_sets: Vec<String>,
    pub(crate) event_destinations: Vec<EventDestination>,
    pub(crate) identities: Vec<Identity>,
    policies: Vec<Policy>,
}

impl Mail {
    /// Reads a resource; `false` where it is not one of mail's.
    pub(super) fn read(
        &mut self,
        scope: &Scope<'_>,
        id: &str,
        kind: &str,
        properties: &Value,
    ) -> Result<bool, TemplateError> {
        let properties = &scope.resolve(id, properties)?.unwrap_or_default();
        match kind {
            "AWS::S3::Bucket" => {
                let events = ["NotificationConfiguration", "WebsiteConfiguration"];
                refuse(id, properties, &events)?;
                let rules = properties["CorsConfiguration"]["CorsRules"].as_array();
                let rules = rules.into_iter().flatten();
                self.buckets.push(Bucket {
                    name: scope.bucket_name(id)?,
                    cors: rules
                        .map(|rule| cors_rule(id, rule))
                        .collect::<Result<_, _>>()?,
                });
            }
            "AWS::S3::BucketPolicy" => {
                let bucket = text(id, properties, "Bucket")?;
                self.policy(format!("arn:aws:s3:::{bucket}"), properties);
            }
            "AWS::SNS::Topic" => {
                refuse(id, properties, &["FifoTopic"])?;
                let topic = scope.topic_arn(id)?;
                let inline = properties["Subscription"].as_array();
                for subscription in inline.into_iter().flatten() {
                    self.subscribe(id, &topic, subscription)?;
                }
                self.topics.push(topic);
            }
            "AWS::SNS::Subscription" => {
                self.subscribe(id, &text(id, properties, "TopicArn")?, properties)?;
            }
            "AWS::SNS::TopicPolicy" => {
                for topic in texts(id, properties, "Topics")? {
                    self.policy(topic, properties);
                }
            }
            "AWS::SQS::QueuePolicy" => {
                for url in texts(id, properties, "Queues")? {
                    let name = url.rsplit('/').next().unwrap_or_default();
                    self.policy(queue_arn(name), properties);
                }
            }
            "AWS::SES::ReceiptRuleSet" => self.rule_sets.push(scope.named(id, "RuleSetName")?),
            "AWS::SES::ReceiptRule" => {
                // SES takes a rule that does not say for disabled.
                if is_true(&properties["Rule"]["Enabled"]) {
                    self.receipt_rules
                        .push(receipt_rule(scope, id, properties)?);
                }
            }
            "AWS::SES::ConfigurationSet" => {
                self.configuration_sets.push(scope.named(id, "Name")?);
            }
            "AWS::SES::ConfigurationSetEventDestination" => {
                let destination = &properties["EventDestination"];
                let others = ["EventBridgeDestination", "KinesisFirehoseDestination"];
                refuse(id, destination, &others)?;
                // Nobody here looks at metrics, and nothing is published where
                // a destination does not say that it is enabled.
                if is_true(&destination["Enabled"]) && destination.get("SnsDestination").is_some() {
                    self.event_destinations
                        .push(event_destination(id, properties)?);
                }
            }
            "AWS::SES::EmailIdentity" => {
                let set = &properties["ConfigurationSetAttributes"]["ConfigurationSetName"];
                self.identities.push(Identity {
                    name: text(id, properties, "EmailIdentity")?,
                    configuration_set: set.as_str().map(str::to_owned),
                });
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn policy(&mut self, resource: String, properties: &Value) {
        self.policies.push(Policy {
            resource,
            document: properties["PolicyDocument"].clone(),
        });
    }

    fn subscribe(
        &mut self,
        id: &str,
        topic_arn: &str,
        subscription: &Value,
    ) -> Result<(), TemplateError> {
        refuse(id, subscription, &["FilterPolicy"])?;
        if subscription["Protocol"] != "sqs" {
            return Err(TemplateError::new(
                id,
                "the local host knows subscriptions of queues only (sqs)",
            ));
        }
        let endpoint = text(id, subscription, "Endpoint")?;
        self.subscriptions.push(Subscription {
            topic_arn: topic_arn.to_owned(),
            queue: endpoint.rsplit(':').next().unwrap_or_default().to_owned(),
            delivery: if is_true(&subscription["RawMessageDelivery"]) {
                Delivery::Raw
            } else {
                Delivery::Enveloped
            },
        });
        Ok(())
    }

    /// What only shows once everything is read.
    pub(super) fn check(&self, template: &Template) -> Result<(), TemplateError> {
        for Subscription {
            topic_arn, queue, ..
        } in &self.subscriptions
        {
            let at = format!("the subscription of {queue}");
            self.must_be_a_topic(&at, topic_arn)?;
            if !template.queues.iter().any(|other| other.name == *queue) {
                return Err(TemplateError::new(at, "there is no such queue"));
            }
            self.must_allow(&Intent {
                service: "sns.amazonaws.com",
                action: "sqs:SendMessage",
                resource: &queue_arn(queue),
                source: topic_arn,
            })?;
        }
        for rule in &self.receipt_rules {
            let at = &rule.name;
            // In AWS one set is active, and whoever deploys says which.
            match self.rule_sets.as_slice() {
                [set] if *set == rule.rule_set => {}
                [_] | [] => {
                    return Err(TemplateError::new(
                        at,
                        "its rule set is not in the template",
                    ));
                }
                _ => {
                    let problem = "the local host knows one rule set: all of them would be active";
                    return Err(TemplateError::new(at, problem));
                }
            }
            let source = &receipt_rule_arn(&rule.rule_set, &rule.name);
            for action in &rule.actions {
                if !self
                    .buckets
                    .iter()
                    .any(|bucket| bucket.name == action.bucket)
                {
                    let problem = format!("there is no bucket {:?}", action.bucket);
                    return Err(TemplateError::new(at, problem));
                }
                self.must_allow(&Intent {
                    service: "ses.amazonaws.com",
                    action: "s3:PutObject",
                    resource: &format!("arn:aws:s3:::{}/{}x", action.bucket, action.prefix),
                    source,
                })?;
                if let Some(topic) = &action.topic_arn {
                    self.must_be_a_topic(at, topic)?;
                    self.must_let_ses_publish(topic, source)?;
                }
            }
        }
        for destination in &self.event_destinations {
            let set = &destination.configuration_set;
            self.must_be_a_configuration_set("an event destination", set)?;
            self.must_be_a_topic(set, &destination.topic_arn)?;
            self.must_let_ses_publish(&destination.topic_arn, &configuration_set_arn(set))?;
        }
        for identity in &self.identities {
            if let Some(set) = &identity.configuration_set {
                self.must_be_a_configuration_set(&identity.name, set)?;
            }
        }
        Ok(())
    }

    fn must_be_a_topic(&self, at: &str, arn: &str) -> Result<(), TemplateError> {
        if self.topics.iter().any(|topic| topic == arn) {
            return Ok(());
        }
        let problem = format!("there is no topic with the ARN {arn:?}");
        Err(TemplateError::new(at, problem))
    }

    fn must_be_a_configuration_set(&self, at: &str, name: &str) -> Result<(), TemplateError> {
        if self.configuration_sets.iter().any(|set| set == name) {
            return Ok(());
        }
        let problem = format!("there is no configuration set {name:?}");
        Err(TemplateError::new(at, problem))
    }

    fn must_let_ses_publish(&self, topic: &str, source: &str) -> Result<(), TemplateError> {
        self.must_allow(&Intent {
            service: "ses.amazonaws.com",
            action: "sns:Publish",
            resource: topic,
            source,
        })
    }

    /// A policy that is missing is an error here, and lost mail in AWS.
    fn must_allow(&self, intent: &Intent<'_>) -> Result<(), TemplateError> {
        let is_about = |policy: &&Policy| {
            let rest = intent.resource.strip_prefix(&policy.resource);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        if self
            .policies
            .iter()
            .filter(is_about)
            .any(|policy| policy::allows(&policy.document, intent))
        {
            return Ok(());
        }
        let problem = format!(
            "no policy of it allows {} to {} for {}",
            intent.service, intent.action, intent.source
        );
        Err(TemplateError::new(intent.resource, problem))
    }
}

fn cors_rule(id: &str, rule: &Value) -> Result<CorsRule, TemplateError> {
    Ok(CorsRule {
        origins: texts(id, rule, "AllowedOrigins")?,
        methods: texts(id, rule, "AllowedMethods")?,
        headers: texts(id, rule, "AllowedHeaders")?,
        exposed: texts(id, rule, "ExposedHeaders")?,
    })
}

fn receipt_rule(
    scope: &Scope<'_>,
    id: &str,
    properties: &Value,
) -> Result<ReceiptRule, TemplateError> {
    let rule = &properties["Rule"];
    let actions = rule["Actions"].as_array().into_iter().flatten();
    let actions = actions.map(|action| {
        let action = action.get("S3Action").ok_or_else(|| {
            TemplateError::new(
                id,
                format!("the local host knows S3 actions only, not {action}"),
            )
        })?;
        refuse(id, action, &["KmsKeyArn", "IamRoleArn"])?;
        Ok(S3Action {
            bucket: text(id, action, "BucketName")?,
            prefix: action["ObjectKeyPrefix"]
                .as_str()
                .unwrap_or_default()
                .to_owned(),
            topic_arn: action["TopicArn"].as_str().map(str::to_owned),
        })
    });
    Ok(ReceiptRule {
        name: scope.rule_name(id)?,
        rule_set: text(id, properties, "RuleSetName")?,
        recipients: texts(id, rule, "Recipients")?,
        scan: if is_true(&rule["ScanEnabled"]) {
            Scan::Enabled
        } else {
            Scan::Disabled
        },
        actions: actions.collect::<Result<_, _>>()?,
    })
}

fn event_destination(id: &str, properties: &Value) -> Result<EventDestination, TemplateError> {
    let destination = &properties["EventDestination"];
    let events = texts(id, destination, "MatchingEventTypes")?;
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
        let problem = format!("the local host does not know the event {unknown:?}");
        return Err(TemplateError::new(id, problem));
    }
    Ok(EventDestination {
        configuration_set: text(id, properties, "ConfigurationSetName")?,
        events,
        topic_arn: text(id, &destination["SnsDestination"], "TopicARN")?,
    })
}

/// Refuses properties that would change what happens.
fn refuse(at: &str, properties: &Value, unknown: &[&str]) -> Result<(), TemplateError> {
    match unknown.iter().find(|name| properties.get(name).is_some()) {
        Some(name) => Err(TemplateError::new(
            at,
            format!("the local host does not know {name}"),
        )),
        None => Ok(()),
    }
}

fn text(at: &str, properties: &Value, name: &str) -> Result<String, TemplateError> {
    let missing = || TemplateError::new(format!("{at}.{name}"), "a text is expected here");
    properties[name]
        .as_str()
        .map(str::to_owned)
        .ok_or_else(missing)
}

/// A list of texts; empty where there is none.
fn texts(at: &str, properties: &Value, name: &str) -> Result<Vec<String>, TemplateError> {
    let Some(list) = properties.get(name) else {
        return Ok(Vec::new());
    };
    let texts = list.as_array().and_then(|all| {
        let texts = all.iter().map(|text| text.as_str().map(str::to_owned));
        texts.collect()
    });
    let wrong = || TemplateError::new(format!("{at}.{name}"), "a list of texts is expected here");
    texts.ok_or_else(wrong)
}

/// CloudFormation takes `true` and `"true"`.
fn is_true(value: &Value) -> bool {
    *value == true || *value == "true"
}
