//! All functions, and what may be asked of them.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use axum::body::Bytes;
use emulator::arn::function_arn;
use serde_json::{Value, json};
use tokio::sync::oneshot;

use crate::lambda::error::{Answer, InvokeError};
use crate::lambda::pool::{Function, Invocation};
use crate::lambda::process::{Launch, usage};
use crate::watch::Metrics;

/// How many requests may wait for a function's processes.
const MAX_WAITING: usize = 256;
/// How often limits are looked at.
const TICK: Duration = Duration::from_millis(50);

/// All functions of the template.
pub struct Runtime {
    functions: HashMap<String, Arc<Function>>,
    stopping: AtomicBool,
    metrics: Arc<Metrics>,
}

impl Runtime {
    /// Sets up functions; [`Self::watch`] starts their processes.
    pub(crate) fn new(
        functions: impl IntoIterator<Item = (template::Function, Launch)>,
        max_processes: usize,
        metrics: Arc<Metrics>,
    ) -> Self {
        let functions = functions.into_iter().map(|(settings, launch)| {
            let function = Function::new(settings, launch, max_processes);
            (function.name().to_owned(), Arc::new(function))
        });
        Self {
            functions: functions.collect(),
            stopping: AtomicBool::new(false),
            metrics,
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
        let errors = f64::from(u8::from(answer.is_err()));
        let of = [("FunctionName", function.name())];
        self.metrics.record("AWS/Lambda", "Errors", &of, errors);
        answer
    }

    /// [`Self::invoke`] for somebody who is waiting, unless too many are: a
    /// function's processes are Lambda's concurrency, and who comes when none is
    /// free and none will be soon is told so at once.
    pub(crate) async fn invoke_if_room(self: &Arc<Self>, function: &str, payload: Bytes) -> Answer {
        let waiting = self.functions.get(function).map(|f| f.waiting());
        if waiting.is_some_and(|waiting| waiting >= MAX_WAITING) {
            // Whoever they belong to, they share what may run.
            self.metrics.record("AWS/Lambda", "Throttles", &[], 1.0);
            return Err(InvokeError::TooManyRequests);
        }
        self.invoke(function, payload).await
    }

    /// A function by its name.
    pub(super) fn function(&self, name: &str) -> Option<&Function> {
        self.functions.get(name).map(Arc::as_ref)
    }

    /// Whether the template has a function of this name.
    pub(crate) fn knows(&self, function: &str) -> bool {
        self.functions.contains_key(function)
    }

    /// Whether every function has had a process that came up.
    pub(crate) fn is_up(&self) -> bool {
        let mut functions = self.functions.values();
        functions.all(|function| function.has_been_up())
    }

    /// What each function has done and uses, by name.
    pub(crate) fn report(&self) -> Value {
        let mut names: Vec<_> = self.functions.keys().collect();
        names.sort_unstable();
        let items = names.into_iter().map(|name| {
            let function = &self.functions[name];
            let pids = function.pids();
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
        let functions = || self.functions.values();
        wait_while(grace, || functions().any(|function| function.is_busy())).await;
        functions().for_each(|function| function.give_up());
        let second = Duration::from_secs(1);
        wait_while(second, || functions().any(|function| function.is_alive())).await;
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
