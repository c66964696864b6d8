#![doc = include_str!("../README.md")]

pub mod account;
pub mod api;
pub mod calendar;
pub mod canned;
pub mod catalogue;
pub mod clock;
pub mod command;
pub mod compliance;
pub mod consequences;
pub mod difference;
pub mod effects;
pub mod entries;
pub mod folding;
pub mod ids;
pub mod input;
pub mod mail;
pub mod message;
pub mod permission;
pub mod person;
pub mod preferences;
pub mod presence;
pub mod problem;
pub mod queue;
pub mod reading;
pub mod reply;
pub mod revision;
pub mod roster;
pub mod spanish;
pub mod succession;
pub mod ticket;
pub mod token;
pub mod view;
pub mod views;

pub use jiff::civil::Date;
pub use jiff::{SignedDuration, Timestamp};
