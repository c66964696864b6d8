//! How many mails the desk takes in, and what that costs: every mail is on
//! record with its outcome, or this fails. `scripts/mail-load` builds and runs it.
//!
//! As a baseline in the same run: the same mails to a host where nobody works
//! the queue of mails that came in. That is the door alone: SMTP, the object,
//! the notification and the queue.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a measurement: it prints, and fails where it cannot measure"
)]

use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde_json::Value;

use crate::people::{COORDINATOR, SUPPORT_MAILBOX};
use crate::process::Usage;
use crate::{Host, Letter, warn_of_debug_build, within};

/// What is measured.
#[derive(Clone, Copy, Debug)]
pub struct MailLoad {
    /// How many mails.
    pub mails: usize,
    /// How large the file is that every tenth mail has, the first of them first; in
    /// bytes.
    pub file: usize,
    /// How long the text of every mail is, in bytes.
    pub text: usize,
}

/// Mails of each sender: fewer than would be refused as too many.
const OF_EACH: usize = 10;
/// Connections that bring them.
const CONNECTIONS: usize = 4;
/// Every so manyth mail has a file.
const WITH_FILE: usize = 10;

/// How long all of them may take.
const LIMIT: Duration = Duration::from_secs(900);

/// Measures, and prints what it found.
///
/// # Panics
/// When there is no host, or not every mail is read in time.
pub fn run(load: MailLoad) -> ExitCode {
    let mails = load.mails;
    warn_of_debug_build(&|text| print!("{text}"));
    let door = host_without_mailroom();
    let accepted = bring(&door, load);
    println!("baseline, the door alone: {}", rate(mails, accepted));
    assert_eq!(door.queue("inbound").visible, mails as u64);
    drop(door);

    let host = Host::start();
    let start = Instant::now();
    let accepted = bring(&host, load);
    println!("accepted: {}", rate(mails, accepted));
    within(LIMIT, "every mail is read", || {
        let queue = host.queue("inbound");
        (queue.visible + queue.in_flight + queue.delayed == 0).then_some(())
    });
    let carried = start.elapsed();
    println!("carried to a ticket: {}", rate(mails, carried));
    host.settle_within(LIMIT);
    println!(
        "… assigned, and everybody told: {}",
        rate(mails, start.elapsed())
    );

    let functions = host.processes().into_iter();
    let mailroom: Vec<_> = functions
        .filter(|(name, _)| name == "mailroom")
        .flat_map(|(_, processes)| processes)
        .map(|process| peak(u32::try_from(process).unwrap()))
        .collect();
    println!(
        "most resident memory: mailroom {} MiB (the largest of {} processes), host {} MiB",
        mailroom.iter().max().unwrap(),
        mailroom.len(),
        peak(host.process_id()),
    );

    let account = account(&host);
    println!("the day's account: {account}");
    let recorded = &account["recorded"];
    let is_whole = *recorded == mails && account["outcomes"]["ticket"] == *recorded;
    let dead = host.queues().into_iter().filter(|q| q.dead_letter);
    let dead: u64 = dead.map(|queue| queue.visible).sum();
    if account["balanced"] != true || !is_whole || dead > 0 {
        println!("FAILED: not every mail is a ticket; {dead} dead letters.");
        return ExitCode::FAILURE;
    }
    // Who asked and who is responsible, for each.
    let told = host.mails().len();
    if told != 2 * mails {
        println!("FAILED: {told} mails went out.");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

/// Brings mails in over a few connections at once, and says how long it took
/// until the last of them was taken.
fn bring(host: &Host, load: MailLoad) -> Duration {
    let line = "Un renglón del registro de errores.\n";
    let file = lines(line, load.file);
    let line = "Desde hoy a las ocho no abre el correo y muestra «sin conexión».\n";
    let text = lines(line, load.text);
    let next = AtomicUsize::new(0);
    let start = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..CONNECTIONS {
            scope.spawn(|| {
                let mut smtp = host.smtp();
                loop {
                    let n = next.fetch_add(1, Ordering::Relaxed);
                    if n >= load.mails {
                        return;
                    }
                    let letter = letter(n, &text, &file);
                    smtp.send(letter.sender(), &[SUPPORT_MAILBOX], &letter.raw())
                        .id();
                }
            });
        }
    });
    start.elapsed()
}

/// So many bytes of a line over and over, or a few less: every line feed goes as two.
fn lines(line: &str, bytes: usize) -> String {
    line.repeat(bytes / (line.len() + 1))
}

/// The mail `n`.
fn letter(n: usize, text: &str, file: &str) -> Letter {
    let sender = n / OF_EACH;
    let from = format!("Persona {sender} <persona{sender}@uspec.gov.co>");
    let letter = Letter::new(&from, &format!("No abre el correo {n}"), text);
    if n.is_multiple_of(WITH_FILE) {
        let headers = "Content-Type: text/plain; charset=utf-8\n\
                       Content-Disposition: attachment; filename=registro.txt\n\
                       Content-Transfer-Encoding: 8bit";
        letter.part(headers, file)
    } else {
        letter
    }
}

fn rate(mails: usize, took: Duration) -> String {
    let seconds = took.as_secs_f64();
    #[expect(clippy::cast_precision_loss, reason = "a figure for people to read")]
    let mails = mails as f64;
    format!(
        "{:.1} mails a second ({mails} in {seconds:.1} s)",
        mails / seconds
    )
}

/// The account of the day that the mails came in.
fn account(host: &Host) -> Value {
    let coordinator = host.client(COORDINATOR);
    let first = coordinator.get("/tickets?limit=1").must_be(200).json();
    let at: Timestamp = serde_json::from_value(first["items"][0]["created_at"].clone()).unwrap();
    let day = at.in_tz("America/Bogota").unwrap().date();
    let report = coordinator.get(&format!("/reports/mail?day={day}"));
    report.must_be(200).json()
}

/// The most memory that a process ever had in use, in MiB.
fn peak(process: u32) -> u64 {
    Usage::of(process).peak_bytes >> 20
}

/// Mails stay in their queue: the mailroom works the dead letters instead, of
/// which there are none.
fn host_without_mailroom() -> Host {
    let mapping = "Queue: !GetAtt InboundMailQueue.Arn\n";
    let nobody = "Queue: !GetAtt InboundMailDeadLetters.Arn\n";
    let edit = |template: &str| {
        assert_eq!(template.matches(mapping).count(), 1);
        template.replace(mapping, nobody)
    };
    Host::start_on(edit, &[])
}
