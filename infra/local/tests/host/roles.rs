//! A function may do what its role allows, and whoever signs otherwise everything.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};
use ureq::http::Method;

use crate::{Answer, Host, data};

/// Calls one of the AWS APIs as whoever has this access key.
fn call(
    host: &Host,
    key: &str,
    (method, path): (Method, &str),
    service: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Answer {
    let signed = format!(
        "AWS4-HMAC-SHA256 Credential={key}/20261120/us-east-1/{service}/aws4_request, SignedHeaders=host, Signature=f00"
    );
    let mut all = vec![("authorization", signed.as_str())];
    all.extend(headers);
    host.send(host.aws_port, method, path, &all, body.as_bytes())
}

#[track_caller]
fn check(host: &Host, may: bool, what: &str, act: impl Fn(&str) -> Answer) {
    let answer = act("probe");
    let is_denied = answer.text.contains("AccessDenied");
    assert_eq!(!is_denied, may, "{what}: {} {}", answer.status, answer.text);
    if is_denied {
        assert!(answer.status >= 400, "{what}");
        let log = host.stderr();
        let line = log
            .lines()
            .rfind(|line| line.contains("its role does not allow it"));
        assert!(
            line.is_some_and(|line| line.contains("probe")),
            "{what}: {log}"
        );
    }
    let answer = act("operator");
    assert!(
        !answer.text.contains("AccessDenied"),
        "{what}: {}",
        answer.text
    );
}

#[test]
fn a_function_does_what_its_role_allows() {
    let host = Host::start(&data("roles"), &[]);
    let json_call = |target: &'static str, request: Value| {
        let host = &host;
        move |key: &str| {
            let headers = [
                ("x-amz-target", target),
                ("content-type", "application/x-amz-json-1.0"),
            ];
            let service = target.split(['_', '.']).next().unwrap_or_default();
            call(
                host,
                key,
                (Method::POST, "/"),
                service,
                &headers,
                &request.to_string(),
            )
        }
    };
    let get = |pk: &str| json!({ "TableName": "Table", "Key": { "pk": { "S": pk } } });
    let put = |pk: &str| json!({ "Put": { "TableName": "Table", "Item": { "pk": { "S": pk } } } });
    for (may, target, request) in [
        (true, "DynamoDB_20120810.GetItem", get("OWN#1")),
        (false, "DynamoDB_20120810.GetItem", get("OTHER#1")),
        (false, "DynamoDB_20120810.DeleteItem", get("OWN#1")),
        (
            false,
            "DynamoDB_20120810.Scan",
            json!({ "TableName": "Table" }),
        ),
        (
            true,
            "DynamoDB_20120810.TransactWriteItems",
            json!({ "TransactItems": [put("OWN#1"), put("OWN#2")] }),
        ),
        (
            false,
            "DynamoDB_20120810.TransactWriteItems",
            json!({ "TransactItems": [put("OWN#1"), put("OTHER#2")] }),
        ),
        (
            true,
            "AmazonSQS.SendMessageBatch",
            json!({
                "QueueUrl": "http://127.0.0.1/000000000000/Work",
                "Entries": [{ "Id": "1", "MessageBody": "ok" }],
            }),
        ),
        (
            false,
            "AmazonSQS.PurgeQueue",
            json!({ "QueueUrl": "http://127.0.0.1/000000000000/Work" }),
        ),
        // Of SAM's policy for whoever is fed from a queue.
        (
            true,
            "AmazonSQS.GetQueueAttributes",
            json!({ "QueueUrl": "http://127.0.0.1/000000000000/Work" }),
        ),
    ] {
        check(
            &host,
            may,
            &format!("{target} {request}"),
            json_call(target, request.clone()),
        );
    }

    for (may, method, path) in [
        (true, Method::GET, "/mailbucket/inbound/1"),
        (false, Method::GET, "/mailbucket/kept/1"),
        (false, Method::GET, "/mailbucket?list-type=2"),
        (false, Method::PUT, "/mailbucket/inbound/1"),
        (false, Method::DELETE, "/mailbucket/inbound/1"),
    ] {
        check(&host, may, &format!("{method} {path}"), |key| {
            call(&host, key, (method.clone(), path), "s3", &[], "")
        });
    }
    // Presigned by the function, whoever asks.
    let presigned = |key: &str| {
        let path = format!(
            "/mailbucket/kept/1?X-Amz-Credential={key}%2F20261120%2Fus-east-1%2Fs3%2Faws4_request"
        );
        host.send(host.aws_port, Method::GET, &path, &[], b"")
    };
    check(&host, false, "presigned", presigned);

    for (may, from) in [(true, "desk@uspec.gov.co"), (false, "head@uspec.gov.co")] {
        let mail = format!("From: {from}\r\nTo: ana@uspec.gov.co\r\n\r\na\r\n");
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("Action", "SendRawEmail")
            .append_pair("Source", "desk@uspec.gov.co")
            .append_pair("Destinations.member.1", "ana@uspec.gov.co")
            .append_pair("RawMessage.Data", &BASE64_STANDARD.encode(mail));
        let form = form.finish();
        check(&host, may, from, |key| {
            let headers = [("content-type", "application/x-www-form-urlencoded")];
            call(&host, key, (Method::POST, "/"), "ses", &headers, &form)
        });
    }
}
