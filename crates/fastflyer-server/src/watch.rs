//! What the sweep of an event loop knows of each connection, at the price of a store per change.
//!
//! A timer per request would cost more than many requests do. Instead a connection writes its
//! [`Phase`] and the loop's coarse time into one word; four times a second the loop compares all
//! words with the clock and wakes the connections that are late. A verdict is the very word it was
//! passed on: when the connection has moved on meanwhile, the words differ and the verdict is void.
//! Key type: [`Watch`].

use crate::{
    Timeouts,
    presence::{self, Busy},
};
use std::{
    future::Future,
    pin::Pin,
    sync::{
        OnceLock,
        atomic::{AtomicBool, AtomicI32, AtomicU64, AtomicUsize, Ordering::Relaxed},
    },
    task::{Poll, Waker},
    time::Duration,
};

/// What a connection is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Phase {
    /// Accepted, nothing received.
    New = 1,
    /// Between two requests.
    Idle,
    /// Some bytes of a head.
    Head,
    /// Waiting for more of a body.
    Body,
    /// The application has the request.
    Handling,
    /// The client does not take the answer.
    Writing,
    /// Shut down, reading what is still on the way.
    Closing,
    /// No longer HTTP: the application has the socket.
    Upgraded,
    /// Between the first byte and encryption.
    Handshake,
    /// Between two requests of a client that has to be told goodbye.
    Quiet,
}

impl Phase {
    const fn from_word(word: u64) -> Self {
        match word as u8 {
            1 => Self::New,
            2 => Self::Idle,
            3 => Self::Head,
            4 => Self::Body,
            6 => Self::Writing,
            7 => Self::Closing,
            8 => Self::Upgraded,
            9 => Self::Handshake,
            10 => Self::Quiet,
            _ => Self::Handling,
        }
    }

    /// A request is with the server, or the whole connection with the application.
    pub(crate) const fn is_in_flight(self) -> bool {
        matches!(
            self,
            Self::Body | Self::Handling | Self::Writing | Self::Upgraded
        )
    }
}

/// Why a connection that waits in [`Phase::Head`], [`Phase::Body`] or [`Phase::Quiet`] shall say so
/// and go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Late,
    Evicted,
}

/// How a connection has come to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// By itself, or by a verdict.
    Through,
    /// Its client left while a request was handled.
    Abandoned,
}

/// In the place of a socket: there is none that belongs to the loop's thread.
pub(crate) const NO_SOCKET: i32 = -1;
/// In the place of a socket: the event loop has not begun with the connection.
const NOT_TAKEN: i32 = -2;
/// In the place of a word: whatever the connection is doing.
const KILLED: u64 = u64::MAX;

/// One connection as the sweep sees it. Only who has its socket writes what is not a verdict: the
/// connection's own task and, after an upgrade, the application.
#[derive(Debug)]
pub(crate) struct Watch {
    /// Milliseconds of the loop's clock, and the phase in the low byte.
    word: AtomicU64,
    late: AtomicU64,
    evicted: AtomicU64,
    /// The word on which the client was found to have left, or [`KILLED`].
    over: AtomicU64,
    /// The answer under way is an event stream.
    endless: AtomicBool,
    /// The number of the socket, [`NO_SOCKET`] or [`NOT_TAKEN`].
    socket: AtomicI32,
    body_received: AtomicU64,
    body_waited: AtomicU64,
    waker: OnceLock<Waker>,
    /// Where the registry keeps this connection.
    pub(crate) slot: AtomicUsize,
}

impl Watch {
    pub(crate) fn new(now: u64) -> Self {
        Self {
            word: AtomicU64::new(now << 8 | Phase::New as u64),
            late: AtomicU64::new(0),
            evicted: AtomicU64::new(0),
            over: AtomicU64::new(0),
            endless: AtomicBool::new(false),
            socket: AtomicI32::new(NOT_TAKEN),
            body_received: AtomicU64::new(0),
            body_waited: AtomicU64::new(0),
            waker: OnceLock::new(),
            slot: AtomicUsize::new(usize::MAX),
        }
    }

    pub(crate) fn phase(&self) -> Phase {
        Phase::from_word(self.word.load(Relaxed))
    }

    pub(crate) fn since(&self) -> u64 {
        self.word.load(Relaxed) >> 8
    }

    /// Enters a phase now, even if it is the present one.
    pub(crate) fn enter(&self, phase: Phase, now: u64) {
        self.word.store(now << 8 | phase as u64, Relaxed);
    }

    /// Enters a phase unless it is the present one, whose time then runs on.
    pub(crate) fn stay_in(&self, phase: Phase, now: u64) {
        if self.phase() != phase {
            self.enter(phase, now);
        }
    }

    /// A body begins: nothing received, nothing waited.
    pub(crate) fn begin_body(&self) {
        self.body_received.store(0, Relaxed);
        self.body_waited.store(0, Relaxed);
    }

    /// The body is waited for. Its time goes on where the last wait ended, so that only the client's
    /// time counts and not the application's.
    pub(crate) fn await_body(&self, now: u64) {
        if self.phase() != Phase::Body {
            self.enter(
                Phase::Body,
                now.saturating_sub(self.body_waited.load(Relaxed)),
            );
        }
    }

    /// Some of the body has come; the request is with the application again.
    pub(crate) fn received_body(&self, bytes: usize, now: u64) {
        let sum = self.body_received.load(Relaxed) + bytes as u64;
        self.body_received.store(sum, Relaxed);
        if self.phase() == Phase::Body {
            self.body_waited
                .store(now.saturating_sub(self.since()), Relaxed);
            self.enter(Phase::Handling, now);
        }
    }

    /// The verdict on the present phase, if there is one.
    pub(crate) fn verdict(&self) -> Option<Verdict> {
        let word = self.word.load(Relaxed);
        if self.late.load(Relaxed) == word {
            Some(Verdict::Late)
        } else if self.evicted.load(Relaxed) == word {
            Some(Verdict::Evicted)
        } else {
            None
        }
    }

    /// Shall the connection be dropped without a word?
    fn is_over(&self) -> bool {
        self.is_dismissed()
            || (self.verdict().is_some()
                && !matches!(
                    self.phase(),
                    Phase::Head | Phase::Body | Phase::Handling | Phase::Quiet
                ))
    }

    /// Whether a connection that is to be closed while it waits has got a request just now, of which
    /// the event loop has not been told yet: closing it would lose that.
    fn has_request(&self) -> bool {
        !self.is_dismissed()
            && matches!(self.phase(), Phase::New | Phase::Idle)
            && presence::has_input(self.socket.load(Relaxed))
    }

    /// Killed, or left by its client.
    pub(crate) fn is_dismissed(&self) -> bool {
        // Zero first, which it nearly always is.
        match self.over.load(Relaxed) {
            0 => false,
            KILLED => true,
            word => word == self.word.load(Relaxed),
        }
    }

    /// Makes the socket known to the sweep.
    pub(crate) fn set_socket(&self, socket: i32) {
        self.socket.store(socket, Relaxed);
    }

    /// Whether the answer under way ends only when the client leaves.
    pub(crate) fn set_endless(&self, endless: bool) {
        self.endless.store(endless, Relaxed);
    }

    /// What to ask about a request that has been handled since before `since`.
    pub(crate) fn busy(&self, since: u64) -> Option<Busy> {
        let word = self.word.load(Relaxed);
        let socket = self.socket.load(Relaxed);
        (Phase::from_word(word) == Phase::Handling && word >> 8 < since && socket >= 0).then(|| {
            Busy {
                word,
                socket,
                endless: self.endless.load(Relaxed),
            }
        })
    }

    /// Drops the connection if it still handles the request whose client has left.
    pub(crate) fn abandon(&self, word: u64) {
        // A kill stays one.
        let _ = self
            .over
            .try_update(Relaxed, Relaxed, |over| (over != KILLED).then_some(word));
        self.wake();
    }

    /// Wakes the connection if its phase has lasted too long. `linger` is set once the server stops.
    pub(crate) fn judge(&self, now: u64, timeouts: &Timeouts, linger: Option<Linger>) {
        let word = self.word.load(Relaxed);
        let received = self.body_received.load(Relaxed);
        if self.late.load(Relaxed) != word
            && is_late(
                Phase::from_word(word),
                word >> 8,
                now,
                received,
                timeouts,
                linger,
            )
        {
            self.late.store(word, Relaxed);
            self.wake();
        }
    }

    /// Closes the connection if it still is in the phase it was chosen for.
    pub(crate) fn evict(&self, word: u64) {
        self.evicted.store(word, Relaxed);
        self.wake();
    }

    /// How strong the case for closing this connection is when all places are taken, and the word to
    /// close it by. `None` while a request is with the server or the connection is chosen already.
    ///
    /// Idle time counts once. What is incomplete counts [`INCOMPLETE`] times, so that clients which
    /// drip take places from each other and not from those that have shown good will; of these a body
    /// that comes too slowly and an answer that is not taken count after [`SLOW`].
    pub(crate) fn evictable(&self, now: u64, body_rate: u64) -> Option<(u64, u64)> {
        let word = self.word.load(Relaxed);
        // One that its loop has not taken yet may have sent its request.
        if self.evicted.load(Relaxed) == word || self.socket.load(Relaxed) == NOT_TAKEN {
            return None;
        }
        let age = now.saturating_sub(word >> 8);
        let case = match Phase::from_word(word) {
            Phase::Idle | Phase::Quiet => age,
            // The clock is coarse: of those that came in the same turn, the incomplete one goes.
            Phase::New | Phase::Head | Phase::Handshake => age * INCOMPLETE + 1,
            Phase::Body
                if age >= SLOW
                    && is_slow(self.body_received.load(Relaxed), body_rate, u128::from(age)) =>
            {
                age * INCOMPLETE
            }
            Phase::Writing if age >= SLOW => age * INCOMPLETE,
            _ => return None,
        };
        Some((case, word))
    }

    /// Drops the connection, whatever it is doing.
    pub(crate) fn kill(&self) {
        self.over.store(KILLED, Relaxed);
        self.wake();
    }

    pub(crate) fn wake(&self) {
        if let Some(waker) = self.waker.get() {
            waker.wake_by_ref();
        }
    }

    /// Runs a connection until it ends or the sweep ends it.
    ///
    /// It is pinned by the caller: an async function that takes a future and pins it has room for it
    /// twice, and this one is nearly all of a connection's task.
    pub(crate) async fn over<F: Future<Output = ()>>(&self, mut connection: Pin<&mut F>) -> Ended {
        std::future::poll_fn(|cx| {
            // A spawned task keeps its waker, so the first one serves for good.
            self.waker.get_or_init(|| cx.waker().clone());
            if connection.as_mut().poll(cx).is_ready() {
                Poll::Ready(Ended::Through)
            } else if !self.is_over() || self.has_request() {
                Poll::Pending
            } else if self.is_dismissed() && self.over.load(Relaxed) != KILLED {
                Poll::Ready(Ended::Abandoned)
            } else {
                if self.phase() == Phase::Writing {
                    presence::reset_at_close(self.socket.load(Relaxed));
                }
                Poll::Ready(Ended::Through)
            }
        })
        .await
    }
}

/// The stop of the server, as it bears on idle connections.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Linger {
    /// When the stop began, on the loop's clock.
    pub(crate) since: u64,
    /// How long idle connections stay open from then on.
    pub(crate) limit: Duration,
}

/// How long a closed connection is read on, so that the answer is not lost to a reset.
const CLOSING: Duration = Duration::from_secs(1);

/// How much faster an incomplete request ages than an idle connection, when places are short.
const INCOMPLETE: u64 = 8;
/// How long, in milliseconds, a body or the reading of an answer may be slow while places are short.
const SLOW: u64 = 500;

/// Whether so many bytes are less than the rate wants in so many milliseconds.
fn is_slow(received: u64, rate: u64, millis: u128) -> bool {
    u128::from(received) * 1000 < u128::from(rate) * millis
}

fn is_late(
    phase: Phase,
    since: u64,
    now: u64,
    received: u64,
    timeouts: &Timeouts,
    linger: Option<Linger>,
) -> bool {
    let age = Duration::from_millis(now.saturating_sub(since));
    let waits = |limit: Duration| {
        age >= limit
            || linger.is_some_and(|linger| {
                Duration::from_millis(now.saturating_sub(since.max(linger.since))) >= linger.limit
            })
    };
    match phase {
        Phase::New => waits(timeouts.first_byte),
        Phase::Idle | Phase::Quiet => waits(timeouts.keep_alive),
        Phase::Head | Phase::Handshake => age >= timeouts.head,
        Phase::Body => {
            age > timeouts.body_grace && is_slow(received, timeouts.body_rate, age.as_millis())
        }
        Phase::Handling | Phase::Upgraded => false,
        Phase::Writing => age >= timeouts.write_stall,
        Phase::Closing => age >= CLOSING,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn late(phase: Phase, age: u64, received: u64) -> bool {
        is_late(phase, 100, 100 + age, received, &Timeouts::default(), None)
    }

    #[test]
    fn each_phase_has_its_limit() {
        for (phase, limit) in [
            (Phase::New, 5_000),
            (Phase::Idle, 5_000),
            (Phase::Quiet, 5_000),
            (Phase::Head, 10_000),
            (Phase::Handshake, 10_000),
            (Phase::Writing, 30_000),
            (Phase::Closing, 1_000),
        ] {
            assert!(!late(phase, limit - 1, 0), "{phase:?}");
            assert!(late(phase, limit, 0), "{phase:?}");
        }
        assert!(!late(Phase::Handling, 1 << 40, 0));
        assert!(!late(Phase::Upgraded, 1 << 40, 0));
    }

    #[test]
    fn a_body_must_reach_its_rate_after_the_grace() {
        assert!(!late(Phase::Body, 5_000, 0));
        assert!(late(Phase::Body, 5_001, 1_000));
        assert!(!late(Phase::Body, 10_000, 2_400));
        assert!(late(Phase::Body, 10_000, 2_399));
    }

    #[test]
    fn waiting_for_a_body_leaves_out_the_time_of_the_application() {
        let watch = Watch::new(0);
        watch.enter(Phase::Handling, 0);
        watch.begin_body();
        watch.await_body(1_000);
        watch.received_body(10, 3_000);
        watch.await_body(60_000);
        assert_eq!((watch.phase(), watch.since()), (Phase::Body, 58_000));
    }

    #[test]
    fn a_verdict_on_an_earlier_phase_is_void() {
        let watch = Watch::new(0);
        watch.set_socket(0);
        watch.judge(5_000, &Timeouts::default(), None);
        assert_eq!(watch.verdict(), Some(Verdict::Late));
        watch.enter(Phase::Head, 5_000);
        assert_eq!(watch.verdict(), None);
        let (_, word) = watch.evictable(5_000, 240).unwrap();
        watch.enter(Phase::Handling, 5_001);
        watch.evict(word);
        assert_eq!(watch.verdict(), None);
    }

    #[test]
    fn a_client_is_found_to_have_left_one_request_only() {
        let watch = Watch::new(1);
        watch.set_socket(7);
        assert_eq!(watch.busy(100), None);
        watch.enter(Phase::Handling, 50);
        assert_eq!(watch.busy(50), None, "not for long enough");
        let busy = watch.busy(51).unwrap();
        watch.enter(Phase::Handling, 52);
        watch.abandon(busy.word);
        assert!(!watch.is_over());
        watch.abandon(watch.busy(100).unwrap().word);
        assert!(watch.is_over());
        watch.enter(Phase::Idle, 60);
        watch.kill();
        watch.abandon(1);
        assert!(watch.is_over());
    }

    #[test]
    fn a_stop_shortens_idle_phases_only() {
        let linger = Some(Linger {
            since: 1_000,
            limit: Duration::from_millis(300),
        });
        let times = Timeouts::default();
        assert!(!is_late(Phase::Idle, 500, 1_299, 0, &times, linger));
        assert!(is_late(Phase::Idle, 500, 1_300, 0, &times, linger));
        assert!(!is_late(Phase::Idle, 1_200, 1_400, 0, &times, linger));
        assert!(!is_late(Phase::Head, 500, 1_300, 0, &times, linger));
    }

    #[test]
    fn places_are_taken_from_those_that_drip() {
        let case = |phase, age, received| {
            let watch = Watch::new(0);
            watch.set_socket(0);
            watch.begin_body();
            watch.enter(phase, 0);
            watch.body_received.store(received, Relaxed);
            watch.evictable(age, 240).map(|(case, _)| case)
        };
        assert!(case(Phase::Head, 200, 0) > case(Phase::Idle, 1_500, 0));
        assert!(case(Phase::New, 10, 0) < case(Phase::Idle, 4_000, 0));
        assert!(case(Phase::Body, 2_000, 10) > case(Phase::Idle, 5_000, 0));
        assert!(case(Phase::Writing, 2_000, 0) > case(Phase::Idle, 5_000, 0));
        for busy in [
            case(Phase::Handling, 60_000, 0),
            case(Phase::Body, 499, 0),
            case(Phase::Body, 2_000, 10_000),
            case(Phase::Writing, 499, 0),
        ] {
            assert_eq!(busy, None);
        }
    }
}
