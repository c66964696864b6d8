//! The way into a function: what Lambda hands over, and what it gets back.

use std::time::Duration;

use in_process::people::ANA;
use in_process::{Started, World, get, post};
use serde_json::{Value, json};

use super::Sample;

const TIME: Duration = Duration::from_secs(10);

async fn started() -> Started<Sample> {
    let world = World::new().await;
    world.start("assignment").await
}

#[tokio::test]
async fn events_are_told_apart() {
    let sample = started().await;
    for (event, said) in [
        (
            json!({ "detail-type": "Scheduled Event", "time": "2026-11-23T13:00:00Z" }),
            json!({ "woken_at": "2026-11-23T13:00:00Z" }),
        ),
        // The same by hand.
        (
            json!({ "time": "2026-11-23T13:00:00Z" }),
            json!({ "woken_at": "2026-11-23T13:00:00Z" }),
        ),
        (json!({ "Records": [] }), json!({ "batchItemFailures": [] })),
    ] {
        let answer = sample.handles(&event, TIME).await.unwrap();
        assert_eq!(serde_json::from_str::<Value>(answer.get()).unwrap(), said);
    }
    for (event, said) in [
        (json!({}), "the event is none that this function takes"),
        (json!({ "time": "bald" }), "the event cannot be read"),
        (json!({ "Records": 7 }), "the event cannot be read"),
    ] {
        let failed = sample.handles(&event, TIME).await.unwrap_err();
        assert_eq!(failed.to_string(), said);
    }
}

#[tokio::test]
async fn a_request_is_what_the_gateway_says_of_it() {
    let sample = started().await;
    let claims = json!({ "email": ANA, "email_verified": "true", "name": "Ana Pérez" });
    let request = post("/tickets/7/contact?a=1&b=x%20y").claiming(claims);
    let said = sample
        .answers(&request.json(json!({ "note": "ñ" })))
        .await
        .must_be(200);
    assert_eq!(said["route"], "POST /tickets/{ref}/contact");
    assert_eq!(
        (&said["ref"], &said["email"], &said["name"]),
        (&json!("7"), &json!(ANA), &json!("Ana Pérez"))
    );
    assert_eq!(said["body"], r#"{"note":"ñ"}"#);
    let mut query: Vec<_> = said["query"].as_array().unwrap().clone();
    query.sort_by_key(ToString::to_string);
    assert_eq!(query, [json!(["a", "1"]), json!(["b", "x y"])]);
}

#[tokio::test]
async fn nobody_is_known_by_less_than_a_verified_address() {
    let sample = started().await;
    for claims in [
        json!({}),
        json!({ "email": "ana" }),
        json!({ "email": ANA }),
        json!({ "email": ANA, "email_verified": "false" }),
        json!({ "email": ANA, "email_verified": "True" }),
        json!({ "email": ANA, "email_verified": "1" }),
        json!({ "email": ANA, "email_verified": "" }),
        json!({ "email_verified": "true" }),
        json!({ "sub": "ana" }),
    ] {
        let request = post("/tickets/7/contact").claiming(claims);
        let refusal = sample.answers(&request).await.must_refuse(403, "forbidden");
        let said = "La credencial no trae una dirección de correo verificada.";
        assert_eq!(refusal["detail"], said);
    }
}

#[tokio::test]
async fn of_google_s_accounts_those_of_the_entity_s_workspace_are_taken() {
    let sample = started().await;
    let ask = async |issuer: &str, workspace: Option<&str>| {
        let mut claims = json!({ "iss": issuer, "email": ANA, "email_verified": "true" });
        if let Some(workspace) = workspace {
            claims["hd"] = json!(workspace);
        }
        let request = post("/tickets/7/contact").claiming(claims);
        sample.answers(&request).await
    };
    let google = "https://accounts.google.com";
    for workspace in [None, Some("evil.example"), Some("x.uspec.gov.co"), Some("")] {
        let refusal = ask(google, workspace).await.must_refuse(403, "forbidden");
        let said = "La credencial es de una cuenta que no es de la entidad.";
        assert_eq!(refusal["detail"], said);
    }
    for workspace in ["uspec.gov.co", "USPEC.gov.co"] {
        ask(google, Some(workspace)).await.must_be(200);
    }
    // Other issuers are not asked, and what they say of it is nothing.
    for workspace in [None, Some("evil.example")] {
        ask("https://issuer.example", workspace).await.must_be(200);
    }
}

#[tokio::test]
async fn a_panic_is_an_answer_and_not_a_dead_function() {
    let sample = started().await;
    let panics = post("/tickets/13/contact").by(ANA);
    sample.answers(&panics).await.must_refuse(500, "internal");
    sample
        .answers(&post("/tickets/7/contact").by(ANA))
        .await
        .must_be(200);
}

#[tokio::test]
async fn answers_are_kept_by_nobody_and_sniffed_by_nobody() {
    let sample = started().await;
    let answer = sample.answers(&post("/tickets/7/contact").by(ANA)).await;
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
}

#[tokio::test]
async fn a_variable_that_is_missing_ends_the_start_by_its_name() {
    let world = World::new().await;
    for name in [
        "TABLE_NAME",
        "ENTITY_DOMAINS",
        "MAX_RECEIVES",
        "ASSIGNMENT_QUEUE_URL",
    ] {
        let said = world.refuses::<Sample>("assignment", name).await;
        assert_eq!(
            said,
            format!("environment variable {name} is missing or empty")
        );
    }
}

#[tokio::test]
#[should_panic(expected = "GET /tickets is no route of this function")]
async fn a_request_that_the_template_sends_elsewhere_is_no_test() {
    started().await.answers(&get("/tickets").by(ANA)).await;
}
