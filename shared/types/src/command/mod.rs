//! The commands of a ticket's life, and what decides on them: [`admit`] on a
//! registration, [`decide`] on everything after it. The procedure's rules stand
//! here and nowhere else.

mod admission;
mod clockwork;
mod decide;
mod formats;
mod kind;
mod rejection;
mod setting;

pub use admission::{Admission, Application, NewTicket, admit};
pub use decide::{decide, decide_with_files};
pub use kind::{Command, CommandKind, WhenAway};
pub use rejection::Rejection;
pub use setting::Setting;
