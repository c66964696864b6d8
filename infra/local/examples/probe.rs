//! A function that the host is tested with. What an invocation or a message
//! asks of it stands in the word that it begins with.

use std::time::Duration;

use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::{Value, json};

#[tokio::main]
async fn main() -> Result<(), Error> {
    if env("PROBE_MUST_FAIL_TO_START") == "yes" {
        return Err("told to fail".into());
    }
    lambda_runtime::run(service_fn(answer)).await
}

async fn answer(event: LambdaEvent<Value>) -> Result<Value, Error> {
    let event = event.payload;
    if let Some(records) = event["Records"].as_array() {
        return Ok(batch(records));
    }
    if event["source"] == "aws.events" {
        log(&event);
    }
    let word = event["body"]
        .as_str()
        .or(event["do"].as_str())
        .unwrap_or_default();
    act(word).await?;
    if event["version"] == "2.0" {
        return Ok(json!({
            "statusCode": 201,
            "headers": { "content-type": "application/json", "x-probe": "yes" },
            "cookies": ["a=1", "b=2"],
            "body": event.to_string(),
        }));
    }
    Ok(json!({ "event": event, "environment": std::env::vars().collect::<Vec<_>>() }))
}

async fn act(word: &str) -> Result<(), Error> {
    match word {
        "fail" => Err("told to fail".into()),
        "hang" => std::future::pending().await,
        "sleep" => {
            tokio::time::sleep(Duration::from_millis(300)).await;
            Ok(())
        }
        "exit" => std::process::exit(3),
        _ => Ok(()),
    }
}

/// Fails the messages that say so, one by one.
fn batch(records: &[Value]) -> Value {
    let failed = records.iter().filter(|record| {
        record["body"]
            .as_str()
            .is_some_and(|body| body.starts_with("fail"))
    });
    let failures: Vec<_> = failed
        .map(|record| json!({ "itemIdentifier": record["messageId"] }))
        .collect();
    json!({ "batchItemFailures": failures })
}

#[expect(
    clippy::print_stdout,
    reason = "a function's log is its standard output"
)]
fn log(event: &Value) {
    println!("{event}");
}

#[expect(
    clippy::disallowed_methods,
    reason = "this is not a function of the product"
)]
fn env(name: &str) -> String {
    std::env::var(name).unwrap_or_default()
}
