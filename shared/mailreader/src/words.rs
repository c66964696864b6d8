//! Encoded words in headers (RFC 2047), and what becomes of a header's text.

use std::borrow::Cow;

use types::ids::composed;

use crate::charset;
use crate::transfer::{base64, unescape};

/// Longest encoded word that is looked for. RFC 2047 allows 75 characters;
/// careless senders put a whole subject into one.
const WORD_BYTES: usize = 4_096;

/// An encoded word, taken apart.
struct Word<'a> {
    charset: &'a str,
    encoding: Encoding,
    payload: &'a str,
    /// Its length with everything around the payload.
    length: usize,
}

#[derive(Clone, Copy)]
enum Encoding {
    B,
    Q,
}

/// The encoded word that `text` begins with.
fn word(text: &str) -> Option<Word<'_>> {
    let rest = text.strip_prefix("=?")?;
    let (charset, rest) = split_within(rest, '?', 64)?;
    let (encoding, rest) = split_within(rest, '?', 1)?;
    let encoding = match encoding {
        "B" | "b" => Encoding::B,
        "Q" | "q" => Encoding::Q,
        _ => return None,
    };
    let window = rest.as_bytes();
    let window = window.get(..WORD_BYTES).unwrap_or(window);
    let end = memchr::memmem::find(window, b"?=")?;
    let payload = rest.get(..end)?;
    let length = text.len() - rest.len() + end + 2;
    Some(Word {
        charset,
        encoding,
        payload,
        length,
    })
}

/// Length of the encoded word that `text` begins with.
pub(crate) fn word_length(text: &str) -> Option<usize> {
    word(text).map(|word| word.length)
}

fn split_within(text: &str, at: char, most: usize) -> Option<(&str, &str)> {
    let end = text
        .char_indices()
        .take(most + 1)
        .find(|(_, c)| *c == at)?
        .0;
    Some((text.get(..end)?, text.get(end + at.len_utf8()..)?))
}

/// Words of one charset that follow one another. They are decoded together, since
/// careless senders cut in the middle of a character, or of a group of base64.
#[derive(Default)]
struct Run {
    charset: String,
    bytes: Vec<u8>,
    base64: String,
}

impl Run {
    fn take(&mut self, word: &Word<'_>, out: &mut String) {
        if !self.charset.eq_ignore_ascii_case(word.charset) {
            self.end(out);
            word.charset.clone_into(&mut self.charset);
        }
        match word.encoding {
            Encoding::B => {
                self.base64.push_str(word.payload);
                if self.base64.len().is_multiple_of(4) || self.base64.ends_with('=') {
                    self.end_base64();
                }
            }
            Encoding::Q => {
                self.end_base64();
                // An underscore is a blank; one that is meant is escaped.
                let payload = word.payload.replace('_', " ");
                unescape(payload.as_bytes(), b'=', &mut self.bytes);
            }
        }
    }

    fn end_base64(&mut self) {
        let bytes = base64(self.base64.as_bytes(), usize::MAX);
        self.bytes.extend(bytes);
        self.base64.clear();
    }

    fn end(&mut self, out: &mut String) {
        self.end_base64();
        if !self.bytes.is_empty() {
            let bytes = Cow::Owned(std::mem::take(&mut self.bytes));
            out.push_str(&charset::decode(bytes, Some(&self.charset)));
        }
    }
}

/// Decodes the encoded words of a text (RFC 2047), also where they stand inside
/// of quotes or next to other text. What is none stays as it is.
pub(crate) fn decode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut run = Run::default();
    let mut rest = text;
    while let Some(at) = rest.find("=?") {
        let (before, from) = rest.split_at(at);
        match word(from) {
            Some(word) => {
                // Blanks between two encoded words are not part of the text.
                let first = run.charset.is_empty();
                if first || !before.trim().is_empty() {
                    run.end(&mut out);
                    out.push_str(before);
                }
                run.take(&word, &mut out);
                rest = from.get(word.length..).unwrap_or_default();
            }
            None => {
                run.end(&mut out);
                run.charset.clear();
                out.push_str(before);
                out.push_str("=?");
                rest = from.get(2..).unwrap_or_default();
            }
        }
    }
    run.end(&mut out);
    out.push_str(rest);
    out
}

/// The value of a header field as text: unfolded (RFC 5322, section 2.2.3), and
/// bytes beyond ASCII read as UTF-8, or else as the mail's own charset.
pub(crate) fn unfold(value: &[u8], charset: Option<&str>) -> String {
    let text = match std::str::from_utf8(value) {
        Ok(text) => text.to_owned(),
        Err(_) => charset::decode(Cow::Borrowed(value), charset),
    };
    if !text.contains(['\r', '\n']) {
        return text.trim().to_owned();
    }
    let mut out = String::with_capacity(text.len());
    for line in text.split(['\r', '\n']) {
        let line = line.trim();
        if !line.is_empty() {
            if !out.is_empty() {
                out.push(' ');
            }
            out.push_str(line);
        }
    }
    out
}

/// One line for people: encoded words decoded, runs of blanks made one, control
/// characters and marks that reorder text left out, at most `most` characters.
pub(crate) fn line(text: &str, most: usize) -> Option<String> {
    let decoded = composed(&decode(text)).into_owned();
    let mut out = String::with_capacity(decoded.len().min(most.saturating_mul(4)));
    let words = decoded.split(|c: char| c.is_whitespace() || c.is_control());
    let mut left = most;
    for word in words {
        let mut visible = word.chars().filter(|c| !is_unprintable(*c)).peekable();
        if visible.peek().is_none() {
            continue;
        }
        if !out.is_empty() && left > 0 {
            out.push(' ');
            left -= 1;
        }
        for c in visible.take(left) {
            out.push(c);
            left -= 1;
        }
        if left == 0 {
            break;
        }
    }
    out.truncate(out.trim_end().len());
    // A sign that joined two others was perhaps cut from the second.
    let out = composed(&out).into_owned();
    (!out.is_empty()).then_some(out)
}

/// What no text for people holds: control characters, line and paragraph
/// separators, and marks that reorder the text around them. `types` refuses them.
pub(crate) fn is_unprintable(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}')
}

#[cfg(test)]
mod tests {
    use super::{decode, line, unfold};

    #[test]
    fn encoded_words() {
        for (written, expected) in [
            ("=?utf-8?Q?Soluci=C3=B3n?=", "Solución"),
            ("=?UTF-8?B?U29sdWNpw7Nu?= lista", "Solución lista"),
            ("=?iso-8859-1?q?a=F1o_nuevo?=", "año nuevo"),
            ("=?utf-8*es?Q?a=C3=B1o?=", "año"),
            ("=?utf-8?Q?a_b?= =?utf-8?Q?_c?=", "a b c"),
            ("Re:=?utf-8?Q?_=C3=B1?=", "Re: ñ"),
            // Cut in the middle of a character.
            ("=?utf-8?Q?a=C3?= =?utf-8?Q?=B1o?=", "año"),
            ("=?utf-8?Q?a=C3?=  =?UTF-8?B?sW8=?=", "año"),
            // Cut in the middle of a group of base64.
            ("=?utf-8?B?YcO?= =?utf-8?B?xbw==?=", "año"),
            // Each word ends where the next begins to speak another alphabet.
            (
                "=?ISO-2022-JP?B?GyRCJUYlOSVIGyhC?= =?iso-2022-jp?B?GyRCJUYlOSVIGyhC?=",
                "テストテスト",
            ),
            (
                "=?ISO-2022-JP?B?UmU6IBskQiQzGyhC?= =?ISO-2022-JP?Q?=1B$B$s=1B=28B?= =?ISO-2022-JP?Q?_x?=",
                "Re: こん x",
            ),
            // Broken ones.
            ("=?utf-8?Q?sin fin", "=?utf-8?Q?sin fin"),
            ("=?utf-8?X?a?=", "=?utf-8?X?a?="),
            ("=?utf-8?B?YcOxbw?=", "año"),
            ("=?utf-8?Q?con espacio?=", "con espacio"),
            ("=?utf-8?Q?=ZZ?=", "=ZZ"),
            ("=?nada?Q?a=F1o?=", "año"),
            ("=?utf-8?Q?a=F1o?=", "año"),
            ("=?=?=?=", "=?=?=?="),
            ("a =?utf-8?Q?b?= c =?utf-8?Q?d?=", "a b c d"),
            ("=?utf-8?Q?=5F?=", "_"),
            ("=?utf-8?Q??=", ""),
        ] {
            assert_eq!(decode(written), expected, "{written}");
        }
    }

    #[test]
    fn lines() {
        assert_eq!(
            line("  a \t b\u{0}c\u{202e}d ", 99).as_deref(),
            Some("a b cd")
        );
        assert_eq!(line("ñandú veloz", 6).as_deref(), Some("ñandú"));
        assert_eq!(line(" \u{200e}\u{1}", 9).as_deref(), Some("\u{200e}"));
        assert_eq!(line(" \r\n ", 9), None);
        assert_eq!(
            line("=?utf-8?Q?a=0D=0ABcc:_b?=", 99).as_deref(),
            Some("a Bcc: b")
        );
    }

    #[test]
    fn folding() {
        assert_eq!(unfold(b" a\r\n\tb\r\n c", None), "a b c");
        assert_eq!(unfold(b" a\xf1o", None), "año");
        assert_eq!(unfold(b"\xf0\xd2", Some("koi8-r")), "Пр");
    }
}
