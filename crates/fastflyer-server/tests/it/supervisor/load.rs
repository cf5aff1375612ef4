//! Clients that never stop asking, to show that nothing is lost meanwhile.

use super::support::{About, PATIENCE, eventually};
use crate::support::Client;
use std::{
    collections::BTreeSet,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed},
    },
    thread::JoinHandle,
};

/// How a client uses its connections.
#[derive(Clone, Copy, Debug)]
enum Way {
    /// One after the other on one connection, until the server says that it closes.
    KeepAlive,
    /// A connection for each.
    New,
    /// Two at once on one connection.
    Pipelined,
    /// 16 KiB with each, on one connection.
    Post,
}

/// Clients at work. A request without its answer is a panic in one of their threads.
pub(super) struct Load {
    stop: Arc<AtomicBool>,
    answered: Arc<AtomicUsize>,
    threads: Vec<JoinHandle<(usize, BTreeSet<i32>)>>,
}

impl Load {
    pub(super) fn start(address: SocketAddr) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let answered = Arc::new(AtomicUsize::new(0));
        let ways = [Way::KeepAlive, Way::New, Way::Pipelined, Way::Post];
        let threads = ways
            .into_iter()
            .map(|way| {
                let (stop, answered) = (Arc::clone(&stop), Arc::clone(&answered));
                std::thread::spawn(move || ask(address, way, &stop, &answered))
            })
            .collect();
        Self {
            stop,
            answered,
            threads,
        }
    }

    /// Waits until so many more requests have been answered.
    pub(super) fn go_on(&self, more: usize) {
        let goal = self.answered.load(Relaxed) + more;
        assert!(eventually(PATIENCE, || self.answered.load(Relaxed) >= goal));
    }

    /// How many requests were answered, and by which processes.
    pub(super) fn finish(self) -> (usize, BTreeSet<i32>) {
        self.stop.store(true, Relaxed);
        let mut sum = (0, BTreeSet::new());
        for thread in self.threads {
            let (count, pids) = thread.join().unwrap();
            sum.0 += count;
            sum.1.extend(pids);
        }
        println!(
            "{} requests, none lost, answered by {} processes",
            sum.0,
            sum.1.len()
        );
        sum
    }
}

fn ask(
    address: SocketAddr,
    way: Way,
    stop: &AtomicBool,
    answered: &AtomicUsize,
) -> (usize, BTreeSet<i32>) {
    let mut count = 0;
    let mut pids = BTreeSet::new();
    while !stop.load(Relaxed) {
        let mut client = Client::connect(address);
        let mut is_open = true;
        while is_open && !stop.load(Relaxed) {
            // A pipeline is as long as the server answers; after a close the rest is asked again.
            let size = if matches!(way, Way::Pipelined) { 2 } else { 1 };
            for number in 0..size {
                client.send(&request(way, count + number));
            }
            for _ in 0..size {
                let answer = client.answer();
                assert_eq!(answer.status, 200, "{way:?} {count}");
                is_open = answer.header("connection") != Some("close");
                pids.insert(About::from(answer.body).pid);
                count += 1;
                answered.fetch_add(1, Relaxed);
                if !is_open {
                    break;
                }
            }
        }
    }
    (count, pids)
}

fn request(way: Way, number: usize) -> Vec<u8> {
    let close = match way {
        Way::New => "Connection: close\r\n",
        _ => "",
    };
    match way {
        Way::Post => {
            let head =
                format!("POST /{number} HTTP/1.1\r\nHost: a\r\nContent-Length: 16384\r\n\r\n");
            [head.into_bytes(), vec![b'x'; 16 * 1024]].concat()
        }
        _ => format!("GET /{number} HTTP/1.1\r\nHost: a\r\n{close}\r\n").into_bytes(),
    }
}
