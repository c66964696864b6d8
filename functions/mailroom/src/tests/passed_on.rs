//! Whose request a mail is that somebody else wrote.

use in_process::World;
use in_process::people::{AGENT, ANA, COORDINATOR, LUIS, MAILBOX, STRANGER, address};
use types::catalogue::FormSender;
use types::ticket::Ticket;

use super::{Letter, case_of, letter, started, takes};

const BLOCK: &str = "Por favor registrar.\r\n\r\n________________________________\r\nDe: Rosa Diaz <rosa.diaz@uspec.gov.co>\r\nEnviado: martes, 24 de noviembre de 2026 8:40\r\nPara: Agente 1\r\nAsunto: No tengo red\r\n\r\nHola, no tengo red.\r\n";
const GMAIL: &str = "---------- Forwarded message ---------\r\nDe: Rosa Diaz <rosa.diaz@uspec.gov.co>\r\nDate: mar, 24 nov 2026\r\nSubject: No tengo red\r\nTo: Agente\r\n\r\nHola, no tengo red.\r\n";

async fn ticket_of(letter: &Letter) -> (World, Ticket) {
    let world = World::new().await;
    let mailroom = started(&world).await;
    let record = takes(&world, &mailroom, letter).await;
    let ticket = case_of(&world, &record).await.ticket().await;
    (world, ticket)
}

#[tokio::test]
async fn an_agent_passes_on_what_he_was_written() {
    for (subject, body) in [
        ("RV: No tengo red", BLOCK),
        ("Fwd: No tengo red", GMAIL),
        ("FW: No tengo red", BLOCK),
    ] {
        for agent in [AGENT, COORDINATOR] {
            let letter = letter("m1", agent).titled(subject).saying(body);
            let (world, ticket) = ticket_of(&letter).await;
            let requester = &ticket.request.requester.person;
            assert_eq!(requester.email.as_str(), "rosa.diaz@uspec.gov.co");
            assert_eq!(requester.name, "Rosa Diaz");
            assert_eq!(ticket.request.title, "No tengo red");
            let by = ticket.request.passed_on_by.unwrap();
            assert_eq!(by.email.as_str(), agent);
            assert_eq!(ticket.request.message_id, None);
            assert!(ticket.request.description.contains("no tengo red"));
            assert_eq!(world.tickets().await.len(), 1);
        }
    }
}

#[tokio::test]
async fn a_mail_within_the_mail_says_who_asks() {
    let within = "From: Rosa Diaz <rosa.diaz@uspec.gov.co>\r\nSubject: No tengo red\r\nMessage-ID: <rosa@uspec.gov.co>\r\n\r\nHola, no tengo red.\r\n";
    for (subject, beside) in [("RV: No tengo red", "Favor ver."), ("Fwd: x", ""), ("", "")] {
        let letter = Letter {
            body: format!(
                "--b\r\nContent-Type: text/plain\r\n\r\n{beside}\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n{within}\r\n--b--\r\n"
            ),
            ..letter("m1", AGENT)
                .titled(subject)
                .header("MIME-Version: 1.0")
                .header("Content-Type: multipart/mixed; boundary=\"b\"")
        };
        let (_, ticket) = ticket_of(&letter).await;
        let requester = &ticket.request.requester.person;
        assert_eq!(
            requester.email.as_str(),
            "rosa.diaz@uspec.gov.co",
            "{subject}"
        );
        assert!(ticket.request.description.contains("no tengo red"));
        assert!(ticket.request.description.contains(beside));
        // What we write hangs under what she wrote.
        let written = ticket.request.message_id.as_deref();
        assert_eq!(written, Some("rosa@uspec.gov.co"));
        assert_eq!(ticket.attachments.len(), 1);
    }
}

#[tokio::test]
async fn what_is_no_user_s_mail_stays_the_writer_s() {
    let outsider = BLOCK.replace("rosa.diaz@uspec.gov.co", STRANGER);
    let ours = BLOCK.replace("rosa.diaz@uspec.gov.co", MAILBOX);
    for (from, subject, body) in [
        // A requester's stays his.
        (LUIS, "RV: No tengo red", BLOCK),
        // Not of the entity; our own mailbox; himself; not passed on at all.
        (AGENT, "RV: No tengo red", outsider.as_str()),
        (AGENT, "RV: No tengo red", ours.as_str()),
        (AGENT, "Pregunta sobre este correo", BLOCK),
        (AGENT, "RV: No tengo red", "Sin encabezado."),
    ] {
        let letter = letter("m1", from).titled(subject).saying(body);
        let (_, ticket) = ticket_of(&letter).await;
        assert_eq!(
            ticket.request.requester.person.email.as_str(),
            from,
            "{subject}"
        );
        assert_eq!(ticket.request.passed_on_by, None);
    }
    // Nor is it anybody's whose agent is not proven.
    let letter = letter("m1", AGENT)
        .titled("RV: No tengo red")
        .saying(BLOCK)
        .verdict("dmarc", "GRAY")
        .verdict("spf", "GRAY");
    let (_, ticket) = ticket_of(&letter).await;
    assert_eq!(ticket.request.requester.person.email.as_str(), AGENT);
}

#[tokio::test]
async fn a_form_writes_for_whom_it_asks_to_answer() {
    for form in ["noreply@uspec.gov.co", "no-responder@uspec.gov.co"] {
        let letter = letter("m1", form).header(&format!("Reply-To: Ana <{ANA}>"));
        let (_, ticket) = ticket_of(&letter).await;
        assert_eq!(ticket.request.requester.person.email.as_str(), ANA);
        let by = ticket.request.passed_on_by.unwrap();
        assert_eq!(by.email.as_str(), form);
    }
    // A person who asks to be answered elsewhere is himself; so is a form's mail that
    // names somebody of another house.
    for (from, answer_to) in [(LUIS, ANA), ("noreply@uspec.gov.co", STRANGER)] {
        let letter = letter("m1", from).header(&format!("Reply-To: {answer_to}"));
        let (_, ticket) = ticket_of(&letter).await;
        assert_eq!(ticket.request.requester.person.email.as_str(), from);
    }
}

#[tokio::test]
async fn a_form_of_the_catalogue_writes_for_whom_it_asks_to_answer() {
    const FORM: &str = "formularios@uspec.gov.co";
    let written = letter("m1", FORM).header(&format!("Reply-To: Ana <{ANA}>"));
    let (_, ticket) = ticket_of(&written).await;
    assert_eq!(ticket.request.requester.person.email.as_str(), FORM);
    let world = World::new().await;
    world
        .catalogue(|document| {
            document.form_senders.push(FormSender {
                email: address(FORM),
                name: "Formulario de la intranet".to_owned(),
            });
        })
        .await;
    let mailroom = started(&world).await;
    let record = takes(&world, &mailroom, &written).await;
    let ticket = case_of(&world, &record).await.ticket().await;
    assert_eq!(ticket.request.requester.person.email.as_str(), ANA);
    assert_eq!(ticket.request.passed_on_by.unwrap().email.as_str(), FORM);
}
