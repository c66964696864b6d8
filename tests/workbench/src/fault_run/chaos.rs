//! What goes wrong, and when.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use super::{Amount, MORNING, Wanted, life};
use crate::{Chance, Host};

/// How often something is done.
const BEAT: Duration = Duration::from_millis(250);

/// How long a transaction of the table is under way, in milliseconds: as long as one of
/// DynamoDB's.
const TRANSACTION: u64 = 20;

/// How long it may take to let everything come to rest.
const REST: Duration = Duration::from_secs(300);

/// What went wrong, by kind.
#[derive(Default)]
pub struct Faults {
    pub counts: BTreeMap<String, u64>,
    /// What the host counted before it was killed.
    before: BTreeMap<String, u64>,
    /// Processes of `notifier` that were killed, each with mails in its hands.
    pub notifiers_killed: u64,
}

impl Faults {
    fn count(&mut self, what: &str, times: u64) {
        *self.counts.entry(what.to_owned()).or_default() += times;
    }

    /// Takes over what the host has counted since it started.
    fn take_over(&mut self, report: &Value) {
        for (what, count) in report["counts"].as_object().into_iter().flatten() {
            let count = count.as_u64().unwrap_or(0);
            let before = self.before.get(what).copied().unwrap_or(0);
            self.counts.insert(what.clone(), before + count);
        }
    }

    pub fn of(&self, what: &str) -> u64 {
        self.counts.get(what).copied().unwrap_or(0)
    }
}

/// What time it is at the desk: the morning, and as long as the run has taken.
fn desk_time(began: Instant) -> Timestamp {
    let morning: Timestamp = MORNING.parse().unwrap();
    morning + SignedDuration::try_from(began.elapsed()).unwrap()
}

/// Starts the host, which is down, where it was and at the time that it is.
pub fn start_again(host: &mut Host, here: &[String], began: Instant) {
    let now = desk_time(began).to_string();
    let mut arguments: Vec<&str> = here.iter().map(String::as_str).collect();
    arguments.extend(["--now", &now]);
    host.restart_with(&arguments);
}

/// Whoever makes things go wrong.
pub struct Chaos<'a> {
    host: &'a mut Host,
    here: &'a [String],
    wanted: &'a Wanted,
    chance: Chance,
    began: Instant,
    pub faults: Faults,
}

impl<'a> Chaos<'a> {
    pub fn new(
        host: &'a mut Host,
        here: &'a [String],
        wanted: &'a Wanted,
        chance: Chance,
        began: Instant,
    ) -> Self {
        Chaos {
            host,
            here,
            wanted,
            chance,
            began,
            faults: Faults::default(),
        }
    }

    /// Makes things go wrong until all lives are lived.
    pub fn reign(&mut self, done: impl Fn() -> usize) {
        let all = self.wanted.tickets;
        let mut round = 0;
        // At these shares of the lives, in hundredths.
        let mut host_kills = vec![75, 50, 20];
        let mut outage = Some(35);
        let mut leaps = vec![90, 60];
        self.plan(round, false);
        let mut beat: u64 = 0;
        while done() < all {
            let share = 100 * done() / all;
            beat += 1;
            if outage.is_some_and(|at| share >= at) {
                outage = None;
                self.faults.count(
                    "minutes without SES, begun",
                    1 + self.wanted.outage.as_secs() / 60,
                );
                self.plan(round, true);
                let end = Instant::now() + self.wanted.outage;
                while Instant::now() < end && done() < all {
                    self.disturb();
                }
                self.plan(round, false);
            }
            if host_kills.last().is_some_and(|at| share >= *at) {
                host_kills.pop();
                round += 1;
                self.kill_host(round);
            }
            if leaps.last().is_some_and(|at| share >= *at) {
                leaps.pop();
                // Two hours on, steps of clocks and all, and back.
                self.sweep(SignedDuration::from_hours(2));
                self.faults.count("leaps of the sweep's clock", 1);
            }
            let often = match self.wanted.faults {
                Amount::Some => 40,
                Amount::Many => 6,
            };
            if beat.is_multiple_of(often) {
                self.purge();
            }
            self.disturb();
        }
    }

    /// One beat: a process is killed, and the sweep comes, early or late.
    fn disturb(&mut self) {
        if self.chance.below(3) > 0 {
            self.kill_function();
        }
        match self.chance.below(12) {
            0 => self.sweep(SignedDuration::from_hours(-1)),
            1..4 => self.sweep(SignedDuration::from_secs(60)),
            _ => {}
        }
        if self.chance.below(60) == 0 {
            self.redrive();
        }
        if self.chance.below(40) == 0 {
            // As if it were an hour later: what has no record has lost its notice.
            self.tick("mailroom", SignedDuration::from_hours(1));
        }
        let report = self.host.nobody().get("/_local/faults").json();
        self.faults.take_over(&report);
        std::thread::sleep(BEAT);
    }

    /// Puts the faults of the wire in force.
    fn plan(&self, round: u64, without_ses: bool) {
        let refused: Vec<_> = (0..self.wanted.tickets).map(life::refused).collect();
        let ses = match without_ses {
            true => json!({ "failed": 10_000 }),
            false => json!({ "throttled": 300, "failed": 200, "lost": 60, "hung": 20 }),
        };
        let (lost, unsent) = match self.wanted.faults {
            Amount::Some => (100, 150),
            Amount::Many => (600, 1_500),
        };
        self.put(&json!({
            "seed": self.wanted.chance.0 & 0xFFFF_FFFF ^ round,
            "burst": 3,
            "dynamodb": { "throttled": 150, "conflict": 200, "failed": 100, "lost": lost, "hung": 10 },
            "sqs": { "throttled": 200, "failed": unsent, "lost": 100, "hung": 10 },
            "ses": ses,
            "s3": { "throttled": 600, "failed": 600, "lost": 400, "hung": 50 },
            "transaction_ms": TRANSACTION,
            "deliveries": { "twice": 800, "again": 500, "shuffled": 5_000 },
            "refused_addresses": refused,
            "without": self.wanted.without.as_deref().map_or(json!({}), without),
        }));
    }

    fn put(&self, plan: &Value) {
        let nobody = self.host.nobody();
        nobody.put("/_local/faults", plan).must_be(200);
    }

    fn kill_function(&mut self) {
        let processes: Vec<(String, i32)> = self
            .host
            .processes()
            .into_iter()
            .flat_map(|(name, pids)| pids.into_iter().map(move |pid| (name.clone(), pid)))
            .collect();
        if processes.is_empty() {
            return;
        }
        let (name, pid) = &processes[self.chance.below(processes.len())];
        let killed = Pid::from_raw(*pid).is_some_and(|pid| kill_process(pid, Signal::KILL).is_ok());
        if killed {
            self.faults.count(&format!("killed {name}"), 1);
            self.faults.notifiers_killed += u64::from(name == "notifier");
        }
    }

    fn kill_host(&mut self, round: u64) {
        let notifiers = self.host.processes().into_iter();
        let notifiers = notifiers.filter(|(name, _)| name == "notifier");
        let notifiers: usize = notifiers.map(|(_, pids)| pids.len()).sum();
        self.faults.notifiers_killed += notifiers as u64;
        let report = self.host.nobody().get("/_local/faults").json();
        self.host.kill9();
        self.faults.take_over(&report);
        self.faults.before = self.faults.counts.clone();
        self.faults.count("killed the host", 1);
        start_again(self.host, self.here, self.began);
        self.plan(round, false);
    }

    /// The sweep, at the desk's time and `ahead` of it.
    fn sweep(&mut self, ahead: SignedDuration) {
        self.faults.count("sweeps beside the schedule", 1);
        self.tick("sla-sweep", ahead);
    }

    /// Wakes a function, at the desk's time and `ahead` of it.
    fn tick(&self, function: &str, ahead: SignedDuration) {
        let payload = json!({ "time": self.now() + ahead });
        let path = format!("/2015-03-31/functions/{function}/invocations");
        let request = self.host.aws_client().request("POST", &path);
        // It may be killed, or find the table out of order; the next one will do.
        let _ = request.json(&payload).try_send();
    }

    fn now(&self) -> Timestamp {
        desk_time(self.began)
    }

    fn purge(&mut self) {
        let mut queues = self.host.queues();
        // Of a mail that bounced SES says so again with the next one.
        queues
            .retain(|queue| !queue.dead_letter && !queue.name.to_lowercase().contains("feedback"));
        let queue = &queues[self.chance.below(queues.len())];
        let lost = queue.visible + queue.in_flight + queue.delayed;
        let url = format!("http://127.0.0.1/000000000000/{}", queue.name);
        self.host
            .aws("AmazonSQS.PurgeQueue", &json!({ "QueueUrl": url }));
        self.faults.count("purged queues", 1);
        self.faults.count("messages lost in purges, at least", lost);
    }

    fn redrive(&mut self) {
        let dead = self.host.queues().into_iter();
        let dead: Vec<_> = dead.filter(|q| q.dead_letter && q.visible > 0).collect();
        for queue in dead {
            let arn = format!("arn:aws:sqs:us-east-1:000000000000:{}", queue.name);
            let request = json!({ "SourceArn": arn });
            self.host.aws("AmazonSQS.StartMessageMoveTask", &request);
            self.faults.count("dead letters sent back", queue.visible);
        }
    }

    /// No more faults.
    pub fn relent(&mut self) {
        let report = self.host.nobody().get("/_local/faults").json();
        self.faults.take_over(&report);
        let plan = match &self.wanted.without {
            Some(protection) => json!({ "without": without(protection) }),
            None => json!({}),
        };
        self.put(&plan);
    }

    /// Lets everything come to rest: the dead letters go back, whatever was left behind
    /// is handed over, and the time of what nobody rated runs out.
    pub fn rest(&mut self) {
        let limit = match self.wanted.without {
            Some(_) => self.wanted.patience,
            None => REST,
        };
        let began = Instant::now();
        // It stays some seconds for those who go by the catalogue before it.
        let is_handed_over = |host: &Host| {
            let owed = |row: &Value| row["sk"]["S"].as_str().is_some_and(is_hand_over);
            !host.rows().iter().any(owed)
        };
        let is_at_rest = |host: &Host| {
            let queues = host.queues();
            queues
                .iter()
                .all(|q| q.visible + q.in_flight + q.delayed == 0)
        };
        let mut quiet = 0;
        // Three times in a row: what a sweep rings for is done in between.
        while quiet < 3 || !is_handed_over(self.host) {
            if began.elapsed() > limit {
                self.faults.count("did not come to rest", 1);
                return;
            }
            self.redrive();
            self.tick("mailroom", SignedDuration::from_hours(1));
            self.sweep(SignedDuration::from_hours(24 * 4));
            std::thread::sleep(BEAT);
            quiet = if is_at_rest(self.host) { quiet + 1 } else { 0 };
        }
        // Then the files of those who died over a mail are a day old, and no ticket names them.
        self.tick("resolution", SignedDuration::from_hours(24 * 4));
    }
}

fn is_hand_over(sort: &str) -> bool {
    sort.starts_with("HANDOVER#")
}

/// What is taken away from the table's requests where a protection is not to be
/// there. The emulator knows no keys: it is told which.
///
/// # Panics
/// Where there is no such protection.
fn without(protection: &str) -> Value {
    match protection {
        "conditional_writes" => json!({ "conditions": true }),
        "idempotency_rows" => {
            json!({ "puts": [{ "attribute": "pk", "begins_with": "IDEMPOTENCY#" }] })
        }
        // The sweep finds no row.
        "outbox_ringing" => json!({ "queries": [{ "index": "due", "begins_with": "OUTBOX#" }] }),
        other => panic!("there is no protection {other}"),
    }
}
