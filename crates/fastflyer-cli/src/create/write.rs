//! Writing: all files of a project are put in place, or none and the folder is as it was.
//!
//! Files are only ever created, never opened for overwriting: what stands in the way is moved to
//! `.backup` first, if that was asked for. Links are not followed out of the folder.

use super::template::File;
use anyhow::{Context as _, bail};
use std::{
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
};

/// Says that a folder was initialised; it also keeps two commands from writing at the same time.
pub(super) const LOCK: &str = ".init_lock";

/// What to do with files that are there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Existing {
    /// Write nothing at all.
    Refuse,
    /// Move those with other content to a folder of their own.
    Keep,
}

/// What was done.
#[derive(Debug, Default)]
pub(super) struct Written {
    pub(super) new: Vec<String>,
    pub(super) replaced: Vec<String>,
    pub(super) unchanged: usize,
    /// Where the replaced files are now, relative to the project.
    pub(super) backup: Option<String>,
}

/// Writes the files under `root`.
///
/// # Errors
///
/// When something is in the way or cannot be written. Nothing is left behind then.
pub(super) fn write(root: &Path, files: &[File], existing: Existing) -> anyhow::Result<Written> {
    check(root, files, existing)?;
    let mut journal = Journal::default();
    put(root, files, existing, &mut journal).map_err(|error| match journal.undo() {
        Ok(()) => error.context("nothing was changed"),
        Err(undo) => error.context(format!(
            "the folder could not be put back as it was ({undo})"
        )),
    })
}

/// Refuses before the first change what can be foreseen.
fn check(root: &Path, files: &[File], existing: Existing) -> anyhow::Result<()> {
    let shown = root.display();
    match fs::metadata(root) {
        Ok(found) if !found.is_dir() => bail!("{shown} is no folder; nothing was written"),
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(error).with_context(|| format!("cannot look at {shown}"));
        }
        _ => {}
    }
    if existing == Existing::Refuse && root.join(LOCK).symlink_metadata().is_ok() {
        bail!(already_initialised(root));
    }
    let mut in_the_way = Vec::new();
    let mut odd = Vec::new();
    for file in files {
        match obstacle(root, &file.name) {
            None => {}
            Some(Obstacle::File) => in_the_way.push(file.name.as_str()),
            Some(Obstacle::Other(what)) => odd.push(what),
        }
    }
    if !odd.is_empty() {
        odd.dedup();
        bail!(
            "in {shown} these are in the way; nothing was written:\n  {}",
            odd.join("\n  ")
        );
    }
    if existing == Existing::Refuse && !in_the_way.is_empty() {
        bail!(
            "in {shown} these files exist already; nothing was written:\n  {}\n\
             With --force they are replaced, and kept in .backup.",
            in_the_way.join("\n  ")
        );
    }
    Ok(())
}

fn already_initialised(root: &Path) -> String {
    format!(
        "{} is a project already (it has {LOCK}); nothing was written. 项目已经被初始化过，请勿重复初始化\n\
         With --force the files of the template are written again, and those replaced are kept in .backup.",
        root.display()
    )
}

/// What stands where a file is to be.
enum Obstacle {
    File,
    /// Something that cannot be replaced.
    Other(String),
}

fn obstacle(root: &Path, name: &str) -> Option<Obstacle> {
    let parts: Vec<&str> = name.split('/').collect();
    for length in 1..=parts.len() {
        let name = parts[..length].join("/");
        let found = root.join(&name).symlink_metadata().ok()?.file_type();
        let last = length == parts.len();
        let what = match (found.is_file(), found.is_dir()) {
            (true, _) if last => return Some(Obstacle::File),
            (_, true) if !last => continue,
            (true, _) => "a file, where a folder has to be",
            (_, true) => "a folder, where a file has to be",
            _ if found.is_symlink() => "a symbolic link",
            _ => "neither a file nor a folder",
        };
        return Some(Obstacle::Other(format!("{name} is {what}")));
    }
    None
}

fn put(
    root: &Path,
    files: &[File],
    existing: Existing,
    journal: &mut Journal,
) -> anyhow::Result<Written> {
    let now = chrono::Local::now();
    let mut written = Written::default();
    journal.create_folder(root)?;
    match journal.create_file(
        &root.join(LOCK),
        &format!("{}\n", now.format("%Y-%m-%d %H:%M:%S%.6f")),
        false,
    ) {
        Ok(()) => written.new.push(LOCK.to_owned()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            if existing == Existing::Refuse {
                bail!(already_initialised(root));
            }
        }
        Err(error) => {
            return Err(error)
                .with_context(|| format!("cannot write {}", root.join(LOCK).display()));
        }
    }
    let backup = format!(".backup/{}", now.format("%Y%m%d-%H%M%S%.3f"));
    for file in files {
        let path = root.join(&file.name);
        if let Some(folder) = path.parent() {
            journal.create_folder(folder)?;
        }
        if existing == Existing::Keep && path.symlink_metadata().is_ok() {
            let same = fs::read(&path).is_ok_and(|content| content == file.text.as_bytes());
            if same {
                written.unchanged += 1;
                continue;
            }
            let kept = root.join(&backup).join(&file.name);
            if let Some(folder) = kept.parent() {
                journal.create_folder(folder)?;
            }
            journal
                .rename(&path, &kept)
                .with_context(|| format!("cannot move {} away", path.display()))?;
            written.replaced.push(file.name.clone());
            written.backup = Some(backup.clone());
        } else {
            written.new.push(file.name.clone());
        }
        journal
            .create_file(&path, &file.text, file.executable)
            .with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(written)
}

/// What was changed, so that it can be changed back.
#[derive(Debug, Default)]
struct Journal(Vec<Change>);

#[derive(Debug)]
enum Change {
    Folder(PathBuf),
    File(PathBuf),
    Renamed { from: PathBuf, to: PathBuf },
}

impl Journal {
    /// Creates a folder and those above it.
    fn create_folder(&mut self, path: &Path) -> anyhow::Result<()> {
        let missing: Vec<&Path> = path
            .ancestors()
            .take_while(|folder| !folder.exists())
            .collect();
        for folder in missing.into_iter().rev() {
            match fs::create_dir(folder) {
                Ok(()) => self.0.push(Change::Folder(folder.to_owned())),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => {
                    return Err(error).with_context(|| format!("cannot make {}", folder.display()));
                }
            }
        }
        Ok(())
    }

    /// Creates a file that is not there yet.
    fn create_file(&mut self, path: &Path, text: &str, executable: bool) -> io::Result<()> {
        let mut options = fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(
            &mut options,
            if executable { 0o755 } else { 0o644 },
        );
        #[cfg(not(unix))]
        let _ = executable;
        let mut file = options.open(path)?;
        self.0.push(Change::File(path.to_owned()));
        file.write_all(text.as_bytes())
    }

    fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)?;
        self.0.push(Change::Renamed {
            from: from.to_owned(),
            to: to.to_owned(),
        });
        Ok(())
    }

    /// Changes everything back, the latest first; the first failure is reported, the rest is done.
    fn undo(self) -> io::Result<()> {
        let mut outcome = Ok(());
        for change in self.0.into_iter().rev() {
            let undone = match change {
                Change::Folder(path) => fs::remove_dir(path),
                Change::File(path) => fs::remove_file(path),
                Change::Renamed { from, to } => fs::rename(to, from),
            };
            if outcome.is_ok() {
                outcome = undone;
            }
        }
        outcome
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str, text: &str) -> File {
        File {
            name: name.to_owned(),
            text: text.to_owned(),
            executable: name.ends_with(".sh"),
        }
    }

    /// Names and contents of everything in a folder.
    fn listing(root: &Path) -> Vec<String> {
        let mut names = Vec::new();
        for entry in fs::read_dir(root).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                names.push(format!("{}/", path.display()));
                names.extend(listing(&path));
            } else {
                names.push(format!(
                    "{} {:?}",
                    path.display(),
                    fs::read_to_string(&path).unwrap()
                ));
            }
        }
        names.sort();
        names
    }

    #[test]
    fn a_failure_half_way_leaves_the_folder_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        fs::write(root.join("a.txt"), "mine").unwrap();
        let before = listing(root);
        // The second name cannot be made, and nothing can foresee it.
        let impossible = format!("src/{}", "x".repeat(300));
        let files = [file("a.txt", "ours"), file(&impossible, "")];
        let error = write(root, &files, Existing::Keep).unwrap_err();
        assert!(
            format!("{error:#}").starts_with("nothing was changed: cannot write "),
            "{error:#}"
        );
        assert_eq!(listing(root), before);
    }

    #[cfg(unix)]
    #[test]
    fn links_and_folders_are_never_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let elsewhere = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink(elsewhere.path(), folder.path().join("src")).unwrap();
        fs::create_dir(folder.path().join("b.txt")).unwrap();
        fs::write(folder.path().join("docker"), "").unwrap();
        let files = [
            file("src/main.rs", ""),
            file("src/lib.rs", ""),
            file("b.txt", ""),
            file("docker/x.sh", ""),
        ];
        let error = write(folder.path(), &files, Existing::Keep)
            .unwrap_err()
            .to_string();
        for line in [
            "  src is a symbolic link",
            "  b.txt is a folder, where a file has to be",
            "  docker is a file, where a folder has to be",
        ] {
            assert_eq!(
                error.lines().filter(|found| *found == line).count(),
                1,
                "{line}: {error}"
            );
        }
        assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 0);
        assert!(!folder.path().join(LOCK).exists());
    }
}
