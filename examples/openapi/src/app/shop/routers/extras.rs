//! 其他：同步函数、请求头与 Cookie、未处理的错误。

use crate::shop::{
    schemas::{Report, Visit},
    store::Store,
};
use fastflyer::{extract::Language, prelude::*};

/// 演示接口：经营报表
///
/// 普通的 `fn` 在线程池（`flyer_threads`）中执行，可以放心使用会阻塞的代码；
/// `async fn` 在事件循环中执行，不可阻塞。
#[get("/report", summary = "经营报表接口")]
fn report(State(store): State<Store>) -> Report {
    store.report()
}

/// 演示接口：请求头与 Cookie
///
/// 参数名中的下划线对应请求头中的连字符。
#[get("/visit", summary = "访问记录接口")]
async fn visit(
    /// 客户端标识
    #[header]
    x_client_id: Option<String>,
    /// 已经访问的次数
    #[cookie]
    visits: Option<u32>,
) -> Reply<Visit> {
    let visits = visits.unwrap_or(0).saturating_add(1);
    let client = x_client_id.unwrap_or_else(|| "匿名".to_owned());
    Reply::success(Visit { client, visits })
        .header("set-cookie", format!("visits={visits}; Path=/; HttpOnly; SameSite=Lax"))
}

/// 演示接口：多语言
///
/// 语言由请求的 `Accept-Language` 决定，文本在 `locales` 目录的 `[texts]` 中。
#[get("/greeting", summary = "多语言接口")]
async fn greeting(
    /// 姓名
    #[query]
    name: String,
    language: Language,
) -> String {
    language.text_with("greeting", &[("name", &name)])
}

/// 演示接口：未处理的错误
///
/// 任何标准错误都可以用 `?` 返回：客户端得到 500，原因连同请求编号写入日志，
/// 设置 `flyer_debug=1` 之后才会返回给客户端。`hidden` 使接口不出现在文档中。
#[get("/debug/fault", hidden)]
async fn fault() -> Result<u32> {
    let number: u32 = "不是数字".parse()?;
    Ok(number)
}

/// 其他路由。
pub fn router() -> Router {
    routes![report, visit, greeting, fault]
}
