//! Mails whose notices were lost: they are in their bucket, and nobody was told.

use jiff::SignedDuration;
use serde_json::json;
use tests::people::{ANA, COORDINATOR, LUIS, SUPPORT_MAILBOX};
use tests::{Host, Letter};

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

    // A notice may still come.
    let wake = |ahead: SignedDuration| {
        let time = ticket["created_at"].as_str().unwrap();
        let time: jiff::Timestamp = time.parse().unwrap();
        host.invoke("mailroom", &json!({ "time": time + ahead }))
    };
    assert_eq!(wake(MINUTE * 20)["unannounced"], 0);
    assert!(record_of(&host, "perdido-1").is_null());
    host.audit(&[]).must_be_clean();
    let late = host.audit(&["--grace", "0"]);
    assert_eq!(late.findings.len(), 3, "{}", late.text);

    let recovered = wake(MINUTE * 40);
    assert_eq!(recovered, json!({ "unannounced": 3, "recovered": 3 }));
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

    // Once.
    assert_eq!(wake(MINUTE * 50)["unannounced"], 0);
    host.settle();
    assert_eq!(staff.list("/tickets?limit=100").len(), 3);
    host.audit(&["--grace", "0"]).must_be_clean();
}
