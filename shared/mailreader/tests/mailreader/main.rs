//! Mails of the world: a suite of damaged ones with what they say, limits, random
//! mails, a second opinion, and what a large mail costs.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on has failed"
)]

mod cost;
mod generated;
mod random;
mod second_opinion;
mod suite;
