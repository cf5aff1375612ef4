//! The accept thread: a permit first, then a connection, then the event loop that has the fewest.
//!
//! A blocking `accept` in one thread wakes nobody in vain and spreads connections evenly, over loops
//! here and over processes that share the socket. While no loop takes connections none are accepted:
//! the siblings may be better off. No error of `accept` is fatal.

use crate::{
    control::{Control, Stage, Ticket},
    lanes::Lanes,
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

/// Whose the connections are that wait in the backlog when the server stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Backlog {
    Ours,
    /// Others accept from the same socket.
    Shared,
}

/// How long a loop that takes connections is waited for at a time.
const STUCK: Duration = Duration::from_millis(200);
/// How long the backlog is watched at a time while all permits are taken.
const FULL: Duration = Duration::from_millis(200);
/// How long an evicted connection is waited for.
const EVICTED: Duration = Duration::from_millis(50);
/// Pauses after an error that is not the newcomer's own, when descriptors run out for instance.
const PAUSES: (Duration, Duration) = (Duration::from_millis(10), Duration::from_millis(250));

/// Accepts until the server stops, then takes over what the kernel has accepted already.
pub(crate) fn run(listener: &Listener, backlog: Backlog, control: &Arc<Control>, lanes: &Lanes) {
    std::thread::scope(|scope| {
        if lanes.count() > 1 {
            // Without it connections wait for their loop, which is not worth failing for.
            let _ = std::thread::Builder::new()
                .name("untaken".into())
                .spawn_scoped(scope, || lanes.look_after());
        }
        accept(listener, backlog, control, lanes);
        lanes.finish();
    });
}

fn accept(listener: &Listener, backlog: Backlog, control: &Arc<Control>, lanes: &Lanes) {
    let mut pause = PAUSES.0;
    while control.stage() == Stage::Running {
        if !lanes.wait_for_room(STUCK) || !take_permit(listener, control) {
            continue;
        }
        match listener.accept() {
            Ok(accepted) => {
                pause = PAUSES.0;
                // Chosen now: loops may have got stuck during the wait.
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
fn take_backlog(listener: &Listener, control: &Arc<Control>, lanes: &Lanes) {
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
            control.evict_one();
            control.permits.take(EVICTED)
        }
        Err(_) => control.permits.take(FULL),
    }
}

fn hand_over(accepted: Accepted, control: &Arc<Control>, lanes: &Lanes) {
    let place = match (&control.clients, accepted.peer()) {
        (Some(clients), Some(peer)) => match clients.admit(peer) {
            Some(place) => Some(place),
            None => {
                control.refused.fetch_add(1, Relaxed);
                control.permits.put_back();
                return;
            }
        },
        _ => None,
    };
    control.accepted.fetch_add(1, Relaxed);
    if let Some(lane) = lanes.best() {
        let ticket = Ticket::new(control, &lane.state, place);
        lanes.hand_over(lane, (accepted, ticket));
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
