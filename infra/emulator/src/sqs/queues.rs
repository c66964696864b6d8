//! Standard SQS queues on SQLite.

use std::collections::HashMap;
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, params};
use tokio::sync::watch;
use ulid::Ulid;

use crate::clock;
use crate::store::Store;

/// What a queue is to be like.
#[derive(Clone, Debug)]
pub struct Queue {
    /// What it is called.
    pub name: String,
    /// How long a message that was received stays hidden.
    pub visibility_timeout: Duration,
    /// How long a message is kept.
    pub retention: Duration,
    /// How long a message is hidden once it was sent.
    pub delay: Duration,
    /// Where messages go that nobody deals with.
    pub redrive: Option<Redrive>,
}

/// Where a queue's messages go after too many receives.
#[derive(Clone, Debug)]
pub struct Redrive {
    /// The name of that queue.
    pub dead_letter_queue: String,
    /// How often a message is received before.
    pub max_receive_count: u32,
}

/// All queues.
pub struct Queues {
    store: Store,
    queues: HashMap<String, Entry>,
}

struct Entry {
    settings: Queue,
    /// Changes whenever a message may have become visible.
    bell: watch::Sender<()>,
}

/// Why a queue cannot do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum QueueError {
    /// There is no queue of this name.
    #[error("The specified queue does not exist.")]
    DoesNotExist,
    /// It has not the form of a receipt handle.
    #[error("The input receipt handle is invalid.")]
    ReceiptHandleIsInvalid,
    /// It takes no queue's dead letters, or those of several.
    #[error("Source queue must be configured as a Dead Letter Queue of one queue.")]
    NoSource,
    /// The database failed.
    #[error("the queue store failed: {0}")]
    Store(#[from] rusqlite::Error),
}

/// A message as its consumer gets it. Times are milliseconds of the epoch.
#[derive(Debug)]
pub struct Received {
    /// What it has been called since it was sent.
    pub message_id: String,
    /// What it is deleted by; each receive gives another.
    pub receipt_handle: String,
    /// What was sent.
    pub body: String,
    /// When it was sent.
    pub sent_at: i64,
    /// When it was received for the first time.
    pub first_received_at: i64,
    /// How often it has been received, this time included.
    pub receive_count: u32,
}

/// How many messages a queue holds.
#[derive(Debug, Default, PartialEq, serde::Serialize)]
pub struct Depth {
    /// The queue's name.
    pub name: String,
    /// Messages that wait.
    pub visible: u64,
    /// Messages that somebody has received and not deleted.
    pub in_flight: u64,
    /// Messages that are not to be received yet.
    pub delayed: u64,
    /// Whether other queues give up their messages to this one.
    pub dead_letter: bool,
}

impl Queues {
    /// Opens the queues. What was in flight is visible again: no consumer has
    /// survived the process that it was served by.
    pub fn open(store: Store, settings: &[Queue]) -> Result<Self, QueueError> {
        store.with(|connection| {
            connection.execute(
                "UPDATE messages SET visible_at = ?1 WHERE receipt IS NOT NULL AND visible_at > ?1",
                [now_ms()],
            )
        })?;
        let entry = |settings: &Queue| Entry {
            settings: settings.clone(),
            bell: watch::Sender::new(()),
        };
        let queues = settings
            .iter()
            .map(|queue| (queue.name.clone(), entry(queue)))
            .collect();
        let queues = Self { store, queues };
        queues.expire()?;
        Ok(queues)
    }

    fn entry(&self, queue: &str) -> Result<&Entry, QueueError> {
        self.queues.get(queue).ok_or(QueueError::DoesNotExist)
    }

    /// A queue's settings.
    pub fn settings(&self, queue: &str) -> Result<&Queue, QueueError> {
        self.entry(queue).map(|entry| &entry.settings)
    }

    /// The names of all queues, sorted.
    pub fn names(&self) -> Vec<&str> {
        let mut names: Vec<_> = self.queues.keys().map(String::as_str).collect();
        names.sort_unstable();
        names
    }

    /// Sends messages and returns their ids, all or none.
    pub fn send(
        &self,
        queue: &str,
        messages: &[(&str, Option<Duration>)],
    ) -> Result<Vec<String>, QueueError> {
        let entry = self.entry(queue)?;
        let now = now_ms();
        let ids = self.store.with(|connection| {
            let transaction = connection.transaction()?;
            let mut ids = Vec::with_capacity(messages.len());
            {
                let mut insert = transaction.prepare_cached(
                    "INSERT INTO messages (queue, message_id, body, sent_at, visible_at)
                     VALUES (?1, ?2, ?3, ?4, ?5)",
                )?;
                for (body, delay) in messages {
                    let id = Ulid::generate().to_string();
                    let visible_at = now + millis(delay.unwrap_or(entry.settings.delay));
                    insert.execute(params![queue, id, body, now, visible_at])?;
                    ids.push(id);
                }
            }
            transaction.commit()?;
            Ok(ids)
        })?;
        entry.bell.send_replace(());
        Ok(ids)
    }

    /// Takes up to `limit` visible messages for `visibility` (the queue's own
    /// timeout where none is given). A message that has been received as often
    /// as the redrive policy allows goes to the dead-letter queue instead.
    pub fn receive(
        &self,
        queue: &str,
        limit: u32,
        visibility: Option<Duration>,
    ) -> Result<Vec<Received>, QueueError> {
        let settings = &self.entry(queue)?.settings;
        let now = now_ms();
        let until = now + millis(visibility.unwrap_or(settings.visibility_timeout));
        let mut dead_letters = false;
        let received = self.store.with(|connection| {
            let mut received = Vec::new();
            loop {
                let wanted = limit.saturating_sub(received.len() as u32);
                let batch = visible(connection, queue, now, wanted)?;
                let full = batch.len() as u32 == wanted;
                let mut moved = false;
                let transaction = connection.transaction()?;
                for (row, mut message) in batch {
                    match &settings.redrive {
                        Some(redrive) if message.receive_count >= redrive.max_receive_count => {
                            transaction.prepare_cached(
                                "UPDATE messages SET queue = ?2, visible_at = ?3, receipt = NULL WHERE id = ?1",
                            )?
                            .execute(params![row, redrive.dead_letter_queue, now])?;
                            moved = true;
                        }
                        Some(_) | None => {
                            message.receive_count += 1;
                            message.receipt_handle = format!("{row}-{}", Ulid::generate());
                            transaction.prepare_cached(
                                "UPDATE messages SET receive_count = ?2, first_received_at = ?3,
                                 receipt = ?4, visible_at = ?5 WHERE id = ?1",
                            )?
                            .execute(params![
                                row,
                                message.receive_count,
                                message.first_received_at,
                                message.receipt_handle,
                                until
                            ])?;
                            received.push(message);
                        }
                    }
                }
                transaction.commit()?;
                dead_letters |= moved;
                // Only where dead letters were in the way may there be more.
                if !(moved && full) {
                    return Ok(received);
                }
            }
        })?;
        if let Some(redrive) = settings.redrive.as_ref().filter(|_| dead_letters) {
            self.entry(&redrive.dead_letter_queue)?
                .bell
                .send_replace(());
        }
        Ok(received)
    }

    /// Takes messages as [`Self::receive`] does, and waits for up to `wait`
    /// where there is none.
    pub async fn receive_within(
        &self,
        queue: &str,
        limit: u32,
        visibility: Option<Duration>,
        wait: Duration,
    ) -> Result<Vec<Received>, QueueError> {
        let mut bell = self.entry(queue)?.bell.subscribe();
        let end = tokio::time::Instant::now() + wait;
        loop {
            let messages = self.receive(queue, limit, visibility)?;
            let next = self
                .next_visible(queue)?
                .map(|delay| tokio::time::Instant::now() + delay);
            if !messages.is_empty() || tokio::time::Instant::now() >= end {
                return Ok(messages);
            }
            let until = next.map_or(end, |next| next.min(end));
            // Both outcomes mean the same: look again.
            let _ = tokio::time::timeout_at(until, bell.changed()).await;
        }
    }

    /// How long until a message that is hidden now becomes visible.
    fn next_visible(&self, queue: &str) -> Result<Option<Duration>, QueueError> {
        let at: Option<i64> = self.store.with(|connection| {
            connection
                .prepare_cached("SELECT MIN(visible_at) FROM messages WHERE queue = ?1")?
                .query_row([queue], |row| row.get(0))
        })?;
        Ok(at.map(|at| Duration::from_millis(u64::try_from(at - now_ms()).unwrap_or(0))))
    }

    /// Deletes messages by their latest receipt handles. An older handle
    /// deletes nothing, for somebody else has the message now.
    pub fn delete(&self, queue: &str, receipts: &[&str]) -> Result<(), QueueError> {
        self.entry(queue)?;
        let rows = receipts
            .iter()
            .map(|receipt| row_of(receipt))
            .collect::<Result<Vec<_>, _>>()?;
        self.store.with(|connection| {
            let transaction = connection.transaction()?;
            for (row, receipt) in rows.iter().zip(receipts) {
                transaction
                    .prepare_cached(
                        "DELETE FROM messages WHERE id = ?1 AND queue = ?2 AND receipt = ?3",
                    )?
                    .execute(params![row, queue, receipt])?;
            }
            transaction.commit()
        })?;
        Ok(())
    }

    /// Hides a received message for `visibility` from now on.
    pub fn change_visibility(
        &self,
        queue: &str,
        receipt: &str,
        visibility: Duration,
    ) -> Result<(), QueueError> {
        let entry = self.entry(queue)?;
        let row = row_of(receipt)?;
        self.store.with(|connection| {
            connection
                .prepare_cached(
                    "UPDATE messages SET visible_at = ?4 WHERE id = ?1 AND queue = ?2 AND receipt = ?3",
                )?
                .execute(params![row, queue, receipt, now_ms() + millis(visibility)])
        })?;
        entry.bell.send_replace(());
        Ok(())
    }

    /// Moves what waits in a dead-letter queue back to the queue that gave it
    /// up, as if it had never been received. Says how many messages.
    pub fn redrive(&self, dead_letters: &str) -> Result<usize, QueueError> {
        self.entry(dead_letters)?;
        let mut sources = self.queues.values().filter(|other| {
            let redrive = other.settings.redrive.as_ref();
            redrive.is_some_and(|redrive| redrive.dead_letter_queue == dead_letters)
        });
        let (Some(source), None) = (sources.next(), sources.next()) else {
            return Err(QueueError::NoSource);
        };
        let moved = self.store.with(|connection| {
            connection.execute(
                "UPDATE messages SET queue = ?2, visible_at = ?3, sent_at = ?3, receive_count = 0,
                 first_received_at = NULL, receipt = NULL
                 WHERE queue = ?1 AND visible_at <= ?3",
                params![dead_letters, source.settings.name, now_ms()],
            )
        })?;
        source.bell.send_replace(());
        Ok(moved)
    }

    /// Deletes everything in a queue.
    pub fn purge(&self, queue: &str) -> Result<(), QueueError> {
        self.entry(queue)?;
        self.store.with(|connection| {
            connection.execute("DELETE FROM messages WHERE queue = ?1", [queue])
        })?;
        Ok(())
    }

    /// Deletes what has been kept for as long as its queue says.
    pub fn expire(&self) -> Result<(), QueueError> {
        for Entry { settings, .. } in self.queues.values() {
            let before = now_ms() - millis(settings.retention);
            self.store.with(|connection| {
                connection.execute(
                    "DELETE FROM messages WHERE queue = ?1 AND sent_at < ?2",
                    params![settings.name, before],
                )
            })?;
        }
        Ok(())
    }

    /// How long the oldest message of a queue has been in it, whether somebody works
    /// on it or not.
    pub fn oldest_age(&self, queue: &str) -> Result<Option<Duration>, QueueError> {
        self.entry(queue)?;
        let sent_at: Option<i64> = self.store.with(|connection| {
            connection
                .prepare_cached("SELECT MIN(sent_at) FROM messages WHERE queue = ?1")?
                .query_row([queue], |row| row.get(0))
        })?;
        Ok(sent_at.map(|at| Duration::from_millis(u64::try_from(now_ms() - at).unwrap_or(0))))
    }

    /// How many messages a queue holds.
    pub fn depth(&self, queue: &str) -> Result<Depth, QueueError> {
        let name = self.entry(queue)?.settings.name.clone();
        let dead_letter = self.queues.values().any(|other| {
            let redrive = other.settings.redrive.as_ref();
            redrive.is_some_and(|redrive| redrive.dead_letter_queue == name)
        });
        let depth = self.store.with(|connection| {
            connection
                .prepare_cached(
                    "SELECT COUNT(*) FILTER (WHERE visible_at <= ?2),
                            COUNT(*) FILTER (WHERE visible_at > ?2 AND receipt IS NOT NULL),
                            COUNT(*) FILTER (WHERE visible_at > ?2 AND receipt IS NULL)
                     FROM messages WHERE queue = ?1",
                )?
                .query_row(params![queue, now_ms()], |row| {
                    Ok(Depth {
                        name,
                        visible: row.get(0)?,
                        in_flight: row.get(1)?,
                        delayed: row.get(2)?,
                        dead_letter,
                    })
                })
                .optional()
        })?;
        Ok(depth.unwrap_or_default())
    }
}

/// The oldest visible messages, without receipts yet.
fn visible(
    connection: &Connection,
    queue: &str,
    now: i64,
    limit: u32,
) -> rusqlite::Result<Vec<(i64, Received)>> {
    connection
        .prepare_cached(
            "SELECT id, message_id, body, sent_at, receive_count, first_received_at FROM messages
             WHERE queue = ?1 AND visible_at <= ?2 ORDER BY visible_at, id LIMIT ?3",
        )?
        .query_map(params![queue, now, limit], |row| {
            let message = Received {
                message_id: row.get(1)?,
                receipt_handle: String::new(),
                body: row.get(2)?,
                sent_at: row.get(3)?,
                receive_count: row.get(4)?,
                first_received_at: row.get::<_, Option<i64>>(5)?.unwrap_or(now),
            };
            Ok((row.get(0)?, message))
        })?
        .collect()
}

fn row_of(receipt: &str) -> Result<i64, QueueError> {
    let (row, _) = receipt
        .split_once('-')
        .ok_or(QueueError::ReceiptHandleIsInvalid)?;
    row.parse().map_err(|_| QueueError::ReceiptHandleIsInvalid)
}

fn now_ms() -> i64 {
    clock::now().as_millisecond()
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX / 4)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3_600);

    fn settings() -> Vec<Queue> {
        let queue = |name: &str, redrive| Queue {
            name: name.to_owned(),
            visibility_timeout: HOUR,
            retention: HOUR,
            delay: Duration::ZERO,
            redrive,
        };
        let redrive = Redrive {
            dead_letter_queue: "dead".to_owned(),
            max_receive_count: 2,
        };
        vec![queue("work", Some(redrive)), queue("dead", None)]
    }

    fn queues() -> Queues {
        Queues::open(Store::in_memory(), &settings()).unwrap()
    }

    fn bodies(messages: &[Received]) -> Vec<&str> {
        messages
            .iter()
            .map(|message| message.body.as_str())
            .collect()
    }

    #[track_caller]
    fn check_depth(queues: &Queues, queue: &str, visible: u64, in_flight: u64, delayed: u64) {
        let depth = queues.depth(queue).unwrap();
        assert_eq!(
            (depth.visible, depth.in_flight, depth.delayed),
            (visible, in_flight, delayed)
        );
    }

    #[test]
    fn a_received_message_is_hidden_until_its_timeout() {
        let queues = queues();
        queues
            .send("work", &[("a", None), ("b", None), ("c", Some(HOUR))])
            .unwrap();
        let first = queues.receive("work", 1, None).unwrap();
        assert_eq!(bodies(&first), ["a"]);
        check_depth(&queues, "work", 1, 1, 1);
        queues
            .change_visibility("work", &first[0].receipt_handle, Duration::ZERO)
            .unwrap();
        let again = queues.receive("work", 10, None).unwrap();
        assert_eq!(again.len(), 2);
        let again = again.iter().find(|message| message.body == "a").unwrap();
        assert_eq!(again.message_id, first[0].message_id);
        assert_eq!(again.receive_count, 2);
        assert_eq!(again.first_received_at, first[0].first_received_at);
    }

    #[test]
    fn only_the_latest_receipt_deletes() {
        let queues = queues();
        queues.send("work", &[("a", None)]).unwrap();
        let old = queues.receive("work", 1, Some(Duration::ZERO)).unwrap();
        let new = queues.receive("work", 1, None).unwrap();
        queues.delete("work", &[&old[0].receipt_handle]).unwrap();
        check_depth(&queues, "work", 0, 1, 0);
        queues.delete("work", &[&new[0].receipt_handle]).unwrap();
        check_depth(&queues, "work", 0, 0, 0);
        let error = queues.delete("work", &["nonsense"]).unwrap_err();
        assert!(matches!(error, QueueError::ReceiptHandleIsInvalid));
    }

    #[test]
    fn a_message_that_is_received_too_often_goes_to_the_dead_letters() {
        let queues = queues();
        queues.send("work", &[("bad", None)]).unwrap();
        for _ in 0..2 {
            let messages = queues.receive("work", 1, Some(Duration::ZERO)).unwrap();
            assert_eq!(bodies(&messages), ["bad"]);
        }
        queues.send("work", &[("good", None)]).unwrap();
        // What is behind a dead letter is found in the same call.
        assert_eq!(bodies(&queues.receive("work", 1, None).unwrap()), ["good"]);
        check_depth(&queues, "work", 0, 1, 0);
        check_depth(&queues, "dead", 1, 0, 0);
        assert!(queues.depth("dead").unwrap().dead_letter);
        assert_eq!(bodies(&queues.receive("dead", 1, None).unwrap()), ["bad"]);
    }

    #[test]
    fn what_was_in_flight_is_visible_after_a_restart_and_what_was_delayed_is_not() {
        let store = Store::in_memory();
        let queues = Queues::open(store.clone(), &settings()).unwrap();
        queues
            .send("work", &[("a", None), ("b", Some(HOUR))])
            .unwrap();
        queues.receive("work", 1, None).unwrap();
        check_depth(&queues, "work", 0, 1, 1);
        let queues = Queues::open(store, &settings()).unwrap();
        check_depth(&queues, "work", 1, 0, 1);
    }

    #[test]
    fn messages_expire() {
        let store = Store::in_memory();
        let queues = Queues::open(store.clone(), &settings()).unwrap();
        queues
            .send("work", &[("old", None), ("new", None)])
            .unwrap();
        let age = "UPDATE messages SET sent_at = sent_at - 3600001 WHERE body = 'old'";
        store
            .with(|connection| connection.execute(age, []))
            .unwrap();
        queues.expire().unwrap();
        assert_eq!(bodies(&queues.receive("work", 10, None).unwrap()), ["new"]);
    }

    #[test]
    fn a_queue_that_is_not_there_is_an_error() {
        let error = queues().send("nowhere", &[("a", None)]).unwrap_err();
        assert!(matches!(error, QueueError::DoesNotExist));
    }

    #[tokio::test]
    async fn waiting_ends_when_a_message_is_sent() {
        let queues = queues();
        let (received, _) = tokio::join!(queues.receive_within("work", 1, None, HOUR), async {
            queues.send("work", &[("a", None)]).unwrap();
        });
        assert_eq!(bodies(&received.unwrap()), ["a"]);
    }
}
