//! The service behind the recordings: the apps of the demo project, and the routes that were made
//! to provoke the original's errors.
//!
//! What it answers is compared by `cargo xtask golden`; see `tests/golden/README.md`. Not an example
//! of a project: handlers here do what no handler should.

use fastflyer::{Config, FlyerApi, env};

fastflyer::apps!("src/app");

fn main() -> fastflyer::Result<()> {
    FlyerApi::new(config()).load(apps()).run()
}

/// The settings of the recorded project, which were written in Python.
fn config() -> Config {
    let base = env::get("flyer_base_url", "/demo");
    let base = base.trim_end_matches('/');
    let released = env::get(
        "flyer_release_date",
        "<请通过构建生成环境变量 flyer_release_date 来指定>",
    );
    let description = [
        "**中文名称**：FastFlyer 初始项目",
        "**功能说明**：这是由 FastFlyer 框架创建的初始项目，你可以继续开发。",
        "**框架源码**：[FastFlyer](https://github.com/jagerzhang/FastFlyer)",
        &format!("**接口文档**：[ReDoc]({base}/redoc)"),
        &format!("**快速上手**：[SwaggerUI]({base}/docs)"),
        &format!("**最新发布**：{released}"),
    ];
    Config::new()
        .title("demo")
        .description(description.join("<br>"))
        .base_url("/demo")
        .static_dir("static")
}
