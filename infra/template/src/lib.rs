//! Reads a SAM template into typed structures: what it sets up, in the words of the
//! services, with every function of CloudFormation's worked out.
//!
//! First the text becomes values (`yaml.rs`), then `Ref`, `Fn::Sub` and their like are
//! worked out where they stand (`intrinsics.rs`), and only then are properties read
//! into types, one file for each service. A type lists what is understood, and each
//! file beside it what means nothing on one machine; anything else is an error that
//! names resource and property. So is what AWS would take and then lose in silence:
//! a mail or a message that a policy is missing for (`policy.rs`).
//!
//! It knows no host and starts nothing: a [`Template`] is data.

mod alarm;
mod api;
mod bucket;
mod check;
mod document;
mod error;
mod expression;
mod function;
mod intrinsics;
mod parameters;
mod place;
mod policy;
mod queue;
mod read;
mod ses;
mod table;
mod template;
mod topic;
mod typed;
mod yaml;

pub use crate::alarm::{Alarm, Metric, MetricStatistic, Missing, Statistic};
pub use crate::api::{AccessLog, Authorizer, Cors, Limits, Piece, Route, Segment};
pub use crate::bucket::{Bucket, CorsRule};
pub use crate::error::TemplateError;
pub use crate::expression::{Comparison, Expression};
pub use crate::function::{FailureReport, Function, Mapping, Schedule};
pub use crate::place::Place;
pub use crate::policy::{Permissions, Wanted};
pub use crate::queue::{Queue, Redrive};
pub use crate::ses::{EventDestination, Identity, ReceiptRule, S3Action, Scan};
pub use crate::table::Table;
pub use crate::template::Template;
pub use crate::topic::{Delivery, Subscription};
