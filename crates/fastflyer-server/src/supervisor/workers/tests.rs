//! The state machine with a clock and processes that are made up.

use super::*;
use proptest::prelude::*;

const SECOND: Duration = Duration::from_secs(1);

/// Carries out the actions, without processes.
struct World {
    workers: Workers,
    now: Instant,
    /// Processes that exist, with the orders they were given.
    processes: Vec<(Id, Vec<Order>)>,
    /// Killed, not yet told to be gone.
    killed: Vec<Id>,
    events: Vec<Event>,
    becomes: usize,
}

fn policy(workers: usize) -> Policy {
    Policy {
        workers,
        linger: SECOND * 6,
        patience: Some(SECOND * 60),
        graceful: SECOND * 10,
    }
}

impl World {
    fn new(workers: usize) -> Self {
        let now = Instant::now();
        let mut world = Self {
            workers: Workers::new(policy(workers)),
            now,
            processes: Vec::new(),
            killed: Vec::new(),
            events: Vec::new(),
            becomes: 0,
        };
        world.workers.start(now);
        world.act();
        world
    }

    /// A world whose first generation serves, and has done so for a while.
    fn serving(workers: usize) -> Self {
        let mut world = Self::new(workers);
        world.all_ready();
        world.pass(SECOND * 60);
        world.events.clear();
        world
    }

    fn act(&mut self) {
        for action in self.workers.actions() {
            match action {
                Action::Start(id, _) => {
                    assert!(self.processes.iter().all(|(other, _)| *other != id));
                    self.processes.push((id, Vec::new()));
                    self.workers.started(id, id as i32);
                }
                Action::Send(id, order) => {
                    let process = self.processes.iter_mut().find(|(other, _)| *other == id);
                    process.expect("an order to nobody").1.push(order);
                }
                Action::Kill(id) => self.killed.push(id),
                Action::Become => self.becomes += 1,
                Action::Tell(event) => self.events.push(event),
            }
        }
        let started: Vec<_> = self.workers.actions();
        for action in started {
            if let Action::Tell(event) = action {
                self.events.push(event);
            }
        }
    }

    fn then(&mut self, input: impl FnOnce(&mut Workers, Instant)) {
        input(&mut self.workers, self.now);
        self.act();
    }

    fn pass(&mut self, time: Duration) {
        self.now += time;
        self.then(Workers::tick);
    }

    fn exit(&mut self, id: Id, exit: Exit) {
        self.processes.retain(|(other, _)| *other != id);
        self.killed.retain(|other| *other != id);
        self.then(|workers, now| workers.exited(id, exit, now));
    }

    /// Ids in this state, in the order of their start.
    fn ids(&self, state: State) -> Vec<Id> {
        let members = self.workers.members.iter();
        let mut ids: Vec<Id> = members
            .filter(|member| member.state == state)
            .map(|member| member.id)
            .collect();
        ids.sort_unstable();
        ids
    }

    fn ready(&mut self, id: Id) {
        self.then(|workers, now| workers.ready(id, now));
    }

    fn all_ready(&mut self) {
        while let [first, ..] = self.ids(State::Starting)[..] {
            self.ready(first);
        }
    }

    /// Who was told to end does so.
    fn all_end(&mut self) {
        for id in self.ids(State::Draining) {
            self.exit(id, Exit::Code(0));
        }
        for id in self.ids(State::Killed) {
            self.exit(id, Exit::Signal(9));
        }
    }

    fn has(&self, is_it: impl Fn(&Event) -> bool) -> bool {
        self.events.iter().any(is_it)
    }
}

#[test]
fn the_first_worker_starts_alone() {
    let mut world = World::new(3);
    assert_eq!(world.ids(State::Starting), [1]);
    assert!(world.workers.member(1).unwrap().place.is_first);
    world.ready(1);
    assert_eq!(world.ids(State::Starting), [2, 3]);
    assert!(!world.workers.member(2).unwrap().place.is_first);
    world.ready(2);
    assert!(!world.has(|event| matches!(event, Event::Serving { .. })));
    world.ready(3);
    assert!(world.has(|event| matches!(event, Event::Serving { workers: 3 })));
}

#[test]
fn a_first_generation_that_does_not_come_up_ends_everything() {
    let mut world = World::new(2);
    world.ready(1);
    world.then(|workers, now| workers.failed(2, "no".into(), now));
    world.exit(2, Exit::Code(1));
    assert!(matches!(world.processes[0].1[..], [Order::Stop { .. }]));
    assert!(!world.workers.is_over());
    world.exit(1, Exit::Code(0));
    assert!(world.workers.is_over());
    assert_eq!(world.workers.failure(), Some("no"));
}

#[test]
fn one_that_failed_and_does_not_end_is_killed() {
    let mut world = World::new(1);
    world.then(|workers, now| workers.failed(1, "no".into(), now));
    world.pass(SECOND * 20);
    assert_eq!(world.killed, [1]);
    world.exit(1, Exit::Signal(9));
    assert_eq!(world.workers.failure(), Some("no"));
}

#[test]
fn a_death_after_a_good_while_is_made_up_for_at_once() {
    let mut world = World::serving(2);
    world.exit(1, Exit::Signal(9));
    assert_eq!(world.ids(State::Starting), [3]);
    assert_eq!(world.workers.member(3).unwrap().place.index, 0);
    assert_eq!(world.workers.deaths, 1);
}

#[test]
fn early_deaths_are_held_back_longer_and_longer() {
    let mut world = World::serving(1);
    world.exit(1, Exit::Signal(9));
    let mut waits = Vec::new();
    for _ in 0..10 {
        let id = world.ids(State::Starting)[0];
        world.exit(id, Exit::Code(1));
        assert_eq!(world.ids(State::Starting), [0; 0]);
        let wait = world.workers.next().unwrap() - world.now;
        world.pass(wait - Duration::from_millis(1));
        assert_eq!(world.ids(State::Starting), [0; 0]);
        world.pass(Duration::from_millis(1));
        waits.push(wait.as_millis());
    }
    assert_eq!(
        waits,
        [100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000, 10_000]
    );
    // One good life, and the next death is nothing special.
    world.all_ready();
    world.pass(SECOND * 3);
    let id = world.ids(State::Ready)[0];
    world.exit(id, Exit::Code(1));
    assert_eq!(world.ids(State::Starting).len(), 1);
}

#[test]
fn workers_that_die_together_are_one_failure() {
    let mut world = World::new(3);
    world.all_ready();
    for id in 1..=3 {
        world.exit(id, Exit::Signal(9));
    }
    let wait = world.workers.next().unwrap() - world.now;
    assert_eq!(wait, Duration::from_millis(100));
    world.pass(wait);
    assert_eq!(world.ids(State::Starting), [4, 5, 6]);
}

#[test]
fn a_stop_does_not_wait_for_a_start_that_was_held_back() {
    let mut world = World::new(2);
    world.all_ready();
    world.exit(1, Exit::Signal(9));
    world.then(Workers::stop);
    world.pass(SECOND);
    assert!(world.workers.next().unwrap() > world.now);
}

#[test]
fn the_old_generation_serves_until_all_of_the_new_one_are_ready() {
    let mut world = World::serving(3);
    world.then(|workers, now| workers.reload(now).unwrap());
    assert_eq!(world.ids(State::Starting), [4]);
    world.ready(4);
    assert_eq!(world.ids(State::Starting), [5, 6]);
    world.ready(5);
    assert_eq!(world.ids(State::Ready), [1, 2, 3, 4, 5]);
    world.ready(6);
    assert_eq!(world.ids(State::Ready), [4, 5, 6]);
    assert_eq!(world.ids(State::Draining), [1, 2, 3]);
    let drain = Order::drain(SECOND * 6, Some(SECOND * 60));
    assert!(
        world.processes[..3]
            .iter()
            .all(|(_, orders)| *orders == [drain.clone()])
    );
    assert!(!world.workers.member(4).unwrap().place.is_first);
    // They have their time, and a little more.
    world.pass(SECOND * 70);
    assert_eq!(world.killed, [0; 0]);
    world.pass(SECOND);
    assert_eq!(world.killed, [1, 2, 3]);
}

#[test]
fn a_new_generation_that_fails_is_sent_away() {
    let mut world = World::serving(3);
    world.then(|workers, now| workers.reload(now).unwrap());
    world.ready(4);
    world.ready(5);
    world.exit(6, Exit::Code(1));
    assert_eq!(world.ids(State::Ready), [1, 2, 3]);
    // Connections may have come to them.
    assert_eq!(world.ids(State::Draining), [4, 5]);
    assert!(world.has(|event| matches!(event, Event::ReloadFailed { .. })));
    world.all_end();
    world.pass(SECOND * 100);
    assert_eq!(world.ids(State::Ready), [1, 2, 3]);
    assert_eq!(world.processes.len(), 3);
}

#[test]
fn a_restart_asked_for_during_another_follows_it() {
    for fails in [false, true] {
        let mut world = World::serving(1);
        for _ in 0..3 {
            world.then(|workers, now| workers.reload(now).unwrap());
        }
        if fails {
            world.exit(2, Exit::Code(1));
        } else {
            world.ready(2);
        }
        assert_eq!(world.ids(State::Starting), [3], "{fails}");
        world.ready(3);
        world.all_end();
        assert_eq!(world.ids(State::Ready), [3]);
        assert!(world.workers.roll.is_none());
    }
}

#[test]
fn another_number_of_workers() {
    let mut world = World::serving(2);
    world.then(|workers, now| workers.resize(4, now).unwrap());
    assert_eq!(world.ids(State::Starting), [3, 4]);
    world.ready(3);
    world.then(|workers, now| workers.resize(1, now).unwrap());
    // What has not begun is killed, what serves drains.
    assert_eq!(world.killed, [4]);
    assert_eq!(world.ids(State::Draining), [2, 3]);
    assert!(world.has(|event| matches!(event, Event::Resized { workers: 1 })));
    let (now, workers) = (world.now, &mut world.workers);
    assert!(workers.resize(0, now).is_err());
    assert!(workers.resize(MOST + 1, now).is_err());
}

#[test]
fn workers_retire_one_after_the_other_and_are_replaced_before() {
    let mut world = World::serving(3);
    for id in 1..=3 {
        world.then(|workers, now| workers.retire(id, now));
    }
    for turn in 0..3 {
        assert_eq!(world.ids(State::Starting), [4 + turn]);
        assert_eq!(world.ids(State::Draining), [0; 0]);
        world.ready(4 + turn);
        assert_eq!(world.ids(State::Draining), [1 + turn]);
        assert_eq!(world.ids(State::Starting), [0; 0], "one at a time");
        world.all_end();
    }
    assert_eq!(world.ids(State::Ready), [4, 5, 6]);
}

#[test]
fn a_blocked_worker_is_replaced_drained_and_killed_when_spent() {
    let mut world = World::serving(2);
    for _ in 0..3 {
        world.then(|workers, now| workers.hung(1, vec![0], now));
    }
    assert_eq!(world.ids(State::Starting), [3]);
    assert_eq!(world.ids(State::Draining), [1]);
    world.then(|workers, now| workers.spent(1, now));
    assert_eq!(world.killed, [0; 0], "it may still accept");
    world.pass(SECOND);
    world.then(|workers, now| workers.spent(1, now));
    assert_eq!(world.killed, [1]);
    // Nobody else is killed for having nothing to do.
    world.then(|workers, now| workers.spent(2, now));
    assert_eq!(world.killed, [1]);
}

#[test]
fn a_blocked_start_fails_a_restart() {
    let mut world = World::serving(1);
    world.then(|workers, now| workers.reload(now).unwrap());
    world.then(|workers, now| workers.hung(2, vec![0], now));
    assert_eq!(world.killed, [2]);
    world.exit(2, Exit::Signal(9));
    assert!(world.has(|event| matches!(event, Event::ReloadFailed { .. })));
    assert_eq!(world.ids(State::Ready), [1]);
}

#[test]
fn a_stop_is_bounded_and_a_second_one_short() {
    let mut world = World::serving(2);
    world.then(|workers, now| workers.retire(1, now));
    world.then(Workers::stop);
    // The starting one too: whatever it does, it need not go on.
    assert_eq!(world.ids(State::Draining), [1, 2, 3]);
    let stop = Order::stop(SECOND * 10);
    assert!(
        world
            .processes
            .iter()
            .all(|(_, orders)| *orders == [stop.clone()])
    );
    world.pass(SECOND * 20);
    assert_eq!(world.killed, [0; 0]);
    world.then(Workers::stop_now);
    world.pass(CUT);
    assert_eq!(world.killed, [1, 2, 3]);
    world.all_end();
    assert!(world.workers.is_over());
    assert_eq!(world.workers.failure(), None);
}

#[test]
fn an_upgrade_tries_one_worker_and_goes_on_in_the_next_program() {
    let mut world = World::serving(2);
    world.then(|workers, now| workers.upgrade(now).unwrap());
    let now = world.now;
    assert!(world.workers.upgrade(now).is_err());
    let trial = world.workers.member(3).unwrap().place;
    assert!(trial.from_disk && trial.is_first);
    world.ready(3);
    assert_eq!((world.becomes, world.ids(State::Starting)), (1, vec![]));
    // Through what is handed over, as text.
    let saved = serde_json::to_string(&world.workers.save(world.now)).unwrap();
    let saved = serde_json::from_str(&saved).unwrap();
    world.workers = Workers::restore(policy(2), saved, world.now);
    world.pass(Duration::ZERO);
    assert_eq!(world.ids(State::Starting), [4]);
    assert!(!world.workers.member(4).unwrap().place.is_first);
    assert_eq!(world.ids(State::Draining), [0; 0]);
    world.ready(4);
    assert_eq!(world.ids(State::Draining), [1, 2]);
    assert!(world.has(|event| matches!(event, Event::Upgraded { generation: 2 })));
    world.exit(3, Exit::Signal(9));
    assert!(
        !world
            .workers
            .members
            .iter()
            .any(|member| member.place.from_disk)
    );
}

#[test]
fn a_program_that_cannot_be_run_changes_nothing() {
    let mut world = World::serving(2);
    world.then(|workers, now| workers.upgrade(now).unwrap());
    world.ready(3);
    world.then(|workers, now| workers.upgrade_failed("no".into(), now));
    assert_eq!(world.ids(State::Ready), [1, 2]);
    assert_eq!(world.ids(State::Draining), [3]);
    world.then(|workers, now| workers.upgrade(now).unwrap());
    assert_eq!(world.ids(State::Starting), [4]);
}

/// Something that can happen at any time. Numbers choose among those it can happen to.
#[derive(Clone, Debug)]
enum Input {
    Ready(usize),
    Exit(usize),
    Retire(usize),
    Leave(usize),
    Hang(usize),
    Reload,
    Upgrade,
    CannotBecome,
    Become,
    Resize(usize),
    Pass(u64),
    End,
}

fn input() -> impl Strategy<Value = Input> {
    prop_oneof![
        6 => any::<usize>().prop_map(Input::Ready),
        3 => any::<usize>().prop_map(Input::Exit),
        3 => any::<usize>().prop_map(Input::Retire),
        1 => any::<usize>().prop_map(Input::Leave),
        1 => any::<usize>().prop_map(Input::Hang),
        2 => Just(Input::Reload),
        1 => Just(Input::Upgrade),
        1 => Just(Input::CannotBecome),
        1 => Just(Input::Become),
        2 => (1_usize..5).prop_map(Input::Resize),
        3 => (1_u64..20_000).prop_map(Input::Pass),
        2 => Just(Input::End),
    ]
}

impl World {
    fn feed(&mut self, input: &Input) {
        let pick = |ids: Vec<Id>, number: usize| ids.get(number % ids.len().max(1)).copied();
        let anyone = self.processes.iter().map(|(id, _)| *id).collect();
        match *input {
            Input::Ready(number) => {
                if let Some(id) = pick(self.ids(State::Starting), number) {
                    self.ready(id);
                }
            }
            Input::Exit(number) => {
                if let Some(id) = pick(anyone, number) {
                    self.exit(id, Exit::Code(1));
                }
            }
            Input::Retire(number) => {
                if let Some(id) = pick(self.ids(State::Ready), number) {
                    self.then(|workers, now| workers.retire(id, now));
                }
            }
            Input::Leave(number) => {
                if let Some(id) = pick(self.ids(State::Ready), number) {
                    self.then(|workers, now| workers.left(id, now));
                }
            }
            Input::Hang(number) => {
                if let Some(id) = pick(anyone, number) {
                    self.then(|workers, now| workers.hung(id, vec![0], now));
                }
            }
            Input::Reload => self.then(|workers, now| {
                let _ = workers.reload(now);
            }),
            Input::Upgrade => self.then(|workers, now| {
                let _ = workers.upgrade(now);
            }),
            Input::CannotBecome => {
                if self.workers.roll.is_some_and(|roll| roll.asked) {
                    self.then(|workers, now| workers.upgrade_failed("no".into(), now));
                }
            }
            Input::Become => {
                if self.workers.roll.is_some_and(|roll| roll.asked) {
                    let saved = self.workers.save(self.now);
                    self.workers = Workers::restore(self.workers.policy.clone(), saved, self.now);
                    self.pass(Duration::ZERO);
                }
            }
            Input::Resize(wanted) => self.then(|workers, now| {
                let _ = workers.resize(wanted, now);
            }),
            Input::Pass(time) => self.pass(Duration::from_millis(time)),
            Input::End => self.all_end(),
        }
    }

    /// What holds at any time.
    fn check(&self) -> Result<(), TestCaseError> {
        let members = &self.workers.members;
        let retiring = members
            .iter()
            .filter(|member| member.leaving == Some(Reason::MaxRequests));
        prop_assert!(retiring.count() <= 1, "{members:#?}");
        let roll = self.workers.roll.map(|roll| roll.generation);
        for member in members {
            prop_assert!(self.processes.iter().any(|(id, _)| *id == member.id));
            prop_assert_eq!(
                self.killed.contains(&member.id),
                member.state == State::Killed
            );
            if !member.is_live() || self.workers.is_stopping() {
                continue;
            }
            let Place {
                generation, index, ..
            } = member.place;
            let is_wanted = (generation == self.workers.serving || Some(generation) == roll)
                && index < self.workers.wanted;
            prop_assert!(is_wanted || !self.workers.is_complete(self.workers.serving));
            let others = members
                .iter()
                .filter(|other| other.holds(generation, index));
            prop_assert!(others.count() <= 1, "two in one seat: {members:#?}");
        }
        prop_assert_eq!(self.processes.len(), members.len());
        Ok(())
    }
}

proptest! {
    #[test]
    fn whatever_happens_the_rules_hold_and_all_becomes_well(
        workers in 1_usize..4,
        inputs in prop::collection::vec(input(), 0..60),
    ) {
        let mut world = World::serving(workers);
        for input in &inputs {
            let ready = world.ids(State::Ready);
            let serving = world.workers.serving;
            world.feed(input);
            world.check()?;
            // Only what happens to a worker takes the last one away, never what the set does by itself.
            let harmless = !matches!(input, Input::Exit(_) | Input::Leave(_) | Input::Hang(_));
            if harmless && !ready.is_empty() {
                prop_assert!(!world.ids(State::Ready).is_empty(), "{input:?}");
            }
            // The serving generation is sent away only by one that has come up, by a resize or in turn.
            if harmless && serving == world.workers.serving && !matches!(input, Input::Resize(_)) {
                for id in ready {
                    let member = world.workers.member(id);
                    if let Some(member) = member.filter(|member| member.place.generation == serving) {
                        let stays = member.state == State::Ready
                            || matches!(
                                member.leaving,
                                Some(Reason::MaxRequests | Reason::Surplus)
                            );
                        prop_assert!(stays, "{input:?} {member:?}");
                    }
                }
            }
        }
        // From here on everything goes well.
        for _ in 0..20 {
            world.all_ready();
            world.all_end();
            world.pass(SECOND * 11);
            if world.workers.roll.is_some_and(|roll| roll.asked) {
                world.then(|workers, now| workers.upgrade_failed("no".into(), now));
            }
        }
        world.check()?;
        prop_assert_eq!(world.ids(State::Ready).len(), world.workers.wanted);
        prop_assert_eq!(world.processes.len(), world.workers.wanted);
        prop_assert!(world.workers.roll.is_none());
        // And it can always be stopped.
        world.then(Workers::stop);
        world.all_end();
        prop_assert!(world.workers.is_over());
    }
}
