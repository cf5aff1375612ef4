//! Compares a recorded value with ours: placeholders in strings, everything else exactly.
//!
//! The rules are those of the replay program that came with the recordings, so that a case means the
//! same to both. Not here: which headers and which parts of an answer are compared ([`mod@super::compare`]).
//! Key types: [`Base`], [`Mismatch`].

use fancy_regex::Regex;
use serde_json::{Number, Value};

/// The placeholders that may stand inside a recorded string, with what they accept.
const PLACEHOLDERS: [(&str, &str); 7] = [
    ("<ANY>", r"[\s\S]*"),
    ("<INT>", r"-?\d+"),
    ("<UUID>", r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
    ("<IP>", r"[0-9a-fA-F.:]+"),
    ("<TS>", r"[0-9T:.,+ -]+"),
    ("<PROJECT>", r#"[^"\n]*?"#),
    ("<SITE>", r#"[^"\n]*?"#),
];

/// The most characters of a value that a message shows.
const SHOWN: usize = 160;

/// The address under test, which recordings call `<BASE>` and `<HOST>`.
#[derive(Debug, Clone)]
pub(crate) struct Base {
    url: String,
    host: String,
}

impl Base {
    /// Takes an address such as `http://127.0.0.1:8080`; a final slash is dropped.
    pub(crate) fn new(url: &str) -> Self {
        let url = url.trim_end_matches('/').to_owned();
        let rest = url.split_once("://").map_or(url.as_str(), |(_, rest)| rest);
        let host = rest
            .split(['/', '?', '#'])
            .next()
            .unwrap_or_default()
            .to_owned();
        Self { url, host }
    }

    /// The `host:port` part.
    pub(crate) fn host(&self) -> &str {
        &self.host
    }
}

/// One place where our answer is not the recorded one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mismatch {
    /// `status`, `header allow`, `json.data.0.id`, `body`, `log.logId`, `request`, `start`.
    pub(crate) location: String,
    /// What was wanted and what came.
    pub(crate) text: String,
    /// We sent something where the recording has nothing.
    pub(crate) unexpected: bool,
}

impl Mismatch {
    /// A difference at `location`.
    pub(crate) fn new(location: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            location: location.into(),
            text: text.into(),
            unexpected: false,
        }
    }

    /// Something of ours at `location` that the recording does not have.
    pub(crate) fn unexpected(location: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            unexpected: true,
            ..Self::new(location, text)
        }
    }
}

impl std::fmt::Display for Mismatch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.location, self.text)
    }
}

/// Whether `got` is what the recorded string stands for.
///
/// `<RE:...>` alone searches; other placeholders may stand anywhere and the whole must match. An
/// expression that does not compile matches nothing.
pub(crate) fn string_matches(expected: &str, got: &str, base: &Base) -> bool {
    let expected = expected
        .replace("<BASE>", &base.url)
        .replace("<HOST>", &base.host);
    if let Some(expression) = expected
        .strip_prefix("<RE:")
        .and_then(|rest| rest.strip_suffix('>'))
    {
        return is_match(&from_python(expression), got);
    }
    let Some(pattern) = placeholder_pattern(&expected) else {
        return expected == got;
    };
    is_match(&pattern, got)
}

/// The differences between a recorded JSON value and ours, below `path`.
///
/// A path in `skip` is not compared, nor is what lies below it.
pub(crate) fn differences(
    expected: &Value,
    got: &Value,
    path: &str,
    base: &Base,
    skip: &[String],
) -> Vec<Mismatch> {
    if skip.iter().any(|s| path == s || is_below(path, s)) {
        return Vec::new();
    }
    match (expected, got) {
        (Value::String(e), Value::String(g)) if string_matches(e, g, base) => Vec::new(),
        (Value::Object(e), Value::Object(g)) => {
            let skipped = |key: &str| skip.iter().any(|s| *s == format!("{path}.{key}"));
            let missing = e
                .keys()
                .filter(|key| !g.contains_key(*key) && !skipped(key));
            let extra = g
                .keys()
                .filter(|key| !e.contains_key(*key) && !skipped(key));
            let mut found: Vec<_> = missing
                .map(|key| Mismatch::new(format!("{path}.{key}"), "missing"))
                .chain(extra.map(|key| {
                    Mismatch::unexpected(
                        format!("{path}.{key}"),
                        format!("unexpected {}", shown(&g[key])),
                    )
                }))
                .collect();
            for (key, value) in e {
                if let Some(other) = g.get(key) {
                    found.extend(differences(
                        value,
                        other,
                        &format!("{path}.{key}"),
                        base,
                        skip,
                    ));
                }
            }
            found
        }
        (Value::Array(e), Value::Array(g)) if e.len() == g.len() => e
            .iter()
            .zip(g)
            .enumerate()
            .flat_map(|(i, (e, g))| differences(e, g, &format!("{path}.{i}"), base, skip))
            .collect(),
        (Value::Number(e), Value::Number(g)) if same_number(e, g) => Vec::new(),
        (Value::Bool(e), Value::Bool(g)) if e == g => Vec::new(),
        (Value::Null, Value::Null) => Vec::new(),
        _ => vec![Mismatch::new(
            path,
            format!("want {} got {}", shown(expected), shown(got)),
        )],
    }
}

/// Like [`differences`], but `got` may have more fields: what is named must be there. A pattern such
/// as `<RE:^1?404$>` may stand for a number, too.
pub(crate) fn subset_differences(
    wanted: &Value,
    got: &Value,
    path: &str,
    base: &Base,
) -> Vec<Mismatch> {
    match (wanted, got) {
        (Value::Object(wanted), Value::Object(got)) => wanted
            .iter()
            .flat_map(|(key, value)| match got.get(key) {
                Some(other) => subset_differences(value, other, &format!("{path}.{key}"), base),
                None => vec![Mismatch::new(format!("{path}.{key}"), "missing")],
            })
            .collect(),
        (Value::Array(wanted), Value::Array(got)) if wanted.len() == got.len() => wanted
            .iter()
            .zip(got)
            .enumerate()
            .flat_map(|(i, (w, g))| subset_differences(w, g, &format!("{path}.{i}"), base))
            .collect(),
        (Value::String(pattern), Value::Number(number))
            if string_matches(pattern, &number.to_string(), base) =>
        {
            Vec::new()
        }
        _ => differences(wanted, got, path, base, &[]),
    }
}

/// A value as a message shows it: JSON, cut to a readable length.
pub(crate) fn shown(value: &Value) -> String {
    shortened(&value.to_string())
}

/// Text cut to a readable length.
pub(crate) fn shortened(text: &str) -> String {
    let mut chars = text.chars();
    let mut short: String = chars.by_ref().take(SHOWN).collect();
    if chars.next().is_some() {
        short.push('…');
    }
    short
}

fn is_below(path: &str, ancestor: &str) -> bool {
    path.strip_prefix(ancestor)
        .is_some_and(|rest| rest.starts_with('.'))
}

/// Whole numbers compare exactly; a whole and a fractional spelling of one value are equal.
fn same_number(a: &Number, b: &Number) -> bool {
    match (a.as_i128(), b.as_i128()) {
        (Some(a), Some(b)) => a == b,
        _ => a.as_f64() == b.as_f64(),
    }
}

/// The expression for a string with placeholders, `None` when it has none.
fn placeholder_pattern(expected: &str) -> Option<String> {
    let mut pattern = String::from(r"\A(?:");
    let mut rest = expected;
    let mut any = false;
    while let Some((at, token, accepts)) = PLACEHOLDERS
        .iter()
        .filter_map(|(token, accepts)| Some((rest.find(token)?, token, accepts)))
        .min_by_key(|(at, ..)| *at)
    {
        any = true;
        pattern.push_str(&fancy_regex::escape(&rest[..at]));
        pattern.push_str(&format!("(?:{accepts})"));
        rest = &rest[at + token.len()..];
    }
    pattern.push_str(&fancy_regex::escape(rest));
    pattern.push_str(r")\z");
    any.then_some(pattern)
}

/// Python's `\Z` is `\z` here, and its `$` also matches before a final line break.
fn from_python(expression: &str) -> String {
    let mut out = String::with_capacity(expression.len());
    let mut chars = expression.chars();
    let mut in_class = false;
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some('Z') => out.push_str(r"\z"),
                Some(escaped) => out.extend(['\\', escaped]),
                None => out.push('\\'),
            },
            '$' if !in_class => out.push_str(r"(?=\n?\z)"),
            '[' | ']' => {
                in_class = c == '[';
                out.push(c);
            }
            _ => out.push(c),
        }
    }
    out
}

fn is_match(expression: &str, text: &str) -> bool {
    Regex::new(expression).is_ok_and(|regex| regex.is_match(text).unwrap_or(false))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn base() -> Base {
        Base::new("http://127.0.0.1:8080/")
    }

    fn matches(expected: &str, got: &str) -> bool {
        string_matches(expected, got, &base())
    }

    fn found(expected: &Value, got: &Value, skip: &[&str]) -> Vec<String> {
        let skip: Vec<_> = skip.iter().map(|s| (*s).to_owned()).collect();
        differences(expected, got, "json", &base(), &skip)
            .into_iter()
            .map(|m| m.location)
            .collect()
    }

    #[test]
    fn the_base_address_gives_its_host() {
        assert_eq!(base().host(), "127.0.0.1:8080");
        assert_eq!(Base::new("http://h:1/prefix/").host(), "h:1");
        assert!(matches(
            "<BASE>/demo/docs",
            "http://127.0.0.1:8080/demo/docs"
        ));
        assert!(matches("<HOST>", "127.0.0.1:8080"));
    }

    #[test]
    fn placeholders_match_the_whole_string() {
        assert!(matches("<INT>", "-12"));
        assert!(!matches("<INT>", "12ms"));
        assert!(!matches("<INT>", ""));
        assert!(matches("<ANY>", ""));
        assert!(matches("a<ANY>z", "a\nb\nz"));
        assert!(matches("<UUID>", "a38ce01c-cb7f-47d6-813d-a61365030cd9"));
        assert!(!matches("<UUID>", "A38CE01C-CB7F-47D6-813D-A61365030CD9"));
        assert!(!matches("<UUID>", "a38ce01c-cb7f-47d6-813d-a61365030cd9x"));
        assert!(matches("<IP>:<INT>", "::1:80"));
        assert!(matches("<TS>", "2026-11-21 11:22:32,280.280"));
        assert!(!matches("<TS>", "yesterday"));
        assert!(matches(
            "File \"<PROJECT>/app.py\"",
            "File \"/srv/x/app.py\""
        ));
        assert!(!matches(
            "File \"<PROJECT>/app.py\"",
            "File \"/srv\n/app.py\""
        ));
    }

    #[test]
    fn the_rest_of_a_string_with_placeholders_is_literal() {
        assert!(matches("a.b+(<INT>)", "a.b+(1)"));
        assert!(!matches("a.b+(<INT>)", "axb+(1)"));
        assert!(!matches("plain", "plain "));
        assert!(matches("<UNKNOWN>", "<UNKNOWN>"));
    }

    #[test]
    fn expressions_search_as_in_python() {
        assert!(matches("<RE:^-?[0-9]+KB$>", "0KB"));
        assert!(matches("<RE:^-?[0-9]+KB$>", "0KB\n"));
        assert!(!matches("<RE:^-?[0-9]+KB$>", "0KB "));
        assert!(matches("<RE:b+>", "abbc"));
        assert!(matches(r"<RE:\d\Z>", "x1"));
        assert!(!matches(r"<RE:\d\Z>", "x1\n"));
        assert!(matches("<RE:[$]>", "a$"));
        assert!(matches("<RE:^(?!bad)>", "good"));
        assert!(!matches("<RE:(>", "("));
    }

    #[test]
    fn objects_are_compared_both_ways() {
        assert!(
            found(
                &json!({"a": 1, "b": [true, null]}),
                &json!({"b": [true, null], "a": 1}),
                &[]
            )
            .is_empty()
        );
        assert_eq!(
            found(&json!({"a": 1}), &json!({"b": 1}), &[]),
            ["json.a", "json.b"]
        );
        assert_eq!(
            found(&json!({"a": {"b": 1}}), &json!({"a": {"b": 2}}), &[]),
            ["json.a.b"]
        );
        assert_eq!(found(&json!({"a": 1}), &json!([1]), &[]), ["json"]);
        assert!(differences(&json!({}), &json!({"a": 1}), "json", &base(), &[])[0].unexpected);
    }

    #[test]
    fn lists_are_compared_by_position_and_length() {
        assert_eq!(found(&json!([1, 2]), &json!([1, 3]), &[]), ["json.1"]);
        assert_eq!(found(&json!([1]), &json!([1, 2]), &[]), ["json"]);
    }

    #[test]
    fn types_are_kept_apart() {
        assert_eq!(found(&json!(1), &json!(true), &[]), ["json"]);
        assert_eq!(found(&json!(true), &json!(1), &[]), ["json"]);
        assert_eq!(found(&json!(null), &json!(0), &[]), ["json"]);
        assert_eq!(found(&json!("1"), &json!(1), &[]), ["json"]);
        assert!(found(&json!(4), &json!(4.0), &[]).is_empty());
        assert_eq!(
            found(
                &json!(9_007_199_254_740_993_u64),
                &json!(9_007_199_254_740_992_u64),
                &[]
            ),
            ["json"]
        );
    }

    #[test]
    fn skipped_paths_cover_what_lies_below() {
        let recorded = json!({"data": {"id": 1, "x": {"y": 1}}, "rid": "a"});
        let ours = json!({"data": {"id": 2, "x": {"y": 2}}});
        assert_eq!(
            found(&recorded, &ours, &["json.data", "json.rid"]),
            Vec::<String>::new()
        );
        assert_eq!(
            found(&recorded, &ours, &["json.data.x"]),
            ["json.rid", "json.data.id"]
        );
        assert_eq!(
            found(&json!({"detail": "a"}), &json!({}), &["json.detail"]),
            Vec::<String>::new()
        );
        // Only a whole name is skipped, not one that begins alike.
        assert_eq!(
            found(&json!({"data2": 1}), &json!({"data2": 2}), &["json.data"]),
            ["json.data2"]
        );
    }

    #[test]
    fn a_subset_may_leave_fields_out() {
        let got = json!({"code": 404, "message": "m", "data": [{"id": 1, "x": 2}]});
        assert!(
            subset_differences(
                &json!({"code": 404, "data": [{"id": 1}]}),
                &got,
                "json",
                &base()
            )
            .is_empty()
        );
        assert!(
            subset_differences(&json!({"code": "<RE:^1?404$>"}), &got, "json", &base()).is_empty()
        );
        assert_eq!(
            subset_differences(&json!({"code": "404 "}), &got, "json", &base()).len(),
            1
        );
        let wrong = subset_differences(&json!({"code": 1, "y": 1}), &got, "json", &base());
        assert_eq!(wrong.len(), 2);
    }
}
