//! The catalogue: what the coordinator writes is what holds.

use serde_json::{Value, json};
use workbench::Host;
use workbench::people::{ANA, COORDINATOR, LUIS};

use crate::{assigned, at_once};

#[test]
fn what_the_coordinator_writes_holds() {
    let host = Host::start();
    let coordinator = host.client(COORDINATOR);
    let shipped = coordinator.get("/catalog").must_be(200).json();
    assert_eq!(shipped["version"], 0);
    assert_eq!(host.client(ANA).get("/catalog").json(), shipped);

    let mut changed = shipped.clone();
    changed["categories"][5]["name"] = json!("Redes y conectividad");
    let written = coordinator.put("/catalog", &changed).must_be(200).json();
    assert_eq!(written["version"], 1);
    assert_eq!(written["categories"], changed["categories"]);
    // Whoever writes and looks again sees what he wrote, and may go on.
    let shown = coordinator.get("/catalog").json();
    assert_eq!(shown["version"], 1);
    assert_eq!(shown, written);
    coordinator
        .put("/catalog", &changed)
        .problem(409, "version_conflict");
    coordinator.put("/catalog", &written).must_be(200);

    of_several_at_once_one_is_taken(&host);
    in_force_on_the_next_tickets(&host);
}

/// The others are told to look again, and no kept version is what they wrote.
fn of_several_at_once_one_is_taken(host: &Host) {
    let coordinator = host.client(COORDINATOR);
    let mut current = coordinator.get("/catalog").must_be(200).json();
    let versions = 3..8_u64;
    for version in versions.clone() {
        current["version"] = json!(version - 1);
        let answers = at_once(5, |i| {
            let mut mine = current.clone();
            mine["categories"][0]["name"] = json!(format!("Plataforma {version}-{i}"));
            coordinator.put("/catalog", &mine)
        });
        let (taken, refused): (Vec<_>, Vec<_>) = answers.iter().partition(|a| a.status == 200);
        assert_eq!(taken.len(), 1, "{answers:?}");
        for answer in refused {
            answer.problem(409, "version_conflict");
        }
        current = taken[0].json();
        assert_eq!(current["version"], version);
        let kept = kept_version(host, version);
        assert_eq!(
            kept["categories"], current["categories"],
            "version {version}"
        );
    }
}

/// A version of the catalogue as the table keeps it.
fn kept_version(host: &Host, version: u64) -> Value {
    let tables = host.aws("DynamoDB_20120810.ListTables", &json!({}));
    let sort = format!("VERSION#{version:08}");
    let request = json!({
        "TableName": tables["TableNames"][0],
        "Key": { "pk": { "S": "CATALOG" }, "sk": { "S": sort } },
    });
    let answer = host.aws("DynamoDB_20120810.GetItem", &request);
    serde_json::from_str(answer["Item"]["doc"]["S"].as_str().unwrap()).unwrap()
}

/// A new category, with another team and another limit, for new tickets; those
/// that are there keep what they were promised.
fn in_force_on_the_next_tickets(host: &Host) {
    let coordinator = host.client(COORDINATOR);
    let luis = host.client(LUIS);
    let before = assigned(&luis, "redes", "Con las reglas de antes");
    let mut catalogue = coordinator.get("/catalog").must_be(200).json();
    catalogue.as_object_mut().unwrap().remove("version");
    let mut category = catalogue["categories"][5].clone();
    category["id"] = json!("redes_impresoras");
    category["team"] = json!("impresion");
    let categories = catalogue["categories"].as_array_mut().unwrap();
    categories.push(category);
    coordinator.put("/catalog", &catalogue).must_be(200);
    let body = json!({ "title": "a", "description": "b", "category": "redes_impresoras" });
    let ticket = workbench::eventually("the category is known", || {
        let answer = luis.post("/tickets", &body);
        (answer.status == 201).then(|| answer.json())
    });
    assert_eq!(ticket["team"], "impresion");
    let ticket = crate::await_assigned(&luis, &ticket);
    let printing = crate::assignee(&ticket);
    assert!(
        workbench::people::PRINTING.contains(&printing),
        "{printing}"
    );
    assert_eq!(luis.ticket(&before["number"])["team"], "soporte");
}

/// Somebody whom a sheet brings into the directory works at once, in every function: none
/// of them is started anew.
#[test]
fn whoever_a_sheet_brings_in_works_in_every_function_within_a_minute() {
    const NEW: &str = "nueva.coordinadora@uspec.gov.co";
    let host = Host::start();
    let coordinator = host.client(COORDINATOR);
    let new = host.client(NEW);
    let ticket = assigned(&host.client(ANA), "redes", "No hay red");
    let number = &ticket["number"];
    // Every function has read the directory that ships.
    new.get("/catalog/versions").problem(403, "forbidden");
    new.get("/mail/refused?day=2026-11-23")
        .problem(403, "forbidden");
    for (command, body) in steps() {
        new.command(number, command, &body)
            .problem(404, "not_found");
    }
    let sheet = format!("correo;nombre;roles\r\n{NEW};Nueva Coordinadora;coordinación\r\n");
    let written = coordinator
        .request("POST", "/catalog/directory?version=0")
        .body("text/csv", sheet.as_bytes())
        .send()
        .must_be(200)
        .json();
    assert_eq!(
        (&written["version"], &written["added"]),
        (&json!(1), &json!(1))
    );
    let of_phone = crate::call_of("Sin papel", "impresion", (LUIS, "Luis Rojas"));
    workbench::eventually("intake knows her", || {
        let answer = new.post("/tickets", &of_phone);
        (answer.status == 201).then_some(())
    });
    for (command, body) in steps() {
        workbench::eventually(command, || {
            let answer = new.command(number, command, &body);
            (answer.status == 200).then_some(())
        });
    }
    workbench::eventually("mailroom knows her", || {
        let answer = new.get("/mail/refused?day=2026-11-23");
        (answer.status == 200).then_some(())
    });
    let versions = new.get("/catalog/versions").must_be(200).json();
    assert_eq!(versions["items"][0]["by"]["email"], COORDINATOR);
    assert_eq!(host.client(ANA).ticket(number)["status"], "closed");
}

/// What a coordinator may do to a request, one function after the other.
fn steps() -> [(&'static str, Value); 5] {
    [
        ("contact", json!({ "note": "Llamé." })),
        ("hold", json!({ "note": "¿En qué oficina?" })),
        ("resume", json!({ "note": "En la 302." })),
        ("resolution", json!({ "solution": "Era el cable." })),
        ("closure", json!({})),
    ]
}
