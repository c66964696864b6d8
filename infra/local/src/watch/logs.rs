//! What functions write into their logs for CloudWatch: the embedded metric format.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::PathBuf;

use serde_json::Value;

use crate::watch::metrics::Metrics;

/// A function's log, read as it grows.
pub(super) struct Tail {
    path: PathBuf,
    read: u64,
    /// The beginning of a line that has no end yet.
    rest: Vec<u8>,
}

impl Tail {
    /// From its end on.
    pub(super) fn new(path: PathBuf) -> Self {
        let read = path.metadata().map_or(0, |file| file.len());
        Self {
            path,
            read,
            rest: Vec::new(),
        }
    }

    /// Reads what was added, and records the metrics in it.
    pub(super) fn follow(&mut self, metrics: &Metrics) -> io::Result<()> {
        let mut file = match File::open(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            file => file?,
        };
        file.seek(SeekFrom::Start(self.read))?;
        let mut added = Vec::new();
        self.read += u64::try_from(file.read_to_end(&mut added)?).unwrap_or_default();
        self.rest.extend(added);
        let Some(end) = self.rest.iter().rposition(|byte| *byte == b'\n') else {
            return Ok(());
        };
        let rest = self.rest.split_off(end + 1);
        for line in std::mem::replace(&mut self.rest, rest).split(|byte| *byte == b'\n') {
            // Few lines are metrics; the others are not read.
            if line.windows(6).any(|part| part == b"\"_aws\"")
                && let Ok(line) = serde_json::from_slice::<Value>(line)
            {
                record(&line, metrics);
            }
        }
        Ok(())
    }
}

/// Records what a line of the embedded metric format has.
fn record(line: &Value, metrics: &Metrics) {
    let all = |value: &Value| value.as_array().cloned().unwrap_or_default();
    for directive in all(&line["_aws"]["CloudWatchMetrics"]) {
        let namespace = directive["Namespace"].as_str().unwrap_or_default();
        for metric in all(&directive["Metrics"]) {
            let name = metric["Name"].as_str().unwrap_or_default();
            let Some(value) = line[name].as_f64() else {
                continue;
            };
            for set in all(&directive["Dimensions"]) {
                let set = all(&set);
                let dimensions: Vec<_> = set
                    .iter()
                    .filter_map(|name| {
                        let name = name.as_str()?;
                        Some((name, line[name].as_str()?))
                    })
                    .collect();
                metrics.record(namespace, name, &dimensions, value);
            }
        }
    }
}
