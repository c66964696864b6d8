//! `resolution` takes follow-ups, files, the officer's report, solutions and
//! out-of-scope answers (activities 4, 9 and 11 to 13 of the procedure).

mod formats;
mod handler;
#[cfg(test)]
mod tests;

use cloud::config::{ConfigError, Environment};
use cloud::desk::Desk;
use cloud::entry::{Function, FunctionError, run, written};
use cloud::http::{Answer, Call};
use cloud::uploads::Uploads;
use serde_json::json;
use types::Timestamp;
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
                .serving_links(environment.token_secret()?)
                .taking_files(Uploads::new(environment)?),
        })
    }

    async fn http(&self, call: Call) -> Result<Answer, Problem> {
        handler::answer(&self.desk, &call).await
    }

    /// Removes files that nobody attached in time.
    async fn tick(&self, time: Timestamp) -> Result<Box<cloud::RawValue>, FunctionError> {
        let removed = self.desk.clear_uploads(time).await;
        let removed = removed.map_err(|e| FunctionError::Uploads(e.into()))?;
        written(&json!({ "removed": removed }))
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), cloud::RuntimeError> {
    run::<Resolution>().await
}
