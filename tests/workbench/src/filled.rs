//! A desk with many open tickets, written into its table: copies of one that was
//! registered and assigned over HTTP, each under another id and number and at another
//! time. Their timers stand in the index `due`, nearly all of them in the future.
#![expect(
    clippy::unwrap_used,
    reason = "a measurement: it fails where it cannot measure"
)]

use std::sync::atomic::{AtomicUsize, Ordering};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::people::ANA;
use crate::{Host, eventually};

const DAY: SignedDuration = SignedDuration::from_hours(24);

/// A desk with many open tickets.
pub(crate) struct Filled {
    pub(crate) host: Host,
    pub(crate) table: String,
    /// When the first one was registered.
    pub(crate) created: Timestamp,
    /// The ticket that all others are copies of.
    row: Value,
    doc: Value,
    id: String,
    /// How many are due after a day, and how many after ten; the others after a
    /// hundred.
    due: [usize; 2],
}

impl Filled {
    /// A desk without any, in the local host that was started for it.
    pub(crate) fn start(host: Host, due: [usize; 2]) -> Self {
        let ana = host.client(ANA);
        let ticket = ana.register("redes", "No hay red en el piso 3");
        let ticket = eventually("it is assigned", || {
            let ticket = ana.ticket(&ticket["number"]);
            (ticket["status"] == "assigned").then_some(ticket)
        });
        host.settle();

        let tables = host.aws("DynamoDB_20120810.ListTables", &json!({}));
        let table = text(&tables["TableNames"][0]);
        let id = text(&ticket["id"]);
        let key = json!({ "pk": { "S": format!("TICKET#{id}") }, "sk": { "S": "TICKET" } });
        let named = json!({ "TableName": table, "Key": key });
        let row = host.aws("DynamoDB_20120810.GetItem", &named)["Item"].take();
        assert_eq!(row["due_pk"]["S"], shard(&id));
        // Its own timer is due today. The copies are open, and it is not.
        host.aws("DynamoDB_20120810.DeleteItem", &named);

        // Two sweeps account for its number, which costs a read once; the third is
        // for the case that the schedule's own came between them.
        let created = time(&text(&ticket["created_at"]));
        for hours in 1..=3 {
            host.sweep(created + SignedDuration::from_hours(hours));
        }
        Filled {
            doc: serde_json::from_str(&text(&row["doc"]["S"])).unwrap(),
            host,
            table,
            row,
            id,
            created,
            due,
        }
    }

    /// Writes the tickets `from..to`.
    pub(crate) fn fill(&self, from: usize, to: usize) {
        let next = AtomicUsize::new(from);
        let write = || {
            loop {
                let first = next.fetch_add(25, Ordering::Relaxed);
                if first >= to {
                    return;
                }
                let puts: Vec<_> = (first..to.min(first + 25))
                    .map(|n| json!({ "PutRequest": { "Item": self.copy(n) } }))
                    .collect();
                let request = json!({ "RequestItems": { &self.table: puts } });
                let answer = self.host.aws("DynamoDB_20120810.BatchWriteItem", &request);
                assert_eq!(answer["UnprocessedItems"], json!({}));
            }
        };
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(write);
            }
        });
    }

    /// The ticket `n`: as the one that was registered would be under another id
    /// and number, and at another time.
    fn copy(&self, n: usize) -> Value {
        let days = match n {
            n if n < self.due[0] => 1,
            n if n < self.due[1] => 10,
            _ => 100,
        };
        let by = DAY * days + SignedDuration::from_secs(i64::try_from(n).unwrap());
        let mut id = self.id[..16].to_owned();
        id.extend((0..10).rev().map(|place| digit(n >> (5 * place))));

        let mut doc = self.doc.clone();
        shift(&mut doc, by);
        doc["id"] = json!(id);
        doc["number"] = json!(n + 2);
        let mut row = self.row.clone();
        row["doc"]["S"] = json!(doc.to_string());
        row["pk"]["S"] = json!(format!("TICKET#{id}"));
        row["requester_sk"]["S"] = json!(id);
        row["due_pk"]["S"] = json!(shard(&id));
        for name in ["due_sk", "team_sk", "assignee_sk"] {
            let sort = text(&row[name]["S"]);
            let (at, rest) = sort.split_once('#').unwrap();
            let rest = rest.replace(&self.id, &id);
            row[name]["S"] = json!(format!("{:.3}#{rest}", time(at) + by));
        }
        row
    }
}

/// The digits of a ULID.
const DIGITS: &[u8] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

fn digit(n: usize) -> char {
    char::from(DIGITS[n % DIGITS.len()])
}

/// Where the timer of a ticket stands in the index `due`: the last byte of its
/// id, of which the last digit holds five bits, modulo the number of shards.
fn shard(id: &str) -> String {
    let last = id.bytes().last();
    let digit = DIGITS.iter().position(|digit| Some(*digit) == last);
    format!("TIMER#{}", digit.unwrap() % 4)
}

/// Moves every time in a document.
fn shift(value: &mut Value, by: SignedDuration) {
    match value {
        Value::String(text) => {
            if let Ok(time) = text.parse::<Timestamp>() {
                *text = (time + by).to_string();
            }
        }
        Value::Array(all) => all.iter_mut().for_each(|value| shift(value, by)),
        Value::Object(all) => all.values_mut().for_each(|value| shift(value, by)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub(crate) fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}
