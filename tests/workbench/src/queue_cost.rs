//! How long the desk's queue takes while the desk fills: the page, and asking for it
//! again where nothing has changed. `scripts/queue-cost` builds and runs it.
//!
//! It is the time of the server, from the request to the last byte, one request after
//! the other. The first size is the baseline for the others. Nothing of it fails a run:
//! these are figures to be read on an idle machine.
#![expect(clippy::print_stdout, reason = "a measurement: it prints")]

use std::process::ExitCode;
use std::time::{Duration, Instant};

use crate::filled::Filled;
use crate::people::{COORDINATOR, SUPPORT};
use crate::{Browser, Host};

/// How many tickets are open, unless somebody says otherwise.
pub const SIZES: [usize; 2] = [50, 10_000];
/// How often each page is asked for.
const TIMES: usize = 41;

/// Measures with so many open tickets, and prints what it found.
///
/// # Panics
/// When there is no host, it does not do what it is asked, or sizes do not grow.
pub fn run(sizes: &[usize]) -> ExitCode {
    assert!(
        !sizes.is_empty() && sizes.is_sorted(),
        "sizes grow, and there is one"
    );
    let desk = Filled::start(Host::start(), [0, 0]);
    println!("|   open | who         | page        |    p50 |    p95 |  bytes |");
    println!("|---:|---|---|---:|---:|---:|");
    let mut open = 0;
    for &size in sizes {
        desk.fill(open, size);
        open = size;
        for (name, email) in [("agent", SUPPORT[0]), ("coordinator", COORDINATOR)] {
            let mut browser = Browser::new(desk.host.nobody());
            browser.sign_in(email, "/cola").must_be(200);
            for path in ["/cola?vista=abiertas", "/cola?vista=mias", "/hoy"] {
                if path == "/hoy" && email != COORDINATOR {
                    continue;
                }
                let (times, bytes) = timed(|| browser.look(path).must_be(200).body.len());
                line(open, name, path, &times, bytes);
            }
            let tag = browser
                .look("/cola?vista=abiertas")
                .header("etag")
                .to_owned();
            let (times, bytes) = timed(|| {
                let answer = browser.look_unless("/cola?vista=abiertas", &tag);
                // The page of the next minute is another one.
                assert!([200, 304].contains(&answer.status), "{}", answer.status);
                answer.body.len()
            });
            line(open, name, "asked again", &times, bytes);
        }
    }
    ExitCode::SUCCESS
}

/// How long each time took, sorted, and what the last one was.
fn timed<T>(mut what: impl FnMut() -> T) -> (Vec<Duration>, T) {
    let mut last = what();
    let mut times = Vec::with_capacity(TIMES);
    for _ in 0..TIMES {
        let start = Instant::now();
        last = what();
        times.push(start.elapsed());
    }
    times.sort();
    (times, last)
}

fn line(open: usize, who: &str, page: &str, times: &[Duration], bytes: usize) {
    let at = |percent: usize| times[(times.len() - 1) * percent / 100].as_secs_f64() * 1e3;
    println!(
        "| {open:6} | {who:11} | {page:20} | {:3.0} ms | {:3.0} ms | {bytes:6} |",
        at(50),
        at(95)
    );
}
