//! The host's own database: queued messages and sent mail.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;

/// A handle to the database; clones share one connection.
///
/// There is one writer at a time in SQLite anyway, each use takes some tens of
/// microseconds, and with `synchronous = NORMAL` none waits for the disk: what
/// a power cut takes from a queue, the outbox in the table brings back.
#[derive(Clone)]
pub(crate) struct Store(Arc<Mutex<Connection>>);

impl Store {
    /// Opens or creates the database.
    pub(crate) fn open(path: &Path) -> rusqlite::Result<Self> {
        Self::set_up(Connection::open(path)?)
    }

    fn set_up(connection: Connection) -> rusqlite::Result<Self> {
        connection.set_prepared_statement_cache_capacity(32);
        connection.execute_batch(
            "PRAGMA journal_mode = WAL;
             PRAGMA synchronous = NORMAL;
             CREATE TABLE IF NOT EXISTS messages (
                 id INTEGER PRIMARY KEY AUTOINCREMENT,
                 queue TEXT NOT NULL,
                 message_id TEXT NOT NULL,
                 body TEXT NOT NULL,
                 sent_at INTEGER NOT NULL,
                 visible_at INTEGER NOT NULL,
                 receive_count INTEGER NOT NULL DEFAULT 0,
                 first_received_at INTEGER,
                 receipt TEXT
             );
             CREATE INDEX IF NOT EXISTS messages_by_visibility ON messages (queue, visible_at);
             CREATE TABLE IF NOT EXISTS mails (
                 id INTEGER PRIMARY KEY AUTOINCREMENT,
                 message_id TEXT NOT NULL,
                 source TEXT NOT NULL,
                 destinations TEXT NOT NULL,
                 raw BLOB NOT NULL,
                 sent_at INTEGER NOT NULL
             );",
        )?;
        Ok(Self(Arc::new(Mutex::new(connection))))
    }

    #[cfg(test)]
    pub(crate) fn in_memory() -> Self {
        Self::set_up(Connection::open_in_memory().unwrap()).unwrap()
    }

    /// Runs `work` with the connection to itself.
    pub(crate) fn with<T>(
        &self,
        work: impl FnOnce(&mut Connection) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<T> {
        // A transaction that a panic cut short was rolled back when dropped.
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
