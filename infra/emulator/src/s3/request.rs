//! What a request to S3 is about, and whether its time is over.

use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode, header};
use jiff::{SignedDuration, Timestamp};
use percent_encoding::percent_decode_str;

use crate::s3::answers::S3Error;

/// S3's limit for a key.
const KEY_LIMIT: usize = 1024;
/// S3's limit for a presigned request: a week.
const EXPIRY_LIMIT: i64 = 7 * 24 * 60 * 60;

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

/// A query's parameters, in their order.
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    /// The query of a request.
    pub(super) fn of(parts: &Parts) -> Self {
        let query = parts.uri.query().unwrap_or_default();
        Query(
            form_urlencoded::parse(query.as_bytes())
                .into_owned()
                .collect(),
        )
    }

    /// A parameter that S3 may know, and the emulator does not.
    pub(super) fn unknown(&self) -> Option<&str> {
        let mut names = self.0.iter().map(|(name, _)| name.as_str());
        names.find(|name| !is_known(name))
    }

    /// What the answer's headers are to be instead: `response-content-type` and
    /// its like, without their prefix.
    pub(super) fn overrides(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().filter_map(|(name, value)| {
            let name = name.strip_prefix("response-")?;
            Some((name, value.as_str()))
        })
    }

    /// Every parameter, in their order.
    pub(super) fn all(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The value of a parameter, the first of its name.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
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

/// `/bucket/key`, without its percent signs.
pub(super) fn bucket_and_key(path: &str) -> Result<(String, String), S3Error> {
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

fn is_known(name: &str) -> bool {
    KNOWN_QUERY.contains(&name)
        || name.starts_with("response-")
        || name.to_ascii_lowercase().starts_with("x-amz-")
}

/// Refuses a presigned request whose time is over. The time is the real one.
pub(super) fn check_expiry(query: &Query, now: Timestamp) -> Result<(), S3Error> {
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

/// A header's value, where it is text.
pub(super) fn text(headers: &HeaderMap, name: impl header::AsHeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

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
