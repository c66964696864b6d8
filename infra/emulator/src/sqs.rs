//! SQS: standard queues on SQLite, and their JSON protocol.

mod protocol;
mod queues;

pub(crate) use crate::sqs::protocol::{call, needs};
pub use crate::sqs::protocol::{md5_hex, message_attributes};
pub use crate::sqs::queues::{Depth, Queue, QueueError, Queues, Received, Redrive};
