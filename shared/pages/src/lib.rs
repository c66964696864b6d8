//! What people see: a view model and a template for each page, drawn from the
//! types alone. Whoever answers a request reads what a page shows, and this makes
//! it a page; nothing here reads the table, and nothing elsewhere writes markup.

pub mod assets;
pub mod call;
pub mod catalogue;
pub mod clocks;
pub mod entrance;
pub mod entryform;
pub mod format;
pub mod forms;
pub mod incident;
pub mod local;
pub mod mailroom;
pub mod mine;
pub mod new;
pub mod oneform;
pub mod presence;
pub mod privacy;
pub mod problem;
pub mod queue;
pub mod request;
pub mod review;
pub mod saveview;
pub mod sheet;
pub mod shell;
pub mod survey;
pub mod talk;
pub mod ticket;
pub mod today;
pub mod words;
pub mod wrong;

pub use askama::Error;
