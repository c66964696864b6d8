//! Every mail of `tests/mails`, beside which stands what it says.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use mailreader::{Automatic, Mailbox, Origin, Outcome, Reading, Unreadable};
use serde::Deserialize;

/// A mail of the suite.
pub struct Case {
    pub name: String,
    pub raw: Vec<u8>,
    pub expected: Expected,
}

/// What stands beside a mail. What is left out is not looked at, except where the
/// field says what that means.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expected {
    /// What the mail is there for.
    #[serde(rename = "why")]
    _why: String,
    pub envelope_from: Option<String>,
    /// [`Unreadable::code`]; then nothing else counts.
    pub refused: Option<String>,
    /// Empty for none.
    message_id: Option<String>,
    /// `address Name`, empty for nobody.
    from: Option<String>,
    /// Left out: the one address in `From`.
    origin: Option<String>,
    to: Option<Vec<String>>,
    cc: Option<Vec<String>>,
    /// Empty for none.
    subject: Option<String>,
    /// Left out: none.
    #[serde(default)]
    answers: Vec<String>,
    text: Option<String>,
    /// Parts of the text.
    #[serde(default)]
    text_has: Vec<String>,
    /// Left out: all of the text.
    reply: Option<String>,
    /// Left out: the reply, nothing being folded between its lines.
    shown: Option<String>,
    /// Left out: none.
    #[serde(default)]
    attachments: Vec<ExpectedFile>,
    /// Left out: a person wrote.
    automatic: Option<String>,
    #[serde(default)]
    own: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ExpectedFile {
    name: String,
    #[serde(rename = "type")]
    content_type: String,
    size: usize,
    #[serde(default)]
    inline: bool,
}

/// The whole suite, in the order of names.
pub fn cases() -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/mails");
    let mut cases: Vec<Case> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "eml"))
        .map(|path| {
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            let expected = fs::read_to_string(path.with_extension("toml"))
                .unwrap_or_else(|e| panic!("{name}.toml: {e}"));
            Case {
                raw: fs::read(&path).unwrap(),
                expected: toml::from_str(&expected).unwrap_or_else(|e| panic!("{name}: {e}")),
                name,
            }
        })
        .collect();
    cases.sort_by(|a, b| a.name.cmp(&b.name));
    cases
}

#[test]
fn the_whole_suite() {
    let cases = cases();
    let mut wrong = String::new();
    for case in &cases {
        let read = mailreader::read(&case.raw, case.expected.envelope_from.as_deref());
        let differences = differences(&case.expected, &read);
        if !differences.is_empty() {
            write!(wrong, "\n{}.eml\n{differences}", case.name).unwrap();
        }
    }
    assert!(wrong.is_empty(), "read otherwise than expected:\n{wrong}");
    assert!(cases.len() >= 150, "{} mails are left", cases.len());
}

/// What was read otherwise than expected: field by field, both values.
fn differences(expected: &Expected, read: &Result<Reading<'_>, Unreadable>) -> String {
    let mut out = String::new();
    let mut compare = |field: &str, expected: &str, found: &str| {
        if expected != found {
            let shown = |text: &str| text.replace('\n', "\n              ");
            writeln!(out, "  {field}\n    expected: {}", shown(expected)).unwrap();
            writeln!(out, "    found:    {}", shown(found)).unwrap();
        }
    };
    let reading = match (read, &expected.refused) {
        (Err(reason), refused) => {
            let refused = refused.as_deref().unwrap_or("(read)");
            compare("refused", refused, reason.code());
            return out;
        }
        (Ok(_), Some(refused)) => {
            compare("refused", refused, "(read)");
            return out;
        }
        (Ok(reading), None) => reading,
    };
    let mut optional = |field: &str, expected: &Option<String>, found: String| {
        if let Some(expected) = expected {
            compare(field, expected, &found);
        }
    };
    optional(
        "message_id",
        &expected.message_id,
        reading.message_id.clone().unwrap_or_default(),
    );
    optional(
        "from",
        &expected.from,
        reading.from.as_ref().map(person).unwrap_or_default(),
    );
    optional(
        "to",
        &expected.to.as_ref().map(|to| to.join(", ")),
        people(&reading.to),
    );
    optional(
        "cc",
        &expected.cc.as_ref().map(|cc| cc.join(", ")),
        people(&reading.cc),
    );
    optional(
        "subject",
        &expected.subject,
        reading.subject.clone().unwrap_or_default(),
    );
    optional("text", &expected.text, reading.text.clone());
    for part in &expected.text_has {
        if !reading.text.contains(part) {
            compare("text, a part of it", part, &reading.text);
        }
    }
    compare(
        "reply",
        expected.reply.as_ref().unwrap_or(&reading.text),
        &reading.reply,
    );
    compare(
        "shown",
        expected.shown.as_ref().unwrap_or(&reading.reply),
        &reading.shown,
    );
    compare(
        "origin",
        expected.origin.as_deref().unwrap_or("from"),
        origin(reading.origin),
    );
    compare(
        "answers",
        &expected.answers.join(" "),
        &reading.answers.join(" "),
    );
    compare(
        "automatic",
        expected.automatic.as_deref().unwrap_or("(a person)"),
        &reading
            .automatic
            .as_ref()
            .map_or_else(|| "(a person)".to_owned(), automatic),
    );
    compare("own", &expected.own.to_string(), &reading.own.to_string());
    let files = |lines: Vec<String>| lines.join("\n");
    compare(
        "attachments",
        &files(
            expected
                .attachments
                .iter()
                .map(|f| file(&f.name, &f.content_type, f.size, f.inline))
                .collect(),
        ),
        &files(
            reading
                .attachments
                .iter()
                .map(|f| file(&f.name, &f.content_type, f.bytes().len(), f.inline))
                .collect(),
        ),
    );
    out
}

fn file(name: &str, content_type: &str, size: usize, inline: bool) -> String {
    let place = if inline { " (inline)" } else { "" };
    format!("{name} | {content_type} | {size} bytes{place}")
}

fn person(mailbox: &Mailbox) -> String {
    match &mailbox.name {
        Some(name) => format!("{} {name}", mailbox.address),
        None => mailbox.address.to_string(),
    }
}

fn people(mailboxes: &[Mailbox]) -> String {
    mailboxes.iter().map(person).collect::<Vec<_>>().join(", ")
}

fn origin(origin: Origin) -> &'static str {
    match origin {
        Origin::From => "from",
        Origin::SeveralInFrom => "several_in_from",
        Origin::Sender => "sender",
        Origin::Envelope => "envelope",
        Origin::Nobody => "nobody",
    }
}

fn automatic(automatic: &Automatic) -> String {
    let about = |id: &Option<String>| {
        id.as_ref()
            .map_or(String::new(), |id| format!(" about={id}"))
    };
    match automatic {
        Automatic::DeliveryReport(report) => {
            let outcome = match report.outcome {
                Outcome::PermanentFailure => "permanent_failure",
                Outcome::TemporaryFailure => "temporary_failure",
                Outcome::Delivered => "delivered",
            };
            let mut line = format!("delivery_report {outcome}{}", about(&report.about));
            if let Some(recipient) = &report.recipient {
                write!(line, " recipient={recipient}").unwrap();
            }
            if let Some(reason) = &report.reason {
                write!(line, " reason={reason}").unwrap();
            }
            line
        }
        Automatic::ReadReceipt { about: id } => format!("read_receipt{}", about(id)),
        Automatic::AutoReplied => "auto_replied".to_owned(),
        Automatic::CalendarAnswer => "calendar_answer".to_owned(),
        Automatic::AutoGenerated => "auto_generated".to_owned(),
        Automatic::MailingList => "mailing_list".to_owned(),
        Automatic::Bulk => "bulk".to_owned(),
        Automatic::AnswersUnwanted => "answers_unwanted".to_owned(),
        Automatic::NullReturnPath => "null_return_path".to_owned(),
    }
}
