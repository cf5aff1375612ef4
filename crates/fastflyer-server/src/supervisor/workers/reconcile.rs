//! What follows from what happened: the difference between the workers that are there and those that
//! are wanted becomes [`Action`]s.
//!
//! Every step may be taken at any time and does nothing when nothing differs. Key function:
//! [`Workers::reconcile`].

use super::{Action, Cause, Id, Member, Place, Policy, Roll, SLACK, State, Workers};
use crate::supervisor::{
    event::{Event, Reason},
    link::Order,
};
use std::time::{Duration, Instant};

/// A worker that dies within this time after it was ready was never well.
const EARLY: Duration = Duration::from_secs(2);
/// The waits before the next start of a worker that dies early.
const BACK_OFF: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(10));

impl Workers {
    /// A worker is gone that was wanted.
    pub(super) fn lost(&mut self, member: &Member, reason: String, now: Instant) {
        match self.roll {
            Some(roll) if roll.generation == member.place.generation => {
                self.roll_failed(roll.cause, reason, now);
            }
            _ => {
                if member.ready.is_none() && self.resizing {
                    self.resizing = false;
                    self.tell(Event::ResizeFailed { reason });
                }
                self.back_off(member.ready, now);
            }
        }
    }

    pub(super) fn roll_failed(&mut self, cause: Cause, reason: String, now: Instant) {
        // Its workers belong to no generation now, and are dismissed for it.
        self.roll = None;
        match cause {
            Cause::Start => self.stop_for(Some(reason), now),
            Cause::Reload => self.tell(Event::ReloadFailed { reason }),
            Cause::Trial | Cause::Upgrade => self.tell(Event::UpgradeFailed { reason }),
        }
        self.begin_again();
    }

    /// Begins the rolling restart that was asked for during the last one.
    fn begin_again(&mut self) {
        if std::mem::take(&mut self.again) && !self.is_stopping() {
            self.begin(Cause::Reload);
        }
    }

    fn back_off(&mut self, ready: Option<Instant>, now: Instant) {
        if ready.is_some_and(|ready| now.duration_since(ready) >= EARLY) {
            self.failures = 0;
            return;
        }
        if self.not_before.is_some_and(|time| time > now) {
            // Many that die of one cause are one failure, not one for each seat.
            return;
        }
        self.failures += 1;
        let doubled = BACK_OFF.0 * 2_u32.pow((self.failures - 1).min(10));
        let delay = doubled.min(BACK_OFF.1);
        self.not_before = Some(now + delay);
        let failures = self.failures;
        self.tell(Event::BackOff { failures, delay });
    }

    pub(super) fn reconcile(&mut self, now: Instant) {
        if !self.is_stopping() {
            self.roll_on();
            self.next_to_retire();
            self.fill(now);
            self.dismiss(now);
            self.settle();
        }
        for id in self.ids() {
            if self
                .member(id)
                .and_then(|member| member.end_by)
                .is_some_and(|end_by| end_by <= now)
            {
                self.kill(id);
            }
        }
    }

    fn is_ready(&self, generation: u64, index: usize) -> bool {
        self.members
            .iter()
            .any(|member| member.state == State::Ready && member.holds(generation, index))
    }

    /// Every seat has a worker that serves.
    pub(super) fn is_complete(&self, generation: u64) -> bool {
        (0..self.wanted).all(|index| self.is_ready(generation, index))
    }

    /// Lets the new generation serve once it is complete.
    fn roll_on(&mut self) {
        let Some(roll) = self.roll else {
            return;
        };
        let Roll {
            generation, cause, ..
        } = roll;
        if cause == Cause::Trial {
            if !roll.asked && self.is_ready(generation, 0) {
                self.roll = Some(Roll {
                    asked: true,
                    ..roll
                });
                self.tell(Event::Replacing);
                self.actions.push(Action::Become);
            }
            return;
        }
        if self.is_complete(generation) {
            self.roll = None;
            self.serving = generation;
            self.failures = 0;
            self.not_before = None;
            let workers = self.wanted;
            self.tell(match cause {
                Cause::Start => Event::Serving { workers },
                Cause::Reload => Event::Reloaded { generation },
                Cause::Trial | Cause::Upgrade => Event::Upgraded { generation },
            });
            self.begin_again();
        }
    }

    /// Workers that have served their number are replaced one after the other.
    fn next_to_retire(&mut self) {
        let is_busy = self.roll.is_some()
            || self
                .members
                .iter()
                .any(|member| member.leaving == Some(Reason::MaxRequests));
        if !is_busy
            && let Some(member) = self.members.iter_mut().find(|member| {
                member.wants_to_retire && member.is_live() && member.leaving.is_none()
            })
        {
            member.leaving = Some(Reason::MaxRequests);
        }
    }

    /// Starts a worker for each seat that nobody holds.
    fn fill(&mut self, now: Instant) {
        if let Some(Roll {
            generation, cause, ..
        }) = self.roll
        {
            // The first one alone shows whether the generation can start at all.
            let seats = if self.is_ready(generation, 0) && cause != Cause::Trial {
                self.wanted
            } else {
                1
            };
            for index in 0..seats {
                let is_first = index == 0 && cause != Cause::Reload;
                self.fill_seat(generation, index, is_first, now);
            }
        }
        if self.serving > 0 && self.not_before.is_none_or(|time| time <= now) {
            self.not_before = None;
            for index in 0..self.wanted {
                self.fill_seat(self.serving, index, false, now);
            }
        }
    }

    fn fill_seat(&mut self, generation: u64, index: usize, is_first: bool, now: Instant) {
        if self
            .members
            .iter()
            .any(|member| member.holds(generation, index))
        {
            return;
        }
        let from_disk = self
            .roll
            .is_some_and(|roll| roll.cause == Cause::Trial && roll.generation == generation);
        let place = Place {
            index,
            generation,
            is_first,
            from_disk,
        };
        self.last_id += 1;
        let id = self.last_id;
        self.members.push(Member {
            id,
            place,
            pid: 0,
            state: State::Starting,
            started: now,
            ready: None,
            draining: None,
            end_by: None,
            leaving: None,
            wants_to_retire: false,
            failure: None,
        });
        self.actions.push(Action::Start(id, place));
    }

    /// Sends away who is not needed any more.
    fn dismiss(&mut self, now: Instant) {
        let is_complete = self.is_complete(self.serving);
        for id in self.ids() {
            let Some(member) = self.member(id).filter(|member| member.is_live()) else {
                continue;
            };
            if let Some(reason) = self.dismissal(member, is_complete) {
                if member.state == State::Starting {
                    self.kill(id);
                } else {
                    self.drain(id, reason, now);
                }
            }
        }
    }

    fn dismissal(&self, member: &Member, is_complete: bool) -> Option<Reason> {
        let Place {
            index, generation, ..
        } = member.place;
        let is_given_up = generation != self.serving
            && self.roll.is_none_or(|roll| roll.generation != generation);
        let reason = match member.leaving {
            Some(Reason::Hung) => return member.leaving,
            _ if index >= self.wanted => Reason::Surplus,
            _ if is_given_up => Reason::Replaced,
            leaving => return leaving.filter(|_| self.is_ready(generation, index)),
        };
        // Who serves stays until those who are wanted do.
        (member.state == State::Starting || is_complete).then_some(reason)
    }

    fn drain(&mut self, id: Id, reason: Reason, now: Instant) {
        let Policy {
            linger,
            patience,
            graceful,
            ..
        } = self.policy;
        if let Some(member) = self.member_mut(id) {
            member.state = State::Draining;
            member.draining = Some(now);
            member.leaving = Some(reason);
            member.end_by = patience.map(|patience| now + patience + graceful + SLACK);
            let worker = member.name();
            self.tell(Event::Draining { worker, reason });
            let order = Order::drain(linger, patience);
            self.actions.push(Action::Send(id, order));
        }
    }

    pub(super) fn kill(&mut self, id: Id) {
        if let Some(member) = self.member_mut(id)
            && member.state != State::Killed
        {
            let was_ready = member.ready.is_some();
            member.state = State::Killed;
            member.end_by = None;
            let worker = member.name();
            self.actions.push(Action::Kill(id));
            if was_ready {
                self.tell(Event::Killed { worker });
            }
        }
    }

    fn settle(&mut self) {
        if self.resizing && self.roll.is_none() && self.is_complete(self.serving) {
            self.resizing = false;
            let workers = self.wanted;
            self.tell(Event::Resized { workers });
        }
    }
}
