//! 项目入口，正常无需改动。
//!
//! 不带参数启动服务；`env`、`routes`、`openapi` 分别打印配置、路由和接口文档，不占用端口。

#[global_allocator]
static ALLOCATOR: fastflyer::alloc::MiMalloc = fastflyer::alloc::MiMalloc;

fn main() -> fastflyer::Result<()> {
    openapi_demo::app().run()
}
