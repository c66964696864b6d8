//! Random histories: whatever is tried by whomever, in whatever order, a ticket
//! stays one that the procedure knows.

use proptest::prelude::*;
use types::Timestamp;
use types::calendar::ClosureDefinition;
use types::catalogue::{Catalogue, CatalogueDocument};
use types::clock::{ClockKind, ClockState};
use types::command::{Command, Rejection};
use types::effects::{Effect, effects};
use types::permission::Actor;
use types::roster::LoadChange;
use types::ticket::{Event, State, Ticket, apply, replay};

use crate::world::{AGENT, CATALOGUE, OFFICER, Story, address, commands, roles, without};

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
        // A clock of the law begins when what it measures began: what a new start has set
        // aside may have been of the same time.
        let in_order = match kind.is_legal() {
            true => clock.runs().1,
            false => &clock.segments,
        };
        for pair in in_order.windows(2) {
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
                Err(Rejection::Denied(_) | Rejection::InvalidTransition(_) | Rejection::AlreadySo(_) | Rejection::Validation(_) | Rejection::Fields(_)) => {
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

/// What may become of the directory and the calendars while a ticket is open.
fn catalogues() -> Vec<Catalogue> {
    let changed = |change: &dyn Fn(&mut CatalogueDocument)| {
        let mut document = CATALOGUE.document().clone();
        change(&mut document);
        Catalogue::new(document).unwrap()
    };
    let closed = |day: &'static str| {
        changed(&move |document| {
            for calendar in document.calendars.values_mut().filter(|c| !c.always) {
                calendar.closures.push(ClosureDefinition {
                    name: "Día cívico".to_owned(),
                    from: day.to_owned(),
                    to: None,
                    yearly: false,
                });
            }
        })
    };
    let gone = |people: &'static [&'static str]| {
        changed(&move |document| {
            document
                .directory
                .retain(|entry| !people.iter().any(|local| address(local) == entry.email));
        })
    };
    vec![
        changed(&|_| {}),
        without(&[AGENT]),
        without(&[AGENT, "agente2.soporte", "agente3.soporte"]),
        without(&[OFFICER, AGENT]),
        gone(&[AGENT]),
        gone(&[OFFICER]),
        closed("2026-11-23"),
        closed("2026-11-25"),
        changed(&|document| {
            let retired = document.categories.iter_mut();
            retired.for_each(|category| category.retired = category.id.0 == "redes");
            for entry in &mut document.directory {
                if entry.email == address("agente2.soporte") {
                    entry.away_until = Some("2026-11-25".parse().unwrap());
                }
            }
        }),
    ]
}

/// What the queues do once the catalogue has changed or something is owed.
fn settle(story: &mut Story, catalogue: &Catalogue) {
    let _ = story.attempt_under(catalogue, &Actor::System, &Command::HandOver);
    let (team, now) = (story.ticket.policy.team.clone(), story.now);
    let mut agents = catalogue.agents(&team);
    let free = agents.find(|agent| agent.is_here(now));
    if let Some(agent) = free.map(|agent| agent.person()) {
        let assign = Command::AssignAutomatically {
            agent,
            away: vec![],
        };
        let _ = story.attempt_under(catalogue, &Actor::System, &assign);
    }
    // A sweep a minute, as long as anything moves.
    for _ in 0..8 {
        let due = match story.ticket.state {
            State::Solved => [Command::ExpireValidation, Command::FireSteps],
            _ => [Command::FireSteps, Command::HandOver],
        };
        let fired = due.iter().any(|command| {
            story
                .attempt_under(catalogue, &Actor::System, command)
                .is_ok()
        });
        if !fired {
            break;
        }
    }
}

/// That somebody hears of it when its timer fires.
fn is_in_good_hands(ticket: &Ticket, events: &[Event], catalogue: &Catalogue, now: Timestamp) {
    let is_open = match ticket.state {
        State::New | State::Assigned | State::OnHold(_) => true,
        State::Solved | State::Closed => false,
    };
    assert_eq!(ticket.next_timer().is_some(), ticket.state != State::Closed);
    if !is_open {
        return;
    }
    match &ticket.assignee {
        // He is there, or it was given to him by somebody who knows that he is not.
        Some(agent) => assert!(
            catalogue.works_on(&agent.email, &ticket.policy.team, now)
                || ticket.absent_agent.as_ref() == Some(&agent.email),
            "{agent:?} has it"
        ),
        // Somebody is looked for.
        None => {
            let last = events
                .iter()
                .rposition(|event| effects(event, ticket).contains(&Effect::Assign));
            let taken = events
                .iter()
                .rposition(|event| event.kind.as_str() == "assigned");
            assert!(last.is_some() && last > taken, "nobody is looked for");
        }
    }
    if ticket.is_with_officer()
        && let Some(officer) = &ticket.officer
    {
        let told = ticket.absent_officer.as_ref() == Some(&officer.email);
        assert!(
            told || catalogue.has_officer(&officer.email, now),
            "{officer:?}"
        );
    }
    // Whoever is told in the end is always there.
    assert!(!catalogue.coordinators(&ticket.policy.team).is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// People leave, come back and are away, categories are retired and calendars
    /// change, at any time of a ticket's life.
    #[test]
    fn no_change_of_the_catalogue_leaves_a_ticket_behind(
        category in prop_oneof![Just("plataforma"), Just("redes"), Just("impresion")],
        steps in steps(),
        changes in proptest::collection::vec(0..9usize, 40),
    ) {
        let catalogues = catalogues();
        let mut story = Story::registered(category);
        for ((command, who, minutes), change) in steps.into_iter().zip(changes) {
            let catalogue = &catalogues[change];
            story = story.after_minutes(minutes);
            settle(&mut story, catalogue);
            is_in_good_hands(&story.ticket, &story.events, catalogue, story.now);
            let (label, usual, command) = commands().swap_remove(command);
            let actor = who.map_or(usual, |who| roles().swap_remove(who).1);
            let before = story.ticket.clone();
            if story.attempt_under(catalogue, &actor, &command).is_ok() {
                let links = label.contains("link");
                prop_assert!(before.state != State::Closed || links, "{label}");
            }
            settle(&mut story, catalogue);
            is_in_good_hands(&story.ticket, &story.events, catalogue, story.now);
            prop_assert_eq!(&replay(&story.events).unwrap(), &story.ticket);
        }
    }
}
