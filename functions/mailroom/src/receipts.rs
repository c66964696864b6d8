//! Whether a provider answers, or his own ticket system only says that it took ours.

use mailreader::Reading;
use types::folding::folded;

/// Longest text that is a receipt, in characters.
const LONGEST: usize = 900;

/// Longest that says no more than that something was received.
const SHORT: usize = 60;

/// How such systems put it, folded.
const SAYS: [&str; 30] = [
    "hemos recibido su",
    "hemos recibido tu",
    "hemos recibido el",
    "recibimos su",
    "recibimos tu",
    "recibimos el correo",
    "ha sido recibid",
    "fue recibid",
    "ha sido registrad",
    "quedo registrad",
    "se ha creado",
    "se ha registrado",
    "fue creado",
    "numero de caso",
    "numero de ticket",
    "acusamos recibo",
    "acuse de recibo",
    "gracias por comunicar",
    "gracias por contactar",
    "mensaje automatico",
    "no responda",
    "we have received your",
    "has been received",
    "has been created",
    "has been logged",
    "thank you for contacting",
    "do not reply",
    "recebemos s",
    "recebemos o seu",
    "chamado foi aberto",
];

/// What stands in no receipt: something was done, is asked, or will be.
const DOES: [&str; 26] = [
    "solucion",
    "resuelt",
    "resolv",
    "restable",
    "reemplaz",
    "cambiad",
    "cambiamos",
    "reparad",
    "reparamos",
    "arregl",
    "corregi",
    "instal",
    "configur",
    "reinici",
    "cerrad",
    "visita",
    "ira ",
    "iremos",
    "solved",
    "fixed",
    "replaced",
    "restored",
    "closed",
    "corrigi",
    "?",
    "necesitamos",
];

/// Whether a mail is such a receipt. In doubt it is an answer.
pub fn is_receipt(reading: &Reading<'_>) -> bool {
    let text = folded(&reading.reply);
    let text = text.trim();
    let length = text.chars().count();
    let is_short = length <= SHORT && (text.starts_with("recibid") || text.starts_with("received"));
    let says = is_short || SAYS.iter().any(|words| text.contains(words));
    length <= LONGEST
        && reading.attachments.is_empty()
        && says
        && !DOES.iter().any(|words| text.contains(words))
}

#[cfg(test)]
mod tests {
    use super::is_receipt;

    fn said(text: &str) -> bool {
        let raw = format!(
            "From: a@x.co\r\nSubject: Re: x\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n"
        );
        is_receipt(&mailreader::read(raw.as_bytes(), None).unwrap())
    }

    #[test]
    fn receipts_and_answers() {
        for text in [
            "Hemos recibido su solicitud. Su número de caso es 4711. Este es un mensaje automático, no lo responda.",
            "Su requerimiento ha sido registrado con el número 8812. Pronto un ingeniero lo atenderá.",
            "We have received your request #991. Please do not reply to this message.",
            "Recebemos seu chamado 771.",
            "Recibido, caso 4712",
            "Gracias por comunicarse con Soporte Norte. Ticket 33.",
        ] {
            assert!(said(text), "{text}");
        }
        for text in [
            "Cambiado.",
            "Hemos recibido su solicitud y el enlace ya está restablecido.",
            "Recibido. ¿Cuál es la placa del equipo?",
            "Recibido, el técnico va mañana a las 8 con el repuesto y revisa los dos pisos completos.",
            "Number 12 was fixed; your request has been received and closed.",
            "Listo",
        ] {
            assert!(!said(text), "{text}");
        }
    }
}
