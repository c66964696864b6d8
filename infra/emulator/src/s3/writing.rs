//! `PutObject` and `CopyObject`.

use std::io::{self, Write};
use std::sync::Arc;

use axum::body::BodyDataStream;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use futures_util::StreamExt;

use crate::s3::answers::{S3Error, insert, xml};
use crate::s3::chunked::{FrameError, Unframed};
use crate::s3::objects::{Existing, Object, ObjectError, Objects};
use crate::s3::request::{bucket_and_key, text};

/// S3's limit for a `PUT`.
const OBJECT_LIMIT: u64 = 5 * 1024 * 1024 * 1024;

/// Headers that an object keeps, besides those of [`is_kept_by_prefix`].
const KEPT: [&str; 6] = [
    "cache-control",
    "content-disposition",
    "content-encoding",
    "content-language",
    "content-type",
    "expires",
];

/// Takes an object in as its bytes arrive, and puts it in its place.
pub(super) async fn put(
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
    if asked("if-match").is_some() {
        return Err(S3Error::not_implemented("if-match"));
    }
    if let Some(source) = asked("x-amz-copy-source") {
        return copy(objects, &parts.headers, source, bucket, key).await;
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
    if let Some(sum) = asked("x-amz-checksum-sha256")
        && sum != BASE64_STANDARD.encode(draft.sha256())
    {
        return Err(S3Error::new(
            StatusCode::BAD_REQUEST,
            "BadDigest",
            "The SHA256 you specified did not match the calculated checksum.",
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

/// Copies an object as it is: other conditions than its tag, versions and other headers
/// for the copy are not known.
async fn copy(
    objects: &Arc<Objects>,
    headers: &HeaderMap,
    source: &str,
    bucket: &str,
    key: &str,
) -> Result<Response, S3Error> {
    const IF_MATCH: &str = "x-amz-copy-source-if-match";
    let of_copying = |name: &str| {
        (name.starts_with("x-amz-copy-source-") && name != IF_MATCH)
            || name.starts_with("x-amz-metadata-")
            || name.starts_with("x-amz-tagging")
            || is_kept_by_prefix(name)
            || (KEPT.contains(&name) && name != "content-type")
    };
    let mut names = headers.keys().map(|name| name.as_str());
    if let Some(name) = names.find(|name| of_copying(name)) {
        return Err(S3Error::not_implemented(&format!("{name} of a copy")));
    }
    if source.contains('?') {
        return Err(S3Error::not_implemented("versions of objects"));
    }
    let from = bucket_and_key(source)?;
    let (objects, bucket, key) = (Arc::clone(objects), bucket.to_owned(), key.to_owned());
    let tag = text(headers, IF_MATCH).map(str::to_owned);
    let copied = move || objects.copy((&from.0, &from.1), tag.as_deref(), &bucket, &key);
    let object = tokio::task::spawn_blocking(copied)
        .await
        .map_err(io::Error::from)??;
    let inner = format!(
        "<LastModified>{}</LastModified><ETag>&quot;{}&quot;</ETag>",
        object.modified.strftime("%Y-%m-%dT%H:%M:%S.%3fZ"),
        object.etag,
    );
    Ok(xml(StatusCode::OK, "CopyObjectResult", &inner))
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
