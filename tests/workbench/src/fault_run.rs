//! Whole lives of tickets while everything around them fails: functions killed at
//! any moment, messages twice and in another order, queues purged, every AWS
//! service throttling, in the way, broken, or silent, SES refusing for a while and
//! one address for good, the host itself killed, and a sweep whose clock jumps;
//! while agents and officers go away, leave and come back, categories take nothing new
//! for a while, and holidays and hours change.
//! Then the faults end, everything comes to rest, and is looked at: nothing lost,
//! nothing done twice, and nothing for the auditor to find. It fails otherwise.
//!
//! The seed decides which lives are lived, in which order, and which calls,
//! deliveries and processes fare badly; how the processes interleave is the
//! machine's. `scripts/fault-run` builds and runs it.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test program: it prints, and fails where it cannot go on"
)]

mod chaos;
mod coordination;
mod life;
mod verdict;

use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::{Chance, Host, in_a_hurry};

use life::{Life, People};

/// A Monday morning in Bogotá: the run takes less than the working day.
const MORNING: &str = "2026-11-23T08:00:00-05:00";

/// Lives that are lived at once.
const AT_ONCE: usize = 48;

/// How much goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Amount {
    /// As much as shows in a thousand lives.
    Some,
    /// So much that a few lives show what a protection is there for.
    Many,
}

/// What is to be lived.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// How many lives.
    pub tickets: usize,
    /// How long one step may take before it counts as lost.
    pub patience: Duration,
    /// How long SES takes no mail at all.
    pub outage: Duration,
    /// A protection that is taken away: the run has to fail.
    pub without: Option<String>,
    /// Whether few lives are to meet many faults.
    pub faults: Amount,
    /// Decides whatever chance decides.
    pub chance: Chance,
}

/// Lives them, and prints what came of it.
///
/// # Panics
/// When there is no host.
pub fn run(wanted: &Wanted) -> ExitCode {
    let seed = wanted.chance.0;
    println!("seed {seed}: {} tickets", wanted.tickets);
    let began = Instant::now();
    let mut host = Host::start_on(in_a_hurry, &[]);
    // Wherever it is started again, it is found where it was.
    let here = host.here();
    host.stop();
    chaos::start_again(&mut host, &here, began);

    let mut chance = wanted.chance.clone();
    let mut lives: Vec<Life> = (0..wanted.tickets)
        .map(|n| Life::new(n, life::Kind::of(n)))
        .collect();
    chance.shuffle(&mut lives);
    let people = People::of(&host, wanted.patience);
    let (next, done) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let ends = Mutex::new(Vec::new());
    let faults = std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(life) = lives.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let end = life.live(&people);
                    ends.lock().unwrap().push((life, end));
                    done.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        let is_over = || done.load(Ordering::Relaxed) == lives.len();
        let (one, other) = (Chance(chance.0 ^ 0x5eed), Chance(chance.0 ^ 0xfeed));
        let coordination = &people.coordination;
        // Of few lives some are to be handed over, too.
        let pause = match wanted.faults {
            Amount::Some => 7,
            Amount::Many => 2,
        };
        let windows = [
            scope.spawn(move || coordination.move_people(pause, one, is_over)),
            scope.spawn(move || coordination.move_rules(other, is_over)),
        ];
        let mut chaos = chaos::Chaos::new(&mut host, &here, wanted, chance.clone(), began);
        chaos.reign(|| done.load(Ordering::Relaxed));
        chaos.relent();
        for window in windows {
            window.join().unwrap();
        }
        coordination.restore();
        chaos.rest();
        chaos.faults
    });
    let lived = began.elapsed();
    let mut faults = faults;
    let counts = people.coordination.counts.lock().unwrap();
    faults.counts.extend(counts.clone());
    drop(counts);
    let mut ends = ends.into_inner().unwrap();
    ends.sort_by_key(|(life, _)| life.n);
    let verdict = verdict::reach(&host, &people, &ends, &faults, wanted);
    println!(
        "lived in {} s, all in {} s",
        lived.as_secs(),
        began.elapsed().as_secs()
    );
    println!("{}", verdict.text);
    println!("seed {seed}");
    if wanted.without.is_some() {
        // The protection was needed: that is what had to be shown, and by more than
        // that something took long.
        return match verdict.is_harmed {
            true => ExitCode::SUCCESS,
            false => ExitCode::FAILURE,
        };
    }
    match verdict.is_good {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}
