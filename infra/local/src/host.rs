//! The host: everything that listens and works, from start to stop.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::serve::ListenerExt;
use emulator::Services;
use emulator::clock::Clock;
use emulator::dynamodb::{TableError, Tables};
use emulator::faults::Faults;
use emulator::s3::Objects;
use emulator::ses::{self, Feedback, Mailbox, Receiving};
use emulator::sns::Topics;
use emulator::sqs::Queues;
use emulator::store::Store;
use template::{Authorizer, TemplateError};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::aws::{self, Aws};
use crate::binaries::{Binaries, BuildError};
use crate::data::{DataDirectory, DataError};
use crate::http::{self, Api, Console, Gateway, Jwt, KeyError, Throttle, kept_secret};
use crate::lambda::{Launch, Runtime, mappings, runtime_api, schedules};
use crate::options::{Options, Start};
use crate::wiring::{self, Offered};

/// How long running invocations may take once the host is told to stop.
const GRACE: Duration = Duration::from_secs(5);

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
    #[error("{0}{advice}", advice = advice(.0))]
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

/// What whoever starts the host can do about it.
fn advice(error: &TableError) -> &'static str {
    match error {
        TableError::Changed(_) => "; move the data away, or start with --reset",
        TableError::Database(_) | TableError::Description(..) => "",
    }
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

        let offered = Offered {
            issuer: issuer(port),
            base_url: format!("http://127.0.0.1:{port}"),
            token_secret: kept_secret(&data.file("token-secret"))?,
        };
        let text = read_template(&options)?;
        let mut template = wiring::template(&text, &options.parameters, &offered, aws_port)?;
        if options.binaries == Binaries::None {
            template.rest();
        }
        let smtp = if template.receipt_rules.is_empty() {
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

        let clock = Clock::starting_at(options.now);
        let tables = wiring::tables(template.tables);
        let tables = Tables::open(&data.file("table.db"), options.durability, &tables)?;
        let failed = |error: &dyn std::error::Error| StartError::Store(error.to_string());
        let store = Store::open(&data.file("host.db"), options.durability)
            .map_err(|error| failed(&error))?;
        let queues = Queues::open(store.clone(), &wiring::queues(template.queues))
            .map_err(|error| failed(&error))?;
        let queues = Arc::new(queues);
        let buckets = wiring::buckets(template.buckets);
        let objects = Objects::open(store.clone(), &data.objects(), buckets, clock)
            .map_err(|error| failed(&error))?;
        let objects = Arc::new(objects);
        let subscriptions = wiring::subscriptions(template.subscriptions);
        let topics = Arc::new(Topics::new(Arc::clone(&queues), subscriptions, clock));
        let feedback = Feedback {
            topics: Arc::clone(&topics),
            configuration_sets: template.configuration_sets,
            destinations: wiring::event_destinations(template.event_destinations),
            identities: wiring::identities(template.identities),
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
            issuer: offered.issuer,
            audiences: Vec::new(),
        });
        let jwt = Arc::new(Jwt::open(&data.file("jwt-key.pem"), authorizer)?);
        let api_state = Api {
            gateway: Gateway {
                routes: template.routes,
                throttle: Throttle::new(template.limits),
                runtime: Arc::clone(&runtime),
                jwt: Arc::clone(&jwt),
                port,
            },
            console: Console {
                jwt,
                runtime: Arc::clone(&runtime),
                queues: Arc::clone(&queues),
                mailbox: Arc::clone(&mailbox),
                faults: Arc::clone(&faults),
            },
        };
        let aws_state = Aws {
            services: Services {
                tables: tables.clone(),
                queues: Arc::clone(&queues),
                objects: Arc::clone(&objects),
                mailbox,
                faults: Arc::clone(&faults),
                port: aws_port,
            },
            runtime: Arc::clone(&runtime),
        };

        let stop_serving = watch::Sender::new(());
        let mut servers = JoinSet::new();
        let routers = [
            (
                api,
                Router::new()
                    .fallback(http::api)
                    .with_state(Arc::new(api_state)),
            ),
            (
                aws_api,
                Router::new()
                    .fallback(aws::aws)
                    .with_state(Arc::new(aws_state)),
            ),
            (
                runtime_api,
                Router::new()
                    .fallback(runtime_api::runtime_api)
                    .with_state(Arc::clone(&runtime)),
            ),
        ];
        for (listener, router) in routers {
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
            sources.spawn(schedules::run_schedule(
                schedule,
                clock,
                Arc::clone(&runtime),
            ));
        }
        sources.spawn(expire(queues, tables, clock));
        if let Some((listener, _)) = smtp {
            let receiving = Receiving {
                rules: wiring::receipt_rules(template.receipt_rules),
                objects,
                topics,
                store,
                clock,
            };
            sources.spawn(ses::serve(listener, Arc::new(receiving)));
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

/// The text of the template that a host is to be started with.
pub(crate) fn read_template(options: &Options) -> Result<String, StartError> {
    std::fs::read_to_string(&options.template)
        .map_err(|error| StartError::TemplateFile(options.template.clone(), error))
}

fn issuer(port: u16) -> String {
    format!("http://127.0.0.1:{port}/_local")
}

/// Deletes what has expired, every minute.
async fn expire(queues: Arc<Queues>, tables: Tables, clock: Clock) {
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
