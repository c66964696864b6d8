//! Whether an alarm rings: CloudWatch's arithmetic of periods, thresholds and missing
//! data.

use std::collections::BTreeMap;
use std::ops::Range;

use serde::Serialize;
use template::{Alarm, Missing};

use crate::watch::metrics::{Metrics, minutes};

/// What an alarm says.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum State {
    Ok,
    Alarm,
    InsufficientData,
}

/// What an alarm says at the end of `now` minutes, and why, where it said `before`.
/// Periods slide by minutes, and none begins before the host did.
pub(super) fn judge(alarm: &Alarm, metrics: &Metrics, now: u64, before: State) -> (State, String) {
    let period = minutes(alarm.period);
    let periods = (0..alarm.evaluation_periods).map_while(|back| {
        let end = now.checked_sub(period.checked_mul(u64::try_from(back).ok()?)?)?;
        Some(end.checked_sub(period)?..end)
    });
    let points: Vec<_> = periods
        .map(|minutes| point(alarm, metrics, minutes))
        .collect();
    let is_breaching = |point: &Option<f64>| match point {
        Some(value) => alarm.comparison.holds(*value, alarm.threshold),
        None => alarm.missing == Missing::Breaching,
    };
    let breaching = points.iter().filter(|point| is_breaching(point)).count();
    let known = points.iter().flatten().count();
    let state = if breaching >= alarm.datapoints_to_alarm {
        State::Alarm
    } else if points.is_empty() {
        State::InsufficientData
    } else {
        match alarm.missing {
            Missing::Missing if known == 0 => State::InsufficientData,
            Missing::Ignore if known == 0 => before,
            Missing::Breaching | Missing::NotBreaching | Missing::Ignore | Missing::Missing => {
                State::Ok
            }
        }
    };
    let shown: Vec<_> = points
        .iter()
        .map(|point| point.map_or("none".to_owned(), |value| format!("{value:.4}")))
        .collect();
    let reason = format!(
        "{breaching} of {} data points breach the threshold {} ({} are needed), the latest first: {}",
        points.len(),
        alarm.threshold,
        alarm.datapoints_to_alarm,
        shown.join(", "),
    );
    (state, reason)
}

/// The data point of a period; nothing where there is none.
fn point(alarm: &Alarm, metrics: &Metrics, minutes: Range<u64>) -> Option<f64> {
    let parts = alarm.metrics.iter().map(|(id, part)| {
        let value = metrics.statistic(&part.metric, part.statistic, minutes.clone());
        (id.as_str(), value)
    });
    let values: BTreeMap<_, _> = parts.collect();
    match &alarm.expression {
        Some(expression) => expression.value(&values),
        None => values.into_values().next().flatten(),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use template::{Comparison, Metric, MetricStatistic, Statistic};

    use super::*;
    use crate::watch::metrics::MINUTE;
    use crate::watch::metrics::tests::given;

    fn errors() -> Metric {
        Metric {
            namespace: "AWS/Lambda".to_owned(),
            name: "Errors".to_owned(),
            dimensions: BTreeMap::new(),
        }
    }

    /// An alarm on two of three periods of five minutes.
    fn alarm(missing: Missing) -> Alarm {
        let part = MetricStatistic {
            metric: errors(),
            statistic: Statistic::Sum,
        };
        Alarm {
            name: "A".to_owned(),
            description: String::new(),
            metrics: BTreeMap::from([(String::new(), part)]),
            expression: None,
            period: Duration::from_secs(300),
            evaluation_periods: 3,
            datapoints_to_alarm: 2,
            comparison: Comparison::Greater,
            threshold: 2.0,
            missing,
        }
    }

    #[track_caller]
    fn check(missing: Missing, values: &[(u64, f64)], now: u64, before: State, expected: State) {
        let alarm = alarm(missing);
        let metrics = Metrics::new(std::slice::from_ref(&alarm), MINUTE);
        given(&metrics, &errors(), values);
        let (state, reason) = judge(&alarm, &metrics, now, before);
        assert_eq!(state, expected, "{reason}");
    }

    #[test]
    fn two_of_three_periods_have_to_be_over_the_threshold() {
        use State::{Alarm, InsufficientData, Ok};
        let quiet = Missing::NotBreaching;
        // No period is over yet.
        check(quiet, &[(0, 9.0)], 4, InsufficientData, InsufficientData);
        // One is, and then two, with one between them or not.
        check(quiet, &[(0, 9.0)], 5, Ok, Ok);
        check(quiet, &[(0, 2.0), (4, 1.0), (5, 3.0)], 10, Ok, Alarm);
        check(quiet, &[(0, 3.0), (12, 3.0)], 15, Ok, Alarm);
        check(quiet, &[(0, 2.0), (12, 3.0)], 15, Alarm, Ok);
        // Periods slide; what is older is not looked at.
        check(quiet, &[(0, 3.0), (12, 3.0)], 16, Alarm, Ok);
        // What is under way does not count yet.
        check(quiet, &[(6, 3.0), (15, 3.0)], 15, Ok, Ok);
    }

    #[test]
    fn missing_data_counts_as_the_alarm_says() {
        use State::{Alarm, InsufficientData, Ok};
        check(Missing::NotBreaching, &[], 15, Alarm, Ok);
        check(Missing::Breaching, &[], 15, Ok, Alarm);
        check(Missing::Breaching, &[(1, 1.0), (6, 1.0)], 15, Ok, Ok);
        check(Missing::Missing, &[], 15, Ok, InsufficientData);
        check(Missing::Missing, &[(14, 1.0)], 15, InsufficientData, Ok);
        check(Missing::Ignore, &[], 15, Alarm, Alarm);
        check(Missing::Ignore, &[(14, 1.0)], 15, Alarm, Ok);
    }
}
