//! What each kind of type makes of texts.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::net::IpAddr;

use proptest::prelude::*;
use serde::Deserialize;
use serde_json::json;

use super::*;

fn kind<T: DeserializeOwned + std::fmt::Debug>(values: &[&str]) -> ValueErrorKind {
    one::<T>(values).unwrap_err().kind().clone()
}

#[derive(Debug, Deserialize, PartialEq, Eq, Hash)]
#[serde(rename_all = "kebab-case")]
enum Colour {
    Red,
    DarkBlue,
}

#[derive(Debug, Deserialize, PartialEq)]
struct Id(u32);

#[test]
fn integers_are_digits_with_a_sign() {
    assert_eq!(one::<i64>(&["-7"]), Ok(-7));
    assert_eq!(one::<i64>(&["+5"]), Ok(5));
    assert_eq!(one::<u64>(&["007"]), Ok(7));
    assert_eq!(one::<u64>(&["-0"]), Ok(0));
    assert_eq!(one::<Id>(&["3"]), Ok(Id(3)));
    assert_eq!(one::<usize>(&["3"]), Ok(3));
    assert_eq!(
        one::<u128>(&["340282366920938463463374607431768211455"]),
        Ok(u128::MAX)
    );
    for text in [
        "", " 1", "1 ", "1_000", "4.0", "1e3", "0x1", "abc", "+", "-", "--1", "+-1", "１",
    ] {
        assert_eq!(kind::<i32>(&[text]), ValueErrorKind::NotInteger, "{text:?}");
        assert_eq!(kind::<u32>(&[text]), ValueErrorKind::NotInteger, "{text:?}");
    }
}

#[test]
fn an_integer_beyond_its_type_names_the_range() {
    let byte = ValueErrorKind::OutOfRange { min: 0, max: 255 };
    assert_eq!(kind::<u8>(&["256"]), byte);
    assert_eq!(kind::<u8>(&["-1"]), byte);
    assert_eq!(
        kind::<i8>(&["-129"]),
        ValueErrorKind::OutOfRange {
            min: -128,
            max: 127
        }
    );
    assert_eq!(
        kind::<u64>(&["123456789012345678901234567890"]),
        ValueErrorKind::OutOfRange {
            min: 0,
            max: u128::from(u64::MAX)
        },
    );
    assert!(matches!(
        kind::<std::num::NonZeroU8>(&["0"]),
        ValueErrorKind::Custom(_)
    ));
}

#[test]
fn numbers_are_finite() {
    assert_eq!(one::<f64>(&["-1.5e2"]), Ok(-150.0));
    assert_eq!(one::<f32>(&["5"]), Ok(5.0));
    for text in ["nan", "inf", "-infinity", "1e999", "", " 1", "1,5", "x"] {
        assert_eq!(kind::<f64>(&[text]), ValueErrorKind::NotNumber, "{text:?}");
    }
    assert_eq!(kind::<f32>(&["1e39"]), ValueErrorKind::NotNumber);
}

#[test]
fn booleans_are_words_in_any_case() {
    for text in ["true", "True", "1", "yes", "ON", "t", "Y"] {
        assert_eq!(one::<bool>(&[text]), Ok(true), "{text}");
    }
    for text in ["false", "FALSE", "0", "no", "Off", "F", "n"] {
        assert_eq!(one::<bool>(&[text]), Ok(false), "{text}");
    }
    for text in ["", "maybe", "2", " true"] {
        assert_eq!(kind::<bool>(&[text]), ValueErrorKind::NotBool, "{text:?}");
    }
}

#[test]
fn texts_characters_and_units() {
    assert_eq!(one::<String>(&[""]), Ok(String::new()));
    assert_eq!(
        one::<String>(&["a", "b"]),
        Ok("b".to_owned()),
        "the last one counts"
    );
    assert_eq!(one::<char>(&["好"]), Ok('好'));
    assert_eq!(kind::<char>(&["ab"]), ValueErrorKind::NotChar);
    assert_eq!(kind::<char>(&[""]), ValueErrorKind::NotChar);
    assert_eq!(one::<()>(&["x"]), Ok(()));
}

#[test]
fn what_reads_itself_from_a_text() {
    assert_eq!(
        one::<IpAddr>(&["127.0.0.1"]),
        Ok(IpAddr::from([127, 0, 0, 1]))
    );
    let refused = kind::<IpAddr>(&["s3cret"]);
    assert!(matches!(&refused, ValueErrorKind::Custom(text) if !text.contains("s3cret")));
}

#[test]
fn options_lists_and_tuples() {
    assert_eq!(one::<Option<u32>>(&[]), Ok(None));
    assert_eq!(one::<Option<u32>>(&["1"]), Ok(Some(1)));
    assert_eq!(kind::<Option<u32>>(&[""]), ValueErrorKind::NotInteger);
    assert_eq!(one::<Option<String>>(&[""]), Ok(Some(String::new())));
    assert_eq!(one::<Option<Vec<u32>>>(&[]), Ok(None));
    assert_eq!(one::<Vec<u32>>(&[]), Ok(vec![]));
    assert_eq!(one::<Vec<u32>>(&["1", "2"]), Ok(vec![1, 2]));
    assert_eq!(one::<HashSet<u32>>(&["1", "1"]), Ok(HashSet::from([1])));
    assert_eq!(one::<(u32, String)>(&["1", "x"]), Ok((1, "x".to_owned())));
    assert_eq!(one::<[u8; 2]>(&["1", "2"]), Ok([1, 2]));
    assert_eq!(
        kind::<[u8; 2]>(&["1"]),
        ValueErrorKind::WrongCount { expected: 2 }
    );
    assert_eq!(
        kind::<[u8; 2]>(&["1", "2", "3"]),
        ValueErrorKind::WrongCount { expected: 2 }
    );
    assert_eq!(kind::<[u8; 2]>(&[]), ValueErrorKind::Missing);
    let error = one::<Vec<u32>>(&["1", "x"]).unwrap_err();
    assert_eq!(
        (error.kind(), error.index()),
        (&ValueErrorKind::NotInteger, Some(1))
    );
}

#[test]
fn what_is_absent_is_missing() {
    assert_eq!(kind::<u32>(&[]), ValueErrorKind::Missing);
    assert_eq!(kind::<String>(&[]), ValueErrorKind::Missing);
    assert_eq!(kind::<Colour>(&[]), ValueErrorKind::Missing);
    assert!(one::<bool>(&[]).unwrap_err().is_missing());
}

#[test]
fn variants_by_their_serde_names() {
    assert_eq!(one::<Colour>(&["dark-blue"]), Ok(Colour::DarkBlue));
    assert_eq!(
        one::<Vec<Colour>>(&["red", "red"]),
        Ok(vec![Colour::Red, Colour::Red])
    );
    assert_eq!(
        kind::<Colour>(&["Red"]),
        ValueErrorKind::NotOneOf(&["red", "dark-blue"])
    );
}

#[test]
fn what_no_text_can_be_is_unsupported() {
    #[derive(Debug, Deserialize)]
    struct Nested {
        #[expect(dead_code, reason = "never filled")]
        a: u8,
    }
    #[derive(Debug, Deserialize)]
    enum Holder {
        #[expect(dead_code, reason = "never filled")]
        A(u8),
    }
    assert!(matches!(
        kind::<Nested>(&["1"]),
        ValueErrorKind::Unsupported(_)
    ));
    assert!(matches!(
        kind::<HashMap<String, u8>>(&["1"]),
        ValueErrorKind::Unsupported(_)
    ));
    assert!(matches!(
        kind::<Holder>(&["A"]),
        ValueErrorKind::Unsupported(_)
    ));
}

#[test]
fn pairs_are_decoded_in_order() {
    let pairs = Pairs::from_query("a=1+2&b=%E4%BD%A0&a=3&c&&d=%zz&e=%FF").unwrap();
    let all: Vec<_> = pairs.iter().collect();
    assert_eq!(
        all,
        [
            ("a", "1 2"),
            ("b", "你"),
            ("a", "3"),
            ("c", ""),
            ("d", "%zz"),
            ("e", "\u{fffd}")
        ],
    );
    assert_eq!(pairs.get_all("a").collect::<Vec<_>>(), ["1 2", "3"]);
    assert_eq!((pairs.len(), pairs.get_all("x").count()), (6, 0));
    assert!(Pairs::from_query("").unwrap().is_empty());
    assert_eq!(named::<u32>(&pairs, "x").unwrap_err().name(), Some("x"));
    assert_eq!(named::<u32>(&pairs, "a"), Ok(3));
}

#[test]
fn too_many_pairs_are_refused() {
    let full = "a=1&".repeat(MAX_PAIRS);
    assert_eq!(Pairs::from_query(&full).unwrap().len(), MAX_PAIRS);
    let error = Pairs::from_query(&format!("{full}b=1")).unwrap_err();
    assert_eq!(*error.kind(), ValueErrorKind::TooMany { limit: MAX_PAIRS });
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase")]
struct Filter {
    page_size: u32,
    #[serde(default)]
    tags: Vec<String>,
    #[serde(alias = "q")]
    query: Option<String>,
    #[serde(default = "yes")]
    active: bool,
    colour: Option<Colour>,
}

fn yes() -> bool {
    true
}

#[test]
fn structs_by_field_names() {
    let pairs = Pairs::from_query("tags=a&pageSize=5&other=1&tags=b&q=x&colour=red").unwrap();
    let expected = Filter {
        page_size: 5,
        tags: vec!["a".to_owned(), "b".to_owned()],
        query: Some("x".to_owned()),
        active: true,
        colour: Some(Colour::Red),
    };
    assert_eq!(many(&pairs), Ok(expected));

    let missing = many::<Filter>(&Pairs::default()).unwrap_err();
    assert_eq!(
        (missing.kind(), missing.name()),
        (&ValueErrorKind::Missing, Some("pageSize"))
    );
    let wrong = many::<Filter>(&Pairs::from_query("pageSize=x").unwrap()).unwrap_err();
    assert_eq!(
        (wrong.kind(), wrong.name()),
        (&ValueErrorKind::NotInteger, Some("pageSize"))
    );
}

#[test]
fn unknown_names_only_where_denied() {
    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Strict {
        #[expect(dead_code, reason = "only its name matters")]
        a: u8,
    }
    let error = many::<Strict>(&Pairs::from_query("a=1&b=2").unwrap()).unwrap_err();
    assert_eq!(
        (error.kind(), error.name()),
        (&ValueErrorKind::UnknownName, Some("b"))
    );
}

#[test]
fn maps_lists_and_options_of_pairs() {
    let pairs = Pairs::from_pairs([("1", "a"), ("2", "b"), ("1", "c")]);
    let map: BTreeMap<u8, String> = many(&pairs).unwrap();
    assert_eq!(
        map,
        BTreeMap::from([(1, "c".to_owned()), (2, "b".to_owned())])
    );
    let lists: HashMap<String, Vec<char>> = many(&pairs).unwrap();
    assert_eq!(lists["1"], ['a', 'c']);
    assert_eq!(
        many::<Option<HashMap<String, String>>>(&Pairs::default()),
        Ok(None)
    );
    assert_eq!(many::<()>(&pairs), Ok(()));
}

#[test]
fn many_pairs_are_grouped_as_few_are() {
    let pairs = Pairs::from_pairs((0..600).map(|n| ((n % 300).to_string(), n.to_string())));
    let map: BTreeMap<u32, Vec<u32>> = many(&pairs).unwrap();
    assert_eq!(map.len(), 300);
    assert!(
        map.iter()
            .all(|(name, values)| *values == [*name, name + 300])
    );
}

#[test]
fn flattened_numbers_need_the_schema() {
    #[derive(Debug, Deserialize, PartialEq)]
    struct Page {
        page: u32,
    }
    #[derive(Debug, Deserialize, PartialEq)]
    struct Search {
        q: String,
        #[serde(flatten)]
        page: Page,
    }
    let schema = json!({"allOf": [{"properties": {"q": {"type": "string"}}},
        {"$ref": "#/$defs/Page"}],
        "$defs": {"Page": {"properties": {"page": {"type": "integer"}}}}});
    let pairs = Pairs::from_query("q=5&page=2").unwrap();
    let expected = Search {
        q: "5".to_owned(),
        page: Page { page: 2 },
    };
    assert_eq!(
        *many::<Search>(&pairs).unwrap_err().kind(),
        ValueErrorKind::NotInteger
    );
    assert_eq!(many_guided(&pairs, &schema), Ok(expected));
    let bad = Pairs::from_query("q=5&page=x").unwrap();
    assert!(many_guided::<Search>(&bad, &schema).is_err());
}

#[test]
fn sequences_by_position() {
    assert_eq!(
        sequence::<(u64, String)>(&["1", "x"]),
        Ok((1, "x".to_owned()))
    );
    assert_eq!(sequence::<Vec<u64>>(&["1", "2"]), Ok(vec![1, 2]));
    assert_eq!(sequence::<(u8,)>(&["1"]), Ok((1,)));
    let error = sequence::<(u64, u64)>(&["1", "x"]).unwrap_err();
    assert_eq!(
        (error.kind(), error.index()),
        (&ValueErrorKind::NotInteger, Some(1))
    );
}

#[test]
fn json_by_the_schema() {
    let schema = json!({
        "properties": {
            "n": {"$ref": "#/$defs/N"},
            "big": {"type": "integer"},
            "f": {"type": ["number", "null"]},
            "b": {"anyOf": [{"type": "boolean"}, {"type": "null"}]},
            "s": {"type": "string"},
            "both": {"type": ["integer", "string"]},
            "l": {"type": ["array", "null"], "items": {"type": "integer"}},
            "level": {"enum": [1, 2]},
        },
        "$defs": {"N": {"type": "integer"}},
    });
    let pairs = Pairs::from_query(
        "n=-4&big=123456789012345678901234567890&f=1.5&b=yes&s=7&both=7&l=1&l=x&level=2&u=1&u=2",
    )
    .unwrap();
    assert_eq!(
        to_json(&pairs, &schema),
        json!({"n": -4, "big": 1.234_567_890_123_456_8e29, "f": 1.5, "b": true, "s": "7",
            "both": "7", "l": [1, "x"], "level": 2, "u": ["1", "2"]}),
    );
    let pairs = Pairs::from_query("n=4.0&f=nan&b=maybe&s=a&s=b").unwrap();
    assert_eq!(
        to_json(&pairs, &schema),
        json!({"n": "4.0", "f": "nan", "b": "maybe", "s": "b"}),
    );
    assert_eq!(value_to_json(&["5"], &json!({"type": "integer"})), json!(5));
    assert_eq!(value_to_json(&[], &json!({"type": "integer"})), json!(null));
    let map = json!({"type": "object", "additionalProperties": {"type": "integer"}});
    assert_eq!(
        to_json(&Pairs::from_query("a=1").unwrap(), &map),
        json!({"a": 1})
    );
}

#[test]
fn an_error_is_one_pointer_wide() {
    assert_eq!(size_of::<ValueError>(), size_of::<usize>());
    assert_eq!(one::<u8>(&["x"]).unwrap_err().to_string(), "not an integer");
}

proptest! {
    #[test]
    fn integers_round_trip(number: i64, small: u8, wide: u128) {
        prop_assert_eq!(one::<i64>(&[&number.to_string()]), Ok(number));
        prop_assert_eq!(one::<u8>(&[&small.to_string()]), Ok(small));
        prop_assert_eq!(one::<u128>(&[&wide.to_string()]), Ok(wide));
        let narrow = one::<i16>(&[&number.to_string()]).ok();
        prop_assert_eq!(narrow, i16::try_from(number).ok());
    }

    #[test]
    fn booleans_round_trip(value: bool, upper: bool) {
        let text = if upper { value.to_string().to_uppercase() } else { value.to_string() };
        prop_assert_eq!(one::<bool>(&[&text]), Ok(value));
    }

    #[test]
    fn any_text_is_read_or_refused(text: String) {
        prop_assert_eq!(one::<String>(&[&text]), Ok(text.clone()));
        prop_assert_eq!(one::<i64>(&[&text]).ok(), text.parse::<i64>().ok());
        let query = form_urlencoded::Serializer::new(String::new()).append_pair("t", &text).finish();
        prop_assert_eq!(named::<String>(&Pairs::from_query(&query).unwrap(), "t"), Ok(text));
    }
}
