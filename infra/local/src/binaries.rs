//! Building the functions with Cargo, and where their executables are.

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;

use tokio::process::Command;

/// Where the functions' executables come from.
#[derive(Clone, Debug, PartialEq)]
pub enum Binaries {
    /// Cargo builds them, next to the host's own executable.
    Build(Profile),
    /// They are next to the host's own executable already.
    Built(Profile),
    /// They are in this directory.
    In(PathBuf),
    /// There are none: the services answer, and no function runs.
    None,
}

/// How Cargo builds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Profile {
    /// For development.
    Dev,
    /// For work.
    Release,
}

impl Profile {
    /// The profile that the host itself was built with.
    pub fn of_host() -> Self {
        if cfg!(debug_assertions) {
            Self::Dev
        } else {
            Self::Release
        }
    }

    fn directory(self) -> &'static str {
        match self {
            Self::Dev => "debug",
            Self::Release => "release",
        }
    }
}

/// Why there are no executables to run.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The host cannot tell where Cargo puts what it builds.
    #[error("the target directory of {0} is not known")]
    NoTargetDirectory(PathBuf),
    /// Something about a file or process failed.
    #[error("building the functions: {0}")]
    Io(#[from] io::Error),
    /// Cargo has said on stderr what is wrong.
    #[error("cargo build failed: {0}")]
    Failed(ExitStatus),
    /// The executable is not there.
    #[error("{0} does not exist; start without --no-build")]
    Missing(PathBuf),
}

impl Binaries {
    /// The directory that the executables of `functions` are in, built first
    /// where that is asked for.
    pub(crate) async fn provide(
        &self,
        workspace: &Path,
        functions: &[&str],
    ) -> Result<PathBuf, BuildError> {
        let directory = match self {
            Self::Build(profile) => {
                let target = target_directory()?;
                build(workspace, &target, *profile, functions).await?;
                target.join(profile.directory())
            }
            Self::Built(profile) => target_directory()?.join(profile.directory()),
            Self::In(directory) => std::path::absolute(directory)?,
            Self::None => return Ok(PathBuf::new()),
        };
        match functions
            .iter()
            .map(|name| directory.join(name))
            .find(|path| !path.is_file())
        {
            Some(missing) => Err(BuildError::Missing(missing)),
            None => Ok(directory),
        }
    }
}

/// The target directory that this executable was built into, so that the
/// functions share its dependencies: the parent of `debug` or `release`.
fn target_directory() -> Result<PathBuf, BuildError> {
    let executable = std::env::current_exe()?;
    let profile = executable
        .ancestors()
        .find(|path| path.ends_with("debug") || path.ends_with("release"))
        .and_then(Path::parent)
        .map(Path::to_owned);
    profile.ok_or(BuildError::NoTargetDirectory(executable))
}

async fn build(
    workspace: &Path,
    target: &Path,
    profile: Profile,
    functions: &[&str],
) -> Result<(), BuildError> {
    let mut cargo = Command::new("cargo");
    cargo
        .arg("build")
        .arg("--manifest-path")
        .arg(workspace.join("Cargo.toml"));
    cargo.arg("--target-dir").arg(target).kill_on_drop(true);
    if profile == Profile::Release {
        cargo.arg("--release");
    }
    // The host's own package stands beside them, although it is built: with it,
    // Cargo settles on the features that it was built with, and takes its
    // dependencies as they are instead of building them once more.
    for package in functions.iter().chain(&[env!("CARGO_PKG_NAME")]) {
        cargo.args(["--package", package]);
    }
    cargo.arg("--bins");
    // `cargo run` describes this package to us in variables that `ring`'s build
    // script watches: left there, ring and all that stands on it is built anew.
    for (name, _) in std::env::vars_os() {
        if describes_package(&name.to_string_lossy()) {
            cargo.env_remove(name);
        }
    }
    let status = cargo.status().await?;
    if status.success() {
        Ok(())
    } else {
        Err(BuildError::Failed(status))
    }
}

/// Whether Cargo sets a variable to tell a program of its own package.
fn describes_package(name: &str) -> bool {
    [
        "CARGO_PKG_",
        "CARGO_MANIFEST_",
        "CARGO_BIN_",
        "CARGO_CRATE_",
        "CARGO_PRIMARY_",
    ]
    .iter()
    .any(|prefix| name.starts_with(prefix))
}
