//! Bodies of every kind.

use super::*;

const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json";

#[track_caller]
fn check(content_type: &str, body: impl AsRef<[u8]>, expected: Value) {
    assert_eq!(Exchange::body(content_type, body).logged_body(), expected);
}

#[test]
fn json_is_a_value() {
    for content_type in [
        JSON,
        "Application/JSON; charset=utf-8",
        "application/problem+json",
        "text/json",
    ] {
        check(
            content_type,
            r#" {"a":[1, -2.5e3 ,"x",null,true,false,{},[ ]]} "#,
            json!({"a": [1, -2500.0, "x", null, true, false, {}, []]}),
        );
        check(content_type, "7", json!(7));
        check(content_type, r#""s""#, json!("s"));
        check(content_type, "", json!(""));
    }
}

#[test]
fn json_is_compacted() {
    let text = Exchange::body(JSON, "{ \"a\" :\r\n [ 1 ,\t2 ] ,\"b c\": \" d \" }\n").text();
    assert!(text.contains(r#""body":{"a":[1,2],"b c":" d "}"#), "{text}");
}

#[test]
fn json_secrets_are_masked_whole_at_any_depth() {
    check(
        JSON,
        r#"{"user":"bob","password":"hunter2","a":[{"Api-Key":{"x":["hunter2"]},"b":1},{"token":[1,[2]]}],"secret":null,"pwd":12,"z":{"otp":"1"}}"#,
        json!({"user":"bob","password":"***","a":[{"Api-Key":"***","b":1},{"token":"***"}],"secret":"***","pwd":"***","z":{"otp":"***"}}),
    );
    check(
        JSON,
        r#"{"token" : { "token": "hunter2" } , "b" : 2}"#,
        json!({"token": "***", "b": 2}),
    );
    check(
        JSON,
        r#"{"pass\u0077ord":"hunter2","to\u006Ben":1,"a\"b":2}"#,
        json!({"password": "***", "token": "***", "a\"b": 2}),
    );
    check(
        JSON,
        r#"{"secret":{"a\u2028\ud800":"\u0041","你":1e999}}"#,
        json!({"secret": "***"}),
    );
    check(
        JSON,
        r#"{"密码":"hunter2","\u5bc6\u7801":"hunter2","\ud83d":1,"a":[{"key":"k","api_key":"hunter2","cvv":1}],"b":"é"}"#,
        json!({"密码": "***", "\u{fffd}": 1, "a": [{"key": "k", "api_key": "***", "cvv": "***"}], "b": "é"}),
    );
    check(
        JSON,
        r#"["password","hunter3"]"#,
        json!(["password", "hunter3"]),
    );
}

#[test]
fn escapes_stay_and_separators_become_escapes() {
    check(
        JSON,
        r#"{"a":"\"\\\/\b\f\n\r\t\u00e4\ud83d\ude00"}"#,
        json!({"a": "\"\\/\u{8}\u{c}\n\r\tä😀"}),
    );
    check(
        JSON,
        "{\"a\":\"x\u{2028}y\u{2029}z\u{7f}\u{9b}ä€é你好😀\"}",
        json!({"a": "x\u{2028}y\u{2029}z\u{7f}\u{9b}ä€é你好😀"}),
    );
}

#[test]
fn what_strict_readers_refuse_is_replaced() {
    check(
        JSON,
        r#"["\ud800","\ude00x","\ud800\u0041"]"#,
        json!(["\u{fffd}", "\u{fffd}x", "\u{fffd}A"]),
    );
    check(
        JSON,
        "[1e999,-1E+400,1e-999,9e99,12345]",
        json!(["1e999", "-1E+400", 0.0, 9e99, 12345]),
    );
    let huge = "9".repeat(400);
    check(JSON, format!("[{huge},1]"), json!([huge, 1]));
}

#[test]
fn broken_json_shows_its_beginning_masked() {
    let cases = [
        (
            r#"{"password":"hunter2","a":1"#,
            r#"{"password":"***","a":1…"#,
        ),
        (r#"{"password":"hunter2"#, r#"{"password":"***"…"#),
        (r#"{"password":"hun"ter2"}"#, r#"{"password":"***"…"#),
        (r#"{"password:"hunter2"}"#, r#"{"password:***…"#),
        (r#"{"a":"b"password":"hunter2"}"#, r#"{"a":"b"…"#),
        (r#"{'password':'hunter2'}"#, "{…"),
        (r#"{"a":1,}"#, r#"{"a":1,…"#),
        (
            r#"{"token":1,"a":"x\"token\":hunter2"#,
            r#"{"token":"***","a":"x\"token\":***…"#,
        ),
        (r#"{"a" 1}"#, r#"{"a"…"#),
        (r#"[1 2]"#, "[1…"),
        (r#"[1}"#, "[1…"),
        (r#"{"a":tru}"#, r#"{"a":…"#),
        (r#"{"a":01}"#, r#"{"a":…"#),
        (r#"[1.]"#, "[…"),
        (r#"[1e]"#, "[…"),
        (r#"[-]"#, "[…"),
        (r#"["\x hunter2"]"#, r#"["…"#),
        (r#"["\u12 hunter2"]"#, r#"["…"#),
        ("[\"a\nhunter2\"]", r#"["a…"#),
        (r#"{"a":1} {"password":"hunter2"}"#, r#"{"a":1}…"#),
        ("{}\0", "{}…"),
        ("]", "…"),
        ("   ", "…"),
        ("[", "[…"),
        ("{", "{…"),
        ("nulll", "null…"),
    ];
    for (body, shown) in cases {
        check(JSON, body, json!(shown));
    }
    check(JSON, b"{\"a\":\"\xffhunter2\"}", json!(r#"{"a":"…"#));
    check(JSON, b"{\"a\":1}\xff", json!(r#"{"a":1}…"#));
}

#[test]
fn json_too_deep_is_broken() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert!(Exchange::body(JSON, nested(125)).logged_body().is_array());
    check(JSON, nested(126), json!(format!("{}…", "[".repeat(125))));
    let endless = r#"{"a":"#;
    check(JSON, endless.repeat(100_000), json!(endless.repeat(125)));
    check(
        JSON,
        format!("{{\"token\":{}}}", nested(200)),
        json!(r#"{"token":"***"…"#),
    );
}

#[test]
fn long_json_is_cut_safely_at_every_length() {
    let body = r#"{"a":"x\"\\\u00e4\ud83d\ude00你\u2028", "token": ["hunter2", {"b":1}], "n": 12.5, "l": true}"#;
    let whole = r#"{"a":"x\"\\\u00e4\ud83d\ude00你\u2028","token":"***","n":12.5,"l":true}"#;
    for limit in 0..=body.len() + 1 {
        let mut exchange = Exchange::body(JSON, body);
        exchange.limits.body = limit;
        assert!(!exchange.text().contains("hunter"));
        let shown = exchange.logged_body();
        if limit >= body.len() {
            assert!(shown.is_object());
        } else {
            let shown = shown.as_str().unwrap();
            assert!(whole.starts_with(shown), "{shown}");
            assert!(!shown.ends_with(r"\ud83d"), "{shown}");
        }
    }
}

#[test]
fn a_prefix_is_never_a_value() {
    for body in ["123", "{}", r#""s""#] {
        let mut exchange = Exchange::body(JSON, body);
        exchange.request_truncated = true;
        assert!(exchange.logged_body().is_string());
    }
}

#[test]
fn forms_are_objects() {
    check(
        FORM,
        "a=1&b=x+y%26&a=2&password=hunter2",
        json!({"a": ["1", "2"], "b": "x y&", "password": "***"}),
    );
    check(FORM, "a=password%3Dhunter2", json!({"a": "password=***…"}));
    let mut exchange = Exchange::body(FORM, "a=1&password=hunter2&b=22");
    for limit in 0..24 {
        exchange.limits.body = limit;
        assert!(!exchange.text().contains("hunter"));
        let shown = exchange.logged_body();
        let shown = shown.as_str().unwrap().trim_end_matches('"');
        assert!(
            r#"{"a":"1","password":"***","b":"22"}"#.starts_with(shown) || limit < 13,
            "{shown}"
        );
    }
}

#[test]
fn json_sent_as_a_form_is_json() {
    check(
        FORM,
        r#" {"password":"hunter2"}"#,
        json!({"password": "***"}),
    );
    check(
        FORM,
        r#"{"password":"hunter2&a=b"#,
        json!(r#"{"password":"***"…"#),
    );
}

#[test]
fn text_is_a_string_up_to_the_first_secret() {
    check(
        "text/plain; charset=utf-8",
        "plain\n\u{1b}[31m\"你\" x=1",
        json!("plain\n\u{1b}[31m\"你\" x=1"),
    );
    check("text/plain", b"a\xffb", json!("a\u{fffd}b"));
    check(
        "text/plain",
        "user=bob\npassword = hunter2",
        json!("user=bob\npassword =***…"),
    );
    check(
        "text/plain",
        r#"x {"api_key": "hunter2"}"#,
        json!(r#"x {"api_key":***…"#),
    );
    check(
        "text/xml",
        "<a><b>1</b><password>hunter2</password></a>",
        json!("<a><b>1</b><password>***…"),
    );
    check(
        "text/plain",
        "用户：张三 验证码：hunter2",
        json!("用户：张三 验证码：***…"),
    );
    check("text/plain", "pass＝hunter2", json!("pass＝***…"));
    check("text/plain", "你的密码: hunter2", json!("你的密码:***…"));
    check("text/plain", "名称：张 x", json!("名称：张 x"));
    let mut exchange = Exchange::body("text/plain", "a你好");
    for (limit, shown) in [(1, "a"), (3, "a"), (4, "a你"), (7, "a你好")] {
        exchange.limits.body = limit;
        assert_eq!(exchange.logged_body(), shown);
    }
}

#[test]
fn other_types_are_named_with_their_size() {
    check(
        "multipart/form-data; boundary=x",
        "--x",
        json!("<multipart 3 bytes>"),
    );
    check(
        "application/octet-stream",
        [0; 5000],
        json!("<binary 5000 bytes>"),
    );
    check("image/png", "hunter2", json!("<binary 7 bytes>"));
    let mut exchange = Exchange::body("image/png", "abc");
    exchange.request_truncated = true;
    assert_eq!(exchange.logged_body(), "<binary 3+ bytes>");
    let mut exchange = Exchange::body(JSON, "\u{1f}gzip");
    exchange
        .request_headers
        .insert("content-encoding", HeaderValue::from_static("gzip"));
    assert_eq!(exchange.logged_body(), "<binary 5 bytes>");
    let mut exchange = Exchange::body(JSON, "[]");
    exchange
        .request_headers
        .insert("content-encoding", HeaderValue::from_static("identity"));
    assert_eq!(exchange.logged_body(), json!([]));
}

#[test]
fn without_a_content_type_the_looks_decide() {
    check("", r#"{"password":"hunter2"}"#, json!({"password": "***"}));
    check(
        "",
        r#"{"password":"hunter2"#,
        json!(r#"{"password":"***"…"#),
    );
    check("", " 12 ", json!(12));
    check("", r#""token: hunter2""#, json!(r#""token:***…"#));
    check("", "hello a=b", json!("hello a=b"));
    check("", "a=b&token=hunter2", json!({"a": "b", "token": "***"}));
    check("", "hello: token: hunter2", json!("hello: token:***…"));
    check("", b"\xff\xfe\0abc", json!("<binary 6 bytes>"));
    check("", "", json!(""));
    let mut exchange = Exchange::body("", "a你");
    exchange.limits.body = 2;
    assert_eq!(exchange.logged_body(), "a");
}
