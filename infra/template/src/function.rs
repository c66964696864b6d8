//! Lambda functions, and what invokes them beside the API.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use crate::error::TemplateError;
use crate::intrinsics::Scope;
use crate::policy::{Document, Permissions};
use crate::queue::Queue;
use crate::typed::{Whole, scalar_text, typed};

/// About building and deploying it.
const WITHOUT_MEANING: [&str; 10] = [
    "Architectures",
    "CodeUri",
    "Description",
    // About attempts that nobody here makes.
    "EventInvokeConfig",
    "Handler",
    "KmsKeyArn",
    "ReservedConcurrentExecutions",
    "Role",
    "Runtime",
    "Tags",
];

/// A Lambda function.
#[derive(Clone, Debug)]
pub struct Function {
    /// Its name, which is its binary's and its package's too.
    pub name: String,
    /// How long an invocation may take.
    pub timeout: Duration,
    /// What Lambda would give it.
    pub memory_mb: u64,
    /// From which level on it is to log.
    pub log_level: Option<String>,
    /// The variables that it is started with.
    pub environment: BTreeMap<String, String>,
    /// What it may do.
    pub permissions: Permissions,
}

/// A function that is fed from a queue.
#[derive(Clone, Debug)]
pub struct Mapping {
    /// The queue's name.
    pub queue: String,
    /// The function's name.
    pub function: String,
    /// How many messages it gets at once, at most.
    pub batch_size: u32,
    /// How many batches are under way at once, at most.
    pub maximum_concurrency: usize,
    /// What it says of a batch.
    pub failures: FailureReport,
}

/// What a function's answer to a batch says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum FailureReport {
    /// Which messages failed.
    PerItem,
    /// Nothing: the batch succeeds or fails as one.
    WholeBatch,
}

/// A function that is called at a rate.
#[derive(Clone, Debug)]
pub struct Schedule {
    /// What it is called.
    pub name: String,
    /// The function's name.
    pub function: String,
    /// How long it is from one call to the next.
    pub rate: Duration,
}

/// What a function, or all of them, are given.
#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Properties {
    timeout: Option<Whole>,
    memory_size: Option<Whole>,
    #[serde(default)]
    environment: Environment,
    #[serde(default)]
    logging_config: LoggingConfig,
    #[serde(default)]
    policies: Vec<Document>,
    #[serde(default)]
    events: BTreeMap<String, Event>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Environment {
    #[serde(default)]
    variables: BTreeMap<String, Value>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct LoggingConfig {
    application_log_level: Option<String>,
    // Here it is a file, and Lambda's own lines are the host's.
    #[serde(rename = "LogFormat", default)]
    _log_format: serde::de::IgnoredAny,
    #[serde(rename = "LogGroup", default)]
    _log_group: serde::de::IgnoredAny,
    #[serde(rename = "SystemLogLevel", default)]
    _system_log_level: serde::de::IgnoredAny,
}

/// What invokes a function.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct Event {
    #[serde(rename = "Type")]
    pub(crate) kind: String,
    #[serde(default)]
    pub(crate) properties: Value,
}

/// A function, and its events by their names.
pub(crate) fn function(
    scope: &Scope<'_>,
    id: &str,
    own: &Value,
    globals: &Value,
) -> Result<(Function, BTreeMap<String, Event>), TemplateError> {
    let globals: Properties = scope.read("Globals.Function", globals, &WITHOUT_MEANING)?;
    let own: Properties = scope.read(id, own, &WITHOUT_MEANING)?;
    let setting = |own: Option<Whole>, global: Option<Whole>, default| {
        own.or(global).map_or(default, |Whole(number)| number)
    };
    let mut environment = BTreeMap::new();
    let variables = [globals.environment.variables, own.environment.variables];
    for (name, value) in variables.into_iter().flatten() {
        let at = || format!("{id}.Environment.Variables.{name}");
        let value = scalar_text(&value).ok_or_else(|| TemplateError::new(at(), "not a string"))?;
        environment.insert(name, value);
    }
    let mut permissions = Permissions::of(own.policies);
    if own.events.values().any(|event| event.kind == "SQS") {
        permissions.and_of_a_consumer();
    }
    let function = Function {
        name: scope.function_name(id)?,
        timeout: Duration::from_secs(setting(own.timeout, globals.timeout, 3)),
        memory_mb: setting(own.memory_size, globals.memory_size, 128),
        log_level: (own.logging_config.application_log_level)
            .or(globals.logging_config.application_log_level),
        environment,
        permissions,
    };
    Ok((function, own.events))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct QueueEvent {
    queue: String,
    batch_size: Option<Whole>,
    #[serde(default)]
    function_response_types: Vec<ResponseType>,
    #[serde(default)]
    scaling_config: ScalingConfig,
}

#[derive(Deserialize)]
enum ResponseType {
    ReportBatchItemFailures,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct ScalingConfig {
    maximum_concurrency: Option<Whole>,
}

/// What an event of a queue stands for.
pub(crate) fn mapping(
    scope: &Scope<'_>,
    at: &str,
    event: Value,
    function: &str,
    queues: &[Queue],
) -> Result<Mapping, TemplateError> {
    let event: QueueEvent = typed(at, event)?;
    let arn = event.queue;
    let mut queues = queues.iter();
    let queue = queues.find(|queue| scope.place.queue_arn(&queue.name) == arn);
    let queue = queue
        .ok_or_else(|| TemplateError::new(at, format!("there is no queue with the ARN {arn:?}")))?;
    let batch_size = event.batch_size.map_or(10, |Whole(size)| size);
    let concurrency = event.scaling_config.maximum_concurrency;
    let concurrency = concurrency.map_or(2, |Whole(number)| number);
    Ok(Mapping {
        queue: queue.name.clone(),
        function: function.to_owned(),
        batch_size: u32::try_from(batch_size).unwrap_or(u32::MAX),
        maximum_concurrency: usize::try_from(concurrency).unwrap_or(usize::MAX),
        failures: match event.function_response_types.as_slice() {
            [] => FailureReport::WholeBatch,
            [ResponseType::ReportBatchItemFailures, ..] => FailureReport::PerItem,
        },
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct ScheduleEvent {
    schedule: String,
    // About attempts that nobody here makes.
    #[serde(rename = "RetryPolicy", default)]
    _retry_policy: serde::de::IgnoredAny,
}

/// What an event of a schedule stands for.
pub(crate) fn schedule(at: &str, event: Value, function: &str) -> Result<Schedule, TemplateError> {
    let event: ScheduleEvent = typed(at, event)?;
    let rate = rate(&event.schedule).ok_or_else(|| {
        let expression = &event.schedule;
        TemplateError::new(
            at,
            format!("the local host cannot run {expression:?}, only rates"),
        )
    })?;
    Ok(Schedule {
        name: at.replace(".Events.", ""),
        function: function.to_owned(),
        rate,
    })
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

    #[test]
    fn rates_are_read() {
        assert_eq!(rate("rate(1 minute)"), Some(Duration::from_secs(60)));
        assert_eq!(rate("rate(2 hours)"), Some(Duration::from_secs(7_200)));
        assert_eq!(rate("rate(0 minutes)"), None);
        assert_eq!(rate("cron(0 12 * * ? *)"), None);
    }
}
