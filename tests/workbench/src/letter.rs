//! Mail as people write it.

use std::sync::atomic::{AtomicU32, Ordering};

use crate::mail::Mail;
use crate::people::SUPPORT_MAILBOX;

/// Stands between the parts of a mail.
const BOUNDARY: &str = "=_corte";

/// A mail that somebody writes. Names and texts go as UTF-8.
#[derive(Clone, Debug)]
pub struct Letter {
    headers: Vec<(String, String)>,
    text: String,
    /// Headers and body of each.
    parts: Vec<(String, String)>,
}

impl Letter {
    /// A mail to the help desk with a `Message-ID` of its own; `from` is
    /// `Ana Pérez <ana.perez@…>` or the address alone.
    pub fn new(from: &str, subject: &str, text: &str) -> Self {
        static WRITTEN: AtomicU32 = AtomicU32::new(0);
        let n = WRITTEN.fetch_add(1, Ordering::Relaxed);
        let id = format!("<carta-{}-{n}@correo.example.com>", std::process::id());
        let letter = Letter {
            headers: Vec::new(),
            text: text.replace("\r\n", "\n"),
            parts: Vec::new(),
        };
        letter
            .with("From", from)
            .with("To", SUPPORT_MAILBOX)
            .with("Subject", subject)
            .with("Message-ID", &id)
    }

    /// A mail of ours, as whoever gets it has it, its text alone.
    pub fn copy_of(mail: &Mail) -> Self {
        let kept = |name: &str| {
            let name = name.to_ascii_lowercase();
            !name.starts_with("content-") && name != "mime-version"
        };
        Letter {
            headers: mail.all_headers().filter(|(name, _)| kept(name)).collect(),
            text: mail.text.replace("\r\n", "\n"),
            parts: Vec::new(),
        }
    }

    /// With this header, instead of others of its name.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self = self.without(name);
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Without the headers whose names begin like this.
    pub fn without(mut self, prefix: &str) -> Self {
        let prefix = prefix.to_ascii_lowercase();
        self.headers
            .retain(|(name, _)| !name.to_ascii_lowercase().starts_with(&prefix));
        self
    }

    /// As an answer to a mail of ours.
    pub fn answering(self, mail: &Mail) -> Self {
        let id = mail.message_id().to_owned();
        self.with("In-Reply-To", &id).with("References", &id)
    }

    /// With a further part: its headers, one to a line, and its body.
    pub fn part(mut self, headers: &str, body: &str) -> Self {
        self.parts.push((headers.to_owned(), body.to_owned()));
        self
    }

    /// A header; empty where it is missing.
    pub fn header(&self, name: &str) -> &str {
        let mut headers = self.headers.iter();
        let found = headers.find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map_or("", |(_, value)| value)
    }

    /// The address that it is from.
    pub fn sender(&self) -> &str {
        let from = self.header("From");
        let inner = from.rsplit_once('<').map_or(from, |(_, inner)| inner);
        inner.trim_end_matches('>')
    }

    /// The mail as it is sent.
    pub fn raw(&self) -> Vec<u8> {
        let mut raw = String::new();
        for (name, value) in &self.headers {
            raw.push_str(&format!("{name}: {value}\n"));
        }
        raw.push_str("MIME-Version: 1.0\n");
        let text = format!(
            "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n{}\n",
            self.text
        );
        if self.parts.is_empty() {
            raw.push_str(&text);
        } else {
            let kind = "Content-Type: multipart/mixed";
            raw.push_str(&format!("{kind}; boundary=\"{BOUNDARY}\"\n\n"));
            raw.push_str(&format!("--{BOUNDARY}\n{text}"));
            for (headers, body) in &self.parts {
                raw.push_str(&format!("--{BOUNDARY}\n{headers}\n\n{body}\n"));
            }
            raw.push_str(&format!("--{BOUNDARY}--\n"));
        }
        raw.replace('\n', "\r\n").into_bytes()
    }
}
