//! 项目基础配置：覆盖框架默认值；`.env` 文件和环境变量的优先级更高。
//!
//! 全部配置项及当前取值：`cargo run -- env`。

use fastflyer::{Config, env};

/// 项目标题，显示在接口文档中。
pub const TITLE: &str = "Flyer Demo";

/// 所有接口的路径前缀，可以为空。
pub const PREFIX: &str = "/flyer";

/// 项目的配置。
pub fn config() -> Config {
    Config::new()
        .title(TITLE)
        .base_url(PREFIX)
        .description(description())
        .static_dir("static")
    // 其他配置与环境变量同名，例如 flyer_port：.port(8080)
}

fn description() -> String {
    let prefix = env::get("flyer_base_url", PREFIX);
    let prefix = prefix.trim_end_matches('/');
    let release_date = env::get(
        "flyer_release_date",
        "<请通过构建生成环境变量 flyer_release_date 来指定>",
    );
    [
        "**中文名称**：FastFlyer 初始项目".to_owned(),
        "**功能说明**：这是由 FastFlyer 框架创建的初始项目，你可以继续开发。".to_owned(),
        "**框架源码**：[FastFlyer](https://github.com/jagerzhang/FastFlyer)".to_owned(),
        format!("**接口文档**：[ReDoc]({prefix}/redoc)"),
        format!("**快速上手**：[SwaggerUI]({prefix}/docs)"),
        format!("**最新发布**：{release_date}"),
    ]
    .join("<br>")
}
