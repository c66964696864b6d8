//! The protocol holds at the small sizes, and each seeded bug is caught.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test prints its figures, and its helpers fail with it"
)]

mod life;

use model::properties as p;
use model::state::Fault;
use model::{Ask, Bug, Protocol, Scenario};

/// A bug breaks this property, and without it everything holds.
fn caught(bug: Bug, mut scenario: Scenario, property: &'static str) {
    scenario.shows.clear();
    let report = Protocol::sound(scenario.clone()).check(1);
    assert!(report.is_sound(), "{report}");
    let path = Protocol::broken(scenario, bug).shortest(property);
    let path = path.unwrap_or_else(|| panic!("{bug:?} is not caught"));
    println!("{bug:?}: after {} steps not \"{property}\"", path.len());
    for action in path {
        println!("  {action:?}");
    }
}

#[test]
fn the_protocol_holds() {
    let mut moments = 0;
    for scenario in Scenario::small() {
        let report = Protocol::sound(scenario).check(2);
        println!("{report}");
        assert!(report.is_sound(), "{report}");
        assert_eq!(report.moments, report.graph.moments, "{}", report.name);
        moments += report.moments;
    }
    assert!(moments > 100_000, "{moments} moments are no check");
}

#[test]
fn a_row_struck_off_before_its_effect_is_caught() {
    let faults = [(Fault::Death, 1)];
    caught(Bug::RowStruckOffFirst, Scenario::mails(2, &faults), p::DONE);
}

#[test]
fn a_number_taken_before_the_key_is_claimed_is_caught() {
    let faults = [(Fault::Copy, 1)];
    caught(
        Bug::NumberBeforeKey,
        Scenario::storm(1, 2, &faults),
        p::WASTED,
    );
}

#[test]
fn a_commit_without_a_version_check_is_caught() {
    caught(Bug::NoVersionCheck, Scenario::crowd(2, &[]), p::ACCEPTED);
}

#[test]
fn a_claim_after_the_mail_is_caught() {
    let faults = [(Fault::Duplicate, 1)];
    caught(
        Bug::ClaimAfterSend,
        Scenario::mails(2, &faults),
        p::ONE_MAIL,
    );
}

#[test]
fn a_sweep_that_acts_is_caught() {
    caught(Bug::SweepActs, Scenario::life(&[], 2, &[]), p::LEGAL);
}

#[test]
fn a_key_given_back_blindly_is_caught() {
    let faults = [(Fault::UnheardCommit, 1)];
    caught(
        Bug::KeyReleasedBlindly,
        Scenario::storm(1, 1, &faults),
        p::ONCE,
    );
}

#[test]
fn a_key_that_is_not_looked_up_again_is_caught() {
    let faults = [(Fault::Copy, 1)];
    let scenario = Scenario::crowd(2, &faults);
    caught(Bug::KeyNotLookedUpAgain, scenario, p::SAME_ANSWER);
}

/// One ticket, whose first agent goes away.
fn departure(faults: &[(Fault, u8)]) -> Scenario {
    Scenario::departure(&[Ask::Register], &[None, Some(0)], 2, faults)
}

#[test]
fn a_hand_over_struck_off_before_its_tickets_are_released_is_caught() {
    let faults = [(Fault::Death, 1)];
    caught(Bug::HandOverStruckOffFirst, departure(&faults), p::DONE);
}

#[test]
fn a_hand_over_that_asks_too_late_whether_all_is_settled_is_caught() {
    caught(Bug::SettledAskedLast, departure(&[]), p::DONE);
}
