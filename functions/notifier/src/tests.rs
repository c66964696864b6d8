//! Mails out, and what becomes of them, over AWS in memory.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use in_process::people::{
    AGENT, ANA, COORDINATOR, HEAD, LUIS, MAILBOX, OFFICER, PROVIDER, STRANGER, address,
};
use in_process::{Case, Fault, Mail, Message, Started, World, monday};
use serde_json::{Value, json};
use types::command::{Command, WhenAway};
use types::effects::{Effect, MailKind, QueueName};
use types::ids::{MailId, ProviderId};
use types::message::Doorbell;
use types::permission::Actor;
use types::ticket::Visibility;
use types::token::{Audience, TokenSecret, TokenUse};

use super::Notifier;

mod law;
mod letters;
mod reviews;
mod whom;
// The tickets that the rules are tested with.
#[path = "../../../shared/types/tests/rules/world.rs"]
#[allow(dead_code, reason = "the rules' tests use more of it")]
mod world;

const QUEUE: QueueName = QueueName::Notification;
const FEEDBACK: &str = "FeedbackQueue";

async fn started(world: &World) -> Started<Notifier> {
    world.start("notifier").await
}

fn bell(case: &Case, seq: u64, kind: MailKind) -> Doorbell {
    case.owes(seq, Effect::Mail(kind))
}

/// A ticket that was just registered, and the doorbell of its first mail.
async fn registered(world: &World) -> (Case, Doorbell) {
    let case = world.registered("plataforma").await;
    let bell = bell(&case, 1, MailKind::Registered);
    (case, bell)
}

/// The one mail that went out.
#[track_caller]
fn the_mail(world: &World) -> Mail {
    let mails = world.mails();
    assert_eq!(
        mails.len(),
        1,
        "{:?}",
        mails.iter().map(|m| &m.subject).collect::<Vec<_>>()
    );
    mails[0].clone()
}

/// The row of a mail that is owed, as it stands.
fn row(world: &World, case: &Case) -> Value {
    world.row(
        &format!("TICKET#{}", case.id),
        "OUTBOX#00000001#mail_registered",
    )
}

/// Whoever had the row does not have it any more.
fn end_the_claim(world: &World, case: &Case) {
    let mut row = row(world, case);
    assert!(row["claimed_until"].is_object(), "{row}");
    row["claimed_until"]["N"] = json!("1");
    world.put_row(&row);
}

// ----------------------------------------------------------------- a mail out

#[tokio::test]
async fn a_row_becomes_one_mail_on_record() {
    let world = World::new().await;
    let (case, bell) = registered(&world).await;
    let notifier = started(&world).await;
    notifier.works(QUEUE, &[bell]).await.must_be_done();
    let mail = the_mail(&world);
    assert_eq!(mail.to, [ANA]);
    assert!(
        mail.subject.starts_with("[USPEC #000001] "),
        "{}",
        mail.subject
    );
    assert!(mail.text.contains("Ana Pérez"), "{}", mail.text);
    assert!(mail.html.contains("No abre el correo"), "{}", mail.html);
    // RFC 3834; and what it answers to leads back to the ticket.
    assert_eq!(
        mail.header("Auto-Submitted").as_deref(),
        Some("auto-generated")
    );
    assert_eq!(mail.header("X-USPEC-Ticket"), Some(case.id.to_string()));
    let reply_to = mail.header("Reply-To").unwrap();
    let token = reply_to
        .trim_matches(['<', '>'])
        .split(['+', '@'])
        .nth(1)
        .unwrap();
    let secret = TokenSecret::new(&world.variable("TOKEN_SECRET")).unwrap();
    let expected = (TokenUse::Reply(Audience::Requester), case.id);
    assert_eq!(secret.verify(token), Some(expected));

    assert_eq!(case.owed(), ["1 assign"]);
    let record = world.row(&format!("MAIL#{}", mail.id), "MAIL");
    assert_eq!(record["ticket"]["S"], case.id.to_string());
    assert_eq!(record["effect"]["S"], "mail_registered");
    // A mail owes nothing.
    assert_eq!(world.all_rung(), []);
    assert_eq!(
        world.operations(),
        [
            "BatchGetItem",
            "UpdateItem",
            "GetItem",
            "BatchGetItem",
            "SendRawEmail",
            "TransactWriteItems"
        ]
    );
}

/// A batch as the template has it, each of its messages for the last time.
#[tokio::test]
async fn a_batch_goes_out_while_ses_takes_seconds_for_each_mail() {
    const SLOW: Duration = Duration::from_secs(4);
    let world = World::new().await;

    let mut messages = Vec::new();
    for _ in 0..5 {
        let (_, bell) = registered(&world).await;
        messages.push(Message::from(&bell).for_the_last_time());
    }
    let notifier = started(&world).await;
    for number in 0..messages.len() {
        let slow = async { tokio::time::sleep(SLOW).await };
        world.meanwhile("SendRawEmail", number, slow);
    }
    let began = Instant::now();
    let worked = notifier.receives(QUEUE, &messages).await;
    worked.must_be_done();
    // Two at a time.
    assert!(began.elapsed() >= SLOW * 3, "{:?}", began.elapsed());
    let numbers: BTreeSet<_> = world.mails().into_iter().map(|mail| mail.subject).collect();
    assert_eq!((world.mails().len(), numbers.len()), (5, 5));
    assert_eq!(world.rows_of("GIVENUP#"), [] as [Value; 0]);
}

#[tokio::test]
async fn a_second_doorbell_sends_nothing() {
    let world = World::new().await;
    let (case, first) = registered(&world).await;
    let assign = Command::AssignTo {
        agent: address(AGENT),
        away: WhenAway::Ask,
    };
    let case = case.when_owing(COORDINATOR, assign).await;
    let notifier = started(&world).await;
    let both = [first.clone(), first.clone()];
    let worked = notifier.works(QUEUE, &both).await;
    assert!(worked.failed.len() < 2);
    the_mail(&world);
    world.forget();
    // Later it finds no row, and rings for what the ticket owes besides, as far as
    // the queue is one of this function's.
    notifier.works(QUEUE, &[first]).await.must_be_done();
    assert_eq!(world.mails().len(), 0);
    assert_eq!(world.all_rung(), [bell(&case, 2, MailKind::Assigned)]);
}

#[tokio::test]
async fn while_somebody_sends_it_nobody_else_does() {
    let world = World::new().await;
    let (case, bell) = registered(&world).await;
    let (notifier, other) = (started(&world).await, started(&world).await);
    let (second, others_world) = (bell.clone(), world.clone());
    // The second comes while the first is at SES.
    world.meanwhile("SendRawEmail", 0, async move {
        let worked = other.works(QUEUE, &[second]).await;
        assert_eq!(worked.failed, [0]);
        // It comes back once the claim of the first is over.
        let hidden = others_world.hidden();
        assert!(matches!(hidden.as_slice(), [28..=33]), "{hidden:?}");
    });
    notifier.works(QUEUE, &[bell]).await.must_be_done();
    the_mail(&world);
    assert_eq!(case.owed(), ["1 assign"]);
}

#[tokio::test]
async fn a_mail_whose_record_failed_goes_out_again_after_its_claim() {
    // The one window in which a mail goes out twice (docs/adr/0005).
    let world = World::new().await;
    let (case, bell) = registered(&world).await;
    let notifier = started(&world).await;
    let denied = Fault::Refused("AccessDeniedException", "no");
    world.fails("TransactWriteItems", 0..1, denied);
    let bells = [bell];
    assert_eq!(notifier.works(QUEUE, &bells).await.failed, [0]);
    // Whoever comes before the claim ends sends nothing.
    assert_eq!(notifier.works(QUEUE, &bells).await.failed, [0]);
    the_mail(&world);
    end_the_claim(&world, &case);
    notifier.works(QUEUE, &bells).await.must_be_done();
    assert_eq!(world.mails().len(), 2);
    assert_eq!(case.owed(), ["1 assign"]);
    assert_eq!(world.rows_of("MAIL#").len(), 1);
}

#[tokio::test]
async fn an_answer_of_the_table_that_is_lost_is_no_second_mail() {
    let world = World::new().await;
    let (case, bell) = registered(&world).await;
    let notifier = started(&world).await;
    world.fails("UpdateItem", 0..1, Fault::Lost);
    world.fails("TransactWriteItems", 0..1, Fault::Lost);
    notifier.works(QUEUE, &[bell]).await.must_be_done();
    the_mail(&world);
    assert_eq!(case.owed(), ["1 assign"]);
}

#[tokio::test]
async fn what_ses_throttles_is_sent_a_little_later() {
    let world = World::new().await;
    let (_, bell) = registered(&world).await;
    let notifier = started(&world).await;
    world.fails("SendRawEmail", 0..1, Fault::Throttled);
    notifier.works(QUEUE, &[bell]).await.must_be_done();
    the_mail(&world);
}

#[tokio::test]
async fn an_answer_of_ses_that_is_lost_says_nothing_of_the_mail() {
    let world = World::new().await;
    let (case, bell) = registered(&world).await;
    let notifier = started(&world).await;
    let bells = [bell];
    world.fails("SendRawEmail", 0..1, Fault::Lost);
    assert_eq!(notifier.works(QUEUE, &bells).await.failed, [0]);
    assert!(row(&world, &case)["claimed_until"].is_object());
    // SES took it: the claim keeps everybody from sending it again at once.
    assert_eq!(notifier.works(QUEUE, &bells).await.failed, [0]);
    the_mail(&world);
}

#[tokio::test]
async fn a_broken_ses_brings_the_message_back() {
    let world = World::new().await;
    let (case, bell) = registered(&world).await;
    let notifier = started(&world).await;
    world.fails("SendRawEmail", 0..1, Fault::Failed);
    let message = Message::from(&bell).for_the_last_time();
    assert_eq!(notifier.receives(QUEUE, &[message]).await.failed, [0]);
    assert_eq!(world.mails().len(), 0);
    let given_up = world.rows_of("GIVENUP#notification");
    assert_eq!(given_up[0]["class"]["S"], "retryable");
    assert_eq!(case.owed(), ["1 assign", "1 mail_registered"]);
    end_the_claim(&world, &case);
    notifier.works(QUEUE, &[bell]).await.must_be_done();
    the_mail(&world);
}

#[tokio::test]
async fn an_address_that_ses_refuses_is_the_desks_to_know() {
    let world = World::new().await;
    let (case, bell) = registered(&world).await;
    let notifier = started(&world).await;
    world.fails(
        "SendRawEmail",
        0..1,
        Fault::Refused("MessageRejected", "Address blacklisted."),
    );
    notifier.works(QUEUE, &[bell]).await.must_be_done();
    assert_eq!(case.kinds().await, ["registered", "mail_bounced"]);
    assert_eq!(case.owed(), ["1 assign", "2 mail_undeliverable"]);
    let unsent = ("1 mail_registered".to_owned(), "undeliverable".to_owned());
    assert_eq!(case.unsent(), [unsent]);
    let told = case.owes(2, Effect::Mail(MailKind::Undeliverable));
    let told = [told];
    assert_eq!(world.all_rung(), told);

    notifier.works(QUEUE, &told).await.must_be_done();
    let mail = the_mail(&world);
    assert_eq!(mail.to, [MAILBOX]);
    assert!(mail.text.contains("Address blacklisted."), "{}", mail.text);
}

#[tokio::test]
async fn what_a_person_has_to_look_at_is_parked() {
    let world = World::new().await;
    let (case, bell) = registered(&world).await;
    let notifier = started(&world).await;
    let text = "Email address is not verified.";
    world.fails(
        "SendRawEmail",
        0..1,
        Fault::Refused("MessageRejected", text),
    );
    let bells = [bell];
    assert_eq!(notifier.works(QUEUE, &bells).await.failed, [0]);
    let parked = row(&world, &case);
    assert!(
        parked["parked"]["S"].as_str().unwrap().contains(text),
        "{parked}"
    );
    // The sweep does not ring for it, and nobody has it.
    assert!(
        parked["due_pk"].is_null() && parked["claimed_by"].is_null(),
        "{parked}"
    );
    // From the dead letters it comes back, once that is put right.
    notifier.works(QUEUE, &bells).await.must_be_done();
    the_mail(&world);
    assert_eq!(case.owed(), ["1 assign"]);
}

#[tokio::test]
async fn a_step_that_is_no_longer_so_is_not_told() {
    let world = World::new().await;
    let case = world.registered_at("plataforma", monday()).await;
    let case = case.assigned_to(AGENT).await.later(12);
    let case = case.when_actor(&Actor::System, Command::FireSteps).await;
    let contact = Command::Contact {
        note: "Llamé".to_owned(),
    };
    let case = case.when_owing(AGENT, contact).await;
    let notifier = started(&world).await;
    let bells = [bell(&case, 3, MailKind::StepToAgent)];
    notifier
        .works(QueueName::Reminder, &bells)
        .await
        .must_be_done();
    assert_eq!(world.mails().len(), 0);
    assert_eq!(
        case.unsent(),
        [("3 mail_step_to_agent".to_owned(), "outdated".to_owned())]
    );
    assert_eq!(case.owed(), [] as [String; 0]);
}

#[tokio::test]
async fn where_there_is_nobody_to_write_to_that_is_on_record() {
    let world = World::new().await;
    world
        .catalogue(|document| {
            document
                .directory
                .retain(|entry| entry.email.as_str() != COORDINATOR);
        })
        .await;
    let case = world.registered("plataforma").await;
    let case = case
        .when_actor(&Actor::System, Command::DeferAssignment)
        .await;
    let notifier = started(&world).await;
    let bells = [bell(&case, 2, MailKind::Unassigned)];
    notifier.works(QUEUE, &bells).await.must_be_done();
    assert_eq!(world.mails().len(), 0);
    assert_eq!(
        case.unsent(),
        [("2 mail_unassigned".to_owned(), "no_recipient".to_owned())]
    );
}

#[tokio::test]
async fn who_gets_no_more_mail_is_not_even_tried() {
    let world = World::new().await;
    let (case, bell) = registered(&world).await;
    world.suppress(ANA).await;
    let notifier = started(&world).await;
    notifier.works(QUEUE, &[bell]).await.must_be_done();
    assert_eq!(world.mails().len(), 0);
    assert!(!world.operations().contains(&"SendRawEmail".to_owned()));
    assert_eq!(case.kinds().await, ["registered", "mail_bounced"]);
    assert_eq!(case.owed(), ["1 assign", "2 mail_undeliverable"]);
}

#[tokio::test]
async fn work_of_another_queue_is_poison() {
    let world = World::new().await;
    let case = world.registered("plataforma").await;
    let notifier = started(&world).await;
    let misplaced = [
        case.owes(1, Effect::Assign),
        case.timer(monday(), QueueName::Escalation),
    ];
    let messages = misplaced.map(|bell| Message::from(&bell).for_the_last_time());
    assert_eq!(notifier.receives(QUEUE, &messages).await.failed, [0, 1]);
    assert_eq!(world.rows_of("GIVENUP#notification").len(), 2);
    assert_eq!(world.mails().len(), 0);
}

// ---------------------------------------------------------- whom they go to

/// Sends everything that a ticket owes, and says whom each mail went to.
async fn delivered(world: &World, case: &Case) -> Vec<(String, Vec<String>)> {
    let notifier = started(world).await;
    let mut sent = Vec::new();
    for owed in case.owed() {
        let (seq, effect) = owed.split_once(' ').unwrap();
        let effect = Effect::try_from(effect.to_owned()).unwrap();
        if effect == Effect::Assign {
            continue;
        }
        world.forget();
        let bell = case.owes(seq.parse().unwrap(), effect);
        notifier.works(effect.queue(), &[bell]).await.must_be_done();
        sent.push((effect.to_string(), the_mail(world).to));
    }
    sent
}

fn to(effect: &str, to: &[&str]) -> (String, Vec<String>) {
    (
        effect.to_owned(),
        to.iter().map(|s| (*s).to_owned()).collect(),
    )
}

#[tokio::test]
async fn each_mail_goes_to_whom_it_concerns() {
    let world = World::new().await;
    let case = world.assigned("plataforma").await;
    assert_eq!(
        delivered(&world, &case).await,
        [to("mail_assigned", &[AGENT])]
    );
    let case = case.escalated().await;
    assert_eq!(
        delivered(&world, &case).await,
        [to("mail_escalated", &[OFFICER])]
    );
    let report = Command::ReportSolution {
        body: "Se cambió el módulo".to_owned(),
    };
    let case = case.when(OFFICER, report).await;
    // Activity 11: the desk, in its mailbox.
    assert_eq!(
        delivered(&world, &case).await,
        [to("mail_solution_reported", &[AGENT, MAILBOX])]
    );
    let case = case.solved().await;
    assert_eq!(delivered(&world, &case).await, [to("mail_solved", &[ANA])]);
    let answer = Command::AnswerSurvey {
        round: 0,
        solved: true,
        rating: 5,
        comment: None,
    };
    let case = case.when_actor(&Actor::SurveyHolder, answer).await;
    // Control C2.
    assert_eq!(
        delivered(&world, &case).await,
        [
            to("mail_survey_answered", &[AGENT, MAILBOX]),
            to("mail_closed", &[ANA])
        ]
    );
    assert_eq!(case.owed(), [] as [String; 0]);
}

#[tokio::test]
async fn the_steps_go_up_with_the_time() {
    let world = World::new().await;
    let case = world.registered_at("plataforma", monday()).await;
    let case = case.assigned_to(AGENT).await.later(31);
    let case = case.when_actor(&Actor::System, Command::FireSteps).await;
    let sent = delivered(&world, &case).await;
    let mut told: Vec<_> = sent.into_iter().flat_map(|(_, to)| to).collect();
    told.sort_unstable();
    // Attention warned, overdue, far over; solution warned, overdue.
    assert_eq!(told, [AGENT, AGENT, COORDINATOR, COORDINATOR, HEAD]);
}

#[tokio::test]
async fn the_provider_learns_nothing_of_the_requester() {
    let world = World::new().await;
    let case = world.escalated("redes").await.at_provider().await;
    assert_eq!(
        delivered(&world, &case).await,
        [to("mail_provider_requested", &[PROVIDER])]
    );
    let mail = the_mail(&world);
    for secret in [ANA, "Ana Pérez", AGENT, "/tickets/"] {
        assert!(
            !mail.text.contains(secret) && !mail.html.contains(secret),
            "{secret}: {}",
            mail.text
        );
    }
    assert!(
        mail.text.contains("Favor revisar el enlace"),
        "{}",
        mail.text
    );
    let provider = Actor::Provider {
        id: ProviderId::from("redes_externo"),
        email: address(PROVIDER),
    };
    let reply = Command::RecordProviderReply {
        body: "Enlace restablecido".to_owned(),
    };
    let case = case.when_actor(&provider, reply).await;
    assert_eq!(
        delivered(&world, &case).await,
        [to("mail_provider_replied", &[OFFICER])]
    );
}

#[tokio::test]
async fn a_solution_carries_its_survey_and_what_is_internal_stays() {
    let world = World::new().await;
    let case = world.assigned("plataforma").await;
    let note = Command::FollowUp {
        body: "El usuario apagó el servidor".to_owned(),
        visibility: Visibility::Internal,
    };
    let case = case.when(AGENT, note).await.solved().await;
    delivered(&world, &case).await;
    let mail = the_mail(&world);
    let secret = TokenSecret::new(&world.variable("TOKEN_SECRET")).unwrap();
    let link = format!(
        "https://mesa.example/surveys/{}",
        secret.issue(TokenUse::Survey { round: 0 }, case.id)
    );
    assert!(mail.text.contains(&link), "{}", mail.text);
    assert!(!mail.text.contains("apagó el servidor"), "{}", mail.text);
    // What asks for no survey has no link to one.
    let case = world.solved("redes").await;
    delivered(&world, &case).await;
    assert!(!the_mail(&world).text.contains("/surveys/"));
}

// --------------------------------------------------------- bounces, complaints

/// SES says that a mail did not reach somebody.
fn bounce(id: &str, kind: &str, recipient: &str, headers: Value) -> Message {
    let notice = json!({
        "eventType": "Bounce",
        "bounce": {
            "bounceType": kind,
            "bouncedRecipients": [{ "emailAddress": recipient, "diagnosticCode": "550 5.1.1 unknown" }],
        },
        "mail": { "messageId": id, "headers": headers },
    });
    Message::of(notice.to_string())
}

/// What SES says where somebody's mailbox answers that he is away: the mail is there.
fn absence(id: &str) -> Message {
    let notice = json!({
        "eventType": "Bounce",
        "bounce": {
            "bounceType": "Transient",
            "bounceSubType": "General",
            "bouncedRecipients": [{ "emailAddress": ANA }],
        },
        "mail": { "messageId": id, "headers": [] },
    });
    Message::of(notice.to_string())
}

fn complaint(id: &str, kind: &str, recipients: &[&str]) -> Message {
    let recipients: Vec<_> = recipients
        .iter()
        .map(|r| json!({ "emailAddress": r }))
        .collect();
    let notice = json!({
        "eventType": "Complaint",
        "complaint": { "complaintFeedbackType": kind, "complainedRecipients": recipients },
        "mail": { "messageId": id, "headers": [] },
    });
    Message::of(notice.to_string())
}

/// A ticket whose first mail went out, and the id that SES gave it.
async fn written_to(world: &World, notifier: &Started<Notifier>) -> (Case, String) {
    let (case, bell) = registered(world).await;
    notifier.works(QUEUE, &[bell]).await.must_be_done();
    let id = the_mail(world).id;
    world.forget();
    (case, id)
}

#[tokio::test]
async fn a_bounce_is_recorded_once_and_the_desk_is_told() {
    let world = World::new().await;
    let notifier = started(&world).await;
    let (case, id) = written_to(&world, &notifier).await;
    let notice = bounce(&id, "Permanent", ANA, json!([]));
    notifier
        .receives_from(FEEDBACK, std::slice::from_ref(&notice))
        .await
        .must_be_done();
    assert_eq!(case.kinds().await, ["registered", "mail_bounced"]);
    assert_eq!(case.ticket().await.unreachable, [address(ANA)]);
    assert!(world.row(&format!("SUPPRESSED#{ANA}"), "SUPPRESSED")["since"].is_object());
    assert_eq!(world.all_rung(), [bell(&case, 2, MailKind::Undeliverable)]);
    // It comes twice.
    let rows = world.rows();
    notifier
        .receives_from(FEEDBACK, &[notice])
        .await
        .must_be_done();
    world.must_still_have(&rows);
}

#[tokio::test]
async fn what_bounces_for_now_and_what_nobody_in_particular_complains_of_is_left() {
    let world = World::new().await;
    let notifier = started(&world).await;
    let (_, id) = written_to(&world, &notifier).await;
    let rows = world.rows();
    let messages = [
        absence(&id),
        complaint(&id, "not-spam", &[ANA]),
        complaint(&id, "abuse", &[ANA, LUIS]),
        Message::of(r#"{"eventType":"Open"}"#),
        Message::of("Successfully validated SNS topic for Amazon SES event publishing."),
    ];
    notifier
        .receives_from(FEEDBACK, &messages)
        .await
        .must_be_done();
    world.must_still_have(&rows);
    assert_eq!(world.all_rung(), []);
}

#[tokio::test]
async fn what_ses_gave_up_is_on_the_ticket_and_the_address_is_written_to_again() {
    let world = World::new().await;
    let notifier = started(&world).await;
    let full = |id: &str, kind: &str| {
        let notice = json!({
            "eventType": "Bounce",
            "bounce": {
                "bounceType": kind,
                "bounceSubType": "MailboxFull",
                "bouncedRecipients": [{ "emailAddress": ANA, "diagnosticCode": "452 4.2.2 full" }],
            },
            "mail": { "messageId": id, "headers": [] },
        });
        Message::of(notice.to_string())
    };
    let rejected = |id: &str| {
        let notice = json!({
            "eventType": "Reject",
            "reject": { "reason": "Bad content" },
            "mail": { "messageId": id, "destination": [ANA] },
        });
        Message::of(notice.to_string())
    };
    for way in ["Transient", "Undetermined", "Reject"] {
        let (case, id) = written_to(&world, &notifier).await;
        let notice = match way {
            "Reject" => rejected(&id),
            kind => full(&id, kind),
        };
        // It comes twice.
        for _ in 0..2 {
            let notices = std::slice::from_ref(&notice);
            notifier
                .receives_from(FEEDBACK, notices)
                .await
                .must_be_done();
        }
        assert_eq!(case.kinds().await, ["registered", "mail_bounced"], "{way}");
        assert!(case.ticket().await.is_unheard());
        assert_eq!(world.rows_of("SUPPRESSED#").len(), 0, "{way}");
        assert_eq!(world.all_rung(), [bell(&case, 2, MailKind::Undeliverable)]);
        world.forget();
    }
}

#[tokio::test]
async fn a_complaint_is_a_reason_to_write_no_more() {
    let world = World::new().await;
    let notifier = started(&world).await;
    let (case, id) = written_to(&world, &notifier).await;
    let notice = complaint(&id, "abuse", &[ANA]);
    notifier
        .receives_from(FEEDBACK, &[notice])
        .await
        .must_be_done();
    assert_eq!(case.kinds().await, ["registered", "mail_bounced"]);
    assert!(
        !world
            .row(&format!("SUPPRESSED#{ANA}"), "SUPPRESSED")
            .is_null()
    );
}

#[tokio::test]
async fn a_bounce_that_is_faster_than_the_record_finds_its_ticket_by_our_header() {
    let world = World::new().await;
    let case = world.registered("plataforma").await;
    let notifier = started(&world).await;
    let headers = json!([{ "name": "x-uspec-ticket", "value": case.id.to_string() }]);
    let notice = bounce("not-on-record", "Permanent", ANA, headers);
    notifier
        .receives_from(FEEDBACK, &[notice])
        .await
        .must_be_done();
    assert_eq!(case.kinds().await, ["registered", "mail_bounced"]);
    // Of a mail that is no ticket's the address alone is remembered.
    let notice = bounce("unknown", "Permanent", STRANGER, json!([]));
    notifier
        .receives_from(FEEDBACK, &[notice])
        .await
        .must_be_done();
    assert!(
        !world
            .row(&format!("SUPPRESSED#{STRANGER}"), "SUPPRESSED")
            .is_null()
    );
}

#[tokio::test]
async fn a_bounce_on_a_ticket_that_changes_is_recorded_all_the_same() {
    let world = World::new().await;
    let notifier = started(&world).await;
    let (case, id) = written_to(&world, &notifier).await;
    let other = case.clone();
    world.meanwhile("TransactWriteItems", 0, async move {
        other.assigned_to(AGENT).await;
    });
    let notice = bounce(&id, "Permanent", ANA, json!([]));
    notifier
        .receives_from(FEEDBACK, &[notice])
        .await
        .must_be_done();
    assert_eq!(
        case.kinds().await,
        ["registered", "assigned", "mail_bounced"]
    );
}

#[tokio::test]
async fn what_is_no_notice_is_poison() {
    let world = World::new().await;
    let notifier = started(&world).await;
    let received = r#"{"notificationType":"Received","receipt":{},"mail":{}}"#;
    let messages = [Message::of("{}"), Message::of(received)].map(Message::for_the_last_time);
    assert_eq!(
        notifier.receives_from(FEEDBACK, &messages).await.failed,
        [0, 1]
    );
    assert_eq!(world.rows_of("GIVENUP#feedback").len(), 2);
}

// ----------------------------------------------------- answers to refused mail

/// A mail of a stranger that was refused, who is owed an answer.
fn refused(world: &World, id: &str, from: &str) -> Doorbell {
    refused_for(world, id, from, "outside_sender")
}

/// A mail that was refused for a reason, whose sender is owed an answer.
fn refused_for(world: &World, id: &str, from: &str, reason: &str) -> Doorbell {
    let record = json!({
        "id": id,
        "received_at": "2026-11-23T13:00:00Z",
        "object": format!("inbound/{id}"),
        "envelope_from": from,
        "recipients": ["soporte@uspec.gov.co"],
        "from": from,
        "subject": "Hola",
        "message_id": "hola@example.com",
        "outcome": "refused",
        "reason": reason,
        "detail": "La solicitud ya está cerrada.",
    });
    world.put_row(&json!({
        "pk": { "S": format!("INBOUND#{id}") },
        "sk": { "S": "MAIL" },
        "v": { "N": "1" },
        "doc": { "S": record.to_string() },
    }));
    world.put_row(&json!({
        "pk": { "S": format!("INBOUND#{id}") },
        "sk": { "S": "ANSWER" },
        "due_pk": { "S": "OUTBOX#1" },
        "due_sk": { "S": format!("2026-11-23T13:00:00.000Z#{id}") },
    }));
    Doorbell::Answer {
        mail: MailId(id.to_owned()),
    }
}

#[tokio::test]
async fn the_sender_of_a_refused_mail_is_told_once() {
    let world = World::new().await;
    let bell = refused(&world, "mail1", STRANGER);
    let notifier = started(&world).await;
    notifier
        .works(QUEUE, std::slice::from_ref(&bell))
        .await
        .must_be_done();
    let mail = the_mail(&world);
    assert_eq!(mail.to, [STRANGER]);
    assert_eq!(
        mail.header("Auto-Submitted").as_deref(),
        Some("auto-replied")
    );
    // What he wrote is not said back.
    assert!(!mail.text.contains("Hola"), "{}", mail.text);
    assert!(world.row("INBOUND#mail1", "ANSWER").is_null());
    notifier.works(QUEUE, &[bell]).await.must_be_done();
    the_mail(&world);
}

#[tokio::test]
async fn whoever_is_told_learns_the_true_reason_and_what_to_do() {
    const BOX: &str = "Este buzón atiende a funcionarios y contratistas";
    for (reason, said, is_for_strangers) in [
        ("outside_sender", "no es de la entidad", true),
        ("not_allowed", "La solicitud ya está cerrada.", false),
        ("spam", "no deseado", false),
        ("virus", "sin el archivo", false),
        ("flood", "no hace falta que los repita", false),
    ] {
        let world = World::new().await;
        let bell = refused_for(&world, "mail1", LUIS, reason);
        let notifier = started(&world).await;
        notifier.works(QUEUE, &[bell]).await.must_be_done();
        let mails = world.mails();
        let text = &mails[0].text;
        assert_eq!(mails[0].to, [LUIS], "{reason}");
        assert!(text.contains(said), "{reason}: {text}");
        assert_eq!(text.contains(BOX), is_for_strangers, "{reason}: {text}");
    }
}

#[tokio::test]
async fn a_flood_is_told_to_the_coordination_with_its_sender() {
    let world = World::new().await;
    let bell = refused_for(&world, "mail1", LUIS, "flood");
    let notifier = started(&world).await;
    let bells = [bell.clone(), bell];
    notifier.works(QUEUE, &bells).await.must_be_done();
    let mails = world.mails();
    assert_eq!(mails.len(), 2, "once, however often it is rung for");
    assert_eq!(mails[0].to, [LUIS]);
    assert!(
        mails[1].to.contains(&COORDINATOR.to_owned()),
        "{:?}",
        mails[1].to
    );
    assert!(mails[1].text.contains(LUIS) && mails[1].text.contains("/correo"));
}

#[tokio::test]
async fn nothing_is_said_to_an_address_that_nobody_reads() {
    for from in [
        "noreply@uspec.gov.co",
        "no-responder@uspec.gov.co",
        "avisos-noreply@uspec.gov.co",
    ] {
        let world = World::new().await;
        let bell = refused_for(&world, "mail1", from, "spam");
        let notifier = started(&world).await;
        notifier.works(QUEUE, &[bell]).await.must_be_done();
        assert_eq!(world.mails().len(), 0, "{from}");
        assert!(world.row("INBOUND#mail1", "ANSWER").is_null());
    }
}

#[tokio::test]
async fn who_gave_verbs_is_told_what_came_of_them() {
    let world = World::new().await;
    let case = world.assigned("plataforma").await.settled().await;
    let bell = refused(&world, "mail1", AGENT);
    let record = json!({
        "id": "mail1",
        "received_at": "2026-11-23T13:00:00Z",
        "object": "inbound/mail1",
        "envelope_from": "lista@example.com",
        "recipients": ["soporte@uspec.gov.co"],
        "from": AGENT,
        "subject": "Re:",
        "message_id": "hola@example.com",
        "outcome": "follow_up",
        "ticket": { "id": case.id.to_string(), "number": case.number },
        "became": "command",
        "verbs": { "hand": "desk", "told": ["#tomar: usted es ahora responsable de la solicitud."] },
    });
    world.put_row(&json!({
        "pk": { "S": "INBOUND#mail1" },
        "sk": { "S": "MAIL" },
        "v": { "N": "1" },
        "doc": { "S": record.to_string() },
    }));
    let notifier = started(&world).await;
    notifier.works(QUEUE, &[bell]).await.must_be_done();
    let mail = the_mail(&world);
    assert_eq!(mail.to, [AGENT]);
    assert_eq!(
        mail.header("Auto-Submitted").as_deref(),
        Some("auto-replied")
    );
    assert!(
        mail.text.contains("usted es ahora responsable"),
        "{}",
        mail.text
    );
    // It says what else there is, and takes it.
    assert!(mail.text.contains("#resolver: "), "{}", mail.text);
    assert!(mail.header("Reply-To").unwrap().contains("soporte+"));
}

#[tokio::test]
async fn an_answer_that_fails_is_not_tried_again() {
    let world = World::new().await;
    let (one, other) = (
        refused(&world, "mail1", STRANGER),
        refused(&world, "mail2", LUIS),
    );
    world.suppress(LUIS).await;
    let notifier = started(&world).await;
    world.fails("SendRawEmail", 0..1, Fault::Failed);
    notifier
        .works(QUEUE, &[one.clone(), other])
        .await
        .must_be_done();
    notifier.works(QUEUE, &[one]).await.must_be_done();
    assert_eq!(world.mails().len(), 0);
    for id in ["mail1", "mail2"] {
        assert!(world.row(&format!("INBOUND#{id}"), "ANSWER").is_null());
    }
}

#[tokio::test]
async fn a_variable_that_is_missing_is_named() {
    let world = World::new().await;
    let missing = world
        .refuses::<Notifier>("notifier", "CONFIGURATION_SET")
        .await;
    assert_eq!(
        missing,
        "environment variable CONFIGURATION_SET is missing or empty"
    );
}
