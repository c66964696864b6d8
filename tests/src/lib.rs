//! What the end-to-end tests are written with: a [`Host`] that runs the product
//! as it is deployed, from `template.yaml` and with the functions' own
//! processes, and a [`Client`] that speaks to it as a person would.
//!
//! ```no_run
//! let host = tests::Host::start();
//! let ana = host.client("ana.perez@uspec.gov.co");
//! let ticket = ana.register("redes", "No hay red en el piso 3");
//! tests::eventually("it is assigned", || {
//!     (ana.ticket(&ticket["number"])["status"] == "assigned").then_some(())
//! });
//! assert_eq!(host.mails_to("ana.perez@uspec.gov.co").len(), 1);
//! ```
//!
//! Nothing here sleeps for a fixed time: what takes time is looked for until it
//! is there ([`eventually`]), and what must *not* happen is looked for once
//! nothing is left that could still do it ([`Host::settle`]).
#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "this crate is for tests alone: it fails with the test that uses it"
)]

mod chance;
mod client;
mod host;
mod mail;
mod operator;
pub mod people;
mod smtp;

use std::time::{Duration, Instant};

pub use chance::Chance;
pub use client::{Answer, Client, Request};
pub use host::{Host, Queue, in_a_hurry};
pub use mail::Mail;
pub use operator::Audit;
pub use smtp::{Letter, Reply, Smtp};

/// How long anything may take. It is never waited for in full.
pub const LIMIT: Duration = Duration::from_secs(10);

const POLL: Duration = Duration::from_millis(20);

/// Looks until there is what it looks for, for up to [`LIMIT`].
///
/// # Panics
/// When it is not there by then.
#[track_caller]
pub fn eventually<T>(what: &str, look: impl FnMut() -> Option<T>) -> T {
    within(LIMIT, what, look)
}

/// Looks until there is what it looks for, for up to `limit`.
///
/// # Panics
/// When it is not there by then.
#[track_caller]
pub fn within<T>(limit: Duration, what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(start.elapsed() < limit, "not within {limit:?}: {what}");
        std::thread::sleep(POLL);
    }
}
