//! The largest ticket that there can be: its row fits, and it goes on.

use in_process::people::{AGENT, ANA, OFFICER, address};
use in_process::{World, application, now};
use serde_json::Value;
use types::command::Command;
use types::ids::{EmailAddress, TicketId, TicketNumber, most_bytes, parse_text};
use types::input::{MAX_NAME, MAX_TEXT, MAX_TITLE};
use types::permission::Actor;
use types::ticket::{
    Attachment, BounceKind, Link, MAX_ATTACHMENTS, MAX_LINKS, MAX_OBSERVERS, Person, Ticket,
    Visibility, room_for,
};

/// What a row is to stay below: DynamoDB takes 409,600 bytes.
const ROOM: usize = 350_000;

/// More pauses than a ticket keeps.
const MANY: usize = 40;

/// As long as a text may be, in characters and in bytes: of signs that take four, and of
/// such that take two in JSON.
fn longest(max: usize) -> String {
    let large = (most_bytes(max) - max) / 3;
    let text = format!("{}{}", "🖨".repeat(large), "\"".repeat(max - large));
    assert_eq!(parse_text("text", &text, max).as_ref(), Ok(&text));
    text
}

/// An address of the greatest length, one of many.
fn long_address(number: usize) -> EmailAddress {
    let label = "d".repeat(60);
    let local = format!("{number:064}");
    address(&format!("{local}@{label}.{label}.{label}.co"))
}

fn long_name() -> String {
    "ñ".repeat(MAX_NAME)
}

fn file(number: usize) -> Attachment {
    Attachment {
        id: format!("{number:016}-300"),
        name: "ñ".repeat(100),
        content_type: "x".repeat(127),
        size: 40_000_000,
        visibility: Visibility::Internal,
        digest: Some("0".repeat(64)),
    }
}

fn link(number: usize) -> Link {
    Link {
        id: TicketId::new(now(), number as u128),
        number: TicketNumber(1_000_000 + number as u64),
        visibility: Visibility::Internal,
    }
}

/// A row's size as DynamoDB reckons it: names and values in UTF-8, a number about half of
/// its digits.
fn bytes(row: &Value) -> usize {
    let size = |value: &Value| match (&value["S"], &value["N"]) {
        (Value::String(text), _) => text.len(),
        (_, Value::String(number)) => number.len() / 2 + 2,
        _ => panic!("an attribute of another type: {value}"),
    };
    let Value::Object(attributes) = row else {
        panic!("no row: {row}");
    };
    let each = attributes.iter();
    each.map(|(name, value)| name.len() + size(value)).sum()
}

/// Seconds that the segments of a clock's present run say it has used.
fn used(ticket: &Ticket) -> u64 {
    let (_, run) = ticket.clocks.solution.runs();
    run.iter().filter_map(|segment| segment.used_seconds).sum()
}

#[tokio::test]
async fn the_largest_ticket_fits_and_goes_on() {
    let world = World::new().await;
    let mut asked = application("plataforma");
    asked.request.title = "ñ".repeat(MAX_TITLE);
    asked.request.description = longest(MAX_TEXT);
    asked.request.requester.person.name = long_name();
    asked.request.observers = (0..MAX_OBSERVERS)
        .map(|number| Person {
            email: long_address(number),
            name: long_name(),
        })
        .collect();
    let mut case = world.registers(asked, now()).await;

    let mut files: Vec<_> = (0..MAX_ATTACHMENTS).map(file).collect();
    let room = room_for(&[], &files);
    assert!((50..MAX_ATTACHMENTS).contains(&room), "{room}");
    files.truncate(room);
    let add = |attachments| Command::AddAttachments {
        attachments,
        left_out: 0,
    };
    case = case.when_actor(&Actor::System, add(files)).await;
    let ticket = case.ticket().await;
    assert_eq!(room_for(&ticket.attachments, &[file(999)]), 0);
    for number in 0..MAX_LINKS {
        let command = Command::Link { link: link(number) };
        case = case.when_actor(&Actor::System, command).await;
    }
    for number in 0..MANY + 20 {
        let command = Command::RecordBounce {
            recipient: long_address(1_000 + number),
            why: BounceKind::Permanent,
            detail: String::new(),
        };
        case = case.when_actor(&Actor::System, command).await;
    }
    case = case.assigned_to(AGENT).await;
    for _ in 0..MANY {
        case = case.later(3).held().await;
        let command = Command::Resume { note: None };
        case = case.later(2).when(AGENT, command).await;
    }
    let ticket = case.ticket().await;
    assert_eq!(used(&ticket), ticket.clocks.solution.used_seconds);
    for _ in 0..MANY {
        case = case.later(2).escalated().await;
        case = case.later(2).at_provider().await;
        let command = Command::RecordProviderReply {
            body: "Se cambió el equipo".to_owned(),
        };
        case = case.later(2).when(OFFICER, command).await;
        let command = Command::Return {
            note: "Es de ustedes".to_owned(),
        };
        case = case.later(2).when(OFFICER, command).await;
    }
    let report = |body| Command::ReportSolution { body };
    let resolve = |solution| Command::Resolve { solution };
    for _ in 0..MANY {
        case = case.when(AGENT, resolve("Listo".to_owned())).await;
        let reason = "Sigue igual".to_owned();
        case = case.later(2).when(ANA, Command::Reject { reason }).await;
    }
    case = case.escalated().await;
    case = case.when(OFFICER, report(longest(MAX_TEXT))).await;
    case = case.when(AGENT, resolve(longest(MAX_TEXT))).await;
    let ticket = case.ticket().await;
    assert!(ticket.solution.is_some() && ticket.solution_reported.is_some());
    let row = || bytes(&world.row(&format!("TICKET#{}", case.id), "TICKET"));
    let size = row();
    println!("the largest row has {size} bytes");
    assert!((200_000..ROOM).contains(&size), "{size}");

    // One more step of each kind: what a step says stands in its event.
    let reason = longest(MAX_TEXT);
    let id = case.id;
    let case = case.when(ANA, Command::Reject { reason }).await;
    let body = longest(MAX_TEXT);
    let visibility = Visibility::Public;
    let case = case.when(ANA, Command::FollowUp { body, visibility }).await;
    let case = case.held().await;
    let size = bytes(&world.row(&format!("TICKET#{id}"), "TICKET"));
    assert!(size < ROOM, "{size}");
    assert!(case.ticket().await.links.len() == MAX_LINKS);
}
