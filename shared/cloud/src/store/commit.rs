//! The commit: ticket, events, outbox rows and idempotency row in one
//! transaction. Either all of it is there, or none.

use aws_sdk_dynamodb::types::AttributeValue;
use types::effects::{Effect, effects};
use types::format::accounts::Change;
use types::format::turn::parties;
use types::ids::EmailAddress;
use types::mail::MailRecord;
use types::message::Doorbell;
use types::roster::LoadChange;
use types::ticket::{Event, Ticket, apply, replay};

use super::holders::holder_row;
use super::idempotency::{self, Claim, RequestKey};
use super::item::Item;
use super::mail::MailEntry;
use super::outbox::{OutboxKey, Unsent, unsent_row};
use super::transaction::{ABSENT, CommitError, Part, Parts, number};
use super::{Store, StoreError};
use crate::clock;
use crate::keys::{self, DueKind};
use crate::trace;

/// What is written together.
pub struct Commit<'a> {
    /// The ticket that was decided on; `None` for a registration.
    pub before: Option<&'a Ticket>,
    /// The ticket after the events.
    pub after: &'a Ticket,
    pub events: &'a [Event],
    pub guards: &'a Guards<'a>,
}

/// What a commit depends on besides the ticket's version, and what is written with
/// it.
#[derive(Clone, Default)]
pub struct Guards<'a> {
    /// What makes the same request, sent again, get the same answer.
    pub idempotency: Option<IdempotencyGuard<'a>>,
    /// For an automatic assignment: the load that the choice was made on.
    pub load: Option<LoadGuard>,
    /// For a signature that grants or withdraws accounts: the person after it.
    pub accounts: Option<Change>,
    /// The mail that brought it about.
    pub mail: Option<MailGuard<'a>>,
    /// The outbox row that this commit takes care of.
    pub done: Option<OutboxKey>,
}

/// The mail that a commit is the outcome of.
#[derive(Clone)]
pub enum MailGuard<'a> {
    /// It came in, and is not on record yet.
    Received(MailEntry<'a>),
    /// It was refused, and somebody of the desk accepts it.
    Accepted(MailRecord),
    /// One of ours did not reach somebody, who gets no more of them.
    Bounced(&'a EmailAddress),
}

/// The idempotency row of a commit.
#[derive(Clone, Copy)]
pub enum IdempotencyGuard<'a> {
    /// Nobody may have used the key yet.
    Unused(RequestKey<'a>),
    /// The key was claimed before a number was taken.
    Claimed(&'a Claim),
}

/// An agent was chosen because he had this much.
#[derive(Clone)]
pub struct LoadGuard {
    pub agent: EmailAddress,
    pub open: Option<i64>,
}

impl Store {
    /// Writes a commit and says what to ring.
    ///
    /// # Errors
    /// [`CommitError`] says which guard held; nothing was written then.
    pub async fn commit(&self, commit: &Commit<'_>) -> Result<Vec<Doorbell>, CommitError> {
        let ticket = commit.after;
        let mut parts = Parts::new(&self.table);

        let row = ticket_row(ticket)?;
        match commit.before {
            Some(before) => parts.put(
                Part::Ticket,
                row,
                Some((
                    "version = :version",
                    vec![(":version", number(before.version))],
                )),
            )?,
            None => {
                parts.put(Part::Ticket, row, ABSENT)?;
                let named =
                    Item::new(&keys::number(ticket.number)).set("ticket", ticket.id.to_string());
                parts.put(Part::Number, named, ABSENT)?;
            }
        }

        parts.put_observers(commit.before, ticket)?;
        parts.put_awaited(commit.before, ticket)?;
        if let Some(change) = &commit.guards.accounts {
            parts.put_holder(change)?;
        }

        let mut doorbells = Vec::new();
        let mut so_far = commit.before.cloned();
        for event in commit.events {
            let key = keys::event(ticket.id, event.seq);
            parts.put(Part::Event, Item::with_doc(&key, event)?, ABSENT)?;
            // What it owes, it owes on the ticket as it left it: of two verbs of one mail
            // the second may have given the ticket to somebody else.
            match &mut so_far {
                Some(so_far) => apply(so_far, event),
                None => so_far = replay([event]).ok(),
            }
            for effect in effects(event, so_far.as_ref().unwrap_or(ticket)) {
                let row = Item::new(&keys::outbox(ticket.id, event.seq, effect))
                    .set(
                        "due_pk",
                        keys::due_partition(DueKind::Outbox, keys::shard(ticket.id)),
                    )
                    .set("due_sk", keys::time_sort(clock::now(), ticket.id))
                    .begun_by(trace::origin().as_deref());
                parts.put(Part::Outbox, row, ABSENT)?;
                doorbells.push(Doorbell::Outbox {
                    ticket: ticket.id,
                    seq: event.seq,
                    effect,
                });
            }
        }

        if let Some(done) = commit.guards.done {
            parts.delete_existing(Part::Done, &done.key())?;
            if let Effect::Mail(_) = done.effect {
                // The events say so, in the mail's place.
                parts.put(Part::Done, unsent_row(done, Unsent::Undeliverable), None)?;
            }
        }
        match commit.guards.idempotency {
            None => {}
            Some(IdempotencyGuard::Unused(key)) => {
                let row = idempotency::finished_row(key, ticket);
                let unused = "attribute_not_exists(pk) OR expires_at < :now";
                let values = vec![(":now", number(clock::now().as_second().unsigned_abs()))];
                parts.put(Part::Idempotency, row, Some((unused, values)))?;
            }
            Some(IdempotencyGuard::Claimed(claim)) => {
                let row = idempotency::finished_row(claim.request(), ticket);
                let mine = "claimed_by = :me";
                let values = vec![(":me", AttributeValue::S(claim.claimed_by.clone()))];
                parts.put(Part::Idempotency, row, Some((mine, values)))?;
            }
        }
        let change = LoadChange::between(commit.before, ticket);
        if let Some(less) = &change.less {
            parts.add_load(less, -1)?;
        }
        if let Some(more) = &change.more {
            match &commit.guards.load {
                Some(guard) if guard.agent == *more => parts.add_guarded_load(guard)?,
                Some(_) | None => parts.add_load(more, 1)?,
            }
        }

        match &commit.guards.mail {
            None => {}
            Some(MailGuard::Received(entry)) => {
                parts.put_mail(entry)?;
                if entry.record.verbs.is_some() {
                    let mail = entry.record.id.clone();
                    doorbells.push(Doorbell::Answer { mail });
                }
            }
            Some(MailGuard::Accepted(record)) => parts.put_acceptance(record)?,
            Some(MailGuard::Bounced(email)) => parts.put_suppression(email)?,
        }

        self.write(parts).await?;
        Ok(doorbells)
    }
}

impl Parts<'_> {
    /// Where whoever is copied finds the ticket. They are few, and written each time: a
    /// ticket of before there were such rows gets them with its next step.
    fn put_observers(&mut self, before: Option<&Ticket>, after: &Ticket) -> Result<(), StoreError> {
        let copied = &after.request.observers;
        for observer in copied {
            let row = Item::new(&keys::observer(after.id, &observer.email))
                .set("requester_pk", keys::requester_partition(&observer.email))
                .set("requester_sk", after.id.to_string());
            self.put(Part::Observer, row, None)?;
        }
        let left = before
            .into_iter()
            .flat_map(|ticket| &ticket.request.observers);
        for observer in left.filter(|left| copied.iter().all(|o| o.email != left.email)) {
            self.delete(Part::Observer, &keys::observer(after.id, &observer.email))?;
        }
        Ok(())
    }

    /// Where those find the ticket whom its formats wait for.
    fn put_awaited(&mut self, before: Option<&Ticket>, after: &Ticket) -> Result<(), StoreError> {
        let awaited = parties(after);
        for party in &awaited {
            let row = Item::new(&keys::awaited(after.id, party))
                .set("requester_pk", keys::awaited_partition(party))
                .set("requester_sk", after.id.to_string());
            self.put(Part::Awaited, row, None)?;
        }
        let before = before.map(parties).unwrap_or_default();
        for party in before.difference(&awaited) {
            self.delete(Part::Awaited, &keys::awaited(after.id, party))?;
        }
        Ok(())
    }

    /// The accounts of a person, over those that were decided on.
    pub(super) fn put_holder(&mut self, change: &Change) -> Result<(), StoreError> {
        let row = holder_row(&change.holder)?;
        // Where there is somebody, somebody has to go through the matrix.
        let from_now_on = keys::reviews_sort(clock::now());
        self.update(Part::Schedule, &keys::reviews_next(), |update| {
            let timer = AttributeValue::S(keys::due_partition(DueKind::Timer, 0));
            update
                .update_expression(
                    "SET due_pk = if_not_exists(due_pk, :timer), \
                     due_sk = if_not_exists(due_sk, :now)",
                )
                .expression_attribute_values(":timer", timer)
                .expression_attribute_values(":now", AttributeValue::S(from_now_on))
        })?;
        match change.over {
            Some(over) => {
                let same = ("version = :version", vec![(":version", number(over))]);
                self.put(Part::Holder, row, Some(same))
            }
            None => self.put(Part::Holder, row, ABSENT),
        }
    }

    fn add_load(&mut self, agent: &EmailAddress, by: i64) -> Result<(), StoreError> {
        self.update(Part::Load, &keys::agent(agent), |update| {
            update
                .update_expression("ADD #open :by")
                .expression_attribute_names("#open", "open")
                .expression_attribute_values(":by", AttributeValue::N(by.to_string()))
        })
    }

    fn add_guarded_load(&mut self, guard: &LoadGuard) -> Result<(), StoreError> {
        let number = |n: i64| AttributeValue::N(n.to_string());
        self.update(Part::GuardedLoad, &keys::agent(&guard.agent), |update| {
            let update = update
                .update_expression("ADD #open :by SET last_assigned = :now")
                .expression_attribute_names("#open", "open")
                .expression_attribute_values(":by", number(1))
                .expression_attribute_values(":now", number(clock::now().as_millisecond()));
            match guard.open {
                Some(open) => update
                    .condition_expression("#open = :seen")
                    .expression_attribute_values(":seen", number(open)),
                None => update.condition_expression("attribute_not_exists(#open)"),
            }
        })
    }
}

/// How many are copied: a ticket that says so has a row for each of them.
pub const COPIED: &str = "copied";

/// How many its formats wait for: the same.
pub const AWAITED: &str = "awaited";

/// A ticket's row: its document, its version, and where the indexes find it.
pub(super) fn ticket_row(ticket: &Ticket) -> Result<Item, StoreError> {
    let sort = keys::place_sort(ticket.place(), ticket.id);
    let mut row = Item::with_doc(&keys::ticket(ticket.id), ticket)?
        .set_number("version", i64::try_from(ticket.version).unwrap_or(i64::MAX))
        .set(
            "team_pk",
            keys::team_partition(&ticket.policy.team, ticket.status()),
        )
        .set("team_sk", sort.clone())
        .set(
            "requester_pk",
            keys::requester_partition(&ticket.request.requester.person.email),
        )
        .set("requester_sk", ticket.id.to_string())
        .set_number(
            COPIED,
            i64::try_from(ticket.request.observers.len()).unwrap_or(i64::MAX),
        );
    row = row.set_number(
        AWAITED,
        i64::try_from(parties(ticket).len()).unwrap_or(i64::MAX),
    );
    if let Some(assignee) = &ticket.assignee {
        row = row
            .set(
                "assignee_pk",
                keys::assignee_partition(&assignee.email, ticket.status()),
            )
            .set("assignee_sk", sort.clone());
    }
    if let Some(officer) = &ticket.officer {
        row = row
            .set(
                "officer_pk",
                keys::officer_partition(&officer.email, ticket.status()),
            )
            .set("officer_sk", sort);
    }
    if let Some(timer) = ticket.next_timer() {
        row = row
            .set(
                "due_pk",
                keys::due_partition(DueKind::Timer, keys::shard(ticket.id)),
            )
            .set("due_sk", keys::timer_sort(timer, ticket.id));
    }
    Ok(row)
}
