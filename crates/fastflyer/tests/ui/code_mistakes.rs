use fastflyer::ResponseCode;

#[derive(ResponseCode)]
enum Code {
    #[code(200101, zh = "注册成功")]
    Registered,
    #[code(200101, zh = "又一个")]
    Twice,
    #[code(99, zh = "太小")]
    Small,
    #[code(4294967296, zh = "太大")]
    Large,
    #[code(500102)]
    WithoutText,
    #[code(zh = "没有编号")]
    WithoutNumber,
    WithoutAttribute,
    #[code(500103, cn = "未知语言")]
    UnknownKey,
    #[code(500104, "not a tag" = "错误标签")]
    WrongTag,
    #[code(500105, zh = "一", "zh" = "二")]
    SecondText,
    #[code(500106, en = "")]
    EmptyText,
    #[code(500107, zh = "带数据")]
    WithData(u8),
}

fn main() {
    let _ = fastflyer::ApiError::code(Code::Registered);
}
