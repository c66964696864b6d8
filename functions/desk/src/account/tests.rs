//! The account of histories that a person can check.

use std::sync::LazyLock;

use serde_json::json;

use types::Timestamp;
use types::account::{ClockExplained, ClocksExplained};
use types::catalogue::{Catalogue, CatalogueDocument};
use types::clock::ClockKind;
use types::command::{Application, Command, Setting, WhenAway, admit, decide};
use types::ids::{CalendarId, CategoryId, EmailAddress, TicketId, TicketNumber};
use types::permission::{Actor, Caller};
use types::problem::Problem;
use types::ticket::{Channel, Person, Request, Ticket, apply};
use types::view::Reader;

use super::{UnknownCalendar, account};

/// The shipped catalogue with more calendars, and a category for each.
static CATALOGUE: LazyLock<Catalogue> =
    LazyLock::new(|| Catalogue::new(document("08:00-12:00")).unwrap());

/// The same once a coordinator has changed the hours of one.
static CHANGED: LazyLock<Catalogue> =
    LazyLock::new(|| Catalogue::new(document("09:00-12:00")).unwrap());

fn document(morning: &str) -> CatalogueDocument {
    let mut document = Catalogue::shipped().unwrap().document().clone();
    let day = [morning, "14:00-18:00"];
    let calendars = json!({
        "almuerzo": {
            "time_zone": "America/Bogota",
            "holidays": "colombia",
            "hours": {
                "monday": day, "tuesday": day, "wednesday": day, "thursday": day,
                "friday": [morning, "13:00-15:00"], "saturday": [morning],
            },
            "closures": [
                {"name": "Inventario", "from": "2026-12-14"},
                {"name": "Receso de fin de año", "from": "12-24", "to": "01-02", "yearly": true},
                {"name": "Mudanza", "from": "2025-01-07", "to": "2025-01-09"},
            ],
        },
        "noche": {
            "time_zone": "America/New_York",
            "hours": {"sunday": ["00:00-06:00"], "saturday": ["22:00-24:00"]},
        },
    });
    document
        .calendars
        .append(&mut serde_json::from_value(calendars).unwrap());
    for (category, calendar, minutes) in [
        ("redes", "habil", 30),
        ("plataforma", "habil", 240),
        ("aplicaciones", "almuerzo", 600),
        ("ofimatica", "24x7", 30),
        ("desarrollo_software", "noche", 540),
    ] {
        let found = document.categories.iter_mut();
        let mut found = found.filter(|c| c.id == CategoryId::from(category));
        let category = found.next().unwrap();
        category.calendar = CalendarId::from(calendar);
        category.solution_minutes = minutes;
    }
    document
}

fn caller(local: &str) -> Caller {
    let email = EmailAddress::parse(&format!("{local}@uspec.gov.co")).unwrap();
    Caller::identify(email, None, &CATALOGUE, &["uspec.gov.co".to_owned()])
}

fn agent() -> Person {
    let Caller { email, name, .. } = caller("agente1.soporte");
    Person { email, name }
}

/// A time; one without an offset is Bogotá's.
fn time(text: &str) -> Timestamp {
    text.parse()
        .or_else(|_| format!("{text}-05:00").parse())
        .unwrap()
}

fn setting(now: Timestamp) -> Setting<'static> {
    Setting {
        now,
        catalogue: &CATALOGUE,
    }
}

fn registered(category: &str, now: Timestamp) -> Ticket {
    let requester = caller("ana.perez");
    let application = Application {
        request: Request::new(
            "Sin red".to_owned(),
            "No hay red.".to_owned(),
            Channel::Web,
            requester.person(),
        ),
        category: CategoryId::from(category),
        links: vec![],
    };
    let admission = admit(application, &Actor::Person(requester), setting(now)).unwrap();
    admission
        .register(TicketId::new(now, 1), TicketNumber(7))
        .ticket
}

fn command(word: &str) -> (Actor, Command) {
    let coordinator = || Actor::Person(caller("coordinador.mesa"));
    let officer = || Actor::Person(caller("oficial1.tecnologia"));
    let text = || "Nota".to_owned();
    match word {
        "assign" => (
            Actor::System,
            Command::AssignAutomatically {
                agent: agent(),
                away: vec![],
            },
        ),
        "contact" => (coordinator(), Command::Contact { note: text() }),
        "hold" => (coordinator(), Command::Hold { note: text() }),
        "resume" => (coordinator(), Command::Resume { note: None }),
        "escalate" => (
            coordinator(),
            Command::Escalate {
                officer: caller("oficial1.tecnologia").email,
                justification: text(),
                away: WhenAway::Ask,
            },
        ),
        "return" => (officer(), Command::Return { note: text() }),
        "provider" => (
            officer(),
            Command::RequestProvider {
                provider: "redes_externo".into(),
                message: text(),
            },
        ),
        "resolve" => (coordinator(), Command::Resolve { solution: text() }),
        "reject" => (
            Actor::Person(caller("ana.perez")),
            Command::Reject { reason: text() },
        ),
        "expire" => (Actor::System, Command::ExpireValidation),
        "steps" => (Actor::System, Command::FireSteps),
        category => (
            coordinator(),
            Command::Recategorise {
                category: CategoryId::from(category),
            },
        ),
    }
}

/// A ticket of a category, registered when the first thing happened to it.
/// One thing a line: a time and a command, or another category.
fn ticket(category: &str, story: &str) -> Ticket {
    let mut lines = story.trim().lines().map(str::trim).peekable();
    let (start, _) = lines.peek().unwrap().split_once(' ').unwrap();
    let mut ticket = registered(category, time(start));
    for line in lines {
        let (at, words) = line.split_once(' ').unwrap();
        for word in words.split_whitespace() {
            let (actor, command) = command(word);
            for event in decide(&ticket, &command, &actor, setting(time(at))).unwrap() {
                apply(&mut ticket, &event);
            }
        }
    }
    ticket
}

fn explained<'a>(ticket: &'a Ticket, now: &str, catalogue: &'a Catalogue) -> ClocksExplained<'a> {
    let setting = Setting {
        now: time(now),
        catalogue,
    };
    account(ticket, Reader::Staff, setting).unwrap()
}

fn of<'a, 'b>(clocks: &'b ClocksExplained<'a>, kind: ClockKind) -> &'b ClockExplained<'a> {
    match kind {
        ClockKind::Attention => &clocks.attention,
        ClockKind::Solution => &clocks.solution,
        ClockKind::Waiting => clocks.waiting.as_ref().unwrap(),
        ClockKind::Provider => clocks.provider.as_ref().unwrap(),
        ClockKind::Validation => &clocks.validation,
        ClockKind::CsirtReport => clocks.csirt_report.as_ref().unwrap(),
        ClockKind::SicReport => clocks.sic_report.as_ref().unwrap(),
        ClockKind::Forwarding => clocks.forwarding.as_ref().unwrap(),
    }
}

/// What the text says after the rule, which is the same for every ticket of a
/// category; and that the figures add up.
#[track_caller]
fn check_in(catalogue: &Catalogue, ticket: &Ticket, kind: ClockKind, now: &str, account: &str) {
    let clocks = explained(ticket, now, catalogue);
    let clock = of(&clocks, kind);
    let told: Vec<_> = clock.explanation.lines().skip(2).collect();
    let expected: Vec<_> = account.trim().lines().map(str::trim).collect();
    assert_eq!(told, expected, "{}", told.join("\n"));
    let counted = clock.segments.iter().filter(|s| s.counted);
    let counted: u64 = counted.map(|s| s.working_seconds).sum();
    assert_eq!(clock.used_seconds, counted);
    assert_eq!(
        clock.left_seconds,
        clock.limit_seconds.saturating_sub(counted)
    );
}

#[track_caller]
fn check(ticket: &Ticket, kind: ClockKind, now: &str, account: &str) {
    check_in(&CATALOGUE, ticket, kind, now, account);
}

#[test]
fn a_friday_afternoon() {
    let ticket = ticket("redes", "2026-11-20T16:55 assign");
    let clocks = explained(&ticket, "2026-11-20T16:57", &CATALOGUE);
    assert_eq!(
        serde_json::to_value(&clocks.attention).unwrap(),
        json!({
            "state": "running",
            "calendar": "habil",
            "limit_seconds": 900,
            "segments": [
                {
                    "from": "2026-11-20T21:55:00Z", "to": null, "counted": true,
                    "working_seconds": 120,
                },
            ],
            "used_seconds": 120,
            "left_seconds": 780,
            "due_at": "2026-11-23T13:10:00Z",
            "met_at": null,
            "breached": false,
            "steps": [
                {
                    "percent": 80, "tells": "responsible",
                    "at": "2026-11-23T13:07:00Z", "fired_at": null,
                },
                {
                    "percent": 100, "tells": "coordinator",
                    "at": "2026-11-23T13:10:00Z", "fired_at": null,
                },
                {
                    "percent": 200, "tells": "head",
                    "at": "2026-11-23T13:25:00Z", "fired_at": null,
                },
            ],
            "explanation": "\
        El tiempo de atención va del registro al primer contacto de la Mesa de Ayuda; \
su límite es de 15 minutos de tiempo hábil.
Corre en este horario: lunes a viernes de 08:00 a 17:00, \
hora de America/Bogota, sin los festivos de Colombia.
Empezó el viernes 20 de noviembre de 2026 a las 16:55.
La cuenta hasta ahora:
- viernes 20 de noviembre: 16:55 a 16:57 (2 min)
Usado: 2 min; restante: 13 min.
Lo que falta para el vencimiento:
- viernes 20 de noviembre: 16:57 a 17:00 (3 min)
- sábado 21 y domingo 22 de noviembre: no cuentan (fin de semana)
- lunes 23 de noviembre: 08:00 a 08:10 (10 min)
Vence el lunes 23 de noviembre de 2026 a las 08:10.",
        })
    );
    // Nothing counts on Sunday, whenever one asks.
    check(
        &ticket,
        ClockKind::Attention,
        "2026-11-22T12:00",
        "Empezó el viernes 20 de noviembre de 2026 a las 16:55.
        La cuenta hasta ahora:
        - viernes 20 de noviembre: 16:55 a 17:00 (5 min)
        Usado: 5 min; restante: 10 min.
        Lo que falta para el vencimiento:
        - sábado 21 y domingo 22 de noviembre: no cuentan (fin de semana)
        - lunes 23 de noviembre: 08:00 a 08:10 (10 min)
        Vence el lunes 23 de noviembre de 2026 a las 08:10.",
    );
}

#[test]
fn late() {
    let open = ticket("redes", "2026-11-20T16:55 assign");
    check(
        &open,
        ClockKind::Attention,
        "2026-11-23T08:22",
        "Empezó el viernes 20 de noviembre de 2026 a las 16:55.
        La cuenta hasta ahora:
        - viernes 20 de noviembre: 16:55 a 17:00 (5 min)
        - sábado 21 y domingo 22 de noviembre: no cuentan (fin de semana)
        - lunes 23 de noviembre: 08:00 a 08:22 (22 min)
        Usado: 27 min, 12 min más que el límite.
        Venció el lunes 23 de noviembre de 2026 a las 08:10.",
    );
    let met = ticket(
        "redes",
        "2026-11-20T16:55 assign
        2026-11-23T08:22 contact",
    );
    check(
        &met,
        ClockKind::Attention,
        "2026-12-23T12:00",
        "Empezó el viernes 20 de noviembre de 2026 a las 16:55.
        La cuenta:
        - viernes 20 de noviembre: 16:55 a 17:00 (5 min)
        - sábado 21 y domingo 22 de noviembre: no cuentan (fin de semana)
        - lunes 23 de noviembre: 08:00 a 08:22 (22 min)
        Usado: 27 min, 12 min más que el límite.
        Se cumplió el lunes 23 de noviembre de 2026 a las 08:22, con 12 min de tiempo hábil de retraso. Había vencido el lunes 23 de noviembre de 2026 a las 08:10.",
    );
    let clocks = explained(&met, "2026-12-23T12:00", &CATALOGUE);
    assert!(clocks.attention.breached);
}

#[test]
fn in_time() {
    let met = ticket(
        "ofimatica",
        "2026-11-20T23:55:30 assign
        2026-11-21T00:05 contact",
    );
    check(
        &met,
        ClockKind::Attention,
        "2026-11-25T12:00",
        "Empezó el viernes 20 de noviembre de 2026 a las 23:55:30.
        La cuenta:
        - viernes 20 de noviembre: 23:55:30 a 24:00 (4 min 30 s)
        - sábado 21 de noviembre: 00:00 a 00:05 (5 min)
        Usado: 9 min 30 s; restante: 5 min 30 s.
        Se cumplió el sábado 21 de noviembre de 2026 a las 00:05, a tiempo. Vencía el sábado 21 de noviembre de 2026 a las 00:10:30.",
    );
}

/// All Saints' 2026 is kept on Monday, 2 November.
#[test]
fn a_long_weekend() {
    let running = ticket("redes", "2026-10-30T16:40 assign");
    check(
        &running,
        ClockKind::Solution,
        "2026-10-30T18:00",
        "Empezó el viernes 30 de octubre de 2026 a las 16:40.
        La cuenta hasta ahora:
        - viernes 30 de octubre: 16:40 a 17:00 (20 min)
        Usado: 20 min; restante: 10 min.
        Lo que falta para el vencimiento:
        - sábado 31 de octubre y domingo 1 de noviembre: no cuentan (fin de semana)
        - lunes 2 de noviembre: no cuenta (festivo: Día de Todos los Santos)
        - martes 3 de noviembre: 08:00 a 08:10 (10 min)
        Vence el martes 3 de noviembre de 2026 a las 08:10.",
    );
    let story = "2026-10-30T16:40 assign contact
        2026-10-30T16:47 hold";
    check(
        &ticket("redes", story),
        ClockKind::Solution,
        "2026-11-01T12:00",
        "Empezó el viernes 30 de octubre de 2026 a las 16:40.
        La cuenta hasta ahora:
        - viernes 30 de octubre: 16:40 a 16:47 (7 min)
        - desde el viernes 30 de octubre a las 16:47 (en pausa: no cuenta)
        Usado: 7 min; restante: 23 min.
        En pausa no vence: cuando se reanude, quedarán 23 min.",
    );
    let story = format!("{story}\n2026-11-03T16:50 resume");
    check(
        &ticket("redes", &story),
        ClockKind::Solution,
        "2026-11-03T16:50",
        "Empezó el viernes 30 de octubre de 2026 a las 16:40.
        La cuenta hasta ahora:
        - viernes 30 de octubre: 16:40 a 16:47 (7 min)
        - del viernes 30 de octubre a las 16:47 al martes 3 de noviembre a las 16:50 (en pausa: no cuenta)
        Usado: 7 min; restante: 23 min.
        Lo que falta para el vencimiento:
        - martes 3 de noviembre: 16:50 a 17:00 (10 min)
        - miércoles 4 de noviembre: 08:00 a 08:13 (13 min)
        Vence el miércoles 4 de noviembre de 2026 a las 08:13.",
    );
}

#[test]
fn lunch_closures_and_the_turn_of_the_year() {
    let ticket = ticket("aplicaciones", "2026-12-23T11:00 assign");
    let clocks = explained(&ticket, "2026-12-23T11:00", &CATALOGUE);
    let hours = clocks.solution.explanation.lines().nth(1).unwrap();
    assert_eq!(
        hours,
        "Corre en este horario: lunes a jueves de 08:00 a 12:00 y de 14:00 a \
         18:00; viernes de 08:00 a 12:00 y de 13:00 a 15:00; sábado de 08:00 a 12:00, hora de \
         America/Bogota, sin los festivos de Colombia; cierres: Receso de fin de año (24 de \
         diciembre a 2 de enero, cada año)."
    );
    check(
        &ticket,
        ClockKind::Solution,
        "2026-12-23T11:00",
        "Empezó el miércoles 23 de diciembre de 2026 a las 11:00.
        La cuenta hasta ahora:
        - nada todavía
        Usado: 0 min; restante: 10 h.
        Lo que falta para el vencimiento:
        - miércoles 23 de diciembre: 11:00 a 12:00 y 14:00 a 18:00 (5 h)
        - del jueves 24 de diciembre al sábado 2 de enero de 2027: no cuentan (cierre: Receso de fin de año)
        - domingo 3 de enero de 2027: no cuenta (fin de semana)
        - lunes 4 de enero de 2027: 08:00 a 12:00 y 14:00 a 15:00 (5 h)
        Vence el lunes 4 de enero de 2027 a las 15:00.",
    );
    // Registered after hours: that is said for as long as it explains something.
    let evening = self::ticket("aplicaciones", "2026-12-11T19:00 assign");
    check(
        &evening,
        ClockKind::Attention,
        "2026-12-12T07:00",
        "Empezó el viernes 11 de diciembre de 2026 a las 19:00.
        La cuenta hasta ahora:
        - nada todavía
        Usado: 0 min; restante: 15 min.
        Lo que falta para el vencimiento:
        - viernes 11 de diciembre: 19:00 a 24:00 (fuera del horario: no cuenta)
        - sábado 12 de diciembre: 08:00 a 08:15 (15 min)
        Vence el sábado 12 de diciembre de 2026 a las 08:15.",
    );
}

/// New York's night of 1 November 2026 has the hour from one to two twice.
#[test]
fn a_night_with_an_hour_more() {
    let ticket = ticket("desarrollo_software", "2026-10-31T22:30-04:00 assign");
    check(
        &ticket,
        ClockKind::Solution,
        "2026-11-01T01:30-05:00",
        "Empezó el sábado 31 de octubre de 2026 a las 22:30.
        La cuenta hasta ahora:
        - sábado 31 de octubre: 22:30 a 24:00 (1 h 30 min)
        - domingo 1 de noviembre: 00:00 a 01:30, con cambio de hora (2 h 30 min)
        Usado: 4 h; restante: 5 h.
        Lo que falta para el vencimiento:
        - domingo 1 de noviembre: 01:30 a 06:00 (4 h 30 min)
        - del lunes 2 de noviembre al viernes 6 de noviembre: no cuentan (no hay horario)
        - sábado 7 de noviembre: 22:00 a 22:30 (30 min)
        Vence el sábado 7 de noviembre de 2026 a las 22:30.",
    );
}

#[test]
fn an_officer_starts_afresh() {
    let story = "2026-11-23T08:00 assign
        2026-11-23T08:10 hold
        2026-11-23T08:20 resume
        2026-11-23T08:25 escalate";
    let account = "Empezó de nuevo el lunes 23 de noviembre de 2026 a las 08:25, al escalarse a la Oficina de Tecnología. Lo que corrió del lunes 23 de noviembre de 2026 a las 08:00 al lunes 23 de noviembre de 2026 a las 08:25 ya no cuenta.
        La cuenta hasta ahora:
        - lunes 23 de noviembre: 08:25 a 08:30 (5 min)
        Usado: 5 min; restante: 25 min.
        Lo que falta para el vencimiento:
        - lunes 23 de noviembre: 08:30 a 08:55 (25 min)
        Vence el lunes 23 de noviembre de 2026 a las 08:55.";
    let escalated = ticket("redes", story);
    check(&escalated, ClockKind::Solution, "2026-11-23T08:30", account);
    let clocks = explained(&escalated, "2026-11-23T08:30", &CATALOGUE);
    let segments = clocks.solution.segments.iter();
    let segments: Vec<_> = segments.map(|s| (s.counted, s.working_seconds)).collect();
    assert_eq!(
        segments,
        [(false, 600), (false, 600), (false, 300), (true, 300)]
    );
    // A pause of the officer's leaves the warnings without a time.
    let waiting = ticket("redes", &format!("{story}\n2026-11-23T08:30 provider"));
    let clocks = explained(&waiting, "2026-11-23T09:00", &CATALOGUE);
    let steps = clocks.solution.steps.unwrap();
    assert_eq!(steps.len(), 3);
    assert!(steps.iter().all(|step| step.at.is_none()), "{steps:?}");
}

#[test]
fn another_category() {
    let story = "2026-11-23T08:00 assign
        2026-11-23T08:31 steps plataforma";
    check(
        &ticket("redes", story),
        ClockKind::Solution,
        "2026-11-23T12:00",
        "Empezó el lunes 23 de noviembre de 2026 a las 08:00.
        La cuenta hasta ahora:
        - lunes 23 de noviembre: 08:00 a 08:31 (31 min)
        - lunes 23 de noviembre a las 08:31 cambió la categoría; lo usado sigue contando
        - lunes 23 de noviembre: 08:31 a 12:00 (3 h 29 min)
        Usado: 4 h; restante: 0 min.
        Vence el lunes 23 de noviembre de 2026 a las 12:00.",
    );
    // By another calendar, and to a limit that is spent already.
    let story = "2026-11-20T16:00 assign
        2026-11-20T18:00 ofimatica";
    check(
        &ticket("redes", story),
        ClockKind::Solution,
        "2026-11-20T18:30",
        "Empezó el viernes 20 de noviembre de 2026 a las 16:00.
        La cuenta hasta ahora:
        - en este horario: lunes a viernes de 08:00 a 17:00, hora de America/Bogota, sin los festivos de Colombia
        - viernes 20 de noviembre: 16:00 a 17:00 (1 h)
        - viernes 20 de noviembre a las 18:00 cambió la categoría; lo usado sigue contando
        - en este horario: todos los días, las 24 horas (aquí, en hora de America/Bogota)
        - viernes 20 de noviembre: 18:00 a 18:30 (30 min)
        Usado: 1 h 30 min, 1 h más que el límite.
        Lo usado llegó al límite el viernes 20 de noviembre de 2026 a las 16:30; cuando siguió contando, el viernes 20 de noviembre de 2026 a las 18:00, ya no quedaba nada.",
    );
}

#[test]
fn reopened() {
    let story = "2026-11-23T08:00 assign
        2026-11-23T08:25 resolve
        2026-11-23T10:00 reject";
    let reopened = ticket("redes", story);
    check(
        &reopened,
        ClockKind::Solution,
        "2026-11-23T10:01",
        "Empezó de nuevo el lunes 23 de noviembre de 2026 a las 10:00, con una asignación, un escalamiento, una devolución o una reapertura. Lo que corrió del lunes 23 de noviembre de 2026 a las 08:00 al lunes 23 de noviembre de 2026 a las 08:25 ya no cuenta.
        La cuenta hasta ahora:
        - lunes 23 de noviembre: 10:00 a 10:01 (1 min)
        Usado: 1 min; restante: 29 min.
        Lo que falta para el vencimiento:
        - lunes 23 de noviembre: 10:01 a 10:30 (29 min)
        Vence el lunes 23 de noviembre de 2026 a las 10:30.",
    );
    check(
        &reopened,
        ClockKind::Validation,
        "2026-11-23T10:01",
        "Empezó el lunes 23 de noviembre de 2026 a las 08:25.
        La cuenta:
        - lunes 23 de noviembre: 08:25 a 10:00 (1 h 35 min)
        Usado: 1 h 35 min; restante: 7 h 25 min.
        Se detuvo el lunes 23 de noviembre de 2026 a las 10:00, porque la solicitud se reabrió: ya no vence.",
    );
    let story = format!("{story}\n2026-11-23T10:02 resolve\n2026-11-24T10:05 expire");
    check(
        &ticket("redes", &story),
        ClockKind::Validation,
        "2026-12-01T08:00",
        "Empezó de nuevo el lunes 23 de noviembre de 2026 a las 10:02, con una nueva solución. Lo que corrió del lunes 23 de noviembre de 2026 a las 08:25 al lunes 23 de noviembre de 2026 a las 10:00 ya no cuenta.
        La cuenta:
        - lunes 23 de noviembre: 10:02 a 17:00 (6 h 58 min)
        - martes 24 de noviembre: 08:00 a 10:05 (2 h 5 min)
        Usado: 9 h 3 min, 3 min más que el límite.
        Venció sin respuesta el martes 24 de noviembre de 2026 a las 10:02, y la solicitud se cerró el martes 24 de noviembre de 2026 a las 10:05.",
    );
}

#[test]
fn what_has_not_begun() {
    let ticket = registered("redes", time("2026-11-20T16:55"));
    let clocks = explained(&ticket, "2026-11-20T16:56", &CATALOGUE);
    let solution = &clocks.solution;
    assert_eq!(
        solution.explanation,
        "El tiempo de solución va de la asignación de quien está a cargo a la solución; su \
         límite es de 30 minutos.\nTodavía no ha empezado."
    );
    assert_eq!(
        (
            solution.calendar,
            solution.limit_seconds,
            solution.left_seconds
        ),
        (None, 1800, 1800)
    );
    assert!(solution.segments.is_empty() && solution.used_seconds == 0);
}

#[test]
fn a_limit_spent_before_a_pause() {
    let story = "2026-11-23T08:00 assign
        2026-11-23T08:40 hold";
    check(
        &ticket("redes", story),
        ClockKind::Solution,
        "2026-11-23T09:00",
        "Empezó el lunes 23 de noviembre de 2026 a las 08:00.
        La cuenta hasta ahora:
        - lunes 23 de noviembre: 08:00 a 08:40 (40 min)
        - desde el lunes 23 de noviembre a las 08:40 (en pausa: no cuenta)
        Usado: 40 min, 10 min más que el límite.
        Lo usado llegó al límite el lunes 23 de noviembre de 2026 a las 08:30; ahora está en pausa.",
    );
}

#[test]
fn long_accounts_are_folded() {
    let ticket = ticket("plataforma", "2026-10-01T12:00 assign");
    check(
        &ticket,
        ClockKind::Solution,
        "2026-11-20T12:00",
        "Empezó el jueves 1 de octubre de 2026 a las 12:00.
        La cuenta hasta ahora:
        - jueves 1 de octubre: 12:00 a 17:00 (5 h)
        - viernes 2 de octubre: 08:00 a 17:00 (9 h)
        - sábado 3 y domingo 4 de octubre: no cuentan (fin de semana)
        - lunes 5 de octubre: 08:00 a 17:00 (9 h)
        - martes 6 de octubre: 08:00 a 17:00 (9 h)
        - miércoles 7 de octubre: 08:00 a 17:00 (9 h)
        - jueves 8 de octubre: 08:00 a 17:00 (9 h)
        - entre tanto, en resumen: 23 tramos (207 h) y 12 días que no cuentan
        - viernes 13 de noviembre: 08:00 a 17:00 (9 h)
        - sábado 14 y domingo 15 de noviembre: no cuentan (fin de semana)
        - lunes 16 de noviembre: no cuenta (festivo: Independencia de Cartagena)
        - martes 17 de noviembre: 08:00 a 17:00 (9 h)
        - miércoles 18 de noviembre: 08:00 a 17:00 (9 h)
        - jueves 19 de noviembre: 08:00 a 17:00 (9 h)
        - viernes 20 de noviembre: 08:00 a 12:00 (4 h)
        Usado: 297 h, 293 h más que el límite.
        Venció el jueves 1 de octubre de 2026 a las 16:00.",
    );
}

#[test]
fn parts_of_a_second() {
    let ticket = ticket(
        "redes",
        "2026-11-20T16:55:12.345 assign
        2026-11-20T16:58:00.5 hold
        2026-11-20T16:59:00.75 resume",
    );
    check(
        &ticket,
        ClockKind::Solution,
        "2026-11-23T08:00:01.5",
        "Empezó el viernes 20 de noviembre de 2026 a las 16:55:12.
        La cuenta hasta ahora:
        - viernes 20 de noviembre: 16:55:12 a 16:58:00 (2 min 48 s)
        - viernes 20 de noviembre: 16:58:00 a 16:59:00 (en pausa: no cuenta)
        - viernes 20 de noviembre: 16:59:00 a 17:00 (59 s)
        - sábado 21 y domingo 22 de noviembre: no cuentan (fin de semana)
        - lunes 23 de noviembre: 08:00 a 08:00:01 (1 s)
        Usado: 3 min 48 s; restante: 26 min 12 s.
        Lo que falta para el vencimiento:
        - lunes 23 de noviembre: 08:00:01 a 08:26:12 (26 min 12 s)
        Vence el lunes 23 de noviembre de 2026 a las 08:26:12.
        Cada tramo se cuenta en segundos enteros; la fracción que sobra no se cuenta.",
    );
}

#[test]
fn hours_that_have_changed_since() {
    let story = "2026-11-23T10:00 assign
        2026-11-24T10:00 hold
        2026-11-24T11:00 resume";
    let ticket = ticket("aplicaciones", story);
    check_in(
        &CHANGED,
        &ticket,
        ClockKind::Solution,
        "2026-11-24T11:30",
        "Empezó el lunes 23 de noviembre de 2026 a las 10:00.
        La cuenta hasta ahora:
        - del lunes 23 de noviembre a las 10:00 al martes 24 de noviembre a las 10:00 (8 h, con el horario vigente entonces)
        - martes 24 de noviembre: 10:00 a 11:00 (en pausa: no cuenta)
        - martes 24 de noviembre: 11:00 a 11:30 (30 min)
        Usado: 8 h 30 min; restante: 1 h 30 min.
        Lo que falta para el vencimiento:
        - martes 24 de noviembre: 11:30 a 12:00 y 14:00 a 15:00 (1 h 30 min)
        Vence el martes 24 de noviembre de 2026 a las 15:00.",
    );
    let overnight = self::ticket("aplicaciones", "2026-11-23T14:00 assign");
    check_in(
        &CHANGED,
        &overnight,
        ClockKind::Solution,
        "2026-11-23T15:00",
        "Empezó el lunes 23 de noviembre de 2026 a las 14:00.
        La cuenta hasta ahora:
        - lunes 23 de noviembre: 14:00 a 15:00 (1 h)
        Usado: 1 h; restante: 9 h.
        Vence el martes 24 de noviembre de 2026 a las 16:00. Se fijó con el horario que el calendario tenía entonces, que después cambió.",
    );
}

#[test]
fn steps_are_the_desks_business() {
    let ticket = ticket(
        "redes",
        "2026-11-23T08:00 assign\n2026-11-23T08:13 steps contact",
    );
    let setting = setting(time("2026-11-23T08:20"));
    let staff = account(&ticket, Reader::Staff, setting).unwrap();
    // Met: what has fired keeps its time, and the rest has none.
    let times = staff.attention.steps.iter().flatten();
    let times: Vec<_> = times.map(|s| (s.percent, s.at, s.fired_at)).collect();
    let (at, fired) = (time("2026-11-23T08:12"), time("2026-11-23T08:13"));
    assert_eq!(
        times,
        [
            (80, Some(at), Some(fired)),
            (100, None, None),
            (200, None, None)
        ]
    );
    let requester = account(&ticket, Reader::Requester, setting).unwrap();
    assert_eq!(requester.attention.steps, None);
    assert_eq!(requester.attention.explanation, staff.attention.explanation);
}

#[test]
fn a_calendar_that_is_gone() {
    let ticket = ticket("aplicaciones", "2026-11-23T08:00 assign");
    let shipped = Catalogue::shipped().unwrap();
    let setting = Setting {
        now: time("2026-11-23T09:00"),
        catalogue: &shipped,
    };
    let error = account(&ticket, Reader::Staff, setting).unwrap_err();
    assert_eq!(error, UnknownCalendar(CalendarId::from("almuerzo")));
    assert_eq!(
        error.to_string(),
        "calendar almuerzo is not in the catalogue"
    );
    assert_eq!(Problem::from(error), Problem::Internal);
}
