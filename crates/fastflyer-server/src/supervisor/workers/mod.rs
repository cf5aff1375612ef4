//! The set of workers as a state machine: what happened goes in, what to do comes out.
//!
//! It knows neither processes nor clocks: times are given, [`Action`]s are taken and carried out by
//! others. After every input it compares what is there with what is wanted (one fit worker in each
//! seat of the serving generation, and of a generation that is rolled in) and acts on the difference,
//! so that no order of events needs a case of its own. Key type: [`Workers`].

mod member;
mod reconcile;
mod saved;
#[cfg(test)]
mod tests;

pub(super) use member::{Action, Cause, Id, Member, Place, Policy, Refusal, Roll, State};
pub(super) use saved::SavedWorkers;

use super::{
    event::{Event, Exit, Reason},
    link::Order,
};
use std::time::{Duration, Instant};

#[derive(Clone, Debug, PartialEq, Eq)]
enum Phase {
    Serving,
    /// With the reason, if the first generation did not come up.
    Stopping(Option<String>),
}

/// All workers. What happened is told by the methods here, what follows is in `reconcile`.
#[derive(Debug)]
pub(super) struct Workers {
    policy: Policy,
    phase: Phase,
    pub(super) members: Vec<Member>,
    pub(super) wanted: usize,
    /// The generation that serves; 0 before there is one.
    pub(super) serving: u64,
    pub(super) roll: Option<Roll>,
    /// Another rolling restart was asked for during this one.
    again: bool,
    resizing: bool,
    /// Deaths in a row soon after a start.
    failures: u32,
    not_before: Option<Instant>,
    last_id: Id,
    last_generation: u64,
    pub(super) deaths: u64,
    actions: Vec<Action>,
}

/// What a worker may take beyond its bounds to come to its end.
const SLACK: Duration = Duration::from_secs(1);
/// After this time a draining worker has accepted its last connection, and told of it.
const SETTLED: Duration = Duration::from_millis(600);
/// How long a worker may take to cut everything.
const CUT: Duration = Duration::from_millis(500);
/// More than any machine is good for; a slip of the finger shall not fill it with processes.
pub(super) const MOST: usize = 1024;

impl Workers {
    pub(super) fn new(policy: Policy) -> Self {
        let wanted = policy.workers.clamp(1, MOST);
        Self {
            policy,
            phase: Phase::Serving,
            members: Vec::new(),
            wanted,
            serving: 0,
            roll: None,
            again: false,
            resizing: false,
            failures: 0,
            not_before: None,
            last_id: 0,
            last_generation: 0,
            deaths: 0,
            actions: Vec::new(),
        }
    }

    /// What is to be done, in this order.
    pub(super) fn actions(&mut self) -> Vec<Action> {
        std::mem::take(&mut self.actions)
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.phase != Phase::Serving
    }

    /// Nothing is left to wait for.
    pub(super) fn is_over(&self) -> bool {
        self.is_stopping() && self.members.is_empty()
    }

    /// Why the first generation did not come up.
    pub(super) fn failure(&self) -> Option<&str> {
        match &self.phase {
            Phase::Stopping(Some(reason)) => Some(reason),
            _ => None,
        }
    }

    pub(super) fn member(&self, id: Id) -> Option<&Member> {
        self.members.iter().find(|member| member.id == id)
    }

    fn member_mut(&mut self, id: Id) -> Option<&mut Member> {
        self.members.iter_mut().find(|member| member.id == id)
    }

    /// When [`tick`](Self::tick) has something to do.
    pub(super) fn next(&self) -> Option<Instant> {
        let ends = self.members.iter().filter_map(|member| member.end_by);
        // Nobody is started any more at a stop: a start that was held back would be due for ever.
        let start = self.not_before.filter(|_| !self.is_stopping());
        ends.chain(start).min()
    }

    // What happened.

    /// Starts the first generation.
    pub(super) fn start(&mut self, now: Instant) {
        self.begin(Cause::Start);
        self.reconcile(now);
    }

    /// The process of an [`Action::Start`] exists.
    pub(super) fn started(&mut self, id: Id, pid: i32) {
        if let Some(member) = self.member_mut(id) {
            member.pid = pid;
            let worker = member.name();
            self.tell(Event::Started { worker });
        }
    }

    /// It accepts connections.
    pub(super) fn ready(&mut self, id: Id, now: Instant) {
        if let Some(member) = self.member_mut(id)
            && member.state == State::Starting
        {
            member.state = State::Ready;
            member.ready = Some(now);
            let after = now.duration_since(member.started);
            let worker = member.name();
            self.tell(Event::Ready { worker, after });
            self.reconcile(now);
        }
    }

    /// It said why it will not come up; its end follows.
    pub(super) fn failed(&mut self, id: Id, reason: String, now: Instant) {
        let end_by = now + self.policy.graceful + SLACK;
        if let Some(member) = self.member_mut(id) {
            member.failure = Some(reason);
            // Whatever threads it may have left running.
            member.end_by.get_or_insert(end_by);
        }
    }

    /// It has served its number of requests.
    pub(super) fn retire(&mut self, id: Id, now: Instant) {
        if let Some(member) = self.member_mut(id) {
            member.wants_to_retire = true;
            self.reconcile(now);
        }
    }

    /// It drains without having been told to.
    pub(super) fn left(&mut self, id: Id, now: Instant) {
        let end_by = now + self.policy.graceful * 2 + SLACK;
        if let Some(member) = self.member_mut(id)
            && member.is_live()
        {
            member.state = State::Draining;
            member.draining = Some(now);
            member.end_by = Some(end_by);
            let worker = member.name();
            let reason = Reason::Asked;
            self.tell(Event::Draining { worker, reason });
            self.reconcile(now);
        }
    }

    /// Some of its event loops do not come round any more.
    pub(super) fn hung(&mut self, id: Id, loops: Vec<usize>, now: Instant) {
        let Some(member) = self.member_mut(id) else {
            return;
        };
        let worker = member.name();
        match member.state {
            State::Starting => {
                member.failure = Some("it did not come up in time, flyer_timeout".into());
                self.tell(Event::Hung { worker, loops });
                self.kill(id);
            }
            State::Ready if member.leaving != Some(Reason::Hung) => {
                member.leaving = Some(Reason::Hung);
                let generation = worker.generation;
                self.tell(Event::Hung { worker, loops });
                if let Some(roll) = self.roll.filter(|roll| roll.generation == generation) {
                    let reason = format!("{worker} is blocked");
                    self.roll_failed(roll.cause, reason, now);
                }
            }
            _ => return,
        }
        self.reconcile(now);
    }

    /// Nothing is left of it but loops that are blocked, as far as it has told.
    pub(super) fn spent(&mut self, id: Id, now: Instant) {
        if let Some(member) = self.member(id)
            && member.state == State::Draining
            && member.leaving == Some(Reason::Hung)
            && member
                .draining
                .is_some_and(|since| now.duration_since(since) >= SETTLED)
        {
            self.kill(id);
        }
    }

    /// Its process has ended, or could not be made.
    pub(super) fn exited(&mut self, id: Id, exit: Exit, now: Instant) {
        let Some(at) = self.members.iter().position(|member| member.id == id) else {
            return;
        };
        let member = self.members.swap_remove(at);
        let worker = member.name();
        if self.is_stopping() || !member.is_live() && member.failure.is_none() {
            self.tell(Event::Ended { worker, exit });
        } else {
            let reason = member.failure.clone().unwrap_or_else(|| exit.to_string());
            if member.ready.is_none() {
                self.tell(Event::StartFailed {
                    worker,
                    reason: reason.clone(),
                });
            } else {
                self.deaths += 1;
                self.tell(Event::Died { worker, exit });
            }
            self.lost(&member, reason, now);
        }
        self.reconcile(now);
    }

    /// A rolling restart is asked for; during another it begins after that.
    pub(super) fn reload(&mut self, now: Instant) -> Result<(), Refusal> {
        self.refuse_if_stopping()?;
        if self.roll.is_some() {
            // What it shall pick up may have changed after this one began.
            self.again = true;
        } else {
            self.begin(Cause::Reload);
            self.reconcile(now);
        }
        Ok(())
    }

    /// The program on disk shall take over.
    pub(super) fn upgrade(&mut self, now: Instant) -> Result<(), Refusal> {
        self.refuse_if_stopping()?;
        if self.roll.is_some() {
            return Err(Refusal("a generation of workers is being started already"));
        }
        self.begin(Cause::Trial);
        self.reconcile(now);
        Ok(())
    }

    /// [`Action::Become`] was given, and still holds.
    pub(super) fn is_about_to_become(&self) -> bool {
        let is_trial = |roll: Roll| roll.cause == Cause::Trial && roll.asked;
        !self.is_stopping() && self.roll.is_some_and(is_trial)
    }

    /// [`Action::Become`] could not be carried out.
    pub(super) fn upgrade_failed(&mut self, reason: String, now: Instant) {
        self.roll_failed(Cause::Trial, reason, now);
        self.reconcile(now);
    }

    /// So many workers are wanted.
    pub(super) fn resize(&mut self, workers: usize, now: Instant) -> Result<(), Refusal> {
        self.refuse_if_stopping()?;
        match workers {
            0 => return Err(Refusal("one worker is the least")),
            1..=MOST => {}
            _ => return Err(Refusal("1024 workers are the most")),
        }
        self.wanted = workers;
        self.resizing = true;
        self.tell(Event::Resizing { workers });
        self.reconcile(now);
        Ok(())
    }

    /// Everybody reopens the log files.
    pub(super) fn reopen(&mut self) {
        for id in self.ids() {
            self.actions.push(Action::Send(id, Order::Reopen));
        }
        self.tell(Event::Reopen);
    }

    /// The service shall end; requests in flight are finished.
    pub(super) fn stop(&mut self, now: Instant) {
        if !self.is_stopping() {
            self.tell(Event::Stopping);
            self.stop_for(None, now);
        }
    }

    /// The service shall end now.
    pub(super) fn stop_now(&mut self, now: Instant) {
        self.tell(Event::StoppingNow);
        if !self.is_stopping() {
            self.phase = Phase::Stopping(None);
        }
        self.order_all(&Order::Cut, now + CUT);
    }

    /// Time has passed.
    pub(super) fn tick(&mut self, now: Instant) {
        self.reconcile(now);
    }

    // What several of them have in common.

    fn tell(&mut self, event: Event) {
        self.actions.push(Action::Tell(event));
    }

    fn refuse_if_stopping(&self) -> Result<(), Refusal> {
        if self.is_stopping() {
            Err(Refusal("the service is stopping"))
        } else {
            Ok(())
        }
    }

    fn ids(&self) -> Vec<Id> {
        self.members.iter().map(|member| member.id).collect()
    }

    fn begin(&mut self, cause: Cause) {
        self.last_generation += 1;
        let generation = self.last_generation;
        self.roll = Some(Roll {
            generation,
            cause,
            asked: false,
        });
        if cause == Cause::Reload {
            self.tell(Event::Reloading { generation });
        }
    }

    fn stop_for(&mut self, failure: Option<String>, now: Instant) {
        self.phase = Phase::Stopping(failure);
        let graceful = self.policy.graceful;
        // The application has the same time again for its own stop.
        self.order_all(&Order::stop(graceful), now + graceful * 2 + SLACK);
    }

    fn order_all(&mut self, order: &Order, end_by: Instant) {
        for member in &mut self.members {
            if member.state != State::Killed {
                member.state = State::Draining;
                member.end_by = Some(member.end_by.map_or(end_by, |other| other.min(end_by)));
                self.actions.push(Action::Send(member.id, order.clone()));
            }
        }
    }
}
