//! A week of requests in every state, so that whoever starts a desk sees one that
//! lives. They come to be by the product's own rules and commits, only at times
//! that are past; what of them is still open goes on as everything does.

use cloud::aws::{Access, sdk_config};
use cloud::store::{Commit, CommitError, Guards, Store, StoreError};
use emulator::clock::Clock;
use jiff::civil::{Date, Weekday};
use jiff::{SignedDuration, Timestamp, ToSpan, tz::TimeZone};
use template::Function;
use types::catalogue::{Catalogue, Role};
use types::command::{
    Application, Command, NewTicket, Rejection, Setting, WhenAway, admit, decide,
};
use types::ids::{CategoryId, EmailAddress, ProviderId, TicketId};
use types::incident::{Incident, IncidentKind, PersonalData};
use types::legal::{Authority, ReportOutcome};
use types::permission::{Actor, Caller};
use types::ticket::{
    Channel, Event, Person, Request, Requester, State, Ticket, Visibility, WebAction, WebRequest,
    apply_all,
};
use ulid::Ulid;

/// Working days before today that have requests.
const DAYS: usize = 5;

/// Requests of such a day.
const A_DAY: usize = 14;

/// Why there is no sample.
#[derive(Debug, thiserror::Error)]
pub enum SampleError {
    /// What is there is somebody's.
    #[error("the desk has requests already")]
    NotEmpty,
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Commit(#[from] CommitError),
    /// The catalogue's rules do not allow what is told here.
    #[error("the sample does not fit the catalogue: {0}")]
    Refused(String),
}

impl From<Rejection> for SampleError {
    fn from(rejection: Rejection) -> Self {
        SampleError::Refused(rejection.to_string())
    }
}

/// Fills a host's desk.
pub struct Sample {
    store: Store,
    domain: String,
    clock: Clock,
}

impl Sample {
    /// What fills the table of these functions, which this port gives; nothing where
    /// they have none.
    pub(crate) fn of(functions: &[Function], aws_port: u16, clock: Clock) -> Option<Self> {
        let variable = |name| {
            let mut given = functions.iter();
            given.find_map(|function| function.environment.get(name))
        };
        let sdk = sdk_config(Access::local(aws_port));
        let domain = variable("ENTITY_DOMAINS")?.split(',').next()?.trim();
        Some(Sample {
            store: Store::named(&sdk, variable("TABLE_NAME")?.clone()),
            domain: domain.to_owned(),
            clock,
        })
    }

    /// Whether nobody has asked for anything yet.
    pub(crate) async fn is_wanted(&self) -> bool {
        self.store.last_number().await.is_ok_and(|last| last == 0)
    }

    /// Fills the desk, if it is empty. Gives how many requests there are then.
    ///
    /// # Errors
    /// See [`SampleError`].
    pub async fn fill(&self) -> Result<usize, SampleError> {
        fill(&self.store, &self.domain, self.clock.now()).await
    }
}

/// What somebody asks for, and what is answered.
struct Story {
    category: &'static str,
    title: &'static str,
    text: &'static str,
    answer: &'static str,
}

const STORIES: [Story; 14] = [
    Story {
        category: "ofimatica",
        title: "Excel se cierra al abrir la matriz de contratos",
        text: "Desde esta mañana se cierra al abrirla. Los demás libros abren bien.",
        answer: "Se quitó una macro que buscaba una impresora retirada; el libro abre en tres segundos.",
    },
    Story {
        category: "impresion",
        title: "La impresora del piso 3 no imprime a doble cara",
        text: "Imprime, pero por una sola cara aunque se elija doble.",
        answer: "Se actualizó el controlador y quedó doble cara como predeterminado.",
    },
    Story {
        category: "redes",
        title: "El puesto 214 está sin red",
        text: "El computador dice «sin conexión». El del lado sí tiene.",
        answer: "Se cambió el cable y se habilitó el punto en el conmutador.",
    },
    Story {
        category: "plataforma",
        title: "No cargaba el reporte de presupuesto",
        text: "Sale una página en blanco al generar el reporte del mes.",
        answer: "Se renovó el certificado y se borró la memoria del navegador.",
    },
    Story {
        category: "aplicaciones",
        title: "El sistema de correspondencia no deja radicar memorandos",
        text: "Al guardar sale «sesión no válida».",
        answer: "Se asignó de nuevo el permiso de radicación y se probó con un memorando.",
    },
    Story {
        category: "ofimatica",
        title: "La firma digital no aparece en los PDF",
        text: "Firmo y al abrir otra vez el documento no está la firma.",
        answer: "Se actualizó el lector y se instaló la cadena de certificados.",
    },
    Story {
        category: "plataforma",
        title: "La conexión remota pide la contraseña dos veces",
        text: "La acepta la segunda vez, pero tarda mucho.",
        answer: "Se corrigió el perfil guardado y se probó desde afuera.",
    },
    Story {
        category: "impresion",
        title: "El escáner del piso 5 sale torcido",
        text: "Todas las hojas salen inclinadas.",
        answer: "Se limpiaron los rodillos y se calibró el alimentador.",
    },
    Story {
        category: "redes",
        title: "El Wi-Fi de la sala 2 se cae en las reuniones",
        text: "Con más de diez personas deja de navegar.",
        answer: "Se repartieron los canales y se subió la potencia del punto de acceso.",
    },
    Story {
        category: "plataforma",
        title: "No puedo entrar a la carpeta de supervisores",
        text: "Dice que no tengo permiso; la semana pasada sí entraba.",
        answer: "Se restituyó el grupo de la carpeta, que se había perdido en el cambio de servidor.",
    },
    Story {
        category: "aplicaciones",
        title: "Instalar el lector de huella en el puesto 108",
        text: "Llegó el equipo nuevo de control de acceso.",
        answer: "Quedó instalado y enrolado con dos personas de prueba.",
    },
    Story {
        category: "ofimatica",
        title: "El correo no sincroniza en el teléfono",
        text: "Los mensajes llegan al computador y no al teléfono.",
        answer: "Se quitó y se agregó la cuenta; sincroniza de nuevo.",
    },
    Story {
        category: "desarrollo_software",
        title: "El inventario no calcula los saldos",
        text: "La columna de saldo sale en cero desde el cierre del mes.",
        answer: "Se corrigió la consulta del cierre y se recalcularon los saldos.",
    },
    Story {
        category: "incidente_seguridad",
        title: "Me llegó un correo que pide la contraseña",
        text: "Dice ser del banco y trae un enlace raro. No lo abrí.",
        answer: "Se bloqueó el remitente y se avisó a todos; nadie lo había abierto.",
    },
];

/// Where requesters work: they are named by that, and not invented.
const UNITS: [(&str, &str); 8] = [
    ("tesoreria", "Tesorería"),
    ("juridica", "Oficina Asesora Jurídica"),
    ("contratos", "Gestión Contractual"),
    ("planeacion", "Oficina Asesora de Planeación"),
    ("archivo", "Gestión Documental"),
    ("logistica", "Dirección Logística"),
    ("infraestructura", "Dirección de Infraestructura"),
    ("ciudadano", "Atención al Ciudadano"),
];

/// How a request of the past went.
#[derive(Clone, Copy)]
enum Course {
    Rated(u8),
    ClosedByTheDesk,
    NotSolvedAtFirst,
    WaitedForTheRequester,
    Escalated,
    AtTheProvider,
    OutOfScope,
}

const COURSES: [Course; A_DAY] = [
    Course::Rated(5),
    Course::ClosedByTheDesk,
    Course::WaitedForTheRequester,
    Course::Rated(4),
    Course::Escalated,
    Course::ClosedByTheDesk,
    Course::Rated(5),
    Course::NotSolvedAtFirst,
    Course::ClosedByTheDesk,
    Course::AtTheProvider,
    Course::Rated(3),
    Course::WaitedForTheRequester,
    Course::OutOfScope,
    Course::Rated(5),
];

/// Where a request of today stands.
#[derive(Clone, Copy)]
enum Stand {
    Unassigned,
    Assigned,
    Contacted,
    Noted,
    Held,
    Escalated,
    Reported,
    AtTheProvider,
    Solved,
    Rejected,
}

/// Minutes ago that a request of today came in, and where it stands.
const TODAY: [(i64, Stand); 16] = [
    (64, Stand::Contacted),
    (52, Stand::Solved),
    (47, Stand::Escalated),
    (44, Stand::Held),
    (38, Stand::Noted),
    (34, Stand::AtTheProvider),
    (31, Stand::Rejected),
    (27, Stand::Reported),
    (24, Stand::Contacted),
    (19, Stand::Assigned),
    (14, Stand::Solved),
    (11, Stand::Assigned),
    (8, Stand::Contacted),
    (5, Stand::Assigned),
    (3, Stand::Unassigned),
    (1, Stand::Unassigned),
];

async fn fill(store: &Store, domain: &str, now: Timestamp) -> Result<usize, SampleError> {
    if store.last_number().await? > 0 {
        return Err(SampleError::NotEmpty);
    }
    let stored = store.catalogue().await?;
    let mut week = Week {
        store,
        catalogue: &stored.catalogue,
        domain,
        now,
        told: 0,
    };
    let zone = TimeZone::get("America/Bogota").unwrap_or(TimeZone::UTC);
    let today = zone.to_datetime(now).date();
    for day in working_days_before(today) {
        for (place, course) in COURSES.into_iter().enumerate() {
            // From a quarter past eight on, half an hour between them.
            let minutes = 495 + i64::try_from(place).unwrap_or_default() * 31;
            let midnight = day.to_zoned(zone.clone()).map(|day| day.timestamp());
            let Ok(midnight) = midnight else { continue };
            week.past(course, midnight + SignedDuration::from_mins(minutes))
                .await?;
        }
    }
    for (ago, stand) in TODAY {
        week.today(stand, now - SignedDuration::from_mins(ago))
            .await?;
    }
    Ok(week.told)
}

/// The working days before a day, the earliest first.
fn working_days_before(today: Date) -> Vec<Date> {
    let mut days = Vec::new();
    let mut day = today;
    while days.len() < DAYS {
        let Ok(before) = day.checked_sub(1.day()) else {
            break;
        };
        day = before;
        if !matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday) {
            days.push(day);
        }
    }
    days.reverse();
    days
}

/// The week that is told.
struct Week<'a> {
    store: &'a Store,
    catalogue: &'a Catalogue,
    domain: &'a str,
    now: Timestamp,
    /// Requests so far.
    told: usize,
}

/// A ticket, and the time of its next step.
struct Told {
    ticket: Ticket,
    at: Timestamp,
}

impl Told {
    fn later(mut self, minutes: i64) -> Self {
        self.at += SignedDuration::from_mins(minutes);
        self
    }
}

impl Week<'_> {
    async fn past(&mut self, course: Course, at: Timestamp) -> Result<(), SampleError> {
        let story = self.story(course);
        let told = self.registered(story, at).await?;
        let agent = self.agent(&told.ticket)?;
        let told = self.assigned(told).await?.later(3);
        let contact = Command::Contact {
            note: "Buenos días. Ya la estoy revisando.".to_owned(),
        };
        let told = self.step(told, &agent, contact).await?.later(4);
        let told = self.reported_by_law(told, &agent).await?;
        let solve = || Command::Resolve {
            solution: story.answer.to_owned(),
        };
        let told = match course {
            Course::Rated(_) | Course::ClosedByTheDesk => {
                self.step(told.later(9), &agent, solve()).await?
            }
            Course::NotSolvedAtFirst => {
                let told = self.step(told, &agent, solve()).await?.later(20);
                let reject = Command::Reject {
                    reason: "Volvió a pasar al reiniciar.".to_owned(),
                };
                let requester = self.requester(&told.ticket);
                let told = self.step(told, &requester, reject).await?.later(12);
                self.step(told, &agent, solve()).await?
            }
            Course::WaitedForTheRequester => {
                let told = self.held(told, &agent).await?.later(25);
                let requester = self.requester(&told.ticket);
                let told = self
                    .step(told, &requester, public("La placa es 20413."))
                    .await?;
                let told = match told.ticket.state {
                    State::OnHold(_) => {
                        let resume = Command::Resume { note: None };
                        self.step(told.later(1), &agent, resume).await?
                    }
                    State::New | State::Assigned | State::Solved | State::Closed => told,
                };
                self.step(told.later(8), &agent, solve()).await?
            }
            Course::Escalated | Course::AtTheProvider => {
                let (told, officer) = self.escalated(told, &agent).await?;
                let mut told = told.later(6);
                if matches!(course, Course::AtTheProvider) {
                    told = self.with_provider(told, &officer).await?.later(45);
                    let reply = Command::RecordProviderReply {
                        body: "Se cambió la fibra del tramo; el enlace quedó estable.".to_owned(),
                    };
                    told = self.step(told, &officer, reply).await?.later(5);
                }
                let told = self.reported(told, &officer, story).await?.later(4);
                self.step(told, &agent, solve()).await?
            }
            Course::OutOfScope => {
                let decline = Command::Decline {
                    reason: "El diseño de la página no lo cubre el procedimiento (numeral 5)."
                        .to_owned(),
                };
                self.step(told, &agent, decline).await?
            }
        };
        match course {
            Course::Rated(rating) if told.ticket.asks_survey() => {
                let answer = Command::AnswerSurvey {
                    round: 0,
                    solved: true,
                    rating,
                    comment: (rating == 5).then(|| "Muy rápido, gracias.".to_owned()),
                };
                self.step_as(told.later(40), &Actor::SurveyHolder, answer)
                    .await?
            }
            _ if told.ticket.asks_survey() => {
                // Nobody answered in a day.
                let due = told.ticket.clocks.validation.due_at.unwrap_or(told.at);
                if due > self.now {
                    return self.reminded(told).await;
                }
                let told = Told { at: due, ..told };
                self.step_as(told, &Actor::System, Command::ExpireValidation)
                    .await?
            }
            _ => self.step(told.later(50), &agent, Command::Close).await?,
        };
        Ok(())
    }

    /// Nobody has answered yet: what was due until now was seen to in its time.
    async fn reminded(&self, told: Told) -> Result<(), SampleError> {
        let timer = told.ticket.next_timer();
        if let Some(timer) = timer.filter(|timer| timer.at <= self.now) {
            let told = Told {
                at: timer.at,
                ..told
            };
            self.step_as(told, &Actor::System, Command::FireSteps)
                .await?;
        }
        Ok(())
    }

    async fn today(&mut self, stand: Stand, at: Timestamp) -> Result<(), SampleError> {
        let story = self.story(Course::ClosedByTheDesk);
        let told = self.registered(story, at).await?;
        if matches!(stand, Stand::Unassigned) {
            return Ok(());
        }
        let agent = self.agent(&told.ticket)?;
        let told = self.assigned(told).await?;
        let contact = Command::Contact {
            note: "Buenos días. ¿Desde cuándo le pasa?".to_owned(),
        };
        match stand {
            Stand::Unassigned | Stand::Assigned => {}
            Stand::Contacted => {
                let told = self.step(told.later(2), &agent, contact).await?;
                let requester = self.requester(&told.ticket);
                self.step(
                    told.later(3),
                    &requester,
                    public("Desde ayer por la tarde."),
                )
                .await?;
            }
            Stand::Noted => {
                let told = self.step(told.later(2), &agent, contact).await?;
                let note = Command::FollowUp {
                    body:
                        "Equipo sin actualizar desde agosto. Si no cede, pedir copia del archivo."
                            .to_owned(),
                    visibility: Visibility::Internal,
                };
                self.step(told.later(2), &agent, note).await?;
            }
            Stand::Held => {
                self.held(told.later(4), &agent).await?;
            }
            Stand::Escalated => {
                self.escalated(told.later(4), &agent).await?;
            }
            Stand::Reported => {
                let (told, officer) = self.escalated(told.later(4), &agent).await?;
                self.reported(told.later(9), &officer, story).await?;
            }
            Stand::AtTheProvider => {
                let (told, officer) = self.escalated(told.later(4), &agent).await?;
                self.with_provider(told.later(6), &officer).await?;
            }
            Stand::Solved | Stand::Rejected => {
                let told = self.step(told.later(2), &agent, contact).await?;
                let told = self.reported_by_law(told, &agent).await?;
                let solve = Command::Resolve {
                    solution: story.answer.to_owned(),
                };
                let told = self.step(told.later(6), &agent, solve).await?;
                if matches!(stand, Stand::Rejected) {
                    let reject = Command::Reject {
                        reason: "Sigue igual después de reiniciar.".to_owned(),
                    };
                    let requester = self.requester(&told.ticket);
                    self.step(told.later(4), &requester, reject).await?;
                }
            }
        }
        Ok(())
    }

    /// The next story that may end so.
    fn story(&self, course: Course) -> &'static Story {
        const DESIGN: Story = Story {
            category: "publicacion_web",
            title: "Cambiar los colores de la página",
            text: "Los títulos deberían ir en azul.",
            answer: "",
        };
        // Those that are rated are of the categories that ask for it.
        let fits = |story: &&Story| match course {
            Course::Rated(_) => matches!(story.category, "ofimatica" | "plataforma"),
            Course::OutOfScope => false,
            Course::ClosedByTheDesk
            | Course::NotSolvedAtFirst
            | Course::WaitedForTheRequester
            | Course::Escalated
            | Course::AtTheProvider => true,
        };
        let mut fitting = STORIES
            .iter()
            .filter(fits)
            .cycle()
            .skip(self.told % STORIES.len());
        fitting.next().unwrap_or(&DESIGN)
    }

    async fn registered(&mut self, story: &Story, at: Timestamp) -> Result<Told, SampleError> {
        let (word, unit) = UNITS[self.told % UNITS.len()];
        let place = 1 + self.told / UNITS.len() % 3;
        let email = format!("funcionario{place}.{word}@{}", self.domain);
        let email = EmailAddress::parse(&email).map_err(|e| SampleError::Refused(e.to_string()))?;
        let requester = Requester {
            person: Person {
                email: email.clone(),
                name: format!("Funcionario {place}"),
            },
            unit: Some(unit.to_owned()),
            kind: None,
        };
        let channel = match self.told % 5 {
            1 => Channel::Email,
            _ => Channel::Web,
        };
        let web_request = (story.category == "publicacion_web").then_some(WebRequest {
            action: WebAction::Design,
        });
        let incident = (story.category == "incidente_seguridad").then(|| Incident {
            kind: IncidentKind::Phishing,
            asset: "Su buzón de correo".to_owned(),
            personal_data: PersonalData::No,
            people: None,
            containment: Some("No lo abrió.".to_owned()),
            severity: None,
        });
        let application = Application {
            request: Request {
                web_request,
                incident,
                ..Request::new(
                    story.title.to_owned(),
                    story.text.to_owned(),
                    channel,
                    requester,
                )
            },
            category: CategoryId::from(story.category),
            links: vec![],
        };
        let setting = Setting {
            now: at,
            catalogue: self.catalogue,
        };
        let actor = Actor::Person(self.caller(email));
        let admission = admit(application, &actor, setting)?;
        let number = self.store.take_number().await?;
        let id = TicketId::new(at, Ulid::generate().random());
        let NewTicket { ticket, events } = admission.register(id, number);
        self.commit(None, &ticket, &events).await?;
        self.told += 1;
        Ok(Told { ticket, at })
    }

    fn caller(&self, email: EmailAddress) -> Caller {
        Caller::identify(email, None, self.catalogue, &[self.domain.to_owned()])
    }

    /// The agent that it goes to: in turn.
    fn agent(&self, ticket: &Ticket) -> Result<Caller, SampleError> {
        let agents: Vec<_> = self.catalogue.agents(&ticket.policy.team).collect();
        let turn = self.told % agents.len().max(1);
        let entry = agents.get(turn);
        let entry =
            entry.ok_or_else(|| SampleError::Refused("a team without agents".to_owned()))?;
        Ok(self.caller(entry.email.clone()))
    }

    fn requester(&self, ticket: &Ticket) -> Caller {
        self.caller(ticket.request.requester.person.email.clone())
    }

    async fn assigned(&self, told: Told) -> Result<Told, SampleError> {
        let agent = self.agent(&told.ticket)?.person();
        let assign = Command::AssignAutomatically {
            agent,
            away: vec![],
        };
        self.step_as(told, &Actor::System, assign).await
    }

    async fn held(&self, told: Told, agent: &Caller) -> Result<Told, SampleError> {
        let hold = Command::Hold {
            note: "¿Cuál es la placa del equipo?".to_owned(),
        };
        self.step(told, agent, hold).await
    }

    async fn escalated(&self, told: Told, agent: &Caller) -> Result<(Told, Caller), SampleError> {
        let mut officers = self.catalogue.with_role(Role::Officer);
        let officer = officers.nth(self.told % 2);
        let officer =
            officer.ok_or_else(|| SampleError::Refused("fewer than two officers".to_owned()))?;
        let escalate = Command::Escalate {
            officer: officer.email.clone(),
            justification: "Es del servidor, que la Mesa de Ayuda no administra.".to_owned(),
            away: WhenAway::Confirmed,
        };
        let told = self.step(told, agent, escalate).await?;
        Ok((told, self.caller(officer.email.clone())))
    }

    async fn with_provider(&self, told: Told, officer: &Caller) -> Result<Told, SampleError> {
        let mut providers = self.catalogue.document().providers.iter();
        let provider = providers.next().map(|provider| provider.id.clone());
        let ask = Command::RequestProvider {
            provider: provider.unwrap_or_else(|| ProviderId::from("")),
            message: "El enlace está lento desde la mañana. ¿Ven algo de su lado?".to_owned(),
        };
        self.step(told, officer, ask).await
    }

    async fn reported(
        &self,
        told: Told,
        officer: &Caller,
        story: &Story,
    ) -> Result<Told, SampleError> {
        let report = Command::ReportSolution {
            body: format!("{} El registro del servidor lo muestra.", story.answer),
        };
        self.step(told, officer, report).await
    }

    /// An incident is reported before it is over.
    async fn reported_by_law(&self, told: Told, agent: &Caller) -> Result<Told, SampleError> {
        let clock = told.ticket.clocks.get(Authority::Csirt.clock());
        if clock.running_since().is_none() {
            return Ok(told);
        }
        let report = Command::RecordReport {
            authority: Authority::Csirt,
            outcome: ReportOutcome::Reported,
            note: "Caso registrado en el portal del CSIRT.".to_owned(),
        };
        self.step(told.later(2), agent, report).await
    }

    async fn step(&self, told: Told, who: &Caller, command: Command) -> Result<Told, SampleError> {
        self.step_as(told, &Actor::Person(who.clone()), command)
            .await
    }

    async fn step_as(
        &self,
        told: Told,
        who: &Actor,
        command: Command,
    ) -> Result<Told, SampleError> {
        let Told { ticket, at } = told;
        let setting = Setting {
            now: at,
            catalogue: self.catalogue,
        };
        let events = decide(&ticket, &command, who, setting)?;
        let mut after = ticket.clone();
        apply_all(&mut after, &events);
        self.commit(Some(&ticket), &after, &events).await?;
        Ok(Told { ticket: after, at })
    }

    async fn commit(
        &self,
        before: Option<&Ticket>,
        after: &Ticket,
        events: &[Event],
    ) -> Result<(), SampleError> {
        let commit = Commit {
            before,
            after,
            events,
            guards: &Guards::default(),
        };
        self.store.commit(&commit).await?;
        Ok(())
    }
}

fn public(body: &str) -> Command {
    Command::FollowUp {
        body: body.to_owned(),
        visibility: Visibility::Public,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn working_days() {
        let days = working_days_before("2026-11-24".parse().unwrap());
        let words: Vec<_> = days.iter().map(ToString::to_string).collect();
        let week = [
            "2026-11-17",
            "2026-11-18",
            "2026-11-19",
            "2026-11-20",
            "2026-11-23",
        ];
        assert_eq!(words, week);
    }
}
