//! The product on this machine: a local host of one's own, as tests use it.
#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "this is for tests: it fails with the test that uses it"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Condvar, Mutex, OnceLock};
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::client::{Client, Request};
use crate::mail::Mail;
use crate::process::Process;
use crate::smtp::{Reply, Smtp};
use crate::within;

/// How long a host may take to be up, on a machine that also compiles.
const START: Duration = Duration::from_secs(60);

/// How many hosts run at once, each with a process for every function. Their tests mostly
/// wait: `.cargo/config.toml` has as many of them under way.
const AT_ONCE: u32 = 6;

/// A local host with data of its own, killed and cleared away when it is
/// dropped. After a test that failed, its data and logs stay for whoever looks
/// for the cause.
pub struct Host {
    process: Process,
    data: PathBuf,
    arguments: Vec<String>,
    api: Client,
    aws: Client,
    _place: Place,
}

/// How many messages a queue holds.
#[derive(Clone, Debug, Deserialize)]
pub struct Queue {
    pub name: String,
    pub visible: u64,
    pub in_flight: u64,
    pub delayed: u64,
    pub dead_letter: bool,
}

impl Host {
    /// Starts a host with nothing kept, and waits until everything is up.
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// Starts a host with further arguments: `["--now", "2026-11-20T16:55:00-05:00"]`.
    pub fn start_with(arguments: &[&str]) -> Self {
        static STARTED: AtomicU32 = AtomicU32::new(0);
        let place = Place::take();
        let started = STARTED.fetch_add(1, Ordering::Relaxed);
        let name = format!("e2e-{}-{started}", std::process::id());
        let data = target_directory().join("tmp").join(name);
        let _ = fs::remove_dir_all(&data);
        fs::create_dir_all(&data).unwrap();
        let arguments: Vec<_> = arguments.iter().map(|&a| a.to_owned()).collect();
        let process = launch(&data, &arguments);
        let host = Host {
            api: Client::of_port(process.ports.api),
            aws: Client::of_port(process.ports.aws),
            process,
            data,
            arguments,
            _place: place,
        };
        host.await_functions();
        host
    }

    /// Starts a host on the template as `edit` changes it.
    pub fn start_on(edit: impl FnOnce(&str) -> String, arguments: &[&str]) -> Self {
        static EDITED: AtomicU32 = AtomicU32::new(0);
        let template = edit(include_str!("../../../template.yaml"));
        let edited = EDITED.fetch_add(1, Ordering::Relaxed);
        let name = format!("template-{}-{edited}.yaml", std::process::id());
        let path = target_directory().join("tmp").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, template).unwrap();
        let mut all = vec!["--template", path.to_str().unwrap()];
        all.extend(arguments);
        Self::start_with(&all)
    }

    fn await_functions(&self) {
        within(START, "all functions are up", || {
            Process::is_up(&self.api).then_some(())
        });
    }

    /// Arguments that keep the host where it listens now, for
    /// [`Self::restart_with`]: clients of before stay good.
    pub fn here(&self) -> Vec<String> {
        let ports = self.process.ports;
        let ports = [
            ("--port", ports.api),
            ("--aws-port", ports.aws),
            ("--smtp-port", ports.smtp.unwrap_or(0)),
        ];
        let ports = ports.map(|(name, port)| [name.to_owned(), port.to_string()]);
        let mut arguments = self.arguments.clone();
        arguments.extend(ports.into_iter().flatten());
        arguments
    }

    /// Port that mail comes in by.
    ///
    /// # Panics
    /// When the template has no receipt rule.
    pub fn smtp_port(&self) -> u16 {
        self.process.ports.smtp.unwrap()
    }

    /// The host's own process.
    pub fn process_id(&self) -> u32 {
        self.process.id()
    }

    /// The functions' processes, by the function's name.
    pub fn processes(&self) -> Vec<(String, Vec<i32>)> {
        let report = self.api.get("/_local/processes").must_be(200).json();
        let items = report["items"].as_array().unwrap().iter();
        items
            .map(|item| {
                let name = item["function"].as_str().unwrap().to_owned();
                (name, serde_json::from_value(item["pids"].clone()).unwrap())
            })
            .collect()
    }

    /// Where the host keeps everything.
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// Somebody who has not signed in.
    pub fn nobody(&self) -> Client {
        self.api.clone()
    }

    /// The person with this address, signed in.
    pub fn client(&self, email: &str) -> Client {
        self.api.signed_in(email)
    }

    /// A connection to the door that mail comes in by.
    ///
    /// # Panics
    /// When the template has no receipt rule.
    #[track_caller]
    pub fn smtp(&self) -> Smtp {
        Smtp::try_connect(self.smtp_port()).unwrap()
    }

    /// Brings a mail in, as another server would, and gives what the host said.
    #[track_caller]
    pub fn mail_in(&self, from: &str, to: &[&str], raw: &[u8]) -> Reply {
        self.smtp().send(from, to, raw)
    }

    /// Every mail that was sent, oldest first.
    pub fn mails(&self) -> Vec<Mail> {
        let mut mails = self.api.get("/_local/mail").must_be(200).json();
        serde_json::from_value(mails["items"].take()).unwrap()
    }

    /// Every mail that was sent to an address, oldest first.
    pub fn mails_to(&self, address: &str) -> Vec<Mail> {
        let mut mails = self.mails();
        mails.retain(|mail| mail.to.iter().any(|to| to == address));
        mails
    }

    /// Every mail about a ticket: what it says, and to whom, oldest first. One
    /// mail to several is there once for each.
    pub fn letters(&self, ticket: &Value) -> Vec<(String, String)> {
        let tag = format!("[USPEC #{:06}] ", ticket["number"].as_u64().unwrap());
        let mails = self.mails().into_iter();
        mails
            .filter(|mail| mail.subject.starts_with(&tag))
            .flat_map(|mail| {
                let kind = mail.kind().to_owned();
                let to = mail.to.into_iter();
                to.map(move |to| (kind.clone(), to)).collect::<Vec<_>>()
            })
            .collect()
    }

    /// How much every queue holds.
    pub fn queues(&self) -> Vec<Queue> {
        let mut queues = self.api.get("/_local/queues").must_be(200).json();
        serde_json::from_value(queues["items"].take()).unwrap()
    }

    /// Waits until no queue holds work: whatever was to follow from what was
    /// done so far has followed.
    #[track_caller]
    pub fn settle(&self) {
        self.settle_within(crate::LIMIT);
    }

    /// [`Self::settle`] for more work than usual.
    #[track_caller]
    pub fn settle_within(&self, limit: Duration) {
        within(limit, "the queues are empty", || {
            let queues = self.queues();
            let idle = queues
                .iter()
                .all(|q| q.dead_letter || q.visible + q.in_flight + q.delayed == 0);
            idle.then_some(())
        });
    }

    /// The queue whose name contains `part`; not a dead-letter queue.
    ///
    /// # Panics
    /// When there is none.
    pub fn queue(&self, part: &str) -> Queue {
        let mut queues = self.queues().into_iter();
        queues
            .find(|q| !q.dead_letter && q.name.to_lowercase().contains(part))
            .unwrap()
    }

    /// The port of the AWS APIs.
    pub fn aws_client(&self) -> &Client {
        &self.aws
    }

    pub(crate) fn aws_request(&self, method: &str, path: &str) -> Request<'_> {
        self.aws.request(method, path)
    }

    /// Calls one of the AWS APIs: `aws("AmazonSQS.SendMessage", …)`.
    #[track_caller]
    pub fn aws(&self, target: &str, request: &Value) -> Value {
        let answer = self
            .aws
            .request("POST", "/")
            .header("x-amz-target", target)
            .body("application/x-amz-json-1.0", request.to_string().as_bytes())
            .send();
        answer.must_be(200).json()
    }

    /// Puts messages on the queue whose name contains `part`, all at once.
    #[track_caller]
    pub fn send_messages(&self, part: &str, bodies: &[Value]) {
        let entries = bodies.iter().enumerate();
        let entries: Vec<_> = entries
            .map(|(i, body)| json!({ "Id": i.to_string(), "MessageBody": body.to_string() }))
            .collect();
        let url = format!("http://127.0.0.1/000000000000/{}", self.queue(part).name);
        let request = json!({ "QueueUrl": url, "Entries": entries });
        self.aws("AmazonSQS.SendMessageBatch", &request);
    }

    /// Invokes a function, as `aws lambda invoke` does.
    #[track_caller]
    pub fn invoke(&self, function: &str, payload: &Value) -> Value {
        let path = format!("/2015-03-31/functions/{function}/invocations");
        let answer = self.aws.post(&path, payload).must_be(200);
        assert_eq!(answer.header("x-amz-function-error"), "", "{}", answer.body);
        answer.json()
    }

    /// Has the sweep look for what is due at `time`, and says what it found.
    #[track_caller]
    pub fn sweep(&self, time: jiff::Timestamp) -> Value {
        self.invoke("sla-sweep", &json!({ "time": time }))
    }

    /// The functions' processes: all that were started with this host's
    /// endpoint, whether or not the host still knows of them.
    pub fn function_processes(&self) -> Vec<String> {
        let endpoint = format!(
            "AWS_ENDPOINT_URL=http://127.0.0.1:{}",
            self.process.ports.aws
        );
        let processes = fs::read_dir("/proc").unwrap().flatten();
        processes
            .filter(|process| {
                let environment = fs::read(process.path().join("environ")).unwrap_or_default();
                environment
                    .split(|byte| *byte == 0)
                    .any(|variable| variable == endpoint.as_bytes())
            })
            .map(|process| process.file_name().to_string_lossy().into_owned())
            .collect()
    }

    /// Kills the host as a power cut would: no warning, no goodbye.
    pub fn kill9(&mut self) {
        self.process.kill().unwrap();
    }

    /// Asks the host to stop, and waits until it has.
    pub fn stop(&mut self) -> ExitStatus {
        self.process.terminate().unwrap();
        within(START, "the host stops", || self.process.ended().unwrap())
    }

    /// Starts the host, which is down, again on the same data. It gets other
    /// ports: clients of before are of no use.
    pub fn restart(&mut self) {
        self.process = launch(&self.data, &self.arguments);
        self.api = Client::of_port(self.process.ports.api);
        self.aws = Client::of_port(self.process.ports.aws);
        self.await_functions();
    }

    /// [`Self::restart`] with other arguments than before: at another time, say.
    pub fn restart_with(&mut self, arguments: &[&str]) {
        self.arguments = arguments.iter().map(|&a| a.to_owned()).collect();
        self.restart();
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        // It writes to its data as long as it lives, which it may not do any more;
        // and a leftover directory harms nobody.
        let _ = self.process.kill();
        if std::thread::panicking() {
            eprintln!("data and logs of the host: {}", self.data.display());
            return;
        }
        // What a role lacks may come to no more than a line in a log.
        let log = fs::read_to_string(self.data.join("host.log")).unwrap_or_default();
        let refused = log
            .lines()
            .find(|line| line.contains("its role does not allow it"));
        assert!(refused.is_none(), "{}: {refused:?}", self.data.display());
        let _ = fs::remove_dir_all(&self.data);
    }
}

/// The template with queues that bring messages back after seconds, not minutes:
/// sooner than their consumers may take, even.
pub fn in_a_hurry(template: &str) -> String {
    let lines = template
        .lines()
        .map(|line| match line.split_once("VisibilityTimeout: ") {
            Some((indent, _)) => format!("{indent}VisibilityTimeout: 4\n"),
            None => format!("{line}\n"),
        });
    lines.collect()
}

/// Further arguments for every host, and for whoever looks into the data of one that is
/// down: that another DynamoDB keeps the table, say.
pub(crate) fn further() -> Vec<String> {
    let further = std::env::var_os("E2E_ARGUMENTS").unwrap_or_default();
    let further = further.to_string_lossy();
    further.split_whitespace().map(str::to_owned).collect()
}

/// Starts a host and waits until it says where it listens.
fn launch(data: &Path, arguments: &[String]) -> Process {
    let log = data.join("host.log");
    let file = fs::File::options().create(true).append(true).open(&log);
    let built = built();
    let usual = ["--sync", "normal", "--binaries", built.to_str().unwrap()];
    let mut all: Vec<_> = usual.map(str::to_owned).into();
    all.extend_from_slice(arguments);
    all.extend(further());
    let started = Process::start(
        &built.join("local"),
        data,
        &all,
        file.unwrap().into(),
        START,
    );
    started.unwrap_or_else(|error| {
        let log = fs::read_to_string(&log).unwrap_or_default();
        panic!("{error}: {log}")
    })
}

/// Builds the host and the functions, once for each test binary, and says where
/// they are. `E2E_BINARIES` names a directory with others, that were built
/// elsewhere.
pub(crate) fn built() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        if let Some(elsewhere) = std::env::var_os("E2E_BINARIES") {
            return elsewhere.into();
        }
        let mut build = Command::new(env!("CARGO"));
        build
            .args(["build", "--quiet", "--workspace", "--bins"])
            .current_dir(env!("CARGO_MANIFEST_DIR"));
        // What Cargo tells this test of its own package makes `ring`'s build
        // script run again, and everything on top of it be built once more.
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy();
            if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
                build.env_remove(&name);
            }
        }
        let profile = if cfg!(debug_assertions) {
            "debug"
        } else {
            build.arg("--release");
            "release"
        };
        let status = build.status().unwrap();
        assert!(status.success(), "the workspace does not build: {status}");
        target_directory().join(profile)
    })
}

/// The directory that Cargo builds into: this test is at `debug/deps/` in it.
fn target_directory() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let target = test
        .ancestors()
        .find(|directory| directory.join("debug").is_dir() || directory.join("release").is_dir());
    target.unwrap().to_owned()
}

/// One of the places for hosts; taking one waits until there is a free one.
struct Place;

static TAKEN: Mutex<u32> = Mutex::new(0);
static FREED: Condvar = Condvar::new();

impl Place {
    fn take() -> Self {
        let taken = TAKEN.lock().unwrap();
        let mut taken = FREED.wait_while(taken, |taken| *taken >= AT_ONCE).unwrap();
        *taken += 1;
        Place
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        *TAKEN.lock().unwrap() -= 1;
        FREED.notify_one();
    }
}
