//! Whoever is not there has no open requests, and no request stays without somebody
//! who is told (the kinds: an agent leaves the directory, an officer is away, a
//! request goes to another team).

use types::catalogue::Catalogue;
use types::command::{Command, Rejection, WhenAway};
use types::effects::{Effect, MailKind, effects};
use types::ids::CategoryId;
use types::permission::Actor;
use types::ticket::{Event, EventKind, HoldReason, Person, ReleaseReason, State, Ticket};

use crate::world::{
    AGENT, CATALOGUE, COORDINATOR, OFFICER, REQUESTER, Story, address, caller, person, without,
};

fn kinds(events: &[Event]) -> Vec<&'static str> {
    events.iter().map(|event| event.kind.as_str()).collect()
}

fn mails(events: &[Event], ticket: &Ticket) -> Vec<Effect> {
    let owed = events.iter().flat_map(|event| effects(event, ticket));
    owed.collect()
}

fn colleague() -> Person {
    caller("agente2.soporte").person()
}

fn gone(local: &str) -> Catalogue {
    let mut document = CATALOGUE.document().clone();
    document
        .directory
        .retain(|entry| entry.email != address(local));
    Catalogue::new(document).unwrap()
}

#[test]
fn an_agent_who_is_away_has_nothing_open() {
    let away = without(&[AGENT]);
    let mut story = Story::assigned("redes").after_minutes(5);
    let due = story.ticket.clocks.solution.due_at;
    let events = story
        .attempt_under(&away, &Actor::System, &Command::HandOver)
        .unwrap();
    assert_eq!(kinds(&events), ["released"]);
    assert_eq!(story.ticket.state, State::New);
    assert_eq!(story.ticket.assignee, None);
    assert_eq!(
        mails(&events, &story.ticket),
        [
            Effect::Assign,
            Effect::Mail(MailKind::Released),
            Effect::Mail(MailKind::ReleasedToCoordinator)
        ]
    );
    // Once is enough.
    assert!(
        story
            .attempt_under(&away, &Actor::System, &Command::HandOver)
            .is_err()
    );
    // Whoever gets it has what was promised to the requester.
    let agent = colleague();
    let story = story.after_minutes(5).when_under(
        &away,
        &Actor::System,
        Command::AssignAutomatically {
            agent,
            away: vec![],
        },
    );
    assert_eq!(story.ticket.clocks.solution.due_at, due);
    assert_eq!(story.ticket.former, None);
}

#[test]
fn who_has_left_is_known_from_who_is_away() {
    let mut story = Story::assigned("redes");
    let events = story
        .attempt_under(&gone(AGENT), &Actor::System, &Command::HandOver)
        .unwrap();
    let EventKind::Released { why, .. } = events[0].kind else {
        panic!("{events:?}")
    };
    assert_eq!(why, ReleaseReason::Left);
}

#[test]
fn who_is_back_on_a_day_is_there_from_that_day_on() {
    let mut document = CATALOGUE.document().clone();
    for entry in &mut document.directory {
        if entry.email == address(AGENT) {
            entry.away_until = Some("2026-11-24".parse().unwrap());
        }
    }
    let catalogue = Catalogue::new(document).unwrap();
    let hand_over = |story: &Story| {
        let mut story = story.clone();
        story.attempt_under(&catalogue, &Actor::System, &Command::HandOver)
    };
    let monday = Story::assigned("redes");
    assert!(hand_over(&monday).is_ok());
    // Monday at 23:59, and Tuesday at midnight.
    assert!(hand_over(&monday.clone().after_minutes(16 * 60 - 1)).is_ok());
    assert!(hand_over(&monday.after_minutes(16 * 60)).is_err());
}

#[test]
fn what_waits_for_others_goes_on_waiting_with_nobody() {
    for reason in [
        HoldReason::Requester,
        HoldReason::Technology,
        HoldReason::Provider,
    ] {
        let mut story = Story::in_state(State::OnHold(reason));
        let timer = story.ticket.next_timer();
        story
            .attempt_under(&without(&[AGENT]), &Actor::System, &Command::HandOver)
            .unwrap();
        assert_eq!(story.ticket.state, State::OnHold(reason));
        assert_eq!(story.ticket.next_timer(), timer);
        let agent = colleague();
        let story = story.when(
            &Actor::System,
            Command::AssignAutomatically {
                agent,
                away: vec![],
            },
        );
        assert_eq!(story.ticket.state, State::OnHold(reason));
        assert!(story.ticket.assignee.is_some());
    }
}

/// Reopened, answered or returned while its agent is away.
#[test]
fn what_comes_back_goes_to_somebody_who_is_there() {
    let away = without(&[AGENT]);
    let reject = Command::Reject {
        reason: "Sigue igual".to_owned(),
    };
    let answer = Command::FollowUp {
        body: "El usuario es jperez".to_owned(),
        visibility: types::ticket::Visibility::Public,
    };
    let give_back = Command::Return {
        note: "Es de la mesa".to_owned(),
    };
    for (mut story, who, command, expected) in [
        (
            Story::solved("redes"),
            REQUESTER,
            reject,
            vec!["released", "reopened"],
        ),
        (
            Story::in_state(State::OnHold(HoldReason::Requester)),
            REQUESTER,
            answer,
            vec!["released", "followed_up", "resumed"],
        ),
        (
            Story::escalated("redes"),
            OFFICER,
            give_back,
            vec!["released", "returned"],
        ),
    ] {
        let events = story.attempt_under(&away, &person(who), &command).unwrap();
        assert_eq!(kinds(&events), expected);
        assert_eq!(story.ticket.state, State::New);
        let owed = mails(&events, &story.ticket);
        let assign = owed.iter().filter(|effect| **effect == Effect::Assign);
        assert_eq!(assign.count(), 1, "{owed:?}");
        for kind in [
            MailKind::ReopenedToAgent,
            MailKind::FollowUpToAgent,
            MailKind::Returned,
        ] {
            assert!(!owed.contains(&Effect::Mail(kind)), "{owed:?}");
        }
        assert!(story.ticket.next_timer().is_some());
    }
}

#[test]
fn an_officer_who_is_away_is_told_of_once_and_the_head_escalates_again() {
    let away = without(&[OFFICER]);
    let mut story = Story::escalated("redes");
    let events = story
        .attempt_under(&away, &Actor::System, &Command::HandOver)
        .unwrap();
    assert_eq!(kinds(&events), ["officer_absent"]);
    assert_eq!(
        mails(&events, &story.ticket),
        [
            Effect::Mail(MailKind::OfficerAbsent),
            Effect::Mail(MailKind::OfficerAbsentToHead)
        ]
    );
    assert!(
        story
            .attempt_under(&away, &Actor::System, &Command::HandOver)
            .is_err()
    );
    // What falls due meanwhile is told to those who are there.
    story = story.after_minutes(25);
    let due = story
        .attempt_under(&away, &Actor::System, &Command::FireSteps)
        .unwrap();
    let owed = mails(&due, &story.ticket);
    assert!(
        !owed.contains(&Effect::Mail(MailKind::StepToOfficer)),
        "{owed:?}"
    );
    assert!(
        owed.contains(&Effect::Mail(MailKind::StepToCoordinator)),
        "{owed:?}"
    );
    let escalate = Command::Escalate {
        officer: address("oficial2.tecnologia"),
        justification: "El oficial 1 no está".to_owned(),
        away: WhenAway::Ask,
    };
    let story = story.when_under(&away, &person("jefe.tecnologia"), escalate);
    assert_eq!(story.ticket.absent_officer, None);
}

#[test]
fn who_is_away_gets_nothing_by_mistake() {
    let away = without(&["agente2.soporte", "oficial2.tecnologia"]);
    let assign = |away| Command::AssignTo {
        agent: address("agente2.soporte"),
        away,
    };
    let escalate = |away| Command::Escalate {
        officer: address("oficial2.tecnologia"),
        justification: "Servidor".to_owned(),
        away,
    };
    for (ask, confirmed) in [
        (assign(WhenAway::Ask), assign(WhenAway::Confirmed)),
        (escalate(WhenAway::Ask), escalate(WhenAway::Confirmed)),
    ] {
        let mut story = Story::assigned("redes");
        match story.attempt_under(&away, &person(COORDINATOR), &ask) {
            Err(Rejection::Validation(error)) => {
                assert_eq!(error.field, "confirm_away");
                assert!(error.detail.contains("está ausente"), "{error:?}");
            }
            other => panic!("{other:?}"),
        }
        story
            .attempt_under(&away, &person(COORDINATOR), &confirmed)
            .unwrap();
        // Nobody takes it off him again, neither then nor when time runs out.
        assert!(
            story
                .attempt_under(&away, &Actor::System, &Command::HandOver)
                .is_err()
        );
        story = story.after_minutes(60);
        let due = story
            .attempt_under(&away, &Actor::System, &Command::FireSteps)
            .unwrap();
        assert!(!kinds(&due).contains(&"released"), "{due:?}");
        assert!(!kinds(&due).contains(&"officer_absent"), "{due:?}");
    }
}

#[test]
fn escalating_to_whoever_has_it_changes_nothing() {
    let again = Command::Escalate {
        officer: address(OFFICER),
        justification: "Otra vez".to_owned(),
        away: WhenAway::Ask,
    };
    for state in [HoldReason::Technology, HoldReason::Provider] {
        let story = Story::in_state(State::OnHold(state));
        assert!(matches!(
            story.refuses(&person(COORDINATOR), again.clone()),
            Rejection::InvalidTransition(_)
        ));
    }
}

#[test]
fn a_category_of_another_team_is_another_teams() {
    let to = |category: &str| Command::Recategorise {
        category: CategoryId::from(category),
    };
    let mut story = Story::assigned("redes");
    let events = story.attempt(&person(AGENT), &to("impresion")).unwrap();
    assert_eq!(kinds(&events), ["recategorised", "released"]);
    assert_eq!(story.ticket.state, State::New);
    // He did it himself, and knows.
    assert_eq!(mails(&events, &story.ticket), [Effect::Assign]);
    let printer = person("agente1.impresion");
    let taken = story.when(&printer, Command::Take);
    assert_eq!(taken.ticket.state, State::Assigned);

    let mut by_another = Story::assigned("redes");
    let events = by_another
        .attempt(&person(COORDINATOR), &to("impresion"))
        .unwrap();
    assert!(mails(&events, &by_another.ticket).contains(&Effect::Mail(MailKind::Released)));

    // Of the same team, it stays with whoever has it.
    let same = Story::assigned("redes").when(&person(AGENT), to("aplicaciones"));
    assert_eq!(same.ticket.assignee.map(|a| a.email), Some(address(AGENT)));
}
