//! Loading of settings: precedence, messages, masking, states.

use fastkit::{
    Locale,
    logger::{Format, Level, LogConfig},
    settings::{
        Config, Contact, Control, ErrorStatus, FieldRule, Listen, Loaded, PageParams,
        ResponseFormat, Secret, Settings, Source, Sources,
    },
};
use std::{path::PathBuf, time::Duration};

fn load(pairs: &[(&str, &str)]) -> Loaded {
    match Settings::load(&Config::new(), &env(pairs)) {
        Ok(loaded) => loaded,
        Err(errors) => panic!("{errors}"),
    }
}

fn errors(pairs: &[(&str, &str)]) -> String {
    Settings::load(&Config::new(), &env(pairs))
        .unwrap_err()
        .to_string()
}

fn env(pairs: &[(&str, &str)]) -> Sources {
    Sources::from_pairs(pairs.iter().copied()).with_cores(4)
}

fn shown(loaded: &Loaded, name: &str) -> (Source, String) {
    let origin = loaded
        .origins
        .iter()
        .find(|origin| origin.variable.name == name)
        .unwrap();
    (origin.source, origin.shown.clone())
}

#[test]
fn defaults_are_those_of_the_table() {
    let Loaded {
        settings, warnings, ..
    } = load(&[]);
    assert!(warnings.is_empty(), "{warnings:?}");
    assert_eq!(settings.host, Listen::Tcp("0.0.0.0".to_owned()));
    assert_eq!(
        (
            settings.port,
            settings.base_url.as_str(),
            settings.version.as_str()
        ),
        (8080, "/flyer", "v1")
    );
    assert_eq!(
        (settings.workers, settings.event_loops, settings.threads),
        (1, 4, 5)
    );
    assert_eq!(
        (settings.background_threads, settings.worker_connections),
        (10, 1000)
    );
    assert_eq!(settings.timeout, Some(Duration::from_secs(60)));
    assert_eq!(
        (settings.graceful_timeout, settings.keepalive),
        (Duration::from_secs(1), Duration::from_secs(5))
    );
    assert_eq!(
        (settings.console_log_level, settings.file_log_level),
        (Level::Info, Level::Info)
    );
    assert_eq!(
        (settings.log_format, settings.log_path.clone()),
        (Format::Text, PathBuf::from("logs"))
    );
    assert!(
        settings.access_log
            && settings.docs
            && settings.supervisor.is_none()
            && settings.request_log
    );
    assert!(!settings.auth_enable && !settings.debug && !settings.metrics && !settings.reload);
    assert_eq!(settings.access_logfile, None);
    assert_eq!(
        settings.access_log_exclude_uris,
        ["/health_check", "/flyer/health_check"]
    );
    assert_eq!(
        (
            settings.max_body_log_length,
            settings.max_params_log_length,
            settings.max_headers_log_length
        ),
        (4096, 2048, 2048)
    );
    assert_eq!(settings.body_limit, 2 * 1024 * 1024);
    assert_eq!(
        (settings.header_timeout, settings.request_timeout),
        (Some(Duration::from_secs(10)), None)
    );
    assert!(settings.trusted_proxies.is_empty() && settings.response_fields.is_empty());
    assert_eq!(
        (settings.response_format, settings.response_error_status),
        (ResponseFormat::Standard, None)
    );
    assert_eq!(
        (
            settings.locale.as_str(),
            settings.status_code_base,
            settings.basic_auth().is_none()
        ),
        ("zh-CN", 0, true)
    );
    assert_eq!(
        (
            settings.redis_port,
            settings.db_pool_size,
            settings.title.as_str()
        ),
        (6379, 32, "FastFlyer")
    );
}

#[test]
fn the_environment_is_stronger_than_the_file_and_that_than_code() {
    let config = Config::new()
        .port(1)
        .version("code")
        .author("code")
        .base_url("/code");
    let sources = Sources::from_pairs([("flyer_port", "3")])
        .with_dotenv([("flyer_port", "2"), ("flyer_version", "file")]);
    let loaded = Settings::load(&config, &sources).unwrap();
    let settings = &loaded.settings;
    assert_eq!(
        (
            settings.port,
            settings.version.as_str(),
            settings.author.as_str()
        ),
        (3, "file", "code")
    );
    assert_eq!(
        shown(&loaded, "flyer_port"),
        (Source::Environment, "3".to_owned())
    );
    assert_eq!(
        shown(&loaded, "flyer_version"),
        (Source::DotEnv, "file".to_owned())
    );
    assert_eq!(
        shown(&loaded, "flyer_author"),
        (Source::Code, "code".to_owned())
    );
    assert_eq!(
        shown(&loaded, "flyer_threads"),
        (Source::Default, "5".to_owned())
    );
    assert_eq!(
        shown(&loaded, "flyer_access_log_exclude_uris"),
        (
            Source::Default,
            "/health_check,/code/health_check".to_owned()
        )
    );
}

#[test]
fn an_empty_value_counts_only_where_it_says_something() {
    let loaded = load(&[
        ("flyer_port", " "),
        ("flyer_base_url", ""),
        ("flyer_auth_enable", ""),
    ]);
    assert_eq!(
        (loaded.settings.port, loaded.settings.base_url.as_str()),
        (8080, "")
    );
    assert_eq!(loaded.settings.access_log_exclude_uris, ["/health_check"]);
    assert!(loaded.warnings.is_empty());
    assert!(
        load(&[("flyer_access_log_exclude_uris", "")])
            .settings
            .access_log_exclude_uris
            .is_empty()
    );
    let replaced = load(&[("flyer_access_log_exclude_uris", "/ping,/a/b")])
        .settings
        .access_log_exclude_uris;
    assert_eq!(replaced, ["/ping", "/a/b"]);
    // An empty variable leaves what is beneath it in force.
    let sources = Sources::from_pairs([("flyer_port", "")]).with_dotenv([("flyer_port", "7")]);
    assert_eq!(
        Settings::load(&Config::new(), &sources)
            .unwrap()
            .settings
            .port,
        7
    );
}

#[test]
fn every_mistake_is_one_line_with_name_value_place_and_what_is_allowed() {
    let config = Config::new().port("many");
    let sources = Sources::from_pairs([
        ("flyer_host", "0.0.0.0:80"),
        ("flyer_base_url", "flyer"),
        ("flyer_threads", "4"),
        ("flyer_console_log_level", "loud"),
        ("flyer_log", "app=loud"),
        ("flyer_trusted_proxies", "10.0.0.0/8,foo"),
        ("flyer_body_limit", "big"),
        ("flyer_request_timeout", "soon"),
        ("flyer_response_format", "xml"),
        ("flyer_response_error_status", "404"),
        ("flyer_response_fields", "message"),
        ("flyer_access_log_exclude_uris", "ping"),
    ])
    .with_dotenv([("flyer_locale", "no language")]);
    let expected = [
        r#"flyer_host = "0.0.0.0:80" (environment) is not allowed: expected an address, a host name, or unix:/path; the port belongs into flyer_port"#,
        r#"flyer_port = "many" (code) is not allowed: expected a whole number from 0 to 65535"#,
        r#"flyer_base_url = "flyer" (environment) is not allowed: expected nothing, or parts of letters, digits, '.', '_' and '-', each after a slash (/a, /a/b); it begins with a slash"#,
        r#"flyer_locale = "no language" (.env) is not allowed: expected zh-CN, en, or the tag of a locale file (pt-BR)"#,
        r#"flyer_threads = "4" (environment) is not allowed: expected a whole number from 5 to 10000"#,
        r#"flyer_console_log_level = "loud" (environment) is not allowed: expected debug, info, warn or error"#,
        r#"flyer_log = "app=loud" (environment) is not allowed: expected a level and module=level pairs between commas (info,app::items=debug); "app=loud" is neither a level nor module=level"#,
        r#"flyer_access_log_exclude_uris = "ping" (environment) is not allowed: expected path prefixes between commas, each with a slash in front; "ping" has no slash in front"#,
        r#"flyer_body_limit = "big" (environment) is not allowed: expected bytes, at least 1, or a number with KiB, MiB or GiB (2MiB, 2M, 2097152)"#,
        r#"flyer_request_timeout = "soon" (environment) is not allowed: expected seconds, a number with ms, s, m or h (10, 10s, 500ms), or off"#,
        r#"flyer_trusted_proxies = "10.0.0.0/8,foo" (environment) is not allowed: expected addresses and networks between commas (10.0.0.0/8, 192.0.2.1, fd00::/8); "foo" is neither"#,
        r#"flyer_response_format = "xml" (environment) is not allowed: expected standard, flyer or problem"#,
        r#"flyer_response_error_status = "404" (environment) is not allowed: expected strict, 200 or 500"#,
        r#"flyer_response_fields = "message" (environment) is not allowed: expected field=name pairs between commas, - hides a field (message=msg,data.data=data.list,error=-); "message" has no ="#,
    ];
    let errors = Settings::load(&config, &sources).unwrap_err();
    assert_eq!(errors.iter().collect::<Vec<_>>(), expected);
}

#[test]
fn authentication_needs_a_user_and_a_password_of_its_own() {
    assert_eq!(
        errors(&[("flyer_auth_enable", "1")]),
        r#"flyer_auth_enable = "1" (environment) needs a user and a password; not set: flyer_auth_user, flyer_auth_pass"#
    );
    assert_eq!(
        errors(&[
            ("flyer_auth_enable", "1"),
            ("flyer_auth_user", "admin"),
            ("flyer_auth_pass", "")
        ]),
        r#"flyer_auth_enable = "1" (environment) needs a user and a password; not set: flyer_auth_pass"#
    );
    let weak = errors(&[
        ("flyer_auth_enable", "1"),
        ("flyer_auth_user", "a:b"),
        ("flyer_auth_pass", "ChangeMe"),
    ]);
    assert_eq!(
        weak,
        "flyer_auth_pass = \"***\" (environment) is not allowed: it is one of the passwords that are tried first; expected another one\n\
         flyer_auth_user = \"a:b\" (environment) is not allowed: expected a name without a colon (RFC 7617)"
    );
    let loaded = load(&[
        ("flyer_auth_enable", "on"),
        ("flyer_auth_user", "admin"),
        ("flyer_auth_pass", " s3cret "),
    ]);
    let (user, pass) = loaded.settings.basic_auth().unwrap();
    assert_eq!((user, pass.expose()), ("admin", " s3cret "));
    assert!(
        load(&[("flyer_auth_user", "admin")])
            .settings
            .basic_auth()
            .is_none()
    );
}

#[test]
fn secrets_are_shown_nowhere() {
    let config = Config::new()
        .auth_enable(true)
        .auth_user("admin")
        .auth_pass(Secret::new("hunter2"));
    let loaded = Settings::load(&config, &Sources::default()).unwrap();
    let everything = format!(
        "{config:?} {loaded:?} {} {} {:?}",
        loaded.render_table(false),
        loaded.to_json(),
        Sources::from_pairs([("flyer_auth_pass", "hunter2")])
    );
    assert!(!everything.contains("hunter2"));
    assert_eq!(shown(&loaded, "flyer_auth_pass").1, "***");
    let refused = errors(&[
        ("flyer_db_url", "mysql://:hunter2@db"),
        ("flyer_db_pass", "hunter2"),
    ]);
    assert!(!refused.contains("hunter2"), "{refused}");
    assert!(refused.contains("mysql://:***@db"), "{refused}");
}

#[test]
fn unknown_names_are_warned_of_with_the_nearest_known_one() {
    let sources = Sources::from_pairs([
        ("flyer_prot", "1"),
        ("FLYER_PORT", "1"),
        ("flyer_my_own_thing_entirely", "1"),
        ("unrelated", "1"),
    ])
    .with_dotenv([("flyer_acces_log", "0")]);
    let mut warnings = Settings::load(&Config::new(), &sources).unwrap().warnings;
    warnings.sort();
    assert_eq!(
        warnings,
        [
            "FLYER_PORT (environment) is not a known setting; names are lower-case: flyer_port",
            "flyer_acces_log (.env) is not a known setting; did you mean flyer_access_log?",
            "flyer_my_own_thing_entirely (environment) is not a known setting",
            "flyer_prot (environment) is not a known setting; did you mean flyer_port?",
        ]
    );
}

#[test]
fn what_has_no_effect_is_warned_of() {
    let loaded = load(&[
        ("flyer_rate_limit", "4/s"),
        ("flyer_reload", "false"),
        ("flyer_preload", "1"),
        ("flyer_polaris_service", "x"),
        ("flyer_base_url", "/a/"),
    ]);
    assert_eq!(
        loaded.warnings,
        [
            r#"flyer_rate_limit = "4/s" (environment) has no effect in this version: it is planned for a later version"#,
            r#"flyer_preload = "1" (environment) has no effect: the program is one binary: nothing is loaded later"#,
            r#"flyer_polaris_service = "x" (environment) has no effect: Tencent's own services are not carried over"#,
            r#"flyer_base_url = "/a/" (environment): the slash at its end is dropped: "/a" is used"#,
        ]
    );
    assert_eq!(
        loaded.settings.access_log_exclude_uris,
        ["/health_check", "/a/health_check"]
    );
    assert!(errors(&[("flyer_workers", "0")]).contains("expected a whole number from 1 to 1024"));
}

#[cfg(not(feature = "tls"))]
#[test]
fn tls_has_to_be_compiled_in() {
    assert_eq!(
        errors(&[("flyer_tls_cert", "cert.pem")]),
        "flyer_tls_cert = \"cert.pem\" (environment) is not possible in this build: it needs the cargo feature \"tls\", which is not compiled in"
    );
}

#[cfg(feature = "tls")]
#[test]
fn a_certificate_needs_its_key() {
    for (one, other) in [
        ("flyer_tls_cert", "flyer_tls_key"),
        ("flyer_tls_key", "flyer_tls_cert"),
    ] {
        let text = errors(&[(one, "one.pem")]);
        assert!(
            text.contains(&format!("it needs {other} as well")),
            "{text}"
        );
    }
}

#[test]
fn workers_share_the_cores_and_need_a_supervisor() {
    let settings = |variables| load(variables).settings;
    assert_eq!(settings(&[("flyer_workers", "2")]).event_loops, 2);
    assert_eq!(settings(&[("flyer_workers", "64")]).event_loops, 1);
    assert_eq!(settings(&[]).supervisor, None);
    assert!(
        errors(&[("flyer_workers", "2"), ("flyer_supervisor", "0")])
            .contains(r#"flyer_workers = "2" (environment) is not allowed: several workers need the supervisor"#)
    );
    assert_eq!(
        settings(&[("flyer_ctl_socket", "off")]).ctl_socket,
        Control::Off
    );
    assert_eq!(
        settings(&[("flyer_ctl_socket", "/run/a.sock")]).ctl_socket,
        Control::At("/run/a.sock".into())
    );
}

#[test]
fn a_feature_that_is_not_there_stops_the_start() {
    assert_eq!(
        errors(&[("flyer_db_host", "db"), ("flyer_mcp_enabled", "1")]),
        "flyer_mcp_enabled = \"1\" (environment) is not possible in this build: it needs the cargo feature \"mcp\", which is not compiled in\n\
         flyer_db_host = \"db\" (environment) is not possible in this build: it needs the cargo feature \"db\", which is not compiled in"
    );
    // Switched off explicitly, as scripts do, and meant for other programs: no reason to stop.
    let quiet = [
        ("flyer_mcp_enabled", "0"),
        ("flyer_opentelemetry_enabled", "no"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c"),
    ];
    assert!(load(&quiet).warnings.is_empty());
}

#[test]
fn the_right_spellings_are_accepted_too() {
    assert!(
        errors(&[("flyer_db_charset", "latin1")])
            .starts_with("flyer_db_charset = \"latin1\" (environment)")
    );
    let both = [
        ("flyer_db_chartset", "utf8mb4"),
        ("flyer_db_charset", "latin1"),
    ];
    assert_eq!(
        load(&both).warnings,
        ["flyer_db_charset (environment) is ignored: flyer_db_chartset is set to another value"]
    );
}

#[test]
fn rust_log_is_honoured_and_never_stops_the_start() {
    let levels = |pairs: &[(&str, &str)]| load(pairs).settings.log.to_string();
    assert_eq!(levels(&[("RUST_LOG", "info,app=debug")]), "info,app=debug");
    assert_eq!(
        levels(&[("RUST_LOG", "info"), ("flyer_log", "warn")]),
        "warn"
    );
    let foreign = load(&[("RUST_LOG", "[span{field=1}]=debug")]);
    assert_eq!(foreign.settings.log.to_string(), "");
    assert_eq!(foreign.warnings.len(), 1);
    assert!(
        foreign.warnings[0]
            .starts_with(r#"RUST_LOG = "[span{field=1}]=debug" (environment) is ignored"#)
    );
}

#[test]
fn code_takes_values_and_text() {
    let config = Config::new()
        .title("Flyer Demo")
        .description("d")
        .contact(Contact::new("Ops").email("ops@example.org"))
        .static_dir("static")
        .host(Listen::Tcp("127.0.0.1".to_owned()))
        .threads(8)
        .keepalive(Duration::from_millis(1500))
        .request_timeout(Duration::from_secs(30))
        .header_timeout("off")
        .body_limit("4MiB")
        .console_log_level(Level::Warn)
        .log_path(PathBuf::from("/tmp/logs"))
        .access_log_exclude_uris(["/a", "/b"])
        .trusted_proxies("10.0.0.0/8")
        .response_format(ResponseFormat::Flyer)
        .response_error_status(ErrorStatus::Always200)
        .response_fields("message=msg")
        .locale(Locale::En)
        .docs(false);
    let settings = Settings::load(&config, &Sources::default())
        .unwrap()
        .settings;
    assert_eq!(
        (settings.title.as_str(), settings.description.as_str()),
        ("Flyer Demo", "d")
    );
    assert_eq!(settings.contact.unwrap().email.unwrap(), "ops@example.org");
    assert_eq!(settings.static_dir, Some(PathBuf::from("static")));
    assert_eq!(
        (settings.threads, settings.keepalive),
        (8, Duration::from_millis(1500))
    );
    assert_eq!(
        (settings.request_timeout, settings.header_timeout),
        (Some(Duration::from_secs(30)), None)
    );
    assert_eq!(
        (settings.body_limit, settings.console_log_level),
        (4 << 20, Level::Warn)
    );
    assert_eq!(settings.access_log_exclude_uris, ["/a", "/b"]);
    assert!(settings.trusted_proxies[0].contains("10.1.1.1".parse().unwrap()));
    assert_eq!(settings.response_error_status, Some(ErrorStatus::Always200));
    assert_eq!(
        settings.response_fields,
        [FieldRule {
            field: "message".to_owned(),
            alias: Some("msg".to_owned())
        }]
    );
    assert!(!settings.docs);
}

#[test]
fn the_parameters_of_pages_are_two_names() {
    let settings = load(&[("flyer_page_params", "offset, limit")]).settings;
    assert_eq!(settings.page_params, PageParams::OffsetLimit);
    assert_eq!(
        errors(&[("flyer_page_params", "seite,anzahl")]),
        r#"flyer_page_params = "seite,anzahl" (environment) is not allowed: expected "page,per_page", "page,size" or "offset,limit""#
    );
}

#[test]
fn a_unix_socket_is_an_address() {
    let settings = load(&[("flyer_host", "unix:/run/a.sock")]).settings;
    assert_eq!(settings.host, Listen::Unix("/run/a.sock".into()));
}

#[test]
fn the_table_for_programs_is_complete() {
    let loaded = load(&[("flyer_port", "9000"), ("flyer_preload", "1")]);
    let json = loaded.to_json();
    let rows = json.as_array().unwrap();
    let row = |name: &str| rows.iter().find(|row| row["name"] == name).unwrap();
    assert_eq!(
        *row("flyer_port"),
        serde_json::json!({
            "name": "flyer_port", "value": "9000", "source": "environment", "default": "8080", "state": "active",
            "detail": null, "summary": "The port to listen on; 0 picks a free one and prints it."
        })
    );
    assert_eq!(row("flyer_rate_limit")["state"], "planned");
    assert_eq!(row("flyer_db_url")["detail"], "db");
    assert_eq!(row("flyer_preload")["state"], "no effect");
    assert_eq!(row("flyer_event_loops")["value"], "4");
}

#[test]
fn the_logger_is_set_up_from_settings() {
    let settings = load(&[
        ("flyer_file_log_level", "error"),
        ("flyer_log_format", "json"),
        ("flyer_log_path", "/x"),
    ])
    .settings;
    let config = LogConfig::from(&settings);
    assert_eq!(
        (config.console, config.file),
        (Some(Level::Info), Some(Level::Error))
    );
    assert_eq!(
        (config.format, config.folder),
        (Format::Json, PathBuf::from("/x"))
    );
}

#[test]
fn rotation_follows_the_settings() {
    use fastkit::logger::{LogConfig, Rotation};
    let rotation = |pairs: &[(&str, &str)]| LogConfig::from(&load(pairs).settings).rotation;
    assert_eq!(rotation(&[]), Rotation::default());
    let small = [
        ("flyer_log_rotate", "Size"),
        ("flyer_log_max_size", "2M"),
        ("flyer_log_keep", "3"),
    ];
    let expected = Rotation {
        max_bytes: 2 << 20,
        daily: false,
        keep: 3,
    };
    assert_eq!(rotation(&small), expected);
    let never = rotation(&[("flyer_log_rotate", "never")]);
    assert_eq!((never.max_bytes, never.daily), (0, false));
}
