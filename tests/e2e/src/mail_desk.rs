//! What officers and providers answer by mail (activities 9 to 11), and what
//! becomes of mail of ours that comes back.

use serde_json::{Value, json};
use workbench::people::{ANA, COORDINATOR, OFFICER, PROVIDER, SUPPORT, SUPPORT_MAILBOX};
use workbench::{Host, Letter, Mail};

use crate::mail::OUTSIDER;
use crate::mail::{check_balanced, check_no_dead_letters, file, taken, taken_at};
use crate::{assigned, assignee, call_of, check_letters, last_mail};

/// A ticket of Ana's that the desk escalated to the officer; gives the mail that
/// told him of it, too.
fn escalated(host: &Host) -> (Value, Mail) {
    let ticket = assigned(&host.client(ANA), "plataforma", "El portal no abre");
    let wanted = json!({ "officer": OFFICER, "justification": "El servidor no responde." });
    host.client(assignee(&ticket))
        .command(&ticket["number"], "escalation", &wanted)
        .must_be(200);
    host.settle();
    (
        ticket,
        last_mail(host, OFFICER, "Solicitud escalada a usted"),
    )
}

#[test]
fn an_officer_notes_and_reports_the_solution() {
    let host = Host::start();
    let staff = host.client(COORDINATOR);
    for (n, first_line) in ["#solucion", "  #Solución ", "#SOLUCION"]
        .iter()
        .enumerate()
    {
        let (ticket, told) = escalated(&host);
        let (number, agent) = (&ticket["number"], assignee(&ticket));
        let mut letters = vec![
            ("Solicitud registrada", ANA),
            ("Solicitud asignada a usted", agent),
            ("Solicitud escalada a usted", OFFICER),
        ];
        check_letters(&host, &ticket, &letters);

        // What he writes is for the desk.
        let letter = Letter::new(OFFICER, "Re:", "Reviso el #solucion del servidor.")
            .answering(&told)
            .with("Cc", ANA);
        let record = taken_at(&host, &letter, told.reply_to());
        assert_eq!(record["became"], "follow_up", "{record}");
        let event = staff.events(number).pop().unwrap();
        assert_eq!(event["kind"], "followed_up", "{event}");
        assert_eq!(event["data"]["visibility"], "internal", "{event}");
        let actor = json!({ "email": OFFICER, "role": "officer" });
        assert_eq!(event["actor"], actor);
        let seen = host.client(ANA).event_kinds(number);
        assert_eq!(seen, ["registered", "assigned", "escalated"]);
        let mut sent = host.letters(&ticket);
        sent.retain(|letter| !letters.contains(&(&*letter.0, &*letter.1)));
        let [(kind, to)] = &sent[..] else {
            panic!("{sent:?}")
        };
        assert_eq!(to, agent);
        let note = last_mail(&host, agent, kind);
        assert!(note.text.contains("Reviso el #solucion"), "{}", note.text);
        letters.push((kind, agent));

        // The first line says that this is the solution.
        let text = format!(
            "{first_line}\n\nSe reinició el servidor {n}.\n\nEl lun, 23 nov 2026, Mesa de Ayuda escribió:\n> El portal no abre\n"
        );
        let letter = Letter::new(OFFICER, "Re:", &text).answering(&told);
        let record = taken_at(&host, &letter, SUPPORT_MAILBOX);
        assert_eq!(record["became"], "solution_report", "{record}");
        let reported = staff.ticket(number);
        let report = &reported["solution_reported"];
        assert_eq!(report["body"], format!("Se reinició el servidor {n}."));
        assert_eq!(report["by"]["email"], OFFICER, "{report}");
        let event = staff.events(number).pop().unwrap();
        assert_eq!(event["kind"], "solution_reported", "{event}");
        assert_eq!(event["mail"], record["id"], "{event}");
        let subject = "La Oficina de Tecnología reporta la solución";
        letters.extend([(subject, agent), (subject, SUPPORT_MAILBOX)]);
        letters.push(("Qué pasó con su correo", OFFICER));
        check_letters(&host, &ticket, &letters);
        check_balanced(&host, &record);
    }
}

/// Asks the provider of a ticket that was escalated, and gives his mail.
fn provider_asked(host: &Host, ticket: &Value) -> Mail {
    let wanted = json!({ "provider": "redes_externo", "message": "Favor revisar el enlace." });
    host.client(OFFICER)
        .command(&ticket["number"], "provider", &wanted)
        .must_be(200);
    host.settle();
    last_mail(host, PROVIDER, "Solicitud de soporte externo")
}

#[test]
fn a_provider_answers_with_the_token_and_from_his_own_domain() {
    let host = Host::start();
    let staff = host.client(COORDINATOR);
    let (ticket, _) = escalated(&host);
    let number = &ticket["number"];
    let asked = provider_asked(&host, &ticket);
    let waiting = staff.ticket(number);
    assert_eq!(waiting["hold_reason"], "provider");
    assert_eq!(waiting["clocks"]["solution"]["state"], "paused");
    let (headers, body) = file(
        "text/plain",
        "attachment; filename=informe.txt",
        b"Todo bien.\n",
    );
    let letter = |from: &str| {
        Letter::new(
            from,
            "RE: Solicitud de soporte externo",
            "El enlace quedó arriba.",
        )
        .part(&headers, &body)
    };

    // The token in other hands, and his hands without the token.
    let nearly = "soporte@proveedor-redes.example.com.co";
    let other_provider = "soporte@proveedor-impresion.example.com";
    for (letter, to) in [
        (letter(nearly).answering(&asked), asked.reply_to()),
        (letter(other_provider).answering(&asked), asked.reply_to()),
        (letter("alguien@example.com"), asked.reply_to()),
        (letter(PROVIDER), SUPPORT_MAILBOX),
    ] {
        let record = taken_at(&host, &letter, to);
        assert_eq!(record["outcome"], "refused", "{record}");
        assert_eq!(record["reason"], "outside_sender", "{record}");
        assert_eq!(staff.ticket(number), waiting);
    }

    let mails = host.mails().len();
    let from = "Ingeniería <tecnico@proveedor-redes.example.com>";
    let record = taken_at(&host, &letter(from).answering(&asked), asked.reply_to());
    assert_eq!(record["became"], "provider_reply", "{record}");
    let back = staff.ticket(number);
    assert_eq!(back["status"], "on_hold", "{back}");
    assert_eq!(back["hold_reason"], "technology", "{back}");
    assert_eq!(back["clocks"]["solution"]["state"], "running", "{back}");
    let files = &back["attachments"];
    assert_eq!(files[0]["name"], "informe.txt", "{back}");
    assert_eq!(files.as_array().unwrap().len(), 1, "{back}");
    // His evidence is for those who work on it, as his words are.
    let ana = host.client(ANA);
    assert_eq!(ana.ticket(number)["attachments"], json!([]));
    let file = format!(
        "/tickets/{number}/attachments/{}",
        files[0]["id"].as_str().unwrap()
    );
    ana.get(&file).problem(404, "not_found");
    assert_eq!(host.client(OFFICER).get(&file).status, 302);
    let seen = ana.event_kinds(number);
    assert!(!seen.contains(&"attachments_added".to_owned()), "{seen:?}");
    let events = staff.events(number);
    let event = events.iter().find(|e| e["kind"] == "provider_replied");
    let event = event.unwrap();
    let actor = json!({ "email": "tecnico@proveedor-redes.example.com", "role": "provider" });
    assert_eq!(event["actor"], actor);
    assert_eq!(event["data"]["body"], "El enlace quedó arriba.", "{event}");
    assert_eq!(event["mail"], record["id"], "{event}");
    // The officer is told, and nobody else.
    assert_eq!(host.mails().len(), mails + 1);
    let told = last_mail(&host, OFFICER, "El proveedor respondió");
    assert_eq!(told.to, [OFFICER]);
    assert!(
        told.text.contains("El enlace quedó arriba."),
        "{}",
        told.text
    );

    // What he writes after that is a note for the officer.
    let more = Letter::new(PROVIDER, "RE:", "Va el acta.").answering(&asked);
    let record = taken_at(&host, &more, asked.reply_to());
    assert_eq!(record["became"], "follow_up", "{record}");
    let event = staff.events(number).pop().unwrap();
    assert_eq!(event["data"]["visibility"], "internal", "{event}");
    assert_eq!(staff.ticket(number)["hold_reason"], "technology");
    check_balanced(&host, &record);
    check_no_dead_letters(&host);
}

/// His own system may drop the address that answers go to: he is known by what he
/// answers, from his own domain. Nobody else is.
#[test]
fn a_provider_is_known_by_what_he_answers() {
    let host = Host::start();
    let (ticket, _) = escalated(&host);
    let asked = provider_asked(&host, &ticket);
    let letter = Letter::new(PROVIDER, "RE:", "El enlace quedó arriba.").answering(&asked);
    let stranger = taken(&host, &letter.clone().with("From", OUTSIDER));
    assert_eq!(stranger["outcome"], "refused", "{stranger}");
    assert_eq!(stranger["reason"], "outside_sender", "{stranger}");
    let waiting = host.client(COORDINATOR).ticket(&ticket["number"]);
    assert_eq!(waiting["hold_reason"], "provider");
    let record = taken(&host, &letter);
    assert_eq!(record["became"], "provider_reply", "{record}");
    let ticket = host.client(COORDINATOR).ticket(&ticket["number"]);
    assert_eq!(ticket["hold_reason"], "technology");
}

/// Whatever is sent there comes back as undeliverable.
const GONE: &str = "bounce@simulator.amazonses.com";
const ALSO_GONE: &str = "bounce+otro@simulator.amazonses.com";

#[test]
fn who_cannot_be_reached_is_not_written_to_again() {
    let host = Host::start();
    let staff = host.client(COORDINATOR);
    let agent = host.client(SUPPORT[0]);
    let call = call_of("No tiene correo", "plataforma", (GONE, "Pedro Ruiz"));
    let ticket = agent.post("/tickets", &call).must_be(201).json();
    let number = &ticket["number"];
    host.settle();
    let ticket = staff.ticket(number);
    let bounced = || {
        let events = staff.events(number).into_iter();
        events
            .filter(|event| event["kind"] == "mail_bounced")
            .collect::<Vec<_>>()
    };
    let [event] = &bounced()[..] else {
        panic!("{:?}", bounced())
    };
    assert_eq!(event["data"]["recipient"], GONE, "{event}");
    assert_eq!(event["actor"]["role"], "system", "{event}");
    assert_eq!(
        host.client(GONE).get(&format!("/tickets/{number}")).status,
        404
    );
    let responsible = assignee(&ticket);
    let expected = vec![
        ("Solicitud registrada", GONE),
        ("Solicitud asignada a usted", responsible),
        ("Un correo no llegó", responsible),
        ("Un correo no llegó", SUPPORT_MAILBOX),
    ];
    check_letters(&host, &ticket, &expected);
    let told = last_mail(&host, responsible, "Un correo no llegó");
    assert!(told.text.contains(GONE), "{}", told.text);

    // Nothing more goes there, of this ticket or of another.
    let note = json!({ "body": "Lo llamamos.", "visibility": "public" });
    host.client(responsible)
        .command(number, "followups", &note)
        .must_be(200);
    let again = agent.post("/tickets", &call).must_be(201).json();
    host.settle();
    assert_eq!(host.mails_to(GONE).len(), 1);
    assert_eq!(bounced().len(), 1);
    check_letters(&host, &ticket, &expected);
    check_told(&host, &staff.ticket(&again["number"]));

    a_stranger_who_cannot_be_reached(&host);
}

/// Who reports a mail of ours as spam gets no more of them either.
#[test]
fn who_complains_is_not_written_to_again() {
    const ANNOYED: &str = "complaint@simulator.amazonses.com";
    let host = Host::start();
    let staff = host.client(COORDINATOR);
    let call = call_of("No quiere correo", "redes", (ANNOYED, "Rosa Díaz"));
    let agent = host.client(SUPPORT[0]);
    let ticket = agent.post("/tickets", &call).must_be(201).json();
    host.settle();
    let ticket = staff.ticket(&ticket["number"]);
    let events = staff.events(&ticket["number"]).into_iter();
    let complaints: Vec<_> = events.filter(|e| e["kind"] == "mail_bounced").collect();
    let [event] = &complaints[..] else {
        panic!("{complaints:?}")
    };
    assert_eq!(event["data"]["recipient"], ANNOYED, "{event}");
    assert_eq!(event["data"]["why"], "complaint", "{event}");
    let responsible = assignee(&ticket);
    let told = last_mail(&host, responsible, "Un correo no llegó");
    assert!(told.text.contains("no deseado"), "{}", told.text);

    host.client(responsible)
        .command(
            &ticket["number"],
            "resolution",
            &json!({ "solution": "Listo." }),
        )
        .must_be(200);
    host.settle();
    assert_eq!(host.mails_to(ANNOYED).len(), 1);
    host.audit(&["--grace", "0"]).must_be_clean();
}

/// The desk is told that nobody hears of a ticket: in its mailbox, and whoever
/// has it, should it have been assigned by then.
fn check_told(host: &Host, ticket: &Value) {
    let mut told = host.letters(ticket);
    let assigned = ("Solicitud asignada a usted", assignee(ticket));
    let mailbox = ("Un correo no llegó", SUPPORT_MAILBOX);
    for expected in [assigned, mailbox] {
        let mut letters = told.iter();
        let place = letters.position(|(kind, to)| (kind.as_str(), to.as_str()) == expected);
        told.remove(place.unwrap());
    }
    let of_agent = ("Un correo no llegó".to_owned(), assignee(ticket).to_owned());
    assert!(told.is_empty() || told == [of_agent], "{told:?}");
}

/// The short answer does not arrive either; his request is taken all the same.
fn a_stranger_who_cannot_be_reached(host: &Host) {
    let record = taken(
        host,
        &Letter::new(ALSO_GONE, "Ayuda", "Soy contratista nuevo."),
    );
    assert_eq!(record["reason"], "outside_sender", "{record}");
    assert_eq!(host.mails_to(ALSO_GONE).len(), 1);
    let record = taken(host, &Letter::new(ALSO_GONE, "Ayuda", "¿Hola?"));
    assert_eq!(host.mails_to(ALSO_GONE).len(), 1);
    let path = format!(
        "/mail/refused/{}/acceptance",
        record["id"].as_str().unwrap()
    );
    let agent = host.client(SUPPORT[0]);
    let ticket = agent.post(&path, &json!({})).must_be(201).json();
    assert_eq!(ticket["requester"]["email"], ALSO_GONE, "{ticket}");
    host.settle();
    let ticket = host.client(COORDINATOR).ticket(&ticket["number"]);
    check_told(host, &ticket);
    assert_eq!(host.mails_to(ALSO_GONE).len(), 1);
    check_balanced(host, &record);
    check_no_dead_letters(host);
}
