//! `mailroom` takes in what comes by mail: a request, a reply, a provider's
//! answer, an officer's solution, or a refusal on record (activities 1, 10 and
//! 11 of the procedure).

mod decision;
mod handler;
mod inbox;
mod marks;
mod pages;
mod receipts;
mod recovery;
#[cfg(test)]
mod tests;

use cloud::config::{ConfigError, Environment};
use cloud::consumer::Batch;
use cloud::desk::Desk;
use cloud::entry::{Function, FunctionError, run, run_notices, written};
use cloud::files::Bucket;
use cloud::http::{Answer, Call};
use cloud::queues::Watched;
use cloud::uploads::Uploads;
use types::Timestamp;
use types::effects::QueueName;
use types::problem::Problem;

struct Mailroom {
    inbox: inbox::Inbox,
}

impl Function for Mailroom {
    async fn start(environment: &Environment) -> Result<Self, ConfigError> {
        let queues = [QueueName::Assignment, QueueName::Notification];
        let mut own = environment.addresses(&["REPLY_ADDRESS", "MAIL_FROM"])?;
        own.extend(environment.address_list("KNOWN_ADDRESSES")?);
        Ok(Mailroom {
            inbox: inbox::Inbox {
                desk: Desk::start(environment, &queues).await?,
                raw: Bucket::new(environment, "MAIL_BUCKET")?,
                notices: Watched::new(environment, "INBOUND_MAIL_QUEUE_URL")?,
                files: Uploads::new(environment)?,
                secret: environment.token_secret()?,
                outsiders: environment.parsed("OUTSIDE_SENDERS")?,
                labels: environment.parsed("PLUS_ADDRESSES")?,
                own,
                sender_limit: environment.parsed("MAILS_PER_SENDER_HOUR")?,
                answer_limit: environment.parsed("ANSWERS_PER_SENDER_HOUR")?,
            },
        })
    }

    async fn http(&self, call: Call) -> Result<Answer, Problem> {
        // On the heap: between a page and the commit of a registration there is much.
        Box::pin(handler::answer(&self.inbox, &call)).await
    }

    async fn batch(&self, batch: Batch) -> Result<Box<cloud::RawValue>, FunctionError> {
        Box::pin(run_notices(&self.inbox, batch)).await
    }

    async fn tick(&self, time: Timestamp) -> Result<Box<cloud::RawValue>, FunctionError> {
        let recovered = recovery::recover(&self.inbox, time).await;
        let recovered = recovered.map_err(|e| FunctionError::Recovery(e.into()))?;
        written(&recovered.to_json())
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), cloud::RuntimeError> {
    run::<Mailroom>().await
}
