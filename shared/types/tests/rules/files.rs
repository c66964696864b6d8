//! Files of tickets: with what they come, who may add which, and that each is there once.

use types::command::{Command, Rejection, decide, decide_with_files};
use types::permission::Denial;
use types::ticket::{Attachment, State, Visibility, apply_all};

use crate::world::{AGENT, REQUESTER, Story, at, person};

fn files(ids: &[&str], visibility: Visibility) -> Command {
    let file = |id: &&str| Attachment {
        id: (*id).to_owned(),
        name: "pantalla.png".to_owned(),
        content_type: "image/png".to_owned(),
        size: 10,
        visibility,
        digest: None,
    };
    Command::AddAttachments {
        attachments: ids.iter().map(file).collect(),
        left_out: 0,
    }
}

fn says(body: &str) -> Command {
    Command::FollowUp {
        body: body.to_owned(),
        visibility: Visibility::Public,
    }
}

#[test]
fn what_is_internal_is_added_by_those_who_read_it() {
    let story = Story::assigned("plataforma");
    let internal = files(&["1"], Visibility::Internal);
    let refused = story.refuses(&person(REQUESTER), internal.clone());
    assert_eq!(refused, Rejection::Denied(Denial::Forbidden));
    let story = story.when(&person(AGENT), internal);
    assert_eq!(story.ticket.attachments.len(), 1);
}

#[test]
fn a_file_is_there_once() {
    let public = files(&["1"], Visibility::Public);
    let story = Story::assigned("plataforma").when(&person(REQUESTER), public.clone());
    let again = decide(&story.ticket, &public, &person(AGENT), at(story.now));
    assert!(matches!(again, Err(Rejection::AlreadySo(_))), "{again:?}");
    // What was written with it is written all the same.
    let said = says("Así se ve.");
    let events = decide_with_files(
        &story.ticket,
        &said,
        Some(&public),
        &person(REQUESTER),
        at(story.now),
    );
    let kinds: Vec<_> = events.unwrap().iter().map(|e| e.kind.as_str()).collect();
    assert_eq!(kinds, ["followed_up"]);
    // Of several, those that are not there are added.
    let both = files(&["1", "2"], Visibility::Public);
    let story = story.when(&person(AGENT), both);
    let ids: Vec<_> = story
        .ticket
        .attachments
        .iter()
        .map(|a| a.id.as_str())
        .collect();
    assert_eq!(ids, ["1", "2"]);
}

#[test]
fn files_stand_behind_what_they_came_with_and_before_the_end() {
    let kinds = |story: &Story, said: &Command| -> Vec<&'static str> {
        let file = files(&["9"], Visibility::Public);
        let who = person(REQUESTER);
        let events = decide_with_files(&story.ticket, said, Some(&file), &who, at(story.now));
        let events = events.unwrap();
        assert!(events.windows(2).all(|two| two[0].came_with(&two[1])));
        let mut ticket = story.ticket.clone();
        apply_all(&mut ticket, &events);
        assert_eq!(ticket.attachments.len(), 1);
        events.iter().map(|event| event.kind.as_str()).collect()
    };
    let open = Story::assigned("plataforma");
    assert_eq!(
        kinds(&open, &says("Va.")),
        ["followed_up", "attachments_added"]
    );
    let solved = Story::in_state(State::Solved);
    assert_eq!(
        kinds(&solved, &says("No sirve.")),
        ["reopened", "attachments_added"]
    );
    let closing = kinds(&solved, &says("5"));
    assert_eq!(closing.last(), Some(&"closed"), "{closing:?}");
    assert!(closing.contains(&"attachments_added"), "{closing:?}");
    // What somebody else does at the same time is another step.
    let mut open = open;
    let one = open.attempt(&person(AGENT), &says("Uno.")).unwrap();
    let other = open.attempt(&person(REQUESTER), &says("Otro.")).unwrap();
    assert_eq!(one[0].at, other[0].at);
    assert!(!one[0].came_with(&other[0]));
}
