//! Rows, between DynamoDB's attributes and our types. What a row holds is one
//! JSON document in `doc`, with the schema's version in `v`; what stands beside
//! it are keys, and what conditions look at.

use std::borrow::Cow;
use std::io::{Read, Write};

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Attributes, StoreError};
use crate::keys::Key;

/// Schema version of the documents that this code writes.
const DOCUMENT_VERSION: i64 = 1;

impl Key {
    /// The key as attributes.
    pub(super) fn attributes(&self) -> Attributes {
        Attributes::from([
            ("pk".to_owned(), AttributeValue::S(self.pk.clone())),
            ("sk".to_owned(), AttributeValue::S(self.sk.clone())),
        ])
    }
}

/// Bytes of a document from which on it is packed: what is read all the time is paid
/// for by its size, and a row has room for 400 KB.
const PACKED_FROM: usize = 32_000;

/// Most bytes of a document that is packed: what a row holds, with room for the rest of
/// it.
const MAX_PACKED: usize = 380_000;

/// Most bytes that come out of a packed document.
const MAX_UNPACKED: u64 = 16_000_000;

/// A row.
#[derive(Clone, Debug, Default)]
pub(super) struct Item(pub(super) Attributes);

impl Item {
    /// A row with nothing but its key.
    pub(super) fn new(key: &Key) -> Self {
        Item(key.attributes())
    }

    /// A row with a document.
    pub(super) fn with_doc<T: Serialize>(key: &Key, doc: &T) -> Result<Self, StoreError> {
        let item = Item::new(key).set_number("v", DOCUMENT_VERSION);
        let text = item.written(doc)?;
        Ok(item.set("doc", text))
    }

    /// A row with a document that may be large; it is packed then (RFC 1951).
    pub(super) fn with_large_doc<T: Serialize>(key: &Key, doc: &T) -> Result<Self, StoreError> {
        let mut item = Item::new(key).set_number("v", DOCUMENT_VERSION);
        let text = item.written(doc)?;
        if text.len() < PACKED_FROM {
            return Ok(item.set("doc", text));
        }
        let mut packed = DeflateEncoder::new(Vec::new(), Compression::default());
        let packed = packed
            .write_all(text.as_bytes())
            .and_then(|()| packed.finish());
        let packed = packed.map_err(|e| item.corrupt(e.to_string()))?;
        if packed.len() > MAX_PACKED {
            return Err(StoreError::TooLarge);
        }
        let packed = AttributeValue::B(Blob::new(packed));
        item.0.insert("packed".to_owned(), packed);
        Ok(item)
    }

    fn written<T: Serialize>(&self, doc: &T) -> Result<String, StoreError> {
        serde_json::to_string(doc).map_err(|e| self.corrupt(e.to_string()))
    }

    pub(super) fn set(mut self, name: &str, value: impl Into<String>) -> Self {
        self.0
            .insert(name.to_owned(), AttributeValue::S(value.into()));
        self
    }

    /// The request that led to the row, where one is known: for the log alone.
    pub(super) fn begun_by(self, origin: Option<&str>) -> Self {
        match origin {
            Some(origin) => self.set("origin", origin),
            None => self,
        }
    }

    pub(super) fn set_number(mut self, name: &str, value: i64) -> Self {
        self.0
            .insert(name.to_owned(), AttributeValue::N(value.to_string()));
        self
    }

    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.0
            .get(name)
            .and_then(|value| value.as_s().ok())
            .map(String::as_str)
    }

    pub(super) fn number(&self, name: &str) -> Option<i64> {
        self.0
            .get(name)
            .and_then(|value| value.as_n().ok())
            .and_then(|n| n.parse().ok())
    }

    pub(super) fn key(&self) -> Result<Key, StoreError> {
        match (self.text("pk"), self.text("sk")) {
            (Some(pk), Some(sk)) => Ok(Key {
                pk: pk.to_owned(),
                sk: sk.to_owned(),
            }),
            (_, _) => Err(self.corrupt("the row has no key")),
        }
    }

    /// The document, when this code knows its schema.
    pub(super) fn doc<T: DeserializeOwned>(&self) -> Result<T, StoreError> {
        match self.number("v") {
            Some(DOCUMENT_VERSION) => {}
            Some(other) => {
                return Err(self.corrupt(format!("schema version {other} is not known here")));
            }
            None => return Err(self.corrupt("it has no schema version")),
        }
        let text = self.doc_text()?;
        serde_json::from_str(&text).map_err(|e| self.corrupt(e.to_string()))
    }

    /// The document as it was written.
    pub(super) fn doc_text(&self) -> Result<Cow<'_, str>, StoreError> {
        if let Some(text) = self.text("doc") {
            return Ok(Cow::Borrowed(text));
        }
        let packed = self.0.get("packed").and_then(|value| value.as_b().ok());
        let packed = packed.ok_or_else(|| self.corrupt("it has no document"))?;
        let mut text = String::new();
        DeflateDecoder::new(packed.as_ref())
            .take(MAX_UNPACKED)
            .read_to_string(&mut text)
            .map_err(|e| self.corrupt(e.to_string()))?;
        Ok(Cow::Owned(text))
    }

    /// Says that this row cannot be read.
    pub(super) fn corrupt(&self, reason: impl Into<String>) -> StoreError {
        let text = |name| self.text(name).unwrap_or_default().to_owned();
        StoreError::Corrupt {
            pk: text("pk"),
            sk: text("sk"),
            reason: reason.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_document_is_packed_and_one_without_end_refused() {
        let key = Key {
            pk: "CATALOG".to_owned(),
            sk: "CURRENT".to_owned(),
        };
        let people = |count: usize| -> Vec<String> {
            let people = 0..count;
            let people = people.map(|n| format!("persona.de.apellido{n}@uspec.gov.co {}", n * n));
            people.collect()
        };
        let few = people(10);
        let row = Item::with_large_doc(&key, &few).unwrap();
        assert!(row.text("doc").is_some());
        assert_eq!(row.doc::<Vec<String>>().unwrap(), few);
        let many = people(20_000);
        let row = Item::with_large_doc(&key, &many).unwrap();
        assert!(row.text("doc").is_none());
        assert_eq!(row.doc::<Vec<String>>().unwrap(), many);
        let written = serde_json::to_string(&many).unwrap();
        assert_eq!(row.doc_text().unwrap(), written);
        let too_many = people(200_000);
        let refused = Item::with_large_doc(&key, &too_many);
        assert!(matches!(refused, Err(StoreError::TooLarge)));
        // What is no packed document is no document.
        let mut broken = row;
        let noise = AttributeValue::B(Blob::new([1, 2, 3]));
        broken.0.insert("packed".to_owned(), noise);
        assert!(matches!(
            broken.doc::<Vec<String>>(),
            Err(StoreError::Corrupt { .. })
        ));
    }
}
