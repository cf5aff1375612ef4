//! The promises by their numbers, and what measuring one came to.
//!
//! Key types: [`Promise`], [`Finding`], [`Suite`].

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use anyhow::Result;

use crate::service::Start;

/// Something that FastFlyer promises, and how it is measured.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Promise {
    /// As in the documentation.
    pub(crate) number: u32,
    /// In a few words.
    pub(crate) name: &'static str,
    /// Measures it.
    pub(crate) measure: fn(&Suite) -> Result<Finding>,
}

/// What was measured.
#[derive(Debug, Default)]
pub(crate) struct Finding {
    /// What the line says.
    pub(crate) figures: Vec<String>,
    /// What is not as promised.
    pub(crate) missed: Vec<String>,
    /// What could not be measured here, and why.
    pub(crate) skipped: Vec<String>,
}

/// What all measurements share.
#[derive(Debug)]
pub(crate) struct Suite {
    /// The service.
    pub(crate) program: PathBuf,
    /// The process with one single job.
    pub(crate) jobs: PathBuf,
    /// Where the files of services go.
    pub(crate) folder: PathBuf,
    /// The form that fits into a test run.
    pub(crate) short: bool,
    /// Requests of the rolling restarts.
    pub(crate) requests: u64,
    /// Malformed requests.
    pub(crate) corpus: u64,
    /// Where the malformed requests begin.
    pub(crate) seed: u64,
    /// Loads so far.
    pub(crate) runs: AtomicU32,
}

impl Finding {
    /// Adds a figure.
    pub(crate) fn figure(&mut self, text: impl Into<String>) {
        self.figures.push(text.into());
    }

    /// Adds what is not as promised, unless it `holds`.
    pub(crate) fn expect(&mut self, holds: bool, otherwise: impl FnOnce() -> String) {
        if !holds {
            self.missed.push(otherwise());
        }
    }
}

impl Suite {
    /// A service with its files in a folder of that name.
    pub(crate) fn service(&self, name: &str) -> Start<'_> {
        Start {
            program: &self.program,
            folder: self.folder.join(name),
            settings: Vec::new(),
            through: Vec::new(),
            piped: false,
        }
    }

    /// A name for the requests of one load.
    pub(crate) fn run(&self) -> String {
        let run = self.runs.fetch_add(1, Relaxed);
        format!("{:x}.{run}", std::process::id())
    }

    /// The first number in the short form, else the second.
    pub(crate) fn pick<T>(&self, short: T, long: T) -> T {
        if self.short { short } else { long }
    }
}
