//! `closure` takes the requester's word on a solution and closes (activities 14
//! and 15 of the procedure, control C2).

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
use types::token::TokenSecret;

struct Closure {
    queue: queue::Deadlines,
    secret: TokenSecret,
}

impl Function for Closure {
    async fn start(environment: &Environment) -> Result<Self, ConfigError> {
        let queues = [
            QueueName::Assignment,
            QueueName::Notification,
            QueueName::Reminder,
            QueueName::Closure,
        ];
        let secret = environment.token_secret()?;
        let desk = Desk::start(environment, &queues).await?;
        let desk = desk.serving_links(secret.clone());
        Ok(Closure {
            queue: queue::Deadlines { desk },
            secret,
        })
    }

    async fn http(&self, call: Call) -> Result<Answer, Problem> {
        handler::answer(&self.queue.desk, &self.secret, &call).await
    }

    async fn batch(&self, batch: Batch) -> Result<Box<cloud::RawValue>, FunctionError> {
        run_batch(&self.queue, batch).await
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), cloud::RuntimeError> {
    run::<Closure>().await
}
