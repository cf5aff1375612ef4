//! What differs between Linux and the other Unix systems. Nowhere else does the supervisor ask which.

use std::{io, os::fd::OwnedFd, path::PathBuf};

/// Memory to share with a child: a file without a name, all zero.
#[cfg(target_os = "linux")]
pub(super) fn shared_memory(length: usize) -> io::Result<OwnedFd> {
    use nix::{
        fcntl::{FcntlArg, SealFlag, fcntl},
        sys::memfd::{MFdFlags, memfd_create},
        unistd::ftruncate,
    };
    let flags = MFdFlags::MFD_CLOEXEC | MFdFlags::MFD_ALLOW_SEALING;
    let file = memfd_create("fastflyer-board", flags)?;
    ftruncate(&file, length as i64)?;
    // A worker that cut the file would kill the supervisor at its next look.
    let seals = SealFlag::F_SEAL_SHRINK | SealFlag::F_SEAL_GROW | SealFlag::F_SEAL_SEAL;
    fcntl(&file, FcntlArg::F_ADD_SEALS(seals))?;
    Ok(file)
}

/// Memory to share with a child: a file without a name, all zero.
#[cfg(not(target_os = "linux"))]
pub(super) fn shared_memory(length: usize) -> io::Result<OwnedFd> {
    use std::{
        fs,
        os::unix::fs::OpenOptionsExt as _,
        sync::atomic::{AtomicU64, Ordering::Relaxed},
    };
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let name = format!(
        "fastflyer-board-{}-{}",
        std::process::id(),
        COUNT.fetch_add(1, Relaxed)
    );
    let path = std::env::temp_dir().join(name);
    let file = fs::OpenOptions::new()
        .read(true)
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&path)?;
    fs::remove_file(&path)?;
    file.set_len(length as u64)?;
    Ok(file.into())
}

/// The program that this process runs, as a path to start it again by. On Linux this is the very
/// file that runs, even after another was put in its place.
pub(super) fn running_program() -> io::Result<PathBuf> {
    let running = PathBuf::from("/proc/self/exe");
    if cfg!(target_os = "linux") && running.exists() {
        Ok(running)
    } else {
        std::env::current_exe()
    }
}

/// Gives the process the name it would have had, had it not been started as `/proc/self/exe`.
#[cfg(target_os = "linux")]
pub(super) fn name_process() {
    use std::os::unix::ffi::OsStrExt as _;
    let Some(argument) = std::env::args_os().next() else {
        return;
    };
    let name = std::path::Path::new(&argument).file_name();
    if let Some(Ok(name)) = name.map(|name| std::ffi::CString::new(name.as_bytes())) {
        // Only a label in listings of processes.
        let _ = nix::sys::prctl::set_name(&name);
    }
}

/// Other systems name a process after its file.
#[cfg(not(target_os = "linux"))]
pub(super) fn name_process() {}

/// Bytes of memory that are the process's own in RAM, where the system tells.
pub(super) fn resident_memory(pid: i32) -> Option<u64> {
    if !cfg!(target_os = "linux") {
        return None;
    }
    let text = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}

/// Microseconds of the monotonic clock, as systemd wants them at a reload.
#[cfg(target_os = "linux")]
pub(super) fn monotonic_microseconds() -> Option<u64> {
    let now = nix::time::clock_gettime(nix::time::ClockId::CLOCK_MONOTONIC).ok()?;
    Some(now.tv_sec() as u64 * 1_000_000 + now.tv_nsec() as u64 / 1_000)
}

/// There is no systemd elsewhere.
#[cfg(not(target_os = "linux"))]
pub(super) fn monotonic_microseconds() -> Option<u64> {
    None
}
