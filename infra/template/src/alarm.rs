//! CloudWatch's alarms: what is looked at, and when it is too much.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use crate::error::TemplateError;
use crate::expression::{Comparison, Expression};
use crate::intrinsics::Scope;
use crate::typed::{Flag, Whole, scalar_text};

/// Whom it tells. Here it is looked at.
const WITHOUT_MEANING: [&str; 3] = ["AlarmActions", "InsufficientDataActions", "OKActions"];

/// The metrics of AWS that are known here. Those of a namespace of its own a function
/// writes into its log.
const KNOWN: [(&str, &[&str]); 5] = [
    ("AWS/ApiGateway", &["4xx", "5xx", "Count", "Latency"]),
    ("AWS/DynamoDB", &["SystemErrors", "ThrottledRequests"]),
    ("AWS/Lambda", &["Errors", "Throttles"]),
    (
        "AWS/SES",
        &["Reputation.BounceRate", "Reputation.ComplaintRate"],
    ),
    (
        "AWS/SQS",
        &[
            "ApproximateAgeOfOldestMessage",
            "ApproximateNumberOfMessagesVisible",
        ],
    ),
];

/// An alarm.
#[derive(Clone, Debug)]
pub struct Alarm {
    /// What it is called.
    pub name: String,
    /// What it says of itself.
    pub description: String,
    /// What it looks at, by id.
    pub metrics: BTreeMap<String, MetricStatistic>,
    /// What is made of that; where there is nothing, it is one metric as it is.
    pub expression: Option<Expression>,
    /// How long one data point takes.
    pub period: Duration,
    /// How many of them are looked at.
    pub evaluation_periods: usize,
    /// How many of those have to be too much.
    pub datapoints_to_alarm: usize,
    /// How a data point is compared with the threshold.
    pub comparison: Comparison,
    /// What it is compared with.
    pub threshold: f64,
    /// What a period without data counts as.
    pub missing: Missing,
}

/// A metric, and what is made of its values in a period.
#[derive(Clone, Debug, PartialEq)]
pub struct MetricStatistic {
    /// The metric.
    pub metric: Metric,
    /// What is made of it.
    pub statistic: Statistic,
}

/// A metric by all that names it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Metric {
    /// Whose it is.
    pub namespace: String,
    /// What it is called.
    pub name: String,
    /// Of what it is.
    pub dimensions: BTreeMap<String, String>,
}

/// What is made of the values of a period.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Statistic {
    Sum,
    Average,
    Minimum,
    Maximum,
    SampleCount,
    /// Of a hundred.
    Percentile(f64),
}

/// What a period without data counts as.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Missing {
    Breaching,
    NotBreaching,
    /// Nothing: the alarm stays as it is.
    Ignore,
    /// Nothing: without any the alarm does not know.
    #[default]
    Missing,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Properties {
    alarm_description: String,
    namespace: Option<String>,
    metric_name: Option<String>,
    #[serde(default)]
    dimensions: Vec<Dimension>,
    statistic: Option<String>,
    extended_statistic: Option<String>,
    period: Option<Whole>,
    #[serde(default)]
    metrics: Vec<Query>,
    evaluation_periods: Whole,
    datapoints_to_alarm: Option<Whole>,
    threshold: Value,
    comparison_operator: Operator,
    #[serde(default)]
    treat_missing_data: Missing,
}

#[derive(Deserialize)]
enum Operator {
    #[serde(rename = "GreaterThanThreshold")]
    Greater,
    #[serde(rename = "GreaterThanOrEqualToThreshold")]
    GreaterOrEqual,
    #[serde(rename = "LessThanThreshold")]
    Less,
    #[serde(rename = "LessThanOrEqualToThreshold")]
    LessOrEqual,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Dimension {
    name: String,
    value: String,
}

/// A part of an alarm that is calculated.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Query {
    id: String,
    expression: Option<String>,
    metric_stat: Option<MetricStat>,
    #[serde(default)]
    return_data: Flag,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct MetricStat {
    metric: Named,
    period: Whole,
    stat: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Named {
    namespace: String,
    metric_name: String,
    #[serde(default)]
    dimensions: Vec<Dimension>,
}

pub(crate) fn alarm(
    scope: &Scope<'_>,
    id: &str,
    properties: &Value,
) -> Result<Alarm, TemplateError> {
    let properties: Properties = scope.read(id, properties, &WITHOUT_MEANING)?;
    let wrong = |problem: &str| TemplateError::new(id, problem);
    let whole = |Whole(number)| usize::try_from(number).unwrap_or(usize::MAX);
    let mut metrics = BTreeMap::new();
    let mut periods = BTreeSet::new();
    let mut expression = None;
    if let (Some(namespace), Some(name), Some(Whole(period))) = (
        properties.namespace,
        properties.metric_name,
        properties.period,
    ) {
        let stat = properties.statistic.or(properties.extended_statistic);
        let stat = stat.ok_or_else(|| wrong("it has no statistic"))?;
        let named = Named {
            namespace,
            metric_name: name,
            dimensions: properties.dimensions,
        };
        periods.insert(period);
        metrics.insert(String::new(), statistic(scope, id, named, &stat)?);
    }
    for query in properties.metrics {
        match (query.expression, query.metric_stat) {
            (Some(text), None) if query.return_data.0 && expression.is_none() => {
                let parsed = Expression::parse(&text);
                expression = Some(parsed.ok_or_else(|| {
                    TemplateError::unknown(id, format_args!("the expression {text:?}"))
                })?);
            }
            (None, Some(stat)) if !query.return_data.0 => {
                let Whole(period) = stat.period;
                periods.insert(period);
                let statistic = statistic(scope, id, stat.metric, &stat.stat)?;
                metrics.insert(query.id, statistic);
            }
            _ => {
                let problem = "one expression is looked at, and made of metrics alone";
                return Err(wrong(problem));
            }
        }
    }
    let mut named = expression.iter().flat_map(Expression::names);
    if let Some(name) = named.find(|name| !metrics.contains_key(*name)) {
        return Err(wrong(&format!("there is no metric {name}")));
    }
    let period = match periods.into_iter().collect::<Vec<_>>().as_slice() {
        [period] if period % 60 == 0 && *period > 0 => Duration::from_secs(*period),
        [period] => {
            let what = format_args!("a period of {period} seconds");
            return Err(TemplateError::unknown(id, what));
        }
        _ => return Err(wrong("it looks at nothing, or at several periods")),
    };
    let evaluation_periods = whole(properties.evaluation_periods);
    let threshold = scalar_text(&properties.threshold).and_then(|text| text.parse().ok());
    Ok(Alarm {
        name: id.to_owned(),
        description: properties.alarm_description,
        metrics,
        expression,
        period,
        evaluation_periods,
        datapoints_to_alarm: properties
            .datapoints_to_alarm
            .map_or(evaluation_periods, whole),
        comparison: match properties.comparison_operator {
            Operator::Greater => Comparison::Greater,
            Operator::GreaterOrEqual => Comparison::GreaterOrEqual,
            Operator::Less => Comparison::Less,
            Operator::LessOrEqual => Comparison::LessOrEqual,
        },
        threshold: threshold.ok_or_else(|| wrong("its threshold is no number"))?,
        missing: properties.treat_missing_data,
    })
}

fn statistic(
    scope: &Scope<'_>,
    id: &str,
    named: Named,
    stat: &str,
) -> Result<MetricStatistic, TemplateError> {
    let Named {
        namespace,
        metric_name: name,
        dimensions,
    } = named;
    let known = KNOWN.iter().find(|(known, _)| *known == namespace);
    let is_known = match known {
        Some((_, names)) => names.contains(&name.as_str()),
        None => scope.place.pseudo("AWS::StackName").as_ref() == Some(&namespace),
    };
    if !is_known {
        let what = format_args!("the metric {name} of {namespace}");
        return Err(TemplateError::unknown(id, what));
    }
    let statistic = match stat {
        "Sum" => Statistic::Sum,
        "Average" => Statistic::Average,
        "Minimum" => Statistic::Minimum,
        "Maximum" => Statistic::Maximum,
        "SampleCount" => Statistic::SampleCount,
        other => {
            let percentile = other.strip_prefix('p').and_then(|p| p.parse().ok());
            let percentile = percentile
                .ok_or_else(|| TemplateError::unknown(id, format_args!("the statistic {other}")))?;
            Statistic::Percentile(percentile)
        }
    };
    let dimensions = dimensions.into_iter().map(|d| (d.name, d.value)).collect();
    Ok(MetricStatistic {
        metric: Metric {
            namespace,
            name,
            dimensions,
        },
        statistic,
    })
}
