//! Files on their way to a ticket.
//!
//! What was announced by HTTP lies beside its bytes, under a prefix of the bucket of its own:
//! nothing else knows of it. What is attached is looked through first and copied to
//! where all files of tickets lie, and only then does a ticket name it. Whoever dies in
//! between leaves a mark of where it was copied to, so that all that came to nothing is
//! removed once its time is over; so does whoever takes a mail's files in (docs/adr/0021).

use std::collections::BTreeMap;

use futures_util::future::join_all;
use jiff::SignedDuration;
use types::Timestamp;
use types::file::{self, MAX_FILE};
use types::ids::{EmailAddress, TicketId, UploadId};
use types::problem::{FieldError, Problem};
use types::ticket::{Attachment, Visibility};
use types::upload::{Upload, UploadHeaders, UploadView, missing, over};
use ulid::Ulid;

use crate::clock;
use crate::config::{ConfigError, Environment};
use crate::files::{Bucket, FileError, Object, PLACE, UPLOADS, attachment_key};
use crate::http::Answer;
use crate::log::chain;
use crate::store::{Store, StoreError};

/// How long after it was announced a file may be attached: whoever chooses one has the
/// day to write what goes with it.
pub const KEPT: SignedDuration = SignedDuration::from_hours(24);

/// How much longer it lies there: longer than anybody takes to attach it.
const SPARE: SignedDuration = SignedDuration::from_hours(1);

/// More than an announcement has.
const ANNOUNCED: u64 = 64 * 1024;

/// The files on their way.
#[derive(Clone)]
pub struct Uploads {
    bucket: Bucket,
}

/// A file that was found to be what it was announced as.
pub struct Checked {
    pub attachment: Attachment,
    /// Where it lies, and as which object; nothing, where it is on the ticket already.
    from: Option<(String, String)>,
}

/// Ids for the files of one mail, as it is taken in now: nobody puts another file under
/// them, so that what they do not come to use may be removed, whoever takes it in again.
#[derive(Clone, Copy, Debug)]
pub struct Series(Ulid);

impl Series {
    /// Another one.
    pub fn begin() -> Self {
        Series(Ulid::generate())
    }

    /// The id of the file at this place.
    pub fn file(self, number: usize) -> UploadId {
        UploadId(Ulid(self.0.0.wrapping_add(number as u128)))
    }
}

/// For whom and what a file is taken.
#[derive(Clone, Copy)]
pub struct Taker<'a> {
    pub by: &'a EmailAddress,
    /// None: one that is about to be registered.
    pub ticket: Option<TicketId>,
    /// What is on it.
    pub there: &'a [Attachment],
    pub visibility: Visibility,
}

/// Why a file is not taken.
#[derive(Debug)]
pub enum Untaken {
    /// There is none, or none that is his and for this ticket.
    Unknown,
    /// What it is called, and what is wrong with it.
    Refused(String, FieldError),
    Failed(Problem),
}

/// What stood in the way of removing what is over.
#[derive(Debug, thiserror::Error)]
pub enum ClearError {
    #[error("the files")]
    Files(#[from] FileError),
    #[error("the table")]
    Store(#[from] StoreError),
}

fn announced(id: UploadId) -> String {
    format!("{UPLOADS}{id}/announced.json")
}

fn content(id: UploadId) -> String {
    format!("{UPLOADS}{id}/content")
}

/// What is left beside a file that is copied to where this ticket's files lie.
fn mark(id: UploadId, ticket: TicketId) -> String {
    format!("{UPLOADS}{id}/for/{ticket}")
}

/// The file of a ticket that a mark is about.
pub fn marked(key: &str) -> Option<(TicketId, UploadId)> {
    let (id, ticket) = key.strip_prefix(UPLOADS)?.split_once("/for/")?;
    Some((ticket.parse().ok()?, id.parse().ok()?))
}

fn failed(error: &FileError) -> Problem {
    match error {
        FileError::Retryable { .. } => {
            tracing::warn!(error = chain(error), "the files did not answer");
            Problem::Unavailable
        }
        FileError::Missing { .. } | FileError::TooLarge { .. } | FileError::Unexpected { .. } => {
            tracing::error!(error = chain(error), "the files failed");
            Problem::Internal
        }
    }
}

impl Uploads {
    /// Those of the bucket that the environment names.
    ///
    /// # Errors
    /// When it names none.
    pub fn new(environment: &Environment) -> Result<Self, ConfigError> {
        let bucket = Bucket::new(environment, "FILES_BUCKET")?;
        Ok(Uploads { bucket })
    }

    /// Where a page sends files, as its policy names it.
    pub fn origin(&self) -> &str {
        self.bucket.origin()
    }

    /// Takes an announcement down, and says where the bytes go. One with an id that is
    /// taken is the same announcement once more, or refused.
    ///
    /// # Errors
    /// When its id stands for something else, or S3 does not do it.
    pub async fn announce(&self, upload: Upload) -> Result<Answer, Problem> {
        let known = match upload.request {
            Some(_) => self.announcement(upload.id).await?,
            None => None,
        };
        let upload = match known {
            None => {
                let json = serde_json::to_vec(&upload).map_err(|_| Problem::Internal)?;
                let key = announced(upload.id);
                let written = self.bucket.write(&key, "application/json", json);
                written.await.map_err(|e| failed(&e))?;
                upload
            }
            Some(known) if known.request == upload.request => known,
            Some(_) => return Err(Problem::IdempotencyMismatch),
        };
        let sum = upload.digest.as_deref().and_then(base64_of);
        let length = upload.size.to_string();
        let mut headers = vec![
            ("content-length", length.as_str()),
            ("content-type", &upload.content_type),
        ];
        headers.extend(sum.as_deref().map(|sum| ("x-amz-checksum-sha256", sum)));
        let now = clock::now();
        let place = self.bucket.place(&content(upload.id), &headers).await;
        Answer::json(
            201,
            &UploadView {
                id: upload.id,
                name: &upload.name,
                upload_url: &place.map_err(|e| failed(&e))?,
                upload_headers: UploadHeaders {
                    content_type: &upload.content_type,
                    x_amz_checksum_sha256: sum.as_deref(),
                },
                upload_until: now + PLACE,
                expires_at: upload.until,
            },
        )
    }

    /// Looks files through that somebody wants on a ticket, each by itself. Those that
    /// are there already are what they are.
    pub async fn check(&self, ids: &[UploadId], taker: Taker<'_>) -> Vec<Result<Checked, Untaken>> {
        join_all(ids.iter().map(|id| self.check_one(*id, taker))).await
    }

    async fn check_one(&self, id: UploadId, taker: Taker<'_>) -> Result<Checked, Untaken> {
        let word = id.to_string();
        if let Some(there) = taker.there.iter().find(|there| there.id == word) {
            return Ok(Checked {
                attachment: there.clone(),
                from: None,
            });
        }
        let upload = self.announcement(id).await.map_err(Untaken::Failed)?;
        let upload = upload.filter(|upload| upload.is_for(taker.ticket, taker.by));
        let upload = upload.ok_or(Untaken::Unknown)?;
        let refused = |error| Untaken::Refused(upload.name.clone(), error);
        if clock::now() > upload.until {
            return Err(refused(over("id")));
        }
        let from = content(id);
        let (inspected, tag) = match self.bucket.inspect(&from, MAX_FILE).await {
            Ok(inspected) => inspected,
            Err(FileError::Missing { .. }) => return Err(refused(missing("id"))),
            Err(FileError::TooLarge { .. }) => return Err(refused(file::too_large("size"))),
            Err(error) => return Err(Untaken::Failed(failed(&error))),
        };
        let attachment = upload.attachment(&inspected, taker.visibility);
        Ok(Checked {
            attachment: attachment.map_err(refused)?,
            from: Some((from, tag)),
        })
    }

    /// Puts files that were looked through where a ticket's files lie: the very objects
    /// that were. Nobody sees them there before the ticket names them.
    ///
    /// # Errors
    /// When S3 does not do it, or one has become another in the meantime.
    pub async fn keep(&self, ticket: TicketId, files: &[Checked]) -> Result<(), Problem> {
        let copies = files.iter().filter_map(|file| {
            let (from, tag) = file.from.as_ref()?;
            let mark = mark(file.attachment.id.parse().ok()?, ticket);
            let to = attachment_key(ticket, &file.attachment.id);
            Some(async move {
                self.bucket.write(&mark, "text/plain", vec![]).await?;
                self.bucket.copy(from, &to, tag).await
            })
        });
        for copied in join_all(copies).await {
            match copied {
                Ok(()) => {}
                // Whoever uploads it once more while it is attached sees it come back.
                Err(FileError::Missing { .. }) => return Err(Problem::Unavailable),
                Err(error) => return Err(failed(&error)),
            }
        }
        Ok(())
    }

    /// Puts what came by mail where a ticket's files lie, under an id of a [`Series`]: what
    /// comes of the mail may be decided otherwise by whoever takes it in again.
    ///
    /// # Errors
    /// See [`FileError`].
    pub async fn put(
        &self,
        ticket: TicketId,
        id: UploadId,
        content_type: &str,
        bytes: Vec<u8>,
    ) -> Result<(), FileError> {
        let mark = mark(id, ticket);
        self.bucket.write(&mark, "text/plain", vec![]).await?;
        let key = attachment_key(ticket, &id.to_string());
        self.bucket.write(&key, content_type, bytes).await
    }

    /// Removes those of these files from where a ticket's lie that it does not name, once
    /// nobody will attach them any more.
    ///
    /// # Errors
    /// When S3 or the table does not do it.
    pub async fn withdraw(
        &self,
        store: &Store,
        ticket: TicketId,
        ids: &[UploadId],
    ) -> Result<(), ClearError> {
        if ids.is_empty() {
            return Ok(());
        }
        let stored = store.ticket(ticket).await?;
        let named = stored.map_or_else(Vec::new, |ticket| ticket.attachments);
        for id in ids.iter().map(UploadId::to_string) {
            if !named.iter().any(|attachment| attachment.id == id) {
                self.bucket.delete(&attachment_key(ticket, &id)).await?;
            }
        }
        Ok(())
    }

    /// Removes what is on this ticket by now from where it was uploaded to. What is not
    /// removed now is when its time is over.
    pub async fn forget(&self, ticket: TicketId, files: &[Checked]) {
        let gone = files.iter().filter(|file| file.from.is_some());
        let ids = gone.filter_map(|file| file.attachment.id.parse().ok());
        let keys: Vec<String> = ids
            .flat_map(|id| [content(id), announced(id), mark(id, ticket)])
            .collect();
        for deleted in join_all(keys.iter().map(|key| self.bucket.delete(key))).await {
            if let Err(error) = deleted {
                tracing::warn!(error = chain(&error), "an upload stays for the day");
            }
        }
    }

    /// Removes what was on its way and whose time is over at `now`: uploads that nobody
    /// attached, and what was put there for tickets that do not name it. Says how many
    /// were over.
    ///
    /// # Errors
    /// When S3 or the table does not do it; the next time does the rest.
    pub async fn clear(&self, store: &Store, now: Timestamp) -> Result<usize, ClearError> {
        let mut by_upload: BTreeMap<String, Vec<Object>> = BTreeMap::new();
        for object in self.bucket.list(UPLOADS).await? {
            let rest = object.key.strip_prefix(UPLOADS).unwrap_or_default();
            let upload = rest.split('/').next().unwrap_or_default().to_owned();
            by_upload.entry(upload).or_default().push(object);
        }
        // What was attached in the last moment is on its ticket by then.
        let over = |object: &Object| now > object.written_at + KEPT + SPARE;
        by_upload.retain(|_, objects| objects.iter().all(over));
        // One that cannot be cleared keeps none of the others: its marks stay for three days.
        let mut failed = None;
        for objects in by_upload.values() {
            if let Err(error) = self.clear_one(store, objects).await {
                failed.get_or_insert(error);
            }
        }
        match failed {
            Some(error) => Err(error),
            None => Ok(by_upload.len()),
        }
    }

    async fn clear_one(&self, store: &Store, objects: &[Object]) -> Result<(), ClearError> {
        for object in objects {
            if let Some((ticket, id)) = marked(&object.key) {
                self.withdraw(store, ticket, &[id]).await?;
            }
        }
        // The mark goes after what it is about.
        for object in objects {
            self.bucket.delete(&object.key).await?;
        }
        Ok(())
    }

    async fn announcement(&self, id: UploadId) -> Result<Option<Upload>, Problem> {
        match self.bucket.read(&announced(id), ANNOUNCED).await {
            Ok(json) => match serde_json::from_slice(&json) {
                Ok(upload) => Ok(Some(upload)),
                Err(error) => {
                    tracing::error!(upload.id = %id, %error, "an announcement cannot be read");
                    Err(Problem::Internal)
                }
            },
            Err(FileError::Missing { .. }) => Ok(None),
            Err(error) => Err(failed(&error)),
        }
    }
}

/// A digest in hexadecimal, as S3 writes it.
fn base64_of(digest: &str) -> Option<String> {
    let bytes = data_encoding::HEXLOWER.decode(digest.as_bytes()).ok()?;
    Some(data_encoding::BASE64.encode(&bytes))
}

/// When a file that is announced now is over.
pub fn until(now: Timestamp) -> Timestamp {
    now + KEPT
}
