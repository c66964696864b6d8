//! How a batch is worked off: every message for itself.

use std::time::Duration;

use in_process::{Case, Fault, Message, Started, World, application, now};
use serde_json::json;
use types::effects::{Effect, MailKind, QueueName};
use types::message::Doorbell;

use super::Sample;

const QUEUE: QueueName = QueueName::Assignment;

async fn started(world: &World) -> Started<Sample> {
    world.start("assignment").await
}

async fn titled(world: &World, title: &str) -> Case {
    let mut application = application("redes");
    super::set_title(&mut application, title);
    world.registers(application, now()).await
}

fn bell(case: &Case) -> Doorbell {
    case.owes(1, Effect::Assign)
}

#[tokio::test]
async fn each_message_fails_for_itself() {
    let world = World::new().await;
    let sample = started(&world).await;
    let mut bells = Vec::new();
    for title in ["good", "panic", "retry", "poison", "good"] {
        bells.push(bell(&titled(&world, title).await));
    }
    let worked = sample.works(QUEUE, &bells).await;
    assert_eq!(worked.failed, [1, 2, 3]);
    // What the others owe is rung for once, together.
    let registered = world.rung(QueueName::Notification);
    assert_eq!(registered.len(), 2);
    let sends = world.operations();
    assert_eq!(
        sends
            .iter()
            .filter(|o| o.starts_with("SendMessage"))
            .count(),
        1
    );
    // Nothing was their last try.
    assert_eq!(world.rows_of("GIVENUP#").len(), 0);
}

#[tokio::test]
async fn the_last_try_is_on_record_with_its_class_and_reason() {
    let world = World::new().await;
    let sample = started(&world).await;
    let mut messages = Vec::new();
    for title in ["panic", "retry", "poison"] {
        let message = Message::from(&bell(&titled(&world, title).await));
        messages.push(message.for_the_last_time());
    }
    assert_eq!(sample.receives(QUEUE, &messages).await.failed, [0, 1, 2]);
    let rows = world.rows_of("GIVENUP#assignment");
    let mut given_up: Vec<_> = rows
        .iter()
        .map(|row| {
            let text = |name: &str| row[name]["S"].as_str().unwrap().to_owned();
            assert_eq!(row["receive_count"]["N"], "5");
            assert!(messages.iter().any(|m| m.body == text("body")));
            (text("class"), text("reason"))
        })
        .collect();
    given_up.sort_unstable();
    let expected = [
        ("poison", "never"),
        ("retryable", "not now"),
        ("retryable", "the handler panicked"),
    ];
    assert_eq!(
        given_up,
        expected.map(|(class, why)| (class.to_owned(), why.to_owned()))
    );
}

#[tokio::test]
async fn a_message_that_is_to_wait_is_hidden_that_long() {
    let world = World::new().await;
    let sample = started(&world).await;
    let case = titled(&world, "later").await;
    assert_eq!(sample.works(QUEUE, &[bell(&case)]).await.failed, [0]);
    // Rounded up: a try too early is one of its five.
    assert_eq!(world.hidden(), [3]);
    // Where SQS does not hide it, it comes back by itself.
    world.fails("ChangeMessageVisibility", 0..9, Fault::Failed);
    assert_eq!(sample.works(QUEUE, &[bell(&case)]).await.failed, [0]);
}

#[tokio::test]
async fn a_record_that_cannot_be_written_changes_nothing_for_the_message() {
    let world = World::new().await;
    let sample = started(&world).await;
    let case = titled(&world, "poison").await;
    world.fails("PutItem", 0..9, Fault::Failed);
    let messages = [Message::from(&bell(&case)).for_the_last_time()];
    assert_eq!(sample.receives(QUEUE, &messages).await.failed, [0]);
    assert_eq!(world.rows_of("GIVENUP#").len(), 0);
}

#[tokio::test]
async fn a_record_without_an_id_fails_the_batch() {
    let world = World::new().await;
    let sample = started(&world).await;
    let event = json!({ "Records": [{ "body": "x", "attributes": {} }] });
    let failed = sample.handles(&event, Duration::from_secs(10)).await;
    let failed = failed.unwrap_err().to_string();
    assert_eq!(failed, "the batch cannot be reported");
}

#[tokio::test]
async fn a_doorbell_of_what_is_done_rings_for_what_is_owed() {
    let world = World::new().await;
    let sample = started(&world).await;
    let case = titled(&world, "good").await;
    let bells = [bell(&case)];
    sample.works(QUEUE, &bells).await.must_be_done();
    world.forget();
    sample.works(QUEUE, &bells).await.must_be_done();
    let registered = case.owes(1, Effect::Mail(MailKind::Registered));
    assert_eq!(world.all_rung(), [registered]);
    // An effect that no event has is as good as done.
    let odd = case.owes(7, Effect::Assign);
    sample.works(QUEUE, &[odd]).await.must_be_done();
}

#[tokio::test]
async fn a_ticket_that_this_code_cannot_read_brings_its_batch_back() {
    let world = World::new().await;
    let sample = started(&world).await;
    let (good, bad) = (titled(&world, "good").await, titled(&world, "good").await);
    let mut row = world.row(&format!("TICKET#{}", bad.id), "TICKET");
    row["v"]["N"] = json!("2");
    world.put_row(&row);
    let bells = [bell(&good), bell(&bad)];
    assert_eq!(sample.works(QUEUE, &bells).await.failed, [0, 1]);
    assert_eq!(good.owed(), ["1 assign", "1 mail_registered"]);
}
