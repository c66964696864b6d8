//! The automatic assignment: the least loaded available agent of the team, ties
//! in turn. Where nobody is available that is recorded once, and the outbox row
//! stays, so that the sweep rings again until somebody is.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use cloud::clock;
use cloud::consumer::{Consumer, Failure, Work};
use cloud::desk::{Decide, Decided, Desk, Halt};
use cloud::store::{CommitError, Guards, ListPlan, LoadGuard, OutboxKey, StoreError};
use types::SignedDuration;
use types::catalogue::DirectoryEntry;
use types::command::{Command, Rejection, Setting, decide};
use types::effects::{Effect, QueueName};
use types::handover::Concerned;
use types::ids::EmailAddress;
use types::message::Doorbell;
use types::permission::Actor;
use types::roster::{Candidate, choose};
use types::ticket::{EventKind, State, Status, Ticket};

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
            Work::HandOver { version } => hand_over(&self.desk, version).await,
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
            (
                Candidate {
                    agent: agent.person(),
                    load: open,
                    last_assigned,
                },
                load.map(|(open, _)| open),
            )
        });
        Ok(candidates.collect())
    }

    /// One more is on an agent's hands.
    fn count(&self, agent: &EmailAddress) {
        let now = clock::now().as_millisecond();
        if let Some(load) = self.known().get_mut(agent) {
            let (open, _) = load.unwrap_or_default();
            *load = Some((open + 1, now));
        }
    }

    fn forget(&self) {
        self.known().clear();
    }

    fn known(&self) -> MutexGuard<'_, HashMap<EmailAddress, Option<(i64, i64)>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Chooses an agent for the ticket; where nobody is available, that is recorded
/// once, and the outbox row stays.
async fn assign(
    desk: &Desk,
    loads: &Loads,
    row: OutboxKey,
    ticket: Ticket,
) -> Result<Vec<Doorbell>, Failure> {
    let guards = Guards {
        done: Some(row),
        ..Guards::default()
    };
    let choice = Choice { desk, loads };
    let deferred = match desk.carry_out(ticket, guards, None, choice).await {
        Ok(carried) => {
            if let Some(agent) = &carried.ticket.assignee {
                loads.count(&agent.email);
            }
            return Ok(carried.doorbells);
        }
        Err(Halt::Commit(CommitError::AlreadyDone)) => return Ok(vec![]),
        // Somebody took it, or declined it, before its turn came.
        Err(Halt::Decision(NotChosen::Settled)) => {
            desk.store.finish_outbox(row).await?;
            return Ok(vec![]);
        }
        Err(Halt::Decision(NotChosen::Nobody(ticket))) => defer(desk, row, *ticket),
        Err(Halt::Decision(NotChosen::Failed(failure))) => return Err(failure),
        Err(Halt::Commit(error)) => return Err(error.into()),
        Err(Halt::Key(known)) => return Err(known.into()),
    };
    deferred.await
}

/// The choice of an agent, on the loads as they are known.
struct Choice<'a> {
    desk: &'a Desk,
    loads: &'a Loads,
}

/// Why no agent is chosen.
enum NotChosen {
    /// The ticket has somebody, or its answer.
    Settled,
    /// Nobody of the team is available.
    Nobody(Box<Ticket>),
    Failed(Failure),
}

impl Decide for Choice<'_> {
    type Error = NotChosen;

    async fn decide(
        &mut self,
        ticket: &Ticket,
        setting: Setting<'_>,
    ) -> Result<Decided, NotChosen> {
        let is_open = match ticket.state {
            State::New | State::OnHold(_) => true,
            State::Assigned | State::Solved | State::Closed => false,
        };
        if !is_open || ticket.assignee.is_some() {
            return Err(NotChosen::Settled);
        }
        let agents = setting.catalogue.agents(&ticket.policy.team);
        // Nobody attends to his own request.
        let agents = agents.filter(|agent| !ticket.is_of(&agent.email));
        let (team, away): (Vec<_>, Vec<_>) = agents.partition(|agent| agent.is_here(setting.now));
        let candidates = self.loads.candidates(self.desk, &team).await;
        let candidates = candidates.map_err(|e| NotChosen::Failed(e.into()))?;
        let (candidates, seen): (Vec<_>, Vec<_>) = candidates.into_iter().unzip();
        let Some(chosen) = choose(&candidates) else {
            return Err(NotChosen::Nobody(Box::new(ticket.clone())));
        };
        let open = candidates
            .iter()
            .position(|candidate| candidate == chosen)
            .and_then(|i| seen.get(i).copied().flatten());
        let command = Command::AssignAutomatically {
            agent: chosen.agent.clone(),
            away: away.iter().map(|agent| agent.email.clone()).collect(),
        };
        let decided = decide(ticket, &command, &Actor::System, setting);
        let events = decided.map_err(|e| NotChosen::Failed(Failure::Poison(e.to_string())))?;
        Ok(Decided {
            load: Some(LoadGuard {
                agent: chosen.agent.email.clone(),
                open,
            }),
            ..events.into()
        })
    }

    fn load_changed(&mut self) {
        self.loads.forget();
    }
}

/// Requests that one message looks at: the rest is another's, with a time of its
/// own.
const HANDED_OVER: usize = 100;

/// How long a version's work stays, though it seems done: a process goes by a
/// catalogue of some seconds ago, and may give somebody one more request.
const LINGERS: SignedDuration = SignedDuration::from_secs(15);

/// Takes what they have open off those who are not there any more, and reckons the
/// times anew of what goes by other hours.
async fn hand_over(desk: &Desk, version: u64) -> Result<Vec<Doorbell>, Failure> {
    let Some((concerned, written_at)) = desk.store.hand_over(version).await? else {
        return Ok(vec![]);
    };
    // Asked before anything is listed: what is given to somebody after that, by a
    // catalogue of before, the next look finds.
    let settled = clock::now().duration_since(written_at) > LINGERS;
    // By no older one: who is back would have taken from him what he was just given.
    let stored = desk.newest_catalogue().await?;
    let Concerned { people, calendars } = concerned;
    let of_people = people.iter().flat_map(|email| {
        [
            ListPlan::of_assignee(email, &[Status::Assigned, Status::OnHold]),
            ListPlan::of_officer(email, &[Status::OnHold]),
        ]
    });
    let mut work: Vec<_> = of_people.map(|plan| (plan, Command::HandOver)).collect();
    if !calendars.is_empty() {
        // So would the end of somebody's accounts.
        desk.store.go_through_matrix(clock::now()).await?;
        let teams = &stored.catalogue.document().teams;
        let teams: Vec<_> = teams.iter().map(|team| team.id.clone()).collect();
        // A time that has come nearer would be seen when the old one is over.
        work.push((
            ListPlan::of_teams(&teams, &Status::OPEN),
            Command::FireSteps,
        ));
    }
    let goes_by = |ticket: &Ticket| {
        let mut clocks = ticket.clocks.all().into_iter();
        clocks.any(|(_, clock)| {
            let calendar = clock
                .calendar
                .as_ref()
                .filter(|_| clock.running_since().is_some());
            calendar.is_some_and(|id| calendars.contains(id))
        })
    };
    let mut doorbells = Vec::new();
    let mut changed = 0;
    for (plan, command) in work {
        let concerns = |ticket: &Ticket| command == Command::HandOver || goes_by(ticket);
        let mut cursor = None;
        loop {
            let page = desk.store.list(&plan, cursor.as_deref(), 50, concerns);
            let page = page.await?.map_err(|e| Failure::Poison(e.to_string()))?;
            for ticket in page.tickets {
                let before = ticket.version;
                let rules = |ticket: &Ticket, setting: Setting<'_>| {
                    match decide(ticket, &command, &Actor::System, setting) {
                        // Whoever has it is there; its times are what they were.
                        Err(Rejection::InvalidTransition(_)) => Ok(vec![]),
                        decided => decided,
                    }
                };
                let carried = desk.carry_out(ticket, Guards::default(), None, rules);
                let carried = carried.await?;
                changed += usize::from(carried.ticket.version > before);
                doorbells.extend(carried.doorbells);
            }
            if changed >= HANDED_OVER {
                doorbells.push(Doorbell::HandOver { version });
                return Ok(doorbells);
            }
            cursor = page.next;
            if cursor.is_none() {
                break;
            }
        }
    }
    if settled {
        desk.store.finish_hand_over(version).await?;
    }
    Ok(doorbells)
}

/// Records that nobody is available, once; the coordinators are told. The outbox
/// row stays, and the sweep rings for it every minute, as for one of this moment:
/// whom there is to wait for is the desk's business, and no operator's. The message
/// does not stay: it would end among the dead letters, where nothing is wrong.
async fn defer(desk: &Desk, row: OutboxKey, ticket: Ticket) -> Result<Vec<Doorbell>, Failure> {
    desk.store.put_off_outbox(row).await?;
    let last = desk.store.event(ticket.id, ticket.version).await?;
    if last.is_some_and(|event| event.kind == EventKind::AssignmentDeferred {}) {
        return Ok(vec![]);
    }
    let seen = ticket.version;
    let rules = |ticket: &Ticket, setting: Setting<'_>| {
        if ticket.version == seen {
            decide(ticket, &Command::DeferAssignment, &Actor::System, setting)
        } else {
            // Somebody has it by now, or this is on record.
            Ok(vec![])
        }
    };
    let carried = desk.carry_out(ticket, Guards::default(), None, rules);
    Ok(carried.await?.doorbells)
}
