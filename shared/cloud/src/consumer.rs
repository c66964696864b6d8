//! The consumer of a queue: every message stands for itself. One that cannot be
//! read, or whose handler fails or panics, is reported alone and comes back
//! alone; its neighbours are done.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use aws_lambda_events::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent, SqsMessage};
use futures_util::{FutureExt, StreamExt, stream};
use tokio::time::Instant;
use types::Timestamp;
use types::command::{Command, Rejection, Setting, decide};
use types::effects::QueueName;
use types::format::accounts::HolderId;
use types::ids::{EmailAddress, MailId, TicketId};
use types::message::Doorbell;
use types::permission::Actor;
use types::quarter::Quarter;
use types::ticket::{Event, Ticket};

use crate::clock;
use crate::desk::{Desk, Halt};
use crate::log::chain;
use crate::metrics;
use crate::notices::Notice;
use crate::store::{CommitError, GivenUp, Guards, OutboxKey, Outcome, StoreError};
use crate::trace::Trace;

/// What a doorbell led to.
pub enum Work {
    /// A row of the outbox that has not been taken care of.
    Outbox {
        row: OutboxKey,
        event: Box<Event>,
        ticket: Box<Ticket>,
        /// When whoever works on it is stopped, whatever he is at.
        until: Timestamp,
    },
    /// A ticket whose timer was due when the sweep looked, at `at`.
    Timer { ticket: Box<Ticket>, at: Timestamp },
    /// A refused mail whose sender is owed an answer.
    Answer { mail: MailId },
    /// A version of the catalogue that changed who is there.
    HandOver { version: u64 },
    /// A person whose accounts were about to end when the sweep looked, at `at`.
    Ending { holder: HolderId, at: Timestamp },
    /// The matrix is to be gone through, as of `at`.
    Reviews { at: Timestamp },
    /// A review that its chief has signed.
    ReviewSigned {
        quarter: Quarter,
        chief: EmailAddress,
    },
    /// Somebody is to be told of a review: its chief, or the coordinators of all.
    ReviewNotice {
        quarter: Quarter,
        chief: Option<EmailAddress>,
        at: Timestamp,
        /// When whoever works on it is stopped, whatever he is at.
        until: Timestamp,
    },
}

impl Work {
    /// What a consumer says of work that is none of its own.
    pub fn misplaced(&self) -> Failure {
        Failure::Poison(match self {
            Work::Outbox { row, .. } => format!("{} is not for this queue", row.effect),
            Work::Timer { .. } => "timers are not for this queue".to_owned(),
            Work::Answer { .. } => "answers are not for this queue".to_owned(),
            Work::HandOver { .. } => "hand-overs are not for this queue".to_owned(),
            Work::Ending { .. } => "ends of accounts are not for this queue".to_owned(),
            Work::Reviews { .. } | Work::ReviewSigned { .. } | Work::ReviewNotice { .. } => {
                "reviews are not for this queue".to_owned()
            }
        })
    }
}

/// Why a message is not done.
#[derive(Debug)]
pub enum Failure {
    /// Worth another try, after this long where it is known.
    Retry {
        after: Option<Duration>,
        reason: String,
    },
    /// No try will help; it belongs in the dead-letter queue.
    Poison(String),
}

impl Failure {
    /// The class of the failure, and why it failed.
    fn parts(&self) -> (&'static str, &str) {
        match self {
            Failure::Retry { reason, .. } => ("retryable", reason),
            Failure::Poison(reason) => ("poison", reason),
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        if error.is_retryable() {
            Failure::Retry {
                after: None,
                reason: chain(&error),
            }
        } else {
            Failure::Poison(chain(&error))
        }
    }
}

impl From<CommitError> for Failure {
    fn from(error: CommitError) -> Self {
        match error {
            CommitError::Store(error) => error.into(),
            CommitError::Gone => Failure::Poison(error.to_string()),
            // The loads change quickly.
            CommitError::LoadChanged => Failure::Retry {
                after: Some(Duration::ZERO),
                reason: error.to_string(),
            },
            CommitError::VersionChanged
            | CommitError::NumberTaken
            | CommitError::HolderChanged
            | CommitError::KeyUsed
            | CommitError::AlreadyDone
            | CommitError::MailKnown
            | CommitError::MessageIdKnown
            | CommitError::SenderExceeded => Failure::Retry {
                after: None,
                reason: error.to_string(),
            },
        }
    }
}

/// A queue's consumer.
pub trait Consumer: Send + Sync {
    /// The queue, and how many of its messages are worked on at once.
    const QUEUE: QueueName;
    const CONCURRENCY: usize;

    /// The time that one message may take: longer than most do. What is begun later
    /// than this before the end may be cut off in the midst of it, when a mail has
    /// gone out and is not on record, say.
    const ONE_MESSAGE: Duration = ONE_MESSAGE;

    /// What the messages of one batch share, and no others.
    type Batch: Default + Send + Sync;

    /// What everything is done with.
    fn desk(&self) -> &Desk;

    /// Does one piece of work, and says what to ring for. `Ok` means that it is
    /// done, also where it turned out that there was nothing to do.
    fn work(
        &self,
        batch: &Self::Batch,
        work: Work,
    ) -> impl Future<Output = Result<Vec<Doorbell>, Failure>> + Send;
}

/// What comes over a queue has no idempotency key.
impl From<Outcome> for Failure {
    fn from(known: Outcome) -> Self {
        Failure::Poison(format!("a message without a key found one: {known:?}"))
    }
}

impl From<Halt<Rejection>> for Failure {
    fn from(halt: Halt<Rejection>) -> Self {
        match halt {
            Halt::Decision(rejection) => Failure::Poison(rejection.to_string()),
            Halt::Commit(error) => error.into(),
            Halt::Key(known) => known.into(),
        }
    }
}

/// Acts on a timer of `queue` that the sweep saw due at `at`: the first of
/// `commands` that the rules still allow then. Where they allow none, or the ticket
/// waits for another queue's timer by now, this one is no longer true.
///
/// # Errors
/// See [`Failure`].
pub async fn act_on_timer(
    desk: &Desk,
    queue: QueueName,
    ticket: Ticket,
    at: Timestamp,
    commands: &[Command],
) -> Result<Vec<Doorbell>, Failure> {
    let first_allowed = |ticket: &Ticket, setting: Setting<'_>| {
        let timer = ticket.next_timer();
        let is_ours = timer.is_some_and(|timer| timer.queue == queue);
        for command in commands.iter().filter(|_| is_ours) {
            match decide(ticket, command, &Actor::System, setting) {
                // Paused, met, answered or fired in between; or another one's turn.
                Err(Rejection::InvalidTransition(_)) => {}
                decided => return decided,
            }
        }
        Ok(vec![])
    };
    let guards = Guards::default();
    let carried = desk.carry_out(ticket, guards, Some(at), first_allowed);
    Ok(carried.await?.doorbells)
}

/// Messages that came together, and the time that there is for them.
pub struct Batch {
    event: SqsEvent,
    /// When the process is killed, whatever it is at.
    ends: Instant,
}

/// What most work takes less than: calls to the table, and to queues.
const ONE_MESSAGE: Duration = Duration::from_secs(5);

impl Batch {
    /// A batch that has to be done within `time`.
    pub fn new(event: SqsEvent, time: Duration) -> Self {
        Batch {
            event,
            ends: Instant::now() + time,
        }
    }

    /// The queue that it came from.
    pub fn source(&self) -> Option<&str> {
        let first = self.event.records.first();
        first.and_then(|record| record.event_source_arn.as_deref())
    }
}

/// Whether there is time to begin with one more message.
fn has_time(ends: Instant, one_message: Duration) -> bool {
    Instant::now() + one_message < ends
}

/// When a process that is stopped at `ends` is stopped, by the clock.
fn stopped_at(ends: Instant) -> Timestamp {
    clock::now() + ends.saturating_duration_since(Instant::now())
}

/// What is said of a message that there was no time for: it comes back at once.
fn out_of_time() -> Failure {
    Failure::Retry {
        after: Some(Duration::ZERO),
        reason: "there is no time left to begin with it".to_owned(),
    }
}

/// Works a batch off and reports which messages have to come back.
///
/// # Errors
/// When a record has no id: what cannot be named cannot be reported alone.
pub async fn consume<C: Consumer>(
    consumer: &C,
    Batch { event, ends }: Batch,
) -> Result<SqsBatchResponse, MissingId> {
    let desk = consumer.desk();
    let queue = C::QUEUE.as_str();
    let mut bells = Vec::with_capacity(event.records.len());
    let mut failures = Vec::new();
    for record in event.records {
        let message = Message::new(record)?;
        match Doorbell::with_origin(message.body()) {
            Ok((doorbell, origin)) => bells.push((message, doorbell, origin)),
            Err(poison) => {
                let failure = Failure::Poison(poison.to_string());
                failures.push(message.failed(desk, queue, None, &failure).await);
            }
        }
    }
    let looked_up = match look_up(desk, bells.iter().map(|(_, doorbell, _)| doorbell)).await {
        Ok(looked_up) => looked_up,
        Err(error) => {
            let failure = Failure::from(error);
            for (message, doorbell, _) in bells {
                let ticket = doorbell.ticket();
                failures.push(message.failed(desk, queue, ticket, &failure).await);
            }
            return Ok(response(failures));
        }
    };
    let (looked_up, batch, until) = (&looked_up, &C::Batch::default(), stopped_at(ends));
    type Owed = (Vec<Doorbell>, Option<String>);
    let done: Vec<Result<Owed, String>> = stream::iter(bells)
        .map(|(message, doorbell, origin)| {
            // The row knows it, whoever rang for it.
            let origin = looked_up.origin(&doorbell).or(origin);
            let trace = Trace::for_origin(origin.as_deref());
            let work = async move {
                let failure = if has_time(ends, C::ONE_MESSAGE) {
                    let work = one(consumer, batch, looked_up, &doorbell, until);
                    match isolated(work).await {
                        Ok(doorbells) => return Ok((doorbells, origin)),
                        Err(failure) => failure,
                    }
                } else {
                    out_of_time()
                };
                if let (
                    Failure::Retry {
                        after: Some(after), ..
                    },
                    Some(handle),
                ) = (&failure, &message.record.receipt_handle)
                {
                    desk.queues.retry_after(C::QUEUE, handle, *after).await;
                }
                let ticket = doorbell.ticket();
                Err(message.failed(desk, queue, ticket, &failure).await)
            };
            trace.follow(work)
        })
        .buffer_unordered(C::CONCURRENCY)
        .collect()
        .await;
    let mut doorbells = Vec::new();
    for outcome in done {
        match outcome {
            Ok((owed, origin)) => {
                let owed = owed.into_iter();
                doorbells.extend(owed.map(|doorbell| (doorbell, origin.clone())));
            }
            Err(id) => failures.push(id),
        }
    }
    // Once for the whole batch. If this process dies before it, its messages come
    // back, find their work done, and ring for what their tickets owe.
    let owed = doorbells
        .iter()
        .map(|(doorbell, origin)| (doorbell, origin.as_deref()));
    desk.queues.ring_for(owed).await;
    Ok(response(failures))
}

/// A consumer of what SES says.
pub trait Listener: Send + Sync {
    /// The queue, by its word.
    const QUEUE: &'static str;

    /// What everything is done with.
    fn desk(&self) -> &Desk;

    /// Acts on one notice, and says what to ring for.
    fn hear(&self, notice: Notice) -> impl Future<Output = Result<Vec<Doorbell>, Failure>> + Send;
}

/// Works a batch of SES's notices off, one after the other, and reports which
/// messages have to come back.
///
/// # Errors
/// When a record has no id: what cannot be named cannot be reported alone.
pub async fn listen<L: Listener>(
    listener: &L,
    Batch { event, ends }: Batch,
) -> Result<SqsBatchResponse, MissingId> {
    let desk = listener.desk();
    let mut failures = Vec::new();
    let mut doorbells = Vec::new();
    for record in event.records {
        let message = Message::new(record)?;
        let heard = match Notice::from_body(message.body()) {
            Ok(notice) if has_time(ends, ONE_MESSAGE) => isolated(listener.hear(notice)).await,
            Ok(_) => Err(out_of_time()),
            Err(poison) => Err(Failure::Poison(poison.to_string())),
        };
        match heard {
            Ok(owed) => doorbells.extend(owed),
            Err(failure) => failures.push(message.failed(desk, L::QUEUE, None, &failure).await),
        }
    }
    desk.queues.ring(&doorbells).await;
    Ok(response(failures))
}

/// A message that is being worked on.
struct Message {
    id: String,
    record: SqsMessage,
}

impl Message {
    fn new(record: SqsMessage) -> Result<Self, MissingId> {
        let id = record.message_id.clone().filter(|id| !id.is_empty());
        let id = id.ok_or(MissingId)?;
        Ok(Message { id, record })
    }

    fn body(&self) -> &str {
        self.record.body.as_deref().unwrap_or_default()
    }

    /// Logs why the message is not done, and puts it on record where this was
    /// its last try: next it is among the dead letters. Gives its id.
    async fn failed(
        self,
        desk: &Desk,
        queue: &str,
        ticket: Option<TicketId>,
        failure: &Failure,
    ) -> String {
        let received = self.record.attributes.get("ApproximateReceiveCount");
        let receive_count = received.and_then(|n| n.parse().ok()).unwrap_or(0);
        let (class, reason) = failure.parts();
        let ticket = ticket.map(|id| id.to_string());
        match failure {
            Failure::Poison(_) => {
                metrics::failure("poison");
                tracing::error!(
                    message.id = self.id,
                    ticket.id = ticket,
                    receive_count,
                    error = reason,
                    "the message is poison"
                );
            }
            Failure::Retry { .. } => tracing::warn!(
                message.id = self.id,
                ticket.id = ticket,
                receive_count,
                error = reason,
                "the message comes back"
            ),
        }
        if receive_count >= desk.max_receives {
            let given_up = GivenUp {
                queue,
                message_id: &self.id,
                body: self.body(),
                class,
                reason,
                receive_count,
            };
            if let Err(error) = desk.store.record_given_up(&given_up).await {
                tracing::error!(
                    message.id = self.id,
                    error = chain(&error),
                    "a message is given up, and that is not on record"
                );
            }
        }
        self.id
    }
}

/// Carries out the work of one message; a panic in it is a failure of that
/// message.
async fn isolated<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    match AssertUnwindSafe(work).catch_unwind().await {
        Ok(outcome) => outcome,
        Err(_) => {
            metrics::failure("panic");
            Err(Failure::Retry {
                after: None,
                reason: "the handler panicked".to_owned(),
            })
        }
    }
}

/// A record without a message id.
#[derive(Debug, thiserror::Error)]
#[error("a record has no message id; the whole batch comes back")]
pub struct MissingId;

fn response(failures: Vec<String>) -> SqsBatchResponse {
    let mut response = SqsBatchResponse::default();
    response.batch_item_failures = failures
        .into_iter()
        .map(|id| {
            let mut failure = BatchItemFailure::default();
            failure.item_identifier = id;
            failure
        })
        .collect();
    response
}

struct LookedUp {
    tickets: HashMap<TicketId, Ticket>,
    events: HashMap<(TicketId, u64), Event>,
    owed: HashMap<OutboxKey, Option<String>>,
}

impl LookedUp {
    /// The request that the row of a doorbell was written for, where it says.
    fn origin(&self, doorbell: &Doorbell) -> Option<String> {
        match *doorbell {
            Doorbell::Outbox {
                ticket,
                seq,
                effect,
            } => {
                let row = OutboxKey {
                    ticket,
                    seq,
                    effect,
                };
                self.owed.get(&row).cloned().flatten()
            }
            Doorbell::Timer { .. }
            | Doorbell::Answer { .. }
            | Doorbell::HandOver { .. }
            | Doorbell::Ending { .. }
            | Doorbell::Reviews { .. }
            | Doorbell::ReviewSigned { .. }
            | Doorbell::ReviewNotice { .. } => None,
        }
    }
}

/// Reads everything that a batch is about, consistently, in one call.
async fn look_up<'a>(
    desk: &Desk,
    bells: impl Iterator<Item = &'a Doorbell>,
) -> Result<LookedUp, StoreError> {
    let mut tickets = Vec::new();
    let mut rows = Vec::new();
    for bell in bells {
        tickets.extend(bell.ticket());
        if let Doorbell::Outbox {
            ticket,
            seq,
            effect,
        } = bell
        {
            rows.push(OutboxKey {
                ticket: *ticket,
                seq: *seq,
                effect: *effect,
            });
        }
    }
    if tickets.is_empty() {
        return Ok(LookedUp {
            tickets: HashMap::new(),
            events: HashMap::new(),
            owed: HashMap::new(),
        });
    }
    let (tickets, events, owed) = desk.store.look_up(&tickets, &rows).await?;
    Ok(LookedUp {
        tickets,
        events,
        owed,
    })
}

async fn one<C: Consumer>(
    consumer: &C,
    batch: &C::Batch,
    looked_up: &LookedUp,
    doorbell: &Doorbell,
    until: Timestamp,
) -> Result<Vec<Doorbell>, Failure> {
    let ticket = doorbell
        .ticket()
        .and_then(|id| looked_up.tickets.get(&id).cloned())
        .map(Box::new);
    match doorbell {
        Doorbell::Answer { mail } => {
            let mail = mail.clone();
            consumer.work(batch, Work::Answer { mail }).await
        }
        Doorbell::HandOver { version } => {
            let version = *version;
            consumer.work(batch, Work::HandOver { version }).await
        }
        Doorbell::Ending { holder, at } => {
            let (holder, at) = (holder.clone(), *at);
            consumer.work(batch, Work::Ending { holder, at }).await
        }
        Doorbell::Reviews { at } => consumer.work(batch, Work::Reviews { at: *at }).await,
        Doorbell::ReviewSigned { quarter, chief } => {
            let (quarter, chief) = (*quarter, chief.clone());
            consumer
                .work(batch, Work::ReviewSigned { quarter, chief })
                .await
        }
        Doorbell::ReviewNotice { quarter, chief, at } => {
            let work = Work::ReviewNotice {
                quarter: *quarter,
                chief: chief.clone(),
                at: *at,
                until,
            };
            consumer.work(batch, work).await
        }
        Doorbell::Timer { at, .. } => match ticket {
            Some(ticket) => consumer.work(batch, Work::Timer { ticket, at: *at }).await,
            None => Err(Failure::Poison("there is no such ticket".to_owned())),
        },
        Doorbell::Outbox {
            ticket: id,
            seq,
            effect,
        } => {
            let row = OutboxKey {
                ticket: *id,
                seq: *seq,
                effect: *effect,
            };
            if !looked_up.owed.contains_key(&row) {
                return already_done(consumer.desk(), *id).await;
            }
            let event = looked_up.events.get(&(*id, *seq)).cloned().map(Box::new);
            match (ticket, event) {
                (Some(ticket), Some(event)) => {
                    let work = Work::Outbox {
                        row,
                        event,
                        ticket,
                        until,
                    };
                    consumer.work(batch, work).await
                }
                (_, _) => Err(Failure::Poison(
                    "there is no such ticket or event".to_owned(),
                )),
            }
        }
    }
}

/// The work is done, but whoever did it may have died before it rang for what
/// came next: this doorbell rings for that.
async fn already_done(desk: &Desk, ticket: TicketId) -> Result<Vec<Doorbell>, Failure> {
    Ok(desk.store.owed(ticket).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_fails_one_message_and_leaves_its_neighbours_alone() {
        let work = |i: u32| async move {
            tokio::task::yield_now().await;
            assert_ne!(i, 2, "this one panics");
            Ok(i)
        };
        let outcomes: Vec<_> = stream::iter(0..5)
            .map(|i| isolated(work(i)))
            .buffered(3)
            .map(|outcome| outcome.ok())
            .collect()
            .await;
        assert_eq!(outcomes, [Some(0), Some(1), None, Some(3), Some(4)]);
    }
}
