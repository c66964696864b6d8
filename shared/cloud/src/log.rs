//! Logs: JSON lines through `tracing`. Ids and numbers go in fields; addresses,
//! texts and tokens go nowhere. A failure is logged once, where it is handled.

use tracing::Level;

use crate::config;

/// Starts logging. `DESK_LOG` takes a level (`debug`, `trace`, …); without it the
/// level is `info`.
pub fn start() {
    let level = config::optional("DESK_LOG").and_then(|text| text.parse().ok());
    // A second call, as tests make it, changes nothing.
    let _ = tracing_subscriber::fmt()
        .json()
        .with_max_level(level.unwrap_or(Level::INFO))
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
