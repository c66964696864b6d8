#![doc = include_str!("../README.md")]

mod explore;
pub mod life;
pub mod properties;
mod report;
mod scenario;
pub mod state;
mod steps;

pub use explore::{Graph, explore};
pub use report::{Report, Verdict};
pub use scenario::{Ask, Bug, Protocol, Scenario};
use state::Moment;
use stateright::{Model, Property};
pub use steps::{Action, Written};

impl Model for Protocol {
    type State = Moment;
    type Action = Action;

    fn init_states(&self) -> Vec<Moment> {
        vec![self.start()]
    }

    fn actions(&self, moment: &Moment, actions: &mut Vec<Action>) {
        self.possible(moment, actions);
    }

    fn next_state(&self, moment: &Moment, action: Action) -> Option<Moment> {
        self.after(moment, action)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        let mut properties = properties::always();
        properties.extend(
            properties::sometimes()
                .into_iter()
                .filter(|property| self.scenario.shows.contains(&property.name)),
        );
        properties
    }
}
