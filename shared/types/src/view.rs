//! Tickets and events as the API answers them.

use std::borrow::Cow;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

use crate::catalogue::{CatalogueDocument, Role};
use crate::clock::{Clock, ClockState};
use crate::difference::Difference;
use crate::format::record::Format;
use crate::ids::{MailId, TeamId};
use crate::incident::Incident;
use crate::legal::{AuthorityReport, Forwarding, Petition};
use crate::permission::{Caller, reads_internal};
use crate::ticket::{
    ActorRole, Attachment, Channel, CloseReason, Event, EventActor, EventKind, HoldReason, Link,
    Outcome, Person, Requester, SolutionReport, Status, Survey, Ticket, Visibility, WebRequest,
};

/// For whose eyes an answer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reader {
    /// The requester: what concerns him.
    Requester,
    /// Those who work on it or check on it: everything.
    Staff,
}

impl Reader {
    /// How a caller reads a ticket that he may read.
    pub fn of(caller: &Caller, ticket: &Ticket) -> Self {
        if reads_internal(caller, ticket) {
            Reader::Staff
        } else {
            Reader::Requester
        }
    }
}

impl Reader {
    /// Whether he may have a file.
    pub fn may_have(self, attachment: &Attachment) -> bool {
        match (self, attachment.visibility) {
            (Reader::Staff, _) | (Reader::Requester, Visibility::Public) => true,
            (Reader::Requester, Visibility::Internal) => false,
        }
    }

    /// Whether he may know of another ticket.
    pub fn knows(self, link: &Link) -> bool {
        match (self, link.visibility) {
            (Reader::Staff, _) | (Reader::Requester, Visibility::Public) => true,
            (Reader::Requester, Visibility::Internal) => false,
        }
    }
}

/// A link to a file, for a short while.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "FileLink"))]
pub struct LinkView<'a> {
    pub url: &'a str,
}

/// A ticket, as answered.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Ticket"))]
pub struct TicketView<'a> {
    #[serde(flatten)]
    summary: TicketSummary<'a>,
    description: &'a str,
    extension: Option<&'a str>,
    web_request: Option<&'a WebRequest>,
    /// What is known of a security incident.
    incident: Option<&'a Incident>,
    /// What came of the reports that the law asks for.
    reports: &'a [AuthorityReport],
    /// Where it is a petition that is still to be passed on.
    petition: Option<&'a Petition>,
    /// To whom it was passed on.
    forwarding: Option<&'a Forwarding>,
    other_teams: &'a [TeamId],
    passed_on_by: Option<&'a Person>,
    solution: Option<&'a str>,
    solution_reported: Option<&'a SolutionReport>,
    survey: Option<&'a Survey>,
    formats: Vec<FormatView<'a>>,
    attachments: Vec<&'a Attachment>,
    links: Vec<&'a Link>,
}

/// A ticket in a list: all of it but what may be long.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "TicketSummary"))]
pub struct TicketSummary<'a> {
    id: String,
    number: u64,
    status: Status,
    status_label: &'static str,
    hold_reason: Option<HoldReason>,
    title: &'a str,
    category: &'a str,
    team: &'a str,
    channel: Channel,
    requester: &'a Requester,
    observers: &'a [Person],
    assignee: Option<&'a Person>,
    officer: Option<&'a Person>,
    clocks: ClocksView,
    outcome: Option<Outcome>,
    close_reason: Option<CloseReason>,
    reopened: u32,
    created_at: Timestamp,
    updated_at: Timestamp,
    version: u64,
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct ClocksView {
    attention: ClockView,
    solution: ClockView,
    validation: ClockView,
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct ClockView {
    state: ClockState,
    due_at: Option<Timestamp>,
    met_at: Option<Timestamp>,
    breached: bool,
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct FormatView<'a> {
    code: &'a str,
    required: bool,
    complete: bool,
    fields: Option<&'a serde_json::Map<String, Value>>,
}

impl ClockView {
    fn of(clock: &Clock, now: Timestamp) -> Self {
        ClockView {
            state: clock.state,
            due_at: clock.due_at,
            met_at: clock.met_at,
            breached: clock.is_breached(now),
        }
    }
}

impl<'a> TicketSummary<'a> {
    /// The answer at `now`, for whoever may read the ticket.
    pub fn of(ticket: &'a Ticket, now: Timestamp) -> Self {
        TicketSummary {
            id: ticket.id.to_string(),
            number: ticket.number.0,
            status: ticket.status(),
            status_label: ticket.status_label(),
            hold_reason: ticket.state.hold_reason(),
            title: &ticket.request.title,
            category: &ticket.policy.category.0,
            team: &ticket.policy.team.0,
            channel: ticket.request.channel,
            requester: &ticket.request.requester,
            observers: &ticket.request.observers,
            assignee: ticket.assignee.as_ref(),
            officer: ticket.officer.as_ref(),
            clocks: ClocksView {
                attention: ClockView::of(&ticket.clocks.attention, now),
                solution: ClockView::of(&ticket.clocks.solution, now),
                validation: ClockView::of(&ticket.clocks.validation, now),
            },
            outcome: ticket.outcome,
            close_reason: ticket.close_reason,
            reopened: ticket.reopened,
            created_at: ticket.created_at,
            updated_at: ticket.updated_at,
            version: ticket.version,
        }
    }
}

impl<'a> TicketView<'a> {
    /// The answer for `reader` at `now`.
    pub fn of(ticket: &'a Ticket, reader: Reader, now: Timestamp) -> Self {
        let staff = match reader {
            Reader::Staff => true,
            Reader::Requester => false,
        };
        let required = ticket.policy.formats.iter();
        let extra = ticket
            .formats
            .keys()
            .filter(|code| !ticket.policy.formats.contains(code));
        TicketView {
            summary: TicketSummary::of(ticket, now),
            description: &ticket.request.description,
            extension: ticket.request.extension.as_deref(),
            web_request: ticket.request.web_request.as_ref(),
            incident: ticket.request.incident.as_ref(),
            reports: match reader {
                Reader::Staff => &ticket.reports,
                Reader::Requester => &[],
            },
            petition: ticket.petition.as_ref().filter(|_| staff),
            forwarding: ticket.forwarding.as_ref(),
            other_teams: &ticket.request.other_teams,
            passed_on_by: ticket.request.passed_on_by.as_ref(),
            solution: ticket.solution.as_deref(),
            // What an officer writes to the desk is not written for the requester.
            solution_reported: ticket.solution_reported.as_ref().filter(|_| staff),
            survey: ticket.survey.as_ref(),
            formats: required
                .chain(extra)
                .map(|code| {
                    FormatView::of(ticket, code, ticket.formats.get(code).filter(|_| staff))
                })
                .collect(),
            attachments: ticket
                .attachments
                .iter()
                .filter(|attachment| reader.may_have(attachment))
                .collect(),
            links: ticket.links.iter().filter(|l| reader.knows(l)).collect(),
        }
    }
}

impl<'a> FormatView<'a> {
    fn of(ticket: &Ticket, code: &'a crate::ids::FormatCode, shown: Option<&'a Format>) -> Self {
        FormatView {
            code: &code.0,
            required: ticket.policy.formats.contains(code),
            complete: ticket.formats.get(code).is_some_and(|f| f.complete),
            fields: shown.map(|f| &f.fields),
        }
    }
}

/// An event, as answered.
#[derive(Debug, Serialize)]
pub struct EventView<'a> {
    seq: u64,
    at: Timestamp,
    actor: Cow<'a, EventActor>,
    kind: &'static str,
    data: Value,
    mail: Option<&'a MailId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    whole: Option<&'a str>,
}

impl<'a> EventView<'a> {
    /// The answer for `reader`, or `None` where he is not to know of the event.
    pub fn of(event: &'a Event, reader: Reader) -> Option<Self> {
        let actor = match (reader, event.actor.role) {
            // Who of a provider's answered is between him and the entity.
            (Reader::Requester, ActorRole::Provider(_)) => Cow::Owned(EventActor {
                email: None,
                ..event.actor.clone()
            }),
            (Reader::Requester | Reader::Staff, _) => Cow::Borrowed(&event.actor),
        };
        Some(EventView {
            seq: event.seq,
            at: event.at,
            actor,
            kind: event.kind.as_str(),
            data: event_data(&event.kind, reader)?,
            mail: event.mail.as_ref(),
            whole: whole(event, reader),
        })
    }
}

impl EventView<'_> {
    /// The history of a ticket for `reader`. A requester's is counted as he sees it:
    /// what is not for him leaves no gap by which he could tell that there was something.
    pub fn all(events: &[Event], reader: Reader) -> impl Iterator<Item = EventView<'_>> {
        let shown = events
            .iter()
            .filter_map(move |of| EventView::of(of, reader));
        shown.zip(1..).map(move |(view, seq)| match reader {
            Reader::Staff => view,
            Reader::Requester => EventView { seq, ..view },
        })
    }
}

/// All that the mail says which brought an event about. Below what the desk's people
/// write to the requester stands what was written to them: that is theirs.
pub fn whole(event: &Event, reader: Reader) -> Option<&str> {
    let is_theirs = match (reader, event.actor.role) {
        (Reader::Staff, _) | (Reader::Requester, ActorRole::Person(Role::Requester)) => true,
        (
            Reader::Requester,
            ActorRole::Person(
                Role::Agent
                | Role::Coordinator
                | Role::Officer
                | Role::Head
                | Role::Personnel
                | Role::Contracting
                | Role::Administrative
                | Role::Auditor,
            )
            | ActorRole::System(_)
            | ActorRole::Provider(_),
        ) => false,
    };
    event.whole.as_deref().filter(|_| is_theirs)
}

/// What an event tells a reader; `None` where he is not to know of it at all.
fn event_data(kind: &EventKind, reader: Reader) -> Option<Value> {
    let whole = || match serde_json::to_value(kind) {
        Ok(Value::Object(mut tagged)) => Some(tagged.remove("data").unwrap_or_else(|| json!({}))),
        Ok(_) | Err(_) => None,
    };
    match reader {
        Reader::Staff => whole(),
        Reader::Requester => match kind {
            EventKind::FollowedUp {
                visibility: Visibility::Internal,
                ..
            }
            | EventKind::MailFiled { .. }
            | EventKind::MailBounced { .. } => None,
            EventKind::AttachmentsAdded { attachments, .. }
                if attachments.iter().any(|a| !reader.may_have(a)) =>
            {
                None
            }
            EventKind::Linked { link } if !reader.knows(link) => None,
            EventKind::Registered(registration)
                if registration.links.iter().any(|link| !reader.knows(link)) =>
            {
                let mut shown = registration.clone();
                shown.links.retain(|link| reader.knows(link));
                event_data(&EventKind::Registered(shown), reader)
            }
            // Who of the desk is there is the desk's business, and so are the hours that
            // its providers keep.
            EventKind::Released { .. }
            | EventKind::OfficerAbsent { .. }
            // What the desk makes of it, and whom it reports it to, is its business; that
            // it was passed on he is told.
            | EventKind::IncidentDescribed { .. }
            | EventKind::AuthorityReported { .. }
            | EventKind::PetitionMarked { .. }
            | EventKind::PetitionUnmarked { .. }
            | EventKind::CsirtReportDue(_)
            | EventKind::SicReportDue(_)
            | EventKind::ForwardingDue(_)
            | EventKind::HoursChanged { .. }
            | EventKind::ProviderOverdue(_) => None,
            // Who has a link that he should not have is the coordinator's business.
            EventKind::LinkRevoked {} => None,
            // That it was passed on is the requester's business; what the
            // entity and its providers write to each other is not.
            EventKind::AssignmentDeferred {}
            | EventKind::FormatSaved { .. }
            | EventKind::SectionDrafted { .. }
            | EventKind::SectionSigned { .. }
            | EventKind::SectionReopened { .. }
            | EventKind::Escalated { .. }
            | EventKind::Returned { .. }
            | EventKind::ProviderRequested { .. }
            | EventKind::ProviderReplied { .. }
            | EventKind::SolutionReported { .. }
            | EventKind::AttentionWarned(_)
            | EventKind::AttentionBreached(_)
            | EventKind::AttentionOverrun(_)
            | EventKind::SolutionWarned(_)
            | EventKind::SolutionBreached(_)
            | EventKind::SolutionOverrun(_)
            | EventKind::WaitingReminded(_)
            | EventKind::ValidationReminded(_) => Some(json!({})),
            // Who is away is not for everybody.
            EventKind::Assigned {
                agent, automatic, ..
            } => Some(json!({ "agent": agent, "automatic": automatic })),
            EventKind::FollowedUp {
                visibility: Visibility::Public,
                ..
            }
            | EventKind::Registered(_)
            | EventKind::Contacted { .. }
            | EventKind::AttachmentsAdded { .. }
            | EventKind::Recategorised { .. }
            | EventKind::Held { .. }
            | EventKind::Resumed { .. }
            | EventKind::Resolved { .. }
            | EventKind::Declined { .. }
            | EventKind::Forwarded { .. }
            | EventKind::SurveyAnswered { .. }
            | EventKind::Reopened { .. }
            | EventKind::Closed { .. }
            | EventKind::ObserverRemoved { .. }
            | EventKind::RequesterChanged { .. }
            | EventKind::Linked { .. } => whole(),
        },
    }
}

/// The catalogue, as answered.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Catalogue"))]
pub struct CatalogueView<'a> {
    #[serde(flatten)]
    pub document: &'a CatalogueDocument,
    /// Grows with each that is written; 0 is the one that ships.
    pub version: u64,
    /// What is to be noticed of the change that was made: what people leave open.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

/// A version of the catalogue that was written, as answered.
#[derive(Debug, Serialize)]
#[cfg_attr(
    test,
    derive(schemars::JsonSchema),
    schemars(rename = "CatalogueVersion")
)]
pub struct CatalogueVersionView {
    pub version: u64,
    /// When it was written; unknown of one that was before that was kept.
    pub written_at: Option<Timestamp>,
    /// Who wrote it.
    pub by: Option<Person>,
    /// In what it differs from the one before it, the one that ships before the first.
    pub differences: Vec<Difference>,
    /// How many more there are: a version that changes everything says the first ones.
    pub more_differences: usize,
}

impl CatalogueVersionView {
    /// Differences that one of them says.
    pub const MOST: usize = 500;
}

/// What a sheet of people does to the directory, or did, as answered.
#[derive(Debug, Serialize)]
#[cfg_attr(
    test,
    derive(schemars::JsonSchema),
    schemars(rename = "DirectoryChange")
)]
pub struct DirectoryChangeView {
    /// The version in force: of a preview, the one that was looked at.
    pub version: u64,
    /// Whether nothing was written.
    pub preview: bool,
    /// How many people come.
    pub added: usize,
    /// How many are there already and change.
    pub changed: usize,
    /// How many go.
    pub removed: usize,
    /// How many stay as they are.
    pub unchanged: usize,
    /// Who comes, goes and changes, in words.
    pub differences: Vec<Difference>,
    /// How many more there are than are said.
    pub more_differences: usize,
    /// Whose open requests move, and what else is to be noticed.
    pub warnings: Vec<String>,
}

/// What the survey's link shows: enough to rate the solution, and no more.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct SurveyView<'a> {
    pub number: u64,
    #[serde(skip)]
    pub number_label: String,
    pub title: &'a str,
    pub status: Status,
    pub status_label: &'static str,
    pub solution: Option<&'a str>,
    #[serde(skip)]
    pub declined: bool,
    #[serde(skip)]
    pub forwarded: bool,
    /// Whether an answer is still taken.
    pub open: bool,
    pub survey: Option<&'a Survey>,
}

impl<'a> SurveyView<'a> {
    /// The survey of a ticket.
    pub fn of(ticket: &'a Ticket, open: bool) -> Self {
        SurveyView {
            number: ticket.number.0,
            number_label: ticket.number.to_string(),
            title: &ticket.request.title,
            status: ticket.status(),
            status_label: ticket.status_label(),
            solution: ticket.solution.as_deref(),
            declined: ticket.is_declined(),
            forwarded: ticket.is_forwarded(),
            open,
            survey: ticket.survey.as_ref(),
        }
    }
}
