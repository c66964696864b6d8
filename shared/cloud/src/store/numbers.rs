//! Ticket numbers. A number is taken from one counter before the ticket is
//! written; one whose ticket never came is found by the sweep and recorded as
//! void, so that every number up to the counter is accounted for
//! (docs/adr/0002).

use std::collections::HashSet;

use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue};
use types::ids::{TicketId, TicketNumber};

use super::in_the_way::insist;
use super::item::Item;
use super::{Store, StoreError, condition_failed, failed};
use crate::clock;
use crate::keys;

impl Store {
    /// Takes the next number. Nobody else gets it, whatever happens next.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn take_number(&self) -> Result<TicketNumber, StoreError> {
        let operation = "take a number";
        let update = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(keys::counter().attributes()))
            .update_expression("ADD taken :one")
            .expression_attribute_values(":one", AttributeValue::N("1".to_owned()))
            .return_values(ReturnValue::UpdatedNew);
        let answer = insist(|| update.clone().send())
            .await
            .map_err(|e| failed(operation, e))?;
        Item(answer.attributes.unwrap_or_default())
            .number("taken")
            .and_then(|n| u64::try_from(n).ok())
            .map(TicketNumber)
            .ok_or(StoreError::Unexpected {
                operation,
                source: "the counter has no number".into(),
            })
    }

    /// The last number taken.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn last_number(&self) -> Result<u64, StoreError> {
        let item = self.get(&keys::counter()).await?.unwrap_or_default();
        Ok(item
            .number("taken")
            .and_then(|n| u64::try_from(n).ok())
            .unwrap_or(0))
    }

    /// Records that a number stands for nothing, unless it stands for a ticket.
    /// Says whether it is void now.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn void_number(&self, number: TicketNumber) -> Result<bool, StoreError> {
        let row = Item::new(&keys::number(number)).set("void_since", keys::sortable(clock::now()));
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(row.0))
            .condition_expression("attribute_not_exists(pk)");
        match insist(|| put.clone().send()).await {
            Ok(_) => Ok(true),
            Err(e) if condition_failed(&e) => {
                let row = self.get(&keys::number(number)).await?.unwrap_or_default();
                Ok(row.text("void_since").is_some())
            }
            Err(e) => Err(failed("void a number", e)),
        }
    }

    /// The ticket that a number stands for; `None` for voids and for numbers
    /// that nobody has taken.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn ticket_of(&self, number: TicketNumber) -> Result<Option<TicketId>, StoreError> {
        let row = self.get(&keys::number(number)).await?.unwrap_or_default();
        Ok(row.text("ticket").and_then(|id| id.parse().ok()))
    }

    /// Whether a number is void.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn is_void(&self, number: TicketNumber) -> Result<bool, StoreError> {
        let row = self.get(&keys::number(number)).await?.unwrap_or_default();
        Ok(row.text("void_since").is_some())
    }

    /// The numbers of a range that stand for neither a ticket nor a void.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn unaccounted(
        &self,
        numbers: std::ops::RangeInclusive<u64>,
    ) -> Result<Vec<TicketNumber>, StoreError> {
        let wanted = numbers.clone().map(|n| keys::number(TicketNumber(n)));
        let known: HashSet<String> = self
            .get_many(wanted)
            .await?
            .into_iter()
            .map(|item| Ok(item.key()?.pk))
            .collect::<Result<_, StoreError>>()?;
        Ok(numbers
            .map(TicketNumber)
            .filter(|n| !known.contains(&keys::number(*n).pk))
            .collect())
    }

    /// How far numbers are accounted for, and the number that was the last at
    /// the sweep before, with its time.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn numbers_audit(&self) -> Result<NumbersAudit, StoreError> {
        let row = self
            .get(&keys::numbers_audited())
            .await?
            .unwrap_or_default();
        let whole = |name| {
            row.number(name)
                .and_then(|n| u64::try_from(n).ok())
                .unwrap_or(0)
        };
        Ok(NumbersAudit {
            accounted: whole("accounted"),
            seen: whole("seen"),
            seen_at_millis: row.number("seen_at").unwrap_or(0),
        })
    }

    /// Keeps how far the sweep got.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn set_numbers_audit(&self, audit: &NumbersAudit) -> Result<(), StoreError> {
        let whole = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
        let row = Item::new(&keys::numbers_audited())
            .set_number("accounted", whole(audit.accounted))
            .set_number("seen", whole(audit.seen))
            .set_number("seen_at", audit.seen_at_millis);
        self.put("keep how far numbers are accounted for", row)
            .await
    }
}

/// How far the sweep has accounted for numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NumbersAudit {
    /// Every number up to this one is a ticket or a void.
    pub accounted: u64,
    /// The last number taken when the sweep looked.
    pub seen: u64,
    /// When that was, in epoch milliseconds.
    pub seen_at_millis: i64,
}
