//! The validation clock: what the sweep found due is looked at again. Once the
//! time is over the ticket is closed; half-way the requester is reminded.

use cloud::consumer::{Consumer, Failure, Work, act_on_timer};
use cloud::desk::Desk;
use types::command::Command;
use types::effects::QueueName;
use types::message::Doorbell;

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
            Work::Timer { ticket, at } => {
                let commands = [Command::ExpireValidation, Command::FireSteps];
                act_on_timer(&self.desk, Self::QUEUE, *ticket, at, &commands).await
            }
            other @ (Work::Outbox { .. }
            | Work::Answer { .. }
            | Work::HandOver { .. }
            | Work::Ending { .. }
            | Work::Reviews { .. }
            | Work::ReviewSigned { .. }
            | Work::ReviewNotice { .. }) => Err(other.misplaced()),
        }
    }
}
