//! What today needs of whoever looks after the work of all teams.

use askama::Template;
use jiff::Timestamp;
use types::command::Setting;
use types::compliance::{Compliance, Share};
use types::mail::day;
use types::spanish;
use types::ticket::Ticket;

use crate::clocks::{Badge, BadgeState, of_list};
use crate::shell::{Shell, View};
use crate::words;

/// Tickets that each list shows; the queue has the rest.
const SHOWN: usize = 8;

/// The day of whoever coordinates.
#[derive(Template)]
#[template(path = "today.html")]
pub struct Page<'a> {
    pub shell: Shell<'a>,
    pub overdue: List<'a>,
    /// Due within a quarter of an hour.
    pub soon: List<'a>,
    pub free: List<'a>,
    /// What has waited longest for somebody else.
    pub waiting: List<'a>,
    /// Messages that could not be worked off, by what they were for.
    pub given_up: Vec<GivenUp>,
    /// How today's times were kept; of what began with it where there was too much.
    pub compliance: (Compliance, Extent),
}

/// A list, with the view of the queue that has all of it.
pub struct List<'a> {
    view: View,
    /// How many there are, as far as anybody counted.
    count: String,
    extent: Extent,
    rows: Vec<Row<'a>>,
}

/// A ticket of a list.
struct Row<'a> {
    number: u64,
    label: String,
    title: &'a str,
    person: &'a str,
    unit: Option<&'a str>,
    responsible: Option<String>,
    badge: Option<Badge>,
}

/// Messages of a queue that were given up.
pub struct GivenUp {
    /// What the queue is for.
    pub what: &'static str,
    pub count: usize,
}

/// Whether a list is all that there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    Whole,
    /// There is more than was read.
    Beginning,
}

impl<'a> List<'a> {
    /// The list of these tickets, in their order.
    pub fn of(view: View, tickets: &[&'a Ticket], extent: Extent, setting: Setting<'_>) -> Self {
        let rows = tickets.iter().take(SHOWN).map(|ticket| {
            let requester = &ticket.request.requester;
            Row {
                number: ticket.number.0,
                label: ticket.number.to_string(),
                title: &ticket.request.title,
                person: &requester.person.name,
                unit: requester.unit.as_deref(),
                responsible: words::whose(ticket, setting.catalogue),
                badge: badge(view, of_list(ticket, setting)),
            }
        });
        List {
            view,
            extent,
            count: match extent {
                Extent::Whole => tickets.len().to_string(),
                // What comes before it takes up all that was read.
                Extent::Beginning if tickets.is_empty() => "—".to_owned(),
                Extent::Beginning => format!("{}+", tickets.len()),
            },
            rows: rows.collect(),
        }
    }

    /// What it says where it is empty: `whole`, if that is so.
    fn nothing(&self, whole: &'static str) -> &'static str {
        match self.extent {
            Extent::Whole => whole,
            Extent::Beginning => "Son tantas las vencidas que las demás no caben aquí.",
        }
    }

    fn is_cut(&self) -> bool {
        self.count != self.rows.len().to_string()
    }
}

impl Page<'_> {
    /// As markup.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn written(&self) -> Result<String, askama::Error> {
        self.render()
    }

    fn day_name(&self) -> String {
        let today = day(self.shell.now);
        spanish::day(today, Some(today.year()))
    }

    fn hour(&self) -> String {
        words::hour(self.shell.now)
    }

    /// How today's times were kept, in words.
    fn kept(&self) -> Option<String> {
        let (
            Compliance {
                attention,
                solution,
            },
            extent,
        ) = self.compliance;
        let parts: Vec<_> = [
            ("atendidas", attention),
            ("resueltas o declinadas", solution),
        ]
        .into_iter()
        .filter(|(_, share)| share.of > 0)
        .map(|(what, share)| part(what, share))
        .collect();
        let of = match extent {
            Extent::Whole => "",
            Extent::Beginning => " (de mil de las de hoy)",
        };
        (!parts.is_empty()).then(|| format!("Hoy, a tiempo: {}{of}.", parts.join("; ")))
    }

    fn given_up_count(&self) -> usize {
        self.given_up.iter().map(|queue| queue.count).sum()
    }

    /// The lists, each with its name and with what it says where it is empty.
    fn lists(&self) -> [(&'static str, &'static str, &'static str, &List<'_>); 4] {
        [
            ("vencidas", "Vencidas", "Nada está vencido.", &self.overdue),
            (
                "pronto",
                "Vencen en 15 minutos",
                "Nada más vence en los próximos 15 minutos.",
                &self.soon,
            ),
            (
                "libres",
                "Sin asignar",
                "Todas tienen responsable.",
                &self.free,
            ),
            (
                "esperan",
                "Llevan más tiempo en espera",
                "Ninguna espera a otros.",
                &self.waiting,
            ),
        ]
    }
}

/// The one that a list is about: for whom something waits, and what is most urgent
/// otherwise.
fn badge(view: View, badges: Vec<Badge>) -> Option<Badge> {
    let paused = badges.iter().position(|b| b.state == BadgeState::Paused);
    let shown = match view {
        View::Waiting => paused.unwrap_or(0),
        View::Due | View::Own | View::Free | View::Solved | View::Open | View::Closed => 0,
    };
    badges.into_iter().nth(shown)
}

fn part(what: &str, share: Share) -> String {
    let Share { in_time, of } = share;
    match share.percent() {
        Some(percent) => format!("{what} {in_time} de {of} ({percent} %)"),
        None => format!("{what} {in_time} de {of}"),
    }
}

/// Since when a ticket waits: what has waited longest comes first.
pub fn waiting_since(ticket: &Ticket) -> Timestamp {
    let segments = &ticket.clocks.solution.segments;
    segments.last().map_or(ticket.updated_at, |last| last.from)
}
