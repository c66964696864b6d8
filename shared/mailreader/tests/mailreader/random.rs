//! Random mails: bytes, pieces of mails put together, and the suite's mails damaged.
//! `PROPTEST_CASES` says how many of each; any that fails belongs into the suite.

use std::sync::LazyLock;

use mailreader::limits::{ANSWERS, MAILBOXES, PARTS, SUBJECT_CHARS, TEXT_BYTES};
use mailreader::{Reading, Unreadable, read};
use proptest::prelude::*;
use proptest::sample::Index;
use types::file_name::LONGEST;
use types::ids::{parse_line, parse_text};

use crate::suite;

static MAILS: LazyLock<Vec<Vec<u8>>> =
    LazyLock::new(|| suite::cases().into_iter().map(|case| case.raw).collect());

fn config() -> ProptestConfig {
    ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

/// What holds of every mail there is.
fn check(raw: &[u8], envelope_from: Option<&str>) {
    let first = read(raw, envelope_from);
    assert_eq!(
        first,
        read(raw, envelope_from),
        "the same mail, the same reading"
    );
    match first {
        Ok(reading) => check_reading(&reading, raw.len()),
        Err(reason) => assert_ne!(reason, Unreadable::Defect),
    }
}

fn check_reading(reading: &Reading<'_>, raw_length: usize) {
    assert!(reading.text.len() <= TEXT_BYTES);
    assert!(
        parse_text("text", &reading.text, usize::MAX)
            .map_or_else(|e| e.code == "required", |_| true)
    );
    assert_eq!(reading.text.is_empty(), reading.reply.is_empty());
    let lines = |text: &str| {
        text.lines()
            .map(|l| l.trim_end().to_owned())
            .collect::<Vec<_>>()
    };
    let mut text = lines(&reading.text).into_iter();
    for line in lines(&reading.reply) {
        assert!(
            text.any(|known| known == line),
            "{line:?} is no line of the text, or not in its order"
        );
    }
    if let Some(subject) = &reading.subject {
        let parsed = parse_line("subject", subject, SUBJECT_CHARS);
        assert!(
            parsed.map_or_else(|e| e.code == "required", |p| p == *subject),
            "{subject:?}"
        );
    }
    assert!(reading.to.len() <= MAILBOXES && reading.cc.len() <= MAILBOXES);
    let people = reading.from.iter().chain(&reading.to).chain(&reading.cc);
    for name in people.filter_map(|mailbox| mailbox.name.as_ref()) {
        assert!(
            !name.is_empty() && !name.chars().any(char::is_control),
            "{name:?}"
        );
    }
    assert!(reading.answers.len() <= ANSWERS);
    for id in reading.answers.iter().chain(&reading.message_id) {
        let is_odd = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '<' | '>');
        assert!(!id.is_empty() && !id.contains(is_odd), "{id:?}");
    }
    assert!(reading.attachments.len() <= PARTS);
    let mut bytes = 0;
    for file in &reading.attachments {
        bytes += file.bytes().len();
        let is_odd = |c: char| c.is_control() || matches!(c, '/' | '\\' | '\u{202e}');
        let name = file.name.as_str();
        assert!(
            !name.contains(is_odd) && !name.starts_with('.') && !name.ends_with(['.', ' ']),
            "{name:?}"
        );
        assert!((1..=LONGEST).contains(&name.len()), "{name:?}");
        assert!(file.content_type.contains('/') && file.content_type.is_ascii());
    }
    assert!(
        bytes <= raw_length,
        "{bytes} bytes of files in {raw_length}"
    );
}

/// Pieces that mails consist of, damaged ones among them.
const PIECES: [&str; 100] = [
    "\r\n",
    "\n",
    "\r",
    "\r\n\r\n",
    "\n\n",
    " ",
    "\t",
    "\0",
    ":",
    ";",
    ",",
    "\"",
    "<",
    ">",
    "(",
    ")",
    "=",
    "'",
    "*",
    "--",
    "--b",
    "--b\r\n",
    "--b--\r\n",
    "\r\n--b\r\n",
    "\r\n--b--\r\n",
    "--c\r\n",
    "\r\n--c--\r\n",
    "From: ",
    "To: ",
    "Cc: ",
    "Sender: ",
    "Subject: ",
    "Message-ID: ",
    "In-Reply-To: ",
    "References: ",
    "Return-Path: ",
    "Content-Type: ",
    "Content-Transfer-Encoding: ",
    "Content-Disposition: ",
    "Content-ID: <1>\r\n",
    "Auto-Submitted: ",
    "Precedence: ",
    "X-Auto-Response-Suppress: ",
    "List-Id: x\r\n",
    "X-USPEC-Ticket: x\r\n",
    "X-Failed-Recipients: ",
    "Action: failed\r\n",
    "Status: 5.1.1\r\n",
    "Final-Recipient: rfc822; ",
    "Diagnostic-Code: smtp; 550",
    "text/plain",
    "text/html",
    "multipart/mixed",
    "multipart/alternative",
    "multipart/related",
    "multipart/report",
    "multipart/signed",
    "multipart/digest",
    "message/rfc822",
    "message/delivery-status",
    "message/disposition-notification",
    "text/calendar",
    "application/ms-tnef",
    "image/png",
    "; boundary=b",
    "; boundary=\"c\"",
    "; charset=utf-8",
    "; charset=gb18030",
    "; charset=iso-2022-jp",
    "; charset=utf-16",
    "; charset=utf-7",
    "; format=flowed",
    "; name=\"../a.pdf\"",
    "; filename*0*=utf-8''a%C3",
    "; filename*1*=%B1.pdf",
    "base64\r\n",
    "quoted-printable\r\n",
    "no",
    "auto-replied",
    "bulk",
    "ana@x.co",
    "<ana@x.co>",
    "=?utf-8?Q?a=C3?=",
    "=?utf-8?B?sQ==?=",
    "=?gb18030?B?xOM=?=",
    "SG9sYQ==",
    "=C3=B1",
    "=\r\n",
    "Hola ñ",
    "#solucion\r\n",
    "> ",
    "-- \r\n",
    "El 23/11/2026 a las 8:15, Ana escribió:\r\n",
    "De: a\r\nEnviado el: b\r\nPara: c\r\n",
    "<p>",
    "<blockquote>",
    "<a href=\"http://x\">",
    "<script>",
    "&nbsp;",
    "<div style=display:none>",
];

/// A piece, or bytes that are in no piece.
fn piece() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        12 => any::<Index>().prop_map(|at| at.get(&PIECES).as_bytes().to_vec()),
        1 => proptest::collection::vec(any::<u8>(), 1..8),
        1 => proptest::collection::vec(0x80..=0xff_u8, 1..4),
    ]
}

/// A header that a reader goes past, so that the pieces after it are a body.
fn opening() -> impl Strategy<Value = Vec<u8>> {
    let openings: [&[u8]; 6] = [
        b"",
        b"From: ana@x.co\r\n",
        b"Subject: x\r\n\r\n",
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n",
        b"Content-Type: multipart/report; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\n",
        b"In-Reply-To: <a@b>\r\nContent-Type: text/html\r\n\r\n",
    ];
    any::<Index>().prop_map(move |at| at.get(&openings).to_vec())
}

/// One way to damage a mail.
#[derive(Clone, Debug)]
enum Damage {
    Flip(Index, u8),
    Cut(Index),
    Remove(Index, usize),
    Repeat(Index, usize),
    Insert(Index, Vec<u8>),
    /// A stretch of another mail.
    Splice(Index, Index, Index, usize),
}

fn damage() -> impl Strategy<Value = Damage> {
    let at = any::<Index>;
    prop_oneof![
        4 => (at(), 0..8_u8).prop_map(|(at, bit)| Damage::Flip(at, 1 << bit)),
        1 => at().prop_map(Damage::Cut),
        2 => (at(), 1..200_usize).prop_map(|(at, length)| Damage::Remove(at, length)),
        2 => (at(), 1..200_usize).prop_map(|(at, length)| Damage::Repeat(at, length)),
        3 => (at(), piece()).prop_map(|(at, bytes)| Damage::Insert(at, bytes)),
        2 => (at(), at(), at(), 1..400_usize).prop_map(|(at, mail, from, length)| Damage::Splice(at, mail, from, length)),
    ]
}

fn damaged(mut raw: Vec<u8>, damages: Vec<Damage>) -> Vec<u8> {
    for damage in damages {
        if raw.is_empty() {
            break;
        }
        let size = raw.len();
        match damage {
            Damage::Flip(at, bit) => raw[at.index(size)] ^= bit,
            Damage::Cut(at) => raw.truncate(at.index(size)),
            Damage::Remove(at, length) => {
                let at = at.index(size);
                raw.drain(at..size.min(at + length));
            }
            Damage::Repeat(at, length) => {
                let at = at.index(size);
                let copy = raw[at..size.min(at + length)].to_vec();
                raw.splice(at..at, copy);
            }
            Damage::Insert(at, bytes) => {
                let at = at.index(size);
                raw.splice(at..at, bytes);
            }
            Damage::Splice(at, mail, from, length) => {
                let other = mail.get(&MAILS);
                if !other.is_empty() {
                    let from = from.index(other.len());
                    let copy = other[from..other.len().min(from + length)].to_vec();
                    let at = at.index(size);
                    raw.splice(at..at, copy);
                }
            }
        }
    }
    raw
}

fn envelope() -> impl Strategy<Value = Option<String>> {
    prop_oneof![
        Just(None),
        Just(Some("<>".to_owned())),
        Just(Some("ana@x.co".to_owned())),
        "\\PC{0,12}".prop_map(Some),
    ]
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn any_bytes(raw in proptest::collection::vec(any::<u8>(), 0..2_000), envelope in envelope()) {
        check(&raw, envelope.as_deref());
    }

    #[test]
    fn any_pieces(
        opening in opening(),
        pieces in proptest::collection::vec(piece(), 0..80),
        envelope in envelope(),
    ) {
        let mut raw = opening;
        raw.extend(pieces.concat());
        check(&raw, envelope.as_deref());
    }

    #[test]
    fn any_damage(mail in any::<Index>(), damages in proptest::collection::vec(damage(), 1..12)) {
        check(&damaged(mail.get(&MAILS).clone(), damages), None);
    }
}

#[test]
fn the_suite_itself() {
    for case in suite::cases() {
        check(&case.raw, case.expected.envelope_from.as_deref());
        for end in 0..case.raw.len().min(3_000) {
            if let Ok(reading) = read(&case.raw[..end], None) {
                check_reading(&reading, end);
            }
        }
    }
}
