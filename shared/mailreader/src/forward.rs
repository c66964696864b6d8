//! Whose mail is passed on: who wrote the one that stands below, by the header that
//! the mail program copied with it.

use crate::address::{self, Mailbox};

/// Most lines of a copied header.
const HEADER_LINES: usize = 10;
/// Longest of them, in bytes.
const LINE_BYTES: usize = 1_000;

/// The key of a copied header that names the writer, in the languages that the
/// programs here speak.
const FROM: [&str; 4] = ["de", "from", "remitente", "von"];
/// The others: when, to whom, about what.
const OTHERS: [&str; 14] = [
    "enviado el",
    "enviado",
    "enviada em",
    "fecha",
    "data",
    "date",
    "sent",
    "para",
    "to",
    "cc",
    "asunto",
    "subject",
    "assunto",
    "betreff",
];

/// Who wrote the first mail that `text` passes on. A name without an address is
/// nobody.
pub(crate) fn original(text: &str) -> Option<Mailbox> {
    let lines: Vec<&str> = text.lines().collect();
    (0..lines.len()).find_map(|at| written_by(lines.get(at..).unwrap_or_default()))
}

fn written_by(lines: &[&str]) -> Option<Mailbox> {
    let (key, value) = field(lines.first()?)?;
    if !FROM.contains(&key.as_str()) {
        return None;
    }
    let rest = lines.iter().skip(1).take(HEADER_LINES);
    let mut keys: Vec<String> = rest.filter_map(|line| Some(field(line)?.0)).collect();
    keys.retain(|key| OTHERS.contains(&key.as_str()));
    keys.dedup();
    if keys.len() < 2 {
        return None;
    }
    // What is long may go on in the next line.
    let next = lines.get(1).copied().filter(|line| field(line).is_none());
    let value = format!("{value} {}", next.unwrap_or_default());
    // `Rosa [mailto:rosa@x.co]` is how Outlook wrote it.
    let value = value.replace("[mailto:", "<").replace("mailto:", "");
    let value = value.replace('[', "<").replace(']', ">");
    address::list(&value, 1).into_iter().next()
}

/// The key of a line like `*De:* Rosa`, without what makes it bold, and its value.
fn field(line: &str) -> Option<(String, String)> {
    let line = line.trim_start_matches(|c: char| c.is_whitespace() || c == '>' || c == '*');
    if line.len() > LINE_BYTES {
        return None;
    }
    let (key, value) = line.split_once(':')?;
    let key = key.trim_matches(|c: char| c.is_whitespace() || c == '*');
    (key.len() <= 12).then(|| {
        (
            key.to_lowercase(),
            value.trim_matches(['*', ' ']).to_owned(),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::original;

    #[test]
    fn programs_copy_the_header() {
        for text in [
            "Por favor registrar.\n\n________________________________\nDe: Rosa Díaz <rosa@uspec.gov.co>\nEnviado: martes, 24 de noviembre de 2026 8:40\nPara: Agente 1\nAsunto: No tengo red\n\nHola",
            "---------- Forwarded message ---------\nDe: *Rosa Díaz* <rosa@uspec.gov.co>\nDate: mar, 24 nov 2026 a las 8:40\nSubject: No tengo red\nTo: Agente\n\nHola",
            "Inicio del mensaje reenviado:\n\nDe: Rosa Díaz <rosa@uspec.gov.co>\nAsunto: No tengo red\nFecha: 24 de noviembre de 2026, 8:40\nPara: Agente\n\nHola",
            "*From:* Rosa Díaz [mailto:rosa@uspec.gov.co]\n*Sent:* Tuesday\n*To:* Agente\n*Subject:* x",
            "De: Rosa Díaz\n<rosa@uspec.gov.co>\nEnviado el: martes\nPara: Agente\nAsunto: x",
            "> From: rosa@uspec.gov.co\n> Date: Tue, 24 Nov 2026\n> To: agente\n> Subject: x",
        ] {
            let found = original(text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!(found.address.as_str(), "rosa@uspec.gov.co", "{text}");
        }
    }

    #[test]
    fn a_list_is_no_header() {
        for text in [
            "De: bodega\nPara: oficina",
            "De: Rosa Díaz\nEnviado: martes\nPara: Agente\nAsunto: sin dirección",
            "Escriba de: rosa@uspec.gov.co",
            "De: rosa@uspec.gov.co me llegó esto.\n\nNo abre.",
            "",
        ] {
            assert_eq!(original(text), None, "{text}");
        }
    }
}
