//! `intake` registers requests (activities 1 and 2 of the procedure, control
//! C1), those too that open by themselves: accounts that end, and what a chief withdraws
//! in his quarterly review, which is signed here.

mod handler;
mod queue;
mod review;
#[cfg(test)]
mod tests;
#[cfg(test)]
#[path = "tests/accounts.rs"]
mod tests_of_accounts;

use cloud::config::{ConfigError, Environment};
use cloud::consumer::Batch;
use cloud::desk::Desk;
use cloud::entry::{Function, FunctionError, run, run_batch};
use cloud::http::{Answer, Call};
use cloud::uploads::Uploads;
use types::effects::QueueName;
use types::problem::Problem;

struct Intake {
    queue: queue::Accounts,
}

impl Function for Intake {
    async fn start(environment: &Environment) -> Result<Self, ConfigError> {
        let queues = [
            QueueName::Assignment,
            QueueName::Notification,
            QueueName::Reminder,
            QueueName::Intake,
        ];
        let desk = Desk::start(environment, &queues).await?;
        let desk = desk.taking_files(Uploads::new(environment)?);
        Ok(Intake {
            queue: queue::Accounts { desk },
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
    run::<Intake>().await
}
