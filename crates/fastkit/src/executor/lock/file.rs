//! [`FileLock`]: locks among the threads, processes and services of one host, by files.
//!
//! A lock is an advisory lock of the kernel (`flock`) on a file of its own, so that it ends with its
//! holder however that ends: nothing is left to expire or to clean up. It is not for hosts that share a
//! network file system.
//!
//! The work is done in place instead of on a thread for blocking calls: some system calls on a file of
//! 256 bytes without a flush to the disk, about as long as handing them over would take.

use super::{Answer, Boxed, Claim, Fence, Lease, Lock, LockError};
use crate::executor::store::is_far_ahead;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::{
    fmt::{self, Write as _},
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    time::Duration,
};

/// After what time a busy lock is asked for again: the kernel does not say when a holder has died.
const ASK_AGAIN: Duration = Duration::from_secs(1);

/// How many bytes a record takes. It is written over the one before by one call and always as long, so
/// that a holder which is killed meanwhile leaves the old one or the new one, and never an empty file.
const RECORD: usize = 256;

/// The longest file name before it is cut; file systems allow 255 bytes.
const LONGEST_NAME: usize = 180;

/// How often the file is opened anew when it is removed at the moment that it is locked.
const ATTEMPTS: usize = 16;

/// Locks in the files of a folder, for all threads, processes and services of this host that use the
/// same folder.
///
/// There is one file per name, `tasks.hello.lock`. It stays, since it remembers which run is done and the
/// number of the last [`Fence`]; so does the folder, which must be one that nothing cleans up. A lock file
/// that is removed all the same while it is held lets another holder in: the first is told so by its next
/// [`renew`](Lease::renew).
///
/// A holder that dies frees its lock at once, and who is told [`Answer::Busy`] asks again in a second.
///
/// ```
/// use fastkit::executor::lock::FileLock;
///
/// let lock = FileLock::new("/var/lib/demo/locks");
/// assert_eq!(lock.folder(), std::path::Path::new("/var/lib/demo/locks"));
/// ```
#[derive(Clone, Debug)]
pub struct FileLock {
    folder: PathBuf,
}

impl FileLock {
    /// In this folder, which is made when a lock is asked for.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
        }
    }

    /// The folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    fn try_acquire(&self, claim: &Claim) -> Result<Answer, LockError> {
        let path = self.folder.join(file_name(&claim.name));
        let Some(mut held) = self.lock(&path)? else {
            return Ok(Answer::Busy(ASK_AGAIN));
        };
        let now = Utc::now();
        let mut record = held.read(now)?;
        if let (Some(due), Some(done)) = (claim.due, record.done)
            && due <= done
        {
            return Ok(Answer::Done);
        }
        record.fence = u64::try_from(now.timestamp_millis())
            .unwrap_or(0)
            .max(record.fence.saturating_add(1));
        record.due = claim.due;
        held.write(&record)?;
        Ok(Answer::Granted(Box::new(FileLease { held, record })))
    }

    /// The locked file; `None` when another has it.
    fn lock(&self, path: &Path) -> Result<Option<Held>, LockError> {
        for _ in 0..ATTEMPTS {
            let file = self.open(path)?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Ok(None),
                Err(TryLockError::Error(error)) => return Err(failed("lock", path, &error)),
            }
            let held = Held {
                file,
                path: path.to_owned(),
            };
            // Who locks a file that was removed meanwhile has a lock that nobody else can see.
            if held.is_current()? {
                return Ok(Some(held));
            }
        }
        Err(LockError::new(format!(
            "the lock file \"{}\" is removed again and again while it is asked for",
            path.display()
        )))
    }

    fn open(&self, path: &Path) -> Result<File, LockError> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        match options.open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                fs::create_dir_all(&self.folder)
                    .map_err(|error| failed("make the folder", &self.folder, &error))?;
                options.open(path)
            }
            opened => opened,
        }
        .map_err(|error| failed("open", path, &error))
    }
}

impl Lock for FileLock {
    fn acquire<'a>(&'a self, claim: &'a Claim) -> Boxed<'a, Result<Answer, LockError>> {
        Box::pin(async { self.try_acquire(claim) })
    }
}

/// What the file remembers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Record {
    /// What the last holder was due; nothing for a task.
    due: Option<DateTime<Utc>>,
    /// The latest time whose run is done.
    done: Option<DateTime<Utc>>,
    /// When that was written.
    at: Option<DateTime<Utc>>,
    /// The number of the last holder.
    fence: u64,
}

/// A file with the kernel's lock on it.
#[derive(Debug)]
struct Held {
    file: File,
    path: PathBuf,
}

impl Held {
    /// Whether the file is still the one that others find under its name.
    fn is_current(&self) -> Result<bool, LockError> {
        let named = match fs::metadata(&self.path) {
            Ok(named) => named,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(failed("look at", &self.path, &error)),
        };
        let own = self
            .file
            .metadata()
            .map_err(|error| failed("look at", &self.path, &error))?;
        Ok(is_same_file(&named, &own))
    }

    fn read(&mut self, now: DateTime<Utc>) -> Result<Record, LockError> {
        let mut text = Vec::with_capacity(RECORD);
        self.file
            .seek(SeekFrom::Start(0))
            .and_then(|_| (&self.file).take(RECORD as u64).read_to_end(&mut text))
            .map_err(|error| failed("read", &self.path, &error))?;
        if text.is_empty() && self.is_new() {
            return Ok(Record::default());
        }
        let mut record: Record = serde_json::from_slice(&text).unwrap_or_else(|error| {
            tracing::warn!(
                file = %self.path.display(),
                %error,
                "the record of a lock is damaged: it is not known which run was the last, and one may run again"
            );
            Record::default()
        });
        if let Some(at) = record.at
            && is_far_ahead(at, now)
        {
            tracing::warn!(
                file = %self.path.display(),
                %at,
                "the record of a lock was written while the clock was far ahead, and is forgotten"
            );
            record.done = None;
            record.at = None;
        }
        Ok(record)
    }

    /// Whether the file was just made, by this process or by one that has not got the lock yet.
    fn is_new(&self) -> bool {
        let changed = self.file.metadata().and_then(|data| data.modified());
        changed.is_ok_and(|at| at.elapsed().is_ok_and(|age| age < Duration::from_secs(10)))
    }

    fn write(&mut self, record: &Record) -> Result<(), LockError> {
        let fails = |error: &dyn fmt::Display| failed("write", &self.path, error);
        let mut text = serde_json::to_vec(record).map_err(|error| fails(&error))?;
        text.resize(RECORD - 1, b' ');
        text.push(b'\n');
        let mut file = &self.file;
        file.seek(SeekFrom::Start(0))
            .and_then(|_| file.write_all(&text))
            .and_then(|()| file.set_len(RECORD as u64))
            .map_err(|error| fails(&error))
    }
}

impl Drop for Held {
    /// Frees the lock explicitly: closing the file would not while a process that is just being started
    /// still has a copy of it.
    fn drop(&mut self) {
        if let Err(error) = self.file.unlock() {
            tracing::warn!(file = %self.path.display(), %error, "a lock could not be freed");
        }
    }
}

#[derive(Debug)]
struct FileLease {
    held: Held,
    record: Record,
}

impl Lease for FileLease {
    fn fence(&self) -> Fence {
        Fence(self.record.fence)
    }

    fn renew(&mut self) -> Boxed<'_, Result<bool, LockError>> {
        Box::pin(async { self.held.is_current() })
    }

    fn finish(mut self: Box<Self>, done: bool) -> Boxed<'static, Result<(), LockError>> {
        Box::pin(async move {
            if !done || self.record.due.is_none() || !self.held.is_current()? {
                return Ok(());
            }
            self.record.done = self.record.due;
            self.record.at = Some(Utc::now());
            self.held.write(&self.record)
        })
    }
}

#[cfg(unix)]
fn is_same_file(one: &fs::Metadata, other: &fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    (one.dev(), one.ino()) == (other.dev(), other.ino())
}

/// Elsewhere a file that is open cannot be removed.
#[cfg(not(unix))]
fn is_same_file(_: &fs::Metadata, _: &fs::Metadata) -> bool {
    true
}

fn failed(what: &str, path: &Path, error: &dyn fmt::Display) -> LockError {
    LockError::new(format!("cannot {what} \"{}\": {error}", path.display()))
}

/// The name of the file for a name: letters, digits, `_`, `~`, `-` and `.` as they are, the rest (and a
/// dot in front) as `%2E`; what is too long is cut, and made different from its likes by a checksum.
fn file_name(name: &str) -> String {
    let mut safe = String::with_capacity(name.len() + 5);
    for (at, byte) in name.bytes().enumerate() {
        let plain = byte.is_ascii_alphanumeric()
            || matches!(byte, b'_' | b'~' | b'-')
            || byte == b'.' && at > 0;
        if plain {
            safe.push(char::from(byte));
        } else {
            let _ = write!(safe, "%{byte:02X}");
        }
    }
    if safe.is_empty() {
        safe.push('%');
    }
    if safe.len() > LONGEST_NAME {
        safe.truncate(LONGEST_NAME - 40);
        // No byte is written so: what is cut never has the name of something that is not.
        let _ = write!(safe, "%-{:032x}", checksum(name.as_bytes()));
    }
    safe.push_str(".lock");
    safe
}

/// FNV-1a with 128 bits: the same in every version of every service, unlike the hashes of std.
fn checksum(bytes: &[u8]) -> u128 {
    bytes.iter().fold(
        0x6c62_272e_07bb_0142_62b8_2175_6295_c58d,
        |sum: u128, byte| (sum ^ u128::from(*byte)).wrapping_mul(0x0100_0000_0000_0000_0000_013b),
    )
}

#[cfg(test)]
mod tests;
