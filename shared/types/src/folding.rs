//! Words as people type them: with and without capitals and accents.

/// Without capitals and accents, whether an accent is one sign with its letter or
/// stands behind it (NFC, NFD), and without signs that nobody sees.
pub fn folded(text: &str) -> String {
    text.to_lowercase()
        .chars()
        .filter(|c| !is_accent(*c) && !is_unseen(*c))
        .map(plain)
        .collect()
}

/// What is [`folded`], without what stands between the parts of a word: `wi-fi` is `wifi`.
pub fn joined(folded: &str) -> String {
    let stays = |c: &char| c.is_alphanumeric() || c.is_whitespace();
    folded.chars().filter(stays).collect()
}

fn is_accent(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36F}')
}

/// Soft hyphens, and marks of width nought and of what picture a sign is drawn as.
fn is_unseen(c: char) -> bool {
    matches!(c, '\u{AD}' | '\u{200B}'..='\u{200F}' | '\u{2060}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}')
}

fn plain(c: char) -> char {
    match c {
        'á' | 'à' | 'â' | 'ã' | 'ä' => 'a',
        'é' | 'è' | 'ê' | 'ë' => 'e',
        'í' | 'ì' | 'î' | 'ï' => 'i',
        'ó' | 'ò' | 'ô' | 'õ' | 'ö' => 'o',
        'ú' | 'ù' | 'û' | 'ü' => 'u',
        'ñ' => 'n',
        'ç' => 'c',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::{folded, joined};

    #[test]
    fn accents_make_no_difference() {
        for text in ["#Solución", "#SOLUCIO\u{301}N", "#solu\u{AD}cion\u{FE0F}"] {
            assert_eq!(folded(text), "#solucion");
        }
        assert_eq!(folded("Ñandú, ÇÃO"), "nandu, cao");
    }

    #[test]
    fn hyphens_make_no_difference_where_words_are_joined() {
        for text in ["Wi-Fi", "wifi", "WI\u{2011}FI", "wi.fi"] {
            assert_eq!(joined(&folded(text)), "wifi");
        }
        assert_eq!(joined("no abre: correo"), "no abre correo");
    }
}
