//! The commands, with their content and without it.

use strum::VariantArray;

use crate::format::accounts::Holder;
use crate::format::record::Values;
use crate::ids::{CategoryId, EmailAddress, FormatCode, ProviderId, SectionId};
use crate::incident::Incident;
use crate::legal::{Authority, ReportOutcome};
use crate::ticket::{Attachment, BounceKind, Link, Person, Visibility};

/// What to do where somebody who is to have it is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhenAway {
    /// Whoever asks is told.
    Ask,
    /// He knows, and it is to be his all the same.
    Confirmed,
}

impl From<Option<bool>> for WhenAway {
    /// What a request says of it: nothing is no.
    fn from(confirmed: Option<bool>) -> Self {
        match confirmed {
            Some(true) => WhenAway::Confirmed,
            Some(false) | None => WhenAway::Ask,
        }
    }
}

/// A command on a ticket that exists.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    AssignAutomatically {
        agent: Person,
        /// Agents of the team who are away.
        away: Vec<EmailAddress>,
    },
    DeferAssignment,
    Take,
    AssignTo {
        agent: EmailAddress,
        away: WhenAway,
    },
    /// Takes it off whoever is not there (a queue's consumer).
    HandOver,
    Contact {
        note: String,
    },
    FollowUp {
        body: String,
        visibility: Visibility,
    },
    AddAttachments {
        attachments: Vec<Attachment>,
        /// Files that there was no room for.
        left_out: usize,
    },
    Recategorise {
        category: CategoryId,
    },
    /// Fills a section of a format in, as far as it goes.
    DraftSection {
        code: FormatCode,
        section: SectionId,
        fields: Values,
    },
    /// Signs a section of a format.
    SignSection {
        code: FormatCode,
        section: SectionId,
        /// What is filled in with the signature; none, where it stands there already.
        fields: Option<Values>,
        /// The scan of what was signed on paper: a file of the ticket.
        on_paper: Option<String>,
        /// The accounts of the person whom the format is about.
        holder: Option<Box<Holder>>,
    },
    /// Opens signed sections again.
    CorrectSection {
        code: FormatCode,
        section: SectionId,
        reason: String,
    },
    Hold {
        note: String,
    },
    Resume {
        note: Option<String>,
    },
    Escalate {
        officer: EmailAddress,
        justification: String,
        away: WhenAway,
    },
    Return {
        note: String,
    },
    RequestProvider {
        provider: ProviderId,
        message: String,
    },
    RecordProviderReply {
        body: String,
    },
    ReportSolution {
        body: String,
    },
    Resolve {
        solution: String,
    },
    Decline {
        reason: String,
    },
    /// Writes down what is known of a security incident.
    DescribeIncident {
        incident: Box<Incident>,
    },
    /// Records that an incident was reported, or need not be.
    RecordReport {
        authority: Authority,
        outcome: ReportOutcome,
        note: String,
    },
    /// Says that it is a petition that is none of the desk's.
    MarkPetition {
        note: String,
    },
    /// Says that it is none after all.
    UnmarkPetition {
        reason: String,
    },
    /// Passes a petition on to whoever answers it.
    Forward {
        to: Person,
        message: String,
    },
    AnswerSurvey {
        round: u8,
        solved: bool,
        rating: u8,
        comment: Option<String>,
    },
    Reject {
        reason: String,
    },
    Close,
    ExpireValidation,
    /// Fires the steps of the clocks that are due.
    FireSteps,
    /// Puts a mail that nobody wrote on file.
    FileMail {
        what: String,
        text: String,
    },
    /// Records that a mail of ours did not reach somebody.
    RecordBounce {
        recipient: EmailAddress,
        why: BounceKind,
        detail: String,
    },
    Link {
        link: Link,
    },
    /// Says whose request it is.
    ChangeRequester {
        email: EmailAddress,
        /// As the directory calls him, or else his address, where none is given.
        name: Option<String>,
    },
    /// Makes the links of the mails that the requester has useless.
    RevokeLink,
    /// Takes somebody off who was copied.
    RemoveObserver {
        email: EmailAddress,
    },
    /// Whoever was copied wants no more of it.
    StopObserving,
}

/// A command without its content: what permissions and tables are about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, VariantArray)]
pub enum CommandKind {
    AssignAutomatically,
    DeferAssignment,
    Take,
    AssignTo,
    HandOver,
    Contact,
    FollowUp,
    FollowUpInternally,
    AddAttachments,
    Recategorise,
    DraftSection,
    SignSection,
    CorrectSection,
    Hold,
    Resume,
    Escalate,
    Return,
    RequestProvider,
    RecordProviderReply,
    ReportSolution,
    Resolve,
    Decline,
    DescribeIncident,
    RecordReport,
    MarkPetition,
    UnmarkPetition,
    Forward,
    AnswerSurvey,
    Reject,
    Close,
    ExpireValidation,
    FireSteps,
    FileMail,
    RecordBounce,
    Link,
    ChangeRequester,
    RevokeLink,
    RemoveObserver,
    StopObserving,
}

impl Command {
    /// The command without its content.
    pub fn kind(&self) -> CommandKind {
        use CommandKind as K;
        match self {
            Command::AssignAutomatically { .. } => K::AssignAutomatically,
            Command::DeferAssignment => K::DeferAssignment,
            Command::Take => K::Take,
            Command::AssignTo { .. } => K::AssignTo,
            Command::HandOver => K::HandOver,
            Command::Contact { .. } => K::Contact,
            Command::FollowUp {
                visibility: Visibility::Public,
                ..
            } => K::FollowUp,
            Command::FollowUp {
                visibility: Visibility::Internal,
                ..
            } => K::FollowUpInternally,
            Command::AddAttachments { .. } => K::AddAttachments,
            Command::Recategorise { .. } => K::Recategorise,
            Command::DraftSection { .. } => K::DraftSection,
            Command::SignSection { .. } => K::SignSection,
            Command::CorrectSection { .. } => K::CorrectSection,
            Command::Hold { .. } => K::Hold,
            Command::Resume { .. } => K::Resume,
            Command::Escalate { .. } => K::Escalate,
            Command::Return { .. } => K::Return,
            Command::RequestProvider { .. } => K::RequestProvider,
            Command::RecordProviderReply { .. } => K::RecordProviderReply,
            Command::ReportSolution { .. } => K::ReportSolution,
            Command::Resolve { .. } => K::Resolve,
            Command::Decline { .. } => K::Decline,
            Command::DescribeIncident { .. } => K::DescribeIncident,
            Command::RecordReport { .. } => K::RecordReport,
            Command::MarkPetition { .. } => K::MarkPetition,
            Command::UnmarkPetition { .. } => K::UnmarkPetition,
            Command::Forward { .. } => K::Forward,
            Command::AnswerSurvey { .. } => K::AnswerSurvey,
            Command::Reject { .. } => K::Reject,
            Command::Close => K::Close,
            Command::ExpireValidation => K::ExpireValidation,
            Command::FireSteps => K::FireSteps,
            Command::FileMail { .. } => K::FileMail,
            Command::RecordBounce { .. } => K::RecordBounce,
            Command::Link { .. } => K::Link,
            Command::ChangeRequester { .. } => K::ChangeRequester,
            Command::RevokeLink => K::RevokeLink,
            Command::RemoveObserver { .. } => K::RemoveObserver,
            Command::StopObserving => K::StopObserving,
        }
    }
}

impl CommandKind {
    /// Every command.
    pub const ALL: &'static [CommandKind] = CommandKind::VARIANTS;

    /// Whether it is about a format: those who sign one may give it, and know nothing else
    /// of the ticket.
    pub fn is_of_formats(self) -> bool {
        [
            CommandKind::DraftSection,
            CommandKind::SignSection,
            CommandKind::CorrectSection,
        ]
        .contains(&self)
    }

    /// The command in a Spanish sentence: "No se puede … en este estado".
    pub(super) fn verb(self) -> &'static str {
        use CommandKind as K;
        match self {
            K::AssignAutomatically | K::AssignTo | K::DeferAssignment => "asignar",
            K::HandOver => "entregar a otra persona",
            K::Take => "tomar",
            K::Contact => "registrar el contacto de",
            K::FollowUp | K::FollowUpInternally => "añadir un seguimiento a",
            K::AddAttachments => "adjuntar archivos a",
            K::FileMail | K::RecordBounce => "archivar correos en",
            K::Recategorise => "cambiar la categoría de",
            K::DraftSection => "diligenciar formatos de",
            K::SignSection => "firmar formatos de",
            K::CorrectSection => "corregir formatos de",
            K::Hold => "poner en espera",
            K::Resume => "reanudar",
            K::Escalate => "escalar",
            K::Return => "devolver",
            K::RequestProvider => "remitir a un proveedor",
            K::RecordProviderReply => "registrar la respuesta del proveedor de",
            K::ReportSolution => "reportar la solución de",
            K::Resolve => "resolver",
            K::Decline => "declinar",
            K::DescribeIncident => "describir el incidente de",
            K::RecordReport => "registrar un reporte de",
            K::MarkPetition => "marcar como petición",
            K::UnmarkPetition => "quitar la marca de petición de",
            K::Forward => "trasladar",
            K::AnswerSurvey => "evaluar",
            K::Reject => "rechazar la solución de",
            K::Close | K::ExpireValidation => "cerrar",
            K::FireSteps => "avisar de los plazos de",
            K::Link => "vincular",
            K::ChangeRequester => "cambiar el solicitante de",
            K::RevokeLink => "anular el enlace de",
            K::RemoveObserver => "quitar a quien está en copia de",
            K::StopObserving => "dejar de estar en copia de",
        }
    }
}
