//! The automatic assignment: the least loaded available agent of the team, ties
//! in turn. Where nobody is available that is recorded once, and the outbox row
//! stays, so that the sweep rings again until somebody is.

use std::time::Duration;

use cloud::clock;
use cloud::consumer::{Consumer, Failure, Work};
use cloud::desk::Desk;
use cloud::store::{CommitError, LoadGuard, OutboxKey};
use types::command::{Command, Rejection, Setting, decide};
use types::effects::{Effect, QueueName};
use types::permission::Actor;
use types::roster::{Candidate, choose};
use types::ticket::{EventKind, Person, State, Ticket};

/// How often an agent is chosen again because the loads changed in between.
const ATTEMPTS: u32 = 8;

/// How long a ticket that nobody could take waits for the next try.
const RETRY_AFTER: Duration = Duration::from_secs(60);

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

    fn desk(&self) -> &Desk {
        &self.desk
    }

    async fn work(&self, work: Work) -> Result<(), Failure> {
        match work {
            Work::Outbox { row, ticket, .. } if row.effect == Effect::Assign => {
                assign(&self.desk, row, *ticket).await
            }
            Work::Outbox { row, .. } => Err(Failure::Poison(format!(
                "{} is not for this queue",
                row.effect
            ))),
            Work::Timer { .. } => Err(Failure::Poison("timers are not for this queue".to_owned())),
        }
    }
}

async fn assign(desk: &Desk, row: OutboxKey, mut ticket: Ticket) -> Result<(), Failure> {
    for _ in 0..ATTEMPTS {
        if ticket.state != State::New {
            // Somebody took it, or declined it, before its turn came.
            return Ok(desk.store.finish_outbox(row).await?);
        }
        let stored = desk.catalogue_for_queue().await?;
        let setting = Setting {
            now: clock::now(),
            catalogue: &stored.catalogue,
        };
        let team: Vec<_> = stored
            .catalogue
            .agents(&ticket.policy.team)
            .filter(|agent| agent.available)
            .collect();
        if team.is_empty() {
            return defer(desk, &ticket, setting).await;
        }
        let emails: Vec<_> = team.iter().map(|agent| agent.email.clone()).collect();
        let loads = desk.store.loads(&emails).await?;
        let candidates: Vec<_> = team
            .into_iter()
            .map(|agent| {
                let known = loads.get(agent.email.as_str()).copied();
                let (load, last_assigned) = known.unwrap_or_default();
                let agent = Person {
                    email: agent.email.clone(),
                    name: agent.name.clone(),
                };
                Candidate {
                    agent,
                    load,
                    last_assigned,
                }
            })
            .collect();
        let Some(chosen) = choose(&candidates) else {
            return defer(desk, &ticket, setting).await;
        };
        let command = Command::AssignAutomatically {
            agent: chosen.agent.clone(),
        };
        let events = decide(&ticket, &command, &Actor::System, setting).map_err(rejected)?;
        let guard = LoadGuard {
            agent: chosen.agent.email.clone(),
            open: loads
                .get(chosen.agent.email.as_str())
                .map(|(load, _)| *load),
        };
        match desk
            .commit_step(&ticket, &events, Some(row), Some(guard))
            .await
        {
            Ok(_) | Err(CommitError::AlreadyDone) => return Ok(()),
            Err(CommitError::LoadChanged) => {}
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

/// Records that nobody is available, once; the coordinators are told.
async fn defer(desk: &Desk, ticket: &Ticket, setting: Setting<'_>) -> Result<(), Failure> {
    let last = desk.store.event(ticket.id, ticket.version).await?;
    let recorded = last.is_some_and(|event| event.kind == EventKind::AssignmentDeferred {});
    if !recorded {
        let events =
            decide(ticket, &Command::DeferAssignment, &Actor::System, setting).map_err(rejected)?;
        desk.commit_step(ticket, &events, None, None).await?;
    }
    Err(Failure::Retry {
        after: Some(RETRY_AFTER),
        reason: "nobody of the team is available".to_owned(),
    })
}

fn rejected(rejection: Rejection) -> Failure {
    Failure::Poison(format!("{rejection:?}"))
}
