//! The clocks over HTTP: the figures, and the account that defends a due time.

use jiff::SignedDuration;
use serde_json::{Value, json};
use workbench::people::{ANA, COORDINATOR, LUIS, PRINTING};
use workbench::{Client, Host};

use crate::{MINUTE, assigned, assignee, time};

#[track_caller]
fn clocks(reader: &Client, ticket: &Value) -> Value {
    let path = format!("/tickets/{}/clocks", ticket["number"]);
    reader.get(&path).must_be(200).json()
}

/// What counted adds up to what was used, and the rest is left.
#[track_caller]
fn check_sum(clock: &Value) {
    let segments = clock["segments"].as_array().unwrap().iter();
    let counted = segments.filter(|segment| segment["counted"] == true);
    let counted: u64 = counted
        .map(|segment| segment["working_seconds"].as_u64().unwrap())
        .sum();
    assert_eq!(clock["used_seconds"], counted, "{clock}");
    let limit = clock["limit_seconds"].as_u64().unwrap();
    assert_eq!(clock["left_seconds"], limit.saturating_sub(counted));
}

#[track_caller]
fn check_says(clock: &Value, words: &[&str]) {
    let text = clock["explanation"].as_str().unwrap();
    for words in words {
        assert!(text.contains(words), "{words}: {text}");
    }
}

#[test]
fn a_due_time_can_be_defended() {
    let host = Host::start_with(&["--now", "2026-11-20T16:55:00-05:00"]);
    let ana = host.client(ANA);
    let ticket = assigned(&ana, "plataforma", "Viernes por la tarde");
    let agent = host.client(assignee(&ticket));
    let friday: jiff::Timestamp = "2026-11-20T16:55:00-05:00".parse().unwrap();
    let monday: jiff::Timestamp = "2026-11-23T08:10:00-05:00".parse().unwrap();
    let begun = time(&ticket["created_at"]).duration_since(friday);
    assert!(begun < MINUTE * 4, "the host took too long to be up");

    let told = clocks(&agent, &ticket);
    assert_eq!(told["number"], ticket["number"]);
    let attention = &told["attention"];
    assert_eq!(attention["state"], "running");
    assert_eq!(attention["calendar"], "habil");
    assert_eq!(attention["limit_seconds"], 900);
    assert_eq!(time(&attention["due_at"]), monday + begun);
    assert_eq!(attention["due_at"], ticket["clocks"]["attention"]["due_at"]);
    assert_eq!(attention["breached"], false);
    assert_eq!(attention["segments"][0]["from"], ticket["created_at"]);
    assert_eq!(attention["segments"][0]["to"], Value::Null);
    let percents: Vec<_> = attention["steps"].as_array().unwrap().iter().collect();
    let percents: Vec<_> = percents.iter().map(|step| &step["percent"]).collect();
    assert_eq!(percents, [80, 100, 200]);
    check_sum(attention);
    check_says(
        attention,
        &[
            "su límite es de 15 minutos de tiempo hábil",
            "lunes a viernes de 08:00 a 17:00, hora de America/Bogota, sin los festivos de Colombia",
            "Empezó el viernes 20 de noviembre de 2026 a las 16:5",
            "sábado 21 y domingo 22 de noviembre: no cuentan (fin de semana)",
            "Vence el lunes 23 de noviembre de 2026 a las 08:1",
        ],
    );
    assert_eq!(told["validation"]["state"], "idle");

    // The requester reads the same, but for whom the desk tells; so does he who
    // knows the id. To others there is no such ticket.
    let own = clocks(&ana, &ticket);
    assert_eq!(own["attention"]["due_at"], attention["due_at"]);
    assert_eq!(own["attention"]["steps"], Value::Null);
    check_says(&own["solution"], &["su límite es de 30 minutos"]);
    let by_id = format!("/tickets/{}/clocks", ticket["id"].as_str().unwrap());
    ana.get(&by_id).must_be(200);
    for stranger in [LUIS, PRINTING[0]] {
        host.client(stranger).get(&by_id).problem(404, "not_found");
    }
    host.nobody().get(&by_id).must_be(401);

    it_stands_still(&host, &agent, &ticket);
}

/// On hold, and met: nothing more is used, and the text says why.
fn it_stands_still(host: &Host, agent: &Client, ticket: &Value) {
    let note = json!({ "note": "Se espera un dato." });
    agent
        .command(&ticket["number"], "contact", &note)
        .must_be(200);
    let held = agent
        .command(&ticket["number"], "hold", &note)
        .must_be(200)
        .json();
    let first = clocks(agent, ticket);
    let solution = &first["solution"];
    assert_eq!(solution["state"], "paused");
    assert_eq!(solution["due_at"], Value::Null);
    for step in solution["steps"].as_array().unwrap() {
        assert_eq!(step["at"], Value::Null);
    }
    let segments = solution["segments"].as_array().unwrap();
    assert_eq!(segments.len(), 2);
    assert_eq!(segments[0]["to"], held["updated_at"]);
    assert_eq!(segments[1]["counted"], false);
    check_sum(solution);
    check_says(solution, &["(en pausa: no cuenta)", "En pausa no vence"]);

    let attention = &first["attention"];
    assert_eq!(attention["state"], "met");
    assert_eq!(attention["breached"], false);
    check_sum(attention);
    check_says(attention, &["a tiempo. Vencía el lunes 23 de noviembre"]);

    let later = clocks(&host.client(COORDINATOR), ticket);
    for clock in ["attention", "solution"] {
        for figure in ["used_seconds", "left_seconds", "explanation"] {
            assert_eq!(later[clock][figure], first[clock][figure]);
        }
    }
    let met = time(&attention["met_at"]).duration_since(time(&ticket["created_at"]));
    assert_eq!(
        attention["used_seconds"],
        SignedDuration::from_secs(met.as_secs()).as_secs()
    );
}
