//! The AWS services that a serverless product stands on, on one machine:
//! DynamoDB, SQS, S3, SES in and out, and as much of SNS as stands between them.
//!
//! A folder is a service, its protocol apart from what it keeps. [`Services`]
//! answers for all of them on one port, as AWS's SDKs speak to them, and
//! [`ses::serve`] takes mail in by SMTP. Around them: [`wire`], what the protocols
//! have in common; [`store`], the database of all but DynamoDB; [`faults`], what
//! goes wrong on purpose; [`roles`], who may do what; [`clock`].
//!
//! Nothing here knows whose tables, queues and mails these are: `tests/wall.rs`
//! looks after that. The settings of a table, a queue or a bucket are types of this
//! crate's own, so that whoever has them from anywhere, a template or a test's
//! hands, can have the service, and how templates are read is no business of any
//! service.
//!
//! [`dynamodb::Tables`] can be had by itself, in memory, for tests that want a
//! table and no process.

pub mod arn;
pub mod clock;
pub mod dynamodb;
pub mod faults;
pub mod roles;
pub mod s3;
mod services;
pub mod ses;
pub mod sns;
pub mod sqs;
pub mod store;
pub mod wire;

pub use crate::services::Services;
