//! What the sweep looks for: the sparse `due` index holds timers that are armed
//! and outbox rows that are owed, and nothing else.

use jiff::Timestamp;
use types::message::Doorbell;

use super::item::Item;
use super::query::{Order, Query};
use super::{Store, StoreError};
use crate::keys::{self, DueKind};
use crate::log::chain;

/// A row that is due.
#[derive(Clone, Debug)]
pub struct DueRow {
    pub since: Timestamp,
    pub doorbell: Doorbell,
}

impl Store {
    /// Rows of one shard that were due before `before`, the oldest first, at
    /// most `limit`.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn due(
        &self,
        kind: DueKind,
        shard: u8,
        before: Timestamp,
        limit: usize,
    ) -> Result<Vec<DueRow>, StoreError> {
        let items = self
            .query(Query {
                operation: "look for what is due",
                index: Some("due"),
                condition: "due_pk = :pk AND due_sk < :before",
                values: vec![
                    (":pk", keys::due_partition(kind, shard)),
                    (":before", keys::sortable(before)),
                ],
                order: Order::Ascending,
                limit: Some(limit),
            })
            .await?;
        // A row that this code cannot read keeps no other one waiting.
        let rows = items.iter().map(|item| read(kind, before, item));
        Ok(rows
            .filter_map(|row| {
                row.inspect_err(|e| tracing::error!(error = chain(e), "a row that is due"))
                    .ok()
            })
            .collect())
    }
}

fn read(kind: DueKind, at: Timestamp, item: &Item) -> Result<DueRow, StoreError> {
    let key = item.key()?;
    let sort = item.text("due_sk").unwrap_or_default();
    let since = sort.split('#').next().and_then(|time| time.parse().ok());
    let doorbell = match kind {
        DueKind::Outbox => keys::parse_outbox(&key)
            .map(|(ticket, seq, effect)| Doorbell::Outbox {
                ticket,
                seq,
                effect,
            })
            .or_else(|| keys::parse_answer(&key).map(|mail| Doorbell::Answer { mail }))
            .or_else(|| keys::parse_hand_over(&key).map(|version| Doorbell::HandOver { version }))
            .or_else(|| {
                let (quarter, chief) = keys::parse_review(&key)?;
                Some(Doorbell::ReviewSigned { quarter, chief })
            }),
        DueKind::Timer => keys::parse_ticket(&key)
            .zip(keys::timer_queue(sort))
            .map(|(ticket, queue)| Doorbell::Timer { ticket, at, queue })
            .or_else(|| keys::parse_holder(&key).map(|holder| Doorbell::Ending { holder, at }))
            .or_else(|| (key == keys::reviews_next()).then_some(Doorbell::Reviews { at }))
            .or_else(|| {
                let (quarter, chief) = keys::parse_review_notice(&key)?;
                Some(Doorbell::ReviewNotice { quarter, chief, at })
            }),
    };
    match (since, doorbell) {
        (Some(since), Some(doorbell)) => Ok(DueRow { since, doorbell }),
        (_, _) => Err(StoreError::Corrupt {
            pk: key.pk,
            sk: key.sk,
            reason: "it is no row that can be due".to_owned(),
        }),
    }
}
