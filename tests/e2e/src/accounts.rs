//! Accounts that end by themselves, and the quarterly review, until A3-FO-12 is signed.

use std::time::Duration;

use serde_json::{Value, json};
use workbench::forms::{
    ADMINISTRATIVE, CONTRACTING, NEWCOMER, PERSONNEL, accounts, leaving, sign_all,
};
use workbench::people::{ANA, AUDITOR, COORDINATOR, LUIS, OFFICER};
use workbench::{Host, within};

use crate::audit::host_without_schedule_at;
use crate::{LEASES, assigned, assignee, at_once, solution};

/// Longer than a message is hidden that a dead function had in hand.
const RECOVERY: Duration = Duration::from_secs(150);

const FO_01: &str = "A3-S1-FO-01";
const FO_12: &str = "A3-FO-12";

/// Somebody gets mail and Orfeo until a day, and answers to somebody.
fn granted(host: &Host, document: &str, end: &str, chief: &str) {
    let ana = host.client(ANA);
    let ticket = assigned(&ana, "cuentas_equipos", "Cuenta para contratista nuevo");
    let mut form = accounts(document, assignee(&ticket));
    form[0].fields["contract_end"] = json!(end);
    form[0].fields["supervisor"] = json!(chief);
    form[1].fields["accounts"][1]["valid_until"] = json!(end);
    sign_all(host, &ticket["number"], FO_01, &form);
    // Closed, so that it has no part in what follows.
    let agent = host.client(assignee(&ticket));
    agent
        .command(&ticket["number"], "resolution", &solution())
        .must_be(200);
    agent
        .command(&ticket["number"], "closure", &json!({}))
        .must_be(200);
}

/// The requests that were opened by nobody, the first one first.
fn opened(host: &Host) -> Vec<Value> {
    let coordinator = host.client(COORDINATOR);
    let mut tickets = coordinator.list("/tickets?category=desvinculacion&limit=100");
    tickets.sort_by_key(|ticket| ticket["number"].as_u64());
    tickets
}

/// Waits until every doorbell of the accounts is seen to, and every mail that is owed is
/// out. A mail that several sweeps rang for is looked at once more when whoever sends it
/// could have died of it; that is not waited for.
#[track_caller]
fn await_done(host: &Host) {
    within(LEASES, "nothing is owed", || {
        let queue = host.queue("intakequeue");
        let owed = |row: &Value| row["sk"]["S"].as_str().unwrap().starts_with("OUTBOX#");
        let is_idle = queue.visible + queue.in_flight + queue.delayed == 0;
        (is_idle && !host.rows().iter().any(owed)).then_some(())
    });
}

fn moment(text: &str) -> jiff::Timestamp {
    text.parse().unwrap()
}

/// Signs a section as it stands.
fn signs_as_it_is(host: &Host, number: &Value, section: &str, who: &str) {
    let path = format!("/tickets/{number}/formats/{FO_12}/sections/{section}/signature");
    host.client(who).post(&path, &json!({})).must_be(200);
}

/// Signs a section, with what is filled in.
fn signs(host: &Host, number: &Value, section: &str, who: &str, fields: &Value) -> Value {
    let path = format!("/tickets/{number}/formats/{FO_12}/sections/{section}/signature");
    let body = json!({ "fields": fields });
    host.client(who).post(&path, &body).must_be(200).json()
}

fn accounts_of(host: &Host, document: &str) -> Vec<Value> {
    let people = host.client(AUDITOR).list("/accounts");
    let person = people.iter().find(|person| person["document"] == document);
    person.unwrap()["accounts"].as_array().unwrap().clone()
}

#[test]
fn a_contract_that_ends_asks_by_itself_and_once() {
    let host = host_without_schedule_at("2026-11-23T13:00:00Z");
    granted(&host, "52345618", "2026-12-18", COORDINATOR);
    granted(&host, "10203040", "2026-12-04", COORDINATOR);
    await_done(&host);
    host.sweep(moment("2026-11-23T13:05:00Z"));
    await_done(&host);
    host.sweep(moment("2026-11-27T12:59:00Z"));
    await_done(&host);
    assert_eq!(opened(&host), [] as [Value; 0]);

    // Nobody swept for two weeks; then three do at once, and again.
    let late = moment("2026-12-11T13:01:00Z");
    at_once(3, |_| host.sweep(late));
    host.sweep(late);
    await_done(&host);
    host.sweep(late);
    await_done(&host);
    let tickets = opened(&host);
    assert_eq!(tickets.len(), 2, "{tickets:?}");
    let people = host.client(AUDITOR).list("/accounts");
    let mut by: Vec<_> = people
        .iter()
        .map(|person| person["ends_by"].as_u64())
        .collect();
    by.sort();
    let numbers: Vec<_> = tickets
        .iter()
        .map(|ticket| ticket["number"].as_u64())
        .collect();
    assert_eq!(by, numbers);

    let ticket = tickets
        .iter()
        .find(|ticket| {
            ticket["title"]
                .as_str()
                .unwrap()
                .contains("18 de diciembre")
        })
        .unwrap();
    let number = &ticket["number"];
    assert_eq!(ticket["requester"]["email"], COORDINATOR);
    let agent = within(LEASES, "somebody has it", || {
        let ticket = host.client(COORDINATOR).ticket(number);
        ticket["assignee"]["email"].as_str().map(str::to_owned)
    });
    let kinds = host.client(&agent).event_kinds(number);
    assert_eq!(kinds[..2], ["registered", "section_drafted"]);
    await_done(&host);
    let tag = format!("[USPEC #{:06}]", number.as_u64().unwrap());
    let mails = host.mails();
    let mut told: Vec<_> = mails
        .iter()
        .filter(|mail| mail.subject.starts_with(&tag) && mail.subject.contains("Le toca firmar"))
        .flat_map(|mail| mail.to.clone())
        .collect();
    told.sort();
    let mut expected = [CONTRACTING, COORDINATOR, PERSONNEL].map(str::to_owned);
    expected.sort();
    assert_eq!(told, expected);

    // Its party looks and signs; the rest is as it always was.
    signs_as_it_is(&host, number, "leaving", COORDINATOR);
    sign_all(&host, number, FO_12, &leaving("52345618", &agent)[1..]);
    let standings = accounts_of(&host, "CC 52·····18");
    assert!(
        standings
            .iter()
            .all(|account| account["standing"] == "disabled")
    );
    assert!(
        accounts_of(&host, "CC 10·····40")
            .iter()
            .all(|of| of["standing"] != "disabled")
    );
    host.sweep(late);
    // And whatever was rung for more than once comes again, in vain.
    host.settle_within(LEASES * 2);
    assert_eq!(opened(&host).len(), 2);
    host.audit(&["--grace", "0", "--now", "2026-11-23T13:10:00Z"])
        .must_be_clean();
}

#[test]
fn killed_in_the_midst_of_it_it_is_asked_once() {
    let mut host = host_without_schedule_at("2026-11-23T13:00:00Z");
    for (document, end) in [("52345618", "2026-12-18"), ("10203040", "2026-12-04")] {
        granted(&host, document, end, COORDINATOR);
    }
    await_done(&host);
    let late = moment("2026-12-11T13:01:00Z");
    for _ in 0..2 {
        host.sweep(late);
        host.kill9();
        host.restart();
    }
    // Whatever the dead had in hand comes back as well, and finds it done.
    within(RECOVERY, "both are asked for", || {
        host.sweep(late);
        let depth = host.queue("intakequeue");
        let is_done = depth.visible + depth.in_flight == 0;
        (is_done && opened(&host).len() >= 2).then_some(())
    });
    assert_eq!(opened(&host).len(), 2);
    let people = host.client(AUDITOR).list("/accounts");
    assert!(people.iter().all(|person| person["ends_by"].is_u64()));
}

#[test]
fn a_review_with_a_withdrawal_until_it_is_disabled() {
    let mut host = host_without_schedule_at("2026-09-28T13:00:00Z");
    granted(&host, "52345618", "2090-05-31", COORDINATOR);
    granted(&host, "10203040", "2090-05-31", OFFICER);
    await_done(&host);
    host.sweep(moment("2026-09-28T13:05:00Z"));
    await_done(&host);
    // The quarter begins.
    let begins = moment("2026-10-01T13:00:30Z");
    host.stop();
    host.restart_with(&["--now", "2026-10-01T13:00:00Z"]);
    at_once(3, |_| host.sweep(begins));
    await_done(&host);
    host.sweep(begins);
    await_done(&host);
    let told = |who: &str| {
        let mails = host.mails_to(who).into_iter();
        // Those of a request bear its number.
        let of_review = mails.filter(|mail| mail.subject.starts_with("[USPEC] "));
        of_review.map(|mail| mail.subject).collect::<Vec<_>>()
    };
    let invited = "[USPEC] Refrendo de las cuentas de su gente, cuarto trimestre de 2026";
    within(LEASES, "both chiefs are told", || {
        let all = [told(COORDINATOR), told(OFFICER)];
        all.iter().all(|told| !told.is_empty()).then_some(())
    });
    assert_eq!(told(COORDINATOR), [invited]);
    assert_eq!(told(OFFICER), [invited]);

    let chief = host.client(COORDINATOR);
    let review = chief.get("/accounts/review").must_be(200).json();
    assert_eq!(review["due"], "2026-10-22");
    let of = |system: &str| {
        let accounts = review["accounts"].as_array().unwrap();
        let account = accounts.iter().find(|account| account["system"] == system);
        account.unwrap()["id"].as_str().unwrap().to_owned()
    };
    assert_eq!(
        review["accounts"].as_array().unwrap().len(),
        2,
        "his people alone"
    );
    let decisions = json!({ of("correo"): "ratify", of("orfeo"): "withdraw" });
    let body =
        json!({ "decisions": decisions, "sign": true, "expected_version": review["version"] });
    let signed = chief.post("/accounts/review", &body).must_be(200).json();
    assert_eq!(signed["signed"]["sha256"].as_str().unwrap().len(), 64);
    await_done(&host);
    let tickets = opened(&host);
    let [ticket] = &tickets[..] else {
        panic!("{tickets:?}")
    };
    let number = &ticket["number"];
    assert_eq!(ticket["requester"]["email"], COORDINATOR);
    let after = chief.get("/accounts/review").must_be(200).json();
    let line = after["accounts"].as_array().unwrap();
    let line = line.iter().find(|line| line["system"] == "orfeo").unwrap();
    assert_eq!(line["request"], *number);
    let ratified = accounts_of(&host, "CC 52·····18");
    assert!(ratified[0]["last_reviewed"].is_string(), "{ratified:?}");
    assert!(ratified[1]["last_reviewed"].is_null(), "{ratified:?}");

    // Only what was withdrawn is disabled; what was ratified is an exception with its reason.
    let agent = within(LEASES, "somebody has it", || {
        let ticket = chief.ticket(number);
        ticket["assignee"]["email"].as_str().map(str::to_owned)
    });
    signs_as_it_is(&host, number, "leaving", COORDINATOR);
    let officer = host.client(OFFICER);
    let path = format!("/tickets/{number}/formats/{FO_12}");
    let format = officer.get(&path).must_be(200).json();
    let mut disabling = format["sections"][1]["fields"].clone();
    let rows = disabling["disabled"].as_array_mut().unwrap();
    let last = rows.len() - 1;
    assert_eq!(rows[last]["username"], NEWCOMER);
    assert_eq!(rows[last]["outcome"], "excepted");
    rows[0]["outcome"] = json!("disabled");
    rows[0]["disabled_at"] = json!("2026-10-01T13:00:00Z");
    rows[0]["by"] = json!("Tecnología");
    signs(&host, number, "disabling", OFFICER, &disabling);
    signs(
        &host,
        number,
        "returns",
        ADMINISTRATIVE,
        &json!({ "keeps_equipment": true }),
    );
    signs(
        &host,
        number,
        "pending",
        COORDINATOR,
        &json!({ "stays": true }),
    );
    let whole = signs(
        &host,
        number,
        "closing",
        &agent,
        &json!({ "clearance": "not_applicable" }),
    );
    assert_eq!(
        (&whole["complete"], &whole["clearance"]),
        (&json!(true), &Value::Null)
    );
    host.client(&agent)
        .command(number, "resolution", &solution())
        .must_be(200);
    let accounts = accounts_of(&host, "CC 52·····18");
    let standings: Vec<_> = accounts
        .iter()
        .map(|account| &account["standing"])
        .collect();
    assert_eq!(standings, ["active", "disabled"]);

    // The other one is reminded, and then the coordinator hears of him, once each.
    for at in [
        "2026-10-19T13:01:00Z",
        "2026-10-22T22:01:00Z",
        "2026-10-23T22:01:00Z",
    ] {
        host.sweep(moment(at));
        await_done(&host);
    }
    // And whatever was rung for more than once comes again, in vain.
    host.settle_within(LEASES * 2);
    assert_eq!(
        told(OFFICER),
        [
            invited,
            "[USPEC] Falta su firma: refrendo de cuentas, cuarto trimestre de 2026"
        ]
    );
    assert_eq!(
        told(COORDINATOR)[1..],
        ["[USPEC] Refrendo de cuentas, cuarto trimestre de 2026: falta 1 firma"]
    );
    let seen = host
        .client(AUDITOR)
        .get("/accounts/review")
        .must_be(200)
        .json();
    let chiefs = seen["chiefs"].as_array().unwrap();
    let signed: Vec<_> = chiefs
        .iter()
        .map(|view| (&view["chief"]["email"], view["signed_at"].is_string()))
        .collect();
    assert_eq!(
        signed,
        [(&json!(OFFICER), false), (&json!(COORDINATOR), true)]
    );
    let others = host
        .client(LUIS)
        .get("/accounts/review")
        .must_be(200)
        .json();
    assert_eq!(
        (&others["chiefs"], &others["accounts"]),
        (&json!([]), &json!([]))
    );
    host.audit(&["--grace", "0", "--now", "2026-10-01T13:10:00Z"])
        .must_be_clean();
}
