//! The metrics that alarms look at, minute by minute.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::Range;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use template::{Alarm, Metric, Statistic};

/// What a minute has without anybody asking for it to be another.
pub(crate) const MINUTE: Duration = Duration::from_secs(60);

/// What is known of the metrics that some alarm looks at; of others nothing is kept.
pub(crate) struct Metrics {
    began: Instant,
    minute: Duration,
    /// How many minutes the most patient alarm looks back.
    kept: u64,
    series: Mutex<HashMap<Metric, Series>>,
}

/// One metric.
struct Series {
    /// Whether an alarm asks for a percentile, which needs each value.
    exact: bool,
    minutes: BTreeMap<u64, Summary>,
}

/// What is known of the values of some time.
#[derive(Clone, Debug, Default, PartialEq)]
struct Summary {
    count: f64,
    sum: f64,
    least: f64,
    most: f64,
    values: Vec<f64>,
}

impl Metrics {
    /// What these alarms need, with minutes of this length.
    pub(crate) fn new(alarms: &[Alarm], minute: Duration) -> Self {
        let parts = || alarms.iter().flat_map(|alarm| alarm.metrics.values());
        let is_percentile = |statistic: &Statistic| matches!(statistic, Statistic::Percentile(_));
        let exact: HashSet<_> = parts()
            .filter(|part| is_percentile(&part.statistic))
            .map(|part| &part.metric)
            .collect();
        let series = parts().map(|part| {
            let series = Series {
                exact: exact.contains(&part.metric),
                minutes: BTreeMap::new(),
            };
            (part.metric.clone(), series)
        });
        let patience = alarms.iter().map(|alarm| {
            let periods = u64::try_from(alarm.evaluation_periods).unwrap_or(u64::MAX);
            minutes(alarm.period).saturating_mul(periods)
        });
        Self {
            began: Instant::now(),
            minute,
            kept: patience.max().unwrap_or_default() + 1,
            series: Mutex::new(series.collect()),
        }
    }

    /// How long a minute takes.
    pub(crate) fn minute(&self) -> Duration {
        self.minute
    }

    /// Minutes that are over since the start.
    pub(crate) fn passed(&self) -> u64 {
        let passed = self.began.elapsed().as_secs_f64() / self.minute.as_secs_f64();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a time that has passed is not negative, and short"
        )]
        let passed = passed as u64;
        passed
    }

    /// So many real seconds, in seconds of sixty to this minute.
    pub(crate) fn seconds(&self, real: Duration) -> f64 {
        real.as_secs_f64() * (MINUTE.as_secs_f64() / self.minute.as_secs_f64())
    }

    /// Takes a value down, where some alarm looks at its metric.
    pub(crate) fn record(
        &self,
        namespace: &str,
        name: &str,
        dimensions: &[(&str, &str)],
        value: f64,
    ) {
        let dimensions = dimensions.iter();
        let metric = Metric {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            dimensions: dimensions
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
        };
        self.record_at(self.passed(), &metric, value);
    }

    fn record_at(&self, minute: u64, metric: &Metric, value: f64) {
        let mut all = self.series.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(series) = all.get_mut(metric) else {
            return;
        };
        let first = minute.saturating_sub(self.kept);
        series.minutes = series.minutes.split_off(&first);
        let summary = series.minutes.entry(minute).or_default();
        summary.take(value);
        if series.exact {
            summary.values.push(value);
        }
    }

    /// A statistic of some minutes; nothing where they have no value.
    pub(super) fn statistic(
        &self,
        metric: &Metric,
        statistic: Statistic,
        minutes: Range<u64>,
    ) -> Option<f64> {
        let all = self.series.lock().unwrap_or_else(PoisonError::into_inner);
        let mut whole = Summary::default();
        for (_, summary) in all.get(metric)?.minutes.range(minutes) {
            whole.add(summary);
        }
        whole.statistic(statistic)
    }
}

impl Summary {
    fn take(&mut self, value: f64) {
        self.add(&Summary {
            count: 1.0,
            sum: value,
            least: value,
            most: value,
            values: Vec::new(),
        });
    }

    fn add(&mut self, other: &Summary) {
        if self.count == 0.0 {
            (self.least, self.most) = (other.least, other.most);
        }
        self.count += other.count;
        self.sum += other.sum;
        self.least = self.least.min(other.least);
        self.most = self.most.max(other.most);
        self.values.extend_from_slice(&other.values);
    }

    fn statistic(mut self, statistic: Statistic) -> Option<f64> {
        if self.count == 0.0 {
            return None;
        }
        Some(match statistic {
            Statistic::Sum => self.sum,
            Statistic::Average => self.sum / self.count,
            Statistic::Minimum => self.least,
            Statistic::Maximum => self.most,
            Statistic::SampleCount => self.count,
            Statistic::Percentile(percentile) => {
                self.values.sort_by(f64::total_cmp);
                let below = self.values.len() as f64 * percentile / 100.0;
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "a share of a length"
                )]
                let place = (below.ceil() as usize).max(1) - 1;
                *self.values.get(place)?
            }
        })
    }
}

/// How many minutes a period has.
pub(super) fn minutes(period: Duration) -> u64 {
    period.as_secs() / 60
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Takes values down, each in its minute.
    pub(in super::super) fn given(metrics: &Metrics, metric: &Metric, values: &[(u64, f64)]) {
        for (minute, value) in values {
            metrics.record_at(*minute, metric, *value);
        }
    }

    #[test]
    fn statistics_are_cloudwatchs() {
        let mut whole = Summary::default();
        for value in [3.0, 1.0, 2.0, 10.0] {
            whole.take(value);
            whole.values.push(value);
        }
        for (statistic, expected) in [
            (Statistic::Sum, 16.0),
            (Statistic::Average, 4.0),
            (Statistic::Minimum, 1.0),
            (Statistic::Maximum, 10.0),
            (Statistic::SampleCount, 4.0),
            (Statistic::Percentile(50.0), 2.0),
            (Statistic::Percentile(99.0), 10.0),
        ] {
            assert_eq!(whole.clone().statistic(statistic), Some(expected));
        }
        assert_eq!(Summary::default().statistic(Statistic::Sum), None);
    }
}
