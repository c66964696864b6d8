//! Who is told of what: the table that `effects` comes to. When it changes, read it.

use std::collections::BTreeMap;
use std::fmt::Write;

use types::command::{Command, WhenAway};
use types::effects::{Effect, MailKind, QueueName, Recipients, effects};
use types::ids::ProviderId;
use types::incident::PersonalData;
use types::permission::Actor;
use types::ticket::{Event, HoldReason, State, Ticket, Visibility, apply};

use crate::world::{
    AGENT, COORDINATOR, COPIED, OFFICER, REQUESTER, Story, address, caller, person, provider_mail,
};

const COLUMNS: [&str; 14] = [
    "requester",
    "former req.",
    "copied",
    "agent",
    "former agent",
    "officer",
    "former off.",
    "coordinators",
    "head",
    "provider",
    "addressee",
    "mailbox",
    "other teams",
    "signers",
];

/// Whom a mail goes to, as the table heads its columns.
fn columns(kind: MailKind) -> &'static [&'static str] {
    match kind.line().to {
        Recipients::Requester => &["requester"],
        Recipients::FormerRequester => &["former req."],
        Recipients::Observers => &["copied"],
        Recipients::OtherTeams => &["other teams"],
        Recipients::NewAgent | Recipients::Agent => &["agent"],
        Recipients::FormerAgent => &["former agent"],
        Recipients::NewOfficer | Recipients::Officer => &["officer"],
        Recipients::FormerOfficer => &["former off."],
        Recipients::Provider => &["provider"],
        Recipients::InCharge if kind == MailKind::StepToOfficer => &["officer"],
        Recipients::InCharge => &["agent"],
        Recipients::Coordinators => &["coordinators"],
        Recipients::Heads => &["head"],
        Recipients::Desk => &["agent", "mailbox"],
        Recipients::Signers => &["signers"],
        Recipients::Addressee => &["addressee"],
    }
}

/// What an act comes to: every mail that its events owe, by whom it goes to. A reminder
/// is an act of nobody, and each of its steps a word of its own.
fn told(events: &[Event], before: &Ticket) -> BTreeMap<&'static str, Vec<MailKind>> {
    let mut ticket = before.clone();
    let mut told: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for event in events {
        apply(&mut ticket, event);
        for effect in effects(event, &ticket) {
            let Effect::Mail(kind) = effect else { continue };
            for column in columns(kind) {
                told.entry(*column).or_default().push(kind);
            }
        }
    }
    told
}

/// What happens, to which ticket, by whom.
struct Act {
    label: &'static str,
    story: Story,
    by: Actor,
    command: Command,
}

fn act(label: &'static str, story: Story, by: Actor, command: Command) -> Act {
    Act {
        label,
        story,
        by,
        command,
    }
}

fn note(visibility: Visibility) -> Command {
    Command::FollowUp {
        body: "Nota".to_owned(),
        visibility,
    }
}

fn text() -> String {
    "Nota".to_owned()
}

/// A ticket in a state, with somebody copied; the category asks for the survey.
fn in_state(state: State) -> Story {
    let mut story = Story::in_state(state).after_minutes(1);
    story.ticket.request.observers = vec![caller(COPIED).person()];
    story
}

fn survey(solved: bool) -> Command {
    Command::AnswerSurvey {
        round: 0,
        solved,
        rating: 3,
        comment: None,
    }
}

fn acts() -> Vec<Act> {
    let new = || in_state(State::New);
    let assigned = || in_state(State::Assigned);
    let held = || in_state(State::OnHold(HoldReason::Requester));
    let escalated = || in_state(State::OnHold(HoldReason::Technology));
    let at_provider = || in_state(State::OnHold(HoldReason::Provider));
    let solved = || in_state(State::Solved);
    let declined = || {
        let decline = Command::Decline { reason: text() };
        assigned().when(&person(AGENT), decline).after_minutes(1)
    };
    let (agent, colleague) = (|| person(AGENT), || person("agente2.soporte"));
    let (coordinator, officer) = (|| person(COORDINATOR), || person(OFFICER));
    let (requester, copied) = (|| person(REQUESTER), || person(COPIED));
    let public = || note(Visibility::Public);
    let internal = || note(Visibility::Internal);
    let automatically = || Command::AssignAutomatically {
        agent: caller(AGENT).person(),
        away: vec![],
    };
    let assign = |agent: &str| Command::AssignTo {
        agent: address(agent),
        away: WhenAway::Ask,
    };
    let escalate = |officer: &str| Command::Escalate {
        officer: address(officer),
        away: WhenAway::Ask,
        justification: text(),
    };
    let category = || Command::Recategorise {
        category: "redes".into(),
    };
    let hold = || Command::Hold { note: text() };
    let resolve = || Command::Resolve { solution: text() };
    let decline = || Command::Decline { reason: text() };
    let reject = || Command::Reject { reason: text() };
    let contact = || Command::Contact { note: text() };
    let forward = || crate::law::forward();
    let forwarded = || assigned().when(&agent(), forward()).after_minutes(1);
    let reported = || {
        let report = Command::ReportSolution { body: text() };
        escalated().when(&officer(), report).after_minutes(1)
    };
    let system = || Actor::System;
    vec![
        act("assigned by the rule", new(), system(), automatically()),
        act("nobody is there", new(), system(), Command::DeferAssignment),
        act(
            "format is another's turn",
            Story::assigned("cuentas_equipos").after_minutes(1),
            person("contratos"),
            crate::formats::first_signature(),
        ),
        act("taken by himself", new(), agent(), Command::Take),
        act(
            "taken over by a colleague",
            assigned(),
            colleague(),
            Command::Take,
        ),
        act(
            "given to another by the coordinator",
            assigned(),
            coordinator(),
            assign("agente2.soporte"),
        ),
        act("contact by the agent", assigned(), agent(), contact()),
        act(
            "contact by the coordinator",
            assigned(),
            coordinator(),
            contact(),
        ),
        act("public note by the agent", assigned(), agent(), public()),
        act(
            "public note by a colleague",
            assigned(),
            colleague(),
            public(),
        ),
        act(
            "public note by the coordinator",
            assigned(),
            coordinator(),
            public(),
        ),
        act(
            "public note by the requester",
            assigned(),
            requester(),
            public(),
        ),
        act(
            "public note by a copied person",
            assigned(),
            copied(),
            public(),
        ),
        act(
            "public note by the officer",
            escalated(),
            officer(),
            public(),
        ),
        act(
            "public note by the agent, escalated",
            escalated(),
            agent(),
            public(),
        ),
        act(
            "note by the requester, not assigned",
            new(),
            requester(),
            public(),
        ),
        act(
            "internal note by the agent",
            assigned(),
            agent(),
            internal(),
        ),
        act(
            "internal note by a colleague",
            assigned(),
            colleague(),
            internal(),
        ),
        act(
            "internal note by the coordinator",
            assigned(),
            coordinator(),
            internal(),
        ),
        act(
            "internal note by the officer",
            escalated(),
            officer(),
            internal(),
        ),
        act(
            "internal note by the provider",
            at_provider(),
            provider_mail(),
            internal(),
        ),
        act("question by the agent", assigned(), agent(), hold()),
        act(
            "question by the coordinator",
            assigned(),
            coordinator(),
            hold(),
        ),
        act("answer of the requester", held(), requester(), public()),
        act(
            "goes on, by the agent",
            held(),
            agent(),
            Command::Resume { note: None },
        ),
        act(
            "goes on, by the coordinator",
            held(),
            coordinator(),
            Command::Resume { note: None },
        ),
        act(
            "escalated by the agent",
            assigned(),
            agent(),
            escalate(OFFICER),
        ),
        act(
            "escalated by the coordinator",
            assigned(),
            coordinator(),
            escalate(OFFICER),
        ),
        act(
            "escalated to another officer",
            escalated(),
            agent(),
            escalate("oficial2.tecnologia"),
        ),
        act(
            "given back by the officer",
            escalated(),
            officer(),
            Command::Return { note: text() },
        ),
        act(
            "a provider is asked",
            escalated(),
            officer(),
            Command::RequestProvider {
                provider: ProviderId::from("redes_externo"),
                message: text(),
            },
        ),
        act(
            "the provider answers",
            at_provider(),
            provider_mail(),
            Command::RecordProviderReply { body: text() },
        ),
        act(
            "the officer records his answer",
            at_provider(),
            officer(),
            Command::RecordProviderReply { body: text() },
        ),
        act(
            "the officer reports",
            escalated(),
            officer(),
            Command::ReportSolution { body: text() },
        ),
        act(
            "petition marked, by the coordinator",
            assigned(),
            coordinator(),
            Command::MarkPetition { note: text() },
        ),
        act(
            "petition passed on, by the agent",
            assigned(),
            agent(),
            forward(),
        ),
        act(
            "petition passed on, by the coordinator",
            assigned(),
            coordinator(),
            forward(),
        ),
        act(
            "objects to its being passed on",
            forwarded(),
            requester(),
            reject(),
        ),
        act(
            "incident described, by a colleague",
            crate::law::incident().after_minutes(1),
            person("agente2.seguridad"),
            crate::law::describe(PersonalData::Yes),
        ),
        act(
            "report is due",
            crate::law::waiting().after_minutes(12 * 60),
            system(),
            Command::FireSteps,
        ),
        act(
            "another category, by the agent",
            assigned(),
            agent(),
            category(),
        ),
        act(
            "another category, by the coordinator",
            assigned(),
            coordinator(),
            category(),
        ),
        act("solved by the agent", assigned(), agent(), resolve()),
        act(
            "solved by the coordinator",
            reported(),
            coordinator(),
            resolve(),
        ),
        act("declined by the agent", assigned(), agent(), decline()),
        act(
            "declined by the coordinator",
            new(),
            coordinator(),
            decline(),
        ),
        act("survey: yes", solved(), Actor::SurveyHolder, survey(true)),
        act("survey: no", solved(), Actor::SurveyHolder, survey(false)),
        act("rejected", solved(), requester(), reject()),
        act("objected to declining", declined(), requester(), reject()),
        act(
            "validation is half over",
            solved().after_minutes(300),
            system(),
            Command::FireSteps,
        ),
        act(
            "validation is over",
            solved().after_minutes(3000),
            system(),
            Command::ExpireValidation,
        ),
        act(
            "a copied person is taken off",
            assigned(),
            coordinator(),
            Command::RemoveObserver {
                email: address(COPIED),
            },
        ),
        act(
            "a copied person leaves",
            assigned(),
            copied(),
            Command::StopObserving,
        ),
        act(
            "it is somebody else's request",
            assigned(),
            agent(),
            Command::ChangeRequester {
                email: address("rosa.diaz"),
                name: None,
            },
        ),
        act(
            "the link is revoked",
            assigned(),
            coordinator(),
            Command::RevokeLink,
        ),
    ]
}

#[test]
fn who_is_told() {
    let mut table = format!("{:<38}", "");
    for column in COLUMNS {
        write!(table, "{column:<14}").unwrap();
    }
    let mut row = |label: &str, told: &BTreeMap<&'static str, Vec<MailKind>>| {
        write!(table, "\n{label:<38}").unwrap();
        for column in COLUMNS {
            let mails = told.get(column).map_or(0, Vec::len);
            let cell = match mails {
                0 => String::new(),
                1 => "told".to_owned(),
                more => format!("{more} mails"),
            };
            write!(table, "{cell:<14}").unwrap();
        }
    };
    let registered = Story::written_to_two_teams("plataforma");
    row("registered", &told(&registered.events, &registered.ticket));
    for act in acts() {
        let before = act.story.ticket.clone();
        let mut story = act.story;
        let events = story
            .attempt(&act.by, &act.command)
            .unwrap_or_else(|refused| panic!("{}: {refused:?}", act.label));
        row(act.label, &told(&events, &before));
    }
    let table: Vec<_> = table.lines().map(str::trim_end).collect();
    insta::assert_snapshot!(table.join("\n"));
}

/// One act is one mail to each who is told, and none to whoever did it; what a requester's
/// own act leads to is told him all the same.
#[test]
fn one_act_is_one_mail_and_none_to_oneself() {
    for act in acts() {
        let before = act.story.ticket.clone();
        let mut story = act.story;
        let events = story.attempt(&act.by, &act.command).unwrap();
        let told = told(&events, &before);
        for (column, mails) in &told {
            assert_eq!(mails.len(), 1, "{}: {column}: {mails:?}", act.label);
        }
        let Actor::Person(by) = &act.by else { continue };
        let is = |person: Option<&types::ticket::Person>| {
            person.is_some_and(|person| person.email == by.email)
        };
        if is(story.ticket.assignee.as_ref()) {
            assert!(!told.contains_key("agent"), "{}", act.label);
        }
        if is(story.ticket.officer.as_ref()) {
            assert!(!told.contains_key("officer"), "{}", act.label);
        }
        if by.email == address(COPIED) {
            assert!(!told.contains_key("copied"), "{}", act.label);
        }
        if by.email == address(REQUESTER) {
            let to_him = told.get("requester").map(Vec::as_slice);
            let receipt = to_him.is_none_or(|mails| mails == [MailKind::ReopenedToRequester]);
            assert!(receipt, "{}: {to_him:?}", act.label);
        }
    }
}

/// Somebody who was copied and works on it, or asks, is told as who he is, and once.
#[test]
fn whoever_works_on_it_is_not_told_as_copied_too() {
    let mut story = Story::assigned("redes");
    story.ticket.request.observers = [AGENT, REQUESTER].map(|who| caller(who).person()).into();
    let events = story
        .attempt(&person("agente2.soporte"), &note(Visibility::Public))
        .unwrap();
    let owed = effects(&events[0], &story.ticket);
    assert_eq!(
        owed,
        [
            Effect::Mail(MailKind::FollowUpToRequester),
            Effect::Mail(MailKind::FollowUpToAgent)
        ]
    );
    assert!(
        owed.iter()
            .all(|effect| effect.queue() == QueueName::Notification)
    );
}
