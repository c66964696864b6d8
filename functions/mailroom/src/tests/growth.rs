//! Mails on record are kept apart from those that nobody put on record, by the day:
//! what is asked about a day costs what came on it.

use std::collections::BTreeMap;
use std::time::Instant;

use cloud::files::{kept_mail, raw_mail};
use cloud::keys;
use in_process::Answer;
use types::mail::MailRecord;

use super::*;

/// Where a mail is kept that is on record.
fn kept(letter: &Letter) -> String {
    kept_mail(&MailId(letter.id.clone()), letter.at)
}

fn raw_mails(world: &World) -> Vec<String> {
    world.objects(RAW).into_keys().collect()
}

async fn account(mailroom: &Started<Mailroom>) -> Value {
    let request = get(format!("/reports/mail?day={}", today())).by(COORDINATOR);
    mailroom.answers(&request).await.must_be(200)
}

#[tokio::test]
async fn a_mail_on_record_is_kept_with_those_of_its_day() {
    let world = World::new().await;
    let mailroom = started(&world).await;
    let letter = letter("m1", ANA);
    let record = takes(&world, &mailroom, &letter).await;
    assert_eq!(raw_mails(&world), [kept(&letter)]);
    assert_eq!(record["object"], kept(&letter));
    // The notice comes again, and finds nothing to do.
    let rows = world.rows();
    let message = letter.arrives(&world);
    world.delete_object(RAW, &raw_mail(&MailId("m1".to_owned())));
    let again = mailroom.receives_from(QUEUE, &[message]).await;
    again.must_be_done();
    world.must_still_have(&rows);
    assert_eq!(raw_mails(&world), [kept(&letter)]);
}

/// Whatever fails between the record and the last step of the move: the mail is taken in,
/// counted once, read, and moved by the recovery.
#[tokio::test]
async fn what_was_not_moved_is_moved_by_the_recovery() {
    for (operation, fault) in [
        ("CopyObject", Fault::Failed),
        ("CopyObject", Fault::Lost),
        ("DeleteObject", Fault::Failed),
        ("DeleteObject", Fault::Lost),
    ] {
        let world = World::new().await;
        let mailroom = started(&world).await;
        let letter = letter("m1", STRANGER);
        world.fails(operation, 0..9, fault.clone());
        takes(&world, &mailroom, &letter).await;
        world.heals();
        let account = account(&mailroom).await;
        assert_eq!(
            (&account["received"], &account["balanced"]),
            (&json!(1), &json!(true)),
            "{operation} {fault:?}: {account}"
        );
        let rows = world.rows();
        let found = mailroom.ticks(later()).await.unwrap();
        assert_eq!(found, json!({ "unrecorded": 0, "recovered": 0 }));
        assert_eq!(raw_mails(&world), [kept(&letter)], "{operation} {fault:?}");
        world.must_still_have(&rows);
        let accept = post("/mail/refused/m1/acceptance").by(AGENT);
        let accept = accept.json(json!({ "category": "redes" }));
        mailroom.answers(&accept).await.must_be(201);
    }
}

#[tokio::test]
async fn whoever_is_slower_finds_the_mail_moved() {
    let world = World::new().await;
    let (mailroom, other) = (started(&world).await, started(&world).await);
    let letter = letter("m1", ANA);
    let message = letter.arrives(&world);
    let same = message.clone();
    world.meanwhile("GetObject", 0, async move {
        other.receives_from(QUEUE, &[same]).await.must_be_done();
    });
    let slower = mailroom.receives_from(QUEUE, &[message]).await;
    slower.must_be_done();
    assert_eq!(world.tickets().await.len(), 1);
    assert_eq!(raw_mails(&world), [kept(&letter)]);
}

/// Of a version that left mails where SES wrote them.
#[tokio::test]
async fn an_earlier_record_is_found_before_and_after_the_move() {
    let world = World::new().await;
    let mailroom = started(&world).await;
    let letter = letter("m1", STRANGER).saying("Una frase que nadie más escribe.");
    takes(&world, &mailroom, &letter).await;
    let raw = raw_mail(&MailId("m1".to_owned()));
    let mut row = world.row("INBOUND#m1", "MAIL");
    let mut record = record(&world, "m1");
    record["object"] = json!(raw);
    row["doc"]["S"] = json!(record.to_string());
    world.put_row(&row);
    let object = world.objects(RAW).remove(&kept(&letter)).unwrap();
    world.delete_object(RAW, &kept(&letter));
    world.put_object(RAW, &raw, object);
    let session = world.signed_in(COORDINATOR).await;
    for moved in [false, true] {
        let page = get("/correo/m1").seen_by(&session);
        let page: Answer = mailroom.answers(&page).await;
        assert!(page.body.contains("Una frase que nadie"), "{}", page.body);
        let account = account(&mailroom).await;
        assert_eq!(account["balanced"], true, "{moved}: {account}");
        mailroom.ticks(later()).await.unwrap();
        assert_eq!(raw_mails(&world), [kept(&letter)], "{moved}");
    }
}

/// Copies of a mail that was taken in, as many a day as `times` has of each.
fn copies(world: &World, of: &Letter, times: impl Iterator<Item = Timestamp>) {
    let first: MailRecord = serde_json::from_value(record(world, &of.id)).unwrap();
    let object = world.objects(RAW).remove(&kept(of)).unwrap();
    let doc = world.row(&format!("INBOUND#{}", of.id), "MAIL");
    let day = keys::mail_of_day(&first);
    let day = world.row(&day.pk, &day.sk);
    let mut rows = Vec::new();
    for (number, at) in times.enumerate() {
        let id = MailId(format!(
            "{:08x}{number:08}",
            number.wrapping_mul(2_654_435_761) as u32
        ));
        let record = MailRecord {
            object: kept_mail(&id, at),
            received_at: at,
            id: id.clone(),
            ..first.clone()
        };
        world.put_object(RAW, &record.object, object.clone());
        let places = [
            (keys::inbound(&id), &doc),
            (keys::mail_of_day(&record), &day),
        ];
        for (key, row) in places {
            let mut row = row.clone();
            (row["pk"]["S"], row["sk"]["S"]) = (json!(key.pk), json!(key.sk));
            if row["doc"].is_object() {
                row["doc"]["S"] = json!(serde_json::to_string(&record).unwrap());
            }
            rows.push(row);
        }
        if rows.len() >= 1_000 {
            world.put_rows(&rows);
            rows.clear();
        }
    }
    world.put_rows(&rows);
}

/// What something was charged.
#[derive(Debug, PartialEq)]
struct Cost {
    /// Calls by operation.
    calls: BTreeMap<String, usize>,
    /// Read units of the table.
    units: f64,
}

impl Cost {
    async fn of<T>(
        world: &World,
        mailroom: &Started<Mailroom>,
        of: impl Future<Output = T>,
    ) -> (T, Cost) {
        let store = &mailroom.function.inbox.desk.store;
        let before = store.read_units();
        world.forget();
        let began = Instant::now();
        let done = of.await;
        let took = began.elapsed();
        let mut calls = BTreeMap::new();
        for operation in world.operations() {
            *calls.entry(operation).or_default() += 1;
        }
        let units = store.read_units() - before;
        println!("{calls:?}, {units} read units, {took:?}");
        (done, Cost { calls, units })
    }

    /// Within a tenth of what it was.
    fn must_be_like(&self, other: &Cost) {
        let near = |a: f64, b: f64| (a - b).abs() <= b / 10.0;
        assert!(near(self.units, other.units), "{self:?} {other:?}");
        let total = |cost: &Cost| cost.calls.values().sum::<usize>() as f64;
        assert!(near(total(self), total(other)), "{self:?} {other:?}");
    }
}

/// With so many mails on record, of which forty are of today: today's account, and a
/// recovery that finds one.
async fn costs(on_record: usize) -> [Cost; 2] {
    let world = World::new().await;
    let mailroom = started(&world).await;
    let first = letter("m1", STRANGER);
    takes(&world, &mailroom, &first).await;
    let midnight = types::mail::bounds(types::mail::day(now())).unwrap().0;
    let of_today = (0..39).map(|n| midnight + SignedDuration::from_secs(n));
    let step = SignedDuration::from_hours(400 * 24).as_secs() / on_record as i64;
    let before = (1..on_record as i64 - 39)
        .map(|n| midnight - SignedDuration::from_secs(1 + n * step.max(1)));
    println!("{on_record} mails on record:");
    copies(&world, &first, of_today.chain(before));
    // The catalogue is read before, and kept for some seconds.
    account(&mailroom).await;
    let (day, counted) = Cost::of(&world, &mailroom, account(&mailroom)).await;
    assert_eq!(
        (&day["received"], &day["recorded"], &day["balanced"]),
        (&json!(40), &json!(40), &json!(true)),
        "{day}"
    );
    letter("perdido", ANA).arrives(&world);
    let (found, recovered) = Cost::of(&world, &mailroom, mailroom.ticks(later())).await;
    assert_eq!(found.unwrap(), json!({ "unrecorded": 1, "recovered": 1 }));
    [counted, recovered]
}

/// `MAILS_ON_RECORD` says how many there are at most; `scripts/mail-growth` asks for
/// four hundred thousand.
#[tokio::test]
async fn a_day_costs_what_it_costs_however_many_mails_are_on_record() {
    let asked = std::env::var_os("MAILS_ON_RECORD");
    let most = asked.map_or(20_000, |most| most.to_str().unwrap().parse().unwrap());
    let few = costs(most / 100).await;
    let many = costs(most).await;
    for (many, few) in many.iter().zip(&few) {
        many.must_be_like(few);
    }
}
