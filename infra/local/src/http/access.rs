//! API Gateway's access log: a line of each request, in the template's form.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::PathBuf;
use std::time::Duration;

use axum::http::StatusCode;
use template::{AccessLog, Piece};
use ulid::Ulid;

/// Where the lines go, and what they are made of.
pub(crate) struct AccessLines {
    format: Option<AccessLog>,
    path: PathBuf,
}

/// What comes to be known of a request.
pub(super) struct Seen {
    pub(super) request_id: String,
    pub(super) time: String,
    pub(super) route: Option<String>,
    pub(super) subject: Option<String>,
    /// What the function answered, and how long that took.
    pub(super) integration: Option<(Option<StatusCode>, Duration)>,
    pub(super) error: Option<&'static str>,
}

impl Seen {
    pub(super) fn new(time: String) -> Self {
        Self {
            request_id: Ulid::generate().to_string(),
            time,
            route: None,
            subject: None,
            integration: None,
            error: None,
        }
    }

    /// What a line has in the place of a variable.
    fn value(&self, name: &str, status: StatusCode, took: Duration) -> Option<String> {
        match name {
            "authorizer.claims.sub" => self.subject.clone(),
            "error.message" => self.error.map(str::to_owned),
            "identity.sourceIp" => Some("127.0.0.1".to_owned()),
            "integration.latency" => {
                let took = self.integration.map(|(_, took)| took);
                took.map(|took| took.as_millis().to_string())
            }
            "integration.status" => {
                let status = self.integration.and_then(|(status, _)| status);
                status.map(|status| status.as_u16().to_string())
            }
            "requestId" => Some(self.request_id.clone()),
            "requestTime" => Some(self.time.clone()),
            "responseLatency" => Some(took.as_millis().to_string()),
            "routeKey" => self.route.clone(),
            "status" => Some(status.as_u16().to_string()),
            _ => None,
        }
    }
}

impl AccessLines {
    pub(crate) fn of(format: Option<AccessLog>, path: PathBuf) -> Self {
        Self { format, path }
    }

    /// Writes the line of a request that was answered.
    pub(super) fn write(&self, seen: &Seen, status: StatusCode, took: Duration) {
        let Some(format) = &self.format else {
            return;
        };
        let pieces = format.pieces.iter().map(|piece| match piece {
            Piece::Text(text) => text.clone(),
            Piece::Variable(name) => {
                let value = seen.value(name, status, took);
                // What is not known is a dash.
                escaped(value.as_deref().unwrap_or("-"))
            }
        });
        let line: String = pieces.chain(["\n".to_owned()]).collect();
        if let Err(error) = self.append(&line) {
            tracing::error!(%error, "the access log cannot be written");
        }
    }

    fn append(&self, line: &str) -> io::Result<()> {
        let mut file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&self.path)?;
        file.write_all(line.as_bytes())
    }
}

/// As it may stand between the quotes of JSON.
fn escaped(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}
