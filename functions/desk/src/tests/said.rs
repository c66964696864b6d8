//! What pages say of a request: that it was declined, for whom it waits, what an answer
//! does, and what still waits for somebody.

use in_process::people::{AGENT, ANA, COORDINATOR, LUIS, address};
use in_process::{Case, Started, World, application, get, now};
use serde_json::json;
use types::command::Command;
use types::reply::{ENDS_WAIT, OBJECTS, RATES_OR_REOPENS, REOPENS};
use types::ticket::Person;

use super::ReadSide;

/// A request of Ana's, with Luis copied.
async fn shared(world: &World, category: &str) -> Case {
    let mut application = application(category);
    application.request.observers = vec![Person {
        email: address(LUIS),
        name: "Luis Rojas".to_owned(),
    }];
    let case = world.registers(application, now()).await;
    case.assigned_to(AGENT).await
}

async fn declined(world: &World) -> Case {
    let reason = "El diseño no lo cubre el procedimiento.".to_owned();
    let case = shared(world, "redes").await;
    case.when(AGENT, Command::Decline { reason }).await
}

/// What a page says to somebody, without its markup.
async fn seen(world: &World, desk: &Started<ReadSide>, who: &str, path: &str) -> String {
    let session = world.signed_in(who).await;
    let answer = desk.answers(&get(path).seen_by(&session)).await;
    assert_eq!(answer.status, 200, "{who} {path}");
    let (_, body) = answer.body.split_once("<main").unwrap();
    let mut text = String::new();
    for part in body.split('<') {
        let (_, said) = part.split_once('>').unwrap_or(("", part));
        text.push_str(said);
        text.push(' ');
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[tokio::test]
async fn a_declined_request_is_called_so_and_never_solved() {
    let world = World::new().await;
    let open = declined(&world).await;
    let over = declined(&world).await.when(AGENT, Command::Close).await;
    let desk = world.start::<ReadSide>("desk").await;
    let (open, over) = (
        format!("/solicitudes/{}", open.number.0),
        format!("/solicitudes/{}", over.number.0),
    );
    for (who, path, said) in [
        (ANA, "/solicitudes", "Fue declinada"),
        (ANA, "/solicitudes", "Declinada: fuera del alcance"),
        (ANA, &open, "Fue declinada"),
        (ANA, &open, "Si no está de acuerdo, dígalo antes de"),
        (ANA, &open, "No estoy de acuerdo"),
        (ANA, &over, "Declinada: fuera del alcance"),
        (LUIS, "/solicitudes", "Declinada"),
        (LUIS, "/solicitudes", "Cerrada (declinada)"),
        (LUIS, &open, "Ana Pérez puede objetar"),
        (AGENT, "/cola?vista=resueltas", "Declinadas 1"),
        (AGENT, "/cola?vista=cerradas", "· declinada"),
        (AGENT, &open, "Estado Declinada"),
        (AGENT, &over, "Estado Cerrada (declinada)"),
        (COORDINATOR, &open, "Estado Declinada"),
    ] {
        let text = seen(&world, &desk, who, path).await;
        assert!(text.contains(said), "{who} {path}: {said}: {text}");
        // The view of the queue has its name whatever is in it, and texts are for any.
        let text = text.replace("Resueltas por cerrar", "");
        let (text, _) = text.split_once("Textos preparados").unwrap_or((&text, ""));
        assert!(!text.contains("Resuelta"), "{who} {path}: {text}");
        assert!(!text.contains("resuelta"), "{who} {path}: {text}");
    }
    let of = |path: &str| get(path.replace("/solicitudes", "/tickets")).by(ANA);
    for (path, status, label) in [
        (&open, "solved", "Declinada"),
        (&over, "closed", "Cerrada (declinada)"),
    ] {
        let view = desk.answers(&of(path)).await.must_be(200);
        assert_eq!(
            (&view["status"], &view["status_label"]),
            (&json!(status), &json!(label))
        );
    }
}

#[tokio::test]
async fn a_page_says_what_an_answer_does_and_for_whom_something_waits() {
    let world = World::new().await;
    let held = shared(&world, "redes").await.held().await;
    let rated = shared(&world, "plataforma").await.solved().await;
    let solved = shared(&world, "redes").await.solved().await;
    let declined = declined(&world).await;
    let desk = world.start::<ReadSide>("desk").await;
    let path = |case: &Case| format!("/solicitudes/{}", case.number.0);
    for (case, does) in [
        (&held, ENDS_WAIT),
        (&rated, RATES_OR_REOPENS),
        (&solved, REOPENS),
        (&declined, OBJECTS),
    ] {
        let text = seen(&world, &desk, ANA, &path(case)).await;
        assert!(text.contains(does), "{does}: {text}");
        // His answer does not do that who was copied.
        let text = seen(&world, &desk, LUIS, &path(case)).await;
        assert!(!text.contains(does), "{does}: {text}");
        assert!(text.contains("La leen quien pidió la solicitud y quien la atiende."));
    }
    let text = seen(&world, &desk, ANA, &path(&held)).await;
    assert!(text.contains("Esperamos su respuesta."), "{text}");
    let text = seen(&world, &desk, LUIS, &path(&held)).await;
    assert!(text.contains("Espera la respuesta de Ana Pérez."), "{text}");
    let text = seen(&world, &desk, LUIS, "/solicitudes").await;
    assert!(text.contains("En espera del solicitante"), "{text}");
    let text = seen(&world, &desk, AGENT, &path(&held)).await;
    assert!(text.contains("Estado En espera del solicitante"), "{text}");
}

#[tokio::test]
async fn the_rail_counts_the_mails_that_nobody_has_accepted() {
    let world = World::new().await;
    let desk = world.start::<ReadSide>("desk").await;
    let day = types::mail::day(now());
    let put = |class: &str, number: usize, accepted: bool| {
        let mut row = json!({
            "pk": { "S": format!("MAILDAY#{day}") },
            "sk": { "S": format!("{class}#2026#{number:04}") },
        });
        if accepted {
            row["accepted"] = json!({ "S": "yes" });
        }
        world.put_row(&row);
    };
    let counted = async || {
        let session = world.signed_in(COORDINATOR).await;
        let page = desk.answers(&get("/hoy").seen_by(&session)).await.body;
        let (_, rest) = page.split_once("data-count=\"correo\">").unwrap();
        rest.split('<').next().unwrap().to_owned()
    };
    assert_eq!(counted().await, "0");
    // More than are looked at in one go, and nobody waits for any of them.
    for number in 0..230 {
        put("refused", number, true);
    }
    put("filed", 1, false);
    assert_eq!(counted().await, "0");
    for number in 228..233 {
        put("refused", number, false);
    }
    assert_eq!(counted().await, "5");
    for number in 300..400 {
        put("refused", number, false);
    }
    assert_eq!(counted().await, "99+");
}
