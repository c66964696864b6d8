//! What goes wrong, on purpose: the services fail as AWS's do, messages come twice
//! and in another order, and what somebody protects himself with can be taken away
//! on the wire, as the plan says. For tests on this machine alone.
//!
//! Each service counts its calls, and whether the n-th of them fails follows from
//! the plan's seed, the service and n alone: the same plan has the same faults.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use axum::body::Bytes;
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::dynamodb::{Reduced, Without, refusal};
use crate::wire::{amz_json, xml};

/// Longer than clients wait for an answer that give up after three seconds.
const HANG: Duration = Duration::from_millis(3_500);

/// The same of S3, whose answers may be large: fifteen.
const LONG_HANG: Duration = Duration::from_millis(15_500);

/// What chances are counted in.
const PER: u64 = 10_000;

/// What is to go wrong. All chances are in ten thousandths; none is the default.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Plan {
    seed: u64,
    /// How many calls in a row fare alike: an SDK's own retries do not save all.
    burst: u64,
    dynamodb: Chances,
    sqs: Chances,
    ses: Chances,
    s3: Chances,
    deliveries: Deliveries,
    /// How long a transaction of DynamoDB is under way, in milliseconds: whatever
    /// touches one of its items meanwhile is refused.
    transaction_ms: u64,
    /// Addresses that SES writes to never again.
    refused_addresses: Vec<String>,
    without: Without,
}

/// How often a service fails, and how.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
struct Chances {
    /// It says that there were too many calls, and does nothing.
    throttled: u64,
    /// Another transaction is in the way (DynamoDB alone).
    conflict: u64,
    /// It says that something is wrong with it, and does nothing.
    failed: u64,
    /// It does what it is asked, and its answer is lost.
    lost: u64,
    /// It does nothing and does not answer.
    hung: u64,
}

/// How often messages are delivered otherwise than once and in their order.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
struct Deliveries {
    /// A batch that two processes get at once.
    twice: u64,
    /// A batch that comes once more after it was done.
    again: u64,
    /// A batch in another order.
    shuffled: u64,
}

/// A service, as plans and reports call it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Service {
    DynamoDb,
    Sqs,
    Ses,
    S3,
}

/// What becomes of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    Throttled,
    Conflict,
    Failed,
    /// The answer after it was done is this, or does not come.
    Lost(Silence),
    Hung,
}

/// How an answer is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Silence {
    Error,
    Timeout,
}

/// What becomes of a batch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Delivery {
    /// Two processes get it at once.
    pub twice: bool,
    /// It comes once more after it was done.
    pub again: bool,
    /// A seed for the order.
    pub shuffled: Option<u64>,
}

/// The plan in force, and what it has done so far.
#[derive(Default)]
pub struct Faults {
    plan: RwLock<Arc<Plan>>,
    calls: [AtomicU64; 5],
    counts: Mutex<BTreeMap<String, u64>>,
}

/// The counter of deliveries, after those of the services.
const DELIVERIES: usize = 4;

impl Service {
    fn name(self) -> &'static str {
        match self {
            Service::DynamoDb => "dynamodb",
            Service::Sqs => "sqs",
            Service::Ses => "ses",
            Service::S3 => "s3",
        }
    }

    fn hang(self) -> Duration {
        match self {
            Service::DynamoDb | Service::Sqs | Service::Ses => HANG,
            Service::S3 => LONG_HANG,
        }
    }
}

impl Plan {
    fn chances(&self, service: Service) -> Chances {
        match service {
            Service::DynamoDb => self.dynamodb,
            Service::Sqs => self.sqs,
            Service::Ses => self.ses,
            Service::S3 => self.s3,
        }
    }

    /// A number that follows from the seed and what is counted.
    fn chance(&self, stream: usize, number: u64) -> u64 {
        let stream = u64::try_from(stream).unwrap_or(0);
        // SplitMix64 (Steele, Lea and Flood, 2014).
        let mut z = self
            .seed
            .wrapping_mul(31)
            .wrapping_add(stream)
            .wrapping_mul(0xD1B5_4A32_D192_ED03)
            .wrapping_add(number.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }
}

impl Faults {
    fn plan(&self) -> Arc<Plan> {
        let plan = self.plan.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&plan)
    }

    /// Puts a plan in force; counting begins anew.
    pub fn set(&self, plan: Plan) {
        *self.plan.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(plan);
        for calls in &self.calls {
            calls.store(0, Ordering::Relaxed);
        }
    }

    /// The plan, and what has gone wrong since the start.
    pub fn report(&self) -> Value {
        let counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        json!({ "plan": *self.plan(), "counts": *counts })
    }

    fn count(&self, what: String) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        *counts.entry(what).or_default() += 1;
    }

    /// What becomes of the next call of a service.
    pub(crate) fn next(&self, service: Service, operation: &str) -> Option<Fault> {
        let plan = self.plan();
        let Chances {
            throttled,
            conflict,
            failed,
            lost,
            hung,
        } = plan.chances(service);
        if throttled + conflict + failed + lost + hung == 0 || OPERATOR.contains(&operation) {
            return None;
        }
        let stream = service as usize;
        let number = self.calls[stream].fetch_add(1, Ordering::Relaxed) / plan.burst.max(1);
        let chance = plan.chance(stream, number);
        let mut left = chance % PER;
        let silence = match chance >> 63 {
            0 => Silence::Error,
            _ => Silence::Timeout,
        };
        let kinds = [
            (throttled, Fault::Throttled, "throttled"),
            (conflict, Fault::Conflict, "conflict"),
            (failed, Fault::Failed, "failed"),
            (lost, Fault::Lost(silence), "lost"),
            (hung, Fault::Hung, "hung"),
        ];
        for (chance, fault, word) in kinds {
            if left < chance {
                if fault == Fault::Conflict && !is_write(operation) {
                    return None;
                }
                self.count(format!("{} {word}", service.name()));
                return Some(fault);
            }
            left -= chance;
        }
        None
    }

    /// How long a transaction of DynamoDB is under way, where it takes any time.
    pub(crate) fn transactions_take(&self) -> Option<Duration> {
        let time = Duration::from_millis(self.plan().transaction_ms);
        (!time.is_zero()).then_some(time)
    }

    /// Something was refused because a transaction was under way.
    pub(crate) fn count_refused(&self) {
        self.count("dynamodb refused beside a transaction".to_owned());
    }

    /// What becomes of the next batch.
    pub fn next_delivery(&self) -> Delivery {
        let plan = self.plan();
        let Deliveries {
            twice,
            again,
            shuffled,
        } = plan.deliveries;
        if twice + again + shuffled == 0 {
            return Delivery::default();
        }
        let number = self.calls[DELIVERIES].fetch_add(1, Ordering::Relaxed);
        let chance = |what: u64| plan.chance(DELIVERIES, number * 3 + what);
        let delivery = Delivery {
            twice: chance(0) % PER < twice,
            again: chance(1) % PER < again,
            shuffled: Some(chance(2)).filter(|chance| chance % PER < shuffled),
        };
        for (word, is) in [
            ("delivered twice at once", delivery.twice),
            ("delivered again", delivery.again),
            ("shuffled", delivery.shuffled.is_some()),
        ] {
            if is {
                self.count(format!("batches {word}"));
            }
        }
        delivery
    }

    /// Whether SES refuses a mail to these addresses for good.
    pub(crate) fn refuses(&self, destinations: &[String]) -> bool {
        let plan = self.plan();
        let refused = destinations
            .iter()
            .any(|address| plan.refused_addresses.contains(address));
        if refused {
            self.count("ses refused an address".to_owned());
        }
        refused
    }

    /// A call of DynamoDB as it is without what the plan takes away.
    pub(crate) fn reduce(&self, operation: &str, body: &Bytes) -> Reduced {
        self.plan().without.reduce(operation, body)
    }
}

/// What an operator calls, and no function: that is done at once.
const OPERATOR: [&str; 6] = [
    "GetQueueAttributes",
    "ListQueues",
    "ListTables",
    "PurgeQueue",
    "Scan",
    "StartMessageMoveTask",
];

fn is_write(operation: &str) -> bool {
    ["PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems"].contains(&operation)
}

impl Fault {
    /// Carries a call out as the fault has it.
    pub(crate) async fn befall(
        self,
        service: Service,
        operation: &str,
        request: &[u8],
        call: impl Future<Output = Response>,
    ) -> Response {
        match self {
            Fault::Throttled => error(service, Wrong::TooMany),
            Fault::Conflict => conflict(operation, request),
            Fault::Failed => error(service, Wrong::Broken),
            Fault::Hung => {
                tokio::time::sleep(service.hang()).await;
                error(service, Wrong::Broken)
            }
            Fault::Lost(silence) => {
                drop(call.await);
                if silence == Silence::Timeout {
                    tokio::time::sleep(service.hang()).await;
                }
                error(service, Wrong::Broken)
            }
        }
    }
}

enum Wrong {
    TooMany,
    Broken,
}

/// An error as the service has it.
fn error(service: Service, wrong: Wrong) -> Response {
    let (status, code) = match (service, &wrong) {
        (Service::DynamoDb, Wrong::TooMany) => (400, "ThrottlingException"),
        (Service::DynamoDb, Wrong::Broken) => (500, "InternalServerError"),
        (Service::Sqs, Wrong::TooMany) => (400, "RequestThrottled"),
        (Service::Sqs, Wrong::Broken) => (500, "InternalFailure"),
        (Service::Ses, Wrong::TooMany) => (400, "Throttling"),
        (Service::Ses, Wrong::Broken) => (500, "InternalFailure"),
        (Service::S3, Wrong::TooMany) => (503, "SlowDown"),
        (Service::S3, Wrong::Broken) => (500, "InternalError"),
    };
    let message = "the emulator was told to fail";
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    match service {
        Service::DynamoDb | Service::Sqs => {
            let body = json!({ "__type": format!("com.amazonaws#{code}"), "message": message });
            amz_json(status, body.to_string())
        }
        Service::Ses => xml(
            status,
            "text/xml",
            format!(
                "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code>\
                 <Message>{message}</Message></Error></ErrorResponse>"
            ),
        ),
        Service::S3 => xml(
            status,
            "text/xml",
            format!("<Error><Code>{code}</Code><Message>{message}</Message></Error>"),
        ),
    }
}

/// What every part of a transaction has once: the table that it is about.
const PART: &[u8] = b"\"TableName\"";

/// Another transaction is in the way of this one, or of this write.
fn conflict(operation: &str, request: &[u8]) -> Response {
    let parts = request.windows(PART.len()).filter(|text| *text == PART);
    let parts: Vec<_> = (0..parts.count().max(1)).map(|part| part == 0).collect();
    let (status, body) = refusal(operation, &parts);
    amz_json(status, body)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(plan: Value) -> Faults {
        let faults = Faults::default();
        faults.set(serde_json::from_value(plan).unwrap());
        faults
    }

    #[test]
    fn the_same_plan_has_the_same_faults() {
        let plan =
            json!({ "seed": 7, "burst": 2, "dynamodb": { "lost": 1_000, "conflict": 1_000 } });
        let draw = |faults: &Faults| -> Vec<_> {
            let next = |_| faults.next(Service::DynamoDb, "PutItem");
            (0..2_000).map(next).collect()
        };
        let (one, other) = (draw(&faults(plan.clone())), draw(&faults(plan)));
        assert_eq!(one, other);
        let failed = one.iter().flatten().count();
        assert!((300..500).contains(&failed), "{failed}");
        assert!(
            one.chunks(2)
                .all(|pair| pair[0].is_some() == pair[1].is_some())
        );
        let lost = |silence| one.contains(&Some(Fault::Lost(silence)));
        assert!(lost(Silence::Error) && lost(Silence::Timeout));
        // Nothing is in the way of a read, and no other service fails.
        let reads = faults(json!({ "dynamodb": { "conflict": 10_000 } }));
        assert_eq!(reads.next(Service::DynamoDb, "GetItem"), None);
        assert_eq!(reads.next(Service::Ses, "SendRawEmail"), None);
    }
}
