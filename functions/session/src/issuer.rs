//! The issuer that people sign in with: where it is, the way there, and what its
//! answer is worth. The protocol is `openidconnect`'s; what is ours is whom we take.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::DateTime;
use cloud::clock;
use cloud::config::{ConfigError, Environment};
use cloud::identity::{self, GOOGLE, Identity, Unknown};
use cloud::web::{Web, WebError};
use openidconnect::core::{
    CoreAuthDisplay, CoreAuthPrompt, CoreAuthenticationFlow, CoreErrorResponseType,
    CoreGenderClaim, CoreJsonWebKey, CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm,
    CoreProviderMetadata, CoreRevocableToken, CoreRevocationErrorResponse,
    CoreTokenIntrospectionResponse, CoreTokenType,
};
use openidconnect::{
    AdditionalClaims, AsyncHttpClient, AuthorizationCode, ClaimsVerificationError, Client,
    ClientId, ClientSecret, CsrfToken, DiscoveryError, EmptyExtraTokenFields, EndpointMaybeSet,
    EndpointNotSet, EndpointSet, HttpRequest, HttpResponse, IdToken, IdTokenClaims, IdTokenFields,
    IssuerUrl, Nonce, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, RequestTokenError, Scope,
    SignatureVerificationError, StandardErrorResponse, StandardTokenResponse, TokenResponse,
};
use serde::{Deserialize, Serialize};
use types::{SignedDuration, Timestamp};

use crate::attempt::Attempt;

/// How long what the issuer says of itself is gone by. A key that is not among its
/// keys is looked for at once.
const KEPT: SignedDuration = SignedDuration::from_hours(1);

/// How far its clock and ours may be apart.
const APART: SignedDuration = SignedDuration::from_secs(60);

/// What an id token may be signed with: by a key that only the issuer has. A secret
/// that it shares with us proves nothing to us.
const ALGORITHMS: [CoreJwsSigningAlgorithm; 9] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha384,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
    CoreJwsSigningAlgorithm::RsaSsaPssSha384,
    CoreJwsSigningAlgorithm::RsaSsaPssSha512,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EcdsaP384Sha384,
    CoreJwsSigningAlgorithm::EdDsa,
];

/// The issuer, and as whom we come to it.
pub struct Issuer {
    url: IssuerUrl,
    client_id: ClientId,
    /// None: a public client.
    client_secret: Option<ClientSecret>,
    /// The entity's domains.
    domains: Vec<String>,
    http: Http,
    kept: Mutex<Option<(Timestamp, Arc<CoreProviderMetadata>)>>,
}

/// Why nobody is signed in.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// It may go well another time.
    #[error("the issuer did not answer")]
    Unreachable(#[source] WebError),
    /// The code is used, late, or somebody else's.
    #[error("the issuer does not take the code")]
    Code,
    /// Either it or we are set up wrongly.
    #[error("the issuer does not do what an issuer does: {0}")]
    Issuer(String),
    /// The id token proves nothing.
    #[error("the id token is not taken")]
    Token(#[source] ClaimsVerificationError),
    #[error("the issuer does not say that the address is his")]
    Unverified,
    #[error("the account is none of the entity's")]
    Foreign,
}

/// Whether the issuer is to ask which account it is to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Account {
    /// Whichever it knows already.
    Any,
    /// Somebody wants another one than last time.
    Chosen,
}

/// What Google says besides: the domain of the Workspace that an account is of.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Workspace {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    hd: Option<String>,
}

impl AdditionalClaims for Workspace {}

/// HTTP as the protocol wants it.
struct Http(Web);

impl<'c> AsyncHttpClient<'c> for Http {
    type Error = WebError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, WebError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.0.send(request))
    }
}

type Claims = IdTokenClaims<Workspace, CoreGenderClaim>;
type Token =
    IdToken<Workspace, CoreGenderClaim, CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm>;
type Tokens = StandardTokenResponse<
    IdTokenFields<
        Workspace,
        EmptyExtraTokenFields,
        CoreGenderClaim,
        CoreJweContentEncryptionAlgorithm,
        CoreJwsSigningAlgorithm,
    >,
    CoreTokenType,
>;
type Refusal = StandardErrorResponse<CoreErrorResponseType>;
type OurClient = Client<
    Workspace,
    CoreAuthDisplay,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJsonWebKey,
    CoreAuthPrompt,
    Refusal,
    Tokens,
    CoreTokenIntrospectionResponse,
    CoreRevocableToken,
    CoreRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

impl Issuer {
    /// Reads the configuration, and asks nobody anything.
    ///
    /// # Errors
    /// When something is missing, or the issuer's address is none.
    pub fn new(environment: &Environment) -> Result<Self, ConfigError> {
        let name = "OIDC_ISSUER";
        let url = IssuerUrl::new(environment.required(name)?);
        Ok(Issuer {
            url: url.map_err(|error| ConfigError::Malformed {
                name,
                reason: error.to_string(),
            })?,
            client_id: ClientId::new(environment.required("OIDC_CLIENT_ID")?),
            client_secret: environment
                .optional("OIDC_CLIENT_SECRET")
                .map(ClientSecret::new),
            domains: environment.list("ENTITY_DOMAINS")?,
            http: Http(Web::new(environment)),
            kept: Mutex::default(),
        })
    }

    /// Where a form may lead that begins a sign-in. The issuer may send a browser on
    /// to whoever it asks itself, over TLS.
    pub fn sources(&self) -> String {
        let url = self.url.url();
        match url.scheme() {
            "https" => "https:".to_owned(),
            _ => format!("https: {}", url.origin().ascii_serialization()),
        }
    }

    /// The address at which somebody says who he is.
    ///
    /// # Errors
    /// When the issuer cannot be asked where that is.
    pub async fn sign_in(
        &self,
        attempt: &Attempt,
        redirect_uri: &str,
        account: Account,
    ) -> Result<String, Failure> {
        let metadata = self.known().await?;
        let client = self.client(&metadata, redirect_uri)?;
        let verifier = PkceCodeVerifier::new(attempt.verifier.clone());
        let state = CsrfToken::new(attempt.state.clone());
        let nonce = Nonce::new(attempt.nonce.clone());
        let mut request = client
            .authorize_url(
                CoreAuthenticationFlow::AuthorizationCode,
                move || state,
                move || nonce,
            )
            .add_scope(Scope::new("email".to_owned()))
            .add_scope(Scope::new("profile".to_owned()))
            .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier));
        if let (true, [domain]) = (self.is_google(), self.domains.as_slice()) {
            request = request.add_extra_param("hd", domain.clone());
        }
        request = match account {
            Account::Any => request,
            Account::Chosen => request.add_prompt(CoreAuthPrompt::SelectAccount),
        };
        let (url, _, _) = request.url();
        Ok(url.into())
    }

    /// Who came back with a code.
    ///
    /// # Errors
    /// See [`Failure`].
    pub async fn identify(
        &self,
        attempt: &Attempt,
        redirect_uri: &str,
        code: &str,
    ) -> Result<Identity, Failure> {
        let metadata = self.known().await?;
        let client = self.client(&metadata, redirect_uri)?;
        let tokens = client
            .exchange_code(AuthorizationCode::new(code.to_owned()))
            .map_err(|error| Failure::Issuer(error.to_string()))?
            .set_pkce_verifier(PkceCodeVerifier::new(attempt.verifier.clone()))
            .request_async(&self.http)
            .await
            .map_err(refused)?;
        let token = tokens.id_token();
        let token = token.ok_or_else(|| Failure::Issuer("it gives no id token".to_owned()))?;
        let nonce = Nonce::new(attempt.nonce.clone());
        let now = clock::now();
        match verified(&client, token, &nonce, now) {
            // Its keys are others by now.
            Err(ClaimsVerificationError::SignatureVerification(
                SignatureVerificationError::NoMatchingKey
                | SignatureVerificationError::CryptoError(_),
            )) => {
                let metadata = self.ask().await?;
                let client = self.client(&metadata, redirect_uri)?;
                self.taken(&verified(&client, token, &nonce, now).map_err(Failure::Token)?)
            }
            claims => self.taken(&claims.map_err(Failure::Token)?),
        }
    }

    /// Whom a verified token is about, if it is somebody whom we take.
    fn taken(&self, claims: &Claims) -> Result<Identity, Failure> {
        // Whom it was made for has to be us, where it says so (`azp`).
        if claims
            .authorized_party()
            .is_some_and(|party| *party != self.client_id)
        {
            let other = "it was made for another party".to_owned();
            return Err(Failure::Token(ClaimsVerificationError::InvalidAudience(
                other,
            )));
        }
        let claims = identity::Claims {
            issuer: self.url.as_str(),
            email: claims.email().map(|email| email.as_str()),
            is_verified: claims.email_verified() == Some(true),
            workspace: claims.additional_claims().hd.as_deref(),
            name: claims
                .name()
                .and_then(|name| name.get(None))
                .map(|name| name.as_str()),
        };
        claims
            .identity(&self.domains)
            .map_err(|unknown| match unknown {
                Unknown::Unverified => Failure::Unverified,
                Unknown::Foreign => Failure::Foreign,
            })
    }

    fn is_google(&self) -> bool {
        self.url.as_str() == GOOGLE
    }

    fn client(
        &self,
        metadata: &CoreProviderMetadata,
        redirect_uri: &str,
    ) -> Result<OurClient, Failure> {
        let redirect_uri = RedirectUrl::new(redirect_uri.to_owned());
        let redirect_uri = redirect_uri.map_err(|error| Failure::Issuer(error.to_string()))?;
        let client = OurClient::from_provider_metadata(
            metadata.clone(),
            self.client_id.clone(),
            self.client_secret.clone(),
        );
        Ok(client.set_redirect_uri(redirect_uri))
    }

    /// What the issuer says of itself, its keys with it.
    async fn known(&self) -> Result<Arc<CoreProviderMetadata>, Failure> {
        {
            let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some((asked_at, metadata)) = &*kept
                && clock::now().duration_since(*asked_at) < KEPT
            {
                return Ok(Arc::clone(metadata));
            }
        }
        self.ask().await
    }

    async fn ask(&self) -> Result<Arc<CoreProviderMetadata>, Failure> {
        let asked = CoreProviderMetadata::discover_async(self.url.clone(), &self.http).await;
        let metadata = Arc::new(asked.map_err(|error| match error {
            DiscoveryError::Request(error) => Failure::Unreachable(error),
            DiscoveryError::Response(status, _, _) => {
                Failure::Issuer(format!("it answers {status} of itself"))
            }
            other => Failure::Issuer(other.to_string()),
        })?);
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        *kept = Some((clock::now(), Arc::clone(&metadata)));
        Ok(metadata)
    }
}

/// The claims of a token, if it is one for us, about this sign-in, and still good.
fn verified(
    client: &OurClient,
    token: &Token,
    nonce: &Nonce,
    now: Timestamp,
) -> Result<Claims, ClaimsVerificationError> {
    let at = |time: Timestamp| DateTime::from_timestamp(time.as_second(), 0).unwrap_or_default();
    let (earliest, latest) = (at(now - APART), at(now + APART));
    let verifier = client
        .id_token_verifier()
        .set_allowed_algs(ALGORITHMS)
        .set_time_fn(move || earliest)
        .set_issue_time_verifier_fn(move |issued| {
            let is_past = issued <= latest;
            is_past
                .then_some(())
                .ok_or_else(|| "it is of the future".to_owned())
        });
    token.claims(&verifier, nonce).cloned()
}

/// Why there are no tokens. What the issuer said in full stays out of it: there may be
/// a token in it.
fn refused(error: RequestTokenError<WebError, Refusal>) -> Failure {
    match error {
        RequestTokenError::Request(error) => Failure::Unreachable(error),
        RequestTokenError::ServerResponse(refusal) => match refusal.error() {
            CoreErrorResponseType::InvalidGrant => Failure::Code,
            other => Failure::Issuer(format!("it refuses the exchange: {}", other.as_ref())),
        },
        RequestTokenError::Parse(_, _) => {
            Failure::Issuer("its answer to the exchange cannot be read".to_owned())
        }
        RequestTokenError::Other(_) => {
            Failure::Issuer("its answer to the exchange is none".to_owned())
        }
    }
}
