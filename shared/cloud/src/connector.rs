//! How requests leave: over HTTP/1.1, with TLS where they leave the machine.
//!
//! Between the `HttpConnector` that the SDK asks and hyper's client, which keeps the
//! connections. The SDK's own (`aws-smithy-http-client`) brings HTTP/2 with it, which
//! nothing here speaks and every function would carry (docs/adr/0006).

use std::error::Error;
use std::fmt::Debug;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::connection::{CaptureSmithyConnection, ConnectionMetadata};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::retry::ErrorKind;
use hyper::Uri;
use hyper_rustls::HttpsConnectorBuilder;
use hyper_util::client::legacy::connect::{
    CaptureConnection, Connect, HttpConnector as Tcp, capture_connection,
};
use hyper_util::client::legacy::{Client, Error as ClientError};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::crypto::ring;
use rustls::{ClientConfig, RootCertStore};
use tokio::time::timeout;
use tower_service::Service;

/// How long a connection that nobody uses is kept. While a function is frozen the other
/// end may close it, and a mail that goes over such a one is not tried again at once.
const IDLE: Duration = Duration::from_secs(15);

/// How long a connection may take to stand: the name, TCP and TLS together.
const CONNECT: Duration = Duration::from_secs(1);

/// A client without TLS: no roots have to be loaded.
pub(crate) fn plain() -> SharedHttpClient {
    shared(pool(tcp()))
}

/// A client that speaks TLS, and plain HTTP where it has to. It trusts whom the machine
/// trusts.
pub(crate) fn over_tls() -> SharedHttpClient {
    let known = rustls_native_certs::load_native_certs();
    for error in &known.errors {
        tracing::warn!(%error, "a root certificate cannot be read");
    }
    let mut roots = RootCertStore::empty();
    let (_, unreadable) = roots.add_parsable_certificates(known.certs);
    if roots.is_empty() {
        tracing::error!(
            unreadable,
            "there are no root certificates: nobody is trusted"
        );
    }
    shared(trusting(roots))
}

fn trusting(roots: RootCertStore) -> SharedHttpConnector {
    let provider = Arc::new(ring::default_provider());
    #[expect(clippy::expect_used, reason = "`ring` has what TLS 1.2 and 1.3 need")]
    let versions = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions of TLS that the provider supports");
    let config = versions.with_root_certificates(roots).with_no_client_auth();
    let tls = HttpsConnectorBuilder::new()
        .with_tls_config(config)
        .https_or_http()
        .enable_http1();
    let mut tcp = tcp();
    tcp.enforce_http(false);
    pool(tls.wrap_connector(tcp))
}

fn tcp() -> Tcp {
    let mut tcp = Tcp::new();
    tcp.set_nodelay(true);
    tcp
}

/// The one pool of connections of a process, whoever asks.
fn shared(connector: SharedHttpConnector) -> SharedHttpClient {
    http_client_fn(move |_, _| connector.clone())
}

fn pool<C>(connector: C) -> SharedHttpConnector
where
    C: Debug + Clone + Send + Sync + 'static,
    InTime<C>: Connect,
{
    let pool = Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(IDLE)
        .build(InTime(connector));
    SharedHttpConnector::new(Pool(pool))
}

/// What connects, and is given up when it takes too long.
#[derive(Clone, Debug)]
struct InTime<C>(C);

impl<C> Service<Uri> for InTime<C>
where
    C: Service<Uri>,
    C::Future: Send + 'static,
    C::Error: Into<BoxError>,
{
    type Response = C::Response;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<C::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.0.poll_ready(context).map_err(Into::into)
    }

    fn call(&mut self, to: Uri) -> Self::Future {
        let connected = timeout(CONNECT, self.0.call(to));
        Box::pin(async move {
            match connected.await {
                Ok(connected) => connected.map_err(Into::into),
                Err(late) => Err(io::Error::new(io::ErrorKind::TimedOut, late).into()),
            }
        })
    }
}

#[derive(Debug)]
struct Pool<C>(Client<C, SdkBody>);

impl<C> HttpConnector for Pool<C>
where
    C: Connect + Debug + Clone + Send + Sync + 'static,
{
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let mut request = match request.try_into_http1x() {
            Ok(request) => request,
            Err(error) => {
                return HttpConnectorFuture::ready(Err(ConnectorError::user(error.into())));
            }
        };
        let used = capture_connection(&mut request);
        // A retry does not go over the connection on which the one before failed.
        if let Some(capture) = request.extensions().get::<CaptureSmithyConnection>() {
            capture.set_connection_retriever(move || Some(connection(used.clone())));
        }
        let answered = self.0.request(request);
        HttpConnectorFuture::new(async move {
            let response = answered.await.map_err(classified)?;
            let response = response.map(SdkBody::from_body_1_x);
            HttpResponse::try_from(response)
                .map_err(|error| ConnectorError::other(error.into(), None))
        })
    }
}

fn connection(used: CaptureConnection) -> ConnectionMetadata {
    let poison = move || {
        if let Some(connected) = used.connection_metadata().as_ref() {
            connected.poison();
        }
    };
    ConnectionMetadata::builder()
        .proxied(false)
        .poison_fn(poison)
        .build()
}

/// What may pass, and what will not: what the SDK tries again hangs on it.
fn classified(error: ClientError) -> ConnectorError {
    let broke = source::<io::Error>(&error);
    let late = broke.is_some_and(|broke| broke.kind() == io::ErrorKind::TimedOut);
    let broke = broke.is_some();
    let kind = match source::<hyper::Error>(&error) {
        _ if late => ConnectorError::timeout,
        _ if error.is_connect() => ConnectorError::io,
        Some(hyper) if hyper.is_timeout() => ConnectorError::timeout,
        Some(hyper) if hyper.is_user() => ConnectorError::user,
        Some(hyper) if hyper.is_closed() || hyper.is_canceled() || broke => ConnectorError::io,
        Some(hyper) if hyper.is_incomplete_message() => {
            let transient = Some(ErrorKind::TransientError);
            return ConnectorError::other(error.into(), transient);
        }
        None if broke => ConnectorError::io,
        Some(_) | None => return ConnectorError::other(error.into(), None),
    };
    kind(error.into())
}

fn source<'a, E: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a E> {
    let mut errors = std::iter::successors(Some(error), |&error| error.source());
    errors.find_map(|error| error.downcast_ref())
}

#[cfg(test)]
mod tests;
