//! What makes work at the desk lighter: canned texts, who else is at a ticket, and
//! what somebody has set up for himself.

use in_process::people::{
    AGENT, ANA, AUDITOR, COLLEAGUE, COORDINATOR, LUIS, OFFICER, PRINTER, THIRD, address,
};
use in_process::{Answer, Case, Request, Started, World, application, get, now, post};
use serde_json::{Value, json};
use types::SignedDuration;
use types::command::Command;
use types::preferences::SingleKeys;
use types::presence::{Doing, Sign};
use types::ticket::Person;

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

// ------------------------------------------------------------------ presence

/// A sign of a page of ours.
fn sign(case: &Case, session: &str, doing: &str) -> Request {
    post(format!("/solicitudes/{}/presencia", case.id))
        .cookie(cloud::session::COOKIE, session)
        .header("accept", "application/json")
        .from_own_page()
        .form(&[("doing", doing)])
}

/// What a sign's answer says of the others.
fn told(answer: &Answer) -> Vec<String> {
    let answer = answer.must_be(200);
    let others = answer["others"].as_array().unwrap();
    let text = |other: &Value| {
        assert!(other["ago"].as_u64().is_some_and(|ago| ago < 60), "{other}");
        other["text"].as_str().unwrap().to_owned()
    };
    others.iter().map(text).collect()
}

#[tokio::test]
async fn two_at_one_ticket_are_told_of_each_other_and_nobody_of_himself() {
    let world = World::new().await;
    let case = world.assigned("redes").await;
    let desk = started(&world).await;
    let one = world.signed_in(AGENT).await;
    let other = world.signed_in(COLLEAGUE).await;
    let ana = world.signed_in(ANA).await;
    let ticket = world.rows_of("TICKET#");
    // To look at a page says nothing of oneself, and is no sign.
    for session in [&one, &other] {
        let seen = desk.answers(&page(&case, session)).await.body;
        assert!(seen.contains("id=\"presencia\""), "{seen}");
        assert!(!seen.contains("class=\"presence\""), "{seen}");
    }
    assert_eq!(world.rows_of("PRESENCE#").len(), 0);

    world.forget();
    let first = desk.answers(&sign(&case, &one, "answering")).await;
    assert_eq!(told(&first), [""; 0]);
    assert_eq!(first.json()["version"], 2);
    // Who it is, the ticket, the sign, and who else: no more than that.
    let mut operations = world.operations();
    operations[2..].sort();
    assert_eq!(operations, ["GetItem", "GetItem", "PutItem", "Query"]);

    let second = desk.answers(&sign(&case, &other, "viewing")).await;
    let writes = "Agente 1 de Soporte está escribiendo una respuesta pública";
    assert_eq!(told(&second), [writes]);
    let again = desk.answers(&sign(&case, &one, "noting")).await;
    let looks = "Agente 2 de Soporte tiene abierta esta solicitud";
    assert_eq!(told(&again), [looks]);
    // A row for each, however often they say so.
    assert_eq!(world.rows_of("PRESENCE#").len(), 2);
    // The page has it before any script runs, and an auditor sees it, too.
    let auditor = world.signed_in(AUDITOR).await;
    let notes = "Agente 1 de Soporte está escribiendo una nota interna";
    for session in [&other, &auditor] {
        let seen = desk.answers(&page(&case, session)).await.body;
        assert!(seen.contains(notes), "{seen}");
    }
    assert!(
        !desk
            .answers(&page(&case, &auditor))
            .await
            .body
            .contains("data-presence")
    );
    // A requester never is told.
    let seen = desk.answers(&page(&case, &ana)).await.body;
    assert!(
        !seen.contains("Agente 2") && !seen.contains("presenc"),
        "{seen}"
    );

    // Who leaves is gone at once; nothing of it is a ticket's.
    desk.answers(&sign(&case, &one, "gone")).await.must_be(200);
    let third = desk.answers(&sign(&case, &other, "solving")).await;
    assert_eq!(told(&third), [""; 0]);
    assert_eq!(world.rows_of("TICKET#"), ticket);
    // It went on: the version says so.
    let contacted = case.when(
        AGENT,
        Command::Contact {
            note: "Llamé.".to_owned(),
        },
    );
    let after = sign(&contacted.await, &other, "viewing");
    assert_eq!(desk.answers(&after).await.json()["version"], 3);
}

#[tokio::test]
async fn a_sign_holds_for_a_minute() {
    let world = World::new().await;
    let case = world.assigned("redes").await;
    let desk = started(&world).await;
    let session = world.signed_in(COLLEAGUE).await;
    for (ago, seen) in [(10, true), (45, true), (60, false), (600, false)] {
        let sign_of_before = Sign {
            person: Person {
                email: address(AGENT),
                name: "Agente 1 de Soporte".to_owned(),
            },
            doing: Doing::Answering,
            at: now() - SignedDuration::from_secs(ago),
        };
        let store = &desk.function.desk.store;
        store.put_sign(case.id, &sign_of_before).await.unwrap();
        let body = desk.answers(&page(&case, &session)).await.body;
        assert_eq!(body.contains("escribiendo una respuesta"), seen, "{ago} s");
        // The table deletes it by itself.
        let rows = world.rows_of("PRESENCE#");
        let ends = (sign_of_before.at + SignedDuration::from_secs(60)).as_second();
        assert_eq!(
            rows[0]["expires_at"],
            json!({ "N": ends.to_string() }),
            "{rows:?}"
        );
    }
}

#[tokio::test]
async fn a_sign_costs_three_reads_and_a_write() {
    let world = World::new().await;
    let case = world.assigned("redes").await;
    let desk = started(&world).await;
    let store = &desk.function.desk.store;
    for who in [AGENT, COLLEAGUE, THIRD, COORDINATOR] {
        let session = world.signed_in(who).await;
        let sign = sign(&case, &session, "viewing");
        desk.answers(&sign).await.must_be(200);
        let before = store.read_units();
        world.forget();
        desk.answers(&sign).await.must_be(200);
        // Consistent reads: session, ticket, and who else is there. The catalogue is read every five seconds besides (docs/performance.md).
        assert_eq!(store.read_units() - before, 3.0, "{who}");
        let writes = world.operations();
        let writes = writes.iter().filter(|call| *call == "PutItem").count();
        assert_eq!(writes, 1, "{who}");
    }
    let session = world.signed_in(AGENT).await;
    let before = store.read_units();
    world.forget();
    desk.answers(&sign(&case, &session, "gone"))
        .await
        .must_be(200);
    assert_eq!(store.read_units() - before, 2.0);
    assert_eq!(world.operations(), ["GetItem", "GetItem", "DeleteItem"]);
}

#[tokio::test]
async fn signs_are_for_those_who_work_on_the_ticket() {
    let world = World::new().await;
    let case = world.escalated("redes").await;
    let desk = started(&world).await;
    for (who, status, code) in [
        // His own request: he is not told that anybody looks at it.
        (ANA, 404, "not_found"),
        (LUIS, 404, "not_found"),
        (PRINTER, 404, "not_found"),
        (AUDITOR, 403, "forbidden"),
    ] {
        let session = world.signed_in(who).await;
        let answer = desk.answers(&sign(&case, &session, "viewing")).await;
        answer.must_refuse(status, code);
    }
    assert_eq!(world.rows_of("PRESENCE#").len(), 0);
    for who in [AGENT, COLLEAGUE, COORDINATOR, OFFICER] {
        let session = world.signed_in(who).await;
        desk.answers(&sign(&case, &session, "viewing"))
            .await
            .must_be(200);
    }
    assert_eq!(world.rows_of("PRESENCE#").len(), 4);

    let session = world.signed_in(AGENT).await;
    let nobody = desk.answers(&sign(&case, "nadie", "viewing")).await;
    nobody.must_refuse(401, "signed_out");
    let wrong = desk.answers(&sign(&case, &session, "durmiendo")).await;
    wrong.must_refuse(422, "validation_failed");
    let foreign = sign(&case, &session, "gone").header("sec-fetch-site", "cross-site");
    desk.answers(&foreign).await.must_refuse(403, "forbidden");
    assert_eq!(world.rows_of("PRESENCE#").len(), 4);
}

#[tokio::test]
async fn an_agent_is_no_colleague_on_his_own_request() {
    let world = World::new().await;
    let mut application = application("redes");
    application.request.requester.person.email = address(AGENT);
    let case = world.registers(application, now()).await;
    let desk = started(&world).await;
    let session = world.signed_in(AGENT).await;
    let answer = desk.answers(&sign(&case, &session, "viewing")).await;
    answer.must_refuse(403, "forbidden");
    let body = desk.answers(&page(&case, &session)).await.body;
    assert!(!body.contains("data-presence"), "{body}");
}

// ------------------------------------------------------------------ his own

/// A form of a page of ours, sent by a browser without scripts.
fn form(path: &str, session: &str, fields: &[(&str, &str)]) -> Request {
    post(path).seen_by(session).from_own_page().form(fields)
}

const PRINTERS: [(&str, &str); 4] = [
    ("vista", "sin-asignar"),
    ("equipo", "soporte"),
    ("q", "no imprime"),
    ("nombre", "Las que no imprimen"),
];

#[tokio::test]
async fn a_view_has_a_name_until_it_is_taken_back() {
    let world = World::new().await;
    let case = world.registered("redes").await;
    let desk = started(&world).await;
    let session = world.signed_in(AGENT).await;
    let queue = |query: &str| get(format!("/cola?{query}")).seen_by(&session);
    // An open list is offered a name as soon as it is narrowed.
    let offer = "action=\"/cola/vistas\"";
    let wide = desk.answers(&queue("vista=sin-asignar")).await;
    assert!(!wide.body.contains(offer), "{}", wide.body);
    let tag = wide.header("etag").unwrap().to_owned();
    let narrow = "vista=sin-asignar&q=no+imprime&equipo=soporte";
    let seen = desk.answers(&queue(narrow)).await.body;
    assert!(seen.contains(offer), "{seen}");

    let saved = form("/cola/vistas", &session, &PRINTERS);
    // Pressed twice it is one.
    let mut since = String::new();
    for _ in 0..2 {
        let answer = desk.answers(&saved).await;
        answer
            .cookie("__Host-propio")
            .unwrap()
            .clone_into(&mut since);
        let to = format!("/cola?{narrow}&hecho=vista");
        assert_eq!(
            (answer.status, answer.header("location")),
            (303, Some(&*to))
        );
    }
    assert_eq!(world.rows_of("PERSON#").len(), 1);
    // It stands in the rail of every page, and the open list is another page by that.
    let link = format!("href=\"/cola?{}\"", narrow.replace('&', "&#38;"));
    for request in [
        page(&case, &session),
        queue("vista=abiertas"),
        queue("vista=sin-asignar")
            .cookie("__Host-propio", &since)
            .header("if-none-match", &tag),
    ] {
        let answer = desk.answers(&request).await;
        assert_eq!(answer.status, 200);
        assert!(answer.body.contains(&link), "{link}: {}", answer.body);
        assert!(
            answer.body.contains("Las que no imprimen"),
            "{}",
            answer.body
        );
    }
    // There it is where he is, and can be taken back.
    let seen = desk.answers(&queue(narrow)).await.body;
    let (_, rest) = seen.split_once(&link).unwrap();
    let (attributes, _) = rest.split_once('>').unwrap();
    assert!(attributes.contains("aria-current=\"page\""), "{seen}");
    assert!(!seen.contains(offer), "{seen}");
    // Nobody else has it.
    let other = world.signed_in(COLLEAGUE).await;
    let seen = desk.answers(&page(&case, &other)).await.body;
    assert!(!seen.contains("Las que no imprimen"), "{seen}");

    let dropped = form(
        "/cola/vistas/retiro",
        &session,
        &[("nombre", "las que NO imprimen")],
    );
    let answer = desk.answers(&dropped).await;
    let to = format!("/cola?{narrow}&hecho=sin-vista");
    assert_eq!(
        (answer.status, answer.header("location")),
        (303, Some(&*to))
    );
    let answer = desk.answers(&dropped).await;
    let to = "/cola?vista=abiertas&hecho=sin-vista";
    assert_eq!((answer.status, answer.header("location")), (303, Some(to)));
    let seen = desk.answers(&queue(narrow)).await.body;
    assert!(!seen.contains(&link), "{seen}");
}

#[tokio::test]
async fn what_makes_no_view_comes_back_with_all_that_was_typed() {
    let world = World::new().await;
    let desk = started(&world).await;
    let session = world.signed_in(AGENT).await;
    let with = |name: &'static str, value: &'static str| {
        let mut fields: Vec<_> = PRINTERS.to_vec();
        fields.retain(|(other, _)| *other != name);
        fields.push((name, value));
        fields
    };
    for (fields, said) in [
        (with("nombre", " "), "Es obligatorio"),
        (with("equipo", "cocina"), "No existe ese equipo."),
        (with("categoria", "cocina"), "No existe esa categoría."),
        (
            with("vista", "https://example.com/cola"),
            "No existe esa vista.",
        ),
        (
            vec![("vista", "mias"), ("nombre", "Todas")],
            "Filtre la cola",
        ),
    ] {
        let answer = desk.answers(&form("/cola/vistas", &session, &fields)).await;
        assert_eq!(answer.status, 422, "{}", answer.body);
        assert!(answer.body.contains(said), "{said}: {}", answer.body);
        for (name, value) in &fields {
            let field = format!("name=\"{name}\" value=\"{value}\"");
            assert!(answer.body.contains(&field), "{field}: {}", answer.body);
        }
        // A script is told at the field.
        let answer = desk
            .answers(
                &post("/cola/vistas")
                    .cookie(cloud::session::COOKIE, &session)
                    .header("accept", "application/json")
                    .from_own_page()
                    .form(&fields),
            )
            .await;
        answer.must_refuse(422, "validation_failed");
    }
    assert_eq!(world.rows_of("PERSON#").len(), 0);

    let foreign = post("/cola/vistas").seen_by(&session).form(&PRINTERS);
    assert_eq!(desk.answers(&foreign).await.status, 403);
    let requester = world.signed_in(ANA).await;
    let answer = desk
        .answers(&form("/cola/vistas", &requester, &PRINTERS))
        .await;
    assert_eq!(answer.status, 403);
    let nobody = form("/cola/vistas", "nadie", &PRINTERS);
    assert_eq!(desk.answers(&nobody).await.status, 401);
    assert_eq!(world.rows_of("PERSON#").len(), 0);
}

#[tokio::test]
async fn two_tabs_that_save_at_once_save_both() {
    let world = World::new().await;
    let desk = started(&world).await;
    let session = world.signed_in(AGENT).await;
    let store = desk.function.desk.store.clone();
    // Right before the row is written, another tab switches the letters off.
    world.meanwhile("PutItem", 0, async move {
        let agent = address(AGENT);
        let switched = store.change_preferences(&agent, |own| {
            own.single_keys = Some(SingleKeys::Off);
            Ok::<_, ()>(())
        });
        switched.await.unwrap().unwrap();
    });
    let answer = desk
        .answers(&form("/cola/vistas", &session, &PRINTERS))
        .await;
    assert_eq!(answer.status, 303, "{}", answer.body);
    let (own, _) = desk
        .function
        .desk
        .store
        .preferences(&address(AGENT))
        .await
        .unwrap();
    assert_eq!(
        (own.views.len(), own.single_keys),
        (1, Some(SingleKeys::Off))
    );
}

#[tokio::test]
async fn the_switch_of_the_keys_is_his_wherever_he_signs_in() {
    let world = World::new().await;
    let desk = started(&world).await;
    let session = world.signed_in(AGENT).await;
    let queue = get("/cola?vista=mias").seen_by(&session);
    let said = async || {
        let body = desk.answers(&queue).await.body;
        let (_, rest) = body.split_once("data-letters=\"")?;
        Some(rest[..2].to_owned())
    };
    // Whoever never said so is left to what his browser remembers.
    assert_eq!(said().await, None);
    for word in ["no", "si"] {
        let switch = form("/teclas", &session, &[("letras", word)]);
        assert_eq!(desk.answers(&switch).await.status, 303);
        assert_eq!(said().await.as_deref(), Some(word));
    }
    let wrong = form("/teclas", &session, &[("letras", "quizá")]);
    assert_eq!(desk.answers(&wrong).await.status, 422);
    assert_eq!(said().await.as_deref(), Some("si"));
}
