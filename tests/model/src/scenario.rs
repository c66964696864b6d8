//! What is checked: who asks for what, and what may go wrong on the way.

use types::effects::MailKind;

use crate::properties as p;
use crate::state::{Fault, Faults, Key, Moment, Request};

/// What somebody asks for over HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask {
    Register,
    /// On the ticket that this request registers; so the others.
    FollowUp(u8),
    Resolve(u8),
    Reject(u8),
}

/// A size at which the protocol is checked.
#[derive(Clone, Debug)]
pub struct Scenario {
    pub name: &'static str,
    pub asks: Vec<Ask>,
    /// The mails that are followed; the rows of others are left out.
    pub mails: Vec<MailKind>,
    /// Which of the two agents is away in each version of the catalogue, one after the
    /// other; none in the first where there are no others.
    pub away: Vec<Option<u8>>,
    /// How many functions run at once.
    pub slots: usize,
    pub faults: Faults,
    /// What has to happen somewhere, lest the rest hold for want of an occasion.
    pub shows: Vec<&'static str>,
}

/// A mistake, to see that it is caught.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bug {
    /// The outbox row is struck off before its mail is sent.
    RowStruckOffFirst,
    /// The number is taken before the key is claimed.
    NumberBeforeKey,
    /// A commit does not ask for the version that was read.
    NoVersionCheck,
    /// The mail is sent before its row is claimed.
    ClaimAfterSend,
    /// The sweep closes what it saw in the index, without a guarded commit.
    SweepActs,
    /// The key of a failed registration is given back without asking whether the
    /// transaction went through all the same.
    KeyReleasedBlindly,
    /// After a conflict the ticket is read again, and the key is not.
    KeyNotLookedUpAgain,
    /// A hand-over's row is struck off before the tickets are released.
    HandOverStruckOffFirst,
    /// Whether somebody may still go by the catalogue of before is asked after the
    /// tickets were listed.
    SettledAskedLast,
}

/// The protocol, in one scenario.
#[derive(Clone, Debug)]
pub struct Protocol {
    pub(crate) scenario: Scenario,
    pub(crate) bug: Option<Bug>,
}

impl Protocol {
    /// As it is meant to be.
    pub fn sound(scenario: Scenario) -> Self {
        Protocol {
            scenario,
            bug: None,
        }
    }

    /// With a mistake.
    pub fn broken(scenario: Scenario, bug: Bug) -> Self {
        Protocol {
            scenario,
            bug: Some(bug),
        }
    }

    pub(crate) fn start(&self) -> Moment {
        let request = Request {
            sent: false,
            key: Key::Unused,
            answer: None,
        };
        Moment {
            numbers: vec![],
            noted: 0,
            tickets: vec![],
            requests: vec![request; self.scenario.asks.len()],
            hand_overs: vec![],
            processes: vec![],
            left: self.scenario.faults,
            raced: 0,
            outdated: 0,
            contradicted: false,
        }
    }
}

impl Scenario {
    /// Whoever is away in a version of the catalogue.
    pub(crate) fn away(&self, version: u8) -> Option<u8> {
        self.away.get(usize::from(version)).copied().flatten()
    }

    /// Whoever is to have a ticket, by a version of the catalogue.
    pub(crate) fn choose(&self, version: u8) -> u8 {
        u8::from(self.away(version) == Some(0))
    }

    /// Requests come in at once and more than once; functions die; the sweep is
    /// at the numbers.
    pub fn storm(registrations: usize, slots: usize, faults: &[(Fault, u8)]) -> Self {
        Scenario {
            name: "registration storm",
            asks: vec![Ask::Register; registrations],
            mails: vec![],
            away: vec![None],
            slots,
            faults: Faults::of(faults),
            shows: vec![p::VOID, p::RACED, p::WAITED, p::LAPSED],
        }
    }

    /// A ticket from its registration to its end, the deadline racing a rejection.
    pub fn life(mails: &[MailKind], slots: usize, faults: &[(Fault, u8)]) -> Self {
        Scenario {
            name: "whole life",
            asks: vec![Ask::Register, Ask::Resolve(0), Ask::Reject(0)],
            mails: mails.to_vec(),
            away: vec![None],
            slots,
            faults: Faults::of(faults),
            shows: vec![p::EXPIRED, p::REOPENED, p::TOO_LATE, p::CONFLICT],
        }
    }

    /// Commands on one ticket at once, sent more than once.
    pub fn crowd(slots: usize, faults: &[(Fault, u8)]) -> Self {
        Scenario {
            name: "crowd on one ticket",
            asks: vec![Ask::Register, Ask::Resolve(0), Ask::FollowUp(0)],
            mails: vec![],
            away: vec![None],
            slots,
            faults: Faults::of(faults),
            shows: vec![p::CONFLICT, p::EXPIRED],
        }
    }

    /// Mails whose messages come twice and whose senders die.
    pub fn mails(slots: usize, faults: &[(Fault, u8)]) -> Self {
        Scenario {
            name: "mail window",
            asks: vec![Ask::Register],
            mails: vec![MailKind::Registered, MailKind::Assigned],
            away: vec![None],
            slots,
            faults: Faults::of(faults),
            shows: vec![p::TWICE],
        }
    }

    /// Agents go and come back while a ticket is assigned and solved, and somebody
    /// still goes by the catalogue of before.
    pub fn departure(
        asks: &[Ask],
        away: &[Option<u8>],
        slots: usize,
        faults: &[(Fault, u8)],
    ) -> Self {
        Scenario {
            name: "departure",
            asks: asks.to_vec(),
            mails: vec![],
            away: away.to_vec(),
            slots,
            faults: Faults::of(faults),
            shows: vec![p::HANDED_OVER, p::GIVEN_TO_ABSENT],
        }
    }

    /// The sizes of the tests: seconds.
    pub fn small() -> Vec<Self> {
        use Fault::{
            Copy, Death, Duplicate, HastyVoid, Loss, Outdated, UnheardCommit, UnheardMail,
        };
        let storm = [(Death, 1), (Copy, 1), (HastyVoid, 1)];
        let life = [(Death, 1), (Duplicate, 1), (Loss, 1)];
        let crowd = [(Death, 1), (Copy, 1), (UnheardCommit, 1)];
        let mails = [(Death, 1), (Duplicate, 1), (Loss, 1), (UnheardMail, 1)];
        let departure = [(Death, 1), (Outdated, 1)];
        vec![
            Self::storm(2, 2, &storm),
            Self::life(&[MailKind::Closed], 2, &life),
            Self::crowd(2, &crowd),
            Self::mails(2, &mails),
            Self::departure(&[Ask::Register], &[None, Some(0)], 2, &departure),
        ]
    }

    /// The sizes of `scripts/model`: minutes.
    pub fn large() -> Vec<Self> {
        use Fault::{
            Copy, Death, Duplicate, HastyVoid, Loss, Outdated, UnheardCommit, UnheardMail,
        };
        let storm = [(Death, 2), (Copy, 2), (HastyVoid, 1), (UnheardCommit, 1)];
        let life = [(Death, 2), (Duplicate, 1), (Loss, 1), (UnheardMail, 1)];
        let crowd = [(Death, 2), (Copy, 2), (UnheardCommit, 1)];
        let mails = [(Death, 2), (Duplicate, 2), (Loss, 1), (UnheardMail, 1)];
        let departure = [(Death, 1), (Duplicate, 1), (Loss, 1), (Outdated, 1)];
        let departures = [(Death, 1), (Outdated, 1)];
        let solved = [Ask::Register, Ask::Resolve(0)];
        vec![
            Self::storm(2, 3, &storm),
            Self::life(&[MailKind::Solved, MailKind::Closed], 2, &life),
            Self::crowd(3, &crowd),
            Self::mails(3, &mails),
            Self::departure(&solved, &[None, Some(0)], 2, &departure),
            Self::departure(&solved[..1], &[None, Some(0), Some(1)], 2, &departures),
        ]
    }
}
