#![doc = include_str!("../README.md")]
#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "this crate is for tests alone: it fails with the test that uses it"
)]

mod case;
mod faults;
mod function;
mod http;
mod mail;
mod matrix;
mod objects;
pub mod people;
mod queues;
mod template;
mod then;
mod web;
mod wire;
mod world;

pub use case::{Case, application, monday, now};
pub use faults::Fault;
pub use function::{Message, Started, Worked};
pub use http::{Answer, Request, delete, get, post, put};
pub use mail::Mail;
pub use objects::Object;
pub use then::Rows;
pub use web::WebRequest;
pub use wire::Call;
pub use world::World;
