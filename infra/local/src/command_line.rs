//! The command line: what there is to say, and what it comes to.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use jiff::{SignedDuration, Timestamp};
use local::operator::{Owed, Place, Restoring};
use local::{Binaries, Durability, Filling, Options, Profile, Start};
use workbench::load::Load;

/// Runs template.yaml on this machine: the desk, until it is stopped.
#[derive(Debug, Parser)]
#[command(name = "local", disable_help_subcommand = true)]
// What is said last counts.
#[command(args_override_self = true)]
pub struct CommandLine {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    host: HostArguments,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// The guided tour, on a store of its own
    Demo,
    /// A measurement, on a store of its own (with --release)
    Load(LoadArguments),
    /// Reads all that is kept, and reports what does not hold
    Audit(AuditArguments),
    /// Shows the dead letters, or sends those of QUEUE back
    Redrive(RedriveArguments),
    /// Shows what a table owes that was restored from a backup, and makes it fit for use
    Restored(RestoredArguments),
}

#[derive(Debug, Args)]
struct LoadArguments {
    /// How long to measure
    #[arg(long, value_name = "N", default_value_t = 20)]
    seconds: u64,
    /// How many requests there are at once
    #[arg(long, value_name = "N", default_value_t = 4)]
    connections: usize,
}

#[derive(Debug, Args)]
struct AuditArguments {
    #[command(flatten)]
    place: PlaceArguments,
    /// How long anything may be under way
    #[arg(long, value_name = "SECONDS", default_value_t = 600)]
    grace: u32,
}

#[derive(Debug, Args)]
struct RedriveArguments {
    /// The queue whose dead letters go back, or a part of its name that no other has
    queue: Option<String>,
    #[command(flatten)]
    place: PlaceArguments,
}

#[derive(Debug, Args)]
struct RestoredArguments {
    /// Strike the mails that it owes: they may have been sent since
    #[arg(long)]
    strike_mails: bool,
    /// Take every number up to N for given
    #[arg(long, value_name = "N")]
    numbers_to: Option<u64>,
    #[command(flatten)]
    place: PlaceArguments,
}

#[derive(Debug, Args)]
struct PlaceArguments {
    /// In AWS, as the environment says: AWS_REGION, credentials, TABLE_NAME, MAIL_BUCKET,
    /// FILES_BUCKET
    #[arg(long)]
    aws: bool,
}

/// What a host is started with. It may stand before and behind a command.
#[derive(Debug, Args)]
#[command(next_help_heading = "The host")]
struct HostArguments {
    /// The API and the pages; 0 for any free port
    #[arg(long, global = true, value_name = "PORT", default_value_t = 8080)]
    port: u16,
    /// The AWS APIs; 0 for any free port
    #[arg(long, global = true, value_name = "PORT", default_value_t = 4566)]
    aws_port: u16,
    /// Mail that comes in; 0 for any free port
    #[arg(long, global = true, value_name = "PORT", default_value_t = 2525)]
    smtp_port: u16,
    /// Where everything is kept
    #[arg(long, global = true, value_name = "DIR", default_value = ".local")]
    data: PathBuf,
    /// Start with nothing kept
    #[arg(long, global = true)]
    reset: bool,
    /// Fill an empty desk with a week of sample requests
    #[arg(long, global = true)]
    sample: bool,
    /// Run release builds of the functions
    #[arg(long, global = true)]
    release: bool,
    /// Run the functions as they were built last
    #[arg(long, global = true)]
    no_build: bool,
    /// Run the functions' executables in DIR
    #[arg(long, global = true, value_name = "DIR")]
    binaries: Option<PathBuf>,
    /// Another template
    #[arg(long, global = true, value_name = "FILE")]
    template: Option<PathBuf>,
    /// A parameter of the template; may be repeated
    #[arg(long = "parameter", global = true, value_name = "NAME=VALUE", value_parser = parameter)]
    parameters: Vec<(String, String)>,
    /// Processes that a function may have
    #[arg(long, global = true, value_name = "N", default_value_t = 3, value_parser = at_least_one)]
    max_processes: usize,
    /// Whether a commit waits for the disk and survives a power cut
    #[arg(long, global = true, value_enum, default_value_t = Sync::Full)]
    #[arg(value_name = "full|normal", hide_possible_values = true)]
    sync: Sync,
    /// Have another DynamoDB keep the table
    #[arg(long, global = true, value_name = "URL")]
    dynamodb: Option<String>,
    /// End each page of the table after N rows, and each batch
    #[arg(long, global = true, value_name = "N", value_parser = at_least_one)]
    rows_a_page: Option<usize>,
    /// Start the functions' clock at TIME (RFC 3339)
    #[arg(long, global = true, value_name = "TIME")]
    now: Option<Timestamp>,
    /// How long a minute of the schedules and the alarms takes
    #[arg(long, global = true, value_name = "SECONDS", default_value = "60", value_parser = seconds)]
    minute: Duration,
    #[arg(long, global = true, hide = true, value_parser = not_there_yet)]
    relay: Option<String>,
}

/// Without a word on each, so that the help stays on one page.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Sync {
    Full,
    Normal,
}

/// What the command line asks for.
pub enum Task {
    /// A host, until it is stopped.
    Run(Box<Options>),
    /// The guided tour.
    Demo(Box<Options>),
    /// A measurement.
    Load(Load),
    /// An audit, at a time, with so much time for what is under way.
    Audit(Place, Option<Timestamp>, SignedDuration),
    /// The dead letters, or those of a queue sent back.
    Redrive(Place, Option<String>),
    /// A table that was restored.
    Restored(Place, Restoring),
}

impl CommandLine {
    /// What is asked for.
    pub fn task(self) -> Task {
        let now = self.host.now;
        match self.command {
            None => Task::Run(Box::new(self.host.options())),
            Some(Command::Demo) => Task::Demo(Box::new(self.host.options())),
            Some(Command::Load(load)) => Task::Load(Load {
                connections: load.connections,
                seconds: load.seconds,
                host: self.host.for_another(),
                parameters: self.host.parameters,
            }),
            Some(Command::Audit(audit)) => {
                let grace = SignedDuration::from_secs(audit.grace.into());
                Task::Audit(audit.place.of(self.host), now, grace)
            }
            Some(Command::Redrive(redrive)) => {
                Task::Redrive(redrive.place.of(self.host), redrive.queue)
            }
            Some(Command::Restored(restored)) => {
                let restoring = Restoring {
                    mails: match restored.strike_mails {
                        true => Owed::Struck,
                        false => Owed::Shown,
                    },
                    numbers_to: restored.numbers_to,
                };
                Task::Restored(restored.place.of(self.host), restoring)
            }
        }
    }
}

impl PlaceArguments {
    fn of(&self, host: HostArguments) -> Place {
        if self.aws {
            Place::Aws
        } else {
            Place::Local(Box::new(host.options()))
        }
    }
}

impl HostArguments {
    fn options(self) -> Options {
        let profile = if self.release {
            Profile::Release
        } else {
            Profile::of_host()
        };
        let binaries = match self.binaries {
            Some(directory) => Binaries::In(directory),
            None if self.no_build => Binaries::Built(profile),
            None => Binaries::Build(profile),
        };
        let defaults = Options::default();
        Options {
            template: self.template.unwrap_or(defaults.template),
            parameters: self.parameters,
            data: self.data,
            start: if self.reset {
                Start::Empty
            } else {
                Start::Continue
            },
            port: self.port,
            aws_port: self.aws_port,
            smtp_port: self.smtp_port,
            binaries,
            durability: match self.sync {
                Sync::Full => Durability::Full,
                Sync::Normal => Durability::Normal,
            },
            dynamodb: self.dynamodb,
            rows_a_page: self.rows_a_page,
            max_processes: self.max_processes,
            now: self.now,
            filling: match self.sample {
                true => Filling::Sample,
                false => Filling::Nothing,
            },
            minute: self.minute,
        }
    }

    /// What another host, in a process of its own, is to be told of this.
    fn for_another(&self) -> Vec<String> {
        let sync = match self.sync {
            Sync::Full => "full",
            Sync::Normal => "normal",
        };
        let max_processes = self.max_processes.to_string();
        let mut all = vec!["--sync", sync, "--max-processes", &max_processes];
        for (is_given, flag) in [(self.release, "--release"), (self.no_build, "--no-build")] {
            all.extend(Some(flag).filter(|_| is_given));
        }
        let paths = [
            ("--binaries", &self.binaries),
            ("--template", &self.template),
        ];
        let paths = paths.map(|(flag, path)| {
            let path = path.as_ref()?.display().to_string();
            Some([flag.to_owned(), path])
        });
        let all = all.into_iter().map(str::to_owned);
        all.chain(paths.into_iter().flatten().flatten()).collect()
    }
}

fn parameter(text: &str) -> Result<(String, String), &'static str> {
    let (name, value) = text.split_once('=').ok_or("NAME=VALUE is expected")?;
    Ok((name.to_owned(), value.to_owned()))
}

fn at_least_one(text: &str) -> Result<usize, &'static str> {
    let number = text.parse().ok().filter(|number| *number > 0);
    number.ok_or("a whole number is expected, 1 at least")
}

fn seconds(text: &str) -> Result<Duration, &'static str> {
    let seconds = text.parse().ok().filter(|seconds| *seconds >= 0.1);
    let seconds = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    seconds.ok_or("seconds are expected, a tenth at least")
}

fn not_there_yet(_: &str) -> Result<String, &'static str> {
    Err("it is not there yet: it comes with the issue on mail")
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    fn task(arguments: &[&str]) -> Task {
        let all = ["local"].iter().chain(arguments);
        CommandLine::try_parse_from(all).unwrap().task()
    }

    #[test]
    fn it_is_sound() {
        CommandLine::command().debug_assert();
    }

    #[test]
    fn what_is_not_said_is_as_the_library_has_it() {
        let Task::Run(options) = task(&[]) else {
            panic!("not a host")
        };
        assert_eq!(format!("{options:?}"), format!("{:?}", Options::default()));
    }

    #[test]
    fn options_of_the_host_stand_before_and_behind_a_command() {
        for arguments in [
            ["--sync", "normal", "--parameter", "A=b=c", "demo"],
            ["demo", "--parameter", "A=b=c", "--sync", "normal"],
        ] {
            let Task::Demo(options) = task(&arguments) else {
                panic!("not the tour")
            };
            assert_eq!(options.durability, Durability::Normal);
            assert_eq!(options.parameters, [("A".to_owned(), "b=c".to_owned())]);
        }
        let Task::Audit(Place::Local(options), now, grace) = task(&[
            "audit",
            "--data",
            "d",
            "--grace",
            "5",
            "--now",
            "2026-11-20T16:55:00-05:00",
        ]) else {
            panic!("not an audit here")
        };
        assert_eq!(options.data, PathBuf::from("d"));
        assert_eq!(now, Some("2026-11-20T21:55:00Z".parse().unwrap()));
        assert_eq!(grace, SignedDuration::from_secs(5));
        let Task::Redrive(Place::Aws, Some(queue)) = task(&["redrive", "notification", "--aws"])
        else {
            panic!("not dead letters in AWS")
        };
        assert_eq!(queue, "notification");
        let restored = ["restored", "--strike-mails", "--numbers-to", "7", "--aws"];
        let Task::Restored(Place::Aws, restoring) = task(&restored) else {
            panic!("not a table in AWS")
        };
        assert_eq!(
            (restoring.mails, restoring.numbers_to),
            (Owed::Struck, Some(7))
        );
        let twice = [
            "--port",
            "1",
            "--parameter",
            "A=1",
            "--port",
            "2",
            "--parameter",
            "B=2",
        ];
        let Task::Run(options) = task(&twice) else {
            panic!("not a host")
        };
        assert_eq!((options.port, options.parameters.len()), (2, 2));
        let Task::Load(load) = task(&["load", "--release", "--seconds", "7", "--template", "t"])
        else {
            panic!("not a measurement")
        };
        assert_eq!((load.seconds, load.connections), (7, 4));
        let told = [
            "--sync",
            "full",
            "--max-processes",
            "3",
            "--release",
            "--template",
            "t",
        ];
        assert_eq!(load.host, told);
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for (arguments, expected) in [
            (
                vec!["--max-processes", "0"],
                "a whole number is expected, 1 at least",
            ),
            (
                vec!["--sync", "sometimes"],
                "[possible values: full, normal]",
            ),
            (vec!["--parameter", "A"], "NAME=VALUE is expected"),
            (vec!["--relay", "smtp://x"], "not there yet"),
            (vec!["--minute", "0"], "seconds are expected"),
            (vec!["--now", "yesterday"], "--now <TIME>"),
            (vec!["--seconds", "5"], "unexpected argument '--seconds'"),
            (vec!["sing"], "unrecognized subcommand 'sing'"),
        ] {
            let all = ["local"].iter().chain(&arguments);
            let error = CommandLine::try_parse_from(all).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
