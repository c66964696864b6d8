//! The views of the desk's queue, and what a view is narrowed by.

use serde::{Deserialize, Serialize};
use strum::VariantArray;

use crate::ids::{CategoryId, TeamId};

/// Longest words to look for, in characters.
pub const MAX_WORDS: usize = 200;

/// A view of the desk's queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, VariantArray)]
#[serde(rename_all = "snake_case")]
pub enum View {
    /// Overdue, or soon to be.
    Due,
    /// Whoever looks is responsible.
    Own,
    /// Nobody has taken it.
    Free,
    /// Waits for somebody else.
    Waiting,
    /// Solved, and not closed yet.
    Solved,
    /// Whatever is open.
    Open,
    /// What is over.
    Closed,
}

impl View {
    /// Every view, in the order of the rail.
    pub const ALL: &'static [View] = View::VARIANTS;

    /// The word of the address.
    pub fn word(self) -> &'static str {
        match self {
            View::Due => "vencen",
            View::Own => "mias",
            View::Free => "sin-asignar",
            View::Waiting => "en-espera",
            View::Solved => "resueltas",
            View::Open => "abiertas",
            View::Closed => "cerradas",
        }
    }

    /// The view of a word.
    pub fn of(word: &str) -> Option<Self> {
        View::ALL.iter().copied().find(|view| view.word() == word)
    }

    /// What people call it.
    pub fn name(self) -> &'static str {
        match self {
            View::Due => "Vencen ya",
            View::Own => "Mías",
            View::Free => "Sin asignar",
            View::Waiting => "En espera",
            View::Solved => "Resueltas por cerrar",
            View::Open => "Todas las abiertas",
            View::Closed => "Cerradas",
        }
    }
}

/// A view, and what it is narrowed by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Filter {
    pub view: View,
    /// Words to look for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub words: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub team: Option<TeamId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<CategoryId>,
}

impl Filter {
    /// Whether it is narrowed by anything.
    pub fn is_narrow(&self) -> bool {
        let Filter {
            view: _,
            words,
            team,
            category,
        } = self;
        words.is_some() || team.is_some() || category.is_some()
    }

    /// What it comes to in an address or a form, by name.
    pub fn pairs(&self) -> Vec<(&'static str, &str)> {
        let Filter {
            view,
            words,
            team,
            category,
        } = self;
        let pairs = [
            ("vista", Some(view.word())),
            ("q", words.as_deref()),
            ("equipo", team.as_ref().map(|team| team.0.as_str())),
            (
                "categoria",
                category.as_ref().map(|category| category.0.as_str()),
            ),
        ];
        let pairs = pairs.into_iter();
        pairs
            .filter_map(|(name, value)| Some((name, value?)))
            .collect()
    }
}
