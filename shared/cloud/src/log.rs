//! Logs: JSON lines through `tracing`. Ids and numbers go in fields; addresses,
//! texts and tokens go nowhere. A failure is logged once, where it is handled.

use tracing_subscriber::EnvFilter;

use crate::config;

/// Starts logging. `DESK_LOG` takes a filter (`debug`, `cloud=trace`, …); without
/// it the level is `info`.
pub fn start() {
    let filter = config::optional("DESK_LOG")
        .and_then(|text| EnvFilter::try_new(text).ok())
        .unwrap_or_else(|| EnvFilter::new("info"));
    // A second call, as tests make it, changes nothing.
    let _ = tracing_subscriber::fmt()
        .json()
        .with_env_filter(filter)
        .with_current_span(false)
        .try_init();
}

/// An error with its causes, on one line.
pub fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
