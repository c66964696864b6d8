//! The read side, over AWS in memory.

use cloud::session::COOKIE;
use in_process::people::{
    AGENT, ANA, AUDITOR, COLLEAGUE, COORDINATOR, HEAD, LUIS, OFFICER, OTHER_OFFICER, PERSONNEL,
    PRINTER, STRANGER, address,
};
use in_process::{Case, Fault, Request, Started, World, application, get, monday, now, post, put};
use serde_json::{Value, json};
use types::SignedDuration;
use types::command::{Command, WhenAway};
use types::permission::Actor;
use types::ticket::{Attachment, Person, Visibility};
use types::token::{Audience, TokenSecret, TokenUse};

use super::ReadSide;

async fn started(world: &World) -> Started<ReadSide> {
    world.start("desk").await
}

/// The numbers of a list that somebody gets, with a query.
async fn list(desk: &Started<ReadSide>, who: &str, query: &str) -> Vec<u64> {
    let page = desk
        .answers(&get(format!("/tickets{query}")).by(who))
        .await
        .must_be(200);
    numbers(&page)
}

fn numbers(page: &Value) -> Vec<u64> {
    let items = page["items"].as_array().unwrap();
    items
        .iter()
        .map(|item| item["number"].as_u64().unwrap())
        .collect()
}

/// A request of Luis's.
async fn of_luis(world: &World, category: &str) -> Case {
    let mut application = application(category);
    application.request.requester.person.email = address(LUIS);
    application.request.requester.person.name = "Luis Rojas".to_owned();
    world.registers(application, now()).await
}

// ------------------------------------------------------------------- lists

/// As much as a hundred requests may say: no answer is too large for Lambda, and none of
/// them is missing or comes twice.
#[tokio::test]
async fn long_requests_are_listed_on_more_pages() {
    let world = World::new().await;
    for _ in 0..100 {
        let mut application = application("plataforma");
        application.request.description = "🖨".repeat(20_000);
        world.registers(application, now()).await;
    }
    let desk = started(&world).await;
    let (mut listed, mut pages, mut cursor) = (Vec::new(), 0, String::new());
    loop {
        let request = get(format!("/tickets?limit=100{cursor}")).by(ANA);
        let page = desk.answers(&request).await.must_be(200);
        assert!(page.to_string().len() < 1_000_000);
        assert_eq!(page["items"][0].get("description"), None, "{page}");
        listed.extend(numbers(&page));
        pages += 1;
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(listed, (1..=100).rev().collect::<Vec<_>>());
    assert!((8..=10).contains(&pages), "{pages}");
}

#[tokio::test]
async fn each_role_has_its_list() {
    let world = World::new().await;
    world.assigned("plataforma").await; // 1
    of_luis(&world, "redes").await; // 2
    world.registered("impresion").await; // 3
    world.escalated("plataforma").await; // 4
    let desk = started(&world).await;
    for (who, expected) in [
        // The latest first.
        (ANA, &[4, 3, 1][..]),
        (LUIS, &[2]),
        // A team's, by what is due next.
        (AGENT, &[1, 2, 4]),
        (COLLEAGUE, &[1, 2, 4]),
        (PRINTER, &[3]),
        (OFFICER, &[4]),
        (OTHER_OFFICER, &[]),
        (COORDINATOR, &[1, 2, 3, 4]),
        (AUDITOR, &[1, 2, 3, 4]),
        (HEAD, &[1, 2, 3, 4]),
        (PERSONNEL, &[]),
        (STRANGER, &[]),
    ] {
        let mut found = list(&desk, who, "").await;
        if expected.len() == 4 || who == AGENT || who == COLLEAGUE {
            found.sort_unstable();
        }
        assert_eq!(found, expected, "{who}");
    }
}

#[tokio::test]
async fn what_is_due_next_comes_first_and_what_is_closed_last() {
    let world = World::new().await;
    let at = |minutes| monday() + SignedDuration::from_mins(minutes);
    let closed = world
        .registered_at("redes", at(0))
        .await
        .assigned_to(AGENT)
        .await;
    closed.solved().await.when(AGENT, Command::Close).await; // 1
    world.registered_at("redes", at(30)).await; // 2
    world.registered_at("redes", at(10)).await; // 3
    let waiting = world
        .registered_at("redes", at(0))
        .await
        .assigned_to(AGENT)
        .await; // 4
    let contact = Command::Contact {
        note: "Llamé".to_owned(),
    };
    waiting.when(AGENT, contact).await.held().await;
    let desk = started(&world).await;
    assert_eq!(list(&desk, AGENT, "").await, [3, 2, 4, 1]);
}

/// A request of somebody's, with others copied.
async fn copied(world: &World, who: &str, category: &str, others: &[&str]) -> Case {
    let mut application = application(category);
    application.request.requester.person = Person {
        email: address(who),
        name: who.to_owned(),
    };
    let others = others.iter().map(|email| Person {
        email: address(email),
        name: (*email).to_owned(),
    });
    application.request.observers = others.collect();
    world.registers(application, now()).await
}

#[tokio::test]
async fn whoever_is_copied_or_asks_beside_his_work_finds_it() {
    let world = World::new().await;
    copied(&world, ANA, "redes", &[LUIS, PRINTER]).await; // 1
    copied(&world, PRINTER, "redes", &[]).await; // 2
    copied(&world, OFFICER, "impresion", &[AGENT]).await; // 3
    copied(&world, PERSONNEL, "impresion", &[]).await; // 4
    copied(&world, AGENT, "redes", &[]).await; // 5
    let desk = started(&world).await;
    for (who, query, expected) in [
        (LUIS, "", &[1][..]),
        (LUIS, "?status=new", &[1]),
        (LUIS, "?status=closed", &[]),
        (LUIS, "?q=correo", &[1]),
        // Copied is not asked.
        (LUIS, "?requester=luis.rojas@uspec.gov.co", &[]),
        (ANA, "", &[1]),
        // His team's by what is due next, then his own, the latest first.
        (PRINTER, "", &[3, 4, 2, 1]),
        (PRINTER, "?team=soporte", &[2, 1]),
        (PRINTER, "?team=impresion", &[3, 4]),
        (OFFICER, "", &[3]),
        (OTHER_OFFICER, "", &[]),
        (PERSONNEL, "", &[4]),
        // What is his team's, too, comes once.
        (AGENT, "", &[1, 2, 5, 3]),
        (HEAD, "", &[1, 2, 3, 4, 5]),
    ] {
        assert_eq!(list(&desk, who, query).await, expected, "{who} {query}");
    }
    // Page by page, each of them once.
    for limit in 1..5 {
        let mut found = Vec::new();
        let mut query = format!("/tickets?limit={limit}");
        loop {
            let page = get(query.as_str()).by(AGENT);
            let page = desk.answers(&page).await.must_be(200);
            found.extend(numbers(&page));
            match page["next_cursor"].as_str() {
                Some(cursor) => query = format!("/tickets?limit={limit}&cursor={cursor}"),
                None => break,
            }
        }
        assert_eq!(found, [1, 2, 5, 3], "{limit} a page");
    }
    // Whoever signs a form finds what waits for him, apart from what he asked for himself.
    copied(&world, ANA, "cuentas_equipos", &[]).await; // 6
    for (who, own, waiting) in [
        (PERSONNEL, &[4][..], &[6][..]),
        ("contratos@uspec.gov.co", &[], &[6]),
        ("administrativo@uspec.gov.co", &[], &[]),
        (AGENT, &[6, 1, 2, 5, 3], &[]),
    ] {
        assert_eq!(list(&desk, who, "?awaiting=me").await, waiting, "{who}");
        let mut all = list(&desk, who, "").await;
        all.sort_unstable();
        let mut own = own.to_vec();
        own.sort_unstable();
        assert_eq!(all, own, "{who}");
    }
    // Nothing is scanned.
    world.forget();
    list(&desk, LUIS, "").await;
    let operations = world.operations();
    assert!(
        operations.iter().all(|name| name != "Scan"),
        "{operations:?}"
    );
    // On his page, apart from what he asked for himself.
    let session = world.signed_in(LUIS).await;
    let page = desk.answers(&get("/solicitudes").seen_by(&session)).await;
    assert!(page.body.contains("Con copia a usted"), "{}", page.body);
    assert!(!page.body.contains("En manos de la Mesa"), "{}", page.body);
    let session = world.signed_in(ANA).await;
    let page = desk.answers(&get("/solicitudes").seen_by(&session)).await;
    assert!(!page.body.contains("Con copia a usted"), "{}", page.body);
}

#[tokio::test]
async fn a_list_is_read_page_by_page_to_its_end() {
    let world = World::new().await;
    let at = |minutes| monday() + SignedDuration::from_mins(minutes);
    for minutes in 0..7 {
        world.registered_at("redes", at(minutes)).await;
    }
    let tickets = world.tickets().await;
    let closed = world
        .case(&tickets[0])
        .assigned_to(AGENT)
        .await
        .solved()
        .await;
    closed.when(AGENT, Command::Close).await;
    let desk = started(&world).await;
    for limit in [1, 2, 3, 7, 100] {
        let mut found = Vec::new();
        let mut query = format!("/tickets?limit={limit}");
        loop {
            let page = desk
                .answers(&get(query.as_str()).by(AGENT))
                .await
                .must_be(200);
            let items = numbers(&page);
            assert!(items.len() <= limit, "{items:?}");
            found.extend(items);
            match page["next_cursor"].as_str() {
                Some(cursor) => query = format!("/tickets?limit={limit}&cursor={cursor}"),
                None => break,
            }
        }
        assert_eq!(found, [2, 3, 4, 5, 6, 7, 1], "{limit} a page");
    }
}

#[tokio::test]
async fn filters_narrow_what_the_caller_may_see() {
    let world = World::new().await;
    world.assigned("plataforma").await; // 1
    of_luis(&world, "redes").await; // 2
    world.solved("redes").await; // 3
    world.registered("impresion").await; // 4
    let desk = started(&world).await;
    for (who, query, expected) in [
        (AGENT, "?status=new", &[2][..]),
        (AGENT, "?status=solved&category=redes", &[3]),
        (AGENT, "?category=plataforma", &[1]),
        (AGENT, "?team=impresion", &[]),
        (COORDINATOR, "?team=impresion", &[4]),
        (
            AGENT,
            "?assignee=agente1.soporte@uspec.gov.co&status=assigned",
            &[1],
        ),
        (AGENT, "?requester=luis.rojas@uspec.gov.co", &[2]),
        // A requester sees nothing of another by asking for him.
        (ANA, "?requester=luis.rojas@uspec.gov.co", &[]),
        (AGENT, "?q=luis%20ROJAS", &[2]),
        (AGENT, "?q=luis%20r%C3%B3jas", &[2]),
        (AGENT, "?q=%20Correo%20", &[1, 2, 3]),
        (AGENT, "?q=2", &[2]),
        (AGENT, "?q=000002", &[2]),
        (AGENT, "?q=%23000002", &[2]),
        (AGENT, "?q=%232%20", &[2]),
        (AGENT, "?q=000", &[]),
        (AGENT, "?category=Redes&status=new", &[2]),
        (COORDINATOR, "?team=IMPRESI%C3%93N", &[4]),
        (AGENT, "?due_before=2000-01-01T00:00:00Z", &[]),
    ] {
        assert_eq!(list(&desk, who, query).await, expected, "{who} {query}");
    }
    let due = format!(
        "?due_before={}&status=new",
        now() + SignedDuration::from_hours(24 * 30)
    );
    assert_eq!(list(&desk, AGENT, &due).await, [2]);
}

#[tokio::test]
async fn a_query_that_makes_no_sense_says_which_part() {
    let world = World::new().await;
    let desk = started(&world).await;
    for (query, field, code) in [
        ("limit=0", "limit", "out_of_range"),
        ("limit=101", "limit", "out_of_range"),
        ("limit=x", "limit", "out_of_range"),
        ("cursor=x", "cursor", "invalid_cursor"),
        ("status=abierta", "status", "unknown_value"),
        ("team=cocina", "team", "unknown_value"),
        ("category=cocina", "category", "unknown_value"),
        ("assignee=x", "assignee", "unknown_value"),
        ("due_before=ayer", "due_before", "unknown_value"),
        ("prioridad=alta", "prioridad", "unknown_parameter"),
    ] {
        let request = get(format!("/tickets?{query}")).by(AGENT);
        let problem = desk
            .answers(&request)
            .await
            .must_refuse(422, "validation_failed");
        let error = &problem["errors"][0];
        assert_eq!(
            (&error["field"], &error["code"]),
            (&json!(field), &json!(code)),
            "{query}"
        );
    }
}

// -------------------------------------------------------------- one ticket

#[tokio::test]
async fn a_ticket_is_found_by_number_and_by_id() {
    let world = World::new().await;
    let case = world.assigned("plataforma").await;
    let desk = started(&world).await;
    let by_number = desk.answers(&get(case.path("")).by(ANA)).await.must_be(200);
    let by_id = get(format!("/tickets/{}", case.id)).by(ANA);
    assert_eq!(
        desk.answers(&by_id).await.must_be(200)["id"],
        by_number["id"]
    );
    assert_eq!(by_number["status"], "assigned");
    world.forget();
    // One consistent read, and it changes nothing.
    desk.answers(&by_id).await.must_be(200);
    assert_eq!(world.operations(), ["GetItem"]);
    assert_eq!(world.calls()[0].request["ConsistentRead"], true);
}

#[tokio::test]
async fn what_a_caller_may_not_read_does_not_exist_for_him() {
    let world = World::new().await;
    let case = world.assigned("plataforma").await;
    let desk = started(&world).await;
    let absent = desk
        .answers(&get("/tickets/99").by(LUIS))
        .await
        .must_refuse(404, "not_found");
    for who in [LUIS, PRINTER, OFFICER, PERSONNEL, STRANGER] {
        for route in ["", "/events", "/clocks"] {
            let hidden = desk.answers(&get(case.path(route)).by(who)).await;
            assert_eq!(
                hidden.must_refuse(404, "not_found"),
                absent,
                "{who} {route}"
            );
        }
    }
    for reference in ["x", "0", "01ARZ3NDEKTSV4RRFFQ69G5FAV"] {
        let request = get(format!("/tickets/{reference}")).by(AGENT);
        desk.answers(&request).await.must_refuse(404, "not_found");
    }
    desk.answers(&get(case.path("")).claiming(json!({})))
        .await
        .must_refuse(403, "forbidden");
}

#[tokio::test]
async fn a_history_shows_each_what_concerns_him() {
    let world = World::new().await;
    let note = |body: &str, visibility| Command::FollowUp {
        body: body.to_owned(),
        visibility,
    };
    let case = world.assigned("plataforma").await;
    let case = case
        .when(AGENT, note("Entre nosotros", Visibility::Internal))
        .await;
    let case = case
        .when(AGENT, note("Lo reviso", Visibility::Public))
        .await;
    let desk = started(&world).await;
    let history = async |who: &str, query: &str| {
        let request = get(case.path(&format!("/events{query}"))).by(who);
        desk.answers(&request).await.must_be(200)
    };
    let kinds = |page: &Value| -> Vec<String> {
        let items = page["items"].as_array().unwrap();
        items
            .iter()
            .map(|item| item["kind"].as_str().unwrap().to_owned())
            .collect()
    };
    let staff = history(AGENT, "").await;
    assert_eq!(
        kinds(&staff),
        ["registered", "assigned", "followed_up", "followed_up"]
    );
    let requester = history(ANA, "").await;
    assert!(
        !requester.to_string().contains("Entre nosotros"),
        "{requester}"
    );
    assert!(requester.to_string().contains("Lo reviso"), "{requester}");

    let first = history(AGENT, "?limit=3").await;
    assert_eq!(
        (kinds(&first).len(), &first["next_cursor"]),
        (3, &json!("3"))
    );
    let rest = history(AGENT, "?limit=3&cursor=3").await;
    assert_eq!(
        (rest["items"][0]["seq"].clone(), &rest["next_cursor"]),
        (json!(4), &Value::Null)
    );
    let wrong = get(case.path("/events?cursor=x")).by(AGENT);
    desk.answers(&wrong)
        .await
        .must_refuse(422, "validation_failed");
    // His pages are counted as he sees them: no gap tells him of what is not his.
    let seqs = |page: &Value| -> Vec<u64> {
        let items = page["items"].as_array().unwrap().iter();
        items.map(|item| item["seq"].as_u64().unwrap()).collect()
    };
    assert_eq!(seqs(&requester), [1, 2, 3]);
    let first = history(ANA, "?limit=2").await;
    assert_eq!(
        (seqs(&first), &first["next_cursor"]),
        (vec![1, 2], &json!("2"))
    );
    let rest = history(ANA, "?limit=2&cursor=2").await;
    assert_eq!(
        (seqs(&rest), kinds(&rest), &rest["next_cursor"]),
        (vec![3], vec!["followed_up".to_owned()], &Value::Null)
    );
    let beyond = history(ANA, "?cursor=77").await;
    assert_eq!(seqs(&beyond), Vec::<u64>::new());
    for (who, last, none) in [
        (AGENT, "id=\"m4\"", "id=\"m2\""),
        (ANA, "id=\"m2\"", "id=\"m4\""),
    ] {
        let session = world.signed_in(who).await;
        let page = get(format!("/solicitudes/{}", case.number.0)).seen_by(&session);
        let page = desk.answers(&page).await.body;
        assert!(page.contains(last) && !page.contains(none), "{who}: {page}");
    }
}

#[tokio::test]
async fn a_number_that_is_void_is_said_to_be_to_those_who_account_for_numbers() {
    let world = World::new().await;
    world.registered("redes").await; // 1
    let number = world.takes_number().await;
    world.void_number(number.0).await;
    let desk = started(&world).await;
    for who in [AGENT, PRINTER, COORDINATOR, HEAD, AUDITOR] {
        for rest in ["", "/events", "/clocks"] {
            for written in ["2", "000002"] {
                let request = get(format!("/tickets/{written}{rest}")).by(who);
                let problem = desk.answers(&request).await;
                let problem = problem.must_refuse(410, "void_number");
                let detail = problem["detail"].as_str().unwrap();
                assert!(detail.contains("El número #000002"), "{detail}");
            }
        }
        let session = world.signed_in(who).await;
        let page = desk.answers(&get("/solicitudes/2").seen_by(&session)).await;
        assert_eq!(page.status, 410, "{who}");
        assert!(page.body.contains("quedó anulado"), "{}", page.body);
    }
    // To others it is a number as any that is not theirs, and so is one that nobody
    // ever took.
    for (who, number) in [
        (ANA, 2),
        (OFFICER, 2),
        (PERSONNEL, 2),
        (AUDITOR, 3),
        (AGENT, 77),
    ] {
        let request = get(format!("/tickets/{number}")).by(who);
        desk.answers(&request).await.must_refuse(404, "not_found");
    }
}

#[tokio::test]
async fn who_of_a_provider_answered_is_not_for_the_requester() {
    let world = World::new().await;
    let case = world.escalated("redes").await.at_provider().await;
    let technician = Actor::Provider {
        id: "redes_externo".into(),
        email: address("tecnico.perez@proveedor-redes.example.com"),
    };
    let reply = Command::RecordProviderReply {
        body: "Era el enrutador.".to_owned(),
    };
    let case = case.when_actor(&technician, reply).await;
    let desk = started(&world).await;
    for (who, knows) in [
        (AGENT, true),
        (OFFICER, true),
        (AUDITOR, true),
        (ANA, false),
    ] {
        let events = get(case.path("/events")).by(who);
        let events = desk.answers(&events).await.must_be(200).to_string();
        assert_eq!(events.contains("tecnico.perez"), knows, "{who}: {events}");
        let session = world.signed_in(who).await;
        let page = get(format!("/solicitudes/{}", case.number.0)).seen_by(&session);
        let page = desk.answers(&page).await;
        assert_eq!(page.body.contains("tecnico.perez"), knows, "{who}");
    }
}

#[tokio::test]
async fn the_clocks_account_for_their_due_times() {
    let world = World::new().await;
    let case = world
        .registered_at("plataforma", monday())
        .await
        .assigned_to(AGENT)
        .await;
    let desk = started(&world).await;
    let clocks = desk
        .answers(&get(case.path("/clocks")).by(ANA))
        .await
        .must_be(200);
    let attention = &clocks["attention"];
    assert_eq!(attention["calendar"], "habil");
    assert_eq!(attention["due_at"], "2030-02-04T13:15:00Z");
    assert!(
        attention["explanation"]
            .as_str()
            .is_some_and(|text| !text.is_empty()),
        "{clocks}"
    );
}

// -------------------------------------------------------------- the catalogue

#[tokio::test]
async fn the_entity_reads_the_catalogue_and_nobody_else() {
    let world = World::new().await;
    let desk = started(&world).await;
    let catalogue = desk.answers(&get("/catalog").by(ANA)).await.must_be(200);
    assert_eq!(catalogue["version"], 0);
    assert!(catalogue["categories"].as_array().unwrap().len() >= 10);
    desk.answers(&get("/catalog").by(STRANGER))
        .await
        .must_refuse(403, "forbidden");
}

#[tokio::test]
async fn a_coordinator_writes_a_version_and_the_one_before_is_kept() {
    let world = World::new().await;
    let desk = started(&world).await;
    let mut catalogue = desk
        .answers(&get("/catalog").by(COORDINATOR))
        .await
        .must_be(200);
    catalogue["directory"][0]["available"] = json!(false);
    let write = |who, catalogue: &Value| put("/catalog").by(who).json(catalogue.clone());
    for who in [ANA, AGENT, AUDITOR] {
        desk.answers(&write(who, &catalogue))
            .await
            .must_refuse(403, "forbidden");
    }
    let written = desk
        .answers(&write(COORDINATOR, &catalogue))
        .await
        .must_be(200);
    assert_eq!(written["version"], 1);
    // Whoever has just written it sees it.
    let read = desk.answers(&get("/catalog").by(AGENT)).await.must_be(200);
    assert_eq!(
        (&read["version"], &read["directory"][0]["available"]),
        (&json!(1), &json!(false))
    );
    // It started from version 0, which is no longer the one in force.
    let rows = world.rows();
    desk.answers(&write(COORDINATOR, &catalogue))
        .await
        .must_refuse(409, "version_conflict");
    world.must_still_have(&rows);
    catalogue["version"] = json!(1);
    catalogue["directory"][0]["available"] = json!(true);
    desk.answers(&write(COORDINATOR, &catalogue))
        .await
        .must_be(200);
    for version in ["VERSION#00000001", "VERSION#00000002", "CURRENT"] {
        assert!(world.row("CATALOG", version).is_object(), "{version}");
    }
}

#[tokio::test]
async fn of_two_who_write_at_once_one_is_told() {
    let world = World::new().await;
    let desk = started(&world).await;
    let mut catalogue = desk
        .answers(&get("/catalog").by(COORDINATOR))
        .await
        .must_be(200);
    catalogue.as_object_mut().unwrap().remove("version");
    let other = world.clone();
    world.meanwhile("TransactWriteItems", 0, async move {
        other.away(&[AGENT]).await;
    });
    let request = put("/catalog").by(COORDINATOR).json(catalogue);
    desk.answers(&request)
        .await
        .must_refuse(409, "version_conflict");
    let read = desk.answers(&get("/catalog").by(ANA)).await.must_be(200);
    assert_eq!(
        (&read["version"], &read["directory"][0]["available"]),
        (&json!(1), &json!(false))
    );
}

#[tokio::test]
async fn a_catalogue_that_does_not_hold_together_is_refused() {
    let world = World::new().await;
    let desk = started(&world).await;
    let catalogue = desk
        .answers(&get("/catalog").by(COORDINATOR))
        .await
        .must_be(200);
    let with = |change: fn(&mut Value)| {
        let mut changed = catalogue.clone();
        change(&mut changed);
        put("/catalog").by(COORDINATOR).json(changed)
    };
    for (request, status, code) in [
        (
            with(|c| c["categories"][0]["team"] = json!("cocina")),
            422,
            "validation_failed",
        ),
        (
            with(|c| c["color"] = json!("rojo")),
            422,
            "validation_failed",
        ),
        (with(|c| c["teams"] = json!(7)), 422, "validation_failed"),
        // A version that is none is not passed over.
        (
            with(|c| c["version"] = json!("0x")),
            422,
            "validation_failed",
        ),
        (
            with(|c| c["version"] = json!("0")),
            422,
            "validation_failed",
        ),
        (with(|c| c["version"] = json!(-1)), 422, "validation_failed"),
        (
            with(|c| c["version"] = json!([0])),
            422,
            "validation_failed",
        ),
        (with(|c| c["version"] = json!(9)), 409, "version_conflict"),
        // Categories go by it.
        (
            with(|c| drop(c["calendars"].as_object_mut().unwrap().remove("habil"))),
            422,
            "validation_failed",
        ),
        (
            put("/catalog")
                .by(COORDINATOR)
                .body("application/json", "{"),
            400,
            "malformed_body",
        ),
    ] {
        desk.answers(&request).await.must_refuse(status, code);
    }
    assert_eq!(world.rows_of("CATALOG").len(), 0);
}

// -------------------------------------------------------------------- files

/// A ticket with a file that came with the request, and one that is the desk's.
async fn with_files(world: &World) -> Case {
    let file = |id: &str, visibility| Attachment {
        id: id.to_owned(),
        name: format!("ñandú {id}.png"),
        content_type: "image/png".to_owned(),
        size: 10,
        visibility,
        digest: None,
    };
    let attach = |attachment| Command::AddAttachments {
        attachments: vec![attachment],
        left_out: 0,
    };
    let case = world.assigned("plataforma").await;
    let case = case.when(ANA, attach(file("a1", Visibility::Public))).await;
    case.when_actor(&Actor::System, attach(file("a2", Visibility::Internal)))
        .await
}

#[tokio::test]
async fn a_file_is_a_link_for_a_short_while() {
    let world = World::new().await;
    let case = with_files(&world).await;
    let desk = started(&world).await;
    let answer = desk
        .answers(&get(case.path("/attachments/a1")).by(ANA))
        .await;
    assert_eq!(answer.status, 302);
    let link = answer.header("location").unwrap();
    assert!(
        link.contains(&format!("/filesbucket/tickets/{}/a1?", case.id)),
        "{link}"
    );
    for part in [
        "X-Amz-Expires=300",
        "X-Amz-Signature=",
        "response-content-disposition=attachment",
        "response-content-type=image%2Fpng",
    ] {
        assert!(link.contains(part), "{part}: {link}");
    }
    // A script is told where it is: it follows nothing with its token.
    let request = get(case.path("/attachments/a1")).by(ANA);
    let request = request.header("accept", "application/json");
    let told = desk.answers(&request).await.must_be(200);
    let (place, _) = link.split_once('?').unwrap();
    assert!(told["url"].as_str().unwrap().starts_with(place), "{told}");
    // S3 is asked by whoever follows it.
    assert!(!world.operations().contains(&"GetObject".to_owned()));
}

#[tokio::test]
async fn a_file_is_for_whoever_may_read_what_it_came_with() {
    let world = World::new().await;
    let case = with_files(&world).await;
    let desk = started(&world).await;
    for (who, id, status) in [
        (AGENT, "a2", 302),
        (ANA, "a2", 404),
        (ANA, "a3", 404),
        (LUIS, "a1", 404),
        (PRINTER, "a1", 404),
    ] {
        let request = get(case.path(&format!("/attachments/{id}"))).by(who);
        assert_eq!(desk.answers(&request).await.status, status, "{who} {id}");
    }
}

// ------------------------------------------------- what is not there, or down

#[tokio::test]
async fn a_path_that_does_not_exist_is_told_from_a_wrong_method() {
    let world = World::new().await;
    let desk = started(&world).await;
    desk.answers(&get("/cocina").by(ANA))
        .await
        .must_refuse(404, "not_found");
    desk.answers(&post("/tickets/1/cocina").by(ANA))
        .await
        .must_refuse(404, "not_found");
    let answer = desk.answers(&put("/tickets").by(ANA)).await;
    answer.must_refuse(405, "method_not_allowed");
    let mut allowed: Vec<_> = answer.header("allow").unwrap().split(", ").collect();
    allowed.sort_unstable();
    assert_eq!(allowed, ["GET", "POST"]);
}

#[tokio::test]
async fn a_table_that_does_not_answer_is_said() {
    let world = World::new().await;
    let case = world.assigned("plataforma").await;
    let desk = started(&world).await;
    // The catalogue is read first, and kept.
    desk.answers(&get(case.path("")).by(AGENT))
        .await
        .must_be(200);
    for (operation, path) in [
        ("GetItem", case.path("")),
        ("Query", case.path("/events")),
        ("Query", "/tickets".to_owned()),
        ("BatchGetItem", "/tickets".to_owned()),
    ] {
        world.fails(operation, 0..99, Fault::Throttled);
        let answer = desk.answers(&get(path.as_str()).by(AGENT)).await;
        answer.must_refuse(503, "unavailable");
        assert_eq!(answer.header("retry-after"), Some("2"));
        world.heals();
    }
}

// ------------------------------------------------------------------ the pages

/// A page, as somebody's browser asks for it.
fn page(path: impl Into<String>, session: &str) -> Request {
    get(path)
        .cookie(COOKIE, session)
        .header("accept", "text/html,*/*")
}

/// The path of a ticket's page.
fn place(case: &Case) -> String {
    format!("/solicitudes/{}", case.number.0)
}

#[tokio::test]
async fn everybody_begins_where_his_work_is_and_strangers_sign_in() {
    let world = World::new().await;
    let desk = started(&world).await;
    let begins = async |who: &str, place: &str| {
        let session = world.signed_in(who).await;
        let answer = desk.answers(&page("/", &session)).await;
        assert_eq!(
            (answer.status, answer.header("location")),
            (303, Some(place)),
            "{who}"
        );
    };
    begins(ANA, "/solicitudes").await;
    begins(AGENT, "/cola").await;
    begins(AUDITOR, "/cola").await;
    // Whoever signs begins where something waits for him.
    begins(PERSONNEL, "/solicitudes").await;
    world.registered("cuentas_equipos").await;
    begins(PERSONNEL, "/formatos").await;
    let answer = desk.answers(&page("/cola?vista=mias", "nadie")).await;
    let entrance = "/entrar?a=%2Fcola%3Fvista%3Dmias";
    assert_eq!(
        (answer.status, answer.header("location")),
        (303, Some(entrance))
    );
    // Signed in, and nobody here.
    let stranger = world.signed_in("alguien@example.com").await;
    let answer = desk.answers(&page("/solicitudes", &stranger)).await;
    assert_eq!(answer.status, 403, "{}", answer.body);
}

#[tokio::test]
async fn what_strangers_wrote_stays_text_on_every_page() {
    const HOSTILE: &str = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>{{7*7}}";
    let world = World::new().await;
    let mut application = application("plataforma");
    application.request.title = HOSTILE.to_owned();
    application.request.description = HOSTILE.to_owned();
    application.request.requester.person.name = HOSTILE.to_owned();
    application.request.requester.unit = Some(HOSTILE.to_owned());
    let case = world
        .registers(application, now())
        .await
        .assigned_to(AGENT)
        .await;
    let note = Command::FollowUp {
        body: HOSTILE.to_owned(),
        visibility: Visibility::Internal,
    };
    let case = case.when(AGENT, note).await;
    let desk = started(&world).await;
    let (ana, agent) = (world.signed_in(ANA).await, world.signed_in(AGENT).await);
    for (who, path) in [
        (&ana, "/solicitudes".to_owned()),
        (&ana, place(&case)),
        (&agent, "/cola".to_owned()),
        (&agent, place(&case)),
        (
            &agent,
            "/cola?q=%3Cscript%3Ealert(1)%3C/script%3E".to_owned(),
        ),
    ] {
        let answer = desk.answers(&page(&*path, who)).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        for markup in ["<script>alert", "<img src=x", "\"'>"] {
            assert!(!answer.body.contains(markup), "{path}: {}", answer.body);
        }
        let policy = answer.header("content-security-policy").unwrap();
        assert!(
            policy.contains("script-src 'self'") && !policy.contains("unsafe"),
            "{policy}"
        );
        assert!(answer.header("cache-control").is_some(), "{path}");
    }
}

#[tokio::test]
async fn a_requester_sees_nothing_of_what_is_internal() {
    let world = World::new().await;
    let case = world.assigned("plataforma").await;
    let note = |body: &str, visibility| Command::FollowUp {
        body: body.to_owned(),
        visibility,
    };
    let case = case
        .when(AGENT, note("Sospecho del servidor.", Visibility::Internal))
        .await
        .when(AGENT, note("Lo estamos viendo.", Visibility::Public))
        .await;
    let desk = started(&world).await;
    let (ana, agent) = (world.signed_in(ANA).await, world.signed_in(AGENT).await);
    let seen = desk.answers(&page(place(&case), &ana)).await.body;
    assert!(seen.contains("Lo estamos viendo."), "{seen}");
    for hidden in [
        "Sospecho",
        "interna",
        "name=\"visibility\" value=\"internal\"",
    ] {
        assert!(!seen.contains(hidden), "{hidden}: {seen}");
    }
    let seen = desk.answers(&page(place(&case), &agent)).await.body;
    for part in [
        "Sospecho del servidor.",
        "Lo estamos viendo.",
        "Nota interna",
    ] {
        assert!(seen.contains(part), "{part}: {seen}");
    }
    // Somebody else's is not there.
    let luis = world.signed_in(LUIS).await;
    let answer = desk.answers(&page(place(&case), &luis)).await;
    assert_eq!(answer.status, 404);
    assert!(
        !answer.body.contains("No abre el correo"),
        "{}",
        answer.body
    );
}

#[tokio::test]
async fn staff_read_who_did_what_and_how_a_request_ended() {
    let world = World::new().await;
    let case = world.assigned("plataforma").await;
    let given = Command::AssignTo {
        agent: address(COLLEAGUE),
        away: WhenAway::Ask,
    };
    let solve = Command::Resolve {
        solution: "Se reinició el servicio.".to_owned(),
    };
    let given = case.when(COORDINATOR, given).await;
    let case = given.when(COLLEAGUE, solve).await;
    let due = case.ticket().await.clocks.validation.due_at.unwrap();
    let minutes = due.duration_since(now()).as_secs() / 60 + 1;
    let expired = case.later(minutes);
    let case = expired
        .when_actor(&Actor::System, Command::ExpireValidation)
        .await;
    let desk = started(&world).await;
    let [auditor, ana] = [AUDITOR, ANA].map(|who| world.signed_in(who));
    let (auditor, ana) = (auditor.await, ana.await);
    let seen = desk.answers(&page(place(&case), &auditor)).await.body;
    let by = "por Coordinador de Mesa de Ayuda";
    for part in [by, "venció sin respuesta"] {
        assert!(seen.contains(part), "{part}: {seen}");
    }
    assert!(!seen.contains("se reabrió"), "{seen}");
    // Who of the desk does what among themselves is not for whoever asked.
    let seen = desk.answers(&page(place(&case), &ana)).await.body;
    assert!(!seen.contains(by), "{seen}");
}

#[tokio::test]
async fn a_page_offers_what_the_rules_allow() {
    let world = World::new().await;
    let minutes_ago = now() - SignedDuration::from_mins(3);
    let case = world.registered_at("redes", minutes_ago).await;
    let case = case.assigned_to(AGENT).await;
    let desk = started(&world).await;
    let forms = async |who: &str| {
        let session = world.signed_in(who).await;
        let body = desk.answers(&page(place(&case), &session)).await.body;
        let of = format!("action=\"{}/", place(&case));
        let mut acts: Vec<_> = body
            .split(&of)
            .skip(1)
            .filter_map(|rest| rest.split('"').next().map(str::to_owned))
            .collect();
        acts.sort();
        acts.dedup();
        acts.join(" ")
    };
    let agent = "categoria contacto escalamiento espera fuera-de-alcance peticion seguimientos solicitante solucion";
    assert_eq!(forms(AGENT).await, agent);
    assert_eq!(forms(ANA).await, "seguimientos");
    assert_eq!(
        forms(COORDINATOR).await,
        "categoria contacto enlace escalamiento espera fuera-de-alcance peticion responsable seguimientos solicitante solucion"
    );
    assert_eq!(forms(AUDITOR).await, "");
    assert_eq!(
        forms(COLLEAGUE).await,
        "categoria peticion responsable seguimientos solicitante"
    );
}

#[tokio::test]
async fn the_queue_is_asked_for_again_under_a_condition() {
    let world = World::new().await;
    let case = world.assigned("redes").await;
    let desk = started(&world).await;
    let agent = world.signed_in(AGENT).await;
    let asks = |tag: Option<&str>| {
        let request = page("/cola", &agent);
        match tag {
            Some(tag) => request.header("if-none-match", tag),
            None => request,
        }
    };
    // A minute may pass between two of them, which is another page.
    for attempt in 0.. {
        let first = desk.answers(&asks(None)).await;
        assert_eq!(first.status, 200);
        assert!(first.body.contains("No abre el correo"), "{}", first.body);
        let tag = first.header("etag").unwrap().to_owned();
        world.forget();
        let again = desk.answers(&asks(Some(&tag))).await;
        if again.status != 304 && attempt < 2 {
            continue;
        }
        assert_eq!((again.status, again.body.as_str()), (304, ""));
        let reads = world.operations();
        assert!(
            !reads.iter().any(|read| read.contains("BatchGetItem")),
            "{reads:?}"
        );
        break;
    }
    let tag = desk.answers(&asks(None)).await;
    let tag = tag.header("etag").unwrap().to_owned();
    case.when(
        AGENT,
        Command::Hold {
            note: "¿Cuál?".to_owned(),
        },
    )
    .await;
    let changed = desk.answers(&asks(Some(&tag))).await;
    assert_eq!(changed.status, 200);
    // A filter's page is made each time.
    let filtered = desk.answers(&page("/cola?q=correo", &agent)).await;
    assert_eq!((filtered.status, filtered.header("etag")), (200, None));
}

#[tokio::test]
async fn asking_for_the_queue_again_reads_no_ticket() {
    let world = World::new().await;
    let desk = started(&world).await;
    let charged = async |who: &str| {
        let session = world.signed_in(who).await;
        let asks = |tag: &str| page("/cola", &session).header("if-none-match", tag);
        // A minute may pass between two of them, which is another page.
        loop {
            let units = || desk.function.desk.store.read_units();
            let begin = units();
            let first = desk.answers(&page("/cola", &session)).await;
            let tag = first.header("etag").unwrap().to_owned();
            let seen = units();
            let again = desk.answers(&asks(&tag)).await;
            if again.status == 304 {
                return [seen - begin, units() - seen];
            }
        }
    };
    for _ in 0..120 {
        world.assigned("plataforma").await;
    }
    // A query for each status, of a hundred keys at the most, one for what is somebody's
    // own, and the session; a page besides reads its fifty tickets and what whoever looks
    // has set up (docs/performance.md).
    // The catalogue is read from the table for the first of them.
    charged(AGENT).await;
    assert_eq!(charged(AGENT).await, [62.0, 8.5]);
    assert_eq!(charged(COORDINATOR).await, [72.5, 13.0]);
}

#[tokio::test]
async fn the_link_of_a_mail_shows_one_request_for_a_week_after_its_end() {
    let world = World::new().await;
    let case = world.solved("plataforma").await;
    let desk = started(&world).await;
    let secret = TokenSecret::new(&world.variable("TOKEN_SECRET")).unwrap();
    let path = format!(
        "/s/{}",
        secret.issue(TokenUse::Link { edition: 0 }, case.id)
    );
    let rows = world.rows();
    let seen = desk.answers(&page(&*path, "nadie")).await;
    assert_eq!(seen.status, 200, "{}", seen.body);
    // Its address is a secret: nobody is told of more than the host.
    assert_eq!(seen.header("referrer-policy"), Some("strict-origin"));
    let survey = secret.issue(TokenUse::Survey { round: 0 }, case.id);
    for part in [
        &*format!("action=\"{path}/seguimientos\""),
        &*format!("action=\"{path}/rechazo\""),
        &*format!("/surveys/{survey}"),
    ] {
        assert!(seen.body.contains(part), "{part}: {}", seen.body);
    }
    // No menu, and no way to what else there is.
    assert!(!seen.body.contains("Mis solicitudes"), "{}", seen.body);
    world.must_still_have(&rows);

    for (token, why) in [
        (survey, "a survey's"),
        (
            secret.issue(TokenUse::Reply(Audience::Requester), case.id),
            "a mail's address",
        ),
        ("a".repeat(52), "none"),
    ] {
        let answer = desk.answers(&page(format!("/s/{token}"), "nadie")).await;
        assert_eq!(answer.status, 404, "{why}");
    }

    let closed = world.solved("redes").await;
    let closed = closed.when(AGENT, Command::Close).await;
    let of = |case: &Case| {
        format!(
            "/s/{}",
            secret.issue(TokenUse::Link { edition: 0 }, case.id)
        )
    };
    assert_eq!(desk.answers(&page(of(&closed), "nadie")).await.status, 200);
    let days = |days: i64| now() - types::SignedDuration::from_hours(24 * days);
    for (ago, status) in [(6, 200), (8, 404)] {
        let old = world
            .registered_at("redes", days(ago))
            .await
            .assigned_to(AGENT)
            .await;
        let solution = Command::Resolve {
            solution: "Hecho.".to_owned(),
        };
        let old = old
            .when(AGENT, solution)
            .await
            .when(AGENT, Command::Close)
            .await;
        let answer = desk.answers(&page(of(&old), "nadie")).await;
        assert_eq!(
            answer.status, status,
            "closed {ago} days ago: {}",
            answer.body
        );
    }
}

#[tokio::test]
async fn a_revoked_link_is_over_and_the_next_mail_has_another() {
    let world = World::new().await;
    let case = world.assigned("redes").await;
    let desk = started(&world).await;
    let secret = TokenSecret::new(&world.variable("TOKEN_SECRET")).unwrap();
    let of = |edition| {
        let link = TokenUse::Link { edition };
        page(format!("/s/{}", secret.issue(link, case.id)), "nadie")
    };
    assert_eq!(desk.answers(&of(0)).await.status, 200);
    let case = case.clone().when(COORDINATOR, Command::RevokeLink).await;
    let (over, next) = (desk.answers(&of(0)).await, desk.answers(&of(1)).await);
    assert_eq!((over.status, next.status), (404, 200), "{}", over.body);
    assert!(over.body.contains("fue anulado"), "{}", over.body);
    assert!(!over.body.contains("No abre el correo"), "{}", over.body);
    // The requester sees no trace of it; the desk does.
    let read = async |who: &str| {
        let session = world.signed_in(who).await;
        desk.answers(&page(place(&case), &session)).await.body
    };
    assert!(!read(ANA).await.contains("Enlace anulado"));
    assert!(read(AGENT).await.contains("Enlace anulado"));
}

#[tokio::test]
async fn styles_and_scripts_are_kept_for_ever_and_an_unknown_one_is_not_there() {
    let world = World::new().await;
    let desk = started(&world).await;
    let edition = pages::assets::EDITION;
    let answer = desk
        .answers(&get(format!("/recursos/{edition}/mesa.css")))
        .await;
    assert_eq!(answer.status, 200);
    assert_eq!(
        answer.header("content-type"),
        Some("text/css; charset=utf-8")
    );
    assert!(
        answer
            .header("cache-control")
            .unwrap()
            .contains("immutable")
    );
    let other = desk.answers(&get("/recursos/0/mesa.js")).await;
    assert_eq!(other.status, 200);
    assert!(!other.header("cache-control").unwrap().contains("immutable"));
    for path in ["/recursos/0/nada.css", "/recursos/0/..%2Fmesa.css"] {
        assert_eq!(desk.answers(&get(path)).await.status, 404, "{path}");
    }
    let packed = get(format!("/recursos/{edition}/mesa.css")).header("accept-encoding", "gzip, br");
    let packed = desk.answers(&packed).await;
    assert_eq!(packed.header("content-encoding"), Some("gzip"));
    assert!(packed.body.len() < answer.body.len() / 2);
}

// ------------------------------------------------------------------- a call

#[tokio::test]
async fn who_calls_is_found_and_what_he_has_open_stands_beside_it() {
    let world = World::new().await;
    let mut asked = application("redes");
    asked.request.extension = Some("212".to_owned());
    asked.request.requester.unit = Some("Dirección <General>".to_owned());
    world.registers(asked, now()).await; // 1
    world.registered("impresion").await; // 2
    let desk = started(&world).await;
    let agent = world.signed_in(AGENT).await;
    let shown = async |path: &str| {
        let answer = desk.answers(&page(path, &agent)).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        answer.body
    };
    let empty = shown("/llamada").await;
    assert!(empty.contains("name=\"requester.email\""), "{empty}");

    // Not in the directory, but she asked before: nothing of that is asked again.
    let ana = shown(&format!("/llamada?quien={ANA}")).await;
    assert!(ana.contains("<h2 id=\"persona\">Ana"), "{ana}");
    assert!(
        ana.contains("type=\"hidden\" name=\"requester.name\""),
        "{ana}"
    );
    assert!(
        ana.contains("value=\"212\"") && ana.contains("Dirección &#60;General&#62;"),
        "{ana}"
    );
    assert!(ana.contains("href=\"/solicitudes/1\""), "{ana}");
    // What another team does is none of his.
    assert!(!ana.contains("href=\"/solicitudes/2\""), "{ana}");

    // By a part of the name; the name is asked of whom nobody knows.
    let found = shown("/llamada?quien=coordinador").await;
    let link = "href=\"/llamada?quien=coordinador.mesa%40uspec.gov.co\"";
    assert!(found.contains(link), "{found}");
    let unknown = shown("/llamada?quien=nadie@uspec.gov.co").await;
    assert!(
        unknown.contains("value=\"nadie@uspec.gov.co\""),
        "{unknown}"
    );
    assert!(unknown.contains("id=\"nombre\""), "{unknown}");
    // The one who can be meant is gone to, without another key.
    let only = page("/llamada?quien=coordinador%20de", &agent);
    let only = desk.answers(&only).await;
    assert_eq!(only.status, 303);
    assert_eq!(
        only.header("location"),
        Some("/llamada?quien=coordinador.mesa%40uspec.gov.co")
    );
    let digits = shown("/llamada?quien=000").await;
    assert!(!digits.contains("000@"), "{digits}");
    // What the telephone shows goes along, whoever it turns out to be.
    let carried = "type=\"hidden\" name=\"extension\" value=\"000\"";
    assert!(digits.contains(carried), "{digits}");
    let found = shown("/llamada?quien=coordinador&extension=000").await;
    assert!(
        found.contains("%40uspec.gov.co&#38;extension=000\""),
        "{found}"
    );
    let ana = shown(&format!("/llamada?quien={ANA}&extension=000")).await;
    assert!(ana.contains("name=\"extension\" value=\"000\""), "{ana}");
    let hostile = shown("/llamada?quien=nadie&extension=%22%3E1").await;
    assert!(
        !hostile.contains("name=\"extension\" value=\"&"),
        "{hostile}"
    );
    let registered = shown("/llamada?registrada=7").await;
    assert!(registered.contains("Quedó registrada"), "{registered}");
}

#[tokio::test]
async fn calls_are_the_desks() {
    let world = World::new().await;
    let desk = started(&world).await;
    for (who, status) in [
        (COORDINATOR, 200),
        (OFFICER, 403),
        (AUDITOR, 403),
        (ANA, 403),
    ] {
        let session = world.signed_in(who).await;
        let answer = desk.answers(&page("/llamada", &session)).await;
        assert_eq!(answer.status, status, "{who}");
    }
    let answer = desk.answers(&page("/llamada?quien=ana", "x")).await;
    assert_eq!(
        answer.header("location"),
        Some("/entrar?a=%2Fllamada%3Fquien%3Dana")
    );
}

#[tokio::test]
async fn the_next_one_is_ones_own_that_is_due_first_then_a_free_one() {
    let world = World::new().await;
    let desk = started(&world).await;
    let agent = world.signed_in(AGENT).await;
    let next = async |after: Option<&Case>| {
        let tail = after.map_or_else(String::new, |case| format!("?tras={}", case.number.0));
        let answer = desk
            .answers(&page(format!("/cola/siguiente{tail}"), &agent))
            .await;
        assert_eq!(answer.status, 303);
        answer.header("location").unwrap().to_owned()
    };
    assert_eq!(next(None).await, "/cola?vista=mias");
    let free = world.registered("redes").await;
    assert_eq!(next(None).await, place(&free));
    // What waits for somebody else is nothing to go on with.
    world.assigned("redes").await.held().await;
    world.escalated("redes").await;
    assert_eq!(next(None).await, place(&free));
    // An officer has nothing else, and what he has answered is the agent's again.
    let officer = world.signed_in(OFFICER).await;
    let escalated = world.escalated("redes").await;
    let answer = desk.answers(&page("/cola/siguiente", &officer)).await;
    let first = answer.header("location").unwrap();
    assert!(first.starts_with("/solicitudes/"), "{first}");
    let reported = Command::ReportSolution {
        body: "Se cambió el equipo.".to_owned(),
    };
    let reported = escalated.when(OFFICER, reported).await;
    assert_eq!(next(None).await, place(&reported));
    let own = world.assigned("redes").await;
    assert_eq!(next(Some(&reported)).await, place(&own));
    // The one that he has just done may still be in the index.
    assert_eq!(next(Some(&own)).await, place(&reported));
    // A stranger's link speaks of nothing to whoever does not work here, and of nothing that
    // nobody goes on from.
    let ana = world.signed_in(ANA).await;
    for (who, word) in [(&ana, "resuelta"), (&agent, "registrada")] {
        let path = format!("/solicitudes?tras={}&hecho={word}", own.number.0);
        let body = desk.answers(&page(path, who)).await.body;
        assert!(!body.contains("Volver a ella"), "{word}: {body}");
    }
    // What came of it is said where he goes on, of the one that it is about.
    let number = own.number;
    let went = page(
        format!("/cola/siguiente?tras={}&hecho=resuelta", number.0),
        &agent,
    );
    let went = desk
        .answers(&went)
        .await
        .header("location")
        .unwrap()
        .to_owned();
    assert_eq!(
        went,
        format!("{}?tras={}&hecho=resuelta", place(&reported), number.0)
    );
    let said = format!("<span>{number}: Resuelta.");
    for at in [
        went,
        format!("/cola?vista=mias&tras={}&hecho=resuelta", number.0),
    ] {
        let body = desk.answers(&page(at, &agent)).await.body;
        assert!(body.contains(&said), "{body}");
        assert!(
            body.contains(&format!("href=\"{}\">Volver a ella", place(&own))),
            "{body}"
        );
    }
}

// ------------------------------------------------------------------- today

#[tokio::test]
async fn today_shows_what_is_late_what_is_due_and_what_was_given_up() {
    let world = World::new().await;
    let ago = |minutes| now() - SignedDuration::from_mins(minutes);
    world.registered_at("redes", ago(60)).await; // 1, late; and free at any hour
    world.assigned("plataforma").await.held().await; // 2
    let given_up = cloud::store::GivenUp {
        queue: "notification",
        message_id: "m",
        body: "{}",
        class: "poison",
        reason: "x",
        receive_count: 5,
    };
    world.gives_up(&given_up).await;
    // Attended and solved in time, of which one was closed; and yesterday's.
    world.solved("ofimatica").await; // 3
    let closed = world.solved("redes").await; // 4
    closed.when(AGENT, Command::Close).await;
    let desk = started(&world).await;
    for who in [COORDINATOR, HEAD, AUDITOR] {
        let session = world.signed_in(who).await;
        let answer = desk.answers(&page("/hoy", &session)).await;
        assert_eq!(answer.status, 200, "{who}: {}", answer.body);
        for part in [
            "id=\"vencidas\"",
            "id=\"pronto\"",
            "href=\"/solicitudes/1\"",
            "href=\"/solicitudes/2\"",
            "Correos sin salir",
            "href=\"/correo\"",
            "resueltas o declinadas 2 de 2.",
        ] {
            assert!(answer.body.contains(part), "{who}: {part}: {}", answer.body);
        }
    }
    for who in [AGENT, OFFICER, ANA] {
        let session = world.signed_in(who).await;
        let answer = desk.answers(&page("/hoy", &session)).await;
        assert_eq!(answer.status, 403, "{who}");
    }
    let coordinator = world.signed_in(COORDINATOR).await;
    let answer = desk.answers(&page("/", &coordinator)).await;
    assert_eq!(answer.header("location"), Some("/hoy"));
}

#[tokio::test]
async fn a_day_on_which_nothing_happens_says_so() {
    let world = World::new().await;
    let desk = started(&world).await;
    let coordinator = world.signed_in(COORDINATOR).await;
    let answer = desk.answers(&page("/hoy", &coordinator)).await;
    for part in [
        "Nada está vencido.",
        "Todas tienen responsable.",
        "Ningún mensaje",
    ] {
        assert!(answer.body.contains(part), "{part}: {}", answer.body);
    }
}

#[tokio::test]
async fn rows_are_chosen_by_those_who_give_commands() {
    let world = World::new().await;
    world.assigned("redes").await;
    let desk = started(&world).await;
    for (who, chooses, assigns) in [
        (AGENT, true, false),
        (COORDINATOR, true, true),
        (AUDITOR, false, false),
        (HEAD, false, false),
    ] {
        let session = world.signed_in(who).await;
        let body = desk.answers(&page("/cola", &session)).await.body;
        let has = |part: &str| body.contains(part);
        assert_eq!(
            has("name=\"elegida\" value=\"1\""),
            chooses,
            "{who}: {body}"
        );
        assert_eq!(has("id=\"elegidas\""), chooses, "{who}");
        assert_eq!(has("id=\"elegidas-agente\""), assigns, "{who}");
    }
}
