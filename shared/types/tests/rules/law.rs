//! What the law asks for: security incidents are reported in time and seen by their group
//! alone; petitions that are none of the desk's are passed on in time.

use std::sync::LazyLock;

use jiff::Timestamp;
use jiff::civil::Date;
use proptest::prelude::*;
use types::catalogue::{Catalogue, Role};
use types::clock::{ClockKind, ClockState};
use types::command::{Command, Rejection, WhenAway, admit};
use types::effects::{Effect, MailKind, effects};
use types::ids::CategoryId;
use types::incident::{Incident, IncidentKind, PersonalData, Severity};
use types::legal::{Authority, ReportOutcome};
use types::permission::{Actor, Denial, may_read};
use types::person::Person;
use types::succession::may_follow;
use types::ticket::{Event, EventKind, Outcome, State, Ticket, Visibility, replay};
use types::view::{EventView, Reader};

use crate::world::{
    AGENT, CATALOGUE, COORDINATOR, COPIED, OFFICER, REQUESTER, Story, address, application, at,
    caller, known_incident, monday, person,
};

const GUARD: &str = "agente1.seguridad";

fn at_local(text: &str) -> Timestamp {
    text.parse::<jiff::civil::DateTime>()
        .unwrap()
        .in_tz("America/Bogota")
        .unwrap()
        .timestamp()
}

/// An incident that somebody of the group has, reported on Monday at 08:00.
pub fn incident() -> Story {
    let agent = caller(GUARD).person();
    Story::registered("incidente_seguridad").when(
        &Actor::System,
        Command::AssignAutomatically {
            agent,
            away: vec![],
        },
    )
}

/// The same, with a question to whoever reported it.
pub fn waiting() -> Story {
    let note = "¿Qué enlace abrió?".to_owned();
    incident().when(&person(GUARD), Command::Hold { note })
}

pub fn describe(personal_data: PersonalData) -> Command {
    Command::DescribeIncident {
        incident: Box::new(Incident {
            personal_data,
            people: Some(3),
            containment: Some("Se cerraron las sesiones".to_owned()),
            severity: Some(Severity::High),
            ..known_incident()
        }),
    }
}

fn report(authority: Authority, outcome: ReportOutcome) -> Command {
    Command::RecordReport {
        authority,
        outcome,
        note: "Caso 2026-0417".to_owned(),
    }
}

pub fn forward() -> Command {
    Command::Forward {
        to: Person {
            email: address("atencion.ciudadano"),
            name: "Grupo de Atención al Ciudadano".to_owned(),
        },
        message: "Es una petición sobre un establecimiento".to_owned(),
    }
}

fn mark() -> Command {
    Command::MarkPetition {
        note: "Pide copia de un contrato".to_owned(),
    }
}

fn unmark() -> Command {
    Command::UnmarkPetition {
        reason: "Es de un funcionario, por su equipo".to_owned(),
    }
}

fn resolve() -> Command {
    Command::Resolve {
        solution: "Contenido".to_owned(),
    }
}

/// An incident until it is closed, with all that its clocks say.
pub fn lived() -> Story {
    incident()
        .after_minutes(30 * 60)
        .when(&Actor::System, Command::FireSteps)
        .when(&person(GUARD), describe(PersonalData::Yes))
        .when(
            &person(GUARD),
            report(Authority::Csirt, ReportOutcome::Reported),
        )
        .after_minutes(30 * 24 * 60)
        .when(&Actor::System, Command::FireSteps)
        .when(
            &person(GUARD),
            report(Authority::Sic, ReportOutcome::NotRequired),
        )
        .when(&person(GUARD), resolve())
        .when(&person(GUARD), Command::Close)
}

/// A petition that is taken for none, marked again, late, passed on, and objected to.
pub fn passed_on() -> Story {
    Story::assigned("plataforma")
        .after_minutes(10)
        .when(&person(AGENT), mark())
        .when(&person(AGENT), unmark())
        .when(&person(AGENT), mark())
        .after_minutes(10 * 24 * 60)
        .when(&Actor::System, Command::FireSteps)
        .when(&person(AGENT), forward())
        .when(
            &person(REQUESTER),
            Command::Reject {
                reason: "Es de ustedes".to_owned(),
            },
        )
        .when(&person(AGENT), forward())
        .after_minutes(300)
        .when(&Actor::System, Command::FireSteps)
        .after_minutes(3 * 24 * 60)
        .when(&Actor::System, Command::ExpireValidation)
}

fn due(story: &Story, clock: ClockKind) -> Timestamp {
    story.ticket.clocks.get(clock).due_at.unwrap()
}

fn refused(story: &Story, who: &str, command: Command) -> String {
    match story.refuses(&person(who), command) {
        Rejection::InvalidTransition(why) | Rejection::AlreadySo(why) => why,
        Rejection::Validation(error) => error.detail,
        other => panic!("{other:?}"),
    }
}

fn mails(story: &Story) -> Vec<MailKind> {
    let mut ticket = None::<Ticket>;
    let mut owed = Vec::new();
    for (i, event) in story.events.iter().enumerate() {
        ticket = Some(replay(&story.events[..=i]).unwrap());
        for effect in effects(event, ticket.as_ref().unwrap()) {
            if let Effect::Mail(kind) = effect {
                owed.push(kind);
            }
        }
    }
    assert_eq!(ticket.as_ref(), Some(&story.ticket));
    owed
}

#[test]
fn an_incident_is_to_be_reported_from_when_it_is_known() {
    // Monday, 23 November 2026, at 08:00.
    let story = incident();
    assert_eq!(
        due(&story, ClockKind::CsirtReport),
        at_local("2026-11-24T08:00")
    );
    // Fifteen working days after that Monday, to the end of the last: 8 December is one of
    // the public holidays.
    assert_eq!(
        due(&story, ClockKind::SicReport),
        at_local("2026-12-15T17:00")
    );
}

#[test]
fn without_personal_data_their_authority_need_not_hear_of_it() {
    let story = incident().when(&person(GUARD), describe(PersonalData::No));
    let clock = &story.ticket.clocks.sic_report;
    assert_eq!(clock.state, ClockState::Stopped);
    // Once it turns out that there are some, its time is what it was.
    let story = story
        .after_minutes(3 * 24 * 60)
        .when(&person(GUARD), describe(PersonalData::Yes));
    assert_eq!(
        due(&story, ClockKind::SicReport),
        at_local("2026-12-15T17:00")
    );
    assert_eq!(
        story.ticket.clocks.sic_report.running_since(),
        Some(monday())
    );
}

#[test]
fn what_becomes_an_incident_is_to_be_reported_from_then_on() {
    let story = Story::assigned("plataforma").after_minutes(90);
    let to = |category: &str| Command::Recategorise {
        category: CategoryId::from(category),
    };
    let became = story.when(&person(AGENT), to("incidente_seguridad"));
    assert_eq!(
        due(&became, ClockKind::CsirtReport),
        at_local("2026-11-24T09:30")
    );
    assert!(became.ticket.clocks.sic_report.running_since().is_some());
    // It has left whoever had it: he is none of the group.
    assert_eq!(became.ticket.assignee, None);
    assert!(!may_read(&caller(AGENT), &became.ticket));
    let was_none = became.when(&person(GUARD), to("plataforma"));
    for clock in [ClockKind::CsirtReport, ClockKind::SicReport] {
        assert_eq!(was_none.ticket.clocks.get(clock).state, ClockState::Stopped);
    }
    assert!(may_read(&caller(AGENT), &was_none.ticket));
}

#[test]
fn it_is_not_over_before_it_is_reported() {
    let decline = || Command::Decline {
        reason: "Falsa alarma".to_owned(),
    };
    let story = incident();
    for command in [resolve(), decline()] {
        assert_eq!(
            refused(&story, GUARD, command),
            "Falta decir si el incidente afecta datos personales."
        );
    }
    let story = story.when(&person(GUARD), describe(PersonalData::Yes));
    assert_eq!(
        refused(&story, GUARD, resolve()),
        "Falta registrar el reporte al CSIRT Gobierno, o por qué no procede."
    );
    let story = story.when(
        &person(GUARD),
        report(Authority::Csirt, ReportOutcome::Reported),
    );
    assert_eq!(
        refused(&story, GUARD, decline()),
        "Falta registrar el reporte a la Superintendencia de Industria y Comercio, o por qué no procede."
    );
    let story = story.when(
        &person(GUARD),
        report(Authority::Sic, ReportOutcome::NotRequired),
    );
    assert_eq!(
        refused(
            &story,
            GUARD,
            report(Authority::Sic, ReportOutcome::Reported)
        ),
        "No hay un reporte pendiente a la Superintendencia de Industria y Comercio."
    );
    // What it need not hear of it does not hear of because the facts are written down anew.
    let story = story.when(&person(GUARD), describe(PersonalData::No));
    let story = story.when(&person(GUARD), describe(PersonalData::Yes));
    assert_eq!(story.ticket.clocks.sic_report.state, ClockState::Stopped);
    let story = story.when(&person(GUARD), resolve());
    assert_eq!(story.ticket.state, State::Solved);
    assert_eq!(story.ticket.reports.len(), 2);
}

#[test]
fn an_incident_by_mail_has_to_be_described() {
    let mut mailed = application("incidente_seguridad");
    mailed.request.channel = types::ticket::Channel::Email;
    mailed.request.incident = None;
    mailed.request.observers = vec![caller(COPIED).person()];
    let admission = admit(mailed, &person(REQUESTER), at(monday())).unwrap();
    let new = admission.register(crate::world::id(), types::ids::TicketNumber(1));
    // Its group alone sees it.
    assert_eq!(new.ticket.request.observers, []);
    assert!(new.ticket.clocks.sic_report.running_since().is_some());
    let story = Story {
        ticket: new.ticket,
        events: new.events,
        now: monday(),
    };
    let story = story.when(&person(GUARD), Command::Take);
    assert_eq!(
        refused(&story, GUARD, resolve()),
        "Falta describir el incidente."
    );
}

#[test]
fn a_form_says_what_is_known_and_copies_nobody() {
    let refused = |change: &dyn Fn(&mut types::command::Application)| {
        let mut application = application("incidente_seguridad");
        change(&mut application);
        match admit(application, &person(REQUESTER), at(monday())) {
            Err(Rejection::Validation(error)) => (error.field, error.code.to_owned()),
            other => panic!("{other:?}"),
        }
    };
    let says = |field: &str, code: &str| (field.to_owned(), code.to_owned());
    assert_eq!(
        refused(&|a| a.request.incident = None),
        says("incident", "required")
    );
    assert_eq!(
        refused(&|a| a.request.observers = vec![caller(COPIED).person()]),
        says("observers", "not_allowed")
    );
    assert_eq!(
        refused(&|a| a.category = CategoryId::from("redes")),
        says("incident", "not_allowed")
    );
}

#[test]
fn its_group_alone_sees_it() {
    let mut ticket = incident().ticket;
    ticket.request.observers = vec![caller(COPIED).person()];
    let readers = [
        (REQUESTER, true),
        (GUARD, true),
        ("agente2.seguridad", true),
        // He belongs to it, as the catalogue that ships has it.
        (COORDINATOR, true),
        ("jefe.tecnologia", true),
        ("auditor.interno", true),
        (COPIED, false),
        (AGENT, false),
        ("agente1.impresion", false),
        (OFFICER, false),
        ("personal", false),
        ("otro", false),
    ];
    for (who, reads) in readers {
        assert_eq!(may_read(&caller(who), &ticket), reads, "{who}");
    }
    let note = Command::FollowUp {
        body: "Nota".to_owned(),
        visibility: Visibility::Public,
    };
    let story = Story {
        ticket: ticket.clone(),
        events: vec![],
        now: monday(),
    };
    for (who, _) in readers.into_iter().filter(|(_, reads)| !reads) {
        let denied = story.refuses(&person(who), note.clone());
        assert!(
            matches!(denied, Rejection::Denied(Denial::Hidden)),
            "{who}: {denied:?}"
        );
    }
    // An officer whom it is escalated to works on it; nobody who was copied hears of it.
    let story = story.when(
        &person(GUARD),
        Command::Escalate {
            officer: address(OFFICER),
            justification: "Servidor".to_owned(),
            away: WhenAway::Ask,
        },
    );
    assert!(may_read(&caller(OFFICER), &story.ticket));
    let mut noted = story;
    let events = noted.attempt(&person(GUARD), &note).unwrap();
    let owed = effects(&events[0], &noted.ticket);
    assert!(owed.contains(&Effect::Mail(MailKind::FollowUpToRequester)));
    assert!(!owed.contains(&Effect::Mail(MailKind::FollowUpToObservers)));
}

/// A coordinator and a head who are not in its group.
static APART: LazyLock<Catalogue> = LazyLock::new(|| {
    let mut document = CATALOGUE.document().clone();
    for entry in &mut document.directory {
        let group = types::ids::TeamId::from("seguridad");
        if entry.roles.contains(&Role::Head) {
            entry.teams.remove(&group);
        }
    }
    let mut other = document.directory.clone();
    other.retain(|entry| entry.roles.contains(&Role::Coordinator));
    let mut outside = other[0].clone();
    outside.email = address("coordinadora.impresion");
    outside.teams.remove(&types::ids::TeamId::from("seguridad"));
    document.directory.push(outside);
    Catalogue::new(document).unwrap()
});

#[test]
fn who_is_told_may_know_of_it() {
    let policy = incident().ticket.policy;
    let told = APART.coordinators_of(&policy.team, policy.restricted);
    let names: Vec<_> = told.iter().map(|entry| entry.email.as_str()).collect();
    assert_eq!(names, [address(COORDINATOR).as_str()]);
    let heads = APART.heads_of(&policy.team, policy.restricted);
    let names: Vec<_> = heads.iter().map(|entry| entry.email.as_str()).collect();
    assert_eq!(names, [address(COORDINATOR).as_str()]);
}

#[test]
fn a_group_has_somebody_who_works_and_somebody_who_is_told() {
    for (role, code) in [
        (Role::Agent, "last_agent"),
        (Role::Coordinator, "restricted_without_group"),
    ] {
        let mut document = CATALOGUE.document().clone();
        let group = types::ids::TeamId::from("seguridad");
        for entry in &mut document.directory {
            if entry.roles.contains(&role) {
                entry.teams.remove(&group);
            }
        }
        let errors = may_follow(&document, CATALOGUE.document()).unwrap_err();
        let said: Vec<_> = errors.iter().map(|e| (&*e.field, e.code)).collect();
        assert_eq!(said, [("directory", code)], "{role:?}");
    }
}

#[test]
fn the_clocks_of_the_law_speak_up() {
    let mut story = incident().after_minutes(12 * 60);
    let reached = |events: &[Event]| -> Vec<(u32, Option<String>)> {
        let steps = events.iter().filter_map(|event| match &event.kind {
            EventKind::CsirtReportDue(step) => Some(step),
            _ => None,
        });
        let who = |of: &types::ticket::StepReached| of.responsible.clone().map(|p| p.name);
        steps.map(|step| (step.percent, who(step))).collect()
    };
    let fired = story.attempt(&Actor::System, &Command::FireSteps).unwrap();
    let name = caller(GUARD).name;
    assert_eq!(reached(&fired), [(50, Some(name.clone()))]);
    story = story.after_minutes(8 * 60);
    let fired = story.attempt(&Actor::System, &Command::FireSteps).unwrap();
    assert_eq!(reached(&fired), [(80, Some(name.clone()))]);
    story = story.after_minutes(5 * 60);
    let fired = story.attempt(&Actor::System, &Command::FireSteps).unwrap();
    assert_eq!(
        reached(&fired),
        [(100, Some(name.clone())), (100, Some(name))]
    );
    // And once a working day, as long as it is open.
    assert!(story.ticket.clocks.csirt_report.next_step().is_some());
    assert!(story.ticket.next_timer().is_some());
}

#[test]
fn a_petition_has_five_working_days_from_its_arrival() {
    // It came on a Friday after hours, and is seen for what it is on Tuesday.
    let friday = at_local("2026-11-20T19:30");
    let story = Story::registered_at("plataforma", friday).after_minutes(3 * 24 * 60 + 15 * 60);
    let story = story
        .when(&person(AGENT), Command::Take)
        .when(&person(AGENT), mark());
    assert_eq!(
        due(&story, ClockKind::Forwarding),
        at_local("2026-11-27T17:00")
    );
    // The time that was agreed for requests rests, whatever happens to it.
    assert_eq!(story.ticket.clocks.solution.state, ClockState::Paused);
    let asked = story.clone().when(
        &person(AGENT),
        Command::Hold {
            note: "¿De qué establecimiento?".to_owned(),
        },
    );
    let answered = asked.when(&person(AGENT), Command::Resume { note: None });
    assert_eq!(answered.ticket.clocks.solution.state, ClockState::Paused);
    let given = answered.when(
        &person(COORDINATOR),
        Command::AssignTo {
            agent: address("agente2.soporte"),
            away: WhenAway::Ask,
        },
    );
    assert_eq!(given.ticket.clocks.solution.state, ClockState::Paused);
    assert!(given.ticket.next_timer().is_some());
    assert_eq!(
        refused(
            &given,
            "agente2.soporte",
            Command::Escalate {
                officer: address(OFFICER),
                justification: "Nota".to_owned(),
                away: WhenAway::Ask
            }
        ),
        "Está marcada como petición (PQRSD): se traslada, no se escala."
    );
    for command in [
        resolve(),
        Command::Decline {
            reason: "No".to_owned(),
        },
    ] {
        assert!(refused(&given, "agente2.soporte", command).starts_with("Está marcada"));
    }
    let passed = given.when(&person("agente2.soporte"), forward());
    let ticket = &passed.ticket;
    assert_eq!(
        (ticket.state, ticket.outcome),
        (State::Solved, Some(Outcome::Forwarded))
    );
    assert_eq!(ticket.status_label(), "Trasladada");
    assert!(!ticket.asks_survey());
    let clock = &ticket.clocks.forwarding;
    assert_eq!(clock.state, ClockState::Met);
    assert!(!clock.is_breached(passed.now));
    assert_eq!(ticket.forwarding.as_ref().unwrap().at, passed.now);
}

#[test]
fn one_that_is_passed_on_at_once_is_measured_as_well() {
    let story = Story::registered("plataforma").after_minutes(2);
    let story = story.when(&person(COORDINATOR), forward());
    let clock = &story.ticket.clocks.forwarding;
    assert_eq!(clock.state, ClockState::Met);
    assert_eq!(clock.due_at, Some(at_local("2026-11-30T17:00")));
    assert_eq!(clock.used_seconds, 120);
    let owed = mails(&story);
    for kind in [MailKind::Forwarded, MailKind::ForwardedToAddressee] {
        assert_eq!(owed.iter().filter(|of| **of == kind).count(), 1, "{kind:?}");
    }
    // Ten days late it is on record as late.
    let late = Story::registered("plataforma").after_minutes(10 * 24 * 60);
    let late = late.when(&person(COORDINATOR), forward());
    assert!(late.ticket.clocks.forwarding.is_breached(late.now));
}

#[test]
fn a_part_of_a_second_moves_no_term() {
    let at_some_time = monday() + types::SignedDuration::from_millis(1_777);
    let story = Story::registered_at("plataforma", at_some_time).after_minutes(2);
    let story = story.when(&person(AGENT), mark());
    assert_eq!(
        due(&story, ClockKind::Forwarding),
        at_local("2026-11-30T17:00")
    );
    // Looked at again with the same hours, it is what it was.
    let mut story = story.after_minutes(10 * 24 * 60);
    let fired = story.attempt(&Actor::System, &Command::FireSteps).unwrap();
    let changed = |event: &Event| matches!(event.kind, EventKind::HoursChanged { .. });
    assert!(!fired.iter().any(changed), "{fired:?}");
}

#[test]
fn one_that_is_none_goes_on_as_it_was() {
    let story = Story::assigned("plataforma").after_minutes(5);
    let story = story.when(&person(AGENT), mark()).after_minutes(60);
    assert_eq!(
        refused(&story, AGENT, mark()),
        "Ya está marcada como petición."
    );
    let story = story.when(&person(AGENT), unmark());
    assert_eq!(story.ticket.clocks.forwarding.state, ClockState::Stopped);
    assert_eq!(
        due(&story, ClockKind::Solution),
        story.now + jiff::SignedDuration::from_mins(30)
    );
    assert_eq!(
        refused(&story, AGENT, unmark()),
        "No está marcada como petición."
    );
}

#[test]
fn whom_it_is_passed_on_to_reads_what_comes() {
    let story = Story::assigned("plataforma");
    let to = |email: types::ids::EmailAddress| Command::Forward {
        to: Person {
            email,
            name: "Alguien".to_owned(),
        },
        message: "Les corresponde".to_owned(),
    };
    for (email, why) in [
        (address(REQUESTER), "Es la persona que hizo la petición."),
        (
            address("soportespmic"),
            "soportespmic@uspec.gov.co es un buzón de la Mesa de Ayuda.",
        ),
        (
            address("no-reply"),
            "Nadie lee lo que llega a no-reply@uspec.gov.co.",
        ),
    ] {
        assert_eq!(refused(&story, AGENT, to(email)), why);
    }
    let incident = incident();
    assert!(refused(&incident, GUARD, forward()).starts_with("Es un incidente"));
}

#[test]
fn the_requester_is_told_that_it_was_passed_on_and_nothing_else() {
    let story = passed_on();
    let kinds = |reader: Reader| -> Vec<String> {
        let shown = EventView::all(&story.events, reader);
        let value = |view| serde_json::to_value::<EventView<'_>>(view).unwrap();
        shown
            .map(|view| value(view)["kind"].as_str().unwrap().to_owned())
            .collect()
    };
    let requester = kinds(Reader::Requester);
    assert!(requester.contains(&"forwarded".to_owned()));
    for hidden in ["petition_marked", "petition_unmarked", "forwarding_due"] {
        assert!(!requester.contains(&hidden.to_owned()));
        assert!(kinds(Reader::Staff).contains(&hidden.to_owned()));
    }
    // Objected to, the coordinators hear of it, as where it is declined.
    assert!(mails(&story).contains(&MailKind::DeclineObjectedTo));
    let _ = IncidentKind::ALL;
}

proptest! {
    /// Days are counted one by one, whatever the hour: an independent reckoning.
    #[test]
    fn working_days_are_counted_from_the_day_after(
        day in 0_i64..1_500,
        minute in 0_i64..1_440,
        days in 1_u32..40,
    ) {
        let calendar = CATALOGUE.calendar(&"habil".into()).unwrap();
        let from = at_local("2025-01-01T00:00")
            + jiff::SignedDuration::from_mins(day * 1_440 + minute);
        let end = calendar.end_of_working_day(from, days).unwrap();
        let zone = calendar.time_zone();
        let mut date: Date = zone.to_datetime(from).date();
        let mut left = days;
        while left > 0 {
            date = date.tomorrow().unwrap();
            if calendar.closed(date).is_none() {
                left -= 1;
            }
        }
        let reckoned = date.at(17, 0, 0, 0).in_tz("America/Bogota").unwrap();
        prop_assert_eq!(end, reckoned.timestamp());
    }
}
