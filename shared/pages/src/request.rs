//! One request, as its requester reads it: a conversation.

use askama::Template;
use types::command::Setting;
use types::permission::Caller;
use types::ticket::{Person, State, Status, Ticket};

use crate::forms::{self, Act, Form, form, offered};
use crate::incident;
use crate::mine::{Holder, Next, Step, next, steps};
use crate::shell::Shell;
use crate::talk::{Entry, File, MessageKind, Reading, conversation};
use crate::ticket::Observer;
use crate::words;

/// A request and what there is to do with it.
#[derive(Template)]
#[template(path = "request.html")]
pub struct Page<'a> {
    pub shell: Shell<'a>,
    /// Its own address: by number, or by the link of a mail.
    pub at: String,
    pub label: String,
    pub title: &'a str,
    pub category: &'a str,
    pub created: String,
    pub next: Next,
    pub steps: [Step; 4],
    pub holder: Option<Holder<'a>>,
    pub entries: Vec<Entry<'a>>,
    pub files: Vec<File<'a>>,
    pub reply: Option<Form>,
    pub reject: Option<Form>,
    pub solved: bool,
    /// Whoever was copied, with the form that takes him off.
    pub observers: Vec<Observer<'a>>,
    /// Where it is rated, if it is to be.
    pub survey: Option<String>,
    pub formats: Vec<crate::format::Mention>,
    /// What was answered of an incident when it was registered.
    pub answered: Vec<(&'static str, String)>,
    /// What not to wait with, while an incident is open.
    pub meanwhile: bool,
    /// What the address of a format's page begins with.
    format_page: String,
}

/// Who looks at his request, and how he came.
pub struct Visit<'a> {
    pub caller: &'a Caller,
    /// The page's address.
    pub at: String,
    /// Where the solution is rated, if it is to be.
    pub survey: Option<String>,
}

impl<'a> Page<'a> {
    /// As markup.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn written(&self) -> Result<String, askama::Error> {
        self.render()
    }

    /// The page of a ticket. `key` is unique to it.
    pub fn of(
        mut shell: Shell<'a>,
        visit: Visit<'_>,
        ticket: &'a Ticket,
        events: &'a [types::ticket::Event],
        reading: Reading<'a>,
        key: &str,
    ) -> Self {
        let setting = Setting {
            now: reading.now,
            catalogue: reading.catalogue,
        };
        let Visit { caller, at, survey } = visit;
        let acts = offered(ticket, caller, setting);
        let of = |act| {
            let form = || form(act, ticket, setting, &at, key);
            acts.contains(&act).then(form)
        };
        // By the link of a mail nothing of this is offered.
        let signed_in = shell.who.is_some();
        let off = |person: &Person| {
            let act = match person.email == caller.email {
                true => Act::StopObserving,
                false => Act::RemoveObserver,
            };
            let may = signed_in && acts.contains(&act);
            may.then(|| forms::off(act, person, ticket, &at, key))
        };
        let observers = ticket.request.observers.iter().map(|person| Observer {
            name: &person.name,
            off: off(person),
        });
        let observers = observers.collect();
        let category = reading.catalogue.category(&ticket.policy.category);
        let is_under_way = match ticket.status() {
            Status::New | Status::Assigned | Status::OnHold => true,
            Status::Solved | Status::Closed => false,
        };
        let files = ticket.attachments.iter();
        let entries = conversation(events, reading);
        let own = entries.iter().rev().filter_map(Entry::message);
        let own = own.filter(|message| message.kind == MessageKind::Mine);
        let own = own.map(|message| message.seq).next();
        shell.notice = shell.notice.map(|notice| notice.sent_to_desk(ticket, own));
        Page {
            label: ticket.number.to_string(),
            title: &ticket.request.title,
            category: category.map_or(ticket.policy.category.0.as_str(), |c| c.name.as_str()),
            created: words::when(ticket.created_at, reading.now),
            next: next(ticket, &caller.email, setting),
            steps: steps(ticket),
            holder: Holder::of(ticket),
            entries,
            files: files
                .filter(|file| reading.reader.may_have(file))
                .map(File::of)
                .collect(),
            reply: of(Act::Reply).map(|form| form.of_requester(ticket, &caller.email)),
            reject: of(Act::Reject),
            survey,
            observers,
            // By the link of a mail nobody signs.
            formats: match signed_in {
                true => crate::format::mentions(ticket),
                false => vec![],
            },
            format_page: format!("{at}/formatos/"),
            answered: incident::answered(events),
            meanwhile: ticket.policy.incident && is_under_way,
            at,
            solved: ticket.state == State::Solved,
            shell,
        }
    }
}
