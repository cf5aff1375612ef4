//! A created project is built, tested and run as its owner would do it.

use crate::support::{Service, clean, fastflyer, run, target_folder};
use std::{fs, path::Path, process::Command};

fn cargo(project: &Path) -> Command {
    let mut command = clean(env!("CARGO"), project);
    command
        .env("CARGO_TARGET_DIR", target_folder())
        .env_remove("CARGO_MANIFEST_DIR");
    command
}

/// C1, S12: name and prefix are in force at once, whatever characters the name has.
#[test]
fn a_created_project_builds_and_runs() {
    let folder = tempfile::tempdir().unwrap();
    let title = "Cli Test \"一号\" \\{}'";
    let created = run(fastflyer(folder.path()).args([
        "create",
        "openapi",
        "--name",
        title,
        "--prefix",
        "/first/v1",
    ]));
    assert_eq!(created.code, Some(0), "{created:?}");

    let built = run(cargo(folder.path()).arg("build"));
    assert_eq!(built.code, Some(0), "{}", built.stderr);
    // The framework may be built here too; the project itself gives no warnings.
    assert!(
        !built.stderr.contains("warning: `cli-test`"),
        "{}",
        built.stderr
    );

    let program = target_folder().join("debug/cli-test");
    let service = Service::start(&mut clean(&program, folder.path()));
    let document = service.get("/first/v1/openapi.json").json();
    assert_eq!(document["info"]["title"], title);
    assert!(document["paths"]["/first/v1/items/{id}"].is_object());
    let item = service.get("/first/v1/items/42");
    assert_eq!(
        (item.status, &item.json()["data"]["itemId"]),
        (200, &42.into())
    );
    assert_eq!(service.get("/first/v1/docs").status, 200);
    assert_eq!(service.get("/first/v1/app/static/hello.txt").status, 200);
    assert_eq!(service.get("/flyer/items/42").status, 404);

    let health = |port: &str| {
        run(
            clean(folder.path().join("docker/health_check.sh"), folder.path())
                .env("flyer_port", port),
        )
    };
    let port = service.address.rsplit(':').next().unwrap().to_owned();
    let healthy = health(&port);
    assert_eq!(healthy.code, Some(0), "{healthy:?}");
    let live = || {
        let mut command = clean(&program, folder.path());
        let command = command.args(["tasks", "--live"]);
        run(command
            .env("flyer_host", "127.0.0.1")
            .env("flyer_port", &port))
    };
    let jobs = live();
    assert_eq!(jobs.code, Some(0), "{jobs:?}");
    assert!(jobs.stdout.contains("\ntasks.hello_world  20"), "{jobs:?}");
    let (code, output) = service.stop();
    assert_eq!(code, Some(0), "{output}");
    assert_eq!(health(&port).code, Some(1));
    let jobs = live();
    assert_eq!((jobs.code, jobs.stdout.as_str()), (Some(1), ""));
    assert!(
        jobs.stderr
            .contains(&format!("no service answers at 127.0.0.1:{port}")),
        "{jobs:?}"
    );

    // As in the image: the program beside start.sh, which the entry point starts.
    fs::copy(&program, folder.path().join("cli-test")).unwrap();
    let mut entry = clean(
        folder.path().join("docker/docker-entrypoint.sh"),
        Path::new("/"),
    );
    let service = Service::start(entry.arg("./start.sh"));
    assert_eq!(service.get("/first/v1/items/1").status, 200);
    assert_eq!(service.stop().0, Some(0));
    for (dotenv, value, source) in [
        ("", "10", "environment"),
        ("flyer_graceful_timeout=3\n", "3", ".env"),
    ] {
        fs::write(folder.path().join(".env"), dotenv).unwrap();
        let settings = run(clean(folder.path().join("start.sh"), folder.path()).arg("env"));
        let row = settings
            .stdout
            .lines()
            .find(|line| line.contains("flyer_graceful_timeout"))
            .unwrap();
        assert_eq!(
            row.split_whitespace().collect::<Vec<_>>(),
            ["flyer_graceful_timeout", value, source]
        );
    }

    // The verbs look at the application and open nothing: no port, no log.
    for verb in ["routes", "openapi"] {
        let log = folder.path().join("access.log");
        let mut command = clean(&program, folder.path());
        let shown = run(command.arg(verb).env("flyer_access_logfile", &log));
        assert_eq!(shown.code, Some(0), "{}", shown.stderr);
        assert!(
            shown.stdout.contains("/first/v1/items/{id}"),
            "{}",
            shown.stdout
        );
        assert!(!log.exists(), "{verb} opened the access log");
    }

    let places = ["access.log", "jobs"].map(|name| folder.path().join(name));
    let mut command = clean(&program, folder.path());
    let command = command.args(["tasks", "--json"]);
    let jobs = run(command
        .env("flyer_access_logfile", &places[0])
        .env("flyer_job_path", &places[1]));
    assert_eq!(jobs.code, Some(0), "{jobs:?}");
    let jobs: serde_json::Value = serde_json::from_str(&jobs.stdout).unwrap();
    assert_eq!(
        (&jobs[0]["id"], &jobs[0]["app"], &jobs[0]["schedule"]),
        (
            &"tasks.hello_world".into(),
            &"tasks".into(),
            &"every 5s".into()
        )
    );
    assert_eq!(
        (&jobs[1]["id"], &jobs[1]["schedule"]),
        (&"tasks.hello_world_thread".into(), &"background".into())
    );
    assert!(places.iter().all(|place| !place.exists()), "{places:?}");

    // Its codes with the texts of its locale files, for the programs of its clients.
    let codes = run(clean(&program, folder.path()).args(["codes", "--ts"]));
    assert_eq!(codes.code, Some(0), "{}", codes.stderr);
    assert!(
        codes.stdout.contains("  OutOfStock: 409101,"),
        "{}",
        codes.stdout
    );
    assert!(
        codes.stdout.contains("\"en\":\"Out of stock\""),
        "{}",
        codes.stdout
    );
    let texts = run(clean(&program, folder.path()).args(["i18n", "check"]));
    assert_eq!(
        (texts.code, texts.stdout.as_str()),
        (Some(0), "zh-CN: complete\nen: complete\n")
    );
    let more = tempfile::tempdir().unwrap();
    fs::write(more.path().join("ja.toml"), "").unwrap();
    let mut command = clean(&program, folder.path());
    let texts = run(command
        .args(["i18n", "check"])
        .env("flyer_locales", more.path()));
    assert_eq!(texts.code, Some(1));
    assert!(
        texts.stdout.contains("  codes       409101 OutOfStock\n"),
        "{}",
        texts.stdout
    );
    assert!(
        texts.stderr.contains("texts are missing"),
        "{}",
        texts.stderr
    );

    let tested = run(cargo(folder.path()).arg("test"));
    assert_eq!(tested.code, Some(0), "{}{}", tested.stdout, tested.stderr);
    assert!(
        tested.stdout.contains("test an_item_is_found ... ok"),
        "{}",
        tested.stdout
    );
}

/// An empty prefix, a name without a letter of ASCII, and an app of one's own.
#[test]
fn a_project_grows_by_folders() {
    let folder = tempfile::tempdir().unwrap();
    let project = folder.path().join("grown");
    let mut command = fastflyer(folder.path());
    let created = run(command.args([
        "create",
        "openapi",
        "grown",
        "--name",
        "订单服务",
        "--prefix",
        "",
    ]));
    assert_eq!(created.code, Some(0), "{created:?}");
    // The example of the project's README.
    let readme = fs::read_to_string(project.join("README.md")).unwrap();
    let (_, example) = readme.split_once("```rust\n").unwrap();
    let (example, _) = example.split_once("```").unwrap();
    fs::create_dir(project.join("src/app/hello")).unwrap();
    fs::write(project.join("src/app/hello/mod.rs"), example).unwrap();
    // Not needed any more.
    fs::remove_dir_all(project.join("src/app/users")).unwrap();

    let built = run(cargo(&project).arg("build"));
    assert_eq!(built.code, Some(0), "{}", built.stderr);
    let service = Service::start(&mut clean(target_folder().join("debug/grown"), &project));
    assert_eq!(service.get("/hello/x").json()["data"], "你好，x");
    assert_eq!(service.get("/users/relationship/x").status, 404);
    assert_eq!(
        service.get("/openapi.json").json()["info"]["title"],
        "订单服务"
    );
}
