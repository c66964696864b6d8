//! Values with parameters: `Content-Type` and `Content-Disposition` (RFC 2045,
//! RFC 2183), with continued and encoded parameters (RFC 2231).

use std::borrow::Cow;

use crate::transfer::unescape;
use crate::{charset, words};

/// Most parameters that are looked at.
const PARAMETERS: usize = 200;

/// A value and its parameters, `text/plain; charset=utf-8`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Content {
    /// The value in lower case, without blanks.
    pub(crate) value: String,
    parameters: Vec<(String, String)>,
}

impl Content {
    /// Reads a value however it is written: blanks anywhere, quotes that never
    /// close, semicolons that are missing after the value.
    pub(crate) fn parse(text: &str) -> Self {
        let mut rest = skip_blanks_and_comments(text);
        let end = rest
            .find(|c: char| c == ';' || c == '(' || c.is_whitespace())
            .unwrap_or(rest.len());
        let value = rest
            .get(..end)
            .unwrap_or_default()
            .trim_matches('"')
            .to_ascii_lowercase();
        rest = rest.get(end..).unwrap_or_default();
        let mut parameters = Vec::new();
        for _ in 0..PARAMETERS {
            rest = skip_blanks_and_comments(
                rest.trim_start_matches(|c: char| c == ';' || c.is_whitespace()),
            );
            if rest.is_empty() {
                break;
            }
            let Some(end) = rest.find([';', '=']) else {
                break;
            };
            let name = rest
                .get(..end)
                .unwrap_or_default()
                .trim()
                .to_ascii_lowercase();
            let is_assigned = rest.get(end..).is_some_and(|r| r.starts_with('='));
            rest = rest.get(end + 1..).unwrap_or_default();
            if is_assigned {
                let (value, after) = parameter_value(rest.trim_start());
                rest = after;
                parameters.push((name, value));
            }
        }
        Content { value, parameters }
    }

    /// A parameter as it was written, the first of its name.
    pub(crate) fn plain(&self, name: &str) -> Option<&str> {
        self.parameters
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
            .filter(|value| !value.is_empty())
    }

    /// A parameter for people: RFC 2231's forms, then the plain one, whose encoded
    /// words (RFC 2047) are decoded, as half the world writes them there.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        let extended = format!("{name}*");
        if let Some(value) = self.plain(&extended) {
            let mut bytes = Vec::new();
            let (charset, value) = split_charset(value);
            unescape(value.as_bytes(), b'%', &mut bytes);
            return Some(charset::decode(Cow::Owned(bytes), charset));
        }
        self.continued(&extended)
            .or_else(|| self.plain(name).map(words::decode))
    }

    /// `name*0*=…; name*1=…`, in the order of their numbers, up to a gap.
    fn continued(&self, prefix: &str) -> Option<String> {
        let mut sections: Vec<(usize, bool, &str)> = self
            .parameters
            .iter()
            .filter_map(|(name, value)| {
                let number = name.strip_prefix(prefix)?;
                let (number, is_encoded) = match number.strip_suffix('*') {
                    Some(number) => (number, true),
                    None => (number, false),
                };
                let number = number.parse().ok()?;
                Some((number, is_encoded, value.as_str()))
            })
            .collect();
        sections.sort_by_key(|(number, _, _)| *number);
        sections.dedup_by_key(|(number, _, _)| *number);
        let first = sections.first()?.0;
        let mut charset = None;
        let mut bytes = Vec::new();
        for (at, (number, is_encoded, value)) in sections.iter().enumerate() {
            if number - first != at {
                break;
            }
            if *is_encoded {
                let value = if at == 0 {
                    let (declared, value) = split_charset(value);
                    charset = declared;
                    value
                } else {
                    value
                };
                unescape(value.as_bytes(), b'%', &mut bytes);
            } else {
                bytes.extend_from_slice(value.as_bytes());
            }
        }
        let text = charset::decode(Cow::Owned(bytes), charset);
        Some(if charset.is_none() {
            words::decode(&text)
        } else {
            text
        })
    }
}

/// `utf-8'es'informe` is a charset, a language and a value.
fn split_charset(value: &str) -> (Option<&str>, &str) {
    match value.split_once('\'') {
        Some((charset, rest)) => match rest.split_once('\'') {
            Some((_, value)) => (Some(charset).filter(|c| !c.is_empty()), value),
            None => (None, value),
        },
        None => (None, value),
    }
}

/// A quoted or a bare value, and what follows it.
fn parameter_value(text: &str) -> (String, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find(';').unwrap_or(text.len());
        let (value, rest) = text.split_at(end);
        return (value.trim().to_owned(), rest);
    };
    let mut value = String::new();
    let mut characters = quoted.char_indices().peekable();
    while let Some((at, c)) = characters.next() {
        match c {
            '"' => {
                let rest = quoted.get(at + 1..).unwrap_or_default();
                let next = rest.find(';').unwrap_or(rest.len());
                return (value, rest.get(next..).unwrap_or_default());
            }
            // A backslash escapes a quote or itself; in C:\informe it does not.
            '\\' => match characters.peek() {
                Some((_, escaped @ ('"' | '\\'))) => {
                    value.push(*escaped);
                    characters.next();
                }
                Some(_) | None => value.push('\\'),
            },
            c => value.push(c),
        }
    }
    (value, "")
}

/// RFC 822's comments, `(…)`, which nest. One that never closes is none.
pub(crate) fn skip_blanks_and_comments(text: &str) -> &str {
    let mut rest = text.trim_start();
    while rest.starts_with('(') {
        match comment_length(rest) {
            Some(length) => rest = rest.get(length..).unwrap_or_default().trim_start(),
            None => return rest.get(1..).unwrap_or_default(),
        }
    }
    rest
}

/// Length of the comment that `text` begins with, its parentheses included.
pub(crate) fn comment_length(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    let mut is_escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            '(' => depth += 1,
            ')' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::Content;

    #[track_caller]
    fn check(written: &str, value: &str, name: &str, expected: Option<&str>) {
        let content = Content::parse(written);
        assert_eq!(content.value, value, "{written}");
        assert_eq!(content.text(name).as_deref(), expected, "{written}");
    }

    #[test]
    fn values_and_parameters() {
        check(
            "text/plain; charset=utf-8",
            "text/plain",
            "charset",
            Some("utf-8"),
        );
        check(
            "TEXT/Plain ; Charset = \"UTF-8\" ; x",
            "text/plain",
            "charset",
            Some("UTF-8"),
        );
        check(
            "text/plain charset=utf-8",
            "text/plain",
            "charset",
            Some("utf-8"),
        );
        check(
            "text/plain (c; d) ; charset=utf-8",
            "text/plain",
            "charset",
            Some("utf-8"),
        );
        check(
            "a/b; name=\"a;b \\\"c\\\".txt\"; x=y",
            "a/b",
            "x",
            Some("y"),
        );
        check(
            "a/b; name=\"a;b \\\"c\\\".txt\"; x=y",
            "a/b",
            "name",
            Some("a;b \"c\".txt"),
        );
        check(
            "a/b; name=\"sin fin.pdf",
            "a/b",
            "name",
            Some("sin fin.pdf"),
        );
        check(
            "a/b; name=con espacio.pdf; x=y",
            "a/b",
            "name",
            Some("con espacio.pdf"),
        );
        check(
            "attachment; filename=\"C:\\temp\\a.pdf\"",
            "attachment",
            "filename",
            Some("C:\\temp\\a.pdf"),
        );
        check("a/b; name=uno; name=dos", "a/b", "name", Some("uno"));
        check("", "", "name", None);
        check(";;;=;name", "", "name", None);
        check("a/b; (((", "a/b", "name", None);
    }

    #[test]
    fn rfc_2231() {
        check(
            "a; filename*=UTF-8''a%C3%B1o.pdf; filename=ano.pdf",
            "a",
            "filename",
            Some("año.pdf"),
        );
        check(
            "a; filename*=iso-8859-1'es'a%F1o.pdf",
            "a",
            "filename",
            Some("año.pdf"),
        );
        check(
            "a; filename*0=\"uno \"; filename*1=\"dos.pdf\"",
            "a",
            "filename",
            Some("uno dos.pdf"),
        );
        check(
            "a; filename*1*=%B1o.pdf; filename*0*=utf-8''a%C3",
            "a",
            "filename",
            Some("año.pdf"),
        );
        check(
            "a; filename*0*=utf-8''a%C3%B1o; filename*1=\"%20.pdf\"",
            "a",
            "filename",
            Some("año%20.pdf"),
        );
        check(
            "a; filename*0=uno; filename*2=tres",
            "a",
            "filename",
            Some("uno"),
        );
        check("a; filename*=a%F1o.pdf", "a", "filename", Some("año.pdf"));
        check("a; filename*=utf-8''%ZZ%", "a", "filename", Some("%ZZ%"));
        check(
            "a; filename*99999999999999999999=x; filename=y",
            "a",
            "filename",
            Some("y"),
        );
        check(
            "a; filename*18446744073709551615=x; filename*0=y",
            "a",
            "filename",
            Some("y"),
        );
    }

    #[test]
    fn rfc_2047_in_parameters() {
        check(
            "a; name=\"=?utf-8?Q?a=C3=B1o.pdf?=\"",
            "a",
            "name",
            Some("año.pdf"),
        );
        check(
            "a; name*0=\"=?utf-8?Q?a=C3\"; name*1=\"=B1o.pdf?=\"",
            "a",
            "name",
            Some("año.pdf"),
        );
    }
}
