//! AWS in memory, the functions that are started on it, and what was asked of it.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use aws_smithy_async::rt::sleep::SharedAsyncSleep;
use aws_types::SdkConfig;
use cloud::aws::{Access, sdk_config};
use cloud::config::Environment;
use cloud::desk::Desk;
use cloud::entry::Function;
use cloud::identity::Identity;
use cloud::store::GivenUp;
use serde_json::Value;
use types::catalogue::CatalogueDocument;
use types::effects::QueueName;
use types::ids::TicketNumber;
use types::message::Doorbell;
use types::person::Person;

use crate::case::now;
use crate::faults::Fault;
use crate::function::Started;
use crate::mail::Mail;
use crate::objects::Object;
use crate::people::{COORDINATOR, address};
use crate::template::{all_variables, function, table};
use crate::wire::{Aws, Call, Caller, Connector, Hurried, lock};

/// A table, queues, buckets and SES of one's own. Clones share them.
#[derive(Clone)]
pub struct World {
    pub(crate) aws: Arc<Aws>,
    /// With it the test itself reads and writes: nothing of that is on record,
    /// and none of it fails.
    pub(crate) desk: Arc<Desk>,
}

impl World {
    /// A desk on which nothing has happened, as `template.yaml` describes it.
    pub async fn new() -> Self {
        Self::of(Aws::new(table(), None)).await
    }

    /// The same, whose table ends each page and each batch after so many rows.
    pub async fn with_pages_of(rows: usize) -> Self {
        Self::of(Aws::new(table(), Some(rows))).await
    }

    async fn of(aws: Aws) -> Self {
        let aws = Arc::new(aws);
        let environment = Environment::given(all_variables(), sdk(&aws, Caller::Test));
        let desk = Desk::start(&environment, QueueName::ALL).await.unwrap();
        World {
            aws,
            desk: Arc::new(desk),
        }
    }

    /// Starts a function as Lambda does: with the variables that the template
    /// gives it, and no others.
    ///
    /// # Panics
    /// When the template has no such function, or the function does not start.
    pub async fn start<F: Function>(&self, name: &str) -> Started<F> {
        self.start_with(name, &[]).await
    }

    /// The same with some variables changed.
    ///
    /// # Panics
    /// When the template has no such function, or the function does not start.
    pub async fn start_with<F: Function>(
        &self,
        name: &str,
        changes: &[(&str, &str)],
    ) -> Started<F> {
        let template = function(name);
        let mut variables = template.environment.clone();
        for (name, value) in changes {
            variables.insert((*name).to_owned(), (*value).to_owned());
        }
        let environment = Environment::given(variables, sdk(&self.aws, Caller::Function));
        let started = F::start(&environment).await;
        let function = started.unwrap_or_else(|e| panic!("{name} does not start: {e}"));
        self.forget();
        Started { function, template }
    }

    /// What a function says that is started without a variable.
    ///
    /// # Panics
    /// When it starts all the same.
    pub async fn refuses<F: Function>(&self, name: &str, variable: &str) -> String {
        let mut variables = function(name).environment.clone();
        assert!(
            variables.remove(variable).is_some(),
            "{name} has no {variable}"
        );
        let environment = Environment::given(variables, sdk(&self.aws, Caller::Function));
        match F::start(&environment).await {
            Ok(_) => panic!("{name} starts without {variable}"),
            Err(error) => error.to_string(),
        }
    }

    /// Writes a catalogue over the one in force. Functions keep one for some
    /// seconds: it is written before they read it.
    pub async fn catalogue(&self, change: impl FnOnce(&mut CatalogueDocument)) {
        let stored = self.desk.store.catalogue().await.unwrap();
        let mut document = stored.catalogue.document().clone();
        change(&mut document);
        let by = Person {
            email: address(COORDINATOR),
            name: "Coordinador de Mesa de Ayuda".to_owned(),
        };
        let written = self.desk.write_catalogue(&document, &stored, &by, None);
        assert!(written.await.unwrap());
    }

    /// Says who of the directory is away.
    pub async fn away(&self, agents: &[&str]) {
        self.catalogue(|document| {
            for entry in &mut document.directory {
                entry.available = !agents.contains(&entry.email.as_str());
            }
        })
        .await;
    }

    /// The value of the cookie of somebody who has just signed in to the pages.
    pub async fn signed_in(&self, email: &str) -> String {
        let identity = Identity {
            email: address(email),
            name: None,
        };
        let opened = self.desk.store.open_session(&identity, now()).await;
        opened.unwrap()
    }

    /// Records that a message was given up, as a consumer does.
    ///
    /// # Panics
    /// When the table does not take it.
    pub async fn gives_up(&self, given_up: &GivenUp<'_>) {
        self.desk.store.record_given_up(given_up).await.unwrap();
    }

    /// Takes a number, as a function that dies right after does.
    pub async fn takes_number(&self) -> TicketNumber {
        self.desk.store.take_number().await.unwrap()
    }

    /// Records that a number stands for nothing, as the sweep does.
    ///
    /// # Panics
    /// When it stands for a ticket.
    pub async fn void_number(&self, number: u64) {
        let voided = self.desk.store.void_number(TicketNumber(number)).await;
        assert!(voided.unwrap());
    }

    /// Records that an address gets no more mail.
    pub async fn suppress(&self, email: &str) {
        let suppressed = self.desk.store.suppress(&address(email)).await;
        suppressed.unwrap();
    }

    /// Some calls of an operation fail, counted from now.
    pub fn fails(&self, operation: &str, calls: Range<usize>, fault: Fault) {
        self.aws.fails(operation, calls, fault);
    }

    /// Nothing fails any more.
    pub fn heals(&self) {
        self.aws.heals();
    }

    /// Before a call of an operation is carried out, counted from now, something
    /// else happens.
    pub fn meanwhile(
        &self,
        operation: &str,
        number: usize,
        happens: impl Future<Output = ()> + Send + 'static,
    ) {
        self.aws.waits(operation, number, Box::pin(happens));
    }

    /// How many messages wait in a queue, as SQS says.
    pub fn backlog(&self, queue: QueueName, messages: u64) {
        let name = queue_name(&all_variables(), queue);
        lock(&self.aws.queues).backlog.insert(name, messages);
    }

    /// The same of a queue that is not rung, by its name in the template.
    pub fn backlog_of(&self, queue: &str, messages: u64) {
        let mut queues = lock(&self.aws.queues);
        queues.backlog.insert(queue.to_owned(), messages);
    }

    /// Forgets the calls, doorbells and mails that are on record.
    pub fn forget(&self) {
        lock(&self.aws.calls).clear();
        lock(&self.aws.mails).0.clear();
        let mut queues = lock(&self.aws.queues);
        queues.sent.clear();
        queues.hidden.clear();
    }

    /// The calls that functions made, in their order.
    pub fn calls(&self) -> Vec<Call> {
        lock(&self.aws.calls).clone()
    }

    /// The operations of these calls.
    pub fn operations(&self) -> Vec<String> {
        self.calls()
            .into_iter()
            .map(|call| call.operation)
            .collect()
    }

    /// What was rung on a queue, in its order.
    ///
    /// # Panics
    /// When something was that hangs on another queue.
    #[track_caller]
    pub fn rung(&self, queue: QueueName) -> Vec<Doorbell> {
        let name = queue_name(&all_variables(), queue);
        let queues = lock(&self.aws.queues);
        let on_it = queues.sent.iter().filter(|(to, _)| *to == name);
        let doorbells = on_it.map(|(_, body)| Doorbell::from_body(body).unwrap());
        doorbells
            .inspect(|doorbell| assert_eq!(doorbell.queue(), queue, "{doorbell:?}"))
            .collect()
    }

    /// What was rung on all queues, in the order of the queues.
    #[track_caller]
    pub fn all_rung(&self) -> Vec<Doorbell> {
        let queues = QueueName::ALL.iter().copied();
        queues.flat_map(|queue| self.rung(queue)).collect()
    }

    /// How many seconds messages were hidden for, in the order of hiding.
    pub fn hidden(&self) -> Vec<u64> {
        let queues = lock(&self.aws.queues);
        queues
            .hidden
            .iter()
            .map(|(_, _, seconds)| *seconds)
            .collect()
    }

    /// The mails that went out, in their order.
    pub fn mails(&self) -> Vec<Mail> {
        lock(&self.aws.mails).0.clone()
    }

    /// Writes an object.
    pub fn put_object(&self, bucket: &str, key: &str, object: Object) {
        let place = (bucket.to_owned(), key.to_owned());
        lock(&self.aws.objects).0.insert(place, object);
    }

    /// Sends the bytes of a file that was announced to where the answer says: what S3
    /// would refuse is there all the same.
    ///
    /// # Panics
    /// When the answer is none to an announcement.
    pub fn uploads(&self, announced: &Value, bytes: &[u8]) {
        let url = announced["upload_url"].as_str().unwrap();
        let path = url.split('?').next().and_then(|url| url.split_once("://"));
        let mut parts = path.unwrap().1.splitn(3, '/').skip(1);
        let (bucket, key) = (parts.next().unwrap(), parts.next().unwrap());
        let content_type = announced["upload_headers"]["content-type"].as_str();
        let object = Object {
            bytes: bytes.to_vec(),
            content_type: content_type.unwrap().to_owned(),
            written_at: now(),
        };
        self.put_object(bucket, key, object);
    }

    /// Deletes an object.
    pub fn delete_object(&self, bucket: &str, key: &str) {
        let place = (bucket.to_owned(), key.to_owned());
        lock(&self.aws.objects).0.remove(&place);
    }

    /// The objects of a bucket, by key.
    pub fn objects(&self, bucket: &str) -> BTreeMap<String, Object> {
        let objects = lock(&self.aws.objects);
        let of_it = objects.0.iter().filter(|((b, _), _)| b == bucket);
        of_it
            .map(|((_, key), object)| (key.clone(), object.clone()))
            .collect()
    }

    /// A variable that some function has.
    pub fn variable(&self, name: &str) -> String {
        all_variables().remove(name).unwrap()
    }
}

/// What the template calls a queue.
pub(crate) fn queue_name(variables: &BTreeMap<String, String>, queue: QueueName) -> String {
    let url = &variables[&format!("{}_QUEUE_URL", queue.as_str().to_uppercase())];
    url.rsplit('/').next().unwrap_or_default().to_owned()
}

fn sdk(aws: &Arc<Aws>, caller: Caller) -> SdkConfig {
    let connector = Connector {
        aws: Arc::clone(aws),
        caller,
    };
    sdk_config(Access::local(4566))
        .into_builder()
        .http_client(connector)
        .sleep_impl(SharedAsyncSleep::new(Hurried(Arc::clone(aws))))
        .build()
}
