//! The auditor: finds nothing where all is well, and whatever was damaged.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use workbench::people::{ANA, COORDINATOR, LUIS, OFFICER, PRINTING, SUPPORT, SUPPORT_MAILBOX};
use workbench::{Host, Letter};

use crate::mail::{OUTSIDER, asked, taken};
use crate::{MINUTE, assigned, assignee, set_available, solution, survey_of, time};

/// A host whose sweep comes when it is called, and not in the midst of things.
fn host_without_schedule(arguments: &[&str]) -> Host {
    Host::start_on(
        |template| template.replace("rate(1 minute)", "rate(600 minutes)"),
        arguments,
    )
}

/// The same at another time.
pub fn host_without_schedule_at(now: &str) -> Host {
    host_without_schedule(&["--now", now])
}

/// Something that was damaged, and what the auditor has to say of it.
struct Damage {
    kind: &'static str,
    place: String,
}

fn s(text: impl Into<String>) -> Value {
    json!({ "S": text.into() })
}

fn n(number: i64) -> Value {
    json!({ "N": number.to_string() })
}

fn text<'a>(row: &'a Value, name: &str) -> &'a str {
    row[name]["S"].as_str().unwrap()
}

/// Changes the document that a row holds.
fn change_doc(host: &Host, pk: &str, sk: &str, change: impl FnOnce(&mut Value)) {
    host.change_row(pk, sk, |row| {
        let mut doc: Value = serde_json::from_str(text(row, "doc")).unwrap();
        change(&mut doc);
        row["doc"] = s(doc.to_string());
    });
}

/// A ticket's partition.
fn partition(ticket: &Value) -> String {
    format!("TICKET#{}", ticket["id"].as_str().unwrap())
}

#[test]
fn a_store_that_is_well_has_nothing_to_be_found() {
    let host = Host::start();
    let ana = host.client(ANA);
    let ticket = assigned(&ana, "plataforma", "Todo bien");
    host.client(assignee(&ticket))
        .command(&ticket["number"], "resolution", &solution())
        .must_be(200);
    asked(&host, &Letter::new(LUIS, "Sin red", "No hay red."));
    host.settle();
    // Whatever is under way is not a finding, and what is done is in its place.
    host.audit(&["--grace", "0"]).must_be_clean();
    let elsewhere = host.audit_as_in_aws(&["--grace", "0"]);
    elsewhere.must_be_clean();
    assert!(
        elsewhere.text.contains(" 2 tickets, 1 mails in,"),
        "{}",
        elsewhere.text
    );
    // A desk that nobody sweeps has timers that ran out.
    let late = host.audit(&["--now", "2100-01-01T00:00:00Z"]);
    let kinds: BTreeSet<_> = late
        .findings
        .iter()
        .map(|(kind, _)| kind.as_str())
        .collect();
    assert_eq!(kinds, BTreeSet::from(["timer_overdue"]), "{}", late.text);
    assert_eq!(late.findings.len(), 2, "{}", late.text);
}

/// Some life, so that there is something of everything to be damaged.
struct Town {
    host: Host,
    /// Tickets that somebody works on, as many as there are damages to them.
    open: Vec<Value>,
    /// A ticket of a mail with a file, and the ids of the mail and the file's key.
    by_mail: Vec<(Value, String, String)>,
    /// A ticket that nobody is available for.
    deferred: Value,
    /// Tickets that Luis is copied on.
    copied: [Value; 2],
    refused: String,
    void: u64,
}

fn town() -> Town {
    let host = host_without_schedule(&[]);
    let coordinator = host.client(COORDINATOR);
    set_available(&coordinator, &PRINTING, false);
    let ana = host.client(ANA);
    let deferred = ana.register("impresion", "Sin quien la atienda");
    let open: Vec<_> = (0..16)
        .map(|i| assigned(&ana, "redes", &format!("Para dañar {i}")))
        .collect();
    // One goes the whole way.
    let done = assigned(&ana, "plataforma", "Hasta el final");
    let agent = host.client(assignee(&done));
    let wanted = json!({ "officer": OFFICER, "justification": "El servidor no responde." });
    agent
        .command(&done["number"], "escalation", &wanted)
        .must_be(200);
    let report = json!({ "body": "Se reinició." });
    host.client(OFFICER)
        .command(&done["number"], "solution-report", &report)
        .must_be(200);
    agent
        .command(&done["number"], "resolution", &solution())
        .must_be(200);
    host.settle();
    let answer = json!({ "solved": true, "rating": 5 });
    host.nobody()
        .post(&survey_of(&host, ANA), &answer)
        .must_be(200);
    let copied = ["Con copia", "Con copia también"].map(|title| {
        let body = json!({
            "title": title, "description": "a", "category": "redes", "observers": [LUIS],
        });
        ana.post("/tickets", &body).must_be(201).json()
    });
    host.settle();
    // A request with a key, twice.
    let body = json!({ "title": "Con clave", "description": "a", "category": "redes" });
    for _ in 0..2 {
        let keyed = ana.request("POST", "/tickets").json(&body);
        keyed
            .header("idempotency-key", "una-vez")
            .send()
            .must_be(201);
    }
    let by_mail = (0..4).map(|i| {
        let letter = Letter::new(LUIS, &format!("Con archivo {i}"), "Va adjunto.")
            .with("Message-ID", &format!("<archivo-{i}@uspec.gov.co>"))
            .part(
                "Content-Type: text/plain; name=\"registro.txt\"\nContent-Disposition: attachment; filename=\"registro.txt\"",
                "Una línea.\r\n",
            );
        let id = host.mail_in(LUIS, &[SUPPORT_MAILBOX], &letter.raw()).id();
        host.settle();
        let record = crate::mail::record_of(&host, &id);
        let ticket = coordinator.ticket(&record["ticket"]["id"]);
        let file = ticket["attachments"][0]["id"].as_str().unwrap();
        let key = format!("tickets/{}/{file}", ticket["id"].as_str().unwrap());
        (ticket, id, key)
    });
    let by_mail = by_mail.collect();
    let stranger = Letter::new(OUTSIDER, "Hola", "¿Me ayudan?");
    let refused = taken(&host, &stranger)["id"].as_str().unwrap().to_owned();
    // A number that somebody took and died.
    host.change_row("COUNTER", "COUNTER", |row| {
        let taken: i64 = row["taken"]["N"].as_str().unwrap().parse().unwrap();
        row["taken"] = n(taken + 1);
    });
    let at = time(&open[0]["created_at"]);
    for minutes in [3, 5] {
        host.sweep(at + MINUTE * minutes);
    }
    host.settle();
    let void = host.row("COUNTER", "COUNTER")["taken"]["N"]
        .as_str()
        .unwrap()
        .parse();
    Town {
        host,
        open,
        by_mail,
        deferred,
        copied,
        refused,
        void: void.unwrap(),
    }
}

#[test]
fn whatever_is_damaged_is_found() {
    let Town {
        host,
        open,
        by_mail,
        deferred,
        copied,
        refused,
        void,
    } = town();
    host.audit(&["--grace", "0"]).must_be_clean();
    // Of a ticket that cannot be read nobody knows whose load it is: this first.
    let load = format!("AGENT#{}", SUPPORT[0]);
    let before = host.row(&load, "LOAD");
    host.change_row(&load, "LOAD", |row| row["open"] = n(99));
    let audit = host.audit(&["--grace", "0"]);
    let expected = ("load_differs".to_owned(), SUPPORT[0].to_owned());
    assert_eq!(audit.findings, [expected], "{}", audit.text);
    host.put_row(&before);

    // Somebody who has open requests is in the directory no more, and nobody looked
    // after them.
    for row in host.rows() {
        if text(&row, "sk").starts_with("HANDOVER#") {
            host.delete_row(text(&row, "pk"), text(&row, "sk"));
        }
    }
    let current = host.row("CATALOG", "CURRENT");
    change_doc(&host, "CATALOG", "CURRENT", |doc| {
        let directory = doc["directory"].as_array_mut().unwrap();
        directory.retain(|entry| entry["email"] != SUPPORT[0]);
    });
    let audit = host.audit(&["--grace", "0"]);
    let nobody = audit
        .findings
        .iter()
        .filter(|(kind, _)| kind == "nobody_there");
    assert!(nobody.count() > 0, "{}", audit.text);
    host.put_row(&current);
    host.put_row(&json!({
        "pk": s("CATALOG"), "sk": s("HANDOVER#00000001"), "v": n(1), "doc": s("[]"),
        "due_pk": s("OUTBOX#0"), "due_sk": s("2020-01-01T00:00:00.000Z"),
    }));
    let audit = host.audit(&["--grace", "0"]);
    let stuck = (
        "hand_over_stuck".to_owned(),
        "CATALOG / version 1".to_owned(),
    );
    assert_eq!(audit.findings, [stuck], "{}", audit.text);
    host.delete_row("CATALOG", "HANDOVER#00000001");

    let mut damages: Vec<Damage> = Vec::new();
    let mut damaged = |kind, place: &str| {
        damages.push(Damage {
            kind,
            place: place.to_owned(),
        });
    };
    let long_ago = "2020-01-01T00:00:00.000Z";
    let mut fresh = open.iter();
    let mut next = || {
        let ticket = fresh.next().unwrap();
        let id = ticket["id"].as_str().unwrap().to_owned();
        let number = format!("#{:06}", ticket["number"].as_u64().unwrap());
        (partition(ticket), id, number)
    };
    let rows = host.rows();
    let find = |pk: &str| {
        let row = rows.iter().find(|row| text(row, "pk").starts_with(pk));
        row.unwrap().clone()
    };

    // A ticket and its history.
    let (pk, id, _) = next();
    host.delete_row(&pk, "EVENT#00000001");
    damaged("event_gap", &id);
    let (pk, id, _) = next();
    change_doc(&host, &pk, "TICKET", |doc| {
        doc["title"] = json!("Otro título")
    });
    damaged("replay_differs", &id);
    let (pk, ..) = next();
    host.change_row(&pk, "EVENT#00000002", |row| row["v"] = n(99));
    damaged("unreadable_row", &format!("{pk} / EVENT#00000002"));
    let (pk, id, _) = next();
    host.delete_row(&pk, "TICKET");
    damaged("ticket_missing", &id);

    // Where it is found.
    let (pk, id, _) = next();
    host.change_row(&pk, "TICKET", |row| {
        row["team_pk"] = s("TEAM#impresion#assigned")
    });
    damaged("index_differs", &id);
    let [lost, another] = &copied;
    let luis = format!("OBSERVER#{LUIS}");
    host.delete_row(&partition(lost), &luis);
    damaged("index_differs", lost["id"].as_str().unwrap());
    let mut unfounded = host.row(&partition(another), &luis);
    unfounded["sk"] = s("OBSERVER#otro@uspec.gov.co");
    host.put_row(&unfounded);
    damaged("index_differs", another["id"].as_str().unwrap());
    let (pk, id, _) = next();
    host.change_row(&pk, "TICKET", |row| {
        for name in ["due_pk", "due_sk"] {
            row.as_object_mut().unwrap().remove(name);
        }
    });
    damaged("timer_not_armed", &id);
    let (pk, id, _) = next();
    host.change_row(&pk, "TICKET", |row| {
        row["due_sk"] = s(format!("2090-01-01T00:00:00.000Z#{id}#closure"));
    });
    damaged("timer_differs", &id);

    // What it owes.
    let owed = |pk: &str, sk: &str, since: Option<&str>, more: &[(&str, Value)]| {
        let mut row = json!({ "pk": s(pk), "sk": s(sk) });
        let id = pk.trim_start_matches("TICKET#");
        if let Some(since) = since {
            let ticket = host.row(pk, "TICKET");
            let shard = text(&ticket, "due_pk").replace("TIMER", "OUTBOX");
            row["due_pk"] = s(shard);
            row["due_sk"] = s(format!("{since}#{id}"));
        }
        for (name, value) in more {
            row[*name] = value.clone();
        }
        host.put_row(&row);
        format!("{pk} / {sk}")
    };
    let (pk, ..) = next();
    damaged(
        "outbox_too_old",
        &owed(&pk, "OUTBOX#00000001#mail_registered", Some(long_ago), &[]),
    );
    let soon = "2090-01-01T00:00:00.000Z";
    let (pk, ..) = next();
    damaged(
        "outbox_unfounded",
        &owed(&pk, "OUTBOX#00000002#mail_closed", Some(soon), &[]),
    );
    let (pk, ..) = next();
    damaged(
        "outbox_not_armed",
        &owed(&pk, "OUTBOX#00000002#mail_assigned", None, &[]),
    );
    let (pk, ..) = next();
    let parked = [("parked", s("SES refused the mail"))];
    damaged(
        "mail_given_up",
        &owed(&pk, "OUTBOX#00000002#mail_assigned", None, &parked),
    );
    host.delete_row(&partition(&deferred), "OUTBOX#00000001#assign");
    damaged("assignment_not_owed", deferred["id"].as_str().unwrap());

    // What was sent.
    let sent = |id: &str, effect: &str| {
        let row = rows.iter().find(|row| {
            text(row, "pk").starts_with("MAIL#")
                && (text(row, "ticket"), text(row, "effect")) == (id, effect)
        });
        row.unwrap().clone()
    };
    let (_, id, _) = next();
    host.delete_row(text(&sent(&id, "mail_registered"), "pk"), "MAIL");
    damaged("mail_not_sent", &id);
    let (_, id, _) = next();
    let mut twice = sent(&id, "mail_registered");
    twice["pk"] = s("MAIL#otra-vez");
    host.put_row(&twice);
    damaged("mail_twice", &id);
    let (_, id, _) = next();
    let mut unfounded = sent(&id, "mail_registered");
    unfounded["pk"] = s("MAIL#sin-motivo");
    unfounded["effect"] = s("mail_closed");
    host.put_row(&unfounded);
    damaged("mail_unfounded", &id);

    // Numbers, loads, keys.
    let (_, id, one) = next();
    host.change_row(
        &format!("NUMBER#{}", one[1..].trim_start_matches('0')),
        "NUMBER",
        |row| {
            row["ticket"] = s("01ARZ3NDEKTSV4RRFFQ69G5FAV");
        },
    );
    damaged("number_differs", &id);
    host.delete_row(&format!("NUMBER#{void}"), "NUMBER");
    damaged("number_unaccounted", &format!("#{void:06}"));
    host.change_row("COUNTER", "AUDITED", |row| row["accounted"] = n(1_000_000));
    damaged("counter_behind", "COUNTER / AUDITED");
    let key = find("IDEMPOTENCY#");
    host.change_row(text(&key, "pk"), "IDEMPOTENCY", |row| {
        row["version"] = n(77)
    });
    damaged(
        "idempotency_dangling",
        &format!("{} / IDEMPOTENCY", text(&key, "pk")),
    );

    // Mails and files.
    host.put_object(
        "mailbucket",
        "inbound/nadie-lo-leyo",
        b"From: x@y.z\r\n\r\n",
    );
    damaged("mail_unrecorded", "inbound/nadie-lo-leyo");
    let kept = crate::mail::record_of(&host, &refused)["object"].clone();
    host.delete_object("mailbucket", kept.as_str().unwrap());
    damaged("raw_mail_missing", &refused);
    let day = find("MAILDAY#");
    host.delete_row(text(&day, "pk"), text(&day, "sk"));
    damaged(
        "mail_day_differs",
        text(&day, "sk").rsplit('#').next().unwrap(),
    );
    let (_, mail, _) = &by_mail[0];
    change_doc(&host, &format!("INBOUND#{mail}"), "MAIL", |doc| {
        doc["ticket"]["id"] = by_mail[1].0["id"].clone();
    });
    damaged("mail_event_differs", mail);
    let seal = find("MESSAGEID#");
    host.change_row(text(&seal, "pk"), "MESSAGEID", |row| {
        row["mail"] = s("perdido")
    });
    damaged(
        "seal_dangling",
        &format!("{} / MESSAGEID", text(&seal, "pk")),
    );
    host.put_row(&json!({
        "pk": s("THREAD#ajeno@example.com"),
        "sk": s("TICKET"),
        "mail": s("perdido"),
    }));
    damaged("thread_dangling", "THREAD#ajeno@example.com / TICKET");

    host.put_row(&json!({ "pk": s("INBOUND#perdido"), "sk": s("ANSWER") }));
    damaged("answer_stuck", "perdido");
    host.delete_object("filesbucket", &by_mail[1].2);
    damaged("file_missing", &by_mail[1].2);
    host.put_object(
        "filesbucket",
        &by_mail[2].2,
        b"otra cosa, y mucho mas larga que la de antes",
    );
    damaged("file_differs", &by_mail[2].2);
    let orphan = "tickets/01ARZ3NDEKTSV4RRFFQ69G5FAV/nadie";
    host.put_object("filesbucket", orphan, b"huerfano");
    damaged("file_orphan", orphan);
    // One that somebody died over, and may attach yet, is none.
    let id = "01ARZ3NDEKTSV4RRFFQ69G5FAW";
    let begun = "tickets/01ARZ3NDEKTSV4RRFFQ69G5FAV/01ARZ3NDEKTSV4RRFFQ69G5FAW";
    host.put_object("filesbucket", begun, b"a medias");
    let mark = format!("uploads/{id}/for/01ARZ3NDEKTSV4RRFFQ69G5FAV");
    host.put_object("filesbucket", &mark, b"");
    change_doc(&host, "CATALOG", "CURRENT", |doc| {
        doc["directory"][0]["available"] = json!(false);
    });
    damaged("catalogue_differs", "CATALOG / CURRENT");
    let somebody = json!({ "pk": s("PRESENCE#01ARZ3NDEKTSV4RRFFQ69G5FAV"), "sk": s(ANA), "v": n(1), "doc": s("{}") });
    host.put_row(&somebody);
    damaged(
        "unreadable_row",
        &format!("PRESENCE#01ARZ3NDEKTSV4RRFFQ69G5FAV / {ANA}"),
    );
    let settings = json!({ "pk": s(format!("PERSON#{ANA}")), "sk": s("PREFERENCES"), "v": n(1), "doc": s("7") });
    host.put_row(&settings);
    damaged("unreadable_row", &format!("PERSON#{ANA} / PREFERENCES"));
    // Accounts that end: one whom nobody will look at, and one whom nobody looked at.
    let person = |id: &str, closing: Value| {
        let mut doc = json!({
            "id": id, "document_type": "CC", "document_number": "52345618", "name": "Ricardo",
            "contract_end": "2020-01-08", "version": 1,
            "accounts": [{
                "system": "correo", "username": "r", "profile": "contratista",
                "granted_at": "2019-01-15T13:00:00Z", "granted_by": 1
            }]
        });
        if !closing.is_null() {
            doc["closing"] = closing;
        }
        json!({
            "pk": s(format!("HOLDER#{id}")), "sk": s("ACCOUNTS"), "v": n(1), "version": n(1),
            "doc": s(doc.to_string()), "requester_pk": s("HOLDERS"), "requester_sk": s(id)
        })
    };
    let unseen = "1".repeat(32);
    host.put_row(&person(&unseen, Value::Null));
    damaged("end_not_armed", &unseen);
    let late = "0".repeat(32);
    let closing = json!({ "end": "2020-01-08", "at": "2020-01-01T00:00:00Z" });
    let mut row = person(&late, closing);
    row["due_pk"] = s("TIMER#0");
    row["due_sk"] = s(format!("2020-01-01T00:00:00.000Z#{late}"));
    host.put_row(&row);
    damaged("end_overdue", &late);
    damaged("review_stuck", "REVIEWS / NEXT");
    let review = json!({
        "quarter": "2026-Q4", "chief": { "email": ANA, "name": "Ana" },
        "opened_at": "2026-10-01T13:00:00Z", "version": 1,
        "signed": {
            "email": ANA, "name": "Ana", "role": "requester", "at": "2026-10-02T13:00:00Z",
            "sha256": "00", "accounts": []
        }
    });
    let chief = format!("CHIEF#{ANA}");
    host.put_row(&json!({
        "pk": s("REVIEW#2026-Q4"), "sk": s(chief.as_str()), "v": n(1), "doc": s(review.to_string())
    }));
    damaged("review_differs", &format!("REVIEW#2026-Q4 / {chief}"));
    host.put_row(&json!({ "pk": s("COSA#1"), "sk": s("COSA") }));
    damaged("unknown_row", "COSA#1 / COSA");

    let audit = host.audit(&["--grace", "0"]);
    for Damage { kind, place } in &damages {
        let found = |(k, p): &(String, String)| k == kind && p == place;
        assert!(
            audit.findings.iter().any(found),
            "{kind} {place}\n{}",
            audit.text
        );
    }
    assert!(audit.findings.iter().all(|(_, place)| place != begun));
    let kinds: BTreeSet<_> = damages.iter().map(|damage| damage.kind).collect();
    assert!(kinds.len() >= 20, "{}", kinds.len());
    // Nobody else is accused: what is found is damaged, or is about what was.
    let accused: BTreeSet<_> = audit
        .findings
        .iter()
        .map(|(kind, _)| kind.as_str())
        .collect();
    assert!(accused.is_subset(&kinds), "{accused:?}\n{}", audit.text);
    assert!(audit.findings.len() <= damages.len() + 8, "{}", audit.text);
}
