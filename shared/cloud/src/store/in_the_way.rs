//! Transactions in the way. DynamoDB refuses a write while a transaction on one of
//! its items is under way, no SDK tries it again, and some milliseconds later it
//! goes through.

use std::time::Duration;

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::delete_item::DeleteItemError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;

use super::{StoreError, failed};
use crate::clock;

/// How often a write that a transaction is in the way of is tried.
const ATTEMPTS: u32 = 5;

/// What a write is refused with.
pub(super) trait Refusal {
    /// Whether nothing was in the way but what passes.
    fn is_passing(&self) -> bool;
}

impl Refusal for PutItemError {
    fn is_passing(&self) -> bool {
        self.is_transaction_conflict_exception()
    }
}

impl Refusal for UpdateItemError {
    fn is_passing(&self) -> bool {
        self.is_transaction_conflict_exception()
    }
}

impl Refusal for DeleteItemError {
    fn is_passing(&self) -> bool {
        self.is_transaction_conflict_exception()
    }
}

/// Of a transaction every reason is read: one that may go through later does not if a
/// condition of it does not hold.
impl Refusal for TransactWriteItemsError {
    fn is_passing(&self) -> bool {
        let mut passing = false;
        for code in codes(self) {
            match code {
                CONDITION => return false,
                "TransactionConflict" | "ThrottlingError" | "ProvisionedThroughputExceeded" => {
                    passing = true;
                }
                _ => {}
            }
        }
        passing
    }
}

/// The code of a part of a transaction whose condition did not hold.
pub(super) const CONDITION: &str = "ConditionalCheckFailed";

/// What a transaction was cancelled for, part by part.
pub(super) fn codes(error: &TransactWriteItemsError) -> impl Iterator<Item = &str> {
    let reasons = match error {
        TransactWriteItemsError::TransactionCanceledException(canceled) => {
            canceled.cancellation_reasons()
        }
        _ => &[],
    };
    reasons
        .iter()
        .map(|reason| reason.code().unwrap_or_default())
}

/// Sends a write until nothing is in its way, a bounded number of times.
pub(super) async fn insist<T, E, R, Sent>(send: impl Fn() -> Sent) -> Result<T, SdkError<E, R>>
where
    E: Refusal,
    Sent: Future<Output = Result<T, SdkError<E, R>>>,
{
    let mut attempt = 1;
    loop {
        // On the heap: what the SDK does for a call is large, and whoever writes waits
        // for it deep inside of others.
        match Box::pin(send()).await {
            Err(SdkError::ServiceError(refused))
                if refused.err().is_passing() && attempt < ATTEMPTS => {}
            sent => return sent,
        }
        tokio::time::sleep(clock::jitter(Duration::from_millis(20 << attempt))).await;
        attempt += 1;
    }
}

/// Sorts the error of a transaction, whose reasons say whether it may go through later.
pub(super) fn transaction_failed<R>(
    operation: &'static str,
    error: SdkError<TransactWriteItemsError, R>,
) -> StoreError
where
    R: std::fmt::Debug + Send + Sync + 'static,
{
    match error.as_service_error() {
        Some(refused) if refused.is_passing() => StoreError::Retryable {
            operation,
            source: Box::new(error),
        },
        Some(_) | None => failed(operation, error),
    }
}
