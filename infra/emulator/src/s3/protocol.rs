//! The S3 API, path style, over the object store.
//!
//! A presigned request is held to its expiry, and one of somebody who has a role to its
//! signature: others may have it from him. No other signature is looked at.

use std::sync::Arc;

use axum::body::Body;
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::StreamExt;
use percent_encoding::percent_decode_str;
use ulid::Ulid;

use crate::arn::{REGION, s3_arn};
use crate::clock;
use crate::roles::Need;
use crate::s3::answers::S3Error;
use crate::s3::cors::cors;
use crate::s3::listing::{delete_all, list, list_buckets};
use crate::s3::objects::Objects;
use crate::s3::reading::get;
use crate::s3::request::{Query, bucket_and_key, check_expiry, text};
use crate::s3::signed::check_signature;
use crate::s3::writing::put;

/// Answers a request; `secret` is what its caller signs with, where that is known.
pub(crate) async fn answer(
    objects: &Arc<Objects>,
    parts: &Parts,
    body: Body,
    secret: Option<&str>,
) -> Response {
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
        // S3 would look at the signature; here nobody does, so that a page of
        // any site could write here.
        let message = "CORSResponse: This CORS request is not allowed.";
        S3Error::new(StatusCode::FORBIDDEN, "AccessForbidden", message).response(parts)
    } else {
        dispatch(objects, parts, body, secret, (&bucket, &key))
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

/// What a call needs to be allowed (Amazon S3 API operations and their permissions).
pub(crate) fn needs(parts: &Parts) -> Vec<Need> {
    let Ok((bucket, key)) = bucket_and_key(parts.uri.path()) else {
        return Vec::new();
    };
    // A browser asks for itself what a page may send.
    if parts.method == Method::OPTIONS {
        return Vec::new();
    }
    let object = || s3_arn(&format!("{bucket}/{key}"));
    let copied = text(&parts.headers, "x-amz-copy-source").map(|source| {
        let source = percent_decode_str(source).decode_utf8_lossy();
        Need::new("s3:GetObject", s3_arn(source.trim_start_matches('/')))
    });
    let own = match (&parts.method, key.is_empty()) {
        (&Method::GET | &Method::HEAD, true) => Need::new("s3:ListBucket", s3_arn(&bucket)),
        (&Method::GET | &Method::HEAD, false) => Need::new("s3:GetObject", object()),
        (&Method::PUT, false) => Need::new("s3:PutObject", object()),
        (&Method::DELETE, false) => Need::new("s3:DeleteObject", object()),
        // Of many at once.
        (&Method::POST, true) => Need::new("s3:DeleteObject", s3_arn(&format!("{bucket}/*"))),
        (_, _) => Need::new(format!("s3:{}", parts.method), object()),
    };
    [own].into_iter().chain(copied).collect()
}

async fn dispatch(
    objects: &Arc<Objects>,
    parts: &Parts,
    body: Body,
    secret: Option<&str>,
    (bucket, key): (&str, &str),
) -> Result<Response, S3Error> {
    let query = Query::of(parts);
    if let Some(secret) = secret {
        check_signature(parts, &query, secret)?;
    }
    check_expiry(&query, clock::now())?;
    if let Some(name) = query.unknown() {
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
