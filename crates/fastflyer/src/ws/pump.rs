//! The pump: moves messages between a connection and the queues of its handler, and keeps its limits.
//!
//! It answers pings, sends its own, notices clients that are gone, and brings the connection to its
//! end. It knows nothing of handlers.

use super::{
    CloseCode, Config, Error, Message,
    close::Closing,
    io::{Io, Pulse},
    socket::{Command, Ends, Shared},
};
use fastflyer_server::Handle;
use futures_util::{
    SinkExt as _, StreamExt as _,
    future::{BoxFuture, Either, pending, select},
    stream::{SplitSink, SplitStream},
};
use std::{
    future::poll_fn,
    pin::{Pin, pin},
    sync::Arc,
    task::Poll,
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    sync::mpsc,
    time::{Sleep, timeout},
};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        self, Bytes,
        protocol::{CloseFrame, Role, WebSocketConfig},
    },
};

/// How long the answer to a close is waited for.
const CLOSE_WAIT: Duration = Duration::from_secs(5);
/// How long a client may take nothing of what is sent.
const STALL: Duration = Duration::from_secs(30);
/// What is still read of a client that broke a limit: a reset would destroy the close on its way.
const MOST_DRAINED: u64 = 64 * 1024;
const DRAIN_WAIT: Duration = Duration::from_secs(1);
/// Bytes of the buffers of a connection, which it has while it is idle too.
const BUFFER: usize = 4096;

type Protocol = WebSocketStream<Io>;

/// How a connection ended. The socket is kept, so that it counts as open until the handler is done.
pub(super) struct Ended {
    pub(super) code: CloseCode,
    pub(super) _socket: Option<Protocol>,
}

/// Why the two directions stopped.
enum End {
    /// The client has said goodbye.
    ByPeer(Option<CloseFrame>),
    /// We have.
    ByUs(CloseCode),
    /// Nobody has, or can.
    Failed(Error),
}

pub(super) async fn run(
    io: Io,
    pulse: Pulse,
    config: &Config,
    stop: Option<Handle>,
    ends: Ends,
) -> Ended {
    let limits = WebSocketConfig::default()
        .read_buffer_size(BUFFER)
        .write_buffer_size(BUFFER)
        .max_message_size(Some(config.max_message))
        .max_frame_size(Some(config.max_frame.unwrap_or(config.max_message)));
    let socket = Protocol::from_raw_socket(io, Role::Server, Some(limits)).await;
    let Ends {
        incoming,
        outgoing,
        shared,
        ..
    } = ends;
    let stopping: BoxFuture<'static, ()> = match stop {
        Some(server) => Box::pin(async move { server.stopping().await }),
        None => Box::pin(pending()),
    };
    let (sink, stream) = socket.split();
    let mut outgoing = Outgoing {
        sink,
        commands: outgoing,
        stopping,
        tick: config.idle.map(|idle| Tick::new(idle, pulse.clone())),
        shared: shared.clone(),
    };
    let mut incoming = Incoming {
        stream,
        messages: incoming,
        pulse,
    };
    let end = match select(pin!(incoming.run()), pin!(outgoing.run())).await {
        Either::Left((end, _)) | Either::Right((end, _)) => end,
    };
    finish(end, incoming, outgoing, &shared).await
}

/// From the client to the handler.
struct Incoming {
    stream: SplitStream<Protocol>,
    messages: mpsc::Sender<Message>,
    pulse: Pulse,
}

impl Incoming {
    async fn run(&mut self) -> End {
        loop {
            let message = match self.stream.next().await {
                Some(Ok(tungstenite::Message::Close(frame))) => return End::ByPeer(frame),
                Some(Ok(message)) => message,
                Some(Err(error)) => return End::Failed(error.into()),
                None => return End::Failed(Error::CLOSED),
            };
            if let Some(message) = Message::received(message) {
                self.pulse.pause();
                // A handler that only sends has dropped its end.
                let _ = self.messages.send(message).await;
                self.pulse.mark();
            }
        }
    }
}

/// From the handler to the client, with the pings and the end that the service itself sends.
struct Outgoing {
    sink: SplitSink<Protocol, tungstenite::Message>,
    commands: mpsc::Receiver<Command>,
    stopping: BoxFuture<'static, ()>,
    tick: Option<Tick>,
    shared: Arc<Shared>,
}

enum Next {
    Stop,
    Command(Option<Command>),
    Tick,
}

impl Outgoing {
    async fn run(&mut self) -> End {
        loop {
            let step = match self.next().await {
                Next::Command(Some(Command::Send(message))) => self.send(message.into()).await,
                Next::Command(Some(Command::Close(closing))) => return self.close(&closing).await,
                Next::Command(None) => {
                    let closing = self.shared.conclusion();
                    return self.close(&closing).await;
                }
                Next::Tick => self.ask().await,
                Next::Stop => return self.stop().await,
            };
            if let Err(error) = step {
                return End::Failed(error);
            }
        }
    }

    async fn next(&mut self) -> Next {
        poll_fn(|cx| {
            if self.stopping.as_mut().poll(cx).is_ready() {
                return Poll::Ready(Next::Stop);
            }
            if let Poll::Ready(command) = self.commands.poll_recv(cx) {
                return Poll::Ready(Next::Command(command));
            }
            match &mut self.tick {
                Some(tick) => tick.sleep.as_mut().poll(cx).map(|()| Next::Tick),
                None => Poll::Pending,
            }
        })
        .await
    }

    async fn send(&mut self, message: tungstenite::Message) -> Result<(), Error> {
        match timeout(STALL, self.sink.send(message)).await {
            Ok(sent) => sent.map_err(Error::from),
            Err(_) => {
                let seconds = STALL.as_secs();
                Err(Error::lost(format!(
                    "the client took nothing for {seconds} s"
                )))
            }
        }
    }

    /// Pings a client, unless it is gone.
    async fn ask(&mut self) -> Result<(), Error> {
        if let Some(tick) = &mut self.tick {
            tick.again()?;
        }
        self.send(tungstenite::Message::Ping(Bytes::new())).await
    }

    /// What is in the queue is sent before the end.
    async fn stop(&mut self) -> End {
        let mut closing = Closing::new(CloseCode::SERVICE_RESTART, "the service restarts");
        // A handler that sends faster than its client reads would put the end off for ever.
        self.commands.close();
        while let Ok(command) = self.commands.try_recv() {
            match command {
                Command::Send(message) => {
                    if let Err(error) = self.send(message.into()).await {
                        return End::Failed(error);
                    }
                }
                Command::Close(own) => closing = own,
            }
        }
        self.close(&closing).await
    }

    async fn close(&mut self, closing: &Closing) -> End {
        match self
            .send(tungstenite::Message::Close(Some(closing.frame())))
            .await
        {
            Ok(()) => End::ByUs(closing.code),
            Err(error) => End::Failed(error),
        }
    }
}

/// Comes round twice in the time after which a silent client is gone.
struct Tick {
    most: Duration,
    pulse: Pulse,
    sleep: Pin<Box<Sleep>>,
}

impl Tick {
    fn new(most: Duration, pulse: Pulse) -> Self {
        let sleep = Box::pin(tokio::time::sleep(most / 2));
        Self { most, pulse, sleep }
    }

    fn again(&mut self) -> Result<(), Error> {
        let silence = self.pulse.silence();
        if silence >= self.most {
            let seconds = silence.as_secs_f64();
            return Err(Error::lost(format!("nothing was heard for {seconds:.1} s")));
        }
        let next = self.sleep.deadline() + self.most / 2;
        self.sleep.as_mut().reset(next);
        Ok(())
    }
}

/// What is left to do for the connection.
enum Rest {
    /// The other half of a close.
    Close,
    /// The whole close, to a client that may still be sending what we do not read.
    Break(Closing),
    Nothing,
}

/// The close of either side, and the end of the connection below.
async fn finish(end: End, incoming: Incoming, outgoing: Outgoing, shared: &Shared) -> Ended {
    let Incoming {
        stream, messages, ..
    } = incoming;
    let Outgoing { sink, commands, .. } = outgoing;
    let (code, rest) = match end {
        End::ByPeer(frame) => (CloseCode::received(frame.as_ref()), Rest::Close),
        End::ByUs(code) => (code, Rest::Close),
        End::Failed(error) => {
            let closing = error.closing();
            shared.fail(error);
            match closing {
                Some(closing) => (closing.code, Rest::Break(closing)),
                None => (CloseCode::ABNORMAL, Rest::Nothing),
            }
        }
    };
    let _ = shared.closed.set(code);
    // From here on the handler knows: nothing comes, nothing can be sent.
    drop((messages, commands));
    let Ok(mut socket) = sink.reunite(stream) else {
        return Ended {
            code,
            _socket: None,
        };
    };
    let goodbye = async {
        match rest {
            Rest::Nothing => {}
            Rest::Close => {
                // Sends our half of the close if it is not sent, and reads until the other half.
                while let Some(Ok(_)) = socket.next().await {}
                let _ = socket.get_mut().shutdown().await;
            }
            Rest::Break(closing) => {
                let _ = socket.close(Some(closing.frame())).await;
                let io = socket.get_mut();
                let _ = io.shutdown().await;
                let mut rest = io.take(MOST_DRAINED);
                let drained = async { while let Ok(1..) = rest.read(&mut [0; 1024]).await {} };
                let _ = timeout(DRAIN_WAIT, drained).await;
            }
        }
    };
    let _ = timeout(CLOSE_WAIT, goodbye).await;
    Ended {
        code,
        _socket: Some(socket),
    }
}
