//! S3's REST API, as much of it as [`crate::files`] calls: an object is read,
//! written, copied, deleted or linked to, also for others to write it, and a bucket is
//! listed.
//!
//! Requests are signed with `aws-sigv4` and go through the orchestrator that
//! every SDK client is made of, so that retries and their back-off are
//! the SDK's; connections are those of `connector.rs` (docs/adr/0006).

use std::time::{Duration, SystemTime};

use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SignatureLocation,
    SigningError, SigningInstructions, SigningSettings, UriPathNormalizationMode, sign,
};
use aws_sigv4::sign::v4;
use aws_smithy_async::time::SharedTimeSource;
use aws_smithy_runtime::client::orchestrator::operation::Operation;
use aws_smithy_runtime::client::retries::classifiers::TransientErrorClassifier;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::identity::Identity;
use aws_smithy_runtime_api::client::interceptors::context::{Error, InterceptorContext, Output};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse, OrchestratorError};
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_runtime_api::client::retries::classifiers::{ClassifyRetry, RetryAction};
use aws_smithy_runtime_api::client::ser_de::DeserializeResponse;
use aws_smithy_runtime_api::client::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_smithy_runtime_api::http::HttpError;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use aws_smithy_types::config_bag::ConfigBag;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_smithy_xml::decode::{Document, ScopedDecoder, XmlDecodeError, try_data};
use aws_types::SdkConfig;
use jiff::Timestamp;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// How long one call may take, all its attempts together: forty megabytes at ten
/// a second, and some.
const CALL: Duration = Duration::from_secs(15);

/// More than a thousand keys of the greatest length, with every byte escaped.
const LISTING: u64 = 16 * 1024 * 1024;

/// More than S3 says to a write, a copy or a deletion.
const RECEIPT: u64 = 64 * 1024;

/// What SigV4 wants encoded in a query: all but RFC 3986's unreserved characters.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// The same in a path, whose slashes stay.
const RESERVED_IN_PATH: &AsciiSet = &RESERVED.remove(b'/');

/// Text as it may stand in a query, or in a header (RFC 8187).
pub(crate) fn encoded(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

/// One bucket of S3.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    operation: Operation<HttpRequest, Answer, Refusal>,
    credentials: Option<SharedCredentialsProvider>,
    time: SharedTimeSource,
    region: String,
    bucket: String,
    place: Place,
}

/// Where a bucket is.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Place {
    /// Scheme, host and port.
    origin: String,
    /// What stands before a key: a slash, after the bucket where the host does
    /// not name it.
    root: String,
}

/// Why a call came to nothing.
#[derive(Debug)]
pub(crate) enum Failure {
    /// There is no such object.
    Missing,
    /// The answer has more bytes than asked for.
    TooLarge(u64),
    /// It may go well another time.
    Passing(BoxError),
    /// It will not.
    Lasting(BoxError),
}

/// One page of a listing.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Page {
    pub(crate) entries: Vec<Entry>,
    /// What the next page is asked for with.
    pub(crate) next: Option<String>,
}

/// An object, as a listing has it.
#[derive(Debug, PartialEq)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) size: u64,
    pub(crate) written_at: Timestamp,
}

/// What is asked of S3.
#[derive(Default)]
struct Call<'a> {
    method: &'static str,
    key: &'a str,
    query: &'a [(&'a str, &'a str)],
    headers: &'a [(&'a str, &'a str)],
    body: Vec<u8>,
}

/// S3 did it, and this is what it says.
#[derive(Debug)]
struct Answer {
    /// In bytes, where S3 says so.
    size: Option<u64>,
    /// An object's, where it is one.
    tag: Option<String>,
    body: SdkBody,
}

/// S3 did not do it.
#[derive(Debug, thiserror::Error)]
#[error("S3 answered {status} {code}: {message}")]
struct Refusal {
    status: u16,
    code: String,
    message: String,
}

/// A request could not be made.
#[derive(Debug, thiserror::Error)]
enum RequestError {
    #[error("there are no credentials")]
    NoCredentials,
    #[error("reading the credentials")]
    Credentials(#[from] CredentialsError),
    #[error("signing the request")]
    Signing(#[from] SigningError),
    #[error("preparing the signature")]
    Parameters(#[from] v4::signing_params::BuildError),
    #[error("writing the request")]
    Http(#[from] HttpError),
}

/// A listing cannot be read.
#[derive(Debug, thiserror::Error)]
enum ListingError {
    #[error("a listing is no XML")]
    Xml(#[from] XmlDecodeError),
    #[error("a listing is a {0}")]
    OtherRoot(String),
    #[error("a listing has no valid {0}")]
    Field(&'static str),
    // What is cut off would hide objects.
    #[error("a listing breaks off")]
    CutOff,
    #[error("a listing of {said} objects has {found}")]
    Incomplete { said: usize, found: usize },
}

impl Place {
    fn of(bucket: &str, region: &str, endpoint: Option<&str>) -> Self {
        match endpoint {
            // The local host has no names for its buckets.
            Some(endpoint) => Place {
                origin: endpoint.trim_end_matches('/').to_owned(),
                root: format!("/{bucket}/"),
            },
            // A certificate for `*.s3…` does not stand for names with dots in them.
            None if bucket.contains('.') => Place {
                origin: format!("https://s3.{region}.amazonaws.com"),
                root: format!("/{bucket}/"),
            },
            None => Place {
                origin: format!("https://{bucket}.s3.{region}.amazonaws.com"),
                root: "/".to_owned(),
            },
        }
    }

    /// The path and the query of a request.
    fn target(&self, key: &str, query: &[(&str, &str)]) -> String {
        let key = utf8_percent_encode(key, RESERVED_IN_PATH);
        let mut target = format!("{}{key}", self.root);
        for (number, (name, value)) in query.iter().enumerate() {
            target.push(if number == 0 { '?' } else { '&' });
            target.push_str(&encoded(name));
            target.push('=');
            target.push_str(&encoded(value));
        }
        target
    }
}

impl Client {
    /// The bucket of this name, with the connections, the retries and the
    /// credentials of `sdk`.
    pub(crate) fn new(sdk: &SdkConfig, bucket: &str) -> Self {
        let region = sdk.region().map(ToString::to_string).unwrap_or_default();
        let place = Place::of(bucket, &region, sdk.endpoint_url());
        let retries = sdk.retry_config().cloned();
        let mut operation = Operation::builder()
            .service_name("s3")
            .operation_name("Object")
            .endpoint_url(&place.origin)
            // Requests come signed.
            .no_auth()
            .standard_retry(&retries.unwrap_or_else(RetryConfig::standard))
            .retry_classifier(TransientErrorClassifier::<Refusal>::new())
            .retry_classifier(PassingRefusals)
            .timeout_config(TimeoutConfig::disabled())
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
        if let Some(http) = sdk.http_client() {
            operation = operation.http_client(http);
        }
        if let Some(sleep) = sdk.sleep_impl() {
            operation = operation.sleep_impl(sleep);
        }
        Client {
            operation: operation.serializer(Ok).deserializer_impl(Answers).build(),
            credentials: sdk.credentials_provider(),
            time: sdk.time_source().unwrap_or_default(),
            region,
            bucket: bucket.to_owned(),
            place,
        }
    }

    /// A whole object of at most `limit` bytes.
    pub(crate) async fn get(&self, key: &str, limit: u64) -> Result<Vec<u8>, Failure> {
        let call = Call {
            method: "GET",
            key,
            ..Call::default()
        };
        self.call(call, limit).await
    }

    /// Reads an object of at most `limit` bytes piece by piece, and gives the tag of what
    /// was read: it is another one as soon as the object is.
    pub(crate) async fn read(
        &self,
        key: &str,
        limit: u64,
        mut take: impl FnMut(&[u8]) + Send,
    ) -> Result<String, Failure> {
        let call = Call {
            method: "GET",
            key,
            ..Call::default()
        };
        let read = async |answer: Answer| {
            let tag = answer.tag.clone();
            answer.each(limit, &mut take).await?;
            tag.ok_or_else(|| Failure::Lasting("an object has no tag".into()))
        };
        self.ask(call, read).await
    }

    /// Writes an object.
    pub(crate) async fn put(
        &self,
        key: &str,
        content_type: &str,
        bytes: Vec<u8>,
    ) -> Result<(), Failure> {
        let length = bytes.len().to_string();
        let call = Call {
            method: "PUT",
            key,
            headers: &[("content-type", content_type), ("content-length", &length)],
            body: bytes,
            ..Call::default()
        };
        self.call(call, RECEIPT).await.map(drop)
    }

    /// Writes an object of this bucket under another key too; with a tag, only the one that
    /// has it: any other is missing.
    pub(crate) async fn copy(
        &self,
        from: &str,
        to: &str,
        tag: Option<&str>,
    ) -> Result<(), Failure> {
        let from = utf8_percent_encode(from, RESERVED_IN_PATH);
        let source = format!("/{}/{from}", self.bucket);
        let mut headers = vec![("content-length", "0"), ("x-amz-copy-source", &source)];
        headers.extend(tag.map(|tag| ("x-amz-copy-source-if-match", tag)));
        let call = Call {
            method: "PUT",
            key: to,
            headers: &headers,
            ..Call::default()
        };
        let said = self.call(call, RECEIPT).await?;
        // S3 answers 200 before it copies: what went wrong then stands in the body.
        match said.trim_ascii_end().ends_with(b"</CopyObjectResult>") {
            true => Ok(()),
            false => Err(Failure::Passing(Refusal::read(200, &said).into())),
        }
    }

    /// Deletes an object.
    pub(crate) async fn delete(&self, key: &str) -> Result<(), Failure> {
        let call = Call {
            method: "DELETE",
            key,
            ..Call::default()
        };
        self.call(call, RECEIPT).await.map(drop)
    }

    /// A page of what lies under a prefix: the first, or that after `token`.
    pub(crate) async fn list(&self, prefix: &str, token: Option<&str>) -> Result<Page, Failure> {
        let mut query = vec![("list-type", "2"), ("prefix", prefix)];
        query.extend(token.map(|token| ("continuation-token", token)));
        let call = Call {
            method: "GET",
            query: &query,
            ..Call::default()
        };
        let said = self.call(call, LISTING).await?;
        page(&said).map_err(|e| Failure::Lasting(e.into()))
    }

    /// A link under which whoever has it may read an object for a while. `query`
    /// says how S3 is to answer then.
    pub(crate) async fn link(
        &self,
        key: &str,
        query: &[(&str, &str)],
        lasting: Duration,
    ) -> Result<String, Failure> {
        let url = format!("{}{}", self.place.origin, self.place.target(key, query));
        self.signed_for("GET", &url, &[], lasting).await
    }

    /// An address that whoever has it may write an object to for a while: the one that
    /// these headers describe, which have to come with it.
    pub(crate) async fn place(
        &self,
        key: &str,
        headers: &[(&str, &str)],
        lasting: Duration,
    ) -> Result<String, Failure> {
        let url = format!("{}{}", self.place.origin, self.place.target(key, &[]));
        self.signed_for("PUT", &url, headers, lasting).await
    }

    /// Where its objects are, as a browser says it.
    pub(crate) fn origin(&self) -> &str {
        &self.place.origin
    }

    async fn signed_for(
        &self,
        method: &str,
        url: &str,
        headers: &[(&str, &str)],
        lasting: Duration,
    ) -> Result<String, Failure> {
        let link = match self.identity().await {
            Ok(identity) => {
                let signature = self.signature(&identity);
                signature.link(method, url, headers, lasting)
            }
            Err(error) => Err(error),
        };
        link.map_err(|e| Failure::Lasting(e.into()))
    }

    async fn identity(&self) -> Result<Identity, RequestError> {
        let provider = self.credentials.as_ref();
        let provider = provider.ok_or(RequestError::NoCredentials)?;
        Ok(provider.provide_credentials().await?.into())
    }

    fn signature<'a>(&'a self, identity: &'a Identity) -> Signature<'a> {
        Signature {
            identity,
            region: &self.region,
            time: self.time.now(),
        }
    }

    /// Makes a call and reads its answer of at most `limit` bytes.
    async fn call(&self, call: Call<'_>, limit: u64) -> Result<Vec<u8>, Failure> {
        self.ask(call, async |answer: Answer| answer.read(limit).await)
            .await
    }

    /// Makes a call and has its answer read.
    async fn ask<T>(
        &self,
        call: Call<'_>,
        read: impl AsyncFnOnce(Answer) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        // One signature serves all attempts: S3 takes it for a quarter of an hour.
        let request = match self.identity().await {
            Ok(identity) => self.signature(&identity).request(&self.place, call),
            Err(error) => Err(error),
        };
        let request = request.map_err(|e| Failure::Lasting(e.into()))?;
        let answered = async {
            let answer = self.operation.invoke(request).await.map_err(failed)?;
            read(answer).await
        };
        match tokio::time::timeout(CALL, answered).await {
            Ok(result) => result,
            Err(elapsed) => Err(Failure::Passing(elapsed.into())),
        }
    }
}

fn failed(error: SdkError<Refusal, HttpResponse>) -> Failure {
    match &error {
        SdkError::ServiceError(refused) => {
            let refusal = refused.err();
            // What was there is another one by now.
            let changed = refusal.code == "PreconditionFailed";
            if changed || matches!(refusal.code.as_str(), "NoSuchKey" | "NotFound") {
                Failure::Missing
            } else if refusal.is_passing() {
                Failure::Passing(error.into())
            } else {
                Failure::Lasting(error.into())
            }
        }
        SdkError::TimeoutError(_) | SdkError::DispatchFailure(_) | SdkError::ResponseError(_) => {
            Failure::Passing(error.into())
        }
        // What was never sent; the SDK may add to these.
        _ => Failure::Lasting(error.into()),
    }
}

/// As whom, where and when a request is signed.
struct Signature<'a> {
    identity: &'a Identity,
    region: &'a str,
    time: SystemTime,
}

impl Signature<'_> {
    /// A request with its signature in its headers.
    fn request(&self, place: &Place, call: Call<'_>) -> Result<HttpRequest, RequestError> {
        let target = place.target(call.key, call.query);
        let url = format!("{}{target}", place.origin);
        let body = SignableBody::Bytes(&call.body);
        let signed = self.sign(call.method, &url, call.headers, body, In::Headers)?;
        let (added, _) = signed.into_parts();
        let mut request = HttpRequest::new(SdkBody::from(call.body));
        request.set_method(call.method)?;
        request.set_uri(target)?;
        let headers = request.headers_mut();
        for (name, value) in call.headers {
            headers.try_insert((*name).to_owned(), (*value).to_owned())?;
        }
        for header in added {
            headers.try_insert(header.name(), header.value().to_owned())?;
        }
        Ok(request)
    }

    /// An address with its signature in its query.
    fn link(
        &self,
        method: &str,
        url: &str,
        headers: &[(&str, &str)],
        lasting: Duration,
    ) -> Result<String, RequestError> {
        let body = SignableBody::UnsignedPayload;
        let signed = self.sign(method, url, headers, body, In::Query(lasting))?;
        let (_, added) = signed.into_parts();
        let mut link = url.to_owned();
        for (name, value) in added {
            link.push(if link.contains('?') { '&' } else { '?' });
            link.push_str(name);
            link.push('=');
            link.push_str(&encoded(&value));
        }
        Ok(link)
    }

    fn sign(
        &self,
        method: &str,
        url: &str,
        headers: &[(&str, &str)],
        body: SignableBody<'_>,
        place: In,
    ) -> Result<SigningInstructions, RequestError> {
        let mut settings = SigningSettings::default();
        // S3 alone wants a path as it is sent: neither encoded twice nor tidied.
        settings.percent_encoding_mode = PercentEncodingMode::Single;
        settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
        settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
        match place {
            In::Headers => settings.signature_location = SignatureLocation::Headers,
            In::Query(lasting) => {
                settings.signature_location = SignatureLocation::QueryParams;
                settings.expires_in = Some(lasting);
            }
        }
        let parameters = v4::SigningParams::builder()
            .identity(self.identity)
            .region(self.region)
            .name("s3")
            .time(self.time)
            .settings(settings)
            .build()?
            .into();
        let request = SignableRequest::new(method, url, headers.iter().copied(), body)?;
        Ok(sign(request, &parameters)?.into_parts().0)
    }
}

/// Where a signature stands.
enum In {
    Headers,
    /// And how long it counts.
    Query(Duration),
}

impl Answer {
    async fn read(self, limit: u64) -> Result<Vec<u8>, Failure> {
        // An object is held once: forty megabytes are copied as they come, and
        // there is room for them from the start.
        let size = self.size.filter(|size| *size <= limit).unwrap_or_default();
        let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or_default());
        self.each(limit, |piece| bytes.extend_from_slice(piece))
            .await?;
        Ok(bytes)
    }

    /// Hands over what it carries, piece by piece.
    async fn each(self, limit: u64, mut take: impl FnMut(&[u8])) -> Result<(), Failure> {
        // Before a byte of it is read.
        if let Some(size) = self.size.filter(|size| *size > limit) {
            return Err(Failure::TooLarge(size));
        }
        let mut read = 0;
        let mut body = ByteStream::new(self.body);
        while let Some(piece) = body.next().await {
            let piece = piece.map_err(|e| Failure::Passing(e.into()))?;
            read += piece.len() as u64;
            if read > limit {
                return Err(Failure::TooLarge(read));
            }
            take(&piece);
        }
        Ok(())
    }
}

/// Tells answers from refusals. The body of an answer is left to be read: the
/// orchestrator would hold it, and again what is made of it.
#[derive(Debug)]
struct Answers;

impl DeserializeResponse for Answers {
    fn deserialize_streaming_with_config(
        &self,
        response: &mut HttpResponse,
        _config: &ConfigBag,
    ) -> Option<Result<Output, OrchestratorError<Error>>> {
        if !response.status().is_success() {
            return None;
        }
        let size = response.headers().get("content-length");
        let size = size.and_then(|size| size.parse().ok());
        let tag = response.headers().get("etag").map(str::to_owned);
        let body = response.take_body();
        Some(Ok(Output::erase(Answer { size, tag, body })))
    }

    fn deserialize_nonstreaming_with_config(
        &self,
        response: &HttpResponse,
        _config: &ConfigBag,
    ) -> Result<Output, OrchestratorError<Error>> {
        let said = response.body().bytes().unwrap_or_default();
        let refusal = Refusal::read(response.status().as_u16(), said);
        Err(OrchestratorError::operation(Error::erase(refusal)))
    }
}

impl Refusal {
    /// What an `Error` document says; nothing, where it is none.
    fn read(status: u16, said: &[u8]) -> Self {
        let mut refusal = Refusal {
            status,
            code: String::new(),
            message: String::new(),
        };
        let Ok(mut document) = Document::try_from(said) else {
            return refusal;
        };
        let Ok(mut root) = document.root_element() else {
            return refusal;
        };
        if root.start_el().matches("Error") {
            while let Some(mut field) = root.next_tag() {
                let value = match field.start_el().local() {
                    "Code" => &mut refusal.code,
                    "Message" => &mut refusal.message,
                    _ => continue,
                };
                if let Ok(text) = try_data(&mut field) {
                    *value = text.into_owned();
                }
            }
        }
        refusal
    }

    /// Whether the same may go well soon: there were too many calls, or something
    /// is wrong with S3.
    fn is_passing(&self) -> bool {
        matches!(self.status, 429 | 500 | 502 | 503 | 504) || self.code == "RequestTimeout"
    }
}

/// Has what is passing tried again, as the SDK's own clients do.
#[derive(Debug)]
struct PassingRefusals;

impl ClassifyRetry for PassingRefusals {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        let refusal = context
            .output_or_error()
            .and_then(|result| result.err())
            .and_then(OrchestratorError::as_operation_error)
            .and_then(|error| error.downcast_ref::<Refusal>());
        match refusal {
            Some(refusal) if refusal.is_passing() => RetryAction::transient_error(),
            Some(_) | None => RetryAction::NoActionIndicated,
        }
    }

    fn name(&self) -> &'static str {
        "what S3 refuses for now"
    }
}

/// What a `ListBucketResult` says.
fn page(said: &[u8]) -> Result<Page, ListingError> {
    // The reader takes the end of the text for the end of what is open.
    if !said.trim_ascii_end().ends_with(b"</ListBucketResult>") {
        return Err(ListingError::CutOff);
    }
    let mut document = Document::try_from(said)?;
    let mut root = document.root_element()?;
    if !root.start_el().matches("ListBucketResult") {
        return Err(ListingError::OtherRoot(root.start_el().local().to_owned()));
    }
    let mut page = Page::default();
    let (mut count, mut truncated) = (None, None);
    while let Some(mut field) = root.next_tag() {
        match field.start_el().local() {
            "Contents" => page.entries.push(entry(&mut field)?),
            "NextContinuationToken" => page.next = Some(try_data(&mut field)?.into_owned()),
            "KeyCount" => count = try_data(&mut field)?.parse().ok(),
            "IsTruncated" => truncated = try_data(&mut field)?.parse().ok(),
            _ => {}
        }
    }
    let said = count.ok_or(ListingError::Field("KeyCount"))?;
    let truncated: bool = truncated.ok_or(ListingError::Field("IsTruncated"))?;
    if truncated && page.next.is_none() {
        return Err(ListingError::Field("NextContinuationToken"));
    }
    let found = page.entries.len();
    if found != said {
        return Err(ListingError::Incomplete { said, found });
    }
    Ok(page)
}

fn entry(fields: &mut ScopedDecoder<'_, '_>) -> Result<Entry, ListingError> {
    let (mut key, mut size, mut written_at) = (None, None, None);
    while let Some(mut field) = fields.next_tag() {
        match field.start_el().local() {
            "Key" => key = Some(try_data(&mut field)?.into_owned()),
            "Size" => size = try_data(&mut field)?.parse().ok(),
            "LastModified" => written_at = try_data(&mut field)?.parse().ok(),
            _ => {}
        }
    }
    Ok(Entry {
        key: key.ok_or(ListingError::Field("Key"))?,
        size: size.ok_or(ListingError::Field("Size"))?,
        written_at: written_at.ok_or(ListingError::Field("LastModified"))?,
    })
}

#[cfg(test)]
mod tests;
