//! Numbers that alarms watch, as lines of the log in CloudWatch's embedded metric
//! format (docs/adr/0019): CloudWatch makes metrics of them, and nothing is called.

use std::io::Write;
use std::sync::OnceLock;

use serde_json::{Map, Value, json};

use crate::clock;
use crate::config::{self, ConfigError};
use crate::trace;

/// What every metric has as a dimension: CloudWatch knows none without.
const SERVICE: &str = "desk";

/// Where the metrics of this process go. A function that runs beside others in one
/// process has none.
static SOURCE: OnceLock<Source> = OnceLock::new();

struct Source {
    namespace: String,
    function: String,
}

/// Has this process's metrics written, by what its environment says.
///
/// # Errors
/// When it does not say.
pub(crate) fn start() -> Result<(), ConfigError> {
    let source = Source {
        namespace: config::required("METRICS_NAMESPACE")?,
        function: config::required("AWS_LAMBDA_FUNCTION_NAME")?,
    };
    // A second call changes nothing.
    let _ = SOURCE.set(source);
    Ok(())
}

/// Something failed that Lambda does not count as an error: an answer of 5xx, a
/// panic, a message that nothing will make readable.
pub(crate) fn failure(cause: &'static str) {
    if let Some(source) = SOURCE.get() {
        let (request_id, origin) = (trace::request_id(), trace::origin());
        let properties = [
            ("level", Some("ERROR")),
            ("cause", Some(cause)),
            ("request_id", request_id.as_deref()),
            ("origin", origin.as_deref()),
        ];
        write(&source.line(&[("Failures", "Count", 1)], &properties));
    }
}

/// Seconds that something has been waiting for, by the metric's name.
pub fn seconds(values: &[(&str, i64)]) {
    if let Some(source) = SOURCE.get() {
        let values: Vec<_> = values
            .iter()
            .map(|(name, value)| (*name, "Seconds", *value))
            .collect();
        write(&source.line(&values, &[("level", Some("INFO"))]));
    }
}

impl Source {
    /// A line with some metrics, and what stands beside them for whoever reads it.
    /// Lambda passes JSON on as it is where it says its level and time.
    fn line(&self, values: &[(&str, &str, i64)], properties: &[(&str, Option<&str>)]) -> Value {
        let now = clock::now();
        let metrics = values
            .iter()
            .map(|(name, unit, _)| json!({ "Name": name, "Unit": unit }));
        let mut line = Map::new();
        line.insert("timestamp".to_owned(), json!(now.to_string()));
        for (name, value) in properties {
            line.extend(value.map(|value| ((*name).to_owned(), json!(value))));
        }
        line.insert("Service".to_owned(), json!(SERVICE));
        line.insert("Function".to_owned(), json!(self.function));
        for (name, _, value) in values {
            line.insert((*name).to_owned(), json!(value));
        }
        let directive = json!({
            "Namespace": self.namespace,
            "Dimensions": [["Service"], ["Service", "Function"]],
            "Metrics": metrics.collect::<Vec<_>>(),
        });
        let metadata =
            json!({ "Timestamp": now.as_millisecond(), "CloudWatchMetrics": [directive] });
        line.insert("_aws".to_owned(), metadata);
        line.into()
    }
}

/// One line at once, so that no other one gets into it. A log that cannot be written
/// has nowhere to say so.
fn write(line: &Value) {
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(format!("{line}\n").as_bytes());
    let _ = out.flush();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_what_cloudwatch_is_to_make_of_it() {
        let source = Source {
            namespace: "desk-stack".to_owned(),
            function: "notifier".to_owned(),
        };
        let properties = [("level", Some("ERROR")), ("origin", None)];
        let mut line = source.line(&[("Failures", "Count", 1)], &properties);
        let metadata = line["_aws"].take();
        assert!(metadata["Timestamp"].is_i64(), "{metadata}");
        let expected = json!([{
            "Namespace": "desk-stack",
            "Dimensions": [["Service"], ["Service", "Function"]],
            "Metrics": [{ "Name": "Failures", "Unit": "Count" }],
        }]);
        assert_eq!(metadata["CloudWatchMetrics"], expected);
        // What the directive names stands beside it, and Lambda's two keys.
        assert_eq!(line["Failures"], 1);
        assert_eq!(
            (&line["Service"], &line["Function"]),
            (&json!("desk"), &json!("notifier"))
        );
        assert_eq!(line["level"], "ERROR");
        assert!(line["timestamp"].is_string());
        assert!(line.get("origin").is_none());
    }
}
