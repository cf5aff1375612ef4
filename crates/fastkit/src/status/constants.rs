//! The constants, under the names of FastFlyer's README, its spelling of 605 included, with the
//! names of Starlette as aliases where they differ. Not here: phrases and texts.

/// Each constant, and one table of their names.
macro_rules! constants {
    ($(#[doc = $doc:literal] $name:ident = $value:expr;)*) => {
        $(#[doc = $doc] pub const $name: u32 = $value;)*

        /// Every name with its number; of several names for a number, the README's stands first.
        pub(super) static NAMES: &[(&str, u32)] = &[$((stringify!($name), $name)),*];
    };
}

constants! {
    /// 100: Continue.
    HTTP_100_CONTINUE = 100;
    /// 101: Switching Protocols.
    HTTP_101_SWITCHING_PROTOCOLS = 101;
    /// 102: Processing.
    HTTP_102_PROCESSING = 102;
    /// 103: Early Hints.
    HTTP_103_EARLY_HINTS = 103;
    /// 200: OK.
    HTTP_200_OK = 200;
    /// 201: Created.
    HTTP_201_CREATED = 201;
    /// 202: Accepted.
    HTTP_202_ACCEPTED = 202;
    /// 203: Non-Authoritative Information.
    HTTP_203_NON_AUTHORITATIVE_INFORMATION = 203;
    /// 204: No Content.
    HTTP_204_NO_CONTENT = 204;
    /// 205: Reset Content.
    HTTP_205_RESET_CONTENT = 205;
    /// 206: Partial Content.
    HTTP_206_PARTIAL_CONTENT = 206;
    /// 207: Multi-Status.
    HTTP_207_MULTI_STATUS = 207;
    /// 208: Already Reported.
    HTTP_208_ALREADY_REPORTED = 208;
    /// 226: IM Used.
    HTTP_226_IM_USED = 226;
    /// 300: Multiple Choices.
    HTTP_300_MULTIPLE_CHOICES = 300;
    /// 301: Moved Permanently.
    HTTP_301_MOVED_PERMANENTLY = 301;
    /// 302: Found.
    HTTP_302_FOUND = 302;
    /// 303: See Other.
    HTTP_303_SEE_OTHER = 303;
    /// 304: Not Modified.
    HTTP_304_NOT_MODIFIED = 304;
    /// 305: Use Proxy.
    HTTP_305_USE_PROXY = 305;
    /// 306: (Unused).
    HTTP_306_RESERVED = 306;
    /// 307: Temporary Redirect.
    HTTP_307_TEMPORARY_REDIRECT = 307;
    /// 308: Permanent Redirect.
    HTTP_308_PERMANENT_REDIRECT = 308;
    /// 400: Bad Request.
    HTTP_400_BAD_REQUEST = 400;
    /// 401: Unauthorized.
    HTTP_401_UNAUTHORIZED = 401;
    /// 402: Payment Required.
    HTTP_402_PAYMENT_REQUIRED = 402;
    /// 403: Forbidden.
    HTTP_403_FORBIDDEN = 403;
    /// 404: Not Found.
    HTTP_404_NOT_FOUND = 404;
    /// 405: Method Not Allowed.
    HTTP_405_METHOD_NOT_ALLOWED = 405;
    /// 406: Not Acceptable.
    HTTP_406_NOT_ACCEPTABLE = 406;
    /// 407: Proxy Authentication Required.
    HTTP_407_PROXY_AUTHENTICATION_REQUIRED = 407;
    /// 408: Request Timeout.
    HTTP_408_REQUEST_TIMEOUT = 408;
    /// 409: Conflict.
    HTTP_409_CONFLICT = 409;
    /// 410: Gone.
    HTTP_410_GONE = 410;
    /// 411: Length Required.
    HTTP_411_LENGTH_REQUIRED = 411;
    /// 412: Precondition Failed.
    HTTP_412_PRECONDITION_FAILED = 412;
    /// 413: Content Too Large.
    HTTP_413_PAYLOAD_TOO_LARGE = 413;
    /// Another name of [`HTTP_413_PAYLOAD_TOO_LARGE`].
    HTTP_413_CONTENT_TOO_LARGE = HTTP_413_PAYLOAD_TOO_LARGE;
    /// Another name of [`HTTP_413_PAYLOAD_TOO_LARGE`].
    HTTP_413_REQUEST_ENTITY_TOO_LARGE = HTTP_413_PAYLOAD_TOO_LARGE;
    /// 414: URI Too Long.
    HTTP_414_URI_TOO_LONG = 414;
    /// Another name of [`HTTP_414_URI_TOO_LONG`].
    HTTP_414_REQUEST_URI_TOO_LONG = HTTP_414_URI_TOO_LONG;
    /// 415: Unsupported Media Type.
    HTTP_415_UNSUPPORTED_MEDIA_TYPE = 415;
    /// 416: Range Not Satisfiable.
    HTTP_416_RANGE_NOT_SATISFIABLE = 416;
    /// Another name of [`HTTP_416_RANGE_NOT_SATISFIABLE`].
    HTTP_416_REQUESTED_RANGE_NOT_SATISFIABLE = HTTP_416_RANGE_NOT_SATISFIABLE;
    /// 417: Expectation Failed.
    HTTP_417_EXPECTATION_FAILED = 417;
    /// 418: I'm a teapot.
    HTTP_418_I_AM_A_TEAPOT = 418;
    /// Another name of [`HTTP_418_I_AM_A_TEAPOT`].
    HTTP_418_IM_A_TEAPOT = HTTP_418_I_AM_A_TEAPOT;
    /// 421: Misdirected Request.
    HTTP_421_MISDIRECTED_REQUEST = 421;
    /// 422: Unprocessable Content.
    HTTP_422_UNPROCESSABLE_ENTITY = 422;
    /// Another name of [`HTTP_422_UNPROCESSABLE_ENTITY`].
    HTTP_422_UNPROCESSABLE_CONTENT = HTTP_422_UNPROCESSABLE_ENTITY;
    /// 423: Locked.
    HTTP_423_LOCKED = 423;
    /// 424: Failed Dependency.
    HTTP_424_FAILED_DEPENDENCY = 424;
    /// 425: Too Early.
    HTTP_425_TOO_EARLY = 425;
    /// 426: Upgrade Required.
    HTTP_426_UPGRADE_REQUIRED = 426;
    /// 428: Precondition Required.
    HTTP_428_PRECONDITION_REQUIRED = 428;
    /// 429: Too Many Requests.
    HTTP_429_TOO_MANY_REQUESTS = 429;
    /// 431: Request Header Fields Too Large.
    HTTP_431_REQUEST_HEADER_FIELDS_TOO_LARGE = 431;
    /// 451: Unavailable For Legal Reasons.
    HTTP_451_UNAVAILABLE_FOR_LEGAL_REASONS = 451;
    /// 500: Internal Server Error.
    HTTP_500_INTERNAL_SERVER_ERROR = 500;
    /// 501: Not Implemented.
    HTTP_501_NOT_IMPLEMENTED = 501;
    /// 502: Bad Gateway.
    HTTP_502_BAD_GATEWAY = 502;
    /// 503: Service Unavailable.
    HTTP_503_SERVICE_UNAVAILABLE = 503;
    /// 504: Gateway Timeout.
    HTTP_504_GATEWAY_TIMEOUT = 504;
    /// 505: HTTP Version Not Supported.
    HTTP_505_HTTP_VERSION_NOT_SUPPORTED = 505;
    /// 506: Variant Also Negotiates.
    HTTP_506_VARIANT_ALSO_NEGOTIATES = 506;
    /// 507: Insufficient Storage.
    HTTP_507_INSUFFICIENT_STORAGE = 507;
    /// 508: Loop Detected.
    HTTP_508_LOOP_DETECTED = 508;
    /// 510: Not Extended.
    HTTP_510_NOT_EXTENDED = 510;
    /// 511: Network Authentication Required.
    HTTP_511_NETWORK_AUTHENTICATION_REQUIRED = 511;
    /// 600: Third Party Error.
    HTTP_600_THIRD_PARTY_ERROR = 600;
    /// 601: Third Party Status Error.
    HTTP_601_THIRD_PARTY_STATUS_ERROR = 601;
    /// 602: Third Party Data Error.
    HTTP_602_THIRD_PARTY_DATA_ERROR = 602;
    /// 603: Third Party Unavailable Error.
    HTTP_603_THIRD_PARTY_UNAVAILABLE_ERROR = 603;
    /// 604: Third Party Timeout Error.
    HTTP_604_THIRD_PARTY_TIMEOUT_ERROR = 604;
    /// 605: Third Party Network Error.
    HTTP_605_THIRD_PARTY_NEWORK_ERROR = 605;
    /// Another name of [`HTTP_605_THIRD_PARTY_NEWORK_ERROR`].
    HTTP_605_THIRD_PARTY_NETWORK_ERROR = HTTP_605_THIRD_PARTY_NEWORK_ERROR;
    /// 606: Third Party Retry Error.
    HTTP_606_THIRD_PARTY_RETRY_ERROR = 606;
    /// 1000: Normal Closure.
    WS_1000_NORMAL_CLOSURE = 1000;
    /// 1001: Going Away.
    WS_1001_GOING_AWAY = 1001;
    /// 1002: Protocol Error.
    WS_1002_PROTOCOL_ERROR = 1002;
    /// 1003: Unsupported Data.
    WS_1003_UNSUPPORTED_DATA = 1003;
    /// 1005: No Status Received.
    WS_1005_NO_STATUS_RCVD = 1005;
    /// 1006: Abnormal Closure.
    WS_1006_ABNORMAL_CLOSURE = 1006;
    /// 1007: Invalid Frame Payload Data.
    WS_1007_INVALID_FRAME_PAYLOAD_DATA = 1007;
    /// 1008: Policy Violation.
    WS_1008_POLICY_VIOLATION = 1008;
    /// 1009: Message Too Big.
    WS_1009_MESSAGE_TOO_BIG = 1009;
    /// 1010: Mandatory Extension.
    WS_1010_MANDATORY_EXT = 1010;
    /// 1011: Internal Error.
    WS_1011_INTERNAL_ERROR = 1011;
    /// 1012: Service Restart.
    WS_1012_SERVICE_RESTART = 1012;
    /// 1013: Try Again Later.
    WS_1013_TRY_AGAIN_LATER = 1013;
    /// 1014: Bad Gateway.
    WS_1014_BAD_GATEWAY = 1014;
    /// 1015: TLS Handshake.
    WS_1015_TLS_HANDSHAKE = 1015;
}
