//! A new request: what it is about in plain questions, then what is needed.

use askama::Template;
use types::catalogue::{Catalogue, Category};
use types::input::{MAX_TEXT, MAX_TITLE};
use types::problem::Problem;
use types::ticket::WebAction;

use crate::forms::sent;
use crate::incident;
use crate::shell::Shell;
use crate::wrong::Wrong;

/// The form of a new request.
#[derive(Template)]
#[template(path = "new.html")]
pub struct Page<'a> {
    pub shell: Shell<'a>,
    pub categories: Vec<Asked<'a>>,
    pub actions: Vec<Action>,
    pub incident: incident::Asked,
    pub key: String,
    pub typed: Typed,
    /// What could not be taken.
    pub wrong: Wrong,
    /// Until when somebody gets in touch, in minutes, at the latest: the longest that a
    /// category gives.
    pub attention_minutes: u64,
}

/// A category, as somebody asks for it.
pub struct Asked<'a> {
    pub id: &'a str,
    pub question: &'a str,
    pub about: &'a str,
    /// Whether it has questions of its own about the web page.
    pub web: bool,
    /// Whether it has questions of its own about an incident.
    pub incident: bool,
    /// Whether its group alone sees what is asked.
    pub restricted: bool,
    pub chosen: bool,
}

/// What can be asked of the web page.
pub struct Action {
    pub word: &'static str,
    pub name: &'static str,
    pub in_scope: bool,
    pub chosen: bool,
}

/// What was typed before.
#[derive(Clone, Debug, Default)]
pub struct Typed {
    pub title: String,
    pub description: String,
    pub category: String,
    pub action: String,
    pub observers: String,
    pub incident: incident::Typed,
    /// Uploads, by their ids.
    pub attachments: String,
}

impl Typed {
    /// What a form sent.
    pub fn of(form: &[(String, String)]) -> Self {
        let value = |name| sent(form, name).unwrap_or_default().to_owned();
        Typed {
            title: value("title"),
            description: value("description"),
            category: value("category"),
            action: value("web_request.action"),
            observers: value("observers"),
            attachments: value("attachments"),
            incident: incident::Typed::of(form),
        }
    }
}

/// How somebody who needs something says it, with what that takes in: what is asked for
/// most often first.
const QUESTIONS: [(&str, &str, &str); 10] = [
    (
        "plataforma",
        "Un equipo, el correo o un sistema no funciona",
        "Computador, teléfono, correo, carpetas, VPN",
    ),
    (
        "impresion",
        "No puedo imprimir, copiar o escanear",
        "Impresoras, tóner, escáner",
    ),
    (
        "ofimatica",
        "Un programa de oficina falla",
        "Word, Excel, PowerPoint, PDF, firma digital",
    ),
    (
        "redes",
        "No tengo red o internet",
        "Punto de red, Wi-Fi, conexión lenta",
    ),
    (
        "aplicaciones",
        "Instalar o configurar un programa",
        "Programas de la entidad, permisos en ellos",
    ),
    (
        "incidente_seguridad",
        "Algo sospechoso o un dato en riesgo",
        "Correo engañoso, virus, acceso indebido",
    ),
    (
        "cuentas_equipos",
        "Cuenta o equipo para alguien que llega",
        "Usuario, correo, computador",
    ),
    (
        "desvinculacion",
        "Alguien se retira de la entidad",
        "Cerrar cuentas, entregar equipos, paz y salvo",
    ),
    (
        "publicacion_web",
        "Publicar o quitar algo de la página web",
        "Documentos, noticias, secciones",
    ),
    (
        "desarrollo_software",
        "Un sistema propio necesita un cambio",
        "Desarrollos de la entidad",
    ),
];

/// What is offered, in the order in which people ask; what the entity added comes after
/// it, in the catalogue's.
pub(crate) fn in_order(catalogue: &Catalogue) -> Vec<&Category> {
    let mut offered: Vec<_> = catalogue.offered_categories().collect();
    offered.sort_by_key(|category| {
        let mut known = QUESTIONS.iter();
        let place = known.position(|(id, _, _)| *id == category.id.0);
        place.unwrap_or(QUESTIONS.len())
    });
    offered
}

/// What a category takes in, where that is known.
pub(crate) fn about(id: &str) -> &'static str {
    let mut known = QUESTIONS.iter();
    let found = known.find(|(other, _, _)| *other == id);
    found.map_or("", |(_, _, about)| about)
}

impl<'a> Page<'a> {
    /// As markup.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn written(&self) -> Result<String, askama::Error> {
        self.render()
    }

    /// The form, with what was typed in it. `key` is unique to it.
    pub fn of(shell: Shell<'a>, catalogue: &'a Catalogue, typed: Typed, key: String) -> Self {
        let categories = in_order(catalogue).into_iter();
        let categories = categories.map(|category| {
            // The catalogue's own name where there is no better one.
            let asked = QUESTIONS.iter().find(|(id, _, _)| *id == category.id.0);
            let (question, about) = match asked {
                Some((_, question, about)) => (*question, *about),
                None => (&*category.name, ""),
            };
            Asked {
                id: &category.id.0,
                question,
                about,
                web: category.web_request,
                incident: category.incident,
                restricted: category.restricted,
                chosen: category.id.0 == typed.category,
            }
        });
        let limits = catalogue.offered_categories();
        let limits = limits.map(|category| category.attention_minutes);
        Page {
            attention_minutes: limits.max().unwrap_or_default(),
            categories: categories.collect(),
            actions: actions(&typed.action),
            incident: incident::Asked::of(&typed.incident),
            shell,
            key,
            typed,
            wrong: Wrong::default(),
        }
    }

    /// The same, as it could not be taken.
    pub fn refused(&mut self, problem: &Problem) {
        self.wrong = Wrong::of(problem, id_of)
            .choosing(problem, &["categoria", "accion"])
            .in_order(&[FIRST, &incident::PLACES, LAST].concat());
        if self.wrong.at("archivos").is_some() {
            // Where no script runs, nobody can take one of them back.
            self.typed.attachments.clear();
        }
    }

    fn max_title(&self) -> usize {
        MAX_TITLE
    }

    fn max_text(&self) -> usize {
        MAX_TEXT
    }
}

/// The ids of the fields, in the order of the page: before those of an incident, and after.
const FIRST: &[&str] = &["categoria", "accion"];
const LAST: &[&str] = &["descripcion", "archivos", "titulo", "copias"];

/// The id of a field of the API's body.
fn id_of(field: &str) -> &'static str {
    match field {
        "category" => "categoria",
        "web_request" | "web_request.action" => "accion",
        "title" => "titulo",
        field if field.starts_with("incident") => {
            incident::id_of(field).unwrap_or("incidente-tipo")
        }
        field if field.starts_with("observers") => "copias",
        field if field.starts_with("attachments") => "archivos",
        _ => "descripcion",
    }
}

/// What can be asked of the web page, and which of it was chosen.
pub(crate) fn actions(chosen: &str) -> Vec<Action> {
    let actions = WebAction::ALL.iter();
    let actions = actions.map(|action| {
        let word: &'static str = (*action).into();
        Action {
            word,
            name: action_name(*action),
            in_scope: action.is_in_scope(),
            chosen: word == chosen,
        }
    });
    actions.collect()
}

fn action_name(action: WebAction) -> &'static str {
    match action {
        WebAction::Publish => "Publicar algo nuevo",
        WebAction::Remove => "Quitar algo",
        WebAction::SectionUpdate => "Actualizar una sección",
        WebAction::Design => "Cambiar el diseño",
        WebAction::StyleCorrection => "Corregir la redacción",
    }
}
