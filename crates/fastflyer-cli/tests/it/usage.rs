//! Help, exit codes, `env`.

use crate::support::{fastflyer, run};
use serde_json::Value;
use std::fs;

#[test]
fn without_a_verb_there_is_help() {
    let folder = tempfile::tempdir().unwrap();
    let bare = run(&mut fastflyer(folder.path()));
    let asked = run(fastflyer(folder.path()).arg("--help"));
    assert_eq!((bare.code, asked.code), (Some(0), Some(0)));
    assert_eq!(bare.stdout, asked.stdout);
    assert!(
        bare.stdout.starts_with("FastFlyer 框架开发辅助工具"),
        "{}",
        bare.stdout
    );
    let show = run(fastflyer(folder.path()).arg("show"));
    assert_eq!(show.code, Some(0));
    assert!(
        show.stdout.contains("Usage: fastflyer show"),
        "{}",
        show.stdout
    );
}

#[test]
fn every_verb_has_help_with_examples() {
    let folder = tempfile::tempdir().unwrap();
    for verb in [
        "create", "new", "show", "env", "routes", "openapi", "codes", "i18n", "tasks",
    ] {
        let help = run(fastflyer(folder.path()).args([verb, "--help"]));
        assert_eq!(help.code, Some(0), "{verb}");
        assert!(
            help.stdout.contains("Examples:\n"),
            "{verb}: {}",
            help.stdout
        );
        assert!(!help.stdout.contains('\x1b'), "{verb}");
    }
}

#[test]
fn wrong_usage_ends_with_2() {
    let folder = tempfile::tempdir().unwrap();
    for (arguments, reason) in [
        (vec!["nope"], "unrecognized subcommand 'nope'"),
        (vec!["create"], "required arguments were not provided"),
        (vec!["create", "grpc"], "invalid value 'grpc'"),
        (vec!["show", "grpc"], "invalid value 'grpc'"),
        (
            vec!["create", "openapi", "--registry", "--framework", "x"],
            "cannot be used with",
        ),
    ] {
        let ended = run(fastflyer(folder.path()).args(&arguments));
        assert_eq!(ended.code, Some(2), "{arguments:?}");
        assert!(
            ended.stderr.contains(reason),
            "{arguments:?}: {}",
            ended.stderr
        );
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn settings_are_shown_with_their_sources() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(".env"), "flyer_threads=7\n").unwrap();
    let mut command = fastflyer(folder.path());
    let ended = run(command.arg("env").env("flyer_port", "9000"));
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
    let row = |name: &str| {
        let line = ended
            .stdout
            .lines()
            .find(|line| line.contains(name))
            .unwrap();
        line.split_whitespace()
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    assert_eq!(row("flyer_port"), ["flyer_port", "9000", "environment"]);
    assert_eq!(row("flyer_threads"), ["flyer_threads", "7", ".env"]);
    assert_eq!(
        row("flyer_base_url"),
        ["flyer_base_url", "/flyer", "default"]
    );
    assert!(!ended.stdout.contains('\x1b'));

    let ended = run(fastflyer(folder.path()).args(["env", "--json"]));
    let rows: Vec<Value> = serde_json::from_str(&ended.stdout).unwrap();
    let row = rows
        .iter()
        .find(|row| row["name"] == "flyer_threads")
        .unwrap();
    assert_eq!(
        (&row["value"], &row["source"]),
        (&Value::from("7"), &Value::from(".env"))
    );
}

/// S10: the original printed passwords.
#[test]
fn secrets_are_masked() {
    let folder = tempfile::tempdir().unwrap();
    for arguments in [&["env"][..], &["env", "--json"]] {
        let mut command = fastflyer(folder.path());
        let ended = run(command.args(arguments).env("flyer_auth_pass", "TOPSECRET"));
        assert_eq!(ended.code, Some(0));
        assert!(ended.stdout.contains("flyer_auth_pass"));
        assert!(!format!("{ended:?}").contains("TOPSECRET"), "{ended:?}");
    }
}

#[test]
fn inside_a_project_env_points_to_the_projects_own() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("Cargo.toml"), "").unwrap();
    let ended = run(fastflyer(folder.path()).arg("env"));
    assert_eq!(
        ended.stderr,
        "note: this is without the settings in the project's code; `cargo run -- env` shows those too\n"
    );
    assert!(ended.stdout.contains("flyer_port"));
}

/// What only the project's program knows is asked of it, with cargo.
#[cfg(unix)]
#[test]
fn verbs_of_a_project_run_its_program() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let project = folder.path().join("project");
    fs::create_dir_all(project.join("src")).unwrap();
    fs::write(
        project.join("Cargo.toml"),
        "[dependencies]\nfastflyer = \"0.1\"\n",
    )
    .unwrap();
    // In place of cargo: says where and how it was called.
    let tools = folder.path().join("tools");
    fs::create_dir(&tools).unwrap();
    let cargo = tools.join("cargo");
    fs::write(&cargo, "#!/bin/sh\necho \"${PWD##*/}: $*\"\nexit 7\n").unwrap();
    fs::set_permissions(&cargo, fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:/usr/bin:/bin", tools.display());
    for (arguments, passed) in [
        (vec!["codes", "--ts"], "codes --ts"),
        (vec!["i18n", "check", "--json"], "i18n check --json"),
        (vec!["routes"], "routes"),
        (vec!["openapi"], "openapi"),
        (vec!["tasks", "--live", "--json"], "tasks --live --json"),
    ] {
        let mut command = fastflyer(&project.join("src"));
        let ended = run(command.args(&arguments).env("PATH", &path));
        assert_eq!(ended.code, Some(7), "{ended:?}");
        assert_eq!(ended.stdout, format!("project: run --quiet -- {passed}\n"));
    }
}

#[test]
fn verbs_of_a_project_want_one() {
    let folder = tempfile::tempdir().unwrap();
    let ended = run(fastflyer(folder.path()).arg("codes"));
    assert_eq!(ended.code, Some(1));
    assert!(
        ended.stderr.contains("there is no Cargo.toml"),
        "{}",
        ended.stderr
    );
    fs::write(
        folder.path().join("Cargo.toml"),
        "[package]\nname = \"other\"\n",
    )
    .unwrap();
    let ended = run(fastflyer(folder.path()).arg("codes"));
    assert_eq!(ended.code, Some(1));
    assert!(
        ended.stderr.contains("does not depend on fastflyer"),
        "{}",
        ended.stderr
    );
}
