//! Which route a request takes.

use std::collections::BTreeMap;

use axum::http::Method;
use percent_encoding::percent_decode_str;
use template::{Route, Segment};

/// The first route that takes a request, and the parameters of its path.
pub(super) fn find<'a>(
    routes: &'a [Route],
    method: &Method,
    path: &str,
) -> Option<(&'a Route, BTreeMap<&'a str, String>)> {
    let segments: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    routes.iter().find_map(|route| {
        let wanted = route.method.as_deref();
        if wanted.is_some_and(|wanted| wanted != method.as_str()) {
            return None;
        }
        let Some(pattern) = &route.path else {
            return Some((route, BTreeMap::new()));
        };
        if pattern.len() != segments.len() {
            return None;
        }
        let mut parameters = BTreeMap::new();
        for (pattern, segment) in pattern.iter().zip(&segments) {
            match pattern {
                Segment::Literal(literal) if literal == segment => {}
                Segment::Parameter(name) if !segment.is_empty() => {
                    let value = percent_decode_str(segment).decode_utf8_lossy().into_owned();
                    parameters.insert(name.as_str(), value);
                }
                Segment::Literal(_) | Segment::Parameter(_) => return None,
            }
        }
        Some((route, parameters))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use template::{Place, Template};

    #[test]
    fn literal_paths_come_before_parameters_and_the_default_last() {
        let text = "
Resources:
  F:
    Type: AWS::Serverless::Function
    Metadata: { BuildProperties: { Binary: f } }
    Properties:
      Events:
        A: { Type: HttpApi, Properties: {} }
        B: { Type: HttpApi, Properties: { Path: '/tickets/{ref}' } }
        C: { Type: HttpApi, Properties: { Method: GET, Path: '/tickets/{ref}' } }
        D: { Type: HttpApi, Properties: { Method: GET, Path: /tickets/mine } }";
        let place = Place {
            account: "",
            region: "",
            endpoint: "",
        };
        let template = Template::parse(text, &[], &[], &place).unwrap();
        let found = |method: Method, path: &str| {
            find(&template.routes, &method, path).unwrap().0.key.clone()
        };
        assert_eq!(found(Method::GET, "/tickets/mine"), "GET /tickets/mine");
        assert_eq!(found(Method::GET, "/tickets/7"), "GET /tickets/{ref}");
        assert_eq!(found(Method::PUT, "/tickets/7"), "ANY /tickets/{ref}");
        assert_eq!(found(Method::GET, "/tickets/"), "$default");
        assert_eq!(found(Method::GET, "/tickets/7/events"), "$default");
    }
}
