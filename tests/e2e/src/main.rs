//! The product as its users meet it: every test runs it on a local host of its
//! own, with the functions' real processes, and speaks to it over HTTP.
#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests fail with the test that uses them"
)]

mod accounts;
mod alarms;
mod audit;
mod catalogue;
mod changes;
mod clocks;
mod crash;
mod deadlines;
mod document;
mod escalation;
mod faults;
mod files;
mod formats;
mod idempotency;
mod law;
mod lifecycle;
mod lists;
mod mail;
mod mail_crash;
mod mail_desk;
mod mail_many;
mod mail_recovery;
mod mail_refused;
mod mail_replies;
mod overload;
mod queues;
mod refusals;
mod registration;
mod restore;
mod rotation;
mod sample;
mod session;
mod steps;
mod text;
mod transitions;
mod yesterday;

use std::sync::Barrier;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::EncodingKey;
use serde_json::{Value, json};
use workbench::people::COORDINATOR;
use workbench::{Client, Host, Mail, eventually};

const MINUTE: SignedDuration = SignedDuration::from_mins(1);

/// A mail that a process is sending, or died sending, is nobody else's for
/// as long as the process could run; a second doorbell for it comes back after that.
const LEASES: Duration = Duration::from_secs(40);

/// Registers a request and waits until somebody is responsible for it.
#[track_caller]
fn assigned(requester: &Client, category: &str, title: &str) -> Value {
    let ticket = requester.register(category, title);
    await_assigned(requester, &ticket)
}

/// Waits until somebody is responsible for a ticket, and gives it as it is then.
#[track_caller]
fn await_assigned(reader: &Client, ticket: &Value) -> Value {
    eventually("the ticket is assigned", || {
        let ticket = reader.ticket(&ticket["number"]);
        (ticket["status"] == "assigned").then_some(ticket)
    })
}

/// The address of whoever is responsible.
#[track_caller]
fn assignee(ticket: &Value) -> &str {
    ticket["assignee"]["email"].as_str().unwrap()
}

/// A list and a ticket agree, in all that a list says of it.
#[track_caller]
fn check_summary(listed: &Value, ticket: &Value) {
    let fields = listed.as_object().unwrap();
    assert!(!fields.contains_key("description"));
    for (field, value) in fields {
        assert_eq!(*value, ticket[field], "{field}");
    }
}

/// A time in an answer.
#[track_caller]
fn time(value: &Value) -> Timestamp {
    value.as_str().unwrap().parse().unwrap()
}

/// A solution, as an agent reports it.
fn solution() -> Value {
    json!({ "solution": "Se cambió el cable de red." })
}

/// What an agent registers of a call.
fn call_of(title: &str, category: &str, (email, name): (&str, &str)) -> Value {
    json!({
        "title": title,
        "description": "Llamó por la extensión 391.",
        "category": category,
        "channel": "phone",
        "extension": "391",
        "requester": { "email": email, "name": name, "kind": "contractor" },
    })
}

/// The mails about a ticket are these, in whatever order they went out.
#[track_caller]
fn check_letters(host: &Host, ticket: &Value, expected: &[(&str, &str)]) {
    let mut sent = host.letters(ticket);
    sent.sort();
    let mut expected: Vec<_> = expected
        .iter()
        .map(|(kind, to)| ((*kind).to_owned(), (*to).to_owned()))
        .collect();
    expected.sort();
    assert_eq!(sent, expected);
}

/// The ticket, its events and the mail are afterwards as they were.
#[track_caller]
fn check_unchanged<T>(host: &Host, ticket: &Value, act: impl FnOnce() -> T) -> T {
    let reader = host.client(COORDINATOR);
    let number = &ticket["number"];
    let look = || {
        (
            reader.ticket(number),
            reader.events(number),
            host.mails().len(),
        )
    };
    let before = look();
    let done = act();
    assert_eq!(look(), before);
    done
}

/// Sets whether some agents are available.
fn set_available(coordinator: &Client, agents: &[&str], available: bool) {
    let mut catalogue = coordinator.get("/catalog").must_be(200).json();
    // Whatever version is in force: nobody else changes it.
    catalogue.as_object_mut().unwrap().remove("version");
    for entry in catalogue["directory"].as_array_mut().unwrap() {
        if agents.contains(&entry["email"].as_str().unwrap()) {
            entry["available"] = json!(available);
        }
    }
    coordinator.put("/catalog", &catalogue).must_be(200);
}

/// Somebody of whom the issuer says one thing more, his name for example.
fn with_claim(host: &Host, email: &str, name: &str, value: &Value) -> Client {
    let token = host.nobody().token(&json!({ "email": email }));
    let claims = token.split('.').nth(1).unwrap();
    let claims = BASE64_URL_SAFE_NO_PAD.decode(claims).unwrap();
    let mut claims: Value = serde_json::from_slice(&claims).unwrap();
    match value {
        Value::Null => drop(claims.as_object_mut().unwrap().remove(name)),
        value => claims[name] = value.clone(),
    }
    let pem = std::fs::read(host.data().join("jwt-key.pem")).unwrap();
    let key = EncodingKey::from_rsa_pem(&pem).unwrap();
    let header = jsonwebtoken::decode_header(&token).unwrap();
    let token = jsonwebtoken::encode(&header, &claims, &key).unwrap();
    host.nobody().authorized(&format!("Bearer {token}"))
}

/// The latest mail of a kind to an address.
#[track_caller]
fn last_mail(host: &Host, address: &str, kind: &str) -> Mail {
    let mut mails = host.mails_to(address);
    mails.retain(|mail| mail.kind() == kind);
    mails.pop().unwrap_or_else(|| {
        panic!(
            "{address} got no «{kind}»: {:?}",
            host.mails_to(address)
                .iter()
                .map(|mail| mail.subject.clone())
                .collect::<Vec<_>>()
        )
    })
}

/// The survey that the latest solution of a requester's asks to answer.
#[track_caller]
fn survey_of(host: &Host, requester: &str) -> String {
    let mail = last_mail(host, requester, "Solicitud resuelta");
    mail.path("/surveys/").unwrap()
}

/// Does something `count` times at once, and gives what came of each.
fn at_once<T: Send>(count: usize, act: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let start = Barrier::new(count);
    let (start, act) = (&start, &act);
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..count)
            .map(|i| {
                scope.spawn(move || {
                    start.wait();
                    act(i)
                })
            })
            .collect();
        threads.into_iter().map(|t| t.join().unwrap()).collect()
    })
}
