//! A connected socket, TCP or Unix, encrypted or not, before and after an event loop has taken it.

use crate::Peer;
use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// An accepted socket on its way to an event loop.
#[derive(Debug)]
pub(crate) enum Accepted {
    Tcp(std::net::TcpStream, std::net::SocketAddr),
    #[cfg(unix)]
    Unix(std::os::unix::net::UnixStream),
}

impl Accepted {
    /// Where it comes from.
    pub(crate) fn peer(&self) -> Option<std::net::SocketAddr> {
        match self {
            Self::Tcp(_, address) => Some(*address),
            #[cfg(unix)]
            Self::Unix(_) => None,
        }
    }

    /// Registers the socket with the event loop of this thread.
    pub(crate) fn register(self) -> io::Result<(Stream, Peer)> {
        match self {
            Self::Tcp(socket, address) => {
                socket.set_nonblocking(true)?;
                // Answers are written whole; waiting for more to send would only delay them.
                socket.set_nodelay(true)?;
                let local = socket.local_addr().ok();
                let stream = tokio::net::TcpStream::from_std(socket)?;
                Ok((
                    Stream::Tcp(stream),
                    Peer {
                        address: Some(address),
                        local,
                    },
                ))
            }
            #[cfg(unix)]
            Self::Unix(socket) => {
                socket.set_nonblocking(true)?;
                let stream = tokio::net::UnixStream::from_std(socket)?;
                Ok((
                    Stream::Unix(stream),
                    Peer {
                        address: None,
                        local: None,
                    },
                ))
            }
        }
    }
}

/// A connected socket of an event loop.
#[derive(Debug)]
pub(crate) enum Stream {
    Tcp(tokio::net::TcpStream),
    #[cfg(unix)]
    Unix(tokio::net::UnixStream),
    /// One of the others, encrypted.
    #[cfg(feature = "tls")]
    Tls(crate::tls::Encrypted),
}

impl Stream {
    /// Whether the client has chosen HTTP/2 during the TLS handshake.
    pub(crate) fn is_http2(&self) -> bool {
        match self {
            #[cfg(feature = "tls")]
            Self::Tls(stream) => stream.get_ref().1.alpn_protocol() == Some(b"h2"),
            _ => false,
        }
    }

    /// The number of the socket; -1 where sockets have none.
    pub(crate) fn number(&self) -> i32 {
        #[cfg(unix)]
        {
            use std::os::fd::AsRawFd as _;
            match self {
                Self::Tcp(stream) => stream.as_raw_fd(),
                Self::Unix(stream) => stream.as_raw_fd(),
                #[cfg(feature = "tls")]
                Self::Tls(stream) => stream.get_ref().0.number(),
            }
        }
        #[cfg(not(unix))]
        -1
    }
}

macro_rules! either {
    ($self:expr, $stream:ident => $call:expr) => {
        match $self.get_mut() {
            Stream::Tcp($stream) => $call,
            #[cfg(unix)]
            Stream::Unix($stream) => $call,
            #[cfg(feature = "tls")]
            Stream::Tls($stream) => $call,
        }
    };
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        either!(self, stream => Pin::new(stream).poll_read(cx, buffer))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        either!(self, stream => Pin::new(stream).poll_write(cx, bytes))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        either!(self, stream => Pin::new(stream).poll_flush(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        either!(self, stream => Pin::new(stream).poll_shutdown(cx))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        either!(self, stream => Pin::new(stream).poll_write_vectored(cx, slices))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }
}
