//! The door that mail comes in by: SMTP (RFC 5321), as far as a mail exchanger
//! needs it.
//!
//! A mail is never held in memory: what is behind its head goes to the object
//! store as it comes in. A client that does nothing, never ends, or never reads
//! costs one of a bounded number of connections, and that for a bounded time.

use std::io;
use std::slice::Iter;
use std::sync::Arc;
use std::time::Duration;

use smtp_proto::request::receiver::{DataReceiver, RequestReceiver};
use smtp_proto::{Error, Request};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::arn::REGION;
use crate::ses::headers::end_of_head;
use crate::ses::receiving::{Envelope, Incoming, ReceiveError, Receiving};

/// SES's limit for a mail, headers included.
const SIZE: usize = 40 * 1024 * 1024;
/// SES's limit for a mail's recipients.
const RECIPIENTS: usize = 100;
/// How much of a head is looked at; the rest is kept like a body.
const HEAD: usize = 256 * 1024;
/// How many clients there may be at once.
const CONNECTIONS: usize = 100;

/// How long a client may take.
#[derive(Clone, Copy)]
struct Patience {
    /// For anything at all: RFC 5321, 4.5.3.2.7, wants five minutes.
    idle: Duration,
    /// For everything.
    session: Duration,
}

const PATIENCE: Patience = Patience {
    idle: Duration::from_secs(5 * 60),
    session: Duration::from_secs(60 * 60),
};

/// Takes mail in by SMTP, for as long as it is polled.
pub async fn serve(listener: TcpListener, receiving: Arc<Receiving>) {
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    let mut sessions = JoinSet::new();
    loop {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::warn!(%error, "an SMTP client could not connect");
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        while sessions.try_join_next().is_some() {}
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
            // There is room for it in the connection's buffer.
            let _ = stream.try_write(b"421 4.3.2 Too many connections\r\n");
            continue;
        };
        // It can fail only for a connection that is gone already.
        let _ = stream.set_nodelay(true);
        let session = Session::new(stream, Arc::clone(&receiving), PATIENCE);
        sessions.spawn(async move {
            // A client that is gone, or was given up, has its reply or none.
            let _ = session.run().await;
            drop(place);
        });
    }
}

/// One client.
struct Session<S> {
    stream: S,
    receiving: Arc<Receiving>,
    patience: Patience,
    envelope: Envelope,
    /// Whether `MAIL` was given, which the null path does not show.
    has_sender: bool,
    /// Replies that were not sent yet.
    replies: Vec<u8>,
}

/// What comes after a command.
enum Next {
    Command,
    Data,
    Goodbye,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Session<S> {
    fn new(stream: S, receiving: Arc<Receiving>, patience: Patience) -> Self {
        Self {
            stream,
            receiving,
            patience,
            envelope: Envelope::default(),
            has_sender: false,
            replies: Vec::new(),
        }
    }

    async fn run(mut self) -> io::Result<()> {
        let session = self.patience.session;
        tokio::time::timeout(session, self.talk()).await?
    }

    async fn talk(&mut self) -> io::Result<()> {
        self.reply(&format!(
            "220 inbound-smtp.{REGION}.amazonaws.com ESMTP local"
        ));
        let mut requests = RequestReceiver::default();
        let mut mail: Option<Mail> = None;
        let mut input = vec![0; 64 * 1024];
        loop {
            let wait = self.patience.idle;
            let Ok(sent) = tokio::time::timeout(wait, self.send_replies()).await else {
                return Ok(());
            };
            sent?;
            let Ok(count) = tokio::time::timeout(wait, self.stream.read(&mut input)).await else {
                self.reply("421 4.4.2 Timeout");
                return self.send_replies().await;
            };
            let mut bytes = match count? {
                0 => return Ok(()),
                count => input[..count].iter(),
            };
            loop {
                if let Some(incoming) = &mut mail {
                    if !incoming.take(&mut bytes, &self.receiving, &self.envelope) {
                        break;
                    }
                    if let Some(complete) = mail.take() {
                        self.finish(complete).await;
                    }
                    continue;
                }
                let next = match requests.ingest(&mut bytes) {
                    Ok(request) => self.answer(request),
                    Err(Error::NeedsMoreData { .. }) => break,
                    Err(Error::ResponseTooLong) => {
                        self.reply("500 5.5.2 Line too long");
                        Next::Goodbye
                    }
                    Err(error) => {
                        self.reply(&complaint(&error));
                        Next::Command
                    }
                };
                match next {
                    Next::Command => {}
                    Next::Data => mail = Some(Mail::new()),
                    Next::Goodbye => return self.send_replies().await,
                }
            }
        }
    }

    fn reply(&mut self, line: &str) {
        self.replies.extend_from_slice(line.as_bytes());
        self.replies.extend_from_slice(b"\r\n");
    }

    async fn send_replies(&mut self) -> io::Result<()> {
        self.stream.write_all(&self.replies).await?;
        self.replies.clear();
        self.stream.flush().await
    }

    fn answer<T: AsRef<str>>(&mut self, request: Request<T>) -> Next {
        let host = format!("inbound-smtp.{REGION}.amazonaws.com");
        let line = match request {
            Request::Ehlo { host: helo } => {
                self.greet(helo.as_ref());
                format!(
                    "250-{host}\r\n250-PIPELINING\r\n250-SIZE {SIZE}\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 ENHANCEDSTATUSCODES"
                )
            }
            Request::Helo { host: helo } => {
                self.greet(helo.as_ref());
                format!("250 {host}")
            }
            Request::Mail { .. } if self.envelope.helo.is_empty() => {
                "503 5.5.1 EHLO comes first".to_owned()
            }
            Request::Mail { .. } if self.has_sender => "503 5.5.1 There is a sender".to_owned(),
            Request::Mail { from } if from.size > SIZE => too_large(),
            Request::Mail { from } => {
                self.has_sender = true;
                from.address.as_ref().clone_into(&mut self.envelope.from);
                "250 2.1.0 OK".to_owned()
            }
            Request::Rcpt { .. } if !self.has_sender => "503 5.5.1 MAIL comes first".to_owned(),
            Request::Rcpt { .. } if self.envelope.to.len() >= RECIPIENTS => {
                "452 4.5.3 Too many recipients".to_owned()
            }
            Request::Rcpt { to } if self.receiving.accepts(to.address.as_ref()) => {
                let to = to.address.as_ref().to_owned();
                if !self.envelope.to.contains(&to) {
                    self.envelope.to.push(to);
                }
                "250 2.1.5 OK".to_owned()
            }
            Request::Rcpt { .. } => {
                "550 5.1.1 Requested action not taken: mailbox unavailable".to_owned()
            }
            Request::Data if self.envelope.to.is_empty() => {
                "503 5.5.1 There is no recipient".to_owned()
            }
            Request::Data => {
                self.reply("354 End data with <CR><LF>.<CR><LF>");
                return Next::Data;
            }
            Request::Rset => {
                self.reset();
                "250 2.0.0 OK".to_owned()
            }
            Request::Noop { .. } => "250 2.0.0 OK".to_owned(),
            Request::Vrfy { .. } => "252 2.5.0 Send some mail, and see".to_owned(),
            Request::Quit => {
                self.reply("221 2.0.0 Bye");
                return Next::Goodbye;
            }
            _ => "502 5.5.1 Command not implemented".to_owned(),
        };
        self.reply(&line);
        Next::Command
    }

    fn greet(&mut self, helo: &str) {
        self.reset();
        helo.clone_into(&mut self.envelope.helo);
    }

    fn reset(&mut self) {
        self.has_sender = false;
        self.envelope.from.clear();
        self.envelope.to.clear();
    }

    /// Keeps a mail, and answers once it and the word of it are kept.
    async fn finish(&mut self, mail: Mail) {
        let line = match mail.part {
            Part::Refused(line) => line,
            // A mail is past its head when it is complete.
            Part::Head(_) => not_now(&io::Error::other("a mail without a head")),
            Part::Body(incoming) => {
                let receiving = Arc::clone(&self.receiving);
                let finish = move || receiving.finish(*incoming);
                match tokio::task::spawn_blocking(finish).await {
                    Ok(Ok(id)) => format!("250 2.0.0 OK {id}"),
                    Ok(Err(error)) => not_now(&error),
                    Err(error) => not_now(&error),
                }
            }
        };
        self.reply(&line);
        self.reset();
    }
}

/// A mail as it comes in.
struct Mail {
    receiver: DataReceiver,
    /// What the receiver may still take back: a carriage return at the end.
    buffer: Vec<u8>,
    size: usize,
    part: Part,
}

enum Part {
    /// What there is of the head.
    Head(Vec<u8>),
    Body(Box<Incoming>),
    /// It is read to its end and then refused.
    Refused(String),
}

impl Mail {
    fn new() -> Self {
        let mut receiver = DataReceiver::new();
        // The line break that ended the command: an empty mail's first line is
        // its last.
        receiver.ingest(&mut b"\r\n".iter(), &mut Vec::new());
        Self {
            receiver,
            buffer: Vec::new(),
            size: 0,
            part: Part::Head(Vec::new()),
        }
    }

    /// Takes what has come in, and says whether that was the end.
    fn take(
        &mut self,
        bytes: &mut Iter<'_, u8>,
        receiving: &Receiving,
        envelope: &Envelope,
    ) -> bool {
        let complete = self.receiver.ingest(bytes, &mut self.buffer);
        let kept_back = usize::from(!complete && self.buffer.last() == Some(&b'\r'));
        let ready = self.buffer.len() - kept_back;
        self.size += ready;
        if self.size > SIZE {
            self.part = Part::Refused(too_large());
        }
        let taken = &self.buffer[..ready];
        let result = match &mut self.part {
            Part::Head(head) => {
                // The line break before what is new may be part of the end.
                let start = head.len().saturating_sub(2);
                head.extend_from_slice(taken);
                let end = end_of_head(head, start);
                if end.is_some() || complete || head.len() > HEAD {
                    let head = std::mem::take(head);
                    let body = end.unwrap_or(head.len());
                    begin(receiving, envelope, head.split_at(body)).map(|incoming| {
                        self.part = Part::Body(Box::new(incoming));
                    })
                } else {
                    Ok(())
                }
            }
            Part::Body(incoming) => incoming.write(taken).map_err(ReceiveError::from),
            Part::Refused(_) => Ok(()),
        };
        if let Err(error) = result {
            self.part = Part::Refused(match error {
                ReceiveError::Verdict(_) => format!("554 5.6.0 {error}"),
                error => not_now(&error),
            });
        }
        self.buffer.drain(..ready);
        complete
    }
}

fn begin(
    receiving: &Receiving,
    envelope: &Envelope,
    (head, body): (&[u8], &[u8]),
) -> Result<Incoming, ReceiveError> {
    let mut incoming = receiving.begin(envelope, head)?;
    incoming.write(body)?;
    Ok(incoming)
}

fn too_large() -> String {
    format!("552 5.3.4 The mail is larger than {SIZE} bytes")
}

fn not_now(error: &(dyn std::error::Error + 'static)) -> String {
    tracing::error!(error, "a mail could not be kept");
    "451 4.3.0 The mail could not be kept; try again".to_owned()
}

fn complaint(error: &Error) -> String {
    match error {
        Error::UnknownCommand => "500 5.5.1 Unknown command".to_owned(),
        Error::InvalidSenderAddress => "501 5.1.7 That is no address".to_owned(),
        Error::InvalidRecipientAddress => "501 5.1.3 That is no address".to_owned(),
        Error::SyntaxError { syntax } => format!("501 5.5.2 The syntax is: {syntax}"),
        Error::InvalidParameter { param } => format!("501 5.5.4 The parameter {param} is wrong"),
        // The parameter's own name is the client's text, and may be anything.
        Error::UnsupportedParameter { .. } => "555 5.5.4 Unknown parameter".to_owned(),
        Error::NeedsMoreData { .. } | Error::ResponseTooLong | Error::InvalidResponse { .. } => {
            "500 5.5.2 That is no command".to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::path::PathBuf;

    use super::*;
    use crate::clock::Clock;
    use crate::s3::{Bucket, Objects};
    use crate::ses::rules::{ReceiptRule, S3Action, Scan};
    use crate::sns::Topics;
    use crate::sqs::Queues;
    use crate::store::Store;

    /// A directory that is deleted in the end.
    struct Directory(PathBuf);

    impl Drop for Directory {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    /// What takes every mail.
    fn receiving() -> (Arc<Receiving>, Arc<Objects>, Directory) {
        let store = Store::in_memory();
        let directory = std::env::temp_dir().join(ulid::Ulid::generate().to_string());
        let bucket = Bucket {
            name: "mail".to_owned(),
            cors: Vec::new(),
        };
        let objects = Objects::open(
            store.clone(),
            &directory,
            vec![bucket],
            Clock::starting_at(None),
        )
        .unwrap();
        let objects = Arc::new(objects);
        let queues = Arc::new(Queues::open(store.clone(), &[]).unwrap());
        let clock = Clock::starting_at(None);
        let action = S3Action {
            bucket: "mail".to_owned(),
            prefix: String::new(),
            topic_arn: None,
        };
        let rule = ReceiptRule {
            recipients: Vec::new(),
            scan: Scan::Enabled,
            actions: vec![action],
        };
        let receiving = Receiving {
            rules: vec![rule],
            objects: Arc::clone(&objects),
            topics: Arc::new(Topics::new(queues, Vec::new(), clock)),
            store,
            clock,
        };
        (Arc::new(receiving), objects, Directory(directory))
    }

    #[test]
    fn a_mail_is_the_same_wherever_it_is_cut() {
        let (receiving, objects, _directory) = receiving();
        let envelope = Envelope {
            to: vec!["a@b.co".to_owned()],
            ..Envelope::default()
        };
        for (sent, expected) in [
            ("A: b\r\n\r\n..c\r\n.\r\n", "A: b\r\n\r\n.c\r\n"),
            ("A: b\n\nc\n.\r\n\r\r\n.\r\n", "A: b\n\nc\n.\r\n\r\r\n"),
            ("no head\r\n.\r\n", "no head\r\n"),
            (".\r\n", ""),
        ] {
            for cut in 0..sent.len() {
                let mut mail = Mail::new();
                let (first, rest) = sent.as_bytes().split_at(cut);
                // What follows is the next command's.
                let rest = [rest, b"QUIT\r\n"].concat();
                assert!(!mail.take(&mut first.iter(), &receiving, &envelope));
                let mut rest = rest.iter();
                assert!(
                    mail.take(&mut rest, &receiving, &envelope),
                    "{sent:?} {cut}"
                );
                assert_eq!(rest.as_slice(), b"QUIT\r\n");
                let Part::Body(incoming) = mail.part else {
                    panic!("{sent:?} {cut}");
                };
                let id = receiving.finish(*incoming).unwrap();
                let mut kept = String::new();
                let (_, mut file) = objects.get("mail", &id).unwrap();
                file.read_to_string(&mut kept).unwrap();
                let end = format!("X-SES-RECEIPT;\r\n{expected}");
                assert!(kept.ends_with(&end), "{sent:?} {cut}: {kept:?}");
                objects.delete("mail", &id).unwrap();
            }
        }
    }

    #[tokio::test]
    async fn a_client_that_says_nothing_is_sent_away() {
        let patience = |idle, session| Patience {
            idle: Duration::from_millis(idle),
            session: Duration::from_millis(session),
        };
        for (patience, expected) in [
            (patience(10, 10_000), "421 4.4.2 Timeout\r\n"),
            (patience(10_000, 10), "local\r\n"),
        ] {
            let (mut client, server) = tokio::io::duplex(1_024);
            let (receiving, _, _directory) = receiving();
            let session = Session::new(server, receiving, patience);
            let session = tokio::spawn(session.run());
            let mut said = String::new();
            client.read_to_string(&mut said).await.unwrap();
            assert!(said.ends_with(expected), "{said}");
            // It is an error where it is the session that was too long.
            let _ = session.await.unwrap();
        }
    }
}
