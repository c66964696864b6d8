//! People of the catalogue that ships, and requesters, who are in no directory.

use types::catalogue::Catalogue;
use types::ids::EmailAddress;
use types::permission::{Actor, Caller};
use types::ticket::Person;

/// A requester.
pub const ANA: &str = "ana.perez@uspec.gov.co";
/// Another requester.
pub const LUIS: &str = "luis.rojas@uspec.gov.co";
/// An agent of `soporte`, the first in turn.
pub const AGENT: &str = "agente1.soporte@uspec.gov.co";
/// Another agent of `soporte`.
pub const COLLEAGUE: &str = "agente2.soporte@uspec.gov.co";
/// The third agent of `soporte`.
pub const THIRD: &str = "agente3.soporte@uspec.gov.co";
/// An agent of `impresion`.
pub const PRINTER: &str = "agente1.impresion@uspec.gov.co";
/// An officer of the Technology Office.
pub const OFFICER: &str = "oficial1.tecnologia@uspec.gov.co";
/// Another officer.
pub const OTHER_OFFICER: &str = "oficial2.tecnologia@uspec.gov.co";
pub const COORDINATOR: &str = "coordinador.mesa@uspec.gov.co";
pub const HEAD: &str = "jefe.tecnologia@uspec.gov.co";
pub const AUDITOR: &str = "auditor.interno@uspec.gov.co";
pub const PERSONNEL: &str = "personal@uspec.gov.co";
/// The mailbox of team `soporte`.
pub const MAILBOX: &str = "soportespmic@uspec.gov.co";
/// The provider `redes_externo`, who is no one of the entity's.
pub const PROVIDER: &str = "soporte@proveedor-redes.example.com";
/// Somebody who has nothing to do with the entity.
pub const STRANGER: &str = "alguien@example.com";

/// An address.
///
/// # Panics
/// When it is none.
pub fn address(text: &str) -> EmailAddress {
    EmailAddress::parse(text).unwrap()
}

/// Somebody, as a rule sees him.
pub(crate) fn actor(email: &str, catalogue: &Catalogue) -> Actor {
    let domains = ["uspec.gov.co".to_owned()];
    Actor::Person(Caller::identify(address(email), None, catalogue, &domains))
}

/// Somebody, by the name that the directory gives him.
pub(crate) fn person(email: &str, catalogue: &Catalogue) -> Person {
    let email = address(email);
    let name = catalogue.person(&email).map(|entry| entry.name.clone());
    Person {
        name: name.unwrap_or_else(|| email.to_string()),
        email,
    }
}
