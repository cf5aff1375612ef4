//! A small application, a server around it in a thread, and a client that speaks raw bytes.

use bytes::Bytes;
use fastflyer_server::{
    Address, Application, Body, BoxError, Front, Handle, Peer, ProtocolError, Report, Server,
    ServerConfig, Service, Signals, Stamps, Timeouts,
};
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode};
use http_body::Frame;
use http_body_util::{BodyExt as _, StreamBody};
use std::{
    io::{Read as _, Write as _},
    net::{Shutdown, SocketAddr, TcpStream},
    pin::Pin,
    sync::{Arc, Condvar, Mutex, PoisonError},
    task::{Context, Poll},
    thread::JoinHandle,
    time::Duration,
};

pub(crate) const FRONTS: [Front; 2] = [Front::Hyper, Front::Fast];
pub(crate) const GET: &[u8] = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";
pub(crate) const LAST: &[u8] = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

/// What the application saw: the path and the whole body, or `None` for one that broke off.
pub(crate) type Seen = Arc<Mutex<Vec<(String, Option<Bytes>)>>>;

#[derive(Clone, Default)]
pub(crate) struct App {
    pub(crate) seen: Seen,
    pub(crate) gate: Arc<Gate>,
}

/// What requests to `/held` and `/stuck` wait for, so that a test and not a clock says how long they
/// take. Opened once, it stays open.
#[derive(Default)]
pub(crate) struct Gate {
    is_open: Mutex<bool>,
    opened: Condvar,
    told: tokio::sync::Notify,
}

impl Gate {
    pub(crate) fn open(&self) {
        *self.is_open.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.opened.notify_all();
        self.told.notify_waiters();
    }

    async fn wait(&self) {
        // Made before the look, so that no opening falls between the two.
        let told = self.told.notified();
        if !*self.is_open.lock().unwrap() {
            told.await;
        }
    }

    /// Keeps the thread, which is that of an event loop.
    fn block(&self) {
        let is_open = self.is_open.lock().unwrap();
        drop(self.opened.wait_while(is_open, |is_open| !*is_open));
    }
}

impl Application for App {
    type Service = Self;

    fn connect(&self, _peer: &Peer) -> Self {
        self.clone()
    }

    fn protocol_error(&self, _peer: &Peer, error: &ProtocolError) -> Response<Bytes> {
        let text = format!(
            "{{\"code\":{},\"message\":\"{}\"}}",
            error.status.as_u16(),
            error.reason
        );
        Response::builder()
            .status(error.status)
            .body(text.into())
            .unwrap()
    }
}

impl Service for App {
    async fn call(&self, mut request: Request<Body>, _stamps: &mut Stamps) -> Response<Body> {
        if request.uri().path() == "/upgrade" {
            return crate::upgrades::switch(&mut request);
        }
        let path = request.uri().path().to_owned();
        let query = request.uri().query().unwrap_or_default().to_owned();
        let mut response = Response::new(Body::empty());
        response
            .headers_mut()
            .insert("x-path", HeaderValue::from_str(&path).unwrap());
        match path.as_str() {
            "/slow" => {
                tokio::time::sleep(Duration::from_millis(query.parse().unwrap_or(0))).await;
                *response.body_mut() = "slow".into();
                return response;
            }
            "/block" => {
                std::thread::sleep(Duration::from_millis(query.parse().unwrap_or(0)));
                return response;
            }
            "/held" => {
                self.gate.wait().await;
                return response;
            }
            "/stuck" => {
                self.gate.block();
                return response;
            }
            "/panic" => panic!("as asked"),
            "/forever" => {
                let _dropped = Dropped(Arc::clone(&self.seen));
                std::future::pending::<()>().await;
            }
            "/events" | "/endless" => {
                if path == "/events" {
                    let value = HeaderValue::from_static("text/event-stream; charset=utf-8");
                    response.headers_mut().insert("content-type", value);
                }
                let dropped = Dropped(Arc::clone(&self.seen));
                *response.body_mut() = Body::new(StreamBody::new(Silent {
                    spoken: false,
                    _dropped: dropped,
                }));
                return response;
            }
            "/early" => {
                *response.status_mut() = StatusCode::PAYLOAD_TOO_LARGE;
                return response;
            }
            _ => {}
        }
        let body = request
            .into_body()
            .collect()
            .await
            .ok()
            .map(|body| body.to_bytes());
        self.seen.lock().unwrap().push((path.clone(), body.clone()));
        let Some(body) = body else {
            *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
            return response;
        };
        match path.as_str() {
            "/big" => *response.body_mut() = vec![b'b'; query.parse().unwrap_or(0)].into(),
            "/stream" => {
                let size = query.parse().unwrap_or(5);
                *response.body_mut() = Body::new(StreamBody::new(Frames(3, false, size)));
            }
            "/broken" => *response.body_mut() = Body::new(StreamBody::new(Frames(3, true, 5))),
            "/exact" => {
                *response.body_mut() = Body::new(http_body_util::Full::new(Bytes::from("exact")));
            }
            "/status" => {
                let status = StatusCode::from_bytes(query.as_bytes()).unwrap_or_default();
                *response.status_mut() = status;
            }
            "/own" => {
                response
                    .headers_mut()
                    .insert("x-constant", HeaderValue::from_static("own"));
            }
            "/close" => {
                response
                    .headers_mut()
                    .insert("connection", HeaderValue::from_static("close"));
            }
            _ if body.is_empty() => *response.body_mut() = "{\"message\":\"success\"}".into(),
            _ => *response.body_mut() = body.into(),
        }
        response
    }
}

/// Notes when it is dropped: the handler or the stream that holds it was cancelled.
struct Dropped(Seen);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.lock().unwrap().push(("dropped".to_owned(), None));
    }
}

/// A stream that says one thing and then nothing more.
struct Silent {
    spoken: bool,
    _dropped: Dropped,
}

impl futures_core::Stream for Silent {
    type Item = Result<Frame<Bytes>, BoxError>;

    fn poll_next(mut self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if std::mem::replace(&mut self.spoken, true) {
            return Poll::Pending;
        }
        Poll::Ready(Some(Ok(Frame::data(Bytes::from("data: hello\n\n")))))
    }
}

/// A stream of that many frames of a size with a pause before each; `true` ends it with an error.
struct Frames(u8, bool, usize);

impl futures_core::Stream for Frames {
    type Item = Result<Frame<Bytes>, BoxError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        cx.waker().wake_by_ref();
        let step = self.0;
        self.0 = step.saturating_sub(1);
        match step {
            0 if self.1 => Poll::Ready(Some(Err("broken".into()))),
            0 => Poll::Ready(None),
            _ => Poll::Ready(Some(Ok(Frame::data(Bytes::from(vec![
                b'0' + step;
                self.2
            ]))))),
        }
    }
}

pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    pub(crate) handle: Handle,
    pub(crate) seen: Seen,
    pub(crate) gate: Arc<Gate>,
    thread: Option<JoinHandle<Report>>,
}

impl Running {
    pub(crate) fn stop(mut self) -> Report {
        self.handle.stop();
        self.join()
    }

    pub(crate) fn join(&mut self) -> Report {
        self.thread.take().unwrap().join().unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.handle.stop_now();
        self.gate.open();
    }
}

/// Short times, so that a test which waits for them is quick.
pub(crate) fn config(front: Front) -> ServerConfig {
    let mut constant_headers = HeaderMap::new();
    constant_headers.insert("x-constant", HeaderValue::from_static("1"));
    ServerConfig {
        address: Address::new("127.0.0.1", 0),
        timeouts: Timeouts {
            first_byte: Duration::from_secs(5),
            head: Duration::from_secs(5),
            keep_alive: Duration::from_secs(5),
            graceful: Duration::from_secs(5),
            linger: Duration::from_millis(100),
            ..Timeouts::default()
        },
        constant_headers,
        front,
        signals: Signals::Ignore,
        ..ServerConfig::default()
    }
}

pub(crate) fn start(config: ServerConfig) -> Running {
    let server = Server::bind(config).unwrap();
    let app = App::default();
    let (seen, gate) = (Arc::clone(&app.seen), Arc::clone(&app.gate));
    let handle = server.handle();
    let address = server.local_addr().unwrap();
    let thread = Some(std::thread::spawn(move || server.run(app).unwrap()));
    Running {
        address,
        handle,
        seen,
        gate,
        thread,
    }
}

/// How the server's side of a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Closed,
    Reset,
    TimedOut,
}

/// The socket, and what was received beyond the last answer.
#[derive(Debug)]
pub(crate) struct Client(pub(crate) TcpStream, pub(crate) Vec<u8>);

impl Client {
    pub(crate) fn connect(address: SocketAddr) -> Self {
        Self::over(TcpStream::connect(address).unwrap())
    }

    pub(crate) fn over(socket: TcpStream) -> Self {
        socket
            .set_read_timeout(Some(Duration::from_secs(20)))
            .unwrap();
        socket
            .set_write_timeout(Some(Duration::from_secs(20)))
            .unwrap();
        socket.set_nodelay(true).unwrap();
        Self(socket, Vec::new())
    }

    /// A connection that has been served, so that a loop has it for certain.
    pub(crate) fn answered(address: SocketAddr) -> Self {
        let mut client = Self::connect(address);
        client.send(GET);
        assert_eq!(client.answer().status, 200);
        client
    }

    pub(crate) fn send(&mut self, bytes: &[u8]) {
        // The server may have closed already; what it answered is what counts.
        let _ = self.0.write_all(bytes);
    }

    /// Leaves with a reset, as a client does that breaks off while something is on its way to it.
    pub(crate) fn reset(self) {
        socket2::SockRef::from(&self.0)
            .set_linger(Some(Duration::ZERO))
            .unwrap();
    }

    pub(crate) fn half_close(&mut self) {
        let _ = self.0.shutdown(Shutdown::Write);
    }

    /// Everything until the server closes.
    pub(crate) fn rest(&mut self) -> (Vec<u8>, End) {
        let mut all = std::mem::take(&mut self.1);
        let mut piece = [0; 65536];
        loop {
            match self.0.read(&mut piece) {
                Ok(0) => return (all, End::Closed),
                Ok(count) => all.extend_from_slice(&piece[..count]),
                Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => {
                    return (all, End::Reset);
                }
                Err(_) => return (all, End::TimedOut),
            }
        }
    }

    /// Reads one answer to a request that is not HEAD.
    pub(crate) fn answer(&mut self) -> Answer {
        let mut piece = vec![0; 1 << 20];
        loop {
            if let Some((answer, rest)) = parse(&self.1, false) {
                self.1 = rest.to_vec();
                return answer;
            }
            match self.0.read(&mut piece) {
                Ok(count @ 1..) => self.1.extend_from_slice(&piece[..count]),
                other => panic!("{other:?} after {}", self.1.escape_ascii()),
            }
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(own, _)| own == name)
            .map(|(_, value)| value.as_str())
    }
}

/// The first answer and what is left.
fn parse(bytes: &[u8], is_head: bool) -> Option<(Answer, &[u8])> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&bytes[..end]).unwrap();
    let mut rest = &bytes[end + 4..];
    let mut lines = head.split("\r\n");
    let line = lines.next().unwrap();
    assert!(
        line.starts_with("HTTP/1.1 ") || line.starts_with("HTTP/1.0 "),
        "{line}"
    );
    let status = line[9..12].parse().unwrap();
    let headers: Vec<(String, String)> = lines
        .map(|line| line.split_once(": ").unwrap_or_else(|| panic!("{line}")))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let mut answer = Answer {
        status,
        headers,
        body: Vec::new(),
    };
    if is_head || status < 200 || status == 204 || status == 304 {
    } else if answer.header("transfer-encoding") == Some("chunked") {
        loop {
            let line = rest.windows(2).position(|two| two == b"\r\n")?;
            let size =
                usize::from_str_radix(std::str::from_utf8(&rest[..line]).unwrap(), 16).unwrap();
            let data = rest.get(line + 2..line + 2 + size)?;
            rest = rest.get(line + 4 + size..)?;
            answer.body.extend_from_slice(data);
            if size == 0 {
                break;
            }
        }
    } else if let Some(length) = answer.header("content-length") {
        let length = length.parse().unwrap();
        answer.body = rest.get(..length)?.to_vec();
        rest = &rest[length..];
    } else {
        answer.body = rest.to_vec();
        rest = &[];
    }
    Some((answer, rest))
}

/// All whole answers in `bytes` to requests that are not HEAD; interim ones are left out.
pub(crate) fn answers(mut bytes: &[u8]) -> Vec<Answer> {
    let mut all = Vec::new();
    while let Some((answer, rest)) = parse(bytes, false) {
        bytes = rest;
        if answer.status >= 200 {
            all.push(answer);
        }
    }
    assert!(bytes.is_empty(), "left over: {}", bytes.escape_ascii());
    all
}

/// Sends the parts a little apart and closes the sending side; gives the statuses and the end.
pub(crate) fn exchange(address: SocketAddr, parts: &[&[u8]]) -> (Vec<Answer>, End) {
    let mut client = Client::connect(address);
    for (index, part) in parts.iter().enumerate() {
        if index > 0 {
            std::thread::sleep(Duration::from_millis(15));
        }
        client.send(part);
    }
    let (bytes, end) = client.rest();
    (answers(&bytes), end)
}

pub(crate) fn statuses(answers: &[Answer]) -> Vec<u16> {
    answers.iter().map(|answer| answer.status).collect()
}
