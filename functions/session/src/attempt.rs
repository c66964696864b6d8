//! A sign-in that is under way: what has to be there still when the browser comes
//! back from the issuer.

use std::time::Duration;

use cloud::session::{NoRandomness, unguessable};
use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Serialize};

/// The cookie that keeps it. By its prefix no other host of the domain can put one
/// there, and with it its own state.
pub const COOKIE: &str = "__Host-entrada";

/// How long somebody may take at the issuer.
pub const LASTS: Duration = Duration::from_secs(10 * 60);

/// Longest path that somebody is sent to; a browser keeps 4 kB of a cookie.
const MAX_PATH: usize = 1_000;

/// A sign-in that is under way. It is its browser's own, and no secret to it: whoever
/// changes it fails.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Attempt {
    /// Comes back in the address: whoever was sent back without having asked does not
    /// know it.
    pub state: String,
    /// Comes back in the token: it is about this sign-in and no earlier one.
    pub nonce: String,
    /// Whoever only saw the code does not know it (PKCE).
    pub verifier: String,
    /// Where to go after it.
    to: String,
}

impl Attempt {
    /// A new one.
    ///
    /// # Errors
    /// When the machine has no randomness.
    pub fn new(to: Path) -> Result<Self, NoRandomness> {
        Ok(Attempt {
            state: unguessable()?,
            nonce: unguessable()?,
            verifier: unguessable()?,
            to: to.0,
        })
    }

    /// As the cookie has it.
    pub fn cookie(&self) -> String {
        let text = serde_json::to_vec(self).unwrap_or_default();
        BASE64URL_NOPAD.encode(&text)
    }

    /// What a cookie says; `None` where it is none of ours.
    pub fn of_cookie(value: &str) -> Option<Self> {
        let text = BASE64URL_NOPAD.decode(value.as_bytes()).ok()?;
        serde_json::from_slice(&text).ok()
    }

    /// Where to go after it. A cookie is what a browser says: it is looked at again.
    pub fn to(&self) -> Path {
        Path::of(&self.to)
    }
}

/// A path of this host, with its query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path(String);

impl Path {
    /// The path that a text is; the first page, where it is none. A text that a
    /// browser might take for another host's address is none: it reads a backslash
    /// as a slash, and does not see tabs and line ends at all.
    pub fn of(text: &str) -> Self {
        let is_path = text.starts_with('/')
            && !text.starts_with("//")
            && text.len() <= MAX_PATH
            && text.bytes().all(|b| b.is_ascii_graphic() && b != b'\\');
        Path(if is_path { text } else { "/" }.to_owned())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_of_this_host() {
        for path in [
            "/",
            "/cola",
            "/solicitudes/7?hecho=x&q=a%20b#s",
            "/a//b",
            "/@x",
        ] {
            assert_eq!(Path::of(path).as_str(), path);
        }
        let long = format!("/{}", "a".repeat(MAX_PATH));
        for elsewhere in [
            "",
            "cola",
            "//evil.example",
            "///evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "/a\\b",
            "https://evil.example",
            "https:evil.example",
            "javascript:alert(1)",
            "/\t/evil.example",
            "/\n/evil.example",
            "\t//evil.example",
            " //evil.example",
            "/ /evil.example",
            "/ñ",
            &long,
        ] {
            assert_eq!(Path::of(elsewhere).as_str(), "/", "{elsewhere:?}");
        }
    }

    #[test]
    fn a_cookie_brings_it_back_and_nothing_else_does() {
        let attempt = Attempt::new(Path::of("/cola")).unwrap();
        let cookie = attempt.cookie();
        assert_eq!(Attempt::of_cookie(&cookie), Some(attempt.clone()));
        assert_ne!(Attempt::new(Path::of("/cola")).unwrap(), attempt);
        let forged = r#"{"state":"s","nonce":"n","verifier":"v","to":"//evil.example"}"#;
        let forged = Attempt::of_cookie(&BASE64URL_NOPAD.encode(forged.as_bytes())).unwrap();
        assert_eq!(forged.to().as_str(), "/");
        for nothing in ["", "x", "{}", &cookie[1..], &BASE64URL_NOPAD.encode(b"{}")] {
            assert_eq!(Attempt::of_cookie(nothing), None, "{nothing}");
        }
    }
}
