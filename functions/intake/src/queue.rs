//! Requests that open by themselves (A3-FO-12): before somebody's accounts end, and for what
//! a chief withdraws in the quarterly review. Each is registered in the transaction that
//! puts on the person's row that it was, over the version that was looked at: whoever rings
//! twice, late, or three at a time, finds it there.

use std::collections::BTreeSet;
use std::time::Duration;

use cloud::clock;
use cloud::consumer::{Consumer, Failure, Work};
use cloud::desk::{Attempts, Desk, Halt, claimant, new_ticket_id};
use cloud::log::chain;
use cloud::store::{
    Claim, CommitError, Guards, IdempotencyGuard, NoticeRow, Outcome, RequestKey, Schedule,
    StoreError,
};
use futures_util::{StreamExt, TryStreamExt, stream};
use types::Timestamp;
use types::catalogue::Catalogue;
use types::command::{Setting, admit};
use types::effects::QueueName;
use types::format::accounts::{Change, Holder, HolderId};
use types::format::ending::{Opening, Step, opening, still_disables};
use types::ids::{EmailAddress, TicketNumber, TicketRef};
use types::mail::day;
use types::message::Doorbell;
use types::permission::Actor;
use types::person::Person;
use types::quarter::Quarter;
use types::review::{Asked, Notice, Review, Term, begins, outcome, term};

/// People of the matrix that are read at a time, and that are written at a time.
const PAGE: usize = 100;
const AT_ONCE: usize = 8;

/// People that one message does something to: the rest is rung for again, since there is an end
/// to the time of one.
const DECIDED: usize = 40;

/// Whose keys these registrations have: nobody's address.
const SCOPE: &str = "accounts";

/// How soon it is worth another try where somebody else is registering the same: the claim of
/// one who died ends before the tries do.
const SOON: Duration = Duration::from_secs(4);

/// The consumer of the queue `intake`.
pub struct Accounts {
    pub desk: Desk,
}

impl Consumer for Accounts {
    const QUEUE: QueueName = QueueName::Intake;
    const CONCURRENCY: usize = 4;

    type Batch = ();

    fn desk(&self) -> &Desk {
        &self.desk
    }

    async fn work(&self, (): &(), work: Work) -> Result<Vec<Doorbell>, Failure> {
        match work {
            Work::Ending { holder, at } => self.ending(&holder, at).await?,
            Work::Reviews { at } => return self.reviews(at).await,
            Work::ReviewSigned { quarter, chief } => return self.carry_out(quarter, &chief).await,
            other @ (Work::Outbox { .. }
            | Work::Timer { .. }
            | Work::Answer { .. }
            | Work::HandOver { .. }
            | Work::ReviewNotice { .. }) => return Err(other.misplaced()),
        }
        Ok(vec![])
    }
}

/// When something was done to a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Done {
    Now,
    /// By another try, which died or was rung for as well.
    Before,
}

/// What was looked at changed in between, or it did not work.
enum Lost {
    Changed(CommitError),
    Failed(Failure),
}

impl<E: Into<Failure>> From<E> for Lost {
    fn from(error: E) -> Self {
        Lost::Failed(error.into())
    }
}

fn lost(error: CommitError) -> Lost {
    match error {
        CommitError::HolderChanged => Lost::Changed(error),
        other => Lost::Failed(other.into()),
    }
}

fn unopenable(error: &types::format::ending::Unopenable) -> Failure {
    Failure::Poison(error.to_string())
}

impl Accounts {
    /// Looks at somebody whose accounts were about to end when the sweep looked.
    async fn ending(&self, id: &HolderId, at: Timestamp) -> Result<(), Failure> {
        let now = clock::now().max(at);
        let mut attempts = Attempts::default();
        loop {
            let Some(holder) = self.desk.store.holder(id).await? else {
                return Err(Failure::Poison("there is no such person".to_owned()));
            };
            match self.end(&holder, now).await {
                Ok(()) => return Ok(()),
                Err(Lost::Failed(failure)) => return Err(failure),
                Err(Lost::Changed(error)) => attempts.another(error).await?,
            }
        }
    }

    async fn end(&self, holder: &Holder, now: Timestamp) -> Result<(), Lost> {
        let catalogue = self.desk.newest_catalogue().await?.catalogue;
        match holder.step(&catalogue, now) {
            Step::Nothing => Ok(()),
            Step::Arm(change) => self.desk.store.write_holder(&change).await.map_err(lost),
            Step::Open { end } => {
                let opening = opening(holder, end, &catalogue, now).map_err(|e| unopenable(&e))?;
                let key = format!("{}:{end}", holder.id);
                let change = |number| holder.asked_by(end, number);
                self.register(&opening, &key, &catalogue, change).await
            }
        }
    }

    /// Registers a request, and puts on the person's row that it was. The key is claimed
    /// before a number is taken, so that three who are rung for at once take one.
    async fn register(
        &self,
        opening: &Opening,
        key: &str,
        catalogue: &Catalogue,
        change: impl Fn(TicketNumber) -> Option<Change> + Send + Sync,
    ) -> Result<(), Lost> {
        let request = RequestKey {
            scope: SCOPE,
            key,
            fingerprint: key,
        };
        let claim = match self.desk.store.claim_key(request, &claimant()).await? {
            Ok(claim) => claim,
            // It is registered, and the person's row says so by now.
            Err(Outcome::Done(_)) => return Ok(()),
            Err(Outcome::InProgress | Outcome::Fresh) => {
                return Err(Lost::Failed(Failure::Retry {
                    after: Some(SOON),
                    reason: "somebody else is registering it, or died doing it".to_owned(),
                }));
            }
            Err(Outcome::Mismatch) => {
                let reason = "the key stands for something else".to_owned();
                return Err(Lost::Failed(Failure::Poison(reason)));
            }
        };
        let written = self.write(opening, &claim, catalogue, change).await;
        if written.is_err()
            && let Err(error) = self.desk.store.release_key(&claim).await
        {
            // The claim ends by itself.
            tracing::warn!(
                error = chain(&error),
                "the idempotency key stays claimed for a while"
            );
        }
        written
    }

    async fn write(
        &self,
        opening: &Opening,
        claim: &Claim,
        catalogue: &Catalogue,
        change: impl Fn(TicketNumber) -> Option<Change> + Send + Sync,
    ) -> Result<(), Lost> {
        let setting = Setting {
            now: clock::now(),
            catalogue,
        };
        let admission = admit(opening.application.clone(), &Actor::System, setting);
        let admission = admission.map_err(|e| Failure::Poison(e.to_string()))?;
        let id = new_ticket_id();
        let opened = |number| {
            let unchanged = || Failure::Poison("it would leave the person as he is".to_owned());
            let guards = Guards {
                idempotency: Some(IdempotencyGuard::Claimed(claim)),
                accounts: Some(change(number).ok_or_else(unchanged)?),
                ..Guards::default()
            };
            Ok((opening.filled_in(admission.register(id, number)), guards))
        };
        match self.desk.register(opened).await {
            Ok(_) => Ok(()),
            Err(Halt::Decision(failure)) => Err(Lost::Failed(failure)),
            Err(Halt::Key(known)) => Err(Lost::Failed(known.into())),
            Err(Halt::Commit(error)) => Err(lost(error)),
        }
    }

    /// Does to each of a chief's people what he decided, some of them at a time, and strikes that
    /// off once all is done.
    async fn carry_out(
        &self,
        quarter: Quarter,
        chief: &EmailAddress,
    ) -> Result<Vec<Doorbell>, Failure> {
        let mut changed = 0;
        let store = &self.desk.store;
        let Some(stored) = store.review(quarter, chief).await? else {
            return Err(Failure::Poison("there is no such review".to_owned()));
        };
        if stored.review.signed.is_none() {
            return Ok(vec![]);
        }
        for id in stored.review.people() {
            if changed == DECIDED {
                let chief = chief.clone();
                return Ok(vec![Doorbell::ReviewSigned { quarter, chief }]);
            }
            let mut attempts = Attempts::default();
            loop {
                match self.decided(&stored.review, &id).await {
                    Ok(Done::Now) => {
                        changed += 1;
                        break;
                    }
                    Ok(Done::Before) => break,
                    Err(Lost::Failed(failure)) => return Err(failure),
                    Err(Lost::Changed(error)) => attempts.another(error).await?,
                }
            }
        }
        store.finish_review(quarter, chief).await?;
        Ok(vec![])
    }

    async fn decided(&self, review: &Review, id: &HolderId) -> Result<Done, Lost> {
        let Some(holder) = self.desk.store.holder(id).await? else {
            return Ok(Done::Before);
        };
        let catalogue = self.desk.catalogue_for_queue().await?.catalogue;
        let outcome = outcome(review, &holder, &catalogue, clock::now());
        let Some(outcome) = outcome.map_err(|e| unopenable(&e))? else {
            return Ok(Done::Before);
        };
        let asked = match &outcome.opens {
            Some(_) => self.asked(&holder).await?,
            None => None,
        };
        match (&outcome.opens, outcome.change(asked, &catalogue)) {
            (Some(opening), _) if asked.is_none() => {
                let key = format!("{id}:{}:{}", review.quarter, review.chief.email);
                let change = |number| outcome.change(Some(number), &catalogue);
                self.register(opening, &key, &catalogue, change).await?;
            }
            (_, Some(change)) => self.desk.store.write_holder(&change).await.map_err(lost)?,
            (_, None) => {}
        }
        Ok(Done::Now)
    }

    /// The request by which all that a person has was asked to be disabled, at his end, as long
    /// as that is not done: what his chief withdraws meanwhile is asked for by it.
    async fn asked(&self, holder: &Holder) -> Result<Option<TicketNumber>, StoreError> {
        let Some(number) = holder.asked_for_end() else {
            return Ok(None);
        };
        let ticket = self.desk.store.find(TicketRef::Number(number)).await?;
        Ok(ticket.filter(still_disables).map(|ticket| ticket.number))
    }

    /// Goes through the matrix: sets the timers that are not set as they should be, and asks
    /// for the quarter's reviews once it has begun. It may be done again from the beginning
    /// at any point.
    async fn reviews(&self, at: Timestamp) -> Result<Vec<Doorbell>, Failure> {
        let now = clock::now().max(at);
        let store = &self.desk.store;
        let Some(schedule) = store.review_schedule().await? else {
            return Ok(vec![]);
        };
        if schedule.due > now {
            return Ok(vec![]);
        }
        let catalogue = self.desk.newest_catalogue().await?.catalogue;
        let quarter = Quarter::of(day(now));
        let opens = schedule.quarter.is_some_and(|before| before < quarter);
        let begun = begins(quarter, &catalogue).is_none_or(|begins| begins <= now);
        if opens && !begun {
            // Its first working day is another one by now.
            let due = begins(quarter, &catalogue).unwrap_or(now);
            let next = Schedule { due, ..schedule };
            store.set_review_schedule(schedule, next).await?;
            return Ok(vec![]);
        }
        let found = self.go_through(&catalogue).await?;
        let doorbells = match (opens, term(now, &catalogue)) {
            (true, Some(term)) => self.ask(quarter, now, term, found, &catalogue).await?,
            (_, _) => vec![],
        };
        let next = Schedule {
            due: begins(quarter.next(), &catalogue).unwrap_or(now),
            quarter: Some(quarter),
        };
        store.set_review_schedule(schedule, next).await?;
        Ok(doorbells)
    }

    /// Reads everybody, and mends the rows that do not stand where they should.
    async fn go_through(&self, catalogue: &Catalogue) -> Result<Found, Failure> {
        let store = &self.desk.store;
        let (mut found, mut after) = (Found::default(), None);
        loop {
            let page = store.holders(after.as_ref(), PAGE).await?;
            let mends = |holder: &Holder| {
                let armed = Change::of(Some(holder), holder.clone().armed(catalogue));
                let placed = || {
                    let mut holder = holder.clone();
                    let over = Some(holder.version);
                    holder.version += 1;
                    Change { holder, over }
                };
                let misplaced = page.misplaced.contains(&holder.id);
                armed.or_else(|| misplaced.then(placed))
            };
            let mends: Vec<_> = page.holders.iter().filter_map(mends).collect();
            stream::iter(mends)
                .map(|change| async move {
                    match store.write_holder(&change).await {
                        // Whoever wrote in between set it right.
                        Ok(()) | Err(CommitError::HolderChanged) => Ok(()),
                        Err(other) => Err(Failure::from(other)),
                    }
                })
                .buffer_unordered(AT_ONCE)
                .try_collect::<()>()
                .await?;
            for holder in &page.holders {
                found.look_at(holder, catalogue);
            }
            match page.next {
                Some(next) => after = Some(next),
                None => return Ok(found),
            }
        }
    }

    /// Asks every chief for his review. What was asked before is not asked again.
    async fn ask(
        &self,
        quarter: Quarter,
        now: Timestamp,
        term: Term,
        found: Found,
        catalogue: &Catalogue,
    ) -> Result<Vec<Doorbell>, Failure> {
        let store = &self.desk.store;
        let asks = found.chiefs.iter().map(|chief| async move {
            let name = catalogue.person(chief).map(|entry| entry.name.clone());
            let chief = Person {
                name: name.unwrap_or_else(|| chief.to_string()),
                email: chief.clone(),
            };
            self.ask_one(quarter, &chief, now, term).await?;
            let owed = NoticeRow {
                notice: Notice::Invitation,
                due: now,
            };
            store.owe_notice(quarter, Some(&chief.email), owed).await?;
            Ok::<_, Failure>(Doorbell::ReviewNotice {
                quarter,
                chief: Some(chief.email),
                at: now,
            })
        });
        let asks: Vec<_> = asks.collect();
        let doorbells = stream::iter(asks).buffer_unordered(AT_ONCE);
        let doorbells = doorbells.try_collect().await?;
        let asked = Asked {
            quarter,
            opened_at: now,
            term,
            without_chief: found.without_chief,
        };
        store.open_review_quarter(&asked).await?;
        let owed = NoticeRow {
            notice: Notice::Overdue,
            due: term.ends_at,
        };
        store.owe_notice(quarter, None, owed).await?;
        Ok(doorbells)
    }

    async fn ask_one(
        &self,
        quarter: Quarter,
        chief: &Person,
        now: Timestamp,
        term: Term,
    ) -> Result<(), Failure> {
        let store = &self.desk.store;
        let mut attempts = Attempts::default();
        loop {
            let there = store.review(quarter, &chief.email).await?;
            let (review, over) = match there {
                None => (Review::new(quarter, chief.clone(), now, Some(term)), None),
                // He began by himself, on the quarter's first day.
                Some(there) if there.review.term.is_none() && there.review.signed.is_none() => {
                    let over = there.review.version;
                    let review = Review {
                        term: Some(term),
                        version: over + 1,
                        ..there.review
                    };
                    (review, Some(over))
                }
                Some(_) => return Ok(()),
            };
            if store.write_review(&review, over, None).await? {
                return Ok(());
            }
            attempts.another(CommitError::VersionChanged).await?;
        }
    }
}

/// Whom there is in the matrix.
#[derive(Default)]
struct Found {
    chiefs: BTreeSet<EmailAddress>,
    without_chief: usize,
}

impl Found {
    fn look_at(&mut self, holder: &Holder, catalogue: &Catalogue) {
        if holder.active().next().is_none() {
            return;
        }
        let chief = holder
            .chief()
            .filter(|chief| catalogue.is_of_the_entity(chief));
        match chief {
            Some(chief) => drop(self.chiefs.insert(chief)),
            None => self.without_chief += 1,
        }
    }
}
