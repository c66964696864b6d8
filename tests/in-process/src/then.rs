//! Then: rows, read consistently and past everything that fails.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use types::ticket::{Event, Ticket};

use crate::case::Case;
use crate::template::table;
use crate::world::World;

/// Every row by its key, as DynamoDB writes them.
#[derive(Clone, Default)]
pub struct Rows(pub BTreeMap<(String, String), Value>);

impl Rows {
    /// These rows are those rows.
    ///
    /// # Panics
    /// When they are not: with the keys of those that differ.
    #[track_caller]
    pub fn must_be(&self, expected: &Rows) {
        let keys = self.0.keys().chain(expected.0.keys());
        let different: BTreeSet<_> = keys
            .filter(|key| self.0.get(key) != expected.0.get(key))
            .collect();
        assert!(different.is_empty(), "rows that changed: {different:#?}");
    }
}

impl World {
    /// Every row.
    pub fn rows(&self) -> Rows {
        let rows = self.aws.scan(&table().name);
        let key = |row: &Value, name: &str| row[name]["S"].as_str().unwrap().to_owned();
        let rows = rows.into_iter();
        Rows(
            rows.map(|row| ((key(&row, "pk"), key(&row, "sk")), row))
                .collect(),
        )
    }

    /// Nothing was written since.
    ///
    /// # Panics
    /// When something was.
    #[track_caller]
    pub fn must_still_have(&self, rows: &Rows) {
        self.rows().must_be(rows);
    }

    /// The rows whose partition begins with a prefix.
    pub fn rows_of(&self, prefix: &str) -> Vec<Value> {
        let rows = self.rows().0.into_iter();
        rows.filter(|((pk, _), _)| pk.starts_with(prefix))
            .map(|(_, row)| row)
            .collect()
    }

    /// A row; `null` where there is none.
    pub fn row(&self, pk: &str, sk: &str) -> Value {
        let key = (pk.to_owned(), sk.to_owned());
        self.rows().0.remove(&key).unwrap_or_default()
    }

    /// Writes a row over whatever is there, as damage or another version would.
    pub fn put_row(&self, row: &Value) {
        let request = serde_json::json!({ "TableName": table().name, "Item": row });
        let (status, answer) = self
            .aws
            .tables
            .call("PutItem", request.to_string().as_bytes());
        assert_eq!(status.as_u16(), 200, "{answer}");
    }

    /// Writes many rows over whatever is there.
    ///
    /// # Panics
    /// When the table does not take them.
    pub fn put_rows(&self, rows: &[Value]) {
        for rows in rows.chunks(25) {
            let puts = rows.iter();
            let puts: Vec<_> = puts
                .map(|row| serde_json::json!({ "PutRequest": { "Item": row } }))
                .collect();
            let request = serde_json::json!({ "RequestItems": { &table().name: puts } });
            let (status, answer) = self
                .aws
                .tables
                .call("BatchWriteItem", request.to_string().as_bytes());
            assert_eq!(status.as_u16(), 200, "{answer}");
        }
    }

    /// Deletes a row, as damage would.
    pub fn delete_row(&self, pk: &str, sk: &str) {
        let key = serde_json::json!({ "pk": { "S": pk }, "sk": { "S": sk } });
        let request = serde_json::json!({ "TableName": table().name, "Key": key });
        let (status, answer) = self
            .aws
            .tables
            .call("DeleteItem", request.to_string().as_bytes());
        assert_eq!(status.as_u16(), 200, "{answer}");
    }

    /// How many open tickets an agent is responsible for.
    pub fn load(&self, agent: &str) -> i64 {
        let row = self.row(&format!("AGENT#{agent}"), "LOAD");
        let open = row["open"]["N"].as_str();
        open.map_or(0, |open| open.parse().unwrap())
    }

    /// The tickets, by number.
    pub async fn tickets(&self) -> Vec<Ticket> {
        let rows = self.rows_of("TICKET#").into_iter();
        let rows = rows.filter(|row| row["sk"]["S"] == "TICKET");
        let mut tickets: Vec<Ticket> = rows
            .map(|row| serde_json::from_str(row["doc"]["S"].as_str().unwrap()).unwrap())
            .collect();
        tickets.sort_by_key(|ticket| ticket.number);
        tickets
    }

    /// The case of a ticket that a function made.
    pub fn case(&self, ticket: &Ticket) -> Case {
        Case {
            world: self.clone(),
            id: ticket.id,
            number: ticket.number,
            now: ticket.updated_at,
        }
    }
}

impl Case {
    /// The ticket now.
    pub async fn ticket(&self) -> Ticket {
        let ticket = self.world.desk.store.ticket(self.id).await;
        ticket.unwrap().unwrap()
    }

    /// Its events.
    pub async fn events(&self) -> Vec<Event> {
        let (events, _) = self
            .world
            .desk
            .store
            .events(self.id, 0, 1_000)
            .await
            .unwrap();
        events
    }

    /// The words of its events.
    pub async fn kinds(&self) -> Vec<&'static str> {
        let events = self.events().await;
        events.iter().map(|event| event.kind.as_str()).collect()
    }

    /// What it owes: `3 mail_solved`, in the order of the events.
    pub fn owed(&self) -> Vec<String> {
        self.effects("OUTBOX#").into_keys().collect()
    }

    /// The mails that it owed and that were not sent, each with the reason.
    pub fn unsent(&self) -> Vec<(String, String)> {
        let why = |row: Value| row["why"]["S"].as_str().unwrap_or_default().to_owned();
        let unsent = self.effects("UNSENT#").into_iter();
        unsent.map(|(name, row)| (name, why(row))).collect()
    }

    fn effects(&self, prefix: &str) -> BTreeMap<String, Value> {
        let rows = self.world.rows_of(&format!("TICKET#{}", self.id));
        let named = rows.into_iter().filter_map(|row| {
            let name = row["sk"]["S"].as_str()?.strip_prefix(prefix)?;
            let (seq, effect) = name.split_once('#')?;
            let seq: u64 = seq.parse().ok()?;
            Some((format!("{seq} {effect}"), row))
        });
        named.collect()
    }
}
