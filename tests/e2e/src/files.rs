//! Files over HTTP: their bytes go to S3 itself, and the ticket names them or does not.

use std::sync::Mutex;
use std::time::Duration;

use serde_json::{Value, json};
use workbench::people::{ANA, COORDINATOR};
use workbench::{Answer, Client, Host, Mail, eventually, within};

use crate::{assigned, assignee, at_once, last_mail};

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR, y lo que sigue";
/// Longer than whatever of a process that died stands in the way.
const RECOVERY: Duration = Duration::from_secs(90);

const SHA256: &str = "caaf5befca4474feaae9851439da75a30257370160306fa64dcbadd0117cfed2";

/// Announces a file, and gives the answer.
fn announce(client: &Client, path: &str, bytes: &[u8]) -> Value {
    let file = json!({ "name": "pantalla.png", "content_type": "image/png", "size": bytes.len() });
    client.post(path, &file).must_be(201).json()
}

/// Sends bytes to where an announcement says, with its headers and some others.
pub(crate) fn put(host: &Host, announced: &Value, bytes: &[u8], others: &[(&str, &str)]) -> Answer {
    let url = announced["upload_url"].as_str().unwrap();
    let path = url.strip_prefix(host.aws_client().base()).unwrap();
    let given = announced["upload_headers"].as_object().unwrap();
    let mut headers: Vec<(&str, &str)> = given
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str().unwrap()))
        .filter(|(name, _)| others.iter().all(|(other, _)| other != name))
        .collect();
    headers.extend(others.iter().filter(|(_, value)| !value.is_empty()));
    let kind = headers.iter().find(|(name, _)| *name == "content-type");
    let kind = kind.map_or("", |(_, kind)| kind);
    let request = host.aws_client().request("PUT", path).body(kind, bytes);
    let rest = headers.iter().filter(|(name, _)| *name != "content-type");
    rest.fold(request, |request, (name, value)| {
        request.header(name, value)
    })
    .send()
}

/// The bytes and the headers of a file, by the link to it.
fn fetched(host: &Host, client: &Client, number: &Value, id: &str) -> (String, Vec<u8>) {
    let path = format!("/tickets/{number}/attachments/{id}");
    let asked = client
        .request("GET", &path)
        .header("accept", "application/json");
    let url = asked.send().must_be(200).json()["url"].clone();
    let path = url.as_str().unwrap().strip_prefix(host.aws_client().base());
    let (headers, bytes) = host.aws_client().request("GET", path.unwrap()).download();
    let text = |name: &str| headers[name].to_str().unwrap().to_owned();
    let said = format!("{}; {}", text("content-disposition"), text("content-type"));
    (said, bytes)
}

#[test]
fn a_file_goes_to_s3_and_comes_back() {
    let host = Host::start();
    let ana = host.client(ANA);
    let ticket = assigned(&ana, "redes", "No hay red");
    let number = &ticket["number"];
    let path = format!("/tickets/{number}/attachments");
    let announced = announce(&ana, &path, PNG);
    let id = announced["id"].as_str().unwrap();
    let confirm = format!("{path}/{id}");
    ana.post(&confirm, &json!({}))
        .problem(422, "validation_failed");
    put(&host, &announced, PNG, &[]).must_be(200);
    let view = ana.post(&confirm, &json!({})).must_be(200).json();
    assert_eq!(view["attachments"][0]["id"], id);
    let (said, bytes) = fetched(&host, &ana, number, id);
    assert_eq!(said, "attachment; filename*=UTF-8''pantalla.png; image/png");
    assert_eq!(bytes, PNG);
    // Whoever follows links is led there.
    let led = ana.get(&confirm).must_be(302);
    assert!(
        led.header("location")
            .contains("response-content-disposition")
    );

    // With what is written it is there with it, and the mail about that names it.
    let mut file = json!({ "name": "router.png", "content_type": "image/png", "size": PNG.len() });
    file["sha256"] = json!(SHA256);
    let announced = ana.post(&path, &file).must_be(201).json();
    put(&host, &announced, PNG, &[]).must_be(200);
    let note = json!({ "body": "Así está el equipo.", "visibility": "public", "attachments": [announced["id"]] });
    ana.command(number, "followups", &note).must_be(200);
    host.settle();
    let mail = last_mail(&host, assignee(&ticket), "El solicitante escribió");
    assert!(mail.text.contains("router.png"), "{}", mail.text);
    assert!(!mail.text.contains("pantalla.png"), "{}", mail.text);

    // With a request it is there from the first moment.
    let announced = announce(&ana, "/uploads", PNG);
    put(&host, &announced, PNG, &[]).must_be(200);
    let request = json!({
        "title": "La impresora", "description": "Así sale.", "category": "impresion",
        "attachments": [announced["id"]],
    });
    let ticket = ana.post("/tickets", &request).must_be(201).json();
    let id = announced["id"].as_str().unwrap();
    assert_eq!(fetched(&host, &ana, &ticket["number"], id).1, PNG);
    host.settle();
    // It is named to whoever asked, and to whoever gets it.
    let letters = host.mails();
    let named =
        |mail: &&Mail| mail.text.contains("pantalla.png") && mail.text.contains("Así sale.");
    assert_eq!(letters.iter().filter(named).count(), 2);
    host.audit(&["--grace", "0"]).must_be_clean();
}

/// What S3 refuses by itself, before anything of ours is asked.
#[test]
fn s3_takes_what_was_announced_and_nothing_else() {
    let host = Host::start();
    let ana = host.client(ANA);
    let ticket = ana.register("redes", "No hay red");
    let path = format!("/tickets/{}/attachments", ticket["number"]);
    let plain = announce(&ana, &path, PNG);
    let mut file = json!({ "name": "a.png", "content_type": "image/png", "size": PNG.len() });
    file["sha256"] = json!(SHA256);
    let summed = ana.post(&path, &file).must_be(201).json();
    let longer = [PNG, b"."].concat();
    let changed = PNG.to_ascii_uppercase();
    let expired = |announced: &Value| {
        let url = announced["upload_url"].as_str().unwrap();
        let mut announced = announced.clone();
        announced["upload_url"] = json!(url.replace("X-Amz-Expires=900", "X-Amz-Expires=604800"));
        announced
    };
    let moved = |announced: &Value| {
        let url = announced["upload_url"].as_str().unwrap();
        let mut announced = announced.clone();
        announced["upload_url"] = json!(url.replace("/content?", "/announced.json?"));
        announced
    };
    let other = "SignatureDoesNotMatch";
    for (what, announced, bytes, headers, status, code) in [
        ("more bytes", &plain, &longer[..], &[][..], 403, other),
        ("fewer bytes", &plain, &PNG[1..], &[], 403, other),
        (
            "another type",
            &plain,
            PNG,
            &[("content-type", "text/html")],
            403,
            other,
        ),
        ("a longer time", &expired(&plain), PNG, &[], 403, other),
        ("another place", &moved(&plain), PNG, &[], 403, other),
        (
            "who may read it",
            &plain,
            PNG,
            &[("x-amz-acl", "public-read")],
            403,
            "AccessDenied",
        ),
        (
            "another digest",
            &summed,
            PNG,
            &[("x-amz-checksum-sha256", "AAAA")],
            403,
            other,
        ),
        (
            "no digest",
            &summed,
            PNG,
            &[("x-amz-checksum-sha256", "")],
            403,
            other,
        ),
        ("other bytes", &summed, &changed, &[], 400, "BadDigest"),
    ] {
        let refused = put(&host, announced, bytes, headers);
        assert_eq!(refused.status, status, "{what}: {}", refused.body);
        assert!(refused.body.contains(code), "{what}: {}", refused.body);
    }
    for announced in [&plain, &summed] {
        let confirm = format!("{path}/{}", announced["id"].as_str().unwrap());
        let problem = ana
            .post(&confirm, &json!({}))
            .problem(422, "validation_failed");
        assert_eq!(problem["errors"][0]["code"], "not_uploaded");
    }
    put(&host, &plain, PNG, &[]).must_be(200);
    let confirm = format!("{path}/{}", plain["id"].as_str().unwrap());
    ana.post(&confirm, &json!({})).must_be(200);
}

#[test]
fn a_file_that_is_attached_while_the_host_is_killed_is_there_or_not() {
    const COUNT: usize = 24;
    let mut host = Host::start();
    let ana = host.client(ANA);
    let ticket = ana.register("redes", "No hay red");
    let number = ticket["number"].clone();
    let path = format!("/tickets/{number}/attachments");
    let ids: Vec<String> = (0..COUNT)
        .map(|_| {
            let announced = announce(&ana, &path, PNG);
            put(&host, &announced, PNG, &[]).must_be(200);
            announced["id"].as_str().unwrap().to_owned()
        })
        .collect();
    let answered = Mutex::new(0);
    for enough in [3, 9] {
        let ana = host.client(ANA);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                at_once(COUNT, |i| {
                    let confirm = format!("{path}/{}", ids[i]);
                    let sent = ana.request("POST", &confirm).json(&json!({})).try_send();
                    if sent.is_ok_and(|answer| answer.status == 200) {
                        *answered.lock().unwrap() += 1;
                    }
                });
            });
            within(RECOVERY, "some are attached", || {
                (*answered.lock().unwrap() >= enough).then_some(())
            });
            host.kill9();
            eventually("no process of a function is left", || {
                host.function_processes().is_empty().then_some(())
            });
        });
        host.restart();
        // What is on the ticket is whole, and nothing else is anywhere.
        let ana = host.client(ANA);
        for file in ana.ticket(&number)["attachments"].as_array().unwrap() {
            let id = file["id"].as_str().unwrap();
            assert_eq!(fetched(&host, &ana, &number, id).1, PNG);
        }
    }
    // Whoever got no answer asks again, and it is there once.
    let ana = host.client(ANA);
    for id in &ids {
        within(RECOVERY, "it is attached", || {
            let again = ana.post(&format!("{path}/{id}"), &json!({}));
            (again.status == 200).then_some(())
        });
    }
    let attached = ana.ticket(&number)["attachments"].clone();
    let mut attached: Vec<&str> = attached
        .as_array()
        .unwrap()
        .iter()
        .map(|file| file["id"].as_str().unwrap())
        .collect();
    attached.sort_unstable();
    let mut expected: Vec<&str> = ids.iter().map(String::as_str).collect();
    expected.sort_unstable();
    assert_eq!(attached, expected);
    host.settle();
    host.audit(&["--grace", "0"]).must_be_clean();
}

#[test]
fn pages_of_the_origins_that_are_named_may_call_and_upload() {
    let intranet = "https://intranet.example";
    let host = Host::start_with(&["--parameter", &format!("AllowedOrigins={intranet}")]);
    let preflight = |client: &Client, path: &str, origin: &str, method: &str| {
        let request = client.request("OPTIONS", path).header("origin", origin);
        let request = request.header("access-control-request-method", method);
        let headers = "content-type";
        request
            .header("access-control-request-headers", headers)
            .send()
    };
    let allow = "access-control-allow-origin";
    let nobody = host.nobody();
    let told = preflight(&nobody, "/tickets", intranet, "POST").must_be(204);
    assert_eq!(told.header(allow), intranet);
    assert!(
        told.header("access-control-allow-headers")
            .contains("authorization")
    );
    let told = preflight(&nobody, "/tickets", "https://evil.example", "POST");
    assert!(!told.headers.contains_key(allow));
    let ana = host.client(ANA);
    let asked = ana.request("GET", "/tickets").header("origin", intranet);
    assert_eq!(asked.send().must_be(200).header(allow), intranet);
    // The desk's own pages send files as well.
    let pages = host.nobody().base().to_owned();
    for (origin, status) in [
        (intranet, 200),
        (&pages, 200),
        ("https://evil.example", 403),
    ] {
        let told = preflight(
            host.aws_client(),
            "/filesbucket/uploads/x/content",
            origin,
            "PUT",
        );
        assert_eq!(told.status, status, "{origin}");
    }
    let coordinator = host.client(COORDINATOR);
    assert_eq!(
        coordinator.get("/tickets").must_be(200).headers.get(allow),
        None
    );
}
