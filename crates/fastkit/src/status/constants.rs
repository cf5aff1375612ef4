//! The constants, under the names of FastFlyer's README, its spelling of 605 included, with the
//! names of Starlette as aliases where they differ. Not here: phrases and texts.

/// 100: Continue.
pub const HTTP_100_CONTINUE: u32 = 100;
/// 101: Switching Protocols.
pub const HTTP_101_SWITCHING_PROTOCOLS: u32 = 101;
/// 102: Processing.
pub const HTTP_102_PROCESSING: u32 = 102;
/// 103: Early Hints.
pub const HTTP_103_EARLY_HINTS: u32 = 103;
/// 200: OK.
pub const HTTP_200_OK: u32 = 200;
/// 201: Created.
pub const HTTP_201_CREATED: u32 = 201;
/// 202: Accepted.
pub const HTTP_202_ACCEPTED: u32 = 202;
/// 203: Non-Authoritative Information.
pub const HTTP_203_NON_AUTHORITATIVE_INFORMATION: u32 = 203;
/// 204: No Content.
pub const HTTP_204_NO_CONTENT: u32 = 204;
/// 205: Reset Content.
pub const HTTP_205_RESET_CONTENT: u32 = 205;
/// 206: Partial Content.
pub const HTTP_206_PARTIAL_CONTENT: u32 = 206;
/// 207: Multi-Status.
pub const HTTP_207_MULTI_STATUS: u32 = 207;
/// 208: Already Reported.
pub const HTTP_208_ALREADY_REPORTED: u32 = 208;
/// 226: IM Used.
pub const HTTP_226_IM_USED: u32 = 226;
/// 300: Multiple Choices.
pub const HTTP_300_MULTIPLE_CHOICES: u32 = 300;
/// 301: Moved Permanently.
pub const HTTP_301_MOVED_PERMANENTLY: u32 = 301;
/// 302: Found.
pub const HTTP_302_FOUND: u32 = 302;
/// 303: See Other.
pub const HTTP_303_SEE_OTHER: u32 = 303;
/// 304: Not Modified.
pub const HTTP_304_NOT_MODIFIED: u32 = 304;
/// 305: Use Proxy.
pub const HTTP_305_USE_PROXY: u32 = 305;
/// 306: (Unused).
pub const HTTP_306_RESERVED: u32 = 306;
/// 307: Temporary Redirect.
pub const HTTP_307_TEMPORARY_REDIRECT: u32 = 307;
/// 308: Permanent Redirect.
pub const HTTP_308_PERMANENT_REDIRECT: u32 = 308;
/// 400: Bad Request.
pub const HTTP_400_BAD_REQUEST: u32 = 400;
/// 401: Unauthorized.
pub const HTTP_401_UNAUTHORIZED: u32 = 401;
/// 402: Payment Required.
pub const HTTP_402_PAYMENT_REQUIRED: u32 = 402;
/// 403: Forbidden.
pub const HTTP_403_FORBIDDEN: u32 = 403;
/// 404: Not Found.
pub const HTTP_404_NOT_FOUND: u32 = 404;
/// 405: Method Not Allowed.
pub const HTTP_405_METHOD_NOT_ALLOWED: u32 = 405;
/// 406: Not Acceptable.
pub const HTTP_406_NOT_ACCEPTABLE: u32 = 406;
/// 407: Proxy Authentication Required.
pub const HTTP_407_PROXY_AUTHENTICATION_REQUIRED: u32 = 407;
/// 408: Request Timeout.
pub const HTTP_408_REQUEST_TIMEOUT: u32 = 408;
/// 409: Conflict.
pub const HTTP_409_CONFLICT: u32 = 409;
/// 410: Gone.
pub const HTTP_410_GONE: u32 = 410;
/// 411: Length Required.
pub const HTTP_411_LENGTH_REQUIRED: u32 = 411;
/// 412: Precondition Failed.
pub const HTTP_412_PRECONDITION_FAILED: u32 = 412;
/// 413: Content Too Large.
pub const HTTP_413_PAYLOAD_TOO_LARGE: u32 = 413;
/// Another name of [`HTTP_413_PAYLOAD_TOO_LARGE`].
pub const HTTP_413_CONTENT_TOO_LARGE: u32 = HTTP_413_PAYLOAD_TOO_LARGE;
/// Another name of [`HTTP_413_PAYLOAD_TOO_LARGE`].
pub const HTTP_413_REQUEST_ENTITY_TOO_LARGE: u32 = HTTP_413_PAYLOAD_TOO_LARGE;
/// 414: URI Too Long.
pub const HTTP_414_URI_TOO_LONG: u32 = 414;
/// Another name of [`HTTP_414_URI_TOO_LONG`].
pub const HTTP_414_REQUEST_URI_TOO_LONG: u32 = HTTP_414_URI_TOO_LONG;
/// 415: Unsupported Media Type.
pub const HTTP_415_UNSUPPORTED_MEDIA_TYPE: u32 = 415;
/// 416: Range Not Satisfiable.
pub const HTTP_416_RANGE_NOT_SATISFIABLE: u32 = 416;
/// Another name of [`HTTP_416_RANGE_NOT_SATISFIABLE`].
pub const HTTP_416_REQUESTED_RANGE_NOT_SATISFIABLE: u32 = HTTP_416_RANGE_NOT_SATISFIABLE;
/// 417: Expectation Failed.
pub const HTTP_417_EXPECTATION_FAILED: u32 = 417;
/// 418: I'm a teapot.
pub const HTTP_418_I_AM_A_TEAPOT: u32 = 418;
/// Another name of [`HTTP_418_I_AM_A_TEAPOT`].
pub const HTTP_418_IM_A_TEAPOT: u32 = HTTP_418_I_AM_A_TEAPOT;
/// 421: Misdirected Request.
pub const HTTP_421_MISDIRECTED_REQUEST: u32 = 421;
/// 422: Unprocessable Content.
pub const HTTP_422_UNPROCESSABLE_ENTITY: u32 = 422;
/// Another name of [`HTTP_422_UNPROCESSABLE_ENTITY`].
pub const HTTP_422_UNPROCESSABLE_CONTENT: u32 = HTTP_422_UNPROCESSABLE_ENTITY;
/// 423: Locked.
pub const HTTP_423_LOCKED: u32 = 423;
/// 424: Failed Dependency.
pub const HTTP_424_FAILED_DEPENDENCY: u32 = 424;
/// 425: Too Early.
pub const HTTP_425_TOO_EARLY: u32 = 425;
/// 426: Upgrade Required.
pub const HTTP_426_UPGRADE_REQUIRED: u32 = 426;
/// 428: Precondition Required.
pub const HTTP_428_PRECONDITION_REQUIRED: u32 = 428;
/// 429: Too Many Requests.
pub const HTTP_429_TOO_MANY_REQUESTS: u32 = 429;
/// 431: Request Header Fields Too Large.
pub const HTTP_431_REQUEST_HEADER_FIELDS_TOO_LARGE: u32 = 431;
/// 451: Unavailable For Legal Reasons.
pub const HTTP_451_UNAVAILABLE_FOR_LEGAL_REASONS: u32 = 451;
/// 500: Internal Server Error.
pub const HTTP_500_INTERNAL_SERVER_ERROR: u32 = 500;
/// 501: Not Implemented.
pub const HTTP_501_NOT_IMPLEMENTED: u32 = 501;
/// 502: Bad Gateway.
pub const HTTP_502_BAD_GATEWAY: u32 = 502;
/// 503: Service Unavailable.
pub const HTTP_503_SERVICE_UNAVAILABLE: u32 = 503;
/// 504: Gateway Timeout.
pub const HTTP_504_GATEWAY_TIMEOUT: u32 = 504;
/// 505: HTTP Version Not Supported.
pub const HTTP_505_HTTP_VERSION_NOT_SUPPORTED: u32 = 505;
/// 506: Variant Also Negotiates.
pub const HTTP_506_VARIANT_ALSO_NEGOTIATES: u32 = 506;
/// 507: Insufficient Storage.
pub const HTTP_507_INSUFFICIENT_STORAGE: u32 = 507;
/// 508: Loop Detected.
pub const HTTP_508_LOOP_DETECTED: u32 = 508;
/// 510: Not Extended.
pub const HTTP_510_NOT_EXTENDED: u32 = 510;
/// 511: Network Authentication Required.
pub const HTTP_511_NETWORK_AUTHENTICATION_REQUIRED: u32 = 511;
/// 600: Third Party Error.
pub const HTTP_600_THIRD_PARTY_ERROR: u32 = 600;
/// 601: Third Party Status Error.
pub const HTTP_601_THIRD_PARTY_STATUS_ERROR: u32 = 601;
/// 602: Third Party Data Error.
pub const HTTP_602_THIRD_PARTY_DATA_ERROR: u32 = 602;
/// 603: Third Party Unavailable Error.
pub const HTTP_603_THIRD_PARTY_UNAVAILABLE_ERROR: u32 = 603;
/// 604: Third Party Timeout Error.
pub const HTTP_604_THIRD_PARTY_TIMEOUT_ERROR: u32 = 604;
/// 605: Third Party Network Error.
pub const HTTP_605_THIRD_PARTY_NEWORK_ERROR: u32 = 605;
/// Another name of [`HTTP_605_THIRD_PARTY_NEWORK_ERROR`].
pub const HTTP_605_THIRD_PARTY_NETWORK_ERROR: u32 = HTTP_605_THIRD_PARTY_NEWORK_ERROR;
/// 606: Third Party Retry Error.
pub const HTTP_606_THIRD_PARTY_RETRY_ERROR: u32 = 606;
/// 1000: Normal Closure.
pub const WS_1000_NORMAL_CLOSURE: u32 = 1000;
/// 1001: Going Away.
pub const WS_1001_GOING_AWAY: u32 = 1001;
/// 1002: Protocol Error.
pub const WS_1002_PROTOCOL_ERROR: u32 = 1002;
/// 1003: Unsupported Data.
pub const WS_1003_UNSUPPORTED_DATA: u32 = 1003;
/// 1005: No Status Received.
pub const WS_1005_NO_STATUS_RCVD: u32 = 1005;
/// 1006: Abnormal Closure.
pub const WS_1006_ABNORMAL_CLOSURE: u32 = 1006;
/// 1007: Invalid Frame Payload Data.
pub const WS_1007_INVALID_FRAME_PAYLOAD_DATA: u32 = 1007;
/// 1008: Policy Violation.
pub const WS_1008_POLICY_VIOLATION: u32 = 1008;
/// 1009: Message Too Big.
pub const WS_1009_MESSAGE_TOO_BIG: u32 = 1009;
/// 1010: Mandatory Extension.
pub const WS_1010_MANDATORY_EXT: u32 = 1010;
/// 1011: Internal Error.
pub const WS_1011_INTERNAL_ERROR: u32 = 1011;
/// 1012: Service Restart.
pub const WS_1012_SERVICE_RESTART: u32 = 1012;
/// 1013: Try Again Later.
pub const WS_1013_TRY_AGAIN_LATER: u32 = 1013;
/// 1014: Bad Gateway.
pub const WS_1014_BAD_GATEWAY: u32 = 1014;
/// 1015: TLS Handshake.
pub const WS_1015_TLS_HANDSHAKE: u32 = 1015;
