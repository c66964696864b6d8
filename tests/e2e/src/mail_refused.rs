//! What is refused is on record; what nobody wrote is filed and not answered.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::{Value, json};
use workbench::people::{ANA, AUDITOR, COORDINATOR, LUIS, PRINTING, SUPPORT, SUPPORT_MAILBOX};
use workbench::{Host, Letter};

use crate::mail::{
    MARTA, OUTSIDER, asked, bring, check_balanced, check_no_dead_letters, day_of, file, record_of,
    taken, taken_at,
};
use crate::{at_once, last_mail, time};

/// Short answers that one stranger gets in an hour, as the template has it.
const ANSWERS: usize = 3;

/// The hour of a time, as senders are counted.
fn hour(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H").to_string()
}

/// The refused mails of a record's day, page by page.
#[track_caller]
fn refused(host: &Host, reader: &str, record: &Value, limit: usize) -> Vec<Value> {
    let path = format!("/mail/refused?day={}&limit={limit}", day_of(record));
    let (mut items, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = host.client(reader).get(&format!("{path}{cursor}"));
        let page = page.must_be(200).json();
        for item in page["items"].as_array().unwrap() {
            assert!(!items.contains(item), "{path}{cursor} has it again: {item}");
            items.push(item.clone());
        }
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return items,
        }
    }
}

#[track_caller]
fn check_refused(record: &Value, reason: &str) {
    assert_eq!(record["outcome"], "refused", "{record}");
    assert_eq!(record["reason"], reason, "{record}");
    assert_ne!(
        record["detail"].as_str().unwrap_or_default(),
        "",
        "{record}"
    );
}

#[test]
fn a_stranger_gets_a_short_answer_and_not_many() {
    let host = Host::start();
    let from = format!("Un Ciudadano <{OUTSIDER}>");
    let letter = |n: usize| Letter::new(&from, &format!("Queja {n}"), "Quiero poner una queja.");
    let first = letter(0);
    let record = taken(&host, &first);
    check_refused(&record, "outside_sender");
    let mails = host.mails();
    let [answer] = &mails[..] else {
        panic!("{mails:?}")
    };
    assert_eq!(answer.to, [OUTSIDER]);
    assert_eq!(answer.headers("Auto-Submitted"), ["auto-replied"]);
    let id = first.header("Message-ID");
    assert_eq!(answer.headers("In-Reply-To"), [id]);
    assert_eq!(answer.headers("References"), [id]);
    assert!(!answer.subject.contains("USPEC #"), "{}", answer.subject);
    assert!(!answer.text.contains("Quiero poner"), "{}", answer.text);

    for n in 1..=6 {
        check_refused(&taken(&host, &letter(n)), "outside_sender");
    }
    // Another stranger has his own share; so has nobody who is written for: the
    // answer goes to the envelope's sender.
    check_refused(
        &taken(
            &host,
            &Letter::new("otra@example.net", "Hola", "¿Hay alguien?"),
        ),
        "outside_sender",
    );
    let listed = refused(&host, SUPPORT[0], &record, 100);
    assert_eq!(listed.len(), 8);
    let hours = hours(listed.iter().map(|r| &r["received_at"]));
    let answers = host.mails_to(OUTSIDER).len();
    assert!((ANSWERS..=ANSWERS * hours).contains(&answers), "{answers}");
    assert_eq!(host.mails_to("otra@example.net").len(), 1);
    assert_eq!(host.mails().len(), answers + 1);
    assert!(
        host.client(COORDINATOR)
            .list("/tickets?limit=100")
            .is_empty()
    );
    let counts = check_balanced(&host, &record);
    assert_eq!(counts["refused"], 8, "{counts}");
    check_no_dead_letters(&host);
}

/// How many hours these times are of.
pub fn hours<'a>(times: impl Iterator<Item = &'a Value>) -> usize {
    let hours: BTreeSet<_> = times.map(|at| hour(time(at))).collect();
    hours.len()
}

/// A mail with more headers than any has.
fn header_bomb() -> Vec<u8> {
    let mut raw = "X-Relleno: 1\r\n".repeat(10_001).into_bytes();
    raw.extend(Letter::new(ANA, "Bomba", "Hola.").raw());
    raw
}

/// A mail whose parts are in parts are in parts.
fn too_deep() -> Vec<u8> {
    let mut raw = format!("From: {ANA}\r\nSubject: Honda\r\nMIME-Version: 1.0\r\n");
    for n in 0..60 {
        raw.push_str(&format!(
            "Content-Type: multipart/mixed; boundary=\"n{n}\"\r\n\r\n--n{n}\r\n"
        ));
    }
    raw.push_str("Content-Type: text/plain\r\n\r\nHola.\r\n");
    raw.into_bytes()
}

#[test]
fn with_its_reason_for_those_who_look_through_it() {
    let host = Host::start();
    let verdict = |verdicts: &str, subject: &str| {
        let letter = Letter::new(ANA, subject, "Un texto.");
        let (headers, body) = file("application/zip", "attachment; filename=a.zip", b"PK");
        letter
            .part(&headers, &body)
            .with("X-Local-Verdict", verdicts)
            .raw()
    };
    let nobody = Letter::new("Nadie", "De nadie", "Hola.").without("From");
    let cases: [(&str, &str, Vec<u8>); 6] = [
        ("virus", ANA, verdict("virus=FAIL", "Con virus")),
        // A virus from nobody, in a header bomb: it is the virus that counts.
        ("virus", ANA, {
            let mut raw = b"X-Local-Verdict: virus=FAIL; spam=FAIL; dmarc=FAIL\r\n".to_vec();
            raw.extend(header_bomb());
            raw
        }),
        ("spam", ANA, verdict("spam=FAIL", "Con promesas")),
        // Neither the header nor the envelope has an address.
        ("no_sender", "nadie@localhost", nobody.raw()),
        ("unreadable", ANA, header_bomb()),
        ("unreadable", ANA, too_deep()),
    ];
    let mut records = Vec::new();
    for (reason, envelope, raw) in &cases {
        let id = host.mail_in(envelope, &[SUPPORT_MAILBOX], raw).id();
        host.settle();
        let record = record_of(&host, &id);
        check_refused(&record, reason);
        records.push(record);
    }
    // Whoever belongs is told, and why; nobody is asked for anything.
    let told = host.mails();
    assert!(!told.is_empty());
    for mail in &told {
        assert_eq!(mail.to, [ANA]);
        assert_eq!(mail.subject, "Su correo no fue recibido como solicitud");
    }
    for record in &records[..2] {
        // It was not opened.
        for unread in ["from", "subject", "message_id"] {
            assert_eq!(record[unread], Value::Null, "{record}");
        }
    }

    // For the desk and those who check on it, all of it or page by page.
    let listed = refused(&host, SUPPORT[0], &records[0], 100);
    let reasons: Vec<_> = listed
        .iter()
        .map(|r| r["reason"].as_str().unwrap())
        .collect();
    let expected: Vec<_> = cases.iter().map(|(reason, ..)| *reason).collect();
    assert_eq!(reasons, expected);
    assert_eq!(listed, records);
    let day = day_of(&records[0]);
    let path = format!("/mail/refused?day={day}");
    for reader in [SUPPORT[1], PRINTING[0], COORDINATOR, AUDITOR] {
        let others = refused(&host, reader, &records[0], 100);
        assert_eq!(others, listed, "{reader}");
    }
    host.client(ANA).get(&path).problem(403, "forbidden");
    assert_eq!(host.nobody().get(&path).status, 401);
    let other = host
        .client(AUDITOR)
        .list("/mail/refused?day=2020-02-29&limit=2");
    assert!(other.is_empty());
    let wrong = [
        "/mail/refused",
        "/mail/refused?day=2026-02-30",
        "/mail/refused?day=hoy",
        &format!("{path}&limit=0"),
        &format!("{path}&limit=101"),
        &format!("{path}&cursor=x"),
        &format!("{path}&reason=virus"),
        "/reports/mail",
        "/reports/mail?day=hoy",
        &format!("/reports/mail?day={day}&limit=2"),
    ];
    for path in wrong {
        host.client(COORDINATOR)
            .get(path)
            .problem(422, "validation_failed");
    }

    // The account of the day.
    let path = format!("/reports/mail?day={day}");
    for (reader, status) in [
        (COORDINATOR, 200),
        (AUDITOR, 200),
        (SUPPORT[0], 403),
        (ANA, 403),
    ] {
        assert_eq!(host.client(reader).get(&path).status, status, "{reader}");
    }
    let counts = check_balanced(&host, &records[0]);
    assert_eq!(counts["refused"], cases.len(), "{counts}");
    check_no_dead_letters(&host);
}

#[test]
fn page_by_page() {
    let host = Host::start();
    let spam = |n: usize| Letter::new(ANA, &format!("Promesa {n}"), "Gane dinero.");
    for n in 0..5 {
        let spam = spam(n).with("X-Local-Verdict", "spam=FAIL");
        bring(&host, &spam, &[SUPPORT_MAILBOX]);
    }
    let record = taken(&host, &spam(5).with("X-Local-Verdict", "spam=FAIL"));
    let whole = refused(&host, AUDITOR, &record, 100);
    assert_eq!(whole.len(), 6);
    for limit in [1, 2, 4, 5, 6, 7] {
        assert_eq!(refused(&host, AUDITOR, &record, limit), whole, "{limit}");
    }
    // Half a cursor is none.
    let path = format!("/mail/refused?day={}&limit=2", day_of(&record));
    let auditor = host.client(AUDITOR);
    let cursor = auditor.get(&path).json()["next_cursor"].clone();
    let (half, _) = cursor.as_str().unwrap().split_at(20);
    let answer = auditor.get(&format!("{path}&cursor={half}"));
    answer.problem(422, "validation_failed");
}

#[test]
fn the_account_is_of_the_desks_own_days() {
    let host = Host::start_with(&["--now", "2026-11-25T10:02:00-05:00"]);
    let record = taken(&host, &Letter::new(ANA, "En otro día", "No abre."));
    assert_eq!(day_of(&record), "2026-11-25");
    check_balanced(&host, &record);
}

#[test]
fn the_desk_may_accept_it_after_all() {
    let host = Host::start();
    let agent = host.client(SUPPORT[0]);
    let path = |record: &Value| {
        format!(
            "/mail/refused/{}/acceptance",
            record["id"].as_str().unwrap()
        )
    };
    let (headers, body) = file("text/plain", "attachment; filename=carta.txt", b"Carta.\n");
    let from = format!("Un Ciudadano <{OUTSIDER}>");
    let letter = Letter::new(&from, "No puedo radicar", "La página no abre.").part(&headers, &body);
    let stranger = taken(&host, &letter);
    check_refused(&stranger, "outside_sender");
    let virus = Letter::new(OUTSIDER, "Foto", "Mire.").with("X-Local-Verdict", "virus=FAIL");
    let virus = taken(&host, &virus);
    let ticket = asked(&host, &Letter::new(ANA, "Lo mío", "No abre."));

    let anything = json!({});
    host.client(ANA)
        .post(&path(&stranger), &anything)
        .problem(403, "forbidden");
    host.client(AUDITOR)
        .post(&path(&stranger), &anything)
        .problem(403, "forbidden");
    agent
        .post(&path(&virus), &anything)
        .problem(409, "invalid_transition");
    agent
        .post("/mail/refused/no-hay/acceptance", &anything)
        .problem(404, "not_found");
    let unknown = json!({ "colour": "rojo" });
    agent
        .post(&path(&stranger), &unknown)
        .problem(422, "validation_failed");
    let category = json!({ "category": "astrología" });
    agent
        .post(&path(&stranger), &category)
        .problem(422, "validation_failed");
    // What was taken was not refused.
    let known = host.client(ANA).events(&ticket["number"])[0]["mail"].clone();
    agent
        .post(&path(&json!({ "id": known })), &anything)
        .problem(409, "invalid_transition");
    assert_eq!(host.client(COORDINATOR).list("/tickets?limit=100").len(), 1);

    // Ten at once make one ticket.
    let answers = at_once(10, |_| agent.post(&path(&stranger), &anything));
    let (made, late): (Vec<_>, Vec<_>) = answers.into_iter().partition(|a| a.status == 201);
    let [made] = &made[..] else {
        panic!("{made:?} {late:?}")
    };
    for answer in &late {
        answer.problem(409, "invalid_transition");
    }
    let accepted = made.json();
    let number = &accepted["number"];
    assert_eq!(made.header("location"), format!("/tickets/{number}"));
    agent
        .post(&path(&stranger), &anything)
        .problem(409, "invalid_transition");
    assert_eq!(accepted["title"], "No puedo radicar");
    assert_eq!(accepted["channel"], "email");
    assert_eq!(accepted["category"], "plataforma");
    let requester = json!({ "email": OUTSIDER, "name": "Un Ciudadano" });
    assert_eq!(accepted["requester"], requester);
    assert_eq!(accepted["attachments"][0]["name"], "carta.txt");
    host.settle();
    let registered = &host.client(COORDINATOR).events(number)[0];
    assert_eq!(registered["actor"]["email"], SUPPORT[0], "{registered}");
    assert_eq!(registered["mail"], stranger["id"], "{registered}");
    let listed = refused(&host, SUPPORT[0], &stranger, 100);
    let listed = listed.iter().find(|r| r["id"] == stranger["id"]).unwrap();
    assert_eq!(listed["accepted"]["by"]["email"], SUPPORT[0], "{listed}");
    assert_eq!(listed["accepted"]["ticket"]["number"], *number, "{listed}");

    // From then on he may answer, and the thread is his.
    let told = last_mail(&host, OUTSIDER, "Solicitud registrada");
    let id = letter.header("Message-ID");
    assert_eq!(told.headers("In-Reply-To"), [id]);
    let answer = Letter::new(OUTSIDER, "Re:", "Gracias.").answering(&told);
    let record = taken_at(&host, &answer, told.reply_to());
    assert_eq!(record["became"], "follow_up", "{record}");
    assert_eq!(record["ticket"]["number"], *number, "{record}");

    // One that cannot be read needs to be told what it is about.
    let id = host.mail_in(ANA, &[SUPPORT_MAILBOX], &too_deep()).id();
    host.settle();
    let unread = record_of(&host, &id);
    agent
        .post(&path(&unread), &anything)
        .problem(422, "validation_failed");
    let wishes = json!({
        "category": "redes",
        "requester": { "email": LUIS, "name": "Luis Rojas" },
    });
    let made = agent.post(&path(&unread), &wishes).must_be(201).json();
    assert_eq!(made["category"], "redes");
    assert_eq!(made["requester"]["email"], LUIS);
    host.settle();
    check_balanced(&host, &record);
    check_no_dead_letters(&host);
}

#[test]
fn nothing_automatic_is_answered() {
    let host = Host::start();
    let with = |name: &str, value: &str| {
        Letter::new(ANA, &format!("{name}: {value}"), "Texto.").with(name, value)
    };
    let letters = [
        with("Auto-Submitted", "auto-replied"),
        with("Auto-Submitted", "auto-generated (vacaciones)"),
        with(
            "Auto-Submitted",
            "auto-notified; owner-email=\"ana@uspec.gov.co\"",
        ),
        with("auto-submitted", "AUTO-REPLIED"),
        with("Precedence", "bulk"),
        with("Precedence", "junk"),
        with("List-Unsubscribe", "<mailto:baja@uspec.gov.co>"),
        with("X-Autoreply", "yes"),
        // From strangers, too.
        with("Auto-Submitted", "auto-replied").with("From", OUTSIDER),
        with("List-Id", "<ofertas.example.com>").with("From", OUTSIDER),
    ];
    for letter in &letters {
        bring(&host, letter, &[SUPPORT_MAILBOX]);
    }
    // The null path.
    let bounced = Letter::new(ANA, "Sin camino de vuelta", "Texto.");
    host.mail_in("", &[SUPPORT_MAILBOX], &bounced.raw()).id();
    let daemon = Letter::new(
        "MAILER-DAEMON@example.com",
        "Undelivered Mail",
        "550 5.1.1 no such user",
    );
    let id = host.mail_in("", &[SUPPORT_MAILBOX], &daemon.raw()).id();
    host.settle();
    assert!(host.mails().is_empty(), "{:?}", host.mails());
    assert!(
        host.client(COORDINATOR)
            .list("/tickets?limit=100")
            .is_empty()
    );
    let counts = check_balanced(&host, &record_of(&host, &id));
    assert_eq!(counts["filed"], letters.len() + 2, "{counts}");

    // A person says so.
    let person = with("Auto-Submitted", "no").with("Cc", MARTA);
    let ticket = asked(&host, &person);
    assert_eq!(host.mails().len(), 3);

    // What we sent comes back: as it was, without what relays take away, and as
    // somebody's answer that nobody wrote.
    let sent = last_mail(&host, ANA, "Solicitud registrada");
    let away = Letter::new(ANA, "Re: fuera de la oficina", "No estoy.").answering(&sent);
    let echoes = [
        (Letter::copy_of(&sent), SUPPORT_MAILBOX),
        (Letter::copy_of(&sent).without("X-"), SUPPORT_MAILBOX),
        (
            Letter::copy_of(&sent).without("Auto-Submitted"),
            SUPPORT_MAILBOX,
        ),
        (Letter::copy_of(&sent).with("From", MARTA), sent.reply_to()),
        (away.with("Precedence", "auto_reply"), sent.reply_to()),
    ];
    for (n, (letter, to)) in echoes.into_iter().enumerate() {
        let letter = letter.with("Message-ID", &format!("<eco-{n}@correo.example.com>"));
        let record = taken_at(&host, &letter, to);
        assert_eq!(record["outcome"], "filed", "{record}");
    }
    assert_eq!(host.mails().len(), 3);
    assert_eq!(host.client(COORDINATOR).list("/tickets?limit=100").len(), 1);
    let after = host.client(COORDINATOR).ticket(&ticket["number"]);
    assert_eq!(after["status"], "assigned", "{after}");
    check_no_dead_letters(&host);
}
