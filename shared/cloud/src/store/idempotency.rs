//! Idempotency keys: the same request, sent again, gets the same answer. A row
//! keeps which ticket at which version was answered; the answer itself is made
//! again from the ticket's history.
//!
//! A registration claims its key before it takes a number, so that twenty of
//! the same take one number between them. Other commands write the row in their
//! commit, which costs nothing more.

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValuesOnConditionCheckFailure};
use jiff::{SignedDuration, Timestamp};
use types::ids::TicketId;
use types::ticket::Ticket;

use super::in_the_way::insist;
use super::item::Item;
use super::{Store, StoreError, condition_failed, failed};
use crate::clock;
use crate::keys;

/// How long a key is remembered.
const REMEMBERED: SignedDuration = SignedDuration::from_hours(48);

/// How long a claim holds: longer than a function may run.
const LEASE: SignedDuration = SignedDuration::from_secs(15);

/// A key that is ours for the time of a registration.
#[derive(Clone, Debug)]
pub struct Claim {
    pub(super) scope: String,
    pub(super) key: String,
    pub(super) fingerprint: String,
    pub(super) claimed_by: String,
}

/// A key under which a request may be sent again: one caller's, for one request.
#[derive(Clone, Copy, Debug)]
pub struct RequestKey<'a> {
    /// Whose key it is.
    pub scope: &'a str,
    pub key: &'a str,
    /// What the request says.
    pub fingerprint: &'a str,
}

impl Claim {
    pub(super) fn request(&self) -> RequestKey<'_> {
        RequestKey {
            scope: &self.scope,
            key: &self.key,
            fingerprint: &self.fingerprint,
        }
    }
}

/// What was answered to a key before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Replay {
    pub ticket: TicketId,
    pub version: u64,
}

/// What is known of a key.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// Nobody used it.
    Fresh,
    /// It was used, with this answer.
    Done(Replay),
    /// It was used with another body.
    Mismatch,
    /// Somebody is at it.
    InProgress,
}

/// The row of a key whose request is done.
pub(super) fn finished_row(request: RequestKey<'_>, ticket: &Ticket) -> Item {
    Item::new(&keys::idempotency(request.scope, request.key))
        .set("fingerprint", request.fingerprint)
        .set("ticket", ticket.id.to_string())
        .set_number("version", i64::try_from(ticket.version).unwrap_or(i64::MAX))
        .set_number("expires_at", (clock::now() + REMEMBERED).as_second())
}

fn read(row: &Item, fingerprint: &str, now: Timestamp) -> Outcome {
    // TTL takes days to delete a row; until then it is read as if it were gone.
    if row
        .number("expires_at")
        .is_none_or(|at| at < now.as_second())
    {
        return Outcome::Fresh;
    }
    if row.text("fingerprint") != Some(fingerprint) {
        return Outcome::Mismatch;
    }
    let ticket = row.text("ticket").and_then(|id| id.parse().ok());
    let version = row.number("version").and_then(|v| u64::try_from(v).ok());
    match (ticket, version) {
        (Some(ticket), Some(version)) => Outcome::Done(Replay { ticket, version }),
        (_, _) => Outcome::InProgress,
    }
}

impl Store {
    /// What is known of a key.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn look_up_key(&self, request: RequestKey<'_>) -> Result<Outcome, StoreError> {
        let row = self
            .get(&keys::idempotency(request.scope, request.key))
            .await?;
        Ok(row.map_or(Outcome::Fresh, |row| {
            read(&row, request.fingerprint, clock::now())
        }))
    }

    /// Makes a key ours, or says what is known of it. `claimant` is unique to
    /// this attempt.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn claim_key(
        &self,
        request: RequestKey<'_>,
        claimant: &str,
    ) -> Result<Result<Claim, Outcome>, StoreError> {
        let RequestKey {
            scope,
            key,
            fingerprint,
        } = request;
        let now = clock::now();
        let claim = Claim {
            scope: scope.to_owned(),
            key: key.to_owned(),
            fingerprint: fingerprint.to_owned(),
            claimed_by: claimant.to_owned(),
        };
        let row = Item::new(&keys::idempotency(scope, key))
            .set("fingerprint", fingerprint)
            .set("claimed_by", claimant)
            .set_number("claimed_until", (now + LEASE).as_millisecond())
            .set_number("expires_at", (now + REMEMBERED).as_second());
        let sent = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(row.0))
            .condition_expression(
                "attribute_not_exists(pk) OR expires_at < :seconds OR claimed_until < :millis",
            )
            .expression_attribute_values(":seconds", AttributeValue::N(now.as_second().to_string()))
            .expression_attribute_values(
                ":millis",
                AttributeValue::N(now.as_millisecond().to_string()),
            )
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await;
        match sent {
            Ok(_) => Ok(Ok(claim)),
            Err(SdkError::ServiceError(e)) if e.err().is_conditional_check_failed_exception() => {
                let old = match e.into_err() {
                    PutItemError::ConditionalCheckFailedException(failed) => failed.item,
                    _ => None,
                };
                let old = old.map(Item);
                // The SDK asked again because the first answer was lost.
                if old.as_ref().and_then(|row| row.text("claimed_by")) == Some(claimant) {
                    return Ok(Ok(claim));
                }
                Ok(Err(old.map_or(Outcome::InProgress, |row| {
                    read(&row, fingerprint, now)
                })))
            }
            // Whoever has it is writing his answer down at this moment.
            Err(SdkError::ServiceError(e)) if e.err().is_transaction_conflict_exception() => {
                Ok(Err(Outcome::InProgress))
            }
            Err(e) => Err(failed("claim an idempotency key", e)),
        }
    }

    /// Gives a claimed key back, so that the request may be sent again at once.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn release_key(&self, claim: &Claim) -> Result<(), StoreError> {
        let delete = self
            .client
            .delete_item()
            .table_name(&self.table)
            .set_key(Some(
                keys::idempotency(&claim.scope, &claim.key).attributes(),
            ))
            .condition_expression("claimed_by = :me")
            .expression_attribute_values(":me", AttributeValue::S(claim.claimed_by.clone()));
        match insist(|| delete.clone().send()).await {
            Ok(_) => Ok(()),
            Err(e) if condition_failed(&e) => Ok(()),
            Err(e) => Err(failed("release an idempotency key", e)),
        }
    }
}
