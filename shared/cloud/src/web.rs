//! HTTP to what is not AWS: the issuer that people sign in with. Requests go through
//! the orchestrator that every SDK client is made of, so that retries are the
//! SDK's, and connections those of `connector.rs` (docs/adr/0006).

use std::time::Duration;

use aws_smithy_async::rt::sleep::SharedAsyncSleep;
use aws_smithy_runtime::client::orchestrator::operation::Operation;
use aws_smithy_runtime::client::retries::classifiers::TransientErrorClassifier;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_runtime_api::client::interceptors::context::{Error, Output};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse, OrchestratorError};
use aws_smithy_runtime_api::client::ser_de::DeserializeResponse;
use aws_smithy_runtime_api::client::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use aws_smithy_types::config_bag::ConfigBag;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use lambda_http::http::{Method, Request, Response};

use crate::config::Environment;

/// How long one call may take, all its attempts together: a function has ten
/// seconds, and signing somebody in may take three calls.
const CALL: Duration = Duration::from_secs(3);

/// The longest answer that is read: an issuer's keys are some kilobytes.
const ANSWER: usize = 256 * 1024;

/// What reaches the world outside.
#[derive(Clone, Debug)]
pub struct Web {
    http: Option<SharedHttpClient>,
    sleep: Option<SharedAsyncSleep>,
    retries: RetryConfig,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum WebError {
    #[error("{0} cannot be asked so")]
    Request(String, #[source] BoxError),
    #[error("{0} did not answer")]
    Unreachable(String, #[source] BoxError),
    #[error("{0} did not answer in time")]
    Late(String),
    #[error("the answer of {0} is longer than anything that is wanted of it")]
    TooLong(String),
}

/// A response, and its body, which is still to be read into it.
#[derive(Debug)]
struct Begun {
    response: Response<Vec<u8>>,
    body: SdkBody,
}

/// Nothing is refused here: a status is the caller's to judge.
#[derive(Debug, thiserror::Error)]
#[error("never")]
struct Never;

impl Web {
    /// With the connections and the retries of the environment's SDK.
    pub fn new(environment: &Environment) -> Self {
        let sdk = environment.sdk();
        Web {
            http: environment.web_client(),
            sleep: sdk.sleep_impl(),
            retries: sdk
                .retry_config()
                .cloned()
                .unwrap_or_else(RetryConfig::standard),
        }
    }

    /// Sends a request to the address that it names in full, and gives the answer,
    /// whatever its status.
    ///
    /// # Errors
    /// See [`WebError`].
    pub async fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, WebError> {
        let url = request.uri().to_string();
        let (origin, request) =
            relative(request).map_err(|error| WebError::Request(url.clone(), error))?;
        let answered = async {
            let begun = self.operation(&origin).invoke(request).await;
            let begun = begun.map_err(|error| WebError::Unreachable(url.clone(), error.into()))?;
            read(&url, begun).await
        };
        match tokio::time::timeout(CALL, answered).await {
            Ok(answer) => answer,
            Err(_) => Err(WebError::Late(url.clone())),
        }
    }

    fn operation(&self, origin: &str) -> Operation<HttpRequest, Begun, Never> {
        let mut operation = Operation::builder()
            .service_name("web")
            .operation_name("Call")
            .endpoint_url(origin)
            .no_auth()
            .standard_retry(&self.retries)
            .retry_classifier(TransientErrorClassifier::<Never>::new())
            .timeout_config(TimeoutConfig::disabled())
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
        if let Some(http) = self.http.clone() {
            operation = operation.http_client(http);
        }
        if let Some(sleep) = self.sleep.clone() {
            operation = operation.sleep_impl(sleep);
        }
        operation
            .serializer(Ok)
            .deserializer_impl(Responses)
            .build()
    }
}

/// A request as the orchestrator takes it: the origin apart.
fn relative(request: Request<Vec<u8>>) -> Result<(String, HttpRequest), BoxError> {
    let (parts, body) = request.into_parts();
    let (Some(scheme), Some(authority)) = (parts.uri.scheme_str(), parts.uri.authority()) else {
        return Err("it names no host".into());
    };
    let origin = format!("{scheme}://{authority}");
    let target = parts
        .uri
        .path_and_query()
        .map_or("/", |target| target.as_str());
    let length = body.len().to_string();
    let mut relative = HttpRequest::new(SdkBody::from(body));
    relative.set_method(parts.method.as_str())?;
    relative.set_uri(target)?;
    let headers = relative.headers_mut();
    for (name, value) in &parts.headers {
        headers.try_insert(name.as_str().to_owned(), value.to_str()?.to_owned())?;
    }
    if parts.method == Method::POST {
        headers.try_insert("content-length", length)?;
    }
    Ok((origin, relative))
}

async fn read(url: &str, begun: Begun) -> Result<Response<Vec<u8>>, WebError> {
    let Begun { mut response, body } = begun;
    let mut body = ByteStream::new(body);
    while let Some(piece) = body.next().await {
        let piece = piece.map_err(|error| WebError::Unreachable(url.to_owned(), error.into()))?;
        response.body_mut().extend_from_slice(&piece);
        if response.body().len() > ANSWER {
            return Err(WebError::TooLong(url.to_owned()));
        }
    }
    Ok(response)
}

/// Takes every response as it begins; its body is read with a limit.
#[derive(Debug)]
struct Responses;

impl DeserializeResponse for Responses {
    fn deserialize_streaming_with_config(
        &self,
        response: &mut HttpResponse,
        _config: &ConfigBag,
    ) -> Option<Result<Output, OrchestratorError<Error>>> {
        let body = response.take_body();
        let mut begun = Response::builder().status(response.status().as_u16());
        for (name, value) in response.headers() {
            begun = begun.header(name, value);
        }
        Some(match begun.body(Vec::new()) {
            Ok(response) => Ok(Output::erase(Begun { response, body })),
            Err(error) => Err(OrchestratorError::response(error.into())),
        })
    }

    fn deserialize_nonstreaming_with_config(
        &self,
        _response: &HttpResponse,
        _config: &ConfigBag,
    ) -> Result<Output, OrchestratorError<Error>> {
        Err(OrchestratorError::operation(Error::erase(Never)))
    }
}
