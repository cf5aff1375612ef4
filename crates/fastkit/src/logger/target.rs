//! What a sink writes to: a stream, or a file that is rotated by size and day.
//!
//! Several processes may append to one file: a rotation happens under the file's lock, so that one of
//! them does it, and the others find the path leading elsewhere and follow. Each write is whole lines,
//! as far as the system takes them, and looks at the path first. Only the sink's thread is here.

use chrono::{DateTime, Local, NaiveDate};
use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Write},
    path::{Path, PathBuf},
    time::{Duration, Instant, SystemTime},
};

/// What begins a new log file: `flyer_log_rotate`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Rotate {
    /// Each day, in local time, and a size that is reached.
    #[default]
    Day,
    /// A size that is reached.
    Size,
    /// Nothing: something outside puts the files aside.
    Never,
}

impl Rotate {
    /// The name, as it is written in settings.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Size => "size",
            Self::Never => "never",
        }
    }
}

/// How long a file that is gone from its path is still written to. Whoever has moved it is about to
/// make the new one, with the owner and the mode that it wants.
const MISSING: Duration = Duration::from_secs(1);

/// When a log file is put aside: `error.log` becomes `error.log.1`, that one `error.log.2`.
///
/// What is no ordinary file (a device, a pipe, a link to one such as `/dev/stdout`) is never put
/// aside.
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
    /// Since when the path leads nowhere.
    missing: Option<Instant>,
}

impl LogFile {
    fn open(path: PathBuf, rotation: Option<Rotation>) -> io::Result<Self> {
        let file = append_to(&path)?;
        Ok(Self {
            day: day_of(&file),
            path,
            file,
            rotation,
            between_lines: true,
            missing: None,
        })
    }

    fn reopen(&mut self) -> io::Result<()> {
        self.file = append_to(&self.path)?;
        self.day = day_of(&self.file);
        self.between_lines = true;
        self.missing = None;
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // The rest of a line goes where its beginning is.
        if !self.between_lines {
            return self.put(bytes);
        }
        self.follow();
        let end = match self.rotation {
            Some(rotation) => self.make_room(rotation, bytes)?,
            None => bytes.len(),
        };
        let written = self.put(&bytes[..end])?;
        if self.is_deleted() {
            // Between the look at the path and the write, others have rotated the file away for
            // good: nobody will ever read it.
            self.reopen()?;
            return self.put(&bytes[..end]);
        }
        Ok(written)
    }

    fn put(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        if let Some(last) = written.checked_sub(1) {
            self.between_lines = bytes[last] == b'\n';
        }
        Ok(written)
    }

    /// Opens what the path leads to, where that is another file by now: a process beside this one,
    /// or something outside, has put the old one aside. Without success, the old one is written on.
    fn follow(&mut self) {
        let due = match self.is_current() {
            Ok(true) => {
                self.missing = None;
                false
            }
            Ok(false) => true,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                self.is_deleted()
                    || self.missing.get_or_insert_with(Instant::now).elapsed() >= MISSING
            }
            Err(_) => false,
        };
        if due {
            let _ = self.reopen();
        }
    }

    /// Rotates where that is due, and tells how many of the bytes, whole lines, belong into the
    /// current file: at least one line.
    fn make_room(&mut self, rotation: Rotation, bytes: &[u8]) -> io::Result<usize> {
        let first = bytes
            .iter()
            .position(|byte| *byte == b'\n')
            .map_or(bytes.len(), |at| at + 1);
        if !fs::symlink_metadata(&self.path).is_ok_and(|path| path.is_file()) {
            return Ok(bytes.len());
        }
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
        let outcome = match self.is_current() {
            Ok(true) => shift(&self.path, keep),
            _ => Ok(()),
        };
        let reopened = outcome.and_then(|()| append_to(&self.path));
        let _ = self.file.unlock();
        self.file = reopened?;
        self.missing = None;
        Ok(())
    }

    /// Whether the path still leads to the open file.
    #[cfg(unix)]
    fn is_current(&self) -> io::Result<bool> {
        use std::os::unix::fs::MetadataExt;
        let (path, file) = (fs::metadata(&self.path)?, self.file.metadata()?);
        Ok((path.dev(), path.ino()) == (file.dev(), file.ino()))
    }

    /// A file that is open cannot be renamed there.
    #[cfg(not(unix))]
    fn is_current(&self) -> io::Result<bool> {
        Ok(true)
    }

    /// Whether no path leads to the open file any more.
    #[cfg(unix)]
    fn is_deleted(&self) -> bool {
        use std::os::unix::fs::MetadataExt;
        self.file.metadata().is_ok_and(|file| file.nlink() == 0)
    }

    #[cfg(not(unix))]
    fn is_deleted(&self) -> bool {
        false
    }
}

fn append_to(path: &Path) -> io::Result<File> {
    if let Some(folder) = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
    {
        fs::create_dir_all(folder)?;
    }
    OpenOptions::new().create(true).append(true).open(path)
}

/// The day on which a file was written last, or today: a file of yesterday is put aside by the
/// first line of today.
fn day_of(file: &File) -> NaiveDate {
    let written = file
        .metadata()
        .and_then(|metadata| metadata.modified())
        .unwrap_or_else(|_| SystemTime::now());
    DateTime::<Local>::from(written).date_naive()
}

/// `x` to `x.1`, `x.1` to `x.2` and so on up to the first number that is free; the oldest away.
fn shift(path: &Path, keep: usize) -> io::Result<()> {
    let numbered = |number: usize| {
        let mut name = path.as_os_str().to_owned();
        name.push(format!(".{number}"));
        PathBuf::from(name)
    };
    let taken = (1..keep)
        .take_while(|number| numbered(*number).exists())
        .count();
    for number in (1..=taken).rev() {
        fs::rename(numbered(number), numbered(number + 1))?;
    }
    fs::rename(path, numbered(1))
}

#[cfg(test)]
mod tests {
    use super::*;

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

    #[test]
    fn a_file_that_others_have_put_aside_is_left_at_the_next_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.log");
        let mut file = LogFile::open(path.clone(), None).unwrap();
        write_all(&mut file, b"1\n");
        fs::rename(&path, folder.path().join("moved")).unwrap();
        // Nobody has made the new one yet: nothing is lost meanwhile.
        write_all(&mut file, b"2\n");
        fs::write(&path, "").unwrap();
        write_all(&mut file, b"3\n");
        assert_eq!(read(folder.path(), "moved"), "1\n2\n");
        assert_eq!(read(folder.path(), "a.log"), "3\n");
        fs::remove_file(&path).unwrap();
        write_all(&mut file, b"4\n");
        assert_eq!(read(folder.path(), "a.log"), "4\n");
        fs::remove_dir_all(folder.path()).unwrap();
        write_all(&mut file, b"5\n");
        assert_eq!(read(folder.path(), "a.log"), "5\n");
    }

    #[test]
    fn a_file_of_today_that_is_opened_anew_is_not_rotated_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.log");
        let mut file = LogFile::open(path.clone(), Some(Rotation::default())).unwrap();
        write_all(&mut file, b"yesterday\n");
        file.day = file.day.pred_opt().unwrap();
        // Another process was first.
        fs::rename(&path, folder.path().join("a.log.1")).unwrap();
        fs::write(&path, "today\n").unwrap();
        write_all(&mut file, b"too\n");
        assert_eq!(read(folder.path(), "a.log"), "today\ntoo\n");
        assert!(!folder.path().join("a.log.2").exists());
    }

    #[cfg(unix)]
    #[test]
    fn what_is_no_ordinary_file_stays_where_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.log");
        std::os::unix::fs::symlink("/dev/null", &path).unwrap();
        let rotation = Rotation {
            max_bytes: 1,
            daily: true,
            keep: 1,
        };
        let mut file = LogFile::open(path.clone(), Some(rotation)).unwrap();
        file.day = file.day.pred_opt().unwrap();
        write_all(&mut file, b"1\n");
        write_all(&mut file, b"2\n");
        assert_eq!(fs::read_link(&path).unwrap(), Path::new("/dev/null"));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
