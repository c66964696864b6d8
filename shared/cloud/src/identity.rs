//! Whom an issuer's word makes somebody: the one rule, for what carries a token and
//! for what signs in to the pages.

use types::ids::{EmailAddress, parse_line};
use types::input::MAX_NAME;

/// The issuer of Google Workspace. Its tokens are about any Google account; `hd` says
/// which of them are whose.
pub const GOOGLE: &str = "https://accounts.google.com";

/// Who somebody is.
#[derive(Clone, Debug)]
pub struct Identity {
    pub email: EmailAddress,
    pub name: Option<String>,
}

/// What a token that is good says of whom it is about.
#[derive(Clone, Copy, Debug)]
pub struct Claims<'a> {
    /// Who says it (`iss`).
    pub issuer: &'a str,
    pub email: Option<&'a str>,
    /// Whether the issuer made sure that the address is his: what it does not say,
    /// it did not.
    pub is_verified: bool,
    /// The Workspace that an account of Google's is of (`hd`).
    pub workspace: Option<&'a str>,
    pub name: Option<&'a str>,
}

/// Why somebody is nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unknown {
    /// The issuer does not say that the address is his.
    Unverified,
    /// The account is none of the entity's.
    Foreign,
}

impl Claims<'_> {
    /// Whom they are about, to an entity that has these domains.
    ///
    /// # Errors
    /// See [`Unknown`].
    pub fn identity(&self, domains: &[String]) -> Result<Identity, Unknown> {
        // Whoever opened an account of his own with a staff address, and lost the
        // mailbox since, is still verified there, and of no Workspace.
        let is_ours = |domain: &str| domains.iter().any(|d| d.eq_ignore_ascii_case(domain));
        if self.issuer == GOOGLE && !self.workspace.is_some_and(is_ours) {
            return Err(Unknown::Foreign);
        }
        let email = self.email.filter(|_| self.is_verified);
        let email = email.and_then(|email| EmailAddress::parse(email).ok());
        let name = self.name;
        Ok(Identity {
            email: email.ok_or(Unknown::Unverified)?,
            name: name.and_then(|name| parse_line("name", name, MAX_NAME).ok()),
        })
    }
}
