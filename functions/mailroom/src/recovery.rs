//! Mails that SES stored and nobody put on record: where SES writes them there are no
//! others, but for those that were not moved from there yet. Where the notice was given up,
//! it is read from the record of that, and the mail is tried again. Where there is
//! none and none is on its way, it was lost: a queue that was purged, a topic that
//! nobody was subscribed to. What a notice says and the stored mail does not, the
//! envelope and the verdicts, is not known then: such a mail may ask for
//! something, and act on nothing.

use std::collections::HashMap;

use cloud::consumer::Listener;
use cloud::files::{FileError, Object, RAW_MAILS, mail_of_object};
use cloud::notices::{Notice, Receipt, Verdict};
use cloud::store::StoreError;
use futures_util::future::join_all;
use serde_json::{Value, json};
use types::ids::MailId;
use types::{SignedDuration, Timestamp};

use crate::inbox::{Arrival, Inbox, arrival};

/// How long a notice may take: five tries of its message, and as much again.
const NOTICE: SignedDuration = SignedDuration::from_mins(30);

/// How far back mails are looked for: a weekend without anybody, and some.
const WINDOW: SignedDuration = SignedDuration::from_hours(4 * 24);

/// Mails that are taken in at a time; more wait for the next.
const MAX_MAILS: usize = 20;

/// Mails that are tried at a time: some may fail for good, and are in nobody's way.
const MAX_TRIED: usize = 60;

/// Mails on record that are moved at a time. More there are only where a version ran
/// that moved none.
const MAX_MOVED: usize = 1_000;

/// Of them, those that are moved at once.
const MOVED_AT_ONCE: usize = 8;

/// What was found and done.
#[derive(Debug, Default)]
pub struct Recovered {
    /// Mails without a record.
    pub unrecorded: usize,
    pub recovered: usize,
}

impl Recovered {
    /// As the function answers whoever woke it.
    pub fn to_json(&self) -> Value {
        json!({ "unrecorded": self.unrecorded, "recovered": self.recovered })
    }
}

/// Why unannounced mails could not be looked for.
#[derive(Debug, thiserror::Error)]
pub enum RecoveryError {
    #[error("the bucket of raw mails cannot be listed")]
    Bucket(#[source] FileError),
    #[error("the records cannot be read")]
    Table(#[source] StoreError),
}

/// Takes in what SES stored up to half an hour before `now` and nobody put on
/// record: with its notice where it is known, and without where none is awaited.
///
/// # Errors
/// See [`RecoveryError`]. A mail that cannot be taken in is logged, and tried
/// again the next time.
pub async fn recover(inbox: &Inbox, now: Timestamp) -> Result<Recovered, RecoveryError> {
    let mut lost = unrecorded(inbox, now).await?;
    lost.sort_by_key(|(_, object)| object.written_at);
    let mut recovered = Recovered {
        unrecorded: lost.len(),
        recovered: 0,
    };
    if lost.is_empty() {
        return Ok(recovered);
    }
    let given_up = inbox.desk.store.given_up(Inbox::QUEUE).await;
    let given_up = given_up.map_err(RecoveryError::Table)?;
    let mut notices: HashMap<MailId, Arrival> = given_up
        .iter()
        .filter_map(|body| announced(body))
        .map(|arrival| (arrival.id.clone(), arrival))
        .collect();
    // A notice that is still on its way says more than none.
    let is_awaited = inbox.notices.backlog().await != Some(0);
    let mut doorbells = Vec::new();
    for (id, object) in lost.into_iter().take(MAX_TRIED) {
        if recovered.recovered == MAX_MAILS {
            break;
        }
        let arrival = match notices.remove(&id) {
            Some(arrival) => arrival,
            None if is_awaited => continue,
            None => unannounced(id.clone(), &object),
        };
        match inbox.take_in(arrival).await {
            Ok(owed) => {
                tracing::warn!(mail.id = %id, "a mail that nobody put on record is taken in");
                recovered.recovered += 1;
                doorbells.extend(owed);
            }
            Err(failure) => {
                tracing::error!(mail.id = %id, ?failure, "a mail that nobody put on record cannot be taken in");
            }
        }
    }
    inbox.desk.queues.ring(&doorbells).await;
    tracing::info!(
        unrecorded = recovered.unrecorded,
        recovered = recovered.recovered,
        "looked for mails without a record"
    );
    Ok(recovered)
}

/// The mails that nobody put on record. Those on record that are still here are moved.
async fn unrecorded(inbox: &Inbox, now: Timestamp) -> Result<Vec<(MailId, Object)>, RecoveryError> {
    let mut lost = Vec::new();
    let mut moved = 0;
    let mut next: Option<String> = None;
    loop {
        let page = inbox.raw.page(RAW_MAILS, next.as_deref()).await;
        let page = page.map_err(RecoveryError::Bucket)?;
        let old = |object: &Object| object.written_at < now - NOTICE;
        let mails = page.objects.into_iter().filter(old);
        let mails = mails.filter_map(|object| Some((mail_of_object(&object.key)?, object)));
        let mails: Vec<_> = mails.collect();
        let known = inbox
            .desk
            .store
            .mail_records(mails.iter().map(|(id, _)| id));
        let known = known.await.map_err(RecoveryError::Table)?;
        let on_record: Vec<_> = known.values().take(MAX_MOVED - moved).collect();
        for records in on_record.chunks(MOVED_AT_ONCE) {
            join_all(records.iter().map(|record| inbox.keep(record))).await;
        }
        moved += on_record.len();
        if !on_record.is_empty() {
            tracing::info!(moved, "mails on record were still where SES writes them");
        }
        let is_lost = |(id, object): &(MailId, Object)| {
            !known.contains_key(id) && object.written_at >= now - WINDOW
        };
        lost.extend(mails.into_iter().filter(is_lost));
        next = page.next;
        if next.is_none() || moved == MAX_MOVED {
            return Ok(lost);
        }
    }
}

/// The mail that a given-up message tells of, where it does.
fn announced(body: &str) -> Option<Arrival> {
    match Notice::from_body(body) {
        Ok(Notice::Received(received)) => arrival(*received).ok(),
        Ok(_) | Err(_) => None,
    }
}

/// A mail of which nothing is known but that it is there.
fn unannounced(id: MailId, object: &Object) -> Arrival {
    Arrival {
        id,
        received_at: object.written_at,
        envelope_from: None,
        recipients: vec![],
        receipt: unknown(),
    }
}

/// A receipt that says nothing.
fn unknown() -> Receipt {
    let unknown = || Verdict {
        status: "PROCESSING_FAILED".to_owned(),
    };
    Receipt {
        recipients: vec![],
        spam_verdict: unknown(),
        virus_verdict: unknown(),
        spf_verdict: unknown(),
        dkim_verdict: unknown(),
        dmarc_verdict: unknown(),
        dmarc_policy: None,
    }
}
