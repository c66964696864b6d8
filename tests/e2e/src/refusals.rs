//! What is refused, and in which words.

use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use rsa::RsaPrivateKey;
use rsa::pkcs1::EncodeRsaPrivateKey;
use rsa::pkcs8::{EncodePublicKey, LineEnding};
use rsa::rand_core::OsRng;
use serde_json::{Value, json};
use workbench::people::{ANA, COORDINATOR, LUIS, SUPPORT};
use workbench::{Answer, Client, Host};

use crate::{assigned, assignee, solution, with_claim};

/// The titles of problems, which people read.
const TITLES: [(&str, &str); 6] = [
    (
        "malformed_body",
        "El cuerpo de la petición no se puede leer",
    ),
    ("validation_failed", "Hay campos que corregir"),
    ("idempotency_mismatch", "Clave de idempotencia ya usada"),
    ("forbidden", "No tiene permiso para hacer esto"),
    ("not_found", "No se encontró"),
    ("method_not_allowed", "Método no permitido"),
];

#[track_caller]
fn check_problem(answer: &Answer, status: u16, code: &str) -> Value {
    let problem = answer.problem(status, code);
    let title = TITLES.iter().find(|(known, _)| *known == code).unwrap().1;
    assert_eq!(problem["title"], title);
    problem
}

/// The answer names the field, and what is wrong with it.
#[track_caller]
fn check_field(answer: &Answer, field: &str, code: &str) {
    let problem = check_problem(answer, 422, "validation_failed");
    let errors = problem["errors"].as_array().unwrap();
    let error = errors.iter().find(|error| error["field"] == field);
    let error = error.unwrap_or_else(|| panic!("{field}: {problem}"));
    assert_eq!(error["code"], code, "{problem}");
    assert_ne!(error["detail"].as_str().unwrap(), "");
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.contains(field), "{problem}");
}

/// A valid application with some fields changed; `null` takes one away.
fn application(changes: &Value) -> Value {
    let mut body = json!({ "title": "Sin red", "description": "Nada.", "category": "redes" });
    for (field, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => drop(body.as_object_mut().unwrap().remove(field)),
            value => body[field] = value.clone(),
        }
    }
    body
}

#[test]
fn what_cannot_be_taken_is_named() {
    let host = Host::start();
    let ana = host.client(ANA);
    registrations(&ana, &host.client(SUPPORT[0]));
    unreadable_bodies(&ana);
    // Nothing of all that has cost a number.
    let ticket = assigned(&ana, "redes", "Ahora sí");
    assert_eq!(ticket["number"], 1);
    commands(&host, &ticket);
    lists(&ana);
    paths(&ana);
    catalogue(&host);
    assert_eq!(ana.ticket(&json!(1)), ticket);
}

fn registrations(ana: &Client, agent: &Client) {
    let long_title = "ñ".repeat(201);
    let long_description = "x".repeat(100 * 1024);
    for (changes, field, code) in [
        (json!({ "title": null }), "title", "required"),
        (json!({ "title": "" }), "title", "required"),
        (json!({ "title": " \t " }), "title", "required"),
        (json!({ "title": 7 }), "title", "wrong_type"),
        (json!({ "title": ["a"] }), "title", "wrong_type"),
        (json!({ "title": long_title }), "title", "too_long"),
        (
            json!({ "title": "a\r\nBcc: x@y.co" }),
            "title",
            "control_character",
        ),
        (json!({ "title": "a\u{0}b" }), "title", "control_character"),
        (
            json!({ "title": "a\u{202e}b" }),
            "title",
            "control_character",
        ),
        (json!({ "description": null }), "description", "required"),
        (json!({ "description": "\n\n" }), "description", "required"),
        (
            json!({ "description": long_description }),
            "description",
            "too_long",
        ),
        (
            json!({ "description": "a\u{1b}[31m" }),
            "description",
            "control_character",
        ),
        (
            json!({ "description": { "texto": "a" } }),
            "description",
            "wrong_type",
        ),
        (json!({ "category": null }), "category", "required"),
        (
            json!({ "category": "cafeteria" }),
            "category",
            "unknown_category",
        ),
        (
            json!({ "category": "publicacion_web" }),
            "web_request",
            "required",
        ),
        (
            json!({ "web_request": { "action": "publish" } }),
            "web_request",
            "not_allowed",
        ),
        (
            json!({ "category": "publicacion_web", "web_request": { "action": "borrar" } }),
            "web_request.action",
            "unknown_value",
        ),
        (json!({ "prioridad": "alta" }), "prioridad", "unknown_field"),
        (json!({ "status": "closed" }), "status", "unknown_field"),
        (json!({ "channel": "email" }), "channel", "unknown_value"),
        (json!({ "extension": 391 }), "extension", "wrong_type"),
    ] {
        check_field(&ana.post("/tickets", &application(&changes)), field, code);
    }
    let caller = |changes: Value| {
        let mut requester = json!({ "email": LUIS, "name": "Luis Rojas" });
        for (field, value) in changes.as_object().unwrap() {
            requester[field] = value.clone();
        }
        json!({ "channel": "phone", "requester": requester })
    };
    for (changes, field, code) in [
        (json!({ "channel": "phone" }), "requester", "required"),
        (
            json!({ "channel": "phone", "requester": "Luis" }),
            "requester",
            "wrong_type",
        ),
        (
            caller(json!({ "email": "luis" })),
            "requester.email",
            "invalid_email",
        ),
        (
            caller(json!({ "email": "luis@uspec.gov.co\r\nBcc: x@y.co" })),
            "requester.email",
            "invalid_email",
        ),
        (
            caller(json!({ "email": null })),
            "requester.email",
            "required",
        ),
        (
            caller(json!({ "name": "Luis\nBcc: x@y.co" })),
            "requester.name",
            "control_character",
        ),
        (
            caller(json!({ "kind": "boss" })),
            "requester.kind",
            "unknown_value",
        ),
        (
            caller(json!({ "phone": 391 })),
            "requester.phone",
            "unknown_field",
        ),
    ] {
        check_field(&agent.post("/tickets", &application(&changes)), field, code);
    }
    // Every mistake at once.
    let problem = ana
        .post("/tickets", &json!({ "title": "", "prioridad": 1 }))
        .problem(422, "validation_failed");
    let fields = problem["errors"].as_array().unwrap().iter();
    let fields: Vec<_> = fields.map(|e| e["field"].as_str().unwrap()).collect();
    assert_eq!(fields, ["title", "description", "category", "prioridad"]);

    for key in ["con espacio", &"x".repeat(129)] {
        let request = ana.request("POST", "/tickets");
        let request = request.json(&application(&json!({})));
        let answer = request.header("idempotency-key", key).send();
        check_field(&answer, "Idempotency-Key", "malformed");
    }
    let answer = ana.post("/tickets", &application(&caller(json!({}))));
    check_problem(&answer, 403, "forbidden");
}

fn unreadable_bodies(ana: &Client) {
    let nested = "[".repeat(100_000);
    let bodies: [&[u8]; 10] = [
        b"{\"title\": \"\\ud800\"}",
        b"esto no es JSON",
        b"{",
        b"[]",
        b"null",
        b"\"texto\"",
        b"{\"title\": \"a\",}",
        b"{\"title\": \"\xff\"}",
        b"title=a&description=b",
        nested.as_bytes(),
    ];
    for body in bodies {
        for content_type in ["application/json", "text/plain", "application/octet-stream"] {
            let request = ana.request("POST", "/tickets").body(content_type, body);
            check_problem(&request.send(), 400, "malformed_body");
        }
    }
    check_field(&ana.request("POST", "/tickets").send(), "title", "required");
}

fn commands(host: &Host, ticket: &Value) {
    let number = &ticket["number"];
    let agent = host.client(assignee(ticket));
    for (command, body, field, code) in [
        ("contact", json!({}), "note", "required"),
        ("contact", json!({ "note": 1 }), "note", "wrong_type"),
        (
            "contact",
            json!({ "nota": "a", "note": "a" }),
            "nota",
            "unknown_field",
        ),
        (
            "followups",
            json!({ "body": "a" }),
            "visibility",
            "required",
        ),
        (
            "followups",
            json!({ "body": "a", "visibility": "secret" }),
            "visibility",
            "unknown_value",
        ),
        (
            "resolution",
            json!({ "solution": " " }),
            "solution",
            "required",
        ),
        (
            "resolution",
            json!({ "solution": "x".repeat(100 * 1024) }),
            "solution",
            "too_long",
        ),
        ("decline", json!({}), "reason", "required"),
        (
            "category",
            json!({ "category": "cafeteria" }),
            "category",
            "unknown_category",
        ),
        (
            "closure",
            json!({ "expected_version": "dos" }),
            "expected_version",
            "out_of_range",
        ),
        (
            "closure",
            json!({ "motivo": "x" }),
            "motivo",
            "unknown_field",
        ),
    ] {
        check_field(&agent.command(number, command, &body), field, code);
    }
    let coordinator = host.client(COORDINATOR);
    for (agent, code) in [
        ("no es correo", "invalid_email"),
        (LUIS, "unknown_agent"),
        ("agente1.impresion@uspec.gov.co", "unknown_agent"),
    ] {
        let answer = coordinator.command(number, "assignment", &json!({ "agent": agent }));
        check_field(&answer, "agent", code);
    }
    let answer = agent.request("POST", "/tickets/1/contact");
    let answer = answer.body("application/json", b"{").send();
    check_problem(&answer, 400, "malformed_body");
}

fn lists(ana: &Client) {
    for (query, field, code) in [
        ("limit=0", "limit", "out_of_range"),
        ("limit=101", "limit", "out_of_range"),
        ("limit=-1", "limit", "out_of_range"),
        ("limit=diez", "limit", "out_of_range"),
        ("limit=", "limit", "out_of_range"),
        ("cursor=nada", "cursor", "invalid_cursor"),
        ("cursor=", "cursor", "invalid_cursor"),
        ("status=abierta", "status", "unknown_value"),
        ("team=nadie", "team", "unknown_value"),
        ("category=cafeteria", "category", "unknown_value"),
        ("assignee=agente1", "assignee", "unknown_value"),
        ("requester=ana", "requester", "unknown_value"),
        ("due_before=ayer", "due_before", "unknown_value"),
        ("orden=fecha", "orden", "unknown_parameter"),
    ] {
        check_field(&ana.get(&format!("/tickets?{query}")), field, code);
    }
    for (query, field, code) in [
        ("limit=0", "limit", "out_of_range"),
        ("cursor=x", "cursor", "invalid_cursor"),
        ("status=new", "status", "unknown_parameter"),
    ] {
        check_field(&ana.get(&format!("/tickets/1/events?{query}")), field, code);
    }
}

fn paths(ana: &Client) {
    for (method, path, allowed) in [
        ("DELETE", "/tickets", "POST, GET"),
        ("PUT", "/tickets/1", "GET"),
        ("GET", "/tickets/1/contact", "POST"),
        ("PATCH", "/tickets/1/resolution", "POST"),
        ("DELETE", "/catalog", "GET, PUT"),
        ("PUT", "/surveys/x", "GET, POST"),
    ] {
        let answer = ana.request(method, path).send();
        check_problem(&answer, 405, "method_not_allowed");
        assert_eq!(answer.header("allow"), allowed, "{method} {path}");
    }
    for path in [
        "/nada",
        "/tickets/",
        "/tickets/1/nada",
        "/tickets/1/events/1",
        "/tickets/0",
        "/tickets/999",
        "/tickets/abc",
        "/tickets/01ARZ3NDEKTSV4RRFFQ69G5FAV",
        "/tickets/99999999999999999999",
        "/tickets/1%2Fevents",
        "/surveys/abc",
    ] {
        check_problem(&ana.get(path), 404, "not_found");
    }
    let answer = ana.command(
        &json!(999),
        "followups",
        &json!({ "body": "a", "visibility": "public" }),
    );
    check_problem(&answer, 404, "not_found");
    let answer = ana.post("/surveys/abc", &json!({ "solved": true, "rating": 5 }));
    check_problem(&answer, 404, "not_found");
}

fn catalogue(host: &Host) {
    let coordinator = host.client(COORDINATOR);
    let shipped = coordinator.get("/catalog").must_be(200).json();
    for email in [ANA, SUPPORT[0]] {
        let answer = host.client(email).put("/catalog", &shipped);
        check_problem(&answer, 403, "forbidden");
    }
    let mut broken = shipped.clone();
    broken["categories"][0]["team"] = json!("nadie");
    let answer = coordinator.put("/catalog", &broken);
    check_field(&answer, "categories[0].team", "unknown_reference");
    let mut broken = shipped.clone();
    broken["directory"][0]["email"] = json!("agente1");
    check_field(
        &coordinator.put("/catalog", &broken),
        "directory[0].email",
        "invalid_email",
    );
    let mut broken = shipped.clone();
    broken["calendars"]["habil"]["time_zone"] = json!("America/Macondo");
    let answer = coordinator.put("/catalog", &broken);
    let problem = answer.problem(422, "validation_failed");
    assert!(
        problem["detail"].as_str().unwrap().contains("calendars"),
        "{problem}"
    );
    let mut stale = shipped.clone();
    stale["version"] = json!(7);
    coordinator
        .put("/catalog", &stale)
        .problem(409, "version_conflict");
    assert_eq!(coordinator.get("/catalog").json(), shipped);
}

/// Every route but the survey's, whose link is its credential.
const GUARDED: [(&str, &str); 14] = [
    ("POST", "/tickets"),
    ("GET", "/tickets"),
    ("GET", "/tickets/1"),
    ("GET", "/tickets/1/events"),
    ("POST", "/tickets/1/assignment"),
    ("POST", "/tickets/1/contact"),
    ("POST", "/tickets/1/category"),
    ("POST", "/tickets/1/followups"),
    ("POST", "/tickets/1/resolution"),
    ("POST", "/tickets/1/decline"),
    ("POST", "/tickets/1/rejection"),
    ("POST", "/tickets/1/closure"),
    ("GET", "/catalog"),
    ("PUT", "/catalog"),
];

#[test]
fn only_who_is_known_is_heard() {
    let host = Host::start();
    let ana = host.client(ANA);
    let ticket = assigned(&ana, "redes", "Solo mía");
    let nobody = host.nobody();
    for (method, path) in GUARDED {
        let answer = nobody.request(method, path).json(&json!({})).send();
        assert_eq!(answer.status, 401, "{method} {path}: {}", answer.body);
        assert!(answer.header("www-authenticate").starts_with("Bearer"));
    }
    for (what, token) in forgeries(&nobody) {
        let somebody = nobody.authorized(&format!("Bearer {token}"));
        for (method, path) in GUARDED {
            let answer = somebody.request(method, path).json(&json!({})).send();
            assert_eq!(
                answer.status, 401,
                "{what}, {method} {path}: {}",
                answer.body
            );
        }
    }
    for authorization in ["", "Bearer", "Basic YTpi", "Bearer no.es.token"] {
        let answer = nobody.authorized(authorization).get("/tickets");
        assert_eq!(answer.status, 401, "{authorization}: {}", answer.body);
    }
    unverified(&host);
    strangers(&host);
    somebody_elses(&host, &ticket);
    assert_eq!(ana.ticket(&ticket["number"]), ticket);
}

/// Tokens that are no good, each for one reason.
fn forgeries(nobody: &Client) -> Vec<(&'static str, String)> {
    let good = nobody.token(&json!({ "email": ANA }));
    assert_eq!(
        nobody
            .authorized(&format!("Bearer {good}"))
            .get("/tickets")
            .status,
        200
    );
    let [header, payload, signature]: [&str; 3] =
        good.split('.').collect::<Vec<_>>().try_into().unwrap();
    let read = |part: &str| -> Value { serde_json::from_slice(&base64url(part)).unwrap() };
    let claims = read(payload);
    let other_key = RsaPrivateKey::new(&mut OsRng, 2_048).unwrap();
    let signed = |alg, kid: &Value, claims: &Value, key: &EncodingKey| {
        let mut header = Header::new(alg);
        header.kid = kid.as_str().map(str::to_owned);
        encode(&header, claims, key).unwrap()
    };
    let kid = &read(header)["kid"];
    let der = other_key.to_pkcs1_der().unwrap();
    let other = EncodingKey::from_rsa_der(der.as_bytes());
    // The public key is public: it must not pass for a shared secret.
    let pem = other_key.to_public_key().to_public_key_pem(LineEnding::LF);
    let shared = EncodingKey::from_secret(pem.unwrap().as_bytes());
    let none = base64::Engine::encode(
        &base64::prelude::BASE64_URL_SAFE_NO_PAD,
        json!({ "alg": "none", "typ": "JWT", "kid": kid }).to_string(),
    );
    let mut coordinator = claims.clone();
    coordinator["email"] = json!(COORDINATOR);
    let changed = base64::Engine::encode(
        &base64::prelude::BASE64_URL_SAFE_NO_PAD,
        coordinator.to_string(),
    );
    vec![
        (
            "expired",
            nobody.token(&json!({ "email": ANA, "expires_in": -1 })),
        ),
        (
            "for others",
            nobody.token(&json!({ "email": ANA, "audience": "otra-aplicacion" })),
        ),
        (
            "another key",
            signed(Algorithm::RS256, kid, &claims, &other),
        ),
        (
            "a shared secret",
            signed(Algorithm::HS256, kid, &claims, &shared),
        ),
        ("alg none", format!("{none}.{payload}.")),
        ("alg none, signed", format!("{none}.{payload}.{signature}")),
        ("another payload", format!("{header}.{changed}.{signature}")),
        ("no signature", format!("{header}.{payload}.")),
    ]
}

fn base64url(text: &str) -> Vec<u8> {
    base64::Engine::decode(&base64::prelude::BASE64_URL_SAFE_NO_PAD, text).unwrap()
}

/// The issuer says that the address is not verified: it is nobody's.
fn unverified(host: &Host) {
    let with = |name: &str, value: Value| with_claim(host, COORDINATOR, name, &value);
    for (name, value) in [
        ("name", json!("Coordinación")),
        ("email_verified", json!(true)),
        ("email_verified", json!("true")),
    ] {
        with(name, value).get("/catalog").must_be(200);
    }
    for (name, value) in [
        // It is not there at all.
        ("email_verified", json!(null)),
        ("email_verified", json!(false)),
        ("email_verified", json!("false")),
        ("email", json!(null)),
        ("email", json!(["a@uspec.gov.co"])),
    ] {
        let somebody = with(name, value);
        check_problem(&somebody.get("/tickets"), 403, "forbidden");
        let answer = somebody.post("/tickets", &application(&json!({})));
        check_problem(&answer, 403, "forbidden");
    }
}

/// Signed in, but nobody of the entity: no role at all.
fn strangers(host: &Host) {
    for email in [
        "alguien@gmail.com",
        "ana.perez@uspec.gov.co.evil.com",
        "no-es-correo",
    ] {
        let stranger = host.client(email);
        let answer = stranger.post("/tickets", &application(&json!({})));
        check_problem(&answer, 403, "forbidden");
        check_problem(&stranger.get("/catalog"), 403, "forbidden");
    }
    let stranger = host.client("alguien@gmail.com");
    check_problem(&stranger.get("/tickets/1"), 404, "not_found");
    assert_eq!(stranger.list("/tickets?limit=100"), [] as [Value; 0]);
}

/// A problem but for the request that it is the answer to.
fn said(answer: &Answer) -> Value {
    let mut problem = answer.value();
    let instance = problem.as_object_mut().unwrap().remove("instance");
    let expected = format!("urn:uspec:request:{}", answer.header("apigw-requestid"));
    assert_eq!(instance, Some(json!(expected)));
    problem
}

/// To somebody else, a ticket is like one that does not exist.
fn somebody_elses(host: &Host, ticket: &Value) {
    let luis = host.client(LUIS);
    let unknown = luis.get("/tickets/999");
    check_problem(&unknown, 404, "not_found");
    for reference in [&ticket["number"], &ticket["id"]] {
        let word = reference.to_string().replace('"', "");
        for path in [
            format!("/tickets/{word}"),
            format!("/tickets/{word}/events"),
        ] {
            let answer = luis.get(&path);
            check_problem(&answer, 404, "not_found");
            assert_eq!(said(&answer), said(&unknown), "{path}");
        }
        for (command, body) in [
            ("assignment", json!({})),
            ("contact", json!({ "note": "a" })),
            ("category", json!({ "category": "impresion" })),
            ("followups", json!({ "body": "a", "visibility": "public" })),
            ("resolution", solution()),
            ("decline", json!({ "reason": "a" })),
            ("rejection", json!({ "reason": "a" })),
            ("closure", json!({})),
        ] {
            let answer = luis.command(reference, command, &body);
            check_problem(&answer, 404, "not_found");
            assert_eq!(said(&answer), said(&unknown), "{command}");
        }
    }
    assert_eq!(luis.list("/tickets?limit=100"), [] as [Value; 0]);
}
