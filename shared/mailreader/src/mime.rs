//! The structure of a mail: a header (RFC 5322) and parts (RFC 2045, RFC 2046). One
//! pass over the lines, without recursion; bodies stay where they are in the raw
//! mail until somebody asks for them.

use std::ops::Range;

use memchr::memmem;

use crate::content::Content;
use crate::header::{Field, Header, field};
use crate::limits::{DEPTH, HEADER_BYTES, HEADER_FIELDS, PARTS, Unreadable};
use crate::lines::{Line, LineEnd, line_at};
use crate::transfer::Transfer;
use crate::words;

/// How far a declared boundary is looked for: the text before the first part is a
/// sentence for readers of 1992.
const PREAMBLE_BYTES: usize = 1024 * 1024;

/// How far a boundary is guessed at, where the declared one is missing or wrong.
const GUESS_BYTES: usize = 64 * 1024;

/// One part, or the mail itself.
#[derive(Debug)]
pub(crate) struct Part {
    fields: Range<usize>,
    /// Its `Content-Type`, or what stands for it.
    pub(crate) content: Content,
    pub(crate) disposition: Content,
    transfer: Transfer,
    body: Range<usize>,
    /// The parts of a multipart; a multipart always has some.
    pub(crate) children: Vec<usize>,
}

/// A mail in its parts; the first is the mail itself.
#[derive(Debug)]
pub(crate) struct Mail<'a> {
    raw: &'a [u8],
    fields: Vec<Field<'a>>,
    pub(crate) parts: Vec<Part>,
}

impl<'a> Mail<'a> {
    pub(crate) fn header(&self, part: &Part) -> Header<'_, 'a> {
        Header(self.fields.get(part.fields.clone()).unwrap_or_default())
    }

    /// The header of the mail itself.
    pub(crate) fn root_header(&self) -> Header<'_, 'a> {
        self.parts
            .first()
            .map_or(Header(&[]), |root| self.header(root))
    }

    /// The body of a part as it stands in the mail, and how it is encoded.
    pub(crate) fn body(&self, part: &Part) -> (&'a [u8], Transfer) {
        let body = self.raw.get(part.body.clone()).unwrap_or_default();
        (body, part.transfer)
    }
}

/// Where the reader is.
#[derive(Clone, Copy)]
enum Place {
    Header(usize),
    Body(usize),
    /// Before the first part of a multipart, or after the last.
    Between,
}

/// A multipart whose end has not come yet.
struct Open {
    boundary: Vec<u8>,
    part: usize,
}

#[derive(Clone, Copy)]
enum Delimiter {
    Next,
    Close,
}

struct Reader<'a> {
    raw: &'a [u8],
    line_end: LineEnd,
    fields: Vec<Field<'a>>,
    /// Where the value of the last field begins: it grows as it is continued.
    value_start: usize,
    header_bytes: usize,
    parts: Vec<Part>,
    open: Vec<Open>,
    /// The first charset that the mail declares: what bytes beyond ASCII in the
    /// header of a part are most likely written in.
    charset: Option<String>,
}

/// Takes a mail apart.
///
/// # Errors
/// When a limit is exceeded, or nothing in it is a header field.
pub(crate) fn parse(raw: &[u8]) -> Result<Mail<'_>, Unreadable> {
    let mut reader = Reader {
        raw,
        line_end: LineEnd::of(raw),
        fields: Vec::new(),
        value_start: 0,
        header_bytes: 0,
        parts: Vec::new(),
        open: Vec::new(),
        charset: None,
    };
    reader.read()?;
    if reader
        .parts
        .first()
        .is_none_or(|root| root.fields.is_empty())
    {
        return Err(Unreadable::NotAMail);
    }
    Ok(Mail {
        raw,
        fields: reader.fields,
        parts: reader.parts,
    })
}

impl<'a> Reader<'a> {
    fn read(&mut self) -> Result<(), Unreadable> {
        let mut at = self.start();
        let mut place = Place::Header(self.new_part(None)?);
        // Where the line before ended: the line break before a delimiter belongs
        // to the delimiter (RFC 2046, section 5.1.1).
        let mut end = at;
        while let Some(line) = line_at(self.raw, at, self.line_end) {
            at = line.next;
            let looks_like_delimiter = line.text.starts_with(b"--");
            if let Place::Header(part) = place {
                let goes_on = !looks_like_delimiter && self.header_line(part, &line)?;
                if goes_on {
                    end = line.end;
                    continue;
                }
                let body = if line.text.is_empty() {
                    line.next
                } else {
                    line.start
                };
                place = self.end_header(part, body)?;
            }
            if looks_like_delimiter {
                if let Some((level, delimiter)) = self.delimiter(line.text) {
                    self.end_body(place, end);
                    place = self.pass(level, delimiter, line.start)?;
                } else if let Some(parent) = self.misspelt(place, &line) {
                    place = Place::Header(self.new_part(Some(parent))?);
                }
            }
            end = line.end;
        }
        let end = self.raw.len();
        if let Place::Header(part) = place {
            place = self.end_header(part, end)?;
        }
        self.end_body(place, end);
        self.close(0, end);
        Ok(())
    }

    /// Where the header begins: after a byte order mark, empty lines, and the
    /// `From ` line of a mailbox file.
    fn start(&self) -> usize {
        let mut at = if self.raw.starts_with(b"\xef\xbb\xbf") {
            3
        } else {
            0
        };
        while let Some(line) = line_at(self.raw, at, self.line_end) {
            let is_envelope = line.text.starts_with(b"From ") || line.text.starts_with(b">From ");
            if !line.text.trim_ascii().is_empty() && !is_envelope {
                break;
            }
            at = line.next;
        }
        at
    }

    fn new_part(&mut self, parent: Option<usize>) -> Result<usize, Unreadable> {
        let part = self.parts.len();
        if part >= PARTS {
            return Err(Unreadable::TooManyParts);
        }
        let fields = self.fields.len();
        self.parts.push(Part {
            fields: fields..fields,
            content: Content::default(),
            disposition: Content::default(),
            transfer: Transfer::AsIs,
            body: 0..0,
            children: Vec::new(),
        });
        if let Some(parent) = parent.and_then(|parent| self.parts.get_mut(parent)) {
            parent.children.push(part);
        }
        Ok(part)
    }

    /// Reads a line of a header. `false`: the header ended before it or with it.
    fn header_line(&mut self, part: usize, line: &Line<'a>) -> Result<bool, Unreadable> {
        let Some(part) = self.parts.get_mut(part) else {
            return Ok(false);
        };
        if line.text.is_empty() {
            return Ok(false);
        }
        self.header_bytes += line.text.len();
        if self.header_bytes > HEADER_BYTES {
            return Err(Unreadable::HeadersTooLarge);
        }
        if line.text.starts_with(b" ") || line.text.starts_with(b"\t") {
            // A blank line that is not empty before the first field is none.
            if !part.fields.is_empty()
                && let Some(field) = self.fields.last_mut()
            {
                field.value = self.raw.get(self.value_start..line.end).unwrap_or_default();
            }
            return Ok(true);
        }
        if let Some(field) = field(line.text) {
            if self.fields.len() >= HEADER_FIELDS {
                return Err(Unreadable::TooManyHeaders);
            }
            self.value_start = line.end - field.value.len();
            self.fields.push(field);
            part.fields.end = self.fields.len();
            return Ok(true);
        }
        Ok(self.header_goes_on(line.next))
    }

    /// Whether a well-known field follows in the same header: then the line before
    /// was damaged, and else it is the first of a body that no empty line
    /// announces.
    fn header_goes_on(&self, from: usize) -> bool {
        const KNOWN: [&[u8]; 16] = [
            b"received",
            b"from",
            b"to",
            b"cc",
            b"subject",
            b"date",
            b"message-id",
            b"mime-version",
            b"content-type",
            b"content-transfer-encoding",
            b"content-disposition",
            b"return-path",
            b"reply-to",
            b"in-reply-to",
            b"auto-submitted",
            b"precedence",
        ];
        let window = self
            .raw
            .get(..self.raw.len().min(from + 4096))
            .unwrap_or_default();
        let mut at = from;
        for _ in 0..20 {
            let Some(line) = line_at(window, at, self.line_end) else {
                return false;
            };
            if line.text.is_empty() {
                return false;
            }
            let known = |field: Field<'_>| KNOWN.iter().any(|k| field.name.eq_ignore_ascii_case(k));
            if field(line.text).is_some_and(known) {
                return true;
            }
            at = line.next;
        }
        false
    }

    /// A header is complete: now the part is known.
    fn end_header(&mut self, at: usize, body: usize) -> Result<Place, Unreadable> {
        let Some(part) = self.parts.get(at) else {
            return Ok(Place::Between);
        };
        let header = Header(self.fields.get(part.fields.clone()).unwrap_or_default());
        let transfer = header
            .text("Content-Transfer-Encoding")
            .map_or(Transfer::AsIs, |value| Transfer::parse(&value));
        let content_of = |name: &'static str, charset: Option<&str>| {
            let mut values = header.all(name).map(|value| words::unfold(value, charset));
            let value = values.find(|value| !value.is_empty());
            value.map_or_else(Content::default, |value| Content::parse(&value))
        };
        let charset = self.charset.as_deref();
        let disposition = content_of("Content-Disposition", charset);
        let mut content = content_of("Content-Type", charset);
        let declares = content.plain("charset").map(str::to_owned);
        self.charset = self.charset.take().or(declares);
        if !is_media_type(&content.value) {
            // RFC 2045, section 5.2, and RFC 2046, section 5.1.5, for digests.
            let is_in_digest = self.open.last().is_some_and(|open| {
                let parent = self.parts.get(open.part);
                parent.is_some_and(|p| p.content.value == "multipart/digest")
            });
            content.value = if is_in_digest {
                "message/rfc822".to_owned()
            } else if content.value.is_empty() || content.value == "text" {
                "text/plain".to_owned()
            } else {
                "application/octet-stream".to_owned()
            };
        }
        let boundary = if content.value.starts_with("multipart/") {
            self.boundary(content.plain("boundary"), body)
        } else {
            None
        };
        // Without a boundary there are no parts: a text, for whoever reads it.
        if content.value.starts_with("multipart/") && boundary.is_none() {
            "text/plain".clone_into(&mut content.value);
        }
        if let Some(part) = self.parts.get_mut(at) {
            part.content = content;
            part.disposition = disposition;
            part.transfer = transfer;
            part.body = body..body;
        }
        let Some(boundary) = boundary else {
            return Ok(Place::Body(at));
        };
        if self.open.len() >= DEPTH {
            return Err(Unreadable::TooDeep);
        }
        self.open.push(Open { boundary, part: at });
        Ok(Place::Between)
    }

    /// The boundary of a multipart whose body begins at `from`: the declared one
    /// if it occurs, and else a line that looks like one.
    fn boundary(&self, declared: Option<&str>, from: usize) -> Option<Vec<u8>> {
        let rest = self.raw.get(from..).unwrap_or_default();
        if let Some(declared) = declared.map(str::trim_end).filter(|d| !d.is_empty()) {
            let window = rest.get(..PREAMBLE_BYTES).unwrap_or(rest);
            let needle = [b"--", declared.as_bytes()].concat();
            if memmem::find(window, &needle).is_some() {
                return Some(declared.as_bytes().to_vec());
            }
        }
        let window = rest.get(..GUESS_BYTES).unwrap_or(rest);
        let mut at = 0;
        while let Some(line) = line_at(window, at, self.line_end) {
            at = line.next;
            let text = line.text.trim_ascii_end();
            if let Some(boundary) = text.strip_prefix(b"--").filter(|b| !b.is_empty()) {
                if self.delimiter(text).is_some() {
                    return None;
                }
                if self.is_part_header(from + at) {
                    return Some(boundary.to_vec());
                }
            }
        }
        None
    }

    /// Whether a field of a part's header stands there.
    fn is_part_header(&self, at: usize) -> bool {
        let end = self.raw.len().min(at + GUESS_BYTES);
        let window = self.raw.get(..end).unwrap_or_default();
        line_at(window, at, self.line_end)
            .and_then(|line| field(line.text))
            .and_then(|field| field.name.get(..8))
            .is_some_and(|name| name.eq_ignore_ascii_case(b"content-"))
    }

    /// The multipart that begins with a line like a delimiter, though with another
    /// boundary than its own, which later parts have: what follows is its first part
    /// all the same.
    fn misspelt(&self, place: Place, line: &Line<'_>) -> Option<usize> {
        let open = self.open.last()?;
        let is_first = self.parts.get(open.part)?.children.is_empty();
        let is_between = match place {
            Place::Between => true,
            Place::Header(_) | Place::Body(_) => false,
        };
        let is_named = line.text.len() > 2;
        (is_first && is_between && is_named && self.is_part_header(line.next)).then_some(open.part)
    }

    /// The open multipart that a line delimits, the innermost first: an outer
    /// delimiter also ends what is open within (RFC 2046, section 5.1.2).
    fn delimiter(&self, line: &[u8]) -> Option<(usize, Delimiter)> {
        let rest = line.strip_prefix(b"--")?;
        self.open
            .iter()
            .enumerate()
            .rev()
            .find_map(|(level, open)| {
                let tail = rest.strip_prefix(open.boundary.as_slice())?;
                if tail.trim_ascii().is_empty() {
                    Some((level, Delimiter::Next))
                } else if tail.starts_with(b"--") {
                    Some((level, Delimiter::Close))
                } else {
                    None
                }
            })
    }

    fn end_body(&mut self, place: Place, end: usize) {
        if let Place::Body(part) = place
            && let Some(part) = self.parts.get_mut(part)
        {
            part.body.end = end.max(part.body.start);
        }
    }

    /// Goes past a delimiter of the multipart at `level`.
    fn pass(&mut self, level: usize, delimiter: Delimiter, at: usize) -> Result<Place, Unreadable> {
        match delimiter {
            Delimiter::Next => {
                self.close(level + 1, at);
                let parent = self.open.get(level).map(|open| open.part);
                Ok(Place::Header(self.new_part(parent)?))
            }
            Delimiter::Close => {
                self.close(level, at);
                Ok(Place::Between)
            }
        }
    }

    /// Closes what is open from `level` inwards. A multipart without a part was
    /// none: what it holds is text.
    fn close(&mut self, level: usize, end: usize) {
        for open in self.open.drain(level.min(self.open.len())..) {
            let Some(part) = self.parts.get_mut(open.part) else {
                continue;
            };
            if part.children.is_empty() {
                "text/plain".clone_into(&mut part.content.value);
                part.body.end = end.max(part.body.start);
            }
        }
    }
}

/// `type/subtype`, both of the characters that RFC 2045 allows.
fn is_media_type(value: &str) -> bool {
    let is_token = |word: &str| {
        !word.is_empty()
            && word
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&b))
    };
    value.len() <= 255
        && value
            .split_once('/')
            .is_some_and(|(kind, subtype)| is_token(kind) && is_token(subtype))
}

#[cfg(test)]
mod tests {
    use super::parse;
    use crate::limits::{DEPTH, HEADER_FIELDS, PARTS, Unreadable};

    /// What a mail consists of: `type "body"`, indented by depth.
    fn outline(raw: &str) -> String {
        let mail = parse(raw.as_bytes()).unwrap();
        let mut out = String::new();
        let mut left = vec![(0, 0)];
        while let Some((at, depth)) = left.pop() {
            let part = &mail.parts[at];
            let indent = "  ".repeat(depth);
            let kind = &part.content.value;
            if part.children.is_empty() {
                let body = String::from_utf8_lossy(mail.body(part).0);
                out += &format!("{indent}{kind} {body:?}\n");
            } else {
                out += &format!("{indent}{kind}\n");
            }
            left.extend(part.children.iter().rev().map(|child| (*child, depth + 1)));
        }
        out
    }

    #[track_caller]
    fn check(raw: &str, expected: &str) {
        assert_eq!(outline(raw), expected, "{raw}");
        // The same with the line ends of the network.
        let crlf = raw.replace('\n', "\r\n");
        assert_eq!(outline(&crlf), expected.replace("\\n", "\\r\\n"), "{raw}");
        let cr = raw.replace('\n', "\r");
        assert_eq!(outline(&cr), expected.replace("\\n", "\\r"), "{raw}");
    }

    const MIXED: &str = "Content-Type: multipart/mixed; boundary=b\n\n";

    #[test]
    fn parts() {
        check("Subject: x\n\nHola\n", "text/plain \"Hola\\n\"\n");
        check(
            &format!("{MIXED}prólogo\n--b\n\nuno\ndos\n--b \nContent-Type: a/b\n\n\n--b--\nfin\n"),
            "multipart/mixed\n  text/plain \"uno\\ndos\"\n  a/b \"\"\n",
        );
        check(
            &format!(
                "{MIXED}--b\nContent-Type: multipart/x; boundary=\"b b\"\n\n--b b\n\n1\n--b b--\n--b\n\n2\n--b--"
            ),
            "multipart/mixed\n  multipart/x\n    text/plain \"1\"\n  text/plain \"2\"\n",
        );
        check(
            "Content-Type: multipart/digest; boundary=b\n\n--b\n\nSubject: x\n\ny\n--b--",
            "multipart/digest\n  message/rfc822 \"Subject: x\\n\\ny\"\n",
        );
    }

    #[test]
    fn damaged_parts() {
        // Never closed, the inner one closed by the outer delimiter.
        check(
            &format!("{MIXED}--b\nContent-Type: multipart/x; boundary=c\n\n--c\n\n1\n--b\n\n2\n"),
            "multipart/mixed\n  multipart/x\n    text/plain \"1\"\n  text/plain \"2\\n\"\n",
        );
        // No boundary, the wrong boundary, and none that anybody could guess.
        let parts = "--c\nContent-Type: text/plain\n\n1\n--c--\n";
        let expected = "multipart/mixed\n  text/plain \"1\"\n";
        check(
            &format!("Content-Type: multipart/mixed\n\n{parts}"),
            expected,
        );
        check(&format!("{MIXED}{parts}"), expected);
        check(&format!("{MIXED}Hola\n"), "text/plain \"Hola\\n\"\n");
        check(&format!("{MIXED}a --b\n"), "text/plain \"a --b\\n\"\n");
        check(&format!("{MIXED}--b--\nHola\n"), "text/plain \"\"\n");
        // The first one misspelt; also in the part of another.
        for first in ["--a", "--bb x", "----b"] {
            check(
                &format!(
                    "{MIXED}{first}\nContent-Type: text/plain\n\n1\n--b\nContent-Type: a/b\n\n2\n--b--\n"
                ),
                "multipart/mixed\n  text/plain \"1\"\n  a/b \"2\"\n",
            );
        }
        check(
            &format!(
                "{MIXED}--b\nContent-Type: multipart/x; boundary=c\n\n--d\nContent-Type: text/plain\n\n1\n--c\n\n2\n--c--\n--b--"
            ),
            "multipart/mixed\n  multipart/x\n    text/plain \"1\"\n    text/plain \"2\"\n",
        );
        check(
            &format!("{MIXED}prólogo\n--firma\n--b\n\n1\n--b--"),
            "multipart/mixed\n  text/plain \"1\"\n",
        );
        // A delimiter instead of the empty line, and right after the header.
        check(
            &format!("{MIXED}--b\nContent-Type: text/plain\n--b\n\n2\n--b--"),
            "multipart/mixed\n  text/plain \"\"\n  text/plain \"2\"\n",
        );
        check(
            "Content-Type: multipart/mixed; boundary=b\n--b\n\n1\n--b--\n",
            "multipart/mixed\n  text/plain \"1\"\n",
        );
        // What only resembles the boundary.
        check(
            &format!("{MIXED}--b\n\n--bueno\n --b\n--\n--b--"),
            "multipart/mixed\n  text/plain \"--bueno\\n --b\\n--\"\n",
        );
    }

    #[test]
    fn headers() {
        let raw =
            "\u{feff}\n\nFrom x Mon\nSubject : a\n\tb\nFr om: no\nBasura\n: nada\nX: y\nTo: z\n\n";
        let mail = parse(raw.as_bytes()).unwrap();
        let header = mail.root_header();
        assert_eq!(header.text("subject").as_deref(), Some("a b"));
        assert_eq!(header.text("To").as_deref(), Some("z"));
        assert!(!header.has("From"));
        // A body that no empty line announces.
        check(
            "Subject: x\nBuenos días\nadiós\n",
            "text/plain \"Buenos días\\nadiós\\n\"\n",
        );
        // Media types that are none.
        check("Content-Type: text\n\nx", "text/plain \"x\"\n");
        check(
            "Content-Type: a/b/c\n\nx",
            "application/octet-stream \"x\"\n",
        );
        check("Content-Type: \n\nx", "text/plain \"x\"\n");
    }

    #[test]
    fn limits() {
        let refused = |raw: String| parse(raw.as_bytes()).err();
        let part = "--b\n\nx\n";
        assert_eq!(refused(format!("{MIXED}{}", part.repeat(PARTS - 1))), None);
        assert_eq!(
            refused(format!("{MIXED}{}", part.repeat(PARTS))),
            Some(Unreadable::TooManyParts)
        );
        let nested = |levels: usize| {
            (0..levels)
                .map(|n| format!("Content-Type: multipart/mixed; boundary=b{n}-\n\n--b{n}-\n"))
                .collect::<String>()
        };
        assert_eq!(refused(nested(DEPTH)), None);
        assert_eq!(refused(nested(DEPTH + 1)), Some(Unreadable::TooDeep));
        assert_eq!(refused("A: b\n".repeat(HEADER_FIELDS)), None);
        assert_eq!(
            refused("A: b\n".repeat(HEADER_FIELDS + 1)),
            Some(Unreadable::TooManyHeaders)
        );
        assert_eq!(
            refused(format!("A: {}", "b\n ".repeat(1_100_000))),
            Some(Unreadable::HeadersTooLarge)
        );
        for nothing in ["", "\n\n", "\u{0}\u{1}", "Hola", "--b\nSubject: x\n", ":\n"] {
            assert_eq!(
                refused(nothing.to_owned()),
                Some(Unreadable::NotAMail),
                "{nothing:?}"
            );
        }
    }
}
