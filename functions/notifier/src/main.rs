//! `notifier` is the only one that sends mail.

mod letter;
mod message;
mod queue;

use cloud::config;
use cloud::desk::Desk;
use cloud::entry::{Function, FunctionError, run, run_batch};
use cloud::mailer::Mailer;
use types::effects::QueueName;

struct Notifier {
    queue: queue::Postman,
}

impl Function for Notifier {
    async fn batch(&self, event: cloud::SqsEvent) -> Result<Box<cloud::RawValue>, FunctionError> {
        run_batch(&self.queue, event).await
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), cloud::RuntimeError> {
    run(async {
        let desk = Desk::start(&[QueueName::Notification]).await?;
        let mailer = Mailer::new(desk.sdk());
        let office = message::Office {
            base_url: config::required("BASE_URL")?,
            from: config::parsed("MAIL_FROM")?,
            reply_address: config::parsed("REPLY_ADDRESS")?,
            secret: config::token_secret()?,
        };
        Ok(Notifier {
            queue: queue::Postman {
                desk,
                mailer,
                office,
            },
        })
    })
    .await
}
