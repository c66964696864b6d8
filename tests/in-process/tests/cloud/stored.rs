//! What the store promises, whatever AWS does.

use std::collections::HashSet;

use cloud::config::{ConfigError, Environment};
use cloud::entry::Function;
use cloud::store::{
    ListPlan, OutboxClaim, OutboxKey, Outcome, RequestKey, Store, StoreError, Struck, Unsent,
};
use in_process::people::{ANA, address};
use in_process::{Case, Fault, Started, World, now};
use serde_json::json;
use types::SignedDuration;
use types::effects::{Effect, MailKind};
use types::ids::TicketNumber;

/// A function that is nothing but its store.
struct Bare(Store);

impl Function for Bare {
    async fn start(environment: &Environment) -> Result<Self, ConfigError> {
        Store::new(environment).map(Bare)
    }
}

async fn stored(world: &World) -> Started<Bare> {
    world.start("assignment").await
}

fn row(case: &Case) -> OutboxKey {
    OutboxKey {
        ticket: case.id,
        seq: 1,
        effect: Effect::Mail(MailKind::Registered),
    }
}

#[tokio::test]
async fn a_row_is_one_claimant_s_until_his_lease_ends() {
    let world = World::new().await;
    let case = world.registered("redes").await;
    let Bare(store) = stored(&world).await.function;
    let (begins, ends) = (now(), now() + SignedDuration::from_secs(12));
    let claim = async |me: &str, at| store.claim_outbox(row(&case), me, at, ends).await.unwrap();
    assert_eq!(claim("one", begins).await, OutboxClaim::Mine);
    let OutboxClaim::Busy(left) = claim("other", begins).await else {
        panic!("two have it")
    };
    assert!((11..=13).contains(&left.as_secs()), "{left:?}");
    // He asked twice, since the first answer was lost.
    assert_eq!(claim("one", begins).await, OutboxClaim::Mine);
    let after = ends + SignedDuration::from_millis(1);
    assert_eq!(claim("other", after).await, OutboxClaim::Mine);
    // What is no longer his he neither strikes off nor parks.
    let finished = store.finish_mail(row(&case), "one", "ses-1", now()).await;
    assert!(
        matches!(finished, Err(StoreError::Unexpected { .. })),
        "{finished:?}"
    );
    store.park_outbox(row(&case), "one", "x").await.unwrap();
    assert_eq!(case.owed(), ["1 assign", "1 mail_registered"]);
    store
        .leave_unsent(row(&case), "other", Unsent::Outdated)
        .await
        .unwrap();
    assert_eq!(case.owed(), ["1 assign"]);
    assert_eq!(claim("other", after).await, OutboxClaim::Gone);
}

#[tokio::test]
async fn what_a_restored_table_owes_is_struck_but_for_what_somebody_is_sending() {
    let world = World::new().await;
    let (died, sending) = (
        world.registered("redes").await,
        world.registered("redes").await,
    );
    let Bare(store) = stored(&world).await.function;
    let second = SignedDuration::from_secs(1);
    for (case, ends) in [(&died, now() - second), (&sending, now() + second * 60)] {
        let claim = store.claim_outbox(row(case), "one", now(), ends).await;
        assert_eq!(claim.unwrap(), OutboxClaim::Mine);
    }
    // Who is to be found for it is found once, however often it is looked for.
    let registered = Effect::Mail(MailKind::Registered);
    let mut owed: Vec<_> = store.owed_mails().await.unwrap();
    owed.sort_by_key(|row| row.doorbell != died.owes(1, registered));
    let owed: Vec<_> = owed.into_iter().map(|row| row.doorbell).collect();
    assert_eq!(
        owed,
        [died.owes(1, registered), sending.owes(1, registered)]
    );
    let mut became = Vec::new();
    for mail in [&owed[0], &owed[0], &owed[1]] {
        became.push(store.strike_mail(mail).await.unwrap());
    }
    assert_eq!(became, [Struck::Now, Struck::Gone, Struck::InUse]);
    assert_eq!(died.owed(), ["1 assign"]);
    assert_eq!(sending.owed(), ["1 assign", "1 mail_registered"]);
    let record = world.row(
        &format!("TICKET#{}", died.id),
        "UNSENT#00000001#mail_registered",
    );
    assert_eq!(record["why"]["S"], "restored", "{record}");
}

#[tokio::test]
async fn numbers_go_on_and_never_back() {
    let world = World::new().await;
    let Bare(store) = stored(&world).await.function;
    for (to, last) in [(7, 7), (3, 7), (7, 7)] {
        store.take_numbers_to(to).await.unwrap();
        assert_eq!(store.last_number().await.unwrap(), last);
    }
    assert_eq!(store.take_number().await.unwrap(), TicketNumber(8));
}

#[tokio::test]
async fn a_write_that_a_transaction_is_in_the_way_of_is_tried_again() {
    let world = World::new().await;
    let case = world.registered("redes").await;
    let Bare(store) = stored(&world).await.function;
    let writes = ["PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems"];
    let in_the_way = |calls: usize| {
        world.heals();
        world.forget();
        for write in writes {
            world.fails(write, 0..calls, Fault::Conflict);
        }
    };
    let ends = now() + SignedDuration::from_secs(12);
    let claim = async || store.claim_outbox(row(&case), "me", now(), ends).await;

    // It is still there after as many attempts as are made of a transaction.
    in_the_way(5);
    let error = claim().await.unwrap_err();
    assert!(error.is_retryable(), "{error:?}");
    assert_eq!(world.operations(), ["UpdateItem"; 5]);

    in_the_way(4);
    assert_eq!(claim().await.unwrap(), OutboxClaim::Mine);
    assert_eq!(world.operations(), ["UpdateItem"; 5]);
    let sent = store.finish_mail(row(&case), "me", "ses-1", now());
    sent.await.unwrap();
    in_the_way(4);
    let next = store.take_number().await.unwrap();
    assert!(store.void_number(next).await.unwrap());
    let assign = OutboxKey {
        effect: Effect::Assign,
        ..row(&case)
    };
    store.finish_outbox(assign).await.unwrap();
    let times = |write: &str| {
        let operations = world.operations();
        operations.iter().filter(|done| *done == write).count()
    };
    assert_eq!(writes.map(times), [5, 5, 5, 0]);
    assert_eq!(case.owed(), [] as [&str; 0]);
}

#[tokio::test]
async fn a_key_whose_answer_is_being_written_is_in_progress() {
    let world = World::new().await;
    let Bare(store) = stored(&world).await.function;
    let key = RequestKey {
        scope: "ana.perez@uspec.gov.co",
        key: "k",
        fingerprint: "f",
    };
    world.fails("PutItem", 0..1, Fault::Conflict);
    let outcome = store.claim_key(key, "one").await.unwrap();
    assert!(matches!(outcome, Err(Outcome::InProgress)), "{outcome:?}");
    let claim = store.claim_key(key, "one").await.unwrap().unwrap();
    world.fails("DeleteItem", 0..2, Fault::Conflict);
    store.release_key(&claim).await.unwrap();
    assert!(store.claim_key(key, "other").await.unwrap().is_ok());
}

#[tokio::test]
async fn passing_faults_are_told_from_lasting_ones() {
    let world = World::new().await;
    let Bare(store) = stored(&world).await.function;
    for (fault, passes) in [
        (Fault::Throttled, true),
        (Fault::Failed, true),
        (Fault::Lost, true),
        (Fault::Hung, true),
        (Fault::Refused("AccessDeniedException", "no"), false),
        (Fault::Refused("ResourceNotFoundException", "no"), false),
        (Fault::Refused("ValidationException", "no"), false),
    ] {
        world.fails("GetItem", 0..9, fault.clone());
        let error = store.last_number().await.unwrap_err();
        assert_eq!(error.is_retryable(), passes, "{fault:?}: {error:?}");
        world.heals();
    }
}

#[tokio::test]
async fn rows_are_read_a_hundred_at_a_time() {
    let world = World::new().await;
    let Bare(store) = stored(&world).await.function;
    for _ in 0..3 {
        store.take_number().await.unwrap();
    }
    assert!(store.void_number(TicketNumber(2)).await.unwrap());
    world.forget();
    let left = store.unaccounted(1..=250).await.unwrap();
    assert_eq!(left.len(), 249);
    assert_eq!(world.operations(), ["BatchGetItem"; 3]);
}

#[tokio::test]
async fn what_ttl_has_not_deleted_yet_is_read_as_gone() {
    let world = World::new().await;
    world.suppress("ana.perez@uspec.gov.co").await;
    let Bare(store) = stored(&world).await.function;
    let ana = [in_process::people::address("ana.perez@uspec.gov.co")];
    assert_eq!(store.suppressed(&ana).await.unwrap(), ana);
    let mut row = world.row("SUPPRESSED#ana.perez@uspec.gov.co", "SUPPRESSED");
    row["expires_at"]["N"] = json!("1");
    world.put_row(&row);
    assert_eq!(store.suppressed(&ana).await.unwrap(), []);
}

#[tokio::test]
async fn a_number_is_void_once_and_never_a_ticket_s() {
    let world = World::new().await;
    let case = world.registered("redes").await;
    let Bare(store) = stored(&world).await.function;
    assert!(!store.void_number(case.number).await.unwrap());
    assert_eq!(store.ticket_of(case.number).await.unwrap(), Some(case.id));
    let number = store.take_number().await.unwrap();
    assert!(store.void_number(number).await.unwrap());
    assert!(store.void_number(number).await.unwrap());
    assert_eq!(store.ticket_of(number).await.unwrap(), None);
}

#[tokio::test]
async fn a_history_with_a_gap_is_not_made_up() {
    let world = World::new().await;
    let case = world.solved("redes").await;
    let Bare(store) = stored(&world).await.function;
    let whole = store.ticket_at(case.id, 2).await.unwrap();
    assert_eq!(whole.version, 2);
    world.delete_row(&format!("TICKET#{}", case.id), "EVENT#00000002");
    let broken = store.ticket_at(case.id, 3).await.unwrap_err();
    assert!(matches!(broken, StoreError::Corrupt { .. }), "{broken:?}");
}

#[tokio::test]
async fn a_page_may_end_after_any_row() {
    let world = World::with_pages_of(1).await;
    let mut cases = Vec::new();
    for _ in 0..12 {
        cases.push(world.registered("redes").await);
    }
    let Bare(store) = stored(&world).await.function;
    let of_ana = ListPlan::of_requester(&address(ANA));
    world.forget();
    let page = store.list(&of_ana, None, 20, |_| true).await.unwrap();
    let found = page.unwrap().tickets.into_iter();
    let found: HashSet<_> = found.map(|ticket| ticket.id).collect();
    assert_eq!(found, cases.iter().map(|case| case.id).collect());
    // A key a call, and none is asked for twice.
    let reads = world.operations().into_iter();
    let reads = reads.filter(|operation| operation == "BatchGetItem");
    assert_eq!(reads.count(), 12);
}
