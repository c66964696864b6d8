//! `assignment` gives each ticket to somebody of its team, and takes what an
//! agent does first: take, contact, recategorise (activity 2 of the procedure).

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

struct Assignment {
    queue: queue::Assigner,
}

impl Function for Assignment {
    async fn start(environment: &Environment) -> Result<Self, ConfigError> {
        let queues = [QueueName::Assignment, QueueName::Notification];
        let desk = Desk::start(environment, &queues).await?;
        Ok(Assignment {
            queue: queue::Assigner::new(desk),
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
    run::<Assignment>().await
}
