//! Mail that came in, as it stands on record: every mail has one outcome, and
//! none is dropped.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantNames};

use crate::ids::{EmailAddress, MailId};
use crate::ticket::{Event, EventKind, Link, Person};
use crate::verbs::Hand;

/// A mail and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct MailRecord {
    pub id: MailId,
    /// When SES took it.
    pub received_at: Timestamp,
    /// The key of the raw mail in its bucket; it is kept as evidence.
    pub object: String,
    /// The envelope's sender (RFC 5321); `None` is the null path.
    pub envelope_from: Option<String>,
    /// The envelope's recipients: they decide where it goes, not the headers.
    pub recipients: Vec<String>,
    /// What the mail's header says of its sender.
    pub from: Option<EmailAddress>,
    pub subject: Option<String>,
    pub message_id: Option<String>,
    /// How it begins, where it came to nothing: for whoever looks through such mails.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    #[serde(flatten)]
    pub outcome: MailOutcome,
    /// Somebody of the desk made a ticket of it after all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted: Option<Acceptance>,
    /// What its sender is told of the verbs in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verbs: Option<VerbsAnswer>,
}

/// What the sender of a mail with verbs is told: what happened with each.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct VerbsAnswer {
    /// As whom he wrote.
    pub hand: Hand,
    /// A sentence for each verb, in Spanish.
    pub told: Vec<String>,
}

/// What became of a mail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "outcome", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum MailOutcome {
    /// A new ticket.
    Ticket { ticket: Link },
    /// Something on a ticket that was there.
    FollowUp { ticket: Link, became: Became },
    /// Nobody wrote it: an automatic reply, a report, a list. Nothing follows.
    Filed {
        what: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ticket: Option<Link>,
    },
    Refused {
        reason: RefusalReason,
        /// In Spanish, for whoever looks through what was refused.
        detail: String,
    },
    /// The same Message-ID came before.
    Duplicate { of: MailId },
}

/// What a mail did to a ticket that was there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Became {
    FollowUp,
    /// The requester did not accept the solution.
    Reopened,
    /// The requester answered the survey (activity 14).
    SurveyAnswer,
    /// The officer's solution (activity 11).
    SolutionReport,
    /// The provider's answer (activity 10).
    ProviderReply,
    /// What somebody who works on it asked for with a verb: taken, solved, …
    Command,
}

impl Became {
    /// What the events say that a mail brought about.
    pub fn of(events: &[Event]) -> Self {
        let said = events.iter().find_map(|event| match &event.kind {
            EventKind::SurveyAnswered { .. } => Some(Became::SurveyAnswer),
            EventKind::Reopened { .. } => Some(Became::Reopened),
            EventKind::SolutionReported { .. } => Some(Became::SolutionReport),
            EventKind::ProviderReplied { .. } => Some(Became::ProviderReply),
            EventKind::Assigned { .. }
            | EventKind::Contacted { .. }
            | EventKind::Held { .. }
            | EventKind::Returned { .. }
            | EventKind::Resolved { .. } => Some(Became::Command),
            EventKind::Registered(_)
            | EventKind::AssignmentDeferred {}
            | EventKind::Released { .. }
            | EventKind::OfficerAbsent { .. }
            | EventKind::HoursChanged { .. }
            | EventKind::WaitingReminded(_)
            | EventKind::ProviderOverdue(_)
            | EventKind::FollowedUp { .. }
            | EventKind::AttachmentsAdded { .. }
            | EventKind::Recategorised { .. }
            | EventKind::FormatSaved { .. }
            | EventKind::SectionDrafted { .. }
            | EventKind::SectionSigned { .. }
            | EventKind::SectionReopened { .. }
            | EventKind::Resumed { .. }
            | EventKind::Escalated { .. }
            | EventKind::ProviderRequested { .. }
            | EventKind::Declined { .. }
            | EventKind::IncidentDescribed { .. }
            | EventKind::AuthorityReported { .. }
            | EventKind::PetitionMarked { .. }
            | EventKind::PetitionUnmarked { .. }
            | EventKind::Forwarded { .. }
            | EventKind::CsirtReportDue(_)
            | EventKind::SicReportDue(_)
            | EventKind::ForwardingDue(_)
            | EventKind::Closed { .. }
            | EventKind::Linked { .. }
            | EventKind::RequesterChanged { .. }
            | EventKind::LinkRevoked {}
            | EventKind::ObserverRemoved { .. }
            | EventKind::MailFiled { .. }
            | EventKind::MailBounced { .. }
            | EventKind::AttentionWarned(_)
            | EventKind::AttentionBreached(_)
            | EventKind::AttentionOverrun(_)
            | EventKind::SolutionWarned(_)
            | EventKind::SolutionBreached(_)
            | EventKind::SolutionOverrun(_)
            | EventKind::ValidationReminded(_) => None,
        });
        said.unwrap_or(Became::FollowUp)
    }
}

/// Why a mail was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum RefusalReason {
    Virus,
    Spam,
    /// The sender's domain disowns it (DMARC).
    Unauthenticated,
    /// Not of the entity, no provider, no ticket of his.
    OutsideSender,
    /// It does not say whom it is from.
    NoSender,
    /// More mails of one sender in an hour than a person writes.
    Flood,
    /// Too large, too nested, or no mail at all.
    Unreadable,
    /// Its sender may not do on the ticket what the mail asks for.
    NotAllowed,
}

/// Who accepted a refused mail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Acceptance {
    pub by: Person,
    pub at: Timestamp,
    pub ticket: Link,
}

/// The account of a day: what the bucket holds, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct MailReport {
    pub day: Date,
    /// Mails in the bucket.
    pub received: usize,
    /// Mails on record, by their outcome.
    pub outcomes: BTreeMap<&'static str, usize>,
    /// Mails on record.
    pub recorded: usize,
    /// Mails in the bucket that are not on record.
    pub unaccounted: Vec<MailId>,
    /// Whether every mail in the bucket is on record, and the other way round.
    pub balanced: bool,
}

impl MailReport {
    /// The account of a day on which nothing came.
    pub fn of(day: Date) -> Self {
        MailReport {
            day,
            received: 0,
            outcomes: MailOutcome::WORDS.iter().map(|word| (*word, 0)).collect(),
            recorded: 0,
            unaccounted: Vec::new(),
            balanced: true,
        }
    }
}

impl MailRecord {
    /// The ticket that it is on record of.
    pub fn ticket(&self) -> Option<&Link> {
        match &self.outcome {
            MailOutcome::Ticket { ticket } | MailOutcome::FollowUp { ticket, .. } => Some(ticket),
            MailOutcome::Filed { ticket, .. } => ticket.as_ref(),
            MailOutcome::Refused { .. } | MailOutcome::Duplicate { .. } => {
                self.accepted.as_ref().map(|accepted| &accepted.ticket)
            }
        }
    }
}

impl MailOutcome {
    /// Every word of [`MailOutcome::word`].
    pub const WORDS: &'static [&'static str] = MailOutcome::VARIANTS;

    /// The outcome in keys and reports.
    pub fn word(&self) -> &'static str {
        self.into()
    }
}

impl RefusalReason {
    /// The reason as a sentence for people.
    pub fn sentence(self) -> &'static str {
        match self {
            RefusalReason::Virus => "El correo trae un virus; no se abrió.",
            RefusalReason::Spam => "El correo fue clasificado como no deseado.",
            RefusalReason::Unauthenticated => {
                "El dominio del remitente no reconoce el correo como suyo (DMARC)."
            }
            RefusalReason::OutsideSender => {
                "El remitente no es de la entidad ni un proveedor con una solicitud en curso."
            }
            RefusalReason::NoSender => "El correo no dice de quién es.",
            RefusalReason::Flood => "El remitente envió demasiados correos en una hora.",
            RefusalReason::Unreadable => "El correo no se puede leer.",
            RefusalReason::NotAllowed => {
                "El remitente no puede hacer en la solicitud lo que pide el correo."
            }
        }
    }
}

/// The day of a time, as the entity counts days.
pub fn day(time: Timestamp) -> Date {
    let zone = TimeZone::get("America/Bogota").unwrap_or(TimeZone::UTC);
    time.to_zoned(zone).date()
}

/// The instants between which a day lies.
pub fn bounds(day: Date) -> Option<(Timestamp, Timestamp)> {
    let zone = TimeZone::get("America/Bogota").unwrap_or(TimeZone::UTC);
    let start = |day: Date| Some(day.to_zoned(zone.clone()).ok()?.timestamp());
    Some((start(day)?, start(day.tomorrow().ok()?)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_a_day_in_bogota() {
        let late: Timestamp = "2026-11-24T04:59:59Z".parse().unwrap();
        assert_eq!(day(late).to_string(), "2026-11-23");
        let (from, to) = bounds(day(late)).unwrap();
        assert_eq!(from.to_string(), "2026-11-23T05:00:00Z");
        assert_eq!(to.to_string(), "2026-11-24T05:00:00Z");
    }

    #[test]
    fn golden() {
        let record = MailRecord {
            id: MailId("abc".to_owned()),
            received_at: "2026-11-23T13:00:00Z".parse().unwrap(),
            object: "inbound/abc".to_owned(),
            envelope_from: None,
            recipients: vec!["soporte@uspec.gov.co".to_owned()],
            from: None,
            subject: None,
            message_id: None,
            text: None,
            outcome: MailOutcome::Refused {
                reason: RefusalReason::NoSender,
                detail: "x".to_owned(),
            },
            accepted: None,
            verbs: None,
        };
        let json = r#"{"id":"abc","received_at":"2026-11-23T13:00:00Z","object":"inbound/abc","envelope_from":null,"recipients":["soporte@uspec.gov.co"],"from":null,"subject":null,"message_id":null,"outcome":"refused","reason":"no_sender","detail":"x"}"#;
        assert_eq!(serde_json::to_string(&record).unwrap(), json);
        assert_eq!(serde_json::from_str::<MailRecord>(json).unwrap(), record);
        assert!(MailOutcome::WORDS.contains(&record.outcome.word()));
    }
}
