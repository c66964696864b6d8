//! Mail that comes in, as people write it and as another server brings it.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use crate::mail::Mail;
use crate::people::SUPPORT_MAILBOX;

/// Longer than the host takes to keep the largest mail.
const TIMEOUT: Duration = Duration::from_secs(40);

/// Stands between the parts of a mail.
const BOUNDARY: &str = "=_corte";

/// A connection to the door that mail comes in by (RFC 5321).
pub struct Smtp {
    stream: BufReader<TcpStream>,
}

/// What the host said at the end of a mail, or when it refused it.
#[derive(Clone, Debug)]
pub struct Reply {
    pub code: u16,
    pub text: String,
}

impl Reply {
    fn must_be(self, code: u16) -> io::Result<()> {
        if self.code == code {
            Ok(())
        } else {
            Err(io::Error::other(format!("{} {}", self.code, self.text)))
        }
    }

    /// The id that SES gave to the mail.
    ///
    /// # Panics
    /// When the mail was not taken.
    #[track_caller]
    pub fn id(&self) -> String {
        assert_eq!(self.code, 250, "{}", self.text);
        self.text.split_whitespace().last().unwrap().to_owned()
    }
}

impl Smtp {
    /// Connects, and says hello.
    pub(crate) fn connect(port: u16) -> Self {
        Self::try_connect(port).unwrap()
    }

    /// [`Self::connect`] to a host that may be gone.
    ///
    /// # Errors
    /// When it does not answer as a mail server does.
    pub fn try_connect(port: u16) -> io::Result<Self> {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(TIMEOUT))?;
        let mut smtp = Smtp {
            stream: BufReader::new(stream),
        };
        smtp.reply()?.must_be(220)?;
        smtp.say(b"EHLO correo.example.com\r\n")?.must_be(250)?;
        Ok(smtp)
    }

    /// Brings one mail; `from` is empty for the null path. After a refusal the
    /// connection is as good as new.
    pub fn send(&mut self, from: &str, to: &[&str], raw: &[u8]) -> Reply {
        self.try_send(from, to, raw).unwrap()
    }

    /// [`Self::send`] to a host that may be gone.
    ///
    /// # Errors
    /// When it does not answer: it may have taken the mail.
    pub fn try_send(&mut self, from: &str, to: &[&str], raw: &[u8]) -> io::Result<Reply> {
        let commands = std::iter::once(format!("MAIL FROM:<{from}>\r\n"))
            .chain(to.iter().map(|to| format!("RCPT TO:<{to}>\r\n")))
            .chain(["DATA\r\n".to_owned()]);
        for command in commands {
            let reply = self.say(command.as_bytes())?;
            if !matches!(reply.code, 250 | 354) {
                self.say(b"RSET\r\n")?.must_be(250)?;
                return Ok(reply);
            }
        }
        self.say(&stuffed(raw))
    }

    fn say(&mut self, bytes: &[u8]) -> io::Result<Reply> {
        self.stream.get_mut().write_all(bytes)?;
        self.reply()
    }

    /// The last line of a reply.
    fn reply(&mut self) -> io::Result<Reply> {
        loop {
            let mut line = String::new();
            self.stream.read_line(&mut line)?;
            let Some((code, text)) = line.split_at_checked(3) else {
                return Err(io::ErrorKind::UnexpectedEof.into());
            };
            if let Some(text) = text.strip_prefix(' ') {
                return Ok(Reply {
                    code: code.parse().map_err(io::Error::other)?,
                    text: text.trim_end().to_owned(),
                });
            }
        }
    }
}

/// A mail as it goes over the line: dots doubled that begin a line (RFC 5321,
/// 4.5.2), and the end after it.
fn stuffed(raw: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(raw.len() + 5);
    for line in raw.split_inclusive(|byte| *byte == b'\n') {
        if line.starts_with(b".") && (out.is_empty() || out.ends_with(b"\r\n")) {
            out.push(b'.');
        }
        out.extend_from_slice(line);
    }
    if !out.is_empty() && !out.ends_with(b"\r\n") {
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(b".\r\n");
    out
}

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
