//! The graph of all moments, to see that it has no cycle: whatever happens, and in
//! whatever order, the desk comes to rest.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::{DefaultHasher, Hash, Hasher};

use stateright::Model;

use crate::scenario::Protocol;

/// The graph of all moments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Graph {
    pub moments: usize,
    pub steps: usize,
    /// The steps of the longest way to rest; `None` where there is a cycle.
    pub longest: Option<usize>,
}

/// Walks the whole graph, and then strikes off moments that nothing leads to until
/// none is left (Kahn). What cannot be struck off is on a cycle, or behind one.
pub fn explore(protocol: &Protocol) -> Graph {
    let mut known: HashMap<u64, u32> = HashMap::new();
    let mut frontier = Vec::new();
    let mut incoming: Vec<u32> = Vec::new();
    let mut next: Vec<(u32, u32)> = Vec::new();
    let mut targets: Vec<u32> = Vec::new();
    let mut meet = |moment, frontier: &mut Vec<_>, incoming: &mut Vec<u32>| {
        let mut hasher = DefaultHasher::new();
        Hash::hash(&moment, &mut hasher);
        let fresh = u32::try_from(incoming.len()).unwrap_or(u32::MAX);
        match known.entry(hasher.finish()) {
            Entry::Occupied(place) => *place.get(),
            Entry::Vacant(place) => {
                place.insert(fresh);
                incoming.push(0);
                frontier.push((fresh, moment));
                fresh
            }
        }
    };
    for moment in protocol.init_states() {
        meet(moment, &mut frontier, &mut incoming);
    }
    while let Some((from, moment)) = frontier.pop() {
        let first = targets.len();
        for after in protocol.next_states(&moment) {
            let to = meet(after, &mut frontier, &mut incoming);
            incoming[to as usize] += 1;
            targets.push(to);
        }
        let range = (first as u32, targets.len() as u32);
        next.resize(next.len().max(from as usize + 1), (0, 0));
        next[from as usize] = range;
    }
    let mut free: Vec<u32> = (0..)
        .zip(&incoming)
        .filter(|(_, n)| **n == 0)
        .map(|(i, _)| i)
        .collect();
    let mut depth = vec![0usize; incoming.len()];
    let mut struck = 0;
    while let Some(from) = free.pop() {
        struck += 1;
        let (first, last) = next[from as usize];
        for &to in &targets[first as usize..last as usize] {
            depth[to as usize] = depth[to as usize].max(depth[from as usize] + 1);
            incoming[to as usize] -= 1;
            if incoming[to as usize] == 0 {
                free.push(to);
            }
        }
    }
    Graph {
        moments: depth.len(),
        steps: targets.len(),
        longest: (struck == depth.len()).then(|| depth.iter().copied().max().unwrap_or(0)),
    }
}
