//! What a host is started with.

use std::path::{Path, PathBuf};
use std::time::Duration;

use emulator::store::Durability;
use jiff::Timestamp;

use crate::binaries::{Binaries, Profile};
use crate::error::StartError;
use crate::watch::MINUTE;

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
    /// A DynamoDB that keeps the tables in place of the host's own: its URL.
    pub dynamodb: Option<String>,
    /// Most rows that a page of the tables has, where it is not as many as there are.
    pub rows_a_page: Option<usize>,
    /// When a commit to the table is on the disk.
    pub durability: Durability,
    /// How many processes a function may have.
    pub max_processes: usize,
    /// The time that the functions' clock starts at; the real one if none.
    pub now: Option<Timestamp>,
    /// What an empty desk is filled with.
    pub filling: Filling,
    /// How long a minute of the schedules and the alarms takes.
    pub minute: Duration,
}

/// What an empty desk is filled with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Filling {
    Nothing,
    /// A week of requests.
    Sample,
}

/// What becomes of the data that an earlier host left.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Start {
    /// It is taken up.
    Continue,
    /// It is deleted.
    Empty,
}

impl Options {
    /// The text of the template.
    pub(crate) fn read_template(&self) -> Result<String, StartError> {
        std::fs::read_to_string(&self.template)
            .map_err(|error| StartError::TemplateFile(self.template.clone(), error))
    }
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
            dynamodb: None,
            rows_a_page: None,
            durability: Durability::Full,
            max_processes: 3,
            now: None,
            filling: Filling::Nothing,
            minute: MINUTE,
        }
    }
}
