//! A plain application, for measuring the server without a framework on it.
//!
//! `plain [port [fast|hyper [connections]]]`: GET anything answers 32 bytes of JSON with three
//! headers. It stops on TERM and prints its counts, so that it can be run under callgrind.
#![expect(clippy::print_stdout, reason = "an example talks to its user")]

use bytes::Bytes;
use fastflyer_server::{
    Address, Application, Body, Front, Peer, ProtocolError, Server, ServerConfig, Service, Stamps,
};
use http::{HeaderName, HeaderValue, Request, Response, header};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[derive(Clone)]
struct Plain;

impl Application for Plain {
    type Service = Self;

    fn connect(&self, _peer: &Peer) -> Self {
        Self
    }

    fn protocol_error(&self, _peer: &Peer, error: &ProtocolError) -> Response<Bytes> {
        let mut response = Response::new(Bytes::from_static(error.reason.as_bytes()));
        *response.status_mut() = error.status;
        response
    }
}

impl Service for Plain {
    async fn call(&self, request: Request<Body>, _stamps: &mut Stamps) -> Response<Body> {
        // The map of the request has room already.
        let mut headers = request.into_parts().0.headers;
        headers.clear();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        );
        headers.insert(
            const { HeaderName::from_static("x-request-id") },
            HeaderValue::from_static("0190a3d2-0000-4000-8000-000000000000"),
        );
        headers.insert(
            const { HeaderName::from_static("x-lasting-time") },
            HeaderValue::from_static("0"),
        );
        let mut response = Response::new(Body::from("{\"message\":\"success\",\"code\":200}"));
        *response.headers_mut() = headers;
        response
    }
}

fn main() -> Result<(), fastflyer_server::Error> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let port = arguments
        .first()
        .and_then(|port| port.parse().ok())
        .unwrap_or(8080);
    let front = match arguments.get(1).map(String::as_str) {
        Some("hyper") => Front::Hyper,
        _ => Front::Fast,
    };
    let mut config = ServerConfig {
        address: Address::new("127.0.0.1", port),
        front,
        ..ServerConfig::default()
    };
    if let Some(connections) = arguments.get(2).and_then(|count| count.parse().ok()) {
        config.max_connections = connections;
        // Long enough to look at them.
        config.timeouts.keep_alive = std::time::Duration::from_secs(60);
        config.timeouts.head = config.timeouts.keep_alive;
    }
    let server = Server::bind(config)?;
    println!("listening on {}", server.address()?);
    println!("{:?}", server.run(Plain)?.stats);
    Ok(())
}
