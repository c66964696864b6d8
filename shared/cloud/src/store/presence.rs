//! The rows of who is at a ticket.

use types::ids::{EmailAddress, TicketId};
use types::presence::Sign;

use super::item::Item;
use super::query::{Order, Query};
use super::{Store, StoreError};
use crate::keys;
use crate::log::chain;

/// Most people that anybody is told of.
const MOST: usize = 20;

impl Store {
    /// Writes down that somebody is at a ticket, over what he did there before.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn put_sign(&self, ticket: TicketId, sign: &Sign) -> Result<(), StoreError> {
        let row = Item::with_doc(&keys::presence(ticket, &sign.person.email), sign)?
            .set_number("expires_at", sign.ends_at().as_second());
        self.put("say who is at a ticket", row).await
    }

    /// Somebody has left a ticket.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn end_presence(
        &self,
        ticket: TicketId,
        email: &EmailAddress,
    ) -> Result<(), StoreError> {
        let key = keys::presence(ticket, email);
        self.delete("say that somebody left a ticket", &key).await
    }

    /// Every sign that there is of somebody at a ticket, old ones too: the table
    /// takes its time to delete them.
    ///
    /// # Errors
    /// See [`StoreError`]. What this code cannot read is passed over: it is gone in a
    /// minute.
    pub async fn signs(&self, ticket: TicketId) -> Result<Vec<Sign>, StoreError> {
        let rows = self
            .query(Query {
                operation: "read who is at a ticket",
                index: None,
                condition: "pk = :pk",
                values: vec![(":pk", keys::presence_partition(ticket))],
                order: Order::Ascending,
                limit: Some(MOST),
            })
            .await?;
        let signs = rows.iter().filter_map(|row| match row.doc::<Sign>() {
            Ok(sign) => Some(sign),
            Err(error) => {
                tracing::warn!(ticket.id = %ticket, error = chain(&error), "a sign cannot be read");
                None
            }
        });
        Ok(signs.collect())
    }
}
