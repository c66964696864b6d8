//! A function's processes, and who waits for them.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::body::Bytes;
use axum::http::HeaderValue;
use emulator::arn::function_arn;
use emulator::clock;
use tokio::sync::{Notify, oneshot};
use ulid::Ulid;

use crate::lambda::error::{Answer, InvokeError};
use crate::lambda::process::Launch;

/// How long a process may take until it asks for its first invocation.
const INIT_LIMIT: Duration = Duration::from_secs(10);
/// How long a spare process is kept.
const IDLE_LIMIT: Duration = Duration::from_secs(60);

/// One function, its processes, and who waits for it.
pub(super) struct Function {
    settings: template::Function,
    /// What processes are told that they are.
    pub(super) arn: HeaderValue,
    launch: Launch,
    max_processes: usize,
    pool: Mutex<Pool>,
    has_been_up: AtomicBool,
    /// How often it was invoked.
    pub(super) invocations: AtomicU64,
    /// How often that came to an error.
    pub(super) errors: AtomicU64,
}

#[derive(Default)]
struct Pool {
    waiting: VecDeque<Invocation>,
    processes: HashMap<u64, Process>,
    /// Processes that wait for work; the last one is the warmest.
    idle: Vec<u64>,
    next_instance: u64,
    /// Starts that failed since the last one that did not.
    failed_starts: u32,
    /// No process is started before this moment.
    not_before: Option<Instant>,
}

/// Somebody who waits for an answer.
pub(super) struct Invocation {
    pub(super) payload: Bytes,
    pub(super) reply: oneshot::Sender<Answer>,
}

struct Process {
    pid: Option<u32>,
    state: ProcessState,
    since: Instant,
    kill: Arc<Notify>,
}

enum ProcessState {
    /// It has not asked for an invocation yet.
    Starting,
    /// It asks for one.
    Idle(oneshot::Sender<Job>),
    Busy {
        request_id: String,
        reply: oneshot::Sender<Answer>,
    },
    /// It has answered and will ask again.
    Answered,
    /// It is being killed.
    Condemned,
}

/// What a process is told about an invocation.
pub(super) struct Job {
    pub(super) request_id: String,
    pub(super) payload: Bytes,
    pub(super) deadline_ms: i64,
}

impl Process {
    fn is_initialised(&self) -> bool {
        match self.state {
            ProcessState::Idle(_) | ProcessState::Busy { .. } | ProcessState::Answered => true,
            ProcessState::Starting | ProcessState::Condemned => false,
        }
    }

    /// Has the process killed, and returns the state that it was in.
    fn condemn(&mut self) -> ProcessState {
        self.kill.notify_one();
        std::mem::replace(&mut self.state, ProcessState::Condemned)
    }
}

impl Pool {
    fn is_busy(&self) -> bool {
        !self.waiting.is_empty()
            || self
                .processes
                .values()
                .any(|p| matches!(p.state, ProcessState::Busy { .. }))
    }

    /// The invocation that waits the longest. One that nobody waits for any
    /// more is not begun, so that an overload does not feed itself.
    fn pop_waiting(&mut self) -> Option<Invocation> {
        loop {
            let invocation = self.waiting.pop_front()?;
            if !invocation.reply.is_closed() {
                return Some(invocation);
            }
        }
    }

    fn starting(&self) -> usize {
        self.processes
            .values()
            .filter(|p| matches!(p.state, ProcessState::Starting))
            .count()
    }
}

impl Function {
    /// A function without a process.
    pub(super) fn new(settings: template::Function, launch: Launch, max_processes: usize) -> Self {
        let arn = HeaderValue::try_from(function_arn(&settings.name));
        Function {
            arn: arn.unwrap_or_else(|_| HeaderValue::from_static("arn:aws:lambda")),
            settings,
            launch,
            max_processes,
            pool: Mutex::default(),
            has_been_up: AtomicBool::new(false),
            invocations: AtomicU64::new(0),
            errors: AtomicU64::new(0),
        }
    }

    /// What it is called.
    pub(super) fn name(&self) -> &str {
        &self.settings.name
    }

    /// Whether it has had a process that came up.
    pub(super) fn has_been_up(&self) -> bool {
        self.has_been_up.load(Ordering::Relaxed)
    }

    /// How many invocations wait for a process.
    pub(super) fn waiting(&self) -> usize {
        self.pool().waiting.len()
    }

    /// Whether an invocation runs or waits.
    pub(super) fn is_busy(&self) -> bool {
        self.pool().is_busy()
    }

    /// Whether it has a process, in whatever state.
    pub(super) fn is_alive(&self) -> bool {
        !self.pool().processes.is_empty()
    }

    /// The ids of its processes.
    pub(super) fn pids(&self) -> Vec<u32> {
        let pool = self.pool();
        pool.processes.values().filter_map(|p| p.pid).collect()
    }

    /// Turns away whoever waits, and has all processes killed.
    pub(super) fn give_up(&self) {
        let mut pool = self.pool();
        for invocation in std::mem::take(&mut pool.waiting) {
            let _ = invocation.reply.send(Err(InvokeError::Stopping));
        }
        pool.processes
            .values_mut()
            .for_each(|process| drop(process.condemn()));
    }

    fn pool(&self) -> MutexGuard<'_, Pool> {
        self.pool.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives an invocation to an idle process or lets it wait; says whether it
    /// waits.
    pub(super) fn submit(&self, invocation: Invocation) -> bool {
        let mut pool = self.pool();
        while let Some(instance) = pool.idle.pop() {
            let Some(process) = pool.processes.get_mut(&instance) else {
                continue;
            };
            match std::mem::replace(&mut process.state, ProcessState::Condemned) {
                ProcessState::Idle(next) if !next.is_closed() => {
                    let (job, busy) = self.assign(invocation);
                    process.since = Instant::now();
                    process.state = busy;
                    // Should its connection end in this very moment, then the
                    // process is ending too, and that tells the caller.
                    let _ = next.send(job);
                    return false;
                }
                // Its connection is gone, and so is the process, or soon will be.
                ProcessState::Idle(_)
                | ProcessState::Starting
                | ProcessState::Busy { .. }
                | ProcessState::Answered
                | ProcessState::Condemned => process.kill.notify_one(),
            }
        }
        pool.waiting.push_back(invocation);
        true
    }

    fn assign(&self, invocation: Invocation) -> (Job, ProcessState) {
        let request_id = Ulid::generate().to_string();
        let timeout_ms = i64::try_from(self.settings.timeout.as_millis()).unwrap_or(i64::MAX / 2);
        let job = Job {
            request_id: request_id.clone(),
            payload: invocation.payload,
            deadline_ms: clock::now().as_millisecond() + timeout_ms,
        };
        let reply = invocation.reply;
        (job, ProcessState::Busy { request_id, reply })
    }

    /// Reserves the place of a process that is to be started, if one is wanted.
    pub(super) fn reserve(&self) -> Option<(u64, Arc<Notify>)> {
        let mut pool = self.pool();
        let wanted = pool.processes.is_empty() || pool.starting() < pool.waiting.len();
        let now = Instant::now();
        if !wanted
            || pool.processes.len() >= self.max_processes
            || pool.not_before.is_some_and(|moment| moment > now)
        {
            return None;
        }
        pool.next_instance += 1;
        let instance = pool.next_instance;
        let kill = Arc::new(Notify::new());
        let process = Process {
            pid: None,
            state: ProcessState::Starting,
            since: now,
            kill: Arc::clone(&kill),
        };
        pool.processes.insert(instance, process);
        Some((instance, kill))
    }

    /// Runs a process to its end, and says how that came, and where in the log
    /// it began.
    pub(super) async fn run_process(&self, instance: u64, kill: &Notify) -> (String, u64) {
        let (mut child, beginning) = match self.launch.start(instance) {
            Ok(started) => started,
            Err(error) => return (format!("it cannot be started: {error}"), u64::MAX),
        };
        if let Some(process) = self.pool().processes.get_mut(&instance) {
            process.pid = child.id();
        }
        let status = tokio::select! {
            status = child.wait() => status,
            () = kill.notified() => match child.start_kill() {
                Ok(()) => child.wait().await,
                Err(error) => Err(error),
            },
        };
        (
            status.map_or_else(|error| error.to_string(), |status| status.to_string()),
            beginning,
        )
    }

    /// Clears up after a process: who waited for it hears that it is gone.
    pub(super) fn ended(&self, instance: u64, status: &str, log_beginning: u64) {
        let mut pool = self.pool();
        pool.idle.retain(|other| *other != instance);
        let Some(process) = pool.processes.remove(&instance) else {
            return;
        };
        let name = self.settings.name.as_str();
        let exited = || Err(InvokeError::Exited(status.to_owned()));
        match process.state {
            ProcessState::Busy { reply, .. } => {
                tracing::error!(
                    function = name,
                    status,
                    "a process ended during an invocation"
                );
                // The caller may have given up; then nobody is told.
                let _ = reply.send(exited());
            }
            ProcessState::Starting => {
                let delay = Duration::from_millis(100 << pool.failed_starts.min(7));
                pool.failed_starts += 1;
                pool.not_before = Some(Instant::now() + delay);
                // As in Lambda, a failed start fails the invocations that
                // brought it about, unless somebody else can take them.
                if !pool.processes.values().any(Process::is_initialised) {
                    for invocation in std::mem::take(&mut pool.waiting) {
                        let _ = invocation.reply.send(exited());
                    }
                }
                drop(pool);
                let log = self.launch.logged_since(log_beginning);
                tracing::error!(
                    function = name,
                    status,
                    log,
                    "a process ended before it was up"
                );
            }
            ProcessState::Idle(_) | ProcessState::Answered => {
                tracing::warn!(function = name, status, "a process ended while it was idle");
            }
            ProcessState::Condemned => {}
        }
    }

    /// Kills what is over a limit, and spare processes.
    pub(super) fn enforce_limits(&self, now: Instant) {
        let mut pool = self.pool();
        let Pool {
            processes, idle, ..
        } = &mut *pool;
        let mut spare = processes.len().saturating_sub(1);
        for (instance, process) in processes.iter_mut() {
            let age = now.saturating_duration_since(process.since);
            match process.state {
                ProcessState::Busy { .. } if age >= self.settings.timeout => {
                    if let ProcessState::Busy { request_id, reply } = process.condemn() {
                        tracing::error!(
                            function = self.settings.name,
                            request_id,
                            "an invocation timed out"
                        );
                        let _ = reply.send(Err(InvokeError::TimedOut(self.settings.timeout)));
                    }
                }
                // It keeps its state, so that it counts as a failed start.
                ProcessState::Starting if age >= INIT_LIMIT => process.kill.notify_one(),
                ProcessState::Idle(_) if age >= IDLE_LIMIT && spare > 0 => {
                    spare -= 1;
                    idle.retain(|other| other != instance);
                    process.condemn();
                }
                ProcessState::Busy { .. }
                | ProcessState::Starting
                | ProcessState::Idle(_)
                | ProcessState::Answered
                | ProcessState::Condemned => {}
            }
        }
    }

    /// A process asks for its next invocation.
    pub(super) async fn next(&self, instance: u64) -> Option<Job> {
        let asked = {
            let mut pool = self.pool();
            let process = pool.processes.get(&instance)?;
            if matches!(process.state, ProcessState::Condemned) {
                return None;
            }
            if matches!(process.state, ProcessState::Starting) {
                self.has_been_up.store(true, Ordering::Relaxed);
                pool.failed_starts = 0;
                pool.not_before = None;
            }
            let (state, asked) = match pool.pop_waiting() {
                Some(invocation) => {
                    let (job, busy) = self.assign(invocation);
                    (busy, Ok(job))
                }
                None => {
                    let (sender, receiver) = oneshot::channel();
                    pool.idle.push(instance);
                    (ProcessState::Idle(sender), Err(receiver))
                }
            };
            let process = pool.processes.get_mut(&instance)?;
            process.since = Instant::now();
            process.state = state;
            asked
        };
        match asked {
            Ok(job) => Some(job),
            Err(receiver) => receiver.await.ok(),
        }
    }

    /// A process answers; says whether anybody had asked it.
    pub(super) fn answer(&self, instance: u64, id: &str, answer: Answer) -> bool {
        let mut pool = self.pool();
        let Some(process) = pool.processes.get_mut(&instance) else {
            return false;
        };
        match std::mem::replace(&mut process.state, ProcessState::Answered) {
            ProcessState::Busy { request_id, reply } if request_id == id => {
                process.since = Instant::now();
                drop(pool);
                let _ = reply.send(answer);
                true
            }
            state => {
                process.state = state;
                false
            }
        }
    }
}
