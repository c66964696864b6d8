//! Who is signed in to the pages (docs/adr/0015): a random value in a cookie, and a
//! row of the table that stands for it. Neither says what somebody may do: that is
//! looked up in the directory, at each request.

use std::time::Duration;

use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use types::ids::EmailAddress;

use crate::identity::Identity;

/// The cookie's name. By its prefix a browser takes it from this host alone, over
/// TLS (or on one machine), and for all of its paths.
pub const COOKIE: &str = "__Host-sesion";

/// How long a session lasts: a working day with its lunch, and no night.
pub const LASTS: Duration = Duration::from_secs(10 * 60 * 60);

/// Bytes of a session's value: nobody guesses it.
const BYTES: usize = 32;

/// Somebody who is signed in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Session {
    pub email: EmailAddress,
    /// What the issuer calls him; the directory's word counts before it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    pub ends_at: Timestamp,
}

impl Session {
    /// One that begins now.
    pub(crate) fn beginning(identity: &Identity, now: Timestamp) -> Self {
        let lasts = SignedDuration::try_from(LASTS).unwrap_or(SignedDuration::ZERO);
        Session {
            email: identity.email.clone(),
            name: identity.name.clone(),
            ends_at: now + lasts,
        }
    }

    /// Who he is, as the authorizer says of the API's callers.
    pub fn identity(&self) -> Identity {
        Identity {
            email: self.email.clone(),
            name: self.name.clone(),
        }
    }
}

/// So many random bytes as they may stand in a cookie or an address: what nobody is
/// to guess.
///
/// # Errors
/// When the machine has no randomness.
pub fn unguessable() -> Result<String, NoRandomness> {
    let mut bytes = [0; BYTES];
    getrandom::fill(&mut bytes).map_err(|error| NoRandomness(error.to_string()))?;
    Ok(BASE64URL_NOPAD.encode(&bytes))
}

/// The machine has no randomness.
#[derive(Debug, thiserror::Error)]
#[error("there are no random bytes: {0}")]
pub struct NoRandomness(String);

/// What the table knows a session by. Whoever reads the table learns no cookie's
/// value; what is no such value has no digest, and need not be asked for.
pub(crate) fn digest(value: &str) -> Option<String> {
    let bytes = BASE64URL_NOPAD.decode(value.as_bytes()).ok()?;
    (bytes.len() == BYTES).then(|| HEXLOWER.encode(&Sha256::digest(value.as_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_32_bytes_and_nothing_else_has_a_digest() {
        let (one, other) = (unguessable().unwrap(), unguessable().unwrap());
        assert_eq!((one.len(), one == other), (43, false));
        let (digest_of_one, digest_of_other) = (digest(&one).unwrap(), digest(&other).unwrap());
        assert_eq!(digest_of_one.len(), 64);
        assert_ne!(digest_of_one, digest_of_other);
        let longer = format!("{one}AAAA");
        let upper = format!("{}!", &one[..42]);
        // The same bytes written otherwise: the last bits of it say nothing.
        let loose = format!("{}B", "A".repeat(42));
        for wrong in ["", "x", &one[..42], &longer, &upper, &loose, "SESSION#1"] {
            assert_eq!(digest(wrong), None, "{wrong}");
        }
    }
}
