//! Phrases and texts of the codes, one row per code, sorted by code.

use crate::Locale;

/// What is known of a code.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) code: u32,
    pub(super) phrase: &'static str,
    pub(super) zh: &'static str,
    pub(super) en: &'static str,
}

/// The message of the `flyer` format for an error that nothing caught.
///
/// ```
/// use fastkit::{Locale, status};
///
/// assert_eq!(status::flyer_uncaught(Locale::ZhCn), "内部异常");
/// ```
#[must_use]
pub const fn flyer_uncaught(locale: Locale) -> &'static str {
    match locale {
        Locale::ZhCn => "内部异常",
        Locale::En => "Internal error",
    }
}

/// The message of a code in the `flyer` format: in Chinese as the original sends it, and empty for
/// the codes that it has no text for.
///
/// ```
/// use fastkit::{Locale, status};
///
/// assert_eq!(status::flyer_text(404, Locale::ZhCn), "请求的资源不存在");
/// assert_eq!(status::flyer_text(404, Locale::En), "The requested resource does not exist");
/// assert_eq!(status::flyer_text(409, Locale::ZhCn), "");
/// ```
#[must_use]
pub const fn flyer_text(code: u32, locale: Locale) -> &'static str {
    let (zh, en) = match code {
        400 => (
            "请求参数校验不通过",
            "The request's parameters are not valid",
        ),
        401 => ("权限校验不通过", "Authentication failed"),
        403 => ("响应参数校验不通过", "The response is not valid"),
        404 => ("请求的资源不存在", "The requested resource does not exist"),
        500 => ("服务器内部错误", "Internal server error"),
        504 => ("请求上游服务时超时", "The upstream service timed out"),
        _ => ("", ""),
    };
    match locale {
        Locale::ZhCn => zh,
        Locale::En => en,
    }
}

const fn entry(code: u32, phrase: &'static str, zh: &'static str, en: &'static str) -> Entry {
    Entry {
        code,
        phrase,
        zh,
        en,
    }
}

pub(super) static ENTRIES: &[Entry] = &[
    entry(100, "Continue", "继续请求", "Continue"),
    entry(
        101,
        "Switching Protocols",
        "切换协议",
        "Switching Protocols",
    ),
    entry(102, "Processing", "正在处理", "Processing"),
    entry(103, "Early Hints", "早期提示", "Early Hints"),
    entry(200, "OK", "操作成功", "Operation succeeded"),
    entry(201, "Created", "资源创建成功", "Created"),
    entry(202, "Accepted", "请求已接受", "Accepted"),
    entry(
        203,
        "Non-Authoritative Information",
        "非权威信息",
        "Non-Authoritative Information",
    ),
    entry(204, "No Content", "无内容返回", "No Content"),
    entry(205, "Reset Content", "重置内容", "Reset Content"),
    entry(206, "Partial Content", "部分内容返回", "Partial Content"),
    entry(207, "Multi-Status", "多状态", "Multi-Status"),
    entry(208, "Already Reported", "已报告", "Already Reported"),
    entry(226, "IM Used", "IM 已使用", "IM Used"),
    entry(300, "Multiple Choices", "多种选择", "Multiple Choices"),
    entry(
        301,
        "Moved Permanently",
        "资源永久重定向",
        "Moved Permanently",
    ),
    entry(302, "Found", "资源临时重定向", "Found"),
    entry(303, "See Other", "查看其他", "See Other"),
    entry(304, "Not Modified", "资源未修改", "Not Modified"),
    entry(305, "Use Proxy", "使用代理访问", "Use Proxy"),
    entry(306, "(Unused)", "保留", "(Unused)"),
    entry(
        307,
        "Temporary Redirect",
        "临时重定向",
        "Temporary Redirect",
    ),
    entry(
        308,
        "Permanent Redirect",
        "永久重定向",
        "Permanent Redirect",
    ),
    entry(400, "Bad Request", "请求错误", "Bad Request"),
    entry(401, "Unauthorized", "授权失败", "Authorization failed"),
    entry(402, "Payment Required", "需要付款", "Payment Required"),
    entry(403, "Forbidden", "禁止访问", "Forbidden"),
    entry(404, "Not Found", "资源未找到", "Not Found"),
    entry(
        405,
        "Method Not Allowed",
        "方法不允许",
        "Method Not Allowed",
    ),
    entry(406, "Not Acceptable", "不可接受的内容", "Not Acceptable"),
    entry(
        407,
        "Proxy Authentication Required",
        "需要代理认证",
        "Proxy Authentication Required",
    ),
    entry(408, "Request Timeout", "请求超时", "Request Timeout"),
    entry(409, "Conflict", "冲突", "Conflict"),
    entry(410, "Gone", "资源不可用", "Gone"),
    entry(411, "Length Required", "需要内容长度", "Length Required"),
    entry(
        412,
        "Precondition Failed",
        "前提条件失败",
        "Precondition Failed",
    ),
    entry(413, "Content Too Large", "负载过大", "Content Too Large"),
    entry(414, "URI Too Long", "URI 过长", "URI Too Long"),
    entry(
        415,
        "Unsupported Media Type",
        "不支持的媒体类型",
        "Unsupported Media Type",
    ),
    entry(
        416,
        "Range Not Satisfiable",
        "范围不符合要求",
        "Range Not Satisfiable",
    ),
    entry(417, "Expectation Failed", "预期失败", "Expectation Failed"),
    entry(418, "I'm a teapot", "我是茶壶", "I'm a teapot"),
    entry(
        421,
        "Misdirected Request",
        "误导的请求",
        "Misdirected Request",
    ),
    entry(
        422,
        "Unprocessable Content",
        "验证失败",
        "Validation failed",
    ),
    entry(423, "Locked", "已锁定", "Locked"),
    entry(
        424,
        "Failed Dependency",
        "依赖关系失败",
        "Failed Dependency",
    ),
    entry(425, "Too Early", "太早", "Too Early"),
    entry(426, "Upgrade Required", "需要升级协议", "Upgrade Required"),
    entry(
        428,
        "Precondition Required",
        "需要前提条件",
        "Precondition Required",
    ),
    entry(429, "Too Many Requests", "请求过多", "Too Many Requests"),
    entry(
        431,
        "Request Header Fields Too Large",
        "请求头字段过大",
        "Request Header Fields Too Large",
    ),
    entry(
        451,
        "Unavailable For Legal Reasons",
        "由于法律原因不可用",
        "Unavailable For Legal Reasons",
    ),
    entry(500, "Internal Server Error", "操作失败", "Operation failed"),
    entry(501, "Not Implemented", "功能未实现", "Not Implemented"),
    entry(502, "Bad Gateway", "网关错误", "Bad Gateway"),
    entry(
        503,
        "Service Unavailable",
        "服务不可用",
        "Service Unavailable",
    ),
    entry(504, "Gateway Timeout", "网关超时", "Gateway Timeout"),
    entry(
        505,
        "HTTP Version Not Supported",
        "不支持的 HTTP 版本",
        "HTTP Version Not Supported",
    ),
    entry(
        506,
        "Variant Also Negotiates",
        "可协商的变体",
        "Variant Also Negotiates",
    ),
    entry(
        507,
        "Insufficient Storage",
        "存储空间不足",
        "Insufficient Storage",
    ),
    entry(508, "Loop Detected", "检测到循环", "Loop Detected"),
    entry(510, "Not Extended", "未扩展", "Not Extended"),
    entry(
        511,
        "Network Authentication Required",
        "需要网络认证",
        "Network Authentication Required",
    ),
    entry(
        600,
        "Third Party Error",
        "请求第三方服务错误",
        "Request to a third party failed",
    ),
    entry(
        601,
        "Third Party Status Error",
        "请求第三方服务返回状态码异常",
        "Third party answered with an unexpected status",
    ),
    entry(
        602,
        "Third Party Data Error",
        "请求第三方服务返回数据异常",
        "Third party answered with invalid data",
    ),
    entry(
        603,
        "Third Party Unavailable Error",
        "请求第三方服务不可用异常",
        "Third party is unavailable",
    ),
    entry(
        604,
        "Third Party Timeout Error",
        "请求第三方服务超时异常",
        "Request to a third party timed out",
    ),
    entry(
        605,
        "Third Party Network Error",
        "请求第三方服务网络异常",
        "Network error while requesting a third party",
    ),
    entry(
        606,
        "Third Party Retry Error",
        "请求第三方服务多次重试后仍失败",
        "Request to a third party failed after all retries",
    ),
    entry(1000, "Normal Closure", "正常关闭", "Normal Closure"),
    entry(1001, "Going Away", "正在离开", "Going Away"),
    entry(1002, "Protocol Error", "协议错误", "Protocol Error"),
    entry(1003, "Unsupported Data", "不支持的数据", "Unsupported Data"),
    entry(
        1005,
        "No Status Received",
        "未收到状态",
        "No Status Received",
    ),
    entry(1006, "Abnormal Closure", "异常关闭", "Abnormal Closure"),
    entry(
        1007,
        "Invalid Frame Payload Data",
        "无效的帧载荷数据",
        "Invalid Frame Payload Data",
    ),
    entry(1008, "Policy Violation", "策略违规", "Policy Violation"),
    entry(1009, "Message Too Big", "消息过大", "Message Too Big"),
    entry(
        1010,
        "Mandatory Extension",
        "强制扩展",
        "Mandatory Extension",
    ),
    entry(1011, "Internal Error", "内部错误", "Internal Error"),
    entry(1012, "Service Restart", "服务重启", "Service Restart"),
    entry(1013, "Try Again Later", "请稍后重试", "Try Again Later"),
    entry(1014, "Bad Gateway", "网关错误", "Bad Gateway"),
    entry(1015, "TLS Handshake", "TLS 握手失败", "TLS Handshake"),
];
