//! From bytes to text, whatever they say that they are.

use std::borrow::Cow;

use encoding_rs::{
    Encoding, ISO_2022_JP, ISO_8859_15, MACINTOSH, REPLACEMENT, UTF_8, UTF_16BE, UTF_16LE,
    WINDOWS_1252,
};

/// What a label stands for.
enum Charset {
    /// One of the encodings of the Web.
    Web(&'static Encoding),
    /// RFC 2152. Old Exchange servers wrote it; the Web never did.
    Utf7,
    /// No label, or one that nobody knows.
    Unknown,
}

/// Labels that mail uses and the Web's list lacks.
const ALIASES: [(&str, &str); 8] = [
    ("cp932", "shift_jis"),
    ("cp936", "gbk"),
    ("ms936", "gbk"),
    ("cp949", "euc-kr"),
    ("cp950", "big5"),
    ("latin-1", "latin1"),
    ("iso-latin-1", "latin1"),
    ("latin-9", "iso-8859-15"),
];

fn charset(label: Option<&str>) -> Charset {
    let Some(label) = label else {
        return Charset::Unknown;
    };
    // RFC 2231, section 5: a language may follow.
    let label = label.split('*').next().unwrap_or_default();
    let label = label
        .trim_matches(|c: char| c.is_whitespace() || matches!(c, '"' | '\''))
        .to_ascii_lowercase();
    if matches!(
        label.as_str(),
        "utf-7" | "utf7" | "unicode-1-1-utf-7" | "csunicode11utf7"
    ) {
        return Charset::Utf7;
    }
    let known = |label: &str| {
        // Encodings that browsers refuse to decode are no help.
        Encoding::for_label(label.as_bytes()).filter(|e| *e != REPLACEMENT)
    };
    let alias = || ALIASES.iter().find(|(from, _)| *from == label);
    known(&label)
        .or_else(|| known(&label.replace('_', "-")))
        .or_else(|| alias().and_then(|(_, to)| known(to)))
        .map_or(Charset::Unknown, Charset::Web)
}

/// Decodes `bytes` as what `label` says if that makes sense, and else as what they
/// look like: UTF-8, and Windows-1252 for the rest. A replacement character comes
/// out where one was written, and for errors in a text of several bytes to a
/// character (GB 18030 and its like), where nothing else makes sense.
pub(crate) fn decode(bytes: Cow<'_, [u8]>, label: Option<&str>) -> String {
    if let Some((encoding, length)) = Encoding::for_bom(&bytes) {
        let rest = bytes.get(length..).unwrap_or_default();
        return if encoding == UTF_8 {
            utf8_or(Cow::Borrowed(rest), WINDOWS_1252)
        } else {
            without_error_at_end(encoding.decode_without_bom_handling(rest).0)
        };
    }
    let encoding = match charset(label) {
        Charset::Web(encoding) => encoding,
        Charset::Utf7 => return utf7(&bytes),
        Charset::Unknown => UTF_8,
    };
    if encoding == UTF_8 {
        return utf8_or(bytes, WINDOWS_1252);
    }
    // UTF-8 that is labelled as something Western. Accented letters of those
    // alphabets do not happen to be valid UTF-8.
    if encoding == WINDOWS_1252 || encoding == ISO_8859_15 || encoding == MACINTOSH {
        return if bytes.is_ascii() || std::str::from_utf8(&bytes).is_ok() {
            utf8_or(bytes, encoding)
        } else {
            encoding.decode_without_bom_handling(&bytes).0.into_owned()
        };
    }
    // UTF-16 in name alone: its text would have NULs or a byte order mark.
    if (encoding == UTF_16LE || encoding == UTF_16BE) && !bytes.contains(&0) {
        return utf8_or(bytes, WINDOWS_1252);
    }
    // UTF-8 that is labelled as something else. Some letters may be valid UTF-8 by
    // chance, many are not.
    let letters = std::str::from_utf8(&bytes).map_or(0, |text| {
        text.chars().filter(|c| !c.is_ascii()).take(4).count()
    });
    if letters >= 4 {
        return utf8_or(bytes, WINDOWS_1252);
    }
    let bytes = if encoding == ISO_2022_JP {
        Cow::Owned(without_idle_escapes(&bytes))
    } else {
        bytes
    };
    let (text, had_errors) = encoding.decode_without_bom_handling(&bytes);
    if !had_errors {
        return text.into_owned();
    }
    if std::str::from_utf8(&bytes).is_ok() || encoding.is_single_byte() {
        return utf8_or(bytes, encoding);
    }
    let text = without_error_at_end(text);
    let characters = text.chars().count();
    let errors = text.chars().filter(|c| *c == REPLACED).count();
    if errors.saturating_mul(10) > characters {
        utf8_or(bytes, WINDOWS_1252)
    } else {
        text
    }
}

/// Without escapes of ISO-2022 that another one follows at once: the Web's decoder
/// takes them for an error, and they stand wherever two encoded words meet.
fn without_idle_escapes(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((&byte, after)) = rest.split_first() {
        match escape_length(rest) {
            Some(length) if escape_length(rest.get(length..).unwrap_or_default()).is_some() => {
                rest = rest.get(length..).unwrap_or_default();
            }
            Some(_) | None => {
                out.push(byte);
                rest = after;
            }
        }
    }
    out
}

/// Length of the escape that `bytes` begin with.
fn escape_length(bytes: &[u8]) -> Option<usize> {
    match bytes {
        [0x1b, b'$', b'(', b'D', ..] => Some(4),
        [0x1b, b'(', b'B' | b'J' | b'I', ..] | [0x1b, b'$', b'@' | b'B', ..] => Some(3),
        _ => None,
    }
}

const REPLACED: char = char::REPLACEMENT_CHARACTER;

/// Without what an end in the middle of a character leaves behind.
fn without_error_at_end(text: Cow<'_, str>) -> String {
    text.strip_suffix(REPLACED)
        .map_or_else(|| text.clone().into_owned(), str::to_owned)
}

/// UTF-8, and each byte that is not as `western`: a text in Windows-1252, or a
/// reply in one that quotes a mail in the other, reads as it was written.
fn utf8_or(bytes: Cow<'_, [u8]>, western: &'static Encoding) -> String {
    let bytes = match bytes {
        Cow::Borrowed(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) => return text.to_owned(),
            Err(_) => Cow::Borrowed(bytes),
        },
        Cow::Owned(bytes) => match String::from_utf8(bytes) {
            Ok(text) => return text,
            Err(error) => Cow::Owned(error.into_bytes()),
        },
    };
    let high = high_half(western);
    let mut text = String::with_capacity(bytes.len());
    let mut chunks = bytes.utf8_chunks().peekable();
    while let Some(chunk) = chunks.next() {
        text.push_str(chunk.valid());
        let cut_off = chunks.peek().is_none() && !text.is_ascii() && is_beginning(chunk.invalid());
        if !cut_off {
            let known = chunk.invalid().iter().map(|byte| {
                let at = usize::from(byte & 0x7f);
                high.get(at).copied().unwrap_or(REPLACED)
            });
            text.extend(known);
        }
    }
    text
}

/// Whether a text in UTF-8 was cut off here, in the middle of a character: it is
/// dropped. A lone á, é, í, ñ or ó of Windows-1252 is a letter.
fn is_beginning(bytes: &[u8]) -> bool {
    match bytes {
        [byte] => matches!(byte, 0xc2..=0xdf | 0xe2 | 0xf0),
        _ => std::str::from_utf8(bytes).is_err_and(|error| error.error_len().is_none()),
    }
}

/// The upper 128 characters of an encoding of one byte, Windows-1252's where it
/// has none.
fn high_half(encoding: &'static Encoding) -> Vec<char> {
    let one = |encoding: &'static Encoding, byte: u8| {
        let byte = [byte];
        let text = encoding.decode_without_bom_handling(&byte).0;
        text.chars().next().unwrap_or(REPLACED)
    };
    (0x80..=0xff)
        .map(|byte| match one(encoding, byte) {
            REPLACED => one(WINDOWS_1252, byte),
            c => c,
        })
        .collect()
}

/// UTF-7 (RFC 2152): runs of UTF-16 in base64 between `+` and `-`.
fn utf7(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if byte != b'+' {
            text.push(if byte.is_ascii() {
                char::from(byte)
            } else {
                '?'
            });
            continue;
        }
        let length = rest
            .iter()
            .take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/'))
            .count();
        let (run, after) = rest.split_at(length);
        rest = after.strip_prefix(b"-").unwrap_or(after);
        if run.is_empty() {
            text.push('+');
        } else {
            let units = crate::transfer::base64(run, usize::MAX);
            let units = units
                .chunks_exact(2)
                .map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
            text.extend(char::decode_utf16(units).flatten());
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::decode;

    #[track_caller]
    fn check(bytes: &[u8], label: Option<&str>, expected: &str) {
        assert_eq!(decode(bytes.into(), label), expected);
    }

    #[test]
    fn declared() {
        check(b"se\xf1or", Some("iso-8859-1"), "señor");
        check(b"5 \x80 \x93x\x94", Some("ISO-8859-1"), "5 € “x”");
        check(b"5 \xa4", Some("iso8859_15"), "5 €");
        check(b"\xf0\xd2\xc9\xd7\xc5\xd4", Some("KOI8-R"), "Привет");
        check(b"\xc4\xe3\xba\xc3", Some("gb18030"), "你好");
        check(b"\xc4\xe3\xba\xc3", Some("GB2312*zh"), "你好");
        check(b"\x1b$B$3$s\x1b(B", Some("iso-2022-jp"), "こん");
        check(b"\x1b$B$3\x1b(B\x1b$B$s\x1b(B", Some("iso-2022-jp"), "こん");
        check(
            b"a\x1b(B\x1b$B$3\x1b(B\x1b(J b",
            Some("iso-2022-jp"),
            "aこ b",
        );
        check(b"se+APE-or 1 +- 1", Some("utf-7"), "señor 1 + 1");
        check(b"\xfe\xff\0\xf1", None, "ñ");
        check(b"\xff\xfe\xf1\0", Some("utf-8"), "ñ");
    }

    #[test]
    fn wrongly_declared() {
        check(b"soluci\xf3n", Some("utf-8"), "solución");
        check("solución".as_bytes(), Some("windows-1252"), "solución");
        check("solución".as_bytes(), Some("us-ascii"), "solución");
        check(
            "¿Solución rápida?: sí".as_bytes(),
            Some("gb18030"),
            "¿Solución rápida?: sí",
        );
        check(
            "¿Solución rápida?: sí".as_bytes(),
            Some("koi8-r"),
            "¿Solución rápida?: sí",
        );
        check(b"soluci\xf3n", Some("us-ascii"), "solución");
        check(b"Hola", Some("utf-16"), "Hola");
        check(b"\xd2a", Some("windows-1253"), "\u{d2}a");
        check(b"se\xf1or", Some("iso-2022-kr"), "señor");
    }

    #[test]
    fn undeclared() {
        check("ñ".as_bytes(), None, "ñ");
        check(b"\xf1", None, "ñ");
        check(b"\xf1", Some("x-unknown"), "ñ");
        check(b"", None, "");
    }

    #[test]
    fn mixed_and_cut_off() {
        check(b"\xc3\xb1 y \xf1", Some("utf-8"), "ñ y ñ");
        check(b"\xc3\xb1 y \xc3", Some("utf-8"), "ñ y ");
        check(b"\xc4\xe3\xba", Some("gb18030"), "你");
    }
}
