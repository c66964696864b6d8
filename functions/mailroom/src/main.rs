//! `mailroom` takes in what comes by mail: a request, a reply, a provider's
//! answer, an officer's solution, or a refusal on record (activities 1, 10 and
//! 11 of the procedure).

mod decision;
mod handler;
mod inbox;
mod recovery;

use cloud::config;
use cloud::consumer::Batch;
use cloud::desk::Desk;
use cloud::entry::{Function, FunctionError, run, run_notices, written};
use cloud::files::Bucket;
use cloud::http::{Answer, Call};
use cloud::queues::Watched;
use types::Timestamp;
use types::effects::QueueName;
use types::problem::Problem;

struct Mailroom {
    inbox: inbox::Inbox,
}

impl Function for Mailroom {
    async fn http(&self, call: Call) -> Result<Answer, Problem> {
        handler::answer(&self.inbox, &call).await
    }

    async fn batch(&self, batch: Batch) -> Result<Box<cloud::RawValue>, FunctionError> {
        run_notices(&self.inbox, batch).await
    }

    async fn tick(&self, time: Timestamp) -> Result<Box<cloud::RawValue>, FunctionError> {
        let recovered = recovery::recover(&self.inbox, time).await;
        let recovered = recovered.map_err(|e| FunctionError::Recovery(e.into()))?;
        written(&recovered.to_json())
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), cloud::RuntimeError> {
    run(async {
        let desk = Desk::start(&[QueueName::Assignment, QueueName::Notification]).await?;
        Ok(Mailroom {
            inbox: inbox::Inbox {
                raw: Bucket::new(desk.sdk(), "MAIL_BUCKET")?,
                notices: Watched::new(desk.sdk(), "INBOUND_MAIL_QUEUE_URL")?,
                files: Bucket::new(desk.sdk(), "FILES_BUCKET")?,
                secret: config::token_secret()?,
                outsiders: config::parsed("OUTSIDE_SENDERS")?,
                own: config::addresses(&["REPLY_ADDRESS", "MAIL_FROM"])?,
                sender_limit: config::parsed("MAILS_PER_SENDER_HOUR")?,
                answer_limit: config::parsed("ANSWERS_PER_SENDER_HOUR")?,
                desk,
            },
        })
    })
    .await
}
