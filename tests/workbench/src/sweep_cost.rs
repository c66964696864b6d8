//! What the sweep reads while the desk fills: it must grow with what is due, and
//! not with what is open. It fails when it does not. `scripts/sweep-cost` builds
//! and runs it.
//!
//! The tickets are copies of one that was registered and assigned over HTTP. All
//! of them are armed: their timers stand in the index `due`, nearly all of them
//! in the future.
//!
//! The sweep only rings; whoever hears it would fire the timers, and the next
//! run would find others. So the host runs a copy of the template in which
//! nobody works the queue `escalation`. The sweep does not read that queue nor
//! wait for its consumer: what it is charged does not depend on there being one.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a measurement: it prints, and fails where it cannot measure"
)]

use std::process::ExitCode;
use std::time::Instant;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::Host;
use crate::filled::Filled;

/// How many tickets are open, unless somebody says otherwise.
pub const SIZES: [usize; 3] = [1_000, 10_000, 100_000];
/// How many timers are due at every size.
const DUE: usize = 100;
/// How many are due in the last measurement.
const DUE_LATER: usize = 1_000;
/// How often the sweep runs for each measurement.
const RUNS: usize = 5;
/// By how much its charges may differ as long as the same is due.
const TOLERANCE: f64 = 0.1;

/// A morning on which work is done: what is registered is due within the hour, whenever it
/// is measured.
const BEGUN: &str = "2026-11-24T10:00:00-05:00";
/// From the registration to the sweep that finds [`DUE`] timers.
const SOON: SignedDuration = SignedDuration::from_hours(2 * 24);
/// From the registration to the sweep that finds [`DUE_LATER`].
const LATER: SignedDuration = SignedDuration::from_hours(20 * 24);

/// Measures with so many open tickets, and prints what it found.
///
/// # Panics
/// When there is no host, it does not do what it is asked, or sizes do not grow.
pub fn run(sizes: &[usize]) -> ExitCode {
    assert!(
        sizes.first().is_some_and(|size| *size >= DUE_LATER) && sizes.is_sorted(),
        "sizes grow, from {DUE_LATER} or more"
    );

    let desk = Desk(Filled::start(host_without_escalation(), [DUE, DUE_LATER]));
    println!(
        "|   open |  due | found | rung | oldest overdue | sweep: units |     time | scan: units |     time |"
    );
    println!("|---:|---:|---:|---:|---:|---:|---:|---:|---:|");
    let (mut open, mut filled, mut units) = (0, Vec::new(), Vec::new());
    for &size in sizes {
        let start = Instant::now();
        desk.0.fill(open, size);
        let seconds = start.elapsed().as_secs_f64();
        filled.push(format!("{} in {seconds:.1} s", size - open));
        open = size;
        units.extend(desk.measure(open, SOON, DUE));
    }
    let more = desk.measure(open, LATER, DUE_LATER);
    println!("\nTickets written: {}.", filled.join(", "));

    units.sort_by(f64::total_cmp);
    let (least, most) = (units[0], units[units.len() - 1]);
    println!("A sweep that finds {DUE} timers was charged {least} to {most} units.");
    if most > least * (1.0 + TOLERANCE) {
        println!("FAILED: what the sweep reads grows with what is open.");
        return ExitCode::FAILURE;
    }
    // A figure that never moves would say nothing.
    if more[0] <= most {
        println!("FAILED: what the sweep reads does not grow with what is due.");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

/// A desk where nobody acts on timers.
struct Desk(Filled);

impl Desk {
    /// Sweeps so long after the registration, when so many timers are due;
    /// prints a line, and gives what each run was charged.
    fn measure(&self, open: usize, after: SignedDuration, due: usize) -> Vec<f64> {
        let at = self.0.created + after;
        let queue = self.0.host.queue("escalation").name;
        let (mut units, mut times, mut swept) = (Vec::new(), Vec::new(), Value::Null);
        for _ in 0..RUNS {
            let start = Instant::now();
            swept = self.0.host.sweep(at);
            times.push(start.elapsed());
            units.push(swept["read_units"].as_f64().unwrap());
            assert_eq!(swept["timers_found"], due, "{swept}");
            assert_eq!(swept["timers_rung"], due, "{swept}");
            // Nobody heard it.
            let rung = self.0.host.queue("escalation");
            assert_eq!((rung.visible, rung.in_flight), (due as u64, 0));
            let url = format!("http://127.0.0.1/000000000000/{queue}");
            self.0
                .host
                .aws("AmazonSQS.PurgeQueue", &json!({ "QueueUrl": url }));
        }
        times.sort();
        let start = Instant::now();
        let (scanned, found) = self.scan(at);
        let scanning = start.elapsed();
        assert_eq!(found, due);
        let [found, rung, overdue] = ["timers_found", "timers_rung", "timers_oldest_seconds"]
            .map(|name| swept[name].as_u64().unwrap());
        println!(
            "| {open:6} | {due:4} | {found:5} | {rung:4} | {overdue:12} s | {:12.1} | {:5.0} ms | {scanned:11.1} | {:5.0} ms |",
            units[0],
            times[RUNS / 2].as_secs_f64() * 1e3,
            scanning.as_secs_f64() * 1e3,
        );
        units
    }

    /// What a sweep would be charged that looks through the whole table, page by
    /// page, and how many timers it would find.
    fn scan(&self, at: Timestamp) -> (f64, usize) {
        let mut request = json!({
            "TableName": self.0.table,
            "FilterExpression": "begins_with(due_pk, :timer) AND due_sk < :at",
            "ExpressionAttributeValues": {
                ":timer": { "S": "TIMER#" },
                ":at": { "S": format!("{at:.3}") },
            },
            "ReturnConsumedCapacity": "TOTAL",
            // Nearly the megabyte that a page may have. Without a limit dynoxide
            // loads all that is left of the table for each page.
            "Limit": 400,
        });
        let (mut units, mut found) = (0.0, 0);
        loop {
            let page = self.0.host.aws("DynamoDB_20120810.Scan", &request);
            units += page["ConsumedCapacity"]["CapacityUnits"].as_f64().unwrap();
            found += page["Items"].as_array().unwrap().len();
            match page.get("LastEvaluatedKey") {
                Some(key) => request["ExclusiveStartKey"] = key.clone(),
                None => return (units, found),
            }
        }
    }
}

/// Timers that are rung stay in the queue `escalation`: its consumer works the
/// dead letters instead, of which there are none.
fn host_without_escalation() -> Host {
    let mapping = "Queue: !GetAtt EscalationQueue.Arn\n";
    let nobody = "Queue: !GetAtt EscalationDeadLetters.Arn\n";
    let edit = |template: &str| {
        assert_eq!(template.matches(mapping).count(), 1);
        template.replace(mapping, nobody)
    };
    Host::start_on(edit, &["--now", BEGUN])
}
