use super::*;
use crate::{ApiError, Page, Reply};
use serde_json::{Value, json};

fn shaped<T: Data>(envelope: &Envelope, reply: Reply<T>) -> (u16, Value) {
    body(envelope.success(&reply.data, reply.head, None))
}

fn body(response: Response) -> (u16, Value) {
    let bytes = response.body().as_full().unwrap_or_default();
    let json = serde_json::from_slice(bytes).unwrap_or(Value::Null);
    (response.status().as_u16(), json)
}

fn with(settings: &[(&str, &str)]) -> Envelope {
    let sources = fastkit::settings::Sources::from_pairs(settings.iter().copied());
    let config = fastkit::settings::Config::new();
    let loaded = Settings::load(&config, &sources).unwrap();
    Envelope::new(&loaded.settings).unwrap()
}

fn flyer() -> Envelope {
    with(&[("flyer_response_format", "flyer")])
}

#[test]
fn data_of_each_kind_has_its_shape() {
    let data = |reply: (u16, Value)| reply.1["data"].clone();
    let envelope = Envelope::default();
    assert_eq!(data(shaped(&envelope, Reply::ok())), json!({}));
    assert_eq!(data(shaped(&envelope, Reply::success(7))), json!(7));
    assert_eq!(
        data(shaped(&envelope, Reply::success(vec![1, 2]))),
        json!({"data": [1, 2]})
    );
    assert_eq!(
        data(shaped(&envelope, Reply::success(None::<u8>))),
        json!({})
    );
    let page = shaped(
        &envelope,
        Reply::success(Page::new(vec!["a", "b"], 12, 3, 5)),
    );
    let meta = &page.1["data"]["meta"]["pagination"];
    // T2: count is what is here, per_page what was asked for.
    assert_eq!(
        (&meta["count"], &meta["per_page"], &meta["total_pages"]),
        (&json!(2), &json!(5), &json!(3))
    );
}

#[test]
fn status_follows_the_code_and_not_the_http_status() {
    let always_200 = Envelope {
        error_status: ErrorStatus::Always200,
        ..Envelope::default()
    };
    let (http, body_200) = body(always_200.failure(&ApiError::fail(), Preferences::default()));
    assert_eq!(
        (http, &body_200["status"], &body_200["code"]),
        (200, &json!("fail"), &json!(500))
    );
    let always_500 = Envelope {
        error_status: ErrorStatus::Always500,
        ..Envelope::default()
    };
    let (http, success) = shaped(&always_500, Reply::ok());
    assert_eq!((http, &success["status"]), (200, &json!("success")));
    let (http, error) = body(always_500.failure(&ApiError::framework(404), Preferences::default()));
    assert_eq!((http, &error["status"]), (404, &json!("error")));
}

#[test]
fn codes_say_the_http_status() {
    for (code, status) in [
        (200, 200),
        (200_101, 200),
        (500_102, 500),
        (422, 422),
        (600, 500),
        (999, 500),
        (12, 500),
        (0, 500),
        (100_001, 200),
        (404_123_456, 404),
    ] {
        assert_eq!(http_status(code).as_u16(), status, "{code}");
    }
}

#[test]
fn no_content_has_no_body() {
    let response = Envelope::default().success(&(), Reply::no_content().head, None);
    assert_eq!(response.status(), 204);
    assert_eq!(response.body().as_full().map(<[u8]>::len), Some(0));
}

#[test]
fn the_flyer_format_never_wraps_lists() {
    let (_, list) = shaped(&flyer(), Reply::success(vec![1]));
    assert_eq!(
        list,
        json!({"code": 200, "message": "", "detail": "", "data": [1]})
    );
    let (_, page) = shaped(&flyer(), Reply::success(Page::new(vec![1], 9, 2, 4)));
    assert_eq!(
        page["pageInfo"],
        json!({"total": 9, "offset": 4, "size": 4})
    );
}

#[test]
fn the_flyer_format_answers_failures_as_its_clients_know_them() {
    let (http, error) = body(flyer().failure(
        &ApiError::validation(Default::default()),
        Preferences::default(),
    ));
    assert_eq!((http, &error["code"]), (200, &json!(400)));
    let (http, error) = body(flyer().failure(&ApiError::framework(404), Preferences::default()));
    assert_eq!((http, &error["code"]), (404, &json!(404)));
    let (http, error) = body(flyer().failure(
        &ApiError::not_found().status(StatusCode::NOT_FOUND),
        Preferences::default(),
    ));
    assert_eq!((http, &error["code"]), (404, &json!(404)));
    let (_, error) =
        body(flyer().failure(&ApiError::uncaught("secret cause"), Preferences::default()));
    assert_eq!(
        error,
        json!({"code": 500, "message": "内部异常", "detail": ""})
    );
}

#[test]
fn the_code_base_is_added_once_and_to_failures_only() {
    let envelope = Envelope {
        code_base: 1000,
        ..flyer()
    };
    let code = |reply: (u16, Value)| reply.1["code"].clone();
    // What has the base already keeps it (H14), and is the failure that it is without.
    let (http, timeout) = body(envelope.failure(&ApiError::code(1604), Preferences::default()));
    assert_eq!((http, &timeout["code"]), (200, &json!(1604)));
    let strict = Envelope {
        error_status: ErrorStatus::Strict,
        ..envelope.clone()
    };
    let (http, lost) = body(strict.failure(&ApiError::code(1404), Preferences::default()));
    assert_eq!((http, &lost["code"]), (404, &json!(1404)));
    assert_eq!(lost["message"], "请求的资源不存在");
    let reply = shaped(&strict, Reply::fail().code(1409));
    assert_eq!((reply.0, code(reply)), (409, json!(1409)));
    assert_eq!(code(shaped(&strict, Reply::ok().code(1204))), json!(1204));
    assert_eq!(
        code(body(
            envelope.failure(&ApiError::not_found(), Preferences::default())
        )),
        json!(1404)
    );
    assert_eq!(
        code(body(envelope.failure(
            &ApiError::code(404_001u32),
            Preferences::default()
        ))),
        json!(404_001)
    );
    assert_eq!(code(shaped(&envelope, Reply::ok())), json!(200));
    assert_eq!(code(shaped(&envelope, Reply::fail())), json!(1500));
    // A code below 1000 has no base in it, even where another one would be the same with it.
    let small = Envelope {
        code_base: 100,
        ..Envelope::default()
    };
    let (http, failed) = body(small.failure(&ApiError::fail(), Preferences::default()));
    assert_eq!(
        (http, &failed["code"], &failed["status"]),
        (500, &json!(600), &json!("fail"))
    );
}

#[test]
fn a_media_type_of_the_handlers_own_stands_alone() {
    let envelope = Envelope::default();
    let own = "application/vnd.shop+json";
    let error = ApiError::not_found().header("content-type", own);
    let reply = Reply::ok().header("content-type", own);
    for response in [
        envelope.failure(&error, Preferences::default()),
        envelope.success(&(), reply.head, None),
    ] {
        let types: Vec<_> = response.headers().get_all("content-type").iter().collect();
        assert_eq!(types, [own]);
    }
}

#[test]
fn a_cause_is_shown_only_in_debug() {
    let error = ApiError::uncaught("connection refused");
    let (_, closed) = body(Envelope::default().failure(&error, Preferences::default()));
    assert_eq!(closed["error"], json!({}));
    let open = Envelope {
        debug: true,
        ..Envelope::default()
    };
    let (_, shown) = body(open.failure(&error, Preferences::default()));
    assert_eq!(shown["error"]["exception"], json!(["connection refused"]));
}

#[test]
fn an_error_code_cannot_be_a_success() {
    let error = ApiError::code(200);
    assert_eq!(error.code_number(), 500);
    assert!(error.to_string().contains("ApiError::code(200)"), "{error}");
    // Of a longer code only the envelope knows whether there is a base in it.
    let error = ApiError::code(200_101);
    let (http, body) = body(Envelope::default().failure(&error, Preferences::default()));
    assert_eq!(
        (http, &body["code"], &body["status"]),
        (500, &json!(500), &json!("fail"))
    );
}

#[test]
fn codes_below_a_hundred_have_no_prefix() {
    assert_eq!(prefix(99), None);
    assert_eq!(prefix(100), Some(100));
    assert_eq!(prefix(4_040_001), Some(404));
    assert_eq!(prefix(u32::MAX), Some(429));
}

#[test]
fn only_protocol_errors_escape_the_status_option() {
    let flyer = flyer();
    assert_eq!(flyer.documented_status(422, Origin::Validation), 200);
    assert_eq!(flyer.documented_status(404, Origin::Handler), 200);
    assert_eq!(flyer.documented_status(500, Origin::Uncaught), 200);
    assert_eq!(flyer.documented_status(413, Origin::Framework), 413);
}

#[test]
fn every_code_has_a_text() {
    let envelope = Envelope::default();
    for (code, text) in [
        (499, envelope.text(400, None)),
        (599, envelope.text(500, None)),
        (799, envelope.text(500, None)),
    ] {
        assert_eq!(envelope.text(code, None), text, "{code}");
        assert!(!text.is_empty());
    }
}

#[test]
fn every_built_in_format_is_ready() {
    for format in ["standard", "flyer", "problem"] {
        with(&[("flyer_response_format", format)]);
    }
}

#[test]
fn data_that_other_names_part_from_the_body_is_written_anew() {
    let envelope = with(&[("flyer_response_fields", "data.data=items,status=-,error=-")]);
    let (_, list) = shaped(&envelope, Reply::success(vec![1, 2]));
    assert_eq!(
        list,
        json!({"code": 200, "message": "操作成功", "data": {}, "items": [1, 2]})
    );
    let (_, value) = shaped(&envelope, Reply::success("x"));
    assert_eq!(
        value,
        json!({"code": 200, "message": "操作成功", "data": "x"})
    );
    let hidden = with(&[(
        "flyer_response_fields",
        "data.data=-,status=-,error=-,message=-",
    )]);
    let (_, list) = shaped(&hidden, Reply::success(vec![1, 2]));
    assert_eq!(list, json!({"code": 200, "data": {}}));
    let (_, value) = shaped(&hidden, Reply::success("x"));
    assert_eq!(value, json!({"code": 200, "data": "x"}));
}
