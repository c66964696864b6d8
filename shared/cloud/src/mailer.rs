//! Mail out: SES takes what the notifier has written.

use aws_sdk_ses::Client;
use aws_sdk_ses::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_ses::primitives::Blob;
use aws_sdk_ses::types::RawMessage;
use types::ids::EmailAddress;

use crate::config::{self, ConfigError};

/// SES, to send with.
#[derive(Clone)]
pub struct Mailer {
    client: Client,
    /// Tells SES where to report bounces and complaints.
    configuration_set: String,
}

/// Why SES did not take a mail.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    /// A passing fault: throttling, a timeout, a 5xx.
    #[error("SES did not take the mail for now")]
    Retryable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// SES refuses this mail, or this sender.
    #[error("SES refused the mail")]
    Refused(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl Mailer {
    /// A client.
    ///
    /// # Errors
    /// When `CONFIGURATION_SET` is missing.
    pub fn new(sdk: &aws_types::SdkConfig) -> Result<Self, ConfigError> {
        Ok(Mailer {
            client: Client::new(sdk),
            configuration_set: config::required("CONFIGURATION_SET")?,
        })
    }

    /// Sends a message and says under which id SES took it.
    ///
    /// # Errors
    /// See [`MailError`]. An answer that never came is retryable, though SES may
    /// have taken the mail: the one window in which a mail can go out twice
    /// (docs/adr/0005).
    pub async fn send(
        &self,
        from: &str,
        to: &[EmailAddress],
        message: Vec<u8>,
    ) -> Result<String, MailError> {
        let raw = RawMessage::builder()
            .data(Blob::new(message))
            .build()
            .map_err(|e| MailError::Refused(Box::new(e)))?;
        let sent = self
            .client
            .send_raw_email()
            .source(from)
            .configuration_set_name(&self.configuration_set)
            .set_destinations(Some(to.iter().map(ToString::to_string).collect()))
            .raw_message(raw)
            .send()
            .await;
        match sent {
            Ok(answer) => Ok(answer.message_id),
            Err(error) => {
                let refused = match &error {
                    SdkError::ServiceError(service) => matches!(
                        service.err().code(),
                        Some(
                            "MessageRejected"
                                | "MailFromDomainNotVerifiedException"
                                | "ConfigurationSetDoesNotExist"
                                | "AccessDenied"
                                | "InvalidParameterValue"
                        )
                    ),
                    _ => false,
                };
                let source = Box::new(error);
                Err(if refused {
                    MailError::Refused(source)
                } else {
                    MailError::Retryable(source)
                })
            }
        }
    }
}
