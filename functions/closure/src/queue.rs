//! The validation deadline: what the sweep found due is looked at again, and
//! closed only if it still is.

use cloud::clock;
use cloud::consumer::{Consumer, Failure, Work};
use cloud::desk::Desk;
use cloud::store::CommitError;
use types::Timestamp;
use types::command::{Command, Rejection, Setting, decide};
use types::effects::QueueName;
use types::message::Doorbell;
use types::permission::Actor;
use types::ticket::Ticket;

/// The consumer of the queue `closure`.
pub struct Deadlines {
    pub desk: Desk,
}

impl Consumer for Deadlines {
    const QUEUE: QueueName = QueueName::Closure;
    const CONCURRENCY: usize = 5;

    type Batch = ();

    fn desk(&self) -> &Desk {
        &self.desk
    }

    async fn work(&self, (): &(), work: Work) -> Result<Vec<Doorbell>, Failure> {
        match work {
            Work::Timer { ticket, at } => expire(&self.desk, *ticket, at).await,
            Work::Outbox { row, .. } => Err(Failure::Poison(format!(
                "{} is not for this queue",
                row.effect
            ))),
        }
    }
}

async fn expire(desk: &Desk, ticket: Ticket, at: Timestamp) -> Result<Vec<Doorbell>, Failure> {
    let stored = desk.catalogue_for_queue().await?;
    let setting = Setting {
        now: at.max(clock::now()),
        catalogue: &stored.catalogue,
    };
    let events = match decide(&ticket, &Command::ExpireValidation, &Actor::System, setting) {
        Ok(events) => events,
        // The requester or the desk was faster, or the ticket was reopened.
        Err(Rejection::InvalidTransition(_)) => return Ok(vec![]),
        Err(other) => return Err(Failure::Poison(format!("{other:?}"))),
    };
    match desk.commit_step(&ticket, &events, None, None).await {
        Ok(doorbells) => Ok(doorbells),
        // Whatever happened, the sweep looks again in a minute.
        Err(CommitError::VersionChanged) => Ok(vec![]),
        Err(other) => Err(other.into()),
    }
}
