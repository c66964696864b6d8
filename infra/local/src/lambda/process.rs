//! A function's process: how it is started, and what it has left in its log.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use emulator::arn::REGION;
use emulator::roles::SECRET;
use tokio::process::{Child, Command};

/// All that it takes to start a process of one function.
pub(crate) struct Launch {
    program: PathBuf,
    /// The executable that [`become_function`] is reached through, if any.
    leash: Option<PathBuf>,
    log: PathBuf,
    environment: Vec<(String, String)>,
    runtime_api: String,
}

impl Launch {
    /// The environment is what Lambda gives, with the endpoints of this host.
    pub(crate) fn new(
        function: &template::Function,
        binaries: &Path,
        logs: &Path,
        runtime_port: u16,
        aws_port: u16,
        clock_offset: Option<i64>,
    ) -> Self {
        let mut environment: Vec<(String, String)> = [
            ("AWS_LAMBDA_FUNCTION_NAME", function.name.clone()),
            ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST".to_owned()),
            (
                "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
                function.memory_mb.to_string(),
            ),
            ("AWS_LAMBDA_LOG_FORMAT", "JSON".to_owned()),
            ("_HANDLER", "bootstrap".to_owned()),
            ("LAMBDA_TASK_ROOT", binaries.display().to_string()),
            ("AWS_REGION", REGION.to_owned()),
            ("AWS_DEFAULT_REGION", REGION.to_owned()),
            // What it is known by, to whoever looks what its role allows.
            ("AWS_ACCESS_KEY_ID", function.name.clone()),
            ("AWS_SECRET_ACCESS_KEY", SECRET.to_owned()),
            ("AWS_SESSION_TOKEN", "local".to_owned()),
            ("AWS_ENDPOINT_URL", format!("http://127.0.0.1:{aws_port}")),
            ("RUST_BACKTRACE", "1".to_owned()),
            (cloud::clock::SWEEPS_AHEAD, "yes".to_owned()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into();
        let level = function.log_level.clone();
        environment.extend(level.map(|level| ("AWS_LAMBDA_LOG_LEVEL".to_owned(), level)));
        environment.extend(function.environment.clone());
        if let Some(seconds) = clock_offset {
            environment.push((cloud::clock::OFFSET.to_owned(), seconds.to_string()));
        }
        Self {
            program: binaries.join(&function.name),
            leash: leash(),
            log: logs.join(format!("{}.log", function.name)),
            environment,
            // With a base path, the Rust runtime client wants the scheme too.
            runtime_api: format!("http://127.0.0.1:{runtime_port}/{}", function.name),
        }
    }

    /// Starts a process that the Runtime API will know as `instance`, and says
    /// where in the log it begins.
    pub(crate) fn start(&self, instance: u64) -> io::Result<(Child, u64)> {
        let log = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&self.log)?;
        let beginning = log.metadata()?.len();
        let mut command = match &self.leash {
            Some(leash) => {
                let mut command = Command::new(leash);
                command
                    .arg(BECOME_FUNCTION)
                    .arg(std::process::id().to_string())
                    .arg(&self.program);
                command
            }
            None => Command::new(&self.program),
        };
        let child = command
            .env_clear()
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .env(
                "AWS_LAMBDA_RUNTIME_API",
                format!("{}/{instance}", self.runtime_api),
            )
            // Ctrl-C is for the host alone, which lets them finish.
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .kill_on_drop(true)
            .spawn()?;
        Ok((child, beginning))
    }

    /// What the function has logged from a place on. Its first lines say what
    /// is wrong, before a backtrace does at length.
    pub(crate) fn logged_since(&self, beginning: u64) -> String {
        let read = || -> io::Result<String> {
            let mut file = File::open(&self.log)?;
            file.seek(SeekFrom::Start(beginning))?;
            let mut text = Vec::new();
            file.take(1_000).read_to_end(&mut text)?;
            Ok(String::from_utf8_lossy(&text).trim().to_owned())
        };
        read().unwrap_or_else(|error| format!("(no log: {error})"))
    }
}

/// The first argument of an executable that is to call [`become_function`].
pub const BECOME_FUNCTION: &str = "become-function";

/// Turns this process into a function's that the kernel kills when the host
/// dies, even where the host cannot: idle functions see that their Runtime API
/// is gone, but one whose handler never ends does not. Returns only on failure.
///
/// The arguments are those after [`BECOME_FUNCTION`]: the host's process id and
/// the function's executable.
pub fn become_function(mut arguments: impl Iterator<Item = OsString>) -> io::Error {
    let (Some(host), Some(program)) = (arguments.next(), arguments.next()) else {
        return io::Error::other("the host and the program are missing");
    };
    // The host's thread that started this process counts as its parent. It is
    // one of the asynchronous runtime's, which live as long as the host.
    if let Err(error) =
        rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))
    {
        return error.into();
    }
    // The host may have died before that.
    let parent = rustix::process::getppid().map(|parent| parent.as_raw_nonzero().to_string());
    if parent.as_deref() != host.to_str() {
        return io::Error::other("the host is gone");
    }
    std::process::Command::new(program).exec()
}

/// The host's executable: this one, or the one beside a test's.
fn leash() -> Option<PathBuf> {
    let this = std::env::current_exe().ok()?;
    let mut candidates = this
        .ancestors()
        .skip(1)
        .take(2)
        .map(|directory| directory.join("local"));
    candidates.find(|path| path.is_file())
}

/// What a process uses.
#[derive(Debug, Default)]
pub(crate) struct Usage {
    pub(crate) resident_bytes: u64,
    pub(crate) cpu_seconds: f64,
}

/// Reads what a process uses from `/proc`; nothing where it is gone.
pub(crate) fn usage(pid: u32) -> Usage {
    let read =
        |file: &str| std::fs::read_to_string(format!("/proc/{pid}/{file}")).unwrap_or_default();
    let resident_kib = read("status").lines().find_map(|line| {
        line.strip_prefix("VmRSS:")?
            .split_whitespace()
            .next()?
            .parse::<u64>()
            .ok()
    });
    // The name in parentheses may hold anything; fields count from after it.
    // User and system time are the 12th and 13th, in ticks of 1/100 s.
    let stat = read("stat");
    let fields = stat
        .rsplit_once(')')
        .map_or("", |(_, fields)| fields)
        .split_whitespace();
    let ticks: f64 = fields
        .skip(11)
        .take(2)
        .filter_map(|field| field.parse::<f64>().ok())
        .sum();
    Usage {
        resident_bytes: resident_kib.unwrap_or(0) * 1_024,
        cpu_seconds: ticks / 100.0,
    }
}
