//! The automatic assignment: the least loaded available agent of the team, ties
//! in turn. Where nobody is available that is recorded once, and the outbox row
//! stays, so that the sweep rings again until somebody is.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use cloud::clock;
use cloud::consumer::{Consumer, Failure, Work};
use cloud::desk::Desk;
use cloud::store::{CommitError, LoadGuard, OutboxKey, StoreError};
use types::catalogue::DirectoryEntry;
use types::command::{Command, Rejection, Setting, decide};
use types::effects::{Effect, QueueName};
use types::ids::EmailAddress;
use types::message::Doorbell;
use types::permission::Actor;
use types::roster::{Candidate, choose};
use types::ticket::{EventKind, Person, State, Ticket};

/// How often an agent is chosen again because the loads changed in between.
const ATTEMPTS: u32 = 20;

/// Longest wait before an agent is chosen again.
const BACK_OFF: Duration = Duration::from_millis(40);

/// The consumer of the queue `assignment`.
pub struct Assigner {
    pub desk: Desk,
}

impl Assigner {
    pub fn new(desk: Desk) -> Self {
        Assigner { desk }
    }
}

impl Consumer for Assigner {
    const QUEUE: QueueName = QueueName::Assignment;
    // One after the other: two at once would choose on the same loads.
    const CONCURRENCY: usize = 1;

    type Batch = Loads;

    fn desk(&self) -> &Desk {
        &self.desk
    }

    async fn work(&self, loads: &Loads, work: Work) -> Result<Vec<Doorbell>, Failure> {
        match work {
            Work::Outbox { row, ticket, .. } if row.effect == Effect::Assign => {
                assign(&self.desk, loads, row, *ticket).await
            }
            other => Err(other.misplaced()),
        }
    }
}

/// What agents have, as a batch knows it: read once, and counted on. A choice
/// that was made on a load that no longer holds is not written.
#[derive(Default)]
pub struct Loads(Mutex<HashMap<EmailAddress, Option<(i64, i64)>>>);

impl Loads {
    /// The available agents of a team with their loads.
    async fn candidates(
        &self,
        desk: &Desk,
        team: &[&DirectoryEntry],
    ) -> Result<Vec<(Candidate, Option<i64>)>, StoreError> {
        let missing: Vec<EmailAddress> = {
            let known = self.known();
            let missing = team
                .iter()
                .filter(|agent| !known.contains_key(&agent.email));
            missing.map(|agent| agent.email.clone()).collect()
        };
        if !missing.is_empty() {
            let mut read = desk.store.loads(&missing).await?;
            let mut known = self.known();
            for email in missing {
                let load = read.remove(email.as_str());
                known.insert(email, load);
            }
        }
        let known = self.known();
        let candidates = team.iter().map(|agent| {
            let load = known.get(&agent.email).copied().flatten();
            let (open, last_assigned) = load.unwrap_or_default();
            let person = Person {
                email: agent.email.clone(),
                name: agent.name.clone(),
            };
            (
                Candidate {
                    agent: person,
                    load: open,
                    last_assigned,
                },
                load.map(|(open, _)| open),
            )
        });
        Ok(candidates.collect())
    }

    fn count(&self, agent: &EmailAddress, open: i64) {
        let now = clock::now().as_millisecond();
        self.known().insert(agent.clone(), Some((open + 1, now)));
    }

    fn forget(&self) {
        self.known().clear();
    }

    fn known(&self) -> MutexGuard<'_, HashMap<EmailAddress, Option<(i64, i64)>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn assign(
    desk: &Desk,
    loads: &Loads,
    row: OutboxKey,
    mut ticket: Ticket,
) -> Result<Vec<Doorbell>, Failure> {
    for _ in 0..ATTEMPTS {
        if ticket.state != State::New {
            // Somebody took it, or declined it, before its turn came.
            desk.store.finish_outbox(row).await?;
            return Ok(vec![]);
        }
        let stored = desk.catalogue_for_queue().await?;
        let setting = Setting {
            now: clock::now(),
            catalogue: &stored.catalogue,
        };
        let (team, away): (Vec<_>, Vec<_>) = stored
            .catalogue
            .agents(&ticket.policy.team)
            .partition(|agent| agent.available);
        let (candidates, seen): (Vec<_>, Vec<_>) =
            loads.candidates(desk, &team).await?.into_iter().unzip();
        let Some(chosen) = choose(&candidates) else {
            return defer(desk, &ticket, setting).await;
        };
        let open = candidates
            .iter()
            .position(|c| c == chosen)
            .and_then(|i| seen.get(i).copied().flatten());
        let command = Command::AssignAutomatically {
            agent: chosen.agent.clone(),
            away: away.iter().map(|agent| agent.email.clone()).collect(),
        };
        let events = decide(&ticket, &command, &Actor::System, setting).map_err(rejected)?;
        let guard = LoadGuard {
            agent: chosen.agent.email.clone(),
            open,
        };
        match desk
            .commit_step(&ticket, &events, Some(row), Some(guard), None)
            .await
        {
            Ok(doorbells) => {
                loads.count(&chosen.agent.email, chosen.load);
                return Ok(doorbells);
            }
            Err(CommitError::AlreadyDone) => return Ok(vec![]),
            // Another batch chose the same agent. It is let go ahead: two that
            // keep step would only get into each other's way again.
            Err(CommitError::LoadChanged) => {
                loads.forget();
                tokio::time::sleep(clock::jitter(BACK_OFF)).await;
            }
            Err(CommitError::VersionChanged) => {
                let fresh = desk.store.ticket(ticket.id).await?;
                ticket = fresh.ok_or_else(|| Failure::Poison("the ticket is gone".to_owned()))?;
            }
            Err(other) => return Err(other.into()),
        }
    }
    Err(Failure::Retry {
        after: Some(Duration::ZERO),
        reason: "the loads keep changing".to_owned(),
    })
}

/// Records that nobody is available, once; the coordinators are told. The outbox
/// row stays, and the sweep rings for it every minute. The message does not: it
/// would end among the dead letters, where nothing is wrong.
async fn defer(
    desk: &Desk,
    ticket: &Ticket,
    setting: Setting<'_>,
) -> Result<Vec<Doorbell>, Failure> {
    let last = desk.store.event(ticket.id, ticket.version).await?;
    if last.is_some_and(|event| event.kind == EventKind::AssignmentDeferred {}) {
        return Ok(vec![]);
    }
    let events =
        decide(ticket, &Command::DeferAssignment, &Actor::System, setting).map_err(rejected)?;
    Ok(desk.commit_step(ticket, &events, None, None, None).await?)
}

fn rejected(rejection: Rejection) -> Failure {
    Failure::Poison(format!("{rejection:?}"))
}
