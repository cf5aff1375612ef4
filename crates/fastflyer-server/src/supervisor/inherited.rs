//! Descriptors that outlive an exec: left open on one side, taken over on the other.
//!
//! A number alone proves nothing: a process that inherited the environment but not the descriptors
//! would take somebody else's file. So each number travels with the identity of its file. Key types:
//! [`Descriptor`], and [`Inheritable`] around a spawn.
#![expect(
    unsafe_code,
    reason = "a number from the environment becomes an owner of that descriptor"
)]

use nix::{
    fcntl::{FcntlArg, FdFlag, fcntl},
    sys::stat::fstat,
};
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeSet,
    io,
    os::fd::{AsFd, AsRawFd as _, BorrowedFd, FromRawFd as _, OwnedFd, RawFd},
    sync::{Mutex, PoisonError},
};

/// An open file as the next program finds it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Descriptor {
    number: RawFd,
    device: u64,
    inode: u64,
}

/// Numbers that have an owner in this process already.
static TAKEN: Mutex<BTreeSet<RawFd>> = Mutex::new(BTreeSet::new());

impl Descriptor {
    pub(super) fn of(file: BorrowedFd<'_>) -> io::Result<Self> {
        let status = fstat(file)?;
        Ok(Self {
            number: file.as_raw_fd(),
            device: status.st_dev as u64,
            inode: status.st_ino,
        })
    }

    /// Owns the descriptor from now on, and keeps it from programs that this one starts.
    ///
    /// # Errors
    /// Nothing is open under the number, or another file, or it was taken before.
    pub(super) fn take(&self) -> io::Result<OwnedFd> {
        take(self.number, |file| {
            if Self::of(file)? == *self {
                Ok(())
            } else {
                Err(io::Error::other("the inherited descriptor is another file"))
            }
        })
    }
}

/// Owns an inherited descriptor whose file `check` recognises.
pub(super) fn take(
    number: RawFd,
    check: impl FnOnce(BorrowedFd<'_>) -> io::Result<()>,
) -> io::Result<OwnedFd> {
    if number < 0 {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    let mut taken = TAKEN.lock().unwrap_or_else(PoisonError::into_inner);
    if taken.contains(&number) {
        return Err(io::Error::other("the inherited descriptor has an owner"));
    }
    // SAFETY: not -1; used for the questions below only, which fail if nothing is open.
    let file = unsafe { BorrowedFd::borrow_raw(number) };
    check(file)?;
    set_inheritable(file, false)?;
    taken.insert(number);
    // SAFETY: it is open, it was inherited, and nobody here has taken it before.
    Ok(unsafe { OwnedFd::from_raw_fd(number) })
}

/// These files stay open in programs that are started while this lives.
pub(super) struct Inheritable<'a>(Vec<BorrowedFd<'a>>);

impl<'a> Inheritable<'a> {
    pub(super) fn new(files: impl IntoIterator<Item = BorrowedFd<'a>>) -> io::Result<Self> {
        let mut open = Self(Vec::new());
        for file in files {
            set_inheritable(file, true)?;
            open.0.push(file);
        }
        Ok(open)
    }
}

impl Drop for Inheritable<'_> {
    fn drop(&mut self) {
        for file in &self.0 {
            // Fails only for a closed descriptor, and these are borrowed.
            let _ = set_inheritable(*file, false);
        }
    }
}

fn set_inheritable(file: impl AsFd, inheritable: bool) -> io::Result<()> {
    let flags = if inheritable {
        FdFlag::empty()
    } else {
        FdFlag::FD_CLOEXEC
    };
    fcntl(file, FcntlArg::F_SETFD(flags))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::fd::IntoRawFd as _;

    #[test]
    fn another_file_under_the_number_is_refused_and_the_right_one_taken_once() {
        let (one, other) = std::os::unix::net::UnixStream::pair().unwrap();
        let known = Descriptor::of(one.as_fd()).unwrap();
        let wrong = Descriptor {
            inode: Descriptor::of(other.as_fd()).unwrap().inode,
            ..known.clone()
        };
        let _ = one.into_raw_fd();
        assert!(wrong.take().is_err());
        let _owner = known.take().unwrap();
        assert!(known.take().is_err());
    }
}
