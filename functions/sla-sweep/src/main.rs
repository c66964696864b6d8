//! `sla-sweep` looks, every minute, for what is due and what is stuck. It only
//! enqueues, and records numbers that stand for nothing.

mod handler;
#[cfg(test)]
mod tests;

use cloud::clock;
use cloud::config::{ConfigError, Environment};
use cloud::desk::Desk;
use cloud::entry::{Function, FunctionError, run, written};
use types::effects::QueueName;
use types::{SignedDuration, Timestamp};

/// How far ahead of the clock a sweep may be woken: two clocks never agree. What is due
/// then would be acted on now, and nothing takes that back.
const FARTHEST: SignedDuration = SignedDuration::from_hours(1);

struct Sweep {
    desk: Desk,
    outbox_age_seconds: i64,
    farthest: Option<SignedDuration>,
}

impl Function for Sweep {
    async fn start(environment: &Environment) -> Result<Self, ConfigError> {
        let queues = [
            QueueName::Assignment,
            QueueName::Escalation,
            QueueName::Notification,
            QueueName::Reminder,
            QueueName::Closure,
            QueueName::Intake,
        ];
        Ok(Sweep {
            desk: Desk::start(environment, &queues).await?,
            outbox_age_seconds: environment.parsed("OUTBOX_AGE_SECONDS")?,
            farthest: match environment.optional(clock::SWEEPS_AHEAD) {
                Some(_) => None,
                None => Some(FARTHEST),
            },
        })
    }

    async fn tick(&self, time: Timestamp) -> Result<Box<cloud::RawValue>, FunctionError> {
        let now = clock::now();
        if self.farthest.is_some_and(|farthest| time > now + farthest) {
            tracing::error!(%time, "the sweep was woken far ahead of the clock, and swept nothing");
            return Err(FunctionError::TooFarAhead);
        }
        let swept = handler::sweep(&self.desk, time, self.outbox_age_seconds).await;
        written(&swept.map_err(FunctionError::Sweep)?)
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), cloud::RuntimeError> {
    run::<Sweep>().await
}
