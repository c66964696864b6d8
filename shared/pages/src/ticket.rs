//! One ticket, as those who work on it see it: the conversation on the left, what
//! is known on the right, and what may be done.

use askama::Template;
use jiff::Timestamp;
use types::canned::Facts;
use types::catalogue::Role;
use types::clock::{ClockKind, ClockState};
use types::command::Setting;
use types::format::turn;
use types::permission::Caller;
use types::ticket::{Channel, Event, Person, Status, Ticket};

use crate::clocks::{self, Badge, BadgeState};
use crate::format::{Mention, mentions};
use crate::forms::{self, Act, Form, form, offered};
use crate::presence::Presence;
use crate::shell::{Notice, Shell};
use crate::talk::{Entry, File, Reading, conversation};
use crate::words::{self, preposed, standing};

/// Other tickets of the requester's that stand at the side unfolded.
const OTHERS: usize = 5;

/// Clocks that stand above a ticket.
const MOST_URGENT: usize = 2;

/// A ticket and what may be done with it.
#[derive(Template)]
#[template(path = "ticket.html")]
pub struct Page<'a> {
    pub shell: Shell<'a>,
    pub ticket: &'a Ticket,
    /// Its own address.
    pub at: String,
    pub label: String,
    pub category: &'a str,
    pub team: &'a str,
    other_teams: Vec<&'a str>,
    pub entries: Vec<Entry<'a>>,
    pub files: Vec<File<'a>>,
    pub clocks: Vec<SideClock>,
    /// The answer to the requester, and the note among colleagues.
    pub reply: Option<Form>,
    pub note: Option<Form>,
    /// What else may be done.
    pub acts: Vec<Form>,
    /// Whether whoever looks may say whose it is.
    assigns: bool,
    /// Who may, by name.
    coordination: Vec<&'a str>,
    /// Where it is, while it is not at the desk.
    whereabouts: Option<String>,
    /// The formats that have to be signed before there is a solution, for whoever would
    /// give it.
    lacking: Vec<Mention>,
    /// What the law asks for before it is over.
    owed: Option<String>,
    /// Whoever was copied.
    pub observers: Vec<Observer<'a>>,
    /// Who else is at it.
    pub presence: Presence,
    /// What may be put into some of the forms.
    pub texts: Texts<'a>,
    /// The requester's other open ones.
    pub others: Vec<Other<'a>>,
    pub created: String,
    pub now: Timestamp,
}

/// Somebody who was copied, and the form that takes him off.
pub struct Observer<'a> {
    pub name: &'a str,
    pub off: Option<Form>,
}

/// A clock at the side, with its account.
pub struct SideClock {
    kind: ClockKind,
    pub badge: Badge,
    /// Of a hundred, how much is used.
    pub used_percent: u64,
    pub line: String,
    /// Why it is so, in sentences.
    pub account: Vec<String>,
}

/// Canned texts for a ticket, as they read on it.
pub struct Texts<'a> {
    pub all: Vec<Text<'a>>,
    /// The ids of the forms that they may be put into.
    pub forms: String,
}

/// A canned text, filled in.
pub struct Text<'a> {
    pub name: &'a str,
    pub text: String,
}

impl<'a> Texts<'a> {
    /// What is for the ticket, where there is a form to put it into.
    fn of(reading: Reading<'a>, acts: &[Act]) -> Self {
        let takes = acts.iter().filter(|act| act.takes_texts());
        let forms: Vec<_> = takes.map(|act| act.id()).collect();
        let Reading { ticket, now, .. } = reading;
        let requester = &ticket.request.requester.person.name;
        let facts = Facts::new(requester, ticket.number, &ticket.clocks, now);
        let all = match forms.is_empty() {
            true => vec![],
            false => reading
                .catalogue
                .texts(&ticket.policy.category)
                .map(|text| Text {
                    name: &text.name,
                    text: text.filled(&facts),
                })
                .collect(),
        };
        Texts {
            all,
            forms: forms.join(" "),
        }
    }
}

/// Another ticket of the requester's.
pub struct Other<'a> {
    pub number: u64,
    pub label: String,
    pub title: &'a str,
    pub status: &'static str,
}

impl<'a> Other<'a> {
    /// A ticket as a line.
    pub fn of(ticket: &'a Ticket) -> Self {
        Other {
            number: ticket.number.0,
            label: ticket.number.to_string(),
            title: &ticket.request.title,
            status: standing(ticket),
        }
    }
}

/// The clocks that a page shows: those of the agreement, those of the law that it has, and
/// of a wait that is on.
fn shown(ticket: &Ticket) -> impl Iterator<Item = ClockKind> {
    ClockKind::ALL.into_iter().filter(|kind| {
        let clock = ticket.clocks.get(*kind);
        ClockKind::AGREED.contains(kind)
            || clock.running_since().is_some()
            || (kind.is_legal() && !clock.is_idle())
    })
}

fn side_clock(kind: ClockKind, ticket: &Ticket, setting: Setting<'_>) -> SideClock {
    let clock = ticket.clocks.get(kind);
    let calendar = clock.calendar.as_ref();
    let calendar = calendar.and_then(|id| setting.catalogue.calendar(id));
    let used = calendar.map_or(clock.used_seconds, |calendar| {
        clock.used_at(calendar, setting.now)
    });
    let limit = words::amount(clock.limit_seconds);
    let line = match clock.state {
        // The law counts days, whatever hours they have: its badge says when it ends.
        _ if kind.is_legal() => clock.running_since().map_or_else(String::new, |since| {
            format!("corre desde {}", words::when(since, setting.now))
        }),
        ClockState::Idle => String::new(),
        ClockState::Running => {
            let due = clock
                .due_at
                .map_or_else(String::new, |due| words::by(due, setting.now));
            let runs_out = match clock.is_breached(setting.now) {
                true => "venció",
                false => "vence",
            };
            let used = words::amount(used);
            format!("{used} de {limit}; {runs_out} {}", preposed(&due))
        }
        ClockState::Paused => format!("{} de {limit}, detenido", words::amount(used)),
        ClockState::Met | ClockState::Stopped => format!("límite {limit}"),
    };
    SideClock {
        kind,
        badge: clocks::badge(kind, ticket, setting),
        used_percent: match clock.limit_seconds {
            0 => 0,
            limit => (used.saturating_mul(100) / limit).min(100),
        },
        line,
        account: vec![],
    }
}

/// The formats that are not signed yet, for somebody who answers for the desk while there
/// is no solution.
fn lacking(ticket: &Ticket, caller: &Caller) -> Vec<Mention> {
    let awaits = match ticket.status() {
        Status::Assigned | Status::OnHold => turn::attests(caller.signatory(), ticket),
        Status::New | Status::Solved | Status::Closed => false,
    };
    match awaits {
        true => {
            let missing = turn::missing(ticket);
            let mut formats = mentions(ticket);
            formats.retain(|format| format.is_signed && missing.contains(&&format.code));
            formats
        }
        false => vec![],
    }
}

/// What a command came to, on the page of the ticket that it was given on: to whom it went,
/// and until when.
pub fn notice(word: &str, ticket: &Ticket, setting: Setting<'_>) -> Option<Notice> {
    let mut notice = Notice::of(word)?;
    let solution = ticket.clocks.get(ClockKind::Solution);
    let due = solution.running_since().and(solution.due_at);
    let due = due.map_or_else(String::new, |due| {
        let due = preposed(&words::by(due, setting.now));
        format!(" Su tiempo de solución vence {due}.")
    });
    let name = |person: Option<&Person>| person.map(|person| person.name.clone());
    let responsible = name(ticket.assignee.as_ref());
    let said = match word {
        "asignada" => responsible.map(|name| format!("Asignada a {name}.{due}")),
        "tomada" => Some(format!("La solicitud es suya.{due}")),
        "escalada" => name(ticket.officer.as_ref()).map(|name| format!("Escalada a {name}.{due}")),
        "devuelta" => responsible.map(|name| format!("Devuelta a {name}.{due}")),
        "informada" => responsible.map(|name| {
            format!(
                "Enviada a {name}, de la Mesa de Ayuda, que sigue con ella: no hace falta devolverla."
            )
        }),
        "espera" => {
            let name = &ticket.request.requester.person.name;
            Some(format!(
                "En espera de {name}: el tiempo de solución se detuvo."
            ))
        }
        "consultada" => ticket.provider.as_ref().and_then(|id| {
            let name = &setting.catalogue.provider(id)?.name;
            Some(format!(
                "Enviada a {name}: el tiempo de solución se detuvo."
            ))
        }),
        "categoria" => {
            let category = setting.catalogue.category(&ticket.policy.category);
            let team = setting.catalogue.team(&ticket.policy.team);
            let names = category.zip(team);
            names.map(|(category, team)| {
                format!("Ahora es de {}; la atiende {}.", category.name, team.name)
            })
        }
        _ => None,
    };
    if let Some(said) = said {
        notice.words = said.into();
    }
    notice.way =
        forms::leads_on(word).then(|| (forms::next_after(ticket.number), "Ir a la siguiente"));
    Some(notice)
}

impl<'a> Page<'a> {
    /// As markup.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn written(&self) -> Result<String, askama::Error> {
        self.render()
    }

    /// Where it is, where that is why nothing can be done about it here.
    fn elsewhere(&self) -> Option<String> {
        let place = self.whereabouts.as_deref()?;
        let acts = self.acts.iter().any(|form| form.act.is_main());
        (!acts).then(|| match place.starts_with("en ") {
            true => format!("Está {place}"),
            false => format!("Se {place}"),
        })
    }

    /// The page of a ticket. `key` is unique to it; `accounts` are the sentences
    /// that explain its clocks, `others` the requester's other open tickets.
    pub fn of(
        shell: Shell<'a>,
        ticket: &'a Ticket,
        events: &'a [Event],
        reading: Reading<'a>,
        others: &'a [Ticket],
        key: &str,
    ) -> Self {
        let setting = Setting {
            now: reading.now,
            catalogue: reading.catalogue,
        };
        let mut acts = shell.who.map(|caller| offered(ticket, caller, setting));
        let mut acts = acts.take().unwrap_or_default();
        let texts = Texts::of(reading, &acts);
        let at = format!("/solicitudes/{}", ticket.number.0);
        let of = |act| form(act, ticket, setting, &at, key);
        let mut take = |act| {
            let place = acts.iter().position(|offered| *offered == act)?;
            acts.remove(place);
            Some(of(act))
        };
        let (reply, note) = (take(Act::Reply), take(Act::Note));
        let off = take(Act::RemoveObserver).is_some();
        take(Act::StopObserving);
        let observers = ticket.request.observers.iter();
        let observers = observers.map(|person| Observer {
            name: &person.name,
            off: off.then(|| forms::off(Act::RemoveObserver, person, ticket, &at, key)),
        });
        let observers = observers.collect();
        let lacking = match acts.contains(&Act::Resolve) {
            false => shell.who.map(|caller| lacking(ticket, caller)),
            true => None,
        };
        let assigns = shell.who.is_some_and(|who| who.is(Role::Coordinator));
        let coordination = reading.catalogue.with_role(Role::Coordinator);
        let coordination = coordination.filter(|entry| entry.is_here(reading.now));
        let category = reading.catalogue.category(&ticket.policy.category);
        let team = reading.catalogue.team(&ticket.policy.team);
        let other_teams = ticket.request.other_teams.iter().map(|id| {
            let team = reading.catalogue.team(id);
            team.map_or(id.0.as_str(), |team| team.name.as_str())
        });
        let other_teams = other_teams.collect();
        Page {
            ticket,
            other_teams,
            label: ticket.number.to_string(),
            category: category.map_or(ticket.policy.category.0.as_str(), |c| c.name.as_str()),
            team: team.map_or(ticket.policy.team.0.as_str(), |team| team.name.as_str()),
            entries: conversation(events, reading),
            files: ticket.attachments.iter().map(File::of).collect(),
            clocks: shown(ticket)
                .map(|kind| side_clock(kind, ticket, setting))
                .collect(),
            reply,
            note,
            observers,
            lacking: lacking.unwrap_or_default(),
            owed: match ticket.status() {
                Status::New | Status::Assigned | Status::OnHold => ticket.owed_by_law(),
                Status::Solved | Status::Closed => None,
            },
            acts: acts.into_iter().map(of).collect(),
            assigns,
            coordination: coordination.map(|entry| &*entry.name).collect(),
            whereabouts: words::whereabouts(ticket, reading.catalogue, reading.me),
            presence: Presence::default(),
            texts,
            at: at.clone(),
            others: others.iter().map(Other::of).collect(),
            created: words::when(ticket.created_at, reading.now),
            now: reading.now,
            shell,
        }
    }

    /// With those who are at it, too.
    #[must_use]
    pub fn beside(mut self, presence: Presence) -> Self {
        self.presence = presence;
        self
    }

    /// With the sentences that explain a clock.
    #[must_use]
    pub fn explaining(mut self, kind: ClockKind, sentences: Vec<String>) -> Self {
        let mut clocks = self.clocks.iter_mut();
        if let Some(clock) = clocks.find(|clock| clock.kind == kind) {
            clock.account = sentences;
        }
        self
    }

    /// What stands above: the first that runs out, and what does so next.
    fn urgent(&self) -> Vec<&Badge> {
        let clocks = self.clocks.iter();
        let agreed = clocks.filter(|clock| !ClockKind::WAITS.contains(&clock.kind));
        let mut badges: Vec<_> = agreed.map(|clock| &clock.badge).collect();
        badges.sort_by_key(|badge| (badge.state, badge.due_at));
        let running = badges.iter().filter(|badge| badge.state <= BadgeState::Run);
        let shown = running.count().clamp(1, MOST_URGENT);
        badges.truncate(shown);
        badges
    }

    /// Who else could have it, for somebody of the desk who may not say who: nothing, where it
    /// is over, or where he may.
    fn hands_over(&self) -> bool {
        let desk = self.shell.who.is_some_and(Caller::is_desk);
        let open = match self.ticket.status() {
            Status::New | Status::Assigned | Status::OnHold => true,
            Status::Solved | Status::Closed => false,
        };
        desk && open && !self.assigns
    }

    /// Whether whoever looks is responsible: he is told when its time runs out.
    fn own(&self) -> bool {
        let (who, responsible) = (self.shell.who, self.ticket.responsible());
        who.zip(responsible)
            .is_some_and(|(who, person)| who.email == person.email)
    }

    /// The requester's other tickets, as far as all of them are looked at.
    fn first_others(&self) -> &[Other<'_>] {
        self.others.get(..OTHERS).unwrap_or(&self.others)
    }

    /// Those beyond.
    fn more_others(&self) -> &[Other<'_>] {
        self.others.get(OTHERS..).unwrap_or_default()
    }

    /// The other teams that it was written to.
    fn other_teams(&self) -> &[&str] {
        &self.other_teams
    }

    fn requester(&self) -> &str {
        &self.ticket.request.requester.person.name
    }

    fn channel(&self) -> &'static str {
        match self.ticket.request.channel {
            Channel::Web => "Formulario",
            Channel::Email => "Correo",
            Channel::Phone => "Teléfono",
        }
    }

    /// Where it stands, and for whom it waits.
    fn standing(&self) -> &'static str {
        standing(self.ticket)
    }

    /// The tag's class of a status.
    fn tag(&self) -> &'static str {
        match self.ticket.status() {
            Status::New => "tag tag--soon",
            Status::Assigned => "tag tag--accent",
            Status::OnHold => "tag tag--paused",
            Status::Solved if self.ticket.is_turned_away() => "tag",
            Status::Solved => "tag tag--ok",
            Status::Closed => "tag",
        }
    }
}
