//! Reading what somebody fills in, and what has to hold when it is signed. Every mistake
//! is told at once, by a JSON Pointer (RFC 6901) into what was sent.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use serde_json::Value;

use super::accounts::Holder;
use super::record::{Known, Values};
use super::schema::{Condition, Field, Kind, Rule, Section, split, systems};
use crate::catalogue::Catalogue;
use crate::ids::{EmailAddress, FieldId, parse_line, parse_text};
use crate::problem::FieldError;

/// Most bytes of what a section says: a ticket's row has room for all its formats.
pub const MAX_SECTION_BYTES: usize = 12_000;

/// Where the fields stand in what is sent.
const ROOT: &str = "/fields";

/// What a signature is held against, besides the section.
#[derive(Clone, Copy)]
pub struct Against<'a> {
    /// What the other sections say.
    pub known: &'a Known<'a>,
    pub catalogue: &'a Catalogue,
    pub now: Timestamp,
    /// The accounts of the person whom the format is about, where a rule asks for them.
    pub holder: Option<&'a Holder>,
}

impl Against<'_> {
    fn today(&self) -> Date {
        crate::mail::day(self.now)
    }
}

/// A value as conditions compare it.
fn word(value: &Value) -> Option<&str> {
    match value {
        Value::String(text) => Some(text),
        Value::Bool(true) => Some("yes"),
        Value::Bool(false) => Some("no"),
        Value::Null | Value::Number(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

impl Condition {
    /// Whether it holds, within a row or outside of one. Of a list's column it is enough
    /// that one row says so.
    pub fn holds(&self, row: Option<&Values>, own: &Values, known: &Known<'_>) -> bool {
        self.says(row, own, known).unwrap_or(false)
    }

    /// The same; nothing, where the field is not filled in yet.
    pub fn says(&self, row: Option<&Values>, own: &Values, known: &Known<'_>) -> Option<bool> {
        let (name, column) = split(&self.field);
        let is =
            |value: &Value| word(value).is_some_and(|word| self.is.iter().any(|is| is == word));
        let value = row.and_then(|row| row.get(name));
        let value = value
            .or_else(|| own.get(name))
            .or_else(|| known.get(name))?;
        match column {
            None => Some(is(value)),
            Some(column) => {
                let rows = value.as_array()?.iter();
                Some(rows.filter_map(|row| row.get(column)).any(is))
            }
        }
    }
}

/// Reads what somebody fills in of a section, as one of those who sign it. What is blank
/// is left out; nothing has to be there yet.
///
/// # Errors
/// Whatever cannot stand there.
pub fn read(section: &Section, signing: usize, given: Values) -> Result<Values, Vec<FieldError>> {
    let mut errors = Vec::new();
    let mut values = Values::new();
    for (name, value) in given {
        let path = format!("{ROOT}/{name}");
        let field = section.field(&FieldId(name.clone()));
        let Some(field) = field.filter(|field| section.signing_of(field) == signing) else {
            errors.push(FieldError::new(
                &path,
                "unknown_field",
                "Este campo no existe, o no le toca a usted.",
            ));
            continue;
        };
        if let Some(value) = field.read(&path, value, None, &mut errors) {
            values.insert(name, value);
        }
    }
    let bytes = serde_json::to_vec(&values).map_or(usize::MAX, |json| json.len());
    if bytes > MAX_SECTION_BYTES {
        let detail = "Lo escrito en la sección es demasiado largo: acórtelo o adjunte un archivo.";
        errors.push(FieldError::new(ROOT, "too_long", detail));
    }
    if errors.is_empty() {
        Ok(values)
    } else {
        Err(errors)
    }
}

/// Whether there is nothing in it.
fn is_blank(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        Value::Array(rows) => rows.iter().all(is_blank),
        Value::Object(row) => row.values().all(is_blank),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

impl Field {
    /// A value as it is kept; nothing, where it is blank or refused.
    fn read(
        &self,
        path: &str,
        value: Value,
        row: Option<&Values>,
        errors: &mut Vec<FieldError>,
    ) -> Option<Value> {
        if is_blank(&value) {
            return None;
        }
        if let Kind::List { most, columns, .. } = &self.kind {
            return list(path, value, *most, columns, errors);
        }
        let read = self.read_one(path, value, row);
        read.map_err(|error| errors.push(error)).ok()
    }

    fn read_one(
        &self,
        path: &str,
        value: Value,
        row: Option<&Values>,
    ) -> Result<Value, FieldError> {
        let refuse = |code, detail: String| Err(FieldError::new(path, code, detail));
        match (&self.kind, value) {
            (Kind::YesNo, Value::Bool(yes)) => Ok(if yes { "yes" } else { "no" }.into()),
            (Kind::Accepted, Value::Bool(yes)) => Ok(yes.into()),
            (Kind::Count { least, most }, value) => {
                let number = match &value {
                    Value::Number(number) => number.as_u64(),
                    Value::String(text) => text.trim().parse().ok(),
                    Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
                };
                match number.filter(|number| (least..=most).contains(&number)) {
                    Some(number) => Ok(number.into()),
                    None => refuse(
                        "out_of_range",
                        format!("Debe ser un número entero entre {least} y {most}."),
                    ),
                }
            }
            (_, Value::String(text)) => self.read_text(path, &text, row).map(Value::from_kept),
            (_, _) => refuse("wrong_type", "No es un valor de este campo.".to_owned()),
        }
    }

    fn read_text(&self, path: &str, text: &str, row: Option<&Values>) -> Result<Kept, FieldError> {
        let refuse = |code, detail: &str| Err(FieldError::new(path, code, detail));
        let kept = |text: &str| Ok(Kept::Text(text.to_owned()));
        let trimmed = text.trim();
        match &self.kind {
            Kind::Line { most } => parse_line(path, text, *most).map(Kept::Text),
            Kind::Text { most } => parse_text(path, text, *most).map(Kept::Text),
            Kind::Choice { options, refused } => {
                if let Some(known) = refused.iter().find(|known| known.value == trimmed) {
                    return refuse("out_of_scope", &known.detail);
                }
                match options.iter().any(|option| option.value == trimmed) {
                    true => kept(trimmed),
                    false => {
                        let words: Vec<_> =
                            options.iter().map(|o| format!("«{}»", o.value)).collect();
                        refuse(
                            "unknown_value",
                            &format!("Debe ser uno de: {}.", words.join(", ")),
                        )
                    }
                }
            }
            Kind::YesNo => match trimmed {
                "yes" | "no" => kept(trimmed),
                _ => refuse("unknown_value", "Debe ser «yes» o «no»."),
            },
            Kind::Accepted => match trimmed {
                "true" | "yes" => Ok(Kept::Flag(true)),
                "false" | "no" => Ok(Kept::Flag(false)),
                _ => refuse("unknown_value", "Debe ser verdadero o falso."),
            },
            Kind::Date => match trimmed.parse::<Date>() {
                Ok(date) if (1900..=2200).contains(&date.year()) => kept(&date.to_string()),
                Ok(_) | Err(_) => refuse(
                    "invalid_date",
                    "Debe ser una fecha, por ejemplo 2026-11-23.",
                ),
            },
            Kind::Moment => match moment(trimmed) {
                Some(at) => kept(&at.to_string()),
                None => refuse(
                    "invalid_time",
                    "Debe ser una fecha y hora, por ejemplo 2026-11-23T13:00:00Z.",
                ),
            },
            Kind::Email => match EmailAddress::parse(trimmed) {
                Ok(email) => kept(email.as_str()),
                Err(_) => refuse("invalid_email", "No es una dirección de correo válida."),
            },
            Kind::Url => match is_address_of_the_web(trimmed) {
                true => kept(trimmed),
                false => refuse(
                    "invalid_url",
                    "Debe ser una dirección que empiece por https://.",
                ),
            },
            Kind::System => match systems().get(trimmed) {
                Some(_) => kept(trimmed),
                None => refuse("unknown_value", "No es un sistema en que se den cuentas."),
            },
            Kind::Profile => {
                let system = row.and_then(|row| row.get("system")?.as_str());
                let system = system.and_then(|id| systems().get(id));
                match system.is_none_or(|system| system.profile(trimmed).is_some()) {
                    true if trimmed.len() <= 60 => kept(trimmed),
                    true | false => refuse("unknown_value", "No es un perfil de ese sistema."),
                }
            }
            Kind::Count { .. } | Kind::List { .. } => refuse("wrong_type", "No es un texto."),
        }
    }

    /// A value of this field in words.
    pub fn words(&self, value: &Value, row: Option<&Values>) -> String {
        let text = match value {
            Value::String(text) => text.as_str(),
            Value::Bool(true) => return "Sí".to_owned(),
            Value::Bool(false) => return "No".to_owned(),
            Value::Number(number) => return number.to_string(),
            Value::Null | Value::Array(_) | Value::Object(_) => return String::new(),
        };
        match &self.kind {
            Kind::Choice { options, .. } => {
                let option = options.iter().find(|option| option.value == text);
                option.map_or(text, |option| &option.label).to_owned()
            }
            Kind::YesNo => if text == "yes" { "Sí" } else { "No" }.to_owned(),
            Kind::System => systems().get(text).map_or(text, |of| &of.name).to_owned(),
            Kind::Profile => {
                let system = row.and_then(|row| row.get("system")?.as_str());
                let profile = system.and_then(|id| systems().get(id)?.profile(text));
                profile.map_or(text, |profile| &profile.name).to_owned()
            }
            Kind::Date => match text.parse() {
                Ok(date) => crate::spanish::day(date, None),
                Err(_) => text.to_owned(),
            },
            Kind::Moment => match text.parse() {
                Ok(at) => crate::spanish::in_words(at),
                Err(_) => text.to_owned(),
            },
            Kind::Line { .. }
            | Kind::Text { .. }
            | Kind::Accepted
            | Kind::Count { .. }
            | Kind::Email
            | Kind::Url
            | Kind::List { .. } => text.to_owned(),
        }
    }
}

/// What a text of a form is kept as.
enum Kept {
    Text(String),
    Flag(bool),
}

trait FromKept {
    fn from_kept(kept: Kept) -> Self;
}

impl FromKept for Value {
    fn from_kept(kept: Kept) -> Value {
        match kept {
            Kept::Text(text) => text.into(),
            Kept::Flag(yes) => yes.into(),
        }
    }
}

/// A date and time: as RFC 3339 has it, or as a browser's field sends it, which is the
/// time of the entity.
fn moment(text: &str) -> Option<Timestamp> {
    if let Ok(at) = text.parse::<Timestamp>() {
        return Some(at);
    }
    let zone = TimeZone::get("America/Bogota").ok()?;
    let local: DateTime = text.parse().ok()?;
    Some(local.to_zoned(zone).ok()?.timestamp())
}

fn is_address_of_the_web(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("https://") else {
        return false;
    };
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let is_host = host.contains('.')
        && host
            .chars()
            .all(|c| c.is_alphanumeric() || ['.', '-', ':'].contains(&c));
    let is_clean = |c: char| !c.is_whitespace() && !c.is_control() && !"<>\"\\^`{|}".contains(c);
    is_host && text.len() <= 500 && text.chars().all(is_clean)
}

fn list(
    path: &str,
    value: Value,
    most: usize,
    columns: &[Field],
    errors: &mut Vec<FieldError>,
) -> Option<Value> {
    let Value::Array(rows) = value else {
        errors.push(FieldError::new(path, "wrong_type", "Debe ser una lista."));
        return None;
    };
    let mut read = Vec::new();
    // A row that is left blank is none; those after it keep their places in what is told.
    for (place, row) in rows
        .into_iter()
        .enumerate()
        .filter(|(_, row)| !is_blank(row))
    {
        let path = format!("{path}/{place}");
        let Value::Object(row) = row else {
            errors.push(FieldError::new(&path, "wrong_type", "Debe ser un objeto."));
            continue;
        };
        let mut kept = Values::new();
        for name in row.keys() {
            if columns.iter().all(|column| column.id.0 != *name) {
                let path = format!("{path}/{name}");
                errors.push(FieldError::new(
                    &path,
                    "unknown_field",
                    "Este campo no existe.",
                ));
            }
        }
        for column in columns {
            let Some(value) = row.get(&column.id.0) else {
                continue;
            };
            let path = format!("{path}/{}", column.id);
            if let Some(value) = column.read(&path, value.clone(), Some(&row), errors) {
                kept.insert(column.id.0.clone(), value);
            }
        }
        read.push(Value::Object(kept));
    }
    if read.len() > most {
        errors.push(FieldError::new(
            path,
            "too_many",
            format!("Son a lo sumo {most}."),
        ));
    }
    (!read.is_empty()).then_some(Value::Array(read))
}

/// A section as it is signed: without what does not apply.
pub fn applying(section: &Section, values: &Values, known: &Known<'_>) -> Values {
    let applies = |field: &Field, row: Option<&Values>| {
        let when = field.when.as_ref();
        when.is_none_or(|when| when.holds(row, values, known))
    };
    let mut kept = Values::new();
    for field in section.fields.iter().filter(|field| applies(field, None)) {
        let Some(value) = values.get(&field.id.0) else {
            continue;
        };
        let value = match (&field.kind, value) {
            (Kind::List { columns, .. }, Value::Array(rows)) => {
                let row = |row: &Value| match row {
                    Value::Object(row) => {
                        let there = columns.iter().filter(|column| applies(column, Some(row)));
                        let there = there.filter_map(|column| {
                            Some((column.id.0.clone(), row.get(&column.id.0)?.clone()))
                        });
                        Value::Object(there.collect())
                    }
                    other => other.clone(),
                };
                Value::Array(rows.iter().map(row).collect())
            }
            (_, value) => value.clone(),
        };
        kept.insert(field.id.0.clone(), value);
    }
    kept
}

/// What keeps a section from being signed: all of it.
pub fn mistakes(
    section: &Section,
    signing: usize,
    values: &Values,
    against: Against<'_>,
) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let own = section.fields.iter();
    for field in own.filter(|field| section.signing_of(field) == signing) {
        let path = format!("{ROOT}/{}", field.id);
        missing(field, &path, None, values, against, &mut errors);
    }
    for rule in section.rules_of(signing) {
        broken(rule, values, against, &mut errors);
    }
    errors
}

fn missing(
    field: &Field,
    path: &str,
    row: Option<&Values>,
    values: &Values,
    against: Against<'_>,
    errors: &mut Vec<FieldError>,
) {
    let applies = field.when.as_ref();
    if applies.is_some_and(|when| !when.holds(row, values, against.known)) {
        return;
    }
    let value = row.unwrap_or(values).get(&field.id.0);
    match (&field.kind, value) {
        (Kind::Accepted, value) if field.required && value != Some(&Value::Bool(true)) => {
            let detail = "Sin aceptarlo no se puede firmar.";
            errors.push(FieldError::new(path, "required", detail));
        }
        (_, None) if field.required => errors.push(FieldError::required(path)),
        (Kind::List { columns, .. }, Some(Value::Array(rows))) => {
            for (place, row) in rows.iter().enumerate() {
                let Value::Object(row) = row else { continue };
                for column in columns {
                    let path = format!("{path}/{place}/{}", column.id);
                    missing(column, &path, Some(row), values, against, errors);
                }
            }
        }
        (_, _) => {}
    }
}

/// The values that a name leads to, each with its place and its row.
struct Found<'a> {
    path: String,
    value: &'a str,
    row: Option<&'a Values>,
}

fn found<'a>(name: &FieldId, values: &'a Values, known: &Known<'a>) -> Vec<Found<'a>> {
    let (name, column) = split(name);
    let Some(value) = values.get(name).or_else(|| known.get(name)) else {
        return vec![];
    };
    let Some(column) = column else {
        let one = word(value).map(|value| Found {
            path: format!("{ROOT}/{name}"),
            value,
            row: None,
        });
        return one.into_iter().collect();
    };
    let rows = value.as_array().into_iter().flatten().enumerate();
    rows.filter_map(|(place, row)| {
        let row = row.as_object()?;
        Some(Found {
            path: format!("{ROOT}/{name}/{place}/{column}"),
            value: word(row.get(column)?)?,
            row: Some(row),
        })
    })
    .collect()
}

fn broken(rule: &Rule, values: &Values, against: Against<'_>, errors: &mut Vec<FieldError>) {
    let Against {
        known, catalogue, ..
    } = against;
    let today = against.today();
    let all = |name: &FieldId| found(name, values, known);
    let holds = |when: &Option<Condition>| {
        when.as_ref()
            .is_none_or(|when| when.holds(None, values, known))
    };
    let mut refuse = |path: &str, code, detail: &str| {
        errors.push(FieldError::new(path, code, detail));
    };
    let day = |text: &str| match text.parse::<Date>() {
        Ok(day) => Some(day),
        Err(_) => text.parse().ok().map(crate::mail::day),
    };
    match rule {
        Rule::AnyOf {
            fields,
            detail,
            when,
        } => {
            let says = |name: &FieldId| {
                let value = values.get(&name.0).or_else(|| known.get(&name.0));
                value.is_some_and(|value| !is_blank(value) && word(value) != Some("no"))
            };
            if holds(when) && !fields.iter().any(says) {
                refuse(&format!("{ROOT}/{}", fields[0]), "required", detail);
            }
        }
        Rule::After { field, than } => {
            let than = all(than).first().and_then(|than| day(than.value));
            for at in all(field) {
                if day(at.value).zip(than).is_some_and(|(at, than)| at <= than) {
                    refuse(
                        &at.path,
                        "out_of_order",
                        "Debe ser posterior a la otra fecha.",
                    );
                }
            }
        }
        Rule::NotAfter {
            field,
            than,
            detail,
        } => {
            let than = all(than).first().and_then(|than| day(than.value));
            for at in all(field) {
                if day(at.value).zip(than).is_some_and(|(at, than)| at > than) {
                    refuse(&at.path, "out_of_order", detail);
                }
            }
        }
        Rule::NotInPast { field } => {
            for at in all(field) {
                if day(at.value).is_some_and(|at| at < today) {
                    refuse(&at.path, "out_of_order", "Debe ser hoy o después.");
                }
            }
        }
        Rule::NotInFuture { field } => {
            for at in all(field) {
                let is_later = match at.value.parse::<Timestamp>() {
                    Ok(at) => at > against.now,
                    Err(_) => day(at.value).is_some_and(|at| at > today),
                };
                if is_later {
                    refuse(
                        &at.path,
                        "out_of_order",
                        "Todavía no ha llegado ese momento.",
                    );
                }
            }
        }
        Rule::Unique { field } => {
            let mut seen = BTreeSet::new();
            for one in all(field) {
                if !seen.insert(one.value.to_lowercase()) {
                    refuse(
                        &one.path,
                        "duplicate",
                        &format!("«{}» está repetido.", one.value),
                    );
                }
            }
        }
        Rule::OneEach {
            field,
            of,
            of_when,
            detail,
        } => {
            let wanted = all(of).into_iter().filter(|one| {
                let row = one.row;
                of_when
                    .as_ref()
                    .is_none_or(|when| when.holds(row, values, known))
            });
            let mut wanted: Vec<_> = wanted.map(|one| one.value.to_lowercase()).collect();
            for one in all(field) {
                match wanted
                    .iter()
                    .position(|value| *value == one.value.to_lowercase())
                {
                    Some(place) => {
                        wanted.swap_remove(place);
                    }
                    None => refuse(&one.path, "not_asked_for", detail),
                }
            }
            if !wanted.is_empty() {
                let (list, _) = split(field);
                refuse(&format!("{ROOT}/{list}"), "incomplete", detail);
            }
        }
        Rule::Digits {
            field,
            least,
            most,
            when,
        } => {
            for one in all(field) {
                let is_number = one.value.chars().all(|c| c.is_ascii_digit())
                    && (least..=most).contains(&&one.value.len());
                if holds(when) && !is_number {
                    let detail = format!("Debe tener entre {least} y {most} dígitos, sin puntos.");
                    refuse(&one.path, "malformed", &detail);
                }
            }
        }
        Rule::InDirectory { field } => {
            for one in all(field) {
                let email = EmailAddress::parse(one.value).ok();
                if email.is_none_or(|email| catalogue.person(&email).is_none()) {
                    refuse(
                        &one.path,
                        "unknown_person",
                        "No está en el directorio de la entidad.",
                    );
                }
            }
        }
        Rule::OfTheEntity { field } => {
            for one in all(field) {
                let email = EmailAddress::parse(one.value).ok();
                if email.is_none_or(|email| !catalogue.is_of_the_entity(&email)) {
                    refuse(
                        &one.path,
                        "not_of_the_entity",
                        "Debe ser un correo de la entidad.",
                    );
                }
            }
        }
        Rule::NoConflicts { field } => {
            let rows = values.get(&field.0).and_then(Value::as_array);
            let mut so_far: Vec<(&str, &str)> = Vec::new();
            for (place, row) in rows.into_iter().flatten().enumerate() {
                let of = |column: &str| row.get(column).and_then(Value::as_str).unwrap_or_default();
                let this = (of("system"), of("profile"));
                let conflict = so_far
                    .iter()
                    .find_map(|other| systems().conflict(this, *other));
                if let Some(conflict) = conflict {
                    let path = format!("{ROOT}/{field}/{place}/profile");
                    refuse(&path, "conflicting_profiles", &conflict.reason);
                }
                so_far.push(this);
            }
        }
        Rule::NoGrantedConflicts { field } => {
            let has = against.holder.into_iter().flat_map(Holder::active);
            let mut so_far: Vec<(&str, &str)> = has
                .map(|account| (&*account.system, &*account.profile))
                .collect();
            let rows = values.get(&field.0).and_then(Value::as_array);
            for (place, row) in rows.into_iter().flatten().enumerate() {
                let of = |column: &str| row.get(column).and_then(Value::as_str).unwrap_or_default();
                if of("outcome") != "created" {
                    continue;
                }
                let this = (of("system"), of("profile_granted"));
                let conflict = so_far
                    .iter()
                    .find_map(|other| systems().conflict(this, *other));
                if let Some(conflict) = conflict {
                    let path = format!("{ROOT}/{field}/{place}/profile_granted");
                    let detail = format!("{} La persona ya tiene el otro perfil.", conflict.reason);
                    refuse(&path, "conflicting_profiles", &detail);
                }
                so_far.push(this);
            }
        }
        Rule::Only {
            field,
            is,
            when,
            detail,
        } => {
            for one in all(field) {
                if holds(when) && !is.iter().any(|is| is == one.value) {
                    refuse(&one.path, "not_allowed", detail);
                }
            }
        }
        // What it does is done once it is signed.
        Rule::Returns { .. } => {}
        Rule::AccountsGone { field } => {
            let rows = || {
                let rows = values.get(&field.0).and_then(Value::as_array);
                rows.into_iter().flatten()
            };
            let left: Vec<_> = against
                .holder
                .into_iter()
                .flat_map(Holder::active)
                .filter(|account| {
                    !rows().any(|row| {
                        let of = |column: &str| row.get(column).and_then(Value::as_str);
                        of("system") == Some(&account.system)
                            && of("username")
                                .is_some_and(|name| name.eq_ignore_ascii_case(&account.username))
                    })
                })
                .map(|account| {
                    let system = systems().get(&account.system);
                    let system = system.map_or(&*account.system, |system| &system.name);
                    format!("{system} ({})", account.username)
                })
                .collect();
            if !left.is_empty() {
                let detail = format!(
                    "Quedan cuentas activas en la matriz: {}.",
                    crate::spanish::list(&left)
                );
                refuse(&format!("{ROOT}/{field}"), "accounts_left", &detail);
            }
        }
    }
}
