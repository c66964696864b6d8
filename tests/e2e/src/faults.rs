//! Services that fail in one way at a time. All ways at once: `scripts/fault-run`.

use std::fs;

use serde_json::{Value, json};
use workbench::people::{ANA, COORDINATOR, LUIS, SUPPORT_MAILBOX};
use workbench::{Host, in_a_hurry, within};

use crate::{MINUTE, assigned, assignee, at_once, check_letters, solution, time};

fn plan(host: &Host, plan: &Value) {
    host.nobody().put("/_local/faults", plan).must_be(200);
}

#[test]
fn the_desk_hears_of_an_address_that_ses_refuses() {
    let host = Host::start();
    plan(&host, &json!({ "refused_addresses": [ANA] }));
    let ticket = assigned(&host.client(ANA), "redes", "Sin correo");
    let agent = assignee(&ticket);
    host.settle();
    let staff = host.client(COORDINATOR);
    let bounced = |event: &Value| event["kind"] == "mail_bounced";
    let event = staff
        .events(&ticket["number"])
        .into_iter()
        .find(bounced)
        .unwrap();
    assert_eq!(event["data"]["recipient"], ANA, "{event}");
    assert_eq!(event["data"]["why"], "refused", "{event}");
    let told = [
        ("Solicitud asignada a usted", agent),
        ("Un correo no llegó", agent),
        ("Un correo no llegó", SUPPORT_MAILBOX),
    ];
    let mut told = told.to_vec();
    if host.letters(&ticket).len() == 2 {
        // It was assigned after that was known.
        told.remove(1);
    }
    check_letters(&host, &ticket, &told);
    // Once; and the procedure goes on without her.
    host.client(agent)
        .command(&ticket["number"], "resolution", &solution())
        .must_be(200);
    host.settle();
    let events = staff.events(&ticket["number"]);
    assert_eq!(events.iter().filter(|event| bounced(event)).count(), 1);
    host.audit(&["--grace", "0"]).must_be_clean();
}

#[test]
fn nobody_is_killed_over_a_ses_that_does_not_answer() {
    let host = Host::start_on(in_a_hurry, &[]);
    plan(&host, &json!({ "ses": { "hung": 10_000 } }));
    let ana = host.client(ANA);
    let tickets = at_once(12, |i| ana.register("redes", &format!("Sin respuesta {i}")));
    let claimed = || {
        let rows = host.rows().into_iter();
        rows.filter(|row| row["attempts"].is_object()).count()
    };
    within(workbench::LIMIT * 2, "mails are tried", || {
        (claimed() >= 8).then_some(())
    });
    plan(&host, &json!({}));
    let at = time(&tickets[0]["created_at"]);
    within(workbench::LIMIT * 6, "all mails are out", || {
        host.sweep(at + MINUTE);
        let letters = tickets.iter().map(|ticket| host.letters(ticket).len());
        (letters.sum::<usize>() >= 24).then_some(())
    });
    // Nothing of it was cut off, so nothing went out twice.
    let log = fs::read_to_string(host.data().join("host.log")).unwrap();
    assert!(!log.contains("timed out"), "{log}");
    let letters: usize = tickets
        .iter()
        .map(|ticket| host.letters(ticket).len())
        .sum();
    assert_eq!(letters, 24);
}

#[test]
fn what_was_done_and_not_answered_is_not_done_again() {
    let host = Host::start_on(in_a_hurry, &[]);
    // One call in five is carried out, and whoever asked hears of an error.
    plan(
        &host,
        &json!({ "seed": 5, "dynamodb": { "lost": 2_000 }, "sqs": { "lost": 2_000 } }),
    );
    let luis = host.client(LUIS);
    let answers = at_once(20, |i| {
        let body =
            json!({ "title": format!("Sin eco {i}"), "description": "a", "category": "redes" });
        within(workbench::LIMIT * 6, "it is taken", || {
            let request = luis.request("POST", "/tickets").json(&body);
            let answer = request
                .header("idempotency-key", &format!("eco-{i}"))
                .send();
            (answer.status == 201).then(|| answer.json())
        })
    });
    plan(&host, &json!({}));
    let at = time(&answers[0]["created_at"]);
    let staff = host.client(COORDINATOR);
    within(workbench::LIMIT * 6, "all are assigned and told of", || {
        host.sweep(at + MINUTE);
        let letters = answers.iter().map(|ticket| host.letters(ticket).len());
        (letters.sum::<usize>() >= 40).then_some(())
    });
    within(workbench::LIMIT * 6, "nothing is owed", || {
        host.sweep(at + MINUTE);
        let owed = |row: &Value| row["sk"]["S"].as_str().unwrap().starts_with("OUTBOX#");
        (!host.rows().iter().any(owed)).then_some(())
    });
    assert_eq!(staff.list("/tickets?limit=100").len(), 20);
    for ticket in &answers {
        assert_eq!(
            staff.event_kinds(&ticket["number"]),
            ["registered", "assigned"]
        );
        assert_eq!(host.letters(ticket).len(), 2);
    }
    for minutes in [5, 10] {
        host.sweep(at + MINUTE * minutes);
    }
    host.audit(&["--grace", "0"]).must_be_clean();
}
