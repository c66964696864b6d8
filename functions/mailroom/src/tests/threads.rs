//! Which ticket a mail belongs to.

use in_process::people::{ANA, LUIS, MAILBOX, OFFICER};
use in_process::{Case, World};
use serde_json::{Value, json};
use types::effects::MailKind;
use types::ticket::{State, Visibility};
use types::token::Audience;

use super::{Letter, case_of, letter, mail, started, takes};

/// A mail of ours on record, as one that somebody may have passed on.
fn sent(world: &World, case: &Case, id: &str) -> String {
    world.put_row(&json!({
        "pk": { "S": format!("MAIL#{id}") },
        "sk": { "S": "MAIL" },
        "ticket": { "S": case.id.to_string() },
        "effect": { "S": "mail_registered" },
        "seq": { "N": "1" },
        "sent_at": { "S": "2026-11-23T13:00:00.000Z" },
    }));
    format!("In-Reply-To: <{id}@us-east-1.amazonses.com>")
}

#[tokio::test]
async fn a_new_matter_to_a_remembered_address_is_a_ticket_of_its_own() {
    for (subject, header) in [
        ("Necesito un teclado nuevo", None),
        ("Cambio de oficina", Some("References: <otro@example.com>")),
        (
            "Re: la reunion del lunes",
            Some("In-Reply-To: <otro@example.com>"),
        ),
        ("RV: Factura del proveedor", None),
    ] {
        for state in [State::Assigned, State::Solved] {
            let world = World::new().await;
            let case = match state {
                State::Solved => world.solved("plataforma").await,
                _ => world.assigned("plataforma").await,
            };
            let case = case.settled().await;
            let mailroom = started(&world).await;
            let mut letter = letter("m1", ANA).titled(subject);
            if let Some(header) = header {
                letter = letter.header(header);
            }
            let letter = letter.replying_to(&world, &case, Audience::Requester);
            let record = takes(&world, &mailroom, &letter).await;
            assert_eq!(record["outcome"], "ticket", "{subject}");
            let next = case_of(&world, &record).await.ticket().await;
            assert_eq!(next.links[0].id, case.id);
            let first = case.ticket().await;
            assert_eq!((first.state, first.links.len()), (state, 1), "{subject}");
            assert_eq!(first.links[0].visibility, Visibility::Public);
        }
    }
}

#[tokio::test]
async fn what_goes_on_with_a_ticket_does_not_become_another() {
    for subject in [
        "Re: lo del portal",
        "No abre el correo",
        "RE: no abre el CORREO (urgente)",
        "RE: [USPEC #000001] Nuevo seguimiento: otra cosa",
        "",
    ] {
        let world = World::new().await;
        let case = world.assigned("plataforma").await.settled().await;
        let mailroom = started(&world).await;
        let letter = letter("m1", ANA).titled(subject);
        let letter = letter.replying_to(&world, &case, Audience::Requester);
        let record = takes(&world, &mailroom, &letter).await;
        assert_eq!(record["outcome"], "follow_up", "{subject}");
    }
    // Whatever the subject: it answers ours.
    let world = World::new().await;
    let case = world.assigned("plataforma").await.settled().await;
    let mailroom = started(&world).await;
    let header = sent(&world, &case, "ses-7");
    let letter = letter("m1", ANA).titled("Otra cosa").header(&header);
    let letter = letter.replying_to(&world, &case, Audience::Requester);
    let record = takes(&world, &mailroom, &letter).await;
    assert_eq!(record["outcome"], "follow_up");
}

/// Ana's request by mail, with Luis in copy, and its record.
async fn asked(world: &World, mailroom: &in_process::Started<crate::Mailroom>) -> (Case, Value) {
    let letter = letter("m1", ANA).header(&format!("Cc: {LUIS}"));
    let record = takes(world, mailroom, &letter).await;
    (case_of(world, &record).await, record)
}

#[tokio::test]
async fn what_answers_a_mail_on_record_belongs_to_its_ticket() {
    let world = World::new().await;
    let mailroom = started(&world).await;
    let (case, _) = asked(&world, &mailroom).await;
    // The observer and the requester answer the mail that made it, and then each
    // other: none of ours is named.
    for (id, who, answers) in [("m2", LUIS, "m1"), ("m3", ANA, "m2"), ("m4", LUIS, "m3")] {
        let letter = letter(id, who).header(&format!("References: <{answers}@example.com>"));
        let record = takes(&world, &mailroom, &letter).await;
        assert_eq!(record["outcome"], "follow_up", "{id}");
    }
    let kinds = case.kinds().await;
    assert_eq!(kinds[1..], ["followed_up", "followed_up", "followed_up"]);
    assert_eq!(world.tickets().await.len(), 1);
    // The first mail under an id counts.
    let row = world.row("THREAD#m1@example.com", "TICKET");
    assert_eq!(row["mail"]["S"], "m1");
    assert_eq!(row["ticket"]["S"], case.id.to_string());
}

#[tokio::test]
async fn what_somebody_else_answers_stays_apart_and_the_agent_is_told() {
    for (n, subject) in [
        "Re: [USPEC #000001] Solicitud registrada: No abre el correo",
        "RV: [USPEC #000001] Solicitud registrada: No abre el correo",
        "RV: [USPEC #000001] Recordatorio: valide la solucion: No abre el correo",
    ]
    .iter()
    .enumerate()
    {
        let world = World::new().await;
        let case = world.assigned("plataforma").await.settled().await;
        let mailroom = started(&world).await;
        let header = sent(&world, &case, "ses-7");
        // An officer who has no part in it is somebody else, too.
        let from = [LUIS, OFFICER, LUIS][n];
        let letter = letter("m1", from).titled(subject).header(&header);
        let letter = Letter {
            to: MAILBOX.to_owned(),
            ..letter
        };
        let record = takes(&world, &mailroom, &letter).await;
        let other = case_of(&world, &record).await.ticket().await;
        assert_eq!(other.request.title, "No abre el correo", "{subject}");
        assert_eq!(other.request.requester.person.email.as_str(), from);
        // Each knows of the other, for those who work on it.
        assert_eq!(other.links[0].id, case.id);
        assert_eq!(other.links[0].visibility, Visibility::Internal);
        let first = case.ticket().await;
        assert_eq!(first.links[0].visibility, Visibility::Internal);
        assert_eq!(case.kinds().await, ["registered", "assigned", "linked"]);
        let told = mail(&case, 3, MailKind::AnsweredByAnother);
        assert!(world.all_rung().contains(&told), "{:?}", world.all_rung());
    }
}

#[tokio::test]
async fn a_label_is_the_same_person() {
    const PHONE: &str = "Ana <Ana.Perez+celular@USPEC.gov.co>";
    let world = World::new().await;
    let case = world.assigned("plataforma").await.settled().await;
    let mailroom = started(&world).await;
    let letter_of = |id: &str| {
        let letter = letter(id, PHONE);
        letter.replying_to(&world, &case, Audience::Requester)
    };
    let record = takes(&world, &mailroom, &letter_of("m1")).await;
    assert_eq!(record["outcome"], "follow_up");
    assert_eq!(record["from"], ANA);
    // Unless the entity says that it is another.
    let mailroom = world
        .start_with::<crate::Mailroom>("mailroom", &[("PLUS_ADDRESSES", "keep")])
        .await;
    let record = takes(&world, &mailroom, &letter_of("m2")).await;
    assert_eq!(record["outcome"], "ticket");
}
