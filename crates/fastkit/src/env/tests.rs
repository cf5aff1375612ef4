//! Variables, their types, and files with mistakes.

use super::*;

#[test]
fn values_that_are_not_allowed_are_named_with_what_is() {
    let message = |error: Error| error.to_string();
    assert_eq!(
        message(convert::<u16>("my_port", "80800").unwrap_err()),
        "my_port = \"80800\" is not allowed: expected a whole number from 0 to 65535"
    );
    assert_eq!(
        message(convert::<bool>("my_switch", "maybe").unwrap_err()),
        "my_switch = \"maybe\" is not allowed: expected 1 or 0"
    );
    assert_eq!(
        message(convert::<u16>("my_token", "hunter2").unwrap_err()),
        "my_token = \"***\" is not allowed: expected a whole number from 0 to 65535"
    );
    assert_eq!(
        message(convert::<std::net::IpAddr>("my_peer", "x").unwrap_err()),
        "my_peer = \"x\" is not allowed: expected another one, invalid IP address syntax"
    );
    assert!(
        !message(convert::<std::net::IpAddr>("my_secret_ip", "xyz").unwrap_err()).contains("xyz")
    );
}

#[test]
fn typed_values() {
    assert_eq!(convert::<u16>("n", " 80 ").unwrap(), 80);
    assert!(convert::<bool>("n", "ON").unwrap());
    assert!(!convert::<bool>("n", "0").unwrap());
    assert_eq!(convert::<u8>("n", "1").unwrap(), 1);
    assert_eq!(convert::<String>("n", " as is ").unwrap(), " as is ");
    assert!(Error::missing("n", None).is_missing());
}

#[test]
fn lists_and_measures() {
    assert_eq!(split::<u16>("n", " 80, 443 ,,").unwrap(), [80, 443]);
    assert_eq!(split::<String>("n", "").unwrap(), [""; 0]);
    assert_eq!(
        split::<u16>("ports", "80,x").unwrap_err().to_string(),
        "ports = \"x\" is not allowed: expected a whole number from 0 to 65535"
    );
    let time = |text: &str| {
        let text = Some(text.to_owned());
        measured("my_wait", text, Duration::ZERO, measure::duration, "a time")
    };
    assert_eq!(time(" 500ms ").unwrap(), Duration::from_millis(500));
    assert_eq!(time("2").unwrap(), Duration::from_secs(2));
    assert_eq!(
        time("-2").unwrap_err().to_string(),
        "my_wait = \"-2\" is not allowed: expected a time"
    );
    assert_eq!(measured("n", None, 7, measure::bytes, "").unwrap(), 7);
    let size = measured("n", Some("2MiB".to_owned()), 7, measure::bytes, "");
    assert_eq!(size.unwrap(), 2 << 20);
}

#[test]
fn the_file_is_read_and_its_mistakes_are_named_without_values() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("env");
    std::fs::write(
        &path,
        "# comment\nflyer_port=9000\nmy_pass='a$b'\nexport my_name=\"x y\"\n",
    )
    .unwrap();
    let file = DotEnv::read(&path);
    assert_eq!(file.problem, None);
    assert_eq!(file.variables["flyer_port"], "9000");
    assert_eq!(file.variables["my_pass"], "a$b");
    assert_eq!(file.variables["my_name"], "x y");

    std::fs::write(&path, "a=1\nmy pass hunter2\n").unwrap();
    let problem = DotEnv::read(&path).problem.unwrap();
    assert!(
        problem.ends_with("variable 2: it is not of the form NAME=value"),
        "{problem}"
    );
    assert!(!problem.contains("hunter2"));

    assert!(DotEnv::read(folder.path()).problem.is_none());
    assert!(
        DotEnv::read(&folder.path().join("none"))
            .variables
            .is_empty()
    );
}

#[test]
fn the_environment_of_the_process_is_seen() {
    // PATH is set wherever tests run.
    assert_ne!(get("PATH", ""), "");
    assert_eq!(require("PATH").unwrap(), get("PATH", ""));
    assert_eq!(prefix("PA").get("TH", ""), get("PATH", ""));
    assert!(prefix("PA").all().contains_key("TH"));
    assert!(all().contains_key("PATH"));
}
