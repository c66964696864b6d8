//! The pages of the catalogue, over AWS in memory.

use in_process::people::{
    AGENT, ANA, AUDITOR, COORDINATOR, HEAD, OFFICER, PRINTER, STRANGER, address,
};
use in_process::{Answer, Request, Started, World, get, post, put};
use serde_json::{Value, json};

use super::ReadSide;

const ENTRY: &str = "/catalogo/categorias/ficha";

async fn started(world: &World) -> Started<ReadSide> {
    world.start("desk").await
}

/// A form of the catalogue, as a page of ours sends it.
fn sent(path: &str, session: &str, fields: &[(&str, &str)]) -> Request {
    post(path).seen_by(session).from_own_page().form(fields)
}

/// What the form of category `redes` sends, with something changed.
fn networks<'a>(
    version: &'a str,
    minutes: &'a str,
    more: &[(&'a str, &'a str)],
) -> Vec<(&'a str, &'a str)> {
    let mut fields = vec![
        ("clave", "redes"),
        ("sobre", version),
        ("name", "Configuración de redes"),
        ("team", "soporte"),
        ("calendar", "habil"),
        ("attention_minutes", "15"),
        ("solution_minutes", minutes),
        ("validation_minutes", "540"),
        ("waiting_minutes", "540"),
        ("steps.0.percent", "80"),
        ("steps.0.clock", "solution"),
        ("steps.0.tells", "responsible"),
        ("steps.1.percent", ""),
        ("steps.1.clock", ""),
        ("steps.1.tells", ""),
    ];
    fields.extend(more);
    fields
}

/// The value of a hidden field of a page.
#[track_caller]
pub(crate) fn hidden(page: &str, name: &str) -> String {
    let mark = format!("type=\"hidden\" name=\"{name}\" value=\"");
    let (_, rest) = page
        .split_once(&mark)
        .unwrap_or_else(|| panic!("no {name}: {page}"));
    rest.split('"').next().unwrap().to_owned()
}

#[track_caller]
pub(crate) fn says(answer: &Answer, status: u64, texts: &[&str]) {
    assert_eq!(answer.status, status, "{}", answer.body);
    for text in texts {
        assert!(answer.body.contains(text), "{text}: {}", answer.body);
    }
}

#[tokio::test]
async fn whoever_works_here_reads_and_a_coordinator_alone_changes() {
    let world = World::new().await;
    let desk = started(&world).await;
    let paths = [
        "/catalogo/personas",
        "/catalogo/equipos",
        "/catalogo/categorias",
        "/catalogo/proveedores",
        "/catalogo/calendarios",
        "/catalogo/textos",
        "/catalogo/formularios",
        "/catalogo/textos/ficha?clave=saludo",
        "/catalogo/versiones",
        "/catalogo/categorias/ficha?clave=redes",
        "/catalogo/calendarios/ficha?clave=habil",
        "/catalogo/personas/ficha?clave=agente1.soporte%40uspec.gov.co",
    ];
    for who in [AGENT, OFFICER, HEAD, AUDITOR, COORDINATOR] {
        let session = world.signed_in(who).await;
        for path in paths {
            let answer = desk.answers(&get(path).seen_by(&session)).await;
            says(&answer, 200, &["Catálogo"]);
            let offers = ["<form method=\"post\" action=\"/catalogo", "Agregar "];
            let offered = offers.iter().any(|offer| answer.body.contains(offer));
            let expected = who == COORDINATOR && !path.ends_with("versiones");
            assert_eq!(offered, expected, "{who} {path}");
        }
        let new = desk
            .answers(&get("/catalogo/personas/ficha").seen_by(&session))
            .await;
        assert_eq!(
            new.status,
            if who == COORDINATOR { 200 } else { 303 },
            "{who}"
        );
        let start = desk.answers(&get("/catalogo").seen_by(&session)).await;
        assert_eq!(start.header("location"), Some("/catalogo/personas"));
    }
    for who in [ANA, STRANGER] {
        let session = world.signed_in(who).await;
        for path in paths {
            let answer = desk.answers(&get(path).seen_by(&session)).await;
            assert_eq!(answer.status, 403, "{who} {path}");
        }
    }
    let answer = desk.answers(&get(paths[0]).seen_by("nadie")).await;
    assert_eq!(answer.status, 303);
    let coordinator = world.signed_in(COORDINATOR).await;
    for path in [
        "/catalogo/cocina",
        "/catalogo/cocina/ficha",
        "/catalogo/categorias/ficha?clave=cocina",
    ] {
        let answer = desk.answers(&get(path).seen_by(&coordinator)).await;
        assert_eq!(answer.status, 404, "{path}");
    }
}

#[tokio::test]
async fn a_preview_changes_nothing_and_the_same_form_sent_again_does() {
    let world = World::new().await;
    let _open = world.assigned("redes").await;
    let desk = started(&world).await;
    let session = world.signed_in(COORDINATOR).await;
    let rows = world.rows();
    let preview = desk
        .answers(&sent(
            ENTRY,
            &session,
            &networks("0", "45", &[("paso", "ver")]),
        ))
        .await;
    says(
        &preview,
        200,
        &[
            "Todavía no ha cambiado nada",
            "Solución: 30 min → 45 min",
            "Avisos: se quitan",
            "Tiene 1 solicitud abierta: lo abierto conserva",
            "Será la versión 1",
        ],
    );
    world.must_still_have(&rows);
    let key = hidden(&preview.body, "idempotency_key");
    let fields = networks("0", "45", &[("paso", "guardar"), ("idempotency_key", &key)]);
    // Pressed twice it is one version.
    for _ in 0..2 {
        let saved = desk.answers(&sent(ENTRY, &session, &fields)).await;
        assert_eq!(
            (saved.status, saved.header("location")),
            (303, Some("/catalogo/categorias?hecho=catalogo")),
            "{}",
            saved.body
        );
    }
    let kept = world.row("CATALOG", "VERSION#00000001");
    assert_eq!(
        (kept["by"]["S"].as_str(), kept["by_name"]["S"].as_str()),
        (Some(COORDINATOR), Some("Coordinador de Mesa de Ayuda"))
    );
    // The one in force and the one that is kept.
    assert_eq!(world.rows_of("CATALOG").len(), 2);
    let list = desk
        .answers(&get("/catalogo/categorias?hecho=catalogo").seen_by(&session))
        .await;
    says(
        &list,
        200,
        &[
            "45 min",
            "Versión 1, vigente desde",
            "Guardado: ya está vigente.",
        ],
    );
    let versions = desk
        .answers(&get("/catalogo/versiones").seen_by(&session))
        .await;
    says(
        &versions,
        200,
        &[
            "Versión 1",
            "Coordinador de Mesa de Ayuda",
            "Categoría «Configuración de redes»",
            "Solución: 30 min → 45 min",
        ],
    );
    // The same form by somebody else, or under another key, is another request.
    let other = networks(
        "0",
        "45",
        &[("paso", "guardar"), ("idempotency_key", "otra")],
    );
    let refused = desk.answers(&sent(ENTRY, &session, &other)).await;
    assert_eq!(refused.status, 409, "{}", refused.body);
}

#[tokio::test]
async fn what_cannot_be_taken_is_said_at_the_field_and_kept() {
    let world = World::new().await;
    let desk = started(&world).await;
    let session = world.signed_in(COORDINATOR).await;
    for step in ["ver", "guardar"] {
        let mut fields = networks("0", "0", &[("paso", step)]);
        fields.retain(|(name, _)| *name != "steps.0.percent");
        fields.extend([("steps.0.percent", "2000"), ("steps.4.percent", "mucho")]);
        let answer = desk.answers(&sent(ENTRY, &session, &fields)).await;
        says(
            &answer,
            422,
            &[
                "Error: Catálogo",
                "href=\"#f-steps-1-percent\"",
                "Al % del tiempo: Debe ser un número entero.",
                "value=\"mucho\"",
                "value=\"2000\"",
            ],
        );
        let mut fields = networks("0", "0", &[("paso", step)]);
        fields.retain(|(name, _)| *name != "steps.0.percent");
        fields.push(("steps.0.percent", "2000"));
        let answer = desk.answers(&sent(ENTRY, &session, &fields)).await;
        says(
            &answer,
            422,
            &[
                "href=\"#f-solution_minutes\"",
                "Minutos de solución: Debe estar entre 1 y 525600 minutos.",
                "href=\"#f-steps-0-percent\"",
            ],
        );
        assert!(!answer.body.contains("Todavía no ha cambiado nada"));
    }
    let hours = [
        ("sobre", "0"),
        ("id", "noche"),
        ("time_zone", "America/Bogota"),
        ("holidays", "none"),
        ("hours.monday", "de ocho a cinco"),
    ];
    let answer = desk
        .answers(&sent("/catalogo/calendarios/ficha", &session, &hours))
        .await;
    says(
        &answer,
        422,
        &[
            "href=\"#f-hours-monday\"",
            "no es un horario",
            "value=\"de ocho a cinco\"",
        ],
    );
    assert_eq!(world.rows_of("CATALOG").len(), 0);
}

#[tokio::test]
async fn of_two_the_later_is_told_what_the_other_wrote_and_may_go_on() {
    let world = World::new().await;
    let desk = started(&world).await;
    let session = world.signed_in(COORDINATOR).await;
    let save = |version, key| {
        let fields = networks(
            version,
            "45",
            &[("paso", "guardar"), ("idempotency_key", key)],
        );
        sent(ENTRY, &session, &fields)
    };
    world.away(&[AGENT]).await;
    let conflict = desk.answers(&save("0", "una")).await;
    says(
        &conflict,
        409,
        &[
            "El catálogo cambió mientras usted escribía",
            "Disponible: sí → no",
            "Todavía no ha cambiado nada",
            "Solución: 30 min → 45 min",
            "value=\"45\"",
        ],
    );
    assert_eq!(hidden(&conflict.body, "sobre"), "1");
    // Right between reading and writing.
    let other = world.clone();
    world.meanwhile("TransactWriteItems", 0, async move {
        other.away(&[PRINTER]).await;
    });
    let conflict = desk.answers(&save("1", "otra")).await;
    says(
        &conflict,
        409,
        &["El catálogo cambió mientras usted escribía"],
    );
    assert_eq!(hidden(&conflict.body, "sobre"), "2");
    let saved = desk.answers(&save("2", "tercera")).await;
    assert_eq!(saved.status, 303, "{}", saved.body);
    let rows = world.rows_of("CATALOG");
    let versions = rows.iter().filter(|row| {
        !row["sk"]["S"]
            .as_str()
            .is_some_and(|sk| sk.starts_with("HANDOVER#"))
    });
    assert_eq!(versions.count(), 4);
}

#[tokio::test]
async fn what_was_written_though_the_answer_was_lost_is_not_written_twice() {
    let world = World::new().await;
    let desk = started(&world).await;
    let session = world.signed_in(COORDINATOR).await;
    let fields = networks(
        "0",
        "45",
        &[("paso", "guardar"), ("idempotency_key", "una")],
    );
    world.fails("TransactWriteItems", 0..9, in_process::Fault::Lost);
    let lost = desk.answers(&sent(ENTRY, &session, &fields)).await;
    world.heals();
    // It may be sent again as it is.
    says(
        &lost,
        503,
        &["value=\"45\"", "value=\"una\"", "Enviar de nuevo"],
    );
    let again = desk.answers(&sent(ENTRY, &session, &fields)).await;
    assert_eq!(again.status, 303, "{}", again.body);
    assert_eq!(world.rows_of("CATALOG").len(), 2);
}

#[tokio::test]
async fn forms_of_others_and_of_other_sites_change_nothing() {
    let world = World::new().await;
    let desk = started(&world).await;
    let fields = networks(
        "0",
        "45",
        &[("paso", "guardar"), ("idempotency_key", "una")],
    );
    for who in [ANA, AGENT, OFFICER, HEAD, AUDITOR] {
        let session = world.signed_in(who).await;
        let answer = desk.answers(&sent(ENTRY, &session, &fields)).await;
        assert_eq!(answer.status, 403, "{who}");
    }
    let session = world.signed_in(COORDINATOR).await;
    let elsewhere = post(ENTRY)
        .seen_by(&session)
        .header("sec-fetch-site", "cross-site");
    let answer = desk.answers(&elsewhere.form(&fields)).await;
    assert_eq!(answer.status, 403);
    // Whose session has ended loses nothing of what he wrote.
    let answer = desk.answers(&sent(ENTRY, "nadie", &fields)).await;
    says(
        &answer,
        401,
        &[
            "value=\"45\"",
            "value=\"una\"",
            "Entre en otra pestaña",
            "Enviar de nuevo",
        ],
    );
    assert_eq!(world.rows_of("CATALOG").len(), 0);
}

#[tokio::test]
async fn somebody_always_can_change_it_and_what_is_needed_stays() {
    let world = World::new().await;
    let _open = world.assigned("aplicaciones").await;
    let desk = started(&world).await;
    let session = world.signed_in(COORDINATOR).await;
    let remove = |path: &str, key: &str, step: &str| {
        let fields = [
            ("clave", key),
            ("sobre", "0"),
            ("hacer", "quitar"),
            ("paso", step),
        ];
        sent(path, &session, &fields)
    };
    let people = "/catalogo/personas/ficha";
    let answer = desk.answers(&remove(people, COORDINATOR, "guardar")).await;
    says(&answer, 422, &["Nadie quedaría en la coordinación"]);
    let demoted = [
        ("clave", COORDINATOR),
        ("sobre", "0"),
        ("name", "Coordinador"),
        ("available", "true"),
        ("roles", "agent"),
    ];
    let answer = desk.answers(&sent(people, &session, &demoted)).await;
    says(
        &answer,
        422,
        &[
            "Nadie quedaría en la coordinación",
            "value=\"agent\" checked",
        ],
    );
    let answer = desk
        .answers(&remove(ENTRY, "aplicaciones", "guardar"))
        .await;
    says(
        &answer,
        422,
        &[
            "no se puede quitar; hay 1 solicitud abierta de esta categoría",
            "href=\"/cola?vista=abiertas&#38;categoria=aplicaciones\"",
        ],
    );
    let answer = desk
        .answers(&remove("/catalogo/equipos/ficha", "impresion", "ver"))
        .await;
    says(&answer, 422, &["Categoría «Impresión y copiado»"]);
    let answer = desk
        .answers(&remove("/catalogo/calendarios/ficha", "habil", "guardar"))
        .await;
    says(
        &answer,
        422,
        &["hay 1 solicitud abierta con este calendario"],
    );
    assert_eq!(world.rows_of("CATALOG").len(), 0);
    // What nothing needs can go.
    let providers = "/catalogo/proveedores/ficha";
    let preview = desk
        .answers(&remove(providers, "redes_externo", "ver"))
        .await;
    says(
        &preview,
        200,
        &[
            "Esto se quitará",
            "Se quita",
            "Ninguna solicitud abierta lo usa",
        ],
    );
    let saved = desk
        .answers(&remove(providers, "redes_externo", "guardar"))
        .await;
    assert_eq!(saved.status, 303, "{}", saved.body);
    let list = desk
        .answers(&get("/catalogo/proveedores").seen_by(&session))
        .await;
    assert!(!list.body.contains("redes_externo"), "{}", list.body);
}

#[tokio::test]
async fn the_api_keeps_who_wrote_and_refuses_what_the_pages_do() {
    let world = World::new().await;
    let desk = started(&world).await;
    let read = get("/catalog").by(COORDINATOR);
    let mut catalogue = desk.answers(&read).await.must_be(200);
    let write = |catalogue: &Value| put("/catalog").by(COORDINATOR).json(catalogue.clone());
    catalogue["providers"][0]["name"] = json!("Redes");
    desk.answers(&write(&catalogue)).await.must_be(200);
    let kept = world.row("CATALOG", "VERSION#00000001");
    assert_eq!(kept["by"]["S"], COORDINATOR);
    assert!(kept["request"].is_null(), "{kept}");
    catalogue["version"] = json!(1);
    let mut nobody = catalogue.clone();
    for person in nobody["directory"].as_array_mut().unwrap() {
        person["roles"] = json!(["agent"]);
    }
    let problem = desk.answers(&write(&nobody)).await;
    let problem = problem.must_refuse(422, "validation_failed");
    assert_eq!(problem["errors"][0]["code"], "last_coordinator");
    let mut never = catalogue;
    never["calendars"]["habil"]["hours"]["monday"] = json!(["8 a 5"]);
    let problem = desk.answers(&write(&never)).await;
    let problem = problem.must_refuse(422, "validation_failed");
    assert_eq!(
        problem["errors"][0]["detail"],
        "El calendario «habil» no es válido el lunes: «8 a 5» no es un horario; se escribe, por \
         ejemplo, 08:00-12:00."
    );
}

/// What a change of the whole catalogue is refused for.
#[track_caller]
fn needed(answer: &Answer) -> Vec<(String, String)> {
    let problem = answer.must_refuse(422, "validation_failed");
    let errors = problem["errors"].as_array().unwrap().iter();
    let errors = errors.map(|error| {
        assert_eq!(error["code"], "in_use", "{error}");
        let text = |name: &str| error[name].as_str().unwrap().to_owned();
        (text("field"), text("detail"))
    });
    errors.collect()
}

#[tokio::test]
async fn what_open_requests_name_is_not_taken_away_by_the_api_either() {
    let world = World::new().await;
    let _printing = world.assigned("impresion").await;
    let _network = world.escalated("redes").await.at_provider().await;
    let desk = started(&world).await;
    let read = get("/catalog").by(COORDINATOR);
    let catalogue = desk.answers(&read).await.must_be(200);
    let write = |change: &dyn Fn(&mut Value)| {
        let mut changed = catalogue.clone();
        change(&mut changed);
        put("/catalog").by(COORDINATOR).json(changed)
    };
    // The team is called another name: nobody would find what it has.
    let renamed = write(&|c| {
        c["teams"][1]["id"] = json!("copiado");
        for category in c["categories"].as_array_mut().unwrap() {
            if category["team"] == "impresion" {
                category["team"] = json!("copiado");
            }
        }
        for person in c["directory"].as_array_mut().unwrap() {
            for team in person["teams"].as_array_mut().unwrap() {
                if *team == "impresion" {
                    *team = json!("copiado");
                }
            }
        }
    });
    assert_eq!(
        needed(&desk.answers(&renamed).await),
        [(
            "teams".to_owned(),
            "Equipo «Impresión y Copiado»: no se puede quitar; hay 1 solicitud abierta de este \
             equipo. Retírelo de lo nuevo. Se ven en /cola?vista=abiertas&equipo=impresion."
                .to_owned()
        )]
    );
    let category = write(&|c| {
        c["teams"][1]["category"] = json!("plataforma");
        c["texts"] = json!([]);
        c["categories"]
            .as_array_mut()
            .unwrap()
            .retain(|of| of["id"] != "impresion");
    });
    let found = needed(&desk.answers(&category).await);
    assert_eq!(found[0].0, "categories");
    let provider = write(&|c| {
        c["providers"]
            .as_array_mut()
            .unwrap()
            .retain(|of| of["id"] != "redes_externo");
    });
    let found = needed(&desk.answers(&provider).await);
    assert!(
        found[0]
            .1
            .contains("1 solicitud abierta a la espera de este proveedor")
    );
    // A calendar is kept as long as anything is open that went by it, and longer.
    let calendar = write(&|c| {
        let calendars = c["calendars"].as_object_mut().unwrap();
        let habil = calendars.remove("habil").unwrap();
        calendars.insert("laboral".to_owned(), habil);
        c["legal_terms"]["calendar"] = json!("laboral");
        for category in c["categories"].as_array_mut().unwrap() {
            category["calendar"] = json!("laboral");
        }
    });
    let found = needed(&desk.answers(&calendar).await);
    assert!(
        found[0]
            .1
            .starts_with("Calendario «habil»: no se puede quitar; hay 2"),
        "{found:?}"
    );
    assert_eq!(world.rows_of("CATALOG").len(), 0);
    // Retired, all of it stays where it is found.
    let retired = write(&|c| {
        c["teams"][1]["retired"] = json!(true);
        c["teams"][1]["category"] = json!("plataforma");
        for category in c["categories"].as_array_mut().unwrap() {
            if category["team"] == "impresion" || category["id"] == "redes" {
                category["retired"] = json!(true);
            }
        }
        c["providers"][0]["retired"] = json!(true);
    });
    let written = desk.answers(&retired).await.must_be(200);
    assert!(written.get("warnings").is_none(), "{written}");
    let mut unserved = written;
    unserved["directory"]
        .as_array_mut()
        .unwrap()
        .retain(|entry| {
            entry["roles"] != json!(["agent"]) || entry["teams"] != json!(["impresion"])
        });
    let request = put("/catalog").by(COORDINATOR).json(unserved);
    let problem = desk.answers(&request).await;
    let problem = problem.must_refuse(422, "validation_failed");
    assert_eq!(problem["errors"][0]["code"], "last_agent", "{problem}");
    let list = get("/tickets?team=impresion&category=impresion").by(COORDINATOR);
    let list = desk.answers(&list).await.must_be(200);
    assert_eq!(list["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn what_nothing_ever_used_can_go_and_what_ruled_something_once_stays() {
    let world = World::new().await;
    let desk = started(&world).await;
    let read = get("/catalog").by(COORDINATOR);
    let mut catalogue = desk.answers(&read).await.must_be(200);
    let write = |catalogue: &Value| put("/catalog").by(COORDINATOR).json(catalogue.clone());
    catalogue["calendars"]["libre"] = json!({ "always": true });
    let mut catalogue = desk.answers(&write(&catalogue)).await.must_be(200);
    // Nothing ever went by it.
    catalogue["calendars"]
        .as_object_mut()
        .unwrap()
        .remove("libre");
    catalogue["calendars"]["laboral"] = catalogue["calendars"]["habil"].clone();
    catalogue["legal_terms"]["calendar"] = json!("laboral");
    for category in catalogue["categories"].as_array_mut().unwrap() {
        category["calendar"] = json!("laboral");
    }
    let mut catalogue = desk.answers(&write(&catalogue)).await.must_be(200);
    // Every category went by it once, and what is closed is explained by it.
    catalogue["calendars"]
        .as_object_mut()
        .unwrap()
        .remove("habil");
    let found = needed(&desk.answers(&write(&catalogue)).await);
    assert!(
        found[0].1.contains("por él se rigieron solicitudes"),
        "{found:?}"
    );
}

#[tokio::test]
async fn whoever_leaves_with_open_requests_is_warned_of() {
    let world = World::new().await;
    let case = world.assigned("redes").await;
    let agent = case
        .ticket()
        .await
        .assignee
        .as_ref()
        .unwrap()
        .email
        .to_string();
    let desk = started(&world).await;
    let read = get("/catalog").by(COORDINATOR);
    let mut catalogue = desk.answers(&read).await.must_be(200);
    catalogue["directory"]
        .as_array_mut()
        .unwrap()
        .retain(|entry| entry["email"] != agent.as_str());
    let write = |catalogue: &Value| put("/catalog").by(COORDINATOR).json(catalogue.clone());
    let written = desk.answers(&write(&catalogue)).await.must_be(200);
    let warning = written["warnings"][0].as_str().unwrap();
    assert!(warning.contains("Tiene 1 solicitud abierta"), "{warning}");
    // What was answered is taken as it is.
    let again = desk.answers(&write(&written)).await.must_be(200);
    assert!(again.get("warnings").is_none(), "{again}");
}

#[tokio::test]
async fn an_entry_that_is_gone_meanwhile_is_said_to_be_and_what_was_typed_stays() {
    let world = World::new().await;
    let desk = started(&world).await;
    let session = world.signed_in(COORDINATOR).await;
    world
        .catalogue(|document| document.providers.retain(|p| p.id.0 != "redes_externo"))
        .await;
    let fields = [
        ("clave", "redes_externo"),
        ("sobre", "0"),
        ("paso", "guardar"),
        ("name", "Redes y más"),
        ("email", "a@b.co"),
    ];
    let answer = desk
        .answers(&sent("/catalogo/proveedores/ficha", &session, &fields))
        .await;
    says(
        &answer,
        422,
        &[
            "Ya no está en el catálogo.",
            "El catálogo cambió mientras usted escribía",
            "<b>Proveedor «Proveedor de redes y conectividad»</b>: se quita",
            "value=\"Redes y más\"",
        ],
    );
    assert_eq!(world.rows_of("CATALOG").len(), 2);
}

#[tokio::test]
async fn what_somebody_away_has_goes_to_others_and_the_preview_says_so() {
    let world = World::new().await;
    let case = world.assigned("redes").await;
    let responsible = case.ticket().await.assignee.unwrap();
    let desk = started(&world).await;
    let session = world.signed_in(COORDINATOR).await;
    let fields = [
        ("clave", responsible.email.as_str()),
        ("sobre", "0"),
        ("name", responsible.name.as_str()),
        ("available", "false"),
        ("roles", "agent"),
        ("teams", "soporte"),
    ];
    let answer = desk
        .answers(&sent("/catalogo/personas/ficha", &session, &fields))
        .await;
    says(
        &answer,
        200,
        &[
            "Disponible: sí → no",
            "Tiene 1 solicitud abierta: lo que ya no puede atender pasa enseguida a quien esté en el equipo",
            "Mientras no esté disponible no recibe solicitudes nuevas por turno.",
        ],
    );
}

#[tokio::test]
async fn a_new_one_is_added_with_a_key_of_its_own() {
    let world = World::new().await;
    let desk = started(&world).await;
    let session = world.signed_in(COORDINATOR).await;
    let fields = |version: &'static str, step: &'static str| {
        [
            ("sobre", version),
            ("paso", step),
            ("name", "Impresión remota"),
            ("email", "a@b.co"),
        ]
    };
    let path = "/catalogo/proveedores/ficha";
    let preview = desk
        .answers(&sent(path, &session, &fields("0", "ver")))
        .await;
    says(
        &preview,
        200,
        &["Esto se agregará", "Se agrega. Correo: a@b.co"],
    );
    let saved = desk
        .answers(&sent(path, &session, &fields("0", "guardar")))
        .await;
    assert_eq!(saved.status, 303, "{}", saved.body);
    let list = desk
        .answers(&get("/catalogo/proveedores").seen_by(&session))
        .await;
    says(&list, 200, &["impresion_remota"]);
}

#[tokio::test]
async fn a_text_is_changed_and_an_unknown_place_in_it_is_refused() {
    let world = World::new().await;
    let desk = started(&world).await;
    let session = world.signed_in(COORDINATOR).await;
    let path = "/catalogo/textos/ficha";
    let with = |text: &'static str| {
        let fields = [
            ("clave", "saludo"),
            ("sobre", "0"),
            ("paso", "guardar"),
            ("name", "Saludo"),
            ("text", text),
            ("categories", "redes"),
        ];
        sent(path, &session, &fields)
    };
    let answer = desk.answers(&with("Hola, {nombre}.")).await;
    says(
        &answer,
        422,
        &[
            "href=\"#f-text\"",
            "{solicitante}",
            ">Hola, {nombre}.</textarea>",
        ],
    );
    let answer = desk.answers(&with("Hola,\r\n{solicitante}.")).await;
    assert_eq!(answer.status, 303, "{}", answer.body);
    let read = desk.answers(&get("/catalog").by(AGENT)).await.must_be(200);
    assert_eq!(read["texts"][0]["text"], "Hola,\n{solicitante}.");
}

#[tokio::test]
async fn versions_are_read_page_by_page_and_one_of_before_names_nobody() {
    let world = World::new().await;
    for i in 0..23 {
        world
            .catalogue(|document| document.categories[0].name = format!("Plataforma {i}"))
            .await;
    }
    // As it was written before it was kept who did.
    let mut row = world.row("CATALOG", "VERSION#00000001");
    for name in ["by", "by_name"] {
        assert!(row.as_object_mut().unwrap().remove(name).is_some());
    }
    world.put_row(&row);
    let desk = started(&world).await;
    let session = world.signed_in(AUDITOR).await;
    let first = desk
        .answers(&get("/catalogo/versiones").seen_by(&session))
        .await;
    says(
        &first,
        200,
        &[
            "Versión 23",
            "Versión 4<",
            "Nombre: «Plataforma 2» → «Plataforma 3»",
            "desde=3",
        ],
    );
    assert!(!first.body.contains("Versión 3<"), "{}", first.body);
    let second = desk
        .answers(&get("/catalogo/versiones?desde=3").seen_by(&session))
        .await;
    says(
        &second,
        200,
        &[
            "Versión 1<",
            "no quedó registrado quién",
            "Nombre: «Plataforma tecnológica» → «Plataforma 0»",
        ],
    );
}

#[tokio::test]
async fn hostile_names_stay_text() {
    const HOSTILE: &str = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>{{7*7}}";
    let world = World::new().await;
    world
        .catalogue(|document| {
            document.categories[0].name = HOSTILE.to_owned();
            document.teams[0].name = HOSTILE.to_owned();
            document.directory[0].name = HOSTILE.to_owned();
            document.providers[0].name = HOSTILE.to_owned();
            document.teams[0].extensions = vec![HOSTILE.to_owned()];
            document.texts[0].text = HOSTILE.replace("{{7*7}}", "");
        })
        .await;
    let desk = started(&world).await;
    for who in [AUDITOR, COORDINATOR] {
        let session = world.signed_in(who).await;
        for path in [
            "/catalogo/personas",
            "/catalogo/equipos",
            "/catalogo/categorias",
            "/catalogo/proveedores",
            "/catalogo/textos",
            "/catalogo/textos/ficha?clave=saludo",
            "/catalogo/versiones",
            "/catalogo/equipos/ficha?clave=soporte",
            "/catalogo/categorias/ficha?clave=plataforma",
        ] {
            let answer = desk.answers(&get(path).seen_by(&session)).await;
            says(&answer, 200, &["&#60;script&#62;"]);
            for markup in ["<script>alert", "<img src=x", "\"'>"] {
                assert!(!answer.body.contains(markup), "{path}: {}", answer.body);
            }
        }
    }
    let session = world.signed_in(COORDINATOR).await;
    let fields = [("sobre", "1"), ("name", HOSTILE), ("email", HOSTILE)];
    let answer = desk
        .answers(&sent("/catalogo/proveedores/ficha", &session, &fields))
        .await;
    assert_eq!(answer.status, 422);
    assert!(!answer.body.contains("<script>alert"), "{}", answer.body);
}

#[tokio::test]
async fn a_directory_of_five_thousand_people_fits_and_one_without_end_is_refused() {
    let world = World::new().await;
    let desk = started(&world).await;
    let answer = desk.answers(&get("/catalog").by(COORDINATOR)).await;
    let document: Value = serde_json::from_str(&answer.body).unwrap();
    let with = |people: usize, noise: usize| {
        let mut document = document.clone();
        document.as_object_mut().unwrap().remove("version");
        let directory = document["directory"].as_array_mut().unwrap();
        for n in 0..people {
            // Names as they are: no two alike, and made of few parts.
            let given = ["Ana", "Luis", "Martha", "Óscar", "Zoraida", "Wílmer"][n % 6];
            let family = ["Peña", "Ñáñez", "Rojas", "Gutiérrez", "Quiroga"][n / 6 % 5];
            let mut chance = u64::try_from(n).unwrap();
            let noise: String = (0..noise)
                .map(|_| {
                    chance = chance
                        .wrapping_mul(6_364_136_223_846_793_005)
                        .wrapping_add(1_442_695_040_888_963_407);
                    char::from(b'a' + u8::try_from((chance >> 33) % 26).unwrap())
                })
                .collect();
            directory.push(json!({
                "email": format!("{}.{n}@uspec.gov.co", given.to_lowercase().replace(['í', 'ó'], "o")),
                "name": format!("{given} {family} {n} {noise}"),
                "roles": ["requester"],
            }));
        }
        put("/catalog").by(COORDINATOR).json(document)
    };
    let answer = desk.answers(&with(5_000, 0)).await.must_be(200);
    assert_eq!(answer["version"], 1);
    let read = desk.answers(&get("/catalog").by(COORDINATOR)).await;
    let read: Value = serde_json::from_str(&read.body).unwrap();
    let people = read["directory"].as_array().unwrap();
    assert_eq!(
        people.len(),
        document["directory"].as_array().unwrap().len() + 5_000
    );
    let rows = world.rows_of("CATALOG");
    for row in &rows {
        let packed = row["packed"]["B"].as_str().unwrap().len() * 3 / 4;
        assert!(packed < 200_000, "{packed} bytes of 400,000");
    }
    // It is told who writes, as before.
    let session = world.signed_in("martha.4994@uspec.gov.co").await;
    let mine = desk.answers(&get("/solicitudes").seen_by(&session)).await;
    says(&mine, 200, &["Martha"]);
    let before = world.rows();
    let refused = desk.answers(&with(5_000, 300)).await;
    let refused = refused.must_refuse(422, "validation_failed");
    assert_eq!(refused["errors"][0]["code"], "too_large");
    world.must_still_have(&before);
}

#[tokio::test]
async fn keys_are_as_long_as_the_table_takes_them() {
    let world = World::new().await;
    let desk = started(&world).await;
    let answer = desk.answers(&get("/catalog").by(COORDINATOR)).await;
    let document: Value = serde_json::from_str(&answer.body).unwrap();
    let with = |length: usize| {
        let mut document = document.clone();
        let id = "ñ".repeat(length);
        let mut category = document["categories"][0].clone();
        category["id"] = json!(id);
        document["categories"]
            .as_array_mut()
            .unwrap()
            .push(category);
        let calendar = document["calendars"]["habil"].clone();
        document["calendars"][&id] = calendar;
        put("/catalog").by(COORDINATOR).json(document)
    };
    let refused = desk.answers(&with(65)).await;
    let refused = refused.must_refuse(422, "validation_failed");
    let errors = refused["errors"].as_array().unwrap().iter();
    let fields: Vec<_> = errors.map(|e| e["field"].as_str().unwrap()).collect();
    let long = format!("calendars.{}", "ñ".repeat(65));
    let last = format!(
        "categories[{}].id",
        document["categories"].as_array().unwrap().len()
    );
    assert_eq!(fields, [last, long]);
    desk.answers(&with(64)).await.must_be(200);
}

#[tokio::test]
async fn forms_of_the_entity_are_entries_like_any_other() {
    let world = World::new().await;
    let desk = started(&world).await;
    let session = world.signed_in(COORDINATOR).await;
    let fields = [
        ("sobre", "0"),
        ("name", "Novedades de la intranet"),
        ("email", "formularios@uspec.gov.co"),
    ];
    let form = |step: &'static str| {
        let mut fields = fields.to_vec();
        fields.push(("paso", step));
        fields
    };
    let preview = desk
        .answers(&sent("/catalogo/formularios/ficha", &session, &form("ver")))
        .await;
    says(
        &preview,
        200,
        &["quien pide es la persona del «Responder a»"],
    );
    let saved = desk
        .answers(&sent(
            "/catalogo/formularios/ficha",
            &session,
            &form("guardar"),
        ))
        .await;
    assert_eq!(saved.status, 303, "{}", saved.body);
    let list = desk
        .answers(&get("/catalogo/formularios").seen_by(&session))
        .await;
    says(
        &list,
        200,
        &["Novedades de la intranet", "formularios@uspec.gov.co"],
    );
    let versions = desk
        .answers(&get("/catalogo/versiones").seen_by(&session))
        .await;
    says(&versions, 200, &["Formulario «Novedades de la intranet»"]);
}

#[tokio::test]
async fn a_long_list_is_searched_and_turned_over_and_a_short_one_is_whole() {
    let world = World::new().await;
    let desk = started(&world).await;
    let session = world.signed_in(COORDINATOR).await;
    let page = async |path: &str| {
        let answer = desk.answers(&get(path).seen_by(&session)).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        answer.body
    };
    let rows = |body: &str| body.matches("role=\"rowheader\"").count();
    let short = page("/catalogo/personas").await;
    assert!(
        !short.contains("name=\"q\" type=\"search\" value"),
        "{short}"
    );
    world
        .catalogue(|document| {
            let shipped = document.directory.len();
            for number in shipped..230 {
                let mut entry = document.directory[0].clone();
                entry.email = address(&format!("persona{number}@uspec.gov.co"));
                entry.name = format!("Peñaranda Núñez {number}");
                document.directory.push(entry);
            }
        })
        .await;
    let first = page("/catalogo/personas").await;
    assert_eq!(rows(&first), 100);
    assert!(first.contains("1 a 100 de 230"), "{first}");
    assert!(first.contains("Siguientes") && !first.contains("Anteriores"));
    let last = page("/catalogo/personas?desde=200").await;
    assert_eq!(rows(&last), 30);
    assert!(last.contains("201 a 230 de 230"), "{last}");
    assert!(last.contains("Anteriores") && !last.contains("Siguientes"));
    // By name without its accents, by address, and by what he does.
    for (query, found) in [
        ("nunez+22", 11),
        ("PERSONA101%40", 1),
        ("auditor%C3%ADa", 1),
        ("nadie+asi", 0),
    ] {
        let body = page(&format!("/catalogo/personas?q={query}")).await;
        assert_eq!(rows(&body), found, "{query}: {body}");
        assert!(!body.contains("Siguientes"), "{query}");
    }
    let many = page("/catalogo/personas?q=%22%3E%3Cb%3E").await;
    assert!(
        many.contains("Nada coincide") && !many.contains("<b>"),
        "{many}"
    );
    let found = page("/catalogo/personas?q=agente").await;
    assert!(
        found.contains("/catalogo/personas?q=agente&#38;desde=100"),
        "{found}"
    );
    // What is no number is the beginning.
    assert_eq!(rows(&page("/catalogo/personas?desde=x").await), 100);
}
