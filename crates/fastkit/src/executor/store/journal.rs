//! [`Journal`]: the store in a file of JSON lines, which the processes of a host share.
//!
//! Everybody appends under one lock, whole lines or nothing, and reads what is new by its length. A file
//! that is large and mostly stale is replaced by one that says the same: its first line tells which file it
//! is, and who sees another one reads it from the start. It is not a database: what is appended survives
//! the process at once, and a power failure as far as the system has written it.

mod file;
mod state;

use super::{Entry, Store};
use file::{Access, Files, Header, Lines};
use state::State;
use std::{
    io::{self, Seek, SeekFrom},
    mem,
    path::PathBuf,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

/// From this size on, in bytes, a file may be replaced by a smaller one.
const LARGE: u64 = 1024 * 1024;

/// What is remembered in the file `jobs.jsonl` of a folder, by all processes that open that folder.
///
/// [`poll`](Store::poll) gives first a short form of what is there: of each job its last
/// [`Due`](super::Fact::Due) (the latest, unless that is more than a day after one that came later: a clock
/// was wrong then), its last 20 runs, whether it is paused, and whether it was removed. Later it
/// gives what is new. Facts are idempotent: they say how things are, not what to add to them. After the
/// file was replaced, facts that later ones of the same job have undone are left out, those of one job come
/// in another order (its runs by their end), and some may come again; taken in, they lead to the same.
///
/// Lines that cannot be read are left out, with one warning, and are put into `jobs.damaged` when the file
/// is replaced. A line without its end, of a process that died while it wrote, is one of them.
///
/// Memory and file are bounded: 100,000 runs over all jobs, fewer than 20 of each beyond 5,000 jobs; 200,000
/// jobs, the longest untouched of which are forgotten first, but for paused ones.
///
/// ```
/// use chrono::Utc;
/// use fastkit::executor::store::{Entry, Fact, Journal, Store};
///
/// # let folder = tempfile::tempdir()?;
/// # let folder = folder.path();
/// let (one, two) = (Journal::open(folder)?, Journal::open(folder)?);
/// let entry = Entry { job: "report".into(), fact: Fact::Due { at: Utc::now() } };
/// one.append(&[entry.clone()])?;
/// assert_eq!(two.poll()?, [entry]);
/// assert_eq!(two.poll()?, []);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct Journal {
    files: Files,
    large: u64,
    reader: Mutex<Reader>,
    /// Whether it was said already that the file cannot be replaced.
    said_large: AtomicBool,
}

#[derive(Debug, Default)]
struct Reader {
    state: State,
    /// Which file was read last; none before the first poll.
    generation: Option<String>,
    /// Up to where: the end of a line.
    offset: u64,
    /// How long the file was, with the beginning of a line perhaps.
    seen: u64,
    began: bool,
    /// Whether it was said already that lines are damaged.
    said_damaged: bool,
}

impl Journal {
    /// The journal of this folder, which is made if it is not there.
    ///
    /// # Errors
    ///
    /// When the folder cannot be made or written to; the error names the path.
    pub fn open(folder: impl Into<PathBuf>) -> io::Result<Self> {
        Self::with_large(folder.into(), LARGE)
    }

    fn with_large(folder: PathBuf, large: u64) -> io::Result<Self> {
        let files = Files::open(folder)?;
        let journal = Self {
            files,
            large,
            reader: Mutex::default(),
            said_large: AtomicBool::new(false),
        };
        // Now, and not at the first entry, somebody looks at errors.
        journal.append(&[])?;
        Ok(journal)
    }

    fn reader(&self) -> MutexGuard<'_, Reader> {
        self.reader.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is new since the last time. Errors do not name the file yet.
    fn news(&self, reader: &mut Reader) -> io::Result<Vec<Entry>> {
        if !self.is_news(reader)? {
            return Ok(Vec::new());
        }
        // Nobody takes back half of what was written meanwhile.
        let _lock = self.files.lock(Access::Read)?;
        let Some(mut file) = self.files.read()? else {
            return Ok(Vec::new());
        };
        let header = Header::read(&mut file)?;
        let length = file.metadata()?.len();
        let generation = header.as_ref().map(|header| header.generation.clone());
        // Without a header it cannot be told whether it is still the same file.
        let goes_on =
            header.is_some() && generation == reader.generation && length >= reader.offset;
        let start = if goes_on {
            reader.offset
        } else {
            header.map_or(0, |header| header.length)
        };
        file.seek(SeekFrom::Start(start))?;
        let mut lines = Lines::new(file);
        let (mut entries, mut damaged) = (Vec::new(), 0);
        while let Some(line) = lines.next_line(false)? {
            match parse(line) {
                Some(entry) => entries.push(entry),
                None if line.is_empty() => {}
                None => damaged += 1,
            }
        }
        // From here on nothing fails: what was read counts as read.
        reader.offset = start + lines.whole();
        reader.seen = length;
        reader.generation = generation;
        if damaged > 0 && !mem::replace(&mut reader.said_damaged, true) {
            let path = self.files.path().display();
            tracing::warn!(
                target: "fastkit::executor", lines = damaged,
                "{path}: lines that cannot be read are left out"
            );
        }
        reader.began = true;
        if goes_on {
            entries.retain(|entry| reader.state.apply(entry));
            reader.state.forget();
            return Ok(entries);
        }
        let mut state = State::default();
        for entry in &entries {
            state.apply(entry);
        }
        state.forget();
        let before = mem::replace(&mut reader.state, state);
        Ok(reader.state.news_since(before))
    }

    /// Whether the file is another one, or of another length than before.
    fn is_news(&self, reader: &Reader) -> io::Result<bool> {
        let Some(mut file) = self.files.read()? else {
            return Ok(false);
        };
        let length = file.metadata()?.len();
        if !reader.began || length != reader.seen {
            return Ok(true);
        }
        let header = Header::read(&mut file)?;
        Ok(header.map(|header| header.generation) != reader.generation)
    }

    /// Replaces the file by one with the same meaning. Under the lock.
    fn compact(&self) -> io::Result<()> {
        let mut state = State::default();
        let mut damaged = Vec::new();
        if let Some(mut file) = self.files.read()? {
            let start = Header::read(&mut file)?.map_or(0, |header| header.length);
            file.seek(SeekFrom::Start(start))?;
            let mut lines = Lines::new(file);
            // Without its end, the last line will never be whole: nobody else writes now.
            while let Some(line) = lines.next_line(true)? {
                match parse(line) {
                    Some(entry) => drop(state.apply(&entry)),
                    None if line.is_empty() => {}
                    None => {
                        damaged.extend_from_slice(line);
                        damaged.push(b'\n');
                    }
                }
            }
        }
        state.forget();
        self.files.put_aside(&damaged)?;
        self.files.replace(&to_lines(&state.entries())?)
    }
}

impl Store for Journal {
    fn append(&self, entries: &[Entry]) -> io::Result<()> {
        let lines = to_lines(entries)?;
        let _lock = self.files.lock(Access::Write)?;
        let kept = match self.files.read()? {
            None => {
                self.files.replace(&[])?;
                Some(0)
            }
            Some(mut file) => Header::read(&mut file)
                .map_err(|error| self.files.named(error))?
                .map(|header| header.kept),
        };
        let length = self.files.append(&lines)?;
        // One that somebody has emptied gets a header again.
        let is_due = kept.is_none_or(|kept| length > self.large.max(kept.saturating_mul(2)));
        if is_due {
            // The entries are there: what is in the way of a smaller file concerns nobody but us.
            if let Err(error) = self.compact()
                && !self.said_large.swap(true, Ordering::Relaxed)
            {
                tracing::warn!(target: "fastkit::executor", "the journal of jobs stays larger than it need be: {error}");
            }
        }
        Ok(())
    }

    fn poll(&self) -> io::Result<Vec<Entry>> {
        self.news(&mut self.reader())
            .map_err(|error| self.files.named(error))
    }
}

fn parse(line: &[u8]) -> Option<Entry> {
    serde_json::from_slice(line).ok()
}

fn to_lines(entries: &[Entry]) -> io::Result<Vec<u8>> {
    let mut lines = Vec::new();
    for entry in entries {
        serde_json::to_writer(&mut lines, entry)?;
        lines.push(b'\n');
    }
    Ok(lines)
}

#[cfg(test)]
mod tests;
