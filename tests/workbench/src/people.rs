//! People of the catalogue that ships, and requesters, who are in no directory.

/// The agents of team `soporte`.
pub const SUPPORT: [&str; 3] = [
    "agente1.soporte@uspec.gov.co",
    "agente2.soporte@uspec.gov.co",
    "agente3.soporte@uspec.gov.co",
];
/// The agents of team `impresion`.
pub const PRINTING: [&str; 2] = [
    "agente1.impresion@uspec.gov.co",
    "agente2.impresion@uspec.gov.co",
];
pub const OFFICER: &str = "oficial1.tecnologia@uspec.gov.co";
pub const OTHER_OFFICER: &str = "oficial2.tecnologia@uspec.gov.co";
pub const HEAD: &str = "jefe.tecnologia@uspec.gov.co";
pub const PERSONNEL: &str = "personal@uspec.gov.co";
pub const COORDINATOR: &str = "coordinador.mesa@uspec.gov.co";
pub const AUDITOR: &str = "auditor.interno@uspec.gov.co";
/// The mailbox of team `soporte`.
pub const SUPPORT_MAILBOX: &str = "soportespmic@uspec.gov.co";
/// The provider `redes_externo`, who is no one of the entity's.
pub const PROVIDER: &str = "soporte@proveedor-redes.example.com";

pub const ANA: &str = "ana.perez@uspec.gov.co";
pub const LUIS: &str = "luis.rojas@uspec.gov.co";

/// An agent of `soporte` other than `agent`.
///
/// # Panics
/// Never: there are three.
#[expect(clippy::unwrap_used, reason = "there are three")]
pub fn colleague_of(agent: &str) -> &'static str {
    SUPPORT.into_iter().find(|other| *other != agent).unwrap()
}
