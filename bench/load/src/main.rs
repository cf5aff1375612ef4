//! A closed-loop HTTP/1.1 load client: one thread, N keep-alive connections, a fixed case, each answer checked.
//!
//! It is not a general load generator: it knows the requests of the benchmark, wants `content-length`, and takes no time
//! for what it need not know, so that on two cores the server is what limits.

mod answer;
mod case;
mod client;
mod open;
mod report;

use std::{
    io::{self, Read as _, Write as _},
    net::SocketAddr,
    process::ExitCode,
    time::Duration,
};

use case::Case;
use client::{Amount, Plan};
use report::Report;

const USAGE: &str = "\
usage: load --port PORT --case A|B|C|R (--requests N | --seconds S)
            [--connections 40] [--idle 0] [--depth 1] [--attended]

Opens the connections, from 127.0.0.1 and for each thousand more from 127.0.0.2 and so on, with one request on each. Then
sends the request of the case over those that are not to be idle, `depth` at a time on each, checks status and body of
every answer and prints one JSON object. Exit code 1 when an answer was wrong or a connection broke.

--attended: prints `ready` when all connections are open, waits for a line on standard input before it sends, and keeps
all connections open until standard input ends. Without that line nothing is sent.";

fn main() -> ExitCode {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    let all = arguments.len();
    arguments.retain(|word| word != "--attended");
    let attended = arguments.len() < all;
    let outcome = plan(&arguments)
        .map_err(|reason| format!("{reason}\n\n{USAGE}"))
        .and_then(|plan| run(&plan, attended).map_err(|error| error.to_string()));
    match outcome {
        Ok(report) => ExitCode::from(u8::from(report.is_some_and(|report| report.errors > 0))),
        Err(reason) => {
            eprintln!("load: {reason}");
            ExitCode::from(2)
        }
    }
}

/// Opens, sends, reports, and when somebody attends keeps the connections as long as they want; `None` when they did
/// not want anything sent.
fn run(plan: &Plan, attended: bool) -> io::Result<Option<Report>> {
    let active = open::open(plan.address, plan.case, plan.connections)?;
    let idle = open::open(plan.address, plan.case, plan.idle)?;
    if attended && !go()? {
        open::all_open(&active)?;
        open::all_open(&idle)?;
        return Ok(None);
    }
    // Held until the end: closing them would be work of the server that somebody may be measuring.
    let (report, _active) = client::run(plan, active)?;
    open::all_open(&idle)?;
    println!("{}", serde_json::to_string(&report)?);
    if attended {
        io::stdin().read_to_end(&mut Vec::new())?;
    }
    Ok(Some(report))
}

/// Says that all is open; whether a line came before the end of the input.
fn go() -> io::Result<bool> {
    println!("ready");
    io::stdout().flush()?;
    Ok(io::stdin().read_line(&mut String::new())? > 0)
}

fn plan(arguments: &[String]) -> Result<Plan, String> {
    let (mut port, mut case, mut amount) = (None, None, None);
    let (mut connections, mut idle, mut depth) = (40, 0, 1);
    let mut rest = arguments.iter();
    while let Some(name) = rest.next() {
        let value = rest.next().ok_or_else(|| format!("{name} wants a value"))?;
        let wrong = |_| format!("{name} wants a number, got {value:?}");
        match name.as_str() {
            "--port" => {
                port = Some(
                    value
                        .parse::<u16>()
                        .map_err(|_| format!("bad port {value:?}"))?,
                )
            }
            "--case" => case = Some(value.parse::<Case>()?),
            "--requests" => amount = Some(Amount::Requests(value.parse().map_err(wrong)?)),
            "--seconds" => {
                let seconds: f64 = value
                    .parse()
                    .map_err(|_| format!("{name} wants a number, got {value:?}"))?;
                amount = Some(Amount::Time(
                    Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())?,
                ));
            }
            "--connections" => connections = value.parse().map_err(wrong)?,
            "--idle" => idle = value.parse().map_err(wrong)?,
            "--depth" => depth = value.parse().map_err(wrong)?,
            _ => return Err(format!("unknown option {name}")),
        }
    }
    if connections == 0 || depth == 0 {
        return Err("--connections and --depth must be at least 1".to_owned());
    }
    Ok(Plan {
        address: SocketAddr::from(([127, 0, 0, 1], port.ok_or("--port is missing")?)),
        case: case.ok_or("--case is missing")?,
        amount: amount.ok_or("--requests or --seconds is missing")?,
        connections,
        depth,
        idle,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Plan, String> {
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        plan(&words)
    }

    #[test]
    fn a_full_line_is_understood() {
        let plan =
            parsed("--port 81 --case b --requests 7 --connections 3 --depth 16 --idle 5").unwrap();
        assert_eq!(plan.address.port(), 81);
        assert_eq!((plan.connections, plan.depth, plan.idle), (3, 16, 5));
        assert!(matches!(plan.amount, Amount::Requests(7)));
    }

    #[test]
    fn what_is_missing_or_wrong_is_named() {
        assert!(
            parsed("--case A --seconds 1")
                .unwrap_err()
                .contains("--port")
        );
        assert!(
            parsed("--port 1 --case D --seconds 1")
                .unwrap_err()
                .contains('D')
        );
        assert!(parsed("--port 1 --case A --seconds -1").is_err());
        assert!(parsed("--port 1 --case A --seconds 1 --depth 0").is_err());
        assert!(parsed("--wat 1").unwrap_err().contains("--wat"));
    }
}
