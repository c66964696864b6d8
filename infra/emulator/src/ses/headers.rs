//! A mail's headers, as SES tells them in its notifications.

use mail_parser::{Address, MessageParser};
use serde_json::{Map, Value, json};

/// SES leaves out headers after this many bytes.
const LIMIT: usize = 10 * 1024;

/// What SES tells of a mail's headers.
pub(super) struct Headers {
    /// Names and unfolded values, as they stand there.
    pub(super) all: Vec<(String, String)>,
    /// Those that everybody asks for, with encoded words decoded.
    pub(super) common: Map<String, Value>,
    /// The addresses in `To` and `Cc`.
    pub(super) recipients: Vec<String>,
}

impl Headers {
    /// Reads the head of a mail, or a mail.
    pub(super) fn read(head: &[u8]) -> Self {
        let all = fields(head);
        let mut common = Map::new();
        let mut recipients = Vec::new();
        if let Some(message) = MessageParser::default().parse_headers(head) {
            for (name, addresses) in [
                ("from", message.from()),
                ("sender", message.sender()),
                ("replyTo", message.reply_to()),
                ("to", message.to()),
                ("cc", message.cc()),
                ("bcc", message.bcc()),
            ] {
                let addresses = addresses.into_iter().flat_map(Address::iter);
                let addresses: Vec<_> = addresses
                    .filter_map(|address| Some((address.name(), address.address()?)))
                    .collect();
                if matches!(name, "to" | "cc") {
                    recipients.extend(addresses.iter().map(|(_, address)| (*address).to_owned()));
                }
                let shown = addresses
                    .iter()
                    .map(|(name, address)| shown(*name, address));
                set_within_limit(&mut common, name, shown.collect::<Vec<_>>().into());
            }
            if let Some(subject) = message.subject() {
                set_within_limit(&mut common, "subject", subject.into());
            }
        }
        for (key, name) in [("date", "Date"), ("messageId", "Message-ID")] {
            if let Some(value) = value(&all, name) {
                set_within_limit(&mut common, key, value.into());
            }
        }
        // A thousand recipients are no use to anybody who reads a notification.
        let mut size = 0;
        recipients.retain(|address| {
            size += address.len();
            size <= LIMIT
        });
        Self {
            all,
            common,
            recipients,
        }
    }

    /// The value of a header, the first of its name.
    pub(super) fn value(&self, name: &str) -> Option<&str> {
        value(&self.all, name)
    }

    /// `headers`, and whether some were left out.
    pub(super) fn listed(&self) -> (Vec<Value>, bool) {
        let mut size = 0;
        let within = self.all.iter().take_while(|(name, value)| {
            size += name.len() + value.len();
            size <= LIMIT
        });
        let listed: Vec<_> = within
            .map(|(name, value)| json!({ "name": name, "value": value }))
            .collect();
        let truncated = listed.len() < self.all.len();
        (listed, truncated)
    }
}

fn value<'a>(all: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let mut all = all.iter();
    all.find(|(other, _)| other.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.as_str())
}

fn set_within_limit(common: &mut Map<String, Value>, name: &str, value: Value) {
    let is_empty = value.as_array().is_some_and(Vec::is_empty);
    if !is_empty && value.to_string().len() <= LIMIT {
        common.insert(name.to_owned(), value);
    }
}

/// An address with its name, in quotes where it needs them.
fn shown(name: Option<&str>, address: &str) -> String {
    match name {
        None | Some("") => address.to_owned(),
        Some(name) if name.contains(|c: char| "()<>[]:;@\\,.\"".contains(c)) => {
            let name = name.replace('\\', "\\\\").replace('"', "\\\"");
            format!("\"{name}\" <{address}>")
        }
        Some(name) => format!("{name} <{address}>"),
    }
}

/// Where the head of a mail ends: after its first empty line, if there is one
/// among the bytes from `start` on.
pub(super) fn end_of_head(mail: &[u8], start: usize) -> Option<usize> {
    (start..mail.len()).find_map(|at| {
        let begins_a_line = at == 0 || mail[at - 1] == b'\n';
        match &mail[at..] {
            [b'\n', ..] if begins_a_line => Some(at + 1),
            [b'\r', b'\n', ..] if begins_a_line => Some(at + 2),
            _ => None,
        }
    })
}

/// The fields of a head, unfolded: a line that begins with white space goes on
/// with the one before it. What is not a field is passed over.
fn fields(head: &[u8]) -> Vec<(String, String)> {
    let mut fields: Vec<(String, String)> = Vec::new();
    for line in head.split(|byte| *byte == b'\n') {
        let line = String::from_utf8_lossy(line);
        let line = line.trim_end_matches('\r');
        if line.is_empty() {
            break;
        }
        if line.starts_with([' ', '\t']) {
            if let Some((_, value)) = fields.last_mut() {
                value.push(' ');
                value.push_str(line.trim());
            }
        } else if let Some((name, value)) = line.split_once(':') {
            fields.push((name.trim().to_owned(), value.trim().to_owned()));
        }
    }
    fields
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_told_as_ses_tells_them() {
        let head = b"Received: from a\r\n\tby b;\r\n today\r\n\
            From: =?utf-8?q?Mar=C3=ADa?= <maria@b.co>\nno field\n\
            To: \"Doe, John\" <john@b.co>, plain@b.co\r\nCc: third@b.co\r\n\
            Subject: =?utf-8?q?Ma=C3=B1ana?=\r\nX-Broken: \xff\r\nMessage-ID: <1@b.co>\r\n\
            Date: never\r\n\r\nNot-A: header\r\n";
        let headers = Headers::read(head);
        assert_eq!(headers.value("received"), Some("from a by b; today"));
        assert_eq!(headers.value("X-Broken"), Some("\u{fffd}"));
        assert_eq!(headers.value("Subject"), Some("=?utf-8?q?Ma=C3=B1ana?="));
        assert_eq!(headers.value("Not-A"), None);
        assert_eq!(
            headers.recipients,
            ["john@b.co", "plain@b.co", "third@b.co"]
        );
        let expected = json!({
            "from": ["María <maria@b.co>"],
            "to": ["\"Doe, John\" <john@b.co>", "plain@b.co"],
            "cc": ["third@b.co"],
            "subject": "Mañana",
            "date": "never",
            "messageId": "<1@b.co>",
        });
        assert_eq!(Value::from(headers.common.clone()), expected);
        assert!(!headers.listed().1);
    }

    #[test]
    fn large_headers_are_left_out() {
        let head = format!(
            "From: a@b.co\r\nSubject: {}\r\nTo: c@b.co\r\n",
            "x".repeat(LIMIT)
        );
        let headers = Headers::read(head.as_bytes());
        let (listed, truncated) = headers.listed();
        assert_eq!((listed.len(), truncated), (1, true));
        assert_eq!(headers.common.get("subject"), None);
        assert_eq!(headers.common["to"], json!(["c@b.co"]));
    }

    #[test]
    fn the_head_ends_at_the_first_empty_line() {
        assert_eq!(end_of_head(b"a: b\r\n\r\nc", 0), Some(8));
        assert_eq!(end_of_head(b"a: b\r\n\r\n", 6), Some(8));
        assert_eq!(end_of_head(b"a: b\n\nc", 0), Some(6));
        assert_eq!(end_of_head(b"\r\nc", 0), Some(2));
        assert_eq!(end_of_head(b"a: b\r\nc", 0), None);
        assert_eq!(end_of_head(b"", 0), None);
    }
}
