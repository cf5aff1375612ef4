//! An event loop: one thread, one single-threaded runtime, the connections it was handed.
//!
//! It ends when the way from the accept thread is closed: then it drains, within the graceful
//! timeout. Key types: [`EventLoop`], and [`Connection`] with what a front needs.

use crate::{
    Application, Body, BoxError, Front, Peer, ProtocolError, ServerConfig, answer,
    control::{Control, LoopState, Stage},
    fast,
    guard::MOST_DRAINED,
    http2, hyper_front,
    lanes::Lane,
    stream::Stream,
    upgrade::{self, Lease},
    watch::{Ended, Linger, Phase, Watch},
};
use bytes::BytesMut;
use http::{Response, StatusCode};
use std::{
    future::{Future, poll_fn},
    pin::{Pin, pin},
    sync::{Arc, atomic::Ordering::Relaxed, mpsc::Sender},
    task::Poll,
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    sync::{Notify, oneshot},
};

/// What one loop and all of its connections share.
pub(crate) struct EventLoop<A> {
    pub(crate) index: usize,
    pub(crate) app: Arc<A>,
    pub(crate) config: Arc<ServerConfig>,
    pub(crate) control: Arc<Control>,
    pub(crate) state: Arc<LoopState>,
}

/// The ends of the loop's thread to talk with the thread that runs the server.
pub(crate) struct Lines {
    pub(crate) connections: Arc<Lane>,
    /// Told when [`Application::start`] is through; first loop only.
    pub(crate) started: Option<Sender<Result<(), BoxError>>>,
    /// Told when the last connection has ended.
    pub(crate) drained: Sender<usize>,
    /// Told when all loops have drained.
    pub(crate) finish: oneshot::Receiver<()>,
}

/// One connection as a front gets it.
pub(crate) struct Connection<A> {
    pub(crate) stream: Stream,
    pub(crate) peer: Peer,
    pub(crate) watch: Arc<Watch>,
    pub(crate) event_loop: Arc<EventLoop<A>>,
}

/// [`Application::drain`].
type Draining<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// How often a stopping loop looks whether it is done.
const DRAIN_TURN: Duration = Duration::from_millis(20);
/// How often a stopping loop looks whether clients have left.
const DISMISS_TURN: Duration = Duration::from_millis(250);

impl<A: Application> EventLoop<A> {
    /// Runs to the end on the calling thread.
    pub(crate) fn run(self: Arc<Self>, runtime: tokio::runtime::Runtime, mut lines: Lines) {
        runtime.block_on(async {
            // Before the application's start, so that one which waits is told from one which blocks.
            let sweep = tokio::spawn(Arc::clone(&self).sweep());
            if let Some(started) = lines.started.take() {
                let outcome = self.start().await;
                let failed = outcome.is_err();
                if started.send(outcome).is_err() || failed {
                    return;
                }
            }
            while let Some((accepted, ticket)) = lines.connections.next().await {
                let me = Arc::clone(&self);
                // Owned by the registry, through the ticket: the drain waits for it or kills it.
                tokio::spawn(async move {
                    // A socket that cannot be registered is gone already.
                    if let Ok((stream, peer)) = accepted.register() {
                        let watch = Arc::clone(&ticket.watch);
                        watch.set_socket(stream.number());
                        let connection = Connection {
                            stream,
                            peer,
                            watch,
                            event_loop: me,
                        };
                        let serving = pin!(connection.serve());
                        if ticket.watch.over(serving).await == Ended::Abandoned {
                            ticket.count_abandoned();
                        }
                    }
                    drop(ticket);
                });
            }
            sweep.abort();
            self.drain().await;
            let _ = lines.drained.send(self.index);
            if lines.finish.await.is_ok() && self.index == 0 {
                let _ = tokio::time::timeout(self.config.timeouts.graceful, self.app.stop()).await;
            }
        });
        // A blocking call that is still running must not hold up the stop.
        runtime.shutdown_background();
    }

    /// Starts the application, unless the server is stopped before that is through.
    async fn start(&self) -> Result<(), BoxError> {
        let mut start = self.app.start();
        let mut stop = pin!(self.state.changed.notified());
        poll_fn(|cx| {
            if let Poll::Ready(outcome) = start.as_mut().poll(cx) {
                return Poll::Ready(outcome);
            }
            match stop.as_mut().poll(cx) {
                Poll::Ready(()) => Poll::Ready(Err("the server was stopped before".into())),
                Poll::Pending => Poll::Pending,
            }
        })
        .await
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.control.stage() != Stage::Running
    }

    /// How far apart two looks at all connections are: short enough for the shortest timeout.
    fn turn(&self) -> Duration {
        let times = &self.config.timeouts;
        let shortest = times
            .first_byte
            .min(times.head)
            .min(times.keep_alive)
            .min(times.write_stall);
        (shortest / 4).clamp(Duration::from_millis(5), Duration::from_millis(250))
    }

    async fn sweep(self: Arc<Self>) {
        let turn = self.turn();
        let mut last = Instant::now();
        loop {
            self.beat();
            tokio::time::sleep(turn).await;
            self.state.tick(last.elapsed(), turn);
            last = Instant::now();
            self.state.judge(&self.config, turn, None);
            self.state.dismiss(turn);
        }
    }

    fn beat(&self) {
        if let Some(heartbeat) = &self.config.heartbeat {
            (heartbeat.0)(self.index);
        }
    }

    async fn drain(&self) {
        let since = self.state.now();
        let mut last = Instant::now();
        let mut dismissed = last;
        let mut besides = (self.index == 0).then(|| self.app.drain());
        while self.state.open() > 0 || besides.is_some() {
            // Asked anew each time: a stop may be followed by one that has less time.
            let (deadline, limit) = self.control.drain();
            if self.control.stage() == Stage::Killed || Instant::now() >= deadline {
                self.cut().await;
                return;
            }
            if turn(&self.state.changed, besides.as_mut()).await {
                besides = None;
            }
            self.state.tick(last.elapsed(), DRAIN_TURN);
            last = Instant::now();
            self.beat();
            let linger = Linger { since, limit };
            self.state.judge(&self.config, DRAIN_TURN, Some(linger));
            if last.duration_since(dismissed) >= DISMISS_TURN {
                dismissed = last;
                self.state.dismiss(DISMISS_TURN);
            }
        }
    }

    async fn cut(&self) {
        let cut = self.state.kill_all();
        self.control.cut.fetch_add(cut, Relaxed);
        // Every killed task has been woken; each is dropped at its next turn.
        let _ = tokio::time::timeout(DRAIN_TURN * 5, async {
            while self.state.open() > 0 {
                tokio::task::yield_now().await;
            }
        })
        .await;
    }
}

/// Waits for a turn of the drain, or until something has changed. True: what the application does
/// besides requests has ended.
async fn turn(changed: &Notify, besides: Option<&mut Draining<'_>>) -> bool {
    let mut ended = false;
    let change = async {
        let mut changed = pin!(changed.notified());
        let mut besides = besides;
        poll_fn(|cx| {
            if let Some(besides) = &mut besides
                && besides.as_mut().poll(cx).is_ready()
            {
                ended = true;
                return Poll::Ready(());
            }
            changed.as_mut().poll(cx)
        })
        .await;
    };
    let _ = tokio::time::timeout(DRAIN_TURN, change).await;
    ended
}

/// Interim statuses are the protocol layer's; one from the application would leave the client
/// waiting for the answer. True: it was one, and the connection must close. Not for the `101` that a
/// client has asked for.
pub(crate) fn refuse_interim(response: &mut Response<Body>) -> bool {
    let is_interim = response.status().is_informational();
    if is_interim {
        *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
        *response.body_mut() = Body::empty();
    }
    is_interim
}

impl<A: Application> Connection<A> {
    async fn serve(mut self) {
        if self.event_loop.control.tls.is_some() {
            self = match Box::pin(self.encrypted()).await {
                Some(encrypted) => encrypted,
                None => return,
            };
        }
        let service = self.event_loop.app.connect(&self.peer);
        if self.stream.is_http2() {
            return Box::pin(http2::serve(self, service, BytesMut::new())).await;
        }
        match self.event_loop.config.front {
            Front::Fast => fast::serve(self, service).await,
            // Boxed: it is large, and every connection's task has room for the largest way.
            Front::Hyper => {
                let served = Box::pin(self.serve_by_hyper(service)).await;
                upgrade::outlast(served).await;
            }
        }
    }

    /// The connection after its handshake, where there is one.
    async fn encrypted(self) -> Option<Self> {
        let control = Arc::clone(&self.event_loop.control);
        match &control.tls {
            Some(tls) => tls.shake(self).await,
            None => Some(self),
        }
    }

    async fn serve_by_hyper(mut self, service: A::Service) -> Option<Lease> {
        let read = http2::listen(&mut self).await?;
        if http2::is_spoken(&self.event_loop.config, &read) {
            http2::serve(self, service, read).await;
            return None;
        }
        hyper_front::serve(self, service, read).await
    }

    pub(crate) fn now(&self) -> u64 {
        self.event_loop.state.now()
    }

    /// Shuts the sending side and reads on for a while: a reset would destroy the last answer.
    pub(crate) async fn close(&mut self) {
        // An encrypted stream says goodbye, which the client may not take.
        self.watch.enter(Phase::Writing, self.now());
        if self.stream.shutdown().await.is_err() {
            return;
        }
        self.watch.enter(Phase::Closing, self.now());
        let mut scratch = [0; 2048];
        let mut drained = 0;
        while let Ok(count @ 1..) = self.stream.read(&mut scratch).await {
            drained += count;
            if drained > MOST_DRAINED {
                return;
            }
        }
    }

    /// Appends the application's answer to a request that is none, and counts it.
    pub(crate) fn reject(&self, error: &ProtocolError, out: &mut Vec<u8>) {
        let state = &self.event_loop.state;
        state.count(&state.rejected);
        let response = self.event_loop.app.protocol_error(&self.peer, error);
        answer::last(out, &response, &state.prepared);
    }
}
