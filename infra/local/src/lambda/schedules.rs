//! Schedules: functions that are called at a rate.

use std::sync::Arc;
use std::time::Duration;

use emulator::arn::{ACCOUNT, REGION};
use emulator::clock::Clock;
use serde_json::json;
use template::Schedule;
use ulid::Ulid;

use crate::lambda::runtime::Runtime;

/// Invokes a function at its rate, for as long as the host runs. The first
/// time is one second after everything is up.
pub(crate) async fn run_schedule(schedule: Schedule, clock: Clock, runtime: Arc<Runtime>) {
    while !runtime.is_up() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let first = tokio::time::Instant::now() + Duration::from_secs(1);
    let mut ticks = tokio::time::interval_at(first, schedule.rate);
    loop {
        ticks.tick().await;
        let event = json!({
            "version": "0",
            "id": Ulid::generate().to_string(),
            "detail-type": "Scheduled Event",
            "source": "aws.events",
            "account": ACCOUNT,
            // EventBridge knows no fractions of a second.
            "time": clock.now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            "region": REGION,
            "resources": [format!("arn:aws:events:{REGION}:{ACCOUNT}:rule/{}", schedule.name)],
            "detail": {},
        });
        if let Err(error) = runtime
            .invoke(&schedule.function, event.to_string().into())
            .await
        {
            tracing::error!(%error, function = schedule.function, "a scheduled invocation failed");
        }
    }
}
