//! Files over HTTP: announced, uploaded, and on the ticket or not.

use cloud::files::attachment_key;
use in_process::people::{AGENT, ANA, COLLEAGUE, LUIS, OFFICER, PRINTER};
use in_process::{Answer, Case, Fault, Object, Request, Started, World, now, post};
use serde_json::{Value, json};
use types::SignedDuration;
use types::command::Command;
use types::effects::{Effect, MailKind, QueueName};
use types::file::MAX_FILE;
use types::ids::UploadId;
use types::ticket::{Attachment, MAX_ATTACHMENTS, Visibility};
use types::token::{TokenSecret, TokenUse};

use super::{Resolution, started};

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR, y lo que sigue";

fn picture(bytes: &[u8]) -> Value {
    json!({ "name": "pantalla.png", "content_type": "image/png", "size": bytes.len() })
}

fn announce(case: &Case, who: &str, file: &Value) -> Request {
    post(case.path("/attachments")).by(who).json(file.clone())
}

/// A file that was announced, and whose bytes came.
async fn uploaded(
    resolution: &Started<Resolution>,
    world: &World,
    case: &Case,
    who: &str,
    (file, bytes): (&Value, &[u8]),
) -> String {
    let announced = resolution.answers(&announce(case, who, file)).await;
    let announced = announced.must_be(201);
    world.uploads(&announced, bytes);
    announced["id"].as_str().unwrap().to_owned()
}

fn attach(case: &Case, who: &str, id: &str) -> Request {
    post(case.path(&format!("/attachments/{id}"))).by(who)
}

fn bucket(world: &World) -> String {
    world.variable("FILES_BUCKET")
}

/// What lies in the bucket beside the files of tickets.
fn on_their_way(world: &World) -> Vec<String> {
    let keys = world.objects(&bucket(world)).into_keys();
    keys.filter(|key| key.starts_with("uploads/")).collect()
}

/// What a refused file is refused for.
fn why(answer: &Answer) -> (u64, String) {
    let problem = answer.json();
    let error = &problem["errors"][0];
    let said = match error.is_null() {
        true => problem["code"].as_str().unwrap().to_owned(),
        false => format!(
            "{}: {}",
            error["field"].as_str().unwrap(),
            error["code"].as_str().unwrap()
        ),
    };
    (answer.status, said)
}

#[tokio::test]
async fn a_file_is_announced_uploaded_and_attached() {
    let world = World::new().await;
    let case = world.assigned("plataforma").await;
    let resolution = started(&world).await;
    let digest = "9b1bb6b6ac6bb8d4a6f3f2c7f4f9e8d7c6b5a4938271605f4e3d2c1b0a998877";
    let mut file = picture(PNG);
    file["sha256"] = json!(digest);
    let answer = resolution.answers(&announce(&case, ANA, &file)).await;
    let announced = answer.must_be(201);
    assert_eq!(announced["name"], "pantalla.png");
    let url = announced["upload_url"].as_str().unwrap();
    let signed = "X-Amz-SignedHeaders=content-length%3Bcontent-type%3Bhost%3Bx-amz-checksum-sha256";
    assert!(
        url.contains(signed) && url.contains("X-Amz-Expires=900"),
        "{url}"
    );
    assert_eq!(
        announced["upload_headers"],
        json!({
            "content-type": "image/png",
            "x-amz-checksum-sha256": "mxu2tqxruNSm8/LH9Pno18a1pJOCcWBfTj0sGwqZiHc=",
        })
    );

    // Nothing of it is to be seen before it is attached.
    let id = uploaded(&resolution, &world, &case, ANA, (&picture(PNG), PNG)).await;
    assert_eq!(case.ticket().await.attachments, []);
    let view = resolution.answers(&attach(&case, ANA, &id)).await;
    let view = view.must_be(200);
    let attached = &view["attachments"][0];
    assert_eq!(attached["id"], id.as_str());
    assert_eq!(attached["name"], "pantalla.png");
    assert_eq!(attached["content_type"], "image/png");
    assert_eq!(attached["size"], PNG.len());
    assert_eq!(attached["digest"].as_str().unwrap().len(), 64);
    assert_eq!(case.kinds().await.last(), Some(&"attachments_added"));
    let objects = world.objects(&bucket(&world));
    assert_eq!(objects[&attachment_key(case.id, &id)].bytes, PNG);
    // Only what was given up above is left of what was on its way.
    let left = on_their_way(&world);
    assert!(left.iter().all(|key| !key.contains(&id)), "{left:?}");

    // Once more is the same, by whoever asks.
    let rows = world.rows();
    for who in [ANA, AGENT] {
        let again = resolution.answers(&attach(&case, who, &id)).await;
        assert_eq!(again.must_be(200)["attachments"], view["attachments"]);
    }
    world.must_still_have(&rows);
}

/// Each file that is not taken, and what whoever sent it is told.
#[tokio::test]
async fn bad_files_are_refused_with_their_reason() {
    let world = World::new().await;
    let case = world.assigned("plataforma").await;
    let other = world.assigned("plataforma").await;
    let resolution = started(&world).await;
    let rows = world.rows();

    // What is wrong on its face is refused before a byte is sent.
    let large = json!({ "name": "a.zip", "content_type": "application/zip", "size": MAX_FILE + 1 });
    let named =
        |name: &str| json!({ "name": name, "content_type": "application/octet-stream", "size": 9 });
    for (what, file, field) in [
        (
            "no bytes",
            json!({ "name": "a.txt", "content_type": "text/plain", "size": 0 }),
            "size: empty_file",
        ),
        ("more than 25 MB", large, "size: file_too_large"),
        ("a program", named("instalar.exe"), "name: program"),
        (
            "a program that looks like a picture",
            named("foto.jpg.scr"),
            "name: program",
        ),
        (
            "a program behind a mark",
            named("factura\u{202e}fdp.exe"),
            "name: program",
        ),
        ("a folder", named("../"), "name: no_file_name"),
        ("folders", named("../../.."), "name: no_file_name"),
        (
            "a name of nothing",
            named(" \u{200b}. "),
            "name: no_file_name",
        ),
        (
            "a name without end",
            named(&"a".repeat(1_001)),
            "name: too_long",
        ),
        (
            "no type",
            json!({ "name": "a.txt", "content_type": "texto", "size": 9 }),
            "content_type: invalid_media_type",
        ),
        (
            "a type with a line of its own",
            json!({ "name": "a.txt", "content_type": "text/plain;\r\nx: y", "size": 9 }),
            "content_type: invalid_media_type",
        ),
        (
            "no digest",
            json!({ "name": "a.txt", "content_type": "text/plain", "size": 9, "sha256": "abc" }),
            "sha256: invalid_digest",
        ),
    ] {
        let answer = resolution.answers(&announce(&case, ANA, &file)).await;
        assert_eq!(why(&answer), (422, field.to_owned()), "{what}");
    }
    assert_eq!(on_their_way(&world), [] as [&str; 0]);

    // What is wrong with the bytes is when they are looked through.
    let program = b"MZ\x90\x00\x03\x00\x00\x00\x04\x00\x00\x00\xff\xff";
    let said = |name: &str, kind: &str, bytes: &[u8]| json!({ "name": name, "content_type": kind, "size": bytes.len() });
    let mut wrong_digest = picture(PNG);
    wrong_digest["sha256"] = json!("0".repeat(64));
    let larger = [PNG, b"y algo"].concat();
    let bomb = bomb();
    for (what, file, bytes, field) in [
        (
            "a renamed program",
            said("informe.pdf", "application/pdf", program),
            &program[..],
            "content_type: program",
        ),
        (
            "a program of no type",
            said("informe", "application/octet-stream", program),
            program,
            "content_type: program",
        ),
        (
            "a page that is called a picture",
            said("a.png", "image/png", b"<html ><body>"),
            b"<html ><body>",
            "content_type: other_type",
        ),
        (
            "an archive that fills a disk",
            said("42.zip", "application/zip", &bomb),
            &bomb,
            "size: unpacks_too_large",
        ),
        ("no bytes after all", picture(PNG), b"", "size: empty_file"),
        (
            "more than was announced",
            picture(PNG),
            &larger,
            "size: other_size",
        ),
        ("other bytes", wrong_digest, PNG, "sha256: other_digest"),
    ] {
        let id = uploaded(&resolution, &world, &case, ANA, (&file, bytes)).await;
        let answer = resolution.answers(&attach(&case, ANA, &id)).await;
        assert_eq!(why(&answer), (422, field.to_owned()), "{what}");
        // With what somebody writes it is the same, and the file is named.
        let note = json!({ "body": "Va.", "visibility": "public", "attachments": [id] });
        let answer = resolution
            .answers(&post(case.path("/followups")).by(ANA).json(note))
            .await;
        let code = field.split(": ").nth(1).unwrap();
        assert_eq!(
            why(&answer),
            (422, format!("attachments[0]: {code}")),
            "{what}"
        );
        let detail = answer.json()["errors"][0]["detail"].to_string();
        assert!(
            detail.contains(file["name"].as_str().unwrap()),
            "{what}: {detail}"
        );
    }

    // Whose it is, what it is for, and when.
    let id = uploaded(&resolution, &world, &case, ANA, (&picture(PNG), PNG)).await;
    let unsent = resolution
        .answers(&announce(&case, ANA, &picture(PNG)))
        .await;
    let unsent = unsent.must_be(201)["id"].as_str().unwrap().to_owned();
    let late = uploaded(&resolution, &world, &case, ANA, (&picture(PNG), PNG)).await;
    let key = format!("uploads/{late}/announced.json");
    let mut announced: Value =
        serde_json::from_slice(&world.objects(&bucket(&world))[&key].bytes).unwrap();
    announced["until"] = json!((now() - SignedDuration::from_secs(1)).to_string());
    let expired = Object {
        bytes: announced.to_string().into_bytes(),
        content_type: "application/json".to_owned(),
        written_at: now(),
    };
    world.put_object(&bucket(&world), &key, expired);
    let unknown = UploadId(ulid::Ulid::generate()).to_string();
    for (what, request, expected) in [
        (
            "another ticket's",
            attach(&other, ANA, &id),
            (404, "not_found"),
        ),
        (
            "somebody else's",
            attach(&case, AGENT, &id),
            (404, "not_found"),
        ),
        (
            "a stranger's ticket",
            attach(&case, LUIS, &id),
            (404, "not_found"),
        ),
        ("none", attach(&case, ANA, &unknown), (404, "not_found")),
        ("no id", attach(&case, ANA, "nada"), (404, "not_found")),
        (
            "in other letters",
            attach(&case, ANA, &id.to_lowercase()),
            (404, "not_found"),
        ),
        (
            "not uploaded",
            attach(&case, ANA, &unsent),
            (422, "id: not_uploaded"),
        ),
        (
            "a day old",
            attach(&case, ANA, &late),
            (422, "id: upload_expired"),
        ),
    ] {
        let answer = resolution.answers(&request).await;
        assert_eq!(why(&answer), (expected.0, expected.1.to_owned()), "{what}");
    }
    let internal = json!({ "visibility": "internal" });
    let answer = resolution
        .answers(&attach(&case, ANA, &id).json(internal))
        .await;
    assert_eq!(
        why(&answer),
        (403, "forbidden".to_owned()),
        "a requester's internal file"
    );
    // Through all of this nothing happened to either ticket.
    world.must_still_have(&rows);
    let kept = world.objects(&bucket(&world)).into_keys();
    assert_eq!(kept.filter(|key| key.starts_with("tickets/")).count(), 0);
    // And what is good is taken.
    resolution
        .answers(&attach(&case, ANA, &id))
        .await
        .must_be(200);
}

/// An archive whose one file comes to four gigabytes, or so it says.
fn bomb() -> Vec<u8> {
    let mut bytes = b"PK\x03\x04\x14\x00\x00\x00\x08\x00".to_vec();
    bytes.extend([0; 20]);
    let listed = u32::try_from(bytes.len()).unwrap();
    bytes.extend(b"PK\x01\x02");
    bytes.extend([0; 20]);
    bytes.extend(u32::MAX.to_le_bytes());
    bytes.extend([0; 18]);
    let length = u32::try_from(bytes.len()).unwrap() - listed;
    bytes.extend(b"PK\x05\x06\x00\x00\x00\x00\x01\x00\x01\x00");
    bytes.extend(length.to_le_bytes());
    bytes.extend(listed.to_le_bytes());
    bytes.extend([0, 0]);
    bytes
}

#[tokio::test]
async fn names_are_those_that_mails_have() {
    let world = World::new().await;
    let case = world.assigned("plataforma").await;
    let resolution = started(&world).await;
    let long = format!("{}.pdf", "ñ".repeat(300));
    for (sent, kept) in [
        ("../../etc/passwd", "passwd"),
        ("Oficio_225/2385.pdf", "Oficio_225-2385.pdf"),
        ("a\u{0}b\r\n.pdf", "ab.pdf"),
        ("acta\u{202e}\u{200f}.pdf", "acta.pdf"),
        ("nul.txt", "_nul.txt"),
        ("Resolucio\u{301}n.pdf", "Resolución.pdf"),
        (&long, &format!("{}.pdf", "ñ".repeat(98))),
    ] {
        let file = json!({ "name": sent, "content_type": "text/plain", "size": 4 });
        let id = uploaded(&resolution, &world, &case, ANA, (&file, b"hola")).await;
        let view = resolution
            .answers(&attach(&case, ANA, &id))
            .await
            .must_be(200);
        let files = view["attachments"].as_array().unwrap();
        assert_eq!(files.last().unwrap()["name"], kept, "{sent:?}");
    }
}

#[tokio::test]
async fn files_go_with_what_is_written() {
    let world = World::new().await;
    let case = world.assigned("plataforma").await;
    let resolution = started(&world).await;
    let upload = async |who| uploaded(&resolution, &world, &case, who, (&picture(PNG), PNG)).await;

    // The requester's, in one step with its text: twice under its key is once.
    let ids = [upload(ANA).await, upload(ANA).await];
    let note = json!({ "body": "Así se ve.", "visibility": "public", "attachments": ids });
    let send = post(case.path("/followups")).by(ANA).key("nota").json(note);
    let view = resolution.answers(&send).await.must_be(200);
    assert_eq!(view["attachments"].as_array().unwrap().len(), 2);
    assert_eq!(
        case.kinds().await[2..],
        ["followed_up", "attachments_added"]
    );
    assert_eq!(
        world.rung(QueueName::Notification),
        [case.owes(3, Effect::Mail(MailKind::FollowUpToAgent))]
    );
    let again = resolution.answers(&send).await.must_be(200);
    assert_eq!(again["version"], view["version"]);
    assert_eq!(case.kinds().await.len(), 4);
    assert_eq!(on_their_way(&world), [] as [&str; 0]);

    // A colleague's internal one is for the desk alone.
    let id = upload(COLLEAGUE).await;
    let note = json!({ "body": "Ojo.", "visibility": "internal", "attachments": [id] });
    let note = post(case.path("/followups")).by(COLLEAGUE).json(note);
    resolution.answers(&note).await.must_be(200);
    let file = case.ticket().await.attachments.pop().unwrap();
    assert_eq!((file.id, file.visibility), (id, Visibility::Internal));

    // Those of a solution are the requester's to see, those of a report are not.
    let id = upload(AGENT).await;
    let solution = json!({ "solution": "Listo.", "attachments": [id] });
    let solve = post(case.path("/resolution")).by(AGENT).json(solution);
    resolution.answers(&solve).await.must_be(200);
    let file = case.ticket().await.attachments.pop().unwrap();
    assert_eq!((file.id, file.visibility), (id, Visibility::Public));

    let case = world.escalated("plataforma").await;
    let id = uploaded(&resolution, &world, &case, OFFICER, (&picture(PNG), PNG)).await;
    let report = json!({ "body": "Se cambió el disco.", "attachments": [id] });
    let report = post(case.path("/solution-report")).by(OFFICER).json(report);
    resolution.answers(&report).await.must_be(200);
    let kinds = case.kinds().await;
    assert!(
        kinds.ends_with(&["solution_reported", "attachments_added"]),
        "{kinds:?}"
    );
    let file = case.ticket().await.attachments.pop().unwrap();
    assert_eq!((file.id, file.visibility), (id, Visibility::Internal));
}

/// His word closes it, and closed tickets take nothing more: his files come first.
#[tokio::test]
async fn files_of_the_last_word_are_taken_too() {
    let world = World::new().await;
    let case = world.solved("plataforma").await;
    let resolution = started(&world).await;
    let id = uploaded(&resolution, &world, &case, ANA, (&picture(PNG), PNG)).await;
    let word = json!({ "body": "5", "visibility": "public", "attachments": [id] });
    let word = post(case.path("/followups")).by(ANA).json(word);
    let view = resolution.answers(&word).await.must_be(200);
    assert_eq!(view["status"], "closed");
    let kinds = case.kinds().await;
    let last = ["attachments_added", "survey_answered", "closed"];
    assert!(kinds.ends_with(&last), "{kinds:?}");
    // From then on there is no place for any.
    let late = resolution
        .answers(&announce(&case, ANA, &picture(PNG)))
        .await;
    late.must_refuse(409, "invalid_transition");
}

#[tokio::test]
async fn there_are_so_many_files_and_no_more() {
    let world = World::new().await;
    let case = world.assigned("plataforma").await;
    let resolution = started(&world).await;
    let ids: Vec<String> = (0..21)
        .map(|_| ulid::Ulid::generate().to_string())
        .collect();
    let note = json!({ "body": "Van.", "visibility": "public", "attachments": ids });
    let answer = resolution
        .answers(&post(case.path("/followups")).by(ANA).json(note))
        .await;
    assert_eq!(why(&answer), (422, "attachments: too_many".to_owned()));

    let file = |number: usize| Attachment {
        id: format!("{number:026}"),
        name: format!("archivo-{number}.txt"),
        content_type: "text/plain".to_owned(),
        size: 9,
        visibility: Visibility::Public,
        digest: Some("0".repeat(64)),
    };
    let full = Command::AddAttachments {
        attachments: (1..MAX_ATTACHMENTS).map(file).collect(),
        left_out: 0,
    };
    let case = case.when(AGENT, full).await.settled().await;
    let first = uploaded(&resolution, &world, &case, ANA, (&picture(PNG), PNG)).await;
    let second = uploaded(&resolution, &world, &case, ANA, (&picture(PNG), PNG)).await;
    let view = resolution
        .answers(&attach(&case, ANA, &first))
        .await
        .must_be(200);
    assert_eq!(
        view["attachments"].as_array().unwrap().len(),
        MAX_ATTACHMENTS
    );
    let refused = resolution.answers(&attach(&case, ANA, &second)).await;
    let problem = refused.must_refuse(409, "invalid_transition");
    assert!(
        problem["detail"].as_str().unwrap().contains("300"),
        "{problem}"
    );
    // Nor is anybody asked to send one.
    let refused = resolution
        .answers(&announce(&case, ANA, &picture(PNG)))
        .await;
    refused.must_refuse(409, "invalid_transition");
}

#[tokio::test]
async fn whoever_may_not_write_announces_nothing() {
    let world = World::new().await;
    let case = world.assigned("plataforma").await;
    let resolution = started(&world).await;
    for (who, status, code) in [
        (LUIS, 404, "not_found"),
        (PRINTER, 404, "not_found"),
        (in_process::people::AUDITOR, 403, "forbidden"),
    ] {
        let answer = resolution
            .answers(&announce(&case, who, &picture(PNG)))
            .await;
        answer.must_refuse(status, code);
    }
    let mut stale = picture(PNG);
    stale["expected_version"] = json!(1);
    let answer = resolution.answers(&announce(&case, ANA, &stale)).await;
    answer.must_refuse(409, "version_conflict");
    assert_eq!(on_their_way(&world), [] as [&str; 0]);
}

#[tokio::test]
async fn an_announcement_is_one_however_often_it_is_sent() {
    let world = World::new().await;
    let case = world.assigned("plataforma").await;
    let resolution = started(&world).await;
    let send = announce(&case, ANA, &picture(PNG)).key("pantalla");
    let first = resolution.answers(&send).await.must_be(201);
    let again = resolution.answers(&send).await.must_be(201);
    assert_eq!(first["id"], again["id"]);
    assert_eq!(on_their_way(&world).len(), 1);
    let other = announce(&case, ANA, &picture(b"otra cosa")).key("pantalla");
    let refused = resolution.answers(&other).await;
    refused.must_refuse(422, "idempotency_mismatch");
    // Somebody else's key is another one.
    let others = announce(&case, AGENT, &picture(PNG)).key("pantalla");
    assert_ne!(
        resolution.answers(&others).await.must_be(201)["id"],
        first["id"]
    );
}

#[tokio::test]
async fn pages_announce_files_and_send_them_with_their_forms() {
    let world = World::new().await;
    let case = world.assigned("plataforma").await;
    let resolution = started(&world).await;
    let session = world.signed_in(ANA).await;
    let secret = TokenSecret::new(&world.variable("TOKEN_SECRET")).unwrap();
    let link = secret.issue(TokenUse::Link { edition: 0 }, case.id);
    let size = PNG.len().to_string();
    let fields = [
        ("name", "pantalla.png"),
        ("content_type", "image/png"),
        ("size", &size),
    ];
    let mut ids = Vec::new();
    for at in [
        format!("/solicitudes/{}", case.number.0),
        format!("/s/{link}"),
    ] {
        let from = |path: &str| {
            let request = post(format!("{at}/{path}")).from_own_page();
            match at.starts_with("/s/") {
                true => request.header("accept", "application/json"),
                false => request
                    .seen_by(&session)
                    .header("accept", "application/json"),
            }
        };
        let announced = resolution.answers(&from("archivos").form(&fields)).await;
        let announced = announced.must_be(201);
        world.uploads(&announced, PNG);
        let id = announced["id"].as_str().unwrap();
        let two = format!("{id} {id}");
        let note = [
            ("body", "Así se ve."),
            ("visibility", "public"),
            ("attachments", &two),
        ];
        let view = resolution.answers(&from("seguimientos").form(&note)).await;
        let view = view.must_be(200);
        ids.push(id.to_owned());
        assert_eq!(view["attachments"].as_array().unwrap().len(), ids.len());
    }
    // Another site's page does not.
    let request = post(format!("/solicitudes/{}/archivos", case.number.0));
    let request = request
        .seen_by(&session)
        .header("accept", "application/json");
    let foreign = request.header("sec-fetch-site", "cross-site").form(&fields);
    resolution
        .answers(&foreign)
        .await
        .must_refuse(403, "forbidden");
}

/// Where no script runs, or somebody was faster, the form comes back by itself: what was
/// uploaded goes with it, unless it is what is wrong.
#[tokio::test]
async fn a_form_that_comes_back_keeps_its_files() {
    let world = World::new().await;
    let case = world.assigned("plataforma").await;
    let resolution = started(&world).await;
    let session = world.signed_in(ANA).await;
    let good = uploaded(&resolution, &world, &case, ANA, (&picture(PNG), PNG)).await;
    let bad = uploaded(
        &resolution,
        &world,
        &case,
        ANA,
        (&picture(PNG), b"otra cosa"),
    )
    .await;
    let rows = world.rows();
    let sent = async |body: &str, ids: &str| {
        let request = post(format!("/solicitudes/{}/seguimientos", case.number.0));
        let request = request.seen_by(&session).from_own_page();
        let fields = [
            ("body", body),
            ("visibility", "public"),
            ("attachments", ids),
        ];
        let answer = resolution.answers(&request.form(&fields)).await;
        assert_eq!(answer.status, 422, "{}", answer.body);
        let policy = answer.header("content-security-policy").unwrap();
        assert!(
            policy.contains("connect-src 'self' http://127.0.0.1:4566;"),
            "{policy}"
        );
        answer.body
    };
    let page = sent(" ", &good).await;
    assert!(
        page.contains(&format!("name=\"attachments\" value=\"{good}\"")),
        "{page}"
    );
    assert!(
        page.contains("Los archivos que ya subió van con este texto."),
        "{page}"
    );
    let page = sent("Así se ve.", &format!("{good} {bad}")).await;
    for part in [
        "name=\"attachments\" value=\"\"",
        "href=\"#reply-attachments\"",
        "pantalla.png: Llegaron 9 bytes",
        "Así se ve.",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    world.must_still_have(&rows);
}

/// Two at once, a commit whose answer is lost, a copy that fails: it is there once, or not
/// at all and still to be attached.
#[tokio::test]
async fn a_file_is_there_or_not() {
    let world = World::new().await;
    let case = world.assigned("plataforma").await;
    let resolution = started(&world).await;
    let upload = async || uploaded(&resolution, &world, &case, ANA, (&picture(PNG), PNG)).await;
    let files = async || {
        let files = case.ticket().await.attachments;
        files.into_iter().map(|file| file.id).collect::<Vec<_>>()
    };

    let first = upload().await;
    for (operation, fault) in [
        ("GetObject", Fault::Failed),
        ("CopyObject", Fault::Failed),
        ("TransactWriteItems", Fault::Throttled),
    ] {
        world.fails(operation, 0..50, fault);
        let answer = resolution.answers(&attach(&case, ANA, &first)).await;
        answer.must_refuse(503, "unavailable");
        world.heals();
        assert_eq!(files().await, [] as [&str; 0], "{operation}");
    }
    // What was done meanwhile by somebody else is no reason to fail.
    let twice = (world.clone(), case.clone(), first.clone());
    world.meanwhile("TransactWriteItems", 0, async move {
        let (world, case, id) = twice;
        let other: Started<Resolution> = world.start("resolution").await;
        other.answers(&attach(&case, ANA, &id)).await.must_be(200);
    });
    resolution
        .answers(&attach(&case, ANA, &first))
        .await
        .must_be(200);
    assert_eq!(files().await, [first.as_str()]);

    // Whoever changes the bytes while they are attached is told to come back.
    let second = upload().await;
    let (world_of_his, key) = (world.clone(), format!("uploads/{second}/content"));
    let other = Object {
        bytes: b"MZ otra cosa".to_vec(),
        content_type: "image/png".to_owned(),
        written_at: now(),
    };
    world.meanwhile("CopyObject", 0, async move {
        let bucket = world_of_his.variable("FILES_BUCKET");
        world_of_his.put_object(&bucket, &key, other);
    });
    let answer = resolution.answers(&attach(&case, ANA, &second)).await;
    answer.must_refuse(503, "unavailable");
    assert_eq!(files().await, [first.as_str()]);
    let objects = world.objects(&bucket(&world));
    assert!(!objects.contains_key(&attachment_key(case.id, &second)));
}

#[tokio::test]
async fn what_nobody_attached_is_removed_after_a_day() {
    let world = World::new().await;
    let case = world.assigned("plataforma").await;
    let resolution = started(&world).await;
    let upload = async || uploaded(&resolution, &world, &case, ANA, (&picture(PNG), PNG)).await;
    // One was given up; of another the copy was made, and the process died; a third is
    // on its ticket, and what was uploaded was not removed.
    let _given_up = upload().await;
    let died = upload().await;
    world.fails("TransactWriteItems", 0..50, Fault::Throttled);
    let answer = resolution.answers(&attach(&case, ANA, &died)).await;
    answer.must_refuse(503, "unavailable");
    world.heals();
    let attached = upload().await;
    world.fails("DeleteObject", 0..50, Fault::Refused("AccessDenied", "no"));
    resolution
        .answers(&attach(&case, ANA, &attached))
        .await
        .must_be(200);
    world.heals();
    let key = |id: &str| attachment_key(case.id, id);
    let tickets = || {
        let keys = world.objects(&bucket(&world)).into_keys();
        keys.filter(|key| key.starts_with("tickets/"))
            .collect::<Vec<_>>()
    };
    let mut both = [key(&died), key(&attached)];
    both.sort();
    assert_eq!(tickets(), both);

    let hours = |hours| now() + SignedDuration::from_hours(hours);
    let said = resolution.ticks(hours(24)).await.unwrap();
    assert_eq!(said, json!({ "removed": 0 }));
    assert_eq!(tickets(), both);
    let said = resolution.ticks(hours(26)).await.unwrap();
    assert_eq!(said, json!({ "removed": 3 }));
    assert_eq!(on_their_way(&world), [] as [&str; 0]);
    assert_eq!(tickets(), [key(&attached)]);
    let said = resolution.ticks(hours(27)).await.unwrap();
    assert_eq!(said, json!({ "removed": 0 }));

    world.fails("ListObjectsV2", 0..50, Fault::Failed);
    let failed = resolution.ticks(hours(27)).await.unwrap_err();
    assert!(failed.to_string().contains("uploads"), "{failed}");
}
