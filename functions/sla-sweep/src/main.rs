//! `sla-sweep` looks, every minute, for what is due and what is stuck. It only
//! enqueues, and records numbers that stand for nothing.

mod handler;

use cloud::config;
use cloud::desk::Desk;
use cloud::entry::{Function, FunctionError, run, written};
use types::Timestamp;
use types::effects::QueueName;

struct Sweep {
    desk: Desk,
    outbox_age_seconds: i64,
}

impl Function for Sweep {
    async fn tick(&self, time: Timestamp) -> Result<Box<cloud::RawValue>, FunctionError> {
        let swept = handler::sweep(&self.desk, time, self.outbox_age_seconds).await;
        written(&swept.map_err(FunctionError::Sweep)?)
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), cloud::RuntimeError> {
    run(async {
        let queues = [
            QueueName::Assignment,
            QueueName::Escalation,
            QueueName::Notification,
            QueueName::Reminder,
            QueueName::Closure,
        ];
        let desk = Desk::start(&queues).await?;
        Ok(Sweep {
            desk,
            outbox_age_seconds: config::parsed("OUTBOX_AGE_SECONDS")?,
        })
    })
    .await
}
