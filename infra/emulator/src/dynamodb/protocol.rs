//! One request of the JSON protocol, by dynoxide.

use dynoxide::actions::transact_write_items::TransactWriteItemsRequest;
use dynoxide::{Database, DynoxideError};
use serde::de::DeserializeOwned;

use crate::dynamodb::tokens::Tokens;

/// Carries out an operation, and answers with its JSON.
pub(super) fn carry_out(
    database: &Database,
    tokens: &Tokens,
    operation: &str,
    body: &[u8],
) -> Result<String, DynoxideError> {
    if operation != "TransactWriteItems" {
        return dispatch(database, operation, body);
    }
    let mut request: TransactWriteItemsRequest = read(body)?;
    let token = request.client_request_token.take();
    let carry_out = || write(&database.transact_write_items(request)?);
    match token {
        Some(token) => tokens.once(&token, body, carry_out),
        None => carry_out(),
    }
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
