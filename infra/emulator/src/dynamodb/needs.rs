//! What a call of DynamoDB needs to be allowed (Service Authorization Reference, Amazon
//! DynamoDB): an action for each table and index that it is about, and a transaction
//! those of its parts. The partition keys that it names are what conditions go by.

use serde_json::Value;

use crate::arn::table_arn;
use crate::dynamodb::under_way::KeySchema;
use crate::roles::Need;

/// What is done in parts of a transaction, and the permission that it takes.
const PARTS: [(&str, &str); 5] = [
    ("Put", "dynamodb:PutItem"),
    ("Update", "dynamodb:UpdateItem"),
    ("Delete", "dynamodb:DeleteItem"),
    ("ConditionCheck", "dynamodb:ConditionCheckItem"),
    ("Get", "dynamodb:GetItem"),
];

/// What a call needs. What cannot be read needs nothing: the table refuses it.
pub(super) fn needs(
    schema: &impl Fn(&str) -> Option<KeySchema>,
    operation: &str,
    body: &[u8],
) -> Vec<Need> {
    let Ok(request) = serde_json::from_slice::<Value>(body) else {
        return Vec::new();
    };
    let action = format!("dynamodb:{operation}");
    if let Some(parts) = request["TransactItems"].as_array() {
        let parts = parts.iter().flat_map(|part| {
            let kinds = PARTS.iter();
            kinds.filter_map(|(kind, action)| Some((*action, part.get(kind)?)))
        });
        return parts
            .filter_map(|(action, part)| of_one(schema, action, part))
            .collect();
    }
    if let Some(tables) = request["RequestItems"].as_object() {
        let tables = tables.iter();
        return tables
            .map(|(table, asked)| {
                let keys = asked["Keys"].as_array().into_iter().flatten();
                let puts = asked.as_array().into_iter().flatten();
                let puts = puts.flat_map(|write| {
                    [&write["PutRequest"]["Item"], &write["DeleteRequest"]["Key"]]
                });
                let values = keys
                    .chain(puts)
                    .filter_map(|key| leading(schema, table, key));
                need(&action, table_arn(table), values.collect())
            })
            .collect();
    }
    of_one(schema, &action, &request).into_iter().collect()
}

fn of_one(
    schema: &impl Fn(&str) -> Option<KeySchema>,
    action: &str,
    request: &Value,
) -> Option<Need> {
    let table = request["TableName"].as_str()?;
    let key = request.get("Key").or_else(|| request.get("Item"));
    let key = match key {
        Some(key) => leading(schema, table, key),
        None => asked_for(request),
    };
    let resource = match request["IndexName"].as_str() {
        Some(index) => format!("{}/index/{index}", table_arn(table)),
        None => table_arn(table),
    };
    Some(need(action, resource, key.into_iter().collect()))
}

fn need(action: &str, resource: String, keys: Vec<String>) -> Need {
    let mut need = Need::new(action, resource);
    if !keys.is_empty() {
        need.context.push(("dynamodb:LeadingKeys", keys));
    }
    need
}

/// The value of an item's partition key.
fn leading(
    schema: &impl Fn(&str) -> Option<KeySchema>,
    table: &str,
    key: &Value,
) -> Option<String> {
    let names = schema(table)?;
    text(&key[names.first()?.as_str()])
}

/// The partition that a query asks for: what its first equality compares with.
fn asked_for(query: &Value) -> Option<String> {
    let (_, rest) = query["KeyConditionExpression"].as_str()?.split_once('=')?;
    let name = rest.split_whitespace().next()?;
    text(&query["ExpressionAttributeValues"][name])
}

fn text(value: &Value) -> Option<String> {
    value["S"].as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[track_caller]
    fn check(operation: &str, request: &Value, expected: &[(&str, &str, &[&str])]) {
        let names = KeySchema::new(vec!["pk".to_owned(), "sk".to_owned()]);
        let schema = |table: &str| (table == "T").then(|| names.clone());
        let found = needs(&schema, operation, request.to_string().as_bytes());
        let expected: Vec<_> = expected
            .iter()
            .map(|(action, rest, keys)| {
                let keys = keys.iter().map(|key| (*key).to_owned()).collect();
                need(
                    &format!("dynamodb:{action}"),
                    format!("{}{rest}", table_arn("T")),
                    keys,
                )
            })
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn what_calls_need() {
        let key = |pk: &str| json!({ "pk": { "S": pk }, "sk": { "S": "1" } });
        let of = |pk: &str| json!({ "TableName": "T", "Key": key(pk) });
        check("GetItem", &of("A"), &[("GetItem", "", &["A"])]);
        let put = json!({ "TableName": "T", "Item": key("B") });
        check("PutItem", &put, &[("PutItem", "", &["B"])]);
        let transaction =
            json!({ "TransactItems": [{ "Put": put }, { "ConditionCheck": of("C") }] });
        let parts: [(&str, &str, &[&str]); 2] =
            [("PutItem", "", &["B"]), ("ConditionCheckItem", "", &["C"])];
        check("TransactWriteItems", &transaction, &parts);
        let batch = json!({ "RequestItems": { "T": { "Keys": [key("D"), key("E")] } } });
        check("BatchGetItem", &batch, &[("BatchGetItem", "", &["D", "E"])]);
        let query = json!({
            "TableName": "T",
            "IndexName": "due",
            "KeyConditionExpression": "due_pk = :pk AND due_sk < :now",
            "ExpressionAttributeValues": { ":pk": { "S": "DUE#1" }, ":now": { "S": "2" } },
        });
        check("Query", &query, &[("Query", "/index/due", &["DUE#1"])]);
        check("Scan", &json!({ "TableName": "T" }), &[("Scan", "", &[])]);
    }
}
