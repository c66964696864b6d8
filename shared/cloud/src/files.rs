//! Files: raw mails, as SES puts them into their bucket, and the attachments of
//! tickets, in a bucket of their own.

use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::presigning::PresigningConfig;
use aws_sdk_s3::primitives::ByteStream;
use jiff::Timestamp;
use types::ids::{MailId, TicketId};

use crate::config::{ConfigError, Environment};

/// How long one transfer may take: forty megabytes at ten a second, and some.
const TRANSFER: Duration = Duration::from_secs(15);

/// How long a link to a file works.
const LINK: Duration = Duration::from_secs(300);

/// One bucket.
#[derive(Clone)]
pub struct Bucket {
    client: Client,
    name: String,
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

/// What the keys of raw mails begin with; after it stands the id that SES gave.
pub const RAW_MAILS: &str = "inbound/";

/// What SES writes into a bucket when a receipt rule is made.
const SETUP: &str = "AMAZON_SES_SETUP_NOTIFICATION";

/// The mail whose raw text an object is.
pub fn mail_of_object(key: &str) -> Option<MailId> {
    let id = key.strip_prefix(RAW_MAILS)?;
    MailId::parse(id).filter(|id| id.0 != SETUP)
}

/// What the keys of tickets' files begin with.
pub const FILES: &str = "tickets/";

/// Where an attachment lies.
pub fn attachment_key(ticket: TicketId, attachment: &str) -> String {
    format!("{FILES}{ticket}/{attachment}")
}

fn failed<E, R>(key: &str, error: SdkError<E, R>) -> FileError
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    R: std::fmt::Debug + Send + Sync + 'static,
{
    let key = key.to_owned();
    let code = match &error {
        SdkError::ServiceError(service) => service.err().code(),
        SdkError::TimeoutError(_) | SdkError::DispatchFailure(_) | SdkError::ResponseError(_) => {
            Some("SlowDown")
        }
        _ => None,
    };
    match code {
        Some("NoSuchKey" | "NotFound") => FileError::Missing { key },
        Some("SlowDown" | "InternalError" | "ServiceUnavailable" | "RequestTimeout") => {
            let source = Box::new(error);
            FileError::Retryable { key, source }
        }
        Some(_) | None => {
            let source = Box::new(error);
            FileError::Unexpected { key, source }
        }
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
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(Duration::from_secs(1))
            .operation_attempt_timeout(TRANSFER)
            .operation_timeout(TRANSFER)
            .build();
        let config = aws_sdk_s3::config::Builder::from(sdk)
            // The local host has no names for its buckets.
            .force_path_style(sdk.endpoint_url().is_some())
            .timeout_config(timeouts)
            .build();
        Bucket {
            client: Client::from_conf(config),
            name,
        }
    }

    /// A whole object of at most `limit` bytes.
    ///
    /// # Errors
    /// See [`FileError`].
    pub async fn read(&self, key: &str, limit: u64) -> Result<Vec<u8>, FileError> {
        let answer = self
            .client
            .get_object()
            .bucket(&self.name)
            .key(key)
            .send()
            .await
            .map_err(|e| failed(key, e))?;
        let size = answer.content_length.and_then(|n| u64::try_from(n).ok());
        // Before a byte of it is read.
        if let Some(size) = size.filter(|size| *size > limit) {
            let key = key.to_owned();
            return Err(FileError::TooLarge { key, size });
        }
        let body = answer.body.collect().await;
        let body = body.map_err(|e| FileError::Retryable {
            key: key.to_owned(),
            source: Box::new(e),
        })?;
        Ok(body.to_vec())
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
        self.client
            .put_object()
            .bucket(&self.name)
            .key(key)
            .content_type(content_type)
            .body(ByteStream::from(bytes))
            .send()
            .await
            .map_err(|e| failed(key, e))?;
        Ok(())
    }

    /// Deletes an object; one that is not there is deleted already.
    ///
    /// # Errors
    /// See [`FileError`].
    pub async fn delete(&self, key: &str) -> Result<(), FileError> {
        self.client
            .delete_object()
            .bucket(&self.name)
            .key(key)
            .send()
            .await
            .map_err(|e| failed(key, e))?;
        Ok(())
    }

    /// A link under which an object may be downloaded for five minutes, always
    /// as a file: a browser shows nothing of it by itself.
    ///
    /// # Errors
    /// See [`FileError`].
    pub async fn link(&self, key: &str, file_name: &str) -> Result<String, FileError> {
        let unexpected = |source: Box<dyn std::error::Error + Send + Sync>| FileError::Unexpected {
            key: key.to_owned(),
            source,
        };
        let lasting = PresigningConfig::expires_in(LINK).map_err(|e| unexpected(Box::new(e)))?;
        // RFC 6266 with the name in RFC 8187's encoding alone.
        let name: String = form_urlencoded::byte_serialize(file_name.as_bytes())
            .collect::<String>()
            .replace('+', "%20");
        let link = self
            .client
            .get_object()
            .bucket(&self.name)
            .key(key)
            .response_content_disposition(format!("attachment; filename*=UTF-8''{name}"))
            .presigned(lasting)
            .await
            .map_err(|e| failed(key, e))?;
        Ok(link.uri().to_owned())
    }

    /// Objects under a prefix that were written from `from` and before `to`.
    ///
    /// # Errors
    /// See [`FileError`].
    pub async fn written_between(
        &self,
        prefix: &str,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<Object>, FileError> {
        let mut found = Vec::new();
        let mut next = None;
        loop {
            let page = self
                .client
                .list_objects_v2()
                .bucket(&self.name)
                .prefix(prefix)
                .set_continuation_token(next)
                .send()
                .await
                .map_err(|e| failed(prefix, e))?;
            for object in page.contents() {
                let written = object
                    .last_modified()
                    .and_then(|at| Timestamp::from_second(at.secs()).ok());
                if let (Some(key), Some(written_at)) = (object.key(), written)
                    && from <= written_at
                    && written_at < to
                {
                    let size = object.size().and_then(|size| u64::try_from(size).ok());
                    found.push(Object {
                        key: key.to_owned(),
                        size: size.unwrap_or(0),
                        written_at,
                    });
                }
            }
            next = page.next_continuation_token;
            if next.is_none() {
                return Ok(found);
            }
        }
    }
}
