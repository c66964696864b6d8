//! The protocol holds at the small sizes, and each seeded bug is caught.

use model::properties as p;
use model::state::Faults;
use model::{Bug, Protocol, Scenario};
use types::effects::MailKind;

mod life;

const NONE: Faults = Faults {
    deaths: 0,
    duplicates: 0,
    losses: 0,
    copies: 0,
    unheard_mails: 0,
    unheard_commits: 0,
    hasty_voids: 0,
};

/// A bug breaks this property, and without it everything holds.
fn caught(bug: Bug, scenario: Scenario, property: &'static str) {
    let sound = Protocol { scenario, bug: None };
    let report = sound.check(1);
    assert!(report.is_sound(), "{report}");
    let broken = Protocol { bug: Some(bug), ..sound };
    let path = broken.shortest(property).unwrap_or_else(|| panic!("{bug:?} is not caught"));
    println!("{bug:?}: after {} steps not \"{property}\"", path.len());
    for action in path {
        println!("  {action:?}");
    }
}

#[test]
fn the_protocol_holds() {
    let mut moments = 0;
    for scenario in Scenario::small() {
        let report = Protocol { scenario, bug: None }.check(2);
        println!("{report}");
        assert!(report.is_sound(), "{report}");
        assert_eq!(report.moments, report.graph.moments, "both walk the same graph");
        moments += report.moments;
    }
    assert!(moments > 100_000, "{moments} moments are no check");
}

#[test]
fn a_row_struck_off_before_its_effect_is_caught() {
    let faults = Faults { deaths: 1, ..NONE };
    caught(Bug::RowStruckOffFirst, Scenario::mails(2, faults), p::DONE);
}

#[test]
fn a_number_taken_before_the_key_is_claimed_is_caught() {
    let faults = Faults { copies: 1, ..NONE };
    caught(Bug::NumberBeforeKey, Scenario::storm(1, 2, faults), p::WASTED);
}

#[test]
fn a_commit_without_a_version_check_is_caught() {
    caught(Bug::NoVersionCheck, Scenario::crowd(2, NONE), p::ACCEPTED);
}

#[test]
fn a_claim_after_the_mail_is_caught() {
    let faults = Faults { duplicates: 1, ..NONE };
    caught(Bug::ClaimAfterSend, Scenario::mails(2, faults), p::ONE_MAIL);
}

#[test]
fn a_sweep_that_acts_is_caught() {
    caught(Bug::SweepActs, Scenario::life(&[], 2, NONE), p::LEGAL);
}

#[test]
fn a_key_given_back_blindly_is_caught() {
    let faults = Faults { unheard_commits: 1, ..NONE };
    caught(Bug::KeyReleasedBlindly, Scenario::storm(1, 1, faults), p::ONCE);
}

#[test]
fn a_key_that_is_not_looked_up_again_is_caught() {
    let faults = Faults { copies: 1, ..NONE };
    let scenario = Scenario::crowd(2, faults);
    caught(Bug::KeyNotLookedUpAgain, scenario, p::SAME_ANSWER);
}
