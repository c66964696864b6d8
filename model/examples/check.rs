use std::time::Instant;
use model::*;
use stateright::{Checker, Model};
fn main() {
    for scenario in Scenario::small() {
        let t = Instant::now();
        let p = Protocol { scenario: scenario.clone(), bug: None };
        let c = p.clone().checker().finish_when(stateright::HasDiscoveries::AnyFailures).spawn_bfs().join();
        println!("{}: {} states, {} generated, depth {}, {:?}", scenario.name, c.unique_state_count(), c.state_count(), c.max_depth(), t.elapsed());
        for (name, path) in c.discoveries() {
            println!("  {name}");
            for a in path.into_actions() { println!("    {a:?}"); }
        }
        let t = Instant::now();
        println!("  {:?} {:?}", explore(&p), t.elapsed());
    }
}
