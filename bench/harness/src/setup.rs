//! What comes before a measurement under load: the servers are built, and those that do not do the work are left out.

use crate::{
    build::{self, Executables},
    options::Options,
    probe,
    scratch::Scratch,
    servers::{Case, Server},
};

/// All that a measurement under load needs.
#[derive(Debug)]
pub(crate) struct Setup {
    /// Those that do the work of the cases.
    pub(crate) servers: Vec<&'static Server>,
    pub(crate) executables: Executables,
    pub(crate) scratch: Scratch,
}

impl Setup {
    /// Builds the servers and those `besides`, which are not asked whether they do the cases.
    ///
    /// # Errors
    ///
    /// Fails without taskset, when the load client does not build, and when a server that was asked for by name does not
    /// do the work.
    pub(crate) fn new(
        options: &Options,
        mut servers: Vec<&'static Server>,
        besides: &[&'static Server],
        cases: &[Case],
    ) -> Result<Self, String> {
        build::need("taskset", "util-linux")?;
        let all: Vec<&Server> = servers.iter().chain(besides).copied().collect();
        let executables = build::all(&all, options.build)?;
        let scratch = Scratch::new()?;
        let mut reasons = Vec::new();
        servers.retain(|server| {
            let able = executables.path(server.name).and_then(|executable| {
                cases
                    .iter()
                    .filter(|case| server.does(**case))
                    .try_for_each(|case| probe::probe(server, executable, *case, scratch.path()))
            });
            able.map_err(|reason| {
                eprintln!("left out: {reason}");
                reasons.extend(options.insists_on(server).then_some(reason));
            })
            .is_ok()
        });
        match reasons.into_iter().next() {
            Some(reason) => Err(reason),
            None => Ok(Self {
                servers,
                executables,
                scratch,
            }),
        }
    }
}
