//! Random lives, with people who leave and come back: nobody has a mail about what
//! he did himself, and what is written for staff goes to staff.

use proptest::prelude::*;
use types::catalogue::{Catalogue, Role};
use types::command::Command;
use types::effects::{Effect, MailKind, Recipients, effects};
use types::ids::EmailAddress;
use types::permission::Actor;
use types::ticket::{Event, Ticket};
use types::token::Audience;

use super::world::{AGENT, CATALOGUE, OFFICER, Story, address, commands, roles, without};
use crate::message::recipients;

fn gone(people: &[&str]) -> Catalogue {
    let mut document = CATALOGUE.document().clone();
    let leaves = |email: &EmailAddress| people.iter().any(|local| address(local) == *email);
    document.directory.retain(|entry| !leaves(&entry.email));
    Catalogue::new(document).unwrap()
}

fn catalogues() -> Vec<Catalogue> {
    vec![
        gone(&[]),
        gone(&[AGENT]),
        gone(&[OFFICER]),
        gone(&[AGENT, OFFICER, "agente2.soporte"]),
        without(&[AGENT, OFFICER]),
    ]
}

fn is_staff(email: &EmailAddress, catalogue: &Catalogue) -> bool {
    let entry = catalogue.person(email);
    let works = entry.is_some_and(|entry| {
        let mut roles = entry.roles.iter();
        roles.any(|role| match role {
            Role::Agent | Role::Coordinator | Role::Officer | Role::Head => true,
            Role::Requester
            | Role::Personnel
            | Role::Contracting
            | Role::Administrative
            | Role::Auditor => false,
        })
    });
    works || catalogue.is_mailbox(email)
}

fn check(events: &[Event], ticket: &Ticket, catalogue: &Catalogue) {
    for event in events {
        for owed in effects(event, ticket) {
            let Effect::Mail(kind) = owed else { continue };
            let to = recipients(kind, event, ticket, catalogue);
            let distinct = to.iter().collect::<std::collections::BTreeSet<_>>();
            assert_eq!(distinct.len(), to.len(), "{kind:?}: {to:?}");
            for email in &to {
                match (kind.audience(), kind.line().to) {
                    (Audience::Desk | Audience::Officer, _) => {
                        assert!(is_staff(email, catalogue), "{kind:?} to {email}");
                        assert_ne!(event.actor.email.as_ref(), Some(email), "{kind:?}");
                    }
                    (Audience::Requester, Recipients::Observers) => {
                        assert_ne!(event.actor.email.as_ref(), Some(email), "{kind:?}");
                    }
                    (Audience::Requester | Audience::Provider, _) => {}
                }
                // What the requester wrote is not told to him again.
                if kind == MailKind::FollowUpToRequester {
                    assert_ne!(event.actor.email.as_ref(), Some(email), "{kind:?}");
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn mails_go_to_whom_they_are_for(
        steps in proptest::collection::vec(
            (0..commands().len(), proptest::option::of(0..roles().len()), 0i64..900, 0..5usize),
            1..40,
        ),
    ) {
        let catalogues = catalogues();
        let mut story = Story::registered("plataforma");
        story.ticket.request.observers = vec![super::world::caller("copiada").person()];
        for (command, who, minutes, catalogue) in steps {
            let catalogue = &catalogues[catalogue];
            story = story.after_minutes(minutes);
            let (_, usual, command) = commands().swap_remove(command);
            let actor = who.map_or(usual, |who| roles().swap_remove(who).1);
            for (actor, command) in [
                (Actor::System, Command::HandOver),
                (actor, command),
                (Actor::System, Command::FireSteps),
            ] {
                if let Ok(events) = story.attempt_under(catalogue, &actor, &command) {
                    check(&events, &story.ticket, catalogue);
                }
            }
        }
    }
}
