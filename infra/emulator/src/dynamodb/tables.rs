//! The tables: how they are opened, described, and cleared of what has expired.

use std::path::Path;
use std::sync::Arc;

use axum::http::StatusCode;
use dynoxide::{Database, DynoxideError};
use serde_json::{Value, json};

use crate::dynamodb::protocol;
use crate::dynamodb::tokens::Tokens;
use crate::dynamodb::under_way::{self, Hands, Schemas, UnderWay};
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
    database: Database,
    tokens: Arc<Tokens>,
    schemas: Arc<Schemas>,
    hands: Arc<Hands>,
}

/// Why tables are not there.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// The database failed.
    #[error("the tables: {0}")]
    Database(#[from] DynoxideError),
    /// A table's description cannot be read.
    #[error("the table {0}: {1}")]
    Description(String, serde_json::Error),
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
        Self::of(database, tables)
    }

    /// Tables that are gone with the last clone of this.
    ///
    /// # Errors
    /// Where a table's description cannot be read.
    pub fn in_memory(tables: &[Table]) -> Result<Self, TableError> {
        Self::of(Database::memory()?, tables)
    }

    fn of(database: Database, tables: &[Table]) -> Result<Self, TableError> {
        for table in tables {
            create(&database, table)?;
        }
        Ok(Self {
            database,
            tokens: Arc::default(),
            schemas: Arc::new(tables.iter().map(schema).collect()),
            hands: Arc::default(),
        })
    }

    /// Carries out one request as it is on the wire: the operation is what stands
    /// behind the dot of `X-Amz-Target`, the body is JSON, and so is the answer's,
    /// whatever its status.
    pub fn call(&self, operation: &str, body: &[u8]) -> (StatusCode, String) {
        // On the worker's own thread: an operation takes a fraction of a
        // millisecond, which is less than handing it to another thread and
        // waking this one again. The runtime has threads to spare for it.
        match protocol::carry_out(&self.database, &self.tokens, operation, body) {
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

    /// For transactions that take their time: one takes its items, and has them until
    /// it is dropped; whatever it is in the way of is refused meanwhile, as DynamoDB
    /// does, with the answer that is given here.
    pub(crate) fn begin(
        &self,
        operation: &str,
        body: &[u8],
    ) -> Result<Option<UnderWay>, (StatusCode, String)> {
        under_way::begin(&self.hands, &self.schemas, &self.tokens, operation, body)
    }

    /// Deletes items that have expired, by the real time.
    pub async fn sweep_expired(&self) {
        let database = self.database.clone();
        match tokio::task::spawn_blocking(move || database.sweep_ttl()).await {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => tracing::error!(%error, "expired items could not be deleted"),
            Err(error) => tracing::error!(%error, "expired items could not be deleted"),
        }
    }
}

fn create(database: &Database, table: &Table) -> Result<(), TableError> {
    let name = table.name.as_str();
    let unreadable = |error| TableError::Description(name.to_owned(), error);
    match database.create_table(serde_json::from_value(table.create.clone()).map_err(unreadable)?) {
        Ok(_) => {}
        Err(DynoxideError::ResourceInUseException(_)) => {
            let named = json!({ "TableName": name });
            let request = serde_json::from_value(named).map_err(unreadable)?;
            let answer = database.describe_table(request)?;
            let actual = serde_json::to_value(answer).map_err(unreadable)?;
            if outline(&actual["Table"]) != outline(&table.create) {
                return Err(TableError::Changed(name.to_owned()));
            }
        }
        Err(error) => return Err(error.into()),
    }
    if let Some(attribute) = &table.expires_by {
        let specification = json!({
            "TableName": name,
            "TimeToLiveSpecification": { "AttributeName": attribute, "Enabled": true },
        });
        match database
            .update_time_to_live(serde_json::from_value(specification).map_err(unreadable)?)
        {
            // It is refused where it is so already.
            Ok(_) | Err(DynoxideError::ValidationException(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// A table's name, and the names of the attributes that are its key.
fn schema(table: &Table) -> (String, Vec<String>) {
    let schema = table.create["KeySchema"].as_array().into_iter().flatten();
    let names = schema.filter_map(|part| part["AttributeName"].as_str());
    (table.name.clone(), names.map(str::to_owned).collect())
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
