//! The rules of a ticket's life: tables that a person reads, the procedure as
//! given / when / then, and random histories.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on has failed"
)]

mod absence;
mod accounts;
mod answers;
mod catalogue;
mod enrolment;
mod files;
mod formats;
mod golden;
mod histories;
mod law;
mod procedure;
mod requesters;
mod steps;
mod tables;
mod told;
mod verbs;
mod waiting;
mod world;
