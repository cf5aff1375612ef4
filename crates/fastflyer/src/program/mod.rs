//! [`FlyerApi::run`]: the program around an application: the service, or one of its verbs.

#[cfg(feature = "jobs")]
mod live;
#[cfg(feature = "jobs")]
mod tasks;

use crate::{App, FlyerApi, Result, StartError, codes, language::Missing};
use std::io::{IsTerminal as _, Write as _};

const USAGE: &str = "\
Usage: PROGRAM [VERB]

Without a verb the service runs, with settings from the environment and .env.

Verbs:
  env [--json]       the settings in force and where they come from
  routes [--json]    the operations
  openapi            the OpenAPI document
  codes [--json | --ts | --python | --markdown]
                     the codes and their texts
  i18n check [--json]
                     the texts that a language lacks; fails where there are some
  tasks [--json]     the jobs that are declared
  tasks --live [--json]
                     the jobs of the service that runs with these settings
  help               this text";

impl FlyerApi {
    /// Runs what the program's arguments say: the service, or one of the verbs `env`, `routes`,
    /// `openapi`, `codes`, `i18n check`, `tasks`, `help`. The verbs open no port.
    ///
    /// The service listens until TERM or INT, then lets requests in flight end for at most
    /// `flyer_graceful_timeout`.
    ///
    /// # Errors
    ///
    /// When the application cannot start: a setting is wrong, the port is taken, routes contradict
    /// each other. The error names each reason.
    pub fn run(self) -> Result<()> {
        let arguments: Vec<String> = std::env::args().skip(1).collect();
        let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
        match words.as_slice() {
            [] => self.serve(),
            ["env"] => self.print_settings(false),
            ["env", "--json"] => self.print_settings(true),
            ["routes"] => self.print_routes(false),
            ["routes", "--json"] => self.print_routes(true),
            ["openapi"] => print(&serde_json::to_string_pretty(self.inspected()?.openapi())?),
            ["codes"] => print(&codes::table(&self.inspected()?.codes())),
            ["codes", "--json"] => {
                print(&serde_json::to_string_pretty(&self.inspected()?.codes())?)
            }
            ["codes", "--ts"] => print(&codes::typescript(&self.inspected()?.codes())),
            ["codes", "--python"] => print(&codes::python(&self.inspected()?.codes())),
            ["codes", "--markdown"] => print(&codes::markdown(&self.inspected()?.codes())),
            ["i18n", "check"] => self.check_texts(false),
            ["i18n", "check", "--json"] => self.check_texts(true),
            #[cfg(feature = "jobs")]
            ["tasks", options @ ..] if options.iter().all(|o| ["--live", "--json"].contains(o)) => {
                self.print_tasks(options.contains(&"--live"), options.contains(&"--json"))
            }
            ["help" | "--help" | "-h"] => print(USAGE),
            other => {
                let text = format!(
                    "unknown arguments {:?}; known: env, routes, openapi, codes, i18n check, tasks, help",
                    other.join(" ")
                );
                Err(StartError::new(vec![text]).into())
            }
        }
    }

    /// The application for a verb, which looks at it and opens nothing: no log file either.
    fn inspected(self) -> Result<App, StartError> {
        let mut loaded = self.loaded()?;
        loaded.settings.access_log = false;
        self.assemble(loaded, None)
    }

    fn print_settings(&self, json: bool) -> Result<()> {
        let loaded = self.loaded()?;
        if json {
            return print(&serde_json::to_string_pretty(&loaded.to_json())?);
        }
        let color = std::io::stdout().is_terminal() && fastkit::env::get("NO_COLOR", "").is_empty();
        print(&loaded.render_table(color))
    }

    fn check_texts(self, json: bool) -> Result<()> {
        let core = self.inspected()?.core;
        let all = Missing::of(&core.envelope.texts, &core.catalogue);
        if json {
            print(&serde_json::to_string_pretty(&all)?)?;
        } else {
            let lines: Vec<String> = all.iter().map(Missing::lines).collect();
            print(&lines.join("\n"))?;
        }
        match all.iter().map(Missing::count).sum::<usize>() {
            0 => Ok(()),
            count => Err(StartError::new(vec![format!("{count} texts are missing")]).into()),
        }
    }

    fn print_routes(self, json: bool) -> Result<()> {
        let app = self.inspected()?;
        let mut rows: Vec<[String; 4]> = app
            .core
            .operations
            .iter()
            .map(|mounted| {
                let operation = &mounted.operation;
                let hidden = if operation.hidden {
                    ""
                } else {
                    mounted.id.as_str()
                };
                [
                    mounted.path.clone(),
                    operation.method.to_string(),
                    hidden.to_owned(),
                    operation.summary.as_deref().unwrap_or("").to_owned(),
                ]
            })
            .collect();
        rows.sort();
        if json {
            let rows: Vec<_> = rows
                .iter()
                .map(|[path, method, id, summary]| {
                    serde_json::json!({"method": method, "path": path, "operationId": id, "summary": summary})
                })
                .collect();
            return print(&serde_json::to_string_pretty(&rows)?);
        }
        let width = |column: usize| rows.iter().map(|row| row[column].len()).max().unwrap_or(0);
        let (paths, ids) = (width(0), width(2));
        let lines: Vec<String> = rows
            .iter()
            .map(|[path, method, id, summary]| {
                format!("{method:7} {path:paths$}  {id:ids$}  {summary}")
                    .trim_end()
                    .to_owned()
            })
            .collect();
        print(&lines.join("\n"))
    }
}

/// Writes to standard output; a reader that went away is no error.
fn print(text: &str) -> Result<()> {
    match writeln!(std::io::stdout(), "{}", text.trim_end()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}
