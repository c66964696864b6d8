//! The catalogue and the directory: what is in force, the form of an entry with a
//! preview of what it changes, and the versions.

use std::borrow::Cow;

use askama::Template;
use jiff::Timestamp;
use types::calendar::Calendar;
use types::catalogue::CatalogueDocument;
use types::consequences::{Consequence, where_open};
use types::difference::Difference;
use types::entries::{Entry, Fact, Part, entries};
use types::folding::folded;
use types::holidays::PublicHolidays;
use types::person::Person;
use types::problem::Problem;
use types::spanish;

use crate::entryform::{Drawn, Field, Newness, Typed, capital, form, id_of, label_of};
use crate::shell::{Shell, address_of};
use crate::words;
use crate::wrong::Wrong;

/// The word of a part's address.
pub fn word(part: Part) -> &'static str {
    match part {
        Part::People => "personas",
        Part::Teams => "equipos",
        Part::Categories => "categorias",
        Part::Providers => "proveedores",
        Part::Calendars => "calendarios",
        Part::Holidays => "festivos",
        Part::Texts => "textos",
        Part::Forms => "formularios",
        Part::Notice => "aviso",
        Part::Terms => "plazos",
        Part::Accounts => "cuentas",
    }
}

/// The part that a word of an address names.
pub fn part_of(name: &str) -> Option<Part> {
    Part::ALL.iter().copied().find(|part| word(*part) == name)
}

/// What people call a part.
pub fn name(part: Part) -> &'static str {
    match part {
        Part::People => "Personas",
        Part::Teams => "Equipos",
        Part::Categories => "Categorías",
        Part::Providers => "Proveedores",
        Part::Calendars => "Calendarios",
        Part::Holidays => "Festivos",
        Part::Texts => "Textos preparados",
        Part::Forms => "Formularios",
        Part::Notice => "Aviso",
        Part::Terms => "Plazos de ley",
        Part::Accounts => "Cuentas",
    }
}

/// What a button says that leads to the form of a new entry; nothing where there is
/// one and no other.
fn adding(part: Part) -> Option<&'static str> {
    match part {
        Part::People => Some("Agregar persona"),
        Part::Teams => Some("Agregar equipo"),
        Part::Categories => Some("Agregar categoría"),
        Part::Providers => Some("Agregar proveedor"),
        Part::Calendars => Some("Agregar calendario"),
        Part::Holidays => Some("Agregar festivo"),
        Part::Texts => Some("Agregar texto"),
        Part::Forms => Some("Agregar formulario"),
        Part::Notice | Part::Terms | Part::Accounts => None,
    }
}

/// What a button says that takes an entry out, where one may go.
fn removing(part: Part) -> Option<&'static str> {
    match part {
        Part::People => Some("Quitar del directorio"),
        Part::Teams => Some("Quitar equipo"),
        Part::Categories => Some("Quitar categoría"),
        Part::Providers => Some("Quitar proveedor"),
        Part::Holidays => Some("Quitar festivo"),
        Part::Texts => Some("Quitar texto"),
        Part::Forms => Some("Quitar formulario"),
        Part::Calendars => Some("Quitar calendario"),
        Part::Notice | Part::Terms | Part::Accounts => None,
    }
}

/// All that a calendar says, in one sentence.
const SCHEDULE: &str = "Horario";

/// The next day that is such a holiday.
const NEXT: &str = "El próximo";

/// What a list shows of its entries.
fn columns(part: Part) -> &'static [&'static str] {
    match part {
        Part::People => &["Funciones", "Equipos", "Disponible"],
        Part::Teams => &["Buzón", "Extensiones", "Categoría de los correos"],
        Part::Categories => &["Equipo", "Atención", "Solución", "Validación", "Encuesta"],
        Part::Providers | Part::Forms => &["Correo"],
        Part::Texts => &["Categorías", "Texto"],
        Part::Calendars => &[SCHEDULE],
        Part::Holidays => &["Cuándo", NEXT, "Rige", "Norma"],
        Part::Notice => &["Versión", "Canal para pedir y corregir datos"],
        Part::Terms => &[
            "Traslado de peticiones",
            "Reporte a la SIC",
            "Reporte al CSIRT Gobierno",
        ],
        Part::Accounts => &["Aviso antes de que terminen", "Plazo del refrendo"],
    }
}

/// The address of an entry; of the form for a new one, without a key.
pub fn place(part: Part, key: Option<&str>) -> String {
    let page = format!("/catalogo/{}/ficha", word(part));
    match key {
        None => page,
        Some(key) => {
            let mut query = form_urlencoded::Serializer::new(format!("{page}?"));
            query.append_pair("clave", key).finish()
        }
    }
}

/// Who wrote a version, and when.
#[derive(Clone, Debug)]
pub struct Written {
    pub version: u64,
    pub at: Option<Timestamp>,
    pub by: Option<Person>,
}

impl Written {
    pub(crate) fn who(&self) -> &str {
        match (&self.by, self.version) {
            (Some(person), _) => &person.name,
            (None, 0) => "con la instalación",
            (None, _) => "no quedó registrado quién",
        }
    }

    fn stamp(&self, now: &Timestamp) -> String {
        self.at
            .map_or_else(String::new, |at| words::stamp(at, *now))
    }

    /// `Versión 48, vigente desde ayer a las 16:02`.
    pub(crate) fn sentence(&self, now: &Timestamp) -> String {
        let version = self.version;
        match (self.at, version) {
            (Some(at), _) => format!("Versión {version}, vigente desde {}", words::when(at, *now)),
            (None, 0) => "La versión que trae el producto".to_owned(),
            (None, _) => format!("Versión {version}"),
        }
    }
}

/// What stands above every page of the catalogue.
pub struct Head {
    /// The version in force.
    pub written: Written,
    /// The part that is looked at; none on the page of versions.
    pub part: Option<Part>,
    /// Whether whoever looks may change it.
    pub access: Access,
}

/// What somebody may do with the catalogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    Reads,
    Changes,
}

impl Head {
    /// Who changes it, for whoever only reads.
    pub(crate) fn whose(&self) -> Option<&'static str> {
        (!self.changes()).then_some("Lo edita la coordinación.")
    }

    fn changes(&self) -> bool {
        self.access == Access::Changes
    }

    pub(crate) fn parts(&self) -> Vec<Tab> {
        let parts = Part::ALL.iter().map(|part| Tab {
            word: word(*part),
            name: name(*part),
            current: self.part == Some(*part),
        });
        let versions = Tab {
            word: "versiones",
            name: "Versiones",
            current: self.part.is_none(),
        };
        parts.chain([versions]).collect()
    }
}

/// A part in the row of them.
pub(crate) struct Tab {
    pub(crate) word: &'static str,
    pub(crate) name: &'static str,
    pub(crate) current: bool,
}

/// Rows of a page of a list; one that is longer can be searched.
const ROWS: usize = 100;

/// What of a list somebody asks for.
#[derive(Clone, Copy, Debug)]
pub struct Look<'a> {
    /// Words that stand in an entry's name, its key or what the list says of it.
    pub words: &'a str,
    /// How many entries come before the first that is shown.
    pub from: usize,
}

/// The entries of a part.
#[derive(Template)]
#[template(path = "catalogue.html")]
pub struct List<'a> {
    pub shell: Shell<'a>,
    pub head: Head,
    title: &'static str,
    add: Option<Add>,
    columns: &'static [&'static str],
    rows: Vec<Row>,
    part: Part,
    look: Look<'a>,
    /// How many there are, and how many of them are asked for.
    all: usize,
    found: usize,
}

/// The way to the form of a new entry.
struct Add {
    place: String,
    label: &'static str,
}

struct Row {
    place: String,
    name: String,
    /// The address of whoever has one: any other key is for programs.
    address: Option<String>,
    retired: bool,
    cells: Vec<Cell>,
}

struct Cell {
    label: &'static str,
    text: String,
    /// Whether it says that somebody is away.
    away: bool,
}

impl<'a> List<'a> {
    /// As markup.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn written(&self) -> Result<String, askama::Error> {
        self.render()
    }

    /// The list of a part, as far as somebody asks for it.
    pub fn of(
        shell: Shell<'a>,
        head: Head,
        part: Part,
        document: &CatalogueDocument,
        look: Look<'a>,
    ) -> Self {
        let today = types::mail::day(shell.now);
        let schedule = |key: &str| {
            let mut calendars = document.calendars.iter();
            let (_, definition) = calendars.find(|(id, _)| id.0 == key)?;
            let holidays = PublicHolidays::parse("", &document.holidays).ok()?;
            let calendar = Calendar::parse(definition, &holidays).ok()?;
            Some(spanish::schedule(&calendar, today))
        };
        let next = |key: &str| {
            let mut rules = document.holidays.iter();
            let rule = rules.find(|rule| rule.id.0 == key)?;
            let holiday = PublicHolidays::parse("", std::slice::from_ref(rule)).ok()?;
            let day = holiday.next(today).map(|day| spanish::day(day, None));
            Some(day.unwrap_or_else(|| "ya no rige".to_owned()))
        };
        let reckoned = |label: &str, key: &str| match label {
            SCHEDULE => schedule(key),
            NEXT => next(key),
            _ => None,
        };
        let entries = entries(document, part);
        let all = entries.len();
        let words = folded(look.words.trim());
        let found: Vec<_> = entries
            .into_iter()
            .filter(|entry| words.is_empty() || says(entry, part, &words))
            .collect();
        let found_count = found.len();
        let shown = found.into_iter().skip(look.from).take(ROWS);
        let rows = shown.map(|entry| Row {
            place: place(part, Some(&entry.key)),
            cells: cells(&entry, columns(part), reckoned),
            retired: entry.is_retired(),
            address: (part.key() == "email" && entry.key != entry.name).then_some(entry.key),
            name: entry.name,
        });
        List {
            title: name(part),
            add: adding(part).filter(|_| head.changes()).map(|label| Add {
                place: place(part, None),
                label,
            }),
            columns: columns(part),
            rows: rows.collect(),
            part,
            look,
            all,
            found: found_count,
            shell,
            head,
        }
    }

    /// Whether whoever looks may send a spreadsheet of its entries.
    fn takes_sheets(&self) -> bool {
        self.part == Part::People && self.head.changes()
    }

    /// Whether it is long enough to be searched.
    fn is_searched(&self) -> bool {
        self.all > ROWS
    }

    /// Which of how many are shown.
    fn extent(&self) -> String {
        let last = self.look.from + self.rows.len();
        match self.rows.is_empty() {
            true => format!("Ninguno de {}", self.all),
            false => format!("{} a {last} de {}", self.look.from + 1, self.found),
        }
    }

    /// The address of the list, with nothing asked.
    fn whole(&self) -> String {
        format!("/catalogo/{}", word(self.part))
    }

    /// The addresses of the rows before and after.
    fn neighbours(&self) -> [Option<(&'static str, String)>; 2] {
        let address = |from: usize| {
            let mut query = form_urlencoded::Serializer::new(String::new());
            query.append_pair("q", self.look.words);
            query.append_pair("desde", &from.to_string());
            format!("{}?{}", self.whole(), query.finish())
        };
        let from = self.look.from;
        let before = (from > 0).then(|| ("Anteriores", address(from.saturating_sub(ROWS))));
        let after = from + ROWS;
        let after = (after < self.found).then(|| ("Siguientes", address(after)));
        [before, after]
    }
}

/// Whether some words, folded, stand in what a list shows of an entry.
fn says(entry: &Entry, part: Part, words: &str) -> bool {
    let told = columns(part).iter().filter_map(|label| entry.fact(label));
    let told = told.map(Fact::text);
    let mut said = [entry.name.clone(), entry.key.clone()]
        .into_iter()
        .chain(told);
    said.any(|text| folded(&text).contains(words))
}

fn cells(
    entry: &Entry,
    columns: &[&'static str],
    reckoned: impl Fn(&str, &str) -> Option<String>,
) -> Vec<Cell> {
    let cells = columns.iter().map(|label| {
        let told = || entry.fact(label).map(Fact::text);
        let text = reckoned(label, &entry.key).or_else(told);
        let text = text.unwrap_or_default();
        Cell {
            label,
            away: *label == "Disponible" && text == "no",
            text,
        }
    });
    cells.collect()
}

/// One entry: its form, with a preview where one was asked for; or what it says, to
/// whoever reads only.
#[derive(Template)]
#[template(path = "entry.html")]
pub struct Page<'a> {
    pub shell: Shell<'a>,
    pub head: Head,
    part: Part,
    key: Option<String>,
    title: String,
    facts: Vec<(&'static str, Vec<String>)>,
    form: Option<Vec<Vec<Field>>>,
    wrong: Wrong,
    preview: Option<Preview<'a>>,
    pub meanwhile: Option<Meanwhile>,
    /// Where what is open is, because of which the entry cannot go.
    open: Option<String>,
}

/// What a change would do, before it is done.
pub struct Preview<'a> {
    pub title: String,
    pub differences: Vec<Difference>,
    pub consequences: Vec<Consequence>,
    /// What was sent, to be sent again as it is.
    pub sent: &'a [(String, String)],
    /// The version that it is written over.
    pub version: u64,
    pub key: String,
    pub confirm: &'static str,
    /// In whose name it will be.
    pub who: &'a str,
}

/// What somebody else wrote while a form was filled in.
pub struct Meanwhile {
    pub written: Written,
    pub differences: Vec<Difference>,
}

impl<'a> Page<'a> {
    /// As markup.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn written(&self) -> Result<String, askama::Error> {
        self.render()
    }

    /// The page of the entry with this key, or of a new one. `typed` is what stands
    /// in its form.
    pub fn of(
        shell: Shell<'a>,
        head: Head,
        part: Part,
        key: Option<&str>,
        document: &CatalogueDocument,
        typed: &Typed,
    ) -> Self {
        let entry = key.and_then(|key| {
            let mut all = entries(document, part).into_iter();
            all.find(|entry| entry.key == key)
        });
        let newness = match key {
            None => Newness::New,
            Some(_) => Newness::Known,
        };
        let facts = entry.iter().flat_map(|entry| &entry.facts);
        Page {
            title: match (&entry, key) {
                (Some(entry), _) => entry.name.clone(),
                (None, Some(key)) => key.to_owned(),
                (None, None) => adding(part).unwrap_or_default().to_owned(),
            },
            facts: facts
                .filter(|fact| fact.label != "Nombre")
                .map(|fact| (fact.label, fact.texts()))
                .collect(),
            form: head.changes().then(|| form(part, newness, document, typed)),
            key: key.map(str::to_owned),
            wrong: Wrong::default(),
            preview: None,
            meanwhile: None,
            open: None,
            part,
            shell,
            head,
        }
    }

    /// The same, as it could not be taken.
    pub fn refused(&mut self, problem: &Problem) {
        let part = self.part;
        if let (Problem::Validation(errors), Some(key)) = (problem, &self.key)
            && errors.iter().any(|error| error.code == "in_use")
        {
            self.open = Some(address_of(&where_open(part, key)));
        }
        self.wrong = Wrong::said(problem, |error| {
            let said = match label_of(part, &error.field) {
                Some(label) => format!("{label}: {}", error.detail),
                None => error.detail.clone(),
            };
            (Cow::Owned::<'static, str>(id_of(&error.field)), said)
        });
    }

    /// The same, with what it would do. Of which entry that is goes without saying.
    #[must_use]
    pub fn previewing(mut self, mut preview: Preview<'a>) -> Self {
        if let [first, rest @ ..] = preview.differences.as_slice()
            && rest.iter().all(|other| other.of == first.of)
        {
            for difference in &mut preview.differences {
                difference.of.clear();
                difference.what = capital(&difference.what);
            }
        }
        self.preview = Some(preview);
        self
    }

    fn word(&self) -> &'static str {
        word(self.part)
    }

    fn part_name(&self) -> &'static str {
        name(self.part)
    }

    /// What a button says that takes the entry out.
    fn removing(&self) -> Option<&'static str> {
        self.key.as_ref().and_then(|_| removing(self.part))
    }

    /// What the entry is known by, where its form does not ask for it.
    fn known_by(&self) -> Option<(&'static str, &str)> {
        let key = self.key.as_deref()?;
        match self.part {
            Part::People | Part::Forms => Some(("Correo", key)),
            // For programs: whoever changes it may have to tell it to one.
            Part::Teams | Part::Categories | Part::Providers | Part::Holidays | Part::Texts => {
                self.head.changes().then_some(("Clave", key))
            }
            Part::Calendars | Part::Notice | Part::Terms | Part::Accounts => None,
        }
    }
}

impl Preview<'_> {
    fn next_version(&self) -> u64 {
        self.version + 1
    }
}

/// Every version that was written, the latest first.
#[derive(Template)]
#[template(path = "versions.html")]
pub struct Versions<'a> {
    pub shell: Shell<'a>,
    pub head: Head,
    pub versions: Vec<Version>,
    /// Where the ones before are.
    pub next: Option<String>,
}

/// A version, and in what it differs from the one before.
pub struct Version {
    pub written: Written,
    pub differences: Vec<Difference>,
}

impl Versions<'_> {
    /// As markup.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn written(&self) -> Result<String, askama::Error> {
        self.render()
    }
}

/// The form of somebody who is not signed in any more: his own words, and nothing of
/// what is kept.
#[derive(Template)]
#[template(path = "resend.html")]
pub struct Resend<'a> {
    pub shell: Shell<'a>,
    pub heading: &'a str,
    /// Where it is sent.
    pub action: &'a str,
    pub problem: &'a Problem,
    pub sent: &'a [(String, String)],
    pub key: String,
}

impl Resend<'_> {
    /// As markup.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn written(&self) -> Result<String, askama::Error> {
        self.render()
    }

    fn said(&self) -> Wrong {
        Wrong::of(self.problem, |_| "ficha")
    }
}
