//! Short pages. DynamoDB may end a page of a query after any row, and leave any part of
//! a batch undone; whoever asks has to go on where it ended. With a few rows, it never
//! does so by itself.

use serde_json::{Map, Value, json};

/// What is left of a batch, in the words of its answer.
pub(super) struct Left {
    said_as: &'static str,
    of_tables: Map<String, Value>,
}

/// A request for no more than `rows` of what it asks for, and what that leaves undone.
pub(super) fn shorten(
    operation: &str,
    body: &[u8],
    rows: usize,
) -> Option<(Vec<u8>, Option<Left>)> {
    let mut request: Value = serde_json::from_slice(body).ok()?;
    let left = match operation {
        "Query" | "Scan" => {
            let asked = request["Limit"].as_u64().unwrap_or(u64::MAX);
            request["Limit"] = json!(asked.min(u64::try_from(rows).ok()?));
            None
        }
        "BatchGetItem" => Some(Left {
            said_as: "UnprocessedKeys",
            of_tables: cut(&mut request["RequestItems"], rows, |of_table| {
                &mut of_table["Keys"]
            })?,
        }),
        "BatchWriteItem" => Some(Left {
            said_as: "UnprocessedItems",
            of_tables: cut(&mut request["RequestItems"], rows, |of_table| of_table)?,
        }),
        _ => return None,
    };
    Some((request.to_string().into_bytes(), left))
}

/// Leaves the first `rows` parts of a batch in it, and gives the others.
fn cut(
    batch: &mut Value,
    rows: usize,
    parts: fn(&mut Value) -> &mut Value,
) -> Option<Map<String, Value>> {
    let mut room = rows;
    let mut left = Map::new();
    for (table, of_table) in batch.as_object_mut()? {
        let all = parts(of_table).as_array_mut()?;
        let rest = all.split_off(room.min(all.len()));
        room -= all.len();
        if !rest.is_empty() {
            let mut others = of_table.clone();
            *parts(&mut others) = Value::Array(rest);
            left.insert(table.clone(), others);
        }
    }
    batch.as_object_mut()?.retain(|_, of_table| {
        parts(of_table)
            .as_array()
            .is_some_and(|all| !all.is_empty())
    });
    Some(left)
}

impl Left {
    /// The answer to the part that was asked for, with what is left of the batch.
    pub(super) fn said_in(self, answer: String) -> String {
        let Ok(mut said) = serde_json::from_str::<Value>(&answer) else {
            return answer;
        };
        if !self.of_tables.is_empty() {
            said[self.said_as] = Value::Object(self.of_tables);
        }
        said.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dynamodb::Tables;
    use crate::dynamodb::tables::things;

    fn tables() -> Tables {
        Tables::in_memory(&[things()]).unwrap().with_pages_of(1)
    }

    fn key(id: &str) -> Value {
        json!({ "kind": { "S": "a" }, "id": { "S": id } })
    }

    #[track_caller]
    fn call(tables: &Tables, operation: &str, request: &Value) -> Value {
        let (status, answer) = tables.call(operation, request.to_string().as_bytes());
        assert_eq!(status.as_u16(), 200, "{answer}");
        serde_json::from_str(&answer).unwrap()
    }

    #[test]
    fn whoever_goes_on_gets_all_of_it() {
        let tables = tables();
        let puts = ["1", "2", "3"].map(|id| json!({ "PutRequest": { "Item": key(id) } }));
        let mut batch = json!({ "Things": puts });
        for left in [2, 1] {
            let answer = call(&tables, "BatchWriteItem", &json!({ "RequestItems": batch }));
            batch = answer["UnprocessedItems"].clone();
            assert_eq!(batch["Things"].as_array().unwrap().len(), left);
        }
        let answer = call(&tables, "BatchWriteItem", &json!({ "RequestItems": batch }));
        assert!(
            answer["UnprocessedItems"]
                .as_object()
                .is_none_or(Map::is_empty)
        );

        let mut query = json!({
            "TableName": "Things",
            "KeyConditionExpression": "kind = :kind",
            "ExpressionAttributeValues": { ":kind": { "S": "a" } },
            "Limit": 50,
        });
        for id in ["1", "2", "3"] {
            let page = call(&tables, "Query", &query);
            assert_eq!(page["Items"], json!([key(id)]));
            query["ExclusiveStartKey"] = page["LastEvaluatedKey"].clone();
        }
        assert_eq!(call(&tables, "Query", &query)["Items"], json!([]));
        let page = call(&tables, "Scan", &json!({ "TableName": "Things" }));
        assert_eq!(
            (&page["Count"], page["LastEvaluatedKey"].is_object()),
            (&json!(1), true)
        );

        let keys = json!({ "Keys": [key("1"), key("2")], "ConsistentRead": true });
        let mut batch = json!({ "Things": keys });
        for id in ["1", "2"] {
            let answer = call(&tables, "BatchGetItem", &json!({ "RequestItems": batch }));
            assert_eq!(answer["Responses"]["Things"], json!([key(id)]));
            batch = answer["UnprocessedKeys"].clone();
            let rest = batch["Things"]["ConsistentRead"] == true;
            assert_eq!(rest, id == "1", "{batch}");
        }
    }

    #[test]
    fn what_has_no_pages_is_as_it_is() {
        assert!(shorten("GetItem", b"{}", 1).is_none());
        assert!(shorten("Query", b"not JSON", 1).is_none());
        let (request, left) = shorten("Query", br#"{"Limit":1}"#, 5).unwrap();
        assert_eq!(
            (request.as_slice(), left.is_none()),
            (&br#"{"Limit":1}"#[..], true)
        );
    }
}
