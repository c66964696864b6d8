//! What a change of one entry of the catalogue does to what is open, in words, by
//! the rules of the procedure as they stand.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::calendar::Holidays;
use crate::catalogue::{CatalogueDocument, Category, DirectoryEntry, Role, Team};
use crate::entries::Part;
use crate::ids::{EmailAddress, TeamId};
use crate::problem::FieldError;
use crate::spanish;
use crate::views::{Filter, View};

const NONE_OPEN: &str = "No tiene solicitudes abiertas.";

/// How many open tickets there are, as far as anybody counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Count {
    Exactly(usize),
    AtLeast(usize),
}

impl Count {
    fn is_none(self) -> bool {
        self == Count::Exactly(0)
    }

    /// In words, where there is any.
    pub fn told(self) -> Option<String> {
        (!self.is_none()).then(|| self.words())
    }

    fn words(self) -> String {
        match self {
            Count::Exactly(1) => "1 solicitud abierta".to_owned(),
            Count::Exactly(count) => format!("{count} solicitudes abiertas"),
            Count::AtLeast(count) => format!("al menos {count} solicitudes abiertas"),
        }
    }
}

/// The open tickets that an entry has to do with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Open {
    /// Of the category or the team, assigned to the person, or waiting for the provider.
    pub tickets: Count,
    /// Escalated to the person.
    pub escalated: Count,
}

/// Something that a change does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Consequence {
    /// It is told.
    Follows(String),
    /// It is told so that it is noticed.
    Beware(String),
}

use Consequence::{Beware, Follows};

/// What a change of the entry with this key does.
///
/// # Errors
/// When the entry is taken out while open tickets need it.
pub fn consequences(
    part: Part,
    key: &str,
    before: &CatalogueDocument,
    after: &CatalogueDocument,
    open: Open,
    now: Timestamp,
) -> Result<Vec<Consequence>, FieldError> {
    match part {
        Part::People => Ok(person(key, before, after, open, now)),
        Part::Teams => {
            let of = |document: &CatalogueDocument| {
                let mut teams = document.teams.iter();
                teams.find(|team| team.id.0 == key).cloned()
            };
            match (of(before), of(after)) {
                (Some(old), None) => removed(part, &old.name, open.tickets),
                (Some(old), Some(new)) if old.retired != new.retired => {
                    Ok(vec![retiring(&Retiring::of(new.retired), open.tickets)])
                }
                (old, Some(new)) => Ok(team(old.as_ref(), &new, open)),
                (None, None) => Ok(vec![]),
            }
        }
        Part::Categories => {
            let of = |document: &CatalogueDocument| {
                let mut categories = document.categories.iter();
                categories.find(|category| category.id.0 == key).cloned()
            };
            match (of(before), of(after)) {
                (Some(old), None) => removed(part, &old.name, open.tickets),
                (Some(old), Some(new)) if old.retired != new.retired => {
                    Ok(vec![retiring(&Retiring::of(new.retired), open.tickets)])
                }
                (old, Some(new)) => Ok(category(old.as_ref(), &new, open)),
                (None, None) => Ok(vec![]),
            }
        }
        Part::Providers => {
            let of = |document: &CatalogueDocument| {
                let mut providers = document.providers.iter();
                providers.find(|provider| provider.id.0 == key).cloned()
            };
            match (of(before), of(after)) {
                (Some(old), None) => removed(part, &old.name, open.tickets),
                (Some(old), Some(new)) if old.retired != new.retired => {
                    Ok(vec![retiring(&Retiring::of(new.retired), open.tickets)])
                }
                (Some(old), Some(new)) if old.email != new.email => Ok(vec![
                    Follows(format!("Las consultas nuevas salen a {}.", new.email)),
                    Follows(format!(
                        "{}: la respuesta por correo se reconoce solo desde la dirección nueva.",
                        waiting(open.tickets)
                    )),
                ]),
                (Some(_), Some(_)) => Ok(vec![Follows(format!("{}.", waiting(open.tickets)))]),
                (None, Some(_)) => Ok(vec![Follows(
                    "Desde ahora se le puede consultar en las solicitudes escaladas.".to_owned(),
                )]),
                (None, None) => Ok(vec![]),
            }
        }
        Part::Calendars => {
            let of = |document: &CatalogueDocument| {
                let mut calendars = document.calendars.iter();
                let found = calendars.find(|(id, _)| id.0 == key);
                found.map(|(_, calendar)| calendar.retired)
            };
            match (of(before), of(after)) {
                (Some(_), None) => removed(part, key, open.tickets),
                (Some(old), Some(new)) if old != new => {
                    Ok(vec![retiring(&Retiring::of(new), open.tickets)])
                }
                (_, _) => Ok(calendar(key, before, after)),
            }
        }
        Part::Holidays => Ok(holiday(key, after)),
        Part::Texts => Ok(vec![Follows(
            "Rige al abrir cada solicitud; lo que ya se envió no cambia.".to_owned(),
        )]),
        Part::Forms => Ok(vec![Follows(
            "De un correo que llegue desde allí, quien pide es la persona del «Responder a». Lo ya \
             registrado no cambia."
                .to_owned(),
        )]),
        Part::Notice => Ok(vec![Follows(
            "Se ve desde ahora en la página del aviso. Quien aceptó otra versión conserva la suya."
                .to_owned(),
        )]),
        Part::Terms => Ok(vec![Follows(
            "Rige para lo que empiece desde ahora; los plazos que ya corren no cambian.".to_owned(),
        )]),
        Part::Accounts => Ok(vec![Follows(
            "Rige para los finales que se anoten o se revisen desde ahora y para el próximo \
             refrendo; el que está en curso conserva su plazo."
                .to_owned(),
        )]),
    }
}

/// What is taken out must not be needed by what is open.
fn removed(part: Part, name: &str, open: Count) -> Result<Vec<Consequence>, FieldError> {
    match in_use(part, name, open) {
        None => Ok(vec![Follows(
            "Ninguna solicitud abierta lo usa. Las cerradas conservan lo que dicen.".to_owned(),
        )]),
        Some(error) => Err(FieldError {
            field: String::new(),
            ..error
        }),
    }
}

/// Why an entry cannot be taken out, as long as open tickets name it.
pub fn in_use(part: Part, name: &str, open: Count) -> Option<FieldError> {
    if open.is_none() {
        return None;
    }
    let what = match part {
        Part::Teams => "de este equipo",
        Part::Categories => "de esta categoría",
        Part::Providers => "a la espera de este proveedor",
        Part::Calendars => "con este calendario",
        Part::People
        | Part::Holidays
        | Part::Texts
        | Part::Forms
        | Part::Notice
        | Part::Terms
        | Part::Accounts => {
            return None;
        }
    };
    let detail = format!(
        "{} «{name}»: no se puede quitar; hay {} {what}. Retírelo de lo nuevo.",
        part.noun(),
        open.words(),
    );
    Some(FieldError::new(part.list(), "in_use", detail))
}

/// The part of the queue in which the open tickets of an entry are.
pub fn where_open(part: Part, key: &str) -> Filter {
    let waits = part == Part::Providers;
    Filter {
        view: if waits { View::Waiting } else { View::Open },
        team: (part == Part::Teams).then(|| key.into()),
        category: (part == Part::Categories).then(|| key.into()),
        words: None,
    }
}

/// Which way the mark goes that nothing new goes to an entry.
enum Retiring {
    Leaves,
    ComesBack,
}

impl Retiring {
    fn of(is_retired: bool) -> Self {
        match is_retired {
            true => Retiring::Leaves,
            false => Retiring::ComesBack,
        }
    }
}

fn retiring(way: &Retiring, open: Count) -> Consequence {
    match (way, open) {
        (Retiring::Leaves, Count::Exactly(0)) => {
            Follows(format!("Nada nuevo le llega. {NONE_OPEN}"))
        }
        (Retiring::Leaves, open) => Follows(format!(
            "Nada nuevo le llega. Tiene {}: siguen a la vista y se atienden como hasta ahora.",
            open.words()
        )),
        (Retiring::ComesBack, _) => Follows("Vuelve a recibir lo nuevo.".to_owned()),
    }
}

fn waiting(open: Count) -> String {
    match open {
        Count::Exactly(0) => "Ninguna solicitud lo espera".to_owned(),
        Count::Exactly(1) => "1 solicitud lo espera".to_owned(),
        Count::Exactly(count) => format!("{count} solicitudes lo esperan"),
        Count::AtLeast(count) => format!("Al menos {count} solicitudes lo esperan"),
    }
}

// A ticket keeps the rules that it was promised: see `Policy`.
fn category(before: Option<&Category>, after: &Category, open: Open) -> Vec<Consequence> {
    let Some(before) = before else {
        return vec![Follows(
            "Desde ahora se puede elegir al pedir algo y al cambiar de categoría.".to_owned(),
        )];
    };
    let only_named = Category {
        name: after.name.clone(),
        ..before.clone()
    } == *after;
    if only_named {
        return vec![Follows(match open.tickets.is_none() {
            true => NONE_OPEN.to_owned(),
            false => format!("Tiene {}: se ve el nombre nuevo.", open.tickets.words()),
        })];
    }
    let mut told = vec![Follows(match open.tickets.is_none() {
        true => NONE_OPEN.to_owned(),
        false => format!(
            "Tiene {}: lo abierto conserva el equipo, los tiempos, los avisos y los formatos con \
             que se registró.",
            open.tickets.words()
        ),
    })];
    told.push(Follows(
        "Lo nuevo rige para las que se registren o pasen a esta categoría desde ahora.".to_owned(),
    ));
    told
}

fn team(before: Option<&Team>, after: &Team, open: Open) -> Vec<Consequence> {
    let mut told = Vec::new();
    let mailbox = before.and_then(|team| team.mailbox.as_ref());
    if before.is_none() {
        told.push(Follows(
            "Empieza sin personas ni categorías: se le asignan en cada una.".to_owned(),
        ));
    } else {
        told.push(Follows(match open.tickets.is_none() {
            true => NONE_OPEN.to_owned(),
            false => format!("Tiene {}: todo sigue en el equipo.", open.tickets.words()),
        }));
    }
    if let Some(new) = after.mailbox.as_ref().filter(|new| Some(*new) != mailbox) {
        told.push(Beware(format!(
            "Los correos a {new} entran solo si la instalación también recibe ese buzón."
        )));
    }
    told
}

// Section 5: hours are facts of the world; what was promised was reckoned before.
fn calendar(key: &str, before: &CatalogueDocument, after: &CatalogueDocument) -> Vec<Consequence> {
    let is_new = before.calendars.keys().all(|id| id.0 != key);
    if is_new {
        return vec![Follows(
            "Ninguna categoría lo usa todavía: se elige en cada categoría.".to_owned(),
        )];
    }
    let users = after.categories.iter();
    let users = users.filter(|category| category.calendar.0 == key).count();
    let used = match users {
        0 => "Ninguna categoría lo usa.".to_owned(),
        1 => "Lo usa 1 categoría.".to_owned(),
        users => format!("Lo usan {users} categorías."),
    };
    vec![
        Follows(used),
        Follows(
            "Rige también lo abierto: su vencimiento se calcula otra vez con el horario nuevo."
                .to_owned(),
        ),
    ]
}

// A holiday is a fact of the world, as hours are.
fn holiday(key: &str, after: &CatalogueDocument) -> Vec<Consequence> {
    let keep = after.calendars.iter();
    let keep = keep.filter(|(_, calendar)| calendar.holidays == Holidays::Colombia);
    let keep: Vec<_> = keep.map(|(id, _)| format!("«{id}»")).collect();
    let told = match keep.len() {
        0 => "Ningún calendario guarda los festivos.".to_owned(),
        1 => format!("Lo guarda el calendario {}.", spanish::list(&keep)),
        _ => format!("Lo guardan los calendarios {}.", spanish::list(&keep)),
    };
    let mut told = vec![
        Follows(told),
        Follows(
            "Los plazos que pasan por ese día se cuentan así desde ahora, también los de lo que \
             está abierto."
                .to_owned(),
        ),
    ];
    if after.holidays.iter().all(|rule| rule.id.0 != key) {
        told.push(Beware(
            "También deja de ser festivo en los años pasados. Para que solo deje de regir, \
             escriba el último año en que rigió."
                .to_owned(),
        ));
    }
    told
}

fn person(
    key: &str,
    before: &CatalogueDocument,
    after: &CatalogueDocument,
    open: Open,
    now: Timestamp,
) -> Vec<Consequence> {
    let of = |document: &CatalogueDocument| {
        let mut people = document.directory.iter();
        people.find(|entry| entry.email.as_str() == key).cloned()
    };
    let (old, new) = match (of(before), of(after)) {
        (None, _) => {
            return vec![Follows(format!(
                "Entra con la cuenta {key}; sus funciones valen de inmediato."
            ))];
        }
        (Some(old), new) => (old, new),
    };
    let mut told = Vec::new();
    let roles = new
        .as_ref()
        .map_or_else(BTreeSet::new, |new| new.roles.clone());
    let teams = new
        .as_ref()
        .map_or_else(BTreeSet::new, |new| new.teams.clone());
    let is_agent = roles.contains(&Role::Agent);
    let here = new.as_ref().is_some_and(|new| new.is_here(now));
    if !open.tickets.is_none() {
        let has = format!("Tiene {}", open.tickets.words());
        let is_desk = is_agent || roles.contains(&Role::Coordinator);
        let stays = roles.contains(&Role::Coordinator) || old.teams.is_subset(&teams);
        told.push(match is_desk && here && stays {
            true => Follows(format!("{has}: todo sigue a su nombre.")),
            false => Beware(format!(
                "{has}: lo que ya no puede atender pasa enseguida a quien esté en el equipo, con su \
                 reloj como va. Se avisa a la coordinación."
            )),
        });
    } else if old.roles.contains(&Role::Agent) {
        told.push(Follows(NONE_OPEN.to_owned()));
    }
    let reports = roles.contains(&Role::Officer) || roles.contains(&Role::Head);
    if !open.escalated.is_none() {
        let has = format!("Tiene {} por escalamiento", open.escalated.words());
        told.push(match reports && here {
            true => Follows(format!("{has}: todo sigue con esa persona.")),
            false => Beware(format!(
                "{has}: no estará para informar ni devolver. Se avisa a la coordinación y a la \
                 jefatura, que deben escalar a otra persona."
            )),
        });
    }
    if is_agent {
        told.extend(turn(&old, new.as_ref(), now));
    }
    let left = old
        .teams
        .iter()
        .filter(|_| old.roles.contains(&Role::Agent));
    let left = left.filter(|team| !is_agent || !teams.contains(*team) || !here);
    told.extend(left.filter_map(|team| alone(team, &old.email, (before, after), now)));
    if new.as_ref().is_none_or(|new| new.roles != old.roles) {
        told.push(Follows(
            "Lo que puede hacer cambia de inmediato.".to_owned(),
        ));
    }
    told
}

/// Whether new tickets go to an agent, where that changes.
fn turn(
    before: &DirectoryEntry,
    after: Option<&DirectoryEntry>,
    now: Timestamp,
) -> Option<Consequence> {
    match (before.is_here(now), after?.is_here(now)) {
        (true, false) => Some(Follows(
            "Mientras no esté disponible no recibe solicitudes nuevas por turno.".to_owned(),
        )),
        (false, true) => Some(Follows(
            "Vuelve a recibir solicitudes nuevas por turno.".to_owned(),
        )),
        (true, true) | (false, false) => None,
    }
}

/// Who of a team gets what is new, now that one agent less does.
fn alone(
    team: &TeamId,
    leaving: &EmailAddress,
    (before, after): (&CatalogueDocument, &CatalogueDocument),
    now: Timestamp,
) -> Option<Consequence> {
    let gets = |document: &CatalogueDocument| -> Vec<DirectoryEntry> {
        let agents = document.directory.iter();
        let agents = agents.filter(|entry| {
            entry.roles.contains(&Role::Agent) && entry.teams.contains(team) && entry.is_here(now)
        });
        agents.cloned().collect()
    };
    let did = gets(before).iter().any(|entry| entry.email == *leaving);
    let name = &before.teams.iter().find(|other| other.id == *team)?.name;
    match gets(after).as_slice() {
        _ if !did => None,
        [] => Some(Beware(format!(
            "En {name} no queda nadie disponible: lo nuevo espera sin asignar."
        ))),
        [one] => Some(Beware(format!(
            "En {name} queda una sola persona disponible: {}.",
            one.name
        ))),
        several => {
            let names: Vec<_> = several.iter().map(|entry| entry.name.clone()).collect();
            Some(Follows(format!(
                "Lo nuevo de {name} va por turno a {}.",
                spanish::list(&names)
            )))
        }
    }
}
