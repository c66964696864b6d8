//! Signing in by the pages, as a browser does: redirects, cookies and forms, with the
//! local host as the issuer.

use serde_json::{Value, json};
use workbench::people::{ANA, COORDINATOR, LUIS, SUPPORT};
use workbench::{Answer, Browser, Host};

const SESSION: &str = "__Host-sesion";
const ATTEMPT: &str = "__Host-entrada";
const ISSUER: &str = "/_local/oidc/authorize";

fn browser(host: &Host) -> Browser {
    Browser::new(host.nobody())
}

/// Somebody who is signed in.
#[track_caller]
fn signed_in(host: &Host, email: &str) -> Browser {
    let mut browser = browser(host);
    browser.sign_in(email, "/entrar").must_be(200);
    assert!(browser.cookie(SESSION).is_some());
    browser
}

/// What the page says of who is signed in.
#[track_caller]
fn is_known(browser: &mut Browser, said: &str) -> bool {
    browser.open("/entrar").must_be(200);
    browser.page().contains("Ya entró") && browser.page().contains(said)
}

/// Goes as far as the issuer's page, and chooses somebody there: what it answers.
#[track_caller]
fn chosen(browser: &mut Browser, email: &str) -> Answer {
    browser.open("/entrar").must_be(200);
    browser.submit("/entrar", &[]).must_be(200);
    browser.press(ISSUER, &[("email", email)]).must_be(303)
}

/// A parameter of the address that an answer leads to.
#[track_caller]
fn parameter(answer: &Answer, name: &str) -> String {
    let location = answer.header("location");
    let mut pairs = location
        .split(['?', '&'])
        .filter_map(|pair| pair.split_once('='));
    pairs
        .find(|(found, _)| *found == name)
        .unwrap()
        .1
        .to_owned()
}

#[test]
fn people_of_the_directory_and_of_the_entity_sign_in_and_out() {
    let host = Host::start();
    // The page is the API's own directory: what a coordinator adds is on it.
    let coordinator = host.client(COORDINATOR);
    let mut catalogue = coordinator.get("/catalog").must_be(200).json();
    let entry =
        json!({ "email": "nueva@uspec.gov.co", "name": "Nueva <Jefa> & Co", "roles": ["head"] });
    catalogue["directory"].as_array_mut().unwrap().push(entry);
    coordinator.put("/catalog", &catalogue).must_be(200);

    let mut agent = browser(&host);
    agent.open("/entrar?a=/entrar%3Fx=1").must_be(200);
    assert!(agent.page().contains("<button"), "{}", agent.page());
    let page = agent.submit("/entrar", &[]).must_be(200);
    assert!(agent.at().starts_with(ISSUER), "{}", agent.at());
    let policy = page.header("content-security-policy");
    assert!(policy.starts_with("default-src 'none'"), "{policy}");
    assert!(
        page.body.contains("Nueva &#60;Jefa&#62; &#38; Co"),
        "{}",
        page.body
    );
    agent.submit(ISSUER, &[("email", SUPPORT[0])]).must_be(200);
    // The path that he wanted, and who he is by the directory's word.
    assert_eq!(agent.at(), "/entrar?x=1");
    assert!(
        is_known(&mut agent, "Agente 1 de Soporte"),
        "{}",
        agent.page()
    );
    assert_eq!(agent.cookie(ATTEMPT), None, "it is used up");
    let mut head = signed_in(&host, "nueva@uspec.gov.co");
    assert!(
        is_known(&mut head, "Nueva &#60;Jefa&#62;"),
        "{}",
        head.page()
    );

    // Anybody else of the entity, too, and nobody without an address.
    let mut ana = browser(&host);
    ana.open("/entrar").must_be(200);
    ana.submit("/entrar", &[]).must_be(200);
    let page = ana.submit(ISSUER, &[("email", "ana")]).must_be(422);
    assert!(page.body.contains("Escriba una dirección"), "{}", page.body);
    ana.submit(ISSUER, &[("email", ANA)]);
    assert!(is_known(&mut ana, ANA), "{}", ana.page());

    // Out, at once, and for whoever has the cookie.
    let cookie = agent.cookie(SESSION).unwrap().to_owned();
    agent.submit("/salir", &[]).must_be(200);
    assert_eq!(agent.at(), "/entrar?hecho=salida");
    assert!(agent.page().contains("quedó cerrada"), "{}", agent.page());
    assert_eq!(agent.cookie(SESSION), None);
    let mut thief = browser(&host);
    thief.set_cookie(SESSION, &cookie);
    assert!(!is_known(&mut thief, ""), "{}", thief.page());
    assert!(is_known(&mut ana, ANA), "nobody else is out");

    // And what somebody made up, or found in the table, is nobody.
    let rows = host.rows();
    let key = |row: &Value| row["pk"]["S"].as_str().unwrap_or_default().to_owned();
    let digests = rows
        .iter()
        .map(key)
        .filter(|key| key.starts_with("SESSION#"));
    let mut forged: Vec<_> = digests
        .map(|key| key.trim_start_matches("SESSION#").to_owned())
        .collect();
    assert_eq!(forged.len(), 2, "Ana's and the head's");
    let mut other = ana.cookie(SESSION).unwrap().to_owned();
    other.replace_range(0..1, if other.starts_with('A') { "B" } else { "A" });
    forged.extend([other, "A".repeat(43), ANA.to_owned(), String::new()]);
    for value in forged {
        thief.set_cookie(SESSION, &value);
        assert!(!is_known(&mut thief, ""), "{value}");
    }
    // Sessions are no news to the auditor.
    assert!(host.audit(&[]).findings.is_empty());
}

#[test]
fn a_code_is_of_use_once_and_to_whoever_asked_for_it() {
    let host = Host::start();
    let mut ana = browser(&host);
    let way_back = chosen(&mut ana, ANA);
    let mut again = ana.clone();
    ana.follow(way_back.clone()).must_be(200);
    assert!(is_known(&mut ana, ANA), "{}", ana.page());
    // The same address once more: with the attempt's cookie, and without it.
    let page = again.follow(way_back.clone()).must_be(400);
    assert!(page.body.contains("ya se usó"), "{}", page.body);
    assert_eq!(again.cookie(SESSION), None);
    let page = again.follow(way_back).must_be(400);
    assert!(page.body.contains("ya no sirve"), "{}", page.body);
    // The page offers to try again, and that works.
    again.submit("/entrar", &[]).must_be(200);
    again.submit(ISSUER, &[("email", ANA)]);
    assert!(is_known(&mut again, ANA), "{}", again.page());

    // Somebody who saw another's code has not his verifier; and then it is spent.
    let mut luis = browser(&host);
    let his = chosen(&mut luis, LUIS);
    let mut thief = browser(&host);
    let own = chosen(&mut thief, ANA);
    let (code, state) = (parameter(&his, "code"), parameter(&own, "state"));
    let stolen = format!("/entrar/vuelta?code={code}&state={state}");
    thief.open(&stolen).must_be(400);
    assert_eq!(thief.cookie(SESSION), None);
    luis.follow(his).must_be(400);
    // A link to come back with, sent to somebody who asked for nothing (login CSRF).
    let mut mallory = browser(&host);
    let trap = chosen(&mut mallory, ANA);
    let mut victim = browser(&host);
    let page = victim.follow(trap.clone()).must_be(400);
    assert!(page.body.contains("ya no sirve"), "{}", page.body);
    let mut victim = browser(&host);
    chosen(&mut victim, LUIS);
    victim.follow(trap).must_be(400);
    assert_eq!(victim.cookie(SESSION), None);

    // Whoever says no is told how to go on.
    let mut ana = browser(&host);
    ana.open("/entrar").must_be(200);
    ana.submit("/entrar", &[]).must_be(200);
    let page = ana.submit(ISSUER, &[("cancel", "1")]).must_be(403);
    assert!(page.body.contains("se canceló"), "{}", page.body);
    ana.submit("/entrar", &[]).must_be(200);

    // The issuer knows its client, and where people go back to.
    let nobody = host.nobody();
    let asks = |client: &str, back: &str| {
        let path = format!("{ISSUER}?client_id={client}&redirect_uri={back}&response_type=code");
        nobody.get(&path)
    };
    asks("other", "x").must_be(400);
    let page = asks(
        "mesa-de-ayuda",
        "https%3A%2F%2Fevil.example%2Fentrar%2Fvuelta",
    )
    .must_be(400);
    assert!(page.body.contains("redirect_uri"), "{}", page.body);
    let back = format!("{}/entrar/vuelta", nobody.base()).replace(':', "%3A");
    let told = asks("mesa-de-ayuda", &back).must_be(303);
    assert_eq!(parameter(&told, "error"), "invalid_scope");
    let exchange = nobody.request("POST", "/_local/oidc/token").body(
        "application/x-www-form-urlencoded",
        b"grant_type=authorization_code&client_id=mesa-de-ayuda&code=x",
    );
    let refused = exchange.send().must_be(401).json();
    assert_eq!(refused["error"], "invalid_client");
}

#[test]
fn nobody_is_led_elsewhere_and_no_other_site_s_form_counts() {
    let host = Host::start();
    let mut luis = signed_in(&host, LUIS);
    luis.open("/").must_be(200);
    let home = luis.at().to_owned();
    for elsewhere in [
        "//evil.example/",
        "https://evil.example/",
        "/\\evil.example",
        "/\t/evil.example",
    ] {
        let mut ana = browser(&host);
        // It would end at another host, which the browser does not put up with.
        ana.sign_in(ANA, elsewhere).must_be(200);
        assert_eq!(ana.at(), home, "{elsewhere}");
        assert!(is_known(&mut ana, ANA), "{elsewhere}");
    }
    let mut ana = signed_in(&host, ANA);
    let cookie = format!("{SESSION}={}", ana.cookie(SESSION).unwrap());
    let nobody = host.nobody();
    for path in ["/salir", "/entrar"] {
        for (name, value) in [
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "same-site"),
            ("origin", "https://evil.example"),
            ("origin", "null"),
            ("x-nothing", "x"),
        ] {
            let form = nobody.request("POST", path).header(name, value);
            let form = form.header("cookie", &cookie);
            let answer = form
                .body("application/x-www-form-urlencoded", b"a=/")
                .send();
            let answer = answer.must_be(403);
            assert_eq!(answer.header("set-cookie"), "", "{path} {name}: {value}");
        }
    }
    assert!(is_known(&mut ana, ANA), "{}", ana.page());
    // An old browser names its origin alone; and the cookies of another name of this
    // machine are others, so it is sent to the one that is known.
    let old = |origin: &str| {
        let form = nobody.request("POST", "/entrar").header("origin", origin);
        form.body("application/x-www-form-urlencoded", b"a=/")
            .send()
    };
    let location = old(nobody.base())
        .must_be(303)
        .header("location")
        .to_owned();
    assert!(location.contains(ISSUER), "{location}");
    let elsewhere = nobody.base().replace("127.0.0.1", "localhost");
    let form = nobody
        .request("POST", "/entrar")
        .header("origin", &elsewhere)
        .header("sec-fetch-site", "same-origin");
    let answer = form
        .body("application/x-www-form-urlencoded", b"a=/")
        .send();
    assert_eq!(
        answer.must_be(303).header("location"),
        format!("{}/entrar?a=%2F", nobody.base())
    );
}

#[test]
fn a_session_ends_with_the_working_day() {
    let mut host = Host::start_with(&["--now", "2026-11-23T08:00:00-05:00"]);
    let ana = signed_in(&host, ANA);
    let cookie = ana.cookie(SESSION).unwrap().to_owned();
    for (at, known) in [
        ("2026-11-23T17:55:00-05:00", true),
        ("2026-11-23T18:05:00-05:00", false),
    ] {
        host.stop();
        host.restart_with(&["--now", at]);
        let mut ana = browser(&host);
        ana.set_cookie(SESSION, &cookie);
        assert_eq!(is_known(&mut ana, ANA), known, "{at}");
        // And she signs in again, at whatever time it is.
        ana.open("/entrar").must_be(200);
        if !known {
            ana.sign_in(ANA, "/entrar").must_be(200);
            assert!(is_known(&mut ana, ANA), "{}", ana.page());
        }
    }
}
