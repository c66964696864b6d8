//! The procedure, activity by activity.

use types::catalogue::Role;
use types::clock::ClockState;
use types::command::{Command, CommandKind, NewTicket, Rejection, WhenAway, admit};
use types::effects::{Effect, MailKind, effects};
use types::ids::{CategoryId, ProviderId, TicketNumber};
use types::permission::{Actor, Denial, authorise};
use types::problem::Problem;
use types::ticket::{
    ActorRole, BounceKind, Channel, CloseReason, EventKind, HoldReason, Outcome, Person, Request,
    State, Status, Ticket, Visibility, WebAction, WebRequest, replay,
};
use types::{SignedDuration, Timestamp};

use crate::world::{
    AGENT, COORDINATOR, OFFICER, REQUESTER, Story, address, application, at, caller, id, monday,
    person,
};

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn resolve() -> Command {
    Command::Resolve {
        solution: "Se reinició el servicio".to_owned(),
    }
}

fn answer(solved: bool) -> Command {
    Command::AnswerSurvey {
        round: 0,
        solved,
        rating: 5,
        comment: None,
    }
}

fn is_illegal(rejection: Rejection) -> bool {
    matches!(rejection, Rejection::InvalidTransition(_))
}

#[test]
fn a_registration_starts_the_attention_clock() {
    let ticket = Story::registered("plataforma").ticket;
    assert_eq!(ticket.state, State::New);
    assert_eq!(ticket.clocks.attention.state, ClockState::Running);
    assert_eq!(
        ticket.clocks.attention.due_at,
        Some(monday() + SignedDuration::from_mins(15))
    );
    assert_eq!(ticket.clocks.solution.state, ClockState::Idle);
}

#[test]
fn a_registration_late_on_friday_is_due_on_monday() {
    // 2026-11-20 is a Friday; 16:55 in Bogotá.
    let ticket = Story::registered_at("plataforma", time("2026-11-20T21:55:00Z")).ticket;
    assert_eq!(
        ticket.clocks.attention.due_at,
        Some(time("2026-11-23T13:10:00Z"))
    );
}

#[test]
fn contact_stops_the_attention_clock_and_an_acknowledgement_does_not() {
    let story = Story::assigned("plataforma").after_minutes(10);
    assert_eq!(story.ticket.clocks.attention.state, ClockState::Running);
    let story = story.when(
        &person(AGENT),
        Command::Contact {
            note: "Llamada".to_owned(),
        },
    );
    let clock = &story.ticket.clocks.attention;
    assert_eq!((clock.state, clock.used_seconds), (ClockState::Met, 600));
    assert!(!clock.is_breached(story.now));
}

#[test]
fn a_late_contact_is_a_breach_for_good() {
    let story = Story::assigned("plataforma").after_minutes(16).when(
        &person(AGENT),
        Command::Contact {
            note: "Llamada".to_owned(),
        },
    );
    assert!(story.ticket.clocks.attention.is_breached(story.now));
}

#[test]
fn what_the_desk_writes_to_the_requester_is_contact() {
    let public = Command::FollowUp {
        body: "Hola".to_owned(),
        visibility: Visibility::Public,
    };
    let internal = Command::FollowUp {
        body: "Ojo".to_owned(),
        visibility: Visibility::Internal,
    };
    let by_desk = Story::assigned("redes").when(&person(AGENT), public.clone());
    assert_eq!(by_desk.ticket.clocks.attention.state, ClockState::Met);
    let inside = Story::assigned("redes").when(&person(AGENT), internal);
    assert_eq!(inside.ticket.clocks.attention.state, ClockState::Running);
    let by_requester = Story::assigned("redes").when(&person(REQUESTER), public);
    assert_eq!(
        by_requester.ticket.clocks.attention.state,
        ClockState::Running
    );
}

#[test]
fn a_colleague_takes_over_and_the_promise_stands() {
    let colleague = || person("agente2.soporte");
    let first = Story::assigned("redes");
    let due = first.ticket.clocks.solution.due_at;
    let (first, second) = (
        AGENT,
        first.after_minutes(3).when(&colleague(), Command::Take),
    );
    assert_eq!(second.ticket.clocks.solution.due_at, due);
    let event = second.events.last().unwrap();
    let EventKind::Assigned { agent, from, .. } = &event.kind else {
        panic!("{event:?}")
    };
    assert_eq!(agent.email, address("agente2.soporte"));
    assert_eq!(from.as_ref().unwrap().email, address(first));
    let owed = effects(event, &second.ticket);
    let mail = |kind| Effect::Mail(kind);
    // He took it: he knows.
    assert_eq!(owed, [mail(MailKind::Reassigned)]);
    // Whoever has it has it; whoever takes it in the same moment does not get it.
    assert_eq!(
        second.refuses(&colleague(), Command::Take),
        Rejection::AlreadySo("Usted ya es responsable de ella.".to_owned())
    );
    let third = person("agente3.soporte");
    let refused = second.refuses(&third, Command::Take);
    assert_eq!(
        refused,
        Rejection::InvalidTransition(
            "Hace un momento quedó a cargo de Agente 2 de Soporte.".to_owned()
        )
    );
    let third = second.after_minutes(1).when(&third, Command::Take);
    // What waits for others goes on waiting.
    let held = Story::in_state(State::OnHold(HoldReason::Requester)).after_minutes(1);
    let held = held.when(&colleague(), Command::Take);
    assert_eq!(held.ticket.state, State::OnHold(HoldReason::Requester));
    // Not by another team's people, nor when it is solved.
    assert!(matches!(
        third.refuses(&person("agente1.impresion"), Command::Take),
        Rejection::Denied(_)
    ));
    let solved = Story::in_state(State::Solved).after_minutes(9);
    assert!(is_illegal(solved.refuses(&colleague(), Command::Take)));
}

#[test]
fn who_had_it_is_told_unless_he_gave_it_away_himself() {
    let to = |agent: &str| Command::AssignTo {
        agent: address(agent),
        away: WhenAway::Ask,
    };
    let mails = |story: &Story| {
        let owed = effects(story.events.last().unwrap(), &story.ticket);
        owed.contains(&Effect::Mail(MailKind::Reassigned))
    };
    let story = Story::assigned("redes").when(&person(COORDINATOR), to("agente2.soporte"));
    assert!(mails(&story));
    // Nobody loses what he has, and nothing begins afresh.
    let again = story.refuses(&person(COORDINATOR), to("agente2.soporte"));
    assert!(is_illegal(again));
    let own = Story::registered("redes").when(&person(COORDINATOR), Command::Take);
    assert!(!mails(&own));
}

#[test]
fn a_text_without_a_title_is_called_by_how_it_begins() {
    for (text, title) in [
        ("No imprime. Ya la reinicié.", "No imprime"),
        ("\n  ¿Y el Office? Gracias", "¿Y el Office?"),
        ("Versión 2.5 mala", "Versión 2.5 mala"),
        ("Una línea.\nOtra.", "Una línea"),
        (" \n", ""),
        ("", ""),
        ("Uno dos tres, cuatro cinco", "Uno dos tres…"),
        ("Palabralarguísima que no cabe", "Palabralarguísi…"),
        ("ñññññññññññññññññññññ", "ñññññññññññññññ…"),
    ] {
        assert_eq!(Request::title_of(text, 16), title, "{text}");
    }
    for (text, title) in [
        (
            "La impresora del tercer piso no imprime desde esta mañana, mi extensión es la 315. Gracias.",
            "La impresora del tercer piso no imprime desde esta mañana…",
        ),
        // What is written short, and a number, end no sentence.
        (
            "El teléfono de la ext. 230 hace ruido y a veces no suena cuando llaman.",
            "El teléfono de la ext. 230 hace ruido y a veces no suena cuando llaman",
        ),
        (
            "La Sra. Gómez no entra. Es urgente",
            "La Sra. Gómez no entra",
        ),
        (
            "El equipo del piso No. 3 no prende, ¿vienen? Gracias",
            "El equipo del piso No. 3 no prende, ¿vienen?",
        ),
        // A part that says little is no title.
        (
            "Hola, necesito que me ayuden con el computador de la oficina del segundo piso que está apagado",
            "Hola, necesito que me ayuden con el computador de la oficina del segundo piso…",
        ),
        (
            "En la factura de este mes de la oficina de contratos el total de los equipos es de 3,5 millones",
            "En la factura de este mes de la oficina de contratos el total de los equipos…",
        ),
    ] {
        assert_eq!(Request::title_of(text, 80), title, "{text}");
    }
}

#[test]
fn a_link_is_revoked_also_after_the_end() {
    let story = Story::in_state(State::Closed).when(&person(COORDINATOR), Command::RevokeLink);
    assert_eq!(
        (story.ticket.state, story.ticket.link_edition),
        (State::Closed, 1)
    );
    let mut story = story;
    story.ticket.link_edition = u8::MAX;
    assert!(is_illegal(
        story.refuses(&person(COORDINATOR), Command::RevokeLink)
    ));
    let denied = story.refuses(&person(AGENT), Command::RevokeLink);
    assert_eq!(denied, Rejection::Denied(Denial::Forbidden));
}

#[test]
fn a_pause_keeps_what_was_left() {
    let story = Story::assigned("redes")
        .after_minutes(10)
        .when(
            &person(AGENT),
            Command::Hold {
                note: "Falta un dato".to_owned(),
            },
        )
        .after_minutes(60)
        .when(&person(AGENT), Command::Resume { note: None });
    let clock = &story.ticket.clocks.solution;
    assert_eq!(
        (clock.state, clock.used_seconds),
        (ClockState::Running, 600)
    );
    assert_eq!(
        clock.due_at,
        Some(story.now + SignedDuration::from_mins(20))
    );
    let counted: Vec<_> = clock.segments.iter().map(|s| s.counted).collect();
    assert_eq!(counted, [true, false, true]);
}

#[test]
fn an_officer_gets_the_whole_time_and_a_provider_pauses_it() {
    let story = Story::assigned("redes").after_minutes(29).when(
        &person(AGENT),
        Command::Escalate {
            officer: address(OFFICER),
            justification: "Servidor".to_owned(),
            away: WhenAway::Ask,
        },
    );
    assert_eq!(
        story.ticket.clocks.solution.due_at,
        Some(story.now + SignedDuration::from_mins(30))
    );
    let story = story.after_minutes(5).when(
        &person(OFFICER),
        Command::RequestProvider {
            provider: ProviderId::from("redes_externo"),
            message: "Favor revisar".to_owned(),
        },
    );
    assert_eq!(story.ticket.clocks.solution.state, ClockState::Paused);
    let story = story.after_minutes(120).when(
        &person(OFFICER),
        Command::RecordProviderReply {
            body: "Cable cambiado".to_owned(),
        },
    );
    assert_eq!(story.ticket.clocks.solution.left_seconds(), 25 * 60);
    // Activity 12: nothing is solved before the officer says so.
    assert!(is_illegal(story.refuses(&person(AGENT), resolve())));
    let story = story
        .when(
            &person(OFFICER),
            Command::ReportSolution {
                body: "Listo".to_owned(),
            },
        )
        .when(&person(AGENT), resolve());
    assert_eq!(story.ticket.status(), Status::Solved);
}

#[test]
fn recategorising_keeps_the_time_used() {
    let story = Story::assigned("redes").after_minutes(10).when(
        &person(AGENT),
        Command::Recategorise {
            category: CategoryId::from("impresion"),
        },
    );
    let clock = &story.ticket.clocks.solution;
    assert_eq!((clock.used_seconds, clock.left_seconds()), (600, 1200));
    assert_eq!(
        clock.due_at,
        Some(story.now + SignedDuration::from_mins(20))
    );
    assert_eq!(story.ticket.policy.team.0, "impresion");
}

#[test]
fn the_survey_closes_what_is_solved() {
    let story = Story::solved("plataforma");
    assert!(is_illegal(story.refuses(&person(AGENT), Command::Close)));
    let story = story.when(&Actor::SurveyHolder, answer(true));
    assert_eq!(story.ticket.state, State::Closed);
    assert_eq!(story.ticket.close_reason, Some(CloseReason::Satisfied));
    assert_eq!(story.ticket.survey.as_ref().map(|s| s.rating), Some(5));
    assert!(is_illegal(
        story.refuses(&Actor::SurveyHolder, answer(true))
    ));
}

#[test]
fn the_survey_reopens_what_is_not() {
    let story = Story::solved("plataforma")
        .after_minutes(60)
        .when(&Actor::SurveyHolder, answer(false));
    let ticket = &story.ticket;
    assert_eq!(
        (ticket.state, ticket.reopened, ticket.outcome),
        (State::Assigned, 1, None)
    );
    // The hour in `solved` counts neither as worked nor as paused.
    assert_eq!(
        ticket.clocks.solution.due_at,
        Some(story.now + SignedDuration::from_mins(30))
    );
    assert_eq!(ticket.clocks.validation.state, ClockState::Stopped);
    // The survey of the first solution does not rate the second.
    let story = story.when(&person(AGENT), resolve());
    assert!(is_illegal(
        story.refuses(&Actor::SurveyHolder, answer(true))
    ));
    let second = Command::AnswerSurvey {
        round: 1,
        solved: true,
        rating: 3,
        comment: None,
    };
    assert_eq!(
        story.when(&Actor::SurveyHolder, second).ticket.state,
        State::Closed
    );
}

#[test]
fn without_a_survey_the_desk_closes() {
    let story = Story::solved("redes");
    assert!(is_illegal(
        story.refuses(&Actor::SurveyHolder, answer(true))
    ));
    let story = story.when(&person(AGENT), Command::Close);
    assert_eq!(story.ticket.close_reason, Some(CloseReason::Desk));
}

#[test]
fn the_validation_time_closes_what_nobody_answers() {
    let story = Story::solved("plataforma");
    // One working day: solved on Monday at 08:00, due at 17:00.
    assert_eq!(
        story.ticket.clocks.validation.due_at,
        Some(time("2026-11-23T22:00:00Z"))
    );
    assert!(is_illegal(
        story.refuses(&Actor::System, Command::ExpireValidation)
    ));
    let story = story
        .after_minutes(9 * 60)
        .when(&Actor::System, Command::ExpireValidation);
    assert_eq!(
        story.ticket.close_reason,
        Some(CloseReason::ValidationExpired)
    );
    assert_eq!(story.ticket.next_timer(), None);
}

/// Control C2: who never got the solution could not object to it.
#[test]
fn what_the_requester_never_got_is_not_closed_in_silence() {
    let bounced = Command::RecordBounce {
        recipient: address(REQUESTER),
        why: BounceKind::GivenUp,
        detail: "452 4.2.2 full".to_owned(),
    };
    let solved = Story::solved("plataforma");
    let solved = solved.when(&Actor::System, bounced);
    let mut story = solved.clone();
    for day in 1..=3 {
        story = story
            .after_minutes(24 * 60)
            .when(&Actor::System, Command::ExpireValidation);
        assert_eq!(story.ticket.state, State::Solved, "day {day}");
        let asked: Vec<_> = story.events.iter().rev().take(2).collect();
        let mut told: Vec<_> = asked
            .iter()
            .flat_map(|event| effects(event, &story.ticket))
            .collect();
        told.reverse();
        let mails = [MailKind::StepToAgent, MailKind::StepToCoordinator];
        assert_eq!(told, mails.map(Effect::Mail), "day {day}");
        // It is asked again, and there is a timer for that.
        let next = story.ticket.next_timer().unwrap().at;
        assert!(next > story.now, "day {day}");
        assert!(is_illegal(
            story.refuses(&Actor::System, Command::ExpireValidation)
        ));
    }
    // The desk, which has reached him otherwise, closes it; it need not wait for that.
    for story in [story, solved.clone()] {
        let closed = story.when(&person(AGENT), Command::Close);
        assert_eq!(closed.ticket.close_reason, Some(CloseReason::Desk));
    }
}

#[test]
fn a_declined_request_asks_for_no_survey() {
    let story = Story::assigned("plataforma").when(
        &person(AGENT),
        Command::Decline {
            reason: "Fuera de alcance".to_owned(),
        },
    );
    assert_eq!(story.ticket.outcome, Some(Outcome::Declined));
    assert_eq!(
        story.when(&person(AGENT), Command::Close).ticket.state,
        State::Closed
    );
}

#[test]
fn a_declined_request_that_nobody_had_goes_back_to_be_assigned() {
    let story = Story::registered("plataforma")
        .when(
            &person(AGENT),
            Command::Decline {
                reason: "Fuera de alcance".to_owned(),
            },
        )
        .when(
            &person(REQUESTER),
            Command::Reject {
                reason: "Sí es de soporte".to_owned(),
            },
        );
    assert_eq!((story.ticket.state, story.ticket.reopened), (State::New, 1));
    let owed = effects(story.events.last().unwrap(), &story.ticket);
    assert!(owed.contains(&Effect::Assign));
}

#[test]
fn who_may_register_what() {
    let check =
        |who: &Actor, change: fn(&mut types::command::Application), expected: Option<Denial>| {
            let mut application = application("redes");
            change(&mut application);
            let denial = match admit(application, who, at(monday())) {
                Ok(_) => None,
                Err(Rejection::Denied(denial)) => Some(denial),
                Err(other) => panic!("{other:?}"),
            };
            assert_eq!(denial, expected, "{who:?}");
        };
    let phone: fn(&mut types::command::Application) = |a| a.request.channel = Channel::Phone;
    check(&person(REQUESTER), |_| {}, None);
    check(&person("otro"), |_| {}, Some(Denial::Forbidden));
    check(&person(REQUESTER), phone, Some(Denial::Forbidden));
    check(&person(AGENT), phone, None);
    check(&person(COORDINATOR), phone, None);
    check(&person(OFFICER), phone, Some(Denial::Forbidden));
    check(&Actor::SurveyHolder, |_| {}, Some(Denial::Forbidden));
}

/// What somebody of the desk registers with the requester on the line.
fn on_the_line(category: &str, who: &Actor) -> NewTicket {
    let mut application = application(category);
    application.request.channel = Channel::Phone;
    let admission = admit(application, who, at(monday())).unwrap();
    let new = admission.register(id(), TicketNumber(1));
    new.attended("Atendida por teléfono", who, at(monday()))
        .unwrap()
}

#[test]
fn who_answers_the_phone_is_responsible_and_has_been_in_touch() {
    for who in [AGENT, COORDINATOR] {
        let NewTicket { ticket, events } = on_the_line("plataforma", &person(who));
        let kinds: Vec<_> = events.iter().map(|event| event.kind.as_str()).collect();
        assert_eq!(kinds, ["registered", "assigned", "contacted"]);
        let seqs: Vec<_> = events.iter().map(|event| event.seq).collect();
        assert_eq!((seqs, ticket.version), (vec![1, 2, 3], 3));
        assert_eq!(ticket.state, State::Assigned);
        assert_eq!(ticket.assignee.as_ref().unwrap().email, address(who));
        let attention = &ticket.clocks.attention;
        assert_eq!(
            (attention.state, attention.used_seconds),
            (ClockState::Met, 0)
        );
        assert_eq!(
            ticket.clocks.solution.due_at,
            Some(monday() + SignedDuration::from_mins(30))
        );
        assert_eq!(replay(&events).unwrap(), ticket);
    }
}

#[test]
fn a_call_about_what_another_team_does_waits_for_them() {
    let NewTicket { ticket, events } = on_the_line("impresion", &person(AGENT));
    assert_eq!(events.len(), 1);
    assert_eq!((ticket.state, ticket.version), (State::New, 1));
    assert_eq!(ticket.clocks.attention.state, ClockState::Running);
    // A coordinator works for all of them.
    let NewTicket { ticket, .. } = on_the_line("impresion", &person(COORDINATOR));
    assert_eq!(ticket.state, State::Assigned);
}

#[test]
fn a_stranger_has_no_role() {
    let stranger = types::ids::EmailAddress::parse("alguien@example.com").unwrap();
    let caller = types::permission::Caller::identify(
        stranger,
        None,
        &crate::world::CATALOGUE,
        &["uspec.gov.co".to_owned()],
    );
    assert!(caller.roles.is_empty());
}

#[test]
fn who_asks_for_himself_speaks_as_the_requester() {
    let mut ticket = Story::assigned("redes").ticket;
    ticket.request.requester.person.email = address(COORDINATOR);
    let role = |command| authorise(command, &person(COORDINATOR), &ticket).map(|by| by.role);
    let of = |role| Ok(ActorRole::Person(role));
    // His words do not stop the clock that runs for him.
    assert_eq!(role(CommandKind::FollowUp), of(Role::Requester));
    assert_eq!(role(CommandKind::AssignTo), of(Role::Coordinator));
}

#[test]
fn web_publications_say_what_is_asked() {
    let mut application = application("publicacion_web");
    application.request.web_request = None;
    let refused = admit(application.clone(), &person(REQUESTER), at(monday()));
    assert!(matches!(refused, Err(Rejection::Validation(e)) if e.field == "web_request"));
    application.request.web_request = Some(WebRequest {
        action: WebAction::Publish,
    });
    assert!(admit(application, &person(REQUESTER), at(monday())).is_ok());
}

#[test]
fn mails_of_the_straight_way() {
    let agent = caller(AGENT);
    let agent = Person {
        email: agent.email,
        name: agent.name,
    };
    let story = Story::registered("plataforma")
        .when(
            &Actor::System,
            Command::AssignAutomatically {
                agent,
                away: vec![],
            },
        )
        .when(
            &person(AGENT),
            Command::Contact {
                note: "Llamada".to_owned(),
            },
        )
        .when(&person(AGENT), resolve())
        .when(&Actor::SurveyHolder, answer(true));
    let mut owed: Vec<Effect> = Vec::new();
    let mut ticket: Option<Ticket> = None;
    for (i, event) in story.events.iter().enumerate() {
        ticket = Some(replay(&story.events[..=i]).unwrap());
        owed.extend(effects(event, ticket.as_ref().unwrap()));
    }
    assert_eq!(ticket, Some(story.ticket));
    assert_eq!(
        owed,
        [
            Effect::Assign,
            Effect::Mail(MailKind::Registered),
            Effect::Mail(MailKind::Assigned),
            Effect::Mail(MailKind::Solved),
            Effect::Mail(MailKind::SurveyAnswered),
            Effect::Mail(MailKind::Closed),
        ]
    );
}

#[test]
fn a_refusal_says_whose_the_ticket_is() {
    let why = |who: &str, story: &Story, command: Command| {
        let rejection = story.refuses(&person(who), command);
        Problem::from(rejection).body()
    };
    let contact = || Command::Contact {
        note: "Llamé".to_owned(),
    };
    let taken = Story::assigned("plataforma");
    let problem = why("agente2.soporte", &taken, contact());
    assert_eq!(
        (problem.status, &*problem.detail),
        (
            403,
            "La tiene Agente 1 de Soporte. Tómela usted, o pida a la coordinación que se la asigne."
        )
    );
    let problem = why("agente3.soporte", &taken, resolve());
    assert!(problem.detail.starts_with("La tiene Agente 1 de Soporte."));
    let free = Story::registered("plataforma");
    assert_eq!(
        why("agente2.soporte", &free, resolve()).detail,
        "Nadie la tiene todavía: tómela primero."
    );
    // The head sees it, and the officer has it.
    let escalated = Story::escalated("plataforma");
    let back = Command::Return {
        note: "Es de la mesa".to_owned(),
    };
    let problem = why("jefe.tecnologia", &escalated, back.clone());
    assert!(
        problem
            .detail
            .starts_with("La tiene Funcionario 1 de Tecnología.")
    );
    // Whoever reads along knows who asked.
    let mut copied = Story::solved("plataforma");
    copied.ticket.request.observers = vec![caller("otra").person()];
    let reject = Command::Reject {
        reason: "Sigue igual".to_owned(),
    };
    let problem = why("otra", &copied, reject);
    assert!(
        problem.detail.starts_with("La pidió Funcionaria:"),
        "{problem:?}"
    );
    // What his place does not let him do on any ticket is said as before.
    let problem = why("auditor.interno", &taken, resolve());
    assert!(problem.detail.starts_with("Su función no le permite"));
    let assign = Command::AssignTo {
        agent: address(AGENT),
        away: WhenAway::Ask,
    };
    let problem = why("agente2.soporte", &taken, assign);
    assert!(problem.detail.starts_with("Su función no le permite"));
}
