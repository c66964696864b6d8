//! `session` signs people in to the pages and out of them (docs/adr/0015).

mod attempt;
mod handler;
mod issuer;
mod page;
#[cfg(test)]
mod tests;

use cloud::config::{ConfigError, Environment};
use cloud::entry::{Function, run};
use cloud::http::{Answer, Call};
use types::problem::Problem;

impl Function for handler::Session {
    async fn start(environment: &Environment) -> Result<Self, ConfigError> {
        let session = Self::new(environment)?;
        session.store.warm().await;
        Ok(session)
    }

    async fn http(&self, call: Call) -> Result<Answer, Problem> {
        handler::answer(self, &call).await
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), cloud::RuntimeError> {
    run::<handler::Session>().await
}
