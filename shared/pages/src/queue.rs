//! The desk's queue: one list that orders itself by what is due next.

use std::borrow::Cow;

use askama::Template;
use jiff::Timestamp;
use strum::VariantArray;
use types::command::Setting;
use types::permission::Caller;
use types::preferences::MAX_VIEW_NAME;
use types::ticket::{State, Ticket};

use crate::clocks::{Badge, BadgeState, of_list};
use crate::forms::{Act, offered_of};
use crate::shell::{Saved, Shell, View};
use crate::words;

/// The queue in one of its views.
#[derive(Template)]
#[template(path = "queue.html")]
pub struct Page<'a> {
    pub shell: Shell<'a>,
    pub view: View,
    pub groups: Vec<Group<'a>>,
    pub filters: Filters<'a>,
    /// The address of the next page.
    pub next: Option<String>,
    pub updated: Timestamp,
    /// Whom chosen rows may be assigned to; none at all where whoever looks gives no
    /// commands, and has nothing to choose rows for.
    pub agents: Option<Vec<Choice<'a>>>,
}

/// What the list is narrowed by, beside its view.
pub struct Filters<'a> {
    pub q: String,
    pub teams: Vec<Choice<'a>>,
    pub categories: Vec<Choice<'a>>,
    /// Whether anything narrows it.
    pub any: bool,
    /// All of it, as a form sends it.
    pub pairs: Vec<(&'static str, String)>,
    /// Its address.
    pub address: String,
}

/// Something to choose a filter by.
pub struct Choice<'a> {
    pub value: &'a str,
    pub label: Cow<'a, str>,
    pub chosen: bool,
}

/// Rows that are alike in what they need.
pub struct Group<'a> {
    pub band: Band,
    pub rows: Vec<Row<'a>>,
}

/// What the rows of a group need, the most urgent first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, VariantArray)]
pub enum Band {
    Overdue,
    Soon,
    Later,
    Paused,
    Solved,
    Declined,
    Forwarded,
    Over,
}

impl Band {
    fn of(ticket: &Ticket, badges: &[Badge]) -> Self {
        let urgent = badges.iter().map(|badge| badge.state).min();
        match (ticket.state, urgent) {
            (State::Closed, _) => Band::Over,
            (State::Solved, _) if ticket.is_declined() => Band::Declined,
            (State::Solved, _) if ticket.is_forwarded() => Band::Forwarded,
            (State::Solved, _) => Band::Solved,
            (_, Some(BadgeState::Overdue)) => Band::Overdue,
            (_, Some(BadgeState::Soon)) => Band::Soon,
            (_, Some(BadgeState::Run)) => Band::Later,
            (
                _,
                Some(BadgeState::Paused | BadgeState::Late | BadgeState::Met | BadgeState::Idle)
                | None,
            ) => Band::Paused,
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Band::Overdue => "Vencidas",
            Band::Soon => "En menos de 10 minutos",
            Band::Later => "Más tarde",
            Band::Paused => "En pausa",
            Band::Solved => "Resueltas",
            Band::Declined => "Declinadas",
            Band::Forwarded => "Trasladadas",
            Band::Over => "Cerradas",
        }
    }

    pub(crate) fn note(self) -> &'static str {
        match self {
            Band::Overdue => "pasaron su tiempo",
            Band::Paused => "esperan a otros",
            Band::Solved => "esperan al solicitante o a que usted cierre",
            Band::Declined | Band::Forwarded => "el solicitante puede objetar, o usted cierra",
            Band::Soon | Band::Later | Band::Over => "",
        }
    }

    pub(crate) fn word(self) -> &'static str {
        match self {
            Band::Overdue => "overdue",
            Band::Soon => "soon",
            Band::Later => "run",
            Band::Paused => "paused",
            Band::Solved | Band::Over => "met",
            Band::Declined | Band::Forwarded => "idle",
        }
    }
}

/// A ticket in the list.
pub struct Row<'a> {
    pub number: u64,
    pub label: String,
    pub title: &'a str,
    pub person: &'a str,
    pub unit: Option<&'a str>,
    pub category: &'a str,
    /// Whose it is at the desk.
    pub responsible: Option<&'a str>,
    /// Whether that is whoever looks.
    pub mine: bool,
    /// Where it is, while it is not at the desk.
    pub whereabouts: Option<String>,
    /// Whether whoever looks has to bring it forward now.
    pub own: bool,
    /// What can be done to it together with others, in the words of the strip's buttons.
    pub can: String,
    pub files: usize,
    pub badges: Vec<Badge>,
    pub created_at: Timestamp,
    pub created: String,
    /// Whether it was declined and is closed: its band does not say so.
    pub ended_declined: bool,
}

/// The tickets in bands, each band in the order of the list.
pub fn groups<'a>(tickets: &'a [Ticket], caller: &Caller, setting: Setting<'a>) -> Vec<Group<'a>> {
    let mut rows: Vec<(Band, Row<'a>)> = tickets
        .iter()
        .map(|ticket| {
            let badges = of_list(ticket, setting);
            (
                Band::of(ticket, &badges),
                row(ticket, badges, caller, setting),
            )
        })
        .collect();
    let mut groups = Vec::new();
    for band in Band::VARIANTS.iter().copied() {
        let (of_band, rest): (Vec<_>, Vec<_>) = rows.into_iter().partition(|(b, _)| *b == band);
        rows = rest;
        if !of_band.is_empty() {
            groups.push(Group {
                band,
                rows: of_band.into_iter().map(|(_, row)| row).collect(),
            });
        }
    }
    groups
}

fn row<'a>(
    ticket: &'a Ticket,
    badges: Vec<Badge>,
    caller: &Caller,
    setting: Setting<'a>,
) -> Row<'a> {
    let requester = &ticket.request.requester;
    let category = setting.catalogue.category(&ticket.policy.category);
    let responsible = ticket.responsible();
    Row {
        number: ticket.number.0,
        label: ticket.number.to_string(),
        title: &ticket.request.title,
        person: &requester.person.name,
        unit: requester.unit.as_deref(),
        category: category.map_or(ticket.policy.category.0.as_str(), |c| c.name.as_str()),
        responsible: ticket.assignee.as_ref().map(|person| person.name.as_str()),
        mine: ticket
            .assignee
            .as_ref()
            .is_some_and(|person| person.email == caller.email),
        whereabouts: words::whereabouts(ticket, setting.catalogue, Some(&caller.email)),
        can: can(ticket, caller, setting),
        own: responsible.is_some_and(|person| person.email == caller.email),
        files: ticket.attachments.len(),
        badges,
        created_at: ticket.created_at,
        created: words::short(ticket.created_at, setting.now),
        ended_declined: ticket.state == State::Closed && ticket.is_declined(),
    }
}

/// What the strip offers, by the rules.
fn can(ticket: &Ticket, caller: &Caller, setting: Setting<'_>) -> String {
    const STRIP: [(Act, &str); 4] = [
        (Act::Take, "tomar"),
        (Act::Close, "cerrar"),
        (Act::Assign, "asignar"),
        (Act::Reply, "responder"),
    ];
    if !caller.is_desk() {
        return String::new();
    }
    let may = offered_of(&STRIP.map(|(act, _)| act), ticket, caller, setting);
    let words = STRIP.iter().filter(|(act, _)| may.contains(act));
    words.map(|(_, word)| *word).collect::<Vec<_>>().join(" ")
}

impl Page<'_> {
    /// As markup.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn written(&self) -> Result<String, askama::Error> {
        self.render()
    }

    /// The view of his own that this is.
    fn saved(&self) -> Option<&Saved> {
        self.shell.saved.iter().find(|saved| saved.current)
    }

    fn max_name(&self) -> usize {
        MAX_VIEW_NAME
    }

    fn count(&self) -> usize {
        self.groups.iter().map(|group| group.rows.len()).sum()
    }

    fn hour(&self) -> String {
        words::hour(self.updated)
    }

    /// What comes first.
    fn order(&self) -> &'static str {
        match self.view {
            View::Closed => "lo último que se cerró",
            View::Due | View::Own | View::Free | View::Waiting | View::Solved | View::Open => {
                "lo que vence primero"
            }
        }
    }

    /// What the view is of, where its name does not say all of it.
    fn about(&self) -> &'static str {
        match self.view {
            View::Due => "Lo vencido y lo que vence en menos de 10 minutos. ",
            View::Waiting => "Cada una dice a quién espera. ",
            View::Own | View::Free | View::Solved | View::Open | View::Closed => "",
        }
    }

    /// Where what was looked for may be, among what is closed.
    fn closed(&self) -> Option<String> {
        if self.view != View::Open || self.filters.q.is_empty() {
            return None;
        }
        let pairs = self.filters.pairs.iter();
        let pairs = pairs.map(|(name, value)| match *name {
            "vista" => ("vista", View::Closed.word()),
            name => (name, value.as_str()),
        });
        let mut query = form_urlencoded::Serializer::new(String::new());
        Some(format!("/cola?{}", query.extend_pairs(pairs).finish()))
    }

    /// Where whoever finds nothing may look next, and how that is called.
    fn elsewhere(&self) -> Option<(String, &'static str)> {
        let view = |view: View| format!("/cola?vista={}", view.word());
        if let Some(closed) = self.closed() {
            return Some((closed, "Buscar también entre las cerradas"));
        }
        match self.view {
            _ if self.filters.any => Some((view(self.view), "Quitar filtros")),
            View::Due => Some((view(View::Open), "Ver todas las abiertas")),
            View::Own => Some((view(View::Free), "Ver las que no tienen responsable")),
            View::Free | View::Waiting | View::Solved => Some((view(View::Own), "Ver las mías")),
            View::Open => Some((view(View::Closed), "Ver las cerradas")),
            View::Closed => None,
        }
    }

    /// What an empty list says.
    fn nothing(&self) -> &'static str {
        match self.view {
            View::Open if self.closed().is_some() => "Ninguna abierta.",
            _ if self.filters.any => "Ninguna solicitud cumple esos filtros.",
            View::Due => "Nada vence en los próximos 10 minutos.",
            View::Own => "No tiene solicitudes a su cargo.",
            View::Free => "Todas las solicitudes tienen responsable.",
            View::Waiting => "Ninguna solicitud espera a otros.",
            View::Solved => "Ninguna espera a cerrarse.",
            View::Open => "No hay solicitudes abiertas.",
            View::Closed => "Todavía no se ha cerrado ninguna.",
        }
    }
}
