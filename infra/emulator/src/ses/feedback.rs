//! What comes back to a sender: bounces and complaints, from the addresses of
//! SES's mailbox simulator, as events of the mail's configuration set.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::arn::{ACCOUNT, REGION};
use crate::ses::headers::Headers;
use crate::ses::rules::{EventDestination, Identity};
use crate::sns::{Topics, timestamp};
use crate::sqs::QueueError;

/// How long a bounce takes: whoever sent the mail knows its id by then.
const DELAY: Duration = Duration::from_secs(1);

/// The configuration sets, and what uses them.
pub struct Feedback {
    /// Who is told.
    pub topics: Arc<Topics>,
    /// The sets' names.
    pub configuration_sets: Vec<String>,
    /// Where their events go.
    pub destinations: Vec<EventDestination>,
    /// What mail is sent from.
    pub identities: Vec<Identity>,
}

/// A mail that was sent.
pub(super) struct Sent<'a> {
    pub(super) id: &'a str,
    pub(super) source: &'a str,
    pub(super) destinations: &'a [String],
    pub(super) sent_at: Timestamp,
    pub(super) raw: &'a [u8],
    pub(super) configuration_set: Option<&'a str>,
}

impl Sent<'_> {
    /// Whether one of its recipients is this one of the simulator's.
    pub(super) fn reaches(&self, mailbox: &str) -> bool {
        let mut addresses = self.destinations.iter().map(|address| bare(address));
        addresses.any(|address| simulates(address) == Some(mailbox))
    }
}

impl Feedback {
    /// The set that a mail goes by: the one that it names, or that of the
    /// identity that it comes from. `Err` has the name of one that is not there.
    pub(super) fn configuration_set<'a>(
        &'a self,
        named: Option<&'a str>,
        source: &str,
    ) -> Result<Option<&'a str>, &'a str> {
        match named {
            Some(name) if self.configuration_sets.iter().any(|set| set == name) => Ok(named),
            Some(name) => Err(name),
            None => {
                let address = bare(source).to_lowercase();
                let domain = address.rsplit('@').next().unwrap_or_default();
                let of = |name: &str| {
                    let mut identities = self.identities.iter();
                    identities.find(|identity| identity.name.to_lowercase() == name)
                };
                let identity = of(&address).or_else(|| of(domain));
                Ok(identity.and_then(|identity| identity.configuration_set.as_deref()))
            }
        }
    }

    /// Publishes what the simulator makes of a mail.
    pub(super) fn report(&self, sent: &Sent<'_>) -> Result<(), QueueError> {
        let Some(set) = sent.configuration_set else {
            return Ok(());
        };
        for (event, mailbox) in [("Bounce", "bounce"), ("Complaint", "complaint")] {
            let affected: Vec<&str> = sent
                .destinations
                .iter()
                .map(|address| bare(address))
                .filter(|address| simulates(address) == Some(mailbox))
                .collect();
            let destinations = self.destinations.iter().filter(|destination| {
                destination.configuration_set == set
                    && destination.events.iter().any(|event| event == mailbox)
            });
            for destination in destinations.filter(|_| !affected.is_empty()) {
                let record = record(event, sent, set, &affected).to_string();
                let subject = "Amazon SES Email Event Notification";
                self.topics
                    .publish(&destination.topic_arn, subject, &record, Some(DELAY))?;
            }
        }
        Ok(())
    }
}

/// What an address of the simulator stands for, whatever its label.
fn simulates(address: &str) -> Option<&str> {
    let (local, domain) = address.rsplit_once('@')?;
    let is_simulator = domain.eq_ignore_ascii_case("simulator.amazonses.com");
    let name = local.split('+').next().unwrap_or_default();
    is_simulator.then_some(name)
}

/// An address without the name that may stand before it.
fn bare(address: &str) -> &str {
    let inner = address.rsplit_once('<').map_or(address, |(_, inner)| inner);
    inner.trim().trim_end_matches('>')
}

fn record(event: &str, sent: &Sent<'_>, set: &str, affected: &[&str]) -> Value {
    let headers = Headers::read(sent.raw);
    let (listed, truncated) = headers.listed();
    let mut common = headers.common;
    common.insert("messageId".to_owned(), sent.id.into());
    let at = timestamp(sent.sent_at);
    let source = bare(sent.source);
    let details = if event == "Bounce" {
        let bounced = affected.iter().map(|address| {
            json!({
                "emailAddress": address,
                "action": "failed",
                "status": "5.1.1",
                "diagnosticCode": "smtp; 550 5.1.1 user unknown",
            })
        });
        json!({
            "feedbackId": sent.id,
            "bounceType": "Permanent",
            "bounceSubType": "General",
            "bouncedRecipients": bounced.collect::<Vec<_>>(),
            "timestamp": at,
            "reportingMTA": "dns; local.smtp-out.amazonses.com",
        })
    } else {
        let complained = affected
            .iter()
            .map(|address| json!({ "emailAddress": address }));
        json!({
            "feedbackId": sent.id,
            "complaintSubType": null,
            "complainedRecipients": complained.collect::<Vec<_>>(),
            "timestamp": at,
            "userAgent": "Amazon SES Mailbox Simulator",
            "complaintFeedbackType": "abuse",
            "arrivalDate": at,
        })
    };
    json!({
        "eventType": event,
        event.to_lowercase(): details,
        "mail": {
            "timestamp": at,
            "source": sent.source,
            "sourceArn": format!("arn:aws:ses:{REGION}:{ACCOUNT}:identity/{source}"),
            "sendingAccountId": ACCOUNT,
            "messageId": sent.id,
            "destination": sent.destinations,
            "headersTruncated": truncated,
            "headers": listed,
            "commonHeaders": common,
            "tags": {
                "ses:configuration-set": [set],
                "ses:source-ip": ["127.0.0.1"],
                "ses:from-domain": [source.rsplit('@').next()],
                "ses:caller-identity": ["local"],
            },
        },
    })
}
