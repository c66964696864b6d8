//! What has to hold at every moment, and what has to happen at some.

use types::effects::Effect;
use types::ticket::State;

use crate::life::Kind;
use crate::scenario::{Ask, Protocol};
use crate::state::{Answer, Entry, Fault, Key, Moment, Number, Place, Request, Step, small};

type Property = stateright::Property<Protocol>;

/// What has to hold.
pub const ACCEPTED: &str = "what was accepted is in the history";
pub const ONCE: &str = "a request is carried out once, however often it is sent";
pub const SAME_ANSWER: &str = "nobody is refused what was done, or answered twice differently";
pub const LEGAL: &str = "the history is legal, and gives the ticket";
pub const ONE_MAIL: &str = "a mail goes out once, but for the one window";
pub const ONE_TICKET: &str = "no number stands for two tickets";
pub const WASTED: &str = "a number is wasted only by a failure or by the sweep";
pub const RELEASED: &str =
    "a version takes a ticket off somebody once, but for who goes by the one before";
pub const DONE: &str = "what comes to rest is done";

pub(crate) fn always() -> Vec<Property> {
    vec![
        Property::always(ACCEPTED, |_, m| accepted(m)),
        Property::always(ONCE, |_, m| once(m)),
        Property::always(SAME_ANSWER, |_, m| !m.contradicted),
        Property::always(LEGAL, |_, m| legal(m)),
        Property::always(ONE_MAIL, |_, m| {
            m.rows().all(|(_, _, row)| row.sent <= 1 + row.window)
        }),
        Property::always(ONE_TICKET, |_, m| one_ticket(m)),
        Property::always(WASTED, wasted),
        Property::always(RELEASED, |_, m| released(m)),
        Property::always(DONE, |protocol, m| !rests(protocol, m) || done(protocol, m)),
    ]
}

fn accepted(m: &Moment) -> bool {
    (0..)
        .zip(&m.requests)
        .all(|(r, request)| match request.answer {
            Some(Answer::Accepted(told)) => m
                .ticket(told.ticket)
                .and_then(|ticket| ticket.history.get(usize::from(told.version) - 1))
                .is_some_and(|entry| entry.by == Some(r)),
            Some(Answer::Refused) | None => true,
        })
}

fn once(m: &Moment) -> bool {
    (0..).zip(&m.requests).all(|(r, _)| {
        let entries = m.tickets.iter().flat_map(|ticket| &ticket.history);
        entries.filter(|entry| entry.by == Some(r)).count() <= 1
    })
}

fn legal(m: &Moment) -> bool {
    m.tickets.iter().all(|ticket| {
        let mut history = ticket.history.iter();
        let state = history.try_fold(None, |state, entry| entry.kind.after(state).map(Some));
        state == Some(Some(ticket.state))
    })
}

fn one_ticket(m: &Moment) -> bool {
    (0..)
        .zip(&m.tickets)
        .all(|(t, ticket)| m.numbers.get(usize::from(ticket.number)) == Some(&Number::Ticket(t)))
        && m.numbers
            .iter()
            .filter(|n| matches!(n, Number::Ticket(_)))
            .count()
            == m.tickets.len()
}

/// Whoever goes by the catalogue of before may give a ticket back to who is away, or take
/// it off who is there again.
fn released(m: &Moment) -> bool {
    m.tickets.iter().all(|ticket| {
        let released = |entry: &&Entry| entry.kind == Kind::Released;
        let released = small(ticket.history.iter().filter(released).count());
        released <= m.catalogue() + m.outdated
    })
}

/// Each failure and each race wastes one number at most, and nothing else does.
fn wasted(protocol: &Protocol, m: &Moment) -> bool {
    let in_hand = m.processes.iter().filter(|p| p.number().is_some()).count();
    let wasted = m.numbers.len() - m.tickets.len() - in_hand;
    let spent = |f| protocol.scenario.faults.times(f) - m.left.times(f);
    let failures = spent(Fault::Death) + spent(Fault::UnheardCommit);
    small(wasted) <= failures + m.raced
}

fn rests(protocol: &Protocol, m: &Moment) -> bool {
    let mut actions = Vec::new();
    protocol.possible(m, &mut actions);
    actions.is_empty()
}

/// All owed work is done, every request is answered, every number accounted for,
/// what was solved is closed, now that its time is over, and nobody who is away has
/// anything open.
fn done(protocol: &Protocol, m: &Moment) -> bool {
    let answered = |(request, ask): (&Request, &Ask)| match ask {
        Ask::Register => request.answer.is_some(),
        // What cannot be asked for any more was not asked for.
        Ask::FollowUp(_) | Ask::Resolve(_) | Ask::Reject(_) => {
            !request.sent || request.answer.is_some()
        }
    };
    let away = protocol.scenario.away(m.catalogue());
    m.processes.is_empty()
        && m.hand_overs.iter().all(|row| !row.is_owed)
        && m.requests.iter().zip(&protocol.scenario.asks).all(answered)
        && m.numbers.iter().all(|number| *number != Number::Taken)
        && m.tickets.iter().all(|ticket| match ticket.state {
            State::Assigned => ticket.agent.is_some_and(|agent| away != Some(agent)),
            State::Closed => true,
            State::New | State::OnHold(_) | State::Solved => false,
        })
        && m.rows().all(|(_, effect, row)| {
            row.place == Place::Gone && (row.sent > 0 || effect == Effect::Assign)
        })
}

pub const TWICE: &str = "a mail goes out twice, in the window";
pub const VOID: &str = "a number is void";
pub const CONFLICT: &str = "somebody is faster, and the ticket is read again";
pub const EXPIRED: &str = "a ticket is closed by its deadline";
pub const REOPENED: &str = "a ticket is reopened before its deadline";
pub const TOO_LATE: &str = "a rejection comes after the deadline";
pub const RACED: &str = "a slow commit finds its number void";
pub const WAITED: &str = "a copy waits for the one that has the key";
pub const LAPSED: &str = "the key of a dead function may be taken over";

pub const HANDED_OVER: &str = "a ticket is handed over";
pub const GIVEN_TO_ABSENT: &str = "a ticket is given to somebody who is away by now";

pub(crate) fn sometimes() -> Vec<Property> {
    vec![
        Property::sometimes(TWICE, |_, m| m.rows().any(|(_, _, row)| row.sent == 2)),
        Property::sometimes(VOID, |_, m| m.numbers.contains(&Number::Void)),
        Property::sometimes(CONFLICT, |_, m| {
            m.processes
                .iter()
                .any(|p| matches!(p.next, Step::ReadAgain(_)))
        }),
        Property::sometimes(EXPIRED, |_, m| {
            m.tickets.iter().any(|ticket| ticket.state == State::Closed)
        }),
        Property::sometimes(REOPENED, |_, m| {
            let mut entries = m.tickets.iter().flat_map(|ticket| &ticket.history);
            entries.any(|entry| entry.kind == Kind::Reopened)
        }),
        Property::sometimes(TOO_LATE, |protocol, m| {
            let mut asked = m.requests.iter().zip(&protocol.scenario.asks);
            asked.any(|(request, ask)| {
                matches!(ask, Ask::Reject(_)) && request.answer == Some(Answer::Refused)
            })
        }),
        Property::sometimes(RACED, |_, m| m.raced > 0),
        Property::sometimes(WAITED, |_, m| {
            m.processes.iter().any(|p| p.next == Step::AwaitKey)
        }),
        Property::sometimes(HANDED_OVER, |_, m| {
            m.tickets.iter().any(|ticket| {
                let mut after = ticket.history.iter().rev();
                let assigned = after.next().is_some_and(|e| e.kind == Kind::Assigned);
                assigned && after.next().is_some_and(|e| e.kind == Kind::Released)
            })
        }),
        Property::sometimes(GIVEN_TO_ABSENT, |protocol, m| {
            let away = protocol.scenario.away(m.catalogue());
            m.tickets.iter().any(|ticket| {
                let last = ticket.history.last();
                let handed = ticket.history.iter().any(|e| e.kind == Kind::Released);
                let given = last.is_some_and(|e| e.kind == Kind::Assigned) && away.is_some();
                handed && given && ticket.agent == away
            })
        }),
        Property::sometimes(LAPSED, |_, m| {
            m.requests.iter().any(|request| request.key == Key::Lapsed)
        }),
    ]
}
