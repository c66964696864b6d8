//! Messages are doorbells: twice, too late or lost, they change nothing.

use serde_json::{Value, json};
use workbench::people::{ANA, COORDINATOR, LUIS};
use workbench::{Host, eventually, within};

use crate::{
    LEASES, MINUTE, assigned, assignee, at_once, await_assigned, check_letters, solution,
    survey_of, time,
};

fn bell(ticket: &Value, seq: u64, effect: &str) -> Value {
    json!({
        "v": 1,
        "kind": "outbox",
        "ticket": ticket["id"],
        "seq": seq,
        "effect": effect,
    })
}

#[track_caller]
fn check_done_once(host: &Host, ticket: &Value) {
    let reader = host.client(COORDINATOR);
    let kinds = reader.event_kinds(&ticket["number"]);
    assert_eq!(kinds, ["registered", "assigned"]);
    let ticket = reader.ticket(&ticket["number"]);
    let expected = [
        (
            "Solicitud registrada",
            ticket["requester"]["email"].as_str().unwrap(),
        ),
        ("Solicitud asignada a usted", assignee(&ticket)),
    ];
    check_letters(host, &ticket, &expected);
}

#[test]
fn doorbells_ring_in_vain_once_the_work_is_done() {
    let host = Host::start();
    let ana = host.client(ANA);
    // Ten rings of each kind while the work is being done.
    let busy = ana.register("redes", "Timbres de más");
    host.send_messages("assignment", &vec![bell(&busy, 1, "assign"); 10]);
    host.send_messages("notification", &vec![bell(&busy, 1, "mail_registered"); 10]);
    await_assigned(&ana, &busy);
    host.send_messages("notification", &vec![bell(&busy, 2, "mail_assigned"); 10]);
    host.settle_within(LEASES);
    check_done_once(&host, &busy);

    // And when it is long done.
    host.send_messages("assignment", &vec![bell(&busy, 1, "assign"); 2]);
    host.send_messages("notification", &vec![bell(&busy, 1, "mail_registered"); 2]);
    host.send_messages("notification", &vec![bell(&busy, 2, "mail_assigned"); 2]);
    // One that nobody owes, for an event that is not there.
    host.send_messages("notification", &[bell(&busy, 7, "mail_closed")]);
    let timer = json!({ "v": 1, "kind": "timer", "ticket": busy["id"], "at": busy["created_at"] });
    host.send_messages("closure", &[timer.clone(), timer]);
    host.settle();
    check_done_once(&host, &busy);
    assert_eq!(host.mails().len(), 2);

    purged_queues_lose_nothing(&host);
}

/// The messages are gone; the outbox is not, and the sweep rings again.
fn purged_queues_lose_nothing(host: &Host) {
    let luis = host.client(LUIS);
    let queues = ["assignment", "notification"].map(|part| host.queue(part).name);
    let tickets = at_once(12, |i| {
        if i < 2 {
            for _ in 0..20 {
                let url = format!("http://127.0.0.1/000000000000/{}", queues[i]);
                host.aws("AmazonSQS.PurgeQueue", &json!({ "QueueUrl": url }));
            }
            return None;
        }
        Some(luis.register("aplicaciones", &format!("Sin timbre {i}")))
    });
    let tickets: Vec<_> = tickets.into_iter().flatten().collect();
    let at = time(&tickets[0]["created_at"]);
    within(
        workbench::LIMIT * 2,
        "everything is assigned and mailed",
        || {
            host.sweep(at + MINUTE);
            let letters = tickets.iter().map(|ticket| host.letters(ticket).len());
            (letters.sum::<usize>() >= 2 * tickets.len()).then_some(())
        },
    );
    host.settle_within(LEASES);
    for ticket in &tickets {
        check_done_once(host, ticket);
    }
}

#[test]
fn poison_stands_aside_and_everything_else_survives_a_restart() {
    let mut host = Host::start();
    let ana = host.client(ANA);
    let first = assigned(&ana, "plataforma", "Antes del veneno");
    host.settle();

    // One batch: what cannot be read is kept alone, its neighbours are done.
    let poison = json!({ "v": 99 });
    let poisoned = ["assignment", "escalation", "notification", "closure"];
    for queue in poisoned {
        let good = match queue {
            "assignment" => bell(&first, 1, "assign"),
            "notification" => bell(&first, 1, "mail_registered"),
            _ => json!({
                "v": 1,
                "kind": "timer",
                "ticket": first["id"],
                "at": first["created_at"],
                "queue": queue,
            }),
        };
        host.send_messages(queue, &[good.clone(), poison.clone(), good.clone(), good]);
    }
    let alone = |host: &Host| {
        eventually("the poison alone is left", || {
            let left = poisoned.map(|part| host.queue(part));
            let alone = left.iter().all(|q| (q.visible, q.in_flight) == (0, 1));
            alone.then_some(())
        });
    };
    alone(&host);
    check_done_once(&host, &first);
    // It is in nobody's way.
    let second = assigned(&ana, "redes", "Con el veneno en la cola");
    let agent = host.client(assignee(&first));
    agent
        .command(&first["number"], "resolution", &solution())
        .must_be(200);
    let key = ("idempotency-key", "antes-del-reinicio");
    let body = json!({ "title": "Con clave", "description": "a", "category": "redes" });
    let keyed = ana.request("POST", "/tickets").json(&body);
    let keyed = keyed.header(key.0, key.1).send().must_be(201);
    await_assigned(&ana, &keyed.json());
    eventually("the mails are out", || {
        (host.mails().len() == 7).then_some(())
    });
    let survey = survey_of(&host, ANA);

    // Restarts bring it back for its second to fifth try, and then to the dead
    // letters. Nothing else changes.
    let look = |host: &Host| {
        let reader = host.client(COORDINATOR);
        let tickets = reader.list("/tickets?limit=100");
        let events: Vec<_> = tickets
            .iter()
            .map(|t| reader.events(&t["number"]))
            .collect();
        let mails = host.nobody().get("/_local/mail").must_be(200).json();
        (tickets, events, mails, reader.get("/catalog").json())
    };
    let before = look(&host);
    for _ in 0..4 {
        alone(&host);
        assert!(host.stop().success());
        host.restart();
    }
    alone(&host);
    assert!(host.stop().success());
    host.restart();
    eventually("the poison is among the dead letters", || {
        let queues = host.queues();
        let is_right = |q: &workbench::Queue| {
            let name = q.name.to_lowercase();
            let dead = q.dead_letter && poisoned.iter().any(|part| name.contains(part));
            (q.visible, q.in_flight, q.delayed) == (u64::from(dead), 0, 0)
        };
        queues.iter().all(is_right).then_some(())
    });
    assert_eq!(look(&host), before);
    // Why they are there is on record.
    for queue in poisoned {
        let partition = format!("GIVENUP#{queue}");
        let rows = host.rows().into_iter();
        let given_up: Vec<_> = rows.filter(|row| row["pk"]["S"] == *partition).collect();
        let [row] = &given_up[..] else {
            panic!("{queue}: {given_up:?}")
        };
        assert_eq!(row["class"]["S"], "poison", "{row}");
        assert_eq!(
            row["reason"]["S"], "schema version 99 is not known here",
            "{row}"
        );
        assert_eq!(row["body"]["S"], poison.to_string(), "{row}");
        assert_eq!(row["receive_count"]["N"], "5", "{row}");
    }
    // And there is a way back, for code that knows them.
    host.redrive("closure");
    eventually("the poison is tried again", || {
        (host.queue("closure").in_flight == 1).then_some(())
    });
    assert_eq!(look(&host), before);

    // And it goes on from there.
    let ana = host.client(ANA);
    let again = ana.request("POST", "/tickets").json(&body);
    let again = again.header(key.0, key.1).send().must_be(201);
    assert_eq!(again.body, keyed.body);
    assert_eq!(
        again.json()["number"],
        second["number"].as_u64().unwrap() + 1
    );
    assert_eq!(ana.register("redes", "Después")["number"], 4);
    let answer = json!({ "solved": true, "rating": 5 });
    let closed = host.nobody().post(&survey, &answer).must_be(200).json();
    assert_eq!(closed["number"], first["number"]);
    assert_eq!(closed["status"], "closed");
}

#[test]
fn a_stop_in_the_midst_of_work_is_made_up_for() {
    let mut host = Host::start();
    let ana = host.client(ANA);
    let answers = at_once(20, |i| {
        ana.register("redes", &format!("Antes de parar {i}"))
    });
    assert!(host.stop().success());
    host.restart();
    let ana = host.client(ANA);
    let at = time(&answers[0]["created_at"]);
    within(LEASES, "everything is mailed", || {
        host.sweep(at + MINUTE);
        (host.mails().len() >= 2 * answers.len()).then_some(())
    });
    host.settle_within(LEASES);
    for ticket in &answers {
        assert_eq!(ana.ticket(&ticket["number"])["status"], "assigned");
        check_done_once(&host, ticket);
    }
}
