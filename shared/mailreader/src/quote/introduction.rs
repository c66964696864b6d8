//! Lines that introduce a quote: `El lun, 23 nov 2026 a las 8:15, … escribió:`.

use types::ids::EmailAddress;

use super::{bare, bracketed_address, has_date, is_blank, letter, starts_with, time_parts};

/// Longest introduction of a quote, in bytes and in lines.
pub(super) const BYTES: usize = 600;
const LINES: usize = 4;

const WROTE: [&str; 8] = [
    "escribió",
    "escribio",
    "wrote",
    "escreveu",
    "a écrit",
    "schrieb",
    "ha scritto",
    "writes",
];

/// What a line introduces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Introduction {
    /// Lines with marks, after so many lines of introduction.
    OfQuote(usize),
    /// Lines with marks; a person may have written it.
    Perhaps,
    /// All that follows, without marks: a mail of ours, or a program's words alone.
    OfTheRest,
}

/// Whether the lines begin with an introduction, in one line or folded.
pub(super) fn introduction(lines: &[&str], to: &[EmailAddress]) -> Option<Introduction> {
    let first = lines.first().map(|line| bare(line))?;
    if first.is_empty() || first.starts_with('>') {
        return None;
    }
    let (length, joined) = match folded(lines) {
        Some(found) => found,
        None if is_loose(first) && is_quote_next(lines.get(1..)?) => {
            return Some(Introduction::Perhaps);
        }
        None => return None,
    };
    let rest = lines.get(length..).unwrap_or_default();
    if is_quote_next(rest) {
        Some(Introduction::OfQuote(length))
    } else if is_of_a_mail(&joined, rest, to) {
        Some(Introduction::OfTheRest)
    } else {
        None
    }
}

fn is_quote_next(lines: &[&str]) -> bool {
    let mut lines = lines.iter().take(LINES);
    lines
        .find(|line| !is_blank(line))
        .is_some_and(|line| line.starts_with('>'))
}

fn begins_with_word(line: &str) -> bool {
    ["El ", "On ", "Em ", "Le ", "Am ", "Il ", "----"]
        .iter()
        .any(|word| starts_with(line, word))
}

/// The number of lines of an introduction, and its text in one line.
fn folded(lines: &[&str]) -> Option<(usize, String)> {
    let first = bare(lines.first()?);
    let begins = begins_with_word(first)
        || first.starts_with(|c: char| c.is_ascii_digit())
        || first.contains('@');
    let mut joined = String::new();
    for (at, line) in lines.iter().take(LINES).enumerate() {
        let line = bare(line);
        if line.is_empty() || line.starts_with('>') || joined.len() + line.len() > BYTES {
            return None;
        }
        // Only what says when or who goes on in the next line.
        if at > 0 && !(begins && (has_date(&joined) || joined.contains('@'))) {
            return None;
        }
        // One of its own begins here: what came before is none of it.
        if at > 0 && begins_with_word(line) && is_introduction(line) {
            return None;
        }
        if at > 0 {
            joined.push(' ');
        }
        joined.push_str(line);
        if is_introduction(&joined) {
            return Some((at + 1, joined));
        }
    }
    None
}

fn is_introduction(line: &str) -> bool {
    let lower = line.to_lowercase();
    if !lower.contains('@') && !has_date(&lower) {
        return false;
    }
    // Zoho: `---- El lun, 23 nov 2026 08:15:00 -0500 Ana <ana@x.co> escribió ----`
    let dashed = lower
        .strip_prefix("----")
        .and_then(|l| l.strip_suffix("----"));
    if let Some(inner) = dashed {
        return ends_with_verb(inner.trim());
    }
    let Some(before) = lower.strip_suffix(':') else {
        // Some forget the colon: then all the rest has to be there.
        return ends_with_verb(&lower) && is_complete(&lower);
    };
    let before = before.trim_end();
    // `Ana <ana@x.co> escribió el 23/11/2026:`
    let verb_and_date = [" escribió el ", " escribio el ", " wrote on "]
        .iter()
        .filter_map(|verb| before.split_once(verb))
        .any(|(who, when)| !is_first_person(who) && has_date(when));
    // `2026-11-23 8:15 GMT-05:00 Ana Pérez <ana@x.co>:`
    let date_and_address = before.ends_with('>') && is_complete(before);
    ends_with_verb(before) || verb_and_date || date_and_address
}

/// A date with a time, and an address in brackets.
fn is_complete(text: &str) -> bool {
    has_date(text) && time_parts(text).is_some() && bracketed_address(text).is_some()
}

/// `… escribió`, and not `… me escribió`: no program speaks of itself.
fn ends_with_verb(text: &str) -> bool {
    WROTE
        .iter()
        .filter_map(|verb| text.strip_suffix(verb))
        .any(|who| !is_first_person(who) && !who.ends_with(char::is_alphanumeric))
}

fn is_first_person(before_verb: &str) -> bool {
    let last = before_verb.split_whitespace().next_back();
    last.is_some_and(|word| {
        matches!(
            word,
            "me" | "nos" | "le" | "les" | "te" | "lo" | "se" | "nous" | "m'" | "mi" | "ya" | "no"
        )
    })
}

/// What introduces marked lines whatever it begins with: it ends in a colon and has
/// a date, or says that somebody wrote.
fn is_loose(line: &str) -> bool {
    let lower = line.to_lowercase();
    let Some(before) = lower.strip_suffix(':') else {
        return false;
    };
    let before = before.trim_end();
    let verb = WROTE.iter().find_map(|verb| before.strip_suffix(verb));
    match verb {
        Some(who) => !is_first_person(who),
        None => has_date(before),
    }
}

/// Whether what follows without marks is a whole mail: one from where this mail goes
/// to, one of our own letters, or one whose time only a program would give.
fn is_of_a_mail(introduction: &str, rest: &[&str], to: &[EmailAddress]) -> bool {
    let lower = introduction.to_lowercase();
    if lower.starts_with("----") {
        return true;
    }
    let from = bracketed_address(&lower);
    let is_dated = has_date(&lower) && time_parts(&lower).is_some();
    let answers = from.as_ref().is_some_and(|from| {
        let is_theirs = |to: &EmailAddress| to.domain() == from.domain();
        to.iter().any(is_theirs)
    });
    let is_exact = time_parts(&lower) == Some(3)
        || [" -0", " +0", "gmt", "utc"]
            .iter()
            .any(|zone| lower.contains(zone));
    let is_letter = || {
        let next = rest.iter().find(|line| !is_blank(line));
        next.is_some_and(|line| letter::greets(line))
    };
    is_dated && from.is_some() && (answers || is_exact || is_letter())
}
