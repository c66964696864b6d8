//! The commit: ticket, events, outbox rows and idempotency row in one
//! transaction. Either all of it is there, or none.

use std::time::Duration;

use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::builders::UpdateBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, Delete, Put, TransactWriteItem, Update};
use types::effects::{Effect, effects};
use types::ids::EmailAddress;
use types::mail::MailRecord;
use types::message::Doorbell;
use types::roster::LoadChange;
use types::ticket::{Event, Ticket};

use super::idempotency::{self, Claim};
use super::item::Item;
use super::mail::MailEntry;
use super::outbox::{OutboxKey, Unsent, unsent_row};
use super::{Store, StoreError, failed, unbuildable};
use crate::clock;
use crate::keys::{self, DueKind, Key};

/// How often a transaction that another one was in the way of is tried.
const ATTEMPTS: u32 = 5;

/// What is written together.
pub struct Commit<'a> {
    /// The ticket that was decided on; `None` for a registration.
    pub before: Option<&'a Ticket>,
    /// The ticket after the events.
    pub after: &'a Ticket,
    pub events: &'a [Event],
    /// The outbox row that this commit takes care of.
    pub done: Option<OutboxKey>,
    /// What makes the same request, sent again, get the same answer.
    pub idempotency: Option<IdempotencyGuard<'a>>,
    /// For an automatic assignment: the load that the choice was made on.
    pub load: Option<LoadGuard>,
    /// The mail that brought it about.
    pub mail: Option<MailGuard<'a>>,
}

/// The mail that a commit is the outcome of.
pub enum MailGuard<'a> {
    /// It came in, and is not on record yet.
    Received(&'a MailEntry<'a>),
    /// It was refused, and somebody of the desk accepts it.
    Accepted(&'a MailRecord),
    /// One of ours did not reach somebody, who gets no more of them.
    Bounced(&'a EmailAddress),
}

/// The idempotency row of a commit.
pub enum IdempotencyGuard<'a> {
    /// Nobody may have used the key yet.
    Unused {
        scope: &'a str,
        key: &'a str,
        fingerprint: &'a str,
    },
    /// The key was claimed before a number was taken.
    Claimed(&'a Claim),
}

/// An agent was chosen because he had this much.
pub struct LoadGuard {
    pub agent: EmailAddress,
    pub open: Option<i64>,
}

/// Why a commit wrote nothing.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    #[error("somebody else changed the ticket")]
    VersionChanged,
    #[error("the number is taken or void")]
    NumberTaken,
    #[error("the idempotency key was used in between")]
    KeyUsed,
    #[error("the outbox row has been taken care of")]
    AlreadyDone,
    #[error("the agent's load changed in between")]
    LoadChanged,
    #[error("the mail is on record already")]
    MailKnown,
    #[error("the same Message-ID came before")]
    MessageIdKnown,
    #[error("the sender has had his share of this hour")]
    SenderExceeded,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What a part of the transaction guards, in the order of the parts.
#[derive(Clone, Copy)]
pub(super) enum Part {
    Ticket,
    Number,
    Event,
    Outbox,
    Done,
    Idempotency,
    Load,
    GuardedLoad,
    Mail,
    MessageId,
    Sender,
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

        let mut doorbells = Vec::new();
        for event in commit.events {
            let key = keys::event(ticket.id, event.seq);
            parts.put(Part::Event, Item::with_doc(&key, event)?, ABSENT)?;
            for effect in effects(event, ticket) {
                let row = Item::new(&keys::outbox(ticket.id, event.seq, effect))
                    .set(
                        "due_pk",
                        keys::due_partition(DueKind::Outbox, keys::shard(ticket.id)),
                    )
                    .set("due_sk", keys::time_sort(clock::now(), ticket.id));
                parts.put(Part::Outbox, row, ABSENT)?;
                doorbells.push(Doorbell::Outbox {
                    ticket: ticket.id,
                    seq: event.seq,
                    effect,
                });
            }
        }

        if let Some(done) = commit.done {
            parts.delete_existing(Part::Done, &done.key())?;
            if let Effect::Mail(_) = done.effect {
                // The events say so, in the mail's place.
                parts.put(Part::Done, unsent_row(done, Unsent::Undeliverable), None)?;
            }
        }
        match &commit.idempotency {
            None => {}
            Some(IdempotencyGuard::Unused {
                scope,
                key,
                fingerprint,
            }) => {
                let row = idempotency::finished_row(scope, key, fingerprint, ticket);
                let unused = "attribute_not_exists(pk) OR expires_at < :now";
                let values = vec![(":now", number(clock::now().as_second().unsigned_abs()))];
                parts.put(Part::Idempotency, row, Some((unused, values)))?;
            }
            Some(IdempotencyGuard::Claimed(claim)) => {
                let row =
                    idempotency::finished_row(&claim.scope, &claim.key, &claim.fingerprint, ticket);
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
            match &commit.load {
                Some(guard) if guard.agent == *more => parts.add_guarded_load(guard)?,
                Some(_) | None => parts.add_load(more, 1)?,
            }
        }

        match &commit.mail {
            None => {}
            Some(MailGuard::Received(entry)) => parts.put_mail(entry)?,
            Some(MailGuard::Accepted(record)) => parts.put_acceptance(record)?,
            Some(MailGuard::Bounced(email)) => parts.put_suppression(email)?,
        }

        self.write(parts).await?;
        Ok(doorbells)
    }

    pub(super) async fn write(&self, parts: Parts<'_>) -> Result<(), CommitError> {
        let operation = "commit a ticket";
        for attempt in 1.. {
            let sent = self
                .client
                .transact_write_items()
                .set_transact_items(Some(parts.writes.clone()))
                .send()
                .await;
            let error = match sent {
                Ok(_) => return Ok(()),
                Err(error) => error,
            };
            let Some(TransactWriteItemsError::TransactionCanceledException(canceled)) =
                error.as_service_error()
            else {
                return Err(failed(operation, error).into());
            };
            // Every reason is read: the first one is not always the one that says most.
            let mut passing = false;
            let mut guards = Vec::new();
            for (reason, part) in canceled.cancellation_reasons().iter().zip(&parts.kinds) {
                match reason.code() {
                    Some("ConditionalCheckFailed") => guards.push(*part),
                    Some(code) if is_passing(code) => passing = true,
                    Some(_) | None => {}
                }
            }
            if let Some(error) = strongest(&guards) {
                return Err(error);
            }
            if !passing {
                return Err(CommitError::Store(StoreError::Unexpected {
                    operation,
                    source: Box::new(error),
                }));
            }
            if attempt == ATTEMPTS {
                return Err(CommitError::Store(StoreError::Retryable {
                    operation,
                    source: Box::new(error),
                }));
            }
            tokio::time::sleep(clock::jitter(Duration::from_millis(20 << attempt))).await;
        }
        // The loop ends in one of its returns.
        Ok(())
    }
}

/// Whether a transaction that was cancelled for this reason may go through later.
pub(super) fn is_passing(code: &str) -> bool {
    matches!(
        code,
        "TransactionConflict" | "ThrottlingError" | "ProvisionedThroughputExceeded"
    )
}

/// The guard to report when several held: a key that was used or work that was
/// done says that there is nothing left to do, which a caller has to know first.
fn strongest(guards: &[Part]) -> Option<CommitError> {
    let rank = |part: &Part| match part {
        Part::Mail => 0,
        Part::MessageId => 1,
        Part::Idempotency | Part::Done => 2,
        Part::Sender => 3,
        Part::Ticket | Part::Event | Part::Outbox => 4,
        Part::Number => 5,
        Part::GuardedLoad | Part::Load => 6,
    };
    Some(match guards.iter().min_by_key(|part| rank(part))? {
        Part::Idempotency => CommitError::KeyUsed,
        Part::Done => CommitError::AlreadyDone,
        Part::Ticket | Part::Event | Part::Outbox => CommitError::VersionChanged,
        Part::Number => CommitError::NumberTaken,
        Part::GuardedLoad | Part::Load => CommitError::LoadChanged,
        Part::Mail => CommitError::MailKnown,
        Part::MessageId => CommitError::MessageIdKnown,
        Part::Sender => CommitError::SenderExceeded,
    })
}

fn number(value: u64) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

pub(super) type Condition<'a> = Option<(&'a str, Vec<(&'a str, AttributeValue)>)>;

const ABSENT: Condition<'static> = Some(("attribute_not_exists(pk)", vec![]));

/// The parts of a transaction, and what each of them guards.
pub(super) struct Parts<'a> {
    table: &'a str,
    kinds: Vec<Part>,
    writes: Vec<TransactWriteItem>,
}

impl<'a> Parts<'a> {
    pub(super) fn new(table: &'a str) -> Self {
        Parts {
            table,
            kinds: vec![],
            writes: vec![],
        }
    }
}

impl Parts<'_> {
    pub(super) fn update(
        &mut self,
        kind: Part,
        key: &Key,
        change: impl FnOnce(UpdateBuilder) -> UpdateBuilder,
    ) -> Result<(), StoreError> {
        let update = Update::builder()
            .table_name(self.table)
            .set_key(Some(key.attributes()));
        let update = change(update)
            .build()
            .map_err(|e| unbuildable("commit a ticket", e))?;
        self.push(kind, TransactWriteItem::builder().update(update).build());
        Ok(())
    }

    fn push(&mut self, kind: Part, write: TransactWriteItem) {
        self.kinds.push(kind);
        self.writes.push(write);
    }

    pub(super) fn put(
        &mut self,
        kind: Part,
        item: Item,
        condition: Condition<'_>,
    ) -> Result<(), StoreError> {
        let mut put = Put::builder().table_name(self.table).set_item(Some(item.0));
        if let Some((expression, values)) = condition {
            put = put.condition_expression(expression);
            for (name, value) in values {
                put = put.expression_attribute_values(name, value);
            }
        }
        let put = put.build().map_err(|e| unbuildable("commit a ticket", e))?;
        self.push(kind, TransactWriteItem::builder().put(put).build());
        Ok(())
    }

    fn delete_existing(&mut self, kind: Part, key: &Key) -> Result<(), StoreError> {
        let delete = Delete::builder()
            .table_name(self.table)
            .set_key(Some(key.attributes()))
            .condition_expression("attribute_exists(pk)")
            .build()
            .map_err(|e| unbuildable("commit a ticket", e))?;
        self.push(kind, TransactWriteItem::builder().delete(delete).build());
        Ok(())
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
            keys::requester_partition(&ticket.requester.person.email),
        )
        .set("requester_sk", ticket.id.to_string());
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
