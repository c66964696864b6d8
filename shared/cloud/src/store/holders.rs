//! The matrix of accounts (A3-FO-11): a row for each person, written by the commits that
//! sign what grants or withdraws.

use types::format::accounts::{Holder, HolderId};

use super::item::Item;
use super::query::{Order, Query};
use super::{Store, StoreError};
use crate::keys::{self, Key};

/// A person's row.
pub(super) fn holder_row(holder: &Holder) -> Result<Item, StoreError> {
    let version = i64::try_from(holder.version).unwrap_or(i64::MAX);
    Ok(Item::with_doc(&keys::holder(&holder.id), holder)?
        .set_number("version", version)
        .set("requester_pk", keys::HOLDERS.to_owned())
        .set("requester_sk", holder.id.to_string()))
}

/// A page of the matrix.
pub struct Holders {
    pub holders: Vec<Holder>,
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
        let found = self.get_many(rows).await?;
        let mut holders: Vec<Holder> = found
            .into_iter()
            .map(|item| item.doc())
            .collect::<Result<_, _>>()?;
        holders.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(Holders { holders, next })
    }
}
