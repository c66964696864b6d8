//! What one ticket's partition says of itself.

use std::collections::{BTreeMap, BTreeSet};

use cloud::files::attachment_key;
use cloud::keys::{self, Key};
use cloud::log::chain;
use cloud::store::{AWAITED, COPIED, Row, index_attributes};
use jiff::Timestamp;
use serde_json::{Map, Value};
use types::effects::{Effect, effects};
use types::format::signing::{Granted, granted};
use types::format::turn::parties;
use types::ids::{EmailAddress, MailId, TeamId, TicketId, TicketNumber};
use types::ticket::{Event, EventKind, Person, State, Ticket, apply};

use crate::finding::{Finding, Kind};
use crate::settings::Settings;

/// What a ticket says that others have to agree with.
#[derive(Debug)]
pub(crate) struct Facts {
    pub(crate) id: TicketId,
    pub(crate) number: TicketNumber,
    pub(crate) version: u64,
    /// Whose load it is part of.
    pub(crate) loads: Option<EmailAddress>,
    /// Those who have it in their hands.
    pub(crate) charge: Charge,
    /// Its files: where they lie, and their sizes.
    pub(crate) files: Vec<(String, u64)>,
    /// The mails that its events came by.
    pub(crate) mails: BTreeSet<MailId>,
    /// The mails that its events owe, at all.
    pub(crate) owed: BTreeSet<(u64, Effect)>,
    /// Those of them that have to be sent by now.
    pub(crate) due: Vec<(u64, Effect)>,
    /// The accounts that its signed forms granted.
    pub(crate) granted: Vec<Granted>,
}

/// Who has an open ticket in his hands.
#[derive(Debug)]
pub(crate) struct Charge {
    pub(crate) team: TeamId,
    pub(crate) agent: Option<EmailAddress>,
    /// Where it still is his to solve, and nobody was told that he is not there.
    pub(crate) officer: Option<EmailAddress>,
    pub(crate) since: Timestamp,
}

impl Charge {
    fn of(ticket: &Ticket) -> Self {
        let is_open = match ticket.state {
            State::Assigned | State::OnHold(_) => true,
            State::New | State::Solved | State::Closed => false,
        };
        let email = |person: Option<&Person>| person.map(|person| person.email.clone());
        let officer = ticket.officer.as_ref().filter(|_| ticket.is_with_officer());
        Charge {
            team: ticket.policy.team.clone(),
            agent: email(ticket.assignee.as_ref()).filter(|_| is_open),
            officer: email(officer).filter(|email| ticket.absent_officer.as_ref() != Some(email)),
            since: ticket.updated_at,
        }
    }
}

/// Checks the rows of one partition. A ticket that can be read gives its facts.
pub(crate) fn check(
    id: TicketId,
    rows: &[Row],
    settings: &Settings,
    findings: &mut Vec<Finding>,
) -> Option<Facts> {
    let mut check = Check {
        id,
        settings,
        findings,
    };
    let mut ticket: Option<(&Row, Ticket)> = None;
    let mut events: Vec<Event> = Vec::new();
    let mut outbox: BTreeMap<(u64, Effect), &Row> = BTreeMap::new();
    let mut unsent: BTreeSet<(u64, Effect)> = BTreeSet::new();
    let mut observers: Vec<&Row> = Vec::new();
    let mut awaited: Vec<&Row> = Vec::new();
    let mut readable = true;
    for row in rows {
        if row.key == keys::ticket(id) {
            match row.doc() {
                Ok(read) => ticket = Some((row, read)),
                Err(error) => {
                    readable = false;
                    check.find(Kind::UnreadableRow, place(&row.key), chain(&error));
                }
            }
        } else if row.key.sk.starts_with(keys::EVENT_PREFIX) {
            match row.doc::<Event>() {
                Ok(event) if row.key.sk == keys::event_sort(event.seq) => events.push(event),
                Ok(event) => {
                    readable = false;
                    let detail = format!("it holds event {}", event.seq);
                    check.find(Kind::EventGap, place(&row.key), detail);
                }
                Err(error) => {
                    readable = false;
                    check.find(Kind::UnreadableRow, place(&row.key), chain(&error));
                }
            }
        } else if let Some((_, seq, effect)) = keys::parse_outbox(&row.key) {
            outbox.insert((seq, effect), row);
        } else if let Some((_, seq, effect)) = keys::parse_effect(&row.key, keys::UNSENT_PREFIX) {
            unsent.insert((seq, effect));
        } else if row.key.sk.starts_with(keys::OBSERVER_PREFIX) {
            observers.push(row);
        } else if row.key.sk.starts_with(keys::AWAITED_PREFIX) {
            awaited.push(row);
        } else {
            let detail = "a ticket has no such row";
            check.find(Kind::UnknownRow, place(&row.key), detail);
        }
    }
    if !readable {
        return None;
    }
    let Some((row, ticket)) = ticket else {
        let detail = format!("{} rows, and no ticket", rows.len());
        check.find(Kind::TicketMissing, id, detail);
        return None;
    };
    // Rows come in the order of their keys.
    let owed = check.history(&ticket, &events);
    check.places(row, &ticket);
    check.observers(row, &ticket, &observers);
    check.awaited(row, &ticket, &awaited);
    check.outbox(&ticket, &events, owed.as_ref(), &outbox);
    let all = owed.unwrap_or_default();
    let mails = |at: &BTreeMap<(u64, Effect), Timestamp>| -> BTreeSet<(u64, Effect)> {
        let mails = at.keys().filter(|(_, effect)| *effect != Effect::Assign);
        mails.copied().collect()
    };
    let due = all.iter().filter(|((seq, effect), at)| {
        *effect != Effect::Assign
            && settings.is_old(**at)
            && !outbox.contains_key(&(*seq, *effect))
            && !unsent.contains(&(*seq, *effect))
    });
    Some(Facts {
        id,
        number: ticket.number,
        version: ticket.version,
        loads: ticket.loads().cloned(),
        charge: Charge::of(&ticket),
        files: ticket
            .attachments
            .iter()
            .map(|file| (attachment_key(id, &file.id), file.size))
            .collect(),
        mails: events.iter().filter_map(|e| e.mail.clone()).collect(),
        due: due.map(|(key, _)| *key).collect(),
        owed: mails(&all),
        granted: granted(&ticket),
    })
}

/// A key, as findings write it.
pub(crate) fn place(key: &Key) -> String {
    format!("{} / {}", key.pk, key.sk)
}

struct Check<'a> {
    id: TicketId,
    settings: &'a Settings,
    findings: &'a mut Vec<Finding>,
}

type Owed = BTreeMap<(u64, Effect), Timestamp>;

impl Check<'_> {
    fn find(&mut self, kind: Kind, place: impl std::fmt::Display, detail: impl Into<String>) {
        self.findings.push(Finding::new(kind, place, detail));
    }

    /// Events count from 1 without gaps, and make the stored ticket. Gives what
    /// they owe, and since when.
    fn history(&mut self, stored: &Ticket, events: &[Event]) -> Option<Owed> {
        let gap = events
            .iter()
            .zip(1..)
            .find(|(event, expected)| event.seq != *expected);
        if let Some((event, expected)) = gap {
            let detail = format!("event {} stands where {expected} should", event.seq);
            self.find(Kind::EventGap, self.id, detail);
            return None;
        }
        let Some((first, rest)) = events.split_first() else {
            self.find(Kind::EventGap, self.id, "it has no events");
            return None;
        };
        let EventKind::Registered(registration) = &first.kind else {
            let detail = "its history does not begin with a registration";
            self.find(Kind::ReplayDiffers, self.id, detail);
            return None;
        };
        let mut owed = Owed::new();
        let mut ticket = Ticket::registered(registration, &first.clocks, first.at);
        owe(&mut owed, first, &ticket);
        for event in rest {
            apply(&mut ticket, event);
            owe(&mut owed, event, &ticket);
        }
        if ticket.version < stored.version {
            let detail = format!(
                "the history ends at {}, the ticket is at {}",
                ticket.version, stored.version
            );
            self.find(Kind::EventGap, self.id, detail);
            return None;
        }
        if ticket != *stored {
            let detail = difference(&ticket, stored);
            self.find(Kind::ReplayDiffers, self.id, detail);
        }
        Some(owed)
    }

    /// The indexes find the ticket where they should, and so does the sweep.
    fn places(&mut self, row: &Row, ticket: &Ticket) {
        let stored = row.number("version").and_then(|v| u64::try_from(v).ok());
        if stored != Some(ticket.version) {
            let detail = format!(
                "version {} in the row, {stored:?} beside it",
                ticket.version
            );
            self.find(Kind::ReplayDiffers, self.id, detail);
        }
        let expected = match index_attributes(ticket) {
            Ok(expected) => expected,
            Err(error) => {
                self.find(Kind::UnreadableRow, self.id, chain(&error));
                return;
            }
        };
        for (index, partition, sort) in cloud::store::INDEXES {
            let should = [partition, sort].map(|name| expected.get(name).map(String::as_str));
            let is = [partition, sort].map(|name| row.text(name));
            if index == "due" {
                let kind = match (is, should) {
                    (is, should) if is == should => continue,
                    ([_, None] | [None, _], _) => Kind::TimerNotArmed,
                    (_, _) => Kind::TimerDiffers,
                };
                self.find(kind, self.id, format!("{is:?}, not {should:?}"));
            } else if is != should {
                let detail = format!("{index}: {is:?}, not {should:?}");
                self.find(Kind::IndexDiffers, self.id, detail);
            }
        }
        match ticket.next_timer() {
            Some(timer) if self.settings.is_old(timer.at) => {
                let detail = format!("due at {} for {}", timer.at, timer.queue.as_str());
                self.find(Kind::TimerOverdue, self.id, detail);
            }
            None if ticket.state != State::Closed => {
                let detail = format!("it is {}", ticket.status().as_str());
                self.find(Kind::TimerMissing, self.id, detail);
            }
            Some(_) | None => {}
        }
    }

    /// Whoever is copied finds the ticket, and nobody else does.
    fn observers(&mut self, row: &Row, ticket: &Ticket, rows: &[&Row]) {
        let mut found = BTreeSet::new();
        for observer in rows {
            let mut copied = ticket.request.observers.iter();
            let id = ticket.id.to_string();
            let whose = copied.find(|person| {
                let partition = keys::requester_partition(&person.email);
                observer.key == keys::observer(ticket.id, &person.email)
                    && observer.text("requester_pk") == Some(&partition)
                    && observer.text("requester_sk") == Some(&id)
            });
            match whose {
                Some(person) => drop(found.insert(&person.email)),
                None => {
                    let detail = format!("{} finds what he is not copied on", observer.key.sk);
                    self.find(Kind::IndexDiffers, self.id, detail);
                }
            }
        }
        // Before there were such rows a ticket did not say how many it has.
        if row.number(COPIED).is_some() {
            let copied = ticket.request.observers.iter();
            let lost = copied.filter(|person| !found.contains(&person.email));
            if lost.count() > 0 {
                let detail = "somebody who is copied does not find it";
                self.find(Kind::IndexDiffers, self.id, detail);
            }
        }
    }

    /// Those find the ticket whom its formats wait for, and nobody else.
    fn awaited(&mut self, row: &Row, ticket: &Ticket, rows: &[&Row]) {
        // Before there were such rows a ticket did not say how many it has.
        if row.number(AWAITED).is_none() && rows.is_empty() {
            return;
        }
        let id = ticket.id.to_string();
        let is_right = |row: &&Row| {
            row.text("requester_pk") == Some(&row.key.sk) && row.text("requester_sk") == Some(&id)
        };
        let found: BTreeSet<_> = rows
            .iter()
            .filter(|row| is_right(row))
            .map(|row| row.key.sk.clone())
            .collect();
        let parties = parties(ticket);
        let wanted: BTreeSet<_> = parties.iter().map(keys::awaited_partition).collect();
        if found != wanted || found.len() != rows.len() {
            let detail = format!("its formats wait for {wanted:?}, and {found:?} find it");
            self.find(Kind::IndexDiffers, self.id, detail);
        }
    }

    /// What waits is owed, is seen by the sweep, and does not wait for long; and
    /// a ticket that nobody has is waiting for somebody.
    fn outbox(
        &mut self,
        ticket: &Ticket,
        events: &[Event],
        owed: Option<&Owed>,
        outbox: &BTreeMap<(u64, Effect), &Row>,
    ) {
        // Where nobody is available the row waits for as long as that is so, which
        // is on the ticket's record.
        let deferred = |owed_by: u64| {
            let mut later = events.iter().filter(|event| event.seq > owed_by);
            later.any(|event| event.kind == EventKind::AssignmentDeferred {})
        };
        for ((seq, effect), row) in outbox {
            let at = place(&row.key);
            if owed.is_some_and(|owed| !owed.contains_key(&(*seq, *effect))) {
                let detail = format!("event {seq} owes no {effect}");
                self.find(Kind::OutboxUnfounded, &at, detail);
            }
            if let Some(reason) = row.text("parked") {
                self.find(Kind::MailGivenUp, &at, reason);
                continue;
            }
            let partition = keys::due_partition(keys::DueKind::Outbox, keys::shard(self.id));
            let since = row.text("due_sk").and_then(|sort| sort.split('#').next());
            let since = since.and_then(|time| time.parse::<Timestamp>().ok());
            let since = since.filter(|_| row.text("due_pk") == Some(partition.as_str()));
            match since {
                None => self.find(Kind::OutboxNotArmed, &at, "the sweep does not find it"),
                Some(_) if *effect == Effect::Assign && deferred(*seq) => {}
                Some(since) if self.settings.is_old(since) => {
                    self.find(Kind::OutboxTooOld, &at, format!("it waits since {since}"));
                }
                Some(_) => {}
            }
        }
        let waits = outbox.keys().any(|(_, effect)| *effect == Effect::Assign);
        let is_open = match ticket.state {
            State::New | State::Assigned | State::OnHold(_) => true,
            State::Solved | State::Closed => false,
        };
        if is_open && ticket.assignee.is_none() && !waits {
            let detail = "nobody has it, and no assignment is owed";
            self.find(Kind::AssignmentNotOwed, self.id, detail);
        }
    }
}

fn owe(owed: &mut Owed, event: &Event, ticket: &Ticket) {
    for effect in effects(event, ticket) {
        owed.insert((event.seq, effect), event.at);
    }
}

/// Which parts of two tickets differ.
fn difference(replayed: &Ticket, stored: &Ticket) -> String {
    let fields = |ticket: &Ticket| match serde_json::to_value(ticket) {
        Ok(Value::Object(fields)) => fields,
        Ok(_) | Err(_) => Map::new(),
    };
    let (replayed, stored) = (fields(replayed), fields(stored));
    let names: BTreeSet<_> = replayed.keys().chain(stored.keys()).collect();
    let parts: Vec<_> = names
        .into_iter()
        .filter(|name| replayed.get(*name) != stored.get(*name))
        .map(String::as_str)
        .collect();
    format!("the history makes another: {}", parts.join(", "))
}
