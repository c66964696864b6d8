//! The Lambda service: functions as processes behind the Runtime API.
//!
//! A process takes one invocation at a time. Invocations that find none idle
//! wait in order, and bring further processes up, to a limit.

mod error;
pub(crate) mod invoke;
pub(crate) mod mappings;
mod pool;
mod process;
mod runtime;
pub(crate) mod runtime_api;
pub(crate) mod schedules;

pub use crate::lambda::error::InvokeError;
pub(crate) use crate::lambda::process::Launch;
pub use crate::lambda::process::{BECOME_FUNCTION, become_function};
pub use crate::lambda::runtime::Runtime;
