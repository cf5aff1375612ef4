//! What each notation accepts and refuses.

use super::*;
use crate::{
    logger::Level,
    settings::value::{ErrorStatus, Listen},
};
use std::time::Duration;

fn parse<K: Kind>(text: &str) -> Option<K::Value> {
    K::parse(text, &mut Vec::new()).ok()
}

#[test]
fn durations() {
    let seconds = |text| parse::<Seconds>(text);
    for (text, milliseconds) in [
        ("10", 10_000),
        ("10s", 10_000),
        ("500ms", 500),
        ("2m", 120_000),
        ("1 h", 3_600_000),
        ("0", 0),
    ] {
        assert_eq!(
            seconds(text),
            Some(Duration::from_millis(milliseconds)),
            "{text}"
        );
    }
    for text in [
        "",
        "s",
        "-1",
        "1.5",
        "1d",
        "99999999999999999999",
        "18446744073709551615",
        "18446744073709551615ms",
        "１０",
    ] {
        assert_eq!(seconds(text), None, "{text}");
    }
    assert_eq!(parse::<OffSeconds>("OFF"), Some(None));
    assert_eq!(parse::<OffSeconds>("0"), Some(None));
    assert_eq!(
        parse::<OffSeconds>("500ms"),
        Some(Some(Duration::from_millis(500)))
    );
}

#[test]
fn sizes() {
    for (text, bytes) in [
        ("2MiB", 2_097_152),
        ("2M", 2_097_152),
        ("2097152", 2_097_152),
        ("4k", 4096),
        ("1 MB", 1_000_000),
    ] {
        assert_eq!(parse::<Bytes>(text), Some(bytes), "{text}");
    }
    for text in ["", "0", "M", "-1", "1T", "18446744073709551615G"] {
        assert_eq!(parse::<Bytes>(text), None, "{text}");
    }
}

#[test]
fn base_urls() {
    let read = |text: &str| {
        let mut notes = Vec::new();
        BaseUrl::parse(text, &mut notes).map(|base| (base, notes.len()))
    };
    for (text, base, notes) in [
        ("", "", 0),
        ("/", "", 1),
        ("/flyer", "/flyer", 0),
        ("/a/b.c_d-1", "/a/b.c_d-1", 0),
        ("/a//", "/a", 1),
    ] {
        assert_eq!(read(text), Ok((base.to_owned(), notes)), "{text}");
    }
    for text in [
        "flyer", "/a//b", "/a b", "/ä", "/a/../b", "/.", "/a?b", "/{x}",
    ] {
        assert!(read(text).is_err(), "{text}");
    }
}

#[test]
fn hosts() {
    let tcp = |text: &str| Some(Listen::Tcp(text.to_owned()));
    assert_eq!(parse::<Host>("127.0.0.1"), tcp("127.0.0.1"));
    assert_eq!(parse::<Host>("::"), tcp("::"));
    assert_eq!(parse::<Host>("[::1]"), tcp("::1"));
    assert_eq!(parse::<Host>("localhost"), tcp("localhost"));
    assert_eq!(
        parse::<Host>("unix:/run/a.sock"),
        Some(Listen::Unix("/run/a.sock".into()))
    );
    assert_eq!(parse::<Host>("unix:"), None);
    assert_eq!(
        Host::parse("127.0.0.1:80", &mut Vec::new()),
        Err("the port belongs into flyer_port".to_owned())
    );
    assert_eq!(parse::<Host>("a b"), None);
}

#[test]
fn lists() {
    assert_eq!(parse::<Uris>(""), Some(vec![]));
    assert_eq!(
        parse::<Uris>("/a, /b,"),
        Some(vec!["/a".to_owned(), "/b".to_owned()])
    );
    assert_eq!(
        Uris::parse("/a,b", &mut Vec::new()),
        Err("\"b\" has no slash in front".to_owned())
    );
    assert_eq!(
        parse::<List>("a|b;c, d"),
        Some(["a", "b", "c", "d"].map(str::to_owned).to_vec())
    );
    assert_eq!(
        parse::<Networks>("10.0.0.0/8, ::1").map(|networks| networks.len()),
        Some(2)
    );
    assert_eq!(
        Networks::parse("10.0.0.0/8,foo", &mut Vec::new()),
        Err("\"foo\" is neither".to_owned())
    );
}

#[test]
fn words_and_numbers() {
    assert_eq!(parse::<Choice<Level>>("WARNING"), Some(Level::Warn));
    assert_eq!(parse::<Choice<Level>>("loud"), None);
    assert_eq!(parse::<Language>("zh"), Some(Locale::ZhCn.into()));
    assert_eq!(parse::<Language>("zh-"), None);
    assert_eq!(
        parse::<Maybe<Choice<ErrorStatus>>>("200"),
        Some(Some(ErrorStatus::Always200))
    );
    assert_eq!(parse::<Choice<ErrorStatus>>("404"), None);
    assert_eq!(parse::<Number<u16, 0, 65535>>("65535"), Some(65535));
    assert_eq!(parse::<Count<5, 10>>("4"), None);
    assert_eq!(
        Number::<u64, 0, { u64::MAX }>::allowed(Locale::En),
        "a whole number from 0"
    );
    assert_eq!(parse::<LogTarget>("-"), Some(None));
    assert_eq!(parse::<Rate>("100/s").as_deref(), Some("100/s"));
    for text in ["100", "0/s", "x/s", "1/d"] {
        assert_eq!(parse::<Rate>(text), None, "{text}");
    }
}
