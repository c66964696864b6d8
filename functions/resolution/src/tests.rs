//! Work on a ticket, over AWS in memory.

use in_process::people::{AGENT, ANA, COLLEAGUE, LUIS, OFFICER, OTHER_OFFICER, PRINTER};
use in_process::{Fault, Started, World, post};
use serde_json::json;
use types::effects::{Effect, MailKind, QueueName};
use types::ticket::{Outcome, State, WebAction, WebRequest};

use super::Resolution;

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
    // The requester's goes to the agent, the agent's to the requester; what is
    // internal goes to neither of them.
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
