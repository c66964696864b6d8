//! What is told of the quarterly review: each of it once, and only while it is so.

use in_process::people::{ANA, COORDINATOR, address};
use in_process::{Fault, Message, Started, World, now};
use types::effects::QueueName;
use types::format::accounts::Holder;
use types::ids::TicketNumber;
use types::mail::day;
use types::message::Doorbell;
use types::person::Person;
use types::review::{AccountId, Asked, Notice, Review, Term};
use types::{SignedDuration, Timestamp};

use super::letters::office;
use super::started;
use crate::Notifier;
use crate::review::{Written, to_chief, to_coordinators};

const BOSS: &str = "jefa.juridica@uspec.gov.co";

fn days(count: i64) -> SignedDuration {
    SignedDuration::from_hours(24 * count)
}

fn term() -> Term {
    let ends_at = now() + days(20);
    Term {
        last: day(ends_at),
        ends_at,
        reminded_at: Some(now() + days(15)),
    }
}

fn bell(world: &World, chief: Option<&str>, at: Timestamp) -> Doorbell {
    Doorbell::ReviewNotice {
        quarter: world.quarter(),
        chief: chief.map(address),
        at,
    }
}

async fn hears(notifier: &Started<Notifier>, bell: &Doorbell) {
    let worked = notifier
        .works(QueueName::Reminder, &[bell.clone(), bell.clone()])
        .await;
    assert!(worked.failed.len() < 2, "{worked:?}");
}

/// A chief with one person, who was asked for his review.
async fn asked(world: &World) -> Holder {
    let end = day(now() + days(300));
    let person = world.has_accounts("52345618", BOSS, end).await;
    world.asks_for_review(BOSS, term(), 0).await;
    person
}

#[tokio::test]
async fn a_chief_is_invited_and_reminded_once_each() {
    let world = World::new().await;
    asked(&world).await;
    let notifier = started(&world).await;
    for _ in 0..2 {
        hears(&notifier, &bell(&world, Some(BOSS), now())).await;
    }
    let [mail] = &world.mails()[..] else {
        panic!("{} mails", world.mails().len())
    };
    assert_eq!(mail.to, [BOSS]);
    assert!(
        mail.subject
            .starts_with("[USPEC] Refrendo de las cuentas de su gente, ")
    );
    let last = types::spanish::day(term().last, None);
    let text = mail.text.replace('\n', " ");
    assert!(
        text.contains(&format!("Tiene plazo hasta el {last}.")),
        "{text}"
    );
    assert!(
        text.contains("1 persona a su cargo tiene 2 cuentas activas"),
        "{text}"
    );
    assert!(text.contains("/matriz/refrendo"), "{text}");
    assert_eq!(
        mail.header("Auto-Submitted").as_deref(),
        Some("auto-generated")
    );
    // Before its time the reminder is none, and after it one.
    hears(&notifier, &bell(&world, Some(BOSS), now() + days(14))).await;
    assert_eq!(world.mails().len(), 1);
    for late in [15, 15, 16] {
        hears(&notifier, &bell(&world, Some(BOSS), now() + days(late))).await;
    }
    let mails = world.mails();
    assert_eq!(mails.len(), 2);
    assert!(
        mails[1].subject.contains("Falta su firma"),
        "{}",
        mails[1].subject
    );
    let row = world.row(
        &format!("REVIEW#{}", world.quarter()),
        &format!("NOTICE#{BOSS}"),
    );
    assert!(row["due_pk"].is_null(), "nothing else is told: {row}");
    assert_eq!(row["told_invitation"]["S"], mails[0].id);
    assert_eq!(row["told_reminder"]["S"], mails[1].id);
}

#[tokio::test]
async fn what_is_done_is_not_asked_for() {
    let world = World::new().await;
    let person = asked(&world).await;
    world.asks_for_review(COORDINATOR, term(), 0).await;
    let notifier = started(&world).await;
    // He signed before he was told; another one has nobody left.
    world.signs_review(BOSS).await;
    for chief in [BOSS, COORDINATOR] {
        hears(&notifier, &bell(&world, Some(chief), now())).await;
    }
    // Neither is somebody whom the coordinators hear of.
    hears(&notifier, &bell(&world, None, now() + days(21))).await;
    assert_eq!(world.mails().len(), 0);
    let row = world.row(&format!("REVIEW#{}", world.quarter()), "NOTICE#");
    assert_eq!(row["told_overdue"]["S"], "all signed");
    assert!(world.holder(&person.id).await.active().count() > 0);
}

#[tokio::test]
async fn the_coordinators_hear_who_has_not_signed() {
    let world = World::new().await;
    asked(&world).await;
    world
        .has_accounts("10203040", ANA, day(now() + days(300)))
        .await;
    world.asks_for_review(ANA, term(), 2).await;
    world.signs_review(ANA).await;
    let notifier = started(&world).await;
    let early = bell(&world, None, now() + days(19));
    hears(&notifier, &early).await;
    assert_eq!(world.mails().len(), 0);
    for late in [21, 21, 30] {
        hears(&notifier, &bell(&world, None, now() + days(late))).await;
    }
    let [mail] = &world.mails()[..] else {
        panic!("{} mails", world.mails().len())
    };
    assert_eq!(mail.to, [COORDINATOR]);
    assert!(mail.subject.ends_with("falta 1 firma"), "{}", mail.subject);
    assert!(
        mail.text.contains(BOSS) && !mail.text.contains(ANA),
        "{}",
        mail.text
    );
    assert!(
        mail.text.contains("Firmó 1; falta quien sigue"),
        "{}",
        mail.text
    );
}

#[tokio::test]
async fn one_that_died_over_it_is_waited_for() {
    let world = World::new().await;
    asked(&world).await;
    let notifier = started(&world).await;
    let bell = bell(&world, Some(BOSS), now());
    world.fails("SendRawEmail", 0..1, Fault::Failed);
    let died = notifier
        .works(QueueName::Reminder, std::slice::from_ref(&bell))
        .await;
    assert_eq!(died.failed, [0]);
    // Its claim stands until whoever has it is stopped: SES may have taken the mail.
    let busy = Message::from(&bell);
    let busy = notifier.receives(QueueName::Reminder, &[busy]).await;
    assert_eq!(busy.failed, [0]);
    assert_eq!((world.mails().len(), world.hidden().len()), (0, 1));
}

#[tokio::test]
async fn whoever_gets_no_mail_is_left_out_and_it_goes_on() {
    let world = World::new().await;
    asked(&world).await;
    world.suppress(BOSS).await;
    let notifier = started(&world).await;
    hears(&notifier, &bell(&world, Some(BOSS), now())).await;
    assert_eq!(world.mails().len(), 0);
    let key = format!("REVIEW#{}", world.quarter());
    let row = world.row(&key, &format!("NOTICE#{BOSS}"));
    assert_eq!(row["told_invitation"]["S"], "undeliverable");
    assert_eq!(row["notice"]["S"], "reminder");
}

/// Every letter of a review, to be looked at.
pub fn letters() -> Vec<(String, Written)> {
    let at = |text: &str| text.parse::<Timestamp>().unwrap();
    let person = |email: &str, name: &str| Person {
        email: address(email),
        name: name.to_owned(),
    };
    let term = Term {
        last: "2026-10-22".parse().unwrap(),
        ends_at: at("2026-10-22T22:00:00Z"),
        reminded_at: Some(at("2026-10-19T13:00:00Z")),
    };
    let quarter = "2026-Q4".parse().unwrap();
    let chief = person(BOSS, "María Fernanda Rodríguez de la Hoz");
    let mut review = Review::new(quarter, chief, at("2026-10-01T13:00:00Z"), Some(term));
    let path = "../../shared/types/tests/golden/v1/holder-2.json";
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    let text = std::fs::read_to_string(path).unwrap();
    let mut holder: Holder = serde_json::from_str(&text).unwrap();
    holder.accounts[0].granted_by = TicketNumber(12);
    let holders = [holder];
    let office = office();
    let mut letters = Vec::new();
    let mut told = |name: &str, review: &Review, notice, now: &str| {
        let written = to_chief(&office, review, &holders, (notice, term.last), at(now));
        letters.push((format!("review.{name}"), written));
    };
    told(
        "invitation",
        &review,
        Notice::Invitation,
        "2026-10-01T13:00:00Z",
    );
    told(
        "invitation-late",
        &review,
        Notice::Invitation,
        "2026-10-28T13:00:00Z",
    );
    told(
        "reminder",
        &review,
        Notice::Reminder,
        "2026-10-19T13:00:00Z",
    );
    let first = AccountId::of(&holders[0].id, &holders[0].accounts[0]);
    let half = [(first, "ratify".to_owned())].into();
    review
        .decide(&holders, &half, "2026-10-10".parse().unwrap())
        .unwrap();
    told(
        "reminder-half",
        &review,
        Notice::Reminder,
        "2026-10-19T13:00:00Z",
    );
    let asked = Asked {
        quarter,
        opened_at: at("2026-10-01T13:00:00Z"),
        term,
        without_chief: 3,
    };
    let unsigned = [
        person(BOSS, "María Fernanda Rodríguez de la Hoz"),
        person(ANA, ANA),
    ];
    for (name, unsigned, signed) in [("overdue", &unsigned[..], 14), ("overdue-orphans", &[], 16)] {
        let written = to_coordinators(&office, &asked, unsigned, signed);
        letters.push((format!("review.{name}"), written));
    }
    letters
}

#[test]
fn letters_of_reviews_read_as_people_write() {
    let letters = letters();
    let said = |name: &str| {
        let (_, written) = letters
            .iter()
            .find(|(of, _)| *of == format!("review.{name}"))
            .unwrap();
        format!("{}\n{}", written.subject, written.letter.text().unwrap())
    };
    let late = said("invitation-late");
    assert!(
        late.contains("El plazo terminó el jueves 22 de octubre de 2026; todavía puede firmarlo.")
    );
    assert!(said("reminder").contains("Aún no ha decidido ninguna."));
    assert!(said("reminder-half").contains("Ha decidido 1; falta 1."));
    let overdue = said("overdue");
    assert!(overdue.contains("faltan 2 firmas") && overdue.contains("3 personas tienen"));
    assert!(said("overdue-orphans").contains("Todos los jefes a quienes se les pidió firmaron."));
    for (name, written) in &letters {
        let text = written.letter.text().unwrap();
        let html = written.letter.html(&written.subject).unwrap();
        for word in ["/matriz", "Buenos días"] {
            assert!(text.contains(word) && html.contains(word), "{name}: {text}");
        }
        assert!(!text.contains("52345618"), "{name}: {text}");
    }
}
