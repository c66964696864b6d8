//! The same request sent again, and many different ones at once.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::{Value, json};
use workbench::people::{ANA, COORDINATOR, LUIS, SUPPORT};
use workbench::{Answer, Client, Host};

use crate::{assigned, assignee, at_once, await_assigned, check_letters};

#[track_caller]
fn post_with_key(client: &Client, path: &str, key: &str, body: &Value) -> Answer {
    let request = client.request("POST", path).json(body);
    request.header("idempotency-key", key).send()
}

fn application(title: &str) -> Value {
    json!({ "title": title, "description": "Sin red.", "category": "redes" })
}

#[test]
fn the_same_request_twenty_times_is_one_ticket() {
    let host = Host::start();
    let ana = host.client(ANA);
    let post = |title| post_with_key(&ana, "/tickets", "formulario-1", &application(title));

    let answers = at_once(20, |_| post("Sin red"));
    for answer in &answers {
        assert_eq!(answer.status, 201, "{}", answer.body);
        assert_eq!(answer.body, answers[0].body);
        assert_eq!(answer.header("location"), "/tickets/1");
    }
    let ticket = answers[0].json();
    assert_eq!(ticket["number"], 1);

    post("Otra cosa").problem(422, "idempotency_mismatch");
    await_assigned(&ana, &ticket);
    // The answer stays the first one, also when the ticket has gone on.
    assert_eq!(post("Sin red").must_be(201).body, answers[0].body);
    let mine = ana.list("/tickets?limit=10");
    assert_eq!(mine.len(), 1);

    // A key is its owner's: the same word of somebody else is another key.
    let luis = host.client(LUIS);
    let other = post_with_key(&luis, "/tickets", "formulario-1", &application("Sin red"));
    assert_eq!(other.must_be(201).json()["number"], 2);
    assert_eq!(ana.register("redes", "La siguiente")["number"], 3);
    host.settle();
    let agent = assignee(&mine[0]);
    let expected = [
        ("Solicitud registrada", ANA),
        ("Solicitud asignada a usted", agent),
    ];
    check_letters(&host, &ticket, &expected);

    one_of_two_bodies(&host);
    commands_are_done_once(&host);
}

#[test]
fn what_its_own_transaction_is_in_the_way_of_is_answered_alike() {
    let host = Host::start();
    let plan = json!({ "transaction_ms": 150 });
    host.nobody().put("/_local/faults", &plan).must_be(200);
    let ana = host.client(ANA);
    for n in 1..=3 {
        let key = format!("formulario-{n}");
        let answers = at_once(20, |_| {
            post_with_key(&ana, "/tickets", &key, &application("Sin red"))
        });
        for answer in &answers {
            assert_eq!(answer.status, 201, "{}", answer.body);
            assert_eq!(answer.body, answers[0].body);
        }
        assert_eq!(answers[0].json()["number"], n);
    }
    let report = host.nobody().get("/_local/faults").json();
    let refused = &report["counts"]["dynamodb refused beside a transaction"];
    assert!(
        refused.as_u64().is_some_and(|refused| refused > 0),
        "{report}"
    );
    // Mails and assignments meet transactions as well, and wait for no message to
    // come back.
    host.settle();
    assert_eq!(host.mails().len(), 6);
}

/// One key, two bodies, at once: one of them is the request, and the other is
/// refused as often as it comes.
fn one_of_two_bodies(host: &Host) {
    let luis = host.client(LUIS);
    let titles = ["Una", "Otra"];
    let answers = at_once(10, |i| {
        let body = application(titles[i % 2]);
        post_with_key(&luis, "/tickets", "dos-cuerpos", &body)
    });
    let taken = answers.iter().position(|answer| answer.status == 201);
    let taken = taken.unwrap() % 2;
    for (i, answer) in answers.iter().enumerate() {
        if i % 2 == taken {
            assert_eq!(answer.status, 201, "{}", answer.body);
            assert_eq!(answer.json()["title"], titles[taken]);
            assert_eq!(answer.body, answers[taken].body);
        } else {
            answer.problem(422, "idempotency_mismatch");
        }
    }
    // The key is used up for every other path as well.
    let body = json!({ "body": "a", "visibility": "public" });
    post_with_key(&luis, "/tickets/2/followups", "dos-cuerpos", &body)
        .problem(422, "idempotency_mismatch");
}

fn commands_are_done_once(host: &Host) {
    let ana = host.client(ANA);
    let ticket = assigned(&ana, "redes", "Con seguimientos");
    let number = &ticket["number"];
    let path = format!("/tickets/{number}/followups");
    let body = json!({ "body": "¿Cómo va?", "visibility": "public" });
    let answers = at_once(10, |_| post_with_key(&ana, &path, "nota-1", &body));
    for answer in &answers {
        assert_eq!(answer.status, 200, "{}", answer.body);
        assert_eq!(answer.json(), answers[0].json());
    }
    let other = json!({ "body": "¿Y ahora?", "visibility": "public" });
    post_with_key(&ana, &path, "nota-1", &other).problem(422, "idempotency_mismatch");
    post_with_key(&ana, &path, "nota-2", &other).must_be(200);
    // Long after, it is still the first one's answer.
    let again = post_with_key(&ana, &path, "nota-1", &body).must_be(200);
    assert_eq!(again.json(), answers[0].json());
    let kinds = ana.event_kinds(number);
    assert_eq!(
        kinds,
        ["registered", "assigned", "followed_up", "followed_up"]
    );
    host.settle();
    let expected = [
        ("Solicitud registrada", ANA),
        ("Solicitud asignada a usted", assignee(&ticket)),
        ("El solicitante escribió", assignee(&ticket)),
        ("El solicitante escribió", assignee(&ticket)),
    ];
    check_letters(host, &ticket, &expected);
}

#[test]
fn two_hundred_at_once_get_a_number_an_agent_and_two_mails_each() {
    const COUNT: u64 = 200;
    let host = Host::start();
    let requesters: Vec<_> = (0..10)
        .map(|i| format!("funcionario{i}@uspec.gov.co"))
        .collect();
    let clients: Vec<_> = requesters.iter().map(|email| host.client(email)).collect();
    let answers = at_once(COUNT as usize, |i| {
        let body = application(&format!("Solicitud {i}"));
        clients[i % clients.len()].post("/tickets", &body)
    });
    let mut numbers = BTreeSet::new();
    for answer in &answers {
        assert_eq!(answer.status, 201, "{}", answer.body);
        let number = answer.json()["number"].as_u64().unwrap();
        assert!(numbers.insert(number), "{number} twice");
    }
    assert_eq!(numbers, BTreeSet::from_iter(1..=COUNT));
    host.settle_within(Duration::from_secs(60));

    let tickets = host.client(COORDINATOR).list("/tickets?limit=100");
    let titles: BTreeSet<_> = tickets.iter().map(|t| t["title"].to_string()).collect();
    assert_eq!((tickets.len(), titles.len()), (200, 200));
    let mut loads: BTreeMap<&str, u64> = SUPPORT.map(|agent| (agent, 0)).into();
    let mut expected = Vec::new();
    for ticket in &tickets {
        assert_eq!(ticket["status"], "assigned", "{ticket}");
        *loads.get_mut(assignee(ticket)).unwrap() += 1;
        let tag = format!("[USPEC #{:06}]", ticket["number"].as_u64().unwrap());
        let title = ticket["title"].as_str().unwrap();
        let requester = ticket["requester"]["email"].as_str().unwrap();
        for (kind, to) in [
            ("Solicitud registrada", requester),
            ("Solicitud asignada a usted", assignee(ticket)),
        ] {
            expected.push((format!("{tag} {kind}: {title}"), vec![to.to_owned()]));
        }
    }
    let (least, most) = (loads.values().min(), loads.values().max());
    assert!(most.unwrap() - least.unwrap() <= 1, "{loads:?}");
    let mails = host.mails().into_iter();
    let mut sent: Vec<_> = mails.map(|mail| (mail.subject, mail.to)).collect();
    sent.sort();
    expected.sort();
    assert_eq!(sent.len(), expected.len());
    assert_eq!(sent, expected);
}

/// Two copies of a request race with somebody else's. What was done is not refused:
/// whoever loses to a third finds the ticket as his own copy left it (docs/adr/0010).
#[test]
fn a_copy_that_loses_a_race_gets_the_answer_of_the_other() {
    let host = Host::start();
    let ana = host.client(ANA);
    let body = json!({ "solution": "Se reinició." });
    for round in 0..15 {
        let ticket = assigned(&ana, "redes", &format!("Carrera {round}"));
        let path = format!("/tickets/{}", ticket["number"]);
        let agent = host.client(assignee(&ticket));
        let answers = at_once(8, |i| match i % 2 {
            0 => Some(post_with_key(
                &agent,
                &format!("{path}/resolution"),
                &format!("una-sola-{round}"),
                &body,
            )),
            _ => {
                let note = json!({ "body": format!("Nota {i}"), "visibility": "public" });
                ana.post(&format!("{path}/followups"), &note);
                None
            }
        });
        let mut bodies = BTreeSet::new();
        for answer in answers.into_iter().flatten() {
            // Four at once may all be in each other's way; then they come again.
            if answer.status != 503 {
                assert_eq!(answer.status, 200, "{}", answer.body);
                bodies.insert(answer.body);
            }
        }
        assert!(bodies.len() <= 1, "{bodies:?}");
    }
}
