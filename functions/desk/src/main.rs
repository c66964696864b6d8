//! `desk` is the read side: lists, tickets, histories and the catalogue. It also
//! answers the paths that do not exist.

mod account;
mod catalogue;
mod catalogue_pages;
#[cfg(test)]
mod catalogue_tests;
mod enrolment;
#[cfg(test)]
mod enrolment_tests;
mod files;
mod formats;
mod formdata;
mod handler;
mod pages;
mod preferences;
mod presence;
mod sheet_pages;
#[cfg(test)]
mod tests;
#[cfg(test)]
#[path = "tests/accounts.rs"]
mod tests_of_accounts;
#[cfg(test)]
#[path = "tests/told.rs"]
mod tests_of_what_is_told;
#[cfg(test)]
#[path = "tests/said.rs"]
mod tests_of_words;
#[cfg(test)]
#[path = "tests/work.rs"]
mod tests_of_work;
mod usage;

use cloud::config::{ConfigError, Environment};
use cloud::desk::Desk;
use cloud::entry::{Function, run};
use cloud::files::Bucket;
use cloud::http::{Answer, Call};
use cloud::uploads::Uploads;
use types::effects::QueueName;
use types::problem::Problem;

struct ReadSide {
    desk: Desk,
    files: Bucket,
}

impl Function for ReadSide {
    async fn start(environment: &Environment) -> Result<Self, ConfigError> {
        Ok(ReadSide {
            files: Bucket::new(environment, "FILES_BUCKET")?,
            desk: Desk::start(environment, &[QueueName::Assignment])
                .await?
                .serving_links(environment.token_secret()?)
                .taking_files(Uploads::new(environment)?),
        })
    }

    async fn http(&self, call: Call) -> Result<Answer, Problem> {
        handler::answer(&self.desk, &self.files, &call).await
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), cloud::RuntimeError> {
    run::<ReadSide>().await
}
