//! What a reply means.

use in_process::people::{AGENT, ANA, LUIS};
use in_process::{Case, Started, World};
use serde_json::Value;
use types::effects::{Effect, MailKind};
use types::message::Doorbell;
use types::ticket::State;
use types::token::Audience;

use super::{Letter, answer, case_of, letter, mail, started, takes};
use crate::Mailroom;

/// To the address that the requester's mails of a ticket ask to reply to.
async fn answered(
    world: &World,
    case: &Case,
    mailroom: &Started<Mailroom>,
    letter: Letter,
) -> Value {
    let letter = letter.replying_to(world, case, Audience::Requester);
    takes(world, mailroom, &letter).await
}

#[tokio::test]
async fn thanks_for_a_solution_do_not_reopen() {
    for body in [
        "Muchas gracias!",
        "Thanks, all good now.\r\n\r\n-- \r\nAna",
        "\u{1F44D}",
    ] {
        let world = World::new().await;
        let case = world.solved("plataforma").await.settled().await;
        let mailroom = started(&world).await;
        let letter = letter("m1", ANA)
            .header("Content-Type: text/plain; charset=utf-8")
            .saying(body);
        let record = answered(&world, &case, &mailroom, letter).await;
        assert_eq!(record["became"], "follow_up", "{body}");
        let ticket = case.ticket().await;
        assert_eq!((ticket.state, ticket.reopened), (State::Solved, 0));
        let told = mail(&case, ticket.version, MailKind::FollowUpToAgent);
        assert_eq!(world.all_rung(), [told]);
    }
}

#[tokio::test]
async fn a_first_line_is_the_survey() {
    let world = World::new().await;
    let case = world.solved("plataforma").await.settled().await;
    let mailroom = started(&world).await;
    // With a file: a closed ticket takes none any more.
    let letter = letter("m1", ANA)
        .saying("5\r\nMuy amables.")
        .with_file("logo.png", "x");
    let record = answered(&world, &case, &mailroom, letter).await;
    assert_eq!(record["became"], "survey_answer");
    let ticket = case.ticket().await;
    assert_eq!((ticket.state, ticket.attachments.len()), (State::Closed, 1));
    assert_eq!(ticket.survey.unwrap().rating, 5);
    let kinds = case.kinds().await;
    assert_eq!(
        kinds[kinds.len() - 3..],
        ["attachments_added", "survey_answered", "closed"]
    );
}

#[tokio::test]
async fn an_absence_by_its_subject_alone_is_filed() {
    for subject in [
        "Respuesta autom=C3=A1tica: [USPEC #000001] Solicitud resuelta: No abre",
        "Automatic reply: Solicitud resuelta",
        "Ausente: Re: Solicitud resuelta",
        "Fuera de la oficina",
    ] {
        let world = World::new().await;
        let case = world.solved("plataforma").await.settled().await;
        let mailroom = started(&world).await;
        let words = subject.replace(' ', "_");
        let letter = letter("m1", ANA)
            .titled(&format!("=?utf-8?Q?{words}?="))
            .saying("De vacaciones hasta el 7.");
        let record = answered(&world, &case, &mailroom, letter).await;
        assert_eq!(record["outcome"], "filed", "{subject}");
        assert_eq!(record["what"], "auto_replied", "{subject}");
        let ticket = case.ticket().await;
        assert_eq!((ticket.state, ticket.reopened), (State::Solved, 0));
        assert_eq!(world.all_rung(), []);
    }
}

#[tokio::test]
async fn such_a_subject_alone_is_a_request() {
    let world = World::new().await;
    let mailroom = started(&world).await;
    let plain = letter("m1", ANA).titled("Fuera de la oficina no tengo VPN");
    assert_eq!(takes(&world, &mailroom, &plain).await["outcome"], "ticket");
    // With our tag it is none.
    let tagged = letter("m2", ANA).titled("Out of office: [USPEC #000001] Cerrada");
    assert_eq!(takes(&world, &mailroom, &tagged).await["outcome"], "filed");
}

#[tokio::test]
async fn a_calendar_s_answer_is_filed() {
    let world = World::new().await;
    let case = world.solved("plataforma").await.settled().await;
    let mailroom = started(&world).await;
    let letter = letter("m1", ANA)
        .header("MIME-Version: 1.0")
        .header("Content-Type: text/calendar; method=REPLY; charset=utf-8")
        .saying("BEGIN:VCALENDAR\r\nMETHOD:REPLY\r\nEND:VCALENDAR");
    let record = answered(&world, &case, &mailroom, letter).await;
    assert_eq!(record["what"], "calendar_answer");
    assert_eq!(case.ticket().await.reopened, 0);
}

#[tokio::test]
async fn an_agent_gives_verbs_and_is_told_what_came_of_them() {
    let world = World::new().await;
    let case = world.assigned("plataforma").await.settled().await;
    let mailroom = started(&world).await;
    let from_agent = |id: &str, body: &str| {
        let letter = letter(id, AGENT)
            .header("Content-Type: text/plain; charset=utf-8")
            .saying(body);
        letter.replying_to(&world, &case, Audience::Desk)
    };
    for (id, body, became, told) in [
        ("m1", "#nota\r\nEs el proxy.", "follow_up", "#nota: quedó"),
        (
            "m2",
            "Hola,\r\n*#contacto:* Llamé.",
            "command",
            "#contacto: el contacto",
        ),
        ("m3", "#cerrar", "follow_up", "«#cerrar» no se conoce."),
        (
            "m4",
            "#resolver Se reinició.",
            "command",
            "#resolver: la solicitud",
        ),
    ] {
        let record = takes(&world, &mailroom, &from_agent(id, body)).await;
        assert_eq!(record["became"], became, "{record}");
        let said = record["verbs"]["told"][0].as_str().unwrap();
        assert!(said.starts_with(told), "{said}");
        assert!(world.all_rung().contains(&answer(id)), "{id}");
        assert!(world.row(&format!("INBOUND#{id}"), "ANSWER").is_object());
    }
    let kinds = case.kinds().await;
    assert_eq!(
        kinds[2..],
        ["followed_up", "contacted", "followed_up", "resolved"]
    );
    let to_her = world.all_rung();
    let to_her = to_her.iter().filter(|bell| {
        matches!(bell, Doorbell::Outbox { effect: Effect::Mail(kind), .. }
            if kind.audience() == Audience::Requester)
    });
    // The solution, and no note.
    assert_eq!(to_her.count(), 1);
}

#[tokio::test]
async fn a_verb_of_somebody_unproven_does_nothing() {
    let world = World::new().await;
    let case = world.assigned("plataforma").await.settled().await;
    let mailroom = started(&world).await;
    let letter = letter("m1", AGENT)
        .saying("#resolver Listo")
        .verdict("dmarc", "GRAY")
        .verdict("spf", "GRAY")
        .replying_to(&world, &case, Audience::Desk);
    takes(&world, &mailroom, &letter).await;
    assert_eq!(case.kinds().await, ["registered", "assigned"]);
}

#[tokio::test]
async fn who_was_copied_leaves_by_mail() {
    let world = World::new().await;
    let mailroom = started(&world).await;
    let asked = letter("m1", ANA).header(&format!("Cc: {LUIS}"));
    let record = takes(&world, &mailroom, &asked).await;
    let case = case_of(&world, &record).await;
    let leaves = letter("m2", LUIS).saying("#salir");
    let record = answered(&world, &case, &mailroom, leaves).await;
    assert_eq!(record["outcome"], "follow_up", "{record}");
    assert!(case.ticket().await.request.observers.is_empty());
    assert!(world.all_rung().contains(&answer("m2")));
}
