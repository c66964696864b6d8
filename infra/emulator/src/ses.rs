//! SES: mail that is sent, over its query protocol, and what comes back of it; and
//! mail that comes in, over SMTP.

mod feedback;
mod headers;
mod mailbox;
mod protocol;
mod receiving;
mod rules;
mod smtp;
mod verdicts;

pub use crate::ses::feedback::Feedback;
pub use crate::ses::mailbox::{Header, Mail, Mailbox};
pub(crate) use crate::ses::protocol::{call, needs};
pub use crate::ses::receiving::Receiving;
pub use crate::ses::rules::{EventDestination, Identity, ReceiptRule, S3Action, Scan};
pub use crate::ses::smtp::serve;
