//! Replies: they find their ticket, and nobody else's.

use serde_json::{Value, json};
use workbench::people::{ANA, COORDINATOR, LUIS, SUPPORT_MAILBOX};
use workbench::{Host, Letter};

use crate::mail::{MARTA, asked, bring, check_balanced, record_of, taken, taken_at};
use crate::{assignee, last_mail, solution, survey_of};

/// Ana's request by mail, assigned, with Marta in copy.
fn request(host: &Host) -> Value {
    let letter = Letter::new(
        &format!("Ana Pérez <{ANA}>"),
        "No abre el portal",
        "Desde hoy no abre.",
    );
    asked(host, &letter.with("Cc", MARTA))
}

/// The ticket and its events as staff sees them.
#[track_caller]
fn look(host: &Host, ticket: &Value) -> (Value, Vec<Value>) {
    let reader = host.client(COORDINATOR);
    (
        reader.ticket(&ticket["number"]),
        reader.events(&ticket["number"]),
    )
}

/// The last event of a ticket.
#[track_caller]
fn last_event(host: &Host, ticket: &Value) -> Value {
    look(host, ticket).1.pop().unwrap()
}

/// A record says that the mail did this to this ticket.
#[track_caller]
fn check_became(record: &Value, ticket: &Value, became: &str) {
    assert_eq!(record["outcome"], "follow_up", "{record}");
    assert_eq!(record["became"], became, "{record}");
    assert_eq!(record["ticket"]["id"], ticket["id"], "{record}");
}

/// A record says that the mail became a ticket of its sender's own; gives it.
#[track_caller]
fn check_own(host: &Host, record: &Value, requester: &str, other: &Value) -> Value {
    assert_eq!(record["outcome"], "ticket", "{record}");
    assert_ne!(record["ticket"]["id"], other["id"], "{record}");
    let ticket = host.client(COORDINATOR).ticket(&record["ticket"]["number"]);
    assert_eq!(ticket["requester"]["email"], requester, "{ticket}");
    ticket
}

#[test]
fn by_what_they_answer_or_where_they_go() {
    let host = Host::start();
    let ticket = request(&host);
    let sent = last_mail(&host, ANA, "Solicitud registrada");
    let id = sent.message_id();
    let quoted = |words: &str| {
        format!(
            "{words}\n\nEl lun, 23 nov 2026 a las 8:15, Mesa de Ayuda USPEC <{SUPPORT_MAILBOX}> escribió:\n\n\
             > Su solicitud quedó registrada.\n> Conserve este número.\n"
        )
    };
    let letter = |words: &str| Letter::new(ANA, "Re: lo del portal", &quoted(words));
    let references = format!("<otro@correo.example.com> {id} <uno-mas@correo.example.com>");
    let cases = [
        (
            letter("Sigue sin abrir.").with("In-Reply-To", id),
            SUPPORT_MAILBOX,
        ),
        (
            letter("Ahora dice otra cosa.").with("References", &references),
            SUPPORT_MAILBOX,
        ),
        (letter("Solo con la dirección."), sent.reply_to()),
        (
            letter("Como responde un programa de correo.").answering(&sent),
            sent.reply_to(),
        ),
    ];
    let agent = assignee(&ticket);
    for (n, (letter, to)) in cases.iter().enumerate() {
        let record = taken_at(&host, letter, to);
        check_became(&record, &ticket, "follow_up");
        let event = last_event(&host, &ticket);
        assert_eq!(event["kind"], "followed_up", "{event}");
        assert_eq!(event["data"]["visibility"], "public", "{event}");
        let body = event["data"]["body"].as_str().unwrap();
        assert!(letter_says(letter, body), "{event}");
        assert!(!body.contains("Conserve"), "{event}");
        assert_eq!(event["mail"], record["id"], "{event}");
        let actor = json!({ "email": ANA, "role": "requester" });
        assert_eq!(event["actor"], actor, "{event}");
        let told = host.mails_to(agent).into_iter();
        let told = told.filter(|mail| mail.kind() == "El solicitante escribió");
        assert_eq!(told.count(), n + 1);
        let to_agent = last_mail(&host, agent, "El solicitante escribió");
        assert!(to_agent.text.contains(body), "{}", to_agent.text);
    }
    assert_eq!(host.client(COORDINATOR).list("/tickets?limit=100").len(), 1);
    // Who wrote it knows.
    let to_ana = host
        .letters(&ticket)
        .into_iter()
        .filter(|(_, to)| to == ANA);
    assert_eq!(to_ana.count(), 1);

    // Marta reads along, and may say something, too.
    let to_marta = last_mail(&host, MARTA, "En copia de una solicitud");
    let letter = Letter::new(MARTA, "Re:", "A mí me pasa igual.").answering(&to_marta);
    let record = taken(&host, &letter);
    check_became(&record, &ticket, "follow_up");
    assert_eq!(last_event(&host, &ticket)["actor"]["email"], MARTA);

    // So may the agent: what he answers to our notice reaches Ana.
    let to_agent = last_mail(&host, agent, "El solicitante escribió");
    let letter = Letter::new(agent, "Re:", "Ya lo vi, es el proxy.")
        .with("Cc", ANA)
        .answering(&to_agent);
    let record = taken_at(&host, &letter, to_agent.reply_to());
    check_became(&record, &ticket, "follow_up");
    assert_eq!(last_event(&host, &ticket)["data"]["visibility"], "public");
    let to_ana = last_mail(&host, ANA, "Nuevo seguimiento");
    assert!(to_ana.text.contains("es el proxy"), "{}", to_ana.text);
    // With the word for it, it stays inside, and he is told so.
    let mails = host.mails_to(ANA).len();
    let letter = Letter::new(agent, "Re:", "#nota\n\nNo le digan del proxy.").answering(&to_agent);
    let record = taken_at(&host, &letter, to_agent.reply_to());
    check_became(&record, &ticket, "follow_up");
    assert_eq!(last_event(&host, &ticket)["data"]["visibility"], "internal");
    assert_eq!(host.mails_to(ANA).len(), mails);
    let told = last_mail(&host, agent, "Qué pasó con su correo");
    assert!(
        told.text.contains("quedó como nota interna"),
        "{}",
        told.text
    );
    check_balanced(&host, &record);
}

/// Whether these are the words that the letter begins with, and no others.
fn letter_says(letter: &Letter, body: &str) -> bool {
    let raw = String::from_utf8(letter.raw()).unwrap();
    let (_, text) = raw.split_once("\r\n\r\n").unwrap();
    text.lines().next() == Some(body)
}

#[test]
fn nobody_acts_on_what_is_not_his() {
    let host = Host::start();
    let ticket = request(&host);
    let sent = last_mail(&host, ANA, "Solicitud registrada");
    let number = ticket["number"].as_u64().unwrap();
    let before = look(&host, &ticket);

    // Luis is of the entity: whatever he tries becomes a request of his own.
    let tag = format!("Re: [USPEC #{number:06}] Solicitud registrada: No abre el portal");
    let guessed = format!("soporte+{}@uspec.gov.co", "a".repeat(52));
    let short = "soporte+1@uspec.gov.co";
    let letter = |subject: &str| Letter::new(LUIS, subject, "Ciérrenla.");
    let guesses = [
        (letter(&tag), SUPPORT_MAILBOX),
        (letter("Re: por la dirección"), &guessed),
        (letter("Re: por el número"), short),
    ];
    for (letter, to) in &guesses {
        let record = taken_at(&host, letter, to);
        let own = check_own(&host, &record, LUIS, &ticket);
        assert_eq!(own["links"], json!([]), "{own}");
    }
    assert_eq!(look(&host, &ticket), before);
    // What answers a mail that was passed on to him is linked, for the desk's eyes.
    let passed_on = [
        (
            letter("Re: por lo que responde").answering(&sent),
            SUPPORT_MAILBOX,
        ),
        (letter("Re: por la dirección de Ana"), sent.reply_to()),
        (
            letter("Re: por todo a la vez").answering(&sent),
            sent.reply_to(),
        ),
    ];
    let mut own = Value::Null;
    for (letter, to) in &passed_on {
        let record = taken_at(&host, letter, to);
        own = check_own(&host, &record, LUIS, &ticket);
        assert_eq!(own["links"][0]["number"], ticket["number"], "{own}");
        let event = last_event(&host, &ticket);
        assert_eq!(event["kind"], "linked", "{event}");
        assert_eq!(event["data"]["link"]["number"], own["number"], "{event}");
        let told = last_mail(&host, assignee(&ticket), "Otra persona respondió un correo");
        assert!(
            told.text
                .contains(&format!("#{:06}", own["number"].as_u64().unwrap()))
        );
    }
    // Neither Ana nor Luis hears of the other's.
    let kinds = host.client(ANA).event_kinds(&ticket["number"]);
    assert!(!kinds.iter().any(|kind| kind == "linked"), "{kinds:?}");
    let seen = host.client(LUIS).ticket(&own["number"]);
    assert_eq!(seen["links"], json!([]), "{seen}");
    let before = look(&host, &ticket);
    // Nor does Ana's own number in the subject reach it.
    let record = taken(&host, &Letter::new(ANA, &tag, "¿Y entonces?"));
    check_own(&host, &record, ANA, &ticket);
    assert_eq!(look(&host, &ticket), before);

    // The token of one ticket and an answer to another: what is his is acted on,
    // and nothing else, whichever of the two it is.
    let to_luis = last_mail(&host, LUIS, "Solicitud registrada");
    let luis = Letter::new(LUIS, "Re:", "Mi correo, con la dirección de Ana.");
    let record = taken_at(&host, &luis.answering(&to_luis), sent.reply_to());
    check_became(&record, &own, "follow_up");
    let luis = Letter::new(LUIS, "Re:", "El correo de Ana, con mi dirección.");
    let record = taken_at(&host, &luis.answering(&sent), to_luis.reply_to());
    check_became(&record, &own, "follow_up");
    assert_eq!(look(&host, &ticket), before);
    check_balanced(&host, &record);
}

#[test]
fn a_sender_who_is_not_proven_touches_nothing() {
    let host = Host::start();
    let ticket = request(&host);
    let sent = last_mail(&host, ANA, "Solicitud registrada");
    let before = look(&host, &ticket);
    let mails = host.mails().len();
    let letter = |verdicts: &str| {
        Letter::new(ANA, "Re: lo del portal", "Ya no hace falta.")
            .answering(&sent)
            .with("X-Local-Verdict", verdicts)
    };
    // Her domain disowns it: nothing at all, and nobody is answered.
    let disowned = letter("dmarc=FAIL; dmarc-policy=reject; spf=FAIL; dkim=FAIL");
    let record = taken_at(&host, &disowned, sent.reply_to());
    assert_eq!(record["outcome"], "refused", "{record}");
    assert_eq!(record["reason"], "unauthenticated", "{record}");
    assert_eq!(look(&host, &ticket), before);
    assert_eq!(host.mails().len(), mails);

    // Nobody vouches for it: it may ask, as anybody may at the desk.
    for (envelope, verdicts) in [
        ("alguien@example.com", "dmarc=GRAY; dkim=GRAY"),
        (ANA, "dmarc=GRAY; dkim=GRAY; spf=FAIL"),
        (ANA, "dmarc=GRAY; dkim=GRAY; spf=GRAY"),
    ] {
        let raw = letter(verdicts).raw();
        let id = host.mail_in(envelope, &[sent.reply_to()], &raw).id();
        host.settle();
        check_own(&host, &record_of(&host, &id), ANA, &ticket);
        assert_eq!(look(&host, &ticket), before, "{envelope} {verdicts}");
    }
    // What is proven is about the one address in `From`.
    let proven = || letter("dmarc=PASS");
    for letter in [
        proven().with("From", &format!("{ANA}, {LUIS}")),
        proven()
            .with("From", ANA)
            .with("Sender", ANA)
            .without("From"),
        proven().without("From"),
    ] {
        let id = host.mail_in(ANA, &[sent.reply_to()], &letter.raw()).id();
        host.settle();
        let record = record_of(&host, &id);
        assert_ne!(record["outcome"], "follow_up", "{record}");
        assert_eq!(look(&host, &ticket), before, "{letter:?}");
    }
    // The very domain vouches for the very sender: that is he.
    let aligned = letter("dmarc=GRAY; dkim=GRAY; spf=PASS");
    let record = taken_at(&host, &aligned, sent.reply_to());
    check_became(&record, &ticket, "follow_up");
    check_balanced(&host, &record);
}

#[test]
fn after_the_solution() {
    let host = Host::start();
    let ticket = request(&host);
    let number = &ticket["number"];
    let staff = host.client(COORDINATOR);
    let agent = host.client(assignee(&ticket));
    let resolve = || {
        agent
            .command(number, "resolution", &solution())
            .must_be(200);
        host.settle();
        last_mail(&host, ANA, "Solicitud resuelta")
    };
    let solved = resolve();

    // Nobody wrote this one: it is filed, and the solution stands.
    let away = Letter::new(
        ANA,
        "Respuesta automática: Solicitud resuelta",
        "Estoy de vacaciones.",
    )
    .answering(&solved)
    .with("Auto-Submitted", "auto-replied");
    let mails = host.mails().len();
    for envelope in ["", ANA] {
        let away = away
            .clone()
            .with("Message-ID", &format!("<{}.away@x.co>", envelope.len()));
        let id = host
            .mail_in(envelope, &[solved.reply_to()], &away.raw())
            .id();
        host.settle();
        let record = record_of(&host, &id);
        assert_eq!(record["outcome"], "filed", "{record}");
        assert_eq!(record["ticket"]["id"], ticket["id"], "{record}");
        let event = last_event(&host, &ticket);
        assert_eq!(event["kind"], "mail_filed", "{event}");
        assert_eq!(event["mail"], record["id"], "{event}");
        assert!(event["data"].to_string().contains("vacaciones"), "{event}");
    }
    assert_eq!(staff.ticket(number)["status"], "solved");
    assert_eq!(host.mails().len(), mails);

    // Who was copied has no say in it, but may say something.
    let to_marta = last_mail(&host, MARTA, "Solicitud resuelta");
    let letter = Letter::new(MARTA, "Re:", "A mí no me abre.").answering(&to_marta);
    let record = taken_at(&host, &letter, to_marta.reply_to());
    check_became(&record, &ticket, "follow_up");
    assert_eq!(staff.ticket(number)["status"], "solved");

    // The requester has.
    let letter = Letter::new(ANA, "Re:", "Sigue igual.").answering(&solved);
    let record = taken_at(&host, &letter, solved.reply_to());
    check_became(&record, &ticket, "reopened");
    let reopened = staff.ticket(number);
    assert_eq!(reopened["status"], "assigned", "{reopened}");
    assert_eq!(reopened["reopened"], 1, "{reopened}");
    let event = last_event(&host, &ticket);
    assert_eq!(event["kind"], "reopened", "{event}");
    assert_eq!(event["data"]["reason"], "Sigue igual.", "{event}");
    assert_eq!(event["mail"], record["id"], "{event}");
    let told = last_mail(&host, assignee(&ticket), "Solución rechazada");
    assert!(told.text.contains("Sigue igual."), "{}", told.text);

    a_closed_one_is_followed_by_another(&host, &ticket, || {
        resolve();
        let answer = json!({ "solved": true, "rating": 5 });
        host.nobody()
            .post(&survey_of(&host, ANA), &answer)
            .must_be(200);
        host.settle();
    });
}

/// A reply to a closed ticket is a new one, and either knows of the other.
fn a_closed_one_is_followed_by_another(host: &Host, ticket: &Value, close: impl Fn()) {
    close();
    let staff = host.client(COORDINATOR);
    let closed = last_mail(host, ANA, "Solicitud cerrada");
    let letter = Letter::new(
        ANA,
        "Re: [USPEC #000001] Solicitud cerrada: No abre el portal",
        "Volvió a fallar.",
    );
    let letter = letter.answering(&closed);
    let record = taken_at(host, &letter, closed.reply_to());
    let next = check_own(host, &record, ANA, ticket);
    let title = next["title"].as_str().unwrap();
    assert!(title.ends_with("No abre el portal"), "{title}");
    assert!(!title.contains("USPEC #"), "{title}");
    let link = |ticket: &Value| json!({ "id": ticket["id"], "number": ticket["number"] });
    assert_eq!(next["links"], json!([link(ticket)]), "{next}");
    let old = staff.ticket(&ticket["number"]);
    assert_eq!(old["status"], "closed", "{old}");
    assert_eq!(old["links"], json!([link(&next)]), "{old}");
    assert_eq!(last_event(host, ticket)["kind"], "linked");

    // The same mail again links nothing twice; an automatic one opens nothing.
    bring(host, &letter, &[closed.reply_to()]);
    let away = Letter::new(ANA, "Fuera de la oficina", "No estoy.").answering(&closed);
    let away = away.with("Auto-Submitted", "auto-replied");
    let filed = taken_at(host, &away, closed.reply_to());
    assert_eq!(filed["outcome"], "filed", "{filed}");
    assert_eq!(staff.ticket(&ticket["number"]), old);
    assert_eq!(staff.list("/tickets?limit=100").len(), 2);
    let counts = check_balanced(host, &record);
    assert_eq!(counts["duplicate"], 1, "{counts}");
}
