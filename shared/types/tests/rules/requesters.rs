//! Whose request it is, and who may not attend to it.

use types::command::{Command, NewTicket, Rejection, WhenAway, admit};
use types::effects::{Effect, MailKind, effects};
use types::ids::TicketNumber;
use types::permission::{Actor, Denial};
use types::ticket::{Channel, Person, Requester, State, Ticket};

use crate::world::{
    AGENT, COORDINATOR, REQUESTER, Story, address, application, at, caller, id, monday, person,
};

fn change(local: &str) -> Command {
    Command::ChangeRequester {
        email: address(local),
        name: None,
    }
}

#[track_caller]
fn refused(story: &Story, who: &str, command: Command) -> String {
    match story.refuses(&person(who), command) {
        Rejection::InvalidTransition(why) => why,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_desk_says_whose_request_it_is_and_both_are_told() {
    let mut story = Story::assigned("plataforma");
    let edition = story.ticket.link_edition;
    let events = story.attempt(&person(AGENT), &change("rosa.diaz")).unwrap();
    let requester = &story.ticket.request.requester.person;
    assert_eq!(requester.email, address("rosa.diaz"));
    // The links that the other one's mails have open nothing of hers.
    assert_eq!(story.ticket.link_edition, edition + 1);
    assert_eq!(
        effects(&events[0], &story.ticket),
        [
            Effect::Mail(MailKind::RequestIsYours),
            Effect::Mail(MailKind::RequestIsAnothers)
        ]
    );
    // Who was the requester is nobody to it any more.
    let denied = story.refuses(
        &person(REQUESTER),
        Command::AddAttachments {
            attachments: vec![],
            left_out: 0,
        },
    );
    assert_eq!(denied, Rejection::Denied(Denial::Hidden));
    // People of the directory go by the name that they have there.
    let events = story
        .attempt(&person(COORDINATOR), &change("agente2.soporte"))
        .unwrap();
    assert_eq!(
        story.ticket.request.requester.person,
        caller("agente2.soporte").person()
    );
    assert_eq!(effects(&events[0], &story.ticket).len(), 2);
}

#[test]
fn who_says_it_is_not_written_to_about_it() {
    let mut story = Story::registered("plataforma");
    let mut ticket = story.ticket.clone();
    ticket.request.requester = Requester::from(caller(AGENT).person());
    story.ticket = ticket;
    let events = story.attempt(&person(AGENT), &change("rosa.diaz")).unwrap();
    assert_eq!(
        effects(&events[0], &story.ticket),
        [Effect::Mail(MailKind::RequestIsYours)]
    );
}

#[test]
fn it_is_not_changed_to_whoever_may_not_ask() {
    let story = Story::assigned("plataforma");
    assert!(refused(&story, AGENT, change(REQUESTER)).contains("ya es de"));
    assert!(refused(&story, AGENT, change("soportespmic")).contains("buzón"));
    assert!(refused(&story, COORDINATOR, change(AGENT)).contains("su propia solicitud"));
    for state in [State::Solved, State::Closed] {
        refused(&Story::in_state(state), COORDINATOR, change("rosa.diaz"));
    }
    let denied = story.refuses(&person(REQUESTER), change("rosa.diaz"));
    assert_eq!(denied, Rejection::Denied(Denial::Forbidden));
}

/// What an agent asks for himself.
fn own(channel: Channel) -> NewTicket {
    let mut application = application("plataforma");
    application.request.channel = channel;
    application.request.requester = Requester::from(caller(AGENT).person());
    let admission = admit(application, &person(AGENT), at(monday())).unwrap();
    admission.register(id(), TicketNumber(1))
}

#[test]
fn nobody_attends_to_his_own_request() {
    let agent: Person = caller(AGENT).person();
    let story = |ticket: Ticket| Story {
        ticket,
        events: vec![],
        now: monday(),
    };
    let story = story(own(Channel::Web).ticket);
    let automatically = Command::AssignAutomatically {
        agent: agent.clone(),
        away: vec![],
    };
    let to_him = Command::AssignTo {
        agent: agent.email,
        away: WhenAway::Ask,
    };
    for (who, command) in [
        (Actor::System, automatically),
        (person(AGENT), Command::Take),
        (person(COORDINATOR), to_him),
    ] {
        let Rejection::InvalidTransition(why) = story.refuses(&who, command) else {
            panic!("refused for another reason")
        };
        assert!(why.contains("su propia solicitud"), "{why}");
    }
    // A colleague does.
    let taken = story.when(&person("agente2.soporte"), Command::Take);
    assert_eq!(taken.ticket.state, State::Assigned);
    // What he phones in waits for one.
    let attended = own(Channel::Phone).attended("Llamada", &person(AGENT), at(monday()));
    assert_eq!(attended.unwrap().ticket.state, State::New);
}
