//! A change of one entry of the catalogue, carried out on a document. An entry is
//! put into it as JSON, and the whole is read and checked as `PUT /catalog` does:
//! what an entry may be is said there alone.

use serde_json::{Map, Value};

use crate::calendar::Calendar;
use crate::catalogue::{Catalogue, CatalogueDocument};
use crate::entries::{Extent, Part, entries};
use crate::holidays::PublicHolidays;
use crate::problem::FieldError;
use crate::reading;
use crate::spanish;
use crate::succession::may_follow;

/// Longest key that is made of a name, in characters.
const LONGEST_KEY: usize = 40;

/// The fields of an entry, its key among them.
pub type Fields = Map<String, Value>;

/// What becomes of one entry.
#[derive(Clone, Debug, PartialEq)]
pub enum Revision {
    /// It takes the place of the one with this key, or is a new one.
    Put { key: Option<String>, entry: Fields },
    /// The one with this key is taken out.
    Remove { key: String },
}

/// An entry of the document.
pub fn entry_of(document: &CatalogueDocument, part: Part, key: &str) -> Option<Fields> {
    let whole = serde_json::to_value(document).ok()?;
    let list = whole.get(part.list())?;
    let found = match (part.extent(), list.as_object()) {
        (Extent::One, _) => (key == part.list()).then_some(list)?,
        (Extent::Any, Some(by_key)) => by_key.get(key)?,
        (Extent::Any, None) => {
            let mut listed = list.as_array()?.iter();
            listed.find(|entry| entry[part.key()] == key)?
        }
    };
    let mut fields = found.as_object()?.clone();
    fields.insert(part.key().to_owned(), Value::from(key));
    Some(fields)
}

/// A key for a new entry of this name, which no other has: `redes_y_conectividad`.
pub fn new_key(document: &CatalogueDocument, part: Part, name: &str) -> String {
    let name = name.to_lowercase();
    let plain = name.chars().map(|letter| match letter {
        'á' | 'à' | 'ä' => 'a',
        'é' | 'è' | 'ë' => 'e',
        'í' | 'ì' | 'ï' => 'i',
        'ó' | 'ò' | 'ö' => 'o',
        'ú' | 'ù' | 'ü' => 'u',
        'ñ' => 'n',
        letter if letter.is_ascii_alphanumeric() => letter,
        _ => ' ',
    });
    let plain: String = plain.collect();
    let words: Vec<_> = plain.split_whitespace().collect();
    let mut key: String = words.join("_").chars().take(LONGEST_KEY).collect();
    if key.is_empty() {
        part.list().clone_into(&mut key);
    }
    let taken = entries(document, part);
    let mut tries = std::iter::once(key.clone()).chain((2..).map(|n| format!("{key}_{n}")));
    let free = tries.find(|key| taken.iter().all(|entry| entry.key != *key));
    free.unwrap_or_default()
}

/// The catalogue after a revision.
///
/// # Errors
/// Every mistake: under the name of the entry's own field, or under none, where
/// the sentence says what other entry it is about.
pub fn revised(
    document: &CatalogueDocument,
    part: Part,
    revision: Revision,
) -> Result<Catalogue, Vec<FieldError>> {
    let (changed, place) = written(document, part, revision)?;
    if let Some(id) = place.strip_prefix("calendars.")
        && let Some((_, definition)) = changed.calendars.iter().find(|(other, _)| other.0 == id)
    {
        Calendar::parse(definition, &PublicHolidays::default()).map_err(|error| {
            let field = error.field(definition);
            let detail = spanish::calendar_error(&error);
            vec![FieldError::new(&field, "invalid_calendar", detail)]
        })?;
    }
    let checked = Catalogue::new(changed.clone()).and_then(|catalogue| {
        may_follow(catalogue.document(), document)?;
        Ok(catalogue)
    });
    checked.map_err(|errors| {
        let errors = errors.into_iter();
        let errors = errors.map(|error| seen_from(error, part, &place, &changed));
        errors.collect()
    })
}

/// The document with the revision in it, and where in it the entry stands.
fn written(
    document: &CatalogueDocument,
    part: Part,
    revision: Revision,
) -> Result<(CatalogueDocument, String), Vec<FieldError>> {
    let gone = || {
        let detail = "Ya no está en el catálogo.";
        vec![FieldError::new("", "unknown_reference", detail)]
    };
    let duplicate = |key: &str| {
        let detail = format!("«{key}» ya está en el catálogo.");
        vec![FieldError::new(part.key(), "duplicate", detail)]
    };
    let mut whole = serde_json::to_value(document).unwrap_or_default();
    if part.extent() == Extent::One {
        let Revision::Put { key, mut entry } = revision else {
            let detail = "No se puede quitar: cambie lo que dice.";
            return Err(vec![FieldError::new("", "needed", detail)]);
        };
        if key.is_none_or(|key| key != part.list()) {
            return Err(gone());
        }
        entry.remove(part.key());
        whole[part.list()] = Value::Object(entry);
        let changed = reading::catalogue(whole).map_err(|error| vec![error])?;
        return Ok((changed, part.list().to_owned()));
    }
    // An empty list is left out where a document is written.
    if let Some(fields) = whole.as_object_mut() {
        let list = fields.entry(part.list());
        list.or_insert_with(|| Value::Array(vec![]));
    }
    let list = whole.get_mut(part.list());
    let place = match (list, revision) {
        (Some(Value::Object(list)), Revision::Remove { key }) => {
            list.remove(&key).ok_or_else(gone)?;
            String::new()
        }
        (Some(Value::Object(list)), Revision::Put { key, mut entry }) => {
            let named = entry.remove(part.key()).unwrap_or_default();
            let named = named.as_str().unwrap_or_default();
            match &key {
                None if list.contains_key(named) => return Err(duplicate(named)),
                Some(key) if list.remove(key).is_none() => return Err(gone()),
                None | Some(_) => {}
            }
            list.insert(named.to_owned(), Value::Object(entry));
            format!("{}.{named}", part.list())
        }
        (Some(Value::Array(list)), revision) => {
            let find = |key: &str| list.iter().position(|entry| entry[part.key()] == key);
            match revision {
                Revision::Remove { key } => {
                    list.remove(find(&key).ok_or_else(gone)?);
                    String::new()
                }
                Revision::Put { key, entry } => {
                    let at = match key {
                        None => {
                            let named = entry.get(part.key()).and_then(Value::as_str);
                            if let Some(named) = named.filter(|named| find(named).is_some()) {
                                return Err(duplicate(named));
                            }
                            list.len()
                        }
                        Some(key) => find(&key).ok_or_else(gone)?,
                    };
                    match list.get_mut(at) {
                        Some(found) => *found = Value::Object(entry),
                        None => list.push(Value::Object(entry)),
                    }
                    format!("{}[{at}]", part.list())
                }
            }
        }
        (_, Revision::Put { .. } | Revision::Remove { .. }) => return Err(gone()),
    };
    let changed = reading::catalogue(whole).map_err(|error| vec![error])?;
    Ok((changed, place))
}

/// An error of the document, as whoever changes one entry sees it.
fn seen_from(
    error: FieldError,
    part: Part,
    place: &str,
    document: &CatalogueDocument,
) -> FieldError {
    let own = error
        .field
        .strip_prefix(place)
        .filter(|_| !place.is_empty());
    let own = own.and_then(|rest| match rest {
        // The entry as a whole: it is known by another's key.
        "" => Some(part.key()),
        rest => rest.strip_prefix('.'),
    });
    if let Some(field) = own.map(str::to_owned) {
        return FieldError { field, ..error };
    }
    let other = Part::of_path(&error.field).and_then(|(part, place)| {
        let at = place.parse::<usize>().ok();
        let mut all = entries(document, part).into_iter().enumerate();
        let (_, entry) = all.find(|(i, entry)| Some(*i) == at || entry.key == place)?;
        let noun = part.noun();
        Some(format!("{noun} «{}»: {}", entry.name, error.detail))
    });
    FieldError {
        field: String::new(),
        detail: other.unwrap_or_else(|| error.detail.clone()),
        ..error
    }
}
