//! The host as its users see it: a process of its own for each test, spoken to
//! over HTTP, with the function of `examples/probe.rs` behind it. Cargo builds
//! that with `cargo test -p local`, but not with `--test host` alone.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail with them")]

mod mail;
mod objects;
mod roles;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use rsa::RsaPrivateKey;
use rsa::pkcs1::EncodeRsaPrivateKey;
use rsa::rand_core::OsRng;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use ureq::http::{Method, Request};

/// How long anything may take. It is never waited for in full.
const LIMIT: Duration = Duration::from_secs(20);

struct Host {
    child: Child,
    data: PathBuf,
    port: u16,
    aws_port: u16,
    /// None where the host takes no mail in.
    smtp_port: Option<u16>,
    agent: ureq::Agent,
}

struct Answer {
    status: u16,
    headers: ureq::http::HeaderMap,
    text: String,
}

impl Answer {
    #[track_caller]
    fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }
}

/// An empty data directory of its own for each test.
fn data(test: &str) -> PathBuf {
    let data = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("host-{test}"));
    let _ = fs::remove_dir_all(&data);
    data
}

fn command(data: &Path, arguments: &[&str]) -> Command {
    let binary = Path::new(env!("CARGO_BIN_EXE_local"));
    let mut command = Command::new(binary);
    command
        .args([
            "--port",
            "0",
            "--aws-port",
            "0",
            "--smtp-port",
            "0",
            "--sync",
            "normal",
            "--data",
        ])
        .arg(data)
        .arg("--template")
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("../template/tests/template.yaml"))
        .arg("--binaries")
        .arg(binary.with_file_name("examples"))
        .args(arguments)
        .stdout(Stdio::null());
    command
}

impl Host {
    fn start(data: &Path, arguments: &[&str]) -> Self {
        let host = Self::start_unready(data, arguments);
        eventually("everything is up", || {
            host.get("/_local/queues").status == 200
        });
        host
    }

    /// Starts a host, and waits until it listens.
    fn start_unready(data: &Path, arguments: &[&str]) -> Self {
        fs::create_dir_all(data).unwrap();
        let stderr = fs::File::create(data.join("stderr")).unwrap();
        let child = command(data, arguments).stderr(stderr).spawn().unwrap();
        let pid = child.id();
        let mut ports = (0, 0, None);
        eventually("the host listens", || {
            let text = fs::read_to_string(data.join("host.json")).unwrap_or_default();
            let told: Value = serde_json::from_str(&text).unwrap_or_default();
            ports = (
                told["port"].as_u64().unwrap_or(0),
                told["aws_port"].as_u64().unwrap_or(0),
                told["smtp_port"].as_u64().map(|port| port as u16),
            );
            told["pid"] == pid
        });
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(LIMIT))
            .build();
        Self {
            child,
            data: data.to_owned(),
            port: ports.0 as u16,
            aws_port: ports.1 as u16,
            smtp_port: ports.2,
            agent: agent.into(),
        }
    }

    fn send(
        &self,
        port: u16,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Answer {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("http://127.0.0.1:{port}{path}"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut response = self.agent.run(request.body(body).unwrap()).unwrap();
        Answer {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            text: response.body_mut().read_to_string().unwrap(),
        }
    }

    fn get(&self, path: &str) -> Answer {
        self.send(self.port, Method::GET, path, &[], b"")
    }

    /// Posts a word to the function, on the route without an authorizer.
    fn post(&self, word: &str) -> Answer {
        self.send(
            self.port,
            Method::POST,
            "/open",
            &[("content-type", "text/plain")],
            word.as_bytes(),
        )
    }

    fn token(&self, request: Value) -> String {
        let body = request.to_string();
        let answer = self.send(
            self.port,
            Method::POST,
            "/_local/token",
            &[],
            body.as_bytes(),
        );
        answer.json()["token"].as_str().unwrap().to_owned()
    }

    /// What the guarded route answers to a value of `Authorization`.
    fn guarded(&self, authorization: &str) -> Answer {
        let headers = [("authorization", authorization)];
        self.send(
            self.port,
            Method::POST,
            "/things/a%20b/parts?x=1&x=2",
            &headers,
            b"",
        )
    }

    fn sqs(&self, operation: &str, queue: &str, mut request: Value) -> Value {
        request["QueueUrl"] = format!("http://127.0.0.1/000000000000/{queue}").into();
        self.amz(&format!("AmazonSQS.{operation}"), &request)
    }

    fn amz(&self, target: &str, request: &Value) -> Value {
        let headers = [
            ("x-amz-target", target),
            ("content-type", "application/x-amz-json-1.0"),
        ];
        let answer = self.send(
            self.aws_port,
            Method::POST,
            "/",
            &headers,
            request.to_string().as_bytes(),
        );
        assert_eq!(answer.status, 200, "{target}: {}", answer.text);
        answer.json()
    }

    fn depth(&self, queue: &str) -> (u64, u64) {
        let depths = self.get("/_local/queues").json();
        let depth = depths["items"]
            .as_array()
            .unwrap()
            .iter()
            .find(|item| item["name"] == queue)
            .unwrap();
        (
            depth["visible"].as_u64().unwrap(),
            depth["in_flight"].as_u64().unwrap(),
        )
    }

    fn pids(&self) -> Vec<u64> {
        let report = self.get("/_local/processes").json();
        report["items"][0]["pids"]
            .as_array()
            .unwrap()
            .iter()
            .map(|pid| pid.as_u64().unwrap())
            .collect()
    }

    fn stderr(&self) -> String {
        fs::read_to_string(self.data.join("stderr")).unwrap()
    }

    fn terminate(&mut self) -> ExitStatus {
        kill_process(Pid::from_child(&self.child), Signal::TERM).unwrap();
        self.child.wait().unwrap()
    }

    fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[track_caller]
fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < LIMIT, "not within {LIMIT:?}: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn is_alive(pid: u64) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // A zombie that nobody has waited for is dead as well.
    !stat.is_empty() && !stat.contains(") Z ")
}

#[test]
fn requests_become_events_and_answers_become_responses() {
    let host = Host::start(&data("requests"), &[]);
    let token = host.token(json!({ "email": "a@uspec.gov.co" }));
    let answer = host.guarded(&format!("Bearer {token}"));
    assert_eq!(answer.status, 201);
    assert_eq!(answer.headers["x-probe"], "yes");
    let cookies: Vec<_> = answer.headers.get_all("set-cookie").iter().collect();
    assert_eq!(cookies, ["a=1", "b=2"]);
    let event = answer.json();
    assert_eq!(event["routeKey"], "POST /things/{ref}/parts");
    assert_eq!(event["pathParameters"], json!({ "ref": "a b" }));
    assert_eq!(event["queryStringParameters"], json!({ "x": "1,2" }));
    let claims = &event["requestContext"]["authorizer"]["jwt"]["claims"];
    assert_eq!(claims["email"], "a@uspec.gov.co");
    assert_eq!(claims["email_verified"], "true");

    let headers = [
        ("cookie", "x=1; y=2"),
        ("content-type", "application/octet-stream"),
    ];
    let event = host
        .send(host.port, Method::POST, "/open", &headers, b"\xff\x00")
        .json();
    assert_eq!(event["cookies"], json!(["x=1", "y=2"]));
    assert_eq!(
        (&event["body"], &event["isBase64Encoded"]),
        (&json!("/wA="), &json!(true))
    );
    assert_eq!(event["headers"].get("cookie"), None);

    assert_eq!(host.get("/nowhere").json()["routeKey"], "$default");
    let large = vec![b'x'; 10 * 1024 * 1024 + 1];
    assert_eq!(
        host.send(host.port, Method::POST, "/open", &[], &large)
            .status,
        413
    );
    let foreign = [("host", "evil.example")];
    assert_eq!(
        host.send(host.port, Method::GET, "/_local/mail", &foreign, b"")
            .status,
        403
    );
    assert_eq!(
        host.send(host.aws_port, Method::GET, "/", &foreign, b"")
            .status,
        403
    );
}

#[test]
fn only_good_tokens_pass() {
    let host = Host::start(&data("tokens"), &[]);
    let email = "a@uspec.gov.co";
    let good = host.token(json!({ "email": email }));
    let key_id = host.get("/_local/jwks.json").json()["keys"][0]["kid"]
        .as_str()
        .unwrap()
        .to_owned();
    let pem = fs::read_to_string(host.data.join("jwt-key.pem")).unwrap();
    let issuer = format!("http://127.0.0.1:{}/_local", host.port);
    let now = jiff::Zoned::now().timestamp().as_second();
    let signed = |key: &EncodingKey, algorithm, kid: &str, change: Value| {
        let mut claims = json!({ "iss": issuer, "aud": "desk", "exp": now + 60, "email": email });
        for (name, value) in change.as_object().unwrap() {
            claims[name] = value.clone();
        }
        // Null says that a claim is to be left out.
        claims
            .as_object_mut()
            .unwrap()
            .retain(|_, value| !value.is_null());
        let mut header = Header::new(algorithm);
        header.kid = Some(kid.to_owned());
        encode(&header, &claims, key).unwrap()
    };
    let own = EncodingKey::from_rsa_pem(pem.as_bytes()).unwrap();
    let own = |change| signed(&own, Algorithm::RS256, &key_id, change);
    let foreign = RsaPrivateKey::new(&mut OsRng, 2_048)
        .unwrap()
        .to_pkcs1_der()
        .unwrap();
    let foreign = EncodingKey::from_rsa_der(foreign.as_bytes());
    let (head, signature) = good.rsplit_once('.').unwrap();
    let payload = head.split('.').nth(1).unwrap();
    let unsigned = BASE64_URL_SAFE_NO_PAD.encode(format!(r#"{{"alg":"none","kid":"{key_id}"}}"#));

    for (why, authorization) in [
        ("as given", format!("Bearer {good}")),
        ("bare", good.clone()),
        (
            "several audiences",
            own(json!({ "aud": ["other", "desk"] })),
        ),
        (
            "client id instead",
            own(json!({ "aud": null, "client_id": "desk" })),
        ),
        ("not before now", own(json!({ "nbf": now }))),
    ] {
        assert_eq!(host.guarded(&authorization).status, 201, "{why}");
    }
    let refused = [
        ("empty", String::new()),
        ("no token", "Bearer".to_owned()),
        ("nonsense", "Bearer a.b.c".to_owned()),
        ("another scheme", format!("Basic {good}")),
        (
            "expired",
            host.token(json!({ "email": email, "expires_in": -1 })),
        ),
        (
            "another audience",
            host.token(json!({ "email": email, "audience": "other" })),
        ),
        (
            "another issuer",
            own(json!({ "iss": "https://evil.example" })),
        ),
        ("not yet", own(json!({ "nbf": now + 60 }))),
        ("issued later", own(json!({ "iat": now + 60 }))),
        ("no audience", own(json!({ "aud": null }))),
        (
            "another client id beside",
            own(json!({ "aud": "other", "client_id": "desk" })),
        ),
        ("no expiry", own(json!({ "exp": null }))),
        ("another key id", {
            let own = EncodingKey::from_rsa_pem(pem.as_bytes()).unwrap();
            signed(&own, Algorithm::RS256, "other", json!({}))
        }),
        (
            "a foreign key",
            signed(&foreign, Algorithm::RS256, &key_id, json!({})),
        ),
        ("HS256", {
            let secret = EncodingKey::from_secret(pem.as_bytes());
            signed(&secret, Algorithm::HS256, &key_id, json!({}))
        }),
        ("no algorithm", format!("{unsigned}.{payload}.")),
        (
            "no algorithm, signed",
            format!("{unsigned}.{payload}.{signature}"),
        ),
        (
            "a changed payload",
            good.replace(
                payload,
                &BASE64_URL_SAFE_NO_PAD.encode(r#"{"exp":9999999999}"#),
            ),
        ),
    ];
    for (why, authorization) in refused {
        let answer = host.guarded(&authorization);
        assert_eq!(
            (answer.status, answer.text.as_str()),
            (401, r#"{"message":"Unauthorized"}"#),
            "{why}"
        );
        assert_eq!(answer.headers["www-authenticate"], "Bearer", "{why}");
    }
}

#[test]
fn failed_messages_come_back_and_end_as_dead_letters() {
    let host = Host::start(&data("messages"), &[]);
    let entries: Vec<_> = ["ok 1", "fail 2", "ok 3"]
        .iter()
        .enumerate()
        .map(|(index, body)| json!({ "Id": index.to_string(), "MessageBody": body }))
        .collect();
    host.sqs("SendMessageBatch", "Work", json!({ "Entries": entries }));
    let request =
        json!({ "WaitTimeSeconds": 15, "MaxNumberOfMessages": 10, "AttributeNames": ["All"] });
    let dead = host.sqs("ReceiveMessage", "DeadWork", request);
    let dead = dead["Messages"].as_array().unwrap();
    assert_eq!(dead.len(), 1);
    assert_eq!(dead[0]["Body"], "fail 2");
    assert_eq!(host.depth("Work"), (0, 0));
    assert_eq!(host.depth("DeadWork"), (0, 1));
}

#[test]
fn processes_that_hang_or_die_are_replaced() {
    let host = Host::start(&data("processes"), &["--max-processes", "1"]);
    let mut seen = host.pids();
    for (word, kind) in [("hang", "Sandbox.Timedout"), ("exit", "Runtime.ExitError")] {
        assert_eq!(host.post(word).status, 500);
        let path = "/2015-03-31/functions/probe/invocations";
        let body = json!({ "do": word }).to_string();
        let answer = host.send(host.aws_port, Method::POST, path, &[], body.as_bytes());
        assert_eq!(answer.headers["x-amz-function-error"], "Unhandled");
        assert_eq!(answer.json()["errorType"], kind);
        assert_eq!(host.post("work").status, 201);
        let pids = host.pids();
        assert_eq!(pids.len(), 1);
        assert!(!seen.contains(&pids[0]), "{seen:?} {pids:?}");
        seen.extend(pids);
    }
    let before = host.pids();
    assert_eq!(host.post("fail").status, 500);
    assert_eq!(
        host.pids(),
        before,
        "a function that only fails keeps its process"
    );
}

#[test]
fn invocations_that_wait_bring_up_more_processes() {
    let host = Host::start(&data("concurrency"), &["--max-processes", "2"]);
    std::thread::scope(|scope| {
        let requests: Vec<_> = (0..4)
            .map(|_| scope.spawn(|| host.post("sleep").status))
            .collect();
        for request in requests {
            assert_eq!(request.join().unwrap(), 201);
        }
    });
    assert_eq!(host.pids().len(), 2);
}

#[test]
fn everything_survives_the_host_being_killed() {
    let data = data("killed");
    let mut host = Host::start(&data, &[]);
    let item = json!({ "pk": { "S": "1" }, "n": { "N": "5" } });
    host.amz(
        "DynamoDB_20120810.PutItem",
        &json!({ "TableName": "Table", "Item": item }),
    );
    host.sqs("SendMessage", "Idle", json!({ "MessageBody": "kept" }));
    host.sqs(
        "SendMessage",
        "Idle",
        json!({ "MessageBody": "later", "DelaySeconds": 900 }),
    );
    host.sqs(
        "ReceiveMessage",
        "Idle",
        json!({ "VisibilityTimeout": 1000 }),
    );
    assert_eq!(host.depth("Idle"), (0, 1));
    let token = host.token(json!({ "email": "a@uspec.gov.co" }));

    // One process is idle, and one has a handler that never ends.
    let agent = host.agent.clone();
    let url = format!("http://127.0.0.1:{}/open", host.port);
    let hanging = std::thread::spawn(move || {
        agent
            .post(url)
            .content_type("text/plain")
            .send("hang")
            .is_err()
    });
    eventually("an invocation hangs", || {
        host.get("/_local/processes").json()["items"][0]["invocations"].as_u64() >= Some(1)
    });
    assert_eq!(host.post("work").status, 201);
    let pids = host.pids();
    assert_eq!(pids.len(), 2);
    host.kill();
    eventually("no function outlives the host", || {
        !pids.iter().any(|pid| is_alive(*pid))
    });
    assert!(hanging.join().unwrap());

    let host = Host::start(&data, &[]);
    let request = json!({ "TableName": "Table", "Key": { "pk": { "S": "1" } } });
    assert_eq!(
        host.amz("DynamoDB_20120810.GetItem", &request)["Item"],
        item
    );
    assert_eq!(host.depth("Idle"), (1, 0));
    let again = host.sqs(
        "ReceiveMessage",
        "Idle",
        json!({ "AttributeNames": ["All"] }),
    );
    assert_eq!(again["Messages"][0]["Body"], "kept");
    assert_eq!(
        again["Messages"][0]["Attributes"]["ApproximateReceiveCount"],
        "2"
    );
    // The key is kept; the token fails only because the port, and with it the
    // issuer, is another one.
    assert_eq!(host.guarded(&token).status, 401);
}

#[test]
fn a_host_that_is_told_to_stop_finishes_what_runs() {
    let data = data("stopped");
    let mut host = Host::start(&data, &[]);
    let second = command(&data, &[]).stderr(Stdio::piped()).output().unwrap();
    assert!(!second.status.success());
    let complaint = String::from_utf8_lossy(&second.stderr).into_owned();
    assert!(complaint.contains("another host uses"), "{complaint}");

    let agent = host.agent.clone();
    let url = format!("http://127.0.0.1:{}/open", host.port);
    let running = std::thread::spawn(move || {
        agent
            .post(url)
            .content_type("text/plain")
            .send("sleep")
            .unwrap()
            .status()
            .as_u16()
    });
    eventually("an invocation runs", || {
        host.get("/_local/processes").json()["items"][0]["invocations"].as_u64() >= Some(1)
    });
    let pids = host.pids();
    assert!(host.terminate().success());
    assert_eq!(running.join().unwrap(), 201);
    assert!(!pids.iter().any(|pid| is_alive(*pid)));
}

#[test]
fn a_function_that_cannot_start_says_why() {
    let host = Host::start_unready(&data("broken"), &["--parameter", "MustFailToStart=yes"]);
    eventually("its log is shown", || {
        host.stderr().contains("told to fail")
    });
    assert_eq!(host.get("/_local/queues").status, 503);
    assert_eq!(host.post("work").status, 500);
}

#[test]
fn a_command_line_that_makes_no_sense_fails_and_one_that_asks_is_answered() {
    let run = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_local"))
            .args(arguments)
            .output()
            .unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (
            output.status.code(),
            text(output.stdout),
            text(output.stderr),
        )
    };
    let (code, said, complaint) = run(&["--colour"]);
    assert_eq!((code, said.as_str()), (Some(1), ""));
    let expected = "local: unexpected argument '--colour' found";
    assert!(complaint.starts_with(expected), "{complaint}");
    for ask in ["--help", "-h"] {
        let (code, said, complaint) = run(&[ask]);
        assert_eq!((code, complaint.as_str()), (Some(0), ""));
        for word in [
            "demo",
            "load",
            "audit",
            "redrive",
            "--reset",
            "--now <TIME>",
        ] {
            assert!(said.contains(word), "{word}: {said}");
        }
    }
}

#[test]
fn the_clock_starts_where_it_is_told() {
    let host = Host::start(&data("clock"), &["--now", "2026-01-02T16:55:00-05:00"]);
    let log = host.data.join("logs/probe.log");
    eventually("the schedule has fired", || {
        fs::read_to_string(&log)
            .unwrap_or_default()
            .contains(r#""time":"2026-01-02T21:55:0"#)
    });
    let path = "/2015-03-31/functions/probe/invocations";
    let answer = host
        .send(host.aws_port, Method::POST, path, &[], b"{}")
        .json();
    let environment = answer["environment"].as_array().unwrap();
    let offset = environment
        .iter()
        .find(|pair| pair[0] == "DESK_CLOCK_OFFSET_SECONDS")
        .unwrap();
    assert_ne!(offset[1].as_str().unwrap().parse::<i64>().unwrap(), 0);
}

#[test]
fn mail_is_shown_as_it_would_arrive() {
    let host = Host::start(&data("mail"), &[]);
    let raw = "From: Mesa <mesa@uspec.gov.co>\r\nTo: c@d.co\r\nBcc: z@z.co\r\n\
               Subject: =?utf-8?q?Ma=C3=B1ana?=\r\nMessage-ID: <x@y>\r\nReply-To: a\r\n b\r\n\
               Content-Type: text/plain; charset=utf-8\r\n\r\n<b>Holá</b>\r\n";
    let send = |raw: &str, destination: &str| {
        let form = form_urlencoded::Serializer::new(String::new())
            .append_pair("Action", "SendRawEmail")
            .append_pair("RawMessage.Data", &BASE64_STANDARD.encode(raw))
            .extend_pairs(
                (!destination.is_empty()).then_some(("Destinations.member.1", destination)),
            )
            .finish();
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        host.send(host.aws_port, Method::POST, "/", &headers, form.as_bytes())
    };
    let answer = send(raw, "ana@uspec.gov.co");
    assert_eq!(answer.status, 200, "{}", answer.text);
    for refused in [
        send("From: a@b.co\r\n\r\nx", ""),
        send("To: a@b.co\r\n\r\nx", "a@b.co"),
    ] {
        assert_eq!(refused.status, 400);
        assert!(
            refused.text.contains("<Code>InvalidParameterValue</Code>"),
            "{}",
            refused.text
        );
    }
    let mails = host.get("/_local/mail").json();
    let mail = &mails["items"][0];
    assert_eq!(mails["items"].as_array().unwrap().len(), 1);
    assert!(answer.text.contains(mail["id"].as_str().unwrap()));
    assert_eq!(mail["subject"], "Mañana");
    assert_eq!(mail["text"], "<b>Holá</b>\r\n");
    assert_eq!(mail["html"], "");
    assert_eq!(mail["to"], json!(["ana@uspec.gov.co"]));
    let header = |name: &str| {
        let headers = mail["headers"].as_array().unwrap();
        let mut values = headers
            .iter()
            .filter(|header| header["name"] == name)
            .map(|header| &header["value"]);
        let value = values.next().cloned();
        assert_eq!(values.next(), None, "{name} is there once");
        value
    };
    let id = format!("<{}@us-east-1.amazonses.com>", mail["id"].as_str().unwrap());
    assert_eq!(header("Message-ID"), Some(id.into()));
    assert_eq!(header("Reply-To"), Some("a b".into()));
    assert_eq!(header("Bcc"), None);
    assert!(header("Date").is_some());

    let browser = [("accept", "text/html,application/xhtml+xml,*/*;q=0.8")];
    let page = host
        .send(host.port, Method::GET, "/_local/mail", &browser, b"")
        .text;
    assert!(
        page.contains("&#60;b&#62;Holá&#60;/b&#62;") && !page.contains("<b>Holá"),
        "{page}"
    );
}
