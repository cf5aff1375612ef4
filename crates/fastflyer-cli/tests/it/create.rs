//! `create openapi`: what is written, and above all what is refused.

use crate::support::{Ended, fastflyer, files, run};
use std::{fs, path::Path};

fn create(folder: &Path, arguments: &[&str]) -> Ended {
    run(fastflyer(folder)
        .args(["create", "openapi"])
        .args(arguments))
}

fn settings(project: &Path) -> String {
    fs::read_to_string(project.join("src/settings.rs")).unwrap()
}

#[test]
fn a_project_has_these_files() {
    let folder = tempfile::tempdir().unwrap();
    let ended = create(folder.path(), &["--name=demo", "--prefix=/demo"]);
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
    let found = files(folder.path());
    for name in [
        ".dockerignore",
        ".gitignore",
        ".init_lock",
        "Cargo.lock",
        "Cargo.toml",
        "Dockerfile",
        "README.md",
        "build.rs",
        "dev_ctrl.sh",
        "docker/docker-entrypoint.sh",
        "docker/health_check.sh",
        "locales/en.toml",
        "locales/zh-CN.toml",
        "src/app/items/README.md",
        "src/app/items/mod.rs",
        "src/app/users/README.md",
        "src/app/users/modules/relationship.rs",
        "src/app/users/routers/userinfo.rs",
        "src/app/users/schemas/userinfo.rs",
        "src/main.rs",
        "src/settings.rs",
        "start-reload.sh",
        "start.sh",
        "static/hello.txt",
        "tests/api.rs",
    ] {
        assert!(found.iter().any(|file| file == name), "{name} in {found:?}");
        assert!(
            ended.stdout.contains(&format!("\n  {name}\n")),
            "{name} in {}",
            ended.stdout
        );
    }
    // What is listed is what was written.
    assert_eq!(
        ended
            .stdout
            .lines()
            .filter(|line| found.iter().any(|f| line.trim() == f))
            .count(),
        found.len()
    );
    for app in fs::read_dir(folder.path().join("src/app")).unwrap() {
        let app = app.unwrap().path();
        assert!(app.join("README.md").is_file(), "{}", app.display());
    }
}

#[cfg(unix)]
#[test]
fn scripts_can_be_executed_and_are_scripts() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    create(
        folder.path(),
        &["--name", "a'b $(touch x) `y`", "--prefix", "/demo"],
    );
    let scripts: Vec<_> = files(folder.path())
        .into_iter()
        .filter(|name| name.ends_with(".sh"))
        .collect();
    assert_eq!(scripts.len(), 5, "{scripts:?}");
    for name in scripts {
        let path = folder.path().join(&name);
        assert_eq!(
            path.metadata().unwrap().permissions().mode() & 0o111,
            0o111,
            "{name}"
        );
        let checked = run(crate::support::clean("bash", folder.path())
            .arg("-n")
            .arg(&path));
        assert_eq!(
            (checked.code, checked.stderr.as_str()),
            (Some(0), ""),
            "{name}"
        );
    }
    let usage = run(&mut crate::support::clean(
        folder.path().join("dev_ctrl.sh"),
        folder.path(),
    ));
    assert_eq!(usage.code, Some(0), "{usage:?}");
    for verb in [
        "start", "show", "login", "update", "restart", "reset", "destroy", "log",
    ] {
        assert!(usage.stdout.contains(verb), "{verb}");
    }
    let unknown =
        run(crate::support::clean(folder.path().join("dev_ctrl.sh"), folder.path()).arg("nope"));
    assert_eq!(unknown.code, Some(2), "{unknown:?}");
    assert!(!folder.path().join("x").exists());
}

#[test]
fn new_is_another_word_for_create() {
    let folder = tempfile::tempdir().unwrap();
    let ended = run(fastflyer(folder.path()).args(["new", "openapi", "a/b"]));
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let project = folder.path().join("a/b");
    assert!(settings(&project).contains("TITLE: &str = \"Flyer Demo\""));
    assert!(settings(&project).contains("PREFIX: &str = \"/flyer\""));
    assert!(ended.stdout.contains("  cd a/b\n"), "{}", ended.stdout);
}

/// C1, C2: the original ignored name and prefix at first, and gave them to the next project instead.
#[test]
fn projects_know_nothing_of_each_other() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["one", "two", "three"] {
        let prefix = format!("/{name}");
        assert_eq!(
            create(folder.path(), &[name, "--name", name, "--prefix", &prefix]).code,
            Some(0)
        );
    }
    for name in ["one", "two", "three"] {
        let project = folder.path().join(name);
        assert!(settings(&project).contains(&format!("TITLE: &str = {name:?}")));
        assert!(settings(&project).contains(&format!("PREFIX: &str = \"/{name}\"")));
        for other in ["one", "two", "three"]
            .into_iter()
            .filter(|other| *other != name)
        {
            let readme = fs::read_to_string(project.join("README.md")).unwrap();
            assert!(!readme.contains(&format!("/{other}/")), "{other} in {name}");
        }
    }
}

/// S12: the original pasted names into code.
#[test]
fn bad_names_and_prefixes_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let long = "x".repeat(65);
    let allowed = "is not allowed: expected nothing, or parts of letters, digits, '.', '_' and '-', each after a slash (/a, /a/b)";
    for (arguments, reason) in [
        (["--name", ""], "--name \"\" is not allowed: it is empty; expected 1 to 64 characters".to_owned()),
        (["--name", "  "], "--name \"  \" is not allowed: it is empty; expected 1 to 64 characters".to_owned()),
        (
            ["--name", "a\nb"],
            "--name \"a\\nb\" is not allowed: it has the control character U+000A; expected visible characters".to_owned(),
        ),
        (["--name", &long], "--name is not allowed: it has 65 characters; expected 1 to 64".to_owned()),
        (["--prefix", "demo"], format!("--prefix \"demo\" {allowed}")),
        (["--prefix", "/"], format!("--prefix \"/\" {allowed}")),
        (["--prefix", "/demo/"], format!("--prefix \"/demo/\" {allowed}")),
        (["--prefix", "/../x"], format!("--prefix \"/../x\" {allowed}")),
        (["--prefix", "/\"; panic!()"], format!("--prefix \"/\\\"; panic!()\" {allowed}")),
        (
            ["--framework", "nowhere"],
            "--framework \"nowhere\" is not allowed: expected a checkout of FastFlyer or its folder crates/fastflyer".to_owned(),
        ),
    ] {
        let ended = create(folder.path(), &arguments);
        assert_eq!((ended.code, ended.stderr), (Some(1), format!("error: {reason}\n")), "{arguments:?}");
        assert_eq!(ended.stdout, "");
        assert_eq!(files(folder.path()), Vec::<String>::new(), "{arguments:?}");
    }
}

#[test]
fn a_second_create_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(create(folder.path(), &["--name=one"]).code, Some(0));
    fs::remove_file(folder.path().join("README.md")).unwrap();
    let before = files(folder.path());
    let ended = create(folder.path(), &["--name=two"]);
    assert_eq!(ended.code, Some(1));
    let shown = folder.path().display();
    assert_eq!(
        ended.stderr,
        format!(
            "error: {shown} is a project already (it has .init_lock); nothing was written. 项目已经被初始化过，请勿重复初始化\n\
             With --force the files of the template are written again, and those replaced are kept in .backup.\n"
        )
    );
    assert_eq!(files(folder.path()), before);
    assert!(settings(folder.path()).contains("\"one\""));
}

/// C3: the original wrote around existing files and said that all was well.
#[test]
fn existing_files_are_in_the_way() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("src")).unwrap();
    fs::write(folder.path().join("src/main.rs"), "// mine\n").unwrap();
    fs::write(folder.path().join("README.md"), "mine\n").unwrap();
    fs::write(folder.path().join("notes.txt"), "mine\n").unwrap();
    let ended = create(folder.path(), &[]);
    assert_eq!(ended.code, Some(1));
    let shown = folder.path().display();
    assert_eq!(
        ended.stderr,
        format!(
            "error: in {shown} these files exist already; nothing was written:\n  README.md\n  src/main.rs\n\
             With --force they are replaced, and kept in .backup.\n"
        )
    );
    assert_eq!(
        files(folder.path()),
        ["README.md", "notes.txt", "src/main.rs"]
    );
}

/// C3: the original's `--force` lost what users had written.
#[test]
fn force_keeps_what_it_replaces() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(
        create(folder.path(), &["--name=one", "--prefix=/one"]).code,
        Some(0)
    );
    let router = folder.path().join("src/app/items/router.rs");
    fs::write(&router, "// edited\n").unwrap();
    fs::create_dir(folder.path().join("src/app/mine")).unwrap();
    fs::write(folder.path().join("src/app/mine/mod.rs"), "//! mine\n").unwrap();

    let ended = create(folder.path(), &["--name=one", "--prefix=/two", "--force"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_ne!(fs::read_to_string(&router).unwrap(), "// edited\n");
    assert!(settings(folder.path()).contains("\"/two\""));
    let found = files(folder.path());
    let kept = found
        .iter()
        .find(|name| name.starts_with(".backup/") && name.ends_with("src/app/items/router.rs"));
    let kept = kept.expect("a copy of the edited file");
    assert_eq!(
        fs::read_to_string(folder.path().join(kept)).unwrap(),
        "// edited\n"
    );
    assert!(
        ended.stdout.contains(&format!("  {kept}\n")),
        "{}",
        ended.stdout
    );
    assert!(
        ended
            .stdout
            .contains("  src/app/items/router.rs (replaced)\n"),
        "{}",
        ended.stdout
    );
    // What has not changed is not touched, what is not the template's even less.
    assert!(
        !found
            .iter()
            .any(|name| name.starts_with(".backup/") && name.ends_with("start.sh"))
    );
    assert_eq!(
        fs::read_to_string(folder.path().join("src/app/mine/mod.rs")).unwrap(),
        "//! mine\n"
    );

    let before = files(folder.path());
    let again = create(folder.path(), &["--name=one", "--prefix=/two", "--force"]);
    assert_eq!(again.code, Some(0));
    assert_eq!(files(folder.path()), before);
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("file"), "").unwrap();
    let ended = create(folder.path(), &["file"]);
    let shown = folder.path().join("file");
    assert_eq!(ended.code, Some(1));
    assert_eq!(
        ended.stderr,
        format!(
            "error: {} is no folder; nothing was written\n",
            shown.display()
        )
    );
    let ended = create(folder.path(), &["/proc/fastflyer/project"]);
    assert_eq!(ended.code, Some(1));
    assert!(
        ended
            .stderr
            .starts_with("error: nothing was changed: cannot make /proc/fastflyer: "),
        "{}",
        ended.stderr
    );
}

#[test]
fn the_released_framework_can_be_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(create(folder.path(), &["--registry"]).code, Some(0));
    let manifest: toml::Table = fs::read_to_string(folder.path().join("Cargo.toml"))
        .unwrap()
        .parse()
        .unwrap();
    assert_eq!(
        manifest["dependencies"]["fastflyer"].as_str(),
        Some(env!("CARGO_PKG_VERSION"))
    );
    let dockerfile = fs::read_to_string(folder.path().join("Dockerfile")).unwrap();
    assert!(!dockerfile.contains("--from=framework"), "{dockerfile}");
    assert!(!folder.path().join("Cargo.lock").exists());
}
