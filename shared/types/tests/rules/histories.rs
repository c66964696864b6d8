//! Random histories: whatever is tried by whomever, in whatever order, a ticket
//! stays one that the procedure knows.

use proptest::prelude::*;
use types::clock::{ClockKind, ClockState};
use types::command::{Command, Rejection};
use types::effects::effects;
use types::permission::Actor;
use types::roster::LoadChange;
use types::ticket::{Event, State, Ticket, apply, replay};

use crate::world::{Story, commands, roles};

/// A step: somebody (or, half of the time, the one who may) gives a command
/// after some minutes.
type Step = (usize, Option<usize>, i64);

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let command = 0..commands().len();
    let who = proptest::option::of(0..roles().len());
    proptest::collection::vec((command, who, 0i64..900), 1..40)
}

fn check_ticket(ticket: &Ticket, events: &[Event]) {
    assert_eq!(
        ticket.version,
        events.len() as u64,
        "a version for each event"
    );
    let replayed = replay(events).unwrap();
    assert_eq!(&replayed, ticket, "the history gives the same ticket");

    let stored = serde_json::to_string(ticket).unwrap();
    assert_eq!(
        &serde_json::from_str::<Ticket>(&stored).unwrap(),
        ticket,
        "it is stored as it is"
    );
    let stored = serde_json::to_string(events).unwrap();
    assert_eq!(serde_json::from_str::<Vec<Event>>(&stored).unwrap(), events);

    match ticket.state {
        State::New => assert!(ticket.assignee.is_none() && ticket.outcome.is_none()),
        State::Assigned => assert!(ticket.assignee.is_some() && ticket.outcome.is_none()),
        State::OnHold(_) => assert!(ticket.assignee.is_some() || ticket.former.is_some()),
        State::Solved => {
            assert!(ticket.outcome.is_some() && ticket.solution.is_some());
            assert!(ticket.next_timer().is_some(), "the deadline is armed");
        }
        State::Closed => assert!(ticket.close_reason.is_some() && ticket.outcome.is_some()),
    }
    assert_eq!(
        ticket.next_timer().is_some(),
        ticket.state != State::Closed,
        "whatever is open is looked at again"
    );
    for kind in ClockKind::ALL {
        let clock = ticket.clocks.get(kind);
        let open = clock.segments.iter().filter(|s| s.to.is_none()).count();
        let expected = match clock.state {
            ClockState::Running | ClockState::Paused => 1,
            ClockState::Idle | ClockState::Met | ClockState::Stopped => 0,
        };
        assert_eq!(open, expected, "{kind:?}: {clock:?}");
        assert_eq!(
            clock.state == ClockState::Running,
            clock.running_since().is_some()
        );
        for segment in &clock.segments {
            assert!(segment.to.is_none_or(|to| segment.from <= to));
        }
        for pair in clock.segments.windows(2) {
            assert!(
                pair[0].to.is_some_and(|to| to <= pair[1].from),
                "{kind:?}: {clock:?}"
            );
        }
        if clock.state == ClockState::Running {
            assert!(clock.due_at.is_some());
            let rules = ticket.policy.steps_of(kind).count();
            assert!(clock.steps.len() >= rules, "every step is on the clock");
            let armed = clock.steps.iter().any(|step| step.is_armed());
            assert!(
                armed || kind == ClockKind::Validation,
                "{kind:?} goes on telling"
            );
        }
    }
    let validating = ticket.clocks.validation.state == ClockState::Running;
    assert_eq!(validating, ticket.state == State::Solved);
    if matches!(ticket.state, State::Solved | State::Closed) {
        assert_ne!(ticket.clocks.attention.state, ClockState::Running);
        assert_ne!(ticket.clocks.solution.state, ClockState::Running);
    }
}

/// What a sweep would do right now: steps fire once, and none stays behind.
fn fire_what_is_due(story: &mut Story) -> Result<(), TestCaseError> {
    let due = story.attempt(&Actor::System, &Command::FireSteps);
    for event in due.into_iter().flatten() {
        let (kind, reached) = event.kind.step().expect("only steps fire");
        prop_assert!(reached.reached_at <= story.now);
        let fired = story.ticket.clocks.get(kind).steps.iter();
        let fired = fired.filter(|s| {
            s.fired_at == Some(story.now)
                && (s.percent, s.tells) == (reached.percent, reached.tells)
        });
        prop_assert_eq!(fired.count(), 1);
    }
    let again = story.attempt(&Actor::System, &Command::FireSteps);
    prop_assert!(
        matches!(again, Err(Rejection::InvalidTransition(_))),
        "{:?}",
        again
    );
    if story.ticket.state != State::Solved {
        let next = story.ticket.next_timer();
        prop_assert!(next.is_none_or(|timer| timer.at > story.now), "{:?}", next);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_history_is_sound(category in prop_oneof![Just("plataforma"), Just("redes"), Just("cuentas_equipos")], steps in steps()) {
        let mut story = Story::registered(category);
        let mut loads = 0i64;
        for (command, who, minutes) in steps {
            story = story.after_minutes(minutes);
            let (label, usual, command) = commands().swap_remove(command);
            let actor = who.map_or(usual, |who| roles().swap_remove(who).1);
            let before = story.ticket.clone();
            match story.attempt(&actor, &command) {
                Ok(events) => {
                    prop_assert!(!events.is_empty());
                    // A mail is written from the ticket after all of them, and is owed by
                    // the ticket after each.
                    let mut ticket = before.clone();
                    for event in &events {
                        apply(&mut ticket, event);
                        let owed = effects(event, &ticket);
                        prop_assert_eq!(owed, effects(event, &story.ticket), "{:?}", event);
                    }
                    // A closed ticket takes links, loses its own, and nothing else.
                    let links = ["link", "link apart", "revoke link"].contains(&label);
                    prop_assert!(before.state != State::Closed || links, "{label}");
                    fire_what_is_due(&mut story)?;
                }
                Err(Rejection::Denied(_) | Rejection::InvalidTransition(_) | Rejection::Validation(_)) => {
                    prop_assert_eq!(&before, &story.ticket);
                }
                Err(Rejection::Calendar(e)) => return Err(TestCaseError::fail(e)),
            }
            let change = LoadChange::between(Some(&before), &story.ticket);
            loads += i64::from(change.more.is_some()) - i64::from(change.less.is_some());
            prop_assert_eq!(loads, i64::from(story.ticket.loads().is_some()), "every load is taken off again");
            check_ticket(&story.ticket, &story.events);
        }
    }
}
