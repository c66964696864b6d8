//! A mail becomes a ticket (activities 1 and 2 of the procedure).

use std::time::{Duration, Instant};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};
use workbench::people::{ANA, COORDINATOR, LUIS, SUPPORT_MAILBOX};
use workbench::{Host, Letter, within};

use crate::{assignee, await_assigned, check_letters, solution, time};

/// The mailbox of team `impresion`.
pub const PRINTING_MAILBOX: &str = "impresion@uspec.gov.co";
/// A colleague of those who ask.
pub const MARTA: &str = "marta.gomez@uspec.gov.co";
/// Somebody of whom the entity knows nothing.
pub const OUTSIDER: &str = "ciudadano@example.com";

/// From the end of a mail to its ticket.
const SOON: Duration = Duration::from_secs(2);

/// Brings a letter in from its sender's own address, and gives SES's id of it.
#[track_caller]
pub fn bring(host: &Host, letter: &Letter, to: &[&str]) -> String {
    host.mail_in(letter.sender(), to, &letter.raw()).id()
}

/// Brings a letter to the help desk, waits for all that follows from it, and
/// gives its record.
#[track_caller]
pub fn taken(host: &Host, letter: &Letter) -> Value {
    taken_at(host, letter, SUPPORT_MAILBOX)
}

/// [`taken`], at another address.
#[track_caller]
pub fn taken_at(host: &Host, letter: &Letter, to: &str) -> Value {
    let id = bring(host, letter, &[to]);
    host.settle();
    record_of(host, &id)
}

/// The ticket that a letter to the help desk becomes, once somebody is
/// responsible for it and all is told.
#[track_caller]
pub fn asked(host: &Host, letter: &Letter) -> Value {
    let record = taken(host, letter);
    assert_eq!(record["outcome"], "ticket", "{record}");
    let reader = host.client(COORDINATOR);
    await_assigned(&reader, &record["ticket"])
}

/// What is on record of a mail that came in, `null` where nothing is.
#[track_caller]
pub fn record_of(host: &Host, id: &str) -> Value {
    let row = host.row(&format!("INBOUND#{id}"), "MAIL");
    let doc = row["doc"]["S"].as_str().unwrap_or("null");
    serde_json::from_str(doc).unwrap()
}

/// The entity's day that a record is of.
#[track_caller]
pub fn day_of(record: &Value) -> String {
    let at = time(&record["received_at"]).in_tz("America/Bogota");
    at.unwrap().date().to_string()
}

/// The account of a record's day adds up; gives how many mails had each outcome.
#[track_caller]
pub fn check_balanced(host: &Host, record: &Value) -> Value {
    let path = format!("/reports/mail?day={}", day_of(record));
    let mut report = host.client(COORDINATOR).get(&path).must_be(200).json();
    let outcomes = report["outcomes"].take();
    let counts = outcomes.as_object().unwrap().values();
    let sum: u64 = counts.map(|count| count.as_u64().unwrap()).sum();
    assert_eq!(report["received"], sum, "{report} {outcomes}");
    assert_eq!(report["recorded"], sum, "{report} {outcomes}");
    assert_eq!(report["unaccounted"], json!([]), "{report} {outcomes}");
    assert_eq!(report["balanced"], true, "{report} {outcomes}");
    outcomes
}

/// Nothing was given up.
#[track_caller]
pub fn check_no_dead_letters(host: &Host) {
    let queues = host.queues().into_iter();
    let dead: Vec<_> = queues.filter(|q| q.dead_letter && q.visible > 0).collect();
    assert!(dead.is_empty(), "{dead:?}");
}

/// Headers and body of a part that carries a file.
pub fn file(content_type: &str, disposition: &str, bytes: &[u8]) -> (String, String) {
    let headers = format!(
        "Content-Type: {content_type}\nContent-Disposition: {disposition}\nContent-Transfer-Encoding: base64"
    );
    let encoded = BASE64_STANDARD.encode(bytes).into_bytes();
    let lines = encoded.chunks(76).map(String::from_utf8_lossy);
    (headers, lines.collect::<Vec<_>>().join("\n"))
}

#[test]
fn with_its_files_and_whoever_is_copied() {
    let host = Host::start();
    let scan: Vec<u8> = (0..=255).cycle().take(3_000).collect();
    let image = b"\x89PNG\r\n\x1a\n.\r\n..\r\n\0imagen";
    let disposition = "attachment; filename*=UTF-8''informe%20a%C3%B1o.pdf";
    let (scan_headers, scan_body) = file("application/pdf", disposition, &scan);
    let (image_headers, image_body) = file(
        "image/png; name=\"pantalla.png\"",
        "inline; filename=\"pantalla.png\"",
        image,
    );
    let letter = Letter::new(
        &format!("Ana Pérez <{ANA}>"),
        "No abre el portal",
        "Desde hoy a las ocho el portal dice «sin conexión».\n\n.\n..Gracias,\nAna",
    )
    .with(
        "Cc",
        &format!("Marta Gómez <{MARTA}>, Un Ciudadano <{OUTSIDER}>"),
    )
    .part(&scan_headers, &scan_body)
    .part(
        &format!("{image_headers}\nContent-ID: <pantalla@correo>"),
        &image_body,
    );

    let ana = host.client(ANA);
    let start = Instant::now();
    bring(&host, &letter, &[SUPPORT_MAILBOX]);
    let ticket = within(SOON, "the mail is a ticket", || {
        ana.list("/tickets?limit=100").pop()
    });
    eprintln!("a ticket {} ms after its mail", start.elapsed().as_millis());
    let number = &ticket["number"];
    let ticket = ana.ticket(number);
    assert_eq!(ticket["title"], "No abre el portal");
    let description = ticket["description"].as_str().unwrap();
    assert!(description.contains("«sin conexión».\n\n.\n..Gracias"));
    let people = json!({ "email": ANA, "name": "Ana Pérez" });
    assert_eq!(ticket["requester"], people, "{ticket}");
    assert_eq!(ticket["channel"], "email");
    assert_eq!(ticket["category"], "plataforma");
    assert_eq!(ticket["team"], "soporte");
    let observers = json!([{ "email": MARTA, "name": "Marta Gómez" }]);
    assert_eq!(ticket["observers"], observers);

    // Every file, to the last byte, for those who may read the ticket.
    let ticket = await_assigned(&ana, &ticket);
    let agent = assignee(&ticket);
    let files = ticket["attachments"].as_array().unwrap();
    let described: Vec<_> = files
        .iter()
        .map(|f| {
            (
                f["name"].as_str().unwrap(),
                f["content_type"].as_str().unwrap(),
                f["size"].as_u64(),
            )
        })
        .collect();
    let expected = [
        ("informe año.pdf", "application/pdf", Some(3_000)),
        ("pantalla.png", "image/png", Some(image.len() as u64)),
    ];
    assert_eq!(described, expected);
    for (file, bytes) in files.iter().zip([&scan[..], &image[..]]) {
        let path = format!(
            "/tickets/{number}/attachments/{}",
            file["id"].as_str().unwrap()
        );
        for reader in [ANA, MARTA, agent, COORDINATOR] {
            assert_eq!(downloaded(&host, reader, &path), bytes, "{reader}: {path}");
        }
        host.client(LUIS).get(&path).problem(404, "not_found");
        assert_eq!(host.nobody().get(&path).status, 401);
    }
    let unknown = format!("/tickets/{number}/attachments/no-hay");
    ana.get(&unknown).problem(404, "not_found");

    // One acknowledgement, in the thread of the mail.
    host.settle();
    let mut mails = host.mails();
    mails.retain(|mail| mail.kind() == "Solicitud registrada");
    let [acknowledgement] = &mails[..] else {
        panic!("{mails:?}")
    };
    assert_eq!(acknowledgement.to, [ANA]);
    let id = letter.header("Message-ID");
    assert_eq!(acknowledgement.headers("In-Reply-To"), [id]);
    let references = acknowledgement.headers("References");
    assert!(references[0].contains(id), "{references:?}");

    reads_along_and_rates_nothing(&host, &ticket);
}

/// What a link from `path` leads to.
#[track_caller]
fn downloaded(host: &Host, reader: &str, path: &str) -> Vec<u8> {
    let answer = host.client(reader).get(path).must_be(302);
    let store = host.aws_client();
    let path = answer.header("location").strip_prefix(store.base());
    let (headers, file) = store.request("GET", path.unwrap()).download();
    let shown = headers.get("content-disposition").unwrap();
    assert!(shown.to_str().unwrap().starts_with("attachment"));
    file
}

/// A colleague in copy gets the requester's mails, but no survey; whoever is not
/// of the entity gets nothing.
fn reads_along_and_rates_nothing(host: &Host, ticket: &Value) {
    let number = &ticket["number"];
    let agent = host.client(assignee(ticket));
    assert_eq!(host.client(MARTA).ticket(number)["title"], ticket["title"]);
    let note = json!({ "body": "Estamos revisando.", "visibility": "public" });
    agent.command(number, "followups", &note).must_be(200);
    agent
        .command(number, "resolution", &solution())
        .must_be(200);
    host.settle();
    let expected = [
        ("Solicitud registrada", ANA),
        ("En copia de una solicitud", MARTA),
        ("Solicitud asignada a usted", assignee(ticket)),
        ("Nuevo seguimiento", ANA),
        ("Nuevo seguimiento", MARTA),
        ("Solicitud resuelta", ANA),
        ("Solicitud resuelta", MARTA),
    ];
    check_letters(host, ticket, &expected);
    assert!(host.mails_to(OUTSIDER).is_empty());
    let with_survey = |address: &str| {
        let mails = host.mails_to(address).into_iter();
        mails.filter_map(|m| m.path("/surveys/")).count()
    };
    assert_eq!((with_survey(ANA), with_survey(MARTA)), (1, 0));
}

#[test]
fn the_envelope_says_which_team_it_is_for() {
    let host = Host::start();
    let support = ("plataforma", "soporte");
    let printing = ("impresion", "impresion");
    // What the header says, what the envelope says, and what comes of it.
    let cases: [(&str, &[&str], _); 5] = [
        (PRINTING_MAILBOX, &[PRINTING_MAILBOX], printing),
        (PRINTING_MAILBOX, &[SUPPORT_MAILBOX], support),
        (SUPPORT_MAILBOX, &[PRINTING_MAILBOX], printing),
        ("undisclosed-recipients:;", &[PRINTING_MAILBOX], printing),
        (
            "soportespmic@uspec.gov.co, impresion@uspec.gov.co",
            &[SUPPORT_MAILBOX, PRINTING_MAILBOX],
            support,
        ),
    ];
    for (to, envelope, _) in &cases {
        let letter = Letter::new(ANA, &format!("{to} {envelope:?}"), "No imprime.");
        bring(&host, &letter.with("To", to), envelope);
    }
    host.settle();
    let tickets = host.client(COORDINATOR).list("/tickets?limit=100");
    assert_eq!(tickets.len(), cases.len());
    for (to, envelope, (category, team)) in &cases {
        let title = format!("{to} {envelope:?}");
        let ticket = tickets.iter().find(|t| t["title"] == title).unwrap();
        assert_eq!(ticket["category"], *category, "{ticket}");
        assert_eq!(ticket["team"], *team, "{ticket}");
        assert_eq!(ticket["observers"], json!([]), "{ticket}");
        // Who says no name is called by his address.
        let requester = json!({ "email": ANA, "name": ANA });
        assert_eq!(ticket["requester"], requester, "{ticket}");
    }
    check_no_dead_letters(&host);
}
