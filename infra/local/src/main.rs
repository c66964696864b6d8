//! Starts the local host from the command line.

mod command_line;

use std::error::Error;
use std::process::ExitCode;

use clap::Parser;
use local::operator::{run_audit, run_redrive, run_restored};
use local::{Filling, Host, Options};
use tokio::signal::unix::{SignalKind, signal};
use workbench::demo::{Demo, Ports};
use workbench::load::Load;

use crate::command_line::{CommandLine, Task};

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
    let task = match CommandLine::try_parse() {
        Ok(command_line) => command_line.task(),
        Err(told) if told.use_stderr() => {
            let told = told.to_string();
            complain(told.trim_start_matches("error: ").trim_end());
            return ExitCode::FAILURE;
        }
        // It was asked for.
        Err(help) => {
            say(&help.to_string());
            return ExitCode::SUCCESS;
        }
    };
    let result = match task {
        Task::Run(options) => run(*options).await,
        Task::Demo(options) => demo(*options).await,
        Task::Load(load) => measure(load).await,
        Task::Audit(place, now, grace) => run_audit(&place, now, grace, &say)
            .await
            .map_err(Into::into),
        Task::Restored(place, restoring) => run_restored(&place, restoring, &say)
            .await
            .map_err(Into::into),
        Task::Redrive(place, queue) => run_redrive(&place, queue.as_deref(), &say)
            .await
            .map_err(Into::into),
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
    let filling = options.filling;
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
    if let (Filling::Sample, Some(sample)) = (filling, host.sample()) {
        match sample.fill().await {
            Ok(count) => say(&format!("Sample         {count} requests\n")),
            Err(error) => complain(&error.to_string()),
        }
    }
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
