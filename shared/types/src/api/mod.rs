//! The HTTP API: its routes, what each takes and answers, and the document that
//! says so (`openapi.json`, OpenAPI 3.1).
//!
//! There is one table of routes (`routes.rs`). The functions go by its names, so
//! that a route that its function does not answer does not compile; the
//! document is generated from it by a test; another test holds it against
//! `template.yaml`. What a route takes is read by, and described by, the same
//! lines (`requests.rs`).

#[cfg(test)]
pub(crate) mod document;
pub mod pages;
mod requests;
mod routes;

use std::marker::PhantomData;

use serde::Serialize;

pub use requests::*;
pub use routes::*;

use crate::catalogue::Role;
use crate::command::CommandKind;
use crate::input::{Fields, Input};
use crate::permission::Caller;
use crate::problem::{FieldError, Problem, ProblemCode};

/// The API's document, as `GET /openapi.json` answers it.
pub const DOCUMENT: &str = include_str!("../../openapi.json");

/// A route: all that is known of it but what happens there.
pub struct Row {
    /// The document's `operationId`.
    pub name: &'static str,
    pub method: &'static str,
    /// Parameters stand in braces.
    pub path: &'static str,
    /// Where a page's form for it goes: a path without API Gateway's authorizer.
    pub page: Option<&'static str>,
    /// The same, for whoever came by the link of a mail.
    pub link: Option<&'static str>,
    /// Whose it is.
    pub function: Function,
    pub access: Access,
    /// The status where all goes well.
    pub status: u16,
    /// What else its function may answer.
    pub problems: &'static [ProblemCode],
    #[cfg(test)]
    pub(crate) documented: document::Documented,
}

impl Row {
    /// Whether this is the route that API Gateway calls `key`: `POST /tickets`, or
    /// the page's form for the same.
    pub fn is(&self, key: &str) -> bool {
        key.split_once(' ') == Some((self.method, self.path)) || self.is_form(key)
    }

    /// Whether `key` is the route of the page's form.
    pub fn is_form(&self, key: &str) -> bool {
        let mut forms = self.forms();
        // A browser's form sends no other method.
        forms.any(|path| key.split_once(' ') == Some(("POST", path)))
    }

    /// Where its forms go.
    pub fn forms(&self) -> impl Iterator<Item = &'static str> {
        self.page.into_iter().chain(self.link)
    }

    /// What its forms' addresses end in, but for what names whom or what it is about.
    pub fn word(&self) -> Option<&'static str> {
        let mut segments = self.page?.rsplit('/');
        segments.find(|segment| !segment.starts_with('{'))
    }

    /// Whether a request's path is one of this route's.
    fn takes_path(&self, path: &str) -> bool {
        matches(self.path, path)
    }
}

/// Whether a request's path is one of those that `pattern` stands for.
pub(crate) fn matches(pattern: &str, path: &str) -> bool {
    let (mut wanted, mut found) = (pattern.split('/'), path.split('/'));
    loop {
        match (wanted.next(), found.next()) {
            (None, None) => return true,
            (Some(w), Some(f)) if w == f || (w.starts_with('{') && !f.is_empty()) => {}
            (_, _) => return false,
        }
    }
}

/// Who may call a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Whoever comes.
    Anyone,
    /// Whoever holds the link: the token in its path was mailed to one person.
    Link,
    /// Whoever says who he is. What there is for him depends on who that is.
    SignedIn,
    /// Whoever has a role here.
    Entity,
    /// Whoever has one of these roles.
    Roles(&'static [Role]),
    /// Whoever may give one of these commands on the ticket: that is asked of
    /// [`authorise`](crate::permission::authorise) alone.
    Command(&'static [CommandKind]),
}

impl Access {
    /// Whether API Gateway lets everybody through, token or not.
    pub fn is_public(self) -> bool {
        match self {
            Access::Anyone | Access::Link => true,
            Access::SignedIn | Access::Entity | Access::Roles(_) | Access::Command(_) => false,
        }
    }

    /// Whether the caller's roles let him in. Where it depends on the ticket, they
    /// do, and more is asked later.
    pub fn admits(self, caller: &Caller) -> bool {
        match self {
            Access::Anyone | Access::Link | Access::SignedIn | Access::Command(_) => true,
            Access::Entity => !caller.roles.is_empty(),
            Access::Roles(roles) => roles.iter().any(|role| caller.is(*role)),
        }
    }
}

/// What a route takes: a body or a query that is read as `T`.
pub struct Takes<T> {
    row: &'static Row,
    input: PhantomData<fn() -> T>,
}

impl<T> Clone for Takes<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Takes<T> {}

impl<T> Takes<T> {
    const fn at(row: &'static Row) -> Self {
        Takes {
            row,
            input: PhantomData,
        }
    }

    /// The route that takes it.
    pub fn row(self) -> &'static Row {
        self.row
    }

    /// Whether the table has this command behind the route.
    pub fn gives(self, command: CommandKind) -> bool {
        match self.row.access {
            Access::Command(commands) => commands.contains(&command),
            Access::Anyone
            | Access::Link
            | Access::SignedIn
            | Access::Entity
            | Access::Roles(_) => false,
        }
    }
}

impl<T: Input> Takes<T> {
    /// Asks for what the route takes.
    pub fn read(self, fields: &mut Fields) -> Option<T> {
        T::read(fields)
    }

    /// Reads a body that is all the route takes.
    ///
    /// # Errors
    /// When it is no JSON object, or a field cannot be taken as it is.
    pub fn body(self, body: &[u8]) -> Result<T, Problem> {
        let mut fields = Fields::parse(body)?;
        let value = T::read(&mut fields);
        fields.finish(value)
    }

    /// Reads a query.
    ///
    /// # Errors
    /// When a parameter is unknown, or cannot be taken as it is.
    pub fn query(self, parameters: &[(String, String)]) -> Result<T, Problem> {
        let mut fields = Fields::query(parameters);
        let value = T::read(&mut fields);
        fields.finish(value)
    }
}

/// The routes of one function.
pub trait Routes: Sized {
    /// The route that API Gateway calls `key`, if it is the function's.
    fn of(key: &str) -> Option<Self>;
}

/// A page of a list.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "PageOf{T}"))]
pub struct Page<T> {
    pub items: Vec<T>,
    /// What to ask for the next page with; none on the last.
    pub next_cursor: Option<String>,
}

impl<T> Page<T> {
    /// A list on which there is nothing.
    pub fn empty() -> Self {
        Page {
            items: Vec::new(),
            next_cursor: None,
        }
    }
}

/// A cursor that this list never gave.
pub fn invalid_cursor() -> Problem {
    Problem::Validation(vec![FieldError::new(
        "cursor",
        "invalid_cursor",
        "No es un cursor que este servicio haya dado para esta lista.",
    )])
}

/// The routes of a path, one for each method that it has: none where the path is
/// unknown.
pub fn routes_of(path: &str) -> impl Iterator<Item = &'static Row> {
    ROUTES.iter().copied().filter(|row| row.takes_path(path))
}

/// Declares an [`Input`]: a struct whose fields are read by the kind that stands
/// after them, and described by it.
macro_rules! input {
    (
        $(#[doc = $doc:literal])+
        $vis:vis struct $name:ident {
            $($(#[doc = $about:literal])+ $field:ident: $ty:ty = $asked:expr,)*
        }
        $(refusing |$fields:ident| $refuse:block)?
    ) => {
        $(#[doc = $doc])+
        #[derive(Clone, Debug, PartialEq)]
        $vis struct $name {
            $($(#[doc = $about])+ pub $field: $ty,)*
        }

        impl $crate::input::Input for $name {
            fn read(fields: &mut $crate::input::Fields) -> Option<Self> {
                $(let $field = $crate::input::Asked::ask(&$asked, fields, stringify!($field));)*
                $({
                    let $fields = &mut *fields;
                    $refuse
                })?
                let _ = fields;
                Some($name { $($field: $field?,)* })
            }

            #[cfg(test)]
            fn members() -> Vec<$crate::api::document::Member> {
                vec![$($crate::api::document::Member {
                    name: stringify!($field),
                    about: concat!($($about),+).trim(),
                    asked: $crate::api::document::asked::<$ty>(&$asked),
                }),*]
            }
        }
    };
}

pub(crate) use input;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods() {
        for (path, methods) in [
            ("/tickets", &["POST", "GET"][..]),
            ("/tickets/7", &["GET"]),
            ("/tickets/", &[]),
            ("/tickets/7/contact", &["POST"]),
            ("/tickets/7/contact/x", &[]),
            ("/", &[]),
        ] {
            let found: Vec<_> = routes_of(path).map(|row| row.method).collect();
            assert_eq!(found, methods, "{path}");
        }
    }

    #[test]
    fn a_function_knows_its_own_routes_alone() {
        let own = escalation::Route::of("POST /tickets/{ref}/hold");
        assert!(matches!(own, Some(escalation::Route::Hold(_))));
        for other in ["POST /tickets", "GET /tickets/{ref}/hold", "$default", ""] {
            assert!(escalation::Route::of(other).is_none(), "{other}");
        }
    }
}
