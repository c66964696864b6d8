//! What of a text its author wrote himself: without the mail that he answers and
//! without his signature. There is no standard for it, only habits of programs;
//! what is not recognised stays.

/// What a mail is to those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Thread {
    New,
    /// It answers another one: lines that begin with `>` are of that one.
    Answer,
    /// It passes another one on: that one is what it says.
    Forward,
}

impl Thread {
    /// By the subject, as programs in Spanish and English begin it, and by whether
    /// the mail names one that it answers.
    pub(crate) fn of(subject: &str, answers: &[String]) -> Self {
        let mut rest = subject.trim_start();
        // `[EXTERNO] RV: …`
        while let Some((_, after)) = rest.strip_prefix('[').and_then(|r| r.split_once(']')) {
            rest = after.trim_start();
        }
        let prefix = rest.split_once(':').map_or("", |(prefix, _)| prefix).trim();
        match prefix.to_lowercase().as_str() {
            "rv" | "fw" | "fwd" | "reenv" | "reenviado" | "enc" | "tr" | "wg" => Thread::Forward,
            "re" | "res" | "aw" | "sv" | "r" | "respuesta" => Thread::Answer,
            _ if answers.is_empty() => Thread::New,
            _ => Thread::Answer,
        }
    }
}

/// Longest introduction of a quote, in bytes and in lines.
const INTRODUCTION_BYTES: usize = 600;
const INTRODUCTION_LINES: usize = 4;

/// Longest header of a quoted mail, in lines: its recipients may fill some.
const HEADER_LINES: usize = 10;

/// Most lines that follow a bare `--` which is a signature. `-- `, with its blank,
/// always is one (RFC 3676, section 4.3).
const SIGNATURE_LINES: usize = 15;

/// What the person newly wrote; the whole text where nothing is recognised, or
/// nothing would be left. Its lines are lines of `text`, in their order.
pub(crate) fn reply(text: &str, thread: Thread) -> String {
    if thread == Thread::Forward {
        return text.to_owned();
    }
    let lines: Vec<&str> = text.split('\n').collect();
    let mut own = without_quotes(&lines, thread);
    cut_signature(&mut own);
    let reply = own.join("\n");
    let reply = crate::body::trimmed(&reply);
    if reply.is_empty() {
        text.to_owned()
    } else {
        reply.to_owned()
    }
}

fn without_quotes<'t>(lines: &[&'t str], thread: Thread) -> Vec<&'t str> {
    let mut own: Vec<&'t str> = Vec::new();
    let mut at = 0;
    while let Some(line) = lines.get(at) {
        let rest = lines.get(at..).unwrap_or_default();
        if is_forward(line) {
            // Whoever passes a mail on says what stands in it.
            own.extend(rest);
            return own;
        }
        if is_separator(line)
            || is_header(rest)
            || (thread == Thread::Answer && at > 0 && is_our_letter(rest))
        {
            return own;
        }
        let quote = match introduction(rest) {
            Some(length) => at + length,
            None if thread == Thread::Answer && line.starts_with('>') => at,
            None => {
                own.push(line);
                at += 1;
                continue;
            }
        };
        let after = skip_quote(lines, quote);
        if after == quote {
            // Without marks nobody knows where the quote ends: at the end.
            return own;
        }
        at = after;
        // Of the empty lines around a quote, those before it are left.
        let is_blank = |line: &&str| line.trim().is_empty();
        if own.last().is_some_and(is_blank) {
            at += lines
                .iter()
                .skip(at)
                .take_while(|line| is_blank(line))
                .count();
        }
    }
    own
}

/// Where a block of lines with `>` ends that begins at `at`, empty lines before and
/// within it included; `at` if there is none.
fn skip_quote(lines: &[&str], at: usize) -> usize {
    let mut end = at;
    let rest = lines.iter().enumerate().skip(at);
    for (line, text) in rest {
        if text.starts_with('>') {
            end = line + 1;
        } else if !text.trim().is_empty() {
            break;
        }
    }
    end
}

/// Without what programs wrap around words: asterisks for bold, blanks.
fn bare(line: &str) -> &str {
    line.trim_matches(|c: char| c.is_whitespace() || c == '*')
}

fn starts_with(line: &str, prefix: &str) -> bool {
    line.get(..prefix.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

/// Number of lines that introduce a quote: `El lun, 23 nov 2026 a las 8:15, …
/// escribió:`, in one line or folded.
fn introduction(lines: &[&str]) -> Option<usize> {
    let first = bare(lines.first()?);
    let begins = ["El ", "On ", "Em ", "Le ", "Am ", "Il ", "----"]
        .iter()
        .any(|word| starts_with(first, word))
        || first.starts_with(|c: char| c.is_ascii_digit())
        || first.contains('@');
    if !begins || first.starts_with('>') {
        return None;
    }
    let mut joined = String::new();
    for (at, line) in lines.iter().take(INTRODUCTION_LINES).enumerate() {
        let line = bare(line);
        if line.is_empty()
            || line.starts_with('>')
            || joined.len() + line.len() > INTRODUCTION_BYTES
        {
            return None;
        }
        if at > 0 {
            joined.push(' ');
        }
        joined.push_str(line);
        if is_introduction(&joined) {
            return Some(at + 1);
        }
    }
    None
}

fn is_introduction(line: &str) -> bool {
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
    let lower = line.to_lowercase();
    let has_date_or_address = lower.contains('@') || has_date(&lower);
    if !has_date_or_address {
        return false;
    }
    if let Some(before) = lower.strip_suffix(':') {
        let before = before.trim_end();
        let ends_with_verb = WROTE.iter().any(|verb| before.ends_with(verb));
        // `Ana <ana@x.co> escribió el 23/11/2026:`
        let verb_and_date = [" escribió el ", " escribio el ", " wrote on "]
            .iter()
            .any(|verb| before.contains(verb));
        // `2026-11-23 8:15 GMT-05:00 Ana <ana@x.co>:`
        let date_and_address = before.starts_with(|c: char| c.is_ascii_digit())
            && before.ends_with('>')
            && before.contains('@')
            && has_date(before);
        return ends_with_verb || (verb_and_date && has_date(before)) || date_and_address;
    }
    // Zoho: `---- El lun, 23 nov 2026 08:15:00 -0500 Ana <ana@x.co> escribió ----`
    let dashed = lower
        .strip_prefix("----")
        .and_then(|l| l.strip_suffix("----"));
    dashed.is_some_and(|inner| WROTE.iter().any(|verb| inner.trim().ends_with(verb)))
}

/// Whether a year stands there, or three numbers between dashes, dots or slashes.
fn has_date(text: &str) -> bool {
    let numbers: Vec<&str> = text
        .split(|c: char| !c.is_ascii_digit())
        .filter(|n| !n.is_empty())
        .collect();
    let is_year = |n: &&str| n.len() == 4 && (n.starts_with("19") || n.starts_with("20"));
    if numbers.iter().any(is_year) {
        return true;
    }
    text.split_whitespace().any(|word| {
        let word = word.trim_matches(|c: char| !c.is_ascii_digit());
        ['/', '-', '.'].iter().any(|mark| {
            let parts: Vec<&str> = word.splitn(4, *mark).collect();
            parts.len() == 3
                && parts
                    .iter()
                    .all(|p| (1..=4).contains(&p.len()) && p.bytes().all(|b| b.is_ascii_digit()))
        })
    })
}

/// The text of a line that dashes surround: `-----Mensaje original-----`.
fn between_dashes(line: &str) -> Option<String> {
    let line = bare(line);
    let inner = line.trim_matches(|c: char| matches!(c, '-' | '_' | '=' | ' '));
    let has_dashes = ["--", "__", "=="]
        .iter()
        .any(|dashes| line.starts_with(dashes));
    (has_dashes && !inner.is_empty() && inner.len() < 60).then(|| inner.to_lowercase())
}

fn is_separator(line: &str) -> bool {
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

fn is_forward(line: &str) -> bool {
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

/// The header that Outlook copies above a quoted mail: who, when, to whom, about
/// what. Who, and two of the others.
fn is_header(lines: &[&str]) -> bool {
    let first = lines.first().map(|line| bare(line)).unwrap_or_default();
    if !["De:", "From:", "De :", "*De:"]
        .iter()
        .any(|key| starts_with(first, key))
    {
        return false;
    }
    let mut joined = String::new();
    for line in lines.iter().take(HEADER_LINES) {
        let line = bare(line);
        if joined.len() + line.len() > 4 * INTRODUCTION_BYTES {
            break;
        }
        joined.push(' ');
        joined.push_str(&line.to_lowercase().replace('*', ""));
    }
    let names = |keys: &[&str]| keys.iter().any(|key| joined.contains(key));
    let when = names(&[
        " enviado el:",
        " enviado:",
        " fecha:",
        " sent:",
        " date:",
        " enviada em:",
    ]);
    let whom = names(&[" para:", " to:"]);
    let what = names(&[" asunto:", " subject:", " assunto:"]);
    [when, whom, what].iter().filter(|has| **has).count() >= 2
}

/// One of our own letters, without marks: its greeting, and the number of the
/// ticket soon after.
fn is_our_letter(lines: &[&str]) -> bool {
    let first = lines.first().map(|line| bare(line)).unwrap_or_default();
    let is_greeting = first.ends_with(':')
        && ["Estimado(a) ", "Hola, ", "A la "]
            .iter()
            .any(|word| starts_with(first, word));
    is_greeting
        && lines
            .iter()
            .skip(1)
            .filter(|line| !line.trim().is_empty())
            .take(2)
            .any(|line| {
                let number = line.split_once('#').map_or("", |(_, after)| after);
                let digits = number.bytes().take_while(u8::is_ascii_digit).count();
                digits >= 6 && line.to_lowercase().contains("solicitud")
            })
}

/// Cuts the signature, and what telephones add.
fn cut_signature(own: &mut Vec<&str>) {
    let is_mark = |(at, line): (usize, &&str)| {
        let follows = own.len() - at - 1;
        *line == "-- " || (line.trim() == "--" && follows <= SIGNATURE_LINES)
    };
    let written = |line: &&str| !line.trim().is_empty();
    if let Some(mark) = own.iter().enumerate().position(is_mark)
        && own.iter().take(mark).any(written)
    {
        own.truncate(mark);
    }
    while let Some(last) = own.iter().rposition(written) {
        let line = own.get(last).copied().unwrap_or_default();
        let is_only = !own.iter().take(last).any(written);
        if is_only || !(is_advertisement(line) || is_rule(line)) {
            break;
        }
        own.truncate(last);
    }
}

/// A line that a quote was meant to follow.
fn is_rule(line: &str) -> bool {
    let line = line.trim();
    line.len() >= 5 && line.chars().all(|c| matches!(c, '-' | '_' | '='))
}

fn is_advertisement(line: &str) -> bool {
    let line = bare(line);
    line.len() <= 200
        && [
            "Enviado desde mi ",
            "Enviado desde Outlook",
            "Enviado desde Correo",
            "Enviado desde el correo",
            "Enviado desde Yahoo",
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
        ]
        .iter()
        .any(|start| starts_with(line, start))
}

#[cfg(test)]
mod tests {
    use super::{Thread, reply};

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(reply(text, Thread::Answer), expected, "{text}");
    }

    #[test]
    fn introductions() {
        for introduction in [
            "El lun, 23 nov 2026 a las 8:15, Mesa de Ayuda (<soporte@uspec.gov.co>) escribió:",
            "El lun, 23 nov 2026 a las 8:15, Mesa de Ayuda (<soporte@uspec.gov.co>)\nescribió:",
            "El lun., 23 nov. 2026 8:15 a. m., Mesa de Ayuda <\nsoporte@uspec.gov.co> escribió:",
            "El 23/11/26 a las 08:15, Ana escribió:",
            "El 23 nov 2026, a la(s) 8:15 a. m., Ana <ana@x.co> escribió:",
            "*El lun, 23 nov 2026, Ana escribió:*",
            "On Mon, Nov 23, 2026 at 8:15 AM Ana <ana@x.co> wrote:",
            "On Nov 23, 2026, at 08:15, Ana <ana@x.co>\nwrote:",
            "2026-11-23 8:15 GMT-05:00 Ana Pérez <ana@x.co>:",
            "Ana Pérez <ana@x.co> escribió el lun., 23 nov. 2026 8:15:",
            "---- El lun, 23 nov 2026 08:15:00 -0500 Ana <ana@x.co> escribió ----",
            "-----Mensaje original-----",
            "----- Original Message -----",
            "________________________________\nDe: Ana <ana@x.co>\nEnviado: lunes, 23 de noviembre\nPara: Mesa\nAsunto: RE: x",
            "De: Ana [mailto:ana@x.co]\nEnviado el: lunes, 23 de noviembre de 2026 8:15 a. m.\nPara: Mesa\nCC: B\nAsunto: RE: x\n",
            "*From:* Ana\n*Sent:* Monday\n*To:* Mesa\n*Subject:* x",
            "Estimado(a) Ana:\n\nSu solicitud #000123 fue resuelta. Esta es la solución:",
        ] {
            check(
                &format!("Gracias.\n\n{introduction}\n\nTexto anterior"),
                "Gracias.",
            );
            check(
                &format!("Gracias.\n\n{introduction}\n> Texto\n>\n> anterior\n"),
                "Gracias.",
            );
        }
    }

    #[test]
    fn above_below_and_between() {
        let intro = "El 23/11/2026 a las 8:15, Ana escribió:";
        check(&format!("{intro}\n> ¿Ya?\n>> antes\n\nSí, ya."), "Sí, ya.");
        check("> ¿Uno?\nSí.\n\n> ¿Dos?\n\nNo.\n", "Sí.\n\nNo.");
        check(
            &format!("#solucion\nSe cambió el cable.\n\n{intro}\n> x"),
            "#solucion\nSe cambió el cable.",
        );
        check(
            &format!("{intro}\n> x\n\n#solucion\nListo"),
            "#solucion\nListo",
        );
    }

    #[test]
    fn signatures() {
        check("Gracias.\n-- \nAna Pérez\nTel. 391", "Gracias.");
        check("Gracias.\n--\nAna Pérez", "Gracias.");
        check("Gracias.\n\nEnviado desde mi iPhone", "Gracias.");
        check(
            "Gracias.\nEnviado desde mi Samsung Galaxy\nObtener Outlook para Android (https://aka.ms/x)\n",
            "Gracias.",
        );
        check(
            "Gracias\n-- \nAna\n\nOn 2026-11-23, B <b@x.co> wrote:\n> x",
            "Gracias",
        );
        let table = format!("Equipo\n--\n{}", "PC\n".repeat(20).trim_end());
        check(&table, &table);
        check("-- \nAna", "-- \nAna");
        check("Enviado desde mi iPhone", "Enviado desde mi iPhone");
    }

    #[test]
    fn what_stays() {
        for text in [
            "El usuario Juan escribió: no puedo entrar",
            "El jefe escribió:\nque no",
            "El 23 vino el técnico.\nEscribió: nada",
            "De: bodega\nse llevó dos equipos",
            "Hola\n\n---------- Forwarded message ---------\nDe: Ana <ana@x.co>\nDate: lun\nSubject: x\nTo: y\n\ntexto",
            "Solo texto.",
            "",
        ] {
            check(text, text);
        }
        check("> todo citado", "> todo citado");
        let pasted = "Sale esto:\n> Error 5\n¿Qué hago?";
        assert_eq!(reply(pasted, Thread::New), pasted);
        let header = "Ver abajo.\n\nDe: Ana\nEnviado el: lunes\nPara: B\nAsunto: x\n\nPedido";
        assert_eq!(reply(header, Thread::Forward), header);
        assert_eq!(reply(header, Thread::Answer), "Ver abajo.");
    }

    #[test]
    fn threads() {
        let one = ["a@b".to_owned()];
        for (subject, answers, expected) in [
            ("Impresora", &[][..], Thread::New),
            ("Impresora", &one[..], Thread::Answer),
            ("RE: Impresora", &[], Thread::Answer),
            ("RV: Impresora", &one, Thread::Forward),
            ("Fwd: Impresora", &[], Thread::Forward),
            ("[EXTERNO] RV: x", &[], Thread::Forward),
            ("RE: RV: x", &[], Thread::Answer),
            ("[ [ [", &[], Thread::New),
        ] {
            assert_eq!(Thread::of(subject, answers), expected, "{subject}");
        }
    }
}
