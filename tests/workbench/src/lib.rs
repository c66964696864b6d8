//! Programs that talk to a running desk, and what they and the end-to-end tests
//! are written with. It knows HTTP, SMTP and what a local host offers under
//! `/_local/`, and no crate of the product.
//!
//! - [`demo`] and [`load`] are what `cargo run -- demo` and `cargo run -- load` do.
//! - [`fault_run`], [`mail_load`], [`sweep_cost`] and [`queue_cost`] are the binary
//!   `workbench`, which the scripts of these names build and run.
//! - A [`Host`] runs the product as it is deployed, from `template.yaml` and with the
//!   functions' own processes; a [`Client`] speaks to it as a person's program would, a
//!   [`Browser`] goes through its pages, and [`Smtp`] is another mail server.
//!
//! ```no_run
//! let host = workbench::Host::start();
//! let ana = host.client("ana.perez@uspec.gov.co");
//! let ticket = ana.register("redes", "No hay red en el piso 3");
//! workbench::eventually("it is assigned", || {
//!     (ana.ticket(&ticket["number"])["status"] == "assigned").then_some(())
//! });
//! assert_eq!(host.mails_to("ana.perez@uspec.gov.co").len(), 1);
//! ```
//!
//! Nothing here sleeps for a fixed time: what takes time is looked for until it
//! is there ([`eventually`]), and what must *not* happen is looked for once
//! nothing is left that could still do it ([`Host::settle`]).

mod browser;
mod chance;
mod client;
pub mod demo;
pub mod fault_run;
mod filled;
pub mod forms;
mod host;
mod letter;
pub mod load;
mod mail;
pub mod mail_load;
mod operator;
pub mod people;
mod process;
pub mod queue_cost;
mod smtp;
pub mod sweep_cost;

use std::time::{Duration, Instant};

pub use browser::Browser;
pub use chance::Chance;
pub use client::{Answer, Client, ClientError, Request};
pub use host::{Host, Queue, in_a_hurry};
pub use letter::Letter;
pub use mail::Mail;
pub use operator::Audit;
pub use process::StartError;
pub use smtp::{Reply, Smtp};

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

/// Looks until there is what it looks for, for up to `limit`; or so many times that, as
/// `E2E_PATIENCE` says, where what is tested stands on something slow.
///
/// # Panics
/// When it is not there by then.
#[track_caller]
pub fn within<T>(limit: Duration, what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    let limit = limit * patience();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(start.elapsed() < limit, "not within {limit:?}: {what}");
        std::thread::sleep(POLL);
    }
}

fn patience() -> u32 {
    let said = std::env::var_os("E2E_PATIENCE");
    said.and_then(|said| said.to_str()?.parse().ok())
        .unwrap_or(1)
}

/// Says so where a measurement's own build, and with it the host's, is not the one
/// whose figures count.
fn warn_of_debug_build(say: &dyn Fn(&str)) {
    if cfg!(debug_assertions) {
        say("A debug build: this shows that it works, and its figures are none.\n");
    }
}
