//! In what two catalogues differ, in words: what a preview says before a change is
//! made, and the list of versions after it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::Serialize;

use crate::catalogue::CatalogueDocument;
use crate::entries::{Entry, Fact, Item, Part, Told, entries};
use crate::spanish;

/// A difference: `Categoría «Redes»: Solución: 30 min → 45 min`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Difference {
    /// Which entry it is about.
    pub of: String,
    /// In words.
    pub what: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.of, self.what)
    }
}

/// Everything in which a catalogue differs from one before it; nothing, if they
/// are the same.
pub fn difference(before: &CatalogueDocument, after: &CatalogueDocument) -> Vec<Difference> {
    let mut found = Vec::new();
    for part in Part::ALL {
        let (old, new) = (entries(before, *part), entries(after, *part));
        // By key: a directory has people by the thousand.
        let known: BTreeMap<_, _> = old.iter().map(|entry| (&*entry.key, entry)).collect();
        let left: BTreeSet<_> = new.iter().map(|entry| &*entry.key).collect();
        for entry in &new {
            match known.get(&*entry.key) {
                Some(other) => found.extend(changed(other, entry)),
                None => found.push(Difference {
                    of: called(entry),
                    what: format!("se agrega. {}", facts(entry)),
                }),
            }
        }
        let gone = old.iter().filter(|entry| !left.contains(&*entry.key));
        found.extend(gone.map(|entry| Difference {
            of: called(entry),
            what: "se quita".to_owned(),
        }));
        let stayed = old.iter().filter(|entry| left.contains(&*entry.key));
        let stay = new.iter().filter(|entry| known.contains_key(&*entry.key));
        if stayed
            .map(|entry| &entry.key)
            .ne(stay.map(|entry| &entry.key))
        {
            found.push(Difference {
                of: order_of(*part).to_owned(),
                what: "cambia el orden".to_owned(),
            });
        }
    }
    found
}

/// What a list is called whose order changes.
fn order_of(part: Part) -> &'static str {
    match part {
        Part::People => "Personas",
        Part::Teams => "Equipos",
        Part::Categories => "Categorías",
        Part::Providers => "Proveedores",
        Part::Calendars => "Calendarios",
        Part::Holidays => "Festivos",
        Part::Texts => "Textos",
        Part::Forms => "Formularios",
        Part::Notice => "Aviso",
        Part::Terms => "Plazos",
        Part::Accounts => "Cuentas",
    }
}

/// An entry by its name. A person is known by the address as well.
fn called(entry: &Entry) -> String {
    let (noun, name) = (entry.part.noun(), &entry.name);
    match entry.part {
        Part::People | Part::Forms => format!("{noun} «{name}» ({})", entry.key),
        Part::Teams
        | Part::Categories
        | Part::Providers
        | Part::Calendars
        | Part::Holidays
        | Part::Texts => format!("{noun} «{name}»"),
        // There is no other.
        Part::Notice | Part::Terms | Part::Accounts => name.clone(),
    }
}

/// All that is said of an entry but its name.
fn facts(entry: &Entry) -> String {
    let facts = entry.facts.iter().filter(|fact| fact.label != "Nombre");
    let facts = facts.map(|fact| format!("{}: {}", fact.label, fact.text()));
    facts.collect::<Vec<_>>().join("; ")
}

fn changed(before: &Entry, after: &Entry) -> Vec<Difference> {
    // Both list what there is to say of such an entry, in one order.
    let facts = before.facts.iter().zip(&after.facts);
    let changed = facts.filter_map(|(old, new)| told(old, new));
    let differences = changed.map(|what| Difference {
        of: called(before),
        what,
    });
    differences.collect()
}

/// What has changed of a fact, if anything has.
fn told(before: &Fact, after: &Fact) -> Option<String> {
    let label = after.label;
    match (&before.told, &after.told) {
        (Told::One(old), Told::One(new)) if old.key == new.key => None,
        // Two that read alike are told apart by their keys.
        (Told::One(old), Told::One(new)) if old.text == new.text => Some(format!(
            "{label}: {} ({}) → {} ({})",
            old.text, old.key, new.text, new.key
        )),
        (Told::One(old), Told::One(new)) => Some(format!("{label}: {} → {}", old.text, new.text)),
        (Told::Many(old), Told::Many(new)) => listed(label, old, new),
        (Told::One(_), Told::Many(_)) | (Told::Many(_), Told::One(_)) => {
            Some(format!("{label}: {} → {}", before.text(), after.text()))
        }
    }
}

fn listed(label: &str, before: &[Item], after: &[Item]) -> Option<String> {
    let keys = |items: &[Item]| -> Vec<String> { items.iter().map(|i| i.key.clone()).collect() };
    if keys(before) == keys(after) {
        return None;
    }
    let missing = |items: &[Item], others: &[Item]| -> Vec<String> {
        let missing = items
            .iter()
            .filter(|i| others.iter().all(|o| o.key != i.key));
        missing.map(|item| item.text.clone()).collect()
    };
    let said = |verb: &str, items: Vec<String>| {
        let ending = match items.len() {
            1 => "",
            _ => "n",
        };
        (!items.is_empty()).then(|| format!("{verb}{ending} {}", spanish::list(&items)))
    };
    let parts = [
        said("se agrega", missing(after, before)),
        said("se quita", missing(before, after)),
    ];
    let parts: Vec<_> = parts.into_iter().flatten().collect();
    Some(match parts.is_empty() {
        true => format!("{label}: cambia el orden"),
        false => format!("{label}: {}", parts.join("; ")),
    })
}
