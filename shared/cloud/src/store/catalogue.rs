//! The catalogue that is in force: the table's copy where there is one, the one
//! that ships otherwise.

use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_dynamodb::types::{AttributeValue, Put, TransactWriteItem};
use jiff::{SignedDuration, Timestamp};
use types::catalogue::{Catalogue, CatalogueDocument};
use types::handover::Concerned;
use types::ids::{CalendarId, EmailAddress};
use types::person::Person;

use super::idempotency::RequestKey;
use super::in_the_way::{CONDITION, codes, insist, transaction_failed};
use super::item::Item;
use super::query::{Order, Query};
use super::{Store, StoreError, unbuildable};
use crate::clock;
use crate::keys::{self, DueKind};

/// How long a process goes by what it has read.
const FRESH: SignedDuration = SignedDuration::from_secs(5);

/// A catalogue and its version; 0 is the one that ships.
#[derive(Clone, Debug)]
pub struct StoredCatalogue {
    pub version: u64,
    pub catalogue: Arc<Catalogue>,
}

/// A version that was written, as it is kept.
#[derive(Clone, Debug)]
pub struct CatalogueVersion {
    pub version: u64,
    pub document: CatalogueDocument,
    pub written_at: Option<Timestamp>,
    /// Who wrote it; nobody knows where it was written before that was kept.
    pub by: Option<Person>,
    /// The key of the request that wrote it, and what that said.
    request: Option<(String, String)>,
}

impl CatalogueVersion {
    fn of(row: &Item) -> Result<Self, StoreError> {
        let text = |name| row.text(name).map(str::to_owned);
        let by = text("by").and_then(|email| EmailAddress::parse(&email).ok());
        Ok(CatalogueVersion {
            version: version_of(row),
            document: row.doc()?,
            written_at: row.text("written_at").and_then(|at| at.parse().ok()),
            by: by.map(|email| Person {
                name: text("by_name").unwrap_or_else(|| email.to_string()),
                email,
            }),
            request: text("request").zip(text("fingerprint")),
        })
    }

    /// Whether this request wrote it: sent again, it is done already.
    pub fn is_of(&self, request: RequestKey<'_>) -> bool {
        let said = self.request.as_ref().map(|(_, said)| said.as_str());
        self.has_key(request) && said == Some(request.fingerprint)
    }

    /// Whether a request of this key wrote it, whatever that said.
    pub fn has_key(&self, request: RequestKey<'_>) -> bool {
        let by = self.by.as_ref().map(|by| by.email.as_str());
        let key = self.request.as_ref().map(|(key, _)| key.as_str());
        by == Some(request.scope) && key == Some(request.key)
    }
}

fn version_of(row: &Item) -> u64 {
    let version = row.number("version");
    version.and_then(|v| u64::try_from(v).ok()).unwrap_or(0)
}

/// The catalogue as this process last read it.
pub struct CatalogueCache {
    store: Store,
    kept: Mutex<Option<(Timestamp, StoredCatalogue)>>,
}

impl CatalogueCache {
    /// An empty cache.
    pub fn new(store: Store) -> Self {
        CatalogueCache {
            store,
            kept: Mutex::new(None),
        }
    }

    /// The catalogue, at most five seconds old.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn get(&self) -> Result<StoredCatalogue, StoreError> {
        let now = clock::now();
        {
            let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some((read_at, stored)) = &*kept
                && now.duration_since(*read_at) < FRESH
            {
                return Ok(stored.clone());
            }
        }
        self.newest().await
    }

    /// The catalogue as it was when the table last said, however long ago; none, where
    /// this process has not heard yet.
    pub fn last(&self) -> Option<StoredCatalogue> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.as_ref().map(|(_, stored)| stored.clone())
    }

    /// The catalogue as it is now.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn newest(&self) -> Result<StoredCatalogue, StoreError> {
        let now = clock::now();
        let stored = self.store.catalogue().await?;
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        *kept = Some((now, stored.clone()));
        Ok(stored)
    }
}

impl Store {
    /// The catalogue in force.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn catalogue(&self) -> Result<StoredCatalogue, StoreError> {
        let row = self.get(&keys::catalogue_current()).await?;
        let invalid = |reason: String| {
            let key = keys::catalogue_current();
            StoreError::Corrupt {
                pk: key.pk,
                sk: key.sk,
                reason,
            }
        };
        match row {
            None => {
                let catalogue = Catalogue::shipped().map_err(|e| invalid(format!("{e:?}")))?;
                Ok(StoredCatalogue {
                    version: 0,
                    catalogue: Arc::new(catalogue),
                })
            }
            Some(row) => {
                let document: CatalogueDocument = row.doc()?;
                let catalogue = Catalogue::new(document).map_err(|e| invalid(format!("{e:?}")))?;
                Ok(StoredCatalogue {
                    version: version_of(&row),
                    catalogue: Arc::new(catalogue),
                })
            }
        }
    }

    /// A version that was written; none has the number of the one that ships.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn catalogue_version(
        &self,
        version: u64,
    ) -> Result<Option<CatalogueVersion>, StoreError> {
        let row = self.get(&keys::catalogue_version(version)).await?;
        row.map(|row| CatalogueVersion::of(&row)).transpose()
    }

    /// At most so many versions that were written, the latest first, from one on.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn catalogue_versions(
        &self,
        from: u64,
        most: usize,
    ) -> Result<Vec<CatalogueVersion>, StoreError> {
        let rows = self
            .query(Query {
                operation: "read the catalogue's versions",
                index: None,
                condition: "pk = :pk AND sk BETWEEN :first AND :last",
                values: vec![
                    (":pk", keys::CATALOGUE.to_owned()),
                    (":first", keys::catalogue_version(0).sk),
                    (":last", keys::catalogue_version(from).sk),
                ],
                order: Order::Descending,
                limit: Some(most),
            })
            .await?;
        rows.iter().map(CatalogueVersion::of).collect()
    }

    /// What of a version has to be looked after, and since when it is written; nothing
    /// once that is done.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn hand_over(
        &self,
        version: u64,
    ) -> Result<Option<(Concerned, Timestamp)>, StoreError> {
        let row = self.get(&keys::hand_over(version)).await?;
        let Some(row) = row else {
            return Ok(None);
        };
        let since = row.text("due_sk").and_then(|at| at.parse().ok());
        let calendars: Vec<CalendarId> = match row.text("calendars") {
            None => vec![],
            Some(text) => serde_json::from_str(text).map_err(|e| row.corrupt(e.to_string()))?,
        };
        let people = row.doc()?;
        let concerned = Concerned { people, calendars };
        Ok(Some((concerned, since.unwrap_or(Timestamp::MIN))))
    }

    /// That is looked after.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn finish_hand_over(&self, version: u64) -> Result<(), StoreError> {
        let key = keys::hand_over(version);
        self.delete("strike off a hand-over", &key).await
    }

    /// Writes a catalogue over version `over`, and keeps it under its own
    /// version as well, with who wrote it and which request of his that was; with
    /// it what has to be looked after. Says `false` when somebody else
    /// wrote in between.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn put_catalogue(
        &self,
        document: &CatalogueDocument,
        over: u64,
        concerned: &Concerned,
        by: &Person,
        request: Option<RequestKey<'_>>,
    ) -> Result<bool, StoreError> {
        let operation = "write the catalogue";
        let whole = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
        let version = over + 1;
        // Both or none: the version that is kept is the one that was in force.
        let mut kept = Item::with_large_doc(&keys::catalogue_version(version), document)?
            .set_number("version", whole(version))
            .set("written_at", keys::sortable(clock::now()))
            .set("by", by.email.as_str())
            .set("by_name", by.name.as_str());
        if let Some(RequestKey {
            scope: _,
            key,
            fingerprint,
        }) = request
        {
            kept = kept.set("request", key).set("fingerprint", fingerprint);
        }
        let kept = Put::builder()
            .table_name(&self.table)
            .set_item(Some(kept.0))
            .condition_expression("attribute_not_exists(pk)")
            .build()
            .map_err(|e| unbuildable(operation, e))?;
        let current = Item::with_large_doc(&keys::catalogue_current(), document)?
            .set_number("version", whole(version));
        let mut put = Put::builder()
            .table_name(&self.table)
            .set_item(Some(current.0));
        put = if over == 0 {
            put.condition_expression("attribute_not_exists(pk)")
        } else {
            put.condition_expression("version = :over")
                .expression_attribute_values(":over", AttributeValue::N(over.to_string()))
        };
        let current = put.build().map_err(|e| unbuildable(operation, e))?;
        let mut sent = self
            .client
            .transact_write_items()
            .transact_items(TransactWriteItem::builder().put(kept).build())
            .transact_items(TransactWriteItem::builder().put(current).build());
        if !concerned.is_empty() {
            let Concerned { people, calendars } = concerned;
            let mut row = Item::with_doc(&keys::hand_over(version), people)?;
            if !calendars.is_empty() {
                let text = serde_json::to_string(calendars);
                let text = text.map_err(|e| row.corrupt(e.to_string()))?;
                row = row.set("calendars", text);
            }
            let row = row
                .set("due_pk", keys::due_partition(DueKind::Outbox, 0))
                .set("due_sk", keys::sortable(clock::now()));
            let owed = Put::builder()
                .table_name(&self.table)
                .set_item(Some(row.0))
                .build()
                .map_err(|e| unbuildable(operation, e))?;
            sent = sent.transact_items(TransactWriteItem::builder().put(owed).build());
        }
        let Err(error) = insist(|| sent.clone().send()).await else {
            return Ok(true);
        };
        match error.as_service_error() {
            // Somebody else's version is there.
            Some(refused) if codes(refused).any(|code| code == CONDITION) => Ok(false),
            Some(_) | None => Err(transaction_failed(operation, error)),
        }
    }
}
