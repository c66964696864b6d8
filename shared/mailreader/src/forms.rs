//! The forms of one text: which of an alternative says what was written, and the
//! forms that are older than HTML.

use std::collections::HashSet;

/// How programs say in the plain form that there is another one.
const STUBS: [&str; 16] = [
    "html",
    "navegador",
    "browser",
    "ver este correo",
    "ver este mensaje",
    "lector de correo",
    "programa de correo",
    "cliente de correo",
    "mail reader",
    "mail client",
    "mail program",
    "email client",
    "view this email",
    "view this message",
    "leitor de e-mail",
    "visualizar este",
];

/// Longest such sentence, in bytes.
const STUB_BYTES: usize = 600;

/// Words of a text that are compared: enough to know it by.
const WORDS: usize = 5_000;

/// Which of the two forms of a text is read. The plain one, since it is how the
/// author's program reads it; unless it only says that there is the other, or leaves
/// out most of it. Where each says something of its own, both are.
pub(crate) fn best(plain: String, other: String) -> String {
    if plain.is_empty() || other.is_empty() {
        return if plain.is_empty() { other } else { plain };
    }
    let (in_plain, in_other) = (words(&plain), words(&other));
    let shared = in_plain.intersection(&in_other).count();
    let are_apart = shared * 5 <= in_plain.len();
    let is_longer = |times: usize| in_other.len() >= times * in_plain.len() + 5;
    if is_stub(&plain) && (are_apart || is_longer(2)) {
        return other;
    }
    if is_longer(3) && !are_apart {
        return other;
    }
    if are_apart && in_other.len() >= 4 && 2 * in_other.len() > in_plain.len() {
        return format!("{plain}\n\n{other}");
    }
    plain
}

fn is_stub(text: &str) -> bool {
    let lower = text.to_lowercase();
    text.len() <= STUB_BYTES && STUBS.iter().any(|words| lower.contains(words))
}

/// The words that a text is known by: those of four letters, and numbers, but no
/// addresses of links.
fn words(text: &str) -> HashSet<String> {
    text.split_whitespace()
        .filter(|word| !word.contains("://"))
        .flat_map(|word| word.split(|c: char| !c.is_alphanumeric()))
        .filter(|word| word.chars().count() >= 4 || word.bytes().any(|b| b.is_ascii_digit()))
        .take(WORDS)
        .map(str::to_lowercase)
        .collect()
}

/// `text/enriched` (RFC 1896) and `text/richtext` (RFC 1341) without the commands
/// that say how it looks.
pub(crate) fn without_commands(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('<') {
        out.push_str(before);
        if let Some(after) = after.strip_prefix('<') {
            out.push('<');
            rest = after;
            continue;
        }
        let command = after.split_once('>').filter(|(name, _)| {
            let name = name.strip_prefix('/').unwrap_or(name);
            (1..=60).contains(&name.len())
                && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        });
        let Some((name, after)) = command else {
            out.push('<');
            rest = after;
            continue;
        };
        rest = match name.to_ascii_lowercase().as_str() {
            // What a command is set to.
            "param" => after
                .split_once("</param>")
                .map_or(after, |(_, after)| after),
            "lt" => {
                out.push('<');
                after
            }
            "nl" => {
                out.push('\n');
                after
            }
            _ => after,
        };
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::{best, without_commands};

    const REQUEST: &str =
        "El escáner del piso 3 no digitaliza: sale el error E-052. Equipo con placa 9981.";

    #[test]
    fn a_form_that_only_names_the_other_is_not_read() {
        for stub in [
            "Este mensaje está en formato HTML. Use un programa de correo que lo muestre.",
            "This is an HTML-formatted message and cannot be viewed in your mail reader",
            "Si no puede ver este correo, ábralo en su navegador: https://x.co/ver?id=1",
            "Your email client does not support this. View this email online.",
            "Esta mensagem deve ser lida em um leitor de e-mail compatível.",
        ] {
            assert_eq!(best(stub.to_owned(), REQUEST.to_owned()), REQUEST);
            assert_eq!(
                best(stub.to_owned(), "No imprime.".to_owned()),
                "No imprime."
            );
        }
        // Also where the other one says it, too.
        let stub = "Si no puede ver este correo, ábralo en su navegador.";
        let other =
            format!("{stub}\n\n{REQUEST} Ana Ruiz, oficina 201, extensión 1234, edificio central");
        assert_eq!(best(stub.to_owned(), other.clone()), other);
    }

    #[test]
    fn nothing_to_read_is_left_out() {
        let long = format!(
            "{REQUEST} Además el teclado, la pantalla, la impresora nueva, los cables, el cargador, la tableta y otros veinte equipos quedaron fuera después del corte."
        );
        assert_eq!(best("El escáner del piso 3".to_owned(), long.clone()), long);
        let apart = best(
            "Va el informe mensual firmado.".to_owned(),
            REQUEST.to_owned(),
        );
        assert_eq!(
            apart,
            format!("Va el informe mensual firmado.\n\n{REQUEST}")
        );
    }

    #[test]
    fn the_plain_form_is_read_where_both_say_the_same() {
        for (plain, other) in [
            (
                REQUEST,
                "El escáner del piso 3 no digitaliza: sale el error E-052. | Equipo con placa 9981.",
            ),
            ("Texto llano", "HTML"),
            (
                "La página HTML no abre en el navegador Firefox",
                "La página HTML no abre en el navegador Firefox (https://x.co)",
            ),
            ("Gracias", "Gracias\n[imagen]"),
            ("Va", ""),
        ] {
            assert_eq!(best(plain.to_owned(), other.to_owned()), plain);
        }
        assert_eq!(best(String::new(), "x".to_owned()), "x");
    }

    #[test]
    fn older_forms() {
        assert_eq!(
            without_commands(
                "<bold>No</bold> abre <<http>: 3 < 4\n<color><param>red</param>ya</color>"
            ),
            "No abre <http>: 3 < 4\nya"
        );
        assert_eq!(
            without_commands("uno<nl>dos<lt>x <a@b.co> <"),
            "uno\ndos<x <a@b.co> <"
        );
    }
}
