//! Messages on queues are doorbells: they say where to look, never what is true.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::effects::{Effect, QueueName};
use crate::format::accounts::HolderId;
use crate::ids::{EmailAddress, MailId, TicketId};
use crate::quarter::Quarter;

/// Schema version of the messages that this code writes.
pub const SCHEMA_VERSION: u32 = 1;

/// What a message asks its consumer to look at.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Doorbell {
    /// A row of the outbox.
    Outbox {
        ticket: TicketId,
        seq: u64,
        effect: Effect,
    },
    /// A ticket whose timer the sweep found due at its `at`. The consumer looks
    /// again, and judges by that time where it is later than its own.
    Timer {
        ticket: TicketId,
        at: Timestamp,
        /// The queue of whoever acts on it. The deadline of validation was the
        /// only timer when this was not said.
        #[serde(default = "closure")]
        queue: QueueName,
    },
    /// A refused mail whose sender gets a short answer.
    Answer { mail: MailId },
    /// A version of the catalogue that changed who is there.
    HandOver { version: u64 },
    /// A person of the matrix whose accounts the sweep found about to end at its `at`.
    Ending { holder: HolderId, at: Timestamp },
    /// The matrix is to be gone through, and the quarter's reviews asked for, by the sweep's
    /// `at`.
    Reviews { at: Timestamp },
    /// A chief signed his review: what he decided is to be carried out.
    ReviewSigned {
        quarter: Quarter,
        chief: EmailAddress,
    },
    /// Somebody is to be told of a review: its chief, or the coordinators of all of them.
    ReviewNotice {
        quarter: Quarter,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        chief: Option<EmailAddress>,
        at: Timestamp,
    },
}

fn closure() -> QueueName {
    QueueName::Closure
}

impl Doorbell {
    /// The queue that it hangs on.
    pub fn queue(&self) -> QueueName {
        match self {
            Doorbell::Outbox { effect, .. } => effect.queue(),
            Doorbell::Timer { queue, .. } => *queue,
            Doorbell::Answer { .. } => QueueName::Notification,
            Doorbell::HandOver { .. } => QueueName::Assignment,
            Doorbell::Ending { .. } | Doorbell::Reviews { .. } | Doorbell::ReviewSigned { .. } => {
                QueueName::Intake
            }
            Doorbell::ReviewNotice { .. } => QueueName::Reminder,
        }
    }

    /// The ticket to look at, if it is about one.
    pub fn ticket(&self) -> Option<TicketId> {
        match self {
            Doorbell::Outbox { ticket, .. } | Doorbell::Timer { ticket, .. } => Some(*ticket),
            Doorbell::Answer { .. }
            | Doorbell::HandOver { .. }
            | Doorbell::Ending { .. }
            | Doorbell::Reviews { .. }
            | Doorbell::ReviewSigned { .. }
            | Doorbell::ReviewNotice { .. } => None,
        }
    }

    /// The message's body.
    ///
    /// # Errors
    /// Never in practice; the type says so because serialisation may fail.
    pub fn to_body(&self) -> Result<String, serde_json::Error> {
        self.to_body_for(None)
    }

    /// The body of a message that says which request it is sent for.
    ///
    /// # Errors
    /// Never in practice; the type says so because serialisation may fail.
    pub fn to_body_for(&self, origin: Option<&str>) -> Result<String, serde_json::Error> {
        serde_json::to_string(&Envelope {
            v: SCHEMA_VERSION,
            doorbell: self.clone(),
            origin: origin.map(str::to_owned),
        })
    }

    /// Reads a message's body.
    ///
    /// # Errors
    /// [`Poison`] when it is not a message of a version that this code knows: it
    /// has to wait in the dead-letter queue for code that does.
    pub fn from_body(body: &str) -> Result<Self, Poison> {
        Self::with_origin(body).map(|(doorbell, _)| doorbell)
    }

    /// Reads a message's body, and the request that it was sent for, where it says.
    ///
    /// # Errors
    /// See [`Self::from_body`].
    pub fn with_origin(body: &str) -> Result<(Self, Option<String>), Poison> {
        #[derive(Deserialize)]
        struct Version {
            v: u32,
        }
        let Version { v } =
            serde_json::from_str(body).map_err(|e| Poison::Unreadable(e.to_string()))?;
        if v != SCHEMA_VERSION {
            return Err(Poison::UnknownVersion(v));
        }
        serde_json::from_str::<Envelope>(body)
            .map(|envelope| (envelope.doorbell, envelope.origin))
            .map_err(|e| Poison::Unreadable(e.to_string()))
    }
}

#[derive(Serialize, Deserialize)]
struct Envelope {
    v: u32,
    #[serde(flatten)]
    doorbell: Doorbell,
    /// The request that all this began with; for the log alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    origin: Option<String>,
}

/// A message that no retry will make readable.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Poison {
    #[error("the message cannot be read: {0}")]
    Unreadable(String),
    #[error("schema version {0} is not known here")]
    UnknownVersion(u32),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn golden() {
        let id = "01ARZ3NDEKTSV4RRFFQ69G5FAV".parse().unwrap();
        for (doorbell, body) in [
            (
                Doorbell::Outbox {
                    ticket: id,
                    seq: 1,
                    effect: Effect::Assign,
                },
                r#"{"v":1,"kind":"outbox","ticket":"01ARZ3NDEKTSV4RRFFQ69G5FAV","seq":1,"effect":"assign"}"#,
            ),
            (
                Doorbell::Timer {
                    ticket: id,
                    at: "2026-11-23T13:00:00Z".parse().unwrap(),
                    queue: QueueName::Escalation,
                },
                r#"{"v":1,"kind":"timer","ticket":"01ARZ3NDEKTSV4RRFFQ69G5FAV","at":"2026-11-23T13:00:00Z","queue":"escalation"}"#,
            ),
            (
                Doorbell::Answer {
                    mail: MailId("0100-abc".to_owned()),
                },
                r#"{"v":1,"kind":"answer","mail":"0100-abc"}"#,
            ),
            (
                Doorbell::HandOver { version: 7 },
                r#"{"v":1,"kind":"hand_over","version":7}"#,
            ),
            (
                Doorbell::Ending {
                    holder: HolderId("0123456789abcdef0123456789abcdef".to_owned()),
                    at: "2026-11-23T13:00:00Z".parse().unwrap(),
                },
                r#"{"v":1,"kind":"ending","holder":"0123456789abcdef0123456789abcdef","at":"2026-11-23T13:00:00Z"}"#,
            ),
            (
                Doorbell::Reviews {
                    at: "2026-10-01T13:00:00Z".parse().unwrap(),
                },
                r#"{"v":1,"kind":"reviews","at":"2026-10-01T13:00:00Z"}"#,
            ),
            (
                Doorbell::ReviewSigned {
                    quarter: "2026-Q4".parse().unwrap(),
                    chief: EmailAddress::parse("jefa@uspec.gov.co").unwrap(),
                },
                r#"{"v":1,"kind":"review_signed","quarter":"2026-Q4","chief":"jefa@uspec.gov.co"}"#,
            ),
            (
                Doorbell::ReviewNotice {
                    quarter: "2026-Q4".parse().unwrap(),
                    chief: None,
                    at: "2026-10-23T22:00:00Z".parse().unwrap(),
                },
                r#"{"v":1,"kind":"review_notice","quarter":"2026-Q4","at":"2026-10-23T22:00:00Z"}"#,
            ),
        ] {
            assert_eq!(doorbell.to_body().unwrap(), body);
            assert_eq!(Doorbell::from_body(body), Ok(doorbell));
        }
    }

    #[test]
    fn a_message_may_say_which_request_it_is_sent_for() {
        let doorbell = Doorbell::HandOver { version: 7 };
        let body = doorbell.to_body_for(Some("JKJaXmPLvHcESHA=")).unwrap();
        let expected = r#"{"v":1,"kind":"hand_over","version":7,"origin":"JKJaXmPLvHcESHA="}"#;
        assert_eq!(body, expected);
        let origin = Some("JKJaXmPLvHcESHA=".to_owned());
        assert_eq!(Doorbell::with_origin(&body), Ok((doorbell.clone(), origin)));
        let body = doorbell.to_body().unwrap();
        assert_eq!(Doorbell::with_origin(&body), Ok((doorbell, None)));
    }

    #[test]
    fn timers_of_before_there_were_steps_are_read() {
        let body = r#"{"v":1,"kind":"timer","ticket":"01ARZ3NDEKTSV4RRFFQ69G5FAV","at":"2026-11-23T13:00:00Z"}"#;
        let doorbell = Doorbell::from_body(body).unwrap();
        assert_eq!(doorbell.queue(), QueueName::Closure);
    }

    #[test]
    fn poison() {
        assert_eq!(
            Doorbell::from_body(r#"{"v":2,"kind":"news"}"#),
            Err(Poison::UnknownVersion(2))
        );
        for body in [
            "",
            "x",
            "{}",
            r#"{"v":1}"#,
            r#"{"v":1,"kind":"outbox"}"#,
            r#"{"v":1,"kind":"bell"}"#,
        ] {
            assert!(
                matches!(Doorbell::from_body(body), Err(Poison::Unreadable(_))),
                "{body}"
            );
        }
    }
}
