//! A ticket, the events that make it, and [`apply`], which is all that changes
//! one.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantArray, VariantNames};

use crate::catalogue::{Category, Role, default_steps};
use crate::clock::{ClockChange, ClockKind, Clocks, Step, Tells};
use crate::format::record::{Filled, Format, Signature, Values};
use crate::ids::{
    CalendarId, CategoryId, EmailAddress, FormatCode, MailId, ProviderId, SectionId, TeamId,
    TicketId, TicketNumber,
};
use crate::incident::{Incident, PersonalData};
use crate::legal::{Authority, AuthorityReport, Forwarding, Petition};
pub use crate::person::{Person, RequesterKind};
use crate::queue::QueueName;

/// Where a ticket stands (section 5 of the procedure).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "status", content = "hold_reason", rename_all = "snake_case")]
pub enum State {
    /// Nueva: registered, nobody has treated it.
    New,
    /// En curso (asignada): somebody of the desk is responsible.
    Assigned,
    /// En espera: the solution depends on others.
    OnHold(HoldReason),
    /// Resuelta: waiting for the requester's satisfaction.
    Solved,
    /// Cerrada.
    Closed,
}

/// Whom a ticket waits for.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, VariantArray,
)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum HoldReason {
    Requester,
    Technology,
    Provider,
}

/// The status alone, as filters and keys name it, in the order of a ticket's
/// life.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    IntoStaticStr,
    VariantArray,
)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Status {
    New,
    Assigned,
    OnHold,
    Solved,
    Closed,
}

impl Status {
    /// Every status, in the order of a ticket's life.
    pub const ALL: &'static [Status] = Status::VARIANTS;

    /// What is open, in the order of a ticket's life; the last of it waits for the
    /// requester alone.
    pub const OPEN: [Status; 4] = [
        Status::New,
        Status::Assigned,
        Status::OnHold,
        Status::Solved,
    ];

    /// The word of the API.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// The word that people read.
    pub fn label(self) -> &'static str {
        match self {
            Status::New => "Nueva",
            Status::Assigned => "En curso (asignada)",
            Status::OnHold => "En espera",
            Status::Solved => "Resuelta",
            Status::Closed => "Cerrada",
        }
    }

    /// The status that `as_str` gives this word.
    pub fn parse(text: &str) -> Option<Self> {
        let mut all = Status::VARIANTS.iter().copied();
        all.find(|status| status.as_str() == text)
    }
}

impl State {
    /// Every state.
    pub fn all() -> impl Iterator<Item = State> {
        Status::VARIANTS.iter().flat_map(|status| match status {
            Status::New => vec![State::New],
            Status::Assigned => vec![State::Assigned],
            Status::OnHold => {
                let reasons = HoldReason::VARIANTS.iter();
                reasons.map(|reason| State::OnHold(*reason)).collect()
            }
            Status::Solved => vec![State::Solved],
            Status::Closed => vec![State::Closed],
        })
    }

    /// The status alone.
    pub fn status(self) -> Status {
        match self {
            State::New => Status::New,
            State::Assigned => Status::Assigned,
            State::OnHold(_) => Status::OnHold,
            State::Solved => Status::Solved,
            State::Closed => Status::Closed,
        }
    }

    /// Whom it waits for, when it waits.
    pub fn hold_reason(self) -> Option<HoldReason> {
        match self {
            State::OnHold(reason) => Some(reason),
            State::New | State::Assigned | State::Solved | State::Closed => None,
        }
    }
}

/// How a request came in (Origen).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Channel {
    Web,
    Email,
    Phone,
}

/// Who asks (activity 2: the user).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Requester {
    #[serde(flatten)]
    pub person: Person,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<RequesterKind>,
}

impl From<Person> for Requester {
    fn from(person: Person) -> Self {
        Requester {
            person,
            unit: None,
            kind: None,
        }
    }
}

/// What was asked, and by whom, as it came in (activities 1 and 2). It stands in
/// the application, in the event of the registration and in the ticket, among
/// their own fields.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Request {
    pub title: String,
    pub description: String,
    pub channel: Channel,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extension: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub web_request: Option<WebRequest>,
    /// What is known of a security incident.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incident: Option<Incident>,
    pub requester: Requester,
    /// People who were copied: they read along, and get what is public and the end.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub observers: Vec<Person>,
    /// Teams that it was written to besides the one whose it is.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub other_teams: Vec<TeamId>,
    /// The Message-ID of the mail that it came in by: what we write to the
    /// requester hangs under it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message_id: Option<String>,
    /// Who wrote in the requester's place: an agent who passed his mail on, a form's
    /// mailer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub passed_on_by: Option<Person>,
}

impl Request {
    /// A request with what every one has.
    pub fn new(
        title: String,
        description: String,
        channel: Channel,
        requester: impl Into<Requester>,
    ) -> Self {
        Request {
            title,
            description,
            channel,
            extension: None,
            web_request: None,
            incident: None,
            requester: requester.into(),
            observers: vec![],
            other_teams: vec![],
            message_id: None,
            passed_on_by: None,
        }
    }
}

/// Words that are written short: the point after them ends no sentence.
const WRITTEN_SHORT: [&str; 29] = [
    "arq", "art", "av", "avda", "cap", "cel", "cll", "cra", "dir", "dr", "dra", "ej", "ext",
    "exts", "gral", "ing", "lic", "nro", "nros", "núm", "num", "of", "ofc", "pág", "sr", "sra",
    "srta", "tel", "vs",
];

/// Whether a sentence ends with a sign, by what stands before it and after it.
fn ends_sentence(before: &str, sign: &str, after: &str) -> bool {
    let Some(rest) = after.strip_prefix(' ') else {
        return false;
    };
    let word = before.rsplit(|c: char| !c.is_alphanumeric()).next();
    let word = word.unwrap_or_default().to_lowercase();
    let is_short = word.chars().count() == 1 && word.chars().all(char::is_alphabetic)
        || WRITTEN_SHORT.contains(&word.as_str());
    let goes_on = is_short || rest.starts_with(|c: char| c.is_ascii_digit());
    sign != "." || !goes_on
}

/// Words that no title ends with: what they lead to is missing.
const LEADS_ON: [&str; 34] = [
    "a", "al", "ante", "como", "con", "cuando", "de", "del", "desde", "e", "el", "en", "es",
    "está", "hasta", "la", "las", "lo", "los", "me", "mi", "no", "o", "para", "pero", "por",
    "porque", "que", "se", "sin", "su", "un", "una", "y",
];

impl Request {
    /// What a text without a title is about: how it begins, up to the end of its first
    /// sentence, or of a part of it that takes up half of so many characters, or of a word.
    pub fn title_of(text: &str, most: usize) -> String {
        let line = text.lines().map(str::trim).find(|line| !line.is_empty());
        let line = line.unwrap_or_default();
        let mut ends = line
            .match_indices(['.', '?', '!'])
            .map(|(at, sign)| (at, sign, at + sign.len()))
            .filter(|(at, sign, end)| ends_sentence(&line[..*at], sign, &line[*end..]));
        let sentence = match ends.next() {
            Some((_, _, end)) => line[..end].trim_end_matches('.'),
            None => line.trim_end_matches('.'),
        };
        if sentence.chars().count() <= most {
            return sentence.to_owned();
        }
        let cut: String = sentence.chars().take(most.saturating_sub(1)).collect();
        let part = cut
            .rmatch_indices([',', ';', ':'])
            .map(|(at, _)| &cut[..at])
            .find(|part| !part.ends_with(|last: char| last.is_ascii_digit()))
            .filter(|part| part.chars().count() * 2 >= most);
        let mut whole = part.unwrap_or_else(|| {
            cut.rsplit_once(' ')
                .map_or(cut.as_str(), |(whole, _)| whole)
        });
        while let Some((before, last)) = whole.rsplit_once(' ')
            && LEADS_ON.contains(&last.to_lowercase().as_str())
        {
            whole = before;
        }
        format!("{}…", whole.trim_end_matches([',', ';', ':']))
    }
}

/// What is asked of the web page (section 5: contents only).
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr, VariantArray,
)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum WebAction {
    Publish,
    Remove,
    SectionUpdate,
    /// Out of the procedure's scope: to be declined.
    Design,
    /// Out of the procedure's scope: to be declined.
    StyleCorrection,
}

impl WebAction {
    /// Every action.
    pub const ALL: &'static [WebAction] = WebAction::VARIANTS;

    /// Whether the procedure covers it.
    pub fn is_in_scope(self) -> bool {
        match self {
            WebAction::Publish | WebAction::Remove | WebAction::SectionUpdate => true,
            WebAction::Design | WebAction::StyleCorrection => false,
        }
    }
}

/// What a request asks of the web page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct WebRequest {
    pub action: WebAction,
}

/// What the catalogue said of the category when the ticket came under it. A
/// ticket keeps the rules that it was promised.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Policy {
    pub category: CategoryId,
    pub team: TeamId,
    pub survey: bool,
    pub formats: Vec<FormatCode>,
    /// Whether it is a security incident.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub incident: bool,
    /// Whether its team alone sees it, and whoever asked.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub restricted: bool,
    pub attention_seconds: u64,
    pub solution_seconds: u64,
    pub validation_seconds: u64,
    /// Left out of the record where it is a working day.
    #[serde(
        default = "working_day_seconds",
        skip_serializing_if = "is_working_day"
    )]
    pub waiting_seconds: u64,
    pub calendar: CalendarId,
    /// Left out of the record where they are the ones of the procedure.
    #[serde(default = "default_steps", skip_serializing_if = "is_default_steps")]
    pub steps: Vec<Step>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
fn is_first(edition: &u8) -> bool {
    *edition == 0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
fn is_zero(count: &usize) -> bool {
    *count == 0
}

fn working_day_seconds() -> u64 {
    9 * 60 * 60
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
fn is_working_day(seconds: &u64) -> bool {
    *seconds == working_day_seconds()
}

fn is_default_steps(steps: &[Step]) -> bool {
    *steps == Step::DEFAULT
}

impl From<&Category> for Policy {
    fn from(category: &Category) -> Self {
        Policy {
            category: category.id.clone(),
            team: category.team.clone(),
            survey: category.survey,
            formats: category.formats.clone(),
            incident: category.incident,
            restricted: category.restricted,
            attention_seconds: category.attention_minutes * 60,
            solution_seconds: category.solution_minutes * 60,
            validation_seconds: category.validation_minutes * 60,
            waiting_seconds: category.waiting_minutes * 60,
            calendar: category.calendar.clone(),
            steps: category.steps.clone(),
        }
    }
}

impl Policy {
    /// The limit of a clock, in seconds of working time; none of one of the law's, which are
    /// the same for everything.
    pub fn limit_seconds(&self, clock: ClockKind) -> u64 {
        match clock {
            ClockKind::Attention => self.attention_seconds,
            ClockKind::Solution => self.solution_seconds,
            ClockKind::Waiting | ClockKind::Provider => self.waiting_seconds,
            ClockKind::Validation => self.validation_seconds,
            ClockKind::CsirtReport | ClockKind::SicReport | ClockKind::Forwarding => 0,
        }
    }

    /// The steps of a clock. Where the catalogue had none for it, those of the
    /// procedure: no clock runs without somebody who is told.
    pub fn steps_of(&self, clock: ClockKind) -> impl Iterator<Item = &Step> {
        let says = self.steps.iter().any(|step| step.clock == clock);
        let steps: &[Step] = match says || clock == ClockKind::Validation {
            true => &self.steps,
            false => &Step::DEFAULT,
        };
        steps.iter().filter(move |step| step.clock == clock)
    }
}

/// How a ticket was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Solved,
    /// Out of the procedure's scope.
    Declined,
    /// A petition that is none of the desk's, passed on to whoever answers it.
    Forwarded,
}

/// Why a ticket was closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum CloseReason {
    /// The requester said that it is solved (activity 14).
    Satisfied,
    /// The desk closed it (activity 15).
    Desk,
    /// Nobody answered within the validation time.
    ValidationExpired,
}

/// Who may read a follow-up.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr, VariantArray,
)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Visibility {
    Public,
    Internal,
}

/// The requester's answer to the satisfaction survey (activity 14).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Survey {
    pub solved: bool,
    /// 1 to 5.
    pub rating: u8,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    pub answered_at: Timestamp,
}

/// What an officer reports back to the desk (activity 11).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct SolutionReport {
    pub body: String,
    pub by: Person,
    pub at: Timestamp,
}

/// Most files of a ticket: their names have to fit into its row.
pub const MAX_ATTACHMENTS: usize = 300;

/// Most bytes that a ticket's row has for its files' names and what else is known of them.
pub const MAX_ATTACHMENTS_BYTES: usize = 60_000;

/// Most links to other tickets.
pub const MAX_LINKS: usize = 50;

/// Addresses that a mail did not reach which a ticket keeps, the latest of them.
const MAX_UNREACHABLE: usize = 50;

/// Most people who are copied on a request when it comes in.
pub const MAX_OBSERVERS: usize = 20;

/// A file of a ticket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Attachment {
    pub id: String,
    pub name: String,
    pub content_type: String,
    /// In bytes.
    pub size: u64,
    /// Who may have it: what comes with an internal note is internal.
    #[serde(default = "public", skip_serializing_if = "is_public")]
    pub visibility: Visibility,
    /// SHA-256 of its bytes in hexadecimal: of what was uploaded, and of a picture within
    /// a mail, by which the logo of a signature is known when it comes again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
}

impl Attachment {
    /// Bytes that it takes in a ticket's row.
    fn bytes(&self) -> usize {
        // The least JSON that cannot be written is none.
        serde_json::to_vec(self).map_or(usize::MAX, |json| json.len() + 1)
    }
}

/// How many of some files there is room for, beside those that a ticket has.
pub fn room_for(there: &[Attachment], new: &[Attachment]) -> usize {
    let mut bytes: usize = there.iter().map(Attachment::bytes).sum();
    let fits = |file: &&Attachment| {
        bytes = bytes.saturating_add(file.bytes());
        bytes <= MAX_ATTACHMENTS_BYTES
    };
    let room = MAX_ATTACHMENTS.saturating_sub(there.len());
    new.iter().take(room).take_while(fits).count()
}

fn public() -> Visibility {
    Visibility::Public
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
fn is_public(visibility: &Visibility) -> bool {
    match visibility {
        Visibility::Public => true,
        Visibility::Internal => false,
    }
}

/// A ticket and another one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Link {
    pub id: TicketId,
    pub number: TicketNumber,
    /// Who may know of it: that two people wrote about one matter is the desk's
    /// business alone.
    #[serde(default = "public", skip_serializing_if = "is_public")]
    pub visibility: Visibility,
}

/// A request and all that is known of it now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ticket {
    pub id: TicketId,
    pub number: TicketNumber,
    /// Sequence of the last event; grows with each.
    pub version: u64,
    #[serde(flatten)]
    pub state: State,
    #[serde(flatten)]
    pub request: Request,
    pub policy: Policy,
    /// Addresses that a mail about it did not reach.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unreachable: Vec<EmailAddress>,
    pub assignee: Option<Person>,
    /// When it last went from one agent to another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handed_over_at: Option<Timestamp>,
    /// Whoever had it until it was taken off him, while nobody has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub former: Option<Person>,
    /// The agent who has it although he is away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub absent_agent: Option<EmailAddress>,
    pub officer: Option<Person>,
    /// The officer of whom it was told that he is not there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub absent_officer: Option<EmailAddress>,
    pub provider: Option<ProviderId>,
    pub clocks: Clocks,
    pub outcome: Option<Outcome>,
    pub solution: Option<String>,
    pub solution_reported: Option<SolutionReport>,
    pub survey: Option<Survey>,
    pub close_reason: Option<CloseReason>,
    /// Where it is a petition that is still to be passed on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub petition: Option<Petition>,
    /// To whom it was passed on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forwarding: Option<Forwarding>,
    /// What came of the reports that the law asks for, the latest of each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reports: Vec<AuthorityReport>,
    /// How many times a solution did not hold.
    pub reopened: u32,
    pub formats: BTreeMap<FormatCode, Format>,
    pub attachments: Vec<Attachment>,
    pub links: Vec<Link>,
    /// How often the link of the requester's mails was revoked; theirs carries it.
    #[serde(default, skip_serializing_if = "is_first")]
    pub link_edition: u8,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

impl Ticket {
    /// The ticket that a registration makes; `clocks` and `at` are those of the
    /// event that records it.
    pub fn registered(registration: &Registration, clocks: &[ClockChange], at: Timestamp) -> Self {
        let mut ticket = Ticket {
            id: registration.id,
            number: registration.number,
            version: 1,
            state: State::New,
            request: registration.request.clone(),
            policy: registration.policy.clone(),
            unreachable: Vec::new(),
            assignee: None,
            handed_over_at: None,
            former: None,
            absent_agent: None,
            officer: None,
            absent_officer: None,
            provider: None,
            clocks: Clocks::default(),
            outcome: None,
            solution: None,
            solution_reported: None,
            survey: None,
            close_reason: None,
            petition: None,
            forwarding: None,
            reports: Vec::new(),
            reopened: 0,
            formats: BTreeMap::new(),
            attachments: Vec::new(),
            links: registration.links.clone(),
            link_edition: 0,
            created_at: at,
            updated_at: at,
        };
        ticket.clocks.apply(clocks, at);
        ticket
    }

    /// The status alone.
    pub fn status(&self) -> Status {
        self.state.status()
    }

    /// What another ticket, or a record, calls it.
    pub fn link(&self) -> Link {
        Link {
            id: self.id,
            number: self.number,
            visibility: Visibility::Public,
        }
    }

    /// Whether a file is on it.
    pub fn has(&self, file: &Attachment) -> bool {
        self.attachments.iter().any(|there| there.id == file.id)
    }

    /// Whoever was copied and has this address.
    pub fn observer(&self, email: &EmailAddress) -> Option<&Person> {
        let mut observers = self.request.observers.iter();
        observers.find(|observer| observer.email == *email)
    }

    /// Whether a mail to whoever asked is known not to have come.
    pub fn is_unheard(&self) -> bool {
        self.unreachable
            .contains(&self.request.requester.person.email)
    }

    /// Whether the solution at hand is to be rated before the desk may close:
    /// a platform or office-suite problem that was solved, not declined
    /// (activity 13).
    pub fn asks_survey(&self) -> bool {
        self.policy.survey && self.outcome == Some(Outcome::Solved)
    }

    /// Where it stands, in the words that people read. What was declined was not
    /// solved, and is never said to be (section 5 of the procedure).
    pub fn status_label(&self) -> &'static str {
        match self.status() {
            Status::Solved if self.is_declined() => "Declinada",
            Status::Closed if self.is_declined() => "Cerrada (declinada)",
            Status::Solved if self.is_forwarded() => "Trasladada",
            Status::Closed if self.is_forwarded() => "Cerrada (trasladada)",
            status => status.label(),
        }
    }

    /// Whether it was declined, and stands so.
    pub fn is_declined(&self) -> bool {
        self.outcome == Some(Outcome::Declined)
    }

    /// Whether it was passed on to whoever answers it, and stands so.
    pub fn is_forwarded(&self) -> bool {
        self.outcome == Some(Outcome::Forwarded)
    }

    /// Whether it has an answer that is no solution: it was declined, or passed on. It is
    /// never said to be solved.
    pub fn is_turned_away(&self) -> bool {
        self.is_declined() || self.is_forwarded()
    }

    /// Whether it is a petition that the desk still has to pass on: what was agreed for
    /// requests is not what it is measured with.
    pub fn is_petition(&self) -> bool {
        self.petition.is_some()
    }

    /// What the law asks for before the desk may say that it is over with it.
    pub fn owed_by_law(&self) -> Option<String> {
        if self.is_petition() {
            let why = "Está marcada como petición (PQRSD): trasládela a quien debe responderla o, si no \
                       lo es, quite antes la marca.";
            return Some(why.to_owned());
        }
        if self.policy.incident {
            match &self.request.incident {
                None => return Some("Falta describir el incidente.".to_owned()),
                Some(incident) if incident.personal_data == PersonalData::Unknown => {
                    let why = "Falta decir si el incidente afecta datos personales.";
                    return Some(why.to_owned());
                }
                Some(_) => {}
            }
        }
        let mut pending = Authority::ALL.iter().filter(|authority| {
            let clock = self.clocks.get(authority.clock());
            clock.running_since().is_some()
        });
        let authority = pending.next()?;
        Some(format!(
            "Falta registrar el reporte {}, o por qué no procede.",
            authority.addressed()
        ))
    }

    /// A section of a format, as far as it is filled in.
    fn section(&mut self, code: &FormatCode, version: u32, section: &SectionId) -> &mut Filled {
        let format = self.formats.entry(code.clone()).or_default();
        format.version = Some(version);
        format.sections.entry(section.clone()).or_default()
    }

    /// Whether there is no answer yet: its formats may be filled in and corrected.
    pub fn is_open_to_formats(&self) -> bool {
        match self.state {
            State::New | State::Assigned | State::OnHold(_) => true,
            State::Solved | State::Closed => false,
        }
    }

    /// Whether it is this person's own request: nobody attends to his own.
    pub fn is_of(&self, email: &EmailAddress) -> bool {
        self.request.requester.person.email == *email
    }

    /// The agent whose load this ticket is part of, if it is part of any.
    pub fn loads(&self) -> Option<&EmailAddress> {
        match self.state {
            State::Assigned | State::OnHold(_) => self.assignee.as_ref().map(|p| &p.email),
            State::New | State::Solved | State::Closed => None,
        }
    }

    /// Whoever has to bring the solution forward now: the officer from the
    /// escalation until he reports (activities 8 to 11), the agent otherwise.
    pub fn responsible(&self) -> Option<&Person> {
        match self.is_with_officer() {
            true => self.officer.as_ref(),
            false => self.assignee.as_ref(),
        }
    }

    /// Whether the Technology Office still has to bring the solution.
    pub fn is_with_officer(&self) -> bool {
        match self.state {
            State::OnHold(HoldReason::Technology | HoldReason::Provider) => {
                self.solution_reported.is_none()
            }
            State::New
            | State::Assigned
            | State::OnHold(HoldReason::Requester)
            | State::Solved
            | State::Closed => false,
        }
    }

    /// The state of a ticket that the desk is to work on: with nobody responsible
    /// it is as new.
    fn at_the_desk(&self) -> State {
        match self.assignee {
            Some(_) => State::Assigned,
            None => State::New,
        }
    }

    /// Where the desk's lists place it.
    pub fn place(&self) -> Place {
        match self.state {
            State::Closed => Place::Closed(self.updated_at),
            State::New | State::Assigned | State::OnHold(_) | State::Solved => {
                // What waits for others comes after what is due.
                let running = ClockKind::AGREED.into_iter().chain(ClockKind::LEGAL);
                running
                    .map(|kind| self.clocks.get(kind))
                    .filter_map(|clock| clock.running_since().and(clock.due_at))
                    .min()
                    .map_or(Place::Waiting(self.updated_at), Place::Due)
            }
        }
    }

    /// When the sweep has to look at this ticket next, and whose business it is
    /// then; `None` when nothing is due any more.
    pub fn next_timer(&self) -> Option<Timer> {
        let step = |kind| self.clocks.get(kind).next_step().map(|step| step.at);
        let (times, queue) = match self.state {
            State::New | State::Assigned | State::OnHold(_) => (
                ClockKind::ALL
                    .into_iter()
                    .filter(|kind| *kind != ClockKind::Validation)
                    .map(step)
                    .collect(),
                QueueName::Escalation,
            ),
            State::Solved => (
                vec![step(ClockKind::Validation), self.clocks.validation.due_at],
                QueueName::Closure,
            ),
            State::Closed => return None,
        };
        let at = times.into_iter().flatten().min()?;
        Some(Timer { at, queue })
    }
}

/// Where a list places a ticket: what is due next comes first, then what waits
/// with its clocks at rest; the closed have a list of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// Something runs out at this time.
    Due(Timestamp),
    /// Nothing runs; last touched then.
    Waiting(Timestamp),
    /// Closed then.
    Closed(Timestamp),
}

/// What the sweep looks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timer {
    pub at: Timestamp,
    /// The queue of whoever acts on it.
    pub queue: QueueName,
}

/// Who did something, as it stands in the record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct EventActor {
    pub email: Option<EmailAddress>,
    /// A role, or `system` where nobody acted.
    pub role: ActorRole,
}

impl EventActor {
    /// Whether it is the requester who speaks, and as such. Who was copied has no say in
    /// whether it is solved, and ends no wait.
    pub fn is_requester_of(&self, ticket: &Ticket) -> bool {
        let email = self.email.as_ref();
        self.role == ActorRole::Person(Role::Requester)
            && email.is_some_and(|email| ticket.is_of(email))
    }
}

/// In which capacity something was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(untagged)]
pub enum ActorRole {
    Person(Role),
    System(SystemRole),
    Provider(ProviderRole),
}

/// The one word for an outside provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ProviderRole {
    Provider,
}

/// The one word for "nobody acted".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum SystemRole {
    System,
}

/// A step of a ticket's life, as recorded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// 1 for the registration, without gaps.
    pub seq: u64,
    pub at: Timestamp,
    pub actor: EventActor,
    #[serde(flatten)]
    pub kind: EventKind,
    /// What the step did to the clocks.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub clocks: Vec<ClockChange>,
    /// The mail that brought it about; the raw one is kept as evidence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mail: Option<MailId>,
    /// All that the mail says, where what it tells here was folded: without the mail
    /// that it answers, without a signature.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub whole: Option<String>,
}

impl Event {
    /// Whether it was brought about together with another one: by one person, in one
    /// step. A file belongs to what somebody said with it.
    pub fn came_with(&self, other: &Event) -> bool {
        self.at == other.at && self.actor == other.actor && self.mail == other.mail
    }
}

/// What a registration tells.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Registration {
    pub id: TicketId,
    pub number: TicketNumber,
    #[serde(flatten)]
    pub request: Request,
    pub policy: Policy,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub links: Vec<Link>,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "kind", content = "data", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum EventKind {
    /// Activities 1 and 2, control C1.
    Registered(Box<Registration>),
    /// Activity 2: somebody of the desk is responsible.
    Assigned {
        agent: Person,
        automatic: bool,
        /// Agents of the team who were passed over because they are away.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        away: Vec<EmailAddress>,
        /// Whoever was responsible until then.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<Person>,
        /// It is his although he is away, and whoever gave it to him knew that.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        absent: bool,
    },
    /// Nobody of the team is available; it is tried again.
    AssignmentDeferred {},
    /// Whoever was responsible is so no more; somebody of the team is looked for.
    Released {
        from: Person,
        why: ReleaseReason,
    },
    /// The officer who has it is not there: the coordinators and the head are told.
    OfficerAbsent {
        officer: Person,
    },
    /// The hours of a clock's calendar are others than those that its times were
    /// reckoned with.
    HoursChanged {
        clock: ClockKind,
        /// When its limit was to be reached.
        from: Timestamp,
        /// When it is, in the hours that are in force.
        to: Timestamp,
    },
    /// The desk got in touch with the requester (attention time).
    Contacted {
        note: String,
    },
    FollowedUp {
        body: String,
        visibility: Visibility,
    },
    AttachmentsAdded {
        attachments: Vec<Attachment>,
        /// Files that the ticket had no room for; they are in the raw mail.
        #[serde(default, skip_serializing_if = "is_zero")]
        left_out: usize,
    },
    Recategorised {
        policy: Policy,
    },
    FormatSaved {
        code: FormatCode,
        complete: bool,
        fields: serde_json::Map<String, serde_json::Value>,
    },
    /// A section of a format was filled in, as far as it goes.
    SectionDrafted {
        code: FormatCode,
        version: u32,
        section: SectionId,
        fields: Values,
    },
    /// A section was signed, and stays as it is.
    SectionSigned {
        code: FormatCode,
        version: u32,
        section: SectionId,
        fields: Values,
        signature: Signature,
        /// Whether the whole format is signed with it.
        complete: bool,
        /// Sections that are open again, because that is what it says.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        reopens: Vec<SectionId>,
    },
    /// Sections are open again, to be corrected and signed anew.
    SectionReopened {
        code: FormatCode,
        /// The one that is corrected, and what was signed after it.
        sections: Vec<SectionId>,
        reason: String,
    },
    /// Activity 6.
    Held {
        note: String,
    },
    Resumed {
        note: Option<String>,
    },
    /// Activities 3 and 7.
    Escalated {
        officer: Person,
        justification: String,
        /// The officer who had it until then.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<Person>,
        /// It is his although he is away, and whoever gave it to him knew that.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        absent: bool,
    },
    Returned {
        note: String,
    },
    /// Activity 10.
    ProviderRequested {
        provider: ProviderId,
        message: String,
    },
    ProviderReplied {
        body: String,
    },
    /// Activities 9 and 11.
    SolutionReported {
        report: SolutionReport,
    },
    /// Activities 4, 12 and 13.
    Resolved {
        solution: String,
        /// How many solutions did not hold before this one; the survey's link
        /// carries it.
        #[serde(default)]
        round: u32,
    },
    /// Out of scope (section 5).
    Declined {
        reason: String,
    },
    /// Activity 14.
    SurveyAnswered {
        survey: Survey,
    },
    /// The solution did not hold.
    Reopened {
        reason: Option<String>,
        /// What he did not agree with, where that was no solution.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        objects_to: Option<Outcome>,
    },
    /// Activity 15.
    Closed {
        reason: CloseReason,
    },
    /// It is somebody else's request than it was taken for.
    RequesterChanged {
        requester: Person,
        from: Person,
    },
    /// Another ticket goes on with it: a later reply to a closed one, a new matter to
    /// its address, or what somebody else answered.
    Linked {
        link: Link,
    },
    /// The links of the mails that the requester has no longer work.
    LinkRevoked {},
    /// Somebody who was copied is no longer: he left, or was taken off.
    ObserverRemoved {
        person: Person,
    },
    /// A mail that nobody wrote, such as an out-of-office reply, was put on file.
    MailFiled {
        /// What it is, in the words of the record of mails.
        what: String,
        text: String,
    },
    /// A mail of ours did not reach somebody.
    MailBounced {
        recipient: EmailAddress,
        why: BounceKind,
        detail: String,
    },
    /// The attention time runs out soon.
    AttentionWarned(StepReached),
    /// The attention time has run out.
    AttentionBreached(StepReached),
    /// The attention time ran out long ago.
    AttentionOverrun(StepReached),
    /// The solution time runs out soon.
    SolutionWarned(StepReached),
    /// The solution time has run out.
    SolutionBreached(StepReached),
    /// The solution time ran out long ago.
    SolutionOverrun(StepReached),
    /// It has waited for the requester for long.
    WaitingReminded(StepReached),
    /// It has waited for the provider for long.
    ProviderOverdue(StepReached),
    /// The requester was reminded to validate.
    ValidationReminded(StepReached),
    /// What is known of a security incident was written down, or mended.
    IncidentDescribed {
        incident: Incident,
    },
    /// A report that the law asks for was made, or need not be.
    AuthorityReported {
        report: AuthorityReport,
    },
    /// It is a petition, and somebody else's to answer.
    PetitionMarked {
        petition: Petition,
    },
    /// It is none after all.
    PetitionUnmarked {
        reason: String,
    },
    /// The petition was passed on to whoever answers it (Ley 1437 de 2011, art. 21).
    Forwarded {
        forwarding: Forwarding,
    },
    /// The time to report to the government's CSIRT runs out, or has run out.
    CsirtReportDue(StepReached),
    /// The same with the authority for personal data.
    SicReportDue(StepReached),
    /// The time to pass the petition on runs out, or has run out.
    ForwardingDue(StepReached),
}

/// Why a ticket was taken off whoever was responsible.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ReleaseReason {
    /// He is not there.
    Away,
    /// He no longer works for its team.
    Left,
    /// It went to a category of another team.
    OtherTeam,
}

/// Why a mail of ours did not do its work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum BounceKind {
    /// The address does not exist, or never takes our mail.
    Permanent,
    /// The recipient reported it as spam.
    Complaint,
    /// SES would not send it to this address.
    Refused,
    /// SES tried for a while and gave it up: a full mailbox, a mail that is too large
    /// there, a server that does not answer.
    GivenUp,
}

impl BounceKind {
    /// Whether the address gets no more mail for some days.
    pub fn suppresses(self) -> bool {
        match self {
            BounceKind::Permanent | BounceKind::Complaint => true,
            BounceKind::Refused | BounceKind::GivenUp => false,
        }
    }
}

/// A step of a clock that was reached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct StepReached {
    pub percent: u32,
    pub tells: Tells,
    /// When the limit is reached, or was.
    pub due_at: Timestamp,
    /// When the step was due.
    pub reached_at: Timestamp,
    /// How much later than that it was seen, in seconds.
    pub late_seconds: u64,
    /// Whoever was in charge.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub responsible: Option<Person>,
}

impl EventKind {
    /// Every word of [`EventKind::as_str`].
    pub const WORDS: &'static [&'static str] = EventKind::VARIANTS;

    /// The kind in the API, in stored events and in logs.
    pub fn as_str(&self) -> &'static str {
        self.into()
    }

    /// The event of a clock's step.
    pub fn reached(clock: ClockKind, step: StepReached) -> Self {
        match (clock, step.percent) {
            (ClockKind::Attention, ..100) => EventKind::AttentionWarned(step),
            (ClockKind::Attention, 100) => EventKind::AttentionBreached(step),
            (ClockKind::Attention, 101..) => EventKind::AttentionOverrun(step),
            (ClockKind::Solution, ..100) => EventKind::SolutionWarned(step),
            (ClockKind::Solution, 100) => EventKind::SolutionBreached(step),
            (ClockKind::Solution, 101..) => EventKind::SolutionOverrun(step),
            (ClockKind::Waiting, _) => EventKind::WaitingReminded(step),
            (ClockKind::Provider, _) => EventKind::ProviderOverdue(step),
            (ClockKind::Validation, _) => EventKind::ValidationReminded(step),
            (ClockKind::CsirtReport, _) => EventKind::CsirtReportDue(step),
            (ClockKind::SicReport, _) => EventKind::SicReportDue(step),
            (ClockKind::Forwarding, _) => EventKind::ForwardingDue(step),
        }
    }

    /// The clock's step that this event is, if it is one.
    pub fn step(&self) -> Option<(ClockKind, &StepReached)> {
        match self {
            EventKind::AttentionWarned(step)
            | EventKind::AttentionBreached(step)
            | EventKind::AttentionOverrun(step) => Some((ClockKind::Attention, step)),
            EventKind::SolutionWarned(step)
            | EventKind::SolutionBreached(step)
            | EventKind::SolutionOverrun(step) => Some((ClockKind::Solution, step)),
            EventKind::WaitingReminded(step) => Some((ClockKind::Waiting, step)),
            EventKind::ProviderOverdue(step) => Some((ClockKind::Provider, step)),
            EventKind::ValidationReminded(step) => Some((ClockKind::Validation, step)),
            EventKind::CsirtReportDue(step) => Some((ClockKind::CsirtReport, step)),
            EventKind::SicReportDue(step) => Some((ClockKind::SicReport, step)),
            EventKind::ForwardingDue(step) => Some((ClockKind::Forwarding, step)),
            EventKind::Registered(_)
            | EventKind::Assigned { .. }
            | EventKind::AssignmentDeferred {}
            | EventKind::Released { .. }
            | EventKind::OfficerAbsent { .. }
            | EventKind::HoursChanged { .. }
            | EventKind::Contacted { .. }
            | EventKind::FollowedUp { .. }
            | EventKind::AttachmentsAdded { .. }
            | EventKind::Recategorised { .. }
            | EventKind::FormatSaved { .. }
            | EventKind::SectionDrafted { .. }
            | EventKind::SectionSigned { .. }
            | EventKind::SectionReopened { .. }
            | EventKind::Held { .. }
            | EventKind::Resumed { .. }
            | EventKind::Escalated { .. }
            | EventKind::Returned { .. }
            | EventKind::ProviderRequested { .. }
            | EventKind::ProviderReplied { .. }
            | EventKind::SolutionReported { .. }
            | EventKind::Resolved { .. }
            | EventKind::Declined { .. }
            | EventKind::IncidentDescribed { .. }
            | EventKind::AuthorityReported { .. }
            | EventKind::PetitionMarked { .. }
            | EventKind::PetitionUnmarked { .. }
            | EventKind::Forwarded { .. }
            | EventKind::SurveyAnswered { .. }
            | EventKind::Reopened { .. }
            | EventKind::Closed { .. }
            | EventKind::Linked { .. }
            | EventKind::RequesterChanged { .. }
            | EventKind::LinkRevoked {}
            | EventKind::ObserverRemoved { .. }
            | EventKind::MailFiled { .. }
            | EventKind::MailBounced { .. } => None,
        }
    }
}

/// A history that cannot be: it does not begin with a registration, or an event
/// is missing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BrokenHistory {
    #[error("the history is empty")]
    Empty,
    #[error("the history does not begin with a registration")]
    NotRegistered,
    #[error("event {found} stands where {expected} should")]
    Gap { expected: u64, found: u64 },
}

/// The ticket that a history makes.
///
/// # Errors
/// When the history does not begin with a registration or has a gap.
pub fn replay<'a>(events: impl IntoIterator<Item = &'a Event>) -> Result<Ticket, BrokenHistory> {
    let mut events = events.into_iter();
    let first = events.next().ok_or(BrokenHistory::Empty)?;
    let EventKind::Registered(registration) = &first.kind else {
        return Err(BrokenHistory::NotRegistered);
    };
    if first.seq != 1 {
        return Err(BrokenHistory::Gap {
            expected: 1,
            found: first.seq,
        });
    }
    let mut ticket = Ticket::registered(registration, &first.clocks, first.at);
    for event in events {
        if event.seq != ticket.version + 1 {
            return Err(BrokenHistory::Gap {
                expected: ticket.version + 1,
                found: event.seq,
            });
        }
        apply(&mut ticket, event);
    }
    Ok(ticket)
}

/// Applies events in their order; see [`apply`].
pub fn apply_all(ticket: &mut Ticket, events: &[Event]) {
    for event in events {
        apply(ticket, event);
    }
}

/// Applies an event that was decided on this very ticket. It changes fields and
/// decides nothing.
pub fn apply(ticket: &mut Ticket, event: &Event) {
    match &event.kind {
        // `registered` takes the first event; a second one says nothing new.
        EventKind::Registered(_) => {}
        EventKind::Assigned {
            agent,
            automatic: _,
            away: _,
            from,
            absent,
        } => {
            if ticket.state == State::New {
                ticket.state = State::Assigned;
            }
            ticket.assignee = Some(agent.clone());
            ticket.former = None;
            ticket.absent_agent = absent.then(|| agent.email.clone());
            if from.is_some() {
                ticket.handed_over_at = Some(event.at);
            }
        }
        EventKind::Released { from, why: _ } => {
            // What waits for others goes on waiting.
            if ticket.state == State::Assigned {
                ticket.state = State::New;
            }
            ticket.assignee = None;
            ticket.absent_agent = None;
            ticket.former = Some(from.clone());
        }
        EventKind::OfficerAbsent { officer } => {
            ticket.absent_officer = Some(officer.email.clone());
        }
        // What they did to a clock is among the changes.
        EventKind::HoursChanged { .. }
        | EventKind::WaitingReminded(_)
        | EventKind::ProviderOverdue(_)
        | EventKind::AttentionWarned(_)
        | EventKind::AttentionBreached(_)
        | EventKind::AttentionOverrun(_)
        | EventKind::SolutionWarned(_)
        | EventKind::SolutionBreached(_)
        | EventKind::SolutionOverrun(_)
        | EventKind::ValidationReminded(_)
        | EventKind::CsirtReportDue(_)
        | EventKind::SicReportDue(_)
        | EventKind::ForwardingDue(_)
        | EventKind::AssignmentDeferred {}
        | EventKind::Contacted { .. }
        | EventKind::MailFiled { .. }
        | EventKind::FollowedUp { .. } => {}
        EventKind::MailBounced { recipient, .. } => {
            ticket.unreachable.push(recipient.clone());
            if ticket.unreachable.len() > MAX_UNREACHABLE {
                ticket.unreachable.remove(0);
            }
        }
        EventKind::AttachmentsAdded {
            attachments,
            left_out: _,
        } => {
            ticket.attachments.extend(attachments.iter().cloned());
        }
        EventKind::Recategorised { policy } => ticket.policy = policy.clone(),
        EventKind::FormatSaved {
            code,
            complete,
            fields,
        } => {
            let format = Format {
                complete: *complete,
                fields: fields.clone(),
                ..Format::default()
            };
            ticket.formats.insert(code.clone(), format);
        }
        EventKind::SectionDrafted {
            code,
            version,
            section,
            fields,
        } => ticket.section(code, *version, section).fields = fields.clone(),
        EventKind::SectionSigned {
            code,
            version,
            section,
            fields,
            signature,
            complete,
            reopens,
        } => {
            let filled = ticket.section(code, *version, section);
            filled.fields = fields.clone();
            filled.signatures.push(signature.clone());
            if let Some(format) = ticket.formats.get_mut(code) {
                format.complete = *complete;
                format.reopen(reopens);
            }
        }
        EventKind::SectionReopened {
            code,
            sections,
            reason: _,
        } => {
            if let Some(format) = ticket.formats.get_mut(code) {
                format.complete = false;
                format.reopen(sections);
            }
        }
        EventKind::Held { .. } => ticket.state = State::OnHold(HoldReason::Requester),
        EventKind::Resumed { .. } => ticket.state = ticket.at_the_desk(),
        EventKind::Escalated {
            officer,
            justification: _,
            from: _,
            absent,
        } => {
            ticket.state = State::OnHold(HoldReason::Technology);
            ticket.officer = Some(officer.clone());
            ticket.absent_officer = absent.then(|| officer.email.clone());
            ticket.solution_reported = None;
        }
        EventKind::Returned { .. } => {
            ticket.state = ticket.at_the_desk();
            ticket.solution_reported = None;
        }
        EventKind::ProviderRequested { provider, .. } => {
            ticket.state = State::OnHold(HoldReason::Provider);
            ticket.provider = Some(provider.clone());
        }
        EventKind::ProviderReplied { .. } => ticket.state = State::OnHold(HoldReason::Technology),
        EventKind::SolutionReported { report } => ticket.solution_reported = Some(report.clone()),
        EventKind::Resolved { solution, round: _ } => {
            ticket.state = State::Solved;
            ticket.outcome = Some(Outcome::Solved);
            ticket.solution = Some(solution.clone());
        }
        EventKind::Declined { reason } => {
            ticket.state = State::Solved;
            ticket.outcome = Some(Outcome::Declined);
            ticket.solution = Some(reason.clone());
        }
        EventKind::IncidentDescribed { incident } => {
            ticket.request.incident = Some(incident.clone());
        }
        EventKind::AuthorityReported { report } => {
            let reports = &mut ticket.reports;
            reports.retain(|other| other.authority != report.authority);
            reports.push(report.clone());
        }
        EventKind::PetitionMarked { petition } => ticket.petition = Some(petition.clone()),
        EventKind::PetitionUnmarked { reason: _ } => ticket.petition = None,
        EventKind::Forwarded { forwarding } => {
            ticket.state = State::Solved;
            ticket.outcome = Some(Outcome::Forwarded);
            ticket.solution = Some(forwarding.message.clone());
            ticket.petition = None;
            ticket.forwarding = Some(forwarding.clone());
        }
        EventKind::SurveyAnswered { survey } => ticket.survey = Some(survey.clone()),
        EventKind::Reopened { .. } => {
            ticket.state = ticket.at_the_desk();
            ticket.outcome = None;
            ticket.forwarding = None;
            ticket.solution = None;
            ticket.solution_reported = None;
            ticket.reopened += 1;
        }
        EventKind::Closed { reason } => {
            ticket.state = State::Closed;
            ticket.close_reason = Some(*reason);
        }
        EventKind::RequesterChanged { requester, from: _ } => {
            let request = &mut ticket.request;
            request.requester = Requester::from(requester.clone());
            request.observers.retain(|o| o.email != requester.email);
            // What we write no longer hangs under another's mail, nor does the link of
            // his mails lead here.
            request.message_id = None;
            ticket.link_edition = ticket.link_edition.saturating_add(1);
        }
        EventKind::Linked { link } => ticket.links.push(link.clone()),
        EventKind::ObserverRemoved { person } => {
            let observers = &mut ticket.request.observers;
            observers.retain(|observer| observer.email != person.email);
        }
        EventKind::LinkRevoked {} => ticket.link_edition = ticket.link_edition.saturating_add(1),
    }
    ticket.clocks.apply(&event.clocks, event.at);
    ticket.version = event.seq;
    ticket.updated_at = event.at;
}
