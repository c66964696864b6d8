//! Signing in and out, over AWS in memory and an issuer that says what it is told to.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard};

use data_encoding::{BASE64, BASE64URL_NOPAD};
use in_process::people::{ANA, LUIS};
use in_process::{Answer, Fault, Request, Started, WebRequest, World, get, now, post};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use rsa::pkcs1::EncodeRsaPrivateKey;
use rsa::pkcs8::{EncodePublicKey, LineEnding};
use rsa::rand_core::OsRng;
use rsa::traits::PublicKeyParts;
use rsa::{RsaPrivateKey, RsaPublicKey};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::attempt;
use super::handler::Session;

const ISSUER: &str = "https://issuer.example";
const GOOGLE: &str = "https://accounts.google.com";
const COOKIE: &str = cloud::session::COOKIE;
const DISCOVERY: &str = "GET https://issuer.example/.well-known/openid-configuration";
const TOKEN: &str = "POST https://issuer.example/token";

/// Keys are dear: all tests share these.
static KEYS: LazyLock<[RsaPrivateKey; 2]> =
    LazyLock::new(|| [0; 2].map(|_| RsaPrivateKey::new(&mut OsRng, 2_048).unwrap()));

/// What the issuer does.
struct Plays {
    issuer: &'static str,
    /// The keys that it publishes: the id, and which.
    published: Vec<(&'static str, usize)>,
    signs: Signs,
    /// Claims that are not the usual ones; `null` leaves one out.
    claims: Value,
    /// What it answers to the exchange instead of a token.
    refuses: Option<(u16, Value)>,
    /// What the authorize page was asked for.
    asked: HashMap<String, String>,
    exchanges: Vec<WebRequest>,
}

/// How it signs.
#[derive(Clone, Copy, Debug)]
enum Signs {
    /// With a key of [`KEYS`], under this id.
    With(&'static str, usize),
    /// Not at all.
    Unsigned,
    /// With a secret: this one.
    Secretly(&'static str),
    /// With its public key as if that were a secret.
    WithPublicKey,
}

#[derive(Clone)]
struct Issuer(Arc<Mutex<Plays>>);

impl Issuer {
    fn of(world: &World, issuer: &'static str) -> Self {
        let plays = Plays {
            issuer,
            published: vec![("one", 0)],
            signs: Signs::With("one", 0),
            claims: json!({}),
            refuses: None,
            asked: HashMap::new(),
            exchanges: Vec::new(),
        };
        let plays = Issuer(Arc::new(Mutex::new(plays)));
        let site = plays.clone();
        world.answers_beside_aws(move |request| site.answer(request));
        plays
    }

    fn plays(&self) -> MutexGuard<'_, Plays> {
        self.0.lock().unwrap()
    }

    fn claims(&self, claims: Value) {
        self.plays().claims = claims;
    }

    fn answer(&self, request: &WebRequest) -> (u16, Value) {
        let mut plays = self.plays();
        let issuer = plays.issuer;
        let path = request.url.strip_prefix(issuer).unwrap();
        match (request.method.as_str(), path) {
            ("GET", "/.well-known/openid-configuration") => (
                200,
                json!({
                    "issuer": issuer,
                    "authorization_endpoint": format!("{issuer}/authorize"),
                    "token_endpoint": format!("{issuer}/token"),
                    "jwks_uri": format!("{issuer}/keys"),
                    "response_types_supported": ["code"],
                    "subject_types_supported": ["public"],
                    // It says so; nobody has to believe in it.
                    "id_token_signing_alg_values_supported": ["RS256", "HS256", "none"],
                }),
            ),
            ("GET", "/keys") => {
                let keys = plays.published.iter().map(|(id, key)| {
                    let key = &KEYS[*key];
                    json!({
                        "kty": "RSA", "use": "sig", "alg": "RS256", "kid": id,
                        "n": BASE64URL_NOPAD.encode(&key.n().to_bytes_be()),
                        "e": BASE64URL_NOPAD.encode(&key.e().to_bytes_be()),
                    })
                });
                (200, json!({ "keys": keys.collect::<Vec<_>>() }))
            }
            ("POST", "/token") => {
                plays.exchanges.push(request.clone());
                plays.refuses.clone().unwrap_or_else(|| {
                    let token = plays.token();
                    let answer =
                        json!({ "access_token": "a", "token_type": "Bearer", "id_token": token });
                    (200, answer)
                })
            }
            other => panic!("nothing is at {other:?}"),
        }
    }
}

impl Plays {
    fn token(&self) -> String {
        let seconds = now().as_second();
        let mut claims = json!({
            "iss": self.issuer,
            "sub": "7",
            "aud": "mesa-de-ayuda",
            "iat": seconds,
            "exp": seconds + 300,
            "nonce": self.asked.get("nonce"),
            "email": ANA,
            "email_verified": true,
            "name": "Ana Pérez",
        });
        for (name, value) in self.claims.as_object().unwrap() {
            match value {
                Value::Null => drop(claims.as_object_mut().unwrap().remove(name)),
                value => claims[name] = value.clone(),
            }
        }
        let header = |algorithm| {
            let mut header = Header::new(algorithm);
            header.kid = Some("one".to_owned());
            header
        };
        match self.signs {
            Signs::With(id, key) => {
                let mut header = header(Algorithm::RS256);
                header.kid = Some(id.to_owned());
                let key = KEYS[key].to_pkcs1_der().unwrap();
                encode(&header, &claims, &EncodingKey::from_rsa_der(key.as_bytes())).unwrap()
            }
            Signs::Unsigned => {
                let part = |value: &Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
                format!("{}.{}.", part(&json!({ "alg": "none" })), part(&claims))
            }
            Signs::Secretly(secret) => {
                let key = EncodingKey::from_secret(secret.as_bytes());
                encode(&header(Algorithm::HS256), &claims, &key).unwrap()
            }
            Signs::WithPublicKey => {
                let pem = RsaPublicKey::from(&KEYS[0]).to_public_key_pem(LineEnding::LF);
                let key = EncodingKey::from_secret(pem.unwrap().as_bytes());
                encode(&header(Algorithm::HS256), &claims, &key).unwrap()
            }
        }
    }
}

/// A desk, its `session`, and an issuer.
struct Door {
    world: World,
    session: Started<Session>,
    issuer: Issuer,
}

impl Door {
    async fn new() -> Self {
        Self::with(ISSUER, &[]).await
    }

    async fn with(issuer: &'static str, changes: &[(&str, &str)]) -> Self {
        let world = World::new().await;
        // It starts before there is anybody to ask.
        let session = world.start_with("session", changes).await;
        let issuer = Issuer::of(&world, issuer);
        Door {
            world,
            session,
            issuer,
        }
    }

    async fn answers(&self, request: Request) -> Answer {
        self.session.answers(&request).await
    }

    /// Presses the button: what the issuer is asked for, and the cookie.
    async fn begins(&self, form: &[(&str, &str)]) -> String {
        let answer = self
            .answers(post("/entrar").from_own_page().form(form))
            .await;
        assert_eq!(answer.status, 303, "{}", answer.body);
        let location = answer.header("location").unwrap();
        let (place, query) = location.split_once('?').unwrap();
        let mut plays = self.issuer.plays();
        assert_eq!(place, format!("{}/authorize", plays.issuer));
        plays.asked = form_urlencoded::parse(query.as_bytes())
            .into_owned()
            .collect();
        answer.cookie(attempt::COOKIE).unwrap().to_owned()
    }

    /// The way back, with what the issuer was asked for.
    fn way_back(&self, cookie: &str) -> Request {
        let state = self.issuer.plays().asked["state"].clone();
        get(format!("/entrar/vuelta?code=c&state={state}")).cookie(attempt::COOKIE, cookie)
    }

    /// Signs in, and gives the answer to the way back.
    async fn enters(&self) -> Answer {
        let cookie = self.begins(&[]).await;
        self.answers(self.way_back(&cookie)).await
    }

    /// Signs in, and gives the session's cookie.
    async fn is_in(&self) -> String {
        let answer = self.enters().await;
        assert_eq!(answer.status, 303, "{}", answer.body);
        answer.cookie(COOKIE).unwrap().to_owned()
    }

    /// Nobody is signed in by an answer, which is a page that offers to try again.
    #[track_caller]
    fn refused(&self, answer: &Answer, status: u64, sentence: &str) {
        assert_eq!(answer.status, status, "{}", answer.body);
        assert!(
            answer.body.contains(sentence),
            "{sentence}: {}",
            answer.body
        );
        assert!(
            answer.body.contains("<form method=\"post\""),
            "{}",
            answer.body
        );
        assert_eq!(answer.cookie(COOKIE), None);
        assert_eq!(self.world.rows_of("SESSION#"), [] as [Value; 0]);
    }

    /// Who the page says is signed in; empty where nobody is.
    async fn known(&self, cookie: &str) -> String {
        let page = self.answers(get("/entrar").cookie(COOKIE, cookie)).await;
        assert_eq!(page.status, 200);
        let said = page.body.split_once("Ya entró como <strong>");
        let said = said.and_then(|(_, rest)| rest.split_once("</p>"));
        said.map_or(String::new(), |(said, _)| said.replace("</strong>", ""))
    }
}

// -------------------------------------------------------------- the way in

#[tokio::test]
async fn the_door_is_a_page_with_one_button() {
    let door = Door::new().await;
    let rows = door.world.rows();
    let page = door.answers(get("/entrar?a=/cola%3Fv=mias")).await;
    assert_eq!(page.status, 200);
    assert!(
        page.body.contains(r#"name="a" value="/cola?v=mias""#),
        "{}",
        page.body
    );
    assert_eq!(page.body.matches("<button").count(), 1);
    assert_eq!(page.cookies, [] as [&str; 0]);
    // Chromium follows no form to where this does not name.
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.contains("form-action 'self' https:;"), "{policy}");
    // Nobody is asked before somebody wants in.
    assert_eq!(door.world.operations(), [] as [&str; 0]);
    door.world.must_still_have(&rows);
}

#[tokio::test]
async fn the_issuer_is_asked_for_a_code_that_is_of_use_to_this_browser_alone() {
    let door = Door::new().await;
    let cookie = door.begins(&[("a", "/cola")]).await;
    let asked = door.issuer.plays().asked.clone();
    for (name, value) in [
        ("response_type", "code"),
        ("client_id", "mesa-de-ayuda"),
        ("redirect_uri", "https://mesa.example/entrar/vuelta"),
        ("scope", "openid email profile"),
        ("code_challenge_method", "S256"),
    ] {
        assert_eq!(asked[name], value);
    }
    assert!(!asked.contains_key("prompt") && !asked.contains_key("hd"));
    let kept = attempt::Attempt::of_cookie(&cookie).unwrap();
    let challenge = BASE64URL_NOPAD.encode(&Sha256::digest(kept.verifier.as_bytes()));
    assert_eq!(
        (&asked["state"], &asked["nonce"], &asked["code_challenge"]),
        (&kept.state, &kept.nonce, &challenge)
    );
    // Another time all three are others.
    door.begins(&[]).await;
    let again = door.issuer.plays().asked.clone();
    for name in ["state", "nonce", "code_challenge"] {
        assert_eq!(again[name].len(), 43);
        assert_ne!(again[name], asked[name], "{name}");
    }
    // What the issuer says of itself is kept.
    let asks = [DISCOVERY, "GET https://issuer.example/keys"];
    assert_eq!(door.world.operations(), asks);
}

#[tokio::test]
async fn who_comes_back_is_in_and_where_he_wanted_to_be() {
    let door = Door::with(ISSUER, &[("OIDC_CLIENT_SECRET", "s:ñ")]).await;
    let cookie = door.begins(&[("a", "/cola?v=mias")]).await;
    let answer = door.answers(door.way_back(&cookie)).await;
    assert_eq!(answer.status, 303, "{}", answer.body);
    assert_eq!(answer.header("location"), Some("/cola?v=mias"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.cookie(attempt::COOKIE), Some(""));
    let session = answer.cookie(COOKIE).unwrap();
    assert_eq!(door.known(session).await, format!("Ana Pérez ({ANA})."));
    assert_eq!(door.world.rows_of("SESSION#").len(), 1);

    let exchange = door.issuer.plays().exchanges[0].clone();
    let kept = attempt::Attempt::of_cookie(&cookie).unwrap();
    for (name, value) in [
        ("grant_type", "authorization_code"),
        ("code", "c"),
        ("redirect_uri", "https://mesa.example/entrar/vuelta"),
        ("code_verifier", &kept.verifier),
    ] {
        assert_eq!(exchange.field(name), value);
    }
    let pair = BASE64.encode("mesa-de-ayuda:s%3A%C3%B1".as_bytes());
    assert_eq!(exchange.authorization, format!("Basic {pair}"));
}

#[tokio::test]
async fn a_client_without_a_secret_names_itself() {
    let door = Door::new().await;
    door.is_in().await;
    let exchange = door.issuer.plays().exchanges[0].clone();
    assert_eq!(
        (exchange.field("client_id"), exchange.authorization.as_str()),
        ("mesa-de-ayuda", "")
    );
}

#[tokio::test]
async fn nobody_is_sent_to_another_host() {
    let door = Door::new().await;
    for elsewhere in [
        "//evil.example",
        "https://evil.example/",
        "/\\evil.example",
        "/\t/evil.example",
        "javascript:alert(1)",
        "evil.example",
        "/%0d%0aset-cookie:x",
    ] {
        let query: String = form_urlencoded::byte_serialize(elsewhere.as_bytes()).collect();
        let page = door.answers(get(format!("/entrar?a={query}"))).await;
        let stays = elsewhere.starts_with("/%");
        assert!(!page.body.contains("evil"), "{elsewhere}");
        assert_eq!(page.body.contains(r#"value="/""#), !stays, "{elsewhere}");
        let cookie = door.begins(&[("a", elsewhere)]).await;
        let answer = door.answers(door.way_back(&cookie)).await;
        let expected = if stays { elsewhere } else { "/" };
        assert_eq!(answer.header("location"), Some(expected));
        // Nor by a cookie of his own making.
        let mut forged = attempt::Attempt::new(attempt::Path::of("/")).unwrap();
        forged.state = "s".to_owned();
        let text = serde_json::to_string(&forged).unwrap();
        let text = text.replace(r#""to":"/""#, &json!({ "to": elsewhere }).to_string()[1..]);
        let text = text.trim_end_matches('}').to_owned() + "}";
        let forged = BASE64URL_NOPAD.encode(text.as_bytes());
        let back = get("/entrar/vuelta?state=s&error=access_denied");
        let page = door.answers(back.cookie(attempt::COOKIE, &forged)).await;
        assert_eq!(page.status, 403, "{text}");
        assert!(!page.body.contains("evil"), "{elsewhere}: {}", page.body);
    }
}

#[tokio::test]
async fn a_session_is_new_and_ends_the_one_before() {
    let door = Door::new().await;
    let first = door.is_in().await;
    door.issuer.claims(json!({ "email": LUIS, "name": null }));
    let cookie = door.begins(&[]).await;
    // Somebody put his own session into this browser before.
    let back = door.way_back(&cookie).cookie(COOKIE, &first);
    let answer = door.answers(back).await;
    let second = answer.cookie(COOKIE).unwrap().to_owned();
    assert_ne!(first, second);
    assert_eq!(door.known(&first).await, "");
    assert_eq!(door.known(&second).await, format!("{LUIS} ({LUIS})."));
    let chosen = "A".repeat(43);
    let cookie = door.begins(&[]).await;
    let answer = door
        .answers(door.way_back(&cookie).cookie(COOKIE, &chosen))
        .await;
    assert_ne!(answer.cookie(COOKIE), Some(chosen.as_str()));
    assert_eq!(door.known(&chosen).await, "");
}

// --------------------------------------------------------------- the token

#[tokio::test]
async fn a_token_that_proves_nothing_is_not_taken() {
    let door = Door::with(ISSUER, &[("OIDC_CLIENT_SECRET", "secret")]).await;
    let seconds = now().as_second();
    let not_valid = "no es válida";
    for claims in [
        json!({ "exp": seconds - 61 }),
        json!({ "exp": null }),
        json!({ "iat": seconds + 120 }),
        json!({ "aud": "another" }),
        json!({ "aud": ["mesa-de-ayuda", "another"] }),
        json!({ "aud": [] }),
        json!({ "aud": null }),
        json!({ "azp": "another" }),
        json!({ "iss": "https://evil.example" }),
        json!({ "iss": "https://issuer.example/" }),
        json!({ "iss": null }),
        json!({ "nonce": "another" }),
        json!({ "nonce": null }),
        json!({ "nonce": "" }),
    ] {
        door.issuer.claims(claims.clone());
        let answer = door.enters().await;
        assert_eq!(answer.status, 502, "{claims}");
        door.refused(&answer, 502, not_valid);
        assert_eq!(answer.cookie(attempt::COOKIE), Some(""));
    }
    door.issuer.claims(json!({}));
    for signs in [
        Signs::Unsigned,
        Signs::Secretly("secret"),
        Signs::Secretly(""),
        Signs::WithPublicKey,
        // Another key under the id of the one that is known.
        Signs::With("one", 1),
        Signs::With("unknown", 0),
        Signs::With("unknown", 1),
    ] {
        door.issuer.plays().signs = signs;
        let answer = door.enters().await;
        assert_eq!(answer.status, 502, "{signs:?}");
        door.refused(&answer, 502, not_valid);
    }
    door.issuer.plays().signs = Signs::With("one", 0);
    for claims in [
        json!({ "azp": "mesa-de-ayuda", "aud": ["mesa-de-ayuda"] }),
        // Clocks differ.
        json!({ "exp": seconds - 30 }),
        json!({ "iat": seconds + 30 }),
    ] {
        door.issuer.claims(claims);
        door.is_in().await;
    }
}

#[tokio::test]
async fn nobody_is_known_by_less_than_a_verified_address() {
    let door = Door::new().await;
    for claims in [
        json!({ "email_verified": false }),
        json!({ "email_verified": "false" }),
        json!({ "email_verified": null }),
        json!({ "email": null }),
        json!({ "email": "ana" }),
    ] {
        door.issuer.claims(claims);
        let answer = door.enters().await;
        door.refused(&answer, 403, "no está verificado");
        // The issuer would give the same account again.
        assert!(answer.body.contains(r#"name="cuenta" value="otra""#));
    }
    door.begins(&[("cuenta", "otra")]).await;
    assert_eq!(door.issuer.plays().asked["prompt"], "select_account");
    door.issuer.claims(json!({ "email_verified": "true" }));
    door.is_in().await;
    // What he is called is text, or nothing.
    door.issuer.claims(json!({ "name": "<b>Ana</b>" }));
    let cookie = door.is_in().await;
    assert!(door.known(&cookie).await.starts_with("&#60;b&#62;Ana"));
    door.issuer.claims(json!({ "name": "Ana\u{0}" }));
    let cookie = door.is_in().await;
    assert_eq!(door.known(&cookie).await, format!("{ANA} ({ANA})."));
}

#[tokio::test]
async fn of_google_s_accounts_those_of_the_entity_s_workspace_are_taken() {
    let domains = ("ENTITY_DOMAINS", "uspec.gov.co, otra.gov.co");
    for (changes, asked) in [
        (&[("OIDC_ISSUER", GOOGLE)][..], Some("uspec.gov.co")),
        (&[("OIDC_ISSUER", GOOGLE), domains], None),
    ] {
        let door = Door::with(GOOGLE, changes).await;
        for hd in [
            json!(null),
            json!("gmail.com"),
            json!("evil.example"),
            json!("x.uspec.gov.co"),
            json!(""),
        ] {
            door.issuer.claims(json!({ "hd": hd }));
            let answer = door.enters().await;
            door.refused(&answer, 403, "no es de la entidad");
            assert!(answer.body.contains(r#"name="cuenta" value="otra""#));
        }
        let told = door.issuer.plays().asked.get("hd").cloned();
        assert_eq!(told.as_deref(), asked);
        door.issuer.claims(json!({ "hd": "USPEC.gov.co" }));
        door.is_in().await;
    }
    // Other issuers are not asked, and what they say of it is nothing.
    let door = Door::new().await;
    door.issuer.claims(json!({ "hd": "evil.example" }));
    door.is_in().await;
}

#[tokio::test]
async fn keys_may_change_between_two_sign_ins() {
    let door = Door::new().await;
    door.is_in().await;
    door.world.forget();
    door.is_in().await;
    let quietly = [TOKEN, "PutItem"];
    assert_eq!(door.world.operations(), quietly);
    {
        let mut plays = door.issuer.plays();
        plays.published = vec![("two", 1)];
        plays.signs = Signs::With("two", 1);
    }
    door.world.forget();
    door.is_in().await;
    let asks = [
        TOKEN,
        DISCOVERY,
        "GET https://issuer.example/keys",
        "PutItem",
    ];
    assert_eq!(door.world.operations(), asks);
    door.world.forget();
    door.is_in().await;
    assert_eq!(door.world.operations(), quietly);
    // What was signed with the old one is not taken any more.
    door.issuer.plays().signs = Signs::With("one", 0);
    let answer = door.enters().await;
    assert_eq!((answer.status, answer.cookie(COOKIE)), (502, None));
    // Under the same id, too.
    {
        let mut plays = door.issuer.plays();
        plays.published = vec![("two", 0)];
        plays.signs = Signs::With("two", 0);
    }
    door.is_in().await;
}

// ---------------------------------------------------------- what goes wrong

#[tokio::test]
async fn nobody_is_signed_in_by_an_address_that_he_was_sent() {
    let door = Door::new().await;
    let cookie = door.begins(&[]).await;
    let state = door.issuer.plays().asked["state"].clone();
    let foreign = attempt::Attempt::new(attempt::Path::of("/")).unwrap();
    for (state, cookie) in [
        (state.as_str(), None),
        ("another", Some(cookie.clone())),
        ("", Some(cookie.clone())),
        (state.as_str(), Some(foreign.cookie())),
        (state.as_str(), Some("x".to_owned())),
    ] {
        let mut back = get(format!("/entrar/vuelta?code=c&state={state}"));
        if let Some(cookie) = &cookie {
            back = back.cookie(attempt::COOKIE, cookie);
        }
        let answer = door.answers(back).await;
        door.refused(&answer, 400, "Empiece de nuevo");
        // The sign-in that is under way here goes on.
        assert_eq!(answer.cookies, [] as [&str; 0]);
    }
    let answer = door.answers(get("/entrar/vuelta")).await;
    door.refused(&answer, 400, "Empiece de nuevo");
    assert_eq!(door.issuer.plays().exchanges.len(), 0);
    let answer = door.answers(door.way_back(&cookie)).await;
    let session = answer.cookie(COOKIE).unwrap().to_owned();
    // Whoever goes back to the address is who he was.
    let again = get(format!("/entrar/vuelta?code=c&state={state}"));
    let answer = door.answers(again.cookie(COOKIE, &session)).await;
    assert_eq!(
        (
            answer.status,
            answer.header("location"),
            answer.cookies.len()
        ),
        (303, Some("/"), 0)
    );
}

#[tokio::test]
async fn what_the_issuer_says_no_to_ends_on_a_page() {
    let door = Door::new().await;
    for (error, status, sentence) in [
        ("access_denied", 403, "se canceló"),
        ("server_error", 502, "no es válida"),
        ("%3Cscript%3E", 502, "no es válida"),
    ] {
        let cookie = door.begins(&[("a", "/cola")]).await;
        let state = door.issuer.plays().asked["state"].clone();
        let back = get(format!("/entrar/vuelta?error={error}&code=c&state={state}"));
        let answer = door.answers(back.cookie(attempt::COOKIE, &cookie)).await;
        door.refused(&answer, status, sentence);
        assert!(!answer.body.contains("<script>"), "{}", answer.body);
        assert!(answer.body.contains(r#"value="/cola""#), "{}", answer.body);
        assert_eq!(answer.cookie(attempt::COOKIE), Some(""));
    }
    assert_eq!(door.issuer.plays().exchanges.len(), 0);
    for (refusal, status, sentence) in [
        (
            (400, json!({ "error": "invalid_grant" })),
            400,
            "no acepta dos veces",
        ),
        (
            (401, json!({ "error": "invalid_client" })),
            502,
            "no es válida",
        ),
        (
            (200, json!({ "access_token": "a", "token_type": "Bearer" })),
            502,
            "no es válida",
        ),
        (
            (
                200,
                json!({ "access_token": "a", "token_type": "Bearer", "id_token": "x" }),
            ),
            502,
            "no es válida",
        ),
        ((200, json!("hello")), 502, "no es válida"),
        ((503, json!({})), 502, "no es válida"),
    ] {
        door.issuer.plays().refuses = Some(refusal);
        let answer = door.enters().await;
        door.refused(&answer, status, sentence);
    }
}

#[tokio::test]
async fn an_issuer_that_is_not_there_is_said_to_be_so() {
    let door = Door::new().await;
    let begin = || post("/entrar").from_own_page().form(&[("a", "/cola")]);
    door.world.fails(DISCOVERY, 0..3, Fault::Lost);
    let answer = door.answers(begin()).await;
    door.refused(&answer, 503, "no respondió");
    assert_eq!(
        door.world.operations(),
        [DISCOVERY; 3],
        "it is tried three times"
    );
    assert!(answer.body.contains(r#"value="/cola""#), "{}", answer.body);
    assert_eq!(answer.cookies, [] as [&str; 0]);
    door.world.fails(DISCOVERY, 0..1, Fault::Failed);
    door.refused(&door.answers(begin()).await, 502, "no es válida");
    // One lost answer is asked for again.
    door.world.fails(DISCOVERY, 0..1, Fault::Lost);
    let cookie = door.begins(&[]).await;
    door.world.fails(TOKEN, 0..3, Fault::Lost);
    let answer = door.answers(door.way_back(&cookie)).await;
    door.refused(&answer, 503, "no respondió");
    // One that is somebody else's is none.
    let door = Door::new().await;
    door.world
        .answers_beside_aws(|_| (200, json!({ "issuer": "https://evil.example" })));
    door.refused(&door.answers(begin()).await, 502, "no es válida");
}

#[tokio::test]
async fn a_table_that_does_not_answer_is_no_reason_to_be_let_in_or_thrown_out() {
    let door = Door::new().await;
    door.world.fails("PutItem", 0..9, Fault::Throttled);
    let answer = door.enters().await;
    door.refused(&answer, 503, "no respondió a tiempo");
    door.world.heals();
    let session = door.is_in().await;
    door.world.fails("GetItem", 0..9, Fault::Throttled);
    let page = door.answers(get("/entrar").cookie(COOKIE, &session)).await;
    assert_eq!((page.status, page.cookies.len()), (503, 0));
    door.world.heals();
    door.world.fails("DeleteItem", 0..9, Fault::Throttled);
    let leave = post("/salir").from_own_page().cookie(COOKIE, &session);
    let page = door.answers(leave).await;
    assert_eq!((page.status, page.cookies.len()), (503, 0));
    assert!(page.body.contains("sigue abierta"), "{}", page.body);
    assert!(page.body.contains(r#"action="/salir""#), "{}", page.body);
    assert_ne!(door.known(&session).await, "");
}

// -------------------------------------------------------------- the way out

#[tokio::test]
async fn who_leaves_is_out_at_once_and_so_is_whoever_has_his_cookie() {
    let door = Door::new().await;
    let (one, other) = (door.is_in().await, door.is_in().await);
    let leave = || post("/salir").from_own_page().cookie(COOKIE, &one);
    let answer = door.answers(leave()).await;
    assert_eq!(
        (
            answer.status,
            answer.header("location"),
            answer.cookie(COOKIE)
        ),
        (303, Some("/entrar?hecho=salida"), Some(""))
    );
    assert_eq!(door.known(&one).await, "");
    assert_ne!(door.known(&other).await, "");
    // Once more, and without ever having been in.
    assert_eq!(door.answers(leave()).await.status, 303);
    assert_eq!(
        door.answers(post("/salir").from_own_page()).await.status,
        303
    );
    let page = door.answers(get("/entrar?hecho=salida")).await;
    assert!(page.body.contains("quedó cerrada"), "{}", page.body);
    // On a machine of several people the next one is asked who he is.
    assert!(
        page.body.contains(r#"name="cuenta" value="otra""#),
        "{}",
        page.body
    );
}

#[tokio::test]
async fn a_form_of_another_site_does_nothing() {
    let door = Door::new().await;
    let session = door.is_in().await;
    door.world.forget();
    for request in [post("/entrar"), post("/salir")] {
        for (name, value) in [
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "same-site"),
            ("origin", "https://evil.example"),
            ("origin", "null"),
            ("x", "y"),
        ] {
            let request = request.clone().header(name, value).cookie(COOKIE, &session);
            let answer = door.answers(request).await;
            assert_eq!(
                (answer.status, answer.cookies.len()),
                (403, 0),
                "{name}: {value}"
            );
            assert!(
                answer.body.contains("no venía de esta página"),
                "{}",
                answer.body
            );
        }
    }
    assert_eq!(door.world.operations(), [] as [&str; 0]);
    assert_ne!(door.known(&session).await, "");
}

// ------------------------------------------------------------------- wiring

#[tokio::test]
async fn people_come_back_to_where_the_pages_are() {
    // Without a name of its own that is where they came from.
    let door = Door::with(ISSUER, &[("BASE_URL", "")]).await;
    door.begins(&[]).await;
    let place = door.issuer.plays().asked["redirect_uri"].clone();
    assert_eq!(place, "https://mesa.example/entrar/vuelta");
    let local = post("/entrar")
        .from_own_page()
        .header("x-forwarded-proto", "http");
    let answer = door.answers(local.form(&[])).await;
    let location = answer.header("location").unwrap();
    assert!(
        location.contains("redirect_uri=http%3A%2F%2Fmesa.example%2Fentrar%2Fvuelta"),
        "{location}"
    );
    // Whoever came by another name is sent to the known one first: its cookies are
    // others.
    let door = Door::new().await;
    for (origin, at) in [
        ("https://mesa.example", "https://issuer.example/authorize"),
        (
            "https://execute-api.example",
            "https://mesa.example/entrar?a=%2Fcola",
        ),
        // Some browsers do not name it.
        ("null", "https://issuer.example/authorize"),
    ] {
        let form = post("/entrar")
            .from_own_page()
            .header("origin", origin)
            .form(&[("a", "/cola")]);
        let answer = door.answers(form).await;
        let location = answer.header("location").unwrap();
        assert!(location.starts_with(at), "{origin}: {location}");
    }
}

#[tokio::test]
async fn it_does_not_start_without_what_it_needs() {
    let world = World::new().await;
    for name in [
        "TABLE_NAME",
        "OIDC_ISSUER",
        "OIDC_CLIENT_ID",
        "ENTITY_DOMAINS",
    ] {
        let said = world.refuses::<Session>("session", name).await;
        assert_eq!(
            said,
            format!("environment variable {name} is missing or empty")
        );
    }
}

#[tokio::test]
async fn what_is_none_of_its_routes_is_not_found() {
    let door = Door::new().await;
    let event = json!({
        "version": "2.0", "routeKey": "GET /cola", "rawPath": "/cola", "rawQueryString": "",
        "headers": {}, "isBase64Encoded": false,
        "requestContext": {
            "accountId": "0", "apiId": "x", "domainName": "mesa.example", "domainPrefix": "mesa",
            "http": { "method": "GET", "path": "/cola", "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1", "userAgent": "x" },
            "requestId": "x", "routeKey": "GET /cola", "stage": "$default",
            "time": "23/Nov/2026:13:00:00 +0000", "timeEpoch": 1_795_438_800_000_i64,
        },
    });
    let answer = door
        .session
        .handles(&event, std::time::Duration::from_secs(1))
        .await;
    let answer: Value = serde_json::from_str(answer.unwrap().get()).unwrap();
    assert_eq!(answer["statusCode"], 404);
}
