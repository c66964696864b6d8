//! Whether a presigned request is the one that was signed (Signature Version 4, "Using
//! query parameters"): its method, its path and query, and of its headers those that
//! were signed. What is to be uploaded is held to its length and its type that way.

use axum::http::StatusCode;
use axum::http::request::Parts;
use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit, Mac};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use sha2::{Digest, Sha256};

use crate::s3::answers::S3Error;
use crate::s3::request::Query;

/// All but what a URL may have as it is (RFC 3986).
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');
const RESERVED_IN_PATH: &AsciiSet = &RESERVED.remove(b'/');

/// Refuses a presigned request that is not the one that was signed with this secret.
pub(super) fn check_signature(parts: &Parts, query: &Query, secret: &str) -> Result<(), S3Error> {
    let Some(signature) = query.get("X-Amz-Signature") else {
        return Ok(());
    };
    let malformed = || {
        let message = "Query-string authentication requires the parameters of Signature Version 4";
        let code = "AuthorizationQueryParametersError";
        S3Error::new(StatusCode::BAD_REQUEST, code, message)
    };
    let asked = |name: &str| query.get(name).ok_or_else(malformed);
    let date = asked("X-Amz-Date")?;
    let (_, scope) = asked("X-Amz-Credential")?
        .split_once('/')
        .ok_or_else(malformed)?;
    let signed: Vec<&str> = asked("X-Amz-SignedHeaders")?.split(';').collect();
    let request = canonical(parts, query, &signed)?;
    let text = format!(
        "AWS4-HMAC-SHA256\n{date}\n{scope}\n{}",
        HEXLOWER.encode(&Sha256::digest(request))
    );
    let mut key = format!("AWS4{secret}").into_bytes();
    for part in scope.split('/') {
        key = mac(&key, part);
    }
    match HEXLOWER.encode(&mac(&key, &text)) == signature {
        true => Ok(()),
        false => {
            let message = "The request signature we calculated does not match the signature you \
                           provided. Check your key and signing method.";
            let code = "SignatureDoesNotMatch";
            Err(S3Error::new(StatusCode::FORBIDDEN, code, message))
        }
    }
}

/// The request as it is signed.
fn canonical(parts: &Parts, query: &Query, signed: &[&str]) -> Result<String, S3Error> {
    // Whatever says what is done has to be signed.
    let mut own = parts.headers.keys().map(|name| name.as_str());
    if let Some(name) = own.find(|name| name.starts_with("x-amz-") && !signed.contains(name)) {
        let message =
            format!("There were headers present in the request which were not signed: {name}");
        return Err(S3Error::new(StatusCode::FORBIDDEN, "AccessDenied", message));
    }
    let path = percent_decode_str(parts.uri.path()).decode_utf8_lossy();
    let path = utf8_percent_encode(&path, RESERVED_IN_PATH);
    let mut pairs: Vec<(String, String)> = query
        .all()
        .filter(|(name, _)| *name != "X-Amz-Signature")
        .map(|(name, value)| {
            let encoded = |text: &str| utf8_percent_encode(text, RESERVED).to_string();
            (encoded(name), encoded(value))
        })
        .collect();
    pairs.sort();
    let pairs: Vec<String> = pairs
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let headers: String = signed
        .iter()
        .map(|name| {
            let values = parts.headers.get_all(*name).iter();
            let values: Vec<String> = values
                .map(|value| String::from_utf8_lossy(value.as_bytes()).trim().to_owned())
                .collect();
            format!("{name}:{}\n", values.join(","))
        })
        .collect();
    Ok(format!(
        "{}\n{path}\n{}\n{headers}\n{}\nUNSIGNED-PAYLOAD",
        parts.method,
        pairs.join("&"),
        signed.join(";"),
    ))
}

fn mac(key: &[u8], text: &str) -> Vec<u8> {
    // HMAC takes keys of any length; the error is only in the type.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else {
        return Vec::new();
    };
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::Request;

    /// The example of the S3 API Reference, "Using Query Parameters".
    const EXAMPLE: &str = "/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256\
        &X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request\
        &X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host\
        &X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404";
    const SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

    fn check(method: &str, url: &str, headers: &[(&str, &str)], secret: &str) -> &'static str {
        let request = Request::builder().method(method).uri(url);
        let request = request.header("host", "examplebucket.s3.amazonaws.com");
        let request = headers.iter().fold(request, |request, (name, value)| {
            request.header(*name, *value)
        });
        let parts = request.body(()).unwrap().into_parts().0;
        let checked = check_signature(&parts, &Query::of(&parts), secret);
        checked.err().map_or("good", |error| error.code)
    }

    #[test]
    fn awss_example_is_good_and_nothing_else_is() {
        assert_eq!(check("GET", EXAMPLE, &[], SECRET), "good");
        let other = "SignatureDoesNotMatch";
        assert_eq!(check("PUT", EXAMPLE, &[], SECRET), other);
        assert_eq!(check("GET", EXAMPLE, &[], "another"), other);
        for (from, to) in [
            ("/test.txt", "/tést.txt"),
            ("86400", "86401"),
            ("20130524T000000Z", "20130524T000001Z"),
            (
                "&X-Amz-Signature",
                "&response-content-type=text%2Fhtml&X-Amz-Signature",
            ),
            ("SignedHeaders=host", "SignedHeaders=host%3Brange"),
        ] {
            let changed = EXAMPLE.replace(from, &to.replace('é', "%C3%A9"));
            assert_eq!(check("GET", &changed, &[], SECRET), other, "{to}");
        }
        let acl = [("x-amz-acl", "public-read")];
        assert_eq!(check("GET", EXAMPLE, &acl, SECRET), "AccessDenied");
        assert_eq!(
            check("GET", EXAMPLE, &[("range", "bytes=0-1")], SECRET),
            "good"
        );
        assert_eq!(check("GET", "/test.txt", &[], SECRET), "good");
        assert_eq!(
            check("GET", "/test.txt?X-Amz-Signature=f00", &[], SECRET),
            "AuthorizationQueryParametersError"
        );
    }
}
