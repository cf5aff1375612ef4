//! The files of a journal: who may touch them when, and how a line begins and ends. What lines mean is
//! not known here.

use crate::context::RequestId;
use serde::{Deserialize, Serialize};
use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

/// How long the lock is waited for. It is held for milliseconds, but its holder may be a process that
/// somebody has stopped.
const PATIENCE: Duration = Duration::from_secs(10);
/// Longer lines, in bytes, are none of ours.
const LONGEST: usize = 64 * 1024;
/// How many bytes of damaged lines are kept.
const MOST_DAMAGED: u64 = 1024 * 1024;

#[derive(Debug)]
pub(super) struct Files {
    folder: PathBuf,
    data: PathBuf,
}

/// Whether others may read meanwhile.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Access {
    Read,
    Write,
}

/// The first line of a file.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Header {
    /// The version of the format, 1.
    journal: u32,
    /// Which file it is: another one for each that was replaced.
    pub(super) generation: String,
    /// How many bytes were kept of the file before.
    pub(super) kept: u64,
    /// How long the line is, in bytes, with its end.
    #[serde(skip)]
    pub(super) length: u64,
}

impl Header {
    /// That of a file, from its start. None if the file begins with something else.
    pub(super) fn read(file: &mut File) -> io::Result<Option<Self>> {
        let mut start = Vec::with_capacity(256);
        file.take(256).read_to_end(&mut start)?;
        let Some(end) = start.iter().position(|byte| *byte == b'\n') else {
            return Ok(None);
        };
        let header: Option<Self> = serde_json::from_slice(&start[..end]).ok();
        let header = header.filter(|header| header.journal == 1);
        Ok(header.map(|header| Self {
            length: end as u64 + 1,
            ..header
        }))
    }
}

impl Files {
    pub(super) fn open(folder: PathBuf) -> io::Result<Self> {
        fs::create_dir_all(&folder).map_err(|error| at(&folder, error))?;
        Ok(Self {
            data: folder.join("jobs.jsonl"),
            folder,
        })
    }

    pub(super) fn path(&self) -> &Path {
        &self.data
    }

    /// An error that names the data, unless it names a file already.
    pub(super) fn named(&self, error: io::Error) -> io::Error {
        if error.raw_os_error().is_some() {
            return at(&self.data, error);
        }
        error
    }

    /// The lock of the folder, until it is dropped. Beside the data, which are replaced; with a dot, which
    /// no lock of a job has, for these may be in the same folder.
    pub(super) fn lock(&self, access: Access) -> io::Result<File> {
        let path = self.folder.join(".jobs.lock");
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&path)
            .map_err(|error| at(&path, error))?;
        let begin = Instant::now();
        let mut pause = Duration::from_micros(100);
        loop {
            let locked = match access {
                Access::Read => file.try_lock_shared(),
                Access::Write => file.try_lock(),
            };
            match locked {
                Ok(()) => return Ok(file),
                Err(TryLockError::Error(error)) => return Err(at(&path, error)),
                Err(TryLockError::WouldBlock) if begin.elapsed() > PATIENCE => {
                    let text = format!("another process has held the lock for {PATIENCE:?}");
                    let error = io::Error::new(io::ErrorKind::WouldBlock, text);
                    return Err(at(&path, error));
                }
                Err(TryLockError::WouldBlock) => thread::sleep(pause),
            }
            pause = (pause * 2).min(Duration::from_millis(10));
        }
    }

    /// The data, if there are any.
    pub(super) fn read(&self) -> io::Result<Option<File>> {
        match File::open(&self.data) {
            Ok(file) => Ok(Some(file)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(at(&self.data, error)),
        }
    }

    /// Adds lines, all or none, and gives the length then. Under the lock.
    pub(super) fn append(&self, lines: &[u8]) -> io::Result<u64> {
        let named = |error| at(&self.data, error);
        let mut file = OpenOptions::new()
            .read(true)
            .append(true)
            .open(&self.data)
            .map_err(named)?;
        let length = file.metadata().map_err(named)?.len();
        if lines.is_empty() {
            return Ok(length);
        }
        // Who died while it wrote has left half a line: it stays one of its own.
        let mut last = [b'\n'];
        if length > 0 {
            file.seek(SeekFrom::End(-1)).map_err(named)?;
            file.read_exact(&mut last).map_err(named)?;
        }
        let written = if last == [b'\n'] {
            file.write_all(lines)
        } else {
            file.write_all(&[b"\n", lines].concat())
        };
        if let Err(error) = written {
            // A disk that is full takes the first half. What remains of it is a damaged line at worst.
            let _ = file.set_len(length);
            return Err(named(error));
        }
        Ok(file.metadata().map_err(named)?.len())
    }

    /// Puts a new file with these lines in the place of the one that is there. Under the lock.
    pub(super) fn replace(&self, lines: &[u8]) -> io::Result<()> {
        let path = self.folder.join("jobs.new");
        let header = Header {
            journal: 1,
            generation: RequestId::random().to_string(),
            kept: lines.len() as u64,
            length: 0,
        };
        let mut text = serde_json::to_vec(&header)?;
        text.push(b'\n');
        text.extend_from_slice(lines);
        let write = || {
            let mut file = File::create(&path)?;
            file.write_all(&text)?;
            // Before it takes the place of one that is safe.
            file.sync_data()?;
            fs::rename(&path, &self.data)
        };
        write().map_err(|error| {
            let _ = fs::remove_file(&path);
            at(&path, error)
        })
    }

    /// Keeps lines that cannot be read where somebody may look at them.
    pub(super) fn put_aside(&self, lines: &[u8]) -> io::Result<()> {
        if lines.is_empty() {
            return Ok(());
        }
        let path = self.folder.join("jobs.damaged");
        let write = || {
            let mut file = OpenOptions::new().create(true).append(true).open(&path)?;
            if file.metadata()?.len() + lines.len() as u64 > MOST_DAMAGED {
                tracing::warn!(
                    target: "fastkit::executor", "{}: it is full, {} bytes of damaged lines are dropped",
                    path.display(),
                    lines.len()
                );
                return Ok(());
            }
            file.write_all(lines)
        };
        write().map_err(|error| at(&path, error))
    }
}

/// The lines of a file from where it stands.
pub(super) struct Lines {
    file: BufReader<File>,
    line: Vec<u8>,
    whole: u64,
}

impl Lines {
    pub(super) fn new(file: File) -> Self {
        Self {
            file: BufReader::with_capacity(LONGEST, file),
            line: Vec::new(),
            whole: 0,
        }
    }

    /// The next line without its end; of one that is too long its beginning, which is no JSON. The last
    /// one only if it has its end, unless `torn` ones are asked for too.
    pub(super) fn next_line(&mut self, torn: bool) -> io::Result<Option<&[u8]>> {
        self.line.clear();
        let mut length = 0;
        loop {
            let part = self.file.fill_buf()?;
            if part.is_empty() {
                return Ok((torn && !self.line.is_empty()).then_some(&self.line));
            }
            let end = part.iter().position(|byte| *byte == b'\n');
            let text = &part[..end.unwrap_or(part.len())];
            let room = LONGEST - self.line.len();
            self.line.extend_from_slice(&text[..text.len().min(room)]);
            let used = end.map_or(part.len(), |end| end + 1);
            length += used as u64;
            self.file.consume(used);
            if end.is_some() {
                self.whole += length;
                return Ok(Some(&self.line));
            }
        }
    }

    /// How many bytes of whole lines were read.
    pub(super) fn whole(&self) -> u64 {
        self.whole
    }
}

/// An error that names the path.
fn at(path: &Path, error: io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}
