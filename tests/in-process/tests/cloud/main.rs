//! `shared/cloud` over AWS in memory: the way into a function, how a batch is worked
//! off, and what the store promises.

mod batches;
mod entries;
mod large;
mod sessions;
mod stored;

use cloud::config::{ConfigError, Environment};
use cloud::consumer::{Batch, Consumer, Failure, Work};
use cloud::desk::Desk;
use cloud::entry::{Function, FunctionError, run_batch, written};
use cloud::http::{Answer, Call};
use serde_json::json;
use types::Timestamp;
use types::command::Application;
use types::effects::QueueName;
use types::message::Doorbell;
use types::problem::Problem;
use types::ticket::Ticket;

/// A function that does as the tickets tell it that it works on.
struct Sample {
    desk: Desk,
}

impl Function for Sample {
    async fn start(environment: &Environment) -> Result<Self, ConfigError> {
        let queues = [QueueName::Assignment, QueueName::Notification];
        Ok(Sample {
            desk: Desk::start(environment, &queues).await?,
        })
    }

    async fn http(&self, call: Call) -> Result<Answer, Problem> {
        assert_ne!(call.path, "/tickets/13/contact", "this one panics");
        let identity = call.identity(&self.desk.entity_domains)?;
        let said = json!({
            "route": call.route,
            "ref": call.parameter("ref"),
            "email": identity.email.as_str(),
            "name": identity.name,
            "body": String::from_utf8_lossy(&call.body),
            "query": call.query(),
        });
        Answer::json(200, &said)
    }

    async fn batch(&self, batch: Batch) -> Result<Box<cloud::RawValue>, FunctionError> {
        run_batch(&Obedient(&self.desk), batch).await
    }

    async fn tick(&self, time: Timestamp) -> Result<Box<cloud::RawValue>, FunctionError> {
        written(&json!({ "woken_at": time.to_string() }))
    }
}

/// Fails, panics or works as the ticket's title says.
struct Obedient<'a>(&'a Desk);

impl Consumer for Obedient<'_> {
    const QUEUE: QueueName = QueueName::Assignment;
    const CONCURRENCY: usize = 2;

    type Batch = ();

    fn desk(&self) -> &Desk {
        self.0
    }

    async fn work(&self, (): &(), work: Work) -> Result<Vec<Doorbell>, Failure> {
        let Work::Outbox { ticket, row, .. } = work else {
            return Err(work.misplaced());
        };
        assert_ne!(title(&ticket), "panic", "this one panics");
        match title(&ticket) {
            "retry" => Err(Failure::Retry {
                after: None,
                reason: "not now".to_owned(),
            }),
            "later" => Err(Failure::Retry {
                after: Some(std::time::Duration::from_millis(2_500)),
                reason: "somebody has it".to_owned(),
            }),
            "poison" => Err(Failure::Poison("never".to_owned())),
            _ => {
                self.0.store.finish_outbox(row).await?;
                Ok(self.0.store.owed(row.ticket).await?)
            }
        }
    }
}

fn title(ticket: &Ticket) -> &str {
    &ticket.request.title
}

fn set_title(application: &mut Application, title: &str) {
    title.clone_into(&mut application.request.title);
}
