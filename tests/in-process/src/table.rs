//! DynamoDB in memory.

use dynoxide::{Database, DynoxideError};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::template::Table;

/// The table of the template.
pub(crate) struct Tables(Database);

impl Tables {
    pub(crate) fn new(table: &Table) -> Self {
        let database = Database::memory().unwrap();
        let create = serde_json::from_value(table.create.clone()).unwrap();
        database.create_table(create).unwrap();
        Tables(database)
    }

    /// Carries out an operation, and answers with its status and JSON.
    pub(crate) fn call(&self, operation: &str, body: &[u8]) -> (u16, String) {
        match self.dispatch(operation, body) {
            Ok(answer) => (200, answer),
            Err(error) => (error.status_code(), error.to_json()),
        }
    }

    fn dispatch(&self, operation: &str, body: &[u8]) -> Result<String, DynoxideError> {
        macro_rules! operations {
            ($($name:literal => $method:ident,)+) => {
                match operation {
                    $($name => write(&self.0.$method(read(body)?)?),)+
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
            "TransactWriteItems" => transact_write_items,
        }
    }

    /// Every row.
    pub(crate) fn rows(&self, table: &str) -> Vec<Value> {
        let mut rows = Vec::new();
        let mut start = Value::Null;
        loop {
            let mut request = json!({ "TableName": table, "ConsistentRead": true });
            if !start.is_null() {
                request["ExclusiveStartKey"] = start;
            }
            let (status, page) = self.call("Scan", request.to_string().as_bytes());
            assert_eq!(status, 200, "{page}");
            let mut page: Value = serde_json::from_str(&page).unwrap();
            rows.append(page["Items"].as_array_mut().unwrap());
            start = page["LastEvaluatedKey"].take();
            if start.is_null() {
                return rows;
            }
        }
    }
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, DynoxideError> {
    serde_json::from_slice(body)
        .map_err(|error| DynoxideError::SerializationException(error.to_string()))
}

fn write(answer: &impl serde::Serialize) -> Result<String, DynoxideError> {
    serde_json::to_string(answer)
        .map_err(|error| DynoxideError::InternalServerError(error.to_string()))
}
