//! Given: tickets that came to be by the rules and commits of the product, at
//! whatever time a test says.

use std::sync::atomic::{AtomicU64, Ordering};

use cloud::store::{Commit, Guards};
use types::command::{Application, Command, NewTicket, Setting, WhenAway, admit, decide};
use types::effects::{Effect, QueueName};
use types::ids::{CategoryId, ProviderId, TicketId, TicketNumber};
use types::message::Doorbell;
use types::permission::Actor;
use types::ticket::{Channel, Event, Person, Request, Ticket, apply_all};
use types::{SignedDuration, Timestamp};
use ulid::Ulid;

use crate::people::{AGENT, ANA, OFFICER, actor, address, person};
use crate::world::World;

/// A Monday to come, 08:00 in Bogotá: what a timer says of it holds, whatever
/// the day of the test.
///
/// # Panics
/// Never.
pub fn monday() -> Timestamp {
    "2030-02-04T13:00:00Z".parse().unwrap()
}

/// The id of a ticket: of two of the same time, the later is the later registered.
fn next_id(now: Timestamp) -> TicketId {
    static REGISTERED: AtomicU64 = AtomicU64::new(0);
    let place = REGISTERED.fetch_add(1, Ordering::Relaxed);
    let random = Ulid::generate().random() & 0xFFFF;
    TicketId::new(now, u128::from(place) << 16 | random)
}

/// The time.
pub fn now() -> Timestamp {
    cloud::clock::now()
}

/// A ticket. What its last step owes is owed; what the steps before it owed has
/// been taken care of.
#[derive(Clone)]
pub struct Case {
    pub(crate) world: World,
    pub id: TicketId,
    pub number: TicketNumber,
    /// When the next step is taken.
    pub now: Timestamp,
}

impl World {
    /// A request of Ana's, registered now.
    pub async fn registered(&self, category: &str) -> Case {
        self.registered_at(category, cloud::clock::now()).await
    }

    /// A request of Ana's, registered at a time.
    pub async fn registered_at(&self, category: &str, now: Timestamp) -> Case {
        self.registers(application(category), now).await
    }

    /// A request, registered by its requester.
    pub async fn registers(&self, application: Application, now: Timestamp) -> Case {
        let requester = application.request.requester.person.email.clone();
        self.registers_by(requester.as_str(), application, now)
            .await
    }

    /// A request, registered by somebody for its requester.
    pub async fn registers_by(&self, who: &str, application: Application, now: Timestamp) -> Case {
        let stored = self.desk.store.catalogue().await.unwrap();
        let catalogue = &*stored.catalogue;
        let who = actor(who, catalogue);
        let admission = admit(application, &who, Setting { now, catalogue }).unwrap();
        let number = self.desk.store.take_number().await.unwrap();
        let id = next_id(now);
        let NewTicket { ticket, events } = admission.register(id, number);
        self.commits(None, &ticket, &events).await;
        Case {
            world: self.clone(),
            id,
            number,
            now,
        }
    }

    async fn commits(&self, before: Option<&Ticket>, after: &Ticket, events: &[Event]) {
        let commit = Commit {
            before,
            after,
            events,
            guards: &Guards::default(),
        };
        self.desk.store.commit(&commit).await.unwrap();
    }

    /// A ticket that somebody of the desk is responsible for.
    pub async fn assigned(&self, category: &str) -> Case {
        self.registered(category).await.assigned_to(AGENT).await
    }

    /// A ticket that was escalated to an officer.
    pub async fn escalated(&self, category: &str) -> Case {
        self.assigned(category).await.escalated().await
    }

    /// A ticket that was solved.
    pub async fn solved(&self, category: &str) -> Case {
        self.assigned(category).await.solved().await
    }
}

impl Case {
    /// Lets time pass before the next step.
    #[must_use]
    pub fn later(mut self, minutes: i64) -> Self {
        self.now += SignedDuration::from_mins(minutes);
        self
    }

    /// What was owed so far is done; somebody, by his address, carries out a
    /// command that the rules allow.
    ///
    /// # Panics
    /// When they do not.
    pub async fn when(self, who: &str, command: Command) -> Self {
        let stored = self.world.desk.store.catalogue().await.unwrap();
        let who = actor(who, &stored.catalogue);
        self.when_actor(&who, command).await
    }

    /// The same by whoever it is.
    ///
    /// # Panics
    /// When the rules do not allow it.
    pub async fn when_actor(self, who: &Actor, command: Command) -> Self {
        // On the heap: a test has a small stack, and many of these.
        Box::pin(async move { self.settled().await.carries_out(who, command).await }).await
    }

    /// Somebody carries out a command, and what was owed so far still is.
    ///
    /// # Panics
    /// When the rules do not allow it.
    pub async fn when_owing(self, who: &str, command: Command) -> Self {
        let stored = self.world.desk.store.catalogue().await.unwrap();
        let who = actor(who, &stored.catalogue);
        Box::pin(self.carries_out(&who, command)).await
    }

    async fn carries_out(self, who: &Actor, command: Command) -> Self {
        let case = self;
        let store = &case.world.desk.store;
        let stored = store.catalogue().await.unwrap();
        let before = store.ticket(case.id).await.unwrap().unwrap();
        let setting = Setting {
            now: case.now,
            catalogue: &stored.catalogue,
        };
        let events = decide(&before, &command, who, setting);
        let events = events.unwrap_or_else(|e| panic!("{command:?}: {e:?}"));
        let mut after = before.clone();
        apply_all(&mut after, &events);
        case.world.commits(Some(&before), &after, &events).await;
        case
    }

    /// All that is owed has been taken care of.
    pub async fn settled(self) -> Self {
        let store = &self.world.desk.store;
        for doorbell in store.owed(self.id).await.unwrap() {
            if let Doorbell::Outbox {
                ticket,
                seq,
                effect,
            } = doorbell
            {
                let row = cloud::store::OutboxKey {
                    ticket,
                    seq,
                    effect,
                };
                store.finish_outbox(row).await.unwrap();
            }
        }
        self
    }

    /// The path of one of its routes.
    pub fn path(&self, rest: &str) -> String {
        format!("/tickets/{}{rest}", self.number.0)
    }

    /// An agent is chosen.
    pub async fn assigned_to(self, agent: &str) -> Self {
        let stored = self.world.desk.store.catalogue().await.unwrap();
        let agent = person(agent, &stored.catalogue);
        let away = vec![];
        self.when_actor(&Actor::System, Command::AssignAutomatically { agent, away })
            .await
    }

    /// It goes to the officer.
    pub async fn escalated(self) -> Self {
        let command = Command::Escalate {
            officer: address(OFFICER),
            justification: "Servidor caído".to_owned(),
            away: WhenAway::Ask,
        };
        self.when(AGENT, command).await
    }

    /// The officer asks the provider for support.
    pub async fn at_provider(self) -> Self {
        let command = Command::RequestProvider {
            provider: ProviderId::from("redes_externo"),
            message: "Favor revisar el enlace".to_owned(),
        };
        self.when(OFFICER, command).await
    }

    /// The agent solves it.
    pub async fn solved(self) -> Self {
        let command = Command::Resolve {
            solution: "Se reinició el servicio".to_owned(),
        };
        self.when(AGENT, command).await
    }

    /// The agent waits for the requester.
    pub async fn held(self) -> Self {
        let command = Command::Hold {
            note: "Falta el número de inventario".to_owned(),
        };
        self.when(AGENT, command).await
    }

    /// The doorbell of a row that it owes.
    pub fn owes(&self, seq: u64, effect: Effect) -> Doorbell {
        Doorbell::Outbox {
            ticket: self.id,
            seq,
            effect,
        }
    }

    /// The doorbell of its timer, found due at `at`.
    pub fn timer(&self, at: Timestamp, queue: QueueName) -> Doorbell {
        Doorbell::Timer {
            ticket: self.id,
            at,
            queue,
        }
    }
}

/// What Ana asks for.
pub fn application(category: &str) -> Application {
    let requester = Person {
        email: address(ANA),
        name: "Ana Pérez".to_owned(),
    };
    Application {
        request: Request::new(
            "No abre el correo".to_owned(),
            "Desde hoy no abre el correo.".to_owned(),
            Channel::Web,
            requester,
        ),
        category: CategoryId::from(category),
        links: vec![],
    }
}
