//! Validation and closing, over AWS in memory.

use in_process::people::{AGENT, ANA, COORDINATOR, LUIS};
use in_process::{Case, Message, Started, World, get, monday, now, post};
use serde_json::json;
use types::command::Command;
use types::effects::{Effect, MailKind, QueueName};
use types::ids::CalendarId;
use types::permission::Actor;
use types::ticket::{CloseReason, State};
use types::token::{Audience, TokenSecret, TokenUse};
use types::{SignedDuration, Timestamp};

use super::Closure;

const QUEUE: QueueName = QueueName::Closure;

async fn started(world: &World) -> Started<Closure> {
    world.start("closure").await
}

fn mail(kind: MailKind) -> Effect {
    Effect::Mail(kind)
}

/// The path of a survey, as it was mailed.
fn survey(world: &World, case: &Case, round: u8) -> String {
    let token = secret(world).issue(TokenUse::Survey { round }, case.id);
    format!("/surveys/{token}")
}

fn secret(world: &World) -> TokenSecret {
    TokenSecret::new(&world.variable("TOKEN_SECRET")).unwrap()
}

// -------------------------------------------------------------- the survey

#[tokio::test]
async fn looking_at_a_survey_changes_nothing() {
    let world = World::new().await;
    let case = world.solved("plataforma").await;
    let closure = started(&world).await;
    let rows = world.rows();
    let path = survey(&world, &case, 0);
    let view = closure.answers(&get(path.as_str())).await.must_be(200);
    assert_eq!(
        (&view["open"], &view["title"]),
        (&json!(true), &json!("No abre el correo"))
    );
    let page = closure
        .answers(&get(path.as_str()).header("accept", "text/html"))
        .await;
    assert_eq!(page.status, 200);
    assert!(
        page.body.contains("¿Se solucionó su solicitud?"),
        "{}",
        page.body
    );
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.contains("default-src 'none'"), "{policy}");
    world.must_still_have(&rows);
    assert_eq!(world.all_rung(), []);
}

#[tokio::test]
async fn a_satisfied_requester_closes_and_the_desk_is_told() {
    let world = World::new().await;
    let case = world.solved("plataforma").await.settled().await;
    let closure = started(&world).await;
    let path = survey(&world, &case, 0);
    let body = json!({ "solved": true, "rating": 5, "comment": "Rápido" });
    let view = closure
        .answers(&post(path.as_str()).json(body.clone()))
        .await
        .must_be(200);
    assert_eq!(
        (&view["status"], &view["survey"]["rating"], &view["open"]),
        (&json!("closed"), &json!(5), &json!(false))
    );
    // Whoever holds the link is told no more than it shows.
    for field in ["id", "description", "requester", "assignee", "attachments"] {
        assert!(view[field].is_null(), "{field}: {view}");
    }
    assert_eq!(case.kinds().await[3..], ["survey_answered", "closed"]);
    // Control C2.
    assert_eq!(case.owed(), ["4 mail_survey_answered", "5 mail_closed"]);
    assert_eq!(world.rung(QueueName::Notification).len(), 2);
    let ticket = case.ticket().await;
    assert_eq!(ticket.survey.unwrap().comment.as_deref(), Some("Rápido"));
    // Nothing of it is due any more.
    let row = world.row(&format!("TICKET#{}", case.id), "TICKET");
    assert!(row["due_pk"].is_null(), "{row}");

    let rows = world.rows();
    let again = closure.answers(&post(path.as_str()).json(body)).await;
    again.must_refuse(409, "invalid_transition");
    world.must_still_have(&rows);
}

#[tokio::test]
async fn a_survey_ends_a_week_after_closing() {
    let world = World::new().await;
    let closure = started(&world).await;
    let closed = async |days: i64| {
        let then = now() - SignedDuration::from_hours(24 * days);
        let case = world.registered_at("redes", then).await;
        let case = case.assigned_to(AGENT).await.solved().await;
        survey(&world, &case.when(AGENT, Command::Close).await, 0)
    };
    let (old, recent) = (closed(8).await, closed(6).await);
    let shown = closure.answers(&get(recent.as_str())).await.must_be(200);
    assert_eq!(shown["open"], false);
    let rows = world.rows();
    let body = json!({ "solved": false, "rating": 1 });
    for request in [get(old.as_str()), post(old.as_str()).json(body)] {
        let refused = closure.answers(&request).await;
        refused.must_refuse(410, "link_ended");
    }
    let page = closure
        .answers(&get(old.as_str()).header("accept", "text/html"))
        .await;
    assert_eq!(page.status, 410);
    assert!(page.body.contains("<main"), "{}", page.body);
    assert!(!page.body.contains("Se reinició"), "{}", page.body);
    world.must_still_have(&rows);
}

#[tokio::test]
async fn a_form_answers_with_pages() {
    let world = World::new().await;
    let case = world.solved("plataforma").await;
    let closure = started(&world).await;
    let path = survey(&world, &case, 0);
    let rows = world.rows();
    for fields in [
        &[("rating", "4")][..],
        &[("solved", "yes")],
        &[("solved", "yes"), ("rating", "6")],
        &[("solved", "tal vez"), ("rating", "4")],
    ] {
        let page = closure.answers(&post(path.as_str()).form(fields)).await;
        assert_eq!(page.status, 422, "{fields:?}");
        assert!(page.body.contains("role=\"status\""), "{}", page.body);
        // It can be filled in again.
        assert!(page.body.contains("<form"), "{}", page.body);
    }
    world.must_still_have(&rows);
    let fields = [("solved", "yes"), ("rating", "4"), ("comment", "  ")];
    let page = closure.answers(&post(path.as_str()).form(&fields)).await;
    assert_eq!(page.status, 200);
    assert!(page.body.contains("Gracias"), "{}", page.body);
    let ticket = case.ticket().await;
    assert_eq!(
        (ticket.state, ticket.survey.unwrap().comment),
        (State::Closed, None)
    );
    let page = closure.answers(&post(path.as_str()).form(&fields)).await;
    assert_eq!(page.status, 409);
    assert!(!page.body.contains("<form"), "{}", page.body);
}

#[tokio::test]
async fn who_is_not_satisfied_gets_the_ticket_reopened() {
    let world = World::new().await;
    let case = world.solved("plataforma").await.settled().await;
    let closure = started(&world).await;
    assert_eq!(world.load(AGENT), 0);
    let body = json!({ "solved": false, "rating": 2 });
    let path = survey(&world, &case, 0);
    let view = closure
        .answers(&post(path.as_str()).json(body.clone()))
        .await
        .must_be(200);
    assert_eq!(
        (&view["status"], &view["survey"]["solved"]),
        (&json!("assigned"), &json!(false))
    );
    assert_eq!(world.load(AGENT), 1);
    assert_eq!(
        case.owed(),
        [
            "4 mail_survey_answered",
            // The agent is told once.
            "5 mail_reopened_to_requester"
        ]
    );
    // The survey of the solution that did not hold is over; the next has its own.
    let case = case.solved().await;
    let old = closure.answers(&get(path.as_str())).await.must_be(200);
    assert_eq!(old["open"], false);
    closure
        .answers(&post(path.as_str()).json(body))
        .await
        .must_refuse(409, "invalid_transition");
    let new = closure
        .answers(&get(survey(&world, &case, 1)))
        .await
        .must_be(200);
    assert_eq!(new["open"], true);
}

#[tokio::test]
async fn a_survey_that_is_over_says_where_the_request_stands() {
    let world = World::new().await;
    let case = world.solved("plataforma").await;
    let closure = started(&world).await;
    let path = survey(&world, &case, 0);
    let says = async |said: &str| {
        let page = get(path.as_str()).header("accept", "text/html");
        let page = closure.answers(&page).await;
        let asks = page.body.contains("¿Se solucionó su solicitud?");
        assert!(page.body.contains(said) && !asks, "{said}: {}", page.body);
        page.body
    };
    let reason = || "Sigue igual".to_owned();
    let reject = Command::Reject { reason: reason() };
    let case = case.when(ANA, reject).await;
    says("La solicitud está abierta").await;
    let decline = Command::Decline { reason: reason() };
    let case = case.when(AGENT, decline).await;
    let body = says("La solicitud fue declinada.").await;
    assert!(body.contains("¿Por qué se declinó?"), "{body}");
    assert!(!body.contains("esuelta"), "{body}");
    case.when(AGENT, Command::Close).await;
    says("La solicitud fue declinada y está cerrada.").await;
}

#[tokio::test]
async fn a_link_that_was_not_mailed_leads_nowhere() {
    let world = World::new().await;
    let case = world.solved("plataforma").await;
    let closure = started(&world).await;
    let reply = secret(&world).issue(TokenUse::Reply(Audience::Requester), case.id);
    let foreign = TokenSecret::new("another secret as long as it has to be").unwrap();
    let foreign = foreign.issue(TokenUse::Survey { round: 0 }, case.id);
    let nobody = "01ARZ3NDEKTSV4RRFFQ69G5FAV".parse().unwrap();
    let nobody = secret(&world).issue(TokenUse::Survey { round: 0 }, nobody);
    let rows = world.rows();
    for token in ["x", &reply, &foreign, &nobody] {
        let path = format!("/surveys/{token}");
        let body = json!({ "solved": true, "rating": 5 });
        closure
            .answers(&get(path.as_str()))
            .await
            .must_refuse(404, "not_found");
        let seen = get(path.as_str()).header("accept", "text/html");
        let page = closure.answers(&seen).await;
        assert_eq!(page.status, 404);
        assert!(page.body.contains("Esta encuesta no existe."));
        assert!(page.body.contains("<main"), "{}", page.body);
        closure
            .answers(&post(path).json(body))
            .await
            .must_refuse(404, "not_found");
    }
    world.must_still_have(&rows);
}

// ------------------------------------------------------ rejecting, closing

#[tokio::test]
async fn the_requester_rejects_and_nobody_else() {
    let world = World::new().await;
    let case = world.solved("redes").await;
    let closure = started(&world).await;
    let reject = |who| {
        post(case.path("/rejection"))
            .by(who)
            .json(json!({ "reason": "Sigue igual" }))
    };
    closure
        .answers(&reject(LUIS))
        .await
        .must_refuse(404, "not_found");
    closure
        .answers(&reject(AGENT))
        .await
        .must_refuse(403, "forbidden");
    let view = closure.answers(&reject(ANA)).await.must_be(200);
    assert_eq!(
        (&view["status"], &view["reopened"]),
        (&json!("assigned"), &json!(1))
    );
    closure
        .answers(&reject(ANA))
        .await
        .must_refuse(409, "invalid_transition");
}

#[tokio::test]
async fn a_rejected_ticket_of_nobody_s_asks_for_somebody() {
    let world = World::new().await;
    let decline = Command::Decline {
        reason: "No es de la Mesa".to_owned(),
    };
    let case = world.registered("redes").await;
    let case = case.when(AGENT, decline).await.settled().await;
    let closure = started(&world).await;
    let body = json!({ "reason": "Sí lo es" });
    let request = post(case.path("/rejection")).by(ANA).json(body);
    let view = closure.answers(&request).await.must_be(200);
    assert_eq!(
        (&view["status"], &view["reopened"]),
        (&json!("new"), &json!(1))
    );
    assert_eq!(
        case.owed(),
        [
            "3 assign",
            "3 mail_decline_objected_to",
            "3 mail_reopened_to_requester"
        ]
    );
    let bell = case.owes(3, Effect::Assign);
    assert_eq!(world.rung(QueueName::Assignment), [bell]);
}

#[tokio::test]
async fn the_desk_closes_what_asks_for_no_survey() {
    let world = World::new().await;
    let asked = world.solved("plataforma").await;
    let plain = world.solved("redes").await.settled().await;
    let closure = started(&world).await;
    let close = |case: &Case, who| post(case.path("/closure")).by(who);
    // Activity 14 comes first.
    closure
        .answers(&close(&asked, AGENT))
        .await
        .must_refuse(409, "invalid_transition");
    closure
        .answers(&close(&plain, ANA))
        .await
        .must_refuse(403, "forbidden");
    let view = closure.answers(&close(&plain, AGENT)).await.must_be(200);
    assert_eq!(
        (&view["status"], &view["close_reason"]),
        (&json!("closed"), &json!("desk"))
    );
    assert_eq!(world.all_rung(), [plain.owes(4, mail(MailKind::Closed))]);
    closure
        .answers(&close(&plain, COORDINATOR))
        .await
        .must_refuse(409, "invalid_transition");
    assert_eq!(asked.ticket().await.state, State::Solved);
}

// ------------------------------------------------------------- the deadline

/// Solved on Monday at 08:00: the validation time is over at 17:00.
async fn solved_on_monday(world: &World) -> Case {
    let case = world.registered_at("plataforma", monday()).await;
    let case = case.assigned_to(AGENT).await.solved().await.settled().await;
    let due = case.ticket().await.clocks.validation.due_at;
    assert_eq!(due, Some(five_o_clock()));
    case
}

fn five_o_clock() -> Timestamp {
    "2030-02-04T22:00:00Z".parse().unwrap()
}

async fn rings(closure: &Started<Closure>, case: &Case, at: Timestamp) {
    closure
        .works(QUEUE, &[case.timer(at, QUEUE)])
        .await
        .must_be_done();
}

#[tokio::test]
async fn half_way_the_requester_is_reminded_once() {
    let world = World::new().await;
    let case = solved_on_monday(&world).await;
    let closure = started(&world).await;
    let half = "2030-02-04T17:30:00Z".parse().unwrap();
    let rows = world.rows();
    rings(&closure, &case, half - SignedDuration::from_millis(1)).await;
    world.must_still_have(&rows);
    rings(&closure, &case, half).await;
    assert_eq!(case.kinds().await[3..], ["validation_reminded"]);
    let reminder = case.owes(4, mail(MailKind::ValidationReminder));
    assert_eq!(world.all_rung(), [reminder]);
    let rows = world.rows();
    rings(&closure, &case, half).await;
    world.must_still_have(&rows);
}

#[tokio::test]
async fn at_the_deadline_it_is_closed_and_not_before() {
    let world = World::new().await;
    let case = solved_on_monday(&world).await;
    let closure = started(&world).await;
    rings(
        &closure,
        &case,
        five_o_clock() - SignedDuration::from_millis(1),
    )
    .await;
    assert_eq!(case.ticket().await.state, State::Solved);
    rings(&closure, &case, five_o_clock()).await;
    let ticket = case.ticket().await;
    assert_eq!(ticket.state, State::Closed);
    assert_eq!(ticket.close_reason, Some(CloseReason::ValidationExpired));
    assert_eq!(ticket.updated_at, five_o_clock());
    let rows = world.rows();
    // Three activations in a row, and the last of them a day late.
    for at in [
        five_o_clock(),
        five_o_clock() + SignedDuration::from_hours(24),
    ] {
        rings(&closure, &case, at).await;
        world.must_still_have(&rows);
    }
}

#[tokio::test]
async fn who_knows_the_hours_of_before_sets_no_time_back() {
    let world = World::new().await;
    let case = solved_on_monday(&world).await;
    let (knows_those_of_before, other) = (started(&world).await, started(&world).await);
    let soon = monday() + SignedDuration::from_mins(1);
    rings(&knows_those_of_before, &case, soon).await;
    world
        .catalogue(|document| {
            let habil = CalendarId::from("habil");
            let hours = &mut document.calendars.get_mut(&habil).unwrap().hours;
            hours.monday = vec!["08:00-16:00".to_owned()];
        })
        .await;
    rings(&other, &case, soon).await;
    let due = case.ticket().await.clocks.validation.due_at;
    assert!(due > Some(five_o_clock()), "{due:?}");
    assert_eq!(case.kinds().await[3..], ["hours_changed"]);
    let rows = world.rows();
    rings(&knows_those_of_before, &case, soon).await;
    world.must_still_have(&rows);
}

#[tokio::test]
async fn beyond_the_deadline_nobody_is_reminded_of_it() {
    let world = World::new().await;
    let case = solved_on_monday(&world).await;
    let closure = started(&world).await;
    rings(
        &closure,
        &case,
        five_o_clock() + SignedDuration::from_mins(1),
    )
    .await;
    assert_eq!(case.kinds().await[3..], ["closed"]);
    assert_eq!(case.owed(), ["4 mail_closed"]);
}

#[tokio::test]
async fn an_answer_right_before_the_deadline_counts() {
    let world = World::new().await;
    let case = solved_on_monday(&world).await;
    let closure = started(&world).await;
    let other = case.clone();
    world.meanwhile("TransactWriteItems", 0, async move {
        let answer = Command::AnswerSurvey {
            round: 0,
            solved: false,
            rating: 1,
            comment: None,
        };
        other.when_actor(&Actor::SurveyHolder, answer).await;
    });
    rings(&closure, &case, five_o_clock()).await;
    let ticket = case.ticket().await;
    assert_eq!((ticket.state, ticket.reopened), (State::Assigned, 1));
    assert_eq!(case.kinds().await[3..], ["survey_answered", "reopened"]);
}

#[tokio::test]
async fn work_of_another_queue_is_poison() {
    let world = World::new().await;
    let case = world.registered("plataforma").await;
    let closure = started(&world).await;
    let message = Message::from(&case.owes(1, Effect::Assign)).for_the_last_time();
    assert_eq!(closure.receives(QUEUE, &[message]).await.failed, [0]);
    let given_up = world.rows_of("GIVENUP#closure");
    assert_eq!(given_up[0]["reason"]["S"], "assign is not for this queue");
    // A timer of before there were steps says no queue: it is the deadline's.
    let case = solved_on_monday(&world).await;
    let body = format!(
        r#"{{"v":1,"kind":"timer","ticket":"{}","at":"{}"}}"#,
        case.id,
        five_o_clock()
    );
    closure
        .receives(QUEUE, &[Message::of(body)])
        .await
        .must_be_done();
    assert_eq!(case.ticket().await.state, State::Closed);
}
