//! Transactions: every part says what it guards, so that what stood in the way of
//! one can be told.

use aws_sdk_dynamodb::types::builders::UpdateBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, Delete, Put, TransactWriteItem, Update};

use super::in_the_way::{CONDITION, codes, insist, transaction_failed};
use super::item::Item;
use super::{Store, StoreError, unbuildable};
use crate::keys::Key;

/// Why a commit wrote nothing.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    #[error("somebody else changed the ticket")]
    VersionChanged,
    #[error("the number is taken or void")]
    NumberTaken,
    #[error("the idempotency key was used in between")]
    KeyUsed,
    #[error("the outbox row has been taken care of")]
    AlreadyDone,
    #[error("the agent's load changed in between")]
    LoadChanged,
    #[error("the person's accounts changed in between")]
    HolderChanged,
    #[error("the mail is on record already")]
    MailKnown,
    #[error("the same Message-ID came before")]
    MessageIdKnown,
    #[error("the sender has had his share of this hour")]
    SenderExceeded,
    #[error("the ticket is gone")]
    Gone,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What a part of the transaction guards, in the order of the parts.
#[derive(Clone, Copy)]
pub(super) enum Part {
    Ticket,
    Number,
    Observer,
    Awaited,
    Holder,
    Schedule,
    Event,
    Outbox,
    Done,
    Idempotency,
    Load,
    GuardedLoad,
    Mail,
    MessageId,
    Sender,
}

impl Store {
    /// Writes the parts of a transaction, all or none.
    ///
    /// # Errors
    /// [`CommitError`] says which guard held; nothing was written then.
    pub(super) async fn write(&self, parts: Parts<'_>) -> Result<(), CommitError> {
        let operation = "commit a ticket";
        let Parts { kinds, writes, .. } = parts;
        let write = self.client.transact_write_items();
        let write = write.set_transact_items(Some(writes));
        let Err(error) = insist(|| write.clone().send()).await else {
            return Ok(());
        };
        // Every reason is read: the first one is not always the one that says most.
        let guards: Vec<Part> = error
            .as_service_error()
            .into_iter()
            .flat_map(codes)
            .zip(&kinds)
            .filter(|(code, _)| *code == CONDITION)
            .map(|(_, part)| *part)
            .collect();
        Err(strongest(&guards).unwrap_or_else(|| transaction_failed(operation, error).into()))
    }
}

/// The guard to report when several held: a key that was used or work that was
/// done says that there is nothing left to do, which a caller has to know first.
fn strongest(guards: &[Part]) -> Option<CommitError> {
    let rank = |part: &Part| match part {
        Part::Mail => 0,
        Part::MessageId => 1,
        Part::Idempotency | Part::Done => 2,
        Part::Sender => 3,
        Part::Ticket | Part::Observer | Part::Awaited | Part::Event | Part::Outbox => 4,
        Part::Number => 5,
        Part::Holder => 6,
        Part::GuardedLoad | Part::Load | Part::Schedule => 7,
    };
    Some(match guards.iter().min_by_key(|part| rank(part))? {
        Part::Idempotency => CommitError::KeyUsed,
        Part::Done => CommitError::AlreadyDone,
        Part::Ticket | Part::Observer | Part::Awaited | Part::Event | Part::Outbox => {
            CommitError::VersionChanged
        }
        Part::Holder => CommitError::HolderChanged,
        Part::Number => CommitError::NumberTaken,
        Part::GuardedLoad | Part::Load | Part::Schedule => CommitError::LoadChanged,
        Part::Mail => CommitError::MailKnown,
        Part::MessageId => CommitError::MessageIdKnown,
        Part::Sender => CommitError::SenderExceeded,
    })
}

pub(super) fn number(value: u64) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

pub(super) type Condition<'a> = Option<(&'a str, Vec<(&'a str, AttributeValue)>)>;

pub(super) const ABSENT: Condition<'static> = Some(("attribute_not_exists(pk)", vec![]));

/// The parts of a transaction, and what each of them guards.
pub(super) struct Parts<'a> {
    table: &'a str,
    kinds: Vec<Part>,
    writes: Vec<TransactWriteItem>,
}

impl<'a> Parts<'a> {
    pub(super) fn new(table: &'a str) -> Self {
        Parts {
            table,
            kinds: vec![],
            writes: vec![],
        }
    }
}

impl Parts<'_> {
    pub(super) fn update(
        &mut self,
        kind: Part,
        key: &Key,
        change: impl FnOnce(UpdateBuilder) -> UpdateBuilder,
    ) -> Result<(), StoreError> {
        let update = Update::builder()
            .table_name(self.table)
            .set_key(Some(key.attributes()));
        let update = change(update)
            .build()
            .map_err(|e| unbuildable("commit a ticket", e))?;
        self.push(kind, TransactWriteItem::builder().update(update).build());
        Ok(())
    }

    fn push(&mut self, kind: Part, write: TransactWriteItem) {
        self.kinds.push(kind);
        self.writes.push(write);
    }

    pub(super) fn put(
        &mut self,
        kind: Part,
        item: Item,
        condition: Condition<'_>,
    ) -> Result<(), StoreError> {
        let mut put = Put::builder().table_name(self.table).set_item(Some(item.0));
        if let Some((expression, values)) = condition {
            put = put.condition_expression(expression);
            for (name, value) in values {
                put = put.expression_attribute_values(name, value);
            }
        }
        let put = put.build().map_err(|e| unbuildable("commit a ticket", e))?;
        self.push(kind, TransactWriteItem::builder().put(put).build());
        Ok(())
    }

    pub(super) fn delete(&mut self, kind: Part, key: &Key) -> Result<(), StoreError> {
        let delete = Delete::builder()
            .table_name(self.table)
            .set_key(Some(key.attributes()))
            .build()
            .map_err(|e| unbuildable("commit a ticket", e))?;
        self.push(kind, TransactWriteItem::builder().delete(delete).build());
        Ok(())
    }

    pub(super) fn delete_existing(&mut self, kind: Part, key: &Key) -> Result<(), StoreError> {
        let delete = Delete::builder()
            .table_name(self.table)
            .set_key(Some(key.attributes()))
            .condition_expression("attribute_exists(pk)")
            .build()
            .map_err(|e| unbuildable("commit a ticket", e))?;
        self.push(kind, TransactWriteItem::builder().delete(delete).build());
        Ok(())
    }
}
