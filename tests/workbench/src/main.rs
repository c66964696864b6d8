//! The programs that no command of the local host starts.

use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, ValueEnum};
use workbench::fault_run::{Amount, Wanted};
use workbench::mail_load::MailLoad;
use workbench::{Chance, fault_run, mail_load, queue_cost, sweep_cost};

/// Programs that talk to a running desk, each of which starts its own. The scripts of
/// their names build what they run.
#[derive(Parser)]
#[command(name = "workbench")]
enum Program {
    /// Lives the lives of tickets while everything around them fails.
    FaultRun(FaultRun),
    /// Measures how many mails are carried to a ticket.
    MailLoad {
        /// How many mails.
        #[arg(default_value_t = 2_000)]
        mails: usize,
        /// How large the file is that every tenth mail has, in bytes.
        #[arg(long, default_value_t = 100_000)]
        file: usize,
        /// How long the text of every mail is, in bytes.
        #[arg(long, default_value_t = 1_050)]
        text: usize,
    },
    /// Measures what the sweep reads with more and more open tickets.
    SweepCost {
        /// How many tickets are open, growing.
        #[arg(default_values_t = sweep_cost::SIZES)]
        open: Vec<usize>,
    },
    /// Measures how long the desk's queue takes with more and more open tickets.
    QueueCost {
        /// How many tickets are open, growing.
        #[arg(default_values_t = queue_cost::SIZES)]
        open: Vec<usize>,
    },
}

#[derive(clap::Args)]
struct FaultRun {
    /// How many lives.
    #[arg(long, default_value_t = 1_000)]
    tickets: usize,
    /// What decides whatever chance decides; printed where it is not given.
    #[arg(long)]
    seed: Option<u64>,
    /// Seconds without SES.
    #[arg(long, default_value_t = 60)]
    outage: u64,
    /// Seconds that one step may take before it counts as lost.
    #[arg(long, default_value_t = 600)]
    patience: u64,
    /// How much goes wrong.
    #[arg(long, value_enum, default_value_t = Faults::Some)]
    faults: Faults,
    /// A protection that is taken away, so that the run has to go wrong:
    /// conditional_writes, idempotency_rows or outbox_ringing.
    #[arg(long)]
    without: Option<String>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Faults {
    /// As much as shows in a thousand lives.
    Some,
    /// So much that a few lives show what a protection is there for.
    Many,
}

fn main() -> ExitCode {
    match Program::parse() {
        Program::FaultRun(wanted) => fault_run::run(&wanted.into()),
        Program::MailLoad { mails, file, text } => mail_load::run(MailLoad { mails, file, text }),
        Program::SweepCost { open } => sweep_cost::run(&open),
        Program::QueueCost { open } => queue_cost::run(&open),
    }
}

impl From<FaultRun> for Wanted {
    fn from(wanted: FaultRun) -> Self {
        Wanted {
            tickets: wanted.tickets,
            patience: Duration::from_secs(wanted.patience),
            outage: Duration::from_secs(wanted.outage),
            without: wanted.without,
            faults: match wanted.faults {
                Faults::Some => Amount::Some,
                Faults::Many => Amount::Many,
            },
            chance: wanted.seed.map_or_else(Chance::any, Chance),
        }
    }
}
