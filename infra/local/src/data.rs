//! The data directory: what is in it, and that one host alone uses it.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use serde_json::json;
use ulid::Ulid;

/// Why the data directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    /// Something about its files failed.
    #[error("the data directory: {0}")]
    Io(#[from] io::Error),
    /// Another host uses it.
    #[error("another host uses the data directory {0}")]
    InUse(PathBuf),
}

/// The file that says which region of another DynamoDB is this directory's.
const REGION: &str = "dynamodb-region";

/// A data directory that is locked until this is dropped.
pub(crate) struct DataDirectory {
    path: PathBuf,
    _lock: File,
}

impl DataDirectory {
    /// Locks the directory, which is created where it is missing.
    pub(crate) fn open(path: &Path) -> Result<Self, DataError> {
        fs::create_dir_all(path)?;
        let path = path.canonicalize()?;
        let lock = File::options()
            .create(true)
            .write(true)
            .truncate(false)
            .open(path.join("host.lock"))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(DataError::InUse(path)),
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }
        let directory = Self { path, _lock: lock };
        // It tells of a host that is gone.
        directory.remove("host.json")?;
        Ok(directory)
    }

    /// Deletes what hosts have put here, and nothing else.
    pub(crate) fn reset(&self) -> Result<(), DataError> {
        for database in ["table.db", "host.db"] {
            for suffix in ["", "-wal", "-shm"] {
                self.remove(&format!("{database}{suffix}"))?;
            }
        }
        for file in ["jwt-key.pem", "token-secret", "client-secret", REGION] {
            self.remove(file)?;
        }
        for directory in [self.logs(), self.objects()] {
            let files = match fs::read_dir(&directory) {
                Ok(files) => files,
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(error.into()),
            };
            for file in files {
                let file = file?.path();
                // An object's file has no extension.
                if file.extension().is_none_or(|extension| extension == "log") {
                    fs::remove_file(file)?;
                }
            }
        }
        Ok(())
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        match fs::remove_file(self.file(name)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            result => result,
        }
    }

    /// The path of a file in the directory.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// The directory of the functions' logs.
    pub(crate) fn logs(&self) -> PathBuf {
        self.path.join("logs")
    }

    /// The directory of the objects' bytes.
    pub(crate) fn objects(&self) -> PathBuf {
        self.path.join("objects")
    }

    /// The region that is this directory's alone in another DynamoDB, for as long as
    /// what is kept here is.
    pub(crate) fn region(&self) -> io::Result<String> {
        let path = self.file(REGION);
        match fs::read_to_string(&path) {
            Ok(region) => Ok(region),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let region = format!("local-{}", Ulid::generate()).to_lowercase();
                fs::write(path, &region)?;
                Ok(region)
            }
            Err(error) => Err(error),
        }
    }

    /// Writes down, for whoever started the host on any free port, where it is.
    pub(crate) fn announce(
        &self,
        port: u16,
        aws_port: u16,
        smtp_port: Option<u16>,
        clock_offset_seconds: Option<i64>,
    ) -> Result<(), DataError> {
        let text = json!({
            "clock_offset_seconds": clock_offset_seconds,
            "port": port,
            "aws_port": aws_port,
            "smtp_port": smtp_port,
            "pid": std::process::id(),
        });
        let draft = self.file("host.json.draft");
        fs::write(&draft, text.to_string())?;
        Ok(fs::rename(draft, self.file("host.json"))?)
    }
}
