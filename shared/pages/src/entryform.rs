//! The form of an entry of the catalogue: what is asked of each part, in one table,
//! by which a form is drawn, filled in and read. Fields have the names of the
//! document, so that `PUT /catalog` and a form mean the same.

use std::collections::BTreeSet;

use jiff::civil::Date;
use serde::Serialize;
use serde_json::Value;
use strum::VariantArray;
use types::calendar::Holidays;
use types::catalogue::{CatalogueDocument, Role};
use types::clock::{ClockKind, Step, Tells};
use types::entries::{
    Part, clock_name, disposition_name, holiday_kind_name, holidays_name, kind_name, role_name,
    told,
};
use types::holidays::HolidayKind;
use types::ids::{EmailAddress, parse_line, parse_text};
use types::input::{MAX_EXTENSION, MAX_NAME, MAX_TEXT};
use types::person::RequesterKind;
use types::privacy::MAX_ADDRESS;
use types::problem::FieldError;
use types::retention::{Disposition, MAX_SERIES, Retention};
use types::revision::{Fields, new_key};
use types::succession::MAX_KEY;

use crate::forms::sent;

/// Longest word of a list, in characters: an extension, the code of a format.
const MAX_WORD: usize = 40;

/// Empty rows for what is to be added.
const SPARE: usize = 2;

/// What a form sent, or would send.
pub type Typed = Vec<(String, String)>;

/// A field, as the table has it.
struct Spec {
    /// The document's name; a dot leads into an object.
    name: &'static str,
    label: &'static str,
    hint: &'static str,
    control: Control,
    need: Need,
}

/// How a field is filled in.
#[derive(Clone, Copy)]
enum Control {
    /// A text on one line.
    Line(usize),
    /// A text of several lines.
    Text,
    Email,
    Date,
    /// Several words, apart by commas.
    Words,
    Minutes,
    Percent,
    /// A box to tick.
    Check,
    /// Yes or no, in these words.
    Either(&'static str, &'static str),
    One(Source),
    Some(Source),
    /// Rows of fields; one whose texts are blank is none.
    Rows(&'static [Spec]),
}

/// Whether a field may be left blank.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Need {
    Always,
    /// It is left out then.
    Never,
    /// The same, and left blank it says something, too.
    Blank,
    /// Asked of a new entry alone: it is known by that.
    Key,
}

/// What is chosen from.
#[derive(Clone, Copy)]
enum Source {
    Roles,
    Teams,
    Categories,
    Calendars,
    Holidays,
    HolidayKinds,
    Clocks,
    Tells,
    Kinds,
    Dispositions,
}

const fn spec(name: &'static str, label: &'static str, control: Control) -> Spec {
    Spec {
        name,
        label,
        hint: "",
        control,
        need: Need::Always,
    }
}

impl Spec {
    const fn hint(self, hint: &'static str) -> Self {
        Spec { hint, ..self }
    }

    const fn optional(self) -> Self {
        Spec {
            need: Need::Never,
            ..self
        }
    }

    const fn or_blank(self) -> Self {
        Spec {
            need: Need::Blank,
            ..self
        }
    }

    const fn known_by(self) -> Self {
        Spec {
            need: Need::Key,
            ..self
        }
    }
}

const NAME: Spec = spec("name", "Nombre", Control::Line(MAX_NAME));

/// Marked, lists and filters still show what is open.
const RETIRED: Spec = spec(
    "retired",
    "Retirado: nada nuevo le llega, lo abierto sigue",
    Control::Check,
);

const PEOPLE: &[Spec] = &[
    NAME,
    spec("email", "Correo", Control::Email).known_by(),
    spec(
        "available",
        "¿Está disponible?",
        Control::Either("Sí", "No, está ausente"),
    ),
    spec("away_until", "Ausente hasta", Control::Date)
        .hint("El día en que vuelve; en blanco, si no se sabe o no está ausente")
        .optional(),
    spec("roles", "Funciones", Control::Some(Source::Roles)),
    spec("teams", "Equipos", Control::Some(Source::Teams)),
    spec("unit", "Dependencia", Control::Line(MAX_NAME)).optional(),
    spec("extension", "Extensión", Control::Line(MAX_EXTENSION)).optional(),
    spec("kind", "Vinculación", Control::One(Source::Kinds)).optional(),
];

const TEAMS: &[Spec] = &[
    NAME,
    spec("mailbox", "Buzón", Control::Email).optional(),
    spec(
        "category",
        "Categoría de los correos",
        Control::One(Source::Categories),
    )
    .optional(),
    spec("extensions", "Extensiones", Control::Words)
        .hint("Separadas por comas")
        .optional(),
    RETIRED,
];

const STEP: &[Spec] = &[
    spec("percent", "Al % del tiempo", Control::Percent),
    spec("clock", "Tiempo", Control::One(Source::Clocks)),
    spec("tells", "Avisa", Control::One(Source::Tells)),
];

const CATEGORIES: &[Spec] = &[
    NAME,
    spec("team", "Equipo", Control::One(Source::Teams)),
    spec("calendar", "Calendario", Control::One(Source::Calendars)),
    spec("attention_minutes", "Minutos de atención", Control::Minutes),
    spec("solution_minutes", "Minutos de solución", Control::Minutes),
    spec(
        "validation_minutes",
        "Minutos de validación",
        Control::Minutes,
    ),
    spec("waiting_minutes", "Minutos de espera", Control::Minutes)
        .hint("Antes de recordar a quien debe responder"),
    spec("formats", "Formatos", Control::Words)
        .hint("Códigos separados por comas")
        .optional(),
    spec("survey", "Pide la encuesta de satisfacción", Control::Check),
    spec(
        "web_request",
        "Pregunta qué se pide de la página web",
        Control::Check,
    ),
    spec("incident", "Son incidentes de seguridad", Control::Check)
        .hint("Pregunta qué pasó y espera los reportes que pide la ley"),
    spec("restricted", "La ve solo su grupo", Control::Check)
        .hint("Quien la pidió y el equipo que la atiende; nadie más de la Mesa de Ayuda"),
    spec(
        "steps",
        "Avisos antes y después del plazo",
        Control::Rows(STEP),
    )
    .hint("Un aviso se quita dejando en blanco el porcentaje."),
    spec(
        "retention.series",
        "Serie documental",
        Control::Line(MAX_SERIES),
    )
    .hint("Código en la tabla de retención (TRD)")
    .optional(),
    spec(
        "retention.office_years",
        "Años en el archivo de gestión",
        Control::Minutes,
    )
    .optional(),
    spec(
        "retention.central_years",
        "Años en el archivo central",
        Control::Minutes,
    )
    .optional(),
    spec(
        "retention.disposition",
        "Disposición final",
        Control::One(Source::Dispositions),
    )
    .optional(),
    RETIRED,
];

const PROVIDERS: &[Spec] = &[NAME, spec("email", "Correo", Control::Email), RETIRED];

const CLOSURE: &[Spec] = &[
    spec("name", "Motivo", Control::Line(MAX_NAME)),
    spec("from", "Desde", Control::Line(MAX_WORD)).hint("2026-12-24, o 12-24 si es cada año"),
    spec("to", "Hasta", Control::Line(MAX_WORD))
        .hint("En blanco si es un solo día")
        .optional(),
    spec("yearly", "Cada año", Control::Check),
];

const CALENDARS: &[Spec] = &[
    spec("id", "Nombre", Control::Line(MAX_KEY)).known_by(),
    spec("time_zone", "Zona horaria", Control::Line(MAX_KEY)),
    spec("holidays", "Festivos", Control::One(Source::Holidays)),
    spec(
        "always",
        "Siempre abierto: las horas de abajo no cuentan",
        Control::Check,
    ),
    spec("hours.monday", "Lunes", Control::Words)
        .hint("08:00-12:00, 13:00-17:00; en blanco, cerrado")
        .or_blank(),
    spec("hours.tuesday", "Martes", Control::Words).or_blank(),
    spec("hours.wednesday", "Miércoles", Control::Words).or_blank(),
    spec("hours.thursday", "Jueves", Control::Words).or_blank(),
    spec("hours.friday", "Viernes", Control::Words).or_blank(),
    spec("hours.saturday", "Sábado", Control::Words).or_blank(),
    spec("hours.sunday", "Domingo", Control::Words).or_blank(),
    spec(
        "closures",
        "Cierres, además de los festivos",
        Control::Rows(CLOSURE),
    )
    .hint("Un cierre se quita dejándolo en blanco."),
    RETIRED,
];

const HOLIDAYS: &[Spec] = &[
    NAME,
    spec("kind", "Cómo se fija", Control::One(Source::HolidayKinds)),
    spec("day", "Día", Control::Line(MAX_WORD))
        .hint("07-09; o los días después del Domingo de Pascua: 43, o -3 si es antes"),
    spec("first_year", "Primer año", Control::Minutes),
    spec("last_year", "Último año", Control::Minutes)
        .hint("En blanco mientras rija")
        .optional(),
    spec("law", "Norma", Control::Line(MAX_NAME)).hint("Ley 2578 de 2026"),
];

const TEXTS: &[Spec] = &[
    NAME,
    spec("text", "Texto", Control::Text)
        .hint("{solicitante}, {ticket} y {vence} se llenan con los datos de cada solicitud."),
    spec(
        "categories",
        "Para estas categorías; sin marcar, para todas",
        Control::Some(Source::Categories),
    ),
];

const FORMS: &[Spec] = &[
    NAME,
    spec("email", "Correo desde el que escribe", Control::Email)
        .hint("De lo que llegue desde allí, quien pide es la persona del «Responder a».")
        .known_by(),
];

const NOTICE: &[Spec] = &[
    spec("version", "Versión", Control::Minutes)
        .hint("Un número mayor cada vez que cambia el texto"),
    spec(
        "contact",
        "Canal para pedir y corregir datos",
        Control::Email,
    ),
    spec("url", "Política de tratamiento", Control::Line(MAX_ADDRESS))
        .hint("La dirección de la página, con https://"),
    spec("text", "Texto", Control::Text)
        .hint("{canal} y {politica} se llenan con los dos datos de arriba."),
];

const TERMS: &[Spec] = &[
    spec(
        "petition_days",
        "Días hábiles para trasladar una petición",
        Control::Minutes,
    )
    .hint("Se cuentan desde el día siguiente a su llegada (Ley 1437 de 2011, art. 21)."),
    spec(
        "petition_office.name",
        "A quién se trasladan",
        Control::Line(MAX_NAME),
    )
    .hint("Quien las responde de ordinario; en cada una se puede indicar otro.")
    .optional(),
    spec("petition_office.email", "Su correo", Control::Email).optional(),
    spec(
        "sic_days",
        "Días hábiles para reportar a la SIC",
        Control::Minutes,
    )
    .hint("Un incidente que afecta datos personales"),
    spec(
        "calendar",
        "Calendario de los días hábiles",
        Control::One(Source::Calendars),
    )
    .optional(),
    spec(
        "csirt_hours",
        "Horas para reportar al CSIRT Gobierno",
        Control::Minutes,
    ),
    spec(
        "csirt_calendar",
        "Calendario de esas horas",
        Control::One(Source::Calendars),
    )
    .optional(),
];

const ACCOUNTS: &[Spec] = &[
    spec(
        "notice_days",
        "Aviso antes de que terminen",
        Control::Minutes,
    )
    .hint("Días hábiles antes del fin del contrato en que se abre la desvinculación"),
    spec("review_days", "Plazo del refrendo", Control::Minutes)
        .hint("Días hábiles que tiene cada jefe desde que empieza el trimestre"),
];

fn specs(part: Part) -> &'static [Spec] {
    match part {
        Part::People => PEOPLE,
        Part::Teams => TEAMS,
        Part::Categories => CATEGORIES,
        Part::Providers => PROVIDERS,
        Part::Calendars => CALENDARS,
        Part::Holidays => HOLIDAYS,
        Part::Texts => TEXTS,
        Part::Forms => FORMS,
        Part::Notice => NOTICE,
        Part::Terms => TERMS,
        Part::Accounts => ACCOUNTS,
    }
}

/// One of several values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    pub value: String,
    pub label: String,
    pub chosen: bool,
}

/// The word by which the document names a value.
fn word(value: impl Serialize) -> String {
    let value = serde_json::to_value(value).unwrap_or_default();
    value.as_str().unwrap_or_default().to_owned()
}

/// The same text, with a capital at its head.
pub(crate) fn capital(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string());
    first.unwrap_or_default() + letters.as_str()
}

/// What may still be chosen: not what is retired, unless it is chosen already.
fn still(choices: impl Iterator<Item = (Choice, bool)>) -> Vec<Choice> {
    let still = choices.filter(|(choice, retired)| choice.chosen || !retired);
    still.map(|(choice, _)| choice).collect()
}

fn choices(source: Source, document: &CatalogueDocument, chosen: &[&str]) -> Vec<Choice> {
    let choice = |value: String, label: &str| Choice {
        chosen: chosen.contains(&&*value),
        label: label.to_owned(),
        value,
    };
    match source {
        Source::Roles => {
            let roles = Role::ALL.iter();
            let roles = roles.map(|role| choice(word(role), &capital(role_name(*role))));
            // Whoever is of the entity asks for things without being told so.
            let asks = word(Role::Requester);
            roles.filter(|of| of.chosen || of.value != asks).collect()
        }
        Source::Teams => {
            let teams = document.teams.iter();
            let teams = teams.map(|team| (choice(team.id.0.clone(), &team.name), team.retired));
            still(teams)
        }
        Source::Categories => {
            let categories = document.categories.iter();
            still(categories.map(|of| (choice(of.id.0.clone(), &of.name), of.retired)))
        }
        Source::Calendars => {
            let calendars = document.calendars.iter();
            still(calendars.map(|(id, of)| (choice(id.0.clone(), &id.0), of.retired)))
        }
        Source::Holidays => {
            let holidays = Holidays::VARIANTS.iter();
            let holidays = holidays.map(|of| choice(word(of), &capital(holidays_name(*of))));
            holidays.collect()
        }
        Source::HolidayKinds => {
            let kinds = HolidayKind::VARIANTS.iter();
            let kinds = kinds.map(|of| choice(word(of), &capital(holiday_kind_name(*of))));
            kinds.collect()
        }
        Source::Clocks => {
            // Whom the law's clocks tell is the same for everything.
            let clocks = ClockKind::ALL.iter().filter(|of| !of.is_legal());
            clocks
                .map(|of| choice(word(of), &capital(clock_name(*of))))
                .collect()
        }
        Source::Tells => {
            let tells = Tells::VARIANTS.iter();
            tells
                .map(|of| choice(word(of), &capital(told(*of))))
                .collect()
        }
        Source::Kinds => {
            let kinds = RequesterKind::VARIANTS.iter();
            kinds
                .map(|of| choice(word(of), &capital(kind_name(*of))))
                .collect()
        }
        Source::Dispositions => {
            let dispositions = Disposition::VARIANTS.iter();
            dispositions
                .map(|of| choice(word(of), &capital(disposition_name(*of))))
                .collect()
        }
    }
}

/// A field, to be drawn.
#[derive(Clone, Debug)]
pub struct Field {
    pub id: String,
    pub name: String,
    pub label: &'static str,
    pub hint: &'static str,
    pub optional: bool,
    pub drawn: Drawn,
}

/// A field's control, with what is in it.
#[derive(Clone, Debug)]
pub enum Drawn {
    Line {
        value: String,
        max: usize,
    },
    Text(String),
    Email(String),
    Date(String),
    Number(String),
    Check {
        chosen: bool,
    },
    /// One of two, both in sight.
    Either(Vec<Choice>),
    One(Vec<Choice>),
    Some(Vec<Choice>),
    Rows(Vec<Row>),
}

/// A row of fields.
#[derive(Clone, Debug)]
pub struct Row {
    pub id: String,
    pub number: usize,
    pub fields: Vec<Field>,
}

impl Field {
    /// Whether it stands in a line with its neighbours. A name may be long.
    fn is_short(&self) -> bool {
        match self.drawn {
            _ if self.name == NAME.name => false,
            Drawn::Line { .. }
            | Drawn::Email(_)
            | Drawn::Date(_)
            | Drawn::Number(_)
            | Drawn::One(_) => true,
            Drawn::Text(_)
            | Drawn::Check { .. }
            | Drawn::Either(_)
            | Drawn::Some(_)
            | Drawn::Rows(_) => false,
        }
    }
}

/// The id of the element of a field, whichever way it is named: `steps[2].percent`
/// or `steps.2.percent`.
pub fn id_of(field: &str) -> String {
    let parts = field.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let parts: Vec<_> = parts.filter(|part| !part.is_empty()).collect();
    match parts.as_slice() {
        [] => "ficha".to_owned(),
        parts => format!("f-{}", parts.join("-")),
    }
}

/// What people call a field, by any of its names.
pub fn label_of(part: Part, field: &str) -> Option<&'static str> {
    let id = id_of(field);
    let mut found = None;
    for spec in specs(part) {
        let own = id_of(spec.name);
        if own == id {
            return Some(spec.label);
        }
        let Some(rest) = id.strip_prefix(&format!("{own}-")) else {
            continue;
        };
        found = Some(spec.label);
        if let Control::Rows(columns) = spec.control {
            let column = rest.split_once('-').map(|(_, column)| column);
            let column = column.and_then(|name| columns.iter().find(|spec| spec.name == name));
            found = column.map(|spec| spec.label).or(found);
        }
    }
    found
}

/// The form of a part, filled in: fields that stand in one line are together.
pub fn form(
    part: Part,
    is_new: Newness,
    document: &CatalogueDocument,
    typed: &Typed,
) -> Vec<Vec<Field>> {
    let asked = specs(part).iter();
    let asked = asked.filter(|spec| spec.need != Need::Key || is_new == Newness::New);
    let mut lines: Vec<Vec<Field>> = Vec::new();
    for spec in asked {
        let field = draw(spec, spec.name, document, typed);
        match lines.last_mut() {
            Some(line) if field.is_short() && line.iter().all(Field::is_short) => line.push(field),
            Some(_) | None => lines.push(vec![field]),
        }
    }
    lines
}

/// Whether an entry is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Newness {
    New,
    Known,
}

fn draw(spec: &Spec, name: &str, document: &CatalogueDocument, typed: &Typed) -> Field {
    let value = || sent(typed, name).unwrap_or_default().to_owned();
    let all: Vec<_> = all_of(typed, name).collect();
    let drawn = match spec.control {
        Control::Line(max) => Drawn::Line {
            value: value(),
            max,
        },
        Control::Words => Drawn::Line {
            value: value(),
            max: 1_000,
        },
        Control::Text => Drawn::Text(value()),
        Control::Email => Drawn::Email(value()),
        Control::Date => Drawn::Date(value()),
        Control::Minutes | Control::Percent => Drawn::Number(value()),
        Control::Check => Drawn::Check {
            chosen: !all.is_empty(),
        },
        Control::Either(yes, no) => {
            let words = [("true", yes), ("false", no)];
            let choices = words.map(|(value, label)| Choice {
                value: value.to_owned(),
                label: label.to_owned(),
                chosen: all.contains(&value),
            });
            Drawn::Either(choices.into())
        }
        Control::One(source) => Drawn::One(choices(source, document, &all)),
        Control::Some(source) => Drawn::Some(choices(source, document, &all)),
        Control::Rows(columns) => {
            let rows = (0..rows_of(typed, name) + SPARE).map(|at| {
                let fields = columns.iter().map(|column| {
                    let name = format!("{name}.{at}.{}", column.name);
                    draw(column, &name, document, typed)
                });
                Row {
                    id: id_of(&format!("{name}.{at}")),
                    number: at + 1,
                    fields: fields.collect(),
                }
            });
            Drawn::Rows(rows.collect())
        }
    };
    Field {
        id: id_of(name),
        name: name.to_owned(),
        label: spec.label,
        hint: spec.hint,
        optional: spec.need == Need::Never,
        drawn,
    }
}

fn all_of<'a>(typed: &'a Typed, name: &'a str) -> impl Iterator<Item = &'a str> {
    let found = typed.iter().filter(move |(other, _)| other == name);
    found.map(|(_, value)| value.as_str())
}

/// The row and the column of a field of rows.
fn cell<'a>(name: &'a str, rows: &str) -> Option<(usize, &'a str)> {
    let rest = name.strip_prefix(rows)?.strip_prefix('.')?;
    let (at, column) = rest.split_once('.')?;
    Some((at.parse().ok()?, column))
}

fn rows_of(typed: &Typed, rows: &str) -> usize {
    let cells = typed.iter().filter_map(|(name, _)| cell(name, rows));
    cells.map(|(at, _)| at + 1).max().unwrap_or_default()
}

/// The same without rows that are blank, so that rows are numbered as the document
/// will number them.
pub fn tidied(part: Part, typed: &[(String, String)]) -> Typed {
    let mut tidied = typed.to_vec();
    for spec in specs(part) {
        let Control::Rows(columns) = spec.control else {
            continue;
        };
        let is_text = |column: &str| {
            let mut columns = columns.iter();
            let found = columns.find(|spec| spec.name == column);
            found.is_some_and(|spec| matches!(spec.control, Control::Line(_) | Control::Percent))
        };
        let mut used = BTreeSet::new();
        for (name, value) in &tidied {
            if let Some((at, column)) = cell(name, spec.name)
                && is_text(column)
                && !value.trim().is_empty()
            {
                used.insert(at);
            }
        }
        let place = |at: usize| used.iter().position(|used| *used == at);
        let renamed = tidied.into_iter().filter_map(|(name, value)| {
            match cell(&name, spec.name).map(|(at, column)| (place(at), column)) {
                None => Some((name, value)),
                Some((None, _)) => None,
                Some((Some(at), column)) => Some((format!("{}.{at}.{column}", spec.name), value)),
            }
        });
        tidied = renamed.collect();
    }
    tidied
}

/// What a form has in it that shows an entry.
pub fn filled(part: Part, entry: &Fields) -> Typed {
    let mut typed = Vec::new();
    for spec in specs(part) {
        let value = spec.name.split('.').try_fold(None, |found, name| {
            let fields = found.map_or(Some(entry), Value::as_object)?;
            Some(fields.get(name))
        });
        if let Some(value) = value.flatten() {
            fill(spec, spec.name, value, &mut typed);
        }
    }
    // Where nothing is chosen, a document leaves out what a form has to show.
    if part == Part::Calendars && sent(&typed, "holidays").is_none() {
        typed.push(("holidays".to_owned(), word(Holidays::None)));
    }
    if part == Part::Categories && !entry.contains_key("retention") {
        retained_by_default(&mut typed);
    }
    typed
}

/// What a form shows of a category that says nothing of how long it is kept.
fn retained_by_default(typed: &mut Typed) {
    let Retention {
        series: _,
        office_years,
        central_years,
        disposition,
    } = Retention::default();
    typed.extend(
        [
            ("retention.office_years", office_years.to_string()),
            ("retention.central_years", central_years.to_string()),
            ("retention.disposition", word(disposition)),
        ]
        .map(|(name, value)| (name.to_owned(), value)),
    );
}

/// What a form for a new entry has in it.
pub fn blank(part: Part) -> Typed {
    let pairs: &[(&str, &str)] = match part {
        Part::People => &[("available", "true")],
        Part::Teams
        | Part::Providers
        | Part::Holidays
        | Part::Texts
        | Part::Forms
        | Part::Notice
        | Part::Terms
        | Part::Accounts => &[],
        // Section 5 of the procedure.
        Part::Categories => &[
            ("attention_minutes", "15"),
            ("solution_minutes", "30"),
            ("validation_minutes", "540"),
            ("waiting_minutes", "540"),
            ("calendar", "habil"),
        ],
        Part::Calendars => &[("time_zone", "America/Bogota"), ("holidays", "colombia")],
    };
    let pairs = pairs.iter();
    let mut typed: Typed = pairs
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    if part == Part::Categories {
        let steps = serde_json::to_value(Step::DEFAULT).unwrap_or_default();
        let rows = CATEGORIES.iter().filter(|spec| spec.name == "steps");
        rows.for_each(|spec| fill(spec, spec.name, &steps, &mut typed));
        retained_by_default(&mut typed);
    }
    typed
}

fn fill(spec: &Spec, name: &str, value: &Value, typed: &mut Typed) {
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    };
    let list = || value.as_array().map(Vec::as_slice).unwrap_or_default();
    match spec.control {
        Control::Check if *value != Value::Bool(true) => {}
        Control::Check
        | Control::Line(_)
        | Control::Text
        | Control::Email
        | Control::Date
        | Control::Minutes
        | Control::Percent
        | Control::Either(..)
        | Control::One(_) => typed.push((name.to_owned(), text(value))),
        Control::Words => {
            let words: Vec<_> = list().iter().map(text).collect();
            typed.push((name.to_owned(), words.join(", ")));
        }
        Control::Some(_) => {
            typed.extend(list().iter().map(|value| (name.to_owned(), text(value))));
        }
        Control::Rows(columns) => {
            for (at, row) in list().iter().enumerate() {
                for column in columns {
                    if let Some(value) = row.get(column.name) {
                        let name = format!("{name}.{at}.{}", column.name);
                        fill(column, &name, value, typed);
                    }
                }
            }
        }
    }
}

/// The entry that a form stands for; `key` is that of the one whose place it takes.
///
/// # Errors
/// Every field that cannot be taken as it is.
pub fn read(
    part: Part,
    key: Option<&str>,
    document: &CatalogueDocument,
    typed: &Typed,
) -> Result<Fields, Vec<FieldError>> {
    let mut entry = Fields::new();
    let mut errors = Vec::new();
    // One that never closes has nothing else.
    let always = part == Part::Calendars && sent(typed, "always").is_some();
    for spec in specs(part) {
        let known = spec.need == Need::Key && key.is_some();
        let of_any = ["always", RETIRED.name].contains(&spec.name);
        let beside = always && spec.need != Need::Key && !of_any;
        if known || beside {
            continue;
        }
        match value(spec, spec.name, typed) {
            Ok(None) => {}
            Ok(Some(value)) => match spec.name.split_once('.') {
                None => drop(entry.insert(spec.name.to_owned(), value)),
                Some((object, name)) => {
                    let object = entry.entry(object).or_insert_with(|| Fields::new().into());
                    if let Some(object) = object.as_object_mut() {
                        object.insert(name.to_owned(), value);
                    }
                }
            },
            Err(mut wrong) => errors.append(&mut wrong),
        }
    }
    if let Some(key) = key {
        entry.insert(part.key().to_owned(), key.into());
    } else if !entry.contains_key(part.key()) {
        let name = sent(typed, "name").unwrap_or_default();
        let key = new_key(document, part, name);
        entry.insert(part.key().to_owned(), key.into());
    }
    match errors.is_empty() {
        true => Ok(entry),
        false => Err(errors),
    }
}

fn value(spec: &Spec, name: &str, typed: &Typed) -> Result<Option<Value>, Vec<FieldError>> {
    let text = sent(typed, name).unwrap_or_default().trim();
    let one = |error: FieldError| vec![error];
    match spec.control {
        Control::Check => return Ok(Some(sent(typed, name).is_some().into())),
        Control::Some(_) => {
            let all: Vec<_> = all_of(typed, name).map(Value::from).collect();
            return Ok(Some(all.into()));
        }
        Control::Rows(columns) => {
            let rows = (0..rows_of(typed, name)).map(|at| {
                let mut row = Fields::new();
                let mut errors = Vec::new();
                for column in columns {
                    match value(column, &format!("{name}.{at}.{}", column.name), typed) {
                        Ok(None) => {}
                        Ok(Some(value)) => drop(row.insert(column.name.to_owned(), value)),
                        Err(mut wrong) => errors.append(&mut wrong),
                    }
                }
                match errors.is_empty() {
                    true => Ok(Value::from(row)),
                    false => Err(errors),
                }
            });
            let (rows, errors): (Vec<_>, Vec<_>) = rows.partition(Result::is_ok);
            let errors: Vec<_> = errors
                .into_iter()
                .filter_map(Result::err)
                .flatten()
                .collect();
            return match errors.is_empty() {
                true => Ok(Some(rows.into_iter().filter_map(Result::ok).collect())),
                false => Err(errors),
            };
        }
        Control::Line(_)
        | Control::Text
        | Control::Email
        | Control::Date
        | Control::Words
        | Control::Minutes
        | Control::Percent
        | Control::Either(..)
        | Control::One(_) => {}
    }
    if text.is_empty() {
        return match spec.need {
            Need::Never | Need::Blank => Ok(None),
            Need::Always | Need::Key => Err(one(FieldError::required(name))),
        };
    }
    match spec.control {
        Control::Line(max) => match parse_line(name, text, max) {
            Ok(line) => Ok(Some(line.into())),
            Err(error) => Err(one(error)),
        },
        // Browsers end lines as mails do.
        Control::Text => match parse_text(name, &text.replace("\r\n", "\n"), MAX_TEXT) {
            Ok(text) => Ok(Some(text.into())),
            Err(error) => Err(one(error)),
        },
        Control::Email => match EmailAddress::parse(text) {
            Ok(email) => Ok(Some(email.as_str().into())),
            Err(_) => {
                let detail = "No es una dirección de correo válida.";
                Err(one(FieldError::new(name, "invalid_email", detail)))
            }
        },
        Control::Date => match date(text) {
            Some(date) => Ok(Some(date.to_string().into())),
            None => {
                let detail = "No es una fecha: día, mes y año, como 24/12/2026.";
                Err(one(FieldError::new(name, "malformed", detail)))
            }
        },
        Control::Words => {
            let words = text
                .split(',')
                .map(str::trim)
                .filter(|word| !word.is_empty());
            let words = words.map(|word| parse_line(name, word, MAX_WORD).map(Value::from));
            let words: Result<Vec<_>, _> = words.collect();
            words.map(|words| Some(words.into())).map_err(one)
        }
        Control::Minutes | Control::Percent => match text.parse::<u32>() {
            Ok(number) => Ok(Some(number.into())),
            Err(_) => {
                let detail = "Debe ser un número entero.";
                Err(one(FieldError::new(name, "out_of_range", detail)))
            }
        },
        Control::Either(..) => Ok(Some((text == "true").into())),
        Control::One(_) => Ok(Some(text.into())),
        Control::Check | Control::Some(_) | Control::Rows(_) => Ok(None),
    }
}

/// A day, as browsers send it, or as people write it where a browser does not ask for days.
fn date(text: &str) -> Option<Date> {
    let as_people_write = || Date::strptime("%d/%m/%Y", text).ok();
    text.parse().ok().or_else(as_people_write)
}

#[cfg(test)]
mod tests {
    use types::calendar::ClosureDefinition;
    use types::catalogue::Catalogue;
    use types::entries::entries;
    use types::revision::{Revision, entry_of, revised};

    use super::*;

    fn shipped() -> CatalogueDocument {
        Catalogue::shipped().unwrap().document().clone()
    }

    /// A document in which no field is what it is by default.
    fn whole() -> CatalogueDocument {
        let mut document = shipped();
        let calendar = document.calendars.values_mut().last().unwrap();
        calendar.hours.saturday = vec!["08:00-12:00".to_owned(), "13:00-14:00".to_owned()];
        calendar.hours.sunday = vec!["08:00-09:00".to_owned()];
        let closure = |from: &str, to: Option<&str>, yearly| ClosureDefinition {
            name: "Receso".to_owned(),
            from: from.to_owned(),
            to: to.map(str::to_owned),
            yearly,
        };
        calendar.closures = vec![
            closure("12-24", Some("01-02"), true),
            closure("2026-12-14", None, false),
        ];
        document
    }

    #[test]
    fn what_a_form_shows_is_what_it_sends() {
        let document = whole();
        for part in Part::ALL {
            for entry in entries(&document, *part) {
                let is = entry_of(&document, *part, &entry.key).unwrap();
                let typed = tidied(*part, &filled(*part, &is));
                let read = read(*part, Some(&entry.key), &document, &typed).unwrap();
                let revision = Revision::Put {
                    key: Some(entry.key.clone()),
                    entry: read,
                };
                let after = revised(&document, *part, revision).unwrap();
                assert_eq!(*after.document(), document, "{part:?} {}", entry.key);
            }
        }
    }

    /// A field that is added to the catalogue needs a place in a form.
    #[test]
    fn every_field_of_the_document_is_asked_for() {
        let document = whole();
        for part in Part::ALL {
            let asked: BTreeSet<&str> = specs(*part)
                .iter()
                .map(|spec| spec.name.split('.').next().unwrap())
                .chain([part.key()])
                .collect();
            for entry in entries(&document, *part) {
                let fields = entry_of(&document, *part, &entry.key).unwrap();
                for name in fields.keys() {
                    assert!(asked.contains(name.as_str()), "{part:?}: {name}");
                }
            }
        }
    }

    #[test]
    fn blank_rows_are_none_and_the_others_move_up() {
        let typed = |pairs: &[(&str, &str)]| -> Typed {
            let pairs = pairs.iter();
            pairs
                .map(|(n, v)| ((*n).to_owned(), (*v).to_owned()))
                .collect()
        };
        let sent = typed(&[
            ("name", "Redes"),
            ("steps.0.percent", " "),
            ("steps.0.clock", "solution"),
            ("steps.2.percent", "90"),
            ("steps.2.clock", "attention"),
        ]);
        let expected = typed(&[
            ("name", "Redes"),
            ("steps.0.percent", "90"),
            ("steps.0.clock", "attention"),
        ]);
        assert_eq!(tidied(Part::Categories, &sent), expected);
    }

    #[test]
    fn a_field_is_found_by_any_of_its_names() {
        for (part, field, id, label) in [
            (Part::Categories, "name", "f-name", Some("Nombre")),
            (
                Part::Categories,
                "steps[2].percent",
                "f-steps-2-percent",
                Some("Al % del tiempo"),
            ),
            (
                Part::Categories,
                "steps.2.tells",
                "f-steps-2-tells",
                Some("Avisa"),
            ),
            (
                Part::Categories,
                "steps[2]",
                "f-steps-2",
                Some("Avisos antes y después del plazo"),
            ),
            (
                Part::Calendars,
                "hours.monday",
                "f-hours-monday",
                Some("Lunes"),
            ),
            (Part::People, "", "ficha", None),
        ] {
            assert_eq!(
                (id_of(field).as_str(), label_of(part, field)),
                (id, label),
                "{field}"
            );
        }
    }

    #[test]
    fn a_day_is_taken_as_browsers_and_as_people_write_it() {
        let document = shipped();
        let is = entry_of(&document, Part::People, "agente1.soporte@uspec.gov.co").unwrap();
        for (written, day) in [
            ("2026-12-01", Some("2026-12-01")),
            ("01/12/2026", Some("2026-12-01")),
            ("1/12/2026", Some("2026-12-01")),
            ("31/11/2026", None),
            ("el martes", None),
        ] {
            let mut typed = tidied(Part::People, &filled(Part::People, &is));
            typed.retain(|(name, _)| name != "away_until");
            typed.push(("away_until".to_owned(), written.to_owned()));
            match (read(Part::People, None, &document, &typed), day) {
                (Ok(fields), Some(day)) => assert_eq!(fields["away_until"], day),
                (Err(errors), None) => assert_eq!(errors[0].field, "away_until"),
                (read, _) => panic!("{written}: {read:?}"),
            }
        }
    }

    #[test]
    fn what_cannot_be_taken_is_said_of_each_field() {
        let typed: Typed = [
            ("name", ""),
            ("team", "soporte"),
            ("calendar", ""),
            ("attention_minutes", "un rato"),
            ("solution_minutes", "30"),
            ("validation_minutes", "540"),
            ("waiting_minutes", "540"),
            ("steps.0.percent", "ochenta"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
        let errors = read(Part::Categories, None, &shipped(), &typed).unwrap_err();
        let found: Vec<_> = errors.iter().map(|e| (e.field.as_str(), e.code)).collect();
        assert_eq!(
            found,
            [
                ("name", "required"),
                ("calendar", "required"),
                ("attention_minutes", "out_of_range"),
                ("steps.0.percent", "out_of_range"),
                ("steps.0.clock", "required"),
                ("steps.0.tells", "required"),
            ]
        );
    }
}
