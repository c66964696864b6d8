//! What a page of another origin is told of its request to the HTTP API.

use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use template::Cors;

/// Whether a request only asks what may be sent.
pub(super) fn is_preflight(parts: &Parts) -> bool {
    let asks = parts
        .headers
        .contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    parts.method == Method::OPTIONS && asks
}

/// The headers of the answer to a request of a page, where the API has a rule for such
/// and its origin is one of it. API Gateway answers others as if there were none, and
/// leaves it to the browser to keep the answer from the page.
pub(super) fn headers(cors: &Cors, parts: &Parts) -> Option<HeaderMap> {
    let origin = parts.headers.get(header::ORIGIN)?;
    let named = origin.to_str().ok()?;
    let known = |allowed: &String| allowed == "*" || allowed.eq_ignore_ascii_case(named);
    if !cors.origins.iter().any(known) {
        return None;
    }
    let mut headers = HeaderMap::new();
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
    headers.insert(header::VARY, HeaderValue::from_static("Origin"));
    let mut list = |name: HeaderName, values: &[String]| {
        if let Ok(value) = HeaderValue::from_str(&values.join(","))
            && !values.is_empty()
        {
            headers.insert(name, value);
        }
    };
    match is_preflight(parts) {
        true => {
            list(header::ACCESS_CONTROL_ALLOW_METHODS, &cors.methods);
            list(header::ACCESS_CONTROL_ALLOW_HEADERS, &cors.headers);
        }
        false => list(header::ACCESS_CONTROL_EXPOSE_HEADERS, &cors.exposed),
    }
    Some(headers)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::Request;

    fn told(method: Method, origin: &str, asks: bool) -> Option<Vec<(String, String)>> {
        let cors = Cors {
            origins: vec!["https://intranet.example".to_owned()],
            methods: vec!["GET".to_owned(), "POST".to_owned()],
            headers: vec!["authorization".to_owned()],
            exposed: vec!["location".to_owned()],
        };
        let request = Request::builder().method(method).header("origin", origin);
        let request = match asks {
            true => request.header("access-control-request-method", "POST"),
            false => request,
        };
        let parts = request.body(()).unwrap().into_parts().0;
        let headers = headers(&cors, &parts)?;
        let text = |value: &HeaderValue| value.to_str().unwrap().to_owned();
        let told = headers
            .iter()
            .map(|(name, value)| (name.to_string(), text(value)));
        Some(told.collect())
    }

    #[test]
    fn pages_of_the_origins_that_are_named_are_let_in() {
        let page = "https://intranet.example";
        let of = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(
            told(Method::OPTIONS, page, true).unwrap(),
            [
                of("access-control-allow-origin", page),
                of("vary", "Origin"),
                of("access-control-allow-methods", "GET,POST"),
                of("access-control-allow-headers", "authorization"),
            ]
        );
        assert_eq!(
            told(Method::POST, page, false).unwrap()[2],
            of("access-control-expose-headers", "location")
        );
        assert_eq!(told(Method::POST, "https://evil.example", false), None);
        assert_eq!(
            told(Method::POST, "https://intranet.example.evil", false),
            None
        );
    }
}
