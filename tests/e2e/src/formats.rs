//! The formats of the procedure, from the registration to the closing (section 5.1,
//! activities 4 and 9).

use std::collections::BTreeSet;

use serde_json::{Value, json};
use workbench::forms::{
    ADMINISTRATIVE, BOSS, CONTRACTING, NEWCOMER, PERSONNEL, Part, accounts, leaving, publication,
    sign_all, try_sign,
};
use workbench::people::{ANA, AUDITOR, COORDINATOR, LUIS, OFFICER};
use workbench::{Client, Host};

use crate::{assigned, assignee, solution};

const FO_01: &str = "A3-S1-FO-01";
const FO_12: &str = "A3-FO-12";

fn escalate(host: &Host, ticket: &Value) {
    let agent = host.client(assignee(ticket));
    let wanted = json!({ "officer": OFFICER, "justification": "Le toca a Tecnología." });
    agent
        .command(&ticket["number"], "escalation", &wanted)
        .must_be(200);
}

fn report_and_resolve(host: &Host, ticket: &Value) {
    let report = json!({ "body": "Quedó hecho." });
    let officer = host.client(OFFICER);
    officer
        .command(&ticket["number"], "solution-report", &report)
        .must_be(200);
    let agent = host.client(assignee(ticket));
    let solved = agent.command(&ticket["number"], "resolution", &solution());
    assert_eq!(solved.must_be(200).json()["status"], "solved");
}

/// Who was told that it is his turn, in that order.
fn told(host: &Host, number: &Value) -> Vec<String> {
    let tag = format!("[USPEC #{:06}]", number.as_u64().unwrap());
    let mails = host.mails();
    let turn = mails
        .iter()
        .filter(|mail| mail.subject.starts_with(&tag) && mail.subject.contains("Le toca firmar"));
    turn.flat_map(|mail| mail.to.clone()).collect()
}

#[test]
fn accounts_are_given_by_five_parties_and_taken_back() {
    let host = Host::start();
    let ana = host.client(ANA);
    let ticket = assigned(
        &ana,
        "cuentas_equipos",
        "Cuenta y equipo para contratista nuevo",
    );
    let number = &ticket["number"];
    let agent = assignee(&ticket).to_owned();
    let form = accounts("52345618", &agent);
    let path = format!("/tickets/{number}/formats/{FO_01}");
    host.settle();

    // Whoever signs sees the format, in his list and by itself, and not the request.
    let office = host.client(CONTRACTING);
    office
        .get(&format!("/tickets/{number}"))
        .problem(404, "not_found");
    office
        .get(&format!("/tickets/{number}/events"))
        .problem(404, "not_found");
    let waiting = |client: &Client| client.list("/tickets?awaiting=me");
    assert_eq!(waiting(&office)[0]["number"], *number);
    assert_eq!(
        office.get("/tickets").must_be(200).json()["items"],
        json!([])
    );
    let seen = office.get(&path).must_be(200).json();
    assert_eq!(seen["awaiting"]["yours"], true);
    host.client(LUIS).get(&path).problem(404, "not_found");

    // A draft, with a mistake told at its place; then in order, and by nobody else.
    let draft = json!({ "section": "user", "fields": { "kind": "contractor", "boss": "jefa" } });
    let wrong = office.put(&path, &draft).problem(422, "validation_failed");
    assert_eq!(wrong["errors"][0]["field"], "/fields/boss");
    let draft = json!({ "section": "user", "fields": { "kind": "contractor" } });
    let drafted = office.put(&path, &draft).must_be(200).json();
    assert_eq!(drafted["sections"][0]["state"], "in_progress");
    let boss = host.client(BOSS);
    try_sign(&boss, number, FO_01, "user", &form[0].fields).problem(404, "not_found");
    try_sign(&office, number, FO_01, "creation", &form[3].fields)
        .problem(409, "invalid_transition");
    let personnel = host.client(PERSONNEL);
    try_sign(&personnel, number, FO_01, "user", &form[0].fields).problem(404, "not_found");
    let agents = host.client(&agent);
    agents
        .command(number, "resolution", &solution())
        .problem(409, "invalid_transition");

    // The same signature sent twice is one.
    let sign = |key: &str| {
        let path = format!("{path}/sections/user/signature");
        let body = json!({ "fields": form[0].fields });
        office
            .request("POST", &path)
            .header("idempotency-key", key)
            .json(&body)
            .send()
    };
    sign("firma-1").must_be(200);
    sign("firma-1").must_be(200);
    let kinds = agents.event_kinds(number);
    assert_eq!(
        kinds
            .iter()
            .filter(|kind| *kind == "section_signed")
            .count(),
        1
    );
    assert_eq!(waiting(&office), [] as [Value; 0]);
    assert_eq!(waiting(&boss)[0]["number"], *number);

    // Whose turn is over by the time is not told of it any more.
    let in_turn = |parts: &[Part]| {
        for part in parts {
            host.settle();
            sign_all(&host, number, FO_01, std::slice::from_ref(part));
        }
    };
    in_turn(&form[1..3]);
    escalate(&host, &ticket);
    in_turn(&form[3..]);
    let whole = agents.get(&path).must_be(200).json();
    assert_eq!(whole["complete"], true);
    // A document's number is nobody's business who does not need it.
    let office_sees = host.client(ADMINISTRATIVE).get(&path).must_be(200).json();
    assert_eq!(
        office_sees["sections"][0]["fields"]["document_number"],
        "52·····18"
    );
    let matrix = agents
        .get(&format!("/tickets/{number}/formats/A3-FO-11"))
        .must_be(200)
        .json();
    assert_eq!(matrix["accounts"].as_array().unwrap().len(), 2);
    report_and_resolve(&host, &ticket);
    host.settle();
    let told: BTreeSet<_> = told(&host, number).into_iter().collect();
    for party in [
        CONTRACTING,
        BOSS,
        COORDINATOR,
        ADMINISTRATIVE,
        OFFICER,
        NEWCOMER,
        &*agent,
    ] {
        assert!(told.contains(party), "{party} was told: {told:?}");
    }

    // The matrix: for those who oversee, and nobody else.
    let auditor = host.client(AUDITOR);
    let people = auditor.list("/accounts");
    assert_eq!(people.len(), 1);
    assert_eq!(people[0]["document"], "CC 52·····18");
    let usernames: Vec<_> = people[0]["accounts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|a| &a["username"])
        .collect();
    assert_eq!(usernames, [NEWCOMER, "rperez"]);
    agents.get("/accounts").problem(403, "forbidden");

    // He leaves: not while an account is left.
    let gone = assigned(&ana, "desvinculacion", "Termina el contrato de Ricardo");
    let number = &gone["number"];
    let form = leaving("52345618", assignee(&gone));
    sign_all(&host, number, FO_12, &form[..1]);
    escalate(&host, &gone);
    let mut half = form[1].fields.clone();
    half["disabled"].as_array_mut().unwrap().pop();
    let refused = try_sign(&host.client(OFFICER), number, FO_12, "disabling", &half)
        .problem(422, "validation_failed");
    assert_eq!(refused["errors"][0]["code"], "accounts_left");
    let signed = sign_all(&host, number, FO_12, &form[1..]);
    let clearance = &signed.last().unwrap()["clearance"];
    assert_eq!(clearance["issued"], true);
    assert_eq!(clearance["code"].as_str().unwrap().len(), 16);
    report_and_resolve(&host, &gone);
    let standings: Vec<_> = auditor.list("/accounts")[0]["accounts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|account| account["standing"].clone())
        .collect();
    assert_eq!(standings, ["disabled", "disabled"]);
    host.settle();
    host.audit(&["--grace", "0"]).must_be_clean();
}

#[test]
fn every_category_goes_from_the_form_to_the_closing() {
    let host = Host::start();
    let ana = host.client(ANA);
    let categories = ana.get("/catalog").must_be(200).json()["categories"].clone();
    let categories = categories.as_array().unwrap();
    assert_eq!(categories.len(), 10);
    for category in categories {
        let id = category["id"].as_str().unwrap();
        let body = match (
            category["web_request"] == true,
            category["incident"] == true,
        ) {
            (true, _) => json!({
                "title": "Publicar el informe", "description": "El del año.", "category": id,
                "web_request": { "action": "publish" },
            }),
            (_, true) => crate::law::reported("no"),
            (false, false) => json!({
                "title": "Una solicitud", "description": "Lo de siempre.", "category": id,
            }),
        };
        let registered = ana.post("/tickets", &body).must_be(201).json();
        let ticket = crate::await_assigned(&ana, &registered);
        let number = &ticket["number"];
        let agent_email = assignee(&ticket).to_owned();
        let forms = match id {
            "publicacion_web" => vec![("A3-S1-FO-03", publication(ANA))],
            "cuentas_equipos" => vec![(FO_01, accounts("10203040", &agent_email))],
            "desvinculacion" => vec![(FO_12, leaving("99887766", &agent_email))],
            _ => vec![],
        };
        for (code, parts) in &forms {
            sign_all(&host, number, code, parts);
        }
        let agent = host.client(&agent_email);
        if category["incident"] == true {
            let report = json!({ "authority": "csirt", "outcome": "reported", "note": "Caso 17." });
            agent.command(number, "reports", &report).must_be(200);
        }
        let solved = agent
            .command(number, "resolution", &solution())
            .must_be(200);
        assert_eq!(solved.json()["status"], "solved", "{id}");
        if category["survey"] == true {
            host.settle();
            let answer = json!({ "solved": true, "rating": 5 });
            let survey = crate::survey_of(&host, ANA);
            host.nobody().post(&survey, &answer).must_be(200);
        } else {
            agent.command(number, "closure", &json!({})).must_be(200);
        }
        assert_eq!(ana.ticket(number)["status"], "closed", "{id}");
    }
}
