//! The host: everything that listens and works, from start to stop.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::serve::ListenerExt;
use emulator::clock::Clock;
use emulator::dynamodb::Tables;
use emulator::ses;
use emulator::sqs::Queues;
use jiff::SignedDuration;
use template::{Authorizer, Function};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::aws::{self, Aws};
use crate::binaries::Binaries;
use crate::data::DataDirectory;
use crate::emulated::Emulated;
use crate::error::StartError;
use crate::http::{
    self, AccessLines, Api, Client, Console, Gateway, Issuer, Jwt, Throttle, kept_secret,
};
use crate::lambda::{Launch, Runtime, mappings, runtime_api, schedules};
use crate::options::{Options, Start};
use crate::sample::Sample;
use crate::watch::{MINUTE, Metrics, Watch};
use crate::wiring::{self, Offered};

/// How long running invocations may take once the host is told to stop.
const GRACE: Duration = Duration::from_secs(5);

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
    sample: Option<Arc<Sample>>,
    _data: DataDirectory,
}

impl Host {
    /// Starts a host. The functions' processes come up in the background;
    /// `GET /_local/queues` answers 200 once they all are.
    ///
    /// # Errors
    /// Where the data, a port, the template or the functions' executables cannot be
    /// used.
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
            issuer: format!("http://127.0.0.1:{port}/_local"),
            base_url: format!("http://127.0.0.1:{port}"),
            token_secret: kept_secret(&data.file("token-secret"))?,
            client_secret: kept_secret(&data.file("client-secret"))?,
        };
        let text = options.read_template()?;
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
        let binaries = executables(&options, &template.functions).await?;

        let clock = Clock::starting_at(options.now);
        let origins = ["127.0.0.1", "localhost"].map(|name| format!("http://{name}:{port}"));
        let ahead = clock.offset_seconds().unwrap_or_default();
        cloud::clock::run_ahead(SignedDuration::from_secs(ahead));
        let sample = Sample::of(&template.functions, aws_port, clock).map(Arc::new);
        let issuer = Issuer::new(Client::of(&template.functions, &origins), clock);
        let emulated = Emulated::open(&template, &data, &options, clock)?;
        let roles = wiring::roles(&template.functions);
        let names = template.functions.iter().map(|f| f.name.clone()).collect();
        let functions = template.functions.into_iter().map(|function| {
            let launch = Launch::new(
                &function,
                &binaries,
                &data.logs(),
                runtime_port,
                aws_port,
                clock.offset_seconds(),
            );
            (function, launch)
        });
        let metrics = Arc::new(Metrics::new(&template.alarms, options.minute));
        let watch = Arc::new(Watch::new(template.alarms, Arc::clone(&metrics)));
        let runtime = Runtime::new(functions, options.max_processes, Arc::clone(&metrics));
        let runtime = Arc::new(runtime);
        // Without an authorizer no route asks for a token; the key is unused.
        let authorizer = template.authorizer.unwrap_or_else(|| Authorizer {
            issuer: offered.issuer,
            audiences: Vec::new(),
        });
        let jwt = Arc::new(Jwt::open(&data.file("jwt-key.pem"), authorizer)?);

        let stop_serving = watch::Sender::new(());
        let mut servers = JoinSet::new();
        let state = Arc::new(Api {
            gateway: Gateway {
                routes: template.routes,
                throttle: Throttle::new(template.limits, template.limits_of_routes),
                runtime: Arc::clone(&runtime),
                jwt: Arc::clone(&jwt),
                log: AccessLines::of(template.access_log, data.logs().join("access.log")),
                metrics: Arc::clone(&metrics),
                port,
                cors: template.cors,
            },
            console: Console {
                jwt,
                runtime: Arc::clone(&runtime),
                queues: Arc::clone(&emulated.queues),
                mailbox: Arc::clone(&emulated.mailbox),
                faults: Arc::clone(&emulated.faults),
                sample: sample.clone(),
                watch: Arc::clone(&watch),
            },
            issuer,
        });
        let router = Router::new().fallback(http::api).with_state(state);
        servers.spawn(serve(api, router, stop_serving.subscribe()));
        let state = Arc::new(Aws {
            services: emulated.services(aws_port, roles),
            metrics: Arc::clone(&metrics),
            table: template.tables.first().map(|table| table.name.clone()),
            runtime: Arc::clone(&runtime),
        });
        let router = Router::new().fallback(aws::aws).with_state(state);
        servers.spawn(serve(aws_api, router, stop_serving.subscribe()));
        let state = Arc::clone(&runtime);
        let router = Router::new()
            .fallback(runtime_api::runtime_api)
            .with_state(state);
        servers.spawn(serve(runtime_api, router, stop_serving.subscribe()));

        let mut sources = JoinSet::new();
        sources.spawn(Arc::clone(&runtime).watch());
        for mapping in template.mappings {
            sources.spawn(mappings::feed(
                mapping,
                Arc::clone(&emulated.queues),
                Arc::clone(&runtime),
                Arc::clone(&emulated.faults),
            ));
        }
        for mut schedule in template.schedules {
            schedule.rate = schedule
                .rate
                .mul_f64(options.minute.div_duration_f64(MINUTE));
            let runtime = Arc::clone(&runtime);
            sources.spawn(schedules::run_schedule(schedule, clock, runtime));
        }
        sources.spawn(watch.keep(
            Arc::clone(&emulated.queues),
            Arc::clone(&emulated.mailbox),
            names,
            data.logs(),
        ));
        let (queues, tables) = (Arc::clone(&emulated.queues), emulated.tables.clone());
        sources.spawn(expire(queues, tables, clock));
        if let Some((listener, _)) = smtp {
            let receiving = emulated.receiving(template.receipt_rules, clock);
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
            sample,
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

    /// What fills an empty desk.
    pub fn sample(&self) -> Option<&Sample> {
        self.sample.as_deref()
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

/// The directory of the functions' executables, built first where that is asked for.
async fn executables(options: &Options, functions: &[Function]) -> Result<PathBuf, StartError> {
    let names: Vec<_> = functions
        .iter()
        .map(|function| function.name.as_str())
        .collect();
    let workspace = options.template.parent().unwrap_or(Path::new("."));
    Ok(options.binaries.provide(workspace, &names).await?)
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
