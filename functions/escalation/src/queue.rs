//! The steps of the attention and solution clocks: what the sweep found due is
//! looked at again, and fires only if it still is.

use cloud::consumer::{Consumer, Failure, Work, act_on_timer};
use cloud::desk::Desk;
use types::command::Command;
use types::effects::QueueName;
use types::message::Doorbell;

/// The consumer of the queue `escalation`.
pub struct Steps {
    pub desk: Desk,
}

impl Consumer for Steps {
    const QUEUE: QueueName = QueueName::Escalation;
    // One after the other: the sweep rings for the oldest first.
    const CONCURRENCY: usize = 1;

    type Batch = ();

    fn desk(&self) -> &Desk {
        &self.desk
    }

    async fn work(&self, (): &(), work: Work) -> Result<Vec<Doorbell>, Failure> {
        match work {
            Work::Timer { ticket, at } => {
                act_on_timer(&self.desk, Self::QUEUE, *ticket, at, &[Command::FireSteps]).await
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
