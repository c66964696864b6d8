//! SES receiving: what becomes of a mail that came in over SMTP.
//!
//! Receipt rules say which recipients there are, and where the mail is kept and
//! told of. It is kept as SES keeps it, below headers of SES's own.
//!
//! Every verdict is PASS, unless the mail has a header that only the local host
//! knows, for tests: `X-Local-Verdict: dmarc=FAIL; dmarc-policy=reject;
//! spam=GRAY`. It names any of `spam`, `virus`, `spf`, `dkim` and `dmarc`, each
//! PASS, FAIL, GRAY or PROCESSING_FAILED, and the policy of a domain whose
//! DMARC failed: `none`, `quarantine` or `reject`.

use std::fmt;
use std::io::{self, Write};
use std::str::FromStr;
use std::sync::Arc;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use data_encoding::BASE32HEX_NOPAD;
use jiff::Timestamp;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use ulid::Ulid;

use crate::clock::DeskClock;
use crate::headers::Headers;
use crate::intrinsics::REGION;
use crate::objects::{Draft, Existing, ObjectError, Objects};
use crate::queues::QueueError;
use crate::sns::{Topics, timestamp};
use crate::store::Store;
use crate::template::{ReceiptRule, S3Action, Scan};

/// The header that sets verdicts.
const VERDICT: &str = "X-Local-Verdict";

/// The receipt rules of the template, and what they lead to.
pub(crate) struct Receiving {
    pub(crate) rules: Vec<ReceiptRule>,
    pub(crate) objects: Arc<Objects>,
    pub(crate) topics: Arc<Topics>,
    pub(crate) store: Store,
    pub(crate) clock: DeskClock,
}

/// What SMTP says of a mail.
#[derive(Clone, Debug, Default)]
pub(crate) struct Envelope {
    /// What the client calls itself.
    pub(crate) helo: String,
    /// Empty for a mail that nobody is to answer, such as a bounce.
    pub(crate) from: String,
    pub(crate) to: Vec<String>,
}

/// Why a mail is not taken.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReceiveError {
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
pub(crate) struct Incoming {
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
    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        for target in &mut self.targets {
            target.draft.write_all(bytes)?;
        }
        Ok(())
    }
}

impl Receiving {
    /// Whether a rule applies to a recipient.
    pub(crate) fn accepts(&self, recipient: &str) -> bool {
        self.rules.iter().any(|rule| rule.applies_to(recipient))
    }

    /// Begins to take a mail, of which the head is known, or so much of it as
    /// anybody could want to know.
    pub(crate) fn begin(&self, envelope: &Envelope, head: &[u8]) -> Result<Incoming, ReceiveError> {
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
    pub(crate) fn finish(&self, incoming: Incoming) -> Result<String, ReceiveError> {
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

/// What SES found out about a mail.
#[derive(Clone, Debug, PartialEq)]
struct Verdicts {
    spam: Verdict,
    virus: Verdict,
    spf: Verdict,
    dkim: Verdict,
    dmarc: Verdict,
    dmarc_policy: Option<&'static str>,
}

impl Default for Verdicts {
    fn default() -> Self {
        Self {
            spam: Verdict::Pass,
            virus: Verdict::Pass,
            spf: Verdict::Pass,
            dkim: Verdict::Pass,
            dmarc: Verdict::Pass,
            dmarc_policy: None,
        }
    }
}

impl Verdicts {
    fn named(&self) -> [(&'static str, Verdict); 5] {
        [
            ("spam", self.spam),
            ("virus", self.virus),
            ("spf", self.spf),
            ("dkim", self.dkim),
            ("dmarc", self.dmarc),
        ]
    }

    /// What a domain wants done with mail that fails; told only if it does.
    fn policy(&self) -> Option<&'static str> {
        (self.dmarc == Verdict::Fail).then(|| self.dmarc_policy.unwrap_or("none"))
    }
}

impl FromStr for Verdicts {
    type Err = String;

    /// Reads `dmarc=FAIL; dmarc-policy=reject`.
    fn from_str(text: &str) -> Result<Self, String> {
        let mut verdicts = Self::default();
        let entries = text.split(';').map(str::trim);
        for entry in entries.filter(|entry| !entry.is_empty()) {
            let (name, value) = entry
                .split_once('=')
                .ok_or_else(|| format!("{entry:?} is not name=VERDICT"))?;
            let verdict = match name.trim() {
                "dmarc-policy" => {
                    let policies = ["none", "quarantine", "reject"];
                    let mut policies = policies.into_iter();
                    verdicts.dmarc_policy = policies.find(|policy| *policy == value.trim());
                    if verdicts.dmarc_policy.is_none() {
                        return Err(format!("{value:?} is not a policy"));
                    }
                    continue;
                }
                "spam" => &mut verdicts.spam,
                "virus" => &mut verdicts.virus,
                "spf" => &mut verdicts.spf,
                "dkim" => &mut verdicts.dkim,
                "dmarc" => &mut verdicts.dmarc,
                other => return Err(format!("there is no verdict on {other:?}")),
            };
            *verdict = value.trim().parse()?;
        }
        if verdicts.dmarc_policy.is_some() && verdicts.dmarc != Verdict::Fail {
            return Err("dmarc-policy is told only where dmarc=FAIL".to_owned());
        }
        Ok(verdicts)
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Verdict {
    Pass,
    Fail,
    Gray,
    ProcessingFailed,
    /// The receipt rule does not ask for it.
    Disabled,
}

impl Verdict {
    /// RFC 8601's word for it.
    fn result(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Gray | Self::Disabled => "none",
            Self::ProcessingFailed => "temperror",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Pass => "PASS",
            Self::Fail => "FAIL",
            Self::Gray => "GRAY",
            Self::ProcessingFailed => "PROCESSING_FAILED",
            Self::Disabled => "DISABLED",
        })
    }
}

impl FromStr for Verdict {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let all = [Self::Pass, Self::Fail, Self::Gray, Self::ProcessingFailed];
        let mut all = all.into_iter();
        all.find(|verdict| verdict.to_string() == text)
            .ok_or_else(|| format!("{text:?} is not a verdict"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verdicts_are_read() {
        let verdicts: Verdicts = "dmarc=FAIL; dmarc-policy=reject;spam=GRAY;"
            .parse()
            .unwrap();
        let expected = Verdicts {
            dmarc: Verdict::Fail,
            dmarc_policy: Some("reject"),
            spam: Verdict::Gray,
            ..Verdicts::default()
        };
        assert_eq!(verdicts, expected);
        assert_eq!("".parse(), Ok(Verdicts::default()));
        for wrong in [
            "dmarc",
            "dmarc=fail",
            "colour=PASS",
            "dmarc=FAIL; dmarc-policy=tell",
            "dmarc-policy=reject",
            "spam=DISABLED",
        ] {
            assert!(wrong.parse::<Verdicts>().is_err(), "{wrong}");
        }
    }

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
