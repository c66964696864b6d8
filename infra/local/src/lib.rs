//! The local host: runs a SAM template on one machine.
//!
//! It reads the template, builds its functions, and starts each as processes
//! of their own behind the Lambda Runtime API ([`Runtime`]). Around them it
//! plays the services that the template uses: the HTTP API and its JWT
//! authorizer on one port; DynamoDB, SQS, SES, S3 and Lambda's `Invoke` on
//! another; SMTP on a third, where the template has a receipt rule for mail that
//! comes in. Everything listens on 127.0.0.1 alone.
//!
//! What it keeps is in the data directory: `table.db` (DynamoDB), `host.db`
//! (queues, sent mail, and what objects are), `objects/` (their bytes),
//! `jwt-key.pem`, `token-secret`, `client-secret`, `logs/`, and `host.json`, which says
//! where the host listens once it does.

mod aws;
mod binaries;
mod data;
mod emulated;
mod error;
mod host;
mod http;
mod lambda;
pub mod operator;
mod options;
pub mod sample;
mod watch;
mod wiring;

pub use emulator::dynamodb::TableError;
pub use emulator::store::Durability;
pub use template::TemplateError;

pub use crate::binaries::{Binaries, BuildError, Profile};
pub use crate::data::DataError;
pub use crate::error::StartError;
pub use crate::host::Host;
pub use crate::http::KeyError;
pub use crate::lambda::{BECOME_FUNCTION, InvokeError, Runtime, become_function};
pub use crate::options::{Filling, Options, Start};
