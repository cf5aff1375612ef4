//! What concerns a whole process, in a process of its own: this binary, started again.

use fastkit::{
    env,
    logger::{self, Level, LogConfig, Rotation, Sink},
};
use std::{
    collections::BTreeMap,
    fs,
    io::{Read, Write},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

const ROLE: &str = "fastkit_test_role";
const FOLDER: &str = "fastkit_test_folder";
/// How many lines each of the processes that share a file writes.
const LINES: usize = 6000;

/// Does nothing in an ordinary run.
#[test]
fn role() {
    let folder = env::get(FOLDER, "");
    let config = LogConfig {
        file: Some(Level::Warn),
        folder: folder.into(),
        ..LogConfig::default()
    };
    match env::get(ROLE, "").as_str() {
        "log" => {
            let guard = logger::init(&config).unwrap();
            assert!(logger::init(&config).unwrap_err().is_installed());
            logger::info!("to the console");
            logger::error!("to both");
            drop(guard);
        }
        "color" => {
            let guard = logger::init(&LogConfig {
                color: Some(true),
                ..config
            })
            .unwrap();
            logger::error!("red");
            drop(guard);
        }
        "chatter" => {
            let guard = logger::init(&config).unwrap();
            // The harness has printed its first lines: only now may its output break.
            fs::write(config.folder.join("started"), "").unwrap();
            wait_for(|| config.folder.join("go").exists());
            for number in 0..50_000 {
                logger::info!(number, "a line that nobody reads");
            }
            logger::error!(dropped = guard.console().dropped(), "survived");
            drop(guard);
        }
        #[cfg(target_os = "linux")]
        "quiet" => {
            let guard = logger::init(&config).unwrap();
            logger::error!("the last for a while");
            assert!(guard.flush(Duration::from_secs(20)));
            // Their patience is 0.2 s; on a busy machine it lasts longer.
            let asleep = (0..20).any(|_| {
                let before = writer_switches();
                assert_eq!(
                    before.len(),
                    2,
                    "a thread for the console, one for the file"
                );
                std::thread::sleep(Duration::from_millis(300));
                writer_switches() == before
            });
            assert!(asleep, "idle writers never wake up");
            drop(guard);
        }
        "rotate" => {
            let sink = Sink::builder()
                .rotation(Rotation {
                    max_bytes: 4000,
                    daily: true,
                    keep: 900,
                })
                .file(config.folder.join("shared.log"))
                .unwrap();
            fs::write(
                config.folder.join(format!("ready-{}", std::process::id())),
                "",
            )
            .unwrap();
            wait_for(|| config.folder.join("go").exists());
            for number in 0..LINES {
                sink.line(|line| {
                    let padding = "x".repeat(number % 60);
                    let _ = write!(line, "<{} {number} {padding}>", std::process::id());
                });
                // Many small writes: many chances to meet the other process while it rotates.
                if number % 8 == 0 {
                    assert!(sink.flush(Duration::from_secs(20)));
                }
            }
            assert_eq!(sink.dropped(), 0);
            drop(sink);
        }
        "reopen" => {
            let guard = logger::init(&config).unwrap();
            let access = Sink::file(config.folder.join("access.log")).unwrap();
            let both = |text: &str| {
                logger::error!("{text}");
                access.line(|line| line.extend_from_slice(text.as_bytes()));
                assert!(guard.flush(Duration::from_secs(20)));
                assert!(access.flush(Duration::from_secs(20)));
            };
            both("before");
            for name in ["error.log", "access.log"] {
                let path = config.folder.join(name);
                fs::rename(&path, path.with_extension("old")).unwrap();
            }
            logger::reopen_all();
            both("after");
            drop(guard);
        }
        "last words" => {
            let guard = logger::init(&LogConfig {
                format: match env::get("fastkit_test_format", "").as_str() {
                    "json" => logger::Format::Json,
                    _ => logger::Format::Text,
                },
                ..config
            })
            .unwrap();
            let thread = std::thread::spawn(|| {
                LAST_WORDS.set(Some(LastWords));
                // What a line needs is made after it, and gone before it.
                logger::error!("first words");
            });
            thread.join().unwrap();
            drop(guard);
        }
        #[cfg(target_os = "linux")]
        "stalled" => {
            let guard = logger::init(&config).unwrap();
            logger::error!("{}", "x".repeat(1 << 20));
            let start = Instant::now();
            assert!(!guard.flush(Duration::from_secs(4)));
            // Not 4 for each.
            let took = start.elapsed();
            assert!(took < Duration::from_millis(7500), "{took:?}");
            fs::write(config.folder.join("done"), "").unwrap();
            // The guard would wait once more.
            std::process::exit(0);
        }
        #[cfg(feature = "client-stub")]
        "calls" => {
            use fastkit::{
                access_log::Limits,
                client::{Client, LineLog, install_log, stub::Stub},
            };
            let sink = Sink::file(config.folder.join("calls.log")).unwrap();
            install_log(Some(std::sync::Arc::new(LineLog::new(
                sink,
                Limits::default(),
            ))));
            let stub = Stub::start().unwrap();
            let client = Client::builder().no_proxy().build_blocking().unwrap();
            for _ in 0..20 {
                client.get(stub.url("/")).send().unwrap();
            }
            install_log(None);
        }
        "foreign" => {
            let mine = tracing_subscriber::Registry::default();
            tracing::subscriber::set_global_default(mine).unwrap();
            assert!(logger::init(&config).unwrap_err().is_installed());
            assert!(!config.folder.join("error.log").exists());
        }
        "dotenv" => {
            assert_eq!(env::get("fastkit_from_file", ""), "file");
            assert_eq!(env::get(ROLE, ""), "dotenv");
            assert!(env::all().contains_key("fastkit_from_file"));
            let sources = fastkit::settings::Sources::from_process();
            let loaded =
                fastkit::settings::Settings::load(&fastkit::settings::Config::new(), &sources)
                    .unwrap();
            assert_eq!((loaded.settings.port, loaded.settings.threads), (9001, 7));
        }
        "mistake" => {
            assert_eq!(env::get("fastkit_before", ""), "1");
            // Before there is a logger: the warning is not lost.
            assert_eq!(env::get("fastkit_after", "default"), "default");
            let problem = ".env: variable 2: it is not of the form NAME=value";
            let error = env::require("fastkit_after").unwrap_err();
            assert_eq!(
                error.to_string(),
                format!(
                    "fastkit_after is not set; what follows in the file was not read ({problem})"
                )
            );
            let error = env::parse::<u8>("fastkit_after").unwrap_err();
            assert_eq!(
                error.to_string(),
                format!(
                    "fastkit_after is not set: expected a whole number from 0 to 255; \
                     what follows in the file was not read ({problem})"
                )
            );
            let guard = logger::init(&config).unwrap();
            assert_eq!(env::optional("fastkit_after"), None);
            env::all();
            env::get("fastkit_after", "");
            drop(guard);
        }
        #[cfg(feature = "executor")]
        "journal" => crate::journal::append(&config.folder),
        #[cfg(feature = "executor")]
        "zone" => {
            let guard = logger::init(&config).unwrap();
            let zone = fastkit::executor::Zone::local();
            fs::write(config.folder.join("zone"), zone.name()).unwrap();
            drop(guard);
        }
        _ => {}
    }
}

/// Logs when its thread ends.
struct LastWords;

impl Drop for LastWords {
    fn drop(&mut self) {
        logger::error!("last words");
    }
}

std::thread_local! {
    static LAST_WORDS: std::cell::Cell<Option<LastWords>> = const { std::cell::Cell::new(None) };
}

/// How often each of the writer threads has gone to sleep.
#[cfg(target_os = "linux")]
fn writer_switches() -> Vec<String> {
    let tasks = fs::read_dir("/proc/self/task")
        .unwrap()
        .map(|task| task.unwrap().path());
    let writers = tasks.filter(|task| {
        fs::read_to_string(task.join("comm"))
            .unwrap_or_default()
            .trim()
            == "log-writer"
    });
    writers
        .map(|task| {
            let status = fs::read_to_string(task.join("status")).unwrap();
            status
                .lines()
                .find(|line| line.starts_with("voluntary_ctxt_switches"))
                .unwrap()
                .to_owned()
        })
        .collect()
}

pub(crate) fn wait_for(mut condition: impl FnMut() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < Duration::from_secs(30), "waited in vain");
        std::thread::sleep(Duration::from_millis(10));
    }
}

pub(crate) fn child(role: &str, folder: &std::path::Path) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", "child::role", "--nocapture", "--quiet"])
        .env(ROLE, role)
        .env(FOLDER, folder);
    command
}

#[test]
fn the_console_gets_plain_lines_and_the_file_its_own_level() {
    let folder = tempfile::tempdir().unwrap();
    let output = child("log", folder.path()).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let console = String::from_utf8(output.stdout).unwrap();
    assert!(console.contains(" | INFO | it::child:"), "{console}");
    assert!(
        console.contains(" | to the console\n") && console.contains(" | to both\n"),
        "{console}"
    );
    assert!(!console.contains('\x1b'), "no colour but on a terminal");
    let file = fs::read_to_string(folder.path().join("error.log")).unwrap();
    assert_eq!(file.lines().count(), 1);
    assert!(
        file.contains(" | ERROR | it::child:") && file.ends_with(" | to both\n"),
        "{file}"
    );
}

#[cfg(target_os = "linux")]
#[test]
fn an_idle_logger_costs_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let output = child("quiet", folder.path()).output().unwrap();
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn a_thread_can_log_until_its_very_end() {
    for format in ["text", "json"] {
        let folder = tempfile::tempdir().unwrap();
        let output = child("last words", folder.path())
            .env("fastkit_test_format", format)
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        let file = fs::read_to_string(folder.path().join("error.log")).unwrap();
        let lines: Vec<_> = file.lines().collect();
        assert_eq!(lines.len(), 2, "{file}");
        assert!(lines[1].contains("last words"), "{file}");
        // With its time.
        let form = |line: &str| -> String {
            let form = |c: char| if c.is_ascii_digit() { '0' } else { c };
            line.chars().take(40).map(form).collect()
        };
        assert_eq!(form(lines[0]), form(lines[1]));
    }
}

/// A console that nobody reads, and a pipe in the place of the file.
#[cfg(target_os = "linux")]
#[test]
fn outputs_that_stand_still_are_waited_for_together() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("error.log");
    assert!(
        Command::new("mkfifo")
            .arg(&path)
            .status()
            .unwrap()
            .success()
    );
    // Open for both, so that nobody waits for another end.
    let _pipe = fs::File::options()
        .read(true)
        .write(true)
        .open(&path)
        .unwrap();
    let mut process = child("stalled", folder.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let _unread = process.stdout.take().unwrap();
    wait_for(|| folder.path().join("done").exists() || process.try_wait().unwrap().is_some());
    assert!(process.wait().unwrap().success());
}

#[test]
fn colour_is_for_the_console_only() {
    let folder = tempfile::tempdir().unwrap();
    let output = child("color", folder.path()).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let console = String::from_utf8(output.stdout).unwrap();
    assert!(
        console.contains(" | \x1b[31mERROR\x1b[0m | it::child:"),
        "{console:?}"
    );
    let file = fs::read_to_string(folder.path().join("error.log")).unwrap();
    assert!(
        file.contains(" | ERROR | it::child:") && !file.contains('\x1b'),
        "{file:?}"
    );
}

#[test]
fn an_unwritable_folder_warns_on_the_console_and_goes_on() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let output = child("log", &file.path().join("logs")).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let console = String::from_utf8(output.stdout).unwrap();
    assert_eq!(
        console.matches("logging to the console only").count(),
        1,
        "{console}"
    );
    assert!(
        console.contains(" | WARN | ") && console.contains(" | to both\n"),
        "{console}"
    );
}

#[test]
fn a_console_that_nobody_reads_harms_nobody() {
    for close in [true, false] {
        let folder = tempfile::tempdir().unwrap();
        let mut process = child("chatter", folder.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let pipe = process.stdout.take().unwrap();
        wait_for(|| folder.path().join("started").exists());
        let stalled = (!close).then_some(pipe);
        fs::write(folder.path().join("go"), "").unwrap();
        let log = || fs::read_to_string(folder.path().join("error.log")).unwrap_or_default();
        wait_for(|| log().contains(" | survived | dropped="));
        let survived = log();
        assert!(survived.contains(" | ERROR | "), "{survived}");
        if let Some(mut pipe) = stalled {
            let mut rest = Vec::new();
            pipe.read_to_end(&mut rest).unwrap();
        }
        process.wait().unwrap();
    }
}

#[test]
fn processes_that_share_a_file_rotate_it_without_losing_or_tearing_a_line() {
    let folder = tempfile::tempdir().unwrap();
    let processes: Vec<_> = (0..2)
        .map(|_| {
            child("rotate", folder.path())
                .stdout(Stdio::null())
                .spawn()
                .unwrap()
        })
        .collect();
    let names = || -> Vec<String> {
        let entries = fs::read_dir(folder.path()).unwrap();
        entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect()
    };
    wait_for(|| {
        names()
            .iter()
            .filter(|name| name.starts_with("ready-"))
            .count()
            == 2
    });
    fs::write(folder.path().join("go"), "").unwrap();
    for mut process in processes {
        assert!(process.wait().unwrap().success());
    }
    // The oldest first: a higher number is an older file.
    let mut files: Vec<(usize, String)> = names()
        .into_iter()
        .filter_map(|name| {
            let rest = name.strip_prefix("shared.log")?;
            Some((
                rest.strip_prefix('.')
                    .map_or(0, |number| number.parse().unwrap()),
                name,
            ))
        })
        .collect();
    files.sort();
    // Fewer than by the size alone: nobody waits for a lock, and writes on instead.
    assert!(files.len() > 5, "{} files", files.len());
    let mut next: BTreeMap<String, usize> = BTreeMap::new();
    for (_, name) in files.iter().rev() {
        for line in fs::read_to_string(folder.path().join(name))
            .unwrap()
            .lines()
        {
            let inner = line
                .strip_prefix('<')
                .and_then(|rest| rest.strip_suffix('>'));
            let parts: Vec<&str> = inner
                .unwrap_or_else(|| panic!("torn: {line:?}"))
                .split(' ')
                .collect();
            let expected = next.entry(parts[0].to_owned()).or_default();
            assert_eq!(
                parts[1],
                expected.to_string(),
                "in order, none lost: {name}"
            );
            *expected += 1;
        }
    }
    assert_eq!(next.into_values().collect::<Vec<_>>(), [LINES; 2]);
}

#[test]
fn all_log_files_of_a_process_are_opened_anew_together() {
    let folder = tempfile::tempdir().unwrap();
    let output = child("reopen", folder.path()).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    for name in ["error", "access"] {
        let text = |extension| {
            fs::read_to_string(folder.path().join(name).with_extension(extension)).unwrap()
        };
        assert!(text("old").ends_with("before\n") && text("log").ends_with("after\n"));
        assert_eq!(
            (text("old").lines().count(), text("log").lines().count()),
            (1, 1)
        );
    }
}

#[test]
fn a_subscriber_that_is_there_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let output = child("foreign", folder.path()).output().unwrap();
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn the_file_beneath_the_environment_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let text =
        format!("fastkit_from_file=file\n{ROLE}=overridden\nflyer_port=9000\nflyer_threads=7\n");
    fs::write(folder.path().join(".env"), text).unwrap();
    let mut command = child("dotenv", folder.path());
    let output = command
        .current_dir(folder.path())
        .env("flyer_port", "9001")
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn a_mistake_in_the_file_is_told_to_who_misses_what_follows() {
    let folder = tempfile::tempdir().unwrap();
    let text = "fastkit_before=1\nmy pass hunter2\nfastkit_after=2\n";
    fs::write(folder.path().join(".env"), text).unwrap();
    let mut command = child("mistake", folder.path());
    let output = command.current_dir(folder.path()).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let file = fs::read_to_string(folder.path().join("error.log")).unwrap();
    assert_eq!(file.lines().count(), 1, "{file}");
    let warning = "what follows in the file was not read \
                   (.env: variable 2: it is not of the form NAME=value)";
    assert!(
        file.contains(" | WARN | ") && file.contains(warning),
        "{file}"
    );
    let console = String::from_utf8(output.stdout).unwrap();
    assert!(!format!("{file}{console}").contains("hunter2"));
}

#[cfg(feature = "executor")]
#[test]
fn jobs_run_in_the_zone_of_the_variable_and_rules_are_warned_of() {
    for (variable, zone) in [
        ("Asia/Tokyo", Some("Asia/Tokyo")),
        (":UTC", Some("UTC")),
        ("CST-8", None),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let output = child("zone", folder.path())
            .env("TZ", variable)
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        let chosen = fs::read_to_string(folder.path().join("zone")).unwrap();
        let file = fs::read_to_string(folder.path().join("error.log")).unwrap_or_default();
        match zone {
            Some(zone) => assert_eq!((chosen.as_str(), file.as_str()), (zone, "")),
            None => assert!(
                file.contains(&format!(
                    "TZ = \"CST-8\" is no name of the IANA database, like Asia/Shanghai: jobs use the time zone {chosen}"
                )),
                "{file}"
            ),
        }
    }
}

#[cfg(feature = "client-stub")]
#[test]
fn a_program_that_ends_the_log_of_its_calls_loses_no_line() {
    let folder = tempfile::tempdir().unwrap();
    let output = child("calls", folder.path()).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let calls = fs::read_to_string(folder.path().join("calls.log")).unwrap();
    assert_eq!(calls.lines().count(), 20, "{calls}");
}
