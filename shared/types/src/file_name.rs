//! What files may be called, however they come: whatever a sender's system let
//! through, a name here is one that any system takes, and that says on its face what
//! it says.

use crate::ids::{composed, is_unprintable};

/// Longest file name, in bytes: some file systems take no more than 255, and a copy
/// that is called "… (1)" has to fit.
pub const LONGEST: usize = 200;

/// A file name that is safe anywhere: of a path the last component, and of a name
/// with slashes, as offices number their letters, all of it.
pub fn safe(name: &str) -> Option<String> {
    let parts = || {
        let parts = name.split(['/', '\\']);
        parts.filter(|part| !part.trim_matches(['.', ' ']).is_empty())
    };
    if is_path(name) {
        clean(parts().next_back()?)
    } else {
        clean(&parts().collect::<Vec<_>>().join("-"))
    }
}

/// Whether slashes separate folders: the name begins at a root, a drive or another
/// folder, or has Windows' slashes.
fn is_path(name: &str) -> bool {
    let name = name.trim_start();
    let has_drive =
        name.get(1..2) == Some(":") && name.starts_with(|c: char| c.is_ascii_alphabetic());
    name.starts_with(['/', '.', '~'])
        || has_drive
        || name.contains('\\')
        || name.contains("://")
        || name.split('/').any(|part| part.trim() == "..")
}

/// What a name ends in after its last dot, in lower case; nothing where it has none.
pub fn extension(name: &str) -> String {
    let extension = name.rsplit_once('.').map(|(_, extension)| extension);
    extension.unwrap_or_default().to_ascii_lowercase()
}

/// A name without characters that Windows refuses, without dots and blanks at its
/// ends, and none of the names that Windows gives to devices.
pub fn clean(name: &str) -> Option<String> {
    let name = composed(name);
    let mut clean = String::with_capacity(name.len());
    for c in name.chars() {
        match c {
            c if is_unprintable(c) => {}
            // What turns the direction of the signs beside it says nothing by itself.
            '\u{61C}' | '\u{200E}' | '\u{200F}' => {}
            '<' | '>' | ':' | '"' | '|' | '?' | '*' => clean.push('_'),
            c if c.is_whitespace() => clean.push(' '),
            c => clean.push(c),
        }
    }
    let clean = clean.trim_matches(|c: char| c == '.' || c.is_whitespace());
    if clean.is_empty() {
        return None;
    }
    let stem = clean.split('.').next().unwrap_or_default().trim();
    let stem = stem.to_ascii_uppercase();
    let is_device = matches!(stem.as_str(), "CON" | "PRN" | "AUX" | "NUL")
        || (stem.len() == 4
            && (stem.starts_with("COM") || stem.starts_with("LPT"))
            && stem.ends_with(|c: char| c.is_ascii_digit()));
    let clean = if is_device {
        format!("_{clean}")
    } else {
        clean.to_owned()
    };
    Some(shortened(&clean))
}

/// At most [`LONGEST`], with its extension.
fn shortened(name: &str) -> String {
    if name.len() <= LONGEST {
        return name.to_owned();
    }
    match name.rsplit_once('.') {
        Some((stem, extension)) if extension.len() <= 10 => {
            let stem = truncated(stem, LONGEST - extension.len() - 1);
            format!("{stem}.{extension}")
        }
        Some(_) | None => truncated(name, LONGEST).to_owned(),
    }
}

/// The beginning of a name, of at most so many bytes.
pub fn truncated(text: &str, bytes: usize) -> &str {
    let end = text.floor_char_boundary(bytes);
    text.get(..end)
        .unwrap_or_default()
        .trim_end_matches(['.', ' '])
}

#[cfg(test)]
mod tests {
    use super::safe;

    #[test]
    fn file_names() {
        for (written, expected) in [
            ("informe.pdf", Some("informe.pdf")),
            ("../../etc/passwd", Some("passwd")),
            ("..\\..\\windows\\win.ini", Some("win.ini")),
            ("C:\\temp\\a.pdf", Some("a.pdf")),
            ("/etc/", Some("etc")),
            ("Oficio_225/2385.pdf", Some("Oficio_225-2385.pdf")),
            (
                "Acta 12/2026 - piso 3/4.docx",
                Some("Acta 12-2026 - piso 3-4.docx"),
            ),
            ("Resolución N/A.pdf", Some("Resolución N-A.pdf")),
            ("Circular 7/ 2026/.pdf", Some("Circular 7- 2026-.pdf")),
            ("oficios/../../etc/passwd", Some("passwd")),
            ("~/Informe.pdf", Some("Informe.pdf")),
            ("https://x.co/a/b.pdf", Some("b.pdf")),
            ("Resolucio\u{301}n.pdf", Some("Resolución.pdf")),
            ("..", None),
            ("../..", None),
            (" . ", None),
            ("", None),
            (".htaccess", Some("htaccess")),
            ("a\u{0}b\r\n.pdf", Some("ab.pdf")),
            ("factura\u{202e}fdp.exe", Some("facturafdp.exe")),
            ("acta\u{200f}.pdf", Some("acta.pdf")),
            ("a:b?c*.txt", Some("a_b_c_.txt")),
            ("nul.txt", Some("_nul.txt")),
            ("COM1", Some("_COM1")),
            ("común.txt", Some("común.txt")),
            ("año 2026.pdf ", Some("año 2026.pdf")),
        ] {
            assert_eq!(safe(written).as_deref(), expected, "{written:?}");
        }
        let long = safe(&format!("{}.pdf", "ñ".repeat(300))).unwrap();
        assert!(long.len() <= 200 && long.ends_with("ñ.pdf"), "{long}");
        assert_eq!(safe(&"x".repeat(300)).unwrap().len(), 200);
    }
}
