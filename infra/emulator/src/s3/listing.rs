//! What is in a bucket, and deleting much of it at once.

use axum::body::{Body, to_bytes};
use axum::http::StatusCode;
use axum::response::Response;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::s3::answers::{S3Error, xml};
use crate::s3::objects::Objects;
use crate::s3::request::Query;
use crate::wire::escaped;

/// More than the thousand keys that a `DeleteObjects` may name.
const REQUEST_LIMIT: usize = 4 * 1024 * 1024;

/// `ListBuckets`.
pub(super) fn list_buckets(objects: &Objects) -> Response {
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

/// `ListObjectsV2`.
pub(super) fn list(objects: &Objects, bucket: &str, query: &Query) -> Result<Response, S3Error> {
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

/// `DeleteObjects`.
pub(super) async fn delete_all(
    objects: &Objects,
    bucket: &str,
    body: Body,
) -> Result<Response, S3Error> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_resolved() {
        assert_eq!(
            unescaped("a&amp;b&#x41;&#66;&lt;").as_deref(),
            Some("a&bAB<")
        );
        assert_eq!(unescaped("a&b"), None);
        assert_eq!(unescaped("&nbsp;"), None);
    }
}
