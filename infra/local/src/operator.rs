//! What an operator does beside the desk: the audit, sending dead letters back, and
//! making a table fit for use that was restored from a backup. All of it works on a
//! local host's data and, with the environment's credentials, in AWS.

use std::path::Path;
use std::time::Duration;

use audit::{Audited, Settings, Sources, audit};
use cloud::aws::{Access, sdk_config};
use cloud::config::{self, ConfigError};
use cloud::files::Bucket;
use cloud::log::chain;
use cloud::queues::{DeadLetters, dead_letters, redrive};
use cloud::store::{Store, StoreError, Struck};
use emulator::clock;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use types::message::Doorbell;

use crate::binaries::Binaries;
use crate::data::DataError;
use crate::error::StartError;
use crate::host::Host;
use crate::options::Options;
use crate::wiring::{self, Offered};

/// The pause between two passes of an audit: longer than a function may run.
const PAUSE: Duration = Duration::from_secs(2);

/// Findings of one kind that are printed.
const SHOWN: usize = 20;

/// Where the table, the buckets and the queues are.
pub enum Place {
    /// The data directory of a local host, which may be running.
    Local(Box<Options>),
    /// What the environment names: `AWS_REGION`, credentials, and `TABLE_NAME`,
    /// `MAIL_BUCKET` and `FILES_BUCKET` as the stack's outputs have them.
    Aws,
}

/// Why an operator's command did not come to its end.
#[derive(Debug, thiserror::Error)]
pub enum OperatorError {
    #[error(transparent)]
    Start(#[from] StartError),
    #[error(transparent)]
    Configuration(#[from] ConfigError),
    #[error("{}", chain(.0))]
    Audit(#[from] audit::AuditError),
    #[error("{}", chain(.0))]
    Queues(#[from] cloud::queues::RedriveError),
    #[error("{}", chain(.0))]
    Table(#[from] StoreError),
    #[error("{0}")]
    Usage(String),
    #[error("{0} findings")]
    Findings(usize),
}

/// What to do with a table that was restored.
#[derive(Clone, Copy, Debug)]
pub struct Restoring {
    pub mails: Owed,
    /// The last number that was given, as far as anybody knows.
    pub numbers_to: Option<u64>,
}

/// What becomes of mails that a restored table owes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owed {
    Shown,
    Struck,
}

/// Where the host that is running on this data listens.
#[derive(Deserialize)]
struct Announced {
    aws_port: u16,
    /// Where its clock is another than the machine's.
    clock_offset_seconds: Option<i64>,
}

/// A way to the services, and the host that plays them where none was running.
struct Services {
    access: Access,
    host: Option<Host>,
    /// How far the desk's clock is ahead of the machine's.
    ahead: SignedDuration,
}

impl Services {
    async fn reach(place: &Place) -> Result<Self, OperatorError> {
        let options = match place {
            Place::Aws => {
                return Ok(Services {
                    access: Access::from_environment()?,
                    host: None,
                    ahead: SignedDuration::ZERO,
                });
            }
            Place::Local(options) => options,
        };
        if !options.data.join("host.lock").is_file() {
            let problem = format!("no host has kept anything in {}", options.data.display());
            return Err(OperatorError::Usage(problem));
        }
        let quiet = Options {
            binaries: Binaries::None,
            port: 0,
            aws_port: 0,
            ..(**options).clone()
        };
        match Host::start(quiet).await {
            Ok(host) => Ok(Services {
                access: Access::local(host.aws_port()),
                host: Some(host),
                ahead: SignedDuration::ZERO,
            }),
            // One is running on it: that one is asked.
            Err(StartError::Data(DataError::InUse(data))) => {
                let told = announced(&data)?;
                let ahead = told.clock_offset_seconds.unwrap_or(0);
                Ok(Services {
                    access: Access::local(told.aws_port),
                    host: None,
                    ahead: SignedDuration::from_secs(ahead),
                })
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn leave(self) {
        if let Some(host) = self.host {
            host.stop().await;
        }
    }
}

fn announced(data: &Path) -> Result<Announced, OperatorError> {
    let unknown = |error: String| {
        let data = data.display();
        OperatorError::Usage(format!(
            "the host that uses {data} cannot be found: {error}"
        ))
    };
    let text = std::fs::read_to_string(data.join("host.json"));
    let text = text.map_err(|error| unknown(error.to_string()))?;
    serde_json::from_str(&text).map_err(|error| unknown(error.to_string()))
}

/// The table and the buckets, by name.
fn names(place: &Place) -> Result<[String; 3], OperatorError> {
    const NAMES: [&str; 3] = ["TABLE_NAME", "MAIL_BUCKET", "FILES_BUCKET"];
    match place {
        Place::Aws => Ok([
            config::required(NAMES[0])?,
            config::required(NAMES[1])?,
            config::required(NAMES[2])?,
        ]),
        Place::Local(options) => {
            // Whoever asks for names alone has no use for what these are.
            let nothing = "https://localhost".to_owned();
            let offered = Offered {
                issuer: nothing.clone(),
                base_url: nothing.clone(),
                token_secret: nothing.clone(),
                client_secret: nothing,
            };
            let text = options.read_template()?;
            let template = wiring::template(&text, &options.parameters, &offered, 0)
                .map_err(StartError::from)?;
            let mut names = [const { String::new() }; 3];
            for (name, variable) in names.iter_mut().zip(NAMES) {
                let functions = template.functions.iter();
                let value = functions
                    .filter_map(|function| function.environment.get(variable))
                    .next();
                *name = value.cloned().ok_or(ConfigError::Missing(variable))?;
            }
            Ok(names)
        }
    }
}

/// Audits, and prints what was found.
///
/// # Errors
/// [`OperatorError::Findings`] when anything was.
pub async fn run_audit(
    place: &Place,
    now: Option<Timestamp>,
    grace: SignedDuration,
    say: &(dyn Fn(&str) + Sync),
) -> Result<(), OperatorError> {
    let [table, raw_mails, files] = names(place)?;
    let services = Services::reach(place).await?;
    let sdk = sdk_config(services.access.clone());
    let sources = Sources {
        store: Store::named(&sdk, table),
        raw_mails: Bucket::named(&sdk, raw_mails),
        files: Bucket::named(&sdk, files),
    };
    let settings = Settings {
        now: now.unwrap_or_else(|| clock::now() + services.ahead),
        grace,
        pause: PAUSE,
    };
    let audited = audit(&sources, &settings).await;
    services.leave().await;
    let audited = audited?;
    say(&report(&audited));
    match audited.findings.len() {
        0 => Ok(()),
        count => Err(OperatorError::Findings(count)),
    }
}

fn report(audited: &Audited) -> String {
    let mut text = String::new();
    for (kind, findings) in audited.by_kind() {
        text.push_str(&format!("{kind}: {} {}\n", findings.len(), kind.meaning()));
        for finding in findings.iter().take(SHOWN) {
            text.push_str(&format!("  {}: {}\n", finding.place, finding.detail));
        }
        if findings.len() > SHOWN {
            text.push_str(&format!("  and {} more\n", findings.len() - SHOWN));
        }
    }
    let Audited {
        rows,
        tickets,
        mails_in,
        mails_out,
        files,
        given_up,
        passes,
        read_units,
        findings,
    } = audited;
    text.push_str(&format!(
        "{rows} rows, {tickets} tickets, {mails_in} mails in, {mails_out} mails out, {files} files; \
         read {passes} times for {read_units} read units\n\
         {given_up} messages were given up in the last three weeks\n\
         {} findings\n",
        findings.len(),
    ));
    text
}

/// How far numbers may be moved on: each that nobody has becomes a row.
const NUMBERS: u64 = 10_000;

/// Shows what a restored table owes and how far its numbers go, and changes that as it
/// is told to, before any function works on it.
///
/// # Errors
/// When functions do, or the table does not do it.
pub async fn run_restored(
    place: &Place,
    restoring: Restoring,
    say: &(dyn Fn(&str) + Sync),
) -> Result<(), OperatorError> {
    let [table, ..] = names(place)?;
    let services = Services::reach(place).await?;
    let store = Store::named(&sdk_config(services.access.clone()), table);
    let done = make_fit(&store, restoring, say).await;
    services.leave().await;
    done
}

async fn make_fit(
    store: &Store,
    restoring: Restoring,
    say: &(dyn Fn(&str) + Sync),
) -> Result<(), OperatorError> {
    let owed = store.owed_mails().await?;
    let mut struck = 0;
    for row in &owed {
        let what = format!("since {}: {}", row.since, described(&row.doorbell));
        if restoring.mails == Owed::Shown {
            say(&format!("owed {what}\n"));
            continue;
        }
        match store.strike_mail(&row.doorbell).await? {
            Struck::Now => {
                struck += 1;
                say(&format!("struck, owed {what}\n"));
            }
            Struck::Gone => {}
            Struck::InUse => {
                let problem = "functions work on this table".to_owned();
                return Err(OperatorError::Usage(problem));
            }
        }
    }
    let taken = store.last_number().await?;
    if let Some(last) = restoring.numbers_to {
        if last > taken.saturating_add(NUMBERS) {
            let problem = format!("{last} is more than {NUMBERS} numbers after {taken}");
            return Err(OperatorError::Usage(problem));
        }
        store.take_numbers_to(last).await?;
    }
    let taken = store.last_number().await?;
    say(&format!(
        "{} mails were owed, {struck} are struck; numbers up to {taken} are given\n",
        owed.len()
    ));
    Ok(())
}

fn described(mail: &Doorbell) -> String {
    match mail {
        Doorbell::Outbox {
            ticket,
            seq,
            effect,
        } => format!("{} of ticket {ticket}, step {seq}", effect.as_str()),
        Doorbell::Answer { mail } => format!("the answer to mail {mail}"),
        Doorbell::Timer { ticket, .. } => format!("a timer of ticket {ticket}"),
        Doorbell::HandOver { version } => {
            format!("what version {version} of the catalogue changes")
        }
        Doorbell::Ending { holder, .. } => format!("the end of the accounts of {holder}"),
        Doorbell::Reviews { .. } => "the reviews of a quarter".to_owned(),
        Doorbell::ReviewSigned { quarter, .. } => format!("a review of {quarter}"),
        Doorbell::ReviewNotice { quarter, .. } => format!("a notice of a review of {quarter}"),
    }
}

/// Shows the dead letters, or sends those of one queue back.
///
/// # Errors
/// When the queue is not known, or SQS does not do it.
pub async fn run_redrive(
    place: &Place,
    queue: Option<&str>,
    say: &(dyn Fn(&str) + Sync),
) -> Result<(), OperatorError> {
    let services = Services::reach(place).await?;
    let done = send_back(&services, queue, say).await;
    services.leave().await;
    done
}

async fn send_back(
    services: &Services,
    queue: Option<&str>,
    say: &(dyn Fn(&str) + Sync),
) -> Result<(), OperatorError> {
    let sdk = sdk_config(services.access.clone());
    let all = dead_letters(&sdk).await?;
    let Some(wanted) = queue else {
        for DeadLetters { name, waiting, .. } in &all {
            say(&format!("{waiting:>6}  {name}\n"));
        }
        return Ok(());
    };
    let matches: Vec<_> = all
        .iter()
        .filter(|queue| queue.answers_to(wanted))
        .collect();
    let [queue] = matches.as_slice() else {
        let problem = format!(
            "{wanted} names {} queues of dead letters, not one",
            matches.len()
        );
        return Err(OperatorError::Usage(problem));
    };
    redrive(&sdk, queue).await?;
    say(&format!(
        "{} messages of {} go back\n",
        queue.waiting, queue.name
    ));
    Ok(())
}
