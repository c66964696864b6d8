//! What buckets are set up with.

/// A bucket as it is to be.
#[derive(Clone, Debug)]
pub struct Bucket {
    /// What it is called.
    pub name: String,
    /// What pages of other origins may do with it; the first rule that fits counts.
    pub cors: Vec<CorsRule>,
}

/// A rule of a bucket for pages of other origins. In each text, `*` stands for
/// anything once.
#[derive(Clone, Debug)]
pub struct CorsRule {
    /// Where pages may come from.
    pub origins: Vec<String>,
    /// What they may do.
    pub methods: Vec<String>,
    /// Headers that they may send.
    pub headers: Vec<String>,
    /// Headers that they may read.
    pub exposed: Vec<String>,
}

impl CorsRule {
    /// Whether it lets a request pass that has these headers, separated by
    /// commas.
    pub(super) fn allows(&self, origin: &str, method: &str, headers: &str) -> bool {
        let allowed = |patterns: &[String], text: &str| patterns.iter().any(|p| matches(p, text));
        let mut headers = headers
            .split(',')
            .map(str::trim)
            .filter(|name| !name.is_empty());
        allowed(&self.origins, origin)
            && allowed(&self.methods, method)
            && headers.all(|name| allowed(&self.headers, name))
    }
}

/// Whether a text matches a pattern with one `*` at most. Case does not matter.
fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.to_lowercase(), text.to_lowercase());
    match pattern.split_once('*') {
        None => pattern == text,
        Some((head, tail)) => {
            let rest = text.strip_prefix(head);
            rest.is_some_and(|rest| rest.ends_with(tail))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match() {
        for (pattern, text, expected) in [
            ("a", "a", true),
            ("a", "ab", false),
            ("*", "", true),
            ("x-amz-*", "X-Amz-Date", true),
            ("https://*.example.org", "https://a.example.org", true),
            ("https://*.example.org", "https://example.org", false),
            ("a*a", "a", false),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
    }
}
