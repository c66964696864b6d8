//! Checks the model at the small or the large sizes, and prints what was found.
//!
//! Usage: check [small|large]     (large)
#![expect(clippy::print_stdout, reason = "figures for people to read")]

use std::process::ExitCode;

use model::{Protocol, Scenario};

fn main() -> ExitCode {
    let scenarios = match std::env::args().nth(1).as_deref() {
        Some("small") => Scenario::small(),
        Some("large") | None => Scenario::large(),
        Some(other) => {
            println!("{other:?} is neither small nor large");
            return ExitCode::FAILURE;
        }
    };
    let mut all_sound = true;
    for scenario in scenarios {
        let report = Protocol::sound(scenario).check(2);
        println!("{report}");
        all_sound &= report.is_sound();
    }
    println!("most resident memory: {} MiB", peak_kib() / 1024);
    if all_sound {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// The most memory that this process ever had in use, as Linux tells (proc(5)).
fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.trim().strip_suffix(" kB"));
    kib.and_then(|kib| kib.parse().ok()).unwrap_or(0)
}
