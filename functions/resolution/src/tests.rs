//! Work on a ticket, over AWS in memory.

use cloud::session::COOKIE;
use in_process::people::{AGENT, ANA, COLLEAGUE, LUIS, OFFICER, OTHER_OFFICER, PRINTER, address};
use in_process::{Case, Fault, Request, Started, World, application, delete, now, post};
use serde_json::json;
use types::effects::{Effect, MailKind, QueueName};
use types::ticket::{Outcome, Person, State, WebAction, WebRequest};
use types::token::{TokenSecret, TokenUse};

use super::Resolution;

mod files;

async fn started(world: &World) -> Started<Resolution> {
    world.start("resolution").await
}

fn mail(kind: MailKind) -> Effect {
    Effect::Mail(kind)
}

#[tokio::test]
async fn a_public_follow_up_reaches_whoever_it_concerns() {
    let world = World::new().await;
    let case = world.assigned("plataforma").await;
    let resolution = started(&world).await;
    let says = |who, visibility: &str| {
        let body = json!({ "body": "¿Algo nuevo?", "visibility": visibility });
        post(case.path("/followups")).by(who).json(body)
    };
    // The requester's goes to the agent, the agent's to the requester; what a colleague
    // notes for the desk goes to the agent alone.
    resolution.answers(&says(ANA, "public")).await.must_be(200);
    resolution
        .answers(&says(AGENT, "public"))
        .await
        .must_be(200);
    resolution
        .answers(&says(COLLEAGUE, "internal"))
        .await
        .must_be(200);
    assert_eq!(
        world.rung(QueueName::Notification),
        [
            case.owes(3, mail(MailKind::FollowUpToAgent)),
            case.owes(4, mail(MailKind::FollowUpToRequester)),
            case.owes(5, mail(MailKind::FollowUpToAgent)),
        ]
    );
    assert_eq!(
        case.kinds().await[2..],
        ["followed_up", "followed_up", "followed_up"]
    );

    let rows = world.rows();
    resolution
        .answers(&says(ANA, "internal"))
        .await
        .must_refuse(403, "forbidden");
    resolution
        .answers(&says(LUIS, "public"))
        .await
        .must_refuse(404, "not_found");
    resolution
        .answers(&says(PRINTER, "public"))
        .await
        .must_refuse(404, "not_found");
    let problem = resolution.answers(&says(ANA, "secreto")).await;
    let problem = problem.must_refuse(422, "validation_failed");
    assert_eq!(problem["errors"][0]["field"], "visibility");
    world.must_still_have(&rows);
}

/// A ticket of Ana's with Luis and a colleague of the desk copied.
async fn observed(world: &World) -> Case {
    let mut application = application("redes");
    application.request.observers = [LUIS, COLLEAGUE]
        .map(|email| Person {
            email: address(email),
            name: email.to_owned(),
        })
        .into();
    let case = world.registers(application, now()).await;
    case.assigned_to(AGENT).await.settled().await
}

#[tokio::test]
async fn who_was_copied_is_taken_off_by_whom_it_concerns() {
    let world = World::new().await;
    let resolution = started(&world).await;
    for (who, whom, kind) in [
        (AGENT, LUIS, "the desk"),
        (ANA, LUIS, "whoever asked"),
        (LUIS, LUIS, "he himself"),
        (COLLEAGUE, COLLEAGUE, "he himself, of the desk"),
    ] {
        let case = observed(&world).await;
        world.forget();
        let request = delete(case.path(&format!("/observers/{whom}"))).by(who);
        let view = resolution.answers(&request).await.must_be(200);
        let left: Vec<_> = view["observers"].as_array().unwrap().iter().collect();
        assert_eq!(left.len(), 1, "{kind}");
        assert_ne!(left[0]["email"], whom, "{kind}");
        assert_eq!(case.kinds().await.last(), Some(&"observer_removed"));
        assert_eq!(world.all_rung(), [], "{kind}");
        // Once more there is nobody to take off; who left may not even look.
        let again = resolution.answers(&request).await;
        match who == LUIS {
            true => again.must_refuse(404, "not_found"),
            false if who == whom => again.must_refuse(403, "forbidden"),
            false => again.must_refuse(409, "invalid_transition"),
        };
    }
    let case = observed(&world).await;
    for (who, whom, status, code) in [
        (LUIS, COLLEAGUE, 403, "forbidden"),
        (PRINTER, LUIS, 404, "not_found"),
        (AGENT, ANA, 409, "invalid_transition"),
        (AGENT, "nadie", 404, "not_found"),
    ] {
        let path = case.path(&format!("/observers/{whom}"));
        let answer = resolution.answers(&delete(path).by(who)).await;
        answer.must_refuse(status, code);
    }
}

#[tokio::test]
async fn who_was_copied_leaves_by_his_page() {
    let world = World::new().await;
    let case = observed(&world).await;
    let resolution = started(&world).await;
    let send = async |who: &str, key: &str| {
        let session = world.signed_in(who).await;
        let path = format!("/solicitudes/{}/copias/{LUIS}", case.number.0);
        let form = post(path).seen_by(&session).from_own_page();
        let form = form.form(&[("idempotency_key", key)]);
        let answer = resolution.answers(&form).await;
        (answer.status, answer.header("location").map(str::to_owned))
    };
    // Another who was copied does not see him off.
    assert_eq!(send(PRINTER, "a").await.0, 404);
    let (status, to) = send(LUIS, "b").await;
    assert_eq!(status, 303);
    assert_eq!(to.as_deref(), Some("/solicitudes?hecho=sin-copia"));
    let ticket = case.ticket().await;
    assert!(ticket.observer(&address(LUIS)).is_none());
}

#[tokio::test]
async fn the_agent_solves_and_his_load_falls() {
    let world = World::new().await;
    let case = world.assigned("plataforma").await;
    let resolution = started(&world).await;
    let body = json!({ "solution": "Se reinició el servicio" });
    let request = post(case.path("/resolution")).by(AGENT).json(body);
    let view = resolution.answers(&request).await.must_be(200);
    assert_eq!(
        (&view["status"], &view["outcome"]),
        (&json!("solved"), &json!("solved"))
    );
    assert_eq!(view["clocks"]["validation"]["state"], "running");
    assert_eq!(world.load(AGENT), 0);
    assert_eq!(world.all_rung(), [case.owes(3, mail(MailKind::Solved))]);
    // The deadline of validation is armed, and the sweep finds it.
    let row = world.row(&format!("TICKET#{}", case.id), "TICKET");
    assert!(
        row["due_sk"]["S"].as_str().unwrap().ends_with("#closure"),
        "{row}"
    );

    // Once more there is nothing to solve.
    let again = resolution.answers(&request).await;
    again.must_refuse(409, "invalid_transition");
}

#[tokio::test]
async fn only_whoever_is_responsible_solves() {
    let world = World::new().await;
    let case = world.assigned("plataforma").await;
    let resolution = started(&world).await;
    let rows = world.rows();
    for (who, status, code) in [
        (ANA, 403, "forbidden"),
        (COLLEAGUE, 403, "forbidden"),
        (LUIS, 404, "not_found"),
    ] {
        let body = json!({ "solution": "Listo" });
        let request = post(case.path("/resolution")).by(who).json(body);
        resolution.answers(&request).await.must_refuse(status, code);
    }
    let empty = post(case.path("/resolution"))
        .by(AGENT)
        .json(json!({ "solution": " " }));
    resolution
        .answers(&empty)
        .await
        .must_refuse(422, "validation_failed");
    world.must_still_have(&rows);
}

#[tokio::test]
async fn a_category_with_formats_is_not_solved_without_them() {
    let world = World::new().await;
    let case = world.assigned("desvinculacion").await;
    let resolution = started(&world).await;
    let body = json!({ "solution": "Cuentas retiradas" });
    let request = post(case.path("/resolution")).by(AGENT).json(body);
    let problem = resolution.answers(&request).await;
    let problem = problem.must_refuse(409, "invalid_transition");
    assert!(
        problem["detail"].as_str().unwrap().contains("A3-FO-12"),
        "{problem}"
    );
    assert_eq!(case.ticket().await.state, State::Assigned);
}

#[tokio::test]
async fn the_officer_reports_and_the_desk_resolves() {
    let world = World::new().await;
    let case = world.escalated("plataforma").await;
    let resolution = started(&world).await;
    let report = |who| {
        let body = json!({ "body": "Se cambió el módulo" });
        post(case.path("/solution-report")).by(who).json(body)
    };
    let solve = || {
        let body = json!({ "solution": "El módulo fue cambiado" });
        post(case.path("/resolution")).by(AGENT).json(body)
    };
    // Activity 12: there is nothing to hand on yet.
    resolution
        .answers(&solve())
        .await
        .must_refuse(409, "invalid_transition");
    resolution
        .answers(&report(AGENT))
        .await
        .must_refuse(403, "forbidden");
    // What was not escalated to him does not exist for an officer.
    resolution
        .answers(&report(OTHER_OFFICER))
        .await
        .must_refuse(404, "not_found");

    let view = resolution.answers(&report(OFFICER)).await.must_be(200);
    assert_eq!(view["solution_reported"]["by"]["email"], OFFICER);
    assert_eq!(
        world.all_rung(),
        [case.owes(4, mail(MailKind::SolutionReported))]
    );
    resolution.answers(&solve()).await.must_be(200);
    assert_eq!(case.ticket().await.state, State::Solved);
}

#[tokio::test]
async fn what_is_out_of_scope_is_declined_with_a_mail_of_its_own() {
    let world = World::new().await;
    let mut application = in_process::application("publicacion_web");
    application.request.web_request = Some(WebRequest {
        action: WebAction::Design,
    });
    let case = world.registers(application, in_process::now()).await;
    let resolution = started(&world).await;
    let decline = |who| {
        let body = json!({ "reason": "El diseño no es de la Mesa" });
        post(case.path("/decline")).by(who).json(body)
    };
    resolution
        .answers(&decline(ANA))
        .await
        .must_refuse(403, "forbidden");
    // Nobody has taken it: any agent of the team may.
    let view = resolution.answers(&decline(COLLEAGUE)).await.must_be(200);
    assert_eq!(
        (&view["status"], &view["outcome"]),
        (&json!("solved"), &json!("declined"))
    );
    assert_eq!(case.ticket().await.outcome, Some(Outcome::Declined));
    assert_eq!(world.all_rung(), [case.owes(2, mail(MailKind::Declined))]);
}

#[tokio::test]
async fn a_table_that_is_down_changes_nothing_and_says_so() {
    let world = World::new().await;
    let case = world.assigned("plataforma").await;
    let resolution = started(&world).await;
    let rows = world.rows();
    let body = json!({ "solution": "Listo" });
    let request = post(case.path("/resolution")).by(AGENT).json(body);
    for operation in ["GetItem", "TransactWriteItems"] {
        world.fails(operation, 0..3, Fault::Failed);
        let answer = resolution.answers(&request).await;
        answer.must_refuse(503, "unavailable");
        world.must_still_have(&rows);
    }
    resolution.answers(&request).await.must_be(200);
}

#[tokio::test]
async fn a_row_that_cannot_be_read_is_an_error_of_ours() {
    let world = World::new().await;
    let case = world.assigned("plataforma").await;
    let resolution = started(&world).await;
    let mut row = world.row(&format!("TICKET#{}", case.id), "TICKET");
    row["v"]["N"] = json!("9");
    world.put_row(&row);
    let body = json!({ "solution": "Listo" });
    let request = post(case.path("/resolution")).by(AGENT).json(body);
    let problem = resolution
        .answers(&request)
        .await
        .must_refuse(500, "internal");
    // Nothing of what is wrong leaks.
    assert!(!problem.to_string().contains("schema"), "{problem}");
}

// ---------------------------------------------------------- by a page's form

/// A form of a ticket's page, as its browser sends it.
fn sent(case: &Case, act: &str, session: &str, fields: &[(&str, &str)]) -> Request {
    let number = case.number.0;
    post(format!("/solicitudes/{number}/{act}"))
        .cookie(COOKIE, session)
        .header("accept", "text/html,*/*")
        .from_own_page()
        .form(fields)
}

#[tokio::test]
async fn a_form_is_the_same_command_and_goes_back_to_its_page() {
    let world = World::new().await;
    let case = world.assigned("redes").await;
    let resolution = started(&world).await;
    let agent = world.signed_in(AGENT).await;
    let fields = [
        ("expected_version", "2"),
        ("idempotency_key", "una-vez"),
        ("solution", "Se cambió el cable.\r\nQuedó probado."),
    ];
    let request = sent(&case, "solucion", &agent, &fields);
    // Pressed twice: one command, and the same page after both.
    for _ in 0..2 {
        let answer = resolution.answers(&request).await;
        assert_eq!(answer.status, 303, "{}", answer.body);
        let page = format!("/solicitudes/{}?hecho=resuelta", case.number.0);
        assert_eq!(answer.header("location"), Some(&*page));
    }
    assert_eq!(case.kinds().await[2..], ["resolved"]);
    let ticket = case.ticket().await;
    let solution = ticket.solution.as_deref();
    assert_eq!(solution, Some("Se cambió el cable.\nQuedó probado."));
}

#[tokio::test]
async fn whoever_is_done_may_go_on_to_his_next_one() {
    let world = World::new().await;
    let case = world.assigned("redes").await;
    let resolution = started(&world).await;
    let agent = world.signed_in(AGENT).await;
    let fields = [("solution", "Hecho."), ("luego", "siguiente")];
    let answer = resolution
        .answers(&sent(&case, "solucion", &agent, &fields))
        .await;
    let next = format!("/cola/siguiente?tras={}&hecho=resuelta", case.number.0);
    assert_eq!(
        (answer.status, answer.header("location")),
        (303, Some(&*next))
    );
    assert_eq!(case.ticket().await.state, State::Solved);
}

#[tokio::test]
async fn a_form_that_cannot_be_taken_comes_back_with_all_that_was_typed() {
    let world = World::new().await;
    let case = world.assigned("redes").await;
    let resolution = started(&world).await;
    let agent = world.signed_in(AGENT).await;
    let rows = world.rows();
    let fields = [
        ("expected_version", "2"),
        ("idempotency_key", "clave"),
        ("solution", " \r\n "),
    ];
    let answer = resolution
        .answers(&sent(&case, "solucion", &agent, &fields))
        .await;
    assert_eq!(answer.status, 422, "{}", answer.body);
    world.must_still_have(&rows);
    for part in [
        "Error: ",
        "field--error",
        "href=\"#resolve-solution\"",
        "value=\"clave\"",
    ] {
        assert!(answer.body.contains(part), "{part}: {}", answer.body);
    }

    // Somebody was faster: what he wrote and what was typed stand on one page, which
    // can be sent as it is.
    let says = json!({ "body": "Ya la estoy viendo yo.", "visibility": "internal" });
    let faster = post(case.path("/followups")).by(COLLEAGUE).json(says);
    resolution.answers(&faster).await.must_be(200);
    let typed = "Una <b>larga</b> explicación";
    let fields = [
        ("expected_version", "2"),
        ("idempotency_key", "clave"),
        ("solution", typed),
    ];
    let answer = resolution
        .answers(&sent(&case, "solucion", &agent, &fields))
        .await;
    assert_eq!(answer.status, 409, "{}", answer.body);
    for part in [
        "Ya la estoy viendo yo.",
        "Una &#60;b&#62;larga&#60;/b&#62; explicación",
        "name=\"expected_version\" value=\"3\"",
    ] {
        assert!(answer.body.contains(part), "{part}: {}", answer.body);
    }
    let fields = [
        ("expected_version", "3"),
        ("idempotency_key", "clave"),
        ("solution", typed),
    ];
    let answer = resolution
        .answers(&sent(&case, "solucion", &agent, &fields))
        .await;
    assert_eq!(answer.status, 303, "{}", answer.body);
}

#[tokio::test]
async fn a_form_of_whoever_is_not_signed_in_changes_nothing_and_loses_nothing() {
    let world = World::new().await;
    let case = world.assigned("redes").await;
    let resolution = started(&world).await;
    let rows = world.rows();
    let fields = [
        ("idempotency_key", "k"),
        ("solution", "Escrito con esmero."),
    ];
    let answer = resolution
        .answers(&sent(&case, "solucion", "x", &fields))
        .await;
    assert_eq!(answer.status, 401, "{}", answer.body);
    assert!(
        answer.body.contains("Escrito con esmero."),
        "{}",
        answer.body
    );
    assert!(answer.body.contains("href=\"/entrar\""), "{}", answer.body);
    // Of the ticket it says nothing: nobody knows who asks.
    assert!(
        !answer.body.contains("No abre el correo"),
        "{}",
        answer.body
    );
    let by_script = sent(&case, "solucion", "x", &fields).header("accept", "application/json");
    resolution
        .answers(&by_script)
        .await
        .must_refuse(401, "signed_out");
    world.must_still_have(&rows);
}

#[tokio::test]
async fn a_form_of_another_site_is_refused() {
    let world = World::new().await;
    let case = world.assigned("redes").await;
    let resolution = started(&world).await;
    let agent = world.signed_in(AGENT).await;
    let rows = world.rows();
    let number = case.number.0;
    for headers in [
        &[("sec-fetch-site", "cross-site")][..],
        &[("sec-fetch-site", "same-site")],
        &[("origin", "https://otra.example")],
        &[("origin", "null")],
        &[],
    ] {
        let mut request = post(format!("/solicitudes/{number}/solucion"))
            .cookie(COOKIE, &agent)
            .header("accept", "text/html")
            .form(&[("solution", "Robada.")]);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let answer = resolution.answers(&request).await;
        assert_eq!(answer.status, 403, "{headers:?}: {}", answer.body);
    }
    world.must_still_have(&rows);
}

#[tokio::test]
async fn what_somebody_may_not_do_a_form_does_not_do_for_him() {
    let world = World::new().await;
    let case = world.assigned("redes").await;
    let resolution = started(&world).await;
    let events = case.kinds().await;
    for (who, status) in [(ANA, 403), (LUIS, 404), (COLLEAGUE, 403), (PRINTER, 404)] {
        let session = world.signed_in(who).await;
        let fields = [("solution", "Hecho.")];
        let answer = resolution
            .answers(&sent(&case, "solucion", &session, &fields))
            .await;
        assert_eq!(answer.status, status, "{who}: {}", answer.body);
    }
    let internal = [("body", "Algo."), ("visibility", "internal")];
    let ana = world.signed_in(ANA).await;
    let answer = resolution
        .answers(&sent(&case, "seguimientos", &ana, &internal))
        .await;
    assert_eq!(answer.status, 403, "{}", answer.body);
    assert_eq!(case.kinds().await, events);
}

#[tokio::test]
async fn the_link_of_a_mail_lets_its_requester_answer_and_nobody_else() {
    let world = World::new().await;
    let case = world.assigned("redes").await;
    let resolution = started(&world).await;
    let secret = TokenSecret::new(&world.variable("TOKEN_SECRET")).unwrap();
    let token = secret.issue(TokenUse::Link { edition: 0 }, case.id);
    let says = |token: &str, visibility: &str| {
        post(format!("/s/{token}/seguimientos"))
            .header("accept", "text/html")
            .from_own_page()
            .form(&[("body", "Sigue igual."), ("visibility", visibility)])
    };
    let answer = resolution.answers(&says(&token, "public")).await;
    assert_eq!(answer.status, 303, "{}", answer.body);
    let page = format!("/s/{token}?hecho=enviado");
    assert_eq!(answer.header("location"), Some(&*page));
    let event = case.events().await.pop().unwrap();
    assert_eq!(event.actor.email.unwrap().as_str(), ANA);

    let rows = world.rows();
    let survey = secret.issue(TokenUse::Survey { round: 0 }, case.id);
    let foreign = TokenSecret::new(&"otro secreto".repeat(4)).unwrap();
    let foreign = foreign.issue(TokenUse::Link { edition: 0 }, case.id);
    for (token, visibility, status) in [
        (&*survey, "public", 404),
        (&*foreign, "public", 404),
        ("aaaa", "public", 404),
        (&*token, "internal", 403),
    ] {
        let answer = resolution.answers(&says(token, visibility)).await;
        assert_eq!(
            answer.status, status,
            "{token} {visibility}: {}",
            answer.body
        );
    }
    world.must_still_have(&rows);
}

#[tokio::test]
async fn without_the_secret_of_its_links_it_does_not_start() {
    let world = World::new().await;
    let refusal = world
        .refuses::<Resolution>("resolution", "TOKEN_SECRET")
        .await;
    assert!(refusal.contains("TOKEN_SECRET"), "{refusal}");
}
