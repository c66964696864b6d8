//! What the sweep looks for: the sparse `due` index holds timers that are armed
//! and outbox rows that are owed, and nothing else.

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use types::message::Doorbell;

use super::item::Item;
use super::{Store, StoreError, failed};
use crate::keys::{self, DueKind};

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
        let mut rows = Vec::new();
        let mut start = None;
        loop {
            let answer = self
                .client
                .query()
                .table_name(&self.table)
                .index_name("due")
                .key_condition_expression("due_pk = :pk AND due_sk < :before")
                .expression_attribute_values(
                    ":pk",
                    AttributeValue::S(keys::due_partition(kind, shard)),
                )
                .expression_attribute_values(":before", AttributeValue::S(keys::sortable(before)))
                .limit(i32::try_from(limit - rows.len()).unwrap_or(i32::MAX))
                .set_exclusive_start_key(start)
                .send()
                .await
                .map_err(|e| failed("look for what is due", e))?;
            for item in answer.items.unwrap_or_default() {
                rows.push(read(kind, before, &Item(item))?);
            }
            start = answer.last_evaluated_key;
            if start.is_none() || rows.len() >= limit {
                return Ok(rows);
            }
        }
    }
}

fn read(kind: DueKind, at: Timestamp, item: &Item) -> Result<DueRow, StoreError> {
    let key = item.key()?;
    let since = item
        .text("due_sk")
        .and_then(|sort| sort.split('#').next()?.parse().ok());
    let doorbell = match kind {
        DueKind::Outbox => keys::parse_outbox(&key).map(|(ticket, seq, effect)| Doorbell::Outbox {
            ticket,
            seq,
            effect,
        }),
        DueKind::Timer => keys::parse_ticket(&key).map(|ticket| Doorbell::Timer { ticket, at }),
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
