//! People in headers: `From`, `Sender`, `To` and `Cc` (RFC 5322, section 3.4).

use types::ids::EmailAddress;

use crate::content::comment_length;
use crate::limits::PERSON_CHARS;
use crate::words;

/// An address, and the name that its owner goes by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mailbox {
    /// Whom it is.
    pub address: EmailAddress,
    /// What the mail calls him: one line, for people. It says nothing about who
    /// he is; anybody writes there what he likes.
    pub name: Option<String>,
}

/// Collects one mailbox of a list.
#[derive(Default)]
struct Entry {
    /// Everything outside of `<…>` and `(…)`: the name.
    phrase: String,
    /// What of it stood outside of quotes and of encoded words. An address is
    /// looked for here alone: what is quoted or encoded is a name, whatever it
    /// pretends to be.
    bare: String,
    has_at: bool,
    angle: Option<String>,
    comment: Option<String>,
}

impl Entry {
    fn end(&mut self, into: &mut Vec<Mailbox>) {
        let entry = std::mem::take(self);
        let comment = entry.comment.as_deref();
        if let Some(angle) = entry.angle {
            // Between angle brackets stands an address or none at all.
            let name = person(&entry.phrase).or_else(|| comment.and_then(person));
            into.extend(address(&angle).map(|address| mailbox(address, name)));
            return;
        }
        let addresses: Vec<(&str, EmailAddress)> = entry
            .bare
            .split_whitespace()
            .filter_map(|word| Some((word, address(word)?)))
            .collect();
        match addresses.as_slice() {
            [(word, address)] => {
                let rest = entry.phrase.replacen(word, " ", 1);
                let name = comment.and_then(person).or_else(|| person(&rest));
                into.push(mailbox(address.clone(), name));
            }
            several => {
                into.extend(several.iter().map(|(_, a)| mailbox(a.clone(), None)));
            }
        }
    }
}

fn mailbox(address: EmailAddress, name: Option<String>) -> Mailbox {
    let name = name.filter(|name| !name.eq_ignore_ascii_case(address.as_str()));
    Mailbox { address, name }
}

fn person(phrase: &str) -> Option<String> {
    let name = words::line(phrase, PERSON_CHARS)?;
    let name = name.trim_matches(|c: char| c.is_whitespace() || matches!(c, '"' | '\''));
    (!name.is_empty()).then(|| name.to_owned())
}

/// An address as it stands between `<` and `>`: with a route (RFC 5322, section
/// 4.4), with blanks from folding around its signs, or alone among other words. It
/// is never put together from two words that nobody wrote together.
pub(crate) fn address(text: &str) -> Option<EmailAddress> {
    if let Some(folded) = unfolded(text) {
        return unbroken(&folded);
    }
    let mut found = text.split_whitespace().filter_map(unbroken);
    found.next().filter(|_| found.next().is_none())
}

/// Whether a list names somebody by one word among others: nobody knows whom a
/// verdict about it means.
pub(crate) fn is_loose(text: &str) -> bool {
    let mut brackets = text.split('<').skip(1);
    brackets.any(|inner| unfolded(inner.split('>').next().unwrap_or_default()).is_none())
}

/// Without blanks, if they only stand beside the signs of an address.
fn unfolded(text: &str) -> Option<String> {
    let is_sign = |c: Option<char>| c.is_none_or(|c| matches!(c, '@' | '.' | '<' | '>'));
    let words: Vec<&str> = text.split_whitespace().collect();
    let is_whole = words
        .windows(2)
        .all(|pair| is_sign(pair[0].chars().next_back()) || is_sign(pair[1].chars().next()));
    is_whole.then(|| words.concat())
}

fn unbroken(text: &str) -> Option<EmailAddress> {
    let text: String = text.chars().filter(|c| !matches!(c, '<' | '>')).collect();
    let text = match text.get(..7) {
        Some(scheme) if scheme.eq_ignore_ascii_case("mailto:") => text.get(7..)?,
        Some(_) | None => &text,
    };
    let text = match text.rsplit_once(':') {
        Some((route, address)) if route.starts_with('@') => address,
        Some(_) | None => text,
    };
    let text = text.trim_matches(|c| matches!(c, '\'' | '"'));
    EmailAddress::parse(text.trim_end_matches('.')).ok()
}

/// The mailboxes of a list, groups flattened, at most `most`. Whatever is no
/// address that the desk accepts is passed over.
pub(crate) fn list(text: &str, most: usize) -> Vec<Mailbox> {
    let mut found = Vec::new();
    let mut entry = Entry::default();
    let mut rest = text;
    // What has no end is looked for once.
    let (mut quotes_end, mut comments_end, mut angles_end) = (true, true, true);
    while let Some(c) = rest.chars().next() {
        if found.len() >= most {
            break;
        }
        let mut length = c.len_utf8();
        match c {
            '=' if let Some(word) = words::word_length(rest) => {
                length = word;
                entry.phrase.push_str(rest.get(..word).unwrap_or_default());
                entry.bare.push(' ');
            }
            '"' if quotes_end => match quoted(rest) {
                Some((text, whole)) => {
                    length = whole;
                    entry.phrase.push_str(&text);
                    entry.bare.push(' ');
                }
                None => quotes_end = false,
            },
            '(' if comments_end => match comment_length(rest) {
                Some(whole) => {
                    length = whole;
                    let inner = rest.get(1..whole - 1).unwrap_or_default();
                    entry.comment.get_or_insert_with(|| inner.to_owned());
                    entry.bare.push(' ');
                }
                None => comments_end = false,
            },
            '<' => {
                let inner = rest.get(1..).unwrap_or_default();
                let end = if angles_end { inner.find('>') } else { None };
                angles_end = end.is_some();
                // One that never closes ends with the entry.
                let end = end.unwrap_or_else(|| inner.find([',', ';']).unwrap_or(inner.len()));
                let inner = inner.get(..end).unwrap_or_default();
                // `<a<b>`: the last bracket counts.
                let inner = inner.rsplit('<').next().unwrap_or_default();
                // Two addresses where one should stand are two people, so that
                // nobody hides behind the first.
                if entry.angle.as_deref().is_some_and(|first| first != inner) {
                    entry.end(&mut found);
                }
                entry.angle = Some(inner.to_owned());
                length = (end + 1 + usize::from(angles_end)).min(rest.len());
            }
            // Semicolons end groups, and Outlook separates with them.
            ',' | ';' => entry.end(&mut found),
            // `Equipo: a@x.co, b@x.co;`
            ':' if entry.angle.is_none() && !entry.has_at => entry = Entry::default(),
            '>' => {}
            c => {
                entry.phrase.push(c);
                entry.bare.push(c);
                entry.has_at |= c == '@';
            }
        }
        rest = rest.get(length..).unwrap_or_default();
    }
    entry.end(&mut found);
    found.truncate(most);
    found
}

/// The quoted string that `text` begins with, and its whole length.
fn quoted(text: &str) -> Option<(String, usize)> {
    let mut out = String::new();
    let mut is_escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            c if is_escaped => {
                out.push(c);
                is_escaped = false;
            }
            '\\' => is_escaped = true,
            '"' => return Some((out, at + 1)),
            c => out.push(c),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::list;

    #[track_caller]
    fn check(written: &str, expected: &[(&str, Option<&str>)]) {
        let found = list(written, 9);
        let found: Vec<_> = found
            .iter()
            .map(|m| (m.address.as_str(), m.name.as_deref()))
            .collect();
        assert_eq!(found, expected, "{written}");
    }

    #[test]
    fn as_they_should_be() {
        check("ana@x.co", &[("ana@x.co", None)]);
        check("Ana Pérez <Ana@X.co>", &[("ana@x.co", Some("Ana Pérez"))]);
        check(
            "\"Pérez, Ana\" <ana@x.co>, b@x.co",
            &[("ana@x.co", Some("Pérez, Ana")), ("b@x.co", None)],
        );
        check(
            "ana@x.co (Ana (la de aquí))",
            &[("ana@x.co", Some("Ana (la de aquí)"))],
        );
        check(
            "=?utf-8?Q?P=C3=A9rez,_Ana?= <ana@x.co>",
            &[("ana@x.co", Some("Pérez, Ana"))],
        );
        check(
            "\"=?utf-8?Q?P=C3=A9rez?=\" <ana@x.co>",
            &[("ana@x.co", Some("Pérez"))],
        );
        check(
            "Equipo: a@x.co, B <b@x.co>; c@x.co",
            &[("a@x.co", None), ("b@x.co", Some("B")), ("c@x.co", None)],
        );
        check("undisclosed-recipients:;", &[]);
        check("<@r.co,@s.co:ana@x.co>", &[("ana@x.co", None)]);
        check("\"ana@x.co\" <ana@x.co>", &[("ana@x.co", None)]);
    }

    #[test]
    fn as_they_come() {
        check("a@x.co; b@x.co", &[("a@x.co", None), ("b@x.co", None)]);
        check("Ana <ana@x.co", &[("ana@x.co", Some("Ana"))]);
        check("\"Ana <ana@x.co>", &[("ana@x.co", Some("Ana"))]);
        check("Ana ana@x.co", &[("ana@x.co", Some("Ana"))]);
        check("a@x.co b@x.co", &[("a@x.co", None), ("b@x.co", None)]);
        check("'Ana' <mailto:ana@x.co>", &[("ana@x.co", Some("Ana"))]);
        check("Ana <<ana@x.co>>", &[("ana@x.co", Some("Ana"))]);
        check("Ana <ana\r\n @x.co>", &[("ana@x.co", Some("Ana"))]);
        check("(Ana ana@x.co", &[("ana@x.co", Some("Ana"))]);
        check("Ana <ana@x\r\n .co>", &[("ana@x.co", Some("Ana"))]);
        check(
            "Ana <intranet.example ana@x.co>",
            &[("ana@x.co", Some("Ana"))],
        );
        check("Ana <Ana Ruiz ana@x.co >", &[("ana@x.co", Some("Ana"))]);
        check("Ana <ana@x.co b@x.co>", &[]);
        check("Ana <ana ruiz>", &[]);
        check("Ana <>, <>, , ;", &[]);
        check("MAILER-DAEMON", &[]);
        check("", &[]);
    }

    #[test]
    fn a_name_is_never_an_address() {
        check(
            "jefe@uspec.gov.co <otro@x.co>",
            &[("otro@x.co", Some("jefe@uspec.gov.co"))],
        );
        check("\"jefe@uspec.gov.co\"", &[]);
        check("=?utf-8?Q?jefe=40uspec.gov.co?=", &[]);
        check("jefe@uspec.gov.co <no es>", &[]);
        check(
            "\"jefe@uspec.gov.co,\" <otro@x.co>",
            &[("otro@x.co", Some("jefe@uspec.gov.co,"))],
        );
    }

    #[test]
    fn bounded() {
        assert_eq!(list(&"a@x.co,".repeat(100), 9).len(), 9);
        for piece in ["\"\\", "(", "<", "=?a?q?", "<a@x.co", "\""] {
            assert!(list(&piece.repeat(20_000), 9).len() <= 9);
        }
    }
}
