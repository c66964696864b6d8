//! What `ClientRequestToken` promises: a transaction that the SDK sends again
//! is carried out once.
//!
//! dynoxide keeps the same promise, and looks through every token of the last
//! ten minutes at each call: at two hundred transactions a second that is most
//! of what a host does. Here what has expired is at one end of a queue.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use dynoxide::DynoxideError;
use sha2::{Digest, Sha256};

/// How long DynamoDB remembers a token.
const REMEMBERED: Duration = Duration::from_secs(600);

type Fingerprint = [u8; 32];

/// The transactions of the last ten minutes.
#[derive(Default)]
pub(super) struct Tokens(Mutex<Known>);

#[derive(Default)]
struct Known {
    answers: HashMap<String, (Fingerprint, Option<String>)>,
    by_age: VecDeque<(Instant, String)>,
}

impl Tokens {
    /// Carries out a transaction once: `token` and `body` are the request's.
    pub(super) fn once(
        &self,
        token: &str,
        body: &[u8],
        carry_out: impl FnOnce() -> Result<String, DynoxideError>,
    ) -> Result<String, DynoxideError> {
        let fingerprint: Fingerprint = Sha256::digest(body).into();
        {
            let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            known.forget();
            match known.answers.get(token) {
                Some((other, _)) if *other != fingerprint => {
                    return Err(DynoxideError::IdempotentParameterMismatchException(
                        "the token came with another transaction before".to_owned(),
                    ));
                }
                Some((_, Some(answer))) => return Ok(answer.clone()),
                // The SDK tries again after this one.
                Some((_, None)) => {
                    return Err(DynoxideError::InternalServerError(
                        "the transaction is in progress".to_owned(),
                    ));
                }
                None => {}
            }
            known.answers.insert(token.to_owned(), (fingerprint, None));
            known.by_age.push_back((Instant::now(), token.to_owned()));
        }
        let carried_out = carry_out();
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &carried_out {
            Ok(answer) => {
                let entry = (fingerprint, Some(answer.clone()));
                known.answers.insert(token.to_owned(), entry);
            }
            // What failed may be tried again.
            Err(_) => {
                known.answers.remove(token);
            }
        }
        carried_out
    }

    /// Whether a transaction with this token was carried out.
    pub(super) fn is_done(&self, token: &str) -> bool {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let answer = known.answers.get(token);
        answer.is_some_and(|(_, answer)| answer.is_some())
    }
}

impl Known {
    fn forget(&mut self) {
        while let Some((at, _)) = self.by_age.front()
            && at.elapsed() > REMEMBERED
        {
            if let Some((_, token)) = self.by_age.pop_front() {
                self.answers.remove(&token);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transaction_is_carried_out_once() {
        let tokens = Tokens::default();
        let failed = || Err(DynoxideError::InternalServerError(String::new()));
        assert!(tokens.once("a", b"1", failed).is_err());
        assert_eq!(
            tokens.once("a", b"1", || Ok("first".to_owned())).unwrap(),
            "first"
        );
        assert_eq!(
            tokens.once("a", b"1", || Ok("second".to_owned())).unwrap(),
            "first"
        );
        let other = tokens.once("a", b"2", || Ok("third".to_owned()));
        assert!(matches!(
            other,
            Err(DynoxideError::IdempotentParameterMismatchException(_))
        ));
    }
}
