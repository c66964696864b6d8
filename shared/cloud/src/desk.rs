//! What every function of the desk works with, and the way that each command
//! goes: load, authorise, decide, commit, ring, answer.

use std::time::Duration;

use sha2::{Digest, Sha256};
use types::catalogue::Catalogue;
use types::command::{Command, Setting, decide};
use types::effects::QueueName;
use types::ids::{TicketId, TicketRef};
use types::message::Doorbell;
use types::permission::{Actor, Caller, may_read};
use types::problem::Problem;
use types::ticket::{Event, Ticket, apply};
use types::view::{Reader, TicketView};
use ulid::Ulid;

use crate::clock;
use crate::config::{ConfigError, Environment};
use crate::http::{Answer, Call};
use crate::log::chain;
use crate::queues::Queues;
use crate::store::{
    CatalogueCache, Commit, CommitError, IdempotencyGuard, LoadGuard, MailGuard, OutboxKey,
    Outcome, Replay, Store, StoreError, StoredCatalogue,
};

/// How often a command is decided again because somebody else was faster.
const ATTEMPTS: u32 = 4;

/// The table, the queues and the catalogue.
pub struct Desk {
    pub store: Store,
    pub queues: Queues,
    catalogue: CatalogueCache,
    pub entity_domains: Vec<String>,
    /// How often a message is tried before it goes to the dead letters.
    pub max_receives: u32,
}

/// Why a decided command was not written.
#[derive(Debug)]
pub enum Refusal {
    /// The caller is told this.
    Problem(Problem),
    /// The same request was done before; this was its answer.
    Done(Replay),
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        Refusal::Problem(problem)
    }
}

/// A failed call to the table as the caller is told of it; the log gets the rest.
pub fn problem_of(error: &StoreError) -> Problem {
    if error.is_retryable() {
        tracing::warn!(error = chain(error), "the table did not answer");
        Problem::Unavailable
    } else {
        tracing::error!(error = chain(error), "the table failed");
        Problem::Internal
    }
}

impl Desk {
    /// Reads the configuration; `queues` are those that the function rings.
    ///
    /// # Errors
    /// When something that is needed is missing.
    pub async fn start(
        environment: &Environment,
        queues: &[QueueName],
    ) -> Result<Self, ConfigError> {
        let store = Store::new(environment)?;
        store.warm().await;
        Ok(Desk {
            queues: Queues::new(environment, queues)?,
            catalogue: CatalogueCache::new(store.clone()),
            entity_domains: environment.list("ENTITY_DOMAINS")?,
            max_receives: environment.parsed("MAX_RECEIVES")?,
            store,
        })
    }

    /// The catalogue in force.
    ///
    /// # Errors
    /// When the table does not say.
    pub async fn catalogue(&self) -> Result<StoredCatalogue, Problem> {
        self.catalogue.get().await.map_err(|e| problem_of(&e))
    }

    /// The catalogue in force, for a consumer.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn catalogue_for_queue(&self) -> Result<StoredCatalogue, StoreError> {
        self.catalogue.get().await
    }

    /// Who calls, with the roles that the directory gives.
    ///
    /// # Errors
    /// When the token did not say who it is.
    pub fn caller(&self, call: &Call, catalogue: &Catalogue) -> Result<Caller, Problem> {
        let identity = call.identity()?.clone();
        Ok(Caller::identify(
            identity.email,
            identity.name,
            catalogue,
            &self.entity_domains,
        ))
    }

    /// The ticket that a caller asks to read.
    ///
    /// # Errors
    /// One that he may not read is answered like one that does not exist.
    pub async fn readable(&self, reference: TicketRef, caller: &Caller) -> Result<Ticket, Problem> {
        match self
            .store
            .find(reference)
            .await
            .map_err(|e| problem_of(&e))?
        {
            Some(ticket) if may_read(caller, &ticket) => Ok(ticket),
            Some(_) | None => Err(Problem::NotFound("No existe esa solicitud.")),
        }
    }

    /// Carries out a command that somebody gave over HTTP, on the ticket that
    /// the path names.
    ///
    /// # Errors
    /// The problem that the caller is told of; nothing has changed then.
    pub async fn command(
        &self,
        call: &Call,
        read: impl FnOnce(&mut types::input::Fields) -> Option<Command>,
    ) -> Result<Answer, Problem> {
        let reference = call.ticket_ref()?;
        let stored = self.catalogue().await?;
        let caller = self.caller(call, &stored.catalogue)?;
        let mut fields = call.fields()?;
        let expected = fields.optional_whole("expected_version", 1, u64::MAX);
        let command = read(&mut fields);
        let command = fields.finish(command)?;
        let ticket = self.readable(reference, &caller).await?;
        let scope = caller.email.as_str().to_owned();
        let reader = Reader::of(&caller, &ticket);
        let actor = Actor::Person(caller);
        let changed = self
            .execute(call, &scope, ticket, command, &actor, expected)
            .await?;
        Answer::json(200, &TicketView::of(&changed, reader, clock::now()))
    }

    /// Carries out a command on a ticket that was just read, once for each
    /// idempotency key. Gives the ticket after it.
    ///
    /// # Errors
    /// The problem that the caller is told of; nothing has changed then.
    pub async fn execute(
        &self,
        call: &Call,
        scope: &str,
        ticket: Ticket,
        command: Command,
        actor: &Actor,
        expected: Option<u64>,
    ) -> Result<Ticket, Problem> {
        let key = call.idempotency_key()?.map(|key| (key, fingerprint(call)));
        let guard = key
            .as_ref()
            .map(|(key, fingerprint)| (scope, *key, fingerprint.as_str()));
        let done = match self.check_key(guard).await {
            Ok(()) => {
                self.decide_and_commit(ticket, &command, actor, expected, guard)
                    .await
            }
            Err(refusal) => Err(refusal),
        };
        match done {
            Ok(ticket) => Ok(ticket),
            Err(Refusal::Problem(problem)) => Err(problem),
            Err(Refusal::Done(replay)) => self.replayed(replay).await,
        }
    }

    /// The ticket as it was answered before.
    ///
    /// # Errors
    /// When the table does not say.
    pub async fn replayed(&self, replay: Replay) -> Result<Ticket, Problem> {
        self.store
            .ticket_at(replay.ticket, replay.version)
            .await
            .map_err(|e| problem_of(&e))
    }

    /// Whether nobody has used a key: scope, key and fingerprint.
    async fn check_key(&self, key: Option<(&str, &str, &str)>) -> Result<(), Refusal> {
        let Some((scope, key, fingerprint)) = key else {
            return Ok(());
        };
        let known = self.store.look_up_key(scope, key, fingerprint).await;
        match known.map_err(|e| problem_of(&e))? {
            Outcome::Fresh => Ok(()),
            Outcome::Done(replay) => Err(Refusal::Done(replay)),
            Outcome::Mismatch => Err(Problem::IdempotencyMismatch.into()),
            Outcome::InProgress => Err(Problem::Unavailable.into()),
        }
    }

    async fn decide_and_commit(
        &self,
        mut ticket: Ticket,
        command: &Command,
        actor: &Actor,
        expected: Option<u64>,
        key: Option<(&str, &str, &str)>,
    ) -> Result<Ticket, Refusal> {
        for _ in 0..ATTEMPTS {
            if let Some(expected) = expected
                && expected != ticket.version
            {
                return Err(Problem::VersionConflict {
                    expected,
                    actual: ticket.version,
                }
                .into());
            }
            let stored = self.catalogue().await?;
            let setting = Setting {
                now: clock::now(),
                catalogue: &stored.catalogue,
            };
            let events = decide(&ticket, command, actor, setting).map_err(Problem::from)?;
            let after = after(&ticket, &events);
            let commit = Commit {
                before: Some(&ticket),
                after: &after,
                events: &events,
                done: None,
                idempotency: key.map(|(scope, key, fingerprint)| IdempotencyGuard::Unused {
                    scope,
                    key,
                    fingerprint,
                }),
                load: None,
                mail: None,
            };
            match self.store.commit(&commit).await {
                Ok(doorbells) => {
                    self.queues.ring(&doorbells).await;
                    log_events(&after, &events);
                    return Ok(after);
                }
                Err(CommitError::KeyUsed) => {
                    self.check_key(key).await?;
                    return Err(Problem::Unavailable.into());
                }
                // Somebody was faster: what he did may have changed what we may do.
                Err(
                    CommitError::VersionChanged
                    | CommitError::NumberTaken
                    | CommitError::LoadChanged
                    | CommitError::MailKnown
                    | CommitError::MessageIdKnown
                    | CommitError::SenderExceeded
                    | CommitError::AlreadyDone,
                ) => {
                    let fresh = self
                        .store
                        .ticket(ticket.id)
                        .await
                        .map_err(|e| problem_of(&e))?;
                    ticket = fresh.ok_or(Problem::NotFound("No existe esa solicitud."))?;
                    // After the ticket: what changed it may have been this very
                    // request, sent twice, which is not to be refused then.
                    self.check_key(key).await?;
                }
                Err(CommitError::Store(e)) => return Err(problem_of(&e).into()),
            }
        }
        tracing::warn!(ticket.id = %ticket.id, "the ticket changed at every attempt");
        Err(Problem::Unavailable.into())
    }

    /// Writes a ticket that was just registered, and rings. Where it cannot be
    /// written, its number is void.
    ///
    /// # Errors
    /// See [`CommitError`].
    pub async fn found(
        &self,
        ticket: &Ticket,
        events: &[Event],
        idempotency: Option<IdempotencyGuard<'_>>,
        mail: Option<MailGuard<'_>>,
    ) -> Result<(), CommitError> {
        let commit = Commit {
            before: None,
            after: ticket,
            events,
            done: None,
            idempotency,
            load: None,
            mail,
        };
        match self.store.commit(&commit).await {
            Ok(doorbells) => {
                self.queues.ring(&doorbells).await;
                log_events(ticket, events);
                Ok(())
            }
            // The transaction may have gone through all the same: the sweep finds
            // out what the number stands for.
            Err(error @ CommitError::Store(_)) => Err(error),
            Err(error) => {
                let number = ticket.number;
                tracing::warn!(ticket.number = number.0, %error, "the number stays unused");
                if let Err(e) = self.store.void_number(number).await {
                    tracing::warn!(error = chain(&e), "the sweep will record the void");
                }
                Err(error)
            }
        }
    }

    /// Commits what a consumer decided. What to ring for comes back, so that a
    /// batch rings once.
    ///
    /// # Errors
    /// See [`CommitError`].
    pub async fn commit_step(
        &self,
        before: &Ticket,
        events: &[Event],
        done: Option<OutboxKey>,
        load: Option<LoadGuard>,
        mail: Option<MailGuard<'_>>,
    ) -> Result<Vec<Doorbell>, CommitError> {
        let after = after(before, events);
        let commit = Commit {
            before: Some(before),
            after: &after,
            events,
            done,
            idempotency: None,
            load,
            mail,
        };
        let doorbells = self.store.commit(&commit).await?;
        log_events(&after, events);
        Ok(doorbells)
    }

    /// Waits for whoever is at a key to be done with it, for a few seconds.
    ///
    /// # Errors
    /// The problem that the caller is told of when he is not done by then.
    pub async fn await_key(
        &self,
        scope: &str,
        key: &str,
        fingerprint: &str,
    ) -> Result<Replay, Problem> {
        let mut pause = Duration::from_millis(10);
        let mut waited = Duration::ZERO;
        while waited < Duration::from_secs(5) {
            tokio::time::sleep(pause).await;
            waited += pause;
            pause = (pause * 2).min(Duration::from_millis(200));
            let known = self.store.look_up_key(scope, key, fingerprint).await;
            match known.map_err(|e| problem_of(&e))? {
                Outcome::Done(replay) => return Ok(replay),
                Outcome::Mismatch => return Err(Problem::IdempotencyMismatch),
                // Given back: the one who had it was refused or failed.
                Outcome::Fresh => return Err(Problem::Unavailable),
                Outcome::InProgress => {}
            }
        }
        Err(Problem::Unavailable)
    }
}

/// The ticket after some events.
pub fn after(before: &Ticket, events: &[Event]) -> Ticket {
    let mut ticket = before.clone();
    for event in events {
        apply(&mut ticket, event);
    }
    ticket
}

/// What makes two requests the same: the route, the path and the body.
pub fn fingerprint(call: &Call) -> String {
    let mut hash = Sha256::new();
    for part in [call.method.as_bytes(), call.path.as_bytes(), &call.body] {
        hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        hash.update(part);
    }
    data_encoding::HEXLOWER.encode(&hash.finalize())
}

/// A new ticket's id.
pub fn new_ticket_id() -> TicketId {
    TicketId::new(clock::now(), Ulid::generate().random())
}

/// A word that is unique to this attempt.
pub fn claimant() -> String {
    Ulid::generate().to_string()
}

/// One line for each thing that happened.
pub fn log_events(ticket: &Ticket, events: &[Event]) {
    for event in events {
        let kind = event.kind.as_str();
        tracing::info!(
            ticket.id = %ticket.id,
            ticket.number = ticket.number.0,
            event.seq = event.seq,
            event.kind = kind,
            "ticket {}: {kind}",
            ticket.number
        );
    }
}
