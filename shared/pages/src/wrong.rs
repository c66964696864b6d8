//! What of a form could not be taken: said at its head, and at each field.

use std::borrow::Cow;

use types::problem::{FieldError, Problem};

/// What is wrong with something to be chosen: it is not filled in.
pub(crate) fn chosen(error: &FieldError) -> &str {
    match *error == FieldError::required(&error.field) {
        true => "Elija una opción.",
        false => &error.detail,
    }
}

/// What is wrong with what was sent; nothing, on a form that was not sent yet.
#[derive(Clone, Debug, Default)]
pub struct Wrong {
    /// With it as a whole.
    whole: Option<String>,
    at: Vec<Mistake>,
    signed_out: bool,
}

/// A mistake, at the element where it stands.
#[derive(Clone, Debug)]
pub(crate) struct Mistake {
    /// What the field is called, where the sentence does not say it.
    pub(crate) of: Option<String>,
    pub(crate) id: Cow<'static, str>,
    pub(crate) said: String,
}

impl Wrong {
    /// What a problem says; `id_of` has the element of a field.
    pub(crate) fn of(problem: &Problem, id_of: fn(&str) -> &'static str) -> Self {
        Self::said(problem, |error| (id_of(&error.field), error.detail.clone()))
    }

    /// The same in the page's own words.
    pub(crate) fn said<I: Into<Cow<'static, str>>>(
        problem: &Problem,
        say: impl Fn(&FieldError) -> (I, String),
    ) -> Self {
        let body = problem.body();
        let mistakes = body.errors.iter().map(say);
        let mistakes = mistakes.map(|(id, said)| Mistake {
            of: None,
            id: id.into(),
            said,
        });
        Wrong {
            at: mistakes.collect(),
            whole: Some(body.detail),
            signed_out: *problem == Problem::SignedOut,
        }
    }

    /// The same, with what the fields are called.
    pub(crate) fn naming(
        mut self,
        problem: &Problem,
        name: impl Fn(&FieldError) -> Option<String>,
    ) -> Self {
        for (mistake, error) in self.at.iter_mut().zip(&problem.body().errors) {
            mistake.of = name(error);
        }
        self
    }

    /// The same, with these words of what is wrong as a whole.
    pub(crate) fn saying(mut self, whole: &str) -> Self {
        self.whole = Some(whole.to_owned());
        self
    }

    /// The same, in the order of the page: by these elements.
    pub(crate) fn in_order(mut self, ids: &[&str]) -> Self {
        self.at.sort_by_key(|mistake| {
            let mut ids = ids.iter();
            ids.position(|id| *id == mistake.id)
        });
        self
    }

    /// The same, where these elements are chosen from and not filled in.
    pub(crate) fn choosing(mut self, problem: &Problem, ids: &[&str]) -> Self {
        for (mistake, error) in self.at.iter_mut().zip(&problem.body().errors) {
            if ids.contains(&&*mistake.id) {
                chosen(error).clone_into(&mut mistake.said);
            }
        }
        self
    }

    pub(crate) fn is_any(&self) -> bool {
        self.whole.is_some()
    }

    pub(crate) fn is_signed_out(&self) -> bool {
        self.signed_out
    }

    /// What is wrong as a whole, where it is at no field.
    pub(crate) fn whole(&self) -> Option<&str> {
        self.whole.as_deref().filter(|_| self.at.is_empty())
    }

    pub(crate) fn mistakes(&self) -> &[Mistake] {
        &self.at
    }

    /// What is wrong at an element.
    pub(crate) fn at(&self, id: &str) -> Option<&str> {
        let mut mistakes = self.at.iter();
        let found = mistakes.find(|mistake| mistake.id == id);
        found.map(|mistake| mistake.said.as_str())
    }
}
