//! Where a text goes over into another mail: a line of dashes, the header that
//! Outlook copies, one of our own letters.

use super::{bare, bracketed_address, has_date, introduction, is_blank, starts_with, time_parts};

/// Longest header of a quoted mail, in lines: its recipients may fill some.
const HEADER_LINES: usize = 10;

/// How far the facts of one of our letters are looked for, in lines.
const LETTER_LINES: usize = 200;

/// The text of a line that dashes surround: `-----Mensaje original-----`.
fn between_dashes(line: &str) -> Option<String> {
    let line = bare(line);
    let inner = line.trim_matches(|c: char| matches!(c, '-' | '_' | '=' | ' '));
    let has_dashes = ["--", "__", "=="]
        .iter()
        .any(|dashes| line.starts_with(dashes));
    (has_dashes && !inner.is_empty() && inner.len() < 60).then(|| inner.to_lowercase())
}

pub(super) fn is_separator(line: &str) -> bool {
    between_dashes(line).is_some_and(|inner| {
        matches!(
            inner.trim_end_matches(':'),
            "mensaje original"
                | "original message"
                | "correo original"
                | "cita original"
                | "original appointment"
                | "mensagem original"
                | "message d'origine"
                | "ursprüngliche nachricht"
                | "reply message"
                | "mensaje de respuesta"
        )
    })
}

pub(super) fn is_forward(line: &str) -> bool {
    let dashed = between_dashes(line).is_some_and(|inner| {
        matches!(
            inner.as_str(),
            "forwarded message"
                | "mensaje reenviado"
                | "mensagem encaminhada"
                | "message transféré"
        )
    });
    let line = bare(line);
    dashed
        || line.eq_ignore_ascii_case("Begin forwarded message:")
        || line.eq_ignore_ascii_case("Inicio del mensaje reenviado:")
}

/// A line that a quote is meant to follow.
pub(super) fn is_rule(line: &str) -> bool {
    let line = line.trim();
    line.len() >= 5 && line.chars().all(|c| matches!(c, '-' | '_' | '='))
}

/// The header that Outlook copies above a quoted mail: who, when, to whom, about
/// what. People write such lists as well; a program's says who by an address, or when
/// to the minute. It stands after a rule or an empty line (`before` is the line before
/// it, if there is one), or has everything.
pub(super) fn is_copied_header(before: Option<&str>, lines: &[&str]) -> bool {
    let first = lines.first().map(|line| bare(line)).unwrap_or_default();
    if !["De:", "From:", "De :"]
        .iter()
        .any(|key| starts_with(first, key))
    {
        return false;
    }
    let mut left = 4 * introduction::BYTES;
    let header: Vec<String> = lines
        .iter()
        .take(HEADER_LINES)
        .map(|line| bare(line))
        .take_while(|line| {
            left = left.saturating_sub(line.len());
            !line.is_empty() && left > 0
        })
        .map(|line| line.replace('*', "").to_lowercase())
        .collect();
    let value = |keys: &[&str]| {
        header
            .iter()
            .find_map(|line| keys.iter().find_map(|key| line.strip_prefix(key)))
    };
    let sent = value(&[
        "enviado el:",
        "enviado:",
        "sent:",
        "enviada em:",
        "enviado em:",
    ]);
    let when = sent.or_else(|| value(&["fecha:", "date:", "data:"]));
    let whom = value(&["para:", "to:"]);
    let what = value(&["asunto:", "subject:", "assunto:"]);
    let is_dated = |when: &str| has_date(when) && time_parts(when).is_some();
    let is_addressed = bracketed_address(first).is_some();
    let is_sent = sent.is_some_and(is_dated);
    let said = [when, whom, what].iter().flatten().count();
    let is_apart = before.is_none_or(|line| is_blank(line) || is_rule(line));
    if is_apart {
        said >= 2 && (is_addressed || is_sent)
    } else {
        said == 3 && is_addressed && when.is_some_and(is_dated)
    }
}

/// How our letters greet.
pub(super) fn greets(line: &str) -> bool {
    [
        "Estimado(a) ",
        "Hola, ",
        "A la ",
        "Señores ",
        "Cordial saludo",
    ]
    .iter()
    .any(|word| starts_with(bare(line), word))
}

/// One of our own letters, without marks: its greeting, the number of the ticket
/// soon after, and what no requester writes: *your* request above the quoted words,
/// or the facts at the end with the number and the link.
pub(super) fn is_ours(lines: &[&str]) -> bool {
    let first = lines.first().map(|line| bare(line)).unwrap_or_default();
    if !(greets(first) && first.ends_with(':')) {
        return false;
    }
    let mut paragraphs = lines.iter().skip(1).filter(|line| !is_blank(line));
    let names_ticket = |line: &&&str| number(line) && line.to_lowercase().contains("solicitud");
    let Some(named) = paragraphs.by_ref().take(2).find(names_ticket) else {
        return false;
    };
    let is_quoted = paragraphs.next().is_some_and(|line| line.starts_with('>'));
    (starts_with(bare(named), "Su solicitud #") && is_quoted) || has_facts(lines)
}

/// Whether the number of a ticket stands there.
fn number(line: &str) -> bool {
    let number = line.split_once('#').map_or("", |(_, after)| after);
    number.bytes().take_while(u8::is_ascii_digit).count() >= 6
}

/// `Ticket: #000123`, and the title or the link right below.
fn has_facts(lines: &[&str]) -> bool {
    let mut written = lines
        .iter()
        .take(LETTER_LINES)
        .map(|line| bare(line))
        .filter(|line| !line.is_empty())
        .peekable();
    while let Some(line) = written.next() {
        let is_fact =
            (starts_with(line, "Ticket:") || starts_with(line, "Ticket |")) && number(line);
        if is_fact
            && written.peek().is_some_and(|next| {
                ["Título:", "Título |"]
                    .iter()
                    .any(|key| next.starts_with(key))
            })
        {
            return true;
        }
    }
    false
}
