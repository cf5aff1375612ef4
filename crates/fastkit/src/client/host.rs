//! What is known of each upstream host: how many retries it may still get, and whether it is asked
//! at all.
//!
//! The budget keeps retries from making an outage worse: each call earns a tenth of a retry, a good
//! one a fifth, and ten are there from the start, so that single failures are always retried. It
//! counts calls and not time: what a client adds to the load of an upstream that is down is at most a tenth.

use super::{Error, clock::after, error::Kind};
use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError, RwLock,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

/// What a retry costs; all counts are in tenths of one.
const RETRY: u32 = 10;
/// Ten retries: what a host has from the start, and at most.
const RESERVE: u32 = 10 * RETRY;
/// What each call earns, and each good one in addition.
const EARNED: u32 = 1;
/// How many hosts are remembered. A client that talks to more forgets those that are well.
const MOST_HOSTS: usize = 1024;

/// Stops asking a host that keeps failing, and tries again with single requests after a while.
///
/// Failures are those that call for a retry: errors of the connection, timeouts, and the statuses of the
/// [`RetryPolicy`](super::RetryPolicy) but for 429. A timeout is one only where the client's own limits ended the attempt: what
/// the deadline of a caller ends may have had next to no time. Off unless it is given to
/// [`circuit_breaker`](super::ClientBuilder::circuit_breaker).
///
/// ```
/// use fastkit::client::{AsyncClient, CircuitBreaker};
/// use std::time::Duration;
///
/// let client = AsyncClient::builder()
///     .circuit_breaker(CircuitBreaker::new().failures(5).open_for(Duration::from_secs(30)))
///     .build()?;
/// # Ok::<(), fastkit::client::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct CircuitBreaker {
    failures: u32,
    open_for: Duration,
    probes: u32,
}

impl Default for CircuitBreaker {
    fn default() -> Self {
        Self {
            failures: 5,
            open_for: Duration::from_secs(30),
            probes: 1,
        }
    }
}

impl CircuitBreaker {
    /// Opens after 5 failures in a row, for 30 s, and closes after one good probe.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How many failures in a row open it; at least 1.
    #[must_use]
    pub fn failures(mut self, failures: u32) -> Self {
        self.failures = failures.max(1);
        self
    }

    /// How long it keeps all requests back, before probes are let through.
    #[must_use]
    pub fn open_for(mut self, time: Duration) -> Self {
        self.open_for = time;
        self
    }

    /// How many requests at a time probe whether the host is well again, and how many good ones
    /// close it; at least 1.
    #[must_use]
    pub fn probes(mut self, probes: u32) -> Self {
        self.probes = probes.max(1);
        self
    }
}

/// The hosts of one client.
#[derive(Debug, Default)]
pub(super) struct Hosts {
    /// Those that something has to be known of.
    known: RwLock<HashMap<String, Arc<Host>>>,
    /// Stands for all others. Nothing is ever taken from it.
    well: Arc<Host>,
}

impl Hosts {
    /// As [`of`](Self::of), of a host that need not be remembered: one that was always well is like any other.
    pub(super) fn known(&self, origin: &str) -> Arc<Host> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.get(origin).unwrap_or(&self.well).clone()
    }

    /// The host of this origin (`https://example.com:8443`).
    pub(super) fn of(&self, origin: &str) -> Arc<Host> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(host) = known.get(origin) {
            return host.clone();
        }
        drop(known);
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST_HOSTS {
            known.retain(|_, host| !host.is_well());
        }
        if known.len() >= MOST_HOSTS {
            known.clear();
        }
        // Another call may have been here between the two locks.
        known.entry(origin.to_owned()).or_default().clone()
    }
}

/// One upstream host.
#[derive(Debug)]
pub(super) struct Host {
    /// The budget. Without a lock, since every call asks for it; nothing else is told by it, so its order
    /// does not matter.
    retries: AtomicU32,
    /// Touched only by clients with a breaker.
    circuit: Mutex<Circuit>,
}

#[derive(Debug)]
enum Circuit {
    Closed { failures: u32 },
    Open { until: Instant },
    HalfOpen { running: u32, good: u32 },
}

impl Default for Host {
    fn default() -> Self {
        Self {
            retries: AtomicU32::new(RESERVE),
            circuit: Mutex::new(Circuit::Closed { failures: 0 }),
        }
    }
}

/// Leave to send one request; tells the breaker how it went. Dropped without a word (the call was
/// cancelled, or its caller had no more time), it frees the place of a probe.
#[derive(Debug)]
pub(super) struct Leave<'a> {
    host: &'a Host,
    breaker: Option<&'a CircuitBreaker>,
    probe: bool,
}

impl Host {
    fn with<T>(&self, act: impl FnOnce(&mut Circuit) -> T) -> T {
        act(&mut self.circuit.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn is_well(&self) -> bool {
        self.retries.load(Ordering::Relaxed) >= RESERVE
            && self.with(|circuit| matches!(circuit, Circuit::Closed { failures: 0 }))
    }

    /// A call begins, or has gone well.
    pub(super) fn earn(&self) {
        // A host that is well has all there is, so that it is only looked at.
        if self.retries.load(Ordering::Relaxed) < RESERVE {
            let more = |retries: u32| Some((retries + EARNED).min(RESERVE));
            let _ = self
                .retries
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, more);
        }
    }

    /// Whether one more request may be sent than was called for.
    pub(super) fn spend_retry(&self) -> bool {
        let less = |retries: u32| retries.checked_sub(RETRY);
        self.retries
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, less)
            .is_ok()
    }

    /// Leave to send a request now.
    pub(super) fn leave<'a>(
        &'a self,
        breaker: Option<&'a CircuitBreaker>,
        now: Instant,
    ) -> Result<Leave<'a>, Error> {
        let Some(limits) = breaker else {
            return Ok(Leave {
                host: self,
                breaker,
                probe: false,
            });
        };
        let (granted, probe) = self.with(|circuit| match &mut *circuit {
            Circuit::Closed { .. } => (true, false),
            Circuit::Open { until } if now < *until => (false, false),
            Circuit::Open { .. } => {
                *circuit = Circuit::HalfOpen {
                    running: 1,
                    good: 0,
                };
                (true, true)
            }
            Circuit::HalfOpen { running, .. } => {
                let granted = *running < limits.probes;
                *running += u32::from(granted);
                (granted, granted)
            }
        });
        if granted {
            Ok(Leave {
                host: self,
                breaker,
                probe,
            })
        } else {
            Err(Error::new(
                Kind::CircuitOpen,
                "the host has failed too often and is not asked for a while (circuit breaker)",
            ))
        }
    }
}

impl Leave<'_> {
    /// The host answered as it should.
    pub(super) fn good(mut self) {
        let probe = std::mem::take(&mut self.probe);
        self.host.earn();
        let Some(limits) = self.breaker else { return };
        self.host.with(|circuit| match &mut *circuit {
            Circuit::Closed { failures } => *failures = 0,
            Circuit::HalfOpen { running, good } if probe => {
                *running = running.saturating_sub(1);
                *good += 1;
                if *good >= limits.probes {
                    *circuit = Circuit::Closed { failures: 0 };
                }
            }
            // An answer from before it opened says nothing of now.
            Circuit::HalfOpen { .. } | Circuit::Open { .. } => {}
        });
    }

    /// The host failed.
    pub(super) fn bad(mut self, now: Instant) {
        let probe = std::mem::take(&mut self.probe);
        let Some(limits) = self.breaker else { return };
        self.host.with(|circuit| {
            let open = match &mut *circuit {
                Circuit::Closed { failures } => {
                    *failures += 1;
                    *failures >= limits.failures
                }
                Circuit::HalfOpen { .. } => probe,
                Circuit::Open { .. } => false,
            };
            if open {
                *circuit = Circuit::Open {
                    until: after(now, limits.open_for),
                };
            }
        });
    }
}

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        if self.probe {
            self.host.with(|circuit| {
                if let Circuit::HalfOpen { running, .. } = circuit {
                    *running = running.saturating_sub(1);
                }
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outage_gets_a_tenth_more_and_the_reserve() {
        let host = Host::default();
        let mut sent = 0;
        for _ in 0..1000 {
            host.earn();
            sent += 1;
            for _ in 0..2 {
                if !host.spend_retry() {
                    break;
                }
                sent += 1;
            }
        }
        assert!((1100..=1110).contains(&sent), "{sent}");
    }

    #[test]
    fn good_answers_bring_retries_back() {
        let host = Host::default();
        while host.spend_retry() {}
        for _ in 0..5 {
            host.earn();
            host.leave(None, Instant::now()).unwrap().good();
        }
        assert!(host.spend_retry());
        assert!(!host.spend_retry());
    }

    #[test]
    fn the_circuit_opens_probes_and_closes() {
        let limits = CircuitBreaker::new()
            .failures(2)
            .open_for(Duration::from_secs(30));
        let breaker = Some(&limits);
        let host = Host::default();
        let now = Instant::now();
        let later = now + Duration::from_secs(31);

        host.leave(breaker, now).unwrap().bad(now);
        host.leave(breaker, now).unwrap().good();
        host.leave(breaker, now).unwrap().bad(now);
        host.leave(breaker, now).unwrap().bad(now);
        assert!(host.leave(breaker, now).unwrap_err().is_circuit_open());

        // One probe at a time; a bad one opens it again.
        let probe = host.leave(breaker, later).unwrap();
        assert!(host.leave(breaker, later).is_err());
        probe.bad(later);
        assert!(host.leave(breaker, later).is_err());

        // A cancelled probe makes room for the next.
        let latest = later + Duration::from_secs(31);
        drop(host.leave(breaker, latest).unwrap());
        host.leave(breaker, latest).unwrap().good();
        let (first, second) = (host.leave(breaker, latest), host.leave(breaker, latest));
        assert!(first.is_ok() && second.is_ok());
    }

    #[test]
    fn hosts_are_told_apart_and_bounded() {
        let hosts = Hosts::default();
        assert!(Arc::ptr_eq(&hosts.of("http://a"), &hosts.of("http://a")));
        assert!(hosts.of("http://bad").spend_retry());
        for index in 0..3000 {
            hosts.of(&format!("http://{index}"));
        }
        let known = hosts.known.read().unwrap();
        assert!(known.len() <= MOST_HOSTS);
        assert!(known.contains_key("http://bad"));
    }
}
