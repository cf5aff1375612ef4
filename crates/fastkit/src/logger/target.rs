//! What a sink writes to: a stream, or a file that is rotated by size and day.
//!
//! Several processes may append to one file: a rotation happens under the file's lock, and a
//! process that finds its file replaced simply opens the new one. Only the sink's thread is here.

use chrono::{DateTime, Local, NaiveDate};
use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Write},
    path::{Path, PathBuf},
    time::SystemTime,
};

/// When a log file is put aside: `error.log` becomes `error.log.1`, that one `error.log.2`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rotation {
    /// The size in bytes that a file may reach; lines are never cut in two. 0: any size.
    pub max_bytes: u64,
    /// Whether each day (in local time) begins a new file.
    pub daily: bool,
    /// How many old files are kept, at least one.
    pub keep: usize,
}

impl Default for Rotation {
    /// A file per day and per 100 MiB, of which 7 are kept.
    fn default() -> Self {
        Self {
            max_bytes: 100 * 1024 * 1024,
            daily: true,
            keep: 7,
        }
    }
}

pub(super) enum Target {
    Stream(Box<dyn Write + Send>),
    File(LogFile),
}

impl Target {
    /// Standard output without the line buffer that the standard library puts in front.
    #[cfg(unix)]
    pub(super) fn stdout() -> io::Result<Self> {
        use std::os::fd::AsFd;
        Ok(Self::Stream(Box::new(File::from(
            io::stdout().as_fd().try_clone_to_owned()?,
        ))))
    }

    #[cfg(not(unix))]
    pub(super) fn stdout() -> io::Result<Self> {
        Ok(Self::Stream(Box::new(io::stdout())))
    }

    pub(super) fn file(path: PathBuf, rotation: Option<Rotation>) -> io::Result<Self> {
        LogFile::open(path, rotation).map(Self::File)
    }

    /// Writes a part of the bytes, which begin at any byte of a line and end with a whole one.
    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Stream(stream) => {
                let written = stream.write(bytes)?;
                if written == bytes.len() {
                    stream.flush()?;
                }
                Ok(written)
            }
            Self::File(file) => file.write(bytes),
        }
    }

    pub(super) fn reopen(&mut self) -> io::Result<()> {
        match self {
            Self::Stream(_) => Ok(()),
            Self::File(file) => file.reopen(),
        }
    }

    /// Whether trying again is in vain: the reader of a stream has gone. A file may come back (a
    /// disk gets room again), and so does a pipe that is merely full.
    pub(super) fn is_lost(&self, error: &io::Error) -> bool {
        matches!(self, Self::Stream(_)) && error.kind() != io::ErrorKind::WouldBlock
    }
}

pub(super) struct LogFile {
    path: PathBuf,
    file: File,
    rotation: Option<Rotation>,
    day: NaiveDate,
    /// Whether the last byte that was written ended a line: rotation waits for that.
    between_lines: bool,
}

impl LogFile {
    fn open(path: PathBuf, rotation: Option<Rotation>) -> io::Result<Self> {
        if let Some(folder) = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty())
        {
            fs::create_dir_all(folder)?;
        }
        let file = append_to(&path)?;
        // A file of yesterday is put aside by the first line of today.
        let written = file
            .metadata()
            .and_then(|metadata| metadata.modified())
            .unwrap_or_else(|_| SystemTime::now());
        let day = DateTime::<Local>::from(written).date_naive();
        Ok(Self {
            path,
            file,
            rotation,
            day,
            between_lines: true,
        })
    }

    fn reopen(&mut self) -> io::Result<()> {
        self.file = append_to(&self.path)?;
        self.between_lines = true;
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let end = match self.rotation {
            Some(rotation) if self.between_lines => self.make_room(rotation, bytes)?,
            _ => bytes.len(),
        };
        let written = self.file.write(&bytes[..end])?;
        if let Some(last) = written.checked_sub(1) {
            self.between_lines = bytes[last] == b'\n';
        }
        Ok(written)
    }

    /// Rotates where that is due, and tells how many of the bytes, whole lines, belong into the
    /// current file: at least one line.
    fn make_room(&mut self, rotation: Rotation, bytes: &[u8]) -> io::Result<usize> {
        let first = bytes
            .iter()
            .position(|byte| *byte == b'\n')
            .map_or(bytes.len(), |at| at + 1);
        let today = Local::now().date_naive();
        // Asked of the system, since other processes may append to the file too.
        let mut size = self.file.metadata()?.len();
        let full = |size: u64| {
            rotation.max_bytes > 0 && size > 0 && size + first as u64 > rotation.max_bytes
        };
        if full(size) || (rotation.daily && self.day != today && size > 0) {
            // A folder that allows no renaming must not stop the log: it goes on in the same file.
            if self.rotate(rotation.keep.max(1)).is_err() {
                return Ok(bytes.len());
            }
            size = self.file.metadata()?.len();
        }
        self.day = today;
        if rotation.max_bytes == 0 {
            return Ok(bytes.len());
        }
        let room = usize::try_from(rotation.max_bytes.saturating_sub(size)).unwrap_or(usize::MAX);
        if room >= bytes.len() {
            return Ok(bytes.len());
        }
        let fitting = bytes[..room]
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(0, |at| at + 1);
        Ok(fitting.max(first))
    }

    fn rotate(&mut self, keep: usize) -> io::Result<()> {
        // The lock belongs to this very file: who gets it later finds the path renamed. Another
        // process that holds it may be stopped, so nobody waits; a file system without locks has
        // to do without.
        if let Err(TryLockError::WouldBlock) = self.file.try_lock() {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let outcome = if self.is_current() {
            shift(&self.path, keep)
        } else {
            Ok(())
        };
        let reopened = outcome.and_then(|()| append_to(&self.path));
        let _ = self.file.unlock();
        self.file = reopened?;
        Ok(())
    }

    /// Whether the path still leads to the open file.
    #[cfg(unix)]
    fn is_current(&self) -> bool {
        use std::os::unix::fs::MetadataExt;
        match (fs::metadata(&self.path), self.file.metadata()) {
            (Ok(path), Ok(file)) => (path.dev(), path.ino()) == (file.dev(), file.ino()),
            _ => false,
        }
    }

    #[cfg(not(unix))]
    fn is_current(&self) -> bool {
        true
    }
}

fn append_to(path: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).append(true).open(path)
}

/// `x` to `x.1`, `x.1` to `x.2`, the oldest away.
fn shift(path: &Path, keep: usize) -> io::Result<()> {
    let numbered = |number: usize| {
        let mut name = path.as_os_str().to_owned();
        name.push(format!(".{number}"));
        PathBuf::from(name)
    };
    for number in (1..keep).rev() {
        // Most of these don't exist yet.
        let _ = fs::rename(numbered(number), numbered(number + 1));
    }
    fs::rename(path, numbered(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn write_all(file: &mut LogFile, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let written = file.write(bytes).unwrap();
            bytes = &bytes[written..];
        }
    }

    fn read(folder: &Path, name: &str) -> String {
        fs::read_to_string(folder.join(name)).unwrap_or_default()
    }

    #[test]
    fn rotates_by_size_between_lines_and_keeps_some() {
        let folder = tempfile::tempdir().unwrap();
        let rotation = Rotation {
            max_bytes: 10,
            daily: false,
            keep: 2,
        };
        let mut file = LogFile::open(folder.path().join("a.log"), Some(rotation)).unwrap();
        write_all(&mut file, b"111\n222\n333\n444\n");
        write_all(&mut file, b"a line that is longer than a file\n");
        write_all(&mut file, b"555\n");
        assert_eq!(read(folder.path(), "a.log"), "555\n");
        assert_eq!(
            read(folder.path(), "a.log.1"),
            "a line that is longer than a file\n"
        );
        assert_eq!(read(folder.path(), "a.log.2"), "333\n444\n");
        assert!(!folder.path().join("a.log.3").exists());
    }

    #[test]
    fn rotates_a_file_of_another_day() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.log");
        fs::write(&path, "old\n").unwrap();
        File::options()
            .write(true)
            .open(&path)
            .unwrap()
            .set_modified(SystemTime::now() - Duration::from_secs(3 * 86400))
            .unwrap();
        let mut file = LogFile::open(path, Some(Rotation::default())).unwrap();
        write_all(&mut file, b"new\n");
        write_all(&mut file, b"newer\n");
        assert_eq!(read(folder.path(), "a.log.1"), "old\n");
        assert_eq!(read(folder.path(), "a.log"), "new\nnewer\n");
    }

    #[test]
    fn what_cannot_be_rotated_goes_on_in_the_same_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.log");
        let rotation = Rotation {
            max_bytes: 8,
            daily: false,
            keep: 1,
        };
        let mut file = LogFile::open(path.clone(), Some(rotation)).unwrap();
        let holder = File::open(&path).unwrap();
        holder.lock().unwrap();
        write_all(&mut file, b"111\n222\n");
        assert_eq!(file.write(b"333\n444\n").unwrap(), 8);
        assert_eq!(read(folder.path(), "a.log"), "111\n222\n333\n444\n");
        holder.unlock().unwrap();
        write_all(&mut file, b"555\n");
        assert_eq!(read(folder.path(), "a.log"), "555\n");
    }

    #[test]
    fn two_writers_rotate_one_file_once() {
        let folder = tempfile::tempdir().unwrap();
        let rotation = Rotation {
            max_bytes: 8,
            daily: false,
            keep: 9,
        };
        let open = || LogFile::open(folder.path().join("a.log"), Some(rotation)).unwrap();
        let (mut one, mut two) = (open(), open());
        write_all(&mut one, b"111\n");
        write_all(&mut two, b"222\n");
        write_all(&mut one, b"333\n");
        write_all(&mut two, b"444\n");
        assert_eq!(read(folder.path(), "a.log.1"), "111\n222\n");
        assert_eq!(read(folder.path(), "a.log"), "333\n444\n");
        assert!(!folder.path().join("a.log.2").exists());
    }
}
