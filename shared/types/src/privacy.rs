//! The privacy notice: what the entity tells whoever writes to the desk of what it
//! does with his data (Ley 1581 de 2012; Decreto 1074 de 2015, art. 2.2.2.25.3.2).
//! Whoever takes note of it, or accepts it in a format, does so of a version: the text
//! of a version never changes.

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use crate::ids::{EmailAddress, parse_text};
use crate::problem::FieldError;
use crate::shipped;

/// Longest notice, in characters: it is meant to be read.
pub const MAX_NOTICE: usize = 4_000;

/// Longest address of a page, in characters.
pub const MAX_ADDRESS: usize = 300;

/// Where the text names whom to write to.
const CONTACT: &str = "{canal}";

/// Where the text names the policy.
const POLICY: &str = "{politica}";

/// The notice in force.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PrivacyNotice {
    /// Goes up whenever the text changes.
    pub version: u32,
    /// What it says, in Spanish; `{canal}` and `{politica}` stand for the two below.
    pub text: String,
    /// Where somebody asks for his data, and has them mended.
    pub contact: String,
    /// The page with the entity's policy for the treatment of personal data.
    pub url: String,
}

/// A stretch of the notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stretch<'a> {
    Words(&'a str),
    /// An address to write to.
    Contact(&'a str),
    /// The address of a page.
    Policy(&'a str),
}

impl PrivacyNotice {
    /// Its paragraphs, each in stretches.
    pub fn paragraphs(&self) -> Vec<Vec<Stretch<'_>>> {
        let paragraphs = self.text.split("\n\n").map(str::trim);
        let paragraphs = paragraphs.filter(|paragraph| !paragraph.is_empty());
        paragraphs.map(|text| self.stretches(text)).collect()
    }

    fn stretches<'a>(&'a self, text: &'a str) -> Vec<Stretch<'a>> {
        let mut stretches = Vec::new();
        let mut rest = text;
        while let Some((at, place, stretch)) = [
            (CONTACT, Stretch::Contact(&self.contact)),
            (POLICY, Stretch::Policy(&self.url)),
        ]
        .into_iter()
        .filter_map(|(place, stretch)| Some((rest.find(place)?, place, stretch)))
        .min_by_key(|(at, _, _)| *at)
        {
            let (words, from) = rest.split_at(at);
            stretches.extend([Stretch::Words(words), stretch]);
            rest = from.strip_prefix(place).unwrap_or_default();
        }
        stretches.push(Stretch::Words(rest));
        stretches.retain(|stretch| *stretch != Stretch::Words(""));
        stretches
    }

    /// What is wrong with it, under `path`.
    pub(crate) fn check(&self, path: &str, errors: &mut Vec<FieldError>) {
        let mut refuse = |name: &str, code, detail: &str| {
            errors.push(FieldError::new(&format!("{path}.{name}"), code, detail));
        };
        if self.version == 0 {
            refuse("version", "out_of_range", "Las versiones empiezan en 1.");
        }
        if EmailAddress::parse(&self.contact).is_err() {
            let detail = "No es una dirección de correo válida.";
            refuse("contact", "invalid_email", detail);
        }
        if !is_address(&self.url) {
            let detail = "Debe ser la dirección de una página, que empieza por https://.";
            refuse("url", "invalid_url", detail);
        }
        let others = self.text.replace(CONTACT, "").replace(POLICY, "");
        if let Some(at) = others.find('{') {
            let (_, from) = others.split_at(at);
            let begins: String = from.chars().take(30).collect();
            let detail = format!("«{begins}» no se puede llenar. Se llenan {CONTACT} y {POLICY}.");
            refuse("text", "unknown_placeholder", &detail);
        } else if !self.text.contains(CONTACT) {
            // Article 15: he is told where to turn to.
            let detail = format!("Debe decir a dónde escribir: {CONTACT}.");
            refuse("text", "missing_placeholder", &detail);
        }
        let text = parse_text(&format!("{path}.text"), &self.text, MAX_NOTICE);
        // An empty text lacks the place as well: that is one mistake.
        if let Err(error) = text {
            let field = error.field.clone();
            errors.retain(|other| other.field != field);
            errors.push(error);
        }
    }
}

/// Whether a text is the address of a page that a browser opens safely.
fn is_address(text: &str) -> bool {
    let rest = text.strip_prefix("https://");
    rest.is_some_and(|rest| {
        let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let named = host.contains('.') && !host.starts_with('.') && !host.ends_with('.');
        let plain = |c: char| c.is_ascii_graphic() && !"\"<>\\^`{|}@".contains(c);
        named && rest.chars().all(plain) && text.len() <= MAX_ADDRESS
    })
}

/// The notice that ships: a draft, until the entity has approved its own. A catalogue
/// that was stored before there was any has it.
pub(crate) fn shipped() -> PrivacyNotice {
    #[derive(Deserialize)]
    struct Shipped {
        privacy_notice: PrivacyNotice,
    }
    static NOTICE: LazyLock<Option<PrivacyNotice>> = LazyLock::new(|| {
        let shipped: Result<Shipped, _> = serde_json::from_str(shipped::CATALOGUE);
        shipped.ok().map(|shipped| shipped.privacy_notice)
    });
    NOTICE.clone().unwrap_or_default()
}
