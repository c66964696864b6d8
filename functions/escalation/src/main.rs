//! `escalation` passes a ticket on to the Technology Office, an outside provider
//! or back (activities 5 to 10 of the procedure), and fires the steps of the
//! attention and solution clocks.

mod handler;
mod queue;
#[cfg(test)]
mod tests;

use cloud::config::{ConfigError, Environment};
use cloud::consumer::Batch;
use cloud::desk::Desk;
use cloud::entry::{Function, FunctionError, run, run_batch};
use cloud::http::{Answer, Call};
use types::effects::QueueName;
use types::problem::Problem;

struct Escalation {
    queue: queue::Steps,
}

impl Function for Escalation {
    async fn start(environment: &Environment) -> Result<Self, ConfigError> {
        let queues = [
            QueueName::Escalation,
            QueueName::Notification,
            QueueName::Reminder,
        ];
        let desk = Desk::start(environment, &queues).await?;
        Ok(Escalation {
            queue: queue::Steps { desk },
        })
    }

    async fn http(&self, call: Call) -> Result<Answer, Problem> {
        handler::answer(&self.queue.desk, &call).await
    }

    async fn batch(&self, batch: Batch) -> Result<Box<cloud::RawValue>, FunctionError> {
        run_batch(&self.queue, batch).await
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), cloud::RuntimeError> {
    run::<Escalation>().await
}
