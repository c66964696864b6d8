//! The directory from a spreadsheet: what its rows say of people, held against the
//! directory in force. Whoever keeps the entity's people keeps them in one.
//!
//! ```csv
//! correo;nombre;roles;equipos;disponible;ausente_hasta;dependencia;extension;vinculacion
//! ana.perez@uspec.gov.co;Ana Pérez;agente;Mesa de Ayuda;sí;;Oficina de Tecnología;391;planta
//! ```
//!
//! A column that is there decides, also where its cell is blank; what has no column
//! stays as it was.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantArray};

use crate::catalogue::{CatalogueDocument, DirectoryEntry, Role, Team};
use crate::entries::{kind_name, role_name};
use crate::folding::folded;
use crate::ids::{EmailAddress, TeamId, parse_line};
use crate::input::{MAX_EXTENSION, MAX_NAME};
use crate::person::RequesterKind;
use crate::problem::FieldError;
use crate::spreadsheet::Row;

/// Most people of a sheet.
pub const MAX_PEOPLE: usize = 10_000;

/// Mistakes that are told: whoever has more begins with these.
pub const MOST_TOLD: usize = 100;

/// What becomes of those whom a sheet does not name.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr, VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Reach {
    /// They stay: it is about those whom it names.
    Listed,
    /// They go: it is the whole directory.
    Whole,
}

/// What a column says of people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, VariantArray)]
enum Column {
    Email,
    Name,
    Roles,
    Teams,
    Available,
    AwayUntil,
    Unit,
    Extension,
    Kind,
}

impl Column {
    /// What else it may be called, folded.
    fn names(self) -> &'static [&'static str] {
        match self {
            Column::Email => &["correo electronico", "email", "e mail", "mail"],
            Column::Name => &["nombre completo", "nombres y apellidos", "name"],
            Column::Roles => &["rol", "funciones", "funcion", "role"],
            Column::Teams => &["equipo", "teams", "team"],
            Column::Available => &["available"],
            Column::AwayUntil => &["away until"],
            Column::Unit => &["unidad", "area", "unit"],
            Column::Extension => &["ext"],
            Column::Kind => &["tipo de vinculacion", "kind"],
        }
    }

    /// What it is called here.
    fn name(self) -> &'static str {
        match self {
            Column::Email => "correo",
            Column::Name => "nombre",
            Column::Roles => "roles",
            Column::Teams => "equipos",
            Column::Available => "disponible",
            Column::AwayUntil => "ausente_hasta",
            Column::Unit => "dependencia",
            Column::Extension => "extension",
            Column::Kind => "vinculacion",
        }
    }

    fn of(title: &str) -> Option<Self> {
        let title = folded(title).replace(['_', '-', '.'], " ");
        let title: Vec<_> = title.split_whitespace().collect();
        let title = title.join(" ");
        let mut all = Column::VARIANTS.iter().copied();
        all.find(|column| {
            column.name().replace('_', " ") == title || column.names().contains(&&*title)
        })
    }

    /// Without these nobody knows of whom a row speaks.
    const NEEDED: [Column; 2] = [Column::Email, Column::Name];
}

/// How many of a directory a change concerns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub added: usize,
    pub changed: usize,
    pub removed: usize,
    pub unchanged: usize,
}

/// How many people come, go, change and stay.
pub fn tally(before: &[DirectoryEntry], after: &[DirectoryEntry]) -> Tally {
    let old: BTreeMap<_, _> = before.iter().map(|entry| (&entry.email, entry)).collect();
    let mut tally = Tally::default();
    for entry in after {
        match old.get(&entry.email) {
            None => tally.added += 1,
            Some(old) if *old == entry => tally.unchanged += 1,
            Some(_) => tally.changed += 1,
        }
    }
    let stayed = tally.unchanged + tally.changed;
    tally.removed = before.len().saturating_sub(stayed);
    tally
}

/// The directory after a sheet.
///
/// # Errors
/// Every mistake, by line and column, up to a bound: whoever made one has made others.
pub fn enrolled(
    rows: &[Row],
    before: &CatalogueDocument,
    reach: Reach,
) -> Result<Vec<DirectoryEntry>, Vec<FieldError>> {
    let Some((titles, people)) = rows.split_first() else {
        let detail = "La hoja está vacía: la primera línea lleva los títulos de las columnas.";
        return Err(vec![FieldError::new("", "empty_sheet", detail)]);
    };
    let columns = columns(titles)?;
    if people.is_empty() {
        let detail = "Después de los títulos no hay ninguna persona.";
        return Err(vec![FieldError::new("", "empty_sheet", detail)]);
    }
    if people.len() > MAX_PEOPLE {
        let detail = format!("Son más de {MAX_PEOPLE} personas.");
        return Err(vec![FieldError::new("", "too_many", detail)]);
    }
    let known = Known::of(before);
    let mut errors = Vec::new();
    let mut seen: BTreeMap<EmailAddress, usize> = BTreeMap::new();
    let mut read: BTreeMap<EmailAddress, DirectoryEntry> = BTreeMap::new();
    let mut order = Vec::new();
    for row in people {
        let mut line = Line {
            row,
            columns: &columns,
            errors: &mut errors,
        };
        let Some(entry) = line.person(&known) else {
            continue;
        };
        if let Some(first) = seen.get(&entry.email) {
            let detail = format!("«{}» ya está en la línea {first}.", entry.email);
            line.refuse(Column::Email, "duplicate", &detail);
            continue;
        }
        seen.insert(entry.email.clone(), row.line);
        if !known.people.contains_key(&entry.email) {
            order.push(entry.email.clone());
        }
        read.insert(entry.email.clone(), entry);
    }
    if !errors.is_empty() {
        return Err(told(errors));
    }
    let kept = before.directory.iter().filter_map(|old| {
        let new = read.get(&old.email).cloned();
        match reach {
            Reach::Listed => Some(new.unwrap_or_else(|| old.clone())),
            Reach::Whole => new,
        }
    });
    let new = order.iter().filter_map(|email| read.get(email).cloned());
    Ok(kept.chain(new).collect())
}

/// The mistakes that are told, and how many more there are.
fn told(mut errors: Vec<FieldError>) -> Vec<FieldError> {
    let more = errors.len().saturating_sub(MOST_TOLD);
    errors.truncate(MOST_TOLD);
    if more > 0 {
        let detail = match more {
            1 => "Hay 1 error más en la hoja.".to_owned(),
            more => format!("Hay {more} errores más en la hoja."),
        };
        errors.push(FieldError::new("", "more_errors", detail));
    }
    errors
}

/// Which column stands where.
fn columns(titles: &Row) -> Result<Vec<Column>, Vec<FieldError>> {
    let line = titles.line;
    let mut columns: Vec<Column> = Vec::new();
    let mut errors = Vec::new();
    let mut titled = titles.cells.as_slice();
    // A program that saves a sheet may leave columns without a title at its end.
    while let [rest @ .., last] = titled
        && last.is_empty()
    {
        titled = rest;
    }
    for (i, title) in titled.iter().enumerate() {
        let field = format!("lines[{line}].{}", i + 1);
        match Column::of(title) {
            Some(column) if columns.contains(&column) => {
                let detail = format!("Línea {line}: la columna «{title}» está dos veces.");
                errors.push(FieldError::new(&field, "duplicate_column", detail));
            }
            Some(column) => columns.push(column),
            None => {
                let known: Vec<_> = Column::VARIANTS.iter().map(|of| of.name()).collect();
                let detail = format!(
                    "Línea {line}: la columna «{title}» no se conoce. Las columnas son: {}.",
                    known.join(", ")
                );
                errors.push(FieldError::new(&field, "unknown_column", detail));
            }
        }
    }
    for column in Column::NEEDED {
        if !columns.contains(&column) {
            let name = column.name();
            let detail = format!("Línea {line}: falta la columna «{name}».");
            let field = format!("lines[{line}].{name}");
            errors.push(FieldError::new(&field, "missing_column", detail));
        }
    }
    match errors.is_empty() {
        true => Ok(columns),
        false => Err(told(errors)),
    }
}

/// What a sheet's words lead to.
struct Known<'a> {
    people: BTreeMap<&'a EmailAddress, &'a DirectoryEntry>,
    teams: &'a [Team],
}

impl<'a> Known<'a> {
    fn of(document: &'a CatalogueDocument) -> Self {
        let people = document.directory.iter();
        Known {
            people: people.map(|entry| (&entry.email, entry)).collect(),
            teams: &document.teams,
        }
    }

    /// A team, by its key or its name.
    fn team(&self, word: &str) -> Option<&'a TeamId> {
        let word = folded(word);
        let mut teams = self.teams.iter();
        let named = |team: &&Team| folded(&team.id.0) == word || folded(&team.name) == word;
        teams.find(named).map(|team| &team.id)
    }
}

/// A row, as it is read.
struct Line<'a> {
    row: &'a Row,
    columns: &'a [Column],
    errors: &'a mut Vec<FieldError>,
}

impl Line<'_> {
    fn refuse(&mut self, column: Column, code: &'static str, detail: &str) {
        let (line, name) = (self.row.line, column.name());
        self.errors.push(FieldError::new(
            &format!("lines[{line}].{name}"),
            code,
            format!("Línea {line}, columna «{name}»: {detail}"),
        ));
    }

    /// What stands in a column: nothing where the sheet has no such column.
    fn cell(&self, column: Column) -> Option<&str> {
        let at = self.columns.iter().position(|other| *other == column)?;
        Some(self.row.cells.get(at).map_or("", String::as_str))
    }

    /// A cell that has something in it.
    fn said(&self, column: Column) -> Option<String> {
        self.cell(column)
            .filter(|cell| !cell.is_empty())
            .map(str::to_owned)
    }

    /// The person of a row; nothing where one of its cells was refused.
    fn person(&mut self, known: &Known<'_>) -> Option<DirectoryEntry> {
        let before = self.errors.len();
        let line = self.row.line;
        let beyond = self.row.cells.iter().skip(self.columns.len());
        if let Some(cell) = beyond.clone().find(|cell| !cell.is_empty()) {
            let detail = format!(
                "Línea {line}: «{cell}» está fuera de las columnas. Lo que lleva el separador va entre \
                 comillas."
            );
            let field = format!("lines[{line}]");
            self.errors
                .push(FieldError::new(&field, "too_many_cells", detail));
        }
        let email = self.email();
        let old = email.as_ref().and_then(|email| known.people.get(email));
        let name = self.line(Column::Name, MAX_NAME);
        if name.is_none() && self.cell(Column::Name).is_none_or(str::is_empty) {
            self.refuse(Column::Name, "required", "falta el nombre.");
        }
        let roles = self.roles();
        let teams = self.teams(known);
        let available = self.available();
        let away_until = self.away_until();
        let unit = self.line(Column::Unit, MAX_NAME);
        let extension = self.line(Column::Extension, MAX_EXTENSION);
        let kind = self.kind();
        if self.errors.len() > before {
            return None;
        }
        let mut entry = DirectoryEntry {
            email: email?,
            name: name?,
            roles: BTreeSet::new(),
            teams: BTreeSet::new(),
            available: true,
            away_until: None,
            unit: None,
            extension: None,
            kind: None,
        };
        // What the sheet has no column for stays as it was.
        if let Some(old) = old {
            let DirectoryEntry {
                email: _,
                name: _,
                roles,
                teams,
                available,
                away_until,
                unit,
                extension,
                kind,
            } = (*old).clone();
            entry = DirectoryEntry {
                roles,
                teams,
                available,
                away_until,
                unit,
                extension,
                kind,
                ..entry
            };
        }
        for column in self.columns {
            match column {
                Column::Email | Column::Name => {}
                Column::Roles => entry.roles.clone_from(&roles),
                Column::Teams => entry.teams.clone_from(&teams),
                Column::Available => entry.available = available,
                Column::AwayUntil => entry.away_until = away_until,
                Column::Unit => entry.unit.clone_from(&unit),
                Column::Extension => entry.extension.clone_from(&extension),
                Column::Kind => entry.kind = kind,
            }
        }
        Some(entry)
    }

    fn email(&mut self) -> Option<EmailAddress> {
        let Some(cell) = self.said(Column::Email) else {
            self.refuse(Column::Email, "required", "falta el correo.");
            return None;
        };
        let parsed = EmailAddress::parse(&cell);
        if parsed.is_err() {
            let detail = format!("«{cell}» no es una dirección de correo válida.");
            self.refuse(Column::Email, "invalid_email", &detail);
        }
        parsed.ok()
    }

    fn line(&mut self, column: Column, max: usize) -> Option<String> {
        let cell = self.said(column)?;
        match parse_line("", &cell, max) {
            Ok(line) => Some(line),
            Err(error) => {
                self.refuse(column, error.code, &error.detail);
                None
            }
        }
    }

    fn roles(&mut self) -> BTreeSet<Role> {
        let mut roles = BTreeSet::new();
        for word in self.words(Column::Roles) {
            match role_named(&word) {
                Some(role) => drop(roles.insert(role)),
                None => {
                    let known: Vec<_> = Role::ALL.iter().map(|role| role_name(*role)).collect();
                    let detail = format!("«{word}» no es una función. Son: {}.", known.join(", "));
                    self.refuse(Column::Roles, "unknown_value", &detail);
                }
            }
        }
        roles
    }

    fn teams(&mut self, known: &Known<'_>) -> BTreeSet<TeamId> {
        let mut teams = BTreeSet::new();
        for word in self.words(Column::Teams) {
            match known.team(&word) {
                Some(team) => drop(teams.insert(team.clone())),
                None => {
                    let names: Vec<_> = known.teams.iter().map(|team| &*team.name).collect();
                    let detail = format!("«{word}» no es un equipo. Son: {}.", names.join(", "));
                    self.refuse(Column::Teams, "unknown_reference", &detail);
                }
            }
        }
        teams
    }

    /// The words of a cell that has several.
    fn words(&self, column: Column) -> Vec<String> {
        let cell = self.said(column).unwrap_or_default();
        let words = cell.split([',', ';', '|', '/', '+']).map(str::trim);
        let words = words.filter(|word| !word.is_empty());
        words.map(str::to_owned).collect()
    }

    /// Whoever is in the directory is there, unless it says that he is not.
    fn available(&mut self) -> bool {
        let Some(cell) = self.said(Column::Available) else {
            return true;
        };
        match &*folded(&cell) {
            "si" | "s" | "x" | "1" | "true" | "verdadero" | "yes" => true,
            "no" | "n" | "0" | "false" | "falso" => false,
            _ => {
                let detail = format!("«{cell}» debe ser sí o no.");
                self.refuse(Column::Available, "unknown_value", &detail);
                true
            }
        }
    }

    fn away_until(&mut self) -> Option<Date> {
        let cell = self.said(Column::AwayUntil)?;
        let day = day(&cell);
        if day.is_none() {
            let detail = format!("«{cell}» debe ser una fecha: 2026-12-24 o 24/12/2026.");
            self.refuse(Column::AwayUntil, "invalid_date", &detail);
        }
        day
    }

    fn kind(&mut self) -> Option<RequesterKind> {
        let cell = self.said(Column::Kind)?;
        let kind = kind_named(&cell);
        if kind.is_none() {
            let known: Vec<_> = RequesterKind::VARIANTS
                .iter()
                .map(|kind| kind_name(*kind))
                .collect();
            let detail = format!("«{cell}» debe ser {}.", known.join(" o "));
            self.refuse(Column::Kind, "unknown_value", &detail);
        }
        kind
    }
}

/// A day as a sheet writes it: `2026-12-24`, or with the day first, `24/12/2026`.
fn day(cell: &str) -> Option<Date> {
    let parts: Vec<_> = cell.split(['-', '/', '.']).map(str::trim).collect();
    let number = |part: &str| part.parse::<i16>().ok();
    let [first, month, last] = parts.as_slice() else {
        return None;
    };
    let (year, day) = match (first.len(), last.len()) {
        (4, 1..=2) => (number(first)?, number(last)?),
        (1..=2, 4) => (number(last)?, number(first)?),
        (_, _) => return None,
    };
    let (month, day) = (i8::try_from(number(month)?), i8::try_from(day));
    Date::new(year, month.ok()?, day.ok()?).ok()
}

/// The word by which the API names a value.
fn api_word(value: impl Serialize) -> Option<String> {
    let value = serde_json::to_value(value).ok()?;
    value.as_str().map(str::to_owned)
}

/// The role that a word means: the API's, what pages call it, or what people call
/// whoever has it.
fn role_named(word: &str) -> Option<Role> {
    let word = folded(word);
    let also = |role: Role| -> &'static [&'static str] {
        match role {
            Role::Requester => &["usuario", "usuaria"],
            Role::Agent => &["agente de mesa", "tecnico", "tecnica"],
            Role::Officer => &["oficial", "tecnologia", "funcionaria de tecnologia"],
            Role::Coordinator => &["coordinador", "coordinadora"],
            Role::Personnel => &["personal"],
            Role::Contracting => &["contratos", "contractual"],
            Role::Administrative => &["administrativo", "administrativa"],
            Role::Auditor => &["auditora"],
            Role::Head => &["jefe", "jefa", "jefatura"],
        }
    };
    let mut roles = Role::ALL.iter().copied();
    roles.find(|role| {
        folded(role_name(*role)) == word
            || api_word(role).is_some_and(|own| own == word)
            || also(*role).contains(&&*word)
    })
}

/// How somebody belongs to the entity, in the words of its sheets.
fn kind_named(word: &str) -> Option<RequesterKind> {
    let word = folded(word);
    let also = |kind: RequesterKind| -> &'static [&'static str] {
        match kind {
            RequesterKind::Official => &["servidora publica", "servidor", "funcionario", "planta"],
            RequesterKind::Contractor => &["contrato", "prestacion de servicios"],
        }
    };
    let mut kinds = RequesterKind::VARIANTS.iter().copied();
    kinds.find(|kind| {
        folded(kind_name(*kind)) == word
            || <&str>::from(*kind) == word
            || also(*kind).contains(&&*word)
    })
}
