//! What differs between Linux and the other Unix systems. Nowhere else does the supervisor ask which.

use std::{
    ffi::OsStr,
    fs::File,
    io,
    os::unix::net::{SocketAddr, UnixStream},
    path::{Path, PathBuf},
    time::Duration,
};

/// An empty file in memory that no path leads to. Its size can be fixed by [`seal`].
#[cfg(target_os = "linux")]
pub(super) fn nameless_file(label: &str) -> io::Result<File> {
    use nix::sys::memfd::{MFdFlags, memfd_create};
    let flags = MFdFlags::MFD_CLOEXEC | MFdFlags::MFD_ALLOW_SEALING;
    Ok(memfd_create(label, flags)?.into())
}

/// An empty file that no path leads to.
#[cfg(not(target_os = "linux"))]
pub(super) fn nameless_file(label: &str) -> io::Result<File> {
    use std::{
        os::unix::fs::OpenOptionsExt as _,
        sync::atomic::{AtomicU64, Ordering::Relaxed},
    };
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Relaxed);
    let path = std::env::temp_dir().join(format!("{label}-{}-{count}", std::process::id()));
    let file = File::options()
        .read(true)
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&path)?;
    std::fs::remove_file(&path)?;
    Ok(file)
}

/// Fixes the size of a nameless file: a worker that cut it would kill the supervisor at its next look.
#[cfg(target_os = "linux")]
pub(super) fn seal(file: &File) -> io::Result<()> {
    use nix::fcntl::{FcntlArg, SealFlag, fcntl};
    let seals = SealFlag::F_SEAL_SHRINK | SealFlag::F_SEAL_GROW | SealFlag::F_SEAL_SEAL;
    fcntl(file, FcntlArg::F_ADD_SEALS(seals))?;
    Ok(())
}

/// Nothing to be had elsewhere.
#[cfg(not(target_os = "linux"))]
pub(super) fn seal(_file: &File) -> io::Result<()> {
    Ok(())
}

/// The address of a Unix socket: a path, or on Linux an abstract name after `@`.
pub(super) fn socket_address(name: &OsStr) -> io::Result<SocketAddr> {
    #[cfg(target_os = "linux")]
    if let Some(name) = std::os::unix::ffi::OsStrExt::as_bytes(name).strip_prefix(b"@") {
        return <SocketAddr as std::os::linux::net::SocketAddrExt>::from_abstract_name(name);
    }
    SocketAddr::from_pathname(name)
}

/// Connects to a Unix socket; one whose backlog is full is waited for.
pub(super) fn connect(path: &Path, patience: Duration) -> io::Result<UnixStream> {
    let socket = socket2::Socket::new(socket2::Domain::UNIX, socket2::Type::STREAM, None)?;
    // A blocking `connect` to a Unix socket is bounded by this.
    socket.set_write_timeout(Some(patience))?;
    socket.connect(&socket2::SockAddr::unix(path)?)?;
    Ok(socket.into())
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
    let name = Path::new(&argument).file_name();
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
