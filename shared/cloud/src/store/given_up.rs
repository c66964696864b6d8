//! Messages that their consumers gave up on. The message itself is among the dead
//! letters, where it can be sent back from; the record says why it went there.

use jiff::SignedDuration;

use super::item::Item;
use super::query::{Order, Query};
use super::{Store, StoreError};
use crate::clock;
use crate::keys;

/// How long it is remembered: as long as the dead letter waits, and a working
/// week more.
const REMEMBERED: SignedDuration = SignedDuration::from_hours(21 * 24);

/// A message, and why it was given up.
#[derive(Clone, Debug)]
pub struct GivenUp<'a> {
    /// The queue, by its word.
    pub queue: &'a str,
    pub message_id: &'a str,
    pub body: &'a str,
    /// `retryable` or `poison`.
    pub class: &'a str,
    pub reason: &'a str,
    pub receive_count: u32,
}

/// Longest body that is kept, in bytes; a notice of SES is some thousands.
const MAX_BODY: usize = 64 * 1024;

impl Store {
    /// Records why a message was given up.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn record_given_up(&self, given_up: &GivenUp<'_>) -> Result<(), StoreError> {
        let now = clock::now();
        let end = (0..=MAX_BODY.min(given_up.body.len()))
            .rev()
            .find(|end| given_up.body.is_char_boundary(*end))
            .unwrap_or(0);
        let row = Item::new(&keys::given_up(given_up.queue, now, given_up.message_id))
            .set("body", &given_up.body[..end])
            .set("class", given_up.class)
            .set("reason", given_up.reason)
            .set_number("receive_count", i64::from(given_up.receive_count))
            .set_number("expires_at", (now + REMEMBERED).as_second());
        self.put("record what was given up", row).await
    }

    /// How many messages were given up on a queue within the last while, counted up to
    /// `limit`.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn given_up_within(
        &self,
        queue: &str,
        last: SignedDuration,
        limit: usize,
    ) -> Result<usize, StoreError> {
        let rows = self
            .query(Query {
                operation: "count what was given up",
                index: None,
                condition: "pk = :pk AND sk > :since",
                values: vec![
                    (":pk", keys::given_up_partition(queue)),
                    (":since", keys::sortable(clock::now() - last)),
                ],
                order: Order::Ascending,
                limit: Some(limit),
            })
            .await?;
        Ok(rows.len())
    }

    /// The messages that were given up on a queue, the oldest first.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn given_up(&self, queue: &str) -> Result<Vec<String>, StoreError> {
        let rows = self
            .query(Query {
                operation: "read what was given up",
                index: None,
                condition: "pk = :pk",
                values: vec![(":pk", keys::given_up_partition(queue))],
                order: Order::Ascending,
                limit: None,
            })
            .await?;
        let bodies = rows.iter().filter_map(|row| row.text("body"));
        Ok(bodies.map(str::to_owned).collect())
    }
}
