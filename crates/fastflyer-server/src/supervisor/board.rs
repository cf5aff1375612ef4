//! The board of a worker: a page of memory that the worker writes and the supervisor reads.
//!
//! Nothing but counters that stand alone, so no reader ever waits and no half-written state exists.
//! A message could not tell of a hang: the thread that sends it would have to be the one that hangs.
//! Key type: [`Board`].
#![expect(
    unsafe_code,
    reason = "the page is mapped, and seen as a struct of atomics"
)]

use super::system;
use nix::sys::mman::{MapFlags, ProtFlags, mmap, munmap};
use std::{
    fmt, io,
    num::NonZeroUsize,
    ops::Deref,
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    ptr::NonNull,
    sync::atomic::{
        AtomicU64,
        Ordering::{Acquire, Relaxed, Release},
    },
};

/// Event loops that a board has room for; more are not watched.
const SLOTS: usize = 160;

/// What is written on the board. All zero at first.
#[repr(C)]
#[derive(Debug)]
pub(super) struct Page {
    loops: AtomicU64,
    pub(super) connections: AtomicU64,
    pub(super) accepted: AtomicU64,
    pub(super) requests: AtomicU64,
    pub(super) rejected: AtomicU64,
    pub(super) cut: AtomicU64,
    slots: [Slot; SLOTS],
}

/// One event loop.
#[repr(C)]
#[derive(Debug)]
pub(super) struct Slot {
    /// Written by the loop itself, each time it comes round.
    pub(super) beats: AtomicU64,
    pub(super) connections: AtomicU64,
    /// The longest time in milliseconds that the loop came late within the last seconds.
    pub(super) delay: AtomicU64,
}

impl Page {
    /// Says how many loops there are; those beyond the room are left out.
    pub(super) fn open(&self, loops: usize) {
        self.loops.store(loops.min(SLOTS) as u64, Release);
    }

    /// The loops that are there; none before the server is made.
    pub(super) fn loops(&self) -> &[Slot] {
        let count = self.loops.load(Acquire) as usize;
        &self.slots[..count.min(SLOTS)]
    }

    /// One more round of a loop, which calls this itself.
    pub(super) fn beat(&self, index: usize) {
        if let Some(slot) = self.slots.get(index) {
            // One writer, so no locked instruction is needed.
            slot.beats
                .store(slot.beats.load(Relaxed).wrapping_add(1), Relaxed);
        }
    }
}

/// The page, mapped.
pub(super) struct Board {
    file: OwnedFd,
    page: NonNull<Page>,
}

// SAFETY: the page consists of atomics, and stays mapped until the board is dropped.
unsafe impl Send for Board {}
// SAFETY: as above.
unsafe impl Sync for Board {}

const LENGTH: NonZeroUsize = NonZeroUsize::new(size_of::<Page>()).unwrap();

impl Board {
    /// A new board, all zero.
    pub(super) fn create() -> io::Result<Self> {
        let file = system::nameless_file("fastflyer-board")?;
        file.set_len(LENGTH.get() as u64)?;
        system::seal(&file)?;
        Self::map(file.into())
    }

    /// A board that another process has made.
    pub(super) fn adopt(file: OwnedFd) -> io::Result<Self> {
        // Reading beyond the end of the file would kill the process.
        if (nix::sys::stat::fstat(&file)?.st_size as u64) < LENGTH.get() as u64 {
            return Err(io::Error::other("the board is too small"));
        }
        Self::map(file)
    }

    fn map(file: OwnedFd) -> io::Result<Self> {
        // SAFETY: a new mapping, of a file that is as long as the page and does not shrink.
        let page = unsafe {
            mmap(
                None,
                LENGTH,
                ProtFlags::PROT_READ | ProtFlags::PROT_WRITE,
                MapFlags::MAP_SHARED,
                &file,
                0,
            )
        }?;
        Ok(Self {
            file,
            page: page.cast(),
        })
    }
}

impl Deref for Board {
    type Target = Page;

    fn deref(&self) -> &Page {
        // SAFETY: mapped, aligned to a page, and every bit pattern is a valid `Page`.
        unsafe { self.page.as_ref() }
    }
}

impl AsFd for Board {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}

impl Drop for Board {
    fn drop(&mut self) {
        // SAFETY: mapped by `map` with this length; nobody can refer to it any more.
        let _ = unsafe { munmap(self.page.cast(), LENGTH.get()) };
    }
}

impl fmt::Debug for Board {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Board").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_side_writes_the_other_reads() {
        let ours = Board::create().unwrap();
        let theirs = Board::adopt(ours.as_fd().try_clone_to_owned().unwrap()).unwrap();
        assert!(ours.loops().is_empty());
        theirs.open(2);
        theirs.beat(1);
        theirs.beat(SLOTS + 7);
        theirs.requests.store(5, Relaxed);
        drop(theirs);
        let beats: Vec<_> = ours
            .loops()
            .iter()
            .map(|slot| slot.beats.load(Relaxed))
            .collect();
        assert_eq!(beats, [0, 1]);
        assert_eq!(ours.requests.load(Relaxed), 5);
        ours.open(10_000);
        assert_eq!(ours.loops().len(), SLOTS);
    }

    #[test]
    fn a_file_that_is_too_small_is_refused() {
        let file = tempfile::tempfile().unwrap();
        assert!(Board::adopt(file.into()).is_err());
    }
}
