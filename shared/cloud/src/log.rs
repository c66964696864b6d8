//! Logs: JSON lines through `tracing`. Ids and numbers go in fields; addresses,
//! texts and tokens go nowhere. A failure is logged once, where it is handled.

use tracing::Level;

use crate::config;

/// Starts logging, from the level on that Lambda says; without one it is `info`.
/// Every line has the invocation and the request that it belongs to (`trace`).
pub fn start() {
    let level = config::optional("AWS_LAMBDA_LOG_LEVEL").and_then(|text| text.parse().ok());
    // A second call, as tests make it, changes nothing.
    let _ = tracing_subscriber::fmt()
        .json()
        .with_max_level(level.unwrap_or(Level::INFO))
        .with_current_span(true)
        .with_span_list(false)
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
