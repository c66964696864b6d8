//! DynamoDB, by dynoxide on SQLite.

use std::path::Path;
use std::sync::Arc;

use axum::body::Bytes;
use axum::http::StatusCode;
use dynoxide::actions::transact_write_items::TransactWriteItemsRequest;
use dynoxide::{Database, DynoxideError};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::template::Table;
use crate::tokens::Tokens;

/// When a commit is on the disk.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Durability {
    /// Before it is answered: it survives a power cut.
    #[default]
    Full,
    /// Soon after: it survives a crash of the host, not one of the machine.
    Normal,
}

/// The tables of the template.
#[derive(Clone)]
pub(crate) struct Tables {
    database: Database,
    tokens: Arc<Tokens>,
}

/// Why the tables of the template are not there.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// The database failed.
    #[error("the tables: {0}")]
    Database(#[from] DynoxideError),
    /// A table's description cannot be read.
    #[error("the table {0}: {1}")]
    Description(String, serde_json::Error),
    /// The table was made by a template that described it otherwise.
    #[error(
        "the table {0} has other keys or indexes than the template says; move the data away, or start with --reset"
    )]
    Changed(String),
}

impl Tables {
    /// Opens the database, and creates what is missing in it.
    pub(crate) fn open(
        path: &Path,
        durability: Durability,
        tables: &[Table],
    ) -> Result<Self, TableError> {
        let database = Database::new(&path.to_string_lossy())?;
        if durability == Durability::Normal {
            // Among the settings that this restores is `synchronous = NORMAL`.
            database.disable_bulk_loading()?;
        }
        for table in tables {
            create(&database, table)?;
        }
        Ok(Self {
            database,
            tokens: Arc::default(),
        })
    }

    /// Carries out an operation, and answers with its status and JSON.
    pub(crate) fn call(&self, operation: &str, body: &Bytes) -> (StatusCode, String) {
        // On the worker's own thread: an operation takes a fraction of a
        // millisecond, which is less than handing it to another thread and
        // waking this one again. The runtime has threads to spare for it.
        match self.dispatch(operation, body) {
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

    fn dispatch(&self, operation: &str, body: &[u8]) -> Result<String, DynoxideError> {
        if operation != "TransactWriteItems" {
            return dispatch(&self.database, operation, body);
        }
        let mut request: TransactWriteItemsRequest = read(body)?;
        let token = request.client_request_token.take();
        let carry_out = || write(&self.database.transact_write_items(request)?);
        match token {
            Some(token) => self.tokens.once(&token, body, carry_out),
            None => carry_out(),
        }
    }

    /// Deletes items that have expired.
    pub(crate) async fn sweep_expired(&self) {
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

fn dispatch(database: &Database, operation: &str, body: &[u8]) -> Result<String, DynoxideError> {
    macro_rules! operations {
        ($($name:literal => $method:ident,)+) => {
            match operation {
                $($name => write(&database.$method(read(body)?)?),)+
                _ => Err(DynoxideError::UnsupportedCapability(operation.to_owned())),
            }
        };
    }
    operations! {
        "GetItem" => get_item,
        "PutItem" => put_item,
        "UpdateItem" => update_item,
        "DeleteItem" => delete_item,
        "Query" => query,
        "Scan" => scan,
        "BatchGetItem" => batch_get_item,
        "BatchWriteItem" => batch_write_item,
        "TransactGetItems" => transact_get_items,
        "CreateTable" => create_table,
        "UpdateTable" => update_table,
        "DeleteTable" => delete_table,
        "DescribeTable" => describe_table,
        "ListTables" => list_tables,
        "DescribeTimeToLive" => describe_time_to_live,
        "UpdateTimeToLive" => update_time_to_live,
        "ExecuteStatement" => execute_statement,
        "ExecuteTransaction" => execute_transaction,
        "BatchExecuteStatement" => batch_execute_statement,
    }
}

fn write(answer: &impl serde::Serialize) -> Result<String, DynoxideError> {
    serde_json::to_string(answer)
        .map_err(|error| DynoxideError::InternalServerError(error.to_string()))
}

/// Reads a request. dynoxide marks what kind of error a message stands for
/// with a prefix, and leaves it to the server to take that off.
fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, DynoxideError> {
    serde_json::from_slice(body).map_err(|error| {
        let text = error.to_string();
        let text = text.split(" at line ").next().unwrap_or_default();
        match text.split_once(':') {
            Some(("VALIDATION" | "VALIDATION_REQUEST" | "VALIDATION_AS_READ", message)) => {
                DynoxideError::ValidationException(message.to_owned())
            }
            Some(("SERIALIZATION" | "SERIALIZATION_AS_READ", message)) => {
                DynoxideError::SerializationException(message.to_owned())
            }
            Some(_) | None if text.contains("missing field") || text.contains("AttributeValue") => {
                DynoxideError::ValidationException(text.to_owned())
            }
            Some(_) | None => DynoxideError::SerializationException(text.to_owned()),
        }
    })
}
