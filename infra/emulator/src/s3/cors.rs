//! What a page of another origin is told of its request.

use axum::http::request::Parts;
use axum::http::{HeaderMap, header};

use crate::s3::answers::insert;
use crate::s3::buckets::CorsRule;
use crate::s3::request::text;

/// The headers of a bucket's rules for a request of another origin, where one
/// of them lets it pass.
pub(super) fn cors(rules: &[CorsRule], parts: &Parts) -> Option<HeaderMap> {
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
