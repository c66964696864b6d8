//! Transfer encodings (RFC 2045, section 6), decoded as far as they go.

use std::borrow::Cow;

/// How a body was written for transport.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Transfer {
    /// 7bit, 8bit, binary, and what nobody knows.
    AsIs,
    Base64,
    QuotedPrintable,
}

impl Transfer {
    /// From the value of `Content-Transfer-Encoding`.
    pub(crate) fn parse(value: &str) -> Self {
        let word = value
            .split(|c: char| c.is_whitespace() || matches!(c, ';' | '('))
            .find(|word| !word.is_empty())
            .unwrap_or_default();
        let word = word.trim_matches('"').to_ascii_lowercase();
        match word.as_str() {
            "base64" | "base-64" | "b" => Transfer::Base64,
            "quoted-printable" | "quotedprintable" | "q" => Transfer::QuotedPrintable,
            _ => Transfer::AsIs,
        }
    }

    /// Decodes `bytes`, at least until `limit` bytes came out. Nothing decodes to
    /// more bytes than it was written in.
    pub(crate) fn decode(self, bytes: &[u8], limit: usize) -> Cow<'_, [u8]> {
        match self {
            Transfer::AsIs => Cow::Borrowed(bytes),
            Transfer::Base64 => Cow::Owned(base64(bytes, limit)),
            Transfer::QuotedPrintable => Cow::Owned(quoted_printable(bytes, limit)),
        }
    }

    /// Decodes a text. Plain words that are labelled as base64 stay as they are.
    pub(crate) fn decode_text(self, bytes: &[u8], limit: usize) -> Cow<'_, [u8]> {
        match self {
            Transfer::Base64 if is_prose(bytes) => Cow::Borrowed(bytes),
            Transfer::AsIs | Transfer::Base64 | Transfer::QuotedPrintable => {
                self.decode(bytes, limit)
            }
        }
    }
}

/// Whether it has blanks between words, as no base64 has: one in 40 bytes.
fn is_prose(bytes: &[u8]) -> bool {
    let start = bytes.get(..4096).unwrap_or(bytes);
    let between_words = start
        .windows(3)
        .filter(|w| w[1] == b' ' && w[0].is_ascii_graphic() && w[2].is_ascii_graphic())
        .count();
    between_words > 1 && between_words.saturating_mul(40) > start.len()
}

/// Value of each letter of the alphabet of base64; both its variants.
const SEXTETS: [u8; 256] = {
    let mut table = [0xff; 256];
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut value = 0;
    while value < 64 {
        table[alphabet[value] as usize] = value as u8;
        value += 1;
    }
    table[b'-' as usize] = 62;
    table[b'_' as usize] = 63;
    table
};

/// Base64 (RFC 2045, section 6.8; RFC 4648, section 5). What is not of the
/// alphabet is passed over; padding ends a group, and another may follow.
pub(crate) fn base64(bytes: &[u8], limit: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity((bytes.len() / 4 * 3 + 3).min(limit.saturating_add(3)));
    let mut group: u32 = 0;
    let mut sextets = 0;
    let finish = |out: &mut Vec<u8>, group: u32, sextets: u32| match sextets {
        2 => out.push((group >> 4) as u8),
        3 => out.extend([(group >> 10) as u8, (group >> 2) as u8]),
        _ => {}
    };
    for &byte in bytes {
        let sextet = SEXTETS[usize::from(byte)];
        if sextet != 0xff {
            group = group << 6 | u32::from(sextet);
            sextets += 1;
            if sextets == 4 {
                out.extend([(group >> 16) as u8, (group >> 8) as u8, group as u8]);
                (group, sextets) = (0, 0);
                if out.len() >= limit {
                    return out;
                }
            }
        } else if byte == b'=' {
            finish(&mut out, group, sextets);
            (group, sextets) = (0, 0);
        }
    }
    finish(&mut out, group, sextets);
    out
}

/// Quoted-printable (RFC 2045, section 6.7). An escape that is none stays as it
/// was written; blanks at the end of a line were added on the way.
pub(crate) fn quoted_printable(bytes: &[u8], limit: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len().min(limit));
    let mut rest = bytes;
    while !rest.is_empty() && out.len() < limit {
        let (line, end, after) = match memchr::memchr(b'\n', rest) {
            Some(at) => {
                let (line, after) = rest.split_at(at + 1);
                let body = line.strip_suffix(b"\n").unwrap_or(line);
                match body.strip_suffix(b"\r") {
                    Some(body) => (body, &b"\r\n"[..], after),
                    None => (body, &b"\n"[..], after),
                }
            }
            None => (rest, &b""[..], &b""[..]),
        };
        rest = after;
        let line = line.trim_ascii_end();
        match line.strip_suffix(b"=") {
            Some(line) => unescape(line, b'=', &mut out),
            None => {
                unescape(line, b'=', &mut out);
                out.extend_from_slice(end);
            }
        }
    }
    out
}

/// Replaces `=C3` (or `%C3`, by the `mark`) with the byte that it stands for.
pub(crate) fn unescape(bytes: &[u8], mark: u8, out: &mut Vec<u8>) {
    let mut rest = bytes;
    while let Some(at) = memchr::memchr(mark, rest) {
        let (before, escape) = rest.split_at(at);
        out.extend_from_slice(before);
        match escape {
            [_, high, low, after @ ..] if hex(*high).is_some() && hex(*low).is_some() => {
                let byte = hex(*high).unwrap_or(0) << 4 | hex(*low).unwrap_or(0);
                out.push(byte);
                rest = after;
            }
            [mark, after @ ..] => {
                out.push(*mark);
                rest = after;
            }
            [] => return,
        }
    }
    out.extend_from_slice(rest);
}

fn hex(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{Transfer, base64, quoted_printable};

    #[test]
    fn base64_as_far_as_it_goes() {
        for (written, expected) in [
            (&b"SG9sYQ=="[..], &b"Hola"[..]),
            (b"SG9sYQ", b"Hola"),
            (b"SG9s\r\nYQ==\r\n", b"Hola"),
            (b"SG!9s Y*Q=", b"Hola"),
            (b"SG9sYQ==SG9sYQ==", b"HolaHola"),
            (b"SG9sY", b"Hol"),
            (b"____", b"\xff\xff\xff"),
            (b"====", b""),
            (b"", b""),
        ] {
            assert_eq!(base64(written, usize::MAX), expected);
        }
    }

    #[test]
    fn quoted_printable_as_far_as_it_goes() {
        for (written, expected) in [
            (&b"soluci=C3=B3n"[..], "solución"),
            (b"soluci=c3=b3n", "solución"),
            (b"uno =\r\ndos  \r\ntres", "uno dos\r\ntres"),
            (b"uno =  \ndos\n", "uno dos\n"),
            (b"1 + 1 == 2", "1 + 1 == 2"),
            (b"100 =ZZ", "100 =ZZ"),
            (b"fin=", "fin"),
            (b"fin=C", "fin=C"),
        ] {
            assert_eq!(
                String::from_utf8_lossy(&quoted_printable(written, usize::MAX)),
                expected
            );
        }
    }

    #[test]
    fn prose_is_not_base64() {
        let prose = b"Buenos dias, no puedo entrar al correo.";
        assert_eq!(&*Transfer::Base64.decode_text(prose, 99), prose);
    }

    #[test]
    fn names_of_encodings() {
        for (value, expected) in [
            ("base64", Transfer::Base64),
            (" BASE64 ", Transfer::Base64),
            ("base64 (comment)", Transfer::Base64),
            ("Quoted-Printable;", Transfer::QuotedPrintable),
            ("8bit", Transfer::AsIs),
            ("", Transfer::AsIs),
            ("x-what", Transfer::AsIs),
        ] {
            assert_eq!(Transfer::parse(value), expected, "{value}");
        }
    }
}
