//! Starts the local host from the command line.

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;

use jiff::{SignedDuration, Timestamp};
use lexopt::prelude::*;
use local::operator::{Place, run_audit, run_redrive};
use local::{Binaries, Durability, Host, Options, Profile, Start};
use tokio::signal::unix::{SignalKind, signal};
use workbench::demo::{Demo, Ports};
use workbench::load::Load;

const HELP: &str = "\
Runs template.yaml on this machine.

Usage: local [OPTIONS]         the desk, until it is stopped
       local demo [OPTIONS]    the guided tour, on a store of its own
       local load [OPTIONS]    a measurement, on a store of its own (with --release)
       local audit [OPTIONS]   reads all that is kept, and reports what does not hold
       local redrive [QUEUE]   shows the dead letters, or sends those of QUEUE back

  --aws                   audit, redrive: in AWS, as the environment says
                          (AWS_REGION, credentials, TABLE_NAME, MAIL_BUCKET, FILES_BUCKET)
  --grace SECONDS         audit: how long anything may be under way (600)
  --seconds N             load: how long (20)
  --connections N         load: how many requests at once (4)

  --port PORT             the API and the pages (8080; 0: any free port)
  --aws-port PORT         the AWS APIs (4566; 0: any free port)
  --smtp-port PORT        mail that comes in (2525; 0: any free port)
  --data DIR              where everything is kept (.local)
  --reset                 start with nothing kept
  --release               run release builds of the functions
  --no-build              run the functions as they were built last
  --binaries DIR          run the functions' executables in DIR
  --template FILE         another template
  --parameter NAME=VALUE  a parameter of the template; may be repeated
  --max-processes N       processes that a function may have (3)
  --sync full|normal      whether a commit waits for the disk (full)
  --now TIME              start the functions' clock at TIME (RFC 3339)
  --help                  show this
";

/// What the command line asks for.
enum Command {
    Run(Box<Options>),
    Demo(Box<Options>),
    Load(Load),
    Audit(Place, Option<Timestamp>, SignedDuration),
    Redrive(Place, Option<String>),
    Help,
}

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    if arguments
        .next()
        .is_some_and(|first| first == local::BECOME_FUNCTION)
    {
        complain(&local::become_function(arguments).to_string());
        return ExitCode::FAILURE;
    }
    run_host()
}

// More threads than cores: some of them wait for the table's disk.
#[tokio::main(worker_threads = 6)]
async fn run_host() -> ExitCode {
    tracing_subscriber::fmt()
        .json()
        .with_writer(std::io::stderr)
        .with_max_level(tracing::Level::INFO)
        .init();
    let result = match parse(lexopt::Parser::from_env()) {
        Ok(Command::Run(options)) => run(*options).await,
        Ok(Command::Demo(options)) => demo(*options).await,
        Ok(Command::Load(load)) => measure(load).await,
        Ok(Command::Audit(place, now, grace)) => run_audit(&place, now, grace, &say)
            .await
            .map_err(Into::into),
        Ok(Command::Redrive(place, queue)) => run_redrive(&place, queue.as_deref(), &say)
            .await
            .map_err(Into::into),
        Ok(Command::Help) => {
            say(HELP);
            Ok(())
        }
        Err(error) => Err(error.into()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&error.to_string());
            ExitCode::FAILURE
        }
    }
}

async fn run(options: Options) -> Result<(), Box<dyn Error>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let data = options.data.clone();
    let host = tokio::select! {
        host = Host::start(options) => host?,
        _ = terminate.recv() => return Ok(()),
        _ = interrupt.recv() => return Ok(()),
    };
    let api = format!("http://127.0.0.1:{}", host.port());
    let door = host.smtp_port().map_or_else(String::new, |port| {
        format!("Mail in        smtp://127.0.0.1:{port}\n")
    });
    say(&format!(
        "API and pages  {api}\nMail sent      {api}/_local/mail\n{door}AWS APIs       http://127.0.0.1:{}\nData and logs  {}\n",
        host.aws_port(),
        data.display(),
    ));
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    host.stop().await;
    Ok(())
}

/// Measures a host in a process of its own: this program.
async fn measure(load: Load) -> Result<(), Box<dyn Error>> {
    let local = std::env::current_exe()?;
    let measured = tokio::task::spawn_blocking(move || load.run(&local, &say)).await;
    Ok(measured??)
}

/// Plays the tour on free ports, with a store that is thrown away.
async fn demo(mut options: Options) -> Result<(), Box<dyn Error>> {
    options.port = 0;
    options.aws_port = 0;
    options.smtp_port = 0;
    options.data = std::env::temp_dir().join(format!("desk-demo-{}", std::process::id()));
    let data = options.data.clone();
    let host = Host::start(options).await?;
    let ports = Ports {
        api: host.port(),
        aws: host.aws_port(),
        smtp: host.smtp_port().unwrap_or_default(),
    };
    let played = tokio::task::spawn_blocking(move || Demo::new(ports, &say).play()).await;
    host.stop().await;
    let _ = std::fs::remove_dir_all(data);
    Ok(played??)
}

fn parse(mut arguments: lexopt::Parser) -> Result<Command, lexopt::Error> {
    let mut options = Options::default();
    let mut profile = Profile::of_host();
    let (mut build, mut directory) = (true, None);
    let (mut subcommand, mut load) = (
        None,
        Load {
            connections: 4,
            seconds: 20,
            parameters: vec![],
            host: vec![],
        },
    );
    let (mut aws, mut grace, mut queue) = (false, 600, None);
    while let Some(argument) = arguments.next()? {
        match argument {
            Value(word) if subcommand.is_none() => match word.to_str() {
                Some("demo" | "load" | "audit" | "redrive") => subcommand = word.into_string().ok(),
                Some(_) | None => return Err(Value(word).unexpected()),
            },
            Value(word) if queue.is_none() && subcommand.as_deref() == Some("redrive") => {
                queue = Some(word.string()?);
            }
            Long("aws") => aws = true,
            Long("grace") => grace = arguments.value()?.parse()?,
            Long("seconds") => load.seconds = arguments.value()?.parse()?,
            Long("connections") => load.connections = arguments.value()?.parse()?,
            Long("port") => options.port = arguments.value()?.parse()?,
            Long("aws-port") => options.aws_port = arguments.value()?.parse()?,
            Long("smtp-port") => options.smtp_port = arguments.value()?.parse()?,
            Long("data") => options.data = arguments.value()?.into(),
            Long("reset") => options.start = Start::Empty,
            Long("release") => {
                profile = Profile::Release;
                load.host.push("--release".to_owned());
            }
            Long("no-build") => {
                build = false;
                load.host.push("--no-build".to_owned());
            }
            Long("binaries") => {
                let path = PathBuf::from(arguments.value()?);
                load.host
                    .extend(["--binaries".to_owned(), path.display().to_string()]);
                directory = Some(path);
            }
            Long("template") => {
                options.template = arguments.value()?.into();
                let path = options.template.display().to_string();
                load.host.extend(["--template".to_owned(), path]);
            }
            Long("parameter") => {
                let text = arguments.value()?.string()?;
                let (name, value) = text.split_once('=').ok_or("--parameter takes NAME=VALUE")?;
                options.parameters.push((name.to_owned(), value.to_owned()));
                load.parameters.push((name.to_owned(), value.to_owned()));
            }
            Long("max-processes") => {
                options.max_processes = arguments.value()?.parse()?;
                load.host.extend([
                    "--max-processes".to_owned(),
                    options.max_processes.to_string(),
                ]);
                if options.max_processes == 0 {
                    return Err("--max-processes must be at least 1".into());
                }
            }
            Long("sync") => {
                let text = arguments.value()?.string()?;
                options.durability = match text.as_str() {
                    "full" => Durability::Full,
                    "normal" => Durability::Normal,
                    other => return Err(format!("--sync takes full or normal, not {other}").into()),
                };
                load.host.extend(["--sync".to_owned(), text]);
            }
            Long("now") => options.now = Some(arguments.value()?.parse::<Timestamp>()?),
            Long("relay") => {
                return Err("--relay is not there yet: it comes with the issue on mail".into());
            }
            Long("help") | Short('h') => return Ok(Command::Help),
            other => return Err(other.unexpected()),
        }
    }
    options.binaries = match (directory, build) {
        (Some(directory), _) => Binaries::In(directory),
        (None, true) => Binaries::Build(profile),
        (None, false) => Binaries::Built(profile),
    };
    let now = options.now;
    let options = Box::new(options);
    let place = |options| match aws {
        true => Place::Aws,
        false => Place::Local(options),
    };
    Ok(match subcommand.as_deref() {
        None => Command::Run(options),
        Some("demo") => Command::Demo(options),
        Some("load") => Command::Load(load),
        Some("audit") => Command::Audit(place(options), now, SignedDuration::from_secs(grace)),
        Some(_) => Command::Redrive(place(options), queue),
    })
}

#[expect(
    clippy::print_stdout,
    reason = "this is the host's one place that prints"
)]
fn say(text: &str) {
    print!("{text}");
}

#[expect(
    clippy::print_stderr,
    reason = "what stops the host is for the person who started it"
)]
fn complain(text: &str) {
    eprintln!("local: {text}");
}
