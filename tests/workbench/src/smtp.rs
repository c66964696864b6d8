//! Mail that comes in, as another server brings it.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::time::Duration;

/// Longer than the host takes to keep the largest mail.
const TIMEOUT: Duration = Duration::from_secs(40);

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
    /// # Errors
    /// When the mail was not taken.
    pub fn try_id(&self) -> io::Result<String> {
        let Reply { code, text } = self;
        match text.split_whitespace().last() {
            Some(id) if *code == 250 => Ok(id.to_owned()),
            Some(_) | None => Err(io::Error::other(format!("{code} {text}"))),
        }
    }

    /// [`Self::try_id`] of a mail that was taken.
    ///
    /// # Panics
    /// When it was not.
    #[track_caller]
    pub fn id(&self) -> String {
        match self.try_id() {
            Ok(id) => id,
            Err(error) => panic!("{error}"),
        }
    }
}

impl Smtp {
    /// Connects, and says hello.
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
    ///
    /// # Panics
    /// When nothing was answered.
    #[track_caller]
    pub fn send(&mut self, from: &str, to: &[&str], raw: &[u8]) -> Reply {
        match self.try_send(from, to, raw) {
            Ok(reply) => reply,
            Err(error) => panic!("{error}"),
        }
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

#[cfg(test)]
mod tests {
    use super::stuffed;

    #[test]
    fn dots_that_begin_a_line_are_doubled_and_the_end_stands_alone() {
        let cases = [
            ("", ".\r\n"),
            ("Hola.", "Hola.\r\n.\r\n"),
            (".\r\n..\r\nfin\r\n", "..\r\n...\r\nfin\r\n.\r\n"),
            // A bare line feed ends no line.
            ("a\n.b\r\n", "a\n.b\r\n.\r\n"),
        ];
        for (raw, line) in cases {
            assert_eq!(String::from_utf8(stuffed(raw.as_bytes())).unwrap(), line);
        }
    }
}
