//! Who hangs: heartbeats compared from round to round, by the supervisor's clock.
//!
//! Pure: boards and times are given. A round that comes far too late says nothing about the workers
//! (the machine was paused, and they with it), so it only starts the comparison afresh. Key type:
//! [`Monitor`].

use super::workers::Id;
use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

/// What is known of one event loop.
#[derive(Clone, Copy, Debug)]
struct Seen {
    beats: u64,
    /// When the number was first seen.
    since: Instant,
}

/// Judges workers by their heartbeats.
#[derive(Debug)]
pub(super) struct Monitor {
    timeout: Duration,
    seen: HashMap<Id, Vec<Seen>>,
    last: Instant,
}

impl Monitor {
    pub(super) fn new(timeout: Duration, now: Instant) -> Self {
        Self {
            timeout,
            seen: HashMap::new(),
            last: now,
        }
    }

    /// How far apart rounds are, so that a hang is noticed soon after the timeout.
    pub(super) fn turn(&self) -> Duration {
        (self.timeout / 8).clamp(Duration::from_millis(20), Duration::from_millis(500))
    }

    /// When the next round is due.
    pub(super) fn next(&self) -> Instant {
        self.last + self.turn()
    }

    /// Begins a round; forgets all if it comes late.
    pub(super) fn begin(&mut self, now: Instant) {
        let late = now.duration_since(self.last);
        if late > self.turn() * 2 + Duration::from_millis(500) {
            self.seen.clear();
        }
        self.last = now;
    }

    /// The loops of a worker that have stood still for the timeout. `beats` is empty before the
    /// worker has loops; then this start is what stands still, as loop 0.
    pub(super) fn judge(&mut self, id: Id, beats: &[u64], now: Instant) -> Vec<usize> {
        let beats = if beats.is_empty() { &[0][..] } else { beats };
        let seen = self.seen.entry(id).or_default();
        seen.truncate(beats.len());
        let known = seen.len();
        for (seen, beats) in seen.iter_mut().zip(beats) {
            if seen.beats != *beats {
                *seen = Seen {
                    beats: *beats,
                    since: now,
                };
            }
        }
        let new = beats[known..].iter().map(|beats| Seen {
            beats: *beats,
            since: now,
        });
        seen.extend(new);
        self.stuck(id, now)
    }

    /// The same without a look at the board.
    fn stuck(&self, id: Id, now: Instant) -> Vec<usize> {
        let seen = self.seen.get(&id).map(Vec::as_slice).unwrap_or_default();
        seen.iter()
            .enumerate()
            .filter(|(_, seen)| now.duration_since(seen.since) >= self.timeout)
            .map(|(index, _)| index)
            .collect()
    }

    /// How long each loop has stood still.
    pub(super) fn ages(&self, id: Id, now: Instant) -> Vec<Duration> {
        let seen = self.seen.get(&id).map(Vec::as_slice).unwrap_or_default();
        seen.iter()
            .map(|seen| now.duration_since(seen.since))
            .collect()
    }

    pub(super) fn forget(&mut self, id: Id) {
        self.seen.remove(&id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_loop_that_stands_still_is_named_after_the_timeout() {
        let start = Instant::now();
        let mut monitor = Monitor::new(SECOND, start);
        assert_eq!(monitor.judge(7, &[1, 1], start), [0; 0]);
        assert_eq!(monitor.judge(7, &[2, 1], start + SECOND * 9 / 10), [0; 0]);
        assert_eq!(monitor.judge(7, &[3, 1], start + SECOND), [1]);
        assert_eq!(monitor.judge(7, &[3, 2], start + SECOND), [0; 0]);
    }

    #[test]
    fn a_worker_without_loops_has_as_long_to_get_them() {
        let start = Instant::now();
        let mut monitor = Monitor::new(SECOND, start);
        assert_eq!(monitor.judge(7, &[], start), [0; 0]);
        assert_eq!(monitor.judge(7, &[], start + SECOND), [0]);
        assert_eq!(monitor.judge(7, &[1, 0], start + SECOND), [0; 0]);
        assert_eq!(monitor.judge(7, &[2, 0], start + SECOND * 2), [1]);
    }

    #[test]
    fn a_late_round_accuses_nobody() {
        let start = Instant::now();
        let mut monitor = Monitor::new(SECOND, start);
        monitor.begin(start);
        monitor.judge(7, &[1], start);
        let after_a_pause = start + SECOND * 3600;
        monitor.begin(after_a_pause);
        assert_eq!(monitor.judge(7, &[1], after_a_pause), [0; 0]);
        // The first rounds after it come in time, and count.
        let mut now = after_a_pause;
        while now < after_a_pause + SECOND {
            now += monitor.turn();
            monitor.begin(now);
        }
        assert_eq!(monitor.judge(7, &[1], now), [0]);
    }
}
