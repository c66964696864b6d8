//! Unguessable tokens for people who do not sign in: the survey's link and the
//! address that replies go to.
//!
//! A token says what it is for, names the ticket and is sealed with
//! HMAC-SHA-256, so nothing is stored for it and none can be made up. It has 52
//! characters of lower-case base32: it survives links, mail readers that fold
//! case, and fits the local part of an address behind `soporte+`.

use data_encoding::{BASE32_NOPAD, Encoding};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use ulid::Ulid;

use crate::ids::TicketId;

const SEAL_LEN: usize = 14;
const TOKEN_LEN: usize = 2 + 16 + SEAL_LEN;

/// What a token lets its holder do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenUse {
    /// Answer the survey of one solution; `round` counts the reopenings before
    /// it, so that the survey of an earlier solution no longer works.
    Survey { round: u8 },
    /// Reply to the mails of a ticket, as one of its audiences.
    Reply(Audience),
    /// See a ticket and answer on it as its requester, without signing in: the link
    /// of the mails that go to him alone. `edition` counts how often it was
    /// revoked, so that the links of earlier mails no longer work.
    Link { edition: u8 },
}

/// Whom a mail is written for; it decides what the mail may tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    Requester,
    Desk,
    Officer,
    Provider,
}

/// The secret that tokens are sealed with, and those that it was before.
#[derive(Clone)]
pub struct TokenSecret {
    seals: Key,
    /// What was sealed with one of these counts, too.
    retired: Vec<Key>,
}

#[derive(Clone)]
struct Key(Vec<u8>);

impl TokenSecret {
    /// Fewest bytes of a secret.
    pub const MIN_LEN: usize = 32;

    /// A secret from configuration, and after commas those that it was before;
    /// `None` when one is too short to be one.
    pub fn new(secrets: &str) -> Option<Self> {
        let mut keys = secrets.split(',').map(|secret| {
            let secret = secret.trim();
            (secret.len() >= Self::MIN_LEN).then(|| Key(secret.as_bytes().to_vec()))
        });
        Some(TokenSecret {
            seals: keys.next()??,
            retired: keys.collect::<Option<_>>()?,
        })
    }

    /// The token for `what` on `ticket`; always the same for the same two.
    pub fn issue(&self, what: TokenUse, ticket: TicketId) -> String {
        let [kind, round] = header(what);
        let mut bytes = [0; TOKEN_LEN];
        bytes[0] = kind;
        bytes[1] = round;
        bytes[2..18].copy_from_slice(&ticket.0.to_bytes());
        let seal = self.seals.seal(&bytes[..18]);
        bytes[18..].copy_from_slice(&seal);
        encoding().encode(&bytes).to_ascii_lowercase()
    }

    /// What a token is for, and on which ticket; `None` for anything that none of
    /// these secrets sealed.
    pub fn verify(&self, token: &str) -> Option<(TokenUse, TicketId)> {
        let bytes = encoding()
            .decode(token.to_ascii_uppercase().as_bytes())
            .ok()?;
        let bytes: [u8; TOKEN_LEN] = bytes.try_into().ok()?;
        let (content, seal) = bytes.split_at(18);
        let mut keys = std::iter::once(&self.seals).chain(&self.retired);
        if !keys.any(|key| key.sealed(content, seal)) {
            return None;
        }
        let what = match (bytes[0], bytes[1]) {
            (1, round) => TokenUse::Survey { round },
            (2, 0) => TokenUse::Reply(Audience::Requester),
            (2, 1) => TokenUse::Reply(Audience::Desk),
            (2, 2) => TokenUse::Reply(Audience::Officer),
            (2, 3) => TokenUse::Reply(Audience::Provider),
            (3, edition) => TokenUse::Link { edition },
            (_, _) => return None,
        };
        let id: [u8; 16] = bytes[2..18].try_into().ok()?;
        Some((what, TicketId(Ulid::from_bytes(id))))
    }
}

impl Key {
    fn mac(&self, content: &[u8]) -> Option<Hmac<Sha256>> {
        // HMAC takes keys of any length; the error is only in the type.
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).ok()?;
        mac.update(content);
        Some(mac)
    }

    fn seal(&self, content: &[u8]) -> [u8; SEAL_LEN] {
        let mut seal = [0; SEAL_LEN];
        if let Some(mac) = self.mac(content) {
            seal.copy_from_slice(&mac.finalize().into_bytes()[..SEAL_LEN]);
        }
        seal
    }

    fn sealed(&self, content: &[u8], seal: &[u8]) -> bool {
        self.mac(content)
            .is_some_and(|mac| mac.verify_truncated_left(seal).is_ok())
    }
}

fn header(what: TokenUse) -> [u8; 2] {
    match what {
        TokenUse::Survey { round } => [1, round],
        TokenUse::Reply(Audience::Requester) => [2, 0],
        TokenUse::Reply(Audience::Desk) => [2, 1],
        TokenUse::Reply(Audience::Officer) => [2, 2],
        TokenUse::Reply(Audience::Provider) => [2, 3],
        TokenUse::Link { edition } => [3, edition],
    }
}

fn encoding() -> Encoding {
    BASE32_NOPAD
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(fill: &str) -> TokenSecret {
        TokenSecret::new(&fill.repeat(32)).unwrap()
    }

    #[test]
    fn a_token_comes_back_as_it_was_issued() {
        let id = TicketId(Ulid::from_string("01ARZ3NDEKTSV4RRFFQ69G5FAV").unwrap());
        for what in [
            TokenUse::Survey { round: 0 },
            TokenUse::Survey { round: 7 },
            TokenUse::Reply(Audience::Requester),
            TokenUse::Reply(Audience::Desk),
            TokenUse::Reply(Audience::Officer),
            TokenUse::Reply(Audience::Provider),
            TokenUse::Link { edition: 0 },
            TokenUse::Link { edition: 255 },
        ] {
            let token = secret("a").issue(what, id);
            assert_eq!(token.len(), 52);
            assert_eq!(secret("a").verify(&token), Some((what, id)));
            assert_eq!(
                secret("a").verify(&token.to_ascii_uppercase()),
                Some((what, id))
            );
            assert_eq!(secret("b").verify(&token), None);
        }
    }

    #[test]
    fn what_was_sealed_before_counts_until_its_secret_is_gone() {
        let id = TicketId(Ulid::from_string("01ARZ3NDEKTSV4RRFFQ69G5FAV").unwrap());
        let what = TokenUse::Reply(Audience::Desk);
        let [old, new] = ["a".repeat(32), "b".repeat(40)];
        let before = TokenSecret::new(&old).unwrap().issue(what, id);
        let both = TokenSecret::new(&format!("{new}, {old}")).unwrap();
        assert_eq!(both.verify(&before), Some((what, id)));
        let after = both.issue(what, id);
        assert_ne!(after, before);
        let alone = TokenSecret::new(&new).unwrap();
        assert_eq!(alone.issue(what, id), after);
        assert_eq!(alone.verify(&after), Some((what, id)));
        assert_eq!(alone.verify(&before), None);
    }

    #[test]
    fn no_short_secret_is_one() {
        let long = "a".repeat(32);
        for secrets in [
            "",
            ",",
            &"a".repeat(31),
            &format!("{long},"),
            &format!(",{long}"),
            &format!("{long},{}", "b".repeat(31)),
            &format!("{long},    {}", "b".repeat(30)),
        ] {
            assert!(TokenSecret::new(secrets).is_none(), "{secrets}");
        }
    }

    #[test]
    fn no_changed_token_is_taken() {
        let id = TicketId(Ulid::from_string("01ARZ3NDEKTSV4RRFFQ69G5FAV").unwrap());
        let token = secret("a").issue(TokenUse::Survey { round: 0 }, id);
        for at in 0..token.len() {
            let mut other = token.clone().into_bytes();
            other[at] = if other[at] == b'a' { b'b' } else { b'a' };
            let other = String::from_utf8(other).unwrap();
            assert_eq!(secret("a").verify(&other), None, "{other}");
        }
        for text in ["", "x", "🖨", &token[1..], &format!("{token}a")] {
            assert_eq!(secret("a").verify(text), None, "{text}");
        }
    }
}
