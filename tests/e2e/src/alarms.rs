//! Each alarm of the template rings for its cause, and none for a desk that runs.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use workbench::people::{ANA, COORDINATOR, SUPPORT};
use workbench::{Host, within};

use crate::{assigned, assignee, call_of, solution, survey_of, time};

/// How long an alarm may take that looks back for half an hour, of seconds as minutes.
const LONG: Duration = Duration::from_secs(120);

/// The functions, as the names of their alarms have them.
const FUNCTIONS: [(&str, &str); 10] = [
    ("intake", "IntakeErrorsAlarm"),
    ("assignment", "AssignmentErrorsAlarm"),
    ("escalation", "EscalationErrorsAlarm"),
    ("resolution", "ResolutionErrorsAlarm"),
    ("closure", "ClosureErrorsAlarm"),
    ("mailroom", "MailroomErrorsAlarm"),
    ("notifier", "NotifierErrorsAlarm"),
    ("desk", "DeskErrorsAlarm"),
    ("session", "SessionErrorsAlarm"),
    ("sla-sweep", "SlaSweepErrorsAlarm"),
];

/// The queues, by a part of their names, and their two alarms.
const QUEUES: [(&str, &str, &str); 8] = [
    (
        "assignment",
        "AssignmentAgeAlarm",
        "AssignmentDeadLettersAlarm",
    ),
    (
        "escalation",
        "EscalationAgeAlarm",
        "EscalationDeadLettersAlarm",
    ),
    (
        "notification",
        "NotificationAgeAlarm",
        "NotificationDeadLettersAlarm",
    ),
    ("reminder", "ReminderAgeAlarm", "ReminderDeadLettersAlarm"),
    ("closure", "ClosureAgeAlarm", "ClosureDeadLettersAlarm"),
    ("intake", "IntakeAgeAlarm", "IntakeDeadLettersAlarm"),
    (
        "inbound",
        "InboundMailAgeAlarm",
        "InboundMailDeadLettersAlarm",
    ),
    ("feedback", "FeedbackAgeAlarm", "FeedbackDeadLettersAlarm"),
];

/// All alarms by name.
fn alarms(host: &Host) -> BTreeMap<String, Value> {
    let report = host.nobody().get("/_local/alarms").must_be(200).json();
    let items = report["items"].as_array().unwrap().iter();
    items
        .map(|alarm| (alarm["name"].as_str().unwrap().to_owned(), alarm.clone()))
        .collect()
}

fn minutes(host: &Host) -> u64 {
    let report = host.nobody().get("/_local/alarms").must_be(200).json();
    report["minutes"].as_u64().unwrap()
}

/// Those that ring, or have rung.
fn rung(host: &Host) -> BTreeSet<String> {
    let alarms = alarms(host).into_iter();
    alarms
        .filter(|(_, alarm)| alarm["rung"] != 0)
        .map(|(name, _)| name)
        .collect()
}

/// Causes something until each of these alarms rings, or has rung since.
#[track_caller]
fn ring(host: &Host, names: &[&str], mut cause: impl FnMut()) {
    let before = alarms(host);
    let what = format!("{names:?} ring");
    within(LONG, &what, || {
        cause();
        let alarms = alarms(host);
        let rings = |name: &&str| {
            let alarm = &alarms[*name];
            alarm["state"] == "ALARM" || alarm["rung"] != before[*name]["rung"]
        };
        names.iter().all(rings).then_some(())
    });
}

fn faults(host: &Host, plan: &Value) {
    host.nobody().put("/_local/faults", plan).must_be(200);
}

/// Queues that give up after one try, a minute later, so that a message is old before
/// it is among the dead letters.
fn impatient(template: &str) -> String {
    template
        .replace("maxReceiveCount: 5", "maxReceiveCount: 1")
        .replace("MAX_RECEIVES: 5", "MAX_RECEIVES: 1")
        .replace("VisibilityTimeout: 180", "VisibilityTimeout: 60")
}

/// A desk whose minutes are seconds, once everything runs and the sweep has come by.
fn started(edit: impl FnOnce(&str) -> String, arguments: &[&str]) -> Host {
    let mut all = vec!["--minute", "1"];
    all.extend(arguments);
    let host = Host::start_on(edit, &all);
    within(LONG, "the sweep comes by", || {
        (alarms(&host)["SweepAlarm"]["state"] == "OK").then_some(())
    });
    host
}

#[test]
fn no_alarm_rings_for_a_desk_that_runs() {
    let host = started(str::to_owned, &[]);
    // While functions were starting there was no sweep.
    let mut before = rung(&host);
    before.remove("SweepAlarm");
    assert_eq!(before, BTreeSet::new());
    let sweeps = alarms(&host)["SweepAlarm"]["rung"].clone();
    let began = minutes(&host);

    let ana = host.client(ANA);
    let ticket = assigned(&ana, "plataforma", "Un caso entero");
    let agent = host.client(assignee(&ticket));
    agent
        .command(&ticket["number"], "resolution", &solution())
        .must_be(200);
    within(LONG, "the survey is there", || {
        let mut sent = host.mails_to(ANA).into_iter();
        sent.any(|mail| mail.kind() == "Solicitud resuelta")
            .then_some(())
    });
    let answer = json!({ "solved": true, "rating": 5 });
    let closed = host.nobody().post(&survey_of(&host, ANA), &answer);
    closed.must_be(200);
    // Somebody who is nobody, and something that is nothing: few of many.
    host.nobody().get("/tickets").must_be(401);
    ana.get("/tickets/999999").must_be(404);
    // As long as the most patient of them looks back.
    within(LONG, "half an hour is over", || {
        ana.get("/tickets").must_be(200);
        thread::sleep(Duration::from_millis(100));
        (minutes(&host) > began + 31).then_some(())
    });
    for (name, alarm) in alarms(&host) {
        let expected = if name == "SweepAlarm" {
            &sweeps
        } else {
            &json!(0)
        };
        assert_eq!(
            (&alarm["rung"], &alarm["state"]),
            (expected, &json!("OK")),
            "{alarm}"
        );
    }
    // Each of them is rung by one of the other tests.
    let of_queues = QUEUES.iter().flat_map(|(_, age, dead)| [*age, *dead]);
    let of_functions = FUNCTIONS.iter().map(|(_, alarm)| *alarm);
    let others = NEGLECT.into_iter().chain(OUTAGE);
    let rung_for = of_functions.chain(of_queues).chain(others);
    let all: BTreeSet<_> = alarms(&host).into_keys().collect();
    assert_eq!(rung_for.map(str::to_owned).collect::<BTreeSet<_>>(), all);
    one_id_leads_from_a_request_to_its_mail(&host);
}

/// The lines of a function's log, or of the access log.
fn lines(host: &Host, name: &str) -> Vec<Value> {
    let text = fs::read_to_string(host.data().join(format!("logs/{name}.log"))).unwrap();
    // Beside the lines of JSON there may be those of a panic.
    text.lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect()
}

fn one_id_leads_from_a_request_to_its_mail(host: &Host) {
    let ana = host.client(ANA);
    let body = json!({ "title": "Con rastro", "description": "a", "category": "redes" });
    let registered = ana.post("/tickets", &body).must_be(201);
    let id = registered.header("apigw-requestid").to_owned();
    let ticket = registered.json()["id"].as_str().unwrap().to_owned();
    // Over two queues: the mail to whoever it was assigned to was owed by what owed
    // the assignment.
    within(LONG, "both mails are out", || {
        let mails = lines(host, "notifier").into_iter();
        let sent: Vec<_> = mails
            .filter(|line| line["fields"]["message"] == "mail sent")
            .filter(|line| line["fields"]["ticket.id"] == ticket.as_str())
            .collect();
        let effects: BTreeSet<_> = sent
            .iter()
            .map(|l| l["fields"]["effect"].as_str())
            .collect();
        let both = [Some("mail_assigned"), Some("mail_registered")];
        if effects != BTreeSet::from(both) {
            return None;
        }
        for line in &sent {
            assert_eq!(line["span"]["origin"], id.as_str(), "{line}");
            assert_ne!(line["span"]["request_id"], id.as_str(), "{line}");
        }
        Some(())
    });
    // It stands in the access log, with who it was.
    let access = lines(host, "access").into_iter();
    let line = access
        .into_iter()
        .find(|line| line["requestId"] == id.as_str());
    let line = line.unwrap();
    assert_eq!(line["route"], "POST /tickets", "{line}");
    assert_eq!(
        (&line["status"], &line["integrationStatus"]),
        (&json!("201"), &json!("201"))
    );
    assert_eq!(line["subject"], claim(host, ANA, "sub"), "{line}");
    assert!(
        line["latency"].as_str().unwrap().parse::<u64>().is_ok(),
        "{line}"
    );
    // And in whatever a person complains of.
    let refused = ana.get("/tickets/999999").must_be(404);
    let instance = format!("urn:uspec:request:{}", refused.header("apigw-requestid"));
    assert_eq!(refused.value()["instance"], instance);
    let unknown = host.nobody().get("/tickets").must_be(401);
    let id = unknown.header("apigw-requestid");
    let line = lines(host, "access")
        .into_iter()
        .find(|line| line["requestId"] == id);
    let line = line.unwrap();
    assert_eq!(
        (&line["subject"], &line["error"]),
        (&json!("-"), &json!("Unauthorized"))
    );
}

/// What the issuer says of somebody.
fn claim(host: &Host, email: &str, name: &str) -> Value {
    use base64::Engine;
    let token = host.nobody().token(&json!({ "email": email }));
    let claims = token.split('.').nth(1).unwrap();
    let claims = base64::prelude::BASE64_URL_SAFE_NO_PAD
        .decode(claims)
        .unwrap();
    serde_json::from_slice::<Value>(&claims).unwrap()[name].clone()
}

/// The alarms that tell of mails, of what is due, and of whoever is refused.
const NEGLECT: [&str; 5] = [
    "BouncesAlarm",
    "ComplaintsAlarm",
    "OldestOutboxRowAlarm",
    "OldestTimerAlarm",
    "ApiRefusesAlarm",
];

/// The alarms that tell of an outage.
const OUTAGE: [&str; 7] = [
    "ApiFailsAlarm",
    "FailuresAlarm",
    "TableErrorsAlarm",
    "SweepAlarm",
    "TableThrottlesAlarm",
    "ApiSlowAlarm",
    "ThrottlesAlarm",
];

#[test]
fn the_alarms_of_functions_and_queues_ring_for_their_causes() {
    let host = started(impatient, &["--max-processes", "1"]);
    // What nothing will make readable: it grows old, and is given up.
    for (queue, _, _) in QUEUES {
        host.send_messages(queue, &[json!({ "v": 99 })]);
    }
    // Meanwhile every function is woken by what is no event of its.
    ring(&host, &FUNCTIONS.map(|(_, alarm)| alarm), || {
        for (function, _) in FUNCTIONS {
            let path = format!("/2015-03-31/functions/{function}/invocations");
            let answer = host.aws_client().post(&path, &json!({})).must_be(200);
            assert_eq!(answer.header("x-amz-function-error"), "Unhandled");
        }
        thread::sleep(Duration::from_millis(500));
    });
    // The one is over when the other begins.
    within(LONG, "messages were old", || {
        let rung = rung(&host);
        let rings = |(_, age, _): &(&str, &str, &str)| rung.contains(*age);
        QUEUES.iter().all(rings).then_some(())
    });
    ring(&host, &QUEUES.map(|(_, _, dead)| dead), || {});
}

#[test]
fn the_alarms_of_what_is_neglected_ring_for_their_causes() {
    let host = started(str::to_owned, &[]);
    let [bounces, complaints, outbox, timers, refused] = NEGLECT;

    // Addresses that bounce, and people who complain.
    let agent = host.client(SUPPORT[0]);
    for address in ["bounce", "complaint"] {
        let address = format!("{address}@simulator.amazonses.com");
        let call = call_of("Por teléfono", "redes", (&address, "Rosa Díaz"));
        agent.post("/tickets", &call).must_be(201);
    }
    ring(&host, &[bounces, complaints], || {});

    // No mail goes out, and nobody acts on what was due long ago.
    faults(&host, &json!({ "ses": { "failed": 10_000 } }));
    let ticket = assigned(&host.client(ANA), "redes", "Sin correo");
    let at = time(&ticket["created_at"]);
    ring(&host, &[outbox], || {
        host.sweep(at + jiff::SignedDuration::from_mins(12));
    });
    ring(&host, &[timers], || {
        host.sweep(at + jiff::SignedDuration::from_hours(24 * 30));
    });
    faults(&host, &json!({}));

    // Nobody can sign in.
    ring(&host, &[refused], || {
        for _ in 0..20 {
            host.nobody().get("/tickets").must_be(401);
        }
        // Not more than the route takes.
        thread::sleep(Duration::from_millis(250));
    });
}

#[test]
fn the_alarms_of_an_outage_ring_for_their_causes() {
    let host = started(str::to_owned, &["--max-processes", "1"]);
    let coordinator = host.client(COORDINATOR);
    let [api, failures, table, sweep, throttled, slow, throttles] = OUTAGE;

    // The table fails, and with it whatever needs it; the sweep does not come round.
    faults(&host, &json!({ "dynamodb": { "failed": 10_000 } }));
    ring(&host, &[api, failures, table, sweep], || {
        assert!(coordinator.get("/tickets").status >= 500);
    });
    faults(&host, &json!({ "dynamodb": { "throttled": 10_000 } }));
    ring(&host, &[throttled], || {
        assert!(coordinator.get("/tickets").status >= 500);
    });
    // It does not answer, and more wait for it than may.
    faults(&host, &json!({ "dynamodb": { "hung": 10_000 } }));
    let (over, began) = (AtomicBool::new(false), Instant::now());
    thread::scope(|scope| {
        for _ in 0..300 {
            scope.spawn(|| {
                while !over.load(Ordering::Relaxed) && began.elapsed() < LONG {
                    coordinator.get("/tickets");
                    thread::sleep(Duration::from_millis(200));
                }
            });
        }
        ring(&host, &[slow, throttles], || {
            thread::sleep(Duration::from_millis(200));
        });
        over.store(true, Ordering::Relaxed);
    });
}
