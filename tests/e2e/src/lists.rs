//! Lists: who sees what, in which order, page by page.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use workbench::people::{ANA, AUDITOR, COORDINATOR, LUIS, PRINTING, SUPPORT};
use workbench::{Client, Host};

use crate::{assignee, at_once, check_summary, solution, time};

/// The number of each ticket, in the order of the list.
#[track_caller]
fn numbers(reader: &Client, query: &str) -> Vec<u64> {
    let tickets = reader.list(&format!("/tickets?{query}"));
    tickets
        .iter()
        .map(|t| t["number"].as_u64().unwrap())
        .collect()
}

/// The pages of a list, as it was answered.
#[track_caller]
fn pages(reader: &Client, query: &str) -> Vec<Vec<Value>> {
    let mut pages = Vec::new();
    let mut cursor = String::new();
    loop {
        let path = format!("/tickets?{query}{cursor}");
        let page = reader.get(&path).must_be(200).json();
        pages.push(page["items"].as_array().unwrap().clone());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return pages,
        }
    }
}

/// The first of a ticket's running clocks to reach its limit.
pub fn next_due(ticket: &Value) -> Timestamp {
    let clocks = ticket["clocks"].as_object().unwrap().values();
    let running = clocks.filter(|clock| clock["state"] == "running");
    running.map(|clock| time(&clock["due_at"])).min().unwrap()
}

/// Twenty-five tickets of Ana's, three of Luis's; some solved, one closed.
fn fill(host: &Host) -> Vec<Value> {
    let ana = host.client(ANA);
    let luis = host.client(LUIS);
    for i in 1..=20 {
        ana.register("redes", &format!("Sin red en la oficina {i}"));
    }
    for i in 21..=25 {
        ana.register("plataforma", &format!("El portal falla, intento {i}"));
    }
    for i in 26..=28 {
        luis.register("impresion", &format!("Tóner agotado {i}"));
    }
    host.settle();
    let coordinator = host.client(COORDINATOR);
    let tickets = coordinator.list("/tickets?limit=100");
    let find = |number: u64| tickets.iter().find(|t| t["number"] == number).unwrap();
    // Those that the desk has spoken to are due later than those it has not.
    for number in [1, 2, 3] {
        let agent = host.client(assignee(find(number)));
        let note = json!({ "note": "Llamé." });
        agent.command(&json!(number), "contact", &note).must_be(200);
    }
    for number in [4, 5, 6] {
        let agent = host.client(assignee(find(number)));
        agent
            .command(&json!(number), "resolution", &solution())
            .must_be(200);
    }
    let agent = host.client(assignee(find(6)));
    agent.command(&json!(6), "closure", &json!({})).must_be(200);
    host.settle();
    let mut tickets = coordinator.list("/tickets?limit=100");
    tickets.sort_by_key(|t| t["number"].as_u64());
    tickets
}

#[test]
fn lists_are_whole_ordered_and_filtered() {
    // Within working hours, so that no two tickets are due at the same moment.
    let host = Host::start_with(&["--now", "2026-11-25T10:00:00-05:00"]);
    let tickets = fill(&host);
    let ana = host.client(ANA);
    let luis = host.client(LUIS);
    let agent = host.client(SUPPORT[0]);
    let coordinator = host.client(COORDINATOR);

    // Requesters: their own, newest first.
    let newest_first: Vec<u64> = (1..=25).rev().collect();
    assert_eq!(numbers(&ana, "limit=100"), newest_first);
    assert_eq!(numbers(&ana, "limit=10"), newest_first);
    assert_eq!(numbers(&luis, "limit=2"), [28, 27, 26]);
    assert!(numbers(&luis, &format!("requester={ANA}")).is_empty());
    let three = pages(&ana, "limit=10");
    assert_eq!(three.iter().map(Vec::len).collect::<Vec<_>>(), [10, 10, 5]);

    // Agents: their teams', what is due next first, what is closed last.
    let of_the_team = pages(&agent, "limit=10");
    assert_eq!(
        of_the_team.iter().map(Vec::len).collect::<Vec<_>>(),
        [10, 10, 5]
    );
    let listed: Vec<_> = of_the_team.concat();
    let unique: BTreeSet<_> = listed.iter().map(|t| t["number"].as_u64()).collect();
    assert_eq!(unique.len(), 25);
    assert_eq!(listed[24]["number"], 6);
    let due: Vec<_> = listed[..24].iter().map(next_due).collect();
    assert!(due.is_sorted(), "{due:?}");
    let order: Vec<_> = listed
        .iter()
        .map(|t| t["number"].as_u64().unwrap())
        .collect();
    assert_eq!(order[..19], (7..=25).collect::<Vec<_>>());
    assert_eq!(
        BTreeSet::from_iter(&order[19..22]),
        BTreeSet::from([&1, &2, &3])
    );
    assert_eq!(order[22..], [4, 5, 6]);
    for ticket in &listed {
        check_summary(ticket, &agent.ticket(&ticket["number"]));
    }
    assert_eq!(numbers(&host.client(PRINTING[0]), "limit=2"), [26, 27, 28]);
    for reader in [&coordinator, &host.client(AUDITOR)] {
        assert_eq!(numbers(reader, "limit=7").len(), 28);
    }

    filters(&host, &tickets);
}

fn filters(host: &Host, tickets: &[Value]) {
    let coordinator = host.client(COORDINATOR);
    let where_ = |holds: &dyn Fn(&Value) -> bool| -> BTreeSet<u64> {
        let found = tickets.iter().filter(|t| holds(t));
        found.map(|t| t["number"].as_u64().unwrap()).collect()
    };
    let agent = SUPPORT[1];
    let limit = next_due(&tickets[9]) + SignedDuration::from_millis(1);
    let cases: [(String, BTreeSet<u64>); 11] = [
        ("status=solved".into(), BTreeSet::from([4, 5])),
        ("status=closed".into(), BTreeSet::from([6])),
        ("status=new".into(), BTreeSet::new()),
        ("category=plataforma".into(), (21..=25).collect()),
        ("team=impresion".into(), (26..=28).collect()),
        (
            format!("assignee={agent}"),
            where_(&|t| t["assignee"]["email"] == agent),
        ),
        (
            format!("assignee={agent}&status=assigned&category=redes"),
            where_(&|t| {
                t["assignee"]["email"] == agent
                    && t["status"] == "assigned"
                    && t["category"] == "redes"
            }),
        ),
        (format!("requester={LUIS}"), (26..=28).collect()),
        ("q=T%C3%93NER".into(), (26..=28).collect()),
        ("q=intento%2022".into(), BTreeSet::from([22])),
        (
            format!("due_before={limit}"),
            where_(&|t| t["status"] != "closed" && next_due(t) < limit),
        ),
    ];
    for (query, expected) in cases {
        for size in [100, 2] {
            let found = numbers(&coordinator, &format!("{query}&limit={size}"));
            let unique: BTreeSet<_> = found.iter().copied().collect();
            assert_eq!(unique, expected, "{query}");
            assert_eq!(found.len(), expected.len(), "{query}: one is there twice");
        }
    }
    // A filter never shows more than the caller may see.
    let agent = host.client(SUPPORT[0]);
    for query in [
        "team=impresion".to_owned(),
        format!("assignee={}", PRINTING[0]),
        format!("requester={LUIS}"),
    ] {
        assert!(numbers(&agent, &query).is_empty(), "{query}");
    }

    pages_hold_while_tickets_come_in(host);
    histories_have_pages(host);
}

/// A history page by page: nothing is left out, and what is not for the
/// requester is on none of his, and leaves no gap there.
fn histories_have_pages(host: &Host) {
    let ana = host.client(ANA);
    let ticket = ana.register("redes", "Con historia");
    host.settle();
    let number = &ticket["number"];
    let agent = host.client(assignee(&ana.ticket(number)));
    for visibility in ["internal", "public", "internal", "internal", "public"] {
        let note = json!({ "body": "Nota.", "visibility": visibility });
        agent.command(number, "followups", &note).must_be(200);
    }
    for (reader, seqs) in [(&agent, &[1, 2, 3, 4, 5, 6, 7][..]), (&ana, &[1, 2, 3, 4])] {
        for limit in [1, 2, 3, 7, 100] {
            let events = reader.list(&format!("/tickets/{number}/events?limit={limit}"));
            let found: Vec<_> = events.iter().map(|e| e["seq"].as_u64().unwrap()).collect();
            assert_eq!(found, seqs, "limit={limit}");
        }
    }
}

/// What is registered in between is on no page twice, and what was there from
/// the beginning is on one.
fn pages_hold_while_tickets_come_in(host: &Host) {
    let ana = host.client(ANA);
    let first = ana.get("/tickets?limit=20").must_be(200).json();
    at_once(5, |i| ana.register("redes", &format!("Entretanto {i}")));
    let next = first["next_cursor"].as_str().unwrap();
    let second = ana.get(&format!("/tickets?limit=20&cursor={next}"));
    let rest: Vec<_> = second.must_be(200).json()["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|t| t["number"].as_u64().unwrap())
        .collect();
    assert_eq!(rest, [5, 4, 3, 2, 1]);
}
