//! What clients are told about refused values, in both languages.

use std::collections::HashMap;

use garde::Validate;
use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::*;
use crate::Locale::{self, En, ZhCn};
use crate::values::{self, Pairs, many, one};

/// The explanation of a body as JSON.
fn body<T: JsonSchema>(instance: &Value, locale: Locale) -> Value {
    let explainer = Explainer::new::<T>();
    assert!(explainer.is_ready());
    json!(explainer.explain(instance, Place::Body, locale))
}

/// The explanation of what serde refused.
fn refused<T: JsonSchema + DeserializeOwned>(instance: &Value, locale: Locale) -> Value {
    let text = instance.to_string();
    let mut json = serde_json::Deserializer::from_str(&text);
    let Err(error) = serde_path_to_error::deserialize::<_, T>(&mut json) else {
        panic!("serde accepts {instance}");
    };
    let explainer = Explainer::new::<T>();
    json!(explainer.explain_serde(instance, &error, Place::Body, locale))
}

/// The explanation of what garde refused.
fn ruled<T>(instance: &Value, locale: Locale) -> Value
where
    T: JsonSchema + DeserializeOwned + Validate<Context = ()>,
{
    let value: T = serde_json::from_value(instance.clone()).unwrap();
    let report = localised(locale, || value.validate()).unwrap_err();
    json!(Explainer::new::<T>().explain_garde(instance, &report, Place::Body, locale))
}

#[derive(Debug, Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase")]
struct User {
    #[garde(length(chars, min = 2, max = 5))]
    user_name: String,
    #[garde(range(min = 1, max = 150))]
    age: u8,
    #[garde(email)]
    mail: Option<String>,
    #[garde(url)]
    home: Option<String>,
    #[garde(pattern(r"^[0-9]+$"))]
    code: Option<String>,
    #[garde(inner(length(chars, min = 1)), length(max = 2))]
    #[serde(default)]
    tags: Vec<String>,
    #[garde(range(min = 0.5))]
    price: Option<f64>,
    #[garde(dive)]
    #[serde(default)]
    pets: Vec<Pet>,
}

#[derive(Debug, Deserialize, JsonSchema, Validate)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "only deserialised")]
struct Pet {
    #[garde(length(chars, min = 1))]
    name: String,
    #[garde(skip)]
    kind: Option<Kind>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Kind {
    /// Documented variants become constants behind the others in the schema.
    Cat,
    Dog,
}

#[test]
fn all_failing_fields_at_once() {
    let instance = json!({"age": "x", "tags": ["a", 1], "pets": [{"kind": "cow", "x": 1}]});
    assert_eq!(
        body::<User>(&instance, ZhCn),
        json!({
            "age": ["必须是整数，收到的是 \"x\""],
            "tags[1]": ["必须是字符串，收到的是 1"],
            "pets[0].kind": ["必须是以下之一：dog、cat，收到的是 \"cow\""],
            "pets[0].x": ["不允许出现此项"],
            "pets[0].name": ["此项必填"],
            "userName": ["此项必填"],
        }),
    );
    assert_eq!(
        body::<User>(&instance, En),
        json!({
            "age": ["Must be an integer; received \"x\"."],
            "tags[1]": ["Must be a string; received 1."],
            "pets[0].kind": ["Must be one of: dog, cat; received \"cow\"."],
            "pets[0].x": ["This field is not allowed."],
            "pets[0].name": ["This field is required."],
            "userName": ["This field is required."],
        }),
    );
}

#[test]
fn rules_name_their_bounds() {
    let instance = json!({
        "userName": "a", "age": 151, "mail": "nobody", "home": "here", "code": "x1",
        "tags": ["", "b", "c"], "price": 0.25, "pets": [{"name": ""}],
    });
    let zh = json!({
        "userName": ["长度不能少于 2 个字符"],
        "age": ["不能大于 150，收到的是 151"],
        "mail": ["必须是有效的邮箱地址，收到的是 \"nobody\""],
        "home": ["必须是有效的网址，收到的是 \"here\""],
        "code": ["格式不正确，应匹配 ^[0-9]+$，收到的是 \"x1\""],
        "tags": ["最多允许 2 项"],
        "tags[0]": ["长度不能少于 1 个字符"],
        "price": ["不能小于 0.5，收到的是 0.25"],
        "pets[0].name": ["长度不能少于 1 个字符"],
    });
    let en = json!({
        "userName": ["Must have at least 2 characters."],
        "age": ["Must be at most 150; received 151."],
        "mail": ["Must be a valid email address; received \"nobody\"."],
        "home": ["Must be a valid URL; received \"here\"."],
        "code": ["Must match the pattern ^[0-9]+$; received \"x1\"."],
        "tags": ["Must have at most 2 items."],
        "tags[0]": ["Must have at least 1 character."],
        "price": ["Must be at least 0.5; received 0.25."],
        "pets[0].name": ["Must have at least 1 character."],
    });
    assert_eq!(body::<User>(&instance, ZhCn), zh);
    assert_eq!(body::<User>(&instance, En), en);
    // garde finds the same fields, under their names of the wire.
    assert_eq!(ruled::<User>(&instance, ZhCn), zh);
    assert_eq!(ruled::<User>(&instance, En), en);
}

#[test]
fn places_stand_before_fields() {
    let explainer = Explainer::new::<User>();
    let at = |instance: Value, place| {
        let errors = explainer.explain(&instance, place, En);
        errors
            .iter()
            .map(|(path, _)| path.to_owned())
            .collect::<Vec<_>>()
    };
    let bad = json!({"userName": 1, "age": 2});
    assert_eq!(at(bad.clone(), Place::Body), ["userName"]);
    assert_eq!(at(bad.clone(), Place::Form), ["userName"]);
    assert_eq!(at(bad.clone(), Place::Query), ["query.userName"]);
    assert_eq!(at(bad.clone(), Place::Path), ["path.userName"]);
    assert_eq!(at(bad.clone(), Place::Header), ["header.userName"]);
    assert_eq!(at(bad, Place::Cookie), ["cookie.userName"]);
    assert_eq!(at(json!([]), Place::Body), ["body"]);
    assert_eq!(at(json!([]), Place::Query), ["query"]);
    assert_eq!(Place::Header.field("x-tenant"), "header.x-tenant");
    assert_eq!(Place::Body.field("a.b"), "[\"a.b\"]");
    assert_eq!(
        body::<Vec<Pet>>(&json!([{"name": 1}]), En),
        json!({"[0].name": ["Must be a string; received 1."]}),
    );
}

#[test]
fn integers_are_limited_to_their_type() {
    #[derive(Deserialize, JsonSchema)]
    #[expect(dead_code, reason = "only deserialised")]
    struct Sizes {
        small: i8,
        wide: u64,
        count: u32,
        option: Option<i32>,
    }
    assert_eq!(
        body::<Sizes>(
            &json!({"small": 200, "wide": 1e30, "count": 5_000_000_000_u64, "option": 1e10}),
            ZhCn
        ),
        json!({
            "small": ["不能大于 127，收到的是 200"],
            "wide": ["不能大于 18446744073709551615，收到的是 1e+30"],
            "count": ["不能大于 4294967295，收到的是 5000000000"],
            "option": ["不能大于 2147483647，收到的是 10000000000.0"],
        }),
    );
    // The schema takes 4.0 for an integer, serde does not.
    let instance = json!({"small": 4.0, "wide": 1, "count": -1});
    assert_eq!(
        refused::<Sizes>(&instance, ZhCn),
        json!({"count": ["不能小于 0，收到的是 -1"], "small": ["必须是整数"]}),
    );
}

#[derive(Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
#[expect(dead_code, reason = "only deserialised")]
enum Shape {
    Circle { radius: f64 },
    Square { side: f64 },
}

#[derive(Deserialize, JsonSchema)]
#[expect(dead_code, reason = "only deserialised")]
enum Action {
    Stop,
    Wait,
    Move { to: String },
    Say(String),
}

#[derive(Deserialize, JsonSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "only deserialised")]
enum Loose {
    Number(u32),
    Pair { a: u32, b: u32 },
    Other { c: String },
}

#[derive(Deserialize, JsonSchema)]
#[expect(dead_code, reason = "only deserialised")]
struct Drawing {
    shape: Option<Shape>,
    action: Option<Action>,
    loose: Option<Loose>,
    maybe: Option<Pet>,
}

#[test]
fn alternatives_report_the_one_that_was_meant() {
    let cases = [
        (
            json!({"maybe": {}}),
            "maybe.name",
            "This field is required.",
        ),
        (
            json!({"maybe": 1}),
            "maybe",
            "Must be an object; received 1.",
        ),
        (
            json!({"shape": {"type": "circle", "radius": "x"}}),
            "shape.radius",
            "Must be a number; received \"x\".",
        ),
        (
            json!({"shape": {"type": "square"}}),
            "shape.side",
            "This field is required.",
        ),
        (
            json!({"shape": {"type": "line"}}),
            "shape.type",
            "Must be one of: circle, square; received \"line\".",
        ),
        (
            json!({"shape": {"side": 1}}),
            "shape.type",
            "This field is required.",
        ),
        (
            json!({"shape": 5}),
            "shape",
            "Must be an object; received 5.",
        ),
        (
            json!({"action": "Jump"}),
            "action",
            "Must be one of: Stop, Wait; received \"Jump\".",
        ),
        (
            json!({"action": {"Move": {}}}),
            "action.Move.to",
            "This field is required.",
        ),
        (
            json!({"action": {"Say": 1}}),
            "action.Say",
            "Must be a string; received 1.",
        ),
        (
            json!({"action": {"Jump": 1}}),
            "action",
            "Must be one of: Move, Say.",
        ),
        (
            json!({"loose": {"c": 1}}),
            "loose.c",
            "Must be a string; received 1.",
        ),
        (
            json!({"loose": true}),
            "loose",
            "Must be an integer or an object; received true.",
        ),
        (
            json!({"loose": -1}),
            "loose",
            "Must be at least 0; received -1.",
        ),
        (
            json!({"loose": {}}),
            "loose",
            "Does not match any of the allowed forms.",
        ),
    ];
    for (instance, path, text) in cases {
        assert_eq!(
            body::<Drawing>(&instance, En),
            json!({path: [text]}),
            "{instance}"
        );
        assert_eq!(
            refused::<Drawing>(&instance, En),
            json!({path: [text]}),
            "{instance}"
        );
    }
    let loose = json!({"loose": {}});
    assert_eq!(
        body::<Drawing>(&loose, ZhCn),
        json!({"loose": ["不符合任何一种允许的形式"]})
    );
}

#[test]
fn formats_agree_with_the_types_and_with_garde() {
    let check = |format: &str, text: &str| {
        let schema = json!({"type": "string", "format": format});
        Explainer::from_schema(schema)
            .explain(&json!(text), Place::Body, En)
            .is_empty()
    };
    for (text, valid) in [
        ("a@b.com", true),
        ("a@localhost", true),
        ("a@[127.0.0.1]", true),
        ("用户@例子.com", false),
        ("a b@c.com", false),
        ("@b.com", false),
        ("\"q\"@b.com", false),
    ] {
        use garde::rules::email::Email;
        assert_eq!(text.validate_email().is_ok(), valid, "{text}");
        assert_eq!(check("email", text), valid, "{text}");
    }
    assert!(
        check("uri", "http://例子.com/a b"),
        "as garde's url reads it"
    );
    assert!(!check("uri", "a/b"));
    assert!(check("uuid", "00000000-0000-4000-8000-000000000000"));
    assert!(check("uuid", "{00000000-0000-4000-8000-000000000000}"));
    assert!(check("uuid", "00000000000040008000000000000000"));
    assert!(!check("uuid", "0000"));
    assert!(check("date-time", "2024-01-31T08:00:00Z"));
    assert!(check("date-time", "2024-01-31 08:00:00+08:00"));
    assert!(!check("date-time", "2024-02-31T08:00:00Z"));
    assert!(check("partial-date-time", "2024-01-31T08:00:00"));
    assert!(!check("partial-date-time", "2024-01-31"));
    assert!(check("date", "2024-02-29") && !check("date", "2023-02-29"));
    assert!(check("ip", "::1") && check("ip", "1.2.3.4") && !check("ip", "1.2.3"));
    assert!(check("ipv4", "1.2.3.4") && !check("ipv4", "::1"));
    assert!(check("ipv6", "::1") && !check("ipv6", "1.2.3.4"));
    assert!(check("unheard-of", "anything"));
    let pattern = |pattern: &str, text: &str| {
        Explainer::from_schema(json!({"type": "string", "pattern": pattern}))
            .explain(&json!(text), Place::Body, En)
            .is_empty()
    };
    assert!(
        pattern(r"^\d$", "٣"),
        "digits of all scripts, as the regex crate reads it"
    );
    assert!(!pattern(r"^a\z", "a\n") && pattern(r"(?i)^a\z", "A"));
    assert!(
        pattern(r"(?=x)", "y"),
        "what garde cannot compile is not checked"
    );
}

#[test]
fn secrets_are_not_repeated() {
    #[derive(JsonSchema)]
    #[expect(dead_code, reason = "only its schema")]
    struct Login {
        password: u8,
        api_key: u8,
        #[schemars(rename = "accessToken")]
        token: u8,
        secret: Inner,
        monkey: u8,
    }
    #[derive(JsonSchema)]
    #[expect(dead_code, reason = "only its schema")]
    struct Inner {
        value: u8,
    }
    let instance = json!({"password": "p", "api_key": "p", "accessToken": "p",
        "secret": {"value": "p"}, "monkey": "x".repeat(100)});
    assert_eq!(
        body::<Login>(&instance, En),
        json!({
            "password": ["Must be an integer."],
            "api_key": ["Must be an integer."],
            "accessToken": ["Must be an integer."],
            "secret.value": ["Must be an integer."],
            "monkey": [format!("Must be an integer; received \"{}…\".", "x".repeat(64))],
        }),
    );
    let cookie = Explainer::new::<Login>().explain(&json!({"monkey": "x"}), Place::Cookie, En);
    assert_eq!(cookie.get("cookie.monkey"), ["Must be an integer."]);
}

#[test]
fn serde_says_what_the_schema_does_not_know() {
    #[derive(Debug)]
    struct Even;
    impl<'de> Deserialize<'de> for Even {
        fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            let number = u8::deserialize(deserializer)?;
            match number % 2 {
                0 => Ok(Self),
                _ => Err(serde::de::Error::custom("odd number at src/even.rs:12:5")),
            }
        }
    }
    #[derive(Deserialize)]
    #[expect(dead_code, reason = "only deserialised")]
    struct Holder {
        list: Vec<Even>,
        #[serde(default)]
        password: Option<Even>,
    }
    impl JsonSchema for Holder {
        fn schema_name() -> std::borrow::Cow<'static, str> {
            "Holder".into()
        }
        fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
            schemars::json_schema!({"type": "object"})
        }
    }
    let refuse = |instance: Value| refused::<Holder>(&instance, ZhCn);
    assert_eq!(
        refuse(json!({"list": [2, 1]})),
        json!({"list[1]": ["取值无效：odd number at"]})
    );
    assert_eq!(
        refuse(json!({"list": [], "password": 1})),
        json!({"password": ["取值无效"]})
    );
    assert_eq!(refuse(json!({})), json!({"list": ["此项必填"]}));
    assert_eq!(
        refuse(json!({"list": ["x"]})),
        json!({"list[0]": ["必须是整数"]})
    );
    assert_eq!(
        refuse(json!({"list": [300]})),
        json!({"list[0]": ["必须在 0 到 255 之间"]})
    );
    assert_eq!(refuse(json!({"list": 1})), json!({"list": ["必须是列表"]}));
    assert_eq!(
        refuse(json!(1)),
        json!({"body": ["必须是对象，收到的是 1"]})
    );
    assert_eq!(
        refused::<Holder>(&json!({"list": [1]}), En),
        json!({"list[0]": ["Invalid value: odd number at."]}),
    );
}

#[test]
fn sentences_of_serde_become_messages() {
    fn say<T: DeserializeOwned>(text: &str, locale: Locale) -> Value {
        let mut json = serde_json::Deserializer::from_str(text);
        let error = serde_path_to_error::deserialize::<_, T>(&mut json)
            .err()
            .unwrap();
        json!(explain_parse(&error, Place::Body, locale))
    }
    assert_eq!(
        say::<Pet>("{\n \"name\": ]", ZhCn),
        json!({"body": ["JSON 格式有误，位于第 2 行第 10 列"]})
    );
    assert_eq!(
        say::<Pet>("{", En),
        json!({"body": ["Malformed JSON at line 1, column 1."]})
    );
    assert_eq!(
        say::<Pet>(r#"{"name": "a", "x": 1}"#, En),
        json!({"x": ["This field is not allowed."]})
    );
    assert_eq!(
        say::<Pet>(r#"{"name": "a", "name": "b"}"#, ZhCn),
        json!({"name": ["此项重复出现"]})
    );
    assert_eq!(
        say::<Pet>(r#"{"name": "a", "kind": "cow"}"#, ZhCn),
        json!({"kind": ["必须是以下之一：cat、dog"]})
    );
    assert_eq!(
        say::<Loose>("true", En),
        json!({"body": ["Does not match any of the allowed forms."]})
    );
    assert_eq!(
        say::<char>(r#""ab""#, En),
        json!({"body": ["Must be a single character."]})
    );
    assert_eq!(
        say::<(u8, u8)>("[1]", En),
        json!({"body": ["Invalid value: expected a tuple of size 2."]})
    );
}

#[test]
fn parameters_in_words() {
    fn say<T: DeserializeOwned + std::fmt::Debug>(values: &[&str], locale: Locale) -> String {
        let error = one::<T>(values).unwrap_err();
        let errors = explain_value(&error, Place::Query, Some("n"), None, locale);
        let (path, texts) = errors.iter().next().unwrap();
        format!("{path}: {}", texts.join(" "))
    }
    assert_eq!(say::<u8>(&[], ZhCn), "query.n: 此项必填");
    assert_eq!(say::<u8>(&["x"], ZhCn), "query.n: 必须是整数");
    assert_eq!(say::<u8>(&["300"], ZhCn), "query.n: 必须在 0 到 255 之间");
    assert_eq!(say::<f64>(&["x"], En), "query.n: Must be a number.");
    assert_eq!(say::<bool>(&["x"], En), "query.n: Must be a boolean.");
    assert_eq!(say::<char>(&["xy"], ZhCn), "query.n: 必须是单个字符");
    assert_eq!(
        say::<Kind>(&["x"], En),
        "query.n: Must be one of: cat, dog."
    );
    assert_eq!(
        say::<Vec<u8>>(&["1", "x"], En),
        "query.n[1]: Must be an integer."
    );
    assert_eq!(
        say::<(u8, u8)>(&["1"], En),
        "query.n: Must have exactly 2 items."
    );
    assert_eq!(
        say::<HashMap<u8, u8>>(&["1"], En),
        "query.n: Invalid value."
    );
    assert_eq!(
        say::<std::net::IpAddr>(&["x"], ZhCn),
        "query.n: 取值无效：invalid IP address syntax"
    );
    let error = one::<u8>(&["x"]).unwrap_err();
    let value = json!("x");
    let errors = explain_value(&error, Place::Query, Some("n"), Some(&value), En);
    assert_eq!(
        errors.get("query.n"),
        ["Must be an integer; received \"x\"."]
    );
    let errors = explain_value(&error, Place::Header, Some("x-api-key"), Some(&value), En);
    assert_eq!(errors.get("header.x-api-key"), ["Must be an integer."]);
}

#[test]
fn queries_name_every_failing_parameter() {
    #[derive(Debug, Deserialize, JsonSchema)]
    #[expect(dead_code, reason = "only deserialised")]
    struct Query {
        n: i32,
        b: Option<bool>,
        #[serde(default)]
        l: Vec<u8>,
        ip: Option<std::net::IpAddr>,
    }
    let explainer = Explainer::new::<Query>();
    let say = |query: &str| {
        let pairs = Pairs::from_query(query).unwrap();
        let error = many::<Query>(&pairs).unwrap_err();
        let instance = values::to_json(&pairs, explainer.schema());
        json!(explainer.explain_pairs(&instance, &error, Place::Query, ZhCn))
    };
    assert_eq!(
        say("n=x&b=maybe&l=1&l=300"),
        json!({
            "query.n": ["必须是整数，收到的是 \"x\""],
            "query.b": ["必须是布尔值，收到的是 \"maybe\""],
            "query.l[1]": ["不能大于 255，收到的是 300"],
        }),
    );
    assert_eq!(say(""), json!({"query.n": ["此项必填"]}));
    assert_eq!(say("n="), json!({"query.n": ["必须是整数，收到的是 \"\""]}));
    assert_eq!(
        say("n=4.0"),
        json!({"query.n": ["必须是整数，收到的是 \"4.0\""]})
    );
    assert_eq!(
        say("n=1&ip=x"),
        json!({"query.ip": ["必须是有效的 IP 地址，收到的是 \"x\""]})
    );
}

fn is_lower(text: &str, (): &()) -> garde::Result {
    match text.chars().any(char::is_uppercase) {
        true => Err(garde::Error::new("只能用小写字母")),
        false => Ok(()),
    }
}

#[derive(Deserialize, JsonSchema, Validate)]
struct Custom {
    #[garde(custom(is_lower), length(chars, min = 3))]
    #[serde(rename = "login-name")]
    login_name: String,
    #[garde(matches(login_name))]
    #[serde(default)]
    again: String,
    #[garde(length(max = 4), ascii)]
    bytes: String,
    #[garde(dive)]
    #[serde(flatten)]
    extra: Extra,
    #[garde(dive)]
    by_name: HashMap<String, Extra>,
}

#[derive(Deserialize, JsonSchema, Validate)]
struct Extra {
    #[garde(prefix("x"), suffix("y"))]
    r#type: String,
}

#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase")]
enum Step {
    #[serde(rename_all = "camelCase")]
    GoTo {
        #[garde(range(min = 1))]
        line_number: u32,
    },
    Print(#[garde(length(chars, min = 1))] String),
}

#[derive(Deserialize, JsonSchema, Validate)]
struct Steps(#[garde(dive)] Vec<Step>);

#[test]
fn custom_rules_keep_their_text() {
    let instance = json!({"login-name": "Ab", "again": "Ab", "bytes": "好的", "type": "x",
        "by_name": {"k": {"type": "y"}}});
    assert_eq!(
        ruled::<Custom>(&instance, ZhCn),
        json!({
            "login-name": ["只能用小写字母", "长度不能少于 3"],
            "bytes": ["只能包含 ASCII 字符", "长度不能超过 4"],
            "type": ["必须以 y 结尾"],
            "by_name.k.type": ["必须以 x 开头"],
        }),
    );
    let instance = json!({"login-name": "abc", "again": "abd", "bytes": "", "type": "xy",
        "by_name": {}});
    assert_eq!(
        ruled::<Custom>(&instance, En),
        json!({"again": ["Must be the same as login_name."]}),
    );
}

#[test]
fn rules_inside_variants_and_newtypes() {
    let instance = json!([{"goTo": {"lineNumber": 0}}, {"print": ""}]);
    assert_eq!(
        ruled::<Steps>(&instance, En),
        json!({
            "[0].goTo.lineNumber": ["Must be at least 1; received 0."],
            "[1].print": ["Must have at least 1 character."],
        }),
    );
}

#[test]
fn known_paths_are_left_to_the_explainer() {
    let mut report = garde::Report::new();
    report.append(garde::Path::new("user_name"), garde::Error::new("own text"));
    report.append(
        garde::Path::new("pets").join(0).join("name"),
        garde::Error::new("own text"),
    );
    report.append(
        garde::Path::new("unheard_of").join("x"),
        garde::Error::new("own text"),
    );
    let explainer = Explainer::new::<User>();
    let mut known = FieldErrors::new();
    known.add("query.userName", "ours");
    let errors = from_garde(&report, explainer.schema(), None, Place::Query, &known);
    assert_eq!(
        json!(errors),
        json!({"query.pets[0].name": ["own text"], "query.unheard_of.x": ["own text"]}),
    );
}

#[test]
fn large_instances_are_explained_in_part() {
    let explainer = Explainer::new::<Vec<String>>();
    let few = explainer.explain(&json!(vec![0; 2_000]), Place::Body, En);
    assert_eq!(few.len(), 1_000);
    let many = explainer.explain(&json!(vec![0; 20_000]), Place::Body, En);
    assert_eq!(many.len(), 100);
    let members: HashMap<_, _> = (0..20_000).map(|n| (n.to_string(), 0)).collect();
    let maps = Explainer::new::<HashMap<String, String>>();
    assert!(maps.explain(&json!(members), Place::Body, En).is_empty());
}

#[test]
fn remaining_keywords_in_words() {
    let say = |schema: Value, instance: Value, locale| {
        let explainer = Explainer::from_schema(schema);
        explainer
            .explain(&instance, Place::Body, locale)
            .get("body")
            .join(" ")
    };
    let cases = [
        (
            json!({"maxLength": 1}),
            json!("ab"),
            "长度不能超过 1 个字符",
            "Must have at most 1 character.",
        ),
        (
            json!({"exclusiveMinimum": 1}),
            json!(1),
            "必须大于 1，收到的是 1",
            "Must be greater than 1; received 1.",
        ),
        (
            json!({"exclusiveMaximum": 1}),
            json!(1),
            "必须小于 1，收到的是 1",
            "Must be less than 1; received 1.",
        ),
        (
            json!({"multipleOf": 5}),
            json!(3),
            "必须是 5 的倍数，收到的是 3",
            "Must be a multiple of 5; received 3.",
        ),
        (
            json!({"minItems": 1}),
            json!([]),
            "至少需要 1 项",
            "Must have at least 1 item.",
        ),
        (
            json!({"uniqueItems": true}),
            json!([1, 1]),
            "各项不能重复",
            "Items must not repeat.",
        ),
        (
            json!({"const": 1}),
            json!(2),
            "必须是 1，收到的是 2",
            "Must be 1; received 2.",
        ),
        (
            json!({"minProperties": 2}),
            json!({}),
            "至少需要 2 个字段",
            "Must have at least 2 fields.",
        ),
        (
            json!({"maxProperties": 0}),
            json!({"a": 1}),
            "最多允许 0 个字段",
            "Must have at most 0 fields.",
        ),
        (
            json!({"not": {}}),
            json!(1),
            "不允许使用此值",
            "This value is not allowed.",
        ),
        (
            json!({"contains": {"const": 1}}),
            json!([]),
            "缺少符合要求的项",
            "Must contain a suitable item.",
        ),
        (
            json!({"type": "boolean"}),
            json!(null),
            "必须是布尔值，收到的是 null",
            "Must be a boolean; received null.",
        ),
        (
            json!({"type": "array"}),
            json!({}),
            "必须是列表，收到的是对象",
            "Must be a list; received an object.",
        ),
        (
            json!({"type": ["number", "null"]}),
            json!([]),
            "必须是数字，收到的是列表",
            "Must be a number; received a list.",
        ),
    ];
    for (schema, instance, zh, en) in cases {
        assert_eq!(say(schema.clone(), instance.clone(), ZhCn), zh);
        assert_eq!(say(schema, instance, En), en);
    }
    assert!(!Explainer::from_schema(json!({"type": 5})).is_ready());
}

#[test]
fn field_errors_keep_order_and_drop_repetition() {
    let mut errors = FieldErrors::new();
    assert!(errors.is_empty());
    errors.add("b", "1");
    errors.add("a", "2");
    errors.add("b", "1");
    let mut more = FieldErrors::new();
    more.add("b", "3");
    errors.merge(more);
    assert_eq!(
        serde_json::to_string(&errors).unwrap(),
        r#"{"b":["1","3"],"a":["2"]}"#
    );
    assert_eq!((errors.len(), errors.get("c").len()), (2, 0));
}

#[test]
fn an_answer_is_never_without_a_reason() {
    // The schema finds nothing: serde's and garde's own texts remain.
    let explainer = Explainer::from_schema(json!(true));
    let mut json = serde_json::Deserializer::from_str("{}");
    let error = serde_path_to_error::deserialize::<_, Pet>(&mut json).unwrap_err();
    let errors = explainer.explain_serde(&json!({}), &error, Place::Body, En);
    assert_eq!(json!(errors), json!({"name": ["This field is required."]}));

    let mut report = garde::Report::new();
    report.append(garde::Path::empty(), garde::Error::new("own text"));
    let errors = explainer.explain_garde(&json!({}), &report, Place::Body, En);
    assert_eq!(json!(errors), json!({"body": ["own text"]}));

    let error = one::<u8>(&["x"]).unwrap_err();
    let errors = explainer.explain_pairs(&json!({}), &error, Place::Query, En);
    assert_eq!(json!(errors), json!({"query": ["Must be an integer."]}));
}

#[test]
fn what_garde_accepts_is_not_blamed() {
    #[derive(Deserialize, JsonSchema, Validate)]
    struct Bytes {
        // Bytes for garde, characters for the schema: only garde's verdict counts.
        #[garde(length(min = 5))]
        name: String,
        #[garde(range(min = 1))]
        n: i32,
    }
    assert_eq!(
        ruled::<Bytes>(&json!({"name": "你好", "n": 0}), En),
        json!({"n": ["Must be at least 1; received 0."]}),
    );
}
