//! The database of all services but DynamoDB: queued messages, sent mail, and what
//! objects are.

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;

/// When a commit is on the disk.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Durability {
    /// Before it is answered: it survives a power cut.
    #[default]
    Full,
    /// Soon after: it survives a crash of the process, not one of the machine.
    Normal,
}

/// Why the database cannot be opened, or used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// SQLite cannot.
    #[error("{0}")]
    Sqlite(#[from] rusqlite::Error),
    /// Its file cannot be used.
    #[error("{0}")]
    Io(#[from] io::Error),
}

/// A handle to the database; clones share one connection.
///
/// There is one writer at a time in SQLite anyway, each use takes some tens of
/// microseconds, and with `synchronous = NORMAL` none waits for the disk: a power
/// cut may take what was queued last, and whoever must not lose that has it in a
/// table. What is in no table yet, a mail that came in, waits with [`Self::sync`].
#[derive(Clone)]
pub struct Store {
    connection: Arc<Mutex<Connection>>,
    /// The write-ahead log; `None` where nothing waits for the disk.
    log: Option<Arc<File>>,
}

impl Store {
    /// Opens or creates the database.
    pub fn open(path: &Path, durability: Durability) -> Result<Self, StoreError> {
        let store = Self::set_up(Connection::open(path)?)?;
        let log = match durability {
            Durability::Full => {
                let mut log = path.to_owned().into_os_string();
                log.push("-wal");
                Some(Arc::new(File::open(log)?))
            }
            Durability::Normal => None,
        };
        Ok(Self { log, ..store })
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
             );
             CREATE INDEX IF NOT EXISTS mails_by_destination ON mails (destinations);
             CREATE TABLE IF NOT EXISTS objects (
                 bucket TEXT NOT NULL,
                 key TEXT NOT NULL,
                 file TEXT NOT NULL,
                 size INTEGER NOT NULL,
                 etag TEXT NOT NULL,
                 modified_at INTEGER NOT NULL,
                 headers TEXT NOT NULL,
                 PRIMARY KEY (bucket, key)
             ) WITHOUT ROWID;",
        )?;
        Ok(Self {
            connection: Arc::new(Mutex::new(connection)),
            log: None,
        })
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
        work(
            &mut self
                .connection
                .lock()
                .unwrap_or_else(PoisonError::into_inner),
        )
    }

    /// Waits until all that was committed is on the disk, where it is to be
    /// waited for. Commits go to the log; before SQLite uses it anew, it makes
    /// sure itself that what was in it has reached the database. Nobody else
    /// waits meanwhile.
    pub fn sync(&self) -> io::Result<()> {
        match &self.log {
            Some(log) => log.sync_data(),
            None => Ok(()),
        }
    }

    /// Whether [`Self::sync`] waits.
    pub(crate) fn waits_for_the_disk(&self) -> bool {
        self.log.is_some()
    }
}
