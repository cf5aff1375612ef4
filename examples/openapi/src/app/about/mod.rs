//! 演示应用 4：公开信息。演示不需要认证的应用，以及应用的启动和停止钩子。

use fastflyer::prelude::*;

/// 设置为 `false` 时框架不加载本应用。
pub const ENABLED: bool = true;

/// 启用 `flyer_auth_enable` 后，本应用依然无需用户名和密码。
pub const AUTH_ENABLED: bool = false;

/// 服务信息。
#[derive(Debug, Serialize, JsonSchema)]
pub struct About {
    /// 服务名称
    pub name: &'static str,
    /// 程序版本
    #[schemars(example = "0.1.0")]
    pub version: &'static str,
}

/// 演示接口：查询服务信息
///
/// 直接返回数据即可，框架会将其放入统一响应格式。
#[get("/about", tag = "公开信息", summary = "服务信息接口")]
async fn about() -> About {
    About { name: crate::settings::TITLE, version: env!("CARGO_PKG_VERSION") }
}

/// 本应用的全部路由。
pub fn router() -> Router {
    routes![about]
}

/// 在处理第一个请求之前执行；返回错误则服务停止启动。
///
/// # Errors
///
/// 演示代码不会失败。
pub async fn on_startup() -> Result<()> {
    logger::debug!("应用 about 已启动");
    Ok(())
}

/// 在处理完最后一个请求之后执行。
///
/// # Errors
///
/// 演示代码不会失败。
pub async fn on_shutdown() -> Result<()> {
    logger::debug!("应用 about 已停止");
    Ok(())
}
