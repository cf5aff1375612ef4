//! The set of workers as it is handed over to the next program, at an upgrade.

use super::{Cause, Id, MOST, Member, Phase, Place, Policy, Roll, State, Workers};
use crate::supervisor::event::Reason;
use serde::{Deserialize, Serialize};
use std::time::{Duration, Instant};

/// All that the next program has to know. Times are ages, since an `Instant` cannot be written down.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::supervisor) struct SavedWorkers {
    /// How many workers the settings of the old program wanted.
    configured: usize,
    wanted: usize,
    serving: u64,
    /// The generation of the trial worker.
    rolling: u64,
    failures: u32,
    deaths: u64,
    last_id: Id,
    members: Vec<SavedMember>,
}

#[derive(Debug, Serialize, Deserialize)]
struct SavedMember {
    id: Id,
    index: usize,
    generation: u64,
    is_first: bool,
    pid: i32,
    state: State,
    started: Duration,
    ready: Option<Duration>,
    draining: Option<Duration>,
    /// From now.
    end_in: Option<Duration>,
    leaving: Option<Reason>,
    wants_to_retire: bool,
}

impl Workers {
    pub(in crate::supervisor) fn save(&self, now: Instant) -> SavedWorkers {
        let age = |then: Instant| now.saturating_duration_since(then);
        let members = self.members.iter().map(|member| SavedMember {
            id: member.id,
            index: member.place.index,
            generation: member.place.generation,
            is_first: member.place.is_first,
            pid: member.pid,
            state: member.state,
            started: age(member.started),
            ready: member.ready.map(age),
            draining: member.draining.map(age),
            end_in: member
                .end_by
                .map(|end_by| end_by.saturating_duration_since(now)),
            leaving: member.leaving,
            wants_to_retire: member.wants_to_retire,
        });
        SavedWorkers {
            configured: self.policy.workers,
            wanted: self.wanted,
            serving: self.serving,
            rolling: self.last_generation,
            failures: self.failures,
            deaths: self.deaths,
            last_id: self.last_id,
            members: members.collect(),
        }
    }

    /// Goes on where the old program stopped: with the rest of the generation that it has tried.
    pub(in crate::supervisor) fn restore(
        policy: Policy,
        saved: SavedWorkers,
        now: Instant,
    ) -> Self {
        // Beyond what the clock can tell nothing is lost by saying "now".
        let then = |age: Duration| now.checked_sub(age).unwrap_or(now);
        let members = saved.members.into_iter().map(|member| Member {
            id: member.id,
            place: Place {
                index: member.index,
                generation: member.generation,
                is_first: member.is_first,
                from_disk: false,
            },
            pid: member.pid,
            state: member.state,
            started: then(member.started),
            ready: member.ready.map(then),
            draining: member.draining.map(then),
            end_by: member.end_in.map(|left| now + left),
            leaving: member.leaving,
            wants_to_retire: member.wants_to_retire,
            failure: None,
        });
        // A number that was changed by a signal holds until the settings say another.
        let wanted = if policy.workers == saved.configured {
            saved.wanted
        } else {
            policy.workers
        };
        Self {
            policy,
            phase: Phase::Serving,
            members: members.collect(),
            wanted: wanted.clamp(1, MOST),
            serving: saved.serving,
            roll: Some(Roll {
                generation: saved.rolling,
                cause: Cause::Upgrade,
                asked: true,
            }),
            again: false,
            resizing: false,
            failures: saved.failures,
            not_before: None,
            last_id: saved.last_id,
            last_generation: saved.rolling,
            deaths: saved.deaths,
            actions: Vec::new(),
        }
    }
}
