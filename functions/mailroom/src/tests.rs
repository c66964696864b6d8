//! Mails in, over AWS in memory: as SES tells of them, and as the desk asks for
//! them.

use data_encoding::HEXLOWER;
use in_process::people::{
    AGENT, ANA, AUDITOR, COORDINATOR, LUIS, MAILBOX, OFFICER, PRINTER, PROVIDER, STRANGER,
};
use in_process::{Case, Fault, Message, Object, Started, World, get, now, post};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use types::command::Command;
use types::effects::{Effect, MailKind, QueueName};
use types::ids::MailId;
use types::message::Doorbell;
use types::permission::Actor;
use types::ticket::{Attachment, Channel, State, Visibility};
use types::token::{Audience, TokenSecret, TokenUse};
use types::view::{Reader, whole};
use types::{SignedDuration, Timestamp};

use super::Mailroom;

mod growth;
mod passed_on;
mod replies;
mod threads;

const QUEUE: &str = "InboundMailQueue";
const RAW: &str = "mailbucket";
const FILES: &str = "filesbucket";

/// Somebody within the provider's domain.
const SUBDOMAIN: &str = "casos@mail.proveedor-redes.example.com";

async fn started(world: &World) -> Started<Mailroom> {
    world.start("mailroom").await
}

/// A mail, as SES takes it: who wrote it is proven, unless a test says otherwise.
#[derive(Clone)]
struct Letter {
    id: String,
    from: &'static str,
    to: String,
    headers: String,
    body: String,
    verdicts: [(&'static str, &'static str); 5],
    policy: Option<&'static str>,
    at: Timestamp,
}

fn letter(id: &str, from: &'static str) -> Letter {
    Letter {
        id: id.to_owned(),
        from,
        to: MAILBOX.to_owned(),
        headers: format!("Message-ID: <{id}@example.com>\r\nSubject: No abre el correo\r\n"),
        body: "Desde hoy no abre el correo.".to_owned(),
        verdicts: ["spam", "virus", "spf", "dkim", "dmarc"].map(|name| (name, "PASS")),
        policy: None,
        at: now(),
    }
}

impl Letter {
    /// To the address that the mails of a ticket ask to reply to.
    fn replying_to(mut self, world: &World, case: &Case, audience: Audience) -> Self {
        let secret = TokenSecret::new(&world.variable("TOKEN_SECRET")).unwrap();
        let token = secret.issue(TokenUse::Reply(audience), case.id);
        self.to = format!("soporte+{token}@uspec.gov.co");
        self
    }

    fn header(mut self, line: &str) -> Self {
        self.headers.push_str(line);
        self.headers.push_str("\r\n");
        self
    }

    /// With another subject.
    fn titled(mut self, subject: &str) -> Self {
        self.headers = format!(
            "Message-ID: <{}@example.com>\r\nSubject: {subject}\r\n",
            self.id
        );
        self
    }

    fn saying(mut self, body: &str) -> Self {
        self.body = body.to_owned();
        self
    }

    fn verdict(mut self, name: &str, status: &'static str) -> Self {
        for verdict in &mut self.verdicts {
            if verdict.0 == name {
                verdict.1 = status;
            }
        }
        self
    }

    /// With a file beside the text.
    fn with_file(mut self, name: &str, bytes: &str) -> Self {
        let text = std::mem::take(&mut self.body);
        self.headers
            .push_str("MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=\"b\"\r\n");
        self.body = format!(
            "--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n--b\r\nContent-Type: image/png; name=\"{name}\"\r\n\
             Content-Disposition: attachment; filename=\"{name}\"\r\n\r\n{bytes}\r\n--b--\r\n"
        );
        self
    }

    /// SES stores it, and tells of it.
    fn arrives(&self, world: &World) -> Message {
        let raw = format!(
            "From: {}\r\nTo: {}\r\n{}\r\n{}\r\n",
            self.from, self.to, self.headers, self.body
        );
        let object = Object {
            bytes: raw.into_bytes(),
            content_type: "message/rfc822".to_owned(),
            written_at: self.at,
        };
        let key = format!("inbound/{}", self.id);
        world.put_object(RAW, &key, object);
        let mut receipt = json!({
            "recipients": [self.to],
            "dmarcPolicy": self.policy,
        });
        for (name, status) in self.verdicts {
            receipt[format!("{name}Verdict")] = json!({ "status": status });
        }
        let notice = json!({
            "notificationType": "Received",
            "receipt": receipt,
            "mail": { "messageId": self.id, "timestamp": self.at.to_string(), "source": self.from },
        });
        Message::of(notice.to_string())
    }
}

/// A mail that must be taken in, and its record.
async fn takes(world: &World, mailroom: &Started<Mailroom>, letter: &Letter) -> Value {
    let message = letter.arrives(world);
    mailroom
        .receives_from(QUEUE, &[message])
        .await
        .must_be_done();
    record(world, &letter.id)
}

/// What is on record of a mail.
#[track_caller]
fn record(world: &World, id: &str) -> Value {
    let row = world.row(&format!("INBOUND#{id}"), "MAIL");
    let doc = row["doc"]["S"].as_str();
    doc.map_or(Value::Null, |doc| serde_json::from_str(doc).unwrap())
}

/// The ticket that a mail became.
async fn case_of(world: &World, record: &Value) -> Case {
    let tickets = world.tickets().await;
    let number = &record["ticket"]["number"];
    let ticket = tickets.iter().find(|t| json!(t.number) == *number);
    world.case(ticket.unwrap_or_else(|| panic!("no ticket: {record}")))
}

fn mail(case: &Case, seq: u64, kind: MailKind) -> Doorbell {
    case.owes(seq, Effect::Mail(kind))
}

/// What is owed to the sender of a mail with verbs.
fn answer(mail: &str) -> Doorbell {
    let mail = MailId(mail.to_owned());
    Doorbell::Answer { mail }
}

// ------------------------------------------------------------- a new request

#[tokio::test]
async fn a_mail_to_two_teams_is_one_ticket_that_names_the_other() {
    // To both at once; and in two deliveries, of which each names both.
    let both = format!("To: {MAILBOX}, impresion@uspec.gov.co");
    for (id, headers) in [("m1", both.as_str()), ("m2", "Cc: impresion@uspec.gov.co")] {
        let world = World::new().await;
        let mailroom = started(&world).await;
        let record = takes(&world, &mailroom, &letter(id, ANA).header(headers)).await;
        let case = case_of(&world, &record).await;
        let ticket = case.ticket().await;
        assert_eq!(ticket.policy.team.0, "soporte");
        assert_eq!(ticket.request.other_teams, ["impresion".into()], "{id}");
        assert!(ticket.request.observers.is_empty());
        let told = "1 mail_registered_to_other_teams".to_owned();
        assert!(case.owed().contains(&told), "{:?}", case.owed());
    }
}

/// What people write to is routed to the mailbox; that is nobody who reads along.
#[tokio::test]
async fn an_address_that_people_know_is_the_desk_s_own() {
    let known = "ayuda@uspec.gov.co";
    let routed = letter("m1", ANA).header(&format!("To: {known}"));
    for (addresses, observers) in [
        ("", &[known][..]),
        (" otra@uspec.gov.co, ayuda@uspec.gov.co", &[]),
    ] {
        let world = World::new().await;
        let changes = [("KNOWN_ADDRESSES", addresses)];
        let mailroom = world.start_with("mailroom", &changes).await;
        let record = takes(&world, &mailroom, &routed).await;
        let ticket = case_of(&world, &record).await.ticket().await;
        let copied = ticket.request.observers.iter();
        let copied: Vec<_> = copied.map(|o| o.email.as_str()).collect();
        assert_eq!(copied, observers, "{addresses:?}");
        // And it asks itself for nothing.
        let of_its_own = letter("m2", known);
        let record = takes(&world, &mailroom, &of_its_own).await;
        let filed = record["outcome"] == "filed";
        assert_eq!(filed, observers.is_empty(), "{record}");
    }
}

#[tokio::test]
async fn a_mail_becomes_a_ticket() {
    let world = World::new().await;
    let mailroom = started(&world).await;
    let letter = letter("m1", ANA).header(&format!("Cc: {LUIS}, {STRANGER}"));
    let record = takes(&world, &mailroom, &letter).await;
    assert_eq!(
        (&record["outcome"], &record["envelope_from"]),
        (&json!("ticket"), &json!(ANA))
    );
    let case = case_of(&world, &record).await;
    let ticket = case.ticket().await;
    assert_eq!(ticket.request.channel, Channel::Email);
    assert_eq!(ticket.request.title, "No abre el correo");
    assert_eq!(ticket.request.requester.person.email.as_str(), ANA);
    // Whoever was copied and is of the entity reads along.
    let observers: Vec<_> = ticket
        .request
        .observers
        .iter()
        .map(|o| o.email.as_str())
        .collect();
    assert_eq!(observers, [LUIS]);
    let events = case.events().await;
    assert_eq!(events[0].mail.as_ref().unwrap().0, "m1");
    assert_eq!(
        case.owed(),
        [
            "1 assign",
            "1 mail_registered",
            "1 mail_registered_to_observers"
        ]
    );
    assert_eq!(
        world.all_rung(),
        [
            case.owes(1, Effect::Assign),
            mail(&case, 1, MailKind::Registered),
            mail(&case, 1, MailKind::RegisteredToObservers)
        ]
    );
    // The raw mail stays as evidence.
    assert_eq!(world.objects(RAW).len(), 1);
}

#[tokio::test]
async fn the_mailbox_decides_on_the_team() {
    let world = World::new().await;
    let mailroom = started(&world).await;
    let mut letter = letter("m1", ANA);
    letter.to = "impresion@uspec.gov.co".to_owned();
    let record = takes(&world, &mailroom, &letter).await;
    let ticket = case_of(&world, &record).await.ticket().await;
    assert_eq!(ticket.policy.team.0, "impresion");
}

/// Nothing new goes to a team that is retired: what is written to its mailbox is of the
/// category that its mails were given, and of that one's team.
#[tokio::test]
async fn a_mail_to_a_retired_teams_mailbox_is_anothers() {
    let world = World::new().await;
    world
        .catalogue(|document| {
            for team in &mut document.teams {
                if team.id.0 == "impresion" {
                    team.retired = true;
                    team.category = Some("ofimatica".into());
                }
            }
            for category in &mut document.categories {
                category.retired = category.team.0 == "impresion";
            }
        })
        .await;
    let mailroom = started(&world).await;
    let mut letter = letter("m1", ANA);
    letter.to = "impresion@uspec.gov.co".to_owned();
    let record = takes(&world, &mailroom, &letter).await;
    let policy = case_of(&world, &record).await.ticket().await.policy;
    assert_eq!(
        (&*policy.category.0, &*policy.team.0),
        ("ofimatica", "soporte")
    );
}

#[tokio::test]
async fn a_mail_that_is_told_of_twice_is_taken_once() {
    let world = World::new().await;
    let mailroom = started(&world).await;
    let letter = letter("m1", ANA);
    takes(&world, &mailroom, &letter).await;
    let (rows, rung) = (world.rows(), world.all_rung());
    world.forget();
    takes(&world, &mailroom, &letter).await;
    world.must_still_have(&rows);
    // Whoever took it may have died before he rang.
    assert_eq!(world.all_rung(), rung);
}

#[tokio::test]
async fn two_at_once_make_one_ticket() {
    let world = World::new().await;
    let (mailroom, other) = (started(&world).await, started(&world).await);
    let letter = letter("m1", ANA);
    let message = letter.arrives(&world);
    world.meanwhile("TransactWriteItems", 0, async move {
        other.receives_from(QUEUE, &[message]).await.must_be_done();
    });
    let record = takes(&world, &mailroom, &letter).await;
    let case = case_of(&world, &record).await;
    assert_eq!(world.tickets().await.len(), 1);
    assert_eq!(case.kinds().await, ["registered"]);
    // The number of the one who lost is void, and not another ticket's.
    let taken = world.row("COUNTER", "COUNTER")["taken"]["N"].clone();
    assert_eq!(taken, "2");
    let voids = world.rows_of("NUMBER#");
    let voids = voids
        .iter()
        .filter(|row| row["void_since"].is_object())
        .count();
    assert_eq!(voids, 1);
}

#[tokio::test]
async fn the_same_mail_delivered_twice_is_one_ticket() {
    let world = World::new().await;
    let mailroom = started(&world).await;
    let first = letter("m1", ANA).with_file("pantalla.png", "eins");
    takes(&world, &mailroom, &first).await;
    let files = world.objects(FILES);
    // SES gave it another id.
    let second = Letter {
        id: "m2".to_owned(),
        ..first
    };
    let record = takes(&world, &mailroom, &second).await;
    assert_eq!(
        (&record["outcome"], &record["of"]),
        (&json!("duplicate"), &json!("m1"))
    );
    assert_eq!(world.tickets().await.len(), 1);
    // It took no number, and stored no file.
    assert_eq!(world.row("COUNTER", "COUNTER")["taken"]["N"], "1");
    assert_eq!(world.objects(FILES), files);
}

#[tokio::test]
async fn files_go_into_their_bucket_and_on_the_ticket() {
    let world = World::new().await;
    let mailroom = started(&world).await;
    let letter = letter("m1", ANA).with_file("pantalla.png", "bytes");
    let record = takes(&world, &mailroom, &letter).await;
    let case = case_of(&world, &record).await;
    assert_eq!(case.kinds().await, ["registered", "attachments_added"]);
    let ticket = case.ticket().await;
    let attachment = &ticket.attachments[0];
    assert_eq!(
        (attachment.name.as_str(), attachment.visibility),
        ("pantalla.png", Visibility::Public)
    );
    let files = world.objects(FILES);
    let file = &files[&format!("tickets/{}/{}", case.id, attachment.id)];
    assert_eq!(
        (file.bytes.as_slice(), file.content_type.as_str()),
        (&b"bytes"[..], "image/png")
    );
}

/// The files that tickets name; and those that lie beside them and none names, of which
/// each has to have a mark by which it is removed later (`Uploads::clear`).
async fn named_and_left(world: &World) -> (usize, usize) {
    let objects = world.objects(FILES);
    let mut left: Vec<&String> = objects.keys().collect();
    left.retain(|key| key.starts_with("tickets/"));
    let all = left.len();
    for ticket in world.tickets().await {
        for file in &ticket.attachments {
            let named = format!("tickets/{}/{}", ticket.id, file.id);
            left.retain(|key| **key != named);
        }
    }
    for key in &left {
        let mut marked = objects.keys().filter_map(|key| cloud::uploads::marked(key));
        assert!(
            marked.any(|(ticket, id)| **key == format!("tickets/{ticket}/{id}")),
            "{key} has no mark"
        );
    }
    (all - left.len(), left.len())
}

#[tokio::test]
async fn of_two_attempts_at_once_the_files_of_one_are_kept() {
    let world = World::new().await;
    let (mailroom, other) = (started(&world).await, started(&world).await);
    let letter = letter("m1", ANA).with_file("pantalla.png", "bytes");
    let message = letter.arrives(&world);
    world.meanwhile("TransactWriteItems", 0, async move {
        other.receives_from(QUEUE, &[message]).await.must_be_done();
    });
    let record = takes(&world, &mailroom, &letter).await;
    let ticket = case_of(&world, &record).await.ticket().await;
    let key = format!("tickets/{}/{}", ticket.id, ticket.attachments[0].id);
    assert_eq!(world.objects(FILES)[&key].bytes, b"bytes");
    assert_eq!(named_and_left(&world).await, (1, 0));
}

/// An attempt stores its file and dies; when it is tried again, the mail is another's
/// twin. Nobody remembers what lies there then.
#[tokio::test]
async fn what_an_attempt_stored_in_vain_is_marked() {
    let world = World::new().await;
    let mailroom = started(&world).await;
    let first = letter("m1", ANA).with_file("pantalla.png", "bytes");
    let twin = Letter {
        id: "m2".to_owned(),
        ..first.clone()
    };
    world.fails("TransactWriteItems", 0..50, Fault::Throttled);
    let message = first.arrives(&world);
    let tried = mailroom.receives_from(QUEUE, &[message]).await;
    assert_eq!(tried.failed, [0]);
    world.heals();
    takes(&world, &mailroom, &twin).await;
    let record = takes(&world, &mailroom, &first).await;
    assert_eq!(record["outcome"], "duplicate");
    assert_eq!(named_and_left(&world).await, (1, 1));
}

// -------------------------------------------------------------------- replies

#[tokio::test]
async fn a_reply_to_the_ticket_s_address_is_a_follow_up() {
    let world = World::new().await;
    let case = world.assigned("plataforma").await.settled().await;
    let mailroom = started(&world).await;
    let letter = letter("m1", ANA).saying("Sigue igual.\r\n\r\nEl lun, 23 nov 2026 a las 8:00, Mesa de Ayuda (<soporte@uspec.gov.co>) escribió:\r\n\r\n> Lo que ustedes dijeron");
    let letter = letter.replying_to(&world, &case, Audience::Requester);
    let record = takes(&world, &mailroom, &letter).await;
    assert_eq!(
        (&record["outcome"], &record["became"]),
        (&json!("follow_up"), &json!("follow_up"))
    );
    assert_eq!(
        case.kinds().await,
        ["registered", "assigned", "followed_up"]
    );
    let events = case.events().await;
    let types::ticket::EventKind::FollowedUp { body, visibility } = &events[2].kind else {
        panic!("{events:?}")
    };
    // What it quotes is not said again.
    assert_eq!(
        (body.as_str(), *visibility),
        ("Sigue igual.", Visibility::Public)
    );
    assert_eq!(
        world.all_rung(),
        [mail(&case, 3, MailKind::FollowUpToAgent)]
    );
    assert_eq!(world.tickets().await.len(), 1);
}

/// What the only mail of a ticket says in full: to the desk, and to its requester.
async fn whole_text(case: &Case) -> (Option<String>, Option<String>) {
    let events = case.events().await;
    let event = events.iter().find(|event| event.mail.is_some()).unwrap();
    let to = |reader| whole(event, reader).map(str::to_owned);
    (to(Reader::Staff), to(Reader::Requester))
}

#[tokio::test]
async fn what_is_folded_of_a_reply_is_kept_beside_it() {
    const QUOTED: &str = "\r\n\r\nEl lun, 23 nov 2026 a las 8:00, Mesa de Ayuda (<soporte@uspec.gov.co>) escribió:\r\n\r\n> Lo que ustedes dijeron";
    for (from, audience, text, whole) in [
        (
            ANA,
            Audience::Requester,
            format!("Sigue igual.{QUOTED}"),
            Some(
                "Sigue igual.\n\nEl lun, 23 nov 2026 a las 8:00, Mesa de Ayuda (<soporte@uspec.gov.co>) escribió:\n\n> Lo que ustedes dijeron",
            ),
        ),
        (
            ANA,
            Audience::Requester,
            "Sigue igual.\r\n\r\nEnviado desde mi iPhone".to_owned(),
            Some("Sigue igual.\n\nEnviado desde mi iPhone"),
        ),
        (ANA, Audience::Requester, "Sigue igual.".to_owned(), None),
    ] {
        let world = World::new().await;
        let case = world.assigned("plataforma").await.settled().await;
        let mailroom = started(&world).await;
        let letter = letter("m1", from).saying(&text);
        takes(
            &world,
            &mailroom,
            &letter.replying_to(&world, &case, audience),
        )
        .await;
        let (staff, requester) = whole_text(&case).await;
        assert_eq!(staff.as_deref(), whole, "{text}");
        assert_eq!(requester, staff, "{text}");
    }
}

#[tokio::test]
async fn what_was_written_to_the_desk_is_not_shown_below_its_answer() {
    let world = World::new().await;
    let case = world.assigned("plataforma").await.settled().await;
    let mailroom = started(&world).await;
    let letter = letter("m1", AGENT).saying("Voy.\r\n\r\n> Nota interna: es de la bodega");
    let letter = letter.header("In-Reply-To: <x@y>");
    takes(
        &world,
        &mailroom,
        &letter.replying_to(&world, &case, Audience::Desk),
    )
    .await;
    let (staff, requester) = whole_text(&case).await;
    assert!(staff.is_some_and(|text| text.contains("Nota interna")));
    assert_eq!(requester, None);
}

/// A reply in HTML with pictures of these bytes within it.
fn with_pictures(letter: Letter, pictures: &[&str]) -> Letter {
    let mut letter = letter.header("MIME-Version: 1.0");
    letter
        .headers
        .push_str("Content-Type: multipart/related; boundary=\"b\"\r\n");
    letter.body = format!(
        "--b\r\nContent-Type: text/html\r\n\r\n<p>{}</p>\r\n",
        letter.body
    );
    for (at, bytes) in pictures.iter().enumerate() {
        letter.body.push_str(&format!(
            "--b\r\nContent-Type: image/png; name=\"image{at}.png\"\r\nContent-Disposition: inline\r\nContent-ID: <i{at}>\r\n\r\n{bytes}\r\n"
        ));
    }
    letter.body.push_str("--b--");
    letter
}

#[tokio::test]
async fn a_logo_that_comes_again_is_not_attached_again() {
    let world = World::new().await;
    let case = world.assigned("plataforma").await.settled().await;
    let mailroom = started(&world).await;
    for (id, pictures) in [
        ("m1", &["logo", "pantalla", "logo"][..]),
        ("m2", &["logo"]),
        ("m3", &["otra pantalla", "logo"]),
    ] {
        let letter = letter(id, ANA).replying_to(&world, &case, Audience::Requester);
        takes(&world, &mailroom, &with_pictures(letter, pictures)).await;
    }
    let files = case.ticket().await.attachments;
    let sizes: Vec<u64> = files.iter().map(|file| file.size).collect();
    assert_eq!(sizes, [4, 8, 13]);
    let added = case.kinds().await;
    assert_eq!(
        added
            .iter()
            .filter(|kind| **kind == "attachments_added")
            .count(),
        2
    );
    // A file that somebody attached is one however often he does.
    for id in ["m4", "m5"] {
        let letter = letter(id, ANA).replying_to(&world, &case, Audience::Requester);
        takes(&world, &mailroom, &letter.with_file("a.png", "logo")).await;
    }
    assert_eq!(case.ticket().await.attachments.len(), 5);
}

#[tokio::test]
async fn a_picture_that_only_the_desk_may_have_does_not_stand_for_the_requester_s() {
    let world = World::new().await;
    let case = world.assigned("plataforma").await.settled().await;
    let mailroom = started(&world).await;
    let note = Command::AddAttachments {
        attachments: vec![Attachment {
            id: "a1".to_owned(),
            name: "logo.png".to_owned(),
            content_type: "image/png".to_owned(),
            size: 4,
            visibility: Visibility::Internal,
            digest: Some(HEXLOWER.encode(&Sha256::digest(b"logo"))),
        }],
        left_out: 0,
    };
    let case = case.when_actor(&Actor::System, note).await;
    let answer = letter("m2", ANA).replying_to(&world, &case, Audience::Requester);
    takes(&world, &mailroom, &with_pictures(answer, &["logo"])).await;
    let seen: Vec<Visibility> = case
        .ticket()
        .await
        .attachments
        .iter()
        .map(|file| file.visibility)
        .collect();
    assert_eq!(seen, [Visibility::Internal, Visibility::Public]);
}

#[tokio::test]
async fn a_reply_is_found_by_the_mail_that_it_answers() {
    let world = World::new().await;
    let case = world.assigned("plataforma").await.settled().await;
    world.put_row(&json!({
        "pk": { "S": "MAIL#ses-7" },
        "sk": { "S": "MAIL" },
        "ticket": { "S": case.id.to_string() },
        "effect": { "S": "mail_registered" },
        "seq": { "N": "1" },
        "sent_at": { "S": "2026-11-23T13:00:00.000Z" },
    }));
    let mailroom = started(&world).await;
    let letter = letter("m1", ANA).header("In-Reply-To: <ses-7@us-east-1.amazonses.com>");
    let record = takes(&world, &mailroom, &letter).await;
    assert_eq!(record["outcome"], "follow_up");
    assert_eq!(
        case.kinds().await,
        ["registered", "assigned", "followed_up"]
    );
}

#[tokio::test]
async fn a_number_in_the_subject_reaches_nobody_s_ticket() {
    let world = World::new().await;
    let case = world.assigned("plataforma").await;
    let mailroom = started(&world).await;
    let letter = letter("m1", LUIS).header("Subject: Re: [USPEC #000001] Registrada");
    let record = takes(&world, &mailroom, &letter).await;
    assert_eq!(record["outcome"], "ticket");
    assert_eq!(case.kinds().await, ["registered", "assigned"]);
}

#[tokio::test]
async fn a_reply_to_a_solution_reopens() {
    let world = World::new().await;
    let case = world.solved("plataforma").await.settled().await;
    let mailroom = started(&world).await;
    let letter = letter("m1", ANA).replying_to(&world, &case, Audience::Requester);
    let record = takes(&world, &mailroom, &letter).await;
    assert_eq!(record["became"], "reopened");
    let ticket = case.ticket().await;
    assert_eq!((ticket.state, ticket.reopened), (State::Assigned, 1));
    assert_eq!(world.load(AGENT), 1);
}

#[tokio::test]
async fn a_reply_to_a_closed_ticket_goes_on_with_another() {
    let world = World::new().await;
    let case = world
        .solved("redes")
        .await
        .when(AGENT, Command::Close)
        .await;
    let mailroom = started(&world).await;
    let letter = letter("m1", ANA).replying_to(&world, &case, Audience::Requester);
    let record = takes(&world, &mailroom, &letter).await;
    let next = case_of(&world, &record).await;
    assert_ne!(next.number, case.number);
    // Each knows of the other.
    assert_eq!(next.ticket().await.links[0].id, case.id);
    assert_eq!(case.ticket().await.links[0].id, next.id);
    assert_eq!(case.ticket().await.state, State::Closed);
}

#[tokio::test]
async fn a_ticket_that_is_closed_in_between_is_gone_on_with() {
    let world = World::new().await;
    let case = world.solved("redes").await.settled().await;
    let mailroom = started(&world).await;
    let letter = letter("m1", ANA).replying_to(&world, &case, Audience::Requester);
    let other = case.clone();
    world.meanwhile("TransactWriteItems", 0, async move {
        other.when(AGENT, Command::Close).await;
    });
    let record = takes(&world, &mailroom, &letter).await;
    assert_eq!(record["outcome"], "ticket");
    assert_eq!(case.ticket().await.reopened, 0);
    assert_eq!(world.tickets().await.len(), 2);
}

#[tokio::test]
async fn the_provider_s_answer_sets_the_clock_going() {
    let world = World::new().await;
    let case = world
        .escalated("redes")
        .await
        .at_provider()
        .await
        .settled()
        .await;
    let mailroom = started(&world).await;
    let letter = letter("m1", PROVIDER)
        .saying("Enlace restablecido")
        .with_file("acta.png", "x");
    let letter = letter.replying_to(&world, &case, Audience::Provider);
    let record = takes(&world, &mailroom, &letter).await;
    assert_eq!(record["became"], "provider_reply");
    assert_eq!(
        case.kinds().await[4..],
        ["provider_replied", "attachments_added"]
    );
    assert_eq!(
        world.all_rung(),
        [mail(&case, 5, MailKind::ProviderReplied)]
    );
    // His files are the desk's to see.
    assert_eq!(
        case.ticket().await.attachments[0].visibility,
        Visibility::Internal
    );
}

#[tokio::test]
async fn a_provider_is_known_however_his_own_system_answers() {
    for (name, from, to_token, header, subject) in [
        (
            "an answer to our mail",
            PROVIDER,
            false,
            "In-Reply-To: <ses-7@email.amazonses.com>",
            None,
        ),
        (
            "the last of many references",
            PROVIDER,
            false,
            "References: <a@b> <ses-7@email.amazonses.com>",
            None,
        ),
        (
            "our tag",
            PROVIDER,
            false,
            "X-A: b",
            Some("CASO-4711 resuelto: [USPEC #000001] Apoyo"),
        ),
        (
            "within his domain, with the token",
            SUBDOMAIN,
            true,
            "X-A: b",
            None,
        ),
        (
            "within his domain, with our tag",
            SUBDOMAIN,
            false,
            "X-A: b",
            Some("RE: [USPEC #000001] Apoyo"),
        ),
    ] {
        let world = World::new().await;
        let case = world
            .escalated("redes")
            .await
            .at_provider()
            .await
            .settled()
            .await;
        world.put_row(&json!({
            "pk": { "S": "MAIL#ses-7" },
            "sk": { "S": "MAIL" },
            "ticket": { "S": case.id.to_string() },
            "effect": { "S": "mail_provider_requested" },
            "seq": { "N": "4" },
            "sent_at": { "S": "2026-11-23T13:00:00.000Z" },
        }));
        let mailroom = started(&world).await;
        let mut letter = letter("m1", from)
            .saying("Enlace restablecido")
            .header(header);
        if to_token {
            letter = letter.replying_to(&world, &case, Audience::Provider);
        }
        if let Some(subject) = subject {
            letter.headers = letter.headers.replace("No abre el correo", subject);
        }
        let record = takes(&world, &mailroom, &letter).await;
        assert_eq!(record["became"], "provider_reply", "{name}: {record}");
    }
}

#[tokio::test]
async fn a_tag_proves_nothing_of_anybody_else() {
    let world = World::new().await;
    let case = world.escalated("redes").await.settled().await;
    let mailroom = started(&world).await;
    let rows = world.rows_of(&format!("TICKET#{}", case.id));
    for (id, from, dmarc) in [
        ("m1", PROVIDER, "PASS"),
        ("m2", PROVIDER, "FAIL"),
        ("m3", STRANGER, "PASS"),
    ] {
        let mut letter = letter(id, from).verdict("dmarc", dmarc);
        letter.headers = letter.headers.replace("No abre", "[USPEC #000001] No abre");
        let record = takes(&world, &mailroom, &letter).await;
        assert_eq!(record["outcome"], "refused", "{record}");
    }
    assert_eq!(world.rows_of(&format!("TICKET#{}", case.id)), rows);
}

#[tokio::test]
async fn a_receipt_of_his_system_does_not_end_the_wait() {
    for text in [
        "Hemos recibido su solicitud. Su número de caso es 4711. No responda este mensaje.",
        "Recibido, caso 4712",
        "We have received your request. Ticket 9.",
    ] {
        let world = World::new().await;
        let case = world
            .escalated("redes")
            .await
            .at_provider()
            .await
            .settled()
            .await;
        let mailroom = started(&world).await;
        let letter = letter("m1", PROVIDER).saying(text);
        let letter = letter.replying_to(&world, &case, Audience::Provider);
        let record = takes(&world, &mailroom, &letter).await;
        assert_eq!(record["became"], "follow_up", "{text}");
        let state = case.ticket().await.state;
        assert_eq!(state, State::OnHold(types::ticket::HoldReason::Provider));
    }
}

#[tokio::test]
async fn what_comes_over_the_entity_s_own_list_is_a_person_s() {
    for (id, from, header, outcome) in [
        (
            "m1",
            ANA,
            "List-Id: Sistemas <sistemas.uspec.gov.co>\r\nPrecedence: list",
            "ticket",
        ),
        ("m2", ANA, "Precedence: list", "ticket"),
        (
            "m3",
            ANA,
            "X-Auto-Response-Suppress: DR, RN, NRN, OOF, AutoReply",
            "ticket",
        ),
        ("m4", ANA, "List-Id: <noticias.example.com>", "filed"),
        (
            "m5",
            ANA,
            "List-Unsubscribe: <mailto:baja@uspec.gov.co>",
            "filed",
        ),
        ("m6", ANA, "Precedence: bulk", "filed"),
        ("m7", STRANGER, "List-Id: <sistemas.uspec.gov.co>", "filed"),
        (
            "m8",
            ANA,
            "List-Id: <sistemas.uspec.gov.co>\r\nAuto-Submitted: auto-replied",
            "filed",
        ),
        ("m9", ANA, "List-Id: <otrauspec.gov.co>", "filed"),
    ] {
        let world = World::new().await;
        let mailroom = started(&world).await;
        let record = takes(&world, &mailroom, &letter(id, from).header(header)).await;
        assert_eq!(record["outcome"], outcome, "{header}");
    }
}

#[tokio::test]
async fn the_desk_asks_itself_for_nothing() {
    const LABELLED: &str = "soporte+abc@uspec.gov.co";
    for from in [MAILBOX, "soporte@uspec.gov.co", LABELLED] {
        let world = World::new().await;
        let mailroom = started(&world).await;
        let record = takes(&world, &mailroom, &letter("m1", from)).await;
        assert_eq!(
            (&record["outcome"], &record["what"]),
            (&json!("filed"), &json!("own")),
            "{from}"
        );
        assert_eq!(world.all_rung(), []);
    }
}

#[tokio::test]
async fn another_mail_under_the_same_message_id_is_another_mail() {
    let world = World::new().await;
    let mailroom = started(&world).await;
    let under = |id: &str, text: &str| Letter {
        headers: "Message-ID: <ups@uspec.gov.co>\r\nSubject: Alarma\r\n".to_owned(),
        ..letter(id, ANA).saying(text)
    };
    let mut other_subject = under("m3", "Rack 1");
    other_subject.headers = other_subject.headers.replace("Alarma", "Alarma 2");
    for (letter, outcome) in [
        (under("m1", "Rack 1"), "ticket"),
        (under("m2", "Rack 2"), "ticket"),
        (other_subject, "ticket"),
        (under("m4", "Rack 2"), "duplicate"),
    ] {
        let record = takes(&world, &mailroom, &letter).await;
        assert_eq!(record["outcome"], outcome, "{}", letter.id);
    }
    assert_eq!(record(&world, "m4")["of"], "m2");
    // What came twice is listed, with what it says.
    let list = get(format!("/mail/refused?day={}&outcome=duplicate", today())).by(AGENT);
    let page = mailroom.answers(&list).await.must_be(200);
    assert_eq!(page["items"][0]["id"], "m4");
    assert_eq!(page["items"][0]["text"], "Rack 2");
}

#[tokio::test]
async fn whoever_belongs_is_told_that_his_mail_was_not_taken() {
    for (name, letter, told) in [
        ("spam", letter("m1", ANA).verdict("spam", "FAIL"), true),
        (
            "of somebody else",
            letter("m1", STRANGER).verdict("spam", "FAIL"),
            false,
        ),
        (
            "disowned",
            letter("m1", ANA).verdict("dmarc", "FAIL"),
            false,
        ),
        (
            "by nobody proven",
            letter("m1", ANA)
                .verdict("spam", "FAIL")
                .verdict("spf", "FAIL"),
            false,
        ),
        (
            "nobody named",
            letter("m1", ANA).verdict("virus", "FAIL"),
            true,
        ),
    ] {
        let world = World::new().await;
        let mailroom = started(&world).await;
        let record = takes(&world, &mailroom, &letter).await;
        assert_eq!(record["outcome"], "refused", "{name}");
        let rung = world.all_rung();
        assert_eq!(rung == [answer("m1")], told, "{name}: {rung:?}");
    }
    // A provider whose ticket is closed.
    let world = World::new().await;
    let case = world.escalated("redes").await.settled().await;
    let mailroom = started(&world).await;
    let letter = letter("m1", PROVIDER).replying_to(&world, &case, Audience::Provider);
    assert_eq!(
        takes(&world, &mailroom, &letter).await["outcome"],
        "refused"
    );
    assert_eq!(world.all_rung(), [answer("m1")]);
}

#[tokio::test]
async fn a_stranger_with_the_provider_s_token_is_no_provider() {
    let world = World::new().await;
    let case = world
        .escalated("redes")
        .await
        .at_provider()
        .await
        .settled()
        .await;
    let mailroom = started(&world).await;
    let rows = world.rows_of(&format!("TICKET#{}", case.id));
    let letter = letter("m1", STRANGER).replying_to(&world, &case, Audience::Provider);
    let record = takes(&world, &mailroom, &letter).await;
    assert_eq!(
        (&record["outcome"], &record["reason"]),
        (&json!("refused"), &json!("outside_sender"))
    );
    assert_eq!(world.rows_of(&format!("TICKET#{}", case.id)), rows);
}

#[tokio::test]
async fn an_officer_reports_by_mail() {
    let world = World::new().await;
    let case = world.escalated("plataforma").await.settled().await;
    let mailroom = started(&world).await;
    let letter = letter("m1", OFFICER).saying("#solución\r\nSe cambió el módulo");
    let letter = letter.replying_to(&world, &case, Audience::Officer);
    let record = takes(&world, &mailroom, &letter).await;
    assert_eq!(record["became"], "solution_report");
    let report = case.ticket().await.solution_reported.unwrap();
    assert_eq!(
        (report.body.as_str(), report.by.email.as_str()),
        ("Se cambió el módulo", OFFICER)
    );
    assert_eq!(
        world.all_rung(),
        [mail(&case, 4, MailKind::SolutionReported), answer("m1")]
    );
}

#[tokio::test]
async fn what_an_agent_answers_to_our_notice_reaches_the_requester() {
    for (n, audience, expected) in [
        ("m1", Audience::Desk, Visibility::Public),
        // What he answers to a mail of the requester's was not meant for her.
        ("m2", Audience::Requester, Visibility::Internal),
    ] {
        let world = World::new().await;
        let case = world.assigned("plataforma").await.settled().await;
        let mailroom = started(&world).await;
        let letter = letter(n, AGENT).replying_to(&world, &case, audience);
        takes(&world, &mailroom, &letter).await;
        let events = case.events().await;
        let types::ticket::EventKind::FollowedUp { visibility, .. } = &events[2].kind else {
            panic!("{events:?}")
        };
        assert_eq!(*visibility, expected);
        let to_her = mail(&case, 3, MailKind::FollowUpToRequester);
        let told = world.all_rung().contains(&to_her);
        assert_eq!(told, expected == Visibility::Public);
    }
}

// ------------------------------------------------------------------- refusals

#[tokio::test]
async fn a_stranger_is_refused_and_told_as_often_as_is_decent() {
    let world = World::new().await;
    let mailroom = started(&world).await;
    for (number, told) in [(1, 1), (2, 2), (3, 3), (4, 3)] {
        let letter = letter(&format!("m{number}"), STRANGER);
        let record = takes(&world, &mailroom, &letter).await;
        assert_eq!(
            (&record["outcome"], &record["reason"]),
            (&json!("refused"), &json!("outside_sender"))
        );
        assert_eq!(world.rung(QueueName::Notification).len(), told, "{number}");
    }
    assert_eq!(world.tickets().await.len(), 0);
    assert!(world.row("INBOUND#m1", "ANSWER")["due_pk"].is_object());
    assert!(world.row("INBOUND#m4", "ANSWER").is_null());
    // Where his address may be somebody else's, nobody is told.
    world.forget();
    let forged = letter("m5", "otro@example.com")
        .verdict("spf", "GRAY")
        .verdict("dmarc", "GRAY");
    takes(&world, &mailroom, &forged).await;
    assert_eq!(world.all_rung(), []);
}

#[tokio::test]
async fn a_virus_is_not_opened() {
    let world = World::new().await;
    let mailroom = started(&world).await;
    for (name, reason) in [("virus", "virus"), ("spam", "spam")] {
        let letter = letter(name, ANA).verdict(name, "FAIL");
        let record = takes(&world, &mailroom, &letter).await;
        assert_eq!(
            (&record["outcome"], &record["reason"]),
            (&json!("refused"), &json!(reason))
        );
    }
    assert!(!world.operations().contains(&"GetObject".to_owned()));
    // He belongs here, and is told.
    assert_eq!(world.all_rung(), [answer("virus"), answer("spam")]);
}

#[tokio::test]
async fn who_is_disowned_by_his_domain_does_nothing() {
    let world = World::new().await;
    let case = world.assigned("plataforma").await.settled().await;
    let mailroom = started(&world).await;
    let mut forged = letter("m1", ANA).verdict("dmarc", "FAIL");
    forged.policy = Some("REJECT");
    let forged = forged.replying_to(&world, &case, Audience::Requester);
    let record = takes(&world, &mailroom, &forged).await;
    assert_eq!(
        (&record["outcome"], &record["reason"]),
        (&json!("refused"), &json!("unauthenticated"))
    );
    assert_eq!(case.kinds().await, ["registered", "assigned"]);
    // The true mail of the same Message-ID is not kept out by it.
    let mut true_one = letter("m2", ANA).replying_to(&world, &case, Audience::Requester);
    true_one.headers = forged.headers;
    let record = takes(&world, &mailroom, &true_one).await;
    assert_eq!(record["outcome"], "follow_up");
}

#[tokio::test]
async fn who_is_not_proven_may_ask_and_touch_nothing() {
    let world = World::new().await;
    let case = world.assigned("plataforma").await.settled().await;
    let mailroom = started(&world).await;
    let letter = letter("m1", ANA)
        .verdict("dmarc", "GRAY")
        .verdict("spf", "FAIL");
    let letter = letter.header(&format!("Cc: {LUIS}"));
    let letter = letter.replying_to(&world, &case, Audience::Requester);
    let record = takes(&world, &mailroom, &letter).await;
    assert_eq!(record["outcome"], "ticket");
    assert_eq!(case.kinds().await, ["registered", "assigned"]);
    let ticket = case_of(&world, &record).await.ticket().await;
    assert_eq!(ticket.request.observers, []);
}

#[tokio::test]
async fn a_flood_is_refused_and_nobody_else_is() {
    let world = World::new().await;
    let mailroom = world
        .start_with("mailroom", &[("MAILS_PER_SENDER_HOUR", "2")])
        .await;
    for number in 1..=3 {
        takes(&world, &mailroom, &letter(&format!("m{number}"), ANA)).await;
    }
    assert_eq!(record(&world, "m2")["outcome"], "ticket");
    let third = record(&world, "m3");
    assert_eq!(
        (&third["outcome"], &third["reason"]),
        (&json!("refused"), &json!("flood"))
    );
    let other = takes(&world, &mailroom, &letter("m4", LUIS)).await;
    assert_eq!(other["outcome"], "ticket");
    assert_eq!(world.tickets().await.len(), 3);
    // A mail that came to nothing took no number.
    assert_eq!(world.row("COUNTER", "COUNTER")["taken"]["N"], "3");
}

#[tokio::test]
async fn a_flood_is_told_once_and_people_of_the_directory_have_room() {
    let world = World::new().await;
    let mailroom = world
        .start_with("mailroom", &[("MAILS_PER_SENDER_HOUR", "2")])
        .await;
    for number in 1..=5 {
        takes(&world, &mailroom, &letter(&format!("m{number}"), ANA)).await;
    }
    let answers = |bells: Vec<Doorbell>| -> Vec<Doorbell> {
        let is_answer = |bell: &Doorbell| matches!(bell, Doorbell::Answer { .. });
        bells.into_iter().filter(is_answer).collect()
    };
    assert_eq!(answers(world.all_rung()), [answer("m3")]);
    for number in 1..=5 {
        let record = takes(&world, &mailroom, &letter(&format!("a{number}"), AGENT)).await;
        assert_eq!(record["outcome"], "ticket", "{number}");
    }
}

#[tokio::test]
async fn answers_on_one_s_own_ticket_do_not_use_up_what_is_for_new_ones() {
    let world = World::new().await;
    let case = world.assigned("plataforma").await.settled().await;
    let mailroom = world
        .start_with("mailroom", &[("MAILS_PER_SENDER_HOUR", "2")])
        .await;
    for number in 1..=6 {
        let letter = letter(&format!("m{number}"), ANA).header("References: <x@y>");
        let letter = letter.replying_to(&world, &case, Audience::Requester);
        let letter = letter.saying(&format!("Nota {number}"));
        let record = takes(&world, &mailroom, &letter).await;
        assert_eq!(record["outcome"], "follow_up", "{number}: {record}");
    }
    let new = takes(&world, &mailroom, &letter("n1", ANA)).await;
    assert_eq!(new["outcome"], "ticket");
}

#[tokio::test]
async fn nothing_that_a_machine_wrote_is_answered() {
    let world = World::new().await;
    let case = world.solved("plataforma").await.settled().await;
    let mailroom = started(&world).await;
    let away = letter("m1", ANA).header("Auto-Submitted: auto-replied");
    let away = away.replying_to(&world, &case, Audience::Requester);
    let record = takes(&world, &mailroom, &away).await;
    assert_eq!(record["outcome"], "filed");
    // It is on the ticket, which stays solved.
    assert_eq!(case.kinds().await[3..], ["mail_filed"]);
    assert_eq!(case.ticket().await.state, State::Solved);
    let own = letter("m2", ANA).header("X-USPEC-Ticket: none");
    assert_eq!(takes(&world, &mailroom, &own).await["what"], "own");
    let list = letter("m3", STRANGER).header("List-Id: <lista.example.com>");
    assert_eq!(takes(&world, &mailroom, &list).await["outcome"], "filed");
    assert_eq!(world.all_rung(), []);
    assert_eq!(world.tickets().await.len(), 1);
}

#[tokio::test]
async fn outsiders_are_taken_where_the_entity_says_so() {
    let world = World::new().await;
    let mailroom = world
        .start_with("mailroom", &[("OUTSIDE_SENDERS", "accept")])
        .await;
    let record = takes(&world, &mailroom, &letter("m1", STRANGER)).await;
    assert_eq!(record["outcome"], "ticket");
}

// --------------------------------------------------------------------- faults

#[tokio::test]
async fn a_bucket_that_does_not_answer_brings_the_message_back() {
    let world = World::new().await;
    let mailroom = started(&world).await;
    let message = letter("m1", ANA).arrives(&world);
    world.fails("GetObject", 0..9, Fault::Failed);
    let messages = [message];
    assert_eq!(mailroom.receives_from(QUEUE, &messages).await.failed, [0]);
    assert_eq!(record(&world, "m1"), Value::Null);
    world.heals();
    mailroom
        .receives_from(QUEUE, &messages)
        .await
        .must_be_done();
    assert_eq!(record(&world, "m1")["outcome"], "ticket");
}

#[tokio::test]
async fn a_death_between_the_files_and_the_ticket_leaves_one_ticket() {
    let world = World::new().await;
    let mailroom = started(&world).await;
    let letter = letter("m1", ANA).with_file("pantalla.png", "bytes");
    let message = letter.arrives(&world);
    world.fails("TransactWriteItems", 0..9, Fault::Throttled);
    let messages = [message];
    assert_eq!(mailroom.receives_from(QUEUE, &messages).await.failed, [0]);
    assert_eq!(named_and_left(&world).await, (0, 1));
    world.heals();
    mailroom
        .receives_from(QUEUE, &messages)
        .await
        .must_be_done();
    assert_eq!(named_and_left(&world).await, (1, 1));
    assert_eq!(world.tickets().await.len(), 1);
}

#[tokio::test]
async fn an_answer_that_is_lost_is_no_second_ticket() {
    let world = World::new().await;
    let mailroom = started(&world).await;
    world.fails("TransactWriteItems", 0..1, Fault::Lost);
    let record = takes(&world, &mailroom, &letter("m1", ANA)).await;
    assert_eq!(record["outcome"], "ticket");
    assert_eq!(world.tickets().await.len(), 1);
}

#[tokio::test]
async fn what_is_no_mail_is_poison() {
    let world = World::new().await;
    let mailroom = started(&world).await;
    let bounce = r#"{"notificationType":"Bounce","bounce":{"bounceType":"Permanent","bouncedRecipients":[]},"mail":{"messageId":"x"}}"#;
    let mut nameless = letter("m1", ANA);
    nameless.id = "mit / Strich".to_owned();
    let messages = [
        Message::of("{}"),
        Message::of(bounce),
        nameless.arrives(&world),
    ];
    let messages = messages.map(Message::for_the_last_time);
    assert_eq!(
        mailroom.receives_from(QUEUE, &messages).await.failed,
        [0, 1, 2]
    );
    let given_up = world.rows_of("GIVENUP#inbound_mail");
    assert_eq!(given_up.len(), 3);
    assert!(
        given_up.iter().all(|row| row["class"]["S"] == "poison"),
        "{given_up:?}"
    );
}

// ------------------------------------------------------------------- recovery

/// A time at which a mail of now has been without a record for too long.
fn later() -> Timestamp {
    now() + SignedDuration::from_mins(31)
}

#[tokio::test]
async fn a_mail_that_nobody_told_of_is_found() {
    let world = World::new().await;
    let case = world.assigned("plataforma").await.settled().await;
    let mailroom = started(&world).await;
    let lost = letter("m1", ANA).replying_to(&world, &case, Audience::Requester);
    lost.arrives(&world);
    // It may still be on its way: it is young, or its queue is not empty.
    let young = mailroom
        .ticks(now() + SignedDuration::from_mins(29))
        .await
        .unwrap();
    assert_eq!(young, json!({ "unrecorded": 0, "recovered": 0 }));
    world.backlog_of(QUEUE, 1);
    let awaited = mailroom.ticks(later()).await.unwrap();
    assert_eq!(awaited, json!({ "unrecorded": 1, "recovered": 0 }));
    world.backlog_of(QUEUE, 0);
    let found = mailroom.ticks(later()).await.unwrap();
    assert_eq!(found, json!({ "unrecorded": 1, "recovered": 1 }));
    // Who wrote it is not known: it asks for something, and touches nothing.
    let record = record(&world, "m1");
    assert_eq!(
        (&record["outcome"], &record["envelope_from"]),
        (&json!("ticket"), &Value::Null)
    );
    assert_eq!(case.kinds().await, ["registered", "assigned"]);
    assert_eq!(world.rung(QueueName::Assignment).len(), 1);

    let rows = world.rows();
    let nothing = mailroom.ticks(later()).await.unwrap();
    assert_eq!(nothing, json!({ "unrecorded": 0, "recovered": 0 }));
    world.must_still_have(&rows);
}

#[tokio::test]
async fn a_notice_that_was_given_up_is_taken_up_again() {
    let world = World::new().await;
    let case = world.assigned("plataforma").await.settled().await;
    let mailroom = started(&world).await;
    let letter = letter("m1", ANA).replying_to(&world, &case, Audience::Requester);
    let message = letter.arrives(&world).for_the_last_time();
    world.fails("GetObject", 0..9, Fault::Failed);
    assert_eq!(mailroom.receives_from(QUEUE, &[message]).await.failed, [0]);
    world.heals();
    // What the notice said is known: it is a reply.
    world.backlog_of(QUEUE, 5);
    mailroom.ticks(later()).await.unwrap();
    assert_eq!(record(&world, "m1")["outcome"], "follow_up");
    assert_eq!(
        case.kinds().await,
        ["registered", "assigned", "followed_up"]
    );
}

// ------------------------------------------------------------------- over HTTP

fn today() -> String {
    types::mail::day(now()).to_string()
}

#[tokio::test]
async fn the_desk_looks_through_what_was_refused() {
    let world = World::new().await;
    let mailroom = started(&world).await;
    for number in 1..=3 {
        takes(&world, &mailroom, &letter(&format!("m{number}"), STRANGER)).await;
    }
    takes(
        &world,
        &mailroom,
        &letter("m4", ANA).header("Auto-Submitted: auto-replied"),
    )
    .await;
    let list = |who, query: &str| get(format!("/mail/refused?day={}{query}", today())).by(who);
    let page = mailroom
        .answers(&list(AGENT, "&limit=2"))
        .await
        .must_be(200);
    let ids = |page: &Value| -> Vec<Value> {
        page["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|i| i["id"].clone())
            .collect()
    };
    assert_eq!(ids(&page), ["m1", "m2"]);
    let cursor = format!("&limit=2&cursor={}", page["next_cursor"].as_str().unwrap());
    let rest = mailroom.answers(&list(AGENT, &cursor)).await.must_be(200);
    assert_eq!(
        (ids(&rest), &rest["next_cursor"]),
        (vec![json!("m3")], &Value::Null)
    );
    let filed = mailroom
        .answers(&list(COORDINATOR, "&outcome=filed"))
        .await
        .must_be(200);
    assert_eq!(ids(&filed), ["m4"]);
    mailroom
        .answers(&list(ANA, ""))
        .await
        .must_refuse(403, "forbidden");
    for query in ["&limit=0", "&outcome=x", "&cursor=x", "&color=rojo"] {
        mailroom
            .answers(&list(AGENT, query))
            .await
            .must_refuse(422, "validation_failed");
    }
    let no_day = get("/mail/refused").by(AGENT);
    mailroom
        .answers(&no_day)
        .await
        .must_refuse(422, "validation_failed");
}

#[tokio::test]
async fn a_refused_mail_is_accepted_once() {
    let world = World::new().await;
    let mailroom = started(&world).await;
    takes(
        &world,
        &mailroom,
        &letter("m1", STRANGER).with_file("a.png", "x"),
    )
    .await;
    world.forget();
    let accept = |who| {
        post("/mail/refused/m1/acceptance")
            .by(who)
            .json(json!({ "category": "redes" }))
    };
    mailroom
        .answers(&accept(ANA))
        .await
        .must_refuse(403, "forbidden");
    let view = mailroom.answers(&accept(AGENT)).await.must_be(201);
    assert_eq!(
        (&view["category"], &view["requester"]["email"]),
        (&json!("redes"), &json!(STRANGER))
    );
    let record = record(&world, "m1");
    assert_eq!(
        (&record["outcome"], &record["accepted"]["by"]["email"]),
        (&json!("refused"), &json!(AGENT))
    );
    // Its line of the day's list says that it waits for nobody any more.
    let lines = world.rows_of("MAILDAY#");
    assert_eq!(lines.len(), 1);
    assert_eq!(lines[0]["accepted"]["S"], "yes", "{lines:?}");
    let case = world.case(&world.tickets().await[0]);
    assert_eq!(case.owed(), ["1 assign", "1 mail_registered"]);
    assert_eq!(
        world.rung(QueueName::Assignment),
        [case.owes(1, Effect::Assign)]
    );
    assert_eq!(named_and_left(&world).await, (1, 0));
    let again = mailroom.answers(&accept(PRINTER)).await;
    again.must_refuse(409, "invalid_transition");
    assert_eq!(world.tickets().await.len(), 1);
    let unknown = post("/mail/refused/m9/acceptance")
        .by(AGENT)
        .json(json!({}));
    mailroom
        .answers(&unknown)
        .await
        .must_refuse(404, "not_found");
}

#[tokio::test]
async fn a_refused_mail_is_accepted_onto_the_ticket_that_it_belongs_to() {
    for (from, visibility) in [(STRANGER, Visibility::Internal), (ANA, Visibility::Public)] {
        let world = World::new().await;
        let case = world.assigned("plataforma").await.settled().await;
        let mailroom = started(&world).await;
        let refused = letter("m1", from)
            .with_file("a.png", "x")
            .verdict("spam", "FAIL");
        takes(&world, &mailroom, &refused).await;
        let number = case.ticket().await.number;
        let accept = |ticket: String| {
            post("/mail/refused/m1/acceptance")
                .by(AGENT)
                .json(json!({ "ticket": ticket }))
        };
        let nowhere = mailroom.answers(&accept("999".to_owned())).await;
        nowhere.must_refuse(404, "not_found");
        let wrong = mailroom.answers(&accept("nada".to_owned())).await;
        wrong.must_refuse(422, "validation_failed");
        let view = mailroom
            .answers(&accept(number.to_string()))
            .await
            .must_be(201);
        assert_eq!(view["number"], json!(number.0));
        assert_eq!(
            case.kinds().await[2..],
            ["followed_up", "attachments_added"]
        );
        let events = case.events().await;
        let types::ticket::EventKind::FollowedUp {
            body,
            visibility: seen,
            ..
        } = &events[2].kind
        else {
            panic!("{events:?}")
        };
        assert!(
            body.contains(from) && body.contains("no abre el correo"),
            "{body}"
        );
        assert_eq!(*seen, visibility);
        let accepted = record(&world, "m1");
        assert_eq!(accepted["accepted"]["ticket"]["number"], json!(number.0));
        assert_eq!(world.tickets().await.len(), 1);
        let again = mailroom.answers(&accept(number.to_string())).await;
        again.must_refuse(409, "invalid_transition");
    }
}

#[tokio::test]
async fn an_acceptance_that_is_sent_twice_under_one_key_is_answered_twice() {
    let world = World::new().await;
    let mailroom = started(&world).await;
    takes(&world, &mailroom, &letter("m1", STRANGER)).await;
    let accept = |category: &str| {
        post("/mail/refused/m1/acceptance")
            .by(AGENT)
            .header("Idempotency-Key", "una-vez")
            .json(json!({ "category": category }))
    };
    let first = mailroom.answers(&accept("redes")).await.must_be(201);
    let again = mailroom.answers(&accept("redes")).await.must_be(201);
    assert_eq!(first["id"], again["id"]);
    assert_eq!(world.tickets().await.len(), 1);
    let other = mailroom.answers(&accept("plataforma")).await;
    other.must_refuse(422, "idempotency_mismatch");
}

#[tokio::test]
async fn a_virus_is_not_accepted_and_what_is_a_ticket_need_not_be() {
    let world = World::new().await;
    let mailroom = started(&world).await;
    takes(
        &world,
        &mailroom,
        &letter("m1", ANA).verdict("virus", "FAIL"),
    )
    .await;
    takes(&world, &mailroom, &letter("m2", ANA)).await;
    for id in ["m1", "m2"] {
        let request = post(format!("/mail/refused/{id}/acceptance"))
            .by(AGENT)
            .json(json!({}));
        mailroom
            .answers(&request)
            .await
            .must_refuse(409, "invalid_transition");
    }
}

#[tokio::test]
async fn the_account_of_a_day_balances_or_says_what_is_missing() {
    let world = World::new().await;
    let mailroom = started(&world).await;
    takes(&world, &mailroom, &letter("m1", ANA)).await;
    takes(&world, &mailroom, &letter("m2", STRANGER)).await;
    let report = |who| get(format!("/reports/mail?day={}", today())).by(who);
    mailroom
        .answers(&report(AGENT))
        .await
        .must_refuse(403, "forbidden");
    let account = mailroom.answers(&report(COORDINATOR)).await.must_be(200);
    assert_eq!(
        (
            &account["received"],
            &account["recorded"],
            &account["balanced"]
        ),
        (&json!(2), &json!(2), &json!(true))
    );
    assert_eq!(
        (
            &account["outcomes"]["ticket"],
            &account["outcomes"]["refused"]
        ),
        (&json!(1), &json!(1))
    );
    letter("m3", ANA).arrives(&world);
    let account = mailroom.answers(&report(COORDINATOR)).await.must_be(200);
    assert_eq!(
        (&account["balanced"], &account["unaccounted"]),
        (&json!(false), &json!(["m3"]))
    );
}

// ------------------------------------------------------------------- the pages

#[tokio::test]
async fn a_refused_mail_is_listed_and_read_as_text() {
    let world = World::new().await;
    let mailroom = started(&world).await;
    let hostile = "<script>alert(1)</script>\n\nOtro párrafo.";
    let refused = letter("m1", STRANGER)
        .saying(hostile)
        .with_file("a<b>.png", "x");
    takes(&world, &mailroom, &refused).await;
    takes(&world, &mailroom, &letter("m2", ANA)).await;
    takes(
        &world,
        &mailroom,
        &letter("m3", ANA).verdict("virus", "FAIL"),
    )
    .await;
    let agent = world.signed_in(AGENT).await;
    let rows = world.rows();
    let shown = async |path: &str| mailroom.answers(&get(path).seen_by(&agent)).await;
    let list = shown("/correo").await;
    assert_eq!(list.status, 200, "{}", list.body);
    for part in [
        "href=\"/correo/m1\"",
        "No es de la entidad",
        STRANGER,
        "Trae un virus",
    ] {
        assert!(list.body.contains(part), "{part}: {}", list.body);
    }
    assert!(!list.body.contains("/correo/m2"), "{}", list.body);
    let mail = shown("/correo/m1").await;
    assert_eq!(mail.status, 200, "{}", mail.body);
    for part in [
        "&#60;script&#62;alert(1)",
        "Otro párrafo.",
        "action=\"/correo/m1/aceptar\"",
        "aria-current=\"true\"",
    ] {
        assert!(mail.body.contains(part), "{part}: {}", mail.body);
    }
    assert!(!mail.body.contains("<script>alert"), "{}", mail.body);
    // The mail says who wrote it: that is not asked.
    assert!(!mail.body.contains("requester.email"), "{}", mail.body);
    let virus = shown("/correo/m3").await;
    assert!(
        virus.body.contains("Un correo con virus no se abre."),
        "{}",
        virus.body
    );
    assert!(!virus.body.contains("/aceptar"), "{}", virus.body);
    // What is on a ticket is read there, by those who may.
    assert_eq!(shown("/correo/m2").await.status, 404);
    assert_eq!(shown("/correo/m9").await.status, 404);
    let empty = shown("/correo?dia=2020-01-02").await;
    assert!(
        empty.body.contains("Ningún correo fue rechazado"),
        "{}",
        empty.body
    );
    assert!(
        empty
            .body
            .contains("href=\"/correo?dia=2020-01-01&amp;clase=refused\""),
        "{}",
        empty.body
    );
    world.must_still_have(&rows);

    for (who, status) in [(AUDITOR, 200), (ANA, 403), (OFFICER, 403)] {
        let session = world.signed_in(who).await;
        let answer = mailroom.answers(&get("/correo/m1").seen_by(&session)).await;
        assert_eq!(answer.status, status, "{who}");
        assert!(!answer.body.contains("/aceptar"), "{who}");
    }
}

#[tokio::test]
async fn a_refused_mail_is_accepted_from_its_page_once() {
    let world = World::new().await;
    let mailroom = started(&world).await;
    takes(&world, &mailroom, &letter("m1", STRANGER)).await;
    let (agent, auditor) = (world.signed_in(AGENT).await, world.signed_in(AUDITOR).await);
    let accept = |session: &str, category: &str| {
        let fields = [("idempotency_key", "k1"), ("category", category)];
        let request = post("/correo/m1/aceptar").seen_by(session);
        request.from_own_page().form(&fields)
    };
    let refused = mailroom.answers(&accept(&auditor, "redes")).await;
    assert_eq!(refused.status, 403, "{}", refused.body);
    let elsewhere = accept(&agent, "redes").header("sec-fetch-site", "cross-site");
    assert_eq!(mailroom.answers(&elsewhere).await.status, 403);
    let wrong = mailroom.answers(&accept(&agent, "cocina")).await;
    assert_eq!(wrong.status, 422);
    for part in ["error-summary", "href=\"#categoria\"", "value=\"k1\""] {
        assert!(wrong.body.contains(part), "{part}: {}", wrong.body);
    }
    assert_eq!(world.tickets().await.len(), 0);
    let accepted = mailroom.answers(&accept(&agent, "redes")).await;
    let number = world.tickets().await[0].number.0;
    let page = format!("/solicitudes/{number}?hecho=aceptada");
    assert_eq!(
        (accepted.status, accepted.header("location")),
        (303, Some(&*page)),
        "{}",
        accepted.body
    );
    // Pressed twice it is the same; somebody else is told that it is one already.
    let again = mailroom.answers(&accept(&agent, "redes")).await;
    assert_eq!(
        (again.status, again.header("location")),
        (303, Some(&*page))
    );
    let printer = world.signed_in(PRINTER).await;
    let other = mailroom.answers(&accept(&printer, "impresion")).await;
    assert_eq!(other.status, 409);
    let by_script = accept(&printer, "impresion").header("accept", "application/json");
    let other = mailroom.answers(&by_script).await;
    other.must_refuse(409, "invalid_transition");
    assert_eq!(world.tickets().await.len(), 1);
}

#[tokio::test]
async fn what_another_team_does_leads_back_to_the_mail() {
    let world = World::new().await;
    let mailroom = started(&world).await;
    takes(&world, &mailroom, &letter("m1", STRANGER)).await;
    let agent = world.signed_in(AGENT).await;
    let request = post("/correo/m1/aceptar").seen_by(&agent).from_own_page();
    let accepted = mailroom
        .answers(&request.form(&[("category", "impresion")]))
        .await;
    let page = "/correo/m1?hecho=aceptada";
    assert_eq!(accepted.header("location"), Some(page), "{}", accepted.body);
    let shown = mailroom.answers(&get(page).seen_by(&agent)).await;
    assert!(shown.body.contains("lo aceptó"), "{}", shown.body);
    assert!(!shown.body.contains("/aceptar"), "{}", shown.body);
}
