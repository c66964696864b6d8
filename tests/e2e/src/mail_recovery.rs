//! Mails whose notices were lost: they are in their bucket, and nobody was told.

use jiff::SignedDuration;
use serde_json::json;
use workbench::people::{ANA, COORDINATOR, LUIS, SUPPORT_MAILBOX};
use workbench::{Host, Letter};

use crate::mail::record_of;
use crate::{MINUTE, assigned, last_mail, solution};

#[test]
fn a_mail_whose_notice_was_lost_is_taken_in_all_the_same() {
    let host = Host::start();
    let staff = host.client(COORDINATOR);
    let ticket = assigned(&host.client(ANA), "redes", "Sin red");
    let agent = host.client(ticket["assignee"]["email"].as_str().unwrap());
    agent
        .command(&ticket["number"], "resolution", &solution())
        .must_be(200);
    host.settle();
    let solved = last_mail(&host, ANA, "Solicitud resuelta");

    let store = |id: &str, raw: &[u8]| host.put_object("mailbucket", &format!("inbound/{id}"), raw);
    let asked = Letter::new(LUIS, "No imprime", "La impresora no imprime.")
        .with("To", "impresion@uspec.gov.co");
    store("perdido-1", &asked.raw());
    // An answer would reopen a ticket; nobody vouches for who wrote this one.
    let answer = Letter::new(ANA, "Re: Sin red", "Sigue sin red.")
        .with("To", SUPPORT_MAILBOX)
        .answering(&solved);
    store("perdido-2", &answer.raw());
    let virus =
        Letter::new(LUIS, "Factura", "Abra el archivo.").with("X-SES-Virus-Verdict", "FAIL");
    store("perdido-3", &virus.raw());

    // Of this one the notice was given up, and is known: she is who she says.
    let open = assigned(&host.client(ANA), "redes", "Otra cosa");
    host.settle();
    let told = last_mail(&host, ANA, "Solicitud registrada");
    let more = Letter::new(ANA, "Re: Otra cosa", "Es en el piso 3.")
        .with("To", SUPPORT_MAILBOX)
        .answering(&told);
    store("perdido-4", &more.raw());
    let passed = || json!({ "status": "PASS" });
    let notice = json!({
        "notificationType": "Received",
        "mail": { "messageId": "perdido-4", "timestamp": open["created_at"], "source": ANA },
        "receipt": {
            "recipients": [SUPPORT_MAILBOX],
            "spamVerdict": passed(), "virusVerdict": passed(), "spfVerdict": passed(),
            "dkimVerdict": passed(), "dmarcVerdict": passed(),
            "action": { "objectKey": "inbound/perdido-4" },
        },
    });
    host.put_row(&json!({
        "pk": { "S": "GIVENUP#inbound_mail" },
        "sk": { "S": "2026-01-01T00:00:00.000Z#x" },
        "body": { "S": notice.to_string() },
    }));

    // A notice may still come.
    let wake = |ahead: SignedDuration| {
        let time = ticket["created_at"].as_str().unwrap();
        let time: jiff::Timestamp = time.parse().unwrap();
        host.invoke("mailroom", &json!({ "time": time + ahead }))
    };
    assert_eq!(wake(MINUTE * 20)["unrecorded"], 0);
    assert!(record_of(&host, "perdido-1").is_null());
    host.audit(&[]).must_be_clean();
    let late = host.audit(&["--grace", "0"]);
    assert_eq!(late.findings.len(), 4, "{}", late.text);

    let recovered = wake(MINUTE * 40);
    assert_eq!(recovered, json!({ "unrecorded": 4, "recovered": 4 }));
    host.settle();
    let first = record_of(&host, "perdido-1");
    assert_eq!(first["outcome"], "ticket", "{first}");
    let made = staff.ticket(&first["ticket"]["id"]);
    assert_eq!(made["team"], "impresion", "{made}");
    assert_eq!(made["requester"]["email"], LUIS, "{made}");
    let second = record_of(&host, "perdido-2");
    assert_eq!(second["outcome"], "ticket", "{second}");
    assert_eq!(staff.ticket(&ticket["number"])["status"], "solved");
    let third = record_of(&host, "perdido-3");
    assert_eq!(third["reason"], "virus", "{third}");

    let fourth = record_of(&host, "perdido-4");
    assert_eq!(fourth["became"], "follow_up", "{fourth}");
    assert_eq!(fourth["ticket"]["id"], open["id"], "{fourth}");

    // Once.
    assert_eq!(wake(MINUTE * 50)["unrecorded"], 0);
    host.settle();
    assert_eq!(staff.list("/tickets?limit=100").len(), 4);
    host.audit(&["--grace", "0"]).must_be_clean();
}

/// The same mail delivered twice at once: one of them wins, and the files are its.
#[test]
fn two_attempts_at_a_mail_keep_its_files() {
    let host = Host::start();
    let plan = json!({ "deliveries": { "twice": 10_000 } });
    host.nobody().put("/_local/faults", &plan).must_be(200);
    let mut smtp = host.smtp();
    for n in 0..40 {
        let from = format!("persona{n}@uspec.gov.co");
        let id = format!("<dos-{n}@uspec.gov.co>");
        let mut letter = Letter::new(&from, &format!("Con archivos {n}"), "Van adjuntos.")
            .with("Message-ID", &id);
        for file in 0..4 {
            let headers = format!(
                "Content-Type: text/plain\nContent-Disposition: attachment; filename=\"{file}.txt\""
            );
            letter = letter.part(&headers, "Una línea.");
        }
        // And some of them are brought twice.
        for _ in 0..=n % 2 {
            smtp.send(&from, &[SUPPORT_MAILBOX], &letter.raw()).id();
        }
    }
    host.settle_within(workbench::LIMIT * 6);
    assert_eq!(
        host.client(COORDINATOR).list("/tickets?limit=100").len(),
        40
    );
    let audit = host.audit(&["--grace", "0"]);
    audit.must_be_clean();
    assert!(audit.text.contains(" 160 files;"), "{}", audit.text);
}
