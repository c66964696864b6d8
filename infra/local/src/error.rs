//! Why a host did not start.

use std::io;
use std::path::PathBuf;

use emulator::dynamodb::TableError;
use template::TemplateError;

use crate::binaries::BuildError;
use crate::data::DataError;
use crate::http::KeyError;

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
        TableError::Database(_) | TableError::Refused(..) => "",
    }
}
