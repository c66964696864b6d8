//! The model's tables are the product's, for the commands that it uses.

use model::life::Kind;
use types::catalogue::Catalogue;
use types::command::{Application, Command, Setting, admit, decide};
use types::effects::effects;
use types::ids::{CategoryId, EmailAddress, TicketId, TicketNumber};
use types::permission::{Actor, Caller};
use types::ticket::{Channel, Event, Person, Request, State, Ticket, Visibility, apply};
use types::{SignedDuration, Timestamp};

/// The desk on a day of the week.
struct Desk {
    catalogue: Catalogue,
    /// The same, with the agent away.
    deserted: Catalogue,
    now: Timestamp,
}

impl Desk {
    fn open() -> Self {
        let catalogue = Catalogue::shipped().unwrap();
        let mut document = catalogue.document().clone();
        for entry in &mut document.directory {
            entry.available &= entry.email.as_str() != "agente1.soporte@uspec.gov.co";
        }
        Desk {
            catalogue,
            deserted: Catalogue::new(document).unwrap(),
            now: "2026-11-23T13:00:00Z".parse().unwrap(),
        }
    }

    fn setting(&self) -> Setting<'_> {
        self.setting_of(&self.catalogue)
    }

    fn setting_of<'a>(&self, catalogue: &'a Catalogue) -> Setting<'a> {
        Setting {
            now: self.now,
            catalogue,
        }
    }

    fn caller(&self, local: &str) -> Caller {
        let email = EmailAddress::parse(&format!("{local}@uspec.gov.co")).unwrap();
        Caller::identify(email, None, &self.catalogue, &["uspec.gov.co".to_owned()])
    }

    fn person(&self, local: &str) -> Person {
        self.caller(local).person()
    }

    fn register(&self) -> (Ticket, Event) {
        let application = Application {
            request: Request::new(
                "No abre el correo".to_owned(),
                "Desde hoy no abre el correo.".to_owned(),
                Channel::Web,
                self.person("funcionaria"),
            ),
            category: CategoryId::from("plataforma"),
            links: vec![],
        };
        let requester = Actor::Person(self.caller("funcionaria"));
        let admission = admit(application, &requester, self.setting()).unwrap();
        let mut new = admission.register(TicketId::new(self.now, 7), TicketNumber(1));
        (new.ticket, new.events.remove(0))
    }

    /// The command that makes an event of the model, and who gives it.
    fn command(&self, kind: Kind) -> Option<(Actor, Command)> {
        let text = || "Se reinició".to_owned();
        let agent = || Actor::Person(self.caller("agente1.soporte"));
        match kind {
            Kind::Registered => None,
            Kind::Assigned => Some((
                Actor::System,
                Command::AssignAutomatically {
                    agent: self.person("agente1.soporte"),
                    away: vec![],
                },
            )),
            Kind::FollowedUp => Some((
                agent(),
                Command::FollowUp {
                    body: text(),
                    visibility: Visibility::Internal,
                },
            )),
            Kind::Resolved => Some((agent(), Command::Resolve { solution: text() })),
            Kind::Reopened => Some((
                Actor::Person(self.caller("funcionaria")),
                Command::Reject { reason: text() },
            )),
            Kind::Closed => Some((Actor::System, Command::ExpireValidation)),
            Kind::Released => Some((Actor::System, Command::HandOver)),
        }
    }

    /// Gives the command; `None` where the rules forbid it.
    fn give(&self, ticket: &Ticket, kind: Kind) -> Option<(Ticket, Vec<Event>)> {
        let (actor, command) = self.command(kind)?;
        let catalogue = match kind {
            Kind::Released => &self.deserted,
            _ => &self.catalogue,
        };
        let setting = self.setting_of(catalogue);
        let events = decide(ticket, &command, &actor, setting).ok()?;
        let mut after = ticket.clone();
        events.iter().for_each(|event| apply(&mut after, event));
        Some((after, events))
    }
}

/// What an event owes is what the model's event owes.
fn owe_the_same(kind: Kind, event: &Event, ticket: &Ticket) {
    assert_eq!(effects(event, ticket), kind.owes(), "{kind:?}");
}

#[test]
fn the_life_of_the_model_is_the_life_of_a_ticket() {
    let mut desk = Desk::open();
    let (new, event) = desk.register();
    assert_eq!(Kind::Registered.after(None), Some(new.state));
    owe_the_same(Kind::Registered, &event, &new);

    let (assigned, _) = desk.give(&new, Kind::Assigned).unwrap();
    let (solved, _) = desk.give(&assigned, Kind::Resolved).unwrap();
    assert!(
        desk.give(&solved, Kind::Closed).is_none(),
        "it is not due yet"
    );
    desk.now += SignedDuration::from_hours(24 * 30);
    let (closed, _) = desk.give(&solved, Kind::Closed).unwrap();

    let (released, _) = desk.give(&assigned, Kind::Released).unwrap();

    let tickets = [new, assigned, solved, closed, released];
    let states = tickets.each_ref().map(|ticket| ticket.state);
    assert_eq!(
        states,
        [
            State::New,
            State::Assigned,
            State::Solved,
            State::Closed,
            State::New
        ]
    );
    for ticket in &tickets {
        for kind in Kind::ALL {
            let given = desk.give(ticket, kind);
            assert_eq!(
                given.as_ref().map(|(after, _)| after.state),
                kind.after(Some(ticket.state)),
                "{kind:?} in {:?}",
                ticket.state
            );
            if let Some((after, events)) = given {
                assert_eq!(events.len(), 1, "{kind:?} is one event");
                owe_the_same(kind, &events[0], &after);
            }
        }
    }
}
