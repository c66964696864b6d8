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
    if all_sound {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
