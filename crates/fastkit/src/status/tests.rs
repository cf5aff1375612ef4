//! The constants of the README, by name and number, and the completeness of the texts.

use super::*;

/// The constants of the README with their numbers.
fn readme() -> Vec<(u32, &'static str)> {
    include_str!("../../tests/fixtures/readme_codes.txt")
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once(' '))
        .map(|(code, name)| (code.parse().unwrap(), name))
        .collect()
}

#[test]
fn every_constant_of_the_readme_is_there_under_its_name() {
    let readme = readme();
    assert_eq!(readme.len(), 81);
    for (code, readme_name) in readme {
        assert!(
            names().any(|known| known == (readme_name, code)),
            "{readme_name} = {code}"
        );
        assert_eq!(
            name(code),
            Some(readme_name),
            "the README's name is the first"
        );
    }
}

#[test]
fn every_constant_has_its_number_a_phrase_and_texts() {
    for (name, code) in names() {
        assert_eq!(
            name.split('_').nth(1),
            Some(code.to_string().as_str()),
            "{name}"
        );
        assert_ne!(phrase(code), "", "{name}");
        for locale in Locale::ALL {
            assert!(
                text(code, locale).is_some_and(|text| !text.is_empty()),
                "{name} {locale}"
            );
        }
    }
    assert_eq!(codes().count(), 85);
    assert!(codes().is_sorted(), "binary search needs it");
    assert!(codes().all(|code| name(code).is_some()));
}

#[test]
fn aliases_and_interim_codes_are_there_too() {
    for (name, code) in [
        ("HTTP_100_CONTINUE", 100),
        ("HTTP_103_EARLY_HINTS", 103),
        ("HTTP_413_REQUEST_ENTITY_TOO_LARGE", 413),
        ("HTTP_414_REQUEST_URI_TOO_LONG", 414),
        ("HTTP_416_REQUESTED_RANGE_NOT_SATISFIABLE", 416),
        ("HTTP_418_IM_A_TEAPOT", 418),
        ("HTTP_605_THIRD_PARTY_NETWORK_ERROR", 605),
    ] {
        assert!(names().any(|known| known == (name, code)), "{name}");
    }
}

#[test]
fn texts_of_the_standard_format() {
    for (code, zh) in [
        (200, "操作成功"),
        (500, "操作失败"),
        (401, "授权失败"),
        (422, "验证失败"),
    ] {
        assert_eq!(text(code, Locale::ZhCn), Some(zh));
    }
    assert_eq!(text(422, Locale::En), Some("Validation failed"));
    assert_eq!(text(299, Locale::En), None);
    assert_eq!(phrase(203), "Non-Authoritative Information");
}

#[test]
fn phrases_agree_with_rfc_9110() {
    for (code, expected) in [
        (200, "OK"),
        (302, "Found"),
        (407, "Proxy Authentication Required"),
        (504, "Gateway Timeout"),
    ] {
        assert_eq!(phrase(code), expected);
    }
}
