//! The S3 API, path style, over the object store.
//!
//! A presigned request is held to its expiry. Signatures are not looked at.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::ops::Range;
use std::sync::Arc;

use axum::body::{Body, BodyDataStream, Bytes, to_bytes};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use futures_util::StreamExt;
use futures_util::stream::try_unfold;
use jiff::{SignedDuration, Timestamp};
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use ulid::Ulid;

use crate::chunked::{FrameError, Unframed};
use crate::clock;
use crate::console::escaped;
use crate::intrinsics::REGION;
use crate::objects::{Existing, Object, ObjectError, Objects};
use crate::template::CorsRule;

/// S3's limit for a `PUT`.
const OBJECT_LIMIT: u64 = 5 * 1024 * 1024 * 1024;
/// More than the thousand keys that a `DeleteObjects` may name.
const REQUEST_LIMIT: usize = 4 * 1024 * 1024;
/// S3's limit for a key.
const KEY_LIMIT: usize = 1024;
/// S3's limit for a presigned request: a week.
const EXPIRY_LIMIT: i64 = 7 * 24 * 60 * 60;
/// How much of a file is read at once.
const PIECE: usize = 128 * 1024;

/// Headers that an object keeps, besides those of [`is_kept_by_prefix`].
const KEPT: [&str; 6] = [
    "cache-control",
    "content-disposition",
    "content-encoding",
    "content-language",
    "content-type",
    "expires",
];
/// What a query may ask for; anything else is said not to be known.
const KNOWN_QUERY: [&str; 13] = [
    // The older way to presign, which some tools still go.
    "AWSAccessKeyId",
    "Expires",
    "Signature",
    "continuation-token",
    "delete",
    "delimiter",
    "encoding-type",
    "fetch-owner",
    "list-type",
    "max-keys",
    "prefix",
    "start-after",
    "x-id",
];

/// An error as the SDKs know it.
#[derive(Debug)]
struct S3Error {
    status: StatusCode,
    code: &'static str,
    message: String,
}

impl S3Error {
    fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
        }
    }

    fn invalid(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "InvalidArgument", message)
    }

    fn not_implemented(what: &str) -> Self {
        let message = format!("the local host does not know {what}");
        Self::new(StatusCode::NOT_IMPLEMENTED, "NotImplemented", message)
    }

    fn response(self, parts: &Parts) -> Response {
        if self.status.is_server_error() {
            tracing::warn!(method = %parts.method, path = parts.uri.path(), code = self.code, problem = self.message, "an S3 request failed");
        }
        let inner = format!(
            "<Code>{}</Code><Message>{}</Message><Resource>{}</Resource><RequestId>{}</RequestId>",
            self.code,
            escaped(&self.message),
            escaped(parts.uri.path()),
            Ulid::generate(),
        );
        xml(self.status, "Error", &inner)
    }
}

impl From<ObjectError> for S3Error {
    fn from(error: ObjectError) -> Self {
        let (status, code) = match error {
            ObjectError::NoSuchBucket => (StatusCode::NOT_FOUND, "NoSuchBucket"),
            ObjectError::NoSuchKey => (StatusCode::NOT_FOUND, "NoSuchKey"),
            ObjectError::AlreadyExists => (StatusCode::PRECONDITION_FAILED, "PreconditionFailed"),
            ObjectError::Store(_) | ObjectError::Io(_) => {
                (StatusCode::INTERNAL_SERVER_ERROR, "InternalError")
            }
        };
        Self::new(status, code, error.to_string())
    }
}

impl From<io::Error> for S3Error {
    fn from(error: io::Error) -> Self {
        ObjectError::Io(error).into()
    }
}

/// A query's parameters, in their order.
struct Query(Vec<(String, String)>);

impl Query {
    fn get(&self, name: &str) -> Option<&str> {
        let mut all = self.0.iter();
        all.find(|(other, _)| other == name)
            .map(|(_, value)| value.as_str())
    }
}

/// Whether a request is for S3: it is signed for it, or it is neither signed
/// nor one of another service.
pub(crate) fn is_for_s3(parts: &Parts) -> bool {
    if parts.headers.contains_key("x-amz-target") {
        return false;
    }
    let query = parts.uri.query().unwrap_or_default();
    let presigned = form_urlencoded::parse(query.as_bytes())
        .find(|(name, _)| name == "X-Amz-Credential")
        .map(|(_, value)| value.into_owned());
    // …Credential=KEY/20261120/us-east-1/s3/aws4_request, …
    let scope = presigned.or_else(|| {
        let authorization = text(&parts.headers, header::AUTHORIZATION)?;
        let (_, credential) = authorization.split_once("Credential=")?;
        credential.split([',', ' ']).next().map(str::to_owned)
    });
    match scope.as_deref().and_then(|scope| scope.rsplit('/').nth(1)) {
        Some(service) => service == "s3",
        None => {
            let path = parts.uri.path();
            let is_query_api = parts.method == Method::POST && path == "/";
            !is_query_api && !path.starts_with("/2015-03-31/")
        }
    }
}

/// Answers a request.
pub(crate) async fn answer(objects: &Arc<Objects>, parts: &Parts, body: Body) -> Response {
    let (bucket, key) = match bucket_and_key(parts.uri.path()) {
        Ok(both) => both,
        Err(error) => return error.response(parts),
    };
    let rules = objects.bucket(&bucket).map(|bucket| bucket.cors.as_slice());
    let allowed = cors(rules.unwrap_or_default(), parts);
    let reads = matches!(parts.method, Method::GET | Method::HEAD);
    let mut response = if let Some(allowed) = &allowed
        && parts.method == Method::OPTIONS
    {
        allowed.clone().into_response()
    } else if parts.headers.contains_key(header::ORIGIN) && allowed.is_none() && !reads {
        // S3 would look at the signature; the host does not, so that a page of
        // any site could write here.
        let message = "CORSResponse: This CORS request is not allowed.";
        S3Error::new(StatusCode::FORBIDDEN, "AccessForbidden", message).response(parts)
    } else {
        dispatch(objects, parts, body, &bucket, &key)
            .await
            .unwrap_or_else(|error| error.response(parts))
    };
    let headers = response.headers_mut();
    headers.extend(allowed.unwrap_or_default());
    if let Ok(id) = HeaderValue::from_str(&Ulid::generate().to_string()) {
        headers.insert("x-amz-request-id", id);
    }
    response
}

/// `/bucket/key`, without its percent signs.
fn bucket_and_key(path: &str) -> Result<(String, String), S3Error> {
    let path = percent_decode_str(path.trim_start_matches('/'))
        .decode_utf8()
        .map_err(|_| {
            S3Error::new(
                StatusCode::BAD_REQUEST,
                "InvalidURI",
                "Couldn't parse the specified URI.",
            )
        })?;
    let (bucket, key) = path.split_once('/').unwrap_or((&path, ""));
    if key.len() > KEY_LIMIT {
        return Err(S3Error::new(
            StatusCode::BAD_REQUEST,
            "KeyTooLongError",
            "Your key is too long",
        ));
    }
    Ok((bucket.to_owned(), key.to_owned()))
}

async fn dispatch(
    objects: &Arc<Objects>,
    parts: &Parts,
    body: Body,
    bucket: &str,
    key: &str,
) -> Result<Response, S3Error> {
    let query = parts.uri.query().unwrap_or_default();
    let query = Query(
        form_urlencoded::parse(query.as_bytes())
            .into_owned()
            .collect(),
    );
    check_expiry(&query, clock::now())?;
    if let Some((name, _)) = query.0.iter().find(|(name, _)| !is_known(name)) {
        return Err(S3Error::not_implemented(&format!("the query {name}")));
    }
    match (parts.method.as_str(), bucket, key) {
        ("GET", "", _) => Ok(list_buckets(objects)),
        ("HEAD", _, "") => {
            objects.bucket(bucket)?;
            Ok([("x-amz-bucket-region", REGION)].into_response())
        }
        ("GET", _, "") if query.get("list-type") == Some("2") => list(objects, bucket, &query),
        ("GET", _, "") => Err(S3Error::not_implemented("ListObjects, only ListObjectsV2")),
        ("POST", _, "") if query.get("delete").is_some() => delete_all(objects, bucket, body).await,
        (_, _, "") => Err(S3Error::not_implemented(
            "this: buckets are the template's alone",
        )),
        ("GET" | "HEAD", _, _) => get(objects, parts, bucket, key, &query),
        ("PUT", _, _) => {
            let mut pieces = body.into_data_stream();
            let result = put(objects, parts, &mut pieces, bucket, key).await;
            // A body that nobody reads ends the connection, perhaps before the
            // answer is read. Who expects to be told sends none.
            if !parts.headers.contains_key(header::EXPECT) {
                while let Some(Ok(_)) = pieces.next().await {}
            }
            result
        }
        ("DELETE", _, _) => {
            objects.delete(bucket, key)?;
            Ok(StatusCode::NO_CONTENT.into_response())
        }
        (method, _, _) => Err(S3Error::not_implemented(&format!("{method} of objects"))),
    }
}

fn is_known(name: &str) -> bool {
    KNOWN_QUERY.contains(&name)
        || name.starts_with("response-")
        || name.to_ascii_lowercase().starts_with("x-amz-")
}

/// Refuses a presigned request whose time is over. The time is the real one.
fn check_expiry(query: &Query, now: Timestamp) -> Result<(), S3Error> {
    let expired = || S3Error::new(StatusCode::FORBIDDEN, "AccessDenied", "Request has expired");
    if query.get("X-Amz-Signature").is_none() {
        let until = query.get("Expires").and_then(|until| until.parse().ok());
        return match until {
            Some(until) if now.as_second() > until => Err(expired()),
            Some(_) | None => Ok(()),
        };
    }
    let signed = query.get("X-Amz-Date").and_then(|date| {
        let date = jiff::civil::DateTime::strptime("%Y%m%dT%H%M%SZ", date).ok()?;
        Some(date.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp())
    });
    let expires = query
        .get("X-Amz-Expires")
        .and_then(|seconds| seconds.parse().ok())
        .filter(|seconds| (1..=EXPIRY_LIMIT).contains(seconds));
    let (Some(signed), Some(expires)) = (signed, expires) else {
        return Err(S3Error::new(
            StatusCode::BAD_REQUEST,
            "AuthorizationQueryParametersError",
            "X-Amz-Date must be in the ISO8601 format and X-Amz-Expires at most a week in seconds",
        ));
    };
    if now > signed + SignedDuration::from_secs(expires) {
        return Err(expired());
    }
    Ok(())
}

/// The headers of a bucket's rules for a request of another origin, where one
/// of them lets it pass.
fn cors(rules: &[CorsRule], parts: &Parts) -> Option<HeaderMap> {
    let origin = text(&parts.headers, header::ORIGIN)?;
    let method = text(&parts.headers, header::ACCESS_CONTROL_REQUEST_METHOD)
        .unwrap_or(parts.method.as_str());
    let asked = text(&parts.headers, header::ACCESS_CONTROL_REQUEST_HEADERS).unwrap_or_default();
    let rule = rules
        .iter()
        .find(|rule| rule.allows(origin, method, asked))?;
    let mut headers = HeaderMap::new();
    for (name, value) in [
        ("access-control-allow-origin", origin),
        ("access-control-allow-methods", &rule.methods.join(", ")),
        ("access-control-allow-headers", asked),
        ("access-control-expose-headers", &rule.exposed.join(", ")),
        ("vary", "Origin"),
    ] {
        if !value.is_empty() {
            insert(&mut headers, name, value);
        }
    }
    Some(headers)
}

fn list_buckets(objects: &Objects) -> Response {
    let buckets = objects.buckets().map(|bucket| {
        let name = escaped(&bucket.name);
        format!("<Bucket><Name>{name}</Name><CreationDate>2006-02-03T16:45:09.000Z</CreationDate></Bucket>")
    });
    let inner = format!(
        "<Owner><ID>local</ID></Owner><Buckets>{}</Buckets>",
        buckets.collect::<String>()
    );
    xml(StatusCode::OK, "ListAllMyBucketsResult", &inner)
}

fn list(objects: &Objects, bucket: &str, query: &Query) -> Result<Response, S3Error> {
    let limit = match query.get("max-keys") {
        None => 1000,
        Some(text) => text
            .parse::<usize>()
            .map_err(|_| S3Error::invalid("max-keys is not a whole number"))?
            .min(1000),
    };
    let prefix = query.get("prefix").unwrap_or_default();
    let delimiter = query
        .get("delimiter")
        .filter(|delimiter| !delimiter.is_empty());
    let after = match query.get("continuation-token") {
        None => query.get("start-after").unwrap_or_default().to_owned(),
        Some(token) => BASE64_STANDARD
            .decode(token)
            .ok()
            .and_then(|token| String::from_utf8(token).ok())
            .ok_or_else(|| S3Error::invalid("The continuation token provided is incorrect"))?,
    };
    let listing = objects.list(bucket, prefix, delimiter, &after, limit)?;
    let shown = |key: &str| match query.get("encoding-type") {
        Some("url") => utf8_percent_encode(key, NON_ALPHANUMERIC).to_string(),
        _ => escaped(key),
    };
    let element = |name: &str, value: Option<String>| {
        value.map_or_else(String::new, |value| format!("<{name}>{value}</{name}>"))
    };
    let mut inner = format!(
        "<Name>{}</Name><Prefix>{}</Prefix><MaxKeys>{limit}</MaxKeys>\
         <KeyCount>{}</KeyCount><IsTruncated>{}</IsTruncated>",
        escaped(bucket),
        shown(prefix),
        listing.objects.len() + listing.prefixes.len(),
        listing.next.is_some(),
    );
    let next = listing.next.map(|key| BASE64_STANDARD.encode(key));
    let token = query.get("continuation-token").map(escaped);
    inner.push_str(&element("Delimiter", delimiter.map(shown)));
    inner.push_str(&element(
        "EncodingType",
        query.get("encoding-type").map(escaped),
    ));
    inner.push_str(&element("StartAfter", query.get("start-after").map(shown)));
    inner.push_str(&element("ContinuationToken", token));
    inner.push_str(&element("NextContinuationToken", next));
    for object in &listing.objects {
        inner.push_str(&format!(
            "<Contents><Key>{}</Key><LastModified>{}</LastModified><ETag>&quot;{}&quot;</ETag><Size>{}</Size>\
             <StorageClass>STANDARD</StorageClass></Contents>",
            shown(&object.key),
            object.modified.strftime("%Y-%m-%dT%H:%M:%S.%3fZ"),
            object.etag,
            object.size,
        ));
    }
    for prefix in &listing.prefixes {
        let prefix = shown(prefix);
        inner.push_str(&format!(
            "<CommonPrefixes><Prefix>{prefix}</Prefix></CommonPrefixes>"
        ));
    }
    Ok(xml(StatusCode::OK, "ListBucketResult", &inner))
}

async fn delete_all(objects: &Objects, bucket: &str, body: Body) -> Result<Response, S3Error> {
    let malformed = || {
        let message = "The XML you provided was not well-formed";
        S3Error::new(StatusCode::BAD_REQUEST, "MalformedXML", message)
    };
    let body = to_bytes(body, REQUEST_LIMIT)
        .await
        .map_err(|_| malformed())?;
    let body = std::str::from_utf8(&body).map_err(|_| malformed())?;
    if !body.contains("<Delete") || body.contains("<VersionId") {
        return Err(malformed());
    }
    objects.bucket(bucket)?;
    let mut deleted = String::new();
    for element in body.split("<Key>").skip(1) {
        let (key, _) = element.split_once("</Key>").ok_or_else(malformed)?;
        let key = unescaped(key).ok_or_else(malformed)?;
        objects.delete(bucket, &key)?;
        deleted.push_str(&format!("<Deleted><Key>{}</Key></Deleted>", escaped(&key)));
    }
    if body.contains("<Quiet>true</Quiet>") {
        deleted.clear();
    }
    Ok(xml(StatusCode::OK, "DeleteResult", &deleted))
}

/// Text without XML's references; `None` where one of them is unknown.
fn unescaped(text: &str) -> Option<String> {
    let mut result = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        let (reference, after) = after.split_once(';')?;
        result.push_str(before);
        result.push(match reference {
            "amp" => '&',
            "lt" => '<',
            "gt" => '>',
            "quot" => '"',
            "apos" => '\'',
            number => {
                let number = number.strip_prefix('#')?;
                let code = match number.strip_prefix('x') {
                    Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                    None => number.parse().ok()?,
                };
                char::from_u32(code)?
            }
        });
        rest = after;
    }
    result.push_str(rest);
    Some(result)
}

fn get(
    objects: &Objects,
    parts: &Parts,
    bucket: &str,
    key: &str,
    query: &Query,
) -> Result<Response, S3Error> {
    let (object, mut file) = objects.get(bucket, key)?;
    let range = match text(&parts.headers, header::RANGE).map(|range| part(range, object.size)) {
        None | Some(Asked::Everything) => None,
        Some(Asked::Part(range)) => Some(range),
        Some(Asked::Nothing) => {
            return Err(S3Error::new(
                StatusCode::RANGE_NOT_SATISFIABLE,
                "InvalidRange",
                "The requested range is not satisfiable",
            ));
        }
    };
    let sent = range.clone().unwrap_or(0..object.size);
    let mut response = if parts.method == Method::HEAD {
        Response::new(Body::empty())
    } else {
        file.seek(SeekFrom::Start(sent.start))?;
        Response::new(bytes_of(file, sent.end - sent.start))
    };
    let headers = response.headers_mut();
    let mut set = |name: &str, value: &str| insert(headers, name, value);
    // A checksum is that of all bytes, and given to whoever asks for it.
    let checksum = range.is_none()
        && text(&parts.headers, "x-amz-checksum-mode")
            .is_some_and(|mode| mode.eq_ignore_ascii_case("enabled"));
    for (name, value) in &object.headers {
        if checksum || !name.starts_with("x-amz-checksum-") {
            set(name, value);
        }
    }
    for (name, value) in &query.0 {
        if let Some(name) = name.strip_prefix("response-") {
            set(name, value);
        }
    }
    set("content-length", &(sent.end - sent.start).to_string());
    set("accept-ranges", "bytes");
    set("etag", &format!("\"{}\"", object.etag));
    set("last-modified", &http_date(object.modified));
    if range.is_some() {
        let (first, last) = (sent.start, sent.end - 1);
        set(
            "content-range",
            &format!("bytes {first}-{last}/{}", object.size),
        );
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
    }
    Ok(response)
}

/// What a `Range` asks for.
#[derive(Debug, PartialEq)]
enum Asked {
    /// It is none, or one that S3 does not know: several parts at once.
    Everything,
    Part(Range<u64>),
    /// What is not there.
    Nothing,
}

fn part(range: &str, size: u64) -> Asked {
    let Some((first, last)) = range
        .strip_prefix("bytes=")
        .and_then(|range| range.split_once('-'))
    else {
        return Asked::Everything;
    };
    let range = match (first.trim().parse::<u64>(), last.trim().parse::<u64>()) {
        (Ok(first), Ok(last)) if first <= last => first..last.saturating_add(1).min(size),
        (Ok(first), Err(_)) if last.trim().is_empty() => first..size,
        (Err(_), Ok(last)) if first.trim().is_empty() => size.saturating_sub(last)..size,
        _ => return Asked::Everything,
    };
    if range.is_empty() {
        Asked::Nothing
    } else {
        Asked::Part(range)
    }
}

/// A body that is read as it is sent.
fn bytes_of(file: File, length: u64) -> Body {
    Body::from_stream(try_unfold((file, length), |(mut file, left)| async move {
        if left == 0 {
            return Ok(None);
        }
        let wanted = usize::try_from(left).unwrap_or(PIECE).min(PIECE);
        let mut piece = vec![0; wanted];
        // On the worker's own thread: what was written lately is in memory.
        file.read_exact(&mut piece)?;
        Ok::<_, io::Error>(Some((Bytes::from(piece), (file, left - wanted as u64))))
    }))
}

async fn put(
    objects: &Arc<Objects>,
    parts: &Parts,
    pieces: &mut BodyDataStream,
    bucket: &str,
    key: &str,
) -> Result<Response, S3Error> {
    objects.bucket(bucket)?;
    let asked = |name| text(&parts.headers, name);
    let existing = match asked("if-none-match") {
        None => Existing::Replaced,
        Some("*") => Existing::Kept,
        Some(_) => return Err(S3Error::not_implemented("If-None-Match but for *")),
    };
    if existing == Existing::Kept && objects.head(bucket, key).is_ok() {
        return Err(ObjectError::AlreadyExists.into());
    }
    for unknown in ["if-match", "x-amz-copy-source"] {
        if asked(unknown).is_some() {
            return Err(S3Error::not_implemented(unknown));
        }
    }
    let framed = asked("x-amz-content-sha256").is_some_and(|hash| hash.starts_with("STREAMING-"));
    let length = asked(if framed {
        "x-amz-decoded-content-length"
    } else {
        "content-length"
    });
    let Some(length) = length.and_then(|length| length.parse::<u64>().ok()) else {
        return Err(S3Error::new(
            StatusCode::LENGTH_REQUIRED,
            "MissingContentLength",
            "You must provide the Content-Length HTTP header.",
        ));
    };
    if length > OBJECT_LIMIT {
        return Err(S3Error::new(
            StatusCode::BAD_REQUEST,
            "EntityTooLarge",
            "Your proposed upload exceeds the maximum allowed size",
        ));
    }
    let incomplete = || {
        let message =
            "You did not provide the number of bytes specified by the Content-Length HTTP header";
        S3Error::new(StatusCode::BAD_REQUEST, "IncompleteBody", message)
    };
    let mut draft = objects.draft()?;
    let mut unframed = Unframed::default();
    while let Some(piece) = pieces.next().await {
        let piece = piece.map_err(|_| incomplete())?;
        // On the worker's own thread: this goes to memory, not yet to the disk.
        if framed {
            match unframed.take(&piece, &mut draft) {
                Ok(()) => {}
                Err(FrameError::Io(error)) => return Err(error.into()),
                Err(error @ FrameError::Malformed) => {
                    return Err(S3Error::invalid(error.to_string()));
                }
            }
        } else {
            draft.write_all(&piece)?;
        }
        if draft.size() > length {
            return Err(incomplete());
        }
    }
    if draft.size() != length || (framed && !unframed.is_complete()) {
        return Err(incomplete());
    }
    if let Some(digest) = asked("content-md5")
        && digest != BASE64_STANDARD.encode(draft.md5())
    {
        return Err(S3Error::new(
            StatusCode::BAD_REQUEST,
            "BadDigest",
            "The Content-MD5 you specified did not match what we received.",
        ));
    }
    let mut kept = kept(&parts.headers);
    kept.extend(
        unframed
            .trailers
            .into_iter()
            .filter(|(name, _)| is_kept_by_prefix(name)),
    );
    let (objects, bucket, key) = (Arc::clone(objects), bucket.to_owned(), key.to_owned());
    let put = move || objects.put(draft, &bucket, &key, kept, existing);
    let object = tokio::task::spawn_blocking(put)
        .await
        .map_err(io::Error::from)??;
    Ok(put_response(&object))
}

fn put_response(object: &Object) -> Response {
    let mut response = StatusCode::OK.into_response();
    let checksums = object
        .headers
        .iter()
        .filter(|(name, _)| name.starts_with("x-amz-checksum-"));
    let etag = ("etag".to_owned(), format!("\"{}\"", object.etag));
    for (name, value) in checksums.chain([&etag]) {
        insert(response.headers_mut(), name, value);
    }
    response
}

/// Sets a header; one that HTTP cannot carry is left out.
fn insert(headers: &mut HeaderMap, name: &str, value: &str) {
    if let (Ok(name), Ok(value)) = (
        HeaderName::try_from(name),
        HeaderValue::from_bytes(value.as_bytes()),
    ) {
        headers.insert(name, value);
    }
}

/// What an object keeps of the headers that it is put with.
fn kept(headers: &HeaderMap) -> Vec<(String, String)> {
    let mut kept: Vec<(String, String)> = headers
        .iter()
        .filter(|(name, _)| KEPT.contains(&name.as_str()) || is_kept_by_prefix(name.as_str()))
        .map(|(name, value)| {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            (name.to_string(), value)
        })
        .collect();
    for (name, value) in &mut kept {
        if name == "content-encoding" {
            // The framing is the request's, not the object's.
            let encodings = value.split(',').map(str::trim);
            let own: Vec<_> = encodings.filter(|word| *word != "aws-chunked").collect();
            *value = own.join(", ");
        }
    }
    kept.retain(|(name, value)| name != "content-encoding" || !value.is_empty());
    if !headers.contains_key(header::CONTENT_TYPE) {
        kept.push(("content-type".to_owned(), "binary/octet-stream".to_owned()));
    }
    kept
}

fn is_kept_by_prefix(name: &str) -> bool {
    name.starts_with("x-amz-meta-") || name.starts_with("x-amz-checksum-")
}

fn text(headers: &HeaderMap, name: impl header::AsHeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}

fn http_date(time: Timestamp) -> String {
    time.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

fn xml(status: StatusCode, root: &str, inner: &str) -> Response {
    let namespace = match root {
        "Error" => "",
        _ => " xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"",
    };
    let body =
        format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<{root}{namespace}>{inner}</{root}>");
    (status, [(header::CONTENT_TYPE, "application/xml")], body).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_as_s3_reads_them() {
        assert_eq!(part("bytes=0-3", 10), Asked::Part(0..4));
        assert_eq!(part("bytes=4-", 10), Asked::Part(4..10));
        assert_eq!(part("bytes=-3", 10), Asked::Part(7..10));
        assert_eq!(part("bytes=-30", 10), Asked::Part(0..10));
        assert_eq!(part("bytes=8-99", 10), Asked::Part(8..10));
        assert_eq!(part("bytes=10-", 10), Asked::Nothing);
        assert_eq!(part("bytes=-0", 10), Asked::Nothing);
        assert_eq!(part("bytes=0-0", 0), Asked::Nothing);
        assert_eq!(part("bytes=3-1", 10), Asked::Everything);
        assert_eq!(part("bytes=0-1,4-5", 10), Asked::Everything);
        assert_eq!(part("lines=1-2", 10), Asked::Everything);
    }

    #[test]
    fn references_are_resolved() {
        assert_eq!(
            unescaped("a&amp;b&#x41;&#66;&lt;").as_deref(),
            Some("a&bAB<")
        );
        assert_eq!(unescaped("a&b"), None);
        assert_eq!(unescaped("&nbsp;"), None);
    }

    #[test]
    fn a_presigned_request_expires() {
        let check = |date: &str, expires: &str| {
            let query = Query(
                [
                    ("X-Amz-Signature", "f00"),
                    ("X-Amz-Date", date),
                    ("X-Amz-Expires", expires),
                ]
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into(),
            );
            let now = "2026-11-20T12:00:00Z".parse().unwrap();
            check_expiry(&query, now)
                .map_err(|error| error.code)
                .err()
                .unwrap_or("good")
        };
        assert_eq!(check("20261120T115900Z", "60"), "good");
        assert_eq!(check("20261120T115859Z", "60"), "AccessDenied");
        let malformed = "AuthorizationQueryParametersError";
        assert_eq!(check("20261120T115900Z", "604801"), malformed);
        assert_eq!(check("yesterday", "60"), malformed);
    }
}
