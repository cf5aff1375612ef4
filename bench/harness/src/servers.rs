//! The servers and how each is started. Adding a peer: a package under `peers/`, one line in [`ALL`].

use std::{fmt, path::Path, str::FromStr};

use serde::{Deserialize, Serialize};

/// The piece of work that is measured; see `bench/README.md`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Case {
    A,
    B,
    C,
    /// A, 16 requests pipelined.
    P,
}

impl Case {
    pub(crate) const ALL: [Self; 4] = [Self::A, Self::B, Self::C, Self::P];

    /// What the load client calls it.
    pub(crate) const fn request(self) -> &'static str {
        match self {
            Self::A | Self::P => "A",
            Self::B => "B",
            Self::C => "C",
        }
    }

    pub(crate) const fn depth(self) -> &'static str {
        match self {
            Self::P => "16",
            _ => "1",
        }
    }

    pub(crate) const fn logged(self) -> bool {
        matches!(self, Self::C)
    }

    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::A => "A: GET, small JSON",
            Self::B => "B: POST, parse, validate, envelope",
            Self::C => "C: B with a JSON access log",
            Self::P => "A, 16 requests pipelined",
        }
    }
}

impl fmt::Display for Case {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{self:?}")
    }
}

impl FromStr for Case {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|case| case.to_string().eq_ignore_ascii_case(text))
            .ok_or_else(|| format!("a case is A, B, C or P, got {text:?}"))
    }
}

/// One server of the benchmark.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The demo service of the framework in this repository.
    FastFlyer,
    /// A package under `peers/`.
    Peer,
    /// A peer that has no usual access log, so no C.
    PeerWithoutLog,
    /// The service with many routes, `bench/growth`.
    Growth,
}

/// Ours.
pub(crate) const OURS: &str = "fastflyer";
/// What the ratios are taken against.
pub(crate) const BASE: &str = "axum-usual";

/// All servers, in the order of the tables.
pub(crate) static ALL: [Server; 6] = [
    Server {
        name: OURS,
        kind: Kind::FastFlyer,
    },
    Server {
        name: BASE,
        kind: Kind::Peer,
    },
    Server {
        name: "axum-plain",
        kind: Kind::Peer,
    },
    Server {
        name: "actix",
        kind: Kind::Peer,
    },
    Server {
        name: "poem-openapi",
        kind: Kind::Peer,
    },
    Server {
        name: "hyper-bare",
        kind: Kind::PeerWithoutLog,
    },
];

/// Ours with as many routes as it is asked for; no row of the tables of servers.
pub(crate) static GROWTH: Server = Server {
    name: "growth",
    kind: Kind::Growth,
};

impl Server {
    /// Whether its settings are FastFlyer's.
    pub(crate) const fn is_ours(&self) -> bool {
        matches!(self.kind, Kind::FastFlyer | Kind::Growth)
    }

    /// The variable that gives it so many worker threads.
    pub(crate) fn threads(&self, count: usize) -> (&'static str, String) {
        let name = if self.is_ours() {
            "flyer_event_loops"
        } else {
            "THREADS"
        };
        (name, count.to_string())
    }

    pub(crate) fn does(&self, case: Case) -> bool {
        !(case.logged() && self.kind == Kind::PeerWithoutLog)
    }

    /// What stands behind the name of the binary on the command line.
    pub(crate) const fn arguments(&self) -> &'static [&'static str] {
        match self.kind {
            Kind::FastFlyer => &["show", "openapi"],
            Kind::Peer | Kind::PeerWithoutLog | Kind::Growth => &[],
        }
    }

    /// The environment that makes it serve on `port` with one worker thread, writing its access log to `log` if given.
    pub(crate) fn environment(
        &self,
        port: u16,
        log: Option<&Path>,
        scratch: &Path,
    ) -> Vec<(&'static str, String)> {
        let on = String::from(if log.is_some() { "1" } else { "0" });
        let port = port.to_string();
        let log = log.map(|path| path.display().to_string());
        let (mut variables, log_variable) = match self.kind {
            Kind::FastFlyer | Kind::Growth => (
                vec![
                    ("flyer_host", "127.0.0.1".to_owned()),
                    ("flyer_port", port),
                    // One process, so that its CPU time and its instructions are all there is.
                    ("flyer_supervisor", "0".to_owned()),
                    // All lines in one file, where they are counted.
                    ("flyer_log_rotate", "never".to_owned()),
                    ("flyer_workers", "1".to_owned()),
                    ("flyer_event_loops", "1".to_owned()),
                    ("flyer_access_log", on),
                    ("flyer_log_path", scratch.join("logs").display().to_string()),
                ],
                "flyer_access_logfile",
            ),
            Kind::Peer | Kind::PeerWithoutLog => (
                vec![("PORT", port), ("THREADS", "1".to_owned()), ("LOG", on)],
                "LOG_FILE",
            ),
        };
        variables.extend(log.map(|log| (log_variable, log)));
        variables
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_peer_has_its_package() {
        let peers = Path::new(env!("CARGO_MANIFEST_DIR")).join("../peers");
        for server in &ALL {
            let there = peers.join(server.name).join("Cargo.toml").is_file();
            assert_eq!(there, server.kind != Kind::FastFlyer, "{}", server.name);
        }
    }

    #[test]
    fn the_log_is_asked_for_in_each_servers_own_words() {
        let log = Path::new("/tmp/x.log");
        for server in &ALL {
            let with = server.environment(81, Some(log), Path::new("/tmp"));
            assert!(
                with.iter().any(|(_, value)| value == "/tmp/x.log"),
                "{}",
                server.name
            );
            let without = server.environment(81, None, Path::new("/tmp"));
            assert_eq!(without.len() + 1, with.len());
            assert!(without.iter().any(|(_, value)| value == "81"));
        }
    }

    #[test]
    fn threads_are_a_variable_that_is_set_anyway() {
        for server in ALL.iter().chain([&GROWTH]) {
            let (name, _) = server.threads(2);
            let usual = server.environment(81, None, Path::new("/tmp"));
            assert!(usual.contains(&(name, "1".to_owned())), "{}", server.name);
        }
    }

    #[test]
    fn a_case_reads_as_it_is_written() {
        for case in Case::ALL {
            assert_eq!(case.to_string().parse::<Case>(), Ok(case));
        }
        assert!("D".parse::<Case>().is_err());
    }
}
