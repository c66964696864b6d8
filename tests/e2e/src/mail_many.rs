//! The same mail twice, too many of one sender, two desks that write to each
//! other, and whatever else the world sends.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use workbench::people::{ANA, COORDINATOR, LUIS, SUPPORT_MAILBOX};
use workbench::{Chance, Host, Letter, Mail, eventually};

use crate::mail::{bring, check_balanced, check_no_dead_letters, record_of, taken};
use crate::mail_refused::hours;
use crate::{at_once, last_mail};

/// Longer than it takes to carry some hundred mails.
const MANY: Duration = Duration::from_secs(120);

/// Mails that are worked on at once, as the template has it.
const AT_WORK: usize = 2;

/// Mails of one sender that are taken in an hour, as the template has it.
const MAILS: usize = 20;

#[test]
fn the_same_mail_is_one_ticket() {
    let host = Host::start();
    let staff = host.client(COORDINATOR);
    let titles = || {
        let tickets = staff.list("/tickets?limit=100").into_iter();
        let mut titles: Vec<_> = tickets
            .map(|t| t["title"].as_str().unwrap().to_owned())
            .collect();
        titles.sort();
        titles
    };
    let once_more = Letter::new(ANA, "Dos veces", "No abre.");
    let first = taken(&host, &once_more);
    let second = taken(&host, &once_more);
    assert_eq!(first["outcome"], "ticket", "{first}");
    assert_eq!(second["outcome"], "duplicate", "{second}");
    assert_eq!(second["of"], first["id"], "{second}");
    let sent = host.mails().len();
    assert_eq!(sent, 2);

    let at_the_same_time = Letter::new(ANA, "Diez veces", "No abre.");
    let ids = at_once(10, |_| bring(&host, &at_the_same_time, &[SUPPORT_MAILBOX]));
    host.settle_within(MANY);
    let mut outcomes: Vec<_> = ids
        .iter()
        .map(|id| record_of(&host, id)["outcome"].clone())
        .collect();
    outcomes.sort_by_key(Value::to_string);
    let mut expected = vec![json!("duplicate"); 9];
    expected.push(json!("ticket"));
    assert_eq!(outcomes, expected);
    assert_eq!(titles(), ["Diez veces", "Dos veces"]);
    assert_eq!(host.mails().len(), 4);

    // A reply, twice: one follow-up.
    let told = last_mail(&host, ANA, "Solicitud registrada");
    let reply = Letter::new(ANA, "Re:", "Sigue igual.").answering(&told);
    assert_eq!(taken(&host, &reply)["outcome"], "follow_up");
    assert_eq!(taken(&host, &reply)["outcome"], "duplicate");

    // Somebody else's mail under the same id is another mail; so are two without.
    let taken_over = once_more
        .clone()
        .with("From", LUIS)
        .with("Subject", "El id de otro");
    assert_eq!(taken(&host, &taken_over)["outcome"], "ticket");
    let anonymous = Letter::new(LUIS, "Sin id", "No abre.").without("Message-ID");
    for _ in 0..2 {
        assert_eq!(taken(&host, &anonymous)["outcome"], "ticket");
    }
    assert_eq!(titles().len(), 5);
    let counts = check_balanced(&host, &first);
    assert_eq!(counts["duplicate"], 11, "{counts}");
    check_no_dead_letters(&host);
}

#[test]
fn a_storm_is_refused_on_record() {
    const COUNT: usize = 200;
    const LINES: usize = 4;
    let host = Host::start();
    let ids = at_once(LINES, |line| {
        let mut smtp = host.smtp();
        let bring = |n: usize| {
            let letter = Letter::new(ANA, &format!("Alarma {n}"), "El disco está lleno.");
            smtp.send(ANA, &[SUPPORT_MAILBOX], &letter.raw()).id()
        };
        let mine = (line..COUNT).step_by(LINES);
        mine.map(bring).collect::<Vec<_>>()
    });
    host.settle_within(MANY);
    let records: Vec<_> = ids.concat().iter().map(|id| record_of(&host, id)).collect();
    let hours = hours(records.iter().map(|record| &record["received_at"]));
    let (taken_in, rest): (Vec<_>, Vec<_>) = records
        .iter()
        .partition(|record| record["outcome"] == "ticket");
    let count = taken_in.len();
    assert!((MAILS..=MAILS * hours).contains(&count), "{count}");
    for record in rest {
        assert_eq!(record["outcome"], "refused", "{record}");
        assert_eq!(record["reason"], "flood", "{record}");
    }
    let tickets = host.client(COORDINATOR).list("/tickets?limit=100");
    assert_eq!(tickets.len(), count);
    // And he is told, once an hour.
    let mails = host.mails_to(ANA);
    let (registered, told): (Vec<_>, Vec<_>) = mails
        .iter()
        .partition(|mail| mail.subject.contains("Solicitud registrada"));
    assert_eq!(registered.len(), count);
    assert!((1..=hours).contains(&told.len()), "{told:?}");
    assert!(
        told.iter()
            .all(|mail| mail.subject.contains("no fue recibido"))
    );
    let counts = check_balanced(&host, &records[0]);
    assert_eq!(counts["ticket"], count, "{counts}");
    assert_eq!(counts["refused"], COUNT - count, "{counts}");
    // Others are not kept waiting.
    let luis = taken(&host, &Letter::new(LUIS, "Lo mío", "No abre."));
    assert_eq!(luis["outcome"], "ticket", "{luis}");
    check_no_dead_letters(&host);
    // A refusal costs no number, but for those that are at the limit together.
    let last = luis["ticket"]["number"].as_u64().unwrap();
    let void = last - count as u64 - 1;
    assert!(void <= (AT_WORK * hours) as u64, "{void} numbers are void");
}

#[test]
fn more_files_than_a_ticket_can_hold() {
    let host = Host::start();
    let letter = |subject: &str| {
        let name = "n".repeat(190);
        (0..900).fold(
            Letter::new(ANA, subject, "Van los registros."),
            |letter, n| {
                let headers = format!("Content-Disposition: attachment; filename={name}{n}.txt");
                letter.part(&headers, "Sin novedad.")
            },
        )
    };
    assert_eq!(taken(&host, &letter("Registros"))["outcome"], "ticket");
    // Its own is large already. What does not fit is said so; it does not come
    // back until it is given up.
    let told = last_mail(&host, ANA, "Solicitud registrada");
    let id = bring(&host, &letter("Re:").answering(&told), &[SUPPORT_MAILBOX]);
    let record = eventually("the reply has an outcome", || {
        let record = record_of(&host, &id);
        (!record.is_null()).then_some(record)
    });
    check_balanced(&host, &record);
}

/// Another entity's desk of the same make.
const OTHER_DESK: &str = "mesa@otra.gov.co";

/// Carries to one desk what another sent to its addresses, from the `carried`th
/// mail on, and says how many mails that were.
fn carry(from: &Host, to: &Host, carried: &mut usize, lost_on_the_way: &[&str]) -> usize {
    let mails: Vec<Mail> = from.mails().split_off(*carried);
    *carried += mails.len();
    let arrives = |mail: &Mail| {
        let letter = lost_on_the_way
            .iter()
            .fold(Letter::copy_of(mail), |letter, prefix| {
                letter.without(prefix)
            });
        let recipients: Vec<_> = mail.to.iter().map(String::as_str).collect();
        // Whoever is not the other desk is not its business.
        let reply = to.mail_in(letter.sender(), &recipients, &letter.raw());
        assert!(matches!(reply.code, 250 | 550), "{}", reply.text);
        reply.code == 250
    };
    mails.iter().filter(|mail| arrives(mail)).count()
}

#[test]
fn two_desks_do_not_write_to_each_other_for_ever() {
    // Each takes whoever writes for a requester, or tells him that it does not.
    for policy in ["accept", "refuse"] {
        let policy = format!("OutsideSenders={policy}");
        let ours = Host::start_with(&["--parameter", &policy]);
        let theirs = Host::start_with(&[
            "--parameter",
            &policy,
            "--parameter",
            "EntityDomains=otra.gov.co",
            "--parameter",
            "MailFrom=mesa@otra.gov.co",
            "--parameter",
            "ReplyAddress=respuestas@otra.gov.co",
            "--parameter",
            "HelpDeskMailbox=mesa@otra.gov.co",
            "--parameter",
            "PrintingMailbox=impresion@otra.gov.co",
        ]);
        let (mut of_ours, mut of_theirs) = (0, 0);
        // Relays take headers away that they do not know, or all of them.
        for strip in [&[][..], &["X-"], &["X-", "Auto-Submitted"]] {
            let letter = Letter::new(OTHER_DESK, "Consulta entre mesas", "¿Quién atiende esto?");
            bring(&ours, &letter, &[SUPPORT_MAILBOX]);
            let letter =
                Letter::new(SUPPORT_MAILBOX, "Otra consulta", "¿Quién?").with("To", OTHER_DESK);
            bring(&theirs, &letter, &[OTHER_DESK]);
            let mut written = [0, 0];
            loop {
                ours.settle();
                theirs.settle();
                let to_them = carry(&ours, &theirs, &mut of_ours, strip);
                let to_us = carry(&theirs, &ours, &mut of_theirs, strip);
                written = [written[0] + to_them, written[1] + to_us];
                assert!(
                    written.iter().all(|n| *n <= 3),
                    "{policy} {strip:?}: {written:?}"
                );
                if to_them + to_us == 0 {
                    break;
                }
            }
            eprintln!("{policy}, without {strip:?}: {written:?} mails");
            // What comes from one of its own mailboxes a desk does not answer.
            assert!(written.iter().any(|n| *n >= 1), "{policy}: {written:?}");
        }
        check_no_dead_letters(&ours);
        check_no_dead_letters(&theirs);
    }
}

/// The mails of the corpus, as they come over the line.
fn corpus() -> Vec<(String, Vec<u8>)> {
    let directory =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/mailreader/tests/mails");
    let files = std::fs::read_dir(directory)
        .unwrap()
        .map(|f| f.unwrap().path());
    let mut mails: Vec<_> = files
        .filter(|path| path.extension().is_some_and(|e| e == "eml"))
        .map(|path| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            (name, std::fs::read(path).unwrap())
        })
        .collect();
    mails.sort();
    mails
}

/// The envelope's sender: what a mail's return path says, where it has one.
fn envelope_of(raw: &[u8]) -> String {
    let text = String::from_utf8_lossy(raw);
    let head = text.split("\r\n\r\n").next().unwrap_or_default();
    let path = head.lines().find_map(|l| l.strip_prefix("Return-Path:"));
    let path = path.unwrap_or(ANA).trim().trim_start_matches('<');
    path.split('>').next().unwrap_or_default().trim().to_owned()
}

#[test]
fn whatever_the_world_sends_has_one_outcome() {
    let mails = corpus();
    assert!(!mails.is_empty());
    let mut chance = Chance::seeded_by("MAIL_SEED");
    eprintln!("MAIL_SEED={}", chance.0);
    let host = Host::start_with(&[
        "--parameter",
        "MailsPerSenderHour=1000",
        "--parameter",
        "OutsideSenders=accept",
    ]);
    let mut order: Vec<usize> = (0..mails.len()).chain(0..mails.len()).collect();
    chance.shuffle(&mut order);
    let mut smtp = host.smtp();
    let mut ids = Vec::new();
    for index in order {
        let (name, raw) = &mails[index];
        let reply = smtp.send(&envelope_of(raw), &[SUPPORT_MAILBOX], raw);
        assert_eq!(reply.code, 250, "{name}: {}", reply.text);
        ids.push((name, reply.id()));
    }
    host.settle_within(MANY);

    let mut first_of: HashSet<&str> = HashSet::new();
    let mut last = Value::Null;
    let mut seen: HashMap<&str, Vec<String>> = HashMap::new();
    for (name, id) in &ids {
        let record = record_of(&host, id);
        let outcome = record["outcome"].as_str();
        let outcome = outcome.unwrap_or_else(|| panic!("{name} is not on record"));
        let reason = record["reason"].as_str().or(record["what"].as_str());
        let reason = reason.unwrap_or_default();
        seen.entry(name)
            .or_default()
            .push(format!("{outcome} {reason}"));
        // The same mail, that is: another one may have the same id.
        if outcome == "ticket" && record["message_id"].is_string() {
            assert!(first_of.insert(name), "{name} is two tickets: {record}");
        }
        last = record;
    }
    let mut seen: Vec<_> = seen.into_iter().collect();
    seen.sort();
    for (name, outcomes) in seen {
        eprintln!("{name}: {}", outcomes.join(", "));
    }
    let counts = check_balanced(&host, &last);
    let sum: u64 = counts
        .as_object()
        .unwrap()
        .values()
        .map(|n| n.as_u64().unwrap())
        .sum();
    assert_eq!(sum, ids.len() as u64, "{counts}");
    check_no_dead_letters(&host);
}
