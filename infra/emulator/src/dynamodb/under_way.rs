//! Items that transactions have in their hands. DynamoDB refuses what touches one
//! of them meanwhile: a write, another transaction, a transaction of reads. Plain
//! reads it answers.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::dynamodb::tokens::Tokens;

/// Its table, and the values of its key in the order of the table's schema.
type ItemKey = (String, Vec<String>);

/// The names of the attributes that are a table's key.
pub(super) type KeySchema = Arc<Vec<String>>;

/// What all transactions under way have in their hands.
#[derive(Default)]
pub(super) struct Hands(Mutex<Taken>);

#[derive(Default)]
struct Taken {
    items: HashSet<ItemKey>,
    tokens: HashSet<String>,
}

/// A transaction under way: it lets go of its items when it is dropped.
pub(crate) struct UnderWay {
    hands: Arc<Hands>,
    items: Vec<ItemKey>,
    token: Option<String>,
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        let mut taken = self.hands.0.lock().unwrap_or_else(PoisonError::into_inner);
        for item in &self.items {
            taken.items.remove(item);
        }
        if let Some(token) = &self.token {
            taken.tokens.remove(token);
        }
    }
}

/// What a request touches.
enum Touched {
    /// Nothing that a transaction would be in the way of.
    Nothing,
    One(ItemKey),
    /// Of transactions: in the order of their parts.
    Read(Vec<ItemKey>),
    Written(Vec<ItemKey>, Option<String>),
}

/// Has a transaction take its items, and refuses what one under way is in the way
/// of; everything else may go on.
pub(super) fn begin(
    hands: &Arc<Hands>,
    schema: &impl Fn(&str) -> Option<KeySchema>,
    tokens: &Tokens,
    operation: &str,
    body: &[u8],
) -> Result<Option<UnderWay>, (StatusCode, String)> {
    let touched = touched(schema, operation, body);
    let mut taken = hands.0.lock().unwrap_or_else(PoisonError::into_inner);
    let in_the_way = |items: &[ItemKey]| -> Vec<bool> {
        let parts = items.iter();
        parts.map(|item| taken.items.contains(item)).collect()
    };
    match touched {
        Touched::Nothing => Ok(None),
        Touched::One(item) => match in_the_way(&[item]).contains(&true) {
            true => Err(refusal(operation, &[true])),
            false => Ok(None),
        },
        Touched::Read(items) => {
            let parts = in_the_way(&items);
            match parts.contains(&true) {
                true => Err(refusal(operation, &parts)),
                false => Ok(None),
            }
        }
        Touched::Written(items, token) => {
            if let Some(token) = &token {
                if taken.tokens.contains(token) {
                    return Err(in_progress());
                }
                // It is answered as it was before, and does nothing.
                if tokens.is_done(token) {
                    return Ok(None);
                }
            }
            let parts = in_the_way(&items);
            if parts.contains(&true) {
                return Err(refusal(operation, &parts));
            }
            taken.items.extend(items.iter().cloned());
            taken.tokens.extend(token.clone());
            Ok(Some(UnderWay {
                hands: Arc::clone(hands),
                items,
                token,
            }))
        }
    }
}

fn touched(schema: &impl Fn(&str) -> Option<KeySchema>, operation: &str, body: &[u8]) -> Touched {
    let Ok(request) = serde_json::from_slice::<Value>(body) else {
        return Touched::Nothing;
    };
    let item = |part: &Value| -> Option<ItemKey> {
        let table = part["TableName"].as_str()?;
        let names = schema(table)?;
        // Of an item that is put, its key is a part.
        let of = part.get("Key").or_else(|| part.get("Item"))?;
        let values = names.iter().map(|name| of[name.as_str()].to_string());
        Some((table.to_owned(), values.collect()))
    };
    let parts = || -> Option<Vec<ItemKey>> {
        let parts = request["TransactItems"].as_array()?.iter();
        parts
            .map(|part| item(part.as_object()?.values().next()?))
            .collect()
    };
    // What cannot be read is the table's to refuse.
    let touched = match operation {
        "PutItem" | "UpdateItem" | "DeleteItem" => item(&request).map(Touched::One),
        "TransactGetItems" => parts().map(Touched::Read),
        "TransactWriteItems" => {
            let token = request["ClientRequestToken"].as_str().map(str::to_owned);
            parts().map(|items| Touched::Written(items, token))
        }
        _ => None,
    };
    touched.unwrap_or(Touched::Nothing)
}

/// A transaction under way is in the way of a write, or of these parts of another
/// transaction.
pub(crate) fn refusal(operation: &str, parts: &[bool]) -> (StatusCode, String) {
    let text = "Transaction is ongoing for the item";
    let body = if operation.starts_with("Transact") {
        let codes = parts.iter().map(|in_the_way| match in_the_way {
            true => "TransactionConflict",
            false => "None",
        });
        let reasons = codes.clone().map(|code| match code {
            "None" => json!({ "Code": code }),
            _ => json!({ "Code": code, "Message": text }),
        });
        let codes: Vec<_> = codes.collect();
        json!({
            "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
            "message": format!(
                "Transaction cancelled, please refer cancellation reasons for specific reasons [{}]",
                codes.join(", "),
            ),
            "CancellationReasons": reasons.collect::<Vec<_>>(),
        })
    } else {
        json!({
            "__type": "com.amazonaws.dynamodb.v20120810#TransactionConflictException",
            "message": text,
        })
    };
    (StatusCode::BAD_REQUEST, body.to_string())
}

/// The same transaction came before and is not done.
fn in_progress() -> (StatusCode, String) {
    let body = json!({
        "__type": "com.amazonaws.dynamodb.v20120810#TransactionInProgressException",
        "message": "The transaction with the given request token is already in progress",
    });
    (StatusCode::BAD_REQUEST, body.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dynamodb::Tables;
    use crate::dynamodb::tables::things;

    fn tables() -> Tables {
        Tables::in_memory(&[things()]).unwrap()
    }

    fn key(id: &str) -> Value {
        json!({ "TableName": "Things", "Key": { "id": { "S": id }, "kind": { "S": "a" } } })
    }

    fn put(id: &str) -> Value {
        let item = json!({ "kind": { "S": "a" }, "id": { "S": id }, "more": { "N": "1" } });
        json!({ "TableName": "Things", "Item": item })
    }

    /// The error's type and the reasons' codes, where it is refused.
    fn refused(tables: &Tables, operation: &str, body: &Value) -> Option<(String, Vec<String>)> {
        let refused = tables.begin(operation, body.to_string().as_bytes()).err()?;
        assert_eq!(refused.0, StatusCode::BAD_REQUEST);
        let error: Value = serde_json::from_str(&refused.1).unwrap();
        let kind = error["__type"].as_str().unwrap().split_once('#').unwrap().1;
        let reasons = error["CancellationReasons"].as_array().into_iter();
        let codes = reasons.flatten().map(|reason| &reason["Code"]);
        let codes = codes.map(|code| code.as_str().unwrap().to_owned());
        Some((kind.to_owned(), codes.collect()))
    }

    #[test]
    fn what_touches_an_item_of_a_transaction_under_way_is_refused() {
        let tables = tables();
        let transaction =
            json!({ "TransactItems": [{ "Put": put("1") }, { "ConditionCheck": key("2") }] });
        let begun = tables.begin("TransactWriteItems", transaction.to_string().as_bytes());
        let under_way = begun.unwrap_or_else(|_| panic!("refused")).unwrap();

        let alone = Some(("TransactionConflictException".to_owned(), vec![]));
        assert_eq!(refused(&tables, "PutItem", &put("1")), alone);
        assert_eq!(refused(&tables, "UpdateItem", &key("2")), alone);
        assert_eq!(refused(&tables, "DeleteItem", &key("1")), alone);
        let canceled = |codes: [&str; 2]| {
            let codes = codes.map(str::to_owned).to_vec();
            Some(("TransactionCanceledException".to_owned(), codes))
        };
        let other = json!({ "TransactItems": [{ "Update": key("3") }, { "Delete": key("1") }] });
        let reads = json!({ "TransactItems": [{ "Get": key("2") }, { "Get": key("3") }] });
        assert_eq!(
            refused(&tables, "TransactWriteItems", &other),
            canceled(["None", "TransactionConflict"])
        );
        assert_eq!(
            refused(&tables, "TransactGetItems", &reads),
            canceled(["TransactionConflict", "None"])
        );
        // Other items, and plain reads, are in nobody's way; nor is what was refused.
        assert_eq!(refused(&tables, "PutItem", &put("3")), None);
        assert_eq!(refused(&tables, "GetItem", &key("1")), None);
        assert_eq!(refused(&tables, "Query", &key("1")), None);

        drop(under_way);
        assert_eq!(refused(&tables, "PutItem", &put("1")), None);
        assert_eq!(refused(&tables, "TransactWriteItems", &other), None);
    }

    #[test]
    fn the_same_transaction_is_in_progress_and_then_done() {
        let tables = tables();
        let transaction =
            json!({ "TransactItems": [{ "Put": put("1") }], "ClientRequestToken": "once" });
        let body = transaction.to_string();
        let begin = || tables.begin("TransactWriteItems", body.as_bytes());
        let under_way = begin().unwrap_or_else(|_| panic!("refused")).unwrap();
        let in_progress = Some(("TransactionInProgressException".to_owned(), vec![]));
        assert_eq!(
            refused(&tables, "TransactWriteItems", &transaction),
            in_progress
        );
        let answer = tables.call("TransactWriteItems", body.as_bytes());
        assert_eq!(answer.0, StatusCode::OK);
        drop(under_way);

        // Somebody else has the item now; what was done is answered all the same.
        let other = json!({ "TransactItems": [{ "Delete": key("1") }] }).to_string();
        let other = tables.begin("TransactWriteItems", other.as_bytes());
        assert!(other.is_ok_and(|under_way| {
            under_way.is_some() && begin().is_ok_and(|under_way| under_way.is_none())
        }));
        assert_eq!(tables.call("TransactWriteItems", body.as_bytes()), answer);
    }
}
