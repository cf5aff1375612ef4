//! Which clients have left while the application still works for them.
//!
//! Nobody reads a connection while its request is handled, so nobody sees the client go. Instead of
//! waiting for readiness with each request, the sweep of a loop asks the kernel about all requests
//! that have been handled for a while, in one `poll` that does not wait.
#![cfg_attr(
    unix,
    expect(
        unsafe_code,
        reason = "system calls by number: borrowing each socket from its connection would mean a second reference to it"
    )
)]

use crate::watch::Watch;

/// A connection whose request is being handled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Busy {
    /// The word of its [`Watch`] on which a verdict would be passed.
    pub(crate) word: u64,
    /// The number of its socket.
    pub(crate) socket: i32,
    /// Its answer goes on until the client leaves, so a client that sends no more has left.
    pub(crate) endless: bool,
}

/// Tells those connections that are busy and whose clients are gone. The sockets must belong to this
/// thread: then none of them can be closed meanwhile.
#[cfg(unix)]
pub(crate) fn dismiss<'a>(watches: impl Iterator<Item = (&'a Watch, Busy)>) {
    use nix::libc;
    #[cfg(target_os = "linux")]
    const CLOSED_ONE_WAY: libc::c_short = libc::POLLRDHUP;
    #[cfg(not(target_os = "linux"))]
    const CLOSED_ONE_WAY: libc::c_short = 0;

    // Not allocated as long as nothing takes long.
    let (mut asked, mut polled) = (Vec::new(), Vec::new());
    for (watch, busy) in watches {
        asked.push((watch, busy));
        polled.push(libc::pollfd {
            fd: busy.socket,
            // An error and the end of both directions are told unasked.
            events: if busy.endless { CLOSED_ONE_WAY } else { 0 },
            revents: 0,
        });
    }
    let Ok(count) = libc::nfds_t::try_from(polled.len()) else {
        return;
    };
    if count == 0 {
        return;
    }
    // SAFETY: `polled` has `count` initialised entries and outlives the call; a number that is not
    // open any more is told in `revents`.
    if unsafe { libc::poll(polled.as_mut_ptr(), count, 0) } <= 0 {
        return;
    }
    for ((watch, busy), told) in asked.into_iter().zip(polled) {
        if told.revents & (libc::POLLERR | libc::POLLHUP | CLOSED_ONE_WAY) != 0 {
            watch.abandon(busy.word);
        }
    }
}

/// Whether something has come that the connection has not been told of yet. The socket must belong to
/// this thread.
#[cfg(unix)]
pub(crate) fn has_input(socket: i32) -> bool {
    use nix::libc;
    let mut polled = libc::pollfd {
        fd: socket,
        events: libc::POLLIN,
        revents: 0,
    };
    // SAFETY: one initialised entry that outlives the call.
    unsafe { libc::poll(&raw mut polled, 1, 0) > 0 && polled.revents & libc::POLLIN != 0 }
}

/// Makes the close of a socket a reset: what its client does not take would stay in the kernel's
/// memory for minutes. The socket must belong to this thread or to who calls.
#[cfg(unix)]
pub(crate) fn reset_at_close(socket: i32) {
    use nix::libc;
    let linger = libc::linger {
        l_onoff: 1,
        l_linger: 0,
    };
    let Ok(size) = libc::socklen_t::try_from(size_of_val(&linger)) else {
        return;
    };
    // SAFETY: the option's value is a `linger` of that size that outlives the call. A failure leaves
    // the close as it was.
    unsafe {
        libc::setsockopt(
            socket,
            libc::SOL_SOCKET,
            libc::SO_LINGER,
            (&raw const linger).cast(),
            size,
        );
    }
}

#[cfg(not(unix))]
pub(crate) fn has_input(_socket: i32) -> bool {
    false
}

#[cfg(not(unix))]
pub(crate) fn reset_at_close(_socket: i32) {}

/// Without `poll` it is noticed when the answer is written.
#[cfg(not(unix))]
pub(crate) fn dismiss<'a>(_watches: impl Iterator<Item = (&'a Watch, Busy)>) {}
