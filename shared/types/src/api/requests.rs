//! What the routes take.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;
use strum::{IntoStaticStr, VariantArray};

use super::input;
use crate::catalogue::CatalogueDocument;
use crate::enrolment::Reach;
use crate::file::MAX_FILES_A_STEP;
use crate::format::record::Values;
use crate::ids::{CategoryId, EmailAddress, ProviderId, SectionId, TeamId, TicketRef, UploadId};
use crate::incident::{IncidentKind, PersonalData, Severity};
use crate::input::{
    Anything, Day, Email, Emails, FileName, FileSize, Filter, Flag, Instant, Key, Line,
    MAX_EXTENSION, MAX_NAME, MAX_TEXT, MAX_TITLE, MediaType, Members, Object, Optional, Or,
    Reference, Sha256Sum, Text, Uploads, Whole, Word, Words,
};
use crate::legal::{Authority, ReportOutcome};
use crate::problem::FieldError;
use crate::ticket::{Channel, MAX_OBSERVERS, RequesterKind, Status, Visibility, WebAction};

/// Longest comment of a survey, in characters.
pub const MAX_COMMENT: usize = 2_000;

/// The version that a command starts from, in the body of every command on a
/// ticket.
pub const EXPECTED_VERSION: Optional<Whole<u64>> = Optional(Whole(1, u64::MAX));

/// The version that a change of the catalogue starts from: 0 is the one that
/// ships.
pub const CATALOGUE_VERSION: Whole<u64> = Whole(0, u64::MAX);

/// How many items a page has, in every list.
const LIMIT: Or<Whole<usize>> = Or(Whole(1, 100), 50);
/// Where a page begins, in every list.
const CURSOR: Optional<Anything> = Optional(Anything);

/// Uploads that a step takes along, by their ids.
const ATTACHMENTS: Or<Uploads> = Or(Uploads(MAX_FILES_A_STEP), Vec::new());

const NO_ADDRESS: &str = "No es una dirección de correo válida.";

input! {
    /// A request to be registered.
    pub struct NewTicket {
        /// What it is about, on one line.
        title: String = Line(MAX_TITLE),
        /// What is the matter.
        description: String = Text(MAX_TEXT),
        /// Key of its category in the catalogue.
        category: CategoryId = Key::new(),
        /// How it came in. `phone` is for the desk, which then names the requester.
        channel: Channel = Or(Word(&[Channel::Web, Channel::Phone]), Channel::Web),
        /// The extension that was called from.
        extension: Option<String> = Optional(Line(MAX_EXTENSION)),
        /// What is asked of the web page, where the category asks for it.
        web_request: Option<NewWebRequest> = Optional(Object::new()),
        /// What is known of a security incident, where the category asks for it.
        incident: Option<NewIncident> = Optional(Object::new()),
        /// Who asks, where it is not the caller.
        requester: Option<NewRequester> = Optional(Object::new()),
        /// People of the entity who are to know of it: they read along, and get the
        /// requester's mails.
        observers: Vec<EmailAddress> = Or(Emails(MAX_OBSERVERS), Vec::new()),
        /// Files that belong to it: uploads for a request that is yet to be registered.
        attachments: Vec<UploadId> = ATTACHMENTS,
    }
    refusing |fields| {
        if channel == Some(Channel::Phone) && !matches!(requester, Some(Some(_))) {
            fields.refuse(FieldError::new(
                "requester",
                "required",
                "Quien registra una llamada indica quién la hizo.",
            ));
        }
    }
}

input! {
    /// What is asked of the web page.
    pub struct NewWebRequest {
        /// The last two are out of the procedure's scope.
        action: WebAction = Word(WebAction::ALL),
    }
}

input! {
    /// What somebody knows of a security incident who reports one.
    pub struct NewIncident {
        /// What kind of incident it is, as far as he can tell.
        kind: IncidentKind = Word(IncidentKind::ALL),
        /// What it happened to: a computer, an account, a system, a document.
        asset: String = Line(MAX_TITLE),
        /// Whether personal data are touched. Until somebody knows, it counts as if they were.
        personal_data: PersonalData = Word(PersonalData::ALL),
        /// What was done so far to contain it.
        containment: Option<String> = Optional(Text(MAX_COMMENT)),
    }
}

input! {
    /// What is known of a security incident.
    pub struct IncidentDescription {
        /// What kind of incident it is.
        kind: IncidentKind = Word(IncidentKind::ALL),
        /// What it happened to.
        asset: String = Line(MAX_TITLE),
        /// Whether personal data are touched: then their authority is to be told as well.
        personal_data: PersonalData = Word(PersonalData::ALL),
        /// How many people's.
        people: Option<u32> = Optional(Whole(1, 100_000_000)),
        /// How bad it is.
        severity: Option<Severity> = Optional(Word(Severity::ALL)),
        /// What was done so far to contain it.
        containment: Option<String> = Optional(Text(MAX_COMMENT)),
    }
}

input! {
    /// What came of a report that the law asks for.
    pub struct Report {
        /// Whom it is for.
        authority: Authority = Word(Authority::ALL),
        /// Whether it was made, or need not be.
        outcome: ReportOutcome = Word(ReportOutcome::ALL),
        /// The number that it got there, or why it need not be made.
        note: String = Text(MAX_COMMENT),
    }
}

input! {
    /// Whether it is a petition that is none of the desk's.
    pub struct PetitionMark {
        /// That it is one, or that it is none after all.
        petition: bool = Flag,
        /// Why.
        note: String = Text(MAX_COMMENT),
    }
}

input! {
    /// To whom a petition is passed on.
    pub struct Forwarding {
        /// The office or the entity that has to answer it.
        name: String = Line(MAX_NAME),
        /// Its address.
        email: EmailAddress = Email,
        /// Why it is theirs: they and whoever made it read it.
        message: String = Text(MAX_TEXT),
    }
}

input! {
    /// Who asks.
    pub struct NewRequester {
        /// His address.
        email: EmailAddress = Email,
        /// His name.
        name: String = Line(MAX_NAME),
        /// Where he works.
        unit: Option<String> = Optional(Line(MAX_NAME)),
        /// How he belongs to the entity.
        kind: Option<RequesterKind> = Optional(Word(RequesterKind::VARIANTS)),
    }
}

/// Longest id of a file, in characters.
const MAX_FILE_ID: usize = 100;

input! {
    /// A section of a format, as far as it is filled in.
    pub struct SectionDraft {
        /// Key of the section.
        section: SectionId = Key::new(),
        /// Its fields, by their keys: `GET /formats/{code}` says which there are. What is left
        /// out is blank.
        fields: Values = Members,
    }
}

input! {
    /// A signature.
    pub struct SectionSignature {
        /// What is filled in with it; without them, what stands there already is signed.
        fields: Option<Values> = Optional(Members),
        /// The scan of what was signed on paper, where the desk says so: a file of the ticket.
        on_paper: Option<String> = Optional(Line(MAX_FILE_ID)),
    }
}

input! {
    /// That something was signed and is wrong.
    pub struct SectionCorrection {
        /// Why.
        reason: String = Text(MAX_COMMENT),
    }
}

input! {
    /// Whom it is assigned to.
    pub struct Assignment {
        /// An agent of the ticket's team. Nobody named: the caller takes it.
        agent: Option<EmailAddress> = Optional(Email),
        /// Whether it is to be his although he is away.
        confirm_away: Option<bool> = Optional(Flag),
    }
}

input! {
    /// That the desk got in touch.
    pub struct Contact {
        /// What was said.
        note: String = Text(MAX_TEXT),
    }
}

input! {
    /// What it really is about.
    pub struct Recategorisation {
        /// Key of the category in the catalogue.
        category: CategoryId = Key::new(),
    }
}

input! {
    /// Whose request it is.
    pub struct RequesterChange {
        /// His address.
        email: EmailAddress = Email,
        /// His name, where the directory does not know it.
        name: Option<String> = Optional(Line(MAX_NAME)),
    }
}

input! {
    /// What is waited for.
    pub struct Hold {
        /// What the requester is asked.
        note: String = Text(MAX_TEXT),
    }
}

input! {
    /// That it goes on.
    pub struct Resumption {
        /// Why.
        note: Option<String> = Optional(Text(MAX_TEXT)),
    }
}

input! {
    /// Who solves it instead.
    pub struct Escalation {
        /// An officer of the Technology Office.
        officer: EmailAddress = Email,
        /// Why the desk cannot solve it.
        justification: String = Text(MAX_TEXT),
        /// Whether it is to be his although he is away.
        confirm_away: Option<bool> = Optional(Flag),
    }
}

input! {
    /// Why it goes back to the desk.
    pub struct Return {
        /// For the agent.
        note: String = Text(MAX_TEXT),
    }
}

input! {
    /// What is asked of whom outside.
    pub struct ProviderRequest {
        /// Key of the provider in the catalogue.
        provider: ProviderId = Key::new(),
        /// What he is asked.
        message: String = Text(MAX_TEXT),
    }
}

input! {
    /// What the provider answered.
    pub struct ProviderReply {
        /// His words.
        body: String = Text(MAX_TEXT),
    }
}

input! {
    /// A note on the ticket.
    pub struct FollowUp {
        /// The note.
        body: String = Text(MAX_TEXT),
        /// Who may read it.
        visibility: Visibility = Word(Visibility::VARIANTS),
        /// Files that belong to it: whoever may read the note may have them.
        attachments: Vec<UploadId> = ATTACHMENTS,
    }
}

input! {
    /// A file that somebody is about to upload.
    pub struct NewUpload {
        /// What it is called. Folders before it are left out.
        name: String = FileName,
        /// What it is, as far as is known: `application/octet-stream` says nothing.
        content_type: String = MediaType,
        /// How many bytes it has.
        size: u64 = FileSize,
        /// SHA-256 of them in hexadecimal: then S3 takes no others.
        sha256: Option<String> = Optional(Sha256Sum),
    }
}

input! {
    /// Who may have a file that was uploaded.
    pub struct Attaching {
        /// `internal` is for those who work on the ticket.
        visibility: Visibility = Or(Word(Visibility::VARIANTS), Visibility::Public),
    }
}

input! {
    /// What the officer did.
    pub struct SolutionReport {
        /// The solution, with its evidence.
        body: String = Text(MAX_TEXT),
        /// Files that show it. They are for those who work on the ticket.
        attachments: Vec<UploadId> = ATTACHMENTS,
    }
}

input! {
    /// How it was solved.
    pub struct Resolution {
        /// For the requester.
        solution: String = Text(MAX_TEXT),
        /// Files that belong to it. The requester may have them.
        attachments: Vec<UploadId> = ATTACHMENTS,
    }
}

input! {
    /// Why it is not done.
    pub struct Decline {
        /// For the requester.
        reason: String = Text(MAX_TEXT),
    }
}

input! {
    /// Why the solution did not hold.
    pub struct Rejection {
        /// For the desk.
        reason: String = Text(MAX_TEXT),
    }
}

input! {
    /// Nothing but the version that it starts from.
    pub struct Closure {}
}

input! {
    /// Nothing but the version that it starts from.
    pub struct LinkRevocation {}
}

input! {
    /// Nothing but the version that it starts from.
    pub struct ObserverRemoval {}
}

input! {
    /// The requester's word on a solution.
    pub struct SurveyAnswer {
        /// Whether it is solved.
        solved: bool = Flag,
        /// 5 is best.
        rating: u8 = Whole(1, 5),
        /// What else there is to say.
        comment: Option<String> = Optional(Text(MAX_COMMENT)),
    }
}

input! {
    /// Which tickets, and which page of them.
    pub struct TicketQuery {
        /// Where they stand.
        status: Option<Status> = Optional(Filter(
            Word(Status::ALL),
            "Debe ser uno de: new, assigned, on_hold, solved, closed.",
        )),
        /// Key of their team in the catalogue.
        team: Option<TeamId> = Optional(Filter(Key::new(), "No existe ese equipo.")),
        /// Key of their category in the catalogue.
        category: Option<CategoryId> = Optional(Filter(Key::new(), "No existe esa categoría.")),
        /// Who is responsible for them.
        assignee: Option<EmailAddress> = Optional(Filter(Email, NO_ADDRESS)),
        /// Who asked.
        requester: Option<EmailAddress> = Optional(Filter(Email, NO_ADDRESS)),
        /// A clock of theirs runs out before this time.
        due_before: Option<Timestamp> = Optional(Filter(
            Instant,
            "Debe ser una fecha y hora RFC 3339, por ejemplo 2026-11-23T13:00:00Z.",
        )),
        /// A format of theirs waits for the caller to fill it in and sign it.
        awaiting: Option<Awaiting> = Optional(Filter(Word(Awaiting::VARIANTS), "Debe ser «me».")),
        /// Words of the title, the description or the requester's name; or the number.
        q: Option<String> = Optional(Anything),
        /// How many on a page.
        limit: usize = LIMIT,
        /// `next_cursor` of the page before.
        cursor: Option<String> = CURSOR,
    }
}

/// Whom a format waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, IntoStaticStr, VariantArray)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Awaiting {
    /// Whoever asks.
    Me,
}

input! {
    /// Which people of the matrix of accounts, and which page of them.
    pub struct AccountsQuery {
        /// Words of the name, the unit or the address.
        q: Option<String> = Optional(Anything),
        /// How many people are looked at for a page.
        limit: usize = LIMIT,
        /// `next_cursor` of the page before.
        cursor: Option<String> = CURSOR,
    }
}

/// The version of a review that a change starts from: 0 is one that nobody has begun.
const REVIEW_VERSION: Optional<Whole<u64>> = Optional(Whole(0, u64::MAX));

input! {
    /// What a chief decides on accounts of his people.
    pub struct ReviewDecisions {
        /// `ratify` or `withdraw`, by the ids of the accounts; null leaves one as it is.
        decisions: Values = Or(Words(&["ratify", "withdraw"]), Values::new()),
        /// Whether it is signed: every account has to be decided on then.
        sign: bool = Or(Flag, false),
        /// The version that it starts from; without it, whatever is there.
        expected_version: Option<u64> = REVIEW_VERSION,
    }
}

input! {
    /// Which page of a history.
    pub struct HistoryQuery {
        /// How many on a page.
        limit: usize = LIMIT,
        /// `next_cursor` of the page before.
        cursor: Option<String> = CURSOR,
    }
}

input! {
    /// Which page of the catalogue's versions.
    pub struct VersionsQuery {
        /// How many on a page.
        limit: usize = Or(Whole(1, 50), 20),
        /// `next_cursor` of the page before.
        cursor: Option<String> = CURSOR,
    }
}

input! {
    /// What becomes of a sheet of people.
    pub struct DirectoryQuery {
        /// Whether it is only said what would change.
        preview: bool = Or(Flag, false),
        /// Whether those whom the sheet does not name stay (`listed`) or go (`whole`).
        reach: Reach = Or(Word(Reach::VARIANTS), Reach::Listed),
        /// The version that was looked at: nothing is written over another one.
        version: Option<u64> = Optional(CATALOGUE_VERSION),
    }
    refusing |fields| {
        if preview == Some(false) && version == Some(None) {
            fields.refuse(FieldError::new(
                "version",
                "required",
                "Indique la versión que se vio al previsualizar.",
            ));
        }
    }
}

/// Which of the mails that came to nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, IntoStaticStr, VariantArray)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Discarded {
    Refused,
    Filed,
    Duplicate,
}

impl Discarded {
    /// The one with this word.
    pub fn of(word: &str) -> Option<Self> {
        let mut all = Self::VARIANTS.iter().copied();
        all.find(|class| <&str>::from(*class) == word)
    }
}

input! {
    /// Which mails that came to nothing, and which page of them.
    pub struct RefusedQuery {
        /// The day that they came in, in the entity's time zone.
        day: Date = Day,
        /// What was refused, what nobody wrote, or what came a second time.
        outcome: Discarded = Or(
            Filter(Word(Discarded::VARIANTS), "Debe ser refused, filed o duplicate."),
            Discarded::Refused,
        ),
        /// How many on a page.
        limit: usize = LIMIT,
        /// `next_cursor` of the page before.
        cursor: Option<String> = CURSOR,
    }
}

input! {
    /// Which day's account.
    pub struct MailReportQuery {
        /// In the entity's time zone.
        day: Date = Day,
    }
}

input! {
    /// What whoever accepts a mail may say better than the mail.
    pub struct Acceptance {
        /// Key of the category in the catalogue.
        category: Option<CategoryId> = Optional(Key::new()),
        /// Who asks.
        requester: Option<AcceptedRequester> = Optional(Object::new()),
        /// The ticket that it belongs to, by number or id; without one it makes its own.
        ticket: Option<TicketRef> = Optional(Reference),
    }
}

input! {
    /// Who asks, by mail.
    pub struct AcceptedRequester {
        /// His address.
        email: EmailAddress = Email,
        /// His name.
        name: String = Line(MAX_NAME),
    }
}

/// A catalogue to be written, with the version that it starts from.
pub struct CatalogueChange {
    pub document: CatalogueDocument,
    pub version: Option<u64>,
}
