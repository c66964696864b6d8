//! What a requester's answer to a solution does (activity 14), whichever way it
//! comes.

use types::command::{Command, Rejection};
use types::effects::{Effect, MailKind, effects};
use types::mail::Became;
use types::ticket::{CloseReason, Event, EventKind, State, Visibility};

use crate::world::{AGENT, COORDINATOR, REQUESTER, Story, person};

fn says(body: &str) -> Command {
    Command::FollowUp {
        body: body.to_owned(),
        visibility: Visibility::Public,
    }
}

fn kinds(events: &[Event]) -> Vec<&'static str> {
    events.iter().map(|event| event.kind.as_str()).collect()
}

#[track_caller]
fn solved(category: &str, body: &str) -> (Story, Vec<Event>) {
    let mut story = Story::solved(category).after_minutes(9);
    let events = story.attempt(&person(REQUESTER), &says(body)).unwrap();
    (story, events)
}

#[test]
fn thanks_leave_the_solution_and_the_agent_is_told() {
    for body in [
        "Muchas gracias!",
        "Thanks, it works now",
        "Muito obrigado 👍",
    ] {
        let (story, events) = solved("plataforma", body);
        assert_eq!(kinds(&events), ["followed_up"], "{body}");
        assert_eq!(
            (story.ticket.state, story.ticket.reopened),
            (State::Solved, 0)
        );
        assert_eq!(
            effects(&events[0], &story.ticket),
            [Effect::Mail(MailKind::FollowUpToAgent)]
        );
    }
}

#[test]
fn an_objection_reopens() {
    for body in [
        "Sigue sin abrir.",
        "Thanks, but no",
        "Gracias. ¿Y el escáner?",
    ] {
        let (story, events) = solved("plataforma", body);
        assert_eq!(kinds(&events), ["reopened"], "{body}");
        assert_eq!(
            (story.ticket.state, story.ticket.reopened),
            (State::Assigned, 1)
        );
        assert_eq!(Became::of(&events), Became::Reopened);
    }
}

#[test]
fn a_first_line_answers_the_survey() {
    let (story, events) = solved("plataforma", "4\nMuy amables.");
    assert_eq!(kinds(&events), ["survey_answered", "closed"]);
    assert_eq!(story.ticket.close_reason, Some(CloseReason::Satisfied));
    let survey = story.ticket.survey.unwrap();
    assert_eq!((survey.solved, survey.rating), (true, 4));
    assert_eq!(survey.comment.as_deref(), Some("Muy amables."));
    assert_eq!(Became::of(&events), Became::SurveyAnswer);

    for body in ["No resuelta", "2\nTodavía no abre"] {
        let (story, events) = solved("plataforma", body);
        assert_eq!(kinds(&events), ["survey_answered", "reopened"], "{body}");
        assert_eq!(story.ticket.state, State::Assigned);
        assert!(!story.ticket.survey.unwrap().solved);
    }
}

#[test]
fn where_no_survey_is_asked_for_a_rating_is_a_follow_up() {
    let (story, events) = solved("redes", "5");
    assert_eq!(kinds(&events), ["followed_up"]);
    assert_eq!(story.ticket.state, State::Solved);
    let (_, events) = solved("redes", "no resuelta");
    assert_eq!(kinds(&events), ["reopened"]);
}

#[test]
fn only_the_requester_s_public_word_counts() {
    for who in [AGENT, COORDINATOR] {
        let mut story = Story::solved("plataforma");
        let events = story.attempt(&person(who), &says("Sigue igual.")).unwrap();
        assert_eq!(kinds(&events), ["followed_up"], "{who}");
        assert_eq!(story.ticket.state, State::Solved);
    }
}

#[test]
fn on_a_closed_one_he_is_told_what_to_do() {
    let story = Story::in_state(State::Closed);
    let reject = Command::Reject {
        reason: "Sigue igual".to_owned(),
    };
    for command in [says("Sigue igual"), reject] {
        let Rejection::InvalidTransition(detail) = story.refuses(&person(REQUESTER), command)
        else {
            panic!("refused for another reason")
        };
        assert!(detail.contains("solicitud nueva"), "{detail}");
        assert!(detail.contains("#000001"), "{detail}");
    }
    let EventKind::Closed { .. } = story.events.last().unwrap().kind else {
        panic!("not closed")
    };
}

#[test]
fn objecting_to_a_declined_one_tells_the_coordinator() {
    let declined = |state| {
        let decline = Command::Decline {
            reason: "Es diseño de la página".to_owned(),
        };
        Story::in_state(state)
            .when(&person(COORDINATOR), decline)
            .after_minutes(9)
    };
    let told = Effect::Mail(MailKind::DeclineObjectedTo);
    for state in [State::New, State::Assigned] {
        // By a reply, or with the form for it.
        let reject = Command::Reject {
            reason: "Sí es de la mesa".to_owned(),
        };
        for command in [says("No estoy de acuerdo: es la red."), reject] {
            let mut story = declined(state);
            let events = story.attempt(&person(REQUESTER), &command).unwrap();
            assert_eq!(kinds(&events), ["reopened"]);
            assert!(effects(&events[0], &story.ticket).contains(&told));
            assert_eq!(story.ticket.state, state);
        }
        // Thanks leave it as it is.
        let mut story = declined(state);
        let events = story
            .attempt(&person(REQUESTER), &says("Entendido, muchas gracias."))
            .unwrap();
        assert_eq!(kinds(&events), ["followed_up"]);
        assert_eq!(story.ticket.state, State::Solved);
    }
    // A solution is the agent's.
    let (story, events) = solved("plataforma", "Sigue sin abrir.");
    assert!(!effects(&events[0], &story.ticket).contains(&told));
}
