//! What time alone brings about.

use jiff::SignedDuration;
use serde_json::json;
use workbench::people::{ANA, LUIS};
use workbench::{Host, eventually};

use crate::{
    LEASES, MINUTE, assigned, assignee, at_once, check_letters, last_mail, solution, survey_of,
    time,
};

#[test]
fn what_nobody_validates_is_closed_once_its_time_is_over() {
    let host = Host::start();
    let ana = host.client(ANA);
    let luis = host.client(LUIS);
    let silent = assigned(&ana, "plataforma", "Nadie responde");
    let rejected = assigned(&luis, "redes", "La rechazan a tiempo");
    for ticket in [&silent, &rejected] {
        let agent = host.client(assignee(ticket));
        agent
            .command(&ticket["number"], "resolution", &solution())
            .must_be(200);
    }
    let reason = json!({ "reason": "Sigue igual." });
    luis.command(&rejected["number"], "rejection", &reason)
        .must_be(200);
    host.settle();
    let survey = survey_of(&host, ANA);
    let solved = ana.ticket(&silent["number"]);
    let due = time(&solved["clocks"]["validation"]["due_at"]);

    // Not yet: a reminder, and what the other one's solution time brings about.
    let swept = host.sweep(due - MINUTE);
    assert_eq!(swept["timers_found"], 2, "{swept}");
    host.settle();
    let reminded = ana.ticket(&silent["number"]);
    assert_eq!(reminded["status"], "solved");
    assert_eq!(reminded["clocks"], solved["clocks"]);

    // Three sweeps at once, and two more.
    let found = at_once(3, |_| host.sweep(due + MINUTE)["timers_found"].clone());
    assert!(found.contains(&json!(1)), "{found:?}");
    host.sweep(due + MINUTE);
    host.sweep(due + MINUTE * 60);
    host.settle_within(LEASES);
    let closed = ana.ticket(&silent["number"]);
    assert_eq!(closed["status"], "closed");
    assert_eq!(closed["close_reason"], "validation_expired");
    assert_eq!(closed["version"], reminded["version"].as_u64().unwrap() + 1);
    let events = ana.events(&silent["number"]);
    let last = events.last().unwrap();
    assert_eq!(last["kind"], "closed");
    assert_eq!(last["actor"]["role"], "system");
    let agent = assignee(&silent);
    let expected = [
        ("Solicitud registrada", ANA),
        ("Solicitud asignada a usted", agent),
        ("Solicitud resuelta", ANA),
        ("Recordatorio", ANA),
        ("Solicitud cerrada", ANA),
    ];
    check_letters(&host, &silent, &expected);
    let mail = last_mail(&host, ANA, "Solicitud cerrada");
    assert!(mail.text.contains("venció sin respuesta"), "{}", mail.text);

    // Too late to answer; and what was reopened in time was left alone.
    let answer = json!({ "solved": true, "rating": 5 });
    host.nobody()
        .post(&survey, &answer)
        .problem(409, "invalid_transition");
    assert_eq!(luis.ticket(&rejected["number"])["status"], "assigned");

    the_deadline_and_the_requester_at_once(&host);
}

/// Whoever is first, one of them is: closed once, or open again, never both.
fn the_deadline_and_the_requester_at_once(host: &Host) {
    let luis = host.client(LUIS);
    let reason = json!({ "reason": "Sigue igual." });
    for round in 0..5 {
        let ticket = assigned(&luis, "redes", &format!("A última hora {round}"));
        let number = &ticket["number"];
        let solved = host
            .client(assignee(&ticket))
            .command(number, "resolution", &solution())
            .must_be(200)
            .json();
        let due = time(&solved["clocks"]["validation"]["due_at"]);
        let answers = at_once(3, |i| {
            if i > 0 {
                host.sweep(due + MINUTE);
                return None;
            }
            Some(luis.command(number, "rejection", &reason))
        });
        eventually("the timers are seen to", || {
            let queues = ["closure", "escalation"].map(|part| host.queue(part));
            let idle = queues.iter().all(|q| q.visible + q.in_flight == 0);
            idle.then_some(())
        });
        let answer = answers.into_iter().flatten().next().unwrap();
        let after = luis.ticket(number);
        let last = if answer.status == 200 {
            "reopened"
        } else {
            answer.problem(409, "invalid_transition");
            assert_eq!(after["close_reason"], "validation_expired");
            "closed"
        };
        let mut kinds = luis.event_kinds(number);
        assert_eq!(after["version"], kinds.len());
        // Open again, its solution time may have run out by the sweeps' time.
        kinds.retain(|kind| last == "closed" || !kind.starts_with("solution_"));
        assert_eq!(kinds, ["registered", "assigned", "resolved", last]);
    }
}

#[test]
fn a_clock_that_starts_on_friday_afternoon_goes_on_on_monday() {
    let host = Host::start_with(&["--now", "2026-11-20T16:55:00-05:00"]);
    let ana = host.client(ANA);
    let ticket = assigned(&ana, "plataforma", "Viernes por la tarde");
    let created = time(&ticket["created_at"]);
    let friday = "2026-11-20T16:55:00-05:00".parse().unwrap();
    let running = created.duration_since(friday);
    assert!(running >= SignedDuration::ZERO, "{created}");
    // A quarter of an hour, of which less than five minutes are left on Friday.
    let monday: jiff::Timestamp = "2026-11-23T08:10:00-05:00".parse().unwrap();
    assert!(running < MINUTE * 5, "the host took too long to be up");
    let due = time(&ticket["clocks"]["attention"]["due_at"]);
    assert_eq!(due, monday + running);
    host.settle();
    let mail = last_mail(&host, ANA, "Solicitud registrada");
    let words = "a más tardar el lunes 23 de noviembre de 2026 a las 08:1";
    assert!(mail.text.contains(words), "{}", mail.text);

    // The validation time is one working day: the same hour on Monday.
    let solved = host
        .client(assignee(&ticket))
        .command(&ticket["number"], "resolution", &solution())
        .must_be(200)
        .json();
    let until = time(&solved["clocks"]["validation"]["due_at"]);
    let three_days = SignedDuration::from_hours(72);
    assert_eq!(until, time(&solved["updated_at"]) + three_days);
}
