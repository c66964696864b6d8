//! The alarms of the template, evaluated on what happens here as CloudWatch would on
//! what happens in AWS.

mod alarms;
mod logs;
mod metrics;

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use emulator::clock;
use emulator::ses::Mailbox;
use emulator::sqs::{QueueError, Queues};
use jiff::Timestamp;
use serde_json::{Value, json};
use template::Alarm;

use crate::watch::alarms::{State, judge};
use crate::watch::logs::Tail;
pub(crate) use crate::watch::metrics::{MINUTE, Metrics};

/// How often in a minute queues and logs are looked at.
const LOOKS: u32 = 4;

/// All alarms, and what they say.
pub(crate) struct Watch {
    metrics: Arc<Metrics>,
    alarms: Mutex<Vec<Watched>>,
}

struct Watched {
    alarm: Alarm,
    state: State,
    reason: String,
    since: Timestamp,
    /// How often it has rung.
    rung: u64,
}

impl Watch {
    /// Alarms that know nothing yet.
    pub(crate) fn new(alarms: Vec<Alarm>, metrics: Arc<Metrics>) -> Self {
        let alarms = alarms.into_iter().map(|alarm| Watched {
            alarm,
            state: State::InsufficientData,
            reason: "nothing was looked at yet".to_owned(),
            since: clock::now(),
            rung: 0,
        });
        Self {
            metrics,
            alarms: Mutex::new(alarms.collect()),
        }
    }

    /// Looks at everything, for as long as the host runs.
    pub(crate) async fn keep(
        self: Arc<Self>,
        queues: Arc<Queues>,
        mailbox: Arc<Mailbox>,
        functions: Vec<String>,
        logs: impl AsRef<Path>,
    ) {
        let log = |name: &String| Tail::new(logs.as_ref().join(format!("{name}.log")));
        let mut tails: Vec<_> = functions.iter().map(log).collect();
        let mut look = tokio::time::interval(self.metrics.minute() / LOOKS);
        let mut judged = 0;
        loop {
            look.tick().await;
            // What is over is judged before anything is added to what is not.
            let passed = self.metrics.passed();
            if passed > judged {
                judged = passed;
                self.judge(passed);
            }
            if let Err(error) = self.look_at_queues(&queues) {
                tracing::error!(%error, "queues could not be looked at");
            }
            let (bounced, complained) = mailbox.reputation();
            let ses = [
                ("Reputation.BounceRate", bounced),
                ("Reputation.ComplaintRate", complained),
            ];
            for (name, rate) in ses {
                self.metrics.record("AWS/SES", name, &[], rate);
            }
            for tail in &mut tails {
                if let Err(error) = tail.follow(&self.metrics) {
                    tracing::error!(%error, "a function's log could not be read");
                }
            }
        }
    }

    fn look_at_queues(&self, queues: &Queues) -> Result<(), QueueError> {
        for name in queues.names() {
            let of = [("QueueName", name)];
            let visible = queues.depth(name)?.visible as f64;
            let waiting = "ApproximateNumberOfMessagesVisible";
            self.metrics.record("AWS/SQS", waiting, &of, visible);
            let age = queues.oldest_age(name)?.unwrap_or_default();
            let age = self.metrics.seconds(age);
            let oldest = "ApproximateAgeOfOldestMessage";
            self.metrics.record("AWS/SQS", oldest, &of, age);
        }
        Ok(())
    }

    /// Has every alarm say what it says after so many minutes.
    fn judge(&self, minutes: u64) {
        let mut alarms = self.alarms.lock().unwrap_or_else(PoisonError::into_inner);
        for watched in alarms.iter_mut() {
            let (state, reason) = judge(&watched.alarm, &self.metrics, minutes, watched.state);
            watched.reason = reason;
            if state == watched.state {
                continue;
            }
            let (alarm, reason) = (&watched.alarm.name, &watched.reason);
            match state {
                State::Alarm => {
                    watched.rung += 1;
                    tracing::error!(alarm, reason, "an alarm rings");
                }
                State::Ok if watched.state == State::Alarm => {
                    tracing::info!(alarm, reason, "an alarm is over");
                }
                State::Ok | State::InsufficientData => {}
            }
            watched.state = state;
            watched.since = clock::now();
        }
    }

    /// What each alarm says, and why.
    pub(crate) fn report(&self) -> Value {
        let alarms = self.alarms.lock().unwrap_or_else(PoisonError::into_inner);
        let items = alarms.iter().map(|watched| {
            json!({
                "name": watched.alarm.name,
                "description": watched.alarm.description,
                "state": watched.state,
                "reason": watched.reason,
                "since": watched.since,
                "rung": watched.rung,
            })
        });
        json!({ "minutes": self.metrics.passed(), "items": items.collect::<Vec<_>>() })
    }
}
