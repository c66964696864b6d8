//! What the law asks for besides the procedure: security incidents that their group alone
//! sees and that are reported in time, and petitions that are passed on in time.

use jiff::Timestamp;
use serde_json::{Value, json};
use workbench::people::{ANA, AUDITOR, COORDINATOR, HEAD, SUPPORT};
use workbench::{Host, Letter};

use crate::mail::{asked, file};
use crate::{MINUTE, assignee, await_assigned, last_mail, solution, time};

const CITIZENS: &str = "atencion.ciudadano@uspec.gov.co";

/// A request as whoever reports an incident sends it.
pub fn reported(personal_data: &str) -> Value {
    json!({
        "title": "Un correo pide la clave",
        "description": "Dice ser del banco. Abrí el enlace.",
        "category": "incidente_seguridad",
        "incident": {
            "kind": "phishing", "asset": "Mi buzón", "personal_data": personal_data,
            "containment": "Cambié la contraseña.",
        },
    })
}

#[test]
fn an_incident_is_seen_by_its_group_and_reported_in_time() {
    let host = Host::start();
    let ana = host.client(ANA);
    let mut wrong = reported("unknown");
    wrong["incident"]["kind"] = json!("gripa");
    ana.post("/tickets", &wrong)
        .problem(422, "validation_failed");
    let registered = ana.post("/tickets", &reported("unknown")).must_be(201);
    let ticket = await_assigned(&ana, &registered.json());
    let number = &ticket["number"];
    let guard = host.client(assignee(&ticket));
    host.settle();

    // Whoever is not of its group does not know that it exists.
    for outsider in SUPPORT {
        let outsider = host.client(outsider);
        let path = format!("/tickets/{number}");
        outsider.get(&path).problem(404, "not_found");
        outsider
            .get(&format!("{path}/events"))
            .problem(404, "not_found");
        assert_eq!(outsider.list("/tickets"), Vec::<Value>::new());
        assert_eq!(outsider.list("/tickets?q=clave"), Vec::<Value>::new());
    }
    for insider in [COORDINATOR, HEAD, AUDITOR] {
        assert_eq!(host.client(insider).ticket(number)["number"], *number);
    }

    // Half-way, near its end, and once it is over.
    let clocks = guard.get(&format!("/tickets/{number}/clocks"));
    let clocks = clocks.must_be(200).json();
    let due = time(&clocks["csirt_report"]["due_at"]);
    let began = time(&ticket["created_at"]);
    let whole = Timestamp::from_second(began.as_second()).unwrap();
    assert_eq!(due, whole + MINUTE * (24 * 60));
    let own = ana.get(&format!("/tickets/{number}/clocks")).must_be(200);
    assert!(own.json().get("csirt_report").is_none());
    host.sweep(began + MINUTE * (12 * 60 + 1));
    host.settle();
    let agent = assignee(&ticket);
    last_mail(
        &host,
        agent,
        "Falta reportar el incidente al CSIRT Gobierno",
    );
    host.sweep(due + MINUTE);
    host.settle();
    for told in [COORDINATOR, HEAD] {
        let mail = last_mail(
            &host,
            told,
            "Venció el plazo para reportar al CSIRT Gobierno",
        );
        assert!(mail.text.contains("Registrar un reporte"), "{}", mail.text);
    }

    // It is not over before it is reported.
    let refused = guard.command(number, "resolution", &solution());
    let refused = refused.problem(409, "invalid_transition");
    assert!(
        refused["detail"]
            .as_str()
            .unwrap()
            .contains("datos personales")
    );
    let known = json!({
        "kind": "phishing", "asset": "Buzón de Ana", "personal_data": "yes", "people": 1,
        "severity": "medium",
    });
    guard.command(number, "incident", &known).must_be(200);
    let report = |authority: &str| {
        let report = json!({ "authority": authority, "outcome": "reported", "note": "Caso 17." });
        guard.command(number, "reports", &report)
    };
    report("csirt").must_be(200);
    report("csirt").problem(409, "invalid_transition");
    let refused = guard.command(number, "resolution", &solution());
    refused.problem(409, "invalid_transition");
    report("sic").must_be(200);
    let solved = guard.command(number, "resolution", &solution());
    let solved = solved.must_be(200).json();
    assert_eq!(solved["reports"].as_array().unwrap().len(), 2);
    // The requester is told that it is solved, and not whom it was reported to.
    let seen = ana.ticket(number);
    assert_eq!(seen["reports"], json!([]));
    assert_eq!(seen["incident"]["asset"], "Buzón de Ana");
    assert!(
        !ana.event_kinds(number)
            .contains(&"authority_reported".to_owned())
    );
    guard.command(number, "closure", &json!({})).must_be(200);
    host.settle();
    host.audit(&["--grace", "0"]).must_be_clean();
}

#[test]
fn a_petition_is_passed_on_with_its_files_and_whoever_made_it_is_told() {
    let host = Host::start();
    let (headers, body) = file(
        "application/pdf; name=oficio.pdf",
        "attachment; filename=oficio.pdf",
        b"%PDF-1.7",
    );
    let letter = Letter::new(
        "Ana Pérez <ana.perez@uspec.gov.co>",
        "Derecho de petición",
        "Pido copia del contrato 318.",
    )
    .part(&headers, &body);
    let ticket = asked(&host, &letter);
    let number = &ticket["number"];
    let agent = host.client(assignee(&ticket));
    let mark = json!({ "petition": true, "note": "Pide copia de un contrato." });
    let marked = agent.command(number, "petition", &mark).must_be(200).json();
    assert_eq!(marked["clocks"]["solution"]["state"], "paused");
    let clocks = agent.get(&format!("/tickets/{number}/clocks"));
    let due = time(&clocks.must_be(200).json()["forwarding"]["due_at"]);

    // Nobody forgets it.
    host.sweep(due + MINUTE);
    host.settle();
    let late = "Venció el plazo para trasladar la petición";
    last_mail(&host, COORDINATOR, late);
    last_mail(&host, HEAD, late);

    let wrong = json!({ "name": "Ana", "email": ANA, "message": "Es suya." });
    agent
        .command(number, "forwarding", &wrong)
        .problem(422, "validation_failed");
    let forward = json!({
        "name": "Grupo de Atención al Ciudadano", "email": CITIZENS,
        "message": "El contrato lo lleva la Dirección de Gestión Contractual.",
    });
    let passed = agent.command(number, "forwarding", &forward).must_be(200);
    let passed = passed.json();
    assert_eq!(
        (
            &passed["status"],
            &passed["outcome"],
            &passed["status_label"]
        ),
        (&json!("solved"), &json!("forwarded"), &json!("Trasladada"))
    );
    host.settle();
    let mail = last_mail(&host, CITIZENS, "Traslado de una petición por competencia");
    for said in [
        "Señores Grupo de Atención al Ciudadano:",
        "artículo 21 de la Ley 1437 de 2011",
        "El contrato lo lleva",
        "Pido copia del contrato 318.",
        "Ana Pérez <ana.perez@uspec.gov.co>",
        "oficio.pdf",
    ] {
        assert!(mail.text.contains(said), "{said}: {}", mail.text);
    }
    assert!(!mail.text.contains("/solicitudes/"), "{}", mail.text);
    // Whoever answers it answers her.
    assert_eq!(mail.headers("Reply-To"), [format!("<{ANA}>")]);
    let told = last_mail(&host, ANA, "Su petición se trasladó");
    assert!(told.text.contains(CITIZENS), "{}", told.text);

    // She says why it is the desk's after all.
    let ana = host.client(ANA);
    let reason = json!({ "reason": "Ya me dijeron que es de ustedes." });
    let back = ana
        .command(number, "rejection", &reason)
        .must_be(200)
        .json();
    assert_eq!(
        (&back["status"], &back["forwarding"]),
        (&json!("assigned"), &Value::Null)
    );
    host.settle();
    last_mail(&host, COORDINATOR, "No está de acuerdo con el traslado");
    host.audit(&["--grace", "0"]).must_be_clean();
}
