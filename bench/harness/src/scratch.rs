//! A folder of this run for access logs and callgrind files, and the counting of what the logs lack.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// Removed with all that is in it when dropped.
#[derive(Debug)]
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    pub(crate) fn new() -> Result<Self, String> {
        let path = std::env::temp_dir().join(format!("flyer-bench-{}", std::process::id()));
        fs::create_dir_all(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(Self(path))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What stays behind in the temporary folder does no harm.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Requests for the users' route that have no line in the access log.
pub(crate) fn lost_lines(log: &Path, requests: u64) -> Result<u64, String> {
    let bytes = fs::read(log).map_err(|error| format!("{}: {error}", log.display()))?;
    let route = memchr::memmem::Finder::new(b"/flyer/users/info");
    let lines = bytes
        .split(|byte| *byte == b'\n')
        .filter(|line| route.find(line).is_some())
        .count() as u64;
    Ok(requests.saturating_sub(lines))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_other_routes_do_not_count() {
        let scratch = Scratch::new().unwrap();
        let log = scratch.path().join("lost.log");
        fs::write(&log, "GET /health_check\nPOST /flyer/users/info\n").unwrap();
        assert_eq!(lost_lines(&log, 3), Ok(2));
        assert_eq!(lost_lines(&log, 1), Ok(0));
    }
}
