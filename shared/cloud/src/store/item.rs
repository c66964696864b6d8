//! Rows, between DynamoDB's attributes and our types. What a row holds is one
//! JSON document in `doc`, with the schema's version in `v`; what stands beside
//! it are keys, and what conditions look at.

use aws_sdk_dynamodb::types::AttributeValue;
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
        let text = serde_json::to_string(doc).map_err(|e| corrupt(key, e.to_string()))?;
        Ok(Item::new(key)
            .set_number("v", DOCUMENT_VERSION)
            .set("doc", text))
    }

    pub(super) fn set(mut self, name: &str, value: impl Into<String>) -> Self {
        self.0
            .insert(name.to_owned(), AttributeValue::S(value.into()));
        self
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
            (_, _) => Err(StoreError::Corrupt {
                pk: String::new(),
                sk: String::new(),
                reason: "the row has no key".to_owned(),
            }),
        }
    }

    /// The document, when this code knows its schema.
    pub(super) fn doc<T: DeserializeOwned>(&self) -> Result<T, StoreError> {
        let key = self.key()?;
        match self.number("v") {
            Some(DOCUMENT_VERSION) => {}
            Some(other) => {
                return Err(corrupt(
                    &key,
                    format!("schema version {other} is not known here"),
                ));
            }
            None => return Err(corrupt(&key, "it has no schema version".to_owned())),
        }
        let text = self
            .text("doc")
            .ok_or_else(|| corrupt(&key, "it has no document".to_owned()))?;
        serde_json::from_str(text).map_err(|e| corrupt(&key, e.to_string()))
    }
}

fn corrupt(key: &Key, reason: String) -> StoreError {
    StoreError::Corrupt {
        pk: key.pk.clone(),
        sk: key.sk.clone(),
        reason,
    }
}
