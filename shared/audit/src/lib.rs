#![doc = include_str!("../README.md")]

mod audit;
mod finding;
mod ledger;
mod ticket;

pub use audit::{AuditError, Audited, Settings, Sources, audit};
pub use finding::{Finding, Kind};
