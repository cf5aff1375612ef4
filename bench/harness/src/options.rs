//! The command line.

use crate::servers::{self, Case, Server};

pub(crate) const USAGE: &str = "\
usage: harness WHAT[,WHAT..] [options]

  instructions   user-space instructions per request, by callgrind
  rates          rates, CPU time, memory and start against axum-usual, in one run
  two-loops      the same of A and B with two event loops on two cores, and how 100 connections lie on them
  access-log     C against B in one run: what the access log costs, and whether it loses lines
  idle           resident memory of 10,000 idle keep-alive connections
  growth         cost and start with 1 to 1,000 routes, cost with 1 to 10,000 connections
  all            all of these, one after the other
  report         tables and charts again, from the committed results

options:
  --server NAME        only this server (may be repeated); the others keep their committed figures
  --case A|B|C|P       instructions, rates, two-loops: only this case (may be repeated); P is A, 16 requests pipelined
  --check              instructions: compare with the committed figures, write nothing, fail when FastFlyer got worse by
                       more than 3 %
  --no-build           take the binaries as they are
  --requests N,M       instructions, growth: the two request counts whose difference is taken (1000,3000)
  --connections N      40 for instructions, 10000 for idle, 100 otherwise; growth has its own
  --rounds N           rounds over all that is compared (5)
  --seconds S          length of one measurement (3)
  --server-core N      where the server is pinned (0); two-loops take both cores for both
  --client-core N      where the load client is pinned (1)";

/// What the harness was asked for.
#[derive(Debug)]
pub(crate) struct Options {
    /// In the order in which they are done.
    pub(crate) modes: Vec<Mode>,
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

/// One thing to measure, or to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Instructions,
    Rates,
    TwoLoops,
    AccessLog,
    Idle,
    Growth,
    Report,
}

impl Mode {
    const MEASURED: [(&'static str, Self); 6] = [
        ("instructions", Self::Instructions),
        ("rates", Self::Rates),
        ("two-loops", Self::TwoLoops),
        ("access-log", Self::AccessLog),
        ("idle", Self::Idle),
        ("growth", Self::Growth),
    ];

    fn list(text: &str) -> Result<Vec<Self>, String> {
        match text {
            "all" => return Ok(Self::MEASURED.iter().map(|(_, mode)| *mode).collect()),
            "report" => return Ok(vec![Self::Report]),
            _ => {}
        }
        text.split(',')
            .map(|word| {
                let known = Self::MEASURED.iter().find(|(name, _)| *name == word);
                known
                    .map(|(_, mode)| *mode)
                    .ok_or_else(|| format!("nothing is called {word:?}\n\n{USAGE}"))
            })
            .collect()
    }
}

impl Options {
    pub(crate) fn parse(arguments: &[String]) -> Result<Self, String> {
        let (modes, rest) = arguments.split_first().ok_or("what is to be measured?")?;
        let mut options = Self {
            modes: Mode::list(modes)?,
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
        if options.check && options.modes != [Mode::Instructions] {
            return Err(
                "--check belongs to `instructions` alone: rates of two runs cannot be compared"
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

    /// Those of the named servers that were chosen, in their order.
    pub(crate) fn among(&self, names: &[&str]) -> Vec<&'static Server> {
        let named = |server: &&'static Server| names.contains(&server.name);
        self.servers().into_iter().filter(named).collect()
    }

    /// Whether this server may not be left out, because it was asked for by name.
    pub(crate) fn insists_on(&self, server: &Server) -> bool {
        self.chosen.iter().any(|chosen| chosen.name == server.name)
    }

    pub(crate) fn wants(&self, case: Case) -> bool {
        self.cases.is_empty() || self.cases.contains(&case)
    }

    pub(crate) fn connections(&self, mode: Mode) -> u32 {
        self.connections.unwrap_or(match mode {
            Mode::Instructions => 40,
            Mode::Idle => 10_000,
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
        let options = parsed("rates").unwrap();
        assert_eq!(options.connections(Mode::Instructions), 40);
        assert_eq!(options.connections(Mode::Rates), 100);
        assert_eq!(options.connections(Mode::Idle), 10_000);
        let options = parsed("rates --connections 7").unwrap();
        assert_eq!(options.connections(Mode::Rates), 7);
        assert_eq!(options.servers().len(), servers::ALL.len());
    }

    #[test]
    fn several_are_done_in_their_order() {
        let options = parsed("idle,two-loops").unwrap();
        assert_eq!(options.modes, [Mode::Idle, Mode::TwoLoops]);
        assert_eq!(parsed("all").unwrap().modes.len(), Mode::MEASURED.len());
        assert!(parsed("idle,flying").unwrap_err().contains("flying"));
        assert!(parsed("instructions,rates --check").is_err());
    }

    #[test]
    fn a_choice_narrows() {
        let options = parsed("instructions --server actix --case B --requests 10,20").unwrap();
        assert_eq!(options.servers().len(), 1);
        assert!(options.insists_on(options.servers()[0]));
        assert!(options.wants(Case::B) && !options.wants(Case::A));
        assert_eq!(options.requests, (10, 20));
        assert_eq!(options.among(&["fastflyer", "actix"]).len(), 1);
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
