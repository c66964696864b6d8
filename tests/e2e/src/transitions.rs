//! Steps that the state of a ticket forbids: refused, and nothing changes.

use std::time::Duration;

use serde_json::{Value, json};
use workbench::people::{ANA, COORDINATOR, LUIS, SUPPORT};
use workbench::{Answer, Client, Host, eventually, within};

use crate::{
    LEASES, MINUTE, assigned, assignee, at_once, check_letters, check_summary, check_unchanged,
    last_mail, set_available, solution, survey_of, time,
};

/// Commands of everybody's, each with a body that is in order.
fn commands() -> [(&'static str, Value); 8] {
    [
        ("assignment", json!({})),
        ("contact", json!({ "note": "Llamé." })),
        ("category", json!({ "category": "aplicaciones" })),
        (
            "followups",
            json!({ "body": "Nota.", "visibility": "public" }),
        ),
        ("resolution", solution()),
        ("decline", json!({ "reason": "Fuera del alcance." })),
        ("rejection", json!({ "reason": "Sigue igual." })),
        ("closure", json!({})),
    ]
}

/// Each of these commands is refused with 409, and leaves the ticket, its
/// events and the mail as they were.
#[track_caller]
fn check_refused(host: &Host, ticket: &Value, by: &Client, refused: &[&str]) {
    for (command, body) in commands() {
        if refused.contains(&command) {
            check_unchanged(host, ticket, || {
                by.command(&ticket["number"], command, &body)
                    .problem(409, "invalid_transition")
            });
        }
    }
}

#[test]
fn what_nobody_can_take_waits_and_is_not_lost() {
    let host = Host::start();
    let coordinator = host.client(COORDINATOR);
    // No function has read the catalogue yet: this is what all of them will see.
    set_available(&coordinator, &SUPPORT, false);
    let ana = host.client(ANA);
    let waiting = ana.register("redes", "Nadie disponible");
    let taken = ana.register("redes", "Alguien la toma");
    let declined = ana.register("redes", "Fuera del alcance");
    for ticket in [&waiting, &taken, &declined] {
        eventually("it is deferred, and the coordinator told", || {
            let kinds = coordinator.event_kinds(&ticket["number"]);
            (kinds == ["registered", "assignment_deferred"] && host.letters(ticket).len() == 2)
                .then_some(())
        });
    }
    let expected = [
        ("Solicitud registrada", ANA),
        ("Sin agente disponible", COORDINATOR),
    ];
    check_letters(&host, &waiting, &expected);

    // Nobody has it yet: the desk has nothing to report on it.
    let steps = ["contact", "resolution", "closure"];
    check_refused(&host, &waiting, &coordinator, &steps);
    check_refused(&host, &waiting, &ana, &["rejection"]);

    // The sweep rings again and again: it is tried again, and told once.
    host.settle();
    let at = time(&waiting["created_at"]);
    for _ in 0..3 {
        let swept = host.sweep(at + MINUTE);
        // Those who went away may still be looked after, too.
        let rung = swept["outbox_rung"].as_u64().unwrap();
        assert!((3..=4).contains(&rung), "{swept}");
        host.settle();
    }
    assert_eq!(ana.ticket(&waiting["number"])["version"], 2);
    check_letters(&host, &waiting, &expected);

    // An agent may take one, available or not; of three that try, one has it.
    let takes = at_once(3, |i| {
        let agent = host.client(SUPPORT[i]);
        agent.command(&taken["number"], "assignment", &json!({}))
    });
    let (mut own, mut late) = (Vec::new(), Vec::new());
    for take in takes {
        if take.status == 200 {
            own.push(take.json());
        } else {
            late.push(take.problem(409, "invalid_transition"));
        }
    }
    assert_eq!((own.len(), late.len()), (1, 2), "{own:?} {late:?}");
    let taker = assignee(&own[0]);

    // Declined before anybody had it.
    let reason = json!({ "reason": "No es de la mesa." });
    host.client(SUPPORT[0])
        .command(&declined["number"], "decline", &reason)
        .must_be(200);

    // Somebody is back. The functions hear of it within seconds.
    set_available(&coordinator, &SUPPORT, true);
    let ticket = eventually("it is assigned", || {
        host.sweep(at + MINUTE);
        let ticket = ana.ticket(&waiting["number"]);
        (ticket["status"] == "assigned").then_some(ticket)
    });
    // The taken one counts as a load: somebody else has this one.
    assert_ne!(assignee(&ticket), taker);
    let mail = "Solicitud asignada a usted";
    host.settle_within(LEASES);
    // Whoever took it himself knows.
    let assigned = [expected[0], expected[1], (mail, assignee(&ticket))];
    check_letters(&host, &waiting, &assigned);
    check_letters(&host, &taken, &expected);
    for ticket in [&waiting, &taken] {
        let kinds = coordinator.event_kinds(&ticket["number"]);
        assert_eq!(kinds, ["registered", "assignment_deferred", "assigned"]);
    }

    // Rejected, what nobody had is given to somebody: at once, not when the
    // sweep comes by.
    let rejected = ana
        .command(&declined["number"], "rejection", &reason)
        .must_be(200)
        .json();
    assert_eq!(rejected["status"], "new");
    within(Duration::from_secs(5), "it is assigned", || {
        let ticket = ana.ticket(&declined["number"]);
        (ticket["status"] == "assigned").then_some(())
    });
}

#[test]
fn steps_out_of_order_change_nothing() {
    let host = Host::start();
    let ana = host.client(ANA);
    let ticket = assigned(&ana, "plataforma", "Paso a paso");
    let number = &ticket["number"];
    let agent = host.client(assignee(&ticket));
    let coordinator = host.client(COORDINATOR);
    host.settle();

    // Assigned.
    // Whoever has it has what he asks for.
    check_unchanged(&host, &ticket, || {
        let taken = agent.command(number, "assignment", &json!({}));
        taken.must_be(200);
    });
    check_refused(&host, &ticket, &agent, &["closure"]);
    check_refused(&host, &ticket, &ana, &["rejection"]);

    // Solved, and the survey is not answered yet.
    agent
        .command(number, "resolution", &solution())
        .must_be(200);
    host.settle();
    let survey = survey_of(&host, ANA);
    let steps = ["assignment", "contact", "resolution", "decline", "closure"];
    check_refused(&host, &ticket, &agent, &steps);
    check_refused(&host, &ticket, &coordinator, &steps);
    let problem = agent
        .command(number, "closure", &json!({}))
        .problem(409, "invalid_transition");
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.contains("encuesta"), "{problem}");
    answers_that_cannot_be_taken(&host, &ticket, &survey);

    // Rated: five at once, one counts.
    let nobody = host.nobody();
    let rate = |rating| nobody.post(&survey, &json!({ "solved": true, "rating": rating }));
    let answers = at_once(5, |i| rate(i + 1));
    let (taken, refused): (Vec<_>, Vec<_>) = answers.iter().partition(|a| a.status == 200);
    assert_eq!(taken.len(), 1, "{answers:?}");
    for answer in refused {
        answer.problem(409, "invalid_transition");
    }
    host.settle();
    let closed = ana.ticket(number);
    assert_eq!(closed["survey"], taken[0].json()["survey"]);
    check_unchanged(&host, &ticket, || {
        rate(1).problem(409, "invalid_transition")
    });
    let form = check_unchanged(&host, &ticket, || {
        form(&host, &survey, "solved=yes&rating=1")
    });
    assert_eq!(form.status, 409);
    assert!(form.body.contains("ya fue respondida"), "{}", form.body);

    // Closed is closed.
    let all = commands().map(|(command, _)| command);
    let by_agent: Vec<_> = all.into_iter().filter(|c| *c != "rejection").collect();
    check_refused(&host, &ticket, &agent, &by_agent);
    check_refused(&host, &ticket, &ana, &["followups", "rejection"]);

    without_its_formats(&host);
    decided_on_an_old_version(&host);
    recategorised(&host);
}

fn form(host: &Host, survey: &str, fields: &str) -> Answer {
    host.nobody()
        .request("POST", survey)
        .body("application/x-www-form-urlencoded", fields.as_bytes())
        .send()
}

fn answers_that_cannot_be_taken(host: &Host, ticket: &Value, survey: &str) {
    for (body, field) in [
        (json!({}), "solved"),
        (json!({ "solved": "yes", "rating": 5 }), "solved"),
        (json!({ "solved": true }), "rating"),
        (json!({ "solved": true, "rating": 0 }), "rating"),
        (json!({ "solved": true, "rating": 6 }), "rating"),
        (json!({ "solved": true, "rating": 4.5 }), "rating"),
        (
            json!({ "solved": true, "rating": 5, "comment": "x".repeat(2_001) }),
            "comment",
        ),
        (json!({ "solved": true, "rating": 5, "round": 0 }), "round"),
    ] {
        let problem = check_unchanged(host, ticket, || {
            host.nobody()
                .post(survey, &body)
                .problem(422, "validation_failed")
        });
        assert_eq!(problem["errors"][0]["field"], field, "{problem}");
    }
    for fields in ["", "solved=yes", "rating=5", "solved=yes&rating=9"] {
        let page = check_unchanged(host, ticket, || form(host, survey, fields));
        assert_eq!(page.status, 422, "{fields}");
        assert!(page.body.contains("<form"), "{}", page.body);
    }
    // A link that was tampered with, or that is another's, opens nothing.
    let mut other = survey.to_owned();
    let last = other.pop().unwrap();
    other.push(if last == 'a' { 'b' } else { 'a' });
    for path in [other.as_str(), "/surveys/", &survey[..survey.len() - 1]] {
        let answer = json!({ "solved": true, "rating": 5 });
        host.nobody().post(path, &answer).problem(404, "not_found");
    }
    let reply_to = last_mail(host, ANA, "Solicitud resuelta");
    let reply_to = reply_to.headers("Reply-To")[0];
    let token = reply_to.split_once('+').unwrap().1.split('@').next();
    let path = format!("/surveys/{}", token.unwrap());
    host.nobody().get(&path).problem(404, "not_found");
}

/// Section 5.1: no solution before the category's formats are complete.
fn without_its_formats(host: &Host) {
    let luis = host.client(LUIS);
    let ticket = assigned(&luis, "cuentas_equipos", "Cuenta para un contratista");
    host.settle();
    let agent = host.client(assignee(&ticket));
    check_refused(host, &ticket, &agent, &["resolution"]);
    let problem = agent.command(&ticket["number"], "resolution", &solution());
    let problem = problem.problem(409, "invalid_transition");
    let detail = problem["detail"].as_str().unwrap();
    for code in ["A3-S1-FO-01", "A3-FO-11"] {
        assert!(detail.contains(code), "{problem}");
    }
}

/// Whoever says which version he looked at is not taken at his word on another.
fn decided_on_an_old_version(host: &Host) {
    let luis = host.client(LUIS);
    let ticket = assigned(&luis, "redes", "Dos a la vez");
    host.settle();
    let number = &ticket["number"];
    let agent = host.client(assignee(&ticket));
    let contact = |version: u64| json!({ "note": "Llamé.", "expected_version": version });
    for version in [1, 3] {
        check_unchanged(host, &ticket, || {
            agent
                .command(number, "contact", &contact(version))
                .problem(409, "version_conflict")
        });
    }
    let answers = at_once(5, |_| agent.command(number, "contact", &contact(2)));
    let (taken, refused): (Vec<_>, Vec<_>) = answers.iter().partition(|a| a.status == 200);
    assert_eq!(taken.len(), 1, "{answers:?}");
    for answer in refused {
        answer.problem(409, "version_conflict");
    }
    assert_eq!(agent.ticket(number)["version"], 3);
    assert_eq!(
        agent.event_kinds(number),
        ["registered", "assigned", "contacted"]
    );
}

/// Another category: the ticket goes under its team, and once only.
fn recategorised(host: &Host) {
    let luis = host.client(LUIS);
    let ticket = assigned(&luis, "redes", "Es de impresión");
    host.settle();
    let number = &ticket["number"];
    let agent = host.client(assignee(&ticket));
    let same = json!({ "category": "redes" });
    check_unchanged(host, &ticket, || {
        agent
            .command(number, "category", &same)
            .problem(409, "invalid_transition")
    });
    let moved = json!({ "category": "impresion" });
    let after = agent
        .command(number, "category", &moved)
        .must_be(200)
        .json();
    assert_eq!(after["team"], "impresion");
    // Whoever had it has it no more, and it is assigned there.
    assert_eq!(after["assignee"], json!(null));
    let printing = host.client(workbench::people::PRINTING[1]);
    let assigned = crate::await_assigned(&printing, &after);
    let now = assignee(&assigned);
    assert!(workbench::people::PRINTING.contains(&now), "{assigned}");
    host.settle();
    let listed = printing.list("/tickets?limit=100");
    assert_eq!(listed.len(), 1);
    check_summary(&listed[0], &printing.ticket(number));
}
