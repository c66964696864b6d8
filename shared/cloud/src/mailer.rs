//! Mail out: SES takes what the notifier has written.

use std::time::Duration;

use aws_sdk_ses::Client;
use aws_sdk_ses::config::retry::RetryConfig;
use aws_sdk_ses::error::ProvideErrorMetadata;
use aws_sdk_ses::primitives::Blob;
use aws_sdk_ses::types::RawMessage;
use types::ids::EmailAddress;

use crate::clock;
use crate::config::{self, ConfigError};

/// How often a mail is handed to SES while it throttles.
const ATTEMPTS: u32 = 4;

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
    /// SES refuses this mail to these recipients, and would take others.
    #[error("SES refused the mail")]
    Refused(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// SES takes no mail of ours as it is set up: an identity that is not
    /// verified, a missing configuration set or permission, an account that is
    /// paused or still in the sandbox.
    #[error("SES takes no mail as it is set up")]
    Misconfigured(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl Mailer {
    /// A client.
    ///
    /// # Errors
    /// When `CONFIGURATION_SET` is missing.
    pub fn new(sdk: &aws_types::SdkConfig) -> Result<Self, ConfigError> {
        // An SDK that asks again by itself may send a mail again: an answer that
        // did not come says nothing of whether SES took it.
        let config = aws_sdk_ses::config::Builder::from(sdk)
            .retry_config(RetryConfig::disabled())
            .build();
        Ok(Mailer {
            client: Client::from_conf(config),
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
        let mut attempt = 1;
        loop {
            let sent = self
                .client
                .send_raw_email()
                .source(from)
                .configuration_set_name(&self.configuration_set)
                .set_destinations(Some(to.iter().map(ToString::to_string).collect()))
                .raw_message(raw.clone())
                .send()
                .await;
            let error = match sent {
                Ok(answer) => return Ok(answer.message_id),
                Err(error) => error,
            };
            // SES says that it took none of it.
            let code = error.as_service_error().and_then(|e| e.code());
            let throttled = matches!(code, Some("Throttling" | "ThrottlingException"));
            if throttled && attempt < ATTEMPTS {
                tokio::time::sleep(clock::jitter(Duration::from_millis(100 << attempt))).await;
                attempt += 1;
                continue;
            }
            let refused = error
                .as_service_error()
                .and_then(|service| Refused::by(service.code(), service.message()));
            let source = Box::new(error);
            return Err(match refused {
                Some(Refused::Mail) => MailError::Refused(source),
                Some(Refused::Sender) => MailError::Misconfigured(source),
                None => MailError::Retryable(source),
            });
        }
    }
}

/// What it is that SES refuses for good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Refused {
    Mail,
    Sender,
}

impl Refused {
    /// What SES's error says: the common errors and those of `SendRawEmail` in
    /// its API reference.
    fn by(code: Option<&str>, message: Option<&str>) -> Option<Self> {
        // In the sandbox it is the account that may not write to an address.
        let unverified = message.is_some_and(|text| text.contains("not verified"));
        match code? {
            "MessageRejected" | "InvalidParameterValue" if !unverified => Some(Refused::Mail),
            "MessageRejected"
            | "InvalidParameterValue"
            | "MailFromDomainNotVerifiedException"
            | "ConfigurationSetDoesNotExist"
            | "ConfigurationSetSendingPausedException"
            | "AccountSendingPausedException"
            | "AccessDenied"
            | "AccessDeniedException" => Some(Refused::Sender),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_mail_is_told_from_a_refused_sender() {
        let sandbox = "Email address is not verified. The following identities failed the check";
        for (code, message, expected) in [
            (
                "MessageRejected",
                "Address blacklisted.",
                Some(Refused::Mail),
            ),
            (
                "InvalidParameterValue",
                "Illegal address",
                Some(Refused::Mail),
            ),
            ("MessageRejected", sandbox, Some(Refused::Sender)),
            ("AccessDenied", "", Some(Refused::Sender)),
            ("Throttling", "Maximum sending rate exceeded.", None),
            ("InternalFailure", "", None),
        ] {
            assert_eq!(
                Refused::by(Some(code), Some(message)),
                expected,
                "{code}: {message}"
            );
        }
        assert_eq!(Refused::by(None, None), None);
    }
}
