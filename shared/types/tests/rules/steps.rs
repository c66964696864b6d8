//! What happens on a clock's way: 80 % warns the responsible, 100 % tells the
//! coordinator, 200 % the head; a reminder half-way through validation.

use types::clock::{ClockKind, ClockState, Step, Tells};
use types::command::{Command, Rejection, WhenAway};
use types::effects::{Effect, MailKind, QueueName, effects};
use types::ids::{CategoryId, ProviderId};
use types::permission::Actor;
use types::ticket::{Event, Place};
use types::{SignedDuration, Timestamp};

use crate::world::{AGENT, OFFICER, REQUESTER, Story, address, monday, person};

fn minutes(minutes: i64) -> Timestamp {
    monday() + SignedDuration::from_mins(minutes)
}

fn contact() -> Command {
    Command::Contact {
        note: "Llamada".to_owned(),
    }
}

/// What a sweep at this very moment fires: kinds, as the history words them.
fn fire(story: &mut Story) -> Vec<(Event, Vec<Effect>)> {
    match story.attempt(&Actor::System, &Command::FireSteps) {
        Ok(events) => events
            .into_iter()
            .map(|event| {
                let owed = effects(&event, &story.ticket);
                (event, owed)
            })
            .collect(),
        Err(Rejection::InvalidTransition(_)) => vec![],
        Err(other) => panic!("{other:?}"),
    }
}

fn words(fired: &[(Event, Vec<Effect>)]) -> Vec<String> {
    let word = |event: &Event| serde_json::to_value(&event.kind).unwrap()["kind"].clone();
    fired
        .iter()
        .map(|(event, _)| word(event).as_str().unwrap().to_owned())
        .collect()
}

fn mails(fired: &[(Event, Vec<Effect>)]) -> Vec<Effect> {
    fired.iter().flat_map(|(_, owed)| owed.clone()).collect()
}

#[test]
fn each_step_fires_once_when_its_time_has_come() {
    // Assigned at 08:00; attention is due at 08:15, the solution at 08:30.
    let mut story = Story::assigned("plataforma");
    let mut fired = Vec::new();
    for minute in 0..=70 {
        story.now = minutes(minute);
        // Twice, as two sweeps do.
        for sweep in 0..2 {
            let steps = fire(&mut story);
            assert!(sweep == 0 || steps.is_empty(), "{minute}: {steps:?}");
            let told = mails(&steps);
            fired.extend(
                words(&steps)
                    .into_iter()
                    .map(|word| (minute, word))
                    .zip(told),
            );
        }
    }
    let fired: Vec<_> = fired
        .iter()
        .map(|((minute, word), mail)| (*minute, word.as_str(), *mail))
        .collect();
    assert_eq!(
        fired,
        [
            (12, "attention_warned", Effect::Mail(MailKind::StepToAgent)),
            (
                15,
                "attention_breached",
                Effect::Mail(MailKind::StepToCoordinator)
            ),
            (24, "solution_warned", Effect::Mail(MailKind::StepToAgent)),
            (30, "attention_overrun", Effect::Mail(MailKind::StepToHead)),
            (
                30,
                "solution_breached",
                Effect::Mail(MailKind::StepToCoordinator)
            ),
            (60, "solution_overrun", Effect::Mail(MailKind::StepToHead)),
        ]
    );
    // Then once a working day, while it is open: the coordinators and the head.
    for (days, used) in [(1, 555), (2, 1095)] {
        let attention = minutes(30) + SignedDuration::from_hours(24 * days);
        story.now = attention - SignedDuration::from_secs(1);
        assert!(fire(&mut story).is_empty());
        story.now = attention;
        let fired = fire(&mut story);
        assert_eq!(words(&fired), ["attention_overrun", "attention_overrun"]);
        assert_eq!(
            mails(&fired),
            [
                Effect::Mail(MailKind::StepToCoordinator),
                Effect::Mail(MailKind::StepToHead)
            ]
        );
        let step = fired[0].0.kind.step().unwrap().1;
        assert!(u64::from(step.percent) >= used * 100 / 15, "{step:?}");
        story.now = minutes(60) + SignedDuration::from_hours(24 * days);
        assert_eq!(words(&fire(&mut story)).len(), 2);
    }
}

#[test]
fn a_late_sweep_fires_what_is_still_true_and_says_how_late_it_is() {
    let mut story = Story::assigned("plataforma").after_minutes(75);
    let fired = fire(&mut story);
    let late: Vec<_> = fired
        .iter()
        .map(|(event, _)| event.kind.step().unwrap().1.late_seconds / 60)
        .collect();
    // The earliest first.
    assert_eq!(late, [63, 60, 51, 45, 45, 15]);
    assert!(fire(&mut story).is_empty());

    // The desk got in touch before the sweep came: nothing of it is still true.
    let mut story = Story::assigned("plataforma").after_minutes(11);
    story = story.when(&person(AGENT), contact()).after_minutes(9);
    assert_eq!(words(&fire(&mut story)), [] as [&str; 0]);
}

#[test]
fn nobody_is_in_charge_yet() {
    let mut story = Story::registered("plataforma").after_minutes(12);
    let timer = story.ticket.next_timer().unwrap();
    assert_eq!(
        (timer.at, timer.queue),
        (minutes(12), QueueName::Escalation)
    );
    let fired = fire(&mut story);
    assert_eq!(words(&fired), ["attention_warned"]);
    assert_eq!(mails(&fired), [Effect::Mail(MailKind::StepToCoordinator)]);
}

#[test]
fn an_officer_gets_the_whole_time_and_his_own_warnings() {
    let mut story = Story::assigned("plataforma").when(&person(AGENT), contact());
    story = story.after_minutes(29);
    assert_eq!(words(&fire(&mut story)), ["solution_warned"]);
    let mut story = story.when(
        &person(AGENT),
        Command::Escalate {
            officer: address(OFFICER),
            justification: "Servidor caído".to_owned(),
            away: WhenAway::Ask,
        },
    );
    assert_eq!(story.ticket.next_timer().unwrap().at, minutes(29 + 24));
    story = story.after_minutes(24);
    let fired = fire(&mut story);
    assert_eq!(words(&fired), ["solution_warned"]);
    assert_eq!(mails(&fired), [Effect::Mail(MailKind::StepToOfficer)]);
    // Once he has reported, it is the desk's again (activity 12).
    let mut story = story.when(
        &person(OFFICER),
        Command::ReportSolution {
            body: "Servidor reiniciado".to_owned(),
        },
    );
    story = story.after_minutes(6);
    let fired = fire(&mut story);
    assert_eq!(words(&fired), ["solution_breached"]);
    let responsible = &fired[0].0.kind.step().unwrap().1.responsible;
    assert_eq!(responsible.as_ref().unwrap().email, address(AGENT));
}

/// Friday 2026-10-30 to Tuesday 2026-11-03: All Saints' is moved to the Monday.
#[test]
fn on_hold_for_a_provider_over_a_long_weekend() {
    let friday: Timestamp = "2026-10-30T16:40:00-05:00".parse().unwrap();
    let mut story = Story::registered_at("redes", friday)
        .when(
            &Actor::System,
            Command::AssignAutomatically {
                agent: types::ticket::Person {
                    email: address(AGENT),
                    name: "Agente".to_owned(),
                },
                away: vec![],
            },
        )
        .when(&person(AGENT), contact())
        .when(
            &person(AGENT),
            Command::Escalate {
                officer: address(OFFICER),
                justification: "Enlace caído".to_owned(),
                away: WhenAway::Ask,
            },
        )
        .after_minutes(7)
        .when(
            &person(OFFICER),
            Command::RequestProvider {
                provider: ProviderId::from("redes_externo"),
                message: "Favor revisar".to_owned(),
            },
        );
    let held = story.ticket.clocks.solution.clone();
    assert_eq!(
        (held.state, held.used_seconds),
        (ClockState::Paused, 7 * 60)
    );
    // Nobody forgets it: a working day is over on Tuesday at 16:47.
    let timer = story.ticket.next_timer().unwrap();
    assert_eq!(timer.at.to_string(), "2026-11-03T21:47:00Z");
    assert_eq!(story.ticket.place(), Place::Waiting(story.now));

    // All weekend long, and on Monday in office hours too, nothing is due.
    for hour in (0..80).step_by(5) {
        story.now = friday + SignedDuration::from_hours(hour);
        assert!(fire(&mut story).is_empty());
    }
    story.now = "2026-11-03T09:12:30-05:00".parse().unwrap();
    let story = story.when(
        &person(OFFICER),
        Command::RecordProviderReply {
            body: "Enlace arriba".to_owned(),
        },
    );
    let clock = &story.ticket.clocks.solution;
    assert_eq!(
        (clock.used_seconds, clock.left_seconds()),
        (7 * 60, 23 * 60)
    );
    let after = |minutes| story.now + SignedDuration::from_mins(minutes);
    assert_eq!(clock.due_at, Some(after(23)));
    let due: Vec<_> = clock.steps.iter().map(|s| (s.percent, s.at)).collect();
    assert_eq!(due, [(80, after(17)), (100, after(23)), (200, after(53))]);
}

#[test]
fn other_limits_arm_again_only_what_they_put_into_the_future() {
    // Breached after 30 minutes; then it turns out to be a thing of four hours.
    let mut document = crate::world::CATALOGUE.document().clone();
    let slow = document
        .categories
        .iter_mut()
        .find(|c| c.id == CategoryId::from("redes"))
        .unwrap();
    slow.solution_minutes = 240;
    let catalogue = types::catalogue::Catalogue::new(document).unwrap();
    let mut story = Story::assigned("plataforma").when(&person(AGENT), contact());
    story = story.after_minutes(31);
    assert_eq!(
        words(&fire(&mut story)),
        ["solution_warned", "solution_breached"]
    );

    let setting = types::command::Setting {
        now: story.now,
        catalogue: &catalogue,
    };
    let command = Command::Recategorise {
        category: CategoryId::from("redes"),
    };
    let events = types::command::decide(&story.ticket, &command, &person(AGENT), setting).unwrap();
    for event in &events {
        types::ticket::apply(&mut story.ticket, event);
    }
    let clock = story.ticket.clocks.get(ClockKind::Solution);
    assert_eq!(clock.used_seconds, 31 * 60);
    assert_eq!(clock.due_at, Some(minutes(240)));
    let steps: Vec<_> = clock
        .steps
        .iter()
        .map(|s| (s.percent, s.at, s.is_armed()))
        .collect();
    let expected = [
        (80, minutes(192), true),
        (100, minutes(240), true),
        (200, minutes(480), true),
    ];
    assert_eq!(steps, expected);

    // Back to the short limit: that is over once more, and told once more.
    let command = Command::Recategorise {
        category: CategoryId::from("plataforma"),
    };
    let mut story = story.when(&person(AGENT), command);
    let fired = fire(&mut story);
    assert_eq!(words(&fired), ["solution_warned", "solution_breached"]);
    assert_eq!(story.ticket.next_timer().unwrap().at, minutes(60));
}

#[test]
fn a_reminder_half_way_through_validation() {
    // Solved on Monday at 08:00: a working day is over at 17:00, half of it at 12:30.
    let mut story = Story::solved("plataforma");
    let timer = story.ticket.next_timer().unwrap();
    assert_eq!((timer.at, timer.queue), (minutes(270), QueueName::Closure));
    story = story.after_minutes(269);
    assert!(fire(&mut story).is_empty());
    story = story.after_minutes(1);
    let fired = fire(&mut story);
    assert_eq!(words(&fired), ["validation_reminded"]);
    assert_eq!(mails(&fired), [Effect::Mail(MailKind::ValidationReminder)]);
    assert_eq!(story.ticket.next_timer().unwrap().at, minutes(540));
    let story = story
        .after_minutes(270)
        .when(&Actor::System, Command::ExpireValidation);
    assert_eq!(story.ticket.next_timer(), None);

    // A sweep that comes when it is over reminds nobody.
    let mut late = Story::solved("plataforma").after_minutes(600);
    assert!(fire(&mut late).is_empty());
    assert_eq!(late.ticket.next_timer().unwrap().at, minutes(270));
}

#[test]
fn whoever_is_responsible_has_the_whole_time_again_after_a_rejection() {
    let mut story = Story::assigned("redes").when(&person(AGENT), contact());
    story = story.after_minutes(25);
    assert_eq!(words(&fire(&mut story)), ["solution_warned"]);
    let resolve = Command::Resolve {
        solution: "Listo".to_owned(),
    };
    let reject = Command::Reject {
        reason: "No sirve".to_owned(),
    };
    let mut story = story
        .when(&person(AGENT), resolve)
        .after_minutes(100)
        .when(&person(REQUESTER), reject);
    let solution = &story.ticket.clocks.solution;
    assert_eq!(solution.due_at, Some(minutes(155)));
    // The round before stays in the account.
    let (earlier, present) = solution.runs();
    assert_eq!(earlier[0].used_seconds, Some(25 * 60));
    assert_eq!(present.len(), 1);
    story = story.after_minutes(24);
    assert_eq!(words(&fire(&mut story)), ["solution_warned"]);
}

#[test]
fn a_category_may_have_steps_of_its_own() {
    let mut document = crate::world::CATALOGUE.document().clone();
    document.categories[0].steps = vec![Step {
        clock: ClockKind::Attention,
        percent: 50,
        tells: Tells::Head,
    }];
    let json = serde_json::to_value(&document.categories[0]).unwrap();
    assert_eq!(
        json["steps"],
        serde_json::json!([{"clock": "attention", "percent": 50, "tells": "head"}])
    );
    let policy = types::ticket::Policy::from(&document.categories[0]);
    let stored = serde_json::to_string(&policy).unwrap();
    assert_eq!(
        serde_json::from_str::<types::ticket::Policy>(&stored).unwrap(),
        policy
    );
    // The default is not written, and read all the same.
    let policy = types::ticket::Policy::from(&document.categories[1]);
    let stored = serde_json::to_value(&policy).unwrap();
    assert!(stored.get("steps").is_none());
    assert_eq!(
        serde_json::from_value::<types::ticket::Policy>(stored).unwrap(),
        policy
    );
}
