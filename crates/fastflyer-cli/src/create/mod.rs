//! `fastflyer create openapi`: writes a new project.
//!
//! Everything is checked and rendered before the first file is written (`names`, `framework`,
//! `template`); then `write` puts all files in place or none.

mod framework;
mod names;
mod template;
mod write;

use crate::{Kind, print};
use anyhow::Context as _;
use framework::Framework;
use names::{Package, Prefix, Title};
use std::{
    fmt::Write as _,
    path::{Path, PathBuf},
};
use write::{Existing, Written};

/// Create a project
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  fastflyer create openapi --name Demo --prefix /demo     in the current folder
  fastflyer create openapi myproject                      in ./myproject
  fastflyer create openapi --force                        again, keeping replaced files in .backup

No file that exists is touched without --force.")]
pub(crate) struct Arguments {
    /// What kind of project
    kind: Kind,
    /// The folder of the project; made if it is not there
    #[arg(default_value = ".")]
    path: PathBuf,
    /// The title of the API, in any language
    #[arg(long, default_value = "Flyer Demo")]
    name: String,
    /// The prefix of all routes, such as /demo; may be empty
    #[arg(long, default_value = "/flyer")]
    prefix: String,
    /// Write into a folder that has such files already; those replaced are kept in .backup
    #[arg(short, long)]
    force: bool,
    /// Use the framework from this folder: a checkout, or its crates/fastflyer
    #[arg(long, value_name = "PATH", conflicts_with = "registry")]
    framework: Option<PathBuf>,
    /// Use the released framework even where this binary was built from a checkout
    #[arg(long)]
    registry: bool,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let Kind::Openapi = arguments.kind;
    let title = Title::parse(&arguments.name)?;
    let prefix = Prefix::parse(&arguments.prefix)?;
    let framework = Framework::choose(arguments.framework.as_deref(), arguments.registry)?;
    let root = std::path::absolute(&arguments.path)
        .with_context(|| format!("{} is no usable path", arguments.path.display()))?;
    let package = Package::derive(&title, &root);
    let project = template::Project {
        title: &title,
        prefix: &prefix,
        package: &package,
        framework: &framework,
    };
    let files = template::render(&project)?;
    let existing = if arguments.force {
        Existing::Keep
    } else {
        Existing::Refuse
    };
    let written = write::write(&root, &files, existing)?;
    print(&summary(arguments, &project, &written))
}

fn summary(arguments: &Arguments, project: &template::Project<'_>, written: &Written) -> String {
    let mut text = format!(
        "初始化完成: {} in {}, package {}, prefix {:?}\n\nWritten:\n",
        project.title.as_str(),
        arguments.path.display(),
        project.package.as_str(),
        project.prefix.as_str(),
    );
    // Writing into a string cannot fail.
    for name in &written.new {
        let _ = writeln!(text, "  {name}");
    }
    for name in &written.replaced {
        let _ = writeln!(text, "  {name} (replaced)");
    }
    if let Some(folder) = &written.backup {
        let _ = writeln!(text, "\nThe replaced files are kept in {folder}:");
        for name in &written.replaced {
            let _ = writeln!(text, "  {folder}/{name}");
        }
    }
    if written.unchanged > 0 {
        let _ = writeln!(
            text,
            "\nUnchanged: {} files that had this content already",
            written.unchanged
        );
    }
    let _ = writeln!(
        text,
        "\nfastflyer comes from {}; Cargo.toml says how to change that.",
        project.framework
    );
    text.push_str("\nNext:\n");
    if arguments.path != Path::new(".") {
        let _ = writeln!(text, "  cd {}", arguments.path.display());
    }
    let _ = write!(
        text,
        "  cargo run             http://127.0.0.1:8080{}/docs\n  cargo test\n  ./dev_ctrl.sh start   the same in Docker\n",
        project.prefix.as_str()
    );
    text
}
