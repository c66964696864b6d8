//! What ends a mail and says nothing: signatures, and what telephones add.

use super::{bare, is_blank, letter, starts_with};

/// Most lines that follow a bare `--` which is a signature. `-- `, with its blank,
/// always is one (RFC 3676, section 4.3).
const LINES: usize = 15;

/// Most words of a name, and of the device or program that a mail is sent with.
const NAME_WORDS: usize = 6;
const DEVICE_WORDS: usize = 8;

/// Cuts the signature off the last lines of a text, and what telephones add.
/// `is_alone`: nothing stands before these lines.
pub(super) fn cut(own: &mut Vec<&str>, is_alone: bool) {
    let written = |line: &&str| !is_blank(line);
    if let Some(mark) = mark(own)
        && (!is_alone || own.iter().take(mark).any(written))
    {
        own.truncate(mark);
    }
    while let Some(last) = own.iter().rposition(written) {
        let line = own.get(last).copied().unwrap_or_default();
        let is_only = is_alone && !own.iter().take(last).any(written);
        if is_only || !(is_advertisement(line) || letter::is_rule(line)) {
            break;
        }
        own.truncate(last);
    }
}

/// Where the signature begins: the last of its marks. A bare `--` separates as well;
/// it is one where a name follows.
fn mark(own: &[&str]) -> Option<usize> {
    if let Some(at) = own.iter().rposition(|line| *line == "-- ") {
        return Some(at);
    }
    let at = own.iter().rposition(|line| line.trim_end() == "--")?;
    let follows = own.get(at + 1..).unwrap_or_default();
    let is_short = follows.len() <= LINES;
    let is_first = !own.iter().take(at).any(|line| line.trim_end() == "--");
    let name = follows.iter().find(|line| !is_blank(line));
    (is_short && is_first && name.is_some_and(|name| is_name(name))).then_some(at)
}

/// Whether a line is a person's name: some words, each with a capital, and nothing
/// else.
fn is_name(line: &str) -> bool {
    let line = bare(line).trim_end_matches(',');
    let words: Vec<&str> = line.split_whitespace().collect();
    let is_word = |word: &&&str| {
        let is_particle = matches!(
            **word,
            "de" | "del" | "la" | "las" | "los" | "y" | "da" | "do" | "dos"
        );
        let is_letter = |c: char| c.is_alphabetic() || matches!(c, '.' | '-' | '\'');
        is_particle || (word.starts_with(char::is_uppercase) && word.chars().all(is_letter))
    };
    (2..=NAME_WORDS).contains(&words.len())
        && words.iter().filter(is_word).count() == words.len()
        && !line.ends_with('.')
}

/// What a program or a telephone adds: it names itself, and ends there.
fn is_advertisement(line: &str) -> bool {
    const STARTS: [&str; 17] = [
        "Enviado desde mi ",
        "Enviado desde Outlook",
        "Enviado desde Correo",
        "Enviado desde el correo",
        "Enviado desde Yahoo",
        "Enviado desde Gmail",
        "Enviado con Proton",
        "Enviado con el correo",
        "Obtener Outlook para",
        "Obtén Outlook para",
        "Descarga Outlook para",
        "Sent from my ",
        "Sent from Outlook",
        "Sent from Mail for",
        "Sent from Yahoo",
        "Sent with Proton",
        "Get Outlook for",
    ];
    let line = bare(line);
    let start = STARTS.iter().find(|start| starts_with(line, start));
    let Some(rest) = start.and_then(|start| line.get(start.len()..)) else {
        return false;
    };
    // The link that programs put behind it.
    let rest = rest.split(['(', '<', '[']).next().unwrap_or_default();
    let rest = rest.split("http").next().unwrap_or_default();
    let rest = rest.trim().trim_end_matches('.');
    let words: Vec<&str> = rest
        .split([' ', ','])
        .filter(|word| !word.is_empty())
        .collect();
    words.len() <= DEVICE_WORDS && words.iter().all(|word| is_of_device(word))
}

/// A word that names a device or a program: a name, a model, or what they are called.
fn is_of_device(word: &str) -> bool {
    const WORDS: [&str; 34] = [
        "teléfono",
        "telefono",
        "celular",
        "móvil",
        "movil",
        "tablet",
        "tableta",
        "dispositivo",
        "inteligente",
        "smartphone",
        "phone",
        "mobile",
        "device",
        "cell",
        "mail",
        "correo",
        "app",
        "secure",
        "email",
        "seguro",
        "cifrado",
        "de",
        "del",
        "la",
        "con",
        "para",
        "for",
        "with",
        "on",
        "y",
        "and",
        "wireless",
        "handheld",
        "powered",
    ];
    let is_model = word.chars().any(|c| c.is_uppercase() || c.is_ascii_digit())
        && word
            .chars()
            .all(|c| c.is_alphanumeric() || matches!(c, '-' | '+' | '/' | '™' | '®' | '|'));
    is_model || WORDS.contains(&word)
}
