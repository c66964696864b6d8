//! Where the AWS SDK's requests end: not in the network but in the services in
//! memory. Every call of a function is on record, and some of them fail as they
//! are told to.

use std::collections::VecDeque;
use std::fmt;
use std::ops::Range;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws_smithy_async::rt::sleep::{AsyncSleep, Sleep};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use emulator::dynamodb::{Table, Tables};
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use crate::faults::{Fault, Service};
use crate::mail::Mails;
use crate::objects::{Objects, tag};
use crate::queues::Queues;
use crate::web::{Site, WebRequest};

/// The services, and what was asked of them.
pub(crate) struct Aws {
    pub(crate) tables: Tables,
    pub(crate) queues: Mutex<Queues>,
    pub(crate) mails: Mutex<Mails>,
    pub(crate) objects: Mutex<Objects>,
    /// What answers beside AWS.
    pub(crate) site: Mutex<Option<Site>>,
    pub(crate) calls: Mutex<Vec<Call>>,
    plans: Mutex<Vec<Plan>>,
}

/// A call of a function.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// `GetItem`, `SendMessage`, …
    pub operation: String,
    /// The request, of the services that speak JSON.
    pub request: Value,
}

/// What is to happen to calls of an operation.
struct Plan {
    operation: String,
    /// How many of them have come.
    seen: usize,
    calls: Range<usize>,
    what: What,
}

type Meanwhile = Pin<Box<dyn Future<Output = ()> + Send>>;

enum What {
    Fails(Fault),
    /// Something happens before the call is carried out, once.
    Waits(VecDeque<Meanwhile>),
}

/// What becomes of the call at hand.
enum Next {
    GoesOn,
    Fails(Fault),
    Waits(Meanwhile),
}

/// Locks what a failed test may have left locked.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Aws {
    pub(crate) fn new(table: &template::Table, page: Option<usize>) -> Self {
        let table = Table {
            name: table.name.clone(),
            create: table.create.clone(),
            expires_by: table.expires_by.clone(),
        };
        let tables = Tables::in_memory(&[table]).unwrap();
        Aws {
            tables: match page {
                None => tables,
                Some(rows) => tables.with_pages_of(rows),
            },
            queues: Mutex::default(),
            mails: Mutex::default(),
            objects: Mutex::default(),
            site: Mutex::default(),
            calls: Mutex::default(),
            plans: Mutex::default(),
        }
    }

    /// Every row of a table.
    pub(crate) fn scan(&self, table: &str) -> Vec<Value> {
        let mut rows = Vec::new();
        let mut start = Value::Null;
        loop {
            let mut request = json!({ "TableName": table, "ConsistentRead": true });
            if !start.is_null() {
                request["ExclusiveStartKey"] = start;
            }
            let (status, page) = self.tables.call("Scan", request.to_string().as_bytes());
            assert_eq!(status.as_u16(), 200, "{page}");
            let mut page: Value = serde_json::from_str(&page).unwrap();
            rows.append(page["Items"].as_array_mut().unwrap());
            start = page["LastEvaluatedKey"].take();
            if start.is_null() {
                return rows;
            }
        }
    }

    pub(crate) fn fails(&self, operation: &str, calls: Range<usize>, fault: Fault) {
        self.plan(operation, calls, What::Fails(fault));
    }

    pub(crate) fn heals(&self) {
        lock(&self.plans).clear();
    }

    pub(crate) fn waits(&self, operation: &str, number: usize, meanwhile: Meanwhile) {
        let what = What::Waits(VecDeque::from([meanwhile]));
        self.plan(operation, number..number + 1, what);
    }

    fn plan(&self, operation: &str, calls: Range<usize>, what: What) {
        lock(&self.plans).push(Plan {
            operation: operation.to_owned(),
            seen: 0,
            calls,
            what,
        });
    }

    fn next(&self, operation: &str) -> Next {
        let mut next = Next::GoesOn;
        for plan in lock(&self.plans).iter_mut() {
            if plan.operation != operation {
                continue;
            }
            let is_its_turn = plan.calls.contains(&plan.seen);
            plan.seen += 1;
            match &mut plan.what {
                What::Fails(fault) if is_its_turn => next = Next::Fails(fault.clone()),
                What::Waits(meanwhile) if is_its_turn => {
                    if let Some(meanwhile) = meanwhile.pop_front() {
                        next = Next::Waits(meanwhile);
                    }
                }
                What::Fails(_) | What::Waits(_) => {}
            }
        }
        next
    }

    /// Carries a call out.
    fn carry_out(&self, request: Parsed) -> (u16, String, Vec<u8>) {
        match request {
            Parsed::DynamoDb { operation, body } => {
                let (status, answer) = self.tables.call(&operation, &body);
                (status.as_u16(), JSON.to_owned(), answer.into_bytes())
            }
            Parsed::Sqs { operation, body } => {
                let request = serde_json::from_slice(&body).unwrap();
                let (status, answer) = lock(&self.queues).call(&operation, &request);
                (status, JSON.to_owned(), answer.to_string().into_bytes())
            }
            Parsed::Ses { form } => {
                let answer = lock(&self.mails).send(&form);
                (200, "text/xml".to_owned(), answer.into_bytes())
            }
            Parsed::S3 {
                operation,
                bucket,
                key,
                query,
                content_type,
                of,
                wanted,
                body,
            } => {
                let mut objects = lock(&self.objects);
                let now = cloud::clock::now();
                let place = (bucket.as_str(), key.as_str());
                let written = (content_type.as_str(), body);
                let answer = objects.call(operation, place, &query, written, (&of, &wanted), now);
                (answer.status, answer.content_type, answer.body)
            }
            Parsed::Web(request) => {
                let site = lock(&self.site).clone();
                let site = site.unwrap_or_else(|| panic!("nothing is at {}", request.url));
                let (status, answer) = site(&request);
                (
                    status,
                    "application/json".to_owned(),
                    answer.to_string().into_bytes(),
                )
            }
        }
    }
}

const JSON: &str = "application/x-amz-json-1.0";

/// Where all of AWS is, as a function is told.
pub(crate) const AWS: &str = "http://127.0.0.1:4566";

/// Whose calls go through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Caller {
    /// A function: its calls are on record, and may fail.
    Function,
    /// The test itself.
    Test,
}

/// The HTTP client of the AWS SDK.
#[derive(Clone)]
pub(crate) struct Connector {
    pub(crate) aws: Arc<Aws>,
    pub(crate) caller: Caller,
}

impl fmt::Debug for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Connector")
    }
}

impl HttpClient for Connector {
    fn http_connector(
        &self,
        _: &HttpConnectorSettings,
        _: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (aws, caller) = (Arc::clone(&self.aws), self.caller);
        HttpConnectorFuture::new(async move {
            let request = Parsed::read(&request);
            if caller == Caller::Test {
                return Ok(response(apart(aws, request).await));
            }
            let call = request.call();
            let (service, parts) = (request.service(), request.parts());
            lock(&aws.calls).push(call.clone());
            let lost = || ConnectorError::io("the answer is lost".into());
            match aws.next(&call.operation) {
                Next::GoesOn => Ok(response(apart(aws, request).await)),
                Next::Waits(meanwhile) => {
                    if let Err(error) = tokio::spawn(meanwhile).await {
                        std::panic::resume_unwind(error.into_panic());
                    }
                    Ok(response(apart(aws, request).await))
                }
                Next::Fails(Fault::Lost) => {
                    apart(aws, request).await;
                    Err(lost())
                }
                Next::Fails(Fault::Hung) => std::future::pending().await,
                Next::Fails(fault) => {
                    let (status, body) = service.error(&fault, parts);
                    let kind = match service {
                        Service::DynamoDb | Service::Sqs | Service::Web => JSON,
                        Service::Ses | Service::S3 => "text/xml",
                    };
                    Ok(response((status, kind.to_owned(), body.into_bytes())))
                }
            }
        })
    }
}

/// Carries a call out as a task of its own, and so on a stack of its own: a
/// function, the SDK and SQLite above each other do not fit into a test's.
async fn apart(aws: Arc<Aws>, request: Parsed) -> (u16, String, Vec<u8>) {
    match tokio::spawn(async move { aws.carry_out(request) }).await {
        Ok(answer) => answer,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}

/// How the SDK waits: between attempts, a hundredth of the time; for an answer, the
/// same where none is to come.
pub(crate) struct Hurried(pub(crate) Arc<Aws>);

/// The SDK waits longer than this for answers alone (`cloud::aws`).
const ANSWER: Duration = Duration::from_millis(2_900);

impl fmt::Debug for Hurried {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hurried")
    }
}

impl AsyncSleep for Hurried {
    fn sleep(&self, duration: Duration) -> Sleep {
        let plans = lock(&self.0.plans);
        let hangs = plans
            .iter()
            .any(|plan| matches!(plan.what, What::Fails(Fault::Hung)));
        let duration = if duration < ANSWER || hangs {
            duration / 100
        } else {
            duration
        };
        Sleep::new(tokio::time::sleep(duration))
    }
}

fn response((status, content_type, body): (u16, String, Vec<u8>)) -> HttpResponse {
    let length = body.len().to_string();
    let tag = tag(&body);
    let mut response =
        HttpResponse::new(StatusCode::try_from(status).unwrap(), SdkBody::from(body));
    response.headers_mut().insert("content-type", content_type);
    response.headers_mut().insert("content-length", length);
    // S3's alone; the others are not looked at for it.
    response.headers_mut().insert("etag", tag);
    response
}

/// A request, by service.
enum Parsed {
    DynamoDb {
        operation: String,
        body: Vec<u8>,
    },
    Sqs {
        operation: String,
        body: Vec<u8>,
    },
    Ses {
        form: Vec<(String, String)>,
    },
    S3 {
        operation: &'static str,
        bucket: String,
        key: String,
        query: Vec<(String, String)>,
        content_type: String,
        /// What is copied.
        of: String,
        /// The tag that it has to have.
        wanted: String,
        body: Vec<u8>,
    },
    /// What is not AWS.
    Web(WebRequest),
}

impl Parsed {
    fn read(request: &HttpRequest) -> Self {
        let body = request.body().bytes();
        let body = body.expect("a request in memory").to_vec();
        let header = |name: &str| request.headers().get(name).unwrap_or_default();
        let operation = |operation: &str| operation.to_owned();
        if !request.uri().starts_with(AWS) {
            return Parsed::Web(WebRequest {
                method: request.method().to_owned(),
                url: request.uri().to_owned(),
                authorization: header("authorization").to_owned(),
                form: form_urlencoded::parse(&body).into_owned().collect(),
            });
        }
        match header("x-amz-target").split_once('.') {
            Some(("DynamoDB_20120810", name)) => Parsed::DynamoDb {
                operation: operation(name),
                body,
            },
            Some(("AmazonSQS", name)) => Parsed::Sqs {
                operation: operation(name),
                body,
            },
            Some((target, _)) => panic!("no function calls {target}"),
            None if header("content-type").starts_with("application/x-www-form-urlencoded") => {
                let form = form_urlencoded::parse(&body).into_owned().collect();
                Parsed::Ses { form }
            }
            None => {
                let (_, path) = request.uri().split_once("://").unwrap_or_default();
                let (_, path) = path.split_once('/').unwrap_or_default();
                let (path, query) = path.split_once('?').unwrap_or((path, ""));
                let query: Vec<_> = form_urlencoded::parse(query.as_bytes())
                    .into_owned()
                    .collect();
                let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
                let key = percent_decode_str(key).decode_utf8().unwrap();
                let of = header("x-amz-copy-source").trim_start_matches('/');
                let of = percent_decode_str(of).decode_utf8().unwrap();
                Parsed::S3 {
                    operation: match (request.method(), key.is_empty(), of.is_empty()) {
                        ("GET", true, true) => "ListObjectsV2",
                        ("GET", false, true) => "GetObject",
                        ("PUT", false, true) => "PutObject",
                        ("PUT", false, false) => "CopyObject",
                        ("DELETE", false, true) => "DeleteObject",
                        other => panic!("no function calls S3 with {other:?}"),
                    },
                    bucket: bucket.to_owned(),
                    key: key.into_owned(),
                    query,
                    content_type: header("content-type").to_owned(),
                    of: of.into_owned(),
                    wanted: header("x-amz-copy-source-if-match").to_owned(),
                    body,
                }
            }
        }
    }

    fn service(&self) -> Service {
        match self {
            Parsed::DynamoDb { .. } => Service::DynamoDb,
            Parsed::Sqs { .. } => Service::Sqs,
            Parsed::Ses { .. } => Service::Ses,
            Parsed::S3 { .. } => Service::S3,
            Parsed::Web(_) => Service::Web,
        }
    }

    fn call(&self) -> Call {
        let json = |body: &[u8]| serde_json::from_slice(body).unwrap_or_default();
        let (operation, request) = match self {
            Parsed::DynamoDb { operation, body } | Parsed::Sqs { operation, body } => {
                (operation.clone(), json(body))
            }
            Parsed::Ses { form } => {
                let action = form.iter().find(|(name, _)| name == "Action");
                let action = action.map(|(_, action)| action.clone());
                (action.unwrap_or_default(), Value::Null)
            }
            Parsed::S3 { operation, .. } => ((*operation).to_owned(), Value::Null),
            Parsed::Web(request) => (format!("{} {}", request.method, request.url), Value::Null),
        };
        Call { operation, request }
    }

    /// The parts of a transaction.
    fn parts(&self) -> usize {
        self.call().request["TransactItems"]
            .as_array()
            .map_or(0, Vec::len)
    }
}
