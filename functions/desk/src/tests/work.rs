//! What makes work at the desk lighter: canned texts, who else is at a ticket, and
//! what somebody has set up for himself.

use in_process::people::{AGENT, ANA, AUDITOR};
use in_process::{Case, Request, Started, World, application, get, now};

use super::ReadSide;

async fn started(world: &World) -> Started<ReadSide> {
    world.start("desk").await
}

/// A ticket's page, as somebody's browser asks for it.
fn page(case: &Case, session: &str) -> Request {
    get(format!("/solicitudes/{}", case.number.0)).seen_by(session)
}

// ------------------------------------------------------------- canned texts

#[tokio::test]
async fn canned_texts_are_there_filled_in_for_whoever_writes() {
    let world = World::new().await;
    let case = world.assigned("ofimatica").await;
    let desk = started(&world).await;
    let seen = async |who: &str| {
        let session = world.signed_in(who).await;
        let answer = desk.answers(&page(&case, &session)).await;
        assert_eq!(answer.status, 200, "{who}");
        answer.body
    };
    let body = seen(AGENT).await;
    let (_, texts) = body.split_once("id=\"textos\"").unwrap();
    let (texts, _) = texts.split_once("</details>").unwrap();
    let forms = "data-forms=\"reply note resolve contact hold decline\"";
    for part in [
        forms,
        "Textos preparados",
        "Buen día, Ana Pérez.",
        &*format!("su solicitud {} y ya", case.number),
        // The time of the solution runs: it has a day and an hour.
        "está prevista para el ",
        // Of his category, and of every one.
        "Reiniciar y volver a intentar",
        "Quedó resuelta",
    ] {
        assert!(texts.contains(part), "{part}: {texts}");
    }
    for absent in ["{", "Revisar la impresora"] {
        assert!(!texts.contains(absent), "{absent}: {texts}");
    }
    // Who writes nothing has no use for them, and a requester is not told.
    for who in [AUDITOR, ANA] {
        let body = seen(who).await;
        assert!(!body.contains("Textos preparados"), "{who}");
    }
}

#[tokio::test]
async fn a_name_that_looks_like_markup_or_a_place_stays_text() {
    let world = World::new().await;
    let mut application = application("ofimatica");
    application.request.requester.person.name = "{ticket}<b>\"'".to_owned();
    let case = world
        .registers(application, now())
        .await
        .assigned_to(AGENT)
        .await;
    let desk = started(&world).await;
    let session = world.signed_in(AGENT).await;
    let body = desk.answers(&page(&case, &session)).await.body;
    let (_, texts) = body.split_once("id=\"textos\"").unwrap();
    assert!(texts.contains("Buen día, {ticket}&#60;b&#62;"), "{texts}");
}
