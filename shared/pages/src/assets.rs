//! Styles and scripts. All of an edition stand under one address that changes
//! with any of them, so that a copy is good for ever, and scripts name each other
//! as they are.

/// A style sheet or a script.
pub struct Asset {
    pub name: &'static str,
    pub content_type: &'static str,
    pub plain: &'static str,
    pub gzipped: &'static [u8],
}

include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// The asset of this name.
pub fn asset(name: &str) -> Option<&'static Asset> {
    ASSETS.iter().find(|asset| asset.name == name)
}
