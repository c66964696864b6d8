//! More requests than there is room for: each is told to come back, or is taken
//! for good.

use std::collections::BTreeSet;
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};
use workbench::people::{ANA, COORDINATOR};
use workbench::{Answer, Host, within};

use crate::at_once;

fn register(host: &Host, i: usize) -> Answer {
    let body = json!({ "title": format!("En masa {i}"), "description": "a", "category": "redes" });
    let ana = host.client(ANA);
    let request = ana.request("POST", "/tickets").json(&body);
    request
        .header("idempotency-key", &format!("masa-{i}"))
        .send()
}

/// Comes back until it is taken, and counts how often it was told to.
fn insist(host: &Host, i: usize) -> (Value, Vec<u16>) {
    let mut refused = Vec::new();
    let ticket = within(workbench::LIMIT * 6, "the request is taken", || {
        let answer = register(host, i);
        if answer.status == 201 {
            return Some(answer.json());
        }
        assert!(
            matches!(answer.status, 429 | 503),
            "{}: {}",
            answer.status,
            answer.body
        );
        let seconds: u64 = answer.header("retry-after").parse().unwrap();
        assert!((1..=5).contains(&seconds), "{seconds}");
        refused.push(answer.status);
        // As it is told to, and not all in the same moment.
        let spread = u64::try_from(i % 40).unwrap();
        thread::sleep(Duration::from_millis(seconds * (600 + 10 * spread)));
        None
    });
    (ticket, refused)
}

/// All of them at once; gives how often one was told to come back, by status.
#[track_caller]
fn check(count: usize, arguments: &[&str]) -> (usize, usize) {
    let host = Host::start_with(arguments);
    let answers = at_once(count, |i| insist(&host, i));
    let numbers: BTreeSet<_> = answers.iter().map(|(t, _)| t["number"].as_u64()).collect();
    assert_eq!(numbers.len(), count);
    // Each 201 is there, and nothing else is.
    let listed = within(workbench::LIMIT, "the list is there", || {
        let listed = host.client(COORDINATOR).get("/tickets?limit=100");
        (listed.status == 200).then(|| host.client(COORDINATOR).list("/tickets?limit=100"))
    });
    let listed: BTreeSet<_> = listed.iter().map(|t| t["number"].as_u64()).collect();
    assert_eq!(listed, numbers);
    let refused = answers.iter().flat_map(|(_, refused)| refused);
    let times = |status| refused.clone().filter(|s| **s == status).count();
    (times(429), times(503))
}

#[test]
fn beyond_the_rate_is_told_to_come_back() {
    let limits = [
        "--parameter",
        "RequestsPerSecond=20",
        "--parameter",
        "RequestsAtOnce=20",
    ];
    let (throttled, _) = check(100, &limits);
    assert!(throttled >= 30, "{throttled}");
}

/// Whoever has nothing but an address gets less than who is signed in, and takes
/// nothing from him.
#[test]
fn the_public_routes_have_limits_of_their_own() {
    let host = Host::start();
    let (nobody, ana) = (host.nobody(), host.client(ANA));
    let throttled = |answers: &[Answer]| answers.iter().filter(|a| a.status == 429).count();
    for path in [
        "/surveys/no-es-un-enlace",
        "/s/no-es-un-enlace",
        "/openapi.json",
        "/una-pagina-que-no-existe",
    ] {
        let answers = at_once(100, |_| nobody.get(path));
        let refused = answers.iter().find(|answer| answer.status == 429).unwrap();
        assert_eq!(refused.header("retry-after"), "1", "{path}");
        assert!(throttled(&answers) < 100, "{path}");
        let answers = at_once(100, |_| ana.get("/tickets"));
        assert_eq!(throttled(&answers), 0, "{path}");
    }
}

#[test]
fn beyond_the_processes_is_told_to_come_back() {
    let (throttled, busy) = check(300, &["--max-processes", "1"]);
    assert_eq!(throttled, 0);
    assert!(busy > 0);
}
