//! The procedure's main paths, from the form to the closing.

use serde_json::json;
use workbench::Host;
use workbench::people::{ANA, AUDITOR, COORDINATOR, LUIS, PRINTING, SUPPORT_MAILBOX, colleague_of};

use crate::{assigned, assignee, check_letters, last_mail, solution, survey_of};

#[test]
fn from_the_form_to_the_survey() {
    let host = Host::start();
    let ana = host.client(ANA);
    let ticket = assigned(&ana, "plataforma", "El portal no abre");
    let number = &ticket["number"];
    assert_eq!(ticket["clocks"]["attention"]["state"], "running");
    assert_eq!(ticket["clocks"]["solution"]["state"], "running");
    let agent_email = assignee(&ticket).to_owned();
    let agent = host.client(&agent_email);
    let colleague = host.client(colleague_of(&agent_email));
    let stranger = host.client(PRINTING[0]);
    let auditor = host.client(AUDITOR);

    // Activity 2: the desk gets in touch.
    let contacted = agent
        .command(
            number,
            "contact",
            &json!({ "note": "Llamé a la extensión 391." }),
        )
        .must_be(200)
        .json();
    assert_eq!(contacted["clocks"]["attention"]["state"], "met");
    assert_eq!(contacted["version"], 3);

    // Notes: who hears of which.
    let note = |body: &str, visibility: &str| json!({ "body": body, "visibility": visibility });
    let public = note("Estamos revisando el servidor.", "public");
    agent.command(number, "followups", &public).must_be(200);
    let reply = note("Ahora tampoco abre el correo.", "public");
    ana.command(number, "followups", &reply).must_be(200);
    let internal = note("Parece el balanceador; no prometer hora.", "internal");
    agent.command(number, "followups", &internal).must_be(200);
    ana.command(number, "followups", &internal)
        .problem(403, "forbidden");
    host.settle();
    let so_far = [
        ("Solicitud registrada", ANA),
        ("Solicitud asignada a usted", &*agent_email),
        ("Nuevo seguimiento", ANA),
        ("El solicitante escribió", &*agent_email),
    ];
    check_letters(&host, &ticket, &so_far);
    let all = [
        "registered",
        "assigned",
        "contacted",
        "followed_up",
        "followed_up",
        "followed_up",
    ];
    assert_eq!(agent.event_kinds(number), all);
    assert_eq!(ana.event_kinds(number), all[..5]);
    let seen = ana.get(&format!("/tickets/{number}/events")).body;
    assert!(!seen.contains("balanceador"), "{seen}");

    // Who may solve it, and who may not.
    colleague
        .command(number, "resolution", &solution())
        .problem(403, "forbidden");
    stranger
        .command(number, "resolution", &solution())
        .problem(404, "not_found");
    stranger
        .get(&format!("/tickets/{number}"))
        .problem(404, "not_found");
    assert_eq!(auditor.ticket(number)["version"], 6);
    assert_eq!(auditor.event_kinds(number), all);
    auditor
        .command(number, "resolution", &solution())
        .problem(403, "forbidden");
    ana.command(number, "resolution", &solution())
        .problem(403, "forbidden");

    // Activities 4 and 13: solved, and the survey goes out.
    let solved = agent
        .command(number, "resolution", &solution())
        .must_be(200)
        .json();
    assert_eq!(solved["status"], "solved");
    assert_eq!(solved["status_label"], "Resuelta");
    assert_eq!(solved["outcome"], "solved");
    assert_eq!(solved["clocks"]["solution"]["state"], "met");
    assert_eq!(solved["clocks"]["validation"]["state"], "running");
    host.settle();
    let mail = last_mail(&host, ANA, "Solicitud resuelta");
    assert!(
        mail.text.contains("Se cambió el cable de red."),
        "{}",
        mail.text
    );
    let survey = mail.path("/surveys/").unwrap();
    assert!(mail.html.contains(&survey), "{}", mail.html);

    // Mail readers follow links: looking changes nothing.
    let nobody = host.nobody();
    for _ in 0..3 {
        let shown = nobody.get(&survey).must_be(200).json();
        assert_eq!(shown["number"], *number);
        assert_eq!(shown["open"], true);
        let page = nobody
            .request("GET", &survey)
            .header("accept", "text/html,*/*")
            .send()
            .must_be(200);
        assert!(page.header("content-type").starts_with("text/html"));
        assert!(page.body.contains("<form"), "{}", page.body);
    }
    assert_eq!(ana.ticket(number)["version"], solved["version"]);

    // Activity 14 and control C2.
    let answer = json!({ "solved": true, "rating": 5, "comment": "Muy amables." });
    let answered = nobody.post(&survey, &answer).must_be(200).json();
    assert_eq!(answered["status"], "closed");
    assert_eq!(answered["survey"]["rating"], 5);
    let closed = ana.ticket(number);
    assert_eq!(closed["close_reason"], "satisfied");
    assert_eq!(closed["clocks"]["validation"]["state"], "met");
    host.settle();
    let told = [
        ("Solicitud resuelta", ANA),
        ("El usuario respondió la encuesta", &*agent_email),
        ("El usuario respondió la encuesta", SUPPORT_MAILBOX),
        ("Solicitud cerrada", ANA),
    ];
    check_letters(&host, &ticket, &[&so_far[..], &told].concat());
    let control = last_mail(&host, SUPPORT_MAILBOX, "El usuario respondió la encuesta");
    for word in ["5 de 5", "Muy amables.", "El portal no abre"] {
        assert!(control.text.contains(word), "{word}: {}", control.text);
    }
    let rest = agent.event_kinds(number).split_off(all.len());
    assert_eq!(rest, ["resolved", "survey_answered", "closed"]);
    assert_eq!(nobody.get(&survey).json()["open"], false);
}

#[test]
fn other_ways_to_the_end() {
    let host = Host::start();
    rejected_and_closed_by_the_desk(&host);
    surveyed_and_not_solved(&host);
    declined(&host);
    passed_on(&host);
}

/// A category without a survey: no link, the requester may reject, and the desk
/// closes when it sees fit.
fn rejected_and_closed_by_the_desk(host: &Host) {
    let luis = host.client(LUIS);
    let ticket = assigned(&luis, "redes", "Sin red en el piso 3");
    let number = &ticket["number"];
    let agent = host.client(assignee(&ticket));
    agent
        .command(number, "resolution", &solution())
        .must_be(200);
    host.settle();
    let mail = last_mail(host, LUIS, "Solicitud resuelta");
    assert_eq!(mail.path("/surveys/"), None, "{}", mail.text);
    assert!(!mail.html.contains("/surveys/"), "{}", mail.html);
    assert!(mail.path("/s/").is_some());

    let reason = json!({ "reason": "Sigue sin red." });
    agent
        .command(number, "rejection", &reason)
        .problem(403, "forbidden");
    let reopened = luis
        .command(number, "rejection", &reason)
        .must_be(200)
        .json();
    assert_eq!(reopened["status"], "assigned");
    assert_eq!(reopened["reopened"], 1);
    assert_eq!(reopened["assignee"], ticket["assignee"]);
    assert_eq!(reopened["clocks"]["solution"]["state"], "running");
    assert_eq!(reopened["clocks"]["validation"]["state"], "stopped");

    agent
        .command(number, "resolution", &solution())
        .must_be(200);
    luis.command(number, "closure", &json!({}))
        .problem(403, "forbidden");
    let closed = agent
        .command(number, "closure", &json!({}))
        .must_be(200)
        .json();
    assert_eq!(closed["status"], "closed");
    assert_eq!(closed["close_reason"], "desk");
    host.settle();
    let expected = [
        ("Solicitud registrada", LUIS),
        ("Solicitud asignada a usted", assignee(&ticket)),
        ("Solicitud resuelta", LUIS),
        ("Solicitud reabierta", LUIS),
        ("Solución rechazada", assignee(&ticket)),
        ("Solicitud resuelta", LUIS),
        ("Solicitud cerrada", LUIS),
    ];
    check_letters(host, &ticket, &expected);
}

/// A survey that says "not solved" reopens; its link is void after that, and
/// the next solution brings another.
fn surveyed_and_not_solved(host: &Host) {
    let ana = host.client(ANA);
    let ticket = assigned(&ana, "ofimatica", "El editor de texto se cierra");
    let number = &ticket["number"];
    let agent = host.client(assignee(&ticket));
    agent
        .command(number, "resolution", &solution())
        .must_be(200);
    host.settle();
    let first = survey_of(host, ANA);

    // The page's form, as a browser sends it.
    let form = "solved=no&rating=2&comment=Se+sigue+cerrando";
    let page = host
        .nobody()
        .request("POST", &first)
        .body("application/x-www-form-urlencoded", form.as_bytes())
        .send()
        .must_be(200);
    assert!(page.body.contains("Gracias"), "{}", page.body);
    let reopened = ana.ticket(number);
    assert_eq!(reopened["status"], "assigned");
    assert_eq!(reopened["reopened"], 1);
    host.settle();
    // One mail for one «no»: the survey, and that it is open again.
    let mail = last_mail(host, assignee(&ticket), "El usuario respondió la encuesta");
    assert!(mail.text.contains("Se sigue cerrando"), "{}", mail.text);
    assert!(mail.text.contains("abierta de nuevo"), "{}", mail.text);
    last_mail(host, ANA, "Solicitud reabierta");
    last_mail(host, SUPPORT_MAILBOX, "El usuario respondió la encuesta");

    agent
        .command(number, "resolution", &solution())
        .must_be(200);
    host.settle();
    let second = survey_of(host, ANA);
    assert_ne!(first, second);
    let satisfied = json!({ "solved": true, "rating": 4 });
    let nobody = host.nobody();
    nobody
        .post(&first, &satisfied)
        .problem(409, "invalid_transition");
    assert_eq!(ana.ticket(number)["status"], "solved");
    let closed = nobody.post(&second, &satisfied).must_be(200).json();
    assert_eq!(closed["status"], "closed");
}

/// Out of the procedure's scope: answered, with the reason, and no survey even
/// where the category has one.
fn declined(host: &Host) {
    let luis = host.client(LUIS);
    let ticket = assigned(&luis, "plataforma", "Rediseñar el portal");
    let number = &ticket["number"];
    let agent = host.client(assignee(&ticket));
    let reason = json!({ "reason": "El diseño está fuera del alcance." });
    let declined = agent
        .command(number, "decline", &reason)
        .must_be(200)
        .json();
    assert_eq!(declined["status"], "solved");
    assert_eq!(declined["outcome"], "declined");
    host.settle();
    let mail = last_mail(host, LUIS, "Solicitud fuera del alcance");
    assert!(mail.text.contains("El diseño está fuera del alcance."));
    assert_eq!(mail.path("/surveys/"), None, "{}", mail.text);
    let closed = agent
        .command(number, "closure", &json!({}))
        .must_be(200)
        .json();
    assert_eq!(closed["status"], "closed");
}

/// The coordinator gives it to somebody else, who is told, and who is the one
/// that may solve it from then on.
fn passed_on(host: &Host) {
    let luis = host.client(LUIS);
    let ticket = assigned(&luis, "redes", "Punto de red nuevo");
    let number = &ticket["number"];
    let before = assignee(&ticket);
    let after = colleague_of(before);
    let wanted = json!({ "agent": after });
    host.client(before)
        .command(number, "assignment", &wanted)
        .problem(403, "forbidden");
    let passed = host
        .client(COORDINATOR)
        .command(number, "assignment", &wanted)
        .must_be(200)
        .json();
    assert_eq!(assignee(&passed), after);
    host.client(before)
        .command(number, "resolution", &solution())
        .problem(403, "forbidden");
    host.client(after)
        .command(number, "resolution", &solution())
        .must_be(200);
    host.settle();
    let expected = [
        ("Solicitud registrada", LUIS),
        ("Solicitud asignada a usted", before),
        ("Solicitud asignada a usted", after),
        ("Ya no está a su cargo", before),
        ("Solicitud resuelta", LUIS),
    ];
    check_letters(host, &ticket, &expected);
}
