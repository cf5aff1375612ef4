//! The loop of the supervisor: waits, asks what has happened, has [`Workers`] decide, carries it out.
//!
//! One thread, and nothing in it blocks. Key type: [`Running`].

use super::{
    Event, Exit, Outcome, Supervisor,
    control::{ControlServer, Reply, Request, ServiceState, Status, WorkerStatus},
    inherited::Descriptor,
    link::Report,
    monitor::Monitor,
    process::{Process, Program, reap},
    signals::{Signal, Signals},
    systemd::Notifier,
    upgrade::HandOver,
    workers::{Action, Cause, Id, Place, Refusal, Workers},
};
use crate::{Error, listener::Listener};
use nix::{
    errno::Errno,
    poll::{PollFd, PollFlags, PollTimeout, poll},
};
use std::{
    collections::BTreeMap,
    io,
    os::fd::AsFd as _,
    sync::atomic::Ordering::Relaxed,
    time::{Duration, Instant, SystemTime},
};

/// A supervisor at work.
pub(super) struct Running<O> {
    signals: Signals,
    /// Closed when the service stops: then newcomers are refused instead of left waiting.
    listener: Option<Listener>,
    address: String,
    program: Program,
    version: String,
    workers: Workers,
    processes: BTreeMap<Id, Process>,
    monitor: Option<Monitor>,
    control: Option<ControlServer>,
    notifier: Notifier,
    /// When systemd is told next that we live.
    alive: Option<Instant>,
    /// The program on disk is to be run as soon as nothing else is to be done.
    becomes: bool,
    outcome: Outcome,
    /// Seconds since 1970.
    started: u64,
    reloads: u64,
    observer: O,
}

/// The longest sleep; everything that is waited for wakes the loop.
const LONGEST: Duration = Duration::from_secs(60);

impl<O: FnMut(&Event)> Running<O> {
    pub(super) fn new(supervisor: Supervisor, observer: O) -> Result<Self, Error> {
        let Supervisor {
            config,
            program,
            listener,
            inherited,
            signals,
        } = supervisor;
        let now = Instant::now();
        let policy = config.policy();
        let monitor = config.timeout().map(|timeout| Monitor::new(timeout, now));
        let notifier = Notifier::from_environment();
        let mut running = Self {
            signals,
            address: listener
                .local_addr()
                .map_or_else(|_| String::new(), |address| address.to_string()),
            listener: Some(listener),
            program,
            version: config.version,
            workers: Workers::new(policy.clone()),
            processes: BTreeMap::new(),
            monitor,
            control: None,
            alive: notifier.watchdog().map(|_| now),
            notifier,
            becomes: false,
            outcome: Outcome::default(),
            started: seconds_since_1970(),
            reloads: 0,
            observer,
        };
        match config.control.as_deref().map(ControlServer::bind) {
            Some(Err(error)) => running.tell(&Event::NoControl {
                reason: error.to_string(),
            }),
            control => running.control = control.and_then(Result::ok),
        }
        match inherited {
            None => running.workers.start(now),
            Some(left) => {
                for saved in &left.processes {
                    let process = Process::adopt(saved)
                        .map_err(|cause| Error::setup("take over the workers", cause))?;
                    running.processes.insert(saved.id, process);
                }
                running.workers = Workers::restore(policy, left.workers, now);
                running.outcome = left.outcome;
                running.started = left.started;
                running.reloads = left.reloads;
            }
        }
        Ok(running)
    }

    pub(super) fn run(mut self) -> Result<Outcome, Error> {
        loop {
            let now = Instant::now();
            self.hear_workers(now);
            self.reap(now);
            self.obey_signals(now);
            self.obey_control(now);
            self.look_for_hangs(now);
            self.show_life(now);
            self.workers.tick(now);
            self.act();
            if self.workers.is_over() {
                break;
            }
            self.wait();
        }
        self.outcome.died = self.workers.deaths;
        self.tell(&Event::Stopped);
        match self.workers.failure() {
            Some(reason) => Err(Error::boot(reason)),
            None => Ok(self.outcome),
        }
    }

    /// Sleeps until something happens or is due.
    fn wait(&self) {
        let due = [
            self.workers.next(),
            self.monitor.as_ref().map(Monitor::next),
            self.alive,
        ];
        let patience = due
            .into_iter()
            .flatten()
            .min()
            .map_or(LONGEST, |due| due.saturating_duration_since(Instant::now()));
        // Rounded up, so that it does not spin through the last millisecond.
        let patience = (patience + Duration::from_millis(1)).min(LONGEST);
        let links = self.processes.values().filter(|one| one.link.is_open());
        let mut files: Vec<PollFd<'_>> = self
            .signals
            .files()
            .chain(links.map(|process| process.link.as_fd()))
            .map(|file| PollFd::new(file, PollFlags::POLLIN))
            .chain(self.control.iter().flat_map(ControlServer::files))
            .collect();
        let patience = PollTimeout::try_from(patience).unwrap_or(PollTimeout::MAX);
        match poll(&mut files, patience) {
            Ok(_) | Err(Errno::EINTR) => {}
            // Out of kernel memory: better slow than spinning.
            Err(_) => std::thread::sleep(Duration::from_millis(50)),
        }
    }

    /// Tells everybody who wants to know.
    fn tell(&mut self, event: &Event) {
        match event {
            Event::Serving { .. } => self.notifier.ready(&event.to_string()),
            Event::Resized { .. } => self.notifier.status(&event.to_string()),
            Event::Reloading { .. } | Event::Upgrading { .. } => self.notifier.reloading(),
            Event::Reloaded { .. } | Event::Upgraded { .. } => {
                self.reloads += 1;
                self.notifier.ready(&event.to_string());
            }
            Event::ReloadFailed { .. } | Event::UpgradeFailed { .. } => {
                self.notifier.ready(&event.to_string());
            }
            Event::Stopping | Event::StoppingNow => {
                self.notifier.stopping();
                self.listener = None;
            }
            _ => {}
        }
        if let Some(control) = &mut self.control {
            control.told(event);
        }
        (self.observer)(event);
    }

    fn show_life(&mut self, now: Instant) {
        if let Some(period) = self.notifier.watchdog()
            && self.alive.is_some_and(|due| due <= now)
        {
            self.notifier.alive();
            self.alive = Some(now + period);
        }
    }

    /// Becomes the program on disk; gives the reason why not.
    fn upgrade(&self) -> io::Error {
        let Some(listener) = &self.listener else {
            return io::Error::other("the service is stopping");
        };
        match self.hand_over(listener) {
            Ok(left) => {
                let workers = self.processes.values();
                let ends = workers.flat_map(|one| [one.link.as_fd(), one.board.as_fd()]);
                let files = ends.chain([listener.as_fd()]).collect();
                left.exec(&self.program, files)
            }
            Err(error) => error,
        }
    }

    fn hand_over(&self, listener: &Listener) -> io::Result<HandOver> {
        let processes = self.processes.iter();
        Ok(HandOver {
            listener: Descriptor::of(listener.as_fd())?,
            owns_file: listener.owns_file(),
            workers: self.workers.save(Instant::now()),
            processes: processes
                .map(|(id, process)| process.save(*id))
                .collect::<io::Result<_>>()?,
            outcome: self.outcome,
            started: self.started,
            reloads: self.reloads,
        })
    }

    fn hear_workers(&mut self, now: Instant) {
        let ids: Vec<Id> = self.processes.keys().copied().collect();
        for id in ids {
            self.hear(id, now);
            if let Some(process) = self.processes.get(&id)
                && !process.link.is_open()
            {
                // It has ended, or become another program: either way nobody can talk to it any more.
                process.kill();
            }
        }
    }

    fn hear(&mut self, id: Id, now: Instant) {
        let mut reports = Vec::new();
        if let Some(process) = self.processes.get_mut(&id) {
            process.link.receive(&mut reports);
        }
        for report in reports {
            match report {
                Report::Ready => self.workers.ready(id, now),
                Report::Failed { reason } => self.workers.failed(id, reason, now),
                Report::Retire => self.workers.retire(id, now),
                Report::Leaving => self.workers.left(id, now),
            }
        }
    }

    fn reap(&mut self, now: Instant) {
        while let Some((pid, exit)) = reap() {
            let id = self
                .processes
                .iter()
                .find(|(_, process)| process.pid == pid)
                .map(|(id, _)| *id);
            let Some(id) = id else {
                let pid = pid.as_raw();
                self.tell(&Event::Stray { pid });
                continue;
            };
            // Its last words first. It is not killed here: its pid may be somebody else's by now.
            self.hear(id, now);
            if let Some(process) = self.processes.remove(&id) {
                self.outcome.requests += process.board.requests.load(Relaxed);
                self.outcome.cut += process.board.cut.load(Relaxed);
            }
            if let Some(monitor) = &mut self.monitor {
                monitor.forget(id);
            }
            self.workers.exited(id, exit, now);
            self.act();
        }
    }

    fn obey_signals(&mut self, now: Instant) {
        for signal in self.signals.pending() {
            if let Err(Refusal(reason)) = self.obey_signal(signal, now) {
                let wish = signal.wish();
                self.tell(&Event::Refused { wish, reason });
            }
            self.act();
        }
    }

    fn obey_signal(&mut self, signal: Signal, now: Instant) -> Result<(), Refusal> {
        let workers = &mut self.workers;
        match signal {
            Signal::More => return workers.resize(workers.wanted + 1, now),
            Signal::Less => return workers.resize(workers.wanted - 1, now),
            Signal::Reload => return workers.reload(now),
            Signal::Upgrade => return self.begin_upgrade(now),
            Signal::Reopen => workers.reopen(),
            Signal::Interrupt if workers.is_stopping() => workers.stop_now(now),
            Signal::Stop | Signal::Interrupt => workers.stop(now),
            Signal::StopNow => workers.stop_now(now),
            Signal::Child => {}
        }
        Ok(())
    }

    fn begin_upgrade(&mut self, now: Instant) -> Result<(), Refusal> {
        self.workers.upgrade(now)?;
        let program = self.program.on_disk.clone();
        self.tell(&Event::Upgrading { program });
        Ok(())
    }

    fn obey_control(&mut self, now: Instant) {
        let requests = self.control.as_mut().map(|control| control.requests(now));
        for (asker, request) in requests.into_iter().flatten() {
            let answer = self.obey_request(&request, now);
            if let Some(control) = &mut self.control {
                match answer {
                    Ok(Some(reply)) => control.answer(asker, &reply),
                    // Before the actions, which may bring the answer.
                    Ok(None) => control.defer(asker, request),
                    Err(Refusal(reason)) => {
                        control.answer(asker, &Reply::Refused(reason.to_owned()));
                    }
                }
            }
            self.act();
        }
    }

    /// The answer; `None` if it is an event that follows.
    fn obey_request(&mut self, request: &Request, now: Instant) -> Result<Option<Reply>, Refusal> {
        let workers = &mut self.workers;
        match request {
            Request::Status => return Ok(Some(Reply::Status(Box::new(self.status(now))))),
            Request::Reload if workers.roll.is_some() => {
                return Err(Refusal("a generation of workers is being started already"));
            }
            Request::Reload => workers.reload(now)?,
            Request::Workers { count } => workers.resize(*count, now)?,
            Request::Stop => workers.stop(now),
            Request::Reopen => {
                workers.reopen();
                return Ok(Some(Reply::Done(Event::Reopen.to_string())));
            }
        }
        Ok(None)
    }

    fn look_for_hangs(&mut self, now: Instant) {
        let Some(monitor) = self
            .monitor
            .as_mut()
            .filter(|monitor| monitor.next() <= now)
        else {
            return;
        };
        monitor.begin(now);
        for (id, process) in &self.processes {
            let slots = process.board.loops();
            let beats: Vec<u64> = slots.iter().map(|slot| slot.beats.load(Relaxed)).collect();
            let hung = monitor.judge(*id, &beats, now);
            if hung.is_empty() {
                continue;
            }
            let mut others = (0..).zip(slots).filter(|(index, _)| !hung.contains(index));
            let is_spent = others.all(|(_, slot)| slot.connections.load(Relaxed) == 0);
            self.workers.hung(*id, hung, now);
            if is_spent {
                self.workers.spent(*id, now);
            }
        }
    }

    fn status(&self, now: Instant) -> Status {
        let started = self.started;
        let state = match self.workers.roll.map(|roll| roll.cause) {
            _ if self.workers.is_stopping() => ServiceState::Stopping,
            None => ServiceState::Serving,
            Some(Cause::Start) => ServiceState::Starting,
            Some(Cause::Reload) => ServiceState::Reloading,
            Some(Cause::Trial | Cause::Upgrade) => ServiceState::Upgrading,
        };
        let members = self.workers.members.iter();
        let mut workers: Vec<WorkerStatus> = members
            .filter_map(|member| {
                let process = self.processes.get(&member.id)?;
                Some(process.status(member, self.monitor.as_ref(), now))
            })
            .collect();
        workers.sort_by_key(|worker| (worker.generation, worker.index));
        Status {
            pid: std::process::id() as i32,
            started,
            uptime: seconds_since_1970().saturating_sub(started),
            address: self.address.clone(),
            version: self.version.clone(),
            state,
            generation: self.workers.serving,
            wanted: self.workers.wanted,
            reloads: self.reloads,
            died: self.workers.deaths,
            requests: self.outcome.requests
                + workers.iter().map(|worker| worker.requests).sum::<u64>(),
            workers,
        }
    }

    /// Carries out what the state machine wants, and what follows from that.
    fn act(&mut self) {
        loop {
            let actions = self.workers.actions();
            if actions.is_empty() {
                break;
            }
            for action in actions {
                self.carry_out(action);
            }
        }
        // Last, since what has not been done by then would never be done.
        if std::mem::take(&mut self.becomes) && self.workers.is_about_to_become() {
            let reason = self.upgrade().to_string();
            self.workers.upgrade_failed(reason, Instant::now());
            self.act();
        }
    }

    fn start(&self, place: Place) -> io::Result<Process> {
        let closed = || io::Error::other("the service is stopping");
        let listener = self.listener.as_ref().ok_or_else(closed)?;
        // An upgrade is the same service: process and time stay.
        let service = format!("{}-{}", std::process::id(), self.started);
        Process::start(&self.program, place, listener.as_fd(), service)
    }

    fn carry_out(&mut self, action: Action) {
        match action {
            Action::Start(id, place) => match self.start(place) {
                Ok(process) => {
                    self.workers.started(id, process.pid.as_raw());
                    self.processes.insert(id, process);
                }
                Err(error) => {
                    let exit = Exit::NotStarted(error.to_string());
                    self.workers.exited(id, exit, Instant::now());
                }
            },
            Action::Send(id, order) => {
                if let Some(process) = self.processes.get(&id) {
                    process.link.send(&order);
                }
            }
            Action::Kill(id) => {
                if let Some(process) = self.processes.get(&id) {
                    process.kill();
                }
            }
            Action::Become => self.becomes = true,
            Action::Tell(event) => self.tell(&event),
        }
    }
}

fn seconds_since_1970() -> u64 {
    SystemTime::UNIX_EPOCH
        .elapsed()
        .map_or(0, |age| age.as_secs())
}
