//! The HTTP API's routes, for telling an unknown path from a wrong method. A
//! test compares them with what `template.yaml` wires.

/// Method and path of every route; parameters stand in braces.
pub const ROUTES: [(&str, &str); 28] = [
    ("POST", "/tickets"),
    ("GET", "/tickets"),
    ("GET", "/tickets/{ref}"),
    ("GET", "/tickets/{ref}/events"),
    ("POST", "/tickets/{ref}/assignment"),
    ("POST", "/tickets/{ref}/contact"),
    ("POST", "/tickets/{ref}/category"),
    ("POST", "/tickets/{ref}/followups"),
    ("GET", "/tickets/{ref}/clocks"),
    ("POST", "/tickets/{ref}/hold"),
    ("POST", "/tickets/{ref}/resume"),
    ("POST", "/tickets/{ref}/escalation"),
    ("POST", "/tickets/{ref}/return"),
    ("POST", "/tickets/{ref}/provider"),
    ("POST", "/tickets/{ref}/provider-reply"),
    ("POST", "/tickets/{ref}/solution-report"),
    ("POST", "/tickets/{ref}/resolution"),
    ("POST", "/tickets/{ref}/decline"),
    ("POST", "/tickets/{ref}/rejection"),
    ("POST", "/tickets/{ref}/closure"),
    ("GET", "/tickets/{ref}/attachments/{id}"),
    ("GET", "/mail/refused"),
    ("POST", "/mail/refused/{id}/acceptance"),
    ("GET", "/reports/mail"),
    ("GET", "/surveys/{token}"),
    ("POST", "/surveys/{token}"),
    ("GET", "/catalog"),
    ("PUT", "/catalog"),
];

/// The methods that a path has, for a request that no route takes: none where
/// the path itself is unknown.
pub fn methods_of(path: &str) -> Vec<&'static str> {
    let matches = |pattern: &str| {
        let (mut wanted, mut found) = (pattern.split('/'), path.split('/'));
        loop {
            match (wanted.next(), found.next()) {
                (None, None) => return true,
                (Some(w), Some(f)) if w == f || (w.starts_with('{') && !f.is_empty()) => {}
                (_, _) => return false,
            }
        }
    };
    ROUTES
        .iter()
        .filter(|(_, pattern)| matches(pattern))
        .map(|(method, _)| *method)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods() {
        for (path, methods) in [
            ("/tickets", &["POST", "GET"][..]),
            ("/tickets/7", &["GET"]),
            ("/tickets/", &[]),
            ("/tickets/7/contact", &["POST"]),
            ("/tickets/7/contact/x", &[]),
            ("/", &[]),
        ] {
            assert_eq!(methods_of(path), methods, "{path}");
        }
    }
}
