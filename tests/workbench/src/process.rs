//! The local host in a process of its own, and what a process uses.

use std::io;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde::Deserialize;

use crate::POLL;
use crate::client::Client;

/// Why there is no host.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Its executable cannot be run.
    #[error("the host cannot be started: {0}")]
    CannotRun(#[from] io::Error),
    /// It gave up.
    #[error("the host ended ({0})")]
    Ended(ExitStatus),
    /// It is not up yet.
    #[error("the host was not up within {0:?}")]
    Late(Duration),
}

/// Where a host listens, as it says itself.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Ports {
    pid: u32,
    /// The API and the pages.
    #[serde(rename = "port")]
    pub api: u16,
    /// The AWS APIs.
    #[serde(rename = "aws_port")]
    pub aws: u16,
    /// Mail that comes in; without a receipt rule there is no such door.
    #[serde(rename = "smtp_port")]
    pub smtp: Option<u16>,
}

/// A local host that runs, killed when it is dropped.
pub(crate) struct Process {
    child: Child,
    pub(crate) ports: Ports,
}

impl Process {
    /// Starts a host on the data in `data`, which may be none, and waits until it
    /// listens. Its log goes to `log`.
    pub(crate) fn start(
        local: &Path,
        data: &Path,
        arguments: &[String],
        log: Stdio,
        limit: Duration,
    ) -> Result<Self, StartError> {
        let ports = ["--port", "--aws-port", "--smtp-port"].into_iter();
        let free = ports.filter(|port| !arguments.iter().any(|given| given == port));
        let mut child = Command::new(local)
            .args(free.flat_map(|port| [port, "0"]))
            .arg("--data")
            .arg(data)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()?;
        let began = Instant::now();
        let ports = loop {
            if let Some(status) = child.try_wait()? {
                return Err(StartError::Ended(status));
            }
            let told = std::fs::read_to_string(data.join("host.json")).unwrap_or_default();
            // An earlier host's, or half of what it will be, is none.
            let told = serde_json::from_str(&told).ok();
            let told = told.filter(|ports: &Ports| ports.pid == child.id());
            if let Some(ports) = told {
                break ports;
            }
            if began.elapsed() > limit {
                // It was started for nothing; that it cannot be killed changes nothing.
                let _ = child.kill();
                let _ = child.wait();
                return Err(StartError::Late(limit));
            }
            std::thread::sleep(POLL);
        };
        Ok(Process { child, ports })
    }

    /// Whether all functions are up.
    pub(crate) fn is_up(api: &Client) -> bool {
        let asked = api.request("GET", "/_local/queues").try_send();
        asked.is_ok_and(|answer| answer.status == 200)
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Kills it as a power cut would: no warning, no goodbye.
    pub(crate) fn kill(&mut self) -> io::Result<()> {
        self.child.kill()?;
        self.child.wait().map(|_| ())
    }

    /// Asks it to stop.
    pub(crate) fn terminate(&self) -> io::Result<()> {
        Ok(kill_process(Pid::from_child(&self.child), Signal::TERM)?)
    }

    /// How it ended, once it has.
    pub(crate) fn ended(&mut self) -> io::Result<Option<ExitStatus>> {
        self.child.try_wait()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may be down already.
        let _ = self.kill();
    }
}

/// What a process uses, and has used; nothing where it is gone.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Usage {
    /// Seconds of all its threads.
    pub(crate) cpu_seconds: f64,
    pub(crate) resident_bytes: u64,
    /// The most that it ever had resident.
    pub(crate) peak_bytes: u64,
}

impl Usage {
    pub(crate) fn of(pid: u32) -> Self {
        let read = |file: &str| {
            let path = format!("/proc/{pid}/{file}");
            std::fs::read_to_string(path).unwrap_or_default()
        };
        Self::read(&read("stat"), &read("status"))
    }

    /// Reads what Linux tells of a process (proc(5)).
    fn read(stat: &str, status: &str) -> Self {
        // The name in parentheses may hold anything; fields count from after it.
        // User and system time are the 12th and 13th, in ticks of 1/100 s.
        let fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields);
        let ticks = fields.split_whitespace().skip(11).take(2);
        let ticks: f64 = ticks.filter_map(|ticks| ticks.parse::<f64>().ok()).sum();
        let bytes = |name: &str| {
            let mut lines = status.lines();
            let kib = lines.find_map(|line| line.strip_prefix(name)?.strip_suffix(" kB"));
            let kib = kib.and_then(|kib| kib.trim().parse::<u64>().ok());
            kib.unwrap_or(0) * 1_024
        };
        Usage {
            cpu_seconds: ticks / 100.0,
            resident_bytes: bytes("VmRSS:"),
            peak_bytes: bytes("VmHWM:"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Usage;

    #[test]
    fn what_a_process_uses_is_read_past_its_name() {
        let stat = "7 (a) b) S 1 7 7 0 -1 0 0 0 0 0 150 50 9 9 20 0 1 0\n";
        let status = "Name:\ta) b\nVmHWM:\t   2048 kB\nVmRSS:\t   1024 kB\n";
        let usage = Usage {
            cpu_seconds: 2.0,
            resident_bytes: 1 << 20,
            peak_bytes: 2 << 20,
        };
        assert_eq!(Usage::read(stat, status), usage);
        assert_eq!(Usage::read("", ""), Usage::default());
    }
}
