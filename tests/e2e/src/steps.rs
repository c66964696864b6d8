//! The steps on a clock's way: who is told, when, and how often.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use workbench::people::{ANA, AUDITOR, COORDINATOR, HEAD, LUIS, OFFICER};
use workbench::{Client, Host, Mail, eventually};

use crate::{
    LEASES, MINUTE, assigned, assignee, at_once, check_letters, last_mail, solution, survey_of,
    time,
};

/// Five minutes before the weekend: what was begun is due on Monday morning,
/// and the host's own sweeps find nothing.
const FRIDAY: [&str; 2] = ["--now", "2026-11-20T16:55:00-05:00"];

/// From Friday 17:00 to Monday 08:00.
const WEEKEND: SignedDuration = SignedDuration::from_hours(63);

const SECOND: SignedDuration = SignedDuration::from_secs(1);
const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// The sweep finds what was due before its time.
const JUST_AFTER: SignedDuration = SignedDuration::from_millis(1);

/// A step as it is to be: the event, and the one mail that it brings.
struct Step {
    kind: &'static str,
    percent: u64,
    /// When it is due.
    at: Timestamp,
    /// When its clock runs out.
    due: Timestamp,
    to: String,
    subject: &'static str,
}

impl Step {
    fn clock(&self) -> &'static str {
        if self.kind.starts_with("attention") {
            "tiempo de atención"
        } else {
            "tiempo de solución"
        }
    }

    fn letter(&self) -> (&str, &str) {
        (self.subject, &self.to)
    }
}

/// The steps of a ticket that was assigned on Friday, in the order of time:
/// 15 minutes of attention and 30 of solution, all of them due on Monday.
fn steps_of(ticket: &Value) -> [Step; 6] {
    let attention = time(&ticket["clocks"]["attention"]["due_at"]);
    let solution = time(&ticket["clocks"]["solution"]["due_at"]);
    let agent = assignee(ticket);
    #[rustfmt::skip]
    let steps = [
        ("attention_warned", 80, attention - MINUTE * 3, attention, agent, "El tiempo de atención está por vencer"),
        ("attention_breached", 100, attention, attention, COORDINATOR, "El tiempo de atención venció"),
        ("solution_warned", 80, solution - MINUTE * 6, solution, agent, "El tiempo de solución está por vencer"),
        ("attention_overrun", 200, attention + MINUTE * 15, attention, HEAD, "El tiempo de atención venció hace mucho"),
        ("solution_breached", 100, solution, solution, COORDINATOR, "El tiempo de solución venció"),
        ("solution_overrun", 200, solution + MINUTE * 30, solution, HEAD, "El tiempo de solución venció hace mucho"),
    ];
    assert!(steps.is_sorted_by_key(|step| step.2));
    steps.map(|(kind, percent, at, due, to, subject)| Step {
        kind,
        percent,
        at,
        due,
        to: to.to_owned(),
        subject,
    })
}

/// A time of that Monday, as mails write it.
#[track_caller]
fn in_words(time: Timestamp) -> String {
    let local = time.in_tz("America/Bogota").unwrap();
    assert_eq!(local.date(), jiff::civil::date(2026, 11, 23));
    format!(
        "lunes 23 de noviembre de 2026 a las {}",
        local.strftime("%H:%M")
    )
}

/// Ten sweeps as of one time, three of them at once, and what follows from them.
/// Gives what was said by one that came before all that.
#[track_caller]
fn sweep_ten_times(host: &Host, at: Timestamp) -> Value {
    let mut answers = at_once(3, |_| host.sweep(at));
    answers.extend((0..7).map(|_| host.sweep(at)));
    await_rung(host);
    let first = answers.into_iter();
    first
        .max_by_key(|swept| swept["timers_found"].as_u64())
        .unwrap()
}

/// A sweep that has nothing to tell of.
#[track_caller]
fn sweep_in_vain(host: &Host, at: Timestamp) {
    let swept = host.sweep(at);
    assert_eq!(swept["timers_found"], 0, "{swept}");
    assert_eq!(swept["timers_rung"], 0, "{swept}");
    assert_eq!(swept["timers_oldest_seconds"], 0, "{swept}");
}

/// Waits until everybody whom the sweep rang for has looked; mails may still be
/// on their way.
#[track_caller]
fn await_rung(host: &Host) {
    eventually("the timers are seen to", || {
        let idle = |part| {
            let queue = host.queue(part);
            queue.visible + queue.in_flight + queue.delayed == 0
        };
        (idle("escalation") && idle("closure")).then_some(())
    });
}

/// An event says that a step was seen at `seen_at`.
#[track_caller]
fn check_event(event: &Value, step: &Step, agent: &str, seen_at: Timestamp) {
    assert_eq!(event["kind"], step.kind);
    assert_eq!(event["actor"], json!({ "email": null, "role": "system" }));
    assert_eq!(time(&event["at"]), seen_at, "{event}");
    let data = &event["data"];
    assert_eq!(data["percent"], step.percent, "{event}");
    assert_eq!(time(&data["due_at"]), step.due, "{event}");
    assert_eq!(time(&data["reached_at"]), step.at, "{event}");
    let late = seen_at.duration_since(step.at).as_secs();
    assert_eq!(data["late_seconds"], late, "{event}");
    assert_eq!(data["responsible"]["email"], agent, "{event}");
}

/// The mail of a step says what was so at `seen_at`.
#[track_caller]
fn check_mail(host: &Host, ticket: &Value, step: &Step, seen_at: Timestamp) -> Mail {
    let mail = last_mail(host, &step.to, step.subject);
    assert_eq!(mail.to, [step.to.as_str()]);
    let title = ticket["title"].as_str().unwrap();
    assert!(mail.subject.ends_with(&format!(": {title}")));
    let vence = if step.due > seen_at {
        "vence"
    } else {
        "venció"
    };
    let number = ticket["number"].as_u64().unwrap();
    let agent = assignee(ticket);
    for words in [
        format!(
            "El {} de la solicitud #{number:06} {vence} el {}",
            step.clock(),
            in_words(step.due)
        ),
        // What is used by now, of what was agreed.
        "Lleva ".to_owned(),
        " acordado".to_owned(),
        format!("<{agent}>"),
        format!("/solicitudes/{number}"),
    ] {
        assert!(mail.text.contains(&words), "{words}: {}", mail.text);
    }
    mail
}

#[test]
fn each_step_is_told_once_however_often_the_sweep_comes() {
    let host = Host::start_with(&FRIDAY);
    let ana = host.client(ANA);
    let staff = host.client(AUDITOR);
    let ticket = assigned(&ana, "plataforma", "Nadie llama");
    let number = &ticket["number"];
    let agent = assignee(&ticket);
    host.settle();

    // A quarter of an hour, of which less than five minutes are left on Friday.
    let friday: Timestamp = FRIDAY[1].parse().unwrap();
    let running = time(&ticket["created_at"]).duration_since(friday);
    assert!(
        running < MINUTE * 4,
        "{running}: the host took long to be up"
    );
    let due: Timestamp = "2026-11-23T08:10:00-05:00".parse().unwrap();
    let steps = steps_of(&ticket);
    assert_eq!(steps[0].due, due + running);

    let mut kinds = vec!["registered", "assigned"];
    let mut letters = vec![
        ("Solicitud registrada", ANA),
        ("Solicitud asignada a usted", agent),
    ];
    for step in &steps {
        sweep_in_vain(&host, step.at - SECOND);
        await_rung(&host);
        assert_eq!(staff.event_kinds(number), kinds);

        let at = step.at + JUST_AFTER;
        let swept = sweep_ten_times(&host, at);
        assert_eq!(swept["timers_found"], 1, "{swept}");
        assert_eq!(swept["timers_rung"], 1, "{swept}");
        kinds.push(step.kind);
        letters.push(step.letter());
        let events = staff.events(number);
        assert_eq!(staff.event_kinds(number), kinds);
        check_event(events.last().unwrap(), step, agent, at);
        eventually("it is mailed", || {
            (host.letters(&ticket).len() >= letters.len()).then_some(())
        });
        let mail = check_mail(&host, &ticket, step, at);
        assert!(!mail.text.contains("retraso"), "{}", mail.text);
    }

    // All of it is told, and once, until the next working day.
    sweep_in_vain(&host, steps[5].at + MINUTE);
    host.settle_within(LEASES);
    check_letters(&host, &ticket, &letters);
    assert_eq!(staff.event_kinds(number), kinds);
    assert_eq!(ana.ticket(number)["version"], 8);
    assert_eq!(ana.ticket(number)["status"], "assigned");
    // The requester sees that it happened, and not whom it was told.
    assert_eq!(ana.event_kinds(number), kinds);
    assert_eq!(ana.events(number)[2]["data"], json!({}));
}

#[test]
fn a_late_sweep_tells_all_of_it_and_how_late_it_is() {
    let host = Host::start_with(&FRIDAY);
    let ana = host.client(ANA);
    let staff = host.client(AUDITOR);
    let ticket = assigned(&ana, "plataforma", "El barrido se retrasó");
    let agent = assignee(&ticket);
    let steps = steps_of(&ticket);
    host.settle();

    // An hour after the last of them.
    let at = steps[5].at + HOUR;
    let swept = sweep_ten_times(&host, at);
    assert_eq!(swept["timers_found"], 1, "{swept}");
    assert_eq!(swept["timers_rung"], 1, "{swept}");
    let oldest = at.duration_since(steps[0].at).as_secs();
    assert_eq!(swept["timers_oldest_seconds"], oldest, "{swept}");
    sweep_in_vain(&host, at);
    host.settle_within(LEASES);

    let events = staff.events(&ticket["number"]);
    assert_eq!(events.len(), 8, "{events:?}");
    for (event, step) in events[2..].iter().zip(&steps) {
        check_event(event, step, agent, at);
    }
    let mut letters = vec![
        ("Solicitud registrada", ANA),
        ("Solicitud asignada a usted", agent),
    ];
    // What comes too late to be a warning does not pretend to be one.
    let sent: Vec<_> = steps
        .iter()
        .map(|step| {
            let late = at.duration_since(step.at).as_mins();
            let words = format!("Este aviso sale con {late} minutos de retraso: correspondía al ");
            let words = words + &in_words(step.at);
            let mut mails = host.mails_to(&step.to);
            mails.retain(|mail| mail.text.contains(step.clock()) && mail.text.contains(&words));
            assert_eq!(mails.len(), 1, "{words}: {:?}", host.letters(&ticket));
            mails.pop().unwrap()
        })
        .collect();
    letters.extend(sent.iter().map(|mail| (mail.kind(), mail.to[0].as_str())));
    check_letters(&host, &ticket, &letters);
    for mail in &sent {
        assert!(!mail.text.contains("vence el"), "{}", mail.text);
        assert!(!mail.text.contains("por vencer"), "{}", mail.text);
        assert!(!mail.html.contains("vence el"), "{}", mail.html);
        assert!(!mail.subject.contains("por vencer"), "{}", mail.subject);
    }
}

#[test]
fn what_is_met_or_on_hold_is_not_told() {
    let host = Host::start_with(&FRIDAY);
    met_before_the_sweep(&host);
    on_hold_until_it_goes_on(&host);
}

/// The desk got in touch: nobody hears of the attention time any more.
fn met_before_the_sweep(host: &Host) {
    let ana = host.client(ANA);
    let staff = host.client(AUDITOR);
    let ticket = assigned(&ana, "plataforma", "Llamaron a tiempo");
    let number = &ticket["number"];
    let steps = steps_of(&ticket);
    host.client(assignee(&ticket))
        .command(number, "contact", &json!({ "note": "Llamé." }))
        .must_be(200);
    host.settle();
    // Until the solution's first step, nothing.
    for step in &steps[..2] {
        sweep_in_vain(host, step.at + JUST_AFTER);
    }
    sweep_in_vain(host, steps[2].at - SECOND);
    let at = steps[5].at + JUST_AFTER;
    let swept = sweep_ten_times(host, at);
    assert_eq!(swept["timers_found"], 1, "{swept}");
    host.settle_within(LEASES);
    let expected = [
        "registered",
        "assigned",
        "contacted",
        "solution_warned",
        "solution_breached",
        "solution_overrun",
    ];
    assert_eq!(staff.event_kinds(number), expected);
    let letters = host.letters(&ticket);
    assert_eq!(letters.len(), 5, "{letters:?}");
    for (kind, _) in letters {
        assert!(!kind.contains("atención"), "{kind}");
    }
}

/// While the requester is waited for, the solution time stands still; it goes on
/// with what was left.
fn on_hold_until_it_goes_on(host: &Host) {
    let ana = host.client(ANA);
    let staff = host.client(AUDITOR);
    let ticket = assigned(&ana, "plataforma", "Falta un dato");
    let number = &ticket["number"];
    let before = steps_of(&ticket);
    let agent = host.client(assignee(&ticket));
    for (command, note) in [("contact", "Llamé."), ("hold", "¿Cuál es su equipo?")] {
        agent
            .command(number, command, &json!({ "note": note }))
            .must_be(200);
    }
    host.settle();
    let held = staff.ticket(number);
    assert_eq!(held["clocks"]["solution"]["state"], "paused");
    assert_eq!(held["clocks"]["solution"]["due_at"], json!(null));
    for step in &before {
        sweep_in_vain(host, step.at + JUST_AFTER);
    }
    host.settle();
    assert_eq!(staff.ticket(number), held);

    let resumed = agent
        .command(number, "resume", &json!({ "note": "Ya respondió." }))
        .must_be(200)
        .json();
    let events = staff.events(number);
    let at = |kind: &str| time(&events.iter().find(|e| e["kind"] == kind).unwrap()["at"]);
    let used = at("held").duration_since(at("assigned")).as_secs();
    let left = MINUTE * 30 - SECOND * i32::try_from(used).unwrap();
    let due = time(&resumed["clocks"]["solution"]["due_at"]);
    assert_eq!(due, at("resumed") + left + WEEKEND);
    // By the new time, and not by the one of before.
    assert!(due > before[4].at, "{due}");
    let warned = due - MINUTE * 6;
    sweep_in_vain(host, before[2].at + JUST_AFTER);
    sweep_in_vain(host, warned - JUST_AFTER);
    let swept = sweep_ten_times(host, warned + JUST_AFTER);
    assert_eq!(swept["timers_found"], 1, "{swept}");
    host.settle_within(LEASES);
    let last = staff.events(number).pop().unwrap();
    assert_eq!(last["kind"], "solution_warned");
    assert_eq!(time(&last["data"]["due_at"]), due);
    let expected = [
        ("Solicitud registrada", ANA),
        ("Solicitud asignada a usted", assignee(&ticket)),
        ("Necesitamos algo de usted", ANA),
        ("El tiempo de solución está por vencer", assignee(&ticket)),
    ];
    check_letters(host, &ticket, &expected);
}

/// All Saints' of 2026 is moved to Monday, November 2.
#[test]
fn on_hold_for_a_provider_over_a_long_weekend() {
    let mut host = Host::start_with(&["--now", "2026-10-30T16:30:00-05:00"]);
    let ticket = assigned(&host.client(LUIS), "redes", "Enlace caído");
    let number = &ticket["number"];
    let agent = host.client(assignee(&ticket));
    agent
        .command(number, "contact", &json!({ "note": "Llamé." }))
        .must_be(200);
    let wanted = json!({ "officer": OFFICER, "justification": "No hay enlace." });
    agent.command(number, "escalation", &wanted).must_be(200);
    host.settle();

    // Ten minutes of his half an hour are used when the officer asks a provider.
    later(&mut host, "2026-10-30T16:40:00-05:00");
    let wanted = json!({ "provider": "redes_externo", "message": "Favor revisar el enlace." });
    let held = host
        .client(OFFICER)
        .command(number, "provider", &wanted)
        .must_be(200)
        .json();
    host.settle();
    assert_eq!(held["hold_reason"], "provider");
    assert_eq!(held["clocks"]["solution"]["state"], "paused");
    assert_eq!(held["clocks"]["solution"]["due_at"], json!(null));
    let used = at(&host, number, "provider_requested")
        .duration_since(at(&host, number, "escalated"))
        .as_secs();
    assert!((500..700).contains(&used), "{used}");
    let left = 30 * 60 - used;
    check_clock(&host, number, used);
    for moment in [
        "2026-10-30T16:59:00-05:00",
        "2026-11-01T12:00:00-05:00",
        "2026-11-02T10:00:00-05:00",
        "2026-11-03T10:00:00-05:00",
    ] {
        sweep_in_vain(&host, moment.parse().unwrap());
    }

    // On Tuesday the provider has answered.
    later(&mut host, "2026-11-03T09:00:00-05:00");
    let officer = host.client(OFFICER);
    assert_eq!(officer.ticket(number), held);
    check_clock(&host, number, used);
    let replied = officer
        .command(
            number,
            "provider-reply",
            &json!({ "body": "Enlace arriba." }),
        )
        .must_be(200)
        .json();
    let tuesday: Timestamp = "2026-11-03T09:00:00-05:00".parse().unwrap();
    let replied_at = at(&host, number, "provider_replied");
    assert!(replied_at.duration_since(tuesday) < MINUTE * 5);
    assert_eq!(replied["hold_reason"], "technology");
    assert_eq!(replied["clocks"]["solution"]["state"], "running");
    let due = time(&replied["clocks"]["solution"]["due_at"]);
    assert_eq!(due, replied_at + SignedDuration::from_secs(left));

    // And its steps go by what was left: the officer is warned, who has it.
    let warned = due - MINUTE * 6;
    sweep_in_vain(&host, warned - SECOND);
    let swept = sweep_ten_times(&host, warned + JUST_AFTER);
    assert_eq!(swept["timers_found"], 1, "{swept}");
    host.settle_within(LEASES);
    let events = officer.events(number);
    let last = events.last().unwrap();
    assert_eq!(last["kind"], "solution_warned");
    assert_eq!(last["data"]["responsible"]["email"], OFFICER);
    let warning = last_mail(&host, OFFICER, "El tiempo de solución está por vencer");
    let local = due.in_tz("America/Bogota").unwrap();
    let words = local.strftime("vence el martes 3 de noviembre de 2026 a las %H:%M");
    let words = words.to_string();
    assert!(warning.text.contains(&words), "{}", warning.text);
}

/// Stops the host, and starts it on the same data at another time.
fn later(host: &mut Host, now: &str) {
    assert!(host.stop().success());
    host.restart_with(&["--now", now]);
}

/// When an event of this kind happened.
#[track_caller]
fn at(host: &Host, number: &Value, kind: &str) -> Timestamp {
    let events = host.client(AUDITOR).events(number);
    time(&events.iter().find(|e| e["kind"] == kind).unwrap()["at"])
}

/// What `/clocks` says of the solution clock while it stands still.
#[track_caller]
fn check_clock(host: &Host, number: &Value, used: i64) {
    let clocks = host
        .client(OFFICER)
        .get(&format!("/tickets/{number}/clocks"));
    let clock = clocks.must_be(200).json()["solution"].take();
    assert_eq!(clock["used_seconds"], used, "{clock}");
    assert_eq!(clock["left_seconds"], 30 * 60 - used, "{clock}");
    assert_eq!(clock["due_at"], json!(null), "{clock}");
}

#[test]
fn half_way_through_validation_the_requester_is_reminded() {
    let host = Host::start_with(&FRIDAY);
    let ana = host.client(ANA);
    let luis = host.client(LUIS);
    let silent = solved(&host, &ana, "plataforma", "Nadie responde");
    let answered = solved(&host, &luis, "ofimatica", "Responde al recordatorio");
    let unsurveyed = solved(&host, &luis, "redes", "Sin encuesta");
    let all = [&silent, &answered, &unsurveyed];
    // A working day from Friday 16:55 is over on Monday at that hour.
    let due = all.map(|ticket| time(&ticket["clocks"]["validation"]["due_at"]));
    let half = due.map(|due| due - MINUTE * 270);
    let survey = survey_of(&host, ANA);

    sweep_in_vain(&host, half[0] - SECOND);
    let swept = sweep_ten_times(&host, half[2] + JUST_AFTER);
    assert_eq!(swept["timers_found"], 3, "{swept}");
    assert_eq!(swept["timers_rung"], 3, "{swept}");
    sweep_in_vain(&host, half[2] + HOUR);
    host.settle_within(LEASES);
    let staff = host.client(AUDITOR);
    let reminded = ["registered", "assigned", "resolved", "validation_reminded"];
    for (i, ticket) in all.into_iter().enumerate() {
        let number = &ticket["number"];
        assert_eq!(staff.event_kinds(number), reminded);
        let event = staff.events(number).pop().unwrap();
        assert_eq!(event["actor"], json!({ "email": null, "role": "system" }));
        assert_eq!(event["data"]["percent"], 50);
        assert_eq!(time(&event["data"]["reached_at"]), half[i]);
        let requester = ticket["requester"]["email"].as_str().unwrap();
        check_reminded_once(&host, ticket, requester, due[i]);
    }

    // The link is the one of the solution, and is good for an answer.
    let mail = last_mail(&host, ANA, "Recordatorio");
    assert_eq!(mail.path("/surveys/"), Some(survey));
    let link = reminder(&host, &answered).path("/surveys/").unwrap();
    let satisfied = json!({ "solved": true, "rating": 5 });
    host.nobody().post(&link, &satisfied).must_be(200);
    let mail = reminder(&host, &unsurveyed);
    assert_eq!(mail.path("/surveys/"), None, "{}", mail.text);
    assert!(mail.text.contains("se reabre"), "{}", mail.text);

    // Then the time is over for those who did not answer.
    host.settle();
    sweep_in_vain(&host, due[0] - SECOND);
    let swept = sweep_ten_times(&host, due[2] + JUST_AFTER);
    assert_eq!(swept["timers_found"], 2, "{swept}");
    host.settle_within(LEASES);
    for ticket in [&silent, &unsurveyed] {
        let closed = staff.ticket(&ticket["number"]);
        assert_eq!(closed["status"], "closed");
        assert_eq!(closed["close_reason"], "validation_expired");
        let kinds = staff.event_kinds(&ticket["number"]);
        assert_eq!(kinds, [&reminded[..], &["closed"]].concat());
    }
    assert_eq!(
        staff.ticket(&answered["number"])["close_reason"],
        "satisfied"
    );
    let expected = [
        ("Solicitud registrada", ANA),
        ("Solicitud asignada a usted", assignee(&silent)),
        ("Solicitud resuelta", ANA),
        ("Recordatorio", ANA),
        ("Solicitud cerrada", ANA),
    ];
    check_letters(&host, &silent, &expected);

    closed_without_a_reminder(&host);
}

/// The sweep comes by when it is all over: nothing is left to be reminded of.
fn closed_without_a_reminder(host: &Host) {
    let ana = host.client(ANA);
    let late = solved(host, &ana, "plataforma", "Nadie pasó a tiempo");
    let due = time(&late["clocks"]["validation"]["due_at"]);
    let swept = sweep_ten_times(host, due + HOUR);
    assert_eq!(swept["timers_found"], 1, "{swept}");
    // Since half-way.
    assert_eq!(swept["timers_oldest_seconds"], (270 + 60) * 60, "{swept}");
    host.settle_within(LEASES);
    let kinds = ana.event_kinds(&late["number"]);
    assert_eq!(kinds, ["registered", "assigned", "resolved", "closed"]);
    let expected = [
        ("Solicitud registrada", ANA),
        ("Solicitud asignada a usted", assignee(&late)),
        ("Solicitud resuelta", ANA),
        ("Solicitud cerrada", ANA),
    ];
    check_letters(host, &late, &expected);
}

/// A request that was solved, and whose mails are out.
fn solved(host: &Host, requester: &Client, category: &str, title: &str) -> Value {
    let ticket = assigned(requester, category, title);
    let solved = host
        .client(assignee(&ticket))
        .command(&ticket["number"], "resolution", &solution())
        .must_be(200)
        .json();
    host.settle();
    solved
}

/// The reminder about a ticket.
fn reminder(host: &Host, ticket: &Value) -> Mail {
    let title = format!(": {}", ticket["title"].as_str().unwrap());
    let mut mails = host.mails();
    mails.retain(|mail| mail.kind() == "Recordatorio" && mail.subject.ends_with(&title));
    assert_eq!(mails.len(), 1, "{title}");
    mails.pop().unwrap()
}

#[track_caller]
fn check_reminded_once(host: &Host, ticket: &Value, requester: &str, due: Timestamp) {
    let mail = reminder(host, ticket);
    assert_eq!(mail.to, [requester]);
    assert!(mail.subject.contains("Recordatorio: valide la solución"));
    let until = format!("antes del {}", in_words(due));
    assert!(mail.text.contains(&until), "{until}: {}", mail.text);
    assert!(mail.text.contains("Se cambió el cable de red."));
}

/// Tickets whose steps are all due at once.
const BURST: usize = 500;

/// Requests that come in before and meanwhile.
const OTHERS: usize = 10;

/// How long a burst may take, on a machine that does other things besides.
const BURST_LIMIT: Duration = Duration::from_secs(60);

#[test]
fn after_an_hour_of_standstill_the_oldest_come_first_and_nobody_else_waits() {
    let host = Host::start_with(&FRIDAY);
    let luis = host.client(LUIS);
    let staff = host.client(AUDITOR);
    let tickets = at_once(8, |worker| {
        let mine = (worker..BURST).step_by(8);
        mine.map(|i| luis.register("redes", &format!("Solicitud {i}")))
            .collect::<Vec<_>>()
    });
    let mut tickets = tickets.concat();
    host.settle_within(BURST_LIMIT);
    let calm = register_in_turn(&host, "En calma");
    host.settle();
    let idle = waits(&host, &calm);
    tickets.extend(calm);
    tickets.sort_by_key(due_for_attention);

    // The newest first step is an hour late, and all others are later.
    let newest = due_for_attention(tickets.last().unwrap()) - MINUTE * 3;
    let swept = host.sweep(newest + HOUR);
    assert_eq!(swept["timers_found"], tickets.len(), "{swept}");
    assert_eq!(swept["timers_rung"], tickets.len(), "{swept}");
    let oldest = due_for_attention(&tickets[0]) - MINUTE * 3;
    let oldest = (newest + HOUR).duration_since(oldest).as_secs();
    assert_eq!(swept["timers_oldest_seconds"], oldest, "{swept}");
    let meanwhile = register_in_turn(&host, "Entretanto");
    host.settle_within(BURST_LIMIT);
    let busy = waits(&host, &meanwhile);

    // Each step once, in the history and by mail.
    let kinds = steps_of(&staff.ticket(&tickets[0]["number"])).map(|step| step.kind);
    let expected = [&["registered", "assigned"], &kinds[..]].concat();
    at_once(8, |worker| {
        for ticket in tickets.iter().skip(worker).step_by(8) {
            assert_eq!(staff.event_kinds(&ticket["number"]), expected);
        }
    });
    let mails = host.mails();
    let number = |mail: &Mail| mail.subject[8..14].parse::<u64>().unwrap();
    let mut letters: HashMap<u64, Vec<_>> = HashMap::new();
    for mail in &mails {
        let letter = (mail.kind(), mail.to.as_slice());
        letters.entry(number(mail)).or_default().push(letter);
    }
    for ticket in &tickets {
        let letters = &letters[&ticket["number"].as_u64().unwrap()];
        let different = BTreeSet::from_iter(letters);
        assert_eq!((letters.len(), different.len()), (8, 8), "{letters:?}");
    }

    // The oldest first: who is written to, ticket by ticket.
    let is_step = |mail: &&Mail| mail.kind().starts_with("El tiempo de");
    let mut told: Vec<u64> = mails.iter().filter(is_step).map(number).collect();
    let during: Vec<_> = mails.iter().filter(is_step).map(|m| m.sent_at).collect();
    let mut seen = BTreeSet::new();
    told.retain(|number| seen.insert(*number));
    let place: HashMap<_, _> = told.iter().zip(0_usize..).collect();
    let places: Vec<usize> = tickets
        .iter()
        .map(|ticket| place[&ticket["number"].as_u64().unwrap()])
        .collect();
    let mut moved: Vec<_> = (0..).zip(&places).map(|(i, p)| p.abs_diff(i)).collect();
    moved.sort_unstable();
    let (median_moved, most_moved) = (moved[moved.len() / 2], moved[moved.len() - 1]);
    let tenth = places.len() / 10;
    let last_of_the_oldest = places[..tenth].iter().max().unwrap();
    let first_of_the_newest = places[places.len() - tenth..].iter().min().unwrap();

    // Nobody else was in their way, nor they in anybody else's.
    let took = during[during.len() - 1].duration_since(during[0]);
    let within_it = meanwhile
        .iter()
        .filter(|ticket| time(&ticket["created_at"]) < during[during.len() - 1])
        .count();
    println!(
        "{} tickets, {} mails of steps in {took:#}; places moved: median {median_moved}, at most {most_moved}; \
         oldest tenth up to {last_of_the_oldest}, newest tenth from {first_of_the_newest}",
        tickets.len(),
        during.len(),
    );
    println!("from registration to assignment and to the mail, idle: {idle}");
    println!("the same meanwhile ({within_it} of {OTHERS} within it): {busy}");
    for waits in [&idle, &busy] {
        let longest = waits.assigned.iter().chain(&waits.mailed).max().unwrap();
        assert!(*longest < SECOND * 10, "{waits}");
    }

    // Nothing is left of what was due.
    let swept = host.sweep(newest + HOUR);
    assert_eq!(swept["timers_found"], OTHERS, "{swept}");

    // Two processes at once change places by a batch or two, and no more.
    assert!(median_moved <= tenth, "{median_moved}");
    assert!(most_moved <= 2 * tenth, "{most_moved}");
    assert!(
        last_of_the_oldest < first_of_the_newest,
        "{last_of_the_oldest} {first_of_the_newest}"
    );
}

/// When the attention time of a ticket runs out.
fn due_for_attention(ticket: &Value) -> Timestamp {
    time(&ticket["clocks"]["attention"]["due_at"])
}

/// Registers some requests one after the other, each when the one before is
/// assigned and the queues have got ahead or are empty.
fn register_in_turn(host: &Host, title: &str) -> Vec<Value> {
    let ana = host.client(ANA);
    let held = || {
        let queues = host.queues();
        queues.iter().map(|queue| queue.visible).sum::<u64>()
    };
    (0..OTHERS)
        .map(|i| {
            let ticket = assigned(&ana, "redes", &format!("{title} {i}"));
            let before = held();
            eventually("the queues get ahead", || {
                let now = held();
                (now == 0 || now.abs_diff(before) > 200).then_some(())
            });
            ticket
        })
        .collect()
}

/// How long requesters waited from registration, the shortest first.
struct Waits {
    assigned: Vec<SignedDuration>,
    mailed: Vec<SignedDuration>,
}

impl fmt::Display for Waits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [assigned, mailed] = [&self.assigned, &self.mailed].map(|waits| {
            let (median, most) = (waits[waits.len() / 2], waits[waits.len() - 1]);
            format!("median {median:#}, at most {most:#}")
        });
        write!(f, "assigned {assigned}; mailed {mailed}")
    }
}

fn waits(host: &Host, tickets: &[Value]) -> Waits {
    let mails = host.mails();
    let staff = host.client(AUDITOR);
    let since = |ticket: &Value, at: Timestamp| at.duration_since(time(&ticket["created_at"]));
    let mailed = tickets.iter().map(|ticket| {
        let number = ticket["number"].as_u64().unwrap();
        let subject = format!("[USPEC #{number:06}] Solicitud registrada");
        let mail = mails.iter().find(|mail| mail.subject.starts_with(&subject));
        since(ticket, mail.unwrap().sent_at)
    });
    let assigned = tickets
        .iter()
        .map(|ticket| since(ticket, time(&staff.events(&ticket["number"])[1]["at"])));
    Waits {
        assigned: sorted(assigned),
        mailed: sorted(mailed),
    }
}

fn sorted(waits: impl Iterator<Item = SignedDuration>) -> Vec<SignedDuration> {
    let mut waits: Vec<_> = waits.collect();
    waits.sort();
    waits
}
