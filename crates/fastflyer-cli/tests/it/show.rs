//! `show openapi`: the demo, and how a service says that it cannot start.

use crate::support::{Service, fastflyer, run};
use std::{fs, net::TcpListener, path::Path};

fn show(folder: &Path) -> std::process::Command {
    let mut command = fastflyer(folder);
    command.args(["show", "openapi"]);
    command
}

/// The addresses in what was printed.
fn addresses(output: &str) -> Vec<&str> {
    output
        .split_whitespace()
        .filter_map(|word| word.strip_prefix("http://"))
        .collect()
}

/// C4: the original failed in any folder but one that happened to be importable.
#[test]
fn the_demo_runs_in_an_empty_folder() {
    let folder = tempfile::tempdir().unwrap();
    let service = Service::start(&mut show(folder.path()));
    let document = service.get("/flyer/openapi.json").json();
    assert_eq!(document["info"]["title"], "Flyer Demo");
    let item = service.get("/flyer/items/42");
    assert_eq!(
        (item.status, &item.json()["data"]["itemId"]),
        (200, &42.into())
    );
    assert_eq!(service.get("/flyer/app/static/hello.txt").status, 200);
    let (code, output) = service.stop();
    assert_eq!(code, Some(0), "{output}");
}

/// C4: the banner of the original named addresses that did not answer.
#[test]
fn the_banner_names_addresses_that_answer() {
    for prefix in ["/flyer", "/demo/v1", ""] {
        let folder = tempfile::tempdir().unwrap();
        let service = Service::start(show(folder.path()).env("flyer_base_url", prefix));
        let named = addresses(&service.output);
        assert_eq!(named.len(), 4, "{}", service.output);
        for path in ["docs", "redoc", "openapi.json", "health_check"] {
            let address = format!("{}{prefix}/{path}", service.address);
            assert!(
                named.contains(&address.as_str()),
                "{address} in {}",
                service.output
            );
        }
        for address in named {
            let (host, path) = address.split_once('/').unwrap();
            assert_eq!(
                crate::support::get(host, &format!("/{path}")).status,
                200,
                "{address}"
            );
        }
    }
}

/// What the original's demo said about itself, with the settings under which it was recorded.
#[test]
fn the_description_names_the_prefix_and_the_date_in_force() {
    let folder = tempfile::tempdir().unwrap();
    let description = |service: &Service, prefix: &str| {
        let document = service.get(&format!("{prefix}/openapi.json")).json();
        document["info"]["description"].as_str().unwrap().to_owned()
    };
    let service = Service::start(show(folder.path()).env("flyer_base_url", "/demo"));
    assert_eq!(
        description(&service, "/demo"),
        "**中文名称**：FastFlyer 初始项目<br>**功能说明**：这是由 FastFlyer 框架创建的初始项目，你可以继续开发。<br>\
         **框架源码**：[FastFlyer](https://github.com/jagerzhang/FastFlyer)<br>**接口文档**：[ReDoc](/demo/redoc)<br>\
         **快速上手**：[SwaggerUI](/demo/docs)<br>**最新发布**：<请通过构建生成环境变量 flyer_release_date 来指定>"
    );
    let mut command = show(folder.path());
    let service = Service::start(
        command
            .env("flyer_base_url", "/demo/")
            .env("flyer_release_date", "2024-01-31"),
    );
    let description = description(&service, "/demo");
    assert!(description.contains("(/demo/docs)"), "{description}");
    assert!(
        description.ends_with("**最新发布**：2024-01-31"),
        "{description}"
    );
}

/// S10: the original printed passwords.
#[test]
fn secrets_are_never_printed() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(".env"), "MY_DB_PASSWORD=ANOTHERSECRET\n").unwrap();
    let mut command = show(folder.path());
    command
        .env("flyer_auth_enable", "1")
        .env("flyer_auth_user", "ops")
        .env("flyer_auth_pass", "TOPSECRET")
        .env("flyer_console_log_level", "debug");
    let service = Service::start(&mut command);
    assert_eq!(service.get("/flyer/items/42").status, 401);
    let (code, output) = service.stop();
    assert_eq!(code, Some(0));
    let log = fs::read_to_string(folder.path().join("logs/error.log")).unwrap();
    for text in [output, log] {
        assert!(
            !text.contains("TOPSECRET") && !text.contains("ANOTHERSECRET"),
            "{text}"
        );
    }
}

#[test]
fn secrets_are_masked_in_refusals_too() {
    let folder = tempfile::tempdir().unwrap();
    let ended = run(show(folder.path()).env("flyer_db_pass", "TOPSECRET"));
    assert_eq!(ended.code, Some(1));
    assert!(
        ended
            .stderr
            .starts_with("error: flyer_db_pass = \"***\" (environment) "),
        "{}",
        ended.stderr
    );
}

#[test]
fn a_taken_port_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let mut command = show(folder.path());
    let ended = run(command
        .env("flyer_host", "127.0.0.1")
        .env("flyer_port", port.to_string()));
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert_eq!(
        ended.stderr,
        format!(
            "error: address 127.0.0.1:{port} is already in use; choose another with flyer_port\n"
        )
    );
}

#[test]
fn bad_settings_are_named_all_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = show(folder.path());
    let ended = run(command.env("flyer_port", "80800").env("flyer_threads", "2"));
    assert_eq!(ended.code, Some(1));
    assert_eq!(
        ended.stderr,
        "error: flyer_port = \"80800\" (environment) is not allowed: expected a whole number from 0 to 65535\n\
         flyer_threads = \"2\" (environment) is not allowed: expected a whole number from 5 to 10000\n"
    );
    assert_eq!(ended.stdout, "");
}

/// P3: the original crashed.
#[test]
fn a_log_folder_that_cannot_be_written_is_a_warning() {
    let folder = tempfile::tempdir().unwrap();
    // Nobody can make a folder there, root included.
    let service = Service::start(show(folder.path()).env("flyer_log_path", "/proc/logs"));
    assert!(
        service
            .output
            .contains("/proc/logs/error.log cannot be written, logging to the console only"),
        "{}",
        service.output
    );
    assert_eq!(service.get("/flyer/items/1").status, 200);
}
