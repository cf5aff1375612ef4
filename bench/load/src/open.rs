//! Connections before the clock starts: opened a few at a time, each with one request, so that the server has accepted all.

use std::{
    io::{self, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
};

use socket2::{Domain, Socket, Type};

use crate::{answer::Reader, case::Case, client::SILENCE};

/// Connections from one source address. An address has some 28,000 ports, of which those of the runs before are not
/// free for a minute.
const PER_SOURCE: usize = 1000;

/// Connections that wait for their answer together. One by one, ten thousand would wait for the scheduler as often.
const BATCH: usize = 50;

/// Opens `count` connections and does the request of the case once on each.
///
/// # Errors
///
/// Fails when the server cannot be reached, does not answer for half a minute, or answers something else.
pub(crate) fn open(address: SocketAddr, case: Case, count: usize) -> io::Result<Vec<TcpStream>> {
    let request = case.request(&address.to_string());
    let reader = Reader::new();
    let mut buffer = vec![0; 64 * 1024];
    let named = |index: usize, error: io::Error| {
        let number = index + 1;
        io::Error::new(
            error.kind(),
            format!("connection {number} of {count}: {error}"),
        )
    };
    let mut streams = Vec::with_capacity(count);
    while streams.len() < count {
        let first = streams.len();
        for index in first..count.min(first + BATCH) {
            let sent = connect(address, index).and_then(|mut stream| {
                stream.write_all(&request)?;
                Ok(stream)
            });
            streams.push(sent.map_err(|error| named(index, error))?);
        }
        for (index, stream) in streams.iter_mut().enumerate().skip(first) {
            answer(stream, case, &reader, &mut buffer).map_err(|error| named(index, error))?;
        }
    }
    Ok(streams)
}

/// Fails when the server closed one of the connections, or sent something that nobody asked for.
///
/// # Errors
///
/// Says how many are not open and quiet.
pub(crate) fn all_open(streams: &[TcpStream]) -> io::Result<()> {
    let quiet = |stream: &&TcpStream| {
        stream.set_nonblocking(true)?;
        Ok(matches!(stream.peek(&mut [0]), Err(error) if error.kind() == io::ErrorKind::WouldBlock))
    };
    let checked: io::Result<Vec<bool>> = streams.iter().map(|stream| quiet(&stream)).collect();
    match checked?.into_iter().filter(|quiet| !quiet).count() {
        0 => Ok(()),
        closed => Err(io::Error::other(format!(
            "the server closed {closed} of {} idle connections",
            streams.len()
        ))),
    }
}

/// A connection from the source address whose turn it is: 127.0.0.1, after a thousand 127.0.0.2, and so on.
fn connect(address: SocketAddr, index: usize) -> io::Result<TcpStream> {
    let source = u8::try_from(1 + index / PER_SOURCE)
        .map_err(|_| io::Error::other("more connections than source addresses have ports"))?;
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    if source > 1 {
        socket.bind(&SocketAddr::from(([127, 0, 0, source], 0)).into())?;
    }
    socket.connect(&address.into())?;
    socket.set_tcp_nodelay(true)?;
    socket.set_read_timeout(Some(SILENCE))?;
    Ok(socket.into())
}

fn answer(
    stream: &mut TcpStream,
    case: Case,
    reader: &Reader,
    buffer: &mut [u8],
) -> io::Result<()> {
    let mut filled = 0;
    loop {
        let count = stream.read(&mut buffer[filled..])?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        filled += count;
        let next = reader.next(&buffer[..filled]);
        match next.map_err(|unexpected| io::Error::other(unexpected.0))? {
            Some(answer) if answer.status == 200 && case.is_answered_by(answer.body) => {
                return Ok(());
            }
            Some(answer) => return Err(io::Error::other(format!("status {}", answer.status))),
            None => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{net::TcpListener, thread};

    use super::*;

    const ANSWER: &[u8] =
        b"HTTP/1.1 200 OK\r\ncontent-length: 34\r\n\r\n{\"message\":\"success\",\"code\":200}  ";

    /// A server that answers the first request of each of `count` connections and keeps those that `keep` says.
    fn serve(
        count: usize,
        keep: fn(usize) -> bool,
    ) -> (SocketAddr, thread::JoinHandle<Vec<TcpStream>>) {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let server = thread::spawn(move || {
            let one = |_| {
                let (mut stream, _) = listener.accept().unwrap();
                let mut request = [0; 1024];
                assert!(stream.read(&mut request).unwrap() > 0);
                stream.write_all(ANSWER).unwrap();
                stream
            };
            let kept = (0..count).map(one).collect::<Vec<_>>();
            kept.into_iter()
                .enumerate()
                .filter(|(index, _)| keep(*index))
                .map(|(_, stream)| stream)
                .collect()
        });
        (address, server)
    }

    #[test]
    fn each_connection_has_its_answer_and_stays_open() {
        let (address, server) = serve(3, |_| true);
        let streams = open(address, Case::A, 3).unwrap();
        let kept = server.join().unwrap();
        assert_eq!((streams.len(), kept.len()), (3, 3));
        all_open(&streams).unwrap();
    }

    #[test]
    fn a_connection_that_the_server_closed_is_found() {
        let (address, server) = serve(3, |index| index != 1);
        let streams = open(address, Case::A, 3).unwrap();
        let _kept = server.join().unwrap();
        // The end of the closed one is on its way: a blocking read waits for it.
        assert_eq!((&streams[1]).read(&mut [0]).unwrap(), 0);
        assert!(
            all_open(&streams)
                .unwrap_err()
                .to_string()
                .contains("1 of 3")
        );
    }

    #[test]
    fn a_wrong_answer_fails() {
        let (address, server) = serve(1, |_| true);
        let error = open(address, Case::B, 1).unwrap_err().to_string();
        assert!(error.contains("connection 1 of 1: status 200"), "{error}");
        drop(server.join().unwrap());
    }

    #[test]
    fn another_source_address_after_a_thousand() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = listener.local_addr().unwrap();
        for (index, source) in [(0, "127.0.0.1"), (999, "127.0.0.1"), (1000, "127.0.0.2")] {
            let stream = connect(address, index).unwrap();
            assert_eq!(stream.local_addr().unwrap().ip().to_string(), source);
        }
        assert!(connect(address, 300_000).is_err());
    }
}
