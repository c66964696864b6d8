//! Who is signed in to the pages, and how a page's request is told from another's.

use std::time::Duration;

use cloud::config::{ConfigError, Environment};
use cloud::entry::Function;
use cloud::http::{Answer, Call};
use cloud::identity::Identity;
use cloud::session::{COOKIE, LASTS, Session};
use cloud::store::Store;
use in_process::people::{ANA, LUIS, address};
use in_process::{Fault, Request, Started, World, now, post};
use serde_json::json;
use types::problem::Problem;
use types::{SignedDuration, Timestamp};

/// A function that says what it is told, and keeps a cookie.
struct Pages(Store);

impl Function for Pages {
    async fn start(environment: &Environment) -> Result<Self, ConfigError> {
        Store::new(environment).map(Pages)
    }

    async fn http(&self, call: Call) -> Result<Answer, Problem> {
        let said = json!({
            "session": call.cookie(COOKIE),
            "other": call.cookie("other"),
            "origin": call.origin(),
            "own": call.is_from_own_page(),
        });
        Ok(Answer::json(200, &said)?
            .keeping(COOKIE, "x", LASTS)
            .forgetting("__Host-y")
            .keeping("__Host-z", "z", Duration::from_secs(600)))
    }
}

async fn started(world: &World) -> Started<Pages> {
    world.start("assignment").await
}

fn ana() -> Identity {
    Identity {
        email: address(ANA),
        name: Some("Ana Pérez".to_owned()),
    }
}

fn any_request() -> Request {
    post("/tickets/7/contact")
}

#[expect(clippy::unwrap_used, reason = "helpers of tests fail with them")]
async fn read(store: &Store, value: &str, at: Timestamp) -> Option<Session> {
    store.session(value, at).await.unwrap()
}

#[tokio::test]
async fn a_session_is_there_until_it_ends() {
    let world = World::new().await;
    let Pages(store) = started(&world).await.function;
    let begins = now();
    let value = store.open_session(&ana(), begins).await.unwrap();
    let ends = begins + SignedDuration::from_hours(10);
    let session = read(&store, &value, begins).await.unwrap();
    assert_eq!(
        (
            session.email.as_str(),
            session.name.as_deref(),
            session.ends_at
        ),
        (ANA, Some("Ana Pérez"), ends)
    );
    assert_eq!(session.identity().email, address(ANA));
    let nearly = ends - SignedDuration::from_millis(1);
    assert!(read(&store, &value, nearly).await.is_some());
    // The row is still there: the table takes its time.
    assert_eq!(read(&store, &value, ends).await, None);
    assert_eq!(world.rows_of("SESSION#").len(), 1);
}

#[tokio::test]
async fn signing_out_ends_one_session_at_once() {
    let world = World::new().await;
    let Pages(store) = started(&world).await.function;
    let one = store.open_session(&ana(), now()).await.unwrap();
    let other = store.open_session(&ana(), now()).await.unwrap();
    assert_ne!(one, other);
    store.end_session(&one).await.unwrap();
    assert_eq!(read(&store, &one, now()).await, None);
    assert!(read(&store, &other, now()).await.is_some());
    // Twice, and what never was one.
    store.end_session(&one).await.unwrap();
    store.end_session("nothing").await.unwrap();
    assert!(read(&store, &other, now()).await.is_some());
}

#[tokio::test]
async fn who_reads_the_table_learns_no_cookie() {
    let world = World::new().await;
    let Pages(store) = started(&world).await.function;
    let begins = now();
    let value = store.open_session(&ana(), begins).await.unwrap();
    let rows = world.rows_of("SESSION#");
    let row = &rows[0];
    assert!(!row.to_string().contains(&value), "{row}");
    let digest = row["pk"]["S"]
        .as_str()
        .unwrap()
        .trim_start_matches("SESSION#");
    // Neither the row's key nor what it was made of is any good.
    assert_eq!(read(&store, digest, now()).await, None);
    let ends = (begins + SignedDuration::from_hours(10)).as_second();
    assert_eq!(row["expires_at"]["N"], json!(ends.to_string()));
    let document: serde_json::Value =
        serde_json::from_str(row["doc"]["S"].as_str().unwrap()).unwrap();
    assert_eq!(
        (&document["email"], &row["v"]["N"]),
        (&json!(ANA), &json!("1"))
    );
}

#[tokio::test]
async fn what_is_no_session_costs_no_read_and_what_is_damaged_is_none() {
    let world = World::new().await;
    let Pages(store) = started(&world).await.function;
    let value = store.open_session(&ana(), now()).await.unwrap();
    world.forget();
    let longer = format!("{value}A");
    for forged in ["", "x", ANA, &value[1..], &longer, "..", "SESSION#"] {
        assert_eq!(read(&store, forged, now()).await, None, "{forged}");
    }
    assert_eq!(world.operations(), [] as [&str; 0]);
    let guessed = "A".repeat(43);
    assert_eq!(read(&store, &guessed, now()).await, None);
    assert_eq!(world.operations(), ["GetItem"]);
    assert_eq!(world.calls()[0].request["ConsistentRead"], json!(true));

    let mut row = world.rows_of("SESSION#").remove(0);
    for (name, damage) in [("v", json!({ "N": "2" })), ("doc", json!({ "S": "{}" }))] {
        let whole = std::mem::replace(&mut row[name], damage);
        world.put_row(&row);
        assert_eq!(read(&store, &value, now()).await, None, "{name}");
        row[name] = whole;
    }
    world.put_row(&row);
    assert!(read(&store, &value, now()).await.is_some());
    world.fails("GetItem", 0..9, Fault::Throttled);
    // Who is signed in is not known now, which is not that nobody is.
    assert!(
        store
            .session(&value, now())
            .await
            .unwrap_err()
            .is_retryable()
    );
}

#[tokio::test]
async fn a_cookie_is_found_among_others() {
    let world = World::new().await;
    let pages = started(&world).await;
    let said = pages
        .answers(
            &any_request()
                .cookie("otra", "ñandú")
                .cookie("x__Host-sesion", "wrong")
                .cookie(COOKIE, "a=b")
                .cookie(COOKIE, "second"),
        )
        .await
        .must_be(200);
    assert_eq!(
        (&said["session"], &said["other"]),
        (&json!("a=b"), &json!(null))
    );
    let said = pages.answers(&any_request()).await.must_be(200);
    assert_eq!(said["session"], json!(null));
}

#[tokio::test]
async fn cookies_are_of_this_host_and_no_script() {
    let world = World::new().await;
    let pages = started(&world).await;
    let answer = pages.answers(&any_request()).await;
    assert_eq!(
        answer.cookies,
        [
            "__Host-sesion=x; Path=/; Max-Age=36000; Secure; HttpOnly; SameSite=Lax",
            "__Host-y=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Lax",
            "__Host-z=z; Path=/; Max-Age=600; Secure; HttpOnly; SameSite=Lax",
        ]
    );
    assert_eq!(answer.header("set-cookie"), None);
}

#[tokio::test]
async fn a_page_of_another_origin_does_not_count_as_ours() {
    let world = World::new().await;
    let pages = started(&world).await;
    for (headers, own) in [
        (&[("sec-fetch-site", "same-origin")][..], true),
        (&[("sec-fetch-site", "same-site")], false),
        (&[("sec-fetch-site", "cross-site")], false),
        // Typed in, or from a bookmark: no form is sent so.
        (&[("sec-fetch-site", "none")], false),
        (&[("sec-fetch-site", "same-origin,cross-site")], false),
        (&[("origin", "https://mesa.example")], true),
        (&[("origin", "https://Mesa.Example")], true),
        (&[("origin", "http://mesa.example")], false),
        (&[("origin", "https://mesa.example:8443")], false),
        (&[("origin", "https://mesa.example.evil.example")], false),
        (&[("origin", "https://evil.example")], false),
        (&[("origin", "null")], false),
        (&[("origin", "")], false),
        (&[("referer", "https://mesa.example/entrar")], false),
        (&[], false),
        // What the browser says counts before what it names.
        (
            &[
                ("sec-fetch-site", "cross-site"),
                ("origin", "https://mesa.example"),
            ],
            false,
        ),
        (
            &[
                ("x-forwarded-proto", "http"),
                ("origin", "http://mesa.example"),
            ],
            true,
        ),
    ] {
        let request = headers
            .iter()
            .fold(any_request(), |request, (name, value)| {
                request.header(name, value)
            });
        let said = pages.answers(&request).await.must_be(200);
        assert_eq!(said["own"], json!(own), "{headers:?}");
    }
    let said = pages.answers(&any_request()).await.must_be(200);
    assert_eq!(said["origin"], "https://mesa.example");
}

#[tokio::test]
async fn a_session_is_one_person_s() {
    let world = World::new().await;
    let Pages(store) = started(&world).await.function;
    let luis = Identity {
        email: address(LUIS),
        name: None,
    };
    let (one, other) = (
        store.open_session(&ana(), now()).await.unwrap(),
        store.open_session(&luis, now()).await.unwrap(),
    );
    let email = async |value: &str| read(&store, value, now()).await.unwrap().email;
    assert_eq!(email(&one).await, address(ANA));
    assert_eq!(email(&other).await, address(LUIS));
}
