//! Configuration: the one place that reads environment variables. What is
//! missing or malformed ends the initialisation with the variable's name.

use std::collections::BTreeMap;
use std::str::FromStr;

use aws_credential_types::Credentials;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_types::SdkConfig;
use types::ids::EmailAddress;
use types::token::TokenSecret;

use crate::aws::{Access, sdk_config};
use crate::connector::over_tls;

/// A variable without which the function must not start.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("environment variable {0} is missing or empty")]
    Missing(&'static str),
    #[error("environment variable {name} is malformed: {reason}")]
    Malformed { name: &'static str, reason: String },
}

/// A variable of this process that may be missing.
#[allow(clippy::disallowed_methods)] // This is configuration's one home.
pub fn optional(name: &str) -> Option<String> {
    std::env::var(name)
        .ok()
        .filter(|value| !value.trim().is_empty())
}

/// A variable of this process that must be there.
///
/// # Errors
/// When it is missing or blank.
pub fn required(name: &'static str) -> Result<String, ConfigError> {
    optional(name).ok_or(ConfigError::Missing(name))
}

impl Access {
    /// What the environment says.
    ///
    /// # Errors
    /// When the region or a credential is missing.
    pub fn from_environment() -> Result<Self, ConfigError> {
        Ok(Access {
            credentials: Credentials::new(
                required("AWS_ACCESS_KEY_ID")?,
                required("AWS_SECRET_ACCESS_KEY")?,
                optional("AWS_SESSION_TOKEN"),
                None,
                "environment",
            ),
            region: required("AWS_REGION")?,
            endpoint: optional("AWS_ENDPOINT_URL"),
        })
    }
}

/// What a function is started in: its variables, and the AWS that it calls.
pub struct Environment {
    variables: Variables,
    sdk: SdkConfig,
}

enum Variables {
    /// Those of this process.
    OfProcess,
    Given(BTreeMap<String, String>),
}

impl Environment {
    /// This process's own: Lambda's, or the local host's.
    ///
    /// # Errors
    /// When the region or a credential is missing.
    pub fn of_process() -> Result<Self, ConfigError> {
        Ok(Environment {
            variables: Variables::OfProcess,
            sdk: sdk_config(Access::from_environment()?),
        })
    }

    /// One that is given whole, so that a function runs beside others in one
    /// process.
    pub fn given(variables: BTreeMap<String, String>, sdk: SdkConfig) -> Self {
        Environment {
            variables: Variables::Given(variables),
            sdk,
        }
    }

    /// What reaches the world outside AWS: the SDK's own client, but where a
    /// process's AWS is the local host, which has no TLS. Then another one is made.
    pub(crate) fn web_client(&self) -> Option<SharedHttpClient> {
        match (&self.variables, self.sdk.endpoint_url()) {
            (Variables::OfProcess, Some(_)) => Some(over_tls()),
            (Variables::OfProcess | Variables::Given(_), _) => self.sdk.http_client(),
        }
    }

    /// The AWS that is called, and as whom.
    pub fn sdk(&self) -> &SdkConfig {
        &self.sdk
    }

    /// A variable that must be there.
    ///
    /// # Errors
    /// When it is missing or blank.
    pub fn required(&self, name: &'static str) -> Result<String, ConfigError> {
        match &self.variables {
            Variables::OfProcess => required(name),
            Variables::Given(variables) => variables
                .get(name)
                .filter(|value| !value.trim().is_empty())
                .cloned()
                .ok_or(ConfigError::Missing(name)),
        }
    }

    /// A variable that may be missing or blank.
    pub fn optional(&self, name: &str) -> Option<String> {
        match &self.variables {
            Variables::OfProcess => optional(name),
            Variables::Given(variables) => variables
                .get(name)
                .filter(|value| !value.trim().is_empty())
                .cloned(),
        }
    }

    /// A variable that must be there and parse.
    ///
    /// # Errors
    /// When it is missing, blank or malformed.
    pub fn parsed<T>(&self, name: &'static str) -> Result<T, ConfigError>
    where
        T: FromStr,
        T::Err: std::fmt::Display,
    {
        self.required(name)?
            .parse()
            .map_err(|e: T::Err| ConfigError::Malformed {
                name,
                reason: e.to_string(),
            })
    }

    /// A comma-separated list with at least one entry, in lower case.
    ///
    /// # Errors
    /// When it is missing or blank.
    pub fn list(&self, name: &'static str) -> Result<Vec<String>, ConfigError> {
        let list: Vec<_> = self
            .required(name)?
            .split(',')
            .map(|entry| entry.trim().to_ascii_lowercase())
            .filter(|entry| !entry.is_empty())
            .collect();
        if list.is_empty() {
            Err(ConfigError::Missing(name))
        } else {
            Ok(list)
        }
    }

    /// The addresses of some variables, each `ana@x.co` or `Ana <ana@x.co>`.
    ///
    /// # Errors
    /// When one is missing, blank or no address.
    pub fn addresses(&self, names: &[&'static str]) -> Result<Vec<EmailAddress>, ConfigError> {
        let address = |name: &'static str| {
            let value = self.required(name)?;
            let inner = value
                .rsplit_once('<')
                .map_or(value.as_str(), |(_, rest)| rest);
            EmailAddress::parse(inner.trim_end_matches('>')).map_err(|e| ConfigError::Malformed {
                name,
                reason: e.to_string(),
            })
        };
        names.iter().map(|name| address(name)).collect()
    }

    /// A comma-separated list of addresses, with none where it is missing or blank.
    ///
    /// # Errors
    /// When one is no address.
    pub fn address_list(&self, name: &'static str) -> Result<Vec<EmailAddress>, ConfigError> {
        let all = self.optional(name).unwrap_or_default();
        let addresses = all.split(',').map(str::trim).filter(|one| !one.is_empty());
        let parsed = addresses.map(|one| {
            EmailAddress::parse(one).map_err(|e| ConfigError::Malformed {
                name,
                reason: e.to_string(),
            })
        });
        parsed.collect()
    }

    /// The secret that tokens are sealed with, and those that it was before.
    ///
    /// # Errors
    /// When it is missing, or one is too short to be one.
    pub fn token_secret(&self) -> Result<TokenSecret, ConfigError> {
        let name = "TOKEN_SECRET";
        TokenSecret::new(&self.required(name)?).ok_or_else(|| ConfigError::Malformed {
            name,
            reason: format!("one of it has fewer than {} bytes", TokenSecret::MIN_LEN),
        })
    }
}
