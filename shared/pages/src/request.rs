//! One request, as its requester reads it: a conversation.

use askama::Template;
use types::command::Setting;
use types::ticket::{State, Ticket};

use crate::forms::{Act, Form, form, offered};
use crate::mine::{Next, Step, next, steps};
use crate::shell::Shell;
use crate::talk::{Entry, File, Reading, conversation};
use crate::words;

/// A request and what there is to do with it.
#[derive(Template)]
#[template(path = "request.html")]
pub struct Page<'a> {
    pub shell: Shell<'a>,
    pub label: String,
    pub number: u64,
    pub title: &'a str,
    pub category: &'a str,
    pub created: String,
    pub next: Next,
    pub steps: [Step; 4],
    pub entries: Vec<Entry<'a>>,
    pub files: Vec<File<'a>>,
    pub reply: Option<Form>,
    pub reject: Option<Form>,
    pub solved: bool,
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
        shell: Shell<'a>,
        ticket: &'a Ticket,
        events: &'a [types::ticket::Event],
        reading: Reading<'a>,
        key: &str,
    ) -> Self {
        let setting = Setting {
            now: reading.now,
            catalogue: reading.catalogue,
        };
        let acts = shell.who.map(|caller| offered(ticket, caller, setting));
        let acts = acts.unwrap_or_default();
        let of = |act| {
            acts.contains(&act)
                .then(|| form(act, ticket, reading.catalogue, key))
        };
        let category = reading.catalogue.category(&ticket.policy.category);
        let files = ticket.attachments.iter();
        Page {
            label: ticket.number.to_string(),
            number: ticket.number.0,
            title: &ticket.request.title,
            category: category.map_or(ticket.policy.category.0.as_str(), |c| c.name.as_str()),
            created: words::when(ticket.created_at, reading.now),
            next: next(ticket, setting),
            steps: steps(ticket),
            entries: conversation(events, reading),
            files: files
                .filter(|file| reading.reader.may_have(file))
                .map(File::of)
                .collect(),
            reply: of(Act::Reply),
            reject: of(Act::Reject),
            solved: ticket.state == State::Solved,
            shell,
        }
    }
}
