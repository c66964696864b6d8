//! What somebody has set up for himself: the views of the queue that he gave a name.

use serde::{Deserialize, Serialize};

use crate::catalogue::Catalogue;
use crate::ids::parse_line;
use crate::problem::FieldError;
use crate::views::{Filter, MAX_WORDS};

/// Most views that somebody keeps.
pub const MAX_VIEWS: usize = 20;
/// Longest name of a view, in characters.
pub const MAX_VIEW_NAME: usize = 40;

/// A person's own settings.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preferences {
    /// In the order in which they were saved.
    #[serde(default)]
    pub views: Vec<SavedView>,
    /// Whether keys of a single character do anything (WCAG 2.1.4), where he ever
    /// said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub single_keys: Option<SingleKeys>,
}

/// A name for a narrowed view.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedView {
    pub name: String,
    pub filter: Filter,
}

/// Whether keys of a single character do anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SingleKeys {
    On,
    Off,
}

impl SingleKeys {
    /// As a page and its scripts say it.
    pub fn word(self) -> &'static str {
        match self {
            SingleKeys::On => "si",
            SingleKeys::Off => "no",
        }
    }

    /// What a word stands for.
    pub fn of(word: &str) -> Option<Self> {
        let mut both = [SingleKeys::On, SingleKeys::Off].into_iter();
        both.find(|keys| keys.word() == word)
    }
}

impl Preferences {
    /// Gives a name to a view. To do so twice is to do it once.
    ///
    /// # Errors
    /// When the name is none, or another view's; when the view is narrowed by
    /// nothing, or by what there is not; or when there is no room left.
    pub fn save(
        &mut self,
        name: &str,
        filter: Filter,
        catalogue: &Catalogue,
    ) -> Result<(), Vec<FieldError>> {
        let again = self.named(name).and_then(|at| self.views.get(at));
        if again.is_some_and(|view| view.filter == filter) {
            return Ok(());
        }
        let mut errors = Vec::new();
        let mut refuse = |field: &str, code, detail: String| {
            errors.push(FieldError::new(field, code, detail));
        };
        let team = filter.team.as_ref();
        if team.is_some_and(|team| catalogue.team(team).is_none()) {
            refuse(
                "equipo",
                "unknown_value",
                "No existe ese equipo.".to_owned(),
            );
        }
        let category = filter.category.as_ref();
        if category.is_some_and(|category| catalogue.category(category).is_none()) {
            let detail = "No existe esa categoría.".to_owned();
            refuse("categoria", "unknown_value", detail);
        }
        if !filter.is_narrow() {
            let detail = "Filtre la cola antes de guardarla con un nombre.".to_owned();
            refuse("vista", "not_narrowed", detail);
        }
        if self.views.len() >= MAX_VIEWS {
            let detail = format!("Ya tiene {MAX_VIEWS} vistas: quite alguna antes.");
            refuse("nombre", "too_many", detail);
        }
        if let Some(words) = &filter.words {
            errors.extend(parse_line("q", words, MAX_WORDS).err());
        }
        match parse_line("nombre", name, MAX_VIEW_NAME) {
            Ok(name) if self.named(&name).is_some() => {
                let detail = "Ya tiene una vista con ese nombre.";
                errors.push(FieldError::new("nombre", "duplicate", detail));
            }
            Ok(name) if errors.is_empty() => self.views.push(SavedView { name, filter }),
            Ok(_) => {}
            Err(error) => errors.push(error),
        }
        match errors.is_empty() {
            true => Ok(()),
            false => Err(errors),
        }
    }

    /// Takes a name back, and says what it stood for. One that there is not is gone
    /// already.
    pub fn remove(&mut self, name: &str) -> Option<SavedView> {
        let at = self.named(name)?;
        Some(self.views.remove(at))
    }

    /// Where the view of a name is: capitals do not make another name.
    fn named(&self, name: &str) -> Option<usize> {
        let name = name.trim().to_lowercase();
        let mut views = self.views.iter();
        views.position(|view| view.name.to_lowercase() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{CategoryId, TeamId};
    use crate::views::View;

    fn catalogue() -> Catalogue {
        Catalogue::shipped().unwrap()
    }

    fn printers() -> Filter {
        Filter {
            view: View::Free,
            words: None,
            team: Some(TeamId::from("impresion")),
            category: None,
        }
    }

    fn codes(result: Result<(), Vec<FieldError>>) -> Vec<(String, &'static str)> {
        let errors = result.err().unwrap_or_default().into_iter();
        errors.map(|error| (error.field, error.code)).collect()
    }

    #[test]
    fn a_name_is_kept_until_it_is_taken_back() {
        let catalogue = catalogue();
        let mut own = Preferences::default();
        own.save(" Impresoras ", printers(), &catalogue).unwrap();
        assert_eq!(own.views[0].name, "Impresoras");
        // Pressed twice it is one.
        own.save("Impresoras", printers(), &catalogue).unwrap();
        assert_eq!(own.views.len(), 1);
        let other = Filter {
            view: View::Open,
            ..printers()
        };
        let again = own.save("IMPRESORAS", other, &catalogue);
        assert_eq!(codes(again), [("nombre".to_owned(), "duplicate")]);
        assert_eq!(own.remove("otra"), None);
        assert_eq!(own.views.len(), 1);
        assert_eq!(own.remove("impresoras").unwrap().filter, printers());
        assert_eq!(own, Preferences::default());
    }

    #[test]
    fn what_makes_no_sense_is_refused_and_changes_nothing() {
        let catalogue = catalogue();
        let mut own = Preferences::default();
        let wide = Filter {
            team: None,
            ..printers()
        };
        let of = |team: &str, category: &str| Filter {
            team: Some(TeamId::from(team)),
            category: Some(CategoryId::from(category)),
            ..printers()
        };
        let words = |words: &str| Filter {
            words: Some(words.to_owned()),
            ..printers()
        };
        for (name, filter, expected) in [
            ("Ancha", wide, &[("vista", "not_narrowed")][..]),
            (
                "Nada",
                of("cocina", "cocina"),
                &[("equipo", "unknown_value"), ("categoria", "unknown_value")],
            ),
            (" ", printers(), &[("nombre", "required")]),
            ("a\nb", printers(), &[("nombre", "control_character")]),
            (
                &"a".repeat(MAX_VIEW_NAME + 1),
                printers(),
                &[("nombre", "too_long")],
            ),
            (
                "Palabras",
                words(&"a".repeat(MAX_WORDS + 1)),
                &[("q", "too_long")],
            ),
        ] {
            let found = codes(own.save(name, filter, &catalogue));
            let found: Vec<_> = found.iter().map(|(f, c)| (f.as_str(), *c)).collect();
            assert_eq!(found, expected, "{name}");
        }
        assert_eq!(own, Preferences::default());
        for i in 0..MAX_VIEWS {
            own.save(&i.to_string(), printers(), &catalogue).unwrap();
        }
        let more = own.save("una más", printers(), &catalogue);
        assert_eq!(codes(more), [("nombre".to_owned(), "too_many")]);
        assert_eq!(own.views.len(), MAX_VIEWS);
    }

    #[test]
    fn settings_of_before_there_were_any_are_read() {
        let read: Preferences = serde_json::from_str("{}").unwrap();
        assert_eq!(read, Preferences::default());
        let written = serde_json::to_value(Preferences {
            views: vec![SavedView {
                name: "Impresoras".to_owned(),
                filter: printers(),
            }],
            single_keys: Some(SingleKeys::Off),
        });
        assert_eq!(
            written.unwrap(),
            serde_json::json!({
                "views": [{ "name": "Impresoras", "filter": { "view": "free", "team": "impresion" } }],
                "single_keys": "off",
            })
        );
    }
}
