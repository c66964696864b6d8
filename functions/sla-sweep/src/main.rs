//! `sla-sweep` looks, every minute, for what is due and what is stuck. It only
//! enqueues, and records numbers that stand for nothing.

mod handler;
#[cfg(test)]
mod tests;

use cloud::config::{ConfigError, Environment};
use cloud::desk::Desk;
use cloud::entry::{Function, FunctionError, run, written};
use types::Timestamp;
use types::effects::QueueName;

struct Sweep {
    desk: Desk,
    outbox_age_seconds: i64,
}

impl Function for Sweep {
    async fn start(environment: &Environment) -> Result<Self, ConfigError> {
        let queues = [
            QueueName::Assignment,
            QueueName::Escalation,
            QueueName::Notification,
            QueueName::Reminder,
            QueueName::Closure,
        ];
        Ok(Sweep {
            desk: Desk::start(environment, &queues).await?,
            outbox_age_seconds: environment.parsed("OUTBOX_AGE_SECONDS")?,
        })
    }

    async fn tick(&self, time: Timestamp) -> Result<Box<cloud::RawValue>, FunctionError> {
        let swept = handler::sweep(&self.desk, time, self.outbox_age_seconds).await;
        written(&swept.map_err(FunctionError::Sweep)?)
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), cloud::RuntimeError> {
    run::<Sweep>().await
}
