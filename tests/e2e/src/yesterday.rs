//! Yesterday's store and yesterday's messages, read and continued by today's code.
//!
//! `golden/store-v1.json` is a store as version 1 of the rows has it, under way:
//! tickets in every state, mails owed, a deferred assignment, mails that came in.
//! It is never changed; `UPDATE_GOLDEN=1` writes it where it is missing.

use std::fs;
use std::path::PathBuf;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};
use workbench::people::{ANA, COORDINATOR, LUIS, OFFICER, PRINTING, SUPPORT_MAILBOX};
use workbench::{Host, Letter, eventually};

use crate::audit::host_without_schedule_at;
use crate::mail::{OUTSIDER, record_of, taken};
use crate::{MINUTE, assigned, assignee, set_available, solution, time};

const THEN: &str = "2026-11-23T09:00:00-05:00";
const NOW: &str = "2026-11-23T09:03:00-05:00";

fn file() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("golden/store-v1.json")
}

/// The store that is kept, made anew: for the day when version 2 is there.
fn made() -> Value {
    let host = host_without_schedule_at(THEN);
    let coordinator = host.client(COORDINATOR);
    set_available(&coordinator, &PRINTING, false);
    let ana = host.client(ANA);
    let deferred = ana.register("impresion", "Sin quien la atienda");
    let open = assigned(&ana, "redes", "En curso");
    let escalated = assigned(&ana, "plataforma", "Escalada");
    let agent = host.client(assignee(&escalated));
    let wanted = json!({ "officer": OFFICER, "justification": "El servidor no responde." });
    agent
        .command(&escalated["number"], "escalation", &wanted)
        .must_be(200);
    let solved = assigned(&ana, "plataforma", "Resuelta");
    let agent = host.client(assignee(&solved));
    agent
        .command(&solved["number"], "resolution", &solution())
        .must_be(200);
    let closed = assigned(&ana, "redes", "Cerrada");
    let agent = host.client(assignee(&closed));
    agent
        .command(&closed["number"], "resolution", &solution())
        .must_be(200);
    agent
        .command(&closed["number"], "closure", &json!({}))
        .must_be(200);
    keyed(&host).must_be(201);
    let letter = Letter::new(LUIS, "Con archivo", "Va adjunto.")
        .with("Message-ID", "<ayer@uspec.gov.co>")
        .part(
            "Content-Type: text/plain\nContent-Disposition: attachment; filename=\"registro.txt\"",
            "Una línea.",
        );
    let by_mail = taken(&host, &letter);
    let refused = taken(&host, &Letter::new(OUTSIDER, "Hola", "¿Me ayudan?"));
    host.settle();
    // And what was under way: SES takes nothing, and two mails are owed.
    let plan = json!({ "ses": { "failed": 10_000 } });
    host.nobody().put("/_local/faults", &plan).must_be(200);
    let owing = assigned(&ana, "aplicaciones", "Con correos por salir");
    let claims = || {
        let rows = host.rows();
        let claimed = rows.iter().filter(|row| row["claimed_by"].is_object());
        claimed.count()
    };
    eventually("both mails are tried", || (claims() == 2).then_some(()));
    let key = {
        let ticket = coordinator.ticket(&by_mail["ticket"]["id"]);
        let (id, file) = (&ticket["id"], &ticket["attachments"][0]["id"]);
        format!(
            "tickets/{}/{}",
            id.as_str().unwrap(),
            file.as_str().unwrap()
        )
    };
    let mut objects = vec![json!({ "bucket": "filesbucket", "key": key })];
    for record in [&by_mail, &refused] {
        objects.push(json!({ "bucket": "mailbucket", "key": record["object"] }));
    }
    for object in &mut objects {
        let bytes = host.object(
            object["bucket"].as_str().unwrap(),
            object["key"].as_str().unwrap(),
        );
        object["base64"] = json!(BASE64_STANDARD.encode(bytes));
    }
    let bell = |seq: u64, effect: &str| json!({ "v": 1, "kind": "outbox", "ticket": owing["id"], "seq": seq, "effect": effect });
    json!({
        "rows": host.rows(),
        "objects": objects,
        "messages": {
            "notification": [bell(1, "mail_registered"), bell(2, "mail_assigned")],
            // From before a timer named its queue.
            "closure": [{ "v": 1, "kind": "timer", "ticket": solved["id"], "at": NOW }],
        },
        "numbers": {
            "deferred": deferred["number"],
            "open": open["number"],
            "escalated": escalated["number"],
            "solved": solved["number"],
            "closed": closed["number"],
            "owing": owing["number"],
        },
        "mails": { "ticket": by_mail["id"], "refused": refused["id"] },
    })
}

/// The same request with the same key, then and now.
fn keyed(host: &Host) -> workbench::Answer {
    let body = json!({ "title": "Con clave", "description": "a", "category": "redes" });
    let ana = host.client(ANA);
    let request = ana.request("POST", "/tickets").json(&body);
    request.header("idempotency-key", "de-ayer").send()
}

#[test]
fn what_was_stored_yesterday_goes_on_today() {
    if std::env::var_os("UPDATE_GOLDEN").is_some() && !file().exists() {
        fs::create_dir_all(file().parent().unwrap()).unwrap();
        fs::write(file(), format!("{:#}\n", made())).unwrap();
    }
    let store: Value = serde_json::from_str(&fs::read_to_string(file()).unwrap()).unwrap();
    let host = host_without_schedule_at(NOW);
    for row in store["rows"].as_array().unwrap() {
        host.put_row(row);
    }
    for object in store["objects"].as_array().unwrap() {
        let text = |name: &str| object[name].as_str().unwrap();
        let bytes = BASE64_STANDARD.decode(text("base64")).unwrap();
        host.put_object(text("bucket"), text("key"), &bytes);
    }
    // It is read as it was.
    host.audit(&["--now", NOW]).must_be_clean();
    let coordinator = host.client(COORDINATOR);
    let number = |name: &str| &store["numbers"][name];
    let statuses = [
        ("deferred", "new"),
        ("open", "assigned"),
        ("escalated", "on_hold"),
        ("solved", "solved"),
        ("closed", "closed"),
        ("owing", "assigned"),
    ];
    for (name, status) in statuses {
        assert_eq!(coordinator.ticket(number(name))["status"], status, "{name}");
    }
    assert_eq!(coordinator.list("/tickets?limit=100").len(), 8);
    let rows = store["rows"].as_array().unwrap();
    let counted = rows
        .iter()
        .find(|row| row["pk"]["S"] == "COUNTER" && row["sk"]["S"] == "COUNTER");
    let again = keyed(&host).must_be(201).json();
    let taken_then: u64 = counted.unwrap()["taken"]["N"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!(again["number"].as_u64().unwrap() < taken_then, "{again}");

    // The messages are: the mails go out, each once, and the timer changes nothing.
    for (queue, bodies) in store["messages"].as_object().unwrap() {
        host.send_messages(queue, bodies.as_array().unwrap());
    }
    let owing = coordinator.ticket(number("owing"));
    eventually("the mails are out", || {
        (host.letters(&owing).len() == 2).then_some(())
    });
    host.settle();
    assert_eq!(host.letters(&owing).len(), 2);
    assert_eq!(coordinator.ticket(number("solved"))["status"], "solved");

    // And everything goes on: by the desk, the officer, the requester, by mail and
    // by time.
    let open = coordinator.ticket(number("open"));
    let agent = host.client(assignee(&open));
    agent
        .command(number("open"), "contact", &json!({ "note": "Llamada" }))
        .must_be(200);
    agent
        .command(number("open"), "resolution", &solution())
        .must_be(200);
    host.client(OFFICER)
        .command(
            number("escalated"),
            "solution-report",
            &json!({ "body": "Listo." }),
        )
        .must_be(200);
    host.client(ANA)
        .command(
            number("solved"),
            "rejection",
            &json!({ "reason": "Sigue igual." }),
        )
        .must_be(200);
    let refused = store["mails"]["refused"].as_str().unwrap();
    let accepted = format!("/mail/refused/{refused}/acceptance");
    let accepted = agent.post(&accepted, &json!({})).must_be(201).json();
    let copy =
        Letter::new(LUIS, "Con archivo", "Otra vez.").with("Message-ID", "<ayer@uspec.gov.co>");
    let id = host.mail_in(LUIS, &[SUPPORT_MAILBOX], &copy.raw()).id();
    set_available(&coordinator, &PRINTING, true);
    host.settle();
    let duplicate = record_of(&host, &id);
    assert_eq!(duplicate["outcome"], "duplicate", "{duplicate}");
    assert_eq!(duplicate["of"], store["mails"]["ticket"], "{duplicate}");
    eventually("somebody has what was deferred", || {
        host.sweep(time(&accepted["created_at"]) + MINUTE);
        (coordinator.ticket(number("deferred"))["status"] == "assigned").then_some(())
    });
    host.settle();
    for minutes in [2, 4] {
        host.sweep(time(&accepted["created_at"]) + MINUTE * minutes);
    }
    host.settle();
    host.audit(&["--grace", "0", "--now", NOW]).must_be_clean();
}
