//! The page on which somebody says who he is.

use std::collections::HashMap;

use emulator::clock;
use pages::local::{People, PersonLine};

use crate::http::directory::Person;

/// What the page hands on to the form's own endpoint, as it came.
const HANDED_ON: [&str; 8] = [
    "client_id",
    "redirect_uri",
    "response_type",
    "scope",
    "state",
    "nonce",
    "code_challenge",
    "code_challenge_method",
];

/// The groups of the page, in their order: of several roles the first counts.
const GROUPS: [(&str, &[&str]); 6] = [
    ("Coordinación", &["coordinator"]),
    ("Mesa de Ayuda", &["agent"]),
    ("Oficina de Tecnología", &["officer", "head"]),
    ("Control", &["auditor"]),
    (
        "Otras dependencias",
        &["personnel", "contracting", "administrative"],
    ),
    ("Solicitantes", &[]),
];

/// The page: everybody of the directory, and a field for anybody else. `wrong` is what
/// stood in it and was no address.
pub(super) fn page<'a>(
    asked: &'a HashMap<String, String>,
    people: &'a [Person],
    wrong: Option<&'a str>,
) -> People<'a> {
    let hidden = HANDED_ON.into_iter();
    let hidden = hidden.filter_map(|name| Some((name, asked.get(name)?.as_str())));
    let groups = grouped(people).into_iter();
    let groups = groups.map(|(title, members)| {
        let lines = members.into_iter().map(|person| PersonLine {
            name: person.name.as_deref().unwrap_or(&person.email),
            email: &person.email,
        });
        (title, lines.collect())
    });
    People::of(hidden.collect(), groups.collect(), wrong, clock::now())
}

/// The page for whoever was sent here by nobody who may.
pub(super) fn unknown(what: &str) -> Result<String, pages::Error> {
    let title = "No se puede entrar desde ahí";
    let detail = format!("La aplicación que lo envió no está registrada en este equipo: {what}");
    pages::problem::said(title, &detail, clock::now())
}

/// People by the first group that has one of their roles; the last has everybody else.
fn grouped(people: &[Person]) -> Vec<(&'static str, Vec<&Person>)> {
    let place = |person: &Person| {
        let mut groups = GROUPS.iter();
        let found =
            groups.position(|(_, roles)| person.roles.iter().any(|r| roles.contains(&r.as_str())));
        found.unwrap_or(GROUPS.len() - 1)
    };
    let groups = GROUPS.iter().enumerate().map(|(at, (title, _))| {
        let members: Vec<_> = people.iter().filter(|person| place(person) == at).collect();
        (*title, members)
    });
    groups.filter(|(_, members)| !members.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_stand_by_role_and_nothing_they_are_called_is_markup() {
        let person = |email: &str, name: &str, roles: &[&str]| Person {
            email: email.to_owned(),
            name: Some(name.to_owned()),
            roles: roles.iter().map(|&role| role.to_owned()).collect(),
        };
        let people = [
            person("a@x.co", "Agente", &["agent"]),
            person("c@x.co", "Coordina", &["agent", "coordinator"]),
            person("n@x.co", "\"><script>alert(1)</script>", &["new_role"]),
        ];
        let titles: Vec<_> = grouped(&people)
            .into_iter()
            .map(|(title, members)| (title, members[0].email.as_str()))
            .collect();
        assert_eq!(
            titles,
            [
                ("Coordinación", "c@x.co"),
                ("Mesa de Ayuda", "a@x.co"),
                ("Solicitantes", "n@x.co"),
            ]
        );
        let state = "\" onfocus=\"alert(1)";
        let asked = HashMap::from([("state".to_owned(), state.to_owned())]);
        let html = page(&asked, &people, Some("<b>")).written().unwrap();
        assert!(!html.contains("<script>"), "{html}");
        assert!(!html.contains("\" onfocus"), "{html}");
        assert!(html.contains("value=\"&#60;b&#62;\""), "{html}");
        assert!(html.contains("aria-invalid"), "{html}");
        assert_eq!(html.matches("name=\"state\"").count(), 3);
    }
}
