//! Mails that SES stored and whose notices got lost: a queue that was purged, a
//! topic that nobody was subscribed to, a message that ended among the dead
//! letters. What a notice says and the stored mail does not, the envelope and the
//! verdicts, is not known then: such a mail may ask for something, and act on
//! nothing.

use cloud::files::{FileError, RAW_MAILS, mail_of_object};
use cloud::notices::{Action, Receipt, Verdict};
use cloud::store::StoreError;
use serde_json::{Value, json};
use types::{SignedDuration, Timestamp};

use crate::inbox::{Arrival, Inbox};

/// How long a notice may take: five tries of its message, and as much again.
const NOTICE: SignedDuration = SignedDuration::from_mins(30);

/// How far back mails are looked for.
const WINDOW: SignedDuration = SignedDuration::from_hours(14 * 24);

/// Mails that are taken in at a time; more wait for the next.
const MAX_MAILS: usize = 20;

/// What was found and done.
#[derive(Debug, Default)]
pub struct Recovered {
    /// Mails without a record and with no notice to come.
    pub unannounced: usize,
    pub recovered: usize,
}

impl Recovered {
    /// As the function answers whoever woke it.
    pub fn to_json(&self) -> Value {
        json!({ "unannounced": self.unannounced, "recovered": self.recovered })
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
/// record.
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
        unannounced: lost.len(),
        recovered: 0,
    };
    let mut doorbells = Vec::new();
    for (id, object) in lost.into_iter().take(MAX_MAILS) {
        let arrival = Arrival {
            received_at: object.written_at,
            envelope_from: None,
            recipients: vec![],
            receipt: unknown(object.key.clone()),
            object: object.key,
            id: id.clone(),
        };
        match inbox.take_in(arrival).await {
            Ok(owed) => {
                tracing::warn!(mail.id = %id, "a mail whose notice was lost is taken in");
                recovered.recovered += 1;
                doorbells.extend(owed);
            }
            Err(failure) => {
                tracing::error!(mail.id = %id, ?failure, "a mail whose notice was lost cannot be taken in");
            }
        }
    }
    inbox.desk.queues.ring(&doorbells).await;
    tracing::info!(
        unannounced = recovered.unannounced,
        recovered = recovered.recovered,
        "looked for mails without a notice"
    );
    Ok(recovered)
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

/// What SES wrote over a stored mail that it found something in. It counts only
/// against a mail: whoever writes such a line himself harms nobody else.
pub fn is_marked(raw: &[u8], header: &str) -> bool {
    let lines = raw.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii_end);
    lines
        .take_while(|line| !line.is_empty())
        .filter_map(|line| std::str::from_utf8(line).ok()?.split_once(':'))
        .any(|(name, value)| name.eq_ignore_ascii_case(header) && value.trim() == "FAIL")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_scanner_wrote_counts_against_a_mail() {
        let raw = b"X-SES-Spam-Verdict: PASS\r\nx-ses-virus-verdict: FAIL\r\n\r\nX-SES-Spam-Verdict: FAIL\r\n";
        assert!(is_marked(raw, "X-SES-Virus-Verdict"));
        assert!(!is_marked(raw, "X-SES-Spam-Verdict"));
        assert!(!is_marked(b"", "X-SES-Spam-Verdict"));
    }
}
