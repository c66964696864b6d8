//! Whether anything was lost, or done twice.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use serde_json::Value;

use super::Wanted;
use super::chaos::Faults;
use super::life::{Broken, End, Kind, Life, People};
use crate::Host;

/// Mails that one process of `notifier` has in its hands at once.
const AT_ONCE: u64 = 2;

/// What the clocks and the mail add to a life.
const ADDED: [&str; 13] = [
    "attention_warned",
    "attention_breached",
    "attention_overrun",
    "solution_warned",
    "solution_breached",
    "solution_overrun",
    "validation_reminded",
    "waiting_reminded",
    "provider_overdue",
    "hours_changed",
    "officer_absent",
    "mail_bounced",
    "mail_filed",
];

/// Of these, those that a clock adds once.
const STEPS: usize = 9;

/// Clocks of a ticket that run at once, each with its hours.
const RUNNING: u64 = 3;

/// What the run came to.
pub struct Verdict {
    /// Whether everything is as it should be.
    pub is_good: bool,
    /// Whether something was lost, done twice, or found by the auditor.
    pub is_harmed: bool,
    pub text: String,
}

/// What of a history its people brought about, and how often it was handed over: taken
/// off somebody who had it, and given to somebody when nobody had it.
fn lived(kinds: &[String]) -> (Vec<&str>, Result<u64, &'static str>) {
    let mut lived = Vec::new();
    let (mut assigned, mut released) = (0, 0);
    let mut in_turn = true;
    for kind in kinds {
        match kind.as_str() {
            "assigned" => {
                in_turn &= assigned == released;
                assigned += 1;
                if assigned > 1 {
                    continue;
                }
            }
            "released" => {
                released += 1;
                in_turn &= assigned == released;
                continue;
            }
            kind if ADDED.contains(&kind) => continue,
            _ => {}
        }
        lived.push(kind.as_str());
    }
    let handed_over = in_turn.then_some(released);
    (lived, handed_over.ok_or("handed over twice at once"))
}

pub fn reach(
    host: &Host,
    people: &People,
    ends: &[(&Life, Result<End, Broken>)],
    faults: &Faults,
    wanted: &Wanted,
) -> Verdict {
    let mut wrong: Vec<String> = Vec::new();
    let mut text = String::from("faults:\n");
    for (what, count) in &faults.counts {
        text.push_str(&format!("  {count:>6}  {what}\n"));
    }

    // Every request that was accepted is there, once, and went its way.
    let listed = people.coordination.client.list("/tickets?limit=100");
    let mut titles: BTreeMap<&str, usize> = BTreeMap::new();
    for ticket in &listed {
        *titles
            .entry(ticket["title"].as_str().unwrap_or_default())
            .or_default() += 1;
    }
    let rows = host.rows();
    // Tickets with mails that were not sent because nobody can be reached.
    let ids: BTreeMap<&str, &Value> = listed
        .iter()
        .filter_map(|ticket| Some((ticket["id"].as_str()?, &ticket["number"])))
        .collect();
    let left_out: Vec<Value> = rows
        .iter()
        .filter(|row| row["why"]["S"] == "undeliverable")
        .filter_map(|row| ids.get(row["pk"]["S"].as_str()?.strip_prefix("TICKET#")?))
        .map(|number| (*number).clone())
        .collect();
    // What is restored in the end is a change, too.
    let hours = 1
        + faults.of("catalogue: holidays announced or called off")
        + faults.of("catalogue: hours changed");
    let (mut handed_over, mut absent, mut relieved) = (0, 0, 0);
    let mut lost = 0;
    let mut twice = listed.len().saturating_sub(titles.len());
    for (life, end) in ends {
        if !titles.contains_key(life.title().as_str()) {
            lost += 1;
        }
        let End { number, expected } = match end {
            Ok(end) => end,
            Err(Broken(why)) => {
                wrong.push(why.clone());
                continue;
            }
        };
        let kinds = people.coordination.client.event_kinds(number);
        let (lived, handed) = lived(&kinds);
        match handed {
            Ok(times) => handed_over += times,
            Err(why) => {
                wrong.push(format!("{}: {why}: {kinds:?}", life.title()));
                twice += 1;
            }
        }
        let count = |kind: &str| kinds.iter().filter(|other| *other == kind).count();
        if lived != *expected {
            wrong.push(format!("{}: {lived:?}, not {expected:?}", life.title()));
            let different: BTreeSet<_> = lived.iter().collect();
            let should: BTreeSet<_> = expected.iter().collect();
            twice += usize::from(lived.len() > expected.len() && different.len() == should.len());
        }
        // Who cannot be reached is on the ticket, once; where it was closed before
        // that was known, in the place of the mails that did not go out.
        let bounces = count("mail_bounced");
        let unreachable = matches!(life.kind, Kind::Refused | Kind::Bounced);
        let known = bounces > 0 || left_out.contains(number);
        if bounces > usize::from(unreachable) || unreachable != known {
            wrong.push(format!("{}: {bounces} bounces on record", life.title()));
        }
        for step in &ADDED[..STEPS] {
            // Of one clock that ran once; a reopening runs it again.
            let fired = count(step);
            let rounds = count("reopened") + count("escalated");
            if fired > 1 + rounds {
                wrong.push(format!("{}: {step} {fired} times", life.title()));
                twice += 1;
            }
        }
        // That an officer is away is said once of each who gets it, and of hours each
        // clock is told as often as they change.
        absent += count("officer_absent");
        relieved += count("escalated").saturating_sub(1);
        if count("officer_absent") > count("escalated") {
            wrong.push(format!("{}: an officer is absent twice", life.title()));
            twice += 1;
        }
        let changed = count("hours_changed") as u64;
        if changed > RUNNING * hours {
            let events = people.coordination.client.events(number).into_iter();
            let events = events.filter(|event| event["kind"] == "hours_changed");
            let told: Vec<_> = events
                .map(|event| format!("{} {}", event["at"], event["data"]))
                .collect();
            wrong.push(format!(
                "{}: hours changed {changed} times: {}",
                life.title(),
                told.join("; ")
            ));
        }
    }
    wrong.extend(people.coordination.wrong.lock().unwrap().iter().cloned());
    // Of few it may be that all were solved before anybody went.
    if handed_over == 0 && wanted.tickets >= 200 {
        wrong.push("nothing was handed over".to_owned());
    }
    if listed.len() != wanted.tickets {
        wrong.push(format!("{} tickets, not {}", listed.len(), wanted.tickets));
    }

    // Every mail on record went out; what went out beside them went out twice.
    let mails = host.nobody().get("/_local/mail").must_be(200).json();
    let mails = mails["items"].as_array().cloned().unwrap_or_default();
    let header = |mail: &Value, name: &str| {
        let headers = mail["headers"].as_array().cloned().unwrap_or_default();
        let found = headers.iter().find(|header| header["name"] == name);
        found.and_then(|header| header["value"].as_str().map(str::to_owned))
    };
    let out: BTreeSet<String> = mails
        .iter()
        .filter(|mail| header(mail, "X-USPEC-Ticket").is_some_and(|ticket| ticket != "none"))
        .map(|mail| mail["id"].as_str().unwrap_or_default().to_owned())
        .collect();
    let recorded: BTreeSet<String> = rows
        .iter()
        .filter_map(|row| row["pk"]["S"].as_str()?.strip_prefix("MAIL#"))
        .map(str::to_owned)
        .collect();
    let never = recorded.difference(&out).count();
    if never > 0 {
        wrong.push(format!("{never} mails are on record and did not go out"));
    }
    let again = out.difference(&recorded).count() as u64;
    let log = |file: &str| fs::read_to_string(host.data().join(file)).unwrap_or_default();
    let timed_out = log("host.log")
        .lines()
        .filter(|line| line.contains("an invocation timed out") && line.contains("notifier"))
        .count() as u64;
    let unrecorded = log("logs/notifier.log")
        .matches("a mail is out and not on record")
        .count();
    let answers_lost = faults.of("ses lost");
    let bound = answers_lost + AT_ONCE * (faults.notifiers_killed + timed_out) + unrecorded as u64;
    if again > bound {
        wrong.push(format!("{again} mails went out again, at most {bound} may"));
    }
    if faults.of("did not come to rest") > 0 {
        wrong.push("it did not come to rest".to_owned());
    }

    // The last word is the auditor's, long after: whatever waits now is stuck.
    let audit = host.audit(&["--grace", "0", "--now", "2027-06-01T00:00:00Z"]);
    text.push_str(&format!(
        "tickets: {}, of them lost: {lost}, done twice: {twice}\n\
         handed over: {handed_over} times by agents, {relieved} times by officers, of whom {absent} were found away by the desk\n\
         mails: {} on record, {again} went out again (bound {bound}: {answers_lost} answers lost, \
         {} notifiers killed and {timed_out} timed out with up to {AT_ONCE} mails each, {unrecorded} not recorded)\n\
         audit: {}",
        listed.len(),
        recorded.len(),
        faults.notifiers_killed,
        audit.text,
    ));
    for why in &wrong {
        text.push_str(&format!("WRONG: {why}\n"));
    }
    let is_harmed = lost > 0 || twice > 0 || !audit.findings.is_empty();
    let is_good = wrong.is_empty() && !is_harmed;
    let word = if is_good {
        "nothing lost, nothing done twice"
    } else {
        "NOT GOOD"
    };
    text.push_str(word);
    Verdict {
        is_good,
        is_harmed,
        text,
    }
}
