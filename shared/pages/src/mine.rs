//! The requester's own requests: what happens next, and until when.

use askama::Template;
use jiff::Timestamp;
use types::command::Setting;
use types::ids::EmailAddress;
use types::permission::Caller;
use types::ticket::{CloseReason, HoldReason, Outcome, State, Ticket};

use crate::shell::Shell;
use crate::words::{self, standing};

/// His requests, in what they ask of him.
#[derive(Template)]
#[template(path = "mine.html")]
pub struct Page<'a> {
    pub shell: Shell<'a>,
    /// It is his turn.
    pub yours: Vec<Mine<'a>>,
    /// The desk's.
    pub theirs: Vec<Mine<'a>>,
    pub over: Vec<Over<'a>>,
    /// Others', of which he reads along.
    pub copied: Vec<Copied<'a>>,
    /// What leads to older ones.
    pub next: Option<String>,
}

/// A request that is open.
pub struct Mine<'a> {
    pub number: u64,
    pub label: String,
    pub title: &'a str,
    pub next: Next,
    pub steps: [Step; 4],
    pub holder: Option<Holder<'a>>,
    pub created: String,
    /// Whether his word is asked for.
    pub his_turn: bool,
}

/// A request that is over.
pub struct Over<'a> {
    pub number: u64,
    pub title: &'a str,
    pub how: String,
    pub at: Timestamp,
    pub when: String,
}

/// A request of somebody else, who had him copied.
pub struct Copied<'a> {
    pub number: u64,
    pub title: &'a str,
    pub whose: &'a str,
    pub how: &'static str,
}

/// What happens next, in words: first what counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Next {
    pub lead: String,
    pub rest: String,
}

/// Who of the desk deals with a request, or dealt with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Holder<'a> {
    pub does: &'static str,
    pub name: &'a str,
}

impl<'a> Holder<'a> {
    /// A ticket's.
    pub fn of(ticket: &'a Ticket) -> Option<Self> {
        let does = match ticket.state {
            State::New | State::Assigned | State::OnHold(_) => "La atiende",
            State::Solved | State::Closed => "La atendió",
        };
        let name = &ticket.assignee.as_ref()?.name;
        Some(Holder { does, name })
    }
}

/// A stage of a request's life, as its requester sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    pub name: &'static str,
    pub place: StepPlace,
}

/// Where a stage lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepPlace {
    Done,
    Now,
    ToCome,
}

impl Step {
    pub(crate) fn done(&self) -> bool {
        self.place == StepPlace::Done
    }

    pub(crate) fn now(&self) -> bool {
        self.place == StepPlace::Now
    }
}

/// The stages of a ticket.
pub fn steps(ticket: &Ticket) -> [Step; 4] {
    let reached = match ticket.state {
        State::New => 0,
        State::Assigned | State::OnHold(_) => 1,
        State::Solved => 2,
        State::Closed => 4,
    };
    let answered = match ticket.outcome {
        Some(Outcome::Declined) => "Declinada",
        Some(Outcome::Forwarded) => "Trasladada",
        Some(Outcome::Solved) | None => "Resuelta",
    };
    let names = ["Recibida", attended(ticket), answered, "Cerrada"];
    let mut steps = names.map(|name| Step {
        name,
        place: StepPlace::ToCome,
    });
    for (i, step) in steps.iter_mut().enumerate() {
        step.place = match i.cmp(&reached) {
            std::cmp::Ordering::Less => StepPlace::Done,
            std::cmp::Ordering::Equal => StepPlace::Now,
            std::cmp::Ordering::Greater => StepPlace::ToCome,
        };
    }
    steps
}

/// What its requester calls a ticket that somebody has: it is attended from when the desk
/// got in touch.
fn attended(ticket: &Ticket) -> &'static str {
    let is_awaited = ticket.clocks.attention.running_since().is_some();
    match ticket.state {
        State::Assigned if is_awaited => "Asignada",
        State::New | State::Assigned | State::OnHold(_) | State::Solved | State::Closed => {
            "En atención"
        }
    }
}

/// What happens next with a ticket, for its requester, or for `reader` who was copied.
pub fn next(ticket: &Ticket, reader: &EmailAddress, setting: Setting<'_>) -> Next {
    let own = ticket.is_of(reader);
    let asker = &ticket.request.requester.person.name;
    let now = setting.now;
    let said = |lead: String, rest: String| Next { lead, rest };
    let whom = match own {
        true => "usted",
        false => asker,
    };
    let before = |at: Timestamp| words::before(at, now);
    let attention = &ticket.clocks.attention;
    let solution = &ticket.clocks.solution;
    let due = |clock: &types::clock::Clock| {
        let running = clock.running_since().is_some();
        clock.due_at.filter(|_| running)
    };
    // The end that it is to come to, never in a time that is over.
    let solved = || match due(solution) {
        Some(at) if at > now => format!("Debe quedar resuelta {}.", before(at)),
        Some(at) => format!(
            "Debía quedar resuelta {}; sigue pendiente, y la coordinación ya lo sabe.",
            before(at)
        ),
        None => String::new(),
    };
    match ticket.state {
        State::New | State::Assigned => match due(attention) {
            Some(at) if at > now => said(
                format!("La Mesa de Ayuda se comunicará con {whom} {}.", before(at)),
                solved(),
            ),
            Some(at) => said(
                format!(
                    "La Mesa de Ayuda debía comunicarse con {whom} {}; sigue pendiente.",
                    before(at)
                ),
                match due(solution) {
                    Some(_) => solved(),
                    None => "La coordinación ya lo sabe.".to_owned(),
                },
            ),
            None => said("La Mesa de Ayuda trabaja en ella.".to_owned(), solved()),
        },
        State::OnHold(HoldReason::Requester) if own => said(
            "Esperamos su respuesta.".to_owned(),
            "El tiempo está detenido; con su respuesta termina la espera y la Mesa de Ayuda sigue."
                .to_owned(),
        ),
        State::OnHold(HoldReason::Requester) => said(
            format!("Espera la respuesta de {asker}."),
            "Con ella la Mesa de Ayuda sigue.".to_owned(),
        ),
        State::OnHold(HoldReason::Technology) => said(
            "La revisa la Oficina de Tecnología.".to_owned(),
            match due(solution) {
                Some(_) => solved(),
                None => "Le escribiremos cuando responda.".to_owned(),
            },
        ),
        State::OnHold(HoldReason::Provider) => said(
            "La revisa un proveedor.".to_owned(),
            "Le escribiremos cuando responda; no tiene que hacer nada.".to_owned(),
        ),
        State::Solved => {
            let until = due(&ticket.clocks.validation).map(before);
            let lead = match (ticket.outcome, &ticket.forwarding) {
                (Some(Outcome::Declined), _) => {
                    "Fue declinada: la Mesa de Ayuda no puede atenderla.".to_owned()
                }
                (Some(Outcome::Forwarded), Some(forwarding)) => {
                    format!("Se trasladó a {}, que la responde.", forwarding.to.name)
                }
                (Some(Outcome::Forwarded | Outcome::Solved) | None, _) => {
                    "Está resuelta.".to_owned()
                }
            };
            let rest = match (ticket.is_turned_away(), own, until) {
                (_, _, None) => String::new(),
                (true, true, Some(until)) => format!(
                    "Si no está de acuerdo, dígalo {until} y se reabre; después se cierra sola."
                ),
                (false, true, Some(until)) => format!(
                    "Díganos si le sirvió {until}; si no quedó, se reabre. Después se cierra sola."
                ),
                (true, false, Some(until)) => {
                    format!("{asker} puede objetar {until}; después se cierra sola.")
                }
                (false, false, Some(until)) => {
                    format!("{asker} puede decir si le sirvió {until}; después se cierra sola.")
                }
            };
            said(lead, rest)
        }
        State::Closed => said(
            format!("{}.", how_it_ended(ticket, reader)),
            match own {
                true => "Ya no admite cambios: si necesita algo más, registre una solicitud nueva."
                    .to_owned(),
                false => String::new(),
            },
        ),
    }
}

/// How a ticket ended, as its requester reads it, or `reader` who was copied.
pub fn how_it_ended(ticket: &Ticket, reader: &EmailAddress) -> String {
    match (ticket.outcome, &ticket.survey, ticket.close_reason) {
        (Some(Outcome::Declined), _, _) => "Declinada: fuera del alcance (numeral 5)".to_owned(),
        (Some(Outcome::Forwarded), _, _) => match &ticket.forwarding {
            Some(forwarding) => format!("Trasladada a {}", forwarding.to.name),
            None => "Trasladada".to_owned(),
        },
        (_, Some(survey), _) if ticket.is_of(reader) => {
            format!("Resuelta; usted la calificó con {}", survey.rating)
        }
        (_, Some(survey), _) => format!("Resuelta; calificada con {}", survey.rating),
        (_, None, Some(CloseReason::ValidationExpired)) => {
            "Resuelta; se cerró sin calificación".to_owned()
        }
        (_, None, Some(CloseReason::Satisfied | CloseReason::Desk) | None) => "Resuelta".to_owned(),
    }
}

/// Whether it is the requester's turn.
fn is_his_turn(ticket: &Ticket) -> bool {
    match ticket.state {
        State::OnHold(HoldReason::Requester) | State::Solved => true,
        State::New
        | State::Assigned
        | State::OnHold(HoldReason::Technology | HoldReason::Provider)
        | State::Closed => false,
    }
}

impl<'a> Page<'a> {
    /// As markup.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn written(&self) -> Result<String, askama::Error> {
        self.render()
    }

    /// The page of these tickets, the newest first.
    pub fn of(
        shell: Shell<'a>,
        tickets: &'a [Ticket],
        whose: &Caller,
        setting: Setting<'_>,
        next_page: Option<String>,
    ) -> Self {
        let mut page = Page {
            shell,
            yours: vec![],
            theirs: vec![],
            over: vec![],
            copied: vec![],
            next: next_page,
        };
        for ticket in tickets {
            let requester = &ticket.request.requester.person;
            if requester.email != whose.email {
                page.copied.push(Copied {
                    number: ticket.number.0,
                    title: &ticket.request.title,
                    whose: &requester.name,
                    how: match ticket.state {
                        State::Assigned => attended(ticket),
                        State::New | State::OnHold(_) | State::Solved | State::Closed => {
                            standing(ticket)
                        }
                    },
                });
                continue;
            }
            if ticket.state == State::Closed {
                page.over.push(Over {
                    number: ticket.number.0,
                    title: &ticket.request.title,
                    how: how_it_ended(ticket, &whose.email),
                    at: ticket.updated_at,
                    when: words::short(ticket.updated_at, setting.now),
                });
                continue;
            }
            let mine = Mine {
                number: ticket.number.0,
                label: ticket.number.to_string(),
                title: &ticket.request.title,
                next: next(ticket, &whose.email, setting),
                steps: steps(ticket),
                holder: Holder::of(ticket),
                created: words::when(ticket.created_at, setting.now),
                his_turn: is_his_turn(ticket),
            };
            match is_his_turn(ticket) {
                true => page.yours.push(mine),
                false => page.theirs.push(mine),
            }
        }
        page
    }
}
