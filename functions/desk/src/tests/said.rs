//! What pages say of a request: that it was declined, for whom it waits, what an answer
//! does, and what still waits for somebody.

use in_process::people::{AGENT, ANA, COORDINATOR, LUIS, address};
use in_process::{Case, Started, World, application, get, now};
use serde_json::json;
use types::SignedDuration;
use types::command::Command;
use types::reply::{ENDS_WAIT, OBJECTS, RATES_OR_REOPENS, REOPENS};
use types::ticket::{Person, Visibility};

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

/// What a page says before its conversation.
fn head(text: &str) -> &str {
    text.split_once("Conversación")
        .map_or(text, |(head, _)| head)
}

#[tokio::test]
async fn a_page_says_who_has_a_request_and_until_when() {
    let world = World::new().await;
    let contact = Command::Contact {
        note: "Llamé.".to_owned(),
    };
    let path = |case: &Case| format!("/solicitudes/{}", case.number.0);
    let desk = world.start::<ReadSide>("desk").await;
    let new = world.registered("redes").await;
    let assigned = shared(&world, "redes").await;
    let attended = shared(&world, "redes").await.when(AGENT, contact).await;
    let solved = shared(&world, "redes").await.solved().await;
    for (case, stands, said) in [
        (
            &new,
            "Recibida En atención Resuelta Cerrada",
            &["se comunicará con usted antes de"][..],
        ),
        (
            &assigned,
            "Recibida Asignada Resuelta Cerrada La atiende Agente 1 de Soporte",
            &[
                "se comunicará con usted antes de",
                "Debe quedar resuelta antes de",
            ],
        ),
        (
            &attended,
            "Recibida En atención Resuelta Cerrada La atiende Agente 1 de Soporte",
            &["La Mesa de Ayuda trabaja en ella. Debe quedar resuelta antes de"],
        ),
        (
            &solved,
            "Recibida En atención Resuelta Cerrada La atendió Agente 1 de Soporte",
            &["Está resuelta."],
        ),
    ] {
        let list = seen(&world, &desk, ANA, "/solicitudes").await;
        let page = seen(&world, &desk, ANA, &path(case)).await;
        for text in [&*list, head(&page)] {
            assert!(text.contains(stands), "{stands}: {text}");
            for said in said {
                assert!(text.contains(said), "{said}: {text}");
            }
        }
    }
    let page = seen(&world, &desk, ANA, &path(&new)).await;
    assert!(!head(&page).contains("La atiende"), "{page}");
    assert!(!head(&page).contains("Debe quedar"), "{page}");
    // He was not the one to be called who was copied, and he calls it the same.
    let page = seen(&world, &desk, LUIS, &path(&assigned)).await;
    assert!(page.contains("se comunicará con Ana Pérez"), "{page}");
    let list = seen(&world, &desk, LUIS, "/solicitudes").await;
    for how in ["Ana Pérez Asignada", "Ana Pérez En atención"] {
        assert!(list.contains(how), "{how}: {list}");
    }
}

#[tokio::test]
async fn what_is_late_is_pending_and_what_waits_says_for_what() {
    let world = World::new().await;
    let path = |case: &Case| format!("/solicitudes/{}", case.number.0);
    let desk = world.start::<ReadSide>("desk").await;
    let days_ago = now() - SignedDuration::from_hours(24 * 8);
    let late = world.registered_at("redes", days_ago).await;
    let late = late.assigned_to(AGENT).await;
    let with_technology = world.registered_at("redes", days_ago).await;
    let with_technology = with_technology.assigned_to(AGENT).await.escalated().await;
    let provider = world.escalated("redes").await.at_provider().await;
    for (case, said) in [
        (
            &late,
            "La Mesa de Ayuda debía comunicarse con usted antes del",
        ),
        (&late, "; sigue pendiente. Debía quedar resuelta antes del"),
        (
            &with_technology,
            "La revisa la Oficina de Tecnología. Debía quedar resuelta antes del",
        ),
        (&provider, "La revisa un proveedor. Le escribiremos"),
    ] {
        let text = seen(&world, &desk, ANA, &path(case)).await;
        assert!(text.contains(said), "{said}: {text}");
        for promise in ["se comunicará", "Debe "] {
            assert!(!head(&text).contains(promise), "{promise}: {text}");
        }
    }
}

#[tokio::test]
async fn whoever_wrote_is_told_to_whom_and_finds_it() {
    let world = World::new().await;
    let body = "Sale error 49.".to_owned();
    let visibility = Visibility::Public;
    let wrote = Command::FollowUp { body, visibility };
    let new = world
        .registered("redes")
        .await
        .when(ANA, wrote.clone())
        .await;
    let case = shared(&world, "redes").await.when(ANA, wrote).await;
    let desk = world.start::<ReadSide>("desk").await;
    let after = |case: &Case| format!("/solicitudes/{}?hecho=enviado", case.number.0);
    for (who, case, said) in [
        (
            ANA,
            &case,
            "Enviado a Agente 1 de Soporte, que atiende la solicitud. Ver su mensaje",
        ),
        (ANA, &new, "Enviado a la Mesa de Ayuda. Ver su mensaje"),
        (AGENT, &case, "Enviado a quien pidió la solicitud."),
    ] {
        let text = seen(&world, &desk, who, &after(case)).await;
        assert!(text.contains(said), "{said}: {text}");
    }
    let session = world.signed_in(ANA).await;
    let page = desk
        .answers(&get(after(&case)).seen_by(&session))
        .await
        .body;
    let (_, link) = page.split_once("<a href=\"#m").unwrap();
    let (place, _) = link.split_once('"').unwrap();
    let (_, message) = page.split_once(&format!("id=\"m{place}\"")).unwrap();
    let (message, _) = message.split_once("</li>").unwrap();
    assert!(message.contains("Sale error 49."), "{message}");
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
