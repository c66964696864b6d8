//! Mail out: SES takes what the notifier has written.

use std::time::Duration;

use aws_sdk_ses::Client;
use aws_sdk_ses::config::retry::RetryConfig;
use aws_sdk_ses::config::timeout::TimeoutConfig;
use aws_sdk_ses::error::ProvideErrorMetadata;
use aws_sdk_ses::primitives::Blob;
use aws_sdk_ses::types::RawMessage;
use types::ids::EmailAddress;

use crate::clock;
use crate::config::{ConfigError, Environment};

/// How often a mail is handed to SES while it throttles.
const ATTEMPTS: u32 = 4;

/// How long SES may take to answer. It answers within a second, and takes several on a
/// bad day: whoever gives up then sends a mail again that was sent.
pub const ANSWER: Duration = Duration::from_secs(8);

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
    /// SES refuses this mail's address, and would take others.
    #[error("SES refused the address ({code})")]
    Refused { code: String, text: String },
    /// SES refuses what a person has to look at: an identity that is not verified,
    /// a missing configuration set or permission, an account that is paused or
    /// still in the sandbox, a mail that it takes for none.
    #[error("SES refused ({code})")]
    Misconfigured { code: String, text: String },
}

impl MailError {
    /// What SES said, for the record: it may name addresses, which no log does.
    pub fn text(&self) -> &str {
        match self {
            MailError::Refused { text, .. } | MailError::Misconfigured { text, .. } => text,
            MailError::Retryable(_) => "",
        }
    }
}

impl Mailer {
    /// A client.
    ///
    /// # Errors
    /// When `CONFIGURATION_SET` is missing.
    pub fn new(environment: &Environment) -> Result<Self, ConfigError> {
        // An SDK that asks again by itself may send a mail again: an answer that
        // did not come says nothing of whether SES took it.
        let config = aws_sdk_ses::config::Builder::from(environment.sdk())
            .retry_config(RetryConfig::disabled())
            .timeout_config(
                TimeoutConfig::builder()
                    .operation_attempt_timeout(ANSWER)
                    .build(),
            )
            .build();
        Ok(Mailer {
            client: Client::from_conf(config),
            configuration_set: environment.required("CONFIGURATION_SET")?,
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
            .map_err(|e| MailError::Misconfigured {
                code: "unbuildable".to_owned(),
                text: e.to_string(),
            })?;
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
            let said = error.as_service_error().map(|e| (e.code(), e.message()));
            let (code, text) = said.unwrap_or_default();
            let (code, text) = (code.unwrap_or_default(), text.unwrap_or_default());
            return Err(match Refused::by(code, text) {
                Some(refused) => refused.error(code.to_owned(), text.to_owned()),
                None => MailError::Retryable(Box::new(error)),
            });
        }
    }
}

/// What it is that SES refuses for good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Refused {
    Address,
    Anything,
}

/// What SES says of an address that it will not write to: that it is none, or that
/// it is on its own list. With the same codes it says that the account is paused,
/// or that it may not write to an address yet: then every address is as good.
const OF_ADDRESS: [&str; 7] = [
    "Address blacklisted",
    "Illegal address",
    "Missing final '@domain'",
    "Domain contains",
    "Domain ends with dot",
    "Domain starts with dot",
    "Local address contains",
];

impl Refused {
    /// What SES's error says: the common errors and those of `SendRawEmail` in
    /// its API reference.
    fn by(code: &str, text: &str) -> Option<Self> {
        match code {
            "MessageRejected" | "InvalidParameterValue"
                if OF_ADDRESS.iter().any(|words| text.contains(words)) =>
            {
                Some(Refused::Address)
            }
            "MessageRejected"
            | "InvalidParameterValue"
            | "MailFromDomainNotVerifiedException"
            | "ConfigurationSetDoesNotExist"
            | "ConfigurationSetSendingPausedException"
            | "AccountSendingPausedException"
            | "AccessDenied"
            | "AccessDeniedException" => Some(Refused::Anything),
            _ => None,
        }
    }

    fn error(self, code: String, text: String) -> MailError {
        match self {
            Refused::Address => MailError::Refused { code, text },
            Refused::Anything => MailError::Misconfigured { code, text },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_address_is_told_from_a_refused_account() {
        use Refused::{Address, Anything};
        for (code, text, expected) in [
            ("MessageRejected", "Address blacklisted.", Some(Address)),
            (
                "InvalidParameterValue",
                "Missing final '@domain'",
                Some(Address),
            ),
            (
                "InvalidParameterValue",
                "Local address contains control or whitespace",
                Some(Address),
            ),
            (
                "MessageRejected",
                "Email address is not verified. The following identities failed the check in region",
                Some(Anything),
            ),
            (
                "MessageRejected",
                "Sending paused for this account. For more information, please check the inbox",
                Some(Anything),
            ),
            (
                "InvalidParameterValue",
                "Message length is more than",
                Some(Anything),
            ),
            ("AccessDenied", "", Some(Anything)),
            ("Throttling", "Maximum sending rate exceeded.", None),
            ("InternalFailure", "", None),
            ("", "", None),
        ] {
            assert_eq!(Refused::by(code, text), expected, "{code}: {text}");
        }
    }
}
