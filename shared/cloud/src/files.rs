//! Files: raw mails, as SES puts them into their bucket, and the attachments of
//! tickets, in a bucket of their own.

use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::Date;
use types::file::{Inspected, Inspection, given_as};
use types::ids::{MailId, TicketId};

use crate::config::{ConfigError, Environment};
use crate::s3::{Client, Entry, Failure, encoded};

/// How long a link to a file works.
const LINK: Duration = Duration::from_secs(300);

/// How long an address takes a file: whoever asked for it sends it at once, and what has
/// begun by then is taken to its end.
pub(crate) const PLACE: Duration = Duration::from_secs(900);

/// One bucket.
#[derive(Clone)]
pub struct Bucket {
    client: Client,
}

/// Why S3 did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// There is no such object.
    #[error("{key}: there is no such object")]
    Missing { key: String },
    /// More bytes than whoever asks wants to hold.
    #[error("{key}: {size} bytes are too many")]
    TooLarge { key: String, size: u64 },
    /// A passing fault: throttling, a timeout, a 5xx.
    #[error("{key}: S3 did not answer in time or is throttling")]
    Retryable {
        key: String,
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A lasting fault: a missing permission, a missing bucket, a defect of ours.
    #[error("{key}: S3 refused")]
    Unexpected {
        key: String,
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// An object, as a listing has it.
#[derive(Clone, Debug)]
pub struct Object {
    pub key: String,
    /// In bytes.
    pub size: u64,
    pub written_at: Timestamp,
}

/// A part of a listing.
#[derive(Debug)]
pub struct Page {
    pub objects: Vec<Object>,
    /// What the next part is asked for with.
    pub next: Option<String>,
}

/// What the keys of raw mails begin with as SES writes them; after it stands the id
/// that SES gave.
pub const RAW_MAILS: &str = "inbound/";

/// What they begin with once the mail is on record; after it stand the day and the id.
pub const KEPT_MAILS: &str = "kept/";

/// What SES writes into a bucket when a receipt rule is made.
const SETUP: &str = "AMAZON_SES_SETUP_NOTIFICATION";

/// Where SES writes a mail.
pub fn raw_mail(id: &MailId) -> String {
    format!("{RAW_MAILS}{id}")
}

/// Where the mails of a day are kept that are on record.
pub fn kept_mails_of(day: Date) -> String {
    format!("{KEPT_MAILS}{}/", day.strftime("%Y/%m/%d"))
}

/// Where a mail is kept that is on record as received at this time.
pub fn kept_mail(id: &MailId, received_at: Timestamp) -> String {
    format!("{}{id}", kept_mails_of(types::mail::day(received_at)))
}

/// The mail whose raw text an object is.
pub fn mail_of_object(key: &str) -> Option<MailId> {
    let id = match key.strip_prefix(KEPT_MAILS) {
        Some(rest) => rest.rsplit('/').next()?,
        None => key.strip_prefix(RAW_MAILS)?,
    };
    MailId::parse(id).filter(|id| id.0 != SETUP)
}

/// What the keys of tickets' files begin with.
pub const FILES: &str = "tickets/";

/// What the keys of files begin with that are on their way: whatever is there for longer
/// than a day the bucket removes by itself (`template.yaml`).
pub const UPLOADS: &str = "uploads/";

/// Where an attachment lies.
pub fn attachment_key(ticket: TicketId, attachment: &str) -> String {
    format!("{FILES}{ticket}/{attachment}")
}

fn failed(key: &str, failure: Failure) -> FileError {
    let key = key.to_owned();
    match failure {
        Failure::Missing => FileError::Missing { key },
        Failure::TooLarge(size) => FileError::TooLarge { key, size },
        Failure::Passing(source) => FileError::Retryable { key, source },
        Failure::Lasting(source) => FileError::Unexpected { key, source },
    }
}

impl Bucket {
    /// The bucket that an environment variable names.
    ///
    /// # Errors
    /// When it is missing.
    pub fn new(environment: &Environment, variable: &'static str) -> Result<Self, ConfigError> {
        let name = environment.required(variable)?;
        Ok(Self::named(environment.sdk(), name))
    }

    /// The bucket of this name.
    pub fn named(sdk: &aws_types::SdkConfig, name: String) -> Self {
        Bucket {
            client: Client::new(sdk, &name),
        }
    }

    /// A whole object of at most `limit` bytes.
    ///
    /// # Errors
    /// See [`FileError`].
    pub async fn read(&self, key: &str, limit: u64) -> Result<Vec<u8>, FileError> {
        let read = self.client.get(key, limit).await;
        read.map_err(|e| failed(key, e))
    }

    /// Writes an object; once more is the same.
    ///
    /// # Errors
    /// See [`FileError`].
    pub async fn write(
        &self,
        key: &str,
        content_type: &str,
        bytes: Vec<u8>,
    ) -> Result<(), FileError> {
        let written = self.client.put(key, content_type, bytes).await;
        written.map_err(|e| failed(key, e))
    }

    /// Deletes an object; one that is not there is deleted already.
    ///
    /// # Errors
    /// See [`FileError`].
    pub async fn delete(&self, key: &str) -> Result<(), FileError> {
        let deleted = self.client.delete(key).await;
        deleted.map_err(|e| failed(key, e))
    }

    /// A link under which an object may be downloaded for five minutes, always
    /// as a file: a browser shows nothing of it by itself, and carries none of it out.
    ///
    /// # Errors
    /// See [`FileError`].
    pub async fn link(
        &self,
        key: &str,
        file_name: &str,
        content_type: &str,
    ) -> Result<String, FileError> {
        // RFC 6266 with the name in RFC 8187's encoding alone.
        let disposition = format!("attachment; filename*=UTF-8''{}", encoded(file_name));
        let answer = [
            ("response-content-disposition", disposition.as_str()),
            ("response-content-type", given_as(content_type)),
        ];
        let link = self.client.link(key, &answer, LINK).await;
        link.map_err(|e| failed(key, e))
    }

    /// An address that takes the one object that these headers describe, for a quarter of
    /// an hour.
    ///
    /// # Errors
    /// See [`FileError`].
    pub(crate) async fn place(
        &self,
        key: &str,
        headers: &[(&str, &str)],
    ) -> Result<String, FileError> {
        let place = self.client.place(key, headers, PLACE).await;
        place.map_err(|e| failed(key, e))
    }

    /// Where its objects are, as a page's policy names it.
    pub(crate) fn origin(&self) -> &str {
        self.client.origin()
    }

    /// Looks an object through, and gives the tag that it has as long as it is that one.
    ///
    /// # Errors
    /// See [`FileError`].
    pub(crate) async fn inspect(
        &self,
        key: &str,
        limit: u64,
    ) -> Result<(Inspected, String), FileError> {
        let mut inspection = Inspection::default();
        let read = self
            .client
            .read(key, limit, |piece| inspection.take(piece))
            .await;
        let tag = read.map_err(|e| failed(key, e))?;
        Ok((inspection.finish(), tag))
    }

    /// Puts the object that has this tag under another key, too.
    ///
    /// # Errors
    /// See [`FileError`]; one that has another tag by now is missing.
    pub(crate) async fn copy(&self, from: &str, to: &str, tag: &str) -> Result<(), FileError> {
        let copied = self.client.copy(from, to, Some(tag)).await;
        copied.map_err(|e| failed(from, e))
    }

    /// Puts an object under another key instead. Dying in between leaves it under both:
    /// once more is the same. False where there is none.
    ///
    /// # Errors
    /// See [`FileError`].
    pub async fn relocate(&self, from: &str, to: &str) -> Result<bool, FileError> {
        match self.client.copy(from, to, None).await {
            Ok(()) => self.delete(from).await.map(|()| true),
            Err(Failure::Missing) => Ok(false),
            Err(failure) => Err(failed(from, failure)),
        }
    }

    /// All objects under a prefix.
    ///
    /// # Errors
    /// See [`FileError`].
    pub async fn list(&self, prefix: &str) -> Result<Vec<Object>, FileError> {
        let mut found = Vec::new();
        let mut next: Option<String> = None;
        loop {
            let page = self.page(prefix, next.as_deref()).await?;
            found.extend(page.objects);
            next = page.next;
            if next.is_none() {
                return Ok(found);
            }
        }
    }

    /// Up to a thousand of them, and where to go on: the first, or those from there.
    ///
    /// # Errors
    /// See [`FileError`].
    pub async fn page(&self, prefix: &str, from: Option<&str>) -> Result<Page, FileError> {
        let page = self.client.list(prefix, from).await;
        let page = page.map_err(|e| failed(prefix, e))?;
        let object = |entry: Entry| Object {
            key: entry.key,
            size: entry.size,
            // By the second, as S3 has it.
            written_at: Timestamp::from_second(entry.written_at.as_second())
                .unwrap_or(entry.written_at),
        };
        Ok(Page {
            objects: page.entries.into_iter().map(object).collect(),
            next: page.next,
        })
    }
}
