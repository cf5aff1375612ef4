//! Random JSON and random bytes: the line stays one line of JSON and shows no secret.

use super::*;

const SECRET: &str = "hunter2";

fn json_value() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        "[ -~]{0,40}".prop_map(Value::from),
    ];
    let name = prop_oneof![
        3 => "[a-z]{0,9}",
        1 => ".{0,9}",
        1 => Just("password".to_owned()),
        1 => Just("X-Api-Key".to_owned()),
    ];
    scalar.prop_recursive(6, 40, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec((name.clone(), inner), 0..6)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

fn masked(value: &Value) -> Value {
    match value {
        Value::Object(fields) => fields
            .iter()
            .map(|(name, value)| {
                let secret = is_secret_name(name);
                (
                    name.clone(),
                    if secret { json!("***") } else { masked(value) },
                )
            })
            .collect(),
        Value::Array(values) => values.iter().map(masked).collect(),
        scalar => scalar.clone(),
    }
}

/// Noise made of what could derail a scanner.
fn noise() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..6),
        prop::sample::select(vec![
            "{",
            "}",
            "[",
            "]",
            "\"",
            "\\",
            ":",
            ",",
            "=",
            "&",
            "%",
            "?",
            " ",
            "\n",
            "{\"a\":",
            "\"b\"",
            "1",
            "+",
            "\u{2028}",
            "\u{2066}",
            "\u{200f}",
            "\u{61c}",
            "\\u00",
            "{\"token\":",
            "null",
            "%7",
            ">",
            "<",
        ])
        .prop_map(|piece| piece.as_bytes().to_vec()),
    ];
    prop::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn json_equals_the_body_masked(value in json_value(), pretty: bool) {
        let body = if pretty {
            serde_json::to_string_pretty(&value).unwrap()
        } else {
            serde_json::to_string(&value).unwrap()
        };
        let mut exchange = Exchange::body("application/json", &body);
        exchange.limits.body = usize::MAX;
        // Empty bodies apart, what serde_json reads from the body is what it reads from the line.
        let value = serde_json::from_str(&body).unwrap();
        prop_assert_eq!(exchange.logged_body(), masked(&value));
        if !body.contains(' ') {
            exchange.request_headers.remove("content-type");
            if body.starts_with(['{', '[']) {
                prop_assert_eq!(exchange.logged_body(), masked(&value));
            }
        }
    }

    #[test]
    fn json_is_judged_as_by_serde(body in noise()) {
        let mut out = Vec::new();
        let valid = json::push_value(&mut out, &body);
        let theirs = serde_json::from_slice::<Value>(&body);
        let lenient = body.windows(2).any(|pair| pair == b"\\u");
        prop_assert!(valid == theirs.is_ok() || lenient, "{:?}", String::from_utf8_lossy(&body));
    }

    #[test]
    fn no_secret_is_shown(
        before in noise(),
        after in noise(),
        kind in 0..6,
        limit in 0_usize..120,
        truncated: bool,
    ) {
        let (content_type, pair) = match kind {
            0 => ("application/json", r#""password":"hunter2""#),
            1 => ("application/x-www-form-urlencoded", "password=hunter2"),
            2 => ("text/plain", "password=hunter2"),
            3 => ("text/plain", r#""password": "hunter2""#),
            4 => ("", "password=hunter2"),
            _ => ("", r#""password":"hunter2""#),
        };
        let mut exchange = Exchange::body(content_type, [&before, pair.as_bytes(), &after].concat());
        exchange.limits = Limits { body: limit, params: limit, headers: limit };
        exchange.request_truncated = truncated;
        exchange.response_body = exchange.request_body.clone();
        exchange.response_headers = exchange.request_headers.clone();
        exchange.line();
        prop_assert!(!exchange.text().contains(SECRET), "{}", exchange.text());
    }

    #[test]
    fn no_secret_of_the_url_is_shown(before in "[ -~&&[^ #<>\"{}|\\\\^`]]{0,20}", after in "[a-z&=%]{0,9}") {
        let uri = format!("/a?{before}&password=hunter2&{after}");
        let uri: &'static str = Box::leak(uri.into_boxed_str());
        prop_assume!(uri.parse::<Uri>().is_ok());
        let exchange = Exchange::uri(uri);
        exchange.line();
        prop_assert!(!exchange.text().contains(SECRET), "{}", exchange.text());
    }

    #[test]
    fn any_header_value_keeps_the_line(value in prop::collection::vec(any::<u8>(), 0..60), limit in 0_usize..80) {
        let Ok(value) = HeaderValue::from_bytes(&value) else {
            return Ok(());
        };
        let mut exchange = Exchange::new();
        exchange.request_headers.append("x-client-id", value.clone());
        exchange.request_headers.append("referer", value.clone());
        exchange.request_headers.append("referer", value);
        exchange.limits.headers = limit;
        exchange.line();
    }
}
