//! Assigning by hand and by the queue, over AWS in memory.

use std::time::Duration;

use in_process::people::{AGENT, COLLEAGUE, COORDINATOR, LUIS, OFFICER, PRINTER, THIRD, address};
use in_process::{Case, Fault, Message, Started, World, now, post};
use serde_json::json;
use types::SignedDuration;
use types::calendar::{CalendarDefinition, ClosureDefinition};
use types::command::Command;
use types::effects::{Effect, MailKind, QueueName};
use types::ids::CalendarId;
use types::message::Doorbell;
use types::ticket::{State, Visibility};

use super::Assignment;

const QUEUE: QueueName = QueueName::Assignment;

async fn started(world: &World) -> Started<Assignment> {
    world.start("assignment").await
}

/// The doorbell of a ticket that was just registered.
fn bell(case: &Case) -> types::message::Doorbell {
    case.owes(1, Effect::Assign)
}

async fn assignee(case: &Case) -> Option<String> {
    let ticket = case.ticket().await;
    ticket.assignee.map(|agent| agent.email.to_string())
}

// ------------------------------------------------------------------ by hand

#[tokio::test]
async fn an_agent_takes_what_is_new() {
    let world = World::new().await;
    let case = world.registered("plataforma").await;
    let assignment = started(&world).await;
    let request = post(case.path("/assignment")).by(AGENT).json(json!({}));
    let view = assignment.answers(&request).await.must_be(200);
    assert_eq!(
        (&view["status"], &view["assignee"]["email"]),
        (&json!("assigned"), &json!(AGENT))
    );
    assert_eq!(case.kinds().await, ["registered", "assigned"]);
    // The row that asked for somebody is left for the queue to strike off. He knows what
    // he took.
    assert_eq!(case.owed(), ["1 assign", "1 mail_registered"]);
    assert_eq!(world.load(AGENT), 1);
    assert_eq!(world.all_rung(), []);
}

#[tokio::test]
async fn a_step_is_one_consistent_read_a_transaction_and_a_message() {
    let world = World::new().await;
    let case = world.assigned("plataforma").await;
    let assignment = started(&world).await;
    let path = format!("/tickets/{}/assignment", case.id);
    let to = |agent: &str| {
        post(path.as_str())
            .by(COORDINATOR)
            .json(json!({ "agent": agent }))
    };
    // The catalogue is read once in five seconds.
    assignment.answers(&to(COLLEAGUE)).await.must_be(200);
    world.forget();
    assignment.answers(&to(THIRD)).await.must_be(200);
    assert_eq!(
        world.operations(),
        ["GetItem", "TransactWriteItems", "SendMessageBatch"]
    );
    let calls = world.calls();
    assert_eq!(calls[0].request["ConsistentRead"], true);
    world.forget();
    // With a key there is one more look.
    assignment.answers(&to(AGENT).key("k")).await.must_be(200);
    let operations = world.operations();
    assert_eq!(
        operations,
        [
            "GetItem",
            "GetItem",
            "TransactWriteItems",
            "SendMessageBatch"
        ]
    );
    // By its number a ticket is found first.
    world.forget();
    let body = json!({ "agent": COLLEAGUE });
    let request = post(case.path("/assignment")).by(COORDINATOR).json(body);
    assignment.answers(&request).await.must_be(200);
    let operations = world.operations();
    assert_eq!(
        operations,
        [
            "GetItem",
            "GetItem",
            "TransactWriteItems",
            "SendMessageBatch"
        ]
    );
}

#[tokio::test]
async fn a_colleague_takes_it_over_and_whoever_had_it_is_told() {
    let world = World::new().await;
    let minutes_ago = now() - SignedDuration::from_mins(3);
    let case = world.registered_at("plataforma", minutes_ago).await;
    let case = case.assigned_to(AGENT).await;
    let assignment = started(&world).await;
    let due = case.ticket().await.clocks.solution.due_at;
    let take = |by| post(case.path("/assignment")).by(by).json(json!({}));
    // Of another team, he does not learn that it exists.
    let refused = assignment.answers(&take(PRINTER)).await;
    refused.must_refuse(404, "not_found");
    // Whoever has it has what he asks for: nothing changes.
    let version = case.ticket().await.version;
    let view = assignment.answers(&take(AGENT)).await.must_be(200);
    assert_eq!(view["version"], version);
    assert_eq!(case.ticket().await.version, version);
    let view = assignment.answers(&take(COLLEAGUE)).await.must_be(200);
    assert_eq!(view["assignee"]["email"], COLLEAGUE);
    let owed = case.owed();
    for kind in ["mail_assigned", "mail_reassigned"] {
        assert!(owed.iter().any(|owed| owed.ends_with(kind)), "{owed:?}");
    }
    let ticket = case.ticket().await;
    assert_eq!(ticket.clocks.solution.due_at, due);
    assert_eq!((world.load(AGENT), world.load(COLLEAGUE)), (0, 1));
    // Who still sees it as the first one's does not take it from the second.
    let body = json!({ "expected_version": version });
    let late = post(case.path("/assignment")).by(THIRD).json(body);
    let refused = assignment.answers(&late).await;
    refused.must_refuse(409, "version_conflict");
}

#[tokio::test]
async fn the_load_goes_with_the_ticket() {
    let world = World::new().await;
    let case = world.assigned("plataforma").await;
    let assignment = started(&world).await;
    assert_eq!((world.load(AGENT), world.load(COLLEAGUE)), (1, 0));
    let body = json!({ "agent": COLLEAGUE });
    let request = post(case.path("/assignment")).by(COORDINATOR).json(body);
    assignment.answers(&request).await.must_be(200);
    assert_eq!((world.load(AGENT), world.load(COLLEAGUE)), (0, 1));
    assert_eq!(assignee(&case).await.as_deref(), Some(COLLEAGUE));
}

#[tokio::test]
async fn only_a_coordinator_assigns_to_others() {
    let world = World::new().await;
    let case = world.registered("plataforma").await;
    let assignment = started(&world).await;
    let to = |by, agent: &str| {
        let body = json!({ "agent": agent });
        post(case.path("/assignment")).by(by).json(body)
    };
    let before = world.rows();
    for (by, agent, status, code) in [
        (AGENT, COLLEAGUE, 403, "forbidden"),
        // Who may not read it does not learn that it exists.
        (LUIS, AGENT, 404, "not_found"),
        (PRINTER, PRINTER, 404, "not_found"),
        // Nobody of the desk.
        (COORDINATOR, OFFICER, 422, "validation_failed"),
        (COORDINATOR, "nadie", 422, "validation_failed"),
    ] {
        assignment
            .answers(&to(by, agent))
            .await
            .must_refuse(status, code);
        world.must_still_have(&before);
    }
    let view = assignment
        .answers(&to(COORDINATOR, COLLEAGUE))
        .await
        .must_be(200);
    assert_eq!(view["assignee"]["email"], COLLEAGUE);
}

#[tokio::test]
async fn who_decided_on_an_older_version_is_told() {
    let world = World::new().await;
    let case = world.assigned("plataforma").await;
    let assignment = started(&world).await;
    let contact = |version: u64| {
        let body = json!({ "note": "Llamé a la usuaria", "expected_version": version });
        post(case.path("/contact")).by(AGENT).json(body)
    };
    let before = world.rows();
    assignment
        .answers(&contact(1))
        .await
        .must_refuse(409, "version_conflict");
    world.must_still_have(&before);
    let view = assignment.answers(&contact(2)).await.must_be(200);
    assert_eq!(
        (&view["version"], &view["clocks"]["attention"]["state"]),
        (&json!(3), &json!("met"))
    );
}

#[tokio::test]
async fn a_ticket_of_another_category_goes_to_its_team() {
    let world = World::new().await;
    let case = world.assigned("plataforma").await;
    let assignment = started(&world).await;
    let to = |category: &str| {
        let body = json!({ "category": category });
        post(case.path("/category")).by(AGENT).json(body)
    };
    let problem = assignment
        .answers(&to("cocina"))
        .await
        .must_refuse(422, "validation_failed");
    assert_eq!(problem["errors"][0]["field"], "category");
    let view = assignment.answers(&to("impresion")).await.must_be(200);
    assert_eq!(view["team"], "impresion");
    let row = world.row(&format!("TICKET#{}", case.id), "TICKET");
    assert_eq!(row["team_pk"]["S"], "TEAM#impresion#new");
}

#[tokio::test]
async fn somebody_who_was_faster_is_seen() {
    let world = World::new().await;
    let case = world.registered("plataforma").await;
    let assignment = started(&world).await;
    // Right before the transaction a colleague follows up: it is decided again.
    let other = case.clone();
    world.meanwhile("TransactWriteItems", 0, async move {
        let follow_up = Command::FollowUp {
            body: "Lo reviso".to_owned(),
            visibility: Visibility::Internal,
        };
        other.when(COLLEAGUE, follow_up).await;
    });
    let request = post(case.path("/assignment")).by(AGENT).json(json!({}));
    assignment.answers(&request).await.must_be(200);
    assert_eq!(
        case.kinds().await,
        ["registered", "followed_up", "assigned"]
    );

    // Right before the next it is declined: there is nothing left to take.
    let case = world.registered("plataforma").await;
    let other = case.clone();
    world.meanwhile("TransactWriteItems", 0, async move {
        let decline = Command::Decline {
            reason: "No es de la Mesa".to_owned(),
        };
        other.when(COLLEAGUE, decline).await;
    });
    let request = post(case.path("/assignment")).by(AGENT).json(json!({}));
    let answer = assignment.answers(&request).await;
    answer.must_refuse(409, "invalid_transition");
    assert_eq!(case.ticket().await.state, State::Solved);
}

#[tokio::test]
async fn the_same_request_is_carried_out_once() {
    let world = World::new().await;
    let case = world.assigned("plataforma").await;
    let assignment = started(&world).await;
    let contact = |note: &str| {
        let body = json!({ "note": note });
        post(case.path("/contact")).by(AGENT).key("k").json(body)
    };
    let first = assignment.answers(&contact("Llamé")).await.must_be(200);
    let rows = world.rows();
    let again = assignment.answers(&contact("Llamé")).await.must_be(200);
    assert_eq!(
        (again["version"].clone(), &again["status"]),
        (first["version"].clone(), &first["status"])
    );
    world.must_still_have(&rows);
    let other = assignment.answers(&contact("No llamé")).await;
    other.must_refuse(422, "idempotency_mismatch");

    // Its answer was lost between us and the table: it is answered from what was
    // written, and not carried out again.
    world.fails("TransactWriteItems", 0..1, Fault::Lost);
    let body = json!({ "note": "Segunda llamada" });
    let request = post(case.path("/contact")).by(AGENT).key("l").json(body);
    assignment.answers(&request).await.must_be(200);
    assert_eq!(
        case.kinds().await,
        ["registered", "assigned", "contacted", "contacted"]
    );
}

// ------------------------------------------------------------ by the queue

#[tokio::test]
async fn the_least_loaded_gets_it_and_is_told() {
    let world = World::new().await;
    world.assigned("plataforma").await;
    let other = world.registered("plataforma").await;
    other.assigned_to(COLLEAGUE).await;
    let case = world.registered("plataforma").await;
    let assignment = started(&world).await;
    assignment.works(QUEUE, &[bell(&case)]).await.must_be_done();

    assert_eq!(assignee(&case).await.as_deref(), Some(THIRD));
    assert_eq!(case.kinds().await, ["registered", "assigned"]);
    assert_eq!(case.owed(), ["1 mail_registered", "2 mail_assigned"]);
    assert_eq!(world.load(THIRD), 1);
    assert_eq!(
        world.rung(QueueName::Notification),
        [case.owes(2, Effect::Mail(MailKind::Assigned))]
    );
    assert_eq!(world.rung(QUEUE), []);
}

#[tokio::test]
async fn a_batch_is_read_in_one_call_and_dealt_out_in_turn() {
    let world = World::new().await;
    let mut cases = Vec::new();
    for _ in 0..4 {
        cases.push(world.registered("plataforma").await);
    }
    let assignment = started(&world).await;
    let bells: Vec<_> = cases.iter().map(bell).collect();
    assignment.works(QUEUE, &bells).await.must_be_done();
    let mut agents = Vec::new();
    for case in &cases {
        agents.push(assignee(case).await.unwrap());
    }
    // Nobody has anything: the directory's order; then whoever waited longest.
    assert_eq!(agents, [AGENT, COLLEAGUE, THIRD, AGENT]);
    // One look at the rows, the catalogue and the loads, whatever the batch holds;
    // and one message for all that is owed.
    let operations = world.operations();
    let count = |what: &str| operations.iter().filter(|o| *o == what).count();
    assert_eq!(count("BatchGetItem"), 2);
    assert_eq!(count("GetItem"), 1);
    assert_eq!(count("TransactWriteItems"), 4);
    assert_eq!(count("SendMessageBatch"), 1);
    assert_eq!(operations.len(), 8);
}

#[tokio::test]
async fn who_solved_his_ticket_is_next() {
    let world = World::new().await;
    for agent in [AGENT, COLLEAGUE, THIRD] {
        world
            .registered("plataforma")
            .await
            .assigned_to(agent)
            .await;
    }
    let solved = Command::Resolve {
        solution: "Listo".to_owned(),
    };
    let tickets = world.tickets().await;
    world.case(&tickets[1]).when(COLLEAGUE, solved).await;
    let case = world.registered("plataforma").await;
    let assignment = started(&world).await;
    assignment.works(QUEUE, &[bell(&case)]).await.must_be_done();
    assert_eq!(assignee(&case).await.as_deref(), Some(COLLEAGUE));
}

#[tokio::test]
async fn whoever_is_away_is_passed_over_by_name() {
    let world = World::new().await;
    world.away(&[AGENT]).await;
    let case = world.registered("plataforma").await;
    let assignment = started(&world).await;
    assignment.works(QUEUE, &[bell(&case)]).await.must_be_done();
    assert_eq!(assignee(&case).await.as_deref(), Some(COLLEAGUE));
    let events = case.events().await;
    let types::ticket::EventKind::Assigned {
        automatic, away, ..
    } = &events[1].kind
    else {
        panic!("{events:?}")
    };
    assert!(*automatic);
    assert_eq!(*away, [address(AGENT)]);
}

#[tokio::test]
async fn that_nobody_is_available_is_recorded_once_and_the_row_stays() {
    let world = World::new().await;
    world.away(&[AGENT, COLLEAGUE, THIRD]).await;
    let case = world.registered("plataforma").await;
    let assignment = started(&world).await;
    assignment.works(QUEUE, &[bell(&case)]).await.must_be_done();
    assert_eq!(case.kinds().await, ["registered", "assignment_deferred"]);
    // The sweep rings for the row until somebody is there.
    assert_eq!(
        case.owed(),
        ["1 assign", "1 mail_registered", "2 mail_unassigned"]
    );
    assert_eq!(
        world.all_rung(),
        [case.owes(2, Effect::Mail(MailKind::Unassigned))]
    );

    // It is tried again, and all that is written is that it waits from then on.
    let since = |world: &World| {
        let row = world.row(&format!("TICKET#{}", case.id), "OUTBOX#00000001#assign");
        row["due_sk"]["S"].as_str().unwrap().to_owned()
    };
    let before = (case.kinds().await, case.owed(), since(&world));
    world.forget();
    assignment.works(QUEUE, &[bell(&case)]).await.must_be_done();
    assert_eq!((case.kinds().await, case.owed()), (before.0, before.1));
    assert!(since(&world) > before.2);
    assert_eq!(world.all_rung(), []);

    // Somebody is back: a process that has not kept the catalogue sees it.
    world.away(&[]).await;
    let assignment = started(&world).await;
    assignment.works(QUEUE, &[bell(&case)]).await.must_be_done();
    assert_eq!(
        case.kinds().await,
        ["registered", "assignment_deferred", "assigned"]
    );
    assert_eq!(
        case.owed(),
        ["1 mail_registered", "2 mail_unassigned", "3 mail_assigned"]
    );
}

#[tokio::test]
async fn a_load_that_changed_in_between_is_read_again() {
    // On somebody's first ticket, and on a later one.
    for had in [0, 1] {
        let world = World::new().await;
        for _ in 0..had {
            for agent in [AGENT, COLLEAGUE, THIRD] {
                let case = world.registered("plataforma").await;
                case.assigned_to(agent).await;
            }
        }
        let case = world.registered("plataforma").await;
        let assignment = started(&world).await;
        // Another batch gives the chosen agent something right before.
        let other = world.clone();
        world.meanwhile("TransactWriteItems", 0, async move {
            let case = other.registered("plataforma").await;
            case.assigned_to(AGENT).await;
        });
        assignment.works(QUEUE, &[bell(&case)]).await.must_be_done();
        assert_eq!(assignee(&case).await.as_deref(), Some(COLLEAGUE), "{had}");
        let loads = (world.load(AGENT), world.load(COLLEAGUE));
        assert_eq!(loads, (had + 1, had + 1));
    }
}

#[tokio::test]
async fn what_somebody_took_before_its_turn_is_left_to_him() {
    let world = World::new().await;
    // Before the batch is read, and right before it is written.
    let before = world.registered("plataforma").await;
    let during = world.registered("plataforma").await;
    let assignment = started(&world).await;
    let request = post(before.path("/assignment"))
        .by(COLLEAGUE)
        .json(json!({}));
    assignment.answers(&request).await.must_be(200);
    let other = during.clone();
    world.meanwhile("TransactWriteItems", 0, async move {
        // What asks for somebody stays, as it does where he takes it.
        other.when_owing(COLLEAGUE, Command::Take).await;
    });
    let bells = [bell(&before), bell(&during)];
    assignment.works(QUEUE, &bells).await.must_be_done();
    for case in [&before, &during] {
        assert_eq!(case.kinds().await, ["registered", "assigned"]);
        assert_eq!(assignee(case).await.as_deref(), Some(COLLEAGUE));
        assert!(
            !case.owed().contains(&"1 assign".to_owned()),
            "{:?}",
            case.owed()
        );
    }
    assert_eq!((world.load(COLLEAGUE), world.load(AGENT)), (2, 0));
}

#[tokio::test]
async fn a_doorbell_that_comes_twice_assigns_once_and_rings_for_what_is_owed() {
    let world = World::new().await;
    let case = world.registered("plataforma").await;
    let assignment = started(&world).await;
    assignment
        .works(QUEUE, &[bell(&case), bell(&case)])
        .await
        .must_be_done();
    assert_eq!(case.kinds().await, ["registered", "assigned"]);
    assert_eq!(world.load(AGENT), 1);
    world.forget();
    // Whoever did it may have died before he rang.
    assignment.works(QUEUE, &[bell(&case)]).await.must_be_done();
    assert_eq!(case.kinds().await, ["registered", "assigned"]);
    let mail = |seq, kind| case.owes(seq, Effect::Mail(kind));
    assert_eq!(
        world.all_rung(),
        [mail(1, MailKind::Registered), mail(2, MailKind::Assigned)]
    );
}

#[tokio::test]
async fn an_answer_that_is_lost_assigns_once() {
    let world = World::new().await;
    let case = world.registered("plataforma").await;
    let assignment = started(&world).await;
    world.fails("TransactWriteItems", 0..1, Fault::Lost);
    assignment.works(QUEUE, &[bell(&case)]).await.must_be_done();
    assert_eq!(case.kinds().await, ["registered", "assigned"]);
    assert_eq!(world.load(AGENT), 1);
    assert_eq!(case.owed(), ["1 mail_registered", "2 mail_assigned"]);
}

#[tokio::test]
async fn one_message_fails_and_leaves_its_neighbours_alone() {
    let world = World::new().await;
    let (good, bad) = (
        world.registered("plataforma").await,
        world.registered("redes").await,
    );
    let assignment = started(&world).await;
    // The first transaction is throttled at each of the SDK's three attempts.
    world.fails("TransactWriteItems", 0..3, Fault::Throttled);
    let worked = assignment.works(QUEUE, &[bell(&bad), bell(&good)]).await;
    assert_eq!(worked.failed, [0]);
    assert_eq!(assignee(&bad).await, None);
    assert_eq!(assignee(&good).await.as_deref(), Some(AGENT));
    // It comes back, and is done.
    assignment.works(QUEUE, &[bell(&bad)]).await.must_be_done();
    assert_eq!(assignee(&bad).await.as_deref(), Some(COLLEAGUE));
    assert_eq!(world.rows_of("GIVENUP#").len(), 0);
}

#[tokio::test]
async fn poison_comes_back_and_its_last_try_is_on_record() {
    let world = World::new().await;
    let case = world.registered("plataforma").await;
    let assignment = started(&world).await;
    let misplaced = Message::from(&case.owes(1, Effect::Mail(MailKind::Registered)));
    let unreadable = Message::of("hola");
    let from_tomorrow = Message::of(r#"{"v":9,"kind":"news"}"#);
    let good = Message::from(&bell(&case));
    let messages = [misplaced.clone(), unreadable.clone(), from_tomorrow, good];
    let worked = assignment.receives(QUEUE, &messages).await;
    assert_eq!(worked.failed, [0, 1, 2]);
    assert_eq!(assignee(&case).await.as_deref(), Some(AGENT));
    assert_eq!(world.rows_of("GIVENUP#").len(), 0);

    let last = [
        misplaced.for_the_last_time(),
        unreadable.for_the_last_time(),
    ];
    assert_eq!(assignment.receives(QUEUE, &last).await.failed, [0, 1]);
    let given_up = world.rows_of("GIVENUP#assignment");
    let mut found: Vec<_> = given_up
        .iter()
        .map(|row| {
            (
                row["class"]["S"].as_str().unwrap(),
                row["reason"]["S"].as_str().unwrap(),
            )
        })
        .collect();
    found.sort_unstable();
    assert_eq!(
        found[0],
        ("poison", "mail_registered is not for this queue")
    );
    assert!(
        found[1].1.starts_with("the message cannot be read"),
        "{found:?}"
    );
}

#[tokio::test]
async fn nothing_is_begun_that_the_time_is_not_enough_for() {
    let world = World::new().await;
    let case = world.registered("plataforma").await;
    let assignment = started(&world).await;
    let messages = [Message::from(&bell(&case))];
    let little = Duration::from_secs(2);
    let worked = assignment
        .receives_within(little, "AssignmentQueue", &messages)
        .await;
    assert_eq!(worked.failed, [0]);
    assert_eq!(assignee(&case).await, None);
    // It is there again at once.
    assert_eq!(world.hidden(), [1]);
}

#[tokio::test]
async fn a_batch_that_cannot_be_looked_up_comes_back_whole() {
    let world = World::new().await;
    let (one, other) = (
        world.registered("redes").await,
        world.registered("redes").await,
    );
    let assignment = started(&world).await;
    world.fails("BatchGetItem", 0..3, Fault::Failed);
    let worked = assignment.works(QUEUE, &[bell(&one), bell(&other)]).await;
    assert_eq!(worked.failed, [0, 1]);
    assert_eq!((assignee(&one).await, assignee(&other).await), (None, None));
}

// -------------------------------------------------------------- a new catalogue

/// The doorbell of a version of the catalogue.
fn looked_after(version: u64) -> [Doorbell; 1] {
    [Doorbell::HandOver { version }]
}

#[tokio::test]
async fn who_goes_away_gives_up_what_he_has() {
    let world = World::new().await;
    let (his, other) = (
        world
            .registered("plataforma")
            .await
            .assigned_to(AGENT)
            .await,
        world
            .registered("plataforma")
            .await
            .assigned_to(COLLEAGUE)
            .await,
    );
    world.away(&[AGENT]).await;
    assert_eq!(world.rung(QUEUE), looked_after(1));
    let assignment = started(&world).await;
    let worked = assignment.works(QUEUE, &looked_after(1)).await;
    worked.must_be_done();
    assert_eq!(his.kinds().await, ["registered", "assigned", "released"]);
    assert_eq!(assignee(&his).await, None);
    assert_eq!(other.kinds().await, ["registered", "assigned"]);
    // Once more, it is as it is; and somebody else gets it.
    let bells = [looked_after(1)[0].clone(), his.owes(3, Effect::Assign)];
    assignment.works(QUEUE, &bells).await.must_be_done();
    assert_eq!(assignee(&his).await.as_deref(), Some(THIRD));
    assert_eq!(his.kinds().await.len(), 4);
}

#[tokio::test]
async fn who_is_back_keeps_what_he_has() {
    let world = World::new().await;
    world.away(&[AGENT]).await;
    let assignment = started(&world).await;
    // It knows by now that he is away.
    let worked = assignment.works(QUEUE, &looked_after(1)).await;
    worked.must_be_done();
    world.away(&[]).await;
    let his = world
        .registered("plataforma")
        .await
        .assigned_to(AGENT)
        .await;
    assignment
        .works(QUEUE, &looked_after(1))
        .await
        .must_be_done();
    assert_eq!(his.kinds().await, ["registered", "assigned"]);
    assert_eq!(assignee(&his).await.as_deref(), Some(AGENT));
}

#[tokio::test]
async fn hours_that_come_nearer_are_seen_before_the_old_ones_are_over() {
    let world = World::new().await;
    let habil = CalendarId::from("habil");
    let day = |days: i64| {
        let day = now() + SignedDuration::from_hours(24 * days);
        day.to_string().chars().take(10).collect::<String>()
    };
    let closed = ClosureDefinition {
        name: "Cierre".to_owned(),
        from: day(-1),
        to: Some(day(9)),
        yearly: false,
    };
    world
        .catalogue(|document| {
            let hours = document.calendars.get_mut(&habil).unwrap();
            hours.closures.push(closed);
        })
        .await;
    let case = world
        .registered("plataforma")
        .await
        .assigned_to(AGENT)
        .await;
    let due = |ticket: &types::ticket::Ticket| ticket.clocks.solution.due_at.unwrap();
    let before = case.ticket().await;
    assert!(due(&before) > now() + SignedDuration::from_hours(24 * 7));
    world
        .catalogue(|document| {
            let always = CalendarDefinition {
                always: true,
                ..CalendarDefinition::default()
            };
            document.calendars.insert(habil, always);
        })
        .await;
    let assignment = started(&world).await;
    assignment
        .works(QUEUE, &looked_after(2))
        .await
        .must_be_done();
    let after = case.ticket().await;
    assert!(due(&after) < now() + SignedDuration::from_hours(1));
    assert!(case.kinds().await.contains(&"hours_changed"));
    // Nothing is left to reckon.
    assignment
        .works(QUEUE, &looked_after(2))
        .await
        .must_be_done();
    assert_eq!(case.ticket().await.version, after.version);
}

/// When the accounts of people are to be asked for is reckoned by hours, too.
#[tokio::test]
async fn other_hours_have_the_matrix_gone_through() {
    let world = World::new().await;
    let end = types::mail::day(in_process::now() + types::SignedDuration::from_hours(24 * 90));
    world.has_accounts("52345618", COORDINATOR, end).await;
    let due = || async { world.review_schedule().await.unwrap().due };
    let armed = due().await;
    // Somebody went through it; it is due again next quarter.
    let key = ("REVIEWS", "NEXT");
    let mut row = world.row(key.0, key.1);
    row["due_sk"]["S"] = "2099-01-01T00:00:00.000Z#REVIEWS".into();
    world.put_row(&row);
    let assignment = started(&world).await;
    world.away(&[AGENT]).await;
    let worked = assignment.works(QUEUE, &looked_after(1)).await;
    worked.must_be_done();
    assert!(due().await > armed + types::SignedDuration::from_hours(24));
    world
        .catalogue(|document| document.accounts.notice_days = 9)
        .await;
    let worked = assignment.works(QUEUE, &looked_after(2)).await;
    worked.must_be_done();
    assert!(due().await < in_process::now() + types::SignedDuration::from_hours(1));
}
