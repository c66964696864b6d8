//! `resolution` takes follow-ups, the officer's report, solutions and
//! out-of-scope answers (activities 4, 9 and 11 to 13 of the procedure).

mod formats;
mod handler;
#[cfg(test)]
mod tests;

use cloud::config::{ConfigError, Environment};
use cloud::desk::Desk;
use cloud::entry::{Function, run};
use cloud::http::{Answer, Call};
use types::effects::QueueName;
use types::problem::Problem;

struct Resolution {
    desk: Desk,
}

impl Function for Resolution {
    async fn start(environment: &Environment) -> Result<Self, ConfigError> {
        Ok(Resolution {
            desk: Desk::start(environment, &[QueueName::Notification])
                .await?
                .serving_links(environment.token_secret()?),
        })
    }

    async fn http(&self, call: Call) -> Result<Answer, Problem> {
        handler::answer(&self.desk, &call).await
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), cloud::RuntimeError> {
    run::<Resolution>().await
}
