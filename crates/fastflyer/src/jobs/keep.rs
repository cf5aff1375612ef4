//! [`Keep`]: where the locks and the history of the jobs are, opened when a job needs them.
//!
//! A service without jobs writes nothing.

use fastkit::{
    executor::{
        lock::{Answer, Boxed, Claim, Lock, LockError},
        store::{Entry, Store},
    },
    settings::Settings,
};
use std::{io, path::PathBuf};

#[derive(Debug)]
pub(super) struct Keep {
    folder: PathBuf,
}

impl Keep {
    pub(super) fn new(settings: &Settings) -> Self {
        Self {
            folder: settings.job_path.clone(),
        }
    }

    pub(super) fn open(&self, single: bool) -> Result<(), String> {
        let _ = single;
        todo!()
    }
}

impl Lock for Keep {
    fn acquire<'a>(&'a self, claim: &'a Claim) -> Boxed<'a, Result<Answer, LockError>> {
        todo!("{:?} {claim:?}", self.folder)
    }
}

impl Store for Keep {
    fn append(&self, entries: &[Entry]) -> io::Result<()> {
        todo!("{entries:?}")
    }

    fn poll(&self) -> io::Result<Vec<Entry>> {
        todo!()
    }
}
