//! A registration and what follows from it by itself.

use std::time::Instant;

use serde_json::{Value, json};
use workbench::people::{ANA, COORDINATOR, LUIS, SUPPORT};
use workbench::{Client, Host};

use crate::{
    assigned, assignee, await_assigned, check_letters, check_summary, last_mail, solution,
};

/// Whether the catalogue has `agent` in the team of `category`.
fn is_of_the_team(reader: &Client, agent: &str, category: &str) -> bool {
    let catalogue = reader.get("/catalog").must_be(200).json();
    let find = |list: &str, key: &str, wanted: &str| {
        let mut all = catalogue[list].as_array().unwrap().iter();
        all.find(|item| item[key] == wanted).unwrap()
    };
    let team = &find("categories", "id", category)["team"];
    let entry = find("directory", "email", agent);
    entry["roles"].as_array().unwrap().contains(&json!("agent"))
        && entry["teams"].as_array().unwrap().contains(team)
}

#[test]
fn a_request_is_assigned_and_both_sides_are_told() {
    let host = Host::start();
    let ana = host.client(ANA);
    let title = "No imprime la impresora del piso 2";
    let body = json!({
        "title": title,
        "description": "Sale una luz roja.",
        "category": "impresion",
    });
    let answer = ana.post("/tickets", &body).must_be(201);
    assert_eq!(answer.header("location"), "/tickets/1");
    assert!(
        answer
            .header("content-type")
            .starts_with("application/json")
    );
    let registered = answer.json();
    assert_eq!(registered["number"], 1);
    assert_eq!(registered["status"], "new");
    assert_eq!(registered["status_label"], "Nueva");
    assert_eq!(registered["channel"], "web");
    assert_eq!(registered["requester"]["email"], ANA);
    assert_eq!(registered["version"], 1);

    let ticket = await_assigned(&ana, &registered);
    let agent = assignee(&ticket);
    assert!(is_of_the_team(&ana, agent, "impresion"), "{agent}");
    host.settle();
    let expected = [
        ("Solicitud registrada", ANA),
        ("Solicitud asignada a usted", agent),
    ];
    check_letters(&host, &ticket, &expected);
    assert_eq!(host.mails().len(), 2);
    for (to, kind, words) in [
        (ANA, "Solicitud registrada", "Su solicitud quedó registrada"),
        (agent, "Solicitud asignada a usted", "Usted es responsable"),
    ] {
        let mail = last_mail(&host, to, kind);
        assert_eq!(mail.subject, format!("[USPEC #000001] {kind}: {title}"));
        for part in [&mail.text, &mail.html] {
            for word in [words, "#000001", title, "Sale una luz roja."] {
                assert!(part.contains(word), "{word}: {part}");
            }
        }
        assert!(mail.html.contains(r#"lang="es-CO""#), "{}", mail.html);
        // The requester's needs no signing in.
        let page = if to == ANA { "/s/" } else { "/solicitudes/1" };
        assert!(mail.path(page).is_some(), "{}", mail.text);
        assert_eq!(mail.headers("Auto-Submitted"), ["auto-generated"]);
        let [reply_to] = mail.headers("Reply-To")[..] else {
            panic!("{mail:?}")
        };
        assert!(reply_to.contains("soporte+"), "{reply_to}");
    }

    agree(&ana, &ticket);
    agree(&host.client(agent), &ticket);
}

/// The ticket by number and by id, its events and the list tell the same.
#[track_caller]
fn agree(reader: &Client, ticket: &Value) {
    let number = &ticket["number"];
    let shown = reader.ticket(number);
    assert_eq!(shown["id"], ticket["id"]);
    assert_eq!(reader.ticket(&ticket["id"]), shown);
    let listed = reader.list("/tickets?limit=100");
    let listed: Vec<_> = listed.iter().filter(|t| t["number"] == *number).collect();
    assert_eq!(listed.len(), 1);
    check_summary(listed[0], &shown);
    let events = reader.events(number);
    assert_eq!(reader.events(&ticket["id"]), events);
    assert_eq!(reader.event_kinds(number), ["registered", "assigned"]);
    let (first, last) = (&events[0], &events[1]);
    assert_eq!(first["seq"], 1);
    assert_eq!(first["at"], shown["created_at"]);
    assert_eq!(first["actor"]["email"], shown["requester"]["email"]);
    assert_eq!(first["actor"]["role"], "requester");
    assert_eq!(first["data"]["title"], shown["title"]);
    assert_eq!(last["seq"], shown["version"]);
    assert_eq!(last["at"], shown["updated_at"]);
    assert_eq!(last["actor"]["role"], "system");
    assert_eq!(last["data"]["agent"], shown["assignee"]);
}

#[test]
fn assignment_takes_less_than_a_second() {
    let host = Host::start();
    let ana = host.client(ANA);
    // The median of five: the machine may be busy with something else.
    let mut times: Vec<_> = (0..5)
        .map(|i| {
            let ticket = ana.register("redes", &format!("Sin red en el puesto {i}"));
            let answered = Instant::now();
            await_assigned(&ana, &ticket);
            answered.elapsed().as_millis()
        })
        .collect();
    times.sort_unstable();
    assert!(times[2] < 1_000, "{times:?} ms");

    by_phone(&host);
}

#[test]
fn who_has_the_least_gets_the_next() {
    let host = Host::start();
    let ana = host.client(ANA);
    let next = |title: &str| {
        let ticket = assigned(&ana, "aplicaciones", title);
        assignee(&ticket).to_owned()
    };
    let load = |agent: &str| {
        let path = format!("/tickets?status=assigned&assignee={agent}");
        host.client(agent).list(&path).len()
    };
    for i in 0..6 {
        next(&format!("Para repartir {i}"));
    }
    assert_eq!(SUPPORT.map(load), [2, 2, 2]);

    // What is solved is nobody's load; what is rejected is again.
    let [busy, _, idle] = SUPPORT;
    let client = host.client(idle);
    let solved = client.list(&format!("/tickets?assignee={idle}"));
    for ticket in &solved {
        let number = &ticket["number"];
        client
            .command(number, "resolution", &solution())
            .must_be(200);
    }
    assert_eq!([next("Uno"), next("Otro")], [idle, idle]);
    let reason = json!({ "reason": "Sigue igual." });
    for ticket in &solved {
        ana.command(&ticket["number"], "rejection", &reason)
            .must_be(200);
    }
    assert_eq!(SUPPORT.map(load), [2, 2, 4]);
    // Passed on, it weighs on whoever has it now.
    let one = &host.client(busy).list(&format!("/tickets?assignee={busy}"))[0];
    host.client(COORDINATOR)
        .command(&one["number"], "assignment", &json!({ "agent": idle }))
        .must_be(200);
    assert_eq!(
        [next("Para quien menos tiene"), next("Y otra")],
        [busy, SUPPORT[1]].map(str::to_owned)
    );
    assert_eq!(SUPPORT.map(load), [2, 3, 5]);
}

/// An agent registers for whoever calls; the ticket and the mail are the
/// caller's.
fn by_phone(host: &Host) {
    let body = json!({
        "title": "No recuerda su contraseña",
        "description": "Llamó desde recepción.",
        "category": "plataforma",
        "channel": "phone",
        "extension": "391",
        "requester": {
            "email": LUIS,
            "name": "Luis Rojas",
            "unit": "Recepción",
            "kind": "contractor",
        },
    });
    let agent = host.client(SUPPORT[1]);
    let registered = agent.post("/tickets", &body).must_be(201).json();
    let luis = host.client(LUIS);
    let ticket = await_assigned(&luis, &registered);
    assert_eq!(ticket["channel"], "phone");
    assert_eq!(ticket["extension"], "391");
    assert_eq!(ticket["requester"], body["requester"]);
    let first = &luis.events(&ticket["number"])[0];
    assert_eq!(first["actor"]["email"], SUPPORT[1]);
    assert_eq!(first["actor"]["role"], "agent");
    host.settle();
    let mail = last_mail(host, LUIS, "Solicitud registrada");
    assert!(mail.text.contains("Luis Rojas"), "{}", mail.text);

    // The requester himself does not register for others.
    let ana = host.client(ANA);
    ana.post("/tickets", &body).problem(403, "forbidden");
    assigned(&ana, "redes", "Lo suyo sí");
}
