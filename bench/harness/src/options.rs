//! The command line.

use crate::servers::{self, Case, Server};

pub(crate) const USAGE: &str = "\
usage: harness instructions [--check] [options]   user-space instructions per request, by callgrind
       harness rates [options]                    rates and CPU time against axum-usual, in one run
       harness report                             tables and charts again, from the committed results

options:
  --server NAME        only this server (may be repeated); the others keep their committed figures
  --case A|B|C|P       only this case (may be repeated); P is A, 16 requests pipelined, of `rates` only
  --check              compare with the committed figures, write nothing, fail when FastFlyer got worse by more than 3 %
  --no-build           take the binaries as they are
  --requests N,M       instructions: the two request counts whose difference is taken (1000,3000)
  --connections N      40 for instructions, 100 for rates
  --rounds N           rates: rounds over all servers (5)
  --seconds S          rates: length of one measurement (3)
  --server-core N      rates: where the server is pinned (0)
  --client-core N      rates: where the load client is pinned (1)";

/// What the harness was asked for.
#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) mode: Mode,
    /// Empty: all.
    chosen: Vec<&'static Server>,
    /// Empty: all.
    cases: Vec<Case>,
    pub(crate) check: bool,
    pub(crate) build: bool,
    pub(crate) requests: (u64, u64),
    connections: Option<u32>,
    pub(crate) rounds: usize,
    pub(crate) seconds: f64,
    pub(crate) server_core: u32,
    pub(crate) client_core: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Instructions,
    Rates,
    Report,
}

impl Options {
    pub(crate) fn parse(arguments: &[String]) -> Result<Self, String> {
        let (mode, rest) = arguments.split_first().ok_or("which mode?")?;
        let mut options = Self {
            mode: match mode.as_str() {
                "instructions" => Mode::Instructions,
                "rates" => Mode::Rates,
                "report" => Mode::Report,
                other => return Err(format!("unknown mode {other:?}\n\n{USAGE}")),
            },
            chosen: Vec::new(),
            cases: Vec::new(),
            check: false,
            build: true,
            requests: (1000, 3000),
            connections: None,
            rounds: 5,
            seconds: 3.0,
            server_core: 0,
            client_core: 1,
        };
        let mut rest = rest.iter();
        while let Some(name) = rest.next() {
            match name.as_str() {
                "--check" => options.check = true,
                "--no-build" => options.build = false,
                _ => {
                    let value = rest.next().ok_or_else(|| {
                        format!("unknown option {name}, or its value is missing\n\n{USAGE}")
                    })?;
                    options.set(name, value)?;
                }
            }
        }
        if options.check && options.mode != Mode::Instructions {
            return Err(
                "--check belongs to `instructions`: rates of two runs cannot be compared"
                    .to_owned(),
            );
        }
        Ok(options)
    }

    fn set(&mut self, name: &str, value: &str) -> Result<(), String> {
        match name {
            "--server" => {
                let server = servers::ALL.iter().find(|server| server.name == value);
                self.chosen.push(server.ok_or_else(|| {
                    let known: Vec<_> = servers::ALL.iter().map(|server| server.name).collect();
                    format!("unknown server {value:?}; there are {}", known.join(", "))
                })?);
            }
            "--case" => self.cases.push(value.parse()?),
            "--requests" => {
                let (few, many) = value
                    .split_once(',')
                    .ok_or("--requests wants two counts, as 1000,3000")?;
                self.requests = (number(name, few)?, number(name, many)?);
                if self.requests.0 == 0 || self.requests.0 >= self.requests.1 {
                    return Err("--requests wants a smaller and a larger count".to_owned());
                }
            }
            "--connections" => self.connections = Some(number(name, value)?),
            "--rounds" => self.rounds = number::<usize>(name, value)?.max(1),
            "--seconds" => self.seconds = number(name, value)?,
            "--server-core" => self.server_core = number(name, value)?,
            "--client-core" => self.client_core = number(name, value)?,
            _ => return Err(format!("unknown option {name}\n\n{USAGE}")),
        }
        Ok(())
    }

    pub(crate) fn servers(&self) -> Vec<&'static Server> {
        if self.chosen.is_empty() {
            servers::ALL.iter().collect()
        } else {
            self.chosen.clone()
        }
    }

    /// Whether this server may not be left out, because it was asked for by name.
    pub(crate) fn insists_on(&self, server: &Server) -> bool {
        self.chosen.iter().any(|chosen| chosen.name == server.name)
    }

    pub(crate) fn wants(&self, case: Case) -> bool {
        self.cases.is_empty() || self.cases.contains(&case)
    }

    pub(crate) fn connections(&self) -> u32 {
        self.connections.unwrap_or(match self.mode {
            Mode::Instructions => 40,
            _ => 100,
        })
    }
}

fn number<T: std::str::FromStr>(name: &str, text: &str) -> Result<T, String> {
    text.parse()
        .map_err(|_| format!("{name} wants a number, got {text:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Options, String> {
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        Options::parse(&words)
    }

    #[test]
    fn defaults_depend_on_the_mode() {
        assert_eq!(parsed("instructions").unwrap().connections(), 40);
        assert_eq!(parsed("rates").unwrap().connections(), 100);
        assert_eq!(parsed("rates --connections 7").unwrap().connections(), 7);
        assert_eq!(parsed("rates").unwrap().servers().len(), servers::ALL.len());
    }

    #[test]
    fn a_choice_narrows() {
        let options = parsed("instructions --server actix --case B --requests 10,20").unwrap();
        assert_eq!(options.servers().len(), 1);
        assert!(options.insists_on(options.servers()[0]));
        assert!(options.wants(Case::B) && !options.wants(Case::A));
        assert_eq!(options.requests, (10, 20));
    }

    #[test]
    fn mistakes_are_named() {
        assert!(parsed("fly").unwrap_err().contains("fly"));
        assert!(
            parsed("rates --server nginx")
                .unwrap_err()
                .contains("axum-usual")
        );
        assert!(parsed("rates --check").is_err());
        assert!(
            parsed("rates --rounds many")
                .unwrap_err()
                .contains("--rounds")
        );
        assert!(parsed("instructions --requests 20,10").is_err());
        assert!(parsed("rates --what").is_err());
    }
}
