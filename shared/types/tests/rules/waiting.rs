//! No open request waits for somebody without anybody being told (the kinds: an
//! answer that came and was not seen, a provider who says nothing, a calendar that
//! changes under a deadline).

use types::Timestamp;
use types::calendar::ClosureDefinition;
use types::catalogue::Catalogue;
use types::clock::{ClockKind, ClockState};
use types::command::{Command, WhenAway};
use types::effects::{Effect, MailKind, effects};
use types::permission::Actor;
use types::ticket::{Attachment, CloseReason, Event, EventKind, HoldReason, State, Visibility};

use crate::world::{AGENT, CATALOGUE, OFFICER, REQUESTER, Story, address, person};

fn held() -> Story {
    Story::in_state(State::OnHold(HoldReason::Requester))
}

/// What a sweep would do at each of these times: when, what, and who is told.
fn told(story: &mut Story, times: &[&str]) -> Vec<(String, Effect)> {
    let mut told = Vec::new();
    for time in times {
        story.now = time.parse().unwrap();
        for event in story
            .attempt(&Actor::System, &Command::FireSteps)
            .unwrap_or_default()
        {
            let owed = effects(&event, &story.ticket);
            told.extend(owed.into_iter().map(|owed| ((*time).to_owned(), owed)));
        }
    }
    told
}

#[test]
fn asking_is_contact() {
    let story = held();
    assert_eq!(story.ticket.clocks.attention.state, ClockState::Met);
    assert_eq!(story.ticket.clocks.solution.state, ClockState::Paused);
    assert_eq!(story.ticket.clocks.waiting.state, ClockState::Running);
}

#[test]
fn the_requesters_answer_ends_the_wait() {
    let answer = Command::FollowUp {
        body: "Es el usuario jperez".to_owned(),
        visibility: Visibility::Public,
    };
    let file = Command::AddAttachments {
        attachments: vec![Attachment {
            id: "1".to_owned(),
            name: "pantalla.png".to_owned(),
            content_type: "image/png".to_owned(),
            size: 10,
            visibility: Visibility::Public,
            digest: None,
        }],
        left_out: 0,
    };
    for command in [answer.clone(), file] {
        let mut story = held().after_minutes(90);
        let events = story.attempt(&person(REQUESTER), &command).unwrap();
        assert_eq!(story.ticket.state, State::Assigned);
        assert_eq!(story.ticket.clocks.solution.state, ClockState::Running);
        assert_eq!(story.ticket.clocks.waiting.state, ClockState::Met);
        assert!(matches!(events[1].kind, EventKind::Resumed { note: None }));
    }
    // A colleague's note, or the agent's own, is no answer; neither is what somebody
    // writes who is copied.
    for who in [AGENT, "coordinador.mesa"] {
        let story = held().when(&person(who), answer.clone());
        assert_eq!(story.ticket.state, State::OnHold(HoldReason::Requester));
    }
    let mut copied = held();
    copied.ticket.request.observers = vec![crate::world::caller("copiado").person()];
    let copied = copied.when(&person("copiado"), answer);
    assert_eq!(copied.ticket.state, State::OnHold(HoldReason::Requester));
}

/// Monday 08:00; a working day is nine hours.
#[test]
fn without_an_answer_he_is_reminded_then_the_agent_then_the_coordinator() {
    let mut story = held();
    let told = told(
        &mut story,
        &[
            "2026-11-23T16:59:59-05:00",
            "2026-11-23T17:00:00-05:00",
            "2026-11-24T16:59:00-05:00",
            "2026-11-24T17:00:00-05:00",
            "2026-11-27T17:00:00-05:00",
            // And on: once a working day.
            "2026-11-30T17:00:00-05:00",
            "2026-12-01T17:00:00-05:00",
        ],
    );
    let told: Vec<_> = told.iter().map(|(at, owed)| (at.as_str(), *owed)).collect();
    assert_eq!(
        told,
        [
            (
                "2026-11-23T17:00:00-05:00",
                Effect::Mail(MailKind::WaitingReminder)
            ),
            (
                "2026-11-24T17:00:00-05:00",
                Effect::Mail(MailKind::StepToAgent)
            ),
            (
                "2026-11-27T17:00:00-05:00",
                Effect::Mail(MailKind::StepToCoordinator)
            ),
            (
                "2026-11-30T17:00:00-05:00",
                Effect::Mail(MailKind::StepToCoordinator)
            ),
            (
                "2026-11-30T17:00:00-05:00",
                Effect::Mail(MailKind::StepToHead)
            ),
            (
                "2026-12-01T17:00:00-05:00",
                Effect::Mail(MailKind::StepToCoordinator)
            ),
            (
                "2026-12-01T17:00:00-05:00",
                Effect::Mail(MailKind::StepToHead)
            ),
        ]
    );
}

#[test]
fn a_provider_who_says_nothing_is_not_forgotten() {
    let contact = Command::Contact {
        note: "Se llamó".to_owned(),
    };
    let mut story = Story::assigned("redes")
        .when(&person(AGENT), contact)
        .when(
            &person(AGENT),
            Command::Escalate {
                officer: address(OFFICER),
                justification: "Enlace".to_owned(),
                away: WhenAway::Ask,
            },
        )
        .when(
            &person(OFFICER),
            Command::RequestProvider {
                provider: "redes_externo".into(),
                message: "Favor revisar".to_owned(),
            },
        );
    let told = told(
        &mut story,
        &["2026-11-23T17:00:00-05:00", "2026-11-25T17:00:00-05:00"],
    );
    let told: Vec<_> = told.into_iter().map(|(_, owed)| owed).collect();
    assert_eq!(
        told,
        [
            Effect::Mail(MailKind::StepToOfficer),
            Effect::Mail(MailKind::StepToHead)
        ]
    );
    let story = story.when(
        &person(OFFICER),
        Command::RecordProviderReply {
            body: "Listo".to_owned(),
        },
    );
    assert_eq!(story.ticket.clocks.provider.state, ClockState::Met);
}

/// Its own catalogue with further days closed.
fn closed(days: &[&str]) -> Catalogue {
    let mut document = CATALOGUE.document().clone();
    for calendar in document.calendars.values_mut().filter(|c| !c.always) {
        calendar
            .closures
            .extend(days.iter().map(|day| ClosureDefinition {
                name: "Día cívico".to_owned(),
                from: (*day).to_owned(),
                to: None,
                yearly: false,
            }));
    }
    Catalogue::new(document).unwrap()
}

fn fire(story: &mut Story, catalogue: &Catalogue, command: Command) -> Vec<Event> {
    story
        .attempt_under(catalogue, &Actor::System, &command)
        .unwrap_or_default()
}

/// Hours are facts of the world; limits are what was promised.
#[test]
fn a_day_that_is_declared_closed_moves_what_is_due() {
    let closed = closed(&["2026-11-23"]);
    let mut story = Story::assigned("redes").after_minutes(24);
    let events = fire(&mut story, &closed, Command::FireSteps);
    let clocks: Vec<_> = events
        .iter()
        .map(|event| match event.kind {
            EventKind::HoursChanged { clock, to, .. } => (clock, to.to_string()),
            _ => panic!("{event:?}"),
        })
        .collect();
    assert_eq!(
        clocks,
        [
            (ClockKind::Attention, "2026-11-24T13:15:00Z".to_owned()),
            (ClockKind::Solution, "2026-11-24T13:30:00Z".to_owned())
        ]
    );
    assert!(
        events
            .iter()
            .all(|event| effects(event, &story.ticket).is_empty())
    );
    let at: Timestamp = "2026-11-24T13:12:00Z".parse().unwrap();
    assert_eq!(story.ticket.next_timer().unwrap().at, at);
    // It is said once, and then the steps fire in the new hours.
    assert!(fire(&mut story, &closed, Command::FireSteps).is_empty());
    story.now = at;
    let fired = fire(&mut story, &closed, Command::FireSteps);
    assert_eq!(fired[0].kind.as_str(), "attention_warned");
    // The day is open again: what has not fired comes earlier.
    let events = fire(&mut story, &CATALOGUE, Command::FireSteps);
    assert_eq!(events[0].kind.as_str(), "hours_changed");
    let fired = fire(&mut story, &CATALOGUE, Command::FireSteps);
    assert!(!fired.is_empty());
}

#[test]
fn nothing_is_closed_on_a_day_that_was_declared_closed() {
    let closed = closed(&["2026-11-23"]);
    let mut story = Story::solved("redes").after_minutes(24 * 60);
    let events = fire(&mut story, &closed, Command::ExpireValidation);
    assert_eq!(events[0].kind.as_str(), "hours_changed");
    assert_eq!(story.ticket.state, State::Solved);
    assert!(fire(&mut story, &closed, Command::ExpireValidation).is_empty());
    story = story.after_minutes(9 * 60);
    let events = fire(&mut story, &closed, Command::ExpireValidation);
    assert_eq!(
        events[0].kind,
        EventKind::Closed {
            reason: CloseReason::ValidationExpired
        }
    );
}

#[test]
fn from_the_third_rejection_on_the_coordinators_look_after_it() {
    let mut story = Story::assigned("redes");
    for round in 1..=4 {
        story = story.when(
            &person(AGENT),
            Command::Resolve {
                solution: "Se reinició".to_owned(),
            },
        );
        let reject = Command::Reject {
            reason: "Sigue igual".to_owned(),
        };
        let events = story.attempt(&person(REQUESTER), &reject).unwrap();
        let owed = effects(&events[0], &story.ticket);
        let told = owed.contains(&Effect::Mail(MailKind::ReopenedToCoordinator));
        assert_eq!(told, round >= 3, "{round}");
    }
}
