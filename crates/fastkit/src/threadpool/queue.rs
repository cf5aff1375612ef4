//! [`Shared`]: the queue of a pool and its threads.
//!
//! Nothing of users runs under the lock, neither a function nor the drop of a value. The lock of a task is
//! taken inside of that of the queue, never the other way round.

use super::{
    SubmitError, ThreadPoolConfig,
    ends::{Ends, Reason},
    error::Why,
    handle::Call,
};
use std::{
    cell::Cell,
    collections::VecDeque,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

thread_local! {
    /// Which pool this thread belongs to, by the address of what is shared, and its number there.
    static THREAD: Cell<Option<(*const Shared, usize)>> = const { Cell::new(None) };
}

/// From how many cancelled tasks on they are taken out of the queue together.
const MANY_CANCELLED: usize = 64;

pub(crate) struct Shared {
    pub(super) config: ThreadPoolConfig,
    queue: Mutex<Queue>,
    /// Wakes threads.
    filled: Condvar,
    /// Wakes who stops the pool.
    ended: Condvar,
    /// Tells what belongs to the pool and runs on none of its threads.
    pub(crate) ends: Ends,
    #[cfg(feature = "executor")]
    pub(crate) serves: Mutex<crate::executor::Serves>,
}

#[derive(Default)]
struct Queue {
    calls: VecDeque<Arc<dyn Call>>,
    /// How many of them wait no more: cancelled, or run by a thread that waited for them.
    gone: usize,
    /// How many tasks are looked after outside: single ones, from their submission to their end.
    apart: usize,
    /// How many of these wait for their lock; the bound of the queue is on them too.
    locking: usize,
    started: usize,
    idle: usize,
    /// What each thread runs; more than one call where one waits for another.
    running: Vec<Vec<Arc<dyn Call>>>,
    phase: Phase,
}

#[derive(Clone, Copy, Default, PartialEq)]
enum Phase {
    #[default]
    Open,
    /// Nobody has the pool any more: what waits still runs.
    Closed,
    Stopped,
}

impl Queue {
    fn waiting(&self) -> usize {
        self.calls.len() - self.gone
    }

    fn busy(&self) -> usize {
        self.running
            .iter()
            .filter(|calls| !calls.is_empty())
            .count()
    }
}

impl Shared {
    pub(super) fn new(config: ThreadPoolConfig) -> Arc<Self> {
        let threads = config.threads.max(1);
        Arc::new(Self {
            config: ThreadPoolConfig { threads, ..config },
            queue: Mutex::default(),
            filled: Condvar::new(),
            ended: Condvar::new(),
            ends: Ends::default(),
            #[cfg(feature = "executor")]
            serves: Mutex::default(),
        })
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn refuse(&self, why: Why) -> SubmitError {
        SubmitError::new(&self.config.name, why)
    }

    /// Whether there is room for one more that waits.
    fn admit(&self, queue: &Queue) -> Result<(), SubmitError> {
        if queue.phase != Phase::Open {
            return Err(self.refuse(Why::Stopped));
        }
        if let Some(most) = self.config.queue {
            let waiting = queue.waiting() + queue.locking;
            // What a thread that is free, or not started yet, takes at once does not wait.
            let free = self.config.threads - queue.busy();
            if waiting >= most.saturating_add(free) {
                return Err(self.refuse(Why::Full { waiting, most }));
            }
        }
        Ok(())
    }

    /// Puts the call at the end of the queue.
    pub(crate) fn push(self: &Arc<Self>, call: Arc<dyn Call>) -> Result<(), SubmitError> {
        let mut queue = self.queue();
        self.admit(&queue)?;
        self.start_thread(&mut queue)?;
        queue.calls.push_back(call);
        drop(queue);
        self.filled.notify_one();
        Ok(())
    }

    /// Starts a thread if all are spoken for and there may be more.
    fn start_thread(self: &Arc<Self>, queue: &mut Queue) -> Result<(), SubmitError> {
        if queue.idle > queue.waiting() || queue.started >= self.config.threads {
            return Ok(());
        }
        let (shared, number) = (self.clone(), queue.started);
        let spawned = thread::Builder::new()
            .name(format!("{}-{number}", self.config.name))
            .spawn(move || shared.work(number));
        match spawned {
            Ok(_) => {
                queue.started += 1;
                queue.running.push(Vec::new());
                Ok(())
            }
            Err(error) if queue.started == 0 => Err(self.refuse(Why::NoThread(error.to_string()))),
            // Those that are there do it.
            Err(_) => Ok(()),
        }
    }

    /// What a thread does.
    fn work(self: &Arc<Self>, number: usize) {
        THREAD.set(Some((Arc::as_ptr(self), number)));
        // The last call: dropped without the lock, since it may hold values of users.
        let mut done: Option<Arc<dyn Call>> = None;
        let mut queue = self.queue();
        loop {
            if let Some(call) = queue.calls.pop_front() {
                if !call.take() {
                    queue.gone -= 1;
                    done = Some(call);
                } else {
                    queue.running[number].push(call.clone());
                    let told = queue.phase != Phase::Open;
                    drop(queue);
                    run(&call, told, done.take());
                    done = Some(call);
                    queue = self.queue();
                    queue.running[number].pop();
                    self.tell_end(&queue);
                    continue;
                }
            } else if done.is_none() {
                if queue.phase != Phase::Open {
                    return;
                }
                queue.idle += 1;
                queue = self
                    .filled
                    .wait(queue)
                    .unwrap_or_else(PoisonError::into_inner);
                queue.idle -= 1;
                continue;
            }
            drop(queue);
            drop_quietly(done.take());
            queue = self.queue();
        }
    }

    fn tell_end(&self, queue: &Queue) {
        if queue.phase == Phase::Stopped {
            self.ended.notify_all();
        }
    }

    /// The number of this thread, if it is one of this pool.
    pub(super) fn own_thread(&self) -> Option<usize> {
        let (pool, number) = THREAD.get()?;
        std::ptr::eq(pool, self).then_some(number)
    }

    /// Runs a call on this thread, the one of that number, if it still waits.
    pub(super) fn run_here<C: Call + 'static>(&self, thread: usize, call: &Arc<C>) {
        let call: Arc<dyn Call> = call.clone();
        let mut queue = self.queue();
        // Who stops the pool ends what was in the queue.
        if queue.phase == Phase::Stopped || !call.take() {
            return;
        }
        queue.gone += 1;
        queue.running[thread].push(call.clone());
        drop(queue);
        run(&call, false, None);
        let mut queue = self.queue();
        queue.running[thread].pop();
    }

    /// Takes a call out of the queue; false if it is not there any more.
    pub(super) fn withdraw(&self, call: &dyn Call) -> bool {
        let mut queue = self.queue();
        let withdrawn = queue.phase != Phase::Stopped && call.take();
        let mut gone = VecDeque::new();
        if withdrawn {
            queue.gone += 1;
            if queue.gone > MANY_CANCELLED && queue.gone > queue.calls.len() / 2 {
                let (waiting, others): (VecDeque<_>, VecDeque<_>) =
                    std::mem::take(&mut queue.calls)
                        .into_iter()
                        .partition(|call| call.is_waiting());
                (queue.calls, gone) = (waiting, others);
                queue.gone = 0;
            }
        }
        drop(queue);
        drop(gone);
        withdrawn
    }

    /// How many threads were started, and how many calls wait for one or for a lock.
    pub(super) fn counts(&self) -> (usize, usize) {
        let queue = self.queue();
        (queue.started, queue.waiting() + queue.locking)
    }

    pub(crate) fn is_stopped(&self) -> bool {
        self.queue().phase != Phase::Open
    }

    /// Threads end after what is in the queue; nobody waits for them.
    pub(super) fn close(&self) {
        let mut queue = self.queue();
        if queue.phase == Phase::Open {
            queue.phase = Phase::Closed;
        }
        let running: Vec<_> = queue.running.iter().flatten().cloned().collect();
        drop(queue);
        self.ends.tell(Reason::Stop);
        for call in &running {
            call.ends().tell(Reason::Stop);
        }
        self.filled.notify_all();
    }

    pub(super) fn stop(&self, patience: Duration) -> Vec<String> {
        let end = Instant::now().checked_add(patience);
        let mut queue = self.queue();
        queue.phase = Phase::Stopped;
        let dropped = std::mem::take(&mut queue.calls);
        queue.gone = 0;
        let running: Vec<_> = queue.running.iter().flatten().cloned().collect();
        drop(queue);
        self.ends.tell(Reason::Stop);
        for call in &running {
            call.ends().tell(Reason::Stop);
        }
        drop(running);
        self.filled.notify_all();
        let mut cut: Vec<String> = dropped
            .iter()
            .filter(|call| call.refuse())
            .map(|call| call.name().to_owned())
            .collect();
        let own = self.own_thread();
        let mut queue = self.queue();
        loop {
            // Who stops the pool on one of its threads need not wait for itself.
            let others = queue.running.iter().enumerate();
            let mut others = others.filter(|(number, _)| Some(*number) != own);
            if queue.apart == 0 && others.all(|(_, calls)| calls.is_empty()) {
                break;
            }
            let left = end.map_or(Duration::MAX, |end| {
                end.saturating_duration_since(Instant::now())
            });
            if left.is_zero() {
                break;
            }
            let woken = self.ended.wait_timeout(queue, left);
            queue = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
        let running = queue.running.iter().enumerate();
        let running = running.filter(|(number, _)| Some(*number) != own);
        cut.extend(running.flat_map(|(_, calls)| calls.iter().map(|call| call.name().to_owned())));
        cut
    }
}

/// What single tasks need, which wait for their locks apart from the queue.
#[cfg(feature = "executor")]
impl Shared {
    pub(crate) fn name(&self) -> &str {
        &self.config.name
    }

    /// Lets in a task that is looked after outside, and has to wait for its lock.
    pub(crate) fn enter_apart(&self) -> Result<(), SubmitError> {
        let mut queue = self.queue();
        self.admit(&queue)?;
        queue.apart += 1;
        queue.locking += 1;
        Ok(())
    }

    /// Says whether such a task waits for its lock, or for a thread.
    pub(crate) fn set_locking(&self, locking: bool) {
        let mut queue = self.queue();
        if locking {
            queue.locking += 1;
        } else {
            queue.locking -= 1;
        }
    }

    /// Such a task has ended. True if the pool needs nobody who looks after such tasks any more.
    pub(crate) fn leave_apart(&self) -> bool {
        let mut queue = self.queue();
        queue.apart -= 1;
        self.tell_end(&queue);
        queue.apart == 0 && queue.phase != Phase::Open
    }

    /// Whether such tasks are under way.
    pub(crate) fn is_apart_idle(&self) -> bool {
        self.queue().apart == 0
    }

    /// Puts a call at the head of the queue: it has waited elsewhere.
    pub(crate) fn push_front(self: &Arc<Self>, call: Arc<dyn Call>) -> Result<(), SubmitError> {
        let mut queue = self.queue();
        if queue.phase != Phase::Open {
            return Err(self.refuse(Why::Stopped));
        }
        self.start_thread(&mut queue)?;
        queue.calls.push_front(call);
        drop(queue);
        self.filled.notify_one();
        Ok(())
    }
}

fn run(call: &Arc<dyn Call>, told: bool, before: Option<Arc<dyn Call>>) {
    drop_quietly(before);
    if told {
        call.ends().tell(Reason::Stop);
    }
    let call = call.clone();
    forget_panic(catch_unwind(AssertUnwindSafe(|| call.run())));
}

/// Drops what may be a user's: a panic must not end the thread.
fn drop_quietly(call: Option<Arc<dyn Call>>) {
    forget_panic(catch_unwind(AssertUnwindSafe(|| drop(call))));
}

fn forget_panic(result: thread::Result<()>) {
    if let Err(panic) = result {
        // Its own drop might panic again.
        std::mem::forget(panic);
    }
}
