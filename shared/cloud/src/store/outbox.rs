//! The outbox: work that a commit owes. A row stays until its consumer is done.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::types::{
    AttributeValue, Delete, Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem,
};
use jiff::Timestamp;
use types::effects::Effect;
use types::ids::TicketId;
use types::message::Doorbell;
use types::ticket::{Event, Ticket};

use super::in_the_way::{CONDITION, codes, insist, transaction_failed};
use super::item::Item;
use super::query::{Order, Query};
use super::{Store, StoreError, condition_failed, failed, unbuildable};
use crate::clock;
use crate::keys::{self, Key};

/// Names an outbox row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct OutboxKey {
    pub ticket: TicketId,
    pub seq: u64,
    pub effect: Effect,
}

impl OutboxKey {
    /// The row's key.
    pub fn key(self) -> Key {
        keys::outbox(self.ticket, self.seq, self.effect)
    }
}

/// Why a mail that was owed is not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unsent {
    /// What it says is no longer so.
    Outdated,
    /// There is nobody to write to.
    NoRecipient,
    /// Its recipient takes no mail, which is on the ticket's record.
    Undeliverable,
    /// The table was restored from a backup, and it may have been sent since.
    Restored,
}

impl Unsent {
    /// The reason in the record.
    pub fn as_str(self) -> &'static str {
        match self {
            Unsent::Outdated => "outdated",
            Unsent::NoRecipient => "no_recipient",
            Unsent::Undeliverable => "undeliverable",
            Unsent::Restored => "restored",
        }
    }
}

/// The record of a mail that was owed and not sent.
pub(super) fn unsent_row(row: OutboxKey, why: Unsent) -> Item {
    Item::new(&keys::unsent(row.ticket, row.seq, row.effect))
        .set("why", why.as_str())
        .set("at", keys::sortable(clock::now()))
}

/// What came of trying to take a row for oneself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OutboxClaim {
    /// It is ours until the lease ends.
    Mine,
    /// Somebody has it; it may be tried again after this long.
    Busy(Duration),
    /// It has been taken care of.
    Gone,
}

impl Store {
    /// Takes a row for `claimant` until `until`, unless somebody has it.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn claim_outbox(
        &self,
        row: OutboxKey,
        claimant: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<OutboxClaim, StoreError> {
        let millis = |t: Timestamp| AttributeValue::N(t.as_millisecond().to_string());
        let update = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(row.key().attributes()))
            .update_expression("SET claimed_by = :me, claimed_until = :until ADD attempts :one")
            .condition_expression(
                "attribute_exists(pk) AND (attribute_not_exists(claimed_until) OR claimed_until < :now)",
            )
            .expression_attribute_values(":me", AttributeValue::S(claimant.to_owned()))
            .expression_attribute_values(":until", millis(until))
            .expression_attribute_values(":now", millis(now))
            .expression_attribute_values(":one", AttributeValue::N("1".to_owned()))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        match insist(|| update.clone().send()).await {
            Ok(_) => Ok(OutboxClaim::Mine),
            Err(SdkError::ServiceError(e)) if e.err().is_conditional_check_failed_exception() => {
                let old = match e.into_err() {
                    aws_sdk_dynamodb::operation::update_item::UpdateItemError::ConditionalCheckFailedException(failed) => failed.item,
                    _ => None,
                };
                let old = old.map(Item);
                // The SDK asked again because the first answer was lost.
                if old.as_ref().and_then(|row| row.text("claimed_by")) == Some(claimant) {
                    return Ok(OutboxClaim::Mine);
                }
                Ok(match old.and_then(|row| row.number("claimed_until")) {
                    Some(until) => {
                        let left = (until - now.as_millisecond()).max(0).unsigned_abs();
                        OutboxClaim::Busy(Duration::from_millis(left + 1))
                    }
                    None => OutboxClaim::Gone,
                })
            }
            Err(e) => Err(failed("claim an outbox row", e)),
        }
    }

    /// Parks a row that no retry will help: the sweep no longer rings for it. It
    /// stays with its ticket, and a message from the dead-letter queue takes it
    /// up again. Does nothing when the row is no longer the claimant's.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn park_outbox(
        &self,
        row: OutboxKey,
        claimant: &str,
        reason: &str,
    ) -> Result<(), StoreError> {
        let update = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(row.key().attributes()))
            .update_expression(
                "SET parked = :reason REMOVE due_pk, due_sk, claimed_by, claimed_until",
            )
            .condition_expression("claimed_by = :me")
            .expression_attribute_values(":me", AttributeValue::S(claimant.to_owned()))
            .expression_attribute_values(":reason", AttributeValue::S(reason.to_owned()));
        match insist(|| update.clone().send()).await {
            Ok(_) => Ok(()),
            Err(e) if condition_failed(&e) => Ok(()),
            Err(e) => Err(failed("park an outbox row", e)),
        }
    }

    /// Puts a row off that nobody can do anything about now: it has been waiting
    /// since this moment, so that it keeps no other one waiting, and nobody is woken
    /// for it. Does nothing when it is gone.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn put_off_outbox(&self, row: OutboxKey) -> Result<(), StoreError> {
        let since = keys::time_sort(clock::now(), row.ticket);
        let update = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(row.key().attributes()))
            .update_expression("SET due_sk = :since")
            .condition_expression("attribute_exists(due_pk)")
            .expression_attribute_values(":since", AttributeValue::S(since));
        match insist(|| update.clone().send()).await {
            Ok(_) => Ok(()),
            Err(e) if condition_failed(&e) => Ok(()),
            Err(e) => Err(failed("put an outbox row off", e)),
        }
    }

    /// Strikes a row off. Nothing happens when it is gone.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn finish_outbox(&self, row: OutboxKey) -> Result<(), StoreError> {
        self.delete("strike off an outbox row", &row.key()).await
    }

    /// Records a mail that SES took under `message_id`, and strikes its row off,
    /// together.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn finish_mail(
        &self,
        row: OutboxKey,
        claimant: &str,
        message_id: &str,
        sent_at: Timestamp,
    ) -> Result<(), StoreError> {
        let record = Item::new(&keys::mail(message_id))
            .set("ticket", row.ticket.to_string())
            .set("effect", row.effect.as_str())
            .set_number("seq", i64::try_from(row.seq).unwrap_or(i64::MAX))
            .set("sent_at", keys::sortable(sent_at));
        self.replace_row("record a sent mail", row, claimant, record)
            .await
    }

    /// Records why a mail that was owed is not sent, and strikes its row off,
    /// together.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn leave_unsent(
        &self,
        row: OutboxKey,
        claimant: &str,
        why: Unsent,
    ) -> Result<(), StoreError> {
        let record = unsent_row(row, why);
        self.replace_row("record why a mail is not sent", row, claimant, record)
            .await
    }

    /// Puts a record in the place of an outbox row that is the claimant's.
    async fn replace_row(
        &self,
        operation: &'static str,
        row: OutboxKey,
        claimant: &str,
        record: Item,
    ) -> Result<(), StoreError> {
        let record_key = record.key()?;
        let put = Put::builder()
            .table_name(&self.table)
            .set_item(Some(record.0))
            .build()
            .map_err(|e| unbuildable(operation, e))?;
        let delete = Delete::builder()
            .table_name(&self.table)
            .set_key(Some(row.key().attributes()))
            .condition_expression("claimed_by = :me")
            .expression_attribute_values(":me", AttributeValue::S(claimant.to_owned()))
            .build()
            .map_err(|e| unbuildable(operation, e))?;
        let write = self
            .client
            .transact_write_items()
            .transact_items(TransactWriteItem::builder().put(put).build())
            .transact_items(TransactWriteItem::builder().delete(delete).build());
        let Err(error) = insist(|| write.clone().send()).await else {
            return Ok(());
        };
        // An attempt whose answer was lost may have done it.
        let refused = error.as_service_error();
        let lost = refused.is_some_and(|refused| codes(refused).any(|code| code == CONDITION));
        if lost && self.get(&record_key).await?.is_some() {
            return Ok(());
        }
        Err(transaction_failed(operation, error))
    }

    /// What a ticket still owes, less what is parked.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn owed(&self, ticket: TicketId) -> Result<Vec<Doorbell>, StoreError> {
        let items = self
            .query(Query {
                operation: "read what a ticket owes",
                index: None,
                condition: "pk = :pk AND begins_with(sk, :prefix)",
                values: vec![
                    (":pk", keys::ticket_partition(ticket)),
                    (":prefix", keys::OUTBOX_PREFIX.to_owned()),
                ],
                order: Order::Ascending,
                limit: None,
            })
            .await?;
        let mut owed = Vec::with_capacity(items.len());
        for item in items.iter().filter(|item| item.text("parked").is_none()) {
            if let Some((ticket, seq, effect)) = keys::parse_outbox(&item.key()?) {
                owed.push(Doorbell::Outbox {
                    ticket,
                    seq,
                    effect,
                });
            }
        }
        Ok(owed)
    }
}

type LookedUp = (
    HashMap<TicketId, Ticket>,
    HashMap<(TicketId, u64), Event>,
    HashMap<OutboxKey, Option<String>>,
);

impl Store {
    /// Tickets, and outbox rows with their events and the requests that they were
    /// written for, consistently and in one call for up to thirty-three rows.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn look_up(
        &self,
        tickets: &[TicketId],
        rows: &[OutboxKey],
    ) -> Result<LookedUp, StoreError> {
        let wanted = tickets.iter().map(|id| keys::ticket(*id)).chain(
            rows.iter()
                .flat_map(|row| [row.key(), keys::event(row.ticket, row.seq)]),
        );
        let mut found: LookedUp = (HashMap::new(), HashMap::new(), HashMap::new());
        for item in self.get_many(wanted).await? {
            let key = item.key()?;
            if let Some((ticket, seq, effect)) = keys::parse_outbox(&key) {
                let row = OutboxKey {
                    ticket,
                    seq,
                    effect,
                };
                found.2.insert(row, item.text("origin").map(str::to_owned));
            } else if key.sk.starts_with(keys::EVENT_PREFIX) {
                let event: Event = item.doc()?;
                if let Some(ticket) = keys::parse_ticket(&key) {
                    found.1.insert((ticket, event.seq), event);
                }
            } else {
                let ticket: Ticket = item.doc()?;
                found.0.insert(ticket.id, ticket);
            }
        }
        Ok(found)
    }
}
