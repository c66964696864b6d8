//! What the desk cannot solve by itself: the Technology Office, outside
//! providers, the requester, and the way back (activities 3 and 5 to 13).

use std::collections::BTreeSet;
use std::thread;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};
use workbench::people::{
    ANA, AUDITOR, COORDINATOR, HEAD, LUIS, OFFICER, OTHER_OFFICER, PERSONNEL, PRINTING, PROVIDER,
    SUPPORT, SUPPORT_MAILBOX, colleague_of,
};
use workbench::{Client, Host, Mail};

use crate::lists::next_due;
use crate::{
    MINUTE, assigned, assignee, check_letters, check_unchanged, last_mail, set_available, solution,
    survey_of, time, with_claim,
};

/// A Wednesday within working hours.
const WEDNESDAY: [&str; 2] = ["--now", "2026-11-25T10:02:00-05:00"];

/// Gives a command that must be carried out, and waits for what follows from it.
#[track_caller]
fn done(host: &Host, by: &Client, ticket: &Value, command: &str, body: &Value) -> Value {
    let answer = by.command(&ticket["number"], command, body);
    let ticket = answer.must_be(200).json();
    host.settle();
    ticket
}

/// Where a ticket stands, and what its clocks do.
#[track_caller]
fn check_state(ticket: &Value, status: &str, hold_reason: Option<&str>, clocks: [&str; 3]) {
    assert_eq!(ticket["status"], status, "{ticket}");
    assert_eq!(ticket["hold_reason"], json!(hold_reason), "{ticket}");
    let states =
        ["attention", "solution", "validation"].map(|clock| &ticket["clocks"][clock]["state"]);
    assert_eq!(states, clocks, "{ticket}");
}

#[track_caller]
fn solution_due(ticket: &Value) -> Timestamp {
    time(&ticket["clocks"]["solution"]["due_at"])
}

/// The token of the address that answers to a mail go to.
#[track_caller]
fn reply_token(mail: &Mail) -> String {
    let [reply_to] = mail.headers("Reply-To")[..] else {
        panic!("{:?}", mail.headers("Reply-To"))
    };
    let token = reply_to.split_once("soporte+").unwrap().1;
    let (token, rest) = token.split_once('@').unwrap();
    assert!(rest.starts_with("uspec.gov.co"), "{reply_to}");
    assert!(token.len() >= 20, "{reply_to}");
    token.to_owned()
}

#[track_caller]
fn check_says(mail: &Mail, words: &[&str]) {
    for words in words {
        assert!(mail.text.contains(words), "{words}: {}", mail.text);
    }
}

#[test]
fn from_the_form_to_a_provider_and_back_to_the_requester() {
    let host = Host::start_with(&WEDNESDAY);
    let ana = with_claim(&host, ANA, "name", &json!("Ana Pérez"));
    let ticket = assigned(&ana, "plataforma", "El portal no abre");
    let number = &ticket["number"];
    assert_eq!(
        ticket["requester"],
        json!({ "email": ANA, "name": "Ana Pérez" })
    );
    let agent_email = assignee(&ticket);
    let agent = host.client(agent_email);
    let officer = host.client(OFFICER);
    officer
        .get(&format!("/tickets/{number}"))
        .problem(404, "not_found");

    // Activities 2 and 5.
    let contacted = done(
        &host,
        &agent,
        &ticket,
        "contact",
        &json!({ "note": "Llamé." }),
    );
    check_state(&contacted, "assigned", None, ["met", "running", "idle"]);
    let mut letters = vec![
        ("Solicitud registrada", ANA),
        ("Solicitud asignada a usted", agent_email),
    ];
    check_letters(&host, &ticket, &letters);

    // Activities 3 and 7.
    let wanted = json!({ "officer": OFFICER, "justification": "El servidor no responde." });
    let escalated = done(&host, &agent, &ticket, "escalation", &wanted);
    let clocks = ["met", "running", "idle"];
    check_state(&escalated, "on_hold", Some("technology"), clocks);
    assert_eq!(escalated["status_label"], "En espera");
    assert_eq!(escalated["officer"]["email"], OFFICER);
    assert_eq!(escalated["assignee"], ticket["assignee"]);
    // The officer has the whole time.
    let whole = |ticket: &Value| time(&ticket["updated_at"]) + MINUTE * 30;
    assert_eq!(solution_due(&escalated), whole(&escalated));
    assert_eq!(officer.ticket(number), escalated);
    letters.push(("Solicitud escalada a usted", OFFICER));
    check_letters(&host, &ticket, &letters);
    let to_officer = last_mail(&host, OFFICER, "Solicitud escalada a usted");
    let agent_name = ticket["assignee"]["name"].as_str().unwrap();
    let words = [
        "El servidor no responde.",
        "Descripción del problema.",
        "La solución vence el miércoles 25 de noviembre de 2026 a las 10:3",
        &format!("Ana Pérez <{ANA}>"),
        agent_name,
    ];
    check_says(&to_officer, &words);

    // Activity 10.
    let wanted = json!({ "provider": "redes_externo", "message": "Favor revisar el enlace." });
    let requested = done(&host, &officer, &ticket, "provider", &wanted);
    let clocks = ["met", "paused", "idle"];
    check_state(&requested, "on_hold", Some("provider"), clocks);
    assert_eq!(requested["clocks"]["solution"]["due_at"], json!(null));
    letters.push(("Solicitud de soporte externo", PROVIDER));
    check_letters(&host, &ticket, &letters);
    let to_provider = last_mail(&host, PROVIDER, "Solicitud de soporte externo");
    assert_eq!(to_provider.to, [PROVIDER]);
    check_says(&to_provider, &["Favor revisar el enlace."]);
    check_names_nobody(&to_provider);

    let answer = json!({ "body": "Se reemplazó el enrutador." });
    let replied = done(&host, &officer, &ticket, "provider-reply", &answer);
    let clocks = ["met", "running", "idle"];
    check_state(&replied, "on_hold", Some("technology"), clocks);
    check_letters(&host, &ticket, &letters);

    // Activities 9, 11 and 12.
    assert_eq!(replied["solution_reported"], json!(null));
    let problem = agent.command(number, "resolution", &solution());
    let problem = problem.problem(409, "invalid_transition");
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.contains("no ha reportado la solución"), "{detail}");
    let report = json!({ "body": "El proveedor reemplazó el enrutador." });
    let reported = done(&host, &officer, &ticket, "solution-report", &report);
    check_state(&reported, "on_hold", Some("technology"), clocks);
    let expected = json!({
        "body": "El proveedor reemplazó el enrutador.",
        "by": reported["officer"],
        "at": reported["updated_at"],
    });
    assert_eq!(reported["solution_reported"], expected);
    assert_eq!(ana.ticket(number)["solution_reported"], json!(null));
    let kind = "La Oficina de Tecnología reporta la solución";
    letters.extend([(kind, SUPPORT_MAILBOX), (kind, agent_email)]);
    check_letters(&host, &ticket, &letters);
    let to_desk = last_mail(&host, SUPPORT_MAILBOX, kind);
    check_says(&to_desk, &["El proveedor reemplazó el enrutador."]);

    // Activities 4, 13 and 14.
    let solved = done(&host, &agent, &ticket, "resolution", &solution());
    check_state(&solved, "solved", None, ["met", "met", "running"]);
    letters.push(("Solicitud resuelta", ANA));
    check_letters(&host, &ticket, &letters);
    let satisfied = json!({ "solved": true, "rating": 5 });
    let survey = survey_of(&host, ANA);
    let closed = host.nobody().post(&survey, &satisfied).must_be(200).json();
    assert_eq!(closed["status"], "closed");
    host.settle();
    let kind = "El usuario respondió la encuesta";
    letters.extend([(kind, SUPPORT_MAILBOX), (kind, agent_email)]);
    letters.push(("Solicitud cerrada", ANA));
    check_letters(&host, &ticket, &letters);
    check_state(&agent.ticket(number), "closed", None, ["met"; 3]);

    // An answer to a mail says whose it is.
    let to_requester = last_mail(&host, ANA, "Solicitud resuelta");
    let all = [&to_requester, &to_desk, &to_officer, &to_provider];
    let tokens = BTreeSet::from(all.map(reply_token));
    assert_eq!(tokens.len(), 4, "{tokens:?}");
    check_history(&host, &ana, &ticket);
}

/// The provider is told what to do, and not for whom.
#[track_caller]
fn check_names_nobody(mail: &Mail) {
    let headers = mail.header_names().into_iter();
    let headers: Vec<_> = headers.flat_map(|name| mail.headers(name)).collect();
    for shown in [&mail.text, &mail.html, &mail.subject, &headers.join("\n")] {
        let shown = shown.to_lowercase();
        let mut words = shown.split(|c: char| !c.is_alphabetic());
        assert!(!words.any(|word| word == "ana"), "{shown}");
        for hidden in [ANA, "ana.perez", "pérez", "/tickets/", "/surveys/"] {
            assert!(!shown.contains(hidden), "{hidden}: {shown}");
        }
    }
}

/// Who did what, in which capacity; and how much of it the requester reads.
#[track_caller]
fn check_history(host: &Host, ana: &Client, ticket: &Value) {
    let number = &ticket["number"];
    let agent = assignee(ticket);
    let expected = [
        ("registered", json!(ANA), "requester"),
        ("assigned", json!(null), "system"),
        ("contacted", json!(agent), "agent"),
        ("escalated", json!(agent), "agent"),
        ("provider_requested", json!(OFFICER), "officer"),
        ("provider_replied", json!(OFFICER), "officer"),
        ("solution_reported", json!(OFFICER), "officer"),
        ("resolved", json!(agent), "agent"),
        ("survey_answered", json!(ANA), "requester"),
        ("closed", json!(ANA), "requester"),
    ];
    let events = host.client(AUDITOR).events(number);
    assert_eq!(events.len(), expected.len(), "{events:?}");
    for (event, (kind, email, role)) in events.iter().zip(&expected) {
        assert_eq!(event["kind"], *kind);
        let actor = json!({ "email": email, "role": role });
        assert_eq!(event["actor"], actor, "{kind}");
    }
    assert_eq!(events[3]["data"]["officer"]["email"], OFFICER);
    assert_eq!(
        events[3]["data"]["justification"],
        "El servidor no responde."
    );
    assert_eq!(events[4]["data"]["provider"], "redes_externo");
    assert_eq!(events[5]["data"]["body"], "Se reemplazó el enrutador.");
    let seen = ana.events(number);
    assert_eq!(seen.len(), events.len());
    for event in &seen[3..7] {
        assert_eq!(event["data"], json!({}), "{event}");
    }
}

#[test]
fn given_back_and_waited_for() {
    let host = Host::start_with(&WEDNESDAY);
    let luis = host.client(LUIS);
    let ticket = assigned(&luis, "redes", "Sin red en el piso 3");
    let number = &ticket["number"];
    let agent_email = assignee(&ticket);
    let agent = host.client(agent_email);
    let officer = host.client(OFFICER);
    host.settle();
    what_cannot_be_escalated(&host, &agent, &ticket);

    // Back at the desk, with the whole time.
    let wanted = json!({ "officer": OFFICER, "justification": "No hay enlace." });
    done(&host, &agent, &ticket, "escalation", &wanted);
    what_cannot_be_asked_of_a_provider(&host, &officer, &ticket);
    let note = json!({ "note": "El cable está suelto; lo arregla la mesa." });
    let returned = done(&host, &officer, &ticket, "return", &note);
    // The attention time ran on: nobody has called.
    check_state(&returned, "assigned", None, ["running", "running", "idle"]);
    let whole = time(&returned["updated_at"]) + MINUTE * 30;
    assert_eq!(solution_due(&returned), whole);
    assert_eq!(returned["assignee"], ticket["assignee"]);
    let mail = last_mail(&host, agent_email, "Solicitud devuelta a la Mesa de Ayuda");
    check_says(&mail, &["El cable está suelto; lo arregla la mesa."]);

    // Activity 6: the requester is told what he is waited for.
    let problem = check_unchanged(&host, &ticket, || {
        agent
            .command(number, "hold", &json!({}))
            .problem(422, "validation_failed")
    });
    check_error(&problem, "note", "required", "Es obligatorio");
    let note = json!({ "note": "¿En qué oficina está el punto de red?" });
    let held = done(&host, &agent, &ticket, "hold", &note);
    let clocks = ["met", "paused", "idle"];
    check_state(&held, "on_hold", Some("requester"), clocks);
    let mail = last_mail(&host, LUIS, "Necesitamos algo de usted");
    check_says(&mail, &["¿En qué oficina está el punto de red?"]);
    check_unchanged(&host, &ticket, || {
        agent
            .command(number, "hold", &note)
            .problem(409, "invalid_transition");
        agent
            .command(number, "resolution", &solution())
            .problem(409, "invalid_transition");
    });
    let note = json!({ "note": "Es la oficina 305." });
    let resumed = done(&host, &agent, &ticket, "resume", &note);
    check_state(&resumed, "assigned", None, ["met", "running", "idle"]);

    let expected = [
        ("Solicitud registrada", LUIS),
        ("Solicitud asignada a usted", agent_email),
        ("Solicitud escalada a usted", OFFICER),
        ("Solicitud devuelta a la Mesa de Ayuda", agent_email),
        ("Necesitamos algo de usted", LUIS),
    ];
    check_letters(&host, &ticket, &expected);
    let events = agent.events(number);
    let kinds = agent.event_kinds(number);
    assert_eq!(
        kinds,
        [
            "registered",
            "assigned",
            "escalated",
            "returned",
            "held",
            "resumed"
        ]
    );
    assert_eq!(events[5]["data"]["note"], "Es la oficina 305.");
}

/// The answer names the field, and says in Spanish what is wrong with it.
#[track_caller]
fn check_error(problem: &Value, field: &str, code: &str, words: &str) {
    let [error] = &problem["errors"].as_array().unwrap()[..] else {
        panic!("{problem}")
    };
    assert_eq!(error["field"], field, "{problem}");
    assert_eq!(error["code"], code, "{problem}");
    assert!(
        error["detail"].as_str().unwrap().contains(words),
        "{problem}"
    );
}

fn what_cannot_be_escalated(host: &Host, agent: &Client, ticket: &Value) {
    let no_officer = "no es funcionario de la Oficina de Tecnología";
    let why = "No hay enlace.";
    for (body, field, code, words) in [
        (
            json!({ "officer": SUPPORT[0], "justification": why }),
            "officer",
            "unknown_officer",
            no_officer,
        ),
        (
            json!({ "officer": COORDINATOR, "justification": why }),
            "officer",
            "unknown_officer",
            no_officer,
        ),
        (
            json!({ "officer": LUIS, "justification": why }),
            "officer",
            "unknown_officer",
            no_officer,
        ),
        (
            json!({ "officer": "oficial1", "justification": why }),
            "officer",
            "invalid_email",
            "No es una dirección de correo válida",
        ),
        (
            json!({ "justification": why }),
            "officer",
            "required",
            "Es obligatorio",
        ),
        (
            json!({ "officer": OFFICER }),
            "justification",
            "required",
            "Es obligatorio",
        ),
        (
            json!({ "officer": OFFICER, "justification": " \n" }),
            "justification",
            "required",
            "Es obligatorio",
        ),
    ] {
        let problem = check_unchanged(host, ticket, || {
            let answer = agent.command(&ticket["number"], "escalation", &body);
            answer.problem(422, "validation_failed")
        });
        check_error(&problem, field, code, words);
    }
    // Nothing is with anybody yet.
    check_unchanged(host, ticket, || {
        agent
            .command(&ticket["number"], "resume", &json!({}))
            .problem(409, "invalid_transition")
    });
}

fn what_cannot_be_asked_of_a_provider(host: &Host, officer: &Client, ticket: &Value) {
    for (command, body, field, code, words) in [
        (
            "provider",
            json!({ "provider": "nadie", "message": "Hola." }),
            "provider",
            "unknown_provider",
            "El proveedor «nadie» no existe.",
        ),
        (
            "provider",
            json!({ "message": "Hola." }),
            "provider",
            "required",
            "Es obligatorio",
        ),
        (
            "provider",
            json!({ "provider": "redes_externo" }),
            "message",
            "required",
            "Es obligatorio",
        ),
        ("return", json!({}), "note", "required", "Es obligatorio"),
        (
            "solution-report",
            json!({ "body": "" }),
            "body",
            "required",
            "Es obligatorio",
        ),
    ] {
        let problem = check_unchanged(host, ticket, || {
            let answer = officer.command(&ticket["number"], command, &body);
            answer.problem(422, "validation_failed")
        });
        check_error(&problem, field, code, words);
    }
    // No provider was asked.
    check_unchanged(host, ticket, || {
        officer
            .command(
                &ticket["number"],
                "provider-reply",
                &json!({ "body": "Listo." }),
            )
            .problem(409, "invalid_transition")
    });
}

#[test]
fn lists_begin_with_what_is_due_and_end_with_what_waits() {
    let host = Host::start_with(&WEDNESDAY);
    let luis = host.client(LUIS);
    let tickets: Vec<_> = (1..=8)
        .map(|i| assigned(&luis, "redes", &format!("Solicitud {i}")))
        .collect();
    let of = |number: usize| &tickets[number - 1];
    let agent = |number: usize| host.client(assignee(of(number)));
    let coordinator = host.client(COORDINATOR);
    // All but the seventh have been called: that one is due for attention.
    for number in [1, 2, 3, 4, 5, 6, 8] {
        let note = json!({ "note": "Llamé." });
        let contact = agent(number).command(&of(number)["number"], "contact", &note);
        contact.must_be(200);
    }
    // Whoever gets a ticket gets the whole time: what was passed on last is due
    // last.
    for (number, officer) in [
        (6, OFFICER),
        (2, OFFICER),
        (3, OTHER_OFFICER),
        (1, OFFICER),
        (7, OFFICER),
    ] {
        let wanted = json!({ "officer": officer, "justification": "No hay enlace." });
        let escalation = agent(number).command(&of(number)["number"], "escalation", &wanted);
        escalation.must_be(200);
    }
    let wanted = json!({ "provider": "redes_externo", "message": "Favor revisar." });
    host.client(OFFICER)
        .command(&of(2)["number"], "provider", &wanted)
        .must_be(200);
    let note = json!({ "note": "¿En qué oficina?" });
    agent(5)
        .command(&of(5)["number"], "hold", &note)
        .must_be(200);
    host.settle();

    for limit in [100, 1] {
        check_listed(&host.client(OFFICER), "", limit, &[7, 6, 1, 2]);
        check_listed(&host.client(OTHER_OFFICER), "", limit, &[3]);
        // What waits is in the order in which it began to.
        let all = [7, 4, 8, 6, 3, 1, 2, 5];
        check_listed(&host.client(SUPPORT[0]), "", limit, &all);
        check_listed(&coordinator, "&status=on_hold", limit, &[7, 6, 3, 1, 2, 5]);
        check_listed(&coordinator, "&status=assigned", limit, &[4, 8]);
        check_listed(&host.client(PRINTING[0]), "", limit, &[]);
    }

    // What goes on is where its new time puts it.
    let note = json!({ "note": "Ya respondió." });
    agent(5)
        .command(&of(5)["number"], "resume", &note)
        .must_be(200);
    let listed = host.client(SUPPORT[0]).list("/tickets?limit=100");
    let (waiting, due) = listed.split_last().unwrap();
    assert_eq!(waiting["number"], 2);
    assert_eq!(due.len(), 7);
    assert!(due.is_sorted_by_key(next_due), "{due:?}");
}

#[track_caller]
fn check_listed(reader: &Client, filter: &str, limit: usize, expected: &[u64]) {
    let listed = reader.list(&format!("/tickets?limit={limit}{filter}"));
    let numbers: Vec<_> = listed
        .iter()
        .map(|ticket| ticket["number"].as_u64().unwrap())
        .collect();
    assert_eq!(numbers, expected, "{filter}, limit {limit}");
}

#[test]
fn whoever_is_away_gets_nothing_and_stands_in_the_record() {
    let host = Host::start();
    // No function has read the catalogue yet: this is what all of them will see.
    set_available(&host.client(COORDINATOR), &SUPPORT[..1], false);
    let luis = host.client(LUIS);
    let staff = host.client(AUDITOR);
    for i in 0..4 {
        let ticket = assigned(&luis, "redes", &format!("Sin red {i}"));
        assert_ne!(assignee(&ticket), SUPPORT[0]);
        let number = &ticket["number"];
        let data = staff.events(number)[1]["data"].take();
        assert_eq!(data["away"], json!([SUPPORT[0]]));
        assert_eq!(data["automatic"], true);
        let expected = json!({ "agent": ticket["assignee"], "automatic": true });
        assert_eq!(luis.events(number)[1]["data"], expected);
    }
    // Another team's are not concerned.
    let ticket = assigned(&luis, "impresion", "Sin tóner");
    let data = staff.events(&ticket["number"])[1]["data"].take();
    assert_eq!(data.get("away"), None, "{data}");
}

/// What people may do with a ticket that was escalated: `yes`; `no`, which is
/// 403; `-`, which is 404. It is the table of the rules' own tests, beside the
/// answer that each command gets from whoever may give it.
const MAY: &str = "
                   answer  requester other_req responsible teammate other_team officer other_off coordinator head personnel auditor provider
ticket             200     yes       -         yes         yes      -          yes     -         yes         yes  -         yes     -
events             200     yes       -         yes         yes      -          yes     -         yes         yes  -         yes     -
clocks             200     yes       -         yes         yes      -          yes     -         yes         yes  -         yes     -
assign_to          422     no        -         no          no       -          no      -         yes         no   -         no      -
contact            200     no        -         yes         no       -          no      -         yes         no   -         no      -
recategorise       409     no        -         yes         yes      -          no      -         yes         no   -         no      -
hold               409     no        -         yes         no       -          no      -         yes         no   -         no      -
resume             409     no        -         yes         no       -          no      -         yes         no   -         no      -
escalate           422     no        -         yes         no       -          no      -         yes         yes  -         no      -
provider           422     no        -         no          no       -          yes     -         no          no   -         no      -
provider_reply     409     no        -         no          no       -          yes     -         no          no   -         no      -
resolve            409     no        -         yes         no       -          no      -         yes         no   -         no      -
decline            409     no        -         yes         no       -          no      -         yes         no   -         no      -
reject             409     yes       -         no          no       -          no      -         no          no   -         no      -
close              409     no        -         yes         no       -          no      -         yes         no   -         no      -
take               200     no        -         yes         yes      -          no      -         yes         no   -         no      -
follow_up          200     yes       -         yes         yes      -          yes     -         yes         no   -         no      -
follow_up_inside   200     no        -         yes         yes      -          yes     -         yes         no   -         no      -
report_solution    200     no        -         no          no       -          yes     -         no          no   -         no      -
return             200     no        -         no          no       -          yes     -         no          no   -         no      -
";

/// A cell of [`MAY`].
struct Case<'a> {
    person: &'a str,
    act: &'a str,
    may: &'a str,
    answer: u16,
}

fn cases() -> Vec<Case<'static>> {
    let mut lines = MAY.lines().filter(|line| !line.is_empty());
    let people: Vec<_> = lines.next().unwrap().split_whitespace().collect();
    lines
        .flat_map(|line| {
            let cells: Vec<_> = line.split_whitespace().collect();
            assert_eq!(cells.len(), people.len() + 1, "{line}");
            let answer = cells[1].parse().unwrap();
            let act = cells[0];
            let row = people[1..].iter().zip(&cells[2..]);
            row.map(|(person, may)| Case {
                person,
                act,
                may,
                answer,
            })
            .collect::<Vec<_>>()
        })
        .collect()
}

/// What is asked for. Somebody who may not gets to ask for what would be done;
/// somebody who may, where it can be, for what is refused only after he was let
/// through: the rules ask for the permission first.
fn request(act: &str, may: &str, teammate: &str) -> (&'static str, &'static str, Value) {
    let note = || json!({ "note": "Nota." });
    let reason = || json!({ "reason": "Fuera del alcance." });
    let body = || json!({ "body": "Nota." });
    let allowed = may == "yes";
    let or = |refused: &str, done: &str| if allowed { refused } else { done }.to_owned();
    match act {
        "ticket" => ("GET", "", json!({})),
        "events" => ("GET", "/events", json!({})),
        "clocks" => ("GET", "/clocks", json!({})),
        "take" => ("POST", "/assignment", json!({})),
        "assign_to" => (
            "POST",
            "/assignment",
            json!({ "agent": or(LUIS, teammate) }),
        ),
        "contact" => ("POST", "/contact", note()),
        "recategorise" => (
            "POST",
            "/category",
            json!({ "category": or("plataforma", "ofimatica") }),
        ),
        "hold" => ("POST", "/hold", note()),
        "resume" => ("POST", "/resume", note()),
        "escalate" => (
            "POST",
            "/escalation",
            json!({ "officer": or(LUIS, OTHER_OFFICER), "justification": "Sin enlace." }),
        ),
        "provider" => (
            "POST",
            "/provider",
            json!({ "provider": or("nadie", "redes_externo"), "message": "Favor revisar." }),
        ),
        "provider_reply" => ("POST", "/provider-reply", body()),
        "resolve" => ("POST", "/resolution", solution()),
        "decline" => ("POST", "/decline", reason()),
        "reject" => ("POST", "/rejection", reason()),
        "close" => ("POST", "/closure", json!({})),
        "follow_up" => (
            "POST",
            "/followups",
            json!({ "body": "Nota.", "visibility": "public" }),
        ),
        "follow_up_inside" => (
            "POST",
            "/followups",
            json!({ "body": "Nota.", "visibility": "internal" }),
        ),
        "report_solution" => ("POST", "/solution-report", body()),
        "return" => ("POST", "/return", note()),
        other => panic!("{other}"),
    }
}

#[test]
fn a_ticket_in_the_wrong_hands() {
    let host = Host::start_with(&WEDNESDAY);
    let ana = host.client(ANA);
    let ticket = assigned(&ana, "plataforma", "El portal no abre");
    let number = &ticket["number"];
    let responsible = assignee(&ticket);
    let teammate = colleague_of(responsible);
    let wanted = json!({ "officer": OFFICER, "justification": "El servidor no responde." });
    host.client(responsible)
        .command(number, "escalation", &wanted)
        .must_be(200);
    host.settle();
    let address = |person: &str| match person {
        "requester" => ANA,
        "other_req" => LUIS,
        "responsible" => responsible,
        "teammate" => teammate,
        "other_team" => PRINTING[0],
        "officer" => OFFICER,
        "other_off" => OTHER_OFFICER,
        "coordinator" => COORDINATOR,
        "head" => HEAD,
        "personnel" => PERSONNEL,
        "auditor" => AUDITOR,
        "provider" => PROVIDER,
        other => panic!("{other}"),
    };
    // Each answer bears the id of its own request.
    let said = |mut problem: Value| {
        problem["instance"].take();
        problem
    };
    let unknown = said(ana.get("/tickets/999").problem(404, "not_found"));
    let ask = |case: &Case<'_>| {
        let (method, path, body) = request(case.act, case.may, teammate);
        let person = host.client(address(case.person));
        let request = person.request(method, &format!("/tickets/{number}{path}"));
        if method == "GET" {
            request.send()
        } else {
            request.json(&body).send()
        }
    };
    let (allowed, forbidden): (Vec<_>, Vec<_>) =
        cases().into_iter().partition(|case| case.may == "yes");
    assert_eq!((allowed.len(), forbidden.len()), (57, 183));

    let mut wrong = Vec::new();
    check_unchanged(&host, &ticket, || {
        for case in &forbidden {
            let answer = ask(case);
            let expected = if case.may == "no" { 403 } else { 404 };
            // What one may not read is like what does not exist.
            if answer.status != expected || (expected == 404 && said(answer.json()) != unknown) {
                wrong.push(format!("{} {}: {}", case.person, case.act, answer.body));
            }
        }
        host.settle();
    });
    for case in &allowed {
        let expected = match (case.act, case.person) {
            // Not in the moment in which somebody else took it.
            ("take", "coordinator") => {
                thread::sleep(Duration::from_secs(5));
                case.answer
            }
            (_, _) => case.answer,
        };
        let answer = ask(case);
        if answer.status != expected {
            wrong.push(format!("{} {}: {}", case.person, case.act, answer.body));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
