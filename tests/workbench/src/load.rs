//! `cargo run --release -- load`: how many registrations the desk carries to
//! the end (assigned, both mails out), how fast it answers, and where the time
//! goes. In the same run, as a baseline: a request that goes through the same
//! gateway and Runtime API to a function that does nothing with it.
//!
//! The API's own limits are out of the way, unless they are given: what is measured
//! is the desk, not the bucket of tokens before it. Whoever is told to come back
//! does, and is counted.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::client::{Answer, Client, ClientError};
use crate::people::COORDINATOR;
use crate::process::{Process, StartError, Usage};
use crate::{POLL, warn_of_debug_build};

/// The parameters of the template that limit each route, and what they are where
/// nobody says otherwise: more than a machine can ask for.
const LIMITS: [(&str, &str); 4] = [
    ("RequestsPerSecond", "1000000"),
    ("RequestsAtOnce", "1000000"),
    // The baseline's.
    ("PublicPerSecond", "1000000"),
    ("PublicAtOnce", "1000000"),
];

/// The mails of a registration: to whoever asked, and to whoever is responsible.
const MAILS: usize = 2;

/// How long the baseline is measured, unless the registrations take less.
const BASELINE: Duration = Duration::from_secs(5);

/// How long the host may take to listen: it may have to build the functions.
const BUILD: Duration = Duration::from_secs(3_600);
/// How long the functions may take to be up.
const UP: Duration = Duration::from_secs(60);
/// How long after the last answer everything may take to be carried to the end.
const REST: Duration = Duration::from_secs(120);
/// How long whoever is told to come back waits, if he is not told how long.
const PAUSE: Duration = Duration::from_secs(1);

/// What is measured.
#[derive(Clone, Debug)]
pub struct Load {
    /// Requests that are under way at once, each on a connection of its own.
    pub connections: usize,
    /// How long requests are registered.
    pub seconds: u64,
    /// Parameters of the template.
    pub parameters: Vec<(String, String)>,
    /// Further options for the host, `--sync` for one.
    pub host: Vec<String>,
}

/// Why there is no measurement.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The host gave no answer: it has died.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// There is no host to measure.
    #[error(transparent)]
    Start(#[from] StartError),
    /// An answer that is neither what was asked for nor asks to come back.
    #[error("{what} was answered {status}: {body}")]
    Unexpected {
        what: &'static str,
        status: u16,
        body: String,
    },
    /// Whoever measures died of a mistake of its own.
    #[error("a connection's thread died")]
    Died,
    /// Nobody was let in.
    #[error("no {0} was taken: whoever asked was told to come back each time")]
    None(&'static str),
    /// What was answered 201 is not there.
    #[error("{lost} of {registered} registrations are LOST: no ticket has the number {first}")]
    Lost {
        lost: usize,
        registered: usize,
        first: u64,
    },
    /// What was registered has not been done, or not as it should be.
    #[error(
        "{unfinished} of {registered} registrations were not carried to the end within {within:?}: \
         the ticket {first} is {status}, and {mails} mails of it are out"
    )]
    Unfinished {
        unfinished: usize,
        registered: usize,
        within: Duration,
        first: u64,
        status: String,
        mails: usize,
    },
    /// A message was given up.
    #[error("{count} messages are dead letters in {queue}")]
    DeadLetters { count: u64, queue: String },
}

/// The host that is measured, with a store that is thrown away.
struct Measured {
    process: Process,
    data: PathBuf,
    client: Client,
}

impl Drop for Measured {
    fn drop(&mut self) {
        // It writes there as long as it lives; and a leftover directory harms nobody.
        let _ = self.process.kill();
        let _ = std::fs::remove_dir_all(&self.data);
    }
}

impl Measured {
    fn start(local: &Path, arguments: &[String]) -> Result<Self, StartError> {
        let data = std::env::temp_dir().join(format!("desk-load-{}", std::process::id()));
        let process = Process::start(local, &data, arguments, Stdio::inherit(), BUILD)?;
        let client = Client::of_port(process.ports.api);
        let host = Measured {
            process,
            data,
            client,
        };
        let began = Instant::now();
        while !Process::is_up(&host.client) {
            if began.elapsed() > UP {
                return Err(StartError::Late(UP));
            }
            std::thread::sleep(POLL);
        }
        Ok(host)
    }
}

impl Load {
    /// Measures the host whose executable is `local`, and hands the report to `say`.
    ///
    /// # Errors
    /// When the host does not start, or does not carry through what it accepted.
    pub fn run(&self, local: &Path, say: &dyn Fn(&str)) -> Result<(), LoadError> {
        warn_of_debug_build(say);
        let limits = self.limits();
        let mut arguments = self.host.clone();
        for (name, value) in self.parameters.iter().chain(&limits) {
            arguments.extend(["--parameter".to_owned(), format!("{name}={value}")]);
        }
        let host = Measured::start(local, &arguments)?;
        say(&format!("limits in force: {}\n", self.in_force(&limits)));
        let requesters = (0..50)
            .map(|i| {
                host.client
                    .try_signed_in(&format!("persona{i}@uspec.gov.co"))
            })
            .collect::<Result<Vec<_>, _>>()?;
        // Whoever keeps a connection keeps it from one measurement to the next.
        let connections: Vec<Connection> = (0..self.connections)
            .map(|_| Connection::new(&host.client, &requesters))
            .collect();

        // Baseline: a path that does not exist goes to a function that reads
        // nothing. Also what warms connections and processes up.
        let time = Duration::from_secs(self.seconds);
        let nothing = |connection: &Connection, _| {
            let request = connection.nobody.request("GET", "/nada");
            request.try_send()
        };
        let what = "an invocation that does nothing";
        drive(&connections, Duration::from_secs(1), what, 404, nothing)?;
        let baseline = drive(&connections, time.min(BASELINE), what, 404, nothing)?;
        say(&format!("baseline ({what}): {}\n", baseline.line()));

        let before = processes(&host)?;
        let began = Instant::now();
        let run = drive(
            &connections,
            time,
            "a registration",
            201,
            |connection, i| {
                let turn = usize::try_from(i).unwrap_or_default() % requesters.len();
                let body = json!({
                    "title": format!("No abre el correo {i}"),
                    "description": "Desde hoy a las ocho no abre el correo y muestra «sin conexión».",
                    "category": "plataforma",
                });
                let request = connection.requesters[turn].request("POST", "/tickets");
                request.json(&body).try_send()
            },
        )?;
        say(&format!("registrations answered: {}\n", run.line()));

        let tickets = run.numbers()?;
        let (carried, after) = carried(&host, &tickets, began)?;
        let count = tickets.len() as u64;
        say(&format!(
            "carried to the end (assigned, both mails out): {:.1} a second ({count} in {:.1} s, of which {:.1} s after the last answer)\n",
            as_f64(count) / carried.as_secs_f64(),
            carried.as_secs_f64(),
            carried.saturating_sub(run.took).as_secs_f64(),
        ));
        say(&report(&before, &after, count));
        Ok(())
    }

    /// The limits that this measurement sets: those that are not given.
    fn limits(&self) -> Vec<(String, String)> {
        let given = |name: &str| self.parameters.iter().any(|(given, _)| given == name);
        let limits = LIMITS.into_iter().filter(|(name, _)| !given(name));
        limits
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect()
    }

    /// What the host was started with, for people to read.
    fn in_force(&self, limits: &[(String, String)]) -> String {
        let values = LIMITS.map(|(limit, _)| {
            let all = self.parameters.iter().chain(limits);
            // The host takes the first of its name.
            let mut named = all.filter(|(name, _)| name == limit);
            named.next().map_or("", |(_, value)| value.as_str())
        });
        let [rate, burst, ..] = values;
        format!(
            "{rate} requests a second and {burst} at once on each route; {} connections",
            self.connections
        )
    }
}

/// Whoever makes requests, on a connection of his own.
struct Connection {
    nobody: Client,
    /// The same people on every connection.
    requesters: Vec<Client>,
}

impl Connection {
    fn new(client: &Client, requesters: &[Client]) -> Self {
        let nobody = client.with_own_connections();
        Connection {
            requesters: requesters
                .iter()
                .map(|who| who.by_way_of(&nobody))
                .collect(),
            nobody,
        }
    }
}

/// Makes requests on all connections for `time`; `expected` is the status of what
/// counts as done.
fn drive(
    connections: &[Connection],
    time: Duration,
    what: &'static str,
    expected: u16,
    request: impl Fn(&Connection, u64) -> Result<Answer, ClientError> + Sync,
) -> Result<Run, LoadError> {
    let next = AtomicU64::new(0);
    let began = Instant::now();
    let work = |connection: &Connection| -> Result<Run, LoadError> {
        let mut run = Run::default();
        while began.elapsed() < time {
            let sent = Instant::now();
            let answer = request(connection, next.fetch_add(1, Ordering::Relaxed))?;
            if answer.status == expected {
                run.times.push(sent.elapsed());
                run.bodies.push(answer.body);
            } else if let Some(pause) = come_back(&answer) {
                *run.told_to_come_back.entry(answer.status).or_default() += 1;
                std::thread::sleep(pause.min(time.saturating_sub(began.elapsed())));
            } else {
                let Answer { status, body, .. } = answer;
                return Err(LoadError::Unexpected { what, status, body });
            }
        }
        Ok(run)
    };
    let mut all = std::thread::scope(|scope| {
        let workers = connections
            .iter()
            .map(|connection| scope.spawn(|| work(connection)));
        let workers: Vec<_> = workers.collect();
        let mut all = Run::default();
        for worker in workers {
            all.join(worker.join().map_err(|_| LoadError::Died)??);
        }
        Ok::<_, LoadError>(all)
    })?;
    all.took = began.elapsed();
    all.times.sort_unstable();
    if all.times.is_empty() {
        return Err(LoadError::None(what));
    }
    Ok(all)
}

/// How long to wait, if this answer asks to come back.
fn come_back(answer: &Answer) -> Option<Duration> {
    matches!(answer.status, 429 | 503).then(|| {
        let seconds = answer.header("retry-after").parse();
        seconds.map_or(PAUSE, Duration::from_secs)
    })
}

/// Waits until every registration is assigned and has both mails; says how long
/// that was since `began`, and what was used until then.
fn carried(
    host: &Measured,
    tickets: &BTreeSet<u64>,
    began: Instant,
) -> Result<(Duration, HashMap<String, Used>), LoadError> {
    let waiting = Instant::now();
    loop {
        let is_idle = is_idle(&host.client)?;
        let took = began.elapsed();
        let is_over = waiting.elapsed() > REST;
        // The queues are cheap to ask; they are empty once all is done.
        if is_idle || is_over {
            // Before the looking costs something itself.
            let used = processes(host)?;
            let mails = mails(&host.client)?;
            if is_over
                || tickets
                    .iter()
                    .all(|number| mails.get(number) == Some(&MAILS))
            {
                judge(tickets, &statuses(&host.client)?, &mails)?;
                return Ok((took, used));
            }
        }
        std::thread::sleep(POLL);
    }
}

/// Says what is wrong with what was registered: statuses and mails by number.
fn judge(
    tickets: &BTreeSet<u64>,
    statuses: &BTreeMap<u64, String>,
    mails: &BTreeMap<u64, usize>,
) -> Result<(), LoadError> {
    let registered = tickets.len();
    let mut lost = tickets.iter().filter(|n| !statuses.contains_key(n));
    if let Some(&first) = lost.next() {
        return Err(LoadError::Lost {
            lost: 1 + lost.count(),
            registered,
            first,
        });
    }
    let status = |n: &u64| statuses.get(n).cloned().unwrap_or_default();
    let mails = |n: &u64| mails.get(n).copied().unwrap_or_default();
    let is_done = |n: &u64| status(n) == "assigned" && mails(n) == MAILS;
    let mut unfinished = tickets.iter().filter(|n| !is_done(n));
    match unfinished.next() {
        None => Ok(()),
        Some(&first) => Err(LoadError::Unfinished {
            unfinished: 1 + unfinished.count(),
            registered,
            within: REST,
            first,
            status: status(&first),
            mails: mails(&first),
        }),
    }
}

/// Whether nothing waits in any queue.
fn is_idle(client: &Client) -> Result<bool, LoadError> {
    let queues = client.request("GET", "/_local/queues").try_send()?.value();
    let mut is_idle = true;
    for queue in queues["items"].as_array().into_iter().flatten() {
        let [visible, in_flight, delayed] =
            ["visible", "in_flight", "delayed"].map(|name| queue[name].as_u64().unwrap_or(1));
        let count = visible + in_flight + delayed;
        if queue["dead_letter"] == true && count > 0 {
            let queue = queue["name"].to_string();
            return Err(LoadError::DeadLetters { count, queue });
        }
        is_idle &= count == 0;
    }
    Ok(is_idle)
}

/// How many mails of each ticket are out.
fn mails(client: &Client) -> Result<BTreeMap<u64, usize>, LoadError> {
    let sent = client.request("GET", "/_local/mail").try_send()?.value();
    let mut mails = BTreeMap::new();
    for mail in sent["items"].as_array().into_iter().flatten() {
        let tag = mail["subject"].as_str().and_then(|subject| {
            let (number, _) = subject.strip_prefix("[USPEC #")?.split_once(']')?;
            number.parse().ok()
        });
        if let Some(number) = tag {
            *mails.entry(number).or_default() += 1;
        }
    }
    Ok(mails)
}

/// The status of every ticket, by its number.
fn statuses(client: &Client) -> Result<BTreeMap<u64, String>, LoadError> {
    let coordinator = client.try_signed_in(COORDINATOR)?;
    let (mut statuses, mut cursor) = (BTreeMap::new(), String::new());
    loop {
        let path = format!("/tickets?limit=100{cursor}");
        let answer = coordinator.request("GET", &path).try_send()?;
        if let Some(pause) = come_back(&answer) {
            std::thread::sleep(pause);
            continue;
        }
        let page = answer.value();
        if answer.status != 200 {
            let Answer { status, body, .. } = answer;
            let what = "the list of tickets";
            return Err(LoadError::Unexpected { what, status, body });
        }
        for ticket in page["items"].as_array().into_iter().flatten() {
            if let (Some(number), Some(status)) =
                (ticket["number"].as_u64(), ticket["status"].as_str())
            {
                statuses.insert(number, status.to_owned());
            }
        }
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return Ok(statuses),
        }
    }
}

/// What one kind of request did.
#[derive(Default)]
struct Run {
    took: Duration,
    /// Of what was done, the fastest first.
    times: Vec<Duration>,
    /// Its answers, in whatever order: they are read when nobody waits for it.
    bodies: Vec<String>,
    /// How often others were given, by their status.
    told_to_come_back: BTreeMap<u16, u64>,
}

impl Run {
    fn join(&mut self, other: Run) {
        self.times.extend(other.times);
        self.bodies.extend(other.bodies);
        for (status, times) in other.told_to_come_back {
            *self.told_to_come_back.entry(status).or_default() += times;
        }
    }

    /// The numbers of the tickets that were answered.
    fn numbers(&self) -> Result<BTreeSet<u64>, LoadError> {
        let number = |body: &String| {
            let ticket: Value = serde_json::from_str(body).unwrap_or_default();
            ticket["number"].as_u64().ok_or(LoadError::Unexpected {
                what: "a registration",
                status: 201,
                body: body.clone(),
            })
        };
        self.bodies.iter().map(number).collect()
    }

    /// So many of a hundred requests took no longer than this, in milliseconds.
    fn percentile(&self, share: usize) -> f64 {
        let last = self.times.len().saturating_sub(1);
        let time = self.times.get(last * share / 100);
        time.map_or(0.0, |time| time.as_secs_f64() * 1000.0)
    }

    fn line(&self) -> String {
        let count = self.times.len() as u64;
        let mut line = format!(
            "{:.1} a second, p50 {:.1} ms, p99 {:.1} ms, max {:.1} ms ({count} in {:.1} s)",
            as_f64(count) / self.took.as_secs_f64(),
            self.percentile(50),
            self.percentile(99),
            self.percentile(100),
            self.took.as_secs_f64(),
        );
        for (status, times) in &self.told_to_come_back {
            line.push_str(&format!("; told to come back ({status}): {times} times"));
        }
        line
    }
}

/// CPU seconds, resident bytes, processes and invocations of a function.
#[derive(Clone, Copy, Default)]
struct Used {
    cpu: f64,
    resident: u64,
    processes: usize,
    invocations: u64,
}

/// The functions by name, the host, and this program, which makes the requests.
fn processes(host: &Measured) -> Result<HashMap<String, Used>, LoadError> {
    let request = host.client.request("GET", "/_local/processes");
    let reply = request.try_send()?.value();
    let mut used = HashMap::new();
    for function in reply["items"].as_array().into_iter().flatten() {
        let name = function["function"].as_str().unwrap_or_default().to_owned();
        let resident = function["resident_bytes"].as_array().into_iter().flatten();
        used.insert(
            name,
            Used {
                cpu: function["cpu_seconds"].as_f64().unwrap_or_default(),
                processes: resident.clone().count(),
                resident: resident.filter_map(Value::as_u64).max().unwrap_or_default(),
                invocations: function["invocations"].as_u64().unwrap_or_default(),
            },
        );
    }
    for (name, pid) in [
        ("local host", host.process.id()),
        ("(this load)", std::process::id()),
    ] {
        let usage = Usage::of(pid);
        let own = Used {
            cpu: usage.cpu_seconds,
            resident: usage.resident_bytes,
            processes: 1,
            invocations: 0,
        };
        used.insert(name.to_owned(), own);
    }
    Ok(used)
}

fn report(before: &HashMap<String, Used>, after: &HashMap<String, Used>, count: u64) -> String {
    let mut rows: Vec<_> = after
        .iter()
        .map(|(name, now)| {
            let then = before.get(name).copied().unwrap_or_default();
            (
                name.clone(),
                now.cpu - then.cpu,
                now.invocations.saturating_sub(then.invocations),
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

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};
    use std::time::Duration;

    use super::{Load, Run, judge};

    #[test]
    fn what_was_registered_is_there_and_done() {
        let check = |tickets: &[(u64, &str, usize)], expected: &str| {
            let registered = BTreeSet::from([1, 2, 3]);
            let statuses: BTreeMap<_, _> = tickets
                .iter()
                .map(|(number, status, _)| (*number, (*status).to_owned()))
                .collect();
            let mails = tickets.iter().map(|(number, _, mails)| (*number, *mails));
            let said = match judge(&registered, &statuses, &mails.collect()) {
                Ok(()) => String::new(),
                Err(error) => error.to_string(),
            };
            assert!(said.starts_with(expected), "{said}");
            assert_eq!(said.is_empty(), expected.is_empty(), "{said}");
        };
        let done = |number| (number, "assigned", 2);
        // One that nobody was told of is nobody's loss.
        check(&[done(1), done(2), done(3), (4, "new", 0)], "");
        check(&[done(1)], "2 of 3 registrations are LOST");
        check(
            &[done(1), (2, "new", 2), done(3)],
            "1 of 3 registrations were not carried",
        );
        check(
            &[done(1), done(2), (3, "assigned", 3)],
            "1 of 3 registrations were not carried",
        );
    }

    #[test]
    fn a_run_says_how_long_and_how_often() {
        let mut run = Run {
            times: (1..=101).map(Duration::from_millis).collect(),
            bodies: vec![r#"{"number": 7}"#.to_owned()],
            ..Run::default()
        };
        run.told_to_come_back.insert(429, 2);
        let mut other = Run::default();
        other.told_to_come_back.insert(429, 1);
        run.join(other);
        run.took = Duration::from_secs(2);
        assert_eq!(
            run.line(),
            "50.5 a second, p50 51.0 ms, p99 100.0 ms, max 101.0 ms (101 in 2.0 s); \
             told to come back (429): 3 times"
        );
        assert_eq!(run.numbers().unwrap().into_iter().collect::<Vec<_>>(), [7]);
        run.bodies.push("{}".to_owned());
        let error = run.numbers().unwrap_err().to_string();
        assert_eq!(error, "a registration was answered 201: {}");
    }

    #[test]
    fn limits_that_are_given_stay() {
        let load = Load {
            connections: 1,
            seconds: 1,
            parameters: vec![("RequestsPerSecond".to_owned(), "9".to_owned())],
            host: Vec::new(),
        };
        let limits = load.limits();
        assert_eq!(limits.len(), super::LIMITS.len() - 1, "{limits:?}");
        let said = load.in_force(&limits);
        assert!(
            said.starts_with("9 requests a second and 1000000 at once"),
            "{said}"
        );
    }
}
