//! A network between a client and a server that can lose everything, or break.

use std::{
    io::{Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{
        Arc, Condvar, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Passes,
    /// Everything is kept and nothing arrives, as on a network that is cut without anybody being told.
    Holds,
    /// Connections are closed, old and new ones.
    Breaks,
}

struct Shared {
    mode: Mutex<Mode>,
    changed: Condvar,
    /// How many connections there were.
    count: AtomicUsize,
    /// Connections before this one get nothing through any more.
    lost_before: AtomicUsize,
    open: Mutex<Vec<TcpStream>>,
}

pub(crate) struct Proxy {
    pub(crate) port: u16,
    shared: Arc<Shared>,
}

impl Proxy {
    pub(crate) fn to(target: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::new(Shared {
            mode: Mutex::new(Mode::Passes),
            changed: Condvar::new(),
            count: AtomicUsize::new(0),
            lost_before: AtomicUsize::new(0),
            open: Mutex::default(),
        });
        let accepting = shared.clone();
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                if *accepting.mode.lock().unwrap() == Mode::Breaks {
                    continue;
                }
                let Ok(server) = TcpStream::connect(("127.0.0.1", target)) else {
                    continue;
                };
                let copy = |stream: &TcpStream| stream.try_clone().unwrap();
                let ends = [copy(&client), copy(&server)];
                accepting.open.lock().unwrap().extend(ends);
                let number = accepting.count.fetch_add(1, Ordering::SeqCst);
                let (shared, from, to) = (accepting.clone(), copy(&client), copy(&server));
                thread::spawn(move || shared.pump(number, from, to));
                let shared = accepting.clone();
                thread::spawn(move || shared.pump(number, server, client));
            }
        });
        Self { port, shared }
    }

    pub(crate) fn pass(&self) {
        self.shared.become_(Mode::Passes);
    }

    pub(crate) fn hold(&self) {
        self.shared.become_(Mode::Holds);
    }

    /// From now on nothing gets through the connections that there are; new ones work.
    pub(crate) fn lose(&self) {
        let count = self.shared.count.load(Ordering::SeqCst);
        self.shared.lost_before.store(count, Ordering::SeqCst);
    }

    pub(crate) fn cut(&self) {
        self.shared.become_(Mode::Breaks);
        for stream in self.shared.open.lock().unwrap().drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

impl Shared {
    fn become_(&self, mode: Mode) {
        *self.mode.lock().unwrap() = mode;
        self.changed.notify_all();
    }

    fn pump(&self, number: usize, mut from: TcpStream, mut to: TcpStream) {
        let mut buffer = [0; 16 * 1024];
        while let Ok(length @ 1..) = from.read(&mut buffer) {
            if number < self.lost_before.load(Ordering::SeqCst) {
                continue;
            }
            let mode = self.mode.lock().unwrap();
            let mode = self
                .changed
                .wait_while(mode, |mode| *mode == Mode::Holds)
                .unwrap();
            if *mode == Mode::Breaks || to.write_all(&buffer[..length]).is_err() {
                break;
            }
        }
        let _ = to.shutdown(Shutdown::Both);
        let _ = from.shutdown(Shutdown::Both);
    }
}
