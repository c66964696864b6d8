//! `intake` registers requests (activities 1 and 2 of the procedure, control
//! C1).

mod handler;
#[cfg(test)]
mod tests;

use cloud::config::{ConfigError, Environment};
use cloud::desk::Desk;
use cloud::entry::{Function, run};
use cloud::http::{Answer, Call};
use cloud::uploads::Uploads;
use types::effects::QueueName;
use types::problem::Problem;

struct Intake {
    desk: Desk,
}

impl Function for Intake {
    async fn start(environment: &Environment) -> Result<Self, ConfigError> {
        let queues = [QueueName::Assignment, QueueName::Notification];
        Ok(Intake {
            desk: Desk::start(environment, &queues)
                .await?
                .taking_files(Uploads::new(environment)?),
        })
    }

    async fn http(&self, call: Call) -> Result<Answer, Problem> {
        handler::answer(&self.desk, &call).await
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), cloud::RuntimeError> {
    run::<Intake>().await
}
