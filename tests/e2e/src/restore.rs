//! A table is lost and a backup of it becomes another one, as DynamoDB restores them:
//! under a new name, with the keys and indexes that it had. What was mailed since is
//! not mailed again, and no number that was given since is given again.

use serde_json::{Value, json};
use workbench::people::{ANA, COORDINATOR, LUIS};
use workbench::{Host, in_a_hurry, within};

use crate::{LEASES, MINUTE, assigned, assignee, await_assigned, last_mail, solution, time};

const RESTORED: &str = "Restored";

/// What a backup keeps of a table.
struct Backup {
    description: Value,
    rows: Vec<Value>,
}

impl Backup {
    fn of(host: &Host) -> Self {
        let table = json!({ "TableName": "Table" });
        let mut described = host.aws("DynamoDB_20120810.DescribeTable", &table);
        Backup {
            description: described["Table"].take(),
            rows: host.rows(),
        }
    }

    /// Makes it a table of its own.
    fn restore(&self, host: &Host) {
        let indexes = self.description["GlobalSecondaryIndexes"].as_array();
        let indexes = indexes.unwrap().iter().map(|index| {
            json!({
                "IndexName": index["IndexName"],
                "KeySchema": index["KeySchema"],
                "Projection": index["Projection"],
            })
        });
        let create = json!({
            "TableName": RESTORED,
            "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": self.description["AttributeDefinitions"],
            "KeySchema": self.description["KeySchema"],
            "GlobalSecondaryIndexes": indexes.collect::<Vec<_>>(),
        });
        host.aws("DynamoDB_20120810.CreateTable", &create);
        for rows in self.rows.chunks(25) {
            let puts = rows
                .iter()
                .map(|row| json!({ "PutRequest": { "Item": row } }));
            let mut left = json!({ RESTORED: puts.collect::<Vec<_>>() });
            while left.as_object().is_some_and(|left| !left.is_empty()) {
                let write = json!({ "RequestItems": left });
                let mut answer = host.aws("DynamoDB_20120810.BatchWriteItem", &write);
                left = answer["UnprocessedItems"].take();
            }
        }
    }
}

/// A desk whose table was lost after more had been done than its backup knows.
struct Lost {
    host: Host,
    /// A request of Ana's, which was solved after the backup.
    one: Value,
    /// One of Luis's, whose first mails were owed when the backup was made.
    two: Value,
    /// One that the backup does not know.
    three: Value,
    /// How many mails had gone out by then.
    sent: usize,
    /// What the host is started with to work on the restored table.
    arguments: Vec<String>,
}

impl Lost {
    fn new() -> Self {
        let host = Host::start_on(in_a_hurry, &[]);
        let (ana, luis) = (host.client(ANA), host.client(LUIS));
        let one = assigned(&ana, "redes", "De antes");
        host.settle();
        let fails = json!({ "ses": { "failed": 10_000 } });
        host.nobody().put("/_local/faults", &fails).must_be(200);
        let two = luis.register("redes", "De en medio");
        let two = await_assigned(&luis, &two);
        let backup = Backup::of(&host);
        host.nobody().put("/_local/faults", &json!({})).must_be(200);
        host.client(assignee(&one))
            .command(&one["number"], "resolution", &solution())
            .must_be(200);
        let three = assigned(&ana, "redes", "De después");
        host.settle_within(LEASES * 3);
        last_mail(&host, LUIS, "Solicitud registrada");
        last_mail(&host, ANA, "Solicitud resuelta");
        let sent = host.mails().len();
        backup.restore(&host);
        let mut arguments = host.here();
        arguments.extend(["--parameter".to_owned(), format!("TableName={RESTORED}")]);
        let mut lost = Lost {
            host,
            one,
            two,
            three,
            sent,
            arguments,
        };
        assert!(lost.host.stop().success());
        lost
    }

    /// Lets the functions work on the restored table.
    fn back(&mut self) {
        let arguments: Vec<_> = self.arguments.iter().map(String::as_str).collect();
        self.host.restart_with(&arguments);
        let at = time(&self.three["created_at"]);
        for minutes in [1, 3, 5] {
            self.host.sweep(at + MINUTE * minutes);
            self.host.settle_within(LEASES * 3);
        }
    }
}

#[test]
fn nothing_is_mailed_twice_and_no_number_given_twice() {
    let mut lost = Lost::new();
    let table = format!("TableName={RESTORED}");
    let shown = lost.host.restored(&["--parameter", &table]);
    assert!(shown.contains("numbers up to 2 are given"), "{shown}");
    assert!(shown.contains("2 mails were owed, 0 are struck"), "{shown}");
    let last = lost.three["number"].to_string();
    let strike = [
        "--strike-mails",
        "--numbers-to",
        &last,
        "--parameter",
        &table,
    ];
    // What somebody was sending is his until his claim ends.
    let struck = within(LEASES, "the mails are struck", || {
        let said = lost.host.try_restored(&strike)?;
        said.contains("numbers up to 3 are given").then_some(said)
    });
    assert!(struck.contains("struck"), "{struck}");
    let shown = lost.host.restored(&["--parameter", &table]);
    assert!(shown.starts_with("0 mails were owed"), "{shown}");

    lost.back();
    let host = &lost.host;
    assert_eq!(host.mails().len(), lost.sent);
    let staff = host.client(COORDINATOR);
    // All is as it was when the backup was made.
    for ticket in [&lost.one, &lost.two] {
        let now = staff.ticket(&ticket["number"]);
        for name in ["status", "version", "assignee"] {
            assert_eq!(now[name], ticket[name], "{now}");
        }
    }
    let gone = staff.get(&format!("/tickets/{last}"));
    assert_eq!(gone.problem(410, "void_number")["status"], 410);
    // And it goes on from there.
    let four = assigned(&host.client(ANA), "redes", "De ahora");
    assert_eq!(four["number"], 4, "{four}");
    host.settle();
    last_mail(host, ANA, "Solicitud registrada");
    host.client(assignee(&lost.one))
        .command(&lost.one["number"], "resolution", &solution())
        .must_be(200);
    host.settle();
    assert_eq!(host.mails().len(), lost.sent + 3);
    host.audit(&["--grace", "0", "--parameter", &table])
        .must_be_clean();
}

/// What the step is for: without it the mails of the backup's moment go out once more.
#[test]
fn what_is_not_struck_is_mailed_again() {
    let mut lost = Lost::new();
    lost.back();
    let mut letters = lost.host.letters(&lost.two);
    letters.sort();
    let once: std::collections::BTreeSet<_> = letters.iter().cloned().collect();
    assert_eq!((once.len(), letters.len()), (2, 4), "{letters:?}");
    let ana = lost.host.client(ANA);
    let again = ana.register("redes", "Otra");
    assert_eq!(again["number"], lost.three["number"]);
}
