//! Where values come from: [`Sources`] holds the texts, [`Source`] names the places.

use crate::env;
use std::{collections::BTreeMap, fmt};

/// The texts that settings are loaded from, apart from those in code.
#[derive(Clone, Default)]
pub struct Sources {
    pub(super) environment: BTreeMap<String, String>,
    pub(super) dotenv: BTreeMap<String, String>,
    /// Why `.env` could not be read to its end.
    pub(super) problem: Option<String>,
    pub(super) cores: Option<usize>,
}

impl Sources {
    /// The environment of the process and `.env` in the working directory.
    #[must_use]
    pub fn from_process() -> Self {
        let dotenv = env::dotenv();
        Self {
            environment: env::process().collect(),
            dotenv: dotenv.variables.clone(),
            problem: dotenv.problem.clone(),
            cores: None,
        }
    }

    /// An environment made of these variables and no `.env`, for tests.
    ///
    /// ```
    /// use fastkit::settings::{Config, Settings, Sources};
    ///
    /// let sources = Sources::from_pairs([("flyer_port", "9000")]);
    /// let loaded = Settings::load(&Config::new(), &sources)?;
    /// assert_eq!(loaded.settings.port, 9000);
    /// # Ok::<(), fastkit::settings::Errors>(())
    /// ```
    pub fn from_pairs<K: Into<String>, V: Into<String>>(
        environment: impl IntoIterator<Item = (K, V)>,
    ) -> Self {
        Self {
            environment: owned(environment),
            ..Self::default()
        }
    }

    /// Variables of a `.env`, for tests.
    #[must_use]
    pub fn with_dotenv<K: Into<String>, V: Into<String>>(
        mut self,
        file: impl IntoIterator<Item = (K, V)>,
    ) -> Self {
        self.dotenv = owned(file);
        self
    }

    /// The number of cores that defaults are worked out from, for tests; else the machine's.
    #[must_use]
    pub fn with_cores(mut self, cores: usize) -> Self {
        self.cores = Some(cores);
        self
    }
}

fn owned<K: Into<String>, V: Into<String>>(
    pairs: impl IntoIterator<Item = (K, V)>,
) -> BTreeMap<String, String> {
    pairs
        .into_iter()
        .map(|(name, value)| (name.into(), value.into()))
        .collect()
}

impl fmt::Debug for Sources {
    /// The numbers only: there is no telling what an environment holds.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sources")
            .field("environment", &self.environment.len())
            .field("dotenv", &self.dotenv.len())
            .finish_non_exhaustive()
    }
}

/// Where a value in force comes from, the weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Source {
    /// The table.
    Default,
    /// [`Config`](super::Config).
    Code,
    /// The file `.env`.
    DotEnv,
    /// The environment of the process.
    Environment,
}

impl Source {
    /// `default`, `code`, `.env` or `environment`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Code => "code",
            Self::DotEnv => ".env",
            Self::Environment => "environment",
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
