//! The rows of sessions.

use jiff::Timestamp;

use super::item::Item;
use super::{Store, StoreError};
use crate::identity::Identity;
use crate::keys;
use crate::log::chain;
use crate::session::{Session, digest, unguessable};

impl Store {
    /// Begins a session, and says what its cookie holds: a value that was never one
    /// before, whatever the caller came with.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn open_session(
        &self,
        identity: &Identity,
        now: Timestamp,
    ) -> Result<String, StoreError> {
        let operation = "open a session";
        let made = unguessable().map(|value| digest(&value).map(|digest| (value, digest)));
        let (value, digest) = match made {
            Ok(Some(made)) => made,
            Ok(None) => return Err(unmade(operation, "it has no digest".into())),
            Err(error) => return Err(unmade(operation, error.into())),
        };
        let session = Session::beginning(identity, now);
        let row = Item::with_doc(&keys::session(&digest), &session)?
            .set_number("expires_at", session.ends_at.as_second());
        self.put(operation, row).await?;
        Ok(value)
    }

    /// The session that a cookie's value stands for, where it has not ended.
    ///
    /// The read is consistent. A browser asks for the next page some milliseconds
    /// after it got its cookie, and whoever has signed out is out at once, whichever
    /// copy of the table is asked: that is worth half a read unit.
    ///
    /// # Errors
    /// See [`StoreError`]. A row that this code cannot read is none: it is better to
    /// sign in again than to be locked out for a day.
    pub async fn session(
        &self,
        value: &str,
        now: Timestamp,
    ) -> Result<Option<Session>, StoreError> {
        let Some(digest) = digest(value) else {
            return Ok(None);
        };
        let Some(row) = self.get(&keys::session(&digest)).await? else {
            return Ok(None);
        };
        match row.doc::<Session>() {
            // The table deletes it within days.
            Ok(session) => Ok(Some(session).filter(|session| now < session.ends_at)),
            Err(error) => {
                tracing::warn!(error = chain(&error), "a session cannot be read");
                Ok(None)
            }
        }
    }

    /// Ends a session, if it is one.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn end_session(&self, value: &str) -> Result<(), StoreError> {
        let Some(digest) = digest(value) else {
            return Ok(());
        };
        self.delete("end a session", &keys::session(&digest)).await
    }
}

fn unmade(operation: &'static str, source: Box<dyn std::error::Error + Send + Sync>) -> StoreError {
    StoreError::Unexpected { operation, source }
}
