//! Checking a scenario, and what is printed of it.

use std::fmt;
use std::time::{Duration, Instant};

use stateright::{Checker, Expectation, HasDiscoveries, Model};

use crate::explore::{Graph, explore};
use crate::scenario::Protocol;
use crate::steps::Action;

/// No way to a mistake that the tests look for is longer.
const LONGEST: usize = 60;

/// What came of a check.
#[derive(Debug)]
pub struct Report {
    pub name: &'static str,
    pub moments: usize,
    /// Each property, in the order in which they are declared.
    pub verdicts: Vec<(&'static str, Verdict)>,
    pub graph: Graph,
    pub checking: Duration,
    pub exploring: Duration,
}

/// Whether a property is as it should be.
#[derive(Debug, PartialEq, Eq)]
pub enum Verdict {
    Holds,
    /// It has to happen, and did.
    Happens,
    /// It has to hold, and does not after these actions.
    Violated(Vec<Action>),
    /// It has to happen, and did not.
    NeverHappens,
}

impl Report {
    /// Whether all is as it should be.
    pub fn is_sound(&self) -> bool {
        let well = |verdict: &Verdict| match verdict {
            Verdict::Holds | Verdict::Happens => true,
            Verdict::Violated(_) | Verdict::NeverHappens => false,
        };
        self.graph.longest.is_some() && self.verdicts.iter().all(|(_, verdict)| well(verdict))
    }
}

impl Protocol {
    /// Checks every moment that can be reached.
    pub fn check(&self, threads: usize) -> Report {
        let began = Instant::now();
        let checker = self.clone().checker().threads(threads);
        let checker = checker.finish_when(HasDiscoveries::AnyFailures);
        // Deep rather than broad: what is still to be visited stays small.
        let checked = checker.spawn_dfs().join();
        let checking = began.elapsed();
        let mut found = checked.discoveries();
        let verdict = |expectation, path: Option<Vec<Action>>| match (expectation, path) {
            (Expectation::Sometimes, Some(_)) => Verdict::Happens,
            (Expectation::Sometimes, None) => Verdict::NeverHappens,
            (Expectation::Always | Expectation::Eventually, None) => Verdict::Holds,
            (Expectation::Always | Expectation::Eventually, Some(path)) => Verdict::Violated(path),
        };
        let verdicts = self.properties().into_iter().map(|property| {
            let path = found.remove(property.name).map(|path| path.into_actions());
            (property.name, verdict(property.expectation, path))
        });
        let verdicts = verdicts.collect();
        let moments = checked.unique_state_count();
        // Gives its memory back before the graph needs it.
        drop(checked);
        let began = Instant::now();
        let graph = explore(self);
        Report {
            name: self.scenario.name,
            moments,
            verdicts,
            graph,
            checking,
            exploring: began.elapsed(),
        }
    }

    /// The shortest way to a violation of a property.
    pub fn shortest(&self, property: &'static str) -> Option<Vec<Action>> {
        // The checker may keep a longer way of the same search, so that it is sent
        // a step farther each time.
        (2..LONGEST).find_map(|depth| {
            let checker = self.clone().checker().target_max_depth(depth);
            let only = HasDiscoveries::AnyOf([property].into());
            let checked = checker.finish_when(only).spawn_bfs().join();
            checked.discovery(property).map(|path| path.into_actions())
        })
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Graph {
            moments,
            steps,
            longest,
        } = self.graph;
        writeln!(
            f,
            "{}: {} states, checked in {:.1?}; {moments} states and {steps} steps walked in {:.1?}, {}",
            self.name,
            self.moments,
            self.checking,
            self.exploring,
            match longest {
                Some(longest) =>
                    format!("without a cycle, the longest way to rest {longest} steps"),
                None => "WITH A CYCLE".to_owned(),
            }
        )?;
        for (name, verdict) in &self.verdicts {
            match verdict {
                Verdict::Holds => writeln!(f, "  holds    {name}")?,
                Verdict::Happens => writeln!(f, "  happens  {name}")?,
                Verdict::NeverHappens => writeln!(f, "  NEVER    {name}")?,
                Verdict::Violated(path) => {
                    writeln!(f, "  VIOLATED {name}")?;
                    for action in path {
                        writeln!(f, "             {action:?}")?;
                    }
                }
            }
        }
        Ok(())
    }
}
