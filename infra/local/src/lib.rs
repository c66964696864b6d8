//! The local host: runs a SAM template on one machine.
//!
//! It reads the template, builds its functions, and starts each as processes
//! of their own behind the Lambda Runtime API ([`Runtime`]). Around them it
//! plays the services that the template uses: the HTTP API and its JWT
//! authorizer on one port; DynamoDB, SQS, SES, S3 and Lambda's `Invoke` on
//! another; SMTP on a third, where the template has a receipt rule for mail that
//! comes in. Everything listens on 127.0.0.1 alone.
//!
//! What it keeps is in the data directory: `table.db` (DynamoDB), `host.db`
//! (queues, sent mail, and what objects are), `objects/` (their bytes),
//! `jwt-key.pem`, `token-secret`, `logs/`, and `host.json`, which says where the
//! host listens once it does.

mod aws;
mod binaries;
mod chunked;
mod clock;
mod console;
mod data;
mod dynamodb;
mod faults;
mod feedback;
mod gateway;
mod headers;
mod intrinsics;
mod jwt;
mod mail;
mod mappings;
mod objects;
pub mod operator;
mod policy;
mod process;
mod queues;
mod receiving;
mod runtime;
mod s3;
mod ses;
mod smtp;
mod sns;
mod sqs;
mod store;
mod template;
mod throttle;
mod tokens;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::serve::ListenerExt;
use jiff::Timestamp;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

pub use crate::binaries::{Binaries, BuildError, Profile};
pub use crate::data::DataError;
pub use crate::dynamodb::{Durability, TableError};
pub use crate::jwt::KeyError;
pub use crate::process::{BECOME_FUNCTION, become_function};
pub use crate::runtime::{InvokeError, Runtime};
pub use crate::template::TemplateError;

use crate::clock::DeskClock;
use crate::console::Console;
use crate::data::DataDirectory;
use crate::dynamodb::Tables;
use crate::faults::Faults;
use crate::feedback::Feedback;
use crate::gateway::Gateway;
use crate::jwt::Jwt;
use crate::mail::Mailbox;
use crate::objects::Objects;
use crate::process::Launch;
use crate::queues::Queues;
use crate::receiving::Receiving;
use crate::sns::Topics;
use crate::store::Store;
use crate::template::{Authorizer, Template};
use crate::throttle::Throttle;

/// How long running invocations may take once the host is told to stop.
const GRACE: Duration = Duration::from_secs(5);

/// What a host is started with.
#[derive(Clone, Debug)]
pub struct Options {
    /// The SAM template.
    pub template: PathBuf,
    /// Values for its parameters, before those that the host gives.
    pub parameters: Vec<(String, String)>,
    /// Where everything is kept.
    pub data: PathBuf,
    /// Whether to start with nothing kept.
    pub start: Start,
    /// Port of the HTTP API; 0 for any that is free.
    pub port: u16,
    /// Port of the AWS APIs; 0 for any that is free.
    pub aws_port: u16,
    /// Port that mail comes in by; 0 for any that is free. Opened only where
    /// the template has a receipt rule.
    pub smtp_port: u16,
    /// Where the functions' executables come from.
    pub binaries: Binaries,
    /// When a commit to the table is on the disk.
    pub durability: Durability,
    /// How many processes a function may have.
    pub max_processes: usize,
    /// The time that the functions' clock starts at; the real one if none.
    pub now: Option<Timestamp>,
}

/// What becomes of the data that an earlier host left.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Start {
    /// It is taken up.
    Continue,
    /// It is deleted.
    Empty,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            template: Path::new(env!("CARGO_MANIFEST_DIR")).join("../../template.yaml"),
            parameters: Vec::new(),
            data: PathBuf::from(".local"),
            start: Start::Continue,
            port: 8080,
            aws_port: 4566,
            smtp_port: 2525,
            binaries: Binaries::Build(Profile::of_host()),
            durability: Durability::Full,
            max_processes: 3,
            now: None,
        }
    }
}

/// Why a host did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The data directory cannot be used.
    #[error(transparent)]
    Data(#[from] DataError),
    /// A port cannot be listened on.
    #[error("port {0}: {1}")]
    Port(u16, io::Error),
    /// The template cannot be read.
    #[error("{0}: {1}")]
    TemplateFile(PathBuf, io::Error),
    /// The template asks for something that the host cannot do.
    #[error("the template: {0}")]
    Template(#[from] TemplateError),
    /// The functions cannot be built.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// The tables cannot be opened.
    #[error(transparent)]
    Tables(#[from] TableError),
    /// The queues, the mail and the objects cannot be opened.
    #[error("the host's database: {0}")]
    Store(String),
    /// There is no key to sign tokens with.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// A file of the host cannot be read or written.
    #[error("{0}")]
    Io(#[from] io::Error),
}

/// A host that runs.
pub struct Host {
    port: u16,
    aws_port: u16,
    smtp_port: Option<u16>,
    runtime: Arc<Runtime>,
    /// What takes work in by itself.
    sources: JoinSet<()>,
    servers: JoinSet<io::Result<()>>,
    stop_serving: watch::Sender<()>,
    _data: DataDirectory,
}

impl Host {
    /// Starts a host. The functions' processes come up in the background;
    /// `GET /_local/queues` answers 200 once they all are.
    pub async fn start(options: Options) -> Result<Self, StartError> {
        let data = DataDirectory::open(&options.data)?;
        match options.start {
            Start::Continue => {}
            Start::Empty => data.reset()?,
        }
        std::fs::create_dir_all(data.logs())?;
        let (api, port) = listen(options.port).await?;
        let (aws_api, aws_port) = listen(options.aws_port).await?;
        let (runtime_api, runtime_port) = listen(0).await?;

        let mut template = read_template(&options, &data, port, aws_port)?;
        if options.binaries == Binaries::None {
            template.rest();
        }
        let smtp = if template.mail.receipt_rules.is_empty() {
            None
        } else {
            Some(listen(options.smtp_port).await?)
        };
        let smtp_port = smtp.as_ref().map(|(_, port)| *port);
        let names: Vec<_> = template
            .functions
            .iter()
            .map(|function| function.name.as_str())
            .collect();
        let workspace = options.template.parent().unwrap_or(Path::new("."));
        let binaries = options.binaries.provide(workspace, &names).await?;

        let clock = DeskClock::starting_at(options.now);
        let tables = Tables::open(&data.file("table.db"), options.durability, &template.tables)?;
        let store = Store::open(&data.file("host.db"), options.durability)
            .map_err(|error| StartError::Store(error.to_string()))?;
        let queues = Queues::open(store.clone(), &template.queues)
            .map_err(|error| StartError::Store(error.to_string()))?;
        let queues = Arc::new(queues);
        let mail = template.mail;
        let objects = Objects::open(store.clone(), &data.objects(), mail.buckets, clock)
            .map_err(|error| StartError::Store(error.to_string()))?;
        let objects = Arc::new(objects);
        let topics = Topics::new(Arc::clone(&queues), mail.subscriptions, clock);
        let topics = Arc::new(topics);
        let feedback = Feedback {
            topics: Arc::clone(&topics),
            configuration_sets: mail.configuration_sets,
            destinations: mail.event_destinations,
            identities: mail.identities,
        };
        let faults = Arc::new(Faults::default());
        let mailbox = Mailbox::new(store.clone(), clock, feedback, Arc::clone(&faults));
        let mailbox = Arc::new(mailbox);
        let functions = template.functions.into_iter().map(|function| {
            let offset = clock.offset_seconds();
            let launch = Launch::new(
                &function,
                &binaries,
                &data.logs(),
                runtime_port,
                aws_port,
                offset,
            );
            (function, launch)
        });
        let runtime = Arc::new(Runtime::new(functions, options.max_processes));
        // Without an authorizer no route asks for a token; the key is unused.
        let authorizer = template.authorizer.unwrap_or_else(|| Authorizer {
            issuer: issuer(port),
            audiences: Vec::new(),
        });
        let gateway = Gateway {
            routes: template.routes,
            throttle: Throttle::new(template.limits),
            runtime: Arc::clone(&runtime),
            jwt: Jwt::open(&data.file("jwt-key.pem"), authorizer)?,
            console: Console {
                queues: Arc::clone(&queues),
                mailbox: Arc::clone(&mailbox),
                faults: Arc::clone(&faults),
            },
            port,
        };
        let aws = aws::Aws {
            tables: tables.clone(),
            queues: Arc::clone(&queues),
            objects: Arc::clone(&objects),
            mailbox,
            runtime: Arc::clone(&runtime),
            faults: Arc::clone(&faults),
            port: aws_port,
        };

        let stop_serving = watch::Sender::new(());
        let mut servers = JoinSet::new();
        let gateway = Router::new()
            .fallback(gateway::gateway)
            .with_state(Arc::new(gateway));
        let aws = Router::new().fallback(aws::aws).with_state(Arc::new(aws));
        let control = Router::new()
            .fallback(runtime::runtime_api)
            .with_state(Arc::clone(&runtime));
        for (listener, router) in [(api, gateway), (aws_api, aws), (runtime_api, control)] {
            servers.spawn(serve(listener, router, stop_serving.subscribe()));
        }
        let mut sources = JoinSet::new();
        sources.spawn(Arc::clone(&runtime).watch());
        for mapping in template.mappings {
            sources.spawn(mappings::feed(
                mapping,
                Arc::clone(&queues),
                Arc::clone(&runtime),
                Arc::clone(&faults),
            ));
        }
        for schedule in template.schedules {
            sources.spawn(mappings::run_schedule(
                schedule,
                clock,
                Arc::clone(&runtime),
            ));
        }
        sources.spawn(expire(queues, tables, clock));
        if let Some((listener, _)) = smtp {
            let receiving = Receiving {
                rules: mail.receipt_rules,
                objects,
                topics,
                store,
                clock,
            };
            sources.spawn(smtp::serve(listener, Arc::new(receiving)));
        }
        data.announce(port, aws_port, smtp_port, clock.offset_seconds())?;
        Ok(Self {
            port,
            aws_port,
            smtp_port,
            runtime,
            sources,
            servers,
            stop_serving,
            _data: data,
        })
    }

    /// Port of the HTTP API.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Port of the AWS APIs.
    pub fn aws_port(&self) -> u16 {
        self.aws_port
    }

    /// Port that mail comes in by, where the template has a receipt rule.
    pub fn smtp_port(&self) -> Option<u16> {
        self.smtp_port
    }

    /// The functions, to be invoked within this process.
    pub fn runtime(&self) -> &Arc<Runtime> {
        &self.runtime
    }

    /// Takes no more work, lets running invocations finish for up to five
    /// seconds, and ends all processes.
    pub async fn stop(mut self) {
        self.sources.shutdown().await;
        self.runtime.stop(GRACE).await;
        self.stop_serving.send_replace(());
        let all = async { while self.servers.join_next().await.is_some() {} };
        // What holds a connection open longer than this has its answer.
        let _ = tokio::time::timeout(Duration::from_millis(500), all).await;
    }
}

async fn listen(port: u16) -> Result<(TcpListener, u16), StartError> {
    let listener = TcpListener::bind(("127.0.0.1", port))
        .await
        .map_err(|error| StartError::Port(port, error))?;
    let port = listener.local_addr()?.port();
    Ok((listener, port))
}

async fn serve(
    listener: TcpListener,
    router: Router,
    mut stop: watch::Receiver<()>,
) -> io::Result<()> {
    let listener = listener.tap_io(|connection| {
        // It can fail only for a connection that is gone already.
        let _ = connection.set_nodelay(true);
    });
    let stopped = async move {
        // An error says that the host itself is gone.
        let _ = stop.changed().await;
    };
    axum::serve(listener, router)
        .with_graceful_shutdown(stopped)
        .await
}

fn issuer(port: u16) -> String {
    format!("http://127.0.0.1:{port}/_local")
}

fn read_template(
    options: &Options,
    data: &DataDirectory,
    port: u16,
    aws_port: u16,
) -> Result<Template, StartError> {
    let text = std::fs::read_to_string(&options.template)
        .map_err(|error| StartError::TemplateFile(options.template.clone(), error))?;
    let offered = [
        ("JwtIssuer", issuer(port)),
        ("BaseUrl", format!("http://127.0.0.1:{port}")),
        ("TokenSecret", jwt::kept_secret(&data.file("token-secret"))?),
    ];
    Ok(Template::parse(
        &text,
        &offered,
        &options.parameters,
        aws_port,
    )?)
}

/// Deletes what has expired, every minute.
async fn expire(queues: Arc<Queues>, tables: Tables, clock: DeskClock) {
    let mut minute = tokio::time::interval(Duration::from_secs(60));
    loop {
        minute.tick().await;
        if let Err(error) = queues.expire() {
            tracing::error!(%error, "expired messages could not be deleted");
        }
        // The tables go by the real time. Where the functions do not, that
        // would take items that are still good.
        if clock.offset_seconds().is_none() {
            tables.sweep_expired().await;
        }
    }
}
