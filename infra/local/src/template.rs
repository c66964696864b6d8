//! What a SAM template asks for, in the words of the services.

mod mail;

use std::collections::BTreeMap;
use std::time::Duration;

use axum::http::Method;
use serde_json::{Map, Value, json};

pub use crate::intrinsics::TemplateError;
use crate::intrinsics::{Scope, load, queue_arn, scalar_text};
pub(crate) use crate::template::mail::{
    Bucket, CorsRule, Delivery, EventDestination, Identity, Mail, ReceiptRule, S3Action, Scan,
    Subscription,
};
use crate::throttle::Limits;
use crate::{Options, StartError};

/// Resources that mean nothing on one machine.
const WITHOUT_MEANING: [&str; 7] = [
    "AWS::Logs::LogGroup",
    "AWS::Logs::MetricFilter",
    "AWS::CloudWatch::Alarm",
    "AWS::CloudWatch::Dashboard",
    "AWS::IAM::Role",
    "AWS::IAM::Policy",
    "AWS::IAM::ManagedPolicy",
];

/// Everything that the host sets up and runs.
#[derive(Debug, Default)]
pub(crate) struct Template {
    pub(crate) tables: Vec<Table>,
    pub(crate) queues: Vec<Queue>,
    pub(crate) functions: Vec<Function>,
    pub(crate) routes: Vec<Route>,
    pub(crate) mappings: Vec<Mapping>,
    pub(crate) schedules: Vec<Schedule>,
    pub(crate) mail: Mail,
    /// The authorizer of the routes that need one.
    pub(crate) authorizer: Option<Authorizer>,
    /// How many requests each route takes.
    pub(crate) limits: Option<Limits>,
}

/// A DynamoDB table.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) name: String,
    /// The `CreateTable` request.
    pub(crate) create: Value,
    /// The attribute that says when an item expires.
    pub(crate) expires_by: Option<String>,
}

/// An SQS queue.
#[derive(Clone, Debug)]
pub(crate) struct Queue {
    pub(crate) name: String,
    pub(crate) visibility_timeout: Duration,
    pub(crate) retention: Duration,
    pub(crate) delay: Duration,
    pub(crate) redrive: Option<Redrive>,
}

/// Where a queue's messages go after too many receives.
#[derive(Clone, Debug)]
pub(crate) struct Redrive {
    pub(crate) dead_letter_queue: String,
    pub(crate) max_receive_count: u32,
}

/// A Lambda function.
#[derive(Clone, Debug)]
pub(crate) struct Function {
    /// Its name, which is its binary's and its package's too.
    pub(crate) name: String,
    pub(crate) timeout: Duration,
    pub(crate) memory_mb: u64,
    pub(crate) environment: BTreeMap<String, String>,
}

/// A route of the HTTP API.
#[derive(Debug, PartialEq)]
pub(crate) struct Route {
    /// `None` takes every method.
    pub(crate) method: Option<Method>,
    /// `None` is the `$default` route.
    pub(crate) path: Option<Vec<Segment>>,
    /// As API Gateway writes it, such as `POST /tickets`.
    pub(crate) key: String,
    pub(crate) function: String,
    pub(crate) authorized: bool,
}

/// A part of a route's path. The order is that of preference.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Segment {
    Literal(String),
    Parameter(String),
}

/// A JWT authorizer.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Authorizer {
    pub(crate) issuer: String,
    pub(crate) audiences: Vec<String>,
}

/// A function that is fed from a queue.
#[derive(Clone, Debug)]
pub(crate) struct Mapping {
    pub(crate) queue: String,
    pub(crate) function: String,
    pub(crate) batch_size: u32,
    pub(crate) maximum_concurrency: usize,
    pub(crate) failures: FailureReport,
}

/// What a function's answer to a batch says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum FailureReport {
    /// Which messages failed.
    PerItem,
    /// Nothing: the batch succeeds or fails as one.
    WholeBatch,
}

/// A function that is called at a rate.
#[derive(Clone, Debug)]
pub(crate) struct Schedule {
    pub(crate) name: String,
    pub(crate) function: String,
    pub(crate) rate: Duration,
}

impl Template {
    /// Reads a template. `parameters` stand in for those of a deployment; one
    /// that the template does not declare is an error, except those in
    /// `offered`, which are used where they are declared.
    pub(crate) fn parse(
        text: &str,
        offered: &[(&str, String)],
        parameters: &[(String, String)],
        aws_port: u16,
    ) -> Result<Self, TemplateError> {
        let document = load(text)?;
        let nothing = Map::new();
        let section = |name: &str| document[name].as_object().unwrap_or(&nothing);
        let scope = Scope {
            parameters: parameter_values(section("Parameters"), offered, parameters)?,
            conditions: section("Conditions"),
            resources: section("Resources"),
            aws_port,
        };
        let mut template = Self::default();
        let mut default_authorizer = None;
        for (id, resource) in scope.resources {
            if let Some(condition) = resource["Condition"].as_str()
                && !scope.condition(id, condition)?
            {
                continue;
            }
            let properties = &resource["Properties"];
            match resource["Type"].as_str().unwrap_or_default() {
                "AWS::DynamoDB::Table" => template.tables.push(table(&scope, id, properties)?),
                "AWS::SQS::Queue" => template.queues.push(queue(&scope, id, properties)?),
                "AWS::Serverless::HttpApi" => {
                    let auth = scope.resolve(id, &properties["Auth"])?.unwrap_or_default();
                    (default_authorizer, template.authorizer) = authorizers(id, &auth)?;
                    let settings = scope.resolve(id, &properties["DefaultRouteSettings"])?;
                    let settings = settings.filter(|settings| !settings.is_null());
                    template.limits = settings.map(|s| limits(id, &s)).transpose()?;
                }
                "AWS::Serverless::Function" => {}
                kind if WITHOUT_MEANING.contains(&kind) => {}
                kind if template.mail.read(&scope, id, kind, properties)? => {}
                kind => {
                    return Err(TemplateError::new(
                        id,
                        format!("the local host does not know {kind}"),
                    ));
                }
            }
        }
        let globals = &document["Globals"]["Function"];
        for (id, resource) in scope.resources {
            if resource["Type"] == "AWS::Serverless::Function" {
                let function = function(&scope, id, &resource["Properties"], globals)?;
                let events = resource["Properties"]["Events"]
                    .as_object()
                    .unwrap_or(&nothing);
                for (event_id, event) in events {
                    let at = format!("{id}.Events.{event_id}");
                    let kind = event["Type"].as_str().unwrap_or_default();
                    let event = scope
                        .resolve(&at, &event["Properties"])?
                        .unwrap_or_default();
                    template.event(
                        &at,
                        kind,
                        &event,
                        &function.name,
                        default_authorizer.as_deref(),
                    )?;
                }
                template.functions.push(function);
            }
        }
        template
            .routes
            .sort_by(|a, b| precedence(a).cmp(&precedence(b)));
        template.check()?;
        Ok(template)
    }

    /// The template that a host is to be started with.
    pub(crate) fn of(options: &Options) -> Result<Self, StartError> {
        let text = std::fs::read_to_string(&options.template)
            .map_err(|error| StartError::TemplateFile(options.template.clone(), error))?;
        // Whoever asks for names alone has no use for what these are.
        let nothing = "https://localhost".to_owned();
        let offered = ["JwtIssuer", "BaseUrl", "TokenSecret"].map(|name| (name, nothing.clone()));
        Ok(Self::parse(&text, &offered, &options.parameters, 0)?)
    }

    /// Leaves the services as they are, and everything that does something out.
    pub(crate) fn rest(&mut self) {
        self.functions.clear();
        self.routes.clear();
        self.mappings.clear();
        self.schedules.clear();
        self.mail.receipt_rules.clear();
    }

    fn event(
        &mut self,
        at: &str,
        kind: &str,
        event: &Value,
        function: &str,
        default_authorizer: Option<&str>,
    ) -> Result<(), TemplateError> {
        let function = function.to_owned();
        match kind {
            "HttpApi" => {
                let authorizer = event["Auth"]["Authorizer"].as_str().or(default_authorizer);
                self.routes.push(route(at, event, function, authorizer)?);
            }
            "SQS" => {
                let arn = event["Queue"].as_str().unwrap_or_default();
                let queue = self
                    .queues
                    .iter()
                    .find(|queue| queue_arn(&queue.name) == arn);
                let queue = queue.ok_or_else(|| {
                    TemplateError::new(at, format!("there is no queue with the ARN {arn:?}"))
                })?;
                let reports = event["FunctionResponseTypes"].as_array();
                let per_item =
                    reports.is_some_and(|all| all.contains(&json!("ReportBatchItemFailures")));
                self.mappings.push(Mapping {
                    queue: queue.name.clone(),
                    function,
                    batch_size: number(at, event, "BatchSize", 10)? as u32,
                    maximum_concurrency: number(
                        at,
                        &event["ScalingConfig"],
                        "MaximumConcurrency",
                        2,
                    )? as usize,
                    failures: if per_item {
                        FailureReport::PerItem
                    } else {
                        FailureReport::WholeBatch
                    },
                });
            }
            "Schedule" => {
                let expression = event["Schedule"].as_str().unwrap_or_default();
                let rate = rate(expression).ok_or_else(|| {
                    TemplateError::new(
                        at,
                        format!("the local host cannot run {expression:?}, only rates"),
                    )
                })?;
                self.schedules.push(Schedule {
                    name: at.replace(".Events.", ""),
                    function,
                    rate,
                });
            }
            kind => {
                return Err(TemplateError::new(
                    at,
                    format!("the local host does not know events of {kind:?}"),
                ));
            }
        }
        Ok(())
    }

    /// What only shows once everything is read.
    fn check(&self) -> Result<(), TemplateError> {
        for queue in &self.queues {
            if let Some(redrive) = &queue.redrive
                && !self
                    .queues
                    .iter()
                    .any(|other| other.name == redrive.dead_letter_queue)
            {
                return Err(TemplateError::new(
                    &queue.name,
                    "its dead-letter queue is not in the template",
                ));
            }
        }
        self.mail.check(self)?;
        match self.routes.iter().find(|route| route.authorized) {
            Some(route) if self.authorizer.is_none() => Err(TemplateError::new(
                &route.key,
                "it needs an authorizer and the API has none",
            )),
            Some(_) | None => Ok(()),
        }
    }
}

fn parameter_values(
    declared: &Map<String, Value>,
    offered: &[(&str, String)],
    given: &[(String, String)],
) -> Result<BTreeMap<String, Value>, TemplateError> {
    if let Some((name, _)) = given.iter().find(|(name, _)| !declared.contains_key(name)) {
        return Err(TemplateError::new(
            name,
            "the template has no parameter of this name",
        ));
    }
    declared
        .iter()
        .map(|(name, declaration)| {
            let given = given
                .iter()
                .find(|(other, _)| other == name)
                .map(|(_, value)| value);
            let offered = offered
                .iter()
                .find(|(other, _)| other == name)
                .map(|(_, value)| value);
            let value = given.or(offered).map(|value| json!(value));
            let value = value.or_else(|| declaration.get("Default").cloned());
            let value = value.ok_or_else(|| {
                TemplateError::new(
                    name,
                    "this parameter has no default: give it with --parameter",
                )
            })?;
            let value = match (declaration["Type"].as_str(), value.as_str()) {
                (Some("CommaDelimitedList"), Some(list)) => {
                    list.split(',').map(|item| json!(item.trim())).collect()
                }
                _ => value,
            };
            Ok((name.clone(), value))
        })
        .collect()
}

fn table(scope: &Scope<'_>, id: &str, properties: &Value) -> Result<Table, TemplateError> {
    let properties = scope.resolve(id, properties)?.unwrap_or_default();
    // The rest of a table's properties is about backups, encryption and cost.
    let mut create = json!({ "TableName": id, "BillingMode": "PAY_PER_REQUEST" });
    for name in [
        "AttributeDefinitions",
        "KeySchema",
        "GlobalSecondaryIndexes",
        "LocalSecondaryIndexes",
    ] {
        if let Some(value) = properties.get(name) {
            create[name] = value.clone();
        }
    }
    for unknown in ["TableName", "StreamSpecification"] {
        if properties.get(unknown).is_some() {
            return Err(TemplateError::new(
                id,
                format!("the local host does not know {unknown}"),
            ));
        }
    }
    let expiry = &properties["TimeToLiveSpecification"];
    let expires_by = expiry["AttributeName"]
        .as_str()
        .filter(|_| expiry["Enabled"] == true);
    Ok(Table {
        name: id.to_owned(),
        create,
        expires_by: expires_by.map(str::to_owned),
    })
}

fn queue(scope: &Scope<'_>, id: &str, properties: &Value) -> Result<Queue, TemplateError> {
    let properties = scope.resolve(id, properties)?.unwrap_or_default();
    if properties["FifoQueue"] == true {
        return Err(TemplateError::new(
            id,
            "the local host does not know FIFO queues",
        ));
    }
    let seconds = |name, default| number(id, &properties, name, default).map(Duration::from_secs);
    let redrive = match properties.get("RedrivePolicy") {
        None => None,
        Some(policy) => {
            let arn = policy["deadLetterTargetArn"].as_str().unwrap_or_default();
            Some(Redrive {
                dead_letter_queue: arn.rsplit(':').next().unwrap_or_default().to_owned(),
                max_receive_count: number(id, policy, "maxReceiveCount", 10)? as u32,
            })
        }
    };
    Ok(Queue {
        name: scope.queue_name(id)?,
        visibility_timeout: seconds("VisibilityTimeout", 30)?,
        retention: seconds("MessageRetentionPeriod", 345_600)?,
        delay: seconds("DelaySeconds", 0)?,
        redrive,
    })
}

fn function(
    scope: &Scope<'_>,
    id: &str,
    own: &Value,
    globals: &Value,
) -> Result<Function, TemplateError> {
    let setting = |name: &str, default: u64| {
        let value = own
            .get(name)
            .or(globals.get(name))
            .cloned()
            .unwrap_or(json!(default));
        let value = scope.resolve(id, &value)?.unwrap_or_default();
        number(id, &json!({ name: value }), name, default)
    };
    let mut environment = BTreeMap::new();
    for source in [globals, own] {
        let at = format!("{id}.Environment.Variables");
        let variables = scope.resolve(&at, &source["Environment"]["Variables"])?;
        for (name, value) in variables
            .as_ref()
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
        {
            let value = scalar_text(value)
                .ok_or_else(|| TemplateError::new(format!("{at}.{name}"), "not a string"))?;
            environment.insert(name.clone(), value);
        }
    }
    Ok(Function {
        name: scope.function_name(id)?,
        timeout: Duration::from_secs(setting("Timeout", 3)?),
        memory_mb: setting("MemorySize", 128)?,
        environment,
    })
}

/// How many requests each route takes, by the API's default settings.
fn limits(id: &str, settings: &Value) -> Result<Limits, TemplateError> {
    let read = |name: &str| {
        let text = scalar_text(&settings[name]);
        let number = text.and_then(|text| text.parse::<f64>().ok());
        number.filter(|number| *number >= 1.0).ok_or_else(|| {
            TemplateError::new(id, format!("DefaultRouteSettings.{name} is no number"))
        })
    };
    Ok(Limits {
        rate: read("ThrottlingRateLimit")?,
        burst: read("ThrottlingBurstLimit")?,
    })
}

/// The name of the default authorizer and what it accepts.
fn authorizers(
    id: &str,
    auth: &Value,
) -> Result<(Option<String>, Option<Authorizer>), TemplateError> {
    let default = auth["DefaultAuthorizer"].as_str();
    let declared = auth["Authorizers"].as_object();
    let accepts = match declared
        .map(|all| all.values().collect::<Vec<_>>())
        .as_deref()
    {
        None | Some([]) => None,
        Some([authorizer]) => {
            let jwt = &authorizer["JwtConfiguration"];
            let issuer = jwt["issuer"].as_str().ok_or_else(|| {
                TemplateError::new(
                    id,
                    "the local host knows JWT authorizers with an issuer only",
                )
            })?;
            let audiences = jwt["audience"].as_array().into_iter().flatten();
            Some(Authorizer {
                issuer: issuer.to_owned(),
                audiences: audiences
                    .filter_map(Value::as_str)
                    .map(str::to_owned)
                    .collect(),
            })
        }
        Some(_) => {
            return Err(TemplateError::new(
                id,
                "the local host knows one authorizer at most",
            ));
        }
    };
    Ok((default.map(str::to_owned), accepts))
}

fn route(
    at: &str,
    event: &Value,
    function: String,
    authorizer: Option<&str>,
) -> Result<Route, TemplateError> {
    if event["Auth"].get("AuthorizationScopes").is_some() {
        return Err(TemplateError::new(
            at,
            "the local host does not know AuthorizationScopes",
        ));
    }
    let authorized = authorizer.is_some_and(|name| name != "NONE");
    let Some(path) = event["Path"].as_str() else {
        let key = "$default".to_owned();
        return Ok(Route {
            method: None,
            path: None,
            key,
            function,
            authorized,
        });
    };
    let segments = path.trim_start_matches('/').split('/').map(|segment| {
        match segment
            .strip_prefix('{')
            .and_then(|name| name.strip_suffix('}'))
        {
            Some(name) if name.ends_with('+') => Err(TemplateError::new(
                at,
                "the local host does not know greedy path parameters",
            )),
            Some(name) => Ok(Segment::Parameter(name.to_owned())),
            None => Ok(Segment::Literal(segment.to_owned())),
        }
    });
    let word = event["Method"].as_str().unwrap_or("ANY").to_uppercase();
    let method = match word.as_str() {
        "ANY" => None,
        word => Some(
            Method::from_bytes(word.as_bytes())
                .map_err(|_| TemplateError::new(at, "not a method"))?,
        ),
    };
    Ok(Route {
        method,
        path: Some(segments.collect::<Result<_, _>>()?),
        key: format!("{word} {path}"),
        function,
        authorized,
    })
}

/// Sorts routes as API Gateway chooses among them: literal paths before
/// parameters, a method before any, and `$default` last.
fn precedence(route: &Route) -> (bool, Option<&[Segment]>, bool) {
    (
        route.path.is_none(),
        route.path.as_deref(),
        route.method.is_none(),
    )
}

fn number(at: &str, properties: &Value, name: &str, default: u64) -> Result<u64, TemplateError> {
    match properties.get(name) {
        None => Ok(default),
        Some(value) => scalar_text(value)
            .and_then(|text| text.parse().ok())
            .ok_or_else(|| TemplateError::new(format!("{at}.{name}"), "not a whole number")),
    }
}

/// `rate(5 minutes)` and the like.
fn rate(expression: &str) -> Option<Duration> {
    let inner = expression.strip_prefix("rate(")?.strip_suffix(')')?;
    let (count, unit) = inner.split_once(' ')?;
    let unit = match unit {
        "minute" | "minutes" => 60,
        "hour" | "hours" => 3_600,
        "day" | "days" => 86_400,
        _ => return None,
    };
    let count: u64 = count.parse().ok().filter(|count| *count > 0)?;
    Some(Duration::from_secs(count * unit))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn product() -> Template {
        let text = include_str!("../../../template.yaml");
        let offered = [
            ("JwtIssuer", "http://issuer".to_owned()),
            ("BaseUrl", "http://base".to_owned()),
            ("TokenSecret", "secret".to_owned()),
        ];
        let given = [("OutboxAgeSeconds".to_owned(), "7".to_owned())];
        Template::parse(text, &offered, &given, 4566).unwrap()
    }

    #[test]
    fn the_products_template_is_understood() {
        let template = product();
        let function = |name: &str| {
            let found = template
                .functions
                .iter()
                .find(|function| function.name == name);
            found.unwrap_or_else(|| panic!("{name}"))
        };
        let sweep = function("sla-sweep");
        assert_eq!(sweep.timeout, Duration::from_secs(50));
        assert_eq!(sweep.memory_mb, 256, "from the globals");
        let environment = |name: &str| sweep.environment[name].as_str();
        assert_eq!(environment("TABLE_NAME"), "Table");
        assert_eq!(environment("OUTBOX_AGE_SECONDS"), "7");
        assert_eq!(
            environment("NOTIFICATION_QUEUE_URL"),
            "http://127.0.0.1:4566/000000000000/NotificationQueue"
        );
        assert_eq!(function("closure").environment["TOKEN_SECRET"], "secret");
        assert_eq!(function("intake").timeout, Duration::from_secs(10));

        let table = &template.tables[0];
        assert_eq!(table.expires_by.as_deref(), Some("expires_at"));
        let indexes = table.create["GlobalSecondaryIndexes"].as_array();
        assert!(indexes.is_some_and(|indexes| !indexes.is_empty()));

        let mut queues = template.queues.iter();
        let queue = queues
            .find(|queue| queue.name == "NotificationQueue")
            .unwrap();
        let redrive = queue.redrive.as_ref().unwrap();
        assert_eq!(redrive.dead_letter_queue, "NotificationDeadLetters");
        assert_eq!(redrive.max_receive_count, 5);
        let mut mappings = template.mappings.iter();
        let mapping = mappings
            .find(|mapping| mapping.function == "notifier")
            .unwrap();
        assert_eq!(mapping.failures, FailureReport::PerItem);
        assert_eq!(mapping.maximum_concurrency, 2);
        let schedules = template.schedules.iter();
        let mut schedules: Vec<_> = schedules
            .map(|schedule| (schedule.function.as_str(), schedule.rate.as_secs()))
            .collect();
        schedules.sort_unstable();
        assert_eq!(schedules, [("mailroom", 900), ("sla-sweep", 60)]);
        let limits = Limits {
            rate: 500.0,
            burst: 1_000.0,
        };
        assert_eq!(template.limits, Some(limits));

        let authorizer = template.authorizer.as_ref().unwrap();
        assert_eq!(authorizer.issuer, "http://issuer");
        assert_eq!(authorizer.audiences, ["mesa-de-ayuda"]);
        let authorized = |key: &str| {
            let mut routes = template.routes.iter();
            routes
                .find(|route| route.key == key)
                .map(|route| route.authorized)
        };
        assert_eq!(authorized("POST /tickets"), Some(true));
        assert_eq!(authorized("GET /surveys/{token}"), Some(false));
        let last = template.routes.last().unwrap();
        assert_eq!((last.key.as_str(), last.authorized), ("$default", false));
    }

    /// The paths that the functions know of, and those that are wired.
    #[test]
    fn the_products_routes_are_those_of_its_api() {
        let template = product();
        let mut wired: Vec<&str> = template.routes.iter().map(|r| r.key.as_str()).collect();
        let known = types::api::ROUTES.map(|(method, path)| format!("{method} {path}"));
        let mut known: Vec<&str> = known.iter().map(String::as_str).collect();
        known.push("$default");
        wired.sort_unstable();
        known.sort_unstable();
        assert_eq!(wired, known);
    }

    #[test]
    fn what_the_host_cannot_do_is_said_and_not_skipped() {
        #[track_caller]
        fn check(resource: &str, expected: &str) {
            let text = format!(
                "Parameters: {{ P: {{ Default: 1 }} }}\nResources:\n  R: {resource}\n  Q: {{ Type: 'AWS::SQS::Queue' }}"
            );
            let error = Template::parse(&text, &[], &[], 1).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
        check(
            "{ Type: 'AWS::Kinesis::Stream' }",
            "does not know AWS::Kinesis::Stream",
        );
        let queue =
            |property: &str| format!("{{ Type: 'AWS::SQS::Queue', Properties: {{ {property} }} }}");
        check(&queue("FifoQueue: true"), "FIFO");
        check(&queue("QueueName: !ImportValue x"), "Fn::ImportValue");
        check(&queue("QueueName: !GetAtt Q.Colour"), "Colour");
        check(&queue("QueueName: !Ref Nobody"), "nothing called Nobody");
        check(
            &queue("DelaySeconds: soon"),
            "R.DelaySeconds: not a whole number",
        );
        let function = |event: &str| {
            format!(
                "{{ Type: 'AWS::Serverless::Function', Metadata: {{ BuildProperties: {{ Binary: f }} }}, \
                 Properties: {{ Events: {{ E: {event} }} }} }}"
            )
        };
        check(&function("{ Type: Kafka }"), "\"Kafka\"");
        check(
            &function("{ Type: Schedule, Properties: { Schedule: 'cron(0 * * * ? *)' } }"),
            "only rates",
        );
        check(
            &function("{ Type: SQS, Properties: { Queue: 'arn:x' } }"),
            "no queue",
        );
    }

    #[test]
    fn parameters_are_given_or_defaulted() {
        let parse = |given: &[(String, String)]| {
            let text = "Parameters: { P: { Type: String } }\nResources:\n  Q: { Type: 'AWS::SQS::Queue', Properties: { QueueName: !Sub 'q-${P}' } }";
            let template =
                Template::parse(text, &[], given, 1).map_err(|error| error.to_string())?;
            Ok::<_, String>(template.queues[0].name.clone())
        };
        let pair = |name: &str| [(name.to_owned(), "x".to_owned())];
        assert_eq!(parse(&pair("P")).unwrap(), "q-x");
        assert!(parse(&[]).unwrap_err().contains("--parameter"));
        assert!(parse(&pair("X")).unwrap_err().contains("no parameter"));
    }

    #[test]
    fn a_parameter_may_be_a_list() {
        let text = "Parameters: { To: { Type: CommaDelimitedList, Default: 'a@b.co, c.co' } }\n\
            Resources:\n  Set: { Type: 'AWS::SES::ReceiptRuleSet' }\n  Rule: { Type: 'AWS::SES::ReceiptRule', \
            Properties: { RuleSetName: !Ref Set, Rule: { Enabled: true, Recipients: !Ref To } } }";
        let template = Template::parse(text, &[], &[], 1).unwrap();
        let rule = &template.mail.receipt_rules[0];
        assert_eq!(rule.recipients, ["a@b.co", "c.co"]);
    }

    #[test]
    fn rates_are_read() {
        assert_eq!(rate("rate(1 minute)"), Some(Duration::from_secs(60)));
        assert_eq!(rate("rate(2 hours)"), Some(Duration::from_secs(7_200)));
        assert_eq!(rate("rate(0 minutes)"), None);
        assert_eq!(rate("cron(0 12 * * ? *)"), None);
    }

    fn fixture(change: (&str, &str)) -> Result<Template, String> {
        let text = include_str!("../tests/template.yaml");
        assert!(text.contains(change.0), "{}", change.0);
        let text = text.replacen(change.0, change.1, 1);
        let offered = [("JwtIssuer", "http://issuer".to_owned())];
        Template::parse(&text, &offered, &[], 4566).map_err(|error| error.to_string())
    }

    #[test]
    fn what_mail_needs_is_understood() {
        let template = fixture(("", "")).unwrap();
        let mail = template.mail;
        assert_eq!(mail.buckets[0].name, "mailbucket");
        assert_eq!(template.functions[0].environment["BUCKET"], "mailbucket");
        let topic = "arn:aws:sns:us-east-1:000000000000:MailTopic";
        assert_eq!(mail.topics, [topic]);
        let subscriptions = mail.subscriptions.iter();
        let subscriptions: Vec<_> = subscriptions
            .map(|subscription| (subscription.queue.as_str(), subscription.delivery))
            .collect();
        let expected = [
            ("InboundRaw", Delivery::Raw),
            ("Inbound", Delivery::Enveloped),
        ];
        assert_eq!(subscriptions, expected);
        let [rule] = mail.receipt_rules.as_slice() else {
            panic!("the disabled rule is left out");
        };
        assert_eq!((rule.name.as_str(), rule.scan), ("inbound", Scan::Enabled));
        assert_eq!(rule.actions[0].prefix, "inbound/");
        assert_eq!(rule.actions[0].topic_arn.as_deref(), Some(topic));
        assert_eq!(mail.event_destinations[0].events, ["bounce", "complaint"]);
        let identity = &mail.identities[0];
        assert_eq!(identity.configuration_set.as_deref(), Some("Sending"));
    }

    #[test]
    fn a_rule_applies_to_recipients_as_in_ses() {
        #[track_caller]
        fn check(condition: &str, recipient: &str, expected: bool) {
            let recipients = format!("Recipients: [{condition}]");
            let change = (
                "Recipients: [desk@uspec.gov.co, lists.uspec.gov.co]",
                recipients.as_str(),
            );
            let rule = fixture(change).unwrap().mail.receipt_rules.remove(0);
            let applies = rule.applies_to(recipient);
            assert_eq!(applies, expected, "{condition:?} {recipient}");
        }
        check("a@b.co", "a@b.co", true);
        check("a@b.co", "A@B.CO", true);
        check("a@b.co", "a+label@b.co", true);
        check("a@b.co", "a+more+labels@b.co", true);
        check("a@b.co", "aa@b.co", false);
        check("a@b.co", "a@c.b.co", false);
        check("a+label@b.co", "a+label@b.co", true);
        check("a+label@b.co", "a@b.co", false);
        check("a+label@b.co", "a+other@b.co", false);
        check("b.co", "any+label@b.co", true);
        check("b.co", "any@c.b.co", false);
        check("b.co", "any@ab.co", false);
        check(".b.co", "any@c.b.co", true);
        check(".b.co", "any@d.c.b.co", true);
        check(".b.co", "any@b.co", false);
        check("", "any@where.co", true);
    }

    #[test]
    fn mail_that_aws_would_lose_is_an_error() {
        #[track_caller]
        fn check(change: (&str, &str), expected: &str) {
            let error = fixture(change).unwrap_err();
            assert!(error.contains(expected), "{error}");
        }
        check(
            (
                "Resource: !Sub \"${MailBucket.Arn}/inbound/*\"",
                "Resource: !Sub \"${MailBucket.Arn}/*.eml\"",
            ),
            "arn:aws:s3:::mailbucket/inbound/x: no policy of it allows ses.amazonaws.com to s3:PutObject for arn:aws:ses:us-east-1:000000000000:receipt-rule-set/RuleSet:receipt-rule/inbound",
        );
        check(
            ("Action: sns:Publish", "Action: sns:Subscribe"),
            "sns:Publish",
        );
        check(
            (
                "Queues: [!Ref Inbound, !Ref InboundRaw]",
                "Queues: [!Ref Inbound]",
            ),
            "InboundRaw: no policy of it allows sns.amazonaws.com",
        );
        check(
            (
                "Endpoint: !GetAtt Inbound.Arn",
                "Endpoint: arn:aws:sqs:us-east-1:0:Other",
            ),
            "no such queue",
        );
        check(("Protocol: sqs", "Protocol: email"), "queues only");
        check(
            (
                "Recipients: [desk@uspec.gov.co, lists.uspec.gov.co]",
                "Recipients: desk@uspec.gov.co",
            ),
            "Rule.Recipients: a list of texts",
        );
        check(
            ("BucketName: !Ref MailBucket", "BucketName: other"),
            "no bucket \"other\"",
        );
        check(("- S3Action: {", "- StopAction: {"), "S3 actions only");
        check(
            ("RuleSetName: !Ref RuleSet", "RuleSetName: other"),
            "its rule set is not in the template",
        );
        check(
            (
                "MatchingEventTypes: [bounce, complaint]",
                "MatchingEventTypes: [open]",
            ),
            "does not know the event \"open\"",
        );
        check(
            (
                "ConfigurationSetName: !Ref Sending",
                "ConfigurationSetName: other",
            ),
            "no configuration set \"other\"",
        );
    }
}
