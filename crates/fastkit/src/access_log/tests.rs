//! What a line shows, what it hides, and that whatever comes in, it stays one line of JSON.

use super::*;
use crate::mask::is_secret_name;
use http::{HeaderName, HeaderValue};
use proptest::prelude::*;
use serde_json::{Value, json};

mod bodies;
mod random;

/// An exchange with an owner, to be changed by each test.
struct Exchange {
    uri: &'static str,
    request_headers: HeaderMap,
    response_headers: HeaderMap,
    constant_headers: HeaderMap,
    request_body: Option<Vec<u8>>,
    response_body: Option<Vec<u8>>,
    request_truncated: bool,
    limits: Limits,
    direction: Direction<'static>,
}

impl Exchange {
    fn new() -> Self {
        Self {
            uri: "/items/5",
            request_headers: headers(&[("host", "api.test:8080")]),
            response_headers: HeaderMap::new(),
            constant_headers: HeaderMap::new(),
            request_body: None,
            response_body: Some(Vec::new()),
            request_truncated: false,
            limits: Limits::default(),
            direction: Direction::In {
                client_ip: "10.0.0.9",
                scheme: "http",
                memory_kib: 1234,
            },
        }
    }

    fn uri(uri: &'static str) -> Self {
        Self { uri, ..Self::new() }
    }

    fn body(content_type: &str, body: impl AsRef<[u8]>) -> Self {
        let mut exchange = Self::new();
        if !content_type.is_empty() {
            let value = HeaderValue::from_str(content_type).unwrap();
            exchange.request_headers.insert("content-type", value);
        }
        exchange.request_body = Some(body.as_ref().to_vec());
        exchange
    }

    fn bytes(&self) -> Vec<u8> {
        let record = Record {
            direction: self.direction,
            method: "POST",
            uri: &self.uri.parse().unwrap(),
            request_headers: &self.request_headers,
            request_body: self.request_body.as_deref(),
            status: 404,
            response_headers: &self.response_headers,
            constant_headers: Some(&Constant::new(&self.constant_headers)),
            response_body: self.response_body.as_deref(),
            response_truncated: false,
            request_truncated: self.request_truncated,
            latency_ms: 12,
            request_id: "rid-1",
        };
        // What is in the buffer before has to stay.
        let mut out = b"before\n".to_vec();
        write_line(&mut out, &record, &self.limits);
        out.split_off("before\n".len())
    }

    /// The line as text, after the checks that hold for every line.
    fn text(&self) -> String {
        let text = String::from_utf8(self.bytes()).unwrap();
        let is_harmless = |c: char| {
            !c.is_control()
                && !matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        };
        assert!(text.chars().all(is_harmless), "{text:?}");
        text
    }

    fn line(&self) -> Value {
        let text = self.text();
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
    }

    /// The logged headers of the response without the two that every answer is stamped with.
    fn own_response_headers(&self) -> Value {
        let mut headers = self.line()["response"]["headers"].take();
        let all = headers.as_object_mut().unwrap();
        assert_eq!(all.remove("x-request-id"), Some("rid-1".into()));
        assert_eq!(all.remove("x-lasting-time"), Some("12".into()));
        headers
    }

    fn logged_body(&self) -> Value {
        self.line()["request"]["body"].clone()
    }
}

fn headers(fields: &[(&'static str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in fields {
        let name = HeaderName::from_static(name);
        headers.append(name, HeaderValue::from_str(value).unwrap());
    }
    headers
}

#[test]
fn the_line_has_its_keys_in_order() {
    let mut exchange = Exchange::body("application/json", r#"{"a":1}"#);
    exchange.uri = "/items/5?x=1";
    exchange
        .request_headers
        .insert("x-client-id", HeaderValue::from_static("cid-9"));
    exchange.response_headers = headers(&[("content-type", "application/json")]);
    exchange.constant_headers = headers(&[("x-host-ip", "127.0.0.1")]);
    exchange.response_body = Some(br#"{"code":404}"#.to_vec());
    assert_eq!(
        exchange.text(),
        concat!(
            r#"{"direction":"in","request":{"method":"POST","#,
            r#""url":"http://api.test:8080/items/5?x=1","body":{"a":1},"#,
            r#""headers":{"host":"api.test:8080","content-type":"application/json","#,
            r#""x-client-id":"cid-9"},"params":{"x":"1"}},"#,
            r#""response":{"status":404,"body":{"code":404},"#,
            r#""headers":{"content-type":"application/json","x-request-id":"rid-1","x-lasting-time":"12","x-host-ip":"127.0.0.1"}},"#,
            r#""latency":12,"clientIp":"10.0.0.9","clientId":"cid-9","#,
            r#""memoryUsage":"1234KB","logId":"rid-1"}"#
        )
    );
}

#[test]
fn the_url_has_the_scheme_that_the_client_used() {
    let mut exchange = Exchange::new();
    exchange.direction = Direction::In {
        client_ip: "10.0.0.9",
        scheme: "https",
        memory_kib: 1,
    };
    assert_eq!(
        exchange.line()["request"]["url"],
        "https://api.test:8080/items/5"
    );
    exchange.direction = Direction::Out { attempts: 1 };
    exchange.uri = "https://other.test/a";
    assert_eq!(exchange.line()["request"]["url"], "https://other.test/a");
}

#[test]
fn what_is_not_there_is_empty() {
    let mut exchange = Exchange::new();
    exchange.request_headers.clear();
    let line = exchange.line();
    assert_eq!(line["request"]["url"], "http:///items/5");
    assert_eq!(line["request"]["body"], "");
    assert_eq!(line["request"]["headers"], json!({}));
    assert_eq!(line["request"]["params"], json!({}));
    assert_eq!(line["response"]["body"], "");
    assert_eq!(exchange.own_response_headers(), json!({}));
    assert_eq!(line["clientId"], "");
}

#[test]
fn an_unseen_stream_is_named() {
    let mut exchange = Exchange::new();
    exchange.response_body = None;
    assert_eq!(exchange.line()["response"]["body"], "<stream>");
}

#[test]
fn an_absolute_uri_brings_scheme_and_host() {
    let line = Exchange::uri("https://bob:hunter2@h.test/a?token=hunter2").line();
    assert_eq!(line["request"]["url"], "https://h.test/a?token=***");
}

#[test]
fn queries_are_masked_in_url_and_params() {
    let cases = [
        ("/a?x=1&token=hunter2&y=2", "x=1&token=***&y=2"),
        ("/a?pass%77ord=hunter2", "pass%77ord=***"),
        ("/a?user[Pass]=hunter2", "user[Pass]=***"),
        ("/a?b=1?api_key=hunter2", "b=1?api_key=***"),
        ("/a?b=password=hunter2&c=3", "b=***&c=3"),
        ("/a?f=%7B%22password%22%3A%22hunter2%22%7D", "f=***"),
        ("/a?token", "token"),
        ("/a?author=me&monkey=1", "author=me&monkey=1"),
    ];
    for (uri, query) in cases {
        let exchange = Exchange::uri(uri);
        assert!(!exchange.text().contains("hunter2"), "{}", exchange.text());
        let url = format!("http://api.test:8080/a?{query}");
        assert_eq!(exchange.line()["request"]["url"], url);
    }
}

#[test]
fn a_request_that_was_sent_has_attempts_and_no_client() {
    let mut exchange = Exchange::uri("https://me:pw@up.test/a?token=hunter2");
    exchange.direction = Direction::Out { attempts: 3 };
    let line = exchange.line();
    assert_eq!(line["direction"], "out");
    assert_eq!(line["attempts"], 3);
    assert_eq!(line["logId"], "rid-1");
    assert_eq!(line["request"]["url"], "https://up.test/a?token=***");
    assert!(line.get("clientIp").is_none() && line.get("memoryUsage").is_none());
}

#[test]
fn params_are_decoded_and_the_last_of_a_name_counts() {
    let params = |uri| Exchange::uri(uri).line()["request"]["params"].clone();
    assert_eq!(
        params("/a?x=1&y=a%20b+c&x=2&&z&x="),
        json!({"x": "", "y": "a b c", "z": ""})
    );
    assert_eq!(params("/a?x=1&%78=2"), json!({"x": "2"}));
    assert_eq!(
        params("/a?x=%zz%4&%ff=%e4"),
        json!({"x": "%zz%4", "\u{fffd}": "\u{fffd}"})
    );
    assert_eq!(
        params("/a?token=1&token=2&a=%22%0a"),
        json!({"token": "***", "a": "\"\n"})
    );
    assert_eq!(params("/a?"), json!({}));
}

#[test]
fn many_params_are_collected_in_their_order() {
    let uri = "/a?c=1&a=1&b=1&c=2&d&e&f&g&h&i&j&k&l&m&n&a=2&secret=x&secret=y";
    let text = Exchange::uri(uri).text();
    let params = r#""params":{"c":"2","a":"2","b":"1","d":"","e":"","f":"","g":"","h":"","i":"","j":"","k":"","l":"","m":"","n":"","secret":"***"}"#;
    assert!(text.contains(params), "{text}");
}

#[test]
fn long_params_are_cut_between_characters_and_escapes() {
    for limit in 0..60 {
        let mut exchange = Exchange::uri("/a?x=%22%22%e4%bd%a0%01%f0%9f%98%80&token=hunter2&%7f=1");
        exchange.limits.params = limit;
        let params = exchange.line()["request"]["params"].clone();
        let whole = r#"{"x":"\"\"你\u0001😀","token":"***","\u007f":"1"}"#;
        if limit >= whole.len() {
            assert!(params.is_object());
        } else {
            let shown = params.as_str().unwrap();
            assert!(whole.starts_with(shown), "{shown}");
            assert!(shown.len() <= limit && shown.len() + 6 > limit);
            assert!(!shown.ends_with(r"\u00") && !shown.ends_with(r#"u\"#));
        }
    }
}

#[test]
fn secret_headers_are_masked() {
    let names = [
        "authorization",
        "proxy-authorization",
        "cookie",
        "set-cookie",
        "x-api-key",
        "x-csrf-token",
        "x-amz-security-token",
        "x-session-id",
    ];
    for name in names {
        let mut exchange = Exchange::new();
        exchange.request_headers = headers(&[(name, "hunter2"), (name, "hunter2"), ("a", "b")]);
        exchange.response_headers = headers(&[(name, "hunter2")]);
        exchange.constant_headers = headers(&[("x-token", "hunter2")]);
        assert!(!exchange.text().contains("hunter2"), "{}", exchange.text());
        let line = exchange.line();
        assert_eq!(
            line["request"]["headers"],
            json!({name: ["***", "***"], "a": "b"})
        );
        assert_eq!(
            exchange.own_response_headers(),
            json!({name: "***", "x-token": "***"})
        );
    }
}

#[test]
fn a_value_marked_sensitive_is_masked() {
    let mut exchange = Exchange::new();
    let mut value = HeaderValue::from_static("hunter2");
    value.set_sensitive(true);
    exchange.request_headers.insert("accept", value);
    assert_eq!(exchange.line()["request"]["headers"]["accept"], "***");
}

#[test]
fn urls_in_headers_are_masked() {
    let mut exchange = Exchange::new();
    exchange.request_headers = headers(&[("referer", "https://a.test/?token=hunter2&x=1")]);
    exchange.response_headers = headers(&[("location", "/cb#access_token=hunter2&state=s")]);
    let line = exchange.line();
    assert_eq!(
        line["request"]["headers"]["referer"],
        "https://a.test/?token=***&x=1"
    );
    assert_eq!(
        line["response"]["headers"]["location"],
        "/cb#access_token=***&state=s"
    );
    exchange.request_headers = headers(&[("referer", "https://bob:hunter2@a.test/?otp=hunter2#x")]);
    assert_eq!(
        exchange.line()["request"]["headers"]["referer"],
        "https://bob:***@a.test/?otp=***#x"
    );
}

#[test]
fn header_values_are_escaped_and_replaced() {
    let mut exchange = Exchange::new();
    let value = HeaderValue::from_bytes(b"a\"b\\c\td\xff\xe4\xbd\xa0\xc2\x9b\xe2\x80\xa8").unwrap();
    exchange.request_headers.insert("accept", value.clone());
    exchange.request_headers.insert("x-client-id", value);
    let shown = "a\"b\\c\td\u{fffd}你\u{9b}\u{2028}";
    let line = exchange.line();
    assert_eq!(line["request"]["headers"]["accept"], shown);
    assert_eq!(line["clientId"], shown);
}

#[test]
fn nothing_turns_the_reading_direction() {
    let marks = "a\u{61c}\u{200e}\u{200f}\u{202a}\u{202e}\u{2066}\u{2069}b\u{634}\u{200d}";
    let escaped = r"a\u061c\u200e\u200f\u202a\u202e\u2066\u2069b";
    let escaped = format!("{escaped}\u{634}\u{200d}");
    let mut exchange = Exchange::body("application/json", format!(r#"{{"{marks}":"{marks}"}}"#));
    exchange
        .request_headers
        .insert("accept", HeaderValue::from_bytes(marks.as_bytes()).unwrap());
    let line = exchange.line();
    assert_eq!(line["request"]["headers"]["accept"], marks);
    assert_eq!(line["request"]["body"][marks], marks);
    let text = exchange.text();
    assert_eq!(text.matches(&escaped).count(), 3, "{text}");
}

#[test]
fn repeated_headers_are_collected() {
    let mut exchange = Exchange::new();
    exchange.request_headers = headers(&[
        ("x-a", "1"),
        ("accept", "b"),
        ("x-a", "2"),
        ("x-a", "3"),
        ("date", "c"),
    ]);
    let expected = json!({"x-a": ["1", "2", "3"], "accept": "b", "date": "c"});
    assert_eq!(exchange.line()["request"]["headers"], expected);
}

#[test]
fn a_response_header_wins_over_the_constant_one() {
    let mut exchange = Exchange::new();
    exchange.response_headers = headers(&[("x-host-ip", "mine")]);
    exchange.constant_headers = headers(&[("x-host-ip", "127.0.0.1"), ("server", "s")]);
    let expected = json!({"x-host-ip": "mine", "server": "s"});
    assert_eq!(exchange.own_response_headers(), expected);
}

#[test]
fn long_headers_become_a_string() {
    let mut exchange = Exchange::new();
    let long = "v".repeat(9000);
    exchange.request_headers = headers(&[("x-long", &long), ("accept", "b")]);
    exchange.limits.headers = 100;
    let line = exchange.line();
    let shown = line["request"]["headers"].as_str().unwrap();
    assert_eq!(shown, format!(r#"{{"x-long":"{}"#, "v".repeat(89)));
    assert!(exchange.text().len() < 500);

    exchange.response_headers = headers(&[("cookie", &long), ("accept", "b")]);
    let expected = json!({"cookie": "***", "accept": "b"});
    assert_eq!(exchange.own_response_headers(), expected);
}

#[test]
fn all_header_names_are_plain_json() {
    for byte in 0..=255_u8 {
        if let Ok(name) = HeaderName::from_bytes(&[b'a', byte]) {
            assert!(text::is_plain(name.as_str().as_bytes()), "{name}");
        }
    }
}

#[test]
fn common_headers_hold_no_secret() {
    let names = "host date accept origin server x-host-ip user-agent connection x-client-id content-type \
                 x-request-id content-length x-lasting-time x-memory-usage accept-encoding accept-language \
                 x-content-type-options";
    for name in names.split_whitespace() {
        assert_eq!(
            headers::kind(name.as_bytes()),
            headers::Kind::Plain,
            "{name}"
        );
    }
}
