//! The issuer that people sign in with here: OpenID Connect's code flow with PKCE.
//! Instead of asking for a password it asks who somebody wants to be.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::body::{Body, to_bytes};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use emulator::clock::Clock;
use serde_json::json;
use sha2::{Digest, Sha256};
use template::Function;

use crate::http::Api;
use crate::http::answers::{json_response, markup, message};
use crate::http::directory::{self, Person};
use crate::http::gateway::Gateway;
use crate::http::jwt::{Holder, Jwt, random};
use crate::http::sign_in;

/// How long a code may be exchanged.
const CODE: Duration = Duration::from_secs(60);
/// How long an id token counts. It is read once, right away.
const TOKEN: i64 = 5 * 60;
/// The largest form that anybody sends here.
const FORM: usize = 64 * 1024;

/// The issuer.
pub(crate) struct Issuer {
    /// None where no function signs anybody in.
    client: Option<Client>,
    /// The time that the functions go by: they look at when a token ends.
    clock: Clock,
    codes: Mutex<HashMap<String, Grant>>,
}

/// Who may send people here.
pub(crate) struct Client {
    id: String,
    /// Empty: a public client.
    secret: String,
    /// Where people are sent back to.
    redirects: Vec<String>,
    /// The domain of those whom the directory is for.
    domain: String,
}

impl Client {
    /// The client that a function is, by its variables; `origins` are the names that
    /// this host goes by.
    pub(crate) fn of(functions: &[Function], origins: &[String]) -> Option<Self> {
        let mut functions = functions.iter().map(|function| &function.environment);
        let environment = functions.find(|all| all.contains_key("OIDC_CLIENT_ID"))?;
        let value = |name: &str| environment.get(name).cloned().unwrap_or_default();
        let base = Some(value("BASE_URL")).filter(|base| !base.is_empty());
        let redirects = base.iter().chain(origins);
        Some(Client {
            id: value("OIDC_CLIENT_ID"),
            secret: value("OIDC_CLIENT_SECRET"),
            redirects: redirects.map(|at| format!("{at}/entrar/vuelta")).collect(),
            domain: {
                let domains = value("ENTITY_DOMAINS");
                domains
                    .split(',')
                    .next()
                    .unwrap_or_default()
                    .trim()
                    .to_owned()
            },
        })
    }
}

/// What a code stands for.
struct Grant {
    redirect_uri: String,
    challenge: String,
    nonce: Option<String>,
    person: Person,
    given: Instant,
}

/// What the authorize page is asked for.
#[derive(Debug)]
struct Asked {
    redirect_uri: String,
    state: String,
    nonce: Option<String>,
    challenge: String,
}

/// Why nobody is sent on.
#[derive(Debug, PartialEq)]
enum Refusal {
    /// Whoever asks is none that people are sent back to.
    Unknown(&'static str),
    /// The client hears of it.
    Told {
        redirect_uri: String,
        state: String,
        error: &'static str,
    },
}

type Fields = HashMap<String, String>;

impl Issuer {
    pub(crate) fn new(client: Option<Client>, clock: Clock) -> Self {
        Issuer {
            client,
            clock,
            codes: Mutex::default(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Grant>> {
        self.codes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is asked for, if it is all right.
    fn asked(&self, fields: &Fields) -> Result<Asked, Refusal> {
        let field = |name: &str| fields.get(name).map_or("", String::as_str);
        let client = self.client.as_ref();
        let client = client.filter(|client| client.id == field("client_id"));
        let client = client.ok_or(Refusal::Unknown("client_id"))?;
        let redirect_uri = field("redirect_uri").to_owned();
        if !client.redirects.contains(&redirect_uri) {
            return Err(Refusal::Unknown("redirect_uri"));
        }
        let state = field("state").to_owned();
        let error = if field("response_type") != "code" {
            "unsupported_response_type"
        } else if !field("scope").split(' ').any(|scope| scope == "openid") {
            "invalid_scope"
        } else if field("code_challenge_method") != "S256"
            || field("code_challenge").len() != 43
            || state.is_empty()
        {
            "invalid_request"
        } else {
            return Ok(Asked {
                redirect_uri,
                state,
                nonce: fields.get("nonce").cloned(),
                challenge: field("code_challenge").to_owned(),
            });
        };
        Err(Refusal::Told {
            redirect_uri,
            state,
            error,
        })
    }

    /// A code for somebody.
    fn grant(&self, asked: &Asked, person: Person, now: Instant) -> String {
        let code = random();
        let mut codes = self.lock();
        codes.retain(|_, grant| now.duration_since(grant.given) < CODE);
        codes.insert(
            code.clone(),
            Grant {
                redirect_uri: asked.redirect_uri.clone(),
                challenge: asked.challenge.clone(),
                nonce: asked.nonce.clone(),
                person,
                given: now,
            },
        );
        code
    }

    /// What a code stands for: once, and for the one who asked for it.
    fn redeem(&self, fields: &Fields, now: Instant) -> Option<Grant> {
        let field = |name: &str| fields.get(name).map_or("", String::as_str);
        let grant = self.lock().remove(field("code"))?;
        let verifier = Sha256::digest(field("code_verifier").as_bytes());
        let fits = now.duration_since(grant.given) < CODE
            && grant.redirect_uri == field("redirect_uri")
            && grant.challenge == BASE64_URL_SAFE_NO_PAD.encode(verifier);
        fits.then_some(grant)
    }

    /// Whether it is the client that asks, by its id and its secret.
    fn is_client(&self, headers: &HeaderMap, fields: &Fields) -> bool {
        let Some(client) = &self.client else {
            return false;
        };
        let (id, secret) = match basic(headers) {
            Some(named) => named,
            None => {
                let field = |name: &str| fields.get(name).cloned().unwrap_or_default();
                (field("client_id"), field("client_secret"))
            }
        };
        client.id == id && client.secret == secret
    }
}

/// The name and the password of a `Basic` authorization, which are encoded as in a
/// form (RFC 6749, section 2.3.1).
fn basic(headers: &HeaderMap) -> Option<(String, String)> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let decoded = BASE64_STANDARD.decode(value.strip_prefix("Basic ")?).ok()?;
    let decoded = String::from_utf8(decoded).ok()?;
    let (id, secret) = decoded.split_once(':')?;
    let plain = |text: &str| {
        let text = format!("x={text}");
        let mut pairs = form_urlencoded::parse(text.as_bytes());
        pairs.next().map(|(_, value)| value.into_owned())
    };
    Some((plain(id)?, plain(secret)?))
}

/// Answers requests under `/_local/oidc/`.
pub(super) async fn answer(api: &Api, endpoint: &str, parts: &Parts, body: Body) -> Response {
    let Api {
        gateway,
        issuer,
        console,
    } = api;
    let jwt = &*gateway.jwt;
    match (&parts.method, endpoint) {
        (&Method::GET, "authorize") => {
            let query = parts.uri.query().unwrap_or_default();
            let fields = fields(query.as_bytes());
            match issuer.asked(&fields) {
                Ok(_) => {
                    let people = people(issuer, jwt, gateway).await;
                    let mut page = sign_in::page(&fields, &people, None);
                    page.empty = console.is_empty().await;
                    markup(StatusCode::OK, page.written())
                }
                Err(refusal) => refused(refusal),
            }
        }
        (&Method::POST, "authorize") => {
            let body = to_bytes(body, FORM).await.unwrap_or_default();
            let fields = fields(&body);
            let asked = match issuer.asked(&fields) {
                Ok(asked) => asked,
                Err(refusal) => return refused(refusal),
            };
            if fields.contains_key("cancel") {
                return refused(Refusal::Told {
                    redirect_uri: asked.redirect_uri,
                    state: asked.state,
                    error: "access_denied",
                });
            }
            let people = people(issuer, jwt, gateway).await;
            let email = fields.get("email").map_or("", String::as_str);
            match directory::somebody(email, &people) {
                Some(person) => {
                    let code = issuer.grant(&asked, person, Instant::now());
                    back(
                        &asked.redirect_uri,
                        &[("code", &code), ("state", &asked.state)],
                    )
                }
                None => {
                    let page = sign_in::page(&fields, &people, Some(email));
                    markup(StatusCode::UNPROCESSABLE_ENTITY, page.written())
                }
            }
        }
        (&Method::POST, "token") => {
            let body = to_bytes(body, FORM).await.unwrap_or_default();
            token(issuer, jwt, &parts.headers, &fields(&body))
        }
        _ => message(StatusCode::NOT_FOUND, "Not Found"),
    }
}

async fn people(issuer: &Issuer, jwt: &Jwt, gateway: &Gateway) -> Vec<Person> {
    let domain = issuer.client.as_ref().map(|client| &client.domain);
    let reader = format!("directorio@{}", domain.map_or("", String::as_str));
    match jwt.token(&reader, 60, None) {
        Ok(token) => directory::read(gateway, &token).await,
        Err(error) => {
            tracing::error!(%error, "no token to read the directory with");
            Vec::new()
        }
    }
}

/// Exchanges a code.
fn token(issuer: &Issuer, jwt: &Jwt, headers: &HeaderMap, fields: &Fields) -> Response {
    let refuse = |status, error: &str| no_store(json_response(status, &json!({ "error": error })));
    if !issuer.is_client(headers, fields) {
        return refuse(StatusCode::UNAUTHORIZED, "invalid_client");
    }
    if fields.get("grant_type").map(String::as_str) != Some("authorization_code") {
        return refuse(StatusCode::BAD_REQUEST, "unsupported_grant_type");
    }
    let (Some(grant), Some(client)) = (issuer.redeem(fields, Instant::now()), &issuer.client)
    else {
        return refuse(StatusCode::BAD_REQUEST, "invalid_grant");
    };
    let holder = Holder {
        email: &grant.person.email,
        name: grant.person.name.as_deref(),
        nonce: grant.nonce.as_deref(),
    };
    match jwt.id_token(&holder, &client.id, issuer.clock.now().as_second(), TOKEN) {
        Ok(id_token) => no_store(json_response(
            StatusCode::OK,
            &json!({
                // Nothing here takes it; the protocol wants one.
                "access_token": random(),
                "token_type": "Bearer",
                "expires_in": TOKEN,
                "scope": "openid email profile",
                "id_token": id_token,
            }),
        )),
        Err(error) => {
            tracing::error!(%error, "an id token could not be signed");
            message(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error")
        }
    }
}

fn fields(text: &[u8]) -> Fields {
    form_urlencoded::parse(text).into_owned().collect()
}

fn refused(refusal: Refusal) -> Response {
    match refusal {
        Refusal::Unknown(what) => markup(StatusCode::BAD_REQUEST, sign_in::unknown(what)),
        Refusal::Told {
            redirect_uri,
            state,
            error,
        } => back(&redirect_uri, &[("error", error), ("state", &state)]),
    }
}

/// Sends somebody back to where he came from.
fn back(redirect_uri: &str, with: &[(&str, &str)]) -> Response {
    let query = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(with)
        .finish();
    match HeaderValue::try_from(format!("{redirect_uri}?{query}")) {
        Ok(location) => {
            no_store((StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response())
        }
        Err(_) => message(StatusCode::BAD_REQUEST, "Bad Request"),
    }
}

fn no_store(mut response: Response) -> Response {
    let never = HeaderValue::from_static("no-store");
    response.headers_mut().insert(header::CACHE_CONTROL, never);
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    const BACK: &str = "http://127.0.0.1:8080/entrar/vuelta";
    /// RFC 7636, appendix B.
    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    fn issuer() -> Issuer {
        let client = Client {
            id: "mesa".to_owned(),
            secret: "se:cr et".to_owned(),
            redirects: vec![BACK.to_owned()],
            domain: "uspec.gov.co".to_owned(),
        };
        Issuer::new(Some(client), Clock::starting_at(None))
    }

    fn given(changes: &[(&str, &str)]) -> Fields {
        let usual = [
            ("client_id", "mesa"),
            ("redirect_uri", BACK),
            ("response_type", "code"),
            ("scope", "openid email"),
            ("state", "s"),
            ("nonce", "n"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ];
        let all = usual.iter().chain(changes);
        all.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    }

    fn granted(issuer: &Issuer, at: Instant) -> String {
        let asked = issuer.asked(&given(&[])).unwrap();
        let person = Person::of("ana@uspec.gov.co");
        issuer.grant(&asked, person, at)
    }

    fn exchange(code: &str, changes: &[(&str, &str)]) -> Fields {
        let usual = [
            ("code", code),
            ("redirect_uri", BACK),
            ("code_verifier", VERIFIER),
        ];
        let all = usual.iter().chain(changes);
        all.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    }

    #[test]
    fn a_code_is_good_once_for_a_minute() {
        let (issuer, now) = (issuer(), Instant::now());
        let code = granted(&issuer, now);
        let nearly = now + CODE - Duration::from_millis(1);
        let grant = issuer.redeem(&exchange(&code, &[]), nearly).unwrap();
        assert_eq!(grant.nonce.as_deref(), Some("n"));
        assert!(issuer.redeem(&exchange(&code, &[]), nearly).is_none());
        let code = granted(&issuer, now);
        assert!(issuer.redeem(&exchange(&code, &[]), now + CODE).is_none());
        assert!(issuer.redeem(&exchange("x", &[]), now).is_none());
    }

    #[test]
    fn a_code_is_whose_verifier_and_place_fit_and_spent_by_whoever_tries() {
        let now = Instant::now();
        for (name, wrong) in [
            ("code_verifier", "another"),
            ("code_verifier", CHALLENGE),
            ("code_verifier", ""),
            ("redirect_uri", "http://127.0.0.1:8080/"),
        ] {
            let issuer = issuer();
            let code = granted(&issuer, now);
            let tried = issuer.redeem(&exchange(&code, &[(name, wrong)]), now);
            assert!(tried.is_none(), "{name} {wrong}");
            assert!(issuer.redeem(&exchange(&code, &[]), now).is_none());
        }
    }

    #[test]
    fn who_is_not_known_is_sent_nowhere_and_who_asks_wrongly_is_told() {
        let issuer = issuer();
        for (name, wrong) in [
            ("client_id", "other"),
            ("redirect_uri", "https://evil.example/entrar/vuelta"),
            ("redirect_uri", "http://127.0.0.1:8080/entrar/vuelta/"),
            ("redirect_uri", ""),
        ] {
            let refusal = issuer.asked(&given(&[(name, wrong)])).unwrap_err();
            assert_eq!(refusal, Refusal::Unknown(name));
        }
        for (name, wrong, error) in [
            ("response_type", "token", "unsupported_response_type"),
            ("scope", "email", "invalid_scope"),
            ("code_challenge_method", "plain", "invalid_request"),
            ("code_challenge", "", "invalid_request"),
            ("state", "", "invalid_request"),
        ] {
            let refusal = issuer.asked(&given(&[(name, wrong)])).unwrap_err();
            assert!(
                matches!(refusal, Refusal::Told { error: told, .. } if told == error),
                "{refusal:?}"
            );
        }
        let without = Issuer::new(None, Clock::starting_at(None));
        assert_eq!(
            without.asked(&given(&[])).unwrap_err(),
            Refusal::Unknown("client_id")
        );
    }

    #[test]
    fn a_client_says_its_secret_in_either_place() {
        let issuer = issuer();
        let form = |id: &str, secret: &str| given(&[("client_id", id), ("client_secret", secret)]);
        let none = HeaderMap::new();
        assert!(issuer.is_client(&none, &form("mesa", "se:cr et")));
        assert!(!issuer.is_client(&none, &form("mesa", "")));
        assert!(!issuer.is_client(&none, &form("other", "se:cr et")));
        let with = |pair: &str| {
            let value = format!("Basic {}", BASE64_STANDARD.encode(pair));
            HeaderMap::from_iter([(header::AUTHORIZATION, HeaderValue::try_from(value).unwrap())])
        };
        assert!(issuer.is_client(&with("mesa:se%3Acr+et"), &given(&[])));
        assert!(!issuer.is_client(&with("mesa:se:cr"), &given(&[])));
        // What the header says counts, whatever stands beside it.
        assert!(!issuer.is_client(&with("mesa:x"), &form("mesa", "se:cr et")));
    }
}
