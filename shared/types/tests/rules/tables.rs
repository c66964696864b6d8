//! The tables. When one changes, read it: it is the procedure.

use std::collections::BTreeSet;
use std::fmt::Write;

use types::command::{CommandKind, Rejection, decide};
use types::effects::{Effect, effects};
use types::holidays::PublicHolidays;
use types::permission::{Denial, authorise};
use types::ticket::{HoldReason, State};

use crate::world::{CATALOGUE, COPIED, Story, at, caller, commands, roles};

fn name(state: State) -> &'static str {
    match state {
        State::New => "new",
        State::Assigned => "assigned",
        State::OnHold(HoldReason::Requester) => "hold:requester",
        State::OnHold(HoldReason::Technology) => "hold:technology",
        State::OnHold(HoldReason::Provider) => "hold:provider",
        State::Solved => "solved",
        State::Closed => "closed",
    }
}

/// What each command does in each state: the state after it, `-` where the state
/// forbids it. The ticket asks for the survey and its validation time is not
/// over.
#[test]
fn states_and_commands() {
    let mut table = format!("{:<26}", "");
    for state in State::all() {
        write!(table, "{:<17}", name(state)).unwrap();
    }
    for (label, actor, command) in commands() {
        write!(table, "\n{label:<26}").unwrap();
        for state in State::all() {
            let mut story = Story::in_state(state).after_minutes(1);
            story.ticket.request.observers = vec![caller(COPIED).person()];
            assert_eq!(story.ticket.state, state);
            let cell = match story.attempt(&actor, &command) {
                Ok(_) => name(story.ticket.state).to_owned(),
                Err(Rejection::InvalidTransition(_) | Rejection::AlreadySo(_)) => "-".to_owned(),
                // An officer before anything was escalated to him.
                Err(Rejection::Denied(Denial::Hidden)) => "- (hidden)".to_owned(),
                Err(other) => format!("{other:?}"),
            };
            write!(table, "{cell:<17}").unwrap();
        }
    }
    let table: Vec<_> = table.lines().map(str::trim_end).collect();
    insta::assert_snapshot!(table.join("\n"));
}

/// Who may give which command on a ticket that was escalated: `yes`, `no` (403),
/// or nothing at all (404).
#[test]
fn roles_and_commands() {
    let mut ticket = Story::escalated("plataforma").ticket;
    ticket.request.observers = vec![caller(COPIED).person()];
    let mut table = format!("{:<24}", "");
    for (label, _) in roles() {
        write!(table, "{label:<13}").unwrap();
    }
    let mut seen = Vec::new();
    for (label, _, command) in commands() {
        let kind = command.kind();
        if seen.contains(&kind) {
            continue;
        }
        seen.push(kind);
        write!(table, "\n{:<24}", label.split(':').next().unwrap_or(label)).unwrap();
        for (_, actor) in roles() {
            let cell = match authorise(kind, &actor, &ticket) {
                Ok(_) => "yes",
                Err(
                    Denial::Forbidden
                    | Denial::Held(_)
                    | Denial::Free
                    | Denial::Asked(_)
                    | Denial::OthersToSign(_),
                ) => "no",
                Err(Denial::Hidden) => "",
            };
            write!(table, "{cell:<13}").unwrap();
        }
    }
    let table: Vec<_> = table.lines().map(str::trim_end).collect();
    insta::assert_snapshot!(table.join("\n"));
}

/// `decide` refuses what `authorise` refuses, for everybody and every command.
#[test]
fn no_command_goes_past_the_permissions() {
    for state in State::all() {
        let story = Story::in_state(state);
        for (label, _, command) in commands() {
            for (role, actor) in roles() {
                let allowed = authorise(command.kind(), &actor, &story.ticket);
                let decided = decide(&story.ticket, &command, &actor, at(story.now));
                match (allowed, decided) {
                    (Err(denial), Err(Rejection::Denied(decided))) => assert_eq!(denial, decided),
                    (Err(denial), other) => panic!("{role}, {label}: {denial:?} but {other:?}"),
                    (Ok(_), Err(Rejection::Denied(denial))) => {
                        panic!("{role}, {label}: {denial:?}")
                    }
                    (Ok(_), _) => {}
                }
            }
        }
    }
}

/// No command is left out of the tables, and none of its permissions undecided.
#[test]
fn every_command_stands_in_the_tables() {
    let shown: Vec<_> = commands()
        .iter()
        .map(|(_, _, command)| command.kind())
        .collect();
    let missing: Vec<_> = CommandKind::ALL
        .iter()
        .filter(|kind| !shown.contains(kind))
        .collect();
    assert!(missing.is_empty(), "no table shows {missing:?}");
}

/// What nothing ever owes is a mail that somebody forgot.
#[test]
fn every_effect_is_owed_by_something() {
    let mut owed = BTreeSet::new();
    for state in State::all() {
        for minutes in [0, 13, 35, 65, 300] {
            let mut story = Story::in_state(state).after_minutes(minutes);
            story.ticket.request.observers = vec![caller(COPIED).person()];
            for (_, who) in roles() {
                for (_, _, command) in commands() {
                    let mut attempt = story.clone();
                    for event in attempt.attempt(&who, &command).unwrap_or_default() {
                        owed.extend(effects(&event, &attempt.ticket));
                    }
                }
            }
        }
    }
    // Registration comes before any command.
    let registered = Story::written_to_two_teams("redes");
    owed.extend(effects(&registered.events[0], &registered.ticket));
    let with_a_form = Story::registered("cuentas_equipos");
    owed.extend(effects(&with_a_form.events[0], &with_a_form.ticket));
    // What needs somebody away, or another officer, or another catalogue.
    for (_, story) in crate::golden::stories() {
        let events = story.events.iter();
        owed.extend(events.flat_map(|event| effects(event, &story.ticket)));
    }
    let never: Vec<_> = Effect::all().filter(|e| !owed.contains(e)).collect();
    assert!(never.is_empty(), "nothing owes {never:?}");
}

/// Every public holiday that the shipped rules make, a year a paragraph. What
/// `scripts/holidays` holds against another source.
#[test]
fn holidays() {
    let rules = &CATALOGUE.document().holidays;
    let rules = PublicHolidays::parse("holidays", rules).unwrap();
    let mut table = String::new();
    for year in 2000..=2060 {
        for (date, name) in rules.of_year(year) {
            writeln!(table, "{date} {name}").unwrap();
        }
        table.push('\n');
    }
    insta::assert_snapshot!(table);
}
