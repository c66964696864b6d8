//! The page on which somebody says who he is.

use std::collections::HashMap;

use emulator::wire::escaped;

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
pub(super) fn page(
    asked: &HashMap<String, String>,
    people: &[Person],
    wrong: Option<&str>,
) -> String {
    let mut hidden = String::new();
    for name in HANDED_ON {
        if let Some(value) = asked.get(name) {
            hidden.push_str(&format!(
                "<input type=\"hidden\" name=\"{name}\" value=\"{}\">",
                escaped(value)
            ));
        }
    }
    let complaint = wrong.map_or(String::new(), |_| {
        "<p id=\"error\" role=\"alert\">Escriba una dirección de correo completa, como ana@uspec.gov.co.</p>"
            .to_owned()
    });
    let described = wrong.map_or("", |_| " aria-invalid=\"true\" aria-describedby=\"error\"");
    let typed = escaped(wrong.unwrap_or_default());
    let mut html = head("¿Con qué cuenta entra?");
    html.push_str(&format!(
        "<p>Este equipo hace de proveedor de identidad para pruebas y sedes sin red. No se pide contraseña.</p>\
         <form method=\"post\" action=\"/_local/oidc/authorize\">{hidden}{complaint}\
         <p><label for=\"email\">Otra dirección de la entidad</label> \
         <input id=\"email\" name=\"email\" type=\"email\" required autocomplete=\"username\" value=\"{typed}\"{described}> \
         <button>Entrar</button></p></form>\
         <form method=\"post\" action=\"/_local/oidc/authorize\" aria-label=\"Personas del directorio\">{hidden}"
    ));
    for (title, members) in grouped(people) {
        html.push_str(&format!("<h2>{title}</h2><ul>"));
        for person in members {
            html.push_str(&format!(
                "<li><button name=\"email\" value=\"{email}\"><b>{name}</b> <span>{email}</span></button></li>",
                email = escaped(&person.email),
                name = escaped(person.name.as_deref().unwrap_or(&person.email)),
            ));
        }
        html.push_str("</ul>");
    }
    html.push_str("</form>");
    html.push_str(&format!(
        "<form method=\"post\" action=\"/_local/oidc/authorize\">{hidden}\
         <p><button name=\"cancel\" value=\"1\">Cancelar</button></p></form></main></html>"
    ));
    html
}

/// The page for whoever was sent here by nobody who may.
pub(super) fn unknown(what: &str) -> String {
    let mut html = head("No se puede entrar desde ahí");
    html.push_str(&format!(
        "<p>La aplicación que lo envió no está registrada en este equipo: <code>{}</code>.</p></main></html>",
        escaped(what)
    ));
    html
}

fn head(title: &str) -> String {
    format!(
        "<!doctype html><html lang=\"es-CO\"><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <title>{title}</title><main><h1>{title}</h1>"
    )
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
        let html = page(&asked, &people, Some("<b>"));
        assert!(!html.contains("<script"), "{html}");
        assert!(!html.contains("\" onfocus"), "{html}");
        assert!(html.contains("value=\"&lt;b&gt;\" aria-invalid"), "{html}");
        assert_eq!(html.matches("name=\"state\"").count(), 3);
    }
}
