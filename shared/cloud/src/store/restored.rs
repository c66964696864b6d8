//! A table that was restored from a backup. What it owes was owed when the backup was
//! made, and perhaps sent since; and it does not know the numbers that were given since.

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use types::effects::Effect;
use types::message::Doorbell;

use super::due::DueRow;
use super::in_the_way::insist;
use super::outbox::{OutboxClaim, OutboxKey, Unsent};
use super::{Store, StoreError, condition_failed, failed};
use crate::clock;
use crate::keys::{self, DueKind, SHARDS};

/// Who strikes mails.
const OPERATOR: &str = "restored";

/// How long striking one may take.
const LEASE: jiff::SignedDuration = jiff::SignedDuration::from_secs(12);

/// What became of a mail that was to be struck.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Struck {
    /// It is on record as not sent.
    Now,
    /// Nobody owed it any more.
    Gone,
    /// Somebody is sending it: functions work on this table.
    InUse,
}

impl Store {
    /// Mails that are owed, and short answers to mails that were refused.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn owed_mails(&self) -> Result<Vec<DueRow>, StoreError> {
        let mut owed = Vec::new();
        for shard in 0..SHARDS {
            let rows = self
                .due(DueKind::Outbox, shard, Timestamp::MAX, usize::MAX)
                .await?;
            owed.extend(rows.into_iter().filter(|row| is_mail(&row.doorbell)));
        }
        Ok(owed)
    }

    /// Strikes a mail that is owed off, and puts on record that it was not sent; of an
    /// answer there is none.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn strike_mail(&self, doorbell: &Doorbell) -> Result<Struck, StoreError> {
        let row = match doorbell {
            Doorbell::Outbox {
                ticket,
                seq,
                effect,
            } => OutboxKey {
                ticket: *ticket,
                seq: *seq,
                effect: *effect,
            },
            Doorbell::Answer { mail } => {
                return Ok(match self.take_answer(mail).await? {
                    true => Struck::Now,
                    false => Struck::Gone,
                });
            }
            Doorbell::Timer { .. }
            | Doorbell::HandOver { .. }
            | Doorbell::Ending { .. }
            | Doorbell::Reviews { .. }
            | Doorbell::ReviewSigned { .. }
            | Doorbell::ReviewNotice { .. } => return Ok(Struck::Gone),
        };
        let now = clock::now();
        match self.claim_outbox(row, OPERATOR, now, now + LEASE).await? {
            OutboxClaim::Mine => {
                self.leave_unsent(row, OPERATOR, Unsent::Restored).await?;
                Ok(Struck::Now)
            }
            OutboxClaim::Busy(_) => Ok(Struck::InUse),
            OutboxClaim::Gone => Ok(Struck::Gone),
        }
    }

    /// Counts every number up to `last` as taken: the next one is another. Nothing
    /// happens where more were taken.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn take_numbers_to(&self, last: u64) -> Result<(), StoreError> {
        let update = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(keys::counter().attributes()))
            .update_expression("SET taken = :last")
            .condition_expression("attribute_not_exists(taken) OR taken < :last")
            .expression_attribute_values(":last", AttributeValue::N(last.to_string()));
        match insist(|| update.clone().send()).await {
            Ok(_) => Ok(()),
            Err(e) if condition_failed(&e) => Ok(()),
            Err(e) => Err(failed("count numbers as taken", e)),
        }
    }
}

fn is_mail(doorbell: &Doorbell) -> bool {
    match doorbell {
        Doorbell::Outbox { effect, .. } => matches!(effect, Effect::Mail(_)),
        Doorbell::Answer { .. } => true,
        Doorbell::Timer { .. }
        | Doorbell::HandOver { .. }
        | Doorbell::Ending { .. }
        | Doorbell::Reviews { .. }
        | Doorbell::ReviewSigned { .. }
        | Doorbell::ReviewNotice { .. } => false,
    }
}
