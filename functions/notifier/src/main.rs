//! `notifier` is the only one that sends mail.

mod asks;
mod feedback;
mod letter;
mod message;
mod office;
mod queue;
mod review;
#[cfg(test)]
mod tests;

use cloud::config::{ConfigError, Environment};
use cloud::consumer::Batch;
use cloud::desk::Desk;
use cloud::entry::{Function, FunctionError, run, run_batch, run_notices};
use cloud::files::Bucket;
use cloud::mailer::Mailer;
use types::effects::QueueName;

struct Notifier {
    queue: queue::Postman,
    feedback_queue: String,
    reminder_queue: String,
}

impl Function for Notifier {
    async fn start(environment: &Environment) -> Result<Self, ConfigError> {
        let queues = [QueueName::Notification, QueueName::Reminder];
        Ok(Notifier {
            queue: queue::Postman {
                desk: Desk::start(environment, &queues).await?,
                files: Bucket::new(environment, "FILES_BUCKET")?,
                mailer: Mailer::new(environment)?,
                office: office::Office {
                    base_url: environment.required("BASE_URL")?,
                    from: environment.parsed("MAIL_FROM")?,
                    reply_address: environment.parsed("REPLY_ADDRESS")?,
                    secret: environment.token_secret()?,
                },
            },
            reminder_queue: environment.required("REMINDER_QUEUE_ARN")?,
            feedback_queue: environment.required("FEEDBACK_QUEUE_ARN")?,
        })
    }

    async fn batch(&self, batch: Batch) -> Result<Box<cloud::RawValue>, FunctionError> {
        let source = batch.source();
        if source == Some(self.feedback_queue.as_str()) {
            run_notices(&feedback::Feedback(&self.queue.desk), batch).await
        } else if source == Some(self.reminder_queue.as_str()) {
            run_batch(&queue::Reminders(&self.queue), batch).await
        } else {
            run_batch(&self.queue, batch).await
        }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), cloud::RuntimeError> {
    run::<Notifier>().await
}
