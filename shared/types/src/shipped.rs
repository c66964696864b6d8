//! What ships: files of `infra`, which `build.rs` writes as JSON.

/// The catalogue: `infra/catalog.toml`.
pub(crate) const CATALOGUE: &str = include_str!(concat!(env!("OUT_DIR"), "/catalog.json"));

/// Every version of every format: `infra/formats`. A version that was in use stays for the
/// tickets that began with it.
pub(crate) const FORMATS: &str = include_str!(concat!(env!("OUT_DIR"), "/formats.json"));

/// Systems in which people have accounts: `infra/formats/systems.toml`.
pub(crate) const SYSTEMS: &str = include_str!(concat!(env!("OUT_DIR"), "/systems.json"));
