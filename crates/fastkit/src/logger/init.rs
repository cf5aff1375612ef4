//! Setting the logger up: [`LogConfig`] says how, [`init`] installs it, [`Guard`] ends it.

use super::{
    layer::{Lines, Output, Wanted},
    level::{Directives, Format, Level},
    sink::Sink,
    target::{Rotate, Rotation},
};
use crate::settings::Settings;
use std::{
    fmt,
    io::{self, IsTerminal},
    path::PathBuf,
    time::{Duration, Instant},
};
use tracing::{Subscriber, level_filters::LevelFilter};
use tracing_subscriber::{Layer, Registry, layer::SubscriberExt, registry::LookupSpan};

/// How to log.
#[derive(Clone, Debug)]
pub struct LogConfig {
    /// The level of the console; `None` for no console.
    pub console: Option<Level>,
    /// The level of the file; `None` for no file.
    pub file: Option<Level>,
    /// The folder of the file, which is named `error.log`.
    pub folder: PathBuf,
    /// When the file is put aside.
    pub rotation: Rotation,
    /// Levels per module, for console and file.
    pub directives: Directives,
    /// What lines look like.
    pub format: Format,
    /// Whether the console is written in colour; `None`: on a terminal, unless `NO_COLOR` is set.
    pub color: Option<bool>,
}

impl Default for LogConfig {
    /// Console only, from level info on. No variable is asked for levels, `RUST_LOG` neither:
    /// [`LogConfig::from`] the settings is.
    fn default() -> Self {
        Self {
            console: Some(Level::Info),
            file: None,
            folder: PathBuf::from("logs"),
            rotation: Rotation::default(),
            directives: Directives::default(),
            format: Format::Text,
            color: None,
        }
    }
}

impl From<&Settings> for LogConfig {
    fn from(settings: &Settings) -> Self {
        Self {
            console: Some(settings.console_log_level),
            file: Some(settings.file_log_level),
            folder: settings.log_path.clone(),
            rotation: settings.into(),
            directives: settings.log.clone(),
            format: settings.log_format,
            ..Self::default()
        }
    }
}

impl From<&Settings> for Rotation {
    /// From `flyer_log_rotate`, `flyer_log_max_size` and `flyer_log_keep`.
    fn from(settings: &Settings) -> Self {
        Self {
            max_bytes: match settings.log_rotate {
                Rotate::Day | Rotate::Size => settings.log_max_size as u64,
                Rotate::Never => 0,
            },
            daily: settings.log_rotate == Rotate::Day,
            keep: settings.log_keep,
        }
    }
}

/// Why the logger could not be installed.
#[derive(Debug)]
pub struct Error(Kind);

#[derive(Debug)]
enum Kind {
    Installed,
    Thread(io::Error),
}

impl Error {
    /// Whether there is a logger in this process already.
    #[must_use]
    pub fn is_installed(&self) -> bool {
        matches!(self.0, Kind::Installed)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match &self.0 {
            Kind::Installed => "a logger is installed in this process already",
            Kind::Thread(_) => "the writer of the console log could not be started",
        })
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.0 {
            Kind::Installed => None,
            Kind::Thread(error) => Some(error),
        }
    }
}

/// Keeps the logger's outputs. Dropping it writes what is buffered.
#[derive(Debug)]
#[must_use = "dropping the guard is what writes the last lines"]
pub struct Guard {
    console: Sink,
    file: Option<Sink>,
}

impl Guard {
    /// The sink of standard output, for other lines that go there: two sinks on one descriptor
    /// could cut each other's lines in two.
    #[must_use]
    pub fn console(&self) -> &Sink {
        &self.console
    }

    /// The sink of the file, unless there is none or it could not be opened.
    #[must_use]
    pub fn file(&self) -> Option<&Sink> {
        self.file.as_ref()
    }

    /// Opens the file anew, after it was renamed from outside. [`reopen_all`](super::reopen_all)
    /// does it for all log files of the process.
    pub fn reopen(&self) {
        self.sinks().for_each(Sink::reopen);
    }

    /// Waits until everything logged so far is written. `false` when it is not in time.
    pub fn flush(&self, timeout: Duration) -> bool {
        let start = Instant::now();
        // All of them work at the same time, so that one that is late takes no time from the others.
        self.sinks().for_each(Sink::hurry);
        let late = self
            .sinks()
            .filter(|sink| !sink.flush(timeout.saturating_sub(start.elapsed())))
            .count();
        late == 0
    }

    fn sinks(&self) -> impl Iterator<Item = &Sink> {
        std::iter::once(&self.console).chain(&self.file)
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        // The installed layer holds the sinks until the process ends, and nothing is dropped then.
        self.flush(Duration::from_secs(2));
    }
}

/// Installs the logger for the whole process. Applications do that once, at their start; libraries
/// never do.
///
/// A log folder that cannot be written is no error: there is one warning on the console, and the
/// console alone is used.
///
/// # Errors
/// When a logger is installed already, or the thread of the console cannot be started.
///
/// ```
/// use fastkit::logger::{self, LogConfig};
///
/// let guard = logger::init(&LogConfig::default())?;
/// logger::info!(port = 8080, "the service listens");
/// drop(guard);
/// # Ok::<(), logger::Error>(())
/// ```
pub fn init(config: &LogConfig) -> Result<Guard, Error> {
    // Before any thread is started and any file is made.
    if tracing::dispatcher::has_been_set() {
        return Err(Error(Kind::Installed));
    }
    let (layer, guard, warning) = layer(config)?;
    let subscriber = Registry::default().with(layer);
    tracing::subscriber::set_global_default(subscriber).map_err(|_| Error(Kind::Installed))?;
    if let Some(warning) = warning {
        tracing::warn!("{warning}");
    }
    Ok(guard)
}

/// The logger as a layer, for those who build a tracing subscriber of several layers themselves,
/// and the warning about the log file that they should give once it is in place.
///
/// # Errors
/// When the thread of the console cannot be started.
pub fn layer<S>(
    config: &LogConfig,
) -> Result<(impl Layer<S> + use<S>, Guard, Option<String>), Error>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    let report = match config.format {
        Format::Text => super::format::text_report,
        Format::Json => super::json_report,
    };
    let console = Sink::builder()
        .report(report)
        .stdout()
        .map_err(|error| Error(Kind::Thread(error)))?;
    let mut outputs = Vec::new();
    if let Some(level) = config.console {
        outputs.push(Output {
            sink: console.clone(),
            level,
            color: config.color.unwrap_or_else(terminal_wants_color),
        });
    }
    let mut warning = None;
    let mut file = None;
    if let Some(level) = config.file {
        let path = config.folder.join("error.log");
        match Sink::builder()
            .report(report)
            .rotation(config.rotation)
            .file(&path)
        {
            Ok(sink) => {
                outputs.push(Output {
                    sink: sink.clone(),
                    level,
                    color: false,
                });
                file = Some(sink);
            }
            Err(error) => {
                warning = Some(format!(
                    "{} cannot be written, logging to the console only: {error}",
                    path.display()
                ));
            }
        }
    }
    let wanted = outputs
        .iter()
        .map(|output| output.level.filter())
        .max()
        .unwrap_or(LevelFilter::OFF);
    let lines = Lines {
        format: config.format,
        directives: config.directives.clone(),
        outputs,
    };
    let filter = Wanted {
        directives: config.directives.clone(),
        level: wanted,
    };
    Ok((lines.with_filter(filter), Guard { console, file }, warning))
}

fn terminal_wants_color() -> bool {
    io::stdout().is_terminal() && crate::env::get("NO_COLOR", "").is_empty()
}
