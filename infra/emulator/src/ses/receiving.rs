//! SES receiving: what becomes of a mail that came in over SMTP.
//!
//! Receipt rules say which recipients there are, and where the mail is kept and
//! told of. It is kept as SES keeps it, below headers of SES's own.

use std::io::{self, Write};
use std::sync::Arc;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use data_encoding::BASE32HEX_NOPAD;
use jiff::Timestamp;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use ulid::Ulid;

use crate::arn::REGION;
use crate::clock::Clock;
use crate::s3::{Draft, Existing, ObjectError, Objects};
use crate::ses::headers::Headers;
use crate::ses::rules::{ReceiptRule, S3Action, Scan};
use crate::ses::verdicts::{VERDICT, Verdict, Verdicts};
use crate::sns::{Topics, timestamp};
use crate::sqs::QueueError;
use crate::store::Store;

/// What mail that comes in goes by, and leads to.
pub struct Receiving {
    /// The rules of the active set.
    pub rules: Vec<ReceiptRule>,
    /// Where mails are kept.
    pub objects: Arc<Objects>,
    /// Who is told of them.
    pub topics: Arc<Topics>,
    /// The database that both are in.
    pub store: Store,
    /// The time that mails are received at.
    pub clock: Clock,
}

/// What SMTP says of a mail.
#[derive(Clone, Debug, Default)]
pub(super) struct Envelope {
    /// What the client calls itself.
    pub(super) helo: String,
    /// Empty for a mail that nobody is to answer, such as a bounce.
    pub(super) from: String,
    pub(super) to: Vec<String>,
}

/// Why a mail is not taken.
#[derive(Debug, thiserror::Error)]
pub(super) enum ReceiveError {
    #[error("{VERDICT}: {0}")]
    Verdict(String),
    #[error(transparent)]
    Object(#[from] ObjectError),
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error(transparent)]
    Queue(#[from] QueueError),
}

/// A mail that is coming in.
pub(super) struct Incoming {
    id: String,
    received_at: Timestamp,
    verdicts: Verdicts,
    /// `mail` of the notifications.
    mail: Value,
    targets: Vec<Target>,
}

/// One place that a mail is kept in.
struct Target {
    draft: Draft,
    action: S3Action,
    /// Recipients that the action's rule applies to.
    recipients: Vec<String>,
}

impl Incoming {
    /// Takes more of the mail.
    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        for target in &mut self.targets {
            target.draft.write_all(bytes)?;
        }
        Ok(())
    }
}

impl Receiving {
    /// Whether a rule applies to a recipient.
    pub(super) fn accepts(&self, recipient: &str) -> bool {
        self.rules.iter().any(|rule| rule.applies_to(recipient))
    }

    /// Begins to take a mail, of which the head is known, or so much of it as
    /// anybody could want to know.
    pub(super) fn begin(&self, envelope: &Envelope, head: &[u8]) -> Result<Incoming, ReceiveError> {
        let received_at = self.clock.now();
        let id = message_id();
        let mut rules = self.rules.iter();
        let scanned = rules.any(|rule| {
            rule.scan == Scan::Enabled && envelope.to.iter().any(|to| rule.applies_to(to))
        });
        let sent = Headers::read(head);
        let mut verdicts = match sent.value(VERDICT) {
            Some(text) => text.parse().map_err(ReceiveError::Verdict)?,
            None => Verdicts::default(),
        };
        if !scanned {
            verdicts.spam = Verdict::Disabled;
            verdicts.virus = Verdict::Disabled;
        }
        let own = own_headers(envelope, &id, received_at, &verdicts);
        let mut headers = Headers::read(own.as_bytes());
        headers.all.extend(sent.all);
        let (listed, truncated) = headers.listed();
        let mut common = sent.common;
        common.insert("returnPath".to_owned(), envelope.from.as_str().into());
        let destination = if sent.recipients.is_empty() {
            &envelope.to
        } else {
            &sent.recipients
        };
        let mail = json!({
            "timestamp": timestamp(received_at),
            "source": envelope.from,
            "messageId": id,
            "destination": destination,
            "headersTruncated": truncated,
            "headers": listed,
            "commonHeaders": common,
        });
        let mut targets = Vec::new();
        for rule in &self.rules {
            let to = envelope.to.iter().filter(|to| rule.applies_to(to));
            let recipients: Vec<_> = to.cloned().collect();
            for action in rule.actions.iter().filter(|_| !recipients.is_empty()) {
                targets.push(Target {
                    draft: self.objects.draft()?,
                    action: action.clone(),
                    recipients: recipients.clone(),
                });
            }
        }
        let mut incoming = Incoming {
            id,
            received_at,
            verdicts,
            mail,
            targets,
        };
        incoming.write(own.as_bytes())?;
        incoming.write(head)?;
        Ok(incoming)
    }

    /// Keeps a mail that is complete and tells of it. Both are on the disk when
    /// this returns SES's id of the mail. Not for a thread that must not wait.
    pub(super) fn finish(&self, incoming: Incoming) -> Result<String, ReceiveError> {
        let Incoming {
            id,
            received_at,
            verdicts,
            mail,
            targets,
        } = incoming;
        for Target {
            draft,
            action,
            recipients,
        } in targets
        {
            let key = object_key(&action.prefix, &id);
            let kind = ("content-type", "application/octet-stream");
            let headers = vec![(kind.0.to_owned(), kind.1.to_owned())];
            self.objects
                .place(draft, &action.bucket, &key, headers, Existing::Replaced)?;
            let Some(topic) = &action.topic_arn else {
                continue;
            };
            let now = self.clock.now();
            let mut receipt = json!({
                "timestamp": timestamp(received_at),
                "processingTimeMillis": now.duration_since(received_at).as_millis() as i64,
                "recipients": recipients,
                "action": {
                    "type": "S3",
                    "topicArn": topic,
                    "bucketName": action.bucket,
                    "objectKeyPrefix": action.prefix,
                    "objectKey": key,
                },
            });
            for (name, verdict) in verdicts.named() {
                receipt[format!("{name}Verdict")] = json!({ "status": verdict.to_string() });
            }
            if let Some(policy) = verdicts.policy() {
                receipt["dmarcPolicy"] = policy.into();
            }
            let notification = json!({
                "notificationType": "Received",
                "mail": mail,
                "receipt": receipt,
            });
            let subject = "Amazon SES Email Receipt Notification";
            self.topics
                .publish(topic, subject, &notification.to_string(), None)?;
        }
        self.store.sync()?;
        Ok(id)
    }
}

/// Where SES keeps a mail: below the prefix as in a folder.
fn object_key(prefix: &str, id: &str) -> String {
    match prefix {
        "" => id.to_owned(),
        folder if folder.ends_with('/') => format!("{folder}{id}"),
        folder => format!("{folder}/{id}"),
    }
}

/// An id of the form that SES gives: 40 of `0`–`9` and `a`–`v`.
fn message_id() -> String {
    let digest = Sha256::digest(Ulid::generate().to_string());
    BASE32HEX_NOPAD.encode(&digest[..25]).to_lowercase()
}

/// The headers that SES puts above a mail.
fn own_headers(envelope: &Envelope, id: &str, at: Timestamp, verdicts: &Verdicts) -> String {
    let Envelope { helo, from, to } = envelope;
    let date = at.strftime("%a, %d %b %Y %H:%M:%S +0000 (UTC)");
    // RFC 5321, 7.2: who got a blind copy is nobody's business.
    let recipient = match to.as_slice() {
        [only] => format!("\r\n for {only}"),
        _ => String::new(),
    };
    let domain = from.rsplit('@').next().unwrap_or_default();
    let spf = format!(
        "{} (spfCheck: domain of {domain}) client-ip=127.0.0.1; envelope-from={from}; helo={helo};",
        verdicts.spf.result()
    );
    let scans: String = [("Spam", verdicts.spam), ("Virus", verdicts.virus)]
        .into_iter()
        .filter(|(_, verdict)| *verdict != Verdict::Disabled)
        .map(|(name, verdict)| format!("X-SES-{name}-Verdict: {verdict}\r\n"))
        .collect();
    format!(
        "Return-Path: <{from}>\r\n\
         Received: from {helo} (localhost [127.0.0.1])\r\n by inbound-smtp.{REGION}.amazonaws.com with SMTP id {id}{recipient};\r\n {date}\r\n\
         {scans}\
         Received-SPF: {spf}\r\n\
         Authentication-Results: amazonses.com;\r\n spf={spf}\r\n dkim={} header.i=@{domain};\r\n dmarc={} header.from={domain};\r\n\
         X-SES-RECEIPT: {}\r\n\
         X-SES-DKIM-SIGNATURE: a=rsa-sha256; q=dns/txt; b=local; c=relaxed/simple; s=local; d=amazonses.com; t={}; v=1; bh=local; h=From:To:Cc:Bcc:Subject:Date:Message-ID:MIME-Version:Content-Type:X-SES-RECEIPT;\r\n",
        verdicts.dkim.result(),
        verdicts.dmarc.result(),
        BASE64_STANDARD.encode(id),
        at.as_second(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_is_a_folder() {
        assert_eq!(object_key("", "id"), "id");
        assert_eq!(object_key("mail", "id"), "mail/id");
        assert_eq!(object_key("mail/", "id"), "mail/id");
    }

    #[test]
    fn ids_look_like_those_of_ses() {
        let id = message_id();
        assert_eq!(id.len(), 40);
        assert!(id.chars().all(|c| matches!(c, '0'..='9' | 'a'..='v')));
        assert_ne!(id, message_id());
    }
}
