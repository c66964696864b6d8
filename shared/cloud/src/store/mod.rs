//! The table: one DynamoDB table holds everything (docs/adr/0001). This module
//! and `keys` are all that know how.

mod catalogue;
mod commit;
mod due;
mod given_up;
mod holders;
mod idempotency;
mod in_the_way;
mod item;
mod list;
mod mail;
mod numbers;
mod outbox;
mod preferences;
mod presence;
mod query;
mod restored;
mod reviews;
mod rows;
mod session;
mod transaction;

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::types::{
    AttributeValue, ConsumedCapacity, KeysAndAttributes, ReturnConsumedCapacity,
};
use types::ids::{EmailAddress, TicketId, TicketRef};
use types::ticket::{Event, Ticket, replay};

pub use catalogue::{CatalogueCache, CatalogueVersion, StoredCatalogue};
pub use commit::{AWAITED, COPIED, Commit, Guards, IdempotencyGuard, LoadGuard, MailGuard};
pub use due::DueRow;
pub use given_up::GivenUp;
pub use holders::{Holders, places};
pub use idempotency::{Claim, Outcome, Replay, RequestKey};
pub use list::{ListPlan, Page};
pub use mail::{MailEntry, SenderLimit, SentMail};
pub use numbers::NumbersAudit;
pub use outbox::{OutboxClaim, OutboxKey, Unsent};
pub use restored::Struck;
pub use reviews::{NoticeRow, Said, Schedule, StoredReview};
pub use rows::{INDEXES, IndexEntry, Row, Start, index_attributes};
pub use transaction::CommitError;

use crate::config::{ConfigError, Environment};
use crate::keys::{self, Key};
use in_the_way::insist;
use item::Item;
use query::{Order, Query};

/// The table's adapter. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    client: Client,
    table: String,
    half_units_read: Arc<AtomicU64>,
}

/// Why the table did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A passing fault: throttling, a timeout, a 5xx, a transaction in the way.
    #[error("{operation}: the table did not answer in time or is throttling")]
    Retryable {
        operation: &'static str,
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A lasting fault: a defect of ours, a missing permission, a missing table.
    #[error("{operation}: the table refused")]
    Unexpected {
        operation: &'static str,
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A row that this code cannot read.
    #[error("row {pk} / {sk} cannot be read: {reason}")]
    Corrupt {
        pk: String,
        sk: String,
        reason: String,
    },
    /// A document that a row has no room for.
    #[error("a row has no room for it")]
    TooLarge,
}

impl StoreError {
    /// Whether the same call may go through later.
    pub fn is_retryable(&self) -> bool {
        match self {
            StoreError::Retryable { .. } => true,
            StoreError::Unexpected { .. } | StoreError::Corrupt { .. } | StoreError::TooLarge => {
                false
            }
        }
    }
}

/// Sorts an SDK error by what a caller can do about it.
fn failed<E, R>(operation: &'static str, error: SdkError<E, R>) -> StoreError
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    R: std::fmt::Debug + Send + Sync + 'static,
{
    let passing = match &error {
        SdkError::TimeoutError(_) | SdkError::DispatchFailure(_) | SdkError::ResponseError(_) => {
            true
        }
        SdkError::ServiceError(service) => matches!(
            service.err().code(),
            Some(
                "ProvisionedThroughputExceededException"
                    | "RequestLimitExceeded"
                    | "ThrottlingException"
                    | "InternalServerError"
                    | "ServiceUnavailable"
                    | "TransactionConflictException"
                    | "TransactionInProgressException"
            )
        ),
        _ => false,
    };
    let source = Box::new(error);
    if passing {
        StoreError::Retryable { operation, source }
    } else {
        StoreError::Unexpected { operation, source }
    }
}

/// Whether a write was not made because its condition did not hold.
fn condition_failed<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> bool {
    matches!(error, SdkError::ServiceError(service)
        if service.err().code() == Some("ConditionalCheckFailedException"))
}

/// A request that this code put together wrongly: a defect.
fn unbuildable(operation: &'static str, error: aws_sdk_dynamodb::error::BuildError) -> StoreError {
    StoreError::Unexpected {
        operation,
        source: Box::new(error),
    }
}

type Attributes = HashMap<String, AttributeValue>;

impl Store {
    /// The table that the environment names.
    ///
    /// # Errors
    /// When `TABLE_NAME` is missing.
    pub fn new(environment: &Environment) -> Result<Self, ConfigError> {
        let table = environment.required("TABLE_NAME")?;
        Ok(Self::named(environment.sdk(), table))
    }

    /// The table of this name.
    pub fn named(sdk: &aws_types::SdkConfig, table: String) -> Self {
        Store {
            client: Client::new(sdk),
            table,
            half_units_read: Arc::default(),
        }
    }

    /// Read units that the table has charged this adapter and its clones so far.
    pub fn read_units(&self) -> f64 {
        let half_units = u32::try_from(self.half_units_read.load(Ordering::Relaxed));
        f64::from(half_units.unwrap_or(u32::MAX)) / 2.0
    }

    fn charge<'a>(&self, consumed: impl IntoIterator<Item = &'a ConsumedCapacity>) {
        for consumed in consumed {
            // Reads are charged in half units.
            let half_units = consumed.capacity_units().unwrap_or_default() * 2.0;
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a call is charged a few units, never less than none"
            )]
            let half_units = half_units.round() as u64;
            self.half_units_read
                .fetch_add(half_units, Ordering::Relaxed);
        }
    }

    /// One cheap read, so that connections stand before the first request: of a row
    /// that nobody has, and that every function may ask for.
    pub async fn warm(&self) {
        let _ = tokio::time::timeout(Duration::from_secs(1), self.get(&keys::session(""))).await;
    }

    async fn get(&self, key: &Key) -> Result<Option<Item>, StoreError> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(key.attributes()))
            .consistent_read(true)
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await
            .map_err(|e| failed("read a row", e))?;
        self.charge(&answer.consumed_capacity);
        Ok(answer.item.map(Item))
    }

    /// Writes a row over whatever is there.
    async fn put(&self, operation: &'static str, row: Item) -> Result<(), StoreError> {
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(row.0));
        let sent = insist(|| put.clone().send()).await;
        sent.map(drop).map_err(|e| failed(operation, e))
    }

    /// Deletes a row, if it is there.
    async fn delete(&self, operation: &'static str, key: &Key) -> Result<(), StoreError> {
        let delete = self
            .client
            .delete_item()
            .table_name(&self.table)
            .set_key(Some(key.attributes()));
        let sent = insist(|| delete.clone().send()).await;
        sent.map(drop).map_err(|e| failed(operation, e))
    }

    /// Reads rows consistently, a hundred a call; rows that are not there are
    /// missing from the answer. The answer has no order.
    async fn get_many(&self, keys: impl IntoIterator<Item = Key>) -> Result<Vec<Item>, StoreError> {
        let operation = "read rows";
        // A key that stands twice in one call is an error of DynamoDB's.
        let unique: BTreeSet<(String, String)> = keys.into_iter().map(|k| (k.pk, k.sk)).collect();
        let unique: Vec<_> = unique
            .into_iter()
            .map(|(pk, sk)| Key { pk, sk }.attributes())
            .collect();
        let mut items = Vec::with_capacity(unique.len());
        for chunk in unique.chunks(100) {
            let mut wanted = chunk.to_vec();
            // How often in a row it read nothing.
            let mut in_vain = 0u32;
            while !wanted.is_empty() {
                let asked = wanted.len();
                let request = KeysAndAttributes::builder()
                    .set_keys(Some(wanted))
                    .consistent_read(true)
                    .build()
                    .map_err(|e| unbuildable(operation, e))?;
                let mut answer = self
                    .client
                    .batch_get_item()
                    .request_items(&self.table, request)
                    .return_consumed_capacity(ReturnConsumedCapacity::Total)
                    .send()
                    .await
                    .map_err(|e| failed(operation, e))?;
                self.charge(answer.consumed_capacity());
                let found = answer
                    .responses
                    .as_mut()
                    .and_then(|r| r.remove(&self.table));
                items.extend(found.unwrap_or_default().into_iter().map(Item));
                let left = answer
                    .unprocessed_keys
                    .as_mut()
                    .and_then(|k| k.remove(&self.table));
                wanted = left.map(|l| l.keys).unwrap_or_default();
                // An answer of 16 MB ends where it ends, and the next one goes on there.
                if wanted.len() < asked {
                    in_vain = 0;
                    continue;
                }
                if in_vain == 5 {
                    return Err(StoreError::Retryable {
                        operation,
                        source: "keys stayed unprocessed".into(),
                    });
                }
                tokio::time::sleep(Duration::from_millis(20 << in_vain)).await;
                in_vain += 1;
            }
        }
        Ok(items)
    }

    /// A ticket by its id.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn ticket(&self, id: TicketId) -> Result<Option<Ticket>, StoreError> {
        self.get(&keys::ticket(id))
            .await?
            .map(|item| item.doc())
            .transpose()
    }

    /// A ticket by its number or id.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn find(&self, reference: TicketRef) -> Result<Option<Ticket>, StoreError> {
        let id = match reference {
            TicketRef::Id(id) => Some(id),
            TicketRef::Number(number) => self.ticket_of(number).await?,
        };
        match id {
            Some(id) => self.ticket(id).await,
            None => Ok(None),
        }
    }

    /// Up to `limit` events after `after`, and whether there are more.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn events(
        &self,
        id: TicketId,
        after: u64,
        limit: usize,
    ) -> Result<(Vec<Event>, bool), StoreError> {
        let items = self
            .query(Query {
                operation: "read a history",
                index: None,
                condition: "pk = :pk AND sk BETWEEN :from AND :to",
                values: vec![
                    (":pk", keys::ticket_partition(id)),
                    (":from", keys::event_sort(after.saturating_add(1))),
                    (":to", keys::event_sort(keys::LAST_EVENT)),
                ],
                order: Order::Ascending,
                limit: Some(limit + 1),
            })
            .await?;
        let mut events: Vec<Event> = items.iter().map(Item::doc).collect::<Result<_, _>>()?;
        let more = events.len() > limit;
        events.truncate(limit);
        Ok((events, more))
    }

    /// One event.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn event(&self, id: TicketId, seq: u64) -> Result<Option<Event>, StoreError> {
        self.get(&keys::event(id, seq))
            .await?
            .map(|item| item.doc())
            .transpose()
    }

    /// The ticket as it was at `version`.
    ///
    /// # Errors
    /// See [`StoreError`]; a history with a gap is corrupt.
    pub async fn ticket_at(&self, id: TicketId, version: u64) -> Result<Ticket, StoreError> {
        let limit = usize::try_from(version).unwrap_or(usize::MAX - 1);
        let (events, _) = self.events(id, 0, limit).await?;
        let corrupt = |reason: String| {
            let Key { pk, sk } = keys::ticket(id);
            StoreError::Corrupt { pk, sk, reason }
        };
        let ticket = replay(&events).map_err(|e| corrupt(e.to_string()))?;
        if ticket.version == version {
            Ok(ticket)
        } else {
            Err(corrupt(format!(
                "the history ends at {}, before {version}",
                ticket.version
            )))
        }
    }

    /// What agents have on their hands: open tickets, and when they last got one
    /// automatically (epoch milliseconds). Who never had one is missing.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn loads(
        &self,
        agents: &[EmailAddress],
    ) -> Result<HashMap<String, (i64, i64)>, StoreError> {
        let items = self.get_many(agents.iter().map(keys::agent)).await?;
        items
            .into_iter()
            .map(|item| {
                let email = item.key()?.pk.trim_start_matches("AGENT#").to_owned();
                let load = item.number("open").unwrap_or(0);
                Ok((email, (load, item.number("last_assigned").unwrap_or(0))))
            })
            .collect()
    }
}
