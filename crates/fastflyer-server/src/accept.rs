//! The accept thread: a permit first, then a connection, then the event loop that has the fewest.
//!
//! A blocking `accept` in one thread wakes nobody in vain and spreads connections evenly, over loops
//! here and over processes that share the socket. No error of `accept` is fatal.

use crate::{
    control::{Control, LoopState, Stage, Ticket},
    listener::Listener,
    stream::Accepted,
};
use std::{
    io,
    sync::{
        Arc,
        atomic::Ordering::{Acquire, Relaxed},
    },
    time::Duration,
};
use tokio::sync::mpsc::UnboundedSender;

/// An accepted connection on its way to its loop. Few can be under way: each has a permit.
pub(crate) type Handed = (Accepted, Ticket);

/// The way to one event loop.
pub(crate) struct Lane {
    pub(crate) state: Arc<LoopState>,
    pub(crate) sender: UnboundedSender<Handed>,
}

/// Whose the connections are that wait in the backlog when the server stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Backlog {
    Ours,
    /// Others accept from the same socket.
    Shared,
}

/// How long the backlog is watched at a time while all permits are taken.
const FULL: Duration = Duration::from_millis(200);
/// How long an evicted connection is waited for.
const EVICTED: Duration = Duration::from_millis(50);
/// Pauses after an error that is not the newcomer's own, when descriptors run out for instance.
const PAUSES: (Duration, Duration) = (Duration::from_millis(10), Duration::from_millis(250));

/// Accepts until the server stops, then takes over what the kernel has accepted already.
pub(crate) fn run(listener: &Listener, backlog: Backlog, control: &Arc<Control>, lanes: &[Lane]) {
    let mut pause = PAUSES.0;
    while control.stage() == Stage::Running {
        if !take_permit(listener, control) {
            continue;
        }
        match listener.accept() {
            Ok(accepted) => {
                pause = PAUSES.0;
                hand_over(accepted, control, lanes);
            }
            Err(error) => {
                control.permits.put_back();
                if !is_harmless(&error) {
                    std::thread::sleep(pause);
                    pause = (pause * 2).min(PAUSES.1);
                }
            }
        }
    }
    let is_ours = backlog == Backlog::Ours || control.is_last.load(Acquire);
    if control.stage() == Stage::Stopping && is_ours {
        take_backlog(listener, control, lanes);
    }
}

/// Closing the listener resets what waits in its backlog, so that is served as well.
fn take_backlog(listener: &Listener, control: &Arc<Control>, lanes: &[Lane]) {
    if listener.set_nonblocking().is_err() {
        return;
    }
    while control.permits.take(Duration::ZERO) {
        match listener.accept_now() {
            Ok(accepted) => hand_over(accepted, control, lanes),
            Err(error) => {
                control.permits.put_back();
                if error.kind() != io::ErrorKind::ConnectionAborted {
                    return;
                }
            }
        }
    }
}

/// When all are taken, room is made only if somebody is waiting for it.
fn take_permit(listener: &Listener, control: &Control) -> bool {
    if control.permits.take(Duration::ZERO) {
        return true;
    }
    match listener.is_waited_for(FULL) {
        Ok(false) => false,
        Ok(true) => {
            control.evict_oldest();
            control.permits.take(EVICTED)
        }
        Err(_) => control.permits.take(FULL),
    }
}

fn hand_over(accepted: Accepted, control: &Arc<Control>, lanes: &[Lane]) {
    control.accepted.fetch_add(1, Relaxed);
    let fewest = lanes.iter().min_by_key(|lane| lane.state.open());
    if let Some(lane) = fewest {
        let ticket = Ticket::new(control, &lane.state);
        // Fails only if the loop has panicked; the connection is closed then.
        let _ = lane.sender.send((accepted, ticket));
    }
}

/// No connection came, or the newcomer left again; there is nothing to wait for.
fn is_harmless(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionReset, Interrupted, TimedOut, WouldBlock};
    matches!(
        error.kind(),
        ConnectionAborted | ConnectionReset | Interrupted | TimedOut | WouldBlock
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn running_out_of_descriptors_is_not_harmless() {
        assert!(!is_harmless(&io::Error::from_raw_os_error(24)));
        assert!(is_harmless(&io::ErrorKind::ConnectionAborted.into()));
    }
}
