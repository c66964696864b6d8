//! The matrix of accounts (A3-FO-11): a row for each person, written by the commits that
//! sign what grants or withdraws.

use std::collections::{BTreeMap, BTreeSet};

use types::format::accounts::{Holder, HolderId};

use super::item::Item;
use super::query::{Order, Query};
use super::{Store, StoreError};
use crate::keys::{self, DueKind, Key};

/// A person's row.
pub(super) fn holder_row(holder: &Holder) -> Result<Item, StoreError> {
    let version = i64::try_from(holder.version).unwrap_or(i64::MAX);
    let mut row = Item::with_doc(&keys::holder(&holder.id), holder)?.set_number("version", version);
    for (name, value) in places(holder) {
        row = row.set(name, value);
    }
    Ok(row)
}

/// The attributes by which a person's row is found.
const PLACES: [&str; 6] = [
    "requester_pk",
    "requester_sk",
    "assignee_pk",
    "assignee_sk",
    "due_pk",
    "due_sk",
];

/// Where the indexes find a person: in the matrix, among a chief's people, and by when
/// somebody has to be asked to disable his accounts.
pub fn places(holder: &Holder) -> BTreeMap<&'static str, String> {
    let mut places = BTreeMap::from([
        ("requester_pk", keys::HOLDERS.to_owned()),
        ("requester_sk", holder.id.to_string()),
    ]);
    if let Some(chief) = holder.chief() {
        places.insert("assignee_pk", keys::chief_partition(&chief));
        places.insert("assignee_sk", keys::chief_sort(holder));
    }
    if let Some(closing) = &holder.closing {
        let shard = keys::holder_shard(&holder.id);
        places.insert("due_pk", keys::due_partition(DueKind::Timer, shard));
        places.insert("due_sk", keys::holder_sort(closing.at, &holder.id));
    }
    places
}

/// A page of the matrix.
pub struct Holders {
    pub holders: Vec<Holder>,
    /// Those whose rows do not stand where they should: they were written before there were
    /// such places.
    pub misplaced: BTreeSet<HolderId>,
    /// After whom the next page begins; none on the last.
    pub next: Option<HolderId>,
}

impl Store {
    /// A person of the matrix.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn holder(&self, id: &HolderId) -> Result<Option<Holder>, StoreError> {
        let found = self.get(&keys::holder(id)).await?;
        found.map(|item| item.doc()).transpose()
    }

    /// At most so many people of the matrix, by their keys.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn holders(
        &self,
        after: Option<&HolderId>,
        limit: usize,
    ) -> Result<Holders, StoreError> {
        let mut values = vec![(":pk", keys::HOLDERS.to_owned())];
        let condition = match after {
            None => "requester_pk = :pk",
            Some(after) => {
                values.push((":after", after.to_string()));
                "requester_pk = :pk AND requester_sk > :after"
            }
        };
        let items = self
            .query(Query {
                operation: "list the matrix of accounts",
                index: Some("requester"),
                condition,
                values,
                order: Order::Ascending,
                limit: Some(limit),
            })
            .await?;
        let ids: Vec<_> = items
            .iter()
            .filter_map(|item| item.text("requester_sk"))
            .map(|id| HolderId(id.to_owned()))
            .collect();
        let next = ids.last().filter(|_| ids.len() == limit).cloned();
        let rows: Vec<Key> = ids.iter().map(keys::holder).collect();
        let (mut holders, mut misplaced) = (Vec::new(), BTreeSet::new());
        for row in self.get_many(rows).await? {
            let holder: Holder = row.doc()?;
            let places = places(&holder);
            let stands = |name: &str| row.text(name) == places.get(name).map(String::as_str);
            if !PLACES.iter().all(|name| stands(name)) {
                misplaced.insert(holder.id.clone());
            }
            holders.push(holder);
        }
        holders.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(Holders {
            holders,
            misplaced,
            next,
        })
    }
}
