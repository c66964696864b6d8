//! The table of routes.
//!
//! A row says what happens, what is taken, by whom, what is answered, and which
//! problems are, with an example. Where a page has a form for it, the row says
//! what address that is sent to: it is the same command.

use super::{Access, Routes, Row, Takes, requests};
use crate::catalogue::Role;
use crate::command::CommandKind;
use crate::problem::ProblemCode;

use ProblemCode as P;

/// A function that answers routes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Function {
    Intake,
    Assignment,
    Escalation,
    Resolution,
    Closure,
    Mailroom,
    Desk,
    Session,
}

impl Function {
    /// Its crate and binary.
    pub fn name(self) -> &'static str {
        match self {
            Function::Intake => "intake",
            Function::Assignment => "assignment",
            Function::Escalation => "escalation",
            Function::Resolution => "resolution",
            Function::Closure => "closure",
            Function::Mailroom => "mailroom",
            Function::Desk => "desk",
            Function::Session => "session",
        }
    }
}

/// Who writes the catalogue, in whatever way.
pub const CHANGES_CATALOGUE: Access = Access::Roles(&[Role::Coordinator]);

/// Who reads what was in force before, and who changed it.
const READS_VERSIONS: Access = Access::Roles(&[Role::Coordinator, Role::Auditor]);

/// What a command on a ticket may run into.
const COMMAND: &[P] = &[
    P::MalformedBody,
    P::Forbidden,
    P::NotFound,
    P::VoidNumber,
    P::InvalidTransition,
    P::VersionConflict,
    P::Validation,
    P::IdempotencyMismatch,
    P::Internal,
    P::Unavailable,
];
const REGISTRATION: &[P] = &[
    P::MalformedBody,
    P::Forbidden,
    P::Validation,
    P::IdempotencyMismatch,
    P::Internal,
    P::Unavailable,
];
const ONE: &[P] = &[
    P::Forbidden,
    P::NotFound,
    P::VoidNumber,
    P::Internal,
    P::Unavailable,
];
const MANY: &[P] = &[P::Forbidden, P::Validation, P::Internal, P::Unavailable];
const HISTORY: &[P] = &[
    P::Forbidden,
    P::NotFound,
    P::VoidNumber,
    P::Validation,
    P::Internal,
    P::Unavailable,
];
const SURVEY: &[P] = &[P::NotFound, P::LinkEnded, P::Internal, P::Unavailable];
const SURVEY_ANSWER: &[P] = &[
    P::MalformedBody,
    P::NotFound,
    P::LinkEnded,
    P::InvalidTransition,
    P::Validation,
    P::IdempotencyMismatch,
    P::Internal,
    P::Unavailable,
];
const REVIEW: &[P] = &[
    P::MalformedBody,
    P::Forbidden,
    P::InvalidTransition,
    P::VersionConflict,
    P::Validation,
    P::IdempotencyMismatch,
    P::Internal,
    P::Unavailable,
];
const FORMATS: &[P] = &[P::Forbidden, P::Internal, P::Unavailable];
const FORMAT_SCHEMA: &[P] = &[P::Forbidden, P::NotFound, P::Internal, P::Unavailable];
const CATALOGUE: &[P] = &[P::Forbidden, P::Internal, P::Unavailable];
const CATALOGUE_CHANGE: &[P] = &[
    P::MalformedBody,
    P::Forbidden,
    P::VersionConflict,
    P::Validation,
    P::Internal,
    P::Unavailable,
];
const DIRECTORY_CHANGE: &[P] = &[
    P::Forbidden,
    P::VersionConflict,
    P::Validation,
    P::IdempotencyMismatch,
    P::Internal,
    P::Unavailable,
];
const ACCEPTANCE: &[P] = &[
    P::MalformedBody,
    P::Forbidden,
    P::NotFound,
    P::VoidNumber,
    P::InvalidTransition,
    P::Validation,
    P::IdempotencyMismatch,
    P::Internal,
    P::Unavailable,
];

macro_rules! page_of {
    () => {
        None
    };
    ($page:literal) => {
        Some($page)
    };
}

macro_rules! routes {
    ($(
        $(#[doc = $about:literal])+
        $module:ident: $function:ident {$(
            $(#[doc = $doc:literal])+
            $route:ident $(($what:ident $input:ty))? {
                $method:ident $path:literal $(page $page:literal)? $(link $link:literal)? by $access:expr;
                $status:literal $how:ident $answer:ty, or $problems:expr;
                $(example $example:tt)?
            }
        )+}
    )+) => {
        $(
            $(#[doc = $about])+
            pub mod $module {
                use super::*;

                /// Every route of the function.
                #[derive(Clone, Copy)]
                pub enum Route {
                    $($(#[doc = $doc])+ $route $((Takes<$input>))?,)+
                }

                impl Routes for Route {
                    fn of(key: &str) -> Option<Self> {
                        $(if rows::$route.is(key) {
                            return Some(Route::$route $((Takes::<$input>::at(&rows::$route)))?);
                        })+
                        None
                    }
                }

                impl Route {
                    /// Its row of the table.
                    pub fn row(&self) -> &'static Row {
                        match self {
                            $(Route::$route { .. } => &rows::$route,)+
                        }
                    }
                }

                #[expect(non_upper_case_globals, reason = "named as the routes are")]
                pub(super) mod rows {
                    use super::*;

                    $(pub static $route: Row = Row {
                        name: stringify!($route),
                        method: stringify!($method),
                        path: $path,
                        page: page_of!($($page)?),
                        link: page_of!($($link)?),
                        function: Function::$function,
                        access: $access,
                        status: $status,
                        problems: $problems,
                        #[cfg(test)]
                        documented: crate::api::document::Documented {
                            about: concat!($($doc),+),
                            takes: crate::api::document::takes!($($what $input)?),
                            answers: crate::api::document::answers!($how $answer),
                            example: || crate::api::document::example!($($example)?),
                        },
                    };)+
                }
            }
        )+

        /// Every route, in the order of the table.
        pub static ROUTES: &[&Row] = &[$($(&$module::rows::$route),+),+];
    };
}

#[cfg(test)]
use super::Page;
#[cfg(test)]
use crate::format::{accounts::HolderView, document::FormatSummary, view::FormatView};
#[cfg(test)]
use crate::{account::ClocksExplained, mail::*, review::ReviewView, upload::UploadView, view::*};
use CommandKind as C;

routes! {
    /// Registering.
    intake: Intake {
        /// Registers a request (activities 1 and 2, control C1). For oneself; the desk also for
        /// others, who called.
        Register(body requests::NewTicket) {
            POST "/tickets" page "/solicitudes" by Access::Entity;
            201 json TicketView<'static>, or REGISTRATION;
            example {
                "title": "No abre el correo",
                "description": "Desde hoy no abre.",
                "category": "plataforma"
            }
        }
    }

    /// The quarterly review of accounts.
    reviews: Intake {
        /// Decides on accounts of the caller's people (`GET /accounts/review` says which there
        /// are), each by its id: `ratify` or `withdraw`; null leaves it as it is. With `sign`
        /// the review is frozen: what was ratified is stamped, and a request to disable what
        /// was withdrawn is opened for each person.
        DecideReview(body requests::ReviewDecisions) {
            POST "/accounts/review" by Access::Entity;
            200 json ReviewView, or REVIEW;
            example { "decisions": {}, "sign": false }
        }
    }

    /// Files of requests that are yet to be registered.
    uploads: Intake {
        /// Announces a file of a request that is yet to be registered, and says where its bytes
        /// are sent to. The registration takes it along.
        AnnounceUpload(body requests::NewUpload) {
            POST "/uploads" page "/archivos" by Access::Entity;
            201 json UploadView<'static>, or REGISTRATION;
            example { "name": "pantalla.png", "content_type": "image/png", "size": 188416 }
        }
    }

    /// An agent's first steps.
    assignment: Assignment {
        /// Assigns it to an agent of the team, or takes it (activity 2).
        Assign(body requests::Assignment) {
            POST "/tickets/{ref}/assignment" page "/solicitudes/{ref}/responsable"
                by Access::Command(&[C::Take, C::AssignTo]);
            200 json TicketView<'static>, or COMMAND;
            example { "agent": "agente2.soporte@uspec.gov.co" }
        }
        /// Records that the desk got in touch: the attention time is met.
        Contact(body requests::Contact) {
            POST "/tickets/{ref}/contact" page "/solicitudes/{ref}/contacto"
                by Access::Command(&[C::Contact]);
            200 json TicketView<'static>, or COMMAND;
            example { "note": "Llamé: el equipo no enciende." }
        }
        /// Puts it into another category.
        Recategorise(body requests::Recategorisation) {
            POST "/tickets/{ref}/category" page "/solicitudes/{ref}/categoria"
                by Access::Command(&[C::Recategorise]);
            200 json TicketView<'static>, or COMMAND;
            example { "category": "redes" }
        }
        /// Says whose request it is (activity 2): the desk took it for somebody else's. Both
        /// are told.
        ChangeRequester(body requests::RequesterChange) {
            POST "/tickets/{ref}/requester" page "/solicitudes/{ref}/solicitante"
                by Access::Command(&[C::ChangeRequester]);
            200 json TicketView<'static>, or COMMAND;
            example { "email": "rosa.diaz@uspec.gov.co", "name": "Rosa Díaz" }
        }
    }

    /// What the desk cannot solve by itself.
    escalation: Escalation {
        /// Waits for the requester (activity 6). Counts as contact.
        Hold(body requests::Hold) {
            POST "/tickets/{ref}/hold" page "/solicitudes/{ref}/espera"
                by Access::Command(&[C::Hold]);
            200 json TicketView<'static>, or COMMAND;
            example { "note": "¿En qué oficina está el equipo?" }
        }
        /// Goes on with what waited for the requester (activity 5).
        Resume(body requests::Resumption) {
            POST "/tickets/{ref}/resume" page "/solicitudes/{ref}/reanudacion"
                by Access::Command(&[C::Resume]);
            200 json TicketView<'static>, or COMMAND;
            example { "note": "Respondió por teléfono: está en la 302." }
        }
        /// Escalates it to an officer of the Technology Office (activities 3 and 7).
        Escalate(body requests::Escalation) {
            POST "/tickets/{ref}/escalation" page "/solicitudes/{ref}/escalamiento"
                by Access::Command(&[C::Escalate]);
            200 json TicketView<'static>, or COMMAND;
            example {
                "officer": "oficial1.tecnologia@uspec.gov.co",
                "justification": "El servidor de correo no responde."
            }
        }
        /// Gives it back to the desk.
        Return(body requests::Return) {
            POST "/tickets/{ref}/return" page "/solicitudes/{ref}/devolucion"
                by Access::Command(&[C::Return]);
            200 json TicketView<'static>, or COMMAND;
            example { "note": "El servidor está bien: es el equipo." }
        }
        /// Calls an outside provider (activity 10).
        RequestProvider(body requests::ProviderRequest) {
            POST "/tickets/{ref}/provider" page "/solicitudes/{ref}/proveedor"
                by Access::Command(&[C::RequestProvider]);
            200 json TicketView<'static>, or COMMAND;
            example { "provider": "redes_externo", "message": "El enlace está caído." }
        }
        /// Records what the provider answered (activity 10).
        RecordProviderReply(body requests::ProviderReply) {
            POST "/tickets/{ref}/provider-reply" page "/solicitudes/{ref}/respuesta-proveedor"
                by Access::Command(&[C::RecordProviderReply]);
            200 json TicketView<'static>, or COMMAND;
            example { "body": "Cambiamos la fibra." }
        }
    }

    /// Work on a ticket.
    resolution: Resolution {
        /// Adds a note, for everybody or for those who work on it.
        FollowUp(body requests::FollowUp) {
            POST "/tickets/{ref}/followups" page "/solicitudes/{ref}/seguimientos"
                link "/s/{token}/seguimientos"
                by Access::Command(&[C::FollowUp, C::FollowUpInternally]);
            200 json TicketView<'static>, or COMMAND;
            example { "body": "Sigue igual.", "visibility": "public" }
        }
        /// Announces a file of a ticket, and says where its bytes are sent to. It is on the ticket
        /// once that was confirmed, or some other step took it along; until then it is nowhere
        /// to be seen, and after a day it is gone.
        AnnounceAttachment(body requests::NewUpload) {
            POST "/tickets/{ref}/attachments" page "/solicitudes/{ref}/archivos"
                link "/s/{token}/archivos"
                by Access::Command(&[C::AddAttachments]);
            201 json UploadView<'static>, or COMMAND;
            example { "name": "pantalla.png", "content_type": "image/png", "size": 188416 }
        }
        /// Attaches a file that was uploaded: its size, its digest and its kind are those that
        /// were announced. Once more is the same.
        Attach(body requests::Attaching) {
            POST "/tickets/{ref}/attachments/{id}" by Access::Command(&[C::AddAttachments]);
            200 json TicketView<'static>, or COMMAND;
            example { "visibility": "public" }
        }
        /// Reports the officer's solution to the desk (activities 9 and 11).
        ReportSolution(body requests::SolutionReport) {
            POST "/tickets/{ref}/solution-report" page "/solicitudes/{ref}/informe"
                by Access::Command(&[C::ReportSolution]);
            200 json TicketView<'static>, or COMMAND;
            example { "body": "Se reinició el servidor de correo; el registro va adjunto." }
        }
        /// Writes down what is known of a security incident: until its kind and whether personal
        /// data are touched stand there, it is not solved.
        DescribeIncident(body requests::IncidentDescription) {
            POST "/tickets/{ref}/incident" page "/solicitudes/{ref}/incidente"
                by Access::Command(&[C::DescribeIncident]);
            200 json TicketView<'static>, or COMMAND;
            example {
                "kind": "phishing",
                "asset": "Buzón de correo de la dependencia",
                "personal_data": "yes",
                "people": 12,
                "severity": "high",
                "containment": "Se cambiaron las contraseñas y se cerraron las sesiones."
            }
        }
        /// Records that an incident was reported to an authority, or why it need not be (Decreto
        /// 338 de 2022; Ley 1581 de 2012, art. 17, lit. n).
        RecordReport(body requests::Report) {
            POST "/tickets/{ref}/reports" page "/solicitudes/{ref}/reportes"
                by Access::Command(&[C::RecordReport]);
            200 json TicketView<'static>, or COMMAND;
            example { "authority": "csirt", "outcome": "reported", "note": "Caso 2026-0417." }
        }
        /// Says that it is a petition (PQRSD), which is somebody else's to answer, or that it is
        /// none after all. As long as it is one, the law's time to pass it on runs, and not the
        /// one agreed for solutions.
        MarkPetition(body requests::PetitionMark) {
            POST "/tickets/{ref}/petition" page "/solicitudes/{ref}/peticion"
                by Access::Command(&[C::MarkPetition, C::UnmarkPetition]);
            200 json TicketView<'static>, or COMMAND;
            example { "petition": true, "note": "Pide copia de un contrato: lo responde Contractual." }
        }
        /// Passes a petition on to whoever answers it, and tells whoever made it (Ley 1437 de 2011,
        /// art. 21).
        Forward(body requests::Forwarding) {
            POST "/tickets/{ref}/forwarding" page "/solicitudes/{ref}/traslado"
                by Access::Command(&[C::Forward]);
            200 json TicketView<'static>, or COMMAND;
            example {
                "name": "Grupo de Atención al Ciudadano",
                "email": "atencion.ciudadano@uspec.gov.co",
                "message": "La petición es sobre la atención en un establecimiento, que es de su competencia."
            }
        }
        /// Solves it (activities 4, 12 and 13).
        Resolve(body requests::Resolution) {
            POST "/tickets/{ref}/resolution" page "/solicitudes/{ref}/solucion"
                by Access::Command(&[C::Resolve]);
            200 json TicketView<'static>, or COMMAND;
            example { "solution": "Se reinició el servicio." }
        }
        /// Fills a section of a format in, as far as it goes (section 5.1, activity 9). Nothing has
        /// to be there yet; what is left out is blank.
        DraftSection(body requests::SectionDraft) {
            PUT "/tickets/{ref}/formats/{code}" by Access::Command(&[C::DraftSection]);
            200 json FormatView<'static>, or COMMAND;
            example { "section": "user", "fields": { "kind": "contractor" } }
        }
        /// Signs a section of a format, which is frozen then. The next one is told that it is
        /// its turn.
        SignSection(body requests::SectionSignature) {
            POST "/tickets/{ref}/formats/{code}/sections/{section}/signature"
                by Access::Command(&[C::SignSection]);
            200 json FormatView<'static>, or COMMAND;
            example {
                "fields": {
                    "novelty": "entry",
                    "kind": "contractor",
                    "document_type": "CC",
                    "document_number": "52345618",
                    "first_names": "Ricardo",
                    "last_names": "Pérez",
                    "unit": "Supervisión de Contratos",
                    "position": "Apoyo jurídico",
                    "contract_number": "318 de 2026",
                    "contract_start": "2026-12-01",
                    "contract_end": "2027-05-31",
                    "supervisor": "coordinador.mesa@uspec.gov.co",
                    "boss": "jefa.juridica@uspec.gov.co"
                }
            }
        }
        /// Opens a signed section again, and those after it: they are signed anew.
        CorrectSection(body requests::SectionCorrection) {
            POST "/tickets/{ref}/formats/{code}/sections/{section}/correction"
                by Access::Command(&[C::CorrectSection]);
            200 json FormatView<'static>, or COMMAND;
            example { "reason": "El contrato termina un mes antes." }
        }
        /// Declines what is out of the procedure's scope (section 5).
        Decline(body requests::Decline) {
            POST "/tickets/{ref}/decline" page "/solicitudes/{ref}/fuera-de-alcance"
                by Access::Command(&[C::Decline]);
            200 json TicketView<'static>, or COMMAND;
            example { "reason": "El diseño de la página no es de la Mesa de Ayuda." }
        }
        /// Takes somebody off who was copied: the desk does, whoever asked, and he himself. He
        /// gets no more of its mails, and does not read it any more.
        RemoveObserver(body requests::ObserverRemoval) {
            DELETE "/tickets/{ref}/observers/{email}" page "/solicitudes/{ref}/copias/{email}"
                by Access::Command(&[C::RemoveObserver, C::StopObserving]);
            200 json TicketView<'static>, or COMMAND;
            example {}
        }
    }

    /// Validation and closing.
    closure: Closure {
        /// Says that the solution did not hold: it is opened again.
        Reject(body requests::Rejection) {
            POST "/tickets/{ref}/rejection" page "/solicitudes/{ref}/rechazo"
                link "/s/{token}/rechazo"
                by Access::Command(&[C::Reject]);
            200 json TicketView<'static>, or COMMAND;
            example { "reason": "Volvió a fallar." }
        }
        /// Closes what is solved (activity 15).
        Close(body requests::Closure) {
            POST "/tickets/{ref}/closure" page "/solicitudes/{ref}/cierre"
                by Access::Command(&[C::Close]);
            200 json TicketView<'static>, or COMMAND;
            example {}
        }
        /// Makes the links of the mails that the requester has useless: they reached somebody
        /// else. The next mail has a new one.
        RevokeLink(body requests::LinkRevocation) {
            POST "/tickets/{ref}/link-revocation" page "/solicitudes/{ref}/enlace"
                by Access::Command(&[C::RevokeLink]);
            200 json TicketView<'static>, or COMMAND;
            example {}
        }
        /// Shows what is rated. Changes nothing.
        ShowSurvey {
            GET "/surveys/{token}" by Access::Link;
            200 json_or_page SurveyView<'static>, or SURVEY;
        }
        /// Takes the requester's word on the solution (activity 14, control C2).
        AnswerSurvey(body_or_form requests::SurveyAnswer) {
            POST "/surveys/{token}" by Access::Link;
            200 json_or_page SurveyView<'static>, or SURVEY_ANSWER;
            example { "solved": true, "rating": 5, "comment": "Muy rápido." }
        }
    }

    /// The read side.
    desk: Desk {
        /// The tickets that the caller may see, without what they say at length. A requester's
        /// newest first; a team's by what is due next, what is closed last. A page may have
        /// fewer than were asked for: what counts is whether there is a cursor.
        List(query requests::TicketQuery) {
            GET "/tickets" by Access::SignedIn;
            200 json Page<TicketSummary<'static>>, or MANY;
            example { "status": "assigned", "limit": 10 }
        }
        /// One ticket.
        Show {
            GET "/tickets/{ref}" by Access::SignedIn;
            200 json TicketView<'static>, or ONE;
        }
        /// What happened to a ticket, in order.
        History(query requests::HistoryQuery) {
            GET "/tickets/{ref}/events" by Access::SignedIn;
            200 json Page<EventView<'static>>, or HISTORY;
            example { "limit": 2 }
        }
        /// The clocks of a ticket, with the account that defends their due times.
        Clocks {
            GET "/tickets/{ref}/clocks" by Access::SignedIn;
            200 json ClocksExplained<'static>, or ONE;
        }
        /// A file of a ticket: a link to it that is good for a short while. To whoever asks for
        /// JSON it is an answer instead of a redirection, which scripts cannot follow.
        Attachment {
            GET "/tickets/{ref}/attachments/{id}" by Access::SignedIn;
            302 redirect_or_json LinkView<'static>, or ONE;
        }
        /// The formats of the procedure, and who signs each of their sections.
        Formats {
            GET "/formats" by Access::SignedIn;
            200 json Page<FormatSummary>, or FORMATS;
        }
        /// A format as JSON Schema (draft 2020-12): an object of sections.
        FormatSchema {
            GET "/formats/{code}" by Access::SignedIn;
            200 any (), or FORMAT_SCHEMA;
        }
        /// A format of a ticket: whoever reads the ticket may read it, and whoever signs a section.
        Format {
            GET "/tickets/{ref}/formats/{code}" by Access::SignedIn;
            200 json FormatView<'static>, or ONE;
        }
        /// The matrix of accounts (A3-FO-11): who holds what, until when.
        Accounts(query requests::AccountsQuery) {
            GET "/accounts" by Access::Roles(&[Role::Coordinator, Role::Auditor, Role::Head]);
            200 json Page<HolderView>, or MANY;
            example { "limit": 10 }
        }
        /// The quarterly review of the accounts of the caller's people; to those who oversee it,
        /// and to the offices that sign formats, also which chiefs have signed.
        Review {
            GET "/accounts/review" by Access::Entity;
            200 json ReviewView, or FORMATS;
        }
        /// The catalogue: categories, teams, directory, providers and calendars.
        Catalogue {
            GET "/catalog" by Access::Entity;
            200 json CatalogueView<'static>, or CATALOGUE;
        }
        /// Writes a new version of the catalogue. `version` names the one that it starts from.
        ChangeCatalogue(catalogue requests::CatalogueChange) {
            PUT "/catalog" by CHANGES_CATALOGUE;
            200 json CatalogueView<'static>, or CATALOGUE_CHANGE;
            example (shipped_catalogue)
        }
        /// The directory from a spreadsheet, saved as CSV: its people come in or change, and
        /// nothing is written while one of its cells is wrong. Columns: `correo` and `nombre`,
        /// and of `roles`, `equipos`, `disponible`, `ausente_hasta`, `dependencia`,
        /// `extension` and `vinculacion` those that it has. `preview=true` says what it would do.
        ImportDirectory(sheet requests::DirectoryQuery) {
            POST "/catalog/directory" by CHANGES_CATALOGUE;
            200 json DirectoryChangeView, or DIRECTORY_CHANGE;
            example { "preview": true }
        }
        /// The versions of the catalogue that were written, the latest first: who wrote each,
        /// when, and in what it differs from the one before.
        CatalogueVersions(query requests::VersionsQuery) {
            GET "/catalog/versions" by READS_VERSIONS;
            200 json Page<CatalogueVersionView>, or MANY;
            example { "limit": 10 }
        }
        /// This document.
        Document {
            GET "/openapi.json" by Access::Anyone;
            200 any (), or &[];
        }
    }

    /// Mail that came in.
    mailroom: Mailroom {
        /// The mails of a day that were refused, each with its reason; or those that nobody wrote.
        Refused(query requests::RefusedQuery) {
            GET "/mail/refused"
                by Access::Roles(&[Role::Agent, Role::Coordinator, Role::Auditor, Role::Head]);
            200 json Page<MailRecord>, or MANY;
            example { "day": "2026-11-23", "outcome": "refused" }
        }
        /// Makes a ticket of a refused mail after all.
        Accept(body requests::Acceptance) {
            POST "/mail/refused/{id}/acceptance" page "/correo/{id}/aceptar"
                by Access::Roles(&[Role::Agent, Role::Coordinator]);
            201 json TicketView<'static>, or ACCEPTANCE;
            example { "category": "plataforma" }
        }
        /// The account of a day: every mail in the bucket has its one outcome.
        Report(query requests::MailReportQuery) {
            GET "/reports/mail" by Access::Roles(&[Role::Coordinator, Role::Auditor, Role::Head]);
            200 json MailReport, or MANY;
            example { "day": "2026-11-23" }
        }
    }
}
