//! What stands of a format on a ticket: what was filled in, and who signed it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::catalogue::Role;
use crate::ids::{FormatCode, SectionId, SigningId};
use crate::person::Person;

/// Fields by their keys.
pub type Values = serde_json::Map<String, serde_json::Value>;

/// How far a format has been filled in.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Format {
    pub complete: bool,
    /// What stood there when a format had no sections.
    pub fields: Values,
    /// The schema that it goes by; none, where it has no sections.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<u32>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub sections: BTreeMap<SectionId, Filled>,
}

/// How far a section has been filled in.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Filled {
    pub fields: Values,
    /// In the order in which they were given.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub signatures: Vec<Signature>,
    /// How often it was opened again, to correct it.
    #[serde(default, skip_serializing_if = "is_first")]
    pub edition: u32,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
fn is_first(edition: &u32) -> bool {
    *edition == 0
}

/// That somebody stands for what a section says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Signature {
    /// Which of the section's signatures it is.
    pub signing: SigningId,
    #[serde(flatten)]
    pub by: Person,
    pub role: Role,
    pub at: Timestamp,
    /// SHA-256 of what was signed, as canonical JSON (RFC 8785), in hexadecimal.
    pub sha256: String,
    /// The scan of what was signed on paper, where it was: the file's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_paper: Option<String>,
}

/// Which section of which format a signature is for.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    pub ticket: u64,
    pub code: &'a FormatCode,
    pub version: u32,
    pub section: &'a SectionId,
    pub edition: u32,
}

/// What a signature is for, hashed: the fields, and where they stand, so that no
/// signature is good for another place. Keys are sorted and there are no spaces; of
/// numbers there are whole ones alone, so that this is the canonical JSON of RFC 8785.
pub fn digest(place: Place<'_>, fields: &Values) -> String {
    #[derive(Serialize)]
    struct Signed<'a> {
        edition: u32,
        fields: &'a Values,
        format: &'a FormatCode,
        section: &'a SectionId,
        ticket: u64,
        version: u32,
    }
    let signed = Signed {
        edition: place.edition,
        fields,
        format: place.code,
        section: place.section,
        ticket: place.ticket,
        version: place.version,
    };
    // Maps of texts can always be written.
    let text = serde_json::to_vec(&signed).unwrap_or_default();
    data_encoding::HEXLOWER.encode(&Sha256::digest(text))
}

impl Format {
    /// Sections that are to be signed again; what they say stays.
    pub fn reopen(&mut self, sections: &[SectionId]) {
        for section in sections {
            let filled = self.sections.entry(section.clone()).or_default();
            filled.signatures.clear();
            filled.edition = filled.edition.saturating_add(1);
        }
    }

    /// What all sections say together: no two have a field of one name.
    pub fn known(&self) -> Known<'_> {
        Known(
            self.sections
                .values()
                .map(|filled| &filled.fields)
                .collect(),
        )
    }

    /// A section as far as it goes.
    pub fn section(&self, id: &SectionId) -> Option<&Filled> {
        self.sections.get(id)
    }
}

/// What several sections say.
#[derive(Clone)]
pub struct Known<'a>(pub Vec<&'a Values>);

impl<'a> Known<'a> {
    /// A field.
    pub fn get(&self, id: &str) -> Option<&'a serde_json::Value> {
        let mut found = self.0.iter().filter_map(|values| values.get(id));
        found.next()
    }

    /// A field that is a text.
    pub fn text(&self, id: &str) -> Option<&'a str> {
        self.get(id)?.as_str()
    }

    /// The rows of a list.
    pub fn rows(&self, id: &str) -> impl Iterator<Item = &'a Values> + use<'a> {
        let rows = self.get(id).and_then(|list| list.as_array());
        rows.into_iter().flatten().filter_map(|row| row.as_object())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_signature_is_for_one_place_and_one_text() {
        let (code, section) = (FormatCode::from("A3-FO-12"), SectionId::from("leaving"));
        let place = Place {
            ticket: 7,
            code: &code,
            version: 1,
            section: &section,
            edition: 0,
        };
        let fields = |value| match value {
            serde_json::Value::Object(fields) => fields,
            other => panic!("{other}"),
        };
        let one = fields(json!({ "b": "ñ", "a": ["x"] }));
        // By another hand: printf '{"edition":0,…}' | sha256sum
        let text = r#"{"edition":0,"fields":{"a":["x"],"b":"ñ"},"format":"A3-FO-12","section":"leaving","ticket":7,"version":1}"#;
        let expected = data_encoding::HEXLOWER.encode(&Sha256::digest(text));
        assert_eq!(digest(place, &one), expected);
        let others = [
            digest(Place { ticket: 8, ..place }, &one),
            digest(
                Place {
                    edition: 1,
                    ..place
                },
                &one,
            ),
            digest(
                Place {
                    version: 2,
                    ..place
                },
                &one,
            ),
            digest(place, &fields(json!({ "b": "n", "a": ["x"] }))),
        ];
        assert!(others.iter().all(|other| *other != expected));
    }

    #[test]
    fn a_format_of_before_there_were_sections_is_read_and_written_as_it_was() {
        let old = json!({ "complete": true, "fields": { "sistema": "Orfeo" } });
        let format: Format = serde_json::from_value(old.clone()).unwrap();
        assert!(format.complete && format.version.is_none());
        assert_eq!(serde_json::to_value(format).unwrap(), old);
    }
}
