//! The audit itself: reads everything, and again where something was found.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use cloud::files::{Bucket, FILES, FileError, KEPT_MAILS, RAW_MAILS, UPLOADS};
use cloud::store::{INDEXES, Row, Store, StoreError};

use crate::finding::{Finding, Kind};
use crate::ledger::Ledger;
use crate::settings::Settings;

/// How often everything is read before what is found is believed.
const PASSES: u32 = 3;

/// Where to read.
pub struct Sources {
    pub store: Store,
    /// The bucket of the raw mails.
    pub raw_mails: Bucket,
    /// The bucket of the tickets' files.
    pub files: Bucket,
}

/// What an audit came to.
#[derive(Debug)]
pub struct Audited {
    pub rows: usize,
    pub tickets: usize,
    pub mails_in: usize,
    pub mails_out: usize,
    pub files: usize,
    /// Messages that were given up in the last three weeks.
    pub given_up: usize,
    /// How often everything was read.
    pub passes: u32,
    /// What the table charged.
    pub read_units: f64,
    pub findings: Vec<Finding>,
}

impl Audited {
    /// The findings of each kind.
    pub fn by_kind(&self) -> BTreeMap<Kind, Vec<&Finding>> {
        let mut kinds: BTreeMap<Kind, Vec<&Finding>> = BTreeMap::new();
        for finding in &self.findings {
            kinds.entry(finding.kind).or_default().push(finding);
        }
        kinds
    }
}

/// Why an audit did not come to its end.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    #[error("the table cannot be read")]
    Table(#[from] StoreError),
    #[error("a bucket cannot be listed")]
    Bucket(#[from] FileError),
}

/// Reads the table, its indexes and the buckets, and reports what does not hold.
///
/// # Errors
/// See [`AuditError`]: an audit that could not read everything says nothing.
pub async fn audit(sources: &Sources, settings: &Settings) -> Result<Audited, AuditError> {
    let mut passes = 1;
    let (mut ledger, mut files) = pass(sources, settings).await?;
    while passes < PASSES && !ledger.findings.is_empty() {
        tokio::time::sleep(settings.pause).await;
        let before: BTreeSet<_> = ledger.findings.iter().map(sameness).collect();
        (ledger, files) = pass(sources, settings).await?;
        ledger
            .findings
            .retain(|finding| before.contains(&sameness(finding)));
        passes += 1;
    }
    Ok(Audited {
        rows: ledger.rows,
        tickets: ledger.tickets(),
        mails_in: ledger.mails_in(),
        mails_out: ledger.mails_out(),
        files,
        given_up: ledger.given_up,
        passes,
        read_units: sources.store.read_units(),
        findings: ledger.findings,
    })
}

/// What makes two findings of two passes the same. A load that differs otherwise
/// than before is one that is changing.
fn sameness(finding: &Finding) -> (Kind, String, String) {
    let detail = match finding.kind {
        Kind::LoadDiffers => finding.detail.clone(),
        _ => String::new(),
    };
    (finding.kind, finding.place.clone(), detail)
}

/// Reads everything once. The buckets come before the table and the indexes after
/// it: what is written in between is younger than any grace.
async fn pass(sources: &Sources, settings: &Settings) -> Result<(Ledger, usize), AuditError> {
    // In the order in which mails move: what moves in between is seen at least once.
    let mut raw_mails = sources.raw_mails.list(RAW_MAILS).await?;
    raw_mails.extend(sources.raw_mails.list(KEPT_MAILS).await?);
    // What is copied to where a ticket's files lie is marked before it is.
    let uploads = sources.files.list(UPLOADS).await?;
    let files = sources.files.list(FILES).await?;
    let mut ledger = Ledger::default();
    let mut partition: Vec<Row> = Vec::new();
    let mut seen: HashSet<String> = HashSet::new();
    let mut start = None;
    loop {
        let (rows, next) = sources.store.scan(start).await?;
        for row in rows {
            let continues = partition
                .first()
                .is_none_or(|first| first.key.pk == row.key.pk);
            if !continues {
                ledger.take(&partition, settings);
                partition.clear();
            }
            if partition.is_empty() && !seen.insert(row.key.pk.clone()) {
                ledger.findings.push(Finding::new(
                    Kind::UnknownRow,
                    &row.key.pk,
                    "the scan came by its partition twice",
                ));
            }
            partition.push(row);
        }
        start = next;
        if start.is_none() {
            break;
        }
    }
    ledger.take(&partition, settings);
    let mut entries = Vec::new();
    for index in INDEXES {
        entries.extend(sources.store.scan_index(index).await?);
    }
    let count = files.len();
    let ledger = ledger.close(&entries, &raw_mails, &uploads, &files, settings);
    Ok((ledger, count))
}
