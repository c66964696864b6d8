//! The activation tests of the sweep, over AWS in memory. It changes no ticket,
//! whatever it finds.

use in_process::people::{AGENT, COORDINATOR};
use in_process::{Case, Fault, Rows, Started, World, monday, now};
use serde_json::{Value, json};
use types::command::Command;
use types::effects::{Effect, MailKind, QueueName};
use types::{SignedDuration, Timestamp};

use super::Sweep;

/// One that is woken at the times that a test says.
async fn started(world: &World) -> Started<Sweep> {
    let ahead = [(cloud::clock::SWEEPS_AHEAD, "yes")];
    world.start_with("sla-sweep", &ahead).await
}

/// A tick that must succeed, and what it says it found and did.
async fn ticks(sweep: &Started<Sweep>, at: Timestamp) -> Value {
    sweep.ticks(at).await.unwrap()
}

/// All rows but the one that says how far numbers are accounted for.
fn but_the_audit(world: &World) -> Rows {
    let mut rows = world.rows();
    rows.0.remove(&("COUNTER".to_owned(), "AUDITED".to_owned()));
    rows
}

fn after(minutes: i64) -> Timestamp {
    monday() + SignedDuration::from_mins(minutes)
}

/// Registered on Monday at 08:00; nobody has been in touch, and all is told.
async fn waiting(world: &World) -> Case {
    let case = world.registered_at("plataforma", monday()).await;
    case.assigned_to(AGENT).await.settled().await
}

// --------------------------------------------------------------------- times

#[tokio::test]
async fn a_time_far_ahead_of_the_clock_is_refused() {
    let world = World::new().await;
    let _case = waiting(&world).await;
    // As in AWS: nothing in the template lets it.
    let sweep: Started<Sweep> = world.start("sla-sweep").await;
    let rows = world.rows();
    let hour = SignedDuration::from_hours(1);
    let minute = SignedDuration::from_mins(1);
    for ahead in [hour + minute, hour * 24, hour * 24 * 365] {
        let error = sweep.ticks(now() + ahead).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "the time of the sweep lies far ahead of the clock"
        );
    }
    world.must_still_have(&rows);
    assert_eq!(world.all_rung(), []);
    for at in [now(), now() + hour - minute, now() - hour * 24] {
        assert!(sweep.ticks(at).await.is_ok(), "{at}");
    }
}

// ------------------------------------------------------------------- timers

#[tokio::test]
async fn nothing_due() {
    let world = World::new().await;
    let sweep = started(&world).await;
    let swept = ticks(&sweep, monday()).await;
    world.must_still_have(&Rows::default());
    for count in [
        "outbox_found",
        "timers_found",
        "held_back",
        "numbers_voided",
    ] {
        assert_eq!(swept[count], 0, "{swept}");
    }
    waiting(&world).await;
    let rows = but_the_audit(&world);
    ticks(&sweep, after(1)).await;
    assert_eq!(world.all_rung(), []);
    but_the_audit(&world).must_be(&rows);
}

#[tokio::test]
async fn at_the_limit_and_beyond_it() {
    let world = World::new().await;
    let case = waiting(&world).await;
    let sweep = started(&world).await;
    let rows = but_the_audit(&world);
    // The first step of the attention clock is due at 08:12:00. What is due at the
    // very moment of a sweep is the next one's: it asks for what was due before.
    let millisecond = SignedDuration::from_millis(1);
    for at in [after(12) - millisecond, after(12)] {
        let swept = ticks(&sweep, at).await;
        assert_eq!(
            (&swept["timers_found"], world.all_rung()),
            (&json!(0), vec![]),
            "{at}"
        );
    }
    let beyond = after(12) + millisecond;
    let swept = ticks(&sweep, beyond).await;
    assert_eq!(swept["timers_rung"], 1);
    // It rings for the queue of whoever acts on it, with the time of the sweep.
    assert_eq!(
        world.all_rung(),
        [case.timer(beyond, QueueName::Escalation)]
    );
    but_the_audit(&world).must_be(&rows);
}

#[tokio::test]
async fn three_activations_in_a_row_ring_the_same_and_change_nothing() {
    let world = World::new().await;
    let case = waiting(&world).await;
    let sweep = started(&world).await;
    let mut rung = Vec::new();
    let rows = but_the_audit(&world);
    for _ in 0..3 {
        world.forget();
        ticks(&sweep, after(20)).await;
        rung.push(world.all_rung());
        but_the_audit(&world).must_be(&rows);
    }
    assert_eq!(
        rung,
        vec![vec![case.timer(after(20), QueueName::Escalation)]; 3]
    );
}

#[tokio::test]
async fn every_timer_goes_to_its_queue_the_oldest_first() {
    let world = World::new().await;
    let sweep = started(&world).await;
    // Of two the later registered is due first, and one waits for its validation.
    let later = world.registered_at("redes", after(5)).await.settled().await;
    let earlier = waiting(&world).await;
    let solved = waiting(&world).await.solved().await.settled().await;
    let swept = ticks(&sweep, after(60 * 24)).await;
    assert_eq!(swept["timers_rung"], 3);
    assert_eq!(swept["timers_oldest_seconds"], (60 * 24 - 12) * 60);
    let at = after(60 * 24);
    assert_eq!(
        world.rung(QueueName::Escalation),
        [
            earlier.timer(at, QueueName::Escalation),
            later.timer(at, QueueName::Escalation),
        ]
    );
    assert_eq!(
        world.rung(QueueName::Closure),
        [solved.timer(at, QueueName::Closure)]
    );
}

#[tokio::test]
async fn what_rests_or_is_closed_is_not_looked_at() {
    let world = World::new().await;
    let sweep = started(&world).await;
    let contact = Command::Contact {
        note: "Llamé".to_owned(),
    };
    // What waits for the requester is looked at when he has had his day, and not before.
    let case = waiting(&world).await.when(AGENT, contact).await;
    let held = case.held().await.settled().await;
    let next = held.ticket().await.next_timer().map(|timer| timer.at);
    assert_eq!(next, Some(after(9 * 60)));
    let closed = world.registered_at("redes", monday()).await;
    let closed = closed.assigned_to(AGENT).await.solved().await;
    closed.when(AGENT, Command::Close).await.settled().await;
    let swept = ticks(&sweep, after(9 * 60 - 1)).await;
    assert_eq!(swept["timers_found"], 0);
    assert_eq!(world.all_rung(), []);
    let swept = ticks(&sweep, after(60 * 24 * 30)).await;
    assert_eq!(swept["timers_found"], 1);
}

#[tokio::test]
async fn a_sweep_costs_what_is_due_and_not_what_is_open() {
    let world = World::new().await;
    let sweep = started(&world).await;
    // Numbers are accounted for once, a minute after they were noted.
    let seconds = |seconds| monday() + SignedDuration::from_secs(seconds);
    waiting(&world).await;
    ticks(&sweep, seconds(1)).await;
    ticks(&sweep, seconds(61)).await;
    let one = ticks(&sweep, seconds(62)).await;
    for _ in 0..30 {
        waiting(&world).await;
    }
    ticks(&sweep, seconds(120)).await;
    ticks(&sweep, seconds(180)).await;
    let many = ticks(&sweep, seconds(181)).await;
    assert_eq!(one["timers_found"], 0);
    assert_eq!(one["read_units"], many["read_units"]);
}

// ------------------------------------------------------------------- outbox

#[tokio::test]
async fn a_row_is_rung_for_once_it_is_too_old() {
    let world = World::new().await;
    let case = world.registered("plataforma").await;
    let sweep = started(&world).await;
    let rows = but_the_audit(&world);
    // Ten seconds by the template; somebody is likely to be at it before.
    let young = ticks(&sweep, now() + SignedDuration::from_secs(5)).await;
    assert_eq!(
        (&young["outbox_found"], world.all_rung()),
        (&json!(0), vec![])
    );
    let old = ticks(&sweep, now() + SignedDuration::from_secs(11)).await;
    assert_eq!(old["outbox_rung"], 2);
    let registered = Effect::Mail(MailKind::Registered);
    assert_eq!(
        world.rung(QueueName::Assignment),
        [case.owes(1, Effect::Assign)]
    );
    assert_eq!(
        world.rung(QueueName::Notification),
        [case.owes(1, registered)]
    );
    but_the_audit(&world).must_be(&rows);
}

#[tokio::test]
async fn what_is_parked_waits_for_a_person() {
    let world = World::new().await;
    let case = world.registered("plataforma").await;
    let sweep = started(&world).await;
    let pk = format!("TICKET#{}", case.id);
    let mut row = world.row(&pk, "OUTBOX#00000001#mail_registered");
    let fields = row.as_object_mut().unwrap();
    fields.remove("due_pk");
    fields.remove("due_sk");
    fields.insert("parked".to_owned(), json!({ "S": "MessageRejected" }));
    world.put_row(&row);
    ticks(&sweep, now() + SignedDuration::from_mins(5)).await;
    assert_eq!(world.all_rung(), [case.owes(1, Effect::Assign)]);
}

#[tokio::test]
async fn a_row_that_cannot_be_read_keeps_no_other_waiting() {
    let world = World::new().await;
    let case = world.registered("plataforma").await;
    let sweep = started(&world).await;
    let mut row = world.row(&format!("TICKET#{}", case.id), "OUTBOX#00000001#assign");
    row["sk"]["S"] = json!("OUTBOX#00000001#sing");
    world.put_row(&row);
    let swept = ticks(&sweep, now() + SignedDuration::from_mins(5)).await;
    assert_eq!(
        (&swept["outbox_found"], world.all_rung().len()),
        (&json!(2), 2)
    );
}

#[tokio::test]
async fn an_answer_that_is_owed_is_rung_for() {
    let world = World::new().await;
    let sweep = started(&world).await;
    world.put_row(&json!({
        "pk": { "S": "INBOUND#mail1" },
        "sk": { "S": "ANSWER" },
        "due_pk": { "S": "OUTBOX#1" },
        "due_sk": { "S": "2029-11-23T13:00:00.000Z#mail1" },
    }));
    ticks(&sweep, monday()).await;
    let answer = types::message::Doorbell::Answer {
        mail: types::ids::MailId("mail1".to_owned()),
    };
    assert_eq!(world.all_rung(), [answer]);
}

// ------------------------------------------------------------------- queues

#[tokio::test]
async fn a_queue_that_gives_everything_up_is_felt_for() {
    let world = World::new().await;
    for _ in 0..12 {
        waiting(&world).await;
    }
    let given_up = |count: usize, at: Timestamp| {
        for i in 0..count {
            world.put_row(&json!({
                "pk": { "S": "GIVENUP#escalation" },
                "sk": { "S": format!("{at:.3}#message-{i}") },
            }));
        }
    };
    // Long ago, or few of them: that is nothing.
    given_up(60, now() - SignedDuration::from_mins(11));
    given_up(49, now());
    let sweep = started(&world).await;
    let swept = ticks(&sweep, after(15)).await;
    assert_eq!(
        (&swept["timers_rung"], &swept["held_back"]),
        (&json!(12), &json!(0))
    );
    // Lately, and many.
    world.forget();
    given_up(50, now());
    let swept = ticks(&sweep, after(15)).await;
    assert_eq!(
        (&swept["timers_rung"], &swept["held_back"]),
        (&json!(10), &json!(2))
    );
    // They are still there: nothing more is sent after them.
    world.backlog(QueueName::Escalation, 10);
    let swept = ticks(&sweep, after(15)).await;
    assert_eq!(
        (&swept["timers_rung"], &swept["held_back"]),
        (&json!(0), &json!(12))
    );
}

#[tokio::test]
async fn a_queue_that_has_enough_to_do_is_not_rung_on() {
    let world = World::new().await;
    let one = waiting(&world).await;
    world.registered_at("redes", after(1)).await.settled().await;
    let sweep = started(&world).await;
    world.backlog(QueueName::Escalation, 2_000);
    let swept = ticks(&sweep, after(15)).await;
    assert_eq!(
        (&swept["held_back"], &swept["timers_rung"]),
        (&json!(2), &json!(0))
    );
    assert_eq!(world.all_rung(), []);
    // There is room for the oldest.
    world.backlog(QueueName::Escalation, 1_999);
    let swept = ticks(&sweep, after(15)).await;
    assert_eq!(
        (&swept["held_back"], &swept["timers_rung"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(
        world.all_rung(),
        [one.timer(after(15), QueueName::Escalation)]
    );
}

#[tokio::test]
async fn a_queue_that_does_not_answer_is_rung_on_the_next_time() {
    let world = World::new().await;
    waiting(&world).await;
    let sweep = started(&world).await;
    world.fails("GetQueueAttributes", 0..3, Fault::Failed);
    world.fails("SendMessage", 0..3, Fault::Failed);
    let swept = ticks(&sweep, after(13)).await;
    assert_eq!(
        (&swept["timers_found"], &swept["timers_rung"]),
        (&json!(1), &json!(0))
    );
    let swept = ticks(&sweep, after(14)).await;
    assert_eq!(swept["timers_rung"], 1);
}

#[tokio::test]
async fn a_table_that_does_not_answer_fails_the_sweep() {
    let world = World::new().await;
    waiting(&world).await;
    let sweep = started(&world).await;
    world.fails("Query", 0..3, Fault::Throttled);
    let failed = sweep.ticks(after(13)).await.unwrap_err();
    assert_eq!(failed.to_string(), "the sweep did not come to its end");
    assert_eq!(world.all_rung(), []);
}

// ------------------------------------------------------------------ numbers

#[tokio::test]
async fn a_number_that_stands_for_nothing_is_void_after_a_minute() {
    let world = World::new().await;
    let sweep = started(&world).await;
    let case = world.registered("plataforma").await;
    world.takes_number().await;
    // It is noted, and may still become a ticket.
    assert_eq!(ticks(&sweep, after(0)).await["numbers_voided"], 0);
    let soon = after(1) - SignedDuration::from_millis(1);
    assert_eq!(ticks(&sweep, soon).await["numbers_voided"], 0);
    assert!(world.row("NUMBER#2", "NUMBER").is_null());
    assert_eq!(ticks(&sweep, after(1)).await["numbers_voided"], 1);
    assert!(world.row("NUMBER#2", "NUMBER")["void_since"].is_object());
    // The one that stands for a ticket still does.
    assert_eq!(
        world.row("NUMBER#1", "NUMBER")["ticket"]["S"],
        case.id.to_string()
    );
    // Accounted for is accounted for.
    let rows = world.rows();
    assert_eq!(ticks(&sweep, after(5)).await["numbers_voided"], 0);
    world.must_still_have(&rows);
}

#[tokio::test]
async fn a_ticket_that_is_written_right_then_keeps_its_number() {
    let world = World::new().await;
    let sweep = started(&world).await;
    world.takes_number().await;
    ticks(&sweep, after(0)).await;
    let other = world.clone();
    world.meanwhile("PutItem", 0, async move {
        other.put_row(&json!({
            "pk": { "S": "NUMBER#1" },
            "sk": { "S": "NUMBER" },
            "ticket": { "S": "01ARZ3NDEKTSV4RRFFQ69G5FAV" },
        }));
    });
    assert_eq!(ticks(&sweep, after(2)).await["numbers_voided"], 0);
    assert!(world.row("NUMBER#1", "NUMBER")["void_since"].is_null());
}

// ------------------------------------------------------------- accounts and reviews

/// A day that many days from now, on which a contract ends.
fn in_days(count: i64) -> types::Date {
    types::mail::day(now() + SignedDuration::from_hours(24 * count))
}

#[tokio::test]
async fn accounts_that_end_are_rung_for_once_they_are_due() {
    let world = World::new().await;
    let sweep = started(&world).await;
    let person = world
        .has_accounts("52345618", COORDINATOR, in_days(400))
        .await;
    let at = person.closing.unwrap().at;
    let millisecond = SignedDuration::from_millis(1);
    let rows = but_the_audit(&world);
    let ending = |at| types::message::Doorbell::Ending {
        holder: person.id.clone(),
        at,
    };
    let rung = |world: &World| {
        let rung = world.rung(QueueName::Intake).into_iter();
        // The matrix is gone through from its first row on.
        rung.filter(|bell| !matches!(bell, types::message::Doorbell::Reviews { .. }))
            .collect::<Vec<_>>()
    };
    ticks(&sweep, at).await;
    assert_eq!(rung(&world), []);
    // After an hour or a week in which nobody swept, and three times in a row.
    for late in [0, 60, 60 * 24 * 7] {
        for _ in 0..3 {
            world.forget();
            let at = at + millisecond + SignedDuration::from_mins(late);
            ticks(&sweep, at).await;
            assert_eq!(rung(&world), [ending(at)]);
        }
    }
    but_the_audit(&world).must_be(&rows);
}

#[tokio::test]
async fn the_matrix_is_gone_through_where_there_is_somebody() {
    let world = World::new().await;
    let sweep = started(&world).await;
    ticks(&sweep, now()).await;
    assert_eq!(world.all_rung(), []);
    world
        .has_accounts("52345618", COORDINATOR, in_days(400))
        .await;
    let at = now() + SignedDuration::from_mins(1);
    ticks(&sweep, at).await;
    assert_eq!(world.all_rung(), [types::message::Doorbell::Reviews { at }]);
}

#[tokio::test]
async fn a_sweep_costs_what_is_due_and_not_what_is_kept() {
    let world = World::new().await;
    let sweep = started(&world).await;
    world
        .has_accounts("52345618", COORDINATOR, in_days(400))
        .await;
    let at = now() + SignedDuration::from_mins(1);
    let few = ticks(&sweep, at).await;
    for person in 0..150 {
        let document = format!("10{person:06}");
        world
            .has_accounts(&document, COORDINATOR, in_days(400))
            .await;
    }
    let many = ticks(&sweep, at).await;
    assert_eq!(few["read_units"], many["read_units"]);
    assert_eq!(many["timers_found"], 1);
}
