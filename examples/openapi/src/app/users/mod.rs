//! 演示应用 2：用户管理。演示多个路由文件如何聚合给框架加载。

pub mod modules;
pub mod routers;
pub mod schemas;

pub use routers::router;
