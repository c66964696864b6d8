//! What SES says of mail, as it comes through SNS into a queue: a mail that came
//! in, and what became of one of ours.
//!
//! The types are our own. Those of `aws_lambda_events` are for a function that SES
//! calls by itself: they know no bounces and complaints, insist on all headers and
//! a `From` (what comes in without one has to be put on record, too), and bring a
//! second library for times along.

use serde::{Deserialize, Deserializer};
use types::Timestamp;
use types::ids::TicketId;
use types::message::Poison;

/// SNS's wrapping, where a subscription does not deliver raw messages.
#[derive(Deserialize)]
struct Envelope {
    #[serde(rename = "Type")]
    kind: String,
    #[serde(rename = "Message")]
    message: String,
}

/// A notice of SES.
#[derive(Debug)]
pub enum Notice {
    Received(Box<Received>),
    Bounce {
        mail: SentMail,
        bounce: Bounce,
    },
    Complaint {
        mail: SentMail,
        complaint: Complaint,
    },
    /// SES took it, looked into it and did not send it.
    Reject {
        mail: SentMail,
        reject: Reject,
    },
    /// A kind that nobody here acts on, by its word.
    Other(String),
}

/// A mail that came in.
#[derive(Debug, Deserialize)]
pub struct Received {
    pub receipt: Receipt,
    pub mail: Arrived,
}

/// What SES found out about it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Receipt {
    /// The envelope's recipients that the rule matched.
    pub recipients: Vec<String>,
    pub spam_verdict: Verdict,
    pub virus_verdict: Verdict,
    pub spf_verdict: Verdict,
    pub dkim_verdict: Verdict,
    pub dmarc_verdict: Verdict,
    /// What the sender's domain wants done where DMARC failed; in lower case by
    /// its documentation, in upper case in its examples.
    #[serde(default, deserialize_with = "lower_case")]
    pub dmarc_policy: Option<String>,
}

fn lower_case<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let word = Option::<String>::deserialize(deserializer)?;
    Ok(word.map(|word| word.to_lowercase()))
}

/// PASS, FAIL, GRAY or PROCESSING_FAILED; what is none of the first two says
/// nothing.
#[derive(Debug, Deserialize)]
pub struct Verdict {
    pub status: String,
}

/// The mail, as its envelope has it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Arrived {
    pub message_id: String,
    pub timestamp: Timestamp,
    /// The envelope's sender; empty or missing for the null path.
    #[serde(default)]
    pub source: Option<String>,
}

/// A mail of ours.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SentMail {
    pub message_id: String,
    /// To whom it was sent.
    #[serde(default)]
    pub destination: Vec<String>,
    /// The mail's headers, as SES publishes them with an event.
    #[serde(default)]
    headers: Vec<Header>,
}

#[derive(Debug, Deserialize)]
struct Header {
    name: String,
    value: String,
}

impl SentMail {
    /// The ticket that the mail says it is about, in a header of our own.
    pub fn ticket(&self) -> Option<TicketId> {
        let mut headers = self.headers.iter();
        let header = headers.find(|header| header.name.eq_ignore_ascii_case(TICKET_HEADER))?;
        header.value.trim().parse().ok()
    }
}

/// The header that says which ticket a mail of ours is about.
pub const TICKET_HEADER: &str = "X-USPEC-Ticket";

/// It did not reach somebody.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Bounce {
    /// Permanent, Transient or Undetermined.
    pub bounce_type: String,
    /// What it came of, `MailboxFull` for one.
    #[serde(default)]
    pub bounce_sub_type: Option<String>,
    pub bounced_recipients: Vec<Recipient>,
}

/// Why SES did not send a mail.
#[derive(Debug, Deserialize)]
pub struct Reject {
    pub reason: String,
}

/// Somebody reported it as spam.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Complaint {
    /// `abuse`, `not-spam`, ... where the recipient's provider says.
    #[serde(default)]
    pub complaint_feedback_type: Option<String>,
    /// Whoever may have complained: SES cannot always tell among several.
    pub complained_recipients: Vec<Recipient>,
}

/// Whom a bounce or a complaint is about.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Recipient {
    pub email_address: String,
    #[serde(default)]
    pub diagnostic_code: Option<String>,
}

impl Verdict {
    pub fn passes(&self) -> bool {
        self.status == "PASS"
    }

    pub fn fails(&self) -> bool {
        self.status == "FAIL"
    }
}

impl Notice {
    /// Reads a message's body.
    ///
    /// # Errors
    /// [`Poison`] when it is none of SES's.
    pub fn from_body(body: &str) -> Result<Self, Poison> {
        // Identities say `notificationType`, configuration sets `eventType`.
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Kind {
            #[serde(alias = "eventType")]
            notification_type: String,
        }
        #[derive(Deserialize)]
        struct Bounced {
            mail: SentMail,
            bounce: Bounce,
        }
        #[derive(Deserialize)]
        struct Complained {
            mail: SentMail,
            complaint: Complaint,
        }
        #[derive(Deserialize)]
        struct Rejected {
            mail: SentMail,
            reject: Reject,
        }
        // What SES says to a topic when it is set up is no JSON.
        if body.starts_with("Successfully validated SNS topic") {
            return Ok(Notice::Other("Validated".to_owned()));
        }
        let unreadable = |e: serde_json::Error| Poison::Unreadable(e.to_string());
        let unwrapped = match serde_json::from_str::<Envelope>(body) {
            Ok(envelope) if envelope.kind == "Notification" => envelope.message,
            Ok(_) | Err(_) => body.to_owned(),
        };
        let kind: Kind = serde_json::from_str(&unwrapped).map_err(unreadable)?;
        match kind.notification_type.as_str() {
            "Received" => serde_json::from_str(&unwrapped).map(Notice::Received),
            "Bounce" => serde_json::from_str(&unwrapped)
                .map(|Bounced { mail, bounce }| Notice::Bounce { mail, bounce }),
            "Complaint" => serde_json::from_str(&unwrapped)
                .map(|Complained { mail, complaint }| Notice::Complaint { mail, complaint }),
            "Reject" => serde_json::from_str(&unwrapped)
                .map(|Rejected { mail, reject }| Notice::Reject { mail, reject }),
            other => Ok(Notice::Other(other.to_owned())),
        }
        .map_err(unreadable)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrapped_and_raw() {
        let raw = r#"{"eventType":"Bounce","bounce":{"bounceType":"Permanent","bouncedRecipients":[{"emailAddress":"x@example.com","status":"5.1.1"}]},"mail":{"messageId":"m1"}}"#;
        let wrapped = serde_json::json!({"Type": "Notification", "Message": raw}).to_string();
        for body in [raw, &wrapped] {
            let Ok(Notice::Bounce { mail, bounce }) = Notice::from_body(body) else {
                panic!("{body}");
            };
            assert_eq!(mail.message_id, "m1");
            assert_eq!(bounce.bounced_recipients[0].email_address, "x@example.com");
        }
        let other = Notice::from_body(r#"{"eventType":"Open"}"#);
        assert!(matches!(other, Ok(Notice::Other(word)) if word == "Open"));
        let other = "Successfully validated SNS topic for Amazon SES event publishing.";
        assert!(matches!(Notice::from_body(other), Ok(Notice::Other(_))));
        assert!(Notice::from_body("{}").is_err());
        assert!(Notice::from_body("x").is_err());
    }
}
