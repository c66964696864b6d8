#![doc = include_str!("../README.md")]

mod audit;
mod finding;
mod ledger;
mod settings;
mod ticket;

pub use audit::{AuditError, Audited, Sources, audit};
pub use finding::{Finding, Kind};
pub use settings::Settings;
