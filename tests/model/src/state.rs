//! What stands in the table, waits on the queues and runs at one moment.

use types::effects::Effect;
use types::ticket;

use crate::life::Kind;

/// A moment of the whole desk. Processes are kept sorted and messages are
/// counted by what they are about, so that moments that differ in names alone
/// are one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Moment {
    /// `NUMBER#n` for every number that the counter has given out.
    pub numbers: Vec<Number>,
    /// How far the sweep has noted the counter.
    pub noted: u8,
    pub tickets: Vec<Ticket>,
    pub requests: Vec<Request>,
    /// `HANDOVER#v` for every version of the catalogue after the first.
    pub hand_overs: Vec<HandOver>,
    pub processes: Vec<Process>,
    /// The faults that may still happen.
    pub left: Faults,
    /// Commits that found their number void.
    pub raced: u8,
    /// Commits by which a ticket changed hands, decided by a catalogue that was no
    /// longer in force.
    pub outdated: u8,
    /// Somebody got an answer that the table knew to be wrong.
    pub contradicted: bool,
}

/// What may go wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A process dies between two of its steps.
    Death,
    /// A message is delivered again while it is being worked on.
    Duplicate,
    /// A message is lost, as when a queue is purged.
    Loss,
    /// A request is sent again although the one before is under way or answered.
    Copy,
    /// SES takes a mail and its answer is lost.
    UnheardMail,
    /// A commit fails for its caller, whether it was written or not.
    UnheardCommit,
    /// The sweep voids a number that somebody is about to use.
    HastyVoid,
    /// A process goes by the catalogue of before, which it has kept for some seconds.
    Outdated,
}

/// How often each of them may happen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Faults([u8; 8]);

impl Faults {
    /// These, and no others.
    pub fn of(faults: &[(Fault, u8)]) -> Self {
        let mut all = Faults::default();
        for (fault, times) in faults {
            all.0[*fault as usize] = *times;
        }
        all
    }

    /// How often it may happen.
    pub fn times(self, fault: Fault) -> u8 {
        self.0[fault as usize]
    }

    pub(crate) fn allow(self, fault: Fault) -> bool {
        self.times(fault) > 0
    }

    pub(crate) fn spend(&mut self, fault: Fault) {
        self.0[fault as usize] -= 1;
    }
}

/// What a number stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Number {
    /// There is no row yet.
    Taken,
    Ticket(u8),
    Void,
}

/// A ticket with its history; the version is the history's length.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Ticket {
    pub number: u8,
    pub state: ticket::State,
    /// Whoever is responsible.
    pub agent: Option<u8>,
    /// The validation time is over.
    pub due: bool,
    /// A doorbell for its timer waits on the queue.
    pub bell: bool,
    pub history: Vec<Entry>,
}

/// An event, with the outbox rows that were written with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Entry {
    pub kind: Kind,
    /// The request that it carries out; `None` for the system's own.
    pub by: Option<u8>,
    /// The rows of [`Kind::owes`], in its order.
    pub rows: [Row; ROWS],
}

/// The most rows that an event owes.
pub const ROWS: usize = 3;

/// That a version of the catalogue may have taken requests off somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct HandOver {
    /// The row stands in the table.
    pub is_owed: bool,
    /// Somebody may still go by the version before.
    pub lingers: bool,
    /// A doorbell waits on the queue.
    pub bell: bool,
}

/// An outbox row, its doorbell, and what was seen of its effect.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Row {
    pub place: Place,
    /// A doorbell waits on the queue. Two that wait are like one: whoever comes
    /// second finds the row gone, or is a duplicate at work, which is a fault.
    pub bell: bool,
    /// Mails that SES took.
    pub sent: u8,
    /// How often a process died, or SES's answer was lost, in the one window.
    pub window: u8,
}

/// Where an outbox row stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Place {
    /// The event owes no such row, or the scenario leaves it out.
    #[default]
    Absent,
    Owed,
    /// Claimed by a process that lives. The claim is longer than it may run.
    Claimed,
    /// Claimed by nobody any more; the claim has not ended yet.
    Abandoned,
    /// Struck off.
    Gone,
}

/// A request over HTTP with its idempotency key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Request {
    pub sent: bool,
    pub key: Key,
    pub answer: Option<Answer>,
}

/// An idempotency row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Key {
    Unused,
    /// Claimed by a process that lives.
    Claimed,
    /// Its claimant died; the claim has not ended yet.
    Abandoned,
    /// The claim has ended: anybody may take it over.
    Lapsed,
    Done(Answered),
}

/// The ticket and the version that a request was answered with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Answered {
    pub ticket: u8,
    pub version: u8,
}

/// What the requester was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Answer {
    /// 409: the state forbids it.
    Refused,
    /// 200 or 201.
    Accepted(Answered),
}

/// Names an outbox row: its ticket, its event and which of the event's rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RowId {
    pub ticket: u8,
    pub seq: u8,
    pub index: u8,
}

/// What a message is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Doorbell {
    Outbox(RowId),
    Timer(u8),
    HandOver(u8),
}

/// What a process was started for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Job {
    Request(u8),
    Message(Doorbell),
    /// The seeded bug of a sweep that acts by itself.
    Sweep(u8),
    /// A coordinator's, who has written this version of the catalogue.
    Catalogue(u8),
}

/// A function at work. All that it keeps in mind is lost when it dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Process {
    pub job: Job,
    pub next: Step,
    /// The version of the catalogue that it goes by.
    pub catalogue: u8,
}

/// What a process read of a ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Seen {
    pub ticket: u8,
    pub version: u8,
    pub state: ticket::State,
    pub agent: Option<u8>,
}

/// What is left of looking after a version: tickets to look at, rows to ring for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Round {
    pub left: [Option<Seen>; LISTED],
    pub freed: [Option<RowId>; LISTED],
    /// Nobody went by the version before when it began.
    pub settled: bool,
}

/// The most tickets that one look finds here.
pub const LISTED: usize = 2;

/// What a process does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Step {
    /// `number` is taken before the key alone in the seeded bug.
    ClaimKey(Option<u8>),
    AwaitKey,
    TakeNumber,
    Register {
        number: u8,
    },
    LookUpKey(Seen),
    Commit(Seen, Kind),
    ReadAgain(u8),
    Ring(RowId),
    Answer(Answer),
    RingOwed,
    StrikeOff,
    ClaimRow,
    Send,
    FinishMail,
    DeleteMessage,
    Overwrite(Seen),
    /// The coordinator's function rings for the version that it wrote.
    RingHandOver,
    List {
        settled: bool,
    },
    Release(Round),
    ReadLeft(Round),
    /// The clock is asked by itself in the seeded bug alone.
    AskSettled(Round),
    FinishHandOver(Round),
    RingFreed([Option<RowId>; LISTED]),
}

impl Row {
    /// Whether it stands in the table.
    pub fn is_owed(&self) -> bool {
        match self.place {
            Place::Owed | Place::Claimed | Place::Abandoned => true,
            Place::Absent | Place::Gone => false,
        }
    }
}

impl Ticket {
    /// Whether its validation is over and nobody has acted on it.
    pub fn is_due(&self) -> bool {
        self.state == ticket::State::Solved && self.due
    }

    /// The version of the ticket's row.
    pub fn version(&self) -> u8 {
        small(self.history.len())
    }
}

impl Moment {
    /// A row, where its event is in the history.
    pub fn row(&self, id: RowId) -> Option<&Row> {
        let entry = self.ticket(id.ticket)?.history.get(usize::from(id.seq))?;
        entry.rows.get(usize::from(id.index))
    }

    pub(crate) fn row_mut(&mut self, id: RowId) -> Option<&mut Row> {
        let ticket = self.tickets.get_mut(usize::from(id.ticket))?;
        let entry = ticket.history.get_mut(usize::from(id.seq))?;
        entry.rows.get_mut(usize::from(id.index))
    }

    /// A ticket, by its place in the table.
    pub fn ticket(&self, ticket: u8) -> Option<&Ticket> {
        self.tickets.get(usize::from(ticket))
    }

    /// Every row that was ever owed, with its effect.
    pub fn rows(&self) -> impl Iterator<Item = (RowId, Effect, &Row)> {
        (0..).zip(&self.tickets).flat_map(|(ticket, t)| {
            (0..).zip(&t.history).flat_map(move |(seq, entry)| {
                let rows = (0..).zip(entry.kind.owes()).zip(&entry.rows);
                rows.filter(|(_, row)| row.place != Place::Absent).map(
                    move |((index, effect), row)| {
                        let id = RowId { ticket, seq, index };
                        (id, *effect, row)
                    },
                )
            })
        })
    }

    /// Whether a doorbell waits on its queue.
    pub fn rings(&self, bell: Doorbell) -> bool {
        match bell {
            Doorbell::Outbox(id) => self.row(id).is_some_and(|row| row.bell),
            Doorbell::Timer(t) => self.ticket(t).is_some_and(|ticket| ticket.bell),
            Doorbell::HandOver(v) => self.hand_over(v).is_some_and(|row| row.bell),
        }
    }

    /// Whether there is something to ring for.
    pub fn owes(&self, bell: Doorbell) -> bool {
        match bell {
            Doorbell::Outbox(id) => self.row(id).is_some_and(Row::is_owed),
            Doorbell::Timer(t) => self.ticket(t).is_some_and(Ticket::is_due),
            Doorbell::HandOver(v) => self.hand_over(v).is_some_and(|row| row.is_owed),
        }
    }

    /// `Queues::ring`, or a message that comes back.
    pub(crate) fn ring(&mut self, bell: Doorbell) {
        self.bell_mut(bell).into_iter().for_each(|b| *b = true);
    }

    pub(crate) fn take(&mut self, bell: Doorbell) {
        self.bell_mut(bell).into_iter().for_each(|b| *b = false);
    }

    fn bell_mut(&mut self, bell: Doorbell) -> Option<&mut bool> {
        match bell {
            Doorbell::Outbox(id) => self.row_mut(id).map(|row| &mut row.bell),
            Doorbell::Timer(t) => {
                let ticket = self.tickets.get_mut(usize::from(t));
                ticket.map(|ticket| &mut ticket.bell)
            }
            Doorbell::HandOver(v) => self.hand_over_mut(v).map(|row| &mut row.bell),
        }
    }

    /// The version of the catalogue in force; 0 is the first.
    pub fn catalogue(&self) -> u8 {
        small(self.hand_overs.len())
    }

    /// The row of a version.
    pub fn hand_over(&self, version: u8) -> Option<&HandOver> {
        self.hand_overs.get(usize::from(version).checked_sub(1)?)
    }

    pub(crate) fn hand_over_mut(&mut self, version: u8) -> Option<&mut HandOver> {
        let at = usize::from(version).checked_sub(1)?;
        self.hand_overs.get_mut(at)
    }

    /// Whether a process holds a number that it is about to use.
    pub fn in_hand(&self, number: u8) -> bool {
        self.processes.iter().any(|p| p.number() == Some(number))
    }
}

impl Process {
    /// The number that it has taken and not used yet.
    pub fn number(&self) -> Option<u8> {
        match self.next {
            Step::ClaimKey(number) => number,
            Step::Register { number } => Some(number),
            Step::AwaitKey | Step::TakeNumber | Step::LookUpKey(_) | Step::Commit(..) => None,
            Step::ReadAgain(_) | Step::Ring(_) | Step::Answer(_) | Step::RingOwed => None,
            Step::StrikeOff | Step::ClaimRow | Step::Send | Step::FinishMail => None,
            Step::DeleteMessage | Step::Overwrite(_) => None,
            Step::RingHandOver | Step::List { .. } | Step::Release(_) => None,
            Step::ReadLeft(_) | Step::AskSettled(_) => None,
            Step::FinishHandOver(_) | Step::RingFreed(_) => None,
        }
    }
}

/// Counts in the model are tiny.
pub(crate) fn small(count: usize) -> u8 {
    u8::try_from(count).unwrap_or(u8::MAX)
}
