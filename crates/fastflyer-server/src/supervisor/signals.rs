//! The signals to the supervisor. A handler only writes a byte into a pipe of its own.
//!
//! One pipe per signal, so that two TTIN in a row are two. Key type: [`Signals`].

use nix::sys::signal::SigSet;
use signal_hook::{SigId, consts, low_level};
use std::{
    io::{self, Read as _},
    os::{
        fd::{AsFd as _, BorrowedFd},
        unix::net::UnixStream,
    },
};

/// What a signal asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Signal {
    Stop,
    /// From the keyboard: the second one is in earnest.
    Interrupt,
    StopNow,
    Reload,
    Upgrade,
    Reopen,
    More,
    Less,
    /// A child has ended; asked of the system, not of the signal.
    Child,
}

impl Signal {
    /// For whoever reads that it was refused.
    pub(super) fn wish(self) -> &'static str {
        match self {
            Self::Stop | Self::Interrupt | Self::StopNow => "the stop",
            Self::Reload => "the rolling restart",
            Self::Upgrade => "the upgrade",
            Self::Reopen => "reopening the log files",
            Self::More => "a worker more",
            Self::Less => "a worker less",
            Self::Child => "",
        }
    }
}

/// Stops come last: what arrived together with them is then seen as done before.
const SIGNALS: [(i32, Signal); 9] = [
    (consts::SIGCHLD, Signal::Child),
    (consts::SIGUSR1, Signal::Reopen),
    (consts::SIGTTIN, Signal::More),
    (consts::SIGTTOU, Signal::Less),
    (consts::SIGHUP, Signal::Reload),
    (consts::SIGUSR2, Signal::Upgrade),
    (consts::SIGTERM, Signal::Stop),
    (consts::SIGINT, Signal::Interrupt),
    (consts::SIGQUIT, Signal::StopNow),
];

/// The handlers, until dropped.
#[derive(Debug)]
pub(super) struct Signals(Vec<(Signal, UnixStream, SigId)>);

impl Signals {
    /// Installs the handlers and lets the signals through, which whoever started this process may have
    /// blocked: the program before this one, at an upgrade.
    pub(super) fn watch() -> io::Result<Self> {
        let mut signals = Self(Vec::new());
        for (number, signal) in SIGNALS {
            let (receiver, sender) = UnixStream::pair()?;
            receiver.set_nonblocking(true)?;
            let handler = low_level::pipe::register(number, sender)?;
            signals.0.push((signal, receiver, handler));
        }
        Self::unblock()?;
        Ok(signals)
    }

    /// From here on the signals wait.
    pub(super) fn block() -> io::Result<()> {
        Ok(Self::set()?.thread_block()?)
    }

    pub(super) fn unblock() -> io::Result<()> {
        Ok(Self::set()?.thread_unblock()?)
    }

    fn set() -> io::Result<SigSet> {
        let signals = SIGNALS
            .iter()
            .map(|(number, _)| nix::sys::signal::Signal::try_from(*number));
        Ok(signals.collect::<Result<SigSet, _>>()?)
    }

    pub(super) fn files(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        self.0.iter().map(|(_, receiver, _)| receiver.as_fd())
    }

    /// What has come since the last call, each as often as it came.
    pub(super) fn pending(&mut self) -> Vec<Signal> {
        let mut all = Vec::new();
        for (signal, receiver, _) in &mut self.0 {
            let mut bytes = [0; 64];
            while let Ok(count @ 1..) = receiver.read(&mut bytes) {
                all.extend(std::iter::repeat_n(*signal, count));
            }
        }
        all
    }
}

impl Drop for Signals {
    fn drop(&mut self) {
        for (_, _, handler) in &self.0 {
            low_level::unregister(*handler);
        }
    }
}
