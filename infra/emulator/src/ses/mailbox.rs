//! The mail that was sent: kept as it was handed in, shown as it would arrive.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use jiff::Timestamp;
use jiff::fmt::rfc2822;
use mail_parser::{Address, MessageParser, MessagePart, PartType};
use rusqlite::params;
use serde::Serialize;
use ulid::Ulid;

use crate::clock::Clock;
use crate::faults::Faults;
use crate::ses::feedback::{Feedback, Sent};
use crate::store::Store;

/// What SES reads from a message's headers, and does not pass on.
const CONFIGURATION_SET: &str = "X-SES-CONFIGURATION-SET";

/// The store of sent mail.
pub struct Mailbox {
    store: Store,
    clock: Clock,
    feedback: Feedback,
    faults: Arc<Faults>,
    sent: AtomicU32,
    bounced: AtomicU32,
    complained: AtomicU32,
}

/// A mail as its recipients would see it.
#[derive(Debug, Serialize)]
pub struct Mail {
    /// The id that SES gave it.
    pub id: String,
    /// Its header's sender.
    pub from: String,
    /// The envelope's recipients.
    pub to: Vec<String>,
    /// Its subject, decoded.
    pub subject: String,
    /// Its text part, decoded.
    pub text: String,
    /// Its HTML part, decoded.
    pub html: String,
    /// Its headers, as they would arrive.
    pub headers: Vec<Header>,
    /// When SES took it.
    pub sent_at: Timestamp,
}

/// One header, unfolded, with encoded words left as they are.
#[derive(Debug, Serialize)]
pub struct Header {
    /// Its name, as it was written.
    pub name: String,
    /// What is behind the colon.
    pub value: String,
}

/// Why SES would not take a message.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refusal {
    #[error("Missing required header 'From'.")]
    NoSender,
    #[error("Missing destinations.")]
    NoDestination,
    #[error("the message cannot be read")]
    Unreadable,
    #[error("Configuration set <{0}> does not exist.")]
    NoConfigurationSet(String),
    #[error("Address blacklisted.")]
    Address,
    #[error("the mail store failed: {0}")]
    Store(#[from] rusqlite::Error),
}

impl Mailbox {
    /// A mailbox that tells of mails by `feedback`, and refuses those of `faults`.
    pub fn new(store: Store, clock: Clock, feedback: Feedback, faults: Arc<Faults>) -> Self {
        Self {
            store,
            clock,
            feedback,
            faults,
            sent: AtomicU32::new(0),
            bounced: AtomicU32::new(0),
            complained: AtomicU32::new(0),
        }
    }

    /// Takes a message as SES does, and returns the id that SES would answer.
    /// Without an envelope, the message's own headers say from whom and to whom.
    pub(super) fn send(
        &self,
        source: Option<&str>,
        destinations: Vec<String>,
        raw: &[u8],
        configuration_set: Option<&str>,
    ) -> Result<String, Refusal> {
        let message = MessageParser::default()
            .parse_headers(raw)
            .ok_or(Refusal::Unreadable)?;
        let source = source
            .map(str::to_owned)
            .or_else(|| addresses(message.from()).pop());
        let source = source
            .filter(|_| message.from().is_some())
            .ok_or(Refusal::NoSender)?;
        let destinations = if destinations.is_empty() {
            [message.to(), message.cc(), message.bcc()]
                .into_iter()
                .flat_map(addresses)
                .collect()
        } else {
            destinations
        };
        if destinations.is_empty() {
            return Err(Refusal::NoDestination);
        }
        if self.faults.refuses(&destinations) {
            return Err(Refusal::Address);
        }
        let header = message.header_raw(CONFIGURATION_SET).map(str::trim);
        let named = configuration_set.or(header);
        let configuration_set = self
            .feedback
            .configuration_set(named, &source)
            .map_err(|name| Refusal::NoConfigurationSet(name.to_owned()))?;
        let id = message_id();
        let sent_at = self.clock.now();
        let sent = Sent {
            id: &id,
            source: &source,
            destinations: &destinations,
            sent_at,
            raw,
            configuration_set,
        };
        let listed = serde_json::Value::from(destinations.as_slice()).to_string();
        self.store.with(|connection| {
            connection
                .prepare_cached(
                    "INSERT INTO mails (message_id, source, destinations, raw, sent_at)
                     VALUES (?1, ?2, ?3, ?4, ?5)",
                )?
                .execute(params![id, source, listed, raw, sent_at.as_millisecond()])
        })?;
        self.sent.fetch_add(1, Ordering::Relaxed);
        for (mailbox, count) in [("bounce", &self.bounced), ("complaint", &self.complained)] {
            if sent.reaches(mailbox) {
                count.fetch_add(1, Ordering::Relaxed);
            }
        }
        if let Err(error) = self.feedback.report(&sent) {
            tracing::error!(%error, id, "a bounce or complaint could not be published");
        }
        Ok(id)
    }

    /// Which share of the mails sent since the start bounced, and which was complained
    /// of. In AWS the simulator's do not count.
    pub fn reputation(&self) -> (f64, f64) {
        let read = |count: &AtomicU32| f64::from(count.load(Ordering::Relaxed));
        let sent = read(&self.sent).max(1.0);
        (read(&self.bounced) / sent, read(&self.complained) / sent)
    }

    /// Every mail that was sent, to an address if one is given, oldest first.
    pub fn all(&self, to: Option<&str>) -> rusqlite::Result<Vec<Mail>> {
        // By the addresses alone, which an index has, and not past every raw mail.
        let chosen = match to {
            Some(_) => "id IN (SELECT id FROM mails WHERE instr(destinations, ?1))",
            None => "?1 IS NULL",
        };
        let named = to.map(|to| serde_json::Value::from(to).to_string());
        let rows = self.store.with(|connection| {
            connection
                .prepare_cached(&format!(
                    "SELECT message_id, source, destinations, raw, sent_at FROM mails
                         WHERE {chosen} ORDER BY id"
                ))?
                .query_map([named], |row| {
                    Ok((
                        row.get(0)?,
                        row.get(1)?,
                        row.get(2)?,
                        row.get(3)?,
                        row.get(4)?,
                    ))
                })?
                .collect::<rusqlite::Result<Vec<(String, String, String, Vec<u8>, i64)>>>()
        })?;
        // Parsing happens outside the store's lock.
        Ok(rows
            .into_iter()
            .map(|(id, source, to, raw, sent_at)| {
                let to = serde_json::from_str(&to).unwrap_or_default();
                let sent_at = Timestamp::from_millisecond(sent_at).unwrap_or_default();
                as_delivered(id, source, to, &raw, sent_at)
            })
            .collect())
    }
}

fn as_delivered(
    id: String,
    source: String,
    to: Vec<String>,
    raw: &[u8],
    sent_at: Timestamp,
) -> Mail {
    let message = MessageParser::default().parse(raw).unwrap_or_default();
    let mut headers: Vec<_> = message
        .headers_raw()
        // SES gives every message an id of its own, and hides blind copies.
        .filter(|(name, _)| {
            !["Message-ID", "Bcc", CONFIGURATION_SET]
                .iter()
                .any(|hidden| name.eq_ignore_ascii_case(hidden))
        })
        .map(|(name, value)| header(name, &unfolded(value)))
        .collect();
    headers.push(header(
        "Message-ID",
        &format!("<{id}@us-east-1.amazonses.com>"),
    ));
    if message.date().is_none() {
        let date = rfc2822::to_string(&sent_at.to_zoned(jiff::tz::TimeZone::UTC));
        headers.push(header("Date", &date.unwrap_or_default()));
    }
    // A part is not made up from the other: a mail that lacks one shows so.
    let mut texts = message.text_bodies();
    let text = texts.find(|part| matches!(part.body, PartType::Text(_)));
    let mut htmls = message.html_bodies();
    let html = htmls.find(|part| matches!(part.body, PartType::Html(_)));
    let content = |part: Option<&MessagePart<'_>>| {
        let content = part.and_then(MessagePart::text_contents);
        content.unwrap_or_default().to_owned()
    };
    Mail {
        id,
        from: message.header_raw("From").map_or(source, unfolded),
        to,
        subject: message.subject().unwrap_or_default().to_owned(),
        text: content(text),
        html: content(html),
        headers,
        sent_at,
    }
}

fn header(name: &str, value: &str) -> Header {
    Header {
        name: name.to_owned(),
        value: value.to_owned(),
    }
}

/// RFC 5322, 2.2.3: a folded header reads as if its line breaks were not there.
fn unfolded(value: &str) -> String {
    value.replace(['\r', '\n'], "").trim().to_owned()
}

fn addresses(header: Option<&Address<'_>>) -> Vec<String> {
    let addresses = header.into_iter().flat_map(Address::iter);
    addresses
        .filter_map(|address| address.address())
        .map(str::to_owned)
        .collect()
}

/// An id of the form that SES gives: `0100018c…-…-000000`.
fn message_id() -> String {
    let digits = format!("{:032x}", u128::from(Ulid::generate()));
    format!(
        "0100{}-{}-{}-{}-{}-{}-000000",
        &digits[..12],
        &digits[12..20],
        &digits[20..24],
        &digits[24..28],
        &digits[28..],
        &digits[20..32]
    )
}
