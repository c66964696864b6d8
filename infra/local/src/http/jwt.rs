//! The HTTP API's JWT authorizer, and the issuer that it trusts here.

use std::collections::HashMap;
use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use emulator::clock;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use rsa::pkcs1::EncodeRsaPrivateKey;
use rsa::pkcs8::{DecodePrivateKey, EncodePrivateKey, LineEnding};
use rsa::rand_core::OsRng;
use rsa::traits::PublicKeyParts;
use rsa::{RsaPrivateKey, RsaPublicKey};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use template::Authorizer;

/// How many tokens are remembered to be signed.
const REMEMBERED: usize = 1_024;

/// Whom an id token is about.
pub(super) struct Holder<'a> {
    pub(super) email: &'a str,
    pub(super) name: Option<&'a str>,
    /// What the client wants to see again.
    pub(super) nonce: Option<&'a str>,
}

/// What a token says of whoever carries it.
pub(crate) type Claims = Arc<Map<String, Value>>;

/// Why there is no signing key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file cannot be read or written.
    #[error("the signing key: {0}")]
    File(#[from] io::Error),
    /// The file is not a key.
    #[error("the signing key: {0}")]
    Format(#[from] rsa::pkcs8::Error),
    /// The key cannot be written in the form that tokens are signed with.
    #[error("the signing key: {0}")]
    Encoding(#[from] rsa::pkcs1::Error),
    /// No key could be made.
    #[error("the signing key: {0}")]
    Generation(#[from] rsa::Error),
}

/// Signs development tokens and checks every token.
pub(crate) struct Jwt {
    authorizer: Authorizer,
    signing_key: EncodingKey,
    key: DecodingKey,
    key_id: String,
    modulus: String,
    exponent: String,
    /// Claims of tokens whose signature has been checked, by their digest.
    signed: Mutex<HashMap<[u8; 32], Claims>>,
}

impl Jwt {
    /// Uses the key in `path`, or a new one that is kept there.
    pub(crate) fn open(path: &Path, authorizer: Authorizer) -> Result<Self, KeyError> {
        let key = match fs::read_to_string(path) {
            Ok(pem) => RsaPrivateKey::from_pkcs8_pem(&pem)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let key = RsaPrivateKey::new(&mut OsRng, 2_048)?;
                write_secret(path, key.to_pkcs8_pem(LineEnding::LF)?.as_bytes())?;
                key
            }
            Err(error) => return Err(error.into()),
        };
        let public = RsaPublicKey::from(&key);
        let (modulus, exponent) = (public.n().to_bytes_be(), public.e().to_bytes_be());
        Ok(Self {
            authorizer,
            signing_key: EncodingKey::from_rsa_der(key.to_pkcs1_der()?.as_bytes()),
            key: DecodingKey::from_rsa_raw_components(&modulus, &exponent),
            key_id: data_encoding::HEXLOWER.encode(&Sha256::digest(&modulus)[..8]),
            modulus: BASE64_URL_SAFE_NO_PAD.encode(modulus),
            exponent: BASE64_URL_SAFE_NO_PAD.encode(exponent),
            signed: Mutex::default(),
        })
    }

    /// A signed token for `email` that expires in `expires_in` seconds.
    pub(crate) fn token(
        &self,
        email: &str,
        expires_in: i64,
        audience: Option<&str>,
    ) -> jsonwebtoken::errors::Result<String> {
        let mut header = Header::new(Algorithm::RS256);
        header.kid = Some(self.key_id.clone());
        let now = clock::now().as_second();
        let claims = json!({
            "iss": self.authorizer.issuer,
            "sub": email,
            "aud": audience.or(self.authorizer.audiences.first().map(String::as_str)),
            "iat": now.min(now.saturating_add(expires_in)),
            "exp": now.saturating_add(expires_in),
            "email": email,
            "email_verified": true,
        });
        encode(&header, &claims, &self.signing_key)
    }

    /// An id token for a client, at `now` in epoch seconds.
    pub(super) fn id_token(
        &self,
        holder: &Holder<'_>,
        client: &str,
        now: i64,
        lasts: i64,
    ) -> jsonwebtoken::errors::Result<String> {
        let mut header = Header::new(Algorithm::RS256);
        header.kid = Some(self.key_id.clone());
        let mut claims = json!({
            "iss": self.authorizer.issuer,
            "sub": holder.email,
            "aud": client,
            "iat": now,
            "exp": now.saturating_add(lasts),
            "email": holder.email,
            "email_verified": true,
        });
        for (name, value) in [("name", holder.name), ("nonce", holder.nonce)] {
            if let Some(value) = value {
                claims[name] = value.into();
            }
        }
        encode(&header, &claims, &self.signing_key)
    }

    /// The claims of a token that the API accepts now; `None` for any other.
    pub(crate) fn accept(&self, token: &str) -> Option<Claims> {
        let digest: [u8; 32] = Sha256::digest(token.as_bytes()).into();
        let known = self.lock_signed().get(&digest).cloned();
        let claims = match known {
            Some(claims) => claims,
            None => {
                let claims = Arc::new(self.signed_claims(token)?);
                let mut signed = self.lock_signed();
                // Starting afresh is as good as forgetting the oldest: a token
                // that is in use comes back at once.
                if signed.len() >= REMEMBERED {
                    signed.clear();
                }
                signed.insert(digest, Arc::clone(&claims));
                claims
            }
        };
        self.are_valid(&claims, clock::now().as_second())
            .then_some(claims)
    }

    fn lock_signed(&self) -> MutexGuard<'_, HashMap<[u8; 32], Claims>> {
        self.signed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The claims of a token that this issuer has signed, whatever they say.
    fn signed_claims(&self, token: &str) -> Option<Map<String, Value>> {
        let mut validation = Validation::new(Algorithm::RS256);
        validation.required_spec_claims.clear();
        validation.validate_exp = false;
        validation.validate_aud = false;
        let data = decode::<Map<String, Value>>(token, &self.key, &validation).ok()?;
        (data.header.kid.as_deref() == Some(self.key_id.as_str())).then_some(data.claims)
    }

    /// The checks that API Gateway documents for the claims, without leeway.
    fn are_valid(&self, claims: &Map<String, Value>, now: i64) -> bool {
        let seconds = |name: &str| match claims.get(name) {
            None => Ok(None),
            Some(value) => value.as_f64().map(|value| Some(value as i64)).ok_or(()),
        };
        let (Ok(Some(expires)), Ok(not_before), Ok(issued)) =
            (seconds("exp"), seconds("nbf"), seconds("iat"))
        else {
            return false;
        };
        let accepted = |value: &Value| {
            self.authorizer
                .audiences
                .iter()
                .any(|audience| value == audience)
        };
        // `client_id` counts only where there is no `aud`.
        let audience = match claims.get("aud").or(claims.get("client_id")) {
            Some(Value::Array(all)) => all.iter().any(accepted),
            Some(one) => accepted(one),
            None => false,
        };
        claims
            .get("iss")
            .is_some_and(|issuer| issuer == &self.authorizer.issuer)
            && audience
            && expires > now
            && not_before.is_none_or(|moment| moment <= now)
            && issued.is_none_or(|moment| moment <= now)
    }

    /// The OpenID Connect discovery document.
    pub(crate) fn discovery(&self) -> Value {
        let issuer = &self.authorizer.issuer;
        json!({
            "issuer": issuer,
            "authorization_endpoint": format!("{issuer}/oidc/authorize"),
            "token_endpoint": format!("{issuer}/oidc/token"),
            "jwks_uri": format!("{issuer}/jwks.json"),
            "response_types_supported": ["code"],
            "grant_types_supported": ["authorization_code"],
            "subject_types_supported": ["public"],
            "scopes_supported": ["openid", "email", "profile"],
            "claims_supported": ["sub", "email", "email_verified", "name"],
            "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            "id_token_signing_alg_values_supported": ["RS256"],
        })
    }

    /// The public key, as a JSON Web Key Set.
    pub(crate) fn key_set(&self) -> Value {
        json!({ "keys": [{
            "kty": "RSA",
            "use": "sig",
            "alg": "RS256",
            "kid": self.key_id,
            "n": self.modulus,
            "e": self.exponent,
        }] })
    }
}

/// What nobody guesses.
pub(super) fn random() -> String {
    let mut random = [0; 32];
    rsa::rand_core::RngCore::fill_bytes(&mut OsRng, &mut random);
    data_encoding::HEXLOWER.encode(&random)
}

/// The secret in `path`, or a new random one that is kept there.
pub(crate) fn kept_secret(path: &Path) -> io::Result<String> {
    match fs::read_to_string(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let secret = random();
            write_secret(path, secret.as_bytes())?;
            Ok(secret)
        }
        read => read,
    }
}

/// Writes a file that nobody else may read, whole or not at all.
fn write_secret(path: &Path, content: &[u8]) -> io::Result<()> {
    let draft = path.with_extension("draft");
    let mut options = fs::OpenOptions::new();
    let mut file = options
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&draft)?;
    file.write_all(content)?;
    file.sync_all()?;
    fs::rename(draft, path)
}
