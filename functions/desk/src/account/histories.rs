//! Accounts of the clocks over random histories: whatever happened to a
//! ticket, the figures add up, and the text says the same as they do.

use std::sync::LazyLock;

use proptest::prelude::*;
use types::account::ClockExplained;
use types::catalogue::Catalogue;
use types::clock::{ClockKind, ClockState};
use types::command::{Command, Setting, admit, decide};
use types::ids::{CalendarId, CategoryId, TicketNumber};
use types::permission::Actor;
use types::ticket::{Ticket, apply};
use types::view::Reader;
use types::{SignedDuration, Timestamp};

use super::account;
use super::world::{COORDINATOR, REQUESTER, application, commands, id, person};

const CATEGORIES: [&str; 3] = ["plataforma", "redes", "cuentas_equipos"];

/// Three categories by three calendars: that of the entity, one that never
/// closes, and one with a lunch break, a closure and daylight saving.
static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(|| catalogue("09:00-14:00"));

/// The same after a coordinator has changed the hours of a calendar.
static CHANGED: LazyLock<Catalogue> = LazyLock::new(|| catalogue("10:00-13:30"));

fn catalogue(morning: &str) -> Catalogue {
    let mut document = super::world::CATALOGUE.document().clone();
    let madrid = toml_calendar(morning);
    document
        .calendars
        .insert(CalendarId::from("madrid"), madrid);
    let calendars = ["habil", "24x7", "madrid"];
    for (category, calendar) in CATEGORIES.into_iter().zip(calendars) {
        let category = document
            .categories
            .iter_mut()
            .find(|c| c.id == CategoryId::from(category))
            .unwrap();
        category.calendar = CalendarId::from(calendar);
        category.formats.clear();
        category.solution_minutes = 900;
    }
    Catalogue::new(document).unwrap()
}

fn toml_calendar(morning: &str) -> types::calendar::CalendarDefinition {
    let day = [morning, "15:00-18:00"];
    serde_json::from_value(serde_json::json!({
        "time_zone": "Europe/Madrid",
        "hours": {
            "monday": day, "tuesday": day, "thursday": day, "friday": day,
            "sunday": ["00:00-06:00"],
        },
        "closures": [{"name": "Traslado", "from": "2026-10-28", "to": "2026-10-30"}],
    }))
    .unwrap()
}

/// A command, and how many milliseconds after the one before it.
type Step = (usize, i64);

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let wait = prop_oneof![
        1 => Just(0),
        4 => 0..3_600_000_i64,
        2 => 0..4 * 86_400_000_i64,
        1 => (0..20 * 1440_i64).prop_map(|minutes| minutes * 60_000),
    ];
    proptest::collection::vec((0..all_commands().len(), wait), 1..30)
}

fn all_commands() -> Vec<(Actor, Command)> {
    let ready = commands().into_iter();
    let ready = ready.map(|(_, actor, command)| (actor, command));
    let other = CATEGORIES.map(|category| {
        let category = CategoryId::from(category);
        (person(COORDINATOR), Command::Recategorise { category })
    });
    ready.chain(other).collect()
}

/// Sums up what stands in brackets as `1 h 30 min`.
fn printed_seconds(line: &str) -> u64 {
    line.split('(')
        .skip(1)
        .filter_map(|rest| {
            let (inside, _) = rest.split_once(')')?;
            let duration = inside.split(',').next()?;
            let mut words = duration.split(' ');
            let mut seconds = 0;
            while let Some(number) = words.next() {
                let number: u64 = number.parse().ok()?;
                seconds += number
                    * match words.next()? {
                        "h" => 3600,
                        "min" => 60,
                        "s" => 1,
                        _ => return None,
                    };
            }
            Some(seconds)
        })
        .sum()
}

fn check(ticket: &Ticket, kind: ClockKind, explained: &ClockExplained<'_>) {
    let clock = ticket.clocks.get(kind);
    let text = &explained.explanation;
    let counted = explained.segments.iter().filter(|s| s.counted);
    let counted: u64 = counted.map(|s| s.working_seconds).sum();
    assert_eq!(counted, explained.used_seconds, "{explained:#?}");
    assert_eq!(explained.segments.len(), clock.segments.len());
    assert_eq!(
        explained.left_seconds,
        explained.limit_seconds.saturating_sub(counted)
    );
    assert_eq!(
        (explained.state, explained.due_at),
        (clock.state, clock.due_at)
    );
    if clock.state != ClockState::Running {
        assert_eq!(explained.used_seconds, clock.used_seconds);
        let pending = explained.steps.iter().flatten();
        let mut pending = pending.filter(|step| step.fired_at.is_none());
        assert!(pending.all(|step| step.at.is_none()));
    }
    assert!(text.lines().count() <= 26, "{text}");

    let (past, ahead) = text
        .split_once("\nLo que falta para el vencimiento:\n")
        .map_or((text.as_str(), None), |(past, ahead)| (past, Some(ahead)));
    let items = |text: &str| -> u64 {
        let lines = text.lines().filter(|line| line.starts_with("- "));
        lines.map(printed_seconds).sum()
    };
    assert_eq!(items(past), explained.used_seconds, "{text}");
    if let Some(ahead) = ahead {
        assert_eq!(items(ahead), explained.left_seconds, "{text}");
    }
}

fn check_all(ticket: &Ticket, now: Timestamp, catalogue: &Catalogue) {
    let setting = Setting { now, catalogue };
    let explained = account(ticket, Reader::Staff, setting).unwrap();
    check(ticket, ClockKind::Attention, &explained.attention);
    check(ticket, ClockKind::Solution, &explained.solution);
    check(ticket, ClockKind::Validation, &explained.validation);
}

/// A few histories, so that the tests of a function take no second; as many as
/// `PROPTEST_CASES` says where it says (`.ci/run`).
fn some() -> ProptestConfig {
    let default = ProptestConfig::default();
    ProptestConfig {
        cases: match std::env::var_os("PROPTEST_CASES") {
            Some(_) => default.cases,
            None => 32,
        },
        failure_persistence: None,
        ..default
    }
}

proptest! {
    #![proptest_config(some())]

    #[test]
    fn figures_add_up(
        category in proptest::sample::select(CATEGORIES.to_vec()),
        start in 1_792_500_000_000..1_799_000_000_000_i64,
        steps in steps(),
    ) {
        let mut now = Timestamp::from_millisecond(start).unwrap();
        let setting = |now| Setting { now, catalogue: &CATALOGUE };
        let admission = admit(application(category), &person(REQUESTER), setting(now)).unwrap();
        let mut ticket = admission.register(id(), TicketNumber(1)).ticket;
        for (command, wait) in steps {
            now += SignedDuration::from_millis(wait);
            check_all(&ticket, now, &CATALOGUE);
            let (actor, command) = all_commands().swap_remove(command);
            for event in decide(&ticket, &command, &actor, setting(now)).into_iter().flatten() {
                apply(&mut ticket, &event);
            }
            check_all(&ticket, now, &CATALOGUE);
        }
        check_all(&ticket, now, &CHANGED);
        check_all(&ticket, now + SignedDuration::from_hours(100), &CHANGED);
    }
}
