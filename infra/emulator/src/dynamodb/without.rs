//! What is taken away from requests on the wire: the conditions of writes, items
//! that are put, and what queries find. It shows what somebody needs these for.
//! Which of them it is, the plan says ([`crate::faults`]).

use axum::body::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What requests are to be without; by default nothing.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Without {
    /// Every condition of a write holds.
    conditions: bool,
    /// Items that are not put, alone or in a transaction, though it is said that
    /// they were.
    puts: Vec<Items>,
    /// Queries of indexes that find nothing.
    queries: Vec<Queries>,
}

/// Items by what one of their attributes, a string, begins with.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Items {
    attribute: String,
    begins_with: String,
}

/// Queries by their index, and by what a string that they ask for begins with.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Queries {
    index: String,
    begins_with: String,
}

/// What a request comes to.
pub(crate) enum Reduced {
    AsItIs,
    Changed(Bytes),
    Answered(&'static str),
}

impl Without {
    fn is_nothing(&self) -> bool {
        !self.conditions && self.puts.is_empty() && self.queries.is_empty()
    }

    /// A request without these: with another body, or answered in its place.
    pub(crate) fn reduce(&self, operation: &str, body: &Bytes) -> Reduced {
        if self.is_nothing() {
            return Reduced::AsItIs;
        }
        let Ok(mut request) = serde_json::from_slice::<Value>(body) else {
            return Reduced::AsItIs;
        };
        if self.conditions {
            waive(&mut request);
        }
        let is_dropped = |item: &Value| self.puts.iter().any(|items| items.contain(item));
        if operation == "PutItem" && is_dropped(&request["Item"]) {
            return Reduced::Answered("{}");
        }
        if let Some(writes) = request["TransactItems"].as_array_mut() {
            writes.retain(|write| !is_dropped(&write["Put"]["Item"]));
        }
        if operation == "Query" && self.queries.iter().any(|queries| queries.contain(&request)) {
            return Reduced::Answered(r#"{"Items":[],"Count":0,"ScannedCount":0}"#);
        }
        Reduced::Changed(Bytes::from(request.to_string()))
    }
}

impl Items {
    fn contain(&self, item: &Value) -> bool {
        let value = item[self.attribute.as_str()]["S"].as_str();
        value.is_some_and(|value| value.starts_with(&self.begins_with))
    }
}

impl Queries {
    fn contain(&self, request: &Value) -> bool {
        let mut asked = request["ExpressionAttributeValues"]
            .as_object()
            .into_iter()
            .flat_map(|values| values.values())
            .filter_map(|value| value["S"].as_str());
        request["IndexName"] == self.index.as_str()
            && asked.any(|value| value.starts_with(&self.begins_with))
    }
}

/// Makes every condition in a request hold. It still has to name all that the
/// request gives values for.
fn waive(request: &mut Value) {
    match request {
        Value::Object(fields) => {
            for (name, value) in fields {
                match value {
                    Value::String(condition) if name == "ConditionExpression" => {
                        // Of any attribute one of the two is true.
                        *condition = format!(
                            "({condition}) OR attribute_exists(whatever) OR attribute_not_exists(whatever)"
                        );
                    }
                    other => waive(other),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(waive),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dynamodb::{Table, Tables};
    use serde_json::json;

    fn without(what: Value) -> Without {
        serde_json::from_value(what).unwrap()
    }

    fn body(value: Value) -> Bytes {
        Bytes::from(value.to_string())
    }

    fn put() -> Value {
        json!({
            "TableName": "Seen",
            "Item": { "key": { "S": "SEEN#a#b" } },
            "ConditionExpression": "attribute_not_exists(#k)",
            "ExpressionAttributeNames": { "#k": "key" },
        })
    }

    #[test]
    fn a_condition_that_is_taken_away_holds() {
        let tables = Tables::in_memory(&[Table {
            name: "Seen".to_owned(),
            create: json!({
                "TableName": "Seen",
                "BillingMode": "PAY_PER_REQUEST",
                "AttributeDefinitions": [{ "AttributeName": "key", "AttributeType": "S" }],
                "KeySchema": [{ "AttributeName": "key", "KeyType": "HASH" }],
            }),
            expires_by: None,
        }])
        .unwrap();
        let put = body(put());
        let status = |body: &Bytes| tables.call("PutItem", body).0.as_u16();
        assert_eq!((status(&put), status(&put)), (200, 400));
        let Reduced::Changed(changed) =
            without(json!({ "conditions": true })).reduce("PutItem", &put)
        else {
            panic!("not changed")
        };
        let request: Value = serde_json::from_slice(&changed).unwrap();
        let condition = request["ConditionExpression"].as_str().unwrap();
        assert!(
            condition.starts_with("(attribute_not_exists(#k)) OR "),
            "{condition}"
        );
        assert_eq!(status(&changed), 200);
    }

    #[test]
    fn items_are_not_put() {
        let seen = without(json!({ "puts": [{ "attribute": "key", "begins_with": "SEEN#" }] }));
        assert!(matches!(
            seen.reduce("PutItem", &body(put())),
            Reduced::Answered("{}")
        ));
        let transaction = json!({ "TransactItems": [
            { "Put": put() },
            { "Put": { "Item": { "key": { "S": "KEPT#SEEN#" } } } },
            { "Delete": { "Key": { "key": { "S": "SEEN#a#b" } } } },
        ] });
        let Reduced::Changed(changed) = seen.reduce("TransactWriteItems", &body(transaction))
        else {
            panic!("not changed")
        };
        let changed: Value = serde_json::from_slice(&changed).unwrap();
        let writes = changed["TransactItems"].as_array().unwrap();
        assert_eq!(writes.len(), 2);
        assert_eq!(writes[0]["Put"]["Item"]["key"]["S"], "KEPT#SEEN#");
    }

    #[test]
    fn queries_find_nothing() {
        let blind = without(json!({ "queries": [{ "index": "due", "begins_with": "OWED#" }] }));
        let query = |index: &str, partition: &str| {
            let request = json!({
                "IndexName": index,
                "ExpressionAttributeValues": { ":pk": { "S": partition } },
            });
            blind.reduce("Query", &body(request))
        };
        let Reduced::Answered(nothing) = query("due", "OWED#1") else {
            panic!("not answered")
        };
        assert!(nothing.contains(r#""Items":[]"#), "{nothing}");
        assert!(matches!(query("due", "OTHER#1"), Reduced::Changed(_)));
        assert!(matches!(query("other", "OWED#1"), Reduced::Changed(_)));
    }

    #[test]
    fn without_a_plan_a_request_is_as_it_is() {
        let nothing = without(json!({}));
        assert!(matches!(
            nothing.reduce("Query", &Bytes::new()),
            Reduced::AsItIs
        ));
    }
}
