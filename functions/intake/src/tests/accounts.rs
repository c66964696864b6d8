//! Requests that open by themselves, and the quarterly review, over AWS in memory.

use in_process::people::{ANA, AUDITOR, COORDINATOR, STRANGER, address};
use in_process::{Answer, Fault, Request, Started, World, now, post};
use serde_json::{Value, json};
use types::effects::{Effect, MailKind, QueueName};
use types::format::accounts::{Holder, HolderId};
use types::ids::FormatCode;
use types::mail::day;
use types::message::Doorbell;
use types::quarter::Quarter;
use types::review::{AccountId, Decision, begins};
use types::ticket::Ticket;
use types::{Date, SignedDuration, Timestamp};

use crate::Intake;

/// A chief who is in no directory, and one who is.
const BOSS: &str = "jefa.juridica@uspec.gov.co";

async fn started() -> (World, Started<Intake>) {
    let world = World::new().await;
    let intake = world.start("intake").await;
    (world, intake)
}

fn days(count: i64) -> SignedDuration {
    SignedDuration::from_hours(24 * count)
}

fn in_days(count: i64) -> Date {
    day(now() + days(count))
}

fn ending(holder: &Holder, at: Timestamp) -> Doorbell {
    let holder = holder.id.clone();
    Doorbell::Ending { holder, at }
}

async fn rung(intake: &Started<Intake>, doorbell: &Doorbell) {
    let worked = intake
        .works(QueueName::Intake, std::slice::from_ref(doorbell))
        .await;
    worked.must_be_done();
}

fn said<'a>(ticket: &'a Ticket, field: &str) -> Option<&'a str> {
    ticket.formats[&FormatCode::from("A3-FO-12")]
        .known()
        .text(field)
}

// ---------------------------------------------------------------- the end of a contract

#[tokio::test]
async fn a_contract_that_ends_opens_one_request_however_often_it_is_rung_for() {
    let (world, intake) = started().await;
    let person = world
        .has_accounts("52345618", COORDINATOR, in_days(2))
        .await;
    let bell = ending(&person, now());
    for _ in 0..3 {
        let worked = intake
            .works(QueueName::Intake, &vec![bell.clone(); 3])
            .await;
        // Those who come at once come back, and find it done.
        assert!(worked.failed.len() < 3, "{worked:?}");
    }
    let tickets = world.tickets().await;
    let [ticket] = &tickets[..] else {
        panic!("{} tickets", tickets.len())
    };
    assert_eq!(ticket.request.requester.person.email, address(COORDINATOR));
    assert_eq!(said(ticket, "document_number"), Some("52345618"));
    assert_eq!(said(ticket, "has_equipment"), Some("no"));
    let case = world.case(ticket);
    assert_eq!(case.kinds().await, ["registered", "section_drafted"]);
    assert!(case.owed().contains(&"1 mail_section_awaits".to_owned()));
    assert_eq!(world.takes_number().await.0, 2, "no number was wasted");
    let after = world.holder(&person.id).await;
    assert_eq!(after.asked_for_end(), Some(ticket.number));
    assert_eq!(after.closing, None);
    let row = world.row(&format!("HOLDER#{}", person.id), "ACCOUNTS");
    assert!(row["due_pk"].is_null(), "no timer is left: {row}");
    assert_eq!(
        world.rung(QueueName::Assignment),
        [case.owes(1, Effect::Assign)]
    );
    let mails = world.rung(QueueName::Notification);
    assert!(mails.contains(&case.owes(1, Effect::Mail(MailKind::SectionAwaits))));
    // Whoever has to sign finds it in his list.
    let parties = world.rows_of(&format!("TICKET#{}", ticket.id));
    let party = format!("AWAITS#{COORDINATOR}");
    assert!(parties.iter().any(|row| row["sk"]["S"] == party.as_str()));
}

#[tokio::test]
async fn killed_at_any_call_it_is_done_once() {
    // A first try dies at each of its calls; what it had written or not, the next one does
    // the rest.
    for fault in [Fault::Failed, Fault::Lost] {
        for operation in ["GetItem", "PutItem", "UpdateItem", "TransactWriteItems"] {
            for call in 0..6 {
                let (world, intake) = started().await;
                let person = world
                    .has_accounts("52345618", COORDINATOR, in_days(2))
                    .await;
                let bell = ending(&person, now());
                world.fails(operation, call..call + 40, fault.clone());
                let _ = intake
                    .works(QueueName::Intake, std::slice::from_ref(&bell))
                    .await;
                world.heals();
                // The claim of whoever died ends by itself: as if it had.
                for row in world.rows_of("IDEMPOTENCY#") {
                    if row["ticket"].is_null() {
                        world.delete_row(row["pk"]["S"].as_str().unwrap(), "IDEMPOTENCY");
                    }
                }
                rung(&intake, &bell).await;
                let tickets = world.tickets().await;
                assert_eq!(tickets.len(), 1, "{fault:?} {operation} {call}");
                let after = world.holder(&person.id).await;
                assert_eq!(after.asked_for_end(), Some(tickets[0].number));
            }
        }
    }
}

#[tokio::test]
async fn what_changes_in_between_is_decided_anew() {
    let (world, intake) = started().await;
    let person = world
        .has_accounts("52345618", COORDINATOR, in_days(2))
        .await;
    // Extended, right before it is written.
    let (id, elsewhere) = (person.id.clone(), world.clone());
    world.meanwhile("TransactWriteItems", 0, async move {
        let extends = |holder: &mut Holder| holder.contract_end = Some(in_days(200));
        elsewhere.changes_holder(&id, extends).await;
    });
    rung(&intake, &ending(&person, now())).await;
    assert_eq!(world.tickets().await, []);
    let after = world.holder(&person.id).await;
    assert_eq!(
        (after.asked_for_end(), after.ends()),
        (None, Some(in_days(200)))
    );
    let armed = after.closing.unwrap();
    // The other end is another request, when it comes.
    rung(&intake, &ending(&person, armed.at - days(1))).await;
    assert_eq!(world.tickets().await, []);
    rung(&intake, &ending(&person, armed.at)).await;
    assert_eq!(world.tickets().await.len(), 1);
    // Once more extended, once more asked for.
    let extends = |holder: &mut Holder| holder.contract_end = Some(in_days(400));
    world.changes_holder(&person.id, extends).await;
    rung(&intake, &ending(&person, now() + days(400))).await;
    assert_eq!(world.tickets().await.len(), 2);
}

#[tokio::test]
async fn hours_that_changed_are_reckoned_before_anything_happens() {
    let (world, intake) = started().await;
    let person = world
        .has_accounts("52345618", COORDINATOR, in_days(30))
        .await;
    let before = person.closing.unwrap().at;
    world
        .catalogue(|document| document.accounts.notice_days = 1)
        .await;
    rung(&intake, &ending(&person, before)).await;
    assert_eq!(world.tickets().await, []);
    let after = world.holder(&person.id).await.closing.unwrap().at;
    assert!(after > before, "{before} {after}");
    let row = world.row(&format!("HOLDER#{}", person.id), "ACCOUNTS");
    let due = row["due_sk"]["S"].as_str().unwrap();
    assert!(
        due.starts_with(&after.strftime("%Y-%m-%dT%H:%M").to_string()),
        "{due}"
    );
}

#[tokio::test]
async fn without_a_category_somebody_is_woken_and_nothing_is_lost() {
    let (world, intake) = started().await;
    world
        .catalogue(|document| {
            for category in &mut document.categories {
                category.retired |= category.id.0 == "desvinculacion";
            }
        })
        .await;
    let person = world
        .has_accounts("52345618", COORDINATOR, in_days(2))
        .await;
    let rows = world.rows();
    let worked = intake
        .works(QueueName::Intake, &[ending(&person, now())])
        .await;
    assert_eq!(worked.failed, [0]);
    world.must_still_have(&rows);
}

// ---------------------------------------------------------------- the quarter's beginning

fn reviews(at: Timestamp) -> Doorbell {
    Doorbell::Reviews { at }
}

/// When the quarter after this one begins for those who work.
async fn next_quarter(world: &World) -> (Quarter, Timestamp) {
    let next = world.quarter().next();
    let catalogue = types::catalogue::Catalogue::shipped();
    (next, begins(next, &catalogue.unwrap()).unwrap())
}

#[tokio::test]
async fn every_chief_is_asked_once_a_quarter() {
    let (world, intake) = started().await;
    let far = in_days(800);
    let one = world.has_accounts("52345618", BOSS, far).await;
    world.has_accounts("10203040", BOSS, far).await;
    world.has_accounts("99887766", COORDINATOR, far).await;
    world
        .has_accounts("11223344", "jefe@contratista.example", far)
        .await;
    let gone = world.has_accounts("55667788", ANA, far).await;
    let disabled = |holder: &mut Holder| {
        for account in &mut holder.accounts {
            account.disabled = Some(types::format::accounts::Disabled {
                at: now(),
                by: types::ids::TicketNumber(1),
            });
        }
    };
    world.changes_holder(&gone.id, disabled).await;
    // Where there is somebody, the matrix is gone through; nobody is asked in the quarter in
    // which it began.
    let schedule = world.review_schedule().await.unwrap();
    assert_eq!(schedule.quarter, None);
    rung(&intake, &reviews(now())).await;
    assert_eq!(world.rows_of("REVIEW#").len(), 0);
    let (quarter, begins) = next_quarter(&world).await;
    let schedule = world.review_schedule().await.unwrap();
    assert_eq!(schedule.quarter, Some(world.quarter()));
    assert_eq!(schedule.due, begins);
    rung(&intake, &reviews(begins - days(1))).await;
    assert_eq!(world.rows_of("REVIEW#").len(), 0);

    // Then each of them, though it dies in the midst of it, and is rung for again and again.
    world.fails("PutItem", 3..40, Fault::Failed);
    let died = intake.works(QueueName::Intake, &[reviews(begins)]).await;
    assert_eq!(died.failed, [0]);
    world.heals();
    for late in [0, 0, 7] {
        rung(&intake, &reviews(begins + days(late))).await;
    }
    for chief in [BOSS, COORDINATOR] {
        let review = world.review(quarter, chief).await.unwrap().review;
        let term = review.term.unwrap();
        assert!(term.reminded_at.unwrap() < term.ends_at, "{term:?}");
        assert_eq!(review.version, 0);
    }
    assert!(
        world.review(quarter, ANA).await.is_none(),
        "nobody is left to him"
    );
    let rows = world.rows_of(&format!("REVIEW#{quarter}"));
    let sorts: Vec<_> = rows
        .iter()
        .map(|row| row["sk"]["S"].as_str().unwrap())
        .collect();
    assert_eq!(
        sorts,
        [
            format!("CHIEF#{COORDINATOR}"),
            format!("CHIEF#{BOSS}"),
            "NOTICE#".to_owned(),
            format!("NOTICE#{COORDINATOR}"),
            format!("NOTICE#{BOSS}"),
            "QUARTER".to_owned(),
        ]
    );
    let asked = world.row(&format!("REVIEW#{quarter}"), "QUARTER");
    assert!(
        asked["doc"]["S"]
            .as_str()
            .unwrap()
            .contains(r#""without_chief":1"#),
        "{asked}"
    );
    let schedule = world.review_schedule().await.unwrap();
    assert_eq!(schedule.quarter, Some(quarter));
    assert_eq!(one, world.holder(&one.id).await, "nobody was changed");
}

#[tokio::test]
async fn rows_of_before_are_put_where_they_belong() {
    let (world, intake) = started().await;
    let person = world.has_accounts("52345618", BOSS, in_days(300)).await;
    let key = format!("HOLDER#{}", person.id);
    let mut old = world.row(&key, "ACCOUNTS");
    for later in ["assignee_pk", "assignee_sk", "due_pk", "due_sk"] {
        assert!(old.as_object_mut().unwrap().remove(later).is_some());
    }
    let doc = old["doc"]["S"].as_str().unwrap();
    let mut doc: Value = serde_json::from_str(doc).unwrap();
    doc.as_object_mut().unwrap().remove("closing");
    old["doc"] = json!({ "S": doc.to_string() });
    world.put_row(&old);
    rung(&intake, &reviews(now())).await;
    let row = world.row(&key, "ACCOUNTS");
    assert_eq!(row["assignee_pk"]["S"], format!("CHIEF#{BOSS}"));
    assert!(row["due_sk"]["S"].is_string());
    assert_eq!(world.holder(&person.id).await.closing, person.closing);
}

// --------------------------------------------------------------------- what chiefs decide

fn id_of(holder: &Holder, account: usize) -> String {
    AccountId::of(&holder.id, &holder.accounts[account]).0
}

fn decides(decisions: &Value, rest: &Value) -> Request {
    let mut body = json!({ "decisions": decisions });
    for (name, value) in rest.as_object().unwrap() {
        body[name] = value.clone();
    }
    post("/accounts/review").by(BOSS).json(body)
}

#[tokio::test]
async fn what_is_decided_is_kept_and_signed_when_all_is() {
    let (world, intake) = started().await;
    let person = world.has_accounts("52345618", BOSS, in_days(300)).await;
    let [mail, orfeo] = [id_of(&person, 0), id_of(&person, 1)];
    let half = json!({ mail.clone(): "ratify" });
    let kept = intake
        .answers(&decides(&half, &json!({ "expected_version": 0 })))
        .await;
    let kept = kept.must_be(200);
    assert_eq!(
        (&kept["version"], &kept["progress"]["ratified"]),
        (&json!(1), &json!(1))
    );
    // Somebody else's screen is of before.
    let stale = intake
        .answers(&decides(&half, &json!({ "expected_version": 0 })))
        .await;
    stale.must_refuse(409, "version_conflict");
    let early = intake
        .answers(&decides(&json!({}), &json!({ "sign": true })))
        .await;
    let early = early.must_refuse(422, "validation_failed");
    assert_eq!(early["errors"][0]["field"], format!("decisions.{orfeo}"));
    let foreign = json!({ "0123456789abcdef": "withdraw" });
    let foreign = intake.answers(&decides(&foreign, &json!({}))).await;
    let foreign = foreign.must_refuse(422, "validation_failed");
    assert_eq!(foreign["errors"][0]["code"], "unknown_reference");
    for wrong in [json!(7), json!("maybe")] {
        let wrong = json!({ mail.clone(): wrong });
        let refused = intake.answers(&decides(&wrong, &json!({}))).await;
        refused.must_refuse(422, "validation_failed");
    }
    // Null leaves it as it is.
    let rest = json!({ mail.clone(): null, orfeo.clone(): "withdraw" });
    let sign = decides(&rest, &json!({ "sign": true })).key("firma");
    let signed = intake.answers(&sign).await.must_be(200);
    assert_eq!(signed["signed"]["email"], BOSS);
    assert_eq!(signed["signed"]["accounts"].as_array().unwrap().len(), 2);
    let chief = address(BOSS);
    let quarter = world.quarter();
    let bell = Doorbell::ReviewSigned { quarter, chief };
    assert_eq!(world.rung(QueueName::Intake), [bell]);
    // The same once more is the same; anything else is too late.
    let again = intake.answers(&sign).await.must_be(200);
    assert_eq!(again["signed"], signed["signed"]);
    let other = decides(&json!({}), &json!({ "sign": true })).key("firma");
    let other = intake.answers(&other).await;
    other.must_refuse(422, "idempotency_mismatch");
    let late = intake.answers(&decides(&half, &json!({}))).await;
    late.must_refuse(409, "invalid_transition");
}

#[tokio::test]
async fn nobody_decides_on_the_people_of_others() {
    let (world, intake) = started().await;
    let person = world.has_accounts("52345618", BOSS, in_days(300)).await;
    let his = json!({ "decisions": { id_of(&person, 0): "withdraw" } });
    for who in [ANA, COORDINATOR, AUDITOR, STRANGER] {
        let request = post("/accounts/review").by(who).json(his.clone());
        let refused: Answer = intake.answers(&request).await;
        refused.must_refuse(403, "forbidden");
    }
    assert_eq!(world.rows_of("REVIEW#").len(), 0);
}

/// Three people: of one nothing is withdrawn, of one something, of one everything.
async fn signed(world: &World, intake: &Started<Intake>) -> [HolderId; 3] {
    let mut decisions = serde_json::Map::new();
    let mut ids = Vec::new();
    for (document, words) in [
        ("52345618", ["ratify", "ratify"]),
        ("10203040", ["ratify", "withdraw"]),
        ("99887766", ["withdraw", "withdraw"]),
    ] {
        let person = world.has_accounts(document, BOSS, in_days(300)).await;
        for (account, word) in words.into_iter().enumerate() {
            decisions.insert(id_of(&person, account), word.into());
        }
        ids.push(person.id);
    }
    let sign = decides(&Value::Object(decisions), &json!({ "sign": true }));
    intake.answers(&sign).await.must_be(200);
    ids.try_into().unwrap()
}

fn carries_out(world: &World) -> Doorbell {
    Doorbell::ReviewSigned {
        quarter: world.quarter(),
        chief: address(BOSS),
    }
}

async fn must_be_carried_out(world: &World, [kept, half, none]: &[HolderId; 3]) {
    let tickets = world.tickets().await;
    assert_eq!(tickets.len(), 2);
    let review = world.review(world.quarter(), BOSS).await.unwrap().review;
    let at = review.signed.as_ref().unwrap().at;
    let reviewed = |holder: &Holder| {
        let accounts = holder.accounts.iter();
        accounts
            .map(|account| account.last_reviewed == Some(at))
            .collect::<Vec<_>>()
    };
    assert_eq!(reviewed(&world.holder(kept).await), [true, true]);
    assert_eq!(reviewed(&world.holder(half).await), [true, false]);
    assert_eq!(reviewed(&world.holder(none).await), [false, false]);
    let mut opened = vec![];
    for id in [half, none] {
        let [mark] = &world.holder(id).await.reviewed[..] else {
            panic!("{id} is not marked once");
        };
        opened.push(mark.ticket.unwrap());
    }
    opened.sort();
    let numbers: Vec<_> = tickets.iter().map(|ticket| ticket.number).collect();
    assert_eq!(opened, numbers);
    for ticket in &tickets {
        assert_eq!(ticket.request.requester.person.email, address(BOSS));
        assert_eq!(said(ticket, "reason"), Some("access_review"));
        let case = world.case(ticket);
        let kinds = case.kinds().await;
        assert_eq!(kinds, ["registered", "section_drafted", "section_drafted"]);
    }
    let row = world.row(
        &format!("REVIEW#{}", world.quarter()),
        &format!("CHIEF#{BOSS}"),
    );
    assert!(row["due_pk"].is_null(), "it is struck off: {row}");
}

#[tokio::test]
async fn each_person_with_something_withdrawn_gets_one_request() {
    let (world, intake) = started().await;
    let ids = signed(&world, &intake).await;
    let row = world.row(
        &format!("REVIEW#{}", world.quarter()),
        &format!("CHIEF#{BOSS}"),
    );
    assert!(
        row["due_pk"]["S"].as_str().unwrap().starts_with("OUTBOX#"),
        "the sweep sees it"
    );
    for _ in 0..3 {
        rung(&intake, &carries_out(&world)).await;
    }
    must_be_carried_out(&world, &ids).await;
    let decided = world
        .review(world.quarter(), BOSS)
        .await
        .unwrap()
        .review
        .decisions;
    let withdrawn = decided
        .values()
        .filter(|of| **of == Decision::Withdraw)
        .count();
    assert_eq!((decided.len(), withdrawn), (6, 3));
}

#[tokio::test]
async fn killed_in_the_midst_of_it_the_rest_is_done() {
    for call in 0..5 {
        let (world, intake) = started().await;
        let ids = signed(&world, &intake).await;
        world.fails("TransactWriteItems", call..call + 40, Fault::Lost);
        let _ = intake
            .works(QueueName::Intake, &[carries_out(&world)])
            .await;
        world.heals();
        for row in world.rows_of("IDEMPOTENCY#accounts#") {
            if row["ticket"].is_null() {
                world.delete_row(row["pk"]["S"].as_str().unwrap(), "IDEMPOTENCY");
            }
        }
        rung(&intake, &carries_out(&world)).await;
        must_be_carried_out(&world, &ids).await;
    }
}

// ------------------------------------------------------------------------------ the page

async fn form(world: &World, intake: &Started<Intake>, fields: &[(&str, &str)]) -> Answer {
    let session = world.signed_in(BOSS).await;
    let form = post("/matriz/refrendo").seen_by(&session).from_own_page();
    intake.answers(&form.form(fields)).await
}

#[tokio::test]
async fn the_page_keeps_what_is_chosen_and_says_what_is_missing() {
    let (world, intake) = started().await;
    let person = world.has_accounts("52345618", BOSS, in_days(300)).await;
    let [mail, orfeo] = [0, 1].map(|account| format!("decisions.{}", id_of(&person, account)));
    let fields = [
        ("paso", "guardar"),
        ("expected_version", "0"),
        (&mail, "ratify"),
        // Of a page that was open for long: it is there no more.
        ("decisions.0123456789abcdef", "withdraw"),
        ("idempotency_key", "una"),
    ];
    let saved = form(&world, &intake, &fields).await;
    assert_eq!(saved.status, 303, "{}", saved.body);
    assert_eq!(
        saved.header("location"),
        Some("/matriz/refrendo?hecho=decidido")
    );
    let review = world.review(world.quarter(), BOSS).await.unwrap().review;
    assert_eq!(review.decisions.len(), 1);

    // Granted anew in between, the mail is not decided any more; what is chosen now is kept.
    world
        .changes_holder(&person.id, |holder| holder.accounts[0].granted_at = now())
        .await;
    let fields = [
        ("paso", "firmar"),
        ("expected_version", "1"),
        (&mail, "ratify"),
        (&orfeo, "withdraw"),
        ("idempotency_key", "otra"),
    ];
    let early = form(&world, &intake, &fields).await;
    assert_eq!(early.status, 422);
    let page = &early.body;
    let new = id_of(&world.holder(&person.id).await, 0);
    assert!(page.contains(&format!("href=\"#d-{new}\"")), "{page}");
    assert!(page.contains("Falta decidir: Ricardo Pérez"), "{page}");
    let chosen = format!(r#"name="{orfeo}" value="withdraw" checked"#);
    assert!(page.contains(&chosen), "{page}");
    assert!(page.contains("1 de 2 decididas"), "{page}");
    // A stale page is told so, and has what was chosen.
    let fields = [
        ("paso", "guardar"),
        ("expected_version", "0"),
        (&orfeo, "withdraw"),
        ("idempotency_key", "tercera"),
    ];
    let stale = form(&world, &intake, &fields).await;
    assert_eq!(stale.status, 409);
    assert!(stale.body.contains(&chosen), "{}", stale.body);
    assert!(stale.body.contains(r#"name="expected_version" value="1""#));

    let new = format!("decisions.{new}");
    let sign = [
        ("paso", "firmar"),
        ("expected_version", "1"),
        (new.as_str(), "ratify"),
        (orfeo.as_str(), "withdraw"),
        ("idempotency_key", "firma"),
    ];
    for _ in 0..2 {
        let signed = form(&world, &intake, &sign).await;
        assert_eq!(signed.header("location"), Some("/matriz/refrendo"));
    }
    assert_eq!(
        world
            .review(world.quarter(), BOSS)
            .await
            .unwrap()
            .review
            .version,
        2
    );
}

#[tokio::test]
async fn the_form_is_a_page_of_ours_and_its_sender_a_chief() {
    let (world, intake) = started().await;
    world.has_accounts("52345618", BOSS, in_days(300)).await;
    let session = world.signed_in(BOSS).await;
    let fields = [("paso", "guardar"), ("expected_version", "0")];
    let foreign = post("/matriz/refrendo").seen_by(&session).form(&fields);
    assert_eq!(intake.answers(&foreign).await.status, 403);
    let ana = world.signed_in(ANA).await;
    let hers = post("/matriz/refrendo").seen_by(&ana).from_own_page();
    let refused = intake.answers(&hers.form(&fields)).await;
    assert_eq!(refused.status, 403);
    assert!(
        refused.body.contains("No hay personas a su cargo"),
        "{}",
        refused.body
    );
    // Signed out in the midst of it, what was chosen comes back to be sent again.
    let nobody = post("/matriz/refrendo").from_own_page();
    let fields = [
        ("paso", "guardar"),
        ("decisions.0123456789abcdef", "ratify"),
    ];
    let kept = intake.answers(&nobody.form(&fields)).await;
    assert_eq!(kept.status, 401);
    assert!(
        kept.body.contains("decisions.0123456789abcdef"),
        "{}",
        kept.body
    );
    assert_eq!(world.rows_of("REVIEW#").len(), 0);
}

#[tokio::test]
async fn what_is_asked_for_already_is_not_asked_for_twice() {
    let (world, intake) = started().await;
    let person = world.has_accounts("52345618", BOSS, in_days(2)).await;
    rung(&intake, &ending(&person, now())).await;
    let sign = json!({ id_of(&person, 0): "withdraw", id_of(&person, 1): "withdraw" });
    let sign = decides(&sign, &json!({ "sign": true }));
    intake.answers(&sign).await.must_be(200);
    rung(&intake, &carries_out(&world)).await;
    let tickets = world.tickets().await;
    assert_eq!(tickets.len(), 1);
    let after = world.holder(&person.id).await;
    assert_eq!(after.reviewed[0].ticket, Some(tickets[0].number));
    assert_eq!(after.asked.len(), 1);
}

#[tokio::test]
async fn a_chief_of_many_is_carried_out_some_at_a_time() {
    let (world, intake) = started().await;
    let mut decisions = serde_json::Map::new();
    for person in 0..45 {
        let document = format!("10{person:06}");
        let person = world.has_accounts(&document, BOSS, in_days(300)).await;
        for account in 0..2 {
            decisions.insert(id_of(&person, account), "ratify".into());
        }
    }
    let sign = decides(&Value::Object(decisions), &json!({ "sign": true }));
    intake.answers(&sign).await.must_be(200);
    let key = format!("REVIEW#{}", world.quarter());
    let is_owed = || !world.row(&key, &format!("CHIEF#{BOSS}"))["due_pk"].is_null();
    world.forget();
    rung(&intake, &carries_out(&world)).await;
    assert!(is_owed());
    assert_eq!(world.rung(QueueName::Intake), [carries_out(&world)]);
    world.forget();
    rung(&intake, &carries_out(&world)).await;
    assert!(!is_owed());
    assert_eq!(world.all_rung(), []);
}
