//! Log lines: their form, levels, masking, escaping. Through a file, so that tests can run together.

use fastkit::{
    context::{RequestId, enter},
    logger::{self, Format, Guard, Level, LogConfig},
};
use std::{fs, io, time::Duration};
use tracing_subscriber::{Registry, layer::SubscriberExt};

/// What a piece of code logs into the file.
fn logged(change: impl FnOnce(&mut LogConfig), code: impl FnOnce()) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let mut config = LogConfig {
        console: None,
        file: Some(Level::Info),
        folder: folder.path().join("logs"),
        ..LogConfig::default()
    };
    change(&mut config);
    let (layer, guard, warning) = logger::layer(&config).unwrap();
    assert_eq!(warning, None);
    tracing::subscriber::with_default(Registry::default().with(layer), code);
    assert!(guard.flush(Duration::from_secs(20)));
    let text = fs::read_to_string(config.folder.join("error.log")).unwrap();
    text.lines().map(str::to_owned).collect()
}

/// The line without its time, which is checked for its form.
fn after_time(line: &str) -> &str {
    let (time, rest) = line.split_once(" | ").unwrap();
    let form: String = time
        .chars()
        .map(|c| if c.is_ascii_digit() { '0' } else { c })
        .collect();
    assert_eq!(form, "0000-00-00 00:00:00.000");
    rest
}

#[test]
fn lines_have_the_documented_form() {
    let first = line!() + 4;
    let lines = logged(
        |_| {},
        || {
            logger::info!("服务启动");
            logger::warn!(port = 8080, "listening");
            logger::warning!("a warning");
            logger::error!(name = "a b", empty = "", ok = true, debug = ?Some("x y"), shown = %"plain", "failed: {}", 7);
            logger::debug!("unseen");
        },
    );
    let expected = [
        format!("INFO | it::logger:{first} | 服务启动"),
        format!("WARN | it::logger:{} | listening | port=8080", first + 1),
        format!("WARN | it::logger:{} | a warning", first + 2),
        format!(
            r#"ERROR | it::logger:{} | failed: 7 | name="a b" empty="" ok=true debug="Some(\"x y\")" shown=plain"#,
            first + 3
        ),
    ];
    assert_eq!(
        lines
            .iter()
            .map(|line| after_time(line))
            .collect::<Vec<_>>(),
        expected
    );
}

#[test]
fn lines_of_a_request_carry_its_id() {
    let lines = logged(
        |_| {},
        || {
            let _request = enter(RequestId::parse(b"req-1").unwrap());
            logger::info!("one");
            logger::info!(a = 1, "two");
        },
    );
    assert!(lines[0].ends_with(" | one | request_id=req-1"), "{lines:?}");
    assert!(
        lines[1].ends_with(" | two | a=1 request_id=req-1"),
        "{lines:?}"
    );
}

#[test]
fn no_value_can_begin_a_line_or_forge_a_field() {
    let evil = "x\n2024-01-31 08:00:00.123 | INFO | a:1 | forged\r\u{1b}[2J";
    let lines = logged(
        |_| {},
        || {
            logger::info!("{evil}");
            logger::info!(shown = %evil, debug = ?evil, text = evil, "m");
            logger::info!(value = %"\"x\" request_id=\"y\"", "m");
            logger::info!(value = ?"x request_id=y", "m");
        },
    );
    assert_eq!(lines.len(), 4, "{lines:#?}");
    for line in &lines {
        assert!(!line.chars().any(char::is_control), "{line:?}");
    }
    assert!(lines[0].contains("x\\n2024"));
    assert!(
        lines[2].ends_with(r#"value="\"x\" request_id=\"y\"""#),
        "{}",
        lines[2]
    );
    assert!(
        lines[3].ends_with(r#"value="x request_id=y""#),
        "{}",
        lines[3]
    );
}

#[test]
fn a_message_cannot_pass_for_its_own_fields() {
    let code = || {
        let name = "x | admin=true request_id=forged";
        logger::info!("login of {name}");
        logger::info!(user = 7, "| a=1 || b|c |");
        logger::info!("|");
        logger::info!("a || b|c");
    };
    let lines = logged(|_| {}, code);
    for (line, message) in lines.iter().zip([
        r"login of x \u007c admin=true request_id=forged",
        r"\u007c a=1 || b|c \u007c | user=7",
        r"\u007c",
        "a || b|c",
    ]) {
        let shown = after_time(line).splitn(3, " | ").nth(2);
        assert_eq!(shown, Some(message));
    }
    // In JSON a message ends with its quote.
    let lines = logged(|config| config.format = Format::Json, code);
    assert!(lines[0].contains("login of x | admin=true"), "{}", lines[0]);
}

#[test]
fn no_value_turns_the_reading_direction() {
    let marks = "a\u{61c}\u{200e}\u{200f}\u{202a}\u{202e}\u{2066}\u{2069}b\u{634}\u{200d}";
    for format in [Format::Text, Format::Json] {
        let lines = logged(
            |config| config.format = format,
            || logger::info!(value = marks, "{marks}"),
        );
        let shown = r"a\u061c\u200e\u200f\u202a\u202e\u2066\u2069b";
        // Letters, and what joins them, stay.
        let shown = format!("{shown}\u{634}\u{200d}");
        assert_eq!(lines[0].matches(&shown).count(), 2, "{}", lines[0]);
    }
}

#[test]
fn secrets_are_masked() {
    let code = || {
        logger::info!(password = "hunter2", api_key = ?"hunter2", token = 5, url = "redis://:hunter2@db", "to redis://u:hunter2@db now");
        logger::info!(url = %"http://x/?token=hunter2&a=1", "m");
        logger::info!("from /login?user%5Bpass%5D=hunter2 to /cb#access_token=hunter2");
    };
    for format in [Format::Text, Format::Json] {
        let lines = logged(|config| config.format = format, code);
        assert_eq!(lines.len(), 3);
        assert!(
            lines.iter().all(|line| !line.contains("hunter2")),
            "{lines:?}"
        );
        assert!(lines[0].contains("redis://u:***@db now"), "{lines:?}");
    }
}

#[test]
fn json_lines_are_json_whatever_is_logged() {
    let evil = "q\"b\\n\n\r\t\0\u{1b}\u{2028}中文";
    let lines = logged(
        |config| config.format = Format::Json,
        || {
            let _request = enter(RequestId::parse(b"req-1").unwrap());
            let cause = io::Error::other(evil);
            logger::info!(
                text = evil, debug = ?evil, number = -1, float = 1.5, nan = f64::NAN, flag = true,
                error = &cause as &(dyn std::error::Error + 'static), "{evil}"
            );
            logger::error!("plain");
        },
    );
    let json: Vec<serde_json::Value> = lines
        .iter()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(json[0]["message"], evil);
    assert_eq!(json[0]["level"], "INFO");
    assert_eq!(json[0]["module"], "it::logger");
    assert_eq!(json[0]["request_id"], "req-1");
    let fields = &json[0]["fields"];
    assert_eq!(
        (&fields["text"], &fields["error"]),
        (&evil.into(), &evil.into())
    );
    assert_eq!(
        (&fields["number"], &fields["float"], &fields["flag"]),
        (&(-1).into(), &1.5.into(), &true.into())
    );
    assert_eq!(fields["nan"], "NaN");
    assert!(chrono::DateTime::parse_from_rfc3339(json[1]["time"].as_str().unwrap()).is_ok());
    assert_eq!(
        (&json[1]["message"], json[1].get("fields")),
        (&"plain".into(), None)
    );
}

#[test]
fn errors_are_logged_with_their_causes() {
    #[derive(Debug)]
    struct Outer(io::Error);
    impl std::fmt::Display for Outer {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("cannot start")
        }
    }
    impl std::error::Error for Outer {
        fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
            Some(&self.0)
        }
    }
    let outer = Outer(io::Error::other("no room"));
    let lines = logged(
        |_| {},
        || logger::error!(error = &outer as &(dyn std::error::Error + 'static), "m"),
    );
    assert!(
        lines[0].ends_with(r#"| m | error="cannot start: no room""#),
        "{lines:?}"
    );
}

#[test]
fn levels_hold_per_output_and_per_module() {
    let code = || {
        logger::debug!("debug");
        logger::info!("info");
        logger::error!("error");
        logger::info!(target: "noise::deep", "noise");
        logger::debug!(target: "app::items", "items");
    };
    let messages = |lines: Vec<String>| -> Vec<String> {
        lines
            .iter()
            .map(|line| line.rsplit(" | ").next().unwrap().to_owned())
            .collect()
    };
    let with = |file, directives: &str| {
        messages(logged(
            |config| {
                config.file = Some(file);
                config.directives = directives.parse().unwrap();
            },
            code,
        ))
    };
    assert_eq!(with(Level::Error, ""), ["error"]);
    assert_eq!(
        with(Level::Debug, ""),
        ["debug", "info", "error", "noise", "items"]
    );
    assert_eq!(with(Level::Error, "app::items=debug"), ["error", "items"]);
    assert_eq!(with(Level::Info, "noise=off"), ["info", "error"]);
    assert_eq!(with(Level::Info, "off,noise=info"), ["noise"]);
}

#[test]
fn a_value_that_logs_while_it_is_logged_does_no_harm() {
    struct Chatty;
    impl std::fmt::Display for Chatty {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            logger::info!("inner");
            f.write_str("chatty")
        }
    }
    let lines = logged(|_| {}, || logger::info!("outer {}", Chatty));
    assert!(
        lines.iter().any(|line| line.ends_with("outer chatty")),
        "{lines:?}"
    );
}

#[test]
fn a_folder_that_cannot_be_written_gives_one_warning() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let config = LogConfig {
        console: None,
        file: Some(Level::Info),
        folder: file.path().join("logs"),
        ..LogConfig::default()
    };
    let (layer, guard, warning): (_, Guard, _) = logger::layer::<Registry>(&config).unwrap();
    drop(layer);
    assert!(guard.file().is_none());
    let warning = warning.unwrap();
    assert!(
        warning.contains("error.log cannot be written, logging to the console only: "),
        "{warning}"
    );
}
