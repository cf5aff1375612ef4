//! Asks the service that runs with the same settings: one `GET`, for the verbs that look at it.
//!
//! Deliberately no HTTP client of the toolkit, which is a feature that a service may do without.

use crate::serve::address;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use fastflyer_server::Address;
use fastkit::settings::Settings;
use serde_json::Value;
use std::{
    io::{self, Read, Write},
    net::{TcpStream, ToSocketAddrs as _},
    time::Duration,
};

/// How long the service may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// The most bytes of an answer.
const MOST: u64 = 64 << 20;

/// The body of the answer to `GET path`, below the base URL.
///
/// # Errors
///
/// Why there is none: nothing answers, the credentials are refused, there is no such path.
pub(super) fn get(settings: &Settings, path: &str) -> Result<Value, String> {
    if settings.tls_cert.is_some() {
        return Err(format!(
            "flyer_tls_cert is set: the service speaks TLS, and this does not; ask GET {}{path} by another client",
            settings.base_url
        ));
    }
    let path = format!("{}{path}", settings.base_url);
    let address = address(settings);
    let silent = |error: io::Error| {
        format!(
            "no service answers at {address}: {error}; does it run, with the same settings as this?"
        )
    };
    let answer = match &address {
        Address::Tcp { port: 0, .. } => {
            return Err("flyer_port is 0: nobody knows which port the service has".to_owned());
        }
        Address::Tcp { host, port } => tcp(host, *port)
            .and_then(|socket| exchange(socket, &request(settings, &path, &host_of(host, *port)))),
        #[cfg(unix)]
        Address::Unix(file) => {
            unix(file).and_then(|socket| exchange(socket, &request(settings, &path, "localhost")))
        }
        #[cfg(not(unix))]
        Address::Unix(_) => return Err(format!("{address} cannot be asked on this system")),
    };
    read(&answer.map_err(silent)?, &path)
}

/// Where a service that listens on all addresses is asked.
fn reachable(host: &str) -> &str {
    match host {
        "0.0.0.0" => "127.0.0.1",
        "::" | "[::]" => "::1",
        other => other.trim_start_matches('[').trim_end_matches(']'),
    }
}

fn host_of(host: &str, port: u16) -> String {
    let host = reachable(host);
    if host.contains(':') {
        format!("[{host}]:{port}")
    } else {
        format!("{host}:{port}")
    }
}

fn tcp(host: &str, port: u16) -> io::Result<TcpStream> {
    let mut last = io::Error::from(io::ErrorKind::AddrNotAvailable);
    for address in (reachable(host), port).to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, PATIENCE) {
            Ok(socket) => {
                socket.set_read_timeout(Some(PATIENCE))?;
                socket.set_write_timeout(Some(PATIENCE))?;
                return Ok(socket);
            }
            Err(error) => last = error,
        }
    }
    Err(last)
}

#[cfg(unix)]
fn unix(file: &std::path::Path) -> io::Result<std::os::unix::net::UnixStream> {
    let socket = std::os::unix::net::UnixStream::connect(file)?;
    socket.set_read_timeout(Some(PATIENCE))?;
    socket.set_write_timeout(Some(PATIENCE))?;
    Ok(socket)
}

fn request(settings: &Settings, path: &str, host: &str) -> String {
    // Failures are problem details then, whatever the response options are.
    let mut text = format!(
        "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\
         Accept: application/problem+json, application/json;q=0.9\r\n"
    );
    if settings.auth_enable {
        let pair = format!("{}:{}", settings.auth_user, settings.auth_pass.expose());
        let pair = STANDARD.encode(pair);
        text.push_str(&format!("Authorization: Basic {pair}\r\n"));
    }
    text.push_str("\r\n");
    text
}

fn exchange(mut socket: impl Read + Write, request: &str) -> io::Result<Vec<u8>> {
    socket.write_all(request.as_bytes())?;
    let mut answer = Vec::new();
    socket.take(MOST).read_to_end(&mut answer)?;
    Ok(answer)
}

/// Reads a whole answer, whose connection was closed after it.
fn read(answer: &[u8], path: &str) -> Result<Value, String> {
    let strange = || format!("the answer to GET {path} is none of a service of FastFlyer");
    let end = answer
        .windows(4)
        .position(|bytes| bytes == b"\r\n\r\n")
        .ok_or_else(strange)?;
    let head = std::str::from_utf8(&answer[..end]).map_err(|_| strange())?;
    let mut lines = head.split("\r\n");
    let status: u16 = lines
        .next()
        .and_then(|line| line.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok())
        .ok_or_else(strange)?;
    let problem = lines
        .filter_map(|line| line.split_once(':'))
        .any(|(name, value)| {
            name.eq_ignore_ascii_case("content-type") && value.contains("problem+json")
        });
    let body: Value = serde_json::from_slice(&answer[end + 4..]).map_err(|_| strange())?;
    match status {
        200..=299 if !problem => Ok(body),
        401 => Err(format!(
            "GET {path} is refused: flyer_auth_user and flyer_auth_pass are not those of the service"
        )),
        status => {
            let told = body["detail"].as_str().or_else(|| body["title"].as_str());
            Err(format!(
                "GET {path} is answered with {status}: {}",
                told.unwrap_or("no reason")
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn answers_are_read_or_named() {
        let read = |text: &str| read(text.as_bytes(), "/flyer/tasks");
        let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n";
        assert_eq!(read(&format!("{head}{{\"a\":1}}")), Ok(json!({"a": 1})));
        let problem =
            "HTTP/1.1 200 OK\r\nContent-Type: application/problem+json\r\n\r\n{\"detail\":\"no\"}";
        for (answer, part) in [
            ("", "none of a service"),
            ("SSH-2.0-OpenSSH\r\n", "none of a service"),
            ("HTTP/1.1 200 OK\r\n\r\n<html>", "none of a service"),
            ("HTTP/1.1 401 Unauthorized\r\n\r\n{}", "flyer_auth_user"),
            (
                "HTTP/1.1 404 Not Found\r\n\r\n{\"title\":\"gone\"}",
                "404: gone",
            ),
            (problem, "200: no"),
        ] {
            let error = read(answer).unwrap_err();
            assert!(error.contains(part), "{answer}: {error}");
        }
    }

    #[test]
    fn all_addresses_are_asked_at_home() {
        for (host, asked) in [
            ("0.0.0.0", "127.0.0.1:80"),
            ("::", "[::1]:80"),
            ("10.0.0.1", "10.0.0.1:80"),
            ("fe80::1", "[fe80::1]:80"),
            ("example.org", "example.org:80"),
        ] {
            assert_eq!(host_of(host, 80), asked);
        }
    }
}
