//! 项目入口，正常无需改动。
//!
//! 不带参数启动服务；`env`、`routes`、`openapi`、`codes` 分别打印配置、路由、接口文档和返回码，
//! `i18n check` 检查各语言缺少的文本，均不占用端口。

#[global_allocator]
static ALLOCATOR: fastflyer::alloc::MiMalloc = fastflyer::alloc::MiMalloc;

fn main() -> fastflyer::Result<()> {
    openapi_demo::app().run()
}
