//! The mailroom killed in the midst of its work.

use std::collections::BTreeSet;
use std::fs;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use workbench::people::{COORDINATOR, SUPPORT_MAILBOX};
use workbench::{Chance, Host, Letter, within};

use crate::mail::{check_balanced, check_no_dead_letters, record_of};

/// Mails that come in while it is killed.
const COUNT: usize = 60;

/// How often it is killed.
const KILLS: usize = 12;

/// Seconds until a message comes back whose reader died. In the template they
/// are minutes, and nobody wants to wait that long.
const VISIBILITY: u64 = 3;

const RECOVERY: Duration = Duration::from_secs(120);

/// A host whose queue of mails is in a hurry.
fn host_in_a_hurry() -> Host {
    let edit = |template: &str| {
        let (before, queue) = template.split_once("\n  InboundMailQueue:\n").unwrap();
        let (head, rest) = queue.split_once("VisibilityTimeout: ").unwrap();
        let (_, rest) = rest.split_once('\n').unwrap();
        format!("{before}\n  InboundMailQueue:\n{head}VisibilityTimeout: {VISIBILITY}\n{rest}")
    };
    Host::start_on(edit, &[])
}

/// Kills every process of the mailroom, and says how many there were.
fn kill_mailroom(host: &Host) -> usize {
    let processes = host.function_processes().into_iter();
    let mailroom = processes.filter(|process| {
        let name = fs::read_to_string(format!("/proc/{process}/comm"));
        name.is_ok_and(|name| name.trim() == "mailroom")
    });
    let killed = mailroom.filter_map(|process| Pid::from_raw(process.parse().unwrap()));
    killed
        .filter(|process| kill_process(*process, Signal::KILL).is_ok())
        .count()
}

fn title(n: usize) -> String {
    format!("Correo en vuelo {n}")
}

#[test]
fn no_mail_is_lost_and_none_is_a_ticket_twice() {
    let mut chance = Chance::seeded_by("MAIL_SEED");
    eprintln!("MAIL_SEED={}", chance.0);
    let host = host_in_a_hurry();
    let mut smtp = host.smtp();
    let mut ids = Vec::new();
    let (mut kills, mut killed) = (0, 0);
    for n in 0..COUNT {
        let letter = Letter::new(&format!("persona{n}@uspec.gov.co"), &title(n), "No abre.");
        let reply = smtp.send(letter.sender(), &[SUPPORT_MAILBOX], &letter.raw());
        ids.push(reply.id());
        if kills < KILLS / 2 && chance.below(4) == 0 {
            kills += 1;
            killed += kill_mailroom(&host);
        }
    }
    // And while it catches up.
    let recorded = || {
        ids.iter()
            .filter(|id| !record_of(&host, id).is_null())
            .count()
    };
    let mut done = vec![recorded()];
    within(RECOVERY, "every mail has an outcome", || {
        if kills < KILLS && chance.below(3) == 0 {
            kills += 1;
            killed += kill_mailroom(&host);
        }
        done.push(recorded());
        (kills == KILLS || done.last() == Some(&COUNT)).then_some(())
    });
    within(RECOVERY, "every mail has an outcome", || {
        (recorded() == COUNT).then_some(())
    });
    host.settle_within(RECOVERY);
    eprintln!("{kills} kills of {killed} processes; on record in between: {done:?}");
    assert!(killed >= KILLS / 4, "{killed}");

    let tickets = host.client(COORDINATOR).list("/tickets?limit=100");
    let titles: BTreeSet<_> = tickets
        .iter()
        .map(|t| t["title"].as_str().unwrap())
        .collect();
    assert_eq!((tickets.len(), titles.len()), (COUNT, COUNT));
    for (n, id) in ids.iter().enumerate() {
        let record = record_of(&host, id);
        assert_eq!(record["outcome"], "ticket", "{record}");
        let ticket = tickets.iter().find(|t| t["title"] == title(n)).unwrap();
        assert_eq!(record["ticket"]["id"], ticket["id"], "{record}");
        let kinds = host.client(COORDINATOR).event_kinds(&ticket["number"]);
        assert_eq!(kinds, ["registered", "assigned"]);
        // Who asked is told once.
        let requester = ticket["requester"]["email"].as_str().unwrap();
        let letters = host
            .letters(ticket)
            .into_iter()
            .filter(|(_, to)| to == requester);
        assert_eq!(letters.count(), 1, "{ticket}");
    }
    let counts = check_balanced(&host, &record_of(&host, &ids[0]));
    assert_eq!(counts["ticket"], COUNT, "{counts}");
    check_no_dead_letters(&host);
}
