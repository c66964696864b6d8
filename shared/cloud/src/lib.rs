#![doc = include_str!("../README.md")]

mod attaching;
pub mod aws;
pub mod clock;
pub mod config;
mod connector;
pub mod consumer;
pub mod desk;
pub mod entry;
pub mod files;
pub mod http;
pub mod identity;
pub mod keys;
pub mod log;
pub mod mailer;
pub mod metrics;
pub mod notices;
pub mod page;
pub mod queues;
pub mod reviewing;
mod s3;
pub mod session;
pub mod store;
pub mod trace;
pub mod uploads;
pub mod web;

pub use lambda_runtime::Error as RuntimeError;
pub use serde_json::value::RawValue;
