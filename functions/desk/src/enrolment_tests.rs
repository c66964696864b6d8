//! The directory from a spreadsheet, over HTTP and on its page.

use in_process::people::{AGENT, ANA, AUDITOR, COORDINATOR};
use in_process::{Answer, Started, World, get, post};
use serde_json::{Value, json};

use super::ReadSide;
use crate::catalogue_tests::{hidden, says};

const PAGE: &str = "/catalogo/personas/hoja";

/// Ana comes in, and an agent leaves his team.
const SHEET: &str = "correo;nombre;roles;equipos;dependencia;extension\r\n\
    ana.nueva@uspec.gov.co;Ana Nueva;;;Jurídica;402\r\n\
    agente1.soporte@uspec.gov.co;Agente 1 de Soporte;agente;Impresión y Copiado;;\r\n";

async fn started(world: &World) -> Started<ReadSide> {
    world.start("desk").await
}

fn csv(query: &str, sheet: &str) -> in_process::Request {
    post(format!("/catalog/directory{query}")).body("text/csv; charset=utf-8", sheet)
}

fn parsed(answer: &Answer) -> Value {
    serde_json::from_str(&answer.body).unwrap()
}

#[tokio::test]
async fn a_sheet_says_what_it_would_do_and_is_written_over_what_was_looked_at() {
    let world = World::new().await;
    let case = world.assigned("redes").await;
    assert_eq!(AGENT, "agente1.soporte@uspec.gov.co", "whose request it is");
    let desk = started(&world).await;
    let rows = world.rows();
    let seen = desk
        .answers(&csv("?preview=true", SHEET).by(COORDINATOR))
        .await;
    let seen = seen.must_be(200);
    world.must_still_have(&rows);
    assert_eq!(
        json!([
            seen["version"],
            seen["preview"],
            seen["added"],
            seen["changed"],
            seen["removed"]
        ]),
        json!([0, true, 1, 1, 0])
    );
    let told = seen["differences"].as_array().unwrap().iter();
    let told: Vec<_> = told
        .map(|d| {
            format!(
                "{}: {}",
                d["of"].as_str().unwrap(),
                d["what"].as_str().unwrap()
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            "Persona «Agente 1 de Soporte» (agente1.soporte@uspec.gov.co): Equipos: se agrega \
             Impresión y Copiado; se quita Mesa de Ayuda",
            "Persona «Ana Nueva» (ana.nueva@uspec.gov.co): se agrega. Funciones: ninguna; Equipos: \
             ninguno; Disponible: sí; Ausente hasta: sin fecha; Dependencia: Jurídica; Extensión: \
             402; Vinculación: sin anotar",
        ]
    );
    let warned = seen["warnings"][0].as_str().unwrap();
    assert!(
        warned.starts_with("Agente 1 de Soporte: Tiene 1 solicitud abierta: lo que ya no puede"),
        "{warned}"
    );
    // What was looked at has to be named, and has to be in force.
    let unseen = desk.answers(&csv("", SHEET).by(COORDINATOR)).await;
    let unseen = unseen.must_refuse(422, "validation_failed");
    assert_eq!(unseen["errors"][0]["field"], "version");
    let other = csv("?version=3", SHEET).by(COORDINATOR);
    desk.answers(&other)
        .await
        .must_refuse(409, "version_conflict");
    world.must_still_have(&rows);

    let write = || csv("?version=0", SHEET).by(COORDINATOR).key("hoja-1");
    let written = desk.answers(&write()).await.must_be(200);
    assert_eq!(
        json!([written["version"], written["preview"], written["added"]]),
        json!([1, false, 1])
    );
    // Sent twice it is one version, and the same sheet under the next is none.
    let again = desk.answers(&write()).await.must_be(200);
    assert_eq!(
        json!([again["version"], again["added"], again["changed"]]),
        json!([1, 1, 1])
    );
    let other = csv("?version=0", "correo;nombre\r\nb@uspec.gov.co;Be\r\n").by(COORDINATOR);
    let other = desk.answers(&other.key("hoja-1")).await;
    other.must_refuse(422, "idempotency_mismatch");
    let same = desk
        .answers(&csv("?version=1", SHEET).by(COORDINATOR))
        .await;
    assert_eq!(same.must_be(200)["version"], 1);
    // The request that moves is to be looked after.
    assert_eq!(world.rows_of("CATALOG").len(), 3);
    assert!(case.ticket().await.assignee.is_some());
    let versions = desk.answers(&get("/catalog/versions").by(AUDITOR)).await;
    let versions = versions.must_be(200);
    assert_eq!(versions["items"][0]["by"]["email"], COORDINATOR);
    assert_eq!(versions["items"][0]["differences"], written["differences"]);
    assert_eq!(versions["next_cursor"], Value::Null);
}

#[tokio::test]
async fn nothing_is_written_while_something_is_wrong_and_the_rules_hold() {
    let world = World::new().await;
    let desk = started(&world).await;
    let rows = world.rows();
    let wrong = "correo;nombre;roles\nana;Ana;\nb@uspec.gov.co;;agente\nc@uspec.gov.co;Ce;rey\n";
    for query in ["?preview=true", "?version=0"] {
        let refused = desk.answers(&csv(query, wrong).by(COORDINATOR)).await;
        let refused = refused.must_refuse(422, "validation_failed");
        let errors = refused["errors"].as_array().unwrap().iter();
        let found: Vec<_> = errors.map(|e| e["field"].as_str().unwrap()).collect();
        assert_eq!(
            found,
            ["lines[2].correo", "lines[3].nombre", "lines[4].roles"]
        );
    }
    // A sheet that is the whole directory may leave nobody out whom the procedure needs.
    let whole = "correo;nombre\nana@uspec.gov.co;Ana\n";
    let refused = desk
        .answers(&csv("?version=0&reach=whole", whole).by(COORDINATOR))
        .await;
    let refused = refused.must_refuse(422, "validation_failed");
    let errors = refused["errors"].as_array().unwrap().iter();
    let codes: Vec<_> = errors.map(|e| e["code"].as_str().unwrap()).collect();
    assert_eq!(
        codes,
        [
            "last_coordinator",
            "last_officer",
            "last_agent",
            "last_agent",
            "last_agent"
        ]
    );
    for who in [AGENT, AUDITOR, ANA] {
        let answer = desk.answers(&csv("?preview=true", SHEET).by(who)).await;
        answer.must_refuse(403, "forbidden");
    }
    for who in [AGENT, ANA] {
        let answer = desk.answers(&get("/catalog/versions").by(who)).await;
        answer.must_refuse(403, "forbidden");
    }
    world.must_still_have(&rows);
}

/// As the browser sends it: the fields, and the file that was picked.
fn picked(session: &str, file: &[u8], reach: &str) -> in_process::Request {
    let mut body = Vec::new();
    for (name, value) in [("hoja", ""), ("alcance", reach)] {
        body.extend(
            format!("--b1\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
                .into_bytes(),
        );
    }
    let head = "--b1\r\nContent-Disposition: form-data; name=\"archivo\"; \
                filename=\"gente.csv\"\r\nContent-Type: text/csv\r\n\r\n";
    body.extend(head.as_bytes());
    body.extend(file);
    body.extend(b"\r\n--b1--\r\n");
    let request = post(PAGE).seen_by(session).from_own_page();
    request.bytes("multipart/form-data; boundary=b1", &body)
}

#[tokio::test]
async fn a_file_that_is_picked_is_looked_at_and_then_written() {
    let world = World::new().await;
    let desk = started(&world).await;
    let session = world.signed_in(COORDINATOR).await;
    let page = desk.answers(&get(PAGE).seen_by(&session)).await;
    says(
        &page,
        200,
        &["Personas desde una hoja", "multipart/form-data"],
    );
    let rows = world.rows();
    // As Excel saves it in Windows.
    let windows: Vec<u8> = SHEET
        .chars()
        .map(|c| u8::try_from(u32::from(c)).unwrap())
        .collect();
    let preview = desk.answers(&picked(&session, &windows, "listadas")).await;
    says(
        &preview,
        200,
        &[
            "Todavía no ha cambiado nada",
            "Personas: entra 1, cambia 1 y siguen igual 14.",
            "Dependencia: Jurídica",
            "Será la versión 1",
        ],
    );
    world.must_still_have(&rows);
    let key = hidden(&preview.body, "idempotency_key");
    let fields = [
        ("hoja", SHEET),
        ("alcance", "listadas"),
        ("paso", "guardar"),
        ("sobre", "0"),
        ("idempotency_key", &key),
    ];
    // Pressed twice it is one version.
    for _ in 0..2 {
        let sent = post(PAGE).seen_by(&session).from_own_page().form(&fields);
        let saved = desk.answers(&sent).await;
        assert_eq!(
            (saved.status, saved.header("location")),
            (303, Some("/catalogo/personas?hecho=catalogo")),
            "{}",
            saved.body
        );
    }
    let kept = world.row("CATALOG", "VERSION#00000001");
    assert_eq!(kept["by"]["S"], COORDINATOR);
    // Somebody who looked at what was before sees what came between.
    let late = [
        ("hoja", "correo;nombre\nb@uspec.gov.co;Be\n"),
        ("alcance", "listadas"),
        ("paso", "guardar"),
        ("sobre", "0"),
        ("idempotency_key", "otra"),
    ];
    let sent = post(PAGE).seen_by(&session).from_own_page().form(&late);
    let conflict = desk.answers(&sent).await;
    says(
        &conflict,
        409,
        &[
            "El catálogo cambió mientras usted miraba",
            "entra 1",
            "Será la versión 2",
        ],
    );
}

#[tokio::test]
async fn what_was_pasted_comes_back_with_every_mistake() {
    let world = World::new().await;
    let desk = started(&world).await;
    let session = world.signed_in(COORDINATOR).await;
    let wrong = "correo;nombre;roles\nana;Ana <b>;\nb@uspec.gov.co;;rey\n";
    let sent = |session: &str| {
        let request = post(PAGE).seen_by(session).from_own_page();
        request.form(&[("hoja", wrong), ("alcance", "todo")])
    };
    let refused = desk.answers(&sent(&session)).await;
    says(
        &refused,
        422,
        &[
            "Línea 2, columna «correo»",
            "Línea 3, columna «nombre»",
            "Línea 3, columna «roles»",
            "ana;Ana &#60;b&#62;;",
            "value=\"todo\" checked",
        ],
    );
    let book = desk
        .answers(&picked(&session, b"PK\x03\x04", "listadas"))
        .await;
    says(&book, 422, &["guárdelo como CSV"]);
    // Of somebody who is not signed in any more nothing is lost, and he learns nothing.
    let lost = desk.answers(&sent("nadie")).await;
    says(&lost, 401, &["ana;Ana &#60;b&#62;;", "Enviar de nuevo"]);
    for who in [AGENT, AUDITOR] {
        let session = world.signed_in(who).await;
        let page = desk.answers(&get(PAGE).seen_by(&session)).await;
        assert_eq!(page.status, 303, "{who}");
        let answer = desk.answers(&sent(&session)).await;
        assert_eq!(answer.status, 403, "{who}");
    }
    let foreign = post(PAGE).seen_by(&session).form(&[("hoja", wrong)]);
    assert_eq!(desk.answers(&foreign).await.status, 403);
    assert!(world.rows_of("CATALOG").is_empty());
}

/// Five thousand people as they are called, each with where he sits.
#[tokio::test]
async fn a_sheet_of_five_thousand_people_fits() {
    let world = World::new().await;
    let desk = started(&world).await;
    let given = [
        "Ana María",
        "Luis Óscar",
        "Martha Lucía",
        "Wílmer",
        "Zoraida",
        "José Ángel",
    ];
    let family = [
        "Peña",
        "Ñáñez",
        "Rojas",
        "Gutiérrez",
        "Quiroga",
        "Rodríguez",
        "Díaz",
    ];
    let mut sheet = "correo;nombre;dependencia;extension;vinculacion\n".to_owned();
    for n in 0..5_000 {
        let (first, second) = (family[n / 6 % 7], family[n / 42 % 7]);
        sheet.push_str(&format!(
            "persona.{:x}@uspec.gov.co;{} {first} {second};Dirección {};{};{}\n",
            n * 2_654_435_761 % 4_294_967_296,
            given[n % 6],
            n * 7 % 60,
            1_000 + n * 31 % 9_000,
            ["planta", "contratista"][n % 2],
        ));
    }
    let answer = desk
        .answers(&csv("?version=0", &sheet).by(COORDINATOR))
        .await;
    let answer = answer.must_be(200);
    assert_eq!(
        json!([answer["added"], answer["version"]]),
        json!([5_000, 1])
    );
    let told = answer["differences"].as_array().unwrap().len();
    assert_eq!(
        (told, answer["more_differences"].as_u64()),
        (500, Some(4_500))
    );
    for row in world.rows_of("CATALOG") {
        let packed = row["packed"]["B"].as_str().unwrap().len() * 3 / 4;
        assert!(packed < 300_000, "{packed} bytes of 400,000");
    }
    let read = desk.answers(&get("/catalog").by(COORDINATOR)).await;
    assert_eq!(parsed(&read)["directory"].as_array().unwrap().len(), 5_015);
}

#[tokio::test]
async fn versions_come_in_pages_the_latest_first() {
    let world = World::new().await;
    let desk = started(&world).await;
    for n in 0..12 {
        let sheet = format!("correo;nombre\npersona{n}@uspec.gov.co;Persona {n}\n");
        let write = csv(&format!("?version={n}"), &sheet).by(COORDINATOR);
        desk.answers(&write).await.must_be(200);
    }
    let mut path = "/catalog/versions?limit=5".to_owned();
    let mut found = Vec::new();
    loop {
        let page = desk.answers(&get(path.as_str()).by(COORDINATOR)).await;
        let page = page.must_be(200);
        for item in page["items"].as_array().unwrap() {
            assert_eq!(item["differences"].as_array().unwrap().len(), 1, "{item}");
            assert!(item["written_at"].is_string(), "{item}");
            found.push(item["version"].as_u64().unwrap());
        }
        let Some(cursor) = page["next_cursor"].as_str() else {
            break;
        };
        path = format!("/catalog/versions?limit=5&cursor={cursor}");
    }
    assert_eq!(found, (1..=12).rev().collect::<Vec<_>>());
    let odd = get("/catalog/versions?cursor=ayer").by(COORDINATOR);
    let odd = desk
        .answers(&odd)
        .await
        .must_refuse(422, "validation_failed");
    assert_eq!(odd["errors"][0]["code"], "invalid_cursor");
}

#[tokio::test]
async fn whoever_comes_reads_the_privacy_notice() {
    let world = World::new().await;
    let desk = started(&world).await;
    let page = desk
        .answers(&get("/privacidad").header("accept", "text/html"))
        .await;
    says(
        &page,
        200,
        &[
            "Aviso de privacidad",
            "Versión 1",
            "href=\"mailto:soportespmic@uspec.gov.co\"",
            "href=\"https://www.uspec.gov.co\"",
        ],
    );
    assert!(!page.body.contains("{canal}"), "{}", page.body);
    let session = world.signed_in(ANA).await;
    for path in ["/solicitudes/nueva", "/solicitudes", "/privacidad"] {
        let page = desk.answers(&get(path).seen_by(&session)).await;
        says(&page, 200, &["href=\"/privacidad\""]);
    }
    // A coordinator gives it another text, under another version.
    let coordinator = world.signed_in(COORDINATOR).await;
    let form = |version, step| {
        let fields = [
            ("clave", "privacy_notice"),
            ("sobre", "0"),
            ("version", version),
            ("contact", "datos@uspec.gov.co"),
            ("url", "https://www.uspec.gov.co/datos"),
            ("text", "Escriba a {canal}."),
            ("paso", step),
        ];
        let request = post("/catalogo/aviso/ficha").seen_by(&coordinator);
        request.from_own_page().form(&fields)
    };
    let refused = desk.answers(&form("1", "guardar")).await;
    says(&refused, 422, &["dele una versión mayor que la 1"]);
    let preview = desk.answers(&form("2", "ver")).await;
    says(
        &preview,
        200,
        &[
            "Versión: 1 → 2",
            "Quien aceptó otra versión conserva la suya.",
        ],
    );
    let saved = desk.answers(&form("2", "guardar")).await;
    assert_eq!(saved.status, 303, "{}", saved.body);
    let list = desk
        .answers(&get("/catalogo/aviso").seen_by(&coordinator))
        .await;
    says(&list, 200, &["datos@uspec.gov.co"]);
    assert!(!list.body.contains("Agregar"), "{}", list.body);
    let blank = desk
        .answers(&get("/catalogo/aviso/ficha").seen_by(&coordinator))
        .await;
    assert_eq!(blank.status, 303);
}
