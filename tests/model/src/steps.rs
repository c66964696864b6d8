//! Everything that can happen next, and what it does. Each step is one call to
//! the table, to a queue or to SES, and names the function of the product that
//! makes it.

use types::effects::Effect;
use types::ticket::State;

use crate::life::Kind;
use crate::scenario::{Ask, Bug, Protocol};
use crate::state::{
    Answer, Answered, Doorbell, Entry, Fault, HandOver, Job, Key, LISTED, Moment, Number, Place,
    Process, ROWS, Round, Row, RowId, Seen, Step, Ticket, small,
};

/// What can happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// A request comes in, for the first time or again; its first call is made.
    Arrive(u8),
    /// A queue hands a message to a consumer, which looks up what it is about.
    Deliver(Doorbell),
    /// A process makes its next step.
    Work(Process),
    /// The lease of an idempotency key ends.
    KeyLapses(u8),
    /// The lease of an outbox row ends.
    ClaimLapses(RowId),
    /// The validation time of a ticket passes.
    DeadlinePasses(u8),
    SweepRings(Doorbell),
    SweepNotes,
    SweepVoids(u8),
    /// A coordinator writes the next version of the catalogue, which takes what is open
    /// off somebody, or gives him back: version and row in one transaction.
    CatalogueChanges,
    /// Nobody goes by the catalogue before this version any more.
    Settles(u8),
    /// A queue hands a message to a process that goes by the catalogue of before.
    DeliverOutdated(Doorbell),
    /// A seeded bug: the sweep means to close what it saw in the index.
    SweepLooks(u8),
    Die(Process),
    Redeliver(Doorbell),
    Lose(Doorbell),
    UnheardMail(Process),
    UnheardCommit(Process, Written),
}

/// What became of a commit whose caller was told that it failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    Yes,
    No,
}

/// What a process does after a step.
enum Then {
    Go(Step),
    Ends,
}

/// Why a commit wrote nothing; the strongest reason, as `strongest` ranks them.
enum Conflict {
    KeyUsed(Answered),
    AlreadyDone,
    VersionChanged,
}

impl Protocol {
    /// All that can happen at this moment.
    pub(crate) fn possible(&self, m: &Moment, actions: &mut Vec<Action>) {
        let free = self.is_free(m);
        for (r, _) in (0..).zip(&m.requests) {
            if free && self.may_arrive(m, r) {
                actions.push(Action::Arrive(r));
            }
            if m.requests[usize::from(r)].key == Key::Abandoned {
                actions.push(Action::KeyLapses(r));
            }
        }
        for (i, p) in m.processes.iter().enumerate() {
            // Two processes that are alike are at the same point: one stands for both.
            if i > 0 && m.processes[i - 1] == *p {
                continue;
            }
            if !waits(m, *p) {
                actions.push(Action::Work(*p));
            }
            self.faults_of(m, *p, actions);
        }
        for (id, _, row) in m.rows() {
            if row.place == Place::Abandoned {
                actions.push(Action::ClaimLapses(id));
            }
            self.queued(m, Doorbell::Outbox(id), actions);
        }
        for (t, ticket) in (0..).zip(&m.tickets) {
            if ticket.state == State::Solved && !ticket.due {
                actions.push(Action::DeadlinePasses(t));
            }
            if self.bug == Some(Bug::SweepActs) {
                let at_it = m.processes.iter().any(|p| p.job == Job::Sweep(t));
                if ticket.is_due() && !at_it && free {
                    actions.push(Action::SweepLooks(t));
                }
            } else {
                self.queued(m, Doorbell::Timer(t), actions);
            }
        }
        let versions = small(self.scenario.away.len());
        if m.catalogue() + 1 < versions && free {
            actions.push(Action::CatalogueChanges);
        }
        for (v, row) in (1..).zip(&m.hand_overs) {
            // A process keeps a catalogue for five seconds and lives for ten; the row
            // lingers for longer than that.
            let outdated = m.processes.iter().any(|p| p.catalogue < v);
            if row.lingers && !outdated {
                actions.push(Action::Settles(v));
            }
            self.queued(m, Doorbell::HandOver(v), actions);
        }
        // `account_for_numbers`: it looks further once all that it noted is
        // accounted for.
        let accounted = m.numbers.iter().take(usize::from(m.noted));
        if usize::from(m.noted) < m.numbers.len() && accounted.clone().all(|n| *n != Number::Taken)
        {
            actions.push(Action::SweepNotes);
        }
        for (n, number) in (0..).zip(accounted) {
            if *number == Number::Taken && (m.left.allow(Fault::HastyVoid) || !m.in_hand(n)) {
                actions.push(Action::SweepVoids(n));
            }
        }
    }

    /// Whether one more function may run.
    fn is_free(&self, m: &Moment) -> bool {
        m.processes.len() < self.scenario.slots
    }

    /// People send again until they are answered. The first time they act on what
    /// they see; registrations are all alike, and come in their order.
    fn may_arrive(&self, m: &Moment, r: u8) -> bool {
        let at = usize::from(r);
        let (request, ask) = (&m.requests[at], self.scenario.asks[at]);
        if request.sent {
            let under_way = m.processes.iter().any(|p| p.job == Job::Request(r));
            return m.left.allow(Fault::Copy) || (request.answer.is_none() && !under_way);
        }
        match ask {
            Ask::Register => {
                (0..at).all(|i| m.requests[i].sent || self.scenario.asks[i] != Ask::Register)
            }
            Ask::FollowUp(_) | Ask::Resolve(_) | Ask::Reject(_) => subject(m, ask)
                .and_then(|t| m.ticket(t))
                .is_some_and(|ticket| kind(ask).after(Some(ticket.state)).is_some()),
        }
    }

    /// What can happen to a message, and where there is none.
    fn queued(&self, m: &Moment, bell: Doorbell, actions: &mut Vec<Action>) {
        let at_work = m.processes.iter().any(|p| p.job == Job::Message(bell));
        if m.rings(bell) {
            if self.is_free(m) {
                actions.push(Action::Deliver(bell));
                let lingers = m.hand_overs.last().is_some_and(|row| row.lingers);
                if lingers && self.assigns(m, bell) && m.left.allow(Fault::Outdated) {
                    actions.push(Action::DeliverOutdated(bell));
                }
            }
            if m.left.allow(Fault::Loss) {
                actions.push(Action::Lose(bell));
            }
        } else if at_work {
            if m.left.allow(Fault::Duplicate) {
                actions.push(Action::Redeliver(bell));
            }
        } else if m.owes(bell) && !self.is_idle(m, bell) {
            // `sweep`. It rings whatever is owed; where a doorbell waits or is
            // being answered, one more is a duplicate.
            actions.push(Action::SweepRings(bell));
        }
    }

    /// Whether a doorbell rings for an assignment.
    fn assigns(&self, m: &Moment, bell: Doorbell) -> bool {
        match bell {
            Doorbell::Outbox(id) => m
                .row(id)
                .is_some_and(|row| row.place == Place::Owed && id.index == 0),
            Doorbell::Timer(_) | Doorbell::HandOver(_) => false,
        }
    }

    /// Whether a doorbell would change nothing: nobody who is away has anything, and the
    /// row lingers.
    fn is_idle(&self, m: &Moment, bell: Doorbell) -> bool {
        let away = self.scenario.away(m.catalogue());
        match bell {
            Doorbell::HandOver(v) => {
                let left = |ticket: &Ticket| self.concerns(v, ticket) && ticket.agent == away;
                m.hand_over(v).is_some_and(|row| row.lingers) && !m.tickets.iter().any(left)
            }
            Doorbell::Outbox(_) | Doorbell::Timer(_) => false,
        }
    }

    /// Whether a ticket is in the hands of somebody whose entry a version changed.
    fn concerns(&self, version: u8, ticket: &Ticket) -> bool {
        let changed = [self.scenario.away(version - 1), self.scenario.away(version)];
        let his = ticket.agent.is_some() && changed.contains(&ticket.agent);
        his && ticket.state == State::Assigned
    }

    fn faults_of(&self, m: &Moment, p: Process, actions: &mut Vec<Action>) {
        if m.left.allow(Fault::Death) {
            actions.push(Action::Die(p));
        }
        if m.left.allow(Fault::UnheardMail) && p.next == Step::Send {
            actions.push(Action::UnheardMail(p));
        }
        let commits = matches!(
            p.next,
            Step::Commit(..) | Step::Register { .. } | Step::Release(_)
        );
        if commits && m.left.allow(Fault::UnheardCommit) {
            actions.push(Action::UnheardCommit(p, Written::No));
            actions.push(Action::UnheardCommit(p, Written::Yes));
        }
    }

    /// The moment after an action.
    pub(crate) fn after(&self, m: &Moment, action: Action) -> Option<Moment> {
        let mut m = m.clone();
        match action {
            Action::Arrive(r) => {
                let request = m.requests.get_mut(usize::from(r))?;
                let under_way = m.processes.iter().any(|p| p.job == Job::Request(r));
                if request.sent && (under_way || request.answer.is_some()) {
                    m.left.spend(Fault::Copy);
                }
                request.sent = true;
                let catalogue = m.catalogue();
                self.begin(&mut m, Job::Request(r), catalogue);
            }
            Action::Deliver(bell) => {
                m.take(bell);
                let catalogue = m.catalogue();
                self.begin(&mut m, Job::Message(bell), catalogue);
            }
            Action::DeliverOutdated(bell) => {
                m.left.spend(Fault::Outdated);
                m.take(bell);
                let before = m.catalogue() - 1;
                self.begin(&mut m, Job::Message(bell), before);
            }
            // `Store::put_catalogue`
            Action::CatalogueChanges => {
                m.hand_overs.push(HandOver {
                    is_owed: true,
                    lingers: true,
                    bell: false,
                });
                let version = m.catalogue();
                let (job, next) = (Job::Catalogue(version), Step::RingHandOver);
                go_on(&mut m, job, version, Then::Go(next));
            }
            Action::Settles(v) => m.hand_over_mut(v)?.lingers = false,
            Action::Work(p) => {
                remove(&mut m, p);
                let then = self.work(&mut m, p);
                go_on(&mut m, p.job, p.catalogue, then);
            }
            Action::KeyLapses(r) => m.requests.get_mut(usize::from(r))?.key = Key::Lapsed,
            Action::ClaimLapses(id) => m.row_mut(id)?.place = Place::Owed,
            Action::DeadlinePasses(t) => m.tickets.get_mut(usize::from(t))?.due = true,
            Action::SweepRings(bell) => m.ring(bell),
            // `Store::set_numbers_audit`
            Action::SweepNotes => m.noted = small(m.numbers.len()),
            // `Store::void_number`, guarded by the number's absence
            Action::SweepVoids(n) => {
                if m.in_hand(n) {
                    m.left.spend(Fault::HastyVoid);
                }
                *m.numbers.get_mut(usize::from(n))? = Number::Void;
            }
            Action::SweepLooks(t) => {
                let catalogue = m.catalogue();
                self.begin(&mut m, Job::Sweep(t), catalogue);
            }
            Action::Die(p) => {
                m.left.spend(Fault::Death);
                remove(&mut m, p);
                self.leave_behind(&mut m, p);
            }
            Action::Redeliver(bell) => {
                m.left.spend(Fault::Duplicate);
                m.ring(bell);
            }
            Action::Lose(bell) => {
                m.left.spend(Fault::Loss);
                m.take(bell);
            }
            // `Postman::deliver`, where `Mailer::send` fails: the claim stands
            // until it ends.
            Action::UnheardMail(p) => {
                m.left.spend(Fault::UnheardMail);
                remove(&mut m, p);
                self.work(&mut m, p);
                let next = Step::FinishMail;
                self.leave_behind(&mut m, Process { next, ..p });
            }
            Action::UnheardCommit(p, written) => {
                m.left.spend(Fault::UnheardCommit);
                remove(&mut m, p);
                if written == Written::Yes {
                    self.work(&mut m, p);
                }
                self.give_up(&mut m, p.job);
            }
        }
        m.processes.sort_unstable();
        Some(m)
    }

    /// A process starts and makes its first call: before it, nothing can be seen
    /// of the process.
    fn begin(&self, m: &mut Moment, job: Job, catalogue: u8) {
        let then = match job {
            Job::Request(r) => match self.scenario.asks[usize::from(r)] {
                Ask::Register if self.bug == Some(Bug::NumberBeforeKey) => {
                    Then::Go(Step::ClaimKey(Some(take_number(m))))
                }
                Ask::Register => claim_key(m, r, None),
                ask @ (Ask::FollowUp(_) | Ask::Resolve(_) | Ask::Reject(_)) => read(m, ask),
            },
            Job::Message(Doorbell::Outbox(id)) => self.look_up(m, id),
            Job::Message(Doorbell::Timer(t)) => act_on_timer(m, t),
            Job::Message(Doorbell::HandOver(v)) => self.hand_over(m, v),
            Job::Catalogue(_) => Then::Ends,
            Job::Sweep(t) => m.ticket(t).map_or(Then::Ends, |ticket| {
                Then::Go(Step::Overwrite(seen(t, ticket)))
            }),
        };
        go_on(m, job, catalogue, then);
    }

    fn work(&self, m: &mut Moment, p: Process) -> Then {
        match (p.next, p.job) {
            (Step::ClaimKey(number), Job::Request(r)) => claim_key(m, r, number),
            // `Desk::await_key`; where the claim lapsed the caller is told to come again.
            (Step::AwaitKey, Job::Request(r)) => match m.requests[usize::from(r)].key {
                Key::Done(answered) => Then::Go(Step::Answer(Answer::Accepted(answered))),
                Key::Unused | Key::Claimed | Key::Abandoned | Key::Lapsed => Then::Ends,
            },
            (Step::TakeNumber, _) => Then::Go(Step::Register {
                number: take_number(m),
            }),
            (Step::Register { number }, Job::Request(r)) => self.register(m, r, number),
            (Step::LookUpKey(seen), Job::Request(r)) => self.look_up_key(m, r, seen),
            (Step::Commit(seen, kind), job) => match self.commit(m, p, seen, kind) {
                Ok(()) => self.ring_from(m, job, seen.ticket, seen.version, 0),
                Err(Conflict::KeyUsed(a)) => Then::Go(Step::Answer(Answer::Accepted(a))),
                Err(Conflict::AlreadyDone) => Then::Go(Step::DeleteMessage),
                Err(Conflict::VersionChanged) => Then::Go(Step::ReadAgain(seen.ticket)),
            },
            (Step::ReadAgain(t), job) => self.read_again(m, job, t),
            // `Queues::ring`
            (Step::Ring(id), job) => {
                m.ring(Doorbell::Outbox(id));
                self.ring_from(m, job, id.ticket, id.seq, id.index + 1)
            }
            (Step::Answer(answer), Job::Request(r)) => {
                let request = &mut m.requests[usize::from(r)];
                if let (Some(Answer::Accepted(told)), Answer::Accepted(now)) =
                    (request.answer, answer)
                {
                    m.contradicted |= told != now;
                }
                // The better of two answers to copies of a request.
                request.answer = request.answer.max(Some(answer));
                Then::Ends
            }
            // `already_done`
            (Step::RingOwed, Job::Message(Doorbell::Outbox(id))) => {
                if let Some(ticket) = m.tickets.get_mut(usize::from(id.ticket)) {
                    for row in ticket.history.iter_mut().flat_map(|e| &mut e.rows) {
                        row.bell |= row.is_owed();
                    }
                }
                Then::Go(Step::DeleteMessage)
            }
            // `Store::finish_outbox`
            (Step::StrikeOff, Job::Message(Doorbell::Outbox(id))) => {
                strike_off(m, id);
                Then::Go(Step::DeleteMessage)
            }
            (Step::ClaimRow, Job::Message(Doorbell::Outbox(id))) => self.claim_row(m, id),
            // `Mailer::send`
            (Step::Send, Job::Message(Doorbell::Outbox(id))) => {
                if let Some(row) = m.row_mut(id) {
                    row.sent += 1;
                }
                Then::Go(if self.bug == Some(Bug::RowStruckOffFirst) {
                    Step::DeleteMessage
                } else if self.bug == Some(Bug::ClaimAfterSend) {
                    Step::ClaimRow
                } else {
                    Step::FinishMail
                })
            }
            // `Store::finish_mail`
            (Step::FinishMail, Job::Message(Doorbell::Outbox(id))) => {
                strike_off(m, id);
                Then::Go(Step::DeleteMessage)
            }
            (Step::Overwrite(seen), _) => {
                if let Some(ticket) = m.tickets.get_mut(usize::from(seen.ticket)) {
                    ticket.state = State::Closed;
                    ticket.due = false;
                    ticket.history.push(self.entry(Kind::Closed, None));
                }
                Then::Ends
            }
            // `Desk::write_catalogue`
            (Step::RingHandOver, Job::Catalogue(v)) => {
                m.ring(Doorbell::HandOver(v));
                Then::Ends
            }
            // `Store::list`, of whoever's entry the version changed
            (Step::List { settled }, Job::Message(Doorbell::HandOver(v))) => {
                let his = |(_, ticket): &(u8, &Ticket)| self.concerns(v, ticket);
                let tickets = (0..).zip(&m.tickets).filter(his);
                let mut left = [None; LISTED];
                for (place, (t, ticket)) in left.iter_mut().zip(tickets) {
                    *place = Some(seen(t, ticket));
                }
                let round = Round {
                    left,
                    freed: [None; LISTED],
                    settled,
                };
                self.next_left(p, round)
            }
            (Step::Release(round), _) => self.release(m, p, round),
            (Step::ReadLeft(mut round), _) => {
                if let Some(left) = &mut round.left[0]
                    && let Some(ticket) = m.ticket(left.ticket)
                {
                    *left = seen(left.ticket, ticket);
                }
                self.next_left(p, round)
            }
            (Step::AskSettled(mut round), Job::Message(Doorbell::HandOver(v))) => {
                round.settled = m.hand_over(v).is_some_and(|row| !row.lingers);
                all_looked_at(round)
            }
            // `Store::finish_hand_over`
            (Step::FinishHandOver(round), Job::Message(Doorbell::HandOver(v))) => {
                m.hand_over_mut(v)
                    .into_iter()
                    .for_each(|row| row.is_owed = false);
                match self.bug {
                    Some(Bug::HandOverStruckOffFirst) => Then::Go(Step::List { settled: false }),
                    _ => Then::Go(Step::RingFreed(round.freed)),
                }
            }
            (Step::RingFreed(freed), _) => {
                for id in freed.into_iter().flatten() {
                    m.ring(Doorbell::Outbox(id));
                }
                Then::Go(Step::DeleteMessage)
            }
            // The runtime deletes the message; nobody else does any other step.
            (Step::DeleteMessage, _) => Then::Ends,
            (step, job) => unreachable!("{job:?} does not do {step:?}"),
        }
    }

    /// `Desk::register`: the first commit of a ticket, guarded by its number's
    /// absence and by the claim on the key.
    fn register(&self, m: &mut Moment, r: u8, number: u8) -> Then {
        if m.numbers[usize::from(number)] != Number::Taken {
            // The number is void: another one.
            m.raced += 1;
            return Then::Go(Step::TakeNumber);
        }
        let ticket = small(m.tickets.len());
        m.numbers[usize::from(number)] = Number::Ticket(ticket);
        m.tickets.push(Ticket {
            number,
            state: State::New,
            agent: None,
            due: false,
            bell: false,
            history: vec![self.entry(Kind::Registered, Some(r))],
        });
        m.requests[usize::from(r)].key = Key::Done(Answered { ticket, version: 1 });
        self.ring_from(m, Job::Request(r), ticket, 0, 0)
    }

    /// `Desk::carry_out`: what is known of the key, and, where it is fresh, what the
    /// rules say of the ticket as it was read before.
    fn look_up_key(&self, m: &mut Moment, r: u8, seen: Seen) -> Then {
        let request = &m.requests[usize::from(r)];
        if let Key::Done(answered) = request.key {
            return Then::Go(Step::Answer(Answer::Accepted(answered)));
        }
        self.decide(m, r, seen)
    }

    /// `decide`
    fn decide(&self, m: &mut Moment, r: u8, seen: Seen) -> Then {
        let kind = kind(self.scenario.asks[usize::from(r)]);
        if kind.after(Some(seen.state)).is_some() {
            return Then::Go(Step::Commit(seen, kind));
        }
        m.contradicted |= matches!(m.requests[usize::from(r)].key, Key::Done(_));
        Then::Go(Step::Answer(Answer::Refused))
    }

    /// `Desk::carry_out`, after somebody was faster.
    fn read_again(&self, m: &mut Moment, job: Job, t: u8) -> Then {
        let Some(ticket) = m.ticket(t) else {
            return Then::Ends;
        };
        let seen = seen(t, ticket);
        match job {
            Job::Request(r) if self.bug == Some(Bug::KeyNotLookedUpAgain) => {
                self.decide(m, r, seen)
            }
            Job::Request(_) => Then::Go(Step::LookUpKey(seen)),
            Job::Message(Doorbell::Timer(t)) => act_on_timer(m, t),
            Job::Message(Doorbell::Outbox(_) | Doorbell::HandOver(_))
            | Job::Sweep(_)
            | Job::Catalogue(_) => assign(seen),
        }
    }

    /// `Store::commit` of a ticket that exists: one transaction.
    fn commit(&self, m: &mut Moment, p: Process, seen: Seen, kind: Kind) -> Result<(), Conflict> {
        let by = match p.job {
            Job::Request(r) => Some(r),
            Job::Message(_) | Job::Sweep(_) | Job::Catalogue(_) => None,
        };
        if let Some(r) = by
            && let Key::Done(answered) = m.requests[usize::from(r)].key
        {
            return Err(Conflict::KeyUsed(answered));
        }
        let done = match p.job {
            Job::Message(Doorbell::Outbox(id)) => Some(id),
            Job::Message(Doorbell::Timer(_) | Doorbell::HandOver(_)) => None,
            Job::Request(_) | Job::Sweep(_) | Job::Catalogue(_) => None,
        };
        if let Some(id) = done
            && m.row(id).is_none_or(|row| row.place == Place::Gone)
        {
            return Err(Conflict::AlreadyDone);
        }
        let entry = self.entry(kind, by);
        let ticket = &mut m.tickets[usize::from(seen.ticket)];
        if ticket.version() != seen.version && self.bug != Some(Bug::NoVersionCheck) {
            return Err(Conflict::VersionChanged);
        }
        ticket.history.truncate(usize::from(seen.version));
        ticket.history.push(entry);
        ticket.state = kind.after(Some(seen.state)).unwrap_or(seen.state);
        ticket.due &= ticket.state == State::Solved;
        let agent = match kind {
            Kind::Assigned => Some(self.scenario.choose(p.catalogue)),
            Kind::Released => None,
            Kind::Registered
            | Kind::FollowedUp
            | Kind::Resolved
            | Kind::Reopened
            | Kind::Closed => ticket.agent,
        };
        if ticket.agent != agent {
            ticket.agent = agent;
            m.outdated += u8::from(p.catalogue < m.catalogue());
        }
        if let Some(id) = done {
            strike_off(m, id);
        }
        if let Some(r) = by {
            m.requests[usize::from(r)].key = Key::Done(Answered {
                ticket: seen.ticket,
                version: seen.version + 1,
            });
        }
        Ok(())
    }

    fn entry(&self, kind: Kind, by: Option<u8>) -> Entry {
        let mut rows = [Row::default(); ROWS];
        for (row, effect) in rows.iter_mut().zip(kind.owes()) {
            row.place = match effect {
                Effect::Mail(mail) if !self.scenario.mails.contains(mail) => Place::Absent,
                Effect::Assign | Effect::Mail(_) => Place::Owed,
            };
        }
        Entry { kind, by, rows }
    }

    /// The rest of what a commit rings for, and what comes after that.
    fn ring_from(&self, m: &Moment, job: Job, ticket: u8, seq: u8, index: u8) -> Then {
        let rest = (index..small(ROWS)).map(|index| RowId { ticket, seq, index });
        let mut owed = rest.filter(|id| m.row(*id).is_some_and(|row| row.place != Place::Absent));
        let version = seq + 1;
        Then::Go(match (owed.next(), job) {
            (Some(id), _) => Step::Ring(id),
            (None, Job::Request(_)) => Step::Answer(Answer::Accepted(Answered { ticket, version })),
            (None, Job::Message(_) | Job::Sweep(_) | Job::Catalogue(_)) => Step::DeleteMessage,
        })
    }

    /// `consumer::look_up` and `one`.
    fn look_up(&self, m: &Moment, id: RowId) -> Then {
        let gone = m.row(id).is_none_or(|row| row.place == Place::Gone);
        let Some(ticket) = m.ticket(id.ticket) else {
            return Then::Ends;
        };
        let entry = ticket.history.get(usize::from(id.seq));
        let effect = entry.and_then(|entry| entry.kind.owes().get(usize::from(id.index)));
        match effect {
            None => Then::Go(Step::DeleteMessage),
            Some(_) if gone => Then::Go(Step::RingOwed),
            Some(Effect::Assign) => assign(seen(id.ticket, ticket)),
            Some(Effect::Mail(_)) if self.bug == Some(Bug::ClaimAfterSend) => Then::Go(Step::Send),
            Some(Effect::Mail(_)) => Then::Go(Step::ClaimRow),
        }
    }

    /// `Store::claim_outbox`. Where somebody has the row, the message comes back
    /// once his claim has ended: the process waits instead.
    fn claim_row(&self, m: &mut Moment, id: RowId) -> Then {
        let Some(row) = m.row_mut(id) else {
            return Then::Go(Step::DeleteMessage);
        };
        if row.place != Place::Owed {
            return Then::Go(Step::DeleteMessage);
        }
        row.place = if self.bug == Some(Bug::RowStruckOffFirst) {
            Place::Gone
        } else {
            Place::Claimed
        };
        Then::Go(if self.bug == Some(Bug::ClaimAfterSend) {
            Step::FinishMail
        } else {
            Step::Send
        })
    }

    /// `hand_over`: the row is read, and with it whether anybody may still go by the
    /// catalogue of before.
    fn hand_over(&self, m: &Moment, v: u8) -> Then {
        let Some(row) = m.hand_over(v).filter(|row| row.is_owed) else {
            return Then::Go(Step::DeleteMessage);
        };
        let settled = !row.lingers;
        Then::Go(match self.bug {
            Some(Bug::HandOverStruckOffFirst) => Step::FinishHandOver(Round {
                left: [None; LISTED],
                freed: [None; LISTED],
                settled,
            }),
            _ => Step::List { settled },
        })
    }

    /// The next ticket that its agent is not there for, or what comes after the last.
    fn next_left(&self, p: Process, mut round: Round) -> Then {
        let away = self.scenario.away(p.catalogue);
        while let Some(seen) = round.left[0] {
            if seen.state == State::Assigned && seen.agent.is_some() && seen.agent == away {
                return Then::Go(Step::Release(round));
            }
            round.left.rotate_left(1);
            round.left[LISTED - 1] = None;
        }
        match self.bug {
            Some(Bug::SettledAskedLast) => Then::Go(Step::AskSettled(round)),
            _ => all_looked_at(round),
        }
    }

    /// `Desk::carry_out` of the hand-over of one ticket.
    fn release(&self, m: &mut Moment, p: Process, mut round: Round) -> Then {
        let Some(seen) = round.left[0] else {
            return self.next_left(p, round);
        };
        match self.commit(m, p, seen, Kind::Released) {
            Ok(()) => {
                let id = RowId {
                    ticket: seen.ticket,
                    seq: seen.version,
                    index: 0,
                };
                round.freed.rotate_right(1);
                round.freed[0] = Some(id);
                round.left.rotate_left(1);
                round.left[LISTED - 1] = None;
                self.next_left(p, round)
            }
            Err(_) => Then::Go(Step::ReadLeft(round)),
        }
    }

    /// What a process leaves behind that dies: a message that comes back, claims
    /// that end by themselves, and perhaps a mail that is out and not on record.
    fn leave_behind(&self, m: &mut Moment, p: Process) {
        match p.job {
            Job::Message(bell) => {
                m.ring(bell);
                if let Doorbell::Outbox(id) = bell
                    && let Some(row) = m.row_mut(id)
                {
                    let claims = self.bug != Some(Bug::ClaimAfterSend) && p.next == Step::Send;
                    if row.place == Place::Claimed && (claims || p.next == Step::FinishMail) {
                        row.place = Place::Abandoned;
                    }
                    if p.next == Step::FinishMail {
                        row.window += 1;
                    }
                }
            }
            Job::Request(r) => {
                let request = &mut m.requests[usize::from(r)];
                let holds = matches!(p.next, Step::TakeNumber | Step::Register { .. });
                if holds && request.key == Key::Claimed {
                    request.key = Key::Abandoned;
                }
            }
            Job::Sweep(_) | Job::Catalogue(_) => {}
        }
    }

    /// A commit failed as far as its caller knows. A consumer's message comes
    /// back. `claimed_write` gives the key back, where it still is a claim
    /// (`Store::release_key`), and the requester is told to come again.
    fn give_up(&self, m: &mut Moment, job: Job) {
        match job {
            Job::Message(bell) => m.ring(bell),
            Job::Request(r) => {
                let registers = self.scenario.asks[usize::from(r)] == Ask::Register;
                let key = &mut m.requests[usize::from(r)].key;
                if *key == Key::Claimed || (registers && self.bug == Some(Bug::KeyReleasedBlindly))
                {
                    *key = Key::Unused;
                }
            }
            Job::Sweep(_) | Job::Catalogue(_) => {}
        }
    }
}

/// Whether a process has to wait for somebody else's claim to end.
fn waits(m: &Moment, p: Process) -> bool {
    match (p.next, p.job) {
        (Step::AwaitKey, Job::Request(r)) => {
            let key = m.requests[usize::from(r)].key;
            matches!(key, Key::Claimed | Key::Abandoned)
        }
        (Step::ClaimRow, Job::Message(Doorbell::Outbox(id))) => m
            .row(id)
            .is_some_and(|row| matches!(row.place, Place::Claimed | Place::Abandoned)),
        (_, _) => false,
    }
}

/// `Store::claim_key`
fn claim_key(m: &mut Moment, r: u8, number: Option<u8>) -> Then {
    let key = &mut m.requests[usize::from(r)].key;
    Then::Go(match key {
        Key::Unused | Key::Lapsed => {
            *key = Key::Claimed;
            number.map_or(Step::TakeNumber, |number| Step::Register { number })
        }
        Key::Claimed | Key::Abandoned => Step::AwaitKey,
        Key::Done(answered) => Step::Answer(Answer::Accepted(*answered)),
    })
}

/// `Store::take_number`
fn take_number(m: &mut Moment) -> u8 {
    m.numbers.push(Number::Taken);
    small(m.numbers.len() - 1)
}

/// `Desk::command`: the ticket is read before the key is looked up.
fn read(m: &Moment, ask: Ask) -> Then {
    let ticket = subject(m, ask).and_then(|t| Some((t, m.ticket(t)?)));
    ticket.map_or(Then::Ends, |(t, ticket)| {
        Then::Go(Step::LookUpKey(seen(t, ticket)))
    })
}

/// `Deadlines::work`, `act_on_timer`: decided on the ticket as it is.
fn act_on_timer(m: &Moment, t: u8) -> Then {
    Then::Go(match m.ticket(t) {
        Some(ticket) if ticket.is_due() => Step::Commit(seen(t, ticket), Kind::Closed),
        Some(_) | None => Step::DeleteMessage,
    })
}

/// `assign`: where somebody was faster, the row alone is struck off.
fn assign(seen: Seen) -> Then {
    Then::Go(if seen.state == State::New {
        Step::Commit(seen, Kind::Assigned)
    } else {
        Step::StrikeOff
    })
}

/// The row is struck off once nobody went by the catalogue of before.
fn all_looked_at(round: Round) -> Then {
    Then::Go(match round.settled {
        true => Step::FinishHandOver(round),
        false => Step::RingFreed(round.freed),
    })
}

fn seen(t: u8, ticket: &Ticket) -> Seen {
    Seen {
        ticket: t,
        version: ticket.version(),
        state: ticket.state,
        agent: ticket.agent,
    }
}

fn strike_off(m: &mut Moment, id: RowId) {
    if let Some(row) = m.row_mut(id) {
        row.place = Place::Gone;
    }
}

fn remove(m: &mut Moment, p: Process) {
    if let Some(at) = m.processes.iter().position(|other| *other == p) {
        m.processes.remove(at);
    }
}

fn go_on(m: &mut Moment, job: Job, catalogue: u8, then: Then) {
    match then {
        Then::Go(next) => m.processes.push(Process {
            job,
            next,
            catalogue,
        }),
        Then::Ends => {}
    }
}

/// The event that a request is to make.
pub(crate) fn kind(ask: Ask) -> Kind {
    match ask {
        Ask::Register => Kind::Registered,
        Ask::FollowUp(_) => Kind::FollowedUp,
        Ask::Resolve(_) => Kind::Resolved,
        Ask::Reject(_) => Kind::Reopened,
    }
}

/// The ticket that a command is about: the one that another request registered.
fn subject(m: &Moment, ask: Ask) -> Option<u8> {
    let author = match ask {
        Ask::Register => return None,
        Ask::FollowUp(r) | Ask::Resolve(r) | Ask::Reject(r) => r,
    };
    (0..)
        .zip(&m.tickets)
        .find(|(_, ticket)| ticket.history.first().is_some_and(|e| e.by == Some(author)))
        .map(|(t, _)| t)
}
