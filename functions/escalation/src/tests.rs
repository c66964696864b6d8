//! What the desk cannot solve by itself, and the steps of the clocks, over AWS in
//! memory.

use in_process::people::{AGENT, ANA, COLLEAGUE, OFFICER, OTHER_OFFICER, THIRD};
use in_process::{Case, Fault, Message, Request, Started, World, monday, post};
use serde_json::{Value, json};
use types::command::Command;
use types::effects::{Effect, MailKind, QueueName};
use types::ticket::{HoldReason, State};
use types::{SignedDuration, Timestamp};

use super::Escalation;

const QUEUE: QueueName = QueueName::Escalation;

async fn started(world: &World) -> Started<Escalation> {
    world.start("escalation").await
}

fn mail(kind: MailKind) -> Effect {
    Effect::Mail(kind)
}

fn on(case: &Case, route: &str, who: &str, body: Value) -> Request {
    post(case.path(route)).by(who).json(body)
}

// --------------------------------------------------------------- over HTTP

#[tokio::test]
async fn waiting_for_the_requester_and_going_on() {
    let world = World::new().await;
    let case = world.assigned("plataforma").await;
    let escalation = started(&world).await;
    let hold = on(
        &case,
        "/hold",
        AGENT,
        json!({ "note": "Falta el número de inventario" }),
    );
    let view = escalation.answers(&hold).await.must_be(200);
    assert_eq!(
        (&view["status"], &view["hold_reason"]),
        (&json!("on_hold"), &json!("requester"))
    );
    assert_eq!(view["clocks"]["solution"]["state"], "paused");
    assert_eq!(world.all_rung(), [case.owes(3, mail(MailKind::Held))]);
    escalation
        .answers(&hold)
        .await
        .must_refuse(409, "invalid_transition");

    world.forget();
    let resume = on(&case, "/resume", AGENT, json!({}));
    let view = escalation.answers(&resume).await.must_be(200);
    assert_eq!(
        (&view["status"], &view["hold_reason"]),
        (&json!("assigned"), &Value::Null)
    );
    assert_eq!(view["clocks"]["solution"]["state"], "running");
    // He knows: nobody is told.
    assert_eq!(world.all_rung(), []);
    assert_eq!(world.load(AGENT), 1);
}

#[tokio::test]
async fn to_an_officer_and_back_to_the_desk() {
    let world = World::new().await;
    let case = world.assigned("plataforma").await;
    let escalation = started(&world).await;
    let to = |officer: &str| {
        let body = json!({ "officer": officer, "justification": "Servidor caído" });
        on(&case, "/escalation", AGENT, body)
    };
    let rows = world.rows();
    // Nobody of the Technology Office.
    escalation
        .answers(&to(COLLEAGUE))
        .await
        .must_refuse(422, "validation_failed");
    let no_reason = on(&case, "/escalation", AGENT, json!({ "officer": OFFICER }));
    let problem = escalation
        .answers(&no_reason)
        .await
        .must_refuse(422, "validation_failed");
    assert_eq!(problem["errors"][0]["field"], "justification");
    world.must_still_have(&rows);

    let view = escalation.answers(&to(OFFICER)).await.must_be(200);
    assert_eq!(
        (&view["hold_reason"], &view["officer"]["email"]),
        (&json!("technology"), &json!(OFFICER))
    );
    assert_eq!(world.all_rung(), [case.owes(3, mail(MailKind::Escalated))]);
    let row = world.row(&format!("TICKET#{}", case.id), "TICKET");
    assert_eq!(row["officer_pk"]["S"], format!("OFFICER#{OFFICER}#on_hold"));

    world.forget();
    let back = |who| {
        on(
            &case,
            "/return",
            who,
            json!({ "note": "Es del puesto de trabajo" }),
        )
    };
    escalation
        .answers(&back(OTHER_OFFICER))
        .await
        .must_refuse(404, "not_found");
    escalation
        .answers(&back(AGENT))
        .await
        .must_refuse(403, "forbidden");
    let view = escalation.answers(&back(OFFICER)).await.must_be(200);
    assert_eq!(
        (&view["status"], &view["assignee"]["email"]),
        (&json!("assigned"), &json!(AGENT))
    );
    assert_eq!(world.all_rung(), [case.owes(4, mail(MailKind::Returned))]);
}

#[tokio::test]
async fn to_a_provider_and_his_reply() {
    let world = World::new().await;
    let case = world.escalated("redes").await;
    let escalation = started(&world).await;
    let ask = |provider: &str| {
        let body = json!({ "provider": provider, "message": "Favor revisar el enlace" });
        on(&case, "/provider", OFFICER, body)
    };
    escalation
        .answers(&ask("nadie"))
        .await
        .must_refuse(422, "validation_failed");
    let view = escalation.answers(&ask("redes_externo")).await.must_be(200);
    assert_eq!(view["hold_reason"], "provider");
    assert_eq!(view["clocks"]["solution"]["state"], "paused");
    assert_eq!(
        world.all_rung(),
        [case.owes(4, mail(MailKind::ProviderRequested))]
    );

    world.forget();
    let reply = on(
        &case,
        "/provider-reply",
        OFFICER,
        json!({ "body": "Enlace restablecido" }),
    );
    let view = escalation.answers(&reply).await.must_be(200);
    assert_eq!(view["hold_reason"], "technology");
    assert_eq!(view["clocks"]["solution"]["state"], "running");
    // The officer wrote it himself.
    assert_eq!(world.all_rung(), []);
    escalation
        .answers(&reply)
        .await
        .must_refuse(409, "invalid_transition");
}

#[tokio::test]
async fn a_requester_works_none_of_it() {
    let world = World::new().await;
    let case = world.assigned("plataforma").await;
    let escalation = started(&world).await;
    let rows = world.rows();
    for (route, body) in [
        ("/hold", json!({ "note": "x" })),
        ("/resume", json!({})),
        (
            "/escalation",
            json!({ "officer": OFFICER, "justification": "x" }),
        ),
        ("/return", json!({ "note": "x" })),
        (
            "/provider",
            json!({ "provider": "redes_externo", "message": "x" }),
        ),
        ("/provider-reply", json!({ "body": "x" })),
    ] {
        let answer = escalation.answers(&on(&case, route, ANA, body)).await;
        answer.must_refuse(403, "forbidden");
    }
    world.must_still_have(&rows);
}

// ------------------------------------------------------------- by the queue

fn minutes(minutes: i64) -> Timestamp {
    monday() + SignedDuration::from_mins(minutes)
}

/// Registered on Monday at 08:00, and nobody has been in touch.
async fn unattended(world: &World) -> Case {
    let case = world.registered_at("plataforma", monday()).await;
    case.assigned_to(AGENT).await.settled().await
}

/// Rings for a ticket whose timer the sweep found due, and must succeed.
async fn fires(escalation: &Started<Escalation>, case: &Case, at: Timestamp) {
    escalation
        .works(QUEUE, &[case.timer(at, QUEUE)])
        .await
        .must_be_done();
}

#[tokio::test]
async fn a_step_fires_at_its_time_and_not_before() {
    let world = World::new().await;
    let case = unattended(&world).await;
    let escalation = started(&world).await;
    let rows = world.rows();
    // 80 % of fifteen minutes.
    let due = minutes(12);
    fires(&escalation, &case, due - SignedDuration::from_millis(1)).await;
    world.must_still_have(&rows);
    assert_eq!(world.all_rung(), []);

    fires(&escalation, &case, due).await;
    assert_eq!(
        case.kinds().await,
        ["registered", "assigned", "attention_warned"]
    );
    assert_eq!(case.owed(), ["3 mail_step_to_agent"]);
    assert_eq!(
        world.rung(QueueName::Reminder),
        [case.owes(3, mail(MailKind::StepToAgent))]
    );
    assert_eq!(world.rung(QueueName::Notification), []);
    // The next one is armed: the limit.
    let row = world.row(&format!("TICKET#{}", case.id), "TICKET");
    let sort = row["due_sk"]["S"].as_str().unwrap();
    assert!(sort.starts_with("2030-02-04T13:15:00.000Z#"), "{sort}");
    assert!(sort.ends_with("#escalation"), "{sort}");
}

#[tokio::test]
async fn three_activations_fire_a_step_once() {
    let world = World::new().await;
    let case = unattended(&world).await;
    let escalation = started(&world).await;
    fires(&escalation, &case, minutes(12)).await;
    let rows = world.rows();
    fires(&escalation, &case, minutes(12)).await;
    let bell = case.timer(minutes(13), QUEUE);
    escalation
        .works(QUEUE, &[bell.clone(), bell])
        .await
        .must_be_done();
    world.must_still_have(&rows);
}

#[tokio::test]
async fn beyond_the_limits_all_that_is_due_fires_together() {
    let world = World::new().await;
    let case = unattended(&world).await;
    let escalation = started(&world).await;
    fires(&escalation, &case, minutes(31)).await;
    let kinds = case.kinds().await;
    // Attention at 12, 15 and 30 minutes; solution at 24 and 30.
    for kind in [
        "attention_warned",
        "attention_breached",
        "attention_overrun",
        "solution_warned",
        "solution_breached",
    ] {
        assert_eq!(kinds.iter().filter(|k| **k == kind).count(), 1, "{kinds:?}");
    }
    assert_eq!(kinds.len(), 7, "{kinds:?}");
    assert_eq!(world.rung(QueueName::Reminder).len(), 5);
    let told: Vec<_> = case.owed();
    assert_eq!(
        told.iter()
            .filter(|owed| owed.ends_with("mail_step_to_head"))
            .count(),
        1,
        "{told:?}"
    );
    assert!(
        case.ticket()
            .await
            .clocks
            .attention
            .is_breached(minutes(31))
    );
}

#[tokio::test]
async fn a_clock_that_is_met_or_at_rest_fires_nothing() {
    let world = World::new().await;
    let contact = Command::Contact {
        note: "Llamé".to_owned(),
    };
    let attended = unattended(&world).await.later(11);
    let attended = attended.when(AGENT, contact.clone()).await;
    // With the requester the solution clock rests, too.
    let waiting = unattended(&world).await.later(11);
    let waiting = waiting.when(AGENT, contact).await.held().await;
    let waiting = waiting.settled().await;
    let escalation = started(&world).await;
    let rows = world.rows();
    fires(&escalation, &attended, minutes(15)).await;
    fires(&escalation, &waiting, minutes(120)).await;
    world.must_still_have(&rows);
    assert_eq!(world.all_rung(), []);
    // The solution of the one that goes on still is due.
    fires(&escalation, &attended, minutes(24)).await;
    assert_eq!(*attended.kinds().await.last().unwrap(), "solution_warned");
}

#[tokio::test]
async fn what_was_escalated_is_the_officers_to_hear_of() {
    let world = World::new().await;
    let case = unattended(&world).await.escalated().await.settled().await;
    assert_eq!(
        case.ticket().await.state,
        State::OnHold(HoldReason::Technology)
    );
    let escalation = started(&world).await;
    // He has the whole solution time: thirty minutes from the escalation.
    fires(&escalation, &case, minutes(24)).await;
    let owed = case.owed();
    assert!(
        owed.iter()
            .any(|owed| owed.ends_with("mail_step_to_officer")),
        "{owed:?}"
    );
}

#[tokio::test]
async fn a_change_in_between_is_left_to_the_next_sweep_or_decided_anew() {
    let world = World::new().await;
    let case = unattended(&world).await;
    let escalation = started(&world).await;
    let other = case.clone().later(12);
    world.meanwhile("TransactWriteItems", 0, async move {
        let contact = Command::Contact {
            note: "Llamé".to_owned(),
        };
        other.when(AGENT, contact).await;
    });
    fires(&escalation, &case, minutes(12)).await;
    // The contact came first: nobody is warned of what was met.
    assert_eq!(case.kinds().await, ["registered", "assigned", "contacted"]);
}

#[tokio::test]
async fn what_is_no_timer_of_this_queue_is_poison() {
    let world = World::new().await;
    let case = world.registered("plataforma").await;
    let escalation = started(&world).await;
    let misplaced = Message::from(&case.owes(1, Effect::Assign));
    let unknown = format!(
        r#"{{"v":1,"kind":"timer","ticket":"01ARZ3NDEKTSV4RRFFQ69G5FAV","at":"{}","queue":"escalation"}}"#,
        monday()
    );
    let messages = [misplaced, Message::of(unknown)].map(Message::for_the_last_time);
    let worked = escalation.receives(QUEUE, &messages).await;
    assert_eq!(worked.failed, [0, 1]);
    let classes: Vec<_> = world.rows_of("GIVENUP#escalation");
    assert_eq!(classes.len(), 2);
    assert!(
        classes.iter().all(|row| row["class"]["S"] == "poison"),
        "{classes:?}"
    );
}

#[tokio::test]
async fn a_passing_fault_brings_the_message_back() {
    let world = World::new().await;
    let case = unattended(&world).await;
    let escalation = started(&world).await;
    world.fails("TransactWriteItems", 0..5, Fault::Conflict);
    let bell = case.timer(minutes(12), QUEUE);
    let worked = escalation.works(QUEUE, std::slice::from_ref(&bell)).await;
    assert_eq!(worked.failed, [0]);
    assert_eq!(case.kinds().await, ["registered", "assigned"]);
    escalation.works(QUEUE, &[bell]).await.must_be_done();
    assert_eq!(
        case.kinds().await,
        ["registered", "assigned", "attention_warned"]
    );
}

#[tokio::test]
async fn a_step_before_anybody_is_responsible_is_the_coordinators() {
    let world = World::new().await;
    world.away(&[AGENT, COLLEAGUE, THIRD]).await;
    let case = world
        .registered_at("plataforma", monday())
        .await
        .settled()
        .await;
    let escalation = started(&world).await;
    fires(&escalation, &case, minutes(12)).await;
    assert_eq!(case.owed(), ["2 mail_step_to_coordinator"]);
}
