//! The AWS SDK's configuration, made once for all clients.
//!
//! A Lambda function gets its credentials and its region from the environment,
//! so none of the other places that `aws-config` would look in is built in
//! (docs/adr/0006).

use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_runtime_api::client::behavior_version::BehaviorVersion;
use aws_smithy_runtime_api::client::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_types::SdkConfig;
use aws_types::region::Region;

use crate::connector;

/// Where AWS is, and as whom we call it.
#[derive(Clone)]
pub struct Access {
    pub region: String,
    pub credentials: Credentials,
    /// Somewhere else than AWS itself: the local host.
    pub endpoint: Option<String>,
}

impl Access {
    /// A local host, which takes any credentials.
    pub fn local(port: u16) -> Self {
        Access {
            region: "us-east-1".to_owned(),
            credentials: Credentials::new("local", "local", None, None, "local"),
            endpoint: Some(format!("http://127.0.0.1:{port}")),
        }
    }
}

/// The configuration that all clients share.
pub fn sdk_config(access: Access) -> SdkConfig {
    let endpoint = access.endpoint;
    let http = match &endpoint {
        Some(url) if url.starts_with("http://") => connector::plain(),
        Some(_) | None => connector::over_tls(),
    };
    let mut builder = SdkConfig::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::new(access.region))
        .credentials_provider(SharedCredentialsProvider::new(access.credentials))
        .http_client(http)
        .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()))
        .retry_config(RetryConfig::standard().with_max_attempts(3))
        // A function has ten seconds: an attempt that hangs leaves time for others.
        .timeout_config(
            TimeoutConfig::builder()
                .operation_attempt_timeout(Duration::from_secs(3))
                .operation_timeout(Duration::from_secs(8))
                .build(),
        )
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
    builder.set_endpoint_url(endpoint);
    builder.build()
}
