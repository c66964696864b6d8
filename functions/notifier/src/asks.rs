//! What a mail asks of its reader: the one thing to do, and what an answer to the mail
//! does. Whoever reads it knows no procedure, so it is said in plain words.

use types::effects::{MailKind, Recipients};
use types::reply;
use types::ticket::Ticket;
use types::token::TokenUse;
use types::verbs::{Hand, Verb};

use crate::office::Office;

/// The one thing to do, as the words and the address of a button. `page` is the ticket's,
/// for this reader.
pub fn button(
    kind: MailKind,
    ticket: &Ticket,
    office: &Office,
    page: &str,
) -> Option<(&'static str, String)> {
    match kind.line().to {
        Recipients::Requester => {}
        Recipients::Signers => return Some(("Diligenciar y firmar", page.to_owned())),
        Recipients::Observers
        | Recipients::FormerRequester
        | Recipients::OtherTeams
        | Recipients::NewAgent
        | Recipients::FormerAgent
        | Recipients::Agent
        | Recipients::NewOfficer
        | Recipients::FormerOfficer
        | Recipients::Officer
        | Recipients::Provider
        | Recipients::InCharge
        | Recipients::Coordinators
        | Recipients::Heads
        | Recipients::Addressee
        | Recipients::Desk => return None,
    }
    match kind {
        MailKind::Solved | MailKind::ValidationReminder if ticket.asks_survey() => {
            survey(kind, ticket, office).map(|survey| ("Evaluar el servicio", survey))
        }
        MailKind::ValidationReminder if ticket.is_turned_away() => {
            Some(("No estoy de acuerdo", format!("{page}#no-resuelta")))
        }
        MailKind::Solved | MailKind::ValidationReminder => {
            Some(("No quedó resuelta", format!("{page}#no-resuelta")))
        }
        MailKind::Declined | MailKind::Forwarded => {
            Some(("No estoy de acuerdo", format!("{page}#no-resuelta")))
        }
        MailKind::Held | MailKind::WaitingReminder => Some(("Responder", format!("{page}#reply"))),
        _ => None,
    }
}

/// Where the service is rated, in a mail that asks for it (activity 13).
pub fn survey(kind: MailKind, ticket: &Ticket, office: &Office) -> Option<String> {
    let asks = matches!(kind, MailKind::Solved | MailKind::ValidationReminder);
    (asks && ticket.asks_survey()).then(|| {
        let round = u8::try_from(ticket.reopened).unwrap_or(u8::MAX);
        let token = office.secret.issue(TokenUse::Survey { round }, ticket.id);
        format!("{}/surveys/{token}", office.base_url)
    })
}

/// What an answer to the mail does.
pub fn answer(kind: MailKind, ticket: &Ticket) -> Vec<String> {
    let also = |does: &str| vec![format!("También puede responder a este correo. {does}")];
    let said: &[&str] = match kind {
        MailKind::Registered | MailKind::FollowUpToRequester | MailKind::ReopenedToRequester => &[
            "Si responde a este correo, lo que escriba queda en la solicitud y lo lee quien la atiende.",
        ],
        MailKind::RegisteredToObservers
        | MailKind::FollowUpToObservers
        | MailKind::SolvedToObservers => &[
            "Si responde a este correo, lo que escriba lo leen quien pidió la solicitud y quien la atiende. Al comienzo de una línea puede escribir:",
        ],
        MailKind::Solved | MailKind::ValidationReminder if ticket.is_turned_away() => {
            return also(reply::OBJECTS);
        }
        MailKind::Solved | MailKind::ValidationReminder if ticket.asks_survey() => {
            return also(reply::RATES_OR_REOPENS);
        }
        MailKind::Solved | MailKind::ValidationReminder => return also(reply::REOPENS),
        MailKind::Declined | MailKind::Forwarded => return also(reply::OBJECTS),
        MailKind::Held | MailKind::WaitingReminder => return also(reply::ENDS_WAIT),
        MailKind::Closed => {
            &["Si responde a este correo, se abre una solicitud nueva, enlazada con esta."]
        }
        _ => match hand(kind) {
            Some(Hand::Desk) => &[
                "Si responde a este correo, lo que escriba le llega al solicitante. Al comienzo de una línea puede escribir:",
            ],
            Some(Hand::Officer) => &[
                "Si responde a este correo, lo que escriba queda como nota interna. Al comienzo de una línea puede escribir:",
            ],
            Some(Hand::Observer) | None => &[],
        },
    };
    said.iter().map(|said| (*said).to_owned()).collect()
}

/// The words that an answer to it may begin a line with, each with what it does.
pub fn verbs(kind: MailKind) -> Vec<(&'static str, &'static str)> {
    let verbs = hand(kind).into_iter().flat_map(Verb::of);
    verbs.map(|verb| (verb.word(), verb.does())).collect()
}

/// Whose answer does something by a word. Who lost a ticket, and who is told of somebody
/// else's, has nothing to do with it by mail.
fn hand(kind: MailKind) -> Option<Hand> {
    match kind.line().to {
        // What is reported to the whole desk asks for nothing by mail, but a solution.
        Recipients::Desk if kind != MailKind::SolutionReported => None,
        Recipients::NewAgent | Recipients::Agent | Recipients::Desk => Some(Hand::Desk),
        Recipients::InCharge if kind == MailKind::StepToOfficer => Some(Hand::Officer),
        Recipients::InCharge => Some(Hand::Desk),
        Recipients::NewOfficer | Recipients::Officer => Some(Hand::Officer),
        // At the end there is nothing left to leave.
        Recipients::Observers if kind == MailKind::ClosedToObservers => None,
        Recipients::Observers => Some(Hand::Observer),
        Recipients::Requester
        | Recipients::Signers
        | Recipients::FormerRequester
        | Recipients::OtherTeams
        | Recipients::FormerAgent
        | Recipients::FormerOfficer
        | Recipients::Provider
        | Recipients::Coordinators
        | Recipients::Addressee
        | Recipients::Heads => None,
    }
}
