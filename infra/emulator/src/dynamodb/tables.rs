//! The tables: how they are opened, described, and cleared of what has expired.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use axum::http::StatusCode;
use dynoxide::{Database, DynoxideError};
use serde_json::{Value, json};

use crate::dynamodb::elsewhere::{Elsewhere, broken};
use crate::dynamodb::tokens::Tokens;
use crate::dynamodb::under_way::{self, Hands, KeySchema, UnderWay};
use crate::dynamodb::{needs, pages, protocol};
use crate::roles::Need;
use crate::store::Durability;

/// A table as it is to be.
#[derive(Clone, Debug)]
pub struct Table {
    /// What it is called.
    pub name: String,
    /// The `CreateTable` request: keys, indexes, attributes.
    pub create: Value,
    /// The attribute that says when an item expires.
    pub expires_by: Option<String>,
}

/// All tables. Clones share them.
#[derive(Clone)]
pub struct Tables {
    kept: Kept,
    tokens: Arc<Tokens>,
    schemas: Arc<Mutex<HashMap<String, KeySchema>>>,
    hands: Arc<Hands>,
    page: Option<usize>,
}

/// Where the items are.
#[derive(Clone)]
enum Kept {
    Here(Database),
    Elsewhere(Arc<Elsewhere>),
}

/// Why tables are not there.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// The database failed.
    #[error("the tables: {0}")]
    Database(#[from] DynoxideError),
    /// A table cannot be made by its description.
    #[error("the table {0} cannot be made: {1}")]
    Refused(String, String),
    /// The table was made by a description that said otherwise.
    #[error("the table {0} has other keys or indexes than it is now described with")]
    Changed(String),
}

impl Tables {
    /// Opens the database at `path`, and creates what is missing in it.
    ///
    /// # Errors
    /// Where it cannot be used, or holds a table of other keys or indexes.
    pub fn open(path: &Path, durability: Durability, tables: &[Table]) -> Result<Self, TableError> {
        let database = Database::new(&path.to_string_lossy())?;
        if durability == Durability::Normal {
            // Among the settings that this restores is `synchronous = NORMAL`.
            database.disable_bulk_loading()?;
        }
        Self::of(Kept::Here(database), tables)
    }

    /// Tables that are gone with the last clone of this.
    ///
    /// # Errors
    /// Where a table's description makes none.
    pub fn in_memory(tables: &[Table]) -> Result<Self, TableError> {
        Self::of(Kept::Here(Database::memory()?), tables)
    }

    /// The tables of another DynamoDB, which answers at `url`; each region of it has
    /// tables of its own. What is missing is created.
    ///
    /// # Errors
    /// Where it does not answer, or holds a table of other keys or indexes.
    pub fn elsewhere(url: &str, region: &str, tables: &[Table]) -> Result<Self, TableError> {
        Self::of(
            Kept::Elsewhere(Arc::new(Elsewhere::new(url, region))),
            tables,
        )
    }

    /// The same tables, whose answers have no more than so many rows: a page ends
    /// there, and the rest of a batch is left undone.
    #[must_use]
    pub fn with_pages_of(mut self, rows: usize) -> Self {
        self.page = Some(rows);
        self
    }

    fn of(kept: Kept, tables: &[Table]) -> Result<Self, TableError> {
        let all = Self {
            kept,
            tokens: Arc::default(),
            schemas: Arc::default(),
            hands: Arc::default(),
            page: None,
        };
        for table in tables {
            all.create(table)?;
        }
        Ok(all)
    }

    /// Carries out one request as it is on the wire: the operation is what stands
    /// behind the dot of `X-Amz-Target`, the body is JSON, and so is the answer's,
    /// whatever its status.
    pub fn call(&self, operation: &str, body: &[u8]) -> (StatusCode, String) {
        let shorter = self
            .page
            .and_then(|rows| pages::shorten(operation, body, rows));
        let Some((body, left)) = shorter else {
            return self.carry_out(operation, body);
        };
        let (status, answer) = self.carry_out(operation, &body);
        match left {
            Some(left) if status == StatusCode::OK => (status, left.said_in(answer)),
            Some(_) | None => (status, answer),
        }
    }

    /// [`Self::call`] for a task: it waits for what is elsewhere, and not its thread.
    pub(crate) async fn answer(&self, operation: &str, body: &[u8]) -> (StatusCode, String) {
        match &self.kept {
            // On the worker's own thread: an operation takes a fraction of a
            // millisecond, which is less than handing it to another thread and
            // waking this one again. The runtime has threads to spare for it.
            Kept::Here(_) => self.call(operation, body),
            Kept::Elsewhere(_) => {
                let (tables, body) = (self.clone(), body.to_vec());
                let operation = operation.to_owned();
                tokio::task::spawn_blocking(move || tables.call(&operation, &body))
                    .await
                    .unwrap_or_else(|error| broken(&error.to_string()))
            }
        }
    }

    fn carry_out(&self, operation: &str, body: &[u8]) -> (StatusCode, String) {
        let database = match &self.kept {
            Kept::Here(database) => database,
            Kept::Elsewhere(elsewhere) => return elsewhere.call(operation, body),
        };
        match protocol::carry_out(database, &self.tokens, operation, body) {
            Ok(answer) => (StatusCode::OK, answer),
            Err(error) => {
                let status = StatusCode::from_u16(error.status_code());
                (
                    status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
                    error.to_json(),
                )
            }
        }
    }

    /// What has to be allowed for a request to be carried out.
    pub(crate) fn needs(&self, operation: &str, body: &[u8]) -> Vec<Need> {
        needs::needs(&|table| self.schema(table), operation, body)
    }

    /// For transactions that take their time: one takes its items, and has them until
    /// it is dropped; whatever it is in the way of is refused meanwhile, as DynamoDB
    /// does, with the answer that is given here.
    pub(crate) fn begin(
        &self,
        operation: &str,
        body: &[u8],
    ) -> Result<Option<UnderWay>, (StatusCode, String)> {
        let schema = |table: &str| self.schema(table);
        under_way::begin(&self.hands, &schema, &self.tokens, operation, body)
    }

    /// Deletes items that have expired, by the real time. Elsewhere that is not ours
    /// to do.
    pub async fn sweep_expired(&self) {
        let Kept::Here(database) = self.kept.clone() else {
            return;
        };
        match tokio::task::spawn_blocking(move || database.sweep_ttl()).await {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => tracing::error!(%error, "expired items could not be deleted"),
            Err(error) => tracing::error!(%error, "expired items could not be deleted"),
        }
    }

    fn create(&self, table: &Table) -> Result<(), TableError> {
        let name = table.name.as_str();
        match self.asked("CreateTable", &table.create) {
            Ok(_) => {}
            Err(error) if error.contains("ResourceInUseException") => {
                let described = self.asked("DescribeTable", &json!({ "TableName": name }));
                let actual = described.map_err(|e| TableError::Refused(name.to_owned(), e))?;
                if outline(&actual["Table"]) != outline(&table.create) {
                    return Err(TableError::Changed(name.to_owned()));
                }
            }
            Err(error) => return Err(TableError::Refused(name.to_owned(), error)),
        }
        let Some(attribute) = &table.expires_by else {
            return Ok(());
        };
        let specification = json!({
            "TableName": name,
            "TimeToLiveSpecification": { "AttributeName": attribute, "Enabled": true },
        });
        match self.asked("UpdateTimeToLive", &specification) {
            Ok(_) => Ok(()),
            // It is so already.
            Err(error) if error.contains("ValidationException") => Ok(()),
            Err(error) => Err(TableError::Refused(name.to_owned(), error)),
        }
    }

    /// The attributes that are a table's key, whoever made it.
    fn schema(&self, table: &str) -> Option<KeySchema> {
        let known = || self.schemas.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(schema) = known().get(table) {
            return Some(Arc::clone(schema));
        }
        let described = self
            .asked("DescribeTable", &json!({ "TableName": table }))
            .ok()?;
        let parts = described["Table"]["KeySchema"].as_array()?.iter();
        let names = parts.filter_map(|part| part["AttributeName"].as_str().map(str::to_owned));
        let schema = KeySchema::new(names.collect());
        known().insert(table.to_owned(), Arc::clone(&schema));
        Some(schema)
    }

    /// The answer to a request, or its error as it is on the wire.
    fn asked(&self, operation: &str, request: &Value) -> Result<Value, String> {
        let (status, answer) = self.carry_out(operation, request.to_string().as_bytes());
        match status {
            StatusCode::OK => serde_json::from_str(&answer).map_err(|error| error.to_string()),
            _ => Err(answer),
        }
    }
}

/// What of a table cannot change under its items: keys and indexes.
fn outline(table: &Value) -> (Value, Vec<(String, Value)>) {
    let indexes = ["GlobalSecondaryIndexes", "LocalSecondaryIndexes"]
        .iter()
        .filter_map(|kind| table[*kind].as_array())
        .flatten()
        .map(|index| (index["IndexName"].to_string(), index["KeySchema"].clone()));
    let mut indexes: Vec<_> = indexes.collect();
    indexes.sort_by(|a, b| a.0.cmp(&b.0));
    (table["KeySchema"].clone(), indexes)
}

/// A table with both kinds of keys, for tests.
#[cfg(test)]
pub(super) fn things() -> Table {
    Table {
        name: "Things".to_owned(),
        create: json!({
            "TableName": "Things",
            "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [
                { "AttributeName": "kind", "AttributeType": "S" },
                { "AttributeName": "id", "AttributeType": "S" },
            ],
            "KeySchema": [
                { "AttributeName": "kind", "KeyType": "HASH" },
                { "AttributeName": "id", "KeyType": "RANGE" },
            ],
        }),
        expires_by: None,
    }
}
