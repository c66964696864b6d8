//! The table as it stands, row by row: for the auditor alone. Nothing that serves
//! a request scans.

use std::borrow::Cow;
use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::ReturnConsumedCapacity;
use serde::de::DeserializeOwned;
use types::ticket::Ticket;

use super::commit::ticket_row;
use super::item::Item;
use super::{Attributes, Store, StoreError, failed};
use crate::keys::Key;

/// The indexes, each with the attributes that it goes by.
pub const INDEXES: [(&str, &str, &str); 5] = [
    ("due", "due_pk", "due_sk"),
    ("team", "team_pk", "team_sk"),
    ("assignee", "assignee_pk", "assignee_sk"),
    ("officer", "officer_pk", "officer_sk"),
    ("requester", "requester_pk", "requester_sk"),
];

/// A row.
#[derive(Clone, Debug)]
pub struct Row {
    pub key: Key,
    item: Item,
}

/// Where a scan goes on.
#[derive(Clone, Debug)]
pub struct Start(Attributes);

/// A row as an index has it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct IndexEntry {
    pub index: &'static str,
    pub partition: String,
    pub sort: String,
    pub pk: String,
    pub sk: String,
}

impl Row {
    fn new(item: Item) -> Result<Self, StoreError> {
        Ok(Row {
            key: item.key()?,
            item,
        })
    }

    /// An attribute that is text.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.item.text(name)
    }

    /// An attribute that is a whole number.
    pub fn number(&self, name: &str) -> Option<i64> {
        self.item.number(name)
    }

    /// The document, when this code knows its schema.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] when it does not.
    pub fn doc<T: DeserializeOwned>(&self) -> Result<T, StoreError> {
        self.item.doc()
    }

    /// The same as it was written.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] when there is none.
    pub fn doc_text(&self) -> Result<String, StoreError> {
        self.item.doc_text().map(Cow::into_owned)
    }

    /// What the indexes should have of this row, by its own attributes.
    pub fn index_entries(&self) -> impl Iterator<Item = IndexEntry> {
        INDEXES.iter().filter_map(|(index, partition, sort)| {
            Some(IndexEntry {
                index,
                partition: self.text(partition)?.to_owned(),
                sort: self.text(sort)?.to_owned(),
                pk: self.key.pk.clone(),
                sk: self.key.sk.clone(),
            })
        })
    }
}

/// Where the indexes should find a ticket: the attributes of its row.
///
/// # Errors
/// Never in practice; the type says so because serialisation may fail.
pub fn index_attributes(ticket: &Ticket) -> Result<BTreeMap<&'static str, String>, StoreError> {
    let row = ticket_row(ticket)?;
    let names = INDEXES.iter().flat_map(|(_, pk, sk)| [*pk, *sk]);
    Ok(names
        .filter_map(|name| Some((name, row.text(name)?.to_owned())))
        .collect())
}

impl Store {
    /// A page of the whole table, read consistently: a megabyte at most. Rows of
    /// one partition follow one another, over the ends of pages too.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn scan(
        &self,
        start: Option<Start>,
    ) -> Result<(Vec<Row>, Option<Start>), StoreError> {
        let answer = self
            .client
            .scan()
            .table_name(&self.table)
            .consistent_read(true)
            .set_exclusive_start_key(start.map(|start| start.0))
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await
            .map_err(|e| failed("read the table", e))?;
        self.charge(&answer.consumed_capacity);
        let items = answer.items.unwrap_or_default().into_iter();
        let rows = items.map(|item| Row::new(Item(item)));
        let next = answer.last_evaluated_key.map(Start);
        Ok((rows.collect::<Result<_, _>>()?, next))
    }

    /// All that an index has. Indexes lag behind the table.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn scan_index(
        &self,
        (index, partition, sort): (&'static str, &str, &str),
    ) -> Result<Vec<IndexEntry>, StoreError> {
        let mut entries = Vec::new();
        let mut start = None;
        loop {
            let answer = self
                .client
                .scan()
                .table_name(&self.table)
                .index_name(index)
                .set_exclusive_start_key(start)
                .return_consumed_capacity(ReturnConsumedCapacity::Total)
                .send()
                .await
                .map_err(|e| failed("read an index", e))?;
            self.charge(&answer.consumed_capacity);
            for item in answer.items.unwrap_or_default() {
                let item = Item(item);
                let key = item.key()?;
                let text = |name| item.text(name).unwrap_or_default().to_owned();
                entries.push(IndexEntry {
                    index,
                    partition: text(partition),
                    sort: text(sort),
                    pk: key.pk,
                    sk: key.sk,
                });
            }
            start = answer.last_evaluated_key;
            if start.is_none() {
                return Ok(entries);
            }
        }
    }
}
