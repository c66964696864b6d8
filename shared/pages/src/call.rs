//! Somebody calls: one screen to say who, to see what he has open already, and to
//! register what he needs while he is on the line.

use std::borrow::Cow;

use askama::Template;
use types::catalogue::Catalogue;
use types::command::Setting;
use types::folding::folded;
use types::ids::{EmailAddress, TeamId};
use types::input::{MAX_NAME, MAX_TEXT, MAX_TITLE};
use types::permission::{Caller, may_read};
use types::problem::Problem;
use types::ticket::{State, Ticket};

use crate::clocks::{Badge, of_list};
use crate::forms::sent;
use crate::incident;
use crate::new::{Action, about, actions, in_order};
use crate::shell::Shell;
use crate::words;
use crate::wrong::Wrong;

/// People of the directory that one search shows.
const MOST_FOUND: usize = 8;

/// What is said of an address that nobody has told.
const GUESS: &str =
    "Es una suposición: no está en el directorio. Si no es esa, escriba la dirección completa.";

/// The screen of a call.
#[derive(Template)]
#[template(path = "call.html")]
pub struct Page<'a> {
    pub shell: Shell<'a>,
    /// What was searched for.
    pub asked: String,
    /// Whom that may mean, where it does not say.
    pub found: Vec<Found<'a>>,
    pub typed: Typed,
    /// Whether it is known who calls: then nothing of that is asked.
    pub known: Known,
    /// What he has open, of what the desk's person may read.
    pub open: Vec<Open<'a>>,
    pub categories: Vec<Category<'a>>,
    pub actions: Vec<Action>,
    pub incident: incident::Asked,
    pub key: String,
    /// What could not be taken.
    pub wrong: Wrong,
    /// The call before this one went to another team, under this number.
    pub registered: Option<String>,
    /// What that team is called.
    pub registered_with: Option<&'a str>,
}

/// Somebody whom a search may mean.
pub struct Found<'a> {
    pub email: String,
    /// Unknown, where the address is a guess.
    pub name: Option<Cow<'a, str>>,
    /// What is to be known of him.
    pub known: Cow<'static, str>,
}

/// How well it is known who calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    /// Nobody was named.
    Nobody,
    /// By his address alone.
    Address,
    /// By his name as well: from the directory, or from what he asked before.
    Person,
}

/// A request that he has open.
pub struct Open<'a> {
    pub number: u64,
    pub label: String,
    pub title: &'a str,
    pub responsible: Option<String>,
    pub badge: Option<Badge>,
}

/// A category, as the desk calls it.
pub struct Category<'a> {
    pub id: &'a str,
    pub name: &'a str,
    /// What it takes in.
    pub about: &'static str,
    pub web: bool,
    /// Whether it has questions of its own about an incident.
    pub incident: bool,
    pub chosen: bool,
    pub team: &'a TeamId,
    /// What its team is called, where that is not one of whoever takes the call.
    pub of: Option<&'a str>,
}

/// What the form holds, by the names of the API's body.
#[derive(Clone, Debug, Default)]
pub struct Typed {
    pub email: String,
    pub name: String,
    pub unit: String,
    pub extension: String,
    pub category: String,
    pub action: String,
    pub incident: incident::Typed,
    pub title: String,
    pub description: String,
}

impl Found<'_> {
    /// The screen of a call of his, from this extension where there is one.
    pub fn link(&self, extension: &str) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair("quien", &self.email);
        if !extension.is_empty() {
            query.append_pair("extension", extension);
        }
        format!("/llamada?{}", query.finish())
    }
}

impl Typed {
    /// What a form sent.
    pub fn of(form: &[(String, String)]) -> Self {
        let value = |name| sent(form, name).unwrap_or_default().to_owned();
        Typed {
            email: value("requester.email"),
            name: value("requester.name"),
            unit: value("requester.unit"),
            extension: value("extension"),
            category: value("category"),
            action: value("web_request.action"),
            incident: incident::Typed::of(form),
            title: value("title"),
            description: value("description"),
        }
    }

    /// Of somebody who was named: what the directory knows, and what he said of
    /// himself before. `tickets` are his, the latest first.
    pub fn of_person(email: &EmailAddress, catalogue: &Catalogue, tickets: &[Ticket]) -> Self {
        let requests = || tickets.iter().map(|ticket| &ticket.request);
        let own = || requests().filter(|request| request.requester.person.email == *email);
        let known = catalogue.person(email);
        let entry = known.map(|entry| entry.name.clone());
        let said = || own().map(|request| request.requester.person.name.clone());
        // A mail without a name leaves the address in its place.
        let said = said().find(|name| name != email.as_str());
        let unit = known.and_then(|entry| entry.unit.clone());
        let unit = unit.or_else(|| own().find_map(|request| request.requester.unit.clone()));
        let extension = known.and_then(|entry| entry.extension.clone());
        let extension = extension.or_else(|| own().find_map(|request| request.extension.clone()));
        Typed {
            email: email.as_str().to_owned(),
            name: entry.or(said).unwrap_or_default(),
            unit: unit.unwrap_or_default(),
            extension: extension.unwrap_or_default(),
            ..Typed::default()
        }
    }

    /// The same, calling from this extension, whatever is known of him: nobody types what
    /// he looked for again.
    #[must_use]
    pub fn calling_from(self, extension: &str) -> Self {
        Typed {
            extension: extension.to_owned(),
            ..self
        }
    }
}

impl<'a> Page<'a> {
    /// As markup.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn written(&self) -> Result<String, askama::Error> {
        self.render()
    }

    /// The screen, with what is known or was typed. `key` is unique to it.
    pub fn of(shell: Shell<'a>, catalogue: &'a Catalogue, typed: Typed, key: String) -> Self {
        let categories = in_order(catalogue).into_iter();
        let categories = categories.map(|category| Category {
            id: &category.id.0,
            name: &category.name,
            about: about(&category.id.0),
            web: category.web_request,
            incident: category.incident,
            chosen: category.id.0 == typed.category,
            team: &category.team,
            of: None,
        });
        Page {
            asked: String::new(),
            found: vec![],
            known: Known::Nobody,
            open: vec![],
            categories: categories.collect(),
            actions: actions(&typed.action),
            incident: incident::Asked::of(&typed.incident),
            shell,
            typed,
            key,
            wrong: Wrong::default(),
            registered: None,
            registered_with: None,
        }
    }

    /// The same, where it is known who calls, with what he has open.
    #[must_use]
    pub fn called_by(mut self, known: Known, open: Vec<Open<'a>>) -> Self {
        self.known = known;
        self.open = open;
        self
    }

    /// The same for whoever takes the call: what goes to another team says so.
    #[must_use]
    pub fn taken_by(mut self, caller: &Caller, catalogue: &'a Catalogue) -> Self {
        let entry = catalogue.person(&caller.email);
        for category in &mut self.categories {
            let own = entry.is_some_and(|entry| entry.is_agent_of(category.team));
            let team = catalogue.team(category.team).filter(|_| !own);
            category.of = team.map(|team| team.name.as_str());
        }
        self
    }

    fn is_named(&self) -> bool {
        self.known == Known::Person
    }

    /// Whether the directory has somebody whom the words mean: one more Enter takes the
    /// first of them.
    fn is_found(&self) -> bool {
        let first = self.found.first();
        first.is_some_and(|person| person.name.is_some()) && !self.is_somebody()
    }

    /// Whether what is folded away has something that is to be looked at: of somebody who
    /// is known all of it stands beside the form.
    fn says_more(&self) -> bool {
        let wrong = LAST.iter().any(|id| self.wrong.at(id).is_some());
        let typed = &self.typed;
        // Beside the form there is nobody yet.
        let told = !typed.extension.is_empty() || !typed.unit.is_empty();
        wrong || told && !self.is_somebody() || !typed.title.is_empty()
    }

    /// What is said where nobody was found, and what to do then.
    fn nobody(&self) -> String {
        match (extension(&self.asked), self.asked.split_whitespace().nth(1)) {
            (Some(extension), _) => format!(
                "Nadie del directorio tiene la extensión {extension}. Busque por el nombre, o escriba el correo."
            ),
            (None, Some(_)) => {
                "No hay nadie así en el directorio. Pruebe con un solo apellido, o escriba el correo."
                    .to_owned()
            }
            (None, None) => "No hay nadie así en el directorio. Escriba el correo.".to_owned(),
        }
    }

    /// What stands in the search: an extension that is nobody's is kept below already.
    fn searched(&self) -> &str {
        match extension(&self.asked) {
            Some(_) if self.found.is_empty() && !self.is_somebody() => "",
            Some(_) | None => &self.asked,
        }
    }

    fn is_somebody(&self) -> bool {
        match self.known {
            Known::Nobody => false,
            Known::Address | Known::Person => true,
        }
    }

    /// The same, as it could not be taken.
    pub fn refused(&mut self, problem: &Problem) {
        self.wrong = Wrong::of(problem, id_of)
            .choosing(problem, &["categoria", "accion"])
            .in_order(&[FIRST, &incident::PLACES, LAST].concat());
    }

    fn max_title(&self) -> usize {
        MAX_TITLE
    }

    fn max_text(&self) -> usize {
        MAX_TEXT
    }

    fn max_name(&self) -> usize {
        MAX_NAME
    }
}

/// The ids of the fields, in the order of the page: before those of an incident, and after.
const FIRST: &[&str] = &["correo", "nombre", "descripcion", "categoria", "accion"];
const LAST: &[&str] = &["titulo", "extension", "dependencia"];

/// The id of a field of the API's body.
fn id_of(field: &str) -> &'static str {
    match field {
        "requester" | "requester.email" => "correo",
        "requester.name" => "nombre",
        "requester.unit" => "dependencia",
        "extension" => "extension",
        "category" => "categoria",
        "web_request" | "web_request.action" => "accion",
        "title" => "titulo",
        field => incident::id_of(field).unwrap_or("descripcion"),
    }
}

/// Whom of the directory some words mean: by name, of which nobody says all, by extension,
/// or by a part of the address. A word alone may be the beginning of any address of the
/// entity.
pub fn found<'a>(words: &str, catalogue: &'a Catalogue, domains: &[String]) -> Vec<Found<'a>> {
    let words = folded(words.trim());
    if words.is_empty() {
        return vec![];
    }
    let directory = catalogue.document().directory.iter();
    let mut found: Vec<_> = directory
        .filter(|entry| {
            let name = folded(&entry.name);
            words.split_whitespace().all(|word| name.contains(word))
                || entry.email.as_str().contains(&words)
                || entry.extension.as_deref() == Some(&*words)
        })
        .map(|entry| Found {
            email: entry.email.as_str().to_owned(),
            name: Some(Cow::Borrowed(&*entry.name)),
            known: entry.email.as_str().to_owned().into(),
        })
        .take(MOST_FOUND)
        .collect();
    // Digits are an extension, and nobody's address.
    let is_word = words.contains(|c: char| c.is_alphabetic());
    let guesses = domains.iter().filter(|_| is_word);
    let guesses =
        guesses.filter_map(|domain| EmailAddress::parse(&format!("{words}@{domain}")).ok());
    for guess in guesses {
        if !found.iter().any(|other| other.email == guess.as_str()) {
            found.push(Found {
                email: guess.as_str().to_owned(),
                name: None,
                known: GUESS.into(),
            });
        }
    }
    found
}

/// Whom the requests of people mean who gave an extension: whoever asked by phone before need
/// not stand in the directory.
pub fn found_by_extension<'a>(extension: &str, tickets: &[Ticket]) -> Vec<Found<'a>> {
    let mut found: Vec<Found<'a>> = vec![];
    for ticket in tickets {
        let person = &ticket.request.requester.person;
        if found
            .iter()
            .all(|other| other.email != person.email.as_str())
        {
            found.push(Found {
                email: person.email.as_str().to_owned(),
                name: Some(Cow::Owned(person.name.clone())),
                known: format!("{}, dio la extensión {extension} antes", person.email).into(),
            });
        }
    }
    found.truncate(MOST_FOUND);
    found
}

/// The extension that the words of a search are, where they are one.
pub fn extension(asked: &str) -> Option<&str> {
    let digits = !asked.is_empty() && asked.chars().all(|c| c.is_ascii_digit());
    digits.then_some(asked)
}

/// The one person whom a search can mean: somebody of the directory, and no other.
pub fn only<'a, 'b>(found: &'b [Found<'a>]) -> Option<&'b Found<'a>> {
    match found {
        [person] if person.name.is_some() => Some(person),
        _ => None,
    }
}

/// What a requester has open, of what `caller` may read.
pub fn open<'a>(tickets: &'a [Ticket], caller: &Caller, setting: Setting<'_>) -> Vec<Open<'a>> {
    let open = tickets
        .iter()
        .filter(|ticket| ticket.state != State::Closed && may_read(caller, ticket));
    open.map(|ticket| Open {
        number: ticket.number.0,
        label: ticket.number.to_string(),
        title: &ticket.request.title,
        responsible: words::whose(ticket, setting.catalogue),
        badge: of_list(ticket, setting).into_iter().next(),
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_goes_by_name_and_by_address() {
        let catalogue = Catalogue::shipped().unwrap();
        let domains = ["uspec.gov.co".to_owned()];
        let of = |words: &str| -> Vec<String> {
            let found = found(words, &catalogue, &domains);
            found.into_iter().map(|found| found.email).collect()
        };
        let guess = "impresion@uspec.gov.co";
        let printers = [
            "agente1.impresion@uspec.gov.co",
            "agente2.impresion@uspec.gov.co",
        ];
        assert_eq!(of(" IMPRESIÓN "), [&printers[..], &[guess]].concat());
        assert_eq!(of("agente 1 de imp"), printers[..1]);
        // Nobody says all of his names.
        assert_eq!(of("agente impresión 1"), printers[..1]);
        assert_eq!(of("agente 7 impresión"), [""; 0]);
        assert_eq!(of("ana.perez"), ["ana.perez@uspec.gov.co"]);
        assert_eq!(of("nadie así"), [""; 0]);
        assert_eq!(of("  "), [""; 0]);
        // An extension is somebody's, or nobody's; it is no address.
        assert_eq!(of("391"), [""; 0]);
        let mut document = catalogue.document().clone();
        document.directory[0].extension = Some("391".to_owned());
        let with = Catalogue::new(document).unwrap();
        let one = super::found("391", &with, &domains);
        assert_eq!(one.len(), 1);
        let link = |found: &[Found<'_>], from| only(found).map(|person| person.link(from));
        let place = "/llamada?quien=agente1.soporte%40uspec.gov.co";
        assert_eq!(link(&one, "").as_deref(), Some(place));
        let from = format!("{place}&extension=391");
        assert_eq!(link(&one, "391"), Some(from));
        assert_eq!(link(&super::found("impresion", &with, &domains), ""), None);
        assert_eq!(link(&super::found("ana.perez", &with, &domains), ""), None);
        // Never more than a screen has room for.
        assert!(of("a").len() <= MOST_FOUND + 1);
    }
}
