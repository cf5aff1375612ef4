//! The constants of the README, by name and number, and the completeness of the texts.

use super::*;

#[test]
fn every_constant_has_its_number_a_phrase_and_texts() {
    let constants = [
        (HTTP_100_CONTINUE, "HTTP_100_CONTINUE"),
        (HTTP_101_SWITCHING_PROTOCOLS, "HTTP_101_SWITCHING_PROTOCOLS"),
        (HTTP_102_PROCESSING, "HTTP_102_PROCESSING"),
        (HTTP_103_EARLY_HINTS, "HTTP_103_EARLY_HINTS"),
        (HTTP_200_OK, "HTTP_200_OK"),
        (HTTP_201_CREATED, "HTTP_201_CREATED"),
        (HTTP_202_ACCEPTED, "HTTP_202_ACCEPTED"),
        (
            HTTP_203_NON_AUTHORITATIVE_INFORMATION,
            "HTTP_203_NON_AUTHORITATIVE_INFORMATION",
        ),
        (HTTP_204_NO_CONTENT, "HTTP_204_NO_CONTENT"),
        (HTTP_205_RESET_CONTENT, "HTTP_205_RESET_CONTENT"),
        (HTTP_206_PARTIAL_CONTENT, "HTTP_206_PARTIAL_CONTENT"),
        (HTTP_207_MULTI_STATUS, "HTTP_207_MULTI_STATUS"),
        (HTTP_208_ALREADY_REPORTED, "HTTP_208_ALREADY_REPORTED"),
        (HTTP_226_IM_USED, "HTTP_226_IM_USED"),
        (HTTP_300_MULTIPLE_CHOICES, "HTTP_300_MULTIPLE_CHOICES"),
        (HTTP_301_MOVED_PERMANENTLY, "HTTP_301_MOVED_PERMANENTLY"),
        (HTTP_302_FOUND, "HTTP_302_FOUND"),
        (HTTP_303_SEE_OTHER, "HTTP_303_SEE_OTHER"),
        (HTTP_304_NOT_MODIFIED, "HTTP_304_NOT_MODIFIED"),
        (HTTP_305_USE_PROXY, "HTTP_305_USE_PROXY"),
        (HTTP_306_RESERVED, "HTTP_306_RESERVED"),
        (HTTP_307_TEMPORARY_REDIRECT, "HTTP_307_TEMPORARY_REDIRECT"),
        (HTTP_308_PERMANENT_REDIRECT, "HTTP_308_PERMANENT_REDIRECT"),
        (HTTP_400_BAD_REQUEST, "HTTP_400_BAD_REQUEST"),
        (HTTP_401_UNAUTHORIZED, "HTTP_401_UNAUTHORIZED"),
        (HTTP_402_PAYMENT_REQUIRED, "HTTP_402_PAYMENT_REQUIRED"),
        (HTTP_403_FORBIDDEN, "HTTP_403_FORBIDDEN"),
        (HTTP_404_NOT_FOUND, "HTTP_404_NOT_FOUND"),
        (HTTP_405_METHOD_NOT_ALLOWED, "HTTP_405_METHOD_NOT_ALLOWED"),
        (HTTP_406_NOT_ACCEPTABLE, "HTTP_406_NOT_ACCEPTABLE"),
        (
            HTTP_407_PROXY_AUTHENTICATION_REQUIRED,
            "HTTP_407_PROXY_AUTHENTICATION_REQUIRED",
        ),
        (HTTP_408_REQUEST_TIMEOUT, "HTTP_408_REQUEST_TIMEOUT"),
        (HTTP_409_CONFLICT, "HTTP_409_CONFLICT"),
        (HTTP_410_GONE, "HTTP_410_GONE"),
        (HTTP_411_LENGTH_REQUIRED, "HTTP_411_LENGTH_REQUIRED"),
        (HTTP_412_PRECONDITION_FAILED, "HTTP_412_PRECONDITION_FAILED"),
        (HTTP_413_PAYLOAD_TOO_LARGE, "HTTP_413_PAYLOAD_TOO_LARGE"),
        (HTTP_413_CONTENT_TOO_LARGE, "HTTP_413_CONTENT_TOO_LARGE"),
        (
            HTTP_413_REQUEST_ENTITY_TOO_LARGE,
            "HTTP_413_REQUEST_ENTITY_TOO_LARGE",
        ),
        (HTTP_414_URI_TOO_LONG, "HTTP_414_URI_TOO_LONG"),
        (
            HTTP_414_REQUEST_URI_TOO_LONG,
            "HTTP_414_REQUEST_URI_TOO_LONG",
        ),
        (
            HTTP_415_UNSUPPORTED_MEDIA_TYPE,
            "HTTP_415_UNSUPPORTED_MEDIA_TYPE",
        ),
        (
            HTTP_416_RANGE_NOT_SATISFIABLE,
            "HTTP_416_RANGE_NOT_SATISFIABLE",
        ),
        (
            HTTP_416_REQUESTED_RANGE_NOT_SATISFIABLE,
            "HTTP_416_REQUESTED_RANGE_NOT_SATISFIABLE",
        ),
        (HTTP_417_EXPECTATION_FAILED, "HTTP_417_EXPECTATION_FAILED"),
        (HTTP_418_I_AM_A_TEAPOT, "HTTP_418_I_AM_A_TEAPOT"),
        (HTTP_418_IM_A_TEAPOT, "HTTP_418_IM_A_TEAPOT"),
        (HTTP_421_MISDIRECTED_REQUEST, "HTTP_421_MISDIRECTED_REQUEST"),
        (
            HTTP_422_UNPROCESSABLE_ENTITY,
            "HTTP_422_UNPROCESSABLE_ENTITY",
        ),
        (
            HTTP_422_UNPROCESSABLE_CONTENT,
            "HTTP_422_UNPROCESSABLE_CONTENT",
        ),
        (HTTP_423_LOCKED, "HTTP_423_LOCKED"),
        (HTTP_424_FAILED_DEPENDENCY, "HTTP_424_FAILED_DEPENDENCY"),
        (HTTP_425_TOO_EARLY, "HTTP_425_TOO_EARLY"),
        (HTTP_426_UPGRADE_REQUIRED, "HTTP_426_UPGRADE_REQUIRED"),
        (
            HTTP_428_PRECONDITION_REQUIRED,
            "HTTP_428_PRECONDITION_REQUIRED",
        ),
        (HTTP_429_TOO_MANY_REQUESTS, "HTTP_429_TOO_MANY_REQUESTS"),
        (
            HTTP_431_REQUEST_HEADER_FIELDS_TOO_LARGE,
            "HTTP_431_REQUEST_HEADER_FIELDS_TOO_LARGE",
        ),
        (
            HTTP_451_UNAVAILABLE_FOR_LEGAL_REASONS,
            "HTTP_451_UNAVAILABLE_FOR_LEGAL_REASONS",
        ),
        (
            HTTP_500_INTERNAL_SERVER_ERROR,
            "HTTP_500_INTERNAL_SERVER_ERROR",
        ),
        (HTTP_501_NOT_IMPLEMENTED, "HTTP_501_NOT_IMPLEMENTED"),
        (HTTP_502_BAD_GATEWAY, "HTTP_502_BAD_GATEWAY"),
        (HTTP_503_SERVICE_UNAVAILABLE, "HTTP_503_SERVICE_UNAVAILABLE"),
        (HTTP_504_GATEWAY_TIMEOUT, "HTTP_504_GATEWAY_TIMEOUT"),
        (
            HTTP_505_HTTP_VERSION_NOT_SUPPORTED,
            "HTTP_505_HTTP_VERSION_NOT_SUPPORTED",
        ),
        (
            HTTP_506_VARIANT_ALSO_NEGOTIATES,
            "HTTP_506_VARIANT_ALSO_NEGOTIATES",
        ),
        (
            HTTP_507_INSUFFICIENT_STORAGE,
            "HTTP_507_INSUFFICIENT_STORAGE",
        ),
        (HTTP_508_LOOP_DETECTED, "HTTP_508_LOOP_DETECTED"),
        (HTTP_510_NOT_EXTENDED, "HTTP_510_NOT_EXTENDED"),
        (
            HTTP_511_NETWORK_AUTHENTICATION_REQUIRED,
            "HTTP_511_NETWORK_AUTHENTICATION_REQUIRED",
        ),
        (HTTP_600_THIRD_PARTY_ERROR, "HTTP_600_THIRD_PARTY_ERROR"),
        (
            HTTP_601_THIRD_PARTY_STATUS_ERROR,
            "HTTP_601_THIRD_PARTY_STATUS_ERROR",
        ),
        (
            HTTP_602_THIRD_PARTY_DATA_ERROR,
            "HTTP_602_THIRD_PARTY_DATA_ERROR",
        ),
        (
            HTTP_603_THIRD_PARTY_UNAVAILABLE_ERROR,
            "HTTP_603_THIRD_PARTY_UNAVAILABLE_ERROR",
        ),
        (
            HTTP_604_THIRD_PARTY_TIMEOUT_ERROR,
            "HTTP_604_THIRD_PARTY_TIMEOUT_ERROR",
        ),
        (
            HTTP_605_THIRD_PARTY_NEWORK_ERROR,
            "HTTP_605_THIRD_PARTY_NEWORK_ERROR",
        ),
        (
            HTTP_605_THIRD_PARTY_NETWORK_ERROR,
            "HTTP_605_THIRD_PARTY_NETWORK_ERROR",
        ),
        (
            HTTP_606_THIRD_PARTY_RETRY_ERROR,
            "HTTP_606_THIRD_PARTY_RETRY_ERROR",
        ),
        (WS_1000_NORMAL_CLOSURE, "WS_1000_NORMAL_CLOSURE"),
        (WS_1001_GOING_AWAY, "WS_1001_GOING_AWAY"),
        (WS_1002_PROTOCOL_ERROR, "WS_1002_PROTOCOL_ERROR"),
        (WS_1003_UNSUPPORTED_DATA, "WS_1003_UNSUPPORTED_DATA"),
        (WS_1005_NO_STATUS_RCVD, "WS_1005_NO_STATUS_RCVD"),
        (WS_1006_ABNORMAL_CLOSURE, "WS_1006_ABNORMAL_CLOSURE"),
        (
            WS_1007_INVALID_FRAME_PAYLOAD_DATA,
            "WS_1007_INVALID_FRAME_PAYLOAD_DATA",
        ),
        (WS_1008_POLICY_VIOLATION, "WS_1008_POLICY_VIOLATION"),
        (WS_1009_MESSAGE_TOO_BIG, "WS_1009_MESSAGE_TOO_BIG"),
        (WS_1010_MANDATORY_EXT, "WS_1010_MANDATORY_EXT"),
        (WS_1011_INTERNAL_ERROR, "WS_1011_INTERNAL_ERROR"),
        (WS_1012_SERVICE_RESTART, "WS_1012_SERVICE_RESTART"),
        (WS_1013_TRY_AGAIN_LATER, "WS_1013_TRY_AGAIN_LATER"),
        (WS_1014_BAD_GATEWAY, "WS_1014_BAD_GATEWAY"),
        (WS_1015_TLS_HANDSHAKE, "WS_1015_TLS_HANDSHAKE"),
    ];
    for (code, name) in constants {
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
