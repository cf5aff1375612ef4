//! `cargo xtask test`: which stages are run, with what they need; the stages are in [`crate::stages`].
//!
//! Key types: [`Options`], [`Stage`].

use anyhow::Result;
use clap::ValueEnum;

use crate::reliability;
use crate::report::{Outcome, Report};
use crate::requirement::{self, Requirement};
use crate::stages::{self, cron, golden, openapi, pages, rust};
use crate::workspace::Workspace;

/// What to run.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct Options {
    /// Only tests and golden cases whose name contains this
    pub(crate) filter: Option<String>,
    /// Only these stages
    #[arg(long, value_delimiter = ',', value_name = "STAGE")]
    pub(crate) only: Vec<Stage>,
    /// Show the stages, what they need, and the tests; run nothing
    #[arg(long)]
    pub(crate) list: bool,
    /// Skip a stage whose requirements cannot be installed instead of counting it as failed
    #[arg(long)]
    pub(crate) allow_skip: bool,
}

/// A part of the tests that can be chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Stage {
    /// Tests beside the code
    Unit,
    /// The examples in the documentation
    Doc,
    /// The tests folders of the crates
    Integration,
    /// The tests of the command line
    Cli,
    /// The documentation pages in a browser
    Browser,
    /// The OpenAPI document before independent judges
    Openapi,
    /// Cron expressions beside an independent implementation
    Cron,
    /// The recorded answers of the original systems
    Golden,
    /// The promises about restarts, crashes and attacks, in their short form
    Reliability,
}

impl Stage {
    /// What must be there before the stage can run.
    fn needs(self) -> &'static [Requirement] {
        match self {
            Self::Unit | Self::Cli => &[requirement::NEXTEST],
            Self::Integration => &[requirement::NEXTEST, requirement::REDIS],
            Self::Golden => &[requirement::REDIS],
            Self::Doc | Self::Reliability => &[],
            Self::Browser => &[
                requirement::NODE,
                requirement::CHROMIUM,
                requirement::BROWSER_NODE,
            ],
            Self::Cron => &[requirement::PYTHON, requirement::CRON_PYTHON],
            Self::Openapi => &[
                requirement::PYTHON,
                requirement::NPM,
                requirement::NODE,
                requirement::OPENAPI_PYTHON,
                requirement::OPENAPI_NODE,
            ],
        }
    }

    fn name(self) -> String {
        self.to_possible_value()
            .map(|value| value.get_name().to_owned())
            .unwrap_or_default()
    }

    /// Whether a filter by test names means something to the stage.
    fn takes_filter(self) -> bool {
        !matches!(
            self,
            Self::Browser | Self::Openapi | Self::Cron | Self::Reliability
        )
    }
}

impl Options {
    fn chosen(&self) -> Vec<Stage> {
        let all = Stage::value_variants().iter().copied();
        all.filter(|stage| self.only.is_empty() || self.only.contains(stage))
            .collect()
    }
}

/// Runs the chosen stages and prints the report.
///
/// # Errors
///
/// When the tests cannot be listed.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<bool> {
    if options.list {
        return list(workspace, options);
    }
    let mut report = Report::default();
    stages(workspace, options, &mut report)?;
    report.print();
    Ok(report.is_good())
}

/// Adds the chosen stages to a report.
///
/// # Errors
///
/// None today; stages turn their errors into failures.
pub(crate) fn stages(workspace: &Workspace, options: &Options, report: &mut Report) -> Result<()> {
    let chosen = options.chosen();
    let filter = options.filter.as_deref();
    let kinds: Vec<_> = chosen
        .iter()
        .copied()
        .filter(|s| rust::expression(*s).is_some())
        .collect();
    if !kinds.is_empty() {
        let name = if kinds.len() == 3 {
            "tests".to_owned()
        } else {
            names(&kinds)
        };
        // Without the runner the tests run all the same, so its absence is not a failure.
        report.stage(&name, || rust::tests(workspace, &kinds, filter));
    }
    for stage in chosen.into_iter().filter(|stage| !kinds.contains(stage)) {
        report.stage(&stage.name(), || {
            if filter.is_some() && options.only.is_empty() && !stage.takes_filter() {
                return Ok(Outcome::skipped(
                    "a filter was given, and this stage has no test names",
                ));
            }
            if let Some(outcome) = stages::not_there_yet(workspace, stage) {
                return Ok(outcome);
            }
            for requirement in stage.needs() {
                if let Err(error) = requirement.provide(workspace) {
                    let allowed = |error| Outcome::skipped(format!("{error:#} (--allow-skip)"));
                    return if options.allow_skip {
                        Ok(allowed(error))
                    } else {
                        Err(error)
                    };
                }
            }
            match stage {
                Stage::Doc => rust::doc_tests(workspace, filter),
                Stage::Openapi => openapi::run(workspace),
                Stage::Cron => cron::run(workspace),
                Stage::Browser => pages::run(workspace),
                Stage::Golden => golden::run(workspace, filter),
                Stage::Reliability => reliability::stage(workspace),
                Stage::Unit | Stage::Integration | Stage::Cli => unreachable!("run together above"),
            }
        });
    }
    Ok(())
}

fn list(workspace: &Workspace, options: &Options) -> Result<bool> {
    for stage in options.chosen() {
        let needs: Vec<_> = stage
            .needs()
            .iter()
            .map(|need| {
                let state = if need.is_present(workspace) {
                    "there"
                } else {
                    "to be installed"
                };
                format!("{} ({state})", need.name)
            })
            .collect();
        let needs = if needs.is_empty() {
            String::new()
        } else {
            format!(" needs {}", needs.join(", "))
        };
        println!("{:<12}{needs}", stage.name());
        if let Some(outcome) = stages::not_there_yet(workspace, stage) {
            outcome
                .notes
                .iter()
                .for_each(|note| println!("{:<12} {note}", ""));
        }
    }
    let kinds: Vec<_> = options
        .chosen()
        .into_iter()
        .filter(|stage| rust::expression(*stage).is_some())
        .collect();
    if kinds.is_empty() {
        return Ok(true);
    }
    requirement::NEXTEST.provide(workspace)?;
    rust::list(workspace, &kinds, options.filter.as_deref())
}

fn names(stages: &[Stage]) -> String {
    stages
        .iter()
        .map(|stage| stage.name())
        .collect::<Vec<_>>()
        .join("+")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_stages_are_chosen_by_default_in_their_order() {
        assert_eq!(Options::default().chosen().len(), 9);
        let some = Options {
            only: vec![Stage::Golden, Stage::Unit],
            ..Options::default()
        };
        assert_eq!(some.chosen(), [Stage::Unit, Stage::Golden]);
    }

    #[test]
    fn stages_are_named_as_on_the_command_line() {
        assert_eq!(names(&[Stage::Unit, Stage::Cli]), "unit+cli");
    }
}
