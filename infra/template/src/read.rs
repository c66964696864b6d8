//! From a template's text to what it sets up.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::api::{self, Api};
use crate::check::check;
use crate::document::{Document, Resource};
use crate::error::TemplateError;
use crate::intrinsics::Scope;
use crate::place::Place;
use crate::template::Template;
use crate::typed::typed;
use crate::{alarm, bucket, function, parameters, policy, queue, ses, table, topic, yaml};

/// Resources that mean nothing on one machine.
const WITHOUT_MEANING: [&str; 8] = [
    "AWS::Logs::LogGroup",
    "AWS::CloudWatch::Dashboard",
    "AWS::IAM::Role",
    "AWS::IAM::Policy",
    "AWS::IAM::ManagedPolicy",
    "AWS::KMS::Key",
    "AWS::Budgets::Budget",
    // Its value is what others refer to.
    "AWS::SSM::Parameter",
];

const FUNCTION: &str = "AWS::Serverless::Function";

impl Template {
    /// Reads a template that is to be deployed to `place`. `parameters` stand in
    /// for those of a deployment; one that the template does not declare is an
    /// error, except those in `offered`, which are used where they are declared.
    ///
    /// # Errors
    /// Where it is no template, asks for something that is not known here, or would
    /// lose mail in AWS.
    pub fn parse(
        text: &str,
        offered: &[(&str, String)],
        parameters: &[(String, String)],
        place: &Place<'_>,
    ) -> Result<Self, TemplateError> {
        let document: Document = typed("template", yaml::load(text)?)?;
        let scope = Scope {
            parameters: parameters::values(&document.parameters, offered, parameters)?,
            conditions: &document.conditions,
            resources: &document.resources,
            place,
        };
        let mut resources: BTreeMap<&str, &Resource> = BTreeMap::new();
        for (id, resource) in &document.resources {
            let is_there = match &resource.condition {
                Some(condition) => scope.condition(id, condition)?,
                None => true,
            };
            if is_there {
                resources.insert(id, resource);
            }
        }
        let mut template = Self::default();
        let mut api = Api::default();
        for (id, resource) in &resources {
            match resource.kind.as_str() {
                "AWS::Serverless::HttpApi" => {
                    api = api::api(&scope, id, &resource.properties)?;
                }
                FUNCTION => {}
                _ => template.resource(&scope, id, resource)?,
            }
        }
        for (id, resource) in resources {
            if resource.kind == FUNCTION {
                template.function(&scope, id, resource, &document.globals.function, &api)?;
            }
        }
        template
            .routes
            .sort_by(|a, b| api::precedence(a).cmp(&api::precedence(b)));
        template.authorizer = api.authorizer;
        template.limits = api.limits;
        template.limits_of_routes = api.limits_of_routes;
        template.access_log = api.access_log;
        template.cors = api.cors;
        check(&template, place)?;
        Ok(template)
    }

    fn resource(
        &mut self,
        scope: &Scope<'_>,
        id: &str,
        resource: &Resource,
    ) -> Result<(), TemplateError> {
        let properties = &resource.properties;
        match resource.kind.as_str() {
            "AWS::DynamoDB::Table" => self.tables.push(table::table(scope, id, properties)?),
            "AWS::SQS::Queue" => self.queues.push(queue::queue(scope, id, properties)?),
            "AWS::SQS::QueuePolicy" => self
                .policies
                .extend(policy::of_queues(scope, id, properties)?),
            "AWS::S3::Bucket" => self.buckets.push(bucket::bucket(scope, id, properties)?),
            "AWS::S3::BucketPolicy" => self
                .policies
                .push(policy::of_a_bucket(scope, id, properties)?),
            "AWS::SNS::Topic" => {
                let (topic, inline) = topic::topic(scope, id, properties)?;
                self.topics.push(topic);
                self.subscriptions.extend(inline);
            }
            "AWS::SNS::Subscription" => self
                .subscriptions
                .extend(topic::subscription(scope, id, properties)?),
            "AWS::CloudWatch::Alarm" => self.alarms.push(alarm::alarm(scope, id, properties)?),
            "AWS::SNS::TopicPolicy" => self
                .policies
                .extend(policy::of_topics(scope, id, properties)?),
            "AWS::SES::ReceiptRuleSet" => {
                self.rule_sets.push(ses::rule_set(scope, id, properties)?);
            }
            "AWS::SES::ReceiptRule" => self
                .receipt_rules
                .extend(ses::receipt_rule(scope, id, properties)?),
            "AWS::SES::ConfigurationSet" => self
                .configuration_sets
                .push(ses::configuration_set(scope, id, properties)?),
            "AWS::SES::ConfigurationSetEventDestination" => self
                .event_destinations
                .extend(ses::event_destination(scope, id, properties)?),
            "AWS::SES::EmailIdentity" => {
                self.identities.push(ses::identity(scope, id, properties)?);
            }
            kind if WITHOUT_MEANING.contains(&kind) => {}
            kind => return Err(TemplateError::unknown(id, kind)),
        }
        Ok(())
    }

    fn function(
        &mut self,
        scope: &Scope<'_>,
        id: &str,
        resource: &Resource,
        globals: &Value,
        api: &Api,
    ) -> Result<(), TemplateError> {
        let (function, events) = function::function(scope, id, &resource.properties, globals)?;
        let name = function.name.as_str();
        for (event_id, event) in events {
            let at = &format!("{id}.Events.{event_id}");
            let properties = event.properties;
            match event.kind.as_str() {
                "HttpApi" => {
                    let authorizer = api.default_authorizer.as_deref();
                    self.routes
                        .push(api::route(at, properties, name, authorizer)?);
                }
                "SQS" => {
                    let mapping = function::mapping(scope, at, properties, name, &self.queues)?;
                    self.mappings.push(mapping);
                }
                "Schedule" => self
                    .schedules
                    .push(function::schedule(at, properties, name)?),
                kind => {
                    let what = format_args!("events of {kind:?}");
                    return Err(TemplateError::unknown(at, what));
                }
            }
        }
        self.functions.push(function);
        Ok(())
    }
}
