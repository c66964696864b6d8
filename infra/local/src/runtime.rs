//! The Lambda service: functions as processes behind the Runtime API.
//!
//! A process takes one invocation at a time. Invocations that find none idle
//! wait in order, and bring further processes up, to a limit.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use tokio::sync::{Notify, oneshot};
use ulid::Ulid;

use crate::gateway::is_for_this_machine;
use crate::intrinsics::function_arn;
use crate::process::{Launch, usage};
use crate::{clock, template};

/// Lambda's limit for the answer of a function.
const ANSWER_LIMIT: usize = 6 * 1024 * 1024;
/// How long a process may take until it asks for its first invocation.
const INIT_LIMIT: Duration = Duration::from_secs(10);
/// How long a spare process is kept.
const IDLE_LIMIT: Duration = Duration::from_secs(60);
/// How many requests may wait for a function's processes.
const MAX_WAITING: usize = 256;
/// How often limits are looked at.
const TICK: Duration = Duration::from_millis(50);

/// Why a function has no answer.
#[derive(Debug, thiserror::Error)]
pub enum InvokeError {
    /// The template has no function of this name.
    #[error("Function not found: {0}")]
    NoSuchFunction(String),
    /// The function said that it failed. This is its error object.
    #[error("the function failed")]
    Failed(Bytes),
    /// The function took longer than its timeout, and was killed.
    #[error("Task timed out after {:.2} seconds", .0.as_secs_f64())]
    TimedOut(Duration),
    /// The function's process ended before it answered.
    #[error("Runtime exited with error: {0}")]
    Exited(String),
    /// As many invocations wait as may.
    #[error("Rate Exceeded.")]
    TooManyRequests,
    /// The host is about to end.
    #[error("the host is stopping")]
    Stopping,
}

impl InvokeError {
    /// The error as Lambda reports it.
    pub fn to_json(&self) -> Bytes {
        let kind = match self {
            Self::Failed(object) => return object.clone(),
            Self::NoSuchFunction(_) => "ResourceNotFoundException",
            Self::TimedOut(_) => "Sandbox.Timedout",
            Self::Exited(_) => "Runtime.ExitError",
            Self::TooManyRequests => "TooManyRequestsException",
            Self::Stopping => "ServiceException",
        };
        json!({ "errorType": kind, "errorMessage": self.to_string() })
            .to_string()
            .into()
    }
}

type Answer = Result<Bytes, InvokeError>;

/// All functions of the template.
pub struct Runtime {
    functions: HashMap<String, Arc<Function>>,
    stopping: AtomicBool,
}

/// One function, its processes, and who waits for it.
struct Function {
    settings: template::Function,
    launch: Launch,
    arn: HeaderValue,
    max_processes: usize,
    pool: Mutex<Pool>,
    has_been_up: AtomicBool,
    invocations: AtomicU64,
    errors: AtomicU64,
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

struct Invocation {
    payload: Bytes,
    reply: oneshot::Sender<Answer>,
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
struct Job {
    request_id: String,
    payload: Bytes,
    deadline_ms: i64,
}

impl Runtime {
    /// Sets up functions; [`Self::start`] starts their processes.
    pub(crate) fn new(
        functions: impl IntoIterator<Item = (template::Function, Launch)>,
        max_processes: usize,
    ) -> Self {
        let functions = functions.into_iter().map(|(settings, launch)| {
            let arn = HeaderValue::try_from(function_arn(&settings.name));
            let function = Function {
                arn: arn.unwrap_or_else(|_| HeaderValue::from_static("arn:aws:lambda")),
                settings,
                launch,
                max_processes,
                pool: Mutex::default(),
                has_been_up: AtomicBool::new(false),
                invocations: AtomicU64::new(0),
                errors: AtomicU64::new(0),
            };
            (function.settings.name.clone(), Arc::new(function))
        });
        Self {
            functions: functions.collect(),
            stopping: AtomicBool::new(false),
        }
    }

    /// Starts one process of each function, and watches over limits from then on.
    pub(crate) async fn watch(self: Arc<Self>) {
        let mut tick = tokio::time::interval(TICK);
        loop {
            tick.tick().await;
            for function in self.functions.values() {
                function.enforce_limits(Instant::now());
                if !self.is_stopping() {
                    self.start_wanted(function);
                }
            }
        }
    }

    fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    /// Invokes a function and waits for its answer.
    pub async fn invoke(self: &Arc<Self>, function: &str, payload: Bytes) -> Answer {
        let function = self
            .functions
            .get(function)
            .ok_or_else(|| InvokeError::NoSuchFunction(function_arn(function)))?;
        if self.is_stopping() {
            return Err(InvokeError::Stopping);
        }
        function.invocations.fetch_add(1, Ordering::Relaxed);
        let (reply, answer) = oneshot::channel();
        if function.submit(Invocation { payload, reply }) {
            self.start_wanted(function);
        }
        let answer = answer
            .await
            .unwrap_or_else(|_| Err(InvokeError::Exited("no answer was given".to_owned())));
        if answer.is_err() {
            function.errors.fetch_add(1, Ordering::Relaxed);
        }
        answer
    }

    /// [`Self::invoke`] for somebody who is waiting, unless too many are: a
    /// function's processes are Lambda's concurrency, and who comes when none is
    /// free and none will be soon is told so at once.
    pub(crate) async fn invoke_if_room(self: &Arc<Self>, function: &str, payload: Bytes) -> Answer {
        let waiting = self.functions.get(function).map(|f| f.pool().waiting.len());
        if waiting.is_some_and(|waiting| waiting >= MAX_WAITING) {
            return Err(InvokeError::TooManyRequests);
        }
        self.invoke(function, payload).await
    }

    /// Whether the template has a function of this name.
    pub(crate) fn knows(&self, function: &str) -> bool {
        self.functions.contains_key(function)
    }

    /// Whether every function has had a process that came up.
    pub(crate) fn is_up(&self) -> bool {
        let mut functions = self.functions.values();
        functions.all(|function| function.has_been_up.load(Ordering::Relaxed))
    }

    /// What each function has done and uses, by name.
    pub(crate) fn report(&self) -> Value {
        let mut names: Vec<_> = self.functions.keys().collect();
        names.sort_unstable();
        let items = names.into_iter().map(|name| {
            let function = &self.functions[name];
            let pids: Vec<u32> = function.pool().processes.values().filter_map(|p| p.pid).collect();
            let usages: Vec<_> = pids.iter().map(|pid| usage(*pid)).collect();
            json!({
                "function": name,
                "pids": pids,
                "invocations": function.invocations.load(Ordering::Relaxed),
                "errors": function.errors.load(Ordering::Relaxed),
                "resident_bytes": usages.iter().map(|usage| usage.resident_bytes).collect::<Vec<_>>(),
                "cpu_seconds": usages.iter().map(|usage| usage.cpu_seconds).fold(0.0, |sum, used| sum + used),
            })
        });
        json!({ "items": items.collect::<Vec<_>>() })
    }

    /// Takes no more work, gives what runs up to `grace` to finish, and ends
    /// all processes.
    pub(crate) async fn stop(&self, grace: Duration) {
        self.stopping.store(true, Ordering::Relaxed);
        let busy = || {
            self.functions
                .values()
                .any(|function| function.pool().is_busy())
        };
        wait_while(grace, busy).await;
        for function in self.functions.values() {
            let mut pool = function.pool();
            for invocation in std::mem::take(&mut pool.waiting) {
                let _ = invocation.reply.send(Err(InvokeError::Stopping));
            }
            pool.processes
                .values_mut()
                .for_each(|process| drop(process.condemn()));
        }
        let alive = || {
            self.functions
                .values()
                .any(|function| !function.pool().processes.is_empty())
        };
        wait_while(Duration::from_secs(1), alive).await;
    }

    /// Starts as many processes as there is work for.
    fn start_wanted(self: &Arc<Self>, function: &Arc<Function>) {
        while let Some((instance, kill)) = function.reserve() {
            let (runtime, function) = (Arc::clone(self), Arc::clone(function));
            tokio::spawn(async move {
                let (status, log_beginning) = function.run_process(instance, &kill).await;
                function.ended(instance, &status, log_beginning);
                if !runtime.is_stopping() {
                    runtime.start_wanted(&function);
                }
            });
        }
    }
}

async fn wait_while(limit: Duration, condition: impl Fn() -> bool) {
    let end = Instant::now() + limit;
    while condition() && Instant::now() < end {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
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
    fn pool(&self) -> MutexGuard<'_, Pool> {
        self.pool.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives an invocation to an idle process or lets it wait; says whether it
    /// waits.
    fn submit(&self, invocation: Invocation) -> bool {
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
    fn reserve(&self) -> Option<(u64, Arc<Notify>)> {
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
    async fn run_process(&self, instance: u64, kill: &Notify) -> (String, u64) {
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
    fn ended(&self, instance: u64, status: &str, log_beginning: u64) {
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
    fn enforce_limits(&self, now: Instant) {
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
    async fn next(&self, instance: u64) -> Option<Job> {
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
    fn answer(&self, instance: u64, id: &str, answer: Answer) -> bool {
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

/// The Runtime API, for paths `/{function}/{instance}/2018-06-01/runtime/…`.
pub(crate) async fn runtime_api(State(runtime): State<Arc<Runtime>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    if !is_for_this_machine(&parts.headers) {
        return StatusCode::FORBIDDEN.into_response();
    }
    let path: Vec<&str> = parts.uri.path().split('/').skip(1).collect();
    let [name, instance, "2018-06-01", "runtime", action @ ..] = path.as_slice() else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let (Some(function), Ok(instance)) = (runtime.functions.get(*name), instance.parse()) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    match (&parts.method, action) {
        (&Method::GET, ["invocation", "next"]) => match function.next(instance).await {
            Some(job) => job_response(function, job),
            None => StatusCode::GONE.into_response(),
        },
        (&Method::POST, ["invocation", id, "response"]) => match to_bytes(body, ANSWER_LIMIT).await
        {
            Ok(body) => accepted(function.answer(instance, id, Ok(body))),
            Err(_) => {
                let error = json!({
                    "errorType": "Function.ResponseSizeTooLarge",
                    "errorMessage": "Response payload size exceeded maximum allowed payload size (6291556 bytes).",
                });
                function.answer(
                    instance,
                    id,
                    Err(InvokeError::Failed(error.to_string().into())),
                );
                StatusCode::PAYLOAD_TOO_LARGE.into_response()
            }
        },
        (&Method::POST, ["invocation", id, "error"]) => {
            let error = to_bytes(body, ANSWER_LIMIT).await.unwrap_or_default();
            accepted(function.answer(instance, id, Err(InvokeError::Failed(error))))
        }
        (&Method::POST, ["init", "error"]) => {
            let error = to_bytes(body, ANSWER_LIMIT).await.unwrap_or_default();
            let error = String::from_utf8_lossy(&error).into_owned();
            tracing::error!(function = name, error, "a function could not initialise");
            accepted(true)
        }
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}

fn job_response(function: &Function, job: Job) -> Response {
    let mut response = Response::new(Body::from(job.payload));
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    if let Ok(id) = HeaderValue::try_from(job.request_id) {
        headers.insert(HeaderName::from_static("lambda-runtime-aws-request-id"), id);
    }
    headers.insert(
        HeaderName::from_static("lambda-runtime-deadline-ms"),
        job.deadline_ms.into(),
    );
    headers.insert(
        HeaderName::from_static("lambda-runtime-invoked-function-arn"),
        function.arn.clone(),
    );
    response
}

fn accepted(expected: bool) -> Response {
    let status = if expected {
        StatusCode::ACCEPTED
    } else {
        StatusCode::GONE
    };
    status.into_response()
}
