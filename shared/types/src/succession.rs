//! Which catalogue may be in force after another one: what it must not lose, and what
//! one that is kept may have had and a new one may not bring in. What is stored is
//! read whatever it has of it.

use crate::catalogue::{CatalogueDocument, Category, Role};
use crate::entries::{Part, entries};
use crate::problem::FieldError;

/// Longest key of an entry, in characters.
pub const MAX_KEY: usize = 64;

/// Whether a catalogue may be in force after another one, as far as the two tell: what
/// open requests need of it stands in the table.
///
/// # Errors
/// One entry for each fault that the other one did not have.
pub fn may_follow(
    after: &CatalogueDocument,
    before: &CatalogueDocument,
) -> Result<(), Vec<FieldError>> {
    let old = faults(before);
    let new = faults(after).into_iter();
    let new = new.filter(|fault| old.iter().all(|other| other.known_by != fault.known_by));
    let mut errors: Vec<_> = new.map(|fault| fault.error).collect();
    errors.extend(unversioned(after, before));
    match errors.is_empty() {
        true => Ok(()),
        false => Err(errors),
    }
}

/// Whoever accepted a version of the notice accepted what it said.
fn unversioned(after: &CatalogueDocument, before: &CatalogueDocument) -> Option<FieldError> {
    let (old, new) = (&before.privacy_notice, &after.privacy_notice);
    let later = match old == new {
        true => true,
        false => new.version > old.version,
    };
    (!later).then(|| {
        let detail = format!(
            "El aviso cambia: dele una versión mayor que la {}.",
            old.version
        );
        FieldError::new("privacy_notice.version", "same_version", detail)
    })
}

/// Something that no change may bring about.
struct Fault {
    /// Wherever in a document it stands, it is the same one.
    known_by: String,
    error: FieldError,
}

impl Fault {
    fn new(of: &str, field: &str, code: &'static str, detail: impl Into<String>) -> Self {
        Fault {
            known_by: format!("{code}:{of}"),
            error: FieldError::new(field, code, detail),
        }
    }
}

fn faults(document: &CatalogueDocument) -> Vec<Fault> {
    let mut faults = Vec::new();
    unnamed(document, &mut faults);
    long_keys(document, &mut faults);
    abandoned(document, &mut faults);
    mailboxes(document, &mut faults);
    faults
}

fn unnamed(document: &CatalogueDocument, faults: &mut Vec<Fault>) {
    for part in Part::ALL {
        for (i, entry) in entries(document, *part).into_iter().enumerate() {
            if entry.name.trim().is_empty() {
                let list = part.list();
                let error = FieldError::required(&format!("{list}[{i}].name"));
                let known_by = format!("unnamed:{list}/{}", entry.key);
                faults.push(Fault { known_by, error });
            }
        }
    }
}

/// Keys become keys of the table, which has a limit for those.
fn long_keys(document: &CatalogueDocument, faults: &mut Vec<Fault>) {
    for part in Part::ALL.iter().filter(|part| part.key() == "id") {
        for (i, entry) in entries(document, *part).into_iter().enumerate() {
            if entry.key.chars().count() > MAX_KEY {
                let list = part.list();
                let place = match part {
                    Part::Calendars => format!("{list}.{}", entry.key),
                    _ => format!("{list}[{i}].id"),
                };
                let error = FieldError::too_long(&place, MAX_KEY);
                let known_by = format!("long:{list}/{}", entry.key);
                faults.push(Fault { known_by, error });
            }
        }
    }
}

/// Where nobody would be left to do what the procedure asks for.
fn abandoned(document: &CatalogueDocument, faults: &mut Vec<Fault>) {
    let has = |role| {
        document
            .directory
            .iter()
            .any(|entry| entry.roles.contains(&role))
    };
    if document.categories.iter().all(|category| category.retired) {
        let detail = "Sin una categoría que reciba solicitudes no se podría pedir nada.";
        faults.push(Fault::new("", "categories", "last_category", detail));
    }
    if !has(Role::Coordinator) {
        let detail = "Nadie quedaría en la coordinación: ya no se podría cambiar el catálogo.";
        faults.push(Fault::new("", "directory", "last_coordinator", detail));
    }
    // Activity 8: what the desk cannot solve goes to the Technology Office.
    if !has(Role::Officer) {
        let detail = "Nadie quedaría en la Oficina de Tecnología: no se podría escalar nada.";
        faults.push(Fault::new("", "directory", "last_officer", detail));
    }
    // Of what its group alone sees nobody else is told when it is late.
    for category in document
        .categories
        .iter()
        .filter(|of| of.restricted && !of.retired)
    {
        let mut coordinators = document
            .directory
            .iter()
            .filter(|entry| entry.roles.contains(&Role::Coordinator))
            .peekable();
        // Where nobody coordinates at all, that is what is wrong.
        let nobody = coordinators.peek().is_none();
        if !nobody && !coordinators.any(|entry| entry.teams.contains(&category.team)) {
            let detail = format!(
                "A «{}» la ve solo su grupo, y en él no quedaría nadie de la coordinación.",
                category.name
            );
            let code = "restricted_without_group";
            faults.push(Fault::new(&category.id.0, "directory", code, detail));
        }
    }
    for team in &document.teams {
        let works = |of: &Category| of.team == team.id && !of.retired;
        let works = document.categories.iter().any(works);
        let mut directory = document.directory.iter();
        let served = directory.any(|entry| entry.is_agent_of(&team.id));
        if works && !served {
            let detail = format!(
                "En el equipo «{}», que tiene categorías, no quedaría ningún agente.",
                team.name
            );
            faults.push(Fault::new(&team.id.0, "directory", "last_agent", detail));
        }
    }
}

/// A mail to a mailbox is one team's, and a person is no mailbox: what was written to
/// him would be registered, and what he is told would come back.
fn mailboxes(document: &CatalogueDocument, faults: &mut Vec<Fault>) {
    for (i, team) in document.teams.iter().enumerate() {
        let Some(mailbox) = &team.mailbox else {
            continue;
        };
        let field = format!("teams[{i}].mailbox");
        let mut earlier = document.teams.iter().take(i);
        if let Some(other) = earlier.find(|other| other.mailbox.as_ref() == Some(mailbox)) {
            let detail = format!("«{mailbox}» ya es el buzón del equipo «{}».", other.name);
            faults.push(Fault::new(mailbox.as_str(), &field, "duplicate", detail));
        }
        let people = document.directory.iter().map(|of| (&of.email, &of.name));
        let providers = document.providers.iter().map(|of| (&of.email, &of.name));
        let mut others = people.chain(providers);
        if let Some((_, name)) = others.find(|(email, _)| *email == mailbox) {
            let detail = format!("«{mailbox}» es el correo de «{name}»: no puede ser un buzón.");
            faults.push(Fault::new(
                mailbox.as_str(),
                &field,
                "not_a_mailbox",
                detail,
            ));
        }
    }
}
