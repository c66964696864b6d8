//! `cargo run --release -- load`: how many registrations the desk carries to
//! the end (assigned, both mails out), how fast it answers, and where the time
//! goes. In the same run, as a baseline: a request that goes through the same
//! gateway and Runtime API to a function that does nothing with it.

use std::collections::HashMap;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::client::{Client, ClientError};

/// What is measured.
#[derive(Clone, Debug)]
pub struct Load {
    pub connections: usize,
    pub seconds: u64,
    /// Options for the host, `--sync` for one.
    pub host: Vec<String>,
}

/// Why there is no measurement.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    #[error(transparent)]
    Client(#[from] ClientError),
    #[error("the host cannot be started")]
    Start(#[source] std::io::Error),
    #[error("the host did not come up in time")]
    NotUp,
    #[error("a registration was answered {0}: {1}")]
    Refused(u16, String),
    #[error("{0} registrations were answered, and only {1} were carried to the end in time")]
    Unfinished(u64, u64),
}

/// A host in a process of its own, killed at the end.
struct HostProcess {
    child: Child,
    data: PathBuf,
}

impl Drop for HostProcess {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.data);
    }
}

impl HostProcess {
    fn start(options: &[String]) -> Result<(Self, u16), LoadError> {
        let data = std::env::temp_dir().join(format!("desk-load-{}", std::process::id()));
        let child = Command::new(std::env::current_exe().map_err(LoadError::Start)?)
            .args(["--port", "0", "--aws-port", "0", "--smtp-port", "0"])
            .arg("--data")
            .arg(&data)
            .args(options)
            .stdout(Stdio::null())
            .spawn()
            .map_err(LoadError::Start)?;
        let mut host = HostProcess { child, data };
        // The functions may have to be built first.
        let began = Instant::now();
        while began.elapsed() < Duration::from_secs(3600) {
            if host.child.try_wait().map_err(LoadError::Start)?.is_some() {
                break;
            }
            if let Ok(text) = std::fs::read_to_string(host.data.join("host.json"))
                && let Ok(known) = serde_json::from_str::<Value>(&text)
                && let Some(port) = known["port"].as_u64().and_then(|p| u16::try_from(p).ok())
                && Client::new(port)
                    .send("GET", "/_local/queues", &[], None)
                    .is_ok_and(|r| r.status == 200)
            {
                return Ok((host, port));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Err(LoadError::NotUp)
    }
}

impl Load {
    /// Measures, and hands the report to `say`.
    ///
    /// # Errors
    /// When the host does not start, or does not carry through what it accepted.
    pub fn run(&self, say: &dyn Fn(&str)) -> Result<(), LoadError> {
        let (host, port) = HostProcess::start(&self.host)?;
        let pid = host.child.id();
        let client = Client::new(port);
        let requesters: Vec<String> = (0..50)
            .map(|i| format!("persona{i}@uspec.gov.co"))
            .collect();
        for requester in &requesters {
            client.token(requester)?;
        }

        // Baseline: a path that does not exist goes to a function that reads
        // nothing. Also what warms connections and processes up.
        self.drive(&client, port, Duration::from_secs(1), |client, _| {
            client
                .send("GET", "/nada", &[], None)
                .map(|r| r.status == 404)
        })?;
        let baseline = self.drive(&client, port, Duration::from_secs(5), |client, _| {
            client
                .send("GET", "/nada", &[], None)
                .map(|r| r.status == 404)
        })?;
        say(&format!(
            "baseline (an invocation that does nothing): {}\n",
            baseline.line()
        ));

        let before = processes(&client, pid)?;
        let began = Instant::now();
        let run = self.drive(&client, port, Duration::from_secs(self.seconds), |client, i| {
            let who = &requesters[usize::try_from(i).unwrap_or_default() % requesters.len()];
            let body = json!({
                "title": format!("No abre el correo {i}"),
                "description": "Desde hoy a las ocho no abre el correo y muestra «sin conexión».",
                "category": "plataforma",
            });
            client.post(who, "/tickets", &body).map(|r| r.status == 201)
        })?;
        say(&format!("registrations answered: {}\n", run.line()));

        let carried = self.carried(&client, run.count, began)?;
        let after = processes(&client, pid)?;
        say(&format!(
            "carried to the end (assigned, both mails out): {:.1} a second ({} in {:.1} s, of which {:.1} s after the last answer)\n",
            as_f64(run.count) / carried.as_secs_f64(),
            run.count,
            carried.as_secs_f64(),
            carried.as_secs_f64() - run.took.as_secs_f64(),
        ));
        say(&report(&before, &after, run.count));
        Ok(())
    }

    /// Runs `request` on all connections for `time`.
    fn drive(
        &self,
        client: &Client,
        port: u16,
        time: Duration,
        request: impl Fn(&Client, u64) -> Result<bool, ClientError> + Sync,
    ) -> Result<Run, LoadError> {
        let next = AtomicU64::new(0);
        let began = Instant::now();
        let worker = || -> Result<Vec<Duration>, LoadError> {
            let client = client.with_own_connections(port);
            let mut times = Vec::new();
            while began.elapsed() < time {
                let sent = Instant::now();
                if !request(&client, next.fetch_add(1, Ordering::Relaxed))? {
                    return Err(LoadError::Refused(0, "not as expected".to_owned()));
                }
                times.push(sent.elapsed());
            }
            Ok(times)
        };
        let mut times = std::thread::scope(|scope| {
            let workers: Vec<_> = (0..self.connections).map(|_| scope.spawn(worker)).collect();
            let mut all = Vec::new();
            for worker in workers {
                match worker.join() {
                    Ok(times) => all.extend(times?),
                    Err(_) => {
                        return Err(LoadError::Refused(
                            0,
                            "a connection's thread died".to_owned(),
                        ));
                    }
                }
            }
            Ok(all)
        })?;
        let took = began.elapsed();
        times.sort_unstable();
        Ok(Run {
            count: u64::try_from(times.len()).unwrap_or(u64::MAX),
            took,
            times,
        })
    }

    /// Waits until every registration is assigned and has both mails, and says
    /// how long that was since `began`.
    fn carried(&self, client: &Client, count: u64, began: Instant) -> Result<Duration, LoadError> {
        let waiting = Instant::now();
        loop {
            // The queues are cheap to ask; they are empty once all is done.
            let queues = client.send("GET", "/_local/queues", &[], None)?.json();
            let busy = queues["items"]
                .as_array()
                .into_iter()
                .flatten()
                .any(|queue| {
                    queue["visible"].as_u64() != Some(0) || queue["in_flight"].as_u64() != Some(0)
                });
            let took = began.elapsed();
            if !busy || waiting.elapsed() > Duration::from_secs(120) {
                let mut mails: HashMap<String, u64> = HashMap::new();
                for mail in client.mails()? {
                    let subject = mail["subject"].as_str().unwrap_or_default();
                    let tag = subject.split(']').next().unwrap_or_default().to_owned();
                    *mails.entry(tag).or_default() += 1;
                }
                let whole = mails.values().filter(|mails| **mails == 2).count();
                let whole = u64::try_from(whole).unwrap_or(u64::MAX);
                if whole == count && u64::try_from(mails.len()).unwrap_or(u64::MAX) == count {
                    return Ok(took);
                }
                if waiting.elapsed() > Duration::from_secs(120) {
                    return Err(LoadError::Unfinished(count, whole));
                }
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

/// What one kind of request did.
struct Run {
    count: u64,
    took: Duration,
    times: Vec<Duration>,
}

impl Run {
    fn line(&self) -> String {
        let at = |share: usize| {
            let last = self.times.len().saturating_sub(1);
            self.times
                .get(last * share / 100)
                .map_or(0.0, |t| t.as_secs_f64() * 1000.0)
        };
        format!(
            "{:.1} a second, p50 {:.1} ms, p99 {:.1} ms, max {:.1} ms ({} in {:.1} s)",
            as_f64(self.count) / self.took.as_secs_f64(),
            at(50),
            at(99),
            at(100),
            self.count,
            self.took.as_secs_f64(),
        )
    }
}

/// CPU seconds, resident bytes, processes and invocations of a function.
#[derive(Clone, Copy, Default)]
struct Usage {
    cpu: f64,
    resident: u64,
    processes: usize,
    invocations: u64,
}

/// The functions by name, the host, and this program, which makes the requests.
fn processes(client: &Client, host: u32) -> Result<HashMap<String, Usage>, LoadError> {
    let reply = client.send("GET", "/_local/processes", &[], None)?.json();
    let mut used = HashMap::new();
    for function in reply["items"].as_array().into_iter().flatten() {
        let name = function["function"].as_str().unwrap_or_default().to_owned();
        let resident = function["resident_bytes"].as_array().into_iter().flatten();
        used.insert(
            name,
            Usage {
                cpu: function["cpu_seconds"].as_f64().unwrap_or_default(),
                processes: resident.clone().count(),
                resident: resident.filter_map(Value::as_u64).max().unwrap_or_default(),
                invocations: function["invocations"].as_u64().unwrap_or_default(),
            },
        );
    }
    for (name, pid) in [("local host", host), ("(this load)", std::process::id())] {
        let usage = crate::process::usage(pid);
        let own = Usage {
            cpu: usage.cpu_seconds,
            resident: usage.resident_bytes,
            processes: 1,
            invocations: 0,
        };
        used.insert(name.to_owned(), own);
    }
    Ok(used)
}

fn report(before: &HashMap<String, Usage>, after: &HashMap<String, Usage>, count: u64) -> String {
    let mut rows: Vec<_> = after
        .iter()
        .map(|(name, now)| {
            let then = before.get(name).copied().unwrap_or_default();
            (
                name.clone(),
                now.cpu - then.cpu,
                now.invocations - then.invocations,
                *now,
            )
        })
        .collect();
    rows.sort_by(|a, b| b.1.total_cmp(&a.1));
    let mut out = format!(
        "\n{:<12} {:>10} {:>16} {:>13} {:>11} {:>22}\n",
        "process", "CPU s", "CPU ms/request", "invocations", "processes", "resident MiB (largest)"
    );
    for (name, cpu, invocations, usage) in rows {
        out.push_str(&format!(
            "{name:<12} {cpu:>10.2} {:>16.3} {invocations:>13} {:>11} {:>22.1}\n",
            cpu * 1000.0 / as_f64(count),
            usage.processes,
            as_f64(usage.resident) / 1_048_576.0
        ));
    }
    out
}

#[expect(clippy::cast_precision_loss, reason = "figures for people to read")]
fn as_f64(whole: u64) -> f64 {
    whole as f64
}
