//! People leave and come back, calendars and categories change, and nobody answers:
//! what is open then is with somebody, and somebody hears of it.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};
use workbench::people::{
    ANA, COORDINATOR, HEAD, LUIS, OFFICER, OTHER_OFFICER, PRINTING, SUPPORT, colleague_of,
};
use workbench::{Client, Host, eventually, within};

use crate::{
    LEASES, assigned, assignee, await_assigned, call_of, last_mail, set_available, solution, time,
};

/// A working week begins.
const MONDAY: [&str; 2] = ["--now", "2026-11-23T08:00:00-05:00"];

/// Five minutes before a weekend.
const FRIDAY: [&str; 2] = ["--now", "2026-11-20T16:55:00-05:00"];

/// Changes the catalogue, whatever version is in force: nobody else does.
fn change(host: &Host, edit: impl FnOnce(&mut Value)) {
    let coordinator = host.client(COORDINATOR);
    let mut catalogue = coordinator.get("/catalog").must_be(200).json();
    catalogue.as_object_mut().unwrap().remove("version");
    edit(&mut catalogue);
    coordinator.put("/catalog", &catalogue).must_be(200);
}

/// Whoever else has it once it was taken off somebody.
#[track_caller]
fn handed_over(reader: &Client, ticket: &Value) -> Value {
    let before = assignee(ticket).to_owned();
    eventually("somebody else has it", || {
        let ticket = reader.ticket(&ticket["number"]);
        let now = ticket["assignee"]["email"].as_str()?;
        (now != before).then(|| ticket.clone())
    })
}

/// The kinds of mail that an address got about a ticket.
fn letters_to(host: &Host, ticket: &Value, address: &str) -> Vec<String> {
    let letters = host.letters(ticket).into_iter();
    let his = letters.filter(|(_, to)| to == address);
    his.map(|(kind, _)| kind).collect()
}

/// Sweeps at a time, and waits for what it rang for.
fn sweep(host: &Host, at: &str) {
    host.sweep(at.parse::<Timestamp>().unwrap());
    host.settle_within(LEASES);
}

#[test]
fn what_somebody_has_who_goes_away_is_somebody_elses() {
    let host = Host::start_with(&MONDAY);
    let (ana, coordinator) = (host.client(ANA), host.client(COORDINATOR));
    let ticket = assigned(&ana, "plataforma", "No abre el correo");
    let agent = assignee(&ticket).to_owned();
    let due = &ticket["clocks"]["solution"]["due_at"];
    host.settle_within(LEASES);
    set_available(&coordinator, &[&agent], false);
    let moved = handed_over(&coordinator, &ticket);
    host.settle_within(LEASES);
    // As if it were new, but with its clocks.
    assert_eq!(&moved["clocks"]["solution"]["due_at"], due);
    let kinds = coordinator.event_kinds(&ticket["number"]);
    assert_eq!(kinds, ["registered", "assigned", "released", "assigned"]);
    for (address, kind) in [
        (&*agent, "Ya no está a su cargo"),
        (COORDINATOR, "Cambia de responsable"),
        (assignee(&moved), "Solicitud asignada a usted"),
    ] {
        let told = letters_to(&host, &ticket, address);
        assert_eq!(
            told.last().map(String::as_str),
            Some(kind),
            "{address}: {told:?}"
        );
    }
    // Whoever has it has what he asks for; whoever is to get it has it already.
    let path = "assignment";
    let number = &ticket["number"];
    let now = host.client(assignee(&moved));
    let taken = now.command(number, path, &json!({})).must_be(200).json();
    assert_eq!(taken["version"], moved["version"]);
    let to = json!({ "agent": assignee(&moved) });
    coordinator
        .command(number, path, &to)
        .problem(409, "invalid_transition");

    the_whole_team(&host, &moved);
    an_officer(&host);
    to_another_team(&host);
}

/// Where nobody is left it waits, and whoever comes back first gets it. Some go by the
/// directory of some seconds ago: what they give to somebody who has left is taken off
/// him, too, once the sweep has been there.
fn the_whole_team(host: &Host, ticket: &Value) {
    let coordinator = host.client(COORDINATOR);
    let number = &ticket["number"];
    let soon = || host.sweep("2026-11-23T08:05:00-05:00".parse().unwrap());
    set_available(&coordinator, &SUPPORT, false);
    within(
        Duration::from_secs(40),
        "nobody has it, and that is told",
        || {
            soon();
            let told = letters_to(host, ticket, COORDINATOR);
            let told = told.contains(&"Sin agente disponible".to_owned());
            let waits = coordinator.ticket(number)["assignee"].is_null();
            (told && waits).then_some(())
        },
    );
    set_available(&coordinator, &[SUPPORT[1]], true);
    within(Duration::from_secs(40), "whoever is back has it", || {
        soon();
        let ticket = coordinator.ticket(number);
        (ticket["assignee"]["email"] == SUPPORT[1]).then_some(())
    });
    set_available(&coordinator, &SUPPORT, true);
}

/// A request that somebody has, also where everybody was away a moment ago.
fn assigned_soon(host: &Host, requester: &str, category: &str) -> Value {
    let requester = host.client(requester);
    let ticket = requester.register(category, "No imprime");
    within(Duration::from_secs(40), "somebody has it", || {
        host.sweep("2026-11-23T08:05:00-05:00".parse().unwrap());
        let ticket = requester.ticket(&ticket["number"]);
        (ticket["status"] == "assigned").then_some(ticket)
    })
}

/// Of an officer's request those hear who may escalate it again.
fn an_officer(host: &Host) {
    let ticket = assigned_soon(host, LUIS, "redes");
    let number = &ticket["number"];
    let wanted = json!({ "officer": OFFICER, "justification": "No hay enlace." });
    let agent = host.client(assignee(&ticket));
    agent.command(number, "escalation", &wanted).must_be(200);
    set_available(&host.client(COORDINATOR), &[OFFICER], false);
    eventually("they are told", || {
        let told = |address| letters_to(host, &ticket, address);
        let kind = "Escalada a quien no está".to_owned();
        (told(COORDINATOR).contains(&kind) && told(HEAD).contains(&kind)).then_some(())
    });
    // Back to somebody who is away: not by mistake.
    let refused = agent.command(number, "escalation", &wanted);
    assert!(
        [403, 409, 422].contains(&refused.status),
        "{}",
        refused.body
    );
    let other = json!({ "officer": OTHER_OFFICER, "justification": "El otro no está." });
    let head = host.client(HEAD);
    let moved = head
        .command(number, "escalation", &other)
        .must_be(200)
        .json();
    assert_eq!(moved["officer"]["email"], OTHER_OFFICER);
    set_available(&host.client(COORDINATOR), &[OFFICER], true);
}

/// A category of another team: its people have it, and the former agent is told.
fn to_another_team(host: &Host) {
    let ticket = assigned_soon(host, ANA, "plataforma");
    let (number, agent) = (&ticket["number"], assignee(&ticket));
    let moved = json!({ "category": "impresion" });
    host.client(agent)
        .command(number, "category", &moved)
        .must_be(200);
    let moved = handed_over(&host.client(COORDINATOR), &ticket);
    assert!(PRINTING.contains(&assignee(&moved)), "{moved}");
    host.settle_within(LEASES);
    let told = letters_to(host, &ticket, assignee(&moved));
    assert_eq!(told, ["Solicitud asignada a usted"]);
}

#[test]
fn hours_that_change_rule_what_is_open() {
    let host = Host::start_with(&FRIDAY);
    let coordinator = host.client(COORDINATOR);
    let ticket = assigned(&host.client(ANA), "plataforma", "No abre el correo");
    let number = &ticket["number"];
    let due = |ticket: &Value| time(&ticket["clocks"]["attention"]["due_at"]);
    let monday: Timestamp = "2026-11-23T08:00:00-05:00".parse().unwrap();
    assert!(due(&ticket) > monday, "{ticket}");
    // The desk stays open this evening: the limit comes nearer.
    change(&host, |catalogue| {
        catalogue["calendars"]["habil"]["hours"]["friday"] = json!(["08:00-20:00"]);
    });
    let nearer = eventually("the limit is reckoned again", || {
        let ticket = coordinator.ticket(number);
        (due(&ticket) < monday).then_some(ticket)
    });
    let limit = due(&nearer).duration_since(time(&nearer["created_at"]));
    assert_eq!(limit.as_mins(), 15);
    let kinds = coordinator.event_kinds(number);
    assert!(kinds.contains(&"hours_changed".to_owned()), "{kinds:?}");
    host.settle_within(LEASES);
    // And away again: nobody is told of a limit that is none any more.
    change(&host, |catalogue| {
        catalogue["calendars"]["habil"]["hours"]["friday"] = json!(["08:00-17:00"]);
    });
    eventually("it is Monday's again", || {
        (due(&coordinator.ticket(number)) > monday).then_some(())
    });
    sweep(&host, "2026-11-20T19:00:00-05:00");
    let kinds = coordinator.event_kinds(number);
    assert!(
        !kinds.iter().any(|kind| kind.starts_with("attention")),
        "{kinds:?}"
    );
}

#[test]
fn what_waits_for_the_requester_is_not_forgotten() {
    let host = Host::start_with(&MONDAY);
    let ticket = assigned(&host.client(ANA), "plataforma", "No abre el correo");
    let (number, agent) = (&ticket["number"], assignee(&ticket).to_owned());
    let question = json!({ "note": "¿Qué dice la pantalla?" });
    let held = host.client(&agent).command(number, "hold", &question);
    let held = held.must_be(200).json();
    // Who is asked has been written to.
    assert_eq!(held["clocks"]["attention"]["state"], "met");
    host.settle_within(LEASES);
    // After one working day he is reminded of what he was asked, after two the agent is
    // told, after five the coordinator; then they are told every day.
    let reminder = "Recordatorio";
    let silent = "El solicitante no responde";
    let told = |address: &str, kind: &str| {
        let letters = letters_to(&host, &ticket, address);
        letters.iter().filter(|found| *found == kind).count()
    };
    for (at, asker, responsible, coordinator, head) in [
        ("2026-11-23T16:00:00-05:00", 0, 0, 0, 0),
        ("2026-11-24T09:00:00-05:00", 1, 0, 0, 0),
        ("2026-11-25T09:00:00-05:00", 1, 1, 0, 0),
        ("2026-11-30T09:00:00-05:00", 1, 1, 1, 0),
        ("2026-12-01T10:00:00-05:00", 1, 1, 2, 1),
        ("2026-12-02T11:00:00-05:00", 1, 1, 3, 2),
    ] {
        sweep(&host, at);
        let found = (
            told(ANA, reminder),
            told(&agent, silent),
            told(COORDINATOR, silent),
            told(HEAD, silent),
        );
        assert_eq!(found, (asker, responsible, coordinator, head), "{at}");
    }
    let mail = last_mail(&host, ANA, reminder);
    assert!(
        mail.text.contains("¿Qué dice la pantalla?"),
        "{}",
        mail.text
    );
    // His answer ends the wait, and the agent hears of it.
    let note = json!({ "body": "Error 17.", "visibility": "public" });
    let ana = host.client(ANA);
    ana.command(number, "followups", &note).must_be(200);
    host.settle_within(LEASES);
    let back = ana.ticket(number);
    assert_eq!(back["status"], "assigned");
    assert_eq!(back["clocks"]["solution"]["state"], "running");
    assert_eq!(told(&agent, "El solicitante escribió"), 1);
}

#[test]
fn what_the_requester_never_got_is_not_closed_in_silence() {
    const GONE: &str = "bounce@simulator.amazonses.com";
    let host = Host::start_with(&MONDAY);
    let call = call_of("No tiene correo", "plataforma", (GONE, "Pedro Ruiz"));
    let coordinator = host.client(COORDINATOR);
    let ticket = host.client(SUPPORT[0]).post("/tickets", &call);
    let ticket = await_assigned(&coordinator, &ticket.must_be(201).json());
    let (number, agent) = (&ticket["number"], assignee(&ticket).to_owned());
    let responsible = host.client(&agent);
    responsible
        .command(number, "resolution", &solution())
        .must_be(200);
    host.settle_within(LEASES);
    for (at, asked) in [
        ("2026-11-24T07:00:00-05:00", 0),
        ("2026-11-24T09:00:00-05:00", 1),
        ("2026-11-25T10:00:00-05:00", 2),
    ] {
        sweep(&host, at);
        assert_eq!(coordinator.ticket(number)["status"], "solved", "{at}");
        for address in [&*agent, COORDINATOR] {
            let letters = letters_to(&host, &ticket, address);
            let kind = "La solución no le llegó a quien la pidió";
            let found = letters.iter().filter(|found| *found == kind).count();
            assert_eq!(found, asked, "{at}: {address}");
        }
    }
    let mail = last_mail(
        &host,
        COORDINATOR,
        "La solución no le llegó a quien la pidió",
    );
    assert!(mail.text.contains(&agent), "{}", mail.text);
    let other = host.client(colleague_of(&agent));
    let refused = other.command(number, "closure", &json!({}));
    assert_eq!(refused.status, 403, "{}", refused.body);
    let closed = responsible.command(number, "closure", &json!({}));
    assert_eq!(closed.must_be(200).json()["close_reason"], "desk");
}

#[test]
fn what_is_retired_takes_nothing_new_and_keeps_what_is_open() {
    let host = Host::start_with(&MONDAY);
    let (ana, coordinator) = (host.client(ANA), host.client(COORDINATOR));
    let ticket = assigned(&ana, "ofimatica", "No abre una hoja de cálculo");
    let of = |catalogue: &mut Value, id: &str| {
        let categories = catalogue["categories"].as_array().unwrap();
        categories.iter().position(|of| of["id"] == id).unwrap()
    };
    // Taken out it would be lost from what is open.
    let mut without = coordinator.get("/catalog").must_be(200).json();
    let at = of(&mut without, "ofimatica");
    without["categories"].as_array_mut().unwrap().remove(at);
    without["texts"] = json!([]);
    let refused = coordinator.put("/catalog", &without);
    let refused = refused.problem(422, "validation_failed");
    assert!(refused.to_string().contains("1 solicitud"), "{refused}");
    change(&host, |catalogue| {
        let at = of(catalogue, "ofimatica");
        catalogue["categories"][at]["retired"] = json!(true);
    });
    eventually("nothing new goes there", || {
        let body = json!({ "title": "Otra", "description": "Otra.", "category": "ofimatica" });
        let answer = ana.post("/tickets", &body);
        (answer.status == 422).then_some(())
    });
    let agent = host.client(assignee(&ticket));
    let solved = agent.command(&ticket["number"], "resolution", &solution());
    assert_eq!(solved.must_be(200).json()["status"], "solved");
}
