//! The way into a function: one process may answer HTTP, work a queue off and
//! be woken by a schedule. `main` says what it does; this tells the events apart.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt;
use jiff::Timestamp;
use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::{RawValue, to_raw_value};
use types::problem::Problem;

use crate::clock;
use crate::config::{ConfigError, Environment};
use crate::consumer::{Batch, Consumer, Listener, consume, listen};
use crate::http::{Answer, Call};
use crate::log::{self, chain};
use crate::metrics;
use crate::trace::Trace;

/// What a function does with the events that come to it. A kind of event that it
/// has no business with is an error.
pub trait Function: Sized + Send + Sync {
    /// Reads the configuration.
    fn start(environment: &Environment) -> impl Future<Output = Result<Self, ConfigError>> + Send;

    /// Answers a request.
    fn http(&self, _call: Call) -> impl Future<Output = Result<Answer, Problem>> + Send {
        async { Err(Problem::NotFound("Esta dirección no existe.")) }
    }

    /// Works a batch of messages off.
    fn batch(
        &self,
        _batch: Batch,
    ) -> impl Future<Output = Result<Box<RawValue>, FunctionError>> + Send {
        async { Err(FunctionError::UnexpectedEvent) }
    }

    /// Is woken at `time`.
    fn tick(
        &self,
        _time: Timestamp,
    ) -> impl Future<Output = Result<Box<RawValue>, FunctionError>> + Send {
        async { Err(FunctionError::UnexpectedEvent) }
    }
}

/// Why an invocation failed as a whole.
#[derive(Debug, thiserror::Error)]
pub enum FunctionError {
    #[error("the event is none that this function takes")]
    UnexpectedEvent,
    #[error("the event cannot be read")]
    UnreadableEvent(#[source] serde_json::Error),
    #[error("the answer cannot be written")]
    UnwritableAnswer(#[source] serde_json::Error),
    #[error("the batch cannot be reported")]
    Batch(#[from] crate::consumer::MissingId),
    #[error("the sweep did not come to its end")]
    Sweep(#[source] crate::store::StoreError),
    #[error("the time of the sweep lies far ahead of the clock")]
    TooFarAhead,
    #[error("uploads that are over were not all removed")]
    Uploads(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("mails without a notice were not looked for")]
    Recovery(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl From<FunctionError> for Diagnostic {
    fn from(error: FunctionError) -> Diagnostic {
        let error_type = match &error {
            FunctionError::UnexpectedEvent => "UnexpectedEvent",
            FunctionError::UnreadableEvent(_) => "UnreadableEvent",
            FunctionError::UnwritableAnswer(_) => "UnwritableAnswer",
            FunctionError::Batch(_) => "MissingMessageId",
            FunctionError::Sweep(_) => "SweepIncomplete",
            FunctionError::TooFarAhead => "TooFarAhead",
            FunctionError::Uploads(_) => "UploadsIncomplete",
            FunctionError::Recovery(_) => "RecoveryIncomplete",
        };
        Diagnostic {
            error_type: error_type.to_owned(),
            error_message: chain(&error),
        }
    }
}

/// Runs a consumer's batch, for a function's `batch`.
///
/// # Errors
/// See [`FunctionError`].
pub async fn run_batch<C: Consumer>(
    consumer: &C,
    batch: Batch,
) -> Result<Box<RawValue>, FunctionError> {
    written(&consume(consumer, batch).await?)
}

/// Runs a batch of SES's notices, for a function's `batch`.
///
/// # Errors
/// See [`FunctionError`].
pub async fn run_notices<L: Listener>(
    listener: &L,
    batch: Batch,
) -> Result<Box<RawValue>, FunctionError> {
    written(&listen(listener, batch).await?)
}

/// An answer as the runtime takes it.
///
/// # Errors
/// See [`FunctionError`].
pub fn written<T: serde::Serialize>(answer: &T) -> Result<Box<RawValue>, FunctionError> {
    to_raw_value(answer).map_err(FunctionError::UnwritableAnswer)
}

/// What tells events apart, by their outermost keys: which type of
/// `aws_lambda_events` to read is known only then.
#[derive(Deserialize)]
struct Probe {
    #[serde(rename = "Records")]
    records: Option<IgnoredAny>,
    #[serde(rename = "requestContext")]
    request_context: Option<RequestContext>,
    #[serde(rename = "detail-type")]
    detail_type: Option<IgnoredAny>,
    time: Option<Timestamp>,
}

/// What a gateway calls a request.
#[derive(Deserialize)]
struct RequestContext {
    #[serde(rename = "requestId")]
    request_id: Option<String>,
}

/// Starts a function and serves its events for ever.
///
/// # Errors
/// When the configuration is incomplete: the initialisation fails, by name.
pub async fn run<F: Function>() -> Result<(), lambda_runtime::Error> {
    log::start();
    let started = match metrics::start().and_then(|()| Environment::of_process()) {
        Ok(environment) => F::start(&environment).await,
        Err(error) => Err(error),
    };
    let function = match started {
        Ok(function) => function,
        Err(error) => {
            tracing::error!(error = chain(&error), "the function cannot start");
            return Err(error.into());
        }
    };
    let function = &function;
    lambda_runtime::run(service_fn(
        move |event: LambdaEvent<Box<RawValue>>| async move {
            let time = clock::until(event.context.deadline);
            handle(
                function,
                event.payload.get(),
                &event.context.request_id,
                time,
            )
            .await
        },
    ))
    .await
}

/// Carries out one event, as Lambda hands it over by an id, within `time`.
///
/// # Errors
/// When the invocation failed as a whole; see [`FunctionError`].
pub async fn handle<F: Function>(
    function: &F,
    payload: &str,
    request_id: &str,
    time: Duration,
) -> Result<Box<RawValue>, FunctionError> {
    let probe: Probe = serde_json::from_str(payload).map_err(FunctionError::UnreadableEvent)?;
    let gateway = probe.request_context.as_ref();
    let gateway = gateway.and_then(|context| context.request_id.as_deref());
    let trace = Trace::of_invocation(request_id, gateway);
    trace
        .follow(dispatch(function, payload, &probe, time))
        .await
}

/// Carries out an event of which it is known what kind it is.
async fn dispatch<F: Function>(
    function: &F,
    payload: &str,
    probe: &Probe,
    time: Duration,
) -> Result<Box<RawValue>, FunctionError> {
    if probe.records.is_some() {
        let event = serde_json::from_str(payload).map_err(FunctionError::UnreadableEvent)?;
        function.batch(Batch::new(event, time)).await
    } else if probe.request_context.is_some() {
        let request =
            lambda_http::request::from_str(payload).map_err(FunctionError::UnreadableEvent)?;
        let answer = AssertUnwindSafe(function.http(Call::read(request)))
            .catch_unwind()
            .await;
        let answer = match answer {
            Ok(Ok(answer)) => answer,
            Ok(Err(problem)) => Answer::problem(&problem),
            Err(_) => {
                tracing::error!("the handler panicked");
                metrics::failure("panic");
                return written(&Answer::problem(&Problem::Internal).into_response());
            }
        };
        if answer.status() >= 500 {
            metrics::failure("answer");
        }
        written(&answer.into_response())
    } else if let (Some(_), Some(time)) = (&probe.detail_type, probe.time) {
        function.tick(time).await
    } else if let Some(time) = probe.time {
        // The same by hand: an event with nothing but a time.
        function.tick(time).await
    } else {
        Err(FunctionError::UnexpectedEvent)
    }
}
