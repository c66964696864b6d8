//! The host killed in the midst of its work.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Mutex;
use std::time::Duration;

use serde_json::{Value, json};
use workbench::people::{ANA, COORDINATOR};
use workbench::{Answer, Client, ClientError, Host, eventually, within};

use crate::{MINUTE, assignee, at_once, time};

/// Registrations that are under way when the host is killed.
const COUNT: usize = 100;

/// Longer than leases of the processes that died, and than the sweep's patience.
const RECOVERY: Duration = Duration::from_secs(90);

/// Mails that one kill may leave sent and not recorded: as many as the
/// notifiers' processes (the host's limit) work on at once.
const DOUBTFUL_MAILS: usize = 3 * 4;

fn title(i: usize) -> String {
    format!("Solicitud en vuelo {i}")
}

fn register(client: &Client, i: usize) -> Result<Answer, ClientError> {
    let body = json!({ "title": title(i), "description": "Sin red.", "category": "redes" });
    let request = client.request("POST", "/tickets").json(&body);
    request
        .header("idempotency-key", &format!("vuelo-{i}"))
        .try_send()
}

/// Kills the host; none of its functions' processes may outlive it.
fn kill(host: &mut Host) {
    assert!(host.function_processes().len() >= 7);
    host.kill9();
    eventually("no process of a function is left", || {
        host.function_processes().is_empty().then_some(())
    });
}

/// What was answered 201 so far, by the request's index.
type Answered = Mutex<BTreeMap<usize, Value>>;

/// Sends, all at once, every request that has not been answered yet.
fn send_rest(
    client: &Client,
    answered: &Answered,
    send: impl Fn(&Client, usize) -> Option<Answer> + Sync,
) {
    let done: BTreeSet<_> = answered.lock().unwrap().keys().copied().collect();
    let rest: Vec<_> = (0..COUNT).filter(|i| !done.contains(i)).collect();
    at_once(rest.len(), |i| {
        if let Some(answer) = send(client, rest[i]) {
            answered.lock().unwrap().insert(rest[i], answer.json());
        }
    });
}

#[test]
fn nothing_answered_is_lost_and_nothing_is_done_twice() {
    let mut host = Host::start();
    let answered = Answered::default();
    // Twice killed while requests are under way, the second time while it
    // catches up with the first; whoever got no answer sends the same again.
    for enough in [20, 60] {
        let ana = host.client(ANA);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                send_rest(&ana, &answered, |client, i| {
                    register(client, i).ok().filter(|a| a.status == 201)
                });
            });
            within(RECOVERY, "a part of them is answered", || {
                (answered.lock().unwrap().len() >= enough).then_some(())
            });
            kill(&mut host);
        });
        assert!(answered.lock().unwrap().len() < COUNT, "none was under way");
        host.restart();
        let ana = host.client(ANA);
        for (i, ticket) in &*answered.lock().unwrap() {
            let found = ana.ticket(&ticket["number"]);
            assert_eq!(found["id"], ticket["id"]);
            assert_eq!(found["title"], title(*i));
        }
    }
    let before_the_last_kill = answered.lock().unwrap().len();
    let ana = host.client(ANA);
    send_rest(&ana, &answered, |client, i| {
        let answer = within(RECOVERY, "the request is taken", || {
            let answer = register(client, i).unwrap();
            assert!(matches!(answer.status, 201 | 503), "{}", answer.body);
            (answer.status == 201).then_some(answer)
        });
        Some(answer)
    });
    let tickets: Vec<_> = answered.into_inner().unwrap().into_values().collect();
    assert_eq!(tickets.len(), COUNT);

    let at = time(&tickets[COUNT - 1]["created_at"]);
    within(RECOVERY, "everything is assigned and mailed", || {
        // As every minute, and not only then: nobody wants to wait that long.
        host.sweep(at + MINUTE);
        let listed = ana.list("/tickets?limit=100");
        let waiting = listed.iter().filter(|t| t["status"] != "assigned").count();
        (waiting == 0 && missing_mails(&host, &listed) == 0).then_some(())
    });
    host.settle_within(RECOVERY);

    let coordinator = host.client(COORDINATOR);
    for reader in [&ana, &coordinator] {
        let listed = reader.list("/tickets?limit=10");
        let mut by_title: BTreeMap<&str, usize> = BTreeMap::new();
        for ticket in &listed {
            *by_title
                .entry(ticket["title"].as_str().unwrap())
                .or_default() += 1;
            let kinds = reader.event_kinds(&ticket["number"]);
            assert_eq!(kinds, ["registered", "assigned"]);
        }
        for i in 0..COUNT {
            assert_eq!(by_title.get(title(i).as_str()), Some(&1), "{i}");
        }
        assert_eq!(listed.len(), COUNT);
    }
    let mails = host.mails();
    let different: BTreeSet<_> = mails.iter().map(|m| (&m.subject, &m.to)).collect();
    assert_eq!(different.len(), 2 * COUNT);
    let twice = mails.len() - different.len();
    let (last, voids) = account_for_numbers(&host, &tickets);
    eprintln!(
        "answered before the second kill: {before_the_last_kill}; mails that went out twice: {twice}; \
         numbers taken: {last}, of them void: {voids}"
    );
    assert!(twice <= 2 * DOUBTFUL_MAILS, "{twice} mails went out twice");
}

/// How many of the two mails of each ticket have not gone out.
fn missing_mails(host: &Host, tickets: &[Value]) -> usize {
    let mut sent: HashMap<(String, String), usize> = HashMap::new();
    for mail in host.mails() {
        let [to] = &mail.to[..] else {
            panic!("{mail:?}")
        };
        *sent.entry((mail.subject.clone(), to.clone())).or_default() += 1;
    }
    let expected = tickets.iter().flat_map(|ticket| {
        let subject = |kind| {
            let number = ticket["number"].as_u64().unwrap();
            let title = ticket["title"].as_str().unwrap();
            format!("[USPEC #{number:06}] {kind}: {title}")
        };
        [
            (subject("Solicitud registrada"), ANA.to_owned()),
            (
                subject("Solicitud asignada a usted"),
                assignee(ticket).to_owned(),
            ),
        ]
    });
    expected.filter(|mail| !sent.contains_key(mail)).count()
}

/// Every number up to the last one taken is a ticket or a recorded void. Gives
/// the last, and how many are void.
fn account_for_numbers(host: &Host, tickets: &[Value]) -> (u64, usize) {
    // What stands for nothing is void when two sweeps in a row say so.
    let at = time(&tickets[0]["created_at"]);
    for minutes in [10, 20] {
        host.sweep(at + MINUTE * minutes);
    }
    let last = host.row("COUNTER", "COUNTER")["taken"]["N"].clone();
    let last: u64 = last.as_str().unwrap().parse().unwrap();
    let mut voids = 0;
    for number in 1..=last {
        let row = host.row(&format!("NUMBER#{number}"), "NUMBER");
        let is_void = row["void_since"]["S"].is_string();
        let ticket = tickets.iter().find(|t| t["number"] == number);
        match ticket {
            Some(ticket) => assert_eq!(row["ticket"]["S"], ticket["id"], "{number}: {row}"),
            None => assert!(is_void, "{number} stands for nothing: {row}"),
        }
        voids += usize::from(is_void);
    }
    (last, voids)
}
