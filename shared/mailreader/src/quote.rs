//! What of a text its author wrote himself: without the mail that he answers and
//! without his signature. There is no standard for it, only habits of programs;
//! nothing is left out without evidence, and what is not recognised stays.

mod introduction;
mod letter;
mod signature;

use introduction::{Introduction, introduction};
use types::ids::EmailAddress;

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

/// What stands where something between two lines of the author was folded.
pub(crate) const FOLDED: &str = "[…]";

/// What the person newly wrote.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Written {
    /// His lines, which are lines of the text in their order; the whole text where
    /// nothing is recognised, or nothing would be left.
    pub(crate) reply: String,
    /// The same with a mark wherever something between its lines was folded.
    pub(crate) shown: String,
}

impl Written {
    fn all_of(text: &str) -> Self {
        Written {
            reply: text.to_owned(),
            shown: text.to_owned(),
        }
    }
}

/// A stretch of a text.
enum Stretch<'t> {
    Own(Vec<&'t str>),
    Quote {
        introduced: Introduced<'t>,
        lines: Vec<&'t str>,
    },
}

/// How a quote begins.
enum Introduced<'t> {
    /// A mail program says whose it is: it quotes the mail that is answered.
    ByProgram,
    /// It may have been a program, and may have been the author.
    Perhaps(Vec<&'t str>),
    /// Nothing, or words of the author's: he chose these lines.
    No,
}

/// What a person newly wrote in `text`; `to` are those whom his mail went to.
pub(crate) fn written(text: &str, thread: Thread, to: &[EmailAddress]) -> Written {
    if thread == Thread::Forward {
        return Written::all_of(text);
    }
    let lines: Vec<&str> = text.split('\n').collect();
    let mut stretches = stretches(&lines, thread, to);
    cut_end(&mut stretches);
    let written = assembled(&stretches);
    if written.reply.is_empty() {
        Written::all_of(text)
    } else {
        written
    }
}

/// The stretches of a text, up to where it goes over into the mail that it answers.
fn stretches<'t>(lines: &[&'t str], thread: Thread, to: &[EmailAddress]) -> Vec<Stretch<'t>> {
    let mut all = Vec::new();
    let mut own: Vec<&'t str> = Vec::new();
    let mut at = 0;
    while let Some(line) = lines.get(at) {
        let rest = lines.get(at..).unwrap_or_default();
        if letter::is_forward(line) {
            // Whoever passes a mail on says what stands in it.
            own.extend(rest);
            break;
        }
        let before = own.last().copied().filter(|_| at > 0);
        if letter::is_separator(line)
            || letter::is_copied_header(before, rest)
            || (thread == Thread::Answer && at > 0 && letter::is_ours(rest))
        {
            break;
        }
        let (start, introduced) = match introduction(rest, to) {
            Some(Introduction::OfTheRest) => break,
            Some(Introduction::OfQuote(length)) => (at + length, Introduced::ByProgram),
            Some(Introduction::Perhaps) if thread == Thread::Answer => {
                (at + 1, Introduced::Perhaps(vec![*line]))
            }
            Some(Introduction::Perhaps) | None
                if thread == Thread::Answer && line.starts_with('>') =>
            {
                (at, Introduced::No)
            }
            Some(Introduction::Perhaps) | None => {
                own.push(line);
                at += 1;
                continue;
            }
        };
        let end = skip_quote(lines, start);
        all.push(Stretch::Own(std::mem::take(&mut own)));
        all.push(Stretch::Quote {
            introduced,
            lines: lines.get(start..end).unwrap_or_default().to_vec(),
        });
        // A quote is there whenever one was introduced.
        at = end.max(at + 1);
    }
    all.push(Stretch::Own(own));
    all
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

fn is_blank(line: &str) -> bool {
    line.trim().is_empty()
}

fn says_something(stretch: &Stretch<'_>) -> bool {
    match stretch {
        Stretch::Own(lines) => lines.iter().any(|line| !is_blank(line)),
        Stretch::Quote { .. } => true,
    }
}

/// Takes off what ends a mail: the quote below everything, and the signature.
fn cut_end(stretches: &mut Vec<Stretch<'_>>) {
    loop {
        let is_alone = !stretches.iter().rev().skip(1).any(says_something);
        let is_chosen = is_chosen(stretches);
        match stretches.last_mut() {
            Some(Stretch::Own(lines)) => {
                signature::cut(lines, is_alone);
                if lines.iter().any(|line| !is_blank(line)) {
                    return;
                }
            }
            Some(Stretch::Quote { .. }) if is_chosen => return,
            Some(Stretch::Quote { .. }) => {}
            None => return,
        }
        stretches.pop();
    }
}

/// Whether the author says what the last quote is: his own line before it ends in a
/// colon.
fn is_chosen(stretches: &[Stretch<'_>]) -> bool {
    match stretches {
        [
            ..,
            Stretch::Own(own),
            Stretch::Quote {
                introduced: Introduced::No,
                ..
            },
        ] => own
            .iter()
            .rev()
            .find(|line| !is_blank(line))
            .is_some_and(|line| line.trim_end().ends_with(':')),
        _ => false,
    }
}

/// Puts together what is left: of several quotes with answers between them each
/// stays before its answer, and so does one that the author chose.
fn assembled(stretches: &[Stretch<'_>]) -> Written {
    let quotes = stretches
        .iter()
        .filter(|stretch| matches!(stretch, Stretch::Quote { .. }))
        .count();
    let mut out = Lines::default();
    for stretch in stretches {
        match stretch {
            Stretch::Own(lines) => out.extend(lines),
            Stretch::Quote { introduced, lines } => match introduced {
                Introduced::ByProgram if quotes == 1 => out.fold(),
                Introduced::ByProgram | Introduced::No => out.extend(lines),
                Introduced::Perhaps(by) => {
                    out.extend(by);
                    out.extend(lines);
                }
            },
        }
    }
    out.end()
}

/// The lines that are left.
#[derive(Default)]
struct Lines<'t> {
    reply: Vec<&'t str>,
    shown: Vec<&'t str>,
    /// Something was folded, and nothing was written since.
    is_folded: bool,
}

impl<'t> Lines<'t> {
    fn extend(&mut self, lines: &[&'t str]) {
        for line in lines {
            self.push(line);
        }
    }

    fn push(&mut self, line: &'t str) {
        if is_blank(line) {
            // Of the empty lines around a fold, those before it are left.
            let is_around = self.reply.last().is_none_or(|last| is_blank(last));
            if !(self.is_folded && is_around) {
                self.reply.push(line);
                self.shown.push(line);
            }
            return;
        }
        let is_within = self.shown.iter().any(|before| !is_blank(before));
        if self.is_folded && is_within {
            if self.shown.last().is_some_and(|last| !is_blank(last)) {
                self.shown.push("");
            }
            self.shown.extend([FOLDED, ""]);
        }
        self.is_folded = false;
        self.reply.push(line);
        self.shown.push(line);
    }

    fn fold(&mut self) {
        self.is_folded = true;
    }

    fn end(self) -> Written {
        let joined = |lines: Vec<&str>| crate::body::trimmed(&lines.join("\n")).to_owned();
        Written {
            reply: joined(self.reply),
            shown: joined(self.shown),
        }
    }
}

/// Without what programs wrap around words: asterisks for bold, blanks.
fn bare(line: &str) -> &str {
    line.trim_matches(|c: char| c.is_whitespace() || c == '*')
}

fn starts_with(line: &str, prefix: &str) -> bool {
    line.get(..prefix.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(prefix))
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

/// The parts of the first time of day in a text: `8:15` has two, `08:15:00` three.
fn time_parts(text: &str) -> Option<usize> {
    text.split(|c: char| !c.is_ascii_digit() && c != ':')
        .map(|word| word.trim_matches(':').split(':').collect::<Vec<_>>())
        .find(|parts| {
            (2..=3).contains(&parts.len())
                && (1..=2).contains(&parts[0].len())
                && parts.iter().skip(1).all(|part| part.len() == 2)
        })
        .map(|parts| parts.len())
}

/// The address that stands between brackets, as programs write whom a mail is from.
fn bracketed_address(text: &str) -> Option<EmailAddress> {
    text.split(['<', '[', '('])
        .skip(1)
        .filter_map(|inner| inner.split(['>', ']', ')']).next())
        .find_map(crate::address::address)
}
#[cfg(test)]
mod tests {
    use super::{Thread, Written, written};
    use types::ids::EmailAddress;

    fn of(text: &str, thread: Thread) -> Written {
        let to = [EmailAddress::parse("soporte+abc@uspec.gov.co").unwrap()];
        written(text, thread, &to)
    }

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(of(text, Thread::Answer).reply, expected, "{text}");
    }

    /// What was written stays to the last word.
    #[track_caller]
    fn stays(text: &str) {
        let whole = Written {
            reply: text.to_owned(),
            shown: text.to_owned(),
        };
        assert_eq!(of(text, Thread::Answer), whole, "{text}");
    }

    /// Introductions of a quote that has marks, and of one that has none.
    const INTRODUCTIONS: [&str; 21] = [
        "El lun, 23 nov 2026 a las 8:15, Mesa de Ayuda (<soporte@uspec.gov.co>) escribió:",
        "El lun, 23 nov 2026 a las 8:15, Mesa de Ayuda (<soporte@uspec.gov.co>)\nescribió:",
        "El lun., 23 nov. 2026 8:15 a. m., Mesa de Ayuda <\nsoporte@uspec.gov.co> escribió:",
        "*El lun, 23 nov 2026 a las 8:15, Mesa <soporte@uspec.gov.co> escribió:*",
        "On Mon, Nov 23, 2026 at 8:15 AM Mesa <soporte@uspec.gov.co> wrote:",
        "On Nov 23, 2026, at 08:15, Mesa <soporte@uspec.gov.co>\nwrote:",
        "On Wed, 14 Nov 2026 08:14:43 -0500 Luis <luis@otra.example> wrote",
        "Em seg., 23 de nov. de 2026 às 08:15, Mesa <soporte@uspec.gov.co> escreveu:",
        "Wednesday, 18 November 2026, 3:32 PM -0500 from luis@otra.example <luis@otra.example>:",
        "martes, 24 de noviembre de 2026, 09:00 -0500 de Mesa <soporte@uspec.gov.co>:",
        "2026-11-23 8:15 GMT-05:00 Ana Pérez <ana@otra.example>:",
        "Mesa <soporte@uspec.gov.co> escribió el lun., 23 nov. 2026 8:15:",
        "---- El lun, 23 nov 2026 08:15:00 -0500 Ana <ana@x.co> escribió ----",
        "-----Mensaje original-----",
        "----- Original Message -----",
        "________________________________\nDe: Ana <ana@x.co>\nEnviado: lunes, 23 de noviembre\nPara: Mesa\nAsunto: RE: x",
        "De: Ana [mailto:ana@x.co]\nEnviado el: lunes, 23 de noviembre de 2026 8:15 a. m.\nPara: Mesa\nCC: B\nAsunto: RE: x\n",
        "*From:* Ana\n*Sent:* Monday, November 23, 2026 8:15 AM\n*To:* Mesa\n*Subject:* x",
        "De: Mesa <soporte@uspec.gov.co>\nData: segunda-feira, 23 de novembro de 2026 08:15\nPara: Ana\nAssunto: x",
        "El 23/11/2026 a las 8:15, Mesa (soporte@uspec.gov.co) escribió:",
        "Estimado(a) Ana:\n\nSu solicitud #000123 fue resuelta. Esta es la solución:\n\n> Se cambió el tóner.\n\nTicket: #000123\nTítulo: Impresora",
    ];

    #[test]
    fn introductions() {
        for introduction in INTRODUCTIONS {
            check(
                &format!("Gracias.\n\n{introduction}\n\nTexto anterior"),
                "Gracias.",
            );
            check(
                &format!("Gracias.\n\n{introduction}\n> Texto\n>\n> anterior\n"),
                "Gracias.",
            );
        }
        // Before marks, less says as much.
        for introduction in [
            "El 23/11/26 a las 08:15, Ana escribió:",
            "A las 08:15 a. m. del 23/11/2026, usted escribió:",
            "At 11/23/2026 08:32 PM, you wrote:",
            "Am 23.11.2026 um 08:15 schrieb Mesa:",
            "Mesa de Ayuda escribió:",
            "Mesa de Ayuda, 23/11/2026 8:15:",
        ] {
            for between in ["\n", "\n\n"] {
                check(
                    &format!("Sigue igual.\n\n{introduction}{between}> Su solicitud\n> quedó"),
                    "Sigue igual.",
                );
            }
        }
        // The line before is no part of it.
        check(
            "El equipo 2026 sigue igual.\nEl lun, 23 nov 2026 a las 8:15, Mesa <soporte@uspec.gov.co> escribió:\n> x",
            "El equipo 2026 sigue igual.",
        );
    }

    #[test]
    fn what_people_write_introduces_nothing() {
        for text in [
            "Buenos días.\n\nEl contratista (luis@taller.example) me escribió:\n\n«No hay repuesto.»\n\n¿Qué hago?",
            "Buenas.\n\nEl 25/11/2026 a las 9:15 la agente nos escribió:\n\nReinicie.\n\nPero hoy sale el error 0x41.",
            "Hola.\n\nEl 25/11/2026, Luis Gómez escribió:\n\nNo entra.\n\n¿Le abren la cuenta?",
            "On 11/25/2026 the vendor wrote:\n\nWarranty is over.\n\nShall we buy it?",
            "El usuario Juan escribió: no puedo entrar",
            "El jefe escribió:\nque no",
            "El 23 vino el técnico.\nEscribió: nada",
            // Marked by himself.
            "Buenos días.\n\nLa aseguradora me escribió:\n> Falta el acta.\n\n¿Quién la firma?",
            "Sale esto:\n> Error 5\n¿Qué hago?",
            "Sale esto desde el 25/11/2026:\n> Error 5\n> Error 6\n\n¿Qué hago?",
            "La pantalla dice lo siguiente:\n\n> Acceso denegado",
        ] {
            stays(text);
        }
    }

    #[test]
    fn lists_are_no_header() {
        for text in [
            "Los datos:\n\nDe: bodega 3\nPara: oficina 201\nFecha: 25/11/2026\nPlaca: 9981\n\nPor favor hoy.",
            "El viaje:\n\nDe: Bogotá\nPara: Cali\nFecha: 25/11/2026 8:00\nPasajeros: 3\n\nQuedo atenta.",
            "Movimientos\n\nDe: almacén\nPara: Ana\nAsunto: traslado de equipo\n\nGracias por la ayuda.",
            "From: floor 3\nTo: floor 5\nDate: Monday\n\nPlease move it.",
            "De: bodega\nse llevó dos equipos",
            "Pasen el buzón\nDe: vieja@uspec.gov.co\nPara: nueva@uspec.gov.co\nFecha: mañana",
        ] {
            stays(text);
        }
        // Outlook in HTML: no line before it, and everything in it.
        check(
            "Sigue igual.\nDe: Mesa <soporte@uspec.gov.co>\nEnviado el: lunes, 23 de noviembre de 2026 8:15\nPara: Ana\nAsunto: x\n\ntexto",
            "Sigue igual.",
        );
    }

    #[test]
    fn letters_of_requesters_are_theirs() {
        for text in [
            "Bogotá, 26 de noviembre\n\nA la Mesa de Ayuda:\n\nReitero la solicitud #000612, sin respuesta.\n\nAna",
            "Buenos días\n\nEstimado(a) agente:\n\nLa solicitud #000612 sigue abierta y el equipo no enciende.",
            "Va de nuevo.\n\nHola, Mesa de Ayuda:\n\nEs sobre mi solicitud #000612: falta el cable.\nTicket: #000612",
            "Buenas\n\nA la coordinación:\n\nPido que se revise la solicitud #000612:\n\n> «No procede.»\n\nNo es así.",
        ] {
            stays(text);
        }
    }

    #[test]
    fn above_below_and_between() {
        let intro = "El 23/11/2026 a las 8:15, Ana escribió:";
        check(&format!("{intro}\n> ¿Ya?\n>> antes\n\nSí, ya."), "Sí, ya.");
        check(
            &format!("#solucion\nSe cambió el cable.\n\n{intro}\n> x"),
            "#solucion\nSe cambió el cable.",
        );
        check(
            &format!("{intro}\n> x\n\n#solucion\nListo"),
            "#solucion\nListo",
        );
        // Answers between the lines: each with what it answers.
        check(
            &format!(
                "{intro}\n\n> 1. ¿Reinició?\n\nSí.\n\n> 2. ¿Sale error?\n\nNo.\n\n> Gracias\n"
            ),
            "> 1. ¿Reinició?\n\nSí.\n\n> 2. ¿Sale error?\n\nNo.",
        );
        check(
            "> ¿Uno?\nSí.\n\n> ¿Dos?\n\nNo.\n",
            "> ¿Uno?\nSí.\n\n> ¿Dos?\n\nNo.",
        );
        check(
            "Buenos días:\n> ¿Piso?\nTercero.\n> ¿Placa?\n9981\n-- \nAna",
            "Buenos días:\n> ¿Piso?\nTercero.\n> ¿Placa?\n9981",
        );
    }

    #[test]
    fn what_is_folded_between_is_marked() {
        let text = "Ya está.\n\nEl 23/11/2026 a las 8:15, Ana escribió:\n> x\n> y\n\nAviso legal: es confidencial.";
        let written = of(text, Thread::Answer);
        assert_eq!(written.reply, "Ya está.\n\nAviso legal: es confidencial.");
        assert_eq!(
            written.shown,
            "Ya está.\n\n[…]\n\nAviso legal: es confidencial."
        );
        // Before and after it nothing is missing between two lines.
        let below = of(
            "El 23/11/2026, Ana escribió:\n> x\n\nListo.",
            Thread::Answer,
        );
        assert_eq!(below.shown, "Listo.");
        let above = of(
            "Listo.\n\nEl 23/11/2026, Ana escribió:\n> x",
            Thread::Answer,
        );
        assert_eq!(above.shown, "Listo.");
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
        for device in [
            "Enviado desde mi teléfono Huawei",
            "Enviado desde mi dispositivo móvil",
            "Enviado desde Correo para Windows 11",
            "Enviado desde Yahoo Mail con Android",
            "Enviado desde Outlook para iOS<https://aka.ms/x>",
            "Sent from my Verizon, Samsung Galaxy smartphone",
            "Sent with Proton Mail secure email.",
            "Get Outlook for iOS",
        ] {
            check(&format!("Listo.\n\n{device}"), "Listo.");
        }
        // The last mark is the signature's.
        check("Piso 1\n-- \nPiso 2\n-- \nAna Pérez", "Piso 1\n-- \nPiso 2");
        check(
            "> x\n\nGracias.\n--\nAna de la Torre\nOficina 2",
            "> x\n\nGracias.",
        );
        let table = format!("Equipo\n--\n{}", "PC\n".repeat(20).trim_end());
        check(&table, &table);
        check("-- \nAna", "-- \nAna");
        check("Enviado desde mi iPhone", "Enviado desde mi iPhone");
    }

    #[test]
    fn what_only_resembles_a_signature() {
        for text in [
            "Comandos:\nping 10.0.0.1\n--\ntracert 10.0.0.1\n--\nlos dos fallan",
            "Equipo 1: no enciende\n--\nEquipo 2: pantalla azul",
            "Antes\n\n--\n\nahora sale otro error",
            "Es el de contabilidad.\n\nEnviado desde mi correo personal porque el otro está bloqueado: ana@correo.example",
            "Prueba hecha.\nEnviado desde Outlook no llega, desde el navegador sí.",
            "Otra cosa:\nGet Outlook for Android está bloqueado, ¿lo habilitan?",
            "Note:\nSent from my personal mail, since the other one is locked.",
            "Ojo:\nEnviado desde mi iPhone tampoco abre",
        ] {
            stays(text);
        }
    }

    #[test]
    fn what_stays() {
        stays(
            "Hola\n\n---------- Forwarded message ---------\nDe: Ana <ana@x.co>\nDate: lun\nSubject: x\nTo: y\n\ntexto",
        );
        stays("Solo texto.");
        stays("");
        stays("> todo citado");
        let pasted = "Sale esto:\n> Error 5\n¿Qué hago?";
        assert_eq!(of(pasted, Thread::New).reply, pasted);
        let header =
            "Ver abajo.\n\nDe: Ana <ana@x.co>\nEnviado el: lunes\nPara: B\nAsunto: x\n\nPedido";
        assert_eq!(of(header, Thread::Forward).reply, header);
        assert_eq!(of(header, Thread::Answer).reply, "Ver abajo.");
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
