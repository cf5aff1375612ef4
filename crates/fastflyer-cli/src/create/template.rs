//! Rendering: the template's files with the names of one project in them.
//!
//! The template itself is never written to: it is compiled into the binary, see `build.rs`.

use super::{
    framework::Framework,
    names::{Package, Prefix, Title},
};
use anyhow::{Context as _, bail};
use std::fs;

include!(concat!(env!("OUT_DIR"), "/template.rs"));

/// What differs from project to project.
#[derive(Debug)]
pub(super) struct Project<'a> {
    pub(super) title: &'a Title,
    pub(super) prefix: &'a Prefix,
    pub(super) package: &'a Package,
    pub(super) framework: &'a Framework,
}

/// A file to be written.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct File {
    /// Its name, relative to the project, with slashes.
    pub(super) name: String,
    pub(super) text: String,
    pub(super) executable: bool,
}

/// All files of a project, in the order of their names.
///
/// # Errors
///
/// When the demo no longer has what is to be replaced in it, or the lock file of the framework's
/// checkout cannot be read.
pub(super) fn render(project: &Project<'_>) -> anyhow::Result<Vec<File>> {
    let mut files = Vec::new();
    for (name, text) in DEMO {
        let text =
            from_demo(name, text, project).with_context(|| format!("the template's {name}"))?;
        files.push(File {
            name: (*name).to_owned(),
            text,
            executable: false,
        });
    }
    for (name, text) in OWN {
        files.push(File {
            name: name.strip_suffix(".tmpl").unwrap_or(name).to_owned(),
            text: fill(text, project),
            executable: name.ends_with(".sh"),
        });
    }
    if let Some(root) = project.framework.checkout() {
        // The versions that the framework was tested with; cargo drops what the project does not use.
        let path = root.join("Cargo.lock");
        let text =
            fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
        files.push(File {
            name: "Cargo.lock".to_owned(),
            text,
            executable: false,
        });
    }
    files.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(files)
}

/// A source of the demo, which compiles as it is, with the project's names.
fn from_demo(name: &str, text: &str, project: &Project<'_>) -> anyhow::Result<String> {
    if !name.ends_with(".rs") {
        return Ok(text.replace("/flyer/", &format!("{}/", project.prefix.as_str())));
    }
    let text = text.replace("openapi_demo", &project.package.ident());
    if name != "src/settings.rs" {
        return Ok(text);
    }
    // Debug writes what Rust reads, whatever the characters are (S12).
    let text = replace_once(
        &text,
        "TITLE: &str = \"Flyer Demo\"",
        &format!("TITLE: &str = {:?}", project.title.as_str()),
    )?;
    replace_once(
        &text,
        "PREFIX: &str = \"/flyer\"",
        &format!("PREFIX: &str = {:?}", project.prefix.as_str()),
    )
}

fn replace_once(text: &str, from: &str, to: &str) -> anyhow::Result<String> {
    match text.matches(from).count() {
        1 => Ok(text.replace(from, to)),
        count => bail!("{from:?} stands there {count} times instead of once"),
    }
}

/// A file of `templates/openapi`, in which `{{name}}` stands for what differs.
fn fill(text: &str, project: &Project<'_>) -> String {
    let checkout = project
        .framework
        .checkout()
        .map(|root| root.display().to_string());
    let docker = checkout.as_deref().map(docker_copies).unwrap_or_default();
    let build_context = checkout
        .as_deref()
        .map(|root| format!(" --build-context framework={}", shell_word(root)));
    // What users chose comes last, so that nothing in it is taken for a placeholder.
    text.replace("{{package}}", project.package.as_str())
        .replace("{{rust}}", env!("CARGO_PKG_RUST_VERSION"))
        .replace("{{docker_framework}}", &docker)
        .replace("{{docker_arguments}}", &build_context.unwrap_or_default())
        .replace(
            "{{framework_root}}",
            &shell_word(checkout.as_deref().unwrap_or("")),
        )
        .replace("{{fastflyer}}", &project.framework.dependency())
        .replace("{{version}}", env!("CARGO_PKG_VERSION"))
        .replace("{{prefix}}", project.prefix.as_str())
        .replace("{{title}}", &project.title.as_str().replace('<', "&lt;"))
}

/// Brings the parts of the checkout that cargo reads into the image's build stage.
fn docker_copies(root: &str) -> String {
    let mut text = "# fastflyer 来自本机目录，构建镜像时需要参数 --build-context framework=该目录，见 README.md\n".to_owned();
    for (from, to) in [("Cargo.toml", ""), ("Cargo.lock", ""), ("crates", "crates")] {
        let target = json_string(&format!("{root}/{to}"));
        text.push_str(&format!("COPY --from=framework [\"{from}\", {target}]\n"));
    }
    text
}

/// A JSON string, as the exec form of `COPY` has it.
fn json_string(text: &str) -> String {
    let quoted = text.replace('\\', "\\\\").replace('"', "\\\"");
    format!("\"{quoted}\"")
}

/// One word for a POSIX shell, whatever is in it.
fn shell_word(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn rendered(title: &str, prefix: &str) -> Vec<File> {
        let title = Title::parse(title).unwrap();
        let project = Project {
            title: &title,
            prefix: &Prefix::parse(prefix).unwrap(),
            package: &Package::derive(&title, Path::new("/x")),
            framework: &Framework::Released,
        };
        render(&project).unwrap()
    }

    fn text<'a>(files: &'a [File], name: &str) -> &'a str {
        &files.iter().find(|file| file.name == name).unwrap().text
    }

    #[test]
    fn names_are_filled_in_everywhere() {
        let files = rendered("My API", "/mine");
        for file in &files {
            // In Rust two braces are one in a format string.
            let filled = file.name.ends_with(".rs") || !file.text.contains("{{");
            assert!(filled, "{}", file.name);
            for word in ["openapi_demo", "openapi-demo", "/flyer/"] {
                assert!(!file.text.contains(word), "{word} in {}", file.name);
            }
        }
        assert!(text(&files, "src/main.rs").contains("my_api::app()"));
        assert!(text(&files, "src/app/items/README.md").contains("8080/mine/items/42"));
    }

    #[test]
    fn names_are_written_as_literals() {
        let title = "a\"b\\c{d} \u{301}'";
        let settings = rendered(title, "")
            .into_iter()
            .find(|file| file.name == "src/settings.rs")
            .unwrap();
        let expected = format!("pub const TITLE: &str = {title:?};");
        assert!(settings.text.contains(&expected), "{}", settings.text);
        assert!(settings.text.contains("pub const PREFIX: &str = \"\";"));
    }

    #[test]
    fn a_title_is_never_a_placeholder() {
        assert!(text(&rendered("{{prefix}}", "/x"), "README.md").contains("{{prefix}}"));
    }

    /// The versions in the template are those that the framework is built with.
    #[test]
    fn dependencies_are_those_of_the_workspace() {
        let workspace: toml::Table = include_str!("../../../../Cargo.toml").parse().unwrap();
        let files = rendered("demo", "/demo");
        let manifest: toml::Table = text(&files, "Cargo.toml").parse().unwrap();
        let version = |value: &toml::Value| {
            value
                .get("version")
                .unwrap_or(value)
                .as_str()
                .unwrap()
                .to_owned()
        };
        for section in ["dependencies", "dev-dependencies"] {
            for (name, value) in manifest[section].as_table().unwrap() {
                let ours = &workspace["workspace"]["dependencies"][name];
                assert_eq!(version(value), version(ours), "{name}");
            }
        }
        let package = &manifest["package"];
        let ours = &workspace["workspace"]["package"];
        assert_eq!(
            (&package["edition"], &package["rust-version"]),
            (&ours["edition"], &ours["rust-version"])
        );
    }

    #[test]
    fn scripts_are_executable() {
        for file in rendered("demo", "/demo") {
            assert_eq!(file.executable, file.name.ends_with(".sh"), "{}", file.name);
        }
    }
}
