//! DynamoDB, by dynoxide on SQLite, or another one that answers elsewhere.
//!
//! [`Tables`] are a library: a table in memory, made of its description, answers
//! requests as they are on the wire, with no server and no process in between.
//!
//! ```
//! use emulator::dynamodb::{Table, Tables};
//! use serde_json::json;
//!
//! let table = Table {
//!     name: "Things".to_owned(),
//!     create: json!({
//!         "TableName": "Things",
//!         "BillingMode": "PAY_PER_REQUEST",
//!         "AttributeDefinitions": [{ "AttributeName": "id", "AttributeType": "S" }],
//!         "KeySchema": [{ "AttributeName": "id", "KeyType": "HASH" }],
//!     }),
//!     expires_by: None,
//! };
//! let tables = Tables::in_memory(&[table])?;
//! let put = json!({ "TableName": "Things", "Item": { "id": { "S": "1" } } });
//! let (status, answer) = tables.call("PutItem", put.to_string().as_bytes());
//! assert_eq!((status.as_u16(), answer.as_str()), (200, "{}"));
//! # Ok::<(), emulator::dynamodb::TableError>(())
//! ```

mod elsewhere;
mod needs;
mod pages;
mod protocol;
mod tables;
mod tokens;
mod under_way;
mod without;

pub use crate::dynamodb::tables::{Table, TableError, Tables};
pub(crate) use crate::dynamodb::under_way::refusal;
pub(crate) use crate::dynamodb::without::{Reduced, Without};
