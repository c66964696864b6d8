use std::collections::BTreeMap;

use cloud::desk::Desk;
use cloud::keys::{DueKind, SHARDS};
use cloud::metrics;
use cloud::store::{DueRow, NumbersAudit, StoreError};
use serde::Serialize;
use types::effects::QueueName;
use types::message::Doorbell;
use types::{SignedDuration, Timestamp};

/// Rows of one shard that one sweep rings for. More wait for the next: whoever
/// works them off is behind, and louder ringing does not help him.
const MAX_ROWS: usize = 500;

/// Messages beyond which a queue is not rung on again: as many as one sweep takes
/// of all shards. What waits there brings its
/// consumer to the oldest rows all the same, and a pile of doorbells that ring for
/// what is done already would keep everything new waiting.
const MAX_BACKLOG: u64 = 2_000;

/// Messages of a queue that were given up lately, beyond which whoever works it off is
/// in trouble, and what is rung for would only be given up, too.
const GIVEN_UP: usize = 50;
const LATELY: SignedDuration = SignedDuration::from_mins(10);

/// Messages that such a queue may hold: enough to see when the trouble is over.
const FEELERS: u64 = 10;

/// Numbers that one sweep accounts for.
const MAX_NUMBERS: u64 = 1_000;

/// How old a number without a ticket must be to be void: much longer than the
/// function that took it may run.
const NUMBER_AGE_MILLIS: i64 = 60_000;

/// What a sweep found and did.
#[derive(Debug, Default, Serialize)]
pub struct Swept {
    pub outbox_found: usize,
    pub outbox_rung: usize,
    /// Age of the oldest outbox row, in seconds; 0 when there is none that is
    /// too old.
    pub outbox_oldest_seconds: i64,
    pub timers_found: usize,
    pub timers_rung: usize,
    /// How long the oldest timer has been overdue, in seconds.
    pub timers_oldest_seconds: i64,
    /// Rows that were found and not rung for: their queues have enough to do.
    pub held_back: usize,
    pub numbers_voided: usize,
    /// What the table charged for it; it grows with what is due, not with what
    /// is open.
    pub read_units: f64,
}

/// Sweeps as of `now`. It keeps nothing in mind: run it twice, late, or three at
/// once, and the outcome is the same.
pub async fn sweep(
    desk: &Desk,
    now: Timestamp,
    outbox_age_seconds: i64,
) -> Result<Swept, StoreError> {
    let before = desk.store.read_units();
    let stuck_since = now - SignedDuration::from_secs(outbox_age_seconds);
    let outbox = due(desk, DueKind::Outbox, stuck_since).await?;
    let timers = due(desk, DueKind::Timer, now).await?;
    let (outbox_rung, outbox_held) = ring(desk, &outbox).await?;
    let (timers_rung, timers_held) = ring(desk, &timers).await?;
    let mut swept = Swept {
        outbox_found: outbox.len(),
        outbox_rung,
        outbox_oldest_seconds: oldest(&outbox, now),
        timers_found: timers.len(),
        timers_rung,
        timers_oldest_seconds: oldest(&timers, now),
        held_back: outbox_held + timers_held,
        numbers_voided: account_for_numbers(desk, now).await?,
        read_units: 0.0,
    };
    swept.read_units = desk.store.read_units() - before;
    tracing::info!(
        outbox_found = swept.outbox_found,
        outbox_rung = swept.outbox_rung,
        outbox_oldest_seconds = swept.outbox_oldest_seconds,
        timers_found = swept.timers_found,
        timers_rung = swept.timers_rung,
        timers_oldest_seconds = swept.timers_oldest_seconds,
        held_back = swept.held_back,
        numbers_voided = swept.numbers_voided,
        read_units = swept.read_units,
        "swept"
    );
    metrics::seconds(&[
        ("OldestOutboxRowSeconds", swept.outbox_oldest_seconds),
        ("OldestTimerSeconds", swept.timers_oldest_seconds),
    ]);
    Ok(swept)
}

/// What was due before `before` in all shards, the oldest first.
async fn due(desk: &Desk, kind: DueKind, before: Timestamp) -> Result<Vec<DueRow>, StoreError> {
    let mut rows = Vec::new();
    for shard in 0..SHARDS {
        let found = desk.store.due(kind, shard, before, MAX_ROWS).await?;
        if found.len() == MAX_ROWS {
            tracing::warn!(?kind, shard, "more is due than one sweep takes");
        }
        rows.extend(found);
    }
    rows.sort_by_key(|row| row.since);
    Ok(rows)
}

/// Rings for the oldest rows of each queue, as many as it has room for, and few where
/// they would be given up. Says how many rang, and how many were held back.
async fn ring(desk: &Desk, rows: &[DueRow]) -> Result<(usize, usize), StoreError> {
    let mut by_queue: BTreeMap<QueueName, Vec<Doorbell>> = BTreeMap::new();
    for row in rows {
        let queue = by_queue.entry(row.doorbell.queue()).or_default();
        queue.push(row.doorbell.clone());
    }
    let mut doorbells = Vec::with_capacity(rows.len());
    for (queue, mut owed) in by_queue {
        let backlog = desk.queues.backlog(queue).await.unwrap_or(0);
        let given_up = desk.store.given_up_within(queue.as_str(), LATELY, GIVEN_UP);
        let most = match given_up.await? {
            GIVEN_UP.. => FEELERS,
            _ => MAX_BACKLOG,
        };
        let room = most.saturating_sub(backlog);
        owed.truncate(usize::try_from(room).unwrap_or(usize::MAX));
        doorbells.extend(owed);
    }
    let held_back = rows.len() - doorbells.len();
    if held_back > 0 {
        tracing::warn!(held_back, "queues have enough to do");
    }
    Ok((desk.queues.ring(&doorbells).await, held_back))
}

fn oldest(rows: &[DueRow], now: Timestamp) -> i64 {
    rows.first()
        .map_or(0, |row| now.duration_since(row.since).as_secs())
}

/// Records as void every number that was taken before the sweep before this one
/// and still stands for nothing.
async fn account_for_numbers(desk: &Desk, now: Timestamp) -> Result<usize, StoreError> {
    let audit = desk.store.numbers_audit().await?;
    let last = desk.store.last_number().await?;
    if audit.accounted == last && audit.seen == last {
        return Ok(0);
    }
    let age = now.as_millisecond() - audit.seen_at_millis;
    let mut next = NumbersAudit {
        seen_at_millis: now.as_millisecond(),
        seen: last,
        ..audit
    };
    let mut voided = 0;
    if age >= NUMBER_AGE_MILLIS && audit.seen > audit.accounted {
        let upto = audit.seen.min(audit.accounted + MAX_NUMBERS);
        for number in desk.store.unaccounted(audit.accounted + 1..=upto).await? {
            // A ticket that is being written under this number right now loses
            // the race and takes another.
            if desk.store.void_number(number).await? {
                tracing::warn!(ticket.number = number.0, "the number is void");
                voided += 1;
            }
        }
        next.accounted = upto;
    } else if age >= 0 && audit.seen > audit.accounted {
        // Too early to tell; the time that was noted stands.
        return Ok(0);
    }
    desk.store.set_numbers_audit(&next).await?;
    Ok(voided)
}
