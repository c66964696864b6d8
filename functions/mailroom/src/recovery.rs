//! Mails that SES stored and nobody put on record. Where the notice was given up,
//! it is read from the record of that, and the mail is tried again. Where there is
//! none and none is on its way, it was lost: a queue that was purged, a topic that
//! nobody was subscribed to. What a notice says and the stored mail does not, the
//! envelope and the verdicts, is not known then: such a mail may ask for
//! something, and act on nothing.

use std::collections::HashMap;

use cloud::consumer::Listener;
use cloud::files::{FileError, Object, RAW_MAILS, mail_of_object};
use cloud::notices::{Action, Notice, Receipt, Verdict};
use cloud::store::StoreError;
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
    let objects = inbox
        .raw
        .written_between(RAW_MAILS, now - WINDOW, now - NOTICE)
        .await
        .map_err(RecoveryError::Bucket)?;
    let mails: Vec<_> = objects
        .into_iter()
        .filter_map(|object| Some((mail_of_object(&object.key)?, object)))
        .collect();
    let ids = mails.iter().map(|(id, _)| id);
    let known = inbox.desk.store.mail_records(ids).await;
    let known = known.map_err(RecoveryError::Table)?;
    let mut lost: Vec<_> = mails
        .into_iter()
        .filter(|(id, _)| !known.contains_key(id))
        .collect();
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
            None => unannounced(id.clone(), object),
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

/// The mail that a given-up message tells of, where it does.
fn announced(body: &str) -> Option<Arrival> {
    match Notice::from_body(body) {
        Ok(Notice::Received(received)) => arrival(*received).ok(),
        Ok(_) | Err(_) => None,
    }
}

/// A mail of which nothing is known but that it is there.
fn unannounced(id: MailId, object: Object) -> Arrival {
    Arrival {
        id,
        received_at: object.written_at,
        envelope_from: None,
        recipients: vec![],
        receipt: unknown(object.key.clone()),
        object: object.key,
    }
}

/// A receipt that says nothing.
fn unknown(object_key: String) -> Receipt {
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
        action: Action { object_key },
    }
}
